"""``settlement card …``: the card's whole life at a clerk's desk, each command one message to a running service.

The commands are made from the transactions' own inputs: a field is an option, its Chinese meaning the help text, so a
command can say all that its message can and nothing else. Answers are told line by line, each with its field's meaning;
``--json`` gives the answer whole. No command takes a PIN.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import fields as settings_of
from inspect import Parameter as Argument
from inspect import Signature
from typing import Annotated, Any, NamedTuple

from cyclopts import App, Parameter
from msgspec import inspect as shape

from settlement.national import fields
from settlement.national.call import as_json, exchange, show
from settlement.national.routes import ROUTES
from settlement.national.settings import CallSettings

USUAL = CallSettings()
USUAL_AREA = "220400"
OF_SETTINGS = {one.name for one in settings_of(CallSettings)}
YES_NO = {"1": "是", "0": "否"}
OF_NODE = "node_"  # stands before a field's option where a setting has the same name


class Command(NamedTuple):
    """One command: its words, its transaction, its help."""

    words: str
    infno: str
    help: str


COMMANDS = (
    Command("show", "K205", "The cards of a person and their states. 持卡信息"),
    Command("accounts", "K402", "What the accounts on the card open. 账户状态"),
    Command("where", "K591", "Is the card good at a place? 使用范围"),
    Command("apply", "K201", "Apply for a first card. 申领"),
    Command("progress", "K202", "How far an application is. 申领进度"),
    Command("made", "K203", "What the card's maker says: making, ready, refused. 制卡进度"),
    Command("withdraw", "K204", "Withdraw an application. 申领撤销"),
    Command("cancel", "K206", "All cards of a person end: died or moved. 注销"),
    Command("collect", "K301", "Hand a card out: its social security account is active. 领取"),
    Command("activate", "K401", "Activate the financial account at the card's bank. 金融账户激活"),
    Command("close", "K403", "The bank closed the financial account. 金融账户注销"),
    Command("loss", "K701", "Report a card lost: blocked at every till. 挂失"),
    Command("unblock", "K702", "Take a report of loss back, before a re-issue is applied for. 解挂"),
    Command("channels", "K791", "Who can be reached now, or at a moment. 挂失渠道与服务时间"),
    Command("reissue", "K801", "A card instead of a lost or damaged one. 补换卡"),
    Command("office", "K802", "The office's part of a re-issue that began at the bank. 补领综合服务机构办理"),
    Command("reissue-ways", "K892", "Where and how a card is re-issued. 补换卡途径"),
    Command("temporary apply", "K901", "Hand a temporary card out, on the hospital's certificate. 临时卡申领"),
    Command("temporary extend", "K902", "Extend a temporary card, to six months in all. 临时卡延期"),
    Command("temporary return", "K903", "Take a temporary card back. 临时卡交回"),
    Command("temporary lost", "K904", "A temporary card was lost or damaged: 20 yuan. 临时卡丢失损坏"),
    Command("temporary terms", "K991", "The terms of temporary cards. 临时卡须知"),
    Command("pin changed", "K601", "The holder changed a PIN. 密码修改登记"),
    Command("pin locked", "K602", "A PIN is locked. 密码锁定登记"),
    Command("pin reset", "K603", "A PIN was reset at the service window. 密码重置"),
    Command("pin reminder", "K691", "Where PINs are changed; a reminder to do it. 密码修改提醒"),
    Command("points", "K891", "Service points by district, service and bank. 服务网点"),
    Command("phones", "KB01", "Whom to ask. 咨询电话"),
    Command("fees", "KA01", "What is charged and what is not. 收费标准"),
    Command("pay-to move", "KC01", "Move a pension or allowance to the card's account. 代发账号变更"),
    Command("pay-to show", "KC02", "Where pensions and allowances go. 代发账号查询"),
    Command("pay-to pay", "KC03", "Pay one pay-out of a month. 代发发放"),
    Command("pay-to back", "KC04", "Give a payment back. 代发退回"),
)

card_app = App(name="card", help="Social security cards, from application to replacement. 社会保障卡")
GROUPS = {"temporary": "Temporary cards. 临时卡", "pin": "PINs. 密码", "pay-to": "Pay-outs to the card. 代发"}


def _options(infno: str) -> list[shape.Field]:
    """Return the fields of a transaction's data node."""
    route = shape.type_info(ROUTES[infno].input)
    assert isinstance(route, shape.StructType) and isinstance(route.fields[0].type, shape.StructType)
    return list(route.fields[0].type.fields)


