"""Who is asked for, where, and whether a benefit exists: 1101, 1201, 2001. Nothing is booked.

1201's node and fields are one client's table; that several institutions may come back is inferred. 2001 answers from
the rules, never from a list of its own: a nominal claim is calculated with the person's counters as the book has them.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from settlement.checkout.base import House, Reader, Said, Transaction
from settlement.checkout.carded import Occasion, who
from settlement.checkout.claims import day_of_text, draft_of, node, refused, refused_as
from settlement.checkout.filed import filed
from settlement.checkout.setlinfo import fund_pay_type
from settlement.checkout.visits import needed
from settlement.engine import settle_drafts
from settlement.errors import BadInput
from settlement.identity import CERT_CARD, PresentedIdentity
from settlement.intake.persons import Carried
from settlement.kernel.layout import FUNDS
from settlement.money import fen, yuan
from settlement.registry import InsuredPerson
from settlement.rules import resolve
from settlement.spans import day_number

BASIC = "hifp_pay"  # the fund that is named when no benefit exists
FUND_CHECK = "01"  # trt_chk_type: whether a fund pays
NOMINAL_YUAN = "100000.00"  # of the nominal claim, one line in scope
SETTLING_CERTS = ("01", "02", "03")


def person_info(house: House, said: Said) -> dict[str, Any]:
    """1101: who presented a voucher, an ID number or a card, all insurances with the balance, and standings.

    Raises BadInput P10 to P12, P16 to P18, or C01 and C11 for what is no certificate.
    """
    stated = said.input.get("data")
    if not isinstance(stated, dict):
        raise refused("C01_FIELD_MISSING", "data", "data")
    kind, number = needed(stated, "mdtrt_cert_type"), needed(stated, "mdtrt_cert_no")
    card_sn = str(stated.get("card_sn") or "")
    if kind not in SETTLING_CERTS:
        raise refused("C11_NOT_A_CODE", "mdtrt_cert_type", repr(kind))
    if kind == CERT_CARD and not card_sn:
        raise refused("C01_FIELD_MISSING", "card_sn", "card_sn (mdtrt_cert_type 03)")
    presented = PresentedIdentity(
        kind, number, card_sn if kind == CERT_CARD else "", certno=str(stated.get("certno") or "")
    )
    here = (
        house.registry.place(said.fixmedins_code).admdvs if said.fixmedins_code in house.registry.institutions else ""
    )
    person = who(house, presented, Occasion(here, said.received_at[:10]))
    _refuse_other_person(stated, person)
    day = day_of_text(stated.get("begntime") or said.received_at, "begntime")
    rows = house.registry.rows(person.psn_no)
    return {
        "baseinfo": _base(person, day),
        "insuinfo": [_insurance(house, row) for row in rows],
        "idetinfo": [one._asdict() for one in person.identities],
    }


def _refuse_other_person(stated: dict[str, Any], person: InsuredPerson) -> None:
    if stated.get("psn_name") not in (None, "", person.psn_name):
        raise BadInput(
            "P16_NAME_DIFFERS",
            "psn_name is not the name of the person of this certificate",
            cure="Check the name, or leave it out",
            zh="姓名与参保信息不符，请核对姓名，或不填姓名",
        )
    if stated.get("psn_cert_type") not in (None, "", person.psn_cert_type):
        raise BadInput(
            "P18_CERTIFICATE_OF_ANOTHER",
            "the person's certificate is of another psn_cert_type",
            cure="Check psn_cert_type",
            zh="人员证件类型与参保信息不符，请核对证件类型",
        )


def _base(person: InsuredPerson, day: date) -> dict[str, Any]:
    return {
        "psn_no": person.psn_no, "psn_cert_type": person.psn_cert_type, "certno": person.certno,
        "psn_name": person.psn_name, "gend": person.gend, "naty": person.naty, "brdy": person.brdy.isoformat(),
        "age": age(person.brdy, day), "exp_content": None,
    }  # fmt: skip


def age(brdy: date, day: date) -> str:
    """Return an age with one decimal, cut off (n4.1, as 1101 answers it): full months by twelve."""
    months = (day.year - brdy.year) * 12 + day.month - brdy.month - (day.day < brdy.day)
    tenths = max(0, months) * 10 // 12
    return f"{tenths // 10}.{tenths % 10}"


def _insurance(house: House, row: InsuredPerson) -> dict[str, Any]:
    shows = row.acct_insutype in ("", row.insutype)
    return {
        "balc": balance(house, row) if shows else "0.00", "insutype": row.insutype, "psn_type": row.psn_type,
        "psn_insu_stas": row.psn_insu_stas, "psn_insu_date": row.psn_insu_date or None,
        "paus_insu_date": row.paus_insu_date or None, "cvlserv_flag": row.cvlserv_flag,
        "insuplc_admdvs": row.insuplc_admdvs, "emp_name": row.emp_name or None,
    }  # fmt: skip


def balance(house: House, person: InsuredPerson) -> str:
    """Return a person's account balance in yuan: the book's, the opening one for whom the book has never seen."""
    state = house.ledger.person(person.psn_no)
    return yuan(state.acct_balc_fen or 0) if state.version else yuan(fen(person.opening_balc))


def institutions(house: House, said: Said) -> dict[str, Any]:
    """1201: institutions by code, by a part of the name, by type; raises BadInput P13 where there is none."""
    stated = said.input.get("medinsinfo") or said.input.get("data") or {}
    if not isinstance(stated, dict):
        raise refused("C15_NOT_AN_OBJECT", "medinsinfo", type(stated).__name__)
    code, name = str(stated.get("fixmedins_code") or ""), str(stated.get("fixmedins_name") or "")
    found = house.registry.places(code, name, str(stated.get("fixmedins_type") or ""))
    if not found:
        house.registry.place(code or name)
    return {
        "medinsinfo": [
            {
                "fixmedins_code": place.fixmedins_code, "fixmedins_name": place.fixmedins_name, "uscc": place.uscc,
                "fixmedins_type": place.fixmedins_type, "hosp_lv": place.hosp_lv, "medinslv": place.medinslv,
                "admdvs": place.admdvs,
            }
            for place in found
        ]
    }  # fmt: skip


def benefit_check(house: House, said: Said) -> dict[str, Any]:
    """2001: which funds would pay for a kind of care on a day, each with the days over which its rule stays the same.

    One row a fund of the rules' layers; one row of flag 0 with the reason where there is no benefit at all. A fund
    whose limit is used up has flag 0 too. Raises BadInput for a person, an institution or a date that is not known.
    """
    stated = node(said, "data")
    day = day_of_text(needed(stated, "begntime"), "begntime")
    person = filed(Reader(house.ledger), house.registry.insured(stated["psn_no"], needed(stated, "insutype")))
    place = house.registry.place(str(stated.get("fixmedins_code") or said.fixmedins_code))
    asked = said._replace(fixmedins_code=place.fixmedins_code, received_at=f"{day.isoformat()} 12:00:00")
    draft = draft_of(house, asked, person, {**stated, "medfee_sumamt": ""}) | {"feedetail": [_nominal_line()]}
    settled = settle_drafts(
        [draft | {"reported_pay": dict.fromkeys(FUNDS, "0.00")}], house.book, 1, _carried(house, person)
    )
    if settled.refusals:
        why = refused_as(settled.refusals[0])
        return _answer([_row(person, BASIC, why.zh, (day, day))])
    told = settled.told(0)
    program = house.book.program(told["program"])
    period = rule_period(house, told["program"], day)
    why_not = _why_none(house, person, program, stated, day)
    if why_not:
        return _answer([_row(person, BASIC, why_not, period)])
    funds: dict[str, list[dict[str, Any]]] = {}
    for step in told["layers"]:
        funds.setdefault(step["fund"], []).append(step)
    return _answer([_row(person, fund, _used_up(steps), period) for fund, steps in funds.items()])


def _nominal_line() -> dict[str, str]:
    amount = {"cnt": "1", "pric": NOMINAL_YUAN, "det_item_fee_sumamt": NOMINAL_YUAN}
    return {"feedetl_sn": "1", "chrgitm_lv": "01"} | amount


def _carried(house: House, person: InsuredPerson) -> Carried:
    state = house.ledger.person(person.psn_no)
    return {
        (person.psn_no, key.area, key.period_kind, key.period_start, key.name): value
        for key, value in state.counters.items()
    }


def _why_none(house: House, person: InsuredPerson, program: Any, stated: dict[str, Any], day: date) -> str:
    """Return why a calculated claim has no benefit all the same, in Chinese; '' if it has."""
    if not program.layers:
        cite = program.not_covered
        return f"按规则该医疗类别没有基金待遇，由个人账户或现金支付{f'（{cite.text()}）' if cite else ''}"
    dise_codg = str(stated.get("dise_codg") or "")
    if program.claim.care == "chronic" and not person.entitled(dise_codg, day):
        return f"没有病种 {dise_codg or '（空）'} 的有效慢特病登记，请先办理慢特病备案（2503）"
    return ""


def _used_up(steps: list[dict[str, Any]]) -> str:
    """Return that the limit of a fund's layers is used up, '' while any of them can still pay."""
    if all(step["cap_left_fen"] == 0 for step in steps):
        return f"该基金本期支付限额已用完（已用 {yuan(steps[0]['cap_used_before_fen'])} 元）"
    return ""


