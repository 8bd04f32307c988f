"""Why an action on a card is not done: one function a reason, in the guide's sense.

K00 to K03 are the engine's; K10 to K14 in ``registry.states``; K08, K09 and K15 to K49 (here) the card's life; K50 to K69
(``refusals_guide``) guidance and pay-outs; K70 to K99 (``refusals_carded``) functions and settlement.
"""

from __future__ import annotations

from collections.abc import Iterable

from settlement.errors import BadInput


def no_word(field: str, found: str, words: Iterable[str]) -> BadInput:
    """K15: a word that is none of the field's."""
    listed = "、".join(words)
    return BadInput(
        "K15_NO_SUCH_WORD",
        f"{field} {found!r} is none of {listed}",
        cure="Use one of those",
        zh=f"{field} 填写的“{found}”不可用，请从 {listed} 中选择",
    )


def wrong_channel(what: str, channel: str, where: str) -> BadInput:
    """K16: this is not done through this channel."""
    return BadInput(
        "K16_NOT_THROUGH_THIS_CHANNEL",
        f"{what} is not done through {channel}",
        cure="Use a channel that the guide names for it",
        zh=f"{channel}不能办理{what}，请到{where}办理",
    )


def person_gone(what: str) -> BadInput:
    """K17: the holder is dead; only a temporary card can still be given back."""
    return BadInput(
        "K17_HOLDER_DEAD",
        f"the holder is registered as dead: no {what}",
        cure="Correct the register first if that is wrong",
        zh=f"持卡人已登记死亡，卡已注销，不能办理{what}",
    )


def holder_only(what: str) -> BadInput:
    """K18: only the holder, in person; a minor together with a parent or guardian."""
    return BadInput(
        "K18_HOLDER_IN_PERSON",
        f"{what} needs the holder in person",
        cure="Let the holder come; a minor comes with a parent or guardian",
        zh=f"{what}必须由持卡人本人办理（未成年人由家长协同），不能由他人代办",
    )


def minor_alone(what: str, age: int) -> BadInput:
    """K19: a minor without a parent or guardian."""
    return BadInput(
        "K19_MINOR_WITHOUT_GUARDIAN",
        f"the holder is {age}: {what} needs a parent or guardian",
        cure="Send appy_by guardian, the guardian's agnter_* fields and docs with hukou",
        zh=f"持卡人{age}岁，未成年人办理{what}需家长持本人有效身份证件和户口本协同办理",
    )


def not_a_minor(age: int) -> BadInput:
    """K20: a guardian acts for an adult."""
    return BadInput(
        "K20_NOT_A_MINOR",
        f"the holder is {age}: nobody is a guardian by age",
        cure="Send appy_by self, or agent where an agent may act",
        zh=f"持卡人已满{age}岁，不是未成年人，请本人办理；可以代办的事项按代办办理",
    )


def other_is_holder() -> BadInput:
    """K21: the agent or guardian is the holder."""
    return BadInput(
        "K21_AGENT_IS_HOLDER",
        "the other person's certificate is the holder's own",
        cure="Send the other person's number, or appy_by self",
        zh="代办人（家长）的证件号码与持卡人相同。本人办理请填本人，代办请填代办人的证件号码",
    )


def other_unknown(what: str) -> BadInput:
    """K22: the agent or guardian is not named, or not by a good number."""
    return BadInput(
        "K22_AGENT_NOT_IDENTIFIED",
        f"the other person: {what}",
        cure="Send agnter_name and agnter_certno (18 digits with its check digit)",
        zh="代办人（家长）的姓名或身份证号码缺失或不正确，请核对证件后重填",
    )


def other_is_minor() -> BadInput:
    """K23: a guardian or agent under 18."""
    return BadInput(
        "K23_AGENT_IS_MINOR",
        "the other person is under 18",
        cure="An adult must act",
        zh="代办人（家长）未满18周岁，请由成年人办理",
    )


def document_missing(what: str, missing: str) -> BadInput:
    """K24: a document was not shown."""
    return BadInput(
        "K24_DOCUMENT_MISSING",
        f"{what} needs documents that were not shown: {missing}",
        cure="See the documents and list them in docs",
        zh=f"办理{what}需出示：{missing}",
    )


def not_at_home(area: str) -> BadInput:
    """K25: a first card is applied for where the holder belongs."""
    return BadInput(
        "K25_NOT_THE_OWN_AREA",
        f"a first card is applied for in the holder's own area, not in {area}",
        cure="Apply in the own area, or by app",
        zh="申领社会保障卡应到所属地联名合作商业银行社会保障卡综合服务窗口办理，也可用手机APP在线申请",
    )


