"""A till on a new book, which is whole when the test ends; an institution's office on another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts_book import Office
from accounts_book import open_till as open_shop
from visit_till import Till, open_till


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    made = open_till(tmp_path)
    yield made
    assert made.house.ledger.verify() == []
    made.house.ledger.close()


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(open_shop(tmp_path))
    yield made
    made.till.house.ledger.close()
