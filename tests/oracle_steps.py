"""The layers of a claim and who pays the rest, in exact fractions: docs/calculation.md, sections 3 and 4."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Any

import oracle_rules as rules
from oracle_lines import ZERO, Scope, fen, half_up
from oracle_rules import Block, Refused, amount, percent

RateOf = Callable[[Block], Fraction]


@dataclass
class Counters:
    """One person's counters in one insured area, seen from one day."""

    book: dict[tuple[str, Any], int]
    periods: dict[str, tuple[Any, ...]]

    def get(self, name: str, per: str = "year") -> int:
        return self.book.get((name, self.periods[per]), 0)

    def add(self, name: str, value: int, per: str = "year") -> None:
        self.book[name, self.periods[per]] = self.get(name, per) + value

    def now(self) -> dict[str, int]:
        here = self.periods.values()
        return {name: value for (name, period), value in sorted(self.book.items()) if period in here and value}


@dataclass
class Turn:
    """One run of the layers: over a claim, or over one benefit year of it. Whole fen first, then exact amounts."""

    facts: Block
    counters: Counters
    in_scope: int
    first_pay: int
    main: int
    days: int = 1
    transfer_dedc_paid: int = 0
    reported_pay: Block = field(default_factory=dict)
    again: dict[str, int] | None = None  # in a later year of a stay charged once: what each layer had left of its D
    paid: Fraction = ZERO
    dedc_sum: Fraction = ZERO
    first_elsewhere: Fraction = ZERO
    main_reduced: bool = False
    rest: Fraction = ZERO
    left: int = 0  # what the layer just before has left of its D
    owner: tuple[str, str] | None = None  # the counter, and its period, of what the layer just before paid of its D
    lefts: dict[str, int] = field(default_factory=dict)
    layers: list[Block] = field(default_factory=list)


def base(block: Block, part: int | None, turn: Turn, rule: Block) -> Fraction:
    kind = rules.base_of(block)
    if kind == "rest":
        return turn.rest
    if kind == "in_scope":
        own = Fraction(turn.main if part is None else part)
        taken = ZERO
        if rule.get("mode") == "first_pay":
            taken = own * percent(rule["amount"])
            if part is not None or not turn.main_reduced:
                turn.first_elsewhere += taken
            turn.main_reduced = turn.main_reduced or part is None
        return own - taken + (turn.rest if block.get("with_rest") else ZERO)
    bears = turn.in_scope - turn.first_elsewhere - turn.paid
    if block.get("without_deductible"):
        bears -= turn.dedc_sum
    if block.get("with_first_pay"):
        bears += turn.first_pay + turn.first_elsewhere
    return max(ZERO, bears)


# The deductible


def by_level(table: Block, level: str) -> Fraction:
    return amount(table["by_level"][level] if "by_level" in table else table["amount"])


def deductible(block: Block, turn: Turn, rule: Block) -> int:
    table = block["deductible"]
    if table == "none":
        return 0
    if table == "left_over":
        return turn.left
    standard, change = by_level(table, turn.facts["level"]), rule.get("deductible", {})
    standard = amount(change["is"]) if "is" in change else standard
    standard *= percent(change.get("times", "100%"))
    standard += amount(change.get("plus", "0 yuan"))
    if table["per"] in rules.PERIODS:
        ((name, (_, per)),) = counters_of(block, turn).items()
        return max(0, half_up(standard) - turn.counters.get(name, per))
    name = rules.layer_name(block)
    if turn.again is not None and name in turn.again:
        return turn.again[name]
    return half_up(standard) if table["per"] == "visit" else admission(table, turn, standard)


