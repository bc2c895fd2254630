"""The read models' own database: connections, transactions, and the election of who builds them.

A SQLite file (WAL), or the schema ``projections`` of a PostgreSQL database, which may be that of the log. What is
here is derived, so a power cut may cost the last commits: rows and position go together and are built again.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.event import listen
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateSchema

from events.durable_file import locked

POSTGRES_SCHEMA = "projections"
BUSY_SECONDS = 30

#: Taken for the length of a transaction that makes or drops tables (PostgreSQL).
_DEFINING = 0x70726F6A


class ReadDatabase:
    """``url``: ``sqlite:////path/to/file`` or ``postgresql+psycopg://…``; ``ValueError`` for anything else.

    Connects when first used; a forked child gets connections of its own.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername == "sqlite" and parsed.database not in (None, "", ":memory:"):
            engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
            listen(engine, "connect", _configure_sqlite)
            listen(engine, "begin", _begin_sqlite)
        elif parsed.drivername == "postgresql+psycopg":
            engine = create_engine(parsed, hide_parameters=True)
        else:
            raise ValueError("查询库须是 SQLite 文件或 PostgreSQL（sqlite:///… 或 postgresql+psycopg://…）")
        self._engine: Engine = engine
        self.is_sqlite = engine.dialect.name == "sqlite"
        self.schema = None if self.is_sqlite else POSTGRES_SCHEMA
        self._closer = weakref.finalize(self, engine.dispose)
        reference = weakref.ref(engine)
        os.register_at_fork(after_in_child=lambda: _forget_connections(reference()))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads; on SQLite all its reads see the same moment."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that writes: committed when the block ends, rolled back when it raises."""
        with self._engine.connect().execution_options(writing=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def defining(self) -> Iterator[Connection]:
        """A transaction that makes or drops tables; one at a time."""
        with self.writing() as connection:
            if not self.is_sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _DEFINING})
                # Asked first: creating "if not exists" wants the right to create even where it exists.
                if not inspect(connection).has_schema(POSTGRES_SCHEMA):
                    connection.execute(CreateSchema(POSTGRES_SCHEMA))
            yield connection

    @contextmanager
    def elected(self, office: str) -> Iterator[bool]:
        """Whether the caller holds ``office`` while the block runs; nobody else does then, in any process.

        An ``flock`` beside the SQLite file, an advisory lock of the session on PostgreSQL: both end with their
        holder. Election only saves work; what makes double counting impossible is the row of the position.
        """
        if self.is_sqlite:
            path = Path(f"{self._engine.url.database}.{office}")
            with locked(path, wait=False) as held:
                yield held
        else:
            with self._advisory_lock(office) as held:
                yield held

    @contextmanager
    def _advisory_lock(self, office: str) -> Iterator[bool]:
        key = int.from_bytes(hashlib.sha256(office.encode()).digest()[:8], "big", signed=True)
        with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.detach()  # so that leaving ends the session, and with it the lock, whatever happened
            yield bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}))

    def scrub(self) -> bool:
        """Make sure that erased values are gone from the SQLite file and its WAL; whether that was possible now.

        ``secure_delete`` overwrites them with zeros; older pages last in the WAL until it is emptied, which readers
        may delay. PostgreSQL frees dead rows when it vacuums.
        """
        if not self.is_sqlite:
            return True
        raw = self._engine.raw_connection()
        try:
            busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        finally:
            raw.close()
        return not busy

    def close(self) -> None:
        """Close the connections; also done when nobody holds this object any more."""
        self._closer()


def _forget_connections(engine: Engine | None) -> None:
    if engine is not None:
        engine.dispose(close=False)  # they are the parent's


def _configure_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin in `_begin_sqlite`, not where the driver guesses
    cursor = connection.cursor()
    _use_write_ahead_log(cursor)
    for pragma in ("synchronous = NORMAL", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _use_write_ahead_log(cursor: sqlite3.Cursor) -> None:
    """Where several processes meet on a new file one changes its mode; SQLite would not let the others wait."""
    if cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",):
        return
    ((_, _, path),) = cursor.execute("PRAGMA database_list").fetchall()
    with locked(Path(f"{path}.mode")):
        cursor.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that first reads must not find out later that it cannot write.
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
