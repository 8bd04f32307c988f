"""A rule published late, on a real book: which settlements would be others, to the fen, by numbers worked by hand."""

import json
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from settlement.author import corrections_report
from settlement.author.corrections import Report, corrections, fund_change_fen
from settlement.author.phrases import Speech
from settlement.checkout import Checkout
from settlement.ledger import Booking, CounterKey, Desk, Message, Posting, SqliteLedger
from settlement.money import fen, yuan
from settlement.registry import Institution, InsuredPerson, Registry
from settlement.rules.catalogue import Catalogue
from settlement.rules.load import read_pool
from settlement.rules.rulebook import Rulebook

GIVEN = tomllib.loads((Path(__file__).parent / "corrections.toml").read_text(encoding="utf-8"))
OLD, LATE = GIVEN["pool"]["text"], GIVEN["pool"]["text"] + GIVEN["pool"]["late"]
WARD = Institution("H99010000001", "示例医院", "990100", "2")
PERSON = InsuredPerson(
    "99010000000000000001", "99010019800101001X", "虚构", "CARD", "active", "990100", "310", "1101", "1", "0",
    date(1980, 1, 1), "100.00", (),
)  # fmt: skip


def rulebook(*texts: str) -> Rulebook:
    read = [read_pool(tomllib.loads(text), f"{at}.toml", text) for at, text in enumerate(texts)]
    assert [faults for _, faults in read] == [[]] * len(texts)
    return Rulebook({pool.code: pool for pool, _ in read if pool}, Catalogue([]))


def basket(stay: dict[str, Any]) -> dict[str, Any]:
    day = stay["day"].isoformat()
    line = {"feedetl_sn": "1", "cnt": "1", "det_item_fee_sumamt": stay["bill"], "chrgitm_lv": "01"}
    return {"med_type": "21", "begntime": day, "endtime": day, "setl_time": f"{day} 10:00:00", "feedetail": [line]}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    with SqliteLedger(tmp_path / "book.sqlite") as book:
        yield book


def settle(ledger: SqliteLedger, person: InsuredPerson = PERSON, upto: int = 4) -> None:
    books = {"old": rulebook(OLD), "late": rulebook(LATE)}
    for stay in GIVEN["stay"][:upto]:
        till = Checkout(books[stay.get("under", "old")], ledger, Registry([person], [WARD]))
        answer = till.settle(person, basket(stay), WARD.fixmedins_code, stay["msgid"] + person.psn_no[-1])
        assert answer.content["setlinfo"]["fund_pay_sumamt"] == stay["fund"]


def found(ledger: SqliteLedger, book: Rulebook, since: date = date(2024, 1, 1)) -> Report:
    return corrections(ledger.settlements(), book, since)


def amounts(report: Report) -> dict[str, dict[str, list[str]]]:
    return {
        each.msgid[:2]: {a.name: [yuan(a.old_fen), yuan(a.new_fen)] for a in each.amounts}
        for each in report.corrections
    }


def test_each_settlement_to_the_fen(ledger: SqliteLedger) -> None:
    settle(ledger)
    before = list(ledger.settlements())
    report = found(ledger, rulebook(LATE))
    assert amounts(report) == GIVEN["expected"]
    assert [(c.msgid[:2], c.by_counters) for c in report.corrections] == [("M2", False), ("M3", False), ("M4", True)]
    assert (report.differing, report.unchanged, report.lacks) == (3, 1, ())  # M1 lies before the late rule
    assert fund_change_fen(report) == fen("0.00")  # 430.00 + 1570.00 − 2000.00: the cap of 12000 is reached either way
    assert list(ledger.settlements()) == before and ledger.verify() == []


def test_the_rule_is_named(ledger: SqliteLedger) -> None:
    settle(ledger, upto=3)
    report = found(ledger, rulebook(LATE))
    (layer,) = report.corrections[0].layers
    line = 1 + LATE[: LATE.index("[[benefit]]", LATE.index("[[benefit]]") + 1)].count("\n")
    assert layer.new_rule.startswith(f"0.toml:{line} hifp_pay level 2") and layer.old_rule != layer.new_rule
    assert layer.cite is not None and layer.cite.text() == "《补发的通知》 示医保发〔2024〕9号 第二条"
    assert (layer.old_dedc_fen, layer.new_dedc_fen) == (fen("400.00"), fen("400.00"))
    assert fund_change_fen(report) == fen("2000.00")
    text = corrections_report.text(report, Speech("zh"))
    assert "6,880.00 → 7,310.00（+430.00）" in text and "补发的通知" in text and "由夜间处理入账" in text
    assert "The night books them" in corrections_report.text(report, Speech("en"))
    assert PERSON.psn_no not in text + json.dumps(corrections_report.as_json(report))


def test_since(ledger: SqliteLedger) -> None:
    """Only what was settled since the day begins a replay; it begins from the counters as booked: 8880 used."""
    settle(ledger, upto=3)
    report = found(ledger, rulebook(LATE), date(2024, 6, 1))
    assert [c.msgid[:2] for c in report.corrections] == ["M3"] and report.differing == 1
    assert amounts(report)["M3"]["fund_pay_sumamt"] == ["1120.00", "3120.00"]  # 12000 − 8880 = 3120 of 3145
    assert found(ledger, rulebook(LATE), date(2024, 8, 1)).corrections == ()


