"""Results for people and programs: amounts in yuan under their national names, claims side by side.

Formats cells; computes nothing.
"""

from __future__ import annotations

from typing import Any

from rich.table import Table

from settlement import __version__, codes
from settlement.explain import fine_text
from settlement.kernel.layout import RESULT, Column
from settlement.money import yuan

SHOWN_SIDE_BY_SIDE = 8
UNITS = {"_fen": yuan, "_e4": fine_text}


def cell(name: str, value: Any) -> tuple[str, Any]:
    """Return a column's published name and value: fen and 1e-4 fen as yuan text, everything else as it is."""
    for suffix, show in UNITS.items():
        if name.endswith(suffix):
            return name.removesuffix(suffix), show(value)
    return name.removesuffix("_count"), value


def claim_json(told: dict[str, Any]) -> dict[str, Any]:
    """Return one settled claim (``Settled.told``) as JSON: who and where, the national amounts, every step, every line."""
    keys = ("medins_setl_id", "psn_no", "insuplc_admdvs", "mdtrtarea_admvs", "filing", "day")
    amounts = {c.name.removesuffix("_fen"): yuan(told[c.name.removesuffix("_fen")]) for c in RESULT[:-1]}
    layers = []
    for step in told["layers"]:
        shown = {name: value for name, value in step.items() if name != "layer_row"}
        if shown["cap_left_fen"] < 0:
            shown["cap_left_fen"] = None
        layers.append(dict(cell(n, v) if v is not None else (n.removesuffix("_fen"), None) for n, v in shown.items()))
    lines = [
        dict(cell(name, value) for name, value in line.items() if name not in ("item", "pric_uplmt_e4"))
        for line in told["lines"]
    ]
    return {key: told[key] for key in keys} | {"setlinfo": amounts, "layers": layers, "feedetail": lines}


def counter_json(counter: dict[str, Any]) -> dict[str, Any]:
    """Return a counter with its value in yuan, or as a number for admissions."""
    value = counter["value"] if counter["kind"] == "admissions" else yuan(counter["value"])
    return counter | {"value": value}


def result_json(
    told: list[dict[str, Any]], refused: list[dict[str, Any]], counters: list[dict[str, Any]], digest: str
) -> dict[str, Any]:
    """Return a whole settled file as JSON."""
    return {
        "rulebook": digest,
        "engine": __version__,
        "settled": [claim_json(row) for row in told],
        "refused": refused,
        "counters": [counter_json(counter) for counter in counters],
    }


def _shown_columns(told: list[dict[str, Any]]) -> list[Column]:
    """Return the result columns worth a row: funds that nobody paid are left out."""
    optional = {*codes.FUND_ORDER, "hosp_part_amt", "acct_mulaid_pay", "acct_mulaid_balc"}
    return [
        c for c in RESULT[:-1]
        if (name := c.name.removesuffix("_fen")) not in optional or any(row[name] for row in told)
    ]  # fmt: skip


def side_by_side(told: list[dict[str, Any]], title: str = "", heads: list[str] | None = None) -> Table:
    """Return a table with one row a national amount and one column a claim."""
    table = Table(title=title or None, title_justify="left")
    table.add_column("金额（元）")
    table.add_column("字段")
    for at, row in enumerate(told):
        table.add_column(heads[at] if heads else row["medins_setl_id"], justify="right")
    for column in _shown_columns(told):
        name = column.name.removesuffix("_fen")
        table.add_row(column.zh, name, *(yuan(row[name]) for row in told))
    return table


def listing(told: list[dict[str, Any]]) -> Table:
    """Return a table with one row a claim, for many claims."""
    names = ("medfee_sumamt", "inscp_scp_amt", "act_pay_dedc", "fund_pay_sumamt", "acct_pay", "psn_cash_pay")
    titles = {c.name.removesuffix("_fen"): c.zh for c in RESULT}
    table = Table()
    table.add_column("结算流水号")
    for name in names:
        table.add_column(titles[name], justify="right")
    for row in told:
        table.add_row(row["medins_setl_id"], *(yuan(row[name]) for name in names))
    return table


def refusal_table(refused: list[dict[str, Any]]) -> Table:
    """Return the refusals as a table: which claim, which code, what to do."""
    table = Table(title="未结算", title_justify="left")
    for head in ("结算流水号", "代码", "字段", "原因与处理"):
        table.add_column(head, overflow="fold")
    for row in refused:
        table.add_row(row["medins_setl_id"], row["code"], row["field"], row["message_zh"])
    return table
