"""TOML → pools. A file with anything wrong is refused alone and completely: every complaint, with line and cure."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from settlement import codes
from settlement.errors import BadRules
from settlement.rules import reading
from settlement.rules.pool import Cite, Pool, Rounding, Source
from settlement.rules.read_benefit import read_benefit, spelt_out
from settlement.rules.read_blocks import (
    read_account,
    read_elsewhere,
    read_filing,
    read_first_pay,
    read_meaning,
    read_standing,
    read_stay,
)
from settlement.rules.reading import Complaint, Lines, Reader, list_of, one_of


class Loaded(NamedTuple):
    """The pools that could be read, by code, and what is wrong with the files that could not."""

    pools: dict[str, Pool]
    complaints: list[Complaint]


def load_folder(folder: Path) -> Loaded:
    """Read every ``*.toml`` of a folder; a bad file is left out, the others load."""
    return load_files(sorted(folder.glob("*.toml")))


def load_files(files: Iterable[Path]) -> Loaded:
    """Read pool files; two files for one area are a complaint about the second."""
    pools: dict[str, Pool] = {}
    complaints: list[Complaint] = []
    for file in files:
        try:
            source = file.read_text(encoding="utf-8-sig")
            table = tomllib.loads(source)
        except UnicodeDecodeError as error:
            complaints.append(Complaint(file.name, 1, "file", f"is not UTF-8 ({error.reason})", "Save it as UTF-8"))
            continue
        except tomllib.TOMLDecodeError as error:
            line = getattr(error, "lineno", 1)
            complaints.append(Complaint(file.name, line, "file", f"is not TOML: {error}", "Mend the syntax"))
            continue
        pool, found = read_pool(table, file.name, source)
        if pool is not None and pool.code in pools:
            found.append(
                Complaint(file.name, 1, "pool.code", f"{pool.code} has a file already", "Keep one file an area")
            )
        complaints += found
        if pool is not None and not found:
            pools[pool.code] = pool
    return Loaded(pools, complaints)


def pools_from_tables(tables: dict[str, dict[str, Any]]) -> dict[str, Pool]:
    """Return pools from parsed TOML tables by name; raises BadRules with every complaint."""
    pools: dict[str, Pool] = {}
    complaints: list[Complaint] = []
    for name, table in tables.items():
        pool, found = read_pool(table, name)
        complaints += found
        if pool is not None:
            pools[pool.code] = pool
    refuse(complaints)
    return pools


def refuse(complaints: list[Complaint]) -> None:
    """Raise BadRules if there is any complaint."""
    if complaints:
        lines = "\n".join(complaint.text() for complaint in complaints)
        raise BadRules("B01_POOL_FILE", f"{len(complaints)} fault(s) in the rule files:\n{lines}")


def read_pool(table: dict[str, Any], file: str, source: str = "") -> tuple[Pool | None, list[Complaint]]:
    """Return the pool that a parsed file describes and all complaints; the pool is None if its head is unreadable."""
    lines = Lines(source)
    content = hashlib.sha256(json.dumps(table, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()
    whole = Reader(table, file, lines, 1, "file")
    head = Reader(whole.take("pool", dict, {}, need=True), file, lines, lines.block("pool", 0), "pool")
    code = head.take("code", _code, "", need=True)
    name = head.take("name", reading.text, "", need=True)
    inherits = head.take("inherits", _code, "")
    year = head.take("benefit_year", _year)
    scheme_years = head.take("scheme_years", _scheme_years, {})
    rounding = _rounding(head)
    refunds = head.take("refunds", one_of(("any_order", "last_first")), "")
    local_places = head.take("local_places", list_of(reading.division), ())
    head.done(whole)
    sources = _sources(whole, file, lines)
    blocks = Blocks(whole, file, lines, sources)
    pool = Pool(
        code, name, inherits, year, rounding, sources,
        benefits=tuple(own for b in blocks.read("benefit", read_benefit) for own in spelt_out(b)),
        elsewheres=blocks.read("elsewhere", read_elsewhere),
        meanings=blocks.read("care", read_meaning("care", "med_type", codes.CARES))
        + blocks.read("level", read_meaning("level", "hosp_lv", codes.LEVELS))
        + blocks.read("group", read_meaning("group", "psn_type", codes.GROUPS)),
        accounts=blocks.read("account", read_account),
        first_pays=blocks.read("first_pay", read_first_pay),
        filings=blocks.read("filing", read_filing),
        waitings=blocks.read("waiting", read_standing("waiting", "wait")),
        suspensions=blocks.read("suspension", read_standing("suspension", "grace")),
        stays=blocks.read("stay", read_stay),
        scheme_years=scheme_years,
        refunds=refunds,
        local_places=local_places,
        file=file,
        content=content,
    )  # fmt: skip
    whole.done()
    return (pool if code else None), whole.complaints


class Blocks:
    """Reads the dated, cited blocks of one file."""

    def __init__(self, whole: Reader, file: str, lines: Lines, sources: dict[str, Source]) -> None:
        self.whole, self.file, self.lines, self.sources = whole, file, lines, sources

    def read(self, kind: str, make: Callable[[Reader, Any, Cite], Any]) -> tuple[Any, ...]:
        """Return every ``[[kind]]`` block as ``make`` builds it; each has ``from``, ``source`` and ``article``."""
        made = []
        for nth, table in enumerate(self.whole.take(kind, _tables, [])):
            reader = Reader(table, self.file, self.lines, self.lines.block(kind, nth), f"{kind}[{nth + 1}]")
            begins = reader.take("from", reading.day, need=True)
            cite = self._cite(reader)
            block = make(reader, begins, cite)
            reader.done(self.whole)
            if begins is not None:
                made.append(block)
        return tuple(made)

    def _cite(self, reader: Reader) -> Cite:
        name = reader.take("source", one_of(tuple(self.sources)), "", need=True)
        article = reader.take("article", reading.text, "", need=True)
        source = self.sources.get(name, Source("", "", "", "", "", "assumed", ""))
        confidence = reader.take("confidence", one_of(codes.CONFIDENCES), source.confidence)
        if codes.CONFIDENCES.index(confidence) < codes.CONFIDENCES.index(source.confidence):
            reader.complain(
                "confidence", f"{confidence!r} is more than the source's {source.confidence!r}",
                "A block may only trust its source less; raise the source's own confidence if it deserves it",
            )  # fmt: skip
        note = reader.take("note", reading.text, "")
        return Cite(source, article, confidence, note, self.file, reader.line)


def _sources(whole: Reader, file: str, lines: Lines) -> dict[str, Source]:
    sources = {}
    for name, table in whole.take("source", dict, {}).items():
        reader = Reader(table, file, lines, lines.block(f"source.{name}", 0), f"source.{name}")
        sources[name] = Source(
            name,
            reader.take("title", reading.text, "", need=True),
            reader.take("number", reading.text, ""),
            str(reader.take("issued", reading.day, "")),
            reader.take("url", reading.text, ""),
            reader.take("confidence", one_of(codes.CONFIDENCES), "assumed", need=True),
            reader.take("note", reading.text, ""),
        )
        reader.done(whole)
    return sources


def _rounding(head: Reader) -> Rounding | None:
    table = head.take("rounding", dict)
    if table is None:
        return None
    reader = head.inner("rounding", table)
    at = reader.take("at", one_of(("claim", "line")), "claim", need=True)
    rounds = reader.take("rounds", one_of(("in_scope", "first_pay")), "in_scope", need=True)
    reader.done(head)
    return Rounding(at, rounds)


def _tables(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise reading.Unreadable("is one table", "Write it with double brackets, for example [[benefit]]")
    return value


def _code(value: Any) -> str:
    if not isinstance(value, str) or not codes.is_division(value):
        raise reading.Unreadable(f"{value!r} is not a division code", "Write six digits in quotes")
    return value


def _scheme_years(value: Any) -> dict[str, tuple[int, int]]:
    if not isinstance(value, dict):
        raise reading.Unreadable(f"{value!r} is not a table", 'Write { employee = "07-01" }')
    return {reading.text(scheme): _year(begins) for scheme, begins in value.items()}


def _year(value: Any) -> tuple[int, int]:
    if value == "calendar":
        return 1, 1
    month, _, day = str(value).partition("-")
    if not (month.isdigit() and day.isdigit() and 1 <= int(month) <= 12 and 1 <= int(day) <= 28):
        raise reading.Unreadable(f"{value!r} is not a year", 'Write "calendar", or month and day such as "07-01"')
    return int(month), int(day)
