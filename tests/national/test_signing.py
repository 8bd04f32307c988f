"""Signed requests: whole ones pass once, each part tampered with is refused, an honest retry passes, a replay does not."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
import sys
import threading
from datetime import datetime
from urllib.parse import urlencode

import gmssl_pyx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.errors import BadInput, NotAvailable
from settlement.national.cipher import decipher, encipher
from settlement.national.nonces import NonceCache
from settlement.national.profile import list_profiles, load_profile
from settlement.national.refusals import Gateway
from settlement.national.schemes import CHINA, Party, Request
from settlement.national.signing import check_request, party_of, plain_output, seal_answer, sign_request
from settlement.national.tokens import LASTS_S, Tokens
from settlement.vault import KeyVault, new_keys, verify

AT = datetime(2026, 11, 24, 15, 30, 0, tzinfo=CHINA).timestamp()
ID = "CLIENT0000000001"  # 16 bytes: in Jilin it is a key
PUBLIC, PRIVATE = gmssl_pyx.sm2_key_generate()
VAULT = KeyVault.from_text(new_keys())
PARTY = Party(ID, "s3cret-of-the-client", PUBLIC, PRIVATE, "user", "pa&ss=word", "server")
OTHER = Party("CLIENT0000000002", "another secret", *gmssl_pyx.sm2_key_generate(), "user", "word", "server")
KNOWN = {party.id: party._replace(private_key=b"") for party in (PARTY, OTHER)}
SIGNED = [name for name in list_profiles() if load_profile(name).security.signing != "none"]


def envelope(at: float = AT, **changed) -> dict:
    return {
        "infno": "2207",
        "msgid": "H22040000001202611241530000001",
        "fixmedins_code": "H22040000001",
        "inf_time": datetime.fromtimestamp(at, CHINA).strftime("%Y-%m-%d %H:%M:%S"),
        "cainfo": "",
        "input": {"data": {"psn_no": "P1", "medfee_sumamt": "23442.46", "dise_name": "高血压", "rows": [1, 2.50]}},
    } | changed


class Service:
    """One region's service as far as signing goes: its clock is told, its nonces and tokens are its own."""

    def __init__(self, name: str, known=None, most: int = 1000) -> None:
        self.profile = load_profile(name)
        self.find = (KNOWN if known is None else known).get
        self.nonces = NonceCache(self.profile.security.window_s, most)
        self.tokens = Tokens(KNOWN if known is None else known, VAULT)

    def token(self, party=PARTY, at: float = AT) -> str:
        form = {"username": party.username, "password": party.password, "grant_type": "password"}
        reply = self.tokens.give(basic(f"{party.id}:{party.secret}"), urlencode(form).encode(), at)
        return json.loads(reply.body)["access_token"]

    def request(self, signed, at: float = AT) -> Request:
        headers, body = signed
        owner = ""
        if self.profile.transport.token == "oauth":
            owner = self.tokens.whose(headers.get("Authorization", ""), at)
        return Request(headers, body, json.loads(body, parse_int=str, parse_float=str), owner)

    def check(self, signed, at: float = AT):
        return check_request(self.profile, self.find, self.request(signed, at), at, self.nonces)

    def sign(self, party=PARTY, at: float = AT, nonce: str = "", **changed):
        token = self.token(party, at) if self.profile.transport.token == "oauth" else ""
        return sign_request(self.profile, party, envelope(at, **changed), at, nonce, token)


def basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


def refused(service: Service, signed, at: float = AT) -> str:
    with pytest.raises((BadInput, Gateway)) as told:
        service.check(signed, at)
    assert told.value.zh
    shown = str(told.value) + told.value.zh
    assert PARTY.secret not in shown
    assert "高血压" not in shown
    return told.value.code[:3]


# ---- good once ----


@pytest.mark.parametrize("name", SIGNED)
def test_a_signed_request_is_its_clients(name):
    service = Service(name)
    admitted = service.check(service.sign())
    assert admitted.client_id == ID
    if name == "jilin":
        assert json.loads(admitted.plain) == envelope()["input"]
    else:
        assert admitted.plain is None


