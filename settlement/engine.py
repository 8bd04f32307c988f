"""Claim batch + rulebook → results: the same road for a till (a batch of one) and for a night (millions).

``settle_batch`` runs the kernel over persons on ordinary threads (it holds no GIL) and checks the balance of every row;
``Settled`` gives the results as rows, as Arrow tables, and the counters as they stand after.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from settlement import codes
from settlement.errors import Refusal, SettlementError
from settlement.intake import ClaimBatch, Drafts, admit, from_dicts
from settlement.intake.persons import Carried, carry_in, held_rows
from settlement.kernel.layout import (
    FUNDS,
    HOSPITAL_PART_TOO_LARGE,
    LAYER_RESULT,
    LINE_RESULT,
    NOTHING_TO_GIVE_BACK,
    REFUND_OUT_OF_ORDER,
    RESULT,
    SETTLED,
    TERM,
    C,
    L,
    R,
    Results,
    S,
    T,
    Y,
)
from settlement.kernel.settle import count_all, settle
from settlement.money import yuan
from settlement.rules.rulebook import Rulebook
from settlement.spans import day_of

SMALL = 2_000  # below this many claims a second thread costs more than it saves
KERNEL_CODES = {
    HOSPITAL_PART_TOO_LARGE: ("K01_HOSPITAL_PART", "hosp_part_amt"),
    NOTHING_TO_GIVE_BACK: ("K02_NOTHING_TO_GIVE_BACK", "refund_of"),
    REFUND_OUT_OF_ORDER: ("K03_REFUND_ORDER", "refund_of"),
}
# Names of the cells that rows are made of, in the order of the arrays.
TOLD_TEXTS = ("insuplc_admdvs", "mdtrtarea_admvs", "filing", "psn_no", "dise_codg", "refund_of")
ROW_NAMES = tuple(column.name.removesuffix("_fen") for column in RESULT[:-1])
LAYER_NAMES, LINE_NAMES, TERM_NAMES = (tuple(c.name for c in columns) for columns in (LAYER_RESULT, LINE_RESULT, TERM))
PARTS = 8  # ranges of persons a thread, so that one long range does not keep the others waiting


class Settled(NamedTuple):
    """A settled batch: the kernel's arrays, the draft each row came from, and every refusal."""

    drafts: Drafts
    batch: ClaimBatch
    results: Results
    book: Rulebook
    refusals: list[Refusal]

    @property
    def kept(self) -> np.ndarray:
        """Kernel rows that settled, in the order of the file."""
        good = np.flatnonzero(self.results.columns[R.status] == SETTLED)
        in_file: np.ndarray = good[np.argsort(self.batch.order[good], kind="stable")]
        return in_file

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict a draft, in order: amounts in fen under the national names, or {"refused": code}."""
        made: list[dict[str, Any]] = [{} for _ in range(self.drafts.size)]
        for refusal in self.refusals:
            made[refusal.claim].setdefault("refused", refusal.code)
        after = self.counters_after()
        for k in self.kept.tolist():
            made[int(self.batch.order[k])] = self.row(k) | {"counters": after[k]}
        return made

    def counters_after(self) -> dict[int, dict[str, int]]:
        """Return, for each settled kernel row, its person's counters as they stood right after that claim.

        Walks back from the end, taking each claim's steps off again; meant for files a person reads.
        """
        state, columns = self.batch.state.values.copy(), self.batch.claims.columns
        after: dict[int, dict[str, int]] = {}
        for k in reversed(range(columns.shape[1])):
            if self.results.columns[R.status, k] != SETTLED:
                continue
            claim = columns[:, k]
            own = self.batch.state  # a refund shows its person's counters, wherever it gave back
            rows = {"year": own.year_row[k], "quarter": own.quarter_row[k], "month": own.month_row[k]}
            counters = self.book.counters(self.book.program(int(claim[C.program])).pool)
            after[k] = {name: int(state[rows[c.period], c.slot]) for name, c in counters.items()}
            # A refund's steps are those of the claim it gives back, with the opposite sign and on that claim's counters.
            of = k if claim[C.refund_of] < 0 else int(claim[C.refund_of])
            count_all(of, claim[C.step_start], -1, self.batch.claims, self.batch.tables, state, self.results)
        return after

    def kernel_row(self, claim: int) -> int | None:
        """Return the kernel row of draft ``claim``, None if it was refused."""
        found = [k for k in self.kept.tolist() if self.batch.order[k] == claim]
        return found[0] if found else None

    def told(self, k: int, lines: bool = True) -> dict[str, Any]:
        """Return kernel row ``k`` with what an explanation needs beside amounts: the claim's own words, program and lines.

        Without ``lines`` it has none: ``explain`` asks for no line, so a settlement that shows none is sooner told.
        """
        claim = self.batch.order.item(k)
        said, columns = self.batch.said, self.batch.claims.columns
        count = columns.item(C.line_end, k) - columns.item(C.line_start, k) if lines else 0
        return {
            **{name: said.text[name].at(claim) for name in TOLD_TEXTS},
            "medins_setl_id": self.drafts.claim_id(claim),
            "day": day_of(self.batch.day.item(claim)).isoformat(),
            "program": columns.item(C.program, k),
            "filed": codes.FILED[self.batch.filed.item(claim)],
            "emergency_flag": said.number["emergency_flag"].values.item(claim),
            "shares": self.shares(k),
            "lines": [self.line(k, number) for number in range(count)],
            **self.row(k),
        }

    def shares(self, k: int) -> list[dict[str, Any]]:
        """Return the benefit years that kernel row ``k`` was divided among, earliest first; none for a claim of one year.

        Each has ``start`` (first day of the year), ``days``, ``stay`` (days of the whole stay), ``scope_fen``, ``first_step`` (its place
        among the layers) and the ``rule`` that divides.
        """
        claims = self.batch.claims
        first, last = claims.columns.item(C.earlier_start, k), claims.columns.item(C.earlier_end, k)
        if first == last:
            return []
        claim = claims.columns[:, k]
        rule = self.book.stay(int(claim[C.program]), int(self.batch.day[self.batch.order[k]]))
        made, at = [], 0
        for own in [*(claims.earlier[:, e] for e in range(first, last)), claim]:
            start = str(np.datetime64(int(self.batch.state.row_start[own[C.year_row]]), "D"))
            layers = len(self.book.program(int(own[C.program])).layers)
            scope = int(self.results.layers[S.scope_fen, claim[C.step_start] + at]) if layers else 0
            days, stay = int(own[C.share_days_count]), int(own[C.stay_days_count])
            made.append(
                {"start": start, "days": days, "stay": stay, "scope_fen": scope, "first_step": at, "rule": rule}
            )
            at += layers
        return made

    def line(self, k: int, number: int) -> dict[str, Any]:
        """Return fee line ``number`` of kernel row ``k`` with its split; ``own_terms`` tells that it brought its own terms."""
        at = int(self.batch.claims.columns[C.line_start, k]) + number
        drafted = int(self.drafts.line_start[self.batch.order[k]]) + number
        term = int(self.batch.claims.lines[L.term, at])
        items = self.book.catalogue.items
        row = term if term < len(items) else int(self.batch.terms.varies[term - len(items)])
        rule = self.book.first_pay(
            int(self.batch.claims.columns[C.program, k]), int(self.batch.tables.terms[term, T.kind])
        )
        shown: dict[str, Any] = {
            "feedetl_sn": self.drafts.line_text["feedetl_sn"].at(drafted),
            "med_list_codg": self.drafts.line_text["med_list_codg"].at(drafted),
            "own_terms": row < 0,
            "item": items[row] if row >= 0 else None,
            "first_pay_rule": rule,
            "det_item_fee_sumamt_fen": int(self.batch.claims.lines[L.det_item_fee_sumamt_fen, at]),
        }
        shown |= zip(TERM_NAMES, self.batch.tables.terms[term].tolist(), strict=True)
        shown["selfpay_bp"] = shown["selfpay_bp"] if rule is None else rule.ratio_bp
        shown |= zip(LINE_NAMES, self.results.lines[:, at].tolist(), strict=True)
        return shown

    def row(self, k: int) -> dict[str, Any]:
        """Return kernel row ``k`` as a dict of amounts in fen with its layers."""
        row: dict[str, Any] = dict(zip(ROW_NAMES, self.results.columns[:-1, k].tolist(), strict=True))
        row["layers"] = [self.step(at) for at in self.steps_of(k)]
        return row

    def steps_of(self, k: int) -> range:
        """Return where the layer results of kernel row ``k`` stand."""
        columns = self.batch.claims.columns
        return range(columns.item(C.step_start, k), columns.item(C.step_end, k))

    def step(self, at: int) -> dict[str, Any]:
        """Return one layer result as a dict, with its fund and the rule it came from."""
        row = self.results.layers.item(S.layer_row, at)
        fund = FUNDS[self.batch.tables.layers.item(row, Y.fund)]
        step: dict[str, Any] = {"fund": fund, "rule": self.book.layer(row).rule}
        step |= zip(LAYER_NAMES, self.results.layers[:, at].tolist(), strict=True)
        return step

    def counters(self) -> Iterator[dict[str, Any]]:
        """Yield every counter as it stands after the batch: person, area, period, name, kind and value."""
        state, persons = self.batch.state, self.batch.said.text["psn_no"]
        for held in held_rows(state, self.book, np.flatnonzero(last_rows(self.batch))):
            person = persons.at(held.draft) or self.drafts.claim_id(held.draft)
            values = state.values[held.row].tolist()
            for name, counter in held.counters:
                yield {
                    "psn_no": person, "area": held.pool, "period": held.period, "period_start": held.start,
                    "counter": name, "kind": counter.kind, "value": values[counter.slot],
                }  # fmt: skip


def last_rows(batch: ClaimBatch) -> np.ndarray:
    """Return the counter rows (bool) that stand at the end: of a period that claims began anew, the last."""
    state, persons = batch.state, batch.said.text["psn_no"].codes
    stands = state.row_pool >= 0
    if not (stands & state.row_fresh).any():
        return stands
    who = np.where(persons >= 0, persons, -1 - np.arange(persons.size))[state.row_draft]
    key = np.stack([who, state.row_pool, state.row_kind, state.row_start])[:, ::-1]
    last = state.row_pool.size - 1 - np.unique(key, axis=1, return_index=True)[1]  # of each key, the row made last
    newest = np.zeros(stands.size, bool)
    newest[last] = True
    return stands & newest


def settle_batch(batch: ClaimBatch, threads: int | None = None) -> Results:
    """Run the kernel over a batch; return its result arrays. Grows ``batch.state.values`` in place."""
    claims = batch.claims
    results = Results(
        np.zeros((len(RESULT), claims.columns.shape[1]), np.int64),
        np.zeros((len(LINE_RESULT), claims.lines.shape[1]), np.int64),
        np.zeros((len(LAYER_RESULT), batch.steps), np.int64),
        np.zeros((batch.parts, claims.columns.shape[1]), np.int64),
    )
    run_kernel(batch, results, threads)
    assert_balanced(results, claims.columns[C.refund_of] >= 0)
    return results


def run_kernel(batch: ClaimBatch, results: Results, threads: int | None = None) -> None:
    """Run the kernel over ranges of persons, on as many threads as there are processors (or as asked)."""
    persons = batch.claims.person_start.size - 1
    threads = threads or os.cpu_count() or 1
    arrays = (batch.claims, batch.tables, batch.state.values, results)
    if threads == 1 or batch.order.size < SMALL:
        settle(0, persons, *arrays)
        return
    cuts = np.linspace(0, persons, threads * PARTS + 1).astype(np.int64).tolist()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda part: settle(part[0], part[1], *arrays), pairwise(cuts)))


def assert_balanced(results: Results, refunds: np.ndarray) -> None:
    """Check the identities A to D on every settled row; raises SettlementError K00 (a fault of ours, never of input).

    ``refunds`` (bool, one a claim) hold amounts of the opposite sign.
    """
    r = results.columns
    if refunds.any():
        r = r.copy()
        r[: R.balc_fen, refunds] *= -1
    shared_beside = np.minimum(
        r[R.acct_mulaid_pay_fen], r[R.psn_part_amt_fen] - r[R.acct_pay_fen] - r[R.psn_cash_pay_fen]
    )
    scope = r[R.fulamt_ownpay_amt_fen] + r[R.overlmt_selfpay_fen] + r[R.preselfpay_amt_fen] + r[R.inscp_scp_amt_fen]
    good = r[R.medfee_sumamt_fen] == scope
    good &= r[R.medfee_sumamt_fen] == r[R.fund_pay_sumamt_fen] + r[R.psn_part_amt_fen] + r[R.hosp_part_amt_fen]
    good &= r[R.psn_part_amt_fen] == r[R.acct_pay_fen] + shared_beside + r[R.psn_cash_pay_fen]
    good &= (shared_beside == 0) | (shared_beside == r[R.acct_mulaid_pay_fen])
    good &= r[R.fund_pay_sumamt_fen] == r[R.hifp_pay_fen : R.oth_pay_fen + 1].sum(axis=0)
    good &= (r[: R.acct_mulaid_balc_fen] >= 0).all(axis=0)
    good |= r[R.status] != SETTLED
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        raise SettlementError(
            "K00_UNBALANCED",
            f"row {row}: {r[:, row].tolist()}",
            "the parts do not sum to the whole",
            "Report this as a fault",
        )


def settle_drafts(
    drafts: Drafts | Sequence[Any], book: Rulebook, threads: int | None = None, carried: Carried | None = None
) -> Settled:
    """Admit, settle and return drafts (``Drafts`` or JSON objects); refused claims never stop the others.

    ``carried`` holds the counters that persons bring from before, keyed as ``Settled.counters`` names them; what a claim says
    in ``year_so_far`` goes before it.
    """
    columns = drafts if isinstance(drafts, Drafts) else from_dicts(drafts)
    batch = admit(columns, book)
    if carried:
        persons = [batch.said.text["psn_no"].at(claim) or columns.claim_id(claim) for claim in range(columns.size)]
        carry_in(batch.state, book, persons, carried)
    results = settle_batch(batch, threads)
    refusals = list(batch.refusals)
    for k in np.flatnonzero(results.columns[R.status] != SETTLED).tolist():
        claim = int(batch.order[k])
        code, field = KERNEL_CODES[int(results.columns[R.status, k])]
        amount = yuan(int(batch.claims.columns[C.hosp_part_fen, k]))
        found = amount if field == "hosp_part_amt" else batch.said.text["refund_of"].at(claim)
        refusals.append(Refusal(claim, columns.claim_id(claim), code, field, found))
    refusals.sort(key=lambda refusal: refusal.claim)
    return Settled(columns, batch, results, book, refusals)
