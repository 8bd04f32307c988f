"""A fresh book for each test, once in each store. A test that looks into the file (``path``) is about SQLite only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from postgres_server import SUPERUSER, Cluster, programs, running_cluster

from settlement.ledger import SqliteLedger
from settlement.ledger.stored_ledger import StoredLedger
from settlement.vault import Vault, open_vault

STORES = ("sqlite", "postgresql")
OpenBook = Callable[..., StoredLedger]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run in each store, unless the module names its ``STORES`` or the test looks into the file."""
    if "open_book" in metafunc.fixturenames:
        stores = getattr(metafunc.module, "STORES", STORES)
        metafunc.parametrize("open_book", ["sqlite"] if "path" in metafunc.fixturenames else stores, indirect=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    pytest.importorskip("psycopg", reason="the driver for PostgreSQL is not installed")
    if programs() is None:
        pytest.skip("no PostgreSQL server here: see scripts/postgres.sh")
    with running_cluster() as started:
        yield started


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    name = cluster.new_database()
    yield name
    cluster.drop_database(name)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return open_vault(tmp_path / "keys.toml", create=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.db"


@pytest.fixture
def open_book(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenBook]:
    """Open the book of this test; again for a second one on the same store. All are closed at the end."""
    if request.param == "sqlite":

        def opened(**settings: float) -> StoredLedger:
            return SqliteLedger(tmp_path / "book.db", **settings)
    else:
        cluster, name = request.getfixturevalue("cluster"), request.getfixturevalue("database")
        vault = request.getfixturevalue("vault")

        def opened(**settings: float) -> StoredLedger:
            from settlement.ledger.postgresql import PostgresLedger

            return PostgresLedger(cluster.dsn(name), vault, **settings)

    with ExitStack() as books:
        yield lambda **settings: books.enter_context(opened(**settings))


@pytest.fixture
def ledger(open_book: OpenBook) -> StoredLedger:
    return open_book()


# --- for what is about PostgreSQL only ---


@pytest.fixture
def open_pg(cluster: Cluster, database: str, vault: Vault) -> Iterator[OpenBook]:
    """Open the book of this test, at another address where one is given."""
    from settlement.ledger.postgresql import PostgresLedger

    opened: list[StoredLedger] = []

    def one(dsn: str = "", **settings: float) -> StoredLedger:
        opened.append(PostgresLedger(dsn or cluster.dsn(database), vault, **settings))
        return opened[-1]

    yield one
    for made in opened:
        made.close()


@pytest.fixture
def book(open_pg: OpenBook) -> StoredLedger:
    return open_pg()


@pytest.fixture
def master(cluster: Cluster, database: str) -> Iterator[Any]:
    """A superuser's connection: whom no right holds back."""
    import psycopg

    with psycopg.connect(cluster.dsn(database, SUPERUSER), autocommit=True) as con:
        con.execute("SET search_path = settlement_ledger")
        yield con
