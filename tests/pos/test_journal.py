"""The journal on its own: what is on the disk after any crash, which numbers are used, who may have it, what it hides."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from journal_world import ANNA, SHOP, Clock, certno, open_journal, outgoing, purchase, vault

from pos_adapter import journal_file as files
from pos_adapter.journal import Journal, Owner
from pos_adapter.journal_fold import FAIL, PENDING, REVERSED, SUCCESS, UNKNOWN, Fold
from pos_adapter.journal_rows import (
    Row,
    counted,
    opposite,
    read_result,
    statement,
    summed,
    totals,
)
from settlement.checkout.statement import packed, read_statement
from settlement.errors import BadInput, NotAvailable
from settlement.vault import KeyVault, new_keys

STRIP = {UNKNOWN: UNKNOWN, PENDING: UNKNOWN}  # what a state is after a restart


def row_of(msgid, setl_id="S1", day="2024-05-01", medfee=3700, **more):
    return Row(msgid, setl_id, "M1", ANNA, "220400", "310", "41", "220400", day, medfee, 3000, 700, 0, 0)._replace(
        **more
    )


def states(journal):
    return {entry.msgid: entry.state for entry in journal.entries()}


# --- crashes ---


def test_a_file_cut_anywhere_is_right_or_one_step_earlier(tmp_path):
    clock = Clock()
    journal = open_journal(tmp_path / "whole", clock)
    path = files.files_of(journal.folder)[0]
    steps = [(path.stat().st_size, {})]  # how long the file is when what is known is known

    def note():
        steps.append((path.stat().st_size, states(journal)))

    first, second = outgoing(journal), outgoing(journal)
    journal.write_pending(first)
    note()
    journal.write_state(first.msgid, SUCCESS, "answer", row=row_of(first.msgid))
    note()
    journal.write_pending(second)
    note()
    journal.write_state(second.msgid, UNKNOWN, "answer", "TIMEOUT")
    note()
    undo = outgoing(journal, "2601", {"data": {"psn_no": ANNA, "omsgid": second.msgid, "oinfno": "2102"}})
    journal.write_pending(undo)
    note()
    journal.write_state(undo.msgid, SUCCESS, "answer")
    note()
    assert states(journal)[second.msgid] == REVERSED
    journal.close()
    whole = path.read_bytes()

    ends = [end for end, _ in steps]
    (tmp_path / "one.journal").write_bytes(whole)
    for size in range(len(whole), ends[0] - 1, -1):
        os.truncate(tmp_path / "one.journal", size)
        known = [then for end, then in steps if end <= size][-1]
        fold = Fold()
        for record in files.scan(tmp_path / "one.journal").records:
            fold.take(json.loads(record))
        assert {msgid: entry.state for msgid, entry in fold.entries.items()} == known, size
        if size % 53 and min(abs(size - end) for end in ends) > 1:
            continue  # every byte is looked at, some are lived through
        folder = tmp_path / "cut"
        folder.mkdir()
        (folder / path.name).write_bytes(whole[:size])
        reopened = open_journal(folder, clock)
        assert states(reopened) == {msgid: STRIP.get(state, state) for msgid, state in known.items()}, size
        torn = size not in ends
        assert bool(reopened.notes) == torn
        sound = max(end for end in ends if end <= size)
        assert [aside.read_bytes() for aside in folder.glob("*.torn-*")] == ([whole[sound:size]] if torn else [])
        # and it goes on: a new message is kept, under a number that no message on the disk has
        fresh = outgoing(reopened)
        assert fresh.msgid > max([*known, ""])
        reopened.write_pending(fresh)
        reopened.close()
        again = open_journal(folder, clock)
        assert again.find(fresh.msgid).state == UNKNOWN and again.notes == []
        again.close()
        shutil.rmtree(folder)


@pytest.mark.parametrize("tail", [b"\0" * 300, b"00000123 ", b"\xff" * 40, b"12"])
def test_what_a_power_cut_leaves_behind_the_end_is_put_aside(tmp_path, tail):
    clock = Clock()
    journal = open_journal(tmp_path, clock)
    message = outgoing(journal)
    journal.write_pending(message)
    journal.close()
    path = files.files_of(tmp_path)[0]
    with path.open("ab") as file:
        file.write(tail)
    reopened = open_journal(tmp_path, clock)
    assert states(reopened) == {message.msgid: UNKNOWN}
    assert f"{len(tail)} 字节" in reopened.notes[0]
    assert len(list(tmp_path.glob("*.torn-*"))) == 1
    reopened.close()


def test_every_changed_byte_before_the_last_record_is_damage(tmp_path):
    clock = Clock()
    journal = open_journal(tmp_path, clock)
    ends = []
    for _ in range(3):
        journal.write_pending(outgoing(journal))
        ends.append(files.files_of(tmp_path)[0].stat().st_size)
    journal.close()
    path = files.files_of(tmp_path)[0]
    whole = path.read_bytes()
    for at in range(0, ends[1], 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        with pytest.raises(NotAvailable) as caught:
            open_journal(tmp_path, clock)
        assert caught.value.code == "J02_JOURNAL_DAMAGED", at
        assert "保留原文件夹" in caught.value.zh
    # a record taken out, and two that changed places
    lines = whole.splitlines(keepends=True)
    for spoilt in ([*lines[:1], *lines[2:]], [lines[0], lines[2], lines[1], *lines[3:]]):
        path.write_bytes(b"".join(spoilt))
        with pytest.raises(NotAvailable, match="J02"):
            open_journal(tmp_path, clock)


KILLED = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from journal_world import *
from pos_adapter.journal import china_now
journal = open_journal(Path(sys.argv[1]), china_now)
print("open", flush=True)
while True:
    message = outgoing(journal)
    journal.write_pending(message)
    print("P", message.msgid, flush=True)
    journal.write_state(message.msgid, "SUCCESS", "answer")
    print("S", message.msgid, flush=True)
"""


