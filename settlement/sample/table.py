"""Drawn claims → one Arrow table in the form of a claim file, with a few claims made wrong on purpose."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from settlement import codes
from settlement.rules.rulebook import Rulebook
from settlement.sample.columns import chosen, decimal, hex_ids, serials
from settlement.sample.coverage import covered
from settlement.sample.lines import Goods, Lines, days_of, draw_lines, goods_of
from settlement.sample.people import Visits, between, draw_visits

STATISTICS = Path(__file__).with_name("statistics.toml")
YEAR = 2025  # the year of the statistics
DAY_SECONDS = 86_400
TEN_THOUSAND = 10_000
UNKNOWN_AREA, UNKNOWN_ITEM = "990000", "XNOTINTHECATALOGUE"
PRICE_OF_FEN, COUNT_OF_ONE = 10_000, 10_000  # prices have six decimals of a yuan, quantities four


def statistics() -> dict[str, Any]:
    """Return the proportions as the file says them."""
    return tomllib.loads(STATISTICS.read_text(encoding="utf-8"))


def sample_claims(count: int, book: Rulebook, seed: int = YEAR, year: int = YEAR) -> pa.Table:
    """Return ``count`` claims of one year in order of settlement, as a claim file with about five fee lines each.

    Only what ``book`` settles is drawn, so areas, cares, levels and filings follow the pools that are loaded; about one
    claim in a hundred is wrong on purpose. Raises ValueError if the book settles nothing that the statistics describe.
    """
    about = statistics()
    cells = covered(book, about, year)
    if not cells:
        raise ValueError("the rulebook settles no area, scheme and care that the statistics describe")
    rng = np.random.default_rng(seed)
    first, last = days_of(year)
    moment = np.sort(rng.integers(first * DAY_SECONDS, last * DAY_SECONDS, count))
    visits = draw_visits(rng, about, cells, count)
    goods = goods_of(book, first)
    lines = draw_lines(rng, about, goods, visits)
    wrong = _wrong(rng, about, count)
    fields = _whose(visits, about, wrong) | _when(rng, visits, about, moment) | _account(rng, visits, about)
    total = np.add.reduceat(lines.amount_fen, lines.start[:-1]) + (wrong["total_differs"])
    fields["medfee_sumamt"] = decimal(total, 2)
    fields["feedetail"] = _details(lines, goods, wrong["item_unknown"])
    return pa.table({"medins_setl_id": serials(np.arange(1, count + 1), "S"), **fields})


def _wrong(rng: np.random.Generator, about: dict[str, Any], count: int) -> dict[str, np.ndarray]:
    """Return for each kind of fault which claims have it (bool); no claim has two."""
    drawn = rng.integers(0, TEN_THOUSAND, count)
    made, low = {}, 0
    for name, share in about["assumed"]["wrong"].items():
        made[name] = (drawn >= low) & (drawn < low + share)
        low += share
    return made


def _whose(visits: Visits, about: dict[str, Any], wrong: dict[str, np.ndarray]) -> dict[str, pa.Array]:
    """Return the person's, the area's and the institution's fields."""
    persons, person = visits.persons, visits.person
    assumed, schemes = about["assumed"], about["scheme"].values()
    area = persons.area[person]
    # Lists of areas, then places, then one that is nowhere: positions in one list of words.
    words = [*visits.areas, *visits.places, UNKNOWN_AREA]
    place = np.where(visits.place < 0, area, len(visits.areas) + visits.place)
    insured = np.where(wrong["area_unknown"], len(words) - 1, area)
    med_type = [assumed["care"][cell.care]["med_type"] for cell in visits.cells]
    return {
        "psn_no": hex_ids(person + 1, "P"),
        "insuplc_admdvs": chosen(insured, words),
        "mdtrtarea_admvs": chosen(place, words),
        "insutype": chosen(persons.scheme[person], [figures["insutype"] for figures in schemes]),
        "psn_type": chosen(persons.group[person], [assumed["group"][group]["psn_type"] for group in visits.groups]),
        "med_type": chosen(visits.cell, med_type),
        "medinslv": chosen(visits.level, codes.LEVELS),
        "filing": chosen(visits.filing, codes.FILINGS),
        "age": pa.array(persons.age[person].astype(np.int32)),
        "psn_insu_stas": chosen(np.where(wrong["suspended"], 1, 0), ["1", "2"]),
    }


def _when(rng: np.random.Generator, visits: Visits, about: dict[str, Any], moment: np.ndarray) -> dict[str, pa.Array]:
    """Return the time of settlement and, for a stay, its first and last day."""
    low, high = (np.full(moment.size, edge, np.int64) for edge in about["assumed"]["stay_days"])
    day = moment // DAY_SECONDS
    stay = np.array([cell.care == "inpatient" for cell in visits.cells])[visits.cell]
    begin = (day - between(rng, low, high)).astype(np.int32)
    return {
        "setl_time": pa.array(moment).cast(pa.timestamp("s")),
        "begntime": pa.array(begin, mask=~stay).cast(pa.date32()),
        "endtime": pa.array(day.astype(np.int32), mask=~stay).cast(pa.date32()),
    }


def _account(rng: np.random.Generator, visits: Visits, about: dict[str, Any]) -> dict[str, pa.Array]:
    """Return the use of the account, and the balance that the first claim of an employee brings."""
    assumed, size = about["assumed"], visits.person.size
    employee = visits.persons.scheme[visits.person] == list(about["scheme"]).index("employee")
    used = employee & (rng.integers(0, 100, size) < assumed["account_used_percent"])
    first = np.zeros(size, bool)
    first[np.unique(visits.person, return_index=True)[1]] = True
    low, high = assumed["account_balance_yuan"]
    balance = rng.integers(low * 100, high * 100 + 1, size)
    return {"acct_used_flag": pa.array(used.astype(np.int8)), "balc": decimal(balance, 2, absent=~(first & employee))}


def _details(lines: Lines, goods: Goods, item_unknown: np.ndarray) -> pa.Array:
    """Return the list column of fee lines; a claim with an unknown item has it in its first line."""
    at = np.arange(lines.claim.size) - lines.start[lines.claim]
    item = np.where((at == 0) & item_unknown[lines.claim], len(goods.codes), lines.item)
    columns = {
        "feedetl_sn": chosen(at, [str(n + 1) for n in range(int(at.max()) + 1)]),
        "med_list_codg": chosen(item, [*goods.codes, UNKNOWN_ITEM]),
        "cnt": decimal(lines.cnt * COUNT_OF_ONE, 4),
        "pric": decimal(lines.pric_fen * PRICE_OF_FEN, 6),
        "det_item_fee_sumamt": decimal(lines.amount_fen, 2),
    }
    items = pa.StructArray.from_arrays(list(columns.values()), list(columns))
    return pa.ListArray.from_arrays(pa.array(lines.start.astype(np.int32)), items)


def write_sample(path: Path, count: int, seed: int, book: Rulebook) -> int:
    """Write ``count`` sampled claims to a Parquet file; return how many fee lines they have."""
    table = sample_claims(count, book, seed)
    pq.write_table(table, path, compression="zstd", compression_level=1)
    return int(pc.sum(pc.list_value_length(table["feedetail"])).as_py())
