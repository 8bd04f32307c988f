"""The journal of a till: every message is on the disk before it is sent, and what became of it when that is known.

It answers three questions after any crash: what was sent, what is known of it, which numbers are used. A message goes
PENDING → SUCCESS, FAIL or UNKNOWN; UNKNOWN → SUCCESS, FAIL or REVERSED, by evidence only (``journal_fold``). What a
message and its answer say is sealed with the till's keys; tokens and passwords are not kept at all. The files are
described in ``journal_file``; a file begins with what the one before left open, so that opening reads one day.

A msgid is institution (12), time (14), till number (2), running number (2): tills of one institution never meet, and a
clock that goes back makes no number twice, since the time never goes back with it.
"""

from __future__ import annotations

import base64
import re
import shutil
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from pos_adapter import journal_file as files
from pos_adapter import journal_refusals as refusals
from pos_adapter.file_lock import FileLock, Held
from pos_adapter.journal_fold import (
    LAST_NUMBER,
    PENDING,
    SECOND,
    UNKNOWN,
    Entry,
    Fold,
    Number,
    check_step,
    next_number,
    second_after,
)
from pos_adapter.journal_look import JournalReading, Owner
from pos_adapter.journal_rows import Row
from pos_adapter.messages import Outgoing
from settlement.national.schemes import CHINA

__all__ = ["Journal", "Owner", "china_now", "without_secrets"]

FORM = 1
ROOM = 1 << 20  # bytes that must be free beside a message, so that its outcome finds room too
RESERVED_S = 60  # for how long ahead questions may number their messages
TIME = "%Y-%m-%d %H:%M:%S"
TOKEN_CERT = "01"  # mdtrt_cert_type of the electronic voucher, whose number is a token
LEFT_OUT = "***"
_SECRET = re.compile(r"pin|psw|pwd|password|passwd|token|ectoken|auth_?no|secret", re.IGNORECASE)
_CODE = re.compile(r"[0-9A-Za-z]{12}")


def china_now() -> datetime:
    """Return the time in China, on any machine."""
    return datetime.now(CHINA).replace(tzinfo=None)


def without_secrets(node: Any) -> Any:
    """Return a node without tokens and passwords; equal to it if it holds none."""
    if isinstance(node, list):
        return [without_secrets(row) for row in node]
    if not isinstance(node, dict):
        return node
    token = str(node.get("mdtrt_cert_type", "")) == TOKEN_CERT
    return {
        name: LEFT_OUT
        if value and (_SECRET.fullmatch(name) or (token and name == "mdtrt_cert_no"))
        else without_secrets(value)
        for name, value in node.items()
    }


