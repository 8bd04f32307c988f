"""F4 to F6: a message comes twice, comes again with another body, or its answer is lost after it was booked."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from typing import Any, NamedTuple

import httpx
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from settlement.checkout.base import Said
from settlement.checkout.transactions import TRANSACTIONS, settle_message
from settlement.errors import SettlementError
from settlement.ledger import SqliteLedger
from tests.faults import town
from tests.faults.registry import Experiment, Figures
from tests.faults.town import Till, wire

CLIENTS = 8
TWICE = 0.1  # of the messages
BUYERS = (
    ("22040000000000000001", "220400196802290012"), ("22040000000000000002", "220400199912310022"),
    ("22040000000000000004", "220400195006180045"), ("22040000000000000011", "220400197010100115"),
)  # fmt: skip


# ---- F4 ----


class Sent(NamedTuple):
    """A purchase that was answered: the envelope, and the answer's bytes."""

    message: dict[str, Any]
    answer: bytes


def f4_double_swipe(messages: int, restarts: int, seed: int = 4) -> Figures:
    """Send a tenth of all purchases twice: at the same moment, later, and after the service was killed or ended."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    sent: list[Sent] = []
    with town.scratch() as folder:
        for life in range(restarts + 1):
            with town.serving(folder) as running:
                client = wire.Wire(running.url)
                for one in rng.sample(sent, round(len(sent) * TWICE)):
                    counts["after_a_restart"] += 1
                    counts["identical"] += _posted(client, _afresh(client, one.message)) == one.answer
                sent += _life(client, messages // (restarts + 1), rng, counts)
                client.close()
                if life % 2 == 0:
                    running.kill()
        booked = town.times_booked(folder)
    names = {(one.message["fixmedins_code"], one.message["msgid"]) for one in sent}
    once = booked.keys() == names and set(booked.values()) == {1}
    doubled = sum(counts[name] for name in ("at_once", "later", "after_a_restart"))
    figures: Figures = {"count": doubled, "passed": counts["identical"] if once else 0, "messages": len(names)}
    figures |= {name: counts[name] for name in ("at_once", "later", "after_a_restart")}
    return figures | {"rows_a_message": max(booked.values()), "seed": seed}


def _life(client: wire.Wire, messages: int, rng: random.Random, counts: Counter[str]) -> list[Sent]:
    """Send purchases from several tills to one service; count what was sent twice and how often the bytes were the same."""
    plans = [(n, rng.choice(BUYERS), "twice" if rng.random() < TWICE else "", rng.random()) for n in range(messages)]
    plans[0] = (*plans[0][:2], "twice", 0.0)

    def swipe(plan: tuple[int, tuple[str, str], str, float]) -> tuple[Sent, str, bool]:
        n, (psn_no, certno), how, dice = plan
        who = {"psn_no": psn_no, "mdtrt_cert_no": certno}
        message = client.message("2102", wire.purchase(f"{1 + n % 40}.{n % 100:02d}", **who))
        if not how:
            return Sent(message, _posted(client, message)), "", True
        if dice < 0.5:  # the same bytes on two lines at the same moment
            both = [second.submit(_posted, client, message) for _ in range(2)]
            first, again = (one.result() for one in both)
            return Sent(message, first), "at_once", first == again
        first = _posted(client, message)
        return Sent(message, first), "later", _posted(client, _afresh(client, message)) == first

    with ThreadPoolExecutor(2 * CLIENTS) as second:
        outcomes = town.side_by_side(swipe, plans, CLIENTS)
    for _, how, identical in outcomes:
        if how:
            counts[how] += 1
            counts["identical"] += identical
    return [one for one, _, _ in outcomes]


def _afresh(client: wire.Wire, message: dict[str, Any]) -> dict[str, Any]:
    """Return the message as an honest till repeats it: the same but for the time at which it is sent."""
    return message | {"inf_time": client.message("2102", {})["inf_time"]}


def _posted(client: wire.Wire, message: dict[str, Any]) -> bytes:
    url, headers, body = client.signed(message)
    answer = client.http.post(url, headers=headers, content=body)
    assert answer.status_code == 200 and answer.json()["infcode"] == 0, answer.text
    return answer.content


# ---- F5 ----


def f5_same_key_other_body(cases: int, seed_: int = 5) -> Figures:
    """Take a booked message, change it in any one place, and send it under its old msgid."""
    counts: Counter[str] = Counter()
    with town.scratch() as folder:
        till = town.open_shop(folder)
        known = _one_of_each(till)
        originals = [(said, settle_message(till.house, said)) for said in known]
        head = till.house.ledger.head()

        @seed(seed_)
        @settings(
            max_examples=cases, deadline=None, database=None, phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(st.sampled_from(known).flatmap(changed))
        def refused(said: Said) -> None:
            counts["count"] += 1
            try:
                settle_message(till.house, said)
            except SettlementError as refusal:
                assert refusal.code == "L01_MSGID_REUSED", (said, refusal)
            else:
                raise AssertionError(f"answered although the body is another: {said}")
            assert till.house.ledger.head() == head, "something was written"
            counts["passed"] += 1
            counts[said.infno] += 1

        refused()
        kept = all(settle_message(till.house, said) == answer for said, answer in originals)
        whole = not till.house.ledger.verify()
        till.house.ledger.close()
    figures: Figures = {"count": counts["count"], "passed": counts["passed"] if kept and whole else 0}
    return figures | {"transactions": len(counts) - 2, "seed": seed_}


def _one_of_each(till: Till) -> list[Said]:
    """Book one message of most kinds that are booked; return them."""
    sent: list[Said] = []

    def send(infno: str, nodes: dict[str, Any], place: str = town.HOSPITAL) -> dict[str, Any]:
        said = till.said(infno, nodes, place=place)
        sent.append(said)
        output: dict[str, Any] = json.loads(settle_message(till.house, said))["output"]
        return output

    who, two = BUYERS[0][0], [town.DRUG_A, town.DRUG_B]
    bought = send("2102", till.purchase(who, "69.80", two), town.SHOP)["setlinfo"]
    send("2103", till.cancel_of(bought), town.SHOP)
    mdtrt_id = till.visit(who)
    rows = [
        {"feedetl_sn": f"F{n}", "mdtrt_id": mdtrt_id, "psn_no": who, "chrg_bchno": "1", **line}
        | {"fee_ocur_time": "2024-05-01 09:00:00"}
        for n, line in enumerate(two)
    ]
    send("2204", {"feedetail": rows})
    seen = send("2207", till.asked(who, mdtrt_id, "69.80", "1"))["setlinfo"]
    send("2208", till.cancel_of(seen))
    send("2205", {"data": {"mdtrt_id": mdtrt_id, "psn_no": who, "chrg_bchno": "1", "feedetl_sn": "0000"}})
    send("2202", {"data": {"mdtrt_id": mdtrt_id, "psn_no": who, "ipt_otp_no": "N1"}})
    send("2601", {"data": {"psn_no": who, "omsgid": "NEVERSEEN", "oinfno": "2207"}})
    stay = till.stay(who, town.STAY_LINES)
    paid = send("2304", till.of_stay(who, stay, "1867.00"))["setlinfo"]
    send("2305", till.cancel_of(paid))
    return sent


BOOKED = sorted(infno for infno, one in TRANSACTIONS.items() if one.work is not None and infno < "3000")
texts = st.text(st.characters(codec="utf-8", categories=["L", "N", "P"]), max_size=12)  # what any id may be made of


@st.composite
def changed(draw: Callable[..., Any], said: Said) -> Said:
    """Return a message that differs from one in exactly one thing that says what it is about."""
    how = draw(st.sampled_from(["value", "value", "value", "gone", "more", "infno", "area", "order"]))
    if how == "infno":
        return said._replace(infno=draw(st.sampled_from([one for one in BOOKED if one != said.infno])))
    if how == "area":
        field = draw(st.sampled_from(["insuplc_admdvs", "mdtrtarea_admvs"]))
        return said._replace(**{field: draw(texts.filter(lambda text: text != getattr(said, field)))})
    nodes = deepcopy(said.input)
    places = list(_places(nodes))
    lists = [node[name] for node, name in places if isinstance(node[name], list) and len(node[name]) > 1]
    if how == "order" and lists:
        draw(st.sampled_from(lists)).reverse()
        return said._replace(input=nodes)
    node, name = draw(st.sampled_from([(node, name) for node, name in places if isinstance(node[name], str)]))
    if how == "gone":
        del node[name]
    elif how == "more":
        node[draw(texts.filter(lambda text: text not in node))] = draw(texts)
    else:
        was = node[name]
        node[name] = draw(texts.filter(lambda text: text != was) | st.just(f"{was}0") | st.just(f" {was}"))
    return said._replace(input=nodes)


def _places(node: Any) -> Any:
    for name in node if isinstance(node, dict) else range(len(node)):
        yield node, name
        if isinstance(node[name], dict | list):
            yield from _places(node[name])


# ---- F6 ----


def f6_answer_lost(lost: int, seed: int = 6) -> Figures:
    """Cut the line between commit and answer until so many answers are lost; each retry must get what was booked."""
    counts: Counter[str] = Counter()
    names: set[tuple[str, str]] = set()
    with town.scratch() as folder, town.serving(folder, "--faults", "*:drop=0.5", "--seed", str(seed)) as running:
        with SqliteLedger(folder / "book.sqlite") as beside:
            client = wire.Wire(running.url)
            while counts["lost"] < lost:
                wanted = max(1, min(CLIENTS, (lost - counts["lost"]) // 7))
                for course in town.side_by_side(lambda _: _course(client, beside), range(wanted), CLIENTS):
                    counts += course[0]
                    names |= course[1]
            client.close()
        running.stop()
        booked = town.times_booked(folder)
    once = booked.keys() == names and set(booked.values()) == {1}
    figures: Figures = {"count": counts["lost"], "passed": counts["stored_answer"] if once else 0}
    return figures | {"messages": len(names), "rows_a_message": max(booked.values()), "seed": seed}


def _course(client: wire.Wire, beside: SqliteLedger) -> tuple[Counter[str], set[tuple[str, str]]]:
    """Buy and give back, see a doctor and give that back, reverse: seven messages, each sent until it is answered."""
    counts: Counter[str] = Counter()
    names = set()

    def send(infno: str, nodes: dict[str, Any]) -> Any:
        message = client.message(infno, nodes)
        name = (message["fixmedins_code"], message["msgid"])
        names.add(name)
        stored: bytes | None = None
        while True:
            try:
                answer = json.loads(_posted(client, message))
            except httpx.TransportError:
                found = beside.find(*name)
                assert found is not None, "the line was cut before the commit"
                assert stored in (None, found.answer)
                stored = found.answer
                counts["lost"] += 1
                counts["stored_answer"] += 1  # taken back below if the retry is told anything else
                continue
            if stored is not None and answer | json.loads(stored) != answer:
                counts["stored_answer"] -= 1
            return answer["output"]

    bought = send("2102", wire.purchase())["setlinfo"]
    send("2103", {"data": {name: bought[name] for name in ("setl_id", "mdtrt_id", "psn_no")}})
    mdtrt_id = send("2201", wire.registration())["data"]["mdtrt_id"]
    told = send("2204", wire.fee_lines(mdtrt_id, 1))["result"]
    sums = {"inscp_scp_amt": told[0]["inscp_scp_amt"], "preselfpay_amt": told[0]["preselfpay_amt"]}
    sums |= {"fulamt_ownpay_amt": told[0]["fulamt_ownpay_amt"], "overlmt_selfpay": told[0]["overlmt_amt"]}
    seen = send("2207", wire.settling(mdtrt_id, "37.00", **sums))["setlinfo"]
    msgid = seen["medins_setl_id"]
    send("2601", {"data": {"psn_no": wire.WORKER, "omsgid": msgid, "oinfno": "2207"}})
    send("2202", {"data": {"psn_no": wire.WORKER, "mdtrt_id": mdtrt_id, "ipt_otp_no": "MZ1"}})
    return counts, names


EXPERIMENTS = [
    Experiment(
        "F4", "double swipe", f4_double_swipe,
        {"messages": 150, "restarts": 1}, {"messages": 6000, "restarts": 3},
        how=f"{CLIENTS} tills send purchases to the running service; one in ten is sent twice, on two lines at the same "
        "moment or one after the other, and one in ten of all earlier ones again after the service was killed or ended",
        proves="Every repeat gets the first answer byte for byte, envelope included, and the book has one row a message.",
        proves_not="A till that gives the same purchase a new msgid: that is a new message.",
    ),
    Experiment(
        "F5", "same key, other body", f5_same_key_other_body, {"cases": 200}, {"cases": 10_000},
        how="messages of twelve transactions are booked; then each case changes one of them in one place (a value, a "
        "field more or less, the order of rows, the areas, the transaction) and sends it under the old msgid",
        proves="Each is refused with L01, nothing is written, and the old message still gets its old answer.",
        proves_not="Changes of what is not compared on purpose: the operator, the time of sending, signatures.",
    ),
    Experiment(
        "F6", "answer lost after the commit", f6_answer_lost, {"lost": 20}, {"lost": 1000},
        how="the service cuts half of all lines between commit and answer (`--faults drop`), in purchase, visit, settlement, "
        "cancellation and reversal; the till sends again until it is answered",
        proves="Each retry is told what the book had when the line was cut, and each message is booked once.",
        proves_not="Lines that are cut before the message has come in whole; those are not booked.",
    ),
]  # fmt: skip
