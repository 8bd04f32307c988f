"""Which rules apply to a claim, read from docs/pool-format.md: the oracle's door, sharing no code with the product."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from fractions import Fraction
from itertools import product
from typing import Any

Block = dict[str, Any]

MUNICIPALITIES = ("11", "12", "31", "50")
SCHEMES = {"310": "employee", "390": "resident"}
FUNDS = ("hifp_pay", "hifob_pay", "hifmi_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "oth_pay")
ORDERS = {fund: 10 * place for place, fund in enumerate(FUNDS, start=1)}


class Refused(Exception):
    """A claim that is not settled; the code says why."""


def amount(text: str) -> Fraction:
    """Turn "800 yuan" into exact fen."""
    number, unit = text.split()
    assert unit == "yuan", text
    return Fraction(number) * 100


def percent(text: str) -> Fraction:
    """Turn "85%", or points "3", into a fraction of one."""
    return Fraction(text.rstrip("%")) / 100


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def as_day(value: str | date) -> date:
    return value if isinstance(value, date) else datetime.fromisoformat(value).date()


def chain_of(pools: dict[str, Block], code: str) -> list[Block]:
    """The area's own file, then what it inherits from, to the top."""
    chain = [pools[code]]
    while "inherits" in chain[-1]["pool"]:
        chain.append(pools[chain[-1]["pool"]["inherits"]])
    return chain


def insured_pool(pools: dict[str, Block], code: str) -> str:
    """The pool of an insured area: its own, its city's; its province's only in a municipality."""
    province = [code[:2] + "0000"] if code[:2] in MUNICIPALITIES else []
    for candidate in [code, code[:4] + "00", *province]:
        if candidate in pools:
            return candidate
    raise Refused("P01_UNKNOWN_AREA")


def place_areas(pools: dict[str, Block], code: str) -> list[str]:
    """The areas whose catalogue is read for a place of treatment, nearest first."""
    nearer: list[str] = []
    for candidate in (code, code[:4] + "00", code[:2] + "0000"):
        if candidate in pools:
            return nearer + [pool["pool"]["code"] for pool in chain_of(pools, candidate)]
        nearer.append(candidate)
    return [*nearer, "000000"]


def where_is(insured: str, place: str) -> str:
    """Tell "local", "in_province" or "cross_province"."""
    whole_province = insured[:2] in MUNICIPALITIES or insured[2:] in ("0000", "9900")
    if insured[:2] != place[:2]:
        return "cross_province"
    return "local" if whole_province or insured[:4] == place[:4] else "in_province"


def in_force(blocks: Iterable[Block], day: date, key: Callable[[Block], Any]) -> list[Block]:
    """The latest block of each key; a repealed one ends its key."""
    latest = {key(block): block for block in sorted(blocks, key=lambda b: b["from"]) if block["from"] <= day}
    return [block for block in latest.values() if not block.get("repealed")]


def nearest(tables: Iterable[list[Block]], day: date, key: Callable[[Block], Any]) -> list[Block]:
    """The blocks in force of the first area that has any."""
    for blocks in tables:
        if found := in_force(blocks, day, key):
            return found
    return []


def mapped(chain: list[Block], table: str, field: str, value: str, day: date) -> str:
    """Translate a national code by [[care]], [[level]] or [[group]]: nearest area first, then the longest beginning."""

    def beginning(block: Block) -> int:
        return max((len(code) for code in listed(block[field]) if value.startswith(code)), default=0)

    tables = ([block for block in pool.get(table, []) if beginning(block)] for pool in chain)
    found = nearest(tables, day, beginning)
    if not found:
        raise Refused("R01_RULE_MISSING")
    return str(max(found, key=beginning)["is"])


def level_of(chain: list[Block], draft: Block, day: date) -> str:
    plain = draft.get("dedc_hosp_lv") or draft.get("medinslv")
    if plain:
        return "ungraded" if plain == "9" else str(plain)
    return mapped(chain, "level", "hosp_lv", draft["hosp_lv"], day)


def layer_name(block: Block) -> str:
    """A block without fund says that a claim is not covered; it has no layer name."""
    return str(block.get("layer", block.get("fund", "")))


def base_of(block: Block) -> str:
    return str(block.get("base", "in_scope"))


def benefit_key(block: Block) -> tuple[Any, ...]:
    """Level and who; scheme, care and layer are chosen before."""
    who = {name: frozenset(listed(value)) for name, value in block.get("who", {}).items()}
    return frozenset(block.get("level", [])), frozenset(who.items())


