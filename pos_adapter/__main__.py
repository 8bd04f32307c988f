"""The command line of the till: ``pos-adapter doctor | read | watch | pin | trace | simulate CARD.json | journal``."""

from __future__ import annotations

import json
import signal
import sys
import time
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from pos_adapter.card import VirtualCard
from pos_adapter.card_image import load_image
from pos_adapter.doctor import as_json as doctor_json
from pos_adapter.doctor import examine
from pos_adapter.journal_cli import journal_app
from pos_adapter.monitor import Event
from pos_adapter.pcsc_stack import PcscStack
from pos_adapter.pin_cli import pin_app
from pos_adapter.present_cli import present_app
from pos_adapter.psam import load_psam
from pos_adapter.reader import read_identity
from pos_adapter.simulate import Faults, staged
from pos_adapter.trace import Step, Traced
from pos_adapter.transport import PcscTransport
from pos_adapter.watch import Watch
from pos_adapter.worker import Worker
from settlement.errors import SettlementError
from settlement.identity import PresentedIdentity

app = App(name="pos-adapter", help="Read social security cards, real and virtual; look after a till's journal.")
app.command(journal_app)
app.command(pin_app)
app.command(present_app)
NO_FAULTS = Faults()


@app.command
def doctor(*, as_json: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Say what is installed, running and readable here, and what to do about the rest; ends with 1 if a read cannot work.

    Parameters
    ----------
    as_json
        Print one JSON object.
    """
    checks = examine(date.today())
    print(doctor_json(checks) if as_json else "\n".join(check.line() for check in checks))
    return int(any(check.ok is False for check in checks))


@app.command
def read(
    *, reader: str = "", psam: str = "", full: bool = False, as_json: Annotated[bool, Parameter(name="--json")] = False
) -> int:
    """Read the card that is in a reader.

    Parameters
    ----------
    reader
        Name of the reader; not needed while only one holds a card.
    psam
        File of a security module (data/psam), with which a generation-3 card is opened that wants one.
    full
        Show numbers and names unmasked.
    as_json
        Print one JSON object.
    """
    with Worker(psam) as worker:
        _print_identity(worker.read(reader, date.today()), full, as_json)
    return 0


@app.command
def watch(
    *, reader: str = "", psam: str = "", full: bool = False, as_json: Annotated[bool, Parameter(name="--json")] = False
) -> int:
    """Follow the readers until Ctrl-C: every card that goes in is read, and what happens is printed.

    Parameters
    ----------
    reader
        Name of the only reader to follow.
    psam
        File of a security module.
    full
        Show numbers and names unmasked.
    as_json
        Print one JSON object an event.
    """

    def told(event: Event) -> None:
        identity = event.identity.as_dict(full=full) if event.identity else None
        if as_json:
            print(json.dumps(event._asdict() | {"identity": identity}, ensure_ascii=False), flush=True)
        else:
            who = f"{identity['psn_name']} {identity['certno']} {identity['card_sn']}" if identity else ""
            print(
                " ".join(part for part in (event.at, event.kind, event.reader, event.code, event.zh, who) if part),
                flush=True,
            )

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Watch(told, reader, psam=psam):
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            return 0


@app.command
def agent(*, folder: Path = Path("out/agent"), port: int = 8481, origin: tuple[str, ...] = (), psam: str = "") -> int:
    """Serve pages of this machine's browser: events of the readers, reads, the check before booking, the PIN.

    Parameters
    ----------
    folder
        Where the token and the lock lie; one agent runs on a folder.
    port
        Port on 127.0.0.1.
    origin
        A page that may ask, like http://127.0.0.1:8480; may be said several times.
    psam
        File of a security module (data/psam), with which a generation-3 card is opened that wants one.
    """
    from pos_adapter.agent import run_agent  # noqa: PLC0415 - only this command needs a web server

    run_agent(folder, port, origin, psam)
    return 0


@app.command
def trace(*, reader: str = "", psam: Path | None = None, out: Path | None = None) -> int:
    """Read a card and print every command and answer; what belongs to the person is masked.

    Parameters
    ----------
    reader
        Name of the reader; not needed while only one holds a card.
    psam
        File of a security module.
    out
        Also write the steps into this file, one JSON object a line.
    """
    steps: list[Step] = []
    code = 0
    try:
        read_identity(Traced(PcscTransport(reader), steps.append), date.today(), load_psam(psam) if psam else None)
    except SettlementError as error:
        code, told = 1, f"{error.zh}\n{error}"
    else:
        told = "read whole"
    for step in steps:
        print(f"> {step.sent}\n< {step.got or step.fault}   {step.ms} ms")
    print(told)
    if out is not None:
        out.write_text("".join(json.dumps(step._asdict()) + "\n" for step in steps), encoding="utf-8")
    return code


@app.command
def simulate(
    card: Path, *, second: Path | None = None, faults: Annotated[Faults, Parameter(name="*")] = NO_FAULTS
) -> int:
    """Start a card service with a virtual card in its reader and hold it until Ctrl-C.

    Commands of the card are counted from 0 over its life; a read takes 15.

    Parameters
    ----------
    card
        A JSON file like those in data/cards.
    second
        A card for the second reader.
    """
    image = load_image(card)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end in order when told to, as with Ctrl-C
    try:
        with PcscStack() as stack:
            stack.slots[0].insert(staged(image, faults, stack, 0))
            print(f"{card.name} is in reader {stack.readers[0]!r}; Ctrl-C takes it out", flush=True)
            if second is not None:
                stack.slots[1].insert(VirtualCard(load_image(second)))
                print(f"{second.name} is in reader {stack.readers[1]!r}", flush=True)
            print(f"pcscd ended by itself with code {stack.wait()}", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        return 0


@app.command
def scene(folder: Path) -> int:
    """Play the counter's scene of `settlement demo`: read a card, settle, pull it.

    Parameters
    ----------
    folder
        Where the scene's book goes.
    """
    from pos_adapter.scene import play  # noqa: PLC0415 - only this command needs the checkout

    play(folder)
    return 0


def _print_identity(identity: PresentedIdentity, full: bool, as_json: bool) -> None:
    fields = identity.as_dict(full=full)
    if as_json:
        print(json.dumps(fields, ensure_ascii=False))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in fields.items()))


def main() -> None:
    """Run the command line; an error of ours is told in two lines, without a traceback."""
    try:
        app()
    except (SettlementError, OSError) as error:
        zh = error.zh if isinstance(error, SettlementError) else ""
        print("\n".join(part for part in (zh, str(error)) if part), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
