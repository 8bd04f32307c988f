"""The harness itself: the shim notes what small programs do, and the model keeps what a disk must keep, and no more."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults import powercut, trace
from tests.faults.powercut import Disk
from tests.faults.trace import Act, Note

pytestmark = pytest.mark.skipif(not trace.has_compiler(), reason=trace.NO_COMPILER)

BEGIN = """
import os
def write(name, data, at=0, flags=0):
    file = os.open(name, os.O_RDWR | os.O_CREAT | flags, 0o600)
    os.pwrite(file, data, at)
    return file
folder = os.open('.', os.O_RDONLY)
a = write('a', b'old'); os.fsync(a); os.fsync(folder)
"""

# What the program goes on to do, and the folder if the power then goes and nothing unsure is left.
NONE = {
    "os.pwrite(a, b'new', 0)": {"a": b"old"},
    "os.pwrite(a, b'new', 0); os.fdatasync(a)": {"a": b"new"},
    "os.pwrite(a, b'new', 0); b = write('b', b''); os.fsync(b)": {"a": b"old"},
    "os.lseek(a, 1, 0); os.writev(a, [b'e', b'wer']); os.fsync(a)": {"a": b"oewer"},
    "b = os.open('a', os.O_WRONLY | os.O_APPEND); os.write(b, b'er'); os.fsync(b)": {"a": b"older"},
    "os.pwrite(a, b'x', 5); os.fsync(a)": {"a": b"old\0\0x"},
    "b = write('b', b'1'); os.fsync(b)": {"a": b"old"},
    "b = write('b', b'1'); os.fsync(folder)": {"a": b"old", "b": b""},
    "b = write('b', b'1'); os.fsync(folder); os.fsync(b)": {"a": b"old", "b": b"1"},
    "b = write('b', b'new'); os.fsync(b); os.rename('b', 'a')": {"a": b"old"},
    "b = write('b', b'new'); os.fsync(b); os.rename('b', 'a'); os.fsync(folder)": {"a": b"new"},
    "os.link('a', 'b'); os.unlink('a'); os.fsync(folder); os.pwrite(a, b'new', 0); os.fsync(a)": {"b": b"new"},
    "os.unlink('a')": {"a": b"old"},
    "os.unlink('a'); os.fsync(folder)": {},
    "os.unlink('a'); b = write('a', b'new'); os.fsync(b)": {"a": b"old"},
    "os.ftruncate(a, 1)": {"a": b"old"},
    "os.ftruncate(a, 1); os.fsync(a)": {"a": b"o"},
    "os.truncate('a', 2); os.fsync(a)": {"a": b"ol"},
    "b = write('a', b'', flags=os.O_TRUNC); os.fsync(b)": {"a": b""},
    "os.posix_fallocate(a, 0, 5); os.fsync(a)": {"a": b"old\0\0"},
    "os.mkdir('in'); b = write('in/b', b'1'); os.fsync(b); os.fsync(os.open('in', 0))": {"a": b"old", "in/b": b"1"},
    "write('a-shm', b'1')": {"a": b"old"},
}


def noted(folder: Path, program: str, **settings: object) -> Disk:
    watched, notes = folder / "watched", folder / "trace"
    watched.mkdir()
    environment = trace.under_shim(watched, trace=notes, **settings)
    subprocess.run([sys.executable, "-c", BEGIN + program], cwd=watched, env=environment, check=True, timeout=30)
    disk = Disk()
    for note in trace.read(notes):
        disk.play(note)
    return disk


def contents(disk: Disk, mode: powercut.Mode, folder: Path, seed: int = 0) -> dict[str, bytes]:
    made = folder / f"{mode}{seed}"
    made.mkdir()
    disk.rebuild(made, mode, random.Random(seed))
    return {path.relative_to(made).as_posix(): path.read_bytes() for path in made.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("program", "kept"), NONE.items())
def test_what_is_sure_is_kept_and_what_is_not_is_lost(tmp_path, program, kept):
    disk = noted(tmp_path, program)
    assert contents(disk, "none", tmp_path) == kept
    assert powercut.differences(disk, tmp_path / "watched") == []


FAILING = """
os.pwrite(a, b'new', 0)
try:
    os.fsync(a)
except OSError as error:
    assert error.errno == 5
else:
    raise SystemExit(1)
