"""The fixed panel: two hundred claims with names, spread over what rules ask, the same every time, and readable by the engine."""

from collections import Counter
from datetime import date, timedelta

import pytest

from settlement import codes
from settlement.author import impact
from settlement.author.panel import drafts, panel, place_for
from settlement.engine import settle_drafts
from settlement.money import fen
from settlement.rules import resolve
from settlement.rules.rulebook import Rulebook, build, open_rulebook

BOOK = open_rulebook().book
AREAS = sorted(code for code, pool in BOOK.pools.items() if pool.benefits)
RULES_SPEAK = ("R01", "R02", "R03", "R08", "P02", "P03")  # a refusal that a rule or its absence causes, not the claim


def test_it_is_two_hundred_named_claims() -> None:
    claims = panel()
    assert len(claims) == len({claim.id for claim in claims}) == 200
    for lang in ("zh", "en"):
        assert len({claim.name(lang) for claim in claims}) == 200
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in claim.zh) and claim.en.isascii() for claim in claims)
    assert all(
        f"{claim.bill_fen / 100:,.2f}" in claim.zh and f"{claim.bill_fen / 100:,.2f}" in claim.en for claim in claims
    )


def test_it_is_spread_over_what_rules_ask() -> None:
    claims = panel()
    assert min(Counter(claim.scheme for claim in claims).values()) >= 90
    assert {claim.group for claim in claims} == set(codes.GROUPS)
    assert {claim.level for claim in claims} == set(codes.LEVELS)
    assert {"inpatient", "outpatient", "emergency", "chronic", "pharmacy", "maternity"} == {
        claim.care for claim in claims
    }
    elsewhere = Counter((claim.scheme, claim.place, claim.filing) for claim in claims if claim.place != "local")
    every = {(s, w, f) for s in ("employee", "resident") for w in codes.RELATIONS[1:] for f in codes.FILINGS}
    assert every <= elsewhere.keys()
    bills = [claim.bill_fen for claim in claims]
    assert min(bills) < fen("50.00") and max(bills) > fen("500000.00")
    assert Counter(claim.nth for claim in claims)[2] >= 8 and Counter(claim.nth for claim in claims)[3] >= 2
    flags = ("cvlserv_flag", "assistance", "family_doctor", "insured_days", "paused_days")
    assert all(any(flag in claim.person for claim in claims) for flag in flags)


def test_it_is_the_same_every_time() -> None:
    first, again = (drafts("220400", date(2024, 5, 1), 400, lambda claim, line: True) for _ in range(2))
    assert first == again


@pytest.mark.parametrize("area", AREAS)
def test_no_claim_is_refused_for_what_it_says(area: str) -> None:
    day = max(resolve.change_days(BOOK.builder.chains[area]))
    side = impact.Side(area, BOOK, area, day)
    refused = [outcome.new.refused for outcome in impact.outcomes(side, side, (day, day)) if outcome.new.refused]
    assert {code[:3] for code in refused} <= set(RULES_SPEAK)
    assert len(refused) < 200


def test_a_second_stay_meets_the_counters_of_the_first() -> None:
    side = impact.Side("220400", BOOK, "220400", None)
    day = date(2024, 5, 1)
    made = drafts("220400", day, 400, impact._states(side, day))
    settled = settle_drafts(made, BOOK)
    rows = settled.rows()
    pairs = [
        (rows[at - 1], row)
        for at, (claim, row) in enumerate(zip(panel(), rows, strict=True))
        if claim.nth == 2 and claim.care == "inpatient" and claim.scheme == "employee" and "refused" not in row
    ]
    assert len(pairs) >= 3
    assert all(first["act_pay_dedc"] - second["act_pay_dedc"] == fen("100.00") for first, second in pairs)


def test_no_stay_begins_before_the_benefit_year() -> None:
    day = date(2024, 1, 4)
    side = impact.Side("220400", BOOK, "220400", day)
    days = impact._days_of_year(side, day)
    made = drafts("220400", day, days, lambda claim, line: True)
    assert days == 3 and {d["begntime"] for d in made} == {str(day - timedelta(days=n)) for n in (0, 2, 3)}


@pytest.mark.parametrize(
    ("area", "where", "place"),
    [
        ("220400", "local", "220400"), ("220400", "in_province", "220100"), ("220100", "in_province", "220200"),
        ("220400", "cross_province", "110105"), ("110000", "cross_province", "310115"),
    ],
)  # fmt: skip
def test_places(area: str, where: str, place: str) -> None:
    assert place_for(area, where) == place
    assert codes.relation_of(area, place) == where


def small(*first_pays: dict[str, object]) -> Rulebook:
    """An area where employees' stays are paid whole, and what it says of first pay."""
    cited = {"from": date(2023, 1, 1), "source": "s", "article": "第一条"}
    stay = {"scheme": "employee", "care": "inpatient", "fund": "hifp_pay", "deductible": "none", "cap": "none"}
    pool = {
        "pool": {"code": "990100", "name": "示例市"},
        "source": {"s": {"title": "示例办法", "confidence": "assumed"}},
        "benefit": [{**cited, **stay, "bands": [{"over": "0 yuan", "rate": "100%"}]}],
        "care": [{**cited, "med_type": "21", "is": "inpatient"}],
        "group": [{**cited, "psn_type": "11", "is": "working"}],
        "first_pay": [{**cited, **rule} for rule in first_pays],
    }
    return build({"990100": pool}, [])


@pytest.mark.parametrize(
    ("first_pays", "fund"),
    [
        ((), "12150.00"),  # 1450 + 1860 + 2200 × 90 % + 9800 × 70 %: 30 % is usual for the negotiated drug, else 10 %
        (({"items": {"negotiated": True}, "ratio": "5%"},), "14600.00"),  # … + 9800 × 95 %
        (({"items": {"class": "乙"}, "ratio": "0%"},), "15310.00"),  # the whole bill
    ],
)
def test_an_areas_own_first_pay_ratio_goes_before_the_usual_one(
    first_pays: tuple[dict[str, object], ...], fund: str
) -> None:
    day = date(2024, 5, 1)
    side = impact.Side("990100", small(*first_pays), "990100", day)
    found = impact.outcomes(side, side, (day, day))
    chemo = next(
        o for o in found if o.claim.zh.startswith("52 岁在职职工，三级，化疗住院 4 天，用谈判药，15,310.00 元")
    )
    assert chemo.new.fund_fen == fen(fund)
