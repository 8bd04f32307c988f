"""Who may act for a holder, through which channel and with which documents: what every action on a card asks first.

``appy_by`` is self (nobody said otherwise), guardian (a parent together with a minor), agent, or relative (for a relative
or friend, by app). ``docs`` lists what was seen: cert (the holder's identity document), other_cert (the other person's),
hukou (household book), card (the social security card), hospital_paper. An ID number of 18 digits is checked; that the
documents are genuine is the clerk's to see.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from settlement.checkout import refusals_cards as refusals
from settlement.checkout.asked import text
from settlement.checkout.base import House, Said
from settlement.checkout.cards.holding import holder_of
from settlement.checkout.claims import node, refused
from settlement.errors import BadInput
from settlement.identity import birth_date, certno_faults
from settlement.ledger.book import Desk
from settlement.money import fen
from settlement.registry.guide import guide
from settlement.registry.holder import LOST, READY, STANDARD, Card, Holder

SELF, RELATIVE, GUARDIAN, AGENT = "self", "relative", "guardian", "agent"
WINDOW, BANK, APP, WECHAT = "window", "bank", "app", "wechat"
STAFFED, AUTO, HOSPITAL, PHARMACY = "phone_staffed", "phone_auto", "hospital", "pharmacy"
EMPLOYER, COMMUNITY, VILLAGE = "employer", "community", "village"
CHANNELS = {
    WINDOW: "人社部门社会保障卡综合服务机构", BANK: "联名合作商业银行", APP: "手机APP", WECHAT: "微信公众号",
    STAFFED: "12333人工服务", AUTO: "12333自动语音", HOSPITAL: "定点医院", PHARMACY: "定点药店",
    EMPLOYER: "所在单位", COMMUNITY: "所在社区", VILLAGE: "所在行政村",
}  # fmt: skip
DOCUMENTS = {
    "cert": "持卡人有效身份证件", "other_cert": "代办人（家长）有效身份证件", "hukou": "户口本", "card": "社会保障卡",
    "hospital_paper": "医院出具的《申请医保临时卡证明》",
}  # fmt: skip
OF_AGE = 18  # 未成年人: the guide names no age, the Civil Code's is meant (from memory)


class Act(NamedTuple):
    """One action as it was asked: its node, the holder before it, who acts, where, on which day, what was seen."""

    node: dict[str, Any]
    holder: Holder
    what: str
    by: str
    channel: str
    today: date
    seen: frozenset[str]

    def needs(self, *documents: str) -> None:
        """Refuse (K24) if a document was not shown."""
        missing = [DOCUMENTS[one] for one in documents if one not in self.seen]
        if missing:
            raise refusals.document_missing(self.what, "、".join(missing))

    def through(self, *channels: str) -> None:
        """Refuse (K16) a channel that is none of these."""
        if self.channel not in channels:
            where = "、".join(CHANNELS[one] for one in channels)
            raise refusals.wrong_channel(self.what, CHANNELS[self.channel], where)

    def in_person(self, *, accompanied: bool = True) -> None:
        """Refuse all but the holder with an identity document; a minor comes with a parent and the household book."""
        if self.by not in (SELF, GUARDIAN):
            raise refusals.holder_only(self.what)
        self.needs("cert")
        if self.by == SELF and accompanied and self.age < OF_AGE:
            raise refusals.minor_alone(self.what, self.age)
        if self.by == GUARDIAN:
            self.needs("other_cert", "hukou")

    def self_or_agent(self) -> None:
        """Refuse (K24) anybody without the holder's document, an agent also without the agent's own."""
        self.needs("cert", *(() if self.by == SELF else ("other_cert",)))

    @property
    def age(self) -> int:
        """The holder's age on the day."""
        return age_on(date.fromisoformat(self.holder.brdy), self.today)


