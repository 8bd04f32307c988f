"""Drafts: claims as they came in, as columns. Made from JSON objects or from an Arrow table; faults become refusals."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from settlement.errors import BadInput, Refusal
from settlement.intake.columns import (
    Fault,
    Numbers,
    Raw,
    Texts,
    days,
    decimals,
    encode,
    encode_arrow,
    nobody_filled_in,
    numbers,
    texts,
)
from settlement.intake.strict_json import read_strictly
from settlement.schema import CLAIM_FIELDS, LINE_FIELDS, Field

CLAIM_NAMES = {field.name for field in CLAIM_FIELDS}
LINE_NAMES = {field.name for field in LINE_FIELDS}
# Ids are many and only compared: their distinct values are not looked at one by one.
IDS = {"medins_setl_id", "psn_no", "feedetl_sn"}
SIMILAR = 0.8  # a field this like a known one is taken for a slip, not for a field of somebody else's


class Entry(NamedTuple):
    """One cell of a claim's small tables (``year_so_far``, ``reported_pay``)."""

    claim: int
    name: str
    value: Any


class Drafts(NamedTuple):
    """Claims as they came in: columns by field name, lines of claim i at ``line_start[i]:line_start[i + 1]``."""

    size: int
    text: dict[str, Texts]
    number: dict[str, Numbers]
    line_start: np.ndarray
    line_text: dict[str, Texts]
    line_number: dict[str, Numbers]
    year_so_far: list[Entry]
    reported_pay: list[Entry]
    refusals: list[Refusal]

    def claim_id(self, claim: int) -> str:
        """Return the claim's own id, or its place in the file."""
        return self.text["medins_setl_id"].at(claim) or f"#{claim + 1}"

    def claim_of_lines(self) -> np.ndarray:
        """Return for each line the claim it belongs to, int64."""
        return np.repeat(np.arange(self.size), np.diff(self.line_start))


class _Collector:
    """Turns columns into drafts, noting which claim each fault belongs to."""

    def __init__(self, count: int, line_start: np.ndarray) -> None:
        self.count, self.line_start = count, line_start
        self.faults: list[tuple[int, str, str, str]] = []

    def column(self, field: Field, raw: Raw | pa.Array, of_lines: bool) -> Texts | Numbers:
        """Return a parsed column of claims or lines."""
        faults: list[Fault]
        made: Texts | Numbers
        if isinstance(raw, pa.Array):
            exact = None if field.kind == "text" else decimals(raw, field.kind)
            direct = days(raw) if field.kind == "day" else None
            if exact is not None:
                made, faults = exact
                self.note(field.name, faults, of_lines)
                return made
            if direct is not None:
                made, faults = direct
                self.note(field.name, faults, of_lines)
                return made
            raw = encode_arrow(raw)
        made, faults = texts(raw, field.name in IDS) if field.kind == "text" else numbers(raw, field.kind)
        self.note(field.name, faults, of_lines)
        return made

    def note(self, name: str, faults: list[Fault], of_lines: bool) -> None:
        """Attach faults to their claims."""
        for rows, code, found in faults:
            for row in rows.tolist():
                claim = int(np.searchsorted(self.line_start, row, side="right")) - 1 if of_lines else row
                where = f"feedetail[{row - int(self.line_start[claim])}].{name}" if of_lines else name
                self.faults.append((claim, code, where, found))

    def drafts(self, claims: dict[str, Any], lines: dict[str, Any], small: dict[str, list[Entry]]) -> Drafts:
        """Return the drafts from raw columns (missing ones are absent)."""
        size = int(self.line_start[-1])
        nothing, no_lines = nobody_filled_in(self.count), nobody_filled_in(size)
        made = {
            f.name: self.column(f, claims[f.name], False) if f.name in claims else nothing[f.kind == "text"]
            for f in CLAIM_FIELDS
            if f.kind != "table"
        }
        made_lines = {
            f.name: self.column(f, lines[f.name], True) if f.name in lines else no_lines[f.kind == "text"]
            for f in LINE_FIELDS
        }
        drafts = Drafts(
            self.count,
            {name: column for name, column in made.items() if isinstance(column, Texts)},
            {name: column for name, column in made.items() if isinstance(column, Numbers)},
            self.line_start,
            {name: column for name, column in made_lines.items() if isinstance(column, Texts)},
            {name: column for name, column in made_lines.items() if isinstance(column, Numbers)},
            small["year_so_far"], small["reported_pay"], [],
        )  # fmt: skip
        drafts.refusals.extend(
            Refusal(c, drafts.claim_id(c), code, where, found) for c, code, where, found in self.faults
        )
        return drafts


def from_dicts(claims: Sequence[Any]) -> Drafts:
    """Return drafts from JSON objects with the national field names; amounts are decimal text or Decimal, never float."""
    faults: list[tuple[int, str, str, str]] = []
    whole: list[dict[str, Any]] = []
    line_lists: list[list[dict[str, Any]]] = []
    small: dict[str, list[Entry]] = {"year_so_far": [], "reported_pay": []}
    for at, claim in enumerate(claims):
        if not isinstance(claim, dict):
            faults.append((at, "C15_NOT_AN_OBJECT", "", repr(claim)[:80]))
            claim = {}  # noqa: PLW2901
        whole.append(claim)
        line_lists.append(_lines_of(claim, at, faults))
        for name, entries in small.items():
            entries.extend(_entries(claim.get(name), at, name, faults))
        faults += [(at, "C14_UNKNOWN_FIELD", name, hint) for name, hint in slips(claim, CLAIM_NAMES)]
    starts = np.concatenate([[0], np.cumsum([len(lines) for lines in line_lists])]).astype(np.int64)
    collector = _Collector(len(whole), starts)
    collector.faults = faults
    flat = [line for lines in line_lists for line in lines]
    tables = {f.name for f in CLAIM_FIELDS if f.kind == "table"}
    return collector.drafts(_columns(whole, CLAIM_NAMES - tables), _columns(flat, LINE_NAMES), small)


