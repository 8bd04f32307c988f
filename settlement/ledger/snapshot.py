"""The book as plain rows for the analysis room: column names and tuples, nothing of any store.

Entries never change, so the rows up to one seq are the same whenever they are read: an export is named by its last
seq and continued from there. Ids of persons are still the true ones; pseudonyms are the exporter's duty.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from settlement.ledger.book import Entry, Ledger

Row = tuple[str | int | bytes | None, ...]

SNAPSHOT_COLUMNS: dict[str, tuple[str, ...]] = {
    "settlements": (
        "seq",
        "setl_id",
        "fixmedins_code",
        "msgid",
        "infno",
        "psn_no",
        "received_at",
        "person_version",
        "acct_balc_fen",
        "answer",
        "hash",
    ),
    "postings": ("seq", "line", "account", "fund_pay_type", "amount_fen"),
    "counters": ("seq", "psn_no", "person_version", "area", "period_kind", "period_start", "name", "value"),
}


def snapshot_rows(ledger: Ledger, table: str, after: int = 0, upto: int | None = None) -> Iterator[Row]:
    """Yield the rows of one table of ``SNAPSHOT_COLUMNS`` for entries with after < seq <= upto, in order of the book.

    Counters are given as they stood after each entry, all of a person's each time.
    """
    rows_of = _ROWS[table]
    for entry in ledger.settlements(after, upto):
        yield from rows_of(entry)


def _settlement_rows(entry: Entry) -> Iterator[Row]:
    message, state = entry.message, entry.state
    yield (
        entry.seq,
        entry.setl_id,
        message.fixmedins_code,
        message.msgid,
        message.infno,
        message.psn_no,
        message.received_at,
        state.version,
        state.acct_balc_fen,
        entry.answer,
        entry.hash,
    )


def _posting_rows(entry: Entry) -> Iterator[Row]:
    for line, posting in enumerate(entry.postings):
        yield (entry.seq, line, *posting)


def _counter_rows(entry: Entry) -> Iterator[Row]:
    for key, value in sorted(entry.state.counters.items()):
        yield (entry.seq, entry.state.psn_no, entry.state.version, *key, value)


_ROWS: dict[str, Callable[[Entry], Iterator[Row]]] = {
    "settlements": _settlement_rows,
    "postings": _posting_rows,
    "counters": _counter_rows,
}
