"""Why the book refuses, one function a reason. A code is never reused for another meaning."""

from __future__ import annotations

from settlement.errors import BadInput, LedgerConflict, NotAvailable

_RESEND = "Send the same message again under the same msgid: it is booked once at most"


def msgid_reused(fixmedins_code: str, msgid: str) -> LedgerConflict:
    """L01: a message of this name is booked with other content."""
    return LedgerConflict(
        "L01_MSGID_REUSED",
        f"{fixmedins_code} sent msgid {msgid} before, with another body",
        "One msgid names one message",
        "Give the new message its own msgid",
        "报文号重复：该报文号已用于另一笔业务，请更换报文号后重传",
    )


def setl_id_reused(setl_id: str) -> LedgerConflict:
    """L02: the settlement id belongs to another entry."""
    return LedgerConflict(
        "L02_SETL_ID_REUSED",
        f"settlement id {setl_id} is taken",
        "It names one entry of the book",
        "Nothing was written; draw a new settlement id",
        "结算编号重复，未记账，请重试",
    )


def not_written(found: str) -> NotAvailable:
    """L03: nothing of this message is in the book."""
    return NotAvailable("L03_NOT_WRITTEN", found, "Nothing was booked", _RESEND, "未记账，请重试")


def outcome_unknown(found: str) -> NotAvailable:
    """L04: the message may or may not be booked; only asking again can tell."""
    return NotAvailable(
        "L04_OUTCOME_UNKNOWN",
        found,
        "It is not known whether this message is booked",
        _RESEND,
        "是否记账未确认，请用原报文号重发",
    )


def stopped(found: str) -> NotAvailable:
    """L05: the disk failed under the book; it writes no more until it is opened again."""
    return NotAvailable(
        "L05_BOOK_STOPPED",
        found,
        "After a disk fault nothing written later could be trusted",
        "Check the disk, then restart; what was acknowledged is kept",
        "账簿已停止写入，未记账，请检查磁盘后重启",
    )


def newer(found: int, known: int) -> NotAvailable:
    """L06: the file was made by a later release."""
    return NotAvailable(
        "L06_BOOK_NEWER",
        f"the book has form {found}, this release knows forms up to {known}",
        "Guessing what a newer form means would damage it",
        "Open it with the newer release",
        "账簿版本较新，请升级软件后再打开",
    )


def not_a_book(path: str, why: str) -> BadInput:
    """L07: the file is something else, or damaged beyond reading."""
    return BadInput(
        "L07_NOT_A_BOOK",
        f"{path}: {why}",
        "Booking into it could damage it",
        "Check the path, or restore a copy",
        "该文件不是账簿或已损坏，请核对路径",
    )


def unbalanced(setl_id: str, total_fen: int) -> BadInput:
    """L08: the postings do not add up to zero."""
    return BadInput(
        "L08_UNBALANCED",
        f"the postings of {setl_id} add up to {total_fen} fen instead of 0",
        "Money would appear or vanish",
        "Nothing was written; correct the postings",
        "记账分录不平，未记账",
    )


def message_form(field: str, found: object) -> BadInput:
    """L09: a field of the message cannot be booked."""
    return BadInput(
        "L09_MESSAGE_FORM",
        f"{field} of the message is {found!r}",
        "It could not be found again under that name",
        "Ids are 1 to 30 printable characters, the body is bytes",
        f"报文字段 {field} 不正确，请核对",
    )


def booking_form(field: str, found: object) -> BadInput:
    """L10: a field of the booking cannot be booked."""
    return BadInput(
        "L10_BOOKING_FORM",
        f"{field} of the booking is {found!r}",
        "Nothing was written",
        "Amounts are whole fen below 100 million yuan, ids 1 to 30 printable characters",
        f"记账字段 {field} 不正确，未记账",
    )


def closed() -> NotAvailable:
    """L11: the book was closed."""
    return NotAvailable("L11_BOOK_CLOSED", "the book is closed", "Nothing was booked", _RESEND, "账簿已关闭，未记账")


def person_known(psn_no: str) -> LedgerConflict:
    """L12: an opening balance came after the first entry of the person."""
    return LedgerConflict(
        "L12_PERSON_KNOWN",
        f"person {psn_no} already has entries",
        "An opening balance comes first or not at all",
        "Book the difference as an entry of its own",
        "该参保人已有记账，不能再录入期初余额",
    )


def digest_missing(algorithm: str) -> NotAvailable:
    """L13: the book is hashed with an algorithm that this machine lacks."""
    return NotAvailable(
        "L13_DIGEST_MISSING",
        f"the book is hashed with {algorithm}, which this OpenSSL does not offer",
        "Its chain can be neither checked nor continued",
        "Use a Python built with it",
        "本机不支持账簿所用的摘要算法",
    )


def person_damaged(psn_no: str) -> LedgerConflict:
    """L14: what the file holds as the person's counters cannot be read."""
    return LedgerConflict(
        "L14_PERSON_DAMAGED",
        f"the counters of person {psn_no} cannot be read",
        "The file was changed from outside",
        "Run verify and restore a copy",
        "该参保人的累计数据已损坏，未记账，请联系管理员",
    )


