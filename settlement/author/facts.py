"""What a rule says, as facts in words: one aspect, perhaps one hospital level, one text. Both ``diff`` and ``doc`` read rules through here.

A fact's key is (aspect, level), where the level is ``*`` for what holds at every level.
"""

from __future__ import annotations

from settlement import codes
from settlement.author.phrases import Speech
from settlement.rules.pool import (
    ANY_LEVEL,
    AccountRule,
    Benefit,
    Cap,
    Cite,
    Deductible,
    Elsewhere,
    FilingRule,
    FirstPay,
    Pool,
    Standing,
    Stay,
)
from settlement.rules.read_blocks import COVERS
from settlement.rules.selectors import Items, Who

Facts = dict[tuple[str, str], str]
ONE = 10_000  # basis points in 1


def named_levels(block: Benefit) -> set[str]:
    """Return the levels for which a block's tables have figures of their own."""
    tables = [block.deductible.standard_fen, *(band.rate_bp for band in block.bands)]
    tables += [block.cap.amount_fen] if block.cap else []
    return {level for table in tables for level in table} - {ANY_LEVEL}


def benefit_facts(block: Benefit, levels: set[str], say: Speech) -> Facts:
    """Return what a benefit block says; its figures are told for each of ``levels`` (none: once for every level)."""
    if not block.covered:
        return {(say("covered"), ANY_LEVEL): say("pays_nothing")}
    facts: Facts = {
        (say("covered"), ANY_LEVEL): say("pays"),
        (say("fund"), ANY_LEVEL): say.fund(block.fund),
        (say("base"), ANY_LEVEL): base_text(block, say),
    }
    if block.items is not None:
        facts[say("items"), ANY_LEVEL] = items_text(block.items, say)
    if block.reported:
        return facts | {(say("reported"), ANY_LEVEL): say("by_payer")}
    facts[say("reported"), ANY_LEVEL] = say("by_rule")
    asked = [level for level in codes.LEVELS if level in levels] or [ANY_LEVEL]
    for level in asked:
        facts |= _figures(block, level, say)
    facts |= {(say(key), ANY_LEVEL): text for key, text in deductible_notes(block.deductible, say).items()}
    if len(block.bands) > 1:
        facts[say("measure"), ANY_LEVEL] = say(f"measure_{block.measure.on}_{block.measure.start}")
    facts[say("retired"), ANY_LEVEL] = retired_text(block, say) or say("none")
    if block.deductible.counter:
        facts[say("dedc_counter"), ANY_LEVEL] = block.deductible.counter
    if block.cap and block.cap.counter:
        facts[say("cap_counter"), ANY_LEVEL] = block.cap.counter
    return facts


def _figures(block: Benefit, level: str, say: Speech) -> Facts:
    facts: Facts = {}
    dedc = deductible_text(block.deductible, level, say)
    if dedc:
        facts[say("dedc"), level] = dedc
    for band in block.bands:
        rate = figure(band.rate_bp, level)
        if rate is not None:
            one = len(block.bands) == 1
            facts[say("rate") if one else say("rate_over", over=say.yuan(band.over_fen)), level] = say.percent(rate)
    cap = cap_text(block.cap, level, say)
    if cap:
        facts[say("cap"), level] = cap
    return facts


def figure(table: dict[str, int], level: str) -> int | None:
    """Return the figure of a table for a level, None if it has none."""
    return table.get(level, table.get(ANY_LEVEL))


def base_text(block: Benefit, say: Speech) -> str:
    """Return what a layer works on."""
    more = [key for key in ("with_first_pay", "without_deductible", "with_rest") if getattr(block, key)]
    return say.noted(say(block.base), say.listed(say(key) for key in more))


def deductible_text(dedc: Deductible, level: str, say: Speech) -> str:
    """Return the deductible at a level, "" if the block says none for it."""
    if dedc.per in ("none", "left_over"):
        return say(dedc.per)
    amount = figure(dedc.standard_fen, level)
    return "" if amount is None else say(f"dedc_{dedc.per}", amount=say.yuan(amount))


