"""Bad input gets a clear refusal with a stable code; the other claims settle as if alone; nothing is lost."""

import copy
import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settlement.engine import settle_drafts
from settlement.errors import REASONS, BadInput
from settlement.intake import read_file
from settlement.rules.rulebook import Rulebook, open_rulebook

CASES = tomllib.loads((Path(__file__).parent / "bad_input.toml").read_text(encoding="utf-8"))["case"]
LINES = [
    {
        "feedetl_sn": "1",
        "med_list_codg": "XC08CAX066A001010100000",
        "cnt": "2",
        "pric": "18.00",
        "det_item_fee_sumamt": "36.00",
    },
    {
        "feedetl_sn": "2",
        "med_list_codg": "XA10BAE021A001010100000",
        "cnt": "2",
        "pric": "6.45",
        "det_item_fee_sumamt": "12.90",
    },
]
GOOD: dict[str, Any] = {
    "medins_setl_id": "BAD", "insuplc_admdvs": "220400", "mdtrtarea_admvs": "220402", "insutype": "310", "psn_type": "1101",
    "med_type": "11", "medinslv": "2", "setl_time": "2024-05-01 10:00:00", "feedetail": LINES,
}  # fmt: skip


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return open_rulebook().book


def at(claim: Any, path: str) -> tuple[Any, Any]:
    *way, last = path.split(".")
    for step in way:
        claim = claim[int(step) if step.isdigit() else step]
    return claim, int(last) if isinstance(claim, list) else last


def changed(case: dict[str, Any]) -> Any:
    if "whole" in case:
        return case["whole"]
    claim = copy.deepcopy(GOOD)
    for path, value in case.get("set", {}).items():
        holder, key = at(claim, path)
        holder[key] = value
    for path in case.get("drop", []):
        holder, key = at(claim, path)
        del holder[key]
    return claim


def good(number: int) -> dict[str, Any]:
    return {
        **copy.deepcopy(GOOD),
        "medins_setl_id": f"GOOD-{number}",
        "psn_no": "P1",
        "year_so_far": {"outpatient_pool": "1990.00"},
    }


def test_there_are_enough() -> None:
    assert len(CASES) >= 80
    assert len({case["id"] for case in CASES}) == len(CASES)
    reached = {case["code"] for case in CASES} | {"R02_LEVEL_MISSING", "R03_ELSEWHERE_MISSING", "R07_RATES_TOO_FINE"}
    assert reached == set(REASONS)


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_refused_alone(case: dict[str, Any], book: Rulebook) -> None:
    settled = settle_drafts([good(1), changed(case), good(2)], book)
    rows = settled.rows()
    alone = settle_drafts([good(1), good(2)], book).rows()
    assert [rows[0], rows[2]] == alone
    assert case["code"] in {refusal.code for refusal in settled.refusals if refusal.claim == 1}, settled.refusals
    assert rows[1]["refused"] and {refusal.claim for refusal in settled.refusals} == {1}
    shown = settled.refusals[0].as_row()
    assert any("\u4e00" <= letter <= "\u9fff" for letter in str(shown["message_zh"]))
    assert settled.kept.size + len({refusal.claim for refusal in settled.refusals}) == len(rows)


def test_the_good_claim_is_good(book: Rulebook) -> None:
    assert settle_drafts([GOOD], book).refusals == []


def test_elsewhere_and_level_that_no_rule_covers(book: Rulebook) -> None:
    elsewhere = {
        **GOOD,
        "insuplc_admdvs": "370000",
        "mdtrtarea_admvs": "110101",
        "insutype": "390",
        "psn_type": "15",
        "med_type": "21",
    }
    elsewhere |= {"setl_time": "2014-10-01", "reported_pay": {"hifp_pay": "1.00"}}
    level = {
        **GOOD,
        "insuplc_admdvs": "110000",
        "mdtrtarea_admvs": "110101",
        "med_type": "21",
        "medinslv": "1",
        "age": 40,
    }
    codes = [settle_drafts([claim], book).rows()[0]["refused"] for claim in (elsewhere, level)]
    assert codes == ["R03_ELSEWHERE_MISSING", "R02_LEVEL_MISSING"]


def test_a_refused_claim_changes_no_counter(book: Rulebook) -> None:
    bad = {**good(2), "hosp_part_amt": "5000.00"}
    del bad["year_so_far"]
    third = {**good(3)}
    del third["year_so_far"]
    with_bad = settle_drafts([good(1), bad, third], book).rows()
    assert with_bad[2] == settle_drafts([good(1), third], book).rows()[1]


FILES = {
    "kind.txt": (b"{}", "F01_FILE_KIND"),
    "gbk.json": (json.dumps({"psn_name": "虚构"}, ensure_ascii=False).encode("gbk"), "F06_ENCODING"),
    "gbk.csv": ("medins_setl_id,det_item_fee_sumamt,名\n".encode("gbk"), "F06_ENCODING"),
    "syntax.json": (b'[{"a": 1,}]', "F07_JSON"),
    "empty.json": (b"", "F07_JSON"),
    "twice.json": (b'{"balc": "1.00", "balc": "2.00"}', "F08_REPEATED_KEY"),
    "nan.json": (b'{"balc": NaN}', "C02_NOT_AN_AMOUNT"),
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


def test_rows_of_one_csv_claim_that_disagree(tmp_path: Path, book: Rulebook) -> None:
    head = [*(name for name in GOOD if name != "feedetail"), *LINES[0]]
    rows = [
        [str({**GOOD, **line, "med_type": kind}[name]) for name in head]
        for line, kind in zip(LINES, ("11", "21"), strict=True)
    ]
    (tmp_path / "c.csv").write_text("\n".join(",".join(row) for row in [head, *rows]), encoding="utf-8")
    settled = settle_drafts(read_file(tmp_path / "c.csv"), book)
    assert settled.rows()[0]["refused"] == "C11_NOT_A_CODE"


def test_an_empty_list_settles_nothing(tmp_path: Path, book: Rulebook) -> None:
    (tmp_path / "none.json").write_text("[]")
    settled = settle_drafts(read_file(tmp_path / "none.json"), book)
    assert settled.rows() == [] and settled.refusals == []


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.decimals(allow_nan=True),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(GOOD)) | st.sampled_from([f"feedetail.0.{name}" for name in LINES[0]]), JUNK)
def test_junk_is_refused_or_settled_but_never_lost(path: str, junk: Any) -> None:
    claim = changed({"set": {path: junk}})
    settled = settle_drafts([good(1), claim, good(2)], BOOK)
    refused = {refusal.claim for refusal in settled.refusals}
    assert settled.kept.size + len(refused) == 3
    assert refused <= {1}


BOOK = open_rulebook().book
