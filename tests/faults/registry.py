"""The list of fault experiments. A room adds a module with ``EXPERIMENTS = [Experiment(…)]`` and its name here."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

Figures = dict[str, Any]

# In the order of the page; none is found by itself.
ROOMS = (
    "power", "service", "power_postgresql", "repeat", "reversal", "same_person", "disk", "clock", "tamper", "anchor", "replay", "roles",
    "privacy",
)  # fmt: skip
MODULES = tuple(f"tests.faults.f_{room}" for room in ROOMS)


class Experiment(NamedTuple):
    """A fault done on purpose, and what must come of it.

    ``run(**full)`` returns figures: ``count`` (how often the fault was done), ``passed`` (how often all was well;
    the experiment passes if that is every time), ``seed`` if chance had a part, and whatever else is worth a number.
    What it raises fails it; ``{"skipped": reason}`` says that this machine cannot do it, which fails nothing.
    ``small`` are the arguments for the every-day tests.
    """

    number: str
    fault: str
    run: Callable[..., Figures]
    small: dict[str, Any]
    full: dict[str, Any]
    how: str
    proves: str
    proves_not: str


def experiments() -> list[Experiment]:
    """Return every experiment; two of one number are a mistake."""
    found = [experiment for module in MODULES for experiment in import_module(module).EXPERIMENTS]
    numbers = [experiment.number for experiment in found]
    assert len(set(numbers)) == len(numbers), f"a number is taken twice: {numbers}"
    return found
