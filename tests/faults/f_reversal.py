"""F7 and F8: settling, giving back and reversing meet in every order, once and more than once."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from itertools import product
from typing import Any

from settlement.checkout.base import VOID, Said, id_of, loads, message_of, refuse_replay_of_void, void_key
from settlement.checkout.transactions import TRANSACTIONS
from settlement.errors import SettlementError
from settlement.ledger import Entry, Stored, Wanted
from settlement.ledger.book import Settlement
from settlement.money import yuan
from tests.faults import town
from tests.faults.registry import Experiment, Figures
from tests.faults.town import PLACES, Till, paper
from tests.faults.trace import ROOT

BALANCE, TOTAL = 20_000, 15_000  # fen: 50.00 above the deductible, the account pays what the fund does not
MODEL = "tests/checkout/test_checkout_model.py"
CHUNK = 250  # words whose messages wait beside each other
Name = tuple[str, str]


# ---- F7: at random ----


def f7_at_random(runs: int, processes: int, seed: int = 7) -> Figures:
    """Run the stateful machine of the checkout's own tests so often, in processes beside each other."""
    each = -(-runs // processes)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        "0",
        "-p",
        "no:cacheprovider",
        "--hypothesis-show-statistics",
    ]
    started = [
        subprocess.Popen(
            [*command, f"--hypothesis-seed={seed + n}", MODEL], cwd=ROOT, env=os.environ | {"CHECKOUT_RUNS": str(each)},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )
        for n in range(processes)
    ]  # fmt: skip
    told = [(process.communicate()[0], process.returncode) for process in started]
    done = sum(int(found) for text, _ in told for found in re.findall(r"(\d+) passing", text))
    for text, status in told:
        assert status == 0, text[-3000:]
    return {"count": runs, "passed": min(done, runs), "runs_done": done, "steps_a_run": "up to 30", "seed": seed}


# ---- F7b: every word of a small alphabet ----

# Of one purchase: settle it, reverse it (2601), reverse it under another msgid, cancel it (2103), reverse the cancellation.
# A letter that comes again is a retry.
ALPHABET = "SRQCU"


def f7_every_order(longest: int) -> Figures:
    """Send every word of the alphabet, message by message and then many words at once, and hold it against paper."""
    words = ["".join(letters) for letters in product(ALPHABET, repeat=longest)]
    counts: Counter[str] = Counter()
    with town.scratch() as folder:
        till = town.open_town(folder, town.persons(2 * len(words), BALANCE))
        cases = [Case(till, word, n) for n, word in enumerate([*words, *words])]
        for case in cases[: len(words)]:
            case.outcomes = [_sent(till, said) for said in case.messages]
        for first in range(len(words), len(cases), CHUNK):
            _queue(till, cases[first : first + CHUNK])
        for n, case in enumerate(cases):
            wrong = case.wrong()
            assert not wrong, f"word {case.word} ({'queued' if n >= len(words) else 'one by one'}): {wrong}"
            counts["reversed"] += not case.row.stands
            counts["settled"] += case.row.stands
            counts["passed"] += 1
        assert not till.house.ledger.verify()
        till.house.ledger.close()
    figures: Figures = {"count": len(cases), "passed": counts["passed"], "messages": longest * len(cases)}
    return figures | {"end_settled": counts["settled"], "end_reversed_or_never_settled": counts["reversed"]}


