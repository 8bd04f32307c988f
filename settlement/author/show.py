"""``rules show``: the sheets of an area on a day, what surrounds them, and the grounds of every row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from itertools import groupby, product
from typing import Any

from rich.console import Console
from rich.table import Table

from settlement import codes
from settlement.author import facts, keys
from settlement.author.sheets import Sheet, ended_blocks, kinds_of, layer_name, sheet_of
from settlement.author.words import Words
from settlement.rules import resolve
from settlement.rules.pool import ANY_LEVEL, AccountRule, Cite, Elsewhere, Pool, Stay
from settlement.rules.resolve import Claim
from settlement.rules.rulebook import Rulebook
from settlement.rules.selectors import Person


class _Shown:
    """One area on one day, being printed; grounds get their numbers as they come up."""

    def __init__(self, console: Console, chain: Sequence[Pool], day: date, say: Words) -> None:
        self.console, self.chain, self.day, self.say = console, chain, day, say
        self.grounds: dict[Cite, int] = {}

    def ground(self, cite: Cite) -> str:
        """Return a citation's number and confidence."""
        number = self.grounds.setdefault(cite, len(self.grounds) + 1)
        return f"[{number}] {self.say.trust(cite.confidence)}"

    def line(self, text: str) -> None:
        """Print a line as it is."""
        self.console.print(text, markup=False, soft_wrap=True)

    def table(self, title: str, heads: Sequence[str]) -> Table:
        """Return an empty table."""
        table = Table(title=title, title_justify="left")
        for head in heads:
            table.add_column(head, overflow="fold")
        return table

    def print(self, table: Table) -> None:
        """Print a table."""
        self.console.print(table, markup=False)


def show_area(console: Console, book: Rulebook, code: str, day: date, lang: str) -> None:
    """Print everything in force in an area (the code of a pool) on a day."""
    chain, say = book.builder.chains[code], Words(lang)
    shown = _Shown(console, chain, day, say)
    above = " → ".join(pool.code for pool in chain[1:]) or say("nothing")
    shown.line(say("title", name=chain[0].name, code=code, day=day, chain=above))
    area = [f"{what}{say('colon')}{said}" for (what, _), said in facts.area_facts(tuple(chain), say).items()]
    shown.line(say("semicolon").join([*area, say("rulebook", digest=book.digest[:16])]))
    kinds = kinds_of(chain)
    for kind in kinds:
        _print_sheet(shown, sheet_of(chain, kind, day, say))
    _print_absent(shown, kinds)
    _print_ended(shown, kinds)
    _print_rest(shown)
    names = say.listed(say.noted(name, say(f"per_{c.period}")) for name, c in book.counters(code).items())
    shown.line(say("counters", names=names or say("nothing")))
    shown.line(say("grounds"))
    for cite, number in shown.grounds.items():
        notes = "".join(f" {note}" for note in dict.fromkeys((cite.note, cite.source.note)) if note)
        shown.line(f"  [{number}] {facts.cite_text(cite, say)} {cite.file}:{cite.line}{notes}")


def _print_sheet(shown: _Shown, sheet: Sheet) -> None:
    if not sheet.rows:
        return
    say = shown.say
    heads = [say("any_level") if level == ANY_LEVEL else say.level(level) for level in sheet.levels]
    table = shown.table(
        f"{say.scheme(sheet.scheme)} {say.care(sheet.care)}", (say("layer"), say("people"), say("item"))
    )
    for head in heads:
        table.add_column(head, justify="right", overflow="fold")
    for head in (say("ground"), say("since")):
        table.add_column(head, overflow="fold")
    for block, rows in groupby(sheet.rows, lambda row: row.block):
        layer, people, ground, since = layer_name(block, say), "", shown.ground(block.cite), str(block.begins)
        for row in rows:
            told = row.people if row.people != people else ""
            table.add_row(layer, told, row.what, *row.figures, ground, since)
            layer, people, ground, since = "", row.people, "", ""
        table.add_section()
    shown.print(table)
    if sheet.unsaid:
        shown.line(f"  {say('absent_levels', levels=say.levels(sheet.unsaid))}")


def _print_absent(shown: _Shown, kinds: Sequence[tuple[str, str]]) -> None:
    """Say for which care the schemes of the area have no rule at all."""
    say = shown.say
    for scheme in dict.fromkeys(scheme for scheme, _ in kinds):
        there = {care for s, care in kinds if s == scheme and sheet_of(shown.chain, (s, care), shown.day, say).rows}
        absent = say.listed(say.care(care) for care in codes.CARES if care not in there)
        if absent:
            shown.line(say("absent", scheme=say.scheme(scheme), kinds=absent))


