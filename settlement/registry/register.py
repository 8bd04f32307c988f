"""The register: persons by number, card, certificate and voucher; institutions by code and name."""

from __future__ import annotations

from collections.abc import Iterable

from settlement.errors import BadInput
from settlement.identity import CERT_CARD, CERT_EVOUCHER, CERT_ID_CARD, PresentedIdentity
from settlement.registry.persons import Institution, InsuredPerson


class Registry:
    """Persons by card and by certificate, institutions by code.

    ``persons`` may hold several rows of one person, one an insurance; the first is the main one, and it is what
    ``persons[psn_no]`` and ``found`` give.
    """

    def __init__(self, persons: Iterable[InsuredPerson], institutions: Iterable[Institution]) -> None:
        self._rows: dict[str, tuple[InsuredPerson, ...]] = {}
        for row in persons:
            self._rows[row.psn_no] = (*self._rows.get(row.psn_no, ()), row)
        self.persons = {psn_no: rows[0] for psn_no, rows in self._rows.items()}
        everybody = self.persons.values()
        self._by_certno = {person.certno: person for person in everybody}
        self._by_card = {
            number: person for person in everybody for number in (person.card_sn, person.card_no) if number
        }
        self._by_voucher = {person.evoucher: person for person in everybody if person.evoucher}
        self.institutions = {place.fixmedins_code: place for place in institutions}

    def found(self, presented: PresentedIdentity) -> InsuredPerson | None:
        """Return the person, under the main insurance, by what is proof: voucher, ID number, card; None if unknown.

        A card that the book knows and the register does not is the checkout's to find, and so is whether a card is good.
        Raises BadInput P17 for an unknown or used-up voucher, P18 for a certificate beside somebody else's ID number.
        """
        person = self._by_proof(presented)
        if person is not None and presented.certno not in ("", person.certno):
            raise certificate_of_another()
        return person

    def _by_proof(self, presented: PresentedIdentity) -> InsuredPerson | None:
        if presented.mdtrt_cert_type == CERT_EVOUCHER:
            return self._bearer(presented.mdtrt_cert_no)
        if presented.mdtrt_cert_type == CERT_ID_CARD:
            return self._by_certno.get(presented.mdtrt_cert_no)
        if presented.certno:  # read from the card itself
            return self._by_certno.get(presented.certno)
        return (
            self._by_card.get(presented.mdtrt_cert_no)
            or self._by_card.get(presented.card_sn)
            or self._by_certno.get(presented.mdtrt_cert_no)
        )

    def _bearer(self, voucher: str) -> InsuredPerson:
        bearer = self._by_voucher.get(voucher)
        if bearer is None:
            raise _voucher_unknown()
        return bearer

    def bears(self, person: InsuredPerson, mdtrt_cert_type: str, mdtrt_cert_no: str) -> None:
        """See to it that a voucher or an ID number is this person's; whose a card is says the checkout.

        Raises BadInput P17, P18, or C11 for a kind of certificate that is not 01, 02 or 03.
        """
        if mdtrt_cert_type not in (CERT_EVOUCHER, CERT_ID_CARD, CERT_CARD):
            raise BadInput(
                "C11_NOT_A_CODE",
                f"mdtrt_cert_type {mdtrt_cert_type!r} is not 01, 02 or 03",
                cure="Present an electronic voucher, an ID card or a social security card",
                zh="就诊凭证类型不正确：请使用医保电子凭证（01）、居民身份证（02）或社会保障卡（03）",
            )
        if mdtrt_cert_type == CERT_EVOUCHER and self._bearer(mdtrt_cert_no).psn_no != person.psn_no:
            raise certificate_of_another()
        if mdtrt_cert_type == CERT_ID_CARD and mdtrt_cert_no != person.certno:
            raise certificate_of_another()

    def rows(self, psn_no: str) -> tuple[InsuredPerson, ...]:
        """Return a person's insurances, the main one first; raises BadInput P14 for an unknown number."""
        if psn_no not in self._rows:
            raise BadInput(
                "P14_PSN_NO_UNKNOWN",
                "no insured person has this psn_no",
                cure="Take psn_no from the answer of 1101",
                zh="没有该人员编号的参保信息，请先做人员信息获取（1101），以返回的人员编号为准",
            )
        return self._rows[psn_no]

    def insured(self, psn_no: str, insutype: str = "") -> InsuredPerson:
        """Return a person under one insurance ('' for the main one); raises BadInput P14, or P15 for one that is not held."""
        rows = self.rows(psn_no)
        if not insutype:
            return rows[0]
        found = next((row for row in rows if row.insutype == insutype), None)
        if found is None:
            held = "、".join(row.insutype for row in rows)
            raise BadInput(
                "P15_INSURANCE_NOT_HELD",
                f"the person has no insurance of type {insutype}",
                cure=f"Choose one that 1101 lists: {', '.join(row.insutype for row in rows)}",
                zh=f"该人员没有险种 {insutype} 的参保信息，请从人员信息（1101）返回的险种中选择：{held}",
            )
        return found

    def place(self, fixmedins_code: str) -> Institution:
        """Return an institution; raises BadInput P13 for an unknown one."""
        if fixmedins_code not in self.institutions:
            raise BadInput(
                "P13_INSTITUTION_UNKNOWN",
                f"{fixmedins_code!r} is not a designated institution here",
                zh="未查到该定点医药机构",
            )
        return self.institutions[fixmedins_code]

    def places(self, fixmedins_code: str = "", fixmedins_name: str = "", fixmedins_type: str = "") -> list[Institution]:
        """Return the institutions of a code, whose name holds a text, of a type; '' asks for any."""
        return [
            place
            for place in self.institutions.values()
            if fixmedins_code in ("", place.fixmedins_code)
            and fixmedins_name in place.fixmedins_name
            and fixmedins_type in ("", place.fixmedins_type)
        ]


def person_unknown() -> BadInput:
    """P10: nobody is insured under what was presented."""
    return BadInput(
        "P10_PERSON_UNKNOWN",
        "no insured person has this certificate",
        cure="Ask the agency",
        zh="没有查到参保信息，请到经办机构核实",
    )


def _voucher_unknown() -> BadInput:
    return BadInput(
        "P17_VOUCHER_UNKNOWN",
        "the voucher's token is unknown or used up",
        cure="Let the person show a fresh code",
        zh="医保电子凭证令牌无效或已过期，请参保人重新出示医保码",
    )


def certificate_of_another() -> BadInput:
    """P18: the certificate is another person's."""
    return BadInput(
        "P18_CERTIFICATE_OF_ANOTHER",
        "the certificate is not this person's",
        cure="Read the certificate again with 1101",
        zh="出示的就诊凭证与该参保人不符，请核对后重新读取凭证（1101）",
    )
