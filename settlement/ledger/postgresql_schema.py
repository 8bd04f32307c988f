"""The book's schema in a PostgreSQL database: its tables, what makes them append-only, how a connection is opened.

The book lives in a schema of its own. Its only row of table ``book`` says which form it has, how it is hashed and with
which keys it is sealed. Triggers stop every change, those of a superuser and of replication too; beside them the right
to change is taken from everybody, the owner included. Whoever goes around both is found by the hash chain.
"""

from __future__ import annotations

import secrets
from typing import Any

from settlement.ledger import chain, refusals
from settlement.ledger.store import Identity

try:
    import psycopg
    from psycopg import conninfo
except ImportError as error:
    raise refusals.driver_missing(str(error)) from error

__all__ = ["Connection", "connect", "guards_gone", "identity_of", "open_book", "psycopg", "where_of"]

Connection = psycopg.Connection[tuple[Any, ...]]

OLDEST_SERVER = 15
FORM_KNOWN = 2  # the same number as in the SQLite file: one form of the book, two stores
SCHEMA = "settlement_ledger"
PEN = int.from_bytes(b"settlebk")  # the advisory lock of whoever writes; PostgreSQL keeps one set of them a database

# A server that hangs or is gone must be noticed while a caller still waits for its answer. The address may say otherwise.
DEFAULTS = {
    "application_name": "settlement",
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "client_encoding": "UTF8",
}
# remote_apply waits for more than ``on`` does, so it is left where the server has it. A process that stands still with
# the pen in its hand is cut off: others wait behind it, and what it began was never acknowledged.
SETTINGS = f"""
    SET search_path = {SCHEMA};
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') <> 'remote_apply';
    SET lock_timeout = '5s';
    SET idle_in_transaction_session_timeout = '30s';
    SET enable_seqscan = off;
    SET jit = off;
"""  # seqscan off: a plan made while a table was nearly empty is kept for the life of the connection

# No foreign keys: checking one locks and rewrites the row it points to. An orphan is found by the audit.
TABLES = {
    "book": "form int NOT NULL, algorithm text NOT NULL, book_id bytea NOT NULL, keys text NOT NULL",
    "entries": """
        seq bigint PRIMARY KEY, fixmedins_code text COLLATE "C" NOT NULL, msgid text COLLATE "C" NOT NULL,
        infno text COLLATE "C" NOT NULL, psn_tag bytea NOT NULL, received_at text COLLATE "C" NOT NULL,
        body_digest bytea NOT NULL, body bytea NOT NULL, setl_id text COLLATE "C" NOT NULL, answer bytea NOT NULL,
        prev_hash bytea NOT NULL, hash bytea NOT NULL, UNIQUE (fixmedins_code, msgid)""",
    # ``line`` is the place among the facts of one entry: they are hashed in that order.
    "facts": """
        seq bigint NOT NULL, line int NOT NULL, kind text COLLATE "C" NOT NULL, tag bytea NOT NULL,
        version int NOT NULL, content bytea NOT NULL, PRIMARY KEY (kind, tag, version)""",
    "postings": """
        seq bigint NOT NULL, line int NOT NULL, account text COLLATE "C" NOT NULL,
        fund_pay_type text COLLATE "C" NOT NULL, amount_fen bigint NOT NULL, PRIMARY KEY (seq, line)""",
    "settlements": """
        seq bigint PRIMARY KEY, setl_id text COLLATE "C" NOT NULL UNIQUE, mdtrt_id text COLLATE "C" NOT NULL,
        fixmedins_code text COLLATE "C" NOT NULL, day text COLLATE "C" NOT NULL, insutype text COLLATE "C" NOT NULL,
        clr_type text COLLATE "C" NOT NULL, setl_optins text COLLATE "C" NOT NULL, med_type text COLLATE "C" NOT NULL,
        reverses text COLLATE "C" NOT NULL, medfee_fen bigint NOT NULL, fund_fen bigint NOT NULL,
        acct_fen bigint NOT NULL, mulaid_fen bigint NOT NULL, cash_fen bigint NOT NULL""",
}
INDEXES = (
    "CREATE UNIQUE INDEX book_once ON book ((1))",
    "CREATE UNIQUE INDEX entries_setl_id ON entries (setl_id) WHERE setl_id <> ''",
    "CREATE INDEX facts_seq ON facts (seq, line)",
    "CREATE INDEX settlements_day ON settlements (fixmedins_code, day)",
    "CREATE INDEX settlements_mdtrt ON settlements (mdtrt_id)",
)
SEALED = (("entries", "body"), ("entries", "answer"), ("facts", "content"))  # cannot be compressed: do not try
REFUSE = "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation'; END"
FOLLOW = f"""BEGIN
    IF new.seq IS DISTINCT FROM (SELECT coalesce(max(seq), 0) + 1 FROM {SCHEMA}.entries) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN new;
END"""
FUNCTIONS = {"refuse": REFUSE, "follow": FOLLOW}
# name of a trigger: its table, when it fires, its function
TRIGGERS = {
    f"{table}_{verb}": (table, f"BEFORE {verb.upper()} ON {table} FOR EACH {each}", "refuse")
    for table in TABLES
    for verb, each in (("update", "ROW"), ("delete", "ROW"), ("truncate", "STATEMENT"))
} | {"entries_insert": ("entries", "BEFORE INSERT ON entries FOR EACH ROW", "follow")}


