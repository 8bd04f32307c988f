"""Every key of a pool file in a few words, Chinese and English: the comments of a new file and the hints of an editor.

The tables are those of docs/pool-format.md; a key under ``block`` may stand in every dated block.
"""

from __future__ import annotations

from typing import NamedTuple


class Key(NamedTuple):
    """What a key is for."""

    zh: str
    en: str


Keys = dict[str, Key]

POOL: Keys = {
    "code": Key("统筹区的六位区划代码", "six-digit division code of the pooling area"),
    "name": Key("统筹区名称", "name of the area"),
    "inherits": Key("上级文件的区划代码；这里没写的到上级去查", "code of the file above, where what is not said here is looked up"),
    "benefit_year": Key('待遇年度："calendar" 为自然年，或起始月日如 "07-01"', 'benefit year: "calendar", or the day it begins, such as "07-01"'),
    "scheme_years": Key('待遇年度另有起始日的险种，如 { employee = "07-01" }', 'schemes whose benefit year is another, such as { employee = "07-01" }'),
    "rounding": Key("取整：在哪里、对哪一项四舍五入", "where, and which side, is rounded"),
    "refunds": Key("退费次序：不限，或须先退后发生的", "order of refunds: any, or the last claim first"),
    "local_places": Key("除本区外也按本地看待的区划代码（可只写前几位）", "division codes, or their beginnings, that count as local too"),
}  # fmt: skip
ROUNDING: Keys = {
    "at": Key("claim 整单取整，line 逐行取整", "claim: once a claim; line: on each line"),
    "rounds": Key("取整的一项，另一项为余数", "the side that is rounded; the other is the remainder"),
}
SOURCE: Keys = {
    "title": Key("文件（或票据）名称", "title of the document or other ground"),
    "number": Key("文号", "document number"),
    "issued": Key("发文日期", "day of issue"),
    "url": Key("网址", "address"),
    "confidence": Key(
        "可信度：official 见过原件，receipt 票据印证，secondary 转引，assumed 假定",
        "official: original seen; receipt: a receipt agrees; secondary: quoted by others; assumed",
    ),
    "note": Key("说明，随解释一起显示", "shown with the explanation"),
}
BLOCK: Keys = {
    "from": Key(
        "施行日期；到同一键的下一条为止，没有截止日期", "first day; in force until a later block of the same key"
    ),
    "source": Key("依据：上面 [source.…] 的名字", "the ground: name of a [source.…] of this file"),
    "article": Key("条款", "article of the source"),
    "confidence": Key("可信度，只能比来源更低", "confidence, never above its source's"),
    "note": Key("说明，随解释一起显示", "shown with the explanation"),
    "repealed": Key("停止，没有后续规定；改按上级的规定", "ended without a successor; the area above speaks again"),
}
SCOPE: Keys = {
    "scheme": Key("险种：employee 职工，resident 居民，或险种代码；可列多个", "employee, resident or an insutype code; one or a list"),
    "care": Key("医疗类别；可列多个", "care type; one or a list"),
    "where": Key("就医地：local 本地，in_province 省内异地，cross_province 跨省；不写为全部", "place: local, in_province, cross_province; default all"),
    "psn_type": Key("人员类别代码的开头；可列多个", "beginnings of psn_type; one or a list"),
}  # fmt: skip
BENEFIT: Keys = {
    **{key: SCOPE[key] for key in ("scheme", "care")},
    "level": Key("只对这些医院等级；不写为全部", "only these hospital levels; default all"),
    "who": Key("只对这些人；不写为全部", "only these persons; default all"),
    "disease": Key("只对这些病种（代码开头）；优先于没写病种的", "only these diseases (beginnings of dise_codg); goes before blocks without"),
    "covered": Key("false：基金不支付这类费用", "false: the pool pays nothing for these claims"),
    "fund": Key("支付的基金", "the fund that pays"),
    "layer": Key("层名，同一基金分几层时用", "name of the layer, to tell two layers of one fund apart"),
    "order": Key("在各层中的次序", "place in the list of layers"),
    "base": Key("计算基数：in_scope 政策范围内，rest 上一层封顶后剩余，person_bears 个人仍负担的", "in_scope, rest (what the cap above cut off) or person_bears"),
    "with_first_pay": Key("基数含先行自付（只与 person_bears）", "the base includes first pay (with person_bears)"),
    "without_deductible": Key("基数不含起付线（只与 person_bears）", "the base leaves deductibles out (with person_bears)"),
    "items": Key("只对选出的费用明细，别的层不再计这些明细", "works on these fee lines alone, no other layer does"),
    "with_rest": Key("基数加上一层封顶后剩余的费用", "what the cap of the layer before cut off is added to the base"),
    "reported": Key("金额由外部支付方报来，这里不算", "pays what its payer reported; nothing is worked out here"),
    "deductible": Key('起付线："none"、"left_over"（上一层没用完的）或一张表', '"none", "left_over" (of the layer before) or a table'),
    "bands": Key("分段和支付比例，第一段从 0 元起", "bands with their rates, the first from 0 yuan"),
    "measure": Key("分段怎样计：按本次还是按年累计，从零还是从起付线", "how band bounds count; needed with more than one band"),
    "retired": Key("退休人员：加百分点，或个人负担打折", "for the retired: points added, or the personal share multiplied"),
    "cap": Key('封顶线："none" 或一张表', '"none" or a table'),
}  # fmt: skip
WHO: Keys = {
    "group": Key("人群：working 在职，retired 退休，cadre 离休，minor 未成年，adult 成年，elderly 老年", "working, retired, cadre, minor, adult, elderly"),
    "psn_type": SCOPE["psn_type"],
    "age_from": Key("满几岁起", "from this age"),
    "age_under": Key("不满几岁", "under this age"),
    "civil_servant": Key("是否公务员", "civil servants only, or all others"),
    "assistance": Key("是否医疗救助对象", "persons entitled to assistance only, or all others"),
    "family_doctor": Key("是否签约家庭医生", "persons with a family doctor only, or all others"),
}  # fmt: skip
ITEMS: Keys = {
    "class": Key("目录等级：甲、乙", "catalogue class 甲 or 乙"),
    "type": Key("收费项目类别代码的开头", "beginnings of med_chrgitm_type"),
    "negotiated": Key("是否谈判药", "negotiated drugs only, or all others"),
    "code": Key("医保目录编码的开头", "beginnings of med_list_codg"),
    "disease": Key("明细的病种代码开头；true 为任一病种", "beginnings of the line's dise_codg; true: any"),
}
DEDUCTIBLE: Keys = {
    "per": Key("按年、季、月累计，或按次住院 admission、按次 visit", "a year, quarter or month together, each admission, or each visit"),
    "amount": Key("各级医院相同的金额", "the amount, the same at every level"),
    "by_level": Key("各级医院的金额", "the amount by hospital level"),
    "counter": Key("累计项的名字，几类医疗共用时写同一个", "name of the counter, where cares share it"),
    "later": Key('再次住院："-100 yuan" 每次递减，"50%" 减半，["50%", "25%"] 逐次', 'later admissions: "-100 yuan", "50%" or ["50%", "25%"]'),
    "floor": Key("递减后的最低额", "not below this"),
    "again_after_days": Key("住满这么多天再计一次", "charged again after so many days"),
    "on_transfer": Key("转往上级医院只补差额", "only the difference on transfer to a higher level"),
    "year_limit": Key("全年起付线合计的上限", "the deductibles of a year come to no more"),
}  # fmt: skip
BAND: Keys = {
    "over": Key("从多少元起", "the band begins above this"),
    "rate": Key("支付比例：一个，或按医院等级", "the rate: one, or by hospital level"),
}
MEASURE: Keys = {
    "on": Key("claim 按本次费用，year 按年度累计", "claim or year"),
    "from": Key("zero 含起付线，deductible 自起付线以上", "zero: deductible included; deductible: above it"),
    "counter": Key("年度累计项的名字（只与 year）", "name of the yearly counter (with year)"),
}
RETIRED: Keys = {
    "points": Key("增加的百分点", "percentage points added"),
    "personal_share": Key("个人负担按百分之几计", "the personal share is this part of it"),
}
CAP: Keys = {
    "on": Key(
        "fund 按基金支付，cost 按费用，cost_above_deductible 按起付线以上费用", "fund, cost or cost_above_deductible"
    ),
    "per": Key("每次 claim，或每月、季、年", "claim, month, quarter or year"),
    "amount": Key("金额", "the amount"),
    "by_level": Key("各级医院的金额", "the amount by hospital level"),
    "by_disease": Key("各病种的限额，各自累计", "a limit a disease, each counted by itself"),
    "counter": Key("累计项的名字（per 不是 claim 时必填）", "name of the counter (needed unless per claim)"),
}
ELSEWHERE: Keys = {
    **{key: SCOPE[key] for key in ("scheme", "care", "where")},
    "filing": Key("备案类型；可列多个", "kind of filing; one or a list"),
    "places": Key("只对这些就医地（区划代码的开头）；优先于没写的", "only these places (beginnings of division codes); goes before blocks without"),
    "mode": Key("none 不变，points 减百分点，multiply 比例打折，first_pay 先自付", "none, points, multiply or first_pay"),
    "amount": Key('points 写 "10"，multiply 和 first_pay 写百分比', '"10" with points, a percentage with multiply and first_pay'),
    "deductible": Key("起付线的变化", "how the deductible changes"),
    "layers": Key("只对这些层；不写为以 in_scope 为基数的层", "only these layers; default those on in_scope"),
}  # fmt: skip
CHANGE: Keys = {
    "times": Key("乘以百分之几", "times this percentage"),
    "plus": Key("加多少元", "plus this amount"),
    "is": Key("改为多少元", "is this amount instead"),
}
FIRST_PAY: Keys = {
    **{key: SCOPE[key] for key in ("scheme", "care", "where")},
    "items": Key("选出的费用明细", "the fee lines it is for"),
    "ratio": Key("先行自付比例，代替目录的", "first-pay ratio in place of the catalogue's"),
}
FILING: Keys = {
    **{key: SCOPE[key] for key in ("scheme", "where")},
    "filing": Key("申报的备案类型；可列多个", "the stated filing; one or a list"),
    "emergency": Key("医院是否上传急诊标志", "whether the claim carries the emergency flag"),
    "filed": Key("备案时间：入院前、出院前、出院后、不明", "when it was filed"),
    "is": Key(
        "认定为哪种备案；manual 为不能直接结算，走手工报销", "what it counts as; manual: refused, to be claimed by hand"
    ),
}
STANDING: Keys = {key: SCOPE[key] for key in ("scheme", "psn_type", "care")}
WAITING: Keys = {
    **STANDING,
    "wait": Key('等待期，如 "6 months" 或 "90 days"', 'waiting period, "6 months" or "90 days"'),
}
SUSPENSION: Keys = {
    **STANDING,
    "grace": Key('停保后仍享受待遇的时间，如 "3 months"', "still paid for so long after contributions stop"),
}
STAY: Keys = {
    **{key: SCOPE[key] for key in ("scheme", "care")},
    "cross_year": Key("跨年度住院：whole 出院时整笔算，by_days 按天数分到各年度", "whole: settled at discharge; by_days: split among the years"),
    "deductible": Key("按天数分时起付线 once 计一次，each_year 各年度各计一次", "with by_days: charged once or each_year"),
}  # fmt: skip
CARE: Keys = {
    "med_type": Key("医疗类别代码（开头）", "med_type codes, by their beginning"),
    "is": Key("在这里是哪类医疗", "which care they are here"),
}
LEVEL: Keys = {
    "hosp_lv": Key("医院等级代码", "hosp_lv codes"),
    "is": Key("在这里是哪一级", "which level they are here"),
}
GROUP: Keys = {
    "psn_type": Key("人员类别代码（开头）", "psn_type codes, by their beginning"),
    "is": Key("在这里是哪类人", "which group they are here"),
}
ACCOUNT: Keys = {
    "scheme": SCOPE["scheme"],
    "covers": Key("个人账户可以支付的部分", "what the personal account may pay"),
    "shared": Key(
        "共济账户 beside 单列，inside 并入个人账户支付", "shared account published beside acct_pay or inside it"
    ),
}

# The blocks of a file in the order of docs/pool-format.md, by the name in double brackets.
BLOCKS: dict[str, Keys] = {
    "benefit": BENEFIT, "elsewhere": ELSEWHERE, "first_pay": FIRST_PAY, "filing": FILING, "waiting": WAITING,
    "suspension": SUSPENSION, "stay": STAY, "care": CARE, "level": LEVEL, "group": GROUP, "account": ACCOUNT,
}  # fmt: skip
BLOCK_NAMES: Keys = {
    "benefit": Key("待遇", "benefits"),
    "elsewhere": Key("异地就医", "care elsewhere"),
    "first_pay": Key("先行自付", "first pay"),
    "filing": Key("备案认定", "filings"),
    "waiting": Key("等待期", "waiting periods"),
    "suspension": Key("停保后的待遇", "suspended insurance"),
    "stay": Key("跨年度住院", "stays across years"),
    "care": Key("医疗类别代码", "care codes"),
    "level": Key("医院等级代码", "level codes"),
    "group": Key("人员类别代码", "group codes"),
    "account": Key("个人账户", "personal account"),
}
