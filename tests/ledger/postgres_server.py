"""A real PostgreSQL for the tests: a cluster of its own in a temporary folder, reached by a socket in that folder only.

It runs with fsync on and with page checksums, as a book's server should. PostgreSQL refuses to be run by root, so root
runs it as ``postgres`` or ``nobody``.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

OWNER = "till"  # owns the databases of the tests and is no superuser, as in real life
SUPERUSER = "master"
OLDEST = 15
START_S = 60
SETTINGS = {
    "listen_addresses": "",
    "fsync": "on",
    "shared_buffers": "32MB",
    "max_connections": "60",
    "lc_messages": "C",
}


def programs() -> Path | None:
    """Return the folder of the newest server's programs, None if there is none that is new enough."""
    found = {path.parent.name: path for path in Path("/usr/lib/postgresql").glob("*/bin") if (path / "initdb").exists()}
    versions = [int(name) for name in found if name.isdigit() and int(name) >= OLDEST]
    return found[str(max(versions))] if versions else None


class Cluster:
    """A server with its data. ``process`` is the postmaster while it runs."""

    def __init__(self, folder: Path, bin_: Path) -> None:
        self.folder, self._bin = folder, bin_
        self.process: subprocess.Popen[bytes] | None = None
        self._names = (f"book{number}" for number in itertools.count(1))
        self._as: dict[str, Any] = _ordinary_user()
        if self._as:
            os.chown(folder, self._as["user"], self._as["group"])
        init = [bin_ / "initdb", "-D", folder / "data", "-U", SUPERUSER, "-A", "trust", "-k", "--no-sync"]
        self._run([*init, "-E", "UTF8", "--locale=C"])

    def start(self, **settings: str) -> None:
        """Start the server, with further settings for this time, and wait until it takes connections."""
        options = [part for name, value in (SETTINGS | settings).items() for part in ("-c", f"{name}={value}")]
        command = [self._bin / "postgres", "-D", self.folder / "data", "-k", self.folder, *options]
        if setpriv := shutil.which("setpriv"):
            command = [setpriv, "--pdeathsig", "QUIT", "--", *command]  # it ends with us, even when we are killed
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **self._as)
        self.wait()

    def wait(self) -> None:
        """Wait until the server takes connections."""
        assert self.process is not None
        end = time.monotonic() + START_S
        while self._run([self._bin / "pg_isready", "-q", "-h", self.folder], check=False):
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not start:\n{self.log()[-2000:]}")
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT orderly, SIGQUIT at once, as after a power cut that spared the disk's cache."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(START_S)
            self.process = None

    def log(self) -> str:
        """Return what the server said so far."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def dsn(self, database: str, user: str = OWNER) -> str:
        """Return the address of a database over the socket."""
        return f"postgresql:///{database}?host={self.folder}&user={user}"

    @property
    def socket(self) -> str:
        """Return the path of the server's socket."""
        return str(self.folder / ".s.PGSQL.5432")

    def new_database(self) -> str:
        """Make an empty database that belongs to OWNER and return its name."""
        name = next(self._names)
        self.run_sql(
            f"DO $$BEGIN CREATE ROLE {OWNER} LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$",
            f"CREATE DATABASE {name} OWNER {OWNER}",
        )
        return name

    def copy_of(self, database: str) -> str:
        """Copy a database that nobody is connected to, file by file, and return the copy's name."""
        name = next(self._names)
        self.run_sql(f"CREATE DATABASE {name} OWNER {OWNER} TEMPLATE {database} STRATEGY file_copy")
        return name

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.run_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def run_sql(self, *statements: str, database: str = "postgres", user: str = SUPERUSER) -> list[tuple[Any, ...]]:
        """Run statements, each for itself, and return the rows of the last one."""
        import psycopg

        with psycopg.connect(self.dsn(database, user), autocommit=True) as con:
            for statement in statements:
                rows = con.execute(statement)
            return rows.fetchall() if rows.description else []

    def _run(self, command: list[Any], check: bool = True) -> int:
        done = subprocess.run(command, capture_output=True, cwd="/", check=False, **self._as)
        if check and done.returncode:
            raise RuntimeError(f"{command[0]} failed:\n{done.stderr.decode('utf-8', 'replace')[-2000:]}")
        return done.returncode


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster, stop it at the end and remove it. Call ``programs`` first to know that one can be had."""
    bin_ = programs()
    if bin_ is None:
        raise RuntimeError(f"no PostgreSQL {OLDEST} or later here")
    # A socket's path may have some hundred characters, and another user must get to it: hence not a test's own folder.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp" if Path("/tmp").is_dir() else None))
    try:
        cluster = Cluster(folder, bin_)
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop(signal.SIGQUIT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ordinary_user() -> dict[str, Any]:
    """Return how to start a process as somebody who is not root; nothing special where we are nobody special."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
    raise RuntimeError("PostgreSQL will not run as root, and there is no other user here")
