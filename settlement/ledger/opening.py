"""Opening a book by what people write: a file, or the address of a database."""

from __future__ import annotations

from pathlib import Path

from settlement.ledger.sqlite import SqliteLedger
from settlement.ledger.sqlite_store import SqliteStore
from settlement.ledger.store import Identity, Store
from settlement.ledger.stored_ledger import DEADLINE_S, StoredLedger
from settlement.vault import Vault, open_vault

SCHEMES = ("postgresql://", "postgres://")


def is_database(where: str) -> bool:
    """Tell whether a text is the address of a PostgreSQL database, not the path of a file."""
    return where.startswith(SCHEMES)


def open_ledger(where: str, vault: Vault | None = None, deadline_s: float = DEADLINE_S) -> StoredLedger:
    """Return the book at a path or a ``postgresql://`` address, made if it is new.

    Without a vault a file's keys stand beside it; a database takes those of SETTLEMENT_KEYS or SETTLEMENT_KEYS_FILE.
    Raises what the ledgers raise.
    """
    if not is_database(where):
        return SqliteLedger(Path(where), vault, deadline_s)
    # Only who uses a server needs its driver.
    from settlement.ledger.postgresql import PostgresLedger  # noqa: PLC0415

    return PostgresLedger(where, vault or open_vault(), deadline_s)


def open_store(where: str, identity: Identity) -> Store:
    """Return a store to copy a book into, made with the book's identity if it is empty."""
    if not is_database(where):
        return SqliteStore(Path(where), identity.keys, identity)
    from settlement.ledger.postgresql_store import PostgresStore  # noqa: PLC0415

    return PostgresStore(where, identity.keys, identity)
