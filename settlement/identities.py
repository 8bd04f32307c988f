"""The accounting identities A to D on one settlement, as far as its amounts allow; pure integers.

The engine enforces them on what it makes; for what comes from outside they are only reported: real answers leave fields
blank, and a reversal leaves the person's total out.
"""

from __future__ import annotations

from collections.abc import Mapping

SCOPE = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
FUNDS = ("hifp_pay", "cvlserv_pay", "hifes_pay", "hifmi_pay", "hifob_pay", "maf_pay", "oth_pay")
Amounts = Mapping[str, int | None]


def check(amounts: Amounts) -> dict[str, str]:
    """Return for A to D: ``holds``, ``off by N`` (fen), or ``not testable``.

    ``amounts`` are fen by national name; None and a missing name mean that the source does not say. A field of the
    funds that is missing counts as 0; B takes account and cash in place of a missing personal total. Where the shared
    account is published inside ``acct_pay``, give 0 as ``acct_mulaid_pay``, so that it is not subtracted twice.
    """
    return {name: _said(difference) for name, difference in differences(amounts).items()}


def _said(difference: int | None) -> str:
    if difference is None:
        return "not testable"
    return "holds" if difference == 0 else f"off by {difference}"


def differences(amounts: Amounts) -> dict[str, int | None]:
    """Return left side minus right side of each identity in fen, None where it cannot be tested."""
    total, person = amounts.get("medfee_sumamt"), _person(amounts)
    fund, hospital = amounts.get("fund_pay_sumamt"), amounts.get("hosp_part_amt") or 0
    scope = [amounts.get(name) for name in SCOPE]
    parts = [amounts.get("acct_pay"), amounts.get("psn_cash_pay")]
    stated = amounts.get("psn_part_amt")
    shared = amounts.get("acct_mulaid_pay") or 0
    return {
        "A": _minus(total, scope),
        "B": _minus(total, [fund, person, hospital]),
        "C": _minus(stated, [*parts, shared]),
        "D": _minus(fund, [amounts.get(name) or 0 for name in FUNDS]),
    }


def _person(amounts: Amounts) -> int | None:
    if amounts.get("psn_part_amt") is not None:
        return amounts["psn_part_amt"]
    account, cash = amounts.get("acct_pay"), amounts.get("psn_cash_pay")
    return None if account is None or cash is None else account + cash


def _minus(left: int | None, right: list[int | None]) -> int | None:
    for number in right:
        if left is None or number is None:
            return None
        left -= number
    return left
