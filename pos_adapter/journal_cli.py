"""``python -m pos_adapter journal list | show | resolve``: what a till has open, and finding out about it.

``list`` and ``show`` read beside a running till and write nothing; ``resolve`` needs the journal to itself. Names and
numbers of persons are not shown: of what was sent only the amounts, and a platform's words with such values taken out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

if TYPE_CHECKING:  # the command line of the card reader must not wait for all this
    from pos_adapter.journal_fold import Entry
    from pos_adapter.journal_look import JournalReading
    from pos_adapter.till import Till

journal_app = App(name="journal", help="Look at a till's journal, and resolve what is open in it (docs/journal.md).")

OPEN, RESOLVED = 3, 0  # how the commands end: something is open, or nothing; 1 is an error
LONG = 6  # characters; a name in Chinese has two


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Where the till's platform is and how it is spoken to.

    Parameters
    ----------
    url
        Where the service listens, without a path.
    profile
        The region's profile.
    clients
        A clients file with the private side of the keys; without it the sandbox's published client, or none.
    client
        Which client of the file; without it its first.
    sign_no
        The sign-in (9001) under which messages are sent, where the platform wants one.
    fixmedins_name
        The institution's name in the envelope.
    """

    url: str = "http://127.0.0.1:8480"
    profile: str = "plain"
    clients: Path | None = None
    client: str = ""
    sign_no: str = ""
    fixmedins_name: str = ""


USUAL = Platform()


@journal_app.command(name="list")
def list_open(folder: Path, *, keys: Path | None = None) -> int:
    """List the messages whose outcome is not known, with what to do; ends with 3 if there are any.

    Parameters
    ----------
    folder
        The journal's folder.
    keys
        The till's key file; without it that of SETTLEMENT_KEYS or SETTLEMENT_KEYS_FILE.
    """
    journal = _look(folder, keys)
    entries = journal.pending()
    print(f"{journal.owner.fixmedins_code} till {journal.owner.till_no:02d} 终端: {len(entries)} open 待核对")
    for entry in entries:
        print("\n".join(_lines(journal, entry)))
    return OPEN if entries else RESOLVED


@journal_app.command
def show(folder: Path, msgid: str, *, keys: Path | None = None) -> int:
    """Show what is known of one message, however old, as JSON.

    Parameters
    ----------
    folder
        The journal's folder.
    msgid
        The message's id.
    keys
        The till's key file; without it that of SETTLEMENT_KEYS or SETTLEMENT_KEYS_FILE.
    """
    from pos_adapter.journal_refusals import not_ours  # noqa: PLC0415

    journal = _look(folder, keys)
    entry = journal.find(msgid)
    if entry is None:
        raise not_ours(msgid)
    row = journal.row(msgid)
    known = entry._asdict() | {"amounts": _amounts(journal, entry)}
    known |= {"platform_said": _without_persons(journal, msgid, str(journal.told(msgid).get("text") or ""))}
    known |= {"setl_id": row.setl_id, "mdtrt_id": row.mdtrt_id, "day": row.day} if row else {}
    print(json.dumps(known, ensure_ascii=False, indent=1))
    return RESOLVED


@journal_app.command
def resolve(
    folder: Path, *, keys: Path | None = None, undo: tuple[str, ...] = (),
    platform: Annotated[Platform, Parameter(name="*")] = USUAL,
) -> int:  # fmt: skip
    """Find out about every open message: ask (5203), then undo or repeat as allowed; ends with 3 if any stays open.

    Parameters
    ----------
    folder
        The journal's folder. The till's program must have ended.
    keys
        The till's key file; without it that of SETTLEMENT_KEYS or SETTLEMENT_KEYS_FILE.
    undo
        The msgid of a message to take back by 2601; may be given several times.
    """
    from pos_adapter import resolving  # noqa: PLC0415
    from pos_adapter.journal_refusals import not_ours  # noqa: PLC0415
    from pos_adapter.journal_report import DID_EN, findings_report  # noqa: PLC0415

    with _till(folder, keys, platform) as till:
        entries = {entry.msgid for entry in till.pending()}
        if strange := [msgid for msgid in undo if msgid not in entries]:
            raise not_ours(strange[0])
        for finding in resolving.resolve(till, lambda entry: entry.msgid in undo):
            text = _without_persons(till.journal, finding.entry.msgid, finding.text)
            print(findings_report([finding._replace(text=text)]))
            print(f"    {DID_EN[finding.did]}")
        still = till.pending()
        print(f"{len(still)} open 待核对")
        return OPEN if still else RESOLVED


