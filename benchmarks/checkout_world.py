"""What the checkout benchmark settles: invented persons, each visit with five uploaded lines, and the 2207 for each.

Visits and lines are booked by the real transactions before anything is measured; what is measured is 2207 alone, over
HTTP, with its full road: gate, frame, rules, kernel, explanation, book.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from settlement.checkout import DATA
from settlement.checkout.base import House, Said, loads, message_of
from settlement.checkout.transactions import TRANSACTIONS
from settlement.ledger.book import Stored
from settlement.ledger.copying import copy_book
from settlement.ledger.opening import open_ledger, open_store
from settlement.money import fen, yuan
from settlement.registry import load_registry
from settlement.rules.rulebook import open_rulebook
from settlement.vault import open_vault

HOSPITAL, AREA = "H22040000001", "220400"
PERSONS = 20_000
ITEMS = (
    ("XC08CAX066A011010100002", "1", "32.80"), ("XA10BAE021A001010100000", "2", "6.45"),
    ("001102000050000", "1", "20.00"), ("XC08CAX066A011010100002", "2", "32.80"), ("001102000050000", "2", "20.00"),
)  # fmt: skip


class World(NamedTuple):
    """Files of one round: the registry, the keys, and the messages, one JSON envelope a line."""

    registry: Path
    keys: Path
    messages: Path


def write_registry(path: Path) -> None:
    """Write a registry of so many persons after the first of the shipped sample."""
    content = json.loads((DATA / "registry.json").read_text(encoding="utf-8"))
    pattern = content["persons"][0] | {"filings": [], "opening_balc": "100000.00"}
    content["persons"] = [_person(pattern, number) for number in range(PERSONS)]
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")


def _person(pattern: dict[str, Any], number: int) -> dict[str, Any]:
    return pattern | {
        "psn_no": psn_no(number), "certno": certno(number), "card_no": f"B{number:08d}",
        "card_sn": f"220400D1560000050{number:015d}", "evoucher": f"BENCH-{number}",
    }  # fmt: skip


def psn_no(number: int) -> str:
    """Return the number of an invented person."""
    return f"2204{number:016d}"


def certno(number: int) -> str:
    """Return an invented resident number of a born-in-1968 with a check digit that holds."""
    body = f"2204001968{1 + number // 1000 % 12:02d}{1 + number // 12000 % 28:02d}{number % 1000:03d}"
    weights = [2**power % 11 for power in range(17, 0, -1)]
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]


def prepare(folder: Path, where: str, visits: int) -> World:
    """Book so many visits with their lines at ``where`` and write the messages that settle them."""
    world = World(folder / "registry.json", folder / "bench.keys", folder / "messages.jsonl")
    write_registry(world.registry)
    vault = open_vault(world.keys, create=True)
    with open_ledger(where, vault) as ledger:
        house = House(open_rulebook().book, ledger, load_registry(world.registry))
        first = [Prepared(number, datetime.now()) for number in range(visits)]
        registered = _booked(house, (one.said("2201") for one in first), visits)
        ids = [loads(stored.answer)["output"]["data"]["mdtrt_id"] for stored in registered]
        split = _booked(house, (one.said("2204", mdtrt_id) for one, mdtrt_id in zip(first, ids, strict=True)), visits)
        sums = [_sums(loads(stored.answer)["output"]["result"]) for stored in split]
    told = zip(first, ids, sums, strict=True)
    lines = (json.dumps(one.envelope(mdtrt_id, own), ensure_ascii=False) for one, mdtrt_id, own in told)
    world.messages.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return world


def moved(book: Path, address: str, world: World) -> None:
    """Copy a closed book into an empty database, entry by entry, as ``settlement book restore`` does."""
    with open_ledger(str(book), open_vault(world.keys)) as ledger, closing(open_store(address, ledger.identity)) as to:
        copy_book(ledger, to)


def _sums(lines: list[dict[str, str]]) -> dict[str, str]:
    """Return the four sums of a 2207 from the lines that 2204 answered."""
    names = {
        "fulamt_ownpay_amt": "fulamt_ownpay_amt", "overlmt_selfpay": "overlmt_amt", "preselfpay_amt": "preselfpay_amt",
        "inscp_scp_amt": "inscp_scp_amt",
    }  # fmt: skip
    return {name: yuan(sum(fen(line[of]) for line in lines)) for name, of in names.items()}


class Prepared(NamedTuple):
    """One visit and its messages."""

    number: int
    at: datetime

    def said(self, infno: str, mdtrt_id: str = "") -> Said:
        """Return a message as the checkout sees it."""
        time = self.at.strftime("%Y-%m-%d %H:%M:%S")
        node = {"2201": self._register, "2204": self._lines}[infno](mdtrt_id, time)
        return Said(infno, self._msgid(infno), HOSPITAL, AREA, AREA, "0001", "1", time, node, "0", "0")

    def envelope(self, mdtrt_id: str, sums: dict[str, str]) -> dict[str, Any]:
        """Return the whole 2207 message."""
        data = {
            "psn_no": self._psn_no, "mdtrt_cert_type": "02", "mdtrt_cert_no": certno(self.number % PERSONS),
            "med_type": "11", "medfee_sumamt": self._total(), "psn_setlway": "01", "mdtrt_id": mdtrt_id,
            "chrg_bchno": "1", "acct_used_flag": "1", "insutype": "310", "invono": str(self.number), **sums,
        }  # fmt: skip
        return {
            "infno": "2207", "msgid": self._msgid("2207"), "mdtrtarea_admvs": AREA, "insuplc_admdvs": AREA,
            "recer_sys_code": "BENCH", "infver": "V1.0", "opter_type": "1", "opter": "0001", "opter_name": "bench",
            "inf_time": self.at.strftime("%Y-%m-%d %H:%M:%S"), "fixmedins_code": HOSPITAL,
            "fixmedins_name": "bench", "input": {"data": data},
        }  # fmt: skip

    @property
    def _psn_no(self) -> str:
        return psn_no(self.number % PERSONS)

    def _msgid(self, infno: str) -> str:
        return f"{HOSPITAL}{infno}{self.number:012d}"

    def _total(self) -> float:
        fen = sum(int(count) * int(price.replace(".", "")) for _, count, price in ITEMS)
        return fen / 100  # as hospitals write it; the service reads the text

    def _register(self, _mdtrt_id: str, time: str) -> dict[str, Any]:
        return {"data": {
            "psn_no": self._psn_no, "insutype": "310", "begntime": time, "mdtrt_cert_type": "02",
            "mdtrt_cert_no": certno(self.number % PERSONS), "ipt_otp_no": str(self.number), "atddr_no": "D1",
            "dr_name": "bench", "dept_code": "01", "dept_name": "bench", "caty": "A01",
        }}  # fmt: skip

    def _lines(self, mdtrt_id: str, time: str) -> dict[str, Any]:
        return {"feedetail": [
            {
                "feedetl_sn": f"{self.number}-{at}", "mdtrt_id": mdtrt_id, "psn_no": self._psn_no, "chrg_bchno": "1",
                "rx_circ_flag": "0", "fee_ocur_time": time, "med_list_codg": code, "medins_list_codg": f"M{at}",
                "det_item_fee_sumamt": f"{int(count) * int(price.replace('.', '')) / 100:.2f}", "cnt": count,
                "pric": price, "bilg_dept_codg": "01", "bilg_dept_name": "bench", "bilg_dr_codg": "D1",
                "bilg_dr_name": "bench", "hosp_appr_flag": "0",
            }
            for at, (code, count, price) in enumerate(ITEMS)
        ]}  # fmt: skip


def _booked(house: House, messages: Iterator[Said], count: int) -> list[Stored]:
    """Book many messages, some hundred in flight, and return what is stored in their order."""
    made: list[Stored | BaseException | None] = [None] * count
    room, left = threading.Semaphore(256), threading.Semaphore(0)
    for at, said in enumerate(messages):
        room.acquire()

        def done(outcome: Stored | BaseException, at: int = at) -> None:
            made[at] = outcome
            room.release()
            left.release()

        work = TRANSACTIONS[said.infno].work
        assert work is not None
        house.ledger.submit(message_of(said), work(house, said), done)
    for _ in range(count):
        left.acquire()
    stored = [outcome for outcome in made if isinstance(outcome, Stored)]
    for outcome in made:
        if isinstance(outcome, BaseException):
            raise outcome
    return stored