def test_killed_at_any_moment_it_forgets_nothing_it_had_said(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(new_keys())
    script = KILLED.replace(
        "from journal_world import *",
        "import journal_world\nfrom journal_world import *\n"
        f"journal_world.vault = lambda: KeyVault.from_text(open({str(keys)!r}).read())",
    )
    told = {}
    for turn in range(4):
        process = subprocess.Popen(
            [sys.executable, "-c", script, tmp_path / "till", Path(__file__).parent], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout.readline().strip() == "open"
        time.sleep(0.03 + 0.02 * turn)
        process.send_signal(signal.SIGKILL)
        for line in process.communicate()[0].splitlines():
            if line[:2] in ("P ", "S ") and len(line) == 32:
                assert line[0] == "S" or line[2:] not in told, "a number was used twice"
                told[line[2:]] = line[0]
    owner = Owner(SHOP, 7, KeyVault.from_text(keys.read_text()))
    journal = Journal(tmp_path / "till", owner)
    assert len(told) > 4
    for msgid, word in told.items():
        entry = journal.find(msgid)
        assert entry is not None
        assert entry.state == SUCCESS if word == "S" else entry.state in (UNKNOWN, SUCCESS)
    journal.close()


# --- the disk ---

FULL = """
import resource, signal, sys
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from journal_world import *
from settlement.errors import NotAvailable
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = open_journal(Path(sys.argv[1]), Clock())
kept, refused = [], 0
size = next(Path(sys.argv[1]).glob("*.journal")).stat().st_size
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5000, resource.RLIM_INFINITY))
for _ in range(9):
    message = outgoing(journal)
    try:
        journal.write_pending(message)
        kept.append(message.msgid)
    except NotAvailable as error:
        assert error.code == "J03_NOT_WRITTEN" and "未发送" in error.zh, error
        assert journal.find(message.msgid) is None
        refused += 1
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
message = outgoing(journal)
journal.write_pending(message)
kept.append(message.msgid)
journal.close()
again = open_journal(Path(sys.argv[1]), Clock())
assert [entry.msgid for entry in again.entries()] == kept and again.notes == [], again.notes
print(len(kept), refused)
"""


def test_a_full_disk_refuses_before_anything_is_sent_and_room_again_is_enough(tmp_path):
    """A real write that fails in its middle: the system's limit on the size of a file."""
    told = subprocess.run(
        [sys.executable, "-c", FULL, tmp_path / "till", Path(__file__).parent],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    kept, refused = map(int, told.stdout.split())
    assert kept > 1 and refused > 1


def test_too_little_room_for_an_outcome_refuses_the_message(tmp_path, monkeypatch):
    journal = open_journal(tmp_path, Clock())
    message = outgoing(journal)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Free())
    with pytest.raises(NotAvailable, match="J03"):
        journal.write_pending(message)
    assert journal.entries() == []
    journal.close()


class Free:
    free = 4096


def test_a_failed_fsync_stops_the_journal_for_good(tmp_path, monkeypatch):
    journal = open_journal(tmp_path, Clock())
    fails = [OSError(5, "Input/output error")]

    def sync(handle):
        if fails:
            raise fails.pop()

    monkeypatch.setattr(files, "sync", sync)
    message = outgoing(journal)
    for _ in range(2):  # the second fsync would succeed, and prove nothing
        with pytest.raises(NotAvailable, match="J04"):
            journal.write_pending(message)
    assert journal.entries() == [], "what may or may not be on the disk does not count"
    journal.close()


# --- whose it is ---


def test_two_tills_cannot_have_one_journal(tmp_path):
    journal = open_journal(tmp_path, Clock())
    with pytest.raises(NotAvailable) as caught:
        open_journal(tmp_path, Clock())
    assert caught.value.code == "J01_JOURNAL_HELD"
    assert f"pid {os.getpid()}" in caught.value.found
    script = "import sys\nsys.path.insert(0, sys.argv[2])\nfrom journal_world import *\nopen_journal(Path(sys.argv[1]), Clock())"
    told = subprocess.run(
        [sys.executable, "-c", script, tmp_path, Path(__file__).parent], capture_output=True, text=True, check=False
    )
    assert "J01_JOURNAL_HELD" in told.stderr
    journal.close()
    open_journal(tmp_path, Clock()).close()


def test_a_journal_of_another_till_institution_or_key_is_refused(tmp_path):
    open_journal(tmp_path, Clock()).close()
    others = [
        Owner(SHOP, 8, vault()), Owner("P22040000002", 7, vault()), Owner(SHOP, 7, KeyVault.from_text(new_keys())),
    ]  # fmt: skip
    for owner in others:
        with pytest.raises(BadInput, match="J05"):
            Journal(tmp_path, owner, Clock())
    for code, till_no in (("P2204000000", 7), ("P2204000000é", 7), (SHOP, 100), (SHOP, -1)):
        with pytest.raises(BadInput, match="J16"):
            Journal(tmp_path, Owner(code, till_no, vault()), Clock())


# --- numbers and clocks ---


def test_a_msgid_names_institution_time_till_and_number(tmp_path):
    journal = open_journal(tmp_path, Clock())
    assert journal.next_msgid() == f"{SHOP}202405010900000700"
    assert journal.next_msgid() == f"{SHOP}202405010900000701"
    journal.close()


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.sampled_from(["message", "message", "question", "restart"]),
            st.sampled_from([1, 3, 70, 86_400, -2, -3600, -86_400 * 40, 86_400 * 366]),
        ),
        max_size=40,
    )
)
def test_no_clock_and_no_restart_makes_a_number_twice(tmp_path_factory, acts):
    folder, clock = tmp_path_factory.mktemp("till"), Clock()
    journal, used, sent = open_journal(folder, clock), [], {}
    for act in acts:
        if act == "message":
            message = outgoing(journal)
            journal.write_pending(message)
            used.append(message.msgid)
            sent[message.msgid] = UNKNOWN
        elif act == "question":
            used.append(journal.next_msgid(kept=False))
        elif act == "restart":
            journal.close()
            journal = open_journal(folder, clock)
        else:
            clock.go(seconds=act)
    assert used == sorted(set(used))
    journal.close()
    journal = open_journal(folder, clock)
    assert {entry.msgid: entry.state for entry in journal.pending()} == sent, "what is open is carried into every file"
    assert {msgid: journal.find(msgid).state for msgid in sent} == sent
    journal.close()