def bank_unknown(found: str, names: Iterable[str]) -> BadInput:
    """K26: no bank that issues cards here."""
    listed = "、".join(names)
    return BadInput(
        "K26_NOT_A_CARD_BANK",
        f"{found!r} is no bank of the area's cards",
        cure=f"One of {listed}",
        zh=f"“{found}”不是本地社会保障卡的联名合作商业银行，可选：{listed}",
    )


def has_card() -> BadInput:
    """K27: there is a card already."""
    return BadInput(
        "K27_HAS_A_CARD",
        "the person has a card",
        cure="A lost or damaged one is re-issued (K801)",
        zh="已有社会保障卡，不能重复申领。丢失或损坏的请办理补换卡",
    )


def application_open(number: str) -> BadInput:
    """K28: an application goes on."""
    return BadInput(
        "K28_APPLICATION_OPEN",
        f"application {number} still goes on",
        cure="Ask for its progress with K202",
        zh=f"已有办理中的申请 {number}，请查询制卡进度，不必重复申请",
    )


def application_unknown(number: str) -> BadInput:
    """K29: no such application of this person."""
    return BadInput(
        "K29_APPLICATION_UNKNOWN",
        f"the person has no application {number}",
        cure="Send the appy_no of the answer that made it",
        zh=f"没有查到该人员的申请 {number}，请核对申请流水号",
    )


def number_taken(number: str) -> BadInput:
    """K30: another card has this number."""
    return BadInput(
        "K30_CARD_NUMBER_TAKEN",
        f"a card has the number {number} already",
        cure="Read the numbers off the new card again",
        zh=f"卡号 {number} 已登记在另一张卡上，请核对新卡的卡识别码和卡号",
    )


def card_unknown(number: str) -> BadInput:
    """K31: the person has no such card."""
    return BadInput(
        "K31_CARD_UNKNOWN",
        f"the person has no card {number or '(none at all)'}",
        cure="Ask with K205 which cards there are",
        zh=f"没有查到该人员的卡 {number}，请核对卡号" if number else "该人员没有社会保障卡，请先申领",
    )


def temporary_out(number: str) -> BadInput:
    """K32: the temporary card was not given back."""
    return BadInput(
        "K32_TEMPORARY_NOT_RETURNED",
        f"temporary card {number} is still out",
        cure="Take it back first (K903); if lost, K904 with its fee",
        zh="临时社会保障卡尚未交回，不予发放补领的社会保障卡。请先交回；丢失或损坏的先缴纳工本费",
    )


def another_bank(bank: str) -> BadInput:
    """K33: the bank on the card is another one."""
    return BadInput(
        "K33_ANOTHER_BANK",
        f"the bank on the card is {bank}",
        cure="Go to that bank",
        zh=f"应到社会保障卡卡面所印的联名合作商业银行（{bank}）办理",
    )


def not_financial() -> BadInput:
    """K34: a temporary card has no financial function."""
    return BadInput(
        "K34_TEMPORARY_HAS_NO_ACCOUNT",
        "a temporary card has no financial account and no part in this",
        cure="Wait for the proper card",
        zh="临时社会保障卡不具有金融功能，不能办理此项",
    )


def banks_pin() -> BadInput:
    """K35: the bank's PIN is another thing than the social security one."""
    return BadInput(
        "K35_BANK_PIN",
        "the bank account's PIN is the bank's, this is about the social security one",
        cure="Change or reset it at a branch of the card's bank",
        zh="银行账户密码与社会保障账户密码是两个密码，银行账户密码请到联名合作商业银行营业网点办理",
    )


def closed_now(channel: str, hours: str, note: str) -> BadInput:
    """K36: nobody answers at this hour."""
    return BadInput(
        "K36_CLOSED_NOW",
        f"{channel} is not staffed now; hours {hours or 'none today'}",
        cure="The automatic line answers at any time",
        zh=f"{channel}现不在服务时间（{hours or '今日不服务'}），请改用12333自动语音挂失（全年365天，7×24小时）{note}",
    )


def report_first() -> BadInput:
    """K37: a lost card is reported lost before it is re-issued."""
    return BadInput(
        "K37_REPORT_LOSS_FIRST",
        "the card is not reported lost",
        cure="Report the loss first (K701), or go to a point that does both",
        zh="社会保障卡丢失应先挂失，再办理补领。请先挂失（12333、微信或银行）",
    )


def bank_first(bank: str) -> BadInput:
    """K38: with this bank one goes to the bank first, for a prefabricated card."""
    return BadInput(
        "K38_BANK_FIRST",
        f"a card of {bank} is re-issued at the bank first",
        cure="Get the prefabricated card at the bank, then come to the office (K802)",
        zh=f"{bank}的社会保障卡应先到该银行窗口办理补领、领取预制卡，再到人社部门综合服务机构办理补领手续",
    )


