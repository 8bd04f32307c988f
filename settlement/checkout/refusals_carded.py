"""Why a card is not taken at a message, its account pays nothing, or a contribution is not booked: P11, P12, K70 to K96.

One function a reason. A card that is lost, blocked, over or in the wrong place says so with a code of its own, so that a
till can tell its cashier what to do next; an ID card or the electronic voucher is another way in unless the holder died.
"""

from __future__ import annotations

from settlement.errors import BadInput

OTHER_WAYS = "；本次就医可出示居民身份证或医保电子凭证"


def not_the_present_card() -> BadInput:
    """P11: a card that nobody gave this person, or that is not the one named beside it."""
    return BadInput(
        "P11_NOT_THE_PRESENT_CARD",
        "the card is not this person's present card",
        cure="Read the present card with 1101, or another certificate",
        zh="该卡不是本人现用的社会保障卡，请使用新卡",
    )


def card_lost(since: str) -> BadInput:
    """P12: the card is reported lost."""
    told = f"（{since}）" if since else ""
    return BadInput(
        "P12_CARD_LOST",
        f"the card is reported lost{f' since {since}' if since else ''}",
        cure="Unblock it before a re-issue is applied for (K702), or present another certificate",
        zh=f"该卡已挂失{told}，不能使用。找回的请在申请补领前办理解挂，未找回的请办理补领{OTHER_WAYS}",
    )


def card_locked() -> BadInput:
    """K70: the card is locked."""
    return BadInput(
        "K70_CARD_LOCKED",
        "the card is locked",
        cure="The holder has it unlocked at a service window (K603)",
        zh=f"该卡已锁定，不能使用，请持卡人本人持有效身份证件到社会保障卡综合服务大厅办理{OTHER_WAYS}",
    )


def card_cancelled() -> BadInput:
    """K71: the card was cancelled."""
    return BadInput(
        "K71_CARD_CANCELLED",
        "the card was cancelled",
        cure="Apply for a card (K201)",
        zh=f"该卡已注销，不能使用，需要用卡的请重新申领社会保障卡{OTHER_WAYS}",
    )


def card_replaced() -> BadInput:
    """K72: another card was applied for in its place."""
    return BadInput(
        "K72_CARD_REPLACED",
        "the card was replaced by another",
        cure="Use the re-issued card; until it is there, a temporary one (K901)",
        zh=f"该卡已办理补换，不能再用，请使用补领的新卡；新卡未领到而急需用卡的可申请临时卡{OTHER_WAYS}",
    )


def card_not_collected() -> BadInput:
    """K73: the card is made, but was not collected, which is what activates it."""
    return BadInput(
        "K73_CARD_NOT_COLLECTED",
        "the card was not collected yet",
        cure="Collect it (K301)",
        zh=f"该卡尚未办理领取，社会保障账户没有激活，请先办理领卡手续{OTHER_WAYS}",
    )


def temporary_returned() -> BadInput:
    """K74: the temporary card was given back."""
    return BadInput(
        "K74_TEMPORARY_RETURNED",
        "the temporary card was given back",
        cure="Use the re-issued card",
        zh=f"该临时卡已交回，不能再用，请使用社会保障卡{OTHER_WAYS}",
    )


def card_expired(last: str) -> BadInput:
    """K75: a card after its last day."""
    return BadInput(
        "K75_CARD_EXPIRED",
        f"the card was valid until {last}",
        cure="Apply for a new card (K801, reason expired)",
        zh=f"该卡有效期至 {last}，已过期，请持有效身份证件到联名合作商业银行换卡{OTHER_WAYS}",
    )


def temporary_expired(last: str) -> BadInput:
    """K76: a temporary card after its last day."""
    return BadInput(
        "K76_TEMPORARY_EXPIRED",
        f"the temporary card was valid until {last}",
        cure="Give it back (K903) and use the re-issued card; an extension must be asked for in time (K902)",
        zh=f"该临时卡有效期至 {last}，已过期，请交回临时卡并领取补领的社会保障卡{OTHER_WAYS}",
    )


