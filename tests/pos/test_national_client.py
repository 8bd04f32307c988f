"""A till against the real service over a line that fails: what it does not know it finds out, and never guesses."""

from __future__ import annotations

import json
import re
import threading
import time
import tomllib
from datetime import timedelta
from pathlib import Path

import pytest
from bad_line import BadLine
from journal_world import ANNA, AREA, INSURED, SHOP, open_journal, purchase
from real_service import running_service

from pos_adapter import journal_refusals as refusals
from pos_adapter.journal import china_now
from pos_adapter.journal_fold import FAIL, PENDING, REVERSED, SUCCESS, UNKNOWN
from pos_adapter.journal_report import findings_report, reconciled_report, report
from pos_adapter.messages import DONE, REFUSED, UNCLEAR, UNSENT, Outgoing
from pos_adapter.national_client import Came, NationalClient, Place, read_reply
from pos_adapter.platforms import Ways, ways_of
from pos_adapter.reconciling import reconcile
from pos_adapter.resolving import FOUND, MANUAL, NO_LINE, NOTHING, REFUSED_TOO, UNDONE, WAITS, resolve
from pos_adapter.till import NOT_KEPT_ZH, Desk, Till
from settlement.checkout import DATA
from settlement.errors import BadInput
from settlement.national.profile import list_profiles, load_profile
from settlement.national.signing import party_of

PLAIN = load_profile("plain")
HOSPITAL, OTHER_SHOP = "H22040000001", "P22040000002"
DEADLINE = 2.0


class World:
    """One till with its line; its clock is the machine's, put forward as a test wants."""

    turn = 10

    def __init__(self, folder, line, ways=None, code=SHOP):
        World.turn += 1  # a till of its own for each test: the service remembers what others sent
        self.folder, self.line, self.ahead, self.ways, self.till_no = folder, line, timedelta(), ways, World.turn
        self.code = code
        self.journal = open_journal(folder, self.clock, self.till_no, code)
        self.open_till(line.url)

    def clock(self):
        return china_now() + self.ahead

    def open_till(self, url):
        client = NationalClient(url, PLAIN, Place(self.code, "辽源示例机构"))
        self.till = Till(self.journal, client, Desk(AREA, "0001", "示例收银员", DEADLINE), PLAIN, self.ways)

    def restart(self):
        self.journal.close()
        self.journal = open_journal(self.folder, self.clock, self.till_no, self.code)
        self.open_till(self.line.url)

    def later(self):
        self.ahead += timedelta(seconds=61)

    def buy(self, fault="pass", cnt=2, **more):
        self.line.plan.append(fault)
        return self.till.send("2102", purchase(f"{china_now():%Y-%m-%d %H:%M:%S}", cnt=cnt, **more), INSURED)

    def balance(self):
        reply = self.till.question("1101", {"data": {"mdtrt_cert_type": "02", "mdtrt_cert_no": ANNA_CERT}})
        return {row["insutype"]: row["balc"] for row in reply.output["insuinfo"]}["310"]

    def asked(self, msgid):
        return self.till.question("5203", {"data": {"psn_no": ANNA, "medins_setl_id": msgid}}, INSURED)


ANNA_CERT = next(
    one["certno"] for one in json.loads((DATA / "registry.json").read_text())["persons"] if one["psn_no"] == ANNA
)


@pytest.fixture
def world(tmp_path, line):
    made = World(tmp_path / "till", line)
    yield made
    made.journal.close()


def always(_):
    return True


# --- one message ---


def test_a_settlement_that_is_answered_is_booked(world):
    sent = world.buy()
    assert (sent.entry.state, sent.entry.booked, sent.note) == (SUCCESS, True, "")
    info = sent.reply.output["setlinfo"]
    row = world.journal.row(sent.entry.msgid)
    assert (row.medfee_fen, row.setl_id, row.clr_type, row.setl_optins) == (
        3700,
        info["setl_id"],
        "41",
        info["clr_optins"],
    )
    assert row.medfee_fen == row.fund_fen + row.acct_fen + row.cash_fen
    assert world.till.pending() == [] and "没有待核对" in report(world.till)


def test_a_refusal_is_a_clear_fail(world):
    sent = world.buy(insutype="999")
    assert (sent.entry.state, world.till.pending()) == (FAIL, [])
    assert sent.entry.code and sent.entry.code in sent.reply.text


def test_what_could_not_leave_is_not_unknown(world):
    world.open_till("http://127.0.0.1:9")
    sent = world.till.send("2102", purchase("2024-05-01 09:00:00"), INSURED)
    assert (sent.entry.state, sent.entry.by, sent.entry.code) == (FAIL, "unsent", "NO_CONNECTION")
    assert sent.reply.outcome == UNSENT


