"""The one table of what may happen to a card, its application, its financial account and its PIN, and why other things may not.

Five machines, each with its states; a row says which event leads from which states to which, by which section of the
area's guide, done by whom. ``moved`` gives the new state or refuses with the reason. docs/card-life.md is drawn from it
(``document``). What the guide does not say and this service decides is marked ``own``.
"""

from __future__ import annotations

from typing import NamedTuple

from settlement.errors import BadInput
from settlement.registry.holder import (
    ACTIVE,
    CANCELLED,
    CLOSED,
    IN_USE,
    LOCKED,
    LOST,
    NO_ACCOUNT,
    NOT_ACTIVATED,
    PIN_INITIAL,
    PIN_LOCKED,
    PIN_SET,
    PIN_UNKNOWN,
    READY,
    REPLACED,
    RETURNED,
)

NONE = ""  # before it is there
CARD, TEMPORARY, APPLICATION, ACCOUNT, PIN = "card", "temporary", "application", "account", "pin"
APPLIED, PREFAB, MAKING, MADE, COLLECTED, REFUSED, WITHDRAWN = (
    "applied", "prefab", "making", "ready", "collected", "refused", "withdrawn",
)  # fmt: skip
OPEN = (APPLIED, PREFAB, MAKING, MADE)  # an application that still goes on

MACHINES = {
    CARD: ("K10_CARD_STATE", "社会保障卡"), TEMPORARY: ("K11_TEMPORARY_STATE", "临时社会保障卡"),
    APPLICATION: ("K12_APPLICATION_STATE", "申请"), ACCOUNT: ("K13_ACCOUNT_STATE", "金融账户"),
    PIN: ("K14_PIN_STATE", "社会保障账户密码"),
}  # fmt: skip
STATES: dict[str, dict[str, str]] = {
    CARD: {
        READY: "待领取", ACTIVE: "正常", LOST: "已挂失", LOCKED: "已锁定", REPLACED: "已补换", CANCELLED: "已注销",
    },
    TEMPORARY: {ACTIVE: "使用中", LOST: "已报失未缴费", REPLACED: "已报失并缴费", RETURNED: "已交回"},
    APPLICATION: {
        APPLIED: "已申请", PREFAB: "已领预制卡", MAKING: "制卡中", MADE: "可领取", COLLECTED: "已领取",
        REFUSED: "未通过", WITHDRAWN: "已撤销",
    },
    ACCOUNT: {NO_ACCOUNT: "无", NOT_ACTIVATED: "未激活", IN_USE: "已激活", CLOSED: "已注销"},
    PIN: {PIN_INITIAL: "初始密码", PIN_SET: "已修改", PIN_LOCKED: "已锁死", PIN_UNKNOWN: "未知"},
}  # fmt: skip


class Row(NamedTuple):
    """One transition: in which machine, what happens, from which states to which, its section, who does it."""

    machine: str
    event: str
    zh: str
    before: tuple[str, ...]
    after: str
    section: str
    who: str


