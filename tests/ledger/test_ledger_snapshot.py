"""What the analysis room is given, and what makes the hash of an entry."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_till import KEY, settle

from settlement.ledger import (
    SNAPSHOT_COLUMNS,
    Booking,
    CounterKey,
    Fact,
    Ledger,
    Message,
    SqliteLedger,
    chain,
    snapshot_rows,
    sqlite_store,
)
from settlement.ledger.sealed import state_content, state_of


def test_rows_fit_their_columns_and_continue_where_the_last_export_ended(ledger):
    ledger.seed_person("p1", 500)
    settle(ledger, "m2", 70)
    settle(ledger, "m3", 30)
    for table, names in SNAPSHOT_COLUMNS.items():
        whole = list(snapshot_rows(ledger, table))
        assert whole and {len(row) for row in whole} == {len(names)}
        assert whole == [*snapshot_rows(ledger, table, upto=2), *snapshot_rows(ledger, table, after=2)]
    assert list(snapshot_rows(ledger, "postings", after=2)) == [
        (3, 0, "fund:990100", "310100", -30),
        (3, 1, "hospital:H", "", 30),
    ]
    assert list(snapshot_rows(ledger, "counters", upto=2)) == [(2, "p1", 2, *KEY, 70)]
    row = dict(zip(SNAPSHOT_COLUMNS["settlements"], next(snapshot_rows(ledger, "settlements", after=2)), strict=True))
    assert (row["seq"], row["setl_id"], row["person_version"], row["acct_balc_fen"]) == (3, "Sm3", 3, 500)


def test_entries_are_read_in_pages_and_each_once(ledger, monkeypatch):
    monkeypatch.setattr(sqlite_store, "PAGE", 3)
    for i in range(10):
        settle(ledger, f"m{i}")
    reading = ledger.settlements()
    first = next(reading)
    settle(ledger, "later")  # an iterator that is not finished holds nobody up, and ends where it began to
    assert [first.seq, *(entry.seq for entry in reading)] == list(range(1, 11))
    assert ledger.verify() == []


def test_the_sqlite_book_keeps_the_contract(ledger: SqliteLedger):
    book: Ledger = ledger
    public = {name for name in vars(Ledger) if not name.startswith("_")}
    assert public >= {"settle", "submit", "find", "person", "fact", "totals", "rows", "settlements", "verify", "close"}
    assert all(callable(getattr(book, name)) for name in public)


FIELD = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text(st.characters(codec="utf-8")), st.binary())


@given(st.lists(FIELD), st.lists(FIELD))
def test_two_different_rows_never_give_the_same_bytes(one, other):
    kinds = [(type(field), field) for field in one], [(type(field), field) for field in other]
    assert (chain.encode(*one) == chain.encode(*other)) == (kinds[0] == kinds[1])


def test_the_bytes_of_a_row_are_fixed():
    """Books already written are hashed this way: a change here is a new form, not a new release."""
    assert chain.encode("医", 5, -12, None, b"\x00", 300).hex() == "96a3e58cbb05f4c0c40100cd012c"
    content = state_content(7, {KEY: 5, CounterKey("110000", "month", "2024-01-01", "门诊"): -1})
    rows = '[["110000","month","2024-01-01","门诊",-1],["990100","year","2024-01-01","employee_pool",5]]'
    assert content.decode() == f"[7,{rows}]"
    assert state_of("p1", Fact(3, content)).counters[KEY] == 5
    digest = chain.digest("sha256", "2207", b"{}")
    assert digest.hex() == "650e55fb925332dbd00b56ab5c40b135c21d156b65912a29c821c623de411de3"
    assert chain.decode(chain.encode("医保", b"rest", None, 2**40)) == ["医保", b"rest", None, 2**40]


@pytest.mark.parametrize("algorithm", chain.ALGORITHMS)
def test_a_book_keeps_the_algorithm_it_was_begun_with(path, monkeypatch, algorithm):
    monkeypatch.setattr(chain, "pick_algorithm", lambda: algorithm)
    with SqliteLedger(path) as ledger:
        settle(ledger, "m1")
    monkeypatch.undo()
    with SqliteLedger(path) as ledger:
        assert ledger.identity.algorithm == algorithm
        assert settle(ledger, "m2").first and ledger.verify() == []


def test_an_algorithm_this_machine_lacks_is_named(path, monkeypatch):
    SqliteLedger(path).close()
    monkeypatch.setattr(chain.hashlib, "algorithms_available", {"md5"})
    with pytest.raises(Exception, match="L13_DIGEST_MISSING"):
        SqliteLedger(path)


def test_a_booking_without_money_is_an_entry_too(ledger):
    stored = ledger.settle(Message("H", "m1", "2601", b"{}", "p1", ""), lambda desk: Booking(b"", "S1", {}, None, ()))
    assert stored.first and ledger.verify() == []
