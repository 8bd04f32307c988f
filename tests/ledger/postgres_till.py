"""A till process on a book in PostgreSQL, made to be killed: settles for three persons and notes each answer it has.

Arguments: address, key file, file of acknowledgements (appended, one line each), name of the till.
"""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

from ledger_till import settle

from settlement.ledger.postgresql import PostgresLedger
from settlement.vault import open_vault

if __name__ == "__main__":
    address, keys, acks, name = sys.argv[1:]
    notes = os.open(acks, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    with PostgresLedger(address, open_vault(Path(keys))) as book:
        for i in count():
            stored = settle(book, f"{name}n{i}", psn_no=f"p{i % 3}")
            os.write(notes, stored.answer + b"\n")
