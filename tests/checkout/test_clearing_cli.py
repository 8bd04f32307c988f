"""``settlement clearing`` on a book that a service has open: what the clerk sees, decides, and is refused."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from accounts_book import Office
from test_clearing import application, applied_for, apply, cleared, state

from settlement.errors import BadInput
from settlement.national.clearing_cli import HEAD, clearing_app

ENV = os.environ | {"PYTHONUTF8": "1"}


def book(office: Office) -> str:
    return str(office.till.folder / "book.sqlite")


def run(capsys: pytest.CaptureFixture[str], *tokens: str) -> list[dict[str, str]]:
    """Run a command that ends well; return the applications it shows."""
    assert clearing_app([*tokens], result_action="return_value") == 0
    rows = [line.split("\t") for line in capsys.readouterr().out.splitlines() if "\t" in line]
    return [dict(zip(HEAD, row, strict=True)) for row in rows if row != list(HEAD)]


def test_what_is_applied_for_is_listed_and_decided(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    nodes = applied_for(office)
    first = apply(office, nodes)
    other = office.settle(mulaid_fen=0, clr_type="21")
    other = office.settle(mulaid_fen=0, clr_type="51")
    second = apply(office, application([other], clr_type="51"))
    rows = run(capsys, "list", book(office), "--month", "202405")
    assert [row["clr_appy_evt_id"] for row in rows] == [second, first]
    for name in ("setlym", "clr_type", "medfee_sumamt", "fund_appy_sum", "acct_pay", "cash_payamt"):
        assert rows[1][name] == nodes["data"][name]
    assert rows[1]["state"].startswith("10 ") and rows[1]["settlements"] == "1"
    for step in ("20", "30", "40", "50"):
        decided = ["decide", book(office), first, step] if step != "20" else ["accept", book(office), first]
        [row] = run(capsys, *decided)
        assert row["state"].startswith(f"{step} ") and state(office, first) == step
    assert cleared(office) == "cleared"
    run(capsys, "decide", book(office), second, "70")
    assert [row["clr_appy_evt_id"] for row in run(capsys, "list", book(office), "--month", "202405")] == [first]
    every = run(capsys, "list", book(office), "--month", "202405", "--every")
    assert [row["state"][:2] for row in every] == ["70", "50"]
    assert run(capsys, "list", book(office), "--month", "202404", "--every") == []
    assert office.till.house.ledger.verify() == []


def test_shared_accounts_are_counted_as_the_profile_says(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """In Jilin 3203 counts them in acct_pay: the same command under another profile finds other figures and refuses."""
    office.use(mulaid_in_stmt=True)
    row = office.settle(mulaid_fen=1_000)
    evt = apply(office, application([row._replace(acct_fen=row.acct_fen + 1_000)]))
    with pytest.raises(BadInput, match=r"B72.*acct_pay"):
        run(capsys, "accept", book(office), evt, "--profile", "plain")
    assert state(office, evt) == "10" and cleared(office) == "open"
    run(capsys, "accept", book(office), evt, "--profile", "jilin")
    assert state(office, evt) == "20"


def test_refusals_are_told_and_change_nothing(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    evt = apply(office, applied_for(office))
    entries = office.till.house.ledger.head()
    missing = office.till.folder / "missing.sqlite"
    refused: list[tuple[list[str], str]] = [
        (["accept", str(missing), evt], "L07"), (["list", str(missing)], "L07"),
        (["accept", book(office), "404"], "B74"), (["decide", book(office), evt, "50"], "B75"),
        (["list", book(office), "--month", "2024"], "B61"), (["list", book(office), "--profile", "moon"], "N"),
    ]  # fmt: skip
    for tokens, code in refused:
        with pytest.raises(BadInput, match=rf"^\[?{code}") as error:
            run(capsys, *tokens)
        assert error.value.zh
    assert not missing.exists() and office.till.house.ledger.head() == entries


def test_the_command_line_ends_with_two_and_says_why_in_chinese(office: Office) -> None:
    command = [sys.executable, "-m", "settlement.cli", "clearing", "accept", book(office), "404"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, env=ENV)
    assert done.returncode == 2 and "B74_CLEARING_UNKNOWN" in done.stderr and "请核对申请事件编号" in done.stderr
    assert "Traceback" not in done.stderr
