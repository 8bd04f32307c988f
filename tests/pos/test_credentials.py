"""The one door: card, driver, e-voucher, ID card; each gives an identity that can be true, or words for the cashier."""

import contextlib
import io
import json
import logging
import pickle
import tomllib
import traceback
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_world import Clock, open_journal
from vendor_bench import GOOD, OTHER

from pos_adapter import credentials, id_card
from pos_adapter.card import VirtualCard
from pos_adapter.card_image import load_image
from pos_adapter.evoucher import Business, Place, ask_library, scanned
from pos_adapter.messages import Outgoing
from pos_adapter.transport import InProcessSlot, InProcessTransport
from pos_adapter.vendor import Returned, VendorReader
from settlement.errors import CardFault

HERE = Path(__file__).parent
TODAY = date(2026, 1, 1)
CANARY = "EC22CANARY0123456789CANARY987654"
CERTNO = "220400196802290012"
PLACE = Place("H22040000001", "0001", "收费员")
CASES = tomllib.loads((HERE.parent / "data/pos/credentials.toml").read_text(encoding="utf-8"))


class EcLibrary:
    """A local voucher library: gives each code of its people once a minute, for one business, and then refuses it."""

    def __init__(self, answer=None):
        self.requests, self.answer = [], answer

    def ec_query(self, request):
        self.requests.append(request)
        if self.answer is not None:
            return self.answer(request) if callable(self.answer) else self.answer
        person = {"ecToken": CANARY, "userName": "虚构甲", "idNo": CERTNO, "idType": "01", "insuOrg": "220400"}
        return {"code": 0, "message": "成功", "data": person}


class MemoryDriver:
    """A vendor's driver without a library, for what does not depend on one."""

    how = "driver in memory"

    def __init__(self, *outputs):
        self.outputs = list(outputs)

    def call(self, function, *arguments, deadline_s):
        return Returned(0, (self.outputs.pop(0) if len(self.outputs) > 1 else self.outputs[0]).encode("gb18030"))

    def close(self):
        pass


class OnReader:
    how = "ID reader"

    def __init__(self, block):
        self.block = block

    def read(self):
        return self.block


