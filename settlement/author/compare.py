"""What changes for whom between two sets of rules, block by block: the same area on two days, or two files.

Each difference is found for one scheme and care; the ones that say the same are then told together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any, NamedTuple

from settlement import codes
from settlement.author import facts
from settlement.author.phrases import Speech
from settlement.author.sheets import Kind, blocks_in_force, kinds_of
from settlement.rules import resolve
from settlement.rules.pool import ANY_LEVEL, Benefit, Cite, Elsewhere, Pool
from settlement.rules.resolve import Claim, Missing
from settlement.rules.selectors import Person

Chain = tuple[Pool, ...]
Cell = tuple[str, str, str, str]  # scheme, care, for whom, where
Words = tuple[str, ...]
Box = tuple[Words, Words, Words, Words]  # the same, several words on each side: all their combinations
SIDES = 4
Elsewheres = dict[Cell, Elsewhere | None]


class Line(NamedTuple):
    """One aspect that differs; ``levels`` in words, "" for every level."""

    aspect: str
    levels: str
    old: str
    new: str


class Change(NamedTuple):
    """One difference: for whom, since when, and each aspect as it was and as it is."""

    kind: str
    what: str  # changed | added | removed
    schemes: tuple[str, ...]
    cares: tuple[str, ...]
    whom: tuple[str, ...]
    wheres: tuple[str, ...]
    subject: str
    lines: tuple[Line, ...]
    begins: date | None
    cite: str


class Found(NamedTuple):
    """A difference of one cell, before equal ones are told together."""

    cell: Cell
    kind: str
    what: str
    subject: str
    lines: tuple[Line, ...]
    begins: date | None
    cite: str


def compare(old: tuple[Chain, date], new: tuple[Chain, date], say: Speech) -> list[Change]:
    """Return every difference between the rules of two chains of pools (nearest first), each on its day."""
    same_area = old[0][0].code == new[0][0].code
    found = [
        *_benefits(old, new, say, same_area), *_elsewheres(old, new, say), *_keyed(old, new, say),
        *_accounts(old, new, say), *_meanings(old, new, say), *_areas(old, new, say),
    ]  # fmt: skip
    return _together(found)


def _kinds(old: tuple[Chain, date], new: tuple[Chain, date]) -> list[Kind]:
    return kinds_of((*old[0], *new[0]))


def _benefits(old: tuple[Chain, date], new: tuple[Chain, date], say: Speech, same_area: bool) -> Iterable[Found]:
    for scheme, care in _kinds(old, new):
        before = {_key(block): block for block in blocks_in_force(old[0], (scheme, care), old[1])}
        after = {_key(block): block for block in blocks_in_force(new[0], (scheme, care), new[1])}
        pairs: list[tuple[Benefit | None, Benefit | None]] = [
            (before[key], after[key]) for key in before if key in after
        ]
        left = [block for key, block in before.items() if key not in after]
        fresh = [block for key, block in after.items() if key not in before]
        meeting = [(a, b) for a in left for b in fresh if _meet(a, b)]
        pairs += meeting
        pairs += [(a, None) for a in left if all(a is not pair[0] for pair in meeting)]
        pairs += [(None, b) for b in fresh if all(b is not pair[1] for pair in meeting)]
        for a, b in pairs:
            made = _benefit(scheme, care, a, b, say, same_area)
            if made is not None:
                yield made


def _key(block: Benefit) -> tuple[object, ...]:
    return (block.layer, block.covered, block.levels, block.diseases, block.who)


def _meet(old: Benefit, new: Benefit) -> bool:
    """Tell whether two blocks of one layer can speak for one claim; a block that pays nothing stands against the first layer."""
    paid = old if old.covered else new
    layers = old.layer == new.layer or (old.covered != new.covered and paid.base == "in_scope")
    levels = old.levels is None or new.levels is None or bool(set(old.levels) & set(new.levels))
    return layers and levels and old.who.meets(new.who) and (old.diseases is None) == (new.diseases is None)


def _benefit(
    scheme: str, care: str, old: Benefit | None, new: Benefit | None, say: Speech, same_area: bool
) -> Found | None:
    levels = {level for block in (old, new) if block is not None for level in facts.named_levels(block)}
    shown = new or old
    if shown is None:
        return None
    before = facts.benefit_facts(old, levels, say) if old else {}
    after = facts.benefit_facts(new, levels, say) if new else {}
    if old is None or new is None:  # a whole block is told without what goes without saying
        plain = {(say("covered"), say("pays")), (say("reported"), say("by_rule")), (say("retired"), say("none"))}
        before, after = ({k: v for k, v in side.items() if (k[0], v) not in plain} for side in (before, after))
    if old and new:
        before[say("whom"), ANY_LEVEL], after[say("whom"), ANY_LEVEL] = facts.whom(old, say), facts.whom(new, say)
        if same_area:
            for facts_of, block in ((before, old), (after, new)):
                facts_of[say("cite"), ANY_LEVEL] = facts.cite_text(block.cite, say)
    lines = _lines(before, after, say)
    if not lines:
        return None
    what = "changed" if old and new else "added" if new else "removed"
    cell = (scheme, care, facts.whom(shown, say), "")
    subject = say.fund(shown.fund) if shown.fund else ""
    if shown.layer not in ("", shown.fund):
        subject = say.noted(subject, shown.layer)
    return Found(cell, "benefit", what, subject, lines, new.begins if new else None, facts.cite_text(shown.cite, say))


def _lines(before: facts.Facts, after: facts.Facts, say: Speech) -> tuple[Line, ...]:
    """Return what differs, the levels with one and the same difference together."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    told: dict[str, set[str]] = {}
    for aspect, level in dict.fromkeys((*before, *after)):
        old, new = (side.get((aspect, level), "") for side in (before, after))
        told.setdefault(aspect, set()).add(level)
        if old != new:
            groups.setdefault((aspect, old, new), []).append(level)
    none = say("none")
    return tuple(
        Line(aspect, "" if set(levels) == told[aspect] else say.levels(levels), old or none, new or none)
        for (aspect, old, new), levels in sorted(groups.items(), key=lambda group: list(told).index(group[0][0]))
    )


