"""Outputs of the card's life (K…): this service's own forms."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node, Rows


class CardDone(Node, frozen=True, kw_only=True):
    """What an action left: the application, the card, what there is to pay, and what the holder should be told."""

    appy_no: f.appy_no | None = None
    appy_stas: f.appy_stas | None = None
    card_sn: f.card_sn | None = None
    card_no: f.card_no | None = None
    card_stas: f.card_stas | None = None
    card_until: f.card_until | None = None
    card_fin_stas: f.card_fin_stas | None = None
    card_pin_stas: f.card_pin_stas | None = None
    card_fee: f.card_fee | None = None
    card_told: f.card_told | None = None


class CardDoneOutput(Node, frozen=True, kw_only=True):
    """Every action of the card's life."""

    result: CardDone


class CardInfo(Node, frozen=True, kw_only=True):
    """One card of a person."""

    card_sn: f.card_sn | None = None
    card_no: f.card_no | None = None
    card_kind: f.card_kind
    card_stas: f.card_stas
    card_bank: f.card_bank | None = None
    card_issued: f.card_issued | None = None
    card_until: f.card_until | None = None
    card_fin_stas: f.card_fin_stas
    card_pin_stas: f.card_pin_stas
    lost_time: f.lost_time | None = None
    lost_by: f.lost_by | None = None
    card_fee: f.card_fee | None = None


class ApplicationInfo(Node, frozen=True, kw_only=True):
    """One application of a person and where it stands."""

    appy_no: f.appy_no
    appy_kind: f.appy_kind
    appy_stas: f.appy_stas
    appy_date: f.appy_date
    channel: f.channel
    appy_by: f.appy_by
    card_bank: f.card_bank | None = None
    point_name: f.point_name | None = None
    collect_at: f.collect_at | None = None
    card_sn: f.card_sn | None = None
    memo: f.memo | None = None


class ApplicationsOutput(Node, frozen=True, kw_only=True):
    """K202."""

    appyinfo: Rows[ApplicationInfo] | None = None


class HolderOutput(Node, frozen=True, kw_only=True):
    """K205, K402: the cards, and what the present one opens."""

    cardinfo: Rows[CardInfo] | None = None
    appyinfo: Rows[ApplicationInfo] | None = None
    card_told: f.card_told | None = None
