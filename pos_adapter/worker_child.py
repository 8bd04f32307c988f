"""The child of ``worker``: does one thing at a time with a card and watches that no call lasts too long.

Run as ``python -m pos_adapter.worker_child``; it ends with its parent's pipe.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import date
from typing import IO, Any

from pos_adapter import pin, records
from pos_adapter.faults import fault
from pos_adapter.pin import Pin, Window
from pos_adapter.psam import SoftwarePsam, load_psam
from pos_adapter.reader import read_identity, same_card_still_there
from pos_adapter.transport import PcscTransport, Transport
from pos_adapter.worker import AGAIN, BUSY, BUSY_TRIES, STUCK, patient
from settlement.errors import CardFault, NotAvailable, SettlementError
from settlement.identity import CERT_CARD, PresentedIdentity

_READ_CARD_SN = records.read_by_tag(records.CARD_SN)


class Watchdog:
    """Ends this process, with a fault told first, when a call that it guards lasts longer than its time."""

    def __init__(self, tell: Callable[[dict[str, Any]], None]) -> None:
        self._tell, self._until, self._what = tell, float("inf"), ""
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def begin(self, what: str, call_s: float) -> None:
        """Guard a call from now on."""
        with self._changed:
            self._what, self._until = f"{what}: no answer within {call_s:g} s", time.monotonic() + call_s
            self._changed.notify()

    def end(self) -> None:
        """The call is over."""
        with self._changed:
            self._until = float("inf")

    def _watch(self) -> None:
        with self._changed:
            while True:
                left = self._until - time.monotonic()
                if left <= 0:
                    self._tell(_refusal(fault(STUCK, self._what)))
                    os._exit(1)  # the call itself cannot be ended
                self._changed.wait(None if left == float("inf") else left)


class Guarded:
    """A transport whose calls are watched; ``card_sn`` is the first 卡识别码 that went over it, raw."""

    def __init__(self, inner: Transport, watchdog: Watchdog, call_s: float) -> None:
        self._inner, self._watchdog, self._call_s = inner, watchdog, call_s
        self.card_sn, self.how = b"", inner.how

    def connect(self) -> bytes:
        """Connect, in time."""
        atr: bytes = self._watched("connect", self._inner.connect)
        self.how = self._inner.how  # now it names the reader that was found
        return atr

    def transmit(self, apdu: bytes | bytearray) -> bytes:
        """Send a command, in time."""
        response: bytes = self._watched(f"command {apdu[1]:02X}", lambda: self._inner.transmit(apdu))
        if not self.card_sn and apdu == _READ_CARD_SN and response[-2:] == b"\x90\x00":
            self.card_sn = response[2:-2]
        return response

    def close(self) -> None:
        """Disconnect, in time."""
        self._watched("disconnect", self._inner.close)

    def _watched(self, what: str, call: Callable[[], Any]) -> Any:
        self._watchdog.begin(what, self._call_s)
        try:
            return call()
        finally:
            self._watchdog.end()


class Call:
    """One thing asked for: its arguments, its secret, and the way to the card."""

    def __init__(self, said: dict[str, Any], secret: bytearray, watchdog: Watchdog) -> None:
        self.args, self.secret = said["args"], secret
        self._watchdog, self._call_s = watchdog, float(said["call_s"])

    def transport(self) -> Guarded:
        """Return a new way to the card of the reader that was named."""
        return Guarded(PcscTransport(self.args["reader"]), self._watchdog, self._call_s)

    def module(self) -> SoftwarePsam | None:
        """Return the security module that was named, None without one. Raises BadInput, NotAvailable."""
        path = self.args["psam"]
        try:
            return load_psam(path) if path else None
        except OSError as error:
            raise NotAvailable(
                "D45_NO_MODULE", f"{path}: {error.strerror}", "the security module's file cannot be read", "Check the path",
                "安全模块文件无法读取",
            ) from None  # fmt: skip


def read(call: Call) -> dict[str, str]:
    """Read the card, again by a new connection where that may help; never over two cards."""
    first = b""

    def once() -> PresentedIdentity:
        nonlocal first
        transport = call.transport()
        try:
            return read_identity(transport, date.fromisoformat(call.args["today"]), call.module())
        finally:
            if first and transport.card_sn and transport.card_sn != first:
                raise fault("D20_MIXED_READ", "the card changed between two tries")
            first = first or transport.card_sn

    return vars(_told_busy(lambda: patient(once, AGAIN))).copy()


def still_there(call: Call) -> bool:
    """Compare the card that is there now with the one that was read; nothing is tried again but a busy reader."""
    return bool(_told_busy(lambda: patient(lambda: same_card_still_there(call.transport(), _identity(call)))))


def _told_busy(call: Callable[[], Any]) -> Any:
    try:
        return call()
    except CardFault as error:
        if error.code != BUSY:
            raise
        raise fault(BUSY, f"{error.found}, {BUSY_TRIES} times") from None


def verify_pin(call: Call) -> bool:
    """Let the card compare a PIN, once; return whether it is the initial one. The secret is the digits as typed."""
    with Pin(call.secret) as given:
        initial, settles = tuple(call.args["initial"]), bool(call.args["settles"])
        return pin.verify(call.transport(), _identity(call), given, initial, settles=settles).initial


def change_pin(call: Call) -> bool:
    """Let the card take a new PIN, once. The secret is the old digits, FF, the new ones."""
    cut = call.secret.find(b"\xff")
    old, new = call.secret[: max(cut, 0)], call.secret[cut + 1 :]  # slices of a bytearray: copies, wiped by Pin
    try:
        with Pin(old) as before, Pin(new) as after:
            pin.change(call.transport(), _identity(call), before, after, tuple(call.args["initial"]))
    finally:
        pin.wipe(old)
        pin.wipe(new)
    return True


def reset_pin(call: Call) -> bool:
    """Give the card a new PIN, once, at a service window. The secret is the digits as typed."""
    module = call.module()
    if module is None:
        raise fault("D27_NOT_AT_A_WINDOW", "no security module is named")
    identity, document = (PresentedIdentity(**call.args[who]) for who in ("identity", "document"))
    with Pin(call.secret) as new:
        place, initial = Window(*call.args["window"]), tuple(call.args["initial"])
        pin.reset(call.transport(), identity, new, module, window=place, document=document, initial=initial)
    return True


def _identity(call: Call) -> PresentedIdentity:
    return PresentedIdentity(CERT_CARD, "-", call.args["card_sn"])


OPS: dict[str, Callable[[Call], Any]] = {
    "read": read, "still_there": still_there, "verify_pin": verify_pin, "change_pin": change_pin, "reset_pin": reset_pin,
}  # fmt: skip


def _refusal(error: SettlementError) -> dict[str, Any]:
    return {
        "card": isinstance(error, CardFault),
        "code": error.code, "found": error.found, "why": error.why, "cure": error.cure, "zh": error.zh,
    }  # fmt: skip


def _fill(given: IO[bytes], secret: bytearray) -> None:
    """Read a secret into its own place; no other copy of it is made here."""
    at = memoryview(secret)
    while at:
        count = given.readinto(at)  # type: ignore[attr-defined] # a buffered pipe has it, the common type does not say so
        if not count:
            sys.exit(1)
        at = at[count:]


def main() -> None:
    """Answer the parent until its pipe ends."""
    given, out, lock = sys.stdin.buffer, sys.stdout.buffer, threading.Lock()
    sys.stdout = sys.stderr  # nothing else may get between the answers

    def tell(answer: dict[str, Any]) -> None:
        with lock:
            out.write(json.dumps(answer).encode() + b"\n")
            out.flush()

    watchdog = Watchdog(tell)
    tell({"ok": "ready"})
    while line := given.readline():
        said = json.loads(line)
        secret = bytearray(said["secret"])
        _fill(given, secret)
        try:
            tell({"ok": OPS[said["op"]](Call(said, secret, watchdog))})
        except SettlementError as error:
            tell(_refusal(error))
        finally:
            secret[:] = bytes(len(secret))


if __name__ == "__main__":
    main()
