"""Result files → one DuckDB file that an analyst can keep: tables, and a view for each file in ``views``.

Persons become pseudonyms on the way in. The file is written in the storage format of DuckDB 1.5, so that the version most
people have opens it too. It is a snapshot: the book of record is the ledger.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import duckdb

from settlement.errors import BadInput

VIEWS = Path(__file__).parent / "views"
STORAGE = "v1.5.0"


def view_names() -> list[str]:
    """Return the names of the views, in the order in which they are made."""
    return [file.stem.partition("_")[2] for file in sorted(VIEWS.glob("*.sql"))]


def build_database(path: Path, results: Path, salt: str = "") -> None:
    """Make the DuckDB file at ``path`` (replaced if it is there) from a folder of result files.

    ``salt`` keeps pseudonyms of one analyst's file from matching another's.
    """
    path.unlink(missing_ok=True)
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{_quoted(path)}' AS book (STORAGE_VERSION '{STORAGE}')")
        connection.execute("USE book")
        for table in ("claims", "lines", "refusals", "counters"):
            source = f"read_parquet('{_quoted(results / f'{table}.parquet')}')"
            has_person = table in ("claims", "counters")
            columns = "* REPLACE (left(sha256(? || psn_no), 16) AS psn_no)" if has_person else "*"
            connection.execute(f"CREATE TABLE {table} AS SELECT {columns} FROM {source}", [salt] if has_person else [])
        for file in sorted(VIEWS.glob("*.sql")):
            name = file.stem.partition("_")[2]
            connection.execute(f"CREATE VIEW {name} AS {file.read_text(encoding='utf-8')}")
        connection.execute("CHECKPOINT book")


def query(path: Path, view: str, limit: int = 20) -> str:
    """Return the first rows of a view as a text table."""
    if view not in view_names():
        raise BadInput("A01_NO_VIEW", f"{view!r} is not a view", cure=f"One of: {', '.join(view_names())}")
    with duckdb.connect(str(path), read_only=True) as connection:
        return str(connection.sql(f"SELECT * FROM {view} LIMIT {int(limit)}"))


def pseudonym(psn_no: str, salt: str = "") -> str:
    """Return the pseudonym under which a person stands in an analyst's file."""
    return hashlib.sha256((salt + psn_no).encode()).hexdigest()[:16]


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
