"""One settled row → what the national interface calls it: ``setlinfo``, ``setldetail``, the line results, the postings.

Amounts are fen in a row and yuan text in an answer. Nothing is calculated here but sums that must come out (the
identities of interface.md 5): A to D on the row, and that ``setldetail`` lists all that the person does not pay in cash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from settlement import codes
from settlement.checkout.base import TOKEN_CERT, Conventions
from settlement.errors import SettlementError
from settlement.explain import Sentence, paid_by
from settlement.identities import check, differences
from settlement.ledger.book import Posting, Settlement
from settlement.money import yuan

SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
PERSON = ("psn_part_amt", "acct_pay", "psn_cash_pay", "acct_mulaid_pay")
AMOUNTS = ("medfee_sumamt", *SCOPE, "act_pay_dedc", *FUNDS, "fund_pay_sumamt", *PERSON, "hosp_part_amt")

# fund_pay_type by fund and insutype: the code table names funds by scheme.
FUND_PAY_TYPE = {
    "hifp_pay": {"310": "310100", "390": "390100", "510": "510100"}, "hifob_pay": {"310": "330100"},
    "hifmi_pay": {"390": "390200"}, "cvlserv_pay": {"310": "320100"}, "hifes_pay": {"310": "370100"},
    "maf_pay": {}, "oth_pay": {},
}  # fmt: skip
FUND_OF_ANY_SCHEME = {"maf_pay": "610100"}
OTHER, ACCOUNT, HOSPITAL = "999997", "310200", "999996"
FUND_PAY_TYPE_NAME = {
    "310100": "城镇职工基本医疗保险统筹基金", "310200": "城镇职工基本医疗保险个人账户基金", "320100": "公务员医疗补助基金",
    "330100": "大额医疗费用补助基金", "370100": "企业补充医疗保险基金", "390100": "城乡居民基本医疗保险基金",
    "390200": "城乡居民大病医疗保险基金", "510100": "生育基金", "610100": "医疗救助基金", "999996": "医院负担金额",
    "999997": "其他基金",
}  # fmt: skip
OTHER_CHARGE = "14"  # med_chrgitm_type 其他费, for a line of which nobody says more
SHARED_NAME = "个人账户家庭共济"
LONGEST_INFO = 4000  # setl_proc_info, c4000

PHARMACY, STAY, OUTPATIENT, OTHER_CLR = "41", "21", "11", "99"  # clr_type
STAYS = ("inpatient", "day_surgery")


def fund_pay_type(fund: str, insutype: str) -> str:
    """Return the fund_pay_type of a fund's payment under an insutype; what the table has no code for is 999997."""
    return FUND_PAY_TYPE[fund].get(insutype) or FUND_OF_ANY_SCHEME.get(fund, OTHER)


def clr_type_of(care: str, stay: bool) -> str:
    """Return the clearing type: by the kind of care that the area's rules read the med_type as, and whether it is a stay.

    Maternity and accidents are cared for either way, so the visit decides. (That a kind of care outside these is 99 is
    ours; the code table only names the four.)
    """
    if care == "pharmacy":
        return PHARMACY
    if stay or care in STAYS:
        return STAY
    return OTHER_CLR if care == "other" else OUTPATIENT


def centre(conventions: Conventions, insuplc_admdvs: str, mdtrtarea_admvs: str) -> str:
    """Return the clearing and settling centre (clr_optins, setl_optins): by default the insured area's city.

    An insurance-only code of a city scheme (220199) belongs to its city (220100), a municipality is one centre.
    """
    if conventions.clr_optins in ("area", "district"):
        return insuplc_admdvs if conventions.clr_optins == "area" else mdtrtarea_admvs
    area = mdtrtarea_admvs if conventions.clr_optins == "place" else insuplc_admdvs
    whole = area[:2] in codes.MUNICIPALITIES
    return area[:2] + "0000" if whole else area if area[2:4] == "99" else area[:4] + "00"


def shared_beside(row: Mapping[str, Any]) -> int:
    """Return what the shared account paid beside acct_pay, in fen: 0 where the area counts it inside."""
    return int(row["psn_part_amt"] - row["acct_pay"] - row["psn_cash_pay"])


