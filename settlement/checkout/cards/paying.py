"""Pay-outs to the account of a person's card: where each goes (KC02), moving one (KC01), paying one (KC03), giving it back (KC04).

Which pay-outs there are, and with which banks and where they are moved, is the area's guide: pensions and unemployment
benefits with one bank, wages and subsidies without a bank named. A pay-out can only go to the account of the person's
present card, in use, and the holder (a minor with a parent) moves it in person with card and identity document; it costs nothing.

A payment's postings move the amount out of ``payer:<institution>`` into ``bank:<key>``: the book holds no account number
in its postings. The fact ``paid`` (key: psn_no, pay-out and month, joined by ``|``) keeps one from being paid twice.
"""

from __future__ import annotations

from typing import Any

import msgspec

from settlement.checkout import refusals_guide as refusals
from settlement.checkout.asked import amount_fen, needed, node_of, text
from settlement.checkout.base import House, Reader, Said, Transaction, alone, answer_bytes, fact, id_of, known, now
from settlement.checkout.cards.acting import BANK, CHANNELS, act
from settlement.checkout.cards.guiding import sourced, told
from settlement.checkout.cards.holding import holder_of, written
from settlement.checkout.changes import Changed, booked
from settlement.checkout.refusals_cards import person_gone
from settlement.ledger.book import Booking, Desk, FactKey, Posting, Work
from settlement.money import yuan
from settlement.registry.guide import Guide, Payout, PayTo, guide_of
from settlement.registry.holder import ACTIVE, CARD, CLOSED, IN_USE, Card, Holder
from settlement.registry.persons import CARD_STATES

PAID = "paid"  # the kind of fact of one payment
WHERE_NOT_SAID = "联名合作商业银行网点"
STATE_ZH = CARD_STATES | {"ready": "待领取"}


def move(desk: Desk, house: House, said: Said) -> Changed:
    """KC01: one pay-out of a person goes to the account of the present card from now on.

    Raises BadInput B60, K15, K17 to K24, K50, K52, K58 to K62, K65 to K67, P14.
    """
    made = act(desk, house, said, "代发账号变更")
    holder = made.holder
    guide = guide_of(holder.admdvs)
    payout = _payout(guide, needed(made.node, "payout"))
    made.in_person()
    if made.channel != BANK:
        where = payout.moved_at or WHERE_NOT_SAID
        raise refusals.not_at_the_bank(payout.name, CHANNELS[made.channel], where)
    made.needs("cert", "card")
    account = good_account(guide, holder, payout)
    stated = text(made.node, "card_acct")
    if stated and stated != account:
        raise refusals.another_account(stated)
    former = holder.pays_to.get(payout.key, "")
    if former == account:
        raise refusals.goes_there(payout.name, "")
    moved = msgspec.structs.replace(holder, pays_to=holder.pays_to | {payout.key: account})
    answer = {
        "payout": payout.key, "payout_name": payout.name, "card_acct": account, "former_acct": former or None,
        "card_told": f"自下次发放起，{payout.name}发放到社会保障卡账户；变更不收费", "section": payout.section,
    }  # fmt: skip
    return {"result": answer}, written(moved)


def _payout(guide: Guide, name: str) -> Payout:
    found = guide.payout(name)
    if found is None:
        raise refusals.no_choice("payout", "代发项目", name, [f"{one.key}（{one.name}）" for one in guide.payouts])
    return found


def good_account(guide: Guide, holder: Holder, payout: Payout) -> str:
    """Return the account of a holder's present card that a pay-out may go to.

    Raises BadInput K58 (no card), K59 (lost, locked, not collected), K60 (not in use), K61 (another bank), K66.
    """
    how = how_to(guide, payout)
    card = holder.present()
    if card is None:
        raise refusals.no_card(payout.name, how.no_card)
    if card.state != ACTIVE:
        raise refusals.card_not_good(payout.name, STATE_ZH.get(card.state, card.state))
    bank = guide.bank(card.bank)
    if payout.banks and (bank is None or bank.key not in payout.banks):
        names = "、".join(one.name for one in guide.banks if one.key in payout.banks)
        where = f"持其他银行卡的如何办理，办事问答没有说明；可{how.no_card}"
        raise refusals.another_bank(payout.name, bank.name if bank else card.bank, names, where)
    if card.financial != IN_USE:
        raise refusals.not_activated(payout.name, card.financial == CLOSED, how.card_not_active)
    if not card.bank_account:
        raise refusals.account_unknown(payout.name)
    return card.bank_account


def how_to(guide: Guide, payout: Payout) -> PayTo:
    """Return what a holder does, with the places of this pay-out filled in."""
    terms = guide.pay_to or PayTo(
        card_active="登记变更代发账号",
        card_not_active="激活金融账户，再登记变更代发账号",
        no_card="申领社会保障卡",
        apply_at="",
    )
    places = {"moved_at": payout.moved_at or WHERE_NOT_SAID, "apply_at": terms.apply_at}
    filled = {name: getattr(terms, name).format(**places) for name in ("card_active", "card_not_active", "no_card")}
    return msgspec.structs.replace(terms, **filled)


