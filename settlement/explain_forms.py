"""Sentences half said: what no claim changes about a program and its layers, said once and kept beside the rulebook.

Rules are few and settlements many: names, rates, caps and grounds are filled in here once a rule and language, so that
``explain`` only has to put a claim's own cells into what is left open.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from settlement import codes
from settlement.explain_words import WORDS
from settlement.money import percent_text, yuan_text
from settlement.rules.compile import LayerInfo
from settlement.rules.pool import Benefit, Cite
from settlement.rules.rulebook import Rulebook
from settlement.rules.selectors import Items


class Form(NamedTuple):
    """A sentence that lacks the cells of a row: ``pattern`` takes them by name with %; its grounds and payer are known."""

    pattern: str
    cites: tuple[Cite, ...] = ()
    payer: str = ""


Forms = dict[str, Form]


class _Open(dict[str, str]):
    """Fills the braces of a template; a name that it does not know stays open, for %."""

    def __missing__(self, name: str) -> str:
        return f"%({name})s"


class Speaker:
    """Says things in one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.words = WORDS[lang]

    def pick(self, zh: dict[str, str], key: str) -> str:
        """Return a code's word in the language: the Chinese name, or the code's own words in English."""
        return zh.get(key, key) if self.lang == "zh" else key.replace("_", " ")

    def form(self, key: str, *cites: Cite | None, payer: str = "", more: str = "", **said: str) -> Form:
        """Return the sentence ``key`` with the words ``said`` in it, and ``more`` after it."""
        known = _Open({name: text.replace("%", "%%") for name, text in said.items()})
        pattern = (self.words[key] + more).replace("%", "%%").format_map(known)
        return Form(pattern, tuple(filter(None, cites)), payer)


# Kept as long as their rulebook, and bounded by its rows: (what of, row, language) → forms.
_SAID: WeakKeyDictionary[Rulebook, dict[tuple[str, int, str], Forms]] = WeakKeyDictionary()


def _once(name: str, make: Callable[[Rulebook, int, Speaker], Forms], book: Rulebook, row: int, lang: str) -> Forms:
    said = _SAID.get(book)
    if said is None:
        said = _SAID.setdefault(book, {})
    forms = said.get((name, row, lang))
    if forms is None:
        forms = said[name, row, lang] = make(book, row, Speaker(lang))
    return forms


def program_forms(book: Rulebook, row: int, lang: str) -> Forms:
    """Return the sentences on a claim as a whole under a program, by their keys in ``explain_words``."""
    return _once("program", _program_forms, book, row, lang)


def layer_forms(book: Rulebook, row: int, lang: str) -> Forms:
    """Return the sentences on a layer, by what they are about: base, dedc, bands, cap, ..."""
    return _once("layer", _layer_forms, book, row, lang)


PLAIN = (
    "refund",
    "disease",
    "total",
    "fulamt_ownpay_amt",
    "overlmt_selfpay",
    "preselfpay_amt",
    "fund_sum",
    "person",
    "cash",
)


def _program_forms(book: Rulebook, row: int, speaker: Speaker) -> Forms:
    program, form, pick = book.program(row), speaker.form, speaker.pick
    claim = program.claim
    made = {key: form(key) for key in PLAIN}
    made["claim"] = form(
        "claim", *program.meanings, insured=book.pools[program.pool].name,
        scheme=pick(codes.SCHEME_ZH, claim.scheme), care=pick(codes.CARE_ZH, claim.care),
        group=pick(codes.GROUP_ZH, claim.person.group), level=pick(codes.LEVEL_ZH, claim.level),
        relation=pick(codes.RELATION_ZH, claim.relation),
    )  # fmt: skip
    rounding = next((p.rounding for p in book.builder.chains[program.pool] if p.rounding), None)
    how = f"{rounding.at}_{rounding.rounds}" if rounding else "claim_in_scope"
    made["in_scope"] = form("in_scope", how=speaker.words[f"rounding_{how}"])
    if program.not_covered:
        made["not_covered"] = form("not_covered", program.not_covered)
    made["hospital"] = form("hospital", payer="hosp_part_amt")
    made["account"] = form("account", program.account, payer="acct_pay")
    made["shared"] = form("shared", program.account, payer="acct_mulaid_pay")
    return made


def _layer_forms(book: Rulebook, row: int, speaker: Speaker) -> Forms:
    info = book.layer(row)
    benefit, form, words = info.benefit, speaker.form, speaker.words
    cite, payer = benefit.cite, benefit.fund
    fund = (codes.FUND_ZH if speaker.lang == "zh" else codes.FUND_EN)[benefit.fund]
    if benefit.layer != benefit.fund:
        fund = words["layer"].format(fund=fund, layer=benefit.layer)
    made = _base_forms(speaker, benefit, fund)
    made["pays"] = form("pays", cite, payer=payer, fund=fund)
    if info.elsewhere:
        rate = percent_text(info.elsewhere.amount_bp)
        made["first_elsewhere"] = form("first_elsewhere", info.elsewhere.cite, payer=payer, rate=rate)
    if benefit.reported:
        made["reported"] = form("reported", cite, payer=payer, fund=fund)
        return made
    made["over_cost_cap"] = form("over_cost_cap", cite, payer=payer)
    made |= _deductible_forms(speaker, info) | _bands_forms(speaker, info)
    if benefit.cap:
        cap_fen = benefit.cap.amount_fen.get(info.level, benefit.cap.amount_fen.get("*", 0))
        made["cap"] = form(
            "cap", cite, payer=payer, per=words[f"per_{benefit.cap.per}"], on=words[f"cap_{benefit.cap.on}"],
            cap=yuan_text(cap_fen),
        )  # fmt: skip
        made["rest"] = form("rest", cite, payer=payer)
    return made


