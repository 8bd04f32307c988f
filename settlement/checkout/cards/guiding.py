"""What a holder may ask an area's guide: where the card is good, PINs, whom to reach when, points, fees, numbers. Nothing is booked.

Each row of an answer names its section in the guide's source and how far it can be trusted; ``sourceinfo`` says what that
source is. What the source does not say is not answered, or said to be so: ``not_said``, an empty amount, a table that
could not be read. Initial PINs come as text and only in a reminder to change them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from settlement.checkout import refusals_guide as refusals
from settlement.checkout.asked import needed, node_of, paged, text
from settlement.checkout.base import House, Reader, Said, Transaction
from settlement.checkout.cards.holding import holder_of
from settlement.checkout.claims import day_of_text
from settlement.checkout.filed import filed
from settlement.codes import CONFIDENCE_ZH, CONFIDENCES, RELATION_ZH, area_chain, is_division, relation_of
from settlement.money import yuan
from settlement.registry.guide import Bank, Guide, Part, Point, guide_of
from settlement.registry.holder import ACTIVE, CLOSED, PIN_INITIAL, PIN_LOCKED, PIN_SET, PIN_UNKNOWN, Holder
from settlement.registry.hours import open_at

SERVICE_ZH = {"apply": "申领", "loss": "挂失", "reissue": "补换卡", "pay_to": "代发账号变更"}
LOCAL, IN_PROVINCE = "local", "in_province"


def area_of(said: Said, node: dict[str, Any]) -> str:
    """Return the area that a question is about: the node's, else the insured area of the frame, else the place's."""
    asked = text(node, "admdvs")
    if asked and not is_division(asked):
        raise refusals.no_area(asked)
    return asked or said.insuplc_admdvs or said.mdtrtarea_admvs


def sourced(guide: Guide) -> dict[str, str]:
    """Return what a guide is from, for the answer."""
    return {
        "source_title": guide.source.title, "confidence": guide.source.confidence,
        "confidence_name": CONFIDENCE_ZH[guide.source.confidence], "memo": guide.source.note,
    }  # fmt: skip


def told(guide: Guide, part: Part, *doubts: str, **row: str | None) -> dict[str, str | None]:
    """Return a row with its section and its confidence, the weakest of the part's and ``doubts``, and its note."""
    words = [guide.trust(part), *(word for word in doubts if word)]
    weakest = max(words, key=CONFIDENCES.index)
    beside = {"section": part.section, "confidence": weakest, "confidence_name": CONFIDENCE_ZH[weakest]}
    return row | beside | {"memo": row.get("memo") or part.note or None}


def unread(guide: Guide, about: str) -> list[dict[str, str | None]] | None:
    """Return the tables on a subject that the source has and that could not be read; None if there are none."""
    tables = guide.unread_about(about)
    return [{"table_title": table.title, "memo": table.note} for table in tables] or None


def where_good(house: House, said: Said) -> dict[str, Any]:
    """K591: whether a person's card is good at a place on a day, and what must be filed before. Raises B60, C05, K50, K51, P14."""
    node = node_of(said)
    psn_no, place = needed(node, "psn_no"), needed(node, "mdtrtarea_admdvs")
    if not is_division(place):
        raise refusals.no_area(place)
    day = day_of_text(text(node, "query_date") or said.received_at, "query_date")
    reader = Reader(house.ledger)
    person = filed(reader, house.registry.insured(psn_no))
    holder = holder_of(reader, house, psn_no)
    guide = guide_of(person.insuplc_admdvs)
    relation = relation_of(person.insuplc_admdvs, place)
    rule = next((one for one in guide.places if one.relation == relation), None)
    if rule is None:
        raise refusals.not_in_guide(guide.name, RELATION_ZH[relation])
    standing = person.filing_for(place, day)
    ok, advice = _good(guide, holder, relation, bool(standing) or not rule.needs_referral)
    row = told(
        guide, rule, relation=relation, relation_name=RELATION_ZH[relation], place_text=rule.text,
        refl_needed_flag=str(int(rule.needs_referral)), filed_flag=str(int(bool(standing))),
        usable_flag=str(int(ok)), advice=advice,
    )  # fmt: skip
    return {"sourceinfo": sourced(guide), "placeinfo": row}


