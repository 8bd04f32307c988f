"""``pos-adapter pin verify | change | reset``: the holder types, the card compares, once. Digits are never shown or kept.

From a keyboard they are read without echo; from a pipe (``--stdin``) a PIN is a line. Which PINs an area's cards are issued
with, and whether it settles with such a one, is what its guide says (``--area``).
"""

from __future__ import annotations

import sys
from datetime import date

from cyclopts import App

from pos_adapter import id_card
from pos_adapter.faults import fault
from pos_adapter.pin import ANY_AREA, PinRule, wipe
from pos_adapter.worker import Worker
from settlement.registry.guide import guide

pin_app = App(name="pin", help="Verify or change the social security PIN of the card in a reader.")
_ENTER, _BACK, _STOP = (0x0A, 0x0D), (0x08, 0x7F), (0x03, 0x04)
_LONGEST = 64


@pin_app.command
def verify(*, reader: str = "", area: str = "", psam: str = "", stdin: bool = False) -> int:
    """Let the card compare the PIN, once.

    Parameters
    ----------
    reader
        Name of the reader; not needed while only one holds a card.
    area
        Division code of the area whose rule on initial PINs holds.
    psam
        File of the security module that opens the card, if it wants one.
    stdin
        Read the PIN as a line from standard input instead of the keyboard.
    """
    rule = rule_of(area)
    with Worker(psam) as worker:
        identity = worker.read(reader, date.today())
        initial = worker.verify_pin(reader, identity, typed("社保卡密码: ", stdin), rule.initial, rule.settles)
    print("密码正确" + ("；仍是初始密码，请提醒持卡人修改" if initial else ""))
    return 0


@pin_app.command
def change(*, reader: str = "", area: str = "", psam: str = "", stdin: bool = False) -> int:
    """Let the card take a new PIN, once; a wrong old one costs a try.

    Parameters
    ----------
    reader
        Name of the reader; not needed while only one holds a card.
    area
        Division code of the area whose initial PINs may not be set again.
    psam
        File of the security module that opens the card, if it wants one.
    stdin
        Read old PIN, new PIN and new PIN again as three lines from standard input.
    """
    with Worker(psam) as worker:
        identity = worker.read(reader, date.today())
        old, new, again = (typed(text, stdin) for text in ("原密码: ", "新密码: ", "再输一次新密码: "))
        try:
            _alike(new, again)
            worker.change_pin(reader, identity, old, new, rule_of(area).initial)
        finally:
            for one in (old, new, again):
                wipe(one)
    print("密码已修改")
    return 0


@pin_app.command
def reset(*, psam: str, office: str, clerk: str, reader: str = "", area: str = "", stdin: bool = False) -> int:
    """Give a card a new PIN at a service window; number and name are those of the holder's ID card, which lies there.

    Parameters
    ----------
    psam
        File of the window's security module; a till's holds no key for this.
    office
        Code of the office.
    clerk
        Who has compared the ID card with its holder.
    reader
        Name of the reader; not needed while only one holds a card.
    area
        Division code of the area whose initial PINs may not be set again.
    stdin
        Read number, name, new PIN and new PIN again as four lines from standard input.
    """
    with Worker(psam) as worker:
        identity = worker.read(reader, date.today())
        number, name = (_shown(text, stdin) for text in ("身份证号码: ", "姓名: "))
        document = id_card.typed(number, date.today(), name)
        new, again = (typed(text, stdin) for text in ("新密码: ", "再输一次新密码: "))
        try:
            _alike(new, again)
            worker.reset_pin(reader, identity, new, rule_of(area).initial, window=(office, clerk), document=document)
        finally:
            wipe(new)
            wipe(again)
    print("密码已重置")
    return 0


def _alike(new: bytearray, again: bytearray) -> None:
    if new != again:
        raise fault("D39_PIN_NOT_THE_SAME", "the two entries of the new PIN differ")


def _shown(prompt: str, stdin: bool) -> str:
    return _line().decode("utf-8", "replace") if stdin else input(prompt)


def rule_of(area: str) -> PinRule:
    """Return an area's rule on initial PINs, the common one where its guide does not say."""
    known = guide(area) if area else None
    if known is None or known.social_pin is None:
        return ANY_AREA
    return PinRule((known.social_pin.initial,), not known.social_pin.refused_for_settlement.value)


def typed(prompt: str, stdin: bool) -> bytearray:
    """Return digits as they were typed, without a copy of them in any text. Raises CardFault D36 when the holder stops."""
    if stdin:
        return _line()
    print(prompt, end="", flush=True)
    try:
        return _keys()
    finally:
        print()


def _line() -> bytearray:
    digits = bytearray()
    while (one := sys.stdin.buffer.read(1)) and one[0] not in _ENTER and len(digits) < _LONGEST:
        digits += one
    return digits


def _taken(digits: bytearray, key: int) -> bool:
    """Take a key; return whether the entry is over. Raises CardFault D36."""
    if key in _STOP:
        wipe(digits)
        raise fault("D36_PIN_CANCELLED", "the entry was stopped at the keyboard")
    if key in _BACK and digits:
        digits.pop()
    elif key not in (*_BACK, *_ENTER) and len(digits) < _LONGEST:
        digits.append(key)
    return key in _ENTER


if sys.platform == "win32":
    import msvcrt

    def _keys() -> bytearray:  # never run: no Windows machine was at hand
        digits = bytearray()
        while not _taken(digits, msvcrt.getch()[0]):
            pass
        return digits

else:
    import os
    import termios
    import tty

    def _keys() -> bytearray:
        terminal, digits = sys.stdin.fileno(), bytearray()
        before = termios.tcgetattr(terminal)
        try:
            tty.setraw(terminal)
            while not _taken(digits, (os.read(terminal, 1) or b"\x04")[0]):
                pass
        finally:
            termios.tcsetattr(terminal, termios.TCSAFLUSH, before)
        return digits
