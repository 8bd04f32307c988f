"""Codes and small draws that random pools and random claims share, from a seeded `random.Random`."""

from datetime import date
from random import Random
from typing import Any

Block = dict[str, Any]

LEVELS = ["community", "1", "2", "3", "provincial", "ungraded"]
GROUPS = ["working", "retired", "cadre", "minor", "adult", "elderly"]
CARES = ["inpatient", "outpatient", "emergency", "chronic", "pharmacy", "maternity"]
FILINGS = ["resident_there", "referred", "emergency", "unfiled"]
WHERES = ["in_province", "cross_province"]
MED_TYPES = {
    "inpatient": ["21", "2101", "22"],
    "outpatient": ["11", "12", "1402"],
    "emergency": ["13"],
    "chronic": ["14", "1401", "19"],
    "pharmacy": ["41"],
    "maternity": ["51", "52"],
}
PSN_TYPES = {"11": "working", "12": "retired", "13": "cadre", "14": "minor", "15": "adult", "16": "elderly"}
PSN_TYPES["1203"] = "working"
HOSP_LVS = {"01": "3", "02": "3", "03": "2", "04": "1", "05": "ungraded", "06": "community", "07": "provincial"}
ITEMS = [f"ITEM{n}" for n in range(8)]
DISEASES = ["M01600", "M01603", "M00500", "M03900", "M03901"]
CHARGE_TYPES = ["09", "0901", "11", "1401", "05"]
START = date(2023, 1, 1)
CHANGES = [date(2024, 4, 1), date(2024, 7, 16), date(2025, 1, 1)]


def chance(r: Random, percent: int) -> bool:
    return r.randrange(100) < percent


def some_fen(r: Random, most: int = 7) -> int:
    """Draw whole fen of any size: from nothing to 10 ** most, often a round sum."""
    fen = r.randrange(10 ** r.randint(1, most))
    return fen if chance(r, 40) else fen // 1000 * 1000 or fen


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def money(fen: int) -> str:
    return f"{fen // 100} yuan" if fen % 100 == 0 else f"{yuan(fen)} yuan"


def number(r: Random, low: int, high: int) -> str:
    """Draw a number with at most two decimals, ends included."""
    kind = r.randrange(10)
    if kind < 6:
        return str(r.randint(low, high))
    return str(low) if kind == 6 else str(high) if kind == 7 else yuan(r.randint(low * 100, high * 100))


def percentage(r: Random, low: int = 0, high: int = 100) -> str:
    return number(r, low if chance(r, 20) else (low + high) // 2, high) + "%"


def parts_of(r: Random, items: list[Any]) -> list[list[Any]]:
    """Draw a partition of the items into one to three lists, each not empty."""
    mixed = r.sample(items, len(items))
    cuts = sorted(r.sample(range(1, len(items)), min(len(items) - 1, r.randrange(3))))
    return [mixed[a:b] for a, b in zip([0, *cuts], [*cuts, len(items)], strict=True)]


def some(r: Random, items: list[Any], most: int = 2) -> list[Any]:
    return r.sample(items, r.randint(1, min(most, len(items))))


def one_or_list(items: list[Any]) -> Any:
    return items[0] if len(items) == 1 else items


def item_terms(r: Random, level: str) -> Block:
    """Draw a class with its first-pay ratio and price limit, as decimal text."""
    ratio = {"01": "0.0000", "02": r.choice(["0.1000", "0.0500", "0.2000", "0.3333", "1.0000"]), "03": "1.0000"}[level]
    limit = "999999" if chance(r, 60) else f"{r.randrange(400)}.{r.choice(['000000', '500000', '333333', '005000'])}"
    return {"chrgitm_lv": level, "selfpay_prop": ratio, "pric_uplmt_amt": limit}
