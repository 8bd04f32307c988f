"""A real PC/SC stack without hardware: a pcscd of our own with virtual readers, as a child process.

One pcscd can run on a machine, so one that somebody else started is left alone and reported. Readiness is asked at
pcscd's own socket and then by the count of readers; the port of a virtual reader is never probed, because there a
connection *is* a card. vpcd listens on all interfaces: for test and training machines only.

There are two virtual readers, no more: one configuration entry gives two, and the readers of a second entry are made
and listed but share the first one's state inside the driver, so that cards show up in the wrong reader or in none.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pos_adapter.transport import INSTALL_PYSCARD, reader_states, scard
from pos_adapter.vpcd import VpcdSlot
from settlement.errors import CardFault, NotAvailable

RUN_DIR = Path("/run/pcscd")  # fixed in pcscd; only its clients can be told another one
SOCKET = RUN_DIR / "pcscd.comm"
PID_FILE = RUN_DIR / "pcscd.pid"
INSTALL_STACK = "apt-get install --no-install-recommends pcscd vsmartcard-vpcd"
_READERS = 2
_START_S, _STOP_S, _ATTEMPTS, _STEP_S = 5.0, 5.0, 3, 0.005


def available() -> list[str]:
    """Return what is missing to run the stack here, each with the command that cures it; empty when it can run."""
    missing = []
    if shutil.which("pcscd") is None:
        missing.append(f"pcscd is not installed: {INSTALL_STACK}")
    if driver() is None:
        missing.append(f"the virtual reader driver libifdvpcd.so is not installed: {INSTALL_STACK}")
    if importlib.util.find_spec("smartcard") is None:
        missing.append(f"pyscard is not installed: {INSTALL_PYSCARD}")
    if sys.platform != "linux":
        missing.append("the virtual reader runs on Linux only")
    elif os.geteuid() != 0 and not os.access(RUN_DIR, os.W_OK):
        missing.append(f"pcscd cannot write {RUN_DIR} as this user: run as root, for instance with `sudo -E`")
    return missing


def driver() -> Path | None:
    """Return where vpcd's driver lies, None when it is not installed."""
    return next(iter(sorted(Path("/usr").glob("lib*/**/pcsc/drivers/serial/libifdvpcd.so"))), None)


def service_answers(at: Path | str = SOCKET) -> bool:
    """Tell whether a card service takes connections; where it has no socket file (Windows, macOS), ask it."""
    if sys.platform != "linux":
        api = scard()
        result, context = api.SCardEstablishContext(api.SCARD_SCOPE_USER)
        if result == 0:
            api.SCardReleaseContext(context)
        return bool(result == 0)
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(at)) == 0


def left_behind() -> str:
    """Return what a pcscd that is gone, or cannot answer, left in its folder; '' if nothing."""
    if not (SOCKET.exists() or PID_FILE.exists()):
        return ""
    pid = _noted_pid()
    state = _state_of(pid)
    if state == "Z":
        return f"process {pid} is dead and not yet taken away by its parent, and a new pcscd refuses to start beside it"
    if state:
        return f"process {pid}, which {PID_FILE} names, runs and does not answer (state {state})"
    return f"files of a pcscd that ended without tidying up lie in {RUN_DIR}; a new one starts over them"


