"""Catalogues and dictionaries, as far as our data reaches: files 1301 to 1315 (fetched with 9102), queries, and 1901.

A catalogue file is a ZIP with one text file: UTF-8, a tab between columns, ``null`` for an empty one, no header. How many
columns each has is known from public programs (1301: 97, 1302: 33, 1303: 85, 1305: 20, 1306: 71, 1307: 24), **their order
is not: it is inferred** and only ours. What the catalogue has stands in the first columns (``FILE_COLUMNS``), the version
in the last, all others are ``null``. A catalogue of which we have nothing gives an empty file and says so in warn_msg;
nothing is invented.

``ver`` is the day (yyyyMMdd) from which a row holds: an institution gets the rows that begin later than the version it
has. So a row that was corrected for an old day is only seen when everything is asked for (``0``). The handle of a file
names what it was made from, and 9102 makes the same file again; if the rules were changed in between, it asks to start
anew. 1304, 1312 and 1316 to 1319 are answered with rows; their fields follow one client's tables, in which 1318 has a
limit and 1319 a ratio a row.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from settlement.checkout import refusals_accounts as refusals
from settlement.checkout import statement
from settlement.checkout.asked import node_of, paged, text
from settlement.checkout.base import FileAnswer, House, Said, Told, Transaction
from settlement.codes import is_division
from settlement.rules.catalogue import NO_LIMIT, Item
from settlement.spans import day_of

DICTIONARY = Path(__file__).parent / "dictionary.toml"
# How many columns a file has where that is known; another has those that we fill, and the version.
WIDTH = {"1301": 97, "1302": 33, "1303": 85, "1305": 20, "1306": 71, "1307": 24}
LIST_TYPE = {"1301": "101", "1302": "102", "1303": "103", "1305": "201", "1306": "301"}
FILES = ("1301", "1302", "1303", *(str(infno) for infno in range(1305, 1312)), "1313", "1314", "1315")
ROWS = ("1304", "1312", "1316", "1317", "1318", "1319")
FILE_COLUMNS = (
    "med_list_codg", "name", "begndate", "list_type", "med_chrgitm_type", "chrgitm_lv", "selfpay_prop", "pric_uplmt_amt",
    "vali_flag",
)  # fmt: skip
NOTHING_HERE = "本系统暂无该目录数据（no data for this catalogue here），返回空"
SAMPLE = "目录为样例数据，未经核对，不得用于实际支付（sample data, not verified）"
ALL_PERSONS = "0"  # selfpay_prop_psn_type: our rows hold for everybody; no source gave the code's values
_FETCH = timedelta(days=1)
_FROM_START = "00000000"


class Handle(NamedTuple):
    """What a catalogue file was made from: 30 characters as file_qury_no."""

    infno: str
    area: str
    ver: str
    digest: str

    def __str__(self) -> str:
        """Return the handle as it is sent."""
        return f"{self.infno}{self.area}{self.ver}{self.digest}"


def file(house: House, said: Said) -> Told:
    """1301 to 1315: the handle of a catalogue file with rows newer than ``ver``. Raises BadInput B80."""
    handle = _handle(house, said.infno, _area(said), _ver(text(node_of(said), "ver")))
    count = len(_file_rows(house, handle))
    until = (house.clock() + _FETCH).strftime("%Y-%m-%d %H:%M:%S")
    output = {
        "file_qury_no": str(handle),
        "filename": f"{said.infno}.zip",
        "dld_end_time": until,
        "data_cnt": str(count),
    }
    return Told(output, SAMPLE if said.infno in LIST_TYPE and _items(house, handle) else NOTHING_HERE)


def file_of(house: House, file_qury_no: str) -> FileAnswer | None:
    """Return the file of a catalogue handle, None for a handle of another kind. Raises BadInput B65 for a stale one."""
    parts = re.fullmatch(r"(13\d\d)(\d{6})(\d{8})([0-9a-f]{12})", file_qury_no)
    if parts is None or parts[1] not in FILES:
        return None
    handle = Handle(*parts.groups())
    if handle != _handle(house, *handle[:3]):
        raise refusals.file_unknown(file_qury_no)
    lines = ("\t".join(cell or statement.NOTHING for cell in row) + "\n" for row in _file_rows(house, handle))
    return FileAnswer(f"{handle.infno}.zip", statement.packed(f"{handle.infno}.txt", "".join(lines)))


def _handle(house: House, infno: str, area: str, ver: str) -> Handle:
    digest = hashlib.sha256(f"{infno}|{area}|{ver}|{house.book.digest}".encode()).hexdigest()
    return Handle(infno, area, ver, digest[:12])


def _area(said: Said) -> str:
    return said.mdtrtarea_admvs if is_division(said.mdtrtarea_admvs) else "000000"


def _ver(ver: str) -> str:
    """Return a version as a day (yyyyMMdd): all of it for '' and 0. Raises BadInput B80."""
    if ver in ("", "0"):
        return _FROM_START
    day = re.search(r"(?<!\d)((?:19|20)\d{6})(?:\d{6})?(?!\d)", ver)  # a day, or a moment, with letters around it
    if day is None:
        raise refusals.version(ver)
    return day[1]


def _items(house: House, handle: Handle) -> list[Item]:
    """Return the catalogue's rows that hold at a place, nearest area first for each item and day, in code order."""
    areas = house.book.catalogue_areas(handle.area)
    wanted = _of_list(house, LIST_TYPE.get(handle.infno, ""))
    found = [
        house.book.catalogue.items[row]
        for code in sorted(wanted)
        for row in dict.fromkeys(house.book.catalogue.spans(areas, code).rows)
        if row >= 0
    ]
    return [item for item in found if _begins(item) > handle.ver]


