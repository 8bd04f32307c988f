"""Random small worlds: pool files, a catalogue and claims in settlement order; seeded for speed, hypothesis on top."""

import json
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from hypothesis import strategies as st
from random_pools import (
    CARES,
    FILINGS,
    HOSP_LVS,
    LEVELS,
    MED_TYPES,
    PSN_TYPES,
    Block,
    PoolMaker,
    chance,
    item_terms,
    random_catalogue,
    some_fen,
    yuan,
)

INSUTYPES = {"employee": "310", "resident": "390", "340": "340"}
FIRST_DAY = date(2024, 1, 1)


@dataclass(frozen=True, repr=False)
class World:
    """Pools as parsed TOML by code, catalogue rows, and drafts in settlement order."""

    seed: int
    pools: dict[str, Block]
    catalogue: list[Block]
    drafts: list[Block]

    def __repr__(self) -> str:
        return f"random_world({self.seed}, {len(self.drafts)} claims)"  # the whole text would be a hundred kilobytes


def random_world(seed: int, most: int = 12, yearly: bool = False) -> World:
    """One world of up to `most` claims; `yearly` has calendar years and no counter of a month or quarter."""
    r = Random(seed)
    maker = PoolMaker(r, yearly)
    pools = maker.pools()
    catalogue = random_catalogue(r, [*pools, "990300", "990302", "980100", "980101", "980000"])
    persons = [random_person(r, n, pools, maker.schemes) for n in range(r.randint(1, 3))]
    drafts = [random_draft(r, pools, persons) for _ in range(r.randint(1, most))]
    drafts.sort(key=lambda draft: draft["setl_time"])
    for n, draft in enumerate(drafts):
        draft["medins_setl_id"] = f"S{n}"
        draft["setl_time"] += f":{n:02d}"
    return World(seed, pools, catalogue, drafts)


def random_person(r: Random, n: int, pools: dict[str, Block], schemes: list[str]) -> Block:
    cities = [code for code in pools if code not in ("000000", "990000")]
    city = r.choice(cities)
    district = city[:4] + "02" if city != "310000" else "310104"
    return {
        "psn_no": f"P{n}",
        "insuplc_admdvs": r.choice([city, city, district, "990000"]),
        "insutype": INSUTYPES[r.choice(schemes)],
        "psn_type": r.choice([*sorted(PSN_TYPES), "12", "12"]) + r.choice(["", "", "01"]),
        "age": r.choice([0, 5, 13, 14, 17, 18, 30, 44, 45, 59, 60, 69, 70, 90]),
        "cvlserv_flag": r.choice("01"),
        "assistance": r.choice("01"),
        "care": r.choice(CARES),
        "month": r.randrange(24),
    }


def random_draft(r: Random, pools: dict[str, Block], persons: list[Block]) -> Block:
    """One claim; most of a person's claims are of one care in neighbouring months, so that counters meet."""
    person = r.choice(persons)
    draft = {name: value for name, value in person.items() if name not in ("care", "month")}
    care = person["care"] if chance(r, 60) else r.choice(CARES)
    draft["med_type"] = r.choice(MED_TYPES[care])
    month = person["month"] if chance(r, 60) else r.randrange(24)
    settled = FIRST_DAY + timedelta(days=min(730, month * 30 + r.randrange(35)))
    draft["setl_time"] = f"{settled} {r.randrange(24):02d}:{r.randrange(60):02d}"
    if care == "inpatient":
        left = max(FIRST_DAY, settled - timedelta(days=r.choice([0, 1, 5, 40, 100])))
        draft["endtime"] = left.isoformat()
        draft["begntime"] = (left - timedelta(days=r.choice([0, 1, 7, 30, 31, 90, 91, 200]))).isoformat()
    draft |= random_place(r, pools, person["insuplc_admdvs"])
    draft |= random_money(r, pools)
    draft["feedetail"] = [random_line(r, n, settled) for n in range(r.randint(1, 4))]
    if chance(r, 4):
        draft |= {"insuplc_admdvs": r.choice([*pools, "770100"])}
    if draft["insuplc_admdvs"] == "000000":
        draft["insuplc_admdvs"] = "990000"
    if chance(r, 2):
        draft["psn_insu_stas"] = r.choice(["2", "4"])
    return draft


def random_place(r: Random, pools: dict[str, Block], insured: str) -> Block:
    elsewhere = [*pools, "990202", "990302", "980101", "110105"]
    place = insured if chance(r, 40) else r.choice([code for code in elsewhere if code != "000000"])
    draft: Block = {"mdtrtarea_admvs": place}
    if chance(r, 70):
        draft["filing"] = r.choice([*FILINGS, ""])
    level = {"hosp_lv": r.choice(sorted(HOSP_LVS))}
    if chance(r, 50):
        level["medinslv"] = r.choice([*LEVELS, "9"])
    if chance(r, 15):
        level["dedc_hosp_lv"] = r.choice([*LEVELS, "9"])
    return {**draft, **level}


