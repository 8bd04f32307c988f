"""Outputs of questions to an area's guide and of pay-outs: this service's own forms.

Every row says which section of the source it is from and how far it can be trusted; what is absent the source does not say.
"""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node, Rows


class SourceInfo(Node, frozen=True, kw_only=True):
    """What the guide is from."""

    source_title: f.source_title
    confidence: f.confidence
    confidence_name: f.confidence_name
    memo: f.memo | None = None


class Told(Node, frozen=True, kw_only=True):
    """What every row says of itself. Not a node of its own."""

    section: f.section
    confidence: f.confidence
    confidence_name: f.confidence_name
    memo: f.memo | None = None


class Guided(Node, frozen=True, kw_only=True):
    """What every answer has. Not an output of its own."""

    sourceinfo: SourceInfo


class UnreadInfo(Node, frozen=True, kw_only=True):
    """A table that the source has and that could not be read."""

    table_title: f.table_title
    memo: f.memo | None = None


class PlaceInfo(Told, frozen=True, kw_only=True):
    """K591."""

    relation: f.relation
    relation_name: f.relation_name
    place_text: f.place_text
    refl_needed_flag: f.refl_needed_flag
    filed_flag: f.filed_flag
    usable_flag: f.usable_flag
    advice: f.advice


class PlaceOutput(Guided, frozen=True, kw_only=True):
    """K591."""

    placeinfo: PlaceInfo


class PinInfo(Told, frozen=True, kw_only=True):
    """K691: one of the two PINs; the hint is there to have it changed."""

    card_pin_kind: f.card_pin_kind
    card_pin_stas: f.card_pin_stas | None = None
    card_bank: f.card_bank | None = None
    bank_name: f.bank_name | None = None
    initial_pin_hint: f.initial_pin_hint | None = None
    change_at: f.change_at
    reset_at: f.reset_at | None = None
    advice: f.advice


class PinOutput(Guided, frozen=True, kw_only=True):
    """K691."""

    pininfo: Rows[PinInfo]


class ChannelInfo(Told, frozen=True, kw_only=True):
    """K791: one channel at the moment asked for."""

    channel: f.channel
    channel_name: f.channel_name
    tel: f.tel | None = None
    answers_now: f.answers_now
    season: f.season | None = None
    open_hours: f.open_hours | None = None
    can_report_loss: f.can_report_loss
    can_unblock: f.can_unblock
    steps: f.steps | None = None
    needs: f.needs | None = None


class ChannelOutput(Guided, frozen=True, kw_only=True):
    """K791."""

    channelinfo: Rows[ChannelInfo] | None = None


class PointInfo(Told, frozen=True, kw_only=True):
    """K891, K892: one service point; no district where the source does not say in which it lies."""

    point_name: f.point_name
    card_bank: f.card_bank | None = None
    bank_name: f.bank_name | None = None
    addr: f.addr | None = None
    tel: f.tel | None = None
    admdvs: f.admdvs | None = None
    services: f.services


class Advice(Node, frozen=True, kw_only=True):
    """What to do beside what was answered."""

    advice: f.advice


class PointOutput(Guided, frozen=True, kw_only=True):
    """K891."""

    pointinfo: Rows[PointInfo] | None = None
    unreadinfo: Rows[UnreadInfo] | None = None
    adviceinfo: Advice | None = None


class FeeInfo(Told, frozen=True, kw_only=True):
    """KA01, K892: one fee; no amount where something is charged and the source does not say how much."""

    fee_item: f.fee_item
    fee_name: f.fee_name
    charged_flag: f.charged_flag
    charged_by: f.charged_by | None = None
    card_fee: f.card_fee | None = None


class FeeOutput(Guided, frozen=True, kw_only=True):
    """KA01."""

    feeinfo: Rows[FeeInfo] | None = None
    unreadinfo: Rows[UnreadInfo] | None = None


class WayInfo(Told, frozen=True, kw_only=True):
    """K892: how."""

    relation: f.relation
    relation_name: f.relation_name
    card_bank: f.card_bank | None = None
    usable_flag: f.usable_flag
    advice: f.advice


class WayOutput(Guided, frozen=True, kw_only=True):
    """K892: how, where, and what it costs."""

    wayinfo: WayInfo
    pointinfo: Rows[PointInfo] | None = None
    feeinfo: Rows[FeeInfo] | None = None


class TemporaryInfo(Told, frozen=True, kw_only=True):
    """K991."""

    valid_days: f.valid_days
    longest_months: f.longest_months
    financial_flag: f.financial_flag
    across_regions_flag: f.across_regions_flag
    needs: f.needs
    channel_name: f.channel_name
    card_fee: f.card_fee
    advice: f.advice | None = None


class TemporaryOutput(Guided, frozen=True, kw_only=True):
    """K991."""

    temporaryinfo: TemporaryInfo


class PhoneInfo(Told, frozen=True, kw_only=True):
    """KB01: one number."""

    admdvs: f.admdvs
    org_name: f.org_name
    tel: f.tel


class PhoneOutput(Guided, frozen=True, kw_only=True):
    """KB01."""

    phoneinfo: Rows[PhoneInfo] | None = None


class PayoutInfo(Told, frozen=True, kw_only=True):
    """KC02: one kind of pay-out and where it goes."""

    payout: f.payout
    payout_name: f.payout_name
    card_acct: f.card_acct | None = None
    moved_at: f.moved_at | None = None
    advice: f.advice


class PayoutsOutput(Guided, frozen=True, kw_only=True):
    """KC02."""

    payoutinfo: Rows[PayoutInfo]


class Moved(Node, frozen=True, kw_only=True):
    """KC01."""

    payout: f.payout
    payout_name: f.payout_name
    card_acct: f.card_acct
    former_acct: f.former_acct | None = None
    card_told: f.card_told
    section: f.section


class MovedOutput(Node, frozen=True, kw_only=True):
    """KC01."""

    result: Moved


class Paid(Node, frozen=True, kw_only=True):
    """KC03, KC04; the amount of a payment given back is negative."""

    pay_no: f.pay_no
    payout: f.payout
    payout_name: f.payout_name
    card_acct: f.card_acct
    pay_amt: f.pay_amt
    pay_month: f.pay_month
    paid_date: f.paid_date
    payer_name: f.payer_name | None = None


class PaidOutput(Node, frozen=True, kw_only=True):
    """KC03, KC04."""

    result: Paid
