"""Monthly clearing: an institution applies with 3203 (or 3203A, by centre), withdraws with 3204, the insurer decides.

An application is the fact ``clearing``/clr_appy_evt_id; ``applied`` says which one stands for an institution's month
and type (and centre, for 3203A). Its figures must be the book's when it is made and again when it is accepted; from
then on ``cleared`` stops reversals of that month. States are those of one province: 10 applied, 20 accepted, 30 in
audit, 40 audited, 50 cleared, 60 paid, 70 rejected; ``withdrawn`` is ours, the sources name no code for it. The
applications of a month hang together, each naming the one ``before`` it; ``applied_in``/yyyymm is the last of them.

``med_sumfee``, what insurance recognises, is held between fund_appy_sum and medfee_sumamt only: no source says which
amounts it sums. ``psntime`` is not held either (a person-time is not everywhere a settlement); it is warned of.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

from settlement.checkout import refusals_accounts as refusals
from settlement.checkout.asked import amount_fen, count, needed, node_of, span, text
from settlement.checkout.base import (
    CLEARED,
    House,
    Said,
    Transaction,
    alone,
    answer_bytes,
    dumps,
    fact,
    id_of,
    known,
    loads,
    now,
)
from settlement.checkout.sums import Sums, sums_of
from settlement.errors import BadInput
from settlement.ledger.book import Booking, Desk, FactKey, Ledger, Message, Wanted, Work
from settlement.money import yuan

CLEARING, APPLIED, APPLIED_IN = "clearing", "applied", "applied_in"  # kinds of facts
APPLIED_STATE, ACCEPTED, REJECTED, WITHDRAWN, CLOSING = "10", "20", "70", "withdrawn", "closing"
FOLLOWS = {
    "10": {"20", "70"}, "20": {"30", "70"}, "30": {"40", "70"}, "40": {"50", "70"}, "50": {"60"}, "60": set(),
    REJECTED: set(), WITHDRAWN: set(),
}  # fmt: skip
OFFICE = "CLEARING"  # sender and infno of the insurer's own entries: no institution and no transaction has this name


def apply(house: House, said: Said) -> Work:
    """3203: apply for the clearing of one month that is over.

    Raises BadInput B60, B61, B82, B76 (not one month that is over), B71 (the amounts do not add up), B72 (not the book's
    figures), B73 (an application stands).
    """
    node = node_of(said)
    setlym, first, last = _month(house, node)
    wanted = Wanted(said.fixmedins_code, first, last, "", needed(node, "clr_type"), text(node, "clr_optins"))
    booked = sums_of(house, wanted, True)
    _check(node, booked)
    clr_appy_evt_id = id_of(said, CLEARING)
    application = {
        "clr_appy_evt_id": clr_appy_evt_id, "fixmedins_code": said.fixmedins_code, "setlym": setlym,
        "state": APPLIED_STATE, "at": said.received_at, "wanted": wanted._asdict(), "figures": booked._asdict(),
        "said": {name: value for name, value in node.items() if isinstance(value, str)},
    }  # fmt: skip
    standing = applied_key(wanted, setlym)
    told = f"人次 申报{text(node, 'psntime')} 中心{booked.setl_cnt}笔" if _person_times_differ(node, booked) else ""

    def compute(desk: Desk) -> Booking:
        before = known(desk, APPLIED, standing)
        if before and before["clr_appy_evt_id"]:
            raise refusals.clearing_stands(before["clr_appy_evt_id"], setlym)
        last = known(desk, APPLIED_IN, setlym) or {"clr_appy_evt_id": ""}
        facts = fact(CLEARING, clr_appy_evt_id, application | {"before": last["clr_appy_evt_id"]})
        facts |= fact(APPLIED, standing, {"clr_appy_evt_id": clr_appy_evt_id})
        facts |= fact(APPLIED_IN, setlym, {"clr_appy_evt_id": clr_appy_evt_id})
        output = {"result": {"clr_appy_evt_id": clr_appy_evt_id}}
        return Booking(answer_bytes(said, output, now(house), told), facts=facts)

    return alone(said, compute)


def withdraw(house: House, said: Said) -> Work:
    """3204: withdraw an application that is not taken up yet. Raises BadInput B60, B74, B75."""
    clr_appy_evt_id = needed(node_of(said), "clr_appy_evt_id")

    def compute(desk: Desk) -> Booking:
        application = known(desk, CLEARING, clr_appy_evt_id)
        if application is None or application["fixmedins_code"] != said.fixmedins_code:
            raise refusals.clearing_unknown(clr_appy_evt_id)
        if application["state"] != APPLIED_STATE:
            raise refusals.clearing_state(clr_appy_evt_id, application["state"], "3204撤销")
        return Booking(answer_bytes(said, None, now(house)), facts=_moved(desk, application, WITHDRAWN))

    return alone(said, compute, (FactKey(CLEARING, clr_appy_evt_id),))


def accept_clearing(house: House, clr_appy_evt_id: str, at: str) -> dict[str, Any]:
    """Accept an application for the insurer: state 20, and no settlement of that month can be given back any more.

    The month is closed first and counted then, so that nothing can be given back in between; if the book no longer has
    the figures applied for it is opened again. ``at`` is the service's clock (YYYY-MM-DD HH:MM:SS). Returns the
    application. Accepting twice is accepting once. Raises BadInput B72, B74, B75.
    """
    application = _application(house, clr_appy_evt_id)
    if application["state"] == ACCEPTED:
        return application
    if application["state"] not in (APPLIED_STATE, CLOSING):
        raise refusals.clearing_state(clr_appy_evt_id, application["state"], ACCEPTED)
    if application["state"] == APPLIED_STATE:  # a step that was broken off is taken up where it stopped
        application = _book(house, clr_appy_evt_id, CLOSING, at)
    booked = sums_of(house, Wanted(**application["wanted"]), True)
    applied_for = Sums(**application["figures"])
    if booked != applied_for:
        _book(house, clr_appy_evt_id, APPLIED_STATE, at)
        raise _first_difference(applied_for, booked)
    return _book(house, clr_appy_evt_id, ACCEPTED, at)


def decide_clearing(house: House, clr_appy_evt_id: str, state: str, at: str) -> dict[str, Any]:
    """Move an application on to a state (30, 40, 50, 60, or 70 rejected, which opens the month again).

    Returns the application. Raises BadInput B74, or B75 for a state that does not follow.
    """
    if state == ACCEPTED:
        return accept_clearing(house, clr_appy_evt_id, at)
    application = _application(house, clr_appy_evt_id)
    if application["state"] == state:
        return application
    if state not in FOLLOWS.get(application["state"], set()):
        raise refusals.clearing_state(clr_appy_evt_id, application["state"], state)
    return _book(house, clr_appy_evt_id, state, at)


def applications(ledger: Ledger, setlym: str) -> Iterator[dict[str, Any]]:
    """Yield the applications for a month (yyyymm) as they are now, the latest first, withdrawn and rejected ones too."""
    last = ledger.fact(APPLIED_IN, setlym)
    clr_appy_evt_id = loads(last.content)["clr_appy_evt_id"] if last else ""
    while clr_appy_evt_id:
        found = ledger.fact(CLEARING, clr_appy_evt_id)
        assert found is not None, "what is named was booked with what names it"
        application = loads(found.content)
        yield application
        clr_appy_evt_id = application["before"]


def applied_key(wanted: Wanted, setlym: str) -> str:
    """Return the key of ``applied``: institution, clr_type, month, and the centre of a 3203A."""
    return "|".join((wanted.fixmedins_code, wanted.clr_type, setlym, wanted.setl_optins)).rstrip("|")


def cleared_key(fixmedins_code: str, clr_type: str, setlym: str) -> str:
    """Return the key of ``cleared``: institution, clr_type and month (yyyymm)."""
    return f"{fixmedins_code}|{clr_type}|{setlym}"


def _application(house: House, clr_appy_evt_id: str) -> dict[str, Any]:
    found = house.ledger.fact(CLEARING, clr_appy_evt_id)
    if found is None:
        raise refusals.clearing_unknown(clr_appy_evt_id)
    return loads(found.content)


def _book(house: House, clr_appy_evt_id: str, state: str, at: str) -> dict[str, Any]:
    """Book one step of an application and return it as it is then. The same step from the same version is one entry."""
    found = house.ledger.fact(CLEARING, clr_appy_evt_id)
    assert found is not None
    before = loads(found.content)["state"]
    name = hashlib.sha256(f"{clr_appy_evt_id}|{found.version}|{state}".encode()).hexdigest()[:30]
    message = Message(OFFICE, name, OFFICE, dumps({"clr_appy_evt_id": clr_appy_evt_id, "state": state}), "", at)

    def compute(desk: Desk) -> Booking:
        application = known(desk, CLEARING, clr_appy_evt_id)
        if application is None or application["state"] != before:  # another clerk was faster
            raise refusals.clearing_state(clr_appy_evt_id, application["state"] if application else "", state)
        moved = _moved(desk, application, state)
        return Booking(moved[FactKey(CLEARING, clr_appy_evt_id)], facts=moved)

    return loads(house.ledger.settle(message, compute).answer)


def _moved(desk: Desk, application: dict[str, Any], state: str) -> dict[FactKey, bytes]:
    """Return the facts of an application that has come to a state."""
    clr_appy_evt_id = application["clr_appy_evt_id"]
    wanted = Wanted(**application["wanted"])
    facts = fact(CLEARING, clr_appy_evt_id, application | {"state": state})
    if state in (WITHDRAWN, REJECTED):
        facts |= fact(APPLIED, applied_key(wanted, application["setlym"]), {"clr_appy_evt_id": ""})
    if state in (CLOSING, APPLIED_STATE, REJECTED):
        key = cleared_key(wanted.fixmedins_code, wanted.clr_type, application["setlym"])
        before = known(desk, CLEARED, key) or {"closed_by": []}
        closed_by = [one for one in before["closed_by"] if one != clr_appy_evt_id]
        closed_by += [clr_appy_evt_id] if state == CLOSING else []
        told = {"clr_appy_evt_id": clr_appy_evt_id, "state": "cleared" if closed_by else "open", "closed_by": closed_by}
        facts |= fact(CLEARED, key, told)
    return facts


def _month(house: House, node: dict[str, Any]) -> tuple[str, str, str]:
    """Return the month (yyyymm) and its days. Raises BadInput B60, B61, B76."""
    first, last = span(node, "begndate", "enddate", 31)
    begins = date.fromisoformat(first)
    ends = date(begins.year, begins.month, calendar.monthrange(begins.year, begins.month)[1]).isoformat()
    setlym = text(node, "setlym") or f"{begins:%Y%m}"
    if begins.day != 1 or last != ends or setlym != f"{begins:%Y%m}":
        raise refusals.clearing_period(
            f"{first} to {last} is not month {setlym}", f" {first} 至 {last} 不是 {setlym} 整月"
        )
    if ends >= house.clock().date().isoformat():
        raise refusals.clearing_period(f"{setlym} is not over", f" {setlym} 尚未结束")
    return setlym, first, last


def _check(node: dict[str, Any], booked: Sums) -> None:
    """Check the amounts against each other (B71) and against the book (B72)."""
    stated = Sums(
        amount_fen(node, "medfee_sumamt"), amount_fen(node, "fund_appy_sum"), amount_fen(node, "acct_pay"),
        amount_fen(node, "cash_payamt"), booked.setl_cnt,
    )  # fmt: skip
    if stated.rest_fen != booked.rest_fen:
        sums = (stated.medfee_fen, stated.fund_fen, stated.cash_fen, stated.acct_fen)
        said = " - ".join(yuan(fen) for fen in sums)
        raise refusals.clearing_identity(said, yuan(stated.rest_fen), yuan(booked.rest_fen))
    if stated != booked:
        raise _first_difference(stated, booked)
    recognised = amount_fen(node, "med_sumfee")
    if not stated.fund_fen <= recognised <= stated.medfee_fen:
        raise refusals.clearing_differs(
            "med_sumfee", yuan(recognised), f"{yuan(stated.fund_fen)} - {yuan(stated.medfee_fen)}"
        )


def _first_difference(stated: Sums, booked: Sums) -> BadInput:
    """Return the refusal B72 for the first figure that differs; one of them does."""
    names = ("medfee_sumamt", "fund_appy_sum", "acct_pay", "cash_payamt", "笔数")
    shown: tuple[Callable[[int], str], ...] = (yuan, yuan, yuan, yuan, str)
    name, said, here = next(
        (name, show(one), show(other))
        for name, show, one, other in zip(names, shown, stated, booked, strict=True)
        if one != other
    )
    return refusals.clearing_differs(name, said, here)


def _person_times_differ(node: dict[str, Any], booked: Sums) -> bool:
    return bool(text(node, "psntime")) and count(node, "psntime") != booked.setl_cnt


TRANSACTIONS = (Transaction("3203", work=apply), Transaction("3204", work=withdraw))
