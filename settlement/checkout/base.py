"""What every transaction of the checkout is made of: one message, the house it meets, and the work it asks for.

A message comes in as ``Said``: canonical spelling, every value text. A ``Transaction`` either answers it (``ask``: a
question, nothing is booked) or says what work the book must do for it (``work``). Business facts are JSON under the
kinds below; a fact is read with ``known`` and given to a ``Booking`` with ``fact``.

Facts, and where each truth lives: ``visit`` holds who and where, and in ``batches`` which charge batches are settled
(``{chrg_bchno: setl_id}``, '' for lines that name no batch): a line is settled if its batch is there (``open_lines``),
and nothing is added to such a batch or taken from it. Settling and giving back write the visit, never its lines, so
what is uploaded is written once (in ``pages``). ``setl`` holds a settlement whole, with what it added to account and counters, so that it can be given
back. ``void`` remembers that a 2601 named a message, booked or not. ``cleared`` (key: institution, clr_type and
yyyymm, joined by ``|``) says ``{"clr_appy_evt_id", "state"}``: while ``state`` is ``cleared``, nothing of it moves.

``settle_message`` and ``TRANSACTIONS``, which need every transaction, are in ``transactions``.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from settlement.checkout import refusals
from settlement.ledger.book import Compute, Desk, FactKey, Ledger, Message, PersonState, Stored, Work
from settlement.registry import Registry
from settlement.rules.rulebook import Rulebook

VISIT, LINES, SETL, VOID, CLEARED = "visit", "lines", "setl", "void", "cleared"
STANDING = "standing"  # of a person under a last-first area: which settlements stand, in order
# What a 2601 may name (interface.md 4.3: the newest edition's list; older ones have fewer).
REVERSIBLE = frozenset({"2102", "2103", "2207", "2208", "2304", "2305", "2401"})
EVERY_BATCH = ("", "0000")  # a chrg_bchno that means all unsettled lines
TOKEN_CERT = "01"  # mdtrt_cert_type of the electronic voucher: its number is a token, which is never stored

_NO_MARKS = str.maketrans("", "", "-:T.")
_SORTED = msgspec.json.Encoder(order="sorted")
_PLAIN = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()


class Said(NamedTuple):
    """One message as the business sees it; every value is text.

    ``input`` holds the nodes in canonical spelling, numbers as text, unknown fields kept. ``received_at`` is the
    service's clock (YYYY-MM-DD HH:MM:SS); ``inf_refmsgid`` and ``refmsg_time`` are the receiver's of the first receipt.
    """

    infno: str
    msgid: str
    fixmedins_code: str
    mdtrtarea_admvs: str
    insuplc_admdvs: str
    opter: str
    opter_type: str
    received_at: str
    input: dict[str, Any]
    inf_refmsgid: str = ""
    refmsg_time: str = ""
    role: str = "cashier"


class Conventions(NamedTuple):
    """What regions do differently, so a setting.

    ``refunds_counted``: 3201 counts settlements less reversals (no: it leaves both out). ``mulaid_in_acct``: the
    shared account is published inside acct_pay. ``clr_optins``: the clearing centre is the insured ``city``, the
    insured ``area`` as it is, the ``place`` of treatment's city, or that place's ``district`` as it is. ``clr_way``: what answers state, '' for null.
    ``mulaid_in_stmt``: 3201 to 3203 count the shared account in acct_pay though it is published beside it (Jilin).
    ``stmt_rslt_first``: the file of 3202 has stmt_rslt before refd_setl_flag (one client has it the other way round).
    """

    refunds_counted: bool = True
    mulaid_in_acct: bool = False
    clr_optins: str = "city"
    clr_way: str = ""
    mulaid_in_stmt: bool = False
    stmt_rslt_first: bool = True


class House(NamedTuple):
    """What a transaction may use: the rules, the book, the registry, the clock, and the region's habits."""

    book: Rulebook
    ledger: Ledger
    registry: Registry
    clock: Callable[[], datetime] = datetime.now
    conventions: Conventions = Conventions()


class Told(NamedTuple):
    """What a question may be answered with beside a plain output: the output with a warning for the one who asked."""

    output: dict[str, Any] | list[Any]
    warn_msg: str = ""


class FileAnswer(NamedTuple):
    """What a question may be answered with instead of an output: a file, sent as the body of the HTTP answer (9102)."""

    filename: str
    content: bytes


class Transaction(NamedTuple):
    """One kind of message: ``ask`` answers it without booking, ``work`` returns what the book must do. One of the two.

    An ``ask`` returns the output as a dict (a list for 5204 and 5205), or ``Told`` or a ``FileAnswer``. Both may read the book and take a while
    (3202 compares a month before it is booked), so a service calls them beside its event loop.
    """

    infno: str
    ask: Callable[[House, Said], dict[str, Any] | list[Any] | Told | FileAnswer] | None = None
    work: Callable[[House, Said], Work] | None = None


def message_of(said: Said) -> Message:
    """Return the message as the book names and compares it.

    Its body is the canonical JSON of infno, both areas and the input, so a retry with a fresh time or signature is the
    same message; a voucher's token is left out. Raises BadInput B01 for text that no UTF-8 can hold.
    """
    body = {
        "infno": said.infno, "insuplc_admdvs": said.insuplc_admdvs, "mdtrtarea_admvs": said.mdtrtarea_admvs,
        "input": {name: _without_token(node) for name, node in said.input.items()},
    }  # fmt: skip
    try:
        return Message(
            said.fixmedins_code, said.msgid, said.infno, _SORTED.encode(body), psn_of(said.input), said.received_at
        )
    except UnicodeEncodeError as error:
        raise refusals.not_text(error) from None


