"""TOML → pools. A file with anything wrong is refused alone and completely: every complaint, with line and cure."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from settlement import codes
from settlement.errors import BadRules
from settlement.rules import reading, syntax, values
from settlement.rules.meant import shown
from settlement.rules.pool import Cite, Pool, Source
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
from settlement.rules.read_head import read_head, read_sources
from settlement.rules.reading import Complaint, Lines, Reader, one_of

_NAMED = re.compile(r"([0-9]{6})(?![0-9])")


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
        pool, found = _read_file(file)
        if pool is not None and not found:
            found = _misplaced(pool, pools)
        complaints += found
        if pool is not None and not found:
            pools[pool.code] = pool
    return Loaded(pools, complaints)


def _read_file(file: Path) -> tuple[Pool | None, list[Complaint]]:
    """Return the pool of one file, or everything that is wrong with it, whatever the file is."""
    source = ""
    try:
        content = file.read_bytes()
        source = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
        table = tomllib.loads(source)
        _digest(table)  # it can be written down again
    except OSError as error:
        line, found, cure = 1, f"cannot be read ({error.strerror})", "Check that it is a file and may be read"
    except UnicodeDecodeError as error:
        line, found, cure = 1 + content[: error.start].count(b"\n"), *_not_utf8(content, error)
    except tomllib.TOMLDecodeError as error:
        line, found = syntax.line_of(str(error), source), f"is not TOML: {error}"
        cure = syntax.cure(str(error), source.split("\n")[line - 1])
    except RecursionError:
        line = _thickest(source, r"[\[{]")
        found, cure = "has lists or tables nested too deeply", "No table here has more than four inside one another"
    except ValueError:
        line, found, cure = _thickest(source, r"[0-9a-fA-F]"), "has a number of thousands of digits", "Check the digits"
    else:
        return read_pool(table, file.name, source)
    return None, [Complaint(file.name, line, "file", found, cure)]


def _digest(table: dict[str, Any]) -> str:
    """Return what tells two contents apart, whatever their layout."""
    return hashlib.sha256(json.dumps(table, sort_keys=True, default=str, ensure_ascii=False).encode()).hexdigest()


def _thickest(source: str, pattern: str) -> int:
    """Return the line, from 1, on which most of a pattern stands."""
    counts = [len(re.findall(pattern, line)) for line in source.split("\n")]
    return counts.index(max(counts)) + 1


def _not_utf8(content: bytes, error: UnicodeDecodeError) -> tuple[str, str]:
    cure = "Save it as UTF-8, not as ANSI or GBK"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "is UTF-16, not UTF-8", 'Save it as UTF-8, not as "Unicode"'
    return f"is not UTF-8 ({error.reason})", cure


def _misplaced(pool: Pool, others: dict[str, Pool]) -> list[Complaint]:
    """Complain about a code that another file has, or that is not the one in the file's own name."""
    line = pool.where.get("pool.code", 1)
    named = _NAMED.match(pool.file)
    if named and named[1] != pool.code:
        found, cure = (
            f"{pool.code} is not the code of the file's name",
            f'Write code = "{named[1]}", or rename the file',
        )
        return [Complaint(pool.file, line, "pool.code", found, cure)]
    if pool.code in others:
        found = f"{pool.code} has a file already ({others[pool.code].file})"
        return [Complaint(pool.file, line, "pool.code", found, "Keep one file an area")]
    return []


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
    whole = Reader(table, file, lines, 1, "file")
    head = read_head(whole)
    sources = read_sources(whole)
    blocks = Blocks(whole, sources)
    pool = Pool(
        **head,
        sources=sources,
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
        file=file,
        content=_digest(table),
        where=lines.where,
    )  # fmt: skip
    whole.done()
    return (pool if pool.code else None), sorted(whole.complaints, key=lambda complaint: complaint.line)


class Blocks:
    """Reads the dated, cited blocks of one file."""

    def __init__(self, whole: Reader, sources: dict[str, Source]) -> None:
        self.whole, self.file, self.lines, self.sources = whole, whole.file, whole.lines, sources

    def read(self, kind: str, make: Callable[[Reader, Any, Cite], Any]) -> tuple[Any, ...]:
        """Return every ``[[kind]]`` block as ``make`` builds it; each has ``from``, ``source`` and ``article``."""
        made = []
        for nth, table in enumerate(self.whole.take(kind, _tables, [])):
            reader = Reader(table, self.file, self.lines, self.lines.block(kind, nth), f"{kind}[{nth + 1}]")
            begins = reader.take("from", values.day, need=True)
            cite = self._cite(reader)
            block = make(reader, begins, cite)
            reader.done(self.whole)
            if begins is not None:
                made.append(block)
        return tuple(made)

    def _cite(self, reader: Reader) -> Cite:
        name = reader.take("source", self._source, "", need=True)
        article = reader.take("article", reading.text, "", need=True)
        source = self.sources.get(name, Source("", "", "", "", "", codes.CONFIDENCES[0], ""))
        confidence = reader.take("confidence", one_of(codes.CONFIDENCES, codes.CONFIDENCE_ZH), source.confidence)
        if codes.CONFIDENCES.index(confidence) < codes.CONFIDENCES.index(source.confidence):
            reader.complain(
                "confidence", f"{confidence!r} is more than the source's {source.confidence!r}",
                "A block may only trust its source less; raise the source's own confidence if it deserves it",
            )  # fmt: skip
        note = reader.take("note", reading.text, "")
        if not self.sources and self.whole.sure("source"):
            self.whole.lack("source")
        return Cite(source, article, confidence, note, self.file, reader.line)

    def _source(self, value: Any) -> str:
        return one_of(tuple(self.sources))(value) if self.sources else reading.text(value)


def _tables(value: Any) -> list[Any]:
    if not isinstance(value, list):
        found = "is one table" if isinstance(value, dict) else f"{shown(value)} is not a list of tables"
        raise reading.Unreadable(found, "Write it with double brackets, for example [[benefit]]")
    return value
