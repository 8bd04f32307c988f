"""How a message that changes a visit, its lines or a filing is booked: read, decide, write the new versions.

A ``Change`` gets the desk, the house and the message and returns the output and the facts' new versions; everything it
raises leaves the book as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from settlement.checkout.base import LINES, TOKEN_CERT, VISIT, House, Said, alone, answer_bytes, now
from settlement.checkout.filed import FILING
from settlement.ledger.book import Booking, Desk, FactKey, Work

Changed = tuple[dict[str, Any] | None, dict[FactKey, bytes]]
Change = Callable[[Desk, House, Said], Changed]


def booked(change: Change) -> Callable[[House, Said], Work]:
    """Return what a transaction does with a message: the work whose booking is the change."""

    def work(house: House, said: Said) -> Work:
        def compute(desk: Desk) -> Booking:
            output, facts = change(desk, house, said)
            return Booking(answer_bytes(said, output, now(house)), facts=facts)

        return alone(said, compute, _reads(said))

    return work


def _reads(said: Said) -> tuple[FactKey, ...]:
    """Return the facts that a message will ask for: of the visit and the person it names first."""
    asked = []
    for node in said.input.values():
        first = node[0] if isinstance(node, list) and node else node
        if isinstance(first, dict):
            for kind, name in ((VISIT, "mdtrt_id"), (LINES, "mdtrt_id"), (FILING, "psn_no")):
                if isinstance(first.get(name), str) and first[name]:
                    asked.append(FactKey(kind, first[name]))
    return tuple(dict.fromkeys(asked))


def kept(node: dict[str, Any]) -> dict[str, Any]:
    """Return a node as it may be kept: a voucher's token is left out."""
    if node.get("mdtrt_cert_type") == TOKEN_CERT:
        return {name: value for name, value in node.items() if name != "mdtrt_cert_no"}
    return dict(node)
