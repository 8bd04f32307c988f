"""The verbs of money: exact amounts that are not whole fen.

An exact amount is three integers ``(whole, part, over)``: whole fen plus ``part / over`` of a fen, ``0 <= part < over``.
Nothing is rounded until ``half_up``. The compiler of the rules proves for every program that ``over`` times the
largest factor stays below 2**62 and refuses a rulebook where it might not, so nothing here can overflow.
"""

from settlement.kernel.jit import compiled

E4 = 10_000
E8 = 100_000_000
E12 = 1_000_000_000_000


@compiled
def whole(fen):
    """Return whole fen as an exact amount."""
    return fen, 0, 1


@compiled
def half_up(amount):
    """Return the amount in whole fen, half up: the only rounding of a claim-level amount."""
    fen, part, over = amount
    return fen + (1 if 2 * part >= over else 0)


@compiled
def fraction(parts, over):
    """Return ``parts / over`` fen as an exact amount; both are not negative."""
    return parts // over, parts % over, over


@compiled
def times(amount, n, m):
    """Return the amount times ``n / m``."""
    fen, part, over = amount
    parts = fen * n
    inside = (parts % m) * over + part * n
    return parts // m + inside // (m * over), inside % (m * over), m * over


@compiled
def common(a, b):
    """Return the least common denominator."""
    if a % b == 0:
        return a
    if b % a == 0:
        return b
    x, y = a, b
    while y:
        x, y = y, x % y
    return a // x * b


@compiled
def plus(a, b):
    """Return the sum of two exact amounts."""
    if b[1] == 0:  # most amounts are whole, and division is the dearest thing here
        return a[0] + b[0], a[1], a[2]
    if a[1] == 0:
        return a[0] + b[0], b[1], b[2]
    over = common(a[2], b[2])
    part = a[1] * (over // a[2]) + b[1] * (over // b[2])
    return a[0] + b[0] + part // over, part % over, over


@compiled
def minus(a, b):
    """Return the difference of two exact amounts, 0 where it would be negative."""
    if b[1] == 0:
        return (a[0] - b[0], a[1], a[2]) if a[0] >= b[0] else (0, 0, 1)
    over = common(a[2], b[2])
    part = a[1] * (over // a[2]) - b[1] * (over // b[2])
    fen = a[0] - b[0] + part // over
    if fen < 0:
        return 0, 0, over
    return fen, part % over, over


@compiled
def up_to(amount, limit):
    """Return the amount, at most ``limit`` whole fen."""
    if amount[0] >= limit:
        return limit, 0, 1
    return amount


@compiled
def above(amount, limit):
    """Tell whether an exact amount is more than ``limit`` whole fen."""
    return amount[0] > limit or (amount[0] == limit and amount[1] > 0)
