"""The book's process at its end of the line: it answers what the front process asks, and tells it when to end."""

from __future__ import annotations

import asyncio
from typing import Any

from settlement.checkout.base import FileAnswer, Said
from settlement.errors import SettlementError
from settlement.ledger.book import Stored
from settlement.national import refusals, remote
from settlement.national.link import Link, Row
from settlement.national.sandbox_faults import UNTOUCHED, Fate
from settlement.national.telemetry import incident
from settlement.national.working import Working


class BookSide:
    """Answers over one line until it breaks off. ``up`` is done when the front process listens, ``gone`` when it is no more."""

    def __init__(self, working: Working, log: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._working, self._log, self._loop = working, log, loop
        self.up: asyncio.Future[None] = loop.create_future()
        self.gone = asyncio.Event()
        self.link = Link(self._take, self._lost)
        self._tasks: set[asyncio.Task[None]] = set()  # the loop itself holds them weakly

    def tell(self, what: str) -> None:
        """Tell the front process to take nothing new and end (DRAIN), or to end without waiting (END)."""
        self.link.send((0, what, None))

    async def finish(self) -> None:
        """Wait for what is still being answered; nobody hears it, but it may be booked."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _lost(self) -> None:
        if not self.up.done():
            self.up.cancel()
        self.gone.set()

    def _take(self, row: Row) -> None:
        number, what, *about = row
        if what == remote.UP:
            self.up.set_result(None)
            return
        if what == remote.ANSWER and about[1] is None:
            try:
                if self._working.hand_in(Said(*about[0]), _Reply(self, number, about)):
                    return
            except Exception:  # it is raised once more on the long way, where it is told
                pass
        self.answer(number, what, *about)

    def answer(self, number: int, what: str, *about: Any) -> None:
        """Answer in a task of its own."""
        task = self._loop.create_task(self._answer(number, what, *about))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, what: str, *about: Any) -> None:
        try:
            told = await self._answered(what, *about)
        except Exception as error:
            self.refuse(number, error, about[0][0] if what == remote.ANSWER else "")
        else:
            self.send(number, *told)

    def refuse(self, number: int, error: BaseException, infno: str) -> None:
        """Send why there is no answer; what nobody foresaw is written down here, for the front cannot see it."""
        if not isinstance(error, SettlementError):
            error = refusals.unforeseen(incident(self._log, error, infno=infno))
        self.send(number, remote.REFUSED, remote.error_row(error))

    def send(self, number: int, what: str, value: Any) -> None:
        """Send an answer, if there is still somebody to hear it."""
        if not self.gone.is_set():
            self.link.send((number, what, value))

    async def _answered(self, what: str, *about: Any) -> tuple[str, Any]:
        if what == remote.ANSWER:
            said, fate = about
            answer = await self._working.answer(Said(*said), UNTOUCHED if fate is None else Fate(*fate))
            return (remote.FILE, tuple(answer)) if isinstance(answer, FileAnswer) else (remote.GOOD, answer)
        if what == remote.FACT:
            return remote.GOOD, await self._working.fact(*about)
        return remote.GOOD, await self._working.standing()


class _Reply:
    """Waits for the book's outcome of one message and sends it; a future and a task for each would cost more."""

    __slots__ = ("_about", "_done", "_number", "_side")

    def __init__(self, side: BookSide, number: int, about: list[Any]) -> None:
        self._side, self._number, self._about, self._done = side, number, about, False

    def done(self) -> bool:
        return self._done

    def set_result(self, stored: Stored) -> None:
        self._done = True
        if stored.first:
            self._side.send(self._number, remote.GOOD, stored.answer)
        else:
            self._side.answer(self._number, remote.ANSWER, *self._about)

    def set_exception(self, error: BaseException) -> None:
        self._done = True
        self._side.refuse(self._number, error, self._about[0][0])
