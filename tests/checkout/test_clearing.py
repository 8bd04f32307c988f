"""3203, 3204 and the insurer's decisions: the book's figures or none, one application a month, nothing moves once cleared."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from accounts_book import Office, open_till
from checkout_till import ANNA, DRUG_A, HOSPITAL, OTHER_HOSPITAL, SHOP

from settlement.checkout import clearing
from settlement.checkout.base import loads
from settlement.checkout.clearing import accept_clearing, decide_clearing
from settlement.errors import BadInput
from settlement.money import yuan


def applied_for(office: Office, **change: str) -> dict[str, dict[str, str]]:
    """Book three settlements and a refund of May and return the application that fits them."""
    rows = [office.settle(mulaid_fen=0), office.settle(mulaid_fen=0), office.settle(mulaid_fen=0, clr_type="21")]
    rows.append(office.refund(rows[1]))
    return application([row for row in rows if row.clr_type == "11"], **change)


def application(rows: list[Any], **change: str) -> dict[str, dict[str, str]]:
    sums = {name: yuan(sum(getattr(row, name) for row in rows)) for name in ("medfee_fen", "fund_fen", "acct_fen")}
    data = {
        "clr_type": "11", "clr_way": "1", "setlym": "202405", "psntime": "1", "medfee_sumamt": sums["medfee_fen"],
        "med_sumfee": sums["medfee_fen"], "fund_appy_sum": sums["fund_fen"], "acct_pay": sums["acct_fen"],
        "cash_payamt": yuan(sum(row.cash_fen for row in rows)), "begndate": "2024-05-01", "enddate": "2024-05-31",
    }  # fmt: skip
    return {"data": {name: value for name, value in (data | change).items() if value}}


def apply(office: Office, nodes: dict[str, Any], **more: Any) -> str:
    evt: str = office.till.send("3203", nodes, **more)["output"]["result"]["clr_appy_evt_id"]
    return evt


def at(office: Office) -> str:
    """Return the clock as the insurer's clerk has it."""
    return f"{office.till.time:%Y-%m-%d %H:%M:%S}"


def state(office: Office, evt: str) -> str:
    found = office.till.house.ledger.fact(clearing.CLEARING, evt)
    assert found is not None
    return str(loads(found.content)["state"])


def test_the_books_figures_are_taken_and_no_others(office: Office) -> None:
    nodes = applied_for(office)
    for name, value in (("fund_appy_sum", "1.00"), ("cash_payamt", "0.00"), ("medfee_sumamt", "0.01")):
        with pytest.raises(BadInput, match="B71") as off:
            office.till.send("3203", {"data": nodes["data"] | {name: value}})
        assert nodes["data"]["acct_pay"] in off.value.zh
    fund = int(nodes["data"]["fund_appy_sum"].replace(".", ""))
    cash = int(nodes["data"]["cash_payamt"].replace(".", ""))
    shifted = {"fund_appy_sum": yuan(fund + 5), "cash_payamt": yuan(cash - 5)}  # adds up, but is not the book's
    with pytest.raises(BadInput, match="B72") as off:
        office.till.send("3203", {"data": nodes["data"] | shifted})
    assert yuan(fund) in off.value.zh and yuan(fund + 5) in off.value.zh
    with pytest.raises(BadInput, match=r"B72.*med_sumfee"):
        office.till.send("3203", {"data": nodes["data"] | {"med_sumfee": "99999999.00"}})
    evt = apply(office, nodes, msgid="C1")
    assert apply(office, nodes, msgid="C1") == evt and state(office, evt) == "10"


def test_what_the_hospital_bears_is_no_fault_of_the_sums(office: Office) -> None:
    row = office.settle(mulaid_fen=0, hospital=77)
    assert apply(office, application([row]))


def test_the_shared_account_in_or_beside(office: Office) -> None:
    row = office.settle(mulaid_fen=1_000)
    with_it = application([row._replace(acct_fen=row.acct_fen + 1_000)])
    with pytest.raises(BadInput, match="B71"):
        office.till.send("3203", with_it)
    office.use(mulaid_in_stmt=True)
    assert apply(office, with_it)


def test_person_times_are_only_warned_of(office: Office) -> None:
    answer = office.till.send("3203", applied_for(office, psntime="5"))
    assert "5" in answer["warn_msg"] and answer["output"]["result"]["clr_appy_evt_id"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"setlym": "202404"}, "B76"),
        ({"enddate": "2024-05-30"}, "B76"),
        ({"begndate": "2024-05-02"}, "B76"),
        ({"begndate": "2024-04-30"}, "B61"),
        ({"setlym": "202406", "begndate": "2024-06-01", "enddate": "2024-06-30"}, "B76"),
        ({"clr_type": ""}, "B60"),
        ({"med_sumfee": "x"}, "B82"),
    ],
)
def test_one_whole_month_that_is_over(office: Office, change: dict[str, str], code: str) -> None:
    with pytest.raises(BadInput, match=code):
        office.till.send("3203", applied_for(office, **change))