def _good(guide: Guide, holder: Holder, relation: str, filed_or_free: bool) -> tuple[bool, str]:
    """Return whether a holder can use a card at such a place, and what to do if not ('' if nothing)."""
    card, temporary = holder.present(), holder.temporary()
    if card is None or card.state != ACTIVE:
        if temporary is None or temporary.state != ACTIVE:
            return False, "本人现在没有可用的社会保障卡，请先办理申领、解挂、补领或临时卡"
        if relation != LOCAL and not guide.temporary.across_regions:
            return False, "临时卡不能跨地区使用，请待补领的社会保障卡领取后使用"
    if not filed_or_free:
        return False, "外地就医须先办理外转诊（异地就医）备案（2501），再持卡就医"
    return True, "持社会保障卡就医结算"


def pin_reminder(house: House, said: Said) -> dict[str, Any]:
    """K691: the two PINs of a card, where each is changed, and the initial ones as a reminder. Raises BadInput B60, K50, P14."""
    node = node_of(said)
    holder = holder_of(Reader(house.ledger), house, needed(node, "psn_no"))
    guide = guide_of(holder.admdvs)
    card, pin = holder.present(), guide.social_pin
    state = card.pin if card else PIN_UNKNOWN
    hint = f"初始密码为{pin.initial}" if state in (PIN_INITIAL, PIN_UNKNOWN) else None
    advice = f"请到{'、'.join(pin.change_at)}修改社会保障账户初始密码"
    if state == PIN_LOCKED:
        advice = f"密码已锁死，请{pin.reset_needs}到{pin.reset_at}办理密码重置"
    elif state == PIN_SET:
        advice = "社会保障账户密码已修改过，请妥善保管"
    rows = [
        told(
            guide, pin, card_pin_kind="social", card_pin_stas=state, initial_pin_hint=hint,
            change_at="、".join(pin.change_at), reset_at=pin.reset_at, advice=advice,
        )
    ]  # fmt: skip
    named = guide.bank(card.bank) if card and card.bank else None
    rows += [_bank_reminder(guide, bank) for bank in ((named,) if named else guide.banks)]
    return {"sourceinfo": sourced(guide), "pininfo": rows}


def _bank_reminder(guide: Guide, bank: Bank) -> dict[str, str | None]:
    where = guide.social_pin.bank_change_at
    return told(
        guide, bank, card_pin_kind="bank", card_bank=bank.key, bank_name=bank.name, initial_pin_hint=bank.initial_pin or None,
        change_at=where, advice=f"银行账户密码与社会保障账户密码不是同一个，请到{where}修改银行账户初始密码",
    )  # fmt: skip


def channels(house: House, said: Said) -> dict[str, Any]:
    """K791: how one is reached at a moment, and where a loss can be reported or taken back. Raises K50, K51, K52, K56."""
    node = node_of(said)
    guide = guide_of(area_of(said, node))
    moment = _moment(text(node, "moment")) if text(node, "moment") else house.clock()
    asked = text(node, "channel")
    if asked and guide.channel(asked) is None:
        raise refusals.no_choice("channel", "办理渠道", asked, [one.key for one in guide.channels])
    rows = []
    for one in guide.channels:
        if asked in ("", one.key):
            now = open_at(guide, one, moment)
            rows.append(
                told(
                    guide, one, now.confidence, channel=one.key, channel_name=one.name, tel=one.number or None,
                    answers_now=now.answer, season=now.season or None, open_hours="、".join(now.hours) or None,
                    can_report_loss=one.can("loss"), can_unblock=one.can("unblock"), steps=" → ".join(one.steps) or None,
                    needs="、".join(one.needs) or None, memo=now.note or None,
                )
            )  # fmt: skip
    return {"sourceinfo": sourced(guide), "channelinfo": rows}


