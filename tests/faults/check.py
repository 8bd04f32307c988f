"""Open a book after a fault and ask it for everything it ever promised."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from settlement.errors import SettlementError
from settlement.ledger import Entry, Ledger, SqliteLedger
from tests.faults.powercut import Verdict
from tests.faults.tills import BOOK
from tests.faults.victim import BODY, cost_of
from tests.ledger.ledger_till import KEY, serial_oracle, settle


def promised(acks: Sequence[bytes]) -> dict[str, bytes]:
    """Return the answer noted for each message; raise if one message got two."""
    answers: dict[str, bytes] = {}
    for line in acks:
        msgid, _, answer = line.rstrip(b"\n").partition(b"\t")
        if answers.setdefault(msgid.decode(), answer) != answer:
            raise AssertionError(f"{msgid.decode()} was answered in two ways")
    return answers


def check_folder(folder: Path, acks: Sequence[bytes]) -> Verdict:
    """Open the book of a folder and hold it against the acknowledgements."""
    try:
        with SqliteLedger(folder / BOOK) as ledger:
            return check_ledger(ledger, acks)
    except SettlementError as refusal:
        return Verdict(opened=False, wrong=str(refusal))


def check_ledger(ledger: Ledger, acks: Sequence[bytes]) -> Verdict:
    """Every promise kept, the book whole, nothing twice, every counter exact, and it goes on settling."""
    try:
        answers = promised(acks)
    except AssertionError as error:
        return Verdict(opened=True, wrong=str(error))
    lost = 0
    for msgid, answer in answers.items():
        stored = ledger.find("H", msgid)
        lost += stored is None or stored.answer != answer
    wrong = [f"{fault}" for fault in ledger.verify()]
    entries = list(ledger.settlements())
    wrong += [f"{msgid} {n} times" for msgid, n in Counter(e.message.msgid for e in entries).items() if n > 1]
    wrong += _recount(ledger, entries) or _goes_on(ledger, entries)
    return Verdict(opened=True, lost=lost, wrong="; ".join(wrong))


def _recount(ledger: Ledger, entries: list[Entry]) -> list[str]:
    try:
        used = serial_oracle(entries, lambda entry: cost_of(entry.message.msgid))
    except AssertionError as error:
        return [f"settling again gives something else: {error}"]
    return [f"counter of {psn_no}" for psn_no, fen in used.items() if ledger.person(psn_no).counters != {KEY: fen}]


def _goes_on(ledger: Ledger, entries: list[Entry]) -> list[str]:
    """The last message sent again gets its bytes again; a new one is booked."""
    wrong = []
    if entries:
        last = entries[-1]
        again = settle(ledger, last.message.msgid, cost_of(last.message.msgid), last.message.psn_no, BODY)
        wrong += ["a repeat was answered differently"] if again.first or again.answer != last.answer else []
    fresh = settle(ledger, f"t0n{10**9 + len(entries)}", 100, "p0", BODY)
    return wrong + ([] if fresh.first and fresh.seq == len(entries) + 1 else ["a new message was not booked"])