def test_more_than_a_hundred_in_a_second_go_into_the_next(tmp_path):
    journal = open_journal(tmp_path, Clock())
    numbers = [journal.next_msgid() for _ in range(250)]
    assert len(set(numbers)) == 250
    assert numbers[-1][12:] == "202405010900020749"
    journal.close()


# --- days ---


def test_a_day_begins_a_file_with_what_is_open_and_an_old_message_can_be_taken_up(tmp_path):
    clock = Clock()
    journal = open_journal(tmp_path, clock)
    done, still = outgoing(journal), outgoing(journal)
    journal.write_pending(done)
    journal.write_state(done.msgid, SUCCESS, "query", row=row_of(done.msgid))
    journal.write_pending(still)
    journal.write_state(still.msgid, UNKNOWN, "answer", "TIMEOUT")
    for _ in range(3):
        clock.go(days=1)
        journal.write_pending(outgoing(journal))
    assert [path.name for path in files.files_of(tmp_path)] == [
        f"{number:06d}-2024-05-{number:02d}.journal" for number in range(1, 5)
    ]
    assert done.msgid not in states(journal) and states(journal)[still.msgid] == UNKNOWN
    assert journal.find(done.msgid).state == SUCCESS
    assert journal.said(done.msgid).input == done.input
    # a 2601 three days later names it: it is reversed, here and after a restart
    undo = outgoing(journal, "2601", {"data": {"psn_no": ANNA, "omsgid": done.msgid, "oinfno": "2102"}})
    journal.write_pending(undo)
    back = opposite(journal.row(done.msgid), undo.msgid, "2024-05-04")
    journal.write_state(undo.msgid, SUCCESS, "answer", row=back)
    clock.go(days=1)
    journal.write_pending(outgoing(journal))
    journal.close()
    journal = open_journal(tmp_path, clock)
    assert journal.find(done.msgid).state == REVERSED
    assert [row.day for row in journal.rows()] == ["2024-05-01", "2024-05-04"]
    assert [row.day for row in journal.rows("2024-05-04", "2024-05-09")] == ["2024-05-04"]
    assert summed(journal.rows()) == (0, 0, 0, 0, 0)
    journal.close()


