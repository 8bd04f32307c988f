"""The fields of an area's guide and of pay-outs (K59x, K69x, K79x, K89x, K99x, KA, KB, KC): this service's own names.

They are in ``fields`` too, which the structs import: one name, one type. Lengths are chosen here. What they share with
the card's life is in ``fields_cards``.
"""

from __future__ import annotations

from typing import Annotated

from settlement.national.types import c, d, month, n, t

# ---- where it is from, and how far it can be trusted ----
section = Annotated[str, c(10, "办事问答条目")]
source_title = Annotated[str, c(200, "依据")]
confidence = Annotated[str, c(20, "可信度：official、receipt、secondary、assumed")]
confidence_name = Annotated[str, c(50, "可信度说明")]
table_title = Annotated[str, c(200, "附表名称")]
advice = Annotated[str, c(500, "应如何办理")]

# ---- where a card is good ----
place_text = Annotated[str, c(500, "范围说明")]
relation = Annotated[str, c(20, "所在地与参保地关系：local、in_province、cross_province")]
relation_name = Annotated[str, c(20, "所在地与参保地关系名称")]
usable_flag = Annotated[str, c(1, "能否使用或办理：1 能，0 不能")]
refl_needed_flag = Annotated[str, c(1, "是否须先办转诊（异地就医）备案：1 是，0 否")]
filed_flag = Annotated[str, c(1, "是否已备案：1 是，0 否")]

# ---- whom to reach, when, where ----
service = Annotated[str, c(20, "服务事项：apply、loss、reissue、pay_to")]
services = Annotated[str, c(200, "可办事项")]
bank_name = Annotated[str, c(50, "银行名称")]
org_name = Annotated[str, c(100, "单位或地区名称")]
moment = Annotated[str, t("时刻（不填为现在）")]
channel_name = Annotated[str, c(100, "渠道名称")]
answers_now = Annotated[str, c(10, "此刻能否接通：yes、no、not_said（依据未说明）")]
season = Annotated[str, c(10, "作息季节：summer、winter")]
open_hours = Annotated[str, c(100, "当日服务时间")]
can_report_loss = Annotated[str, c(10, "能否挂失：yes、no、not_said（依据未说明）")]
can_unblock = Annotated[str, c(10, "能否解挂：yes、no、not_said（依据未说明）")]
steps = Annotated[str, c(500, "办理步骤")]
needs = Annotated[str, c(300, "所需材料")]

# ---- PINs, fees, terms ----
initial_pin_hint = Annotated[str, c(100, "初始密码说明（仅用于提醒修改）")]
change_at = Annotated[str, c(200, "修改密码的地点")]
reset_at = Annotated[str, c(200, "密码锁死后重置的地点")]
fee_item = Annotated[str, c(30, "收费项目")]
fee_name = Annotated[str, c(100, "收费项目名称")]
charged_flag = Annotated[str, c(1, "是否收费：1 是，0 否")]
charged_by = Annotated[str, c(100, "由谁收取")]
valid_days = Annotated[str, n(4, 0, "临时卡有效天数")]
longest_months = Annotated[str, n(3, 0, "临时卡最长月数")]
financial_flag = Annotated[str, c(1, "有无金融功能：1 有，0 无")]
across_regions_flag = Annotated[str, c(1, "能否跨地区使用：1 能，0 不能")]

# ---- pay-outs ----
payout = Annotated[str, c(50, "代发项目：pension、unemployment、wages、social_subsidy、minimum_living、farm_benefit")]
payout_name = Annotated[str, c(100, "代发项目名称")]
moved_at = Annotated[str, c(100, "办理变更的网点")]
former_acct = Annotated[str, c(32, "变更前的代发账号")]
pay_amt = Annotated[str, n(16, 2, "发放金额")]
pay_month = Annotated[str, month("发放所属年月")]
payer_name = Annotated[str, c(100, "发放单位")]
paid_date = Annotated[str, d("发放日期")]
pay_no = Annotated[str, c(30, "发放流水号")]
