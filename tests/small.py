"""The smallest world that settles: one nation with one care, and claims whose amounts are easy to do by hand."""

from datetime import date
from typing import Any

Block = dict[str, Any]
START = date(2024, 1, 1)
CITED = {"from": START, "source": "text", "article": "第一条"}


def nation(*benefits: Block, **tables: Any) -> dict[str, Block]:
    """Pools with one file, 000000, and a city 990100 that adds nothing; `rounding` may be given beside the tables."""
    head: Block = {"code": "000000", "name": "示例国"}
    head["benefit_year"] = "calendar"
    head["rounding"] = tables.pop("rounding", {"at": "claim", "rounds": "in_scope"})
    source = {"text": {"title": "示例办法", "issued": START, "confidence": "assumed"}}
    mine: Block = {
        "pool": head,
        "source": source,
        "benefit": [{**CITED, "scheme": "employee", "care": "inpatient", **benefit} for benefit in benefits],
        "care": [{**CITED, "med_type": "21", "is": "inpatient"}],
        "level": [{**CITED, "hosp_lv": "01", "is": "3"}],
        "group": [{**CITED, "psn_type": "11", "is": "working"}, {**CITED, "psn_type": "12", "is": "retired"}],
        "account": [{**CITED, "covers": ["own_pay", "over_limit", "first_pay", "in_scope"], "shared": "beside"}],
    }
    mine |= {name: [{**CITED, **block} for block in blocks] for name, blocks in tables.items()}
    city = {"code": "990100", "name": "示例市", "inherits": "000000", "benefit_year": "calendar"}
    return {"000000": mine, "990100": {"pool": {**city, "rounding": head["rounding"]}, "source": source}}


def pays(fund: str, *bands: tuple[str, str], **more: Any) -> Block:
    """One layer without deductible and cap; bands as (over, rate)."""
    block: Block = {"fund": fund, "deductible": "none", "cap": "none"}
    block["bands"] = [{"over": f"{over} yuan", "rate": rate} for over, rate in bands]
    return block | more


def line(charge: str, **terms: str) -> Block:
    """One unit of a class 甲 item; terms may say something else."""
    own = {"chrgitm_lv": "01", "cnt": "1.0000", "pric": charge + "0000", "det_item_fee_sumamt": charge}
    return {"feedetl_sn": "1", "med_list_codg": "X", **own, **terms}


def claim(*lines: Block, **fields: Any) -> Block:
    """A stay of a working employee at home in March 2024."""
    draft: Block = {"medins_setl_id": "S1", "psn_no": "P1", "insuplc_admdvs": "990100", "mdtrtarea_admvs": "990100"}
    draft |= {"insutype": "310", "psn_type": "11", "med_type": "21", "hosp_lv": "01", "age": 40}
    draft |= {"begntime": "2024-03-01", "endtime": "2024-03-08", "setl_time": "2024-03-08 10:00:00"}
    return {**draft, "feedetail": [{**each, "feedetl_sn": str(n)} for n, each in enumerate(lines, start=1)], **fields}
