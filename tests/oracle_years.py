"""A stay across benefit years, share by share: docs/calculation.md, section 6."""

from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import oracle_rules as rules
import oracle_steps as steps
from oracle_lines import Scope, fen, half_up, parts
from oracle_rules import Block, as_day, one_rule, says
from oracle_steps import Counters, Turn


class Share(NamedTuple):
    """A benefit year of a stay: the day whose program and counters apply, and how many days lie in it."""

    day: date
    days: int


def stay_rule(chain: list[Block], draft: Block, facts: Block) -> Block:
    """The rule of a stay that is divided by days; nothing for any other claim."""
    begin, end, scheme = draft.get("begntime"), draft.get("endtime"), facts["scheme"]
    if not (begin and end) or rules.year_of(chain, scheme, as_day(begin)) >= rules.year_of(chain, scheme, as_day(end)):
        return {}
    rule = one_rule(chain, "stay", facts["day"], says(scheme=scheme, care=facts["care"]))
    return rule if rule and rule["cross_year"] == "by_days" else {}


def shares_of(chain: list[Block], draft: Block, facts: Block) -> list[Share]:
    """One share for each benefit year from admission to discharge; the day of discharge is not counted."""
    if not stay_rule(chain, draft, facts):
        return [Share(facts["day"], facts["days"])]
    first, end = as_day(draft["begntime"]), as_day(draft["endtime"])
    shares = []

    def year(day: date) -> int:
        return rules.year_of(chain, facts["scheme"], day)

    while year(first) < year(end):
        last = first
        while year(last + timedelta(days=1)) == year(first):
            last += timedelta(days=1)
        shares.append(Share(last, (last - first).days + 1))
        first = last + timedelta(days=1)
    return [*shares, Share(end, (end - first).days)]


def divided(amount: int, days: list[int]) -> list[int]:
    """Whole fen a year: what is rounded up to its end, less what is rounded up to the end of the year before."""
    ends = [0, *(half_up(Fraction(amount * sum(days[: n + 1]), sum(days))) for n in range(len(days)))]
    return [end - before for before, end in pairwise(ends)]


def divided_parts(whole: list[int | None], in_scope: list[int], days: list[int], year: int) -> list[int | None]:
    """The parts of one year: as `divided`, each no more than the parts before leave of the year's in-scope amount."""
    free, shares = in_scope[year], []
    for part in whole:
        share = min(divided(part or 0, days)[year], free)
        free -= share
        shares.append(None if part is None else share)
    return shares


def run(door: Block, chain: list[Block], draft: Block, claim: Scope, counters: Counters) -> list[Turn]:
    """The layers once a share, earliest first, all on one book of counters."""
    shares, stay = door["shares"], stay_rule(chain, draft, door["facts"])
    days = [share.days for share in shares]
    in_scope, first_pay = divided(claim.in_scope, days), divided(claim.first_pay, days)
    turns: list[Turn] = []
    for n, (share, program, rule) in enumerate(zip(shares, door["programs"], door["rules"], strict=True)):
        own = parts(program, claim)
        own = divided_parts(own, in_scope, days, n) if len(shares) > 1 else own
        once = stay.get("deductible") == "once"
        turn = Turn(
            facts=door["facts"],
            counters=Counters(counters.book, rules.periods_of(chain, door["facts"]["scheme"], share.day)),
            in_scope=in_scope[n],
            first_pay=first_pay[n],
            main=in_scope[n] - sum(part or 0 for part in own),
            days=door["facts"]["days"] if once else share.days,
            transfer_dedc_paid=fen(draft.get("transfer_dedc_paid")) if n == 0 else 0,
            reported_pay=draft.get("reported_pay", {}) if n == len(shares) - 1 else {},
            again=turns[-1].lefts if once and turns else None,
        )
        steps.run(program, own, turn, rule)
        turns.append(turn)
    return turns
