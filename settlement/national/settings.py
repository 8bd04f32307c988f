"""How a service is to run, as the command line says it. Light: reading it starts nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from settlement.national.limits import Limits

USUAL = Limits()


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Settings of ``settlement serve``.

    Parameters
    ----------
    profile
        The region whose headers, signing, spelling and body cipher are spoken: plain, jilin, chongqing, hunan, hangzhou.
    host
        The address to listen on; 127.0.0.1 is reached from this machine only.
    port
        The port; 0 takes a free one.
    folder
        Where the book and the request log are kept.
    store
        sqlite (a file in the folder) or a postgresql:// address.
    pools
        A folder of pool files that add areas or take the place of shipped ones.
    registry
        Persons and institutions (JSON, see data/registry.json); without it the invented ones.
    clients
        Who is let in: clients, their keys, institutions, terminals and operators (TOML). Without it, a sandbox: everybody
        in the plain profile, elsewhere one client whose keys are published.
    sandbox
        Say that a service with a clients file is a sandbox all the same, so that --faults is allowed.
    keys
        The key file of the book; without it SETTLEMENT_KEYS, SETTLEMENT_KEYS_FILE, or a file beside the book.
    faults
        Sandbox: faults on purpose, such as "2207:drop=0.1,delay=200ms@0.5;*:refuse=0.01", or a file of them.
    seed
        Sandbox: the same seed draws the same faults.
    require_sign_in
        Refuse messages without an open sign-in (9001), as most regions do.
    sign_in_hours
        How long a sign-in lasts; 0 is to the end of its day.
    window
        Seconds that the time of a signed request may be off; without it the profile's. None is taken twice.
    rate
        Messages a second for each client and institution; 0 for any number. Without it none in a sandbox, else 200.
    log_requests
        Keep a log of requests with persons masked, and show it at /sandbox/log. Without it in a sandbox only.
    log_file
        Where the service's own log goes; without it to the error stream.
    cpu
        The processor on which the process that has the book stays, the other process on the rest; for a machine that is
        the service's own. Without it the system decides.
    """

    profile: str = "plain"
    host: str = "127.0.0.1"
    port: int = 8480
    folder: Path = Path("out/serve")
    store: str = "sqlite"
    pools: Path | None = None
    registry: Path | None = None
    clients: Path | None = None
    sandbox: bool = False
    keys: Path | None = None
    faults: str = ""
    seed: int = 1
    require_sign_in: bool = False
    sign_in_hours: float = 12.0
    window: float | None = None
    rate: float | None = None
    log_requests: bool | None = None
    log_file: Path | None = None
    cpu: int | None = None

    @property
    def is_sandbox(self) -> bool:
        """Whether nothing real is kept here: it was said so, or anybody can be let in."""
        return self.sandbox or self.clients is None

    @property
    def keeps_requests(self) -> bool:
        """Whether there is a request log: in the sandbox unless it was switched off, elsewhere if it was switched on."""
        return self.is_sandbox if self.log_requests is None else self.log_requests

    @property
    def limits(self) -> Limits:
        """The limits: the given rate of messages a second, else none in the sandbox and the usual one elsewhere."""
        rate = self.rate if self.rate is not None else 0.0 if self.is_sandbox else USUAL.rate
        return USUAL._replace(rate=rate, burst=2 * rate)

    @property
    def where(self) -> str:
        """The path or address of the book."""
        return self.store if "://" in self.store else str(self.folder / "book.sqlite")

    @property
    def shown_where(self) -> str:
        """The same without a password."""
        return re.sub(r"(?i)(password=)[^&]*", r"\1***", re.sub(r"//[^@/]*@", "//", self.where))


@dataclass(frozen=True, kw_only=True)
class CallSettings:
    """Settings of ``settlement call``.

    Parameters
    ----------
    url
        Where the service listens, without a path.
    profile
        The region whose spelling, signing and cipher are spoken, as the service was started.
    clients
        A clients file with the private side of the keys; without it the sandbox's published client.
    client
        Which client of the file; without it its first.
    fixmedins_code
        The institution that speaks; without it that of the file, or a sample pharmacy or hospital.
    opter
        The operator.
    sign_no
        The sign-in (9001) under which the message is sent.
    msgid
        The message's id; without it a new one. The same id again asks for the first answer.
    timeout
        Seconds to wait for the answer.
    """

    url: str = "http://127.0.0.1:8480"
    profile: str = "plain"
    clients: Path | None = None
    client: str = ""
    fixmedins_code: str = ""
    opter: str = "0001"
    sign_no: str = ""
    msgid: str = ""
    timeout: float = 20.0
