"""Case files → cases: one claim with what it should come to, where that is known from, and the arithmetic in words.

A case is one ``[[case]]`` of a TOML file. Shipped ones stand in ``settlement/rules/cases``, an author's in the folder
``cases`` beside the pool files. Complaints are as for pool files: file, line, key, what was found, what would be right.

A line is ``[class or catalogue code, first-pay ratio, amount]`` or a table with ``class``, ``ratio``, ``amount``, ``type``,
``negotiated``, ``disease``, ``code``, ``cnt``, ``limit``, ``day``. ``before`` are claims of the same person that are
settled first; what a claim there does not say about the person is the case's own claim's.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from settlement import money
from settlement.errors import REASONS, BadInput
from settlement.kernel.layout import LAYER_RESULT, RESULT
from settlement.rules import reading, syntax
from settlement.rules.reading import Complaint, Lines, Reader, Unreadable, one_of
from settlement.rules.rulebook import HERE
from settlement.schema import CLAIM_FIELDS, LINE_FIELDS, Field

SHIPPED = HERE / "cases"
Draft = dict[str, Any]

AMOUNTS = tuple(column.name.removesuffix("_fen") for column in RESULT if column.name.endswith("_fen"))
STEPS = {column.name.removesuffix("_fen").removesuffix("_count"): column.name for column in LAYER_RESULT[1:]}
CLAIM_KINDS = {field.name: field for field in CLAIM_FIELDS if field.name not in ("feedetail", "year_so_far")}
NEEDED = tuple(field.name for field in CLAIM_FIELDS if field.needed and field.name in CLAIM_KINDS)
# Facts about the person, which an earlier claim shares with the case's own unless it says otherwise.
PERSON = (
    "psn_no", "insuplc_admdvs", "insutype", "psn_type", "brdy", "age", "cvlserv_flag", "assistance", "family_doctor",
)  # fmt: skip
LINE_KINDS = {field.name: field for field in LINE_FIELDS}
LINE_KEYS = {
    "class": "chrgitm_lv", "ratio": "selfpay_prop", "amount": "det_item_fee_sumamt", "type": "med_chrgitm_type",
    "negotiated": "hi_nego_drug_flag", "disease": "dise_codg", "code": "med_list_codg", "cnt": "cnt",
    "limit": "pric_uplmt_amt", "day": "fee_ocur_time",
}  # fmt: skip
CLASSES = {"01": "01", "02": "02", "03": "03", "甲": "01", "乙": "02", "丙": "03"}


class Earlier(NamedTuple):
    """A claim of the same person that is settled before the case's own."""

    claim: Draft
    lines: tuple[Draft, ...]


class Case(NamedTuple):
    """One worked example; amounts in fen, counts of admissions as they are."""

    id: str
    kind: str
    trust: str
    source: str
    scenario: str
    arithmetic: str
    why_differs: str
    claim: Draft
    lines: tuple[Draft, ...]
    before: tuple[Earlier, ...]
    expected: dict[str, int]
    refused: str
    counters: dict[str, int]
    layers: dict[str, dict[str, int]]  # by layer name or fund, then by column of kernel.layout.LAYER_RESULT
    parts: dict[str, tuple[str, int]]  # a name → the layer, and what the person bears of its own cost
    file: str
    line: int

    @property
    def area(self) -> str:
        """Return the insured area of the person; a refund need not say it again."""
        said = (claim.get("insuplc_admdvs") for claim in (self.claim, *(earlier.claim for earlier in self.before)))
        return str(next(filter(None, said), ""))


class CaseFile(NamedTuple):
    """The cases of one or more files and what is wrong with the others."""

    cases: list[Case]
    complaints: list[Complaint]


def case_files(folder: Path | None) -> list[Path]:
    """Return the shipped case files and those of ``folder/cases``."""
    own = sorted((folder / "cases").glob("*.toml")) if folder is not None else []
    return [*sorted(SHIPPED.glob("*.toml")), *own]


def load_cases(files: Iterable[Path]) -> CaseFile:
    """Read case files; an id that is there twice is a complaint about the second."""
    cases: dict[str, Case] = {}
    complaints: list[Complaint] = []
    for file in files:
        try:
            text = file.read_text(encoding="utf-8-sig")
            table = tomllib.loads(text)
        except UnicodeDecodeError as error:
            complaints.append(Complaint(str(file), 1, "file", f"is not UTF-8 ({error.reason})", "Save it as UTF-8"))
            continue
        except tomllib.TOMLDecodeError as error:
            line = syntax.line_of(str(error), text)
            cure = syntax.cure(str(error), text.split("\n")[line - 1])
            complaints.append(Complaint(str(file), line, "file", f"is not TOML: {error}", cure))
            continue
        read = read_cases(table, str(file), text)
        complaints += read.complaints
        for case in read.cases:
            first = cases.setdefault(case.id, case)
            if first is not case:
                where = f"{first.file}:{first.line}"
                said = Complaint(
                    case.file, case.line, "case.id", f"{case.id!r} is there already ({where})", "Name it anew"
                )
                complaints.append(said)
    return CaseFile(list(cases.values()), complaints)


