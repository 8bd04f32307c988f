"""The sandbox: faults on purpose, each doing what it says and losing nothing; the log of requests; `settlement call`."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from datetime import datetime

import httpx
import pytest
from wire import HOSPITAL, ROOT, WORKER, Running, Wire, code_of, good, purchase

from settlement.errors import BadInput
from settlement.national.sandbox_faults import Fate, Faults, read_faults


def booked(running: Running) -> int:
    text = httpx.get(f"{running.url}/metrics", trust_env=False).text
    return int(float(re.search(r"(?m)^settlement_booked (\S+)", text)[1]))


def test_a_lost_answer_is_there_for_the_repeat(serve):
    running = serve("--faults", "2102:drop=0.5", "--seed", "7")
    wire = Wire(running.url)
    lost = 0
    for number in range(20):
        message = wire.message("2102", purchase(f"1.{number:02d}"))
        for _ in range(30):
            try:
                answer = wire.send_whole(message)
                break
            except httpx.TransportError:
                lost += 1
        else:
            raise AssertionError("every answer was lost")
        assert good(answer)["setlinfo"]["medfee_sumamt"] == f"1.{number:02d}"
    assert 8 <= lost <= 40
    assert booked(running) == 20


def test_the_same_seed_draws_the_same_faults(serve):
    def course(seed: str, folder: str) -> list[bool]:
        wire = Wire(serve("--faults", "*:refuse=0.5", "--seed", seed, folder=folder).url)
        return [str(wire.send("2102", purchase("1.00"))["infcode"]) == "0" for _ in range(24)]

    one = course("3", "one")
    assert course("3", "two") == one
    assert course("4", "three") != one
    assert {True, False} == set(one)


def test_a_refused_message_is_not_booked_and_may_be_sent_again(serve):
    running = serve("--faults", "2102:refuse=1")
    wire = Wire(running.url)
    answer = wire.send("2102", purchase())
    assert (answer["infcode"], code_of(answer)) == (-1, "N95_SANDBOX_FAULT")
    assert "系统繁忙" in answer["err_msg"]
    assert booked(running) == 0
    good(wire.send("1201", {"medinsinfo": {"fixmedins_type": "1", "fixmedins_code": HOSPITAL}}))


def test_a_message_that_comes_twice_is_booked_once(serve):
    running = serve("--faults", "2102:duplicate=1")
    wire = Wire(running.url)
    message = wire.message("2102", purchase())
    first = good(wire.send_whole(message))
    assert good(wire.send_whole(message)) == first
    assert booked(running) == 1
    assert first["setlinfo"]["balc"] == "1355.13"


def test_a_late_answer_and_a_clock_that_is_off(serve):
    wire = Wire(serve("--faults", "2102:delay=300ms; 2101:skew=-2h; *:delay=0ms").url)
    started = time.monotonic()
    good(wire.send("2102", purchase()))
    assert time.monotonic() - started >= 0.3
    answer = wire.send("2101", purchase())
    good(answer)
    off = datetime.now() - datetime.strptime(answer["respond_time"][:14], "%Y%m%d%H%M%S")
    assert 7100 < off.total_seconds() < 7300
    assert abs(int(answer["refmsg_time"][:10]) - int(answer["respond_time"][:10])) <= 1
    good(wire.send("2102", purchase("2.00")))  # the book's own clock was not touched


def test_faults_may_stand_in_a_file(tmp_path):
    file = tmp_path / "faults.txt"
    file.write_text("# a bad day\n2207: drop=0.1, delay=200ms@0.5\n*: refuse=0.01 ; 2208:skew=+1h\n", encoding="utf-8")
    plan = read_faults(str(file))
    assert plan.faults == {
        "2207": Faults(drop=0.1, delay_s=0.2, delay=0.5), "*": Faults(refuse=0.01),
        "2208": Faults(skew_s=3600.0, skew=1.0),
    }  # fmt: skip


def test_one_rate_changes_its_own_fault_only():
    plans = [read_faults(said, 5) for said in ("2207:drop=0.3", "2207:drop=0.3,refuse=0.5,delay=1s@0.2")]
    fates = [[plan.fate("2207") for _ in range(200)] for plan in plans]
    assert [fate.drop for fate in fates[0]] == [fate.drop for fate in fates[1]]
    assert 40 < sum(fate.drop for fate in fates[0]) < 80
    assert plans[0].fate("1101") == Fate()


@pytest.mark.parametrize(
    "said",
    ["nothing", "2207", "abc:drop=1", "2207:explode=1", "2207:drop=2", "2207:drop=x", "2207:delay=5", "2207:delay=1d@1",
     "2207:delay=-1s", "2207:delay=1h", "2207:drop"],
)  # fmt: skip
def test_a_fault_that_cannot_be_read_is_told(said):
    with pytest.raises(BadInput, match="N90_FAULTS"):
        read_faults(said)


def test_there_are_no_faults_where_clients_are_real(tmp_path):
    clients = tmp_path / "clients.toml"
    clients.write_text((ROOT / "data/sandbox_clients.toml").read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(AssertionError, match="N43_ONLY_SANDBOX"):
        Running(tmp_path, "--clients", str(clients), "--faults", "*:drop=1")


def test_the_log_of_requests_is_read_by_a_developer(serve):
    running = serve()
    wire = Wire(running.url)
    message = wire.message("2102", purchase("3.30"))
    good(wire.send_whole(message))
    wire.send("2207", {"data": {}})
    page = _eventually(lambda: wire.http.get(f"{running.url}/sandbox/log?infno=2102").text, message["msgid"])
    assert "N01_FIELD_MISSING" not in page
    assert WORKER not in page
    assert "3.30" in page
    assert "http://" not in page.replace(running.url, "") and "https://" not in page  # nothing from another host
    refused = json.loads(
        _eventually(lambda: wire.http.get(f"{running.url}/sandbox/log?infno=2207&format=json").text, "必填")
    )
    assert refused[0]["answer"]["err_msg"].startswith("[N01_FIELD_MISSING]")
    lines = (running.folder / "requests.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["request"]["infno"] for line in lines] == ["2102", "2207"]
    script = wire.http.get(f"{running.url}/sandbox/log", params={"msgid": '"><script>x</script>'}).text
    assert "<script>" not in script


def _eventually(ask, wanted: str) -> str:
    deadline = time.monotonic() + 10
    while wanted not in (text := ask()):
        assert time.monotonic() < deadline, text[:2000]
        time.sleep(0.02)
    return text


def test_the_log_of_requests_can_be_switched_off(serve):
    running = serve("--no-log-requests")
    wire = Wire(running.url)
    good(wire.send("2102", purchase()))
    assert wire.http.get(f"{running.url}/sandbox/log").status_code == 404
    assert not (running.folder / "requests.jsonl").exists()


def call(url: str, infno: str, file, *said: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "settlement.cli", "call", infno, str(file), "--url", url, *said]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


@pytest.mark.parametrize("profile", ["plain", "jilin", "chongqing"])
def test_call_settles_and_says_how_it_ended(services, tmp_path, profile):
    url = services(profile).url
    file = tmp_path / "purchase.json"
    file.write_text(json.dumps(purchase("4.40")), encoding="utf-8")
    msgid = f"P22040000001{int(time.time() * 1000):018d}"
    first = call(url, "2102", file, "--profile", profile, "--msgid", msgid)
    assert first.returncode == 0, first.stdout + first.stderr
    assert json.loads(first.stdout)["output"]["setlinfo"]["medfee_sumamt"] == "4.40"
    again = json.loads(call(url, "2102", file, "--profile", profile, "--msgid", msgid).stdout)
    assert again | {"cainfo": ""} == json.loads(first.stdout) | {"cainfo": ""}  # a signature is new each time
    refused = call(url, "2102", file, "--profile", profile, "--opter", "auditor")
    assert (refused.returncode, "N24_ROLE" in refused.stdout) == (1, True)


def test_call_says_when_nothing_was_sent_and_when_nobody_knows(serve, tmp_path):
    file = tmp_path / "purchase.json"
    file.write_text(json.dumps(purchase()), encoding="utf-8")
    nobody = call("http://127.0.0.1:9", "2102", file)
    assert (nobody.returncode, "no answer" in nobody.stdout) == (2, True)
    assert call("http://127.0.0.1:9", "2102", tmp_path / "missing.json").returncode == 2
    running = serve("--faults", "2102:drop=1")
    lost = call(running.url, "2102", file)
    assert (lost.returncode, "outcome is unknown" in lost.stdout) == (3, True)
    assert booked(running) == 1
