"""Why the journal of a till refuses, one function a reason. A code is never reused for another meaning."""

from __future__ import annotations

from settlement.errors import BadInput, NotAvailable


def held(folder: str, holder: str) -> NotAvailable:
    """J01: another process has this journal."""
    return NotAvailable(
        "J01_JOURNAL_HELD",
        f"the journal in {folder} is in use ({holder})",
        "Two tills in one journal would number their messages alike",
        "Close the other till program, or give this one its own folder and its own till number",
        "收银流水已被另一程序占用，请先关闭另一个收银程序",
    )


def damaged(file: str, place: str) -> NotAvailable:
    """J02: a record in the middle of the journal does not check."""
    return NotAvailable(
        "J02_JOURNAL_DAMAGED",
        f"{file} is damaged at {place}: sound records follow, so this is no torn end",
        "What stood there is not known, and nothing is guessed",
        "Put the folder aside, begin an empty one with another till number, reconcile the days in question (3201, 3202)",
        "收银流水文件已损坏，请保留原文件夹、换新文件夹和新的终端序号，并对相关日期对账",
    )


def not_written(found: str) -> NotAvailable:
    """J03: a record could not be written and is not in the journal."""
    return NotAvailable(
        "J03_NOT_WRITTEN",
        f"the journal could not be written ({found})",
        "A message that is not in the journal is not sent",
        "Free space on the disk of the journal, then try again",
        "收银流水写入失败（磁盘已满或不可写），未发送，请清理磁盘后重试",
    )


def stopped(found: str) -> NotAvailable:
    """J04: it is not known what of the last record is on the disk."""
    return NotAvailable(
        "J04_JOURNAL_STOPPED",
        f"the journal has stopped ({found})",
        "After a failed fsync nobody knows what the disk holds; asking it again would prove nothing",
        "Close the program, check the disk, open the journal again",
        "收银流水已停止写入，请退出程序、检查磁盘后重新打开",
    )


def not_this_till(found: str) -> BadInput:
    """J05: the folder, or what was asked, belongs to another institution, till, or set of keys."""
    return BadInput(
        "J05_OTHER_TILL",
        found,
        "Its numbers and keys would be mixed with those of another till",
        "Open it with the institution, till number and keys it was begun with",
        "收银流水与本机构、终端序号或密钥不符，请核对设置",
    )


def not_ours(msgid: str) -> BadInput:
    """J10: the message is not in this journal."""
    return BadInput(
        "J10_NOT_OURS",
        f"message {msgid} was not sent by this till",
        "A 2601 undoes one's own message only",
        "Check the msgid; the till that sent it must undo it",
        "本机未发送过该报文，不能冲正，请核对报文号",
    )


def not_reversible(infno: str) -> BadInput:
    """J11: 2601 does not take this transaction."""
    return BadInput(
        "J11_NOT_REVERSIBLE",
        f"{infno} cannot be undone by 2601",
        cure="Query it, or use the transaction that undoes it",
        zh=f"交易 {infno} 不支持冲正（2601），请查询或使用对应的撤销交易",
    )


def nothing_to_undo(msgid: str, state: str) -> BadInput:
    """J12: the message's outcome is known: it was refused, or a cashier saw it succeed."""
    return BadInput(
        "J12_OUTCOME_KNOWN",
        f"the outcome of {msgid} is known ({state})",
        "2601 is for messages whose outcome is not known",
        "Take a good settlement back with 2103, 2208 or 2305",
        "该报文结果明确，不用冲正；成功的结算请用 2103、2208 或 2305 撤销",
    )


def reversed_already(msgid: str) -> BadInput:
    """J13: it is reversed."""
    return BadInput(
        "J13_REVERSED_ALREADY", f"{msgid} is reversed", cure="Nothing needs to be done", zh="该报文已冲正，无需再次冲正"
    )


def undo_open(msgid: str, by: str) -> BadInput:
    """J14: a 2601 of it has been sent, and what became of that is not known."""
    return BadInput(
        "J14_UNDO_OPEN",
        f"the outcome of 2601 {by} of {msgid} is not known",
        "A second 2601 would be sent blindly",
        "Reconcile (3201, 3202); the result says which it is",
        "该报文的冲正结果未知，不得再次冲正，请等待对账（3201、3202）",
    )


def not_allowed(msgid: str, before: str, after: str) -> BadInput:
    """J15: no message goes from the one state to the other."""
    return BadInput("J15_STATE", f"{msgid} cannot go from {before} to {after}", "A state is changed by evidence only")


def place_code(code: str) -> BadInput:
    """J16: a msgid begins with the institution's 12 characters and ends with the till's two digits and two more."""
    return BadInput(
        "J16_PLACE_CODE",
        f"{code!r} is no institution code of 12 letters and digits with a till number from 0 to 99",
        "A msgid is made of it",
        "Write the code as the contract with the insurer has it",
        "定点医药机构编号应为 12 位字母数字，终端序号应为 0 至 99",
    )


def statement_form(line: int, found: str) -> BadInput:
    """J17: a row of a 3202 result cannot be read."""
    return BadInput(
        "J17_RESULT_FORM",
        f"line {line} of the reconciliation result: {found}",
        "Nothing of the file was used",
        "Fetch it again (9102); if it stays so, ask the platform",
        f"对账结果文件第 {line} 行无法识别，整个文件未采用，请重新下载",
    )


def no_word_for_money(infno: str) -> BadInput:
    """J18: a person's word was offered for a message that moves money."""
    return BadInput(
        "J18_NO_WORD_FOR_MONEY",
        f"{infno} moves money, so a person's word does not settle it",
        "Its figures must come from the platform",
        "Resolve it (5203), or reconcile (3201, 3202)",
        "涉及资金的报文不能人工确认，请查询（5203）或对账（3201、3202）",
    )


def no_journal(folder: str) -> BadInput:
    """J19: a folder that is to be looked at holds no journal."""
    return BadInput(
        "J19_NO_JOURNAL",
        f"there is no journal in {folder}",
        "A journal is begun by the till, never by looking",
        "Name the folder that the till was opened with",
        "该文件夹中没有收银流水，请核对文件夹路径",
    )
