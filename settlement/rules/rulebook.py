"""What is in force where on a day, and who says so: the pools, the catalogue, their compiled tables and one digest.

A rulebook is built once and asked often. Intake asks it for row numbers (``program_spans``, ``catalogue.spans``),
the kernel gets its arrays (``tables``), explanations get the ingredients of a row (``layer``, ``program``). The digest
names everything that can change an amount; it is written on every result.
"""

from __future__ import annotations

import hashlib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from settlement import __version__, codes
from settlement.errors import BadRules
from settlement.kernel.layout import Tables
from settlement.money import PRICE_PLACES, RATE_PLACES
from settlement.rules import items, resolve
from settlement.rules.catalogue import Catalogue, Item, item_from, load_catalogue, terms_of
from settlement.rules.check import check_pools, complaints_of
from settlement.rules.compile import Builder, LayerInfo, ProgramInfo
from settlement.rules.load import Loaded, load_folder, pools_from_tables, refuse
from settlement.rules.pool import Cite, Counter, FilingRule, FirstPay, Pool, Standing, Stay
from settlement.rules.resolve import Claim, Missing
from settlement.rules.selectors import Person
from settlement.spans import Spans, day_number, day_of, merged

HERE = Path(__file__).parent
POOLS = HERE / "pools"
CATALOGUE = HERE / "catalogue"
NATION = "000000"


class Asked(NamedTuple):
    """What the choice of a program asks of a claim, as it stands on the claim (codes, not yet meanings)."""

    pool: str
    insutype: str
    med_type: str
    psn_type: str
    level: str  # a plain level word, or "" to use hosp_lv
    hosp_lv: str
    age: int  # -1 unknown
    civil_servant: bool
    assistance: bool
    relation: str
    filing: str  # as stated
    family_doctor: bool = False
    disease: str = ""
    emergency: bool = False
    filed: str = "unknown"  # a word of codes.FILED
    place: str = ""  # the longest beginning of the place that a rule names


class Read(NamedTuple):
    """A claim's codes as words, who says that they mean this, and what made its filing count as another."""

    claim: Claim
    meanings: tuple[Cite, ...]
    filing: FilingRule | None


