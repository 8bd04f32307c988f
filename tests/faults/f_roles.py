"""F19: every transaction tried by every role, from a wrong terminal, without a sign-in that holds, by who is not known."""

from __future__ import annotations

import asyncio
import tomllib
from collections import Counter
from collections.abc import Awaitable, Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from typing import Any

from msgspec import inspect as shape

from settlement.national.roles import load_clients
from settlement.national.routes import ALIASES, ROLES, ROUTES
from tests.faults import town
from tests.faults.inside import Inside, inside
from tests.faults.registry import Experiment, Figures
from tests.faults.town import wire
from tests.faults.trace import ROOT

POLICY: dict[str, Any] = tomllib.loads((ROOT / "tests/data/national/roles.toml").read_text(encoding="utf-8"))
LASTS_H = 12
ROLE, OPERATOR, TERMINAL, SIGN_IN, PLACE, SECRET = (
    "N24_ROLE", "N25_OPERATOR", "N26_TERMINAL", "N23_SIGN_IN", "N22_NOT_YOURS", "N44_NOT_AUTHENTICATED",
)  # fmt: skip
GATE = (ROLE, OPERATOR, TERMINAL, SIGN_IN, PLACE, SECRET)
CLIENTS = """
[[client]]
id = "hospital"
secret = "first secret"
fixmedins_codes = ["H22040000001", "P22040000001"]
addresses = ["127.0.0.0/8"]
terminals = ["T01"]
[client.operators]
"""
CLIENTS += "".join(f'"{role}" = ["{role}"]\n' for role in ROLES)
CLIENTS += """
[[client]]
id = "far-away"
secret = "second secret"
fixmedins_codes = ["*"]
addresses = ["10.0.0.0/8"]
terminals = ["*"]
[client.operators]
"*" = ["cashier", "supervisor", "clerk", "auditor", "rule_author"]
"""
Nodes = dict[str, Any]


