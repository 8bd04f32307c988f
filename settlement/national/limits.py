"""How much one client may ask: messages a second, messages at once, bytes and rows of one message.

A limit is there for the others: one program gone wild must not stop the tills beside it. What is over a limit is
refused before any work is done for it, and may be sent again as it is.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple

from settlement.national import refusals

LONGEST_BODY = 12 * 1024 * 1024  # bytes; a file of 8 MB travels inside a message, as base64
MOST_ROWS = 1000  # of one list of an input
MOST_AT_ONCE = 512  # messages being worked on
CLIENTS_AN_ADDRESS = 8  # that many clients may use their whole rate behind one address
KNOWN_KEYS = 10_000  # buckets kept; the one not used for longest makes room


class Limits(NamedTuple):
    """The limits of one service. ``rate`` 0 means no limit of messages a second."""

    rate: float = 200.0  # a second, for each client and each institution; a large hospital needs some tens
    burst: float = 400.0
    at_once: int = MOST_AT_ONCE
    body: int = LONGEST_BODY
    rows: int = MOST_ROWS


class Buckets:
    """Token buckets by key. A bucket holds ``burst`` tokens, a message takes one, ``rate`` come back each second."""

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self.rate, self.burst, self._clock = rate, max(burst, 1.0), clock
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, key: str) -> float:
        """Take a token and return 0, or return the seconds after which one will be there."""
        if self.rate <= 0:
            return 0.0
        now = self._clock()
        level, at = self._levels.pop(key, (self.burst, now))
        level = min(self.burst, level + (now - at) * self.rate)
        enough = level >= 1.0
        self._levels[key] = (level - 1.0 if enough else level, now)
        if len(self._levels) > KNOWN_KEYS:
            self._levels.popitem(last=False)
        return 0.0 if enough else (1.0 - level) / self.rate


def check_rows(nodes: dict[str, Any], most: int) -> None:
    """Refuse an input with too many rows in one list. Raises BadInput N29."""
    for name, node in nodes.items():
        if isinstance(node, list) and len(node) > most:
            raise refusals.too_many_rows(name, len(node), most)
