"""What a cashier must know of the journal: what is open, what was done, what to do now. No personal data.

In Chinese for the cashier; what the command line shows an operator (``journal_cli``) says the same in English too.
"""

from __future__ import annotations

from pos_adapter.journal_fold import FAIL, PENDING, REVERSED, SUCCESS, UNDO, UNKNOWN, Entry
from pos_adapter.journal_look import JournalReading
from pos_adapter.reconciling import ELSEWHERE, Reconciled
from pos_adapter.resolving import FOUND, MANUAL, NO_LINE, NOTHING, REFUSED_TOO, UNDONE, WAITS, Finding
from pos_adapter.till import Till
from settlement.errors import SettlementError
from settlement.national.routes import route_of

# What to do about an open message: Chinese, English.
WAIT_FOR_3202 = (
    "已发冲正但没有应答，请等待对账（3201、3202），不要再次冲正",
    "a 2601 was sent and not answered: wait for 3201 and 3202, send no second one",
)
UNDO_REFUSED = (
    "冲正被拒绝，请联系医保经办机构或等待对账",
    "its 2601 was refused: ask the insurer's office, or wait for 3202",
)
WITH_TOKEN = (
    "请点“核对”查询；含电子凭证，不能原样重发，需要时让参保人重新出示",
    "resolve it (5203); it held a voucher's token and cannot be repeated: have the voucher shown again if need be",
)
ASK = ("请点“核对”；要取消的，核对时选择“冲正”", "resolve it; to take it back, resolve it with --undo")
UNDER_WAY = (
    "正在发送；收银程序已停止的，请核对",
    "under way; if the till's program has ended, resolve it",
)
STATE_ZH = {PENDING: "发送中", SUCCESS: "成功", FAIL: "失败", UNKNOWN: "结果未知", REVERSED: "已冲正"}
DID_ZH = {
    FOUND: "已查实：平台已办理，按平台数据入账",
    UNDONE: "已冲正：平台不再有此笔，机构已记相反数据",
    REFUSED_TOO: "平台拒绝或没有办理，保持原状",
    NOTHING: "平台暂未查到，报文可能仍在途中，请稍后再核对",
    WAITS: "冲正结果未知，不得再次冲正，等待对账（3201、3202）",
    NO_LINE: "平台没有应答，请检查网络后再核对",
    MANUAL: "无法自动判定，请人工核对",
    ELSEWHERE: "不是本机发送的报文，请核对其他终端",
}  # fmt: skip
DID_EN = {
    FOUND: "found: the platform has it, booked with its figures",
    UNDONE: "undone: the platform has it no more, the opposite row is booked",
    REFUSED_TOO: "refused or not done; nothing changed here",
    NOTHING: "not found so far; it may still be under way, resolve again later",
    WAITS: "the outcome of its 2601 is not known; send no second one, wait for 3201 and 3202",
    NO_LINE: "no answer from the platform; check the network, then resolve again",
    MANUAL: "cannot be decided here; a person must find out",
    ELSEWHERE: "not sent from here; look at the other tills",
}
UNEQUAL_ZH = {"1": "中心多", "2": "机构多", "3": "数据不一致", "101": "中心多", "102": "机构多", "103": "数据不一致"}


def report(till: Till) -> str:
    """Return the state of the journal for a cashier."""
    entries, still = till.journal.entries(), till.pending()
    counts = {state: sum(entry.state == state for entry in entries) for state in (SUCCESS, FAIL, REVERSED, UNKNOWN)}
    lines = [f"收银流水 {till.journal.owner.fixmedins_code} 终端 {till.journal.owner.till_no:02d}"]
    lines += [f"  注意：{note}" for note in till.journal.notes]
    lines += ["  " + "，".join(f"{STATE_ZH[state]} {number} 笔" for state, number in counts.items())]
    if not still:
        return "\n".join([*lines, "  没有待核对的报文。"])
    lines += [f"待核对 {len(still)} 笔（未查实前不要重新收费，也不要退费）："]
    return "\n".join([*lines, *(f"  {_line(till, entry)}" for entry in still)])


def _line(till: Till, entry: Entry) -> str:
    return f"{entry.sent_at} {entry.infno} {name_of(entry.infno)} {entry.msgid}：{STATE_ZH[entry.state]}。{todo(till, entry)}"


def name_of(infno: str) -> str:
    """Return what a transaction is called in Chinese, '' for one that is not known."""
    try:
        return route_of(infno).name_zh
    except SettlementError:
        return ""


def todo(till: Till, entry: Entry) -> str:
    """Return what a cashier does now about an open message."""
    return next_step(till.journal, entry)[0]


def next_step(journal: JournalReading, entry: Entry) -> tuple[str, str]:
    """Return what is to be done now about an open message, in Chinese and in English."""
    earlier = journal.find(entry.undo) if entry.undo else None
    if entry.infno == UNDO:
        return (
            f"对报文 {entry.omsgid} 的冲正没有应答，请等待对账，不要再次冲正",
            f"this 2601 of {entry.omsgid} was not answered: wait for 3201 and 3202, send no second one",
        )
    if earlier is not None and earlier.state in (PENDING, UNKNOWN):
        return WAIT_FOR_3202
    if earlier is not None and earlier.state == FAIL:
        return UNDO_REFUSED
    return WITH_TOKEN if entry.masked else ASK


def findings_report(findings: list[Finding]) -> str:
    """Return what resolving came to, one line a message."""
    if not findings:
        return "没有待核对的报文。"
    return "\n".join(
        f"{finding.entry.infno} {finding.entry.msgid}：{DID_ZH[finding.did]}{_quoted(finding)}" for finding in findings
    )


def _quoted(finding: Finding) -> str:
    return f"（{finding.text}）" if finding.text and finding.did not in (FOUND, UNDONE) else ""


def reconciled_report(done: Reconciled) -> str:
    """Return what reconciling came to."""
    lines = []
    for total in done.totals:
        group = f"险种 {total.group.insutype} 清算类别 {total.group.clr_type} 经办机构 {total.group.setl_optins}"
        verdict = "一致" if not total.stmt_rslt else UNEQUAL_ZH.get(total.stmt_rslt, "未得到结果")
        lines.append(f"{group}：{verdict}{f'（{total.text}）' if total.stmt_rslt and total.text else ''}")
    lines += [f"未完成：{failure}" for failure in done.failures]
    lines += [f"差异 {difference.setl_id or difference.msgid}：{difference.memo}" for difference in done.differences]
    if done.findings:
        lines += [findings_report(done.findings)]
    lines.append("对账一致。" if done.equal else "处理差异后请重新对账，3201 一致才算完成。")
    return "\n".join(lines)
