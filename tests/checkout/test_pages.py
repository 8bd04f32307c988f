"""What settling reads of stored fee lines is a part of them, and enough: whole lines make the same claim."""

import pytest
from checkout_till import DRUG_A, Till
from visit_till import PERSONS, admit, discharge, lines_of, ward_line

from settlement.checkout import claims
from settlement.checkout.base import Reader
from settlement.checkout.pages import PAGE, SettledLine, all_lines, lines_to_settle
from settlement.errors import BadInput

WORKER = PERSONS["worker"]
OWN_TERMS = {
    "med_list_codg": "XZ99ZZZ000A000000000000", "cnt": "2", "pric": "10.00", "det_item_fee_sumamt": "20.00",
    "chrgitm_lv": "02", "selfpay_prop": "0.1", "pric_uplmt_amt": "9.00", "med_chrgitm_type": "09",
}  # fmt: skip


def stay(till: Till) -> str:
    """A stay of two pages: bed days, a refund of a part, drugs with a disease and a flag, an item with its own terms."""
    mdtrt_id = admit(till, WORKER)
    bed = ward_line(WORKER, mdtrt_id, "BED", cnt="3", det_item_fee_sumamt="105.00")
    drugs = [
        ward_line(WORKER, mdtrt_id, f"D{n}", dise_codg="M03900", hi_nego_drug_flag="1") | DRUG_A for n in range(PAGE)
    ]
    own = ward_line(WORKER, mdtrt_id, "OWN") | OWN_TERMS
    back = {"cnt": "-1", "det_item_fee_sumamt": "-35.00", "init_feedetl_sn": "BED"}
    for rows in ([bed, own], drugs, [ward_line(WORKER, mdtrt_id, "BACK", **back)]):
        till.send("2301", {"feedetail": rows})
    return mdtrt_id


def test_a_part_of_every_line_is_read(till: Till) -> None:
    mdtrt_id = stay(till)
    whole = lines_of(till, mdtrt_id)
    part = lines_to_settle(Reader(till.house.ledger), mdtrt_id)
    named = SettledLine.__annotations__
    assert part == [{name: value for name, value in line.items() if name in named} for line in whole]
    assert len(part) == PAGE + 3 and named.keys() == {name for line in part for name in line}
    assert all("result" in line for line in whole)
    assert lines_to_settle(Reader(till.house.ledger), "nobody's") == []


def test_the_part_makes_the_same_claim_as_the_whole(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    mdtrt_id = stay(till)
    till.send("2402", discharge(WORKER, mdtrt_id))
    said = till.said("2304", till.asked(WORKER, mdtrt_id, "1.00", mid_setl_flag="0", med_type="21"))
    desk = Reader(till.house.ledger)
    made = claims.claim_of(desk, till.house, said)
    monkeypatch.setattr(claims, "lines_to_settle", all_lines)
    assert claims.claim_of(desk, till.house, said) == made
    drafted = {line["feedetl_sn"]: line for line in made.draft["feedetail"]}
    assert drafted["BED"]["cnt"] == "2.0000" and drafted["BED"]["det_item_fee_sumamt"] == "70.00"
    assert OWN_TERMS.items() <= drafted["OWN"].items() and drafted["D1"]["hi_nego_drug_flag"] == "1"
    assert made.told is not None and sum(made.told.values()) > 0


def test_a_day_that_is_none_is_refused_every_time() -> None:
    for _ in range(2):  # days are remembered, refusals are not
        with pytest.raises(BadInput) as refusal:
            claims.day_of_text("2024-13-01", "endtime")
        assert refusal.value.code == "C05_NOT_A_DATE" and "endtime" in refusal.value.found
    assert claims.day_of_text("2024-05-01 23:59:59").isoformat() == "2024-05-01"
    with pytest.raises(BadInput):
        claims.day_of_text(["2024-05-01"])
