"""The vault: known answers of the algorithms, what tampering meets, key files and their modes, rotation, silence."""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
import tomllib

import gmssl_pyx
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given, settings
from hypothesis import strategies as st

from settlement.errors import BadInput, NotAvailable
from settlement.vault import OVERHEAD, KeyVault, Vault, add_sealing_key, new_keys, open_vault, sm3, verify

# sm2p256v1 of GB/T 32918.5, and the example of its annex (signer id 1234567812345678, message "message digest").
P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
A = P - 3
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
EXAMPLE = {
    "private": "3945208F7B2144B13F36E38AC6D39F95889393692860B51A42FB81EF4DF7C5B8",
    "public": "09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020"
    "CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13",
    "r": "F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3",
    "s": "B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA",
}
SIGNER = b"1234567812345678"


@pytest.fixture
def keys(tmp_path):
    return tmp_path / "keys.toml"


@pytest.fixture
def vault() -> Vault:
    return KeyVault.from_text(new_keys())


# ---- known answers ----


@pytest.mark.parametrize(
    ("message", "digest"),
    [  # GB/T 32905, annex A
        (b"abc", "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"),
        (b"abcd" * 16, "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"),
    ],
)
def test_sm3_gives_the_digests_of_the_standard(message, digest):
    assert sm3(message).hex() == digest


def test_sm4_gives_the_cipher_texts_of_the_standard():
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")  # GB/T 32907, annex A: key and text are the same
    cipher = Cipher(algorithms.SM4(key), modes.ECB())
    assert cipher.encryptor().update(key).hex() == "681edf34d206965e86b3e94f536e4246"


def test_sm4_gives_the_millionth_round_of_the_standard():
    key = bytes.fromhex("0123456789abcdeffedcba9876543210")
    encryptor, text = Cipher(algorithms.SM4(key), modes.ECB()).encryptor(), key
    for _ in range(1_000_000):
        text = encryptor.update(text)
    assert text.hex() == "595298c7c6fd271f0402f804c33d3f66"


