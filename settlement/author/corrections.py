"""``settlement rules corrections``: a rule was published late; which settlements in the book would be others today, and by how much.

Every settlement since a day whose rulebook is not today's is settled again from its stored message, each person's in the order of the
book and with the counters as the book carried them; from the first one on, the counters of the replay are carried. A later settlement
that today's rulebook made is replayed too, since it began from counters that would now be others. Nothing is booked: the night does that.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, NamedTuple

from settlement.checkout.base import SETL
from settlement.engine import settle_drafts
from settlement.errors import BadInput
from settlement.intake.columns import day_of
from settlement.kernel.layout import RESULT
from settlement.ledger import CounterKey, Entry, PersonState
from settlement.money import fen, yuan
from settlement.present import claim_json
from settlement.rules.pool import Cite
from settlement.rules.rulebook import Rulebook

BALANCES = ("balc", "acct_mulaid_balc")  # they follow from the payments, of this claim and of earlier ones
OPENING = "OPEN"
OPENED = "opening"  # the account that an opening balance comes from


class Amount(NamedTuple):
    """One published amount that changes, in fen."""

    name: str
    zh: str
    old_fen: int
    new_fen: int


class Layer(NamedTuple):
    """One layer that pays otherwise: the rule that paid then and the one that pays now ("" for none), in fen."""

    fund: str
    old_rule: str
    new_rule: str
    cite: Cite | None
    old_dedc_fen: int
    new_dedc_fen: int
    old_pay_fen: int
    new_pay_fen: int


class Correction(NamedTuple):
    """One settlement that would be another today; ``refused`` is the code where it would not be settled at all."""

    seq: int
    setl_id: str
    fixmedins_code: str
    msgid: str
    psn_no: str
    day: str
    by_counters: bool  # today's rulebook made it, but from counters that would be others
    amounts: tuple[Amount, ...]
    layers: tuple[Layer, ...]
    refused: str


class Lack(NamedTuple):
    """Something a replay needs and the book does not hold; what was used in its place."""

    seq: int
    code: str  # message | before | gone | new | period
    what: str


class Report(NamedTuple):
    """All corrections since a day, and the count of settlements that another rulebook made without a difference."""

    since: date
    digest: str
    differing: int
    unchanged: int
    corrections: tuple[Correction, ...]
    lacks: tuple[Lack, ...]


class _Made(NamedTuple):
    """A settlement as the book holds it: the draft it was made from, the amounts and layers that came of it."""

    draft: dict[str, Any]
    answer: dict[str, Any]
    day: date
    reverses: str  # the settlement that this one gives back


class _Moved(NamedTuple):
    """What a replayed settlement added to its person's counters and account."""

    counters: dict[CounterKey, int]
    balance_fen: int


def corrections(entries: Iterable[Entry], book: Rulebook, since: date) -> Report:
    """Return what the settlements of a book would be under a rulebook, for those since a day that another one made."""
    replay = _Replay(book, since)
    found = {correction.setl_id: correction for entry in entries for correction in replay.over(entry)}
    standing = tuple(correction for setl_id, correction in found.items() if setl_id not in replay.given_back)
    return Report(since, book.digest, replay.differing, replay.unchanged, standing, tuple(replay.lacks.values()))


