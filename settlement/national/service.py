"""The checkout service: one HTTP endpoint through which every message goes, from its bytes to its answer.

    body → gate (who is it, decipher, spelling) → frame → may they? → input → question | book → answer → gate

Everything that can be told a sender is told in the frame of an answer with HTTP 200: infcode 0, or negative with the
reason. Only who is not let in, or cannot be served now, is answered outside it. What nobody foresaw is answered with
N99 and an incident number; there is no 500.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any, NamedTuple

import msgspec
from starlette.types import Receive, Scope, Send

from settlement.checkout.base import FileAnswer, Said, psn_of
from settlement.errors import SettlementError
from settlement.national import envelope as frame
from settlement.national import http, limits, refusals
from settlement.national.frames import EnvelopeIn
from settlement.national.gate import Gate, Opened
from settlement.national.reading import filled, read_node
from settlement.national.request_log import Record, RequestLog
from settlement.national.roles import Client
from settlement.national.routes import Route, read_input, route_of
from settlement.national.sandbox_faults import UNTOUCHED, Plan
from settlement.national.sessions import SIGN, Sessions
from settlement.national.telemetry import Metrics, incident
from settlement.national.working import Answering

SIGN_OUT = "9002"
SLOW_S = 1.0  # an answer that took longer is written into the log
OK, REFUSED, SYSTEM, GATEWAY, DROPPED = "ok", "refused", "system", "gateway", "dropped"


class Parts(NamedTuple):
    """What a service is made of. ``plan`` None: no faults; ``requests`` None: no request log."""

    gate: Gate
    working: Answering
    sessions: Sessions
    metrics: Metrics
    log: Any
    limits: limits.Limits
    requests: RequestLog | None = None
    plan: Plan | None = None
    require_sign_in: bool = False
    clock: Callable[[], datetime] = datetime.now


class Talk:
    """One message on its way through: what is known of it so far, for the answer, the figures and the log."""

    __slots__ = ("address", "answer", "begun", "code", "infno", "opened", "outcome", "receipt", "request")

    def __init__(self, address: str) -> None:
        self.address, self.begun = address, perf_counter()
        self.opened: Opened | None = None
        self.receipt: frame.Receipt | None = None
        self.request: dict[str, Any] = {}
        self.answer: dict[str, Any] | bytes = {}
        self.infno = self.code = ""
        self.outcome = OK


class Service:
    """The endpoint, as an ASGI app. ``draining`` is set when the process is to end: nothing new is taken then."""

    def __init__(self, parts: Parts) -> None:
        self.parts, self.draining = parts, False
        self.at_work = 0
        self._clock = parts.clock
        rate, burst = parts.limits.rate, parts.limits.burst
        self._buckets = limits.Buckets(rate, burst)
        self._doors = limits.Buckets(rate * limits.CLIENTS_AN_ADDRESS, burst * limits.CLIENTS_AN_ADDRESS)

    def drain(self) -> None:
        """Take nothing new; what was taken is answered."""
        self.draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one message."""
        talk = Talk(scope["client"][0] if scope.get("client") else "")
        reply = await self._reply(talk, scope, receive)
        self._note(talk, reply.status if reply else 0)
        if reply is not None:
            await http.send_reply(send, reply)

    async def _reply(self, talk: Talk, scope: Scope, receive: Receive) -> http.Reply | None:
        """Return the reply to a message, None if its line was cut."""
        try:
            body = await http.body_of(scope, receive, self.parts.limits.body)
            if self.draining:
                raise refusals.draining()
            if self.at_work >= self.parts.limits.at_once:
                raise refusals.busy()
            if wait := self._doors.wait(talk.address):  # before a signature is looked at, which is dear
                raise refusals.too_fast(wait)
            self.at_work += 1
            try:
                talk.opened = await self.parts.gate.open(scope, body)
                return await self._worked(talk, talk.opened, scope, receive)
            finally:
                self.at_work -= 1
        except refusals.Gateway as error:
            talk.outcome, talk.code = GATEWAY, error.code
            reply = http.gateway_reply(error)
            talk.answer = reply.body
            return reply
        except SettlementError as error:
            return await self._refused(talk, error)
        except Exception as error:  # the last resort
            number = incident(self.parts.log, error, infno=talk.infno)
            return await self._refused(talk, refusals.unforeseen(number))

    async def _worked(self, talk: Talk, opened: Opened, scope: Scope, receive: Receive) -> http.Reply | None:
        """Return the reply to a message whose sender is known."""
        talk.request = opened.message
        talk.receipt = frame.receipt(opened.receipt_area(), self._clock())
        said, route = await self._said(talk, opened)
        fate = self.parts.plan.fate(route.base) if self.parts.plan else UNTOUCHED
        if fate.skew_s:
            talk.receipt = frame.receipt(opened.receipt_area(), self._clock() + timedelta(seconds=fate.skew_s))
            said = said._replace(inf_refmsgid=talk.receipt.inf_refmsgid, refmsg_time=talk.receipt.refmsg_time)
        answer = await self.parts.working.answer(said, fate)
        if route.base == SIGN_OUT:
            self.parts.sessions.forget(said.fixmedins_code, str(said.input["signOut"]["opter_no"]))
        if fate.delay_s:
            await asyncio.sleep(fate.delay_s)
        if fate.drop and await http.cut(scope, receive):
            talk.outcome = DROPPED
            return None
        if isinstance(answer, FileAnswer):
            return http.file_reply(answer)
        talk.answer = answer
        return http.Reply(200, await opened.good(answer, said.msgid))

    async def _said(self, talk: Talk, opened: Opened) -> tuple[Said, Route]:
        """Return the message as the checkout sees it, once all is checked that can be without the book."""
        message, receipt = opened.message, talk.receipt
        assert receipt is not None
        head = read_node(EnvelopeIn, message | {"input": {}}, "message")
        route = route_of(head.infno)
        talk.infno = route.infno
        role = self._allowed(head, opened.client, route, talk.address)
        if self.parts.require_sign_in and route.needs_sign_in and route.base != SIGN_OUT:
            await self._signed_in(head)
        nodes = filled(message.get("input"))
        if isinstance(nodes, dict):
            limits.check_rows(nodes, self.parts.limits.rows)
        try:
            msgspec.convert(nodes, route.input)
        except msgspec.ValidationError:
            read_input(route, nodes)  # says what is wrong
        if head.insuplc_admdvs is None and psn_of(nodes):
            raise refusals.insured_area_missing()
        said = Said(
            route.base, head.msgid, head.fixmedins_code, head.mdtrtarea_admvs, head.insuplc_admdvs or "",
            head.opter, head.opter_type, receipt.at, nodes, receipt.inf_refmsgid, receipt.refmsg_time, role,
        )  # fmt: skip
        return said, route

    def _allowed(self, head: EnvelopeIn, client: Client, route: Route, address: str) -> str:
        """Return the role in which the sender may send this. Raises Gateway N22, N27 or BadInput N24 to N26."""
        if not client.speaks_for(head.fixmedins_code):
            raise refusals.not_yours()
        wait = self._buckets.wait(client.id) or self._buckets.wait(head.fixmedins_code)
        if wait:
            raise refusals.too_fast(wait)
        client.check_place(head.dev_no or "", address)
        return client.role(head.opter, route.roles)

    async def _signed_in(self, head: EnvelopeIn) -> None:
        sessions, sign_no = self.parts.sessions, head.sign_no or ""
        if not sessions.remembered(sign_no):
            sessions.learn(sign_no, await self.parts.working.fact(SIGN, sign_no))
        sessions.check(sign_no, head.fixmedins_code, head.opter, self._clock())

    async def _refused(self, talk: Talk, error: SettlementError) -> http.Reply:
        """Return the answer to a message that was refused, in its frame."""
        kind = frame.kind_of(error)
        talk.outcome, talk.code = (SYSTEM if kind == frame.SYSTEM else REFUSED), error.code
        infcode = talk.opened.infcode(kind) if talk.opened else -1
        talk.answer = frame.refused(error, infcode, talk.receipt, self._clock().strftime(frame.STAMP)[:17])
        body = await talk.opened.written(talk.answer) if talk.opened else frame.written(talk.answer)
        return http.Reply(200, body)

    def _note(self, talk: Talk, status: int) -> None:
        """Count a message; write it into the request log, and into the service's log if it went wrong or took long."""
        seconds = perf_counter() - talk.begun
        self.parts.metrics.observe(talk.infno, talk.outcome, seconds, talk.code)
        about = {"infno": talk.infno, "outcome": talk.outcome, "code": talk.code, "ms": round(seconds * 1000)}
        if talk.outcome == SYSTEM:
            self.parts.log.error("message", **about)
        elif talk.outcome != OK or seconds > SLOW_S:
            self.parts.log.info("message", **about)
        if self.parts.requests is not None:
            at = talk.receipt.at if talk.receipt else self._clock().strftime(frame.TIME)
            self.parts.requests.note(Record(at, talk.address, talk.request, talk.answer, status, seconds * 1000))
