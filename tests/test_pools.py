"""The shipped rules are complete in themselves: every change date and the day before, every combination they speak of."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import product
from typing import Any

import pytest

from settlement import codes
from settlement.engine import settle_drafts
from settlement.rules import resolve
from settlement.rules.pool import Benefit, Pool
from settlement.rules.resolve import Claim, Missing
from settlement.rules.rulebook import open_rulebook
from settlement.rules.selectors import Person

BOOK = open_rulebook().book
POOLS = sorted(BOOK.pools)
GROUPS = {"employee": ("working", "retired"), "resident": ("minor", "adult", "elderly")}
WHERE = [("local", ""), *product(codes.RELATIONS[1:], codes.FILINGS)]


def days_around_changes(code: str) -> list[date]:
    """Every day on which anything changes for an area, and the day before."""
    changes = resolve.change_days(BOOK.builder.chains[code])
    return sorted({day - timedelta(days=back) for day in changes for back in (0, 1)})


def claims_spoken_of(chain: tuple[Pool, ...]) -> list[Claim]:
    kinds = {(s, c) for pool in chain for block in pool.benefits for s in block.schemes for c in block.cares}
    ages = sorted(
        {
            a + d
            for pool in chain
            for b in pool.benefits
            for a in (b.who.age_from, b.who.age_under)
            if a
            for d in (-1, 0)
        }
    ) or [40]
    made = []
    for (scheme, care), level, civil, poor, age, (where, filing) in product(
        sorted(kinds), codes.LEVELS, (False, True), (False, True), ages, WHERE
    ):
        for group in GROUPS.get(scheme, codes.GROUPS):
            made.append(Claim(scheme, care, level, Person(group, age, civil, poor), where, filing))
    return made


@pytest.mark.parametrize("code", POOLS)
def test_every_combination_resolves_to_one_program_or_says_what_is_missing(code: str) -> None:
    chain = BOOK.builder.chains[code]
    days = days_around_changes(code)
    programs = 0
    for claim in claims_spoken_of(chain):
        for day in days:
            answer = BOOK.builder.program(code, claim, day)
            if isinstance(answer, Missing):
                assert answer.code.startswith("R0") and code in answer.found
                continue
            programs += 1
            info = BOOK.program(answer)
            layers = [BOOK.layer(row).benefit for row in info.layers]
            assert all(
                block.begins <= day and block.at_level(claim.level) and block.who.matches(claim.person)
                for block in layers
            )
            assert len({block.layer for block in layers}) == len(layers)
            assert info.not_covered or any(block.base == "in_scope" for block in layers)
    own = BOOK.pools[code].benefits
    assert programs or not own


def test_a_block_that_covers_leads_to_a_program() -> None:
    for code in POOLS:
        for block in BOOK.pools[code].benefits:
            level = next(
                level
                for level in codes.LEVELS
                if block.at_level(level) and (not block.covered or block.says_level(level))
            )
            if block.base != "in_scope" or block.repealed:
                continue
            group = (block.who.groups or GROUPS.get(block.schemes[0], codes.GROUPS))[0]
            person = Person(group, block.who.age_from or 40, bool(block.who.civil_servant), bool(block.who.assistance))
            claim = Claim(block.schemes[0], block.cares[0], level, person, "local", "")
            assert not isinstance(BOOK.builder.program(code, claim, block.begins), Missing), block.cite


def test_every_block_is_cited_and_trusts_no_more_than_its_source() -> None:
    for pool in BOOK.pools.values():
        for block in (*pool.benefits, *pool.elsewheres, *pool.accounts, *pool.meanings):
            cite: Any = block.cite
            assert cite.source.id and cite.article
            assert codes.CONFIDENCES.index(cite.confidence) >= codes.CONFIDENCES.index(cite.source.confidence)


def claims_of(chain: tuple[Pool, ...], block: Benefit, day: date) -> Iterator[Claim]:
    """Yield every claim on a day that a block itself says it is for: local, and elsewhere where any rule begun says how."""
    rules = resolve.in_force([rule for pool in chain for rule in pool.elsewheres], day)
    levels = [lv for lv in codes.LEVELS if block.at_level(lv) and (not block.covered or block.says_level(lv))]
    ages = [age for age in (0, *BOOK.ages, *(age - 1 for age in BOOK.ages)) if age >= 0]
    for scheme, care, level in product(block.schemes, block.cares, levels):
        where = [(w, f) for w, f in WHERE if w == "local" or any(r.matches(scheme, care, f, w) for r in rules)]
        groups = block.who.groups or GROUPS.get(scheme, codes.GROUPS)
        persons = (Person(*fields) for fields in product(groups, ages, (False, True), (False, True)))
        for person, (relation, filing) in product((p for p in persons if block.who.matches(p)), where):
            yield Claim(scheme, care, level, person, relation, filing)


@pytest.mark.parametrize("code", POOLS)
def test_what_a_basic_block_claims_to_cover_resolves_to_it_and_to_nothing_else(code: str) -> None:
    chain = BOOK.builder.chains[code]
    days = days_around_changes(code)
    basic = [block for block in BOOK.pools[code].benefits if block.base == "in_scope"]
    asked: set[int] = set()
    for day, block in product(days, basic):
        rivals = [b for s in block.schemes for c in block.cares for b in resolve.benefits_for(BOOK.pools[code], s, c)]
        if block not in resolve.in_force(rivals, day):
            continue
        asked.add(basic.index(block))
        for claim in claims_of(chain, block, day):
            answer = BOOK.builder.program(code, claim, day)
            assert not isinstance(answer, Missing), (answer, claim, day)
            info = BOOK.program(answer)
            first = [BOOK.layer(row).benefit for row in info.layers if BOOK.layer(row).benefit.base == "in_scope"]
            assert first == ([block] if block.covered else []), (claim, day)
            assert block.covered or info.not_covered == block.cite
    assert asked == set(range(len(basic)))


@pytest.mark.parametrize("code", POOLS)
def test_a_further_layer_is_there_wherever_the_claim_has_a_program(code: str) -> None:
    """A layer on the rest or on what the person bears follows every basic layer that the same claim has."""
    further = [block for block in BOOK.pools[code].benefits if block.base != "in_scope"]
    met: set[int] = set()
    for day, block in product(days_around_changes(code), further):
        for claim in claims_of(BOOK.builder.chains[code], block, day):
            answer = BOOK.builder.program(code, claim, day)
            if isinstance(answer, Missing) or BOOK.program(answer).not_covered:
                continue
            valid = resolve.in_force(resolve.benefits_for(BOOK.pools[code], claim.scheme, claim.care), day)
            there = block in [BOOK.layer(row).benefit for row in BOOK.program(answer).layers]
            assert there == (block in valid), (block.cite.line, claim, day)
            met.add(further.index(block))
    assert met == set(range(len(further)))


@pytest.mark.parametrize("code", POOLS)
def test_an_elsewhere_rule_is_the_one_that_counts_from_its_day_on(code: str) -> None:
    """No later rule takes the place of a shipped one, so each counts on its first day and not on the day before."""
    chain = BOOK.builder.chains[code]
    kinds = sorted({(s, c) for pool in chain for b in pool.benefits for s in b.schemes for c in b.cares}) or [
        ("employee", "inpatient")
    ]
    for rule in BOOK.pools[code].elsewheres:
        for (scheme, care), filing, where in product(kinds, rule.filings, rule.wheres):
            if not rule.matches(scheme, care, filing, where):
                continue
            claim = Claim(scheme, care, "3", Person("working", 40), where, filing)
            assert resolve.elsewhere_for(chain, claim, rule.begins) == rule, (rule.cite.line, claim)
            assert resolve.elsewhere_for(chain, claim, rule.begins - timedelta(days=1)) != rule


def test_what_is_not_official_says_so_in_the_explanation() -> None:
    """An explanation prints the note of the block and of its source: one of them owns up to what was not checked."""
    doubts = ("未核对", "未经核对", "未与", "未查到", "未见", "暂", "票据", "没有", "记忆")
    weak = 0
    for pool in BOOK.pools.values():
        for block in (*pool.benefits, *pool.elsewheres, *pool.accounts, *pool.meanings):
            if block.cite.confidence == "official":
                continue
            weak += 1
            said = block.cite.note + block.cite.source.note
            assert any(word in said for word in doubts), (block.cite.file, block.cite.line)
        for source in pool.sources.values():
            assert source.note, (pool.file, source.id)
    assert weak > 50


def test_the_first_pools_trust_no_figure_of_a_document_that_was_not_seen() -> None:
    for code in ("220400", "220100"):
        for block in (*BOOK.pools[code].benefits, *BOOK.pools[code].elsewheres):
            assert block.cite.confidence in ("secondary", "assumed"), (code, block.cite.line)
    beijing = {(b.fund, b.who.groups, b.cares[0]): b.cite.confidence for b in BOOK.pools["110000"].benefits}
    assert beijing["hifp_pay", ("retired",), "inpatient"] == "receipt"
    assert beijing["hifp_pay", ("working",), "inpatient"] == "secondary"
    assert beijing["hifob_pay", ("working",), "inpatient"] == "assumed"


def changchun(day: str, amount: str) -> int:
    claim = {
        "insuplc_admdvs": "220100",
        "mdtrtarea_admvs": "220102",
        "insutype": "310",
        "psn_type": "1101",
        "med_type": "11",
    }
    line = {"cnt": "1", "det_item_fee_sumamt": amount, "chrgitm_lv": "01"}
    row = settle_drafts([{**claim, "medinslv": "1", "setl_time": day, "feedetail": [line]}], BOOK).rows()[0]
    return int(row["hifp_pay"])


def test_changchun_on_both_sides_of_new_year() -> None:
    assert changchun("2023-12-31", "1000.00") == (100_000 - 10_000) * 60 // 100
    assert changchun("2024-01-01", "1000.00") == 100_000 * 60 // 100
    assert (changchun("2023-12-31", "9000.00"), changchun("2024-01-01", "9000.00")) == (200_000, 250_000)
