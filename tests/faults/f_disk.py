"""F10 to F12: the disk is full, fails once, or is slow."""

from __future__ import annotations

import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from settlement.ledger.stored_ledger import DEADLINE_S
from tests.faults import powercut, tills
from tests.faults.check import check_folder
from tests.faults.powercut import Disk
from tests.faults.registry import Experiment, Figures
from tests.faults.trace import Act, Note

EACH = 40  # messages of one till in one run; one in ten is sent twice
ANSWERS = tills.CLIENTS * EACH * 11 // 10
LONGEST_MS = 2_000
STOPPED = {"L04_OUTCOME_UNKNOWN", "L05_BOOK_STOPPED"}
TMPFS_BYTES, BALLAST_BYTES = 12 << 20, 11 << 20


def f10_disk_full(runs: int, seed: int = 10) -> Figures:
    """Fill the disk under the tills at a random byte, free it after twenty refusals, and see them all served."""
    rng = random.Random(seed)
    passed = lost = refusals = 0
    mounted = _can_mount()
    for i in range(runs):
        with tempfile.TemporaryDirectory(dir=powercut.scratch(), prefix="faults-") as name:
            folder, aside = Path(name) / "folder", Path(name) / "room"
            folder.mkdir()
            if mounted and i == 0:
                told = _on_a_full_tmpfs(folder)
            else:
                shim = {"enospc_after": rng.randrange(100_000, 700_000), "freed": aside}
                told = tills.run(folder, shim, count=EACH, free=aside, close=True)
            verdict = check_folder(folder, told.acks)
            refused = told.figures.get("refused", {})
            only_l03 = set(refused) == {"L03_NOT_WRITTEN"} and told.figures["settled"] == ANSWERS
            passed += told.status == 0 and only_l03 and verdict.good
            lost += verdict.lost
            refusals += sum(refused.values())
    figures: Figures = {"count": runs, "passed": passed, "lost": lost, "refusals": refusals}
    return figures | {"on_a_real_full_tmpfs": int(mounted), "seed": seed}


_APART = ["unshare", "--mount", "--map-root-user", "sh", "-c"]  # what is mounted here ends with the process
_MOUNT = f'mount -t tmpfs -o size={TMPFS_BYTES} tmpfs "$1"'


def _can_mount() -> bool:
    if not (shutil.which("unshare") and shutil.which("mount")):
        return False
    return tills.started([*_APART, _MOUNT, "sh", "/mnt"]).returncode == 0


def _on_a_full_tmpfs(folder: Path) -> tills.Told:
    """The same on a small disk in memory that one file nearly fills; what is on it at the end is copied out."""
    acks = folder.with_name("acks")
    victim = tills.command(folder, acks, count=EACH, free=folder / "ballast", ballast=BALLAST_BYTES, close=True)
    script = f'{_MOUNT} && folder=$1 kept=$2 && shift 2 && "$@" && cp -r "$folder/." "$kept"'
    kept = folder.with_name("kept")
    done = tills.started([*_APART, script, "sh", str(folder), str(kept), *victim])
    kept.rename(folder)
    return tills.told(done, acks, [])


