"""Why a visit, a fee line or a filing is not booked: the business refusals B30 to B59, one function a reason."""

from __future__ import annotations

from settlement.errors import BadInput

UNDO_SETTLEMENT = {"outpatient": "2208", "inpatient": "2305"}


def kind_of_visit(infno: str, mdtrt_id: str, wanted: str) -> BadInput:
    """B30: a message for outpatient visits names a stay, or the other way round."""
    word = "门诊登记" if wanted == "outpatient" else "住院登记"
    return BadInput(
        "B30_KIND_OF_VISIT",
        f"{infno} is about an {wanted} visit, {mdtrt_id} is none",
        cure="Use 2201 to 2205 for outpatient care, 2401 to 2405 and 2301, 2302 for a stay",
        zh=f"交易 {infno} 只办理{word}，{mdtrt_id} 不是。门诊用 2201–2205，住院用 2401–2405、2301、2302",
    )


def another_number(mdtrt_id: str, ipt_otp_no: str) -> BadInput:
    """B31: the institution's own number of the visit is another one."""
    return BadInput(
        "B31_ANOTHER_VISIT_NUMBER",
        f"visit {mdtrt_id} was not registered under ipt_otp_no {ipt_otp_no}",
        cure="Send the ipt_otp_no of the registration",
        zh=f"就诊登记 {mdtrt_id} 的院内就诊号不是 {ipt_otp_no}，请核对后重传",
    )


def settled(mdtrt_id: str, kind: str) -> BadInput:
    """B32: what is to be undone or changed is settled."""
    undo = UNDO_SETTLEMENT[kind]
    return BadInput(
        "B32_VISIT_SETTLED",
        f"visit {mdtrt_id} has a standing settlement",
        cure=f"Give it back first with {undo}",
        zh=f"就诊 {mdtrt_id} 已有结算，不能撤销或修改。请先撤销结算（{undo}）",
    )


def lines_left(mdtrt_id: str, count: int) -> BadInput:
    """B33: an admission is undone while there are fee lines."""
    return BadInput(
        "B33_LINES_LEFT",
        f"stay {mdtrt_id} has {count} unsettled fee lines",
        cure="Take them out first: 2302 with feedetl_sn 0000",
        zh=f"住院 {mdtrt_id} 还有 {count} 条未结算的费用明细，请先撤销费用（2302，明细流水号填 0000）再撤销入院",
    )


def discharged(mdtrt_id: str) -> BadInput:
    """B34: the stay is discharged already."""
    return BadInput(
        "B34_DISCHARGED",
        f"stay {mdtrt_id} is discharged",
        cure="Undo the discharge first with 2405",
        zh=f"住院 {mdtrt_id} 已办理出院登记，请先撤销出院（2405）",
    )


def not_discharged(mdtrt_id: str) -> BadInput:
    """B35: there is no discharge to undo."""
    return BadInput(
        "B35_NO_DISCHARGE",
        f"stay {mdtrt_id} is not discharged",
        cure="There is nothing to undo; 2404 undoes the admission",
        zh=f"住院 {mdtrt_id} 没有出院登记，无需撤销出院。要撤销入院请用 2404",
    )


def dates_cross(first: str, last: str) -> BadInput:
    """B36: something ends before it begins."""
    return BadInput(
        "B36_DATES_CROSS",
        f"{last} is before {first}",
        cure="Check the dates",
        zh=f"结束时间 {last} 早于开始时间 {first}，请核对日期",
    )


def line_again(feedetl_sn: str) -> BadInput:
    """B37: the visit has a line of this number."""
    return BadInput(
        "B37_LINE_ALREADY_THERE",
        f"the visit has a fee line {feedetl_sn}",
        cure="Give each line a number of its own, or take the first one out (2205, 2302)",
        zh=f"费用明细流水号 {feedetl_sn} 已上传过。若是重传，请先撤销原明细（2205 或 2302）；若是新明细，请换流水号",
    )


def batch_settled(chrg_bchno: str, kind: str) -> BadInput:
    """B38: the lines of this batch are settled, so nothing is added and nothing taken out."""
    undo, what = UNDO_SETTLEMENT[kind], f"收费批次 {chrg_bchno}" if chrg_bchno else "本次住院费用"
    return BadInput(
        "B38_BATCH_SETTLED",
        f"the lines of batch {chrg_bchno!r} are settled",
        cure=f"Use a new chrg_bchno, or give the settlement back first with {undo}",
        zh=f"{what}已结算，不能增加或撤销明细。请换新的收费批次，或先撤销结算（{undo}）",
    )


