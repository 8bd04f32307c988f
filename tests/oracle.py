"""The settlement of claims in order, written from docs/calculation.md; the oracle shares no code with the product.

`oracle_rules.py` finds rules, `oracle_door.py` decides who is paid for, `oracle_lines.py` has lines and scope,
`oracle_steps.py` the layers, `oracle_years.py` stays across benefit years; here are claims in order and refunds.
"""

from collections.abc import Callable
from typing import Any

import oracle_door as doors
import oracle_lines as lines
import oracle_rules as rules
import oracle_steps as steps
import oracle_years as years
from oracle_lines import Scope, fen, half_up
from oracle_rules import Block, Refused
from oracle_steps import Counters

BALANCES = ("balc", "acct_mulaid_balc")


class Oracle:
    """Settles drafts in the given order and carries each person's counters and account."""

    def __init__(self, pools: dict[str, Block], catalogue: list[Block]) -> None:
        self.pools = {code: rules.read(pool) for code, pool in pools.items()}
        self.catalogue = lines.Catalogue(catalogue)
        self.carried: dict[tuple[str, str], dict[tuple[str, Any], int]] = {}
        self.balances: dict[tuple[str, str], int] = {}
        self.known: dict[str, Block] = {}  # by id: what a refund must know of an earlier claim
        self.told: dict[tuple[str, str, Any], int] = {}  # place of the last claim that told a period's counters itself
        self.benefits: dict[tuple[str, str, str], list[Block]] = {}
        self.names = {code: rules.counters_of(rules.chain_of(self.pools, code)) for code in self.pools}

    def settle(self, drafts: list[Block]) -> list[Block]:
        return [self.settle_one(draft) for draft in drafts]

    def settle_one(self, draft: Block) -> Block:
        """One claim's amounts; or why it is refused (one reason, and all): then it counts nothing."""
        own = {"refund": "refund_of" in draft, "psn_no": draft.get("psn_no"), "place": len(self.known)}
        try:
            return self.refund(draft) if own["refund"] else self.claim(draft, own)
        except Refused as refused:
            return {"refused": str(refused), "reasons": [str(refused)]}
        finally:
            self.known[draft["medins_setl_id"]] = own

    # A claim

    def claim(self, draft: Block, own: Block) -> Block:
        """One claim that is no refund; `own` remembers what a refund must know."""
        code = rules.insured_pool(self.pools, draft["insuplc_admdvs"])
        chain = rules.chain_of(self.pools, code)
        door = self.door(chain, draft)
        if door["reasons"]:
            return {"refused": door["reasons"][0], "reasons": door["reasons"]}
        own["admitted"] = True
        person, counters, claim = (draft["psn_no"], code), self.counters(draft, chain, code), door["scope"]
        if "year_so_far" in draft:
            self.told |= {(*person, period): own["place"] for period in counters.periods.values()}
        self.carried[person] = dict(counters.book)  # what the claim's own year_so_far said stands, even if K refuses it
        turns = years.run(door, chain, draft, claim, counters)
        layers = [layer for turn in turns for layer in turn.layers]
        money = self.accounts(draft, draft["psn_no"])  # a stated balance stands, even if K refuses the claim
        rest = steps.who_pays(claim, steps.fund_sum(layers), draft, money, door["account"])
        added = {key: value - self.carried[person].get(key, 0) for key, value in counters.book.items()}
        self.carried[person] = counters.book
        self.balances |= {(draft["psn_no"], name): rest[name] for name in BALANCES}
        funds = {fund: steps.fund_sum([step for step in layers if step["fund"] == fund]) for fund in rules.ORDERS}
        row = {
            "medfee_sumamt": claim.medfee,
            "fulamt_ownpay_amt": claim.own_pay,
            "overlmt_selfpay": claim.over_limit,
            "preselfpay_amt": claim.first_pay,
            "inscp_scp_amt": claim.in_scope,
            "act_pay_dedc": half_up(sum((turn.dedc_sum for turn in turns), lines.ZERO)),
            **funds,
            **rest,
            "layers": layers,
        }
        given = {name: money[name] - rest[name] for name in BALANCES}
        own |= {"person": person, "row": row, "added": added, "given": given}
        own |= {"periods": counters.periods, "shares": len(turns)}
        return row | {"counters": counters.now()}

    def door(self, chain: list[Block], draft: Block) -> Block:
        """Everything that is found before the calculation, and in `reasons` why not, in the order of the codes."""
        found: Block = {"reasons": []}
        try:
            facts = found["facts"] = doors.facts_of(chain, draft)
        except Refused as refused:
            return {"reasons": [str(refused)]}
        found["shares"] = years.shares_of(chain, draft, facts)
        searches: dict[str, Callable[[], Any]] = {
            "insured": lambda: doors.insured(chain, draft, facts),
            "begun": lambda: doors.begun(chain, draft, facts),
            "filing": lambda: doors.filing(chain, draft, facts),
            "programs": lambda: self.programs(chain, found),
            "rules": lambda: self.elsewhere(chain, found),
            "scope": lambda: self.scope(chain, draft, facts),
            "left out": lambda: self.left_out(found),
            "reported": lambda: self.reported(found, draft),
        }
        for name, search in searches.items():
            try:
                found[name] = search()
            except Refused as refused:
                found["reasons"] += refused.args
        if set(draft.get("year_so_far", {})) - set(self.names[chain[0]["pool"]["code"]]):
            found["reasons"].append("R05_COUNTER_UNKNOWN")
        account = rules.one_rule(chain, "account", facts["day"], rules.says(scheme=facts["scheme"]))
        return found | {"account": account or {"covers": []}}

    def programs(self, chain: list[Block], found: Block) -> list[list[Block]]:
        """The program of each share's day; without layers where there is none, and then a reason."""
        programs: list[list[Block]] = []
        for share in found["shares"]:
            try:
                programs.append(self.program(chain, {**found["facts"], "day": share.day}))
            except Refused as refused:
                programs.append([])
                found["reasons"] += refused.args
        return programs

    def program(self, chain: list[Block], facts: Block) -> list[Block]:
        tables = []
        for pool in chain:
            key = (pool["pool"]["code"], facts["scheme"], facts["care"])
            if key not in self.benefits:
                blocks = [b for b in pool["benefit"] if facts["scheme"] in rules.listed(b["scheme"])]
                self.benefits[key] = [b for b in blocks if facts["care"] in rules.listed(b["care"])]
            tables.append(self.benefits[key])
        return rules.program(tables, facts)

    def elsewhere(self, chain: list[Block], found: Block) -> list[Block]:
        """The rule of each share; the filing is that of the claim's own day. A program without layers needs none."""
        if "filing" not in found:
            return []
        facts = found["facts"] | {"filing": found["filing"]}
        pairs = zip(found["shares"], found["programs"], strict=True)
        return [doors.elsewhere(chain, facts, share.day) if program else {} for share, program in pairs]

    def scope(self, chain: list[Block], draft: Block, facts: Block) -> Scope:
        areas = rules.place_areas(self.pools, draft["mdtrtarea_admvs"])
        found = [lines.terms(line, self.catalogue, areas, facts["day"]) for line in draft["feedetail"]]
        amounts = [
            lines.line_amounts(line, own, lines.ratio(own, chain, facts))
            for line, own in zip(draft["feedetail"], found, strict=True)
        ]
        return lines.scope(amounts, found, rules.setting(chain, "rounding", {"at": "claim", "rounds": "in_scope"}))

    def left_out(self, found: Block) -> None:
        """What a rule for some items leaves out is not known."""
        if "scope" in found and any(lines.leaves_out(program, found["scope"]) for program in found["programs"]):
            raise Refused("R01_RULE_MISSING")

    def reported(self, found: Block, draft: Block) -> None:
        """Reported layers pay in the last year of a stay only."""
        last = found["programs"][-1]
        if any(block.get("reported") and block["fund"] not in draft.get("reported_pay", {}) for block in last):
            raise Refused("R06_REPORTED_MISSING")

    def counters(self, draft: Block, chain: list[Block], code: str) -> Counters:
        """A copy of what the person carries into the claim; `year_so_far` replaces what its day's periods hold."""
        periods = rules.periods_of(chain, rules.scheme_of(draft), doors.day_of(draft))
        counters = Counters(dict(self.carried.get((draft["psn_no"], code), {})), periods)
        if "year_so_far" in draft:
            here = counters.periods.values()
            counters.book = {key: value for key, value in counters.book.items() if key[1] not in here}
            for name, (kind, per) in self.names[code].items():
                value = draft["year_so_far"].get(name, 0)
                counters.add(name, int(value) if kind == "admission" else fen(value), per)
        return counters

    def accounts(self, draft: Block, person: str) -> dict[str, int]:
        """The balances before a claim: stated, else carried, else 0."""
        self.balances |= {(person, name): fen(draft[name]) for name in BALANCES if draft.get(name)}
        return {name: self.balances.get((person, name), 0) for name in BALANCES}

    # A refund: docs/calculation.md, section 7

    def refund(self, draft: Block) -> Block:
        """The opposite of an earlier claim of the person, and its counters and accounts given back."""
        first = self.refundable(draft)
        first["refunded"] = True
        (person, code), row = first["person"], first["row"]
        book = self.carried[person, code]
        for key, value in first["added"].items():
            if self.told.get((person, code, key[1]), -1) <= first["place"]:
                book[key] = book.get(key, 0) - value
        opposite = {name: -value for name, value in row.items() if isinstance(value, int)}
        before = self.accounts(draft, person)
        balances = {name: before[name] + first["given"][name] for name in BALANCES}
        self.balances |= {(person, name): balances[name] for name in BALANCES}
        counters = Counters(book, first["periods"])
        layers = [negative(layer) for layer in row["layers"]]
        return {**opposite, **balances, "layers": layers, "counters": counters.now()}

    def refundable(self, draft: Block) -> Block:
        first = self.known.get(draft["refund_of"])
        if first is None or first["refund"] or draft.get("feedetail"):
            raise Refused("C16_REFUND")
        if not first.get("admitted") or draft.get("psn_no", first["psn_no"]) != first["psn_no"]:
            raise Refused("C16_REFUND")
        if "row" not in first or first.get("refunded"):
            raise Refused("K02_NOTHING_TO_GIVE_BACK")
        chain = rules.chain_of(self.pools, first["person"][1])
        if rules.setting(chain, "refunds", "any_order") == "last_first" and self.later(first):
            raise Refused("K03_REFUND_ORDER")
        return first

    def later(self, first: Block) -> list[Block]:
        """Later claims of the person in the same area, settled and not refunded."""
        settled = [claim for claim in self.known.values() if "row" in claim and not claim.get("refunded")]
        return [claim for claim in settled if claim["person"] == first["person"] and claim["place"] > first["place"]]


def negative(layer: Block) -> Block:
    return {name: -value if isinstance(value, int) else value for name, value in layer.items()}
