"""Every transaction that is served: what it is called, what it takes and answers, whether it is booked, who may send it.

Roles, and why they lie so. The **cashier** does a day at the till, and may also send 2601: a till must be able to undo
its own message of unknown outcome, and the book refuses a 2601 for what has been reversed or cleared. Giving back a
settlement that is known and good (2103, 2208, 2305) and undoing a stay (2404, 2405) needs the **supervisor**, who may
do all a cashier may. The **clerk** reconciles and clears; the **auditor** only reads; the **rule author** reads
catalogues and the dictionary and sees no person: so no 9102 either, which hands out catalogue files to all others but
reconciliation files too. One person may be given several roles, as in a pharmacy with one counter.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from msgspec import inspect as shape

from settlement.errors import BadInput
from settlement.national import inputs_accounts as accounts
from settlement.national import inputs_cards_guide as guide
from settlement.national import inputs_cards_life as life
from settlement.national import inputs_catalogue as catalogue
from settlement.national import inputs_filing as filing
from settlement.national import inputs_inpatient as inpatient
from settlement.national import inputs_outpatient as outpatient
from settlement.national import inputs_person as person
from settlement.national import inputs_pharmacy as pharmacy
from settlement.national import inputs_queries as queries
from settlement.national import inputs_session as session
from settlement.national import outputs as out
from settlement.national import outputs_cards as cards
from settlement.national import outputs_guide as told
from settlement.national import outputs_rest as rest
from settlement.national.reading import check_node, read_node
from settlement.national.types import Data, Node

CASHIER, SUPERVISOR, CLERK, AUDITOR, RULE_AUTHOR = "cashier", "supervisor", "clerk", "auditor", "rule_author"
ROLES = (CASHIER, SUPERVISOR, CLERK, AUDITOR, RULE_AUTHOR)
Roles = frozenset[str]
ALL: Roles = frozenset(ROLES)
TILL: Roles = frozenset({CASHIER, SUPERVISOR})
OVER: Roles = frozenset({SUPERVISOR})
DESK: Roles = frozenset({CASHIER, SUPERVISOR, CLERK})  # filings are made at the till and in the office
OFFICE: Roles = frozenset({CLERK})
# 52xx: the till resolves unknown outcomes by 5203. 9102: a till fetches the catalogue files of 1301 to 1319.
READERS: Roles = frozenset({CASHIER, SUPERVISOR, CLERK, AUDITOR})

PERSONAL = frozenset({"psn_no", "certno", "mdtrt_cert_no", "psn_name"})  # fields that name a person


class Route(NamedTuple):
    """One transaction. ``booked``: its answer is stored under (institution, msgid) and given again to a retry.

    ``input`` and ``output`` are structs whose fields are the nodes; ``output`` None means none. ``reversible``: a 2601
    may name it.
    """

    infno: str
    name_zh: str
    name_en: str
    input: type[Node]
    output: Any
    booked: bool
    roles: Roles
    reversible: bool = False
    needs_sign_in: bool = True

    @property
    def base(self) -> str:
        """The transaction without the A of a variant: what does the work."""
        return self.infno.rstrip("A")

    @property
    def nodes(self) -> tuple[str, ...]:
        """The names of the nodes inside ``input``."""
        return tuple(field.encode_name for field in _struct(self.input).fields)

    @property
    def person_in_input(self) -> bool:
        """Whether the input names a person, so that the frame must name the insured area and logs must not show it."""
        return _names_a_person(self.input)


@cache
def _struct(type_: type[Node]) -> shape.StructType:
    made = shape.type_info(type_)
    assert isinstance(made, shape.StructType)
    return made


@cache
def _names_a_person(type_: type[Node]) -> bool:
    def inside(kind: shape.Type) -> bool:
        if isinstance(kind, shape.StructType):
            return any(field.encode_name in PERSONAL or inside(field.type) for field in kind.fields)
        if isinstance(kind, shape.UnionType):
            return any(inside(one) for one in kind.types)
        return isinstance(kind, shape.ListType) and inside(kind.item_type)

    return inside(_struct(type_))


_ROUTES = (
    Route("9001", "签到", "sign in", session.SignInInput, rest.SignInOutput, True, ALL, needs_sign_in=False),
    Route("9002", "签退", "sign out", session.SignOutInput, rest.SignOutOutput, True, ALL),
    Route("1101", "人员基本信息获取", "person", Data[person.WhoIs], rest.Person, False, DESK),
    Route("1201", "医药机构信息获取", "institutions", person.InstitutionInput, rest.Institutions, False, ALL),
    Route("2001", "人员待遇享受检查", "benefit check", Data[person.BenefitCheck], rest.Benefits, False, DESK),
    # a pharmacy: lines and money in one message
    Route("2101", "药店预结算", "pharmacy pre-settle", pharmacy.PurchaseInput, out.Presettled2101, False, TILL),
    Route("2102", "药店结算", "pharmacy settle", pharmacy.PurchaseInput, out.Settled2102, True, TILL, reversible=True),
    Route(
        "2103",
        "药店结算撤销",
        "pharmacy refund",
        Data[outpatient.SettlementRef],
        out.Refunded,
        True,
        OVER,
        reversible=True,
    ),
    # an outpatient visit
    Route("2201", "门诊挂号", "register", Data[outpatient.Registration], Data[rest.Registered], True, TILL),
    Route("2202", "门诊挂号撤销", "undo registration", Data[outpatient.RegistrationUndo], None, True, TILL),
    Route("2203", "门诊就诊信息上传", "visit", outpatient.VisitInput, None, True, TILL),
    Route("2204", "门诊费用明细上传", "fee lines", outpatient.OutpatientFees, out.LineResults, True, TILL),
    Route("2205", "门诊费用明细撤销", "undo fee lines", Data[outpatient.FeesUndo], None, True, TILL),
    Route("2206", "门诊预结算", "pre-settle", Data[outpatient.OutpatientPreSettle], out.Presettled2206, False, TILL),
    Route("2207", "门诊结算", "settle", outpatient.OutpatientSettleInput, out.Settled2207, True, TILL, reversible=True),
    Route("2208", "门诊结算撤销", "refund", Data[outpatient.SettlementRef], out.Refunded, True, OVER, reversible=True),
    # a stay: its money
    Route("2301", "住院费用明细上传", "stay fee lines", inpatient.InpatientFees, out.LineResults, True, TILL),
    Route("2302", "住院费用明细撤销", "undo stay fee lines", Data[inpatient.InpatientFeeUndo], None, True, TILL),
    Route("2303", "住院预结算", "stay pre-settle", Data[inpatient.InpatientPreSettle], out.Presettled2303, False, TILL),
    Route(
        "2304", "住院结算", "stay settle", Data[inpatient.InpatientSettle], out.Settled2304, True, TILL, reversible=True
    ),
    Route(
        "2305", "住院结算撤销", "stay refund", Data[outpatient.SettlementRef], out.Refunded, True, OVER, reversible=True
    ),
    # a stay: its course
    Route("2401", "入院办理", "admit", inpatient.AdmissionInput, rest.AdmittedOutput, True, TILL, reversible=True),
    Route("2402", "出院办理", "discharge", inpatient.DischargeInput, None, True, TILL),
    Route("2403", "住院信息变更", "change stay", inpatient.AdmissionChangeInput, None, True, TILL),
    Route("2404", "入院撤销", "undo admission", Data[inpatient.StayRef], None, True, OVER),
    Route("2405", "出院撤销", "undo discharge", Data[inpatient.StayRef], None, True, OVER),
    # filings
    Route("2501", "转院（异地就医）备案", "file care elsewhere", filing.TransferInput, rest.FiledOutput, True, DESK),
    Route("2502", "转院（异地就医）备案撤销", "undo care elsewhere", Data[filing.FilingUndo], None, True, DESK),
    Route("2503", "人员慢特病备案", "file chronic disease", Data[filing.ChronicDisease], rest.FiledOutput, True, DESK),
    Route("2504", "人员慢特病备案撤销", "undo chronic disease", Data[filing.FilingUndo], None, True, DESK),
    Route("2505", "人员定点备案", "file institution", Data[filing.ChosenInstitution], rest.FiledOutput, True, DESK),
    Route("2506", "人员定点备案撤销", "undo institution", Data[filing.FilingUndo], None, True, DESK),
    Route("2601", "冲正交易", "reverse a message of unknown outcome", Data[session.Reversal], None, True, TILL),
    # reconciliation and clearing
    Route("3201", "医药机构费用结算对总账", "compare totals", Data[accounts.Totals], rest.StmtOutput, False, OFFICE),
    Route("3202", "医药机构费用结算对明细账", "compare details", Data[accounts.Details], rest.FileOutput, True, OFFICE),
    Route("3203", "清算申请", "apply for clearing", Data[accounts.Clearing], rest.ClearingOutput, True, OFFICE),
    Route(
        "3203A",
        "清算申请（吉林）",
        "apply by centre",
        Data[accounts.ClearingByCentre],
        rest.ClearingOutput,
        True,
        OFFICE,
    ),
    Route("3204", "清算申请撤销", "withdraw clearing", Data[accounts.ClearingUndo], None, True, OFFICE),
    Route(
        "4101",
        "医疗保障基金结算清单上传",
        "settlement list",
        accounts.SettlementListInput,
        rest.ListUploaded,
        True,
        OFFICE,
    ),
    Route("9101", "文件上传", "upload", accounts.UploadInput, rest.Uploaded, True, OFFICE),
    Route("9102", "文件下载", "download", accounts.DownloadInput, bytes, False, READERS),
    # queries
    Route("5201", "就诊信息查询", "visits", Data[queries.VisitQuery], rest.Visits, False, READERS),
    Route("5202", "诊断信息查询", "diagnoses", Data[queries.DiagnosisQuery], rest.Diagnoses, False, READERS),
    Route("5203", "结算信息查询", "settlement", Data[queries.SettlementQuery], rest.Settlement, False, READERS),
    Route(
        "5204",
        "费用明细查询",
        "fee lines of a visit",
        Data[queries.SettlementQuery],
        list[rest.QueriedLine],
        False,
        READERS,
    ),
    Route(
        "5205",
        "人员慢特病用药记录查询",
        "chronic drugs",
        Data[queries.VisitQuery],
        list[rest.QueriedLine],
        False,
        READERS,
    ),
    Route("5206", "人员累计信息查询", "running totals", Data[queries.TotalsQuery], rest.YearTotals, False, READERS),
)

# The card's whole life, this service's own: K, the section of the guide, a serial number (A to C are sections 10 to 12).
_CARDS = (
    Route("K201", "社会保障卡申领", "apply", Data[life.CardApplication], cards.CardDoneOutput, True, OFFICE),
    Route("K202", "申领进度查询", "progress", Data[life.CardQuery], cards.ApplicationsOutput, False, READERS),
    Route("K203", "制卡进度登记", "maker's word", Data[life.MakerEvent], cards.CardDoneOutput, True, OFFICE),
    Route("K204", "申领撤销", "withdraw", Data[life.ApplicationRef], cards.CardDoneOutput, True, OFFICE),
    Route("K205", "持卡信息查询", "cards of a person", Data[life.CardQuery], cards.HolderOutput, False, READERS),
    Route("K206", "社会保障卡注销", "cancel", Data[life.Cancellation], cards.CardDoneOutput, True, OFFICE),
    Route("K301", "社会保障卡领取", "collect", Data[life.Collection], cards.CardDoneOutput, True, OFFICE),
    Route("K401", "金融账户激活", "activate", Data[life.Activation], cards.CardDoneOutput, True, OFFICE),
    Route("K402", "账户状态查询", "accounts", Data[life.CardQuery], cards.HolderOutput, False, READERS),
    Route("K403", "金融账户注销登记", "close account", Data[life.CardAction], cards.CardDoneOutput, True, OFFICE),
    Route("K601", "密码修改登记", "PIN changed", Data[life.PinReport], cards.CardDoneOutput, True, DESK),
    Route("K602", "密码锁定登记", "PIN locked", Data[life.PinReport], cards.CardDoneOutput, True, DESK),
    Route("K603", "密码重置", "PIN reset", Data[life.PinReport], cards.CardDoneOutput, True, OFFICE),
    Route("K701", "社会保障卡挂失", "report lost", Data[life.LossReport], cards.CardDoneOutput, True, OFFICE),
    Route("K702", "社会保障卡解挂", "unblock", Data[life.CardAction], cards.CardDoneOutput, True, OFFICE),
    Route("K801", "社会保障卡补换卡", "re-issue", Data[life.Reissue], cards.CardDoneOutput, True, OFFICE),
    Route("K802", "补领综合服务机构办理", "office", Data[life.OfficeStep], cards.CardDoneOutput, True, OFFICE),
    Route("K901", "临时卡申领", "temporary card", Data[life.TemporaryCard], cards.CardDoneOutput, True, OFFICE),
    Route("K902", "临时卡延期", "extend", Data[life.TemporaryEvent], cards.CardDoneOutput, True, OFFICE),
    Route("K903", "临时卡交回", "give back", Data[life.TemporaryEvent], cards.CardDoneOutput, True, OFFICE),
    Route("K904", "临时卡丢失损坏登记", "lost", Data[life.TemporaryEvent], cards.CardDoneOutput, True, OFFICE),
)

# What an area's guide says (questions without a person are open to all), and pay-outs to the card's account.
_GUIDE = (
    Route("K591", "社会保障卡使用范围查询", "where good", Data[guide.PlaceQuestion], told.PlaceOutput, False, READERS),
    Route("K691", "密码修改提醒", "PIN reminder", Data[guide.PersonQuestion], told.PinOutput, False, READERS),
    Route("K791", "挂失与服务渠道查询", "channels", Data[guide.ChannelQuestion], told.ChannelOutput, False, ALL),
    Route("K891", "服务网点查询", "service points", Data[guide.PointQuestion], told.PointOutput, False, ALL),
    Route("K892", "补换卡途径查询", "ways to re-issue", Data[guide.ReissueQuestion], told.WayOutput, False, READERS),
    Route("K991", "临时卡须知", "temporary terms", Data[guide.AreaQuestion], told.TemporaryOutput, False, ALL),
    Route("KA01", "收费标准查询", "fees", Data[guide.AreaQuestion], told.FeeOutput, False, ALL),
    Route("KB01", "咨询电话查询", "telephone numbers", Data[guide.AreaQuestion], told.PhoneOutput, False, ALL),
    Route("KC01", "代发账号变更", "move a pay-out", Data[guide.PayoutMove], told.MovedOutput, True, OFFICE),
    Route("KC02", "代发账号查询", "where paid", Data[guide.PersonQuestion], told.PayoutsOutput, False, READERS),
    Route("KC03", "代发发放", "pay out", Data[guide.Payment], told.PaidOutput, True, OFFICE),
    Route("KC04", "代发退回", "give a payment back", Data[guide.PaymentBack], told.PaidOutput, True, OFFICE),
)

_DOWNLOADS = {
    "1301": ("西药中成药目录下载", "drugs"), "1302": ("中药饮片目录下载", "herbal slices"),
    "1303": ("医疗机构制剂目录下载", "hospital preparations"), "1305": ("医疗服务项目目录下载", "services"),
    "1306": ("医用耗材目录下载", "consumables"), "1307": ("疾病与诊断目录下载", "diseases"),
    "1308": ("手术操作目录下载", "operations"), "1309": ("门诊慢特病种目录下载", "chronic diseases"),
    "1310": ("按病种付费病种目录下载", "disease-based payment"), "1311": ("日间手术治疗病种目录下载", "day surgery"),
    "1313": ("肿瘤形态学目录下载", "tumour morphology"), "1314": ("中医疾病目录下载", "TCM diseases"),
    "1315": ("中医证候目录下载", "TCM syndromes"),
}  # fmt: skip
_LOOKUPS = {
    "1304": ("民族药品目录查询", "ethnic drugs"), "1312": ("医保目录信息查询", "insurance catalogue"),
    "1316": ("医疗目录与医保目录匹配信息查询", "catalogue mapping"),
    "1317": ("医药机构目录匹配信息查询", "institution mapping"), "1318": ("医保目录限价信息查询", "price limits"),
    "1319": ("医保目录先自付比例信息查询", "first-self-pay ratios"),
}  # fmt: skip


def _open(infno: str, names: tuple[str, str], input_: type[Node], output: Any) -> Route:
    """A catalogue or dictionary: everyone may read it, signed in or not."""
    return Route(infno, *names, input_, output, booked=False, roles=ALL, needs_sign_in=False)


_CATALOGUES = (
    *(_open(infno, names, Data[catalogue.CatalogueVersion], rest.CatalogueFile) for infno, names in _DOWNLOADS.items()),
    *(_open(infno, names, Data[catalogue.CatalogueQuery], rest.CatalogueRows) for infno, names in _LOOKUPS.items()),
    _open("1901", ("字典表查询", "dictionary"), Data[catalogue.Dictionary], rest.Entries),
)

ROUTES: dict[str, Route] = {route.infno: route for route in sorted((*_ROUTES, *_CARDS, *_GUIDE, *_CATALOGUES))}

# Many regions send the A-variant of a transaction; it is the same here. 3203A has an input of its own.
ALIASES: dict[str, str] = {
    f"{infno}A": infno
    for infno in ROUTES
    if infno[:2] in ("21", "22", "23", "24", "25", "32", "41") and f"{infno}A" not in ROUTES and not infno.endswith("A")
}


def route_of(infno: str) -> Route:
    """Return the route of a transaction code or of its A-variant. Raises BadInput N06 for one that is not served."""
    route = ROUTES.get(ALIASES.get(infno, infno))
    if route is None:
        raise BadInput(
            "N06_UNKNOWN_TRANSACTION",
            "infno names no transaction of this service",
            cure="See docs/national.md or /openapi.json for the list",
            zh="不支持该交易编号，请核对 infno",
        )
    return route


def read_input(route: Route, input: object) -> Node:
    """Return the input of a message as its route's struct. Raises BadInput N01 to N05."""
    return read_node(route.input, input, "input")


def check_output(route: Route, output: object) -> list[str]:
    """Return what is wrong with an answer's output: required fields, forms and nodes. Nothing means it is whole."""
    if route.output is None:
        return [] if output in (None, {}, []) else ["N05_WRONG_SHAPE output: this transaction answers without one"]
    return check_node(route.output, output)
