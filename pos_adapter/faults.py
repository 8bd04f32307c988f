"""Every way in which a card, a reader or the card service fails: one table from status to words.

Each row has a stable code, the status words (SW) and PC/SC results (hresult) that mean it, the sentence for the
cashier, the cause and the next step. All that the adapter raises about a card is a ``CardFault`` made from a row.
Not met on this project's test bench, only read about: 8010001E, 8010002E, 80100003, 80100066, SW 9303 and 6283.
"""

from __future__ import annotations

from typing import NamedTuple

from settlement.errors import CardFault

SW_OK = 0x9000


class Row(NamedTuple):
    """One kind of failure."""

    code: str
    zh: str
    cause: str
    cure: str
    sws: tuple[int, ...] = ()
    hresults: tuple[int, ...] = ()


FAULTS: tuple[Row, ...] = (
    Row("D01_NO_SERVICE", "读卡服务未启动，请启动后重试", "the PC/SC service does not answer",
        "Start it (systemctl start pcscd.socket, or pcscd by hand), then read again",
        hresults=(0x8010001D, 0x80100013, 0x8010001E, 0x80100003)),
    Row("D02_NO_READER", "未找到读卡器，请检查连接线", "no card reader of this name is connected",
        "Check the cable and the reader's driver, then read again", hresults=(0x8010002E, 0x80100009)),
    Row("D03_WHICH_READER", "有多个读卡器插着卡，请指定读卡器", "more than one reader holds a card",
        "Name the reader, or take the other card out"),
    Row("D04_CARD_GONE", "未检测到卡片或卡片被拔出，请插好卡重新读卡",
        "without a card nobody can be identified, and what was read so far may belong to another card",
        "Insert the card, leave it in and read again", hresults=(0x8010000C, 0x80100069, 0x80100016)),
    Row("D05_CARD_MUTE", "卡片无应答，请擦拭芯片、翻面重插", "the chip does not answer",
        "Clean the contacts, insert the card chip first", hresults=(0x80100066, 0x80100067)),
    Row("D06_RESET_ELSEWHERE", "卡片被其他程序复位，请重新读卡", "another program has reset the card",
        "Read again; close the other card program if it happens again", hresults=(0x80100068,)),
    Row("D07_BUSY", "读卡器被其他程序占用，请关闭后重试", "another program holds the reader for itself alone",
        "Close the other card program and read again", hresults=(0x8010000B,)),
    Row("D08_DENIED", "无权访问读卡器，请联系管理员", "the service refuses this user, or has no connection left",
        "Allow org.debian.pcsc-lite.access_pcsc and access_card in polkit, or close other programs",
        hresults=(0x8010006A,)),
    Row("D09_STUCK", "读卡超时，请拔卡重插", "the card, the reader or its driver did not answer in time",
        "Take the card out and insert it again; if it stays so, replug the reader"),
    Row("D10_WRONG_CARD", "不是社会保障卡，请换卡", "the card has no social security application",
        "Ask for the social security card"),
    Row("D11_ITEM_MISSING", "卡内数据不完整，请到社保窗口处理", "the card lacks a file or a record",
        "Identify the person in another way; the holder should show the card at the social security office",
        sws=(0x6A82, 0x6A83, 0x6A88)),
    Row("D12_AUTH_NEEDED", "三代卡需安全认证（PSAM/加密机），本机不能直接读取",
        "the card wants an external authentication before it gives the holder's data",
        "Read it with the bureau's reader program, or identify the person by e-voucher or ID card", sws=(0x6982,)),
    Row("D13_LOCKED", "卡或应用已锁定，请到社保窗口处理", "the card or its application is locked",
        "The holder should show the card at the social security office", sws=(0x9303, 0x6283)),
    Row("D14_FILE_MOVED", "读卡时受到其他程序干扰，请重新读卡", "another program has moved the card's current file",
        "Read again; close the other card program if it happens again", sws=(0x6986,)),
    Row("D15_UNEXPECTED", "卡片返回异常，请重新插卡", "the card gave an answer that this step does not allow",
        "Insert the card again; if it stays so, send the code to the maintainer"),
    Row("D20_MIXED_READ", "读卡过程中换了卡，本次读取作废，请重新读卡",
        "the 卡识别码 at the end differs from the one at the start: the data may be of two persons",
        "Leave one card in the reader and read again"),
    Row("D21_OTHER_CARD", "读卡器中已不是原来的卡，请停止结算并重新读卡",
        "the settlement belongs to the card that was read before", "Do not book; read the present card anew"),
    Row("D22_DATA_BAD", "卡内信息不一致，请核对证件或到社保窗口处理", "data on the card contradict each other",
        "Check the person's ID card; the holder should show the card at the social security office"),
    Row("D23_NOT_VALID_TODAY", "卡片不在有效期内，请到社保窗口换卡", "the card is not valid on this day",
        "Check the date of this terminal, then identify the person in another way"),
    Row("D30_PIN_WRONG", "密码错误", "the PIN does not match; the card counts every try",
        "Ask the holder once more; never try a guess"),
    Row("D31_PIN_BLOCKED", "密码已锁定，请到社保窗口解锁", "too many wrong PINs", "Only the office can unblock it",
        sws=(0x6983,)),
    Row("D32_PIN_UNSET", "卡片未设置密码", "the card holds no usable PIN", "Follow the rule of this area without PIN",
        sws=(0x6984,)),
)  # fmt: skip

BY_CODE = {row.code: row for row in FAULTS}
_BY_SW = {sw: row.code for row in FAULTS for sw in row.sws}
_BY_HRESULT = {result: row.code for row in FAULTS for result in row.hresults}


def fault(code: str, found: str, zh_detail: str = "") -> CardFault:
    """Return the error of one row; ``found`` says what was met, without personal data."""
    row = BY_CODE[code]
    return CardFault(row.code, found, row.cause, row.cure, row.zh + zh_detail)


def from_sw(sw: int, doing: str) -> CardFault:
    """Return the error for a status word met while ``doing`` something."""
    if sw & 0xFFF0 == 0x63C0:
        left = sw & 0xF
        return fault("D30_PIN_WRONG", f"SW {sw:04X} on {doing}: {left} tries left", f"，还可试 {left} 次")
    return fault(_BY_SW.get(sw, "D15_UNEXPECTED"), f"SW {sw:04X} on {doing}")


def from_hresult(hresult: int, doing: str) -> CardFault:
    """Return the error for a PC/SC result; 0 with an empty answer is how a pulled card shows first."""
    result = hresult & 0xFFFFFFFF  # some builds give the signed 32-bit value
    code = "D04_CARD_GONE" if result == 0 else _BY_HRESULT.get(result, "D15_UNEXPECTED")
    return fault(code, f"PC/SC {result:08X} on {doing}")
