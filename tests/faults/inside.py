"""A whole service inside this process, its clock in our hands: nothing is left out but the socket."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from settlement.ledger.stored_ledger import StoredLedger
from settlement.national import telemetry
from settlement.national.app import make_app
from settlement.national.settings import Settings
from settlement.national.startup import Made, open_book, open_gate, open_house
from settlement.warm import warm_kernel
from tests.faults.town import wire


class Inside:
    """A running service. ``ahead`` is what its clock is off by; it can be changed at any time."""

    http: httpx.AsyncClient

    def __init__(self, ledger: StoredLedger, log: io.StringIO) -> None:
        self.ledger, self._log = ledger, log
        self.ahead = timedelta()

    def clock(self) -> datetime:
        return datetime.now() + self.ahead

    async def send(self, client: wire.Wire, infno: str, nodes: Any, **head: Any) -> dict[str, Any]:
        """Send a message as a client would; return the answer in canonical spelling."""
        url, headers, body = client.signed(client.message(infno, nodes, **head))
        return client.read(infno, await self.http.post(url, headers=headers, content=body))

    @property
    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the service's log."""
        return [json.loads(line) for line in self._log.getvalue().splitlines()]


@asynccontextmanager
async def inside(folder: Path, **settings: Any) -> AsyncIterator[Inside]:
    """Run a service on a new book in a folder until this ends."""
    warm_kernel()
    told, log = Settings(folder=folder, **settings), io.StringIO()
    with open_book(told) as ledger:
        gate = open_gate(told, ledger.vault)
        running = Inside(ledger, log)
        house = open_house(told, ledger)._replace(clock=running.clock)
        service = await wire.in_one_process(Made(told, house, ledger, telemetry.make_log(log)), gate)
        app = make_app(service, {})
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://till") as running.http:
            yield running
        service.parts.working.close()