def _print_ended(shown: _Shown, kinds: Sequence[tuple[str, str]]) -> None:
    say = shown.say
    for kind in kinds:
        for block in ended_blocks(shown.chain, kind, shown.day):
            what = say.scheme(kind[0]), say.care(kind[1]), block.layer or say("pays_no"), facts.whom(block, say)
            where = f"{block.cite.file}:{block.cite.line}"
            shown.line(f"  {' '.join(what)}{say('colon')}{say('repealed', day=block.begins, where=where)}")


def _print_rest(shown: _Shown) -> None:
    """Print the blocks beside benefits, each kind in a table; where a kind has none, what that means."""
    _print_kind(shown, "elsewhere", [_elsewhere_rules(shown)], (elsewhere_scope, facts.elsewhere_text))
    _print_kind(shown, "first_pay", [p.first_pays for p in shown.chain], (facts.first_pay_whom, _ratio))
    _print_kind(shown, "filing", [pool.filings for pool in shown.chain], (facts.filing_whom, facts.filing_text))
    _print_kind(shown, "waiting", [p.waitings for p in shown.chain], (facts.standing_whom, facts.standing_text))
    _print_kind(shown, "suspension", [p.suspensions for p in shown.chain], (facts.standing_whom, facts.standing_text))
    _print_kind(shown, "stay", [pool.stays for pool in shown.chain], (stay_scope, facts.stay_text))
    schemes = [None, *dict.fromkeys(s for p in shown.chain for a in p.accounts for s in a.schemes or ())]
    ruling = [resolve.account_for(shown.chain, scheme or "", shown.day) for scheme in schemes]
    accounts = [rule for rule in dict.fromkeys(ruling) if rule is not None]
    _print_kind(shown, "account", [accounts], (account_scope, facts.account_text))


Texts = tuple[Callable[[Any, Words], str], Callable[[Any, Words], str]]


def _print_kind(shown: _Shown, kind: str, areas: Sequence[Sequence[Any]], texts: Texts) -> None:
    say = shown.say
    title = getattr(keys.BLOCK_NAMES[kind], say.lang)
    table = shown.table(title, (say("scope"), say("change"), say("since"), say("ground")))
    for blocks in areas:
        standing = [block for block in blocks if isinstance(block, AccountRule)]
        for block in standing or resolve.in_force(blocks, shown.day):
            table.add_row(texts[0](block, say), texts[1](block, say), str(block.begins), shown.ground(block.cite))
    if table.row_count:
        shown.print(table)
    else:
        shown.line(say("none_said", title=title, effect=say(f"{kind}_effect")))


def _elsewhere_rules(shown: _Shown) -> list[Elsewhere]:
    """Return the rules for care elsewhere that decide for some claim, the nearest area's first."""
    kinds, found = kinds_of(shown.chain), []
    places = {"", *(place for pool in shown.chain for block in pool.elsewheres for place in block.places or ())}
    for (scheme, care), where, filing, place in product(kinds, codes.RELATIONS[1:], codes.FILINGS, sorted(places)):
        claim = Claim(scheme, care, "", Person(""), where, filing, place=place)
        rule = resolve.elsewhere_for(shown.chain, claim, shown.day)
        found += [rule] if isinstance(rule, Elsewhere) else []
    order = [block for pool in shown.chain for block in pool.elsewheres]
    return sorted(dict.fromkeys(found), key=order.index)


def elsewhere_scope(block: Elsewhere, say: Words) -> str:
    """Return for which claims a rule for care elsewhere is."""
    parts = [facts.scope_text(block.schemes, block.cares, say), say.listed(map(say.filing, block.filings))]
    parts += [say.listed(map(say.relation, block.wheres))]
    parts += [say("places", codes=say.listed(block.places))] if block.places else []
    return say("semicolon").join(part for part in parts if part)


def _ratio(block: Any, say: Words) -> str:
    return f"{say('ratio')} {say.percent(block.ratio_bp)}"


def stay_scope(block: Stay, say: Words) -> str:
    """Return for which claims a rule for stays across years is."""
    return facts.scope_text(block.schemes, block.cares, say) or say("any")


def account_scope(block: AccountRule, say: Words) -> str:
    """Return for which claims an account rule is."""
    return facts.scope_text(block.schemes, None, say) or say("any")
