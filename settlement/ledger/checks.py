"""What may enter the book at all: ids of a bounded length, whole fen, postings that add up to zero."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import cast, get_args

from settlement.ledger import refusals
from settlement.ledger.book import PERSON, Booking, CounterKey, FactKey, Message, PeriodKind, Settlement
from settlement.money import MAX_FEN

_PERIODS = frozenset(get_args(PeriodKind))
ID_LENGTH = 30  # c30, the longest id of the national interface


def check_message(message: Message) -> None:
    """Refuse a message that could not be booked or found again. Raises BadInput L09."""
    for field in ("fixmedins_code", "msgid", "infno"):
        if not _is_id(getattr(message, field)):
            raise refusals.message_form(field, getattr(message, field))
    if message.psn_no != "" and not _is_id(message.psn_no):
        raise refusals.message_form("psn_no", message.psn_no)
    if not isinstance(message.body, bytes):
        raise refusals.message_form("body", type(message.body).__name__)
    if not (message.received_at == "" or _is_moment(message.received_at)):
        raise refusals.message_form("received_at", message.received_at)


def check_booking(booking: Booking, message: Message) -> None:
    """Refuse a booking that does not balance or has a field of the wrong kind. Raises BadInput L08, L10."""
    if booking.setl_id != "" and not _is_id(booking.setl_id):
        raise refusals.booking_form("setl_id", booking.setl_id)
    if not isinstance(booking.answer, bytes):
        raise refusals.booking_form("answer", type(booking.answer).__name__)
    for key, value in booking.counters.items():
        if not _is_counter(key) or not _is_amount(value):
            raise refusals.booking_form("counters", (key, value))
    if booking.acct_balc_fen is not None and not _is_amount(booking.acct_balc_fen):
        raise refusals.booking_form("acct_balc_fen", booking.acct_balc_fen)
    if not message.psn_no and (booking.counters or booking.acct_balc_fen is not None):
        raise refusals.booking_form("counters", "of a message that is about nobody")
    for fact, content in booking.facts.items():
        if not _is_fact(fact) or not isinstance(content, bytes):
            raise refusals.booking_form("facts", fact)
    if booking.settlement is not None and not _is_settlement(booking.settlement):
        raise refusals.booking_form("settlement", booking.settlement)
    _check_postings(booking)


def _check_postings(booking: Booking) -> None:
    for posting in booking.postings:
        account, code, fen = posting
        if not (account and _are_texts((account, code)) and _is_amount(fen)):
            raise refusals.booking_form("postings", posting)
    total_fen = sum(posting.amount_fen for posting in booking.postings)
    if total_fen != 0:
        raise refusals.unbalanced(booking.setl_id, total_fen)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value.isprintable()  # also refuses lone surrogates, which no store can hold


def _are_texts(values: Iterable[str]) -> bool:
    try:
        return "".join(values).isprintable()
    except TypeError:
        return False


def _is_id(value: object) -> bool:
    return _is_text(value) and 1 <= len(cast(str, value)) <= ID_LENGTH


def _is_amount(value: object) -> bool:
    return type(value) is int and -MAX_FEN <= value <= MAX_FEN


def _is_counter(key: CounterKey) -> bool:
    return (
        isinstance(key, CounterKey)
        and _are_texts(key)
        and all(key)
        and key.period_kind in _PERIODS
        and _is_day(key.period_start)
    )


def _is_fact(key: FactKey) -> bool:
    # A person changes by counters and balance only, so that what the book says of one has one form.
    return isinstance(key, FactKey) and _are_texts(key) and all(key) and key.kind != PERSON


def _is_settlement(row: Settlement) -> bool:
    texts, amounts = row[:9], row[9:]
    return _is_id(row.setl_id) and _are_texts(texts) and all(map(_is_amount, amounts))


def _is_moment(text: object) -> bool:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S") == text
    except ValueError:
        return False


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
