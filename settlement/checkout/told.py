"""What the answers to uploaded lines said, added up: a sender states these sums when it settles.

The claim's own figures are the binding ones. The sums of the answers are the same (``split``) unless lines were taken
out or refunded whole after the last answer; then a settlement takes either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

OF_CLAIM = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
OF_LINE = ("fulamt_ownpay_amt", "overlmt_amt", "preselfpay_amt", "inscp_scp_amt")


def told_sums(lines: Sequence[dict[str, Any]], under: str) -> dict[str, int] | None:
    """Return the sums in fen of what the answers to these stored lines said, under setlinfo's names.

    ``under`` is how the visit is settled (``terms_of``); None where a line was answered under other terms. A sender who
    adds up the answers sends these; they and the claim's own figures differ only where lines left.
    """
    own = over = first = scope = 0
    for line in lines:
        if line.get("under") != under:
            return None
        told = line["told"]
        own, over, first, scope = own + told[0], over + told[1], first + told[2], scope + told[3]
    return dict(zip(OF_CLAIM, (own, over, first, scope), strict=True))


def terms_of(stated: dict[str, Any]) -> str:
    """Return what the division of a visit's lines rests on, beside person and place: its med_type and disease."""
    return f"{stated.get('med_type') or ''}|{stated.get('dise_codg') or ''}"
