"""Fee lines: how many, which items, at which price, so that bills have the published mean and an assumed spread."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from settlement.rules.catalogue import Item
from settlement.rules.rulebook import NATION, Rulebook
from settlement.sample.people import Visits, between
from settlement.spans import day_number, day_of

DRUG_LETTERS = (
    "XZT"  # a national drug code begins with X (western) or Z, T (Chinese); services with digits, goods with C
)
FEN = 100
E4 = 10_000  # a price limit is in 1/10 000 fen


class Goods(NamedTuple):
    """The items that may be charged everywhere: codes, price limits in fen (0 for none), and which are drugs."""

    codes: list[str]
    limit_fen: np.ndarray
    drugs: np.ndarray
    others: np.ndarray


class Lines(NamedTuple):
    """Lines of claim i at ``start[i]:start[i + 1]``: item, quantity, price and amount in whole fen."""

    start: np.ndarray
    claim: np.ndarray
    item: np.ndarray
    cnt: np.ndarray
    pric_fen: np.ndarray
    amount_fen: np.ndarray


def goods_of(book: Rulebook, first_day: int) -> Goods:
    """Return the items of the national catalogue in force on a day; a place's own row may still take their place."""
    newest: dict[str, Item] = {}
    for item in sorted(book.catalogue.items, key=lambda item: (item.med_list_codg, item.from_day)):
        if item.area == NATION and item.from_day <= first_day:
            newest[item.med_list_codg] = item
    if not newest:
        raise ValueError(f"the national catalogue has no item in force on {day_of(first_day)}")
    drug = np.array([code[0] in DRUG_LETTERS for code in newest])
    limits = np.array([max(0, item.pric_uplmt_e4) // E4 for item in newest.values()], np.int64)
    everything = np.arange(drug.size)
    drugs, others = everything[drug], everything[~drug]
    return Goods(list(newest), limits, drugs if drugs.size else others, others if others.size else drugs)


def draw_lines(rng: np.random.Generator, about: dict[str, Any], goods: Goods, visits: Visits) -> Lines:
    """Draw the lines of every claim; amount is price times quantity exactly, a bill is near its drawn total."""
    assumed = about["assumed"]
    span = np.array([assumed["care"][cell.care]["lines"] for cell in visits.cells], np.int64)[visits.cell]
    start = np.concatenate([[0], np.cumsum(between(rng, span[:, 0], span[:, 1]))])
    claim = np.repeat(np.arange(visits.cell.size), np.diff(start))
    only_drugs = np.array([cell.care == "pharmacy" for cell in visits.cells])[visits.cell][claim]
    item = _items(rng, goods, only_drugs | (rng.integers(0, 100, claim.size) < assumed["drug_lines_percent"]))
    weight = rng.integers(1, 100, claim.size)
    target = _bills(rng, about, visits)[claim] * weight // np.add.reduceat(weight, start[:-1])[claim]
    low, high = assumed["quantity"]
    cnt = rng.integers(low, high + 1, claim.size)
    low, high = assumed["price_to_limit_percent"]
    near_limit = goods.limit_fen[item] * rng.integers(low, high + 1, claim.size) // 100
    limited = (near_limit > 0) & (near_limit < target)
    cnt = np.where(limited, target // np.maximum(1, near_limit), cnt)
    pric = np.maximum(1, np.where(limited, near_limit, target // cnt))
    return Lines(start, claim, item, cnt, pric, pric * cnt)


def _items(rng: np.random.Generator, goods: Goods, drug: np.ndarray) -> np.ndarray:
    drawn = rng.integers(0, 1 << 30, drug.size)
    return np.where(drug, goods.drugs[drawn % goods.drugs.size], goods.others[drawn % goods.others.size])


def _bills(rng: np.random.Generator, about: dict[str, Any], visits: Visits) -> np.ndarray:
    """Return each claim's intended total in fen: the mean of its scheme and care times a drawn share of it."""
    means = []
    for cell in visits.cells:
        care = about["scheme"][cell.scheme]["care"][cell.care]
        means.append(care["cost"] * FEN // care["settlements"])
    spread = np.array(about["assumed"]["bill_spread"], np.int64)
    drawn = spread[rng.integers(0, spread.size, visits.cell.size)]
    return np.array(means, np.int64)[visits.cell] * drawn * spread.size // int(spread.sum())


def days_of(year: int) -> tuple[int, int]:
    """Return the first day of a year and of the next, as days since 1970."""
    return day_number(day_of(0).replace(year=year)), day_number(day_of(0).replace(year=year + 1))
