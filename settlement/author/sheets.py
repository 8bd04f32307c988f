"""What is in force in an area on a day, one sheet a scheme and care: rows by layer, persons and band, columns by level.

Each cell is a figure of a rule in words; the rate of the retired is the one they get.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from settlement import codes
from settlement.author import facts
from settlement.author.words import Words, rate_text
from settlement.rules import resolve
from settlement.rules.compile import rate_of
from settlement.rules.pool import ANY_LEVEL, Benefit, Pool

Kind = tuple[str, str]  # scheme, care


class Row(NamedTuple):
    """One row of a sheet: what it says for whom, and its figure at each level."""

    people: str
    what: str
    figures: tuple[str, ...]
    block: Benefit


class Sheet(NamedTuple):
    """The rules of one scheme and care."""

    scheme: str
    care: str
    levels: tuple[str, ...]  # the columns; only ANY_LEVEL where no rule tells levels apart
    rows: tuple[Row, ...]
    unsaid: tuple[str, ...]  # levels that no rule speaks for


def kinds_of(chain: Sequence[Pool]) -> list[Kind]:
    """Return every scheme and care that a chain of pools speaks of, in the usual order."""
    schemes = list(codes.SCHEME_ZH)
    kinds = {(s, c) for pool in chain for block in pool.benefits for s in block.schemes for c in block.cares}
    return sorted(kinds, key=lambda kind: (kind[0] not in schemes, kind[0], codes.CARES.index(kind[1])))


def blocks_in_force(chain: Sequence[Pool], kind: Kind, day: date) -> list[Benefit]:
    """Return the blocks that may speak for claims of a kind: of each layer the nearest area's, and what is not paid."""
    found: list[Benefit] = []
    decided: set[str] = set()
    for pool in chain:
        here = resolve.in_force(resolve.benefits_for(pool, *kind), day)
        found += [block for block in here if not block.covered or block.layer not in decided]
        decided |= {block.layer for block in here if block.covered}
    return sorted(found, key=lambda block: (not block.covered, block.order, block.layer))


def ended_blocks(chain: Sequence[Pool], kind: Kind, day: date) -> list[Benefit]:
    """Return the blocks that ended a rule of a kind without a successor and still stand last."""
    ended = []
    for pool in chain:
        begun = [block for block in resolve.benefits_for(pool, *kind) if block.begins <= day]
        for block in begun:
            later = any(other.begins > block.begins and other.key == block.key for other in begun)
            ended += [block] if block.repealed and not later else []
    return ended


def sheet_of(chain: Sequence[Pool], kind: Kind, day: date, say: Words) -> Sheet:
    """Return the sheet of a scheme and care."""
    blocks = blocks_in_force(chain, kind, day)
    if not any(block.levels or facts.named_levels(block) for block in blocks):
        rows = tuple(row for block in blocks for row in _Rows(block, (ANY_LEVEL,), say))
        return Sheet(*kind, (ANY_LEVEL,), rows, ())
    leading = [block for block in blocks if not block.covered or block.base == "in_scope"]
    levels = tuple(level for level in codes.LEVELS if any(_speaks(block, level) for block in leading))
    rows = tuple(row for block in blocks for row in _Rows(block, levels, say))
    return Sheet(*kind, levels, rows, tuple(level for level in codes.LEVELS if level not in levels))


def layer_name(block: Benefit, say: Words) -> str:
    """Return the name of a block's layer and what it works on."""
    if not block.covered:
        return "—"
    return say.noted(say.fund(block.fund) if block.layer == block.fund else block.layer, facts.base_text(block, say))


def _speaks(block: Benefit, level: str) -> bool:
    return block.at_level(level) and (not block.covered or block.says_level(level))


class _Rows:
    """The rows of one block."""

    def __init__(self, block: Benefit, levels: tuple[str, ...], say: Words) -> None:
        self.block, self.levels, self.say = block, levels, say
        parts = facts.who_parts(block.who, say)
        parts += [say("diseases", codes=say.listed(block.diseases))] if block.diseases else []
        parts += [facts.items_text(block.items, say)] if block.items else []
        self.people = say("comma").join(parts) or say("everybody")

    def __iter__(self) -> Iterator[Row]:
        block, say = self.block, self.say
        if not block.covered:
            yield self.row(self.people, say("covered"), lambda level: say("pays_no"))
        elif block.reported:
            yield self.row(self.people, say("reported"), lambda level: say("by_payer"))
        else:
            yield self.row(self.people, self.deductible_head(), self.deductible)
            for people, retired in self.groups():
                for band in range(len(block.bands)):
                    yield self.row(people, self.band_head(band), self.rate(band, retired))
            yield self.row(self.people, self.cap_head(), self.cap)

    def row(self, people: str, what: str, figure: Callable[[str], str]) -> Row:
        """Return a row; a level that the block is not for shows a dash."""
        told = tuple(figure(lv) if lv == ANY_LEVEL or self.block.at_level(lv) else "—" for lv in self.levels)
        return Row(people, what, told, self.block)

    def groups(self) -> list[tuple[str, bool]]:
        """Return the groups of persons whose rates differ inside the block, and whether they are the retired."""
        groups = self.block.who.groups
        if not facts.retired_text(self.block, self.say) or (groups and "retired" not in groups):
            return [(self.people, False)]
        if groups == ("retired",):
            return [(self.people, True)]
        others = self.say.noted(self.say("others"), self.people if groups else "")
        return [(others, False), (self.say("the_retired"), True)]

    def deductible_head(self) -> str:
        """Return how the deductible is charged, without its amount."""
        say, dedc = self.say, self.block.deductible
        if dedc.per in ("none", "left_over"):
            return say("dedc")
        notes = facts.deductible_notes(dedc, say)
        told = [say(f"per_{dedc.per}")]
        told += [f"{say(key)}{say('colon')}{text}" for key, text in notes.items() if text != say("same")]
        return say.noted(say("dedc"), say("semicolon").join(told))

    def deductible(self, level: str) -> str:
        """Return the deductible at a level."""
        dedc = self.block.deductible
        return self.say(dedc.per) if dedc.per in ("none", "left_over") else self.money(dedc.standard_fen, level)

    def band_head(self, band: int) -> str:
        """Return where a band begins, and how its bound counts."""
        say, bands, measure = self.say, self.block.bands, self.block.measure
        if len(bands) == 1:
            return say("rate")
        over = say("rate_over", over=say.money(bands[band].over_fen).removesuffix(".00"))
        return say.noted(over, say(f"measure_{measure.on}_{measure.start}") if band == 0 else "")

    def rate(self, band: int, retired: bool) -> Callable[[str], str]:
        """Return what tells the rate of a band at a level."""

        def at(level: str) -> str:
            if facts.figure(self.block.bands[band].rate_bp, level) is None:
                return self.say("not_said")
            return rate_text(rate_of(self.block, band, level, retired, None))

        return at

    def cap_head(self) -> str:
        """Return what the cap counts over which time."""
        cap = self.block.cap
        how = self.say.listed([self.say(f"per_{cap.per}"), self.say(f"on_{cap.on}")]) if cap else ""
        return self.say.noted(self.say("cap"), how)

    def cap(self, level: str) -> str:
        """Return the cap at a level."""
        return self.money(self.block.cap.amount_fen, level) if self.block.cap else self.say("unlimited")

    def money(self, table: dict[str, int], level: str) -> str:
        """Return an amount at a level in yuan, or that none is said."""
        fen = facts.figure(table, level)
        return self.say("not_said") if fen is None else self.say.money(fen).removesuffix(".00")
