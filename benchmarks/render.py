"""``results/kernel.json`` → the table between the bench marks of both READMEs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"


ROWS = {
    "en": (
        ("measure", "result"),
        ("pure Python, same calculation ({python_claims:,} claims)", "{kernel_vs_python:,}×"),
        ("DuckDB SQL ({duckdb_claims:,} claims)", "{kernel_vs_duckdb:,}×"),
        ("reading and writing every byte", "{kernel_vs_floor}× its time"),
        ("throughput", "{claims_per_s:,} claims/s, {lines_per_s:,} lines/s ({claims:,} claims, {lines:,} lines)"),
        ("one claim, kernel", "p50 {one_claim_us[p50]} µs, p99 {one_claim_us[p99]} µs"),
        ("one claim, JSON to answer", "p50 {one_claim_door_us[p50]} µs, p99 {one_claim_door_us[p99]} µs"),
    ),
    "zh": (
        ("指标", "结果"),
        ("纯 Python 同一计算（{python_claims:,} 笔）", "{kernel_vs_python:,}×"),
        ("DuckDB SQL（{duckdb_claims:,} 笔）", "{kernel_vs_duckdb:,}×"),
        ("只读写全部字节", "耗时为其 {kernel_vs_floor} 倍"),
        ("吞吐", "{claims_per_s:,} 笔/秒，{lines_per_s:,} 行/秒（共 {claims:,} 笔、{lines:,} 行）"),
        ("单笔（内核）", "p50 {one_claim_us[p50]} µs，p99 {one_claim_us[p99]} µs"),
        ("单笔（从报文到结果）", "p50 {one_claim_door_us[p50]} µs，p99 {one_claim_door_us[p99]} µs"),
    ),
}
MACHINE = {
    "en": "{machine[cores]} cores, Python {machine[python]}",
    "zh": "{machine[cores]} 核，Python {machine[python]}",
}


def table(figures: dict[str, Any], lang: str) -> str:
    """Return the Markdown table of one run's figures, with the machine below it."""
    head, *rows = (tuple(cell.format(**figures) for cell in row) for row in ROWS[lang])
    lines = [f"| {name} | {result} |" for name, result in (head, ("---", "---"), *rows)]
    versions = (f"{name} {version}" for name, version in figures["versions"].items())
    return "\n".join([*lines, "", ", ".join([MACHINE[lang].format(**figures), *versions])])


def placed(text: str, content: str) -> str:
    """Return a page with the content between its marks; raises ValueError if the first mark has no second."""
    head, _, rest = text.partition(BEGIN)
    if END not in rest:
        raise ValueError(f"{BEGIN} has no {END} after it")
    return f"{head}{BEGIN}\n{content}\n{END}{rest.partition(END)[2]}"


def main() -> None:
    """Write the table into the READMEs that have the marks."""
    figures = json.loads((ROOT / "benchmarks" / "results" / "kernel.json").read_text(encoding="utf-8"))
    for name, lang in (("README.md", "en"), ("README.zh-CN.md", "zh")):
        path = ROOT / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        if BEGIN not in text:
            print(f"{name}: no marks, left alone")
            continue
        path.write_text(placed(text, table(figures, lang)), encoding="utf-8")
        print(f"{name}: table written")


if __name__ == "__main__":
    main()
