"""One result row → sentences with citations, in Chinese or English. It looks up and formats; it computes nothing.

Every amount in the text is a cell of the row or a figure of the rule: a test takes each figure out of the text again
and looks for it there. ``chart`` alone measures, to draw bars.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from settlement import codes
from settlement.explain_words import WORDS
from settlement.money import percent_text, yuan_text
from settlement.rules.compile import LayerInfo, ProgramInfo
from settlement.rules.pool import Benefit, Cite
from settlement.rules.rulebook import Rulebook
from settlement.rules.selectors import Items


class Sentence(NamedTuple):
    """One sentence of an explanation, what it rests on, and whose payment it is about (a column of the row, '' for none)."""

    text: str
    cites: tuple[Cite, ...] = ()
    payer: str = ""


class _Teller:
    """Says things in one language about one row."""

    def __init__(self, told: dict[str, Any], book: Rulebook, lang: str) -> None:
        self.told, self.book, self.lang = told, book, lang
        self.words = WORDS[lang]
        self.program: ProgramInfo = book.program(told["program"])
        self.said: list[Sentence] = []
        self.payer = ""

    def say(self, key: str, *cites: Cite | None, **amounts: Any) -> None:
        """Add the sentence ``key``; amounts named ``*_fen`` are printed in yuan."""
        for name, value in amounts.items():
            if name.endswith("_fen"):
                amounts[name] = yuan_text(value)
        self.said.append(Sentence(self.words[key].format_map(amounts), tuple(filter(None, cites)), self.payer))

    def pick(self, zh: dict[str, str], key: str) -> str:
        """Return a code's word in the language told: the Chinese name, or the code's own words in English."""
        return zh.get(key, key) if self.lang == "zh" else key.replace("_", " ")


def explain(told: dict[str, Any], book: Rulebook, lang: str = "zh") -> list[Sentence]:
    """Return the waterfall of one settled claim as sentences.

    ``told`` is a row of ``Settled.told``; ``lang`` is zh or en.
    """
    teller = _Teller(told, book, lang)
    _tell_claim(teller)
    _tell_scope(teller)
    if teller.program.not_covered:
        teller.say("not_covered", teller.program.not_covered)
    shares = {share["first_step"]: share for share in told["shares"]}
    for number, step in enumerate(told["layers"]):
        if number in shares:
            _tell_share(teller, shares[number])
        if step["base_fen"] == 0 and step["pay_fen"] == 0:
            continue  # nothing reached this layer
        teller.payer = step["fund"]
        _tell_layer(teller, step, book.layer(step["layer_row"]))
        teller.payer = ""
    _tell_person(teller)
    return teller.said


def _tell_claim(teller: _Teller) -> None:
    told, claim, book = teller.told, teller.program.claim, teller.book
    pool = book.pools[teller.program.pool]
    teller.say(
        "claim", *teller.program.meanings,
        id=told["medins_setl_id"], day=told["day"], insured=f"{pool.name}({told['insuplc_admdvs']})",
        place=told["mdtrtarea_admvs"], scheme=teller.pick(codes.SCHEME_ZH, claim.scheme),
        care=teller.pick(codes.CARE_ZH, claim.care), group=teller.pick(codes.GROUP_ZH, claim.person.group),
        level=teller.pick(codes.LEVEL_ZH, claim.level), relation=teller.pick(codes.RELATION_ZH, claim.relation),
    )  # fmt: skip
    if told["refund_of"]:
        teller.say("refund", of=told["refund_of"])
    if claim.disease:
        teller.say("disease", disease=told["dise_codg"])
    if claim.relation != "local":
        _tell_filing(teller)


def _tell_filing(teller: _Teller) -> None:
    told, claim, rule = teller.told, teller.program.claim, teller.program.filing
    if rule is not None:
        teller.say(
            "filing_counts", rule.cite, stated=teller.pick(codes.FILING_ZH, told["filing"] or "unfiled"),
            filing=teller.pick(codes.FILING_ZH, claim.filing), when=teller.words[f"filed_{told['filed']}"],
            emergency=teller.words["uploaded_emergency"] if told["emergency_flag"] else "",
        )  # fmt: skip
    key = "filing" if told["filing"] or rule is not None else "filing_missing"
    cite = teller.program.elsewhere.cite if teller.program.elsewhere else None
    teller.say(key, cite, filing=teller.pick(codes.FILING_ZH, claim.filing))


def _tell_share(teller: _Teller, share: dict[str, Any]) -> None:
    rule = share["rule"]
    teller.say(
        "share", rule.cite if rule else None, start=share["start"], days=share["days"], stay=share["stay"],
        amount_fen=share["scope_fen"],
    )  # fmt: skip


def _tell_scope(teller: _Teller) -> None:
    told = teller.told
    teller.say("total", medfee_fen=told["medfee_sumamt"])
    for column in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt"):
        if told[column]:
            teller.say(column, amount_fen=told[column])
    rounding = next((p.rounding for p in teller.book.builder.chains[teller.program.pool] if p.rounding), None)
    how = f"{rounding.at}_{rounding.rounds}" if rounding else "claim_in_scope"
    teller.say("in_scope", amount_fen=told["inscp_scp_amt"], how=teller.words[f"rounding_{how}"])


def _rate_text(rate: Fraction) -> str:
    hundred = rate * 100
    if hundred.denominator == 1:
        return f"{hundred.numerator}%"
    for places in range(1, 11):
        scaled = hundred * 10**places
        if scaled.denominator == 1:
            digits = str(scaled.numerator).rjust(places + 1, "0")
            return f"{digits[:-places]}.{digits[-places:]}%"
    return f"{hundred.numerator}/{hundred.denominator}%"


def _tell_layer(teller: _Teller, step: dict[str, Any], info: LayerInfo) -> None:
    benefit = info.benefit
    cite = benefit.cite
    fund = (codes.FUND_ZH if teller.lang == "zh" else codes.FUND_EN)[benefit.fund]
    if benefit.layer != benefit.fund:
        fund = teller.words["layer"].format(fund=fund, layer=benefit.layer)
    _tell_base(teller, step, benefit, fund)
    if step["first_elsewhere_fen"] and info.elsewhere:
        rate = percent_text(info.elsewhere.amount_bp)
        teller.say("first_elsewhere", info.elsewhere.cite, amount_fen=step["first_elsewhere_fen"], rate=rate)
    if benefit.reported:
        teller.say("reported", cite, fund=fund, amount_fen=step["pay_fen"])
        return
    if step["cost_over_cap_fen"]:
        teller.say("over_cost_cap", cite, amount_fen=step["cost_over_cap_fen"], left_fen=step["cap_left_fen"])
    _tell_deductible(teller, step, info)
    _tell_bands(teller, step, info)
    if benefit.cap:
        per = teller.words[f"per_{benefit.cap.per}"]
        cap_fen = benefit.cap.amount_fen.get(info.level, benefit.cap.amount_fen.get("*", 0))
        used = {"used_fen": step["cap_used_before_fen"], "left_fen": step["cap_left_fen"]}
        teller.say("cap", cite, per=per, on=teller.words[f"cap_{benefit.cap.on}"], cap_fen=cap_fen, **used)
        if step["rest_fen"]:
            teller.say("rest", cite, amount_fen=step["rest_fen"])
    teller.say("pays", cite, fund=fund, amount_fen=step["pay_fen"])


def _tell_base(teller: _Teller, step: dict[str, Any], benefit: Benefit, fund: str) -> None:
    key, items = f"base_{benefit.base}", ""
    if benefit.items:
        key, items = "base_items", teller.words["items_join"].join(_items_words(teller, benefit.items))
    elif (
        benefit.base == "in_scope" and teller.program.kind_map >= 0 and step["base_fen"] != teller.told["inscp_scp_amt"]
    ):
        key = "base_main"
    more = teller.words["with_rest"] if benefit.with_rest else ""
    teller.say(key, benefit.cite, fund=fund, items=items, amount_fen=step["base_fen"])
    teller.said[-1] = teller.said[-1]._replace(text=teller.said[-1].text + more)


def _items_words(teller: _Teller, items: Items) -> list[str]:
    words = teller.words
    said = [words[f"items_class_{lv}"] for lv in items.classes or ()]
    listed = {"items_types": items.types, "items_codes": items.codes, "items_diseases": items.diseases}
    said += [words[key].format(codes=words["items_join"].join(given)) for key, given in listed.items() if given]
    if items.negotiated is not None:
        said.append(words["items_negotiated" if items.negotiated else "items_not_negotiated"])
    return said + ([words["items_any_disease"]] if items.any_disease else [])


def _tell_deductible(teller: _Teller, step: dict[str, Any], info: LayerInfo) -> None:
    dedc = info.benefit.deductible
    if dedc.per == "none" or (dedc.per == "left_over" and step["dedc_standard_fen"] == 0):
        return
    cites = [info.benefit.cite]
    changed = info.elsewhere and (
        info.elsewhere.dedc_is_fen is not None or info.elsewhere.dedc_plus_fen or info.elsewhere.dedc_times_bp != 10_000
    )
    if changed and info.elsewhere:
        cites.append(info.elsewhere.cite)
    key = f"dedc_{dedc.per}"
    if step["dedc_standard_fen"] == step["dedc_fen"] == 0:
        key = "dedc_zero"
    elif step["dedc_continued"]:
        key = "dedc_continued"
    teller.say(
        key, *cites, standard_fen=step["dedc_standard_fen"], amount_fen=step["dedc_fen"],
        before_fen=step["dedc_before_fen"], admissions=step["admissions_before_count"],
    )  # fmt: skip
    if dedc.year_limit_fen is not None and step["dedc_due_fen"] < step["dedc_standard_fen"]:
        shown = {"before_fen": step["dedc_before_fen"], "due_fen": step["dedc_due_fen"]}
        teller.say("dedc_limit", info.benefit.cite, limit_fen=dedc.year_limit_fen, **shown)


def _tell_bands(teller: _Teller, step: dict[str, Any], info: LayerInfo) -> None:
    benefit = info.benefit
    parts = [
        teller.words["band"].format(over=yuan_text(band.over_fen), rate=_rate_text(rate))
        for band, rate in zip(benefit.bands, info.rates, strict=True)
    ]
    bands = _rate_text(info.rates[0]) if len(parts) == 1 else teller.words["band_join"].join(parts)
    how = [teller.words[f"measure_{benefit.measure.on}_{benefit.measure.start}"]] if len(parts) > 1 else []
    before = percent_text(info.base_rates_bp[0])
    if info.retired and benefit.retired_points_bp:
        how.append(teller.words["retired_points"].format(points=percent_text(benefit.retired_points_bp).rstrip("%")))
    if info.retired and benefit.retired_share_bp != 10_000:
        how.append(teller.words["retired_share"].format(share=percent_text(benefit.retired_share_bp)))
    cites = [benefit.cite]
    if info.elsewhere and info.elsewhere.mode in ("points", "multiply"):
        amount = percent_text(info.elsewhere.amount_bp)
        how.append(
            teller.words[f"elsewhere_{info.elsewhere.mode}"].format(
                amount=amount.rstrip("%") if info.elsewhere.mode == "points" else amount
            )
        )
        cites.append(info.elsewhere.cite)
    if how and info.rates[0] != Fraction(info.base_rates_bp[0], 10_000):
        how.insert(0, teller.words["rate_before"].format(rate=before))
    note = teller.words["how"].format(how=teller.words["how_join"].join(how)) if how else ""
    if benefit.measure.on == "year":
        teller.say("running", benefit.cite, amount_fen=step["running_before_fen"])
    whole = benefit.deductible.per == "none" or step["dedc_standard_fen"] == 0
    teller.say(
        "bands_whole" if whole else "bands",
        *cites,
        eligible_fen=step["eligible_fen"],
        bands=bands,
        how=note,
        amount_fen=step["granted_fen"],
    )


def _tell_person(teller: _Teller) -> None:
    told = teller.told
    teller.say("fund_sum", amount_fen=told["fund_pay_sumamt"])
    if told["hosp_part_amt"]:
        teller.payer = "hosp_part_amt"
        teller.say("hospital", amount_fen=told["hosp_part_amt"])
    teller.payer = ""
    teller.say("person", amount_fen=told["psn_part_amt"])
    if told["acct_pay"] or told["acct_mulaid_pay"]:
        teller.payer = "acct_pay"
        shown = {"amount_fen": told["acct_pay"], "balance_fen": told["balc"]}
        teller.say("account", teller.program.account, **shown)
    if told["acct_mulaid_pay"]:
        teller.payer = "acct_mulaid_pay"
        teller.say("shared", teller.program.account, amount_fen=told["acct_mulaid_pay"])
    teller.payer = ""
    teller.say("cash", amount_fen=told["psn_cash_pay"])


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
    lines = [
        sentence.text + "".join(f"[{numbers.setdefault(cite, len(numbers) + 1)}]" for cite in sentence.cites)
        for sentence in sentences
    ]
    return "\n".join([*lines, *(f"[{number}] {_rests(cite, lang)}" for cite, number in numbers.items())])


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
