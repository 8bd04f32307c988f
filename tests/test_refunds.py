"""Refunds, claim by claim: who may give back what, when, and that accounts have their money again (docs/calculation.md §7)."""

from typing import Any

from small import Block, claim, line, nation, pays

from settlement.engine import settle_drafts
from settlement.rules.rulebook import build


def pools_of(order: str = "any_order", shared: str = "beside") -> dict[str, Block]:
    pools = nation(pays("hifp_pay", ("0", "50%"), deductible={"per": "year", "amount": "300 yuan"}))
    pools["000000"]["pool"]["refunds"] = order
    pools["000000"]["account"][0]["shared"] = shared
    pools["990200"] = {**pools["990100"], "pool": {**pools["990100"]["pool"], "code": "990200"}}
    return pools


def told(pools: dict[str, Block], *drafts: Block) -> list[Block]:
    return settle_drafts(
        [{**draft, "setl_time": f"2024-03-{n:02d} 10:00:00"} for n, draft in enumerate(drafts, 8)], build(pools, [])
    ).rows()


def visit(name: str, charge: str = "1000.00", **fields: Any) -> Block:
    return claim(line(charge), medins_setl_id=name, begntime="2024-03-01", endtime="2024-03-08", **fields)


def back(name: str, of: str) -> Block:
    return {"medins_setl_id": name, "refund_of": of}


def outcome(*drafts: Block, order: str = "last_first") -> list[str]:
    """What became of each: its refusal, or `settled`."""
    return [row.get("refused", "settled") for row in told(pools_of(order), *drafts)]


SETTLED, NOTHING, OUT_OF_ORDER = "settled", "K02_NOTHING_TO_GIVE_BACK", "K03_REFUND_ORDER"


def test_the_last_claim_may_be_given_back_first() -> None:
    a, b = visit("A"), visit("B")
    assert outcome(a, b, back("b", "B"), back("a", "A")) == [SETTLED] * 4
    assert outcome(a, b, back("a", "A"), back("b", "B")) == [SETTLED, SETTLED, OUT_OF_ORDER, SETTLED]
    assert outcome(a, back("a", "A"), b) == [SETTLED] * 3  # what comes after the refund does not stand in its way
    assert outcome(b, a, back("a", "A")) == [SETTLED] * 3  # nor what came before the claim
    assert outcome(a, b, back("a", "A"), order="any_order") == [SETTLED] * 3


def test_only_settled_claims_of_the_same_area_stand_in_the_way() -> None:
    elsewhere = visit("B", insuplc_admdvs="990200", mdtrtarea_admvs="990200")
    refused = visit("B", hosp_part_amt="1000.00")
    assert outcome(visit("A"), elsewhere, back("a", "A")) == [SETTLED] * 3
    assert outcome(visit("A"), refused, back("a", "A")) == [SETTLED, "K01_HOSPITAL_PART", SETTLED]
    assert outcome(visit("A"), visit("B"), back("b", "B"), visit("C"), back("a", "A"))[-1] == OUT_OF_ORDER


def test_a_refund_between_does_not_stand_in_the_way() -> None:
    first, second = visit("A"), visit("B")
    assert outcome(first, second, back("b", "B"), back("a", "A"))[-1] == SETTLED
    other = visit("X")
    assert outcome(other, first, back("x", "X"), back("a", "A")) == [SETTLED, SETTLED, OUT_OF_ORDER, SETTLED]
    assert outcome(other, first, back("a", "A"), back("x", "X")) == [SETTLED] * 4


def test_a_claim_is_given_back_once_and_only_if_it_was_settled() -> None:
    assert outcome(visit("A"), back("a", "A"), back("b", "A"), order="any_order") == [SETTLED, SETTLED, NOTHING]
    refused = visit("A", hosp_part_amt="1000.00")
    assert outcome(refused, back("a", "A")) == ["K01_HOSPITAL_PART", NOTHING]
    # A refund that was refused gave nothing back.
    assert (
        outcome(visit("A"), visit("B"), back("a", "A"), back("b", "B"), back("c", "A"))
        == [SETTLED] * 2 + [OUT_OF_ORDER] + [SETTLED] * 2
    )


def test_accounts_have_their_money_again() -> None:
    money = {"acct_used_flag": "1", "balc": "100.00", "acct_mulaid_balc": "300.00"}
    drafts = [visit("A", "200.00", **money), visit("B", "200.00", acct_used_flag="1"), back("a", "A")]
    names = ("psn_part_amt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay", "balc", "acct_mulaid_balc")

    def paid(shared: str) -> list[list[int]]:
        return [[row[name] for name in names] for row in told(pools_of(shared=shared), *drafts)]

    # A is below the deductible: 100 from the own account, 100 from the shared one. B: 100 of deductible and 50 % of 100.
    assert paid("beside") == [
        [20000, 10000, 10000, 0, 0, 20000],
        [15000, 0, 15000, 0, 0, 5000],
        [-20000, -10000, -10000, 0, 10000, 15000],
    ]
    assert paid("inside") == [
        [20000, 20000, 10000, 0, 0, 20000],
        [15000, 15000, 15000, 0, 0, 5000],
        [-20000, -20000, -10000, 0, 10000, 15000],
    ]
