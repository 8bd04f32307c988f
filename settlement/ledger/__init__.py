"""The book: append-only, idempotent, hash-chained. ``book`` is the contract, ``sqlite`` keeps it in one file."""

from settlement.ledger.book import (
    Booking,
    Compute,
    CounterKey,
    Entry,
    Fault,
    Ledger,
    Message,
    PersonState,
    Posting,
    Stored,
)
from settlement.ledger.snapshot import SNAPSHOT_COLUMNS, snapshot_rows
from settlement.ledger.sqlite import SqliteLedger

__all__ = [
    "SNAPSHOT_COLUMNS",
    "Booking",
    "Compute",
    "CounterKey",
    "Entry",
    "Fault",
    "Ledger",
    "Message",
    "PersonState",
    "Posting",
    "SqliteLedger",
    "Stored",
    "snapshot_rows",
]
