"""The file of 3202 as institutions send it: bad rows, bad files, damage, bombs, encodings."""

from __future__ import annotations

import io
import random
import zipfile

import pytest
from accounts_book import Office, read_result, zipped

from settlement.checkout import statement
from settlement.errors import BadInput


def good_line(**change: str) -> str:
    cells = dict(zip(
        ("setl_id", "mdtrt_id", "psn_no", "medfee", "fund", "acct", "flag", "exp"),
        ("1", "2", "3", "5.00", "1.00", "2.00", "0", "null"), strict=True,
    ))  # fmt: skip
    return "\t".join((cells | change).values())


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("1\t2\t3", "3 列"),
        (good_line() + "\textra", "9 列"),
        (good_line(setl_id="null"), "setl_id"),
        (good_line(setl_id="x" * 31), "setl_id"),
        (good_line(medfee="null"), "medfee_sumamt"),
        (good_line(medfee="5.001"), "medfee_sumamt"),
        (good_line(fund="1e3x"), "fund_pay_sumamt"),
        (good_line(acct="￥5"), "acct_pay"),
        (good_line(flag="2"), "refd_setl_flag"),
        ("", "1 列"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(office: Office, line: str, says: str) -> None:
    file_qury_no = office.upload(zipped(f"{good_line()}\r\n{line}\n{good_line()}"))
    with pytest.raises(BadInput, match="B69") as refused:
        office.till.send("3202", {"data": office.totals([]) | {"file_qury_no": file_qury_no}})
    assert "第 2 行" in refused.value.zh and says in refused.value.zh


def _two_files() -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr("a.txt", good_line())
        file.writestr("b.txt", good_line())
    return made.getvalue()


def _encrypted_flag() -> bytes:
    content = bytearray(zipped(good_line()))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(mark) + offset] |= 1
    return bytes(content)


BAD_FILES = {
    "no zip": b"setl_id\t1", "two files": _two_files(), "encrypted": _encrypted_flag(),
    "cut off": zipped(good_line() * 100)[:-40], "damaged": zipped(good_line() * 100).replace(b"\x01", b"\x02"),
    "not text": zipped(b"\xff\xff\xff\t\n"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BAD_FILES)
def test_a_bad_file_is_refused(office: Office, kind: str) -> None:
    file_qury_no = office.upload(BAD_FILES[kind])
    with pytest.raises(BadInput, match=r"B6[89]"):
        office.till.send("3202", {"data": office.totals([]) | {"file_qury_no": file_qury_no}})


def test_a_damaged_file_is_refused_whatever_is_damaged() -> None:
    dice, good = random.Random(3), zipped("\n".join(good_line(setl_id=str(number)) for number in range(50)))
    outcomes = set()
    for _ in range(3000):
        spoilt = bytearray(good)
        for _ in range(dice.randrange(1, 6)):
            at = dice.randrange(len(spoilt))
            spoilt[at : at + dice.randrange(2)] = bytes(dice.randrange(256) for _ in range(dice.randrange(3)))
        try:
            outcomes.add(len(statement.read_statement(bytes(spoilt))))
        except BadInput as refused:
            outcomes.add(refused.code)
    assert outcomes == {50, "B68_STATEMENT_FILE"}  # whole, or not at all


def test_a_zip_bomb_is_refused_before_it_unpacks(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    bomb = zipped(b"0" * (statement.LARGEST_TEXT + 2))
    assert len(bomb) < 100_000
    file_qury_no = office.upload(bomb)
    with pytest.raises(BadInput, match=r"B68.*more than"):
        office.till.send("3202", {"data": office.totals([]) | {"file_qury_no": file_qury_no}})
    monkeypatch.setattr(statement, "MOST_ROWS", 2)
    file_qury_no = office.upload(zipped(f"{good_line()}\n" * 3))
    with pytest.raises(BadInput, match=r"B68.*rows"):
        office.till.send("3202", {"data": office.totals([]) | {"file_qury_no": file_qury_no}})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings_short_rows_and_nulls(office: Office, encoding: str) -> None:
    booked = office.settle(fund_fen=0, acct_fen=0, mulaid_fen=0, cash_fen=500)
    line = f"{booked.setl_id}\tnull\tnull\t5.00\tNULL\t\t000\t备注说明"
    no_note = line.rsplit("\t", 1)[0]
    for text in (line, no_note):
        assert statement.read_statement(zipped(text.encode(encoding)))[0].medfee_fen == 500
        node = office.totals([office.own(booked)], cash=500)
        node["file_qury_no"] = office.upload(zipped(text.encode(encoding)))
        answer = office.till.send("3202", {"data": node})
        assert read_result(office.fetch(answer["output"]["fileinfo"]["file_qury_no"])) == []
        assert "warn_msg" not in answer
