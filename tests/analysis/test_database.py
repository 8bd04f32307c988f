"""The analyst's file: to the fen what the results say, pseudonymous, readable by an older DuckDB, views one question each."""

from pathlib import Path

import duckdb
import numpy as np
import pytest

from settlement.analysis.database import VIEWS, build_database, view_names
from settlement.engine import Settled, settle_drafts
from settlement.intake import from_arrow
from settlement.results import claims_table, write_parquet
from settlement.rules.rulebook import open_rulebook
from settlement.sample import sample_claims


@pytest.fixture(scope="module")
def settled() -> Settled:
    book = open_rulebook().book
    return settle_drafts(from_arrow(sample_claims(4_000, book, 23)), book)


@pytest.fixture(scope="module")
def database(settled: Settled, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("analysis")
    write_parquet(settled, folder / "results")
    build_database(folder / "s.duckdb", folder / "results", "pepper")
    return folder / "s.duckdb"


def ask(database: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_months_and_areas_add_up_to_the_kernel_s_fen(settled: Settled, database: Path) -> None:
    claims = claims_table(settled)
    for column in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay", "psn_cash_pay"):
        view = {"medfee_sumamt": "medfee", "fund_pay_sumamt": "fund", "acct_pay": "acct", "psn_cash_pay": "cash"}[
            column
        ]
        fen = int(np.sum(claims[f"{column}_fen"].to_numpy()))
        assert ask(database, f"SELECT (sum({view}_yuan) * 100)::BIGINT FROM fund_by_area_month") == [(fen,)]


def test_the_matrix_holds_every_claim_across_provinces(settled: Settled, database: Path) -> None:
    rows = [row for row in claims_table(settled).to_pylist() if row["relation"] == "cross_province"]
    total = sum(row["fund_pay_sumamt_fen"] for row in rows)
    matrix = ask(database, "SELECT insured_province, place_province, claims, fund_yuan FROM cross_province_matrix")
    assert all(insured != place for insured, place, _, _ in matrix)
    assert sum(row[2] for row in matrix) == len(rows) > 0
    assert sum(int(row[3] * 100) for row in matrix) == total


def test_refusals_are_counted_by_claim(settled: Settled, database: Path) -> None:
    wanted: dict[str, set[int]] = {}
    for refusal in settled.refusals:
        wanted.setdefault(refusal.code, set()).add(refusal.claim)
    counted = dict(ask(database, "SELECT code, claims FROM refusals_by_code"))
    assert counted == {code: len(claims) for code, claims in wanted.items()} != {}


def test_every_step_stands_on_its_own_row(settled: Settled, database: Path) -> None:
    rows = [row for row in claims_table(settled).to_pylist() if row["layers"]]
    assert ask(database, "SELECT count(*) FROM steps") == [(sum(len(row["layers"]) for row in rows),)]
    odd = (
        "SELECT count(*) FROM claims WHERE fund_pay_sumamt_fen <> list_sum(list_transform(layers, lambda s: s.pay_fen))"
    )
    assert ask(database, odd) == [(0,)]


def test_money_stays_fen_until_a_view_shows_it(database: Path) -> None:
    types = dict(ask(database, "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 'claims'"))
    assert {kind for name, kind in types.items() if name.endswith("_fen")} == {"BIGINT"}
    for view in view_names():
        shown = ask(database, f"SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = '{view}'")
        assert {kind for name, kind in shown if name.endswith("_yuan")} <= {"DECIMAL(18,2)"}
        assert not [name for name, kind in shown if kind in ("DOUBLE", "FLOAT")]


def test_persons_are_pseudonyms_of_one_file_only(settled: Settled, database: Path, tmp_path: Path) -> None:
    real = set(claims_table(settled)["psn_no"].to_pylist())
    shown = {row[0] for row in ask(database, "SELECT psn_no FROM claims UNION SELECT psn_no FROM counters")}
    assert len(shown) == len(real) and not shown & real
    build_database(tmp_path / "other.duckdb", database.parent / "results", "salt")
    assert not shown & {row[0] for row in ask(tmp_path / "other.duckdb", "SELECT psn_no FROM claims")}


def test_the_file_is_written_for_older_readers(database: Path) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"ATTACH '{database}' AS book (READ_ONLY)")
        tags = connection.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'book'").fetchone()
    assert tags is not None and "v1.5" in str(tags[0])


def test_each_view_opens_with_its_question() -> None:
    for file in VIEWS.glob("*.sql"):
        assert file.read_text(encoding="utf-8").startswith("-- "), file.name
