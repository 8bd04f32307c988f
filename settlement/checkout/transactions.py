"""All that can be asked of the checkout, by transaction code; and the blocking way to ask it.

A service does the same with ``Ledger.submit``: work for the book, or a question beside it.
"""

from __future__ import annotations

from settlement.checkout import (
    clearing,
    downloads,
    exchange,
    filings,
    lines,
    lists,
    persons,
    queries,
    reconcile,
    refusals,
    reversal,
    settling,
    visits,
)
from settlement.checkout.base import (
    FileAnswer,
    House,
    Said,
    Told,
    Transaction,
    answer_bytes,
    message_of,
    now,
    refuse_replay_of_void,
)
from settlement.checkout.cards import (
    activating,
    asking,
    collecting,
    guiding,
    losing,
    paying,
    pins,
    replacing,
    temporary,
)

ROOMS = (
    persons, visits, lines, settling, reversal, filings,
    reconcile, exchange, clearing, queries, downloads, lists,
    guiding, paying, asking, collecting, activating, pins, losing, replacing, temporary,
)  # fmt: skip
TRANSACTIONS: dict[str, Transaction] = {one.infno: one for room in ROOMS for one in room.TRANSACTIONS}


def transaction(infno: str) -> Transaction:
    """Return a transaction; raises BadInput B00 for one that is not offered here."""
    if infno not in TRANSACTIONS:
        raise refusals.not_offered(infno)
    return TRANSACTIONS[infno]


def settle_message(house: House, said: Said) -> bytes:
    """Book or answer one message and return the answer's bytes (a file's own for a ``FileAnswer``).

    Blocks until what is booked is durable. Raises what the transaction refuses with, or what the book raises.
    """
    asked = transaction(said.infno)
    if asked.work is not None:
        stored = house.ledger.settle(message_of(said), asked.work(house, said))
        refuse_replay_of_void(house, said, stored)
        return stored.answer
    assert asked.ask is not None, "a transaction has one of the two"
    told = asked.ask(house, said)
    if isinstance(told, FileAnswer):
        return told.content
    output, warning = told if isinstance(told, Told) else (told, "")
    return answer_bytes(said, output, now(house), warning)
