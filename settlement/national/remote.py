"""The front process's side of the line: asks the process that has the book, and waits for what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count
from typing import Any

from settlement import errors
from settlement.checkout.base import FileAnswer, Said
from settlement.checkout.refusals import Differs, not_text
from settlement.errors import SettlementError
from settlement.national import refusals
from settlement.national.link import Link, Row
from settlement.national.outcomes import Overdue
from settlement.national.sandbox_faults import UNTOUCHED, Fate
from settlement.national.working import ANSWER_S, Standing

GRACE_S = 2.0  # the process with the book tells by itself what is overdue; this is for one that says nothing at all

# What is said on the line. Front to book: [number, what, …]; back: [number, what, value], number 0 for what nobody asked.
ANSWER, FACT, STANDING, UP = "answer", "fact", "standing", "up"
GOOD, FILE, REFUSED, DRAIN, END = "good", "file", "refused", "drain", "end"
KINDS = (
    errors.BadInput, errors.BadRules, errors.LedgerConflict, errors.CardFault, errors.NotAvailable, SettlementError,
)  # fmt: skip


def error_row(error: SettlementError) -> Row:
    """Return an error as plain values; its kind decides how a till is answered."""
    kind = next(index for index, kind in enumerate(KINDS) if isinstance(error, kind))
    output = error.output if isinstance(error, Differs) else None
    return [kind, error.code, error.found, error.why, error.cure, error.zh, output]


def error_of(row: Row) -> SettlementError:
    """Return the error that ``error_row`` wrote."""
    kind, code, found, why, cure, zh, output = row
    if output is not None:
        return Differs(output, code, found, cure, zh)
    return KINDS[kind](code, found, why, cure, zh)


class Remote:
    """Answers messages by asking the other process; see ``Answering``."""

    def __init__(self, loop: asyncio.AbstractEventLoop, answer_s: float = ANSWER_S + GRACE_S) -> None:
        self._loop = loop
        self._link: Link | None = None
        self._numbers = count(1)
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._overdue = Overdue(loop, answer_s)
        self.told: Callable[[str], None] = lambda what: None  # takes what nobody asked for: DRAIN, END

    def connect(self, link: Link) -> None:
        """Use this line."""
        self._link = link

    def take(self, row: Row) -> None:
        """Take a row from the line."""
        number, what, value = row
        if number == 0:
            self.told(what)
            return
        future = self._asked.pop(number)
        if future.done():  # its client is gone, or waited long enough
            return
        if what == REFUSED:
            future.set_exception(error_of(value))
        else:
            future.set_result(FileAnswer(*value) if what == FILE else value)

    async def answer(self, said: Said, fate: Fate = UNTOUCHED) -> bytes | FileAnswer:
        """Return the answer as it is stored or would be."""
        try:
            future = self._ask(ANSWER, said, None if fate is UNTOUCHED else fate)
        except UnicodeEncodeError as error:
            raise not_text(error) from None
        answer: bytes | FileAnswer = await future
        return answer

    async def fact(self, kind: str, key: str) -> bytes | None:
        """Return the latest content of a fact, None if the book says nothing of it."""
        content: bytes | None = await self._ask(FACT, kind, key)
        return content

    async def standing(self) -> Standing:
        """Return how the book does."""
        return Standing(*await self._ask(STANDING))

    def say(self, what: str) -> None:
        """Tell the other process something that has no answer."""
        assert self._link is not None
        self._link.send((0, what))

    def close(self) -> None:
        """Hang up."""
        if self._link is not None:
            self._link.close()

    def _ask(self, what: str, *about: Any) -> asyncio.Future[Any]:
        assert self._link is not None
        number = next(self._numbers)
        self._link.send((number, what, *about))
        future: asyncio.Future[Any] = self._loop.create_future()
        self._asked[number] = future
        self._overdue.watch(future, refusals.outcome_unknown)
        return future
