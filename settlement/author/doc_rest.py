"""The parts of an area's page around its benefits: care elsewhere, standing, accounts; what changed when; grounds; what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from settlement import codes
from settlement.author import facts
from settlement.author.compare import KEYED, Box, boxes, compare, elsewhere_rules, keyed_rules, places_named, where_text
from settlement.author.curves import PEOPLE
from settlement.author.diff_report import change_line
from settlement.author.pages import Element, Grid, Heading, Items, Para
from settlement.author.sheets import Sheet, kinds_of
from settlement.author.words import Words
from settlement.rules import resolve
from settlement.rules.pool import AccountRule, Cite, Elsewhere, Meaning, Pool
from settlement.rules.resolve import Claim, Missing
from settlement.rules.selectors import Person

Chain = tuple[Pool, ...]
KEYED_EN = {
    "first_pays": "first-pay ratios", "filings": "what a filing counts as", "waitings": "waiting periods",
    "suspensions": "suspended insurance", "stays": "stays across years",
}  # fmt: skip


# In a cell there is room for one word; the table of grounds says it in full.
SHORT = {"official": "官方", "receipt": "票据", "secondary": "二手", "assumed": "假定"}


class Grounds:
    """The citations of a page, numbered as they come up."""

    def __init__(self, say: Words) -> None:
        self.say = say
        self.rows: dict[tuple[str, ...], int] = {}

    def mark(self, cite: Cite) -> str:
        """Return a citation's number and confidence."""
        source = cite.source
        row = (
            source.title or source.id, source.number or "—", source.issued or "—", cite.article, self.say.trust(cite.confidence),
            " ".join(dict.fromkeys(note for note in (cite.note, source.note, source.url) if note)) or "—",
        )  # fmt: skip
        return f"[{self.rows.setdefault(row, len(self.rows) + 1)}] {SHORT[cite.confidence]}"

    def elements(self) -> list[Element]:
        """Return the table of grounds."""
        heads = ("依据", "文件 document", "文号", "发文日期", "条款", "可信度 confidence", "说明")
        rows = tuple((f"[{number}]", *row) for row, number in self.rows.items())
        return [Heading(2, "依据与可信度 Grounds"), Grid(heads, rows)] if rows else []


def cites_in_force(chain: Chain, day: date) -> list[Cite]:
    """Return the grounds of an area's own blocks in force on a day, one a block as written."""
    pool = chain[0]
    blocks = [block for kind in kinds_of(chain) for block in resolve.in_force(resolve.benefits_for(pool, *kind), day)]
    tables: list[tuple[Any, ...]] = [pool.elsewheres, *(getattr(pool, table) for table in KEYED)]
    cites = [block.cite for block in blocks]
    cites += [rule.cite for table in tables for rule in resolve.in_force(table, day)]
    once: tuple[AccountRule | Meaning, ...] = (*pool.accounts, *pool.meanings)
    cites += [rule.cite for rule in once if rule.begins <= day]
    return list(dict.fromkeys(cites))


def trust_text(chain: Chain, day: date, say: Words) -> str:
    """Return how many of an area's own blocks in force rest on what."""
    counts = Counter(cite.confidence for cite in cites_in_force(chain, day))
    return say.listed(f"{say.trust(mark)} {counts[mark]}" for mark in codes.CONFIDENCES if counts[mark]) or "—"


def rest(chain: Chain, day: date, grounds: Grounds, say: Words) -> list[Element]:
    """Return what surrounds the benefits: care elsewhere, first pay, filings, standing, stays, accounts, and the area's own words."""
    heads = ("对象 for whom", "规定 rule", "自", "依据")
    page: list[Element] = []
    rows = _elsewhere(chain, day, grounds, say)
    if rows:
        page += [Heading(2, "异地就医 Care elsewhere"), Grid(("险种、类别", "备案", "就医地", *heads[1:]), tuple(rows))]
    for table, (kind, _, whom, text) in KEYED.items():
        rules = keyed_rules(chain, table, day).values()
        told = tuple((whom(r, say), text(r, say), str(r.begins), grounds.mark(r.cite)) for r in rules)
        page += [Heading(2, f"{say(kind)} {KEYED_EN[table]}"), Grid(heads, told)] if told else []
    accounts = [
        (scheme, resolve.account_for(chain, scheme, day)) for scheme in dict.fromkeys(s for s, _ in kinds_of(chain))
    ]
    told = tuple(
        (say.scheme(scheme), facts.account_text(rule, say), str(rule.begins), grounds.mark(rule.cite))
        for scheme, rule in accounts
        if rule
    )
    page += [Heading(2, f"{say('account')} accounts"), Grid(heads, told)] if told else []
    once = tuple((aspect, text) for (aspect, _), text in facts.area_facts(chain, say).items())
    return [*page, Heading(2, f"{say('area')} the area"), Grid(("项目", "规定"), once)]


