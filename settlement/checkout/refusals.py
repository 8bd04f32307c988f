"""Why the checkout does not do what a message asks: business refusals, one function a reason.

A code is never reused for another meaning. B00 to B29 (here) settling and giving back, B30 to B59
(``refusals_visits``) visits, lines and persons, B60 to B99 (``refusals_accounts``) queries and reconciliation.
"""

from __future__ import annotations

from typing import Any

from settlement.errors import BadInput


class Differs(BadInput):
    """A refusal that shows the new figures: ``output`` is what the answer carries beside the error."""

    def __init__(self, output: dict[str, Any], code: str, found: str, cure: str = "", zh: str = "") -> None:
        super().__init__(code, found, cure=cure, zh=zh)
        self.output = output


# ---- B00 to B29: settling and giving back ----


def not_offered(infno: str) -> BadInput:
    """B00: a transaction that is not offered here."""
    return BadInput(
        "B00_NOT_OFFERED",
        f"transaction {infno} is not offered here",
        cure="See docs for the transactions that are",
        zh=f"本平台不提供交易 {infno}，请核对交易编号",
    )


def not_text(error: UnicodeEncodeError) -> BadInput:
    """B01: a message holds half a character."""
    return BadInput(
        "B01_NOT_TEXT",
        f"a text of the message holds a lone surrogate at position {error.start}",
        cure="Send valid UTF-8 text",
        zh="报文中含有无法识别的半个字符，请检查字符编码（UTF-8）后重传",
    )


def reversed_before(msgid: str) -> BadInput:
    """B02: a 2601 named this message before it came, or after it was booked."""
    return BadInput(
        "B02_MESSAGE_REVERSED",
        f"a 2601 has reversed message {msgid}",
        cure="Send it anew under a fresh msgid if it is still wanted",
        zh="该报文已被冲正，不再受理。如仍需办理，请换新的报文号重新发送",
    )


def two_persons() -> BadInput:
    """B03: a message names two persons."""
    return BadInput(
        "B03_TWO_PERSONS",
        "the message names more than one person, or another one first",
        cure="Send one message a person",
        zh="报文中出现了不同的人员编号，请一人一报文",
    )


def visit_unknown(mdtrt_id: str) -> BadInput:
    """B04: the institution has no such visit."""
    return BadInput(
        "B04_VISIT_UNKNOWN",
        f"no visit {mdtrt_id} of this institution",
        cure="Register the visit (2201 or 2401) and use its mdtrt_id",
        zh=f"没有查到本机构的就诊登记 {mdtrt_id}，请先办理就诊登记（2201）或入院登记（2401）",
    )


def visit_of_another(mdtrt_id: str) -> BadInput:
    """B05: the visit is another person's."""
    return BadInput(
        "B05_VISIT_OF_ANOTHER",
        f"visit {mdtrt_id} belongs to another person",
        cure="Check psn_no and mdtrt_id",
        zh=f"就诊登记 {mdtrt_id} 不是该参保人的，请核对人员编号和就诊ID",
    )


def visit_undone(mdtrt_id: str) -> BadInput:
    """B06: the visit was undone."""
    return BadInput(
        "B06_VISIT_UNDONE",
        f"visit {mdtrt_id} was undone",
        cure="Register the visit again",
        zh=f"就诊登记 {mdtrt_id} 已撤销，请重新登记",
    )


def wrong_kind_of_visit(infno: str, mdtrt_id: str) -> BadInput:
    """B07: outpatient transaction on a stay, or the other way round."""
    return BadInput(
        "B07_WRONG_KIND_OF_VISIT",
        f"{infno} does not settle the kind of visit that {mdtrt_id} is",
        cure="Use 2206/2207 for outpatient care and 2303/2304 for a stay",
        zh=f"交易 {infno} 与就诊登记 {mdtrt_id} 的类型不符：门诊用 2206/2207，住院用 2303/2304",
    )


def not_discharged(mdtrt_id: str) -> BadInput:
    """B08: a stay is settled after its discharge."""
    return BadInput(
        "B08_NOT_DISCHARGED",
        f"the stay {mdtrt_id} has no discharge",
        cure="Send 2402 first",
        zh=f"住院 {mdtrt_id} 尚未办理出院登记，请先办理出院（2402）再结算",
    )