class _Replay:
    """Walks through the book: each person's state as booked, and, once a settlement was replayed, as it would be."""

    def __init__(self, book: Rulebook, since: date) -> None:
        self.book, self.since = book, since
        self.booked: dict[str, PersonState] = {}
        self.states: dict[str, PersonState] = {}
        self.differing = self.unchanged = 0
        self.lacks: dict[tuple[str, str], Lack] = {}
        self.moved: dict[str, _Moved] = {}
        self.given_back: set[str] = set()

    def over(self, entry: Entry) -> Iterator[Correction]:
        """Yield the correction of one entry, if it has one."""
        psn_no = entry.message.psn_no
        before = self.booked.get(psn_no)
        if not entry.state.version:  # a message that changed nobody
            return
        self.booked[psn_no] = entry.state
        if entry.message.infno == OPENING:
            return
        made = _read(entry)
        if isinstance(made, str):
            self._unread(entry, before, made)
            return
        if made.reverses:
            self._give_back(entry, before, made.reverses)
            return
        differs = made.answer.get("rulebook") != self.book.digest
        if psn_no not in self.states:
            if made.day < self.since or not differs:
                return
            self.states[psn_no] = self._begin(entry, before)
        self.differing += differs and made.day >= self.since
        correction = self._again(entry, made, by_counters=not differs)
        self.unchanged += correction is None and differs and made.day >= self.since
        if correction is not None:
            yield correction

    def _begin(self, entry: Entry, before: PersonState | None) -> PersonState:
        opening = [-posting.amount_fen for posting in entry.postings if posting.account == OPENED]
        if before is None and opening:  # booked with the person's first settlement
            return PersonState(entry.message.psn_no, 0, {}, sum(opening))
        if before is None:
            self._lack(entry, "before", "no entry of this person before it: counters from 0, no account balance")
            return PersonState(entry.message.psn_no, 0, {}, None)
        return before

    def _give_back(self, entry: Entry, before: PersonState | None, setl_id: str) -> None:
        """Take off again what the replay of a settlement added; one that was not replayed moves what it moved then."""
        moved = self.moved.get(setl_id)
        self.given_back ^= {setl_id, entry.setl_id}  # a reversal that is itself reversed lets the first stand again
        state = self.states.get(entry.message.psn_no)
        if moved is None:
            self._carry(entry, before)
        elif state is not None:
            counters = dict(state.counters)
            for key, value in moved.counters.items():
                counters[key] = counters.get(key, 0) - value
            balance = (state.acct_balc_fen or 0) - moved.balance_fen
            self.states[state.psn_no] = state._replace(counters=counters, acct_balc_fen=balance)
            self.moved[entry.setl_id] = _Moved(
                {key: -value for key, value in moved.counters.items()}, -moved.balance_fen
            )

    def _unread(self, entry: Entry, before: PersonState | None, what: str) -> None:
        """Carry on what an entry that cannot be settled again added to the counters, as the book has it."""
        state = self.states.get(entry.message.psn_no)
        since = entry.message.received_at[:10] >= self.since.isoformat()
        if since or state is not None:
            self._lack(entry, "message", what)
        self._carry(entry, before)

    def _carry(self, entry: Entry, before: PersonState | None) -> None:
        state = self.states.get(entry.message.psn_no)
        if state is None:
            return
        was = before or PersonState(entry.message.psn_no, 0, {}, None)
        counters = dict(state.counters)
        for key, value in entry.state.counters.items():
            counters[key] = counters.get(key, 0) + value - was.counters.get(key, 0)
        moved = (entry.state.acct_balc_fen or 0) - (was.acct_balc_fen or 0)
        self.states[state.psn_no] = state._replace(counters=counters, acct_balc_fen=(state.acct_balc_fen or 0) + moved)

    def _lack(self, entry: Entry, code: str, what: str) -> None:
        where = str(entry.seq) if code in ("message", "before") else what.partition(":")[0]
        self.lacks.setdefault((code, where), Lack(entry.seq, code, what))

    def _again(self, entry: Entry, made: _Made, by_counters: bool) -> Correction | None:
        state = self.states[entry.message.psn_no]
        carried: dict[tuple[str, str, str, str, str], int] = {
            (made.draft["psn_no"], *key): value for key, value in state.counters.items()
        }
        settled = settle_drafts([made.draft | {"balc": yuan(state.acct_balc_fen or 0)}], self.book, 1, carried)
        head = (
            entry.seq, entry.setl_id, entry.message.fixmedins_code, entry.message.msgid, entry.message.psn_no,
            made.day.isoformat(), by_counters,
        )  # fmt: skip
        if settled.refusals:
            return Correction(*head, (), (), settled.refusals[0].code)
        counters = {
            CounterKey(c["area"], c["period"], c["period_start"], c["counter"]): int(c["value"])
            for c in settled.counters()
        }
        self._compare_counters(entry, state, counters)
        told = settled.told(int(settled.kept[0]))
        self.states[state.psn_no] = state._replace(counters=state.counters | counters, acct_balc_fen=told["balc"])
        added = {key: value - state.counters.get(key, 0) for key, value in counters.items()}
        self.moved[entry.setl_id] = _Moved(added, told["balc"] - (state.acct_balc_fen or 0))
        amounts = _amounts(made.answer, claim_json(told))
        return Correction(*head, amounts, _layers(made.answer, told, self.book), "") if amounts else None

    def _compare_counters(self, entry: Entry, state: PersonState, counted: dict[CounterKey, int]) -> None:
        """Say which counters of the book today's rules do not have, and which of theirs the book does not have."""
        for area in dict.fromkeys(key.area for key in counted):
            known = {key.name for key, value in state.counters.items() if key.area == area and value}
            for name in sorted(known - self.book.counters(area).keys()):
                self._lack(entry, "gone", f"{area} {name}: the book counted it, today's rules have no such counter")
        names = {(key.area, key.name) for key in state.counters}
        years = {(key.area, key.name, key.period_start[5:]) for key in state.counters if key.period_kind == "year"}
        for key in sorted(counted):
            where = f"{key.area} {key.name}"
            if names and (key.area, key.name) not in names:
                self._lack(
                    entry, "new", f"{where}: today's rules count it, the book did not: from 0 at entry {entry.seq}"
                )
            elif key.period_kind == "year" and names and (key.area, key.name, key.period_start[5:]) not in years:
                self._lack(
                    entry, "period", f"{where}: the book's year begins on another day: from 0 at entry {entry.seq}"
                )


