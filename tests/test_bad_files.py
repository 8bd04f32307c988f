"""Files that cannot be read stop with a stable code; every form of a readable one gives the same rows."""

import csv
import io
import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from good_claim import BOOK, GOOD, LINES, good
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.engine import settle_drafts
from settlement.errors import BadInput
from settlement.intake import from_arrow, read_file
from settlement.intake.strict_json import read_strictly
from settlement.rules.rulebook import Rulebook


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return BOOK


FILES = {
    "kind.txt": (b"{}", "F01_FILE_KIND"),
    "gbk.json": (json.dumps({"psn_name": "虚构"}, ensure_ascii=False).encode("gbk"), "F06_ENCODING"),
    "gbk.csv": ("medins_setl_id,det_item_fee_sumamt,名\n".encode("gbk"), "F06_ENCODING"),
    "syntax.json": (b'[{"a": 1,}]', "F07_JSON"),
    "empty.json": (b"", "F07_JSON"),
    "twice.json": (b'{"balc": "1.00", "balc": "2.00"}', "F08_REPEATED_KEY"),
    "nan.json": (b'{"balc": NaN}', "C02_NOT_AN_AMOUNT"),
    "deep.json": (b"[" * 200_000, "F07_JSON"),
    "utf16.json": ("[]".encode("utf-16"), "F06_ENCODING"),
    "twice.csv": (b"medins_setl_id,det_item_fee_sumamt,det_item_fee_sumamt\nA,1.00,2.00\n", "F08_REPEATED_KEY"),
    "empty.csv": (b"", "F09_CSV"),
    "quote.csv": (b'medins_setl_id,det_item_fee_sumamt\n"A"x,1.00\n', "F09_CSV"),
    "empty.parquet": (b"", "F10_PARQUET"),
    "ragged.csv": (b"medins_setl_id,det_item_fee_sumamt\nA,1.00,3\n", "F09_CSV"),
    "noid.csv": (b"det_item_fee_sumamt\n1.00\n", "F09_CSV"),
    "broken.parquet": (b"PAR1 this is not parquet", "F10_PARQUET"),
}


@pytest.mark.parametrize("name", sorted(FILES))
def test_files_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    content, code = FILES[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput) as caught:
        read_file(tmp_path / name)
    assert caught.value.code == code and caught.value.found


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="F02_NO_FILE"):
        read_file(tmp_path / "no.json")


def test_truncated_parquet(tmp_path: Path) -> None:
    whole = tmp_path / "whole.parquet"
    pq.write_table(pa.table({"medins_setl_id": ["A"] * 1000, "det_item_fee_sumamt": ["1.00"] * 1000}), whole)
    (tmp_path / "cut.parquet").write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(BadInput, match="F10_PARQUET"):
        read_file(tmp_path / "cut.parquet")


def nested(**line: pa.Array) -> pa.Table:
    flat = pa.StructArray.from_arrays(list(line.values()), names=list(line))
    return pa.table({"medins_setl_id": ["A"], "feedetail": pa.ListArray.from_arrays([0, len(flat)], flat)})


def test_parquet_of_floats_and_of_misspelt_columns(tmp_path: Path) -> None:
    pq.write_table(nested(det_item_fee_sumamt=pa.array([1.1])), tmp_path / "float.parquet")
    with pytest.raises(BadInput, match="F04_FLOAT"):
        read_file(tmp_path / "float.parquet")
    pq.write_table(nested(det_item_fee_sumamnt=pa.array(["1.10"])), tmp_path / "slip.parquet")
    with pytest.raises(BadInput, match="F05_COLUMN"):
        read_file(tmp_path / "slip.parquet")


def line_table(**columns: pa.Array) -> pa.Table:
    """Return one good claim as a nested table with some line columns replaced."""
    table = pa.Table.from_pylist([good(1)])
    flat = pa.concat_arrays(table.column("feedetail").chunks).flatten()
    given = {flat.type.field(n).name: flat.field(n) for n in range(flat.type.num_fields)} | columns
    lines = pa.StructArray.from_arrays(list(given.values()), names=list(given))
    return table.drop(["feedetail"]).append_column("feedetail", pa.ListArray.from_arrays([0, len(lines)], lines))


