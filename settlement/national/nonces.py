"""What has been seen: a signed request is good once, inside a window of time around the service's clock."""

from __future__ import annotations

import hashlib
import threading

from settlement.errors import BadInput, NotAvailable


class NonceCache:
    """The nonces of twice the window, bounded; safe to use from several threads.

    A request is refused once its time is more than the window away, in either direction, so a nonce need not be
    remembered longer than twice the window. If the bound is reached nothing is forgotten early: requests wait.
    It is in memory: after a restart a request of the last minutes could come again, and the book then answers it as
    the repeat that it is.
    """

    def __init__(self, window_s: float, most: int = 1_000_000) -> None:
        self.window_s, self._most = window_s, most
        self._until: dict[bytes, float] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._until)

    def check_time(self, said: float, at: float) -> None:
        """Refuse a request whose time is more than the window from the clock (seconds). Raises BadInput N53."""
        if abs(said - at) > self.window_s:
            raise BadInput(
                "N53_OUTSIDE_WINDOW",
                f"the time of the request is {said - at:+.0f} s from the service's clock, at most {self.window_s:.0f} s",
                "An old request could be one that somebody kept",
                "Set the clock of the machine and send the message again with a fresh time",
                "请求时间超出允许范围，请校准本机时间后重发",
            )

    def remember(self, client_id: str, nonce: str, at: float) -> None:
        """Take a nonce that was not seen before. Raises BadInput N54 for one that was, NotAvailable N57 if full."""
        key = hashlib.sha256(f"{client_id}\0{nonce}".encode()).digest()[:16]
        with self._lock:
            self._forget(at)
            if self._until.get(key, at - 1) >= at:
                raise BadInput(
                    "N54_REPLAYED",
                    "this signed request was received before",
                    "It may be a copy that somebody kept",
                    "To repeat a message keep its msgid and sign it anew",
                    "该请求已收到过（重放），重发请保持报文号不变并重新签名",
                )
            if len(self._until) >= self._most:
                raise NotAvailable(
                    "N57_TOO_MANY_NONCES",
                    f"{self._most} requests within {2 * self.window_s:.0f} s",
                    "Forgetting one early would let it in twice",
                    "Send the message again in a moment",
                    "系统繁忙，请稍后用原报文号重发",
                )
            self._until.pop(key, None)  # an entry that has run out goes to the end of the line
            self._until[key] = at + 2 * self.window_s

    def _forget(self, at: float) -> None:
        while self._until:
            oldest = next(iter(self._until))
            if self._until[oldest] >= at:
                return
            del self._until[oldest]
