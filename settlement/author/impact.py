"""What a change of rules does to money: the fixed panel settled under both, and who gains, loses, or stands where he stood."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import NamedTuple

from settlement import codes
from settlement.author.panel import Line, PanelClaim, drafts, panel, place_for
from settlement.engine import settle_drafts
from settlement.rules import resolve
from settlement.rules.rulebook import Rulebook
from settlement.rules.selectors import Kind, Person

CLASS_B = 2
TOLD = 5  # how many winners and losers are named


class Side(NamedTuple):
    """One of the two sets of rules: what the reader called it, the rulebook, its area, and the day (None: not said)."""

    label: str
    book: Rulebook
    area: str
    day: date | None


class Paid(NamedTuple):
    """What one side pays for a claim, in fen; a refusal has its code and pays nothing."""

    fund_fen: int
    refused: str


class Outcome(NamedTuple):
    """One claim of the panel under both sides."""

    claim: PanelClaim
    old: Paid
    new: Paid

    @property
    def change_fen(self) -> int:
        """Return the change in fund payment, in fen; 0 where one side refuses the claim, which is no payment of 0."""
        return 0 if self.old.refused or self.new.refused else self.new.fund_fen - self.old.fund_fen

    @property
    def verdict(self) -> str:
        """Return more, less, same, refused (newly), payable (newly) or neither."""
        if self.old.refused and self.new.refused:
            return "neither"
        if self.old.refused or self.new.refused:
            return "payable" if self.old.refused else "refused"
        return "same" if not self.change_fen else "more" if self.change_fen > 0 else "less"


VERDICTS = ("more", "less", "same", "payable", "refused", "neither")


ORDER = (*codes.SCHEME_ZH, *codes.CARES, *codes.GROUPS, *codes.LEVELS, *codes.RELATIONS)


class Group(NamedTuple):
    """One row of the table of groups: how many claims fare how, and the sum of the change in fen."""

    by: str
    words: tuple[str, ...]
    counts: dict[str, int]
    change_fen: int


def outcomes(old: Side, new: Side, days: tuple[date, date]) -> list[Outcome]:
    """Return the panel's claims under both sides, each on its own day."""
    longest = min(_days_of_year(side, day) for side, day in zip((old, new), days, strict=True))
    paid = [_paid(side, day, longest) for side, day in zip((old, new), days, strict=True)]
    return [Outcome(claim, *both) for claim, *both in zip(panel(), *paid, strict=True)]


def _days_of_year(side: Side, day: date) -> int:
    """Return how many days of the benefit year lie before a day: no stay of the panel begins in an earlier year."""
    longest = []
    for insutype in codes.SCHEMES:
        month, first = side.book.benefit_year(side.area, insutype)
        begins = date(day.year, month, first)
        longest.append((day - (begins if begins <= day else date(day.year - 1, month, first))).days)
    return min(longest)


def _paid(side: Side, day: date, longest: int) -> list[Paid]:
    settled = settle_drafts(drafts(side.area, day, longest, _states(side, day)), side.book, threads=1)
    return [Paid(0, row["refused"]) if "refused" in row else Paid(row["fund_pay_sumamt"], "") for row in settled.rows()]


def _states(side: Side, day: date) -> Callable[[PanelClaim, Line], bool]:
    """Return which 乙 lines state their usual ratio: those for which the area has no first-pay rule of its own."""
    chain = side.book.builder.chains[side.area]

    def states(claim: PanelClaim, line: Line) -> bool:
        care = resolve.meaning_of(chain, "care", claim.bill["med_type"], day)
        if care is None:
            return True
        where = side.book.relation(side.area, side.area, place_for(side.area, claim.place))
        probe = resolve.Claim(claim.scheme, care.word, claim.level, Person(claim.group), where, claim.filing)
        kind = Kind(CLASS_B, line.category, line.negotiated, "", claim.bill.get("disease", ""))
        rules = resolve.first_pays_for(chain, probe, day)
        return not any(rule.items.accepts(kind) for area in rules for rule in area)

    return states


BY: dict[str, Callable[[PanelClaim], tuple[str, ...]]] = {
    "care": lambda claim: (claim.scheme, claim.care),
    "group": lambda claim: (claim.group,),
    "level": lambda claim: (claim.level,),
    "place": lambda claim: (claim.place,),
}


def groups(found: Iterable[Outcome]) -> list[Group]:
    """Return the table of groups: by scheme and care, by person group, by hospital level, by place."""
    rows = list(found)
    made = []
    for by, words_of in BY.items():
        for words in sorted(
            {words_of(outcome.claim) for outcome in rows}, key=lambda words: [ORDER.index(w) for w in words]
        ):
            part = [outcome for outcome in rows if words_of(outcome.claim) == words]
            counts = {verdict: sum(o.verdict == verdict for o in part) for verdict in VERDICTS}
            made.append(Group(by, words, counts, sum(o.change_fen for o in part)))
    return made


def extremes(found: Iterable[Outcome]) -> tuple[list[Outcome], list[Outcome]]:
    """Return the claims that gain most and those that lose most, largest first."""
    ordered = sorted(found, key=lambda outcome: (outcome.change_fen, outcome.claim.id))
    winners = [outcome for outcome in reversed(ordered) if outcome.change_fen > 0]
    losers = [outcome for outcome in ordered if outcome.change_fen < 0]
    return winners[:TOLD], losers[:TOLD]
