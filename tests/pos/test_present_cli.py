"""``pos-adapter present``: run as a cashier's program runs it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from vendor_bench import GOOD

HERE = Path(__file__).parent
CERTNO, TOKEN = "220400196802290012", "EC22CANARY0123456789CANARY987654"


def run(*arguments, typed=""):
    command = [sys.executable, "-m", "pos_adapter", "present", *map(str, arguments)]
    env = os.environ | {"PYTHONIOENCODING": "utf-8"}
    return subprocess.run(command, input=typed, env=env, capture_output=True, text=True, encoding="utf-8", check=False)


def test_an_id_card_number():
    done = run("id", typed=f"{CERTNO}\n")
    assert done.returncode == 0 and "2204************12" in done.stdout and CERTNO not in done.stdout
    done = run("id", "--full", "--json", typed=f"{CERTNO}\n")
    assert json.loads(done.stdout)["mdtrt_cert_no"] == CERTNO


def test_the_line_of_an_id_reader():
    done = run("id", "--fields", "name,,number,valid_until", "--full", "--json", typed=f"虚构甲|男|{CERTNO}|长期\r\n")
    assert json.loads(done.stdout) == {
        "mdtrt_cert_type": "02", "mdtrt_cert_no": CERTNO, "certno": CERTNO, "psn_name": "虚构甲", "how": "ID reader (keyboard)",
    }  # fmt: skip
    assert run("id", "--fields", "name").returncode == 2


def test_a_wrong_number_is_told_in_both_languages_without_the_number():
    done = run("id", typed="220400196802290013\n")
    assert done.returncode == 1 and "身份证号码有误" in done.stderr and "[D70_ID_NUMBER_BAD]" in done.stderr
    assert "220400196802290013" not in done.stdout + done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize("typed", [f"{TOKEN}\n", f"{TOKEN}{TOKEN}\n"], ids=["good", "bad"])
def test_a_token_is_never_printed(typed):
    done = run("scan", "pharmacy_purchase", "--json", typed=typed)
    assert "CANARY" not in done.stdout + done.stderr
    if len(typed) < 40:
        assert json.loads(done.stdout)["mdtrt_cert_no"] == "********"
    else:
        assert done.returncode == 1 and "D60_NOT_A_VOUCHER" in done.stderr


def test_a_card_through_a_driver(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler: the simulated library cannot be built")
    library = tmp_path / "City.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, HERE / "vendor_sim.c"], check=True, timeout=60)
    (tmp_path / "driver_sim.txt").write_text(f"read 0 {GOOD.encode('gb18030').hex()}\n", encoding="ascii")
    (tmp_path / "driver.toml").write_text('library = "City.so"\n', encoding="utf-8")
    done = run("driver", tmp_path / "driver.toml", "--json", "--full")
    assert json.loads(done.stdout)["card_sn"] == "220400D1560000050100000000000001"
    (tmp_path / "driver_sim.txt").write_text("read -2203 -\n", encoding="ascii")
    done = run("driver", tmp_path / "driver.toml")
    assert done.returncode == 1 and "D12_AUTH_NEEDED" in done.stderr and "三代卡" in done.stderr