def elsewhere_rules(chain: Chain, kinds: Iterable[Kind], places: Iterable[str], day: date) -> Elsewheres:
    """Return the rule for care elsewhere of each scheme, care, filing and place, None where there is none.

    A place is where it lies, followed by the beginning of its division code if some rule names it.
    """
    found: Elsewheres = {}
    for scheme, care in kinds:
        for filing in codes.FILINGS:
            for where, place in _wheres(chain[0].code, places):
                claim = Claim(scheme, care, "3", Person(""), where, filing, place=place)
                rule = resolve.elsewhere_for(chain, claim, day)
                found[scheme, care, filing, f"{where} {place}".strip()] = None if isinstance(rule, Missing) else rule
    return found


def places_named(*chains: Chain) -> list[str]:
    """Return the beginnings of division codes that rules for care elsewhere name."""
    rules = (rule for chain in chains for pool in chain for rule in pool.elsewheres)
    return sorted({place for rule in rules for place in rule.places or ()})


def _wheres(area: str, places: Iterable[str]) -> Iterable[tuple[str, str]]:
    for where in codes.RELATIONS[1:]:
        yield where, ""
        yield from ((where, place) for place in places if _lies(place, area, where))


def _lies(place: str, area: str, where: str) -> bool:
    return (place[:2] == area[:2]) == (where == "in_province")


def where_text(key: str, area: str, places: Iterable[str], say: Speech) -> str:
    """Return in words where care takes place: 跨省异地, 跨省异地（31）, or, beside places that are named, 跨省异地（其他地方）."""
    where, _, place = key.partition(" ")
    others = any(_lies(named, area, where) for named in places)
    return say.noted(say.relation(where), place or (say("other_places") if others else ""))


def _elsewheres(old: tuple[Chain, date], new: tuple[Chain, date], say: Speech) -> Iterable[Found]:
    places = places_named(old[0], new[0])
    befores, afters = (elsewhere_rules(chain, _kinds(old, new), places, day) for chain, day in (old, new))
    for key in dict.fromkeys((*befores, *afters)):
        scheme, care, filing, where = key
        before, after = befores.get(key), afters.get(key)
        line = Line(say("mode"), "", facts.elsewhere_text(before, say), facts.elsewhere_text(after, say))
        if line.old == line.new:
            continue
        shown = after or before
        cite = facts.cite_text(shown.cite, say) if shown else ""
        cell = (scheme, care, say.filing(filing), where_text(where, new[0][0].code, places, say))
        yield Found(cell, "elsewhere", "changed", "", (line,), after.begins if after else None, cite)


Tell = tuple[str, str, Callable[[Any, Speech], str], Callable[[Any, Speech], str]]
KEYED: dict[str, Tell] = {
    "first_pays": (
        "first_pay", "ratio", facts.first_pay_whom, lambda rule, say: say.percent(rule.ratio_bp),
    ),
    "filings": ("filing", "counts_as", facts.filing_whom, facts.filing_text),
    "waitings": ("waiting", "wait", facts.standing_whom, facts.standing_text),
    "suspensions": ("suspension", "grace", facts.standing_whom, facts.standing_text),
    "stays": (
        "stay", "cross_year", lambda rule, say: facts.scope_text(rule.schemes, rule.cares, say) or say("all"), facts.stay_text,
    ),
}  # fmt: skip


