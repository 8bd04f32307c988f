"""Refund lines: a negative quantity that names the line it takes off from, and may take off no more than is left."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from settlement import money
from settlement.checkout import refusals_visits as refusals
from settlement.checkout.claims import refused

FEN_IN_PRODUCT = 10 ** (money.COUNT_PLACES + money.PRICE_PLACES - money.FEN_PLACES)  # cnt x pric in units of a fen

Line = dict[str, Any]


def is_refund(line: Line) -> bool:
    """Tell whether a line gives back (part of) another one."""
    return bool(line.get("init_feedetl_sn"))


def check_refunds(there: list[Line], new: list[Line]) -> None:
    """Check the refund lines of a message against the batch's lines and those beside them.

    Raises BadInput B42 (no such line), B43 (more than is left), B44 (another item), C07 (cnt x pric is not the amount).
    """
    firsts = {line["feedetl_sn"]: line for line in there + new if not is_refund(line)}
    left = {serial: _size(line) for serial, line in firsts.items()}
    for line in there + new:
        if not is_refund(line):
            continue
        serial, (count, amount) = line["init_feedetl_sn"], _size(line)
        first = firsts.get(serial)
        if first is None:
            raise refusals.nothing_to_refund(line["feedetl_sn"], serial)
        if line["med_list_codg"] != first["med_list_codg"]:
            raise refusals.another_item(line["feedetl_sn"], serial)
        before = left[serial]
        after = left[serial] = (before[0] + count, before[1] + amount)
        if min(after) < 0 or (after[0] == 0) != (after[1] == 0):
            cnt = format(Decimal(before[0]).scaleb(-money.COUNT_PLACES).normalize(), "f")
            raise refusals.more_than_left(line["feedetl_sn"], serial, cnt, money.yuan(before[1]))
        _check_product(line, count, amount)


def _check_product(line: Line, count: int, amount: int) -> None:
    if not line.get("pric"):
        return
    price = money.scaled(line["pric"], money.PRICE_PLACES, "pric")
    if abs(count * price - amount * FEN_IN_PRODUCT) >= FEN_IN_PRODUCT:
        found = f"feedetl_sn {line['feedetl_sn']}: pric x cnt differs from {money.yuan(amount)}"
        raise refused("C07_LINE_ARITHMETIC", "feedetail.det_item_fee_sumamt", found)


def _size(line: Line) -> tuple[int, int]:
    return money.scaled(line["cnt"], money.COUNT_PLACES, "cnt"), money.fen(line["det_item_fee_sumamt"])


def waves(refunds: list[Line]) -> Iterator[list[Line]]:
    """Yield the refund lines in their order, so that no wave has two of one line."""
    rest = refunds
    while rest:
        seen: set[str] = set()
        wave: list[Line] = []
        later: list[Line] = []
        for line in rest:
            (later if line["init_feedetl_sn"] in seen else wave).append(line)
            seen.add(line["init_feedetl_sn"])
        yield wave
        rest = later
