"""A till process made to be killed: settles without end and notes each answer once it has it.

Arguments: book, file of acknowledgements (appended, one line each: msgid, tab, answer), number to begin with.
"""

import os
import sys
import threading
from itertools import count

from ledger_till import settle

from settlement.ledger import SqliteLedger

TILLS = 4


def person_of(till: int, i: int) -> str:
    return f"p{(till + i) % 3}"


def run(ledger: SqliteLedger, acks: int, till: int, begin: int) -> None:
    for i in count(begin):
        for _ in range(2 if i % 10 == 0 else 1):  # one in ten is swiped twice
            stored = settle(ledger, f"t{till}n{i}", 100 + till, person_of(till, i))
            os.write(acks, f"{stored.answer.decode().replace(' ', chr(9), 1)}\n".encode())


if __name__ == "__main__":
    book = SqliteLedger(sys.argv[1])
    notes = os.open(sys.argv[2], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for name in range(TILLS):
        threading.Thread(target=run, args=(book, notes, name, int(sys.argv[3]))).start()
