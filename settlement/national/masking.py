"""Which values may be seen outside the book: few, by name and by form. Everything else is masked in logs and pages.

Deny by default: a field that is not in ``FORMS`` is shown as ``•••#tag``, and so is one whose text has not the form that
is expected of it, for a person's number may stand in any field by mistake. The tag is a keyed hash with a key drawn anew
each time the service starts: the same value has the same tag in one log, so that a developer can follow a visit, and
nobody can compute a person from a tag.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Iterator, Mapping
from typing import Any

_AMOUNT = re.compile(r"-?[0-9]{1,10}(\.[0-9]{1,6})?")
_CODE = re.compile(r"[0-9A-Za-z_.-]{0,6}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}( [0-9]{2}:[0-9]{2}:[0-9]{2})?")
_OURS = re.compile(r"[0-9]{17}|[0-9]{30}")  # stamps and ids that the service makes
_MSGID = re.compile(r"[0-9-]{0,17}[HP][0-9]{11}[0-9-]{0,18}")  # with the institution's code in it
_PLACE = re.compile(r"[HP][0-9]{11}")
_WORD = re.compile(r"[A-Za-z0-9_.: /-]{0,60}")

_AMOUNTS = """
    cnt pric det_item_fee_sumamt pric_uplmt_amt selfpay_prop medfee_sumamt fulamt_ownpay_amt overlmt_selfpay overlmt_amt
    preselfpay_amt inscp_scp_amt act_pay_dedc hifp_pay pool_prop_selfpay cvlserv_pay hifes_pay hifmi_pay hifob_pay
    maf_pay oth_pay hifdm_pay fund_pay_sumamt psn_part_amt acct_pay psn_cash_pay pdn_cash_pay acct_mulaid_pay
    hosp_part_amt psn_pay cash_payamt fund_payamt crt_payb_lmt_amt fixmedins_setl_cnt psntime med_sumfee fund_appy_sum
"""
_CODES = """
    infno oinfno infcode infver opter_type signtype enctype enc_type mdtrtarea_admvs insuplc_admdvs mdtrt_cert_type
    psn_cert_type insutype psn_type psn_insu_stas cvlserv_flag med_type psn_setlway clr_type clr_way acct_used_flag
    mid_setl_flag refd_setl_flag fund_pay_type chrgitm_lv med_chrgitm_type list_type trt_chk_type trt_enjymnt_flag
    hosp_appr_flag rx_circ_flag vali_flag diag_type diag_srt_no lmt_used_flag dscg_way clr_optins setl_optins stmt_rslt
    setlym
"""
_TIMES = """
    inf_time fee_ocur_time begntime endtime begndate enddate setl_time sign_time dld_endtime stmt_begndate stmt_enddate
"""
_IDS = "inf_refmsgid refmsg_time respond_time mdtrt_id setl_id sign_no file_qury_no clr_appy_evt_id"

FORMS: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(_AMOUNTS.split(), _AMOUNT), **dict.fromkeys(_CODES.split(), _CODE),
    **dict.fromkeys(_TIMES.split(), _TIME), **dict.fromkeys(_IDS.split(), _OURS),
    **dict.fromkeys(("msgid", "omsgid", "medins_setl_id"), _MSGID), "fixmedins_code": _PLACE,
}  # fmt: skip
# What a line of the service's own log says; none of it is copied from a message.
LINE_FORMS = dict.fromkeys("at event level infno outcome code incident status ms".split(), _WORD)

_IDENTITY = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9])")  # a resident identity number, old or new
_NAME = re.compile(r"[A-Za-z][A-Za-z_]{0,39}")
_KEY = secrets.token_bytes(16)


def masked(value: Any) -> str:
    """Return ``•••#tag`` for a value, '' for none: equal values have equal tags while the service runs."""
    if value in (None, ""):
        return ""
    return f"•••#{hmac.digest(_KEY, str(value).encode('utf-8', 'replace'), 'sha256').hex()[:6]}"


def is_open(name: str, value: Any, forms: Mapping[str, re.Pattern[str]] = FORMS) -> bool:
    """Tell whether a field may be shown with a value."""
    form = forms.get(name)
    return form is not None and form.fullmatch(str(value)) is not None and not _IDENTITY.search(str(value))


def shown(content: Any, name: str = "", forms: Mapping[str, re.Pattern[str]] = FORMS) -> Any:
    """Return content as it may be seen: open fields as they are, all other values masked, strange names replaced."""
    if isinstance(content, dict):
        return {open_name(key): shown(value, key, forms) for key, value in content.items()}
    if isinstance(content, list):
        return [shown(value, name, forms) for value in content]
    if content is None or isinstance(content, bool):
        return content
    return content if is_open(name, content, forms) else masked(content)


def open_name(name: str) -> str:
    """Return a field's name, or a mask where somebody used a value as a name."""
    return name if _NAME.fullmatch(name) else masked(name)


def without(text: str, content: Any) -> str:
    """Return a text of ours with every masked value of a message taken out of it: an error may quote what it met."""
    for value in sorted(set(_hidden(content)), key=len, reverse=True):
        text = text.replace(value, masked(value))
    return _IDENTITY.sub(lambda found: masked(found.group()), text)


def _hidden(content: Any, name: str = "") -> Iterator[str]:
    if isinstance(content, dict):
        for key, value in content.items():
            yield from _hidden(value, key)
            if not _NAME.fullmatch(key):
                yield key
    elif isinstance(content, list):
        for value in content:
            yield from _hidden(value, name)
    elif content not in (None, "") and not isinstance(content, bool) and not is_open(name, content):
        yield str(content)