def read_cases(table: dict[str, Any], file: str, text: str = "") -> CaseFile:
    """Return the cases of a parsed file; one with a complaint is left out."""
    lines = Lines(text)
    whole = Reader(table, file, lines, 1, "file")
    cases = []
    for nth, block in enumerate(whole.take("case", _blocks, [])):
        reader = Reader(block, file, lines, lines.block("case", nth), f"case[{nth + 1}]")
        case = _case(reader)
        reader.done(whole)
        if not reader.complaints:
            cases.append(case)
    whole.done()
    return CaseFile(cases, whole.complaints)


def drafts_of(case: Case) -> list[Draft]:
    """Return the claims of a case as drafts, the one that counts last; all are of one person."""
    person = {name: case.claim[name] for name in PERSON if name in case.claim}
    person |= {"psn_no": case.claim.get("psn_no", case.id)}
    drafts: list[Draft] = []
    for number, earlier in enumerate(case.before, 1):
        claim = {"medins_setl_id": f"{case.id}-before-{number}", **person, **earlier.claim}
        drafts.append(_whole(claim, earlier.lines))
    return [*drafts, _whole({"medins_setl_id": case.id, **person, **case.claim}, case.lines)]


def _whole(claim: Draft, lines: tuple[Draft, ...]) -> Draft:
    here = {"mdtrtarea_admvs": claim["insuplc_admdvs"]} if "insuplc_admdvs" in claim and lines else {}
    return {**here, **claim, **({"feedetail": list(lines)} if lines else {})}


