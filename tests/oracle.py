"""The settlement of claims in order, written from docs/calculation.md; the oracle shares no code with the product.

`oracle_rules.py` finds the rules of a claim, `oracle_steps.py` has its arithmetic in exact fractions.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import oracle_rules as rules
import oracle_steps as steps
from oracle_rules import Block, Refused, as_day
from oracle_steps import Counters, Run, fen, half_up


class Oracle:
    """Settles drafts in the given order and carries each person's counters."""

    def __init__(self, pools: dict[str, Block], catalogue: list[Block]) -> None:
        self.pools = pools
        self.items: dict[tuple[str, str], list[Block]] = {}
        for row in sorted(catalogue, key=lambda row: as_day(row["from"])):
            self.items.setdefault((row["area"], row["med_list_codg"]), []).append(row)
        self.carried: dict[tuple[str, str], dict[tuple[str, Any], int]] = {}
        self.benefits: dict[tuple[str, str, str], list[Block]] = {}

    def settle(self, drafts: list[Block]) -> list[Block]:
        return [self.settle_one(draft) for draft in drafts]

    def settle_one(self, draft: Block) -> Block:
        """One claim's amounts, or why it is refused; a refused claim counts nothing."""
        door = self.door(draft)
        if door["reasons"]:
            return {"refused": door["reasons"][0]}
        person = draft["psn_no"], rules.insured_pool(self.pools, draft["insuplc_admdvs"])
        counters, run = self.counters(draft), door["run"]
        self.carried[person] = dict(counters.book)  # what the claim's own year_so_far said stands, even if K refuses it
        for block in door["program"]:
            named = door["rule"].get("layers")
            reduced = rules.layer_name(block) in named if named else rules.base_of(block) == "in_scope"
            steps.layer(block, run, door["facts"], door["rule"] if reduced else {}, counters)
        try:
            rest = steps.who_pays(run, draft, door["account"])
        except Refused as refused:
            return {"refused": str(refused)}
        self.carried[person] = counters.book
        funds = {fund: sum(step["pay"] for step in run.layers if step["fund"] == fund) for fund in rules.ORDERS}
        return {
            "medfee_sumamt": run.medfee,
            "fulamt_ownpay_amt": run.own_pay,
            "overlmt_selfpay": run.over_limit,
            "preselfpay_amt": run.first_pay,
            "inscp_scp_amt": run.in_scope,
            "act_pay_dedc": half_up(run.dedc_sum),
            **funds,
            **rest,
            "layers": run.layers,
            "counters": counters.now(),
        }

    def door(self, draft: Block) -> Block:
        """Everything that is found before the calculation, and in `reasons` why not, in the order of the codes."""
        found: Block = {"program": [], "rule": {}, "reasons": []}
        try:
            chain = rules.chain_of(self.pools, rules.insured_pool(self.pools, draft["insuplc_admdvs"]))
            facts = found["facts"] = self.facts(chain, draft)
        except Refused as refused:
            return {"reasons": [str(refused)]}
        searches: dict[str, Callable[[], Any]] = {
            "status": lambda: self.status(draft),
            "program": lambda: self.program(chain, facts),
            "rule": lambda: self.elsewhere(chain, draft, facts) if found["program"] else {},
            "run": lambda: self.scope(chain, draft, facts["day"]),
            "reported": lambda: self.reported(found["program"], facts),
        }
        for name, search in searches.items():
            try:
                found[name] = search()
            except Refused as refused:
                found["reasons"].append(str(refused))
        if set(draft.get("year_so_far", {})) - set(rules.counters_of(chain)):
            found["reasons"].append("R05_COUNTER_UNKNOWN")
        found["account"] = rules.one_rule(chain, "account", facts["day"], scheme=facts["scheme"]) or {"covers": []}
        return found

    def facts(self, chain: list[Block], draft: Block) -> Block:
        day = day_of(draft)
        begin, end = draft.get("begntime"), draft.get("endtime")
        return {
            "day": day,
            "days": max(1, (as_day(end) - as_day(begin)).days) if begin and end else 1,
            "scheme": rules.SCHEMES.get(draft["insutype"], draft["insutype"]),
            "care": rules.mapped(chain, "care", "med_type", draft["med_type"], day),
            "level": rules.level_of(chain, draft, day),
            "group": rules.mapped(chain, "group", "psn_type", draft["psn_type"], day),
            "age": draft.get("age", 0),
            "civil_servant": draft.get("cvlserv_flag") == "1",
            "assistance": draft.get("assistance") == "1",
            "transfer_dedc_paid": fen(draft.get("transfer_dedc_paid")),
            "reported_pay": draft.get("reported_pay", {}),
        }

    def status(self, draft: Block) -> None:
        if draft.get("psn_insu_stas", "1") != "1":
            raise Refused("P02_INSURANCE_SUSPENDED")

    def program(self, chain: list[Block], facts: Block) -> list[Block]:
        tables = []
        for pool in chain:
            key = (pool["pool"]["code"], facts["scheme"], facts["care"])
            if key not in self.benefits:
                blocks = [b for b in pool.get("benefit", []) if facts["scheme"] in rules.listed(b["scheme"])]
                self.benefits[key] = [b for b in blocks if facts["care"] in rules.listed(b["care"])]
            tables.append(self.benefits[key])
        return rules.program(tables, facts)

    def elsewhere(self, chain: list[Block], draft: Block, facts: Block) -> Block:
        where = rules.where_is(draft["insuplc_admdvs"], draft["mdtrtarea_admvs"])
        if where == "local":
            return {}
        claim = {"scheme": facts["scheme"], "care": facts["care"], "where": where}
        rule = rules.one_rule(chain, "elsewhere", facts["day"], filing=draft.get("filing") or "unfiled", **claim)
        if rule is None:
            raise Refused("R03_ELSEWHERE_MISSING")
        return rule

    def scope(self, chain: list[Block], draft: Block, day: date) -> Run:
        areas = rules.place_areas(self.pools, draft["mdtrtarea_admvs"])
        lines = [steps.line_amounts(line, self.terms(line, areas, day)) for line in draft["feedetail"]]
        return steps.scope(lines, rules.setting(chain, "rounding", {"at": "claim", "rounds": "in_scope"}))

    def terms(self, line: Block, areas: list[str], claim_day: date) -> Block:
        """The line's own terms, else the row in force of the nearest area that has one."""
        if line.get("chrgitm_lv"):
            return line
        day = as_day(line["fee_ocur_time"]) if line.get("fee_ocur_time") else claim_day
        for area in areas:
            rows = [row for row in self.items.get((area, line["med_list_codg"]), []) if as_day(row["from"]) <= day]
            if rows:
                return rows[-1]
        raise Refused("R04_ITEM_UNKNOWN")

    def reported(self, program: list[Block], facts: Block) -> None:
        if any(block.get("reported") and block["fund"] not in facts["reported_pay"] for block in program):
            raise Refused("R06_REPORTED_MISSING")

    def counters(self, draft: Block) -> Counters:
        """A copy of what the person carries into the claim; `year_so_far` replaces what its day's periods hold."""
        code = rules.insured_pool(self.pools, draft["insuplc_admdvs"])
        chain = rules.chain_of(self.pools, code)
        counters = Counters(dict(self.carried.get((draft["psn_no"], code), {})), rules.periods_of(chain, day_of(draft)))
        if "year_so_far" in draft:
            here = counters.periods.values()
            counters.book = {key: value for key, value in counters.book.items() if key[1] not in here}
            for name, (kind, per) in rules.counters_of(chain).items():
                value = draft["year_so_far"].get(name, 0)
                counters.add(name, int(value) if kind == "admission" else fen(value), per)
        return counters


def day_of(draft: Block) -> date:
    """The day of discharge for a stay, else of settlement."""
    return as_day(draft.get("endtime") or draft["setl_time"])
