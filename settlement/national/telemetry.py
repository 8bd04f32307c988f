"""What the service says of itself: one JSON line an event, and figures for Prometheus. No persons in either.

A log line has only fields of ``masking.LINE_FORMS``; everything else that is handed in comes out masked. An error that nobody
foresaw is written as its type and the places it passed through, never with its text, which may quote a person.
"""

from __future__ import annotations

import secrets
import traceback
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any, TextIO

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from settlement.national import masking

METRICS_TYPE = CONTENT_TYPE_LATEST
BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10)  # seconds
FRAMES = 12  # places of an unforeseen error that are written down


def _stamp(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["at"] = datetime.now().isoformat(timespec="milliseconds")
    return event


def _mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    said: dict[str, Any] = masking.shown(dict(event), forms=masking.LINE_FORMS)
    return said | {"trace": event["trace"]} if "trace" in event else said


def make_log(file: TextIO) -> Any:
    """Return a logger that writes JSON lines; nothing personal gets through it."""
    return structlog.wrap_logger(
        structlog.PrintLogger(file),
        processors=[structlog.processors.add_log_level, _stamp, _mask, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(20),
        cache_logger_on_first_use=True,
    )


def incident(log: Any, error: BaseException, **about: Any) -> str:
    """Write down an unforeseen error and return the number under which it can be found."""
    number = secrets.token_hex(4)
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [
        f"{frame.filename.replace(chr(92), '/').rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames
    ]
    log.error("incident", incident=number, code=type(error).__name__, trace=places, **about)
    return number


class Metrics:
    """The figures of one service. A transaction that the service does not know counts as ``other``."""

    def __init__(self, infnos: frozenset[str]) -> None:
        self._infnos = infnos
        self._registry = CollectorRegistry()
        self.requests = Counter(
            "settlement_requests", "messages answered, by transaction and outcome", ["infno", "outcome"],
            registry=self._registry,
        )  # fmt: skip
        self.refusals = Counter("settlement_refusals", "messages refused, by code", ["code"], registry=self._registry)
        self.seconds = Histogram(
            "settlement_request_seconds", "from the first byte to the answer", ["infno"],
            registry=self._registry, buckets=BUCKETS,
        )  # fmt: skip
        self.queued = Gauge("settlement_queue_depth", "messages waiting for the book", registry=self._registry)
        self.commits = Gauge("settlement_commits", "commits since the start", registry=self._registry)
        self.booked = Gauge("settlement_booked", "messages booked since the start", registry=self._registry)
        self.group = Gauge("settlement_group_size", "messages a commit, on average", registry=self._registry)
        self.logged = Gauge("settlement_request_log_dropped", "lines the request log left out", registry=self._registry)
        self._children: dict[tuple[str, str], tuple[Any, Any]] = {}

    def observe(self, infno: str, outcome: str, seconds: float, code: str = "") -> None:
        """Count one message: its outcome (``ok``, ``refused``, ``system``, ``gateway``) and how long it took."""
        key = (infno if infno in self._infnos else "other", outcome)
        children = self._children.get(key)
        if children is None:
            children = self._children[key] = (self.requests.labels(*key), self.seconds.labels(key[0]))
        children[0].inc()
        children[1].observe(seconds)
        if code:
            self.refusals.labels(code).inc()

    def book(self, waiting: int, commits: int, booked: int) -> None:
        """Note what the book's writer has done since the start."""
        self.queued.set(waiting)
        self.commits.set(commits)
        self.booked.set(booked)
        self.group.set(booked / commits if commits else 0)

    def text(self) -> bytes:
        """Return all figures in the text format of Prometheus."""
        return generate_latest(self._registry)
