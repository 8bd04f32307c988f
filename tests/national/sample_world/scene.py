"""The facts of one sample as a service of its own: rules, person, institution, clock and region, all in this process."""

from __future__ import annotations

import asyncio
import io
import json
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from wire import Wire, in_one_process

from settlement.checkout.base import House, fact
from settlement.ledger.book import Booking, FactKey, Message
from settlement.national import telemetry
from settlement.national.app import make_app
from settlement.national.profile import conventions, load_profile
from settlement.national.settings import Settings
from settlement.national.startup import Made, about, open_book, open_gate
from settlement.registry import Institution, Registry
from settlement.registry.sample import rows_of
from settlement.rules.rulebook import Rulebook, open_rulebook
from settlement.warm import warm_kernel

WORLD = Path(__file__).parent
SAMPLES = json.loads(
    (WORLD.parents[1] / "data/national/samples.json").read_text(encoding="utf-8"),
    parse_float=Decimal, parse_int=Decimal,
)  # fmt: skip
FACTS: dict[str, dict[str, Any]] = tomllib.loads((WORLD / "facts.toml").read_text(encoding="utf-8"))
BY_ID = {case["id"]: case for kind in ("cases", "rows", "envelopes") for case in SAMPLES[kind]}
# Who bears the facts of a sample that names nobody.
SOMEBODY = {
    "psn_no": "P00000000009", "psn_name": "测试人员", "psn_cert_type": "01", "certno": "999999190001010009", "gend": "1",
    "naty": "01", "brdy": "1983-01-01", "psn_type": "1101", "cvlserv_flag": "0", "insutype": "310",
}  # fmt: skip
TIME = "%Y-%m-%d %H:%M:%S"


@cache
def rulebook() -> Rulebook:
    """Return the shipped rules with the invented areas of the samples, read once."""
    warm_kernel()
    return open_rulebook(WORLD / "pools").book


def facts_of(case_id: str) -> dict[str, Any]:
    """Return what lies behind a sample, with what it shares with another."""
    mine = FACTS[case_id]
    return (facts_of(mine["like"]) if "like" in mine else {}) | mine


def info_of(case_id: str) -> dict[str, Any]:
    """Return the setlinfo of a sample, of the one it is like where it has none, or the row that it is."""
    payload = BY_ID[case_id]["payload"]
    if BY_ID[case_id]["direction"] == "row":
        return payload
    output = payload.get("output") or {}
    return output["setlinfo"] if "setlinfo" in output else info_of(FACTS[case_id]["like"])


def person_of(case_id: str) -> dict[str, Any]:
    """Return the person of a settlement, as a register file has it."""
    facts, said = facts_of(case_id), SOMEBODY | {name: v for name, v in info_of(case_id).items() if v is not None}
    row = {name: said[name] for name in ("insutype", "psn_type", "cvlserv_flag")}
    names = ("psn_no", "psn_name", "psn_cert_type", "certno", "gend", "naty", "brdy")
    return {name: said[name] for name in names} | {
        "card_sn": "", "card_no": facts.get("card_no", ""), "card_state": "active", "opening_balc": facts["opening_balc"],
        "insuinfo": [row | {"psn_insu_stas": "1", "insuplc_admdvs": facts["insuplc_admdvs"]}],
    }  # fmt: skip


def bearer_of(output: dict[str, Any]) -> dict[str, Any]:
    """Return the person of an answer to 1101, as a register file has it."""
    rows = output["insuinfo"]
    person = {name: value for name, value in output["baseinfo"].items() if name not in ("age", "exp_content")}
    insurances = [
        {name: value or "" for name, value in row.items() if name != "balc"} for row in rows
    ]  # fmt: skip
    balance = str(max(row["balc"] for row in rows))
    card = {"card_sn": "", "card_state": "active", "opening_balc": balance}
    return person | card | {"insuinfo": insurances}


def place_of(fixmedins_code: str, admdvs: str) -> Institution:
    """Return an institution; a pharmacy's code begins with P."""
    pharmacy = fixmedins_code.startswith("P")
    return Institution(fixmedins_code, "示例机构", admdvs, "9" if pharmacy else "2", "2" if pharmacy else "1")


class Loopback(httpx.BaseTransport):
    """Carries a client's requests to an app on an event loop in this thread."""

    def __init__(self, app: Any, runner: asyncio.Runner) -> None:
        self._app, self._runner = httpx.ASGITransport(app), runner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answered(request, request.read()))

    async def _answered(self, request: httpx.Request, body: bytes) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await self._app.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


class Scene:
    """A service under one region's profile with a clock that stands still; ``wire`` is its client."""

    def __init__(self, folder: Path, profile: str, registry: Registry, runner: asyncio.Runner, **head: str) -> None:
        self.now, self.profile, self._runner = datetime(2024, 1, 1, 12), profile, runner
        settings = Settings(profile=profile, folder=folder)
        self.ledger = open_book(settings)
        self.house = House(
            rulebook(), self.ledger, registry, lambda: self.now, conventions(load_profile(profile))
        )  # fmt: skip
        gate = open_gate(settings, self.ledger.vault)
        made = Made(settings, self.house, self.ledger, telemetry.make_log(io.StringIO()))
        self._service = runner.run(in_one_process(made, gate))
        app = make_app(self._service, about(settings))
        self.wire = Wire("http://scene", profile, **head)
        Wire.opened.remove(self.wire)  # a scene may outlast a test; it closes its client itself
        self.wire.http.close()
        self.wire.http = httpx.Client(transport=Loopback(app, runner))

    def at(self, time: str | datetime) -> None:
        """Set the clock."""
        self.now = time if isinstance(time, datetime) else datetime.strptime(time, TIME)

    def answered(self) -> dict[str, Any]:
        """Return the last answer as it went over the wire, numbers as decimals."""
        answer: dict[str, Any] = json.loads(self.wire.response.content, parse_float=Decimal, parse_int=Decimal)
        return answer

    def book_visit(self, visit: dict[str, Any]) -> None:
        """Put a visit into the book as if it had been registered, under an id of a platform's own."""
        facts = fact("visit", visit["mdtrt_id"], visit)
        message = Message(visit["fixmedins_code"], "seed", "2201", b"{}", visit["psn_no"], f"{self.now:{TIME}}")
        self.ledger.settle(message, lambda _: Booking(b"{}", facts=facts))
        assert self.ledger.fact(*FactKey("visit", visit["mdtrt_id"])) is not None

    def close(self) -> None:
        """End the service and its client."""
        self.wire.close()
        self._service.parts.working.close()
        self.ledger.close()


@contextmanager
def staged(folder: Path, profile: str, registry: Registry, **head: str) -> Iterator[Scene]:
    """Open a scene and close it."""
    with asyncio.Runner() as runner:
        scene = Scene(folder, profile, registry, runner, **head)
        try:
            yield scene
        finally:
            scene.close()


@contextmanager
def scene_of(case_id: str, folder: Path) -> Iterator[Scene]:
    """Open the scene of a settlement's sample."""
    facts = facts_of(case_id)
    registry = Registry(rows_of(person_of(case_id)), [place_of(facts["fixmedins_code"], facts["admdvs"])])
    head = {
        "fixmedins_code": facts["fixmedins_code"], "mdtrtarea_admvs": facts["admdvs"],
        "insuplc_admdvs": facts["insuplc_admdvs"],
    }  # fmt: skip
    with staged(folder, facts["profile"], registry, **head) as scene:
        yield scene
