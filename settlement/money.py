"""Yuan, fen and basis points: the only place where a decimal point is read or written.

Money inside is int64 fen (1/100 yuan); a rate is an integer of basis points (1/10 000). Text becomes an integer
exactly or not at all: more decimals than the field has are refused, never rounded.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation

from settlement.errors import BadInput

FEN_PLACES = 2  # amounts, national type n16.2
PRICE_PLACES = 6  # prices, national type n16.6
COUNT_PLACES = 4  # quantities, national type n16.4
RATE_PLACES = 4  # first-pay ratio, national type n5.4

# One claim, one line and one counter stay below 100 million yuan, so that fen x (1e8 sub-units) fits in int64.
MAX_FEN = 10_000_000_000


def scaled(text: object, places: int, what: str = "amount") -> int:
    """Return a decimal as an integer of 10**-places units, exactly.

    Takes str, int or Decimal. Raises BadInput C02 for anything else, for NaN, exponents that hide digits, or more
    decimals than the field has.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | Decimal):
        raise BadInput("C02_NOT_AN_AMOUNT", f"{what} {text!r} is not a decimal number")
    try:
        number = text if isinstance(text, Decimal) else Decimal(text.strip() if isinstance(text, str) else text)
    except InvalidOperation:
        raise BadInput("C02_NOT_AN_AMOUNT", f"{what} {text!r} is not a decimal number") from None
    if not number.is_finite() or (isinstance(text, str) and not text.isascii()):
        raise BadInput("C02_NOT_AN_AMOUNT", f"{what} {text!r} is not a decimal number")
    if number.adjusted() > 20:  # before the shift: a huge exponent must not build a huge integer
        raise BadInput("C04_TOO_LARGE", f"{what} {text!r} is over the bound")
    shifted = number.scaleb(places)
    whole = shifted.to_integral_value()
    if whole != shifted:
        raise BadInput("C02_NOT_AN_AMOUNT", f"{what} {text!r} has more than {places} decimals")
    return int(whole)


def fen(text: object, what: str = "amount") -> int:
    """Return yuan as fen: '12.50' is 1250. Raises BadInput C02 or C04."""
    value = scaled(text, FEN_PLACES, what)
    if abs(value) > MAX_FEN:
        raise BadInput("C04_TOO_LARGE", f"{what} {text!r} is over 100 million yuan")
    return value


def yuan(amount_fen: int) -> str:
    """Return fen as yuan with two decimals: 1250 is '12.50', -5 is '-0.05'."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100}.{abs(amount_fen) % 100:02d}"


def yuan_text(amount_fen: int) -> str:
    """Return fen as yuan for reading, with thousands: 357000 is '3,570.00'."""
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100:,}.{abs(amount_fen) % 100:02d}"


def percent_text(rate_bp: int) -> str:
    """Return basis points as a percentage without needless zeros: 8950 is '89.5%'."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
