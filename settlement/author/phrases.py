"""The words in which rules are described and compared, Chinese and English. Figures fill the braces; nothing here computes."""

from __future__ import annotations

from collections.abc import Iterable

from settlement import codes
from settlement.money import percent_text, yuan_text

# key: Chinese, English
WORDS: dict[str, tuple[str, str]] = {
    # what a rule is about
    "benefit": ("待遇", "benefit"), "elsewhere": ("异地就医", "care elsewhere"), "first_pay": ("先行自付比例", "first-pay ratio"),
    "filing": ("备案认定", "what a filing counts as"), "waiting": ("待遇等待期", "waiting period"),
    "suspension": ("停保宽限", "grace after suspension"), "stay": ("跨年度住院", "stay across benefit years"),
    "account": ("个人账户", "personal account"), "area": ("统筹区", "the area"), "meaning": ("代码含义", "meaning of codes"),
    # aspects of a benefit
    "covered": ("基金", "fund"), "fund": ("支付基金", "paid by"), "base": ("计算基数", "works on"), "dedc": ("起付线", "deductible"),
    "later": ("再次住院起付线", "deductible of later admissions"), "again": ("长住院起付线", "deductible of long stays"),
    "transfer": ("转院起付线", "deductible on transfer"), "year_limit": ("全年起付线合计上限", "deductibles of a year, at most"),
    "dedc_counter": ("起付线累计项", "deductible counted as"), "rate": ("支付比例", "rate"), "rate_over": ("支付比例（{over}以上）", "rate above {over}"),
    "retired": ("退休人员", "for the retired"), "measure": ("分段口径", "bounds count"), "cap": ("封顶线", "cap"),
    "cap_counter": ("封顶线累计项", "cap counted as"), "order": ("计算次序", "order"), "items": ("费用范围", "fee lines"),
    "trust": ("可信度", "confidence"), "cite": ("依据", "source"), "whom": ("适用对象", "for whom"), "reported": ("计算方式", "calculation"),
    # values
    "none": ("无", "none"), "yes": ("是", "yes"), "no": ("否", "no"), "all": ("全部", "all"), "everybody": ("全部人员", "everybody"),
    "same": ("与首次相同", "as the first"), "pays": ("支付", "pays"), "pays_nothing": ("基金不支付", "pays nothing"),
    "in_scope": ("政策范围内金额", "the amount in scope"), "rest": ("上一层封顶后剩余", "what the cap above cut off"),
    "person_bears": ("个人在范围内仍负担的", "what the person still bears in scope"), "with_first_pay": ("加先行自付", "plus first pay"),
    "without_deductible": ("不含起付线", "without deductibles"), "with_rest": ("加上一层封顶后剩余", "plus what the cap above cut off"),
    "by_payer": ("由支付方报来", "as its payer reports"), "by_rule": ("按规则计算", "by rule"),
    "left_over": ("上一层未用完的起付线", "what the layer before left of its own"),
    "dedc_year": ("每年 {amount}", "{amount} a year"), "dedc_quarter": ("每季度 {amount}", "{amount} a quarter"),
    "dedc_month": ("每月 {amount}", "{amount} a month"), "dedc_admission": ("每次住院 {amount}", "{amount} an admission"),
    "dedc_visit": ("每次就诊 {amount}", "{amount} a visit"), "later_minus": ("每次减 {step}，不低于 {floor}", "{step} less each time, at least {floor}"),
    "later_second": ("第二次起为 {second}", "{second} from the second on"),
    "later_third": ("第二次为 {second}，第三次起为 {third}", "{second} the second, {third} from the third on"),
    "again_days": ("每满 {days} 天再计一次", "again after every {days} days"), "difference": ("补收差额", "the difference is charged"),
    "retired_points": ("加 {points} 个百分点", "{points} points more"), "retired_share": ("个人负担按 {share} 计", "personal share times {share}"),
    "measure_claim_zero": ("按本次费用，含起付线", "on the claim, deductible included"),
    "measure_claim_deductible": ("按本次起付线以上", "on the claim, above the deductible"),
    "measure_year_zero": ("按年度累计，含起付线", "on the year, deductible included"),
    "measure_year_deductible": ("按年度累计起付线以上", "on the year, above the deductible"),
    "cap_claim": ("每次 {amount}", "{amount} a claim"), "cap_month": ("每月 {amount}", "{amount} a month"),
    "cap_quarter": ("每季度 {amount}", "{amount} a quarter"), "cap_year": ("每年 {amount}", "{amount} a year"),
    "on_fund": ("按基金支付", "on fund payment"), "on_cost": ("按费用", "on cost"), "on_cost_above_deductible": ("按起付线以上费用", "on cost above the deductible"),
    "yuan": ("{amount} 元", "{amount} yuan"), "unlimited": ("不封顶", "no cap"),
    # whom
    "age_from": ("{age} 岁起", "aged {age} and over"), "age_under": ("不满 {age} 岁", "under {age}"),
    "civil_servant": ("公务员", "civil servants"), "not_civil_servant": ("非公务员", "not civil servants"),
    "assistance": ("救助对象", "entitled to assistance"), "not_assistance": ("非救助对象", "not entitled to assistance"),
    "family_doctor": ("已签约家庭医生", "signed with a family doctor"), "not_family_doctor": ("未签约家庭医生", "not signed with a family doctor"),
    "psn_types": ("人员类别 {codes}", "psn_type {codes}"), "diseases": ("病种 {codes}", "disease {codes}"),
    # fee lines
    "class_1": ("甲类", "class 甲"), "class_2": ("乙类", "class 乙"), "types": ("费用类别 {codes}", "category {codes}"),
    "negotiated": ("谈判药品", "negotiated drugs"), "not_negotiated": ("非谈判药品", "not negotiated"), "item_codes": ("目录编码 {codes}", "item {codes}"),
    "any_disease": ("特殊病种费用", "lines for a special disease"), "all_lines": ("全部费用", "all lines"),
    # elsewhere and what surrounds it
    "mode": ("待遇变化", "change"), "mode_none": ("不降低", "no reduction"), "mode_points": ("比例减 {amount} 个百分点", "{amount} points less"),
    "mode_multiply": ("比例乘 {amount}", "rate times {amount}"), "mode_first_pay": ("先自付范围内金额的 {amount}", "first bears {amount} of what is in scope"),
    "other_places": ("其他地方", "other places"), "no_rule": ("没有规则，不能结算", "no rule, refused"), "dedc_times": ("起付线乘 {amount}", "deductible times {amount}"),
    "dedc_plus": ("起付线加 {amount}", "deductible plus {amount}"), "dedc_is": ("起付线为 {amount}", "deductible {amount}"),
    "only_layers": ("只影响 {layers}", "only {layers}"), "ratio": ("先行自付", "first pay"), "counts_as": ("认定为", "counts as"),
    "manual": ("不能直接结算，手工报销", "not settled directly, a manual claim"), "emergency": ("急诊上传", "uploaded as an emergency"),
    "not_emergency": ("非急诊上传", "not uploaded as an emergency"), "before_admission": ("入院前备案", "filed before admission"),
    "before_discharge": ("出院前备案", "filed before discharge"), "after_discharge": ("出院后备案", "filed after discharge"),
    "unknown": ("备案日期不明", "filing day unknown"), "wait": ("等待", "wait"), "grace": ("宽限", "grace"),
    "months": ("{count} 个月", "{count} months"), "days": ("{count} 天", "{count} days"), "cross_year": ("结算方式", "settled"),
    "whole": ("出院时整笔结算", "whole, on discharge"), "by_days_once": ("按天数分到各年度，起付线只收一次", "divided by days, deductible once"),
    "by_days_each": ("按天数分到各年度，起付线每年收", "divided by days, deductible each year"),
    "covers": ("可付", "may pay"), "own_pay": ("全自费", "own pay"), "over_limit": ("超限价", "over limit"), "first": ("先行自付", "first pay"),
    "in_scope_part": ("范围内自付", "the personal share in scope"), "shared": ("共济账户", "shared account"), "inside": ("计入个人账户支付", "inside acct_pay"),
    "beside": ("另列", "beside"), "benefit_year": ("待遇年度起始", "benefit year begins"), "rounding": ("取整", "rounding"),
    "rounding_claim_in_scope": ("整单，先行自付为余数", "once a claim, first pay is the remainder"),
    "rounding_claim_first_pay": ("整单，范围内金额为余数", "once a claim, the scope is the remainder"),
    "rounding_line_in_scope": ("逐行，先行自付为余数", "each line, first pay is the remainder"),
    "rounding_line_first_pay": ("逐行，范围内金额为余数", "each line, the scope is the remainder"),
    "refunds": ("退费次序", "refunds"), "any_order": ("不限", "any order"), "last_first": ("先退后发生的", "the last claim first"),
    "local_places": ("按本地看待", "counts as local"), "comma": ("、", ", "), "semicolon": ("；", "; "), "colon": ("：", ": "),
    "then": ("，", ", "), "open": ("（", " ("), "close": ("）", ")"),
}  # fmt: skip