def f19_matrix(infnos: int) -> Figures:
    """Try so many of the transactions (0: all) in every role and against every obstacle."""
    return asyncio.run(_tried(sorted(ROUTES)[:: max(1, len(ROUTES) // infnos) if infnos else 1]))


async def _tried(infnos: list[str]) -> Figures:
    counts: Counter[str] = Counter()
    with town.scratch() as folder:
        file = folder / "clients.toml"
        file.write_text(CLIENTS, encoding="utf-8")
        settings = {"clients": file, "rate": 0.0, "require_sign_in": True, "sign_in_hours": float(LASTS_H)}
        async with inside(folder, **settings) as service:
            desk = Desk(service, file)
            await desk.sign_in()
            await _cells(desk, infnos, counts)
            await _obstacles(desk, infnos, counts)
            written = await _auditor(desk)
            desk.close()
            assert not service.ledger.verify()
    figures: Figures = {"count": counts["count"], "passed": counts["passed"], "transactions": len(infnos)}
    figures |= {name: counts[name] for name in ("allowed", "refused_by_role", "refused_by_an_obstacle")}
    assert written > 0, "what the auditor tried would have written nothing anyway"
    return figures | {"written_by_an_auditor": 0, "written_by_others_in_the_same_course": written}


class Desk:
    """A hospital with one terminal and an operator for each role, all signed in; and a client that is elsewhere."""

    def __init__(self, service: Inside, file: Path) -> None:
        self.service, self.sign_no = service, dict.fromkeys(ROLES, "")
        assert set(load_clients(file)) == {"hospital", "far-away"}
        self.here = wire.Wire("http://till", clients=file, client="hospital", dev_no="T01")
        self.away = wire.Wire("http://till", clients=file, client="far-away", dev_no="T01")

    def close(self) -> None:
        self.here.close()
        self.away.close()

    async def sign_in(self) -> None:
        for role in ROLES:
            self.sign_no[role] = await self.signed_in(role)

    async def signed_in(self, role: str) -> str:
        nodes = {"signIn": {"opter_no": role, "mac": "1", "ip": "1"}}
        answer = await self.service.send(self.here, "9001", nodes, opter=role, fixmedins_code=town.HOSPITAL)
        sign_no: str = wire.good(answer)["signinoutb"]["sign_no"]
        return sign_no

    async def signed_out(self, role: str) -> str:
        """Return a sign-in of an operator that is closed again."""
        sign_no = await self.signed_in(role)
        said = {"opter": role, "sign_no": sign_no, "fixmedins_code": town.HOSPITAL}
        nodes = {"signOut": {"sign_no": sign_no, "opter_no": role}}
        answer = await self.service.send(self.here, "9002", nodes, **said)
        assert str(answer["infcode"]) == "0", answer
        return sign_no

    async def told(self, infno: str, nodes: Any, role: str, **head: Any) -> str:
        """Send a message as an operator; return the code of the gate's refusal, '' if the gate let it through."""
        said = {"opter": role, "sign_no": self.sign_no[role], "fixmedins_code": town.HOSPITAL} | head
        answer = await self.service.send(self.here, infno, nodes, **said)
        return gate_code(answer)


def gate_code(answer: dict[str, Any]) -> str:
    """Return the code with which somebody was not let in; '' for an answer, or a refusal of what the message says."""
    if str(answer.get("infcode")) == "0":
        return ""
    code = wire.code_of(answer)
    return code if code in GATE else ""


async def _cells(desk: Desk, infnos: list[str], counts: Counter[str]) -> None:
    """Every cell of the policy, aliases too: let through or refused by role, as written there."""
    for infno in infnos:
        names = [infno, *(alias for alias, base in ALIASES.items() if base == infno)]
        for role, cell in zip(POLICY["roles"], POLICY["matrix"][infno], strict=True):
            for name in names:
                code = await desk.told(name, {"data": {}}, role)
                right = code == ("" if cell == "yes" else ROLE)
                _count(counts, right, "allowed" if cell == "yes" else "refused_by_role", (name, role, code))


async def _obstacles(desk: Desk, infnos: list[str], counts: Counter[str]) -> None:
    """Each transaction with what is wrong with its sender, in a role that may send it."""
    closed = {role: await desk.signed_out(role) for role in ROLES}

    async def expect(infno: str, code: str, told: Awaitable[str]) -> None:
        found = await told
        _count(counts, found == code, "refused_by_an_obstacle", (infno, code, found))

    for infno in infnos:
        role = next(role for role in ROLES if role in ROUTES[infno].roles)
        other = next(one for one in ROLES if one != role)
        nodes: Nodes = {"data": {}}
        for dev_no in ("T02", ""):
            await expect(infno, TERMINAL, desk.told(infno, nodes, role, dev_no=dev_no))
        await expect(infno, TERMINAL, _elsewhere(desk, infno))
        await expect(infno, OPERATOR, desk.told(infno, nodes, role, opter="somebody"))
        await expect(infno, PLACE, desk.told(infno, nodes, role, fixmedins_code=wire.OTHER_HOSPITAL))
        await expect(infno, SECRET, _without_secret(desk, infno))
        if ROUTES[infno].needs_sign_in and infno != "9002":
            for sign_no in ("", "1" * 30, desk.sign_no[other], closed[role]):
                await expect(infno, SIGN_IN, desk.told(infno, nodes, role, sign_no=sign_no))
    desk.service.ahead = timedelta(hours=LASTS_H, seconds=1)
    for infno in infnos:
        role = next(role for role in ROLES if role in ROUTES[infno].roles)
        if ROUTES[infno].needs_sign_in and infno != "9002":
            await expect(infno, SIGN_IN, desk.told(infno, {"data": {}}, role))
    await desk.sign_in()


async def _elsewhere(desk: Desk, infno: str) -> str:
    said = {"fixmedins_code": town.HOSPITAL}
    return gate_code(await desk.service.send(desk.away, infno, {"data": {}}, **said))


async def _without_secret(desk: Desk, infno: str) -> str:
    url, headers, body = desk.here.signed(desk.here.message(infno, {"data": {}}))
    del headers["Authorization"]
    response = await desk.service.http.post(url, headers=headers, content=body)
    return str(response.json()["code"]) if response.status_code == 401 else ""


def _count(counts: Counter[str], right: bool, name: str, about: Any) -> None:
    counts["count"] += 1
    counts[name] += 1
    if right:
        counts["passed"] += 1
    else:
        print(f"{name}: {about}")


async def _auditor(desk: Desk) -> int:
    """Let an auditor try each message of a day just before those who may send it; return how many rows those wrote."""
    ledger = desk.service.ledger
    wrote = 0

    async def by_role(infno: str, nodes: Nodes) -> Any:
        nonlocal wrote
        before = ledger.head()
        place = wire.PHARMACY if infno.startswith("21") else wire.HOSPITAL
        assert await desk.told(infno, nodes, "auditor", fixmedins_code=place) == ROLE
        assert ledger.head() == before, f"an auditor wrote a {infno}"
        role = next(role for role in ROLES if role in ROUTES[infno].roles)
        said = {"opter": role, "sign_no": desk.sign_no[role], "fixmedins_code": place}
        if infno.startswith("21"):
            said["sign_no"] = await _at_the_shop(desk, role)
            before = ledger.head()
        output = wire.good(await desk.service.send(desk.here, infno, nodes, **said))
        wrote += ledger.head()[0] - before[0]
        return output

    await _course(by_role)
    before = ledger.head()
    for infno, route in ROUTES.items():
        if route.booked and route.base not in ("9001", "9002"):
            nodes = deepcopy(town.whole_input(shape.type_info(route.input), optional=True))
            assert await desk.told(infno, nodes, "auditor") == ROLE
    assert ledger.head() == before, "an auditor wrote something"
    return wrote


async def _at_the_shop(desk: Desk, role: str) -> str:
    nodes = {"signIn": {"opter_no": role, "mac": "1", "ip": "1"}}
    answer = await desk.service.send(desk.here, "9001", nodes, opter=role, fixmedins_code=wire.PHARMACY)
    sign_no: str = wire.good(answer)["signinoutb"]["sign_no"]
    return sign_no


async def _course(send: Callable[[str, Nodes], Awaitable[Any]]) -> None:
    """A purchase and its return; a visit with lines, settled, given back and undone."""
    bought = (await send("2102", wire.purchase()))["setlinfo"]
    await send("2103", {"data": {name: bought[name] for name in ("setl_id", "mdtrt_id", "psn_no")}})
    mdtrt_id = (await send("2201", wire.registration()))["data"]["mdtrt_id"]
    told = (await send("2204", wire.fee_lines(mdtrt_id, 1)))["result"][0]
    sums = {name: told[name] for name in ("inscp_scp_amt", "preselfpay_amt", "fulamt_ownpay_amt")}
    sums["overlmt_selfpay"] = told["overlmt_amt"]
    seen = (await send("2207", wire.settling(mdtrt_id, "37.00", **sums)))["setlinfo"]
    await send("2208", {"data": {name: seen[name] for name in ("setl_id", "mdtrt_id", "psn_no")}})
    await send(
        "2205", {"data": {"mdtrt_id": mdtrt_id, "psn_no": wire.WORKER, "chrg_bchno": "B1", "feedetl_sn": "0000"}}
    )
    await send("2202", {"data": {"psn_no": wire.WORKER, "mdtrt_id": mdtrt_id, "ipt_otp_no": "MZ1"}})


EXPERIMENTS = [
    Experiment(
        "F19", "wrong terminal, expired sign-in, wrong role", f19_matrix, {"infnos": 12}, {"infnos": 0},
        how="every transaction and alias in every role, against a policy written out cell by cell; and each from a wrong and "
        "no terminal, another address, by an unknown operator, for a foreign institution, without the secret, "
        "and under no, a made-up, another operator's, a closed and an expired sign-in. An auditor tries a whole day",
        proves="What is not allowed is refused before anything else is looked at, in every cell, and an auditor writes nothing.",
        proves_not="Who holds which role in a hospital; the sandbox without a clients file lets everybody in.",
    )
]  # fmt: skip