def test_another_area_changes_nothing(ledger: SqliteLedger) -> None:
    """The digest differs and every settlement is replayed: each must come out as the till made it."""
    settle(ledger, upto=3)
    report = found(ledger, rulebook(OLD, GIVEN["pool"]["unrelated"]))
    assert (report.differing, report.unchanged, report.corrections, report.lacks) == (3, 3, (), ())
    same = found(ledger, rulebook(OLD))
    assert (same.differing, same.unchanged, same.corrections) == (0, 0, ())


def test_persons_do_not_touch_each_other(ledger: SqliteLedger) -> None:
    settle(ledger, upto=2)
    settle(ledger, PERSON._replace(psn_no="99010000000000000002", certno="990100198001010020"), upto=3)
    report = found(ledger, rulebook(LATE))
    assert [c.msgid for c in report.corrections] == ["M21", "M22", "M32"]
    assert [amounts(report)[m]["hifp_pay"][1] for m in ("M2", "M3")] == ["7310.00", "2690.00"]


def test_a_claim_that_would_be_refused(ledger: SqliteLedger) -> None:
    settle(ledger, upto=1)
    report = found(
        ledger, rulebook(OLD.replace("by_level = { 2 =", "by_level = { 3 =").replace("rate = { 2 =", "rate = { 3 ="))
    )
    assert [(c.msgid[:2], c.refused, c.amounts) for c in report.corrections] == [("M1", "R02_LEVEL_MISSING", ())]
    assert "R02_LEVEL_MISSING" in corrections_report.text(report, Speech("zh"))


def test_a_counter_of_another_name_is_said(ledger: SqliteLedger) -> None:
    """The replay begins in May with what the book counted until then; the new name stands at 0 there."""
    settle(ledger, upto=3)
    report = found(ledger, rulebook(LATE.replace('counter = "pool"', GIVEN["pool"]["renamed"])), date(2024, 5, 1))
    assert [(lack.seq, lack.code, lack.what.split(":")[0]) for lack in report.lacks] == [
        (2, "gone", "990100 pool"), (2, "new", "990100 pool_of_2024"),
    ]  # fmt: skip
    assert amounts(report)["M3"]["fund_pay_sumamt"] == [
        "1120.00",
        "3145.00",
    ]  # 7310 of 12000 are counted, 9310 were used


def test_what_cannot_be_read_is_said_and_its_counters_are_kept(ledger: SqliteLedger) -> None:
    settle(ledger, upto=1)
    key = CounterKey("990100", "year", "2024-01-01", "pool")

    def by_hand(desk: Desk) -> Booking:
        state = desk.person(PERSON.psn_no)
        postings = (Posting("institution", "", 100_000), Posting("fund:hifp_pay", "310100", -100_000))
        return Booking(b"{}", "HAND", {key: state.counters[key] + 100_000}, None, postings)

    ledger.settle(Message(WARD.fixmedins_code, "HAND", "7001", b"paper", PERSON.psn_no, ""), by_hand)
    till = Checkout(rulebook(OLD), ledger, Registry([PERSON], [WARD]))
    till.settle(PERSON, basket(GIVEN["stay"][1]), WARD.fixmedins_code, "M2")
    till.settle(PERSON, basket(GIVEN["stay"][2]), WARD.fixmedins_code, "M3")
    report = found(ledger, rulebook(LATE))
    assert [(lack.seq, lack.code) for lack in report.lacks] == [(2, "message")]
    # 2000 + 1000 by hand + 7310 = 10310 used: 1690 of 3145 are left; in the book 2000 + 1000 + 6880: 120 were left
    assert amounts(report)["M3"]["fund_pay_sumamt"] == ["120.00", "1690.00"]


def test_what_was_given_back_is_no_correction_and_counts_no_more(ledger: SqliteLedger) -> None:
    till = Checkout(rulebook(OLD), ledger, Registry([PERSON], [WARD]))
    stays = [basket(stay) for stay in GIVEN["stay"][:3]]
    till.settle(PERSON, stays[0], WARD.fixmedins_code, "M1")
    second = till.settle(PERSON, stays[1], WARD.fixmedins_code, "M2")
    till.cancel(PERSON, second.setl_id, WARD.fixmedins_code, "M2back")
    till.settle(PERSON, stays[2], WARD.fixmedins_code, "M3")
    report = found(ledger, rulebook(LATE))
    assert set(amounts(report)) == {"M3"} and report.lacks == ()
    # M3 is the second admission now, 400 of its 4000 are the deductible, and the cap is far: 3600 x 80 %, then x 85 %
    assert amounts(report)["M3"]["fund_pay_sumamt"] == ["2880.00", "3060.00"]


def test_the_command(ledger: SqliteLedger, tmp_path: Path) -> None:
    settle(ledger, upto=3)
    ledger.close()
    (tmp_path / "pools").mkdir()
    (tmp_path / "pools" / "990100_example.toml").write_text(LATE, encoding="utf-8")
    command = [sys.executable, "-m", "settlement.cli", "rules", "corrections", "--since", "2024-01-01", "--book"]
    asked = ["book.sqlite", "--pools", "pools", "--format", "json"]
    done = subprocess.run([*command, *asked], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["fund_change"], told["unchanged"], told["booked"]) == ("2000.00", 1, False)
    assert told["corrections"][1]["amounts"]["hifp_pay"] == {"old": "1120.00", "new": "2690.00"}
    assert told["corrections"][1]["layers"][0]["confidence"] == "secondary"
    gone = subprocess.run([*command, "no.sqlite"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert gone.returncode == 2 and "F02_NO_FILE" in gone.stderr and not (tmp_path / "no.sqlite").exists()