class Journal(JournalReading):
    """One till's journal in one folder. ``notes`` says in Chinese what was found when it was opened."""

    def __init__(self, folder: Path, owner: Owner, clock: Callable[[], datetime] = china_now) -> None:
        """Open a journal, or begin one in an empty folder.

        What was PENDING when the last program ended is UNKNOWN from here on. Raises NotAvailable J01 (held by another
        process), J02 (damaged), J03 (cannot be written), BadInput J05 (another till's) or J16.
        """
        if not _CODE.fullmatch(owner.fixmedins_code) or not 0 <= owner.till_no <= LAST_NUMBER:
            raise refusals.place_code(owner.fixmedins_code)
        super().__init__(folder, owner)
        self.clock, self._busy = clock, threading.RLock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self._lock = FileLock(folder / "lock")
        except Held as error:
            raise refusals.held(str(folder), error.holder) from None
        except OSError as error:
            raise refusals.not_written(error.strerror or str(error)) from None
        self._days, self._day, self._reserved = list[str](), "", ""
        self._writer: files.Writer | None = None
        self._given = set[str]()  # numbers for messages that are not written yet
        try:
            self._writer = self._open()
            for entry in self._fold.open():
                if entry.state == PENDING:
                    self.write_state(entry.msgid, UNKNOWN, "restart", "程序中断")
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Close it and let others have it; a second time does nothing."""
        if self._writer is not None:
            self._writer.close()
        self._lock.release()

    # --- what is written ---

    def next_msgid(self, kept: bool = True) -> str:
        """Return a msgid that was never used. ``kept``: its message will be written; a question's is not."""
        with self._busy:
            number = next_number(self.clock().strftime(SECOND), self._fold.high)
            if not kept and number.second > self._reserved:
                upto = second_after(number.second, RESERVED_S)
                self._append({"k": "numbers", "upto": upto})
                self._reserved = upto
            self._fold.high = number
            msgid = f"{self.owner.fixmedins_code}{number.second}{self.owner.till_no:02d}{number.n:02d}"
            if kept:
                self._given.add(msgid)
            return msgid

    def write_pending(self, message: Outgoing) -> Entry:
        """Write a message that is about to be sent; when this returns it is on the disk.

        Raises NotAvailable J03 or J04: then it must not be sent.
        """
        with self._busy:
            free = shutil.disk_usage(self.folder).free
            if free < ROOM:
                raise refusals.not_written(f"{free} bytes free")
            if message.msgid not in self._given:
                raise refusals.not_allowed(message.msgid, "a number that is used or was not given", PENDING)
            self._turn()
            kept = without_secrets(message.input)
            named = message.input.get("data")
            omsgid = str(named.get("omsgid") or "") if isinstance(named, dict) else ""
            if omsgid:
                self._take_up(omsgid)
            record = {
                "k": "pending", "n": self._fold.count + 1, "msgid": message.msgid, "infno": message.infno,
                "at": self.clock().strftime(TIME), "omsgid": omsgid, "masked": kept != message.input,
            }  # fmt: skip
            self._write(record, message._replace(input=kept)._asdict())
            self._given.discard(message.msgid)
            return self._fold.entries[message.msgid]

    def write_state(
        self, msgid: str, state: str, by: str, code: str = "", *,
        told: Mapping[str, Any] | None = None, row: Row | None = None, again: bool = False,
    ) -> Entry:  # fmt: skip
        """Write what became of a message, by which evidence. ``row``: what it books; ``again``: it went out once more.

        Raises BadInput J10 or J15 (no evidence makes this step), NotAvailable J03 or J04.
        """
        with self._busy:
            self._take_up(msgid)
            entry = self._fold.entries.get(msgid)
            if entry is None:
                raise refusals.not_ours(msgid)
            check_step(entry, state, by)
            record = {
                "k": "state", "n": self._fold.count + 1, "msgid": msgid, "state": state, "by": by, "code": code,
                "at": self.clock().strftime(TIME), "attempts": entry.attempts + again, "day": row.day if row else "",
            }  # fmt: skip
            self._write(record, dict(told or {}) | {"row": row._asdict() if row else None})
            self._spans(row.day if row else "")
            return self._fold.entries[msgid]

    def _write(self, record: dict[str, Any], sealed: dict[str, Any]) -> None:
        context = f"{record['msgid']}|{record['k']}".encode()
        record["s"] = base64.b64encode(self.owner.vault.seal(msgspec.json.encode(sealed), context)).decode()
        self._append(record)

    def _append(self, record: dict[str, Any]) -> None:
        assert self._writer is not None
        self._writer.append(msgspec.json.encode(record))
        self._fold.take(record)  # only what is on the disk counts

    # --- files ---

    def _open(self) -> files.Writer:
        """Read the latest file, put a torn end aside, and go on writing where it ends."""
        paths = files.files_of(self.folder)
        if not paths:
            return self._begin(1, files.ORIGIN)
        found = files.scan(paths[-1])
        if found.torn:
            try:
                aside = files.put_aside(paths[-1], found)
            except OSError as error:
                raise refusals.not_written(error.strerror or str(error)) from None
            self.notes.append(f"流水末尾有 {len(found.torn)} 字节写到一半（未发送或未确认），已移至 {aside.name}")
        records = [msgspec.json.decode(content) for content in found.records]
        self._check_owner(records[0])
        self._check_before(records[0], paths)
        for record in records:
            self._fold.take(record)
            if record["k"] == "state":
                self._spans(record["day"])
        self._day = records[0]["day"]
        return files.Writer(paths[-1], found.check, found.end)

    def _spans(self, day: str) -> None:
        """Note a settlement day of the file's rows; '' is none."""
        if day:
            self._days = [min([day, *self._days]), max([day, *self._days])]

    def _check_owner(self, head: dict[str, Any]) -> None:
        owner = self.owner
        mine = {"fixmedins_code": owner.fixmedins_code, "till_no": owner.till_no, "keys": owner.vault.name}
        if head["form"] != FORM:
            raise refusals.not_this_till(f"the journal has form {head['form']}, this program writes {FORM}")
        if off := [name for name in mine if mine[name] != head[name]]:
            raise refusals.not_this_till(f"the journal in {self.folder} has another {', '.join(off)}")

    def _check_before(self, head: dict[str, Any], paths: list[Path]) -> None:
        """Check that the file before is whole, if it is still here."""
        if head["number"] == 1:
            return
        if len(paths) < 2 or files.number_of(paths[-2]) != head["number"] - 1:
            self.notes.append(f"缺少第 {head['number'] - 1} 号流水文件（可能已归档）")
            return
        found = files.scan(paths[-2])
        if found.torn or found.check.hex() != head["after"]:
            raise refusals.damaged(paths[-2].name, "its end")

    def _begin(self, number: int, after: bytes) -> files.Writer:
        """Begin a file, with all that is open."""
        day = self.clock().strftime("%Y-%m-%d")
        head = {
            "k": "head", "form": FORM, "number": number, "day": day, "after": after.hex(),
            "fixmedins_code": self.owner.fixmedins_code, "till_no": self.owner.till_no, "keys": self.owner.vault.name,
            "upto": list(self._upto()), "days": self._days, "records": self._fold.carried(),
        }  # fmt: skip
        path = self.folder / f"{number:06d}-{day}{files.SUFFIX}"
        writer = files.Writer.begin(path, after, msgspec.json.encode(head))
        self._day, self._days = day, []
        return writer

    def _upto(self) -> Number | tuple[()]:
        high = max(self._fold.high, Number(self._reserved, LAST_NUMBER))
        return high if high.second else ()

    def _turn(self) -> None:
        """Go on in a new file if the day is another one, earlier or later."""
        if self.clock().strftime("%Y-%m-%d") == self._day:
            return
        old = self._writer
        assert old is not None
        self._writer = self._begin(files.number_of(old.path) + 1, old.check)
        old.close()
        fresh = Fold()
        fresh.take({"k": "head", "upto": self._upto(), "records": self._fold.carried()})
        fresh.count = self._fold.count
        self._fold = fresh

    def _take_up(self, msgid: str) -> None:
        """Let this file know a message of an earlier one, before anything is written about it."""
        if msgid in self._fold.entries:
            return
        raw = self._fold_with(msgid).raw
        if msgid in raw:
            records = sorted((record for own in raw.values() for record in own), key=lambda record: record["n"])
            self._append({"k": "again", "records": records})