def act(desk: Desk, house: House, said: Said, what: str, *, even_dead: bool = False) -> Act:
    """Read an action and whoever acts. Raises BadInput C01, P14, K15, K17, K20 to K23."""
    stated = node(said, "data")
    holder = holder_of(desk, house, stated["psn_no"])
    if holder.died and not even_dead:
        raise refusals.person_gone(what)
    channel = one_of("channel", text(stated, "channel"), CHANNELS)
    by = one_of("appy_by", text(stated, "appy_by") or SELF, (SELF, RELATIVE, GUARDIAN, AGENT))
    seen = frozenset(one.strip() for one in text(stated, "docs").split(",") if one.strip())
    for one in sorted(seen):
        one_of("docs", one, DOCUMENTS)
    made = Act(stated, holder, what, by, channel, date.fromisoformat(said.received_at[:10]), seen)
    _check_other(made)
    return made


def _check_other(made: Act) -> None:
    """Refuse an agent or guardian who is the holder, not named, under age; and a guardian of an adult."""
    certno = text(made.node, "agnter_certno").upper()
    if certno and certno == made.holder.certno.upper():
        raise refusals.other_is_holder()
    if made.by == SELF:
        return
    if not certno or not text(made.node, "agnter_name"):
        raise refusals.other_unknown("name or certno is missing")
    if (text(made.node, "agnter_cert_type") or "01") in ("01", "1"):  # a resident identity card
        if certno_faults(certno):
            raise refusals.other_unknown("its ID number is not one")
        born = birth_date(certno)
        assert born is not None, "certno_faults tests the birth date"
        if age_on(born, made.today) < OF_AGE:
            raise refusals.other_is_minor()
    if made.by == GUARDIAN and made.age >= OF_AGE:
        raise refusals.not_a_minor(made.age)


def one_of(field: str, found: str, words: Iterable[str]) -> str:
    """Return a word if it is one of the field's; raises BadInput C01 or K15."""
    if not found:
        raise refused("C01_FIELD_MISSING", field, field)
    if found not in words:
        raise refusals.no_word(field, found, words)
    return found


def age_on(born: date, day: date) -> int:
    """Return the full years of a person on a day; who is born on 29 February is a year older on 1 March."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def bank_key(admdvs: str, name: str) -> str:
    """Return a bank's key in the area's guide, the name itself where the area has none; raises BadInput K26."""
    if not name:
        return ""
    known = guide(admdvs)
    if known is None:
        return name
    found = known.bank(name)
    if found is None:
        raise refusals.bank_unknown(name, [bank.name for bank in known.banks])
    return found.key


def bank_name(admdvs: str, key: str) -> str:
    """Return how a bank is called."""
    known = guide(admdvs)
    found = known.bank(key) if known else None
    return found.name if found else key


def named_card(holder: Holder, stated: dict[str, Any]) -> Card:
    """Return the standard card that a node names by a number, the person's newest if it names none.

    Raises BadInput K31; K34 for a temporary card.
    """
    number = text(stated, "card_sn") or text(stated, "card_no")
    if number:
        found = holder.card(number)
    else:
        found = next((card for card in reversed(holder.cards) if card.kind == STANDARD and card.state != READY), None)
        found = found or next((card for card in reversed(holder.cards) if card.kind == STANDARD), None)
    if found is None:
        raise refusals.card_unknown(number)
    if found.kind != STANDARD:
        raise refusals.not_financial()
    return found


def temporary_back(holder: Holder) -> None:
    """Refuse (K32) to hand out a card while the temporary one is out; a lost one counts until its fee is paid."""
    out = holder.temporary()
    if out is not None:
        raise (
            refusals.temporary_out(out.card_no)
            if out.state != LOST
            else refusals.temporary_out(f"{out.card_no}（已报丢失或损坏，工本费未缴）")
        )


def on_day(stated: dict[str, Any], name: str) -> date | None:
    """Return a day of a node, None where there is none; raises BadInput C05."""
    value = text(stated, name)
    try:
        return date.fromisoformat(value[:10]) if value else None
    except ValueError:
        raise refused("C05_NOT_A_DATE", name, value) from None


def fee_fen(stated: dict[str, Any]) -> int | None:
    """Return the fee (fen) that a node says was taken, None if it says none; raises BadInput K41 for what is no amount."""
    given = text(stated, "card_fee")
    if not given:
        return None
    try:
        fee = fen(given, "card_fee")
    except BadInput:
        raise refusals.no_fee("金额须为元、最多两位小数") from None
    if fee < 0:
        raise refusals.no_fee("不能为负数")
    return fee
