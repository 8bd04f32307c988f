"""A till that sends nothing it could forget: journal, send, journal; and what is open is resolved, never guessed.

    till = Till(Journal(folder, owner), NationalClient(url, profile, place), Desk("220402", "0001", "张三"))
    sent = till.send("2207", {"data": {...}}, insuplc_admdvs="220400")
    sent.entry.state  # SUCCESS, FAIL, or UNKNOWN: then till.resolve(), till.report()

Questions (1101, 2206, 5203 …) book nothing and are not kept, nor what does no harm twice (9001, 9101, 3202). ``resolving`` and ``reconciling`` hold what is done about
UNKNOWN messages; ``journal_report`` says it in Chinese.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import Any, NamedTuple

from pos_adapter import journal_refusals as refusals
from pos_adapter.journal import Journal
from pos_adapter.journal_fold import FAIL, PENDING, REVERSED, SUCCESS, UNDO, UNKNOWN, Entry
from pos_adapter.journal_rows import GIVES_BACK, SETTLES, Row, counted, opposite, settled_row
from pos_adapter.messages import DONE, REFUSED, UNSENT, Line, Outgoing, Reply
from pos_adapter.platforms import Ways, ways_of
from settlement.checkout.base import REVERSIBLE
from settlement.errors import NotAvailable, SettlementError
from settlement.national.profile import Profile, base_infno
from settlement.national.routes import ALIASES, ROUTES

SIGN_IN = "9001"
# Done twice these do no harm, so what is not answered is done again under a new number, and nothing is kept of them:
# sign-in and sign-out, an uploaded file, a comparison.
HARMLESS = frozenset({SIGN_IN, "9002", "9101", "3202"})
NOT_KEPT_ZH = "注意：结果未能写入收银流水，重启后将重新核对"
# By these a message was found done without a cashier having seen its answer, so 2601 may still undo it.
FOUND_BY = frozenset({"query", "repeat", "3202"})


class Desk(NamedTuple):
    """Where the till stands, who works at it, and how long it waits; 0 is as long as the region's clients do."""

    mdtrtarea_admvs: str
    opter: str
    opter_name: str
    deadline_s: float = 0.0


class Sent(NamedTuple):
    """What became of a message: its entry (None for a question), what came back, and what the cashier should know."""

    entry: Entry | None
    reply: Reply
    note: str = ""


class Outcome(NamedTuple):
    """What a reply means for the journal."""

    state: str
    code: str
    row: Row | None = None