def _without_token(node: Any) -> Any:
    if isinstance(node, dict) and node.get("mdtrt_cert_type") == TOKEN_CERT and node.get("mdtrt_cert_no"):
        return node | {"mdtrt_cert_no": ""}
    return node


def psn_of(nodes: dict[str, Any]) -> str:
    """Return the psn_no that an input names: of a node, or of the first row of a list; '' if none."""
    for node in nodes.values():
        first = node[0] if isinstance(node, list) and node else node
        if isinstance(first, dict) and first.get("psn_no"):
            return str(first["psn_no"])
    return ""


def answer_bytes(said: Said, output: dict[str, Any] | list[Any] | None, respond_time: str, warn_msg: str = "") -> bytes:
    """Return the answer as it is stored and replayed: ids and times of the first receipt, and the output."""
    answer = {
        "inf_refmsgid": said.inf_refmsgid, "refmsg_time": said.refmsg_time, "respond_time": respond_time,
        "output": output,
    }  # fmt: skip
    return _PLAIN.encode(answer | {"warn_msg": warn_msg} if warn_msg else answer)


def now(house: House) -> str:
    """Return the clock in the answer's form, yyyyMMddHHmmssSSS (17 digits)."""
    told = house.clock().isoformat(timespec="milliseconds")  # strftime takes six times as long
    return told.translate(_NO_MARKS)[:17]  # without the time zone, if the clock tells it


def id_of(said: Said, what: str) -> str:
    """Return the id (30 digits) of what a message makes: the same message makes the same id, on any host."""
    digest = hashlib.sha256(f"{what}|{said.fixmedins_code}|{said.msgid}".encode()).digest()
    return f"1{int.from_bytes(digest[:12]):029d}"


def known(desk: Desk, kind: str, key: str) -> dict[str, Any] | None:
    """Return a fact as the book has it just before this message, None if it says nothing of it."""
    content = desk.fact(kind, key)
    return None if content is None else loads(content)


def loads(content: bytes) -> dict[str, Any]:
    """Return what a fact's content or a stored answer says."""
    said: dict[str, Any] = _DECODER.decode(content)
    return said


def dumps(content: dict[str, Any]) -> bytes:
    """Return a fact's content as bytes."""
    return _PLAIN.encode(content)


def fact(kind: str, key: str, content: dict[str, Any]) -> dict[FactKey, bytes]:
    """Return one new version of a fact, for ``Booking.facts``; join several with ``|``."""
    return {FactKey(kind, key): dumps(content)}


class Reader:
    """The book as it stands now, in the form of a ``Desk``: what a question looks at. It locks nothing."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def person(self, psn_no: str) -> PersonState:
        """Return a person's state."""
        return self._ledger.person(psn_no)

    def fact(self, kind: str, key: str) -> bytes | None:
        """Return the latest content of a fact, None if the book says nothing of it."""
        found = self._ledger.fact(kind, key)
        return None if found is None else found.content

    def answer(self, fixmedins_code: str, msgid: str) -> Stored | None:
        """Return the answer on record for a message, or None."""
        return self._ledger.find(fixmedins_code, msgid)

    def taken(self, setl_id: str) -> bool:
        """Return whether a settlement has this id."""
        return self._ledger.fact(SETL, setl_id) is not None


def open_lines(visit: dict[str, Any], lines: list[dict[str, Any]], chrg_bchno: str = "") -> list[dict[str, Any]]:
    """Return the unsettled lines of a visit: of one batch, or of all for '' and 0000."""
    settled = visit.get("batches") or {}
    every = chrg_bchno in EVERY_BATCH
    return [
        line
        for line in lines
        if (batch := line.get("chrg_bchno") or "") not in settled and (every or batch == chrg_bchno)
    ]


def void_key(fixmedins_code: str, msgid: str) -> str:
    """Return the key under which a 2601 of a message is remembered."""
    return f"{fixmedins_code}|{msgid}"


def refuse_if_void(desk: Desk, said: Said) -> None:
    """Refuse a message that a 2601 named before it came (B02): the late original of a time-out race."""
    if said.infno in REVERSIBLE and desk.fact(VOID, void_key(said.fixmedins_code, said.msgid)) is not None:
        raise refusals.reversed_before(said.msgid)


def refuse_replay_of_void(house: House, said: Said, stored: Stored) -> None:
    """Refuse (B02) the stored answer of a message that a 2601 has reversed since: it must not say that it is settled.

    For whoever hands out what ``Ledger.settle`` returned; the book itself gives every repeat the first answer.
    """
    key = void_key(said.fixmedins_code, said.msgid)
    if not stored.first and said.infno in REVERSIBLE and house.ledger.fact(VOID, key) is not None:
        raise refusals.reversed_before(said.msgid)


def alone(said: Said, compute: Compute, reads: tuple[FactKey, ...] = ()) -> Work:
    """Return work that is done one message at a time; every work of the checkout that is not in a group is made here.

    A message that a 2601 named before it came is refused.
    """
    if said.infno not in REVERSIBLE:
        return Work(alone=compute, reads=reads)

    def unless_void(desk: Desk) -> Any:
        refuse_if_void(desk, said)
        return compute(desk)

    return Work(alone=unless_void, reads=(FactKey(VOID, void_key(said.fixmedins_code, said.msgid)), *reads))
