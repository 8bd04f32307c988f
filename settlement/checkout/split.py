"""How a fee line is divided when it is uploaded, in whole fen, so that the lines add up to what the claim will publish.

The kernel divides a line exactly (1/10 000 fen), and where an area rounds per claim only the sums are rounded. An answer
needs whole fen a line. The rule here: each figure of a line is its exact figure rounded up or down to the fen, and which
of the two is chosen so that the lines told so far stay with their exact sum; the last line that is not whole anyway
closes to what the claim of these lines publishes. Where the area rounds per line nothing is left to choose.

A line that is wholly one thing is told so, and what is refunded or taken out leaves with what it was told; the next line
takes up the difference. So the sums of the answers are the claim's; where a line left after the last answer they may be
some fen off, and then both are taken (``told.told_sums``).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any, NamedTuple

from settlement.checkout.base import House
from settlement.checkout.claims import netted, refused_as
from settlement.engine import Settled, settle_drafts
from settlement.explain import explain_lines
from settlement.kernel.layout import FUNDS, M

E4 = 10_000
LONGEST_MEMO = 500

Three = tuple[int, int, int]


class Told(NamedTuple):
    """What a line's answer said, in fen: own pay, over limit, first pay, in scope."""

    own: int
    over: int
    first: int
    scope: int

    @property
    def parts(self) -> Three:
        """Return over limit, first pay and in scope."""
        return self.over, self.first, self.scope


NOTHING = Told(0, 0, 0, 0)


class Divided(NamedTuple):
    """A line as the kernel divides it: own pay and the amount in fen, the other parts exact in 1/10 000 fen."""

    amount: int
    own: int
    exact: Three


class Batch(NamedTuple):
    """A batch's lines divided: by feedetl_sn, what the lines asked for are told, their results (``Settled.line``), why.

    What was refunded whole is in none of them.
    """

    told: dict[str, Told]
    results: dict[str, dict[str, Any]]
    why: dict[str, str]


def divide(house: House, draft: dict[str, Any], lines: Sequence[dict[str, Any]], fresh: Sequence[str]) -> Batch:
    """Divide the lines of a batch, as they are stored, and tell the ``fresh`` ones (feedetl_sn) anew.

    Only the division is wanted: whether benefits are due is asked when it is settled, so a person whose insurance is
    suspended may have fees. Raises BadInput for a line, naming its feedetl_sn.
    """
    net = netted(list(lines))
    if not net:
        return Batch({}, {}, {})
    settled = _calculated(house, draft | {"feedetail": net})
    wanted = set(fresh)
    places = {line["feedetl_sn"]: at for at, line in enumerate(net) if line["feedetl_sn"] in wanted}
    results = {serial: settled.line(0, at) for serial, at in places.items()}
    row, before = settled.row(0), told_before(lines)
    published = (row["overlmt_selfpay"], row["preselfpay_amt"], row["inscp_scp_amt"])
    others = [told for serial, told in before.items() if serial not in wanted]
    told_fen = [sum(told[at] for told in others) for at in (1, 2, 3)]
    new = [divided(result) for result in results.values()]
    exact = [
        int(settled.results.lines[part].sum()) - sum(line.exact[at] for line in new)
        for at, part in enumerate((M.overlmt_amt_e4, M.preselfpay_amt_e4, M.inscp_scp_amt_e4))
    ]
    drift = [told * E4 - was for told, was in zip(told_fen, exact, strict=True)]
    rest = [all_of_it - told for all_of_it, told in zip(published, told_fen, strict=True)]
    why = [text.strip()[:LONGEST_MEMO] for text in explain_lines({"lines": list(results.values())}, "zh")]
    return Batch(
        dict(zip(results, tell(new, drift, rest), strict=True)), results, dict(zip(results, why, strict=True))
    )  # fmt: skip


def _calculated(house: House, draft: dict[str, Any]) -> Settled:
    asked = draft | {"psn_insu_stas": "1", "medfee_sumamt": "", "reported_pay": dict.fromkeys(FUNDS, "0.00")}
    settled = settle_drafts([asked], house.book, 1)
    if settled.refusals:
        refusal = settled.refusals[0]
        place, _, name = refusal.field.partition("].")
        if name:
            serial = draft["feedetail"][int(place.removeprefix("feedetail["))]["feedetl_sn"]
            found = f"feedetl_sn {serial} {refusal.found}"
            refusal = refusal._replace(field=f"feedetail.{name}", found=found)
        raise refused_as(refusal)
    return settled


def told_before(lines: Sequence[dict[str, Any]]) -> dict[str, Told]:
    """Return what each line was told, less what its refund lines gave back; lines that were told nothing are not there."""
    sums: dict[str, list[int]] = {}
    for line in lines:
        if "told" in line:
            mine = sums.setdefault(line.get("init_feedetl_sn") or line["feedetl_sn"], [0, 0, 0, 0])
            for at in range(4):
                mine[at] += line["told"][at]
    return {serial: Told(*mine) for serial, mine in sums.items()}


def divided(line: dict[str, Any]) -> Divided:
    """Return a line's result as ``tell`` needs it."""
    exact = (line["overlmt_amt_e4"], line["preselfpay_amt_e4"], line["inscp_scp_amt_e4"])
    return Divided(line["det_item_fee_sumamt_fen"], line["fulamt_ownpay_amt_fen"], exact)


def tell(new: Sequence[Divided], drift: Sequence[int], rest: Sequence[int]) -> list[Told]:
    """Return what the new lines are told, in order; both of over limit, first pay and in scope:

    ``drift`` is how far the lines told earlier are above their exact sums (1/10 000 fen), ``rest`` what the claim of
    them all publishes less what they were told (fen).
    """
    whole = [all(part % E4 == 0 for part in line.exact) for line in new]
    last = max((at for at, one in enumerate(whole) if not one), default=-1)
    made: list[Told] = []
    for at, line in enumerate(new):
        if whole[at]:
            told = (line.exact[0] // E4, line.exact[1] // E4, line.exact[2] // E4)
        elif at == last:
            later = [sum(other.exact[part] // E4 for other in new[at + 1 :]) for part in range(3)]
            told = _nearest(line, [E4 * (rest[part] - later[part]) for part in range(3)], 1)
        else:
            told = _nearest(line, [line.exact[part] - drift[part] for part in range(3)], 0)
        drift = [drift[part] + told[part] * E4 - line.exact[part] for part in range(3)]
        rest = [rest[part] - told[part] for part in range(3)]
        made.append(Told(line.own, *told))
    return made


def _nearest(line: Divided, aim: Sequence[int], slack: int) -> Three:
    """Return the whole fen nearest to ``aim`` (1/10 000 fen): each part its exact figure rounded up or down, or
    ``slack`` fen beyond; the three make up the amount. What a line has nothing of stays 0.
    """
    ranges = [
        range(max(0, part // E4 - slack), -(-part // E4) + slack + 1) if part else range(1) for part in line.exact
    ]
    over, first, scope = ranges
    fitting = [parts for parts in product(over, first, scope) if sum(parts) == line.amount - line.own]
    return min(fitting, key=lambda parts: (_distance(parts, aim), _distance(parts, line.exact)))


def _distance(parts: tuple[int, ...], aim: Sequence[int]) -> int:
    return sum(abs(part * E4 - wanted) for part, wanted in zip(parts, aim, strict=True))
