"""``settlement rules …``: the rule author's bench. Commands read their words and print; the work is in ``author``."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from settlement import codes
from settlement.author.case_run import Outcome, run_cases
from settlement.author.case_text import print_outcomes
from settlement.author.cases import case_files, load_cases
from settlement.author.check import check_files, quoted
from settlement.author.json_schema import pool_schema
from settlement.author.show import show_area
from settlement.author.skeleton import write_new
from settlement.author.why import Situation, why
from settlement.author.why_text import print_why
from settlement.errors import BadInput
from settlement.rules import resolve
from settlement.rules.resolve import Claim
from settlement.rules.rulebook import POOLS, Rulebook, open_rulebook
from settlement.rules.selectors import Person

rules_app = App(name="rules", help="Look at the rules, write, check and try them.")

Lang = Literal["zh", "en"]
HERE = Path(".")


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 180, highlight=False)


def _open(area: str, pools: Path | None) -> tuple[Rulebook, str]:
    """Return the rulebook and the code of the pool that insures an area; raises BadInput P01."""
    opened = open_rulebook(pools, strict=False)
    for complaint in opened.loaded.complaints:
        print(f"rule file left out: {complaint.text()}", file=sys.stderr)
    code = opened.book.area(area)
    if code is None:
        raise BadInput(
            "P01_UNKNOWN_AREA", f"no rules for {area}", cure="See `settlement rules list`", zh=f"没有 {area} 的规则"
        )
    return opened.book, code


@rules_app.command(name="list")
def list_areas(*, pools: Path | None = None) -> int:
    """List the areas with rules: code, name, what each covers, and its weakest confidence.

    Parameters
    ----------
    pools
        A folder of pool files to add.
    """
    book = open_rulebook(pools, strict=False).book
    table = Table()
    for head in ("区划 code", "名称 name", "上级 inherits", "险种/医疗类别 covers", "规则自 from", "可信度 confidence"):
        table.add_column(head)
    for pool in sorted(book.pools.values()):
        covers = sorted({f"{s}/{c}" for block in pool.benefits for s in block.schemes for c in block.cares})
        ruling = [blocks for blocks in resolve.dated_blocks(pool) if blocks is not pool.meanings]
        days = [block.begins for block in pool.benefits] + [block.begins for block in pool.elsewheres]
        marks = {block.cite.confidence for blocks in ruling for block in blocks}
        table.add_row(
            pool.code, pool.name, pool.inherits or "—", ", ".join(covers) or "—", str(min(days, default="—")),
            " ".join(mark for mark in codes.CONFIDENCES if mark in marks) or "—",
        )  # fmt: skip
    _console().print(table)
    return 0


@rules_app.command
def new(code: str, name: str, *, from_: Annotated[str, Parameter(name="--from")], to: Path = HERE) -> int:
    """Begin the two files of a new area: another area's figures, each key explained, everything marked to be checked.

    Parameters
    ----------
    code
        Six-digit division code of the new area.
    name
        Its name; it becomes part of the file names.
    from_
        Code of the area whose blocks are carried over.
    to
        The folder for the files; nothing there is overwritten.
    """
    written = write_new(code, name, from_, to)
    print(written.pool)
    print(written.cases)
    for pool in written.left_above:
        print(
            f"样本还从 {pool.code} {pool.name}（{pool.file}）继承规则，新的统筹区不继承它；需要的条目请从那里抄来。",
            file=sys.stderr,
        )
    return 0


@rules_app.command
def check(*paths: Path, format: Literal["text", "json"] = "text") -> int:
    """Check pool and case files: each fault with file, line, key, what was found and what would be right.

    Parameters
    ----------
    paths
        Folders (with their cases/) or .toml files; left out: the shipped ones. They are checked together with the shipped
        pools they inherit from.
    format
        text, or json for programs: a list of {file, line, key, found, cure, code?}.
    """
    checked = check_files(paths)
    if format == "json":
        told = [{name: said for name, said in fault._asdict().items() if said != ""} for fault in checked.faults]
        print(json.dumps(told, ensure_ascii=False, indent=1))
        return int(bool(checked.faults))
    for fault, following in zip_longest(checked.faults, checked.faults[1:]):
        print(fault.text())
        if following is None or following[:2] != fault[:2]:  # the line itself stands below all that is said of it
            print(f"    {quoted(fault)}")
    print(f"{checked.areas} areas and {checked.cases} cases readable, {len(checked.faults)} fault(s)")
    return int(bool(checked.faults))


@rules_app.command
def schema() -> int:
    """Print the JSON Schema of a pool file, for editors that check TOML while it is typed."""
    print(json.dumps(pool_schema(), ensure_ascii=False, indent=1))
    return 0


@rules_app.command
def show(area: str, *, on: date | None = None, pools: Path | None = None, lang: Lang = "zh") -> int:
    """Print what is in force in an area on a day as tables, with source and confidence of every rule.

    Parameters
    ----------
    area
        Six-digit division code of the insured area.
    on
        The day, YYYY-MM-DD; left out: today.
    pools
        A folder of pool files to add.
    lang
        zh or en.
    """
    book, code = _open(area, pools)
    show_area(_console(), book, code, on or date.today(), lang)
    return 0


@dataclass(frozen=True)
class Asked:
    """What ``why`` is asked about.

    Attributes
    ----------
    scheme
        employee, resident, or an insutype code.
    care
        inpatient, outpatient, emergency, chronic, pharmacy …
    level
        Hospital level: community, 1, 2, 3, provincial, ungraded.
    group
        working, retired, cadre, minor, adult, elderly; left out: working for employees, adult for others.
    age
        In whole years.
    psn_type
        The person's code, where a rule asks for it.
    disease
        The claim's dise_codg.
    where
        local, in_province, cross_province; left out: as place says, else local, or cross_province with a filing.
    place
        Division code of the place of treatment, where a rule names places.
    filing
        resident_there, referred, emergency, unfiled; left out elsewhere: unfiled.
    filed
        When the filing was made: before_admission, before_discharge, after_discharge, unknown.
    emergency
        The claim carries the emergency flag.
    civil_servant
        A civil servant.
    assistance
        Entitled to medical assistance.
    family_doctor
        Has signed with a family doctor.
    """

    scheme: str
    care: Literal[codes.CARES]  # type: ignore[valid-type]
    level: Literal[codes.LEVELS]  # type: ignore[valid-type]
    group: Literal[codes.GROUPS] | None = None  # type: ignore[valid-type]
    age: int = -1
    psn_type: str = ""
    disease: str = ""
    where: Literal[codes.RELATIONS] | None = None  # type: ignore[valid-type]
    place: str = ""
    filing: Literal[codes.FILINGS] | None = None  # type: ignore[valid-type]
    filed: Literal[codes.FILED] = "unknown"  # type: ignore[valid-type]
    emergency: bool = False
    civil_servant: bool = False
    assistance: bool = False
    family_doctor: bool = False

    def situation(self, book: Rulebook, pool: str, area: str, day: date) -> Situation:
        """Return the question in the words of the rules, for a person insured in an area of a pool."""
        scheme = codes.scheme_of(self.scheme)
        group = self.group or ("working" if scheme == "employee" else "adult")
        lies = book.relation(pool, area, self.place) if self.place else "cross_province" if self.filing else "local"
        where = self.where or lies
        filing = (self.filing or "unfiled") if where != "local" else ""
        person = Person(group, self.age, self.civil_servant, self.assistance, self.family_doctor, self.psn_type)
        claim = Claim(scheme, self.care, self.level, person, where, filing, place=self.place, disease=self.disease)
        return Situation(claim, day, self.emergency, self.filed)


@rules_app.command(name="why")
def tell_why(
    area: str, asked: Annotated[Asked, Parameter(name="*")], *, on: date | None = None, pools: Path | None = None,
    lang: Lang = "zh",
) -> int:  # fmt: skip
    """Say which blocks decide one situation, what they replaced and overrode, and why the others do not fit.

    Parameters
    ----------
    area
        Six-digit division code of the insured area.
    asked
        The situation.
    on
        The day, YYYY-MM-DD; left out: today.
    pools
        A folder of pool files to add.
    lang
        zh or en.
    """
    book, code = _open(area, pools)
    print_why(_console(), why(book, code, asked.situation(book, code, area, on or date.today())), lang)
    return 0


@rules_app.command
def test(area: str, *, pools: Path | None = None, lang: Lang = "zh") -> int:
    """Settle an area's cases, shipped ones and those of the folder's cases/; a case that differs is worked through.

    Parameters
    ----------
    area
        Six-digit division code of the insured area.
    pools
        A folder of pool files to add, with its cases/.
    lang
        zh or en.
    """
    book, code = _open(area, pools)
    read = load_cases(case_files(pools))
    for complaint in read.complaints:
        print(complaint.text())
    outcomes: list[Outcome] = run_cases([case for case in read.cases if book.area(case.area) == code], book)
    print_outcomes(_console(), outcomes, book, lang)
    return int(bool(read.complaints) or not outcomes or not all(outcome.passed for outcome in outcomes))


@rules_app.command
def diff(
    a: str, b: str, *, pools: Path | None = None, lang: Lang = "zh", format: Literal["text", "json"] = "text"
) -> int:  # fmt: skip
    """Say what changes for whom from when between two sets of rules, and what it does to a fixed panel of 200 typical claims.

    Parameters
    ----------
    a
        The old rules: an area (420100), an area on a day (420100@2024-03-31), or a pool file (a day may follow it too).
    b
        The new rules, in the same way.
    pools
        A folder of pool files to add.
    lang
        zh or en.
    format
        text or json.
    """
    from settlement.author import diff_report  # noqa: PLC0415
    from settlement.author.diff import difference  # noqa: PLC0415
    from settlement.author.phrases import Speech  # noqa: PLC0415

    say = Speech(lang)
    found = difference(a, b, pools, say)
    if format == "json":
        print(json.dumps(diff_report.as_json(found, say), ensure_ascii=False, indent=1))
    else:
        print(diff_report.text(found, say))
    return 0


@rules_app.command
def doc(area: str = "", *, to: Path = Path("docs/rules"), on: date | None = None, pools: Path | None = None) -> int:
    """Write a page an area, Markdown and HTML: the rules drawn and in tables, what changed when, on which grounds, what is missing.

    Parameters
    ----------
    area
        Six-digit division code; left out: every area. The index is written each time.
    to
        The folder for the pages and charts.
    on
        The day of the pages; left out: for each area the last day on which its rules changed.
    pools
        A folder of pool files to add.
    """
    from settlement.author.doc import areas, files  # noqa: PLC0415

    book, code = _open(area, pools) if area else (open_rulebook(pools, strict=False).book, "")
    every = areas(book, [POOLS, *([pools] if pools else [])], on)
    made = files([one for one in every if code in ("", one.code)], every, with_html=True)
    to.mkdir(parents=True, exist_ok=True)
    for name, content in made.items():
        (to / name).write_text(content, encoding="utf-8")
    print(f"{to}: {len(made)} files")
    return 0


@rules_app.command
def corrections(
    *, since: date, book: Path, pools: Path | None = None, lang: Lang = "zh", format: Literal["text", "json"] = "text"
) -> int:  # fmt: skip
    """List the settlements in the book that today's rules would make otherwise: each amount, old and new, and which rule.

    Parameters
    ----------
    since
        Settled on this day or later, YYYY-MM-DD.
    book
        The book (book.sqlite). Nothing is booked; the night books corrections.
    pools
        A folder of pool files to add, as the till has them.
    lang
        zh or en.
    format
        text or json.
    """
    from settlement.author import corrections_report  # noqa: PLC0415
    from settlement.author.corrections import corrections as found_in  # noqa: PLC0415
    from settlement.author.phrases import Speech  # noqa: PLC0415
    from settlement.ledger import SqliteLedger  # noqa: PLC0415

    if not book.is_file():
        raise BadInput("F02_NO_FILE", f"{book} is not there", cure="Check the path", zh=f"没有账本文件 {book}")
    with SqliteLedger(book) as ledger:
        report = found_in(ledger.settlements(), open_rulebook(pools).book, since)
    if format == "json":
        print(json.dumps(corrections_report.as_json(report), ensure_ascii=False, indent=1))
    else:
        print(corrections_report.text(report, Speech(lang)))
    return 0