def _base_forms(speaker: Speaker, benefit: Benefit, fund: str) -> Forms:
    """Return ``base``, and ``base_main`` for a base that a program may take some items out of."""
    key, items, made = f"base_{benefit.base}", "", {}
    more = speaker.words["with_rest"] if benefit.with_rest else ""
    if benefit.items:
        key, items = "base_items", speaker.words["items_join"].join(_items_words(speaker, benefit.items))
    elif benefit.base == "in_scope":
        made["base_main"] = speaker.form("base_main", benefit.cite, payer=benefit.fund, more=more, fund=fund)
    made["base"] = speaker.form(key, benefit.cite, payer=benefit.fund, more=more, fund=fund, items=items)
    return made


def _items_words(speaker: Speaker, items: Items) -> list[str]:
    words = speaker.words
    said = [words[f"items_class_{lv}"] for lv in items.classes or ()]
    listed = {"items_types": items.types, "items_codes": items.codes, "items_diseases": items.diseases}
    said += [words[key].format(codes=words["items_join"].join(given)) for key, given in listed.items() if given]
    if items.negotiated is not None:
        said.append(words["items_negotiated" if items.negotiated else "items_not_negotiated"])
    return said + ([words["items_any_disease"]] if items.any_disease else [])


def _deductible_forms(speaker: Speaker, info: LayerInfo) -> Forms:
    """Return ``dedc``, ``dedc_zero``, ``dedc_continued``, and ``dedc_limit`` if the year has one; nothing without a deductible."""
    dedc, cite, payer = info.benefit.deductible, info.benefit.cite, info.benefit.fund
    if dedc.per == "none":
        return {}
    cites = [cite]
    changed = info.elsewhere and (
        info.elsewhere.dedc_is_fen is not None or info.elsewhere.dedc_plus_fen or info.elsewhere.dedc_times_bp != 10_000
    )
    if changed and info.elsewhere:
        cites.append(info.elsewhere.cite)
    keys = {"dedc": f"dedc_{dedc.per}", "dedc_zero": "dedc_zero", "dedc_continued": "dedc_continued"}
    made = {name: speaker.form(key, *cites, payer=payer) for name, key in keys.items()}
    if dedc.year_limit_fen is not None:
        made["dedc_limit"] = speaker.form("dedc_limit", cite, payer=payer, limit=yuan_text(dedc.year_limit_fen))
    return made


def _bands_forms(speaker: Speaker, info: LayerInfo) -> Forms:
    """Return ``bands``, ``bands_whole`` (where nothing is held back), and ``running`` if bounds count on the year."""
    benefit, words = info.benefit, speaker.words
    parts = [
        words["band"].format(over=yuan_text(band.over_fen), rate=_rate_text(rate))
        for band, rate in zip(benefit.bands, info.rates, strict=True)
    ]
    bands = _rate_text(info.rates[0]) if len(parts) == 1 else words["band_join"].join(parts)
    how = [words[f"measure_{benefit.measure.on}_{benefit.measure.start}"]] if len(parts) > 1 else []
    if info.retired and benefit.retired_points_bp:
        how.append(words["retired_points"].format(points=percent_text(benefit.retired_points_bp).rstrip("%")))
    if info.retired and benefit.retired_share_bp != 10_000:
        how.append(words["retired_share"].format(share=percent_text(benefit.retired_share_bp)))
    cites = [benefit.cite]
    if info.elsewhere and info.elsewhere.mode in ("points", "multiply"):
        amount = percent_text(info.elsewhere.amount_bp)
        amount = amount.rstrip("%") if info.elsewhere.mode == "points" else amount
        how.append(words[f"elsewhere_{info.elsewhere.mode}"].format(amount=amount))
        cites.append(info.elsewhere.cite)
    if how and info.rates[0] != Fraction(info.base_rates_bp[0], 10_000):
        how.insert(0, words["rate_before"].format(rate=percent_text(info.base_rates_bp[0])))
    note = words["how"].format(how=words["how_join"].join(how)) if how else ""
    said: dict[str, Any] = {"payer": benefit.fund, "bands": bands, "how": note}
    made = {key: speaker.form(key, *cites, **said) for key in ("bands", "bands_whole")}
    if benefit.measure.on == "year":
        made["running"] = speaker.form("running", benefit.cite, payer=benefit.fund)
    return made


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
