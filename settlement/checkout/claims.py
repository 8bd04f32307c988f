"""A message, its visit and the registry → the claim to calculate: who, where, which lines, and what the sender stated.

The draft is what ``intake`` reads. What decides money is never taken from the sender where the platform knows it
itself: place and level are the registry's, class, ratio and price limit of a line the catalogue's, counters and balance
the book's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

import msgspec

from settlement.checkout import refusals
from settlement.checkout.base import VISIT, House, Reader, Said, id_of, known, open_lines, psn_of
from settlement.checkout.carded import Occasion, bears
from settlement.checkout.filed import filed
from settlement.checkout.pages import SentLine, lines_to_settle
from settlement.checkout.told import terms_of, told_sums
from settlement.errors import REASONS, BadInput, Refusal
from settlement.identity import CERT_CARD
from settlement.intake.columns import day_of
from settlement.ledger.book import Desk
from settlement.money import COUNT_PLACES, fen, scaled, yuan
from settlement.registry import InsuredPerson

STAY_INFNOS = ("2303", "2304")
DRUG_INFNOS = ("2101", "2102")
# What a fee line may say for itself. Class, ratio and price limit (TERMS) are the catalogue's to say, if it knows the item.
TERMS = ("chrgitm_lv", "selfpay_prop", "pric_uplmt_amt", "med_chrgitm_type")
LINE_FIELDS = tuple(SentLine.__annotations__)
# What a draft takes from a message, or from its visit where the message leaves it out.
OF_VISIT = ("med_type", "dise_codg", "medfee_sumamt", "acct_used_flag")

_EXTENSION = msgspec.json.Decoder(float_hook=str)  # an amount in it must not pass through a binary float


class Claim(NamedTuple):
    """One message ready to be calculated.

    ``draft`` as ``intake`` reads it, ``person`` what the registry says of the person (fields of 1101, text), ``opening``
    the balance in yuan for a person the book has never seen, ``stated`` what the sender said (the node), ``visit`` the
    visit it settles, ``batches`` which of its charge batches, ``uploaded`` their lines and ``told`` the sums of the answers
    to those (None and () for a purchase). ``entitled``: if the care is chronic, the disease is registered.
    """

    said: Said
    draft: dict[str, Any]
    person: dict[str, str]
    opening: str
    stated: dict[str, Any]
    setl_time: str
    mdtrt_id: str
    visit: dict[str, Any] | None = None
    batches: tuple[str, ...] = ()
    uploaded: tuple[str, ...] = ()
    told: dict[str, int] | None = None
    entitled: bool = True


def claim_of(desk: Desk, house: House, said: Said) -> Claim:
    """Return the claim of a 2101, 2102, 2206, 2207, 2303 or 2304 message.

    Raises BadInput: C01 for a field that is missing, P codes for person, card and institution, B03 to B12 for a visit or
    an insurance that cannot be settled so.
    """
    return _purchase(desk, house, said) if said.infno in DRUG_INFNOS else _visit(desk, house, said)


def _purchase(desk: Desk, house: House, said: Said) -> Claim:
    stated = node(said, "druginfo")
    person = filed(desk, insured(desk, house, said, stated))
    lines = said.input.get("drugdetail") or []
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise refused("C15_NOT_AN_OBJECT", "drugdetail", type(lines).__name__)
    if any(line.get("psn_no") not in (None, "", person.psn_no) for line in lines):
        raise refusals.two_persons()
    draft = draft_of(house, said, person, stated)
    draft["feedetail"] = [
        claim_line(line | {"terms": own_terms(house, draft["mdtrtarea_admvs"], line)}) for line in lines
    ]
    return Claim(
        said, draft, person_fields(person), person.opening_balc, stated, said.received_at, id_of(said, "mdtrt"),
        entitled=person.entitled(draft["dise_codg"], day_of_text(said.received_at)),
    )  # fmt: skip


def _visit(desk: Desk, house: House, said: Said) -> Claim:
    stated = node(said, "data")
    visit = visit_of(desk, said, stated)
    person = filed(desk, insured(desk, house, said, _with_certificate(stated, visit), visit.get("insutype") or ""))
    stay = said.infno in STAY_INFNOS
    if stay != (visit["kind"] == "inpatient"):
        raise refusals.wrong_kind_of_visit(said.infno, visit["mdtrt_id"])
    if stay and (stated.get("mid_setl_flag") or "0") not in ("0", ""):
        raise refusals.mid_stay()
    if said.infno == "2304" and visit["state"] != "discharged":
        raise refusals.not_discharged(visit["mdtrt_id"])
    uploaded = lines_to_settle(desk, visit["mdtrt_id"])
    asked = "" if stay else stated.get("chrg_bchno") or ""  # no field of a stay, though some programs send it
    lines = open_lines(visit, uploaded, asked)
    if not lines and uploaded:
        raise refusals.nothing_open(visit["mdtrt_id"], asked)
    informed = visit["said"].get("med_type")  # what 2203 or 2401 said; a visit that was only registered says nothing
    if informed and stated.get("med_type") not in (None, "", informed):
        raise refusals.another_med_type(informed, stated["med_type"])
    end = str(visit.get("endtime") or stated.get("dscg_time") or "") if stay else ""
    known_of_it = {name: stated.get(name) or visit.get(name) for name in OF_VISIT}
    draft = draft_of(house, said, person, known_of_it, end)
    draft["begntime"], draft["endtime"], draft["feedetail"] = visit.get("begntime") or "", end, netted(lines)
    draft |= _hospital_part(stated)
    batches = tuple(dict.fromkeys([line.get("chrg_bchno") or "" for line in lines]))
    return Claim(
        said, draft, person_fields(person), person.opening_balc, stated, said.received_at, visit["mdtrt_id"], visit,
        batches, tuple([line["feedetl_sn"] for line in lines]), told_sums(lines, terms_of(draft)),
        person.entitled(draft["dise_codg"], day_of_text(end or said.received_at)),
    )  # fmt: skip


def extension(stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the extension of a message, given as an object or as JSON text; {} for one that is neither ours nor JSON."""
    content = stated.get("exp_content") or stated.get("expContent") or {}
    if isinstance(content, str):
        try:
            content = _EXTENSION.decode(content)
        except msgspec.DecodeError:
            return {}
    return content if isinstance(content, dict) else {}


