"""Many lives of a till: every loss, crash and late arrival, in any order, against a real book. In the end both agree."""

from __future__ import annotations

import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

import msgspec
from door_line import Crash, DoorLine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from journal_world import ANNA, AREA, INSURED, SHOP, Clock, open_journal, purchase

from pos_adapter.journal_fold import FAIL, REVERSED, SUCCESS, UNKNOWN
from pos_adapter.journal_report import findings_report, reconciled_report, report
from pos_adapter.journal_rows import summed
from pos_adapter.platforms import Ways
from pos_adapter.reconciling import reconcile
from pos_adapter.resolving import resolve
from pos_adapter.till import Desk, Till
from settlement.checkout import DATA
from settlement.checkout.base import House, loads, void_key
from settlement.ledger import SqliteLedger
from settlement.ledger.book import Wanted
from settlement.national.profile import conventions, load_profile
from settlement.registry import load_registry
from settlement.rules.rulebook import open_rulebook

LIVES = int(os.environ.get("TILL_LIVES", "60"))
FIRST, LAST = "2024-04-30", "2024-05-30"
faults = st.sampled_from(["pass", "pass", "pass", "drop", "lost", "hold", "garbage", "down", "crash"])
WAYS = [Ways(("query", "repeat")), Ways(("query",)), Ways(("repeat",)), Ways(())]


@cache
def rules():
    return open_rulebook().book


@cache
def registry():
    return load_registry(DATA / "registry.json")


class Lives(RuleBasedStateMachine):
    """Buys, cancels, resolves and restarts, over a line that fails; the end brings everything to rest and compares."""

    @initialize(ways=st.sampled_from(WAYS), undo=st.booleans(), refunds=st.booleans())
    def open(self, ways, undo, refunds):
        accounts = msgspec.structs.replace(load_profile("plain").accounts, refunds_counted=refunds)
        self.profile = msgspec.structs.replace(load_profile("plain"), accounts=accounts)
        self.folder = Path(tempfile.mkdtemp(prefix="till-lives-"))
        self.clock, self.ways, self.undoes = Clock(), ways, undo
        ledger = SqliteLedger(self.folder / "book.sqlite")
        house = House(rules(), ledger, registry(), self.clock, conventions(self.profile))
        self.line = DoorLine(house, SHOP, self.profile)
        self.open_till()
        self.buy("pass", 1)  # one answer tells which centre clears the area
        self.seen: dict[str, str] = {}

    def open_till(self):
        self.journal = open_journal(self.folder / "till", self.clock)
        self.till = Till(self.journal, self.line, Desk(AREA, "0001", "收银员"), self.profile, self.ways)
        self.line.on_crash = self.journal.close

    def live(self, act):
        """Do something; a till that dies over it is started again."""
        self.clock.go(seconds=1)
        try:
            return act()
        except Crash:
            self.restart()

    @rule(fault=faults, cnt=st.integers(1, 9))
    def buy(self, fault, cnt):
        self.line.plan.append(fault)
        self.live(lambda: self.till.send("2102", purchase(f"{self.clock():%Y-%m-%d %H:%M:%S}", cnt=cnt), INSURED))

    @rule(fault=faults, which=st.integers(0, 5))
    def cancel(self, fault, which):
        good = [entry for entry in self.journal.entries() if entry.infno == "2102" and entry.booked]
        if good:
            row = self.journal.row(good[which % len(good)].msgid)
            data = {"setl_id": row.setl_id, "mdtrt_id": row.mdtrt_id, "psn_no": ANNA}
            self.line.plan.append(fault)
            self.live(lambda: self.till.send("2103", {"data": data}, INSURED))

    @rule(plan=st.lists(faults, max_size=3))
    def find_out(self, plan):
        self.line.plan.extend(plan)
        found = self.live(lambda: resolve(self.till, lambda _: self.undoes))
        self.line.plan.clear()
        assert findings_report(found or [])

    @rule()
    def restart(self):
        self.line.plan.clear()
        self.journal.close()
        self.open_till()

    @precondition(lambda self: self.line.held)
    @rule()
    def deliver(self):
        self.line.deliver()

    @rule(hours=st.sampled_from([1, 30]))
    def later(self, hours):
        self.line.deliver()  # nothing is under way for an hour
        self.clock.go(hours=hours)

    @rule(plan=st.lists(faults, max_size=4))
    def reconcile_badly(self, plan):
        self.line.plan.extend(plan)
        self.live(lambda: reconcile(self.till, FIRST, LAST))
        self.line.plan.clear()

    @invariant()
    def known_outcomes_do_not_turn(self):
        """SUCCESS may be reversed; nothing else that was known changes, but by what 3202 proves."""
        for entry in self.journal.entries():
            before = self.seen.get(entry.msgid)
            if before == SUCCESS:
                assert entry.state in (SUCCESS, REVERSED)
            if before in (FAIL, REVERSED) and entry.state != before:
                assert entry.by == "3202"
            self.seen[entry.msgid] = entry.state

    def teardown(self):
        if not hasattr(self, "journal"):
            return
        try:
            self.come_to_rest()
        finally:
            self.journal.close()
            self.line.house.ledger.close()
            shutil.rmtree(self.folder)

    def come_to_rest(self):
        self.restart()
        self.line.deliver()
        self.clock.go(minutes=30)
        resolve(self.till)
        done = None
        for _ in range(3):
            self.clock.go(minutes=30)
            done = reconcile(self.till, FIRST, LAST)
        assert done.equal and not done.differences, reconciled_report(done)
        assert self.till.pending() == [], report(self.till)
        booked = self.line.house.ledger.totals(Wanted(SHOP), False), self.line.house.ledger.totals(Wanted(SHOP), True)
        mine = summed(self.journal.rows())
        assert mine.medfee_fen == sum(side.medfee_fen for side in booked)
        assert mine.acct_fen == sum(side.acct_fen for side in booked)
        assert mine.cash_fen == sum(side.cash_fen for side in booked)
        self.each_is_what_the_book_says()

    def each_is_what_the_book_says(self):
        ledger = self.line.house.ledger
        for msgid in self.seen:
            entry = self.journal.find(msgid)
            if entry.infno != "2102":
                continue
            stored, void = ledger.find(SHOP, msgid), ledger.fact("void", void_key(SHOP, msgid))
            state = loads(ledger.fact("setl", stored.setl_id).content)["state"] if stored else "absent"
            allowed = {SUCCESS: {"good", "reversed"}, FAIL: {"absent"}, REVERSED: {"reversed", "absent"}}
            assert state in allowed[entry.state], (entry, state)
            assert (void is not None) == (entry.state == REVERSED), (entry, void)
            assert entry.state != UNKNOWN


Lives.TestCase.settings = settings(
    max_examples=LIVES, stateful_step_count=14, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLives = Lives.TestCase
