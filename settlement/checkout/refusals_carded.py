"""Why a card is not taken at a message: P11, P12, K70 to K81.

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
