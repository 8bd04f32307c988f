"""What can happen to a server, to the wire, and to several processes on one book; the rules of the database itself."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from ledger_till import KEY, held_pen, message, pay, serial_oracle, settle
from postgres_proxy import Proxy
from postgres_server import OWNER, Cluster

from settlement.errors import NotAvailable
from settlement.ledger import Booking, FactKey, Work

psycopg = pytest.importorskip("psycopg", reason="the driver for PostgreSQL is not installed")
from settlement.ledger import postgresql_schema as schema  # noqa: E402 - needs the driver
from settlement.ledger.postgresql import READERS, PostgresLedger  # noqa: E402

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
STOPS, KILLS = 4, 6
RESEND = ("L03_NOT_WRITTEN", "L04_OUTCOME_UNKNOWN")


def hang_up_all(cluster: Cluster, database: str) -> None:
    """End every connection to a database, from the server's side."""
    cluster.run_sql(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}'")


def till_process(cluster: Cluster, database: str, keys: Path, acks: Path, name: str) -> subprocess.Popen:
    command = [sys.executable, HERE / "postgres_till.py", cluster.dsn(database), keys, acks, name]
    return subprocess.Popen(command, env={"PYTHONPATH": f"{REPOSITORY}:{HERE}"}, stderr=subprocess.PIPE)


def lines(acks: Path) -> list[bytes]:
    """The answers that were noted whole."""
    return acks.read_bytes().split(b"\n")[:-1] if acks.exists() else []


# --- many tills on one book ---


def test_two_processes_on_one_book_continue_one_chain(cluster, database, book, tmp_path):
    """Both write until the one that started later has 60 answers too; by then they have taken turns."""
    acks = [tmp_path / name for name in "ab"]
    tills = [till_process(cluster, database, tmp_path / "keys.toml", path, path.name) for path in acks]
    end = time.monotonic() + 60
    while any(len(lines(path)) < 60 for path in acks) and time.monotonic() < end:
        assert [till.poll() for till in tills] == [None, None]
        time.sleep(0.01)
    for till in tills:
        till.kill()
        till.communicate()
    entries = list(book.settlements())
    assert {line for path in acks for line in lines(path)} <= {entry.answer for entry in entries}
    used = serial_oracle(entries, lambda entry: 100)
    assert sum(used.values()) == 100 * len(entries) >= 12_000
    assert sum(one.message.msgid[0] != other.message.msgid[0] for one, other in pairwise(entries)) > 20
    assert book.verify() == []


def test_one_message_sent_to_two_processes_is_booked_once(open_pg):
    one, two = open_pg(), open_pg()
    with ThreadPoolExecutor(16) as pool:
        told = [pool.submit(settle, (one, two)[i % 2], f"m{i // 8}") for i in range(160)]
    firsts = Counter(outcome.result().seq for outcome in told if outcome.result().first)
    assert set(firsts.values()) == {1} and len(firsts) == 20
    assert one.person("p1").counters == {KEY: 2_000}


def test_processes_that_open_an_empty_database_at_once_make_one_book(open_pg):
    with ThreadPoolExecutor(6) as pool:
        books = [outcome.result() for outcome in [pool.submit(open_pg) for _ in range(6)]]
    assert len({book.identity for book in books}) == 1


def test_a_till_that_is_killed_gives_the_pen_back(cluster, database, book, tmp_path):
    """kill -9 under load, several times: what was acknowledged is there, once; the next one is not held up."""
    rng, acks = random.Random(4), tmp_path / "acks"
    for round_ in range(KILLS):
        noted = acks.stat().st_size if acks.exists() else 0
        with till_process(cluster, database, tmp_path / "keys.toml", acks, f"k{round_}") as till:
            try:
                end = time.monotonic() + 20
                while not acks.exists() or acks.stat().st_size == noted:
                    assert till.poll() is None and time.monotonic() < end, till.stderr.read().decode()
                    time.sleep(0.005)
                time.sleep(rng.uniform(0, 0.1))
            finally:
                till.kill()
        began = time.monotonic()
        settle(book, f"after{round_}")
        assert time.monotonic() - began < 5
    answers = [entry.answer for entry in book.settlements()]
    assert max(Counter(answers).values()) == 1
    assert set(lines(acks)) <= set(answers)
    assert book.verify() == []


