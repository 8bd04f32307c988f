"""Random persons, claims and refunds for a world's pools; the claims meet the world's own boundaries on purpose."""

from calendar import monthrange
from datetime import date, timedelta
from itertools import product
from random import Random
from typing import Any

from random_words import (
    CARES,
    CHARGE_TYPES,
    DISEASES,
    FILINGS,
    HOSP_LVS,
    ITEMS,
    LEVELS,
    MED_TYPES,
    PSN_TYPES,
    Block,
    chance,
    item_terms,
    some_fen,
    yuan,
)

INSUTYPES = {"employee": "310", "resident": "390", "340": "340"}
FIRST_DAY = date(2024, 1, 1)
DAYS = 730
MONTH_ENDS = [date(2024, 1, 31), date(2024, 2, 29), date(2024, 8, 31), date(2025, 2, 28), date(2025, 5, 31)]
# First days of benefit years: calendar, 07-01, 03-15, 12-28.
YEAR_BEGINS = [date(2024, 7, 1), date(2025, 1, 1), date(2025, 3, 15), date(2025, 7, 1), date(2024, 12, 28)]


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


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
        "disease": r.choice(DISEASES),
        **({"family_doctor": r.choice("01")} if chance(r, 70) else {}),
    }


def random_drafts(r: Random, pools: dict[str, Block], persons: list[Block], count: int) -> list[Block]:
    named = named_in(pools)
    return [random_draft(r, pools, r.choice(persons)) | random_money(r, *named) for _ in range(count)]


def random_draft(r: Random, pools: dict[str, Block], person: Block) -> Block:
    """One claim; most of a person's claims are of one care in neighbouring months, so that counters meet."""
    draft = {name: value for name, value in person.items() if name not in ("care", "month", "disease")}
    care = person["care"] if chance(r, 60) else r.choice(CARES)
    draft["med_type"] = r.choice(MED_TYPES[care])
    month = person["month"] if chance(r, 60) else r.randrange(24)
    settled = FIRST_DAY + timedelta(days=min(DAYS, month * 30 + r.randrange(35)))
    settled = r.choice(MONTH_ENDS) if chance(r, 10) else settled
    draft["setl_time"] = f"{settled} {r.randrange(24):02d}:{r.randrange(60):02d}"
    if care == "inpatient" or chance(r, 15):
        draft |= random_stay(r, settled)
    if chance(r, 60):
        draft["dise_codg"] = person["disease"] if chance(r, 60) else r.choice([*DISEASES, ""])
    draft |= random_place(r, pools, person["insuplc_admdvs"])
    draft |= random_filing(r, draft)
    draft |= random_insurance(r, pools, draft)
    tiny = "begntime" in draft and chance(r, 25)  # a few fen in several parts and years: each rounding shows
    draft["feedetail"] = [random_line(r, n, settled, tiny) for n in range(r.randint(3 if tiny else 1, 4))]
    if chance(r, 4):
        draft |= {"insuplc_admdvs": r.choice([*pools, "770100"])}
    if draft["insuplc_admdvs"] == "000000":
        draft["insuplc_admdvs"] = "990000"
    return draft


def random_stay(r: Random, settled: date) -> Block:
    """Begin and end of a stay; now and then over a year's begin, or over two, or ending on the very day."""
    left = max(FIRST_DAY, settled - timedelta(days=r.choice([0, 1, 5, 40, 100])))
    begun = left - timedelta(days=r.choice([0, 1, 7, 30, 31, 90, 91, 200]))
    if chance(r, 50):
        edge = r.choice([day for day in YEAR_BEGINS if day <= settled] or [FIRST_DAY])
        left = min(settled, edge + timedelta(days=r.choice([-1, 0, 0, 1, 2, 10, 60])))
        begun = min(left, edge - timedelta(days=r.choice([0, 1, 1, 2, 30, 100, 366, 367, 400, 500])))
    clock = " 08:30:00" if chance(r, 20) else ""
    return {"begntime": f"{begun}{clock}", "endtime": f"{left}{' 17:45:00' if clock else ''}"}


def day_of(draft: Block) -> date:
    return date.fromisoformat((draft.get("endtime") or draft["setl_time"])[:10])