def rows_of(table: pa.Table, tmp_path: Path) -> list[dict[str, Any]]:
    pq.write_table(table, tmp_path / "t.parquet")
    return settle_drafts(read_file(tmp_path / "t.parquet"), BOOK).rows()


def replaced(name: str, column: pa.Array) -> pa.Table:
    table = line_table()
    return table.set_column(table.column_names.index(name), name, column)


def test_parquet_text_that_is_not_utf8(tmp_path: Path) -> None:
    content = "虚构".encode("gbk")
    ends = pa.py_buffer(b"".join(at.to_bytes(4, "little") for at in (0, len(content))))
    gbk = pa.Array.from_buffers(pa.string(), 1, [None, ends, pa.py_buffer(content)])
    for name in ("psn_type", "medins_setl_id"):
        with pytest.raises(BadInput, match="F10_PARQUET"):
            rows_of(replaced(name, gbk), tmp_path)


def test_parquet_columns_of_other_types(tmp_path: Path) -> None:
    expected = settle_drafts([good(1)], BOOK).rows()
    lists = line_table().column("feedetail").chunks[0]
    china = pa.array([datetime(2024, 5, 1, 2)]).cast(pa.timestamp("us", "UTC"))  # 10 o'clock in China
    for table in (
        replaced("feedetail", lists.cast(pa.large_list(lists.type.value_type))),
        replaced("setl_time", china),
        replaced("setl_time", pa.array([date(2024, 5, 1)])),
        replaced("psn_no", pa.array(["P1"]).dictionary_encode()),
        line_table(cnt=pa.array([2, 2], pa.uint64()), pric=pa.array([Decimal("18.00"), Decimal("6.45")])),
    ):
        assert rows_of(table, tmp_path) == expected


def test_parquet_cells_that_cannot_be_read(tmp_path: Path) -> None:
    over = pa.array([2**63, 2], pa.uint64())
    cases = {
        "C04_TOO_LARGE": line_table(det_item_fee_sumamt=over),
        "C02_NOT_AN_AMOUNT": line_table(det_item_fee_sumamt=pa.array([Decimal("36.005"), Decimal("12.900")])),
        "C05_NOT_A_DATE": replaced("setl_time", pa.array([datetime(9999, 5, 1)])),
        "C11_NOT_A_CODE": replaced("psn_type", pa.array([b"1101"])),
        "C06_NO_LINES": replaced("feedetail", pa.array([None], line_table().schema.field("feedetail").type)),
    }
    assert {code: rows_of(table, tmp_path)[0].get("refused") for code, table in cases.items()} == {c: c for c in cases}


def test_a_time_with_a_zone_falls_on_chinas_day() -> None:
    late = pa.array([datetime(2024, 4, 30, 16)]).cast(pa.timestamp("s", "UTC"))
    assert settle_drafts(from_arrow(replaced("setl_time", late)), BOOK).told(0)["day"] == "2024-05-01"


def test_every_form_gives_the_same_rows(tmp_path: Path, book: Rulebook) -> None:
    claims = [good(1), {**good(2), "psn_no": "P2"}]
    (tmp_path / "c.json").write_bytes(b"\xef\xbb\xbf" + json.dumps({"claims": claims}).encode())
    columns = [name for name in GOOD if name != "feedetail"] + ["psn_no", "year_so_far.outpatient_pool", *LINES[0]]
    rows = [",".join(columns)]
    for claim in claims:
        flat = {**claim, "year_so_far.outpatient_pool": claim["year_so_far"]["outpatient_pool"]}
        rows += [",".join(str({**flat, **line}[name]) for name in columns) for line in claim["feedetail"]]
    (tmp_path / "c.csv").write_text("\ufeff" + "\n".join(rows) + "\n", encoding="utf-8")
    for claim in claims:
        claim["feedetail"] = [
            {**line, "det_item_fee_sumamt": Decimal(line["det_item_fee_sumamt"])} for line in claim["feedetail"]
        ]
    pq.write_table(pa.Table.from_pylist(claims), tmp_path / "c.parquet")
    results = [settle_drafts(read_file(tmp_path / name), book).rows() for name in ("c.json", "c.csv", "c.parquet")]
    assert results[0] == results[1] == results[2]
    assert all("refused" not in row for row in results[0])


