"""Why a question to an area's guide is not answered, or a pay-out not moved: the refusals K51 to K69, one function a reason.

K50, no guide for an area, is the guide's own.
"""

from __future__ import annotations

from settlement.errors import BadInput


def no_area(found: str) -> BadInput:
    """K51: not the form of a division code."""
    return BadInput(
        "K51_NO_AREA",
        f"{found!r} is no division code",
        cure="Six digits, such as 220400",
        zh=f"区划代码 {found} 不正确，应为六位数字",
    )


def no_choice(what: str, zh: str, found: str, known: list[str]) -> BadInput:
    """K52: a channel, service, bank or pay-out that the area's guide does not have."""
    listed = "、".join(known)
    return BadInput(
        "K52_NO_SUCH_CHOICE",
        f"{what} {found!r} is not in the area's guide",
        cure=f"One of: {listed}",
        zh=f"没有{zh}“{found}”，可选：{listed}",
    )


def payment_unknown(pay_no: str) -> BadInput:
    """K53: no standing payment of this payer, person, pay-out and month has this number."""
    return BadInput(
        "K53_PAYMENT_UNKNOWN",
        f"no payment {pay_no} of this payer stands for this person, pay-out and month",
        cure="Use the number that KC03 answered; what was given back is given back once",
        zh=f"没有查到可退回的发放记录 {pay_no}，请核对发放单位、人员、项目、年月和流水号；已退回的不能再退",
    )


def no_amount(found: str) -> BadInput:
    """K54: nothing, or less, is to be paid out."""
    return BadInput(
        "K54_PAYOUT_AMOUNT",
        f"a pay-out of {found} yuan",
        cure="Pay more than 0; a payment is given back with KC04",
        zh=f"发放金额 {found} 元不正确，应大于 0；退回请用 KC04",
    )


def no_moment(found: str) -> BadInput:
    """K56: a moment that cannot be read."""
    return BadInput(
        "K56_NO_MOMENT",
        f"{found!r} is no moment",
        cure="Write 2024-05-01 10:00:00",
        zh=f"时刻 {found} 无法识别，请写成 2024-05-01 10:00:00",
    )


def not_in_guide(area: str, what: str) -> BadInput:
    """K57: the area's guide says nothing of it."""
    return BadInput(
        "K57_NOT_IN_GUIDE",
        f"the guide of {area} says nothing of {what}",
        cure="Ask the area",
        zh=f"{area}的办事信息没有说明“{what}”，请拨打12333咨询",
    )


def no_card(payout: str, where: str) -> BadInput:
    """K58: a pay-out is to be moved to the card of a person who has none."""
    return BadInput(
        "K58_NO_CARD",
        f"{payout} cannot be moved: the person has no social security card",
        cure=f"Apply for one: {where}",
        zh=f"本人没有社会保障卡，不能变更{payout}的代发账号。请{where}",
    )


def card_not_good(payout: str, state: str) -> BadInput:
    """K59: a pay-out is to be moved to a card that is lost, locked or not collected."""
    return BadInput(
        "K59_CARD_NOT_GOOD",
        f"{payout} cannot be moved to a card in state {state}",
        cure="Unblock, collect or replace the card first",
        zh=f"本人的社会保障卡现为“{state}”，不能变更{payout}的代发账号，请先解挂、领取或补领",
    )


def not_activated(payout: str, closed: bool, how: str) -> BadInput:
    """K60: the financial account of the card is not in use."""
    state = "已注销" if closed else "未激活"
    return BadInput(
        "K60_ACCOUNT_NOT_ACTIVE",
        f"the card's financial account is {'closed' if closed else 'not activated'}",
        f"{payout} can only go to an account in use",
        "Activate it at the card's bank (K401), then move the pay-out",
        f"社会保障卡金融账户{state}，不能变更{payout}的代发账号。请{how}",
    )


def another_bank(payout: str, bank: str, banks: str, where: str) -> BadInput:
    """K61: the guide names banks for this pay-out, and the card is another's or nobody's known."""
    return BadInput(
        "K61_BANK_OF_PAYOUT",
        f"{payout} is moved to cards of {banks}; this card is of {bank or 'no known bank'}",
        cure=f"Use a card of {banks}",
        zh=f"{payout}的代发账号转换在{banks}办理，本卡为{bank or '未登记银行'}的卡。{where}",
    )


def not_at_the_bank(payout: str, channel: str, where: str) -> BadInput:
    """K62: a pay-out is moved through a channel where this is not done."""
    return BadInput(
        "K62_CHANNEL_OF_PAYOUT",
        f"{payout} cannot be moved through {channel}",
        cure=f"Go to {where}",
        zh=f"{payout}的代发账号变更须到{where}办理，不能通过{channel}办理",
    )


def another_account(stated: str) -> BadInput:
    """K65: the account named is not the card's; none of its digits beside the last four are told."""
    return BadInput(
        "K65_NOT_THE_CARDS_ACCOUNT",
        f"the account ending {stated[-4:]} is not that of the person's present card",
        cure="Leave card_acct out: the card's own account is used",
        zh=f"尾号{stated[-4:]}的账号不是本人现用社会保障卡的银行账号，请核对",
    )


def account_unknown(payout: str) -> BadInput:
    """K66: the account is in use, but its number was never registered here."""
    return BadInput(
        "K66_ACCOUNT_UNKNOWN",
        f"{payout}: the number of the card's bank account is not on record",
        cure="The bank registers it with the activation (K401)",
        zh=f"社会保障卡的银行账号没有登记，不能变更{payout}的代发账号，请银行在激活登记（K401）时填写账号",
    )


def goes_there(payout: str, since: str) -> BadInput:
    """K67: the pay-out goes to this account already."""
    return BadInput(
        "K67_GOES_THERE",
        f"{payout} goes to this account already{since}",
        cure="Nothing is to be done",
        zh=f"{payout}已发放到该社会保障卡账户，无须重复变更",
    )


def not_moved(payout: str, how: str) -> BadInput:
    """K68: money is to be paid out, but the person's pay-out was never moved to the card, or to a card before."""
    return BadInput(
        "K68_NOT_MOVED",
        f"{payout} of this person does not go to the present card's account",
        "Nothing was paid",
        "Move the pay-out first (KC01)",
        f"本人的{payout}没有登记发放到现用的社会保障卡账户，本次未发放。请{how}",
    )


def paid_already(payout: str, month: str, pay_no: str) -> BadInput:
    """K69: a pay-out of one month is paid twice."""
    return BadInput(
        "K69_PAID_ALREADY",
        f"{payout} of {month} was paid under {pay_no}",
        cure="A further amount is paid under its own month, or the first is given back (KC04)",
        zh=f"{payout}{month}已发放（流水号{pay_no}），不能重复发放",
    )
