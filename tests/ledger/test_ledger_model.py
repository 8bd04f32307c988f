"""Random tills against a dict: whatever is sent in whatever order by however many at once, the book is that dict."""

import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledger_till import KEY, message, pay, serial_oracle

from settlement.errors import LedgerConflict
from settlement.ledger import SqliteLedger, Stored
from settlement.ledger.stored_ledger import StoredLedger
from settlement.vault import Vault, open_vault


class Sent(NamedTuple):
    msgid: str
    psn_no: str
    body: bytes
    fails: bool


class Failed(Exception):
    """What a failing compute raises."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Vault:
    return open_vault(tmp_path_factory.mktemp("model") / "keys.toml", create=True)


SENT = st.builds(
    Sent,
    st.sampled_from([f"m{i}" for i in range(6)]),
    st.sampled_from(["p1", "p2"]),
    st.sampled_from([b"one", b"other"]),
    st.booleans(),
)
# Messages of one round are sent at once, rounds one after the other; between them the book may be closed and opened.
ROUNDS = st.lists(st.tuples(st.lists(SENT, min_size=1, max_size=5), st.booleans()), max_size=6)


def cost_of(msgid: str) -> int:
    return 10 + int(msgid[1:])


def send(ledger: StoredLedger, sent: Sent) -> Stored | Exception:
    def compute(desk):
        if sent.fails:
            raise Failed
        return pay(sent.msgid, cost_of(sent.msgid), psn_no=sent.psn_no)(desk)

    try:
        return ledger.settle(message(sent.msgid, sent.psn_no, sent.body), compute)
    except (LedgerConflict, Failed) as error:
        return error


def agrees(sent: Sent, outcome: Stored | Exception, model: dict[str, Sent], together: list[Sent]) -> bool:
    """Whether an outcome is one that the dict allows after the round; the dict holds who won each msgid."""
    winner = model.get(sent.msgid)
    if isinstance(outcome, Stored):
        return winner is not None and winner.body == sent.body
    if isinstance(outcome, LedgerConflict):
        return winner is not None and winner.body != sent.body
    return sent.fails and (winner is None or winner in together)  # it came before the winner of its own round


@settings(max_examples=60, deadline=None)
@given(ROUNDS)
def test_the_book_is_a_dict(rounds):
    with tempfile.TemporaryDirectory() as folder:
        is_that_dict(rounds, lambda: SqliteLedger(Path(folder) / "book.db"))


@settings(max_examples=20, deadline=None)
@given(rounds=ROUNDS)
def test_the_book_in_postgresql_is_a_dict(cluster, keys, rounds):
    from settlement.ledger.postgresql import PostgresLedger

    database = cluster.new_database()
    try:
        is_that_dict(rounds, lambda: PostgresLedger(cluster.dsn(database), keys))
    finally:
        cluster.drop_database(database)


def is_that_dict(rounds, open_book: Callable[[], StoredLedger]) -> None:
    model: dict[str, Sent] = {}
    answers: dict[str, bytes] = {}
    with ThreadPoolExecutor(5) as pool:
        ledger = open_book()
        for together, reopen in rounds:
            outcomes = list(pool.map(lambda sent: send(ledger, sent), together))  # noqa: B023
            for sent, outcome in zip(together, outcomes, strict=True):
                if isinstance(outcome, Stored) and outcome.first:
                    assert sent.msgid not in model and not sent.fails
                    model[sent.msgid], answers[sent.msgid] = sent, outcome.answer
            for sent, outcome in zip(together, outcomes, strict=True):
                assert agrees(sent, outcome, model, together), (sent, outcome)
                if isinstance(outcome, Stored):
                    assert outcome.answer == answers[sent.msgid]
            if reopen:
                ledger.close()
                ledger = open_book()
        entries = list(ledger.settlements())
        used = serial_oracle(entries, lambda entry: cost_of(entry.message.msgid))
        assert {entry.message.msgid: entry.answer for entry in entries} == answers
        for psn_no in ("p1", "p2"):
            owed = [cost_of(sent.msgid) for sent in model.values() if sent.psn_no == psn_no]
            assert used.get(psn_no, 0) == sum(owed)
            assert ledger.person(psn_no).counters == ({KEY: sum(owed)} if owed else {})
            assert ledger.person(psn_no).version == len(owed)
        assert ledger.verify() == []
        ledger.close()
