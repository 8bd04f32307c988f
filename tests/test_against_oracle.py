"""The product against the independent oracle over random worlds, and laws that need no oracle.

Where the two doors differ is said here once: `product` settles drafts, `differences` compares rows.
"""

import os
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Oracle
from random_words import yuan
from small import Block, claim, line, nation, pays
from strategies import World, random_world, worlds

from settlement.engine import Settled, settle_drafts
from settlement.rules.rulebook import build

CLAIMS = int(os.environ.get("ORACLE_CLAIMS", "50000"))  # a night takes more: `make test-night`
SHARDS = 5  # so that several processes compare at once
SETTINGS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def settled(pools: dict[str, Block], catalogue: list[Block], drafts: list[Block]) -> Settled:
    return settle_drafts(drafts, build(pools, catalogue))


def product(pools: dict[str, Block], catalogue: list[Block], drafts: list[Block]) -> list[Block]:
    return rows_of(settled(pools, catalogue, drafts))


def rows_of(batch: Settled) -> list[Block]:
    """The product's rows under the oracle's names, with every reason, and without the row numbers of one rulebook."""
    rows = batch.rows()
    for refusal in batch.refusals:
        rows[refusal.claim].setdefault("reasons", []).append(refusal.code)
    for row in rows:
        for step in row.get("layers", ()):
            step |= {name.removesuffix("_fen"): value for name, value in step.items() if name.endswith("_fen")}
            step["base"] = batch.book.layer(step.pop("layer_row")).benefit.base
    return rows


