"""``results/kernel.json`` → the table between the bench marks of both READMEs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


def table(f: dict[str, Any], lang: str) -> str:
    """Return the Markdown table of one run's figures."""
    words = {
        "en": (
            "measure", "result", "pure Python, same calculation", "DuckDB SQL", "reading and writing every byte", "throughput",
            "one claim, kernel", "one claim, JSON to answer",
        ),
        "zh": ("指标", "结果", "纯 Python 同一计算", "DuckDB SQL", "只读写全部字节", "吞吐", "单笔（内核）", "单笔（从报文到结果）"),
    }[lang]  # fmt: skip
    kernel, door = f["one_claim_us"], f["one_claim_door_us"]
    rows = [
        (f"{words[2]} ({f['python_claims']:,} claims)", f"{f['kernel_vs_python']:,}×"),
        (f"{words[3]} ({f['duckdb_claims']:,} claims)", f"{f['kernel_vs_duckdb']:,}×"),
        (words[4], f"{f['kernel_vs_floor']}× its time"),
        (
            words[5],
            f"{f['claims_per_s']:,} claims/s, {f['lines_per_s']:,} lines/s ({f['claims']:,} claims, {f['lines']:,} lines)",
        ),
        (words[6], f"p50 {kernel['p50']} µs, p99 {kernel['p99']} µs"),
        (words[7], f"p50 {door['p50']} µs, p99 {door['p99']} µs"),
    ]
    machine = f"{f['machine']['cores']} cores, Python {f['machine']['python']}, " + ", ".join(
        f"{k} {v}" for k, v in f["versions"].items()
    )
    lines = [f"| {words[0]} | {words[1]} |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows)]
    return "\n".join(lines) + f"\n\n{machine}"


def main() -> None:
    """Write the table into the READMEs that have the marks."""
    figures = json.loads((ROOT / "benchmarks" / "results" / "kernel.json").read_text(encoding="utf-8"))
    for name, lang in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        path = ROOT / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if BEGIN not in text:
            print(f"{name}: no marks, left alone")
            continue
        head, _, rest = text.partition(BEGIN)
        path.write_text(f"{head}{BEGIN}\n{table(figures, lang)}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
        print(f"{name}: table written")


if __name__ == "__main__":
    main()