def random_place(r: Random, pools: dict[str, Block], insured: str) -> Block:
    elsewhere = [*pools, "990202", "990302", "980101", "110105"]
    place = insured if chance(r, 40) else r.choice([code for code in elsewhere if code != "000000"])
    level = {"hosp_lv": r.choice(sorted(HOSP_LVS))}
    if chance(r, 50):
        level["medinslv"] = r.choice([*LEVELS, "9"])
    if chance(r, 15):
        level["dedc_hosp_lv"] = r.choice([*LEVELS, "9"])
    return {"mdtrtarea_admvs": place, **level}


def random_filing(r: Random, draft: Block) -> Block:
    """A filing, made around admission and discharge; and the provider's word that it was an emergency."""
    made: Block = {"filing": r.choice([*FILINGS, ""])} if chance(r, 70) else {}
    if chance(r, 60):
        edge = draft.get(r.choice(["begntime", "endtime"])) or draft["setl_time"]
        day = date.fromisoformat(edge[:10]) + timedelta(days=r.choice([-40, -1, 0, 0, 1, 20]))
        made["filed_on"] = f"{day} 12:00:00" if chance(r, 20) else f"{day}"
    return made | ({"emergency_flag": r.choice("01")} if chance(r, 50) else {})


def spans_in(pools: dict[str, Block], table: str, name: str) -> list[str]:
    return [block[name] for pool in pools.values() for block in pool.get(table, []) if name in block]


def span_before(r: Random, day: date, spans: list[str]) -> date:
    """A day from which one of the spans ends near the given day: exactly, the day before or the day after."""
    number, unit = r.choice(spans).split() if spans else ("60", "days")
    back = int(number) if unit == "days" else (day - whole_months(day, int(number))).days
    return day - timedelta(days=back + r.choice([-2, -1, 0, 0, 1, 2]))


def whole_months(day: date, months: int) -> date:
    """The same day that many months earlier, or the last day of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def random_insurance(r: Random, pools: dict[str, Block], draft: Block) -> Block:
    """When insurance began and whether it still runs, often just at the end of a waiting period or a grace."""
    day, made = day_of(draft), {}
    if chance(r, 96):
        near = span_before(r, day, spans_in(pools, "waiting", "wait"))
        made["psn_insu_date"] = "2015-01-31" if chance(r, 65) else f"{near}"
    if chance(r, 5):
        made["psn_insu_stas"] = r.choice("1222224")
        stopped = span_before(r, day, spans_in(pools, "suspension", "grace"))
        made |= {"paus_insu_date": f"{stopped}"} if chance(r, 90) else {}
    if chance(r, 3):
        made["benefit_from"] = f"{day + timedelta(days=r.choice([-200, -1, 0, 1]))}"
    return made


def named_in(pools: dict[str, Block]) -> tuple[dict[str, str], list[str]]:
    """Counter names with their kind, and funds of reported layers, of all files."""
    counters: dict[str, str] = {}
    funds = set()
    for block in (block for pool in pools.values() for block in pool.get("benefit", [])):
        if block.get("reported"):
            funds.add(block["fund"])
        for part in ("deductible", "measure", "cap"):
            if isinstance(block.get(part), dict):
                counters |= counters_of(block, part, block[part])
    return counters, sorted(funds)


def counters_of(block: Block, part: str, table: Block) -> dict[str, str]:
    per, name = table.get("per", "year"), table.get("counter")
    if part == "cap" and "by_disease" in table:
        return {f"{name}_{disease}": per for disease in table["by_disease"]} if name else {}
    if per == "admission":
        name = name or "admissions"
        return {name: per, **({f"{name}_paid": "year"} if "year_limit" in table else {})}
    if part == "deductible" and per != "visit" and not name:
        suffix = "" if per == "year" else f"_{per}"
        pairs = product(listed(block["scheme"]), listed(block["care"]))
        return {f"{scheme}_{care}_deductible{suffix}": per for scheme, care in pairs}
    return {name: per} if name else {}


def random_money(r: Random, counters: dict[str, str], funds: list[str]) -> Block:
    """Account, hospital's part, what other payers reported, and now and then counters from outside."""
    draft: Block = {"acct_used_flag": r.choice("0111")}
    if chance(r, 80):
        draft["balc"] = yuan(some_fen(r, 6))
    if chance(r, 40):
        draft["acct_mulaid_balc"] = yuan(some_fen(r, 6))
    if chance(r, 10):
        draft["hosp_part_amt"] = yuan(some_fen(r, 5))
    if chance(r, 30):
        draft["transfer_dedc_paid"] = yuan(some_fen(r, 5))
    if chance(r, 90):
        draft["reported_pay"] = {fund: yuan(some_fen(r)) for fund in funds}
    if chance(r, 4):
        chosen = r.sample(sorted(counters), r.randint(min(1, len(counters)), min(9, len(counters))))
        values = {name: str(r.randrange(5)) if counters[name] == "admission" else yuan(some_fen(r)) for name in chosen}
        draft["year_so_far"] = values
    if chance(r, 25 if "year_so_far" in draft else 2):
        draft["hosp_part_amt"] = yuan(10**9)  # the kernel refuses the claim, but its counters stand
    return draft