def nothing_open(mdtrt_id: str, chrg_bchno: str) -> BadInput:
    """B09: every line is settled, or the batch has none."""
    return BadInput(
        "B09_NOTHING_TO_SETTLE",
        f"visit {mdtrt_id} has no unsettled lines in batch {chrg_bchno!r}",
        cure="Look the settlement up with 5203, or upload lines with 2204",
        zh=f"就诊 {mdtrt_id} 在收费批次 {chrg_bchno} 下没有未结算的费用。可能已经结算，请用 5203 查询，不要重复收费",
    )


def another_med_type(visit: str, stated: str) -> BadInput:
    """B10: the visit's med_type is another one."""
    return BadInput(
        "B10_ANOTHER_MED_TYPE",
        f"the visit's med_type is {visit}, the message says {stated}",
        cure="Send 2203 (a stay: 2403) with the med_type that is meant, then settle",
        zh=f"就诊登记的医疗类别是 {visit}，结算报文是 {stated}。请先用 2203（住院用 2403）更正医疗类别再结算",
    )


def not_insured_so(what: str) -> BadInput:
    """B11: the insurance named is not this person's."""
    return BadInput(
        "B11_NOT_INSURED_SO",
        f"the person is not insured under {what}",
        cure="Ask 1101 for the person's insurance",
        zh=f"该参保人没有这项参保（{what}），请用 1101 查询参保信息",
    )


def mid_stay() -> BadInput:
    """B12: no rule here says how a stay settled in parts shares its deductible."""
    return BadInput(
        "B12_MID_STAY",
        "mid_setl_flag 1: a stay is settled once, after discharge",
        cure="Settle after discharge",
        zh="暂不支持中途结算，请出院后一次结算",
    )


def split_differs(output: dict[str, Any], said: str, ours: str) -> Differs:
    """B13: the sums of the split are not ours; the platform splits the lines."""
    return Differs(
        output,
        "B13_SPLIT_DIFFERS",
        f"the message states {said}, the lines give {ours}",
        cure="Take over the figures of this answer and settle again",
        zh=f"报文中的费用分割与平台计算不一致：报文 {said}；平台 {ours}。请按本次返回的金额核对后重新结算",
    )


def figures_changed(output: dict[str, Any], why: str, why_zh: str, shown: str, ours: str) -> Differs:
    """B14: what was shown at pre-settlement no longer holds; nothing is booked."""
    return Differs(
        output,
        "B14_FIGURES_CHANGED",
        f"the figures are not those of the pre-settlement ({why}): {shown}; now {ours}",
        cure="Show the person the new figures and settle with them",
        zh=f"{why_zh}，结算金额与预结算不一致：{shown}；现为 {ours}。未结算，请向参保人出示新金额，确认后重新结算",
    )


def setl_unknown(setl_id: str) -> BadInput:
    """B15: no settlement has this id."""
    return BadInput(
        "B15_SETL_UNKNOWN",
        f"no settlement {setl_id}",
        cure="Check setl_id",
        zh=f"没有查到结算 {setl_id}，请核对结算ID",
    )


def setl_elsewhere(setl_id: str) -> BadInput:
    """B16: the settlement is another institution's."""
    return BadInput(
        "B16_SETL_ELSEWHERE",
        f"settlement {setl_id} is another institution's",
        cure="Only the institution that settled gives back",
        zh=f"结算 {setl_id} 不是本机构的结算，不能撤销",
    )


def setl_of_another(setl_id: str) -> BadInput:
    """B17: the settlement is another person's."""
    return BadInput(
        "B17_SETL_OF_ANOTHER",
        f"settlement {setl_id} is another person's",
        cure="Check psn_no and setl_id",
        zh=f"结算 {setl_id} 不是该参保人的结算，请核对人员编号",
    )


def wrong_cancel(infno: str, settled_by: str, wanted: str) -> BadInput:
    """B18: the transaction does not give back this kind of settlement."""
    return BadInput(
        "B18_WRONG_CANCEL",
        f"{infno} does not give back what {settled_by} settled",
        cure=f"Use {wanted}",
        zh=f"该结算由交易 {settled_by} 办理，应使用 {wanted} 撤销，不能用 {infno}",
    )


def given_back(setl_id: str, by: str) -> BadInput:
    """B19: the settlement was given back before."""
    return BadInput(
        "B19_GIVEN_BACK",
        f"settlement {setl_id} was given back by {by}",
        cure="There is nothing to give back",
        zh=f"结算 {setl_id} 已经退过（撤销记录 {by}），不能再退",
    )