def add(p, q):
    if p is None or q is None:
        return p or q
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    slope = (3 * p[0] ** 2 + A) * pow(2 * p[1], -1, P) if p == q else (q[1] - p[1]) * pow(q[0] - p[0], -1, P)
    x = (slope**2 - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(k, p):
    made = None
    for bit in bin(k)[2:]:
        made = add(made, made)
        made = add(made, p) if bit == "1" else made
    return made


def verified_by_hand(public: bytes, message: bytes, r: int, s: int) -> bool:
    """GB/T 32918.2, 7.1, in whole numbers: nothing of the libraries but SM3."""
    point = (int.from_bytes(public[:32], "big"), int.from_bytes(public[32:], "big"))
    curve = b"".join(number.to_bytes(32, "big") for number in (A, B, *G))
    z = sm3((len(SIGNER) * 8).to_bytes(2, "big") + SIGNER + curve + public)
    e = int.from_bytes(sm3(z + message), "big")
    t = (r + s) % N
    found = add(times(s, G), times(t, point))
    return 0 < r < N and 0 < s < N and t != 0 and (e + found[0]) % N == r


def der(r: int, s: int) -> bytes:
    def integer(number):
        body = number.to_bytes((number.bit_length() + 8) // 8, "big")
        return bytes([2, len(body)]) + body

    body = integer(r) + integer(s)
    return bytes([0x30, len(body)]) + body


def numbers(signature: bytes) -> tuple[int, int]:
    first = signature[4 : 4 + signature[3]]
    second = signature[6 + signature[3] :]
    return int.from_bytes(first, "big"), int.from_bytes(second, "big")


def test_the_signature_of_the_standard_is_good():
    public, r, s = bytes.fromhex(EXAMPLE["public"]), int(EXAMPLE["r"], 16), int(EXAMPLE["s"], 16)
    assert verified_by_hand(public, b"message digest", r, s)
    assert verify(public, b"message digest", der(r, s))
    assert not verify(public, b"message digesT", der(r, s))
    assert not verify(public, b"message digest", der(r, s + 1))


def test_signatures_are_good_by_the_arithmetic_of_the_standard(vault):
    for content in (b"", b"head of the book", os.urandom(5000)):
        signature = vault.sign(content)
        assert verify(vault.public_key, content, signature)
        assert verified_by_hand(vault.public_key, content, *numbers(signature))
        assert not verified_by_hand(vault.public_key, content + b".", *numbers(signature))


def test_a_signature_is_not_good_for_anything_else(vault):
    signature = vault.sign(b"seq 7")
    other = KeyVault.from_text(new_keys())
    assert not verify(vault.public_key, b"seq 8", signature)
    assert not verify(other.public_key, b"seq 7", signature)
    for bad in (b"", b"0", signature[:-1], signature + b"\0", bytes(64)):
        assert not verify(vault.public_key, b"seq 7", bad)
    for no_key in (b"", bytes(64), b"1" * 64, vault.public_key[:-1]):
        assert not verify(no_key, b"seq 7", signature)


# ---- sealing ----


@settings(max_examples=60, deadline=None)
@given(plain=st.binary(max_size=3000), context=st.binary(max_size=60))
def test_what_is_sealed_opens_again(plain, context):
    sealed = VAULT.seal(plain, context)
    assert VAULT.open(sealed, context) == plain
    assert len(sealed) == len(plain) + OVERHEAD
    assert VAULT.seal(plain, context) != sealed, "a nonce is drawn for each text"


VAULT = KeyVault.from_text(new_keys())


def test_every_byte_and_the_context_count(vault):
    sealed = vault.seal("吉林 220102199001011234".encode(), b"person|P1|3")
    for place in range(len(sealed)):
        for mask in (1, 0x80):
            changed = bytearray(sealed)
            changed[place] ^= mask
            with pytest.raises(NotAvailable) as told:
                vault.open(bytes(changed), b"person|P1|3")
            assert told.value.code == "V02_CANNOT_OPEN"
    for context in (b"", b"person|P2|3", b"person|P1|4"):
        with pytest.raises(NotAvailable, match="V02"):
            vault.open(sealed, context)
    for cut in (0, 1, OVERHEAD - 1, len(sealed) - 1):
        with pytest.raises(NotAvailable, match="V02"):
            vault.open(sealed[:cut], b"person|P1|3")


def test_another_key_opens_nothing(vault):
    with pytest.raises(NotAvailable, match="V02"):
        KeyVault.from_text(new_keys()).open(vault.seal(b"plain", b""), b"")


def test_the_plain_text_is_nowhere_in_the_sealed_one(vault):
    canary = b"220102199001011234"
    assert canary not in vault.seal(canary * 50, canary)


def test_tags_are_equal_for_equal_texts_and_keyed(vault):
    assert vault.tag("P001") == vault.tag("P001") != vault.tag("P002")
    assert len(vault.tag("")) == len(vault.tag("长" * 4000)) == 16
    assert KeyVault.from_text(new_keys()).tag("P001") != vault.tag("P001")


def test_a_tag_is_hmac_sm3_cut_to_sixteen_bytes():
    text = new_keys()
    key = bytes.fromhex(tomllib.loads(text)["tag"]["key"])
    assert KeyVault.from_text(text).tag("人员编号P001") == gmssl_pyx.sm3_hmac(key, "人员编号P001".encode())[:16]


def test_many_threads_may_share_a_vault(vault):
    wrong = []

    def work(number):
        for turn in range(200):
            plain = f"{number}-{turn}".encode() * 20
            if vault.open(vault.seal(plain, b"c"), b"c") != plain or vault.tag(str(number)) != vault.tag(str(number)):
                wrong.append((number, turn))

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# ---- key files ----


def test_a_key_file_is_made_once_for_its_owner_only(keys):
    made = open_vault(keys, create=True)
    assert keys.stat().st_mode & 0o777 == 0o600
    assert os.listdir(keys.parent) == ["keys.toml"], "nothing is left beside it"
    again = open_vault(keys, create=True)
    assert (again.name, again.public_key) == (made.name, made.public_key)
    assert again.open(made.seal(b"x", b""), b"") == b"x"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610, 0o601])
def test_a_key_file_that_others_may_use_is_refused(keys, mode):
    open_vault(keys, create=True)
    keys.chmod(mode)
    with pytest.raises(NotAvailable, match="V03_KEYS_LIE_OPEN") as told:
        open_vault(keys, create=True)
    assert f"chmod 600 {keys}" in told.value.cure
    assert told.value.zh


def test_without_keys_nothing_opens(keys, monkeypatch):
    monkeypatch.delenv("SETTLEMENT_KEYS", raising=False)
    monkeypatch.delenv("SETTLEMENT_KEYS_FILE", raising=False)
    for path in (None, keys):
        with pytest.raises(NotAvailable, match="V01_NO_KEYS"):
            open_vault(path)
    with pytest.raises(NotAvailable, match="V01_NO_KEYS"):
        open_vault(keys.parent / "nowhere" / "keys.toml", create=True)


def test_the_environment_holds_the_keys_or_names_their_file(keys, monkeypatch):
    text = new_keys()
    monkeypatch.setenv("SETTLEMENT_KEYS", text)
    monkeypatch.setenv("SETTLEMENT_KEYS_FILE", str(keys))
    assert open_vault(None).name == KeyVault.from_text(text).name
    monkeypatch.delenv("SETTLEMENT_KEYS")
    made = open_vault(None, create=True)
    assert open_vault(keys).name == made.name
    monkeypatch.setenv("SETTLEMENT_KEYS", text)
    assert open_vault(keys).name == made.name, "a path that is given goes first"


def test_json_says_the_same(vault):
    text = new_keys()
    as_json = json.dumps(tomllib.loads(text))
    assert KeyVault.from_text(as_json).name == KeyVault.from_text(text).name


