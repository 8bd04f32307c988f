"""3201 and 3202 on a real book: every seeded difference is found, none is invented, both conventions."""

from __future__ import annotations

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from accounts_book import COLUMNS, Office, Row, open_till, read_result, zipped
from checkout_till import ANNA, DRUG_A, DRUG_B, SHOP

from settlement.checkout.base import loads
from settlement.errors import BadInput, LedgerConflict

EQUAL, CENTRE, INSTITUTION, DIFFER = "0", "1", "2", "3"


def found(rows: list[dict[str, str]]) -> set[tuple[str, str]]:
    return {(row["setl_id"], row["stmt_rslt"]) for row in rows}


def test_equal_totals_are_equal(office: Office) -> None:
    rows = [office.own(office.settle()) for _ in range(5)]
    told = office.stmt(rows)
    assert told["stmt_rslt"] == EQUAL and told["setl_optins"] == "220400"
    assert "对账一致" in told["stmt_rslt_dscr"] and "5笔" in told["stmt_rslt_dscr"]


@pytest.mark.parametrize(
    ("column", "change", "rslt", "shown"),
    [
        ("medfee", -1, CENTRE, "总费用"),
        ("medfee", 1, INSTITUTION, "总费用"),
        ("fund", -7, CENTRE, "基金支付"),
        ("acct", 100, INSTITUTION, "个人账户"),
    ],
)
def test_each_amount_is_compared(office: Office, column: str, change: int, rslt: str, shown: str) -> None:
    rows = [office.own(office.settle()) for _ in range(3)]
    here = rows[0]._replace(**{column: getattr(rows[0], column) + change})
    told = office.stmt([here, *rows[1:]])
    assert told["stmt_rslt"] == rslt
    centre, mine = (sum(getattr(row, column) for row in side) for side in (rows, [here, *rows[1:]]))
    for figure in (centre, mine, centre - mine):
        text = f"{'-' if figure < 0 else ''}{abs(figure) // 100}.{abs(figure) % 100:02d}"
        assert text in told["stmt_rslt_dscr"].partition(shown)[2]
    assert len(told["stmt_rslt_dscr"]) <= 200


def test_count_and_mixed_differences(office: Office) -> None:
    rows = [office.own(office.settle()) for _ in range(3)]
    assert office.stmt(rows, fixmedins_setl_cnt="2")["stmt_rslt"] == CENTRE
    mixed = [rows[0]._replace(fund=rows[0].fund + 1, acct=rows[0].acct - 1), *rows[1:]]
    told = office.stmt(mixed)
    assert told["stmt_rslt"] == DIFFER and "总费用" not in told["stmt_rslt_dscr"]