def _hospital_part(stated: dict[str, Any]) -> dict[str, Any]:
    """Return what the hospital says it bears itself (``exp_content``: ``{"hosp_part_amt": yuan}``), as a draft has it.

    A hospital can lay it only upon itself: it takes from what the person pays, never from a fund. No field of the
    interface carries it to the platform, so the place in the extension is this product's own.
    """
    said = extension(stated).get("hosp_part_amt")
    return {} if said in (None, "") else {"hosp_part_amt": said}


def node(said: Said, name: str) -> dict[str, Any]:
    """Return the node of an input that names the person; raises BadInput C01, C15 or B03."""
    stated = said.input.get(name)
    if stated is None:
        raise refused("C01_FIELD_MISSING", name, name)
    if not isinstance(stated, dict):
        raise refused("C15_NOT_AN_OBJECT", name, type(stated).__name__)
    psn_no = stated.get("psn_no")
    if not psn_no:
        raise refused("C01_FIELD_MISSING", f"{name}.psn_no", "psn_no")
    if psn_no != psn_of(said.input):  # the book would put the figures down to somebody else
        raise refusals.two_persons()
    return stated


def visit_of(desk: Desk, said: Said, stated: dict[str, Any]) -> dict[str, Any]:
    """Return the visit that a message names, if it is this institution's and person's and stands; raises BadInput."""
    mdtrt_id = stated.get("mdtrt_id")
    if not mdtrt_id:
        raise refused("C01_FIELD_MISSING", "mdtrt_id", "mdtrt_id")
    visit = known(desk, VISIT, mdtrt_id)
    if visit is None or visit["fixmedins_code"] != said.fixmedins_code:
        raise refusals.visit_unknown(mdtrt_id)
    if visit["psn_no"] != stated["psn_no"]:
        raise refusals.visit_of_another(mdtrt_id)
    if visit["state"] == "undone":
        raise refusals.visit_undone(mdtrt_id)
    return visit


def _with_certificate(stated: dict[str, Any], visit: dict[str, Any]) -> dict[str, Any]:
    """Return a settling node with the card that the visit began with, where it names no certificate of its own.

    Else a card that was lost since then would still settle. A voucher's token is not kept, and an ID number cannot be lost.
    """
    begun = visit["said"]
    if stated.get("mdtrt_cert_no") or begun.get("mdtrt_cert_type") != CERT_CARD:
        return stated
    return stated | {name: begun[name] for name in ("mdtrt_cert_type", "mdtrt_cert_no") if name in begun}


def insured(desk: Desk | Reader, house: House, said: Said, stated: dict[str, Any], insutype: str = "") -> InsuredPerson:
    """Return the insured person a message is about, under the insutype and area it names.

    ``insutype`` is used where the message names none. Raises BadInput P11, P12, P14, P15, P17, P18, K70 to K81 for what is
    presented, or B11 for an insured area that is not the person's.
    """
    person = house.registry.insured(stated["psn_no"], stated.get("insutype") or insutype)
    place = house.registry.place(said.fixmedins_code).admdvs
    bears(desk, house, person, stated, Occasion(place, said.received_at[:10]))
    if said.insuplc_admdvs and said.insuplc_admdvs != person.insuplc_admdvs:
        raise refusals.not_insured_so(f"insuplc_admdvs {said.insuplc_admdvs}")
    return person


def person_fields(person: InsuredPerson) -> dict[str, str]:
    """Return what an answer says of a person, as text."""
    return {
        "psn_no": person.psn_no, "psn_name": person.psn_name, "psn_cert_type": person.psn_cert_type,
        "certno": person.certno, "gend": person.gend, "naty": person.naty, "brdy": person.brdy.isoformat(),
    }  # fmt: skip


