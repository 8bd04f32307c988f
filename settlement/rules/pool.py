"""What a pooling area's file may say, typed: the nouns of docs/pool-format.md, in fen and basis points.

Objects here are made by ``load`` only, which has already refused anything that cannot be computed.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from settlement.rules.selectors import Items, Who, begins_with

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


class Deductible(NamedTuple):
    """起付线: ``per`` none, year, quarter, month, admission, visit or left_over (of the layer just before).

    The standard is by level in fen (key ``*`` for every level).
    """

    per: str
    standard_fen: dict[str, int]
    counter: str = ""
    later_minus_fen: int = 0
    later_percent_bp: tuple[int, ...] = ()
    floor_fen: int = 0
    again_after_days: int = 0
    on_transfer: bool = False
    year_limit_fen: int | None = None
    limit_counter: str = ""


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
    by_disease_fen: tuple[tuple[str, int], ...] = ()  # as written; ``load`` makes one block a disease of it


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
    diseases: tuple[str, ...] | None = None
    layer: str = ""
    fund: str = ""
    order: int = 0
    base: str = "in_scope"
    with_first_pay: bool = False
    without_deductible: bool = False
    reported: bool = False
    items: Items | None = None
    with_rest: bool = False
    deductible: Deductible = Deductible("none", {})
    bands: tuple[Band, ...] = ()
    measure: Measure = Measure()
    retired_points_bp: int = 0
    retired_share_bp: int = 10_000
    cap: Cap | None = None

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.schemes, self.cares, self.layer, self.levels, self.diseases, self.who)

    def at_level(self, level: str) -> bool:
        """Tell whether the block's level selector admits a hospital level."""
        return self.levels is None or level in self.levels

    def for_disease(self, disease: str) -> bool:
        """Tell whether the block's disease selector admits a claim's disease ("" for none)."""
        return begins_with(disease, self.diseases)

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
    places: tuple[str, ...] | None = None  # beginnings of the division code of the place of treatment

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.schemes, self.cares, self.filings, self.wheres, self.places)

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


class FirstPay(NamedTuple):
    """A first-pay ratio of the insured area's own for some items."""

    schemes: tuple[str, ...] | None
    cares: tuple[str, ...] | None
    wheres: tuple[str, ...]
    items: Items
    ratio_bp: int
    begins: date
    cite: Cite
    repealed: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.schemes, self.cares, self.wheres, self.items)

    def speaks_for(self, scheme: str, care: str, where: str) -> bool:
        """Tell whether the block is for a claim of this scheme and care there."""
        return _admits(self.schemes, scheme) and _admits(self.cares, care) and where in self.wheres


class FilingRule(NamedTuple):
    """What a stated filing counts as: ``filing`` is one of the filings, or manual."""

    filings: tuple[str, ...]
    emergency: bool | None
    filed: tuple[str, ...] | None
    wheres: tuple[str, ...]
    schemes: tuple[str, ...] | None
    filing: str
    begins: date
    cite: Cite
    repealed: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.filings, self.emergency, self.filed, self.wheres, self.schemes)

    def matches(self, scheme: str, stated: str, emergency: bool, filed: str, where: str) -> bool:
        """Tell whether the block speaks of a claim elsewhere."""
        return (
            stated in self.filings
            and (self.emergency is None or self.emergency == emergency)
            and _admits(self.filed, filed)
            and where in self.wheres
            and _admits(self.schemes, scheme)
        )


class Span(NamedTuple):
    """A length of time as a rule says it: months, or days."""

    length: int
    unit: str  # months | days


class Standing(NamedTuple):
    """A waiting period (``kind`` waiting) or the grace after contributions stopped (``kind`` suspension)."""

    kind: str
    schemes: tuple[str, ...] | None
    psn_types: tuple[str, ...] | None
    cares: tuple[str, ...] | None
    span: Span
    begins: date
    cite: Cite
    repealed: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.schemes, self.psn_types, self.cares)

    def matches(self, scheme: str, psn_type: str, care: str) -> bool:
        """Tell whether the block speaks of a person's claim."""
        return _admits(self.schemes, scheme) and begins_with(psn_type, self.psn_types) and _admits(self.cares, care)


class Stay(NamedTuple):
    """How a stay across benefit years is settled; ``once`` tells that its deductible is charged once."""

    schemes: tuple[str, ...] | None
    cares: tuple[str, ...] | None
    by_days: bool
    once: bool
    begins: date
    cite: Cite
    repealed: bool = False

    @property
    def key(self) -> tuple[object, ...]:
        """Return what a later block must repeat to take this one's place."""
        return (self.schemes, self.cares)

    def matches(self, scheme: str, care: str) -> bool:
        """Tell whether the block speaks of a claim."""
        return _admits(self.schemes, scheme) and _admits(self.cares, care)


def _admits(words: tuple[str, ...] | None, word: str) -> bool:
    return words is None or word in words


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
    first_pays: tuple[FirstPay, ...] = ()
    filings: tuple[FilingRule, ...] = ()
    waitings: tuple[Standing, ...] = ()
    suspensions: tuple[Standing, ...] = ()
    stays: tuple[Stay, ...] = ()
    scheme_years: dict[str, tuple[int, int]] = {}  # noqa: RUF012 - never changed; schemes with a benefit year of their own
    refunds: str = ""  # any_order | last_first; "": not said here
    local_places: tuple[str, ...] = ()
    file: str = ""
    content: str = ""  # SHA-256 of what the file says, whatever its layout
    where: dict[str, int] = {}  # noqa: RUF012 - never changed; the line of each key, such as benefit[2].cap.per


class Counter(NamedTuple):
    """A named total of one person: its state slot, what it counts, and its period."""

    slot: int
    kind: str  # deductible | admissions | running | cap
    period: str  # year | quarter | month