"""


@pytest.mark.parametrize(
    ("program", "possible"),
    [
        ("os.pwrite(a, b'er', 3); os.fsync(a)", {b"older", b"newer"}),  # not made good by the next fsync
        ("os.pwrite(a, b'OWER', 1); os.fsync(a)", {b"oOWER", b"nOWER"}),
        ("os.pwrite(a, b'E', 1); os.fsync(a)", {b"oEd", b"nEd", b"oEw", b"nEw"}),
        ("os.ftruncate(a, 1); os.fsync(a)", {b"o", b"n"}),
        ("os.ftruncate(a, 0); os.fsync(a)", {b""}),
    ],
)
def test_what_a_failed_fsync_left_is_unsure_until_it_is_overwritten(tmp_path, program, possible):
    disk = noted(tmp_path, FAILING + program, eio_fsync_n=3)
    assert {contents(disk, "random", tmp_path, seed)["a"] for seed in range(60)} == possible
    kept = contents(disk, "none", tmp_path)["a"], contents(disk, "all", tmp_path)["a"]
    assert set(kept) <= possible and (len(possible) == 1 or kept[0] != kept[1])


def test_a_page_is_kept_lost_or_torn(tmp_path):
    old, new = b"o" * 8192, b"n" * 8192
    program = f"os.pwrite(a, {old!r}, 0); os.fsync(a); os.pwrite(a, {new!r}, 0)"
    disk = noted(tmp_path, program)
    found = set()
    for seed in range(40):
        content = contents(disk, "random", tmp_path, seed)["a"]
        for page in (content[:4096], content[4096:]):
            sectors = [page[i : i + 512] for i in range(0, 4096, 512)]
            assert set(sectors) <= {b"o" * 512, b"n" * 512}
            found.add("torn" if len(set(sectors)) == 2 else sectors[0][:1])
    assert found == {b"o", b"n", "torn"}


def test_with_one_journal_any_fsync_makes_earlier_names_sure(tmp_path):
    program = "b = write('b', b'1'); os.rename('a', 'c'); os.fsync(b); write('d', b'1')"
    assert contents(noted(tmp_path, program), "none", tmp_path) == {"a": b"old"}
    journalled = Disk(journalled=True)
    for note in trace.read(tmp_path / "trace"):
        journalled.play(note)
    assert contents(journalled, "none", tmp_path, seed=1) == {"b": b"1", "c": b"old"}


def test_an_fsync_covers_only_what_was_written_before_it_began():
    disk = Disk()
    for seq, (act, at, name, data) in enumerate(
        [
            (Act.CREATE, 0o600, "a", b""), (Act.OPEN, -1, "", b""), (Act.WRITE, 0, "", b"1"), (Act.FSYNC, 0, "", b""),
            (Act.WRITE, 1, "", b"2"), (Act.SYNCED, 4, "", b""),
        ],
        start=1,
    ):  # fmt: skip
        disk.play(Note(act, seq, 2 if at == -1 else 1, at, name, data))
    (file,) = disk._names.values()
    assert (bytes(file.sure), bytes(file.live)) == (b"1", b"12")


def test_the_disk_is_full_until_there_is_room(tmp_path):
    program = """
os.pwrite(a, b'x' * 3, 0)
for _ in range(2):
    try:
        os.pwrite(a, b'x' * 100, 0)
    except OSError as error:
        assert error.errno == 28
    else:
        raise SystemExit(1)
os.close(os.open('../room', os.O_CREAT)); os.pwrite(a, b'x' * 100, 0)
"""
    disk = noted(tmp_path, program, enospc_after=50, freed=tmp_path / "room")
    assert contents(disk, "all", tmp_path) == {"a": b"x" * 100}


def test_acknowledgements_stand_in_the_order_of_the_acts(tmp_path):
    acks = tmp_path / "acks"
    program = f"c = os.open({str(acks)!r}, os.O_WRONLY | os.O_CREAT)\n"
    program += "os.write(c, b'1'); os.pwrite(a, b'n', 0); os.write(c, b'2')"
    disk = noted(tmp_path, program, acks=acks)
    assert disk.acks == [b"1", b"2"]
    order = [note.act for note in trace.read(tmp_path / "trace")][-3:]
    assert order == [Act.ACK, Act.WRITE, Act.ACK]
