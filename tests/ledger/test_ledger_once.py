"""One message settles once; what does not fit is refused before anything is written."""

import pytest
from ledger_till import KEY, message, pay, settle

from settlement.errors import BadInput, LedgerConflict, SettlementError
from settlement.ledger import Booking, CounterKey, Desk, FactKey, PersonState, Posting, Settlement


def must_not_run(desk: Desk) -> Booking:
    raise AssertionError("compute was called for a message that is booked")


def test_a_repeat_gets_the_first_answer(ledger, open_book):
    first = settle(ledger, "m1")
    again = ledger.settle(message("m1"), must_not_run)
    assert (first.first, again.first) == (True, False)
    assert again == first._replace(first=False) == ledger.find("H", "m1")
    ledger.close()
    with open_book() as reopened:  # the answer was lost with the process; the till asks again
        assert reopened.settle(message("m1"), must_not_run) == again
        assert reopened.person("p1") == PersonState("p1", 1, {KEY: 100}, None)
        assert settle(reopened, "m2").seq == 2


def test_the_same_msgid_of_another_institution_is_another_message(ledger):
    settle(ledger, "m1")
    other = ledger.settle(message("m1")._replace(fixmedins_code="H2"), pay("m1b", psn_no="p1"))
    assert other.first and other.seq == 2


@pytest.mark.parametrize("changed", [{"body": b"{ }"}, {"infno": "2208"}])
def test_another_body_is_refused(ledger, changed):
    settle(ledger, "m1")
    with pytest.raises(LedgerConflict, match="L01_MSGID_REUSED") as refusal:
        ledger.settle(message("m1")._replace(**changed), must_not_run)
    assert refusal.value.zh
    assert ledger.person("p1").version == 1


def test_the_received_time_is_not_part_of_the_body(ledger):
    first = settle(ledger, "m1")
    assert ledger.settle(message("m1")._replace(received_at="2024-05-02 00:00:00"), must_not_run).seq == first.seq


def test_what_compute_raises_reaches_its_caller_and_nothing_is_written(ledger):
    def refuse(desk: Desk) -> Booking:
        desk.person("p1").counters[KEY] = 7  # scribbling on what it was given changes nothing either
        raise ValueError("no benefit")

    with pytest.raises(ValueError, match="no benefit"):
        ledger.settle(message("m1"), refuse)
    assert ledger.find("H", "m1") is None
    assert ledger.person("p1") == PersonState("p1", 0, {}, None)
    assert settle(ledger, "m1").seq == 1


ROW = Settlement("S1", "v1", "H", "2024-05-01", "310", "11", "220400", "11", "", 1, 0, 1, 0, 0)
GOOD = Booking(b"ok", "S1", {KEY: 1}, 5, (Posting("a", "", -1), Posting("b", "", 1)))


@pytest.mark.parametrize(
    "code, change",
    [
        ("L08", {"postings": (Posting("a", "", 1),)}),
        ("L10", {"postings": (Posting("a", "", 0.5), Posting("b", "", -0.5))}),
        ("L10", {"postings": (Posting("a", "", 10**18), Posting("b", "", -(10**18)))}),
        ("L10", {"postings": (Posting("", "", 0),)}),
        ("L10", {"counters": {KEY: 1.0}}),
        ("L10", {"counters": {KEY: True}}),
        ("L10", {"counters": {CounterKey("990100", "week", "2024-01-01", "x"): 1}}),
        ("L10", {"counters": {KEY._replace(period_start="2024-02-30"): 1}}),
        ("L10", {"acct_balc_fen": "5"}),
        ("L10", {"answer": "ok"}),
        ("L10", {"facts": {FactKey("visit", "1"): "text"}}),
        ("L10", {"facts": {FactKey("", "1"): b""}}),
        ("L10", {"facts": {FactKey("person", "p1"): b"[0,[]]"}}),
        ("L10", {"settlement": ROW._replace(cash_fen=1.5)}),
        ("L10", {"settlement": ROW._replace(setl_id="")}),
        ("L10", {"setl_id": "S" * 31}),
    ],
)
def test_a_booking_that_does_not_fit_is_refused(ledger, code, change):
    with pytest.raises(BadInput, match=code):
        ledger.settle(message("m1"), lambda desk: GOOD._replace(**change))
    assert ledger.find("H", "m1") is None
    assert ledger.settle(message("m1"), lambda desk: GOOD).seq == 1


@pytest.mark.parametrize(
    "change",
    [
        {"msgid": ""},
        {"msgid": "m" * 31},
        {"psn_no": "\ud800"},
        {"body": "{}"},
        {"infno": 2207},
        {"received_at": None},
        {"received_at": "yesterday"},
    ],
)
def test_a_message_that_does_not_fit_is_refused(ledger, change):
    with pytest.raises(BadInput, match="L09"):
        ledger.settle(message("m1")._replace(**change), must_not_run)


def test_a_settlement_id_names_one_entry(ledger):
    settle(ledger, "m1")
    with pytest.raises(LedgerConflict, match="L02"):
        ledger.settle(message("m2"), pay("m1"))
    assert ledger.find("H", "m2") is None


def test_counters_that_are_not_named_keep_their_value(ledger):
    other = KEY._replace(period_kind="month", name="visits")
    settle(ledger, "m1")
    ledger.settle(message("m2"), lambda desk: Booking(b"", "S2", {other: 1}, None, ()))
    assert ledger.person("p1") == PersonState("p1", 2, {KEY: 100, other: 1}, None)


def test_an_opening_balance_is_booked_once_and_first(ledger):
    first = ledger.seed_person("p1", 25_000)
    assert ledger.seed_person("p1", 25_000) == first._replace(first=False)
    assert ledger.person("p1") == PersonState("p1", 1, {}, 25_000)
    with pytest.raises(LedgerConflict, match="L01"):
        ledger.seed_person("p1", 25_001)
    settle(ledger, "m1", psn_no="p2")
    with pytest.raises(LedgerConflict, match="L12"):
        ledger.seed_person("p2", 1)
    settle(ledger, "m2")
    assert ledger.person("p1").acct_balc_fen == 25_000  # a booking that says nothing of the account leaves it
    assert ledger.verify() == []


def test_settling_from_inside_compute_is_refused_at_once(ledger):
    with pytest.raises(RuntimeError, match="inside the work"):
        ledger.settle(message("m1"), lambda desk: ledger.settle(message("m2"), pay("m2")))


def test_compute_may_scribble_on_what_it_was_given(ledger):
    def scribble(desk: Desk) -> Booking:
        desk.person("p1").counters[KEY] = 7
        return Booking(b"", "S2", {}, None, ())

    settle(ledger, "m1")
    ledger.settle(message("m2"), scribble)
    assert ledger.person("p1").counters == {KEY: 100}


def test_a_closed_book_says_so(ledger):
    ledger.close()
    ledger.close()
    for call in (lambda: settle(ledger, "m1"), lambda: ledger.person("p1")):
        with pytest.raises(SettlementError, match="L11"):
            call()
