"""Why the service does not pass a message on, one function a reason. A code is never reused for another meaning.

N01 to N06 are the forms of fields and the list of transactions (``reading``, ``routes``). ``Gateway`` is refused before there is an envelope to answer in: its
HTTP status is the answer's, its body ``{"code", "message"}``. All others are answered inside the envelope.
"""

from __future__ import annotations

from settlement.errors import BadInput, NotAvailable, SettlementError


class Gateway(SettlementError):
    """Refused at the door. ``status`` is the HTTP status, ``retry_after_s`` when to come again (0: no matter when)."""

    def __init__(self, status: int, code: str, found: str, zh: str, retry_after_s: float = 0.0) -> None:
        super().__init__(code, found, zh=zh)
        self.status, self.retry_after_s = status, retry_after_s


def not_json(found: str) -> Gateway:
    """N20: the body is no JSON object that can be read exactly."""
    return Gateway(
        400, "N20_NOT_JSON", found, "报文不是可识别的 JSON 对象，请检查格式（UTF-8、无重复字段、无 NaN）后重发"
    )


def not_served(infno: str) -> NotAvailable:
    """N21: the transaction is known, and this installation does not serve it."""
    return NotAvailable(
        "N21_NOT_SERVED",
        f"{infno} is not served by this installation",
        cure="See /openapi.json for the list",
        zh="本系统未开通该交易，请核对 infno",
    )


def not_authenticated() -> Gateway:
    """N44: nobody this service knows; which part was wrong is not told."""
    return Gateway(401, "N44_NOT_AUTHENTICATED", "no known client", "身份验证失败，请核对接入凭证或重新获取令牌")


def not_yours() -> Gateway:
    """N22: the client speaks for an institution that is not its own."""
    return Gateway(
        403,
        "N22_NOT_YOURS",
        "the client may not speak for this fixmedins_code",
        "接入凭证与定点医药机构编号不符，无权代其上传",
    )


def sign_in_needed() -> BadInput:
    """N23: no sign-in, or one that has ended, or somebody else's."""
    return BadInput(
        "N23_SIGN_IN",
        "sign_no is missing, ended, or of another operator or institution",
        cure="Sign in with 9001 and use its sign_no",
        zh="签到流水号无效或已过期，请重新签到（9001）后再试",
    )


def role_missing() -> BadInput:
    """N24: the operator has no role that may do this."""
    return BadInput(
        "N24_ROLE",
        "the operator has no role for this transaction",
        cure="Ask somebody who has, or have the role given in the clients file",
        zh="当前经办人没有办理该业务的权限，请由有权限的人员办理",
    )


def operator_unknown() -> BadInput:
    """N25: the operator is not one of the client's."""
    return BadInput(
        "N25_OPERATOR",
        "opter is not an operator of this client",
        cure="Have the operator entered in the clients file",
        zh="经办人未登记，请联系管理员登记后再试",
    )


def terminal_unknown() -> BadInput:
    """N26: the terminal or address is not one of the client's."""
    return BadInput(
        "N26_TERMINAL",
        "dev_no or address is not one of this client's",
        cure="Have the terminal entered in the clients file",
        zh="终端未登记，请联系管理员登记后再试",
    )


def too_fast(wait_s: float) -> Gateway:
    """N27: more messages a second than the limit."""
    return Gateway(429, "N27_TOO_FAST", "too many messages a second", "请求过于频繁，请稍后用原报文号重发", wait_s)


def too_large(most: int) -> Gateway:
    """N28: the body is longer than the limit."""
    return Gateway(
        413, "N28_TOO_LARGE", f"the body is over {most} bytes", f"报文超过 {most // 1024} KB 上限，请分批上传"
    )


def too_many_rows(name: str, rows: int, most: int) -> BadInput:
    """N29: a list of the input is longer than the limit."""
    return BadInput(
        "N29_TOO_MANY_ROWS",
        f"{name} has {rows} rows",
        f"One message carries at most {most}",
        "Send them in several messages",
        f"{name} 共 {rows} 行，超过每次 {most} 行的上限，请分批上传",
    )


def draining() -> Gateway:
    """N30: the service is about to end."""
    return Gateway(
        503, "N30_ENDING", "the service is ending", "服务正在停止，未受理，请稍后用原报文号重发", retry_after_s=5
    )


def busy() -> Gateway:
    """N31: too many messages are being worked on."""
    return Gateway(
        503, "N31_BUSY", "too many messages at once", "系统繁忙，未受理，请稍后用原报文号重发", retry_after_s=1
    )


def outcome_unknown(seconds: float) -> NotAvailable:
    """N32: the book has not answered in time; the message may be booked yet."""
    return NotAvailable(
        "N32_OUTCOME_UNKNOWN",
        f"the book did not answer within {seconds:g} s",
        "The message may still be booked",
        "Send the same message again under the same msgid, or query, or 2601",
        "处理超时，结果未知，请用原报文号重发或查询，必要时发冲正（2601）",
    )