def _columns(rows: list[dict[str, Any]], known: set[str]) -> dict[str, Raw]:
    """Return the known fields that any row has."""
    used = known & set().union(*rows)
    return {name: encode(_cells(rows, name)) for name in used}


def _cells(rows: list[dict[str, Any]], name: str) -> list[Any]:
    try:
        return list(map(itemgetter(name), rows))
    except KeyError:  # not every row has it
        return [row.get(name) for row in rows]


def _lines_of(claim: dict[str, Any], at: int, faults: list[tuple[int, str, str, str]]) -> list[dict[str, Any]]:
    lines = claim.get("feedetail")
    if lines is None:
        return []
    if not isinstance(lines, list) or not all([isinstance(line, dict) for line in lines]):
        faults.append((at, "C15_NOT_AN_OBJECT", "feedetail", "is not a list of objects"))
        return []
    if LINE_NAMES.issuperset(set().union(*lines)):
        return lines
    for number, line in enumerate(lines):
        faults += [
            (at, "C14_UNKNOWN_FIELD", f"feedetail[{number}].{name}", hint) for name, hint in slips(line, LINE_NAMES)
        ]
    return lines


def slips(table: dict[str, Any], known: set[str]) -> list[tuple[str, str]]:
    """Return the unknown fields that look like a misspelt known one; other unknown fields pass through."""
    if known.issuperset(table):
        return []
    found = []
    for name in table.keys() - known:
        near = difflib.get_close_matches(str(name), known, 1, SIMILAR)
        if near and near[0] not in table:
            found.append((str(name), f"is {near[0]} meant?"))
    return found


def _entries(table: Any, at: int, name: str, faults: list[tuple[int, str, str, str]]) -> list[Entry]:
    if isinstance(table, str) and table.strip():
        try:
            table = read_strictly(table, name)
        except BadInput as error:
            faults.append((at, "C15_NOT_AN_OBJECT", name, error.found))
            return []
    if table is None or table in ("", {}):
        return []
    if isinstance(table, list) and all(isinstance(p, tuple) and len(p) == 2 and isinstance(p[0], str) for p in table):
        table = dict(table)  # an Arrow map
    if not isinstance(table, dict):
        faults.append((at, "C15_NOT_AN_OBJECT", name, f"{repr(table)[:80]} is not a table of names and amounts"))
        return []
    return [Entry(at, str(key), value) for key, value in table.items() if value is not None]


def from_arrow(table: pa.Table) -> Drafts:
    """Return drafts from a table with one row a claim and a ``feedetail`` list column.

    Raises BadInput F04 for floating-point columns: an amount that went through binary fractions is not exact any more.
    """
    columns = {name: table.column(name).combine_chunks() for name in table.column_names}
    details = columns.pop("feedetail")
    if isinstance(details, pa.ChunkedArray):
        details = pa.concat_arrays(details.chunks) if details.num_chunks else details.combine_chunks()
    if pa.types.is_large_list(details.type):
        details = details.cast(pa.list_(details.type.value_type))
    if not pa.types.is_list(details.type) or not pa.types.is_struct(details.type.value_type):
        raise BadInput(
            "F03_NO_LINES",
            "the column feedetail is not a list of structs",
            cure="See docs/claim-format.md",
            zh="列 feedetail 不是明细列表",
        )
    offsets = details.offsets.to_numpy().astype(np.int64)
    flat = details.flatten()
    lines = {flat.type.field(k).name: flat.field(k) for k in range(flat.type.num_fields)}
    for name, column in (*columns.items(), *lines.items()):
        if pa.types.is_floating(column.type) and name in CLAIM_NAMES | LINE_NAMES:
            raise BadInput(
                "F04_FLOAT", f"the column {name} holds binary floating-point numbers", "an amount in them is no longer exact",
                "Write it as decimal(16,2), as text, or as whole yuan", zh=f"列 {name} 为浮点数，金额不精确，请改用定点小数或文本",
            )  # fmt: skip
    faults: list[tuple[int, str, str, str]] = []
    small: dict[str, list[Entry]] = {}
    for name in ("year_so_far", "reported_pay"):
        values = columns.pop(name).to_pylist() if name in columns else []
        small[name] = [entry for at, value in enumerate(values) for entry in _entries(value, at, name, faults)]
    collector = _Collector(table.num_rows, offsets - offsets[0])
    collector.faults = faults
    slip = slips(dict.fromkeys(columns), CLAIM_NAMES - {"feedetail"}) + slips(dict.fromkeys(lines), LINE_NAMES)
    if slip:
        name, hint = slip[0]
        raise BadInput("F05_COLUMN", f"the column {name} is not known: {hint}", cure="Rename it, or drop it")
    return collector.drafts(columns, lines, small)