def test_the_pen_in_another_hand_refuses_in_bounded_time(book, master):
    settle(book, "m0")
    book._writer._store._con.execute("SET lock_timeout = '50ms'")
    master.execute("SELECT pg_advisory_lock(%s)", [schema.PEN])
    with pytest.raises(NotAvailable, match="L03_NOT_WRITTEN"):
        settle(book, "m1")
    assert book.find("H", "m0").seq == 1  # reading needs no pen
    master.execute("SELECT pg_advisory_unlock(%s)", [schema.PEN])
    assert settle(book, "m1").seq == 2


def test_a_group_asks_as_many_questions_as_one_message(book, monkeypatch):
    """Over a network each question is a round trip in which everybody waits."""
    store, asked = book._writer._store, []

    def together(desk, group):
        return [
            pay(msg.msgid, psn_no=msg.psn_no)(desk)._replace(facts={FactKey("visit", msg.msgid): b"{}"})
            for msg, _ in group
        ]

    with held_pen(book, 20) as call:
        ask = store._ask
        monkeypatch.setattr(store, "_ask", lambda sql, *values: asked.append(sql) or ask(sql, *values))
        for i in range(20):
            msg = message(f"m{i}", f"q{i}")
            call(lambda msg=msg: book.settle(msg, Work(together=together)))
    settle(book, "last", psn_no="q1")
    assert book.commits == 3 and book.head()[0] == 22
    held, group, last = 1, 4, 3  # what was written by the one that held the pen; names, persons, visits, ids; no visits
    assert len(asked) == held + group + last


# --- the server falls ---


class Till(threading.Thread):
    """Settles without end; what is not written or not known it sends again until it has the answer."""

    def __init__(self, book: PostgresLedger, name: str) -> None:
        super().__init__()
        self.book, self.till, self.answers = book, name, {}
        self.refusals: Counter[str] = Counter()
        self.strange: BaseException | None = None
        self.enough = threading.Event()

    def run(self) -> None:
        i = 0
        while not self.enough.is_set():
            msgid = f"{self.till}n{i}"
            try:
                self.answers[msgid] = settle(self.book, msgid, psn_no=f"p{i % 3}").answer
                i += 1
            except NotAvailable as refusal:
                self.refusals[refusal.code] += 1
                time.sleep(0.01)
            except BaseException as error:
                self.strange = error
                raise


@contextmanager
def under_load(book: PostgresLedger) -> Iterator[list[Till]]:
    tills = [Till(book, f"t{i}") for i in range(4)]
    for till in tills:
        till.start()
    try:
        yield tills
    finally:
        for till in tills:
            till.enough.set()
        for till in tills:
            till.join(30)


def check_nothing_lost(book: PostgresLedger, tills: list[Till]) -> None:
    assert [till.strange for till in tills] == [None] * len(tills)
    entries = list(book.settlements())
    assert max(Counter(entry.message.msgid for entry in entries).values()) == 1
    booked = {entry.message.msgid: entry.answer for entry in entries}
    for till in tills:
        assert till.answers.items() <= booked.items()
        assert set(till.refusals) <= set(RESEND)
    used = serial_oracle(entries, lambda entry: 100)
    assert {psn_no: book.person(psn_no).counters for psn_no in used} == {p: {KEY: fen} for p, fen in used.items()}
    assert book.verify() == []


def test_the_server_stops_at_once_under_load_and_loses_nothing(cluster, book):
    rng = random.Random(8)
    with under_load(book) as tills:
        for _ in range(STOPS):
            time.sleep(rng.uniform(0.1, 0.3))
            cluster.stop(signal.SIGQUIT)
            cluster.start()
        time.sleep(0.2)
    check_nothing_lost(book, tills)
    assert sum(sum(till.refusals.values()) for till in tills) > 0
    assert all(len(till.answers) > STOPS for till in tills)


def test_a_server_process_is_killed_under_load_and_nothing_is_lost(cluster, database, book):
    """kill -9 of the process that writes: the server throws everybody out and recovers from its log."""
    rng = random.Random(5)
    query = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}'"
    fallen = "was terminated by signal 9"
    with under_load(book) as tills:
        for _ in range(STOPS):
            time.sleep(rng.uniform(0.1, 0.3))
            pids = [pid for (pid,) in cluster.run_sql(query)]
            falls = cluster.log().count(fallen)
            os.kill(rng.choice(pids), signal.SIGKILL)
            end = time.monotonic() + 20
            while cluster.log().count(fallen) == falls and time.monotonic() < end:
                time.sleep(0.01)
            cluster.wait()
        time.sleep(0.2)
    check_nothing_lost(book, tills)
    assert sum(sum(till.refusals.values()) for till in tills) > 0