_ANY_PIN = (PIN_INITIAL, PIN_SET, PIN_UNKNOWN)
TABLE = (
    Row(CARD, "make", "制卡完成", (NONE,), READY, "2", "制卡方"),
    Row(CARD, "collect", "领取，社会保障账户即激活", (READY,), ACTIVE, "3、4", "本人或代办人"),
    Row(CARD, "lose", "挂失", (ACTIVE, LOCKED), LOST, "7", "持卡人，12333、微信、银行或窗口"),
    Row(CARD, "unblock", "解挂", (LOST,), ACTIVE, "7", "本人，补领申请之前"),
    Row(CARD, "reissue", "补换卡申请", (ACTIVE, LOST, LOCKED), REPLACED, "8", "本人，银行或综合服务机构"),
    Row(CARD, "pin_reset", "密码重置后解锁", (ACTIVE, LOCKED), ACTIVE, "6", "本人，综合服务大厅"),
    Row(CARD, "cancel", "注销", (READY, ACTIVE, LOST, LOCKED), CANCELLED, "own", "综合服务机构"),
    Row(TEMPORARY, "hand_out", "发放临时卡", (NONE,), ACTIVE, "9", "本人或代办人，综合服务机构"),
    Row(TEMPORARY, "extend", "延期", (ACTIVE,), ACTIVE, "9", "综合服务机构"),
    Row(TEMPORARY, "give_back", "交回", (ACTIVE, LOST), RETURNED, "9", "本人或代办人"),
    Row(TEMPORARY, "report", "报告丢失或损坏", (ACTIVE,), LOST, "9", "本人或代办人"),
    Row(TEMPORARY, "pay", "缴纳工本费", (LOST,), REPLACED, "9", "本人或代办人"),
    Row(APPLICATION, "apply", "申请", (NONE,), APPLIED, "2、8", "本人、亲友或家长"),
    Row(APPLICATION, "prefab", "银行发给预制卡", (NONE,), PREFAB, "8", "本人，中国银行、交通银行"),
    Row(APPLICATION, "at_once", "网点当场制卡", (NONE,), MADE, "8", "本人，可直接补换卡的网点"),
    Row(APPLICATION, "office", "综合服务机构办理补领", (PREFAB,), COLLECTED, "8", "本人，综合服务机构"),
    Row(APPLICATION, "making", "开始制卡", (APPLIED,), MAKING, "2", "制卡方"),
    Row(APPLICATION, "ready", "制卡完成", (APPLIED, MAKING), MADE, "2", "制卡方"),
    Row(APPLICATION, "refuse", "审核未通过", (APPLIED, MAKING), REFUSED, "2", "制卡方"),
    Row(APPLICATION, "collect", "领取", (MADE,), COLLECTED, "3", "本人或代办人"),
    Row(APPLICATION, "withdraw", "撤销申请", (APPLIED,), WITHDRAWN, "own", "申请人"),
    Row(APPLICATION, "cancel", "持卡人注销", OPEN, WITHDRAWN, "own", "综合服务机构"),
    Row(ACCOUNT, "activate", "激活", (NOT_ACTIVATED,), IN_USE, "4", "本人，卡面银行"),
    Row(ACCOUNT, "close", "注销金融账户", (NOT_ACTIVATED, IN_USE), CLOSED, "8", "本人，卡面银行"),
    Row(PIN, "change", "修改密码", _ANY_PIN, PIN_SET, "6", "持卡人，服务机构、定点医院、药店"),
    Row(PIN, "lock", "密码锁死", _ANY_PIN, PIN_LOCKED, "6", "终端报告"),
    Row(PIN, "reset", "重置密码", (PIN_LOCKED, PIN_UNKNOWN), PIN_INITIAL, "6", "本人，综合服务大厅"),
)
BY_EVENT = {(row.machine, row.event): row for row in TABLE}

# Why an event cannot be in a state, where there is more to say than which states it needs.
REASONS: dict[tuple[str, str, str], str] = {
    (CARD, "collect", ACTIVE): "该卡已经领取",
    (CARD, "lose", LOST): "该卡已经挂失，不必重复挂失；找不到的请到联名合作商业银行补办",
    (CARD, "lose", READY): "该卡尚未领取，不能挂失",
    (CARD, "lose", REPLACED): "该卡已经办理补换，不能再用，不必挂失",
    (CARD, "unblock", ACTIVE): "该卡没有挂失，不必解挂",
    (CARD, "unblock", REPLACED): "已经办理补领申请，原卡不能解挂恢复使用，请等候领取新卡",
    (CARD, "reissue", REPLACED): "该卡已经办理补换卡申请，请查询制卡进度，领取新卡",
    (CARD, "reissue", READY): "新卡尚待领取，请先领取",
    (TEMPORARY, "extend", LOST): "临时卡已报丢失或损坏，不能延期",
    (TEMPORARY, "extend", RETURNED): "临时卡已经交回，不能延期",
    (TEMPORARY, "give_back", RETURNED): "临时卡已经交回，不必再交",
    (TEMPORARY, "report", LOST): "临时卡已报丢失或损坏，请缴纳工本费",
    (APPLICATION, "collect", APPLIED): "卡还没有制成，请查询制卡进度",
    (APPLICATION, "collect", MAKING): "正在制卡，请查询制卡进度",
    (APPLICATION, "collect", COLLECTED): "该卡已经领取，不能再领",
    (APPLICATION, "collect", PREFAB): "预制卡已由银行发给，请到综合服务机构办理补领手续",
    (APPLICATION, "withdraw", MAKING): "已经开始制卡，不能撤销",
    (APPLICATION, "withdraw", MADE): "卡已制成，不能撤销，请领取",
    (ACCOUNT, "activate", IN_USE): "金融账户已经激活",
    (ACCOUNT, "activate", CLOSED): "金融账户已经注销，请到卡面所印的银行办理",
    (ACCOUNT, "activate", NO_ACCOUNT): "临时卡不具有金融功能，没有金融账户可以激活",
    (ACCOUNT, "close", CLOSED): "金融账户已经注销",
    (PIN, "change", PIN_LOCKED): "密码已经锁死，请持卡人本人持有效身份证件到社会保障卡综合服务大厅重置密码",
    (PIN, "lock", PIN_LOCKED): "密码已登记为锁死，请本人到社会保障卡综合服务大厅重置密码",
    (PIN, "reset", PIN_INITIAL): "密码没有锁死，现为初始密码，请到服务机构、定点医院或药店修改",
    (PIN, "reset", PIN_SET): "密码没有锁死，不必重置；要换密码请到服务机构、定点医院或药店修改",
}