class Speech:
    """The words of one language."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.at = 0 if lang == "zh" else 1

    def __call__(self, key: str, **parts: object) -> str:
        """Return the phrase of a key with its parts filled in."""
        return WORDS[key][self.at].format(**parts)

    def listed(self, parts: Iterable[str]) -> str:
        """Return parts as a list, 甲、乙."""
        return self("comma").join(parts)

    def noted(self, text: str, note: str) -> str:
        """Return a text with a note in brackets, if there is one."""
        return f"{text}{self('open')}{note}{self('close')}" if note else text

    def yuan(self, fen: int) -> str:
        """Return an amount in yuan without needless decimals: 500 元."""
        return self("yuan", amount=yuan_text(fen).removesuffix(".00"))

    def money(self, fen: int) -> str:
        """Return an amount in yuan to the fen: 500.00."""
        return yuan_text(fen)

    def percent(self, bp: int) -> str:
        """Return a rate: 85%."""
        return percent_text(bp)

    def points(self, bp: int) -> str:
        """Return percentage points: 3."""
        return percent_text(bp).rstrip("%")

    def word(self, table: dict[str, str], key: str) -> str:
        """Return a code's name: Chinese from the table, else the code's own words."""
        return table.get(key, key) if self.lang == "zh" else key.replace("_", " ")

    def scheme(self, key: str) -> str:
        """Return a scheme's name."""
        return self.word(codes.SCHEME_ZH, key)

    def care(self, key: str) -> str:
        """Return a care type's name."""
        return self.word(codes.CARE_ZH, key)

    def group(self, key: str) -> str:
        """Return a person group's name."""
        return self.word(codes.GROUP_ZH, key)

    def level(self, key: str) -> str:
        """Return a hospital level's name."""
        plain = {"1": "level 1", "2": "level 2", "3": "level 3"}
        return codes.LEVEL_ZH[key] if self.lang == "zh" else plain.get(key, key)

    def levels(self, keys: Iterable[str]) -> str:
        """Return hospital levels in their usual order."""
        return self.listed(self.level(key) for key in sorted(keys, key=codes.LEVELS.index))

    def filing(self, key: str) -> str:
        """Return a filing's name."""
        return self.word(codes.FILING_ZH, key)

    def relation(self, key: str) -> str:
        """Return where a claim takes place."""
        return self.word(codes.RELATION_ZH, key)

    def fund(self, key: str) -> str:
        """Return a fund's name."""
        return (codes.FUND_ZH if self.lang == "zh" else codes.FUND_EN)[key]

    def trust(self, key: str) -> str:
        """Return how far a source can be trusted."""
        return (codes.CONFIDENCE_ZH if self.lang == "zh" else codes.CONFIDENCE_EN)[key]