class Rulebook:
    """Pools and catalogue, compiled on demand."""

    def __init__(self, pools: dict[str, Pool], catalogue: Catalogue) -> None:
        check_pools(pools)
        self.pools = pools
        self.catalogue = catalogue
        self.builder = Builder(pools)
        self.asks = items.Asked(pools.values())
        kinds = np.array([self.kind_of_item(item) for item in catalogue.items], np.int64)
        self.terms = np.column_stack([catalogue.terms, kinds])
        self.standings: list[Standing] = []
        self.ages = sorted(
            {a for p in pools.values() for b in p.benefits for a in (b.who.age_from, b.who.age_under) if a}
        )
        parts = [f"{pool.code} {pool.content}" for pool in sorted(pools.values())]
        self.digest = hashlib.sha256("\n".join([__version__, *parts, catalogue.digest()]).encode()).hexdigest()
        self._spans: dict[Asked, Spans] = {}
        self.missing: list[Missing] = []
        self._tables: tuple[tuple[int, ...], Tables] | None = None
        self._standing_spans: dict[tuple[str, ...], Spans] = {}

    def kind_of_item(self, item: Item) -> int:
        """Return the number of the kind of a catalogue item's lines that say nothing of themselves."""
        return self.kind(item.chrgitm_lv, item.med_chrgitm_type, False, item.med_list_codg, "", False)

    def kind(self, lv: int, med_type: str, negotiated: bool, code: str, disease: str, stated: bool) -> int:
        """Return the number of a fee line's kind: its class, cost type, flags, codes, and whether it states its ratio."""
        return self.builder.kind_maps.number(self.asks.kind(lv, med_type, negotiated, code, disease, stated))

    def first_pay(self, program: int, kind: int) -> FirstPay | None:
        """Return the first-pay rule that a program has for lines of a kind, None for none."""
        return self.builder.kind_maps.first_pay_of(self.program(program).kind_map, kind)

    def area(self, code: str) -> str | None:
        """Return the code of the pool that insures an area, None if no file covers it."""
        for near in codes.area_chain(code):
            province = near.endswith("0000") and near != code
            if near in self.pools and (not province or code[:2] in codes.MUNICIPALITIES):
                return near
        return None

    def catalogue_areas(self, place: str) -> tuple[str, ...]:
        """Return the areas whose catalogue applies at a place, nearest first."""
        nearest = codes.area_chain(place)
        for at, near in enumerate(nearest):
            if near in self.pools:
                return (*nearest[:at], *(pool.code for pool in self.builder.chains[near]))
        return (*nearest, NATION)

    def chain(self, pool: str) -> tuple[Pool, ...]:
        """Return a pool and those it inherits from, nearest first."""
        return self.builder.chains[pool]

    def counters(self, pool: str) -> dict[str, Counter]:
        """Return a pool's counters by name."""
        return self.builder.counters[pool]

    def benefit_year(self, pool: str, insutype: str = "") -> tuple[int, int]:
        """Return the month and day on which a pool's benefit year begins, for an insutype that has a year of its own."""
        for near in self.builder.chains[pool]:
            begins = near.scheme_years.get(codes.scheme_of(insutype), near.benefit_year)
            if begins:
                return begins
        return 1, 1

    def program_spans(self, asked: Asked) -> Spans:
        """Return program rows by day for a claim; a row below -1 is ``missing[-2 - row]``."""
        if asked not in self._spans:
            days = [day_number(day) for day in resolve.change_days(self.builder.chains[asked.pool])]
            self._spans[asked] = merged(days, lambda day: self._row(asked, day_of(day)))
        return self._spans[asked]

    def _row(self, asked: Asked, day: date) -> int:
        read = self.claim(asked, day)
        if isinstance(read, Missing):
            return self._note(read)
        return self._note(self.builder.program(asked.pool, read.claim, day, read.meanings, read.filing))

    def _note(self, answer: int | Missing) -> int:
        if isinstance(answer, int):
            return answer
        self.missing.append(answer)
        return -1 - len(self.missing)

    def program_on(self, program: int, day: int) -> int:
        """Return the program of the same claim on another day (since 1970); below -1 it is ``missing[-2 - row]``."""
        info = self.program(program)
        return self._note(self.builder.program(info.pool, info.claim, day_of(day), info.meanings, info.filing))

    def claim(self, asked: Asked, day: date) -> Read | Missing:
        """Return a claim's codes as words, by the meanings in force on a day, and who says that they mean this."""
        chain = self.builder.chains[asked.pool]
        scheme = codes.scheme_of(asked.insutype)
        care = resolve.meaning_of(chain, "care", asked.med_type, day)
        if care is None:
            return Missing("C11_NOT_A_CODE", f"med_type {asked.med_type!r}")
        group = resolve.meaning_of(chain, "group", asked.psn_type, day)
        if group is None:
            return Missing("C11_NOT_A_CODE", f"psn_type {asked.psn_type!r}")
        level = self._level(asked, care.word, day)
        if isinstance(level, Missing):
            return level
        filing = None
        if asked.relation != "local":
            filing = resolve.filing_for(
                chain, scheme, asked.filing, asked.emergency, asked.filed, asked.relation, day
            )  # fmt: skip
        if filing is not None and filing.filing == codes.MANUAL:
            return Missing("R08_MANUAL_CLAIM", f"{asked.filing}, {asked.filed} ({filing.cite.file}:{filing.cite.line})")
        blocks = [b for pool in chain for b in resolve.benefits_for(pool, scheme, care.word)]
        if asked.age < 0 and any(block.who.asks_age for block in blocks):
            return Missing("C01_FIELD_MISSING", "age or brdy (the rules here ask for it)")
        person = Person(
            group.word, asked.age, asked.civil_servant, asked.assistance, asked.family_doctor,
            items.cut(asked.psn_type, self.asks.psn_types),
        )  # fmt: skip
        claim = Claim(
            scheme, care.word, level[0], person, asked.relation, filing.filing if filing else asked.filing,
            asked.place, asked.disease,
        )  # fmt: skip
        return Read(claim, tuple(dict.fromkeys((care.cite, group.cite, *level[1]))), filing)

    def _level(self, asked: Asked, care: str, day: date) -> tuple[str, tuple[Cite, ...]] | Missing:
        """Return the hospital level of a claim and who says that its code means this."""
        if asked.level:
            return asked.level, ()
        if asked.hosp_lv:
            meaning = resolve.meaning_of(self.builder.chains[asked.pool], "level", asked.hosp_lv, day)
            level = meaning.word if meaning else codes.LEVEL_WORDS.get(asked.hosp_lv, "")
            if not level:
                return Missing("C11_NOT_A_CODE", f"hosp_lv {asked.hosp_lv!r}")
            return level, (meaning.cite,) if meaning else ()
        if care == "pharmacy":
            return "ungraded", ()
        return Missing("C01_FIELD_MISSING", "hosp_lv, medinslv or dedc_hosp_lv")

    def standing_spans(self, kind: str, pool: str, insutype: str, med_type: str, psn_type: str) -> Spans:
        """Return by day which of ``standings`` (a waiting period or a suspension) speaks for a person's claim, -1 none."""
        key = (kind, pool, insutype, med_type, psn_type)
        if key not in self._standing_spans:
            chain = self.builder.chains[pool]
            days = [day_number(day) for day in resolve.change_days(chain)]
            self._standing_spans[key] = merged(days, lambda day: self._standing(key, chain, day_of(day)))
        return self._standing_spans[key]

    def _standing(self, key: tuple[str, ...], chain: tuple[Pool, ...], day: date) -> int:
        kind, _, insutype, med_type, psn_type = key
        care = resolve.meaning_of(chain, "care", med_type, day)
        if care is None:
            return -1
        rule = resolve.standing_for(chain, kind, codes.scheme_of(insutype), psn_type, care.word, day)
        if rule is None:
            return -1
        if rule not in self.standings:
            self.standings.append(rule)
        return self.standings.index(rule)

    def stay(self, program: int, day: int) -> Stay | None:
        """Return the rule for a stay across benefit years that is settled under a program on a day (since 1970)."""
        info = self.program(program)
        return resolve.stay_for(self.builder.chains[info.pool], info.claim.scheme, info.claim.care, day_of(day))

    def refunds(self, pool: str) -> str:
        """Return the order in which claims of a pool may be refunded: any_order or last_first."""
        return resolve.refunds_of(self.builder.chains[pool])

    def relation(self, pool: str, insured: str, place: str) -> str:
        """Return how a place lies to an insured area of a pool, a word of codes.RELATIONS."""
        return resolve.relation_of(self.builder.chains[pool], insured, place)

    def asked(self, *parts: Any) -> Asked:
        """Return the question for ``program_spans`` from its parts, in order."""
        return Asked(*parts)

    def own_terms(self, chrgitm_lv: str, selfpay_bp: int, pric_uplmt_e4: int) -> tuple[int, int, int]:
        """Return the terms of a line that carries its own; a ratio or limit of -1 is absent (and stays -1 for 乙).

        Raises BadInput.
        """
        ratio = None if selfpay_bp < 0 else Decimal(selfpay_bp).scaleb(-RATE_PLACES)
        limit = None if pric_uplmt_e4 < 0 else Decimal(pric_uplmt_e4).scaleb(-PRICE_PLACES)
        return terms_of(chrgitm_lv, ratio, limit, needs_ratio=False)

    def only_items(self, program: int) -> bool:
        """Tell whether a program's layers on the scope all take only some lines, so that nothing speaks for the others."""
        bases = [self.layer(row).benefit for row in self.program(program).layers]
        on_scope = [block.items for block in bases if block.base == "in_scope"]
        return bool(on_scope) and None not in on_scope

    def reported_funds(self, program: int) -> frozenset[str]:
        """Return the funds of a program that pay what their payer reports."""
        layers = (self.builder.layer_info[row].benefit for row in self.builder.program_info[program].layers)
        return frozenset(block.fund for block in layers if block.reported)

    def layer(self, row: int) -> LayerInfo:
        """Return what a layer row was made from."""
        return self.builder.layer_info[row]

    def program(self, row: int) -> ProgramInfo:
        """Return what a program row was made from."""
        return self.builder.program_info[row]

    def tables(self, own_terms: np.ndarray) -> Tables:
        """Return the kernel's arrays; ``own_terms`` int64[n, 4] of a batch follow the catalogue's terms."""
        size = (len(self.builder.programs), len(self.builder.layers), *self.builder.kind_maps.size)
        if self._tables is None or self._tables[0] != size:
            self._tables = (size, self.builder.tables(self.terms))
        tables = self._tables[1]
        if own_terms.shape[0] == 0:
            return tables
        return tables._replace(terms=np.concatenate([self.terms, own_terms]))