def test_a_file_that_is_missing_is_told_and_one_that_was_cut_is_refused(tmp_path):
    clock = Clock()
    journal = open_journal(tmp_path, clock)
    journal.write_pending(outgoing(journal))
    clock.go(days=1)
    journal.write_pending(outgoing(journal))
    journal.close()
    first = files.files_of(tmp_path)[0]
    whole = first.read_bytes()
    first.write_bytes(b"".join(whole.splitlines(keepends=True)[:-1]))
    with pytest.raises(NotAvailable, match="J02"):
        open_journal(tmp_path, clock)
    first.unlink()
    journal = open_journal(tmp_path, clock)
    assert "缺少第 1 号" in journal.notes[0]
    journal.close()


# --- what it hides ---


def test_no_person_no_token_and_no_password_is_in_the_files(tmp_path):
    journal = open_journal(tmp_path, Clock())
    token = "EC20240501TOKEN0123456789"
    nodes = purchase("2024-05-01 09:00:00", mdtrt_cert_type="01", mdtrt_cert_no=token, psn_name="张三", pin="123456")
    message = outgoing(journal, nodes=nodes)
    assert journal.write_pending(message).masked
    told = {"text": f"张三 {certno(ANNA)}", "output": {"setlinfo": {"psn_name": "张三", "certno": certno(ANNA)}}}
    journal.write_state(message.msgid, SUCCESS, "answer", told=told, row=row_of(message.msgid))
    plain = outgoing(journal)
    assert not journal.write_pending(plain).masked
    kept = journal.said(message.msgid).input["druginfo"]
    assert (kept["mdtrt_cert_no"], kept["pin"], kept["psn_name"]) == ("***", "***", "张三")
    assert journal.said(plain.msgid) == plain, "what holds no secret can be sent again as it was"
    assert journal.told(message.msgid)["output"] == told["output"]
    journal.close()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        for secret in (token, "123456", "张三", certno(ANNA), ANNA):
            assert secret.encode() not in content, path.name
        assert path.stat().st_mode & 0o077 == 0, path.name


