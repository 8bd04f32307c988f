"""An experiment that cannot fail proves nothing: a fault is put into the product, and the experiment must notice it.

What runs in a process of its own (F1b, F4, F6, F18, F20, F21) is not reached from here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from settlement.checkout import reversal, settling
from settlement.ledger import anchor, audit, desk, writer
from settlement.national import roles, sessions
from tests.faults import registry
from tests.faults.page import Result
from tests.faults.test_small_faults import EVERY_DAY

NOT_EVERY_DAY = {"F7", "F12"}  # why is said where EVERY_DAY is


def test_every_experiment_is_run_every_day_but_two():
    assert {one.number for one in registry.experiments()} == {*EVERY_DAY} | NOT_EVERY_DAY


def verdict(number: str) -> str:
    """Run an experiment in small; what it raises is a failure, as for `make faults`."""
    (experiment,) = (one for one in registry.experiments() if one.number == number)
    try:
        figures = experiment.run(**experiment.small)
    except AssertionError:
        return "FAIL"
    return Result(experiment, figures, 0).verdict


def any_body_will_do(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writer._Turn, "_told", lambda self, job, known: self._sealer.stored(job.message[:2], known))


def no_tombstones(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settling, "refuse_if_void", lambda desk, said: None)


def given_back_as_often_as_asked(patch: pytest.MonkeyPatch) -> None:
    was = reversal._given_back
    patch.setattr(
        reversal, "_given_back", lambda desk, house, said, setl: was(desk, house, said, setl | {"state": "good"})
    )


def a_group_works_from_stale_counters(patch: pytest.MonkeyPatch) -> None:
    was = desk.GroupDesk.person
    first: dict[Any, Any] = {}
    patch.setattr(
        desk.GroupDesk, "person", lambda self, psn_no: first.setdefault((id(self), psn_no), was(self, psn_no))
    )


def an_hour_is_no_step(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(writer, "STEP_BACK", timedelta(hours=2))


def hashes_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(audit._Walk, "_content", lambda self, raw, entry: iter(()))


def an_earlier_entry_is_named(patch: pytest.MonkeyPatch) -> None:
    was = audit._Walk._entry
    patch.setattr(
        audit._Walk, "_entry", lambda self, raw: (fault._replace(seq=fault.seq - 1) for fault in was(self, raw))
    )


def signatures_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(anchor, "verify", lambda *about: True)


def any_terminal(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(roles.Client, "check_place", lambda *about: None)


def a_sign_in_never_ends(patch: pytest.MonkeyPatch) -> None:
    was = sessions.Sessions.check
    patch.setattr(sessions.Sessions, "check", lambda self, *who: was(self, *who[:3], who[3] - timedelta(days=1)))


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("F5", any_body_will_do),
        ("F7b", no_tombstones),
        ("F8", given_back_as_often_as_asked),
        ("F9", a_group_works_from_stale_counters),
        ("F13", an_hour_is_no_step),
        ("F16", hashes_are_not_compared),
        ("F16", an_earlier_entry_is_named),
        ("F17", signatures_are_not_checked),
        ("F19", any_terminal),
        ("F19", a_sign_in_never_ends),
    ],
)
def test_a_fault_of_ours_is_noticed(monkeypatch, number, fault):
    with monkeypatch.context() as patch:
        fault(patch)
        assert verdict(number) == "FAIL"