def _read(entry: Entry) -> _Made | str:
    """Return the settlement that an entry holds, or in words what it lacks."""
    facts = [json.loads(fact.content) for key, fact in entry.facts.items() if key.kind == SETL]
    own = next((content for content in facts if content["setl_id"] == entry.setl_id), None)
    if own is None:
        return f"the entry of {entry.message.infno} holds no settlement"
    if own["reverses"]:
        return _Made({}, own, date.min, own["reverses"])
    try:
        day = day_of(own["draft"]["setl_time"])
    except (BadInput, KeyError):
        return f"the settlement {entry.setl_id} has no day"
    return _Made(own["draft"], own, day, "")


def _amounts(old: dict[str, Any], new: dict[str, Any]) -> tuple[Amount, ...]:
    """Return the published amounts that differ; a column that one side does not have is not compared."""
    found = []
    for column in RESULT[:-1]:
        name = column.name.removesuffix("_fen")
        sides = [side["setlinfo"].get(name) for side in (old, new)]
        if name not in BALANCES and None not in sides and sides[0] != sides[1]:
            found.append(Amount(name, column.zh, fen(sides[0]), fen(sides[1])))
    return tuple(found)


def _layers(old: dict[str, Any], told: dict[str, Any], book: Rulebook) -> tuple[Layer, ...]:
    """Return the layers that pay or deduct otherwise, those of one fund paired in their order."""
    before: dict[tuple[str, int], dict[str, Any]] = {}
    for fund, rule, dedc_fen, pay_fen in old["layers"]:
        step = {"rule": rule, "dedc_fen": dedc_fen, "pay_fen": pay_fen}
        before[fund, sum(other == fund for other, _ in before)] = step
    after: dict[tuple[str, int], dict[str, Any]] = {}
    for step in told["layers"]:
        after[step["fund"], sum(fund == step["fund"] for fund, _ in after)] = step
    made = []
    for key in dict.fromkeys((*before, *after)):
        was, now = before.get(key), after.get(key)
        cite = book.layer(now["layer_row"]).benefit.cite if now else None
        layer = Layer(
            key[0], was["rule"] if was else "", now["rule"] if now else "", cite,
            was["dedc_fen"] if was else 0, now["dedc_fen"] if now else 0, was["pay_fen"] if was else 0, now["pay_fen"] if now else 0,
        )  # fmt: skip
        if (layer.old_dedc_fen, layer.old_pay_fen) != (layer.new_dedc_fen, layer.new_pay_fen):
            made.append(layer)
    return tuple(made)


def fund_change_fen(report: Report) -> int:
    """Return by how much the funds would pay more in all, in fen (refused settlements left out)."""
    rows = (amount for correction in report.corrections for amount in correction.amounts)
    return sum(amount.new_fen - amount.old_fen for amount in rows if amount.name == "fund_pay_sumamt")