def test_the_plain_profile_takes_everything_as_it_is():
    service = Service("plain")
    signed = service.sign()
    assert json.loads(signed.body) == envelope()
    assert service.check(signed) == service.check(signed) == ("", None)


@pytest.mark.parametrize("name", SIGNED)
def test_a_replay_is_refused_and_an_honest_retry_passes(name):
    service = Service(name)
    signed = service.sign()
    service.check(signed)
    for later in (0, 1, service.profile.security.window_s):
        assert refused(service, signed, AT + later) == "N54"
    for later in (1, 2, 290):
        assert service.check(service.sign(at=AT + later), AT + later).client_id == ID


@pytest.mark.parametrize("name", ["jilin", "chongqing"])
def test_a_retry_within_the_same_second_passes_where_the_scheme_has_chance_in_it(name):
    service = Service(name)
    assert service.check(service.sign()).client_id == service.check(service.sign()).client_id == ID


@pytest.mark.parametrize("name", SIGNED)
def test_a_request_is_good_inside_its_window_only(name):
    window = load_profile(name).security.window_s
    assert window == (1800 if name == "hunan" else 300)
    for off in (-window, window):
        service = Service(name)
        assert service.check(service.sign(), AT + off).client_id == ID
    for off in (-window - 1, window + 1):
        service = Service(name)
        assert refused(service, service.sign(), AT + off) == "N53"
        assert len(service.nonces) == 0, "a request outside its time uses up no nonce"


@pytest.mark.parametrize("name", SIGNED)
def test_a_request_kept_beyond_the_nonces_is_too_old(name):
    """Between the last moment a nonce is held and the first a request may come again there is no gap."""
    service = Service(name)
    window = service.profile.security.window_s
    ahead = service.sign(at=AT + window)  # its clock is as far ahead as may be
    service.check(ahead, AT)
    for later in range(0, 2 * window + 1, 50):
        assert refused(service, ahead, AT + later) == "N54"
    assert refused(service, ahead, AT + 2 * window + 1) == "N53"


# ---- tampering ----


def with_body(signed, **changed):
    return signed._replace(body=json.dumps(json.loads(signed.body) | changed).encode())


def with_header(signed, name, value):
    headers = {key: text for key, text in signed.headers.items() if key != name}
    return signed._replace(headers=headers | ({name: value} if value is not None else {}))


SIGNATURE_HEADERS = {
    "hunan": ["_api_name", "_api_version", "_api_timestamp", "_api_access_key", "_api_signature"],
    "chongqing": ["x-tif-paasid", "x-tif-timestamp", "x-tif-nonce", "x-tif-signature"],
    "hangzhou": ["x-ca-key", "x-ca-signature"],
    "jilin": ["Authorization"],
}
CASES = [(name, header) for name, headers in SIGNATURE_HEADERS.items() for header in headers]


