"""A child process that speaks to the card, so that a card or driver that never answers costs a process, not the till.

PC/SC has no deadline: a call to a mute card lasts until the card goes. The child watches its own calls and ends itself when
one lasts too long; the parent kills a child that does not even do that. Either way the caller gets D09 in time, the
reader is free some milliseconds later, and the next call meets a new child.

Between the two, on pipes that work on every platform: a line of JSON, then so many raw bytes as its ``secret`` says.
Secrets (a PIN) stay in bytearrays, which are wiped; they are never part of a line.

    worker = Worker()
    worker.read("Reader 0", date.today())          # PresentedIdentity, or CardFault
    worker.still_there("Reader 0", identity)       # True, or CardFault
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from datetime import date
from typing import IO, Any

from pos_adapter.faults import fault
from settlement.errors import CardFault, NotAvailable, SettlementError
from settlement.identity import PresentedIdentity

CALL_S = 2.0  # for one command of a card, or one connection
READ_S = 8.0  # for a whole read
START_S = 10.0  # for a new child to say that it is there
STUCK = "D09_STUCK"
BUSY = "D07_BUSY"
BUSY_TRIES, BUSY_PAUSE_S = 5, 0.2
# A new connection may cure these, and only a read is done again.
AGAIN = frozenset({"D04_CARD_GONE", "D05_CARD_MUTE", "D06_RESET_ELSEWHERE", "D14_FILE_MOVED"})
AGAIN_TRIES, AGAIN_PAUSE_S = 2, 0.25


class Worker:
    """One child and the pipe to it; calls of several threads wait for each other. Use it in a ``with``, or ``close`` it.

    ``psam`` names the file of a security module (``psam.load_psam``), with which cards are read that want one.
    """

    def __init__(self, psam: str = "") -> None:
        self._psam = psam
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Process id of the child, 0 when there is none."""
        return self._child.pid if self._child else 0

    def read(self, reader: str, today: date, deadline_s: float = READ_S) -> PresentedIdentity:
        """Return who the card in a reader says is here. Raises CardFault, NotAvailable."""
        args = {"reader": reader, "today": today.isoformat(), "psam": self._psam}
        return PresentedIdentity(**self.ask("read", args, deadline_s))

    def still_there(self, reader: str, identity: PresentedIdentity, deadline_s: float = READ_S) -> bool:
        """Return True when the card of ``identity`` is in the reader. Raises CardFault otherwise."""
        args = {"reader": reader, "card_sn": identity.card_sn}
        return bool(self.ask("still_there", args, deadline_s))

    def verify_pin(
        self, reader: str, identity: PresentedIdentity, typed: bytearray, initial: tuple[str, ...], settles: bool
    ) -> bool:
        """Let the card compare typed digits, once; return whether they are the initial PIN. ``typed`` is wiped.

        Raises CardFault as ``pin.verify``. At D09 nobody knows whether the card has counted the try.
        """
        args = {"reader": reader, "card_sn": identity.card_sn, "initial": initial, "settles": settles}
        return bool(self.ask("verify_pin", args, secret=typed))

    def change_pin(
        self, reader: str, identity: PresentedIdentity, old: bytearray, new: bytearray, initial: tuple[str, ...]
    ) -> None:
        """Let the card take a new PIN, once; both are wiped. Raises CardFault as ``pin.change``."""
        both = bytearray((*old, 0xFF, *new))
        old[:], new[:] = bytes(len(old)), bytes(len(new))
        self.ask("change_pin", {"reader": reader, "card_sn": identity.card_sn, "initial": initial}, secret=both)

    def reset_pin(
        self,
        reader: str,
        identity: PresentedIdentity,
        new: bytearray,
        initial: tuple[str, ...],
        *,
        window: tuple[str, str],
        document: PresentedIdentity,
    ) -> None:
        """Give the card a new PIN, once, at a service window (office, clerk); ``new`` is wiped. Raises as ``pin.reset``."""
        who = {"identity": vars(identity), "document": vars(document), "window": window}
        self.ask("reset_pin", {"reader": reader, "psam": self._psam, "initial": initial, **who}, secret=new)

    def ask(self, op: str, args: dict[str, Any], deadline_s: float = READ_S, secret: bytearray | None = None) -> Any:
        """Let the child do one thing of ``worker_child.OPS`` and return its answer; ``secret`` is wiped in every case.

        Raises what the child raised, or CardFault D09 at the deadline, then with a new child for the next call.
        """
        try:
            with self._lock:
                return self._asked(op, args, deadline_s, secret)
        finally:
            if secret is not None:
                secret[:] = bytes(len(secret))

    def close(self) -> None:
        """End the child at once, under a call of another thread too, which gets D09. The next call would start another."""
        child = self._child
        if child is not None:
            child.kill()  # whoever waits for its answer holds the lock, and now stops waiting
        with self._lock:
            self._kill()

    def _asked(self, op: str, args: dict[str, Any], deadline_s: float, secret: bytearray | None) -> Any:
        child = self._running()
        assert child.stdin is not None
        line = {"op": op, "args": args, "call_s": CALL_S, "secret": len(secret or b"")}
        try:
            child.stdin.write(json.dumps(line).encode() + b"\n")
            if secret:
                child.stdin.write(secret)
            child.stdin.flush()
            answer = self._answers.get(timeout=deadline_s)
        except queue.Empty:
            self._kill()
            raise fault(STUCK, f"{op}: no answer within {deadline_s:g} s") from None
        except OSError as error:
            self._kill()
            raise fault(STUCK, f"{op}: the reading process ended ({error})") from None
        return self._told(op, answer)

    def _told(self, op: str, answer: bytes) -> Any:
        if not answer:
            self._kill()
            raise fault(STUCK, f"{op}: the reading process ended")
        said = json.loads(answer)
        if "ok" in said:
            return said["ok"]
        kind = CardFault if said.pop("card") else NotAvailable
        error: SettlementError = kind(**said)
        if error.code == STUCK:  # the child has ended itself
            self._kill()
        raise error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._kill()
        # -P: the folder that the till was started in must not be able to give the child its modules.
        command = [sys.executable, "-P", "-m", "pos_adapter.worker_child"]
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._child, self._answers = child, queue.SimpleQueue()
        assert child.stdout is not None
        threading.Thread(target=_pass_on, args=(child.stdout, self._answers), daemon=True).start()
        try:
            ready = self._answers.get(timeout=START_S)
        except queue.Empty:
            ready = b""
        if not ready:
            self._kill()
            raise fault(STUCK, f"the reading process did not start within {START_S:g} s")
        return child

    def _kill(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                _closed(pipe)


def _closed(pipe: IO[bytes]) -> None:
    try:
        pipe.close()
    except OSError:
        pass  # bytes that never reached a child that is gone


def _pass_on(pipe: IO[bytes], answers: queue.SimpleQueue[bytes]) -> None:
    """Hand lines over until the child is gone, which is told as an empty one."""
    try:
        for line in pipe:
            answers.put(line)
    except (OSError, ValueError):
        pass
    answers.put(b"")


def patient(call: Any, again: frozenset[str] = frozenset()) -> Any:
    """Return what ``call`` returns; a busy reader is waited for, and what a new connection may cure is tried again.

    Raises the last CardFault.
    """
    busy, cured = 0, 0
    while True:
        try:
            return call()
        except CardFault as error:
            if error.code == BUSY and busy < BUSY_TRIES - 1:
                busy += 1
                time.sleep(BUSY_PAUSE_S)
            elif error.code in again and cured < AGAIN_TRIES:
                cured += 1
                time.sleep(AGAIN_PAUSE_S)
            else:
                raise