def filing_of(person: InsuredPerson, place: str, day: str) -> dict[str, str]:
    """Return the filing that covers care at a place on the day of a date or time, as a draft has it; raises BadInput C05."""
    found = person.filing_at(place, day_of_text(day))
    if found is None:
        return {"filing": ""}
    return {"filing": found.filing} | ({"filed_on": found.filed_on.isoformat()} if found.filed_on else {})


def draft_of(
    house: House, said: Said, person: InsuredPerson, stated: dict[str, Any], day: str = ""
) -> dict[str, Any]:  # fmt: skip
    """Return a draft without lines and stay: what message and registry say of person, place and kind of care.

    ``day`` is the day of discharge, '' for care that ends when it is settled.
    """
    place = house.registry.place(said.fixmedins_code)
    if not stated.get("med_type"):
        raise refused("C01_FIELD_MISSING", "med_type", "med_type")
    return {
        "medins_setl_id": said.msgid, "psn_no": person.psn_no, "insuplc_admdvs": person.insuplc_admdvs,
        "mdtrtarea_admvs": place.admdvs, "insutype": person.insutype, "psn_type": person.psn_type,
        "psn_insu_stas": person.psn_insu_stas, "cvlserv_flag": person.cvlserv_flag, "brdy": person.brdy.isoformat(),
        "medinslv": place.medinslv, "hosp_lv": place.hosp_lv, "psn_insu_date": person.psn_insu_date,
        "paus_insu_date": person.paus_insu_date, "assistance": person.assistance, **filing_of(person, place.admdvs, day or said.received_at),
        "med_type": stated["med_type"], "dise_codg": stated.get("dise_codg") or "", "setl_time": said.received_at,
        "medfee_sumamt": stated.get("medfee_sumamt") or "", "acct_used_flag": stated.get("acct_used_flag") or "1",
    }  # fmt: skip


def claim_line(line: dict[str, Any]) -> dict[str, Any]:
    """Return a fee line as a draft has it: only what a sender may say of it, and its ``terms`` (``own_terms``)."""
    made = {}
    for name in LINE_FIELDS:
        value = line.get(name)
        if value:
            made[name] = value
    terms = line.get("terms")
    return made | terms if terms else made


def own_terms(house: House, place: str, line: dict[str, Any]) -> dict[str, Any]:
    """Return the terms that a line may bring: its own if the catalogue of the place does not know the item, else none."""
    if not line.get("chrgitm_lv"):
        return {}
    areas = house.book.catalogue_areas(place)
    if house.book.catalogue.spans(areas, line.get("med_list_codg") or "").from_days:
        return {}
    return {name: line[name] for name in TERMS if line.get(name)}


def netted(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return draft lines in which a refund line (2301 with a negative cnt) is taken off the line it refunds.

    Quantities are 1/10 000, amounts fen, so nothing is rounded. What was refunded whole is left out.
    """
    kept = {line["feedetl_sn"]: claim_line(line) for line in lines if not line.get("init_feedetl_sn")}
    if len(kept) == len(lines):  # no refund among them
        return list(kept.values())
    for line in lines:
        if not line.get("init_feedetl_sn"):
            continue
        first = kept.get(line["init_feedetl_sn"])
        if first is None:
            raise refused("C16_REFUND", "init_feedetl_sn", line["init_feedetl_sn"])
        count = scaled(first["cnt"], COUNT_PLACES) + scaled(line["cnt"], COUNT_PLACES)
        first["cnt"] = f"{count // 10**COUNT_PLACES}.{count % 10**COUNT_PLACES:0{COUNT_PLACES}d}"
        first["det_item_fee_sumamt"] = yuan(fen(first["det_item_fee_sumamt"]) + fen(line["det_item_fee_sumamt"]))
        if count == 0:
            del kept[line["init_feedetl_sn"]]
    return list(kept.values())


def day_of_text(text: Any, field: str = "setl_time") -> date:
    """Return the day of a date or time; raises BadInput C05 like a claim with a bad one."""
    try:
        return _day(text) if type(text) is str else day_of(text)
    except BadInput as error:
        raise refused(error.code, field, error.found) from None


@lru_cache(256)  # each claim asks its day twice, and the claims of one second share it
def _day(text: str) -> date:
    return day_of(text)


def refused(code: str, field: str, found: str) -> BadInput:
    """Return the refusal of a claim with the code and words that the night's files have too."""
    return refused_as(Refusal(0, "", code, field, found))


def refused_as(refusal: Refusal) -> BadInput:
    """Return an engine's refusal as an error that a till shows."""
    reason, row = REASONS[refusal.code], refusal.as_row()
    found = f"{reason.en}: {row['field']} {row['found']}"
    return BadInput(refusal.code, found, cure=reason.cure_en, zh=str(row["message_zh"]))
