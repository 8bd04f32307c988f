"""Pull the plug on paper: from a trace, rebuild the folder as a disk may hold it at a cut, open it, compare with the acks.

The model of a disk, on purpose less kind than most file systems:

- What was written to a file is sure once an fsync or fdatasync of that file has returned that began after the write.
  Until then each 4 KiB page is there, is not, is there as an earlier unsynced write left it, or is torn: each 512-byte
  sector old or new for itself. The length of the file may lag behind or run ahead of its pages; a hole reads as zeros.
- An fsync that failed leaves its pages for ever unsure, even if a later fsync succeeds (Linux marks them clean).
- A name (create, rename, link, unlink) is sure once its *folder* was fsynced; an fsync of the file alone does not do, as
  POSIX has it. Unsure changes of names survive as a prefix: file systems keep their own books in order. With
  ``journalled`` any fsync makes all earlier changes of names sure, as on ext4 with its one journal.

Three readings of what is unsure: ``all`` of it reached the disk (equals a killed process, and checks the shim itself),
``none`` of it did, ``random`` draws for each page and for the names. SQLite's -shm is not part of a disk's state.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from tests.faults.trace import Act, Note

Mode = Literal["all", "none", "random"]
MODES: tuple[Mode, ...] = ("all", "none", "random")
PAGE, SECTOR = 4096, 512
_ENDS = (Act.SYNCED, Act.FAILED)


class Verdict(NamedTuple):
    """What a checker found: could it be opened, how many acknowledgements it does not keep, what else is wrong."""

    opened: bool
    lost: int = 0
    wrong: str = ""

    @property
    def good(self) -> bool:
        return self.opened and not self.lost and not self.wrong


Check = Callable[[Path, Sequence[bytes]], Verdict]


class _Change(NamedTuple):
    seq: int
    at: int
    data: bytes | None  # None: the length becomes ``at``


def _apply(content: bytearray, change: _Change) -> None:
    if change.data is None:
        del content[change.at :]
    if len(content) < change.at:
        content.extend(bytes(change.at - len(content)))
    if change.data is not None:
        content[change.at : change.at + len(change.data)] = change.data


def _not_overwritten(old: _Change, new: _Change) -> list[_Change]:
    """Return the parts of a forsaken write that a later change, now sure, has left."""
    data = old.data or b""
    if old.seq > new.seq:
        return [old]
    before = max(0, new.at - old.at)
    after = len(data) if new.data is None else max(0, new.at + len(new.data) - old.at)
    parts = [old._replace(data=data[:before]), old._replace(at=old.at + after, data=data[after:])]
    return [part for part in parts if part.data]


class _File:
    """A file as the processes see it (``live``), as the disk surely has it, and what lies between."""

    def __init__(self, mode: int, content: bytes = b"") -> None:
        self.mode = mode  # permissions
        self.live, self.sure = bytearray(content), bytearray(content)
        self.unsure: list[_Change] = []
        self.forsaken: list[_Change] = []  # what a failed fsync should have written

    def change(self, change: _Change) -> None:
        _apply(self.live, change)
        self.unsure.append(change)

    def synced(self, began: int, failed: bool) -> None:
        covered = [change for change in self.unsure if change.seq < began]
        self.unsure = self.unsure[len(covered) :]
        if failed:  # a change of length is the journal's affair, and the next fsync makes it sure
            self.forsaken += [change for change in covered if change.data is not None]
            self.unsure = [change for change in covered if change.data is None] + self.unsure
            return
        for change in covered:
            _apply(self.sure, change)
            self.forsaken = [part for old in self.forsaken for part in _not_overwritten(old, change)]

    def on_disk(self, mode: Mode, rng: random.Random) -> bytearray:
        if mode == "all":
            return self.live
        if mode == "none":
            return self.sure
        content = bytearray(self.sure)
        lengths = [len(content)]
        for change in sorted(self.forsaken + self.unsure):
            if change.data is None:  # lost, or done before everything that follows
                if rng.random() < 0.5:
                    _apply(content, change)
            else:
                _write_some(content, change.at, change.data, rng)
            lengths.append(max(len(content), change.at + len(change.data or b"")))
        wanted = rng.choice(lengths)
        return content[:wanted] + bytes(max(0, wanted - len(content)))


def _write_some(content: bytearray, at: int, data: bytes, rng: random.Random) -> None:
    """Let each page of a write be kept, lost or torn."""
    begin = at
    while begin < at + len(data):
        end = min((begin // PAGE + 1) * PAGE, at + len(data))
        fate = rng.choice(("kept", "lost", "torn"))
        step = SECTOR if fate == "torn" else PAGE
        while begin < end:
            stop = min((begin // step + 1) * step, end)
            if fate == "kept" or (fate == "torn" and rng.random() < 0.5):
                _apply(content, _Change(0, begin, data[begin - at : stop - at]))
            begin = stop


class _Renaming(NamedTuple):
    """A step in the list of names: each name gets a file, or none any more, all at once."""

    seq: int
    names: tuple[tuple[str, _File | None], ...]


class Disk:
    """The watched folder, played from its trace. ``before`` is the folder as it was, all of it sure; ``acks`` were then."""

    def __init__(self, before: Path | None = None, acks: Sequence[bytes] = (), journalled: bool = False) -> None:
        self.acks, self._journalled = list(acks), journalled
        self._names: dict[str, _File] = {}
        self._folders: set[str] = set()
        for path in sorted(before.rglob("*")) if before else ():
            name = path.relative_to(before).as_posix() if before else ""
            if path.is_dir():
                self._folders.add(name)
            elif path.is_file() and not name.endswith("-shm"):
                self._names[name] = _File(path.stat().st_mode & 0o7777, path.read_bytes())
        self._sure_names = dict(self._names)
        self._unsure_names: list[_Renaming] = []
        self._files: dict[int, _File] = {}  # by inode; a number comes again after its file is gone
        self._folder_of: dict[int, str] = {}

    def play(self, note: Note) -> None:
        if note.act in (Act.OPEN, Act.CREATE):
            self._open(note)
        elif note.act in (Act.WRITE, Act.TRUNCATE):
            change = _Change(note.seq, note.at, note.data if note.act is Act.WRITE else None)
            self._files[note.file].change(change)
        elif note.act in _ENDS:
            self._end_fsync(note)
        elif note.act is Act.ACK:
            self.acks.append(note.data)
        elif note.act is Act.MKDIR:
            self._folders.add(note.name)
        elif note.act is Act.UNLINK:
            self._folders.discard(note.name)
            self._rename(note.seq, (note.name, None))
        elif note.act in (Act.RENAME, Act.LINK):
            old, new = note.name.split("\n")
            moved = (new, self._names.get(old))
            self._rename(note.seq, moved, *([(old, None)] if note.act is Act.RENAME else []))

    def _open(self, note: Note) -> None:
        if note.at < 0:
            self._folder_of[note.file] = note.name
        elif note.act is Act.CREATE:
            self._files[note.file] = _File(note.at)
            self._rename(note.seq, (note.name, self._files[note.file]))
        elif note.name in self._names:
            self._files[note.file] = self._names[note.name]
        else:  # made by a call the shim does not see
            self._files[note.file] = _File(note.at)

    def _end_fsync(self, note: Note) -> None:
        folder = None if note.file in self._files else self._folder_of[note.file]
        if folder is None:
            self._files[note.file].synced(note.at, failed=note.act is Act.FAILED)
        if note.act is Act.SYNCED:
            self._sync_names(folder, note.at)

    def _rename(self, seq: int, *names: tuple[str, _File | None]) -> None:
        step = _Renaming(seq, tuple((name, file) for name, file in names if name))
        self._unsure_names.append(step)
        _set_names(self._names, step)

    def _sync_names(self, folder: str | None, began: int) -> None:
        waiting, self._unsure_names = self._unsure_names, []
        for step in waiting:
            inside = self._journalled or any(name.rpartition("/")[0] == folder for name, _ in step.names)
            if inside and step.seq < began:
                _set_names(self._sure_names, step)
            else:
                self._unsure_names.append(step)

    def rebuild(self, folder: Path, mode: Mode, rng: random.Random) -> None:
        """Write into an empty folder what the disk holds if the power goes now."""
        names = dict(self._names if mode == "all" else self._sure_names)
        if mode == "random":
            for step in self._unsure_names[: rng.randint(0, len(self._unsure_names))]:
                _set_names(names, step)
        for inner in sorted(self._folders):
            (folder / inner).mkdir(parents=True, exist_ok=True)
        for name, file in names.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(file.on_disk(mode, rng))
            (folder / name).chmod(file.mode)


def _set_names(names: dict[str, _File], step: _Renaming) -> None:
    for name, file in step.names:
        if file is None:
            names.pop(name, None)
        else:
            names[name] = file


def scratch() -> Path | None:
    """Return where throw-away folders lie: in memory where there is such a place, for an fsync there costs nothing."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() else None


