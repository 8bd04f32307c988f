"""Tills that settle, repeat, cancel, reverse and restart at random, against a checkout on paper.

A few runs here; ``CHECKOUT_RUNS=5000`` for `make faults`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from checkout_model import Figures, Name, Paper, Row
from checkout_till import Till
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from visit_till import registry

from settlement.checkout.base import VOID, Said, loads, message_of, refuse_replay_of_void, void_key
from settlement.checkout.transactions import TRANSACTIONS
from settlement.errors import SettlementError
from settlement.ledger import Stored, Wanted
from settlement.money import fen, yuan
from settlement.registry import Registry
from settlement.rules.rulebook import Rulebook, build

RUNS = int(os.environ.get("CHECKOUT_RUNS", "30"))
ANNA, BEN = "22040000000000000001", "22040000000000000002"
PLACES = ("H22040000001", "H22040000002")
OPENING = {ANNA: 20000, BEN: 0}
BATCHES = {"1": 8000, "2": 15000}  # of each person's one visit, at the first institution

# Nothing is cut off here, so the books may lie in memory: no waiting for a disk.
MEMORY = next((folder for folder in ("/dev/shm",) if os.access(folder, os.W_OK)), None)

people = st.sampled_from([ANNA, BEN])
places = st.sampled_from(PLACES)
totals = st.sampled_from([1, 999, 5000, 12345, 30000])
numbers = st.integers(0, 6)  # few msgids, so that they meet
infnos = st.sampled_from(["2102", "2102", "2103", "2207", "2208"])
rows = st.integers(0, 30)  # which of the settlements so far


@cache
def rulebook() -> Rulebook:
    """Return the rules that the paper does by hand."""
    cited = {"from": date(2024, 1, 1), "source": "text", "article": "第一条"}
    area = {
        "pool": {
            "code": "990100", "name": "示例市", "benefit_year": "calendar",
            "rounding": {"at": "claim", "rounds": "in_scope"},
        },
        "source": {"text": {"title": "示例办法", "confidence": "assumed"}},
        "care": [{"med_type": "41", "is": "pharmacy", **cited}, {"med_type": "11", "is": "outpatient", **cited}],
        "group": [{"psn_type": "11", "is": "working", **cited}],
        "account": [{"covers": ["own_pay", "over_limit", "first_pay", "in_scope"], "shared": "beside", **cited}],
        "benefit": [
            {
                "scheme": "employee", "care": care, "fund": "hifp_pay",
                "deductible": {"per": "year", "amount": "100 yuan"}, "bands": [{"over": "0 yuan", "rate": "80%"}],
                "cap": {"amount": "300 yuan", "per": "year", "counter": "pool"}, **cited,
            }
            for care in ("pharmacy", "outpatient")
        ],
    }  # fmt: skip
    return build({"own": area}, [])


def open_books(folder: Path) -> Till:
    sample = registry()
    persons = [
        sample.persons[who]._replace(insuplc_admdvs="990100", opening_balc=yuan(balance))
        for who, balance in OPENING.items()
    ]
    there = [sample.institutions[place]._replace(admdvs="990100", fixmedins_type="") for place in PLACES]
    return Till(rulebook(), folder, Registry(persons, there))


def line(total: int) -> dict[str, str]:
    return {"med_list_codg": "X", "chrgitm_lv": "01", "cnt": "1", "det_item_fee_sumamt": yuan(total)}


class Tills(RuleBasedStateMachine):
    """Two institutions, two persons, a handful of msgids; every outcome is held against the paper's."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.till = open_books(self.folder)
        self.paper = Paper(dict(OPENING))
        self.answers: dict[Name, bytes] = {}
        self.setl_ids: dict[Name, str] = {}
        self.marks: list[tuple[str, int, Figures, str]] = []
        self.held: list[tuple[Said, str, Name]] | None = None

    @initialize()
    def visits(self) -> None:
        self.mdtrt_ids = {}
        for who in (ANNA, BEN):
            self.mdtrt_ids[who] = self.till.visit(who, *([line(total)] for total in BATCHES.values()))

    # ---- what a till does ----

    @rule(place=places, number=numbers, who=people, total=totals)
    def purchase(self, place: str, number: int, who: str, total: int) -> None:
        nodes = self.till.purchase(who, yuan(total), [line(total)])
        self.settle((place, f"M{number}"), "2102", nodes, self.paper.priced(who, "2102", total))

    @rule(number=numbers, who=people, batch=st.sampled_from(sorted(BATCHES)))
    def visit(self, number: int, who: str, batch: str) -> None:
        nodes = self.till.asked(who, self.mdtrt_ids[who], yuan(BATCHES[batch]), batch)
        row = self.paper.priced(who, "2207", BATCHES[batch], f"{who}|{batch}")
        self.settle((PLACES[0], f"M{number}"), "2207", nodes, row)

    @precondition(lambda self: self.setl_ids)
    @rule(place=st.sampled_from([0, 0, 0, 1]), number=numbers, which=rows)
    def cancel(self, place: int, number: int, which: int) -> None:
        target = sorted(self.setl_ids)[which % len(self.setl_ids)]
        row = self.paper.rows[target]
        sender = target[0] if place == 0 else next(other for other in PLACES if other != target[0])
        infno, name = {"2102": "2103", "2207": "2208"}[row.infno], (sender, f"M{number}")
        nodes = {"data": {"psn_no": row.who, "setl_id": self.setl_ids[target], "mdtrt_id": ""}}
        said, body = self.said(infno, name, nodes)
        self.expect(said, name, self.paper.cancel(name, infno, body, target))

    @rule(place=places, number=numbers, omsg=numbers, oinfno=infnos, who=people)
    def undo(self, place: str, number: int, omsg: int, oinfno: str, who: str) -> None:
        self.reverse((place, f"R{number}"), f"M{omsg}", oinfno, who)

    @precondition(lambda self: self.paper.bodies)
    @rule(number=numbers, which=rows)
    def undo_what_is_booked(self, number: int, which: int) -> None:
        booked = sorted(name for name in self.paper.bodies if name not in self.paper.undos)
        if booked:
            original = booked[which % len(booked)]
            target = self.paper.cancels.get(original, original)
            row = self.paper.rows[target]
            oinfno = row.infno if target == original else {"2102": "2103", "2207": "2208"}[row.infno]
            self.reverse((original[0], f"R{number}"), original[1], oinfno, row.who)

    @rule(who=people, total=totals)
    def pre_settle(self, who: str, total: int) -> None:
        self.flush()  # a question is answered from what is booked, not from what still waits
        nodes = self.till.purchase(who, yuan(total), [line(total)])
        output = self.till.send("2101", nodes, place=PLACES[0])["output"]
        figures = shown(output)
        assert figures == self.paper.priced(who, "2102", total).figures
        self.marks.append((who, total, figures, output["exp_content"]))

    @precondition(lambda self: self.marks)
    @rule(number=numbers, which=rows)
    def settle_what_was_shown(self, number: int, which: int) -> None:
        who, total, figures, mark = self.marks[which % len(self.marks)]
        nodes = self.till.purchase(who, yuan(total), [line(total)], exp_content=mark)
        self.settle((PLACES[0], f"M{number}"), "2102", nodes, self.paper.priced(who, "2102", total), figures)

    @precondition(lambda self: self.held is None)
    @rule()
    def begin_to_queue(self) -> None:
        """From here on messages are handed over without waiting, so that they meet in one group."""
        self.held = []

    @precondition(lambda self: self.held)
    @rule()
    def wait_for_all(self) -> None:
        self.flush()

    @rule()
    def restart(self) -> None:
        self.flush()
        self.till.reopen()

    # ---- how it is sent and compared ----

    def said(self, infno: str, name: Name, nodes: dict[str, Any]) -> tuple[Said, str]:
        nodes.get("druginfo", {})["begntime"] = "2024-05-01"
        said = self.till.said(infno, nodes, name[1], name[0])
        return said, message_of(said).body.decode()

    def settle(
        self, name: Name, infno: str, nodes: dict[str, Any], row: Row, figures: Figures | None = None
    ) -> None:  # fmt: skip
        said, body = self.said(infno, name, nodes)
        self.expect(said, name, self.paper.settle(name, infno, body, row, figures), row.figures)

    def reverse(self, name: Name, omsgid: str, oinfno: str, who: str) -> None:
        nodes = {"data": {"psn_no": who, "omsgid": omsgid, "oinfno": oinfno}}
        said, body = self.said("2601", name, nodes)
        self.expect(said, name, self.paper.undo(name, body, omsgid, oinfno, who))

    def expect(self, said: Said, name: Name, expected: str, figures: Figures | None = None) -> None:
        """Send a message, now or with the others that are held, and hold its outcome against the paper's."""
        asked = TRANSACTIONS[said.infno].work
        assert asked is not None
        if self.held is None:
            try:
                outcome: Stored | BaseException = self.till.house.ledger.settle(
                    message_of(said), asked(self.till.house, said)
                )
            except SettlementError as error:
                outcome = error
            self.compare(said, name, expected, figures, outcome)
            return
        outcomes: list[Stored | BaseException] = []
        self.till.house.ledger.submit(message_of(said), asked(self.till.house, said), outcomes.append)
        self.held.append((said, name, expected, figures, outcomes))

    def flush(self) -> None:
        held, self.held = self.held, None
        if not held:
            return
        # Whoever comes last is answered last: a message that is refused without being booked marks the end.
        end = self.till.said("2601", {"data": {"psn_no": ANNA}}, "END")
        asked = TRANSACTIONS["2601"].work
        assert asked is not None
        try:
            self.till.house.ledger.settle(message_of(end), asked(self.till.house, end))
        except SettlementError as error:
            assert error.code.startswith("C01")
        for said, name, expected, figures, outcomes in held:
            # What was repeated before a 2601 and is answered after it is told of the 2601.
            late = expected == "again" and name in self.paper.voids and said.infno != "2601"
            self.compare(said, name, "B02" if late else expected, figures, outcomes[0])

    def compare(
        self, said: Said, name: Name, expected: str, figures: Figures | None, outcome: Stored | BaseException
    ) -> None:  # fmt: skip
        if isinstance(outcome, Stored):
            try:
                refuse_replay_of_void(self.till.house, said, outcome)
            except SettlementError as error:
                outcome = error
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, SettlementError), outcome
            assert outcome.code[:3] == expected, (said, outcome)
            return
        assert ("new" if outcome.first else "again") == expected, (said, expected)
        if outcome.first:
            self.answers[name] = outcome.answer
            if said.infno in ("2102", "2207"):
                self.setl_ids[name] = outcome.setl_id
                assert shown(loads(outcome.answer)["output"]) == figures
        assert outcome.answer == self.answers[name]

    # ---- what must hold whenever nobody waits ----

    @invariant()
    def books_agree(self) -> None:
        if self.held:
            return
        ledger = self.till.house.ledger
        for who in (ANNA, BEN):
            state = ledger.person(who)
            assert (state.acct_balc_fen if state.version else OPENING[who]) == self.paper.balance(who)
            counted = {key.name: value for key, value in state.counters.items()}
            for name, value in self.paper.counters(who).items():
                key = "pool" if name == "pool" else f"employee_{name}_deductible"
                assert counted.get(key, 0) == value, (who, key, counted)
        for name, setl_id in self.setl_ids.items():
            found = ledger.fact("setl", setl_id)
            assert found is not None
            assert (loads(found.content)["state"] == "good") == self.paper.rows[name].stands
            void = ledger.fact(VOID, void_key(*name))
            assert void is None or not self.paper.rows[name].stands, "settled and reversed"

    def teardown(self) -> None:
        self.flush()
        ledger = self.till.house.ledger
        standing = [row for row in self.paper.rows.values() if row.stands]
        sums = [ledger.totals(Wanted(), kind) for kind in (False, True)]
        assert sum(one.medfee_fen for one in sums) == sum(row.total for row in standing)
        assert sum(one.acct_fen for one in sums) == sum(row.acct for row in standing)
        for entry in ledger.settlements():
            assert sum(posting.amount_fen for posting in entry.postings) == 0
        assert ledger.verify() == []
        ledger.close()
        shutil.rmtree(self.folder)


def shown(output: dict[str, Any]) -> Figures:
    """Return the deductible and what fund, account and cash pay, in fen."""
    info = output["setlinfo"]
    deductible, fund, account, cash = (
        fen(info[name]) for name in ("act_pay_dedc", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
    )
    return deductible, fund, account, cash


TestTills = Tills.TestCase
TestTills.settings = settings(
    max_examples=RUNS, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
