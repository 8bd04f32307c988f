"""F13: the service's clock jumps: back, a year ahead, over leap day and year end."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from settlement.checkout.transactions import settle_message
from settlement.errors import SettlementError
from settlement.ledger.writer import CLOCK
from settlement.money import fen, yuan
from settlement.rules.rulebook import Rulebook, build
from tests.faults import town
from tests.faults.inside import inside
from tests.faults.registry import Experiment, Figures
from tests.faults.town import Till, wire
from tests.faults.trace import ROOT

SMALL_STEP = timedelta(seconds=5)  # a clock that goes back no further is being corrected, not wrong
DEDUCTIBLE, CAP = 10_000, 2_000_000  # fen a year of the day of discharge
# From which day the fund pays how much: a claim meets the rate of its own day, whatever the clock of the service shows.
RATES = {date(2000, 1, 1): 60, date(2024, 2, 29): 65, date(2024, 3, 1): 80, date(2025, 1, 1): 70}
DISCHARGES = [
    date.fromisoformat(day)
    for day in ("2023-12-31", "2024-01-01", "2024-02-28", "2024-02-29", "2024-03-01", "2024-12-31", "2025-01-01")
]
PERSONS = 40
Step = tuple[str, Callable[[datetime], datetime]]
STEPS: list[Step] = [
    ("a second on", lambda now: now + timedelta(seconds=1)),
    ("a day on", lambda now: now + timedelta(days=1)),
    ("3 s back", lambda now: now - timedelta(seconds=3)),
    ("an hour back", lambda now: now - timedelta(hours=1)),
    ("a year ahead", lambda now: now.replace(year=now.year + 1, day=min(now.day, 28))),
    ("a year back", lambda now: now.replace(year=now.year - 1, day=min(now.day, 28))),
    ("leap day", lambda now: datetime(2024, 2, 28, 23, 59, 58)),
    ("after leap day", lambda now: datetime(2024, 2, 29, 23, 59, 58)),
    ("year end", lambda now: datetime(2024, 12, 31, 23, 59, 58)),
]


@cache
def rulebook() -> Rulebook:
    """Return an area whose rate for stays changes on leap day, the day after, and with the year."""
    cited = {"source": "text", "article": "第一条"}
    begins = cited | {"from": date(2000, 1, 1)}
    stay = {
        "scheme": "employee", "care": "inpatient", "fund": "hifp_pay",
        "deductible": {"per": "year", "amount": yuan_text(DEDUCTIBLE)},
        "cap": {"amount": yuan_text(CAP), "per": "year", "counter": "pool"},
    }  # fmt: skip
    area = {
        "pool": {
            "code": town.AREA, "name": "示例市", "benefit_year": "calendar",
            "rounding": {"at": "claim", "rounds": "in_scope"},
        },
        "source": {"text": {"title": "示例办法", "confidence": "assumed"}},
        "care": [{"med_type": "21", "is": "inpatient", **begins}],
        "group": [{"psn_type": "11", "is": "working", **begins}],
        "account": [{"covers": ["own_pay", "over_limit", "first_pay", "in_scope"], "shared": "beside", **begins}],
        "benefit": [
            stay | {"bands": [{"over": "0 yuan", "rate": f"{rate}%"}], **cited, "from": day}
            for day, rate in RATES.items()
        ],
    }  # fmt: skip
    return build({"own": area}, [])


def yuan_text(amount_fen: int) -> str:
    """Return an amount as a pool file has it."""
    return f"{amount_fen // 100} yuan"


class Paid(NamedTuple):
    """What a person has used up in a year, in fen."""

    met: int = 0
    pool: int = 0


def f13_clock(steps: int, seed: int = 13) -> Figures:
    """Move the clock, then let somebody be discharged on a day that has nothing to do with it; and watch a service."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    with town.scratch() as folder:
        till = town.open_town(folder, town.persons(PERSONS), rulebook())
        used: dict[tuple[str, int], Paid] = {}
        latest, stays = till.time, 0
        for _ in range(steps):
            name, step = rng.choice(STEPS)
            till.time = step(till.time)
            if latest - (till.time + timedelta(seconds=1)) > SMALL_STEP:
                counts["refused"] += 1
                _refused(till)
                latest = _set_right(till, latest, rng.random() < 0.5)
            who, day = f"99{rng.randint(1, PERSONS):018d}", rng.choice(DISCHARGES)
            total = rng.randint(1, 60_000)
            told = _stayed(till, who, day, total)
            used[who, day.year] = _expected(told, used.get((who, day.year), Paid()), day, total)
            latest, stays = max(latest, till.time), stays + 1
            counts["passed"] += 1
            counts[name] += 1
        _in_the_end(till, used, stays)
        till.house.ledger.close()
    logged = asyncio.run(_service_told())
    figures: Figures = {"count": steps, "passed": counts["passed"] if logged else 0, "refused_L15": counts["refused"]}
    return figures | {name.replace(" ", "_"): counts[name] for name, _ in STEPS} | {"seed": seed}


