"""No person in logs, errors, figures or the log of requests: canaries sent everywhere a message can hold a text."""

from __future__ import annotations

import io
import json
import os
import random
from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx
import pytest
from good_inputs import good as whole_input
from msgspec import inspect as shape
from wire import HOSPITAL, PHARMACY, Wire, fee_lines, good, purchase, registration, settling

from settlement.checkout import DATA
from settlement.national import masking
from settlement.national.request_log import Record, masked_record
from settlement.national.routes import ROUTES
from settlement.national.telemetry import incident, make_log

REQUESTS = int(os.environ.get("CANARY_REQUESTS", "500"))  # `make faults` sends 10,000
NAME, CERTNO, PSN_NO, CARD, TOKEN = (
    "金丝雀甲",
    "220400199001019996",
    "22049999999999990001",
    "CANARY0CARD",
    "CANARY-TOKEN-77",
)
CANARIES = (NAME, CERTNO, PSN_NO, CARD, TOKEN, "Canary Family")


@pytest.fixture(scope="module")
def registry(tmp_path_factory) -> Path:
    """Return a registry in which the canary is insured, so that good answers hold it too."""
    content = json.loads((DATA / "registry.json").read_text(encoding="utf-8"))
    content["persons"][0] |= {
        "psn_no": PSN_NO, "certno": CERTNO, "psn_name": NAME, "card_sn": CARD, "evoucher": TOKEN, "card_no": CARD,
    }  # fmt: skip
    file = tmp_path_factory.mktemp("registry") / "registry.json"
    file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return file


def canaried(node: Any, dice: random.Random, share: float) -> Any:
    """Return an input with canaries in a share of its texts, and in fields and names that nobody knows."""
    if isinstance(node, dict):
        made = {name: canaried(value, dice, share) for name, value in node.items()}
        for name in ("psn_no", "certno", "psn_name", "mdtrt_cert_no", "card_sn"):
            if name in made:
                given = {"psn_no": PSN_NO, "certno": CERTNO, "psn_name": NAME, "card_sn": CARD}
                made[name] = given.get(name, dice.choice([CERTNO, TOKEN, CARD]))
        extra = {"coner_name": NAME, "exp_content": {"who": NAME, CERTNO: PSN_NO}, "unknown": f"来自{NAME}"}
        return made | (extra if dice.random() < share else {})
    if isinstance(node, list):
        return [canaried(value, dice, share) for value in node]
    return dice.choice(CANARIES) if dice.random() < share else node


