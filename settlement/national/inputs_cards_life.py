"""Inputs of the card's life: application, collection, activation, PINs, loss, re-issue, temporary card (K2 to K4, K6 to K9).

All are this service's own: no national message has them. ``docs`` lists what the clerk saw; the person acting for the
holder is named by the national fields ``agnter_*``. Days that are not given are the day of receipt.
"""

from __future__ import annotations

from settlement.national import fields as f
from settlement.national.types import Node


class Action(Node, frozen=True, kw_only=True):
    """What every action says: whose card, through which channel, by whom, with which documents. Not a node of its own."""

    psn_no: f.psn_no
    channel: f.channel
    appy_by: f.appy_by | None = None  # self, if nothing is said
    docs: f.docs | None = None
    agnter_name: f.agnter_name | None = None
    agnter_cert_type: f.agnter_cert_type | None = None
    agnter_certno: f.agnter_certno | None = None
    agnter_tel: f.agnter_tel | None = None
    card_bank: f.card_bank | None = None
    point_name: f.point_name | None = None
    admdvs: f.admdvs | None = None  # where the window or point is
    memo: f.memo | None = None


class CardApplication(Action, frozen=True, kw_only=True):
    """K201: a first card. The bank is the one that will issue it with the office."""

    card_bank: f.card_bank
    collect_at: f.collect_at | None = None


class ApplicationRef(Action, frozen=True, kw_only=True):
    """K204: one application of the person."""

    appy_no: f.appy_no


class CardQuery(Node, frozen=True, kw_only=True):
    """K202, K205, K402: a person, and one application if only that is meant."""

    psn_no: f.psn_no
    appy_no: f.appy_no | None = None


class MakerEvent(Node, frozen=True, kw_only=True):
    """K203: what the card's maker says. With ``ready`` the numbers of the card that was made, with ``refused`` why not."""

    psn_no: f.psn_no
    appy_no: f.appy_no
    appy_stas: f.appy_stas
    card_sn: f.card_sn | None = None
    card_no: f.card_no | None = None
    card_acct: f.card_acct | None = None
    card_until: f.card_until | None = None
    memo: f.memo | None = None


class Cancellation(Action, frozen=True, kw_only=True):
    """K206: all cards of a person end: ``died`` with its day, or ``moved``."""

    card_reason: f.card_reason
    die_date: f.die_date | None = None


class Collection(Action, frozen=True, kw_only=True):
    """K301: a card that is ready is handed out."""

    appy_no: f.appy_no


class CardAction(Action, frozen=True, kw_only=True):
    """K401, K403, K601 to K603: one card of the person; the present one, if no number is given."""

    card_sn: f.card_sn | None = None
    card_no: f.card_no | None = None


class Activation(CardAction, frozen=True, kw_only=True):
    """K401: the bank activates the financial account; ``card_acct`` is its number."""

    card_acct: f.card_acct | None = None


class PinReport(CardAction, frozen=True, kw_only=True):
    """K601, K602, K603: which of the two PINs. No PIN is ever sent."""

    card_pin_kind: f.card_pin_kind | None = None


class LossReport(CardAction, frozen=True, kw_only=True):
    """K701: by 12333 the name and ID number are given by voice or keys, so they are compared here."""

    psn_name: f.psn_name | None = None
    certno: f.certno | None = None
    emp_name: f.emp_name | None = None


class Reissue(CardAction, frozen=True, kw_only=True):
    """K801: a card instead of the lost or damaged one. A point that makes cards at once gives the new numbers."""

    card_reason: f.card_reason
    new_card_sn: f.new_card_sn | None = None
    new_card_no: f.new_card_no | None = None
    card_acct: f.card_acct | None = None
    card_until: f.card_until | None = None
    card_fee: f.card_fee | None = None
    collect_at: f.collect_at | None = None


class OfficeStep(Action, frozen=True, kw_only=True):
    """K802: the office's part of a re-issue whose prefabricated card the bank handed out."""

    appy_no: f.appy_no


class TemporaryCard(Action, frozen=True, kw_only=True):
    """K901: the hospital's certificate and the card that is handed out."""

    hosp_paper_no: f.hosp_paper_no | None = None
    fixmedins_code: f.fixmedins_code | None = None
    card_sn: f.card_sn
    card_no: f.card_no


class TemporaryEvent(Action, frozen=True, kw_only=True):
    """K902 extension to a day, K903 return, K904 lost or damaged."""

    card_sn: f.card_sn | None = None
    card_until: f.card_until | None = None
    card_reason: f.card_reason | None = None
    card_fee: f.card_fee | None = None
