"""The fields of the card's life (transactions K…): this service's own names, for no national table has any of them.

They are in ``fields`` too, which the structs import: one name, one type. Lengths are chosen here.
"""

from __future__ import annotations

from typing import Annotated

from settlement.national.types import c, d, n, t

# ---- who asks, how, with what (sections 2 to 9) ----
channel = Annotated[str, c(20, "办理渠道：window、bank、app、wechat、phone_staffed、phone_auto、hospital、pharmacy")]
appy_by = Annotated[str, c(10, "办理人：self 本人、relative 亲友、guardian 家长或监护人、agent 代办人")]
docs = Annotated[str, c(100, "出示的证件，逗号分隔：cert、other_cert、hukou、card、hospital_paper")]
card_bank = Annotated[str, c(20, "联名合作商业银行")]
point_name = Annotated[str, c(100, "办理网点")]
collect_at = Annotated[str, c(100, "领卡地点")]
card_reason = Annotated[str, c(20, "原因：lost、damaged、fault、expired、died、moved")]
# ---- the application ----
appy_no = Annotated[str, c(30, "申请流水号")]
appy_kind = Annotated[str, c(20, "申请类别：first、reissue、temporary")]
appy_stas = Annotated[str, c(20, "申请状态：applied、prefab、making、ready、collected、refused、withdrawn")]
appy_date = Annotated[str, d("申请日期")]
# ---- the card ----
card_no = Annotated[str, c(32, "社会保障卡号")]
new_card_sn = Annotated[str, c(32, "新卡卡识别码")]
new_card_no = Annotated[str, c(32, "新社会保障卡号")]
card_kind = Annotated[str, c(20, "卡类别：standard、temporary")]
card_stas = Annotated[str, c(20, "卡状态")]
card_issued = Annotated[str, d("发卡日期")]
card_until = Annotated[str, d("有效期止")]
card_fin_stas = Annotated[str, c(20, "金融账户状态：none、inactive、active、closed")]
card_acct = Annotated[str, c(32, "社会保障卡银行账号")]
card_pin_kind = Annotated[str, c(10, "密码类别：social 社会保障账户密码、bank 银行账户密码")]
card_pin_stas = Annotated[str, c(20, "社会保障账户密码状态：initial、set、locked、unknown")]
card_fee = Annotated[str, n(16, 2, "工本费")]
lost_time = Annotated[str, t("挂失时间")]
lost_by = Annotated[str, c(20, "挂失渠道")]
hosp_paper_no = Annotated[str, c(50, "医院出具的《申请医保临时卡证明》编号")]
card_told = Annotated[str, c(500, "提示")]
