"""The terminal's local service: a page in the browser of the same machine follows the readers and asks for a read.

It listens on 127.0.0.1 alone. A request is answered only if it was sent to that name (a foreign name that resolves here is
refused), comes from an allowed page or from no page, and brings the token that lies in a file of this user's own. Numbers and
names are masked unless ``full=1`` is asked for. There is one agent a folder.

    GET /health                       whether the card service answers; no token needed
    GET /readers                      reader -> empty, card, mute, busy, and the last event of the card in it
    GET /events                       server-sent events; resumed by Last-Event-ID as far as they are kept
    POST /read         {"reader"}     read now
    POST /still-there  {"reader", "seq"}   whether the card of that identity event is still there
    POST /pin/verify?reader=&seq=     the digits as body, text/plain; wiped when they were sent to the card

An error is ``{"code", "zh", "error"}`` with status 409; nothing of a card, a PIN or a token is ever logged.
"""

from __future__ import annotations

import asyncio
import hmac
import json
import os
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from pos_adapter.faults import fault
from pos_adapter.file_lock import FileLock, Held
from pos_adapter.monitor import Event
from pos_adapter.watch import Watch
from settlement.errors import NotAvailable, SettlementError
from settlement.identity import PresentedIdentity

HOST, PORT = "127.0.0.1", 8481
KEPT = 500  # events that a page may have missed and still gets
BEAT_S = 15.0  # so often a silent stream says that it lives
LONGEST_BODY = 4096
Answered = Callable[[Request], Awaitable[Response]]


class Agent:
    """The watch, the events that are kept, and who waits for more. ``origins`` are the pages that may ask."""

    def __init__(self, token: str, port: int = PORT, origins: Collection[str] = (), psam: str = "") -> None:
        self._token, self._origins = token, frozenset(origins)
        self._hosts = frozenset({f"{HOST}:{port}", f"localhost:{port}"})
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self.watch = Watch(self._told, psam=psam)

    def app(self) -> Starlette:
        """Return the application; the watch runs as long as it does."""
        routes = [
            Route("/health", self._health),
            Route("/readers", self._guarded(self._readers)),
            Route("/events", self._guarded(self._events)),
            Route("/read", self._guarded(self._read), methods=["POST"]),
            Route("/still-there", self._guarded(self._still_there), methods=["POST"]),
            Route("/pin/verify", self._guarded(self._verify), methods=["POST"]),
        ]
        return Starlette(routes=routes, lifespan=self._living)

    @asynccontextmanager
    async def _living(self, app: Starlette) -> AsyncIterator[None]:
        self._loop = asyncio.get_running_loop()
        self.watch.start()
        yield
        await run_in_threadpool(self.watch.stop)

    def _told(self, event: Event) -> None:
        assert self._loop is not None
        self._loop.call_soon_threadsafe(self._keep, event)

    def _keep(self, event: Event) -> None:
        self._kept.append(event)
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _guarded(self, answer: Answered) -> Answered:
        async def guarded(request: Request) -> Response:
            origin = request.headers.get("origin", "")
            refusal = self._refusal(request, origin)
            if refusal is not None:
                return refusal
            try:
                response = await answer(request)
            except SettlementError as error:
                response = JSONResponse({"code": error.code, "zh": error.zh, "error": str(error)}, 409)
            if origin:
                response.headers["Access-Control-Allow-Origin"] = origin
            return response

        return guarded

    def _refusal(self, request: Request, origin: str) -> Response | None:
        if request.headers.get("host", "") not in self._hosts:
            return _refused(421, "A01_WRONG_HOST", "请通过 127.0.0.1 访问本机读卡服务")
        if origin and origin not in self._origins:
            return _refused(403, "A02_ORIGIN", "该页面未被允许使用本机读卡服务，请在启动参数中加入它的来源（--origin）")
        # EventSource cannot send headers, so a page may put the token into the query; it is not logged.
        given = request.headers.get("authorization", "").removeprefix("Bearer ") or request.query_params.get(
            "token", ""
        )
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _refused(401, "A03_TOKEN", "缺少本机读卡服务的令牌，或令牌不正确")
        return None

    async def _health(self, request: Request) -> Response:
        return JSONResponse({"ok": True, "service": self.watch.service})

    async def _readers(self, request: Request) -> Response:
        current, full = self.watch.current(), _full(request)
        rows = {
            name: {"state": word, "event": shown(current[name], full) if name in current else None}
            for name, word in self.watch.readers().items()
        }
        return JSONResponse(rows)

    async def _events(self, request: Request) -> Response:
        said = request.headers.get("last-event-id") or request.query_params.get("after", "0")
        after = int(said) if said.isdecimal() else 0
        return StreamingResponse(
            self._stream(after, _full(request)), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
        )

    async def _stream(self, after: int, full: bool) -> AsyncIterator[str]:
        yield ": ready\n\n"
        while True:
            news = self._news
            for event in [one for one in self._kept if one.seq > after]:
                after = event.seq
                yield f"id: {event.seq}\nevent: {event.kind}\ndata: {json.dumps(shown(event, full), ensure_ascii=False)}\n\n"
            try:
                await asyncio.wait_for(news.wait(), BEAT_S)
            except TimeoutError:
                yield ": beat\n\n"

    async def _read(self, request: Request) -> Response:
        reader = str((await _object(request)).get("reader", ""))
        identity = await run_in_threadpool(self.watch.read, reader)
        return JSONResponse(identity.as_dict(full=_full(request)))

    async def _still_there(self, request: Request) -> Response:
        said = await _object(request)
        reader = str(said.get("reader", ""))
        identity = self._bound(reader, said.get("seq"))
        return JSONResponse({"still_there": await run_in_threadpool(self.watch.still_there, reader, identity)})

    async def _verify(self, request: Request) -> Response:
        reader, seq = request.query_params.get("reader", ""), request.query_params.get("seq", "")
        confirmed = request.query_params.get("confirmed", "") == "1"
        typed = bytearray()
        async for part in request.stream():
            typed += part
            if len(typed) > LONGEST_BODY:
                typed[:] = bytes(len(typed))
                return _refused(413, "A04_TOO_LONG", "请求内容过长")
        try:
            identity = self._bound(reader, int(seq) if seq.isdecimal() else None)
            found = await run_in_threadpool(lambda: self.watch.verify_pin(reader, identity, typed, confirmed=confirmed))
        finally:
            typed[:] = bytes(len(typed))
        return JSONResponse({"verified": True, "initial": found.initial})

    def _bound(self, reader: str, seq: object) -> PresentedIdentity:
        """Return the identity of an event while its card is there. Raises CardFault D04, D21."""
        event = self.watch.current().get(reader)
        if event is None or event.identity is None:
            raise fault("D04_CARD_GONE", f"no card in {reader!r} was read")
        if event.seq != seq:
            raise fault("D21_OTHER_CARD", "the card that was read then is not the one that is there now")
        return event.identity


