"""The command line of the till: ``python -m pos_adapter doctor | read | simulate CARD.json | journal``."""

from __future__ import annotations

import json
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from pos_adapter.card import VirtualCard
from pos_adapter.card_image import load_image
from pos_adapter.doctor import examine
from pos_adapter.journal_cli import journal_app
from pos_adapter.pcsc_stack import PcscStack
from pos_adapter.reader import read_identity
from pos_adapter.transport import PcscTransport
from settlement.errors import SettlementError

app = App(
    name="python -m pos_adapter", help="Read social security cards, real and virtual; look after a till's journal."
)
app.command(journal_app)


@app.command
def doctor() -> int:
    """Say what is installed, running and readable here, and what to do about the rest."""
    checks = examine(date.today())
    print("\n".join(check.line() for check in checks))
    return int(any(check.ok is False for check in checks))


@app.command
def read(*, reader: str = "", full: bool = False, as_json: Annotated[bool, Parameter(name="--json")] = False) -> int:
    """Read the card that is in a reader.

    Parameters
    ----------
    reader
        Name of the reader; not needed while only one holds a card.
    full
        Show numbers and names unmasked.
    as_json
        Print one JSON object.
    """
    fields = read_identity(PcscTransport(reader), date.today()).as_dict(full=full)
    if as_json:
        print(json.dumps(fields, ensure_ascii=False))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in fields.items()))
    return 0


@app.command
def simulate(card: Path) -> int:
    """Start a PC/SC service with a virtual card in its reader and hold it until Ctrl-C.

    Parameters
    ----------
    card
        A JSON file like those in data/cards.
    """
    image = load_image(card)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # end in order when told to, as with Ctrl-C
    try:
        with PcscStack() as stack:
            stack.slots[0].insert(VirtualCard(image))
            print(f"{card.name} is in reader {stack.readers[0]!r}; Ctrl-C takes it out", flush=True)
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
