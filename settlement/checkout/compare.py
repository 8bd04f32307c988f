"""3202 row by row: the institution's rows against the book's, as differences with what to do about each.

A refunded settlement is two rows, plus and minus. The minus row may carry the reversal's own setl_id or that of the
settlement it gives back: clients do either. A settlement and its reversal that are both in the book and both absent
from the file cancel out (what a 2601 leaves of a message that the institution never saw succeed) and are no
difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from settlement.checkout.base import Conventions
from settlement.checkout.statement import Row
from settlement.checkout.sums import acct_of, gives_back
from settlement.ledger.book import Settlement
from settlement.money import yuan

EQUAL, CENTRE_MORE, INSTITUTION_MORE, DIFFER = "0", "1", "2", "3"  # stmt_rslt in its one-digit spelling


class Found(NamedTuple):
    """One difference: the institution's row (None: it has none), the book's (None: it has none), and why in Chinese."""

    stmt_rslt: str
    row: Row | None
    booked: Settlement | None
    why: str


class Compared(NamedTuple):
    """What is compared: the book's settlements of the period, ids of those given back (then or later), the habits."""

    booked: Sequence[Settlement]
    given_back: frozenset[str]
    refunds: bool  # refunds are counted
    conventions: Conventions

    def left_out(self, booked: Settlement) -> bool:
        """Tell whether a row of the book is not counted, since refunds are not."""
        return not self.refunds and (bool(booked.reverses) or booked.setl_id in self.given_back)


def differences(rows: Sequence[Row], against: Compared) -> list[Found]:
    """Return every difference: of the file's rows in their order, then what only the book has in its order."""
    matched, twice = _matched(rows, against.booked)
    seen = {booked.setl_id for booked in matched.values()}
    found: list[Found] = []
    for row in rows:
        booked = matched.get(row.line)
        if booked is not None:
            found += _of_pair(row, booked, against, seen)
        elif row.line in twice:
            found.append(Found(INSTITUTION_MORE, row, None, "机构重复：同一结算在对账文件中出现多次，请删除多余的行"))
        else:
            found.append(Found(INSTITUTION_MORE, row, None, ""))
    return found + [Found(CENTRE_MORE, None, booked, "") for booked in _only_in_the_book(against, seen)]


def _matched(rows: Iterable[Row], booked: Sequence[Settlement]) -> tuple[dict[int, Settlement], set[int]]:
    """Return the book's row for each line that has one, and the lines that name what an earlier line has taken."""
    minus = [row for row in booked if gives_back(row)]
    good = {row.setl_id: row for row in booked if not gives_back(row)}
    back = {row.reverses: row for row in minus} | {row.setl_id: row for row in minus}
    matched: dict[int, Settlement] = {}
    taken: set[str] = set()
    left: list[Row] = []
    for row in rows:
        mate = (back if is_minus(row) else good).get(row.setl_id)
        if mate is None or mate.setl_id in taken:
            left.append(row)
        else:
            matched[row.line] = mate
            taken.add(mate.setl_id)
    twice: set[int] = set()
    for row in left:  # a row with the wrong sign is still that settlement's row, if no right one has claimed it
        mates = [mate for mate in (good.get(row.setl_id), back.get(row.setl_id)) if mate is not None]
        free = [mate for mate in mates if mate.setl_id not in taken]
        if free:
            matched[row.line] = free[0]
            taken.add(free[0].setl_id)
        elif mates:
            twice.add(row.line)
    return matched, twice


def is_minus(row: Row) -> bool:
    """Tell whether a row of the file is a minus row: by its sign, by its flag if the amount is zero."""
    return row.medfee_fen < 0 or (row.medfee_fen == 0 and row.refund)


def _of_pair(row: Row, booked: Settlement, against: Compared, seen: set[str]) -> list[Found]:
    if against.left_out(booked) and not _partner_seen(booked, against, seen):
        why = "本次对账不含退费：该笔在中心已退费或为退费记录，请核对机构是否已记退费"
        return [Found(INSTITUTION_MORE, row, booked, why)]
    acct = acct_of(against.conventions, booked)
    pairs = (
        ("总费用", row.medfee_fen, booked.medfee_fen), ("基金支付", row.fund_fen, booked.fund_fen),
        ("个人账户", row.acct_fen, acct),
    )  # fmt: skip
    off = [f"{name} 机构{yuan(here)} 中心{yuan(there)}" for name, here, there in pairs if here != there]
    if row.mdtrt_id and row.mdtrt_id != booked.mdtrt_id:
        off.append(f"就诊ID 机构{row.mdtrt_id} 中心{booked.mdtrt_id}")
    # A settlement that was given back may be flagged too: clients differ on which of the two rows the flag stands.
    flagged = gives_back(booked) or booked.setl_id in against.given_back
    if row.refund and not flagged:
        off.append("退费标志 机构1 中心0")
    if gives_back(booked) and not row.refund and not off:
        off.append("退费标志 机构0 中心1")
    return [Found(DIFFER, row, booked, "；".join(off))] if off else []


def _partner_seen(booked: Settlement, against: Compared, seen: set[str]) -> bool:
    if booked.reverses:
        return booked.reverses in seen
    return any(row.reverses == booked.setl_id and row.setl_id in seen for row in against.booked)


def _only_in_the_book(against: Compared, seen: set[str]) -> list[Settlement]:
    """Return what the file does not have, in the order of the book, without rows that cancel each other out."""
    left: dict[str, Settlement] = {}
    cancelled: dict[str, Settlement] = {}  # by the id of the row that gave it back
    for row in against.booked:
        if row.setl_id in seen or against.left_out(row):
            continue
        if row.reverses in left:
            cancelled[row.setl_id] = left.pop(row.reverses)
        elif row.reverses in cancelled:  # a reversal that was undone: what it gave back stands again
            again = cancelled.pop(row.reverses)
            left[again.setl_id] = again
        else:
            left[row.setl_id] = row
    return list(left.values())
