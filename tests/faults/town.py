"""What the fault experiments of the checkout share: services, tills, and an invented area with rules done by hand.

The tests of other rooms name each other's modules as pytest lets them, so their folders are put on the path here.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

sys.path.extend(f"{Path(__file__).parents[1] / room}" for room in ("checkout", "national"))

import checkout_model as paper
import test_checkout_model as model
import test_privacy as canaries
import wire
from checkout_till import DRUG_A, DRUG_B, HOSPITAL, SHOP, STAY_LINES, Till
from good_inputs import good as whole_input
from visit_till import open_till as open_shop

from settlement.ledger import SqliteLedger
from settlement.money import yuan
from settlement.registry import InsuredPerson, Registry
from settlement.rules.rulebook import Rulebook
from settlement.warm import warm_kernel

__all__ = [
    "DRUG_A", "DRUG_B", "HOSPITAL", "PLACES", "SHOP", "STAY_LINES", "Till", "booked", "canaries", "model", "open_shop",
    "open_town", "paper", "persons", "scratch", "serving", "side_by_side", "times_booked", "whole_input", "wire",
]  # fmt: skip

PLACES = model.PLACES
AREA = "990100"
T = TypeVar("T")
U = TypeVar("U")


def persons(count: int, balance_fen: int = 0) -> list[InsuredPerson]:
    """Return so many persons of the invented area, all alike but for their number."""
    like = model.registry().persons[model.ANNA]
    like = like._replace(insuplc_admdvs=AREA, opening_balc=yuan(balance_fen), filings=())
    return [like._replace(psn_no=f"99{n:018d}") for n in range(1, count + 1)]


def open_town(folder: Path, insured: Iterable[InsuredPerson], book: Rulebook | None = None) -> Till:
    """Return a till on a new book in the invented area, with the rules that ``checkout_model`` does by hand or others."""
    warm_kernel()
    sample = model.registry()
    there = [sample.institutions[place]._replace(admdvs=AREA, fixmedins_type="") for place in PLACES]
    return Till(book or model.rulebook(), folder, Registry(list(insured), there))


@contextmanager
def scratch(memory: bool = True) -> Iterator[Path]:
    """Lend a folder; in memory if may be, where an experiment is not about a disk."""
    with tempfile.TemporaryDirectory(dir=model.MEMORY if memory else None, prefix="faults-") as name:
        yield Path(name)


@contextmanager
def serving(folder: Path, *said: str, **more: Any) -> Iterator[wire.Running]:
    """Run ``settlement serve`` in a process of its own; it is ended with this."""
    running = wire.Running(folder, *said, **more)
    try:
        yield running
    finally:
        if running.process.returncode is None:
            running.stop()


def booked(running: wire.Running, client: wire.Wire) -> int:
    """Return how many messages a service has booked since it began."""
    found = re.search(r"(?m)^settlement_booked (\S+)", client.http.get(f"{running.url}/metrics").text)
    assert found is not None
    return int(float(found[1]))


def side_by_side(work: Callable[[T], U], items: Iterable[T], threads: int) -> list[U]:
    """Return what ``work`` says of each item, so many at a time; what it raises is raised."""
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(work, items))


def times_booked(folder: Path) -> dict[tuple[str, str], int]:
    """Return how often each message stands in the book of a service that has ended; raise if the book is not whole."""
    count: dict[tuple[str, str], int] = {}
    with SqliteLedger(folder / "book.sqlite") as ledger:
        faults = ledger.verify()
        assert not faults, faults
        for entry in ledger.settlements():
            name = entry.message[:2]
            count[name] = count.get(name, 0) + 1
    return count
