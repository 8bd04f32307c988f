"""What a journal's records add up to: each message's state, and the highest number used.

Records (JSON objects, ``k`` says which; ``s`` is what was sealed of it):

head     first of each file: whose journal, which day, the last check of the file before, and all that is open
pending  a message about to be sent
state    what became of a message, by which evidence (``by``: answer, restart, query, repeat, unsent, 3202)
again    a message of an earlier file that is taken up again, with its records
numbers  msgids up to this second may be used by questions, which are not kept one by one

Pending and state records carry a running number ``n``, so that those which a later file repeats keep their order. An
answered 2601 is one record that changes two messages: its own, and the one it names, which is then REVERSED. So no
power cut can leave one without the other.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pos_adapter import journal_refusals as refusals

PENDING, SUCCESS, FAIL, UNKNOWN, REVERSED = "PENDING", "SUCCESS", "FAIL", "UNKNOWN", "REVERSED"
BY_3202 = "3202"
UNDO = "2601"
# From which state to which; what contradicts an answer is 3202's alone to say.
_NEXT = {
    PENDING: {SUCCESS, FAIL, UNKNOWN},
    UNKNOWN: {UNKNOWN, SUCCESS, FAIL, REVERSED},
}
_NEXT_BY_3202 = {FAIL: {UNKNOWN}, REVERSED: {UNKNOWN}}
LAST_NUMBER = 99  # of a till in one second
SECOND = "%Y%m%d%H%M%S"


class Number(NamedTuple):
    """What a msgid ends with: the second (yyyyMMddHHmmss) and the running number in it."""

    second: str
    n: int


class Entry(NamedTuple):
    """One message: what it is, what became of it, and how that is known.

    ``attempts``: how often it went out. ``omsgid``: what a 2601 names. ``undo``: the latest 2601 that names it.
    ``masked``: a token or password was left out of what is kept, so it cannot be sent again from here. ``booked``: its
    amounts are known and count in the till's totals.
    """

    msgid: str
    infno: str
    state: str
    sent_at: str
    at: str
    by: str = ""
    code: str = ""
    attempts: int = 1
    omsgid: str = ""
    undo: str = ""
    masked: bool = False
    booked: bool = False


class Fold:
    """Entries by msgid, the records of each, and the highest number."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.raw: dict[str, list[dict[str, Any]]] = {}
        self.high = Number("", LAST_NUMBER)
        self.count = 0  # records that have a running number

    def take(self, record: dict[str, Any]) -> None:
        """Take in one more record."""
        kind = record["k"]
        self.count = max(self.count, record.get("n", 0))
        if kind in ("head", "again"):
            for inner in record["records"]:
                self.take(inner)
        if kind == "head" and record["upto"]:
            self._used(Number(*record["upto"]))
        elif kind == "numbers":
            self._used(Number(record["upto"], LAST_NUMBER))
        elif kind == "pending":
            self._pending(record)
        elif kind == "state":
            self._state(record)

    def _used(self, number: Number) -> None:
        self.high = max(self.high, number)

    def _pending(self, record: dict[str, Any]) -> None:
        msgid, omsgid = record["msgid"], record["omsgid"]
        self._used(Number(msgid[12:26], int(msgid[28:30])))
        self.entries[msgid] = Entry(
            msgid, record["infno"], PENDING, record["at"], record["at"], omsgid=omsgid, masked=record["masked"]
        )
        self.raw[msgid] = [record]
        if omsgid in self.entries:
            self.entries[omsgid] = self.entries[omsgid]._replace(undo=msgid)

    def _state(self, record: dict[str, Any]) -> None:
        msgid, at, state = record["msgid"], record["at"], record["state"]
        entry = self.entries.get(msgid)
        if entry is None:
            return
        self.raw[msgid].append(record)
        told = {"state": state, "at": at, "by": record["by"], "code": record["code"]}
        booked = entry.booked or record["day"] != ""
        self.entries[msgid] = entry._replace(**told, attempts=record["attempts"], booked=booked)
        undone = self.entries.get(entry.omsgid)
        if state == SUCCESS and undone is not None:
            self.entries[entry.omsgid] = undone._replace(state=REVERSED, at=at, by=msgid, code="", booked=False)

    def open(self) -> list[Entry]:
        """Return what is not known to be done, oldest first."""
        return sorted(entry for entry in self.entries.values() if entry.state in (PENDING, UNKNOWN))

    def carried(self) -> list[dict[str, Any]]:
        """Return the records that a new file must begin with: of what is open, and of what undoes it or is undone by it."""
        wanted: dict[str, None] = {}
        for entry in self.open():
            linked = (entry.omsgid, entry.msgid, entry.undo)
            wanted |= dict.fromkeys(msgid for msgid in linked if msgid in self.entries)
        return sorted((record for msgid in wanted for record in self.raw[msgid]), key=lambda record: record["n"])


def check_step(entry: Entry, state: str, by: str) -> None:
    """Raise BadInput J15 for a step that no evidence can make."""
    allowed = _NEXT.get(entry.state, set()) | (_NEXT_BY_3202.get(entry.state, set()) if by == BY_3202 else set())
    if state not in allowed:
        raise refusals.not_allowed(entry.msgid, entry.state, state)


def next_number(now: str, high: Number) -> Number:
    """Return the number after ``high``: of this second, or of a later one where the clock is behind or the second full."""
    if now > high.second:
        return Number(now, 0)
    if high.n < LAST_NUMBER:
        return Number(high.second, high.n + 1)
    return Number(second_after(high.second), 0)


def second_after(second: str, seconds: int = 1) -> str:
    """Return a later second, in the same form."""
    return (datetime.strptime(second, SECOND) + timedelta(seconds=seconds)).strftime(SECOND)
