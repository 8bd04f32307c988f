"""Inputs of questions to an area's guide (K59x to KB) and of pay-outs to the card's account (KC): this service's own forms."""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node


class PlaceQuestion(Node, frozen=True, kw_only=True):
    """K591: is the person's card good at a place, on a day (today, if none is said)?"""

    psn_no: f.psn_no
    mdtrtarea_admdvs: f.mdtrtarea_admdvs
    query_date: f.query_date | None = None


class PersonQuestion(Node, frozen=True, kw_only=True):
    """K691, KC02: of one person."""

    psn_no: f.psn_no


class AreaQuestion(Node, frozen=True, kw_only=True):
    """K991, KA01, KB01: of an area; the frame's, if none is said."""

    admdvs: f.admdvs | None = None


class ChannelQuestion(AreaQuestion, frozen=True, kw_only=True):
    """K791: all channels or one, now or at a moment."""

    channel: f.channel | None = None
    moment: f.moment | None = None


class PointQuestion(AreaQuestion, frozen=True, kw_only=True):
    """K891: which points, by district, service and bank."""

    service: f.service | None = None
    card_bank: f.card_bank | None = None
    page_num: f.page_num | None = None
    page_size: f.page_size | None = None


class ReissueQuestion(Node, frozen=True, kw_only=True):
    """K892: where the person lives now (``admdvs``; the insured area, if none is said); the bank, if not on record."""

    psn_no: f.psn_no
    admdvs: f.admdvs | None = None
    card_bank: f.card_bank | None = None


class PayoutMove(Node, frozen=True, kw_only=True):
    """KC01: which pay-out, and how the holder came. The account is the card's; a stated one is only compared."""

    psn_no: f.psn_no
    payout: f.payout
    channel: f.channel
    docs: f.docs
    appy_by: f.appy_by | None = None
    agnter_name: f.agnter_name | None = None
    agnter_cert_type: f.agnter_cert_type | None = None
    agnter_certno: f.agnter_certno | None = None
    card_acct: f.card_acct | None = None
    point_name: f.point_name | None = None
    memo: f.memo | None = None


class Payment(Node, frozen=True, kw_only=True):
    """KC03: one pay-out of one month."""

    psn_no: f.psn_no
    payout: f.payout
    pay_month: f.pay_month
    pay_amt: f.pay_amt
    payer_name: f.payer_name | None = None
    memo: f.memo | None = None


class PaymentBack(Node, frozen=True, kw_only=True):
    """KC04: the payment that is given back, whole."""

    psn_no: f.psn_no
    payout: f.payout
    pay_month: f.pay_month
    pay_no: f.pay_no
    memo: f.memo | None = None
