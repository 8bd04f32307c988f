"""The wire below the messages: a body taken in within limits, a reply sent, a line cut on purpose."""

from __future__ import annotations

import asyncio
import json
from math import ceil
from typing import Any, NamedTuple
from urllib.parse import quote

from starlette.types import ASGIApp, Receive, Scope, Send

from settlement.checkout.base import FileAnswer
from settlement.national import refusals

JSON = b"application/json; charset=utf-8"
BODY_S = 10.0  # seconds in which a body must arrive
CUT = "settlement.cut"  # in the scope: cuts the line


class Reply(NamedTuple):
    """What is sent back."""

    status: int
    body: bytes
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()


async def body_of(scope: Scope, receive: Receive, most: int) -> bytes:
    """Return the body of a request. Raises Gateway N28 when it is over ``most`` bytes, N34 when it comes too slowly."""
    said = header(scope, b"content-length")
    if said.isdigit() and int(said) > most:
        raise refusals.too_large(most)
    try:
        async with asyncio.timeout(BODY_S):
            return await _body(receive, most)
    except TimeoutError:
        raise refusals.too_slow() from None


async def _body(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        event = await receive()
        if event["type"] == "http.disconnect":  # what has come so far is no message
            raise refusals.too_slow()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise refusals.too_large(most)
        more = event.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def header(scope: Scope, name: bytes) -> str:
    """Return a request header ('' if it is not there); ``name`` in small letters."""
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def gateway_reply(error: refusals.Gateway) -> Reply:
    """Return a refusal outside the frame: its status, and code and reason as JSON."""
    told = {"code": error.code, "message": f"[{error.code}] {error.zh}"}
    headers: tuple[tuple[bytes, bytes], ...] = ()
    if error.retry_after_s:
        headers = ((b"retry-after", str(ceil(error.retry_after_s)).encode()),)
    if error.status in (408, 413):  # what is left of the body is not read
        headers = (*headers, (b"connection", b"close"))
    return Reply(error.status, json.dumps(told, ensure_ascii=False).encode(), headers=headers)


def file_reply(file: FileAnswer) -> Reply:
    """Return a file as the body of a reply."""
    named = f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}".encode()
    return Reply(200, file.content, b"application/octet-stream", ((b"content-disposition", named),))


async def send_reply(send: Send, reply: Reply) -> None:
    """Send a reply whole."""
    headers = [
        (b"content-type", reply.content_type),
        (b"content-length", str(len(reply.body)).encode()),
        *reply.headers,
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.body})


class Cuttable:
    """Wraps an app so that it can cut the line to its client instead of answering; for the sandbox's faults.

    ASGI has no such thing, so this takes the transport of uvicorn's request cycle, whose method ``send`` is.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on with the means to cut its line."""
        transport: Any = getattr(getattr(send, "__self__", None), "transport", None)
        if scope["type"] == "http" and transport is not None:
            scope[CUT] = transport.abort
        await self.app(scope, receive, send)


async def cut(scope: Scope, receive: Receive) -> bool:
    """Cut the line of a request and wait until it is gone; False where that cannot be done."""
    abort = scope.get(CUT)
    if abort is None:
        return False
    abort()
    while (await receive())["type"] != "http.disconnect":
        pass
    return True
