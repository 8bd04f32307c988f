"""``rules why``: what it says decided a situation is what the product decides, and every other block has its reason."""

import tomllib
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from desk import POOL, desk, rules
from random_pools import PoolMaker
from random_words import CARES, DISEASES, GROUPS, LEVELS

from settlement import codes
from settlement.author.why import Considered, Situation, Why, why
from settlement.rules.resolve import Claim, Missing
from settlement.rules.rulebook import NATION, POOLS, Rulebook, build, open_rulebook
from settlement.rules.selectors import Person

SHIPPED = open_rulebook().book
PLACES = [("local", ""), *((where, filing) for where in codes.RELATIONS[1:] for filing in codes.FILINGS)]


def random_claim(r: Random, schemes: list[str]) -> Claim:
    flags = [r.random() < 0.5 for _ in range(3)]
    person = Person(r.choice(GROUPS), r.choice([5, 30, 50, 80]), *flags, r.choice(["1101", "1203", "15", ""]))
    where, filing = r.choice(PLACES)
    more = {"place": r.choice(["310101", "110101", ""]), "disease": r.choice([*DISEASES, ""])}
    return Claim(r.choice(schemes), r.choice(CARES), r.choice(LEVELS), person, where, filing, **more)


def asked_at_random(r: Random, schemes: list[str], days: int) -> Situation:
    day = date(2023, 1, 1) + timedelta(r.randrange(days))
    return Situation(random_claim(r, schemes), day, r.random() < 0.5, r.choice(codes.FILED))


def agrees(book: Rulebook, code: str, found: Why) -> None:
    """What ``why`` chose is the program that the product makes, or its refusal."""
    if found.claim.filing == codes.MANUAL:
        assert found.missing is not None and found.missing.code == "R08_MANUAL_CLAIM"
        return
    answer = book.builder.program(code, found.claim, found.situation.day)
    chosen = [choice.chosen for choice in found.layers if choice.chosen is not None]
    if isinstance(answer, Missing):
        assert found.missing is not None and found.missing.code == answer.code
        assert found.needed or answer.code == "R07_RATES_TOO_FINE"
        return
    info = book.program(answer)
    assert found.missing is None and [id(block) for block in chosen] == [id(row.benefit) for row in found.rows]
    assert (found.stop.cite if found.stop else None) == info.not_covered
    others = {choice.name: choice.chosen for choice in found.others}
    assert found.stop or others["elsewhere"] == info.elsewhere
    assert (others["account"].cite if others["account"] else None) == info.account


def everything_has_a_reason(found: Why, day: date) -> None:
    for choice in (*found.layers, found.unpaid, *found.others):
        won = [each for each in choice.considered if each.verdict == "chosen"]
        assert len(won) == (choice.chosen is not None) or choice.name == "first_pay"
        for each in choice.considered:
            assert bool(each.reasons) == (each.verdict == "not_matched"), each
            if each.verdict in ("replaced", "ended", "overridden", "passed_over", "ended_program", "nearer_pays"):
                assert each.by is not None and each.by is not each.block and each.by.begins <= day
            if each.verdict in ("replaced", "ended"):
                assert each.by.begins > each.block.begins or each.by.cite.file == each.block.cite.file


@pytest.mark.parametrize("seed", range(12))
def test_in_random_worlds_what_is_told_is_what_is_done(seed: int) -> None:
    r = Random(seed)
    maker = PoolMaker(r)
    book = build(maker.pools(), [])
    told = 0
    for _ in range(60):
        code, situation = r.choice(sorted(book.pools)), asked_at_random(r, maker.schemes, 1000)
        found = why(book, code, situation)
        agrees(book, code, found)
        everything_has_a_reason(found, situation.day)
        told += found.missing is None
    assert told


def test_in_the_shipped_rules_too() -> None:
    r = Random(7)
    for code in sorted(SHIPPED.pools):
        for _ in range(40):
            found = why(SHIPPED, code, asked_at_random(r, ["employee", "resident"], 900))
            agrees(SHIPPED, code, found)
            everything_has_a_reason(found, found.situation.day)


