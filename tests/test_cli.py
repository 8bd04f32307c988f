"""The command line as a person types it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from settlement import codes
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
        scope = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
        assert paid["medfee_sumamt"] == sum(paid[name] for name in scope)
        assert paid["fund_pay_sumamt"] == sum(paid[name] for name in codes.FUND_ORDER)
        assert paid["fund_pay_sumamt"] == sum(fen(layer["pay"]) for layer in claim["layers"])
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
        (["settle", str(EXAMPLES)], "F01_FILE_KIND"),
        (["settle", str(EXAMPLES / "liaoyuan_inpatient.json"), "--out", str(ROOT / "README.md")], "F13_DISK"),
        (["rules", "show", "659000"], "P01_UNKNOWN_AREA"),
        (["rules", "check", str(tmp_path / "none")], "F02_NO_FILE"),
        (["settle", str(EXAMPLES / "liaoyuan_inpatient.json"), "--pools", str(tmp_path / "none")], "B07_FOLDER"),
    ):
        done = run(*arguments)
        assert done.returncode == 2 and code in done.stderr and "Traceback" not in done.stderr


def one_example() -> dict[str, Any]:
    content = json.loads((EXAMPLES / "liaoyuan_inpatient.json").read_text(encoding="utf-8"))
    claim: dict[str, Any] = content[0] if isinstance(content, list) else content
    return claim


def test_no_word_of_a_claim_is_taken_for_markup(tmp_path: Path) -> None:
    good = one_example() | {"medins_setl_id": "[/red]A"}
    bad = one_example() | {"medins_setl_id": "[bold]B", "medinslv": "[/green]"}
    (tmp_path / "c.json").write_text(json.dumps([good, bad]))
    done = run("settle", str(tmp_path / "c.json"))
    assert done.returncode == 0 and "Traceback" not in done.stderr
    assert all(
        word in done.stdout for word in ("[/red]A", "[bold]B", "[/green]", "C11_NOT_A_CODE", "代码不在允许的取值内")
    )


def test_a_refused_claim_is_explained_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text(json.dumps([one_example() | {"medins_setl_id": "R", "curr": "USD"}]))
    zh, en = (run("explain", str(tmp_path / "c.json"), "--claim", "R", "--lang", lang).stdout for lang in ("zh", "en"))
    assert "币种不是人民币" in zh and "Only amounts in CNY are settled" in en


def test_an_empty_list(tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text("[]")
    done = run("settle", str(tmp_path / "c.json"), "--format", "json", "--strict")
    assert done.returncode == 0 and json.loads(done.stdout)["settled"] == []
    assert "has no claims" in run("explain", str(tmp_path / "c.json")).stderr


def test_a_terminal_without_chinese_still_shows_the_amounts() -> None:
    command = [sys.executable, "-m", "settlement.cli", "settle", str(EXAMPLES / "liaoyuan_inpatient.json")]
    latin = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env=latin, check=False)
    assert done.returncode == 0 and b"hifp_pay" in done.stdout


GOOD_POOL = """[pool]
code = "990100"
name = "示例市"
inherits = "000000"

[source.s]
title = "示例办法"
issued = 2024-01-01
confidence = "official"

[[benefit]]
scheme = "employee"
care = "inpatient"
fund = "hifp_pay"
from = 2024-01-01
source = "s"
article = "第一条"
deductible = "none"
bands = [{ over = "0 yuan", rate = "85%" }]
cap = "none"
"""


def test_rules_check_names_file_line_key_and_cure(tmp_path: Path) -> None:
    bad = GOOD_POOL.replace('"official"', '"offical"').replace("85%", "185%").replace('"0 yuan"', '"0"')
    (tmp_path / "990100_bad.toml").write_text(bad + 'colour = "red"\n', encoding="utf-8")
    done = run("rules", "check", str(tmp_path))
    assert done.returncode == 1
    for line, key, cure in (
        (9, "source.s.confidence", "Did you mean 'official'?"),
        (19, "benefit[1].bands[1].rate", "between 0% and 100%"),
        (19, "benefit[1].bands[1].over", "with its unit"),
        (21, "benefit[1].colour", "Known here:"),
    ):
        said = [text for text in done.stdout.splitlines() if f"990100_bad.toml:{line}: {key}:" in text]
        assert len(said) == 1 and cure in said[0], done.stdout


def test_an_added_folder_is_checked_shown_and_settled_by(tmp_path: Path) -> None:
    (tmp_path / "pools").mkdir()
    (tmp_path / "pools" / "990100_new.toml").write_text(GOOD_POOL, encoding="utf-8")
    assert run("rules", "check", str(tmp_path / "pools")).returncode == 0
    assert "第一条" in run("rules", "show", "990100", "--on", "2024-05-01", "--pools", str(tmp_path / "pools")).stdout
    line = {"cnt": "1", "det_item_fee_sumamt": "100.00", "chrgitm_lv": "01"}
    here = {"insuplc_admdvs": "990100", "mdtrtarea_admvs": "990100", "year_so_far": {}, "feedetail": [line]}
    (tmp_path / "c.json").write_text(json.dumps(one_example() | here))
    example = ("settle", str(tmp_path / "c.json"), "--format", "json")
    done = run(*example, "--pools", str(tmp_path / "pools"), "--out", str(tmp_path / "out"))
    content = json.loads((tmp_path / "out" / "c.result.json").read_text(encoding="utf-8"))
    assert done.returncode == 0 and content["settled"][0]["setlinfo"]["hifp_pay"] == "85.00"
    assert json.loads(run(*example).stdout)["refused"][0]["code"] == "P01_UNKNOWN_AREA"


def test_a_bad_pool_is_left_out_alone(tmp_path: Path) -> None:
    (tmp_path / "990100_bad.toml").write_text("[pool]\ncode = 9901\n", encoding="utf-8")
    (tmp_path / "990200_orphan.toml").write_text(
        '[pool]\ncode = "990200"\nname = "示例"\ninherits = "990000"\n', encoding="utf-8"
    )
    done = run("settle", str(EXAMPLES / "liaoyuan_inpatient.json"), "--pools", str(tmp_path))
    assert done.returncode == 0 and "990100_bad.toml:2: pool.code" in done.stderr
    assert "990200_orphan.toml" in done.stderr and "inherits 990000, which is not loaded" in done.stderr
