"""What a pooling area's file may say, typed: the nouns of docs/pool-format.md, in fen and basis points.

Objects here are made by ``load`` only, which has already refused anything that cannot be computed.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

ANY_LEVEL = "*"  # a plain amount or rate, the same at every level


class Source(NamedTuple):
    """A document or other ground for a rule, and how far it can be trusted."""

    id: str
    title: str
    number: str
    issued: str
    url: str
    confidence: str
    note: str


class Cite(NamedTuple):
    """Where one block comes from: its source, article, trust, and the file and line that say so."""

    source: Source
    article: str
    confidence: str
    note: str
    file: str
    line: int

    def text(self) -> str:
        """Return the citation as it stands in an explanation: title, number, article."""
        title = f"《{self.source.title}》" if self.source.title else self.source.id
        return " ".join(part for part in (title, self.source.number, self.article) if part)


class Who(NamedTuple):
    """Which persons a block is for; None does not ask."""

    groups: tuple[str, ...] | None = None
    age_from: int | None = None
    age_under: int | None = None
    civil_servant: bool | None = None
    assistance: bool | None = None

    @property
    def asks_age(self) -> bool:
        """Tell whether the person's age matters."""
        return self.age_from is not None or self.age_under is not None

    def matches(self, person: Person) -> bool:
        """Tell whether a person is meant; an unknown age matches no age condition."""
        return (
            (self.groups is None or person.group in self.groups)
            and (self.age_from is None or 0 <= self.age_from <= person.age)
            and (self.age_under is None or 0 <= person.age < self.age_under)
            and (self.civil_servant is None or self.civil_servant == person.civil_servant)
            and (self.assistance is None or self.assistance == person.assistance)
        )

    def meets(self, other: Who) -> bool:
        """Tell whether some person is meant by both."""
        if self.groups is not None and other.groups is not None and not set(self.groups) & set(other.groups):
            return False
        for mine, theirs in ((self.civil_servant, other.civil_servant), (self.assistance, other.assistance)):
            if mine is not None and theirs is not None and mine != theirs:
                return False
        low = max(self.age_from or 0, other.age_from or 0)
        ends = [end for end in (self.age_under, other.age_under) if end is not None]
        return not ends or low < min(ends)


class Person(NamedTuple):
    """What the rules may ask about a person; age -1 is unknown."""

    group: str
    age: int = -1
    civil_servant: bool = False
    assistance: bool = False


class Deductible(NamedTuple):
    """起付线: ``per`` none, year, admission or visit; standard by level in fen (key ``*`` for every level)."""

    per: str
    standard_fen: dict[str, int]
    counter: str = ""
    later_minus_fen: int = 0
    later_percent_bp: tuple[int, ...] = ()
    floor_fen: int = 0
    again_after_days: int = 0
    on_transfer: bool = False


class Band(NamedTuple):
    """A rate from an amount upwards, by level in basis points."""

    over_fen: int
    rate_bp: dict[str, int]


class Measure(NamedTuple):
    """How band bounds count: on the claim or the year, from zero or from the deductible."""

    on: str = "claim"
    start: str = "zero"
    counter: str = ""


class Cap(NamedTuple):
    """封顶线: on fund, cost or cost_above_deductible; per claim, month, quarter or year; by level in fen."""

    on: str
    per: str
    amount_fen: dict[str, int]
    counter: str = ""


class Benefit(NamedTuple):
    """One layer for some claims, or (``covered`` False) the statement that the pool pays nothing for them."""

    schemes: tuple[str, ...]
    cares: tuple[str, ...]
    levels: tuple[str, ...] | None
    who: Who
    covered: bool
    repealed: bool
    begins: date
    cite: Cite
    layer: str = ""
    fund: str = ""
    order: int = 0
    base: str = "in_scope"
    with_first_pay: bool = False
    without_deductible: bool = False
    reported: bool = False
    deductible: Deductible = Deductible("none", {})
    bands: tuple[Band, ...] = ()
    measure: Measure = Measure()
    retired_points_bp: int = 0
    retired_share_bp: int = 10_000
    cap: Cap | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.schemes, self.cares, self.layer, self.levels, self.who)

    def at_level(self, level: str) -> bool:
        """Tell whether the block's level selector admits a hospital level."""
        return self.levels is None or level in self.levels

    def says_level(self, level: str) -> bool:
        """Tell whether every table of the block has a figure for a level."""
        tables = [self.deductible.standard_fen, *(band.rate_bp for band in self.bands)]
        tables += [self.cap.amount_fen] if self.cap else []
        return all(not table or level in table or ANY_LEVEL in table for table in tables)


class Elsewhere(NamedTuple):
    """How a filing changes the benefit for care outside the insured area."""

    schemes: tuple[str, ...] | None
    cares: tuple[str, ...] | None
    filings: tuple[str, ...]
    wheres: tuple[str, ...]
    mode: str
    amount_bp: int
    layers: tuple[str, ...] | None
    dedc_times_bp: int
    dedc_plus_fen: int
    dedc_is_fen: int | None
    begins: date
    cite: Cite
    repealed: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.schemes, self.cares, self.filings, self.wheres)

    def matches(self, scheme: str, care: str, filing: str, where: str) -> bool:
        """Tell whether the block speaks of a claim elsewhere."""
        return (
            (self.schemes is None or scheme in self.schemes)
            and (self.cares is None or care in self.cares)
            and filing in self.filings
            and where in self.wheres
        )


class Meaning(NamedTuple):
    """What a national code means here: ``kind`` care, level or group."""

    kind: str
    codes: tuple[str, ...]
    word: str
    begins: date
    cite: Cite


class AccountRule(NamedTuple):
    """What the personal account may pay, as COVERS bits, and where the shared account is published."""

    schemes: tuple[str, ...] | None
    covers: int
    shared_inside: bool
    begins: date
    cite: Cite


class Rounding(NamedTuple):
    """Where and which side is rounded."""

    at: str
    rounds: str


class Pool(NamedTuple):
    """One area's file."""

    code: str
    name: str
    inherits: str
    benefit_year: tuple[int, int] | None  # month and day it begins; None: not said here
    rounding: Rounding | None
    sources: dict[str, Source]
    benefits: tuple[Benefit, ...] = ()
    elsewheres: tuple[Elsewhere, ...] = ()
    meanings: tuple[Meaning, ...] = ()
    accounts: tuple[AccountRule, ...] = ()
    file: str = ""
    content: str = ""  # SHA-256 of what the file says, whatever its layout


class Counter(NamedTuple):
    """A named total of one person: its state slot, what it counts, and its period."""

    slot: int
    kind: str  # deductible | admissions | running | cap
    period: str  # year | quarter | month
