"""The app around the service: where messages are posted, and the pages for those who look after it.

No middleware: what has to be checked of a message is checked where it is needed, once.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from settlement.national import http, refusals, request_log
from settlement.national.openapi import openapi
from settlement.national.service import Service
from settlement.national.telemetry import METRICS_TYPE
from settlement.national.tokens import MOST_FORM

LOG_PATH = "/sandbox/log"


def make_app(service: Service, about: dict[str, Any]) -> ASGIApp:
    """Return the ASGI app; ``about`` is told at /health."""
    pages, gate = _Pages(service, about), service.parts.gate
    routes = [Route(path, service, methods=["POST"]) for path in gate.paths]
    if gate.tokens is not None:
        routes.append(Route(gate.profile.transport.token_path, pages.token, methods=["POST"]))
    for path, page in {
        "/health": pages.health, "/ready": pages.ready, "/metrics": pages.metrics, "/openapi.json": pages.openapi,
    }.items():  # fmt: skip
        routes.append(Route(path, page, methods=["GET"]))
    if service.parts.requests is not None:
        routes.append(Route(LOG_PATH, pages.requests, methods=["GET"]))
    app = Starlette(routes=routes, exception_handlers={HTTPException: _not_here})
    named = frozenset(path for path in gate.paths if "{" not in path)

    async def straight(scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a message posted to a path of its own straight on: the router would take a tenth of its time."""
        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"] in named:
            await service(scope, receive, send)
        else:
            await app(scope, receive, send)

    return straight


async def _not_here(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    reply = http.gateway_reply(refusals.not_found(error.status_code == 405))
    return Response(reply.body, reply.status, media_type="application/json", headers=error.headers)


class _Pages:
    """What can be looked at with GET; none of it says anything of a person."""

    def __init__(self, service: Service, about: dict[str, Any]) -> None:
        self._service, self._about = service, about
        self._openapi = json.dumps(openapi(), ensure_ascii=False).encode()

    async def health(self, _request: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok", **self._about})

    async def ready(self, _request: Request) -> Response:
        """Messages can be booked: 200; 503 while they cannot, or while the service is ending."""
        stopped = (await self._service.parts.working.standing()).stopped_by
        why = "draining" if self._service.draining else f"book stopped: {stopped}" if stopped else ""
        return JSONResponse({"ready": not why, "why": why}, 503 if why else 200)

    async def token(self, request: Request) -> Response:
        """Give a client its token."""
        try:
            body = await http.body_of(request.scope, request.receive, MOST_FORM)
            reply = await self._service.parts.gate.token(request.scope, body)
        except refusals.Gateway as error:
            reply = http.gateway_reply(error)
        headers = {name.decode(): value.decode() for name, value in reply.headers}
        return Response(reply.body, reply.status, headers, media_type="application/json")

    async def metrics(self, _request: Request) -> Response:
        """All figures for Prometheus."""
        parts = self._service.parts
        metrics, requests, standing = parts.metrics, parts.requests, await parts.working.standing()
        metrics.book(standing.waiting, standing.commits, standing.booked)
        metrics.logged.set(requests.dropped if requests else 0)
        return Response(metrics.text(), media_type=METRICS_TYPE)

    async def openapi(self, _request: Request) -> Response:
        """The interface."""
        return Response(self._openapi, media_type="application/json")

    async def requests(self, request: Request) -> Response:
        """What came last, and what was answered."""
        asked = [request.query_params.get(name, "") for name in ("infno", "msgid", "fixmedins_code")]
        log = self._service.parts.requests
        assert log is not None
        if request.query_params.get("format") == "json":
            return JSONResponse(log.records(*asked))
        return HTMLResponse(request_log.page(log, *asked))
