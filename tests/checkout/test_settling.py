"""2207, 2304 and 2102, and the pre-settlements of each: what is answered, what is booked, and what is refused."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from checkout_till import ANNA, BED, BEN, DORA, DRUG_A, DRUG_B, HOSPITAL, OTHER_HOSPITAL, SHOP, STAY_LINES, Till
from visit_till import open_till, registry, rulebook

from settlement.checkout.base import loads, message_of
from settlement.checkout.refusals import Differs
from settlement.checkout.setlinfo import AMOUNTS
from settlement.checkout.settling import settle_group, work
from settlement.errors import BadInput, LedgerConflict
from settlement.identities import check
from settlement.ledger import Booking
from settlement.money import fen
from settlement.national.routes import ROUTES, check_output
from settlement.registry import Chronic, Registry

MANY = [{**BED, "cnt": "20", "det_item_fee_sumamt": "700.00"}]


def amounts(answer: dict[str, Any]) -> dict[str, int]:
    return {name: fen(answer["output"]["setlinfo"][name]) for name in AMOUNTS}


def sums(output: dict[str, Any]) -> tuple[int, int]:
    """Return what setldetail sums to, and fund + account + shared account + hospital."""
    info = {name: fen(output["setlinfo"][name]) for name in AMOUNTS}
    named = info["fund_pay_sumamt"] + info["acct_pay"] + info["acct_mulaid_pay"] + info["hosp_part_amt"]
    return sum(fen(row["fund_payamt"]) for row in output["setldetail"]), named


def test_an_outpatient_settlement_has_every_field_and_adds_up(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, MANY)
    answer = till.send("2207", till.asked(ANNA, mdtrt_id, "700.00"), "M1")
    info, output = answer["output"]["setlinfo"], answer["output"]
    assert check_output(ROUTES["2207"], output) == []
    assert set(check(amounts(answer)).values()) == {"holds"}
    assert sums(output) == (fen(info["medfee_sumamt"]) - fen(info["psn_cash_pay"]),) * 2
    assert (info["mdtrt_id"], info["medins_setl_id"], info["psn_name"], info["age"]) == (mdtrt_id, "M1", "虚构甲", "56")
    assert (info["clr_type"], info["clr_optins"], info["setl_time"]) == ("11", "220400", "2024-05-01 09:00:03")
    # 20 days at 25.00 a day in scope, 300.00 deductible at a secondary hospital, 60 %
    assert (info["inscp_scp_amt"], info["act_pay_dedc"], info["hifp_pay"]) == ("500.00", "300.00", "120.00")
    assert (info["acct_pay"], info["psn_cash_pay"], info["balc"]) == ("580.00", "0.00", "793.63")
    pool = output["setldetail"][0]
    assert (pool["fund_pay_type"], pool["fund_payamt"], pool["crt_payb_lmt_amt"]) == ("310100", "120.00", "2000.00")
    assert info["pool_prop_selfpay"] == "0.6000"
    assert "60%" in pool["setl_proc_info"] and "可信度" in pool["setl_proc_info"]
    assert till.balance(ANNA) == 79363


def test_one_entry_opens_the_account_and_settles(till: Till) -> None:
    answer = till.send("2102", till.purchase(ANNA, "69.80", [DRUG_A, DRUG_B]), "M1", SHOP)
    assert check_output(ROUTES["2102"], answer["output"]) == []
    [entry] = till.house.ledger.settlements()
    posted = {(p.account, p.fund_pay_type): p.amount_fen for p in entry.postings if p.account != "account"}
    assert posted == {("opening", ""): -137363, ("institution", ""): 6980}
    assert [p.amount_fen for p in entry.postings if p.account == "account"] == [137363, -6980]
    assert entry.state.version == 1 and entry.state.acct_balc_fen == 130383
    assert entry.settlement is not None and entry.settlement.clr_type == "41"
    lines = answer["output"]["detlcutinfo"]
    assert [line["feedetl_sn"] for line in lines] == ["1", "2"]
    for line in lines:
        parts = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")
        assert sum(fen(line[name]) for name in parts) == fen(line["det_item_fee_sumamt"])
    assert (lines[0]["preselfpay_amt"], lines[0]["selfpay_prop"], lines[0]["chrgitm_lv"]) == ("3.70", "0.1000", "02")
    again = till.send("2102", till.purchase(ANNA, "69.80", [DRUG_A, DRUG_B]), "M2", SHOP)
    assert again["output"]["setlinfo"]["balc"] == "1234.03"


def test_a_stay_is_settled_after_its_discharge(till: Till) -> None:
    mdtrt_id = till.stay(BEN, STAY_LINES)
    answer = till.send("2304", till.of_stay(BEN, mdtrt_id, "1867.00", acct_used_flag=""))
    info = answer["output"]["setlinfo"]
    assert check_output(ROUTES["2304"], answer["output"]) == []
    assert (info["clr_type"], info["act_pay_dedc"]) == ("21", "500.00")
    with pytest.raises(BadInput, match="B09"):
        till.send("2304", till.of_stay(BEN, mdtrt_id, "1867.00"))
    assert {name.partition(" ")[2] for name in till.counters(BEN)} >= {"admissions"}


def test_a_stay_that_is_not_over(till: Till) -> None:
    mdtrt_id = till.stay(BEN, STAY_LINES)
    with pytest.raises(BadInput, match="B12"):
        till.send("2304", till.of_stay(BEN, mdtrt_id, "1867.00", mid_setl_flag="1"))
    till.send("2405", {"data": {"psn_no": BEN, "mdtrt_id": mdtrt_id}})
    assert till.send("2303", till.of_stay(BEN, mdtrt_id, "1867.00"))["output"]["setlinfo"]["setl_id"] is None
    with pytest.raises(BadInput, match="B08"):
        till.send("2304", till.of_stay(BEN, mdtrt_id, "1867.00"))


def test_only_the_batch_that_is_asked_for(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A], [DRUG_B], [BED])
    one = till.send("2207", till.asked(ANNA, mdtrt_id, "32.80", "2"))
    with pytest.raises(BadInput, match="B09"):
        till.send("2207", till.asked(ANNA, mdtrt_id, "32.80", "2"))
    with pytest.raises(BadInput, match="C09"):
        till.send("2207", till.asked(ANNA, mdtrt_id, "419.80"))  # all lines, the settled one too
    rest = till.send("2207", till.asked(ANNA, mdtrt_id, "387.00", ""))
    assert till.setl(one["output"]["setlinfo"]["setl_id"])["uploaded"] == ["2-1"]
    assert till.setl(rest["output"]["setlinfo"]["setl_id"])["uploaded"] == ["1-1", "3-1"]


def test_the_account_is_left_alone_when_told_so(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    answer = till.send("2207", till.asked(ANNA, mdtrt_id, "37.00", acct_used_flag="0"))
    assert amounts(answer)["acct_pay"] == 0 and amounts(answer)["psn_cash_pay"] == 3700
    assert answer["output"]["setldetail"] == [] and till.balance(ANNA) == 137363


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"medfee_sumamt": "37.01"}, "C09"),
        ({"psn_no": BEN}, "B05"),
        ({"mdtrt_id": "1234"}, "B04"),
        ({"mdtrt_id": ""}, "C01"),
        ({"insutype": "390"}, "P15"),
        ({"mdtrt_cert_no": "220400199912310022"}, "P18"),
        ({"mdtrt_cert_type": "03", "mdtrt_cert_no": "X00000002"}, "P18"),
        ({"chrg_bchno": "7"}, "B09"),
        ({"acct_used_flag": "2"}, "C11"),
        ({"exp_content": '{"expected": {"psn_cash_pay": "a lot"}}'}, "C02"),
    ],
)
def test_a_message_with_a_fault_books_nothing(till: Till, change: dict[str, str], code: str) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    before = till.house.ledger.head()
    with pytest.raises(BadInput, match=code) as caught:
        till.send("2207", {"data": till.asked(ANNA, mdtrt_id, "37.00")["data"] | change})
    assert any("\u4e00" <= letter <= "\u9fff" for letter in caught.value.zh)
    assert till.house.ledger.head() == before
    assert till.send("2207", till.asked(ANNA, mdtrt_id, "37.00"))["output"]


def test_another_institution_cannot_settle_the_visit(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    with pytest.raises(BadInput, match="B04"):
        till.send("2207", till.asked(ANNA, mdtrt_id, "37.00"), place=OTHER_HOSPITAL)
    with pytest.raises(BadInput, match="B07"):
        till.send("2304", till.asked(ANNA, mdtrt_id, "37.00"))


def test_what_2203_said_is_what_is_settled(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    with pytest.raises(BadInput, match="R01"):  # only registered so far, so the message's is taken: no rule for it here
        till.send("2207", till.asked(ANNA, mdtrt_id, "37.00", med_type="16"))
    with pytest.raises(BadInput, match="B54"):  # no stay's benefit without a stay
        till.send("2207", till.asked(ANNA, mdtrt_id, "37.00", med_type="21"))
    told = {"mdtrt_id": mdtrt_id, "psn_no": ANNA, "med_type": "11", "begntime": "2024-05-01"}
    till.send("2203", {"mdtrtinfo": told, "diseinfo": []})
    with pytest.raises(BadInput, match="B10"):
        till.send("2207", till.asked(ANNA, mdtrt_id, "37.00", med_type="16"))


def test_chronic_care_asks_for_its_registration(tmp_path: Path) -> None:
    """Guangzhou has rules for chronic diseases; the person is registered for one of them."""
    there = registry()
    person = there.persons[ANNA]._replace(
        insuplc_admdvs="440100", chronic=(Chronic("M03900", "高血压", date(2024, 1, 1), date(2024, 12, 31)),)
    )
    place = there.institutions[HOSPITAL]._replace(admdvs="440103", medinslv="1")
    till = Till(rulebook(), tmp_path, Registry([person], [place]))
    lines = [{"med_list_codg": "X1", "chrgitm_lv": "01", "cnt": "1", "det_item_fee_sumamt": "37.00"}]
    for dise_codg, entitled in (("M03900", True), ("M99999", False), ("", False)):
        asked = till.purchase(ANNA, "37.00", lines, med_type="14", dise_codg=dise_codg)
        if entitled:
            assert till.send("2102", asked)["output"]["setlinfo"]["clr_type"] == "11"
            continue
        with pytest.raises(BadInput, match="NOT_REGISTERED"):
            till.send("2102", asked)
    till.house.ledger.close()


def test_a_line_may_not_bring_its_own_class(till: Till) -> None:
    lines = [{**DRUG_A, "chrgitm_lv": "01", "selfpay_prop": "0", "terms": {"chrgitm_lv": "01"}}]
    answer = till.send("2102", till.purchase(ANNA, "37.00", lines), place=SHOP)
    assert answer["output"]["setlinfo"]["preselfpay_amt"] == "3.70"
    unknown = [{**DRUG_A, "med_list_codg": "X0000"}]
    with pytest.raises(BadInput, match="R04"):
        till.send("2102", till.purchase(ANNA, "37.00", unknown), place=SHOP)
    own = [{**unknown[0], "chrgitm_lv": "03"}]  # nobody here knows the item, so its sender says what it is
    answer = till.send("2102", till.purchase(ANNA, "37.00", own), place=SHOP)
    assert answer["output"]["setlinfo"]["fulamt_ownpay_amt"] == "37.00"


SPLIT = {"fulamt_ownpay_amt": "0", "overlmt_selfpay": "200", "preselfpay_amt": "0.00", "inscp_scp_amt": "500"}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({}, ""),
        (dict.fromkeys(SPLIT, "0"), ""),  # an empty number is sent as 0: nothing is stated
        ({"inscp_scp_amt": "499.99", "preselfpay_amt": "0.01"}, "B13"),
        ({"inscp_scp_amt": "700"}, "B13"),
    ],
)
def test_the_split_that_is_sent_back_is_ours(till: Till, change: dict[str, str], code: str) -> None:
    mdtrt_id = till.visit(ANNA, MANY)
    asked = till.asked(ANNA, mdtrt_id, "700.00", **SPLIT | change)
    if not code:
        assert till.send("2207", asked)["output"]["setlinfo"]["hifp_pay"] == "120.00"
        return
    with pytest.raises(Differs, match=code) as caught:
        till.send("2207", asked)
    assert change["inscp_scp_amt"].split(".")[0] in caught.value.zh and "500.00" in caught.value.zh
    assert caught.value.output["setlinfo"]["inscp_scp_amt"] == "500.00"
    assert caught.value.output["setlinfo"]["setl_id"] is None


def test_the_sums_of_the_line_answers_settle(till: Till) -> None:
    third = {"med_list_codg": DRUG_A["med_list_codg"], "cnt": "1", "pric": "0.05", "det_item_fee_sumamt": "0.05"}
    mdtrt_id = till.visit(ANNA)
    told = till.upload(ANNA, mdtrt_id, "1", [third] * 7)
    split = {
        "fulamt_ownpay_amt": "fulamt_ownpay_amt", "overlmt_selfpay": "overlmt_amt",
        "preselfpay_amt": "preselfpay_amt", "inscp_scp_amt": "inscp_scp_amt",
    }  # fmt: skip
    summed = {name: f"0.{sum(fen(line[of]) for line in told):02d}" for name, of in split.items()}
    assert till.send("2207", till.asked(ANNA, mdtrt_id, "0.35", **summed))["output"]


# ---- pre-settle and settle agree ----


@pytest.mark.parametrize("kind", ["visit", "stay", "purchase"])
def test_settling_says_what_pre_settling_said(till: Till, kind: str) -> None:
    if kind == "visit":
        asked, infnos, place = till.asked(ANNA, till.visit(ANNA, MANY), "700.00"), ("2206", "2207"), HOSPITAL
    elif kind == "stay":
        asked, infnos, place = till.of_stay(ANNA, till.stay(ANNA, STAY_LINES), "1867.00"), ("2303", "2304"), HOSPITAL
    else:
        asked, infnos, place = till.purchase(ANNA, "37.00", [DRUG_A]), ("2101", "2102"), SHOP
    before = till.house.ledger.head()
    shown = till.send(infnos[0], asked, place=place)
    assert till.house.ledger.head() == before and shown["output"]["setlinfo"]["setl_id"] is None
    assert check_output(ROUTES[infnos[0]], shown["output"]) == []
    node = "druginfo" if kind == "purchase" else "data"
    asked[node]["exp_content"] = shown["output"]["exp_content"]
    settled = till.send(infnos[1], asked, place=place)
    assert amounts(settled) == amounts(shown)
    assert settled["output"]["setldetail"] == shown["output"]["setldetail"]


def test_counters_that_moved_in_between_are_told(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, MANY)
    shown = till.send("2206", till.asked(ANNA, mdtrt_id, "700.00"))["output"]
    elsewhere = till.visit(ANNA, [{**BED, "cnt": "4", "det_item_fee_sumamt": "140.00"}], place=OTHER_HOSPITAL)
    till.send("2207", till.asked(ANNA, elsewhere, "140.00"), place=OTHER_HOSPITAL)
    before = till.house.ledger.head()
    asked = till.asked(ANNA, mdtrt_id, "700.00", exp_content=shown["exp_content"])
    with pytest.raises(Differs, match="B14") as caught:
        till.send("2207", asked, "M1")
    assert "该参保人有其他结算" in caught.value.zh and till.house.ledger.head() == before
    new = caught.value.output
    assert new["setlinfo"]["hifp_pay"] == "180.00"  # 100.00 of the deductible was met elsewhere
    asked["data"]["exp_content"] = new["exp_content"]
    settled = till.send("2207", asked, "M1")  # the same msgid: what was refused was not booked
    assert settled["output"]["setlinfo"]["hifp_pay"] == "180.00"


def test_what_moved_without_changing_a_figure_is_no_matter(till: Till) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    shown = till.send("2206", till.asked(ANNA, mdtrt_id, "37.00"))["output"]
    till.send("2102", till.purchase(ANNA, "32.80", [DRUG_B]), place=SHOP)  # takes from the account, not all of it
    settled = till.send("2207", till.asked(ANNA, mdtrt_id, "37.00", exp_content=shown["exp_content"]))["output"]
    assert settled["setlinfo"]["acct_pay"] == shown["setlinfo"]["acct_pay"]
    assert settled["setlinfo"]["balc"] != shown["setlinfo"]["balc"]


@pytest.mark.parametrize("content", ["object", "text"])
def test_amounts_that_were_shown_hold_a_settlement_too(till: Till, content: str) -> None:
    mdtrt_id = till.visit(ANNA, MANY)
    for expected, code in (({"psn_cash_pay": "0", "hifp_pay": "180.00"}, "B14"), ({"hifp_pay": "120.0"}, "")):
        said: Any = {"expected": expected}
        asked = till.asked(
            ANNA, mdtrt_id, "700.00", exp_content=said if content == "object" else str(said).replace("'", '"')
        )
        if code:
            with pytest.raises(Differs, match=code) as caught:
                till.send("2207", asked)
            assert "hifp_pay 180.00" in caught.value.zh and "hifp_pay 120.00" in caught.value.zh
        else:
            assert till.send("2207", asked)["output"]


@pytest.mark.parametrize("content", ["not ours", '["presettle"]', '{"other": 1}', {"presettle": ""}, None])
def test_an_extension_of_somebody_else_is_no_matter(till: Till, content: Any) -> None:
    mdtrt_id = till.visit(ANNA, [DRUG_A])
    assert till.send("2207", till.asked(ANNA, mdtrt_id, "37.00", exp_content=content))["output"]


# ---- once, and in groups ----


def test_a_retry_gets_the_first_answer_byte_for_byte(till: Till) -> None:
    asked = till.asked(ANNA, till.visit(ANNA, [DRUG_A]), "37.00")
    said = till.said("2207", asked, "M1")
    first = till.house.ledger.settle(message_of(said), work(till.house, said))
    later = till.said("2207", asked, "M1")  # a minute on, other receipt
    again = till.house.ledger.settle(message_of(later), work(till.house, later))
    assert (first.first, again.first) == (True, False) and first.answer == again.answer
    with pytest.raises(LedgerConflict, match="L01"):
        till.send("2207", till.asked(ANNA, asked["data"]["mdtrt_id"], "37.00", invono="2"), "M1")


def test_a_group_settles_each_as_if_alone(tmp_path: Path, till: Till) -> None:
    """Persons, institutions and fates mixed, one msgid used twice by different institutions: the group is no matter."""
    (tmp_path / "alone").mkdir()
    alone = open_till(tmp_path / "alone")
    answers, saids = [], []
    for one in (till, alone):
        asked = [
            ("2207", one.asked(ANNA, one.visit(ANNA, MANY), "700.00"), "M1", HOSPITAL),
            ("2102", one.purchase(DORA, "37.00", [DRUG_A]), "M1", SHOP),
            ("2207", one.asked(BEN, one.visit(BEN, [BED]), "350.01"), "M2", HOSPITAL),
        ]
        saids.append([one.said(*what) for what in asked])
    desk = till.house.ledger
    members = [(message_of(said), work(till.house, said).item) for said in saids[0]]

    def together(own: Any) -> Booking:
        made = settle_group(own, members)
        answers.extend(made)
        raise BadInput("X", "only looking")

    with pytest.raises(BadInput, match="only looking"):
        desk.settle(message_of(till.said("2207", {"data": {"psn_no": ANNA}}, "LOOK")), together)
    for said, made in zip(saids[1], answers, strict=True):
        if said.msgid == "M2":
            assert isinstance(made, BadInput) and made.code == "C09_TOTAL_DIFFERS"
            continue
        stored = alone.house.ledger.settle(message_of(said), work(alone.house, said))
        ours, theirs = loads(made.answer)["output"], loads(stored.answer)["output"]
        for output in (ours, theirs):  # ids are of the clock's msgids of 2201
            output["setlinfo"] |= {"mdtrt_id": "", "setl_time": ""}
        assert ours == theirs and made.setl_id == stored.setl_id
    alone.house.ledger.close()


def test_tills_at_once_share_a_commit_and_are_all_right(till: Till) -> None:
    """Queued together: three purchases of one person and one each of others, told apart by their balances."""
    done: list[Any] = []
    saids = [till.said("2102", till.purchase(ANNA, "37.00", [DRUG_A]), f"M{n}", SHOP) for n in range(3)]
    saids += [till.said("2102", till.purchase(who, "37.00", [DRUG_A]), f"N{who}", SHOP) for who in (BEN, DORA)]
    for said in saids:
        till.house.ledger.submit(message_of(said), work(till.house, said), done.append)
    till.reopen()
    balances = [loads(stored.answer)["output"]["setlinfo"]["balc"] for stored in done]
    assert balances == ["1336.63", "1299.63", "1262.63", "283.00", "823.00"]


def test_a_token_is_not_kept(till: Till) -> None:
    asked = till.asked(
        ANNA, till.visit(ANNA, [DRUG_A]), "37.00", mdtrt_cert_type="01", mdtrt_cert_no="SAMPLE-EVOUCHER-000001"
    )
    till.send("2207", asked, "M1")
    assert all(b"EVOUCHER" not in entry.message.body for entry in till.house.ledger.settlements())


def test_the_day_of_discharge_decides_not_the_clock(till: Till) -> None:
    mdtrt_id = till.stay(ANNA, STAY_LINES)
    till.time += timedelta(days=300)  # settled next year
    till.send("2304", till.of_stay(ANNA, mdtrt_id, "1867.00"))
    assert {name[:10] for name in till.counters(ANNA)} == {"2024-01-01"}
