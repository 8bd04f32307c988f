"""What can go wrong, said so that the reader can act: what was found, why it matters, what to do.

Two kinds. An *error* stops the call (a file cannot be read, a rulebook is bad). A *refusal* is a value: one
claim of a batch cannot be settled, the others are. Both carry a stable code; texts for the counter are Chinese.
"""

from __future__ import annotations

from typing import NamedTuple


class SettlementError(Exception):
    """Base of every error this product raises on purpose.

    ``code`` is stable, ``found`` says what was met, ``why`` why it matters, ``cure`` what to do now, and ``zh`` the
    same for a counter.
    """

    def __init__(self, code: str, found: str, why: str = "", cure: str = "", zh: str = "") -> None:
        self.code, self.found, self.why, self.cure, self.zh = code, found, why, cure, zh
        super().__init__(". ".join(part for part in (f"[{code}] {found}", why, cure) if part))


class BadInput(SettlementError):
    """Something a person or a program handed over cannot be read."""


class BadRules(SettlementError):
    """A rule file says something that cannot be computed; the message names file, line, key and cure."""


class LedgerConflict(SettlementError):
    """The book already holds something that contradicts this message."""


class CardFault(SettlementError):
    """The card, the reader or the card service did not give a whole identity."""


class NotAvailable(SettlementError):
    """An optional part is not installed or not running here."""


class Reason(NamedTuple):
    """Why a claim can be refused: the sentence and the cure, for the counter (Chinese) and the log (English)."""

    zh: str
    cure_zh: str
    en: str
    cure_en: str


LONGEST_QUOTE = 200


def _writable(text: str) -> str:
    """Return what was met so that any screen and file can take it: half characters spelt out, not longer than a line."""
    shown = text.encode("utf-8", "backslashreplace").decode()
    return shown if len(shown) <= LONGEST_QUOTE else f"{shown[: LONGEST_QUOTE - 1]}…"


class Refusal(NamedTuple):
    """One reason why one claim was not settled. ``found`` quotes what was met; ``field`` says where."""

    claim: int
    claim_id: str
    code: str
    field: str
    found: str

    def as_row(self) -> dict[str, object]:
        """Return the refusal with both texts, as it is shown and written."""
        reason, found = REASONS[self.code], _writable(self.found)
        return {
            "claim": self.claim,
            "medins_setl_id": _writable(self.claim_id),
            "code": self.code,
            "field": _writable(self.field),
            "found": found,
            "message_zh": f"{reason.zh}：{found}。{reason.cure_zh}",
            "message_en": f"{reason.en}: {found}. {reason.cure_en}",
        }