@pytest.mark.parametrize("fault", ["drop", "half", "garbage", "gateway", "slow", "hold"])
def test_every_other_failure_is_unknown_within_the_deadline(world, fault):
    world.line.wait_s = DEADLINE + 1
    begun = time.monotonic()
    sent = world.buy(fault)
    assert time.monotonic() - begun < DEADLINE + 0.5
    assert sent.entry.state == UNKNOWN
    assert sent.entry.code in {"BROKEN_LINE", "N20_NOT_JSON", "HTTP_502", "TIMEOUT"}
    assert [entry.msgid for entry in world.till.pending()] == [sent.entry.msgid]
    told = report(world.till)
    assert "结果未知" in told and sent.entry.msgid in told and "不要重新收费" in told
    assert ANNA not in told and ANNA_CERT not in told


def test_ctrl_c_while_it_waits_leaves_an_unknown_outcome(world, monkeypatch):
    def ask(message, deadline_s):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(world.till.line, "ask", ask)
        with pytest.raises(KeyboardInterrupt):
            world.buy()
    (entry,) = world.till.pending()
    assert (entry.state, entry.by) == (UNKNOWN, "interrupted")
    world.line.plan.clear()
    assert [finding.did for finding in resolve(world.till)] == [FOUND]


def test_an_outcome_that_finds_no_room_on_the_disk_is_told_and_found_again(world, monkeypatch):
    def full(*args, **kwargs):
        raise refusals.not_written("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(world.journal, "write_state", full)
        sent = world.buy()
    assert (sent.entry.state, sent.note) == (SUCCESS, NOT_KEPT_ZH)
    assert world.journal.find(sent.entry.msgid).state == PENDING
    world.restart()
    assert [finding.did for finding in resolve(world.till)] == [FOUND]
    assert world.journal.row(sent.entry.msgid).medfee_fen == 3700


# --- resolving ---


@pytest.mark.parametrize("fault", ["drop", "half", "garbage", "gateway"])
@pytest.mark.parametrize("restart", [False, True])
def test_an_answer_lost_after_the_commit_is_found_by_asking(world, fault, restart):
    sent = world.buy(fault)
    if restart:
        world.restart()
    (finding,) = resolve(world.till)
    assert (finding.did, finding.entry.state, finding.entry.by) == (FOUND, SUCCESS, "query")
    assert world.journal.row(sent.entry.msgid).medfee_fen == 3700
    assert world.line.delivered == 2, "one settlement, one question: nothing was sent twice"
    assert "已查实" in findings_report([finding])
    assert resolve(world.till) == []


def test_undo_reverses_what_the_service_had_booked_and_books_the_opposite_row(world):
    before = world.balance()
    sent = world.buy("drop")
    assert world.balance() != before
    (finding,) = resolve(world.till, always)
    assert (finding.did, finding.entry.state, finding.entry.booked) == (UNDONE, REVERSED, False)
    assert world.balance() == before
    rows = list(world.journal.rows())
    assert [row.medfee_fen for row in rows] == [3700, -3700]
    assert rows[1].msgid == finding.entry.undo != sent.entry.msgid
    with pytest.raises(BadInput, match="J13"):
        world.till.undo(sent.entry.msgid)


def test_a_late_original_is_refused_after_its_2601(world):
    before = world.balance()
    sent = world.buy("hold")
    (finding,) = resolve(world.till, always)
    assert (finding.did, finding.entry.state, finding.entry.booked) == (UNDONE, REVERSED, False)
    world.line.deliver()  # now it arrives
    assert world.asked(sent.entry.msgid).code == "B02_MESSAGE_REVERSED"
    assert world.balance() == before
    assert list(world.journal.rows()) == []


@pytest.mark.parametrize("turn", range(3))
def test_a_2601_that_races_its_original_ends_one_way_only(world, turn):
    before = world.balance()
    sent = world.buy("hold")
    late = threading.Thread(target=world.line.deliver)
    late.start()
    (finding,) = resolve(world.till, always)
    late.join()
    assert (finding.did, finding.entry.state) == (UNDONE, REVERSED)
    assert world.balance() == before
    assert sum(row.medfee_fen for row in world.journal.rows()) == 0
    assert world.asked(sent.entry.msgid).outcome in (DONE, REFUSED)


def test_what_never_arrived_is_sent_again_as_it_was(world):
    sent = world.buy("hold")
    (finding,) = resolve(world.till)
    assert (finding.did, finding.entry.state, finding.entry.by, finding.entry.attempts) == (FOUND, SUCCESS, "repeat", 2)
    balance = world.balance()
    world.line.deliver()  # the late original meets the record of the repeat
    assert world.balance() == balance
    assert world.asked(sent.entry.msgid).output["setlinfo"]["setl_id"] == world.journal.row(sent.entry.msgid).setl_id


def test_a_repeat_that_is_refused_proves_nothing_until_it_is_late(world):
    world.buy("hold", insutype="999")
    (finding,) = resolve(world.till)
    assert (finding.did, finding.entry.state) == (NOTHING, UNKNOWN)
    world.later()
    (finding,) = resolve(world.till)
    assert (finding.did, finding.entry.state) == (REFUSED_TOO, FAIL)


def test_a_token_is_not_kept_so_the_message_is_asked_about_and_never_repeated(world):
    sent = world.buy("hold", mdtrt_cert_type="01", mdtrt_cert_no="EC0123456789")
    assert sent.entry.masked
    (finding,) = resolve(world.till)
    assert (finding.did, finding.entry.state, finding.entry.attempts) == (NOTHING, UNKNOWN, 1)
    assert "重新出示" in report(world.till)


def test_where_a_repeat_is_not_allowed_nothing_is_repeated(tmp_path, line):
    world = World(tmp_path, line, Ways(("query",)))
    world.buy("hold")
    for _ in range(2):
        world.later()
        (finding,) = resolve(world.till)
        assert (finding.did, finding.entry.state, finding.entry.attempts) == (NOTHING, UNKNOWN, 1)
    assert line.delivered == 2
    world.journal.close()


def test_without_a_line_resolving_stops_at_the_first(world):
    world.buy("drop")
    world.buy("drop")
    world.open_till("http://127.0.0.1:9")
    found = resolve(world.till, always)
    assert [finding.did for finding in found] == [NO_LINE]
    assert len(world.till.pending()) == 2


def test_an_unknown_2601_changes_nothing_and_is_never_sent_again(world):
    sent = world.buy("drop")
    world.line.plan.extend(["pass", "drop"])  # the question passes, the answer to the 2601 is lost
    (finding,) = resolve(world.till, always)
    assert (finding.did, finding.entry.state) == (WAITS, SUCCESS)
    delivered = world.line.delivered
    assert [finding.did for finding in resolve(world.till, always)] == [WAITS]
    assert world.line.delivered == delivered
    with pytest.raises(BadInput, match="J14"):
        world.till.undo(sent.entry.msgid)
    assert "不要再次冲正" in report(world.till)


def test_a_2601_that_is_refused_leaves_everything_and_is_reported(world):
    sent = world.buy("drop")
    info = world.asked(sent.entry.msgid).output["setlinfo"]
    data = {name: info[name] for name in ("setl_id", "mdtrt_id", "psn_no")}
    assert world.till.send("2103", {"data": data}, INSURED).entry.state == SUCCESS  # a clerk was quicker
    (finding,) = resolve(world.till, always)
    assert (finding.did, finding.entry.state) == (REFUSED_TOO, SUCCESS)
    assert "B19" in finding.text
    assert sorted(row.medfee_fen for row in world.journal.rows()) == [-3700, 3700]


def test_guards_of_2601(world):
    good, refused = world.buy(), world.buy(insutype="999")
    cases = [
        ("J10", f"{SHOP}202405010900009900"), ("J10", "P22040000002202405010900000000"), ("J12", good.entry.msgid),
        ("J12", refused.entry.msgid),
    ]  # fmt: skip
    for code, msgid in cases:
        with pytest.raises(BadInput, match=code):
            world.till.undo(msgid)


def test_what_moves_no_money_is_repeated_or_confirmed_by_a_person(tmp_path, line):
    world = World(tmp_path, line, code=HOSPITAL)
    data = {
        "psn_no": ANNA, "insutype": "310", "begntime": f"{china_now():%Y-%m-%d %H:%M:%S}", "mdtrt_cert_type": "02",
        "mdtrt_cert_no": ANNA_CERT, "ipt_otp_no": "MZ1", "atddr_no": "D1", "dr_name": "示例医师", "dept_code": "01",
        "dept_name": "内科", "caty": "A03",
    }  # fmt: skip
    line.plan.append("drop")
    first = world.till.send("2201", {"data": data}, INSURED).entry
    assert first.state == UNKNOWN
    with pytest.raises(BadInput, match="J11"):
        world.till.undo(first.msgid)
    (finding,) = resolve(world.till, always)  # what 2601 does not take is repeated
    assert (finding.entry.infno, finding.did, finding.entry.by) == ("2201", FOUND, "repeat")
    world.ways = Ways(())
    world.restart()
    line.plan.append("drop")
    second = world.till.send("2201", {"data": data}, INSURED).entry
    assert [finding.did for finding in resolve(world.till)] == [MANUAL]
    assert world.till.confirm(second.msgid, True, "王五").state == SUCCESS
    assert world.journal.told(second.msgid)["text"] == "王五"
    world.journal.close()


def test_nobody_s_word_settles_money(world):
    sent = world.buy("hold")
    with pytest.raises(BadInput, match="J18"):
        world.till.confirm(sent.entry.msgid, False, "王五")


def test_a_sign_in_goes_with_the_messages_after_it(world):
    signed = world.till.send("9001", {"signIn": {"opter_no": "0001", "mac": "00", "ip": "127.0.0.1"}})
    assert signed.entry is None, "a sign-in is not kept"
    assert world.till.line.sign_no == signed.reply.output["signinoutb"]["sign_no"] != ""


# --- reconciliation ---


def days():
    """Yesterday to tomorrow: a test at midnight is as good as any."""
    return [f"{china_now() + timedelta(days=by):%Y-%m-%d}" for by in (-1, 1)]


def test_reconciliation_settles_what_nothing_else_could(service, tmp_path):
    """Alone at its institution, since a platform compares institutions, not tills."""
    line = BadLine(service)
    world = World(tmp_path, line, Ways((), 0.0), OTHER_SHOP)  # it may neither query nor repeat: 3202 alone is left

    good = world.buy(cnt=1).entry
    ghost = world.buy("drop", cnt=3).entry  # the platform has it
    nothing = world.buy("hold", cnt=4).entry  # it has not
    undone = world.buy("drop", cnt=5).entry  # it has it and gives it back, but the answer to that is lost
    line.plan.append("drop")
    assert world.till.undo(undone.msgid).entry.state == UNKNOWN
    assert {finding.did for finding in resolve(world.till)} == {"manual", WAITS}
    world.ahead += timedelta(minutes=1)

    done = reconcile(world.till, *days())
    assert [total.stmt_rslt for total in done.totals] == ["1"], done
    assert [difference.msgid for difference in done.differences] == [ghost.msgid]
    after = {msgid: world.journal.find(msgid) for msgid in (good.msgid, ghost.msgid, nothing.msgid, undone.msgid)}
    assert {msgid: entry.state for msgid, entry in after.items()} == {
        good.msgid: SUCCESS, ghost.msgid: SUCCESS, nothing.msgid: FAIL, undone.msgid: REVERSED,
    }  # fmt: skip
    assert {entry.by for msgid, entry in after.items() if msgid in (ghost.msgid, nothing.msgid)} == {"3202"}
    assert not done.equal and world.till.pending() == []
    assert "中心多" in reconciled_report(done)

    again = reconcile(world.till, *days())
    assert again.equal and again.differences == [], reconciled_report(again)
    assert "对账一致。" in reconciled_report(again)

    # what this till took for reversed stands there: 3202 says so, nobody else may
    wrong = world.buy("drop", cnt=6).entry
    world.journal.write_state(wrong.msgid, REVERSED, "query")
    done = reconcile(world.till, *days())
    assert world.journal.find(wrong.msgid).state == SUCCESS
    assert reconcile(world.till, *days()).equal
    world.journal.close()
    line.close()


# --- profiles ---


@pytest.mark.parametrize("profile", [name for name in list_profiles() if name != "plain"])
def test_it_speaks_every_profile(profile, tmp_path):
    said = tomllib.loads((DATA / "sandbox_clients.toml").read_text())["client"][0]
    keys = {name: value for name, value in said.items() if isinstance(value, str) and name != "id"}
    region = load_profile(profile)
    with running_service(tmp_path / "book", profile) as port:
        client = NationalClient(
            f"http://127.0.0.1:{port}", region, Place(SHOP, "药房"), party_of(region, said["id"], keys)
        )
        journal = open_journal(tmp_path / "till", china_now)
        till = Till(journal, client, Desk(AREA, "cashier", "收银员"), region)
        sent = till.send("2102", purchase(f"{china_now():%Y-%m-%d %H:%M:%S}"), INSURED)
        assert sent.entry.state == SUCCESS, sent
        assert journal.row(sent.entry.msgid).medfee_fen == 3700
        refused = till.send("2102", purchase(f"{china_now():%Y-%m-%d %H:%M:%S}", insutype="999"), INSURED)
        assert refused.entry.state == FAIL, refused
        journal.close()


# --- what an answer means ---

OURS_SYSTEM = "[L04_OUTCOME_UNKNOWN] 结果未知：超时"
CASES = [
    ("plain", 200, {"infcode": "0", "output": {}}, DONE),
    ("plain", 200, {"infcode": -1, "err_msg": "[B15_SETL_UNKNOWN] 无此结算"}, REFUSED),
    ("plain", 200, {"infcode": -1, "err_msg": "[L03_NOT_WRITTEN] 系统繁忙：未记账，请重试"}, UNCLEAR),
    ("plain", 200, {"infcode": -1, "err_msg": OURS_SYSTEM}, UNCLEAR),
    ("plain", 200, {"infcode": -1, "err_msg": "参保状态异常"}, REFUSED),
    ("plain", 200, {"infcode": -1, "err_msg": "调用中心服务超时"}, UNCLEAR),
    ("plain", 200, {"infcode": -7, "err_msg": "?"}, UNCLEAR),
    ("plain", 200, {"infcode": None}, UNCLEAR),
    ("plain", 200, {"output": {}}, UNCLEAR),
    ("chongqing", 200, {"infcode": -1, "err_msg": "无此结算"}, UNCLEAR),
    ("chongqing", 200, {"infcode": -2, "err_msg": "数据库里没有此人"}, REFUSED),
    ("hunan", 401, {"code": 401, "message": "no"}, REFUSED),
    ("plain", 408, {"code": "N34_TOO_SLOW"}, UNCLEAR),
    ("plain", 429, {"code": "N27_TOO_FAST", "message": "慢"}, REFUSED),
    ("plain", 404, {"detail": "nothing"}, UNCLEAR),
    ("plain", 503, {"code": "N31_BUSY"}, UNCLEAR),
]


@pytest.mark.parametrize(("profile", "status", "answer", "outcome"), CASES)
def test_what_an_answer_means(profile, status, answer, outcome):
    came = Came(status, "application/json", json.dumps(answer).encode())
    assert read_reply(load_profile(profile), "", "2207", came).outcome == outcome


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b'{"infcode": 0, "infcode": -1}', b'"0"', b"\xff", b'{"infcode": NaN}']
)
def test_what_cannot_be_read_is_unclear(body):
    assert read_reply(PLAIN, "", "2207", Came(200, "application/json", body)).outcome == UNCLEAR