def test_one_application_a_month_and_type(office: Office) -> None:
    nodes = applied_for(office)
    first = apply(office, nodes)
    with pytest.raises(BadInput, match="B73") as twice:
        office.till.send("3203", nodes)
    assert first in twice.value.zh
    office.till.send("3204", {"data": {"clr_appy_evt_id": first}})
    assert state(office, first) == "withdrawn"
    with pytest.raises(BadInput, match="B75"):
        office.till.send("3204", {"data": {"clr_appy_evt_id": first}})
    second = apply(office, nodes)
    assert second != first and state(office, second) == "10"


def test_by_centre_as_in_jilin(office: Office) -> None:
    """3203A names a centre and no month: each centre is an application of its own."""
    here, there = office.settle(mulaid_fen=0), office.settle(mulaid_fen=0, setl_optins="220100")
    for row in (here, there):
        assert apply(office, application([row], setlym="", psntime="", clr_optins=row.setl_optins))
    with pytest.raises(BadInput, match="B73"):
        office.till.send("3203", application([here], setlym="", psntime="", clr_optins="220400"))


def test_withdrawing_is_for_the_applicant_before_acceptance(office: Office) -> None:
    evt = apply(office, applied_for(office))
    data = {"data": {"clr_appy_evt_id": evt}}
    with pytest.raises(BadInput, match="B74"):
        office.till.send("3204", data, place=OTHER_HOSPITAL)
    with pytest.raises(BadInput, match="B74"):
        office.till.send("3204", {"data": {"clr_appy_evt_id": "1"}})
    accept_clearing(office.till.house, evt, at(office))
    with pytest.raises(BadInput, match="B75"):
        office.till.send("3204", data)
    assert state(office, evt) == "20"


def test_states_go_up_step_by_step(office: Office) -> None:
    evt = apply(office, applied_for(office))
    house = office.till.house
    with pytest.raises(BadInput, match="B75"):
        decide_clearing(house, evt, "50", at(office))
    for step in ("20", "30", "40", "50", "60"):
        assert decide_clearing(house, evt, step, at(office))["state"] == step
        booked = house.ledger.head()[0]
        assert decide_clearing(house, evt, step, at(office))["state"] == step  # said twice, done once
        assert house.ledger.head()[0] == booked
    with pytest.raises(BadInput, match="B75"):
        decide_clearing(house, evt, "70", at(office))
    with pytest.raises(BadInput, match="B75"):
        accept_clearing(house, evt, at(office))
    with pytest.raises(BadInput, match="B74"):
        accept_clearing(house, "1", at(office))
    assert house.ledger.verify() == []


def test_acceptance_holds_the_figures_again(office: Office) -> None:
    evt = apply(office, applied_for(office))
    late = office.settle(mulaid_fen=0)  # booked for May after the application
    house = office.till.house
    with pytest.raises(BadInput, match="B72"):
        accept_clearing(house, evt, at(office))
    assert state(office, evt) == "10" and cleared(office) == "open"
    office.refund(late)
    assert accept_clearing(house, evt, at(office))["state"] == "20" and cleared(office) == "cleared"


def test_an_acceptance_that_was_broken_off_goes_on(office: Office) -> None:
    evt = apply(office, applied_for(office))
    clearing._book(office.till.house, evt, clearing.CLOSING, at(office))
    office.till.reopen()
    assert accept_clearing(office.till.house, evt, at(office))["state"] == "20"


def cleared(office: Office, clr_type: str = "11", place: str = HOSPITAL) -> str:
    found = office.till.house.ledger.fact("cleared", clearing.cleared_key(place, clr_type, "202405"))
    return str(loads(found.content)["state"]) if found else ""


def test_a_cleared_month_does_not_move_until_it_is_rejected(tmp_path: Path) -> None:
    """A real sale: given back before acceptance or after rejection, never in between; the 2601 too."""
    till = open_till(tmp_path, datetime(2024, 5, 6, 9, 0, 0))
    office = Office(till)
    sale = till.send("2102", till.purchase(ANNA, "37.00", [DRUG_A]), "S1", place=SHOP)["output"]["setlinfo"]
    till.time = datetime(2024, 6, 3, 9, 0, 0)
    data = {
        "clr_type": "41", "setlym": "202405", "psntime": "1", "medfee_sumamt": "37.00", "med_sumfee": "37.00",
        "fund_appy_sum": sale["fund_pay_sumamt"], "acct_pay": sale["acct_pay"], "cash_payamt": sale["psn_cash_pay"],
        "begndate": "2024-05-01", "enddate": "2024-05-31",
    }  # fmt: skip
    evt = apply(office, {"data": data}, place=SHOP)
    assert cleared(office, "41", SHOP) == ""
    now = f"{till.time:%Y-%m-%d %H:%M:%S}"
    accept_clearing(till.house, evt, now)
    for send in (
        lambda: till.send("2103", till.cancel_of(sale), place=SHOP),
        lambda: till.undo(ANNA, "S1", "2102", place=SHOP),
    ):
        with pytest.raises(BadInput, match="CLEARED"):
            send()
    decide_clearing(till.house, evt, "70", now)
    assert cleared(office, "41", SHOP) == "open"
    till.send("2103", till.cancel_of(sale), place=SHOP)
    with pytest.raises(BadInput, match="B75"):
        decide_clearing(till.house, evt, "30", now)
    assert till.house.ledger.verify() == []
    till.house.ledger.close()
