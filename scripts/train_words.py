"""train_words.py OUT BOOK...: learn from books the words their contents repeat, and write the dictionary OUT.

A dictionary that books have been written with is never made anew: another gets the next number. The one that is there was
learnt from the books that the tests of checkout, interface and faults leave (`pytest --basetemp`), so it holds names of
fields, codes and sentences, and the invented people of the sample.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import zstandard

from settlement.errors import SettlementError
from settlement.ledger import SqliteLedger
from settlement.ledger.chain import encode
from settlement.ledger.sealed import state_content
from settlement.vault import open_vault

SIZE = 16 * 1024
OF_A_KIND = 1500  # contents, so that what is most common is not all that is learnt


def contents(book: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every content of a book with its kind, as it is before packing."""
    with SqliteLedger(book, open_vault(f"{book}.keys")) as ledger:
        for entry in ledger.settlements():
            yield f"body {entry.message.infno}", encode(entry.message.psn_no, entry.message.body)
            yield f"answer {entry.message.infno}", entry.answer
            yield "person", state_content(entry.state.acct_balc_fen, dict(entry.state.counters))
            for key, fact in entry.facts.items():
                yield key.kind, fact.content


def main() -> None:
    """Read the books, learn, write."""
    out, *books = map(Path, sys.argv[1:])
    kinds: dict[str, set[bytes]] = {}
    for book in books:
        try:
            for kind, content in contents(book):
                kinds.setdefault(kind, set()).add(content)
        except (SettlementError, OSError) as error:  # what a test spoilt on purpose
            print(f"{book}: {error}", file=sys.stderr)
    chosen = random.Random(1)
    samples = [
        s for kind in sorted(kinds) for s in chosen.sample(sorted(kinds[kind]), min(OF_A_KIND, len(kinds[kind])))
    ]
    chosen.shuffle(samples)
    out.write_bytes(zstandard.train_dictionary(SIZE, samples, dict_id=int(out.stem)).as_bytes())
    print(f"{out}: {out.stat().st_size} bytes from {len(samples)} contents of {len(kinds)} kinds")


if __name__ == "__main__":
    main()