def _of_list(house: House, list_type: str) -> list[str]:
    """Return the codes of a list: told from their form, as the catalogue's own documentation gives it."""
    return [code for code in house.book.catalogue.codes if list_type and list_type_of(code) == list_type]


def list_type_of(code: str) -> str:
    """Return the list of a national item code: X and Z drugs 101, T slices 102, C consumables 301, digits services 201."""
    return {"X": "101", "Z": "101", "T": "102", "C": "301"}.get(code[:1], "201" if code[:1].isdigit() else "")


def _begins(item: Item) -> str:
    return f"{day_of(item.from_day):%Y%m%d}"


def _file_rows(house: House, handle: Handle) -> list[list[str]]:
    rows = []
    for item in _items(house, handle):
        told = _told(item)
        cells = [told[name] for name in FILE_COLUMNS]
        width = WIDTH.get(handle.infno, len(cells) + 1)
        rows.append(cells + [""] * (width - len(cells) - 1) + [_begins(item)])
    return rows


def _told(item: Item) -> dict[str, str]:
    return {
        "med_list_codg": item.med_list_codg, "name": item.name, "begndate": day_of(item.from_day).isoformat(),
        "list_type": list_type_of(item.med_list_codg), "med_chrgitm_type": item.med_chrgitm_type,
        "chrgitm_lv": f"{item.chrgitm_lv:02d}",
        "selfpay_prop": f"{item.selfpay_bp // 10_000}.{item.selfpay_bp % 10_000:04d}", "vali_flag": "1",
        "pric_uplmt_amt": _limit(item) if item.pric_uplmt_e4 >= 0 else str(NO_LIMIT),
    }  # fmt: skip


def _limit(item: Item) -> str:
    yuan_e6 = item.pric_uplmt_e4  # 1/10 000 fen are 1/1 000 000 yuan
    return f"{yuan_e6 // 1_000_000}.{yuan_e6 % 1_000_000:06d}"


def rows(house: House, said: Said) -> Told:
    """1304, 1312, 1316 to 1319: catalogue rows in force on query_date (today without one). Raises BadInput B62, B80.

    Narrowed by hilist_code or med_list_codg, hilist_name (part of it), list_type and updt_time (rows that begin later).
    """
    node = node_of(said)
    made = list(_narrowed(house, said, node)) if said.infno in ("1312", "1318", "1319") else []
    page = paged(node, made)
    return Told({"data": page or None, "recordCounts": str(len(made))}, SAMPLE if made else NOTHING_HERE)


def _narrowed(house: House, said: Said, node: dict[str, Any]) -> Iterable[dict[str, Any]]:
    day = (text(node, "query_date") or house.clock().date().isoformat())[:10].replace("-", "")
    areas = house.book.catalogue_areas(_area(said))
    code, name = text(node, "hilist_code") or text(node, "med_list_codg"), text(node, "hilist_name")
    since = _ver(text(node, "updt_time")[:10].replace("-", ""))
    for one in sorted(house.book.catalogue.codes):
        if code not in ("", one) or text(node, "list_type") not in ("", list_type_of(one)):
            continue
        items = [house.book.catalogue.items[row] for row in house.book.catalogue.spans(areas, one).rows if row >= 0]
        item = next((item for item in reversed(items) if _begins(item) <= day), None)
        if item is None or name not in item.name or _begins(item) <= since:
            continue
        if said.infno != "1318" or item.pric_uplmt_e4 >= 0:  # 1318 lists limits only
            yield _row(said.infno, item)


def _row(infno: str, item: Item) -> dict[str, Any]:
    told = _told(item)
    row = {
        "hilist_code": item.med_list_codg, "insu_admdvs": item.area, "begndate": told["begndate"], "enddate": None,
        "vali_flag": "1",
    }  # fmt: skip
    if infno == "1318":
        return row | {"hilist_pric_uplmt_amt": _limit(item)}
    if infno == "1319":
        return row | {"selfpay_prop_psn_type": ALL_PERSONS, "selfpay_prop": told["selfpay_prop"]}
    names = ("med_chrgitm_type", "chrgitm_lv", "list_type")
    return row | {"hilist_name": item.name, "memo": item.note or None} | {name: told[name] for name in names}


def dictionary(house: House, said: Said) -> dict[str, Any]:
    """1901: the codes of a table that hold at the place asked for (admdvs, else the place of treatment).

    A name that is from memory or inferred says so in ``memo``. Raises BadInput B60; an unknown table gives no rows.
    """
    node = node_of(said)
    wanted = text(node, "type")
    area = text(node, "admdvs") or said.mdtrtarea_admvs
    if not wanted:
        raise refusals.field_missing("type")
    told = [
        {"type": wanted, "label": label, "value": value, "parentValue": None, "valiFlag": "1", "memo": MARKS[mark]}
        for value, label, mark, local in tables().get(wanted, ())
        if not local or (area[:2] == local[:2] and (local.endswith("0000") or area[:4] == local[:4]))
    ]
    return {"list": told or None}


MARKS = {"S": None, "M": "名称未经核对（from memory）", "I": "名称为推断（inferred）"}


@cache
def tables() -> dict[str, tuple[tuple[str, str, str, str], ...]]:
    """Return the code tables of dictionary.toml: (value, label, mark S M or I, area or '') by type."""
    read = tomllib.loads(DICTIONARY.read_text(encoding="utf-8"))["table"]
    return {table["type"]: tuple(tuple(code) for code in table["codes"]) for table in read}


TRANSACTIONS = (
    *(Transaction(infno, ask=file) for infno in FILES), *(Transaction(infno, ask=rows) for infno in ROWS),
    Transaction("1901", ask=dictionary),
)  # fmt: skip
