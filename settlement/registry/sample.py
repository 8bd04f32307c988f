"""The sample register: a JSON file of invented persons and institutions (``data/registry.json``)."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from settlement.registry.persons import Chronic, Filing, Identity, Institution, InsuredPerson
from settlement.registry.register import Registry

APART = ("insuinfo", "filings", "chronic", "idetinfo")  # lists of a person; all else goes into every row as it is


def load_registry(file: Path) -> Registry:
    """Return the registry of a JSON file with ``persons``, each with its ``insuinfo`` rows, and ``institutions``."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return Registry(
        [row for person in content["persons"] for row in rows_of(person)],
        [Institution(**row) for row in content["institutions"]],
    )


def rows_of(person: dict[str, Any]) -> list[InsuredPerson]:
    """Return a person of the file as one ``InsuredPerson`` an insurance, the first the main one.

    The account (``opening_balc``) is shown with the first employee insurance, else with the main one.
    """
    shared = {name: value for name, value in person.items() if name not in APART}
    shared["brdy"] = date.fromisoformat(person["brdy"])
    shared["filings"] = tuple(
        Filing(
            f["filing"],
            f["place"],
            _day(f["begins"]),
            _day(f["ends"]),
            _day(f["filed_on"]) if "filed_on" in f else None,
        )
        for f in person.get("filings", ())
    )
    shared["chronic"] = tuple(
        Chronic(c["opsp_dise_code"], c["opsp_dise_name"], _day(c["begins"]), _day(c["ends"]))
        for c in person.get("chronic", ())
    )
    shared["identities"] = tuple(Identity(**row) for row in person.get("idetinfo", ()))
    rows = person["insuinfo"]
    account = next((row["insutype"] for row in rows if row["insutype"] == "310"), rows[0]["insutype"])
    return [InsuredPerson(**shared, **row, acct_insutype=account) for row in rows]


def _day(text: str) -> date:
    return date.fromisoformat(text)
