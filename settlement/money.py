"""Yuan, fen and basis points: the only place where a decimal point is read or written.

Money inside is int64 fen (1/100 yuan); a rate is an integer of basis points (1/10 000). Text becomes an integer
exactly or not at all: more decimals than the field has are refused, never rounded.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation

from settlement.errors import BadInput

FEN_PLACES = 2  # amounts, national type n16.2
PRICE_PLACES = 6  # prices, national type n16.6
COUNT_PLACES = 4  # quantities, national type n16.4
RATE_PLACES = 4  # first-pay ratio, national type n5.4

# One claim, one line and one counter stay below 100 million yuan, so that fen x (1e8 sub-units) fits in int64.
MAX_FEN = 10_000_000_000

# ".00" to ".99": looked up, since writing two digits with a format takes longer than all the rest of an amount.
_CENTS = tuple(f".{cents:02d}" for cents in range(100))
_SHORT = 15  # digits up to which a plain number is under every bound below, whatever its places

# Shifting the decimal point may not drop a digit, however long or small the number is.
_EXACT = Context(prec=64, traps=[Inexact, InvalidOperation])


def scaled(text: object, places: int, what: str = "amount") -> int:
    """Return a decimal as an integer of 10**-places units, exactly.

    Takes str, int or Decimal. Raises BadInput C02 for anything else, for NaN, exponents that hide digits, or more
    decimals than the field has.
    """
    if type(text) is str:  # nearly every amount is a few digits and a point, which need no Decimal
        whole, _, decimals = text.partition(".")
        digits = whole + decimals
        if whole and len(decimals) <= places and len(digits) <= _SHORT and digits.isascii() and digits.isdigit():
            return int(digits) * 10 ** (places - len(decimals))
    return _of_decimal(text, places, what)


def _of_decimal(text: object, places: int, what: str) -> int:
    """Return what ``scaled`` says, however the number is spelt; on plain digits ``scaled`` says the same by itself."""
    number = _decimal(text)
    if number is None or not number.is_finite():
        raise BadInput("C02_NOT_AN_AMOUNT", f"{what} {_quoted(text)} is not a decimal number")
    if number.adjusted() > 20:  # before the shift: a huge exponent must not build a huge integer
        raise BadInput("C04_TOO_LARGE", f"{what} {_quoted(text)} is over the bound")
    try:
        shifted = number.scaleb(places, _EXACT)
        whole = shifted.to_integral_value()
    except Inexact:
        shifted, whole = Decimal(0), Decimal(1)
    if whole != shifted:
        raise BadInput("C02_NOT_AN_AMOUNT", f"{what} {_quoted(text)} has more than {places} decimals")
    return int(whole)


def _decimal(text: object) -> Decimal | None:
    if isinstance(text, Decimal):
        return text
    if isinstance(text, bool) or not isinstance(text, str | int):
        return None
    if isinstance(text, str) and (not text.isascii() or "_" in text):  # Python's own spellings of numbers
        return None
    try:
        return Decimal(text.strip() if isinstance(text, str) else text)
    except InvalidOperation:
        return None


def _quoted(text: object) -> str:
    if isinstance(text, int) and abs(text) > 10**30:  # Python refuses to spell out a number of thousands of digits
        return "of more than 30 digits"
    shown = repr(text)
    return shown if len(shown) <= 60 else f"{shown[:57]}…"


def fen(text: object, what: str = "amount") -> int:
    """Return yuan as fen: '12.50' is 1250. Raises BadInput C02 or C04."""
    value = scaled(text, FEN_PLACES, what)
    if abs(value) > MAX_FEN:
        raise BadInput("C04_TOO_LARGE", f"{what} {_quoted(text)} is over 100 million yuan")
    return value


def yuan(amount_fen: int) -> str:
    """Return fen as yuan with two decimals: 1250 is '12.50', -5 is '-0.05'."""
    if amount_fen > 0:
        return f"{amount_fen // 100}{_CENTS[amount_fen % 100]}"
    return f"-{-amount_fen // 100}{_CENTS[-amount_fen % 100]}" if amount_fen else "0.00"


def yuan_text(amount_fen: int) -> str:
    """Return fen as yuan for reading, with thousands: 357000 is '3,570.00'."""
    if not amount_fen:
        return "0.00"
    if 0 < amount_fen < 100_000:  # below 1,000 yuan there is no comma to write
        return f"{amount_fen // 100}{_CENTS[amount_fen % 100]}"
    sign = "-" if amount_fen < 0 else ""
    return f"{sign}{abs(amount_fen) // 100:,}{_CENTS[abs(amount_fen) % 100]}"


def percent_text(rate_bp: int) -> str:
    """Return basis points as a percentage without needless zeros: 8950 is '89.5%'."""
    whole, rest = divmod(rate_bp, 100)
    return f"{whole}.{rest:02d}".rstrip("0").rstrip(".") + "%"
