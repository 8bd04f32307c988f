"""How a question is read: its node, its fields, the days it spans, the page it wants, and whose things it may see."""

from __future__ import annotations

from datetime import date
from typing import Any

from settlement import money
from settlement.checkout import refusals_accounts as refusals
from settlement.checkout.base import Said
from settlement.errors import BadInput

LARGEST_PAGE = 500
# Roles that see every institution; all others, the clerk of an institution too, see their own only.
INSIDERS = frozenset({"auditor"})


def node_of(said: Said, name: str = "data") -> dict[str, Any]:
    """Return a node of the input. Raises BadInput B60 where it is absent."""
    node = said.input.get(name)
    if not isinstance(node, dict):
        raise refusals.field_missing(name)
    return node


def text(node: dict[str, Any], name: str) -> str:
    """Return a field as text, '' if it is absent or null."""
    value = node.get(name)
    return "" if value is None else str(value).strip()


def needed(node: dict[str, Any], name: str) -> str:
    """Return a field as text. Raises BadInput B60 where it is absent or empty."""
    value = text(node, name)
    if not value:
        raise refusals.field_missing(name)
    return value


def amount_fen(node: dict[str, Any], name: str) -> int:
    """Return an amount in fen. Raises BadInput B60 (absent) or B82 (no amount)."""
    value = needed(node, name)
    try:
        return money.fen(value, name)
    except BadInput:
        raise refusals.amount_form(name, value) from None


def count(node: dict[str, Any], name: str) -> int:
    """Return a whole number. Raises BadInput B60 or B82."""
    value = needed(node, name)
    try:
        return money.scaled(value, 0, name)
    except BadInput:
        raise refusals.amount_form(name, value) from None


def span(node: dict[str, Any], first: str, last: str, most_days: int) -> tuple[str, str]:
    """Return two days (YYYY-MM-DD, both included); the hours of a time are cut off.

    Raises BadInput B60 where one is absent, B61 where one is no day, they are the wrong way round, or more than
    ``most_days`` lie between.
    """
    begins, ends = needed(node, first)[:10], needed(node, last)[:10]
    try:
        days = (date.fromisoformat(ends) - date.fromisoformat(begins)).days
    except ValueError:
        raise refusals.span(begins, ends, "is not two days", "不是有效日期") from None
    if days < 0:
        raise refusals.span(begins, ends, "ends before it begins", "起始晚于结束")
    if days >= most_days:
        raise refusals.span(begins, ends, f"spans more than {most_days} days", f"跨度超过 {most_days} 天")
    return begins, ends


def paged(node: dict[str, Any], rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the page of rows that a question wants: all of them if it names no page. Raises BadInput B62."""
    number, size = text(node, "page_num"), text(node, "page_size")
    if not number and not size:
        return rows
    try:
        at, many = money.scaled(number or "1", 0), money.scaled(size or "100", 0)
    except BadInput:
        raise refusals.page(f"{number}/{size}") from None
    if at < 1 or not 1 <= many <= LARGEST_PAGE:
        raise refusals.page(f"{number}/{size}")
    return rows[(at - 1) * many : at * many]


def may_see(said: Said, fixmedins_code: str) -> bool:
    """Tell whether the one who asks may see what happened at an institution."""
    return said.role in INSIDERS or said.fixmedins_code == fixmedins_code


def refuse_other(said: Said, node: dict[str, Any]) -> None:
    """Refuse a node that names another institution than the sender (BadInput B67)."""
    named = text(node, "fixmedins_code")
    if named and named != said.fixmedins_code:
        raise refusals.other_institution(named, said.fixmedins_code)
