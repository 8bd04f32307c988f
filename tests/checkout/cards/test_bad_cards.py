"""Bad input over the card's life, from tests/data/cards/bad_cards.toml: refused in Chinese, the book as it was."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from card_desk import CHILD, WORKER, apply, asked, do, lost, make, reissue, temporary
from card_holder import with_card, without_card
from visit_till import Till, refused

CASES = tomllib.loads(
    (Path(__file__).parents[2] / "data" / "cards" / "bad_cards.toml").read_text(encoding="utf-8")
)["case"]  # fmt: skip


def _ready(till: Till) -> str:
    number = apply(till)
    make(till, number)
    return number


def _ended(till: Till, **reason: str) -> None:
    with_card(till, WORKER)
    do(till, "K206", WORKER, channel="window", **reason)


def _pin_locked(till: Till) -> None:
    with_card(till, WORKER)
    do(till, "K602", WORKER, channel="hospital")


def _temporary(till: Till) -> None:
    reissue(till)
    temporary(till)


# What stands before the bad message; what is returned is the number of the application ("@" in a case).
SETUPS: dict[str, Callable[[Till], Any]] = {
    "card": lambda till: with_card(till, WORKER, financial="inactive"),
    "without_card": lambda till: without_card(till, WORKER),
    "child_without_card": lambda till: without_card(till, CHILD),
    "applied": apply,
    "ready": _ready,
    "dead": lambda till: _ended(till, card_reason="died", die_date="2024-04-30"),
    "cancelled": lambda till: _ended(till, card_reason="moved"),
    "account_closed": lambda till: with_card(till, WORKER, financial="closed"),
    "pin_locked": _pin_locked,
    "lost": lost,
    "boc_lost": lambda till: lost(till, bank="boc"),
    "reissued": reissue,
    "temporary": _temporary,
}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_bad_input_is_refused_and_changes_nothing(till: Till, case: dict[str, Any]) -> None:
    number = SETUPS[case["setup"]](till)
    till.time += timedelta(days=case.get("days_later", 0))
    stated = {name: number if value == "@" else value for name, value in case["input"].items()}
    psn_no = case.get("psn_no") or (CHILD if case["setup"].startswith("child") else WORKER)
    caught = refused(till, case["code"], case["infno"], asked(psn_no, **stated))
    assert case["says"] in caught.zh and caught.found


def test_there_are_enough_cases_and_each_setup_is_used() -> None:
    assert len(CASES) >= 50 and {case["setup"] for case in CASES} == set(SETUPS)
    assert {"2", "3", "4", "6", "7", "8", "9", "10"} == {case["seed"] for case in CASES}
