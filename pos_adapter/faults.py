"""Every way in which presenting oneself fails: one table from status to words.

Each row has a stable code, the status words (SW) of the card, the results of PC/SC (hresult) and the return codes of the
vendors' drivers that mean it, the sentence for the cashier, the cause and the next step. All that the adapter raises
about a card, an e-voucher or an ID number is a ``CardFault`` made from a row.
Not met on this project's test bench, only read about: 8010001E, 8010002E, 80100003, 80100066, SW 9303 and 6283. The
vendors' codes come from public descriptions of their driver; no real driver was called.
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
    vendors: tuple[int, ...] = ()


FAULTS: tuple[Row, ...] = (
    Row("D01_NO_SERVICE", "读卡服务未启动，请启动后重试", "the PC/SC service does not answer",
        "Start it (systemctl start pcscd.socket, or pcscd by hand), then read again",
        hresults=(0x8010001D, 0x80100013, 0x8010001E, 0x80100003)),
    Row("D02_NO_READER", "未找到读卡器，请检查连接线", "no card reader of this name is connected",
        "Check the cable and the reader's driver, then read again", hresults=(0x8010002E, 0x80100009),
        vendors=(-11, -12)),
    Row("D03_WHICH_READER", "有多个读卡器插着卡，请指定读卡器", "more than one reader holds a card",
        "Name the reader, or take the other card out"),
    Row("D04_CARD_GONE", "未检测到卡片或卡片被拔出，请插好卡重新读卡",
        "without a card nobody can be identified, and what was read so far may belong to another card",
        "Insert the card, leave it in and read again", hresults=(0x8010000C, 0x80100069, 0x80100016),
        vendors=(-2,)),
    Row("D05_CARD_MUTE", "卡片无应答，请擦拭芯片、翻面重插", "the chip does not answer",
        "Clean the contacts, insert the card chip first", hresults=(0x80100066, 0x80100067), vendors=(-3, -4)),
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
        "Ask for the social security card", vendors=(-1,)),
    Row("D11_ITEM_MISSING", "卡内数据不完整，请到社保窗口处理", "the card lacks a file or a record",
        "Identify the person in another way; the holder should show the card at the social security office",
        sws=(0x6A82, 0x6A83, 0x6A88)),
    Row("D12_AUTH_NEEDED", "三代卡需安全认证（PSAM/加密机），本机不能直接读取",
        "the card wants an external authentication before it gives the holder's data",
        "Read it with the bureau's reader program, or identify the person by e-voucher or ID card", sws=(0x6982,),
        vendors=(-24, -2201, -2202, -2203, -27272)),
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
        "Check the person's ID card; the holder should show the card at the social security office", vendors=(-20, -22)),
    Row("D23_NOT_VALID_TODAY", "卡片不在有效期内，请到社保窗口换卡", "the card is not valid on this day",
        "Check the date of this terminal, then identify the person in another way"),
    Row("D24_NOT_GENUINE", "卡片认证未通过，请换其他凭证，并提示持卡人到社保窗口检查",
        "the card could not prove that it is one of its issuer's: it may be a copy, or the reader has the wrong keys",
        "Do not settle on this card; identify the person by e-voucher or ID card", vendors=(-21,)),
    Row("D25_AUTH_REFUSED", "卡片未接受本机的安全认证，请勿反复插卡，请换其他凭证",
        "the card did not accept the keys of this reader's module, and it counts such tries",
        "Identify the person by e-voucher or ID card, and have the module (PSAM) checked"),
    Row("D26_NOT_THE_HOLDER", "证件与社保卡持卡人不一致，不能重置密码",
        "a PIN is reset for the holder alone, on the holder's own ID card",
        "Ask for the holder's ID card; compare name and number with the card"),
    Row("D27_NOT_AT_A_WINDOW", "密码重置只能在社保服务窗口办理", "only a service window, by its own module, may reset a PIN",
        "The holder goes to a social security service window with card and ID card"),
    Row("D30_PIN_WRONG", "密码错误", "the PIN does not match; the card counts every try",
        "Ask the holder once more; never try a guess", vendors=(-51,)),
    Row("D31_PIN_BLOCKED", "密码已锁定，请到社保窗口解锁", "too many wrong PINs", "Only the office can unblock it",
        sws=(0x6983,), vendors=(-52,)),
    Row("D32_PIN_UNSET", "卡片未设置密码", "the card holds no usable PIN", "Follow the rule of this area without PIN",
        sws=(0x6984,)),
    Row("D33_PIN_LAST_TRY", "密码只剩最后一次机会，输错将锁定；请持卡人确认后再输",
        "one more wrong PIN locks the card, and only a service window can unlock it",
        "Ask the holder whether to try once more, and confirm; or go to the social security office"),
    Row("D34_PIN_INITIAL", "卡片仍是初始密码，请持卡人先修改密码", "the PIN is still the one that the card came with",
        "The holder changes it at the terminal's keypad or the office; then read and settle again", vendors=(-35,)),
    Row("D35_PIN_NOT_NEW", "新密码不能是初始密码，请换一个", "the new PIN is the initial one, which may not be set again",
        "Ask the holder for another PIN", vendors=(-36,)),
    Row("D36_PIN_CANCELLED", "持卡人取消了密码输入", "the entry was cancelled at the keypad",
        "Ask whether the holder wants to go on", vendors=(-31,)),
    Row("D37_PIN_TIMED_OUT", "密码输入超时，请重新操作", "nothing was entered at the keypad in time",
        "Start again when the holder is ready", vendors=(-32,)),
    Row("D38_PIN_LENGTH", "密码位数不正确，请重新输入", "the PIN entered is too short or too long", "Ask the holder to enter it again",
        vendors=(-33,)),
    Row("D39_PIN_NOT_THE_SAME", "两次输入的新密码不一致，请重新输入", "the new PIN was not entered twice alike",
        "Ask the holder to enter the new PIN again", vendors=(-34,)),
    Row("D50_DRIVER_MISSING", "读卡驱动无法加载，请联系管理员", "the vendor's library, or what it needs, cannot be loaded here",
        "Check the path, and that library and program are both 32-bit or both 64-bit"),
    Row("D51_DRIVER_FAILED", "读卡驱动出错，请重新读卡", "the vendor's driver failed in itself",
        "Read again; if it stays so, reinstall the driver", vendors=(-5,)),
    Row("D52_DRIVER_LACKS", "读卡驱动不支持此功能，请联系厂商", "the vendor's driver does not offer this function",
        "Ask the vendor for a driver of the 2015 interface or later", vendors=(-13,)),
    Row("D53_DRIVER_MISUSED", "读卡驱动参数错误，请联系管理员", "the driver did not accept how it was called",
        "Check the set-up of the driver (kind of reading, calling convention)", vendors=(-14,)),
    Row("D54_LINE_NOISE", "读卡数据校验错误，请重新读卡", "the line between reader and machine spoils data",
        "Read again; check the cable if it happens again", vendors=(-15,)),
    Row("D55_DRIVER_OUTPUT", "读卡驱动返回的内容无法识别，请联系厂商",
        "the answer has another form than the interface says, so that a value could be taken for another",
        "Send the code to the maintainer with the driver's name and version; use another credential until then"),
    Row("D56_BUREAU_MISMATCH", "加密机认证与卡片不符，请重新读卡", "the bureau's answer is not for this card",
        "Read again; if it stays so, the card may not be genuine", vendors=(-25,)),
    Row("D57_BUREAU_SILENT", "加密机认证服务没有给出可用的应答，请稍后重试或换其他凭证",
        "the bureau's key server did not answer, or not in its form",
        "Check the line to the bureau, then read again; or identify the person by e-voucher or ID card"),
    Row("D58_NO_HSM_NEEDED", "驱动对安全认证的说法前后不一致，请重新读卡",
        "the driver asked for an authentication and then said that none is needed",
        "Read again; if it stays so, update the driver", vendors=(-2204,)),
    Row("D60_NOT_A_VOUCHER", "不是医保电子凭证二维码，请打开医保电子凭证重新扫码",
        "the code that was scanned is not an electronic voucher", "Ask for the voucher's code and scan again"),
    Row("D61_VOUCHER_REFUSED", "医保电子凭证未被接受，请刷新二维码后重新扫码",
        "the voucher library refused: such codes last for a short time only", "Let the holder refresh the code and scan again"),
    Row("D62_VOUCHER_OUTPUT", "电子凭证程序返回的内容无法识别，请联系管理员",
        "the voucher library's answer lacks what an identity needs", "Check the set-up of the library; use another credential"),
    Row("D63_OTHER_PURPOSE", "此电子凭证是为另一项业务扫的，请重新扫码",
        "a voucher's token is good for the business that it was asked for", "Scan again for this business"),
    Row("D64_VOUCHER_SILENT", "电子凭证程序没有应答，请检查后重试", "the voucher library does not answer",
        "Check that it is installed and reaches the platform; use another credential until then"),
    Row("D70_ID_NUMBER_BAD", "身份证号码有误，请核对后重新输入", "the number cannot be a resident's number",
        "Compare it with the ID card, digit by digit"),
    Row("D71_ID_15_DIGITS", "这是15位的旧身份证号码，请按现用身份证输入18位号码",
        "numbers of 15 digits have not been valid since 2013 and are not turned into new ones by guess",
        "Ask for the present ID card"),
    Row("D72_ID_CARD_BAD", "身份证读取内容不完整或不一致，请重新放卡", "what the ID reader gave is not a whole ID card",
        "Put the card on the reader again; type the number if it stays so"),
    Row("D73_ID_EXPIRED", "身份证不在有效期内，请换其他有效证件", "the ID card is not valid on this day",
        "Check the date of this terminal, then ask for another credential"),
)  # fmt: skip

BY_CODE = {row.code: row for row in FAULTS}
_BY_SW = {sw: row.code for row in FAULTS for sw in row.sws}
_BY_HRESULT = {result: row.code for row in FAULTS for result in row.hresults}
_BY_VENDOR = {result: row.code for row in FAULTS for result in row.vendors}


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


def from_vendor(result: int, doing: str) -> CardFault:
    """Return the error for a vendor driver's return code, which is 0 only when all went well.

    Codes outside the table are mostly the negative of the card's status word.
    """
    if result in _BY_VENDOR:
        return fault(_BY_VENDOR[result], f"the driver returned {result} on {doing}")
    if 0x6100 <= -result <= 0x9FFF and -result != SW_OK:
        return from_sw(-result, f"{doing} (the driver returned {result})")
    return fault("D15_UNEXPECTED", f"the driver returned {result} on {doing}")
