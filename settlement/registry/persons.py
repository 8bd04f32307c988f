"""What the registry knows of persons and institutions: insurance, card, filings, identities, levels. Only shapes here.

A person has one row an insurance (310, 320, 390 …), as the answer of 1101 lists them; an ``InsuredPerson`` is one such
row together with what all rows of the person share. The account is one a person, whichever row is looked at.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from settlement.codes import area_chain

CARD_STATES = {"active": "正常", "lost": "已挂失", "locked": "已锁定", "cancelled": "已注销"}
NORMAL, SUSPENDED, ENDED = "1", "2", "4"  # psn_insu_stas; names of 2 and 4 from memory


class Filing(NamedTuple):
    """A filing for care elsewhere: its class, the place (a county, city or province), when it is valid, when it was made."""

    filing: str
    place: str
    begins: date
    ends: date
    filed_on: date | None = None

    def covers(self, place: str, day: date) -> bool:
        """Tell whether care at a place on a day falls under this filing; a city's or a province's covers all of it."""
        return self.place in area_chain(place) and self.begins <= day <= self.ends


class Chronic(NamedTuple):
    """A registered chronic or special disease (慢特病): care for it counts as chronic care while it is valid."""

    opsp_dise_code: str
    opsp_dise_name: str
    begins: date
    ends: date

    def covers(self, dise_codg: str, day: date) -> bool:
        """Tell whether care for a disease on a day falls under this registration."""
        return self.opsp_dise_code == dise_codg and self.begins <= day <= self.ends


class Identity(NamedTuple):
    """One row of ``idetinfo``: a standing of the person beside insurance (poverty relief, disability …)."""

    psn_idet_type: str
    psn_type_lv: str
    memo: str
    begntime: str
    endtime: str


class InsuredPerson(NamedTuple):
    """One person under one insurance, as the national 1101 answer would give it, with the card that belongs to the person.

    ``opening_balc`` is the balance (yuan) of the person's one account before the book knew the person, whichever
    insurance the row is of; ``acct_insutype`` is the insutype whose row shows it ('' for this one's). Days are ISO
    text, '' where the registry does not say. ``evoucher`` is what the person's electronic voucher would be decoded from.
    """

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
    psn_insu_date: str = ""
    paus_insu_date: str = ""
    emp_name: str = ""
    psn_cert_type: str = "01"
    gend: str = ""
    naty: str = ""
    card_no: str = ""
    evoucher: str = ""
    acct_insutype: str = ""
    assistance: str = "0"
    identities: tuple[Identity, ...] = ()
    chronic: tuple[Chronic, ...] = ()

    def filing_at(self, place: str, day: date) -> Filing | None:
        """Return the filing that covers care at a place on a day, None if there is none."""
        return next((filing for filing in self.filings if filing.covers(place, day)), None)

    def filing_for(self, place: str, day: date) -> str:
        """Return the class of the filing that covers care at a place on a day, '' if there is none."""
        found = self.filing_at(place, day)
        return found.filing if found else ""

    def entitled(self, dise_codg: str, day: date) -> bool:
        """Tell whether a chronic or special disease of the person is registered on a day."""
        return any(one.covers(dise_codg, day) for one in self.chronic)


class Institution(NamedTuple):
    """A designated institution: its code, name, place and level.

    ``fixmedins_type`` is 1 for a hospital, 2 for a pharmacy (from memory); '' where nobody said.
    """

    fixmedins_code: str
    fixmedins_name: str
    admdvs: str
    medinslv: str
    fixmedins_type: str = ""
    uscc: str = ""
    hosp_lv: str = ""
