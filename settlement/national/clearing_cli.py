"""``settlement clearing …``: the insurer's side of 3203, on a book: what was applied for, accept it, move it on.

A book is named by its file or its ``postgresql://`` address; a service may be running on it. What is decided is booked
as everything else is. How shared accounts are counted is the region's habit, so the profile is the service's.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

clearing_app = App(name="clearing", help="Accept and decide clearing applications (3203): list, accept, decide.")

STATES = {
    "10": "applied 已申请", "closing": "being accepted 受理中", "20": "accepted 已受理", "30": "in audit 审核中",
    "40": "audited 已审核", "50": "cleared 已清算", "60": "paid 已拨付", "70": "rejected 已退回", "withdrawn": "withdrawn 已撤销",
}  # fmt: skip
DONE = ("60", "70", "withdrawn")  # nothing is left to decide
MONTHS = 12  # how far back one lists that names no month
HEAD = (
    "clr_appy_evt_id", "setlym", "fixmedins_code", "clr_type", "clr_optins", "state", "medfee_sumamt", "fund_appy_sum",
    "acct_pay", "cash_payamt", "settlements", "applied_at",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Opening:
    """How the book is opened.

    Parameters
    ----------
    keys
        The key file; without it the keys beside the book, or of SETTLEMENT_KEYS or SETTLEMENT_KEYS_FILE.
    profile
        The region's profile, as the service is started with.
    """

    keys: Path | None = None
    profile: str = "plain"


Named = Annotated[Opening, Parameter(name="*")]
USUAL = Opening()


@clearing_app.command(name="list")
def list_applications(book: str, *, month: str = "", every: bool = False, opening: Named = USUAL) -> int:
    """List applications with their figures (yuan), one a line with tabs between; ends with 0.

    Parameters
    ----------
    book
        The book's file or database address.
    month
        The month that is cleared, yyyymm; without it the last twelve.
    every
        List those too that are paid, rejected or withdrawn.
    """
    from settlement.checkout.clearing import applications  # noqa: PLC0415 - other commands should not wait for it

    months = [_month(month)] if month else _last_months(date.today())
    print("\t".join(HEAD))
    count = 0
    with _opened(book, opening) as house:
        for setlym in months:
            for application in applications(house.ledger, setlym):
                if every or application["state"] not in DONE:
                    count += 1
                    print("\t".join(_cells(application)))
    print(f"{count} application(s) 共 {count} 笔申请")
    return 0


@clearing_app.command
def accept(book: str, clr_appy_evt_id: str, *, opening: Named = USUAL) -> int:
    """Accept an application: its figures are held against the book once more, and the month is closed to reversals.

    Parameters
    ----------
    book
        The book's file or database address.
    clr_appy_evt_id
        The application's id, as ``list`` shows it.
    """
    from settlement.checkout.clearing import accept_clearing  # noqa: PLC0415

    with _opened(book, opening) as house:
        return _told(accept_clearing(house, clr_appy_evt_id, _now()))


@clearing_app.command
def decide(
    book: str, clr_appy_evt_id: str, state: Literal["30", "40", "50", "60", "70"], *, opening: Named = USUAL
) -> int:
    """Move an accepted application on: 30 in audit, 40 audited, 50 cleared, 60 paid; or 70, rejected, which opens the month.

    Parameters
    ----------
    book
        The book's file or database address.
    clr_appy_evt_id
        The application's id, as ``list`` shows it.
    state
        The state to come; each follows on the one before.
    """
    from settlement.checkout.clearing import decide_clearing  # noqa: PLC0415

    with _opened(book, opening) as house:
        return _told(decide_clearing(house, clr_appy_evt_id, state, _now()))


@contextmanager
def _opened(book: str, opening: Opening) -> Iterator[Any]:
    """Open a book that is there, as the house of the checkout. Raises BadInput L07 where there is none."""
    from settlement.checkout import DATA  # noqa: PLC0415
    from settlement.checkout.base import House  # noqa: PLC0415
    from settlement.ledger.opening import is_database, open_ledger  # noqa: PLC0415
    from settlement.ledger.refusals import not_a_book  # noqa: PLC0415
    from settlement.national.profile import conventions, load_profile  # noqa: PLC0415
    from settlement.registry import load_registry  # noqa: PLC0415
    from settlement.rules.rulebook import open_rulebook  # noqa: PLC0415
    from settlement.vault import open_vault  # noqa: PLC0415

    habits = conventions(load_profile(opening.profile))
    if not is_database(book) and not Path(book).is_file():
        raise not_a_book(book, "there is no such file")  # a slip of the pen must not begin a book
    with open_ledger(book, open_vault(opening.keys) if opening.keys else None) as ledger:
        # Neither rules nor persons are looked at: a decision counts what is booked.
        yield House(open_rulebook().book, ledger, load_registry(DATA / "registry.json"), conventions=habits)


def _cells(application: dict[str, Any]) -> list[str]:
    from settlement.money import yuan  # noqa: PLC0415

    figures, wanted = application["figures"], application["wanted"]
    amounts = [yuan(figures[name]) for name in ("medfee_fen", "fund_fen", "acct_fen", "cash_fen")]
    return [
        application["clr_appy_evt_id"], application["setlym"], application["fixmedins_code"], wanted["clr_type"],
        wanted["setl_optins"] or "-", _state(application["state"]), *amounts, str(figures["setl_cnt"]), application["at"],
    ]  # fmt: skip


def _state(state: str) -> str:
    return f"{state} {STATES[state]}" if state.isdecimal() else STATES[state]


def _told(application: dict[str, Any]) -> int:
    print("\t".join(_cells(application)))
    return 0


def _month(month: str) -> str:
    """Return a month as yyyymm. Raises BadInput B61."""
    from settlement.checkout.asked import span  # noqa: PLC0415

    first = f"{month[:4]}-{month[4:]}-01"
    span({"month": first}, "month", "month", 1)
    return month


def _last_months(today: date) -> list[str]:
    last = today.year * 12 + today.month - 1
    return [f"{month // 12:04d}{month % 12 + 1:02d}" for month in range(last, last - MONTHS - 1, -1)]


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d %H:%M:%S")
