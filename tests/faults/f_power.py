"""F1 to F3: the process is killed, the power goes, and the harness proves that it would notice."""

from __future__ import annotations

import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from settlement.ledger import SqliteLedger
from tests.faults import powercut, tills
from tests.faults.check import check_folder, check_ledger
from tests.faults.powercut import Disk, Verdict
from tests.faults.registry import Experiment, Figures
from tests.faults.tills import BOOK
from tests.faults.trace import Note
from tests.faults.victim import BODY, cost_of
from tests.ledger.ledger_till import settle

CUTS_PER_RUN = 50
EACH = 40  # messages of one till in one run
SERVING_AGAIN_S = 1.0


def f1_kill(kills: int, seed: int = 1) -> Figures:
    """Kill the tills under load again and again on one book; the next ones send their last messages anew."""
    rng = random.Random(seed)
    passed = lost = begin = 0
    slowest = 0.0
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder, acks, whole = Path(name), Path(name) / "acks", {b""}
        for i in range(kills):
            tills.run_and_kill(folder, acks, rng.uniform(0, 0.2), begin=begin)
            whole = {line for line in acks.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")}
            verdict, serving_s = _opened_again(folder / BOOK, sorted(whole), f"t0n{10**8 + i}")
            passed += verdict.good and serving_s < SERVING_AGAIN_S
            lost += verdict.lost
            slowest = max(slowest, serving_s)
            done = Counter(line.partition(b"n")[0] for line in whole)
            begin = max(0, min(done.values()) - 5) if len(done) == tills.CLIENTS else 0
    figures: Figures = {"count": kills, "passed": passed, "lost": lost, "acknowledged": len(whole)}
    return figures | {"serving_again_s": round(slowest, 3), "seed": seed}


def _opened_again(book: Path, acks: list[bytes], msgid: str) -> tuple[Verdict, float]:
    begin = time.monotonic()
    with SqliteLedger(book) as ledger:
        settle(ledger, msgid, cost_of(msgid), "p0", BODY)
        serving_s = time.monotonic() - begin
        return check_ledger(ledger, acks), serving_s


def f2_power_cut(cuts: int, seed: int = 2, synchronous: str = "FULL", again: bool = True) -> Figures:
    """Cut the power at random acts, in the three readings of a disk; ``again``: every other run starts from a cut."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    acts = 0
    with tempfile.TemporaryDirectory(dir=powercut.scratch(), prefix="faults-") as name:
        left: Disk | None = None
        while counts["cuts"] < cuts:
            before, folder = Path(name) / "before", Path(name) / "folder"
            before.mkdir()
            if left is not None:
                left.rebuild(before, "random", rng)
            shutil.copytree(before, folder)
            notes = tills.run(
                folder, {"fsync_delay_ms": 1}, synchronous=synchronous, count=EACH,
                begin=0 if left is None else EACH - 10, checkpoint_after=rng.choice((40, 100, 256)),
            ).notes  # fmt: skip
            disk = Disk(before, left.acks if left is not None else [])
            wanted = min(CUTS_PER_RUN, cuts - counts["cuts"])
            counts += powercut.cut(disk, notes, wanted, rng.randrange(2**30), check_folder)
            acts += len(notes)
            left = _at_a_cut(notes, rng) if again and left is None else None
            shutil.rmtree(before)
            shutil.rmtree(folder)
    return figures_of(counts, seed) | {"acts_noted": acts}


def _at_a_cut(notes: list[Note], rng: random.Random) -> Disk:
    disk = Disk()
    for note in notes[: rng.randint(1, len(notes))]:
        disk.play(note)
    return disk


def figures_of(counts: Counter[str], seed: int) -> Figures:
    """Return the counts of ``powercut.cut`` for the page."""
    modes = {mode: f"{counts[f'{mode} passed']}/{counts[f'{mode} cuts']}" for mode in powercut.MODES}
    figures: Figures = {name: counts[name] for name in ("passed", "lost", "unopenable", "wrong")}
    return {"count": counts["cuts"]} | figures | modes | {"seed": seed}


def f3_shim_proves_itself(cuts: int, seed: int = 3) -> Figures:
    """The same with synchronous = NORMAL, which is known not to be durable: to lose nothing would be the failure."""
    found = f2_power_cut(cuts, seed, synchronous="NORMAL", again=False)
    good, times = found["all"].split("/")
    noticed = found["lost"] > 0 and good == times  # and for no other reason than the power
    return found | {"count": 1, "passed": int(noticed), "cuts": cuts, "cuts_passed": found["passed"]}


EXPERIMENTS = [
    Experiment(
        "F1", "kill -9 under load", f1_kill, {"kills": 3}, {"kills": 50},
        how="8 tills settle on one book and are killed at a random moment, again and again; the next ones send the last "
        "messages anew",
        proves="Nothing acknowledged is lost or booked twice when the process dies at any moment, and the book settles "
        f"again within {SERVING_AGAIN_S:g} s of being opened.",
        proves_not="Nothing about power: a killed process leaves its unsynced writes with the operating system. The time "
        "is that of the book, not of a whole service starting.",
    ),
    Experiment(
        "F2", "power cut at any write", f2_power_cut, {"cuts": 60}, {"cuts": 1000},
        how="each write, fsync and rename of the tills is noted; the folder is rebuilt as a disk may hold it at a random "
        "act (all / none / some of the unsynced pages, torn at 512 bytes), opened and held against the acknowledgements",
        proves="On a disk that keeps its word about fsync nothing acknowledged is lost, the book opens, its chain is whole "
        "and every counter is what settling again gives; also after a second cut.",
        proves_not="Nothing about disks that lie about fsync or change what they hold. The folder is a model; no plug was "
        "pulled.",
    ),
    Experiment(
        "F3", "the harness proves itself", f3_shim_proves_itself, {"cuts": 45}, {"cuts": 300},
        how="F2 with SQLite's synchronous = NORMAL, which is known to lose the last commits; passes only if some are lost",
        proves="The harness sees lost acknowledgements where there are some.",
        proves_not="That it would see every kind of loss.",
    ),
]  # fmt: skip