def rule_period(house: House, program: int, day: date) -> tuple[date, date | None]:
    """Return the first and last day over which a claim's rules stay what they are on a day; no last day if none is known."""
    pool = house.book.program(program).pool
    changes = sorted(resolve.change_days(house.book.chain(pool)))
    begins = day
    for change in reversed([change for change in changes if change <= day]):
        if house.book.program_on(program, day_number(change)) != program:
            break
        begins = change
    for change in changes:
        if change > day and house.book.program_on(program, day_number(change)) != program:
            return begins, change - timedelta(days=1)
    return begins, None


def _row(person: InsuredPerson, fund: str, why_not: str, period: tuple[date, date | None]) -> dict[str, Any]:
    begins, ends = period
    return {
        "psn_no": person.psn_no, "trt_chk_type": FUND_CHECK, "fund_pay_type": fund_pay_type(fund, person.insutype),
        "trt_enjymnt_flag": "0" if why_not else "1", "begndate": begins.isoformat(),
        "enddate": ends.isoformat() if ends else None, "trt_chk_rslt": why_not,
    }  # fmt: skip


def _answer(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return {"trtinfo": rows}


TRANSACTIONS = (
    Transaction("1101", ask=person_info),
    Transaction("1201", ask=institutions),
    Transaction("2001", ask=benefit_check),
)