@pytest.mark.parametrize(("name", "header"), CASES)
def test_each_header_counts(name, header):
    service = Service(name)
    signed = service.sign()
    missing = refused(service, with_header(signed, header, None))
    assert missing in ({"Authorization": ("N44",)}.get(header, ("N50",)))
    value = signed.headers[header]
    for place in {0, len(value) // 2, len(value) - 1}:
        changed = value[:place] + ("0" if value[place] != "0" else "1") + value[place + 1 :]
        if header.endswith("ignature") and changed.lower() == value.lower():
            continue
        assert refused(service, with_header(signed, header, changed)) in ("N50", "N51", "N52", "N44")
    assert service.check(signed).client_id == ID, "what was tampered with used nothing up"


@pytest.mark.parametrize("name", [name for name in SIGNED if name != "jilin"])
def test_header_names_have_no_case(name):
    service = Service(name)
    signed = service.sign()
    upper = signed._replace(headers={key.upper(): value for key, value in signed.headers.items()})
    assert service.check(upper).client_id == ID


@pytest.mark.parametrize("name", SIGNED)
def test_another_clients_key_is_refused(name):
    service = Service(name, known={PARTY.id: PARTY._replace(secret="old secret", public_key=OTHER.public_key)})
    if name == "jilin":
        token = service.token(PARTY._replace(secret="old secret"))
        assert refused(service, sign_request(service.profile, PARTY, envelope(), AT, token=token)) == "N52"
        with pytest.raises(Gateway, match="N44"):
            service.token(PARTY)
    else:
        assert refused(service, service.sign()) == "N52"


@pytest.mark.parametrize("name", [name for name in SIGNED if name != "jilin"])
def test_an_unknown_client_is_refused(name):
    assert refused(Service(name, known={}), Service(name).sign()) == "N51"


def test_a_body_under_hangzhous_signature_cannot_change():
    service = Service("hangzhou")
    signed = service.sign()
    for place in range(0, len(signed.body), 7):
        changed = bytearray(signed.body)
        changed[place] = ord("x") if changed[place] != ord("x") else ord("y")
        with pytest.raises(BadInput, match="N52_BAD_SIGNATURE"):
            check_request(
                service.profile, service.find, Request(signed.headers, bytes(changed), {}), AT, service.nonces
            )
    assert service.check(signed).client_id == ID


def test_hunan_ties_headers_to_their_transaction():
    service = Service("hunan")
    assert refused(service, with_body(service.sign(), infno="2208")) == "N52"


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"cainfo": ""}, "N50"),
        ({"cainfo": None}, "N50"),
        ({"cainfo": "not base64!"}, "N52"),
        ({"cainfo": "高"}, "N52"),
        ({"cainfo": base64.b64encode(bytes(64)).decode()}, "N52"),
        ({"cainfo": base64.b64encode(b"\xff" * 64).decode()}, "N52"),
        ({"cainfo": base64.b64encode(b"\x30\x06\x02\x01\x01\x02\x01").decode()}, "N52"),
        ({"cainfo": base64.b64encode(bytes(70)).decode()}, "N52"),
        ({"input": {"data": {}}}, "N55"),
        ({"input": ""}, "N55"),
        ({"input": "AAAA"}, "N55"),
        ({"input": "高血压高血压"}, "N55"),
        ({"inf_time": ""}, "N50"),
        ({"inf_time": "2026-11-24"}, "N50"),
        ({"inf_time": None}, "N50"),
        ({"inf_time": "2026-11-24 15:24:59"}, "N53"),
    ],
)
def test_each_part_of_jilins_envelope_counts(changed, code):
    service = Service("jilin")
    assert refused(service, with_body(service.sign(), **changed)) == code


def test_jilins_input_cannot_change_under_its_signature():
    service = Service("jilin")
    signed = service.sign()
    other = encipher(ID, b'{"data":{"psn_no":"P2"}}')
    assert refused(service, with_body(signed, input=other)) == "N52"
    text = json.loads(signed.body)["input"]
    for spoilt in ("!" + text, text + "\n", text[:-1]):
        assert refused(service, with_body(signed, input=spoilt)) == "N55"
    blocks = base64.b64decode(text)
    moved = base64.b64encode(blocks[16:32] + blocks[:16] + blocks[32:]).decode()  # whole blocks, another order
    assert refused(service, with_body(signed, input=moved)) == "N52"


def test_one_signature_in_two_spellings_is_one_nonce():
    service = Service("jilin")
    signed = service.sign()
    raw = base64.b64decode(json.loads(signed.body)["cainfo"])
    assert len(raw) == 64
    halves = [raw[:32], raw[32:]]
    numbers = b"".join(
        bytes([2, len(half.lstrip(b"\0")) + (half.lstrip(b"\0")[0] > 127)])
        + (b"\0" if half.lstrip(b"\0")[0] > 127 else b"")
        + half.lstrip(b"\0")
        for half in halves
    )
    der = base64.b64encode(bytes([0x30, len(numbers)]) + numbers).decode()
    assert service.check(with_body(signed, cainfo=der)).client_id == ID, "DER is read too"
    assert refused(service, signed) == "N54"
    assert refused(service, with_body(signed, cainfo=der, inf_time="2026-11-24 15:31:00")) == "N54"