def test_a_long_description_still_fits(office: Office) -> None:
    for _ in range(9):
        office.settle(fund_fen=9_999_999_00, acct_fen=9_999_999_00, cash_fen=0, mulaid_fen=0)
    huge = {name: "-99999999.99" for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")}
    told = office.stmt([], fixmedins_setl_cnt="-99999999", **huge)
    assert len(told["stmt_rslt_dscr"]) <= 200 and "笔数" in told["stmt_rslt_dscr"]


def test_only_the_group_and_the_period_asked_for_count(office: Office) -> None:
    mine = [office.own(office.settle(day)) for day in ("2024-05-01", "2024-05-31")]
    for day in ("2024-04-30", "2024-06-01"):
        office.settle(day)
    office.settle(insutype="390")
    office.settle(clr_type="21")
    office.settle(setl_optins="220100")
    office.settle(place="H22040000002")
    assert office.stmt(mine)["stmt_rslt"] == EQUAL
    assert office.details(mine) == []


@pytest.mark.parametrize("how", ["region", "message"])
def test_refunds_counted_or_left_out(office: Office, how: str) -> None:
    kept, gone = office.settle(), office.settle()
    back = office.refund(gone)
    later = office.settle()
    office.refund(later, "2024-06-02")
    every = [office.own(row) for row in (kept, gone, back, later)]
    if how == "region":
        assert office.stmt(every)["stmt_rslt"] == EQUAL
        assert office.stmt([every[0]])["stmt_rslt"] == CENTRE
        office.use(refunds_counted=False)
        assert office.stmt([every[0]])["stmt_rslt"] == EQUAL
        assert "不含退费" in office.stmt([every[0]])["stmt_rslt_dscr"]
        assert office.stmt(every)["stmt_rslt"] == INSTITUTION
    else:
        assert office.stmt([every[0]], refd_setl_flag="0")["stmt_rslt"] == EQUAL
        office.use(refunds_counted=False)
        assert office.stmt(every, refd_setl_flag="001")["stmt_rslt"] == EQUAL


def test_a_refund_that_was_undone_counts_again(office: Office) -> None:
    row = office.settle()
    office.refund(office.refund(row))
    mine = [office.own(row)]
    for refunds in (True, False):
        office.use(refunds_counted=refunds)
        assert office.stmt(mine)["stmt_rslt"] == EQUAL
        assert office.details(mine) == []
        assert found(office.details([])) == {(row.setl_id, CENTRE)}


@pytest.mark.parametrize(
    ("conventions", "with_shared"), [({}, False), ({"mulaid_in_acct": True}, True), ({"mulaid_in_stmt": True}, True)]
)
def test_the_shared_account_is_counted_as_the_region_does(
    office: Office, conventions: dict[str, Any], with_shared: bool
) -> None:
    office.use(**conventions)
    row = office.settle(mulaid_fen=1_234)
    plain = office.own(row)
    shared = plain._replace(acct=plain.acct + 1_234)
    right, wrong = (shared, plain) if with_shared else (plain, shared)
    assert office.stmt([right])["stmt_rslt"] == EQUAL and office.stmt([wrong])["stmt_rslt"] != EQUAL
    assert office.details([right]) == []
    [difference] = office.details([wrong])
    assert difference["stmt_rslt"] == DIFFER and "个人账户" in difference["memo"]


SPOILS = (
    "keep", "drop", "invent", "medfee", "fund", "acct", "mdtrt", "twice", "flag", "drop_minus", "drop_plus", "drop_both",
    "minus_amount",
)  # fmt: skip


def spoil(office: Office, dice: random.Random) -> tuple[list[Row], set[tuple[str, str]]]:
    """Book some settlements and return the institution's list, spoilt, with the differences that this must give."""
    rows: list[Row] = []
    expected: set[tuple[str, str]] = set()
    for number in range(60):
        kind = SPOILS[number % len(SPOILS)]
        booked = office.settle(f"2024-05-{dice.randrange(1, 32):02d}")
        row = office.own(booked)
        minus = None
        if kind.startswith(("drop_", "minus")) or dice.random() < 0.2:
            back = office.refund(booked, f"2024-05-{dice.randrange(int(booked.day[8:]), 32):02d}")
            minus = office.own(back, id_of_first=dice.random() < 0.5)
        mine = [row] if minus is None else [row, minus]
        match kind:
            case "drop" if minus is None:
                mine = []
                expected.add((row.setl_id, CENTRE))
            case "drop" | "drop_both":  # a settlement and its reversal, both unknown to the institution, cancel out
                mine = []
            case "drop_minus":
                mine = [row]
                expected.add((back.setl_id, CENTRE))
            case "drop_plus":
                mine = [minus] if minus else []
                expected.add((row.setl_id, CENTRE))
            case "invent":
                ghost = row._replace(setl_id=f"9{row.setl_id[1:]}")
                mine.append(ghost)
                expected.add((ghost.setl_id, INSTITUTION))
            case "medfee" | "fund" | "acct":
                mine[0] = row._replace(**{kind: getattr(row, kind) + 1})
                expected.add((row.setl_id, DIFFER))
            case "mdtrt":
                mine[0] = row._replace(mdtrt_id="4711")
                expected.add((row.setl_id, DIFFER))
            case "twice":
                mine.append(row)
                expected.add((row.setl_id, INSTITUTION))
            case "flag" if minus is None:
                mine[0] = row._replace(flag="1")
                expected.add((row.setl_id, DIFFER))
            case "minus_amount" if minus is not None:
                mine[1] = minus._replace(fund=minus.fund - 1)
                expected.add((back.setl_id, DIFFER))
        rows += mine
    dice.shuffle(rows)
    return rows, expected


@pytest.mark.parametrize("seed", range(4))
def test_every_seeded_difference_is_found_and_none_invented(tmp_path: Path, seed: int) -> None:
    office = Office(open_till(tmp_path), seed)
    rows, expected = spoil(office, random.Random(seed))
    result = office.details(rows)
    assert found(result) == expected
    assert len(result) == len(expected)
    assert {row["stmt_rslt"] for row in result} == {CENTRE, INSTITUTION, DIFFER}
    for row in result:
        assert row["memo"] and row["refd_setl_flag"] in ("0", "1")
        known = row["stmt_rslt"] != INSTITUTION
        setl = office.till.house.ledger.fact("setl", row["setl_id"])
        if known:
            assert setl is not None
            assert (row["msgid"], row["psn_no"]) == tuple(loads(setl.content)[name] for name in ("msgid", "psn_no"))
    assert "中心多" in office.answer["warn_msg"]
    office.till.house.ledger.close()


def test_the_clerk_is_told_what_to_do(office: Office) -> None:
    ghost = office.settle(fund_fen=1_00)
    late = office.settle("2024-06-01")
    [one, other] = office.details([office.own(late)])
    assert (one["setl_id"], one["stmt_rslt"]) == (late.setl_id, INSTITUTION) and "2024-06-01" in one["memo"]
    assert (other["setl_id"], other["msgid"]) == (ghost.setl_id, "M1")
    assert "2601" in other["memo"] and "2207" in other["memo"] and other["fund_pay_sumamt"] == "1.00"


def test_another_institutions_settlement_is_unknown(office: Office) -> None:
    theirs = office.own(office.settle(place="H22040000002"))
    [row] = office.details([theirs])
    assert row["stmt_rslt"] == INSTITUTION and row["msgid"] == "" and "不在本次对账范围" not in row["memo"]


def test_left_out_refunds_in_a_file(office: Office) -> None:
    """Both rows of a refund cancel out; a plus row alone means that the institution does not know of the refund."""
    office.use(refunds_counted=False)
    kept, gone, half = (office.settle() for _ in range(3))
    back, _ = office.refund(gone), office.refund(half)
    assert office.details([office.own(kept)]) == []
    assert office.details([office.own(row) for row in (kept, gone, back)]) == []
    [row] = office.details([office.own(kept), office.own(half)])
    assert (row["setl_id"], row["stmt_rslt"]) == (half.setl_id, INSTITUTION) and "退费" in row["memo"]


def test_the_columns_can_stand_the_other_way_round(office: Office) -> None:
    office.use(stmt_rslt_first=False)
    office.settle()
    office.refund(office.settle())
    file_qury_no = office.upload(zipped(""))
    office.till.send("3202", {"data": office.totals([]) | {"file_qury_no": file_qury_no}}, "R1")
    stored = office.till.house.ledger.find("H22040000001", "R1")
    assert stored is not None
    result = office.fetch(loads(stored.answer)["output"]["fileinfo"]["file_qury_no"])
    swapped = (*COLUMNS[:4], "refd_setl_flag", "stmt_rslt", *COLUMNS[6:])
    assert [(row["refd_setl_flag"], row["stmt_rslt"]) for row in read_result(result, swapped)] == [("0", CENTRE)]


def test_a_retry_gets_the_same_bytes_and_the_book_keeps_the_finding(office: Office) -> None:
    row = office.settle()
    node = office.totals([]) | {"file_qury_no": office.upload(zipped(""))}
    first = office.till.send("3202", {"data": node}, "R1")
    office.settle()  # what is booked later changes nothing of what was told
    assert office.till.send("3202", {"data": node}, "R1") == first
    with pytest.raises(LedgerConflict, match="L01"):
        office.till.send("3202", {"data": node | {"clr_type": "21"}}, "R1")
    kept = office.till.house.ledger.fact("stmt", first["output"]["fileinfo"]["file_qury_no"])
    assert kept is not None
    told = loads(kept.content)
    assert told["found"] == {CENTRE: 1} and told["booked"] == 1 and told["upto_seq"] == 2
    assert found(read_result(office.fetch(first["output"]["fileinfo"]["file_qury_no"]))) == {(row.setl_id, CENTRE)}
    assert office.till.house.ledger.verify() == []


@pytest.mark.parametrize("name", ["medfee_sumamt", "fund_pay_sumamt", "fixmedins_setl_cnt"])
def test_the_message_must_agree_with_its_own_file(office: Office, name: str) -> None:
    rows = [office.own(office.settle()), office.own(office.settle())]
    with pytest.raises(BadInput, match=f"B70.*{name}") as refused:
        office.details(rows, **{name: "7"})
    assert "7" in refused.value.zh


def test_the_cash_that_no_row_carries_is_told(office: Office) -> None:
    booked = office.settle(cash_fen=4_200)
    office.details([office.own(booked)])
    assert office.answer["warn_msg"] == "现金合计 机构0.00 中心42.00"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"stmt_begndate": "2024-06-01"}, "B61"),
        ({"stmt_begndate": "2024-02-30"}, "B61"),
        ({"stmt_begndate": "2023-05-01"}, "B61"),
        ({"insutype": ""}, "B60"),
        ({"acct_pay": "ten"}, "B82"),
        ({"fixmedins_setl_cnt": "1.5"}, "B82"),
    ],
)
def test_a_question_that_is_none_is_refused(office: Office, change: dict[str, str], code: str) -> None:
    with pytest.raises(BadInput, match=code) as refused:
        office.stmt([], **change)
    assert refused.value.zh and refused.value.code.startswith(code)


