"""F18: somebody keeps signed requests and sends them again."""

from __future__ import annotations

import json
import random
import re
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

from tests.faults import town
from tests.faults.registry import Experiment, Figures
from tests.faults.town import wire

PROFILES = ("jilin", "hunan", "chongqing", "hangzhou")  # every way of signing
WINDOW_S = 5
AT_ONCE = 20  # requests that are captured and sent again well inside the window
# Where the time of a request stands, and whether the signature covers it.
TIMES = {"hunan": "_api_timestamp", "chongqing": "x-tif-timestamp", "hangzhou": "x-ca-signature"}
SEEN, TOO_OLD, NOT_SIGNED = "N54_REPLAYED", "N53_OUTSIDE_WINDOW", "N52_BAD_SIGNATURE"


class Captured(NamedTuple):
    """A request as it went over the line, and what was answered."""

    message: dict[str, Any]
    url: str
    headers: dict[str, str]
    body: bytes
    answer: dict[str, Any]


def f18_replay(requests: int, seed: int = 18) -> Figures:
    """Send captured requests again at once, later, and with a newer time put in; and repeat some honestly."""
    with town.scratch() as folder:
        counts: Counter[str] = sum(
            town.side_by_side(lambda name: _replayed(folder / name, name, requests, seed), PROFILES, len(PROFILES)),
            Counter(),
        )
    names = ("captured", "at_once", "later", "with_a_newer_time", "honest_retries")
    return (
        {"count": counts["count"], "passed": counts["passed"]} | {name: counts[name] for name in names} | {"seed": seed}
    )


def _replayed(folder: Path, profile: str, requests: int, seed: int) -> Counter[str]:
    counts: Counter[str] = Counter()
    rng = random.Random(seed)
    with town.serving(folder, "--window", str(WINDOW_S), profile=profile) as running:
        client = wire.Wire(running.url, profile)
        captured: list[Captured] = []
        while len(captured) < requests:
            some = [_captured(client, rng) for _ in range(min(AT_ONCE, requests - len(captured)))]
            booked = town.booked(running, client)
            for one in some:
                _refused(counts, "at_once", client, one, SEEN)
                # Jilin signs no time: there the signature itself is remembered, for twice the window.
                code = NOT_SIGNED if profile in TIMES else SEEN
                _refused(counts, "with_a_newer_time", client, _newer(one, profile), code)
            assert town.booked(running, client) == booked, "a replay was booked"
            captured += some
        time.sleep(WINDOW_S + 1.1)  # whole seconds are signed
        booked = town.booked(running, client)
        for one in captured:
            _refused(counts, "later", client, one, TOO_OLD)
        for one in captured:
            counts["count"] += 1
            counts["honest_retries"] += 1
            counts["passed"] += _answer(client, one.message | {"inf_time": _now(client)}) == one.answer
        assert town.booked(running, client) == booked, "a replay or a retry was booked"
        client.close()
    counts["captured"] = len(captured)
    return counts


def _captured(client: wire.Wire, rng: random.Random) -> Captured:
    if rng.random() < 0.7:
        message = client.message("2102", wire.purchase(f"{rng.randint(1, 60)}.{rng.randint(0, 99):02d}"))
    else:
        message = client.message("2201", wire.registration())
    url, headers, body = client.signed(message)
    return Captured(message, url, headers, body, _read(client, message, client.post(url, headers, body)))


def _answer(client: wire.Wire, message: dict[str, Any]) -> dict[str, Any]:
    return _read(client, message, client.post(*client.signed(message)))


def _read(client: wire.Wire, message: dict[str, Any], response: Any) -> dict[str, Any]:
    """Return an answer deciphered; the signature of a ciphered one is drawn anew each time."""
    answer = client.read(message["infno"], response)
    wire.good(answer)
    return {name: value for name, value in answer.items() if name != "cainfo"}


def _refused(counts: Counter[str], how: str, client: wire.Wire, one: Captured, code: str) -> None:
    response = client.post(one.url, one.headers, one.body)
    told = response.json()
    counts["count"] += 1
    counts[how] += 1
    counts["passed"] += response.status_code == 401 and told.get("code") == code and "output" not in told


def _now(client: wire.Wire) -> str:
    now: str = client.message("2102", {})["inf_time"]
    return now


def _newer(one: Captured, profile: str) -> Captured:
    """Return a captured request with another time in place of its own, a second from now, and its old signature."""
    newer = time.time() + 1
    if profile not in TIMES:
        envelope = json.loads(one.body)
        later = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(newer + 8 * 3600))
        return one._replace(body=json.dumps(envelope | {"inf_time": later}, ensure_ascii=False).encode())
    name = TIMES[profile]
    was = one.headers[name]
    found = re.match(r"\d+", was)
    assert found is not None
    digits = f"{newer * 1000:.0f}"[: len(found[0])]
    return one._replace(headers=one.headers | {name: digits + was[found.end() :]})


EXPERIMENTS = [
    Experiment(
        "F18", "replayed requests", f18_replay, {"requests": 5}, {"requests": 200},
        how=f"purchases and registrations are signed as {', '.join(PROFILES)} sign, captured, and sent again at once, with a "
        f"newer time put in, and after the window of {WINDOW_S} s; then each message is repeated honestly, signed anew",
        proves="Every copy is refused from outside the frame (401) by nonce, window or signature, nothing is booked, and every "
        "honest retry gets the first answer.",
        proves_not="What a region does not sign: Hunan and Chongqing sign no body and Jilin no time, so a copy held back, or "
        "changed on its way, is kept out by TLS only, and in Jilin after twice the window by the token only. Nonces are in "
        "memory: just after a restart a copy of the last minutes is answered as the repeat that it is.",
    )
]  # fmt: skip