def _look(folder: Path, keys: Path | None) -> JournalReading:
    from pos_adapter.journal_look import look  # noqa: PLC0415
    from settlement.vault import open_vault  # noqa: PLC0415

    return look(folder, open_vault(keys))


@contextmanager
def _till(folder: Path, keys: Path | None, platform: Platform) -> Iterator[Till]:
    """Open the journal as its till and yield that: it speaks as whoever sent the oldest open message."""
    from pos_adapter.journal import Journal  # noqa: PLC0415
    from pos_adapter.journal_look import owner_of  # noqa: PLC0415
    from pos_adapter.national_client import NationalClient, Place  # noqa: PLC0415
    from pos_adapter.till import Desk, Till  # noqa: PLC0415
    from settlement.national.calling import party_from  # noqa: PLC0415
    from settlement.national.profile import load_profile  # noqa: PLC0415
    from settlement.vault import open_vault  # noqa: PLC0415

    profile, vault = load_profile(platform.profile), open_vault(keys)
    party, _ = party_from(profile, platform.clients, platform.client)
    owner = owner_of(folder, vault)
    journal = Journal(folder, owner)
    try:
        for note in journal.notes:
            print(f"注意：{note}")
        place = Place(owner.fixmedins_code, platform.fixmedins_name or owner.fixmedins_code)
        client = NationalClient(platform.url, profile, place, party)
        client.sign_no = platform.sign_no
        said = [journal.said(entry.msgid) for entry in journal.pending()[:1]]
        desk = Desk(said[0].mdtrtarea_admvs, said[0].opter, said[0].opter_name) if said else Desk("", "", "")
        yield Till(journal, client, desk, profile)
    finally:
        journal.close()


def _lines(journal: JournalReading, entry: Entry) -> list[str]:
    """Return what ``list`` shows of an open message."""
    from pos_adapter.journal_fold import PENDING  # noqa: PLC0415
    from pos_adapter.journal_report import STATE_ZH, UNDER_WAY, name_of, next_step  # noqa: PLC0415

    zh, en = UNDER_WAY if entry.state == PENDING else next_step(journal, entry)
    amounts = "  ".join(f"{name} {amount}" for name, amount in _amounts(journal, entry).items())
    return [
        f"{entry.sent_at}  {entry.infno} {name_of(entry.infno)}  {entry.msgid}  {entry.state} {STATE_ZH[entry.state]}",
        f"    {amounts or 'no amounts 无金额'}  attempts 发送次数 {entry.attempts}",
        f"    {zh}",
        f"    {en}",
    ]


def _amounts(journal: JournalReading, entry: Entry) -> dict[str, str]:
    """Return the amounts of a message in yuan: those it booked, else the total that was sent; none of a 2601."""
    from settlement.money import yuan  # noqa: PLC0415

    row = journal.row(entry.msgid)
    if row is not None:
        names = {
            "medfee_sumamt": row.medfee_fen, "fund_pay_sumamt": row.fund_fen, "acct_pay": row.acct_fen,
            "acct_mulaid_pay": row.mulaid_fen, "psn_cash_pay": row.cash_fen,
        }  # fmt: skip
        return {name: yuan(amount) for name, amount in names.items()}
    nodes: dict[str, Any] = journal.said(entry.msgid).input
    sent = [node["medfee_sumamt"] for node in nodes.values() if isinstance(node, dict) and node.get("medfee_sumamt")]
    return {"medfee_sumamt": str(sent[0])} if sent else {}


def _without_persons(journal: JournalReading, msgid: str, text: str) -> str:
    """Return what a platform said without the names and numbers of the message that it may quote."""
    from settlement.national.masking import without  # noqa: PLC0415

    return without(text, _telling([journal.said(msgid).input, journal.told(msgid).get("output")]))


def _telling(content: Any) -> Any:
    """Return content without values that are too short to tell of anybody, and would be found in any text."""
    if isinstance(content, dict):
        return {name: _telling(value) for name, value in content.items()}
    if isinstance(content, list):
        return [_telling(value) for value in content]
    text = "" if content is None else str(content)
    return text if len(text) >= LONG or (len(text) > 1 and not text.isascii()) else None
