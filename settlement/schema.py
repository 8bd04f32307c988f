"""What comes in and goes out: the fields of a claim file and the Arrow schemas of results.

The fields of a draft are declared once here; ``intake`` reads by this list, docs/claim-format.md is printed from it.
Result schemas are made from ``kernel/layout.py``: int64, with the unit in the field's metadata.
"""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa

from settlement.kernel.layout import LAYER_RESULT, LINE_RESULT, RESULT, Column


class Field(NamedTuple):
    """One field of a draft: its national name, kind, whether it must be there, and its meaning."""

    name: str
    kind: str  # text | yuan | price | quantity | rate | day | whole | flag | table
    needed: bool
    zh: str
    en: str


CLAIM_FIELDS = (
    Field(
        "medins_setl_id",
        "text",
        False,
        "结算流水号（发送方报文号）",
        "the sender's id of the settlement; left out: its place in the file",
    ),
    Field(
        "psn_no",
        "text",
        False,
        "人员编号",
        "person; claims of one person carry counters on. Left out: a person of its own",
    ),
    Field("insuplc_admdvs", "text", True, "参保地区划", "insured area, six digits: whose benefit applies"),
    Field("mdtrtarea_admvs", "text", True, "就医地区划", "place of treatment, six digits: whose catalogue applies"),
    Field("insutype", "text", True, "险种", "310 employee, 390 resident; other codes are schemes of their own"),
    Field(
        "psn_type",
        "text",
        True,
        "人员类别",
        "11 working, 12 retired, 14 minor, 15 adult, 16 elderly; longer codes by their beginning",
    ),
    Field("med_type", "text", True, "医疗类别", "11 outpatient, 13 emergency, 14 chronic, 21 inpatient, 41 pharmacy …"),
    Field("hosp_lv", "text", False, "医院等级", "national grade code 1–11 (order unverified), or a word such as 三级"),
    Field(
        "medinslv",
        "text",
        False,
        "医疗机构级别",
        "plain level: 1, 2, 3, 9 ungraded, community, provincial; wins over hosp_lv",
    ),
    Field(
        "dedc_hosp_lv", "text", False, "起付线医院等级", "plain level for the benefit; wins over medinslv and hosp_lv"
    ),
    Field("setl_time", "day", True, "结算时间", "time of settlement: decides the order of a person's claims"),
    Field("begntime", "day", False, "入院（就诊）日期", "begin of the stay or visit"),
    Field(
        "endtime", "day", False, "出院日期", "end of the stay: the day whose rules and year apply; left out: setl_time"
    ),
    Field("brdy", "day", False, "出生日期", "birth date, where a rule asks for age"),
    Field("age", "whole", False, "年龄", "age in whole years; wins over brdy"),
    Field(
        "filing", "text", False, "异地备案", "resident_there, referred, emergency, unfiled; left out elsewhere: unfiled"
    ),
    Field(
        "filed_on", "day", False, "备案日期", "day on which the filing was made; decides what a late filing counts as"
    ),
    Field("emergency_flag", "flag", False, "急诊标志", "1: the provider uploaded the case as an emergency"),
    Field("dise_codg", "text", False, "病种编码", "the disease the claim is for, where a rule is by disease"),
    Field(
        "psn_insu_stas",
        "text",
        False,
        "参保状态",
        "1 normal; 2 suspended (a rule may grant grace) and 4 ended are refused",
    ),
    Field(
        "psn_insu_date",
        "day",
        False,
        "参保日期",
        "day insurance began or was taken up again, where a waiting period asks for it",
    ),
    Field("paus_insu_date", "day", False, "暂停参保日期", "day contributions stopped, where a rule grants grace"),
    Field("benefit_from", "day", False, "待遇开始日", "first day of benefits after a waiting period"),
    Field("cvlserv_flag", "flag", False, "公务员标志", "1 civil servant"),
    Field("assistance", "flag", False, "医疗救助对象", "1 entitled to medical assistance"),
    Field("family_doctor", "flag", False, "家庭医生签约", "1: has signed with a family doctor"),
    Field("acct_used_flag", "flag", False, "使用个人账户", "1: the account may pay"),
    Field(
        "balc",
        "yuan",
        False,
        "个人账户余额",
        "account balance before; left out: carried from the person's earlier claim, else 0",
    ),
    Field(
        "acct_mulaid_balc",
        "yuan",
        False,
        "共济账户余额",
        "balance of a relative's shared account before; left out: carried like balc",
    ),
    Field("hosp_part_amt", "yuan", False, "医院负担金额", "what the hospital bears itself"),
    Field(
        "transfer_dedc_paid",
        "yuan",
        False,
        "转出医院已付起付线",
        "deductible already charged at the lower hospital of a transfer",
    ),
    Field("medfee_sumamt", "yuan", False, "医疗费总额", "if given, the lines must add up to it"),
    Field("curr", "text", False, "币种", "CNY, the only one that is settled"),
    Field(
        "reported_pay", "table", False, "外部支付", 'amounts that other payers report, by fund: {"hifes_pay": "644.76"}'
    ),
    Field("year_so_far", "table", False, "年度累计", "counters so far, by name: yuan, or a number of admissions"),
    Field(
        "refund_of",
        "text",
        False,
        "退费原结算流水号",
        "gives back that earlier settlement of the file; such a claim needs only its own id, setl_time and this",
    ),
    Field("feedetail", "table", True, "费用明细", "the fee lines"),
)

