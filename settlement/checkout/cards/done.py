"""What an action on a card answers, and how cards and applications are shown. Person data beyond the numbers is left out."""

from __future__ import annotations

from typing import Any

from settlement.money import yuan
from settlement.registry.holder import Application, Card, Holder


def done(
    application: Application | None = None, card: Card | None = None, told: str = "", fee_fen: int | None = None
) -> dict[str, Any]:
    """Return the output of an action: ``result`` with what it left."""
    result: dict[str, Any] = {}
    if application is not None:
        result |= {"appy_no": application.number, "appy_stas": application.state}
    if card is not None:
        result |= {
            "card_sn": card.card_sn or None, "card_no": card.card_no or None, "card_stas": card.state,
            "card_until": card.valid_until or None, "card_fin_stas": card.financial, "card_pin_stas": card.pin,
        }  # fmt: skip
    if fee_fen is not None:
        result["card_fee"] = yuan(fee_fen)
    return {"result": result | {"card_told": told or None}}


def card_row(card: Card) -> dict[str, Any]:
    """Return a card as K205 shows it."""
    return {
        "card_sn": card.card_sn or None, "card_no": card.card_no or None, "card_kind": card.kind,
        "card_stas": card.state, "card_bank": card.bank or None, "card_issued": card.issued or None,
        "card_until": card.valid_until or None, "card_fin_stas": card.financial, "card_pin_stas": card.pin,
        "lost_time": card.lost_on or None, "lost_by": card.lost_by or None,
        "card_fee": yuan(card.fee_fen) if card.fee_fen else None,
    }  # fmt: skip


def application_row(one: Application) -> dict[str, Any]:
    """Return an application as K202 shows it."""
    return {
        "appy_no": one.number, "appy_kind": one.kind, "appy_stas": one.state, "appy_date": one.applied_on,
        "channel": one.channel, "appy_by": one.by, "card_bank": one.bank or None, "point_name": one.point or None,
        "collect_at": one.collect_at or None, "card_sn": one.card_sn or None, "memo": one.note or None,
    }  # fmt: skip


def rows(holder: Holder) -> dict[str, Any]:
    """Return a holder as K205 shows it: all cards and all applications, None for a list that is empty."""
    return {
        "cardinfo": [card_row(card) for card in holder.cards] or None,
        "appyinfo": [application_row(one) for one in holder.applications] or None,
    }