def closed_elsewhere() -> BadInput:
    """K39: elsewhere in the province only while the financial account is not closed."""
    return BadInput(
        "K39_ACCOUNT_CLOSED",
        "the financial account is closed, so the card is not re-issued elsewhere",
        cure="Have it re-issued in the own city",
        zh="社会保障卡金融账户已经注销的，不能在省内异地补换卡，请回参保地办理",
    )


def outside_province() -> BadInput:
    """K40: re-issue elsewhere is for the own province."""
    return BadInput(
        "K40_OUTSIDE_THE_PROVINCE",
        "re-issue in another province",
        cure="Come to a point of the own province, or to one that serves cards of other provinces",
        zh="省外不能补换卡：请回省内合作商业银行，或到可办理省外卡的服务网点办理",
    )


def no_fee(reason: str) -> BadInput:
    """K41: a fee where none is due, or one that is not right."""
    return BadInput(
        "K41_FEE",
        f"the fee is not as it must be: {reason}",
        cure="See KA01 for what is charged",
        zh=f"工本费不符：{reason}",
    )


def no_need(reason: str) -> BadInput:
    """K42: a temporary card is for the time of an application."""
    return BadInput(
        "K42_NO_TEMPORARY_CARD_NOW",
        f"no temporary card: {reason}",
        cure="It is for the time between an application and the card",
        zh=f"临时社会保障卡在申领、补领期间急需使用时申请：{reason}",
    )


def no_certificate(reason: str) -> BadInput:
    """K43: the hospital's certificate is missing, used, or not a hospital's."""
    return BadInput(
        "K43_HOSPITAL_CERTIFICATE",
        f"the hospital's certificate: {reason}",
        cure="Bring the certificate that the hospital issues for this",
        zh=f"须持医院出具的《申请医保临时卡证明》：{reason}",
    )


def no_temporary() -> BadInput:
    """K44: no temporary card is out."""
    return BadInput(
        "K44_NO_TEMPORARY_CARD",
        "the person has no temporary card out",
        cure="There is nothing to do",
        zh="该人员没有领用中的临时社会保障卡",
    )


def too_long(longest: str, months: int) -> BadInput:
    """K45: an extension beyond what is possible in all."""
    return BadInput(
        "K45_TEMPORARY_TOO_LONG",
        f"a temporary card lasts {months} months at most, here until {longest}",
        cure=f"Send a day up to {longest}",
        zh=f"临时社会保障卡最长不超过{months}个月，本卡最多可延长到 {longest}",
    )


def not_longer(until: str) -> BadInput:
    """K46: an extension that extends nothing, or of a card that has run out, or without its reason."""
    return BadInput(
        "K46_NOT_AN_EXTENSION",
        f"the card is good until {until}: that is no extension",
        cure="Extend before it ends, to a later day, with the reason in memo",
        zh=f"临时社会保障卡有效期到 {until}：应在到期前申请延期，延到更晚的日期，并写明特殊情况（memo）；已到期的须立即交回",
    )


def not_the_holder() -> BadInput:
    """K47: the name or the number given is not the holder's."""
    return BadInput(
        "K47_NOT_THE_HOLDER",
        "the name or certificate number given is not this person's",
        cure="Ask again for name and number",
        zh="提供的姓名、身份证号与持卡人不符，请核对后再办理",
    )


def no_death(reason: str) -> BadInput:
    """K48: a death needs its day, and one that has been."""
    return BadInput(
        "K48_DAY_OF_DEATH",
        f"the day of death: {reason}",
        cure="Send die_date, not after today",
        zh="因死亡注销须填写死亡日期，且不晚于今日、不早于出生",
    )


def not_for_new_numbers(what: str) -> BadInput:
    """K49: the numbers of a new card are given together, and differ from each other's cards."""
    return BadInput(
        "K49_NEW_NUMBERS",
        f"the new card's numbers: {what}",
        cure="Send new_card_sn and new_card_no, both as on the new card",
        zh="新卡的卡识别码和卡号须一并填写，以卡面和读卡结果为准",
    )


def must_be_in_use(state: str, what: str) -> BadInput:
    """K09: the card is not in use, so this is not done with it."""
    return BadInput(
        "K09_CARD_NOT_IN_USE",
        f"the card is not in use, so no {what}",
        cure="Ask with K205 how it stands",
        zh=f"社会保障卡现为“{state}”，不能办理{what}",
    )


def reissue_stands() -> BadInput:
    """K08: an application for a re-issue is not withdrawn, for the old card is void since."""
    return BadInput(
        "K08_REISSUE_STANDS",
        "the old card is void since the application for a new one",
        cure="Wait for the new card",
        zh="办理补领申请后原卡已停用，补领申请不能撤销，请等候领取新卡",
    )