LINE_FIELDS = (
    Field("feedetl_sn", "text", False, "明细流水号", "id of the line, once in a claim"),
    Field(
        "med_list_codg", "text", False, "医保目录编码", "national item code; needed unless the line carries chrgitm_lv"
    ),
    Field("med_chrgitm_type", "text", False, "收费项目类别", "cost type; left out: the catalogue's"),
    Field("hi_nego_drug_flag", "flag", False, "医保谈判药品标志", "1: negotiated drug"),
    Field("dise_codg", "text", False, "病种编码", "the special disease that the line is for"),
    Field("fee_ocur_time", "day", False, "费用发生时间", "day whose catalogue applies; left out: the claim's day"),
    Field("cnt", "quantity", True, "数量", "quantity, up to four decimals"),
    Field("pric", "price", False, "单价", "price of one, up to six decimals; if given, cnt x pric must be the amount"),
    Field("det_item_fee_sumamt", "yuan", True, "明细金额", "line amount"),
    Field(
        "chrgitm_lv",
        "text",
        False,
        "收费项目等级",
        "01 甲, 02 乙, 03 丙: the line's own terms, which win over the catalogue",
    ),
    Field(
        "selfpay_prop",
        "rate",
        False,
        "先行自付比例",
        "0 to 1, four decimals; needed with 02 unless a rule has the ratio",
    ),
    Field("pric_uplmt_amt", "price", False, "限价", "price limit of one; 999999 or left out: none"),
)


def _arrow(columns: tuple[Column, ...]) -> list[pa.Field]:
    return [pa.field(c.name, pa.int64(), False, {"unit": c.unit, "zh": c.zh, "en": c.en}) for c in columns]


STEP_STRUCT = pa.struct(
    [pa.field("fund", pa.string(), False), pa.field("rule", pa.string(), False), *_arrow(LAYER_RESULT[1:])]
)  # fmt: skip

# What a result row says about the claim besides the amounts, so that it can be read alone.
CLAIM_KEYS = (
    ("medins_setl_id", pa.string()), ("psn_no", pa.string()), ("insuplc_admdvs", pa.string()),
    ("mdtrtarea_admvs", pa.string()), ("insutype", pa.string()), ("psn_type", pa.string()), ("med_type", pa.string()),
    ("hosp_lv", pa.string()), ("filing", pa.string()), ("relation", pa.string()), ("day", pa.date32()), ("refund_of", pa.string()),
)  # fmt: skip

RESULT_SCHEMA = pa.schema(
    [pa.field("claim", pa.int64(), False, {"en": "place of the claim in the file, from 0"})]
    + [pa.field(name, kind) for name, kind in CLAIM_KEYS]
    + _arrow(RESULT[:-1])
    + [pa.field("layers", pa.list_(pa.field("item", STEP_STRUCT, False)), False)]
)

LINE_SCHEMA = pa.schema(
    [pa.field("claim", pa.int64(), False), pa.field("line", pa.int64(), False), *_arrow(LINE_RESULT)]
)

REFUSAL_SCHEMA = pa.schema(
    [
        ("claim", pa.int64()),
        *((name, pa.string()) for name in ("medins_setl_id", "code", "field", "found", "message_zh", "message_en")),
    ]
)

COUNTER_SCHEMA = pa.schema(
    [
        pa.field("psn_no", pa.string()), pa.field("area", pa.string()), pa.field("period", pa.string()),
        pa.field("period_start", pa.date32()), pa.field("counter", pa.string()), pa.field("kind", pa.string()),
        pa.field("value", pa.int64(), False, {"unit": "fen, or a count for admissions"}),
    ]
)  # fmt: skip