def _moment(said: str) -> datetime:
    try:
        return datetime.fromisoformat(said)
    except ValueError:
        raise refusals.no_moment(said) from None


def points(house: House, said: Said) -> dict[str, Any]:
    """K891: service points of a district, service and bank; a city's code covers its districts. Raises B62, K50 to K52."""
    node = node_of(said)
    area = area_of(said, node)
    guide = guide_of(area)
    bank, service = text(node, "card_bank"), text(node, "service")
    if bank and guide.bank(bank) is None:
        raise refusals.no_choice("card_bank", "联名合作商业银行", bank, [one.name for one in guide.banks])
    known = {name for one in guide.points for name in one.services}
    if service and service not in known:
        raise refusals.no_choice("service", "服务事项", service, sorted(known))
    found = guide.points_in(area, service, bank)
    rows = paged(node, [_point(guide, one) for one in found])
    unplaced = [] if area == guide.admdvs else guide.points_in("", service, bank)
    unplaced = [one for one in unplaced if not one.district and guide.admdvs in area_chain(area)]
    advice = (
        f"另有{len(unplaced)}个网点原文未说明所在区县，请按{guide.admdvs}（{guide.name}）查询" if unplaced else None
    )
    return {
        "sourceinfo": sourced(guide), "pointinfo": rows or None, "unreadinfo": unread(guide, "points"),
        "adviceinfo": {"advice": advice} if advice else None,
    }  # fmt: skip


def _point(guide: Guide, point: Point) -> dict[str, Any]:
    bank = guide.bank(point.bank)
    return told(
        guide, point, point.bank_confidence, point.district_confidence, point_name=point.name, card_bank=point.bank or None,
        bank_name=bank.name if bank else None, addr=point.address or None, tel=point.phone or None,
        admdvs=point.district or None, services="、".join(SERVICE_ZH[one] for one in point.services),
    )  # fmt: skip


def reissue_way(house: House, said: Said) -> dict[str, Any]:
    """K892: how and where a person's card is re-issued, from where the person lives now. Raises BadInput B60, K50 to K52, P14."""
    node = node_of(said)
    holder = holder_of(Reader(house.ledger), house, needed(node, "psn_no"))
    guide = guide_of(holder.admdvs)
    lives = text(node, "admdvs") or holder.admdvs
    if not is_division(lives):
        raise refusals.no_area(lives)
    card = holder.present()
    name = (card.bank if card else "") or text(node, "card_bank")
    bank = guide.bank(name) if name else None
    if name and bank is None:
        raise refusals.no_choice("card_bank", "联名合作商业银行", name, [one.name for one in guide.banks])
    relation = relation_of(holder.admdvs, lives)
    closed = card is not None and card.financial == CLOSED
    ok, advice = _way(guide, relation, bank, closed)
    # Where the bank comes first the office follows, and no point does it alone.
    serve = guide.points_in("", "reissue", bank.key if bank else "") if relation == LOCAL else ()
    fee = guide.fee("reissue" if relation == LOCAL else "reissue_elsewhere")
    return {
        "sourceinfo": sourced(guide),
        "wayinfo": told(
            guide, Part(section="8"), relation=relation, relation_name=RELATION_ZH[relation],
            card_bank=bank.key if bank else None, usable_flag=str(int(ok)), advice=advice,
        ),
        "pointinfo": [_point(guide, one) for one in serve] or None,
        "feeinfo": [_fee(guide, fee)] if fee and ok else None,
    }  # fmt: skip


