"""The book's process at its end of the line: it answers what the front process asks, and tells it when to end."""

from __future__ import annotations

import asyncio
from typing import Any

from settlement.checkout.base import FileAnswer, Said
from settlement.errors import SettlementError
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
        if row[1] == remote.UP:
            self.up.set_result(None)
            return
        task = self._loop.create_task(self._answer(*row))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, what: str, *about: Any) -> None:
        row: tuple[int, str, Any]
        try:
            row = (number, *(await self._answered(what, *about)))
        except SettlementError as error:
            row = (number, remote.REFUSED, remote.error_row(error))
        except Exception as error:  # the last resort; the front process cannot see what happened here
            told = incident(self._log, error, infno=about[0][0] if what == remote.ANSWER else "")
            row = (number, remote.REFUSED, remote.error_row(refusals.unforeseen(told)))
        if not self.gone.is_set():
            self.link.send(row)

    async def _answered(self, what: str, *about: Any) -> tuple[str, Any]:
        if what == remote.ANSWER:
            said, fate = about
            answer = await self._working.answer(Said(*said), UNTOUCHED if fate is None else Fate(*fate))
            return (remote.FILE, tuple(answer)) if isinstance(answer, FileAnswer) else (remote.GOOD, answer)
        if what == remote.FACT:
            return remote.GOOD, await self._working.fact(*about)
        return remote.GOOD, await self._working.standing()
