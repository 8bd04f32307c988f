"""F1b: either process of a running service dies at any moment, with tills on the line."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from tests.faults import town
from tests.faults.registry import Experiment, Figures
from tests.faults.town import wire

TILLS = 8
LONGEST_S = 0.6  # of service before the kill
FRONT, BOOK = "front", "book"


class Noted:
    """What all tills know: each message that was sent, and the answer of those that were answered."""

    def __init__(self) -> None:
        self.sent: dict[str, dict[str, Any]] = {}
        self.answered: dict[str, dict[str, Any]] = {}

    @property
    def open(self) -> list[dict[str, Any]]:
        """Return the messages whose sender does not know what became of them."""
        return [message for msgid, message in self.sent.items() if msgid not in self.answered]


def f1b_either_process(kills: int, seed: int = 1) -> Figures:
    """Kill and start anew, each time with the same tills; what was open is sent again, and some of what was answered."""
    rng, noted = random.Random(seed), Noted()
    figures = {
        "count": 0,
        "passed": 0,
        FRONT: 0,
        BOOK: 0,
        "open_at_the_kill": 0,
        "acknowledged": 0,
        "lost": 0,
        "twice": 0,
    }
    with town.scratch(memory=False) as folder:
        port = 0
        for kill in range(kills + 1):
            with town.serving(folder, port=port) as running:
                port = int(running.url.rpartition(":")[2])  # every restart takes the same one, at once
                good = _settled_before(running, noted, rng)
                figures["passed"] += good and kill > 0
                if kill == kills:
                    break
                victim = (FRONT, BOOK)[kill % 2]
                _tills(running, noted, rng, lambda running=running, victim=victim: _kill(running, victim))
                figures[victim] += 1
                figures["count"] += 1
                figures["open_at_the_kill"] += len(noted.open)
        times = town.times_booked(folder)
    names = [(message["fixmedins_code"], msgid) for msgid, message in noted.sent.items()]
    figures["acknowledged"] = len(noted.answered)
    figures["lost"] = sum(times.get(name, 0) == 0 for name in names if name[1] in noted.answered)
    figures["twice"] = sum(times.get(name, 0) > 1 for name in names)
    if figures["lost"] or figures["twice"]:
        figures["passed"] = 0
    return figures | {"seed": seed}


def _settled_before(running: wire.Running, noted: Noted, rng: random.Random) -> bool:
    """Send again what was open at the kill, and some of what was answered; tell whether all answers are the first ones."""
    client, good = wire.Wire(running.url), True
    for message in noted.open:
        noted.answered[message["msgid"]] = _settled(client, message)
    for msgid in rng.sample(sorted(noted.answered), min(10, len(noted.answered))):
        good = good and _settled(client, noted.sent[msgid]) == noted.answered[msgid]
    client.close()
    return good


def _settled(client: wire.Wire, message: dict[str, Any]) -> dict[str, Any]:
    answer = client.send_whole(message)
    wire.good(answer)
    return answer


def _tills(running: wire.Running, noted: Noted, rng: random.Random, kill: Any) -> None:
    """Let all tills settle one purchase after the other until the line breaks; kill in the midst of it."""

    clients = [wire.Wire(running.url) for _ in range(TILLS)]  # made before the clock runs: that takes a while

    def till(client: wire.Wire, amounts: random.Random) -> None:
        try:
            while True:
                amount = f"{amounts.randint(1, 60)}.{amounts.randint(0, 99):02d}"
                message = client.message("2102", wire.purchase(amount))
                noted.sent[message["msgid"]] = message
                noted.answered[message["msgid"]] = _settled(client, message)
        except httpx.TransportError:
            client.close()

    threads = [threading.Thread(target=till, args=(client, random.Random(rng.random()))) for client in clients]
    for thread in threads:
        thread.start()
    time.sleep(rng.uniform(0.05, LONGEST_S))
    kill()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "a till waits for an answer that never comes"


def _kill(running: wire.Running, victim: str) -> None:
    if victim == BOOK:
        running.kill()
        return
    [front] = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
    os.kill(int(front), signal.SIGKILL)
    assert running.process.wait(30) != 0, "a service without its front must not end as if all were well"
    running.stop()


EXPERIMENTS = [
    Experiment(
        "F1b",
        "either process of the service killed under load",
        f1b_either_process,
        {"kills": 2},
        {"kills": 40},
        "`settlement serve` with eight tills on HTTP; kill -9 of the front process and of the book's in turn, at a random "
        "moment; started again at once on the same port and folder; what was open is sent again under its msgid",
        "nothing acknowledged is lost, nothing is booked twice, a retry gets the first answer, no till waits for ever, "
        "the port is free again at once",
        "a kernel that dies (F2 does that)",
    ),
]
