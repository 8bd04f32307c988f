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
from settlement.rules import resolve
from settlement.rules.catalogue import Catalogue, item_from, load_catalogue, terms_of
from settlement.rules.compile import Builder, LayerInfo, ProgramInfo, check_pool, check_pools
from settlement.rules.load import Loaded, load_folder, pools_from_tables, refuse
from settlement.rules.pool import Cite, Counter, Person, Pool
from settlement.rules.reading import Complaint
from settlement.rules.resolve import Claim, Missing
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
    filing: str


class Rulebook:
    """Pools and catalogue, compiled on demand."""

    def __init__(self, pools: dict[str, Pool], catalogue: Catalogue) -> None:
        check_pools(pools)
        self.pools = pools
        self.catalogue = catalogue
        self.builder = Builder(pools)
        self.ages = sorted(
            {a for p in pools.values() for b in p.benefits for a in (b.who.age_from, b.who.age_under) if a}
        )
        parts = [f"{pool.code} {pool.content}" for pool in sorted(pools.values())]
        self.digest = hashlib.sha256("\n".join([__version__, *parts, catalogue.digest()]).encode()).hexdigest()
        self._spans: dict[Asked, Spans] = {}
        self.missing: list[Missing] = []
        self._tables: tuple[tuple[int, int], Tables] | None = None

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

    def counters(self, pool: str) -> dict[str, Counter]:
        """Return a pool's counters by name."""
        return self.builder.counters[pool]

    def benefit_year(self, pool: str) -> tuple[int, int]:
        """Return the month and day on which a pool's benefit year begins."""
        return next((p.benefit_year for p in self.builder.chains[pool] if p.benefit_year), (1, 1))

    def program_spans(self, asked: Asked) -> Spans:
        """Return program rows by day for a claim; a row below -1 is ``missing[-2 - row]``."""
        if asked not in self._spans:
            days = [day_number(day) for day in resolve.change_days(self.builder.chains[asked.pool])]
            self._spans[asked] = merged(days, lambda day: self._row(asked, day_of(day)))
        return self._spans[asked]

    def _row(self, asked: Asked, day: date) -> int:
        read = self.claim(asked, day)
        answer: int | Missing
        if isinstance(read, Missing):
            answer = read
        else:
            answer = self.builder.program(asked.pool, read[0], day, read[1])
        if isinstance(answer, Missing):
            self.missing.append(answer)
            return -1 - len(self.missing)
        return answer

    def claim(self, asked: Asked, day: date) -> tuple[Claim, tuple[Cite, ...]] | Missing:
        """Return a claim's codes as words, by the meanings in force on a day, and who says that they mean this."""
        chain = self.builder.chains[asked.pool]
        scheme = codes.scheme_of(asked.insutype)
        care = resolve.meaning_of(chain, "care", asked.med_type, day)
        if care is None:
            return Missing("C11_NOT_A_CODE", f"med_type {asked.med_type!r}")
        group = resolve.meaning_of(chain, "group", asked.psn_type, day)
        if group is None:
            return Missing("C11_NOT_A_CODE", f"psn_type {asked.psn_type!r}")
        meanings = [care.cite, group.cite]
        level = asked.level
        if not level and asked.hosp_lv:
            meaning = resolve.meaning_of(chain, "level", asked.hosp_lv, day)
            level = meaning.word if meaning else codes.LEVEL_WORDS.get(asked.hosp_lv, "")
            if not level:
                return Missing("C11_NOT_A_CODE", f"hosp_lv {asked.hosp_lv!r}")
            meanings += [meaning.cite] if meaning else []
        if not level and care.word == "pharmacy":
            level = "ungraded"
        if not level:
            return Missing("C01_FIELD_MISSING", "hosp_lv, medinslv or dedc_hosp_lv")
        blocks = [b for pool in chain for b in resolve.benefits_for(pool, scheme, care.word)]
        if asked.age < 0 and any(block.who.asks_age for block in blocks):
            return Missing("C01_FIELD_MISSING", "age or brdy (the rules here ask for it)")
        person = Person(group.word, asked.age, asked.civil_servant, asked.assistance)
        return Claim(scheme, care.word, level, person, asked.relation, asked.filing), tuple(dict.fromkeys(meanings))

    def asked(self, *parts: Any) -> Asked:
        """Return the question for ``program_spans`` from its parts, in order."""
        return Asked(*parts)

    def own_terms(self, chrgitm_lv: str, selfpay_bp: int, pric_uplmt_e4: int) -> tuple[int, int, int]:
        """Return the terms of a line that carries its own; a ratio or limit of -1 is absent. Raises BadInput."""
        ratio = None if selfpay_bp < 0 else Decimal(selfpay_bp).scaleb(-RATE_PLACES)
        limit = None if pric_uplmt_e4 < 0 else Decimal(pric_uplmt_e4).scaleb(-PRICE_PLACES)
        return terms_of(chrgitm_lv, ratio, limit)

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
        """Return the kernel's arrays; ``own_terms`` int64[n, 3] of a batch follow the catalogue's terms."""
        size = (len(self.builder.programs), len(self.builder.layers))
        if self._tables is None or self._tables[0] != size:
            self._tables = (size, self.builder.tables(self.catalogue.terms))
        tables = self._tables[1]
        if own_terms.shape[0] == 0:
            return tables
        return tables._replace(terms=np.concatenate([self.catalogue.terms, own_terms]))


def build(pools: dict[str, dict[str, Any]], catalogue: list[dict[str, Any]]) -> Rulebook:
    """Return a rulebook from parsed pool tables and catalogue rows (each with ``area`` and the national fields)."""
    items = [item_from(row["area"], row) for row in catalogue]
    return Rulebook(pools_from_tables(pools), Catalogue(items))


def _sound(loaded: Loaded) -> Loaded:
    """Return the pools that can be computed, each bad one left out alone with a complaint."""
    pools, complaints = dict(loaded.pools), list(loaded.complaints)
    for code in loaded.pools:
        try:
            check_pool(loaded.pools, code)
        except BadRules as error:
            pools.pop(code)
            complaints.append(Complaint(loaded.pools[code].file, 1, "pool", error.found, error.cure or "Mend the file"))
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
