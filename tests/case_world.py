"""Case files → drafts and rulebooks: what a case leaves out is filled in here, the same for all."""

import tomllib
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

from settlement.engine import settle_drafts
from settlement.money import fen
from settlement.rules.rulebook import NATION, POOLS, Rulebook, build, open_rulebook

CASES = Path(__file__).parent / "cases"
AREA = "990100"  # invented
Block = dict[str, Any]
CODES: dict[str, Any] = {
    "employee": {"insutype": "310", "psn_type": "11"}, "resident": {"insutype": "390", "psn_type": "15"},
    "outpatient": "11", "inpatient": "21",
}  # fmt: skip


def all_cases() -> list[Block]:
    """Every case of every file; the short [[vector]] form is spelt out."""
    cases: list[Block] = []
    for file in sorted(CASES.glob("*.toml")):
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        cases += content.get("case", []) + [_from_vector(vector) for vector in content.get("vector", [])]
    return cases


def _from_vector(vector: Block) -> Block:
    covered = vector.get("covered", True)
    says = {"deductible": f"{vector['deductible']} yuan", "rate": vector["rate"]} if covered else {"covered": False}
    says |= {"scheme": vector["scheme"], "care": vector["care"]}
    claim = {**CODES[vector["scheme"]], "med_type": CODES[vector["care"]], "medinslv": vector.get("level", "3")}
    claim |= {"setl_time": "2024-05-01"}
    where = {"insuplc_admdvs": vector["shipped"], "mdtrtarea_admvs": vector["shipped"]} if "shipped" in vector else {}
    world = {} if where else {"invented": says}
    return {**vector, **world, "claim": claim | where, "lines": [["01", "", vector["in_scope"]]]}


def invented_pool(says: Block) -> Block:
    """A pool of one layer that says only what the case needs."""
    cite = {"from": date(2000, 1, 1), "source": "case", "article": "—"}
    benefit: Block = {"scheme": says.get("scheme", "employee"), "care": says.get("care", "outpatient"), **cite}
    if says.get("covered") is False:
        benefit["covered"] = False
    elif says.get("reported"):
        benefit |= {"fund": "hifp_pay", "reported": True}
    else:
        dedc = says["deductible"]
        benefit |= {"fund": "hifp_pay", "cap": "none", "bands": [{"over": "0 yuan", "rate": says["rate"]}]}
        benefit["deductible"] = dedc if dedc == "none" else {"per": "visit", "amount": dedc}
    pool: Block = {
        "pool": {"code": AREA, "name": "示例", "inherits": NATION},
        "source": {"case": {"title": "案例", "confidence": "assumed"}},
        "benefit": [benefit],
    }
    if "elsewhere" in says:
        pool["elsewhere"] = [{"scheme": "employee", "filing": "unfiled", **says["elsewhere"], **cite}]
    return pool


def draft_of(case: Block) -> Block:
    """The claim of a case; a line is [class or catalogue code, first-pay ratio, amount]."""
    lines = []
    for number, (what, ratio, amount) in enumerate(case["lines"], 1):
        line = {"feedetl_sn": str(number), "cnt": "1", "pric": amount, "det_item_fee_sumamt": amount}
        own = {"chrgitm_lv": what, "selfpay_prop": ratio} if what in ("01", "02", "03") else {"med_list_codg": what}
        lines.append({**line, **own})
    base = {"medins_setl_id": case["id"], "insuplc_admdvs": AREA, "mdtrtarea_admvs": AREA}
    so_far = {"year_so_far": case["year_so_far"]} if "year_so_far" in case else {}
    return {**base, **case["claim"], **so_far, "feedetail": lines}


def book_for(case: Block, shipped: Rulebook) -> Rulebook:
    """The shipped rulebook, or the nation's file with the case's invented pool."""
    if "invented" not in case:
        return shipped
    nation = tomllib.loads(next(POOLS.glob(f"{NATION}_*.toml")).read_text(encoding="utf-8"))
    return build({NATION: nation, AREA: invented_pool(case["invented"])}, [])


def settle_all() -> dict[str, Block]:
    """The result row of every case, by id."""
    shipped = open_rulebook().book
    return {case["id"]: settle_drafts([draft_of(case)], book_for(case, shipped)).rows()[0] for case in all_cases()}


def self_part(step: Block) -> int:
    """What the person bears of a capped or uncapped layer's own cost: eligible less rest, exactly, less what it pays.

    For R01: the layer's cost is eligible - rest with rest = (cost whose grant the cap cut); found again from the published
    payment and the bands, in exact fractions.
    """
    bands = {"hifp_pay": [(3_000_000, 91), (4_000_000, 94), (10**12, 97)], "hifob_pay": [(10**12, 80)]}[step["fund"]]
    left, borne, low = Fraction(step["pay_fen"]), Fraction(0), Fraction(step["dedc_fen"])
    for top, percent in bands:
        width = min(Fraction(top) - low, left * 100 / percent)
        borne += width * (100 - percent) / 100
        left -= width * percent / 100
        low += width
    return int(borne + Fraction(1, 2))


def fen_of(amounts: Block) -> dict[str, int]:
    """Yuan texts as fen; a whole number is a count and stays."""
    return {name: said if isinstance(said, int) else fen(said) for name, said in amounts.items()}
