"""The till's door: identify, pre-settle, settle. Stored before shown; the same message again gets the first answer.

The person's counters and account balance are the book's, read and written inside the book's transaction, so that two
tills settling one person at once are both right. Pre-settlement is the same calculation without a booking.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from settlement.codes import FILINGS
from settlement.engine import Settled, settle_drafts
from settlement.errors import REASONS, BadInput, Refusal, SettlementError
from settlement.explain import as_text
from settlement.identities import check
from settlement.identity import PresentedIdentity
from settlement.intake.columns import day_of
from settlement.intake.persons import Carried
from settlement.ledger import Booking, CounterKey, Ledger, Message, PersonState, Posting, SqliteLedger
from settlement.money import fen, yuan
from settlement.present import claim_json
from settlement.registry import InsuredPerson, Registry, load_registry
from settlement.rules.rulebook import Rulebook, open_rulebook
from settlement.warm import warm_kernel

# What the book keeps of the account sits in the message's booking; the national codes name each party of a posting.
FUND_PAY_TYPE = {
    "hifp_pay": {"310": "310100", "390": "390100"}, "hifob_pay": {"310": "330100"}, "hifmi_pay": {"390": "390200"},
    "cvlserv_pay": {"310": "320100"}, "hifes_pay": {"310": "370100"}, "maf_pay": {}, "oth_pay": {},
}  # fmt: skip
DEFAULT_FUND_PAY_TYPE = {"maf_pay": "610100", "oth_pay": "999997"}


DATA = Path(__file__).parent.parent / "data"


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

    def __init__(self, book: Rulebook, ledger: Ledger, registry: Registry) -> None:
        self.book, self.ledger, self.registry = book, ledger, registry

    def person(self, presented: PresentedIdentity) -> InsuredPerson:
        """Return the insured person behind what was presented; raises BadInput (P codes)."""
        return self.registry.who(presented)

    def pre_settle(self, person: InsuredPerson, basket: dict[str, Any], fixmedins_code: str) -> dict[str, Any]:
        """Return what ``settle`` would answer now, booking nothing."""
        known = self._known(person, basket, fixmedins_code)
        return self._answer(self._calculate(_draft(basket, known), self._state(person)), known)

    def settle(self, person: InsuredPerson, basket: dict[str, Any], fixmedins_code: str, msgid: str) -> Answer:
        """Settle a basket once and return the stored answer.

        ``basket`` holds med_type, setl_time, feedetail and what else a claim may say; person, place and level come from
        the registry. Raises BadInput with a refusal code, or what the book raises; then nothing is booked.
        """
        known = self._known(person, basket, fixmedins_code)
        draft = _draft(basket, known) | {"medins_setl_id": msgid}
        # Only what the till said: a retry is the same message even if the registry has learnt something since.
        said = {"psn_no": person.psn_no, "basket": basket}
        body = json.dumps(said, sort_keys=True, ensure_ascii=False, default=str).encode()
        infno = "2102" if basket.get("med_type") == "41" else "2207"
        message = Message(fixmedins_code, msgid, infno, body, person.psn_no, str(basket.get("setl_time") or ""))
        setl_id = hashlib.sha256(f"{fixmedins_code}|{msgid}".encode()).hexdigest()[:30]

        def compute(state: PersonState) -> Booking:
            settled = self._calculate(draft, state)
            content = json.dumps(self._answer(settled, known), ensure_ascii=False).encode()
            return _booking(setl_id, content, settled, person.insutype)

        self._open_account(person)
        stored = self.ledger.settle(message, compute)
        return Answer(stored.setl_id, json.loads(stored.answer), stored.first)

    def under_each_filing(self, person: InsuredPerson, basket: dict[str, Any], fixmedins_code: str) -> list[Settled]:
        """Return the pre-settlement of a basket elsewhere under each filing: what filing first would have changed."""
        draft = _draft(basket, self._known(person, basket, fixmedins_code))
        state = self._state(person)
        return [self._calculate(draft | {"filing": filing, "medins_setl_id": filing}, state) for filing in FILINGS]

    def _state(self, person: InsuredPerson) -> PersonState:
        """Return the person's state as a settlement now would meet it: who was never seen has the opening balance."""
        state = self.ledger.person(person.psn_no)
        return state if state.version else state._replace(acct_balc_fen=fen(person.opening_balc))

    def _open_account(self, person: InsuredPerson) -> None:
        if self.ledger.person(person.psn_no).version == 0:
            self.ledger.seed_person(person.psn_no, fen(person.opening_balc))

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

    def _calculate(self, draft: dict[str, Any], state: PersonState) -> Settled:
        carried: Carried = {
            (draft["psn_no"], key.area, key.period_kind, key.period_start, key.name): value
            for key, value in state.counters.items()
        }
        settled = settle_drafts([draft | {"balc": yuan(state.acct_balc_fen or 0)}], self.book, 1, carried)
        if settled.refusals:
            raise _refused(settled.refusals[0])
        return settled

    def _answer(self, settled: Settled, known: dict[str, Any]) -> dict[str, Any]:
        told = settled.told(0)
        said = {"rulebook": self.book.digest, "registry": known, "explanation": as_text(told, self.book)}
        return claim_json(told) | said


