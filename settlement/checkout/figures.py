"""Figures that were shown or stated before, held against those of now: pre-settle and settle agree, or settle says so.

A pre-settlement answers with a mark (``exp_content``, JSON text: ``{"presettle": …}``) of the state it was made from and of the
amounts it showed. A settlement that brings the mark back, or the amounts themselves (``{"expected": {name: yuan}}``),
is booked only if its own amounts are those; otherwise it is refused with the new ones. The state in the mark only
serves to say why. Who brings neither takes what comes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

from settlement.checkout import refusals
from settlement.checkout.claims import Claim, extension, refused
from settlement.checkout.setlinfo import AMOUNTS, SCOPE
from settlement.errors import BadInput
from settlement.money import fen, yuan

MARK, EXPECTED = "presettle", "expected"
NAMED = ("fund_pay_sumamt", "acct_pay", "psn_cash_pay")  # what a cashier compares


def mark_of(version: int, rulebook: str, setlinfo: Mapping[str, Any]) -> str:
    """Return the mark of a pre-settlement: the person's version, the rules, and a digest of every amount shown.

    The balance is not among them: it may have moved without moving anything that is paid.
    """
    shown = "|".join(str(setlinfo[name]) for name in AMOUNTS)
    return f"{version}.{rulebook[:12]}.{hashlib.sha256(shown.encode()).hexdigest()[:16]}"


def written(mark: str) -> str:
    """Return the extension of an answer (c4000, JSON text) that carries a mark."""
    return f'{{"{MARK}":"{mark}"}}'


def check_split(claim: Claim, row: Mapping[str, Any], output: Callable[[], dict[str, Any]]) -> None:
    """Refuse the four sums of the split that a sender states (B13) unless they are ours, or those of the line answers.

    Four zeros state nothing: an empty number is sent as 0. ``output`` makes what a refusal shows. Raises BadInput C02
    for what is no amount.
    """
    stated = claim.stated
    said = {name: _fen(value, name) for name in SCOPE if (value := stated.get(name)) not in (None, "")}
    off = [name for name, value in said.items() if value != row[name]]
    if not off:
        return
    told = claim.told is not None and all(claim.told[name] == value for name, value in said.items())
    if not told and any(said.values()):
        raise refusals.split_differs(
            output(),
            "，".join(f"{name} {yuan(said[name])}" for name in off),
            "，".join(f"{name} {yuan(row[name])}" for name in off),
        )


def check_expected(stated: Mapping[str, Any], output: Callable[[], dict[str, Any]]) -> None:
    """Refuse a settlement whose figures are not those that the person was shown (B14).

    ``output`` makes what a pre-settlement would answer now, with its mark: what a refusal shows.
    """
    said = extension(stated)
    before, amounts = said.get(MARK), said.get(EXPECTED)
    if not before and not isinstance(amounts, dict):
        return
    shown_now = output()
    info, mark = shown_now["setlinfo"], str(extension(shown_now)[MARK])
    if isinstance(amounts, dict):
        shown = {name: _fen(value, name) for name, value in amounts.items() if name in AMOUNTS}
        off = [name for name, value in shown.items() if value != fen(info[name])]
        if off:
            raise refusals.figures_changed(
                shown_now,
                *_why(str(before or ""), mark),
                "，".join(f"{name} {yuan(shown[name])}" for name in off),
                "，".join(f"{name} {info[name]}" for name in off),
            )
    if before and str(before).rpartition(".")[2] != mark.rpartition(".")[2]:
        now = "，".join(f"{name} {info[name]}" for name in NAMED)
        raise refusals.figures_changed(shown_now, *_why(str(before), mark), f"{MARK} {before}", now)


def _why(before: str, now: str) -> tuple[str, str]:
    """Return, in English and Chinese, what moved between two marks."""
    was, is_now = before.split("."), now.split(".")
    if len(was) != len(is_now):
        return "not known why", "预结算之后情况有变化"
    if was[1] != is_now[1]:
        return "the rules changed", "预结算之后待遇规则有更新"
    if was[0] != is_now[0]:
        return "the person's counters or balance changed", "预结算之后该参保人有其他结算或退费"
    return "the lines, the filing or the day changed", "预结算之后费用明细、备案或结算日期有变化"


def _fen(value: Any, name: str) -> int:
    try:
        return fen(value, name)
    except BadInput as error:
        raise refused(error.code, name, error.found) from None