def block(number=CERTNO, name="虚构甲", **given):
    """Return an ID card's 256 bytes."""
    fields = {"birth": "19680229", "valid_from": "20200101", "valid_until": "20400101", "kind": ""} | given
    parts = [
        (name, 30), ("1", 2), ("01", 4), (fields["birth"], 16), ("虚构省虚构市", 70), (number, 36), ("虚构公安局", 30),
        (fields["valid_from"], 16), (fields["valid_until"], 16), ("", 28), (fields["kind"], 2), ("", 6),
    ]  # fmt: skip
    return b"".join(text.ljust(length // 2).encode("utf-16-le") for text, length in parts)


def keyed(inner):
    return st.dictionaries(st.sampled_from(["code", "message", "data", "ecToken", "userName", "idNo"]), inner)


def refused(call, *args, **kwargs):
    with pytest.raises(CardFault) as error:
        call(*args, **kwargs)
    return error.value


# --- every source ---


def card_in_a_slot(generation):
    slot = InProcessSlot()
    slot.insert(VirtualCard(load_image(HERE.parents[1] / f"data/cards/fictional_gen{generation}.json")))
    return slot


def sources():
    return {
        "card": credentials.CardSource(InProcessTransport(card_in_a_slot(1))),
        "driver": credentials.VendorSource(VendorReader(MemoryDriver(GOOD))),
        "voucher by library": credentials.voucher_by_library(EcLibrary(), Business.OUTPATIENT_SETTLEMENT, PLACE),
        "voucher by scanner": credentials.voucher_by_scanner(CANARY, Business.PHARMACY_PURCHASE),
        "number": credentials.id_number(CERTNO, "虚构甲"),
        "ID reader": credentials.id_reader(OnReader(block())),
        "ID line": credentials.id_line(f"虚构甲|{CERTNO}|\r\n", id_card.LineForm(("name", "number"))),
    }


@pytest.mark.parametrize(
    ("name", "kind", "number"),
    [
        ("card", "03", "X00000001"), ("driver", "03", "X00000001"), ("voucher by library", "01", CANARY),
        ("voucher by scanner", "01", CANARY), ("number", "02", CERTNO), ("ID reader", "02", CERTNO), ("ID line", "02", CERTNO),
    ],
)  # fmt: skip
def test_each_way_gives_one_kind_of_identity(name, kind, number):
    source = sources()[name]
    identity = source.present(TODAY)
    assert (identity.mdtrt_cert_type, identity.mdtrt_cert_no) == (kind, number)
    assert bool(identity.card_sn) == (kind == "03")
    if name != "voucher by scanner":  # whose it is only the platform knows
        assert (identity.certno, identity.psn_name) == (CERTNO, "虚构甲")
    assert identity.how and source.still_there(identity) is True


def test_card_and_driver_agree_about_the_same_card():
    read = [sources()[name].present(TODAY).as_dict(full=True) for name in ("card", "driver")]
    for fields in read:
        fields.pop("how"), fields.pop("atr_history")
    assert read[0] == read[1]


@pytest.mark.parametrize("name", sorted(sources()))
def test_another_identity_is_never_still_there(name):
    source, other = sources()[name], credentials.VendorSource(VendorReader(MemoryDriver(OTHER))).present(TODAY)
    source.present(TODAY)
    assert refused(source.still_there, other).code == "D21_OTHER_CARD"


def test_a_failed_reading_forgets_the_one_before():
    reader = OnReader(block())
    source = credentials.id_reader(reader)
    identity = source.present(TODAY)
    reader.block = b""
    assert refused(source.present, TODAY).code == "D72_ID_CARD_BAD"
    assert refused(source.still_there, identity).code == "D21_OTHER_CARD"


# --- the electronic voucher ---


@pytest.mark.parametrize(
    ("business", "code"),
    [
        (Business.PHARMACY_PURCHASE, "02121"), (Business.OUTSIDE_PRESCRIPTION, "02122"),
        (Business.OUTPATIENT_SETTLEMENT, "01301"), (Business.REGISTRATION, "01101"),
    ],
)  # fmt: skip
def test_the_library_is_asked_for_one_business(business, code):
    library = EcLibrary()
    voucher = ask_library(library, business, PLACE, TODAY)
    (request,) = library.requests
    assert (request["transType"], request["data"]["businessType"], request["orgId"]) == ("ec.query", code, PLACE.org_id)
    assert voucher.identity_for(business).mdtrt_cert_no == CANARY
    for other in set(Business) - {business}:
        assert refused(voucher.identity_for, other).code == "D63_OTHER_PURPOSE"


@pytest.mark.parametrize("case", CASES["library"], ids=lambda case: case["why"])
def test_an_answer_of_the_library_that_is_no_identity(case):
    answer = json.loads(case["answer"].replace("CANARY", CANARY))
    error = refused(ask_library, EcLibrary(answer), Business.REGISTRATION, PLACE, TODAY)
    assert error.code == case["code"] and case["word"] in error.found + error.zh
    assert CANARY not in str(error) + error.zh and CERTNO not in str(error) + error.zh


def test_a_library_that_fails():
    def broken(request):
        raise ConnectionError(f"scanned {CANARY}")

    error = refused(ask_library, EcLibrary(broken), Business.REGISTRATION, PLACE, TODAY)
    assert error.code == "D64_VOUCHER_SILENT" and CANARY not in "".join(traceback.format_exception(error))


@pytest.mark.parametrize("case", CASES["scan"], ids=lambda case: case["why"])
def test_a_scanned_text(case):
    if "code" not in case:
        voucher = scanned(case["text"], Business.PHARMACY_PURCHASE)
        assert voucher.identity_for(Business.PHARMACY_PURCHASE).mdtrt_cert_no == case["token"]
        return
    error = refused(scanned, case["text"], Business.PHARMACY_PURCHASE)
    assert error.code == case["code"] and case["word"] in error.found
    assert len(case["text"]) < 4 or case["text"].strip() not in str(error)


def test_the_token_is_nowhere_but_in_memory(tmp_path):
    """Everything that a program may do with a voucher by accident; the canary must come out of none of it."""
    source = credentials.voucher_by_library(EcLibrary(), Business.OUTPATIENT_SETTLEMENT, PLACE)
    scan = credentials.voucher_by_scanner(CANARY, Business.OUTPATIENT_SETTLEMENT)
    voucher = scanned(CANARY, Business.OUTPATIENT_SETTLEMENT)
    identity = source.present(TODAY)
    scan.present(TODAY)
    log = io.StringIO()
    logger = logging.Logger("till")
    logger.addHandler(logging.StreamHandler(log))
    logger.warning("%s %r %s %r %s", identity, identity, voucher, source, scan)
    logger.warning(json.dumps([identity.as_dict(), identity.as_dict(full=True)], ensure_ascii=False))
    with contextlib.suppress(CardFault):
        voucher.identity_for(Business.REGISTRATION)
    for bad in (CANARY * 2, CANARY + " 中"):
        logger.warning(str(refused(scanned, bad, Business.REGISTRATION)))
    with pytest.raises(TypeError) as error:
        pickle.dumps(voucher)
    logger.warning(str(error.value))
    try:
        raise RuntimeError(f"not booked: {identity!r} {voucher!r}")
    except RuntimeError:
        logger.exception("at the counter")
    assert "CANARY" not in log.getvalue() and "********" in log.getvalue()

    journal = open_journal(tmp_path / "journal", Clock())
    msgid = journal.next_msgid()
    nodes = {"data": {"psn_no": "1", "mdtrt_cert_type": "01", "mdtrt_cert_no": identity.mdtrt_cert_no}}
    journal.write_pending(Outgoing("2207", msgid, nodes, "220400"))
    kept = journal.said(msgid).input["data"]
    journal.close()
    assert kept["psn_no"] == "1" and "CANARY" not in json.dumps(kept)
    assert not any(b"CANARY" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


# --- the ID card ---


@pytest.mark.parametrize("case", CASES["typed"], ids=lambda case: case["why"])
def test_a_typed_number(case):
    if "code" not in case:
        identity = id_card.typed(case["text"], TODAY)
        assert (identity.mdtrt_cert_no, identity.certno) == (case["number"],) * 2
        return
    error = refused(id_card.typed, case["text"], TODAY)
    assert error.code == case["code"] and error.zh
    assert case["text"] == "" or case["text"] not in str(error), "no personal data in an error"


def test_every_single_wrong_digit_of_a_number_is_found():
    """MOD 11-2 finds all of them, and so does the door: 17 places with 9 wrong digits, and the check digit's 10."""
    for at in range(18):
        for digit in "0123456789X"[: 10 if at < 17 else 11]:
            wrong = CERTNO[:at] + digit + CERTNO[at + 1 :]
            if wrong != CERTNO:
                assert refused(id_card.typed, wrong, TODAY).code == "D70_ID_NUMBER_BAD"


def test_every_swap_of_neighbours_is_found():
    for at in range(17):
        wrong = CERTNO[:at] + CERTNO[at + 1] + CERTNO[at] + CERTNO[at + 2 :]
        if wrong != CERTNO:
            assert refused(id_card.typed, wrong, TODAY).code == "D70_ID_NUMBER_BAD"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, None), ({"valid_until": "长期"}, None), ({"kind": "J"}, None), ({"valid_until": "20260101"}, None),
        ({"valid_from": "20260101"}, None),
        ({"kind": "I"}, "D72_ID_CARD_BAD"), ({"name": ""}, "D72_ID_CARD_BAD"), ({"birth": "19680228"}, "D72_ID_CARD_BAD"),
        ({"birth": "19681301"}, "D72_ID_CARD_BAD"), ({"valid_until": "2040010"}, "D72_ID_CARD_BAD"),
        ({"valid_until": "20251231"}, "D73_ID_EXPIRED"), ({"valid_from": "20260102"}, "D73_ID_EXPIRED"),
        ({"number": "220400196802290013"}, "D70_ID_NUMBER_BAD"), ({"number": ""}, "D70_ID_NUMBER_BAD"),
        ({"number": "220400680229001"}, "D71_ID_15_DIGITS"),
    ],
)  # fmt: skip
def test_a_block_of_an_id_reader(given, code):
    read = credentials.id_reader(OnReader(block(**given))).present
    if code is None:
        assert (read(TODAY).certno, read(TODAY).psn_name) == (CERTNO, "虚构甲")
    else:
        error = refused(read, TODAY)
        assert error.code == code and "虚构" not in str(error) and CERTNO not in str(error)