def _elsewhere(chain: Chain, day: date, grounds: Grounds, say: Words) -> list[tuple[str, ...]]:
    alike: dict[Elsewhere, list[tuple[str, str, str, str]]] = {}
    for cell, rule in elsewhere_rules(chain, kinds_of(chain), places_named(chain), day).items():
        if rule is not None:
            alike.setdefault(rule, []).append(cell)
    return [
        (
            *_box(box, chain, say),
            facts.elsewhere_text(rule, say),
            str(rule.begins),
            grounds.mark(rule.cite),
        )
        for rule, cells in alike.items()
        for box in boxes(cells)
    ]


def _box(box: Box, chain: Chain, say: Words) -> tuple[str, str, str]:
    schemes, cares, filings, wheres = box
    scope = f"{say.listed(map(say.scheme, schemes))} {say.listed(map(say.care, cares))}"
    places = places_named(chain)
    told = say.listed(where_text(where, chain[0].code, places, say) for where in wheres)
    return scope, say.listed(map(say.filing, filings)), told


def history(chain: Chain, day: date, say: Words) -> list[Element]:
    """Return what changed on each day up to the page's, newest first; on the first day everything began."""
    days = [begun for begun in resolve.change_days(chain) if begun <= day]
    page: list[Element] = [Heading(2, "历次变动 What changed when")]
    for begun in reversed(days[1:]):
        changes = compare((chain, begun - timedelta(days=1)), (chain, begun), say)
        if changes:
            page += [Heading(3, str(begun)), Items(tuple(change_line(change, say) for change in changes))]
    first = min((block.begins for pool in chain for block in pool.benefits), default=None)
    return page + ([Para(f"待遇规则最早自 {first} 起，更早的没有录入。")] if first else [])


def gaps(chain: Chain, day: date, sheets: Sequence[Sheet], say: Words) -> list[Element]:
    """Return what no rule speaks of: care types, levels and groups, filings."""
    there = {(sheet.scheme, sheet.care) for sheet in sheets}
    items = []
    for scheme in dict.fromkeys(scheme for scheme, _ in kinds_of(chain)):
        absent = say.listed(say.care(care) for care in codes.CARES if (scheme, care) not in there)
        items += [f"{say.scheme(scheme)} 没有规则的类别（结算被拒绝，R01）：{absent}"] if absent else []
    for sheet in sheets:
        items += _silent(chain, day, sheet, say)
    none = [
        cell
        for cell, rule in elsewhere_rules(chain, kinds_of(chain), places_named(chain), day).items()
        if rule is None and cell[:2] in there
    ]
    for box in boxes(none) if none else []:
        scope, filings, wheres = _box(box, chain, say)
        items.append(f"异地没有规则（结算被拒绝，R03）：{scope}，{filings}，{wheres}")
    return [Heading(2, "还缺什么 What is missing"), Items(tuple(items))] if items else []


def _silent(chain: Chain, day: date, sheet: Sheet, say: Words) -> list[str]:
    """Return the levels and groups for which a scheme and care have no rule, in the order of levels."""
    levels = ("ungraded",) if sheet.care == "pharmacy" else codes.LEVELS
    cells = []
    for group, (psn_type, age) in PEOPLE.get(sheet.scheme, {}).items():
        for level in levels:
            person = Person(group, age, psn_type=psn_type)
            answer = resolve.layers_for(chain, Claim(sheet.scheme, sheet.care, level, person, "local", ""), day)
            cells += [(group, level, answer.code, "")] if isinstance(answer, Missing) else []
    told = []
    for groups, silent, (code,), _ in boxes(cells) if cells else []:
        everybody = len(groups) == len(PEOPLE[sheet.scheme])
        whom = "" if everybody else f"{say.listed(map(say.group, groups))}，"
        told.append(
            f"{say.scheme(sheet.scheme)} {say.care(sheet.care)}没有规则（{code[:3]}）：{whom}{say.levels(silent)}"
        )
    return told
