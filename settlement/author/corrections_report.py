"""Corrections as text for a clerk and as JSON for a program. Persons are masked; formats, computes nothing."""

from __future__ import annotations

from typing import Any

from settlement.author import facts
from settlement.author.corrections import Amount, Correction, Layer, Report, fund_change_fen
from settlement.author.diff_report import signed
from settlement.author.phrases import Speech
from settlement.errors import REASONS
from settlement.identity import masked
from settlement.money import yuan, yuan_text

TEXTS: dict[str, tuple[str, str]] = {
    "head": (
        "{since} 以来由其他规则库结算的 {differing} 笔：按今天的规则库 {digest} 重算，{changed} 笔金额不同，{unchanged} 笔相同；"
        "另有 {follow} 笔由今天的规则库结算、因累计数变化而不同。",
        "{differing} settlements since {since} were made by another rulebook: under today's {digest}, {changed} would be others, "
        "{unchanged} the same; {follow} more were made by today's, from counters that would be others.",
    ),
    "claim": ("{nth}. 第 {seq} 笔 {day}，机构 {place}，报文 {msgid}，人员 {person}，结算号 {setl_id}",
              "{nth}. entry {seq} of {day}, institution {place}, message {msgid}, person {person}, settlement {setl_id}"),
    "by_counters": ("（规则库未变，因前面的累计数变化）", " (same rulebook, other counters)"),
    "amount": ("{zh} {name}：{old} → {new}（{change}）", "{name}: {old} → {new} ({change})"),
    "layer": ("规则【{fund}】起付线 {old_dedc} → {new_dedc}，支付 {old} → {new}", "rule [{fund}] deductible {old_dedc} → {new_dedc}, pays {old} → {new}"),
    "was": ("原规则 {rule}", "then {rule}"), "now": ("今规则 {rule}；{cite}", "now {rule}; {cite}"), "none": ("无", "none"),
    "refused": ("今天不能结算：{code} {reason}", "would be refused today: {code} {reason}"),
    "total": ("合计：基金支付 {change} 元。", "In all: the funds {change} yuan."), "zero": ("不变", "unchanged"),
    "lacks": ("重算所缺（已用现有的）：", "What the replay lacks (it used what is there):"), "lack": ("第 {seq} 笔 {what}", "entry {seq}: {what}"),
    "books": ("以上均未入账，由夜间处理入账。", "Nothing was booked. The night books them."),
}  # fmt: skip


def text(report: Report, say: Speech) -> str:
    """Return the report as text."""

    def told(key: str, **parts: object) -> str:
        return TEXTS[key][say.at].format(**parts)

    follow = sum(correction.by_counters for correction in report.corrections)
    lines = [
        told(
            "head", since=report.since, differing=report.differing, digest=report.digest[:16], follow=follow,
            changed=len(report.corrections) - follow, unchanged=report.unchanged,
        )
    ]  # fmt: skip
    for nth, each in enumerate(report.corrections, 1):
        where = {
            "place": each.fixmedins_code,
            "msgid": each.msgid,
            "person": masked(each.psn_no),
            "setl_id": each.setl_id,
        }
        lines.append(
            "\n"
            + told("claim", nth=nth, seq=each.seq, day=each.day, **where)
            + (told("by_counters") if each.by_counters else "")
        )
        if each.refused:
            reason = REASONS[each.refused]
            lines.append(
                "   " + told("refused", code=each.refused, reason=reason.zh if say.lang == "zh" else reason.en)
            )
        for amount in each.amounts:
            shown = {"old": yuan_text(amount.old_fen), "new": yuan_text(amount.new_fen)}
            lines.append(
                "   "
                + told(
                    "amount", zh=amount.zh, name=amount.name, change=signed(amount.new_fen - amount.old_fen), **shown
                )
            )
        for layer in each.layers:
            lines += [f"   {line}" for line in _layer(layer, say)]
    if report.corrections:
        lines.append("\n" + told("total", change=signed(fund_change_fen(report)) or told("zero")))
    if report.lacks:
        lines.append("\n" + told("lacks"))
        lines += ["  " + told("lack", seq=lack.seq, what=lack.what) for lack in report.lacks]
    return "\n".join([*lines, "", told("books")])


def _layer(layer: Layer, say: Speech) -> list[str]:
    def told(key: str, **parts: object) -> str:
        return TEXTS[key][say.at].format(**parts)

    figures = {
        "old_dedc": yuan_text(layer.old_dedc_fen), "new_dedc": yuan_text(layer.new_dedc_fen),
        "old": yuan_text(layer.old_pay_fen), "new": yuan_text(layer.new_pay_fen),
    }  # fmt: skip
    lines = [
        told("layer", fund=say.fund(layer.fund), **figures),
        "  " + told("was", rule=layer.old_rule or told("none")),
    ]
    cite = facts.cite_text(layer.cite, say) if layer.cite else ""
    return [
        *lines,
        "  " + told("now", rule=layer.new_rule, cite=cite) if cite else "  " + told("now", rule=told("none"), cite=""),
    ]


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as JSON: amounts in yuan as decimal text."""
    return {
        "since": report.since.isoformat(), "rulebook": report.digest, "differing": report.differing, "unchanged": report.unchanged,
        "fund_change": yuan(fund_change_fen(report)), "booked": False,
        "corrections": [_correction(each) for each in report.corrections],
        "lacks": [lack._asdict() for lack in report.lacks],
    }  # fmt: skip


def _correction(each: Correction) -> dict[str, Any]:
    return {
        "seq": each.seq, "setl_id": each.setl_id, "fixmedins_code": each.fixmedins_code, "msgid": each.msgid,
        "psn_no": masked(each.psn_no), "day": each.day, "by_counters": each.by_counters, "refused": each.refused or None,
        "amounts": {amount.name: _amount(amount) for amount in each.amounts},
        "layers": [
            {
                "fund": layer.fund, "old_rule": layer.old_rule or None, "new_rule": layer.new_rule or None,
                "source": layer.cite.text() if layer.cite else None, "confidence": layer.cite.confidence if layer.cite else None,
                "dedc": [yuan(layer.old_dedc_fen), yuan(layer.new_dedc_fen)], "pay": [yuan(layer.old_pay_fen), yuan(layer.new_pay_fen)],
            }
            for layer in each.layers
        ],
    }  # fmt: skip


def _amount(amount: Amount) -> dict[str, str]:
    return {"old": yuan(amount.old_fen), "new": yuan(amount.new_fen)}
