"""Limits: token buckets by key, and the refusal of what is too much at once."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from types import SimpleNamespace

import pytest

from settlement.errors import BadInput
from settlement.national import limits
from settlement.national.limits import Buckets, Limits, check_rows
from settlement.national.service import Parts, Service
from settlement.national.telemetry import Metrics


def test_a_bucket_holds_its_burst_and_fills_at_its_rate():
    now = [100.0]
    buckets = Buckets(rate=2.0, burst=3.0, clock=lambda: now[0])
    assert [buckets.wait("a") for _ in range(3)] == [0.0, 0.0, 0.0]
    assert buckets.wait("a") == pytest.approx(0.5)
    assert buckets.wait("b") == 0.0  # another's bucket
    now[0] += 0.5
    assert buckets.wait("a") == 0.0
    assert buckets.wait("a") > 0
    now[0] += 3600
    assert [buckets.wait("a") for _ in range(3)] == [0.0, 0.0, 0.0]  # never more than the burst
    assert buckets.wait("a") > 0


def test_no_rate_is_no_limit():
    buckets = Buckets(rate=0.0, burst=0.0)
    assert {buckets.wait("a") for _ in range(1000)} == {0.0}


def test_buckets_do_not_grow_without_end(monkeypatch):
    monkeypatch.setattr(limits, "KNOWN_KEYS", 10)
    now = [0.0]
    buckets = Buckets(rate=1.0, burst=1.0, clock=lambda: now[0])
    assert buckets.wait("kept") == 0.0
    for number in range(9):
        buckets.wait(f"key {number}")
    assert buckets.wait("kept") > 0
    for number in range(100):
        buckets.wait(f"other {number}")
    assert len(buckets._levels) == 10


def test_rows_are_counted_in_each_list():
    check_rows({"feedetail": [{}] * 10, "data": {}}, 10)
    with pytest.raises(BadInput, match="N29_TOO_MANY_ROWS"):
        check_rows({"feedetail": [{}] * 11}, 10)


@pytest.mark.parametrize(("at_once", "draining", "code"), [(0, False, "N31_BUSY"), (9, True, "N30_ENDING")])
def test_too_much_at_once_and_the_end_are_told_with_503(at_once, draining, code):
    house = SimpleNamespace(clock=datetime.now)
    parts = Parts(
        gate=None, working=SimpleNamespace(house=house), sessions=None, metrics=Metrics(frozenset()),
        log=SimpleNamespace(info=lambda *_, **__: None), limits=Limits(at_once=at_once),
    )  # fmt: skip
    service = Service(parts)
    if draining:
        service.drain()
    sent = []

    async def receive():
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(event):
        sent.append(event)

    asyncio.run(service({"type": "http", "client": ("127.0.0.1", 1), "headers": []}, receive, send))
    assert sent[0]["status"] == 503
    assert int(dict(sent[0]["headers"])[b"retry-after"]) >= 1
    assert json.loads(sent[1]["body"])["code"] == code
    assert b'outcome="gateway"' in parts.metrics.text()