class Case:
    """One word: its messages, of a person of its own, what paper says of each, and what came of it."""

    def __init__(self, till: Till, word: str, number: int) -> None:
        self.till, self.word = till, word
        self.who = f"99{number + 1:018d}"
        self.paper = paper.Paper({self.who: BALANCE})
        self.names: dict[str, Name] = {letter: (PLACES[0], f"W{number}{letter}") for letter in ALPHABET}
        self.messages = [self._said(letter) for letter in word]
        self.expected = [self._expected(letter) for letter in word]
        self.outcomes: list[Stored | SettlementError] = []

    @property
    def row(self) -> Any:
        """Return the purchase on paper; one that does not stand if it was never booked."""
        return self.paper.rows.get(self.names["S"], paper.Row(self.who, "2102", 0, 0, 0, 0, stands=False))

    @property
    def setl_id(self) -> str:
        return id_of(self._said("S"), "setl")

    def _said(self, letter: str) -> Said:
        who, (place, msgid) = self.who, self.names[letter]
        if letter == "S":
            infno, nodes = "2102", self.till.purchase(who, yuan(TOTAL), [town.model.line(TOTAL)], begntime="2024-05-01")
        elif letter == "C":
            infno, nodes = "2103", {"data": {"psn_no": who, "setl_id": self.setl_id, "mdtrt_id": ""}}
        else:
            of, oinfno = ("C", "2103") if letter == "U" else ("S", "2102")
            infno, nodes = "2601", {"data": {"psn_no": who, "omsgid": self.names[of][1], "oinfno": oinfno}}
        return self.till.said(infno, nodes, msgid, place)

    def _expected(self, letter: str) -> str:
        name = self.names[letter]
        if letter == "S":
            return str(self.paper.settle(name, "2102", "S", self.paper.priced(self.who, "2102", TOTAL)))
        if letter == "C":
            met = self.paper.before(name, "2103", "C")
            if met == "new" and self.names["S"] not in self.paper.rows:
                return "B15"  # no settlement has this id
            return str(self.paper.cancel(name, "2103", "C", self.names["S"]))
        of, oinfno = ("C", "2103") if letter == "U" else ("S", "2102")
        return str(self.paper.undo(name, letter, self.names[of][1], oinfno, self.who))

    def wrong(self) -> str:
        """Return what is not as paper has it, '' if all is."""
        met = [outcome_of(outcome) for outcome in self.outcomes]
        if met != self.expected:
            return f"{met} instead of {self.expected}"
        answers: dict[str, set[bytes]] = {}
        for letter, outcome in zip(self.word, self.outcomes, strict=True):
            if isinstance(outcome, Stored):
                answers.setdefault(letter, set()).add(outcome.answer)
        if any(len(told) > 1 for told in answers.values()):
            return "a retry was answered differently"
        return self._not_restored() or self._both()

    def _not_restored(self) -> str:
        state = self.till.house.ledger.person(self.who)
        balance = state.acct_balc_fen if state.version else BALANCE
        counted = {key.name: value for key, value in state.counters.items() if value}
        due = self.paper.counters(self.who)
        named = {"pool": due["pool"], "employee_pharmacy_deductible": due["pharmacy"]}
        if balance != self.paper.balance(self.who) or counted != {
            name: value for name, value in named.items() if value
        }:
            return f"account {balance}, counters {counted}; on paper {self.paper.balance(self.who)}, {named}"
        return ""

    def _both(self) -> str:
        found = self.till.house.ledger.fact("setl", self.setl_id)
        good = found is not None and loads(found.content)["state"] == "good"
        void = self.till.house.ledger.fact(VOID, void_key(*self.names["S"])) is not None
        if good != self.row.stands or (good and void):
            return (
                f"the settlement is {'good' if good else 'not good'}, its reversal {'booked' if void else 'not booked'}"
            )
        return ""


def outcome_of(outcome: Stored | SettlementError) -> str:
    """Return ``new``, ``again`` or the first letters of a refusal's code."""
    if isinstance(outcome, Stored):
        return "new" if outcome.first else "again"
    return outcome.code[:3]


def _sent(till: Till, said: Said) -> Stored | SettlementError:
    work = TRANSACTIONS[said.infno].work
    assert work is not None
    try:
        return _told(till, said, till.house.ledger.settle(message_of(said), work(till.house, said)))
    except SettlementError as refusal:
        return refusal


def _told(till: Till, said: Said, stored: Stored) -> Stored | SettlementError:
    """Return what a sender is told of what the book answered."""
    try:
        refuse_replay_of_void(till.house, said, stored)
    except SettlementError as refusal:
        return refusal
    return stored


def _queue(till: Till, cases: list[Case]) -> None:
    """Hand in the first message of every case, then the second of every case, without waiting: groups of many persons."""
    came: list[tuple[Case, Said, list[Any]]] = []
    for said_of_each in zip(*(case.messages for case in cases), strict=True):
        for case, early in zip(cases, said_of_each, strict=True):
            said = early._replace(received_at=f"{till.time:%Y-%m-%d %H:%M:%S}")  # they all come now
            work = TRANSACTIONS[said.infno].work
            assert work is not None
            came.append((case, said, []))
            till.house.ledger.submit(message_of(said), work(till.house, said), came[-1][2].append)
    end = till.said("2601", {"data": {"psn_no": "1", "omsgid": f"END{cases[0].who}", "oinfno": "2102"}})
    _sent(till, end)  # who comes last is answered last
    for case, said, outcome in came:
        stored = outcome[0]
        # A replay is held against the book as it is when it is handed out: for all of these, at the end.
        voided = isinstance(stored, Stored) and not stored.first and _voided_by_then(case, len(case.outcomes))
        case.outcomes.append(_told(till, said, stored) if voided else stored)


