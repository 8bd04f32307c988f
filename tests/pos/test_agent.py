"""The terminal's local service over real HTTP, with the real card service behind it."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.xdist_group("pcsc")
ROOT = Path(__file__).parents[2]
PAGE = "http://127.0.0.1:9999"
CERTNO = "220400199912310022"


def start(folder, port):
    return subprocess.Popen(
        [sys.executable, "-m", "pos_adapter", "agent", "--folder", str(folder), "--port", str(port), "--origin", PAGE],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def agent(stack, tmp_path):
    """Yield (client, port, folder) of a running agent whose readers are known; its output must hold no secret."""
    port = free_port()
    with start(tmp_path, port) as process:
        assert str(port) in process.stdout.readline()
        token = (tmp_path / "agent.token").read_text()
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {token}"}) as client:
            deadline = time.monotonic() + 10
            while True:
                try:
                    if len(client.get("/readers").json()) == len(stack.readers):
                        break
                except httpx.TransportError:
                    pass
                assert time.monotonic() < deadline
                time.sleep(0.05)
            yield client, port, tmp_path
        process.send_signal(signal.SIGINT)
        said = process.stdout.read()
        process.wait(timeout=10)
    for slot in stack.slots:
        slot.pull()
    assert not any(secret in said for secret in (token, CERTNO, "654321", "975310")), said


def stream(client, **more):
    """Yield the events of a stream: (id, kind, data)."""
    with client.stream("GET", "/events", timeout=10, **more) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        one = {}
        for line in response.iter_lines():
            if not line and "id" in one:
                yield int(one["id"]), one["event"], json.loads(one["data"])
                one = {}
            elif line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                one[name] = value


def until(client, kind, **more):
    """Return the events of a stream up to one of a kind."""
    seen = []
    for event in stream(client, **more):
        seen.append(event)
        if event[1] == kind:
            return seen
    raise AssertionError(seen)


def test_a_page_follows_the_reader_reads_and_binds(stack, agent, card):
    client, _, _ = agent
    reader = stack.readers[0]
    stack.slots[0].insert(card(2))
    seen = until(client, "identity")
    assert [number for number, _, _ in seen] == list(range(1, len(seen) + 1))
    assert [kind for _, kind, _ in seen][-3:] == ["card_in", "reading", "identity"]
    seq, _, told = seen[-1]
    assert told["identity"]["certno"] == "2204************22"
    assert client.get("/readers", params={"full": "1"}).json()[reader]["event"]["identity"]["certno"] == CERTNO
    assert client.post("/still-there", json={"reader": reader, "seq": seq}).json() == {"still_there": True}
    assert client.post("/still-there", json={"reader": reader, "seq": seq - 1}).json()["code"] == "D21_OTHER_CARD"
    wrong = client.post("/pin/verify", params={"reader": reader, "seq": seq}, content=b"975310")
    assert (wrong.status_code, wrong.json()["code"], "还可试 2 次" in wrong.json()["zh"]) == (
        409,
        "D30_PIN_WRONG",
        True,
    )
    right = client.post("/pin/verify", params={"reader": reader, "seq": seq}, content=b"654321")
    assert right.json() == {"verified": True, "initial": False}
    stack.slots[0].pull()
    resumed = until(client, "card_out", headers={"Last-Event-ID": str(seq)})
    assert resumed[0][0] == seq + 1, "nothing is told twice"
    assert client.post("/still-there", json={"reader": reader, "seq": seq}).json()["code"] == "D04_CARD_GONE"
    assert client.post("/read", json={"reader": "nobody's"}).json()["code"] == "D02_NO_READER"


def test_only_this_machine_the_allowed_page_and_the_token_are_answered(agent):
    client, port, folder = agent
    bare = httpx.Client(base_url=f"http://127.0.0.1:{port}")
    assert bare.get("/health").json() == {"ok": True, "service": True}
    for path in ("/readers", "/events"):
        assert bare.get(path).json()["code"] == "A03_TOKEN"
        assert bare.get(path, headers={"Authorization": "Bearer no"}).status_code == 401
        assert client.get(path, headers={"Host": f"evil.example:{port}"}).json()["code"] == "A01_WRONG_HOST"
        assert client.get(path, headers={"Origin": "http://evil.example"}).json()["code"] == "A02_ORIGIN"
    allowed = client.get("/readers", headers={"Origin": PAGE})
    assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (200, PAGE)
    assert (folder / "agent.token").stat().st_mode & 0o077 == 0
    too_long = client.post("/pin/verify", content=b"1" * 5000)
    assert (too_long.status_code, too_long.json()["code"]) == (413, "A04_TOO_LONG")
    bare.close()
    with socket.socket() as elsewhere:  # every other address of this machine is deaf
        assert elsewhere.connect_ex(("127.0.0.2", port)) != 0


def test_one_agent_a_folder(agent):
    _, _, folder = agent
    with start(folder, free_port()) as second:
        said = second.stdout.read()
        assert second.wait(timeout=20) == 1
    assert said.startswith("本机读卡服务已在运行") and "A05_RUNNING" in said and "Traceback" not in said