def admission(table: Block, turn: Turn, standard: Fraction) -> int:
    counter = table.get("counter", "admissions")
    earlier, later = turn.counters.get(counter), table.get("later")
    if earlier >= 1 and isinstance(later, str) and later.endswith("yuan"):
        standard = max(amount(table.get("floor", "0 yuan")), standard + earlier * amount(later))
    elif earlier >= 1 and later:
        shares = rules.listed(later)
        standard *= percent(shares[min(earlier, len(shares)) - 1])
    whole = half_up(standard)
    if "again_after_days" in table:
        whole *= max(1, ceil(Fraction(turn.days, table["again_after_days"])))
    if table.get("on_transfer") == "difference":
        whole = max(0, whole - turn.transfer_dedc_paid)
    if "year_limit" in table:
        whole = min(whole, max(0, half_up(amount(table["year_limit"])) - turn.counters.get(f"{counter}_paid")))
    return whole


def counters_of(block: Block, turn: Turn) -> dict[str, tuple[str, str]]:
    return rules.deductible_counters(block["deductible"], turn.facts["scheme"], turn.facts["care"])


def count_deductible(block: Block, turn: Turn, used: int) -> None:
    """Counters of the deductible; a layer that goes on with another's grows the other's."""
    if block["deductible"] != "left_over":
        turn.owner = None
        for name, (kind, per) in counters_of(block, turn).items():
            if kind == "paid":
                turn.owner = name, per
            elif turn.again is None:
                turn.counters.add(name, 1)
    if turn.owner:
        turn.counters.add(turn.owner[0], used, turn.owner[1])


# Rates, bands and caps


def rate(block: Block, band: Block, facts: Block, rule: Block) -> Fraction:
    text = band["rate"]
    value = percent(text[facts["level"]] if isinstance(text, dict) else text)
    retired = block.get("retired", {}) if facts["group"] == "retired" else {}
    if "points" in retired:
        value += percent(retired["points"])
    if "personal_share" in retired:
        value = 1 - (1 - value) * percent(retired["personal_share"])
    if rule.get("mode") == "points":
        value -= percent(rule["amount"])
    if rule.get("mode") == "multiply":
        value *= percent(rule["amount"])
    return min(max(value, ZERO), Fraction(1))


def pieces(block: Block, low: Fraction, eligible: Fraction, rate_of: RateOf) -> list[tuple[Any, Any]]:
    """Length and rate of the parts that the bands make of the interval."""
    bands, high = block["bands"], low + eligible
    tops = [amount(band["over"]) for band in bands[1:]] + [high]
    parts = [(min(high, top) - max(low, amount(band["over"])), band) for band, top in zip(bands, tops, strict=True)]
    return [(length, rate_of(band)) for length, band in parts if length > 0]


def cost_taken(parts: list[tuple[Fraction, Fraction]], left: Fraction) -> Fraction:
    """The largest cost, from the beginning of the interval, whose grant is not over what is left of the cap."""
    cost = ZERO
    for length, each in parts:
        if length * each > left:
            return cost + left / each
        cost, left = cost + length, left - length * each
    return cost


def beginning(measure: Block, used: Fraction, counters: Counters) -> Fraction:
    low = used if measure["from"] == "zero" else ZERO
    return low + counters.get(measure["counter"]) if measure["on"] == "year" else low


def cap_left(cap: Any, level: str, counters: Counters) -> Fraction | None:
    if cap == "none":
        return None
    if cap["per"] == "claim":
        return by_level(cap, level)
    return max(ZERO, by_level(cap, level) - counters.get(cap["counter"], cap["per"]))


# A layer