def test_from_the_till_to_the_clerk(tmp_path: Path) -> None:
    """A pharmacy's day: three sales, one given back, one that only the centre knows; found, reversed, equal."""
    till = open_till(tmp_path, datetime(2024, 5, 6, 9, 0, 0))
    office = Office(till)
    day = {"stmt_begndate": "2024-05-06", "stmt_enddate": "2024-05-06", "clr_type": "41"}
    sales = []
    for total, lines in (("37.00", [DRUG_A]), ("32.80", [DRUG_B]), ("69.80", [DRUG_A, DRUG_B])):
        sales.append(till.send("2102", till.purchase(ANNA, total, lines), place=SHOP)["output"]["setlinfo"])
    sales.append(till.send("2103", till.cancel_of(sales[0]), place=SHOP)["output"]["setlinfo"])
    rows = [_own(info) for info in sales]
    totals = till.send("3201", {"data": office.totals(rows) | day}, place=SHOP)["output"]["stmtinfo"]
    assert totals["stmt_rslt"] == EQUAL
    till.send("2102", till.purchase(ANNA, "32.80", [DRUG_B]), "GHOST", place=SHOP)
    totals = till.send("3201", {"data": office.totals(rows) | day}, place=SHOP)["output"]["stmtinfo"]
    assert (
        totals["stmt_rslt"] == CENTRE and "差32.80" in totals["stmt_rslt_dscr"] and "差1笔" in totals["stmt_rslt_dscr"]
    )
    file_qury_no = office.upload(zipped("\n".join(row.text() for row in rows)), place=SHOP)
    node = office.totals(rows) | day | {"file_qury_no": file_qury_no}
    fileinfo = till.send("3202", {"data": node}, place=SHOP)["output"]["fileinfo"]
    [ghost] = read_result(office.fetch(fileinfo["file_qury_no"], SHOP))
    assert (ghost["msgid"], ghost["stmt_rslt"], ghost["psn_no"], ghost["medfee_sumamt"]) == (
        "GHOST",
        "1",
        ANNA,
        "32.80",
    )
    till.undo(ANNA, ghost["msgid"], "2102", place=SHOP)
    totals = till.send("3201", {"data": office.totals(rows) | day}, place=SHOP)["output"]["stmtinfo"]
    assert totals["stmt_rslt"] == EQUAL
    fileinfo = till.send("3202", {"data": node}, place=SHOP)["output"]["fileinfo"]
    assert read_result(office.fetch(fileinfo["file_qury_no"], SHOP)) == []
    assert till.house.ledger.verify() == []
    till.house.ledger.close()


def _own(info: dict[str, Any]) -> Row:
    medfee, fund, acct = (
        round(float(info[name]) * 100) for name in ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")
    )  # fmt: skip
    flag = "1" if medfee < 0 else "0"
    return Row(info["setl_id"], info["mdtrt_id"], info["psn_no"], medfee, fund, acct, flag)
