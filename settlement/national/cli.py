"""``settlement serve`` and ``settlement call``: the checkout service, and a client to try it with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from settlement.national.settings import CallSettings, Settings

DEFAULTS, CALL_DEFAULTS = Settings(), CallSettings()


def serve(settings: Annotated[Settings, Parameter(name="*")] = DEFAULTS) -> int:
    """Serve the national interface on a book that loses nothing; a sandbox unless --clients says who is let in."""
    from settlement.national.startup import serve as run  # noqa: PLC0415 - other commands should not wait for it

    return run(settings, lambda text: print(text, flush=True))


def call(infno: str, file: Path, settings: Annotated[CallSettings, Parameter(name="*")] = CALL_DEFAULTS) -> int:
    """Send one message to a service and print its answer. Ends with 0, 1 (refused), 2 (not sent) or 3 (outcome unknown).

    Parameters
    ----------
    infno
        The transaction, such as 2207.
    file
        JSON: the input alone, or a whole envelope; what the envelope leaves out is filled in.
    """
    from settlement.national.call import call as send  # noqa: PLC0415

    return send(infno, file, settings)