def where_paid(house: House, said: Said) -> dict[str, Any]:
    """KC02: every kind of pay-out of the area, where a person's goes, and what to do to have it on the card.

    Raises BadInput B60, K50, P14.
    """
    node = node_of(said)
    holder = holder_of(Reader(house.ledger), house, needed(node, "psn_no"))
    guide = guide_of(holder.admdvs)
    rows = []
    for payout in guide.payouts:
        account = holder.pays_to.get(payout.key, "")
        rows.append(
            told(
                guide, payout, payout=payout.key, payout_name=payout.name, card_acct=account or None,
                moved_at=payout.moved_at or None, advice=_advice(guide, holder, payout, account),
            )
        )  # fmt: skip
    return {"sourceinfo": sourced(guide), "payoutinfo": rows}


def _advice(guide: Guide, holder: Holder, payout: Payout, account: str) -> str:
    card, how = holder.present(), how_to(guide, payout)
    if account and card and card.bank_account == account:
        return "已发放到现用社会保障卡账户"
    if account:
        return f"现发放账号不是现用社会保障卡的账号，请重新登记：{_next(how, card)}"
    return _next(how, card)


def _next(how: PayTo, card: Card | None) -> str:
    if card is None:
        return how.no_card
    return how.card_active if card.financial == IN_USE else how.card_not_active


def pay(house: House, said: Said) -> Work:
    """KC03: pay one pay-out of one month to the account it goes to; answers its number.

    Raises BadInput B60, B82, K17, K50, K52, K54, K58 to K61, K66, K68, K69, P14.
    """
    node = node_of(said)
    psn_no, month = needed(node, "psn_no"), needed(node, "pay_month")
    amount = amount_fen(node, "pay_amt")
    if amount <= 0:
        raise refusals.no_amount(yuan(amount))

    def compute(desk: Desk) -> Booking:
        holder = holder_of(desk, house, psn_no)
        guide = guide_of(holder.admdvs)
        payout = _payout(guide, needed(node, "payout"))
        if holder.died:
            raise person_gone(f"{payout.name}发放")
        account = good_account(guide, holder, payout)
        if holder.pays_to.get(payout.key) != account:
            raise refusals.not_moved(payout.name, how_to(guide, payout).card_active)
        key = f"{psn_no}|{payout.key}|{month}"
        before = known(desk, PAID, key)
        if before is not None and not before["undone_by"]:
            raise refusals.paid_already(payout.name, month, before["pay_no"])
        card = holder.present()
        bank = guide.bank(card.bank) if card else None
        paid = {
            "pay_no": id_of(said, "payout"), "payout": payout.key, "payout_name": payout.name, "card_acct": account,
            "pay_amt": yuan(amount), "pay_month": month, "payer_name": text(node, "payer_name") or None,
            "paid_date": said.received_at[:10],
        }  # fmt: skip
        posted = _posted(said.fixmedins_code, bank.key if bank else "", amount)
        content = paid | {
            "payer": said.fixmedins_code,
            "amount_fen": amount,
            "bank": posted[1].account,
            "undone_by": "",
        }
        return Booking(
            answer_bytes(said, {"result": paid}, now(house)), postings=posted, facts=fact(PAID, key, content)
        )

    return alone(said, compute, (FactKey(CARD, psn_no),))


def give_back(house: House, said: Said) -> Work:
    """KC04: a payment came back from the bank or was a mistake: it is given back whole, by the payer that paid it.

    Raises BadInput B60, K50, K52, K53, P14.
    """
    node = node_of(said)
    psn_no, month, pay_no = needed(node, "psn_no"), needed(node, "pay_month"), needed(node, "pay_no")
    guide = guide_of(house.registry.insured(psn_no).insuplc_admdvs)
    key = f"{psn_no}|{_payout(guide, needed(node, 'payout')).key}|{month}"

    def compute(desk: Desk) -> Booking:
        paid = known(desk, PAID, key)
        if paid is None or paid["pay_no"] != pay_no or paid["payer"] != said.fixmedins_code or paid["undone_by"]:
            raise refusals.payment_unknown(pay_no)
        amount = -int(paid["amount_fen"])
        posted = (
            Posting(f"payer:{said.fixmedins_code}", "", -amount), Posting(paid["bank"], "", amount)
        )  # fmt: skip
        content = paid | {"undone_by": said.msgid}
        told_back = {name: paid[name] for name in ("pay_no", "payout", "payout_name", "pay_month", "card_acct")}
        answer = {"result": told_back | {"pay_amt": yuan(amount), "paid_date": said.received_at[:10]}}
        return Booking(answer_bytes(said, answer, now(house)), postings=posted, facts=fact(PAID, key, content))

    return alone(said, compute, (FactKey(PAID, key),))


def _posted(payer: str, bank: str, amount: int) -> tuple[Posting, Posting]:
    return Posting(f"payer:{payer}", "", -amount), Posting(f"bank:{bank}", "", amount)


TRANSACTIONS = (
    Transaction("KC01", work=booked(move)),
    Transaction("KC02", ask=where_paid),
    Transaction("KC03", work=pay),
    Transaction("KC04", work=give_back),
)