def deductible_notes(dedc: Deductible, say: Speech) -> dict[str, str]:
    """Return how a deductible falls or rises later, by phrase key; nothing for one that does not."""
    notes: dict[str, str] = {}
    if dedc.per == "admission":
        notes["later"] = say("same")
    if dedc.later_minus_fen:
        notes["later"] = say("later_minus", step=say.yuan(dedc.later_minus_fen), floor=say.yuan(dedc.floor_fen))
    if dedc.later_percent_bp:
        second, third = say.percent(dedc.later_percent_bp[0]), say.percent(dedc.later_percent_bp[-1])
        several = len(dedc.later_percent_bp) > 1
        notes["later"] = say("later_third" if several else "later_second", second=second, third=third)
    if dedc.again_after_days:
        notes["again"] = say("again_days", days=dedc.again_after_days)
    if dedc.on_transfer:
        notes["transfer"] = say("difference")
    if dedc.year_limit_fen is not None:
        notes["year_limit"] = say.yuan(dedc.year_limit_fen)
    return notes


def retired_text(block: Benefit, say: Speech) -> str:
    """Return how the retired fare, "" if as everybody."""
    parts = [say("retired_points", points=say.points(block.retired_points_bp))] if block.retired_points_bp else []
    share = block.retired_share_bp
    parts += [say("retired_share", share=say.percent(share))] if share != ONE else []
    return say.listed(parts)


def cap_text(cap: Cap | None, level: str, say: Speech) -> str:
    """Return the cap at a level, "" if the block says none for it."""
    if cap is None:
        return say("unlimited")
    amount = figure(cap.amount_fen, level)
    return "" if amount is None else say.noted(say(f"cap_{cap.per}", amount=say.yuan(amount)), say(f"on_{cap.on}"))


def whom(block: Benefit, say: Speech) -> str:
    """Return for whom a benefit block is: persons, levels, diseases."""
    parts = who_parts(block.who, say)
    parts += [say.levels(block.levels)] if block.levels else []
    parts += [say("diseases", codes=say.listed(block.diseases))] if block.diseases else []
    return say("comma").join(parts) or say("everybody")


def who_parts(who: Who, say: Speech) -> list[str]:
    """Return what a selector of persons asks, each condition in words."""
    groups = sorted(who.groups or (), key=codes.GROUPS.index)
    parts = [" / ".join(map(say.group, groups))] if groups else []
    parts += [say("age_from", age=who.age_from)] if who.age_from is not None else []
    parts += [say("age_under", age=who.age_under)] if who.age_under is not None else []
    for name in ("civil_servant", "assistance", "family_doctor"):
        asked = getattr(who, name)
        parts += [say(name if asked else f"not_{name}")] if asked is not None else []
    return parts + ([say("psn_types", codes=say.listed(who.psn_types))] if who.psn_types else [])


def items_text(items: Items, say: Speech) -> str:
    """Return which fee lines a selector takes."""
    parts = [say.listed(say(f"class_{number}") for number in items.classes)] if items.classes else []
    parts += [say("types", codes=say.listed(items.types))] if items.types else []
    if items.negotiated is not None:
        parts.append(say("negotiated" if items.negotiated else "not_negotiated"))
    parts += [say("item_codes", codes=say.listed(items.codes))] if items.codes else []
    parts += [say("diseases", codes=say.listed(items.diseases))] if items.diseases else []
    parts += [say("any_disease")] if items.any_disease else []
    return say("semicolon").join(parts) or say("all_lines")


def scope_text(schemes: tuple[str, ...] | None, cares: tuple[str, ...] | None, say: Speech) -> str:
    """Return schemes and care types that a rule is for, "" for all of both."""
    parts = [say.listed(map(say.scheme, schemes))] if schemes else []
    parts += [say.listed(map(say.care, cares))] if cares else []
    return " ".join(parts)


