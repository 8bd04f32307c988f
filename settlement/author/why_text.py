"""``rules why``: the reasons of ``why`` in words, one table a layer, what won first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

from settlement.author import facts, keys
from settlement.author.sheets import layer_name
from settlement.author.show import account_scope, elsewhere_scope, stay_scope
from settlement.author.why import Choice, Considered, Needed, Reason, Why
from settlement.author.words import Words, rate_text
from settlement.errors import REASONS
from settlement.rules.compile import LayerInfo
from settlement.rules.pool import Benefit

SCOPES: dict[str, Callable[[Any, Words], str]] = {
    "elsewhere": elsewhere_scope, "filing": facts.filing_whom, "first_pay": facts.first_pay_whom,
    "waiting": facts.standing_whom, "suspension": facts.standing_whom, "stay": stay_scope, "account": account_scope,
}  # fmt: skip
SAYINGS: dict[str, Callable[[Any, Words], str]] = {
    "elsewhere": facts.elsewhere_text, "filing": facts.filing_text, "waiting": facts.standing_text,
    "suspension": facts.standing_text, "stay": facts.stay_text, "account": facts.account_text,
}  # fmt: skip


def print_why(console: Console, found: Why, lang: str) -> None:
    """Print everything that decided a situation."""
    say = Words(lang)

    def line(text: str) -> None:
        console.print(text, markup=False, soft_wrap=True)

    line(_question(found, say))
    line(f"{say('verdict')}{say('colon')}{_verdict(found, say)}")
    for needed in found.needed:
        line(f"  {_needed(needed, say)}")
    line(say("code_meanings") + say("colon"))
    for means in found.meanings:
        told = [f"{say.listed(m.codes)} ({m.cite.file}:{m.cite.line})" for m in means.meanings]
        word = {"care": say.care, "level": say.level, "group": say.group}[means.kind](means.word)
        line(f"  {'; '.join(told) or say('nothing')} → {word}")
    rows = {id(row.benefit): row for row in found.rows}
    for number, choice in enumerate(found.layers, 1):
        first = choice.considered[0].block
        title = f"{number}. {layer_name(choice.chosen or first, say)}"
        _print_choice(console, title, choice, say, lambda block: _benefit(block, found, rows.get(id(block)), say))
    if found.unpaid.considered:
        _print_choice(console, say("pays_no"), found.unpaid, say, lambda block: facts.whom(block, say))
    for choice in found.others:
        title = getattr(keys.BLOCK_NAMES[choice.name], say.lang)
        if not choice.considered:
            effect = say("local_claim") if _local(choice, found) else say(f"{choice.name}_effect")
            line(f"{title}{say('colon')}{effect}")
            continue
        _print_choice(console, title, choice, say, _rule(choice.name, say))
        if choice.chosen is None and all(each.verdict != "chosen" for each in choice.considered):
            line(f"  {say('none_said', title=title, effect=say(f'{choice.name}_effect'))}")


def _local(choice: Choice, found: Why) -> bool:
    return choice.name in ("elsewhere", "filing") and found.claim.relation == "local"


def _question(found: Why, say: Words) -> str:
    claim = found.situation.claim
    asked = say(
        "asked", name=found.pool.name, code=found.pool.code, scheme=say.scheme(claim.scheme), care=say.care(claim.care),
        level=say.level(claim.level), group=say.group(claim.person.group), day=found.situation.day,
        relation=say.relation(claim.relation),
    )  # fmt: skip
    asked += say("asked_age", age=claim.person.age) if claim.person.age >= 0 else ""
    asked += say("asked_filing", filing=say.filing(claim.filing)) if claim.filing else ""
    return asked + (say("asked_disease", disease=claim.disease) if claim.disease else "")


def _verdict(found: Why, say: Words) -> str:
    if found.missing is not None:
        reason = REASONS[found.missing.code]
        return say("missing", code=found.missing.code, reason=reason.zh if say.lang == "zh" else reason.en)
    if found.stop is not None:
        return say("not_covered_verdict", where=_at(found.stop))
    return say("pays_verdict", count=sum(choice.chosen is not None for choice in found.layers))


def _needed(needed: Needed, say: Words) -> str:
    if needed.at:
        level = dict(needed.keys)["level"]
        return f"{say('needed')} {needed.at}{say('colon')}{say('no_figure', level=say.level(level))}"
    values = ", ".join(
        f'{key} = {{ group = "{word}" }}' if key == "who" else f'{key} = "{word}"' for key, word in needed.keys
    )
    return f"{say('needed')} [[{needed.kind}]] {values}"


def _print_choice(console: Console, title: str, choice: Choice, say: Words, told: Callable[[Any], str]) -> None:
    table = Table(title=title, title_justify="left")
    for head in ("verdict", "block", "since", "says", "ground"):
        table.add_column(say(head), overflow="fold")
    for each in choice.considered:
        cite = each.block.cite
        ground = facts.cite_text(cite, say) if each.verdict == "chosen" else say.trust(cite.confidence)
        table.add_row(_why(each, say), _at(each.block), str(each.block.begins), told(each.block), ground)
    console.print(table, markup=False)


def _at(block: Any) -> str:
    return f"{block.cite.file}:{block.cite.line}"


def _why(each: Considered, say: Words) -> str:
    by = _at(each.by) if each.by is not None else say("nothing")
    reasons = say("semicolon").join(_reason(reason, say) for reason in each.reasons)
    return say(each.verdict, by=by, reasons=reasons)


def _reason(reason: Reason, say: Words) -> str:
    said = reason.said
    if reason.key == "begins_later":
        return say("begins_later", day=said)
    if reason.key == "wrong_who":
        return say("wrong_who", who=say.listed(facts.who_parts(said, say)))
    if reason.key == "wrong_emergency":
        return say("wrong_emergency")
    name, word = LISTS[reason.key]
    return say(reason.key, **{name: say.listed(word(say)(each) for each in said)})


LISTS: dict[str, tuple[str, Callable[[Words], Callable[[str], str]]]] = {
    "wrong_level": ("levels", lambda say: say.level), "wrong_disease": ("diseases", lambda say: str),
    "wrong_scheme": ("schemes", lambda say: say.scheme), "wrong_care": ("cares", lambda say: say.care),
    "wrong_where": ("wheres", lambda say: say.relation), "wrong_filing": ("filings", lambda say: say.filing),
    "wrong_filed": ("filed", lambda say: say), "wrong_psn_type": ("codes", lambda say: str),
    "wrong_place": ("codes", lambda say: str),
}  # fmt: skip


def _benefit(block: Benefit, found: Why, row: LayerInfo | None, say: Words) -> str:
    """Return what a block says at the situation's level; of a block that applies also the rates it comes to here."""
    if block.repealed or block.reported:
        return say("is_end") if block.repealed else say("by_payer")
    level = found.claim.level
    parts = [f"{say('dedc')} {facts.deductible_text(block.deductible, level, say) or say('not_said')}"]
    parts += [f"{say(key)}{say('colon')}{text}" for key, text in facts.deductible_notes(block.deductible, say).items()]
    rates = [facts.figure(band.rate_bp, level) for band in block.bands]
    parts.append(_rates(block, [say("not_said") if r is None else say.percent(r) for r in rates], say))
    parts += [facts.retired_text(block, say)] if facts.retired_text(block, say) else []
    parts.append(f"{say('cap')} {facts.cap_text(block.cap, level, say) or say('not_said')}")
    if row is not None:
        told = _rates(block, [rate_text(rate) for rate in row.rates], say)
        told += f"{say('semicolon')}{facts.elsewhere_text(row.elsewhere, say)}" if row.elsewhere else ""
        parts.append(say("here", figures=told))
    whom = facts.whom(block, say)
    return f"{whom}{say('colon')}{say('semicolon').join(parts)}"


def _rates(block: Benefit, rates: Sequence[str], say: Words) -> str:
    if len(rates) == 1:
        return f"{say('rate')} {rates[0]}"
    overs = [say.yuan(band.over_fen) for band in block.bands]
    return say.listed(f"{say('rate_over', over=over)} {rate}" for over, rate in zip(overs, rates, strict=True))


def _rule(kind: str, say: Words) -> Callable[[Any], str]:
    def told(block: Any) -> str:
        if getattr(block, "repealed", False):
            return say("is_end")
        said = SAYINGS[kind](block, say) if kind in SAYINGS else f"{say('ratio')} {say.percent(block.ratio_bp)}"
        return f"{SCOPES[kind](block, say)}{say('colon')}{said}"

    return told
