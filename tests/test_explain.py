"""Every figure of an explanation is a cell of the row or a figure of the rule; every layer cites; doubt is said."""

import re
from typing import Any

import pytest
import small
from case_world import books

from settlement import codes
from settlement.author.case_run import run_case
from settlement.checkout import DATA
from settlement.engine import Settled, settle_drafts
from settlement.explain import as_text, explain, explain_lines, fine_text, paid_by
from settlement.explain_words import WORDS
from settlement.intake import from_arrow, read_file
from settlement.money import percent_text, yuan_text
from settlement.rules.rulebook import Rulebook, build, open_rulebook
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
        shown |= {yuan_text(block.deductible.year_limit_fen or 0)}
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


@pytest.fixture(scope="module")
def told_cases() -> list[tuple[dict[str, Any], Rulebook]]:
    """Every case that settles, as it is told: all shipped areas and every odd mode of the invented ones."""
    outcomes = ((run_case(setting.case, book), book) for setting, book in books())
    return [(outcome.told, book) for outcome, book in outcomes if outcome.told]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_figure_of_every_case_is_in_its_row(told_cases: list[tuple[dict[str, Any], Rulebook]], lang: str) -> None:
    found = 0
    for told, book in told_cases:
        shown = cells(told, book)
        for sentence in explain(told, book, lang):
            figures = FIGURE[lang].findall(sentence.text)
            assert set(figures) <= shown, (told["medins_setl_id"], sentence.text, set(figures) - shown)
            found += len(figures)
    assert found > 3_000


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_sentence_is_said_in_some_case(
    settled: Settled, told_cases: list[tuple[dict[str, Any], Rulebook]], lang: str
) -> None:
    """A template that no case and no sample reaches would never have been read by anybody."""
    rows = [*told_cases, *((settled.told(k), settled.book) for k in settled.kept.tolist())]
    text = "\n".join(as_text(told, book, lang) for told, book in rows)
    text += "\n".join(paid_by("hifp_pay", explain(told, book, lang), lang) for told, book in rows)
    unsaid = []
    for key, template in WORDS[lang].items():
        words = template.values() if isinstance(template, dict) else [template]
        fixed = [max(re.split(r"\{\w+\}", word), key=len) for word in words]
        unsaid += [key for word in fixed if word not in text]
    assert not unsaid, " ".join(unsaid)


def test_lines_show_their_split(settled: Settled) -> None:
    told = settled.told(int(settled.kept[0]))
    for line, text in zip(told["lines"], explain_lines(told), strict=True):
        assert fine_text(line["preselfpay_amt_e4"]) in text and fine_text(line["inscp_scp_amt_e4"]) in text


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_number_of_a_line_is_a_cell_of_it(settled: Settled, lang: str) -> None:
    for k in settled.kept.tolist():
        told = settled.told(k)
        for line, text in zip(told["lines"], explain_lines(told, lang), strict=True):
            item = line["item"]
            said = text.replace(item.name, "").partition("（目录" if lang == "zh" else "(catalogue")[0]
            shown = {yuan_text(line["det_item_fee_sumamt_fen"]), yuan_text(line["fulamt_ownpay_amt_fen"])}
            shown |= {fine_text(value) for name, value in line.items() if name.endswith("_e4")}
            assert set(re.findall(r"-?[\d,]+\.\d\d+(?!%)", said)) <= shown, text
            assert re.findall(r"[\d.]+%", said) == [percent_text(line["selfpay_bp"])]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_rate_is_the_rules(settled: Settled, lang: str) -> None:
    found = set()
    for k in settled.kept.tolist():
        told = settled.told(k)
        infos = [settled.book.layer(step["layer_row"]) for step in told["layers"]]
        rates = {percent_text(bp) for info in infos for bp in (*info.base_rates_bp, info.benefit.retired_share_bp)}
        rates |= {percent_text(info.elsewhere.amount_bp) for info in infos if info.elsewhere}
        rates |= {percent_text(int(rate * 10_000)) for info in infos for rate in info.rates if rate * 10_000 % 1 == 0}
        said = set(re.findall(r"[\d.]+%", " ".join(s.text for s in explain(told, settled.book, lang))))
        assert said <= rates
        found |= said
    assert len(found) > 8


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_layers_cite_and_doubt_is_said(settled: Settled, lang: str) -> None:
    trust = codes.CONFIDENCE_ZH if lang == "zh" else codes.CONFIDENCE_EN
    grounds_word, doubt = ("依据：", "未经核实") if lang == "zh" else ("Grounds:", "are not verified")
    layers = 0
    for k in settled.kept[:100].tolist():
        told = settled.told(k)
        sentences = explain(told, settled.book, lang)
        inside = [n for n, sentence in enumerate(sentences) if sentence.text.startswith(("【", "["))]
        layers += len(inside)
        assert all(sentence.cites for sentence in sentences[min(inside, default=0) : max(inside, default=0) + 1])
        text = as_text(told, settled.book, lang)
        weak = any(trust[mark] in text.split(grounds_word)[1] for mark in ("secondary", "assumed"))
        assert (doubt in text) == weak
        assert all(trust[cite.confidence] in text and cite.text() in text for s in sentences for cite in s.cites)
    assert layers > 100


def test_a_rule_that_is_official_is_not_doubted() -> None:
    world = small.nation(small.pays("hifp_pay", ("0", "80%")))
    for pool in world.values():
        for source in pool["source"].values():
            source["confidence"] = "official"
    book = build(world, [])
    for lang in ("zh", "en"):
        text = as_text(settle_drafts([small.claim(small.line("100.00"))], book).told(0), book, lang)
        assert "未经核实" not in text and "not verified" not in text and "80.00" in text


def test_a_layer_without_a_deductible_does_not_speak_of_one() -> None:
    book = build(small.nation(small.pays("hifp_pay", ("0", "80%"))), [])
    told = settle_drafts([small.claim(small.line("100.00"))], book).told(0)
    assert "起付线" not in " ".join(s.text for s in explain(told, book, "zh"))
    english = [s.text for s in explain(told, book, "en")]
    assert "Of these 100.00 yuan the fund grants 80%: 80.00 yuan." in english
    assert not any("deductible" in text for text in english)


@pytest.mark.parametrize("earlier", [0, 1, 2])
def test_admissions_are_counted_in_good_grammar(earlier: int) -> None:
    dedc = {"per": "admission", "amount": "50 yuan", "later": "-10 yuan", "floor": "10 yuan"}
    book = build(
        small.nation(
            small.pays(
                "hifp_pay", ("0", "80%"), ("60", "90%"), deductible=dedc, measure={"on": "claim", "from": "zero"}
            )
        ),
        [],
    )
    claim = small.claim(small.line("100.00"), year_so_far={"admissions": earlier})
    told = settle_drafts([claim], book).told(0)
    standard = f"{50 - 10 * earlier}.00"
    english = [s.text for s in explain(told, book, "en")]
    expected = f"Earlier admissions this year: {earlier}. The deductible is {standard} yuan; {standard} yuan used, borne by the person."
    assert expected in english
    assert any("the fund grants 80% above 0.00 yuan, 90% above 60.00 yuan (bounds" in text for text in english)
    assert f"本年此前住院 {earlier} 次，本次起付标准 {standard} 元" in " ".join(s.text for s in explain(told, book))


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
