"""Each region's way over real HTTP: its address, signature, cipher and spelling; and what is not let in there."""

from __future__ import annotations

import json
import time

import pytest
from wire import SANDBOX_CLIENTS, WORKER, Wire, code_of, good, purchase, settling, visit

from settlement.national.profile import list_profiles, load_profile

SIGNED = [name for name in list_profiles() if load_profile(name).security.signing != "none"]


def test_there_are_the_five_regions():
    assert set(list_profiles()) == {"plain", "jilin", "chongqing", "hunan", "hangzhou"}
    assert len(SIGNED) == 4


@pytest.mark.parametrize("profile", list_profiles())
def test_settle_and_take_back_in_each_region(services, profile):
    wire = Wire(services(profile).url, profile)
    mdtrt_id, sums, amount = visit(wire, lines=2)
    message = wire.message("2207", settling(mdtrt_id, amount, **sums))
    first = good(wire.send_whole(message))
    raw = json.loads(wire.response.content)
    said = load_profile(profile).answer
    assert raw["infcode"] == ("0" if said.infcode == "text" else 0)
    assert raw["err_msg"] == said.err_msg
    assert raw["inf_refmsgid"].startswith(said.region or "220402")
    again = good(wire.send_whole(message, at=time.time() + 1))
    assert again == first
    assert json.loads(wire.response.content)["inf_refmsgid"] == raw["inf_refmsgid"]
    reference = {"psn_no": WORKER, "mdtrt_id": mdtrt_id, "setl_id": first["setlinfo"]["setl_id"]}
    back = good(wire.send("2208", {"data": reference}))["setlinfo"]
    assert (back["medfee_sumamt"], back["psn_cash_pay"]) == ("-74.00", "0.00")


def test_jilins_bodies_are_ciphered_and_signed(services):
    wire = Wire(services("jilin").url, "jilin")
    message = wire.message("2102", purchase("5.00"))
    url, headers, body = wire.signed(message)
    assert WORKER.encode() not in body
    assert headers["Authorization"].startswith("Bearer ")
    response = wire.post(url, headers, body)
    assert WORKER not in response.text
    raw = response.json()
    assert isinstance(raw["output"], str)
    assert raw["cainfo"]
    assert good(wire.read("2102", response))["setlinfo"]["psn_no"] == WORKER


def test_numbers_where_a_region_writes_numbers(services):
    wire = Wire(services("chongqing").url, "chongqing")
    good(wire.send("2102", purchase("5.10")))
    assert '"medfee_sumamt":5.10' in wire.response.text


def test_chongqing_tells_a_refusal_from_a_system_error(services, serve):
    wire = Wire(services("chongqing").url, "chongqing")
    assert wire.send("2102", {"druginfo": {}})["infcode"] == -2
    failing = Wire(serve("--faults", "*:refuse=1", profile="chongqing").url, "chongqing")
    answer = failing.send("2102", purchase())
    assert (answer["infcode"], code_of(answer)) == (-1, "N95_SANDBOX_FAULT")
    assert "系统繁忙" in answer["err_msg"]


@pytest.mark.parametrize("profile", SIGNED)
def test_a_captured_request_is_good_once(services, profile):
    wire = Wire(services(profile).url, profile)
    message = wire.message("2102", purchase("5.20"))
    captured = wire.signed(message)
    good(wire.read("2102", wire.post(*captured)))
    replayed = wire.post(*captured)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "N54_REPLAYED")
    good(wire.send_whole(message, at=time.time() + 2))  # the honest repeat is signed anew


@pytest.mark.parametrize("profile", SIGNED)
def test_an_old_request_is_not_let_in(services, profile):
    wire = Wire(services(profile).url, profile)
    window = load_profile(profile).security.window_s
    stamp = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 8 * 3600 - window - 60))
    message = wire.message("2102", purchase("5.30"), inf_time=stamp)
    response = wire.post(*wire.signed(message, at=time.time() - window - 60))
    assert (response.status_code, response.json()["code"]) == (401, "N53_OUTSIDE_WINDOW")


@pytest.mark.parametrize("profile", SIGNED)
def test_who_is_not_known_is_not_let_in(services, profile, tmp_path):
    other = tmp_path / "clients.toml"
    said = SANDBOX_CLIENTS.read_text(encoding="utf-8")
    other.write_text(
        said.replace("published-secret", "another-secret").replace('scope = "server"', ""), encoding="utf-8"
    )
    wire = Wire(services(profile).url, profile)
    if profile == "jilin":  # its secret is for the token
        response = wire.http.post(
            wire.url + wire.profile.transport.token_path,
            data={"username": "sandbox", "password": "wrong", "grant_type": "password"},
            headers={"Authorization": wire.basic()},
        )
        assert (response.status_code, response.json()["code"]) == (401, "N44_NOT_AUTHENTICATED")
        wire.token = "made.up"
        response = wire.post(*wire.signed(wire.message("2102", purchase())))
        assert (response.status_code, response.json()["code"]) == (401, "N44_NOT_AUTHENTICATED")
        return
    stranger = Wire(wire.url, profile, clients=other)
    response = stranger.post(*stranger.signed(stranger.message("2102", purchase())))
    assert (response.status_code, response.json()["code"]) == (401, "N52_BAD_SIGNATURE")
    url, headers, body = wire.signed(wire.message("2102", purchase()))
    bare = {name: value for name, value in headers.items() if not name.lower().startswith(("x-", "_api"))}
    response = wire.post(url, bare, body)
    assert (response.status_code, response.json()["code"]) == (401, "N50_NOT_SIGNED")


def test_a_changed_body_is_noticed_where_it_is_signed(services):
    for profile in ("hangzhou", "jilin"):
        wire = Wire(services(profile).url, profile)
        url, headers, body = wire.signed(wire.message("2102", purchase("5.40")))
        changed = body.replace(b"5.40", b"5.41") if profile == "hangzhou" else _other_input(wire, body)
        response = wire.post(url, headers, changed)
        assert response.status_code in (400, 401)
        assert response.json()["code"] in ("N52_BAD_SIGNATURE", "N55_CIPHER")


def _other_input(wire: Wire, body: bytes) -> bytes:
    """Return the envelope with the ciphered input of another message."""
    other = json.loads(wire.signed(wire.message("2102", purchase("5.41")))[2])
    return json.dumps(json.loads(body) | {"input": other["input"]}).encode()


def test_the_wrong_address_of_a_region(services):
    wire = Wire(services("hangzhou").url, "hangzhou")
    url, headers, body = wire.signed(wire.message("2102", purchase()))
    response = wire.post(url.replace("2102", "2103"), headers, body)
    assert (response.status_code, response.json()["code"]) == (404, "N37_WRONG_PATH")
