"""The one table of states: every pair of state and event goes where it says or is refused with a reason; the page is drawn from it."""

from __future__ import annotations

from pathlib import Path

import pytest

from settlement.errors import BadInput
from settlement.registry import states

PAGE = Path(__file__).parents[3] / "docs" / "card-life.md"
PAIRS = [(row, state) for row in states.TABLE for state in (states.NONE, *states.STATES[row.machine])]


@pytest.mark.parametrize(("row", "state"), PAIRS, ids=lambda one: getattr(one, "event", one) or "none")
def test_each_event_in_each_state(row: states.Row, state: str) -> None:
    if state in row.before:
        assert states.moved(row.machine, row.event, state) == row.after
        return
    with pytest.raises(BadInput) as caught:
        states.moved(row.machine, row.event, state)
    assert caught.value.code == states.MACHINES[row.machine][0]
    assert len(caught.value.zh) > 8 and (row.section == "own" or f"第{row.section}条" in caught.value.zh)


def test_the_table_names_known_states_and_each_event_once() -> None:
    assert len(states.BY_EVENT) == len(states.TABLE)
    for row in states.TABLE:
        assert {*row.before, row.after} <= {states.NONE, *states.STATES[row.machine]}
    for machine, event, state in states.REASONS:
        assert state not in states.BY_EVENT[machine, event].before, "a reason for what is allowed"


def test_every_state_is_reached_or_is_where_a_register_begins() -> None:
    for machine, named in states.STATES.items():
        reached = {row.after for row in states.TABLE if row.machine == machine}
        given = {"locked", "none", "inactive", "unknown"}  # from the register, the card's maker, or a temporary card
        assert set(named) - reached <= given


def test_the_page_is_as_the_table_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert text == states.document(), "run scripts/write_docs.py"
    for row in states.TABLE:
        for state in row.before:
            assert f"{state or '[*]'} --> {row.after}: {row.zh}" in text
