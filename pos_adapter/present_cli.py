"""``pos-adapter present driver | id | scan``: every way of presenting oneself but a card in a PC/SC reader (``read``).

Numbers and codes come from standard input, never from the command line, where other users and the history see them. What a
scanner types is not echoed.
"""

from __future__ import annotations

import getpass
import json
import sys
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App, Parameter

from pos_adapter import credentials
from pos_adapter.evoucher import Business
from pos_adapter.id_card import LineForm
from pos_adapter.vendor_dll import read_setup
from settlement.identity import PresentedIdentity

present_app = App(name="present", help="Take a card through a vendor's driver, an ID card or an e-voucher.")
Json = Annotated[bool, Parameter(name="--json")]
Purpose = Literal["registration", "outpatient_settlement", "pharmacy_purchase", "outside_prescription"]
ID_FIELDS = ("", "number", "name", "birth", "valid_from", "valid_until")


@present_app.command
def driver(setup: Path, *, full: bool = False, as_json: Json = False) -> int:
    """Read the social security card through a vendor's driver.

    Parameters
    ----------
    setup
        A TOML file that names the library: library, convention, python, i_type, names.
    full
        Show numbers and names unmasked.
    as_json
        Print one JSON object.
    """
    with credentials.driver(read_setup(setup)) as source:
        _print(source.present(date.today()), full, as_json)
    return 0


@present_app.command(name="id")
def id_card(*, fields: str = "number", separator: str = "|", full: bool = False, as_json: Json = False) -> int:
    """Take an ID card number from the keyboard, or the line of an ID reader that types like one.

    Parameters
    ----------
    fields
        What the reader types, in order, with commas: number, name, birth, valid_from, valid_until; nothing for one to skip.
    separator
        What stands between the fields.
    full
        Show numbers and names unmasked.
    as_json
        Print one JSON object.
    """
    form = LineForm(tuple(fields.split(",")), separator)
    if not separator or "number" not in form.fields or any(field not in ID_FIELDS for field in form.fields):
        print(f"--fields wants number, and of the others: {', '.join(ID_FIELDS[2:])}", file=sys.stderr)
        return 2
    line = _line("身份证号码 / ID card: ", hidden=False)
    _print(credentials.id_line(line, form).present(date.today()), full, as_json)
    return 0


@present_app.command
def scan(purpose: Purpose, *, as_json: Json = False) -> int:
    """Check the code of an electronic voucher as a scanner types it. Its token is never shown.

    Parameters
    ----------
    purpose
        What the voucher is shown for.
    as_json
        Print one JSON object.
    """
    text = _line("医保电子凭证 / e-voucher: ", hidden=True)
    _print(credentials.voucher_by_scanner(text, Business[purpose.upper()]).present(date.today()), False, as_json)
    return 0


def _line(prompt: str, hidden: bool) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline()
    return getpass.getpass(prompt) if hidden else input(prompt)


def _print(identity: PresentedIdentity, full: bool, as_json: bool) -> None:
    fields = {name: value for name, value in identity.as_dict(full=full).items() if value}
    if as_json:
        print(json.dumps(fields, ensure_ascii=False))
    else:
        print("\n".join(f"{name:16} {value}" for name, value in fields.items()))
