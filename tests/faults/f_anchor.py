"""F17: somebody cuts off the end of the book, or writes it anew with hashes that fit."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from settlement.ledger import Fault, SqliteLedger, audit, chain
from settlement.ledger.anchor import Anchor, anchor_faults, make_anchor, write_anchor
from settlement.ledger.book import Settlement
from settlement.ledger.opening import open_store
from settlement.ledger.sealed import Sealer
from settlement.ledger.sqlite_schema import open_reader
from settlement.ledger.sqlite_store import SqliteReading, SqliteStore
from settlement.ledger.store import Reading, Whole
from settlement.vault import open_vault
from tests.faults import town
from tests.faults.f_tamper import command, fill
from tests.faults.registry import Experiment, Figures


def f17_cut_or_rebuilt(books: int, courses: int, seed: int = 17) -> Figures:
    """Cut off the end or write the book anew from some entry on, before and after the anchor of the last evening."""
    rng = random.Random(seed)
    counts: Counter[str] = Counter()
    with town.scratch() as folder:
        till = town.open_shop(folder)
        fill(till, courses, rng)
        ledger = till.house.ledger
        anchor = make_anchor(ledger, f"{till.time:%Y-%m-%d %H:%M:%S}")
        fill(till, courses // 2, rng)  # the day that is not anchored yet
        book = _Known(ledger, anchor, folder)
        for n in range(books):
            how = (_cut, _rebuilt)[n % 2]
            at = rng.randint(1, anchor.seq) if n % 4 < 2 else rng.randint(anchor.seq + 1, book.last)
            counts += book.after(how, at, folder / f"copy{n}.sqlite", rng)
        counts["anchors_not_accepted"] = book.false_anchors()
        told = book.command_told(folder)
        ledger.close()
    figures: Figures = {"count": books, "passed": counts["passed"]}
    for name in ("found_by_the_anchor", "seen_without_it", "after_the_anchor"):
        figures[name] = counts[name]
    figures |= {"entries": book.last, "anchored": anchor.seq, "most_entries_lost_unseen": book.most_lost}
    assert counts["anchors_not_accepted"] == 2, "a forged anchor was accepted"
    assert told, "`settlement book audit` did not tell a whole book from a cut one"
    return figures | {"seed": seed}


Attack = Callable[[list[Whole], int, str, random.Random], list[Whole]]


def _cut(entries: list[Whole], at: int, _algorithm: str, _rng: random.Random) -> list[Whole]:
    """Leave out entry ``at`` and all that follow."""
    return entries[: at - 1]


def _rebuilt(entries: list[Whole], at: int, algorithm: str, rng: random.Random) -> list[Whole]:
    """Change entry ``at`` and compute every hash from there anew, as anybody can who has the disk."""
    made = entries[: at - 1]
    changed = entries[at - 1]
    settlement = changed.settlement
    if settlement is not None:
        changed = changed._replace(settlement=_more(settlement, rng.randint(1, 9999)))
    else:
        changed = changed._replace(entry=changed.entry._replace(received_at="2024-01-01 00:00:00"))
    for whole in (changed, *entries[at:]):
        linked = whole.entry if not made else whole.entry._replace(prev_hash=made[-1].entry.hash)
        again = whole._replace(entry=linked)
        made.append(again._replace(entry=linked._replace(hash=chain.entry_hash(algorithm, again))))
    return made


def _more(settlement: Settlement, fen: int) -> Settlement:
    return settlement._replace(medfee_fen=settlement.medfee_fen + fen, cash_fen=settlement.cash_fen + fen)


class _Known:
    """A book, the anchor of its last evening, and what a day's end would have shown."""

    def __init__(self, ledger: SqliteLedger, anchor: Anchor, folder: Path) -> None:
        self.ledger, self.anchor, self.folder = ledger, anchor, folder
        self.last, self.most_lost = ledger.head()[0], 0
        self.entries = [whole for page in ledger.pages(0, self.last) for whole in page]

    def after(self, how: Attack, at: int, path: Path, rng: random.Random) -> Counter[str]:
        """Write the book as an attack leaves it and count what audit and anchor say of it."""
        store = SqliteStore(path, self.ledger.identity.keys, self.ledger.identity)
        store.begin()
        made = how(self.entries, at, self.ledger.identity.algorithm, rng)
        store.append(made)
        store.commit()
        store.close()
        with closing(open_reader(path)) as con:
            view = SqliteReading(con)
            bare = list(
                audit.faults(view, self.ledger.identity, Sealer(self.ledger.vault, self.ledger.identity.algorithm))
            )
            told = self.told_by(view, self.anchor)
        path.unlink()
        before = at <= self.anchor.seq
        right = not bare and [fault.seq for fault in told] == ([self.anchor.seq] if before else [])
        lost = 0 if before else self.last - at + 1
        counts = Counter(
            passed=right, found_by_the_anchor=bool(told), seen_without_it=bool(bare), after_the_anchor=not before
        )
        self.most_lost = max(self.most_lost, lost)
        return counts

    def told_by(self, view: Reading, anchor: Anchor) -> list[Fault]:
        return anchor_faults(view, anchor, self.ledger.identity.book_id, self.ledger.vault.public_key)

    def false_anchors(self) -> int:
        """Return how many of two forged anchors are not accepted: signed with other keys, and changed after signing."""
        other = open_vault(self.folder / "other.keys", create=True)
        with SqliteLedger(self.folder / "other.sqlite", other) as foreign:
            forged = make_anchor(foreign, self.anchor.made_at)
        moved = self.anchor._replace(seq=self.anchor.seq - 1, hash=self.entries[self.anchor.seq - 2].entry.hash.hex())
        with self.ledger.reading() as view:
            return sum(bool(self.told_by(view, anchor)) for anchor in (forged, moved))

    def command_told(self, folder: Path) -> bool:
        """Tell whether `settlement book audit` with the anchor passes the book and finds a cut one."""
        write_anchor(self.anchor, folder / "anchor.json")
        keys = ("--keys", folder / "book.sqlite.keys")
        whole = command("audit", folder / "book.sqlite", folder / "anchor.json", *keys)
        cut = open_store(str(folder / "cut.sqlite"), self.ledger.identity)
        cut.begin()
        cut.append(self.entries[: self.anchor.seq // 2])
        cut.commit()
        cut.close()
        told = command("audit", folder / "cut.sqlite", folder / "anchor.json", *keys)
        return whole.returncode == 0 and told.returncode == 1 and "the end was cut off" in told.stdout


EXPERIMENTS = [
    Experiment(
        "F17", "end cut off, book written anew", f17_cut_or_rebuilt, {"books": 12, "courses": 4}, {"books": 400, "courses": 20},
        how="from a random entry on the book is cut off, or changed and every hash computed anew, before and after the "
        "signed anchor of the last evening, which is kept elsewhere; two anchors are forged",
        proves="Neither can be seen in the book itself, both are found by the anchor, and what can be lost unseen is what "
        "came after it: with one anchor a day, the day.",
        proves_not="That somebody keeps the anchors where the intruder is not. What came after the last anchor can be had from "
        "the tills' journals only.",
    ),
]  # fmt: skip