def _draft(basket: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    return {"acct_used_flag": "1"} | basket | known


def _day(basket: dict[str, Any]) -> date:
    """Return the day of a basket; raises BadInput C01 or C05 like a claim of a file without one."""
    name = "endtime" if basket.get("endtime") else "setl_time"
    if not basket.get(name):
        raise _refused(Refusal(0, "", "C01_FIELD_MISSING", name, name))
    try:
        return day_of(basket[name])
    except BadInput as error:
        raise _refused(Refusal(0, "", error.code, name, error.found)) from None


def _refused(refusal: Refusal) -> BadInput:
    reason, row = REASONS[refusal.code], refusal.as_row()
    found = f"{reason.en}: {row['field']} {row['found']}"
    return BadInput(refusal.code, found, cure=reason.cure_en, zh=str(row["message_zh"]))


def open_checkout(folder: Path, registry: Path | None = None, pools: Path | None = None) -> Checkout:
    """Return a checkout on the book in ``folder`` (made if it is new), with the shipped rules and the sample registry.

    The caller closes ``checkout.ledger``. The kernel is made ready first: compiled inside a settlement, it would keep the book's
    writer from every other till for longer than they wait.
    """
    warm_kernel()
    folder.mkdir(parents=True, exist_ok=True)
    ledger = SqliteLedger(folder / "book.sqlite")
    return Checkout(open_rulebook(pools).book, ledger, load_registry(registry or DATA / "registry.json"))


def _booking(setl_id: str, content: bytes, settled: Settled, insutype: str) -> Booking:
    counters = {
        CounterKey(c["area"], c["period"], c["period_start"], c["counter"]): int(c["value"]) for c in settled.counters()
    }  # fmt: skip
    row = settled.row(0)
    shared_beside = row["psn_part_amt"] - row["acct_pay"] - row["psn_cash_pay"]
    off = {name: said for name, said in check(row | {"acct_mulaid_pay": shared_beside}).items() if said != "holds"}
    if off or shared_beside not in (0, row["acct_mulaid_pay"]):
        raise SettlementError("K00_UNBALANCED", f"{off}", "the parts do not sum to the whole", "Report this as a fault")
    postings = [Posting("institution", "", row["medfee_sumamt"])]
    for fund, by_scheme in FUND_PAY_TYPE.items():
        if row[fund]:
            code = by_scheme.get(insutype, DEFAULT_FUND_PAY_TYPE.get(fund, "999997"))
            postings.append(Posting(f"fund:{fund}", code, -row[fund]))
    parties = {"account": ("310200", "acct_pay"), "cash": ("", "psn_cash_pay"), "hospital": ("999996", "hosp_part_amt")}
    postings += [Posting(name, code, -row[column]) for name, (code, column) in parties.items() if row[column]]
    if shared_beside:
        postings.append(Posting("shared_account", "310200", -shared_beside))
    return Booking(setl_id, content, counters, row["balc"], tuple(postings))
