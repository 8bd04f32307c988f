"""``settlement call``: one message to a service, filled in, signed as its profile wants, and its answer shown.

A client to try a service with and to read how one is written; it keeps no journal of what it sent. A till has to.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from secrets import randbelow
from typing import Any, NamedTuple

from settlement.errors import BadInput, SettlementError
from settlement.national import calling
from settlement.national import envelope as frame
from settlement.national.profile import Profile, load_profile, request_path
from settlement.national.roles import ANY, Client
from settlement.national.schemes import CHINA, Party
from settlement.national.settings import CallSettings

DONE, REFUSED, NOT_SENT, UNKNOWN = 0, 1, 2, 3
SAMPLE_PLACE = {"mdtrtarea_admvs": "220402", "insuplc_admdvs": "220400"}
SAMPLE_PHARMACY, SAMPLE_HOSPITAL = "P22040000001", "H22040000001"
WHOLE = "infno"  # a file with this field is a whole envelope


class Came(NamedTuple):
    """What came back: HTTP status (0: nothing), the content type and the body, or why nothing came."""

    status: int
    content_type: str
    body: bytes
    why: str = ""


Shown = Callable[[dict[str, Any]], str]


def as_json(answer: dict[str, Any]) -> str:
    """Return an answer as JSON."""
    return json.dumps(answer, ensure_ascii=False, indent=1)


def call(infno: str, file: Path, settings: CallSettings) -> int:
    """Send a message, print its answer; return 0 done, 1 refused, 3 outcome unknown. Raises BadInput if it is not sent."""
    return show(infno, *exchange(infno, _content(file), settings))


def exchange(infno: str, content: dict[str, Any], settings: CallSettings) -> tuple[Profile, Party | None, Came]:
    """Send an input or an envelope; return what came, and what is needed to open it. Raises BadInput if it is not sent."""
    profile = load_profile(settings.profile)
    party, client = calling.party_from(profile, settings.clients, settings.client)
    message = whole_message(infno, content, settings, client)
    token = _token(profile, party, settings) if party and profile.transport.token == "oauth" else ""
    headers, body = calling.signed(profile, party, message, token)
    print(f"{infno} msgid {message['msgid']}", file=sys.stderr)
    path = request_path(profile, infno) if profile.name != "plain" else profile.transport.path
    return profile, party, _send(f"{settings.url.rstrip('/')}{path}", headers, body, settings.timeout)


def whole_message(infno: str, content: dict[str, Any], settings: CallSettings, client: Client | None) -> dict[str, Any]:
    """Return the envelope of a file's content, which is an input or an envelope; what is missing is filled in."""
    given = content if WHOLE in content else {"input": content}
    place = settings.fixmedins_code or str(given.get("fixmedins_code") or _place_of(infno, client))
    now = datetime.now(CHINA)
    msgid = settings.msgid or given.get("msgid") or f"{place[:12]}{now:%Y%m%d%H%M%S}{randbelow(10_000):04d}"
    filled = SAMPLE_PLACE | {
        "recer_sys_code": "FSI_LOCAL", "dev_no": "", "dev_safe_info": "", "cainfo": "", "signtype": "", "infver": "V1.0",
        "opter_type": "1", "opter": settings.opter, "opter_name": settings.opter, "fixmedins_name": place,
        "sign_no": settings.sign_no,
    }  # fmt: skip
    fresh = {"infno": infno, "msgid": msgid, "inf_time": f"{now:%Y-%m-%d %H:%M:%S}", "fixmedins_code": place}
    return filled | given | fresh


def _place_of(infno: str, client: Client | None) -> str:
    listed = sorted((client.fixmedins_codes if client else frozenset()) - {ANY})
    return listed[0] if listed else SAMPLE_PHARMACY if infno.startswith("21") else SAMPLE_HOSPITAL


def _content(file: Path) -> dict[str, Any]:
    try:
        return frame.read_body(file.read_bytes())
    except OSError as error:
        raise BadInput("N45_CALL_FILE", f"{file}: {error.strerror}", cure="Check the path", zh="文件无法读取") from None


def _token(profile: Profile, party: Party, settings: CallSettings) -> str:
    url = f"{settings.url.rstrip('/')}{profile.transport.token_path}"
    came = _send(url, *calling.token_request(party), settings.timeout)
    if came.status != 200:
        raise BadInput("N47_NO_TOKEN", f"no token ({came.why or came.status})", zh="未能获取令牌")
    return str(json.loads(came.body)["access_token"])


def _send(url: str, headers: dict[str, str], body: bytes, timeout: float) -> Came:
    request = urllib.request.Request(url, body, headers, method="POST")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # a message of a person goes nowhere else
    try:
        with opener.open(request, timeout=timeout) as answer:
            return Came(answer.status, answer.headers.get("content-type", ""), answer.read())
    except urllib.error.HTTPError as error:
        return Came(error.code, error.headers.get("content-type", ""), error.read())
    except (OSError, ValueError) as error:
        return Came(0, "", b"", str(getattr(error, "reason", error)))


def show(infno: str, profile: Profile, party: Party | None, came: Came, as_text: Shown = as_json) -> int:
    """Print what came, an answer as ``as_text`` makes it; return how the call ends."""
    if came.status == 0:
        refused = "refused" in came.why.lower()  # the connection: then nothing was sent
        print(
            f"no answer: {came.why}" + ("" if refused else "; the outcome is unknown: repeat it with --msgid, or 2601")
        )
        return NOT_SENT if refused else UNKNOWN
    if came.content_type.startswith("application/octet-stream"):
        sys.stdout.buffer.write(came.body)
        return DONE
    try:
        answer = json.loads(came.body, parse_float=str)
        shown = calling.opened(profile, party.id if party else "", infno, answer)
    except (ValueError, SettlementError):
        print(f"HTTP {came.status}, and no JSON that can be read; the outcome is unknown")
        return UNKNOWN
    print(as_text(shown))
    return _ended(came.status, answer)


def _ended(status: int, answer: dict[str, Any]) -> int:
    if status != 200:
        return NOT_SENT
    if str(answer.get("infcode")) == "0":
        return DONE
    unknown = any(f"[{code}]" in str(answer.get("err_msg")) for code in frame.UNKNOWN_OUTCOME)
    return UNKNOWN if unknown else REFUSED