def one(found: Why, line: int) -> Considered:
    """The verdict on the block that begins at a line of the own file."""
    choices = (*found.layers, found.unpaid, *found.others)
    each = [
        e
        for choice in choices
        for e in choice.considered
        if e.block.cite.line == line and e.block.cite.file == "990100"
    ]
    assert len(each) == 1
    return each[0]


def block(text: str) -> str:
    return f'\n[[benefit]]\nscheme = "employee"\nfund = "hifp_pay"\nsource = "s"\narticle = "一"\n{text}\n'


PAYS = 'deductible = "none"\nbands = [{ over = "0 yuan", rate = "50%" }]\ncap = "none"'
STORY = POOL.partition("[[benefit]]")[0] + "".join(
    block(text)
    for text in (
        f'care = "inpatient"\nfrom = 2023-01-01\n{PAYS}',
        f'care = "inpatient"\nfrom = 2024-01-01\n{PAYS}',
        f'care = "inpatient"\nfrom = 2025-01-01\n{PAYS}',
        f'care = "inpatient"\ndisease = "M016"\nfrom = 2024-01-01\n{PAYS}',
        f'care = "outpatient"\nlevel = ["1"]\nfrom = 2024-01-01\n{PAYS}',
        f'care = "outpatient"\nlevel = ["2"]\nwho = {{ group = "retired", age_from = 60 }}\nfrom = 2024-01-01\n{PAYS}',
        f'care = "pharmacy"\nfrom = 2023-01-01\n{PAYS}',
        'care = "pharmacy"\nfrom = 2024-01-01\nrepealed = true',
    )
)


@pytest.fixture(scope="module")
def story() -> Rulebook:
    nation = tomllib.loads(next(POOLS.glob(f"{NATION}_*.toml")).read_text(encoding="utf-8"))
    province = tomllib.loads(STORY.replace("990100", "990000"))
    city = tomllib.loads(STORY.replace('inherits = "000000"', 'inherits = "990000"'))
    return build({NATION: nation, "990000": province, "990100": city}, [])


def asked(story: Rulebook, care: str, level: str = "3", disease: str = "", **who: int) -> Why:
    person = Person("retired" if who else "working", **who)
    return why(
        story,
        "990100",
        Situation(Claim("employee", care, level, person, "local", "", disease=disease), date(2024, 5, 1)),
    )


def verdicts(found: Why, file: str) -> dict[str, list[str]]:
    told: dict[str, list[str]] = {}
    for each in (e for choice in found.layers for e in choice.considered if e.pool == file):
        told.setdefault(each.verdict, []).append(str(each.block.begins))
    return told


def test_the_date_that_won_what_it_replaced_and_what_lies_above(story: Rulebook) -> None:
    found = asked(story, "inpatient")
    assert found.layers[0].chosen.begins == date(2024, 1, 1) and found.layers[0].chosen.diseases is None
    assert verdicts(found, "990100") == {
        "chosen": ["2024-01-01"], "replaced": ["2023-01-01"], "not_matched": ["2025-01-01", "2024-01-01"],
    }  # fmt: skip
    above = {each.verdict: each for each in found.layers[0].considered if each.pool == "990000"}
    assert above["overridden"].block.begins == date(2024, 1, 1) and above["overridden"].by is found.layers[0].chosen
    keys = {each.reasons[0].key for each in found.layers[0].considered if each.pool == "990100" and each.reasons}
    assert keys == {"begins_later", "wrong_disease"}


def test_a_block_that_names_the_disease_goes_first(story: Rulebook) -> None:
    found = asked(story, "inpatient", disease="M01600")
    assert found.layers[0].chosen.diseases == ("M016",)
    passed = [each for each in found.layers[0].considered if each.verdict == "passed_over"]
    assert [each.block.begins for each in passed] == [date(2024, 1, 1)] and passed[0].by is found.layers[0].chosen