def test_a_public_key_that_is_no_point_checks_nothing():
    known = {ID: PARTY._replace(public_key=b"\x11" * 64)}
    service = Service("jilin", known)
    assert refused(service, service.sign()) == "N52"


# ---- the schemes themselves, worked out beside the code ----


def test_hunans_signature_is_hmac_sha1_of_the_sorted_headers():
    headers = Service("hunan").sign().headers
    text = f"_api_access_key={ID}&_api_name=2207&_api_timestamp={int(AT)}000&_api_version=1.0.0"
    mac = hmac.new(PARTY.secret.encode(), text.encode(), hashlib.sha1).digest()
    assert headers["_api_signature"] == base64.b64encode(mac).decode()
    assert headers["Content-Type"].startswith("text/plain")


def test_chongqings_signature_is_sha256_around_token_and_nonce():
    headers = Service("chongqing").sign(nonce="19a-7f").headers
    text = f"{int(AT)}{PARTY.secret}19a-7f{int(AT)}"
    assert headers["x-tif-signature"] == hashlib.sha256(text.encode()).hexdigest()
    assert headers["x-tif-timestamp"] == str(int(AT))


def test_hangzhous_signature_is_time_and_hmac_sm3_of_time_and_body():
    signed = Service("hangzhou").sign()
    mac = gmssl_pyx.sm3_hmac(PARTY.secret.encode(), str(int(AT)).encode() + b"\n" + signed.body)
    assert signed.headers["x-ca-signature"] == f"{int(AT)}:{mac.hex().upper()}"


