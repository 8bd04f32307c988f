"""What is filed for a person: the register's filings and those booked here, as settlement asks for them.

The fact ``filing`` of a person lists every filing made by message, undone ones too: ``{"filings": [{"trt_dcla_detl_sn",
"infno", "what", "begndate", "enddate", "filed_on", "undone_by", …}]}``. ``infno`` tells the kind: 2501 care elsewhere
(with ``filing``, its class), 2503 a chronic or special disease, 2505 a chosen institution.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from settlement.checkout.base import known
from settlement.ledger.book import Desk
from settlement.registry import Chronic, Filing, InsuredPerson

FILING = "filing"
ELSEWHERE, CHRONIC, CHOSEN = "2501", "2503", "2505"
OPEN_END = "9999-12-31"  # of a filing without an end
OPEN_END_DAY = date.fromisoformat(OPEN_END)


def filed(desk: Desk, person: InsuredPerson) -> InsuredPerson:
    """Return a person with the filings booked here before the register's: what settlement, 2001 and 2203 ask."""
    content = known(desk, FILING, person.psn_no)
    if content is None:  # nothing was ever filed here
        return person
    standing = standing_filings(content)
    elsewhere = tuple(
        Filing(one["filing"], one["what"], *period(one), date.fromisoformat(one["filed_on"]))
        for one in standing
        if one["infno"] == ELSEWHERE
    )
    chronic = tuple(
        Chronic(one["what"], one.get("name") or "", *period(one)) for one in standing if one["infno"] == CHRONIC
    )
    if not elsewhere and not chronic:
        return person
    return person._replace(filings=elsewhere + person.filings, chronic=chronic + person.chronic)


def standing_filings(content: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the filings of a ``filing`` fact that are not undone, the newest first."""
    return [one for one in reversed((content or {}).get("filings", [])) if not one.get("undone_by")]


def period(one: dict[str, Any]) -> tuple[date, date]:
    """Return the first and last day of a filing."""
    return date.fromisoformat(one["begndate"]), date.fromisoformat(one["enddate"])