def clock_back(now: str, latest: str) -> NotAvailable:
    """L15: the service's clock shows an earlier time than the book has seen."""
    return NotAvailable(
        "L15_CLOCK_WENT_BACK",
        f"it is {now} here, but the book has an entry of {latest}",
        "Windows of time, sign-ins and reconciliation days would go wrong; nothing was booked",
        "Set the clock right; if the earlier time is the true one, run `settlement book accept-clock`",
        "服务器时间倒退，未记账，请联系管理员校准时间",
    )


def other_keys(found: str, book: str) -> NotAvailable:
    """L16: the book is sealed with keys that are not at hand."""
    return NotAvailable(
        "L16_OTHER_KEYS",
        f"the book is sealed with the keys {book}, these are {found}",
        "Nothing in it could be read, and what is written now could not be read later",
        "Give the right key file with --keys or SETTLEMENT_KEYS_FILE",
        "密钥与账簿不符，请使用正确的密钥文件",
    )


def older(found: int, known: int) -> NotAvailable:
    """L17: the file was made by an earlier release."""
    return NotAvailable(
        "L17_BOOK_OLDER",
        f"the book has form {found}, this release writes form {known}",
        "An older form is never changed in place",
        "Run `settlement book migrate OLD NEW`; the old file is kept as it is",
        "账簿为旧版本，请先升级转换",
    )


def driver_missing(found: str) -> NotAvailable:
    """L40: the driver for PostgreSQL is not installed."""
    return NotAvailable(
        "L40_NO_DRIVER",
        f"psycopg cannot be loaded ({found})",
        "A book in PostgreSQL is reached through it",
        "Run `pip install 'settlement[postgres]'`",
        "未安装 PostgreSQL 驱动，无法打开账簿",
    )


def server_unfit(where: str, found: str) -> NotAvailable:
    """L41: a server that cannot keep a book, or could lose what was acknowledged."""
    return NotAvailable(
        "L41_SERVER_UNFIT",
        f"{where}: {found}",
        "What is acknowledged there could be lost or misread",
        "Use the writing server of PostgreSQL 15 or later, with fsync on, and a database in UTF8",
        "数据库服务器不符合账簿要求，请联系管理员",
    )


def server_away(where: str, found: str) -> NotAvailable:
    """L42: the database server cannot be asked."""
    return NotAvailable(
        "L42_SERVER_AWAY",
        f"{where} does not answer: {found}",
        "The book cannot be read now",
        "Check that the server runs and can be reached, then ask again",
        "账簿数据库暂时无法访问，请稍后重试",
    )


def entries_lost(where: str, found: str) -> NotAvailable:
    """L43: the server no longer has entries that it had acknowledged."""
    return NotAvailable(
        "L43_ENTRIES_LOST",
        f"{where}: {found}",
        "Another server or an older copy has taken its place; going on would settle from stale counters",
        "Bring the right server back, or have the lost entries booked again from the tills, then restart",
        "数据库缺少已确认的记账，已停止写入，请立即联系管理员",
    )


def target_exists(where: str) -> BadInput:
    """L18: a copy would take the place of something."""
    return BadInput(
        "L18_TARGET_EXISTS",
        f"{where} is there already",
        "A copy never takes the place of something",
        "Name a new file or an empty store",
        "目标已存在，请另选位置",
    )


def copy_differs(found: str) -> NotAvailable:
    """L19: a copy does not read as the book does."""
    return NotAvailable(
        "L19_COPY_DIFFERS",
        f"the copy is not the book: {found}",
        "A backup that cannot be read is none",
        "Run `settlement book audit` on the book, then copy again",
        "备份校验不符，请核对账簿后重新备份",
    )


def not_an_anchor(path: str, found: str) -> BadInput:
    """L20: the file is no anchor."""
    return BadInput(
        "L20_NOT_AN_ANCHOR",
        f"{path}: {found}",
        "Without it nothing can be said of a cut or rebuilt book",
        "Name the JSON file that `settlement book anchor` wrote",
        "不是有效的账簿锚点文件",
    )


def content_damaged(found: str) -> NotAvailable:
    """L21: a content opened with the right keys and is still none that the book writes."""
    return NotAvailable(
        "L21_CONTENT_DAMAGED",
        f"a packed content cannot be read: {found}",
        "It was not written by this program, or by a later release; nothing of it is shown",
        "Run `settlement book audit`; if it names the entry, restore a copy",
        "账簿内容已损坏，无法读取，请运行账本审计并联系管理员",
    )


def anchor_exists(path: str) -> BadInput:
    """L22: an anchor would take the place of a file."""
    return BadInput(
        "L22_ANCHOR_EXISTS",
        f"{path} is there already",
        "An anchor that was made is never overwritten: it shows what the book was on its day",
        "Name a new file, or a folder, in which it is named by the day",
        "锚点文件已存在，请另选文件名",
    )