def two_visits() -> BadInput:
    """B39: the lines of one message belong to different visits."""
    return BadInput(
        "B39_TWO_VISITS",
        "the lines of the message name more than one mdtrt_id",
        cure="Send one message a visit",
        zh="同一报文中的费用明细属于不同的就诊ID，请按就诊分开上传",
    )


def too_many(count: int, most: int) -> BadInput:
    """B40: more lines than one message may hold."""
    return BadInput(
        "B40_TOO_MANY_LINES",
        f"{count} fee lines in one message",
        cure=f"Send at most {most} at once",
        zh=f"一次上传了 {count} 条明细，超过 {most} 条的上限，请分批上传",
    )


def no_such_lines(what: str) -> BadInput:
    """B41: there are no such unsettled lines."""
    return BadInput(
        "B41_NO_SUCH_LINES",
        f"the visit has no unsettled lines of {what}",
        cure="There is nothing to take out; check the number",
        zh=f"就诊中没有 {what} 的未结算费用明细，无需撤销。请核对批次号或明细流水号",
    )


def nothing_to_refund(feedetl_sn: str, init_feedetl_sn: str) -> BadInput:
    """B42: the line that a refund line names is not there, or is a refund itself."""
    return BadInput(
        "B42_REFUNDED_LINE_UNKNOWN",
        f"line {feedetl_sn} gives back {init_feedetl_sn!r}, which the visit does not have",
        cure="Name an uploaded line of this visit in init_feedetl_sn",
        zh=f"退费明细 {feedetl_sn} 指向的原明细 {init_feedetl_sn or '（空）'} 不存在，请在 init_feedetl_sn 填写本次就诊已上传的明细",
    )


def more_than_left(feedetl_sn: str, init_feedetl_sn: str, cnt: str, amount: str) -> BadInput:
    """B43: a refund line takes off more than is left of its line, or only one of quantity and amount."""
    return BadInput(
        "B43_MORE_THAN_LEFT",
        f"line {feedetl_sn} gives back more of {init_feedetl_sn} than is left ({cnt} for {amount})",
        cure="Give back at most that, quantity and amount together",
        zh=f"退费明细 {feedetl_sn} 超过原明细 {init_feedetl_sn} 的剩余：数量 {cnt}，金额 {amount} 元。数量和金额须同时退尽",
    )


def another_item(feedetl_sn: str, init_feedetl_sn: str) -> BadInput:
    """B44: a refund line is of another item than its line."""
    return BadInput(
        "B44_REFUND_OF_ANOTHER_ITEM",
        f"line {feedetl_sn} and line {init_feedetl_sn} are of different items",
        cure="Send the med_list_codg of the line that is given back",
        zh=f"退费明细 {feedetl_sn} 的医保编码与原明细 {init_feedetl_sn} 不一致，请核对",
    )


def has_refunds(feedetl_sn: str, refund: str) -> BadInput:
    """B45: a line is taken out while a refund line of it stays."""
    return BadInput(
        "B45_LINE_HAS_REFUNDS",
        f"line {refund} gives back part of line {feedetl_sn}",
        cure=f"Take {refund} out first, or both at once",
        zh=f"明细 {feedetl_sn} 已有退费明细 {refund}，请先撤销退费明细，或一并撤销",
    )


def batch_name(chrg_bchno: str) -> BadInput:
    """B46: a batch needs a name, and 0000 means all of them."""
    return BadInput(
        "B46_BATCH_NAME",
        f"chrg_bchno {chrg_bchno!r} cannot name a batch",
        cure="Send a charge batch number of your own; 0000 means all batches",
        zh=f"收费批次号“{chrg_bchno}”不可用：不能为空，0000 表示全部批次，请使用自己的批次号",
    )


def no_period(begndate: str, enddate: str) -> BadInput:
    """B47: a filing ends before it begins."""
    return BadInput(
        "B47_FILING_PERIOD",
        f"the filing ends on {enddate}, before it begins on {begndate}",
        cure="Check begndate and enddate",
        zh=f"备案结束日期 {enddate} 早于开始日期 {begndate}，请核对",
    )


