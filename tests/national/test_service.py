"""The service over real HTTP: a day at the counter, repeats, what is not let in, restarts and the end of the process."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
from wire import (
    HOSPITAL,
    PHARMACY,
    WORKER,
    WORKER_CERTNO,
    Running,
    Wire,
    code_of,
    good,
    purchase,
    settling,
    visit,
)

from settlement.national.settings import Settings

CARD = {
    "data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": WORKER_CERTNO, "psn_cert_type": "01", "certno": WORKER_CERTNO}
}


def paid(wire: Wire) -> str:
    """Return the account balance as 1101 tells it."""
    rows = good(wire.send("1101", CARD))["insuinfo"]
    return next(row["balc"] for row in rows if row["insutype"] == "310")


def booked(wire: Wire) -> int:
    """Return how many messages the service has booked since its start."""
    text = wire.http.get(f"{wire.url}/metrics").text
    return int(float(re.search(r"(?m)^settlement_booked (\S+)", text)[1]))


def test_a_day_at_the_counter(serve):
    wire = Wire(serve().url)
    before = paid(wire)
    sign_no = good(wire.send("9001", {"signIn": {"opter_no": "0001", "ip": "127.0.0.1"}}))["signinoutb"]["sign_no"]
    mdtrt_id, sums, amount = visit(wire)
    settled = good(wire.send("2207", settling(mdtrt_id, amount, invono="1", **sums), sign_no=sign_no))["setlinfo"]
    assert (settled["medfee_sumamt"], settled["mdtrt_id"]) == ("185.00", mdtrt_id)
    query = {"data": {"psn_no": WORKER, "setl_id": settled["setl_id"], "mdtrt_id": mdtrt_id}}
    assert good(wire.send("5203", query))["setlinfo"]["medfee_sumamt"] == "185.00"
    total = {
        "insutype": "310", "clr_type": "11", "setl_optins": "220400", "stmt_begndate": settled["setl_time"][:10],
        "stmt_enddate": settled["setl_time"][:10], "medfee_sumamt": "185.00",
        "fund_pay_sumamt": settled["fund_pay_sumamt"], "acct_pay": settled["acct_pay"], "fixmedins_setl_cnt": "1",
    }  # fmt: skip
    assert good(wire.send("3201", {"data": total}))["stmtinfo"]["stmt_rslt"] == "0"
    taken_back = good(wire.send("2208", query))["setlinfo"]
    assert taken_back["medfee_sumamt"] == "-185.00"
    assert paid(wire) == before
    assert good(wire.send("9002", {"signOut": {"opter_no": "0001", "sign_no": sign_no}}))["signoutoutb"]["sign_time"]


def test_a_repeat_is_the_first_answer_to_the_byte(plain):
    message = plain.message("2102", purchase("11.10"))
    first = plain.send_whole(message)
    body = plain.response.content
    good(first)
    time.sleep(1.1)  # another second of the clock
    later = message | {"inf_time": time.strftime("%Y-%m-%d %H:%M:%S"), "opter_name": "别人", "sign_no": "5"}
    plain.send_whole(later)
    assert plain.response.content == body
    reordered = json.dumps(dict(reversed(message.items()))).encode()
    assert plain.post(*plain.signed(message)[:2], reordered).content == body


def test_numbers_and_texts_are_one_message(plain):
    message = plain.message("2102", purchase("11.20"))
    good(plain.send_whole(message))
    body = plain.response.content
    as_numbers = json.dumps(message).replace('"11.20"', "11.20")
    assert plain.post(*plain.signed(message)[:2], as_numbers.encode()).content == body


def test_another_body_under_one_msgid_is_refused(plain):
    first = plain.message("2102", purchase("11.30"))
    good(plain.send_whole(first))
    other = first | {"input": purchase("11.31")}
    answer = plain.send_whole(other)
    assert (answer["infcode"], code_of(answer)) == (-1, "L01_MSGID_REUSED")
    assert "报文号重复" in answer["err_msg"]
    assert plain.response.status_code == 200
    good(plain.send_whole(first))


def test_the_late_original_of_a_reversed_message_is_refused(plain):
    late = plain.message("2102", purchase("11.40"))
    undo = {"data": {"psn_no": WORKER, "omsgid": late["msgid"], "oinfno": "2102"}}
    good(plain.send("2601", undo, fixmedins_code=PHARMACY))
    answer = plain.send_whole(late)
    assert (answer["infcode"], code_of(answer)) == (-1, "B02_MESSAGE_REVERSED")


def test_a_variants_are_the_transactions_they_stand_for(plain):
    mdtrt_id, sums, amount = visit(plain, lines=1)
    message = plain.message("2207A", settling(mdtrt_id, amount, **sums))
    setl_id = good(plain.send_whole(message))["setlinfo"]["setl_id"]
    again = good(plain.send_whole(message | {"infno": "2207"}))
    assert again["setlinfo"]["setl_id"] == setl_id


def test_an_unusual_msgid_is_taken_with_a_warning(plain):
    answer = plain.send("2102", purchase("11.50"), msgid="240704161004-P2204-0056")
    good(answer)
    assert "报文号" in answer["warn_msg"]
    assert plain.send("2102", purchase("11.60"))["warn_msg"] is None


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        ({"infno": "8888"}, "N06_UNKNOWN_TRANSACTION"),
        ({"opter_type": ""}, "N01_FIELD_MISSING"),
        ({"msgid": "1" * 31}, "N02_TOO_LONG"),
        ({"inf_time": "yesterday"}, "N04_NOT_A_DATE"),
        ({"insuplc_admdvs": ""}, "N36_INSURED_AREA"),
        ({"input": []}, "N05_WRONG_SHAPE"),
        ({"input": "text"}, "N05_WRONG_SHAPE"),
        ({"input": {"druginfo": {}}}, "N01_FIELD_MISSING"),
        ({"msgid": "a\u200bb"}, "L09_MESSAGE_FORM"),
    ],
)
def test_what_is_wrong_is_said_in_the_frame(plain, spoil, code):
    message = plain.message("2102", purchase("11.70")) | spoil
    answer = json.loads(plain.post(f"{plain.url}/fsi/api/callService", {}, json.dumps(message).encode()).content)
    assert plain.response.status_code == 200
    assert answer["infcode"] == -1
    assert code_of(answer).startswith(code)
    assert len(answer["err_msg"]) <= 200
    assert answer["respond_time"].isdigit()


@pytest.mark.parametrize(
    "body",
    [
        b"", b"not json", b"[]", b"1", b'"text"', b"null", b"\xff\xfe{}", b'{"infno": NaN}', b'{"a": Infinity}',
        b'{"infno": "2102", "infno": "2207"}', b'{"a": {"b": 1, "b": 2}}', b"[" * 100_000, b'{"a":' * 40 + b"1" + b"}" * 40,
        b'{"infno": "2102"', b'{"infno": "\\ud800"}', b'{"infno": "a\\u0000"}',
    ],
)  # fmt: skip
def test_a_body_that_is_no_message_is_told_so(plain, body):
    response = plain.http.post(f"{plain.url}/fsi/api/callService", content=body)
    assert response.status_code == 400
    assert response.json()["code"] == "N20_NOT_JSON"


def test_gateway_errors(plain):
    assert plain.http.post(f"{plain.url}/nowhere").status_code == 404
    wrong_method = plain.http.get(f"{plain.url}/fsi/api/callService")
    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "N33_NOT_FOUND")
    large = plain.http.post(f"{plain.url}/fsi/api/callService", content=b" " * (13 * 1024 * 1024))
    assert (large.status_code, large.json()["code"]) == (413, "N28_TOO_LARGE")
    chunked = plain.http.post(f"{plain.url}/fsi/api/callService", content=(b" " * 65536 for _ in range(300)))
    assert chunked.status_code == 413
    rows = purchase()
    rows["drugdetail"] = rows["drugdetail"] * 1001
    assert code_of(plain.send("2102", rows)) == "N29_TOO_MANY_ROWS"


def test_too_many_messages_a_second_are_told_to_wait(serve):
    wire = Wire(serve("--rate", "5").url)
    statuses = {}
    for _ in range(40):
        wire.post(
            *wire.signed(wire.message("1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}}))
        )
        statuses.setdefault(wire.response.status_code, wire.response)
    assert set(statuses) == {200, 429}
    assert "请求过于频繁" in statuses[429].json()["message"]
    assert int(statuses[429].headers["retry-after"]) >= 1


def test_a_file_comes_back_as_the_body(plain):
    content = "甲\t乙\n".encode() * 1000
    upload = {"fsUploadIn": {"in": b64encode(content).decode(), "filename": "对账.txt", "fixmedins_code": HOSPITAL}}
    kept = good(plain.send("9101", upload))
    handle = {"file_qury_no": kept["file_qury_no"], "filename": "对账.txt", "fixmedins_code": HOSPITAL}
    plain.post(*plain.signed(plain.message("9102", {"fsDownloadIn": handle})))
    assert plain.response.content == content
    assert plain.response.headers["content-type"] == "application/octet-stream"
    assert "%E5%AF%B9" in plain.response.headers["content-disposition"]
    foreign = plain.send("9102", {"fsDownloadIn": handle | {"fixmedins_code": PHARMACY}}, fixmedins_code=PHARMACY)
    assert foreign["infcode"] == -1


def test_a_line_that_breaks_in_the_middle_books_nothing(plain):
    before = booked(plain)
    message = plain.message("2102", purchase("0.77"))
    body = json.dumps(message).encode()
    host, port = plain.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as line:
        head = f"POST /fsi/api/callService HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body) + 1}\r\n\r\n"
        line.sendall(head.encode() + body)  # a whole message, but for the last byte that was promised
    time.sleep(0.3)
    assert booked(plain) == before
    good(plain.send_whole(message))
    assert booked(plain) == before + 1


def test_health_metrics_and_openapi(plain):
    plain.send("2102", purchase("11.80"))
    plain.send("2102", {})
    health = plain.http.get(f"{plain.url}/health").json()
    assert (health["status"], health["sandbox"]) == ("ok", True)
    assert "沙箱" in health["warning"]
    assert plain.http.get(f"{plain.url}/ready").json() == {"ready": True, "why": ""}
    text = plain.http.get(f"{plain.url}/metrics").text
    for line in (
        'settlement_requests_total{infno="2102",outcome="ok"}', 'settlement_request_seconds_count{infno="2102"}',
        'settlement_refusals_total{code="N05_WRONG_SHAPE"}', "settlement_commits ", "settlement_group_size ",
        "settlement_queue_depth ",
    ):  # fmt: skip
        assert line in text
    document = plain.http.get(f"{plain.url}/openapi.json").json()
    assert "/fsi/api/2207" in document["paths"]
    assert "N20_NOT_JSON" not in plain.http.post(f"{plain.url}/fsi/api/1201", json={}).text


def test_kill_9_and_restart_lose_nothing(serve):
    running = serve("--no-log-requests")
    acknowledged: list[tuple[dict, bytes]] = []
    sent: list[dict] = []
    stopping = threading.Event()

    def till(number: int) -> None:
        wire = Wire(running.url)
        while not stopping.is_set():
            message = wire.message("2102", purchase("0.10", mdtrt_cert_no=WORKER_CERTNO))
            sent.append(message)
            try:
                good(wire.send_whole(message))
            except httpx.TransportError:
                return
            acknowledged.append((message, wire.response.content))

    with ThreadPoolExecutor(4) as pool:
        tills = [pool.submit(till, number) for number in range(4)]
        while len(acknowledged) < 60:
            time.sleep(0.01)
        running.kill()
        stopping.set()
        [one.result() for one in tills]
    again = Wire(serve("--no-log-requests").url)
    for message, body in acknowledged:
        again.send_whole(message)
        assert again.response.content == body
    for message in sent:  # what was on its way: booked once, now or then
        good(again.send_whole(message))
    expected = 137363 - 10 * len({message["msgid"] for message in sent})
    assert paid(again) == f"{expected / 100:.2f}"


def test_sigterm_answers_what_was_accepted_and_ends_with_0(serve):
    running = serve("--faults", "2102:delay=700ms")
    wire = Wire(running.url)
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(Wire(running.url).send, "2102", purchase("0.20")) for _ in range(5)]
        time.sleep(0.35)  # booked, their answers are held back
        running.process.terminate()
        time.sleep(0.1)
        try:
            late = wire.http.get(f"{running.url}/ready").status_code
        except httpx.TransportError:
            late = 503
        assert late == 503
        assert [good(one.result())["setlinfo"]["medfee_sumamt"] for one in answers] == ["0.20"] * 5
    assert running.stop() == 0
    with pytest.raises(httpx.TransportError):
        wire.send("2102", purchase())
    again = Wire(serve().url)
    assert paid(again) == "1372.63"


def test_a_slow_body_does_not_hold_the_others_up(plain):
    host, port = plain.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as slow:
        slow.sendall(b"POST /fsi/api/callService HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        started = time.monotonic()
        good(plain.send("2102", purchase("0.30")))
        assert time.monotonic() - started < 5


def test_a_port_that_is_taken_is_told(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(AssertionError, match="N42_ADDRESS"):
            Running(tmp_path, port=taken.getsockname()[1])


@pytest.mark.parametrize(
    "store", ["postgresql://till:hidden@db/book", "postgresql://db/book?user=till&password=hidden"]
)
def test_a_database_is_shown_without_its_password(store):
    assert "hidden" not in Settings(store=store).shown_where
    assert Settings(store=store).where == store


def test_a_store_that_is_none_is_told(tmp_path):
    with pytest.raises(AssertionError, match="N48_STORE"):
        Running(tmp_path, "--store", "book1")
    assert not (tmp_path / "book.sqlite").exists()


def test_the_book_of_other_keys_is_not_opened(serve, tmp_path):
    serve(folder="one").stop()
    (tmp_path / "one" / "book.sqlite.keys").unlink()
    with pytest.raises(AssertionError, match=r"V0|L16"):
        serve(folder="one")
