"""``results/*.json`` → the tables between the marks of both READMEs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
KERNEL, CHECKOUT, CARD = "bench", "bench-checkout", "bench-card"


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


CHECKOUT_HEAD = {
    "en": ("fsync", "clients", "raw log /s", "SQLite /s", "p50 / p99 / max ms", "PostgreSQL /s", "p50 / p99 / max ms"),
    "zh": ("fsync", "终端数", "裸日志 次/秒", "SQLite 笔/秒", "p50 / p99 / 最大 毫秒", "PostgreSQL 笔/秒", "p50 / p99 / 最大 毫秒"),
}  # fmt: skip

Figures = dict[str, float]  # per_s, p50_ms, p99_ms, max_ms


def checkout_table(figures: dict[str, Any], lang: str) -> str:
    """Return the Markdown table of the checkout benchmark: one row an fsync and a number of clients.

    In brackets: the rate and the p99 as multiples of the raw log's at the same load.
    """
    lines = [_row(CHECKOUT_HEAD[lang]), _row(["---"] * len(CHECKOUT_HEAD[lang]))]
    for fsync, by_clients in figures["raw_log"].items():
        for clients, log in by_clients.items():
            cells = [f"+{fsync}", clients, f"{log['per_s']:,.0f}"]
            for store in ("sqlite", "postgresql"):
                cells += _beside(figures.get(store, {}).get(fsync, {}).get(clients), log)
            lines.append(_row(cells))
    machine = figures["machine"]
    told = {"en": "{cores} cores, Python {python}, {day}", "zh": "{cores} 核，Python {python}，{day}"}[lang]
    return "\n".join([*lines, "", told.format(**machine)])


CARD_ROWS = {
    "en": (
        ("on the real stack, milliseconds", "p50", "p95"),
        ("a whole read: connect, 15 commands, all checks, disconnect", "read_ms"),
        ("the same through the killable child process", "worker_ms"),
        ("floor: a plain read of 14 commands, nothing bound or checked", "floor_ms"),
        ("one command", "apdu_ms"),
        ("a card goes in, until the till is told (the virtual reader is asked every 400 ms)", "event_ms"),
    ),
    "zh": (
        ("真实协议栈，毫秒", "p50", "p95"),
        ("完整读卡：连接、15 条指令、全部核对、断开", "read_ms"),
        ("同上，经可终止的子进程", "worker_ms"),
        ("下限：只发 14 条指令，不绑定、不核对", "floor_ms"),
        ("单条指令", "apdu_ms"),
        ("插卡到收银端得知（虚拟读卡器每 400 毫秒被查询一次）", "event_ms"),
    ),
}


def card_table(figures: dict[str, Any], lang: str) -> str:
    """Return the Markdown table of the card benchmark; in brackets the multiple of the floor."""
    head, *rows = CARD_ROWS[lang]
    lines = [_row(head), _row(["---"] * len(head))]
    for name, key in rows:
        cells = [f"{figures[key][part]:.2f}" for part in ("p50", "p95")]
        if key == "read_ms":
            cells = [
                f"{cell} ({figures['read_vs_floor'][part]:.2f}×)"
                for cell, part in zip(cells, ("p50", "p95"), strict=True)
            ]
        lines.append(_row([name, *cells]))
    told = {"en": "{cores} cores, Python {python}, {day}", "zh": "{cores} 核，Python {python}，{day}"}[lang]
    return "\n".join([*lines, "", told.format(**figures["machine"])])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _beside(one: Figures | None, log: Figures) -> tuple[str, str]:
    """Return the two cells of a store, a dash each where it was not measured."""
    if one is None:
        return "–", "–"
    rate, late = one["per_s"] / log["per_s"], one["p99_ms"] / log["p99_ms"]
    times = f"{one['p50_ms']:.1f} / {one['p99_ms']:.1f} ({late:.1f}×) / {one['max_ms']:.0f}"
    return f"{one['per_s']:,.0f} ({rate:.2f}×)", times


def placed(text: str, content: str, mark: str = KERNEL) -> str:
    """Return a page with the content between its marks; raises ValueError if the first mark has no second."""
    begin, end = f"<!-- {mark}:begin -->", f"<!-- {mark}:end -->"
    head, _, rest = text.partition(begin)
    if end not in rest:
        raise ValueError(f"{begin} has no {end} after it")
    return f"{head}{begin}\n{content}\n{end}{rest.partition(end)[2]}"


def main() -> None:
    """Write each table whose figures are there into the READMEs that have its marks."""
    for mark, file, made in (
        (KERNEL, "kernel.json", table),
        (CHECKOUT, "checkout.json", checkout_table),
        (CARD, "card.json", card_table),
    ):
        results = ROOT / "benchmarks" / "results" / file
        if not results.exists():
            print(f"{file}: not measured yet")
            continue
        figures = json.loads(results.read_text(encoding="utf-8"))
        for name, lang in (("README.md", "en"), ("README.zh-CN.md", "zh")):
            path = ROOT / name
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            if f"<!-- {mark}:begin -->" not in text:
                print(f"{name}: no marks for {file}, left alone")
                continue
            path.write_text(placed(text, made(figures, lang), mark), encoding="utf-8")
            print(f"{name}: table of {file} written")


if __name__ == "__main__":
    main()