class Till:
    """One till: one journal, one line to one platform. ``profile`` is the region's, ``ways`` how outcomes are found."""

    def __init__(self, journal: Journal, line: Line, desk: Desk, profile: Profile, ways: Ways | None = None) -> None:
        self.journal, self.line, self.desk, self.profile = journal, line, desk, profile
        self.ways = ways or ways_of(profile.name)
        self.deadline_s = desk.deadline_s or float(profile.transport.timeout_s)

    def send(self, infno: str, nodes: dict[str, Any], insuplc_admdvs: str = "") -> Sent:
        """Send a message and keep what becomes of it. Raises NotAvailable J03 or J04: then it was not sent."""
        if not is_kept(infno):
            return Sent(None, self.question(infno, nodes, insuplc_admdvs))
        desk = self.desk
        message = Outgoing(
            infno, self.journal.next_msgid(), nodes, desk.mdtrtarea_admvs, insuplc_admdvs, desk.opter, desk.opter_name
        )
        entry = self.journal.write_pending(message)
        try:
            reply = self.line.ask(message, self.deadline_s)
        except BaseException:  # Ctrl-C while it is under way
            with contextlib.suppress(
                NotAvailable
            ):  # then it is PENDING on the disk, and UNKNOWN when that is read again
                self.journal.write_state(message.msgid, UNKNOWN, "interrupted")
            raise
        outcome = self.outcome_of(message, reply)
        try:
            entry = self.keep(message.msgid, outcome, "unsent" if reply.outcome == UNSENT else "answer", reply)
        except NotAvailable:  # the money has moved or not, whatever the disk says: the cashier is told both
            return Sent(entry._replace(state=outcome.state, code=outcome.code), reply, NOT_KEPT_ZH)
        return Sent(entry, reply)

    def question(self, infno: str, nodes: dict[str, Any], insuplc_admdvs: str = "") -> Reply:
        """Ask something that is not kept. A sign-in (9001) goes with every message after it."""
        desk, msgid = self.desk, self.journal.next_msgid(kept=False)
        message = Outgoing(infno, msgid, nodes, desk.mdtrtarea_admvs, insuplc_admdvs, desk.opter, desk.opter_name)
        reply = self.line.ask(message, self.deadline_s)
        if infno == SIGN_IN and reply.outcome == DONE:
            self.line.sign_no = str(reply.node("signinoutb").get("sign_no") or "")
        return reply

    def undo(self, msgid: str) -> Sent:
        """Send a 2601 of a message whose outcome nobody saw. Raises BadInput J10 to J14 where that must not be."""
        entry = self.check_undo(msgid)
        said = self.journal.said(msgid)
        data = {"psn_no": psn_of(said), "omsgid": msgid, "oinfno": base_infno(entry.infno)}
        return self.send(UNDO, {"data": data}, said.insuplc_admdvs)

    def check_undo(self, msgid: str) -> Entry:
        """Return a message that 2601 may undo. Raises BadInput J10 to J14."""
        entry = self.journal.find(msgid)
        if entry is None:
            raise refusals.not_ours(msgid)
        if base_infno(entry.infno) not in REVERSIBLE:
            raise refusals.not_reversible(entry.infno)
        if entry.state == REVERSED:
            raise refusals.reversed_already(msgid)
        earlier = self.journal.find(entry.undo) if entry.undo else None
        if earlier is not None and earlier.state in (PENDING, UNKNOWN):
            raise refusals.undo_open(msgid, entry.undo)
        if entry.state != UNKNOWN and not (entry.state == SUCCESS and entry.by in FOUND_BY):
            raise refusals.nothing_to_undo(msgid, entry.state)
        return entry

    def confirm(self, msgid: str, done: bool, who: str) -> Entry:
        """Take a person's word, found out at the platform, on an open message that moves no money.

        Raises BadInput J10 (not ours) or J18: money is settled by 5203 or 3202 alone.
        """
        entry = self.journal.find(msgid)
        if entry is None:
            raise refusals.not_ours(msgid)
        if moves_money(entry.infno):
            raise refusals.no_word_for_money(entry.infno)
        return self.journal.write_state(msgid, SUCCESS if done else FAIL, "person", told={"text": who})

    def pending(self) -> list[Entry]:
        """Return the messages whose outcome is not known, oldest first."""
        return self.journal.pending()

    def counted(self, rows: Iterable[Row], last: str) -> list[Row]:
        """Return the rows up to a day that count in the accounts of the region; a later refund may take one out."""
        return [row for row in counted(rows, self.profile.accounts.refunds_counted) if row.day <= last]

    # --- what a reply means ---

    def outcome_of(self, message: Outgoing, reply: Reply) -> Outcome:
        """Return state and row that a reply to a message's first sending gives it."""
        if reply.outcome == DONE:
            return self.done(message, reply)
        state = FAIL if reply.outcome in (REFUSED, UNSENT) else UNKNOWN
        return Outcome(state, reply.code)

    def done(self, message: Outgoing, reply: Reply) -> Outcome:
        """Return what an infcode 0 gives: SUCCESS with its row, or UNKNOWN if the answer does not say what it must."""
        infno = base_infno(message.infno)
        if infno == UNDO:
            return Outcome(SUCCESS, "", self.undone_row(message, reply.at))
        if infno not in SETTLES and infno not in GIVES_BACK:
            return Outcome(SUCCESS, "")
        info = reply.node("setlinfo")
        if not info.get("setl_id"):
            return Outcome(UNKNOWN, "NO_SETL_ID")
        if info.get("medins_setl_id") not in (None, "", message.msgid):
            return Outcome(UNKNOWN, "ANSWER_OF_ANOTHER")
        try:
            row = self._row_of(message, info)
        except SettlementError as error:
            return Outcome(UNKNOWN, error.code)
        return Outcome(SUCCESS, "", row if row.day else row._replace(day=self._day_of(reply.at)))

    def _row_of(self, message: Outgoing, info: dict[str, Any]) -> Row:
        """Return the row of a setlinfo; a giving back is the opposite of what this journal has, if it has it."""
        infno = base_infno(message.infno)
        row = settled_row(infno, message.msgid, message.input, message.insuplc_admdvs, info)
        if infno in SETTLES:
            return row
        gives_back = str(message.input["data"].get("setl_id") or "")
        booked = self.journal.settled_row(gives_back)
        if booked is not None:
            return opposite(booked, message.msgid, row.day, row.setl_id)
        return row._replace(refund=True, gives_back=gives_back)

    def undone_row(self, message: Outgoing, at: str) -> Row | None:
        """Return the row of opposite sign that a 2601 books, None if what it undoes had booked nothing."""
        omsgid = str(message.input["data"]["omsgid"])
        entry, row = self.journal.find(omsgid), self.journal.row(omsgid)
        if entry is None or not entry.booked or row is None:
            return None
        return opposite(row, message.msgid, self._day_of(at))

    def _day_of(self, at: str) -> str:
        """Return the day of a platform's time, today's if it told none."""
        return f"{at[:4]}-{at[4:6]}-{at[6:8]}" if len(at) >= 8 and at.isdigit() else f"{self.journal.clock():%Y-%m-%d}"

    def keep(self, msgid: str, outcome: Outcome, by: str, reply: Reply, again: bool = False) -> Entry:
        """Write what a reply made of a message."""
        told = {"text": reply.text, "output": reply.output}
        return self.journal.write_state(msgid, outcome.state, by, outcome.code, told=told, row=outcome.row, again=again)


def is_kept(infno: str) -> bool:
    """Return whether a transaction changes anything that must not be done twice, so that it is kept; an unknown one may."""
    route = ROUTES.get(ALIASES.get(infno, infno))
    return infno not in HARMLESS and (route is None or route.booked)


def moves_money(infno: str) -> bool:
    """Return whether a transaction settles, gives back, or undoes, so that reconciliation sees it."""
    return infno == UNDO or base_infno(infno) in SETTLES or base_infno(infno) in GIVES_BACK


def psn_of(message: Outgoing) -> str:
    """Return the person that a message is about, '' if it names none."""
    for node in message.input.values():
        first = node[0] if isinstance(node, list) and node else node
        if isinstance(first, dict) and first.get("psn_no"):
            return str(first["psn_no"])
    return ""