@pytest.mark.parametrize(
    ("name", "values", "code"),
    [
        ("med_type", ("11", "21"), "C11_NOT_A_CODE"),
        ("psn_no", ("P1", "P2"), "C11_NOT_A_CODE"),
        ("balc", ("1.00", "2.00"), "C02_NOT_AN_AMOUNT"),
        ("year_so_far.outpatient_pool", ("1.00", "2.00"), "C02_NOT_AN_AMOUNT"),
        ("setl_time", ("2024-05-01", "2024-05-02"), "C05_NOT_A_DATE"),
    ],
)
def test_rows_of_one_csv_claim_that_disagree(
    name: str, values: tuple[str, str], code: str, tmp_path: Path, book: Rulebook
) -> None:
    head = list(dict.fromkeys([*(n for n in GOOD if n != "feedetail"), *LINES[0], name]))
    rows = [{**GOOD, **line, name: value} for line, value in zip(LINES, values, strict=True)]
    rows.append({**GOOD, **LINES[0], "medins_setl_id": "OTHER", name: values[0]})
    text = io.StringIO()
    writer = csv.DictWriter(text, head, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    (tmp_path / "c.csv").write_text(text.getvalue(), encoding="utf-8")
    found = settle_drafts(read_file(tmp_path / "c.csv"), book).rows()
    assert found[0]["refused"] == code and found[1]["medfee_sumamt"] == 3600


def test_rows_without_an_id_are_claims_of_their_own(tmp_path: Path, book: Rulebook) -> None:
    rows = [{**GOOD, **LINES[0], "medins_setl_id": given} for given in ("row 1", "", "")]
    head = [*(n for n in GOOD if n != "feedetail"), *LINES[0]]
    text = [",".join(head), *(",".join(str(row[name]) for name in head) for row in rows)]
    (tmp_path / "c.csv").write_text("\n".join(text), encoding="utf-8")
    assert [row["medfee_sumamt"] for row in settle_drafts(read_file(tmp_path / "c.csv"), book).rows()] == [3600] * 3


@pytest.mark.parametrize("digits", ["9" * 5000, "1e99999999999999999999", "1E400", "1.005", "-1", "0.1e-9"])
def test_numbers_that_json_allows_and_money_does_not(digits: str, tmp_path: Path, book: Rulebook) -> None:
    claims = json.dumps([good(1), {**good(2), "balc": "HERE"}, good(3)]).replace('"HERE"', digits)
    (tmp_path / "c.json").write_text(claims)
    rows = settle_drafts(read_file(tmp_path / "c.json"), book).rows()
    assert rows[1]["refused"] in ("C02_NOT_AN_AMOUNT", "C03_NEGATIVE", "C04_TOO_LARGE")
    assert [rows[0], rows[2]] == settle_drafts([good(1), good(3)], book).rows()


def test_an_empty_list_settles_nothing(tmp_path: Path, book: Rulebook) -> None:
    (tmp_path / "none.json").write_text("[]")
    settled = settle_drafts(read_file(tmp_path / "none.json"), book)
    assert settled.rows() == [] and settled.refusals == []


WHOLE = json.dumps([good(1), {**good(2), "reported_pay": {"maf_pay": "1.00"}}, good(3)], ensure_ascii=False)
PIECES = st.sampled_from(
    [
        "null",
        "true",
        "NaN",
        "-",
        "1e9",
        "[]",
        "{}",
        '""',
        "\\ud800",
        "\ufeff",
        "﻿０",
        ",",
        "[",
        "]",
        "{",
        "}",
        '"',
        "\x00",
        "9" * 50,
    ]
)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(WHOLE)), st.integers(0, 40), PIECES)
def test_a_file_with_a_piece_replaced_is_refused_or_accounts_for_every_claim(at: int, out: int, piece: str) -> None:
    try:
        content = read_strictly(WHOLE[:at] + piece + WHOLE[at + out :], "f")
    except BadInput as error:
        assert error.code in ("F07_JSON", "F08_REPEATED_KEY", "C02_NOT_AN_AMOUNT") and error.zh
        return
    claims = content if isinstance(content, list) else [content]
    settled = settle_drafts(claims, BOOK)
    refused = {refusal.claim for refusal in settled.refusals}
    assert settled.kept.size + len(refused) == len(claims)
    assert all(json.dumps(refusal.as_row(), ensure_ascii=False).encode() for refusal in settled.refusals)