def f11_fsync_eio_once(runs: int, seed: int = 11) -> Figures:
    """Let one fsync fail, another one each run; nothing may be synced after it, and what was told must be safe."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    slowest_s = 0.0
    for turn, checkpoint_after in [(rng.randint(1, 60), rng.choice((40, 256))) for _ in range(runs)]:
        begin = time.monotonic()
        with tempfile.TemporaryDirectory(dir=powercut.scratch(), prefix="faults-") as name:
            shim = {"eio_fsync_n": turn, "fsync_delay_ms": 1}
            told = tills.run(Path(name), shim, count=60, checkpoint_after=checkpoint_after)
        slowest_s = max(slowest_s, time.monotonic() - begin)
        verdicts = [_rebuilt(told.notes, mode, rng) for mode in (*powercut.MODES, "random", "random")]
        what, syncs_after = _failed_fsync(told.notes)
        if not told.figures["opened"]:
            counts["failed_while_opening"] += 1
            stopped = not told.acks
        elif what == "folder":
            counts["of_a_folder"] += 1
            stopped = True  # by SQLite itself, which never looks; the book has made its own before it was open
        else:
            counts["fsyncs_after_the_failed_one"] += syncs_after
            refused = set(told.figures["refused"])
            stopped = bool(refused) and refused <= STOPPED and not syncs_after
        counts["lost"] += sum(verdict.lost for verdict in verdicts)
        good = told.status == 0 and stopped and all(verdict.good for verdict in verdicts)
        counts["passed"] += good
        if not good:
            print(f"fsync {turn} of a {what}: {told.figures}, {verdicts}", file=sys.stderr)
    names = ("passed", "lost", "fsyncs_after_the_failed_one", "failed_while_opening", "of_a_folder")
    counts["passed"] -= slowest_s >= DEADLINE_S  # somebody was left waiting
    return {"count": runs} | {n: counts[n] for n in names} | {"slowest_run_s": round(slowest_s, 1), "seed": seed}


def _failed_fsync(notes: list[Note]) -> tuple[str, int]:
    """Return what the failed fsync was of, a file or a folder, and how many were tried after it."""
    at = next(at for at, note in enumerate(notes) if note.act is Act.FAILED)
    opened = next(
        note for note in reversed(notes[:at]) if note.act in (Act.OPEN, Act.CREATE) and note.file == notes[at].file
    )
    return "folder" if opened.at < 0 else "file", sum(note.act is Act.FSYNC for note in notes[at:])


def _rebuilt(notes: list[Note], mode: powercut.Mode, rng: random.Random) -> powercut.Verdict:
    """What the power would leave at the end, when everybody had been told what they were told."""
    disk = Disk()
    for note in notes:
        disk.play(note)
    with tempfile.TemporaryDirectory(dir=powercut.scratch(), prefix="faults-") as folder:
        disk.rebuild(Path(folder), mode, rng)
        return check_folder(Path(folder), disk.acks)


def f12_slow_disk(delays_ms: Sequence[int], seconds: float) -> Figures:
    """Let eight tills settle while each fsync takes so much longer; the slowest answer counts, not the mean."""
    passed = 0
    figures: Figures = {}
    for delay_ms in delays_ms:
        with tempfile.TemporaryDirectory(dir=powercut.scratch(), prefix="faults-") as name:
            told = tills.run(Path(name), {"fsync_delay_ms": delay_ms}, notes=False, seconds=seconds)
            verdict = check_folder(Path(name), told.acks)
        p99_ms, max_ms = told.figures["p99_ms"], told.figures["max_ms"]
        in_time = p99_ms < 10 * delay_ms + 5 and max_ms < LONGEST_MS
        passed += in_time and verdict.good and not told.figures["refused"]
        figures[f"fsync_{delay_ms}_ms"] = f"p99 {p99_ms} ms, longest {max_ms} ms, {told.figures['settled']} settled"
    return {"count": len(delays_ms), "passed": passed} | figures


EXPERIMENTS = [
    Experiment(
        "F10", "disk full", f10_disk_full, {"runs": 2}, {"runs": 40},
        how="the files of the book may grow by a random number of bytes, then every write that needs room gets ENOSPC; "
        "room is made after 20 refusals. Where a mount is allowed, one run is on a real tmpfs filled by a file",
        proves="The cashier is told L03 (not written, try again), the process lives, what was acknowledged stays, and once "
        "there is room the same process settles every message that was refused.",
        proves_not="Quotas, or a network disk that reports a full disk only at fsync.",
    ),
    Experiment(
        "F11", "one fsync fails", f11_fsync_eio_once, {"runs": 3}, {"runs": 100},
        how="one fsync, another in each run, returns EIO once and its pages never become safe, as on Linux; the trace is "
        "searched for any later fsync, and the power is cut at the end",
        proves="The failed fsync is never tried again, the book takes no more writes, every till is told L04 or L05, and "
        "every acknowledgement, before or after, is on the disk.",
        proves_not="That SQLite would notice: it never looks at its own fsync of the folder, so the book makes one itself "
        "before it is open. Nor a disk that cannot read back what it has synced.",
    ),
    Experiment(
        "F12", "slow disk", f12_slow_disk,
        {"delays_ms": (50,), "seconds": 4}, {"delays_ms": (5, 50, 500), "seconds": 60},
        how="each fsync takes 5, 50 or 500 ms longer; 8 tills settle without a pause",
        proves=f"99 of 100 answers come within 10 fsyncs and 5 ms, and none takes {LONGEST_MS // 1000} s.",
        proves_not="A disk that stands still for longer than that.",
    ),
]  # fmt: skip
