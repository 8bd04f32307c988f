"""Which rules apply to a claim, read from docs/pool-format.md: the oracle's door, sharing no code with the product."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from fractions import Fraction
from itertools import product
from typing import Any

Block = dict[str, Any]
Fits = Callable[[Block], bool]

MUNICIPALITIES = ("11", "12", "31", "50")
SCHEMES = {"310": "employee", "390": "resident"}
FUNDS = ("hifp_pay", "hifob_pay", "hifmi_pay", "cvlserv_pay", "hifes_pay", "maf_pay", "oth_pay")
ORDERS = {fund: 10 * place for place, fund in enumerate(FUNDS, start=1)}
PERIODS = ("year", "quarter", "month")
KEYS = {
    "benefit": ("level", "disease", "who"),  # scheme, care and layer are chosen before
    "elsewhere": ("scheme", "care", "filing", "where", "places"),
    "first_pay": ("scheme", "care", "where", "items"),
    "filing": ("filing", "emergency", "filed", "where", "scheme"),
    "waiting": ("scheme", "psn_type", "care"),
    "suspension": ("scheme", "psn_type", "care"),
    "stay": ("scheme", "care"),
    "account": ("scheme",),
}


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


def begins(value: str, beginnings: Any) -> bool:
    return any(value.startswith(beginning) for beginning in listed(beginnings))


def as_day(value: str | date) -> date:
    return value if isinstance(value, date) else datetime.fromisoformat(value).date()


# Files


def read(pool: Block) -> Block:
    """The file with every table by date, a `key` in each block and a block a disease in place of each `by_disease`."""
    tables = {name: sorted(part, key=lambda b: b["from"]) for name, part in pool.items() if isinstance(part, list)}
    tables["benefit"] = [one for block in tables.get("benefit", []) for one in by_disease(block)]
    for name, keys in KEYS.items():
        tables[name] = [block | {"key": key_of(block, keys)} for block in tables.get(name, [])]
    return {**pool, **tables}


def key_of(block: Block, keys: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(frozen(block[name]) if name in block else None for name in keys)


def frozen(value: Any) -> Any:
    """A key's part that can be compared: the order of a list, and whether one stands in a list, mean nothing."""
    if isinstance(value, dict):
        return frozenset((name, frozen(part)) for name, part in value.items())
    return frozenset(listed(value))


def by_disease(block: Block) -> list[Block]:
    cap = block.get("cap")
    if not isinstance(cap, dict) or "by_disease" not in cap:
        return [block]
    blocks = []
    for disease, limit in cap["by_disease"].items():
        own = {name: value for name, value in cap.items() if name != "by_disease"} | {"amount": limit}
        if "counter" in cap:
            own["counter"] = f"{cap['counter']}_{disease}"
        blocks.append({**block, "disease": disease, "cap": own})
    return blocks


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


def setting(chain: list[Block], name: str, default: Any) -> Any:
    """A key of [pool], from the nearest file that says it."""
    return next((pool["pool"][name] for pool in chain if name in pool["pool"]), default)


def where_is(chain: list[Block], insured: str, place: str) -> str:
    """Tell "local", "in_province" or "cross_province"."""
    whole_province = insured[:2] in MUNICIPALITIES or insured[2:] in ("0000", "9900")
    same = 2 if whole_province else 4
    if insured[:same] == place[:same] or begins(place, setting(chain, "local_places", [])):
        return "local"
    return "in_province" if insured[:2] == place[:2] else "cross_province"


# Which block


def own_key(block: Block) -> Any:
    return block["key"]


def in_force(blocks: Iterable[Block], day: date, key: Callable[[Block], Any] = own_key) -> list[Block]:
    """The latest block of each key, of blocks by date; a repealed one ends its key."""
    latest = {key(block): block for block in blocks if block["from"] <= day}
    return [block for block in latest.values() if not block.get("repealed")]


def nearest(tables: Iterable[list[Block]], day: date, key: Callable[[Block], Any] = own_key) -> list[Block]:
    """The blocks in force of the first area that has any."""
    for blocks in tables:
        if found := in_force(blocks, day, key):
            return found
    return []


def one_rule(chain: list[Block], table: str, day: date, fits: Fits, before: str = "") -> Block | None:
    """The block that fits, of the nearest area that has one in force; two that fit are an error.

    Blocks with the key `before` go before those without.
    """
    tables = ([block for block in pool.get(table, []) if fits(block)] for pool in chain)
    found = nearest(tables, day)
    found = [block for block in found if before in block] or found
    assert len(found) <= 1, ("two blocks match", found)
    return found[0] if found else None


def says(**claim: Any) -> Fits:
    """Whether a block lists the claim's value under each name; a key left out accepts all."""
    return lambda block: all(value in listed(block.get(name, value)) for name, value in claim.items())


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


# [[benefit]]


def layer_name(block: Block) -> str:
    """A block without fund says that a claim is not covered; it has no layer name."""
    return str(block.get("layer", block.get("fund", "")))


def base_of(block: Block) -> str:
    return str(block.get("base", "in_scope"))


