"""Reconciliation as a till does it: 3201 for each group, 3202 where one differs or something is open, then what that settles.

A difference is the platform's word on a message by its msgid; so 3202 may say what no other answer may:

- the centre has a message that is open here, or that was taken for refused or reversed: it stands there. It is booked
  with the figures that 5203 gives for it, or undone, as the caller wants it; without figures it stays open.
- the centre has the giving back of a 2601 that is open: it was done.
- the centre has neither: an open message of a period and a centre that was compared was not done, and one that a 2601
  named is reversed; but only when it is too late for it to arrive, and only if this till has learned from answers which
  centre clears the area. Else somebody must look.

All else (institution more, figures differ, a msgid of another till) is reported and changes nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable
from datetime import date, datetime, timedelta
from typing import NamedTuple

from pos_adapter.journal import TIME
from pos_adapter.journal_fold import BY_3202, FAIL, PENDING, REVERSED, SUCCESS, UNDO, UNKNOWN, Entry
from pos_adapter.journal_rows import (
    CENTRE_MORE,
    Difference,
    Group,
    Row,
    read_result,
    statement,
    summed,
)  # fmt: skip
from pos_adapter.messages import DONE, Reply
from pos_adapter.resolving import (
    FOUND,
    MANUAL,
    NO_LINE,
    NOTHING,
    REFUSED_TOO,
    UNDONE,
    Finding,
    Undo,
    is_late,
    never,
    query,
)  # fmt: skip
from pos_adapter.till import Till, moves_money
from settlement.errors import SettlementError
from settlement.money import yuan

MARGIN = timedelta(minutes=10)  # by which the clocks of till and platform may differ
LEARNED_FROM = timedelta(days=31)  # how far back answers tell which centre clears an area
EQUAL, ELSEWHERE = "equal", "elsewhere"
FILE_NAME = "stmt.zip"


class Total(NamedTuple):
    """What 3201 said of one group: stmt_rslt without leading zeros ('' is equal, '?' no answer) and its text."""

    group: Group
    stmt_rslt: str
    text: str


class Reconciled(NamedTuple):
    """What reconciling a period came to: totals, differences, what became of open messages, and what was not done."""

    totals: list[Total]
    differences: list[Difference]
    findings: list[Finding]
    failures: list[str]

    @property
    def equal(self) -> bool:
        """Whether every total is equal, so that the period counts as reconciled."""
        return not self.failures and all(total.stmt_rslt == "" for total in self.totals)


class Period(NamedTuple):
    """What one 3202 compared: a centre, two days, and when it was sent."""

    setl_optins: str
    first: str
    last: str


def reconcile(
    till: Till, first: str, last: str, undo: Undo = never, *, rows: Iterable[Row] | None = None,
    centres: Collection[str] = (),
) -> Reconciled:  # fmt: skip
    """Reconcile the days ``first`` to ``last`` (YYYY-MM-DD) and settle what that settles.

    ``rows``: of all tills of the institution from ``first`` on, since the platform compares the institution; without it
    this till is the only one. ``centres``: more clearing centres to ask than those of the rows. Run it again after it
    changed anything: a period counts as reconciled when 3201 is equal.
    """
    every = list(till.journal.rows(first) if rows is None else rows)
    counted, listed = till.counted(every, last), [row for row in every if row.day <= last]
    totals = [_total(till, group, first, last, counted) for group in _groups(counted)]
    unequal = {total.group.setl_optins for total in totals if total.stmt_rslt}
    ours = sorted({row.setl_optins for row in listed} | set(centres))
    still = any(moves_money(entry.infno) for entry in till.pending())
    compared = [centre for centre in ours if still or centre in unequal]
    done = Reconciled(totals, [], [], [])
    for centre in compared:
        period = Period(centre, first, last)
        told = _details(till, period, [row for row in listed if row.setl_optins == centre])
        if isinstance(told, str):
            done.failures.append(f"结算经办机构 {centre}：{told}")
            continue
        done.differences.extend(told)
        done.findings.extend(_settle(till, period, told, undo))
    return done


def _groups(rows: Iterable[Row]) -> list[Group]:
    return sorted({Group(row.insutype, row.clr_type, row.setl_optins, "") for row in rows})


def _total(till: Till, group: Group, first: str, last: str, rows: list[Row]) -> Total:
    """Ask 3201 about one group."""
    mine = [row for row in rows if (row.insutype, row.clr_type, row.setl_optins) == group[:3]]
    sums = summed(mine, till.profile.accounts.mulaid_in_stmt)
    data = {
        "insutype": group.insutype, "clr_type": group.clr_type, "setl_optins": group.setl_optins,
        "stmt_begndate": first, "stmt_enddate": last, "medfee_sumamt": yuan(sums.medfee_fen),
        "fund_pay_sumamt": yuan(sums.fund_fen), "acct_pay": yuan(sums.acct_fen), "fixmedins_setl_cnt": str(sums.setl_cnt),
    }  # fmt: skip
    reply = till.question("3201", {"data": data})
    info = reply.node("stmtinfo")
    if reply.outcome != DONE or "stmt_rslt" not in info:
        return Total(group, "?", reply.text)
    return Total(group, str(info["stmt_rslt"] or "").lstrip("0"), str(info.get("stmt_rslt_dscr") or ""))


def _details(till: Till, period: Period, rows: list[Row]) -> list[Difference] | str:
    """Return the differences of a 3202, or in Chinese why there are none to be had.

    Refunds are compared even where the region leaves them out: they tell what became of a 2601.
    """
    accounts = till.profile.accounts
    content = statement(rows, accounts.mulaid_in_stmt)
    file = {"in": base64.b64encode(content).decode(), "filename": FILE_NAME}
    place = {"fixmedins_code": till.journal.owner.fixmedins_code}
    sent = till.send("9101", {"fsUploadIn": file | place})
    handle = _handle(sent.reply, "fileinfo")
    if not handle:
        return f"对账文件上传（9101）未成功：{sent.reply.text}"
    sums = summed(rows, accounts.mulaid_in_stmt)
    data = {
        "setl_optins": period.setl_optins, "file_qury_no": handle, "stmt_begndate": period.first,
        "stmt_enddate": period.last, "medfee_sumamt": yuan(sums.medfee_fen), "fund_pay_sumamt": yuan(sums.fund_fen),
        "cash_payamt": yuan(sums.cash_fen), "fixmedins_setl_cnt": str(sums.setl_cnt),
    }  # fmt: skip
    if not accounts.refunds_counted:
        data["refd_setl_flag"] = "1"
    sent = till.send("3202", {"data": data})
    handle, name = _handle(sent.reply, "fileinfo"), str(sent.reply.node("fileinfo").get("filename") or "")
    if not handle:
        return f"明细对账（3202）未成功：{sent.reply.text}"
    brought = till.question("9102", {"fsDownloadIn": {"file_qury_no": handle, "filename": name} | place})
    if brought.outcome != DONE or not brought.file:
        return f"对账结果下载（9102）未成功：{brought.text}"
    try:
        return read_result(brought.file, accounts.stmt_rslt_first)
    except SettlementError as error:
        return error.zh or error.found


def _handle(reply: Reply, node: str) -> str:
    if reply.outcome != DONE:
        return ""
    told = reply.output if isinstance(reply.output, dict) else {}
    return str(reply.node(node).get("file_qury_no") or told.get("file_qury_no") or "")


# --- what differences settle ---


def _settle(till: Till, period: Period, differences: list[Difference], undo: Undo) -> list[Finding]:
    """Change what a 3202 says must be changed; return what came of it."""
    found = [
        _of_difference(till, difference, undo) for difference in differences if difference.stmt_rslt == CENTRE_MORE
    ]
    named = {difference.msgid for difference in differences}
    settled = {difference.setl_id for difference in differences}
    # Originals first: a 2601 whose original is settled by this is settled with it.
    for entry in sorted(till.pending(), key=lambda entry: entry.infno == UNDO):
        now = till.journal.find(entry.msgid)
        if now is None or now.state != UNKNOWN or now.msgid in named:
            continue
        if now.infno == UNDO:
            found += _of_silent_undo(till, period, now, settled)
        elif moves_money(now.infno):
            found += _of_silence(till, period, now)
    return [finding for finding in found if finding.did != EQUAL]


def _of_difference(till: Till, difference: Difference, undo: Undo) -> Finding:
    """Take what the centre has and this till has not."""
    entry = till.journal.find(difference.msgid) if difference.msgid else None
    if entry is None:
        return Finding(_stranger(difference), ELSEWHERE, difference.memo)
    if entry.infno == UNDO:
        return _undo_was_done(till, entry) if entry.state == UNKNOWN else Finding(entry, MANUAL, difference.memo)
    if entry.state in (SUCCESS, PENDING):
        return Finding(entry, MANUAL if entry.state == SUCCESS else NOTHING, difference.memo)
    earlier = till.journal.find(entry.undo) if entry.undo else None
    if earlier is not None and earlier.state == UNKNOWN:
        if not is_late(till, earlier):
            return Finding(entry, NOTHING, difference.memo)
        till.journal.write_state(earlier.msgid, FAIL, BY_3202, "NOT_DONE")  # it stands, so that 2601 did not undo it
    if entry.state in (FAIL, REVERSED):
        entry = till.journal.write_state(entry.msgid, UNKNOWN, BY_3202, "CENTRE_HAS_IT")
    reply, outcome = query(till, entry, difference.setl_id)
    if outcome is not None:
        entry = till.keep(entry.msgid, outcome, BY_3202, reply)
    if undo(entry):
        sent = till.undo(entry.msgid)
        done = sent.entry is not None and sent.entry.state == SUCCESS
        return Finding(till.journal.find(entry.msgid) or entry, UNDONE if done else MANUAL, sent.reply.text)
    return Finding(entry, FOUND if outcome is not None else NO_LINE, difference.memo)


def _stranger(difference: Difference) -> Entry:
    return Entry(difference.msgid, "", "", "", "")


def _undo_was_done(till: Till, entry: Entry) -> Finding:
    row = till.undone_row(till.journal.said(entry.msgid), "")
    till.journal.write_state(entry.msgid, SUCCESS, BY_3202, row=row)
    return Finding(till.journal.find(entry.omsgid) or entry, UNDONE)


def _of_silence(till: Till, period: Period, entry: Entry) -> list[Finding]:
    """Settle an open message that the centre does not have, nor its giving back alone."""
    earlier = till.journal.find(entry.undo) if entry.undo else None
    latest = earlier if earlier is not None and earlier.state == UNKNOWN else entry
    if not is_late(till, latest) or not _covers(till, period, entry, latest):
        return [Finding(entry, MANUAL)] if is_late(till, latest) else [Finding(entry, NOTHING)]
    if latest is not entry:
        return [_undo_was_done(till, latest)]
    now = till.journal.write_state(entry.msgid, FAIL, BY_3202, "CENTRE_HAS_NONE")
    return [Finding(now, REFUSED_TOO)]


def _of_silent_undo(till: Till, period: Period, entry: Entry, differing: Collection[str]) -> list[Finding]:
    """Settle an open 2601 of a message that is booked here and stands at the centre too, without difference."""
    named, row = till.journal.find(entry.omsgid), till.journal.row(entry.omsgid)
    if named is None or row is None or not named.booked or row.setl_id in differing:
        return [Finding(entry, MANUAL)] if named is not None and named.booked else [Finding(entry, EQUAL)]
    inside = row.setl_optins == period.setl_optins and period.first <= row.day
    if not is_late(till, entry) or not inside or _day(entry.at, MARGIN) > period.last:
        return [Finding(entry, NOTHING)]
    return [Finding(till.journal.write_state(entry.msgid, FAIL, BY_3202, "NOT_DONE"), REFUSED_TOO)]


def _covers(till: Till, period: Period, entry: Entry, latest: Entry) -> bool:
    """Return whether a 3202 would have shown this message, whenever it was done."""
    if _day(entry.sent_at, -MARGIN) < period.first or _day(latest.at, MARGIN) > period.last:
        return False
    area = till.journal.said(entry.msgid).insuplc_admdvs
    since = f"{date.fromisoformat(period.first) - LEARNED_FROM}"
    learned = {row.setl_optins for row in till.journal.rows(since) if row.insuplc_admdvs == area}
    return learned == {period.setl_optins}


def _day(at: str, by: timedelta) -> str:
    return f"{datetime.strptime(at, TIME) + by:%Y-%m-%d}"