def gives_back(setl_id: str) -> BadInput:
    """B20: a cancellation is not cancelled."""
    return BadInput(
        "B20_GIVES_BACK",
        f"{setl_id} is itself a giving back",
        cure="To undo a cancellation of unknown outcome send 2601 with its msgid",
        zh=f"{setl_id} 本身是撤销记录，不能再撤销。撤销结果不明时请用 2601 冲正该撤销报文",
    )


def cleared(setl_id: str, month: str) -> BadInput:
    """B21: the month of the settlement is cleared."""
    return BadInput(
        "B21_CLEARED",
        f"settlement {setl_id} lies in {month}, which is being cleared or is cleared",
        cure="Withdraw the clearing application first (3204), or ask the agency",
        zh=f"结算 {setl_id} 所在月份 {month} 已申请清算或已清算，不能退费。请先撤回清算申请（3204），或联系经办机构",
    )


def not_of_visit(setl_id: str, mdtrt_id: str) -> BadInput:
    """B22: the settlement is another visit's."""
    return BadInput(
        "B22_NOT_OF_VISIT",
        f"settlement {setl_id} is not of visit {mdtrt_id}",
        cure="Check mdtrt_id",
        zh=f"结算 {setl_id} 与就诊ID {mdtrt_id} 不符，请核对",
    )


def not_reversible(oinfno: str) -> BadInput:
    """B23: 2601 does not reverse this transaction."""
    return BadInput(
        "B23_NOT_REVERSIBLE",
        f"{oinfno} is not a transaction that 2601 reverses",
        cure="Reversible: 2102 2103 2207 2208 2304 2305 2401",
        zh=f"交易 {oinfno} 不能冲正。可冲正的交易：2102、2103、2207、2208、2304、2305、2401",
    )


def another_message(omsgid: str, oinfno: str) -> BadInput:
    """B24: the message named is another transaction."""
    return BadInput(
        "B24_ANOTHER_TRANSACTION",
        f"message {omsgid} is booked, but not as {oinfno}",
        cure="Check omsgid and oinfno",
        zh=f"报文 {omsgid} 不是交易 {oinfno}，请核对原报文号和原交易编号",
    )


def message_elsewhere(omsgid: str) -> BadInput:
    """B25: the message named is another institution's."""
    return BadInput(
        "B25_MESSAGE_ELSEWHERE",
        f"message {omsgid} carries another institution's code",
        cure="Only the sender of a message reverses it",
        zh=f"报文 {omsgid} 不是本机构发出的报文，不能冲正",
    )


def message_of_another(omsgid: str) -> BadInput:
    """B26: the message named is about another person."""
    return BadInput(
        "B26_MESSAGE_OF_ANOTHER",
        f"message {omsgid} is about another person",
        cure="Check psn_no and omsgid",
        zh=f"报文 {omsgid} 不是该参保人的报文，请核对人员编号",
    )


def cannot_stand(setl_id: str, why: str, why_zh: str) -> BadInput:
    """B27: the lines of a cancelled settlement are no longer as they were."""
    return BadInput(
        "B27_CANNOT_STAND_AGAIN",
        f"settlement {setl_id} cannot stand again: {why}",
        cure="Settle the visit anew",
        zh=f"结算 {setl_id} 的撤销不能冲正：{why_zh}。请对该次就诊重新结算",
    )


def balance_spent(setl_id: str, balance: str, needed: str) -> BadInput:
    """B28: the money that a cancellation gave back has been spent."""
    return BadInput(
        "B28_BALANCE_SPENT",
        f"settlement {setl_id} took {needed} from the account, which now holds {balance}",
        cure="Settle the visit anew",
        zh=f"结算 {setl_id} 的撤销不能冲正：个人账户余额 {balance} 元，不足原支付的 {needed} 元。请对该次就诊重新结算",
    )


def admission_stands(mdtrt_id: str) -> BadInput:
    """B29: an admission with anything on it is not undone by 2601."""
    return BadInput(
        "B29_ADMISSION_IN_USE",
        f"stay {mdtrt_id} has fees, a discharge or a settlement",
        cure="Undo those first (2305, 2405, 2302), then 2404",
        zh=f"住院 {mdtrt_id} 已有费用、出院或结算，不能冲正入院登记。请先撤销结算、出院和费用明细",
    )
