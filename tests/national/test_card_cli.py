"""``settlement card …`` against a running service: what a clerk asks and is told, and how each command ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from wire import WORKER, Running

from settlement.national.call import DONE, NOT_SENT, REFUSED
from settlement.national.card_cli import COMMANDS, OF_NODE, OF_SETTINGS, card_app
from settlement.national.routes import ROUTES

ROOT = Path(__file__).parents[2]


@pytest.fixture
def card(services: Callable[[str], Running], capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Return what runs a command that must end as said, and returns what it printed."""

    def run(*tokens: str, ends: int = DONE) -> str:
        code = card_app([*tokens, "--url", services("plain").url], result_action="return_value")
        out = capsys.readouterr().out
        assert code == ends, out
        return out

    return run


def test_every_transaction_of_cards_has_a_command_and_every_option_its_meaning() -> None:
    commanded = [command.infno for command in COMMANDS]
    assert len(set(commanded)) == len(commanded) and set(commanded) <= set(ROUTES)
    assert {infno for infno in ROUTES if infno[0] == "K" and infno[1] != "1"} == set(commanded)
    assert "fixmedins_code" in OF_SETTINGS and not OF_NODE.startswith("K")
    words = [command.words for command in COMMANDS]
    assert len(set(words)) == len(words)


def test_fees_are_told_line_by_line_with_their_trust(card: Callable[..., str]) -> None:
    told = card("fees")
    assert "收费项目名称：年费" in told and "工本费：20.00" in told
    assert "可信度：secondary" in told and "未能取得" in told


def test_an_answer_whole_is_json(card: Callable[..., str]) -> None:
    answer = json.loads(card("phones", "--admdvs", "220421", "--json"))
    assert answer["infcode"] in (0, "0") and answer["output"]["phoneinfo"][0]["tel"] == "0437-6210522"


def test_the_insured_area_is_the_frames(card: Callable[..., str]) -> None:
    assert "0437-6210522" in card("phones", "--insured", "220421").splitlines()[7]
    assert "K50_NO_GUIDE" in card("phones", "--insured", "110000", ends=REFUSED)


def test_points_channels_ways_and_reminders(card: Callable[..., str]) -> None:
    assert card("points", "--admdvs", "220400", "--service", "reissue").count("办理网点：") == 9
    assert "东丰镇东风路3427号" in card("points", "--admdvs", "220421", "--card-bank", "邮储银行")
    told = card("channels", "--moment", "2024-07-06 10:00:00", "--channel", "phone_staffed")
    assert "此刻能否接通：no" in told and "夏季" not in told  # a Saturday: whatever the season
    assert "初始密码说明：955330" in card("pin", "reminder", WORKER)
    assert "能否使用或办理：是" in card("where", WORKER, "--mdtrtarea-admdvs", "220402")
    assert "有效天数" in card("temporary", "terms")
    assert "临时卡有效天数：60" in card("temporary", "terms")
    assert card("reissue-ways", WORKER).count("办理网点：") == 9
    assert card("pay-to", "show", WORKER).count("代发项目名称：") == 6


def test_a_refusal_ends_with_one_and_says_why(card: Callable[..., str]) -> None:
    move = ["pay-to", "move", WORKER, "--payout", "pension", "--docs", "cert,card"]
    assert "K61_BANK_OF_PAYOUT" in card(*move, "--channel", "bank", ends=REFUSED)
    assert "吉林银行任一营业网点" in card(*move, "--channel", "wechat", ends=REFUSED)
    assert "N24_ROLE" in card(*move, "--channel", "bank", "--opter", "cashier", ends=REFUSED)


def test_nobody_listening_is_not_sent(capsys: pytest.CaptureFixture[str]) -> None:
    code = card_app(["fees", "--url", "http://127.0.0.1:9"], result_action="return_value")
    assert code == NOT_SENT and "no answer" in capsys.readouterr().out


def test_no_command_takes_a_pin() -> None:
    from settlement.national.card_cli import _options

    names = {field.encode_name for command in COMMANDS for field in _options(command.infno)}
    assert {name for name in names if "pin" in name} <= {"card_pin_kind"} and len(names) > 30


def test_the_command_line_has_it(services: Callable[[str], Running]) -> None:
    command = [sys.executable, "-m", "settlement.cli", "card", "phones", "--url", services("plain").url]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT, env=os.environ | {"PYTHONUTF8": "1"}
    )
    assert done.returncode == 0 and "12333" in done.stdout and "KB01 msgid" in done.stderr, done.stderr
    missing = subprocess.run(
        [*command[:4], "show"], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
    )  # fmt: skip
    assert missing.returncode != 0 and "psn-no" in (missing.stdout + missing.stderr).lower()


def test_a_cards_life_at_the_clerks_desk(serve: Callable[..., Running], capsys: pytest.CaptureFixture[str]) -> None:
    """Activated, paid to, lost, found, lost for good, bridged by a temporary card, replaced: each step a command."""
    url, person = serve("--seed", "1").url, "22040000000000000005"

    def card(*tokens: str, ends: int = DONE) -> str:
        code = card_app([*tokens, "--url", url], result_action="return_value")
        out = capsys.readouterr().out
        assert code == ends, out
        return out

    def act(*words: str, ends: int = DONE, docs: str = "cert,card", channel: str = "bank", **more: str) -> str:
        options = [part for name, value in more.items() for part in (f"--{name.replace('_', '-')}", value)]
        return card(*words, person, "--channel", channel, "--docs", docs, *options, ends=ends)

    assert "激活" in act("pay-to", "move", payout="wages", ends=REFUSED)
    assert "金融账户状态：active" in act("activate", card_bank="吉林银行", card_acct="6217000000000005")
    assert "不收费" in act("pay-to", "move", payout="unemployment")
    pay = ("pay-to", "pay", person, "--payout", "unemployment", "--pay-month", "202405", "--pay-amt", "1800.00")
    paid = json.loads(card(*pay, "--json"))["output"]["result"]
    assert "K69_PAID_ALREADY" in card(*pay, ends=REFUSED)
    back = ("pay-to", "back", person, "--payout", "unemployment", "--pay-month", "202405", "--pay-no", paid["pay_no"])
    assert "-1800.00" in card(*back)
    assert "卡状态：lost" in act("loss", channel="wechat", docs="cert")
    assert "K59_CARD_NOT_GOOD" in card(*pay, ends=REFUSED)
    assert "卡状态：active" in act("unblock")
    assert "卡状态：lost" in act("loss", channel="wechat", docs="cert")
    number = json.loads(act("reissue", "--json", card_reason="lost", docs="cert"))["output"]["result"]["appy_no"]
    assert number in card("progress", person)
    act("unblock", ends=REFUSED)
    paper = {"hosp_paper_no": "LS1", "node_fixmedins_code": "H22040000001", "card_sn": "TMP5", "card_no": "T5"}
    assert "不具有金融功能" in act("temporary", "apply", channel="window", docs="cert,hospital_paper", **paper)
    new = ("--card-sn", "NEW5", "--card-no", "N5", "--card-acct", "6217000000000006")
    card("made", person, "--appy-no", number, "--appy-stas", "ready", *new)
    assert "K32_TEMPORARY_NOT_RETURNED" in act("collect", appy_no=number, docs="cert", ends=REFUSED)
    act("temporary", "return", channel="window", docs="cert")
    act("collect", appy_no=number, docs="cert")
    shown = card("show", person)
    assert "NEW5" in shown and "卡状态：replaced" in shown and "卡状态：returned" in shown
    assert "不是现用社会保障卡的账号" in card("pay-to", "show", person)