@pytest.mark.parametrize("length", [0, 1, 255, 257, 512])
def test_a_block_of_another_length(length):
    assert refused(id_card.parse_block, block().ljust(512, b"\0")[:length]).code == "D72_ID_CARD_BAD"


def test_a_block_with_half_a_character():
    spoilt = b"\x00\xd8" + block()[2:]
    assert refused(id_card.parse_block, spoilt).code == "D72_ID_CARD_BAD"


@pytest.mark.parametrize("case", CASES["line"], ids=lambda case: case["why"])
def test_a_line_of_an_id_reader(case):
    form = id_card.LineForm(tuple(case["fields"]), case.get("separator", "|"))
    if "code" not in case:
        identity = id_card.from_line(case["line"], TODAY, form)
        assert (identity.certno, identity.psn_name) == (CERTNO, case.get("name", ""))
    else:
        assert refused(id_card.from_line, case["line"], TODAY, form).code == case["code"]


def test_a_person_is_born_today_at_the_latest():
    """The same number is refused on the day before its birth date and taken on it."""
    number = "220400200508150034"
    born = date(2005, 8, 15)
    assert id_card.typed(number, born).certno == number
    assert refused(id_card.typed, number, born - timedelta(days=1)).code == "D70_ID_NUMBER_BAD"


@given(st.text(max_size=80) | st.text(alphabet="0123456789Xx |.-长期", max_size=60))
def test_any_text_is_an_identity_or_a_fault(text):
    forms = (id_card.LineForm(), id_card.LineForm(("name", "number", "birth", "valid_until")))
    tries = [lambda: id_card.typed(text, TODAY), lambda: scanned(text, Business.REGISTRATION)]
    tries += [lambda form=form: id_card.from_line(text, TODAY, form) for form in forms]
    for parse in tries:
        with contextlib.suppress(CardFault):
            parse()


@given(st.binary(min_size=256, max_size=256))
def test_any_block_is_a_card_or_a_fault(made):
    with contextlib.suppress(CardFault):
        credentials.id_reader(OnReader(made)).present(TODAY)


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | keyed(inner))
)
def test_any_answer_of_the_library_is_a_voucher_or_a_fault(answer):
    with contextlib.suppress(CardFault):
        ask_library(EcLibrary(lambda request: answer), Business.REGISTRATION, PLACE, TODAY)
