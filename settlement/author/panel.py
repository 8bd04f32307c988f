"""The fixed panel: 200 typical claims that every rule is tried on, each with a name that a clerk recognises.

``panel.toml`` holds the persons and the bills, ``panel.csv`` who brings which bill where. A claim names no area and no day: it is put
into an area and on a day by ``drafts``. A second or third stay of a year follows the first one of the same person.
"""

from __future__ import annotations

import csv
import functools
import tomllib
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from settlement import codes
from settlement.kernel.layout import FUNDS
from settlement.money import fen, yuan, yuan_text

HERE = Path(__file__).parent
CAPITALS, CAPITAL = ("110105", "310115"), "11"  # another province is Beijing; for who is insured there, Shanghai
LONG_INSURED = 3650
CIVIL_SERVANTS = 20  # their supplement reports one twentieth of the bill
PLACE_ZH = {"local": "", "in_province": "省内异地", "cross_province": "跨省"}


class Line(NamedTuple):
    """One fee line of a bill; ``ratio`` is the usual first-pay ratio of a 乙 line, "" for the others."""

    chrgitm_lv: str
    category: str
    fen: int
    ratio: str
    negotiated: bool


class PanelClaim(NamedTuple):
    """One claim of the panel: its name in both languages, the words it is grouped by, and what it is made of."""

    id: str
    zh: str
    en: str
    scheme: str
    care: str
    group: str
    level: str
    place: str
    filing: str
    bill_fen: int
    person: dict[str, Any]
    bill: dict[str, Any]
    lines: tuple[Line, ...]
    row: dict[str, str]
    first: str  # id of the first claim of the same person: the claims of one person carry counters on
    nth: int  # 1 for the first of them

    def name(self, lang: str) -> str:
        """Return the claim's name in a language."""
        return self.zh if lang == "zh" else self.en


GROUPS = {"11": "working", "12": "retired", "13": "cadre", "14": "minor", "15": "adult", "16": "elderly"}
States = Callable[[PanelClaim, Line], bool]  # whether a 乙 line states its ratio itself