def matches(block: Block, facts: Block) -> bool:
    """Whether the block's `level` and `who` accept a claim with these facts."""
    who = block.get("who", {})
    return (
        facts["level"] in block.get("level", [facts["level"]])
        and facts["group"] in listed(who.get("group", facts["group"]))
        and who.get("age_from", 0) <= facts["age"]
        and facts["age"] < who.get("age_under", 1000)
        and who.get("civil_servant", facts["civil_servant"]) == facts["civil_servant"]
        and who.get("assistance", facts["assistance"]) == facts["assistance"]
    )


def lacks_level(block: Block, level: str) -> bool:
    """Whether a table by level of this block does not list the level."""
    if block.get("reported"):
        return False
    tables = [band["rate"] for band in block["bands"] if isinstance(band["rate"], dict)]
    for part in (block["deductible"], block["cap"]):
        if "by_level" in part and part != "none":
            tables.append(part["by_level"])
    return any(level not in table for table in tables)


def distance(tables: list[list[Block]], blocks: list[Block]) -> int:
    """How far up the nearest of some blocks stands: 0 the area's own file."""
    return min(
        (at for at, own in enumerate(tables) for block in blocks if any(block is mine for mine in own)), default=99
    )


def uncovered(blocks: list[Block], facts: Block) -> list[Block]:
    """The blocks of one area that say that the claim is not covered."""
    said = in_force((block for block in blocks if not layer_name(block)), facts["day"], benefit_key)
    return [block for block in said if matches(block, facts)]


def program(tables: list[list[Block]], facts: Block) -> list[Block]:
    """The claim's layers in order, from its areas' benefit blocks for its scheme and care; empty if not covered."""
    layers = []
    refusing = [block for blocks in tables for block in uncovered(blocks, facts)]
    for name in {layer_name(block) for blocks in tables for block in blocks} - {""}:
        own = [[block for block in blocks if layer_name(block) == name] for blocks in tables]
        found = [block for block in nearest(own, facts["day"], benefit_key) if matches(block, facts)]
        assert len(found) <= 1, ("two blocks match", found)
        layers += found
    paying = [block for block in layers if base_of(block) == "in_scope"]
    if refusing and distance(tables, refusing) <= distance(tables, paying):
        return []
    if not any(base_of(block) == "in_scope" for block in layers):
        raise Refused("R01_RULE_MISSING")
    if any(lacks_level(block, facts["level"]) for block in layers):
        raise Refused("R02_LEVEL_MISSING")
    return sorted(layers, key=lambda block: (block.get("order", ORDERS[block["fund"]]), layer_name(block)))


def one_rule(chain: list[Block], table: str, day: date, **claim: str) -> Block | None:
    """The latest [[elsewhere]] or [[account]] block of the nearest area with any; a key left out accepts all."""

    def fits(block: Block) -> bool:
        return all(value in listed(block.get(name, value)) for name, value in claim.items())

    tables = ([block for block in pool.get(table, []) if fits(block)] for pool in chain)
    found = nearest(tables, day, lambda block: 0)
    return found[0] if found else None


def deductible_counter(table: Any, scheme: str, care: str) -> str | None:
    """The counter of a deductible: the named one, else one for all admissions, or one a scheme and care for a year."""
    if table == "none" or table["per"] == "visit":
        return None
    return str(table.get("counter", "admissions" if table["per"] == "admission" else f"{scheme}_{care}_deductible"))


def counters_of(chain: list[Block]) -> dict[str, tuple[str, str]]:
    """Name, kind and period of every counter of an area's files."""
    names: dict[str, tuple[str, str]] = {}
    for block in (block for pool in chain for block in pool.get("benefit", [])):
        for part in ("measure", "cap"):
            table = block.get(part)
            if isinstance(table, dict) and "counter" in table:
                names[table["counter"]] = (part, table["per"] if part == "cap" else "year")
        table = block.get("deductible", "none")
        for scheme, care in product(listed(block["scheme"]), listed(block["care"])):
            if name := deductible_counter(table, scheme, care):
                names[name] = (table["per"], "year")
    return names


def periods_of(chain: list[Block], day: date) -> dict[str, tuple[Any, ...]]:
    """The benefit year, quarter and month that a day lies in."""
    begins = str(setting(chain, "benefit_year", "calendar"))
    month_day = (1, 1) if begins == "calendar" else (int(begins[:2]), int(begins[3:]))
    year = day.year if (day.month, day.day) >= month_day else day.year - 1
    return {
        "year": ("year", year),
        "quarter": ("quarter", day.year, (day.month - 1) // 3),
        "month": ("month", day.year, day.month),
    }


def setting(chain: list[Block], name: str, default: Any) -> Any:
    """A key of [pool], from the nearest file that says it."""
    return next((pool["pool"][name] for pool in chain if name in pool["pool"]), default)