def _meaning(name: str) -> str:
    """Return a field's Chinese meaning, '' for what is no field."""
    said = getattr(getattr(fields, name, None), "__metadata__", (None,))[0]
    return str(said.extra["zh"]) if said is not None and said.extra else ""


def _command(command: Command) -> Callable[..., int]:
    """Return the function of a command, which ends with 0 done, 1 refused, 2 not sent or 3 unknown: psn_no stands first, every other field is an option."""
    wanted = _options(command.infno)

    def run(
        *psn_no: str, settings: CallSettings = USUAL, insured: str = USUAL_AREA, json: bool = False, **said: str | None
    ) -> int:
        given = {name.removeprefix(OF_NODE): value for name, value in said.items() if value}
        data = dict(zip(("psn_no",), psn_no, strict=False)) | given
        envelope = {"infno": command.infno, "insuplc_admdvs": insured, "input": {"data": data}}
        came = exchange(command.infno, envelope, settings)
        return show(command.infno, *came, as_text=as_json if json else _as_lines)

    arguments: list[Argument] = []
    for field in sorted(wanted, key=lambda one: (one.encode_name != "psn_no", not one.required)):
        name = field.encode_name
        first = name == "psn_no"
        kind: Any = Annotated[(str if field.required else str | None, Parameter(help=_meaning(name)))]
        arguments.append(
            Argument(
                OF_NODE + name if name in OF_SETTINGS else name,
                Argument.POSITIONAL_OR_KEYWORD if first else Argument.KEYWORD_ONLY,
                default=Argument.empty if field.required else None, annotation=kind,
            )
        )  # fmt: skip
    for name, kind, default in (
        ("insured", Annotated[str, Parameter(help="The area where the person is insured. 参保地")], USUAL_AREA),
        ("json", Annotated[bool, Parameter(help="Print the answer whole, as JSON.", negative="")], False),
        ("settings", Annotated[CallSettings, Parameter(name="*")], USUAL),
    ):
        arguments.append(Argument(name, Argument.KEYWORD_ONLY, default=default, annotation=kind))
    run.__signature__ = Signature(arguments, return_annotation=int)  # type: ignore[attr-defined]
    run.__annotations__ = {one.name: one.annotation for one in arguments} | {"return": int}
    run.__doc__ = command.help
    return run


def _as_lines(answer: dict[str, Any]) -> str:
    """Return an answer as a clerk reads it: one field a line with its meaning, an empty line between rows."""
    if str(answer.get("infcode")) != "0":
        return str(answer.get("err_msg") or answer.get("message") or "")
    lines = [*_lines(answer.get("output") or {})]
    if answer.get("warn_msg"):
        lines.append(f"提示：{answer['warn_msg']}")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n") or "完成 done"


def _lines(node: Any) -> Iterator[str]:
    if isinstance(node, list):
        for row in node:
            yield from _lines(row)
            yield ""
        return
    for name, value in node.items():
        if isinstance(value, dict | list):
            yield from _lines(value)
            yield ""
        elif value not in (None, ""):
            meaning = _meaning(name).partition("：")[0].partition("（")[0]
            yield f"{meaning or name}：{YES_NO.get(value, value) if name.endswith('_flag') else value}"


def _fill(app: App) -> None:
    groups = {name: App(name=name, help=text) for name, text in GROUPS.items()}
    for made in groups.values():
        app.command(made)
    for command in COMMANDS:
        group, _, word = command.words.rpartition(" ")
        (groups[group] if group else app).command(_command(command), name=word)


_fill(card_app)
