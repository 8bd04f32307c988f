"""The register: persons by number, card, certificate and voucher; institutions by code and name."""

from __future__ import annotations

from collections.abc import Iterable

from settlement.errors import BadInput
from settlement.identity import CERT_CARD, CERT_EVOUCHER, CERT_ID_CARD, PresentedIdentity
from settlement.registry.persons import CARD_STATES, Institution, InsuredPerson


class Registry:
    """Persons by card and by certificate, institutions by code.

    ``persons`` may hold several rows of one person, one an insurance; the first is the main one, and it is what
    ``persons[psn_no]`` and ``who`` give.
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

    def who(self, presented: PresentedIdentity) -> InsuredPerson:
        """Return the insured person who presented an identity, under the main insurance.

        Raises BadInput P10 for an unknown person, P11 for a card that is not this person's present card, P12 for a card
        that is lost, locked or cancelled, P17 for an unknown or used-up voucher, P18 for a certificate of somebody else.
        """
        person = self._found(presented)
        if person is None:
            raise _unknown()
        if presented.certno and presented.certno != person.certno:
            raise _not_his()
        if presented.card_sn:
            if presented.card_sn != person.card_sn:
                raise BadInput(
                    "P11_NOT_THE_PRESENT_CARD",
                    "the card is not this person's present card",
                    zh="该卡不是本人现用的社会保障卡，请使用新卡",
                )
            _refuse_dead_card(person)
        return person

    def _found(self, presented: PresentedIdentity) -> InsuredPerson | None:
        """Return the person by what is proof: voucher, ID number, card. A number beside it is compared afterwards."""
        if presented.mdtrt_cert_type == CERT_EVOUCHER:
            bearer = self._by_voucher.get(presented.mdtrt_cert_no)
            if bearer is None:
                raise _voucher_unknown()
            return bearer
        if presented.mdtrt_cert_type == CERT_ID_CARD:
            return self._by_certno.get(presented.mdtrt_cert_no)
        if presented.certno:  # read from the card itself
            return self._by_certno.get(presented.certno)
        return self._by_card.get(presented.mdtrt_cert_no) or self._by_card.get(presented.card_sn)

    def bears(self, person: InsuredPerson, mdtrt_cert_type: str, mdtrt_cert_no: str) -> None:
        """See to it that a certificate is this person's; a card may be named by its number, 卡识别码 or the ID number.

        Raises BadInput P12, P17, P18, or C11 for a kind of certificate that is not 01, 02 or 03.
        """
        if mdtrt_cert_type not in (CERT_EVOUCHER, CERT_ID_CARD, CERT_CARD):
            raise BadInput(
                "C11_NOT_A_CODE",
                f"mdtrt_cert_type {mdtrt_cert_type!r} is not 01, 02 or 03",
                cure="Present an electronic voucher, an ID card or a social security card",
                zh="就诊凭证类型不正确：请使用医保电子凭证（01）、居民身份证（02）或社会保障卡（03）",
            )
        if mdtrt_cert_type == CERT_EVOUCHER:
            bearer = self._by_voucher.get(mdtrt_cert_no)
            if bearer is None:
                raise _voucher_unknown()
            if bearer.psn_no != person.psn_no:
                raise _not_his()
            return
        his = {person.certno}
        if mdtrt_cert_type == CERT_CARD:
            his |= {person.card_no, person.card_sn} - {""}
        if mdtrt_cert_no not in his:
            raise _not_his()
        if mdtrt_cert_type == CERT_CARD:
            _refuse_dead_card(person)

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


def _refuse_dead_card(person: InsuredPerson) -> None:
    if person.card_state != "active":
        state = CARD_STATES.get(person.card_state, person.card_state)
        raise BadInput(
            "P12_CARD_NOT_ACTIVE",
            f"the card is {person.card_state}",
            zh=f"该卡{state}，不能结算，请到社会保障卡服务网点办理",
        )


def _unknown() -> BadInput:
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


def _not_his() -> BadInput:
    return BadInput(
        "P18_CERTIFICATE_OF_ANOTHER",
        "the certificate is not this person's",
        cure="Read the certificate again with 1101",
        zh="出示的就诊凭证与该参保人不符，请核对后重新读取凭证（1101）",
    )
