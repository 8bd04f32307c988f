"""Between the event loop and the book: messages go in one by one, outcomes come back a group at a time.

The book's writer tells outcomes from its own thread, up to 64 after each commit. They are gathered and the loop is
woken once for all of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from settlement.ledger.book import Ledger, Message, Stored, Work
from settlement.national import refusals

WATCH_S = 0.25  # how often deadlines are looked at


class Waiting(Protocol):
    """What waits for an outcome: a future, or something that costs less."""

    def done(self) -> bool:
        """Tell whether it has its outcome."""

    def set_result(self, result: Any, /) -> None:
        """Take what came of it."""

    def set_exception(self, exception: BaseException, /) -> None:
        """Take why nothing came of it."""


class Overdue:
    """Gives up on what is waited for longer than ``deadline_s``; one timer for all, for nearly none ever is."""

    def __init__(self, loop: asyncio.AbstractEventLoop, deadline_s: float) -> None:
        self._loop, self._deadline_s = loop, deadline_s
        self._waiting: deque[tuple[float, Waiting, Callable[[float], Exception]]] = deque()
        self._watched = False

    def watch(self, waiting: Waiting, refusal: Callable[[float], Exception]) -> None:
        """Give it ``deadline_s`` from now; then it gets the refusal, which is told how long that was."""
        self._waiting.append((self._loop.time() + self._deadline_s, waiting, refusal))
        if not self._watched:
            self._watched = True
            self._loop.call_later(WATCH_S, self._look)

    def _look(self) -> None:
        now, waiting = self._loop.time(), self._waiting  # in the order of their deadlines
        while waiting and (waiting[0][1].done() or waiting[0][0] <= now):
            _, future, refusal = waiting.popleft()
            if not future.done():
                future.set_exception(refusal(self._deadline_s))
        self._watched = bool(waiting)
        if self._watched:
            self._loop.call_later(WATCH_S, self._look)


class Outcomes:
    """Hands messages to the book from one event loop and waits for what becomes of them, at most ``deadline_s``."""

    def __init__(self, ledger: Ledger, loop: asyncio.AbstractEventLoop, deadline_s: float) -> None:
        self._ledger, self._loop = ledger, loop
        self._told: deque[tuple[Waiting, Stored | BaseException]] = deque()
        self._rung = False
        self._overdue = Overdue(loop, deadline_s)

    async def of(self, message: Message, work: Work) -> Stored:
        """Return what the book answers to a message, or raise what it raises."""
        future: asyncio.Future[Stored] = self._loop.create_future()
        self.hand_in(message, work, future)
        return await future

    def hand_in(self, message: Message, work: Work, waiting: Waiting) -> None:
        """Give a message to the book; ``waiting`` gets what the book answers, or what it raises.

        It gets NotAvailable N32 at the deadline; the message is then still in the book's queue and may yet be booked.
        """
        self._ledger.submit(message, work, partial(self._tell, waiting))
        self._overdue.watch(waiting, refusals.outcome_unknown)

    def _tell(self, waiting: Waiting, outcome: Stored | BaseException) -> None:
        """Note an outcome; called by the writer's thread."""
        self._told.append((waiting, outcome))
        if not self._rung:
            self._rung = True
            self._loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        self._rung = False  # before the first is taken: what is told from here on rings again
        while self._told:
            waiting, outcome = self._told.popleft()
            if waiting.done():  # its client is gone, or waited long enough
                continue
            if isinstance(outcome, BaseException):
                waiting.set_exception(outcome)
            else:
                waiting.set_result(outcome)
