"""The command line as a person types it."""

import json
import subprocess
import sys
from pathlib import Path

from settlement.money import fen

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "data" / "examples"
AMOUNTS = (
    "medfee_sumamt fulamt_ownpay_amt overlmt_selfpay preselfpay_amt inscp_scp_amt act_pay_dedc hifp_pay hifob_pay hifmi_pay cvlserv_pay "
    "hifes_pay maf_pay oth_pay fund_pay_sumamt hosp_part_amt psn_part_amt acct_pay acct_mulaid_pay psn_cash_pay balc"
).split()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "settlement.cli", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_json_has_every_amount_step_counter_and_refusal(tmp_path: Path) -> None:
    claims = json.loads((EXAMPLES / "beijing_each_filing.json").read_text(encoding="utf-8"))
    claims[3]["insuplc_admdvs"] = "659000"
    (tmp_path / "c.json").write_text(json.dumps(claims))
    done = run("settle", str(tmp_path / "c.json"), "--format", "json", "--strict")
    content = json.loads(done.stdout)
    assert done.returncode == 1 and "settled 3, refused 1" in done.stderr
    for claim in content["settled"]:
        paid = {name: fen(claim["setlinfo"][name]) for name in AMOUNTS}
        assert paid["medfee_sumamt"] == paid["fund_pay_sumamt"] + paid["psn_part_amt"] + paid["hosp_part_amt"]
        assert paid["psn_part_amt"] == paid["acct_pay"] + paid["acct_mulaid_pay"] + paid["psn_cash_pay"]
        assert claim["layers"][0]["pay"] == claim["setlinfo"]["hifp_pay"] and claim["feedetail"][0]["inscp_scp_amt"]
    assert [refusal["code"] for refusal in content["refused"]] == ["P01_UNKNOWN_AREA"]
    assert {"admissions", "inpatient_pool"} <= {counter["counter"] for counter in content["counters"]}


def test_table_parquet_and_explain(tmp_path: Path) -> None:
    example = str(EXAMPLES / "liaoyuan_inpatient.json")
    assert "hifp_pay" in run("settle", example).stdout
    done = run("settle", example, "--format", "parquet", "--out", str(tmp_path))
    assert done.returncode == 0 and sorted(file.name for file in tmp_path.iterdir()) == [
        "claims.parquet", "counters.parquet", "lines.parquet", "refusals.parquet",
    ]  # fmt: skip
    assert "统筹基金" in run("explain", example, "--claim", "LY-0001").stdout
    assert "Who pays what" in run("explain", example, "--lang", "en").stdout


def test_rules_list_show_check() -> None:
    assert "辽源市" in run("rules", "list").stdout
    shown = run("rules", "show", "220402", "--on", "2024-05-01").stdout
    assert "统筹" in shown or "hifp_pay" in shown
    assert "二手资料" in shown and "inpatient_pool" in shown and "2024-05-01" in shown
    assert run("rules", "check").returncode == 0


def test_errors_are_one_line_with_a_code(tmp_path: Path) -> None:
    for arguments, code in (
        (["settle", "no.json"], "F02_NO_FILE"),
        (["settle", str(EXAMPLES / "liaoyuan_inpatient.json"), "--format", "parquet"], "F11_NO_FOLDER"),
        (["explain", str(EXAMPLES / "liaoyuan_inpatient.json"), "--claim", "X"], "F12_NO_CLAIM"),
        (["rules", "show", "659000"], "P01_UNKNOWN_AREA"),
        (["settle", str(EXAMPLES / "liaoyuan_inpatient.json"), "--pools", str(tmp_path / "none")], "B07_FOLDER"),
    ):
        done = run(*arguments)
        assert done.returncode == 2 and code in done.stderr and "Traceback" not in done.stderr


def test_a_bad_pool_is_left_out_alone(tmp_path: Path) -> None:
    (tmp_path / "990100_bad.toml").write_text("[pool]\ncode = 9901\n", encoding="utf-8")
    (tmp_path / "990200_orphan.toml").write_text(
        '[pool]\ncode = "990200"\nname = "示例"\ninherits = "990000"\n', encoding="utf-8"
    )
    done = run("settle", str(EXAMPLES / "liaoyuan_inpatient.json"), "--pools", str(tmp_path))
    assert done.returncode == 0 and "990100_bad.toml:2: pool.code" in done.stderr
    assert "990200_orphan.toml" in done.stderr and "inherits 990000, which is not loaded" in done.stderr