def settled_for_real(wire: Wire) -> None:
    """Let the canary buy, see a doctor, give back: answers that hold name and number."""
    mine = {"psn_no": PSN_NO, "mdtrt_cert_no": CERTNO}
    good(wire.send("2102", purchase(**mine), fixmedins_code=PHARMACY))
    for card in ({"mdtrt_cert_type": "02", "mdtrt_cert_no": CERTNO}, {"mdtrt_cert_type": "01", "mdtrt_cert_no": TOKEN}):
        wire.send("1101", {"data": card | {"psn_cert_type": "01", "certno": CERTNO, "psn_name": NAME}})
    mdtrt_id = good(wire.send("2201", registration(PSN_NO, CERTNO, dr_name=NAME)))["data"]["mdtrt_id"]
    good(wire.send("2204", fee_lines(mdtrt_id, psn_no=PSN_NO)))
    wire.send("2206", settling(mdtrt_id, "999.00", psn_no=PSN_NO, mdtrt_cert_no=CERTNO))
    sums = good(wire.send("2206", settling(mdtrt_id, **mine)))["setlinfo"]
    four = {name: sums[name] for name in ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")}
    setl_id = good(wire.send("2207", settling(mdtrt_id, **mine, **four)))["setlinfo"]["setl_id"]
    for infno in ("5203", "5204", "5201", "2208"):
        wire.send(infno, {"data": {"psn_no": PSN_NO, "mdtrt_id": mdtrt_id, "setl_id": setl_id, "psn_name": NAME}})
    wire.send("2601", {"data": {"psn_no": PSN_NO, "omsgid": CERTNO, "oinfno": "2207"}})


def spoilt(wire: Wire, infno: str, dice: random.Random) -> None:
    """Send a message with canaries all over, well formed or not."""
    given = whole_input(shape.type_info(ROUTES[infno].input), optional=dice.random() < 0.5)
    head: dict[str, Any] = {"opter_name": NAME}
    for name in ("opter", "dev_no", "sign_no", "fixmedins_name", "cainfo", "infver", "insuplc_admdvs"):
        if dice.random() < 0.1:
            head[name] = dice.choice(CANARIES)
    message = wire.message(infno, canaried(deepcopy(given), dice, dice.choice([0.0, 0.1, 0.5])), **head)
    url, headers, body = wire.signed(message)
    kind = dice.random()
    if kind < 0.05:
        body = body[:-7] + NAME.encode()
    elif kind < 0.08:
        url = f"{wire.url}/persons/{CERTNO}?name={NAME}"
    elif kind < 0.1:
        body = body.replace(b'"infno"', f'"{CERTNO}":1,"infno"'.encode())
    wire.post(url, headers | {"x-person": CERTNO, "user-agent": TOKEN}, body)


def test_no_canary_comes_out_anywhere(serve, registry):
    running = serve("--registry", str(registry))
    wire = Wire(running.url)
    settled_for_real(wire)
    dice = random.Random(20241124)
    infnos = sorted(ROUTES)
    statuses = set()
    for number in range(REQUESTS):
        spoilt(wire, infnos[number % len(infnos)], dice)
        statuses.add(wire.response.status_code)
    assert 200 in statuses and 400 in statuses and 404 in statuses
    assert max(statuses) < 500
    seen = {
        path: wire.http.get(f"{running.url}{path}").text
        for path in ("/metrics", "/health", "/ready", "/sandbox/log", "/sandbox/log?format=json")
    }
    assert running.stop() == 0
    seen["stdout"] = running.shown
    for file in ("service.log", "stderr.txt", "requests.jsonl", "requests.jsonl.1"):
        if (running.folder / file).exists():  # the second one once the first has become large
            seen[file] = (running.folder / file).read_text(encoding="utf-8")
    logged = seen["requests.jsonl"] + seen.get("requests.jsonl.1", "")
    assert len(logged.splitlines()) > 0.9 * REQUESTS  # all but those to unknown addresses
    assert "N99_INTERNAL" not in logged, seen["service.log"]
    found = [(where, canary) for where, text in seen.items() for canary in CANARIES if canary in text]
    escaped = [json.dumps(canary)[1:-1] for canary in CANARIES]
    found += [(where, canary) for where, text in seen.items() for canary in escaped if canary in text]
    assert found == []
    on_disk = [file for file in running.folder.glob("book.sqlite*") if not file.name.endswith(".keys")]
    assert on_disk
    for file in on_disk:
        content = file.read_bytes()
        assert [canary for canary in CANARIES if canary.encode() in content] == []


def test_the_search_would_find_a_canary(plain, services):
    wire = Wire(services("plain").url)
    msgid = "P22040000001202401010000000077"
    wire.send("2102", {}, msgid=msgid)
    text = httpx.get(f"{plain.url}/sandbox/log?msgid={msgid}", trust_env=False).text
    assert text.count(msgid) >= 3  # in the search field, the row and the message


def test_an_unforeseen_error_is_logged_by_its_place_not_its_text():
    file = io.StringIO()
    log = make_log(file)
    try:
        {}[CERTNO]
    except KeyError as error:
        number = incident(log, error, infno="2207")
    line = json.loads(file.getvalue())
    assert (line["incident"], line["code"], line["infno"]) == (number, "KeyError", "2207")
    assert "test_privacy.py" in line["trace"][-1]
    assert CERTNO not in file.getvalue()


def test_a_log_line_shows_open_fields_only():
    file = io.StringIO()
    make_log(file).info(
        "message", infno="2207", code=CERTNO, psn_name=NAME, mdtrt_cert_no=TOKEN, outcome=NAME, input={"psn_no": PSN_NO}
    )
    line = json.loads(file.getvalue())
    assert line["infno"] == "2207"
    for name in ("code", "psn_name", "mdtrt_cert_no", "outcome"):
        assert line[name].startswith("•••#")
    assert line["input"]["psn_no"] == masking.masked(PSN_NO)


def test_equal_values_have_equal_masks_and_no_empty_ones():
    assert masking.masked(CERTNO) == masking.masked(CERTNO) != masking.masked(PSN_NO)
    assert masking.masked("") == masking.masked(None) == ""


def test_an_error_that_quotes_a_person_is_kept_without_the_quote():
    request = {"infno": "2207", "input": {"data": {"psn_no": PSN_NO, "psn_name": NAME}}}
    for text in (f"[X] 人员 {NAME}（{PSN_NO}）不符", f"[X] {NAME}……{'长' * 300}…", f"[X] 证件 {CERTNO}"):
        record = Record("", "", request, {"infcode": -1, "err_msg": text}, 200, 1.0)
        kept = json.dumps(masked_record(record), ensure_ascii=False)
        assert not [canary for canary in CANARIES if canary in kept]
        assert "[X]" in kept


def test_the_institution_is_no_secret():
    kept = masked_record(Record("", "", {"fixmedins_code": HOSPITAL, "input": {}}, b'{"infcode":0}', 200, 1.0))
    assert kept["request"]["fixmedins_code"] == HOSPITAL
