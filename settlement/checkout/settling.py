"""Settling: waiting messages of different persons → one calculation → what each does to the book. And pre-settling.

The group is the hot path: the rules and the kernel are asked once for all of it, and whatever is wrong with one claim
stays with its sender. A settlement is one entry: the answer, the person's counters and balance, the opening balance of
a person whom the book has never seen, the postings, the settlement whole, and which batches of the visit it took.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from settlement.checkout import claims, figures, refusals_visits, setlinfo
from settlement.checkout.base import (
    LINES,
    SETL,
    STANDING,
    VISIT,
    VOID,
    House,
    Reader,
    Said,
    Transaction,
    answer_bytes,
    fact,
    id_of,
    known,
    now,
    psn_of,
    refuse_if_void,
    void_key,
)
from settlement.checkout.claims import Claim, claim_of
from settlement.checkout.filed import FILING
from settlement.checkout.visit_index import key_of, listed
from settlement.checkout.visits import STAYS, VISITS
from settlement.engine import Settled, settle_drafts
from settlement.errors import SettlementError
from settlement.explain import Sentence, explain, short_text
from settlement.intake.persons import Carried
from settlement.ledger.book import Booking, CounterKey, Desk, FactKey, Message, PersonState, Posting, Work
from settlement.money import fen, yuan
from settlement.registry.holder import CARD
from settlement.rules.rulebook import Rulebook


class Outcome(NamedTuple):
    """A claim that was calculated.

    ``told`` is its row (``Settled.told``), ``before`` the person as the claim met it, ``counters`` the values after it
    of those that it changed, ``delta`` what it added to them: [area, period kind, its first day, name, value].
    """

    claim: Claim
    told: dict[str, Any]
    before: PersonState
    opening_fen: int
    counters: dict[CounterKey, int]
    delta: list[list[Any]]
    sentences: list[Sentence]


class Task(NamedTuple):
    """One message of a group: how its claim is drawn up from desk and registry, and how its sender is answered."""

    house: House
    said: Said
    draw: Callable[[Desk, House, Said], Claim]
    answer: Callable[[House, Outcome, dict[str, Any]], bytes]


# Every counter of a person after a group, by psn_no; most are as before, so only what changed gets a CounterKey.
After = dict[str, list[tuple[Any, int]]]


class _Ready(NamedTuple):
    at: int
    claim: Claim
    state: PersonState
    opening_fen: int


def work(house: House, said: Said) -> Work:
    """Return the work of a 2102, 2207 or 2304: done together with others of its kind."""
    return grouped(Task(house, said, claim_of, _national_answer))


def grouped(task: Task) -> Work:
    """Return a task as work in a group, with the facts that it will read."""
    said = task.said
    reads = [
        FactKey(VOID, void_key(said.fixmedins_code, said.msgid)),
        FactKey(FILING, psn_of(said.input)),
        FactKey(CARD, psn_of(said.input)),
    ]
    node = said.input.get("data")
    mdtrt_id = node.get("mdtrt_id") if isinstance(node, dict) else None
    if mdtrt_id:
        reads += [FactKey(VISIT, mdtrt_id), FactKey(LINES, mdtrt_id)]
    else:
        reads.append(key_of(psn_of(said.input), said.received_at))
    return Work(together=settle_group, item=task, reads=tuple(reads))


def settle_group(desk: Desk, members: Sequence[tuple[Message, Any]]) -> list[Booking | BaseException]:
    """Settle messages of different persons in one calculation; return a booking or a refusal for each.

    The items of ``members`` are ``Task``s. Raises nothing of a single message's.
    """
    made: list[Booking | BaseException] = [SettlementError("K00_NOT_REACHED", "")] * len(members)
    batches: list[tuple[Rulebook, dict[str, _Ready]]] = []
    for at, (_, task) in enumerate(members):
        try:
            refuse_if_void(desk, task.said)
            claim = task.draw(desk, task.house, task.said)
            ready = _Ready(at, claim, *opened(desk.person(claim.draft["psn_no"]), claim))
        except SettlementError as error:
            made[at] = error
        else:
            _put(batches, task.house.book, ready)
    for book, batch in batches:
        for ready, outcome in zip(batch.values(), calculate(book, list(batch.values())), strict=True):
            task = members[ready.at][1]
            try:
                made[ready.at] = outcome if isinstance(outcome, SettlementError) else booking(desk, task, outcome)
            except SettlementError as error:
                made[ready.at] = error
    return made


def _put(batches: list[tuple[Rulebook, dict[str, _Ready]]], book: Rulebook, ready: _Ready) -> None:
    """Put a claim into a batch of its rulebook in which no other has its id: two institutions may use one msgid."""
    name = ready.claim.draft["medins_setl_id"]
    for rules, batch in batches:
        if rules is book and name not in batch:
            batch[name] = ready
            return
    batches.append((book, {name: ready}))


def opened(state: PersonState, claim: Claim) -> tuple[PersonState, int]:
    """Return the person as a settlement now would meet it, and the opening balance (fen) it brings: 0 once known."""
    if state.version:
        return state, 0
    opening_fen = fen(claim.opening)
    return state._replace(acct_balc_fen=opening_fen), opening_fen


def calculate(book: Rulebook, ready: Sequence[_Ready]) -> list[Outcome | SettlementError]:
    """Return the outcome or the refusal of each claim: one call of the engine for all of them."""
    drafts = [one.claim.draft | {"balc": yuan(one.state.acct_balc_fen or 0)} for one in ready]
    carried: Carried = {
        (one.state.psn_no, key.area, key.period_kind, key.period_start, key.name): value
        for one in ready
        for key, value in one.state.counters.items()
    }
    settled = settle_drafts(drafts, book, 1, carried)
    refused = {refusal.claim: refusal for refusal in reversed(settled.refusals)}  # the first reason of each
    rows = {int(settled.batch.order[k]): k for k in settled.kept.tolist()}
    after = _counters(settled)
    return [
        claims.refused_as(refused[number]) if number in refused else _outcome(one, settled, rows[number], after)
        for number, one in enumerate(ready)
    ]


def _counters(settled: Settled) -> After:
    made: After = {}
    for c in settled.counters():
        key = c["area"], c["period"], c["period_start"], c["counter"]
        made.setdefault(c["psn_no"], []).append((key, c["value"]))
    return made


def _outcome(ready: _Ready, settled: Settled, k: int, after: After) -> Outcome | SettlementError:
    claim = ready.claim
    before: Mapping[Any, int] = ready.state.counters  # a plain tuple finds what its CounterKey does
    told = settled.told(k, lines=claim.told is None)
    refusal = _not_this_care(claim, settled.book.program(told["program"]).claim.care)
    if refusal is not None:
        return refusal
    setlinfo.assert_whole(told)
    stands = after.get(ready.state.psn_no, ())
    changed = {CounterKey(*key): value for key, value in stands if value != before.get(key, 0)}
    delta = [[*key, value - before.get(key, 0)] for key, value in changed.items()]
    return Outcome(claim, told, ready.state, ready.opening_fen, changed, delta, explain(told, settled.book))


def _not_this_care(claim: Claim, care: str) -> SettlementError | None:
    """Return why a claim cannot be of the kind of care that its med_type means: an unregistered disease, a stay or none."""
    infno, med_type = claim.said.infno, claim.draft["med_type"]
    if care == "chronic" and not claim.entitled:
        return refusals_visits.not_registered(claim.draft["dise_codg"])
    if claim.visit is None and infno not in claims.DRUG_INFNOS:
        return None  # a basket of a till in this process: nobody registered a visit
    wrong = VISITS if infno in claims.STAY_INFNOS else STAYS
    return refusals_visits.not_such_care(infno, med_type) if care in wrong else None


def output_of(house: House, outcome: Outcome, setl_id: str | None) -> dict[str, Any]:
    """Return what a settlement or (``setl_id`` None) a pre-settlement tells: setlinfo, setldetail, and lines if asked."""
    claim, told = outcome.claim, outcome.told
    draft, stated = claim.draft, claim.stated
    care = house.book.program(told["program"]).claim.care
    stay = claim.visit is not None and claim.visit["kind"] == "inpatient"
    info = {
        "mdtrt_id": claim.mdtrt_id, "setl_id": setl_id,
        **setlinfo.person_info(claim.person, date.fromisoformat(claim.setl_time[:10])),
        "insutype": draft["insutype"], "psn_type": draft["psn_type"], "cvlserv_flag": draft["cvlserv_flag"],
        "setl_time": claim.setl_time, "mdtrt_cert_type": stated.get("mdtrt_cert_type") or "",
        "med_type": draft["med_type"], **setlinfo.amounts(told, house.conventions),
        "medins_setl_id": claim.said.msgid,
        "clr_optins": setlinfo.centre(house.conventions, draft["insuplc_admdvs"], draft["mdtrtarea_admvs"]),
        "clr_way": house.conventions.clr_way or None, "clr_type": setlinfo.clr_type_of(care, stay),
    }  # fmt: skip
    if claim.said.infno == "2303":
        info |= setlinfo.beside_presettled(told, draft, stated)
    output: dict[str, Any] = {
        "setlinfo": info,
        "setldetail": setlinfo.details(told, draft["insutype"], outcome.sentences),
    }
    output["exp_content"] = None
    if claim.said.infno in claims.DRUG_INFNOS:
        output["detlcutinfo"] = setlinfo.line_results(told, draft["feedetail"])
    return output


def booking(desk: Desk, task: Task, outcome: Outcome) -> Booking:
    """Return what a settlement does to the book. Raises BadInput B13, B14 where the sender expected other figures."""
    house, claim, told = task.house, outcome.claim, outcome.told
    setl_id = id_of(claim.said, "setl")
    output = output_of(house, outcome, setl_id)
    _check_stated(house, outcome, output)
    insutype = claim.draft["insutype"]
    posted = setlinfo.postings(told, insutype)
    counted = setlinfo.settlement_of(output["setlinfo"], told, claim.said.fixmedins_code)
    content = {
        "setl_id": setl_id, "mdtrt_id": claim.mdtrt_id, "psn_no": claim.draft["psn_no"],
        "fixmedins_code": claim.said.fixmedins_code, "msgid": claim.said.msgid, "infno": claim.said.infno,
        "insuplc_admdvs": claim.draft["insuplc_admdvs"], "state": "good", "reverses": "", "reversed_by": "",
        "batches": claim.batches, "uploaded": claim.uploaded, "setlinfo": output["setlinfo"], "setldetail": output["setldetail"],
        "lines": output.get("detlcutinfo") or setlinfo.line_results(told, claim.draft["feedetail"]) if told["lines"] else [],
        "layers": [[step["fund"], step["rule"], step["dedc_fen"], step["pay_fen"]] for step in told["layers"]],
        "delta": outcome.delta, "acct_delta_fen": told["balc"] - (outcome.before.acct_balc_fen or 0),
        "postings": posted, "settlement": counted._asdict(), "rulebook": house.book.digest,
        "explanation": short_text(outcome.sentences), "draft": claim.draft,
    }  # fmt: skip
    facts = fact(SETL, setl_id, content) | _standing(desk, house, claim, setl_id)
    if claim.visit is not None:
        taken = {**(claim.visit.get("batches") or {}), **dict.fromkeys(claim.batches, setl_id)}
        facts |= fact(VISIT, claim.mdtrt_id, claim.visit | {"batches": taken, "setl_id": setl_id})
    else:  # nobody registered a visit: the purchase is one, and is listed like one
        begun = {"psn_no": claim.draft["psn_no"], "mdtrt_id": claim.mdtrt_id, "begntime": claim.setl_time}
        facts |= listed(desk, begun)
    opening = outcome.opening_fen
    if opening:
        posted = (Posting("account", "", opening), Posting("opening", "", -opening), *posted)
    answer = task.answer(house, outcome, output)
    return Booking(answer, setl_id, outcome.counters, told["balc"], posted, facts, counted)


def _check_stated(house: House, outcome: Outcome, output: dict[str, Any]) -> None:
    """Refuse a settlement that is not what its sender stated or was shown; the refusal shows the figures of now."""
    info = output["setlinfo"]

    def shown() -> dict[str, Any]:  # made only for who is refused, or who brings figures to compare
        return _marked(house, outcome, {**output, "setlinfo": info | {"setl_id": None}})

    figures.check_split(outcome.claim, outcome.told, shown)
    figures.check_expected(outcome.claim.stated, shown)


def _marked(house: House, outcome: Outcome, output: dict[str, Any]) -> dict[str, Any]:
    """Return what a pre-settlement shows, with the mark that holds a settlement to it."""
    mark = figures.mark_of(outcome.before.version, house.book.digest, output["setlinfo"])
    return {**output, "exp_content": figures.written(mark)}


def _standing(desk: Desk, house: House, claim: Claim, setl_id: str) -> dict[FactKey, bytes]:
    """Return the person's list of settlements that may only be given back from the last, if the area's rule says so."""
    area = house.book.area(claim.draft["insuplc_admdvs"])
    if area is None or house.book.refunds(area) != "last_first":
        return {}
    psn_no = claim.draft["psn_no"]
    standing = known(desk, STANDING, psn_no) or {}
    return fact(STANDING, psn_no, standing | {area: [*standing.get(area, ()), setl_id]})


def _national_answer(house: House, outcome: Outcome, output: dict[str, Any]) -> bytes:
    return answer_bytes(outcome.claim.said, output, now(house))


def pre_settle(house: House, said: Said) -> dict[str, Any]:
    """Answer a 2101, 2206 or 2303: what settling now would answer, with the mark that holds a settlement to it."""
    outcome = calculated(house, said, claim_of)
    output = output_of(house, outcome, None)
    figures.check_split(outcome.claim, outcome.told, lambda: output)
    return _marked(house, outcome, output)


def calculated(house: House, said: Said, draw: Callable[[Desk, House, Said], Claim]) -> Outcome:
    """Return what a message's claim comes to now, booking nothing. Raises BadInput."""
    desk = Reader(house.ledger)
    claim = draw(desk, house, said)
    ready = _Ready(0, claim, *opened(desk.person(claim.draft["psn_no"]), claim))
    [outcome] = calculate(house.book, [ready])
    if isinstance(outcome, SettlementError):
        raise outcome
    return outcome


TRANSACTIONS = (
    *(Transaction(infno, work=work) for infno in ("2102", "2207", "2304")),
    *(Transaction(infno, ask=pre_settle) for infno in ("2101", "2206", "2303")),
)
