"""``python -m pos_adapter journal``: what an operator sees of a real journal, and resolves at the real service."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from journal_world import ANNA, AREA, INSURED, SHOP, certno, purchase

from pos_adapter.journal import Journal, Owner, china_now
from pos_adapter.journal_cli import OPEN, RESOLVED, journal_app
from pos_adapter.journal_fold import FAIL, PENDING, REVERSED, SUCCESS, UNKNOWN
from pos_adapter.journal_look import look
from pos_adapter.messages import Outgoing
from pos_adapter.national_client import NationalClient, Place
from pos_adapter.till import Desk, Till
from settlement.errors import BadInput, NotAvailable
from settlement.national.profile import load_profile
from settlement.vault import open_vault

PLAIN = load_profile("plain")
NAME = "张三丰"


class World:
    """A till, its key file, and the command line beside it."""

    turn = 40

    def __init__(self, tmp_path, line, capsys):
        World.turn += 1  # a till of its own for each test: the service remembers what others sent
        self.folder, self.keys, self.line, self.capsys = tmp_path / "till", tmp_path / "till.keys", line, capsys
        vault = open_vault(self.keys, create=True)
        self.journal = Journal(self.folder, Owner(SHOP, World.turn, vault))
        client = NationalClient(line.url, PLAIN, Place(SHOP, "辽源示例机构"))
        self.till = Till(self.journal, client, Desk(AREA, "0001", "示例收银员", 2.0), PLAIN)

    def buy(self, fault="pass", **more):
        self.line.plan.append(fault)
        return self.till.send("2102", purchase(f"{china_now():%Y-%m-%d %H:%M:%S}", **more), INSURED).entry

    def run(self, command, *tokens):
        """Run a command; return how it ended and what it printed, which names nobody."""
        ended = journal_app(
            [command, str(self.folder), *tokens, "--keys", str(self.keys)], result_action="return_value"
        )
        out = self.capsys.readouterr().out
        for personal in (NAME, ANNA, certno(ANNA), "示例收银员"):
            assert personal not in out
        return ended, out

    def resolve(self, *tokens, url=""):
        self.journal.close()
        return self.run("resolve", "--url", url or self.line.url, *tokens)


@pytest.fixture
def world(tmp_path, line, capsys):
    made = World(tmp_path, line, capsys)
    yield made
    made.journal.close()


def test_what_is_open_is_listed_beside_the_running_till(world):
    assert world.run("list")[0] == RESOLVED
    done, lost = world.buy(), world.buy("drop", psn_name=NAME)
    assert (done.state, lost.state) == (SUCCESS, UNKNOWN)
    size = sum(path.stat().st_size for path in world.folder.iterdir())
    ended, out = world.run("list")
    assert ended == OPEN and lost.msgid in out and done.msgid not in out
    for shown in ("2102", lost.sent_at, "medfee_sumamt 37.00", "UNKNOWN 结果未知", "请点“核对”", "resolve it"):
        assert shown in out
    assert sum(path.stat().st_size for path in world.folder.iterdir()) == size  # looking writes nothing


def test_a_message_under_way_stays_pending(world):
    nodes = purchase("2024-05-01 09:00:00")
    message = Outgoing("2102", world.journal.next_msgid(), nodes, AREA, INSURED, "0001", "示例收银员")
    world.journal.write_pending(message)
    ended, out = world.run("list")
    assert ended == OPEN and "under way" in out
    assert world.journal.find(message.msgid).state == PENDING
    assert look(world.folder, open_vault(world.keys)).find(message.msgid).state == PENDING


def test_resolving_waits_for_the_till_to_end_and_then_finds_out(world):
    lost = world.buy("drop")
    with pytest.raises(NotAvailable, match="J01"):
        world.run("resolve", "--url", world.line.url)
    ended, out = world.resolve()
    assert ended == RESOLVED and "已查实" in out and "found: the platform has it" in out
    ended, out = world.run("show", lost.msgid)
    known = json.loads(out)
    assert (ended, known["state"], known["by"], known["infno"]) == (RESOLVED, SUCCESS, "query", "2102")
    assert known["amounts"]["medfee_sumamt"] == "37.00" and known["setl_id"] and known["mdtrt_id"]
    assert world.run("list") == (RESOLVED, f"{SHOP} till {World.turn:02d} 终端: 0 open 待核对\n")


def test_what_is_to_be_undone_is_named(world):
    kept, undone = world.buy("drop"), world.buy("drop", cnt=4)
    with pytest.raises(BadInput, match="J10"):
        world.resolve("--undo", "P22040000001202405010900000700")
    ended, out = world.resolve("--undo", undone.msgid)
    assert ended == RESOLVED and "已冲正" in out
    seen = look(world.folder, open_vault(world.keys))
    assert (seen.find(kept.msgid).state, seen.find(undone.msgid).state) == (SUCCESS, REVERSED)


def test_without_a_line_it_stays_open(world):
    lost = world.buy("drop")
    ended, out = world.resolve(url="http://127.0.0.1:1")  # nobody listens there
    assert ended == OPEN and "no answer from the platform" in out and "1 open" in out
    assert look(world.folder, open_vault(world.keys)).find(lost.msgid).state == UNKNOWN


def test_a_platform_that_names_somebody_is_not_repeated(world):
    message = Outgoing(
        "2102", world.journal.next_msgid(), purchase("2024-05-01 09:00:00", psn_name=NAME), AREA, INSURED, "1", "x"
    )
    world.journal.write_pending(message)
    text = f"{NAME}（{certno(ANNA)}，{ANNA}）未参保，编码 31"
    world.journal.write_state(message.msgid, FAIL, "answer", "B1", told={"text": text, "output": {"gend": "1"}})
    said = json.loads(world.run("show", message.msgid)[1])["platform_said"]
    assert "未参保，编码 31" in said and "•••" in said


def test_other_keys_another_folder_and_an_unknown_message_are_refused(world, tmp_path):
    lost = world.buy("drop")
    other = tmp_path / "other.keys"
    open_vault(other, create=True)
    refused = [
        (["list", str(world.folder), "--keys", str(other)], "J05"), (["list", str(tmp_path), "--keys", str(world.keys)], "J19"),
        (["list", str(tmp_path / "none"), "--keys", str(world.keys)], "J19"),
        (["show", str(world.folder), lost.msgid[:-1] + "9", "--keys", str(world.keys)], "J10"),
    ]  # fmt: skip
    for tokens, code in refused:
        with pytest.raises(BadInput, match=code) as error:
            journal_app(tokens, result_action="return_value")
        assert error.value.zh
    assert not (tmp_path / "none").exists()


def test_the_command_ends_with_three_while_something_is_open(world):
    world.buy("drop")
    command = [sys.executable, "-m", "pos_adapter", "journal", "list", str(world.folder), "--keys", str(world.keys)]
    env = os.environ | {"PYTHONUTF8": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.returncode == OPEN and "1 open" in done.stdout and done.stderr == ""
    command[-1] = str(world.folder)
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=env)
    assert done.returncode == 1 and "Traceback" not in done.stderr


def test_a_second_reversal_is_never_advised(world):
    """While a 2601 is under way or not answered, and after it was refused, the advice is to wait or to ask."""
    lost = world.buy("drop")
    assert "--undo" in world.run("list")[1]
    nodes = {"data": {"psn_no": ANNA, "omsgid": lost.msgid, "oinfno": "2102"}}
    undo = Outgoing("2601", world.journal.next_msgid(), nodes, AREA, INSURED, "0001", "示例收银员")
    world.journal.write_pending(undo)
    advised = [world.run("list")[1]]
    world.journal.write_state(undo.msgid, UNKNOWN, "answer")
    advised.append(world.run("list")[1])
    assert all("send no second one" in out and "--undo" not in out for out in advised)
    world.journal.write_state(undo.msgid, FAIL, "3202")
    out = world.run("list")[1]
    assert "its 2601 was refused" in out and "--undo" not in out
