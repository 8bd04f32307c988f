"""What the kernel is compared with: the same source uncompiled, DuckDB SQL, and a floor that only moves the bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.world import World, empty_results
from settlement.intake import ClaimBatch
from settlement.kernel.layout import DEDC_PERIOD, C, L, M, P, R, Results, T, Y

SQL = Path(__file__).with_name("peer.sql")


def uncompiled(persons: int, claims: int, rounds: int = 1) -> dict[str, Any]:
    """Return seconds, claims and the digest of the pure-Python integer calculation, run in its own process."""
    code = f"from benchmarks.uncompiled import main; main({persons}, {claims}, {rounds})"
    environment = {**os.environ, "NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def floor(batch: ClaimBatch, results: Results, threads: int) -> float:
    """Return the seconds to read every input byte and write every output byte of the kernel, on as many threads."""
    claims, tables, state = batch.claims, batch.tables, batch.state.values
    sources = [claims.columns, claims.lines, claims.person_start, claims.reported, *tables, state]
    begin = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        moves = [pool.submit(part.sum) for source in sources for part in _parts(source, threads)]
        moves += [pool.submit(part.fill, 1) for target in (*results, state) for part in _parts(target, threads)]
        for move in moves:
            move.result()
    return time.perf_counter() - begin


def _parts(array: np.ndarray, threads: int) -> list[np.ndarray]:
    return np.array_split(array.reshape(-1), threads)


class DuckPeer:
    """The same calculation in DuckDB SQL: lines by join and group-by, persons by list_reduce over their claims in order."""

    def __init__(self, world: World) -> None:
        self.connection = duckdb.connect(":memory:")
        batch = world.batch
        claims, lines, tables = batch.claims.columns, batch.claims.lines, batch.tables
        first, end = tables.programs[:, P.layer_start], tables.programs[:, P.layer_end]
        layer = np.where(end > first, tables.program_layers[np.minimum(first, tables.program_layers.size - 1)], -1)
        owner = np.repeat(np.arange(claims.shape[1]), claims[C.line_end] - claims[C.line_start])
        self._table(
            "lines",
            {
                "line": np.arange(owner.size),
                "claim": owner,
                "amount": lines[L.det_item_fee_sumamt_fen],
                "cnt": lines[L.cnt_e4],
                "term": lines[L.term],
            },
        )
        terms = {
            "term": np.arange(tables.terms.shape[0]),
            "lv": tables.terms[:, T.chrgitm_lv],
            "ratio": tables.terms[:, T.selfpay_bp],
        }
        self._table("terms", terms | {"lim": tables.terms[:, T.pric_uplmt_e4]})
        self._table(
            "claims",
            {"claim": np.arange(claims.shape[1]), "year_row": claims[C.year_row], "layer": layer[claims[C.program]]},
        )
        periodic = tables.layers[:, Y.dedc_kind] == DEDC_PERIOD
        slot = np.where(periodic, tables.layers[:, Y.dedc_paid_slot], tables.layers[:, Y.dedc_slot])
        rules = {"dedc_slot": slot} | {name: tables.layers[:, getattr(Y, name)] for name in (
            "dedc_kind", "dedc_e4", "dedc_later", "dedc_step_fen", "dedc_floor_fen", "cap_kind", "cap_fen", "cap_slot", "rate_over",
        )}  # fmt: skip
        self._table(
            "rules",
            {
                "layer": np.arange(tables.layers.shape[0]),
                "part": tables.bands[tables.layers[:, Y.band_start], 1],
                **rules,
            },
        )

    def _table(self, name: str, columns: dict[str, np.ndarray]) -> None:
        arrow = pa.table({key: np.ascontiguousarray(value) for key, value in columns.items()})
        self.connection.register("incoming", arrow)
        self.connection.execute(f"CREATE OR REPLACE TABLE {name} AS SELECT * FROM incoming")
        self.connection.unregister("incoming")

    def run(self) -> float:
        """Return the seconds to make a result for every line and every claim."""
        begin = time.perf_counter()
        self.connection.execute(SQL.read_text(encoding="utf-8"))
        return time.perf_counter() - begin

    def differing(self, results: Results) -> int:
        """Return in how many claims and lines the SQL and the kernel differ, in any amount that both give."""
        return self._differing("claim", CLAIM_AMOUNTS, results.columns) + self._differing(
            "line", LINE_AMOUNTS, results.lines
        )

    def _differing(self, row: str, amounts: dict[str, int], results: np.ndarray) -> int:
        kernel = {name: results[column] for name, column in amounts.items()}
        self._table("kernel", {row: np.arange(results.shape[1]), **kernel})
        same = " AND ".join(f"s.{name} = k.{name}" for name in amounts)
        (found,) = self.connection.execute(
            f"SELECT count(*) FROM kernel k FULL JOIN {row}_results s USING ({row}) WHERE NOT coalesce({same}, false)"
        ).fetchall()
        return int(found[0])


CLAIM_AMOUNTS = {
    "medfee": R.medfee_sumamt_fen, "own": R.fulamt_ownpay_amt_fen, "over_limit": R.overlmt_selfpay_fen, "in_scope": R.inscp_scp_amt_fen,
    "first_pay": R.preselfpay_amt_fen, "dedc": R.act_pay_dedc_fen, "pay": R.fund_pay_sumamt_fen, "person": R.psn_part_amt_fen,
}  # fmt: skip
LINE_AMOUNTS = {
    "own": M.fulamt_ownpay_amt_fen, "over_e4": M.overlmt_amt_e4, "first_e4": M.preselfpay_amt_e4, "in_scope_e4": M.inscp_scp_amt_e4,
}  # fmt: skip


def warmed(batch: ClaimBatch) -> Results:
    """Return result arrays whose pages are already there, so that no engine pays for the first touch of another's."""
    results = empty_results(batch)
    for part in results:
        part.fill(0)
    return results