def build(pools: dict[str, dict[str, Any]], catalogue: list[dict[str, Any]]) -> Rulebook:
    """Return a rulebook from parsed pool tables and catalogue rows (each with ``area`` and the national fields)."""
    rows = [item_from(row["area"], row) for row in catalogue]
    return Rulebook(pools_from_tables(pools), Catalogue(rows))


def _sound(loaded: Loaded) -> Loaded:
    """Return the pools that can be computed, each bad one left out alone with a complaint."""
    pools, complaints = dict(loaded.pools), list(loaded.complaints)
    for code in loaded.pools:
        found = complaints_of(loaded.pools, code)
        complaints += found
        if found:
            pools.pop(code)
    return Loaded(pools, complaints)


class Opened(NamedTuple):
    """The shipped rulebook with any extra folders, and the complaints about files that were left out."""

    book: Rulebook
    loaded: Loaded


def open_rulebook(extra: Path | None = None, strict: bool = True) -> Opened:
    """Return the rulebook of the shipped pools and catalogue; the files of ``extra`` add areas or take their place.

    With ``strict`` any complaint raises BadRules; otherwise the bad file alone is left out and its complaints come back.
    """
    loaded = load_folder(POOLS)
    catalogue = load_catalogue(CATALOGUE)
    if extra is not None:
        if not extra.is_dir():
            raise BadRules("B07_FOLDER", f"{extra} is not a folder of pool files")
        more = load_folder(extra)
        loaded = Loaded({**loaded.pools, **more.pools}, loaded.complaints + more.complaints)
        if any(extra.glob("*.csv")):
            added = load_catalogue(extra)
            catalogue = Catalogue(catalogue.items + added.items, {**catalogue.sources, **added.sources})
    if strict:
        refuse(loaded.complaints)
    else:
        loaded = _sound(loaded)
    return Opened(Rulebook(loaded.pools, catalogue), loaded)
