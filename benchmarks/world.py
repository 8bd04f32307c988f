"""The benchmark's world: seeded claims, admitted once, as the kernel's arrays."""

from __future__ import annotations

import os
from typing import NamedTuple

import numpy as np

from settlement.engine import run_kernel
from settlement.intake import ClaimBatch, admit, from_arrow
from settlement.kernel.layout import (
    BASE_IN_SCOPE,
    CAP_FUND,
    CAP_NONE,
    DEDC_ADMISSION,
    DEDC_PERIOD,
    LAYER_RESULT,
    LINE_RESULT,
    PER_YEAR,
    RESULT,
    C,
    P,
    Results,
    Y,
)
from settlement.rules.rulebook import Rulebook, open_rulebook
from settlement.sample import sample_claims

CLAIMS = int(os.environ.get("BENCH_CLAIMS", "1000000"))
SEED = 20240501


class World(NamedTuple):
    """A batch, the rulebook and how many claims and fee lines there are."""

    book: Rulebook
    batch: ClaimBatch
    claims: int
    lines: int


def make(claims: int = CLAIMS) -> World:
    """Return a world of sampled claims; those that intake refuses are not in its batch."""
    book = open_rulebook().book
    batch = admit(from_arrow(sample_claims(claims, book, SEED)), book)
    return World(book, batch, batch.order.size, batch.claims.lines.shape[1])


def empty_results(batch: ClaimBatch) -> Results:
    """Return result arrays for a batch."""
    return Results(
        np.zeros((len(RESULT), batch.order.size), np.int64),
        np.zeros((len(LINE_RESULT), batch.claims.lines.shape[1]), np.int64),
        np.zeros((len(LAYER_RESULT), max(1, batch.steps)), np.int64),
        np.zeros((batch.parts, batch.order.size), np.int64),
    )


def fresh(batch: ClaimBatch) -> ClaimBatch:
    """Return the batch with its own copy of the opening counters."""
    return batch._replace(state=batch.state._replace(values=batch.state.values.copy()))


def settled(batch: ClaimBatch, threads: int | None = None) -> tuple[ClaimBatch, Results]:
    """Run the kernel on a fresh copy of the counters; return the grown batch and its results."""
    mine, results = fresh(batch), empty_results(batch)
    run_kernel(mine, results, threads)
    return mine, results


def first_persons(batch: ClaimBatch, persons: int) -> ClaimBatch:
    """Return the batch cut to its first persons (whole persons, so their counters are whole too)."""
    start = batch.claims.person_start[: persons + 1]
    end = int(start[-1])
    columns = np.ascontiguousarray(batch.claims.columns[:, :end])
    lines = np.ascontiguousarray(batch.claims.lines[:, : int(columns[C.line_end].max())])
    steps = int(columns[C.step_end].max(initial=0))
    claims = batch.claims._replace(columns=columns, person_start=start, lines=lines)
    return batch._replace(claims=claims, order=batch.order[:end], steps=steps)


def first_claim(batch: ClaimBatch) -> ClaimBatch:
    """Return a batch of one: the first claim of the first person."""
    person = first_persons(batch, 1)
    columns = np.ascontiguousarray(person.claims.columns[:, :1])
    lines = np.ascontiguousarray(person.claims.lines[:, : int(columns[C.line_end, 0])])
    claims = person.claims._replace(columns=columns, person_start=np.array([0, 1]), lines=lines)
    return person._replace(claims=claims, order=person.order[:1])


def plain_persons(batch: ClaimBatch) -> np.ndarray:
    """Return which persons have only programs that the SQL peer expresses, as a mask over persons.

    Such a program makes nothing of its own of any fee line and has no layer, or one layer on the scope with one band, a yearly, per-admission (less an amount), per-visit
    or no deductible, and a yearly cap on the fund or none; claim-level rounding of the scope.
    """
    tables = batch.tables
    plain = np.zeros(tables.programs.shape[0], bool)
    for number, program in enumerate(tables.programs):
        rows = tables.program_layers[program[P.layer_start] : program[P.layer_end]]
        plain[number] = program[P.kind_map] < 0 and (
            len(rows) == 0 or (len(rows) == 1 and _is_plain(tables.layers[rows[0]]))
        )
    bad = ~plain[batch.claims.columns[C.program]]
    bad |= (batch.claims.columns[C.refund_of] >= 0) | (batch.claims.columns[C.stay_days_count] > 1)
    per_person: np.ndarray = np.add.reduceat(bad, batch.claims.person_start[:-1]) == 0
    return per_person


def _is_plain(layer: np.ndarray) -> bool:
    capped = layer[Y.cap_kind] == CAP_NONE or (layer[Y.cap_kind] == CAP_FUND and layer[Y.cap_period] == PER_YEAR)
    on_whole = layer[Y.part] == 0 and not layer[Y.with_rest]
    one_band = layer[Y.band_end] - layer[Y.band_start] == 1
    simple = layer[Y.base] == BASE_IN_SCOPE and not layer[Y.reported] and not layer[Y.first_elsewhere_part]
    stepped = layer[Y.dedc_kind] != DEDC_ADMISSION or not (
        layer[Y.dedc_again_days] or layer[Y.dedc_transfer] or layer[Y.dedc_later] > 1 or layer[Y.dedc_limit_fen] >= 0
    )
    yearly = layer[Y.dedc_kind] != DEDC_PERIOD or layer[Y.dedc_period] == PER_YEAR
    return bool(capped and on_whole and one_band and simple and stepped and yearly)


def only_persons(world: World, mask: np.ndarray) -> World:
    """Return a world of the masked persons, with claims, lines and steps numbered anew."""
    batch = world.batch
    sizes = np.diff(batch.claims.person_start)
    keep = np.repeat(mask, sizes)
    columns = np.ascontiguousarray(batch.claims.columns[:, keep])
    counts = columns[C.line_end] - columns[C.line_start]
    ends = np.cumsum(counts)
    at = np.arange(int(ends[-1])) + np.repeat(columns[C.line_start] - (ends - counts), counts)
    columns[C.line_start], columns[C.line_end] = ends - counts, ends
    layers = columns[C.step_end] - columns[C.step_start]
    columns[C.step_end] = np.cumsum(layers)
    columns[C.step_start] = columns[C.step_end] - layers
    starts = np.concatenate([[0], np.cumsum(sizes[mask])])
    claims = batch.claims._replace(
        columns=columns, person_start=starts, lines=np.ascontiguousarray(batch.claims.lines[:, at])
    )
    cut = batch._replace(claims=claims, order=batch.order[keep], steps=int(layers.sum()))
    return World(world.book, cut, columns.shape[1], at.size)
