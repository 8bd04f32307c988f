"""A message that may be answered, answered: a question beside the event loop, a booking by the book.

The sandbox's faults are done here, around the work: refuse before it, do it twice, let the clock be off.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from settlement.checkout.base import (
    FileAnswer,
    House,
    Said,
    Told,
    Transaction,
    answer_bytes,
    message_of,
    now,
    refuse_replay_of_void,
)
from settlement.national import refusals
from settlement.national.outcomes import Outcomes, Waiting
from settlement.national.sandbox_faults import UNTOUCHED, Fate

ANSWER_S = 15.0  # seconds after which the sender is told that the outcome is not known; clients wait about 20 s
THREADS = 4  # that answer questions
# Bookings that are prepared beside the event loop: they read the book or large files first.
HEAVY = frozenset({"3202", "3203", "4101", "9101"})


class Standing(NamedTuple):
    """How the book does: what waits, what was written since the start, and why it writes no more ('' while it does)."""

    waiting: int
    commits: int
    booked: int
    stopped_by: str


class Answering(Protocol):
    """Whoever answers messages that may be answered: ``Working`` in the process of the book, ``Remote`` in another."""

    async def answer(self, said: Said, fate: Fate = UNTOUCHED) -> bytes | FileAnswer:
        """Return the answer as it is stored or would be. Raises SettlementError."""

    async def fact(self, kind: str, key: str) -> bytes | None:
        """Return the latest content of a fact, None if the book says nothing of it."""

    async def standing(self) -> Standing:
        """Return how the book does."""

    def close(self) -> None:
        """Answer no more."""


class Working:
    """Answers messages on one house, for one event loop."""

    def __init__(
        self, house: House, transactions: Mapping[str, Transaction], loop: asyncio.AbstractEventLoop,
        standing: Callable[[], Standing], answer_s: float = ANSWER_S,
    ) -> None:  # fmt: skip
        self._standing = standing
        self._house, self._transactions, self._loop, self._answer_s = house, transactions, loop, answer_s
        self._outcomes = Outcomes(house.ledger, loop, answer_s)
        self._threads = ThreadPoolExecutor(THREADS, "question")

    async def answer(self, said: Said, fate: Fate = UNTOUCHED) -> bytes | FileAnswer:
        """Return the answer as it is stored or would be. Raises what checkout and book raise, and N21, N32, N35, N95."""
        transaction = self._transactions.get(said.infno)
        if transaction is None:
            raise refusals.not_served(said.infno)
        if fate is UNTOUCHED:
            return await self._once(transaction, said, self._house)
        if fate.refuse:
            raise refusals.sandbox_fault()
        house = self._house
        if fate.skew_s:
            clock, off = house.clock, timedelta(seconds=fate.skew_s)
            house = house._replace(clock=lambda: clock() + off)
        if not fate.duplicate:
            return await self._once(transaction, said, house)
        both = await asyncio.gather(
            self._once(transaction, said, house), self._once(transaction, said, house), return_exceptions=True
        )
        if isinstance(both[0], BaseException):
            raise both[0]
        return both[0]

    def hand_in(self, said: Said, waiting: Waiting) -> bool:
        """Give a message that is booked without more ado straight to the book: nearly all that come at the busiest hour.

        False: it is not of that kind. What ``waiting`` gets is ``Stored``; one that is not ``first`` must be asked for
        by ``answer``, which knows when a repeat is not to be told its answer. Raises what checkout and book raise.
        """
        transaction = self._transactions.get(said.infno)
        if transaction is None or transaction.work is None or transaction.infno in HEAVY:
            return False
        self._outcomes.hand_in(message_of(said), transaction.work(self._house, said), waiting)
        return True

    async def fact(self, kind: str, key: str) -> bytes | None:
        """Return the latest content of a fact, None if the book says nothing of it."""
        found = await self._read(self._house.ledger.fact, kind, key)
        return None if found is None else bytes(found.content)

    async def standing(self) -> Standing:
        """Return how the book does."""
        return self._standing()

    async def _read(self, question: Any, *about: Any) -> Any:
        """Return what a function says that reads the book, called beside the event loop."""
        return await self._loop.run_in_executor(self._threads, question, *about)

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _once(self, transaction: Transaction, said: Said, house: House) -> bytes | FileAnswer:
        if transaction.work is None:
            return await self._asked(transaction, said, house)
        if transaction.infno in HEAVY:
            work = await self._read(transaction.work, house, said)
        else:
            work = transaction.work(house, said)
        stored = await self._outcomes.of(message_of(said), work)
        if not stored.first:
            await self._read(refuse_replay_of_void, house, said, stored)
        return stored.answer

    async def _asked(self, transaction: Transaction, said: Said, house: House) -> bytes | FileAnswer:
        try:
            async with asyncio.timeout(self._answer_s):
                told = await self._read(transaction.ask, house, said)
        except TimeoutError:
            raise refusals.question_overdue(self._answer_s) from None
        if isinstance(told, FileAnswer):
            return told
        output, warn_msg = told if isinstance(told, Told) else (told, "")
        return answer_bytes(said, output, now(house), warn_msg)
