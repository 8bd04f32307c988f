"""Why the checkout does not answer a query, reconcile or clear: the refusals B60 to B99, one function a reason.

The codes continue those of ``refusals``; a code is never reused for another meaning.
"""

from __future__ import annotations

from settlement.errors import BadInput


def field_missing(name: str) -> BadInput:
    """B60: a field that the transaction needs is absent or empty."""
    return BadInput(
        "B60_FIELD_MISSING",
        f"{name} is missing",
        cure="Fill it in and send again",
        zh=f"缺少必填项 {name}，请补填后重传",
    )


def span(first: str, last: str, why: str, zh: str) -> BadInput:
    """B61: a period is no period, or longer than one question may span."""
    return BadInput(
        "B61_SPAN",
        f"the period {first} to {last} {why}",
        cure="Correct the dates, or ask in several parts",
        zh=f"起止日期 {first} 至 {last} {zh}，请更正后重传",
    )


def page(found: str) -> BadInput:
    """B62: page number or page size cannot be used."""
    return BadInput(
        "B62_PAGE",
        f"page {found}",
        cure="Pages are counted from 1 and hold 1 to 500 rows",
        zh=f"分页参数不正确（{found}）：页码从 1 起，每页 1 至 500 条",
    )


def file_form(found: str) -> BadInput:
    """B63: the uploaded content is neither base64 nor a list of bytes, or its name is no file name."""
    return BadInput(
        "B63_FILE_FORM",
        f"the upload cannot be read: {found}",
        cure="Send the file as base64 text or as a list of byte values, under a name without path or quotes",
        zh="上传文件无法识别：in 请按 base64 文本或字节数组上传，filename 请勿包含路径、引号和不可见字符",
    )


def file_too_large(found: int, most: int) -> BadInput:
    """B64: a file is empty or larger than is taken."""
    return BadInput(
        "B64_FILE_SIZE",
        f"the file has {found} bytes, 1 to {most} are taken",
        cure="Send the period in several files",
        zh=f"文件大小 {found} 字节，允许 1 至 {most} 字节，请分段上传",
    )


def file_unknown(file_qury_no: str) -> BadInput:
    """B65: no file of this institution has this handle; another's file is not told apart from none."""
    return BadInput(
        "B65_FILE_UNKNOWN",
        f"no file {file_qury_no} of this institution",
        cure="Use the handle that the answer of the upload or query gave",
        zh=f"没有查到本机构的文件 {file_qury_no}，请核对文件查询号",
    )


def file_expired(file_qury_no: str, until: str) -> BadInput:
    """B66: the time in which a file could be fetched is over."""
    return BadInput(
        "B66_FILE_EXPIRED",
        f"file {file_qury_no} could be fetched until {until}",
        cure="Ask for it anew",
        zh=f"文件 {file_qury_no} 的下载截止时间为 {until}，已过期，请重新查询或上传",
    )


def other_institution(found: str, own: str) -> BadInput:
    """B67: a message of one institution names another inside."""
    return BadInput(
        "B67_OTHER_INSTITUTION",
        f"the input names institution {found}, the message comes from {own}",
        cure="An institution asks for its own things",
        zh=f"报文中的机构编号 {found} 与发送机构 {own} 不一致",
    )


def statement_zip(found: str, zh: str) -> BadInput:
    """B68: the uploaded file is no ZIP with one text file of the statement."""
    return BadInput(
        "B68_STATEMENT_FILE",
        f"the statement file {found}",
        cure="Pack one UTF-8 text file (tab between columns, no header) as ZIP and upload it again",
        zh=f"对账文件{zh}。请将一个 UTF-8 文本文件（制表符分列、无表头）压缩为 ZIP 后重新上传",
    )


def statement_row(line: int, found: str, zh: str) -> BadInput:
    """B69: a row of the statement cannot be read; nothing of the file was compared."""
    return BadInput(
        "B69_STATEMENT_ROW",
        f"line {line} of the statement: {found}",
        cure="Correct this line and upload the file again",
        zh=f"对账文件第 {line} 行{zh}，请更正后重新上传",
    )


def statement_totals(what: str, said: str, summed: str) -> BadInput:
    """B70: the message's totals are not those of its own file."""
    return BadInput(
        "B70_STATEMENT_TOTALS",
        f"{what}: the message says {said}, the rows of the file sum to {summed}",
        cure="Make message and file from the same rows",
        zh=f"报文合计与对账文件不符：{what} 报文为 {said}，文件合计为 {summed}。请用同一批数据生成后重传",
    )


def clearing_identity(said: str, rest: str, expected: str) -> BadInput:
    """B71: the amounts of a clearing application do not add up."""
    return BadInput(
        "B71_CLEARING_IDENTITY",
        f"medfee less fund, cash and account ({said}) leaves {rest} yuan, not {expected}",
        cure="The total is fund + cash + account, beside what the institution itself bears",
        zh=f"清算申请金额不平：总费用减基金、现金、个人账户（{said}）余 {rest} 元，应为 {expected} 元（机构负担等）。请核对后重报",
    )


