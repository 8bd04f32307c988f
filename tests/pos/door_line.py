"""A line to a real checkout inside the process, which loses what it is told to lose: for many short lives of a till."""

from __future__ import annotations

import json
from collections import deque

import msgspec

from pos_adapter.messages import UNCLEAR, UNSENT, Outgoing, Reply
from pos_adapter.national_client import Came, read_reply
from settlement.checkout.base import House, Said
from settlement.checkout.transactions import settle_message
from settlement.errors import SettlementError
from settlement.national import envelope as frame
from settlement.national.profile import Profile, base_infno, load_profile

PLAIN = load_profile("plain")


class Crash(Exception):
    """The till's process dies while it waits."""


class DoorLine:
    """``plan``: what happens to the next messages: drop (done, answer lost), lost (never arrives), hold (arrives at
    ``deliver``), garbage, down (not sent), crash (done, and the till dies); beyond it they pass.
    """

    def __init__(self, house: House, place: str, profile: Profile = PLAIN) -> None:
        self.sign_no, self.on_crash = "", lambda: None
        self.house, self.place, self.profile = house, place, profile
        self.plan, self.held = deque[str](), list[Outgoing]()

    def deliver(self) -> None:
        held, self.held = self.held, []
        for message in held:
            self._work(message)

    def ask(self, message: Outgoing, deadline_s: float) -> Reply:
        fault = self.plan.popleft() if self.plan else "pass"
        if fault == "down":
            return Reply(UNSENT, "NO_CONNECTION")
        if fault == "hold":
            self.held.append(message)
        if fault in ("hold", "lost"):
            return Reply(UNCLEAR, "TIMEOUT")
        came = self._work(message)
        if fault == "crash":
            self.on_crash()  # from here on nothing more is written
            raise Crash
        if fault == "drop":
            return Reply(UNCLEAR, "BROKEN_LINE")
        return read_reply(self.profile, "", message.infno, came._replace(body=b"{") if fault == "garbage" else came)

    def _work(self, message: Outgoing) -> Came:
        """Answer a message as the service does: in its frame, refusals too."""
        at = self.house.clock()
        receipt = frame.receipt(message.mdtrtarea_admvs, at)
        said = Said(
            base_infno(message.infno), message.msgid, self.place, message.mdtrtarea_admvs, message.insuplc_admdvs,
            message.opter, "1", receipt.at, json.loads(json.dumps(message.input)), receipt.inf_refmsgid,
            receipt.refmsg_time, "supervisor",
        )  # fmt: skip
        try:
            answer = settle_message(self.house, said)
        except SettlementError as error:
            told = frame.refused(error, -1, receipt, receipt.refmsg_time)
            return Came(200, "application/json", msgspec.json.encode(told))
        if message.infno == "9102":
            return Came(200, "application/octet-stream", answer)
        return Came(200, "application/json", frame.stored_with_frame(answer, message.msgid))
