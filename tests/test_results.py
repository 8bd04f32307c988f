"""From a sampled claim file to Parquet and DuckDB: nothing lost, to the fen, the same for the same seed."""

import json
from pathlib import Path

import duckdb
import pytest

from settlement.analysis.database import build_database, pseudonym, query, view_names
from settlement.engine import Settled, settle_drafts
from settlement.errors import BadInput
from settlement.intake import from_arrow, read_file
from settlement.kernel.layout import R, S
from settlement.results import claims_table, counters_table, lines_table, write_parquet
from settlement.rules.rulebook import open_rulebook
from settlement.sample import sample_claims, write_sample
from settlement.schema import RESULT_SCHEMA

BOOK = open_rulebook().book
CLAIMS = 5_000


@pytest.fixture(scope="module")
def settled() -> Settled:
    return settle_drafts(from_arrow(sample_claims(CLAIMS, BOOK, 11)), BOOK)


def test_the_sample_is_seeded_and_mostly_settles(settled: Settled) -> None:
    assert sample_claims(500, BOOK, 3).equals(sample_claims(500, BOOK, 3))
    assert not sample_claims(500, BOOK, 3).equals(sample_claims(500, BOOK, 4))
    assert 0.97 * CLAIMS < settled.kept.size < CLAIMS
    assert settled.kept.size + len({refusal.claim for refusal in settled.refusals}) == CLAIMS
    lines = settled.drafts.line_start[-1] / CLAIMS
    assert 4 < lines < 6


def test_threads_change_nothing(settled: Settled) -> None:
    alone = settle_drafts(settled.drafts, BOOK, threads=1)
    several = settle_drafts(settled.drafts, BOOK, threads=3)
    for one, other in zip(alone.results, several.results, strict=True):
        assert (one == other).all()


def test_tables_hold_the_kernel_s_cells(settled: Settled) -> None:
    table = claims_table(settled)
    assert table.schema.equals(RESULT_SCHEMA) and table.num_rows == settled.kept.size
    kept = settled.kept
    assert (
        table["fund_pay_sumamt_fen"].to_numpy().tolist()
        == settled.results.columns[R.fund_pay_sumamt_fen, kept].tolist()
    )
    for k, row in list(zip(kept.tolist(), table.to_pylist(), strict=True))[:200]:
        told = settled.told(k)
        assert row["medins_setl_id"] == told["medins_setl_id"] and row["psn_no"] == told["psn_no"]
        assert [step["pay_fen"] for step in row["layers"]] == [step["pay_fen"] for step in told["layers"]]
        assert [step["rule"] for step in row["layers"]] == [step["rule"] for step in told["layers"]]
    assert lines_table(settled).num_rows == sum(len(settled.told(k)["lines"]) for k in kept.tolist())
    values = {
        (c["psn_no"], c["area"], c["period"], c["period_start"], c["counter"]): c["value"]
        for c in settled.counters()
        if c["value"]
    }
    rows = counters_table(settled).to_pylist()
    assert {
        (r["psn_no"], r["area"], r["period"], str(r["period_start"]), r["counter"]): r["value"] for r in rows
    } == values


def test_file_to_database(tmp_path: Path) -> None:
    lines = write_sample(tmp_path / "claims.parquet", 2_000, 5, BOOK)
    settled = settle_drafts(read_file(tmp_path / "claims.parquet"), BOOK)
    write_parquet(settled, tmp_path / "results")
    assert not list((tmp_path / "results").glob("*.part"))
    build_database(tmp_path / "s.duckdb", tmp_path / "results", "salt")
    columns = settled.results.columns[:, settled.kept]
    with duckdb.connect(str(tmp_path / "s.duckdb"), read_only=True) as connection:
        total = connection.execute("SELECT sum(fund_yuan), sum(claims) FROM fund_by_area_month").fetchone()
        assert (
            total is not None
            and int(total[0] * 100) == columns[R.fund_pay_sumamt_fen].sum()
            and total[1] == settled.kept.size
        )
        paid = connection.execute("SELECT sum(pay_fen) FROM steps").fetchone()
        assert (
            paid is not None
            and paid[0] == columns[R.fund_pay_sumamt_fen].sum() == settled.results.layers[S.pay_fen].sum()
        )
        persons = {row[0] for row in connection.execute("SELECT psn_no FROM claims").fetchall()}
        assert persons == {pseudonym(settled.told(k)["psn_no"], "salt") for k in settled.kept.tolist()}
        kinds = connection.execute("SELECT typeof(medfee_yuan) FROM fund_by_area_month LIMIT 1").fetchone()
        assert kinds == ("DECIMAL(18,2)",)
    assert lines >= 2_000
    for view in view_names():
        assert query(tmp_path / "s.duckdb", view, 2)
    with pytest.raises(BadInput, match="A01_NO_VIEW"):
        query(tmp_path / "s.duckdb", "no_such_view")


def test_a_claim_without_a_person_names_its_counters() -> None:
    draft = json.loads(
        (Path(__file__).parent.parent / "data/examples/liaoyuan_inpatient.json").read_text(encoding="utf-8")
    )
    alone = settle_drafts([{key: value for key, value in draft.items() if key != "psn_no"}], BOOK)
    assert {row["psn_no"] for row in counters_table(alone).to_pylist()} == {draft["medins_setl_id"]}