def test_an_answer_of_another_message_is_no_answer(tmp_path):
    journal = open_journal(tmp_path, china_now)
    till = Till(journal, NationalClient("http://127.0.0.1:9", PLAIN, Place(SHOP, "")), Desk(AREA, "", ""), PLAIN)
    message = Outgoing("2102", journal.next_msgid(), purchase("2024-05-01"), AREA)
    info = {"setl_id": "1", "medfee_sumamt": "37.00", "setl_time": "2024-05-01 09:00:00"}
    answers = [
        ({"medins_setl_id": "P22040000001000000000000000000"}, UNKNOWN), ({"setl_id": ""}, UNKNOWN),
        ({"medfee_sumamt": "37.001"}, UNKNOWN), ({"medins_setl_id": message.msgid}, SUCCESS), ({}, SUCCESS),
    ]  # fmt: skip
    for more, state in answers:
        body = json.dumps({"infcode": 0, "output": {"setlinfo": info | more}}).encode()
        reply = read_reply(PLAIN, "", "2102", Came(200, "application/json", body))
        assert till.outcome_of(message, reply).state == state, more
    journal.close()


def test_only_our_own_service_may_be_sent_a_message_twice():
    assert {name: "repeat" in ways_of(name).ask for name in list_profiles()} == {
        name: name == "plain" for name in list_profiles()
    }


def test_the_page_s_program_runs(tmp_path, monkeypatch, capsys):
    """With nobody listening: it says that nothing was sent."""
    page = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")
    program = re.search(r"```python\n(.*?)```", page, re.DOTALL)[1].replace(":8480", ":9")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, "journal.md", "exec"), {})
    assert "未发送" in capsys.readouterr().out


def test_every_refusal_of_the_journal_is_on_the_page():
    room = Path(__file__).parents[2]
    codes = set(re.findall(r"J[0-9]{2}", (room / "pos_adapter" / "journal_refusals.py").read_text(encoding="utf-8")))
    assert codes == set(re.findall(r"J[0-9]{2}", (room / "docs" / "journal.md").read_text(encoding="utf-8")))