def statements() -> list[str]:
    """Return the statements that make an empty book; the schema is made with it."""
    made = [f"CREATE SCHEMA {SCHEMA}"]
    made += [f"CREATE TABLE {table} ({columns})" for table, columns in TABLES.items()]
    made += INDEXES
    made += [f"ALTER TABLE {table} ALTER {column} SET STORAGE EXTERNAL" for table, column in SEALED]
    made += [
        f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $body${body}$body$"
        for name, body in FUNCTIONS.items()
    ]
    for name, (table, when, function) in TRIGGERS.items():
        made.append(f"CREATE TRIGGER {name} {when} EXECUTE FUNCTION {function}()")
        made.append(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    tables = ", ".join(TABLES)
    made.append(f"REVOKE ALL ON {tables} FROM PUBLIC, CURRENT_USER")
    made.append(f"GRANT SELECT, INSERT ON {tables} TO CURRENT_USER")
    return made


def connect(dsn: str) -> Connection:
    """Open a connection to a server that may keep a book. Raises psycopg's errors, BadInput L07, NotAvailable L41."""
    try:
        said = conninfo.conninfo_to_dict(dsn)
    except psycopg.ProgrammingError:
        raise refusals.not_a_book("the address of the database", "is not a PostgreSQL address") from None  # no password
    parameters: dict[str, Any] = DEFAULTS | said
    con = psycopg.connect(**parameters, autocommit=True, prepare_threshold=1)
    try:
        _check_server(con)
        con.execute(SETTINGS)
        return con
    except BaseException:
        con.close()
        raise


def where_of(con: Connection) -> str:
    """Return where a connection leads, for messages: no user, no password."""
    return f"postgresql://{con.info.host}:{con.info.port}/{con.info.dbname}"


def open_book(con: Connection, keys: str, identity: Identity | None = None) -> Identity:
    """Return the identity of the book, which is made where the database is empty.

    ``keys`` names those that a new book is sealed with; with ``identity`` a new book is a copy of that one.
    Raises NotAvailable L06 (newer form), L17 (older form), L13 (digest) or BadInput L07.
    """
    if (found := identity_of(con)) is not None:
        return found
    with con.transaction():
        con.execute("SELECT pg_advisory_xact_lock(%s)", [PEN])
        if (found := identity_of(con)) is not None:  # another process has just made it
            return found
        _check_empty(con)
        for statement in statements():
            con.execute(statement)
        made = identity or Identity(chain.pick_algorithm(), secrets.token_bytes(16), keys)
        con.execute("INSERT INTO book VALUES (%s, %s, %s, %s)", [FORM_KNOWN, *made])
    return made


def identity_of(con: Connection) -> Identity | None:
    """Return what the book says of itself, None where there is none yet."""
    # Asked of the catalogue's rows: to_regclass may answer from a cache, and miss what another has just made.
    query = "SELECT 1 FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = %s AND relname = 'book'"
    if con.execute(query, [SCHEMA]).fetchone() is None:
        return None
    try:
        form = con.execute("SELECT form FROM book").fetchone()
        row = con.execute("SELECT algorithm, book_id, keys FROM book").fetchone() if form == (FORM_KNOWN,) else None
    except psycopg.ProgrammingError as error:  # other columns, or no right to read them
        raise refusals.not_a_book(where_of(con), f"the schema {SCHEMA} cannot be read ({error})") from error
    if form is not None and form[0] > FORM_KNOWN:
        raise refusals.newer(form[0], FORM_KNOWN)
    if form is not None and form[0] < FORM_KNOWN:
        raise refusals.older(form[0], FORM_KNOWN)
    if row is None:
        raise refusals.not_a_book(where_of(con), "the table book is empty")
    return Identity(chain.require_algorithm(row[0]), row[1], row[2])


def guards_gone(con: Connection) -> list[tuple[str, str]]:
    """Return table and name of each trigger that is missing, switched off, conditional or does something else."""
    rows = con.execute(
        "SELECT tgname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid "
        "WHERE tgrelid = ANY(%s::regclass[]) AND tgenabled = 'A' AND tgqual IS NULL AND tgattr = ''",
        [list(TABLES)],
    ).fetchall()
    whole = {name for name, body in rows if name in TRIGGERS and body == FUNCTIONS[TRIGGERS[name][2]]}
    return [(TRIGGERS[name][0], name) for name in sorted(TRIGGERS.keys() - whole)]


def _check_server(con: Connection) -> None:
    major = con.info.server_version // 10_000
    if major < OLDEST_SERVER:
        raise refusals.server_unfit(where_of(con), f"the server is PostgreSQL {major}")
    row = con.execute(
        "SELECT current_setting('fsync'), current_setting('server_encoding'), pg_is_in_recovery()"
    ).fetchone()
    for found, fit, what in zip(
        row or (), ("on", "UTF8", False), ("fsync is", "its encoding is", "it is a standby:"), strict=True
    ):
        if found != fit:
            raise refusals.server_unfit(where_of(con), f"{what} {found}")


def _check_empty(con: Connection) -> None:
    found = con.execute(
        "SELECT nspname, relname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
        "WHERE relkind IN ('r', 'p', 'f', 'm', 'v') AND nspname <> 'information_schema' AND nspname !~ '^pg_' LIMIT 1"
    ).fetchone()
    if found is not None:
        raise refusals.not_a_book(where_of(con), f"the database holds {found[0]}.{found[1]} of another program")
