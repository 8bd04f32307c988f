"""One claim's numbers in exact fractions, a function a paragraph of docs/calculation.md, sections 1 to 4."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor
from typing import Any

import oracle_rules as rules
from oracle_rules import Block, Refused, amount, percent

RateOf = Callable[[Block], Fraction]
NO_LIMIT = 999999
ZERO = Fraction(0)


def half_up(exact: Fraction) -> int:
    return floor(exact + Fraction(1, 2))


def fen(yuan: Any) -> int:
    """Whole fen of a draft's decimal text; an absent amount is 0."""
    exact = Fraction(str(yuan or 0)) * 100
    assert exact.denominator == 1, yuan
    return int(exact)


@dataclass
class Run:
    """What a claim keeps while its layers run: published whole fen first, then exact amounts."""

    medfee: int
    own_pay: int
    over_limit: int
    first_pay: int
    in_scope: int
    paid: Fraction = ZERO
    dedc_sum: Fraction = ZERO
    first_elsewhere: Fraction = ZERO
    rest: Fraction = ZERO
    layers: list[Block] = field(default_factory=list)

    def fund_sum(self) -> int:
        return sum(layer["pay"] for layer in self.layers)


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


# 1. A line


def line_amounts(line: Block, terms: Block) -> tuple[int, int, Fraction, Fraction, Fraction]:
    """Amount, own pay, over limit, first pay and in scope of a line; the last three exact."""
    charge = fen(line["det_item_fee_sumamt"])
    if terms["chrgitm_lv"] == "03":
        return charge, charge, ZERO, ZERO, ZERO
    ratio = Fraction(str(terms.get("selfpay_prop") or 0))
    limit = Fraction(str(terms.get("pric_uplmt_amt") or NO_LIMIT))
    over = ZERO if limit == NO_LIMIT else max(ZERO, charge - Fraction(str(line["cnt"])) * limit * 100)
    first = ratio * (charge - over)
    return charge, 0, over, first, charge - over - first


# 2. A claim's scope


def publish(charge: int, own: int, over: Fraction, first: Fraction, inside: Fraction, rounds: str) -> tuple[int, ...]:
    """Whole fen of one line or one claim: one side is rounded, the other is what is left."""
    room = charge - own
    if rounds == "in_scope":
        in_scope = half_up(inside)
        over_limit = min(half_up(over), room - in_scope)
        return charge, own, over_limit, room - in_scope - over_limit, in_scope
    over_limit = half_up(over)
    first_pay = min(half_up(first), room - over_limit)
    return charge, own, over_limit, first_pay, room - over_limit - first_pay


def scope(lines: list[tuple[Any, ...]], rounding: Block) -> Run:
    if rounding["at"] == "claim":
        total = [sum(column) for column in zip(*lines, strict=True)]
        return Run(*publish(*total, rounding["rounds"]))  # type: ignore[arg-type]
    published = [publish(*line, rounding["rounds"]) for line in lines]
    return Run(*(sum(column) for column in zip(*published, strict=True)))


# 3. The layers


def base(block: Block, run: Run, rule: Block) -> Fraction:
    kind = rules.base_of(block)
    if kind == "rest":
        return run.rest
    if kind == "in_scope":
        taken = run.in_scope * percent(rule["amount"]) if rule.get("mode") == "first_pay" else ZERO
        run.first_elsewhere = taken or run.first_elsewhere
        return run.in_scope - taken
    bears = run.in_scope - run.first_elsewhere - run.paid
    if block.get("without_deductible"):
        bears -= run.dedc_sum
    if block.get("with_first_pay"):
        bears += run.first_pay + run.first_elsewhere
    return max(ZERO, bears)


def by_level(table: Block, level: str) -> Fraction:
    return amount(table["by_level"][level] if "by_level" in table else table["amount"])


def deductible(table: Any, facts: Block, rule: Block, counter: int) -> int:
    if table == "none":
        return 0
    standard, change = by_level(table, facts["level"]), rule.get("deductible", {})
    standard = amount(change["is"]) if "is" in change else standard
    standard *= percent(change.get("times", "100%"))
    standard += amount(change.get("plus", "0 yuan"))
    if table["per"] == "year":
        return max(0, half_up(standard) - counter)
    if table["per"] == "admission":
        return admission(table, facts, standard, counter)
    return half_up(standard)


