"""Writes a small book as releases of form 1 wrote it; the bytes that were hashed are spelt out here once more."""

import hashlib
import json
import sqlite3
from pathlib import Path


def field(value) -> bytes:
    if value is None:
        return b"n0:"
    kind = {int: b"i", str: b"s", bytes: b"b"}[type(value)]
    raw = str(value).encode() if isinstance(value, int) else value.encode() if isinstance(value, str) else value
    return kind + str(len(raw)).encode() + b":" + raw


def digest(*fields) -> bytes:
    return hashlib.sha256(b"".join(map(field, fields))).digest()


KEY = ["990100", "year", "2024-01-01", "employee_pool"]
# msgid, infno, body, answer, balance after, counter after (None: none), postings
ENTRIES = [
    ("p1", "OPEN", b"open", b"", 500, None, [("acct:p1", "", 500), ("opening", "", -500)]),
    ("m1", "2207", b"{}", b"m1 0->100", 500, 100, [("fund:990100", "310100", -100), ("hospital:H", "", 100)]),
    ("m2", "2207", b"{}", b"m2 100->150", 500, 150, [("fund:990100", "310100", -50), ("hospital:H", "", 50)]),
]


def write_form1(path: Path) -> None:
    form, book_id = "settlement-ledger/1", b"0123456789abcdef"
    con = sqlite3.connect(path)
    con.executescript(
        "CREATE TABLE book (algorithm TEXT, book_id BLOB);"
        "CREATE TABLE messages (seq INTEGER PRIMARY KEY, fixmedins_code TEXT, msgid TEXT, infno TEXT, psn_no TEXT,"
        " received_at TEXT, body_digest BLOB, body BLOB);"
        "CREATE TABLE settlements (seq INTEGER PRIMARY KEY, setl_id TEXT, answer BLOB, prev_hash BLOB, hash BLOB);"
        "CREATE TABLE person_versions (psn_no TEXT, version INTEGER, seq INTEGER, acct_balc_fen INTEGER, counters TEXT);"
        "CREATE TABLE postings (seq INTEGER, line INTEGER, account TEXT, fund_pay_type TEXT, amount_fen INTEGER);"
        f"PRAGMA application_id = {0x5345544C}; PRAGMA user_version = 1;"
    )
    con.execute("INSERT INTO book VALUES ('sha256', ?)", (book_id,))
    link = digest(form, book_id)
    for seq, (msgid, infno, body, answer, balance, counter, postings) in enumerate(ENTRIES, 1):
        sender, setl_id = ("OPEN" if infno == "OPEN" else "H"), f"S{seq}"
        counters = json.dumps([[*KEY, counter]] if counter else [], separators=(",", ":"))
        body_digest = digest(infno, body)
        hashed = digest(
            form, link, seq, sender, msgid, infno, body_digest, "p1", "", setl_id, answer, "p1", seq, balance, counters,
            len(postings), *(part for posting in postings for part in posting),
        )  # fmt: skip
        con.execute(
            "INSERT INTO messages VALUES (?, ?, ?, ?, 'p1', '', ?, ?)", (seq, sender, msgid, infno, body_digest, body)
        )
        con.execute("INSERT INTO settlements VALUES (?, ?, ?, ?, ?)", (seq, setl_id, answer, link, hashed))
        con.execute("INSERT INTO person_versions VALUES ('p1', ?, ?, ?, ?)", (seq, seq, balance, counters))
        con.executemany("INSERT INTO postings VALUES (?, ?, ?, ?, ?)", [(seq, i, *p) for i, p in enumerate(postings)])
        link = hashed
    con.commit()
    con.close()
