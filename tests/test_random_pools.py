"""The random worlds themselves: they say everything that a pool file can say, and their claims meet it."""

import tomllib
from collections import Counter
from collections.abc import Iterator
from typing import Any

from oracle import Oracle
from small import Block
from strategies import random_world, to_toml

SEEDS = range(300)

# Written down by hand from docs/pool-format.md: a key, and what it may be where that is one of a few words. `name:` stands
# before the keys of a table.
FILE = """
pool: code name inherits benefit_year=calendar benefit_year=07-01 rounding.at=claim rounding.at=line
  rounding.rounds=in_scope rounding.rounds=first_pay refunds=any_order refunds=last_first local_places scheme_years
source: title number issued url note confidence=official confidence=receipt confidence=secondary confidence=assumed
benefit: scheme=employee scheme=resident scheme=340 scheme=[]
  care=inpatient care=outpatient care=emergency care=chronic care=pharmacy care=maternity care=[]
  level=community level=1 level=2 level=3 level=provincial level=ungraded
  who.group=working who.group=retired who.group=cadre who.group=minor who.group=adult who.group=elderly who.group=[]
  who.psn_type who.psn_type=[] who.age_from who.age_under who.civil_servant=True who.civil_servant=False
  who.assistance=True who.assistance=False who.family_doctor=True who.family_doctor=False disease disease=[] covered=False
  fund=hifp_pay fund=hifob_pay fund=hifmi_pay fund=cvlserv_pay fund=hifes_pay fund=maf_pay fund=oth_pay layer order
  base=in_scope base=rest base=person_bears with_first_pay=True without_deductible=True with_rest=True reported=True
  items.class=甲 items.class=乙 items.class=01 items.class=02 items.class=[] items.type items.type=[]
  items.negotiated=True items.negotiated=False items.code items.code=[] items.disease=True items.disease items.disease=[]
  deductible=none deductible=left_over deductible.per=year deductible.per=quarter deductible.per=month
  deductible.per=visit deductible.per=admission deductible.amount deductible.by_level deductible.counter
  deductible.later deductible.later=[] deductible.floor deductible.again_after_days deductible.on_transfer=difference
  deductible.year_limit bands.over bands.rate bands.rate{} measure.on=claim measure.on=year measure.from=zero
  measure.from=deductible measure.counter retired.points retired.personal_share
  cap=none cap.amount cap.by_level cap.by_disease cap.on=fund cap.on=cost cap.on=cost_above_deductible
  cap.per=claim cap.per=month cap.per=quarter cap.per=year cap.counter
  from source article note confidence repealed=True
elsewhere: scheme scheme=[] care care=[] filing=resident_there filing=referred filing=emergency filing=unfiled filing=[]
  where=in_province where=cross_province places mode=none mode=points mode=multiply mode=first_pay amount
  deductible.times deductible.plus deductible.is layers repealed=True from source article note confidence
first_pay: scheme scheme=[] care care=[] where=local where=in_province where=cross_province ratio
  items.class items.type items.negotiated items.code items.disease repealed=True from source article note confidence
filing: filing=resident_there filing=referred filing=emergency filing=unfiled filing=[] emergency=True emergency=False
  filed=before_admission filed=before_discharge filed=after_discharge filed=unknown filed=[]
  where=in_province where=cross_province scheme is=resident_there is=referred is=emergency is=unfiled is=manual
  repealed=True from source article note confidence
waiting: scheme scheme=[] psn_type psn_type=[] care care=[] wait=months wait=days repealed=True from source article note confidence
suspension: scheme scheme=[] psn_type psn_type=[] care care=[] grace=months grace=days repealed=True from source article note confidence
stay: scheme scheme=[] care care=[] cross_year=whole cross_year=by_days deductible=once deductible=each_year
  repealed=True from source article note confidence
care: med_type med_type=[] is from source article note confidence
level: hosp_lv is from source article note confidence
group: psn_type is from source article note confidence
account: covers=own_pay covers=over_limit covers=first_pay covers=in_scope shared=beside shared=inside
  scheme scheme=[] from source article note confidence
"""
OF_CODES = ("by_level", "by_disease", "rate", "scheme_years")  # tables whose keys are codes, not words of the grammar


def words_of(listing: str) -> set[str]:
    words, table = set(), ""
    for word in listing.split():
        if word.endswith(":"):
            table = word.removesuffix(":")
        else:
            words.add(f"{table}.{word}")
    return words


def said(path: str, value: Any) -> Iterator[str]:
    """Every key and every word under it, as in FILE; `[]` and `{}` mark that a list and a table were used."""
    yield path
    if isinstance(value, dict):
        yield path + "{}"
        for name, part in value.items():
            yield from () if path.rpartition(".")[2] in OF_CODES else said(f"{path}.{name}", part)
    elif isinstance(value, list):
        yield path + "=[]"
        for part in value:
            yield from said(path, part)
    else:
        yield f"{path}={value}"
        yield f"{path}={str(value).rpartition(' ')[2]}"  # the unit of a span


def said_in(pool: Block) -> Iterator[str]:
    for table, part in pool.items():
        blocks = part.values() if table == "source" else part if isinstance(part, list) else [part]
        for block in blocks:
            for name, value in block.items():
                yield from said(f"{table}.{name}", value)


def test_random_pools_say_everything_that_a_pool_file_can_say() -> None:
    seen = {word for seed in SEEDS for pool in random_world(seed, most=1).pools.values() for word in said_in(pool)}
    wanted = words_of(FILE)
    assert sorted(wanted - seen) == []
    keys = {word.partition("=")[0].removesuffix("{}") for word in wanted}
    tables = {key.rpartition(".")[0] for key in keys}
    unknown = {word.partition("=")[0].removesuffix("{}") for word in seen} - keys - tables
    assert sorted(unknown) == [], "the documentation, and so the list above, does not have these"


def test_random_claims_meet_what_the_pools_say() -> None:
    told: Counter[str] = Counter()
    for seed in SEEDS:
        world = random_world(seed)
        oracle = Oracle(world.pools, world.catalogue)
        for draft in world.drafts:
            row = oracle.settle_one(draft)
            refund = "refund_of" in draft
            told["refund" if refund else "claim"] += "refused" not in row
            told[row.get("refused", "settled")] += 1
            told["several reasons"] += len(row.get("reasons", ())) > 1
            shares = oracle.known[draft["medins_setl_id"]].get("shares", 1)
            told["divided stay"] += shares > 1
            told["stay of three years"] += shares > 2
    codes = "P01_UNKNOWN_AREA P02_INSURANCE_SUSPENDED P03_WAITING_PERIOD C01_FIELD_MISSING C16_REFUND R01_RULE_MISSING"
    codes += " R02_LEVEL_MISSING R03_ELSEWHERE_MISSING R04_ITEM_UNKNOWN R05_COUNTER_UNKNOWN R06_REPORTED_MISSING"
    codes += " R08_MANUAL_CLAIM K01_HOSPITAL_PART K02_NOTHING_TO_GIVE_BACK K03_REFUND_ORDER"
    kinds = ["several reasons", "divided stay", "stay of three years"]
    assert {word: told[word] for word in [*codes.split(), *kinds] if told[word] < 3} == {}
    assert told["claim"] > 1000 and told["refund"] > 100
    assert told["settled"] > 0.6 * sum(told[word] for word in ["settled", *codes.split()])


def test_random_pools_are_written_as_toml() -> None:
    for seed in range(20):
        for pool in random_world(seed).pools.values():
            assert tomllib.loads(to_toml(pool)) == pool
