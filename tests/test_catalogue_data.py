"""The sample catalogue as data: header, codes, values, dates, and a declared source for every row."""

import csv
import re
import tomllib
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[1] / "settlement" / "rules" / "catalogue"
FILES = ("000000_national.csv", "110000_beijing.csv", "220000_jilin.csv")
HEADER = (
    "med_list_codg,name,list_type,med_chrgitm_type,chrgitm_lv,selfpay_prop,pric_uplmt_amt,unit,from,source,"
    "confidence,selfpay_confidence,limit_confidence,note"
)
TRUST = ("assumed", "secondary", "receipt", "official")  # weakest first
LEAST_ROWS = {"101": 190, "102": 20, "201": 80, "301": 40}
LEAST_ITEMS = 330
LEAST_DATED_ITEMS = 3
FIXED_SHARE = {"01": Decimal(0), "03": Decimal(1)}
CODE_FORM = {
    "101": re.compile(r"X[A-Z]\d{2}[A-Z]{3}\d{3}[A-Z]\d{12}|Z[A-Z]\d{2}[A-Z]{3}\d{13}"),
    "102": re.compile(r"T\d{9}"),
    "201": re.compile(r"\d{15}"),
    "301": re.compile(r"C\d{19}"),
}
CHARGE_TYPES = {
    "101": {"09", "11"},
    "102": {"10"},
    "201": {"01", "02", "03", "04", "05", "06", "07", "12", "13", "14"},
    "301": {"08"},
}

Row = dict[str, str]


def _rows(name: str) -> list[Row]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def _sources() -> dict[str, dict[str, object]]:
    declared = tomllib.loads((FOLDER / "sources.toml").read_text(encoding="utf-8"))
    return dict(declared["source"])


def _identity(row: Row) -> tuple[str, ...]:
    return tuple(row[key] for key in ("name", "list_type", "med_chrgitm_type", "unit"))


@pytest.fixture(params=FILES)
def rows(request: pytest.FixtureRequest) -> list[Row]:
    return _rows(request.param)


@pytest.mark.parametrize("name", FILES)
def test_file_is_plain_utf8_with_the_one_header(name: str) -> None:
    raw = (FOLDER / name).read_bytes()
    assert b"\r" not in raw and not raw.startswith(b"\xef\xbb\xbf")
    assert raw.endswith(b"\n")
    assert raw.decode("utf-8").splitlines()[0] == HEADER


def test_no_other_csv_in_the_folder() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.csv")) == sorted(FILES)


def test_code_and_day_are_unique(rows: list[Row]) -> None:
    seen = Counter((row["med_list_codg"], row["from"]) for row in rows)
    assert [key for key, times in seen.items() if times > 1] == []


def test_codes_have_the_national_form_of_their_list(rows: list[Row]) -> None:
    bad = [row["med_list_codg"] for row in rows if not CODE_FORM[row["list_type"]].fullmatch(row["med_list_codg"])]
    assert bad == []


def test_charge_type_fits_the_list_and_the_drug_kind(rows: list[Row]) -> None:
    for row in rows:
        assert row["med_chrgitm_type"] in CHARGE_TYPES[row["list_type"]], row
        if row["list_type"] == "101":
            assert row["med_chrgitm_type"] == {"X": "09", "Z": "11"}[row["med_list_codg"][0]], row


def test_share_has_four_places_and_fits_the_class(rows: list[Row]) -> None:
    for row in rows:
        assert re.fullmatch(r"[01]\.\d{4}", row["selfpay_prop"]), row
        share = Decimal(row["selfpay_prop"])
        if row["chrgitm_lv"] in FIXED_SHARE:
            assert share == FIXED_SHARE[row["chrgitm_lv"]], row
        else:
            assert row["chrgitm_lv"] == "02" and 0 < share < 1, row


def test_limit_is_exact_yuan_and_has_a_confidence_only_if_present(rows: list[Row]) -> None:
    for row in rows:
        if row["pric_uplmt_amt"]:
            assert re.fullmatch(r"\d+\.\d{2}", row["pric_uplmt_amt"]) and Decimal(row["pric_uplmt_amt"]) > 0, row
        assert bool(row["pric_uplmt_amt"]) == bool(row["limit_confidence"]), row


def test_text_and_dates_are_present(rows: list[Row]) -> None:
    for row in rows:
        assert row["name"] and row["unit"] and row["note"], row
        assert date.fromisoformat(row["from"]).isoformat() == row["from"], row


def test_confidence_is_known_and_never_above_the_source(rows: list[Row]) -> None:
    sources = _sources()
    for row in rows:
        ceiling = TRUST.index(str(sources[row["source"]]["confidence"]))
        assert TRUST.index(row["confidence"]) <= ceiling, row
        assert TRUST.index(row["selfpay_confidence"]) <= ceiling, row
        if row["limit_confidence"]:
            assert TRUST.index(row["limit_confidence"]) <= ceiling, row


def test_every_source_is_declared_and_used() -> None:
    used = {row["source"] for name in FILES for row in _rows(name)}
    assert used == set(_sources())


def test_sources_say_what_they_are() -> None:
    allowed = {"title", "number", "issued", "url", "confidence", "note"}
    for key, source in _sources().items():
        assert {"title", "confidence", "note"} <= set(source) <= allowed, key
        assert source["confidence"] in TRUST, key


def test_placeholder_products_are_admitted_and_admissions_are_placeholders() -> None:
    for row in _rows(FILES[0]):
        if row["list_type"] == "101":
            whole = row["note"].startswith("code seen in public data")
            assert row["med_list_codg"].endswith("00000") != whole, row


def test_nation_is_large_and_covers_each_kind() -> None:
    national = _rows(FILES[0])
    counts = Counter(row["list_type"] for row in national)
    assert len({row["med_list_codg"] for row in national}) >= LEAST_ITEMS
    assert {kind for kind, least in LEAST_ROWS.items() if counts[kind] < least} == set()
    assert {row["chrgitm_lv"] for row in national} == {"01", "02", "03"}


@pytest.mark.parametrize("word", ["感冒灵", "阿莫西林", "布洛芬", "硝苯地平", "二甲双胍", "阿托伐他汀"])
def test_what_a_pharmacy_sells_is_there(word: str) -> None:
    assert any(word in row["name"] for row in _rows(FILES[0]))


def test_dates_matter_somewhere() -> None:
    national = _rows(FILES[0])
    dated = [code for code, times in Counter(row["med_list_codg"] for row in national).items() if times > 1]
    assert len(dated) >= LEAST_DATED_ITEMS
    for code in dated:
        versions = [row for row in national if row["med_list_codg"] == code]
        assert len({_identity(row) for row in versions}) == 1, code
        assert len({(row["chrgitm_lv"], row["selfpay_prop"], row["pric_uplmt_amt"]) for row in versions}) > 1, code


@pytest.mark.parametrize("name", FILES[1:])
def test_an_area_overrides_items_the_nation_has_and_stays_small(name: str) -> None:
    national = {row["med_list_codg"]: _identity(row) for row in _rows(FILES[0])}
    area = _rows(name)
    assert 0 < len(area) < len(national) // 10
    for row in area:
        assert national.get(row["med_list_codg"]) == _identity(row), row