def shown(event: Event, full: bool) -> dict[str, Any]:
    """Return an event as it is sent; its identity is masked unless ``full``."""
    identity = event.identity.as_dict(full=full) if event.identity else None
    return event._asdict() | {"identity": identity}


def run_agent(folder: Path, port: int, origins: Collection[str], psam: str) -> None:
    """Serve until Ctrl-C; the token is in ``folder``/agent.token (0600). Raises NotAvailable A05 while another runs there."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FileLock(folder / "agent.lock")
    except Held as held:
        raise NotAvailable(
            "A05_RUNNING", f"an agent is running on {folder} ({held.holder})", "two would fight for the readers",
            "Use the one that runs, or end it", "本机读卡服务已在运行",
        ) from None  # fmt: skip
    try:
        agent = Agent(_token(folder / "agent.token"), port, origins, psam)
        print(f"http://{HOST}:{port}, token in {folder / 'agent.token'}; Ctrl-C ends it", flush=True)
        uvicorn.run(
            agent.app(), host=HOST, port=port, log_level="warning", access_log=False, timeout_graceful_shutdown=1
        )
    finally:
        lock.release()


def _token(file: Path) -> str:
    """Return the token of a file, made if it is not there, readable by this user alone."""
    if not file.exists():
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as made:
            made.write(secrets.token_urlsafe(24))
    return file.read_text(encoding="ascii").strip()


def _full(request: Request) -> bool:
    return request.query_params.get("full", "") == "1"


async def _object(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        said = json.loads(body[:LONGEST_BODY])
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _refused(status: int, code: str, zh: str) -> Response:
    return JSONResponse({"code": code, "zh": zh, "error": code}, status)