def _voided_by_then(case: Case, at: int) -> bool:
    return case.expected[at] == "B02"


# ---- F8 ----


def f8_given_back_again(cases: int, seed: int = 8) -> Figures:
    """Settle, then reverse and cancel several times in a random order; nothing may change twice, nothing may vanish."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    with town.scratch() as folder:
        till = town.open_town(folder, town.persons(cases, BALANCE))
        hashes: list[bytes] = []
        for n in range(cases):
            word = "S" + "".join(rng.choices("RRQQCCU", k=rng.randint(2, 6)))
            case = Case(till, word, n)
            for said, expected in zip(case.messages, case.expected, strict=True):
                before = till.house.ledger.head()
                case.outcomes.append(_sent(till, said))
                after = till.house.ledger.head()
                assert after[0] - before[0] == (expected == "new"), (
                    f"{word}: {said.infno} wrote {after[0] - before[0]} rows"
                )
                hashes += [after[1]] if expected == "new" else []
            wrong = case.wrong()
            assert not wrong, f"word {word}: {wrong}"
            counts["passed"] += 1
            counts["given_back_once_more"] += sum(word.count(letter) for letter in "RQC") > 1
        entries = list(till.house.ledger.settlements())
        assert [entry.hash for entry in entries] == hashes, "an entry is not the one that was written"
        counts["negative_rows"] = _opposites(entries, [row for _, row in till.house.ledger.rows(Wanted(), 0, 10**6)])
        assert not till.house.ledger.verify()
        till.house.ledger.close()
    figures: Figures = {"count": cases, "passed": counts["passed"], "entries": len(entries)}
    figures |= {name: counts[name] for name in ("given_back_once_more", "negative_rows")}
    return figures | {"seed": seed}


def _opposites(entries: Iterable[Entry], rows: list[Settlement]) -> int:
    """Return how many rows give one back; raise if one is not its exact opposite, or the postings do not add up."""
    by_id = {row.setl_id: row for row in rows}
    backward = [row for row in rows if row.reverses]
    for row in backward:
        assert row[-5:] == tuple(-amount for amount in by_id[row.reverses][-5:]), row
    for entry in entries:
        assert sum(posting.amount_fen for posting in entry.postings) == 0
    return len(backward)


EXPERIMENTS = [
    Experiment(
        "F7", "settle, time-out, reversal, at random", f7_at_random,
        {"runs": 10, "processes": 1}, {"runs": 5000, "processes": 2},
        how="a stateful machine settles, repeats, cancels, reverses, pre-settles, queues and restarts, two institutions, two "
        "persons, few msgids; every outcome is held against a checkout on paper",
        proves="No settlement is both good and reversed, account and counters are exact after every step, and a reversal of "
        "a msgid that never came keeps the late original out.",
        proves_not="Rules other than the invented ones; those have their own tests.",
    ),
    Experiment(
        "F7b", "settle, time-out, reversal, in every order", f7_every_order, {"longest": 3}, {"longest": 5},
        how="all words of a length over five messages of one purchase (settle, two reversals, cancel, reverse the "
        "cancellation; a letter that comes again is a retry), each one by one and with 250 words queued at once",
        proves="There is no order of up to five of them in which the outcome differs from paper.",
        proves_not="Longer words; F7 draws some of those.",
    ),
    Experiment(
        "F8", "reversed twice, cancelled when reversed", f8_given_back_again, {"cases": 40}, {"cases": 1000},
        how="a settlement is followed by two to six reversals and cancellations, old and new msgids, in a random order",
        proves="What is given back is given back once; each time a row of opposite sign is added, and no earlier row changes "
        "or goes.",
        proves_not="Nothing about months that are cleared, which nothing moves; the tests of the checkout have those.",
    ),
]  # fmt: skip
