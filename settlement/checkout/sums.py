"""What the book has for a period, counted as the region counts it: the centre's side of 3201, 3202 and 3203.

One rule for all three, so that a total that differs leads to the rows that make it differ. Each row counts on the day
of its own setl_time, a reversal too, in its own period with negative amounts and -1 (seen in one client; that the
platform counts so is inferred). Where refunds are left out, neither a reversal nor what it gives back is counted,
whenever it was given back. A reversal can be undone in turn (a 2601 of a 2208): that row is a plus again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from settlement.checkout.base import Conventions, House
from settlement.ledger.book import Ledger, Settlement, Totals, Wanted

PAGE = 2000  # settlements read at once


class Sums(NamedTuple):
    """Sums in fen, and how many settlements there are. ``acct_fen`` is acct_pay as the accounts count it."""

    medfee_fen: int
    fund_fen: int
    acct_fen: int
    cash_fen: int
    setl_cnt: int

    @property
    def rest_fen(self) -> int:
        """Return what neither fund, account nor cash paid: the hospital's part, and a shared account counted beside."""
        return self.medfee_fen - self.fund_fen - self.acct_fen - self.cash_fen


def counts_refunds(conventions: Conventions, refd_setl_flag: str) -> bool:
    """Tell whether refunds are counted: as the message's refd_setl_flag says (0 no, 1 yes), else as the region does."""
    return conventions.refunds_counted if refd_setl_flag == "" else refd_setl_flag.lstrip("0") != ""


def acct_of(conventions: Conventions, row: Settlement | Totals) -> int:
    """Return acct_pay of a row or a sum as the accounts count it, in fen: with the shared account or without.

    ``acct_fen`` of the book is what the area's rules call acct_pay, ``mulaid_fen`` what the shared account paid beside.
    """
    shared = conventions.mulaid_in_acct or conventions.mulaid_in_stmt
    return row.acct_fen + (row.mulaid_fen if shared else 0)


def gives_back(row: Settlement) -> bool:
    """Tell whether a row is a minus row: a reversal, but not one that undoes a reversal."""
    return bool(row.reverses) and row.medfee_fen <= 0


def sums_of(house: House, wanted: Wanted, refunds: bool) -> Sums:
    """Return the book's sums over the settlements wanted."""
    if not refunds:
        return summed(house.conventions, standing(house.ledger, wanted))
    good, back = house.ledger.totals(wanted, False), house.ledger.totals(wanted, True)
    if back.setl_cnt:  # only the rows say which of them are minus rows
        return summed(house.conventions, every(house.ledger, wanted))
    return Sums(good.medfee_fen, good.fund_fen, acct_of(house.conventions, good), good.cash_fen, good.setl_cnt)


def summed(conventions: Conventions, rows: Iterable[Settlement]) -> Sums:
    """Return the sums over rows in hand; a reversal counts -1."""
    medfee = fund = acct = cash = count = 0
    for row in rows:
        medfee, fund, cash = medfee + row.medfee_fen, fund + row.fund_fen, cash + row.cash_fen
        acct, count = acct + acct_of(conventions, row), count + (-1 if gives_back(row) else 1)
    return Sums(medfee, fund, acct, cash, count)


def every(ledger: Ledger, wanted: Wanted, upto: int | None = None) -> Iterator[Settlement]:
    """Yield the settlements wanted in the order of the book, up to an entry (by default the last there is now)."""
    after, upto = 0, ledger.head()[0] if upto is None else upto
    while page := ledger.rows(wanted, after, PAGE):
        for seq, row in page:
            if seq > upto:
                return
            yield row
        after = page[-1][0]


def given_back(ledger: Ledger, wanted: Wanted, upto: int | None = None) -> set[str]:
    """Return the ids of what was given back, in the period or after it, and stayed so: its reversal was not undone."""
    later = wanted._replace(last="", setl_id="")  # nothing is given back before it is settled
    reversals = {row.setl_id: row.reverses for row in every(ledger, later, upto) if row.reverses}
    undone = set(reversals.values())
    return {reverses for setl_id, reverses in reversals.items() if setl_id not in undone}


def standing(ledger: Ledger, wanted: Wanted) -> list[Settlement]:
    """Return the settlements wanted that were never given back, without reversals."""
    upto = ledger.head()[0]
    back = given_back(ledger, wanted, upto)
    return [row for row in every(ledger, wanted, upto) if not row.reverses and row.setl_id not in back]
