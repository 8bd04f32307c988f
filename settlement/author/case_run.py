"""Cases against the product: what was expected, what was found, and every step beside the case's own arithmetic."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

from settlement.author.cases import Case, drafts_of
from settlement.engine import Settled, settle_drafts
from settlement.errors import Refusal
from settlement.money import yuan
from settlement.rules.compile import LayerInfo
from settlement.rules.rulebook import Rulebook


class Difference(NamedTuple):
    """One figure that is not as the case says; texts, amounts in yuan."""

    what: str
    expected: str
    found: str


class Outcome(NamedTuple):
    """A case that was run. ``told`` is the settled claim (``Settled.told``), None if it was refused."""

    case: Case
    differences: tuple[Difference, ...]
    told: dict[str, Any] | None
    refusals: tuple[Refusal, ...]

    @property
    def passed(self) -> bool:
        """Tell whether everything is as the case says."""
        return not self.differences


def run_cases(cases: Sequence[Case], book: Rulebook) -> list[Outcome]:
    """Settle every case, each with the claims before it, in a batch of its own."""
    return [run_case(case, book) for case in cases]


def run_case(case: Case, book: Rulebook) -> Outcome:
    """Settle one case and compare."""
    drafts = drafts_of(case)
    settled = settle_drafts(drafts, book)
    last = len(drafts) - 1
    refusals = tuple(settled.refusals)
    row = settled.kernel_row(last)
    told = None if row is None else settled.told(row)
    differences = [_refused_before(refusal, case) for refusal in refusals if refusal.claim < last]
    if told is None:
        code = next((refusal.code for refusal in refusals if refusal.claim == last), "")
        if code != case.refused:
            differences.append(Difference("refused", case.refused or "settled", code))
    elif case.refused:
        differences.append(Difference("refused", case.refused, "settled"))
    else:
        differences += _compared(case, told, settled)
    return Outcome(case, tuple(differences), told, refusals)


def _refused_before(refusal: Refusal, case: Case) -> Difference:
    return Difference(f"before[{refusal.claim + 1}]", "settled", refusal.code)


def _compared(case: Case, told: dict[str, Any], settled: Settled) -> Iterator[Difference]:
    for name, fen in case.expected.items():
        if told[name] != fen:
            yield Difference(name, yuan(fen), yuan(told[name]))
    after = settled.rows()[-1]["counters"]
    kinds = settled.book.counters(settled.book.program(told["program"]).pool)
    for name, value in case.counters.items():
        if name not in after:
            yield Difference(f"counters.{name}", str(value), "no such counter")
        elif after[name] != value:
            shown = str if kinds[name].kind == "admissions" else yuan
            yield Difference(f"counters.{name}", shown(value), shown(after[name]))
    steps = [(settled.book.layer(step["layer_row"]), step) for step in told["layers"]]
    for layer, figures in case.layers.items():
        step = _step(steps, layer)
        for column, value in figures.items():
            shown = str if column.endswith("_count") else yuan
            if step is None:
                yield Difference(f"layers.{layer}", shown(value), "no such layer")
            elif step[1][column] != value:
                yield Difference(f"layers.{layer}.{column}", shown(value), shown(step[1][column]))
    for name, (layer, fen) in case.parts.items():
        step = _step(steps, layer)
        found = None if step is None else self_part(step[1], step[0])
        if found != fen:
            yield Difference(f"parts.{name}", yuan(fen), "no such layer" if found is None else yuan(found))


def _step(steps: list[tuple[LayerInfo, dict[str, Any]]], layer: str) -> tuple[LayerInfo, dict[str, Any]] | None:
    named = [step for step in steps if step[0].benefit.layer == layer]
    return next(iter(named or [step for step in steps if step[1]["fund"] == layer]), None)


def self_part(step: dict[str, Any], info: LayerInfo) -> int:
    """Return what the person bears of a layer's own cost in fen, half up: the cost behind its payment less the payment.

    The published rest is rounded, so the cost is found again from the payment and the rates, in exact fractions. A
    band without a payment is passed whole.
    """
    measure = info.benefit.measure
    low = Fraction(step["running_before_fen"] if measure.on == "year" else 0)
    low += step["dedc_fen"] if measure.start == "zero" else 0
    left, borne = Fraction(step["pay_fen"]), Fraction(0)
    bounds = [band.over_fen for band in info.benefit.bands]
    for rate, top in zip(info.rates, [*bounds[1:], None], strict=True):
        width = None if top is None else max(Fraction(0), top - low)
        wanted = left / rate if rate else width
        taken = wanted if width is None or (wanted is not None and wanted < width) else width
        if taken is None or not left:
            break
        borne += taken * (1 - rate)
        left -= taken * rate
        low += taken
    return int(borne + Fraction(1, 2))
