"""Further words, for ``rules show`` and ``rules why``: Chinese and English beside each other. Nothing here computes."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from settlement.author.phrases import Speech

# key: Chinese, English
MORE: dict[str, tuple[str, str]] = {
    # heads of tables
    "layer": ("层（基数）", "layer (base)"), "people": ("对象", "for whom"), "item": ("项目", "what"), "any_level": ("各级", "any level"),
    "ground": ("依据", "ground"), "since": ("自", "from"), "scope": ("险种/类别", "scheme/care"), "change": ("规定", "rule"),
    # show
    "title": ("{name} {code}，{day}（继承 {chain}）", "{name} {code}, {day} (inherits {chain})"),
    "rulebook": ("规则库摘要：{digest}", "rulebook: {digest}"),
    "nothing": ("无", "none"), "counters": ("累计项 counters：{names}", "counters: {names}"),
    "others": ("退休以外", "not retired"), "the_retired": ("退休", "retired"), "pays_no": ("基金不支付", "pays nothing"),
    "not_said": ("未规定", "not said"), "any": ("全部", "all"), "grounds": ("依据：", "Grounds:"),
    "per_year": ("每年", "a year"), "per_quarter": ("每季度", "a quarter"), "per_month": ("每月", "a month"),
    "per_admission": ("每次住院", "an admission"), "per_visit": ("每次就诊", "a visit"), "per_claim": ("每次", "a claim"),
    "repealed": ("自 {day} 停止（{where}），改按上级的规定", "ended from {day} ({where}); the area above speaks"),
    "absent": ("{scheme}没有待遇规则的医疗类别（结算会被拒绝，R01）：{kinds}", "No rule for {scheme} and this care (claims are refused, R01): {kinds}"),
    "absent_levels": ("没有规则的医院等级（结算会被拒绝）：{levels}", "No rule for these levels (claims are refused): {levels}"),
    "none_said": ("{title}：没有规则，{effect}", "{title}: no rule, {effect}"),
    "elsewhere_effect": ("异地的结算会被拒绝（R03）。", "claims elsewhere are refused (R03)."),
    "first_pay_effect": ("按目录的比例。", "the catalogue's ratios apply."), "filing_effect": ("按申报的备案类型。", "a filing counts as stated."),
    "waiting_effect": ("没有等待期。", "nobody waits."), "suspension_effect": ("停保后不享受待遇（P02）。", "nothing is paid once suspended (P02)."),
    "stay_effect": ("出院时整笔结算。", "settled whole on discharge."), "account_effect": ("个人账户不支付。", "the account pays nothing."),
    # test
    "passed": ("通过", "passed"), "failed": ("不符", "DIFFERS"), "figure": ("金额（元）", "amount (yuan)"), "expected": ("案例", "the case says"),
    "found": ("算得", "settled as"), "steps": ("计算步骤", "the steps"), "arithmetic": ("案例的算式", "the case's arithmetic"),
    "cases": ("{count} 个案例，{passed} 个通过", "{count} case(s), {passed} passed"),
    "no_cases": ("这个统筹区没有案例：请在规则文件旁的 cases/ 里写案例", "no cases for this area: write some into cases/ beside the pool file"),
    # why
    "asked": ("{name} {code}：{scheme}，{care}，医院等级 {level}，{group}，{day}，{relation}",
              "{name} {code}: {scheme}, {care}, level {level}, {group}, {day}, {relation}"),
    "asked_age": ("，{age} 岁", ", aged {age}"), "asked_filing": ("，备案 {filing}", ", filing {filing}"), "asked_disease": ("，病种 {disease}", ", disease {disease}"),
    "code_meanings": ("代码 → 含义", "Codes → words"),
    "verdict": ("结论", "Verdict"), "block": ("条目", "block"), "says": ("内容", "says"),
    "chosen": ("采用", "applies"), "replaced": ("被同一键的后一条（{by}）替换", "replaced by the later block of its key ({by})"),
    "ended": ("已被停止（{by}）", "ended ({by})"), "is_end": ("停止同一键的前一条", "ends the block before it"),
    "overridden": ("条件都符合，但下级文件对这一层已有规定（{by}）", "fits, but the nearer file speaks for this layer ({by})"),
    "not_matched": ("不符：{reasons}", "does not fit: {reasons}"),
    "ended_program": ("被“基金不支付”的条目（{by}）截止", "cut short by the block that pays nothing ({by})"),
    "passed_over": ("符合，但写明病种或就医地的条目（{by}）优先", "fits, but the block that names the disease or place goes first ({by})"),
    "nearer_pays": ("下级文件已有范围内的支付（{by}）", "a nearer file already pays in scope ({by})"),
    "begins_later": ("{day} 才施行", "begins on {day}"), "wrong_level": ("只对 {levels}", "only for {levels}"),
    "wrong_who": ("只对 {who}", "only for {who}"), "wrong_disease": ("只对病种 {diseases}", "only for disease {diseases}"),
    "wrong_scheme": ("只对险种 {schemes}", "only for {schemes}"), "wrong_care": ("只对 {cares}", "only for {cares}"),
    "wrong_where": ("只对 {wheres}", "only for {wheres}"), "wrong_filing": ("只对备案 {filings}", "only for filing {filings}"),
    "wrong_place": ("只对就医地 {codes}", "only for places {codes}"), "places": ("就医地 {codes}", "places {codes}"),
    "wrong_emergency": ("急诊标志不符", "the emergency flag differs"), "wrong_filed": ("只对 {filed}", "only when {filed}"),
    "wrong_psn_type": ("只对人员类别 {codes}", "only for psn_type {codes}"), "no_figure": ("没有写 {level} 的数字", "has no figure for {level}"),
    "local_claim": ("本地结算，不涉及异地规则", "local: no rule for care elsewhere is asked"),
    "missing": ("不能结算：{code} {reason}", "Refused: {code} {reason}"), "needed": ("需要补写：", "Would be needed:"),
    "not_covered_verdict": ("基金不支付（{where}）", "The pool pays nothing ({where})"), "pays_verdict": ("按 {count} 层计算", "{count} layer(s) apply"),
    "here": ("本情形：{figures}", "here: {figures}"),
}  # fmt: skip


class Words(Speech):
    """The words of one language, these and those of ``phrases``."""

    def __call__(self, key: str, **parts: object) -> str:
        """Return the phrase of a key with its parts filled in."""
        return MORE[key][self.at].format(**parts) if key in MORE else super().__call__(key, **parts)


def rate_text(rate: Fraction) -> str:
    """Return an exact rate as a percentage, with as many decimals as it needs: 85%, 82.45%."""
    hundred = rate * 100
    return f"{(Decimal(hundred.numerator) / Decimal(hundred.denominator)).normalize():f}%"
