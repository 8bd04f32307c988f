"""Signing in and out: 9001 opens a session that is in the book, 9002 closes it, and time ends it.

A session belongs to one operator of one institution and lasts to the end of its day or for some hours. Being in the
book it outlives a restart, and a repeated 9001 gets the same sign_no.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import NamedTuple

from settlement.checkout.base import (
    House,
    Said,
    Transaction,
    alone,
    answer_bytes,
    fact,
    id_of,
    known,
    loads,
    now,
)
from settlement.ledger.book import Booking, Desk, FactKey, Work
from settlement.national import refusals

SIGN = "sign"  # the kind of fact; its key is sign_no
LASTS = timedelta(hours=12)
TIME = "%Y-%m-%d %H:%M:%S"
REMEMBERED_S = 30.0  # a session closed by another process is noticed after this long
MOST_REMEMBERED = 20_000


class Session(NamedTuple):
    """One sign-in; times as text (YYYY-MM-DD HH:MM:SS). ``state`` is open or closed."""

    fixmedins_code: str
    opter_no: str
    begins: str
    ends: str
    state: str


def _sign_in(house: House, said: Said, lasts: timedelta | None) -> Work:
    node = said.input["signIn"]
    sign_no, opter_no = id_of(said, SIGN), str(node["opter_no"])

    def compute(_desk: Desk) -> Booking:
        begins = house.clock()
        midnight = datetime.combine(begins.date() + timedelta(days=1), datetime.min.time())
        ends = midnight if lasts is None else begins + lasts
        session = Session(said.fixmedins_code, opter_no, begins.strftime(TIME), ends.strftime(TIME), "open")
        place = {"ip": str(node.get("ip") or ""), "mac": str(node.get("mac") or "")}
        output = {"signinoutb": {"sign_time": session.begins, "sign_no": sign_no}}
        facts = fact(SIGN, sign_no, session._asdict() | place)
        facts |= fact(SIGN, _latest_of(said.fixmedins_code, opter_no), {"sign_no": sign_no})
        return Booking(answer_bytes(said, output, now(house)), facts=facts)

    return alone(said, compute)


def _latest_of(fixmedins_code: str, opter_no: str) -> str:
    """Return the key under which an operator's latest sign_no stands, for one who has lost it."""
    return f"{fixmedins_code}|{opter_no}"


def _sign_out(house: House, said: Said) -> Work:
    node = said.input["signOut"]
    opter_no = str(node["opter_no"])
    latest_key = FactKey(SIGN, _latest_of(said.fixmedins_code, opter_no))

    def compute(desk: Desk) -> Booking:
        latest = known(desk, *latest_key) or {}
        sign_no = str(node.get("sign_no") or latest.get("sign_no") or "")
        content = known(desk, SIGN, sign_no) if sign_no else None
        owner = (content or {}).get("fixmedins_code"), (content or {}).get("opter_no")
        if content is None or owner != (said.fixmedins_code, opter_no):
            raise refusals.sign_in_needed()
        at = house.clock().strftime(TIME)
        closed = fact(SIGN, sign_no, content | {"state": "closed", "closed": at})
        return Booking(answer_bytes(said, {"signoutoutb": {"sign_time": at}}, now(house)), facts=closed)

    return alone(said, compute, (latest_key,))


def transactions(lasts: timedelta | None = LASTS) -> tuple[Transaction, ...]:
    """Return 9001 and 9002; ``lasts`` None ends each session at midnight."""
    return (
        Transaction("9001", work=lambda house, said: _sign_in(house, said, lasts)),
        Transaction("9002", work=_sign_out),
    )


class Sessions:
    """Remembers sign-ins for a moment, so that not every message has to have one looked up in the book."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Session]] = OrderedDict()

    def remembered(self, sign_no: str) -> bool:
        """Tell whether ``check`` knows all there is to know: if not, ``learn`` first what the book says."""
        seen = self._known.get(sign_no)
        return not sign_no or (seen is not None and self._clock() - seen[0] < REMEMBERED_S)

    def learn(self, sign_no: str, content: bytes | None) -> None:
        """Remember what the book says of a sign_no. Guesses (None) are not remembered: they would push out what is."""
        self._known.pop(sign_no, None)
        if content is None:
            return
        said = loads(content)
        if not all(name in said for name in Session._fields):
            return
        self._known[sign_no] = (self._clock(), Session(*(str(said[name]) for name in Session._fields)))
        if len(self._known) > MOST_REMEMBERED:
            self._known.popitem(last=False)

    def forget(self, fixmedins_code: str, opter_no: str) -> None:
        """Have an operator's sessions looked up anew when they are next used; after a 9002."""
        owner = (fixmedins_code, opter_no)
        for sign_no, (_, session) in list(self._known.items()):
            if (session.fixmedins_code, session.opter_no) == owner:
                del self._known[sign_no]

    def check(self, sign_no: str, fixmedins_code: str, opter: str, at: datetime) -> None:
        """Refuse a sign_no that is no open session of this operator here at this time. Raises BadInput N23."""
        seen = self._known.get(sign_no)
        session = seen[1] if seen is not None else None
        if session is None or session.state != "open":
            raise refusals.sign_in_needed()
        if (session.fixmedins_code, session.opter_no) != (fixmedins_code, opter):
            raise refusals.sign_in_needed()
        if at.strftime(TIME) >= session.ends:
            raise refusals.sign_in_needed()