def assert_whole(row: Mapping[str, Any]) -> None:
    """Check the identities A to D on a row; raises SettlementError K00 (a fault of ours, never of input)."""
    beside = shared_beside(row)
    figures = {**row, "acct_mulaid_pay": beside}
    if any(by != 0 for by in differences(figures).values()) or beside not in (0, row["acct_mulaid_pay"]):
        off = {name: said for name, said in check(figures).items() if said != "holds"}
        raise SettlementError("K00_UNBALANCED", f"{off}", "the parts do not sum to the whole", "Report this as a fault")


def amounts(row: Mapping[str, Any], conventions: Conventions) -> dict[str, str]:
    """Return the amounts of a row as yuan text, in the order of the interface."""
    made = {name: yuan(row[name]) for name in AMOUNTS}
    if conventions.mulaid_in_acct:
        made["acct_pay"] = yuan(row["acct_pay"] + shared_beside(row))
    made["hifdm_pay"], made["pool_prop_selfpay"], made["balc"] = "0.00", pool_rate(row["layers"]), yuan(row["balc"])
    return made


def pool_rate(layers: Sequence[Mapping[str, Any]]) -> str:
    """Return the rate (n5.4) at which the pool paid what lay above the deductible in its layers, 0 if nothing did.

    Inferred: the table calls pool_prop_selfpay the pool's ratio, and real answers leave it at 0.
    """
    mine = [step for step in layers if step["fund"] == "hifp_pay"]
    eligible, paid = sum(step["eligible_fen"] for step in mine), sum(step["pay_fen"] for step in mine)
    if eligible <= 0 or paid <= 0:
        return "0"
    bp = (2 * paid * 10_000 + eligible) // (2 * eligible)
    return f"{bp // 10_000}.{bp % 10_000:04d}"


def person_info(person: Mapping[str, str], day: date) -> dict[str, str]:
    """Return what setlinfo says of the person (``claims.person_fields``); age is whole years on the day."""
    born = date.fromisoformat(person["brdy"])
    age = str(day.year - born.year - ((day.month, day.day) < (born.month, born.day)))
    return {**person, "age": age}


def beside_presettled(
    row: Mapping[str, Any], draft: Mapping[str, Any], stated: Mapping[str, Any]
) -> dict[str, str]:  # fmt: skip
    """Return what a real answer to 2303 says beside the rest; the reading of all but the first two is inferred.

    ``dedc_std`` is the deductible due, whatever of it was used. ``psn_insu_rlts_id`` has the form that was seen there.
    ``ownpay_hosp_part`` was 0 beside a hospital's part of 505.01: nothing of what is outside the scope is the hospital's.
    """
    token = stated.get("mdtrt_cert_type") == TOKEN_CERT
    return {
        "insu_admdvs": draft["insuplc_admdvs"], "mdtrt_cert_no": "" if token else str(stated.get("mdtrt_cert_no") or ""),
        "psn_insu_rlts_id": f"{draft['psn_no']}-{draft['insutype']}",
        "dedc_std": yuan(sum(step["dedc_standard_fen"] for step in row["layers"] if step["fund"] == "hifp_pay")),
        "ownpay_hosp_part": "0.00",
    }  # fmt: skip


def details(row: Mapping[str, Any], insutype: str, sentences: list[Sentence]) -> list[dict[str, Any]]:
    """Return ``setldetail``: every fund with money, the account, the shared account beside it, the hospital.

    ``crt_payb_lmt_amt`` is what the cap left before this claim, None where the fund has no cap or several layers.
    """
    rows = [
        (fund_pay_type(fund, insutype), fund, paid, _cap_left(row["layers"], fund), "")
        for fund in FUNDS
        if (paid := row[fund])
    ]
    beside = shared_beside(row)
    parties = (
        (ACCOUNT, "acct_pay", row["acct_pay"], ""), (ACCOUNT, "acct_mulaid_pay", beside, SHARED_NAME),
        (HOSPITAL, "hosp_part_amt", row["hosp_part_amt"], ""),
    )  # fmt: skip
    rows += [(code, payer, paid, None, name) for code, payer, paid, name in parties if paid]
    total = row["fund_pay_sumamt"] + row["acct_pay"] + beside + row["hosp_part_amt"]
    if sum([paid for _, _, paid, _, _ in rows]) != total:
        raise SettlementError(
            "K00_UNBALANCED", "setldetail", "its rows do not sum to the whole", "Report this as a fault"
        )
    scope = yuan(row["inscp_scp_amt"])
    return [
        {
            "fund_pay_type": code, "inscp_scp_amt": scope, "crt_payb_lmt_amt": None if left is None else yuan(left),
            "fund_payamt": yuan(paid), "fund_pay_type_name": name or FUND_PAY_TYPE_NAME[code],
            "setl_proc_info": _shortened(paid_by(payer, sentences)),
        }
        for code, payer, paid, left, name in rows
    ]  # fmt: skip


