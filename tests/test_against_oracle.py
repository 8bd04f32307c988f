"""The product against the independent oracle over random worlds, and laws that need no oracle.

Where the two doors differ is said here once: `product` settles drafts, `differences` compares rows.
"""

from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import Oracle
from small import Block, claim, line, nation, pays
from strategies import World, random_world, worlds, yuan

from settlement.engine import Settled, settle_drafts
from settlement.rules.rulebook import build

CLAIMS = 20_000
SETTINGS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def product(pools: dict[str, Block], catalogue: list[Block], drafts: list[Block]) -> list[Block]:
    return rows_of(settle_drafts(drafts, build(pools, catalogue)))


def rows_of(settled: Settled) -> list[Block]:
    """The product's rows under the oracle's names, with every reason, and without the row numbers of one rulebook."""
    rows = settled.rows()
    for refusal in settled.refusals:
        rows[refusal.claim].setdefault("reasons", []).append(refusal.code)
    for row in rows:
        for step in row.get("layers", ()):
            step |= {name.removesuffix("_fen"): value for name, value in step.items() if name.endswith("_fen")}
            step["base"] = settled.book.layer(step.pop("layer_row")).benefit.base
    return rows


def differences(mine: Block, theirs: Block, reasons: list[str]) -> dict[str, Any]:
    """Key → (oracle, product) where they differ; of several reasons to refuse, the product may give any."""
    if "refused" in mine or "refused" in theirs:
        same = bool({mine.get("refused"), *reasons} & set(theirs.get("reasons", ())))
        return {} if same else {"refused": (mine.get("refused"), theirs.get("refused"))}
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
    rows = product(world.pools, world.catalogue, world.drafts)
    assert len(rows) == len(world.drafts), f"seed {world.seed}: {len(rows)} rows for {len(world.drafts)} drafts"
    for draft, theirs in zip(world.drafts, rows, strict=True):
        if "R07_RATES_TOO_FINE" in theirs.get("reasons", ()):
            continue
        reasons = oracle.door(draft)["reasons"]
        found = differences(oracle.settle_one(draft), theirs, reasons)
        assert not found, f"seed {world.seed}, claim {draft['medins_setl_id']}: (oracle, product) {found}"
        compared += 1
    return compared


def test_random_claims_agree_with_the_oracle() -> None:
    compared, seed = 0, 0
    while compared < CLAIMS:
        compared += compare(random_world(seed, most=12 if seed % 4 == 0 else 60))
        seed += 1


@SETTINGS
@given(worlds())
def test_hypothesis_finds_no_difference(world: World) -> None:
    compare(world)


# Laws of the product alone


def by_id(drafts: list[Block], rows: list[Block]) -> dict[str, Block]:
    return {draft["medins_setl_id"]: row for draft, row in zip(drafts, rows, strict=True)}


@SETTINGS
@given(worlds(), st.integers(0, 1000))
def test_persons_may_be_shuffled(world: World, seed: int) -> None:
    order = [draft["psn_no"] for draft in world.drafts]
    Random(seed).shuffle(order)
    queues = {person: [d for d in world.drafts if d["psn_no"] == person] for person in order}
    mixed = [queues[person].pop(0) for person in order]
    whole = by_id(world.drafts, product(world.pools, world.catalogue, world.drafts))
    assert by_id(mixed, product(world.pools, world.catalogue, mixed)) == whole


def carried_on(world: World, cut: int) -> list[Block]:
    """The rows when the claims before `cut` and each later one are settled in calls of their own, counters carried.

    Counters go over as `year_so_far`. In a yearly world they belong to person, area of insurance and calendar year.
    """
    rulebook = build(world.pools, world.catalogue)
    counts = {name for pool in world.pools.values() for name in admission_counters(pool)}
    carried: dict[Any, dict[str, str]] = {}
    rows: list[Block] = []
    calls = [world.drafts[:cut], *([draft] for draft in world.drafts[cut:])]
    for drafts in filter(None, calls):
        sent = [{"year_so_far": carried[key(d)], **d} if len(rows) >= cut and key(d) in carried else d for d in drafts]
        answers = rows_of(settle_drafts(sent, rulebook))
        for draft, row in zip(drafts, answers, strict=True):
            if "refused" not in row:
                after = row["counters"].items()
                carried[key(draft)] = {name: str(n) if name in counts else yuan(n) for name, n in after}
            elif row["refused"].startswith("K") and "year_so_far" in draft:
                carried[key(draft)] = draft["year_so_far"]  # what the kernel was told stands
        rows += answers
    return rows


def key(draft: Block) -> tuple[str, str, str]:
    return draft["psn_no"], draft["insuplc_admdvs"], (draft.get("endtime") or draft["setl_time"])[:4]


def admission_counters(pool: Block) -> list[str]:
    tables = [block.get("deductible") for block in pool.get("benefit", [])]
    stays = [table for table in tables if isinstance(table, dict) and table["per"] == "admission"]
    return [table.get("counter", "admissions") for table in stays]


def one_area_each(world: World) -> World:
    """The world without claims of unknown areas, every person insured in one area."""
    home = {draft["psn_no"]: draft["insuplc_admdvs"] for draft in world.drafts}
    drafts = [{**draft, "insuplc_admdvs": home[draft["psn_no"]]} for draft in world.drafts]
    return World(world.seed, world.pools, world.catalogue, drafts)


@SETTINGS
@given(worlds(yearly=True), st.integers(0, 12))
def test_a_batch_may_be_split_anywhere(world: World, cut: int) -> None:
    world = one_area_each(world)
    assert carried_on(world, min(cut, len(world.drafts))) == product(world.pools, world.catalogue, world.drafts)


def test_one_by_one_is_the_batch() -> None:
    for seed in range(60):
        world = one_area_each(random_world(seed, yearly=True))
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
