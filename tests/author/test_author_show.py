"""``rules show``: every figure of the rules in force is in the sheets, under its level and group, and gaps are said."""

import re
from datetime import date
from pathlib import Path

import pytest
from desk import POOL, desk, rules

from settlement import codes
from settlement.author.phrases import WORDS
from settlement.author.sheets import blocks_in_force, kinds_of, sheet_of
from settlement.author.words import MORE, Words, rate_text
from settlement.money import yuan_text
from settlement.rules.pool import ANY_LEVEL
from settlement.rules.resolve import Claim, Missing
from settlement.rules.rulebook import open_rulebook
from settlement.rules.selectors import Person

BOOK = open_rulebook().book
DAY = date(2024, 5, 1)


@pytest.mark.parametrize("code", sorted(BOOK.pools))
def test_a_sheet_shows_the_rate_and_cap_that_a_claim_meets(code: str) -> None:
    """For every level and group that leads to a program, the program's own exact figures stand in the sheet's column."""
    chain, say = BOOK.builder.chains[code], Words("zh")
    met = 0
    for scheme, care in kinds_of(chain):
        sheet = sheet_of(chain, (scheme, care), DAY, say)
        groups = ("working", "retired") if scheme == "employee" else ("minor", "adult", "elderly")
        for level in codes.LEVELS:
            for group in groups:
                row = BOOK.builder.program(code, Claim(scheme, care, level, Person(group, 40), "local", ""), DAY)
                if isinstance(row, Missing):
                    continue
                column = sheet.levels.index(level if level in sheet.levels else ANY_LEVEL)
                for info in (BOOK.layer(number) for number in BOOK.program(row).layers):
                    said = {line.figures[column] for line in sheet.rows if line.block == info.benefit}
                    figures = {rate_text(rate) for rate in info.rates}
                    cap = info.benefit.cap
                    figures |= (
                        {yuan_text(cap.amount_fen.get(level, cap.amount_fen.get(ANY_LEVEL, 0))).removesuffix(".00")}
                        if cap
                        else set()
                    )
                    assert figures <= said, (scheme, care, level, group, info.benefit.cite.line)
                    met += 1
    assert (
        met
        or not BOOK.pools[code].benefits
        or all(
            not block.covered or block.begins > DAY or block.diseases or block.reported
            for block in BOOK.pools[code].benefits
        )
    )


def test_every_phrase_has_the_same_parts_in_both_languages() -> None:
    for key, (zh, en) in (MORE | WORDS).items():
        assert set(re.findall(r"{(\w+)}", zh)) == set(re.findall(r"{(\w+)}", en)), key
    assert not set(MORE) & set(WORDS)  # one word, one place


def test_the_retired_have_rows_of_their_own() -> None:
    sheet = sheet_of(BOOK.builder.chains["220400"], ("employee", "inpatient"), DAY, Words("zh"))
    rates = {row.people: row.figures for row in sheet.rows if row.what == "支付比例" and row.block.fund == "hifp_pay"}
    assert sheet.levels == ("community", "1", "2", "3", "provincial") and sheet.unsaid == ("ungraded",)
    assert rates == {"退休以外": ("92%", "92%", "88%", "85%", "82%"), "退休": ("95%", "95%", "91%", "88%", "85%")}


def test_a_level_without_a_figure_and_a_block_for_other_levels() -> None:
    sheet = sheet_of(BOOK.builder.chains["220400"], ("resident", "outpatient"), DAY, Words("zh"))
    paid, unpaid = sheet.rows[1], sheet.rows[-1]
    assert paid.figures == ("50%", "50%", "—", "—", "—")
    assert unpaid.figures == ("—", "—", "基金不支付", "基金不支付", "基金不支付")


def test_only_blocks_in_force_stand_in_a_sheet() -> None:
    chain = BOOK.builder.chains["220100"]
    for day in (date(2023, 6, 1), DAY):
        for kind in kinds_of(chain):
            assert all(block.begins <= day and not block.repealed for block in blocks_in_force(chain, kind, day))
    changed = [sheet_of(chain, ("employee", "outpatient"), day, Words("zh")).rows for day in (date(2023, 6, 1), DAY)]
    assert changed[0] != changed[1]


ENDED = (
    POOL
    + """
[[benefit]]
scheme = "employee"
care = "inpatient"
who = { group = "retired" }
fund = "hifp_pay"
from = 2024-03-01
repealed = true
source = "s"
article = "第四条"

[[waiting]]
scheme = "employee"
wait = "6 months"
from = 2024-01-01
source = "s"
article = "第五条"

[[suspension]]
grace = "3 months"
from = 2024-01-01
source = "s"
article = "第六条"

[[stay]]
care = "inpatient"
cross_year = "by_days"
deductible = "once"
from = 2024-01-01
source = "s"
article = "第七条"

[[filing]]
filing = "unfiled"
emergency = true
is = "emergency"
from = 2024-01-01
source = "s"
article = "第八条"

[[first_pay]]
items = { negotiated = true }
ratio = "5%"
from = 2024-01-01
source = "s"
article = "第九条"

[[elsewhere]]
filing = ["emergency", "referred"]
mode = "first_pay"
amount = "10%"
deductible = { times = "150%" }
from = 2024-01-01
source = "s"
article = "第十条"
"""
)


def test_the_command_tells_everything_in_both_languages(tmp_path: Path) -> None:
    desk(tmp_path, pool=ENDED)
    zh = rules("show", "990100", "--on", "2024-05-01", "--pools", str(tmp_path))
    en = rules("show", "990100", "--on", "2024-05-01", "--pools", str(tmp_path), "--lang", "en")
    assert zh.returncode == en.returncode == 0
    for said in ("自 2024-03-01 停止", "6 个月", "3 个月", "按天数分到各年度，起付线只收一次", "异地急诊", "谈判药品", "先自付范围内金额的 10%",
                 "起付线乘 150%", "没有待遇规则的医疗类别", "社区机构", "官方文件", "第一条", "990100_a.toml:11", "pool（每年）"):  # fmt: skip
        assert said in zh.stdout, said
    for said in (
        "ended from 2024-03-01",
        "6 months",
        "deductible once",
        "first bears 10%",
        "No rule for employee",
        "official document",
    ):
        assert said in en.stdout, said
    rows = [line for line in zh.stdout.splitlines() if "支付比例" in line]
    assert any("88%" in row and "85%" in row for row in rows) and not any("95%" in row for row in rows)
    before = rules("show", "990100", "--on", "2024-02-01", "--pools", str(tmp_path)).stdout
    assert any("95%" in line for line in before.splitlines() if "支付比例" in line) and "停止（" not in before
