"""A settled batch → Arrow tables and Parquet files that fit ``schema``: claims with their steps, lines, refusals, counters.

Columns of int64 go over as they lie in the kernel's matrices; texts are taken from their dictionaries. Files appear whole or
not at all (written beside, then renamed).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from settlement import __version__, codes
from settlement.engine import Settled
from settlement.intake.columns import ArrowValues, Texts
from settlement.intake.persons import PERIODS
from settlement.kernel.layout import FUNDS, LAYER_RESULT, LINE_RESULT, RESULT, C, S, Y
from settlement.schema import CLAIM_KEYS, COUNTER_SCHEMA, LINE_SCHEMA, REFUSAL_SCHEMA, RESULT_SCHEMA, STEP_STRUCT


def taken(values: Sequence[str] | pa.Array, codes_of_rows: np.ndarray) -> pa.Array:
    """Return the texts at the given positions, null where a position is negative."""
    dictionary = values if isinstance(values, pa.Array) else pa.array([str(value) for value in values], pa.string())
    positions = pa.array(codes_of_rows, mask=codes_of_rows < 0)
    return pc.take(dictionary.cast(pa.string()), positions)


def _text(column: Texts, rows: np.ndarray) -> pa.Array:
    values = column.values.values if isinstance(column.values, ArrowValues) else column.values
    return taken(values, column.codes[rows])


def _stamped(table: pa.Table, settled: Settled) -> pa.Table:
    stamp = {"rulebook": settled.book.digest, "engine": __version__}
    return table.replace_schema_metadata(
        {**(table.schema.metadata or {}), **{k.encode(): v.encode() for k, v in stamp.items()}}
    )


def claims_table(settled: Settled) -> pa.Table:
    """Return one row a settled claim, in the order of the file, fitting ``RESULT_SCHEMA``; amounts in fen."""
    kept = settled.kept
    draft = settled.batch.order[kept]
    drafts, columns = settled.batch.said, settled.results.columns
    arrays: list[pa.Array] = [pa.array(draft)]
    for name, kind in CLAIM_KEYS:
        if name == "relation":
            arrays.append(taken(codes.RELATIONS, settled.batch.relation[draft]))
        elif name == "day":
            arrays.append(pa.array(settled.batch.day[draft].astype(np.int32)).cast(kind))
        elif name == "hosp_lv":
            arrays.append(_level(settled, kept))
        else:
            arrays.append(_text(drafts.text[name], draft))
    arrays += [pa.array(columns[n, kept]) for n in range(len(RESULT) - 1)]
    arrays.append(_steps(settled, kept))
    return _stamped(pa.Table.from_arrays(arrays, schema=RESULT_SCHEMA), settled)


def _level(settled: Settled, kept: np.ndarray) -> pa.Array:
    """Return the hospital level that the rules used, in plain words."""
    program = settled.batch.claims.columns[C.program, kept]
    used, position = np.unique(program, return_inverse=True)
    return taken([settled.book.program(int(row)).claim.level for row in used], position.reshape(-1))


def _steps(settled: Settled, kept: np.ndarray) -> pa.ListArray:
    """Return each claim's layer results as a list of structs."""
    batch, layers = settled.batch, settled.results.layers
    start = batch.claims.columns[C.step_start, kept]
    count = batch.claims.columns[C.step_end, kept] - start
    ends = np.cumsum(count)
    at = np.arange(int(ends[-1]) if ends.size else 0)
    at = at + np.repeat(start - (ends - count), count)
    rows = layers[S.layer_row, at]
    funds = batch.tables.layers[:, Y.fund]
    rules = [settled.book.layer(row).rule for row in range(batch.tables.layers.shape[0])]
    texts = [taken(FUNDS, funds[rows]), taken(rules, rows)]
    fields = [*texts, *(pa.array(layers[n, at]) for n, column in enumerate(LAYER_RESULT) if column.name != "layer_row")]
    structs = pa.StructArray.from_arrays(fields, fields=list(STEP_STRUCT))
    offsets = np.concatenate([[0], ends]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), structs, type=RESULT_SCHEMA.field("layers").type)


def lines_table(settled: Settled) -> pa.Table:
    """Return one row a fee line of the settled claims: own pay in fen, the rest in 1/10 000 fen."""
    kept = settled.kept
    start, end = settled.batch.claims.columns[C.line_start, kept], settled.batch.claims.columns[C.line_end, kept]
    count = end - start
    ends = np.cumsum(count)
    number = np.arange(int(ends[-1]) if ends.size else 0) - np.repeat(ends - count, count)
    at = number + np.repeat(start, count)
    arrays = [pa.array(np.repeat(settled.batch.order[kept], count)), pa.array(number)]
    arrays += [pa.array(settled.results.lines[n, at]) for n in range(len(LINE_RESULT))]
    return _stamped(pa.Table.from_arrays(arrays, schema=LINE_SCHEMA), settled)


def refusals_table(settled: Settled) -> pa.Table:
    """Return one row a reason why a claim was not settled."""
    rows = [refusal.as_row() for refusal in settled.refusals]
    return _stamped(pa.Table.from_pylist(rows, schema=REFUSAL_SCHEMA), settled)


def counters_table(settled: Settled) -> pa.Table:
    """Return every counter that is not 0 after the batch: fen, or a number for admissions."""
    state = settled.batch.state
    parts = []
    for number, pool in enumerate(state.pools):
        for name, counter in settled.book.counters(pool).items():
            mine = (state.row_pool == number) & (state.row_kind == PERIODS.index(counter.period))
            rows = np.flatnonzero(mine & (state.values[:, counter.slot] != 0))
            person = _persons(settled, state.row_draft[rows])
            start = pa.array(state.row_start[rows].astype(np.int32)).cast(pa.date32())
            words = [taken([word], np.zeros(rows.size, np.int64)) for word in (pool, counter.period)]
            kinds = [taken([word], np.zeros(rows.size, np.int64)) for word in (name, counter.kind)]
            arrays = [person, *words, start, *kinds, pa.array(state.values[rows, counter.slot])]
            parts.append(pa.Table.from_arrays(arrays, schema=COUNTER_SCHEMA))
    return _stamped(pa.concat_tables(parts) if parts else COUNTER_SCHEMA.empty_table(), settled)


def _persons(settled: Settled, drafts: np.ndarray) -> pa.Array:
    """Return whose drafts these are; a draft without psn_no is a person of its own, named by its claim."""
    column = settled.drafts.text["psn_no"]
    nameless = column.codes[drafts] < 0
    ids = pa.array([settled.drafts.claim_id(claim) for claim in drafts[nameless].tolist()], pa.string())
    return pc.replace_with_mask(_text(column, drafts), pa.array(nameless), ids)


def write_parquet(settled: Settled, out: Path) -> list[Path]:
    """Write claims, lines, refusals and counters of a batch as Parquet files into a folder; return their paths."""
    out.mkdir(parents=True, exist_ok=True)
    tables = {"claims": claims_table, "lines": lines_table, "refusals": refusals_table, "counters": counters_table}
    written = []
    for name, make in tables.items():
        path = out / f"{name}.parquet"
        write_whole(make(settled), path)
        written.append(path)
    return written


def write_whole(table: pa.Table, path: Path) -> None:
    """Write a Parquet file that appears whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        pq.write_table(table, file, compression="zstd", compression_level=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