def counters_of(batch: Settled) -> dict[tuple[Any, ...], int]:
    """Every counter that is not 0 after the batch, under the oracle's keys: person, area, name and period."""
    found = {}
    for counter in batch.counters():
        kind, year, month = counter["period"], int(counter["period_start"][:4]), int(counter["period_start"][5:7])
        rest = {"year": (), "quarter": ((month - 1) // 3,), "month": (month,)}[kind]
        found[counter["psn_no"], counter["area"], counter["counter"], (kind, year, *rest)] = counter["value"]
    return {key: value for key, value in found.items() if value}


def differences(mine: Block, theirs: Block) -> dict[str, Any]:
    """Key → (oracle, product) where they differ; of several reasons to refuse, the product may give any."""
    if "refused" in mine or "refused" in theirs:
        same = bool(set(mine.get("reasons", ())) & set(theirs.get("reasons", ())))
        return {} if same else {"refused": (mine.get("reasons"), theirs.get("reasons"))}
    found: dict[str, Any] = {}
    for key, value in mine.items():
        other = theirs.get(key)
        if key == "counters":  # a counter that is 0 may be left out
            other = {name: count for name, count in other.items() if count}
        if key == "layers":  # the product's layers may say more than the oracle's
            other = [{name: step.get(name) for name in own} for own, step in zip(value, other, strict=False)]
        if other != value:
            found[key] = (value, other)
    return found


def compare(world: World) -> int:
    """Settle a world by both; returns how many claims were compared. A mismatch names seed, claim and differing keys.

    A claim whose fractions the product cannot hold (R07) is not compared: it says so, and counts nothing.
    """
    compared = 0
    oracle = Oracle(world.pools, world.catalogue)
    batch = settled(world.pools, world.catalogue, world.drafts)
    rows = rows_of(batch)
    assert len(rows) == len(world.drafts), f"seed {world.seed}: {len(rows)} rows for {len(world.drafts)} drafts"
    for draft, theirs in zip(world.drafts, rows, strict=True):
        if "R07_RATES_TOO_FINE" in theirs.get("reasons", ()):
            continue
        found = differences(oracle.settle_one(draft), theirs)
        assert not found, f"seed {world.seed}, claim {draft['medins_setl_id']}: (oracle, product) {found}"
        compared += 1
    if not any("year_so_far" in draft for draft in world.drafts):  # what was counted before one is told is not kept
        mine = {
            (*person, *key): value for person, book in oracle.carried.items() for key, value in book.items() if value
        }
        theirs = counters_of(batch)
        found = {
            key: (mine.get(key), theirs.get(key)) for key in mine.keys() | theirs if mine.get(key) != theirs.get(key)
        }
        assert not found, f"seed {world.seed}, counters after all claims: (oracle, product) {found}"
    return compared


@pytest.mark.parametrize("shard", range(SHARDS))
def test_random_claims_agree_with_the_oracle(shard: int) -> None:
    compared, seed = 0, shard * 1_000_000
    while compared < CLAIMS // SHARDS:
        compared += compare(random_world(seed, most=12 if seed % 4 == 0 else 140))
        seed += 1


def test_a_few_fen_in_parts_and_years_agree_with_the_oracle() -> None:
    """Stays of two or three years whose parts are a few fen each, so that what a part may take of a year shows."""
    r = Random(7)
    parts = [
        pays(fund, ("0", rate), base="in_scope", order=n, layer=kind, items={"type": kind})
        for n, (kind, fund, rate) in enumerate([("09", "oth_pay", "100%"), ("08", "hifp_pay", "50%")])
    ]
    dedc = {"per": "admission", "amount": "0.03 yuan", "again_after_days": 90}
    for deductible in ("once", "each_year"):
        stay = [{"cross_year": "by_days", "deductible": deductible}]
        pools = nation(*parts, pays("hifob_pay", ("0", "70%"), base="in_scope", deductible=dedc), stay=stay)
        drafts = []
        for n in range(500):
            begin = date(2024, 12, 31) - timedelta(days=r.choice([0, 1, 3, 100]))
            end = date(2025, 1, 1) + timedelta(days=r.choice([0, 1, 4, 100, 370]))
            lines = [line(yuan(r.randint(1, 9)), med_chrgitm_type=r.choice(["09", "08", "08", "05"])) for _ in range(3)]
            when = {"begntime": f"{begin}", "endtime": f"{end}", "setl_time": f"{end} 10:00:00"}
            drafts.append(claim(*lines, psn_no=f"P{n}", medins_setl_id=f"S{n}", **when))
        assert compare(World(7, pools, [], drafts)) == len(drafts)


@SETTINGS
@given(worlds())
def test_hypothesis_finds_no_difference(world: World) -> None:
    compare(world)


# Laws of the product alone


def by_id(drafts: list[Block], rows: list[Block]) -> dict[str, Block]:
    return {draft["medins_setl_id"]: row for draft, row in zip(drafts, rows, strict=True)}


def owner(draft: Block, drafts: dict[str, Block]) -> str:
    """Whose claim it is; a refund need not say so itself."""
    if "psn_no" in draft or draft["refund_of"] not in drafts:
        return str(draft.get("psn_no"))
    return owner(drafts[draft["refund_of"]], drafts)


@SETTINGS
@given(worlds(), st.integers(0, 1000))
def test_persons_may_be_shuffled(world: World, seed: int) -> None:
    named = {draft["medins_setl_id"]: draft for draft in world.drafts}
    order = [owner(draft, named) for draft in world.drafts]
    queues = {person: [d for d in world.drafts if owner(d, named) == person] for person in order}
    Random(seed).shuffle(order)
    mixed = [queues[person].pop(0) for person in order]
    whole = by_id(world.drafts, product(world.pools, world.catalogue, world.drafts))
    assert by_id(mixed, product(world.pools, world.catalogue, mixed)) == whole


def carried_on(world: World, cut: int) -> list[Block]:
    """The rows when the claims before `cut` and each later one are settled in calls of their own, all that stands carried."""
    rulebook = build(world.pools, world.catalogue)
    carried: dict[Any, int] = {}
    balances: dict[str, Block] = {}
    rows: list[Block] = []
    for drafts in filter(None, [world.drafts[:cut], *([draft] for draft in world.drafts[cut:])]):
        sent = [balances.get(draft["psn_no"], {}) | draft for draft in drafts] if len(rows) >= cut else drafts
        settled = settle_drafts(sent, rulebook, carried=carried)
        carried |= {tuple(counter[part] for part in CARRIED): counter["value"] for counter in settled.counters()}
        answers = rows_of(settled)
        for draft, row in zip(drafts, answers, strict=True):
            stands = balances.setdefault(draft["psn_no"], {})
            if "refused" not in row:
                stands |= {name: yuan(row[name]) for name in BALANCES}
            elif row["refused"].startswith("K"):  # what the kernel was told stands
                stands |= {name: draft[name] for name in BALANCES if name in draft}
        rows += answers
    return rows


CARRIED = ("psn_no", "area", "period", "period_start", "counter")
BALANCES = ("balc", "acct_mulaid_balc")


def without_refunds(world: World) -> World:
    """The world without refunds: they name claims of the same file."""
    return replace(world, drafts=[draft for draft in world.drafts if "refund_of" not in draft])


@SETTINGS
@given(worlds(), st.integers(0, 12))
def test_a_batch_may_be_split_anywhere(world: World, cut: int) -> None:
    world = without_refunds(world)
    assert carried_on(world, min(cut, len(world.drafts))) == product(world.pools, world.catalogue, world.drafts)


def test_one_by_one_is_the_batch() -> None:
    for seed in range(40):
        world = without_refunds(random_world(seed))
        assert carried_on(world, 0) == product(world.pools, world.catalogue, world.drafts), f"seed {seed}"


AMOUNTS = st.integers(0, 10**8)
RATES = st.integers(0, 10000)


def single(rates: list[int], cap: int) -> dict[str, Block]:
    """One layer of three bands, with a deductible and a cap on the fund."""
    bands = [(over, yuan(rate) + "%") for over, rate in zip(("0", "1000", "30000.01"), rates, strict=True)]
    limit = {"amount": f"{yuan(cap)} yuan", "per": "claim"}
    dedc = {"per": "visit", "amount": "300.55 yuan"}
    return nation(pays("hifp_pay", *bands, measure={"on": "claim", "from": "zero"}, deductible=dedc, cap=limit))


@SETTINGS
@given(st.lists(RATES, min_size=3, max_size=3), st.integers(0, 2), RATES, AMOUNTS, AMOUNTS)
def test_the_fund_does_not_fall_when_a_rate_rises(rates: list[int], n: int, up: int, cap: int, charge: int) -> None:
    more = [min(10000, rate + up) if place == n else rate for place, rate in enumerate(rates)]
    drafts = [claim(line(yuan(charge)))]
    before, after = (product(single(each, cap), [], drafts)[0]["hifp_pay"] for each in (rates, more))
    assert before <= after


@SETTINGS
@given(st.lists(RATES, min_size=3, max_size=3), AMOUNTS, AMOUNTS, st.integers(0, 10**6))
def test_nobody_pays_less_when_the_charge_rises(rates: list[int], cap: int, charge: int, up: int) -> None:
    terms = {"chrgitm_lv": "02", "selfpay_prop": "0.1000"}
    drafts = [
        claim(line(yuan(fen), **terms), psn_no=f"P{n}", medins_setl_id=f"S{n}")
        for n, fen in enumerate((charge, charge + up))
    ]
    before, after = product(single(rates, cap), [], drafts)
    assert before["fund_pay_sumamt"] <= after["fund_pay_sumamt"]
    assert before["psn_part_amt"] <= after["psn_part_amt"]
    assert after["psn_part_amt"] + after["fund_pay_sumamt"] == charge + up