def layer(block: Block, part: int | None, turn: Turn, rule: Block) -> None:
    """One layer: base, cost cap, deductible, bands, fund cap, published pay, counters."""
    spent = base(block, part, turn, rule)
    turn.rest = ZERO
    if block.get("reported"):
        payment = Fraction(min(fen(turn.reported_pay.get(block["fund"])), floor(spent)))
        turn.left, turn.owner = 0, None
        record(block, turn, {"dedc": ZERO, "eligible": spent, "granted": payment, "rest": ZERO}, payment)
        return
    counters, level, cap = turn.counters, turn.facts["level"], block["cap"]
    measure = block.get("measure", {"on": "claim", "from": "zero"})
    kind, left = "none" if cap == "none" else cap.get("on", "fund"), cap_left(cap, level, counters)
    if kind == "cost" and left is not None and spent > left:
        spent, turn.rest = left, spent - left
    counted = spent
    standing = deductible(block, turn, rule)
    used = min(spent, Fraction(standing))
    turn.left = standing - half_up(used)
    eligible = spent - used
    if kind == "cost_above_deductible" and left is not None:
        turn.rest = max(ZERO, eligible - left)
        counted = eligible = eligible - turn.rest
    low = beginning(measure, used, counters)
    parts = pieces(block, low, eligible, lambda band: rate(block, band, turn.facts, rule))
    granted = payment = sum((length * each for length, each in parts), ZERO)
    if kind == "fund" and left is not None and granted > left:
        payment, turn.rest = left, eligible - cost_taken(parts, left)
    if rules.base_of(block) == "in_scope":
        turn.dedc_sum += used
    pay = record(block, turn, {"dedc": used, "eligible": eligible, "granted": granted, "rest": turn.rest}, payment)
    count_deductible(block, turn, half_up(used))
    if "counter" in measure:
        counters.add(measure["counter"], half_up(spent if measure["from"] == "zero" else eligible))
    if "counter" in cap:
        counters.add(cap["counter"], pay if kind == "fund" else half_up(counted), cap["per"])


def record(block: Block, turn: Turn, steps: dict[str, Fraction], payment: Fraction) -> int:
    """What is published of a layer; returns its pay."""
    whole = turn.in_scope + (turn.first_pay if block.get("with_first_pay") else 0)
    pay = min(half_up(payment), max(0, whole - fund_sum(turn.layers)))
    turn.paid += payment
    turn.lefts[rules.layer_name(block)] = turn.left
    published = {name: half_up(exact) for name, exact in steps.items()}
    turn.layers.append({"fund": block["fund"], "base": rules.base_of(block), **published, "pay": pay})
    return pay


def fund_sum(layers: list[Block]) -> int:
    return sum(layer["pay"] for layer in layers)


def run(program: list[Block], parts: list[int | None], turn: Turn, rule: Block) -> None:
    """All layers in order; a rule for care elsewhere changes those it names, else those that work on the scope."""
    named = rule.get("layers")
    for block, part in zip(program, parts, strict=True):
        reduced = rules.layer_name(block) in named if named else rules.base_of(block) == "in_scope"
        layer(block, part, turn, rule if reduced else {})


# 4. Who pays the rest


def who_pays(claim: Scope, paid: int, draft: Block, money: dict[str, int], account: Block) -> dict[str, int]:
    """What is left for hospital, accounts (with `money` in them) and cash."""
    hospital = fen(draft.get("hosp_part_amt"))
    if hospital > claim.medfee - paid:
        raise Refused("K01_HOSPITAL_PART")
    person = claim.medfee - paid - hospital
    parts = {
        "own_pay": claim.own_pay,
        "over_limit": claim.over_limit,
        "first_pay": claim.first_pay,
        "in_scope": max(0, claim.in_scope - paid),
    }
    covered = min(person, sum(parts[name] for name in account["covers"]))
    if draft.get("acct_used_flag") != "1":
        covered = 0
    own = min(money["balc"], covered)
    shared = min(money["acct_mulaid_balc"], covered - own)
    return {
        "fund_pay_sumamt": paid,
        "hosp_part_amt": hospital,
        "psn_part_amt": person,
        "acct_pay": own + shared if account.get("shared") == "inside" else own,
        "acct_mulaid_pay": shared,
        "psn_cash_pay": person - own - shared,
        "balc": money["balc"] - own,
        "acct_mulaid_balc": money["acct_mulaid_balc"] - shared,
    }