def temporary_elsewhere(insured: str, place: str) -> BadInput:
    """K77: a temporary card outside the insured region."""
    return BadInput(
        "K77_TEMPORARY_ELSEWHERE",
        f"a temporary card of {insured} is not good at {place}",
        cure="Present an ID card or voucher, or wait for the re-issued card",
        zh=f"临时社会保障卡不能跨地区使用：参保地 {insured}，就医地 {place}{OTHER_WAYS}",
    )


def pin_initial(area: str) -> BadInput:
    """K78: the area wants the initial PIN changed before anything is settled with the card."""
    return BadInput(
        "K78_PIN_INITIAL",
        f"area {area} settles nothing with a card whose PIN is still the initial one",
        cure="Change the PIN (K601), then settle",
        zh=f"该卡社会保障账户密码仍为初始密码，参保地规定修改后才能结算，请先修改密码{OTHER_WAYS}",
    )


def pin_locked() -> BadInput:
    """K79: the social security PIN is locked."""
    return BadInput(
        "K79_PIN_LOCKED",
        "the social security PIN of the card is locked",
        cure="The holder has it reset at the service hall with an ID document (K603)",
        zh=f"该卡密码已锁死，请持卡人本人持有效身份证件到社会保障卡综合服务大厅重置密码{OTHER_WAYS}",
    )


def holder_died(day: str) -> BadInput:
    """K80: care after the day on which the person died, or money to be paid to the dead."""
    return BadInput(
        "K80_HOLDER_DIED",
        f"the person is registered as having died on {day}",
        cure="Check the person; a wrong registration is the agency's to correct",
        zh=f"该参保人已于 {day} 登记死亡，此后的费用和待遇不予办理；登记有误的请到经办机构更正",
    )


def no_card() -> BadInput:
    """K81: a person without any card."""
    return BadInput(
        "K81_NO_CARD",
        "the person has no social security card",
        cure="Apply for one (K201), or present another certificate",
        zh=f"该参保人没有社会保障卡，请先申领{OTHER_WAYS}",
    )


def account_not_active(what: str, closed: bool) -> BadInput:
    """K82: the financial account of the card is not in use, so nothing can be paid from it or into it."""
    state = "已注销" if closed else "未激活"
    cure_zh = "请到卡面所印的联名合作商业银行" + ("办理" if closed else "由持卡人本人持有效身份证件和社会保障卡激活")
    return BadInput(
        "K82_ACCOUNT_NOT_ACTIVE",
        f"the financial account of the card is {'closed' if closed else 'not activated'}",
        cure="Pay in cash or otherwise; the holder activates the account at the card's bank (K401)",
        zh=f"社会保障卡金融账户{state}，不能用于{what}。{cure_zh}，本次请用其他方式",
    )


def no_financial_function(what: str) -> BadInput:
    """K83: a temporary card has no account."""
    return BadInput(
        "K83_NO_FINANCIAL_FUNCTION",
        "a temporary card has no financial function",
        cure="Pay in cash or otherwise",
        zh=f"临时社会保障卡不具有金融功能，不能用于{what}，请用其他方式",
    )


def tender_amount(asked: str, left: str) -> BadInput:
    """K84: nothing, or more than the person still pays in cash, is to be taken from the account."""
    return BadInput(
        "K84_TENDER_AMOUNT",
        f"{asked} yuan is not more than 0 and at most {left} yuan",
        cure="Tender the cash part of the settlement or less",
        zh=f"社会保障卡银行账户支付金额 {asked} 元不正确：应大于 0 且不超过本次个人现金支付 {left} 元",
    )


def tendered_already(setl_id: str, number: str) -> BadInput:
    """K85: the cash part was paid from the account already."""
    return BadInput(
        "K85_TENDERED",
        f"settlement {setl_id} was paid from the card's account already ({number})",
        cure="Undo that payment first (K172)",
        zh=f"结算 {setl_id} 的现金部分已用社会保障卡银行账户支付（流水号 {number}），不能重复支付",
    )