def _blocks(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise Unreadable("is one table", "Write it with double brackets: [[case]]")
    return value


def _case(reader: Reader) -> Case:
    words = {
        key: reader.take(key, reading.text, "", need=True) for key in ("id", "kind", "trust", "source", "scenario")
    }
    arithmetic = reader.take("arithmetic", reading.text, "", need=True)
    why = reader.take("why_differs", reading.text, "")
    refused = reader.take("refused", _refusal, "")
    claim = _claim(reader, "claim", not refused)
    so_far = reader.take("year_so_far", _counters, {})
    claim |= {"year_so_far": so_far} if so_far else {}
    lines = _lines(reader, claim)
    before = _before(reader)
    expected = reader.take("expected", _figures(AMOUNTS), {})
    if bool(expected) == bool(refused) and not reader.complaints:
        reader.complain(
            "expected", "says not exactly one of expected and refused", "Say what the claim comes to, or why not"
        )
    return Case(
        **words, arithmetic=arithmetic, why_differs=why, claim=claim, lines=lines, before=before, expected=expected,
        refused=refused, counters={name: _number(said) for name, said in reader.take("counters", _counters, {}).items()},
        layers=_layers(reader), parts=reader.take("parts", _parts, {}), file=reader.file, line=reader.line,
    )  # fmt: skip


def _claim(reader: Reader, key: str, complete: bool) -> Draft:
    """Read the fields of a claim, each checked by its kind only: what they mean is for the intake to judge."""
    table = reader.take(key, reading.table_like('{ insuplc_admdvs = "220400" }'), {}, need=True)
    inner = reader.inner(key, table)
    given = {name: inner.take(name, _field(field)) for name, field in CLAIM_KINDS.items()}
    claim = {name: value for name, value in given.items() if value is not None}
    if complete and table and "refund_of" not in claim:
        for name in NEEDED:
            if name not in table and name != "mdtrtarea_admvs":
                inner.complain(name, "is missing", f"A claim needs {name}; see docs/claim-format.md")
    inner.done(reader)
    return claim


def _field(field: Field) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if field.kind == "table":
            return _counters(value)
        if isinstance(value, float):
            raise Unreadable(
                f"{value!r} is a binary fraction", f'Write it in quotes, for example {field.name} = "12.50"'
            )
        if field.kind == "flag" and isinstance(value, bool):
            return str(int(value))
        if isinstance(value, date):
            return str(value)
        if isinstance(value, bool) or not isinstance(value, str | int):
            raise Unreadable(f"{value!r} is not a {field.kind}", f"Write it in quotes ({field.en})")
        if isinstance(value, int) and field.kind == "text":
            raise Unreadable(f"{value!r} is not in quotes", f'Write {field.name} = "{value}"')
        if field.kind in ("yuan", "price"):
            _amount(str(value))
        return value

    return read


def _amount(value: Any) -> int:
    if not isinstance(value, str):
        raise Unreadable(f"{value!r} is not in quotes", 'Write yuan in quotes, for example "400.00"')
    try:
        return money.fen(value)
    except BadInput as error:
        raise Unreadable(error.found, 'Write yuan with at most two decimals, for example "400.00"') from None


def _number(value: Any) -> int:
    """Read a counter: yuan in quotes as fen, a number of admissions as it is."""
    return value if isinstance(value, int) and not isinstance(value, bool) else _amount(value)


def _counters(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Unreadable(f"{value!r} is not a table", 'Write { admissions = "1", outpatient_pool = "1990.00" }')
    for said in value.values():
        _number(said)
    return value


def _figures(known: Iterable[str]) -> Callable[[Any], dict[str, int]]:
    names = tuple(known)

    def read(value: Any) -> dict[str, int]:
        if not isinstance(value, dict) or not value:
            raise Unreadable(f"{value!r} is not a table of amounts", f'Write {{ {names[-1]} = "400.00" }}')
        for name in value:
            if name not in names:
                near = difflib.get_close_matches(name, names, 1)
                hint = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(names)}"
                raise Unreadable(f"{name!r} is not known here", hint)
        return {name: _number(said) for name, said in value.items()}

    return read


def _refusal(value: Any) -> str:
    near = [code for code in REASONS if code.startswith(str(value))]
    if value not in REASONS and len(near) == 1:
        raise Unreadable(f"{value!r} is not a whole code", f'Write "{near[0]}"')
    return one_of(tuple(REASONS))(value)


def _lines(reader: Reader, claim: Draft) -> tuple[Draft, ...]:
    given = reader.take("lines", _blocks, [], need="refund_of" not in claim)
    made = []
    for number, line in enumerate(given, 1):
        row = _short_line(reader, number, line) if isinstance(line, list) else _long_line(reader, number, line)
        made.append({"feedetl_sn": str(number), **row})
    return tuple(made)


def _short_line(reader: Reader, number: int, line: list[Any]) -> Draft:
    if len(line) != 3 or not all(isinstance(part, str) for part in line):
        cure = 'Write [class or code, first-pay ratio, amount], for example ["02", "0.1", "4000.00"]'
        reader.complain("lines", f"line {number} is {line!r}", cure)
        return {}
    what, ratio, amount = line
    own = {"chrgitm_lv": CLASSES[what], "selfpay_prop": ratio} if what in CLASSES else {"med_list_codg": what}
    return {"cnt": "1", "pric": amount, "det_item_fee_sumamt": _line_amount(reader, number, amount), **own}


def _line_amount(reader: Reader, number: int, amount: str) -> str:
    try:
        _amount(amount)
    except Unreadable as error:
        reader.complain("lines", f"line {number}: {error.found}", error.cure)
    return amount


def _long_line(reader: Reader, number: int, line: Any) -> Draft:
    inner = reader.inner("lines", line)
    inner.path += f"[{number}]"
    given = {key: inner.take(key, _line_field(key), need=key == "amount") for key in LINE_KEYS}
    if not {"class", "code"} & inner.known_given:
        inner.complain("", "names neither class nor code", 'Add class = "02", or code = the catalogue code')
    inner.done(reader)
    row = {LINE_KEYS[key]: value for key, value in given.items() if value is not None}
    return {"cnt": "1", **row} | ({} if "cnt" in row else {"pric": row.get("det_item_fee_sumamt")})


def _line_field(key: str) -> Callable[[Any], Any]:
    if key == "class":
        return lambda value: CLASSES[one_of(tuple(CLASSES))(value)]
    return _amount_text if key == "amount" else _field(LINE_KINDS[LINE_KEYS[key]])


def _amount_text(value: Any) -> str:
    _amount(value)
    return str(value)


def _before(reader: Reader) -> tuple[Earlier, ...]:
    made = []
    for number, block in enumerate(reader.take("before", _blocks, []), 1):
        inner = reader.inner("before", block)
        inner.path += f"[{number}]"
        claim = _claim(inner, "claim", False)
        so_far = inner.take("year_so_far", _counters, {})
        made.append(Earlier(claim | ({"year_so_far": so_far} if so_far else {}), _lines(inner, claim)))
        inner.done(reader)
    return tuple(made)


def _layers(reader: Reader) -> dict[str, dict[str, int]]:
    read = _figures(STEPS)

    def each(value: Any) -> dict[str, dict[str, int]]:
        if not isinstance(value, dict):
            raise Unreadable(f"{value!r} is not a table", 'Write layers.hifp_pay = { base = "100.00" }')
        return {layer: {STEPS[name]: said for name, said in read(figures).items()} for layer, figures in value.items()}

    return reader.take("layers", each, {}) or {}


def _parts(value: Any) -> dict[str, tuple[str, int]]:
    made = {}
    for name, said in value.items() if isinstance(value, dict) else [("", None)]:
        if not isinstance(said, list) or len(said) != 2 or not isinstance(said[0], str):
            raise Unreadable(f"{said!r} is not a layer and an amount", 'Write { pool_self = ["hifp_pay", "4962.67"] }')
        made[name] = (said[0], _amount(said[1]))
    return made
