"""Claim files → drafts: JSON (one or many), CSV (one row a fee line) and Parquet (nested, or one row a fee line)."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from settlement.errors import BadInput
from settlement.intake.drafts import CLAIM_NAMES, LINE_NAMES, Drafts, from_arrow, from_dicts
from settlement.intake.strict_json import read_strictly
from settlement.schema import CLAIM_FIELDS, LINE_FIELDS

TEXT_NAMES = {field.name for field in (*CLAIM_FIELDS, *LINE_FIELDS) if field.kind == "text"}


def read_file(path: Path) -> Drafts:
    """Return the drafts of a file, told apart by its ending (.json, .csv, .parquet).

    Raises BadInput (F codes) when the file as a whole cannot be read; a fault of one claim is a refusal in the drafts.
    """
    readers = {".json": read_json, ".csv": read_csv, ".parquet": read_parquet}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise BadInput(
            "F01_FILE_KIND", f"{path.name} is not .json, .csv or .parquet", cure="Convert it, or mend its ending"
        )
    if not path.is_file():
        raise BadInput("F02_NO_FILE", f"{path} is not there", cure="Check the path", zh=f"找不到文件 {path.name}")
    return reader(path)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(
            "F06_ENCODING", f"{path.name} is not UTF-8 (byte {error.start})", "names and codes would be garbled",
            "Save it as UTF-8", zh=f"文件 {path.name} 不是 UTF-8 编码，请另存为 UTF-8",
        ) from None  # fmt: skip


def read_json(path: Path) -> Drafts:
    """Read one claim, a list of claims, or {"claims": […]}; numbers are read as decimal text, never as floats."""
    content = read_strictly(_text(path), path.name)
    if isinstance(content, dict) and isinstance(content.get("claims"), list):
        content = content["claims"]
    return from_dicts(content if isinstance(content, list) else [content])


def read_csv(path: Path) -> Drafts:
    """Read one row a fee line; rows of one medins_setl_id are one claim and repeat its fields.

    ``year_so_far.NAME`` and ``reported_pay.NAME`` columns fill those tables.
    """
    rows = csv.DictReader(io.StringIO(_text(path)), strict=True)
    try:
        found = list(rows)
    except csv.Error as error:
        raise BadInput("F09_CSV", f"{path.name}:{rows.line_num}: {error}", cure="Mend the quoting") from None
    names = list(rows.fieldnames or ())
    if len(set(names)) != len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise BadInput(
            "F08_REPEATED_KEY", f"{path.name} has the column {repeated!r} twice", "which one counts is unclear", "Keep one",
            zh=f"文件 {path.name} 中列 {repeated!r} 出现两次，请保留一个",
        )  # fmt: skip
    if "medins_setl_id" not in names or "det_item_fee_sumamt" not in names:
        raise BadInput(
            "F09_CSV", f"{path.name} has no columns medins_setl_id and det_item_fee_sumamt", "rows of one claim are told by its id",
            "See docs/claim-format.md",
        )  # fmt: skip
    if any(None in row or None in row.values() for row in found):
        bad = next(at for at, row in enumerate(found, 2) if None in row or None in row.values())
        raise BadInput(
            "F09_CSV", f"{path.name}:{bad}: the row has not as many cells as the header", cure="Mend the row"
        )
    return from_dicts(grouped(found))


def grouped(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return nested claims from flat rows, one a fee line.

    A claim whose rows disagree gets the values as a list, which is refused where the field is read.
    """
    claims: dict[Any, dict[str, Any]] = {}
    for row in rows:
        given = row["medins_setl_id"]
        claim = claims.setdefault(("row", len(claims)) if given in (None, "") else str(given), {"feedetail": []})
        claim["feedetail"].append({name: value for name, value in row.items() if name in LINE_NAMES})
        for name, value in row.items():
            if name in LINE_NAMES or value in (None, ""):
                continue
            table, _, inner = name.partition(".")
            if inner and table in ("year_so_far", "reported_pay"):
                counters = claim.setdefault(table, {})
                if counters.setdefault(inner, value) != value:
                    counters[inner] = [counters[inner], value]
            elif claim.setdefault(name, value) != value and name in CLAIM_NAMES:
                claim[name] = [claim[name], value]
    return list(claims.values())


def read_parquet(path: Path) -> Drafts:
    """Read a Parquet file: one row a claim with a ``feedetail`` list, or one row a fee line."""
    try:
        with pq.ParquetFile(path) as file:
            repeated = _text_columns(file)
        table = pq.read_table(path, read_dictionary=repeated)
        for column in table.columns:  # text that is not UTF-8 would fall over later, in one claim or another
            column.validate(full=True)
    except (pa.ArrowException, OSError) as error:
        raise BadInput(
            "F10_PARQUET", f"{path.name} cannot be read: {str(error).splitlines()[0]}", "part of the claims may be lost in it",
            "Export it again", zh=f"文件 {path.name} 已损坏，请重新导出",
        ) from None  # fmt: skip
    if "feedetail" in table.column_names:
        return from_arrow(table)
    if {"medins_setl_id", "det_item_fee_sumamt"} <= set(table.column_names):
        return from_dicts(grouped(table.to_pylist()))
    raise BadInput(
        "F03_NO_LINES",
        f"{path.name} has neither a feedetail list nor fee-line columns",
        cure="See docs/claim-format.md",
    )


def _text_columns(file: pq.ParquetFile) -> list[str]:
    """Return the paths of the text fields: their few distinct values are read as a dictionary, not row by row."""
    columns = [file.schema.column(number) for number in range(len(file.schema))]
    return [
        column.path for column in columns if column.name in TEXT_NAMES and column.physical_type == "BYTE_ARRAY"
    ]  # fmt: skip