def _stayed(till: Till, who: str, day: date, total: int) -> dict[str, Any]:
    """Admit, charge, discharge on a day, settle; return setlinfo."""
    begins = f"{day - timedelta(days=3)}"
    certno = till.house.registry.persons[who].certno
    info = {"psn_no": who, "insutype": "310", "begntime": begins, "mdtrt_cert_type": "02", "mdtrt_cert_no": certno}
    info |= {"ipt_no": "I", "med_type": "21"}
    mdtrt_id = till.send("2401", {"mdtrtinfo": info})["output"]["result"]["mdtrt_id"]
    row = {"feedetl_sn": "1", "mdtrt_id": mdtrt_id, "psn_no": who, "med_type": "21", "fee_ocur_time": begins}
    till.send("2301", {"feedetail": [row | town.model.line(total)]})
    ends = {"mdtrt_id": mdtrt_id, "psn_no": who, "insutype": "310", "endtime": f"{day}"}
    till.send("2402", {"dscginfo": ends})
    told: dict[str, Any] = till.send("2304", till.of_stay(who, mdtrt_id, yuan(total)))["output"]["setlinfo"]
    return told


def _expected(told: dict[str, Any], used: Paid, day: date, total: int) -> Paid:
    """Hold a settlement against the rate and the year of the day of discharge; return what is then used up."""
    rate = RATES[max(first for first in RATES if first <= day)]
    dedc = min(total, DEDUCTIBLE - used.met)
    fund = min(((total - dedc) * rate + 50) // 100, CAP - used.pool)
    assert fen(told["fund_pay_sumamt"]) == fund, (
        f"discharged on {day}: {told['fund_pay_sumamt']} instead of {yuan(fund)}"
    )
    assert fen(told["act_pay_dedc"]) == dedc, f"discharged on {day}: {told['act_pay_dedc']} instead of {yuan(dedc)}"
    return Paid(used.met + dedc, used.pool + fund)


def _refused(till: Till) -> None:
    """Send a message while the clock is wrong: L15, in Chinese too, and nothing is written."""
    head = till.house.ledger.head()
    said = till.said("2601", {"data": {"psn_no": "1", "omsgid": "X", "oinfno": "2207"}})
    try:
        settle_message(till.house, said)
    except SettlementError as refusal:
        assert refusal.code == "L15_CLOCK_WENT_BACK" and "时间倒退" in refusal.zh, refusal
    else:
        raise AssertionError(f"booked at {till.time} after a later time")
    assert till.house.ledger.head() == head


def _set_right(till: Till, latest: datetime, accepted: bool) -> datetime:
    """Accept the clock as it is, or set it to where it was; return the latest time that the book then knows."""
    if accepted:
        till.house.ledger.accept_clock(f"{till.time:%Y-%m-%d %H:%M:%S}")
        return till.time
    till.time = latest
    return latest


def _in_the_end(till: Till, used: dict[tuple[str, int], Paid], stays: int) -> None:
    """The order is that in which messages came, not the clock's; each counter is that of the year of its own day."""
    entries = [entry for entry in till.house.ledger.settlements() if entry.message.infno != CLOCK]
    came = [int(entry.message.msgid[26:]) for entry in entries]  # a till numbers its messages
    assert came == sorted(came) and sum(entry.message.infno == "2304" for entry in entries) == stays
    clock = [entry.message.received_at for entry in entries]
    assert clock != sorted(clock), "the clock never went back"
    assert not till.house.ledger.verify()
    for (who, year), paid in used.items():
        counted = till.house.ledger.person(who).counters
        here = {key.name: value for key, value in counted.items() if key.period_start == f"{year}-01-01"}
        assert Paid(here.get("employee_inpatient_deductible", 0), here.get("pool", 0)) == paid, (who, year, here, paid)


# ---- the service ----


async def _service_told() -> bool:
    """Let a service's clock run a year ahead and come back: it says so, logs it, and goes on when the clock is accepted."""
    with town.scratch() as folder:
        async with inside(folder) as service:
            client = wire.Wire("http://till")
            service.ahead = timedelta(days=365)
            assert wire.good(await service.send(client, "2102", wire.purchase()))
            service.ahead = timedelta()
            refused = await service.send(client, "2102", wire.purchase())
            assert (refused["infcode"], wire.code_of(refused)) == (-1, "L15_CLOCK_WENT_BACK"), refused
            figures = (await service.http.get("/metrics")).text
            assert 'settlement_refusals_total{code="L15_CLOCK_WENT_BACK"} 1.0' in figures
            await asyncio.to_thread(_accept, folder / "book.sqlite")
            assert wire.good(await service.send(client, "2102", wire.purchase()))
            client.close()
            return any(line.get("code") == "L15_CLOCK_WENT_BACK" and line["level"] == "error" for line in service.log)


def _accept(book: Path) -> None:
    """Say that the clock is right, as an administrator does."""
    command = [sys.executable, "-m", "settlement.cli", "book", "accept-clock", str(book)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


EXPERIMENTS = [
    Experiment(
        "F13", "the clock jumps", f13_clock, {"steps": 60}, {"steps": 2000},
        how="the clock of the service goes back by 3 s, an hour or a year, a year ahead, over leap day and year end; after "
        "each step somebody is discharged on a day around leap day and year end, when the rate changes, and settled. A "
        "service whose clock comes back from a year ahead is watched, and `settlement book accept-clock` run",
        proves="A step back of more than 5 s is refused (L15), counted and logged, and nothing is written until the clock is "
        "set right or accepted; the order is that of the book, and rate and year are those of the claim's own day.",
        proves_not="Care that is no stay: its own day is the day on which it is settled, so there the clock decides. A clock "
        "that is wrong and never comes back cannot be noticed.",
    )
]  # fmt: skip