def _cap_left(layers: Sequence[Mapping[str, Any]], fund: str) -> int | None:
    mine = [step["cap_left_fen"] for step in layers if step["fund"] == fund and step["pay_fen"]]
    return int(mine[0]) if len(mine) == 1 and mine[0] >= 0 else None


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_INFO else f"{text[: LONGEST_INFO - 1]}…"


def postings(row: Mapping[str, Any], insutype: str) -> tuple[Posting, ...]:
    """Return the double entry of a settlement in fen: the institution gets what each party pays; they sum to zero."""
    beside = shared_beside(row)
    paid = [Posting(f"fund:{fund}", fund_pay_type(fund, insutype), -fen) for fund in FUNDS if (fen := row[fund])]
    others = (
        ("account", ACCOUNT, row["acct_pay"]), ("shared_account", ACCOUNT, beside),
        ("hospital", HOSPITAL, row["hosp_part_amt"]), ("cash", "", row["psn_cash_pay"]),
    )  # fmt: skip
    paid += [Posting(account, code, -fen) for account, code, fen in others if fen]
    return (Posting("institution", "", row["medfee_sumamt"]), *paid)


def settlement_of(
    info: Mapping[str, Any], row: Mapping[str, Any], fixmedins_code: str, reverses: str = ""
) -> Settlement:
    """Return the settlement as reconciliation counts it, from its setlinfo and its row (fen)."""
    return Settlement(
        info["setl_id"], info["mdtrt_id"], fixmedins_code, info["setl_time"][:10], info["insutype"], info["clr_type"],
        info["clr_optins"], info["med_type"], reverses, row["medfee_sumamt"], row["fund_pay_sumamt"], row["acct_pay"],
        shared_beside(row), row["psn_cash_pay"],
    )  # fmt: skip


def line_results(told: Mapping[str, Any], drafted: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the line results (2204 ``result``, 2102 ``detlcutinfo``) of a settled claim, as text.

    ``told`` is a row of ``Settled.told``, ``drafted`` its lines as they were sent.
    """
    return [line_result(line, drafted[number]) for number, line in enumerate(told["lines"])]


def line_result(line: Mapping[str, Any], drafted: Mapping[str, Any]) -> dict[str, Any]:
    """Return one line's result. Its parts are exact to 1/10 000 fen in the row; in yuan they are made to sum to the line:
    each running sum is rounded half up, so no part is off by more than a fen and none is negative.
    """
    parts = (line["fulamt_ownpay_amt_fen"] * 10_000, line["overlmt_amt_e4"], line["preselfpay_amt_e4"])
    at, shown = 0, []
    for part in parts:
        shown.append((at + part + 5_000) // 10_000 - (at + 5_000) // 10_000)
        at += part
    scope = line["det_item_fee_sumamt_fen"] - sum(shown)
    item, limit, bp = line["item"], line["pric_uplmt_e4"], line["selfpay_bp"]
    return {
        "feedetl_sn": line["feedetl_sn"], "det_item_fee_sumamt": yuan(line["det_item_fee_sumamt_fen"]),
        "cnt": str(drafted.get("cnt", "")), "pric": str(drafted.get("pric", "")),
        "pric_uplmt_amt": "999999" if limit < 0 else f"{limit // 10**6}.{limit % 10**6:06d}",
        "selfpay_prop": f"{bp // 10_000}.{bp % 10_000:04d}", "fulamt_ownpay_amt": yuan(shown[0]),
        "overlmt_amt": yuan(shown[1]), "preselfpay_amt": yuan(shown[2]), "inscp_scp_amt": yuan(scope),
        "chrgitm_lv": f"{line['chrgitm_lv']:02d}",
        "med_chrgitm_type": str((item.med_chrgitm_type if item else drafted.get("med_chrgitm_type")) or OTHER_CHARGE),
        "bas_medn_flag": None, "hi_nego_drug_flag": str(drafted.get("hi_nego_drug_flag") or "0"), "chld_medc_flag": None,
        "list_sp_item_flag": None, "lmt_used_flag": "0", "drt_reim_flag": "0", "memo": "", "exp_content": None,
    }  # fmt: skip
