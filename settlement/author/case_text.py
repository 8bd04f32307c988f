"""``rules test``: each case in a line; one that differs with both figures and every step beside its own arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from settlement.author.case_run import Outcome
from settlement.author.words import Words
from settlement.explain import as_text
from settlement.kernel.layout import RESULT
from settlement.rules.rulebook import Rulebook

NAMES = {column.name.removesuffix("_fen"): column for column in RESULT}


def print_outcomes(console: Console, outcomes: Sequence[Outcome], book: Rulebook, lang: str) -> None:
    """Print what became of each case, and how many passed."""
    say = Words(lang)
    for outcome in outcomes:
        case = outcome.case
        mark = say("passed" if outcome.passed else "failed")
        head = f"{mark} {case.id}  {case.scenario}（{case.kind}; {Path(case.file).name}:{case.line}）"
        console.print(head, markup=False, soft_wrap=True)
        if not outcome.passed:
            _print_difference(console, outcome, book, say)
    passed = sum(outcome.passed for outcome in outcomes)
    console.print(say("cases", count=len(outcomes), passed=passed) if outcomes else say("no_cases"), markup=False)


def _print_difference(console: Console, outcome: Outcome, book: Rulebook, say: Words) -> None:
    table = Table()
    for head in ("figure", "expected", "found"):
        table.add_column(say(head), justify="left" if head == "figure" else "right")
    for difference in outcome.differences:
        column = NAMES.get(difference.what)
        name = f"{column.zh if say.lang == 'zh' else column.en} {difference.what}" if column else difference.what
        table.add_row(Text(name), Text(difference.expected), Text(difference.found))
    console.print(table)
    steps = as_text(outcome.told, book, say.lang) if outcome.told is not None else ""
    refusals = (refusal.as_row() for refusal in outcome.refusals)
    message = "message_zh" if say.lang == "zh" else "message_en"
    steps += "\n".join(f"[{row['code']}] {row['medins_setl_id']}: {row[message]}" for row in refusals)
    beside = Table(show_lines=True)
    for head in ("steps", "arithmetic"):
        beside.add_column(say(head), overflow="fold", ratio=2 if head == "steps" else 1)
    case = outcome.case
    own = "\n\n".join(part.strip() for part in (case.arithmetic, case.why_differs) if part)
    beside.add_row(Text(steps), Text(f"{own}\n\n{case.source}（{case.trust}）"))
    console.print(beside)
