"""A real book with settlements put straight into it, the institution's own list of them, and an independent reader."""

from __future__ import annotations

import base64
import csv
import io
import random
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from checkout_till import HOSPITAL, Till

from settlement.checkout import base
from settlement.checkout.base import Conventions, fact, loads
from settlement.checkout.transactions import settle_message
from settlement.ledger.book import Booking, Message, Settlement
from settlement.registry import load_registry
from settlement.rules.rulebook import Rulebook, open_rulebook

REGISTRY = Path(__file__).parents[2] / "data" / "registry.json"
COLUMNS = (
    "psn_no", "mdtrt_id", "setl_id", "msgid", "stmt_rslt", "refd_setl_flag", "memo", "medfee_sumamt", "fund_pay_sumamt",
    "acct_pay", "exp_content",
)  # fmt: skip
MAY = {"stmt_begndate": "2024-05-01", "stmt_enddate": "2024-05-31", "setl_optins": "220400"}
_BOOKS: list[Rulebook] = []


def rulebook() -> Rulebook:
    """Return the shipped rules, read once."""
    if not _BOOKS:
        _BOOKS.append(open_rulebook().book)
    return _BOOKS[0]


def open_till(folder: Path, begin: datetime = datetime(2024, 6, 3, 9, 0, 0)) -> Till:
    """Return a till on an empty book, by default after May is over."""
    return Till(rulebook(), folder, load_registry(REGISTRY), begin)


class Row(NamedTuple):
    """One row as the institution has it; amounts are fen."""

    setl_id: str
    mdtrt_id: str
    psn_no: str
    medfee: int
    fund: int
    acct: int
    flag: str = "0"

    def text(self) -> str:
        cells = [self.setl_id, self.mdtrt_id, self.psn_no, *(_yuan(fen) for fen in self[3:6]), self.flag, "null"]
        return "\t".join(cells)


def _yuan(fen: int) -> str:
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