def cut(disk: Disk, notes: Sequence[Note], cuts: int, seed: int, check: Check) -> Counter[str]:
    """Play a trace and cut the power after so many random notes, the modes in turn; return counts by what came of it.

    Half of the cuts fall anywhere, half by preference where something seldom happens: most acts are writes to one file,
    most mistakes are made when files come and go.

    Keys: ``cuts``, ``passed``, ``lost`` (acknowledgements), ``lossy`` (cuts that lost any), ``unopenable``, ``wrong``,
    and ``cuts``, ``passed`` of each mode as in ``none passed``.
    """
    rng = random.Random(seed)
    times = Counter((note.act, note.file) for note in notes)
    seldom = [1 / times[note.act, note.file] for note in notes]
    drawn = rng.choices(range(len(notes)), k=cuts // 2) + rng.choices(range(len(notes)), seldom, k=cuts - cuts // 2)
    places = sorted((at + 1, MODES[i % len(MODES)]) for i, at in enumerate(drawn))
    counts: Counter[str] = Counter()
    played = 0
    for place, mode in places:
        for note in notes[played:place]:
            disk.play(note)
        played = place
        with tempfile.TemporaryDirectory(dir=scratch(), prefix="powercut-") as folder:
            disk.rebuild(Path(folder), mode, rng)
            verdict = check(Path(folder), disk.acks)
        if verdict.wrong:
            print(f"cut at note {place} of {len(notes)}, {mode}: {verdict.wrong[:500]}", file=sys.stderr)
        _count(counts, mode, verdict)
    return counts


def _count(counts: Counter[str], mode: Mode, verdict: Verdict) -> None:
    for prefix in ("", f"{mode} "):
        counts[f"{prefix}cuts"] += 1
        counts[f"{prefix}passed"] += verdict.good
    counts["lost"] += verdict.lost
    counts["lossy"] += verdict.lost > 0
    counts["unopenable"] += not verdict.opened
    counts["wrong"] += bool(verdict.wrong)


def differences(disk: Disk, folder: Path) -> list[str]:
    """Return which files differ between a folder left by a killed process and the same rebuilt with every write."""
    with tempfile.TemporaryDirectory(dir=scratch(), prefix="powercut-") as made:
        disk.rebuild(Path(made), "all", random.Random(0))
        both = [_contents(Path(made)), _contents(folder)]
    return sorted(name for name in both[0].keys() | both[1].keys() if both[0].get(name) != both[1].get(name))


def _contents(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.name.endswith("-shm")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
