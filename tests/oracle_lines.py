"""Fee lines, a claim's scope and its parts in exact fractions: docs/calculation.md, sections 1 and 2."""

from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor
from typing import Any

from oracle_rules import Block, Refused, as_day, base_of, begins, listed, one_rule, percent, says

NO_LIMIT = 999999
ZERO = Fraction(0)
CLASSES = {"甲": "01", "乙": "02", "01": "01", "02": "02"}


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def fen(yuan: Any) -> int:
    """Whole fen of a draft's decimal text; an absent amount is 0."""
    exact = Fraction(str(yuan or 0)) * 100
    assert exact.denominator == 1, yuan
    return int(exact)


@dataclass
class Scope:
    """Published whole fen of a claim; and its lines, each with what of it is in scope (exact, or whole by line)."""

    medfee: int
    own_pay: int
    over_limit: int
    first_pay: int
    in_scope: int
    lines: list[tuple[Block, Fraction]]


# 1. A line


class Catalogue:
    """Rows of items by area, the latest last."""

    def __init__(self, rows: list[Block]) -> None:
        self.rows: dict[tuple[str, str], list[Block]] = {}
        for row in sorted(rows, key=lambda row: as_day(row["from"])):
            self.rows.setdefault((row["area"], row["med_list_codg"]), []).append(row)

    def row(self, code: str, areas: list[str], day: date) -> Block:
        """The row in force of the nearest area that has one."""
        for area in areas:
            found = [row for row in self.rows.get((area, code), []) if as_day(row["from"]) <= day]
            if found:
                return found[-1]
        raise Refused("R04_ITEM_UNKNOWN")


def terms(line: Block, catalogue: Catalogue, areas: list[str], claim_day: date) -> Block:
    """Class, ratio and limit of a line, and what selectors ask of it; `ratio` is None if nobody states one."""
    day = as_day(line["fee_ocur_time"]) if line.get("fee_ocur_time") else claim_day
    row = line if line.get("chrgitm_lv") else catalogue.row(line["med_list_codg"], areas, day)
    return {
        "class": row["chrgitm_lv"],
        "stated": line.get("selfpay_prop") or None,
        "ratio": row.get("selfpay_prop") or None,
        "limit": row.get("pric_uplmt_amt") or NO_LIMIT,
        "type": line.get("med_chrgitm_type") or row.get("med_chrgitm_type") or "",
        "negotiated": line.get("hi_nego_drug_flag") == "1",
        "code": line.get("med_list_codg") or "",
        "disease": line.get("dise_codg") or "",
    }


def selects(items: Block, line: Block) -> bool:
    """Whether a selector accepts a line; a 丙 line is never selected."""
    if line["class"] == "03":
        return False
    accepts = {
        "class": lambda wanted: line["class"] in [CLASSES[word] for word in listed(wanted)],
        "negotiated": lambda wanted: line["negotiated"] in listed(wanted),
        "disease": lambda wanted: bool(line["disease"]) and (wanted is True or begins(line["disease"], wanted)),
    }
    return all(
        accepts[name](wanted) if name in accepts else begins(line[name], wanted) for name, wanted in items.items()
    )


def ratio(line: Block, chain: list[Block], facts: Block) -> Fraction:
    """The first-pay ratio of a line: its own, else of a rule of the area of insurance (乙), else of the catalogue."""
    if line["class"] == "02" and line["stated"] is None:
        claim = says(scheme=facts["scheme"], care=facts["care"], where=facts["where"])
        rule = one_rule(chain, "first_pay", facts["day"], lambda b: claim(b) and selects(b["items"], line))
        if rule is not None:
            return percent(rule["ratio"])
    found = (line["stated"] if line["class"] == "02" else None) or line["ratio"]
    if line["class"] == "02" and found is None:
        raise Refused("C01_FIELD_MISSING")
    return Fraction(str(found or 0))


def line_amounts(line: Block, found: Block, share: Fraction) -> tuple[int, int, Fraction, Fraction, Fraction]:
    """Amount, own pay, over limit, first pay and in scope of a line; the last three exact."""
    charge = fen(line["det_item_fee_sumamt"])
    if found["class"] == "03":
        return charge, charge, ZERO, ZERO, ZERO
    limit = Fraction(str(found["limit"]))
    over = ZERO if limit == NO_LIMIT else max(ZERO, charge - Fraction(str(line["cnt"])) * limit * 100)
    first = share * (charge - over)
    return charge, 0, over, first, charge - over - first


# 2. A claim's scope


def publish(charge: int, own: int, over: Fraction, first: Fraction, inside: Fraction, rounds: str) -> tuple[int, ...]:
    """Whole fen of one line or one claim: one side is rounded, the other is what is left."""
    room = charge - own
    if rounds == "in_scope":
        in_scope = half_up(inside)
        over_limit = min(half_up(over), room - in_scope)
        return charge, own, over_limit, room - in_scope - over_limit, in_scope
    over_limit = half_up(over)
    first_pay = min(half_up(first), room - over_limit)
    return charge, own, over_limit, first_pay, room - over_limit - first_pay


def scope(lines: list[tuple[Any, ...]], found: list[Block], rounding: Block) -> Scope:
    if rounding["at"] == "claim":
        inside = [line[4] for line in lines]
        whole = publish(*[sum(column) for column in zip(*lines, strict=True)], rounding["rounds"])  # type: ignore[arg-type]
    else:
        published = [publish(*line, rounding["rounds"]) for line in lines]
        inside = [Fraction(line[4]) for line in published]
        whole = tuple(sum(column) for column in zip(*published, strict=True))
    return Scope(*whole, lines=list(zip(found, inside, strict=True)))  # type: ignore[arg-type]


def taken(program: list[Block], claim: Scope) -> list[list[int]]:
    """The lines that each layer with `items` takes, in the order of the layers; at the end those that none took (丙 aside)."""
    free = [at for at, (line, _) in enumerate(claim.lines) if line["class"] != "03"]
    found = []
    for block in program:
        own = [at for at in free if "items" in block and selects(block["items"], claim.lines[at][0])]
        free = [at for at in free if at not in own]
        found.append(own)
    return [*found, free]


def parts(program: list[Block], claim: Scope) -> list[int | None]:
    """The part of each layer with `items`; None for a layer without, which works on the main part."""
    left = claim.in_scope
    found: list[int | None] = []
    for block, own in zip(program, taken(program, claim), strict=False):
        part = min(half_up(sum((claim.lines[at][1] for at in own), ZERO)), left)
        left -= part
        found.append(part if "items" in block else None)
    return found


def leaves_out(program: list[Block], claim: Scope) -> bool:
    """Whether only layers with `items` work on the scope, and a line is for none of them."""
    paying = [block for block in program if base_of(block) == "in_scope"]
    return all("items" in block for block in paying) and bool(program) and bool(taken(program, claim)[-1])