def not_registered(dise_codg: str) -> BadInput:
    """B48: chronic care for a disease that is not registered."""
    return BadInput(
        "B48_DISEASE_NOT_REGISTERED",
        f"disease {dise_codg!r} is not registered for this person on that day",
        cure="Register it with 2503, or register an ordinary visit",
        zh=f"该参保人没有病种 {dise_codg or '（空）'} 的有效慢特病登记。请先办理慢特病备案（2503），或按普通门诊登记",
    )


def filing_unknown(trt_dcla_detl_sn: str) -> BadInput:
    """B49: no such filing of this person and kind."""
    return BadInput(
        "B49_FILING_UNKNOWN",
        f"the person has no filing {trt_dcla_detl_sn} of this kind",
        cure="Send the trt_dcla_detl_sn of the answer that made it",
        zh=f"没有查到该参保人的备案 {trt_dcla_detl_sn}，请核对备案流水号和交易类型",
    )


def filing_undone(trt_dcla_detl_sn: str) -> BadInput:
    """B50: the filing was undone before."""
    return BadInput(
        "B50_FILING_UNDONE",
        f"filing {trt_dcla_detl_sn} was undone before",
        cure="There is nothing to undo",
        zh=f"备案 {trt_dcla_detl_sn} 已经撤销，无需再次撤销",
    )


def filing_stands(what: str, begndate: str, enddate: str) -> BadInput:
    """B51: a filing for the same thing stands in part of the same time."""
    return BadInput(
        "B51_FILING_STANDS",
        f"a filing for {what} stands from {begndate} to {enddate}",
        cure="Undo it first (2502, 2504, 2506), or choose another time",
        zh=f"{what} 在 {begndate} 至 {enddate} 已有有效备案。请先撤销原备案（2502、2504 或 2506），或调整起止日期",
    )


def filing_class(found: str) -> BadInput:
    """B52: no class of filing for care elsewhere."""
    return BadInput(
        "B52_FILING_CLASS",
        f"{found!r} is no class of filing",
        cure="Use resident_there, referred or emergency",
        zh=f"备案类别“{found}”不正确，请使用 resident_there（长期居住）、referred（转诊）或 emergency（急诊）",
    )


def no_beds(fixmedins_code: str) -> BadInput:
    """B53: a pharmacy admits nobody."""
    return BadInput(
        "B53_NO_ADMISSIONS",
        f"{fixmedins_code} is a pharmacy",
        cure="A pharmacy settles with 2101 and 2102",
        zh=f"{fixmedins_code} 是定点零售药店，不能办理就诊或入院登记。药店购药请用 2101、2102",
    )


def not_such_care(infno: str, med_type: str) -> BadInput:
    """B54: the area's rules read the med_type as the other kind of care."""
    return BadInput(
        "B54_KIND_OF_CARE",
        f"med_type {med_type} is not for {infno}",
        cure="An inpatient med_type goes with 2401, an outpatient one with 2203",
        zh=f"医疗类别 {med_type} 不适用于交易 {infno}：住院类用 2401 登记，门诊类用 2203 上传就诊信息",
    )


def another_insurance(insutype: str) -> BadInput:
    """B55: the message names another insurance than the registration."""
    return BadInput(
        "B55_ANOTHER_INSURANCE",
        f"the visit was registered under insutype {insutype}",
        cure="Send that insutype, or register anew",
        zh=f"该就诊登记的险种是 {insutype}，与本次报文不一致。请按登记险种办理，或撤销后重新登记",
    )


def refund_sign(feedetl_sn: str) -> BadInput:
    """B56: a refund line has a negative quantity and amount and names its line; other lines have neither."""
    return BadInput(
        "B56_REFUND_LINE",
        f"line {feedetl_sn}: a negative cnt and det_item_fee_sumamt go with init_feedetl_sn, and only so",
        cure="Send cnt and det_item_fee_sumamt below zero together with init_feedetl_sn",
        zh=f"明细 {feedetl_sn}：退费明细的数量和金额须同为负数，并填写原明细流水号 init_feedetl_sn；其他明细须为正数",
    )
