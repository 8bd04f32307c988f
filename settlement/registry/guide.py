"""What an area tells holders of cards: banks, channels and their hours, service points, fees, terms, telephone numbers.

One file an area in ``guides/<admdvs>.toml``; a file says where it is from and how far it can be trusted, and every part of
it names its section in that source. A part may be trusted less than its source (``confidence``), never more. What the
source does not say is absent; what the service needs all the same is ``assumed`` and its note says so.

The initial PINs of banks are here as text, to remind a holder to change them. Nothing may compare a PIN with them.

``guide(admdvs)`` gives the guide of an area or of the city or province it lies in. SETTLEMENT_GUIDES (or ``use_guides``)
names a folder of files that add areas or take the place of shipped ones.
"""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from settlement.codes import CONFIDENCES, area_chain, is_division
from settlement.errors import BadInput, BadRules

SHIPPED = Path(__file__).parent / "guides"
FOLDER = "SETTLEMENT_GUIDES"
NOT_SAID = "not_said"


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a guide: its section in the source, how far it can be trusted ('' as its source), what is odd about it."""

    section: str = ""
    confidence: str = ""
    note: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a guide is from."""

    title: str
    confidence: str
    note: str = ""


class Bank(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank whose cards these are. ``initial_pin`` is text for a reminder to change it, and for nothing else.

    ``bank_first``: for a re-issue one goes to the bank, then to the office. ``also`` are other spellings.
    """

    key: str
    name: str
    also: tuple[str, ...] = ()
    also_confidence: str = ""
    initial_pin: str = ""
    bank_first: bool = False


class YesNo(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule that holds or does not."""

    value: bool


class SocialPin(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The social security PIN: what it is at the start, where it is changed, where and by whom reset."""

    initial: str
    change_at: tuple[str, ...]
    bank_change_at: str
    reset_at: str
    reset_needs: str
    refused_for_settlement: YesNo


class Hours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours by season, each ``HH:MM-HH:MM``; the last minute is not in them."""

    summer: tuple[str, ...]
    winter: tuple[str, ...]


class Channel(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A way to reach the service. What is neither in ``does`` nor in ``does_not`` the source does not say.

    ``days`` (mon … sun) and ``hours`` are when people answer; ``always`` any time; with neither, not said.
    """

    key: str
    name: str
    number: str = ""
    does: tuple[str, ...] = ()
    does_not: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    steps: tuple[str, ...] = ()
    always: bool = False
    days: tuple[str, ...] = ()
    hours: Hours | None = None

    def can(self, what: str) -> str:
        """Return ``yes``, ``no`` or ``not_said`` for a service (loss, unblock, reissue, apply …)."""
        return "yes" if what in self.does else "no" if what in self.does_not else NOT_SAID


class Seasons(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The first days (MM-DD) of summer and of winter hours."""

    summer_begins: str
    winter_begins: str

    def of(self, day: str) -> str:
        """Return ``summer`` or ``winter`` for a day (YYYY-MM-DD)."""
        return "summer" if self.summer_begins <= day[5:10] < self.winter_begins else "winter"


class Point(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service point. ``district`` is '' where the source does not say in which it lies; ``bank`` is a bank's key."""

    name: str
    services: tuple[str, ...]
    bank: str = ""
    bank_confidence: str = ""
    address: str = ""
    phone: str = ""
    district: str = ""
    district_confidence: str = ""


class Unread(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the source that could not be read: its heading, its columns, what it is about (``points``, ``waivers``)."""

    title: str
    about: str
    columns: tuple[str, ...] = ()


class Temporary(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Terms of temporary cards."""

    valid_days: int
    longest_months: int
    financial: bool
    across_regions: bool
    certificate: str
    certificate_from: str
    needs: tuple[str, ...]
    agent_needs: tuple[str, ...]
    window: str
    return_before_reissue: bool
    lost_fee_fen: int


class Fee(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether something is charged, by whom, and how much (fen); None where the source says no amount."""

    key: str
    name: str
    charged: bool
    by: str = ""
    amount_fen: int | None = None


class Phone(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to ask, by area."""

    admdvs: str
    name: str
    numbers: tuple[str, ...]


class Place(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a card is good, by how the place lies to the insured area (local, in_province, cross_province)."""

    relation: str
    text: str
    needs_referral: bool = False


class Payout(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is paid out to a card's account; ``banks`` and ``moved_at`` where the source says so, '' where not."""

    key: str
    name: str
    banks: tuple[str, ...] = ()
    moved_at: str = ""


class PayTo(Part, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a holder does to have a pay-out moved to the card, by how the card stands."""

    card_active: str
    card_not_active: str
    no_card: str
    apply_at: str


class Guide(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that one area tells holders of cards."""

    admdvs: str
    name: str
    source: Source
    banks: tuple[Bank, ...]
    social_pin: SocialPin
    temporary: Temporary
    seasons: Seasons | None = None
    channels: tuple[Channel, ...] = ()
    points: tuple[Point, ...] = ()
    fees: tuple[Fee, ...] = ()
    phones: tuple[Phone, ...] = ()
    places: tuple[Place, ...] = ()
    payouts: tuple[Payout, ...] = ()
    pay_to: PayTo | None = None
    unread: tuple[Unread, ...] = ()

    def bank(self, name: str) -> Bank | None:
        """Return a bank by its key, its name or another spelling of it."""
        return next((bank for bank in self.banks if name in (bank.key, bank.name, *bank.also)), None)

    def channel(self, key: str) -> Channel | None:
        """Return a channel by its key."""
        return next((channel for channel in self.channels if channel.key == key), None)

    def fee(self, key: str) -> Fee | None:
        """Return a fee by its key."""
        return next((fee for fee in self.fees if fee.key == key), None)

    def payout(self, key: str) -> Payout | None:
        """Return a kind of pay-out by its key or its name."""
        return next((payout for payout in self.payouts if key in (payout.key, payout.name)), None)

    def trust(self, part: Part | None) -> str:
        """Return how far a part can be trusted; without a part, its source."""
        return (part.confidence if part else "") or self.source.confidence

    def points_in(self, district: str = "", service: str = "", bank: str = "") -> tuple[Point, ...]:
        """Return the service points of a district, service and bank ('' for any); a city's code covers its districts."""
        wanted = self.bank(bank)
        return tuple(
            point
            for point in self.points
            if (not district or district in area_chain(point.district or self.admdvs))
            and service in ("", *point.services)
            and (not bank or (wanted is not None and point.bank == wanted.key))
        )

    def unread_about(self, about: str) -> tuple[Unread, ...]:
        """Return the tables of the source on a subject that could not be read."""
        return tuple(table for table in self.unread if table.about == about)


def guide(admdvs: str) -> Guide | None:
    """Return the guide of an area, else of its city, else of its province; None where there is none."""
    guides = _guides(os.environ.get(FOLDER, ""))
    return next((guides[code] for code in area_chain(admdvs) if code in guides), None) if is_division(admdvs) else None


def guide_of(admdvs: str) -> Guide:
    """Return the guide of an area; raises BadInput K50 where there is none."""
    found = guide(admdvs)
    if found is None:
        raise BadInput(
            "K50_NO_GUIDE",
            f"no guide for holders of cards of area {admdvs}",
            cure="Ask the area itself; a guide can be added as a file (docs/seed.md)",
            zh="没有该统筹区的社会保障卡办事信息，请拨打12333咨询",
        )
    return found


def use_guides(folder: Path | None) -> None:
    """Take guides of a folder beside the shipped ones from now on; None for the shipped ones alone."""
    if folder is None:
        os.environ.pop(FOLDER, None)
    else:
        os.environ[FOLDER] = str(folder)


@cache
def _guides(folder: str) -> dict[str, Guide]:
    files = [*sorted(SHIPPED.glob("*.toml")), *(sorted(Path(folder).glob("*.toml")) if folder else [])]
    made = (read_guide(file) for file in files)
    return {one.admdvs: one for one in made}


def read_guide(file: Path) -> Guide:
    """Return the guide that a file says. Raises BadRules G01 where it is none, G02 where it trusts a part too much."""
    try:
        made = msgspec.toml.decode(file.read_bytes(), type=Guide)
    except (OSError, ValueError) as error:  # msgspec's and tomllib's errors are ValueErrors
        raise BadRules(
            "G01_GUIDE", f"{file.name}: {error}", cure="Correct the file", zh=f"办事信息文件 {file.name} 无法读取"
        ) from error
    _check(made, file.name)
    return made


P = TypeVar("P", bound=msgspec.Struct)


def _check(made: Guide, name: str) -> None:
    """Refuse a guide whose confidences are no words of the table or stronger than its source, or whose keys are unknown."""
    if made.source.confidence not in CONFIDENCES or not is_division(made.admdvs):
        raise BadRules(
            "G01_GUIDE", f"{name}: admdvs or source.confidence", zh=f"办事信息文件 {name} 的区划或可信度有误"
        )
    floor = CONFIDENCES.index(made.source.confidence)
    for field, value in _confidences(made):
        if value and (value not in CONFIDENCES or CONFIDENCES.index(value) < floor):
            raise BadRules(
                "G02_GUIDE_TRUST", f"{name}: {field} is {value!r}, its source {made.source.confidence!r}",
                cure="A part may only be trusted less than its source",
                zh=f"办事信息文件 {name} 中 {field} 的可信度高于来源",
            )  # fmt: skip
    keys = {bank.key for bank in made.banks}
    named = {point.bank for point in made.points if point.bank} | {key for one in made.payouts for key in one.banks}
    if named - keys:
        raise BadRules("G01_GUIDE", f"{name}: unknown banks {sorted(named - keys)}", zh=f"{name} 引用了未列出的银行")


def _confidences(node: Any, at: str = "") -> list[tuple[str, str]]:
    """Return every confidence inside a guide with where it stands."""
    if isinstance(node, tuple):
        return [found for number, one in enumerate(node) for found in _confidences(one, f"{at}[{number}]")]
    if not isinstance(node, msgspec.Struct):
        return []
    found: list[tuple[str, str]] = []
    for field in node.__struct_fields__:
        value = getattr(node, field)
        where = f"{at}.{field}".lstrip(".")
        found += [(where, value)] if field.endswith("confidence") else _confidences(value, where)
    return found
