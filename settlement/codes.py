"""The words of the field: schemes, care, levels, groups, filings, funds, and the national codes behind them.

Only names live here. Which code means which word in an area (``med_type`` 13 is outpatient care, ``hosp_lv`` 2 is a
tertiary hospital) is a rule with a source and stands in the pool files.
"""

from __future__ import annotations

SCHEMES = {"310": "employee", "390": "resident"}  # any other insutype is a scheme of its own, named by its code
SCHEME_ZH = {"employee": "职工医保", "resident": "居民医保"}

CARES = (
    "inpatient", "outpatient", "emergency", "chronic", "pharmacy", "maternity", "accident", "day_surgery",
    "special_drug", "registration", "other",
)  # fmt: skip
CARE_ZH = {
    "inpatient": "住院", "outpatient": "普通门诊", "emergency": "急诊", "chronic": "门诊慢特病", "pharmacy": "定点药店购药",
    "maternity": "生育", "accident": "意外伤害", "day_surgery": "日间手术", "special_drug": "特药", "registration": "挂号",
    "other": "其他",
}  # fmt: skip

LEVELS = ("community", "1", "2", "3", "provincial", "ungraded")
LEVEL_ZH = {
    "community": "社区机构", "1": "一级", "2": "二级", "3": "三级", "provincial": "省级三级", "ungraded": "未定级",
}  # fmt: skip
# What a terminal may write for a plain level; '9' is the national code for an ungraded institution.
LEVEL_WORDS = {
    **{word: word for word in LEVELS}, "9": "ungraded", "01": "1", "02": "2", "03": "3",
    "一级": "1", "二级": "2", "三级": "3", "省级": "provincial", "社区": "community", "未定级": "ungraded",
}  # fmt: skip

GROUPS = ("working", "retired", "cadre", "minor", "adult", "elderly")
GROUP_ZH = {
    "working": "在职", "retired": "退休", "cadre": "离休", "minor": "未成年居民", "adult": "成年居民", "elderly": "老年居民",
}  # fmt: skip

FILINGS = ("resident_there", "referred", "emergency", "unfiled")
FILING_ZH = {"resident_there": "异地长期居住备案", "referred": "转诊备案", "emergency": "异地急诊", "unfiled": "未备案"}
MANUAL = "manual"  # what a filing may count as: not settled directly, a manual claim
FILED = ("before_admission", "before_discharge", "after_discharge", "unknown")  # when the filing was made
RELATIONS = ("local", "in_province", "cross_province")
RELATION_ZH = {"local": "本地", "in_province": "省内异地", "cross_province": "跨省异地"}

# fund column -> order in the list of layers, national fund_pay_type, Chinese name
FUND_ORDER = {
    "hifp_pay": 10, "hifob_pay": 20, "hifmi_pay": 30, "cvlserv_pay": 40, "hifes_pay": 50, "maf_pay": 60, "oth_pay": 70,
}  # fmt: skip
FUND_ZH = {
    "hifp_pay": "统筹基金", "hifob_pay": "职工大额医疗费用补助", "hifmi_pay": "居民大病保险", "cvlserv_pay": "公务员医疗补助",
    "hifes_pay": "企业补充医疗保险", "maf_pay": "医疗救助", "oth_pay": "其他基金",
}  # fmt: skip
FUND_EN = {
    "hifp_pay": "pooled fund", "hifob_pay": "employee large-amount fund", "hifmi_pay": "critical-illness insurance",
    "cvlserv_pay": "civil-servant supplement", "hifes_pay": "enterprise supplement", "maf_pay": "medical assistance",
    "oth_pay": "other fund",
}  # fmt: skip

CONFIDENCES = ("official", "receipt", "secondary", "assumed")  # from strong to weak
CONFIDENCE_ZH = {
    "official": "官方文件", "receipt": "真实票据印证", "secondary": "二手资料，未核对原文", "assumed": "暂按假定，未见依据",
}  # fmt: skip
CONFIDENCE_EN = {
    "official": "official document", "receipt": "supported by a real receipt",
    "secondary": "from secondary material, original not checked", "assumed": "assumed, no source seen",
}  # fmt: skip

MUNICIPALITIES = ("11", "12", "31", "50")
CHARGE_LEVELS = {"01": 1, "02": 2, "03": 3}


def is_division(code: str) -> bool:
    """Tell whether a text has the form of a division code: six ASCII digits."""
    return len(code) == 6 and code.isascii() and code.isdigit()


def scheme_of(insutype: str) -> str:
    """Return the scheme of an insutype: 310 employee, 390 resident, any other code itself."""
    return SCHEMES.get(insutype, insutype)


def relation_of(insured: str, place: str) -> str:
    """Return how a place of treatment lies to an insured area: local, in_province or cross_province.

    Both are six-digit division codes. A municipality and a province-level scheme (xx0000, xx9900) are one area.
    """
    if insured[:2] != place[:2]:
        return "cross_province"
    whole_province = insured[:2] in MUNICIPALITIES or insured[2:] in ("0000", "9900")
    return "local" if whole_province or insured[:4] == place[:4] else "in_province"


def area_chain(code: str) -> tuple[str, ...]:
    """Return the codes under which an area's file may stand, nearest first: itself, its city, its province."""
    return tuple(dict.fromkeys((code, code[:4] + "00", code[:2] + "0000")))
