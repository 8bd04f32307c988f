"""F9: many terminals settle one person at the same time, on one host and on two."""

from __future__ import annotations

import json
import random
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from settlement.checkout.transactions import settle_message
from settlement.ledger import Entry, Ledger
from settlement.money import fen, yuan
from settlement.vault import open_vault
from tests.faults import town
from tests.faults.registry import Experiment, Figures
from tests.faults.town import PLACES, Till
from tests.faults.town import paper as rules
from tests.ledger.postgres_server import programs, running_cluster

LARGEST = 40  # fen a purchase: the cap is met early, and then again and again as purchases are cancelled
BALANCE = 50_000
CANCELLED, AGAIN = 0.2, 0.1  # of the purchases


def f9_one_person(claims: int, clients: int, first_fen: int, seed: int = 9) -> Figures:
    """Let 64 terminals settle, repeat and cancel purchases of one person on a book in a file."""
    with town.scratch(memory=False) as folder:
        till = town.open_town(folder, town.persons(1, BALANCE))
        figures = _raced(till, [till.house.ledger], claims, clients, seed, first_fen)
        till.house.ledger.close()
    return figures


def f9_two_hosts(claims: int, clients: int, first_fen: int, seed: int = 99) -> Figures:
    """The same on a book in PostgreSQL that two services write at once."""
    if programs() is None:
        return {"skipped": "no PostgreSQL here"}
    from settlement.ledger.postgresql import PostgresLedger

    with running_cluster() as cluster, town.scratch() as folder:
        vault, dsn = open_vault(folder / "keys", create=True), cluster.dsn(cluster.new_database())
        till = town.open_town(folder, town.persons(1, BALANCE))
        with PostgresLedger(dsn, vault) as one, PostgresLedger(dsn, vault) as other:
            figures = _raced(till, [one, other], claims, clients, seed, first_fen)
        till.house.ledger.close()
    return figures


def _raced(till: Till, hosts: Sequence[Ledger], claims: int, clients: int, seed: int, first_fen: int) -> Figures:
    """Let terminals run on the hosts, half of them at each; hold the book against one that settles one after the other.

    A first purchase takes the person as near to the cap as is wanted.
    """
    who = next(iter(till.house.registry.persons))
    wrong: list[str] = []
    repeats = Counter[str]()
    lock = threading.Lock()

    def terminal(number: int) -> None:
        rng = random.Random(seed * 1000 + number)
        house = till.house._replace(ledger=hosts[number % len(hosts)])
        place, mine = PLACES[number % 2], []

        def send(infno: str, nodes: dict[str, Any], msgid: str) -> dict[str, Any]:
            with lock:  # of the clock of the test, not of the book
                said = till.said(infno, nodes, msgid, place)._replace(received_at="2024-05-01 09:00:00")
            answer = settle_message(house, said)
            if rng.random() < AGAIN:
                same = settle_message(house, said) == answer
                repeats["same" if same else "other"] += 1
            told: dict[str, Any] = json.loads(answer)["output"]["setlinfo"]
            return told

        try:
            for n in range(number, claims, clients):
                total = first_fen if n == 0 else rng.randint(1, LARGEST)
                nodes = till.purchase(who, yuan(total), [town.model.line(total)], begntime="2024-05-01")
                mine.append(send("2102", nodes, f"T{n}"))
                if rng.random() < CANCELLED:
                    send("2103", till.cancel_of(mine.pop(rng.randrange(len(mine)))), f"C{n}")
        except Exception as error:  # told at the end; the other terminals go on
            wrong.append(f"terminal {number}: {error!r}")

    threads = [threading.Thread(target=terminal, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong, wrong[:3]
    assert not repeats["other"], "a repeat was answered differently"
    ledger = hosts[0]
    right, figures = _one_after_the_other(ledger.settlements(), who, ledger)
    assert not ledger.verify()
    assert figures["rows"] == claims + figures["cancelled"], "a message is missing, or there twice"
    counted = {"terminals": clients, "repeats": repeats["same"], "commits": sum(host.commits for host in hosts)}
    return {"count": claims, "passed": right} | figures | counted | {"seed": seed}


def _one_after_the_other(entries: Iterable[Entry], who: str, ledger: Ledger) -> tuple[int, dict[str, Any]]:
    """Settle the entries again by hand in the order of the book; return how many claims agree, and figures."""
    met = pool = most = right = rows = cancelled = 0
    balance, taken = BALANCE, dict[str, tuple[int, int, int]]()
    for entry in entries:
        rows += 1
        said, told = json.loads(entry.message.body)["input"], json.loads(entry.answer)["output"]["setlinfo"]
        if entry.message.infno == "2102":
            total = fen(said["druginfo"]["medfee_sumamt"])
            dedc = min(total, rules.DEDUCTIBLE - met)
            fund = min(((total - dedc) * rules.RATE + 5000) // 10_000, rules.CAP - pool)
            acct = min(balance, total - fund)
            taken[entry.setl_id] = (dedc, fund, acct)
            due = (fund, acct, total - fund - acct)
            told_fen = tuple(fen(told[name]) for name in ("fund_pay_sumamt", "acct_pay", "psn_cash_pay"))
            right += told_fen == due
        else:
            cancelled += 1
            dedc, fund, acct = (-value for value in taken.pop(said["data"]["setl_id"]))
        met, pool, balance = met + dedc, pool + fund, balance - acct
        most = max(most, pool)
        counted = {key.name: value for key, value in entry.state.counters.items()}
        here = (counted.get("employee_pharmacy_deductible", 0), counted.get("pool", 0), entry.state.acct_balc_fen)
        assert here == (met, pool, balance), f"entry {entry.seq}: {here} instead of {(met, pool, balance)}"
        assert pool <= rules.CAP, f"entry {entry.seq}: {pool - rules.CAP} fen over the cap"
    assert ledger.person(who).acct_balc_fen == balance
    return right, {"rows": rows, "cancelled": cancelled, "most_paid_by_the_pool_fen": most, "cap_fen": rules.CAP}


EXPERIMENTS = [
    Experiment(
        "F9", "two terminals, one person", f9_one_person,
        {"claims": 400, "clients": 16, "first_fen": 47_000}, {"claims": 10_000, "clients": 64, "first_fen": 1},
        how="64 terminals settle purchases of one person at two institutions at the same time, repeat some and cancel some, "
        "around a yearly deductible and a yearly cap; each figure is then worked out by hand in the order of the book",
        proves="Every split, counter and balance is what settling one after the other gives, and the cap is never exceeded "
        "by one fen.",
        proves_not="Which terminal comes first is chance; only that there is one order is proved.",
    ),
    Experiment(
        "F9b", "two hosts, one person, PostgreSQL", f9_two_hosts,
        {"claims": 100, "clients": 8, "first_fen": 47_100}, {"claims": 3000, "clients": 64, "first_fen": 20_000},
        how="the same with two services that write one database, half of the terminals at each",
        proves="The order holds across hosts too.",
        proves_not="More than two hosts; a standby that has taken over.",
    ),
]  # fmt: skip