def test_jilins_cainfo_is_sm2_over_the_text_of_the_input_with_the_client_as_signer():
    sent = json.loads(Service("jilin").sign().body)
    assert (sent["signtype"], sent["encType"]) == ("SM2", "SM4")
    plain = decipher(ID, sent["input"])
    raw = base64.b64decode(sent["cainfo"])
    r, s = (int.from_bytes(half, "big") for half in (raw[:32], raw[32:]))
    body = b"".join(
        bytes([2, (number.bit_length() + 8) // 8]) + number.to_bytes((number.bit_length() + 8) // 8, "big")
        for number in (r, s)
    )
    der = bytes([0x30, len(body)]) + body
    assert gmssl_pyx.sm2_verify(PUBLIC, plain, der, ID.encode())
    assert not gmssl_pyx.sm2_verify(PUBLIC, plain, der)


# ---- the cipher ----


@settings(deadline=None)
@given(st.binary(max_size=2000))
def test_what_is_ciphered_is_deciphered(plain):
    text = encipher(ID, plain)
    assert decipher(ID, text) == plain
    assert len(base64.b64decode(text)) == (len(plain) // 16 + 1) * 16


def test_the_cipher_is_sm4_ecb_with_padding_to_whole_blocks():
    key = "0123456789abcdef"
    first = base64.b64decode(encipher(key, bytes(16) + bytes(16)))
    assert first[:16] == first[16:32], "ECB: equal blocks, equal text"
    assert decipher(key, base64.b64encode(first).decode()) == bytes(32)


@pytest.mark.parametrize("client_id", ["", "short", "x" * 17, "客户"])
def test_a_client_id_that_is_no_key_is_refused(client_id):
    with pytest.raises(BadInput, match="N55_CIPHER"):
        encipher(client_id, b"x")


def test_answers_are_ciphered_for_their_client_and_signed_by_the_service():
    vault, profile = KeyVault.from_text(new_keys()), load_profile("jilin")
    answer = {"infcode": "0", "err_msg": "成功", "output": {"setlinfo": {"medfee_sumamt": "0.10"}}}
    text = json.dumps(answer["output"]).encode()
    sealed = seal_answer(profile, ID, answer, text, vault.sign)
    assert sealed["signtype"] == "SM2"
    assert isinstance(sealed["output"], str)
    assert plain_output(profile, ID, sealed) == text
    assert verify(vault.public_key, text, base64.b64decode(sealed["cainfo"]))
    assert not verify(vault.public_key, text + b" ", base64.b64decode(sealed["cainfo"]))
    with pytest.raises(BadInput, match="N55_CIPHER"):
        plain_output(profile, OTHER.id, sealed)
    assert seal_answer(profile, ID, answer, text, None)["cainfo"] == ""


def test_answers_without_output_or_cipher_stay_plain():
    refusal = {"infcode": "-1", "err_msg": "[B01]", "output": None}
    assert seal_answer(load_profile("jilin"), ID, refusal, None, None) == refusal
    assert plain_output(load_profile("jilin"), ID, refusal) is None
    answer = {"infcode": 0, "output": {"a": "1"}}
    assert seal_answer(load_profile("chongqing"), ID, answer, b'{"a":"1"}', None) == answer
    assert plain_output(load_profile("chongqing"), ID, answer) is None


# ---- nonces ----


def test_the_bound_is_kept_and_nothing_is_forgotten_early():
    nonces = NonceCache(window_s=300, most=3)
    for number in range(3):
        nonces.remember(ID, str(number), AT)
    with pytest.raises(NotAvailable, match="N57_TOO_MANY_NONCES"):
        nonces.remember(ID, "3", AT + 600)
    with pytest.raises(BadInput, match="N54_REPLAYED"):
        nonces.remember(ID, "0", AT + 600)
    nonces.remember(ID, "3", AT + 601)
    assert len(nonces) == 1, "what has run out makes room"
    nonces.remember(ID, "0", AT + 601)


def test_nonces_belong_to_their_client():
    nonces = NonceCache(300)
    nonces.remember("A", "B|1", AT)
    nonces.remember("A|B", "1", AT)
    nonces.remember("AB", "|1", AT)
    with pytest.raises(BadInput, match="N54_REPLAYED"):
        nonces.remember("A", "B|1", AT)


def test_a_clock_that_goes_back_lets_nothing_in_twice():
    nonces = NonceCache(300)
    nonces.remember(ID, "1", AT + 50)
    nonces.remember(ID, "2", AT)
    for nonce in "12":
        with pytest.raises(BadInput, match="N54_REPLAYED"):
            nonces.remember(ID, nonce, AT + 10)
    nonces.remember(ID, "2", AT + 601)


def test_of_many_at_once_one_gets_in():
    nonces, passed, gate = NonceCache(300), [], threading.Barrier(8)

    def work():
        gate.wait()
        for number in range(200):
            try:
                nonces.remember(ID, str(number), AT)
                passed.append(number)
            except BadInput:
                pass

    pause = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(pause)
    assert sorted(passed) == list(range(200))


# ---- tokens ----


def test_a_token_is_its_clients_until_it_runs_out():
    service = Service("jilin")
    for party in (PARTY, OTHER):
        held = service.token(party)
        assert service.tokens.whose(f"Bearer {held}", AT + LASTS_S - 1) == party.id
        with pytest.raises(Gateway, match="N44"):
            service.tokens.whose(f"Bearer {held}", AT + LASTS_S + 1)
        again = Tokens(KNOWN, VAULT)
        assert again.whose(f"Bearer {held}", AT) == party.id, "another process with the same keys knows it"
        with pytest.raises(Gateway, match="N44"):
            Tokens(KNOWN, KeyVault.from_text(new_keys())).whose(f"Bearer {held}", AT)


def test_a_token_does_not_let_another_client_sign():
    service = Service("jilin")
    signed = sign_request(service.profile, PARTY, envelope(), AT, token=service.token(OTHER))
    assert refused(service, signed) in ("N52", "N55")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic {token}",
        "{token}",
        "Bearer {token}x",
        "Bearer A{token}",
        "Bearer 高.高",
    ],
)
def test_what_is_no_token_is_refused(authorization):
    service = Service("jilin")
    token = service.token()
    with pytest.raises(Gateway, match="N44"):
        service.tokens.whose(authorization.format(token=token), AT)
    assert service.tokens.whose(f"Bearer {token}", AT) == ID


def test_a_token_cannot_be_given_a_longer_life_or_another_owner():
    service = Service("jilin")
    _, mac = service.token().split(".")
    for said in (f"{ID}|{int(AT) + LASTS_S + 1}", f"{OTHER.id}|{int(AT) + LASTS_S}", f"{ID}|{int(AT) + LASTS_S} "):
        forged = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
        with pytest.raises(Gateway, match="N44"):
            service.tokens.whose(f"Bearer {forged}.{mac}", AT)


GOOD = basic(f"{ID}:{PARTY.secret}")
FORM = {"username": "user", "password": "pa&ss=word", "scope": "server", "grant_type": "password"}


@pytest.mark.parametrize(
    ("authorization", "form"),
    [
        (basic(f"{ID}:wrong"), FORM),
        (basic(f"{ID}:"), FORM),
        (basic(ID), FORM),
        (basic(f"nobody:{PARTY.secret}"), FORM),
        (basic(":"), {"grant_type": "password"}),
        ("", FORM),
        ("Basic !!!", FORM),
        ("Basic " + base64.b64encode(b"\xff:\xff").decode(), FORM),
        (GOOD.replace("Basic", "Bearer"), FORM),
        (GOOD, {}),
        (GOOD, FORM | {"password": "x"}),
        (GOOD, FORM | {"username": ""}),
        (GOOD, FORM | {"grant_type": "client_credentials"}),
    ],
)
def test_no_token_without_all_that_proves_the_client(authorization, form):
    tokens = Tokens(KNOWN, VAULT)
    with pytest.raises(Gateway, match="N44") as told:
        tokens.give(authorization, urlencode(form).encode(), AT)
    assert PARTY.secret not in str(told.value)
    assert json.loads(tokens.give(GOOD, urlencode(FORM).encode(), AT).body)["token_type"] == "bearer"


# ---- clients' keys ----


KEYS = {
    "jilin": {"secret": "s", "username": "u", "password": "p", "public_key": PUBLIC.hex()},
    "hunan": {"secret": "s"},
    "chongqing": {"secret": "s"},
    "hangzhou": {"secret": "s"},
    "plain": {},
}


@pytest.mark.parametrize("name", list_profiles())
def test_a_client_needs_the_keys_of_its_profile(name):
    profile, keys = load_profile(name), KEYS[name]
    party = party_of(profile, ID, keys)
    assert party.id == ID
    assert party.public_key == (PUBLIC if name == "jilin" else b"")
    for missing in keys:
        with pytest.raises(BadInput, match=f"N58_CLIENT_KEYS.*{missing}"):
            party_of(profile, ID, {key: value for key, value in keys.items() if key != missing})


@pytest.mark.parametrize(
    "spoilt",
    [
        {"public_key": "zz"},
        {"public_key": "11" * 65},
        {"private_key": "11" * 31},
        {"colour": "red"},
        {"public_key": "04"},
    ],
)
def test_a_spoilt_key_is_refused_and_not_quoted(spoilt):
    with pytest.raises(BadInput, match="N58_CLIENT_KEYS") as told:
        party_of(load_profile("jilin"), ID, KEYS["jilin"] | spoilt)
    assert "1111" not in str(told.value)


def test_a_party_shows_its_name_only():
    assert repr(PARTY) == f"Party({ID!r})"
    assert PARTY.secret not in f"{PARTY} {[PARTY]} {copy.copy(PARTY)}"