@functools.cache
def panel() -> tuple[PanelClaim, ...]:
    """Return the claims of the panel in order; a claim that follows another stands after it."""
    content = tomllib.loads((HERE / "panel.toml").read_text(encoding="utf-8"))
    made: dict[str, PanelClaim] = {}
    with (HERE / "panel.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            before = made[row["after"]] if row["after"] else None
            made[row["id"]] = _claim(row, content["person"][row["person"]], content["bill"][row["bill"]], before)
    return tuple(made.values())


def _claim(row: dict[str, str], person: dict[str, Any], bill: dict[str, Any], before: PanelClaim | None) -> PanelClaim:
    lines = tuple(_line(line) for line in bill["lines"])
    total = sum(line.fen for line in lines)
    nth = before.nth + 1 if before else 1
    return PanelClaim(
        row["id"], _zh(row, person, bill, total, nth), _en(row, person, bill, total, nth),
        codes.scheme_of(person["insutype"]), bill["care"], GROUPS[person["psn_type"][:2]], row["level"], row["place"],
        row["filing"], total, person, bill, lines, row, before.first if before else row["id"], nth,
    )  # fmt: skip


def _line(written: list[str]) -> Line:
    charge_level, category, amount, *rest = written
    return Line(charge_level, category, fen(amount), next((r for r in rest if r != "谈判"), ""), "谈判" in rest)


def _zh(row: dict[str, str], person: dict[str, Any], bill: dict[str, Any], total: int, nth: int) -> str:
    level = "药店" if bill["care"] == "pharmacy" else codes.LEVEL_ZH[row["level"]]
    late = {"during": "，出院前补办", "after": "，出院后补办"}.get(row["filed"], "")
    filing = codes.FILING_ZH[row["filing"]] if row["filing"] else ""
    upload = "，按急诊上传" if row["emergency"] and row["filing"] == "unfiled" else ""
    more = [filing + late + upload if filing else "", f"年内第 {nth} 次" if row["after"] else ""]
    note = f"（{'；'.join(part for part in more if part)}）" if any(more) else ""
    return f"{person['zh']}，{PLACE_ZH[row['place']]}{level}，{bill['zh']}，{yuan_text(total)} 元{note}"


def _en(row: dict[str, str], person: dict[str, Any], bill: dict[str, Any], total: int, nth: int) -> str:
    level = "pharmacy" if bill["care"] == "pharmacy" else f"level {row['level']}"
    where = {"local": "", "in_province": " elsewhere in the province", "cross_province": " in another province"}
    late = {"during": ", filed before discharge", "after": ", filed after discharge"}.get(row["filed"], "")
    filing = row["filing"].replace("_", " ")
    upload = ", uploaded as an emergency" if row["emergency"] and row["filing"] == "unfiled" else ""
    more = [filing + late + upload if filing else "", f"number {nth} of the year" if row["after"] else ""]
    note = f" ({'; '.join(part for part in more if part)})" if any(more) else ""
    return f"{person['en']}, {level}{where[row['place']]}, {bill['en']}, {yuan_text(total)} yuan{note}"


def place_for(area: str, where: str) -> str:
    """Return the division code where a claim of an area takes place; a municipality has nothing elsewhere in its province."""
    if where == "local":
        return area
    if where == "cross_province":
        return CAPITALS[area[:2] == CAPITAL]
    return area[:2] + ("0200" if area[2:4] == "01" else "0100")


def drafts(area: str, day: date, longest: int, states: States) -> list[dict[str, Any]]:
    """Return the panel's claims as drafts of an area, all of one day.

    ``longest`` (days) bounds the stays, so that none begins before the benefit year; ``states`` tells which 乙 lines bring their
    ratio (the others take the one of the area's own rule).
    """
    return [_draft(claim, area, day, longest, states) for claim in panel()]


def _draft(claim: PanelClaim, area: str, day: date, longest: int, states: States) -> dict[str, Any]:
    person, row = claim.person, claim.row
    begins = day - timedelta(days=min(longest, claim.bill.get("days", 0)))
    filed = {"before": begins - timedelta(days=5), "during": day, "after": day + timedelta(days=1)}.get(row["filed"])
    draft = {
        "medins_setl_id": claim.id, "psn_no": claim.first, "insuplc_admdvs": area, "insutype": person["insutype"],
        "mdtrtarea_admvs": place_for(area, claim.place), "psn_type": person["psn_type"], "age": str(person["age"]),
        "med_type": claim.bill["med_type"], "dedc_hosp_lv": claim.level, "begntime": begins.isoformat(),
        "endtime": day.isoformat(), "setl_time": f"{day + timedelta(days=row['filed'] == 'after')} {8 + claim.nth:02d}:00:00",
        "psn_insu_date": (day - timedelta(days=person.get("insured_days", LONG_INSURED))).isoformat(),
        "acct_used_flag": "0", "reported_pay": _reported(claim),
        "feedetail": [_fee(claim, line, states, at) for at, line in enumerate(claim.lines, 1)],
    }  # fmt: skip
    draft |= {name: person[name] for name in ("cvlserv_flag", "assistance", "family_doctor") if name in person}
    if claim.filing:
        draft |= {"filing": claim.filing}
    if row["emergency"]:
        draft |= {"emergency_flag": "1"}
    if filed:
        draft |= {"filed_on": filed.isoformat()}
    if "disease" in claim.bill:
        draft |= {"dise_codg": claim.bill["disease"]}
    if "paused_days" in person:
        draft |= {"psn_insu_stas": "2", "paus_insu_date": (day - timedelta(days=person["paused_days"])).isoformat()}
    return draft


def _fee(claim: PanelClaim, line: Line, states: States, at: int) -> dict[str, str]:
    fee = {
        "feedetl_sn": str(at), "cnt": "1", "det_item_fee_sumamt": yuan(line.fen), "chrgitm_lv": line.chrgitm_lv,
        "med_chrgitm_type": line.category, "hi_nego_drug_flag": "1" if line.negotiated else "0",
    }  # fmt: skip
    if line.ratio and states(claim, line):
        fee["selfpay_prop"] = line.ratio
    if "disease" in claim.bill:
        fee["dise_codg"] = claim.bill["disease"]
    return fee


def _reported(claim: PanelClaim) -> dict[str, str]:
    """Return what other payers report: nothing, but for civil servants a twentieth of the bill, in whole fen."""
    reported = dict.fromkeys(FUNDS, "0.00")
    if claim.person.get("cvlserv_flag") == "1":
        reported["cvlserv_pay"] = yuan(claim.bill_fen // CIVIL_SERVANTS)
    return reported
