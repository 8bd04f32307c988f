"""A till's HTTP client of the national interface: one message out, one clear word on what became of it.

Spelling, signing and cipher are the profile's (``settlement.national``). Each message has its own connection: one kept
open may be closed by the other side in the moment of sending, which cannot be told from a lost answer. The deadline is
of the whole message, name look-up included, and nothing is sent twice but what was turned away for a stale token.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import httpx

from pos_adapter.messages import DONE, REFUSED, UNCLEAR, UNSENT, Outcome, Outgoing, Reply
from pos_adapter.platforms import system_words
from settlement.errors import SettlementError
from settlement.national import calling
from settlement.national import envelope as frame
from settlement.national.profile import Profile, request_path
from settlement.national.schemes import CHINA, INF_TIME, Party
from settlement.national.signing import Signed

LARGEST_ANSWER = 64 * 1024 * 1024  # bytes; a reconciliation result is the largest
TOKEN_SPARE_S = 60  # a token is renewed this long before it ends
OURS = re.compile(r"\[([A-Z][0-9]{2}_[A-Z0-9_]+)\] ?(结果未知：|系统繁忙：)?")  # how this product's services refuse
NO_ANSWER_ZH = "未收到平台应答，结果未知"
UNSENT_ZH = "无法连接平台，未发送"
UNREADABLE_ZH = "平台应答无法识别，结果未知"


class Place(NamedTuple):
    """The institution and terminal that speak."""

    fixmedins_code: str
    fixmedins_name: str
    dev_no: str = ""
    recer_sys_code: str = "FSI_LOCAL"
    opter_type: str = "1"


class Came(NamedTuple):
    """What came over the line: HTTP status, content type, body."""

    status: int
    content_type: str
    body: bytes


class NationalClient:
    """Speaks to one platform. ``sign_no`` is the sign-in (9001) under which messages go; a till sets it."""

    def __init__(self, url: str, profile: Profile, place: Place, party: Party | None = None) -> None:
        """Make a client; ``party`` holds its keys and is needed where the profile signs (``signing.party_of``)."""
        self.profile, self.place, self.sign_no = profile, place, ""
        self._url, self._party = url.rstrip("/"), party
        self._token, self._token_until = "", 0.0

    def ask(self, message: Outgoing, deadline_s: float) -> Reply:
        """Send a message and return what came back in time."""
        return within(deadline_s, lambda: self._ask(message, time.monotonic() + deadline_s))

    def _ask(self, message: Outgoing, until: float) -> Reply:
        came: Came | Reply = Reply(UNSENT)
        for _ in range(2):
            if self._asks_token and time.monotonic() > self._token_until:
                unsent = self._renew(until)
                if unsent is not None:
                    return unsent
            came = self._send(request_path(self.profile, message.infno), *self._request(message), until)
            if not (isinstance(came, Came) and came.status == 401 and self._asks_token):
                break
            self._token_until = 0.0  # turned away at the door: with a new token it goes out for the first time
        if isinstance(came, Reply):
            return came
        return read_reply(self.profile, self._party.id if self._party else "", message.infno, came)

    @property
    def _asks_token(self) -> bool:
        return self.profile.transport.token == "oauth"

    def _request(self, message: Outgoing) -> Signed:
        """Return headers and body of a message: its own words, with a fresh time and signature."""
        place = self.place
        whole = {
            "infno": message.infno, "msgid": message.msgid, "mdtrtarea_admvs": message.mdtrtarea_admvs,
            "insuplc_admdvs": message.insuplc_admdvs, "recer_sys_code": place.recer_sys_code, "dev_no": place.dev_no,
            "dev_safe_info": "", "cainfo": "", "signtype": "", "infver": "V1.0", "opter_type": place.opter_type,
            "opter": message.opter, "opter_name": message.opter_name,
            "inf_time": datetime.now(CHINA).strftime(INF_TIME), "fixmedins_code": place.fixmedins_code,
            "fixmedins_name": place.fixmedins_name, "sign_no": self.sign_no, "input": message.input,
        }  # fmt: skip
        return calling.signed(self.profile, self._party, whole, self._token)

    def _renew(self, until: float) -> Reply | None:
        """Fetch a token; return why the message cannot be sent, None if it can."""
        asking = calling.token_request(self._party or Party(""))
        came = self._send(self.profile.transport.token_path, *asking, until)
        try:
            if isinstance(came, Came) and came.status == 200:
                told = frame.read_body(came.body)
                self._token = str(told["access_token"])
                self._token_until = time.monotonic() + int(told.get("expires_in", "0")) - TOKEN_SPARE_S
                return None
        except (SettlementError, KeyError, ValueError):
            pass
        return Reply(UNSENT, "NO_TOKEN", "未能获取平台令牌，未发送")

    def _send(self, path: str, headers: dict[str, str], body: bytes, until: float) -> Came | Reply:
        """Post a body; return what came, or how the line failed."""
        left = until - time.monotonic()
        if left <= 0:
            return Reply(UNSENT, "TIMEOUT", UNSENT_ZH)
        try:
            with (
                httpx.Client(trust_env=False, timeout=left) as client,  # a message of a person goes through no proxy
                client.stream("POST", self._url + path, headers=headers, content=body) as answer,
            ):
                received = bytearray()
                for part in answer.iter_bytes():
                    received += part
                    if len(received) > LARGEST_ANSWER:
                        return Reply(UNCLEAR, "TOO_LARGE", UNREADABLE_ZH)
                return Came(answer.status_code, answer.headers.get("content-type", ""), bytes(received))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            return Reply(UNSENT, "NO_CONNECTION", f"{UNSENT_ZH}（{type(error).__name__}）")
        except httpx.TimeoutException:
            return Reply(UNCLEAR, "TIMEOUT", NO_ANSWER_ZH)
        except httpx.HTTPError as error:
            return Reply(UNCLEAR, "BROKEN_LINE", f"{NO_ANSWER_ZH}（{type(error).__name__}）")


def within(seconds: float, work: Callable[[], Reply]) -> Reply:
    """Return what ``work`` returns, or TIMEOUT when time is up: look-ups and dripping answers have no end of their own."""
    told = queue.SimpleQueue[Reply | BaseException]()

    def run() -> None:
        try:
            told.put(work())
        except BaseException as error:
            told.put(error)

    threading.Thread(target=run, name="national message", daemon=True).start()
    try:
        outcome = told.get(timeout=seconds)
    except queue.Empty:
        return Reply(UNCLEAR, "TIMEOUT", NO_ANSWER_ZH)
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


# --- what an answer means ---


def read_reply(profile: Profile, client_id: str, infno: str, came: Came) -> Reply:
    """Return what an HTTP answer says became of the message. What is not clear is UNCLEAR."""
    if came.status == 200 and came.content_type.startswith("application/octet-stream"):
        return Reply(DONE, file=came.body)
    if came.status >= 500:
        return Reply(UNCLEAR, f"HTTP_{came.status}", f"平台网关错误（HTTP {came.status}），结果未知")
    try:
        answer = frame.read_body(came.body)
        if came.status != 200 or "infcode" not in answer:
            return _at_the_gate(came.status, answer)
        return _in_the_frame(profile, calling.opened(profile, client_id, infno, answer))
    except SettlementError as error:  # no JSON, no cipher text, one field with two values
        return Reply(UNCLEAR, error.code, UNREADABLE_ZH)


def _in_the_frame(profile: Profile, answer: dict[str, Any]) -> Reply:
    said, at = str(answer.get("err_msg") or ""), str(answer.get("refmsg_time") or "")[:14]
    if str(answer["infcode"]) == "0":
        return Reply(DONE, "", str(answer.get("warn_msg") or ""), answer.get("output"), at=at)
    code = OURS.match(said)
    return Reply(refusal_of(profile, str(answer["infcode"]), said), code[1] if code else "", said, at=at)


def _at_the_gate(status: int, answer: dict[str, Any]) -> Reply:
    """Return what an answer outside the frame says: turned away (4xx with a code), or nothing that is clear."""
    code = str(answer.get("code") or "")
    if 400 <= status < 500 and status != 408 and code:
        return Reply(REFUSED, code, f"平台网关拒绝：{answer.get('message') or code}")
    return Reply(UNCLEAR, f"HTTP_{status}", UNREADABLE_ZH)


def refusal_of(profile: Profile, infcode: str, err_msg: str) -> Outcome:
    """Return whether a failure is a clear refusal, or may have left something behind.

    Chongqing's two codes say so; this product's services say so in the text. Elsewhere -1 is both, and the text is the
    only clue (inferred): what names a failure of the system is unclear. An infcode that no source names is unclear too.
    """
    ours = OURS.match(err_msg)
    if ours:
        return UNCLEAR if ours[2] else REFUSED
    system, business = str(profile.answer.system), str(profile.answer.business)
    if infcode != business:
        return UNCLEAR
    if system == business and any(word in err_msg.lower() for word in system_words()):
        return UNCLEAR
    return REFUSED