def test_a_sealed_record_that_is_moved_to_another_message_does_not_open(tmp_path):
    journal = open_journal(tmp_path, Clock())
    first, second = outgoing(journal), outgoing(journal)
    journal.write_pending(first)
    journal.write_pending(second)
    one, other = journal._fold.raw[first.msgid][0], journal._fold.raw[second.msgid][0]
    one["s"], other["s"] = other["s"], one["s"]
    with pytest.raises(NotAvailable, match="V02"):
        journal.said(first.msgid)
    journal.close()


# --- states ---


def test_only_evidence_changes_a_state(tmp_path):
    journal = open_journal(tmp_path, Clock())
    message = outgoing(journal)
    journal.write_pending(message)
    with pytest.raises(BadInput, match="J15"):
        journal.write_pending(message)
    with pytest.raises(BadInput, match="J15"):
        journal.write_state(message.msgid, REVERSED, "answer")
    journal.write_state(message.msgid, FAIL, "answer")
    for state in (SUCCESS, UNKNOWN, REVERSED, FAIL):
        with pytest.raises(BadInput, match="J15"):
            journal.write_state(message.msgid, state, "query")
    journal.write_state(message.msgid, UNKNOWN, "3202")  # the platform has it all the same
    journal.write_state(message.msgid, SUCCESS, "query")
    with pytest.raises(BadInput, match="J10"):
        journal.write_state(f"{SHOP}202405010900009999", SUCCESS, "query")
    assert not re.search("J1", "".join(journal.notes))
    journal.close()


# --- rows ---


def test_totals_count_a_minus_row_as_minus_one_or_leave_both_out():
    good, other = row_of("m1", "S1"), row_of("m2", "S2", medfee=5000)
    back = opposite(good, "m3", "2024-05-02", "R1")
    again = opposite(back, "m4", "2024-05-03")
    (group, sums), (later, minus) = totals([good, other, back]).items()
    assert (group.insutype, group.clr_type, group.setl_optins, group.day) == ("310", "41", "220400", "2024-05-01")
    assert (sums.medfee_fen, sums.setl_cnt, later.day, minus.medfee_fen, minus.setl_cnt) == (
        8700,
        2,
        "2024-05-02",
        -3700,
        -1,
    )
    assert counted([good, other, back], refunds=False) == [other]
    assert counted([good, other, back, again], refunds=False) == [other, good]
    assert summed([good, back]) == (0, 0, 0, 0, 0)
    shared = [row_of("m1")._replace(mulaid_fen=5)]
    assert [summed(shared, with_mulaid).acct_fen for with_mulaid in (False, True)] == [700, 705]


def test_the_statement_is_what_the_service_reads():
    good = row_of("m1", "S1")
    read = read_statement(statement([good, opposite(good, "m2", "2024-05-01")]))
    assert [(row.setl_id, row.psn_no, row.medfee_fen, row.acct_fen, row.refund) for row in read] == [
        ("S1", ANNA, 3700, 700, False), ("S1", ANNA, -3700, -700, True),
    ]  # fmt: skip
    assert read_statement(statement([])) == []


@pytest.mark.parametrize("rslt", ["1", "000101"])
def test_a_result_is_read_in_both_spellings_and_both_orders(rslt):
    cells = ["P", "M", "S", "MSG", rslt, "0", "说明", "37.00", "30.00", "7.00", "null"]
    for first in (True, False):
        pair = cells[4:6] if first else cells[5:3:-1]
        line = "\t".join([*cells[:4], *pair, *cells[6:]])
        (read,) = read_result(packed("r.txt", line + "\n"), first)
        assert (read.msgid, read.stmt_rslt, read.refund, read.medfee_fen) == ("MSG", "1", False, 3700)


@pytest.mark.parametrize("line", ["a\tb", "P\tM\tS\tMSG\t7\t0\tm\t1\t1\t1", "P\tM\tS\tMSG\t1\t0\tm\tx\t1\t1"])
def test_a_result_that_cannot_be_read_is_not_used(line):
    with pytest.raises(BadInput, match="J17"):
        read_result(packed("r.txt", line + "\n"))


def test_the_clock_is_china_s():
    from pos_adapter.journal import china_now

    assert abs((china_now() - datetime.now(UTC).replace(tzinfo=None)).total_seconds() - 8 * 3600) < 5