class Office:
    """The office of an institution: books settlements (as the tills would), keeps its own list, reconciles."""

    def __init__(self, till: Till, seed: int = 1) -> None:
        self.till, self.dice, self.booked = till, random.Random(seed), 0

    def use(self, **conventions: Any) -> None:
        """Change the region's habits."""
        self.till.house = self.till.house._replace(conventions=Conventions(**conventions))

    def settle(self, day: str = "2024-05-06", place: str = HOSPITAL, **given: Any) -> Settlement:
        """Book one settlement of random amounts, or of the amounts given (fen)."""
        self.booked += 1
        number = f"{self.booked:029d}"
        fund, acct, mulaid, cash = (self.dice.randrange(1, 50_000) for _ in range(4))
        amounts = {"fund_fen": fund, "acct_fen": acct, "mulaid_fen": mulaid, "cash_fen": cash}
        amounts |= {name: given.pop(name) for name in list(given) if name in amounts}
        hospital = given.pop("hospital", 0)
        medfee = sum(amounts.values()) + hospital
        row = Settlement(
            f"1{number}", f"2{number}", place, day, "310", "11", "220400", "11", "", medfee, *amounts.values()
        )  # fmt: skip
        return self._book(row._replace(**given))

    def refund(self, of: Settlement, day: str = "") -> Settlement:
        """Book what gives a settlement back (or gives back its giving back)."""
        self.booked += 1
        amounts = {name: -value for name, value in of._asdict().items() if name.endswith("_fen")}
        row = of._replace(setl_id=f"3{self.booked:029d}", reverses=of.setl_id, day=day or of.day, **amounts)
        return self._book(row)

    def _book(self, row: Settlement) -> Settlement:
        msgid = f"M{self.booked}"
        infno = "2208" if row.reverses else "2207"
        told = {"setl_id": row.setl_id, "psn_no": f"P{row.mdtrt_id[-9:]}", "msgid": msgid, "infno": infno}
        told |= {"fixmedins_code": row.fixmedins_code}
        message = Message(row.fixmedins_code, msgid, infno, b"{}", told["psn_no"], "")
        booking = Booking(b"{}", row.setl_id, settlement=row, facts=fact(base.SETL, row.setl_id, told))
        self.till.house.ledger.settle(message, lambda _: booking)
        return row

    def own(self, row: Settlement, id_of_first: bool = False) -> Row:
        """Return a settlement as the institution's list has it; a refund under its own id or that of the first."""
        setl_id = row.reverses if id_of_first and row.reverses else row.setl_id
        flag = "1" if row.medfee_fen < 0 else "0"
        return Row(setl_id, row.mdtrt_id, f"P{row.mdtrt_id[-9:]}", row.medfee_fen, row.fund_fen, row.acct_fen, flag)

    def totals(self, rows: list[Row], cash: int = 0, **more: str) -> dict[str, str]:
        """Return the totals of a list as 3201 and 3202 state them."""
        counted = sum(-1 if row.medfee < 0 else 1 for row in rows)
        return MAY | {
            "insutype": "310", "clr_type": "11", "medfee_sumamt": _yuan(sum(row.medfee for row in rows)),
            "fund_pay_sumamt": _yuan(sum(row.fund for row in rows)), "acct_pay": _yuan(sum(row.acct for row in rows)),
            "cash_payamt": _yuan(cash), "fixmedins_setl_cnt": str(counted),
        } | more  # fmt: skip

    def stmt(self, rows: list[Row], **more: str) -> dict[str, str]:
        """Send a 3201 with the totals of a list and return stmtinfo."""
        answer = self.till.send("3201", {"data": self.totals(rows, **more)})
        told: dict[str, str] = answer["output"]["stmtinfo"]
        return told

    def upload(self, content: bytes, filename: str = "rows.zip", place: str = HOSPITAL) -> str:
        """Send a 9101 and return file_qury_no."""
        node = {"in": base64.b64encode(content).decode(), "filename": filename, "fixmedins_code": place}
        no: str = self.till.send("9101", {"fsUploadIn": node}, place=place)["output"]["file_qury_no"]
        return no

    def fetch(self, file_qury_no: str, place: str = HOSPITAL) -> bytes:
        """Send a 9102 and return the file."""
        node = {"file_qury_no": file_qury_no, "filename": "any", "fixmedins_code": place}
        said = self.till.said("9102", {"fsDownloadIn": node}, place=place)
        content: bytes = bytes_of(self.till, said)
        return content

    def details(self, rows: list[Row], **more: str) -> list[dict[str, str]]:
        """Upload a list, send a 3202, fetch the result; return its rows."""
        file_qury_no = self.upload(zipped("\n".join(row.text() for row in rows) + "\n"))
        node = self.totals(rows, **more) | {"file_qury_no": file_qury_no}
        self.answer = self.till.send("3202", {"data": node})
        return read_result(self.fetch(self.answer["output"]["fileinfo"]["file_qury_no"]))


def bytes_of(till: Till, said: base.Said) -> bytes:
    """Return the bytes of an answer, also one that is a file."""
    return settle_message(till.house, said)


def zipped(text: str | bytes, name: str = "rows.txt") -> bytes:
    """Return a ZIP with one file."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, text)
    return made.getvalue()


def read_result(content: bytes, columns: tuple[str, ...] = COLUMNS) -> list[dict[str, str]]:
    """Read a file of differences by hand: a ZIP of one file, tabs, null for empty, eleven columns."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        [name] = file.namelist()
        assert name.endswith(".txt") and file.testzip() is None
        lines = csv.reader(io.StringIO(file.read(name).decode("utf-8")), delimiter="\t", quoting=csv.QUOTE_NONE)
        rows = list(lines)
    assert all(len(row) == len(columns) for row in rows)
    return [dict(zip(columns, ("" if cell == "null" else cell for cell in row), strict=True)) for row in rows]


def answer_of(content: bytes) -> dict[str, Any]:
    """Return an answer's content."""
    return loads(content)