def matches(block: Block, facts: Block) -> bool:
    """Whether the block's `level`, `disease` and `who` accept a claim with these facts."""
    who = block.get("who", {})
    return (
        facts["level"] in block.get("level", [facts["level"]])
        and begins(facts["disease"], block.get("disease", ""))
        and begins(facts["psn_type"], who.get("psn_type", ""))
        and facts["group"] in listed(who.get("group", facts["group"]))
        and who.get("age_from", 0) <= facts["age"]
        and facts["age"] < who.get("age_under", 1000)
        and all(who.get(flag, facts[flag]) == facts[flag] for flag in ("civil_servant", "assistance", "family_doctor"))
    )


def lacks_level(block: Block, level: str) -> bool:
    """Whether a table by level of this block does not list the level."""
    if block.get("reported"):
        return False
    tables = [band["rate"] for band in block["bands"] if isinstance(band["rate"], dict)]
    parts = [part for part in (block["deductible"], block["cap"]) if isinstance(part, dict)]
    tables += [part["by_level"] for part in parts if "by_level" in part]
    return any(level not in table for table in tables)


def uncovered(blocks: list[Block], facts: Block) -> list[Block]:
    """The blocks of one area that say that the claim is not covered."""
    said = in_force((block for block in blocks if not layer_name(block)), facts["day"])
    return [block for block in said if matches(block, facts)]


def names_of(blocks: list[Block]) -> set[str]:
    return {layer_name(block) for block in blocks} - {""}


def of_layer(blocks: list[Block], name: str) -> list[Block]:
    return [block for block in blocks if layer_name(block) == name]


def ends(tables: list[list[Block]], paying: list[Block], facts: Block) -> bool:
    """Whether an area says that the claim is not covered, and what works on the scope does not overrule it.

    A nearer area that gives such a layer does; and the area's own layer for the claim's disease, if the area's refusal
    names none.
    """
    for at, blocks in enumerate(tables):
        refusing = uncovered(blocks, facts)
        if any(block is mine for block in paying for nearer in tables[:at] for mine in nearer):
            continue
        own = [chosen(in_force(of_layer(blocks, name), facts["day"]), facts) for name in names_of(blocks)]
        named = [block for found in own for block in found if "disease" in block and base_of(block) == "in_scope"]
        if any("disease" in block or not named for block in refusing):
            return True
    return False


def chosen(blocks: list[Block], facts: Block) -> list[Block]:
    """The one block of a layer that matches; blocks that name a disease go before those that name none."""
    found = [block for block in blocks if matches(block, facts)]
    found = [block for block in found if "disease" in block] or found
    assert len(found) <= 1, ("two blocks match", found)
    return found


def program(tables: list[list[Block]], facts: Block) -> list[Block]:
    """The claim's layers in order, from its areas' benefit blocks for its scheme and care; empty if not covered."""
    layers = []
    for name in names_of([block for blocks in tables for block in blocks]):
        layers += chosen(nearest([of_layer(blocks, name) for blocks in tables], facts["day"]), facts)
    paying = [block for block in layers if base_of(block) == "in_scope"]
    if ends(tables, paying, facts):
        return []
    if not paying:
        raise Refused("R01_RULE_MISSING")
    if any(lacks_level(block, facts["level"]) for block in layers):
        raise Refused("R02_LEVEL_MISSING")
    return sorted(layers, key=lambda block: (block.get("order", ORDERS[block["fund"]]), layer_name(block)))


# Counters and periods


def deductible_counters(table: Any, scheme: str, care: str) -> dict[str, tuple[str, str]]:
    """Counters of a deductible: name → kind and period. `admission` counts stays; the others count what was paid."""
    if not isinstance(table, dict) or table["per"] == "visit":
        return {}
    per = table["per"]
    if per == "admission":
        name = table.get("counter", "admissions")
        return {name: ("admission", "year"), **({f"{name}_paid": ("paid", "year")} if "year_limit" in table else {})}
    default = f"{scheme}_{care}_deductible" + ("" if per == "year" else f"_{per}")
    return {table.get("counter", default): ("paid", per)}


def counters_of(chain: list[Block]) -> dict[str, tuple[str, str]]:
    """Name, kind and period of every counter of an area's files."""
    names: dict[str, tuple[str, str]] = {}
    for block in (block for pool in chain for block in pool.get("benefit", [])):
        for part in ("measure", "cap"):
            table = block.get(part)
            if isinstance(table, dict) and "counter" in table:
                names[table["counter"]] = (part, table["per"] if part == "cap" else "year")
        for scheme, care in product(listed(block["scheme"]), listed(block["care"])):
            names |= deductible_counters(block.get("deductible"), scheme, care)
    return names


def year_of(chain: list[Block], scheme: str, day: date) -> int:
    """The calendar year in which the day's benefit year begins: as the nearest file says that has one for the scheme."""
    years = ({**pool["pool"], **pool["pool"].get("scheme_years", {})} for pool in chain)
    begins_on = next(str(found) for year in years if (found := year.get(scheme, year.get("benefit_year"))))
    month_day = (1, 1) if begins_on == "calendar" else (int(begins_on[:2]), int(begins_on[3:]))
    return day.year if (day.month, day.day) >= month_day else day.year - 1


def periods_of(chain: list[Block], scheme: str, day: date) -> dict[str, tuple[Any, ...]]:
    """The benefit year, quarter and month that a day lies in."""
    return {
        "year": ("year", year_of(chain, scheme, day)),
        "quarter": ("quarter", day.year, (day.month - 1) // 3),
        "month": ("month", day.year, day.month),
    }


def scheme_of(draft: Block) -> str:
    return SCHEMES.get(draft["insutype"], str(draft["insutype"]))
