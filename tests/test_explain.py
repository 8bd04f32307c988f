"""Every figure of an explanation is a cell of the row or a figure of the rule; every layer cites; doubt is said."""

import re
from typing import Any

import pytest

from settlement.checkout import DATA
from settlement.engine import Settled, settle_drafts
from settlement.explain import as_text, explain, explain_lines, fine_text
from settlement.intake import from_arrow, read_file
from settlement.money import yuan_text
from settlement.rules.rulebook import Rulebook, open_rulebook
from settlement.sample import sample_claims

BOOK = open_rulebook().book
FIGURE = {"zh": re.compile(r"(-?[\d,]+\.\d\d+) 元"), "en": re.compile(r"(-?[\d,]+\.\d\d+) yuan")}


@pytest.fixture(scope="module")
def settled() -> Settled:
    return settle_drafts(from_arrow(sample_claims(400, BOOK, 7)), BOOK)


def cells(told: dict[str, Any], book: Rulebook) -> set[str]:
    amounts = {value for value in told.values() if isinstance(value, int)}
    shown = {yuan_text(amount) for amount in amounts}
    for step in told["layers"]:
        shown |= {yuan_text(value) for name, value in step.items() if name.endswith("_fen")}
        block = book.layer(step["layer_row"]).benefit
        shown |= {yuan_text(band.over_fen) for band in block.bands}
        shown |= {yuan_text(figure) for figure in (block.cap.amount_fen.values() if block.cap else ())}
    return shown


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_figure_is_in_the_row(settled: Settled, lang: str) -> None:
    found = 0
    for k in settled.kept.tolist():
        told = settled.told(k)
        shown = cells(told, settled.book)
        for sentence in explain(told, settled.book, lang):
            figures = FIGURE[lang].findall(sentence.text)
            assert set(figures) <= shown, (sentence.text, set(figures) - shown)
            found += len(figures)
    assert found > 4_000


def test_lines_show_their_split(settled: Settled) -> None:
    told = settled.told(int(settled.kept[0]))
    for line, text in zip(told["lines"], explain_lines(told), strict=True):
        assert fine_text(line["preselfpay_amt_e4"]) in text and fine_text(line["inscp_scp_amt_e4"]) in text


def test_layers_cite_and_doubt_is_said(settled: Settled) -> None:
    for k in settled.kept[:100].tolist():
        told = settled.told(k)
        for sentence in explain(told, settled.book):
            assert not sentence.text.startswith("【") or sentence.cites
        text = as_text(told, settled.book)
        assert ("未经核实" in text) == ("二手资料" in text.split("依据：")[1] or "暂按假定" in text.split("依据：")[1])


def test_own_terms_and_missing_filing_are_said() -> None:
    line = {"cnt": "1", "det_item_fee_sumamt": "100.00", "chrgitm_lv": "02", "selfpay_prop": "0.1"}
    claim = {
        "insuplc_admdvs": "220400",
        "mdtrtarea_admvs": "110101",
        "insutype": "310",
        "psn_type": "11",
        "med_type": "21",
    }
    told = settle_drafts([{**claim, "medinslv": "3", "setl_time": "2024-05-01", "feedetail": [line]}], BOOK).told(0)
    text = as_text(told, BOOK)
    assert "明细自带目录等级和比例，优先于目录" in text and "没有提供异地备案信息，按“未备案”计算" in text
    assert "No filing was given" in as_text(told, BOOK, "en")


def test_the_level_code_says_that_its_order_is_not_verified() -> None:
    claim = {
        "insuplc_admdvs": "220400",
        "mdtrtarea_admvs": "220402",
        "insutype": "310",
        "psn_type": "11",
        "med_type": "21",
    }
    line = {"cnt": "1", "det_item_fee_sumamt": "1000.00", "chrgitm_lv": "01"}
    told = settle_drafts([{**claim, "hosp_lv": "5", "setl_time": "2024-05-01", "feedetail": [line]}], BOOK).told(0)
    assert "医院等级二级" in as_text(told, BOOK) and "hosp_lv" in as_text(told, BOOK)


def test_the_examples_explain_themselves() -> None:
    for file in sorted((DATA / "examples").glob("*.json")):
        outcome = settle_drafts(read_file(file), BOOK)
        assert not outcome.refusals
        assert all(as_text(outcome.told(k), BOOK, "en") for k in outcome.kept.tolist())