def not_tendered(setl_id: str) -> BadInput:
    """K86: there is no payment from the account to undo."""
    return BadInput(
        "K86_NOT_TENDERED",
        f"settlement {setl_id} has no payment from the card's account",
        cure="Check setl_id; 5203 shows a settlement",
        zh=f"结算 {setl_id} 没有社会保障卡银行账户支付记录，无可撤销，请核对结算编号",
    )


def settlement_not_open(setl_id: str) -> BadInput:
    """K87: a settlement that is not this institution's and person's, or no longer stands."""
    return BadInput(
        "K87_NOT_TO_BE_TENDERED",
        f"{setl_id} is no standing settlement of this person here",
        cure="Check setl_id and psn_no; what was given back needs no payment",
        zh=f"结算 {setl_id} 不是该参保人在本机构的有效结算，不能办理账户支付，请核对；已撤销的结算无需支付",
    )


def event_out_of_order(day: str, last: str) -> BadInput:
    """K88: an insurance event before the last one that is booked."""
    return BadInput(
        "K88_EVENT_BEFORE_THE_LAST",
        f"{day} is before {last}, the day of the last event of this insurance",
        cure="Events are booked in the order of their days",
        zh=f"办理日期 {day} 早于该险种上一次参保变动的日期 {last}，请核对日期",
    )


def event_not_possible(event_zh: str, state_zh: str) -> BadInput:
    """K89: an insurance event that cannot follow how the insurance stands."""
    return BadInput(
        "K89_EVENT_NOT_POSSIBLE",
        f"{event_zh} cannot follow {state_zh}",
        cure="Ask how the insurance stands (K153)",
        zh=f"该险种现为“{state_zh}”，不能办理“{event_zh}”，请先查询参保缴费情况",
    )


def month_paid(months: str) -> BadInput:
    """K90: contributions of a month are paid twice."""
    return BadInput(
        "K90_MONTH_PAID",
        f"contributions of {months} are paid already",
        cure="Leave these months out",
        zh=f"{months} 的社会保险费已经缴纳，不能重复缴费",
    )


def no_months(first: str, last: str, most: int) -> BadInput:
    """K91: the months of a contribution run backwards, are too many, or are none."""
    return BadInput(
        "K91_MONTHS",
        f"{first} to {last} are not 1 to {most} months",
        cure="Give yyyyMM, the first not after the last",
        zh=f"费款所属期 {first} 至 {last} 不正确：应为 yyyyMM，起不晚于止，最多 {most} 个月",
    )


def not_a_choice(field: str, value: str, choices: dict[str, str]) -> BadInput:
    """K92: a word that this field does not know."""
    known = "、".join(f"{word}（{zh}）" for word, zh in choices.items())
    return BadInput(
        "K92_NOT_A_CHOICE",
        f"{field} {value!r} is none of {', '.join(choices)}",
        cure="Use one of the words",
        zh=f"{field} 的值“{value}”不正确，可用：{known}",
    )


def amount_wrong(asked: str) -> BadInput:
    """K93: nothing, or less, is to be contributed."""
    return BadInput(
        "K93_CONTRIBUTION_AMOUNT",
        f"{asked} yuan is no contribution",
        cure="Give an amount of more than 0",
        zh=f"缴费金额 {asked} 元不正确，应大于 0",
    )


def contribution_unknown(number: str) -> BadInput:
    """K94: a contribution that is not on record, or was given back."""
    return BadInput(
        "K94_CONTRIBUTION_UNKNOWN",
        f"there is no standing contribution {number} of this person and insurance",
        cure="K153 lists them",
        zh=f"没有查到该参保人该险种的有效缴费记录 {number}，请核对",
    )


def not_his_to_ask() -> BadInput:
    """K95: a self-service question without the person's own certificate."""
    return BadInput(
        "K95_CERTIFICATE_NEEDED",
        "a person's own record is told to who presents the person's certificate",
        cure="Read the card, ID card or voucher at this terminal",
        zh="自助查询须由本人出示社会保障卡、居民身份证或医保电子凭证",
    )
