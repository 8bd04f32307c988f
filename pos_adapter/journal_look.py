"""A journal read: the messages of the day, and any older one; for the till itself, and for who looks while it works."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from pos_adapter import journal_file as files
from pos_adapter import journal_refusals as refusals
from pos_adapter.journal_fold import Entry, Fold
from pos_adapter.journal_rows import Row
from pos_adapter.messages import Outgoing
from settlement.vault import Vault


class Owner(NamedTuple):
    """Whose journal it is."""

    fixmedins_code: str
    till_no: int
    vault: Vault


class JournalReading:
    """One till's journal in one folder, as far as it was read."""

    def __init__(self, folder: Path, owner: Owner) -> None:
        self.folder, self.owner, self.notes = folder, owner, list[str]()
        self._fold = Fold()

    def entries(self) -> list[Entry]:
        """Return the messages of the day, and older ones that are or were open."""
        return sorted(self._fold.entries.values())

    def pending(self) -> list[Entry]:
        """Return the messages whose outcome is not known, oldest first."""
        return self._fold.open()

    def find(self, msgid: str) -> Entry | None:
        """Return a message of this journal, however old; None if it was never sent from here."""
        return self._fold_with(msgid).entries.get(msgid)

    def said(self, msgid: str) -> Outgoing:
        """Return a message as it was sent, without its secrets. Raises BadInput J10 if it is not in the journal."""
        return Outgoing(**self._opened(self._raw(msgid)[0]))

    def told(self, msgid: str) -> dict[str, Any]:
        """Return what is known of a message's outcome: err_msg (``text``), the ``output``, the ``row`` if there is one."""
        records = self._raw(msgid)
        return self._opened(records[-1]) if len(records) > 1 else {}

    def row(self, msgid: str) -> Row | None:
        """Return the latest row that a message booked."""
        for record in reversed(self._raw(msgid)):
            if record["k"] == "state" and record["day"]:
                return Row(**self._opened(record)["row"])
        return None

    def rows(self, first: str = "", last: str = "9") -> Iterator[Row]:
        """Yield what the till has booked with a settlement day from ``first`` to ``last``, in the order it learned of it."""
        paths = files.files_of(self.folder)
        for path, after in zip(paths, [*paths[1:], None], strict=True):
            if after is not None:
                days = msgspec.json.decode(files.first_record(after))["days"]
                if not days or days[1] < first or days[0] > last:
                    continue
            for record in self._records(path):
                if record["k"] == "state" and record["day"] and first <= record["day"] <= last:
                    yield Row(**self._opened(record)["row"])

    def settled_row(self, setl_id: str) -> Row | None:
        """Return the latest row of a settlement, not of its giving back; None if it was not made here."""
        for path in reversed(files.files_of(self.folder)):
            for record in reversed(self._records(path)):
                if record["k"] == "state" and record["day"]:
                    row = Row(**self._opened(record)["row"])
                    if row.setl_id == setl_id and not row.refund:
                        return row
        return None

    def _records(self, path: Path) -> list[dict[str, Any]]:
        return [msgspec.json.decode(content) for content in files.scan(path).records]

    def _raw(self, msgid: str) -> list[dict[str, Any]]:
        raw = self._fold_with(msgid).raw.get(msgid)
        if raw is None:
            raise refusals.not_ours(msgid)
        return raw

    def _fold_with(self, msgid: str) -> Fold:
        """Return the day's messages if it is one of them, else what earlier files have of this one alone."""
        mine = msgid.startswith(self.owner.fixmedins_code) and msgid[26:28] == f"{self.owner.till_no:02d}"
        if msgid in self._fold.entries or not mine:
            return self._fold
        seen = list[dict[str, Any]]()
        for path in reversed(files.files_of(self.folder)):
            seen += [record for record in self._records(path) if "msgid" in record]
            if any(record["k"] == "pending" and record["msgid"] == msgid for record in seen):
                break
        wanted = {msgid} | {record["msgid"] for record in seen if record.get("omsgid") == msgid}
        found = {record["n"]: record for record in seen if record["msgid"] in wanted}
        fold = Fold()
        for number in sorted(found):
            fold.take(found[number])
        return fold

    def _opened(self, record: dict[str, Any]) -> dict[str, Any]:
        context = f"{record['msgid']}|{record['k']}".encode()
        plain = self.owner.vault.open(base64.b64decode(record["s"]), context)
        opened: dict[str, Any] = msgspec.json.decode(plain)
        return opened


def look(folder: Path, vault: Vault) -> JournalReading:
    """Return a journal as it lies on the disk, without its lock; nothing is written.

    A record that is half there is left out, as it may just be being written; what is PENDING may be under way. Raises
    what ``owner_of`` raises.
    """
    made = JournalReading(folder, owner_of(folder, vault))
    for record in made._records(files.files_of(folder)[-1]):
        made._fold.take(record)
    return made


def owner_of(folder: Path, vault: Vault) -> Owner:
    """Return whose journal lies in a folder. Raises BadInput J05 (other keys), J19 (there is none), NotAvailable J02."""
    paths = files.files_of(folder) if folder.is_dir() else []
    if not paths:
        raise refusals.no_journal(str(folder))
    head = msgspec.json.decode(files.first_record(paths[-1]))
    if head["keys"] != vault.name:
        raise refusals.not_this_till(f"the journal in {folder} is sealed with other keys")
    return Owner(head["fixmedins_code"], head["till_no"], vault)