def elsewhere_text(rule: Elsewhere | None, say: Speech) -> str:
    """Return how a filing changes the benefit; None is that nothing says so."""
    if rule is None:
        return say("no_rule")
    amount = say.points(rule.amount_bp) if rule.mode == "points" else say.percent(rule.amount_bp)
    parts = [say(f"mode_{rule.mode}", amount=amount)]
    parts += [say("dedc_is", amount=say.yuan(rule.dedc_is_fen))] if rule.dedc_is_fen is not None else []
    parts += [say("dedc_times", amount=say.percent(rule.dedc_times_bp))] if rule.dedc_times_bp != ONE else []
    parts += [say("dedc_plus", amount=say.yuan(rule.dedc_plus_fen))] if rule.dedc_plus_fen else []
    parts += [say("only_layers", layers=say.listed(rule.layers))] if rule.layers is not None else []
    return say("semicolon").join(parts)


def first_pay_whom(rule: FirstPay, say: Speech) -> str:
    """Return for which claims and lines a first-pay rule is."""
    where = say.listed(map(say.relation, rule.wheres)) if len(rule.wheres) < 3 else ""
    parts = [scope_text(rule.schemes, rule.cares, say), where, items_text(rule.items, say)]
    return say("semicolon").join(part for part in parts if part)


def filing_whom(rule: FilingRule, say: Speech) -> str:
    """Return which stated filings a rule speaks of."""
    parts = [scope_text(rule.schemes, None, say), say.listed(map(say.filing, rule.filings))]
    parts += [say("emergency" if rule.emergency else "not_emergency")] if rule.emergency is not None else []
    parts += [say.listed(say(word) for word in rule.filed)] if rule.filed else []
    parts += [say.listed(map(say.relation, rule.wheres))] if len(rule.wheres) < 2 else []
    return say("semicolon").join(part for part in parts if part)


def filing_text(rule: FilingRule, say: Speech) -> str:
    """Return what a stated filing counts as."""
    return say("manual") if rule.filing == "manual" else say.filing(rule.filing)


def standing_whom(rule: Standing, say: Speech) -> str:
    """Return for whom a waiting period or a grace is."""
    parts = [scope_text(rule.schemes, rule.cares, say)]
    parts += [say("psn_types", codes=say.listed(rule.psn_types))] if rule.psn_types else []
    return say("semicolon").join(part for part in parts if part) or say("everybody")


def standing_text(rule: Standing, say: Speech) -> str:
    """Return how long a waiting period or a grace is."""
    return say(rule.span.unit, count=rule.span.length)


def stay_text(rule: Stay, say: Speech) -> str:
    """Return how a stay across benefit years is settled."""
    if not rule.by_days:
        return say("whole")
    return say("by_days_once" if rule.once else "by_days_each")


def account_text(rule: AccountRule, say: Speech) -> str:
    """Return what the personal account may pay."""
    words = {"own_pay": "own_pay", "over_limit": "over_limit", "first_pay": "first", "in_scope": "in_scope_part"}
    covered = say.listed(say(words[name]) for name, bit in COVERS.items() if rule.covers & bit)
    return say.noted(covered, f"{say('shared')} {say('inside' if rule.shared_inside else 'beside')}")


def area_facts(chain: tuple[Pool, ...], say: Speech) -> Facts:
    """Return what an area says once, for all its claims, by itself or by what it inherits."""
    year = next((pool.benefit_year for pool in chain if pool.benefit_year), (1, 1))
    own = [f"{say.scheme(scheme)} {month:02d}-{day:02d}" for scheme, (month, day) in chain[0].scheme_years.items()]
    rounding = next((pool.rounding for pool in chain if pool.rounding), None)
    how = f"{rounding.at}_{rounding.rounds}" if rounding else "claim_in_scope"
    places = next((pool.local_places for pool in chain if pool.local_places), ())
    return {
        (say("benefit_year"), ANY_LEVEL): say.noted(f"{year[0]:02d}-{year[1]:02d}", say.listed(own)),
        (say("rounding"), ANY_LEVEL): say(f"rounding_{how}"),
        (say("refunds"), ANY_LEVEL): say(next((pool.refunds for pool in chain if pool.refunds), "any_order")),
        (say("local_places"), ANY_LEVEL): say.listed(places) or say("none"),
    }


def cite_text(cite: Cite, say: Speech) -> str:
    """Return a citation with its confidence."""
    return say.noted(cite.text(), say.trust(cite.confidence))
