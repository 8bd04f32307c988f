"""Faults on purpose, so that a hospital's developers can see their program meet a bad day before it is one.

``--faults "2207:drop=0.1,delay=200ms@0.5;*:refuse=0.01"``: for each transaction (``*``: any other) a list of faults.

- ``drop=RATE``: the message is booked, then the line is cut without an answer
- ``delay=TIME@RATE``: the answer comes later (TIME in ms or s)
- ``duplicate=RATE``: the message is worked on twice, as if the network had sent it again
- ``refuse=RATE``: a system error before anything is booked
- ``skew=TIME@RATE``: the service's clock is off (+ or -) in what the answer says

One seed gives one course of events for the same messages in the same order. Only the sandbox has this.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from settlement.errors import BadInput

_TIME = re.compile(r"([+-]?\d{1,9})(ms|s|m|h)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
LONGEST_DELAY_S = 300.0


class Faults(NamedTuple):
    """What is done to the messages of one transaction: rates from 0 to 1, times in seconds."""

    drop: float = 0.0
    delay_s: float = 0.0
    delay: float = 0.0
    duplicate: float = 0.0
    refuse: float = 0.0
    skew_s: float = 0.0
    skew: float = 0.0


class Fate(NamedTuple):
    """What happens to one message."""

    drop: bool = False
    delay_s: float = 0.0
    duplicate: bool = False
    refuse: bool = False
    skew_s: float = 0.0


UNTOUCHED = Fate()


class Plan:
    """Draws the fate of each message; all five throws are made for each, so a rate changes nothing but its own fault."""

    def __init__(self, faults: dict[str, Faults], seed: int = 1) -> None:
        self.faults = faults
        self._throw: Callable[[], float] = random.Random(seed).random

    def fate(self, infno: str) -> Fate:
        """Return what happens to the next message of a transaction."""
        drop, delay, duplicate, refuse, skew = (self._throw() for _ in range(5))
        faults = self.faults.get(infno) or self.faults.get("*")
        if faults is None:
            return UNTOUCHED
        return Fate(
            drop < faults.drop,
            faults.delay_s if delay < faults.delay else 0.0,
            duplicate < faults.duplicate,
            refuse < faults.refuse,
            faults.skew_s if skew < faults.skew else 0.0,
        )


def read_faults(said: str, seed: int = 1) -> Plan:
    """Return the plan that a text or a file of such a text asks for; raises BadInput N90.

    In a file a line may stand for ``;`` and ``#`` begins a remark.
    """
    text = said
    if ":" not in said or Path(said).is_file():
        try:
            text = Path(said).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(said, f"it is neither a list of faults nor a file that can be read ({error})") from None
    faults: dict[str, Faults] = {}
    for part in re.split(r"[;\n]", re.sub(r"#.*", "", text)):
        if not part.strip():
            continue
        infno, colon, listed = part.strip().partition(":")
        if not colon or not re.fullmatch(r"\*|[0-9]{4}|K[0-9A-C][0-9]{2}", infno.strip()):
            raise _unreadable(part.strip(), "it does not begin with a transaction and a colon")
        faults[infno.strip()] = _faults(listed)
    return Plan(faults, seed)


def _faults(listed: str) -> Faults:
    made = Faults()
    for item in filter(None, (item.strip() for item in listed.split(","))):
        name, _, value = (part.strip() for part in item.partition("="))
        if name in ("drop", "duplicate", "refuse"):
            made = made._replace(**{name: _rate(value, item)})
        elif name in ("delay", "skew"):
            time, _, rate = value.partition("@")
            seconds = _seconds(time, item)
            if name == "delay" and not 0 <= seconds <= LONGEST_DELAY_S:
                raise _unreadable(item, f"a delay is between 0 and {LONGEST_DELAY_S:.0f} seconds")
            made = made._replace(**{f"{name}_s": seconds, name: _rate(rate or "1", item)})
        else:
            raise _unreadable(item, "there are drop, delay, duplicate, refuse and skew")
    return made


def _rate(text: str, item: str) -> float:
    if not re.fullmatch(r"0|1|0?\.\d+|1\.0*|0\.\d*", text):
        raise _unreadable(item, "a rate is a number from 0 to 1")
    return float(text)


def _seconds(text: str, item: str) -> float:
    found = _TIME.fullmatch(text)
    if not found:
        raise _unreadable(item, "a time is a whole number with ms, s, m or h")
    return int(found[1]) * _SECONDS[found[2]]


def _unreadable(item: str, why: str) -> BadInput:
    return BadInput(
        "N90_FAULTS",
        f"--faults: {item!r} cannot be read: {why}",
        cure='Write for example "2207:drop=0.1,delay=200ms@0.5;*:refuse=0.01"',
        zh=f"故障设置 {item!r} 无法识别",
    )
