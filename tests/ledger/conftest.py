"""A fresh book for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from settlement.ledger import SqliteLedger


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


@pytest.fixture
def ledger(path: Path) -> Iterator[SqliteLedger]:
    with SqliteLedger(path) as book:
        yield book
