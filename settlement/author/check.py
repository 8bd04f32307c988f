"""Everything wrong with pool and case files at once: form, and what cannot be computed, each with file, line and cure.

A file that is named alone is read beside the others of its folder, so that it finds the areas it inherits from; told are
only faults that a named file has a part in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from settlement import codes
from settlement.author.cases import SHIPPED, Case, load_cases
from settlement.errors import BadInput, BadRules
from settlement.rules.catalogue import load_catalogue
from settlement.rules.check import faults as faults_of
from settlement.rules.load import load_files
from settlement.rules.pool import Pool
from settlement.rules.reading import Complaint
from settlement.rules.resolve import chain_of
from settlement.rules.rulebook import POOLS

_PLACE = re.compile(r"([^\s:]+\.(?:toml|csv)):(\d+)")
_AT_LINE = re.compile(r"\(at line (\d+)")


class Fault(NamedTuple):
    """One thing wrong: where, what was found, what would be right; ``code`` for what cannot be computed."""

    file: str
    line: int
    key: str
    found: str
    cure: str
    code: str = ""

    def text(self) -> str:
        """Return the fault as one line."""
        mark = f" [{self.code}]" if self.code else ""
        return f"{self.file}:{self.line}: {self.key}:{mark} {self.found}. {self.cure}"


class Checked(NamedTuple):
    """What was looked at and what is wrong with it."""

    areas: int
    cases: int
    faults: list[Fault]


class _Read(NamedTuple):
    pools: dict[str, Pool]
    where: dict[str, Path]  # the file of each
    own: set[str]  # those of named files
    faults: list[Fault]


class _Given(NamedTuple):
    pools: list[Path]
    cases: list[Path]
    catalogues: list[Path]


def check_files(paths: Iterable[Path] = ()) -> Checked:
    """Check folders and files, all of them to the end; without any, the shipped pools and cases.

    Raises BadInput F02 for a path that is not there.
    """
    given = _given(list(paths) or [POOLS, SHIPPED])
    read = _read(given)
    found = [*read.faults, *_of_computation(read), *_of_catalogues(given.catalogues)]
    cases = load_cases(given.cases)
    found += [_fault(complaint, Path(complaint.file)) for complaint in cases.complaints]
    covered = {*read.pools, *(file.name[:6] for file in given.pools)}  # a faulty file has told its own faults
    found += [fault for case in cases.cases for fault in _homeless(case, covered)]
    order = {str(file): number for number, file in enumerate((*given.pools, *given.cases))}
    found.sort(key=lambda fault: (order.get(fault.file, len(order)), fault.line))
    return Checked(len(read.own), len(cases.cases), found)


def _read(given: _Given) -> _Read:
    """Read the named pool files, and beside them the shipped ones and the others of their folders."""
    named = {file.resolve() for file in given.pools}
    homes = dict.fromkeys([POOLS, *(_home(file) for file in (*given.pools, *given.cases))])
    beside = [file for home in homes for file in sorted(home.glob("*.toml")) if file.resolve() not in named]
    read = _Read({}, {}, set(), [])
    for file in beside:
        for code, pool in load_files([file]).pools.items():
            read.pools[code], read.where[code] = pool, file
    for file in given.pools:
        loaded = load_files([file])
        read.faults.extend(_fault(complaint, file) for complaint in loaded.complaints)
        for code, pool in loaded.pools.items():
            if code in read.own or (code in read.where and read.where[code].resolve().parent == file.resolve().parent):
                there = f"{code} has a file already ({read.where[code]})"
                line = pool.where.get("pool.code", 1)
                read.faults.append(Fault(str(file), line, "pool.code", there, "Keep one file an area"))
                continue
            read.own.add(code)
            read.pools[code], read.where[code] = pool, file
    return read


def quoted(fault: Fault) -> str:
    """Return the line of the file that a fault points at, '' if there is none to show."""
    lines = _lines(Path(fault.file))
    return lines[fault.line - 1].strip() if 0 < fault.line <= len(lines) else ""


def _given(paths: list[Path]) -> _Given:
    made = _Given([], [], [])
    for path in paths:
        if not path.exists():
            raise BadInput("F02_NO_FILE", f"{path} is not there", cure="Check the path", zh=f"找不到 {path}")
        found = (
            [*path.glob("*.toml"), *(path / "cases").glob("*.toml"), *path.glob("*.csv")] if path.is_dir() else [path]
        )
        for file in sorted(found):
            kind = made.catalogues if file.suffix == ".csv" else made.cases if _holds_cases(file) else made.pools
            kind.append(file)
    return made


def _holds_cases(file: Path) -> bool:
    return file.resolve().parent.name == "cases"


def _home(file: Path) -> Path:
    return file.parent.parent if _holds_cases(file) else file.parent


def _fault(complaint: Complaint, file: Path) -> Fault:
    line = complaint.line
    if complaint.key == "file" and "(at " in complaint.found:  # where the TOML reader stopped
        at = _AT_LINE.search(complaint.found)
        line = int(at[1]) if at else len(_lines(file))
    return Fault(str(file), line, complaint.key, complaint.found, complaint.cure)


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError):
        return []


def _of_computation(read: _Read) -> Iterator[Fault]:
    told: set[Fault] = set()
    files = {pool.file: read.where[code] for code, pool in read.pools.items()}
    for code in sorted(read.pools):
        for error in faults_of(read.pools, code) if read.own & _codes_of(read.pools, code) else ():
            file = files.get(error.file, Path(error.file))
            cure = _parent(error, file) if error.code == "B02_INHERITS" else error.cure
            fault = Fault(str(file), error.line, error.key, error.said, cure, error.code)
            if fault not in told:
                told.add(fault)
                yield fault


def _codes_of(pools: dict[str, Pool], code: str) -> set[str]:
    try:
        return {pool.code for pool in chain_of(pools, code)}
    except BadRules:
        return {code}


def _parent(error: BadRules, file: Path) -> str:
    """Return what to do about a file above that is not there: perhaps it is, but has faults of its own."""
    code = re.search(r"inherits (\d{6})", error.found)
    there = next(file.parent.glob(f"{code[1]}_*.toml"), None) if code else None
    return f"{there.name} has faults of its own: mend them first" if there else error.cure or "Mend the file"


def _of_catalogues(files: list[Path]) -> Iterator[Fault]:
    for folder in dict.fromkeys(file.parent for file in files):
        try:
            load_catalogue(folder)
        except BadRules as error:
            at = _PLACE.search(error.found)
            file, line = (folder / at[1], int(at[2])) if at else (folder, 1)
            yield Fault(str(file), line, "row", error.found, error.cure or "Mend this row", error.code)


def _homeless(case: Case, covered: set[str]) -> Iterator[Fault]:
    """A case of an area that no file covers would never be run."""
    if case.area and not case.refused and not any(near in covered for near in codes.area_chain(case.area)):
        cure = "Check insuplc_admdvs, or put the pool file into the folder above"
        yield Fault(case.file, case.line, "case.claim.insuplc_admdvs", f"no pool file covers {case.area}", cure)
