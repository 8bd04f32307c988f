"""9101 and 9102: files that go with other messages, kept in the book and given back to the institution they belong to.

A file is the fact ``file``/file_qury_no: {"file_qury_no", "fixmedins_code", "filename", "dld_endtime", "content"
(base64)}. The handles of catalogue files (1301 and others) are not in the book: 9102 makes those anew. How long a file
can be fetched and how large it may be are ours; the sources give neither.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Any

from settlement.checkout import downloads
from settlement.checkout import refusals_accounts as refusals
from settlement.checkout.asked import may_see, needed, node_of, refuse_other
from settlement.checkout.base import (
    FileAnswer,
    House,
    Said,
    Transaction,
    alone,
    answer_bytes,
    fact,
    id_of,
    loads,
    now,
)
from settlement.ledger.book import Booking, Desk, FactKey, Work

FILE = "file"  # the kind of fact
LARGEST = 8 * 1024 * 1024  # bytes of an uploaded file
LONGEST_NAME = 200  # filename, c200
KEPT = timedelta(days=30)


def upload(house: House, said: Said) -> Work:
    """9101: keep a file and answer its handle. Raises BadInput B60, B63, B64, B67."""
    node = node_of(said, "fsUploadIn")
    refuse_other(said, node)
    filename, content = _filename(needed(node, "filename")), _bytes(node.get("in"))
    if not 0 < len(content) <= LARGEST:
        raise refusals.file_too_large(len(content), LARGEST)
    file_qury_no = id_of(said, FILE)
    kept = file_fact(house, said, file_qury_no, filename, content)

    def compute(_: Desk) -> Booking:
        told = {"fixmedins_code": said.fixmedins_code} | fileinfo(house, file_qury_no, filename)
        return Booking(answer_bytes(said, told, now(house)), facts=kept)

    return alone(said, compute)


def download(house: House, said: Said) -> FileAnswer:
    """9102: the file itself. Raises BadInput B60, B65 (unknown, or another's), B66 (too late), B67."""
    node = node_of(said, "fsDownloadIn")
    refuse_other(said, node)
    file_qury_no = needed(node, "file_qury_no")
    if house.ledger.fact(FILE, file_qury_no) is None:  # first: a number in the book may look like a catalogue's
        made = downloads.file_of(house, file_qury_no)
        if made is not None:
            return made
    return FileAnswer(*file_of(house, said, file_qury_no))


def file_of(house: House, said: Said, file_qury_no: str) -> tuple[str, bytes]:
    """Return name and content of a file in the book that the sender may see. Raises BadInput B65, B66."""
    found = house.ledger.fact(FILE, file_qury_no)
    kept = loads(found.content) if found else {}
    if not kept or not may_see(said, kept["fixmedins_code"]):
        raise refusals.file_unknown(file_qury_no)
    if datetime.fromisoformat(kept["dld_endtime"]) < house.clock().replace(tzinfo=None):
        raise refusals.file_expired(file_qury_no, kept["dld_endtime"])
    return str(kept["filename"]), base64.b64decode(kept["content"])


def file_fact(house: House, said: Said, file_qury_no: str, filename: str, content: bytes) -> dict[FactKey, bytes]:
    """Return the fact that keeps a file of the sender's institution."""
    kept = fileinfo(house, file_qury_no, filename) | {"fixmedins_code": said.fixmedins_code}
    return fact(FILE, file_qury_no, kept | {"content": base64.b64encode(content).decode()})


def fileinfo(house: House, file_qury_no: str, filename: str) -> dict[str, str]:
    """Return what answers say of a file: handle, name and until when it can be fetched."""
    until = (house.clock() + KEPT).strftime("%Y-%m-%d %H:%M:%S")
    return {"file_qury_no": file_qury_no, "filename": filename, "dld_endtime": until}


def _filename(said: str) -> str:
    """Return a file's name if it is one: it is written into a header and, by whoever fetches the file, on a disk."""
    if len(said) > LONGEST_NAME or not said.isprintable() or set(said) & set('/\\"'):
        raise refusals.file_form(f"filename {said[:40]!r}")
    return said


def _bytes(sent: Any) -> bytes:
    """Return the uploaded bytes: base64 text, or a list of byte values, also signed as Java writes them."""
    if isinstance(sent, list):
        try:
            values = [int(str(value)) for value in sent]
            return bytes(value + 256 if -128 <= value < 0 else value for value in values)
        except ValueError:
            raise refusals.file_form("the list holds something else than bytes") from None
    if not isinstance(sent, str) or not sent.strip():
        raise refusals.field_missing("in")
    try:
        return base64.b64decode("".join(sent.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise refusals.file_form(str(error)) from None


TRANSACTIONS = (Transaction("9101", work=upload), Transaction("9102", ask=download))
