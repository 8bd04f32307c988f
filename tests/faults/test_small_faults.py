"""The fault experiments in small, every day. `make faults` runs them in full and writes docs/reliability.md."""

from __future__ import annotations

import random

import pytest

from tests.faults import powercut, tills, trace
from tests.faults.check import check_folder
from tests.faults.page import Result, render
from tests.faults.powercut import Disk
from tests.faults.registry import experiments
from tests.faults.trace import Act

pytestmark = pytest.mark.skipif(not trace.has_compiler(), reason=trace.NO_COMPILER)
# Not F12, which measures time and wants an idle machine, nor F7, whose machine is tests/checkout/test_checkout_model.py.
EVERY_DAY = (
    "F1", "F1b", "F2", "F2b", "F3", "F4", "F5", "F6", "F7b", "F8", "F9", "F9b", "F10", "F11", "F13", "F16", "F16b", "F17", "F18",
    "F19", "F20", "F21", "F21b",
)  # fmt: skip


@pytest.mark.parametrize("number", EVERY_DAY)
def test_an_experiment_in_small(number):
    (experiment,) = (e for e in experiments() if e.number == number)
    result = Result(experiment, experiment.run(**experiment.small), 0)
    if result.verdict == "not run":
        pytest.skip(result.figures["skipped"])
    assert result.verdict == "pass", render([result], small=True)


@pytest.mark.parametrize("kill_at", [700, 1600])
def test_with_every_write_kept_the_folder_is_what_a_killed_process_left(tmp_path, kill_at):
    told = tills.run(tmp_path, {"kill_at": kill_at}, checkpoint_after=64)
    assert told.status == -9 and len(told.notes) == kill_at
    disk = Disk()
    for note in told.notes:
        disk.play(note)
    assert disk.acks == told.acks and told.acks
    assert powercut.differences(disk, tmp_path) == []
    (tmp_path / f"{tills.BOOK}-wal").write_bytes(b"")
    assert powercut.differences(disk, tmp_path) == [f"{tills.BOOK}-wal"]


def test_the_power_may_go_at_every_act_while_a_book_is_being_made(tmp_path):
    """What is left of it opens, or a new one is made in its place: keys, file and journal come one after the other."""
    watched = tmp_path / "watched"
    watched.mkdir()
    notes = tills.run(watched, {}, clients=1, count=1).notes
    first_ack = next(at for at, note in enumerate(notes) if note.act is Act.ACK)
    assert {"book.db-journal", "book.db-wal"} <= {note.name for note in notes[:first_ack]}
    disk, rng = Disk(), random.Random(4)
    for at, note in enumerate(notes[: first_ack + 1]):
        disk.play(note)
        for mode in ("none", "random"):
            folder = tmp_path / f"{at}{mode}"
            folder.mkdir()
            disk.rebuild(folder, mode, rng)
            verdict = check_folder(folder, disk.acks)
            assert verdict.good, (at, mode, verdict)


@pytest.mark.parametrize("turn", range(1, 11))
def test_no_fsync_may_fail_unnoticed_while_a_book_is_being_made(tmp_path, turn):
    """SQLite never looks whether its fsync of the folder failed; whoever is answered nevertheless must be safe."""
    watched, left = tmp_path / "watched", tmp_path / "left"
    watched.mkdir()
    left.mkdir()
    told = tills.run(watched, {"eio_fsync_n": turn}, clients=1, count=3)
    disk = Disk()
    for note in told.notes:
        disk.play(note)
    assert [note.act for note in told.notes].count(Act.FAILED) == 1
    disk.rebuild(left, "none", random.Random(0))
    assert check_folder(left, disk.acks).good
