"""One result row → sentences with citations, in Chinese or English. It looks up and formats; it computes nothing.

Every amount in the text is a cell of the row or a figure of the rule: a test takes each figure out of the text again
and looks for it there. ``chart`` alone measures, to draw bars. What no claim changes is said in ``explain_forms``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

from settlement import codes
from settlement.explain_forms import Form, Forms, Speaker, layer_forms, program_forms
from settlement.explain_words import WORDS
from settlement.money import percent_text, yuan_text
from settlement.rules.compile import ProgramInfo
from settlement.rules.pool import Benefit, Cite
from settlement.rules.rulebook import Rulebook

# The cells that sentences on a claim and on a layer may name, in fen.
CLAIM_CELLS = (
    "medfee_sumamt", "fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt", "fund_pay_sumamt",
    "hosp_part_amt", "psn_part_amt", "acct_pay", "acct_mulaid_pay", "balc", "psn_cash_pay",
)  # fmt: skip
OUTSIDE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt")  # the parts of the bill outside the scope
LAYER_CELLS = (
    "base_fen", "first_elsewhere_fen", "cost_over_cap_fen", "dedc_standard_fen", "dedc_before_fen", "dedc_due_fen",
    "dedc_fen", "running_before_fen", "eligible_fen", "granted_fen", "cap_used_before_fen", "cap_left_fen", "rest_fen",
    "pay_fen",
)  # fmt: skip


class Sentence(NamedTuple):
    """One sentence of an explanation, what it rests on, and whose payment it is about (a column of the row, '' for none)."""

    text: str
    cites: tuple[Cite, ...] = ()
    payer: str = ""


def _filled(cells: dict[str, Any], forms: Iterable[Form]) -> list[Sentence]:
    """Return forms as sentences, with the cells of a row that they name."""
    return [Sentence(form.pattern % cells, form.cites, form.payer) for form in forms]


def explain(told: dict[str, Any], book: Rulebook, lang: str = "zh") -> list[Sentence]:
    """Return the waterfall of one settled claim as sentences.

    ``told`` is a row of ``Settled.told``; ``lang`` is zh or en.
    """
    row = told["program"]
    program, forms = book.program(row), program_forms(book, row, lang)
    cells = {name: yuan_text(told[name]) for name in CLAIM_CELLS}
    keys = ["claim"]
    if told["refund_of"]:
        keys.append("refund")
    if program.claim.disease:
        keys.append("disease")
    said = _filled(told, [forms[key] for key in keys])
    if program.claim.relation != "local":
        said += _filing(told, program, Speaker(lang))
    keys = ["total", *(column for column in OUTSIDE if told[column]), "in_scope"]
    if program.not_covered:
        keys.append("not_covered")
    said += _filled(cells, [forms[key] for key in keys])
    shares = {share["first_step"]: share for share in told["shares"]}
    for number, step in enumerate(told["layers"]):
        if number in shares:
            said += _share(shares[number], Speaker(lang))
        if step["base_fen"] == 0 and step["pay_fen"] == 0:
            continue  # nothing reached this layer
        main = program.kind_map >= 0 and step["base_fen"] != told["inscp_scp_amt"]
        layer = step["layer_row"]
        said += _layer(step, book.layer(layer).benefit, layer_forms(book, layer, lang), main)
    return said + _filled(cells, [forms[key] for key in _person_keys(told)])


def _filing(told: dict[str, Any], program: ProgramInfo, speaker: Speaker) -> list[Sentence]:
    claim, rule, forms = program.claim, program.filing, []
    filing = speaker.pick(codes.FILING_ZH, claim.filing)
    if rule is not None:
        form = speaker.form(
            "filing_counts", rule.cite, stated=speaker.pick(codes.FILING_ZH, told["filing"] or "unfiled"),
            filing=filing, when=speaker.words[f"filed_{told['filed']}"],
            emergency=speaker.words["uploaded_emergency"] if told["emergency_flag"] else "",
        )  # fmt: skip
        forms.append(form)
    key = "filing" if told["filing"] or rule is not None else "filing_missing"
    cite = program.elsewhere.cite if program.elsewhere else None
    return _filled(told, [*forms, speaker.form(key, cite, filing=filing)])


def _share(share: dict[str, Any], speaker: Speaker) -> list[Sentence]:
    rule = share["rule"]
    form = speaker.form("share", rule.cite if rule else None)
    return _filled({**share, "scope_fen": yuan_text(share["scope_fen"])}, [form])


def _layer(step: dict[str, Any], benefit: Benefit, forms: Forms, main: bool) -> list[Sentence]:
    """Return what is said of one layer; ``main`` tells that its program took some items out of the scope."""
    cells: dict[str, Any] = {name: yuan_text(step[name]) for name in LAYER_CELLS}
    cells["admissions_before_count"] = step["admissions_before_count"]
    keys = ["base_main" if main and "base_main" in forms else "base"]
    if step["first_elsewhere_fen"] and "first_elsewhere" in forms:
        keys.append("first_elsewhere")
    if benefit.reported:
        return _filled(cells, [forms[key] for key in (*keys, "reported")])
    if step["cost_over_cap_fen"]:
        keys.append("over_cost_cap")
    keys += _deductible_keys(step, benefit)
    if benefit.measure.on == "year":
        keys.append("running")
    keys.append("bands_whole" if benefit.deductible.per == "none" or step["dedc_standard_fen"] == 0 else "bands")
    if benefit.cap:
        keys += ("cap", "rest") if step["rest_fen"] else ("cap",)
    keys.append("pays")
    return _filled(cells, [forms[key] for key in keys])


def _deductible_keys(step: dict[str, Any], benefit: Benefit) -> list[str]:
    dedc, standard = benefit.deductible, step["dedc_standard_fen"]
    if dedc.per == "none" or (dedc.per == "left_over" and standard == 0):
        return []
    key = "dedc_continued" if step["dedc_continued"] else "dedc"
    keys = ["dedc_zero" if standard == step["dedc_fen"] == 0 else key]
    if dedc.year_limit_fen is not None and step["dedc_due_fen"] < standard:
        keys.append("dedc_limit")
    return keys


def _person_keys(told: dict[str, Any]) -> list[str]:
    keys = ["fund_sum", "hospital", "person"] if told["hosp_part_amt"] else ["fund_sum", "person"]
    if told["acct_pay"] or told["acct_mulaid_pay"]:
        keys.append("account")
    if told["acct_mulaid_pay"]:
        keys.append("shared")
    return [*keys, "cash"]


def explain_lines(told: dict[str, Any], lang: str = "zh") -> list[str]:
    """Return one sentence a fee line: its class, terms, where they come from and how far they can be trusted."""
    words = WORDS[lang]
    trust = codes.CONFIDENCE_ZH if lang == "zh" else codes.CONFIDENCE_EN
    said = []
    for line in told["lines"]:
        item = line["item"]
        name = item.name if item else line["med_list_codg"] or line["feedetl_sn"]
        key = "line_own" if line["own_terms"] else "line"
        rule = line["first_pay_rule"]
        key = "line_rule" if rule else key
        weakest = _weakest([item.confidence, item.selfpay_confidence, item.limit_confidence]) if item else ""
        said.append(
            words[key].format(
                sn=line["feedetl_sn"], name=name, amount=yuan_text(line["det_item_fee_sumamt_fen"]),
                lv=words["class"][line["chrgitm_lv"]], ratio=percent_text(line["selfpay_bp"]),
                own=yuan_text(line["fulamt_ownpay_amt_fen"]), over=fine_text(line["overlmt_amt_e4"]),
                first=fine_text(line["preselfpay_amt_e4"]), scope=fine_text(line["inscp_scp_amt_e4"]),
                area=item.area if item else "", trust=trust[rule.cite.confidence] if rule else trust.get(weakest, weakest),
                note=rule.cite.note if rule else item.note if item else "", rule=rule.cite.text() if rule else "",
            )
        )  # fmt: skip
    return said


def fine_text(amount_e4: int) -> str:
    """Return 1/10 000 fen as yuan, two decimals or as many as it needs (up to six)."""
    digits = str(amount_e4).rjust(7, "0")
    decimals = digits[-6:].rstrip("0").ljust(2, "0")
    return f"{int(digits[:-6]):,}.{decimals}"


def _weakest(marks: list[str]) -> str:
    return max((mark for mark in marks if mark), key=codes.CONFIDENCES.index, default="")


def paid_by(payer: str, sentences: list[Sentence], lang: str = "zh") -> str:
    """Return on one line what an explanation says of one payer, with the articles and how far they can be trusted."""
    mine = [sentence for sentence in sentences if sentence.payer == payer]
    cites = dict.fromkeys(cite for sentence in mine for cite in sentence.cites)
    rests = WORDS[lang]["rests_join"].join(_rests(cite, lang) for cite in cites)
    return "".join(sentence.text for sentence in mine) + (WORDS[lang]["rests_on"].format(cites=rests) if rests else "")


def short_text(sentences: list[Sentence], lang: str = "zh") -> str:
    """Return the sentences, each with its grounds numbered, and below them the grounds with how far they can be trusted."""
    numbers: dict[Cite, int] = {}
    marks: dict[tuple[Cite, ...], str] = {(): ""}  # the same few grounds come again and again
    lines = []
    for sentence in sentences:
        mark = marks.get(sentence.cites)
        if mark is None:
            mark = "".join([f"[{numbers.setdefault(cite, len(numbers) + 1)}]" for cite in sentence.cites])
            marks[sentence.cites] = mark
        lines.append(sentence.text + mark)
    lines += [f"[{number}] {_rests(cite, lang)}" for cite, number in numbers.items()]
    return "\n".join(lines)


@lru_cache(4096)  # rules are few, settlements many
def _rests(cite: Cite, lang: str) -> str:
    trust = codes.CONFIDENCE_ZH if lang == "zh" else codes.CONFIDENCE_EN
    words: str = WORDS[lang]["rests"].format(cite=cite.text(), trust=trust[cite.confidence])
    return words


def grounds(sentences: list[Sentence], lang: str = "zh") -> tuple[dict[Cite, int], list[str]]:
    """Return the citations numbered in order of first use, and their texts with confidence and notes."""
    numbers: dict[Cite, int] = {}
    for sentence in sentences:
        for cite in sentence.cites:
            numbers.setdefault(cite, len(numbers) + 1)
    trust = codes.CONFIDENCE_ZH if lang == "zh" else codes.CONFIDENCE_EN
    template = WORDS[lang]["ground"]
    return numbers, [
        template.format(
            number=number, cite=cite.text(), trust=trust[cite.confidence], file=cite.file, line=cite.line,
            note="".join(f" {note}" for note in dict.fromkeys((cite.note, cite.source.note)) if note),
        )
        for cite, number in numbers.items()
    ]  # fmt: skip


def as_text(told: dict[str, Any], book: Rulebook, lang: str = "zh") -> str:
    """Return the whole explanation: sentences, chart, fee lines, grounds, and the rulebook that decided."""
    return text_of(explain(told, book, lang), told, book, lang)


def text_of(sentences: list[Sentence], told: dict[str, Any], book: Rulebook, lang: str = "zh") -> str:
    """Return the whole explanation that ``as_text`` gives, from sentences that are there already."""
    numbers, texts = grounds(sentences, lang)
    words = WORDS[lang]
    lines = [s.text + "".join(f"[{numbers[cite]}]" for cite in s.cites) for s in sentences]
    doubtful = [cite for cite in numbers if cite.confidence in ("secondary", "assumed")]
    parts = ["\n".join(lines), chart(told, lang), words["lines"] + "\n" + "\n".join(explain_lines(told, lang))]
    parts.append(words["grounds"] + "\n" + "\n".join(texts))
    if doubtful:
        parts.append(words["doubtful"].format(numbers=" ".join(f"[{numbers[cite]}]" for cite in doubtful)))
    parts.append(words["digest"].format(digest=book.digest[:16]))
    return "\n\n".join(parts)


BAR = 40


def chart(told: dict[str, Any], lang: str = "zh") -> str:
    """Return a small text chart of who pays what; the bars are rounded to whole cells, the amounts are the row's."""
    label: Callable[[str], str] = WORDS[lang]["payers"].__getitem__
    payers = [(label(fund), told[fund]) for fund in codes.FUND_ORDER]
    payers += [(label(name), told[name]) for name in ("hosp_part_amt", "acct_pay", "acct_mulaid_pay", "psn_cash_pay")]
    total = max(1, told["medfee_sumamt"])
    rows = []
    for name, amount in payers:
        if amount:
            bar = "█" * max(1, (amount * BAR + total // 2) // total)
            rows.append(f"{bar:<{BAR}} {yuan_text(amount):>14}  {name}")
    return "\n".join([WORDS[lang]["chart"], *rows])
