"""1301 to 1319 and 1901: what the files hold is what the rules settle by, no more; what we do not have is empty."""

from __future__ import annotations

import csv
import io
import tomllib
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from accounts_book import Office, bytes_of, rulebook

from settlement.checkout import downloads
from settlement.checkout.base import loads
from settlement.checkout.setlinfo import FUND_PAY_TYPE_NAME
from settlement.errors import BadInput
from settlement.rules.catalogue import load_catalogue
from settlement.rules.rulebook import CATALOGUE, Rulebook

AT = 0  # med_list_codg
KNOWN = {"1301": 97, "1302": 33, "1305": 20, "1306": 71}


def ask(office: Office, infno: str, area: str = "220402", **data: str) -> dict[str, Any]:
    said = office.till.said(infno, {"data": data})._replace(mdtrtarea_admvs=area)
    return loads(bytes_of(office.till, said))


def rows_of(office: Office, infno: str, area: str = "220402", ver: str = "0") -> list[list[str]]:
    """Ask for a catalogue, fetch its file, read it by hand."""
    told = ask(office, infno, area, ver=ver)["output"]
    with zipfile.ZipFile(io.BytesIO(office.fetch(told["file_qury_no"]))) as file:
        [name] = file.namelist()
        lines = csv.reader(io.StringIO(file.read(name).decode("utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = list(lines)
    assert str(len(rows)) == told["data_cnt"] and len(told["file_qury_no"]) == 30
    return rows


def shipped(*files: str) -> dict[tuple[str, str], dict[str, str]]:
    """Return the rows of the shipped catalogue by code and day, the last file's before the first's."""
    found = {}
    for file in files:
        with (CATALOGUE / file).open(encoding="utf-8-sig", newline="") as lines:
            found |= {(row["med_list_codg"], row["from"]): row for row in csv.DictReader(lines)}
    return found


def test_the_form_of_a_code_tells_its_list() -> None:
    told = {code: row["list_type"] for (code, _), row in shipped("000000_national.csv", "220000_jilin.csv").items()}
    assert len(told) > 400
    assert {code: downloads.list_type_of(code) for code in told} == told


@pytest.mark.parametrize("infno", KNOWN)
def test_a_file_holds_the_catalogue_of_the_place(office: Office, infno: str) -> None:
    rows = rows_of(office, infno)
    assert rows and {len(row) for row in rows} == {KNOWN[infno]}
    for area, files in {
        "220402": ("000000_national.csv", "220000_jilin.csv"),
        "310101": ("000000_national.csv",),
    }.items():
        expected = shipped(*files)
        mine = rows_of(office, infno, area)
        wanted = {key for key, row in expected.items() if row["list_type"] == downloads.LIST_TYPE[infno]}
        assert Counter((row[AT], row[2]) for row in mine) == Counter(wanted)
        for row in mine:
            source = expected[row[AT], row[2]]
            limit = source["pric_uplmt_amt"]
            assert row[1:7] == [
                source["name"], source["from"], source["list_type"], source["med_chrgitm_type"], source["chrgitm_lv"],
                source["selfpay_prop"],
            ]  # fmt: skip
            assert float(row[7]) == float(limit or 999999)
            assert set(row[9:-1]) <= {"null"} and row[-1] == source["from"].replace("-", "")


def test_only_newer_rows_for_who_has_a_version(office: Office) -> None:
    every = rows_of(office, "1301")
    versions = sorted({row[-1] for row in every})
    assert len(versions) > 1
    newer = rows_of(office, "1301", ver=versions[0])
    assert newer == [row for row in every if row[-1] > versions[0]] and newer
    assert rows_of(office, "1301", ver=f"F001_{versions[-1]}000000_A") == []
    assert rows_of(office, "1301", ver="") == every
    with pytest.raises(BadInput, match="B80") as refused:
        ask(office, "1301", ver="newest")
    assert "newest" in refused.value.zh


@pytest.mark.parametrize("infno", ["1303", "1307", "1308", "1309", "1310", "1311", "1313", "1314", "1315"])
def test_what_we_do_not_have_is_empty_and_says_so(office: Office, infno: str) -> None:
    answer = ask(office, infno, ver="0")
    assert answer["output"]["data_cnt"] == "0" and "暂无" in answer["warn_msg"]
    assert rows_of(office, infno) == []


def test_a_sample_says_that_it_is_one(office: Office) -> None:
    assert "样例" in ask(office, "1301", ver="0")["warn_msg"]


def test_a_handle_of_other_rules_is_stale(office: Office, tmp_path: Path) -> None:
    told = ask(office, "1302", ver="0")["output"]
    folder = tmp_path / "catalogue"
    folder.mkdir()
    for file in CATALOGUE.iterdir():
        text = file.read_text(encoding="utf-8")
        (folder / file.name).write_text(text.replace("黄芪", "黄耆"), encoding="utf-8")
    changed = Rulebook(rulebook().pools, load_catalogue(folder))
    assert changed.digest != rulebook().digest
    office.till.house = office.till.house._replace(book=changed)
    with pytest.raises(BadInput, match="B65"):
        office.fetch(told["file_qury_no"])


def test_limits_and_ratios_are_those_the_rules_settle_by(office: Office) -> None:
    limits = ask(office, "1318")["output"]["data"]
    today = f"{office.till.time:%Y-%m-%d}"
    expected: dict[str, dict[str, str]] = {}
    for file in ("000000_national.csv", "220000_jilin.csv"):  # the province's rows stand before the nation's
        in_force = sorted((day, code) for code, day in shipped(file) if day <= today)
        expected |= {code: shipped(file)[code, day] for day, code in in_force}
    expected = {code: row for code, row in expected.items() if row["pric_uplmt_amt"]}
    assert {row["hilist_code"] for row in limits} == set(expected)
    for row in limits:
        assert float(row["hilist_pric_uplmt_amt"]) == float(expected[row["hilist_code"]]["pric_uplmt_amt"])
    code = "XA10BJL326B002010100000"
    [jilin] = ask(office, "1319", hilist_code=code)["output"]["data"]
    [beijing] = ask(office, "1319", "110101", hilist_code=code)["output"]["data"]
    national = shipped("000000_national.csv")[code, jilin["begndate"]]["selfpay_prop"]
    assert (jilin["selfpay_prop"], jilin["insu_admdvs"]) == ("0.2000", "220000")
    assert (beijing["selfpay_prop"], beijing["insu_admdvs"]) == (national, "000000")


def test_catalogue_rows_by_name_list_day_and_page(office: Office) -> None:
    answer = ask(office, "1312", hilist_name="奥美拉唑", list_type="101")
    rows = answer["output"]["data"]
    assert len(rows) > 1 and all("奥美拉唑" in row["hilist_name"] for row in rows)
    assert answer["output"]["recordCounts"] == str(len(rows))
    paged = ask(office, "1312", hilist_name="奥美拉唑", list_type="101", page_num="2", page_size="1")["output"]
    assert paged["data"] == rows[1:2] and paged["recordCounts"] == str(len(rows))
    assert ask(office, "1312", query_date="2001-01-01")["output"]["data"] is None
    assert ask(office, "1312", updt_time="2099-01-01 00:00:00")["output"]["data"] is None
    for infno in ("1304", "1316", "1317"):
        none = ask(office, infno)
        assert none["output"]["data"] is None and "暂无" in none["warn_msg"]


def test_the_dictionary_names_codes_with_their_trust(office: Office) -> None:
    rows = ask(office, "1901", type="insutype")["output"]["list"]
    assert {row["value"]: row["label"] for row in rows}["390"] == "城乡居民基本医疗保险"
    levels = ask(office, "1901", type="hosp_lv")["output"]["list"]
    assert {row["value"] for row in levels if row["memo"]} == {str(level) for level in range(1, 11)}
    here = {row["value"] for row in ask(office, "1901", type="med_type")["output"]["list"]}
    beijing = {row["value"] for row in ask(office, "1901", type="med_type", admdvs="110101")["output"]["list"]}
    assert "140201" in here and "140201" not in beijing and "21" in here & beijing
    assert ask(office, "1901", type="no_such_table")["output"]["list"] is None
    with pytest.raises(BadInput, match="B60"):
        ask(office, "1901")


def test_the_dictionary_is_whole_and_agrees_with_what_is_settled() -> None:
    raw = tomllib.loads(downloads.DICTIONARY.read_text(encoding="utf-8"))["table"]
    assert len(raw) == len({table["type"] for table in raw}) > 30
    for table in raw:
        assert table["title"] and table["codes"]
        assert len({(value, area) for value, _, _, area in table["codes"]}) == len(table["codes"]), table["type"]
        for value, label, mark, area in table["codes"]:
            assert value and label and mark in downloads.MARKS and (area == "" or len(area) == 6)
    funds = {value: label for value, label, _, _ in downloads.tables()["fund_pay_type"]}
    for code, name in FUND_PAY_TYPE_NAME.items():
        assert code in funds
        if code != "999996":  # the table calls it what the hospital advances, which is not what is meant here
            assert funds[code] == name
