"""9101 and 9102: what goes up comes down, to its owner, until it expires."""

from __future__ import annotations

import base64
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from accounts_book import Office, bytes_of
from checkout_till import HOSPITAL, OTHER_HOSPITAL

from settlement.checkout import downloads, exchange
from settlement.checkout.base import id_of
from settlement.errors import BadInput, LedgerConflict

CONTENT = bytes(range(256)) * 3


def node(sent: Any, place: str = HOSPITAL) -> dict[str, Any]:
    return {"fsUploadIn": {"in": sent, "filename": "对账.zip", "fixmedins_code": place}}


@pytest.mark.parametrize(
    "sent",
    [
        base64.b64encode(CONTENT).decode(),
        base64.encodebytes(CONTENT).decode(),  # with line feeds, as some libraries write it
        [str(value) for value in CONTENT],
        [str(value - 256 if value > 127 else value) for value in CONTENT],  # bytes as Java has them
        list(CONTENT),
    ],
    ids=["base64", "lines", "list", "signed", "numbers"],
)
def test_a_file_comes_back_as_it_went(office: Office, sent: Any) -> None:
    told = office.till.send("9101", node(sent))["output"]
    assert told["filename"] == "对账.zip" and told["fixmedins_code"] == HOSPITAL
    assert told["dld_endtime"] == "2024-07-03 09:00:01"
    office.till.reopen()
    assert office.fetch(told["file_qury_no"]) == CONTENT


def test_a_file_whose_number_looks_like_a_catalogue_s_comes_back_too(office: Office) -> None:
    """A number is drawn from the message's name: one in some six hundred begins like the handle of a catalogue file."""
    sent = node(base64.b64encode(CONTENT).decode())
    numbers = ((msgid, id_of(office.till.said("9101", sent, msgid), exchange.FILE)) for msgid in map(str, count(1)))
    msgid, number = next((msgid, number) for msgid, number in numbers if number[:4] in downloads.FILES)
    assert office.till.send("9101", sent, msgid)["output"]["file_qury_no"] == number
    assert office.fetch(number) == CONTENT


@pytest.mark.parametrize(
    ("sent", "code"),
    [("%%%", "B63"), (["256"], "B63"), (["-129"], "B63"), (["a"], "B63"), ("", "B60"), (None, "B60"), ([], "B64")],
)
def test_what_is_no_file_is_refused(office: Office, sent: Any, code: str) -> None:
    with pytest.raises(BadInput, match=code):
        office.till.send("9101", node(sent))


@pytest.mark.parametrize("name", ["../secret", "a\\b", 'a"b', "a\r\nX: y", "x" * 201])
def test_a_name_that_is_none_is_refused(office: Office, name: str) -> None:
    with pytest.raises(BadInput, match="B63"):
        office.till.send("9101", {"fsUploadIn": {"in": "AAAA", "filename": name, "fixmedins_code": HOSPITAL}})


def test_the_largest_file_fits_and_no_larger(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "LARGEST", 1000)
    assert office.fetch(office.upload(b"x" * 1000)) == b"x" * 1000
    with pytest.raises(BadInput, match="B64"):
        office.upload(b"x" * 1001)


def test_only_its_own_institution_gets_a_file(office: Office) -> None:
    file_qury_no = office.upload(CONTENT)
    with pytest.raises(BadInput, match="B65") as theirs:
        office.fetch(file_qury_no, OTHER_HOSPITAL)
    with pytest.raises(BadInput, match="B65") as nobodys:
        office.fetch("1" * 30)
    assert theirs.value.zh.replace(file_qury_no, "") == nobodys.value.zh.replace("1" * 30, "")
    said = office.till.said("9102", {"fsDownloadIn": {"file_qury_no": file_qury_no, "filename": "x"}})
    auditor = said._replace(fixmedins_code=OTHER_HOSPITAL, role="auditor")
    assert bytes_of(office.till, auditor) == CONTENT
    with pytest.raises(BadInput, match="B65"):
        bytes_of(office.till, said._replace(fixmedins_code=OTHER_HOSPITAL, role="clerk"))


def test_a_message_speaks_for_its_sender_only(office: Office) -> None:
    with pytest.raises(BadInput, match="B67"):
        office.till.send("9101", node("AAAA", OTHER_HOSPITAL))
    file_qury_no = office.upload(CONTENT)
    wrong = {"file_qury_no": file_qury_no, "filename": "x", "fixmedins_code": OTHER_HOSPITAL}
    with pytest.raises(BadInput, match="B67"):
        bytes_of(office.till, office.till.said("9102", {"fsDownloadIn": wrong}))


def test_a_file_expires(office: Office) -> None:
    file_qury_no = office.upload(CONTENT)
    office.till.time += timedelta(days=29)
    assert office.fetch(file_qury_no) == CONTENT
    office.till.time += timedelta(days=1, seconds=1)
    with pytest.raises(BadInput, match="B66") as late:
        office.fetch(file_qury_no)
    assert "2024-07-03" in late.value.zh


def test_a_retry_keeps_one_file(office: Office) -> None:
    sent = node(base64.b64encode(CONTENT).decode())
    first = office.till.send("9101", sent, "U1")
    assert office.till.send("9101", sent, "U1") == first
    with pytest.raises(LedgerConflict, match="L01"):
        office.till.send("9101", node("AAAA"), "U1")
    assert len(office.till.house.ledger.history("file", first["output"]["file_qury_no"])) == 1
    assert office.till.house.ledger.verify() == []
