"""A claim on the shipped rules that settles, to be spoilt by tests in one place at a time."""

import copy
from typing import Any

from settlement.rules.rulebook import open_rulebook

BOOK = open_rulebook().book
LINES = [
    {
        "feedetl_sn": "1",
        "med_list_codg": "XC08CAX066A001010100000",
        "cnt": "2",
        "pric": "18.00",
        "det_item_fee_sumamt": "36.00",
    },
    {
        "feedetl_sn": "2",
        "med_list_codg": "XA10BAE021A001010100000",
        "cnt": "2",
        "pric": "6.45",
        "det_item_fee_sumamt": "12.90",
    },
]
GOOD: dict[str, Any] = {
    "medins_setl_id": "BAD", "insuplc_admdvs": "220400", "mdtrtarea_admvs": "220402", "insutype": "310", "psn_type": "1101",
    "med_type": "11", "medinslv": "2", "setl_time": "2024-05-01 10:00:00", "feedetail": LINES,
}  # fmt: skip


def good(number: int) -> dict[str, Any]:
    """Return a claim of person P1, who has nearly reached the yearly cap."""
    return {
        **copy.deepcopy(GOOD),
        "medins_setl_id": f"GOOD-{number}",
        "psn_no": "P1",
        "year_so_far": {"outpatient_pool": "1990.00"},
    }