def test_a_server_that_is_away_is_told_and_comes_back(cluster, book):
    settle(book, "m1")
    cluster.stop()
    with pytest.raises(NotAvailable, match="L03_NOT_WRITTEN"):
        settle(book, "m2")
    with pytest.raises(NotAvailable, match="L42_SERVER_AWAY"):
        book.find("H", "m1")
    cluster.start()
    assert settle(book, "m2").answer == b"m2 100->200"
    assert book.find("H", "m1").seq == 1


def test_connections_that_died_while_idle_cost_nobody_anything(cluster, database, book):
    settle(book, "m1")
    book.find("H", "m1")
    hang_up_all(cluster, database)
    assert book.find("H", "m1").seq == 1
    assert settle(book, "m2").seq == 2


# --- the wire is cut at the commit ---


@pytest.fixture
def wire(cluster: Cluster) -> Iterator[Proxy]:
    proxy = Proxy(cluster.socket)
    yield proxy
    proxy.close()


def test_an_answer_lost_after_the_commit(open_pg, wire, database, book):
    """It is not known here whether it is written, but the record is asked, and it says yes: the till has its answer."""
    far = open_pg(wire.dsn(database, OWNER))
    wire.cut = "after the commit"
    stored = settle(far, "m1")
    assert wire.cuts == 1
    assert (stored.answer, stored.first) == (b"m1 0->100", False)
    assert book.find("H", "m1") == stored
    assert settle(far, "m2").answer == b"m2 100->200"


def test_an_answer_lost_after_the_commit_while_nothing_can_be_read(open_pg, wire, database, book):
    far = open_pg(wire.dsn(database, OWNER))
    far.reading = lambda: (_ for _ in ()).throw(NotAvailable("L42_SERVER_AWAY", "the wire is still cut"))
    wire.cut = "after the commit"
    with pytest.raises(NotAvailable, match="L04_OUTCOME_UNKNOWN"):
        settle(far, "m1")
    assert wire.cuts == 1 and book.find("H", "m1").answer == b"m1 0->100"
    again = settle(far, "m1")  # safe to send again: told what is booked, not booked twice
    assert (again.answer, again.first) == (b"m1 0->100", False)
    assert book.person("p1").version == 1


def test_a_commit_that_never_arrived(open_pg, wire, database, book):
    far = open_pg(wire.dsn(database, OWNER))
    wire.cut = "before the commit"
    with pytest.raises(NotAvailable, match="L04_OUTCOME_UNKNOWN"):
        settle(far, "m1")
    assert wire.cuts == 1 and book.find("H", "m1") is None
    assert settle(far, "m1").first
    assert book.person("p1").counters == {KEY: 100}


def test_a_wire_cut_again_and_again_under_load(open_pg, wire, database, book):
    far, rng = open_pg(wire.dsn(database, OWNER)), random.Random(6)
    with under_load(far) as tills:
        for _ in range(20):
            time.sleep(rng.uniform(0, 0.05))
            wire.cut = rng.choice(["before the commit", "after the commit"])
    check_nothing_lost(book, tills)
    assert wire.cuts > 10


# --- a server that must not be trusted with a book ---


@pytest.mark.parametrize("version", ["14", "13"])
def test_an_older_server_is_refused(cluster, database, open_pg, version):
    told = b"server_version\x00" + str(cluster.run_sql("SHOW server_version")[0][0]).encode()[:2]
    wire = Proxy(cluster.socket, (told, b"server_version\x00" + version.encode()))
    with pytest.raises(NotAvailable, match=rf"L41_SERVER_UNFIT\] .*PostgreSQL {version}"):
        open_pg(wire.dsn(database, OWNER))
    wire.close()
    assert cluster.run_sql("SELECT 1 FROM pg_namespace WHERE nspname = 'settlement_ledger'", database=database) == []


def test_a_server_without_fsync_is_refused_and_left_as_soon_as_it_is_met(cluster, database, book):
    settle(book, "m1")
    cluster.stop()
    cluster.start(fsync="off")
    try:
        with pytest.raises(NotAvailable, match=r"L03_NOT_WRITTEN\] .*fsync is off"):
            settle(book, "m2")
    finally:
        cluster.stop()
        cluster.start()
    assert settle(book, "m2").seq == 2