def test_processes_that_make_a_file_at_once_end_up_with_the_same_keys(keys):
    code = f"from pathlib import Path\nfrom settlement.vault import open_vault\nprint(open_vault(Path({str(keys)!r}), True).name)"
    runs = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    names = {run.communicate(timeout=60)[0].strip() for run in runs}
    assert names == {open_vault(keys).name}
    assert os.listdir(keys.parent) == ["keys.toml"]


def test_a_file_that_appears_meanwhile_is_not_overwritten(keys, monkeypatch):
    other = new_keys()

    def while_another_writes():
        keys.write_text(other, encoding="utf-8")
        keys.chmod(0o600)
        return new_keys()

    monkeypatch.setattr("settlement.vault.files.new_keys", while_another_writes)
    assert open_vault(keys, create=True).name == KeyVault.from_text(other).name
    assert keys.read_text(encoding="utf-8") == other


GOOD = tomllib.loads(new_keys())
SPOILT = {
    "no TOML": "[seal\n",
    "nothing": "",
    "no seal": {**GOOD, "seal": {}},
    "seal is a text": {**GOOD, "seal": "00"},
    "seal is a list": {**GOOD, "seal": ["1"]},
    "no tag": {"seal": GOOD["seal"], "sign": GOOD["sign"]},
    "one more": {**GOOD, "salt": {"key": "00"}},
    "number 0": {**GOOD, "seal": {"0": GOOD["seal"]["1"]}},
    "number 256": {**GOOD, "seal": {"256": GOOD["seal"]["1"]}},
    "number 01": {**GOOD, "seal": {"01": GOOD["seal"]["1"]}},
    "a short key": {**GOOD, "seal": {"1": GOOD["seal"]["1"][:-2]}},
    "no hex": {**GOOD, "tag": {"key": "z" * 64}},
    "a number": {**GOOD, "tag": {"key": 17}},
    "no pair": {**GOOD, "sign": {**GOOD["sign"], "private": "11" * 32}},
    "no point": {**GOOD, "sign": {**GOOD["sign"], "public": "11" * 64}},
    "private of zero": {**GOOD, "sign": {**GOOD["sign"], "private": "00" * 32}},
}


@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_key_text_is_refused_and_not_quoted(name):
    text = SPOILT[name] if isinstance(SPOILT[name], str) else json.dumps(SPOILT[name])
    with pytest.raises(BadInput, match="V04_BAD_KEYS") as told:
        KeyVault.from_text(text)
    told_in_all = str(told.value) + repr(told.value) + str(told.value.__cause__)
    secrets = [GOOD["seal"]["1"], GOOD["tag"]["key"], GOOD["sign"]["private"]]
    assert not any(secret[:12] in told_in_all for secret in secrets)


def test_a_key_file_of_other_bytes_is_refused(keys):
    keys.write_bytes(b"\xff\xfe\0")
    keys.chmod(0o600)
    with pytest.raises(BadInput, match="V04_BAD_KEYS"):
        open_vault(keys)


# ---- rotation and names ----


def test_rotation_keeps_old_texts_and_seals_with_the_new_key(keys):
    old = open_vault(keys, create=True)
    sealed = old.seal(b"first", b"c")
    new = add_sealing_key(keys)
    assert (sealed[0], new.seal(b"second", b"c")[0]) == (1, 2)
    assert new.open(sealed, b"c") == b"first"
    assert (new.name, new.tag("P1"), new.public_key) == (old.name, old.tag("P1"), old.public_key)
    assert open_vault(keys).open(new.seal(b"second", b"c"), b"c") == b"second"
    assert keys.stat().st_mode & 0o777 == 0o600
    with pytest.raises(NotAvailable, match="V02_CANNOT_OPEN") as told:
        old.open(new.seal(b"second", b"c"), b"c")
    assert "key number 2" in told.value.found


def test_the_last_number_ends_rotation(keys):
    said = {**GOOD, "seal": {"255": GOOD["seal"]["1"]}}
    keys.write_text(json.dumps(said), encoding="utf-8")
    keys.chmod(0o600)
    before = keys.read_bytes()
    with pytest.raises(BadInput, match="V05_NO_NUMBER_LEFT"):
        add_sealing_key(keys)
    assert keys.read_bytes() == before
    assert open_vault(keys).seal(b"", b"")[0] == 255


@pytest.mark.parametrize("part", ["seal", "tag", "sign"])
def test_the_name_tells_any_other_key(part):
    other = {**GOOD, part: tomllib.loads(new_keys())[part]}
    names = {KeyVault.from_text(json.dumps(said)).name for said in (GOOD, other)}
    assert len(names) == 2
    assert all(len(name) == 8 and int(name, 16) >= 0 for name in names)


def test_nothing_shows_the_keys(keys, caplog):
    vault = open_vault(keys, create=True)
    said = tomllib.loads(keys.read_text(encoding="utf-8"))
    secrets = [said["seal"]["1"], said["tag"]["key"], said["sign"]["private"]]
    shown = repr(vault) + str(vault) + f"{vault}" + vault.name + repr([vault])
    assert not any(secret[:8] in shown for secret in secrets)
    with pytest.raises(TypeError):
        pickle.dumps(vault)
