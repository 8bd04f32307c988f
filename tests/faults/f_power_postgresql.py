"""F2 for the other store: the power goes while tills settle on a book in PostgreSQL."""

from __future__ import annotations

import copy
import os
import random
import shutil
import signal
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from settlement.errors import SettlementError
from settlement.ledger.postgresql import PostgresLedger
from settlement.vault import Vault, open_vault
from tests.faults import powercut, tills, trace
from tests.faults.check import check_ledger
from tests.faults.f_power import figures_of
from tests.faults.powercut import Disk, Verdict
from tests.faults.registry import Experiment, Figures
from tests.faults.victim import BODY, PERSONS, cost_of
from tests.ledger.ledger_till import settle
from tests.ledger.postgres_server import Cluster, programs, running_cluster

EACH = 30  # messages of one till
CHECKPOINT_EACH = 10  # messages of the first till between two checkpoints
CUTS_PER_RUN = 50


def f2_power_cut_postgresql(cuts: int, seed: int = 22) -> Figures:
    """Cut the power under the server's data folder at random acts, in the three readings of a disk."""
    if programs() is None:
        return {"skipped": "no PostgreSQL here"}
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    acts = 0
    while counts["cuts"] < cuts:
        with running_cluster() as cluster:
            vault = open_vault(cluster.folder / "keys", create=True)
            database = cluster.new_database()
            cluster.stop()
            before = cluster.folder / "before"
            shutil.copytree(cluster.folder / "data", before)
            notes = _traced(cluster, database, vault)
            wanted = min(CUTS_PER_RUN, cuts - counts["cuts"])
            counts += powercut.cut(
                Disk(before, journalled=True), notes, wanted, rng.randrange(2**30), _checker(cluster, database, vault)
            )
            acts += len(notes)
    return figures_of(counts, seed) | {"acts_noted": acts}


def _traced(cluster: Cluster, database: str, vault: Vault) -> list[trace.Note]:
    """Let tills settle on a server under the shim. They note their acknowledgements themselves, in the same file."""
    notes = cluster.folder / "trace"
    notes.touch()
    notes.chmod(0o666)
    library = Path(shutil.copy(trace.shim(), cluster.folder))  # where the server's user may read it
    with _environment(trace.under_shim(cluster.folder / "data", trace=notes) | {"LD_PRELOAD": str(library)}):
        cluster.start()
    try:
        with PostgresLedger(cluster.dsn(database), vault) as ledger, notes.open("ab", buffering=0) as acks:
            threads = [threading.Thread(target=_settle, args=(ledger, acks, t, cluster)) for t in range(tills.CLIENTS)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        cluster.stop(signal.SIGQUIT)
    return list(trace.read(notes))


def _settle(ledger: PostgresLedger, acks: object, till: int, cluster: Cluster) -> None:
    for i in range(EACH):
        msgid = f"t{till}n{i}"
        stored = settle(ledger, msgid, cost_of(msgid), f"p{(till + i) % PERSONS}", BODY)
        acks.write(trace.acknowledgement(msgid.encode() + b"\t" + stored.answer + b"\n"))
        if till == 0 and i % CHECKPOINT_EACH == 5:
            cluster.run_sql("CHECKPOINT")


@contextmanager
def _environment(told: dict[str, str]) -> Iterator[None]:
    kept = dict(os.environ)
    os.environ.update(told)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)


def _checker(cluster: Cluster, database: str, vault: Vault) -> powercut.Check:
    """Return a checker that starts a server on a rebuilt data folder."""

    def check(folder: Path, acks: Sequence[bytes]) -> Verdict:
        again = copy.copy(cluster)
        with tempfile.TemporaryDirectory(dir=powercut.scratch(), prefix="pg-") as home:
            again.folder = Path(home)
            shutil.move(folder, again.folder / "data")
            folder.mkdir()
            (again.folder / "data" / "postmaster.pid").unlink(missing_ok=True)
            _give(again.folder, cluster.folder)
            try:
                again.start()
                with PostgresLedger(again.dsn(database), vault) as ledger:
                    return check_ledger(ledger, acks)
            except (RuntimeError, SettlementError) as error:
                return Verdict(opened=False, wrong=str(error))
            finally:
                again.stop(signal.SIGQUIT)

    return check


def _give(folder: Path, like: Path) -> None:
    """Hand a folder to the owner of another one: the server will not run on what is not its own."""
    owner = like.stat()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)


EXPERIMENTS = [
    Experiment(
        "F2b", "power cut at any write, PostgreSQL", f2_power_cut_postgresql, {"cuts": 6}, {"cuts": 300},
        how="the same with a book in PostgreSQL, on a file system with one journal, as ext4 is: the server runs under the "
        "shim, with checkpoints among the settlements, and a new server recovers what the disk may hold",
        proves="With fsync and full_page_writes on, the book in PostgreSQL keeps every acknowledgement too.",
        proves_not="File systems without such a journal: PostgreSQL 15 does not fsync the folder of a new table, and where "
        "only that makes a name safe the table is gone (this harness shows it). Standbys and failover; files that the "
        "server writes through stdio (caches it makes anew).",
    ),
]  # fmt: skip