def moved(machine: str, event: str, state: str) -> str:
    """Return the state after an event. Raises BadInput K10 to K14 (one a machine) with the reason where it cannot be."""
    row = BY_EVENT[machine, event]
    if state in row.before:
        return row.after
    code, name = MACHINES[machine]
    now = STATES[machine].get(state, "没有" if state == NONE else state)
    needed = "、".join(STATES[machine].get(one, "没有") for one in row.before)
    reason = REASONS.get((machine, event, state), f"{name}现为“{now}”，只有“{needed}”时可以办理“{row.zh}”")
    raise BadInput(
        code,
        f"{event} of the {machine}: it is {state or 'not there'}, not {' or '.join(row.before) or 'none'}",
        cure="See docs/card-life.md for what may follow what",
        zh=f"{reason}（第{row.section}条）" if row.section != "own" else reason,
    )


def diagram(machine: str) -> str:
    """Return a machine as a Mermaid state diagram, every transition of the table an arrow."""
    lines = ["stateDiagram-v2"]
    lines += [f"    {state}: {zh}（{state}）" for state, zh in STATES[machine].items()]
    for row in TABLE:
        if row.machine == machine:
            label = row.zh if row.section == "own" else f"{row.zh}（{row.section}）"
            lines += [f"    {one or '[*]'} --> {row.after}: {label}" for one in row.before]
    leaving = {one for row in TABLE if row.machine == machine for one in row.before}
    ends = [state for state in STATES[machine] if state not in leaving]
    return "\n".join([*lines, *(f"    {state} --> [*]" for state in ends)])


def document() -> str:
    """Return docs/card-life.md."""
    parts = [
        "# The card's life",
        "Written by `scripts/write_docs.py` from the table in `settlement/registry/states.py`; do not edit. Numbers are the\n"
        "sections of the guide; `own` is this service's own decision. What has no arrow is refused with the code shown.",
    ]
    for machine, (code, name) in MACHINES.items():
        rows = [
            f"| `{row.event}` | {row.zh} | {', '.join(one or '–' for one in row.before)} | {row.after} "
            f"| {row.section} | {row.who} |"
            for row in TABLE
            if row.machine == machine
        ]
        head = ["| event | 事项 | from | to | section | who |", "| --- | --- | --- | --- | --- | --- |"]
        parts += [
            f"## {name} ({machine}): `{code}`",
            f"```mermaid\n{diagram(machine)}\n```",
            "\n".join([*head, *rows]),
        ]
    reasons = [
        f"| {MACHINES[machine][1]} | `{event}` | {STATES[machine].get(state, state)} | {why} |"
        for (machine, event, state), why in REASONS.items()
    ]
    parts += [
        "## Why not",
        "\n".join(["| machine | event | in state | 原因 |", "| --- | --- | --- | --- |", *reasons]),
    ]
    return "\n\n".join(parts) + "\n"
