"""What may enter the book at all: ids of a bounded length, whole fen, postings that add up to zero."""

from __future__ import annotations

from datetime import date
from typing import cast, get_args

from settlement.ledger import refusals
from settlement.ledger.book import Booking, CounterKey, Message, PeriodKind
from settlement.money import MAX_FEN

ID_LENGTH = 30  # c30, the longest id of the national interface


def check_message(message: Message) -> None:
    """Refuse a message that could not be booked or found again. Raises BadInput L09."""
    for field in ("fixmedins_code", "msgid", "infno", "psn_no"):
        if not _is_id(getattr(message, field)):
            raise refusals.message_form(field, getattr(message, field))
    if not isinstance(message.body, bytes):
        raise refusals.message_form("body", type(message.body).__name__)
    if not _is_text(message.received_at):
        raise refusals.message_form("received_at", message.received_at)


def check_booking(booking: Booking) -> None:
    """Refuse a booking that does not balance or has a field of the wrong kind. Raises BadInput L08, L10."""
    if not _is_id(booking.setl_id):
        raise refusals.booking_form("setl_id", booking.setl_id)
    if not isinstance(booking.answer, bytes):
        raise refusals.booking_form("answer", type(booking.answer).__name__)
    for key, value in booking.counters.items():
        if not _is_counter(key) or not _is_amount(value):
            raise refusals.booking_form("counters", (key, value))
    if booking.acct_balc_fen is not None and not _is_amount(booking.acct_balc_fen):
        raise refusals.booking_form("acct_balc_fen", booking.acct_balc_fen)
    for posting in booking.postings:
        if not (_is_text(posting.account) and posting.account and _is_text(posting.fund_pay_type)):
            raise refusals.booking_form("postings", posting)
        if not _is_amount(posting.amount_fen):
            raise refusals.booking_form("postings", posting)
    total_fen = sum(posting.amount_fen for posting in booking.postings)
    if total_fen != 0:
        raise refusals.unbalanced(booking.setl_id, total_fen)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()  # also refuses lone surrogates, which no store can hold


def _is_id(value: object) -> bool:
    return _is_text(value) and 1 <= len(cast(str, value)) <= ID_LENGTH


def _is_amount(value: object) -> bool:
    return type(value) is int and abs(value) <= MAX_FEN


def _is_counter(key: CounterKey) -> bool:
    return (
        isinstance(key, CounterKey)
        and all(_is_text(part) and part for part in key)
        and key.period_kind in get_args(PeriodKind)
        and _is_day(key.period_start)
    )


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