def test_a_standby_is_refused(cluster, book, open_pg):
    mark = cluster.folder / "data" / "standby.signal"
    cluster.stop()
    mark.touch()
    try:
        cluster.start()
        with pytest.raises(NotAvailable, match=r"L41_SERVER_UNFIT\] .*standby"):
            open_pg()
    finally:
        cluster.stop()
        mark.unlink()
        cluster.start()


def test_a_database_in_another_encoding_is_refused(cluster, open_pg):
    cluster.run_sql(f"CREATE DATABASE ascii OWNER {OWNER} ENCODING 'SQL_ASCII' TEMPLATE template0")
    try:
        with pytest.raises(NotAvailable, match=r"L41_SERVER_UNFIT\] .*SQL_ASCII"):
            open_pg(cluster.dsn("ascii"))
    finally:
        cluster.drop_database("ascii")


def test_a_role_that_does_not_wait_for_the_disk_is_made_to(cluster, database, open_pg):
    cluster.run_sql(f"ALTER ROLE {OWNER} SET synchronous_commit = off")
    try:
        with psycopg.connect(cluster.dsn(database)) as con:
            assert con.execute("SHOW synchronous_commit").fetchone() == ("off",)
        assert open_pg()._writer._store._con.execute("SHOW synchronous_commit").fetchone() == ("on",)
        cluster.run_sql(f"ALTER ROLE {OWNER} SET synchronous_commit = remote_apply")  # waits for more: left alone
        assert open_pg()._writer._store._con.execute("SHOW synchronous_commit").fetchone() == ("remote_apply",)
    finally:
        cluster.run_sql(f"ALTER ROLE {OWNER} RESET synchronous_commit")


@pytest.mark.parametrize("went_on", [False, True])
def test_an_older_copy_in_the_place_of_the_server_stops_the_book(cluster, database, book, open_pg, went_on):
    """A standby that lagged, or a backup, takes over: what it lacks was acknowledged, so nothing is built on it.

    Nor if the copy went on by itself and is as long as the book was.
    """
    settle(book, "m1")
    hang_up_all(cluster, database)
    cluster.run_sql(f"CREATE DATABASE {database}_copy TEMPLATE {database} OWNER {OWNER}")
    settle(book, "m2")
    if went_on:
        settle(open_pg(cluster.dsn(f"{database}_copy")), "x2")
    hang_up_all(cluster, database)
    hang_up_all(cluster, f"{database}_copy")
    try:
        cluster.run_sql(
            f"ALTER DATABASE {database} RENAME TO {database}_true",
            f"ALTER DATABASE {database}_copy RENAME TO {database}",
        )
        with pytest.raises(NotAvailable, match=r"L03_NOT_WRITTEN\] .*acknowledged"):
            settle(book, "m3")
        with pytest.raises(NotAvailable, match="L05_BOOK_STOPPED"):
            settle(book, "m3")
        assert settle(book, "m1").answer == b"m1 0->100"  # what is on record is still told
    finally:
        cluster.drop_database(f"{database}_true")


def test_another_book_in_the_place_of_the_server_stops_the_book(cluster, database, book, open_pg):
    hang_up_all(cluster, database)
    cluster.drop_database(database)
    cluster.run_sql(f"CREATE DATABASE {database} OWNER {OWNER}")
    open_pg()
    with pytest.raises(NotAvailable, match=r"L03_NOT_WRITTEN\] .*another book"):
        settle(book, "m1")
    assert "another book" in book.stopped_by


# --- views ---


def test_a_view_stays_what_it_was_while_the_book_goes_on(book):
    settle(book, "m1")
    with book.reading() as view:
        assert view.last_seq() == 1
        settle(book, "m2")
        assert view.last_seq() == 1 and view.known([("H", "m2")]) == {}
    assert book.head()[0] == 2


def test_more_readers_than_connections_take_turns(book):
    settle(book, "m1")
    with ThreadPoolExecutor(40) as pool:
        told = [pool.submit(book.find, "H", "m1") for _ in range(400)]
    assert {outcome.result().seq for outcome in told} == {1}


def test_a_view_that_is_kept_forever_does_not_lock_the_others_out(open_pg):
    book = open_pg(deadline_s=0.2)
    with ExitStack() as views:
        for _ in range(READERS):
            views.enter_context(book.reading())
        with pytest.raises(NotAvailable, match=r"L42_SERVER_AWAY\] .*in use"):
            book.find("H", "m1")
        assert book.settle(message("m1"), lambda desk: Booking(b"yes")).first  # the writer has its own
    assert book.find("H", "m1").seq == 1
