"""The rules of the database itself: nothing is changed, what was changed is found, and what is no book is left alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from ledger_till import message, pay, settle
from postgres_server import OWNER

from settlement.errors import BadInput, NotAvailable
from settlement.ledger import FactKey, Fault, Settlement
from settlement.vault import open_vault

psycopg = pytest.importorskip("psycopg", reason="the driver for PostgreSQL is not installed")
from settlement.ledger import postgresql_schema as schema  # noqa: E402 - needs the driver
from settlement.ledger.postgresql import PostgresLedger  # noqa: E402

REPOSITORY = Path(__file__).parent.parent.parent
TABLES = ("entries", "facts", "postings", "settlements")


def fill(book: PostgresLedger, entries: int = 5) -> None:
    book.seed_person("p0", 9_000)
    for i in range(1, entries):
        settle(book, f"m{i}", psn_no=f"p{i % 3}")


CHANGES = ("UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0}")


@pytest.mark.parametrize("table", [*TABLES, "book"])
def test_the_service_has_no_right_to_change_anything(cluster, database, book, table):
    fill(book)
    with psycopg.connect(cluster.dsn(database), autocommit=True) as con:
        con.execute(f"SET search_path = {schema.SCHEMA}")
        column = con.execute(f"SELECT * FROM {table} LIMIT 0").description[-1].name
        for change in CHANGES:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                con.execute(change.format(table, column))
    assert book.verify() == []


@pytest.mark.parametrize("role", ["origin", "replica"])
@pytest.mark.parametrize("table", [*TABLES, "book"])
def test_triggers_stop_a_superuser_and_a_replica_too(book, master, table, role):
    fill(book)
    settle_with_row(book)
    master.execute(f"SET session_replication_role = {role}")
    column = master.execute(f"SELECT * FROM {table} LIMIT 0").description[-1].name
    for change in CHANGES:
        with pytest.raises(psycopg.IntegrityError, match="append-only"):
            master.execute(change.format(table, column))
    with pytest.raises(psycopg.IntegrityError):
        master.execute(f"INSERT INTO {table} SELECT * FROM {table} LIMIT 1")
    assert book.verify() == []


def settle_with_row(book: PostgresLedger) -> None:
    """Book a message that leaves a row in every table."""
    row = Settlement("S9", "v9", "H", "2024-05-01", "310", "1", "1", "11", "", 100, 60, 40, 0, 0)
    said = pay("m9", psn_no="p1")
    book.settle(message("m9"), lambda d: said(d)._replace(settlement=row, facts={FactKey("visit", "v9"): b"{}"}))


def test_a_message_cannot_be_replaced_and_no_entry_left_out(book, master):
    fill(book)
    copied = "SELECT %s, fixmedins_code, msgid || 'x', infno, psn_tag, received_at, body_digest, body, '', answer, "
    copied += "prev_hash, hash FROM entries WHERE seq = 2"
    for seq in (7, 5, None):
        with pytest.raises(psycopg.IntegrityError, match="append-only"):
            master.execute("INSERT INTO entries " + copied, [seq])
    with pytest.raises(psycopg.IntegrityError, match="append-only"):
        master.execute("INSERT INTO entries SELECT * FROM entries ON CONFLICT (seq) DO UPDATE SET seq = excluded.seq")


def altered(value):
    """The value with one bit of its last byte turned; a whole number with one bit turned."""
    if isinstance(value, int):
        return value ^ 64
    raw = value.encode() if isinstance(value, str) else bytes(value)
    raw = raw[:-1] + bytes([raw[-1] ^ 1]) if raw else b"\x01"
    return raw.decode() if isinstance(value, str) else raw


def test_every_column_is_under_the_hash(book, master):
    """One changed byte in any column of any table behind the triggers' back: found at entry 6."""
    fill(book)
    settle_with_row(book)
    unseen = []
    for table in TABLES:
        columns = [column.name for column in master.execute(f"SELECT * FROM {table} LIMIT 0").description]
        where = f"ctid = (SELECT max(ctid) FROM {table} WHERE seq = 6)"
        for column in columns:
            (value,) = master.execute(f"SELECT {column} FROM {table} WHERE {where}").fetchone()
            master.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
            master.execute(f"UPDATE {table} SET {column} = %s WHERE {where}", [altered(value)])
            found = {fault.seq for fault in book.verify()} - {None}
            key = "seq = 70" if column == "seq" else "seq = 6"
            master.execute(
                f"UPDATE {table} SET {column} = %s WHERE ctid = (SELECT max(ctid) FROM {table} WHERE {key})", [value]
            )
            for name, (of, _, _) in schema.TRIGGERS.items():
                if of == table:
                    master.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
            if 6 not in found:
                unseen.append((table, column))
            if column != "seq":
                assert found <= {6, 7}, (table, column)
    assert unseen == []
    assert book.verify() == []