def insured_area_missing() -> BadInput:
    """N36: the input names a person, and the frame does not say where that person is insured."""
    return BadInput(
        "N36_INSURED_AREA",
        "insuplc_admdvs is required where the input has a psn_no",
        cure="Take it from the answer of 1101",
        zh="涉及参保人的交易须填写参保地医保区划（insuplc_admdvs），请按 1101 返回值填写后重发",
    )


def wrong_path() -> Gateway:
    """N37: the region has another address for this transaction."""
    return Gateway(
        404, "N37_WRONG_PATH", "infno is not taken at this path", "该地址不受理此交易，请核对接口地址与 infno"
    )


def question_overdue(seconds: float) -> NotAvailable:
    """N35: a question took too long to answer."""
    return NotAvailable(
        "N35_QUESTION_OVERDUE",
        f"no answer within {seconds:g} s",
        "Nothing is booked by a question",
        "Ask again, for a shorter period if there is one",
        "查询超时，请稍后重试或缩小查询范围",
    )


def not_found(path_known: bool) -> Gateway:
    """N33: no such address, or not with this method."""
    status = 405 if path_known else 404
    return Gateway(status, "N33_NOT_FOUND", "no such address here", "地址或请求方法不正确，请核对接口地址")


def too_slow() -> Gateway:
    """N34: the body did not come in time."""
    return Gateway(408, "N34_TOO_SLOW", "the body did not arrive in time", "报文接收超时，未受理，请重发")


def clients_file(where: str, found: str) -> BadInput:
    """N40: the clients file cannot be used."""
    return BadInput(
        "N40_CLIENTS_FILE",
        f"{where}: {found}",
        "Nobody could be let in by it",
        "data/sandbox_clients.toml shows its form",
        f"接入登记文件 {where} 有误",
    )


def clients_needed(profile: str) -> BadInput:
    """N41: a profile that signs was started without knowing anybody's keys."""
    return BadInput(
        "N41_CLIENTS_NEEDED",
        f"profile {profile} checks signatures, and no clients file was given",
        cure="Give it with --clients FILE",
        zh=f"{profile} 接入方式需要验签，请用 --clients 指定接入登记文件",
    )


def address_taken(host: str, port: int, found: str) -> NotAvailable:
    """N42: the service cannot listen where it was told to."""
    return NotAvailable(
        "N42_ADDRESS",
        f"{host}:{port} cannot be listened on ({found})",
        cure="Stop what listens there, or choose another with --port",
        zh=f"地址 {host}:{port} 无法监听，请更换端口",
    )


def front_gone() -> NotAvailable:
    """N59: the process that speaks HTTP ended by itself."""
    return NotAvailable(
        "N59_FRONT_GONE",
        "the front process of the service ended although nobody told it to",
        "Nothing can be answered; everything that was answered is in the book",
        "Start the service again; what was written to the error stream before says why",
        "服务的前端进程意外退出，已应答的业务均已入账，请重新启动服务",
    )


def no_processor(cpu: int, found: str) -> BadInput:
    """N49: --cpu names a processor that this process may not have."""
    return BadInput(
        "N49_NO_PROCESSOR",
        f"--cpu {cpu}: {found}",
        cure="Name one that is there, or leave --cpu out",
        zh=f"处理器 {cpu} 不可用，请改用可用的处理器编号，或不指定 --cpu",
    )


def store_unknown(found: str) -> BadInput:
    """N48: --store says neither of the two stores; the text is not repeated, it may hold a password."""
    return BadInput(
        "N48_STORE",
        f"--store says {found!r}" if len(found) < 20 and "@" not in found else "--store cannot be used",
        cure="Say sqlite, or postgresql://user@host/database",
        zh="--store 只能是 sqlite 或 postgresql:// 地址",
    )


def only_sandbox() -> BadInput:
    """N43: faults were asked for where real clients are let in."""
    return BadInput(
        "N43_ONLY_SANDBOX",
        "--faults was given together with --clients",
        "Faults on purpose are for a sandbox, which holds nothing real",
        "Leave --faults out, or say --sandbox if this is one",
        "故障模拟只能用于沙箱，不能与 --clients 同时使用",
    )


def sandbox_fault() -> NotAvailable:
    """N95: the sandbox was told to fail here."""
    return NotAvailable(
        "N95_SANDBOX_FAULT",
        "the sandbox refuses this message on purpose (--faults)",
        "Nothing was booked",
        "Send the same message again under the same msgid",
        "沙箱模拟的系统故障，未记账，请用原报文号重发",
    )


def unforeseen(incident: str) -> NotAvailable:
    """N99: an error nobody foresaw."""
    return NotAvailable(
        "N99_INTERNAL",
        f"incident {incident}",
        "It is not known whether the message is booked",
        "Query, or send the same message again under the same msgid; report the incident number",
        f"系统异常，结果未知，请查询或用原报文号重发，并告知管理员事件号 {incident}",
    )