def named_in(pools: dict[str, Block]) -> tuple[dict[str, str], list[str]]:
    """Counter names with their kind, and funds of reported layers, of all files."""
    counters, funds = {}, set()
    for block in (block for pool in pools.values() for block in pool.get("benefit", [])):
        if block.get("reported"):
            funds.add(block["fund"])
        for table in (block.get(part) for part in ("deductible", "measure", "cap")):
            if isinstance(table, dict) and "counter" in table:
                counters[table["counter"]] = table.get("per", "year")
            elif isinstance(table, dict) and table.get("per") == "admission":
                counters["admissions"] = "admission"
    return counters, sorted(funds)


def random_money(r: Random, pools: dict[str, Block]) -> Block:
    """Account, hospital's part, what other payers reported, and now and then counters from outside."""
    counters, funds = named_in(pools)
    draft: Block = {"acct_used_flag": r.choice("0111"), "balc": yuan(some_fen(r, 6))}
    if chance(r, 40):
        draft["acct_mulaid_balc"] = yuan(some_fen(r, 6))
    if chance(r, 10):
        draft["hosp_part_amt"] = yuan(some_fen(r, 5))
    if chance(r, 20):
        draft["transfer_dedc_paid"] = yuan(some_fen(r, 5))
    if chance(r, 97):
        draft["reported_pay"] = {fund: yuan(some_fen(r)) for fund in funds}
    if chance(r, 4):
        chosen = r.sample(sorted(counters), r.randint(min(1, len(counters)), len(counters)))
        values = {name: str(r.randrange(5)) if counters[name] == "admission" else yuan(some_fen(r)) for name in chosen}
        draft["year_so_far"] = values
        if chance(r, 25):
            draft["hosp_part_amt"] = yuan(10**9)  # the kernel refuses the claim, but its counters stand
    return draft


def random_line(r: Random, n: int, settled: date) -> Block:
    line: Block = {"feedetl_sn": str(n + 1), "med_list_codg": f"ITEM{r.randrange(8)}"}
    line |= random_price(r)
    if chance(r, 0 if n else 2):
        line["med_list_codg"] = "NOWHERE"
    if chance(r, 55):
        own = item_terms(r, r.choice(["01", "02", "02", "02", "03"]))
        absent = ["pric_uplmt_amt"] if chance(r, 50) else []
        absent += ["selfpay_prop"] if own["chrgitm_lv"] != "02" and chance(r, 50) else []
        line |= {name: value for name, value in own.items() if name not in absent}
    elif chance(r, 30):
        day = settled - timedelta(days=r.randrange(400))
        line["fee_ocur_time"] = f"{day} 08:30:00"
    return line


def random_price(r: Random) -> Block:
    """Quantity, price and amount that agree; many amounts end where a tenth of them is half a fen."""
    if chance(r, 50):
        fen = r.choice([some_fen(r, 4), some_fen(r), some_fen(r, 8), r.randrange(100) * 10 + 5])
        return {"cnt": "1.0000", "pric": yuan(fen) + "0000", "det_item_fee_sumamt": yuan(fen)}
    count = r.choice([r.randint(1, 30) * 10000, r.randint(1, 300000)])
    price = some_fen(r, 5) * r.choice([10000, 10000, 9973])
    fen = (count * price * 2 + 10**8) // (2 * 10**8)
    million, ten_thousandth = divmod(price, 10**6), divmod(count, 10**4)
    return {
        "cnt": f"{ten_thousandth[0]}.{ten_thousandth[1]:04d}",
        "pric": f"{million[0]}.{million[1]:06d}",
        "det_item_fee_sumamt": yuan(fen),
    }


@st.composite
def worlds(draw: st.DrawFn, most: int = 12, yearly: bool = False) -> World:
    """Draw a world that shrinks: towards few claims of few lines and few blocks (a claim may then be refused)."""
    world = random_world(draw(st.integers(0, 2**32)), most, yearly)
    kept = [draft for draft in world.drafts if draw(st.booleans()) or len(world.drafts) == 1] or world.drafts[:1]
    lines = draw(st.integers(1, 4))
    return replace(world, drafts=[{**draft, "feedetail": draft["feedetail"][:lines]} for draft in kept])


def to_toml(pool: Block) -> str:
    """Write a parsed pool file as TOML text again."""
    text = []
    for name, table in pool.items():
        if isinstance(table, list):
            text += ["\n".join([f"[[{name}]]", *pairs(block)]) for block in table]
        elif name == "source":
            text += ["\n".join([f"[source.{source}]", *pairs(block)]) for source, block in table.items()]
        else:
            text.append("\n".join([f"[{name}]", *pairs(table)]))
    return "\n\n".join(text) + "\n"


def pairs(table: Block) -> list[str]:
    return [f"{name} = {literal(value)}" for name, value in table.items()]


def literal(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(pairs(value)) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(literal(item) for item in value) + "]"
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False)