@pytest.mark.parametrize(
    "harm",
    [
        "DROP TRIGGER postings_delete ON postings",
        "ALTER TABLE postings DISABLE TRIGGER postings_delete",
        "ALTER TABLE postings ENABLE TRIGGER postings_delete",  # a replica would pass it by
        "CREATE OR REPLACE TRIGGER postings_delete BEFORE DELETE ON postings FOR EACH ROW WHEN (false) "
        "EXECUTE FUNCTION refuse()",
        "CREATE OR REPLACE TRIGGER postings_delete BEFORE DELETE ON postings FOR EACH ROW EXECUTE FUNCTION follow()",
    ],
)
def test_a_guard_that_is_gone_or_toothless_is_named(book, master, harm):
    fill(book)
    master.execute(harm)
    assert book.verify() == [
        Fault(None, "postings", "the trigger postings_delete is gone; rows could have been changed")
    ]


def test_an_emptied_function_leaves_no_guard(book, master):
    master.execute("CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN old; END'")
    assert len(book.verify()) == len(schema.TRIGGERS) - 1


def test_a_row_planted_from_outside_stops_one_entry_only_and_is_named(book, master):
    settle(book, "m1")
    master.execute("INSERT INTO postings VALUES (2, 0, 'a', '', 0)")
    with pytest.raises(NotAvailable, match="L03_NOT_WRITTEN"):
        settle(book, "m2")
    assert [master.execute(f"SELECT max(seq) FROM {table}").fetchone()[0] for table in TABLES[:3]] == [1, 1, 2]
    assert {fault.seq for fault in book.verify()} == {2}


def test_a_role_with_no_more_than_reading_and_adding_keeps_the_book(cluster, database, book, master, open_pg):
    """The owner makes the book; the service then runs as somebody who could not even drop a trigger."""
    settle(book, "m1")
    master.execute("DO $$BEGIN CREATE ROLE desk LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END$$")
    master.execute(f"GRANT USAGE ON SCHEMA {schema.SCHEMA} TO desk")
    master.execute(f"GRANT SELECT, INSERT ON ALL TABLES IN SCHEMA {schema.SCHEMA} TO desk")
    desk = open_pg(cluster.dsn(database, "desk"))
    assert settle(desk, "m2").answer == b"m2 100->200"
    assert desk.verify() == []


# --- what a database is, before anything is written into it ---


def test_a_newer_and_an_older_form_are_refused_and_left_alone(book, master, open_pg):
    fill(book)
    for form, code in ((schema.FORM_KNOWN + 1, "L06_BOOK_NEWER"), (schema.FORM_KNOWN - 1, "L17_BOOK_OLDER")):
        master.execute("ALTER TABLE book DISABLE TRIGGER ALL")
        master.execute("UPDATE book SET form = %s", [form])
        with pytest.raises(NotAvailable, match=code):
            open_pg()
    master.execute("ALTER TABLE book ADD COLUMN more int, DROP COLUMN keys")  # a newer form may look like this
    master.execute("UPDATE book SET form = 9")
    with pytest.raises(NotAvailable, match="L06_BOOK_NEWER"):
        open_pg()


def test_a_database_of_another_program_is_refused_and_left_alone(cluster, database, open_pg):
    cluster.run_sql("CREATE SCHEMA his", "CREATE TABLE his.patients (a int)", database=database, user=OWNER)
    with pytest.raises(BadInput, match=r"L07_NOT_A_BOOK\] .*his\.patients"):
        open_pg()
    query = f"SELECT 1 FROM pg_namespace WHERE nspname = '{schema.SCHEMA}'"
    assert cluster.run_sql(query, database=database) == []


def test_a_schema_of_that_name_that_is_no_book_is_refused(cluster, database, open_pg):
    made = (f"CREATE SCHEMA {schema.SCHEMA}", f"CREATE TABLE {schema.SCHEMA}.book (title text)")
    cluster.run_sql(*made, database=database, user=OWNER)
    with pytest.raises(BadInput, match="L07_NOT_A_BOOK"):
        open_pg()


def test_other_keys_are_refused(cluster, database, book, tmp_path):
    with pytest.raises(NotAvailable, match="L16_OTHER_KEYS"):
        PostgresLedger(cluster.dsn(database), open_vault(tmp_path / "others.toml", create=True))


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("postgresql://till:s3cret@127.0.0.1:1/nowhere", "L03_NOT_WRITTEN"),
        ("postgresql://till:s3cret@127.0.0.1:1/book?sslmod=x", "L07_NOT_A_BOOK"),
        ("postgresql://till:s3cret@[::1/book", "L07_NOT_A_BOOK"),
        ("host=127.0.0.1 password=s3cret port", "L07_NOT_A_BOOK"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(vault, address, code):
    with pytest.raises((NotAvailable, BadInput), match=code) as refusal:
        PostgresLedger(address, vault)
    assert "s3cret" not in str(refusal.value)


def test_without_the_driver_the_reader_is_told_what_to_install():
    code = "import sys; sys.modules['psycopg'] = None\nfrom settlement.errors import NotAvailable\n"
    code += "try:\n    import settlement.ledger.postgresql\nexcept NotAvailable as error:\n    print(error)\n"
    told = subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert "L40_NO_DRIVER" in told.stdout and "settlement[postgres]" in told.stdout
