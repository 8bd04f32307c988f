"""The difference of two sets of rules as text for a reader and as JSON for a program. Formats; settles nothing."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from settlement.author.compare import Change
from settlement.author.diff import Difference, Period
from settlement.author.impact import VERDICTS, Group, Outcome, Paid, Side, extremes, groups
from settlement.author.phrases import Speech
from settlement.errors import REASONS
from settlement.money import yuan, yuan_text

WIDTH = 140
TEXTS: dict[str, tuple[str, str]] = {
    "old": ("旧", "old"), "new": ("新", "new"), "no_day": ("各施行日", "every day"),
    "none": ("规则没有差别。", "The rules do not differ."), "since": ("自 {day} 起", "from {day}"),
    "period": ("自 {day} 起的差别：", "Differences from {day}:"), "ended": ("（前面的差别有 {count} 项到此为止）", "({count} of the differences above end here)"),
    "count": ("规则差别 {count} 项：", "{count} differences in the rules:"),
    "added": ("新增", "added"), "removed": ("删除", "removed"), "source": ("依据：{cite}", "source: {cite}"),
    "panel": (
        "固定样本 {count} 笔：旧规则按 {old}、新规则按 {new} 结算，同一份账单，个人账户不用；金额为各基金支付合计（元）。",
        "The fixed panel of {count} claims, the same bills: old rules on {old}, new rules on {new}, accounts not used; amounts are all funds together (yuan).",
    ),
    "care": ("险种、类别", "scheme, care"), "group": ("人群", "group"), "level": ("医院等级", "hospital level"), "place": ("就医地", "place"),
    "total": ("合计", "all"), "claims": ("笔数", "claims"), "change": ("基金支付变化", "change in fund payment"),
    "more": ("支付增加", "pay more"), "less": ("支付减少", "pay less"), "same": ("不变", "the same"), "payable": ("新可结算", "newly payable"),
    "refused": ("新被拒绝", "newly refused"), "neither": ("两边都不能结算", "refused by both"),
    "winners": ("增加最多：", "Largest gains:"), "losers": ("减少最多：", "Largest losses:"),
    "outcome": ("{id} {name}：{old} → {new}（{change}）", "{id} {name}: {old} → {new} ({change})"),
    "cannot": ("不能结算 {code}", "refused {code}"), "newly_refused": ("新被拒绝的：", "Newly refused:"),
    "sums": (
        "{payable} 笔新可结算，新规则支付 {gained} 元；{refused} 笔新被拒绝，旧规则支付 {lost} 元。",
        "{payable} newly payable, for which the new rules pay {gained} yuan; {refused} newly refused, for which the old ones paid {lost} yuan.",
    ),
    "refusal": ("{id} {name}：{old} → {reason}", "{id} {name}: {old} → {reason}"),
}  # fmt: skip
REFUSED_TOLD = 10


def text(found: Difference, say: Speech) -> str:
    """Return the whole report as text."""
    parts = [_head(found, say), *(_period(period, say) for period in found.periods)]
    if not any(period.begun or period.ended for period in found.periods):
        parts.append(_text("none", say))
    days = {"old": found.days[0], "new": found.days[1]}
    parts.append(_text("panel", say, count=len(found.outcomes), **days))
    parts.append(_table(found, say))
    parts += _sums(found, say)
    for key, rows in zip(("winners", "losers"), extremes(found.outcomes), strict=True):
        if rows:
            parts.append("\n".join([_text(key, say), *(f"  {_outcome(row, say)}" for row in rows)]))
    refused = [row for row in found.outcomes if row.verdict == "refused"][:REFUSED_TOLD]
    if refused:
        parts.append("\n".join([_text("newly_refused", say), *(f"  {_refusal(row, say)}" for row in refused)]))
    return "\n\n".join(parts)


def _text(key: str, say: Speech, **parts: object) -> str:
    return TEXTS[key][say.at].format(**parts)


def _head(found: Difference, say: Speech) -> str:
    def line(key: str, side: Side) -> str:
        pool = side.book.pools[side.area]
        when = str(side.day) if side.day else _text("no_day", say)
        return f"{_text(key, say)}{say('colon')}{pool.name} {pool.code}{say('then')}{say.noted(when, side.label)}"

    return "\n".join((line("old", found.old), line("new", found.new)))


def _period(period: Period, say: Speech) -> str:
    if not period.begun and not period.ended:
        return ""
    head = _text("period", say, day=period.day) if period.day else _text("count", say, count=len(period.begun))
    ended = [_text("ended", say, count=period.ended)] if period.ended else []
    told = [change_text(change, say, f"{nth}. ") for nth, change in enumerate(period.begun, 1)]
    return "\n".join([head, *ended, *told])


def title(change: Change, say: Speech) -> str:
    """Return for whom a change is: scheme, care, persons and levels, fund."""
    kind = "" if change.kind == "benefit" else say(change.kind)
    scope = " ".join(
        part
        for part in (
            kind, say.listed(say.scheme(s) for s in change.schemes if s), say.listed(say.care(c) for c in change.cares if c)
        )
        if part
    )  # fmt: skip
    join = "comma" if change.kind == "elsewhere" else "semicolon"
    parts = [scope, say(join).join(word for word in change.whom if word)]
    parts += [say.listed(where for where in change.wheres if where), change.subject]
    return say("then").join(part for part in parts if part)


def change_text(change: Change, say: Speech, mark: str = "") -> str:
    """Return one change as lines of text."""
    what = "" if change.what == "changed" else f"{_text(change.what, say)} "
    since = _text("since", say, day=change.begins) if change.begins else ""
    lines = [f"{mark}{what}{say.noted(title(change, say), since)}"]
    indent = " " * max(2, len(mark))
    for line in change.lines:
        aspect = say.noted(line.aspect, line.levels)
        shown = {"changed": f"{line.old} → {line.new}", "added": line.new, "removed": line.old}[change.what]
        lines.append(f"{indent}{aspect}{say('colon')}{shown}")
    if change.cite and all(line.aspect != say("cite") for line in change.lines):
        lines.append(indent + _text("source", say, cite=change.cite))
    return "\n".join(lines)


def _table(found: Difference, say: Speech) -> str:
    rows = groups(found.outcomes)
    table = Table()
    table.add_column("")
    for verdict in ("claims", *VERDICTS, "change"):
        table.add_column(_text(verdict, say), justify="right")
    for by in dict.fromkeys(row.by for row in rows):
        table.add_section()
        table.add_row(_text(by, say), style="bold")
        for row in rows:
            if row.by == by:
                table.add_row(f"  {_words(row, say)}", *_cells(row.counts, row.change_fen))
    table.add_section()
    counts = {verdict: sum(o.verdict == verdict for o in found.outcomes) for verdict in VERDICTS}
    table.add_row(_text("total", say), *_cells(counts, sum(o.change_fen for o in found.outcomes)), style="bold")
    console = Console(width=WIDTH, highlight=False, markup=False, color_system=None)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip("\n")


def _cells(counts: dict[str, int], change_fen: int) -> list[str]:
    return [str(sum(counts.values())), *(str(counts[v] or "") for v in VERDICTS), signed(change_fen)]


def _words(row: Group, say: Speech) -> str:
    names = {
        "care": lambda words: f"{say.scheme(words[0])} {say.care(words[1])}", "group": lambda words: say.group(words[0]),
        "level": lambda words: say.level(words[0]), "place": lambda words: say.relation(words[0]),
    }  # fmt: skip
    return str(names[row.by](row.words))


def _sums(found: Difference, say: Speech) -> list[str]:
    gained = [o.new.fund_fen for o in found.outcomes if o.verdict == "payable"]
    lost = [o.old.fund_fen for o in found.outcomes if o.verdict == "refused"]
    if not gained and not lost:
        return []
    counts = {"payable": len(gained), "refused": len(lost)}
    return [_text("sums", say, **counts, gained=yuan_text(sum(gained)), lost=yuan_text(sum(lost)))]


def signed(fen: int) -> str:
    """Return a change in yuan with its sign; nothing for none."""
    return "" if not fen else ("+" if fen > 0 else "") + yuan_text(fen)


def _outcome(row: Outcome, say: Speech) -> str:
    shown = {name: _paid(paid, say) for name, paid in (("old", row.old), ("new", row.new))}
    return _text("outcome", say, id=row.claim.id, name=row.claim.name(say.lang), change=signed(row.change_fen), **shown)


def _paid(paid: Paid, say: Speech) -> str:
    return _text("cannot", say, code=paid.refused) if paid.refused else yuan_text(paid.fund_fen)


def _refusal(row: Outcome, say: Speech) -> str:
    reason = REASONS[row.new.refused]
    told = f"{row.new.refused} {reason.zh if say.lang == 'zh' else reason.en}"
    return _text("refusal", say, id=row.claim.id, name=row.claim.name(say.lang), old=_paid(row.old, say), reason=told)


def as_json(found: Difference, say: Speech) -> dict[str, Any]:
    """Return the whole report as JSON: amounts in yuan as decimal text, words in the language asked for."""
    return {
        "old": _side(found.old, str(found.days[0])),
        "new": _side(found.new, str(found.days[1])),
        "changes": [_change(change, period) for period in found.periods for change in period.begun],
        "panel": {
            "claims": len(found.outcomes),
            "fund_change": yuan(sum(o.change_fen for o in found.outcomes)),
            "groups": [
                {"by": row.by, "words": list(row.words), **row.counts, "fund_change": yuan(row.change_fen)}
                for row in groups(found.outcomes)
            ],
            "outcomes": [
                {
                    "id": o.claim.id, "name": o.claim.name(say.lang), "verdict": o.verdict,
                    "old": o.old.refused or yuan(o.old.fund_fen), "new": o.new.refused or yuan(o.new.fund_fen),
                    "fund_change": yuan(o.change_fen),
                }
                for o in found.outcomes
            ],
        },
    }  # fmt: skip


def _side(side: Side, panel_day: str) -> dict[str, Any]:
    pool = side.book.pools[side.area]
    day = str(side.day) if side.day else None
    return {
        "given": side.label, "area": pool.code, "name": pool.name, "day": day, "panel_day": panel_day,
        "rulebook": side.book.digest,
    }  # fmt: skip


def _change(change: Change, period: Period) -> dict[str, Any]:
    return {
        "differs_from": str(period.day) if period.day else None, "kind": change.kind, "what": change.what,
        "schemes": [word for word in change.schemes if word], "cares": [word for word in change.cares if word],
        "whom": [word for word in change.whom if word], "where": [word for word in change.wheres if word],
        "layer": change.subject, "from": str(change.begins) if change.begins else None, "source": change.cite,
        "lines": [line._asdict() for line in change.lines],
    }  # fmt: skip


def change_line(change: Change, say: Speech) -> str:
    """Return one change as a single line of text, without its source; of a whole block only its figures."""
    what = "" if change.what == "changed" else f"{_text(change.what, say)} "
    plain = {say(key) for key in ("fund", "dedc_counter", "cap_counter", "measure")}
    usual = {(say("base"), say("in_scope")), (say("later"), say("same"))}
    parts = []
    for line in change.lines:
        told = line.new if change.what == "added" else line.old
        if change.what != "changed" and (line.aspect in plain or (line.aspect, told) in usual):
            continue
        shown = {"changed": f"{line.old} → {line.new}", "added": line.new, "removed": line.old}[change.what]
        parts.append(f"{say.noted(line.aspect, line.levels)} {shown}")
    return f"{what}{title(change, say)}{say('colon')}{say('semicolon').join(parts)}"