def clearing_differs(what: str, said: str, booked: str) -> BadInput:
    """B72: a figure of a clearing application is not that of the book."""
    return BadInput(
        "B72_CLEARING_DIFFERS",
        f"{what}: applied for {said}, the book has {booked}",
        cure="Run 3201 and 3202 for the month until they are equal, then apply",
        zh=f"清算申请与中心账目不符：{what} 申报 {said}，中心 {booked}。请先做 3201、3202 对账，一致后再申报",
    )


def clearing_stands(clr_appy_evt_id: str, setlym: str) -> BadInput:
    """B73: an application for the same month and type stands already."""
    return BadInput(
        "B73_CLEARING_STANDS",
        f"application {clr_appy_evt_id} for {setlym} stands",
        cure="Withdraw it with 3204 while it is not taken up, then apply anew",
        zh=f"{setlym} 已有清算申请 {clr_appy_evt_id}，不能重复申报；尚未受理的可先用 3204 撤销",
    )


def clearing_unknown(clr_appy_evt_id: str) -> BadInput:
    """B74: no clearing application of this institution has this id."""
    return BadInput(
        "B74_CLEARING_UNKNOWN",
        f"no clearing application {clr_appy_evt_id} of this institution",
        cure="Use the id that 3203 answered",
        zh=f"没有查到清算申请 {clr_appy_evt_id}，请核对申请事件编号",
    )


def clearing_state(clr_appy_evt_id: str, state: str, wanted: str) -> BadInput:
    """B75: what is asked does not follow on the state of the application."""
    return BadInput(
        "B75_CLEARING_STATE",
        f"application {clr_appy_evt_id} is in state {state}; {wanted} does not follow on it",
        cure="Withdrawal is possible in state 10 only; the others go up step by step",
        zh=f"清算申请 {clr_appy_evt_id} 当前状态为 {state}，不能办理（{wanted}）",
    )


def clearing_period(found: str, zh: str) -> BadInput:
    """B76: the days of a clearing application are not those of one month that is over."""
    return BadInput(
        "B76_CLEARING_PERIOD",
        f"the period {found}",
        cure="Apply for one calendar month after its last day",
        zh=f"清算期间{zh}，请按已结束的单个自然月申报",
    )


def settlement_unknown(found: str) -> BadInput:
    """B77: no settlement of the asking institution is meant; another's is not told apart from none."""
    return BadInput(
        "B77_SETTLEMENT_UNKNOWN",
        f"no settlement {found} of this institution",
        cure="If the outcome of a message is sought: it was not settled; send it again under the same msgid",
        zh=f"没有查到本机构的结算 {found}。如为核实结果不明的报文：该报文未结算，可用原报文号重发",
    )


def visit_unknown(mdtrt_id: str) -> BadInput:
    """B78: no visit at the asking institution has this id."""
    return BadInput(
        "B78_VISIT_UNKNOWN",
        f"no visit {mdtrt_id} at this institution",
        cure="Check mdtrt_id and psn_no",
        zh=f"没有查到本机构的就诊 {mdtrt_id}，请核对就诊ID和人员编号",
    )


def list_differs(what: str, said: str, settled: str) -> BadInput:
    """B79: a figure of a settlement list is not that of its settlement."""
    return BadInput(
        "B79_LIST_DIFFERS",
        f"{what}: the list says {said}, the settlement {settled}",
        cure="Make the list from the settlement (5203), then send it again",
        zh=f"结算清单与结算不符：{what} 清单为 {said}，结算为 {settled}。请按 5203 的结算信息更正后重传",
    )


def version(found: str) -> BadInput:
    """B80: a version of a catalogue that cannot be read."""
    return BadInput(
        "B80_VERSION",
        f"ver {found!r} names no version",
        cure="Send 0 for all rows, or a version with the day yyyyMMdd from an earlier file",
        zh=f"版本号 {found} 无法识别：首次下载请传 0，之后传上次文件中的版本号",
    )


def list_of_reversed(setl_id: str) -> BadInput:
    """B81: a settlement list for a settlement that was given back, or that itself gives back."""
    return BadInput(
        "B81_LIST_OF_REVERSED",
        f"settlement {setl_id} does not stand",
        cure="Send a list for settlements that stand",
        zh=f"结算 {setl_id} 已退费或为退费记录，不需要上传结算清单",
    )


def amount_form(name: str, found: str) -> BadInput:
    """B82: an amount or count cannot be read."""
    return BadInput(
        "B82_AMOUNT_FORM",
        f"{name} is {found!r}",
        cure="Write yuan with at most two decimals, counts as whole numbers",
        zh=f"{name} 的值 {found} 不是金额或数量（元，最多两位小数）",
    )