def _way(guide: Guide, relation: str, bank: Bank | None, closed: bool) -> tuple[bool, str]:
    """Return whether a card can be re-issued where its holder lives, and how, or why not."""
    if relation == LOCAL:
        return True, _local_way(guide, bank)
    if relation != IN_PROVINCE:
        return False, f"跨省居住能否在当地补换卡，办事问答没有说明，请拨打12333咨询或回{guide.name}办理"
    if closed:
        return False, f"社会保障卡金融账户已注销，不能在异地补换卡，请回{guide.name}办理"
    return True, "本人持有效身份证件，到居住地社会保障卡合作商业银行服务窗口补换卡，由银行收取工本费"


def _local_way(guide: Guide, bank: Bank | None) -> str:
    office = guide.temporary.window
    if bank is None:
        first = "、".join(one.name for one in guide.banks if one.bank_first)
        return f"卡的合作银行未登记，请看卡面左上角：{first}的卡先到银行窗口再到{office}，其他银行见所列网点"
    if bank.bank_first:
        return f"持有效身份证件先到{bank.name}窗口办理补领并领取预制卡，再到{office}办理"
    if not guide.points_in("", "reissue", bank.key):
        return f"办事问答没有列出{bank.name}可直接补换卡的网点，请持有效身份证件到{bank.name}网点或{office}询问办理"
    return f"持有效身份证件到{bank.name}所列网点直接办理挂失和补换卡"


def temporary_terms(house: House, said: Said) -> dict[str, Any]:
    """K991: the terms of temporary cards. Raises BadInput K50, K51."""
    guide = guide_of(area_of(said, node_of(said)))
    terms = guide.temporary
    row = told(
        guide, terms, valid_days=str(terms.valid_days), longest_months=str(terms.longest_months),
        financial_flag=str(int(terms.financial)), across_regions_flag=str(int(terms.across_regions)),
        needs="、".join((*terms.needs, *(f"代办：{one}" for one in terms.agent_needs))),
        card_fee=yuan(terms.lost_fee_fen), channel_name=terms.window,
        advice="用完须立即交回，否则不发放补领的社会保障卡" if terms.return_before_reissue else None,
    )  # fmt: skip
    return {"sourceinfo": sourced(guide), "temporaryinfo": row}


def fees(house: House, said: Said) -> dict[str, Any]:
    """KA01: what is charged, by whom, how much where that is said. Raises BadInput K50, K51."""
    guide = guide_of(area_of(said, node_of(said)))
    return {
        "sourceinfo": sourced(guide), "feeinfo": [_fee(guide, fee) for fee in guide.fees] or None,
        "unreadinfo": unread(guide, "waivers"),
    }  # fmt: skip


def _fee(guide: Guide, fee: Any) -> dict[str, Any]:
    amount = yuan(fee.amount_fen) if fee.amount_fen is not None else None if fee.charged else yuan(0)
    return told(
        guide, fee, fee_item=fee.key, fee_name=fee.name, charged_flag=str(int(fee.charged)), charged_by=fee.by or None,
        card_fee=amount,
    )  # fmt: skip


def phones(house: House, said: Said) -> dict[str, Any]:
    """KB01: whom to ask: the area's own numbers first, then its city's and its province's; a city has all of its districts.

    Raises BadInput K50, K51.
    """
    area = area_of(said, node_of(said))
    guide = guide_of(area)
    chain = area_chain(area)
    mine = [one for one in guide.phones if one.admdvs in chain or area in area_chain(one.admdvs)]
    mine.sort(key=lambda one: chain.index(one.admdvs) if one.admdvs in chain else 0.5)
    rows = [
        told(guide, one, admdvs=one.admdvs, org_name=one.name, tel=number) for one in mine for number in one.numbers
    ]
    return {"sourceinfo": sourced(guide), "phoneinfo": rows or None}


TRANSACTIONS = (
    Transaction("K591", ask=where_good),
    Transaction("K691", ask=pin_reminder),
    Transaction("K791", ask=channels),
    Transaction("K891", ask=points),
    Transaction("K892", ask=reissue_way),
    Transaction("K991", ask=temporary_terms),
    Transaction("KA01", ask=fees),
    Transaction("KB01", ask=phones),
)