class PcscStack:
    """A running pcscd with two virtual readers, named in ``readers``, filled by ``slots``; use it in a ``with``.

    Start it in a thread that lives as long as it: where ``setpriv`` exists pcscd ends with the thread that started it,
    so that a killed program leaves none behind.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._directory: Path | None = None
        self.readers: list[str] = []
        self.slots: list[VpcdSlot] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """Process id of our pcscd, 0 when it does not run."""
        return self._process.pid if self._process else 0

    def start(self) -> None:
        """Start pcscd and wait for its readers. Raises NotAvailable with the cure."""
        missing = available()
        if missing:
            cure, zh = "Run the command named above", "缺少模拟读卡环境的组件"
            raise _unavailable("D42_NO_STACK", "; ".join(missing), cure, zh)
        _wait_for_the_last_one()
        for attempt in range(_ATTEMPTS):  # a port may be taken between our look and pcscd's
            try:
                self._run(_free_pair())
                return
            except BaseException as error:  # Ctrl-C too must not leave a pcscd behind
                self.stop()
                if attempt == _ATTEMPTS - 1 or not isinstance(error, NotAvailable):
                    raise

    def stop(self) -> None:
        """Pull all cards, end our pcscd and wait for it; its files go with it."""
        for slot in self.slots:
            slot.pull()
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(timeout=_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()  # unreaped it would keep the next pcscd from starting
        if self._directory is not None:
            shutil.rmtree(self._directory, ignore_errors=True)
            self._directory = None
        self.readers, self.slots = [], []

    def wait(self) -> int:
        """Wait until our pcscd ends by itself and return its exit code."""
        return self._process.wait() if self._process else 0

    def _run(self, port: int) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="pcsc-"))
        configuration = self._directory / "readers"  # pcscd parses every file in it: nothing else may lie there
        configuration.mkdir()
        (configuration / "vpcd.conf").write_text(_entry(port), encoding="ascii")
        log = self._directory / "pcscd.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                _command(configuration), stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                process_group=0,  # Ctrl-C is for us; we end pcscd
            )  # fmt: skip
        process = self._process
        _until(lambda: service_answers() or process.poll() is not None)
        if process.poll() is not None or not _until(lambda: self._found(port)):
            tail = log.read_text("utf-8", "replace").strip().splitlines()[-3:]
            raise _unavailable(
                "D43_STACK_FAILED", f"pcscd gave {len(self.readers)} of {_READERS} readers; its log ends: {tail}",
                "Start it by hand with `pcscd -f -d` to see why", "模拟读卡服务启动失败",
            )  # fmt: skip
        self.slots = [VpcdSlot(port), VpcdSlot(port + 1)]

    def _found(self, port: int) -> bool:
        with contextlib.suppress(CardFault):  # the socket is there a little before the service
            self.readers = sorted(name for name in reader_states() if name.startswith(f"{_NAME}{port} "))
        return len(self.readers) == _READERS


_NAME = "Virtual PCD "


def _entry(port: int) -> str:
    return (
        f'FRIENDLYNAME "{_NAME}{port}"\nDEVICENAME /dev/null:0x{port:04X}\nLIBPATH {driver()}\nCHANNELID 0x{port:04X}\n'
    )


def _command(configuration: Path) -> list[str]:
    command = ["pcscd", "-f", "-c", str(configuration)]
    told = subprocess.run(["pcscd", "--help"], capture_output=True, text=True, timeout=_START_S, check=False)
    if "--disable-polkit" in told.stdout + told.stderr:  # without D-Bus every client would be refused
        command.append("--disable-polkit")
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "TERM", *command] if setpriv else command


def _wait_for_the_last_one() -> None:
    """Refuse while another pcscd runs; wait for one that has died but is not gone: over its files none starts."""
    if service_answers():
        raise _unavailable(
            "D44_OTHER_SERVICE", "another pcscd is running, and one machine can run only one",
            "Use it as it is, or stop it yourself: systemctl stop pcscd.socket pcscd", "本机已有读卡服务在运行",
        )  # fmt: skip
    if not _until(lambda: not _pid_exists()):
        raise _unavailable(
            "D44_OTHER_SERVICE", f"a pcscd that does not answer holds {PID_FILE}",
            "If the process named there is a pcscd, end it yourself; if it is another program, remove the file",
            "旧的读卡服务未退出",
        )  # fmt: skip


def _pid_exists() -> bool:
    return _state_of(_noted_pid()) != ""


def _noted_pid() -> str:
    try:
        pid = PID_FILE.read_bytes().strip(b"\0 \n").decode("ascii")  # the file ends in a NUL
    except (OSError, UnicodeDecodeError):
        return ""
    return pid if pid.isdecimal() else ""


def _state_of(pid: str) -> str:
    """Return the letter that the system gives a process's state (R, S, T, Z …), '' for one that is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] if pid else ""
    except OSError:
        return ""


def _free_pair() -> int:
    """Return the first of two successive free ports; vpcd opens the second one by itself."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("", 0))
            port = int(first.getsockname()[1])
            with contextlib.suppress(OSError, OverflowError):
                second.bind(("", port + 1))
                return port
    raise _unavailable("D43_STACK_FAILED", "no two successive free ports found", "Close some programs", "端口不足")


def _until(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + _START_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_STEP_S)
    return True


def _unavailable(code: str, found: str, cure: str, zh: str) -> NotAvailable:
    return NotAvailable(code, found, "the virtual readers need a pcscd of their own", cure, zh)