def test_each_condition_that_fails_is_named_and_what_would_be_needed(story: Rulebook) -> None:
    found = asked(story, "outpatient")
    reasons = [tuple(reason.key for reason in e.reasons) for e in found.layers[0].considered if e.pool == "990100"]
    assert reasons == [("wrong_level",), ("wrong_level", "wrong_who")]
    assert found.missing is not None and found.missing.code == "R01_RULE_MISSING"
    assert dict(found.needed[0].keys)["care"] == "outpatient" and dict(found.needed[0].keys)["level"] == "3"
    assert asked(story, "outpatient", "2", age=66).missing is None
    assert asked(story, "outpatient", "2", age=59).missing is not None


def test_what_ended_lets_the_area_above_speak_and_that_ended_too(story: Rulebook) -> None:
    found = asked(story, "pharmacy")
    assert verdicts(found, "990100") == {"ended": ["2023-01-01"], "is_end": ["2024-01-01"]} == verdicts(found, "990000")
    assert found.missing is not None and found.layers[0].chosen is None


def test_elsewhere_and_filing_are_told(tmp_path: Path) -> None:
    more = """
[[filing]]
filing = "unfiled"
emergency = true
is = "emergency"
from = 2024-01-01
source = "s"
article = "一"

[[filing]]
filing = "unfiled"
emergency = false
is = "manual"
from = 2024-01-01
source = "s"
article = "二"

[[elsewhere]]
filing = "emergency"
mode = "points"
amount = "10"
from = 2024-01-01
source = "s"
article = "三"
"""
    book = open_rulebook(desk(tmp_path, pool=POOL + more)).book
    claim = Claim("employee", "inpatient", "3", Person("working", 40), "cross_province", "unfiled")
    urgent = why(book, "990100", Situation(claim, date(2024, 5, 1), emergency=True))
    assert urgent.claim.filing == "emergency" and urgent.missing is None
    assert str(urgent.rows[0].rates[0]) == "3/4" and urgent.others[0].chosen.amount_bp == 1000
    assert [e.reasons[0].key for e in urgent.others[1].considered if e.reasons] == ["wrong_emergency"]
    refused = why(book, "990100", Situation(claim, date(2024, 5, 1)))
    assert refused.missing is not None and refused.missing.code == "R08_MANUAL_CLAIM"
    referred = why(book, "990100", Situation(claim._replace(filing="referred"), date(2024, 5, 1)))
    assert referred.missing is not None and referred.missing.code == "R03_ELSEWHERE_MISSING"
    assert dict(referred.needed[0].keys)["filing"] == "referred"


def test_the_command_tells_a_situation_in_both_languages() -> None:
    question = "why 220400 --scheme employee --care inpatient --level 3 --group retired --age 66 --on 2024-05-01 --filing referred"
    zh = rules(*question.split())
    assert zh.returncode == 0
    for said in (
        "转诊备案",
        "220400_liaoyuan.toml:",
        "79.2%",
        "比例乘 90%",
        "二手资料",
        "21、23、24",
        "只对备案 异地长期居住备案",
    ):
        assert said in zh.stdout, said
    en = rules(*question.split(), "--lang", "en")
    assert "rate times 90%" in en.stdout and "79.2%" in en.stdout and "applies" in en.stdout
    missing = rules(*"why 220400 --scheme 310 --care chronic --level 3 --on 2024-05-01".split())
    assert (
        missing.returncode == 0 and "R01_RULE_MISSING" in missing.stdout and "[[benefit]] scheme = " in missing.stdout
    )
    level = rules(*"why 110000 --scheme employee --care inpatient --level 1 --on 2024-05-01 --lang en".split())
    assert "R0" in level.stdout and "Would be needed" in level.stdout
    assert rules(*"why 220400 --scheme employee --care impatient --level 3".split()).returncode != 0