def keyed_rules(chain: Chain, table: str, day: date) -> dict[object, Any]:
    """Return the rules of one table in force (``first_pays``, ``filings``, …), of each key the nearest area's."""
    made: dict[object, Any] = {}
    for pool in chain:
        for rule in resolve.in_force(getattr(pool, table), day):
            made.setdefault(rule.key, rule)
    return made


def _keyed(old: tuple[Chain, date], new: tuple[Chain, date], say: Speech) -> Iterable[Found]:
    for table, (kind, aspect, whom, text) in KEYED.items():
        before, after = (keyed_rules(chain, table, day) for chain, day in (old, new))
        for key in dict.fromkeys((*before, *after)):
            a, b = before.get(key), after.get(key)
            texts = [text(rule, say) if rule else say("none") for rule in (a, b)]
            if texts[0] == texts[1]:
                continue
            what = "changed" if a and b else "added" if b else "removed"
            shown: Any = b or a
            line = Line(say(aspect), "", texts[0], texts[1])
            cell = ("", "", whom(shown, say), "")
            yield Found(cell, kind, what, "", (line,), b.begins if b else None, facts.cite_text(shown.cite, say))


def _accounts(old: tuple[Chain, date], new: tuple[Chain, date], say: Speech) -> Iterable[Found]:
    for scheme in dict.fromkeys(scheme for scheme, _ in _kinds(old, new)):
        rules = [resolve.account_for(chain, scheme, day) for chain, day in (old, new)]
        texts = [facts.account_text(rule, say) if rule else say("none") for rule in rules]
        shown = rules[1] or rules[0]
        if texts[0] != texts[1] and shown:
            line = Line(say("covers"), "", texts[0], texts[1])
            begins = rules[1].begins if rules[1] else None
            yield Found(
                (scheme, "", "", ""), "account", "changed", "", (line,), begins, facts.cite_text(shown.cite, say)
            )


def _meanings(old: tuple[Chain, date], new: tuple[Chain, date], say: Speech) -> Iterable[Found]:
    words = {"care": say.care, "level": say.level, "group": say.group}
    given = {(m.kind, code) for chain, _ in (old, new) for pool in chain for m in pool.meanings for code in m.codes}
    for kind, code in sorted(given):
        rules = [resolve.meaning_of(chain, kind, code, day) for chain, day in (old, new)]
        texts = [words[kind](rule.word) if rule else say("none") for rule in rules]
        shown = rules[1] or rules[0]
        if texts[0] != texts[1] and shown:
            names = {"care": "med_type", "level": "hosp_lv", "group": "psn_type"}
            line = Line(names[kind], "", texts[0], texts[1])
            cite: Cite = shown.cite
            yield Found(("", "", code, ""), "meaning", "changed", "", (line,), shown.begins, facts.cite_text(cite, say))


def _areas(old: tuple[Chain, date], new: tuple[Chain, date], say: Speech) -> Iterable[Found]:
    lines = _lines(facts.area_facts(old[0], say), facts.area_facts(new[0], say), say)
    if lines:
        yield Found(("", "", "", ""), "area", "changed", "", lines, None, "")


def _together(found: list[Found]) -> list[Change]:
    """Return the differences, those that say the same of several cells told once."""
    alike: dict[tuple[Any, ...], list[Cell]] = {}
    for each in found:
        alike.setdefault(each[1:], []).append(each.cell)
    made = [
        Change(said[0], said[1], schemes, cares, whom, wheres, *said[2:])
        for said, cells in alike.items()
        for schemes, cares, whom, wheres in boxes(cells)
    ]
    order = {kind: at for at, kind in enumerate(("area", "benefit", "elsewhere", "first_pay", "filing"))}
    return sorted(made, key=lambda change: order.get(change.kind, len(order)))


def boxes(cells: list[Cell]) -> list[Box]:
    """Return the cells as few boxes: each a tuple of words on every side, all combinations of which are cells."""
    made: list[tuple[Words, ...]] = [tuple((word,) for word in cell) for cell in dict.fromkeys(cells)]
    for side in reversed(range(SIDES)):
        merged: dict[tuple[Words, ...], Words] = {}
        for box in made:
            rest = (*box[:side], *box[side + 1 :])
            merged[rest] = (*merged.get(rest, ()), *box[side])
        made = [(*rest[:side], words, *rest[side:]) for rest, words in merged.items()]
    return [(schemes, cares, whom, wheres) for schemes, cares, whom, wheres in made]
