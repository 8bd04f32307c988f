"""The door for a till in the same process: identify, pre-settle, settle, cancel, reverse.

A till hands over a basket instead of national messages; everything behind it is what the interface uses, on the same
book. Stored before shown; the same message again gets the first answer.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from settlement.checkout import carded, claims, reversal, settling
from settlement.checkout.base import (
    SETL,
    House,
    Reader,
    Said,
    dumps,
    id_of,
    known,
    loads,
    message_of,
    refuse_replay_of_void,
)
from settlement.checkout.claims import Claim, day_of_text, refused, refused_as
from settlement.checkout.filed import filed
from settlement.checkout.settling import Outcome, Task
from settlement.codes import FILINGS
from settlement.engine import Settled, settle_drafts
from settlement.errors import BadInput
from settlement.explain import text_of
from settlement.identity import PresentedIdentity
from settlement.intake.persons import Carried
from settlement.ledger import Desk, Ledger, SqliteLedger, Stored, Work
from settlement.money import yuan
from settlement.present import claim_json
from settlement.registry import InsuredPerson, Registry, load_registry
from settlement.rules.rulebook import Rulebook, open_rulebook
from settlement.warm import warm_kernel

FROM_REGISTRY = (
    "psn_no", "insuplc_admdvs", "mdtrtarea_admvs", "insutype", "psn_type", "psn_insu_stas", "cvlserv_flag", "brdy",
    "medinslv", "filing",
)  # fmt: skip
DATA = Path(__file__).parent.parent.parent / "data"


class Answer(NamedTuple):
    """What the till shows: the settlement as JSON, its explanation, and whether this call made it or found it."""

    setl_id: str
    content: dict[str, Any]
    first: bool

    @property
    def explanation(self) -> str:
        """The explanation as it was stored with the settlement."""
        return str(self.content["explanation"])


class Checkout:
    """Settles for one institution's tills on one book."""

    def __init__(
        self, book: Rulebook, ledger: Ledger, registry: Registry, clock: Callable[[], datetime] = datetime.now
    ) -> None:
        self.book, self.ledger, self.registry, self.clock = book, ledger, registry, clock

    @property
    def house(self) -> House:
        """What the transactions of the national interface use of this checkout."""
        return House(self.book, self.ledger, self.registry, self.clock)

    def person(self, presented: PresentedIdentity) -> InsuredPerson:
        """Return the insured person behind what was presented; raises BadInput (P codes)."""
        return carded.who(self.house, presented, carded.Occasion("", self.clock().date().isoformat()))

    def pre_settle(self, person: InsuredPerson, basket: dict[str, Any], fixmedins_code: str) -> dict[str, Any]:
        """Return what ``settle`` would answer now, booking nothing."""
        said = self._said("2206", fixmedins_code, "", {"psn_no": person.psn_no, "basket": basket})
        outcome = settling.calculated(self.house, said, self._draw(person, basket))
        return _content(self.house, outcome)

    def settle(self, person: InsuredPerson, basket: dict[str, Any], fixmedins_code: str, msgid: str) -> Answer:
        """Settle a basket once and return the stored answer.

        ``basket`` holds med_type, setl_time, feedetail and what else a claim may say; person, place and level come from
        the registry. Raises BadInput with a refusal code, or what the book raises; then nothing is booked.
        """
        # Only what the till said: a retry is the same message even if the registry has learnt something since.
        infno = "2102" if basket.get("med_type") == "41" else "2207"
        said = self._said(infno, fixmedins_code, msgid, {"psn_no": person.psn_no, "basket": basket})
        self._known(person, basket, fixmedins_code)
        task = Task(self.house, said, self._draw(person, basket), _answer)
        stored = self._booked(said, settling.grouped(task))
        return Answer(stored.setl_id, loads(stored.answer), stored.first)

    def cancel(self, person: InsuredPerson, setl_id: str, fixmedins_code: str, msgid: str) -> Answer:
        """Give back, once, a settlement that is known to be good; the content is the row of opposite sign.

        Raises BadInput (B15 to B22, K03), or what the book raises; then nothing is given back.
        """
        desk = Reader(self.ledger)
        infno = reversal.CANCELS.get((known(desk, SETL, setl_id) or {}).get("infno", ""), "2208")
        said = self._said(infno, fixmedins_code, msgid, {"psn_no": person.psn_no, "setl_id": setl_id})
        stored = self._booked(said, reversal.cancel(self.house, said))
        row = known(desk, SETL, stored.setl_id) or {}
        shown = {name: row[name] for name in ("setlinfo", "setldetail", "explanation")}
        return Answer(stored.setl_id, shown, stored.first)

    def reverse(self, person: InsuredPerson, omsgid: str, oinfno: str, fixmedins_code: str, msgid: str) -> None:
        """Undo a message whose outcome is not known (2601); one that has not come yet is refused when it comes.

        That this returns is no proof that anything was booked before; the institution's accounts are.
        """
        said = self._said("2601", fixmedins_code, msgid, {"psn_no": person.psn_no, "omsgid": omsgid, "oinfno": oinfno})
        self._booked(said, reversal.reverse(self.house, said))

    def under_each_filing(self, person: InsuredPerson, basket: dict[str, Any], fixmedins_code: str) -> list[Settled]:
        """Return the pre-settlement of a basket elsewhere under each filing: what filing first would have changed."""
        said = self._said("2206", fixmedins_code, "", {"psn_no": person.psn_no, "basket": basket})
        claim = self._draw(person, basket)(Reader(self.ledger), self.house, said)
        state, _ = settling.opened(self.ledger.person(person.psn_no), claim)
        carried: Carried = {
            (person.psn_no, key.area, key.period_kind, key.period_start, key.name): value
            for key, value in state.counters.items()
        }
        made = []
        for filing in FILINGS:
            draft = claim.draft | {
                "filing": filing, "medins_setl_id": filing, "balc": yuan(state.acct_balc_fen or 0),
            }  # fmt: skip
            settled = settle_drafts([draft], self.book, 1, carried)
            if settled.refusals:
                raise refused_as(settled.refusals[0])
            made.append(settled)
        return made

    def _said(self, infno: str, fixmedins_code: str, msgid: str, data: dict[str, Any]) -> Said:
        now = self.clock()
        return Said(
            infno, msgid, fixmedins_code, "", "", "", "1", f"{now:%Y-%m-%d %H:%M:%S}", {"data": data}, msgid,
            f"{now:%Y%m%d%H%M%S}000",
        )  # fmt: skip

    def _booked(self, said: Said, work: Work) -> Stored:
        stored = self.ledger.settle(message_of(said), work)
        refuse_replay_of_void(self.house, said, stored)
        return stored

    def _draw(self, person: InsuredPerson, basket: dict[str, Any]) -> Callable[[Desk, House, Said], Claim]:
        return partial(self._claim, person, basket)

    def _claim(self, person: InsuredPerson, basket: dict[str, Any], desk: Desk, house: House, said: Said) -> Claim:
        told = self._known(filed(desk, person), basket, said.fixmedins_code)
        draft = {"acct_used_flag": "1"} | basket | told | ({"medins_setl_id": said.msgid} if said.msgid else {})
        return Claim(
            said, draft, claims.person_fields(person), person.opening_balc, {}, str(basket.get("setl_time") or ""),
            id_of(said, "mdtrt"),
        )  # fmt: skip

    def _known(self, person: InsuredPerson, basket: dict[str, Any], fixmedins_code: str) -> dict[str, Any]:
        """Return what the registry says about person and place on the basket's day."""
        if "year_so_far" in basket or "balc" in basket:
            raise BadInput(
                "C14_UNKNOWN_FIELD",
                "a basket carries no year_so_far or balc",
                "the book holds the counters",
                "Leave them out",
                "购药或就诊信息中不应带年度累计和账户余额，以账本为准",
            )
        place = self.registry.place(fixmedins_code)
        return {
            "psn_no": person.psn_no, "insuplc_admdvs": person.insuplc_admdvs, "mdtrtarea_admvs": place.admdvs,
            "insutype": person.insutype, "psn_type": person.psn_type, "psn_insu_stas": person.psn_insu_stas,
            "cvlserv_flag": person.cvlserv_flag, "brdy": person.brdy.isoformat(), "medinslv": place.medinslv,
            "filing": person.filing_for(place.admdvs, _day(basket)),
        }  # fmt: skip