def admission(table: Block, facts: Block, standard: Fraction, earlier: int) -> int:
    later = table.get("later")
    if earlier and isinstance(later, str) and later.endswith("yuan"):
        standard = max(amount(table.get("floor", "0 yuan")), standard + earlier * amount(later))
    elif earlier and later:
        shares = rules.listed(later)
        standard *= percent(shares[min(earlier, len(shares)) - 1])
    whole = half_up(standard)
    if "again_after_days" in table:
        whole *= max(1, ceil(Fraction(facts["days"], table["again_after_days"])))
    if table.get("on_transfer") == "difference":
        whole = max(0, whole - facts["transfer_dedc_paid"])
    return whole


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


def layer(block: Block, run: Run, facts: Block, rule: Block, counters: Counters) -> None:
    """One layer: base, cost cap, deductible, bands, fund cap, published pay, counters."""
    spent = base(block, run, rule)
    run.rest = ZERO
    if block.get("reported"):
        payment = Fraction(min(fen(facts["reported_pay"][block["fund"]]), floor(spent)))
        record(block, run, {"dedc": ZERO, "eligible": spent, "granted": payment, "rest": ZERO}, payment)
        return
    dedc, cap = block["deductible"], block["cap"]
    measure = block.get("measure", {"on": "claim", "from": "zero"})
    kind, left = "none" if cap == "none" else cap.get("on", "fund"), cap_left(cap, facts["level"], counters)
    if kind == "cost" and left is not None and spent > left:
        spent, run.rest = left, spent - left
    counted = spent
    own = rules.deductible_counter(dedc, facts["scheme"], facts["care"])
    used = min(spent, Fraction(deductible(dedc, facts, rule, counters.get(own) if own else 0)))
    eligible = spent - used
    if kind == "cost_above_deductible" and left is not None:
        run.rest = max(ZERO, eligible - left)
        counted = eligible = eligible - run.rest
    low = beginning(measure, used, counters)
    parts = pieces(block, low, eligible, lambda band: rate(block, band, facts, rule))
    granted = payment = sum((length * each for length, each in parts), ZERO)
    if kind == "fund" and left is not None and granted > left:
        payment, run.rest = left, eligible - cost_taken(parts, left)
    if rules.base_of(block) == "in_scope":
        run.dedc_sum += used
    pay = record(block, run, {"dedc": used, "eligible": eligible, "granted": granted, "rest": run.rest}, payment)
    if own:
        counters.add(own, half_up(used) if dedc["per"] == "year" else 1)
    if "counter" in measure:
        counters.add(measure["counter"], half_up(spent if measure["from"] == "zero" else eligible))
    if "counter" in cap:
        counters.add(cap["counter"], pay if kind == "fund" else half_up(counted), cap["per"])


def record(block: Block, run: Run, steps: dict[str, Fraction], payment: Fraction) -> int:
    """What is published of a layer; returns its pay."""
    whole = run.medfee - run.own_pay - run.over_limit if block.get("with_first_pay") else run.in_scope
    pay = min(half_up(payment), max(0, whole - run.fund_sum()))
    run.paid += payment
    published = {name: half_up(exact) for name, exact in steps.items()}
    run.layers.append({"fund": block["fund"], "base": rules.base_of(block), **published, "pay": pay})
    return pay


# 4. Who pays the rest


def who_pays(run: Run, draft: Block, account: Block) -> dict[str, int]:
    fund_sum, hospital = run.fund_sum(), fen(draft.get("hosp_part_amt"))
    if hospital > run.medfee - fund_sum:
        raise Refused("K01_HOSPITAL_PART")
    person = run.medfee - fund_sum - hospital
    parts = {
        "own_pay": run.own_pay,
        "over_limit": run.over_limit,
        "first_pay": run.first_pay,
        "in_scope": max(0, run.in_scope - fund_sum),
    }
    covered = min(person, sum(parts[name] for name in account["covers"]))
    if draft.get("acct_used_flag") != "1":
        covered = 0
    balance = fen(draft.get("balc"))
    own = min(balance, covered)
    shared = min(fen(draft.get("acct_mulaid_balc")), covered - own)
    return {
        "fund_pay_sumamt": fund_sum,
        "hosp_part_amt": hospital,
        "psn_part_amt": person,
        "acct_pay": own + shared if account.get("shared") == "inside" else own,
        "acct_mulaid_pay": shared,
        "psn_cash_pay": person - own - shared,
        "balc": balance - own,
    }
