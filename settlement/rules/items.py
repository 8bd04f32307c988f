"""Fee lines to parts: what each program makes of each kind of line (docs/calculation.md §1 and §2).

A *kind* is what rules may ask about a line (``Kind``), numbered as lines come up; a *kind map* is what one program makes of every
kind: the part it belongs to (0 the main one) and a first-pay ratio of the insured area's own (-1 none).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from settlement.rules.pool import Benefit, FirstPay, Pool
from settlement.rules.resolve import overlap
from settlement.rules.selectors import Items, Kind

SECOND_CLASS = 2  # 乙


def parts_of(layers: Sequence[Benefit]) -> tuple[Items, ...]:
    """Return the selectors of a program's parts 1, 2, …, in the order in which they take lines: one a layer with items."""
    return tuple(block.items for block in layers if block.items)


class Asked:
    """What any rule asks at all: kinds of rules that are there, and beginnings of codes, longest first.

    A longer code is cut to the longest beginning that it has.
    """

    def __init__(self, pools: Iterable[Pool]) -> None:
        pools = tuple(pools)
        items = [b.items for p in pools for b in p.benefits if b.items] + [f.items for p in pools for f in p.first_pays]
        self.lines = bool(items)
        self.stays = any(stay.by_days for p in pools for stay in p.stays)
        self.types = _longest_first(i.types for i in items)
        self.codes = _longest_first(i.codes for i in items)
        self.line_diseases = _longest_first(i.diseases for i in items)
        self.any_disease = any(i.any_disease for i in items)
        self.diseases = _longest_first(b.diseases for p in pools for b in p.benefits)
        self.places = _longest_first(e.places for p in pools for e in p.elsewheres)
        self.psn_types = _longest_first(b.who.psn_types for p in pools for b in p.benefits)

    def kind(self, lv: int, med_type: str, negotiated: bool, code: str, disease: str, stated: bool) -> Kind:
        """Return the kind of a line; what no rule asks about is left out, so that few kinds differ."""
        if not self.lines:
            return Kind(lv, stated=stated)
        kept = cut(disease, self.line_diseases) or ("*" if self.any_disease and disease else "")
        return Kind(lv, cut(med_type, self.types), negotiated, cut(code, self.codes), kept, stated)


def cut(code: str, beginnings: tuple[str, ...]) -> str:
    """Return the longest of the beginnings that a code has, "" for none; ``beginnings`` stand longest first."""
    return next((beginning for beginning in beginnings if code.startswith(beginning)), "")


def _longest_first(groups: Iterable[tuple[str, ...] | None]) -> tuple[str, ...]:
    return tuple(sorted({code for group in groups for code in group or ()}, key=lambda code: (-len(code), code)))


class KindMaps:
    """Numbers kinds and maps, and makes the kernel's table of them."""

    def __init__(self) -> None:
        self.kinds: dict[Kind, int] = {}
        self._maps: dict[tuple[tuple[Items, ...], tuple[tuple[FirstPay, ...], ...]], int] = {}

    def number(self, kind: Kind) -> int:
        """Return a kind's number."""
        return self.kinds.setdefault(kind, len(self.kinds))

    def row(self, parts: tuple[Items, ...], first_pays: tuple[tuple[FirstPay, ...], ...]) -> int:
        """Return the number of a map, -1 for a program that makes nothing of its own of any line."""
        if not parts and not first_pays:
            return -1
        return self._maps.setdefault((parts, first_pays), len(self._maps))

    @property
    def size(self) -> tuple[int, int]:
        """Return how many maps and kinds there are."""
        return len(self._maps), len(self.kinds)

    def first_pay_of(self, row: int, number: int) -> FirstPay | None:
        """Return what ``first_pay`` says for the kind of a number."""
        return self.first_pay(row, list(self.kinds)[number])

    def first_pay(self, row: int, kind: Kind) -> FirstPay | None:
        """Return the rule whose ratio a line of a kind takes under a map, None for none."""
        if row < 0 or kind.chrgitm_lv != SECOND_CLASS or kind.stated:
            return None
        _, areas = list(self._maps)[row]
        for area in areas:
            matching = [rule for rule in area if rule.items.accepts(kind)]
            if len(matching) > 1:
                raise overlap(matching[0], matching[1])
            if matching:
                return matching[0]
        return None

    def table(self) -> np.ndarray:
        """Return int64[map, kind, 2]: part, and first-pay ratio in basis points or -1."""
        maps, kinds = self.size
        made = np.zeros((max(1, maps), max(1, kinds), 2), np.int64)
        made[:, :, 1] = -1
        for (parts, _), row in self._maps.items():
            for kind, column in self.kinds.items():
                part = next((at for at, items in enumerate(parts, 1) if items.accepts(kind)), 0)
                rule = self.first_pay(row, kind)
                made[row, column] = part, -1 if rule is None else rule.ratio_bp
        return made