def _content(house: House, outcome: Outcome) -> dict[str, Any]:
    draft = outcome.claim.draft
    said = {"rulebook": house.book.digest, "registry": {name: draft[name] for name in FROM_REGISTRY}}
    return claim_json(outcome.told) | said | {"explanation": text_of(outcome.sentences, outcome.told, house.book)}


def _answer(house: House, outcome: Outcome, _: dict[str, Any]) -> bytes:
    return dumps(_content(house, outcome))


def _day(basket: dict[str, Any]) -> date:
    """Return the day of a basket; raises BadInput C01 or C05 like a claim of a file without one."""
    name = "endtime" if basket.get("endtime") else "setl_time"
    if not basket.get(name):
        raise refused("C01_FIELD_MISSING", name, name)
    return day_of_text(basket[name], name)


def open_checkout(folder: Path, registry: Path | None = None, pools: Path | None = None) -> Checkout:
    """Return a checkout on the book in ``folder`` (made if it is new), with the shipped rules and the sample registry.

    The caller closes ``checkout.ledger``. The kernel is made ready first: compiled inside a settlement, it would keep the book's
    writer from every other till for longer than they wait.
    """
    warm_kernel()
    folder.mkdir(parents=True, exist_ok=True)
    ledger = SqliteLedger(folder / "book.sqlite")
    return Checkout(open_rulebook(pools).book, ledger, load_registry(registry or DATA / "registry.json"))
