"""``settlement rules diff A B``: what changes for whom from when, and what it does to the payment of the fixed panel.

A and B are an area (``420100``), an area on a day (``420100@2024-04-01``), or a pool file; a file too may carry a day.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

from settlement.author import impact
from settlement.author.compare import Chain, Change, compare
from settlement.author.impact import Outcome, Side
from settlement.author.phrases import Speech
from settlement.codes import is_division
from settlement.errors import BadInput
from settlement.rules import resolve
from settlement.rules.load import load_files, refuse
from settlement.rules.rulebook import Rulebook, open_rulebook


class Period(NamedTuple):
    """The differences that begin on a day, and how many earlier ones end there; ``day`` None: on the two days asked for."""

    day: date | None
    begun: list[Change]
    ended: int


class Difference(NamedTuple):
    """Everything ``diff`` has to say."""

    old: Side
    new: Side
    periods: list[Period]
    days: tuple[date, date]  # the days on which the panel was settled
    outcomes: list[Outcome]


def difference(a: str, b: str, pools: Path | None, say: Speech) -> Difference:
    """Return the difference of two operands. Raises BadInput (P01, C05, F02) or BadRules for a file with faults."""
    old, new = side(a, pools), side(b, pools)
    asked = [day for day in (old.day, new.day) if day is not None]
    if asked:
        days = (asked[0], asked[-1])
        changes = compare((_chain(old), days[0]), (_chain(new), days[1]), say)
        periods = [Period(None, changes, 0)]
    else:
        periods = timeline(_chain(old), _chain(new), say)
        changing = [period.day for period in periods if period.day]
        last = max(changing or _days(old) | _days(new), default=date.today())
        days = (last, last)
    return Difference(old, new, periods, days, impact.outcomes(old, new, days))


def side(operand: str, pools: Path | None) -> Side:
    """Return what an operand means: the shipped rules with those of ``pools``, and in a file's place its own."""
    name, _, written = operand.rpartition("@") if "@" in operand else (operand, "", "")
    day = _day(written) if written else None
    book = open_rulebook(pools).book
    if is_division(name):
        area = book.area(name)
        if area is None:
            raise BadInput(
                "P01_UNKNOWN_AREA", f"no rules for {name}", cure="See `settlement rules list`", zh=f"没有 {name} 的规则"
            )
        return Side(operand, book, area, day)
    path = Path(name)
    if not path.is_file():
        raise BadInput(
            "F02_NO_FILE", f"{name!r} is neither a pool file nor a division code", cure="Write CODE, CODE@DAY or FILE",
            zh=f"{name} 既不是规则文件也不是六位区划代码",
        )  # fmt: skip
    loaded = load_files([path])
    refuse(loaded.complaints)
    (pool,) = loaded.pools.values()
    return Side(operand, Rulebook({**book.pools, pool.code: pool}, book.catalogue), pool.code, day)


def _day(written: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise BadInput(
            "C05_NOT_A_DATE",
            f"{written!r} is not a day",
            cure="Write CODE@2024-04-01",
            zh=f"日期 {written} 应写成 2024-04-01",
        ) from None


def _chain(of: Side) -> Chain:
    return of.book.builder.chains[of.area]


def _days(of: Side) -> set[date]:
    return set(resolve.change_days(_chain(of)))


def timeline(old: Chain, new: Chain, say: Speech) -> list[Period]:
    """Return the days on which two chains of pools begin to differ, or cease to, with what begins to differ there."""
    periods: list[Period] = []
    before: list[Change] = []
    for day in sorted({*resolve.change_days(old), *resolve.change_days(new)}):
        now = compare((old, day), (new, day), say)
        begun = [change for change in now if change not in before]
        ended = sum(change not in now for change in before)
        if begun or ended:
            periods.append(Period(day, begun, ended))
        before = now
    return periods
