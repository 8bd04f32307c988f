"""What became of a message whose answer never came: ask first, then undo or repeat as allowed, then wait for 3202.

- *Ask*: 5203 by the message's msgid. Only an answer that names the msgid (medins_setl_id) is an answer to it.
- *Undo*, where the cashier or the till's policy wants it: 2601, once. Answered 0, the message is REVERSED and the
  opposite row is booked. Refused, all stays as it is and is reported. Not answered, nothing is changed, and no second
  2601 goes out: 3201 and 3202 tell.
- *Repeat*, where the platform answers a repeat from its record and no undo is wanted: the same message once more.

A refusal of a repeat, as nothing found by a question, does not prove that the first sending is not still under way; so
it counts only after ``late_s``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from pos_adapter.journal import TIME
from pos_adapter.journal_fold import FAIL, PENDING, REVERSED, SUCCESS, UNDO, UNKNOWN, Entry
from pos_adapter.journal_rows import GIVES_BACK, SETTLES
from pos_adapter.messages import DONE, UNCLEAR, UNSENT, Outgoing, Reply
from pos_adapter.platforms import QUERY, REPEAT
from pos_adapter.till import Outcome, Till, psn_of
from settlement.checkout.base import REVERSIBLE
from settlement.national.profile import base_infno

ASK_SETTLEMENT = "5203"
OPEN = (PENDING, UNKNOWN)
VOID = "B02_MESSAGE_REVERSED"  # this product's services: a 2601 has named the message
ANOTHER = "L01_MSGID_REUSED"  # the msgid stands for another message there
FOUND, UNDONE, REFUSED_TOO, NOTHING, WAITS, NO_LINE, MANUAL = (
    "found", "undone", "refused", "nothing", "waits", "no line", "manual",
)  # fmt: skip
Undo = Callable[[Entry], bool]


class Finding(NamedTuple):
    """What came of resolving one message; ``did`` is one of the words above, ``text`` what a platform said."""

    entry: Entry
    did: str
    text: str = ""


def never(_: Entry) -> bool:
    """Undo nothing: what was done stays."""
    return False


def resolve(till: Till, undo: Undo = never) -> list[Finding]:
    """Find out about every open message, oldest first. ``undo`` says which the cashier, or a policy, wants undone.

    Stops at the first question that the line does not carry: the rest would wait as long for nothing.
    """
    found = []
    for entry in till.pending():
        if entry.state == PENDING:  # under way in this moment
            continue
        found.append(_resolved(till, entry, undo))
        if found[-1].did == NO_LINE:
            break
    return found


def _resolved(till: Till, entry: Entry, undo: Undo) -> Finding:
    earlier = till.journal.find(entry.undo) if entry.undo else None
    if entry.infno == UNDO or (earlier is not None and earlier.state in OPEN):
        return Finding(entry, WAITS)
    asked = _asked(till, entry)
    if asked is not None and asked.did in (NO_LINE, UNDONE):
        return asked
    if undo(entry) and base_infno(entry.infno) in REVERSIBLE:
        return _undone(till, entry)
    if asked is not None and asked.did == FOUND:
        return asked
    if REPEAT in till.ways.ask and not entry.masked:
        return _repeated(till, entry)
    return asked or Finding(entry, MANUAL)


def _asked(till: Till, entry: Entry) -> Finding | None:
    """Return what 5203 knows of a message, None if it cannot be asked about."""
    if QUERY not in till.ways.ask or base_infno(entry.infno) not in (*SETTLES, *GIVES_BACK):
        return None
    reply, state = query(till, entry)
    if reply.outcome in (UNCLEAR, UNSENT):
        return Finding(entry, NO_LINE, reply.text)
    if reply.code == VOID:
        return Finding(till.journal.write_state(entry.msgid, REVERSED, QUERY, VOID), UNDONE, reply.text)
    if state is None:
        return Finding(entry, NOTHING, reply.text)
    return Finding(till.keep(entry.msgid, state, QUERY, reply), FOUND)


def query(till: Till, entry: Entry, setl_id: str = "") -> tuple[Reply, Outcome | None]:
    """Ask 5203 about a message; return its reply and, if that is about this message and stands, what it makes of it."""
    said = till.journal.said(entry.msgid)
    node = said.input.get("data") or {}
    asked = {"psn_no": psn_of(said), "medins_setl_id": entry.msgid, "setl_id": setl_id}
    asked["mdtrt_id"] = str(node.get("mdtrt_id") or "") if isinstance(node, dict) else ""
    data = {name: value for name, value in asked.items() if value}
    reply = till.question(ASK_SETTLEMENT, {"data": data}, said.insuplc_admdvs)
    info = reply.node("setlinfo")
    if reply.outcome != DONE or info.get("medins_setl_id") != entry.msgid:
        return reply, None
    outcome = till.done(said, reply)
    return reply, outcome if outcome.state == SUCCESS else None


def _undone(till: Till, entry: Entry) -> Finding:
    sent = till.undo(entry.msgid)
    assert sent.entry is not None
    now = till.journal.find(entry.msgid) or entry
    did = {SUCCESS: UNDONE, FAIL: REFUSED_TOO}.get(sent.entry.state, WAITS)
    if did == REFUSED_TOO and sent.reply.outcome == UNSENT:
        did = NO_LINE
    return Finding(now, did, sent.reply.text)


def _repeated(till: Till, entry: Entry) -> Finding:
    """Send the message once more under its msgid, and take what the platform says."""
    said = till.journal.said(entry.msgid)
    reply = till.line.ask(said, till.deadline_s)
    outcome, did = _told_again(till, entry, said, reply)
    if outcome is not None:
        entry = till.keep(entry.msgid, outcome, REPEAT, reply, again=True)
    return Finding(entry, did, reply.text)


def _told_again(till: Till, entry: Entry, said: Outgoing, reply: Reply) -> tuple[Outcome | None, str]:
    """Return what a repeat makes of the message, None for nothing that is worth a record, and what that is called."""
    if reply.outcome == DONE:
        outcome = till.done(said, reply)
        return outcome, FOUND if outcome.state == SUCCESS else MANUAL
    if reply.outcome in (UNSENT, UNCLEAR):
        return (None if reply.outcome == UNSENT else Outcome(UNKNOWN, reply.code)), NO_LINE
    if reply.code == VOID:
        return Outcome(REVERSED, VOID), UNDONE
    if reply.code == ANOTHER or not is_late(till, entry):
        return None, MANUAL if reply.code == ANOTHER else NOTHING
    return Outcome(FAIL, reply.code), REFUSED_TOO


def is_late(till: Till, entry: Entry) -> bool:
    """Return whether so much time has passed since the last attempt that it cannot be under way any more."""
    return till.journal.clock() - datetime.strptime(entry.at, TIME) >= timedelta(seconds=till.ways.late_s)
