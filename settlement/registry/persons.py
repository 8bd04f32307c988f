"""Persons found by what they present: insurance, card state, filings; and the institutions that treat them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from settlement.codes import area_chain
from settlement.errors import BadInput
from settlement.identity import PresentedIdentity

CARD_STATES = {"active": "正常", "lost": "已挂失", "locked": "已锁定", "cancelled": "已注销"}


class Filing(NamedTuple):
    """A filing for care elsewhere: its class, the place (a county, city or province), and when it is valid."""

    filing: str
    place: str
    begins: date
    ends: date

    def covers(self, place: str, day: date) -> bool:
        """Tell whether care at a place on a day falls under this filing; a city's or a province's covers all of it."""
        return self.place in area_chain(place) and self.begins <= day <= self.ends


class InsuredPerson(NamedTuple):
    """One person's insurance as the national 1101 answer would give it, with the card that belongs to it."""

    psn_no: str
    certno: str
    psn_name: str
    card_sn: str
    card_state: str
    insuplc_admdvs: str
    insutype: str
    psn_type: str
    psn_insu_stas: str
    cvlserv_flag: str
    brdy: date
    opening_balc: str
    filings: tuple[Filing, ...]

    def filing_for(self, place: str, day: date) -> str:
        """Return the class of the filing that covers care at a place on a day, '' if there is none."""
        return next((filing.filing for filing in self.filings if filing.covers(place, day)), "")


class Institution(NamedTuple):
    """A designated institution: its code, name, place and level."""

    fixmedins_code: str
    fixmedins_name: str
    admdvs: str
    medinslv: str


class Registry:
    """Persons by card and by certificate, institutions by code."""

    def __init__(self, persons: list[InsuredPerson], institutions: list[Institution]) -> None:
        self.persons = {person.psn_no: person for person in persons}
        self._by_certno = {person.certno: person for person in persons}
        self.institutions = {place.fixmedins_code: place for place in institutions}

    def who(self, presented: PresentedIdentity) -> InsuredPerson:
        """Return the insured person who presented an identity.

        Raises BadInput P10 for an unknown person, P11 for a card that is not this person's present card, P12 for a card
        that is lost, locked or cancelled.
        """
        person = self._by_certno.get(presented.certno)
        if person is None:
            raise BadInput(
                "P10_PERSON_UNKNOWN",
                "no insured person has this certificate",
                cure="Ask the agency",
                zh="没有查到参保信息，请到经办机构核实",
            )
        if presented.card_sn and presented.card_sn != person.card_sn:
            raise BadInput(
                "P11_NOT_THE_PRESENT_CARD",
                "the card is not this person's present card",
                zh="该卡不是本人现用的社会保障卡，请使用新卡",
            )
        if presented.card_sn and person.card_state != "active":
            state = CARD_STATES.get(person.card_state, person.card_state)
            raise BadInput(
                "P12_CARD_NOT_ACTIVE",
                f"the card is {person.card_state}",
                zh=f"该卡{state}，不能结算，请到社会保障卡服务网点办理",
            )
        return person

    def place(self, fixmedins_code: str) -> Institution:
        """Return an institution; raises BadInput P13 for an unknown one."""
        if fixmedins_code not in self.institutions:
            raise BadInput(
                "P13_INSTITUTION_UNKNOWN",
                f"{fixmedins_code!r} is not a designated institution here",
                zh="未查到该定点医药机构",
            )
        return self.institutions[fixmedins_code]


def load_registry(file: Path) -> Registry:
    """Return the registry of a JSON file with ``persons`` and ``institutions`` (see data/registry.json)."""
    content = json.loads(file.read_text(encoding="utf-8"))
    return Registry(
        [_person(row) for row in content["persons"]], [Institution(**row) for row in content["institutions"]]
    )


def _person(row: dict[str, Any]) -> InsuredPerson:
    filings = tuple(
        Filing(f["filing"], f["place"], date.fromisoformat(f["begins"]), date.fromisoformat(f["ends"]))
        for f in row["filings"]
    )
    return InsuredPerson(**{**row, "brdy": date.fromisoformat(row["brdy"]), "filings": filings})
