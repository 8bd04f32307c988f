"""The scene at the counter that `settlement demo` opens with: a real card read, settled, pulled.

Uses the real PC/SC stack where it is installed, the same card object in-process where it is not, and says which.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console

from pos_adapter.card import VirtualCard
from pos_adapter.card_image import load_image
from pos_adapter.pcsc_stack import PcscStack, available
from pos_adapter.reader import read_identity, same_card_still_there
from pos_adapter.transport import InProcessSlot, InProcessTransport, PcscTransport, Transport, reader_states
from settlement.checkout import DATA, Checkout, open_checkout
from settlement.errors import CardFault, NotAvailable
from settlement.present import side_by_side

PHARMACY, HOSPITAL, BEIJING = "P22040000001", "H22040000001", "H11010000001"


class Counter(NamedTuple):
    """A card in a reader: how to talk to it, how to pull it out, and what this counter is made of."""

    transport: Transport
    pull: Any
    what: str


@contextmanager
def counter(card: VirtualCard) -> Iterator[Counter]:
    """Put a card in a reader of the real PC/SC stack, or in-process if the stack is not there."""
    lacking = available()
    stack = PcscStack()
    try:
        if lacking:
            raise NotAvailable("D00_NO_STACK", "; ".join(lacking))
        stack.start()
    except NotAvailable as error:
        slot = InProcessSlot()
        slot.insert(card)
        yield Counter(InProcessTransport(slot), slot.pull, f"进程内虚拟卡 in-process card, no PC/SC: {error}")
        return
    try:
        stack.slots[0].insert(card)
        _until_seen(stack.readers[0])
        what = f"真实 PC/SC 栈 real stack: pcscd + vpcd + pyscard, reader {stack.readers[0]!r}"
        yield Counter(PcscTransport(stack.readers[0]), stack.slots[0].pull, what)
    finally:
        stack.stop()


def _until_seen(reader: str, deadline_s: float = 3.0) -> None:
    """Wait until the service has noticed the card (it looks every 0.4 s); reading then says what is wrong, if anything."""
    end = time.monotonic() + deadline_s
    while not reader_states().get(reader) and time.monotonic() < end:
        time.sleep(0.05)


def load_baskets() -> dict[str, dict[str, Any]]:
    """Return the demo's baskets from data/demo_baskets.json."""
    content: dict[str, dict[str, Any]] = json.loads((DATA / "demo_baskets.json").read_text(encoding="utf-8"))
    return content


def play(folder: Path) -> None:
    """Run the scene on a fresh book in ``folder`` and print it."""
    console = Console(highlight=False)
    baskets = load_baskets()
    card = VirtualCard(load_image(DATA / "cards" / "fictional_gen1.json"))
    with counter(card) as here:
        console.rule("① 读卡 Reading the card")
        console.print(here.what, soft_wrap=True)
        identity = read_identity(here.transport, date.today())
        console.print("\n".join(f"  {name:16} {value}" for name, value in identity.as_dict().items() if value))
        checkout = open_checkout(folder)
        try:
            _settle(console, checkout, here, identity, baskets)
            console.rule("⑤ 拔卡 The card is pulled before booking")
            here.pull()
            try:
                same_card_still_there(here.transport, identity)
            except CardFault as fault:
                console.print(f"  [{fault.code}] {fault.zh}", markup=False)
                console.print("  未记账 nothing was booked: the card has to be there when the settlement is written")
        finally:
            checkout.ledger.close()


def _settle(
    console: Console, checkout: Checkout, here: Counter, identity: Any, baskets: dict[str, dict[str, Any]]
) -> None:
    person = checkout.person(identity)
    console.rule("② 药店购药 A pharmacy purchase in Liaoyuan")
    same_card_still_there(here.transport, identity)
    answer = checkout.settle(person, baskets["pharmacy"], PHARMACY, f"{PHARMACY}202405010900000001")
    console.print(answer.explanation, markup=False, soft_wrap=True)
    again = checkout.settle(person, baskets["pharmacy"], PHARMACY, f"{PHARMACY}202405010900000001")
    console.print(
        f"  同一报文再送一次 sent again: {'settled twice!' if again.first else 'the first answer, booked once'}\n"
    )
    console.rule("③ 本地住院 A local inpatient stay in Liaoyuan")
    same_card_still_there(here.transport, identity)
    answer = checkout.settle(person, baskets["inpatient"], HOSPITAL, f"{HOSPITAL}202405201000000001")
    console.print(answer.explanation, markup=False, soft_wrap=True)
    console.rule("④ 跨省住院 The same person in Beijing, under each filing")
    outcomes = checkout.under_each_filing(person, baskets["beijing"], BEIJING)
    console.print(side_by_side([outcome.told(0) for outcome in outcomes]))
    faults = checkout.ledger.verify()
    console.print(f"  账本核对 the book: {len(faults)} faults, every settlement was on disk before it was shown")