# Fee lines


def random_line(r: Random, n: int, settled: date, tiny: bool) -> Block:
    line: Block = {"feedetl_sn": str(n + 1), "med_list_codg": r.choice(ITEMS)}
    line |= random_price(r, tiny)
    if chance(r, 30):
        line["med_chrgitm_type"] = r.choice(CHARGE_TYPES)
    if chance(r, 25):
        line["hi_nego_drug_flag"] = r.choice("01")
    if chance(r, 30):
        line["dise_codg"] = r.choice(DISEASES)
    if chance(r, 0 if n else 2):
        line["med_list_codg"] = "NOWHERE"
    if chance(r, 55):
        line |= random_terms(r)
        if chance(r, 5):
            del line["med_list_codg"]
    elif chance(r, 30):
        day = settled - timedelta(days=r.randrange(400))
        line["fee_ocur_time"] = f"{day} 08:30:00"
    return line


def random_terms(r: Random) -> Block:
    """Own terms of a line; a 乙 line without a ratio needs a rule."""
    own = item_terms(r, r.choice(["01", "02", "02", "02", "03"]))
    absent = ["pric_uplmt_amt"] if chance(r, 50) else []
    absent += ["selfpay_prop"] if chance(r, 3 if own["chrgitm_lv"] == "02" else 50) else []
    return {name: value for name, value in own.items() if name not in absent}


def random_price(r: Random, tiny: bool) -> Block:
    """Quantity, price and amount that agree; many amounts end where a tenth of them is half a fen."""
    if tiny:
        fen = r.randint(1, 9)
        return {"cnt": "1.0000", "pric": yuan(fen) + "0000", "det_item_fee_sumamt": yuan(fen)}
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


# Refunds


def random_refunds(r: Random, drafts: list[Block]) -> list[Block]:
    """Refunds in and out of order, twice, of refunds, of unknown claims, before the claim; or all of a person's."""
    made: list[Block] = []
    for _ in range(r.randrange(len(drafts) // 3 + 1)):
        first = r.choice([*drafts, *made[-2:]])
        days = r.choice([0, 1, 20, 100, 400]) if chance(r, 94) else -3
        made.append(refund_of(r, first, f"R{len(made)}", date.fromisoformat(first["setl_time"][:10]), days))
    if chance(r, 30):
        person = r.choice(drafts)["psn_no"]
        mine = [draft for draft in drafts if draft["psn_no"] == person]
        mine.sort(key=lambda draft: draft["setl_time"], reverse=True)
        last = FIRST_DAY + timedelta(days=DAYS)
        made += [refund_of(r, first, f"Z{n}", last, n + 1) for n, first in enumerate(mine[: r.randint(1, len(mine))])]
    return made


def refund_of(r: Random, first: Block, name: str, day: date, days: int) -> Block:
    refund: Block = {"medins_setl_id": name, "refund_of": first["medins_setl_id"]}
    refund["setl_time"] = f"{day + timedelta(days=days)} {r.randrange(24):02d}:{r.randrange(60):02d}"
    if chance(r, 80) and "psn_no" in first:
        refund["psn_no"] = first["psn_no"] if chance(r, 97) else "P9"
    if chance(r, 3):
        refund["refund_of"] = "NEVER"
    return refund
