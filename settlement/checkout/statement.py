"""The files of 3202: the institution's rows that come in, the differences that go out.

In (columns from two public clients): setl_id, mdtrt_id, psn_no, medfee_sumamt, fund_pay_sumamt, acct_pay,
refd_setl_flag, exp_content; the last may be missing. Out: psn_no, mdtrt_id, setl_id, msgid, stmt_rslt, refd_setl_flag,
memo, medfee_sumamt, fund_pay_sumamt, acct_pay, exp_content. Both: one text file in a ZIP, UTF-8, a tab between columns,
``null`` for an empty one, no header. GB18030 is read too, since some hospitals write it. That the amounts of a
difference are the centre's (the institution's where the centre has none) is our choice: the sources only name the
columns.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from settlement.checkout import refusals_accounts as refusals
from settlement.errors import BadInput
from settlement.money import fen, yuan

LARGEST_TEXT = 64 * 1024 * 1024  # bytes of text taken out of a ZIP, so that a small file cannot fill the memory
MOST_ROWS = 300_000
COLUMNS = (7, 8)
NOTHING = "null"
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DATE = (1980, 1, 1, 0, 0, 0)  # the same rows make the same ZIP


class Row(NamedTuple):
    """One line of the institution's file; ``line`` counts from 1, amounts are fen."""

    line: int
    setl_id: str
    mdtrt_id: str
    psn_no: str
    medfee_fen: int
    fund_fen: int
    acct_fen: int
    refund: bool  # refd_setl_flag


class Difference(NamedTuple):
    """One row of the result; '' is written as null."""

    psn_no: str
    mdtrt_id: str
    setl_id: str
    msgid: str
    stmt_rslt: str
    refd_setl_flag: str
    memo: str
    medfee_fen: int
    fund_fen: int
    acct_fen: int


def unpacked(content: bytes) -> str:
    """Return the text in a ZIP. Raises BadInput B68 for what is no ZIP of one text file, or far too large."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            inside = [member for member in packed.infolist() if not member.is_dir()]
            if len(inside) != 1:
                raise refusals.statement_zip(f"holds {len(inside)} files", f"中有 {len(inside)} 个文件")
            if inside[0].flag_bits & 1 or inside[0].compress_type not in METHODS:
                raise refusals.statement_zip("is encrypted or packed in an unusual way", "已加密或压缩方式不支持")
            with packed.open(inside[0]) as member:
                raw = member.read(LARGEST_TEXT + 1)
    except BadInput:
        raise
    except Exception as error:  # a damaged archive makes zipfile raise a dozen kinds, IndexError among them
        raise refusals.statement_zip(f"cannot be unpacked ({error})", "无法解压") from None
    if len(raw) > LARGEST_TEXT:
        raise refusals.statement_zip(f"unpacks to more than {LARGEST_TEXT} bytes", "解压后过大")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise refusals.statement_zip("is neither UTF-8 nor GB18030", "不是 UTF-8 编码")


def packed(filename: str, text: str) -> bytes:
    """Return a ZIP that holds one text file; the same text makes the same bytes."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as file:
        file.writestr(zipfile.ZipInfo(filename, _DATE), text, zipfile.ZIP_DEFLATED)
    return made.getvalue()


def read_statement(content: bytes) -> list[Row]:
    """Return the rows of an institution's file. Raises BadInput B68 (the file) or B69 (a row, with its line)."""
    lines = unpacked(content).split("\n")
    while lines and not lines[-1].strip():
        lines.pop()
    if len(lines) > MOST_ROWS:
        raise refusals.statement_zip(f"has more than {MOST_ROWS} rows", f"超过 {MOST_ROWS} 行")
    return [_row(number, line.rstrip("\r")) for number, line in enumerate(lines, 1)]


def _row(number: int, line: str) -> Row:
    cells = [_cell(cell) for cell in line.split("\t")]
    if len(cells) not in COLUMNS:
        raise refusals.statement_row(
            number, f"{len(cells)} columns instead of 7 or 8", f"有 {len(cells)} 列，应为 7 或 8 列"
        )
    for name, cell in zip(("setl_id", "mdtrt_id", "psn_no"), cells, strict=False):
        if len(cell) > 30 or not cell.isprintable() or (name == "setl_id" and not cell):
            raise refusals.statement_row(number, f"{name} {cell[:40]!r}", f" {name} 不正确")
    flag = cells[6].lstrip("0")  # one client writes 000 and 001
    if flag not in ("", "1"):
        raise refusals.statement_row(number, f"refd_setl_flag {cells[6][:40]!r}", " refd_setl_flag 应为 0 或 1")
    medfee, fund, acct = (_amount(number, cells, at) for at in (3, 4, 5))
    return Row(number, cells[0], cells[1], cells[2], medfee, fund, acct, flag == "1")


def _cell(cell: str) -> str:
    kept = cell.strip(" \ufeff")
    return "" if kept.lower() == NOTHING else kept


def _amount(number: int, cells: Sequence[str], at: int) -> int:
    name = ("medfee_sumamt", "fund_pay_sumamt", "acct_pay")[at - 3]
    if cells[at] == "" and at > 3:
        return 0  # no payment of that kind; the total has to be there
    try:
        return fen(cells[at], name)
    except BadInput:
        raise refusals.statement_row(number, f"{name} {cells[at][:40]!r}", f" {name} 不是金额") from None


def written(differences: Iterable[Difference], rslt_first: bool) -> str:
    """Return the text of the result; ``rslt_first``: stmt_rslt stands before refd_setl_flag, as most clients read it."""
    return "".join(_line(difference, rslt_first) for difference in differences)


def _line(told: Difference, rslt_first: bool) -> str:
    pair = (told.stmt_rslt, told.refd_setl_flag)
    cells = [told.psn_no, told.mdtrt_id, told.setl_id, told.msgid, *(pair if rslt_first else pair[::-1]), told.memo]
    cells += [yuan(told.medfee_fen), yuan(told.fund_fen), yuan(told.acct_fen), ""]
    return "\t".join(" ".join(cell.split()) or NOTHING for cell in cells) + "\n"