# The codes are part of the interface: a code is never reused for another meaning.
REASONS: dict[str, Reason] = {
    "C01_FIELD_MISSING": Reason(
        "缺少必填字段", "请补填后重传", "a required field is missing", "Fill it in and send again"
    ),
    "C02_NOT_AN_AMOUNT": Reason(
        "金额或数量格式不正确",
        "请按元填写，最多两位小数（单价六位、数量四位）",
        "not a readable amount",
        "Write yuan with at most two decimals (six for a price, four for a quantity)",
    ),
    "C03_NEGATIVE": Reason(
        "金额或数量为负或为零",
        "退费请走冲正或撤销，不要传负数",
        "an amount or quantity is negative or zero where it may not be",
        "A refund is a reversal of the first settlement, not a negative claim",
    ),
    "C04_TOO_LARGE": Reason(
        "金额超出可计算上限",
        "请核对小数点",
        "an amount is over the bound of exact arithmetic",
        "Check the decimal point",
    ),
    "C05_NOT_A_DATE": Reason(
        "日期格式不正确",
        "请写成 2024-05-01 或 2024-05-01 10:00:00",
        "not a readable date",
        "Write 2024-05-01 or 2024-05-01 10:00:00",
    ),
    "C06_NO_LINES": Reason(
        "没有费用明细", "请上传费用明细后再结算", "the claim has no fee lines", "Send the fee lines with the claim"
    ),
    "C07_LINE_ARITHMETIC": Reason(
        "单价×数量与金额不符",
        "请核对明细的单价、数量和金额",
        "price times quantity is not the line amount",
        "Check pric, cnt and det_item_fee_sumamt",
    ),
    "C08_DUPLICATE_LINE": Reason(
        "费用明细流水号重复",
        "同一流水号只能上传一次",
        "a fee line is there twice",
        "Each feedetl_sn may appear once in a claim",
    ),
    "C09_TOTAL_DIFFERS": Reason(
        "明细合计与总费用不符",
        "请核对明细与总费用",
        "the lines do not add up to medfee_sumamt",
        "Check the lines and the total",
    ),
    "C10_DUPLICATE_CLAIM": Reason(
        "结算流水号重复",
        "同一流水号在一批中只能出现一次",
        "the claim id is there twice in this file",
        "Give each claim its own medins_setl_id",
    ),
    "C11_NOT_A_CODE": Reason(
        "代码不在允许的取值内", "请按代码表填写", "not one of the allowed codes", "Use a code of the table"
    ),
    "C12_CURRENCY": Reason(
        "币种不是人民币", "本系统只结算人民币", "the currency is not CNY", "Only amounts in CNY are settled"
    ),
    "C13_DATES_CROSS": Reason(
        "出院日期早于入院日期", "请核对起止时间", "the stay ends before it begins", "Check begntime and endtime"
    ),
    "C14_UNKNOWN_FIELD": Reason(
        "出现无法识别的字段",
        "请核对字段名，参见报文说明",
        "a field is not known here",
        "Check the spelling against docs/claim-format.md",
    ),
    "C15_NOT_AN_OBJECT": Reason(
        "报文结构不正确",
        "每笔结算应是一个对象",
        "the claim is not an object with fields",
        "Each claim is one JSON object or row",
    ),
    "C16_REFUND": Reason(
        "退费与原结算对不上",
        "请核对原结算流水号；原结算须在本批内、排在退费之前、属同一人，且不是退费；退费不带费用明细",
        "the refund does not fit a settlement of this file",
        "refund_of must name a settlement of the same person that comes before it here and is no refund; send no fee lines",
    ),
    "P01_UNKNOWN_AREA": Reason(
        "没有该统筹区的规则",
        "请核对区划代码，或加载该统筹区的规则文件",
        "no rules are loaded for this area",
        "Check the division code or add its pool file with --pools",
    ),
    "P02_INSURANCE_SUSPENDED": Reason(
        "参保状态不正常，暂停享受待遇",
        "请参保人到经办机构核实缴费状态",
        "the insurance is suspended or ended",
        "The person should ask the agency about contributions",
    ),
    "P03_WAITING_PERIOD": Reason(
        "仍在待遇等待期内", "等待期满后方可享受待遇", "benefits have not begun yet", "Benefits begin on the stated day"
    ),
    "R01_RULE_MISSING": Reason(
        "没有可用的待遇规则",
        "该待遇未录入，请联系规则维护人员",
        "no rule covers this claim",
        "The rule is not in the pool file; ask the rule author",
    ),
    "R02_LEVEL_MISSING": Reason(
        "规则未规定该等级医疗机构",
        "请核对医院等级",
        "the rule says nothing for this hospital level",
        "Check the level, or add it to the rule",
    ),
    "R03_ELSEWHERE_MISSING": Reason(
        "没有该备案类型的异地就医规则",
        "该规则未录入，请联系规则维护人员",
        "no rule for care elsewhere under this filing",
        "The rule is not in the pool file; ask the rule author",
    ),
    "R04_ITEM_UNKNOWN": Reason(
        "医保目录中没有该项目",
        "请核对医保编码，或在明细中带出目录等级和自付比例",
        "the item is in no catalogue of the place of treatment",
        "Check med_list_codg, or send chrgitm_lv and selfpay_prop with the line",
    ),
    "R05_COUNTER_UNKNOWN": Reason(
        "年度累计项名称不正确",
        "请按规则中的累计项名称填写",
        "year_so_far names a counter that the rules do not have",
        "Use the counter names that `settlement rules show` lists",
    ),
    "R06_REPORTED_MISSING": Reason(
        "缺少补充保险的支付金额",
        "请补充该基金的支付金额",
        "a fund that pays a reported amount has none",
        "Send reported_pay with the fund's amount",
    ),
    "R07_RATES_TOO_FINE": Reason(
        "规则的比例小数位过多，无法精确计算",
        "请规则维护人员减少比例的小数位",
        "the rates of these layers together need finer fractions than can be kept exact",
        "Use fewer decimals in rates, points, shares or multipliers",
    ),
    "R08_MANUAL_CLAIM": Reason(
        "按规则不能直接结算",
        "请先由个人垫付，回参保地申请零星（手工）报销",
        "under the rules this is not settled directly",
        "The person pays and asks the insured area for a manual reimbursement",
    ),
    "K02_NOTHING_TO_GIVE_BACK": Reason(
        "原结算没有成立，或已经退过",
        "不需要再退费；请核对原结算流水号",
        "the settlement to give back was refused, or was given back before",
        "There is nothing to give back; check refund_of",
    ),
    "K03_REFUND_ORDER": Reason(
        "该统筹区要求从最后一次结算开始逐次退费",
        "请先退掉其后的结算",
        "here later settlements must be given back first",
        "Refund the later settlements of the person first",
    ),
    "K01_HOSPITAL_PART": Reason(
        "医院负担金额超过剩余费用",
        "请核对医院负担金额",
        "hosp_part_amt is more than what the funds leave",
        "Check hosp_part_amt",
    ),
}
