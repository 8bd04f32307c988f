"""What ``settlement call`` and the till share: a message goes out signed, an answer comes in opened, whatever its form."""

from __future__ import annotations

import base64
import json
import time
from datetime import datetime
from urllib.parse import parse_qs

import gmssl_pyx
import pytest

from settlement.errors import SettlementError
from settlement.national import calling
from settlement.national.call import DONE, REFUSED, UNKNOWN, Came, show
from settlement.national.cipher import encipher
from settlement.national.nonces import NonceCache
from settlement.national.profile import list_profiles, load_profile
from settlement.national.schemes import CHINA, Party, Request
from settlement.national.signing import check_request

ID = "CLIENT0000000001"  # 16 bytes: in Jilin it is a key
PARTY = Party(ID, "s3cret", *gmssl_pyx.sm2_key_generate(), "user", "pa&ss=word", "server")
JILIN = load_profile("jilin")


def message() -> dict:
    return {
        "infno": "5203", "msgid": "M1", "inf_time": datetime.now(CHINA).strftime("%Y-%m-%d %H:%M:%S"), "cainfo": "",
        "input": {"data": {"psn_no": "P1", "medfee_sumamt": "1.00"}},
    }  # fmt: skip


@pytest.mark.parametrize("name", list_profiles())
def test_a_message_is_let_in_by_a_service_of_its_profile(name: str) -> None:
    profile = load_profile(name)
    headers, body = calling.signed(profile, PARTY, message(), "T1")
    request = Request(headers, body, json.loads(body), token_client=ID if profile.transport.token == "oauth" else "")
    nonces = NonceCache(profile.security.window_s, 10)
    admitted = check_request(profile, {ID: PARTY}.get, request, time.time(), nonces)
    if profile.security.signing == "none":
        assert headers["Authorization"] == f"Basic {base64.b64encode(f'{ID}:s3cret'.encode()).decode()}"
        assert "Authorization" not in calling.signed(profile, None, message()).headers  # an open sandbox
    else:
        assert admitted.client_id == ID and "Basic" not in headers.get("Authorization", "")


def test_a_token_is_asked_for_as_a_form() -> None:
    headers, body = calling.token_request(PARTY)
    assert headers["Content-Type"] == "application/x-www-form-urlencoded" and headers["Authorization"].startswith(
        "Basic "
    )
    form = {"username": ["user"], "password": ["pa&ss=word"], "scope": ["server"], "grant_type": ["password"]}
    assert parse_qs(body.decode()) == form


@pytest.mark.parametrize("output", [{"setlinfo": {"setl_id": "1"}}, [{"feedetl_sn": "1"}], None, {}])
def test_an_output_is_opened_be_it_an_object_or_a_list(output: object) -> None:
    text = json.dumps(output).encode()
    sealed = {"infcode": "0", "output": encipher(ID, text) if output is not None else None}
    assert calling.opened(JILIN, ID, "5204", sealed)["output"] == output
    assert calling.opened(load_profile("plain"), "", "5204", {"infcode": 0, "output": output})["output"] == output


@pytest.mark.parametrize("text", [b"", b"no JSON", b'{"a":1}}', b'1,"output":2'])
def test_an_output_that_is_none_is_refused(text: bytes) -> None:
    with pytest.raises(SettlementError):
        calling.opened(JILIN, ID, "5203", {"infcode": "0", "output": encipher(ID, text)})


def test_an_output_says_nothing_of_the_frame() -> None:
    sealed = {"infcode": "-1", "output": encipher(ID, b'{},"infcode":"0"')}
    assert calling.opened(JILIN, ID, "5203", sealed)["infcode"] == "-1"


def test_an_answer_that_cannot_be_opened_leaves_the_outcome_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    def came(answer: object) -> Came:
        return Came(200, "application/json", json.dumps(answer).encode())

    assert show("2207", JILIN, PARTY, came({"infcode": "0", "output": encipher(ID, b"{}")})) == DONE
    assert show("2207", JILIN, PARTY, came({"infcode": "-1", "err_msg": "[B15] no", "output": None})) == REFUSED
    capsys.readouterr()
    assert show("2207", JILIN, PARTY, came({"infcode": "0", "output": "not ciphered"})) == UNKNOWN
    assert "unknown" in capsys.readouterr().out
