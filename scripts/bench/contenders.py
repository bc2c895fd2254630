"""Who is measured by `scripts/bench_recorders.py`: this log, the recorders that others publish, and the limit.

Each is made on an empty database by a function of its URL, with the same durability: SQLite in WAL mode with
`synchronous = FULL`, PostgreSQL as the server has it. Each may have as many connections as there are writers. The
imports stand in the functions, because `eventsourcing-sqlalchemy` lives in an environment where this log cannot.
"""

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol
from urllib.parse import urlsplit

CONNECTIONS = 32


class Recorder(Protocol):
    """What is asked of a contender: two methods of the library's `ApplicationRecorder`."""

    def insert_events(self, stored_events: Sequence[Any], /) -> Sequence[int] | None: ...

    def select_notifications(self, start: int | None, limit: int, /) -> Sequence[Any]: ...


def supervision(url: str) -> Recorder:
    """This log: gapless positions, tree, salts, a signature for each event made while it is measured."""
    from events.recorder import LogRecorder
    from events.signing import Ed25519Signer
    from events.store import LogStore

    origin, signer = "bench.example/log", Ed25519Signer(bytes(32))
    store = LogStore(url, Path(mkdtemp(dir=_directory(url))))
    store.create(origin)
    store.open()

    class Signed(LogRecorder):
        def insert_events(self, stored_events: Sequence[Any], **arguments: Any) -> Sequence[int]:
            return super().insert_events(stored_events, signer=signer, **arguments)

    return Signed(store, origin)


def library_sqlite(url: str) -> Recorder:
    """The `eventsourcing` library's own recorder for SQLite."""
    from eventsourcing.sqlite import (
        SQLiteApplicationRecorder,
        SQLiteConnection,
        SQLiteConnectionPool,
        SQLiteDatastore,
    )

    class DurablePool(SQLiteConnectionPool):
        def _create_connection(self) -> SQLiteConnection:
            connection = super()._create_connection()
            connection.cursor().execute("PRAGMA synchronous = FULL")
            return connection

    datastore = SQLiteDatastore(":memory:")
    datastore.pool = DurablePool(db_name=url.removeprefix("sqlite:///"), pool_size=CONNECTIONS, pool_timeout=60)
    recorder = SQLiteApplicationRecorder(datastore)
    recorder.create_table()
    return recorder


def library_postgres(url: str) -> Recorder:
    """The library's own recorder for PostgreSQL, with its function in the database, which makes it faster."""
    from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore

    at = urlsplit(url)
    datastore = PostgresDatastore(
        at.path.removeprefix("/"),
        at.hostname or "",
        at.port or 5432,
        at.username or "",
        at.password or "",
        pool_size=CONNECTIONS,
        connect_timeout=60,
        enable_db_functions=True,
    )
    recorder = PostgresApplicationRecorder(datastore)
    recorder.create_table()
    return recorder


def sqlalchemy_package(url: str) -> Recorder:
    """The recorder of `eventsourcing-sqlalchemy`."""
    from eventsourcing_sqlalchemy.datastore import SQLAlchemyDatastore  # type: ignore[import-not-found]  # other venv
    from eventsourcing_sqlalchemy.recorders import (  # type: ignore[import-not-found]  # in an environment of its own
        SQLAlchemyApplicationRecorder,
    )
    from sqlalchemy import event

    datastore = SQLAlchemyDatastore(url=url, pool_size=CONNECTIONS, pool_timeout=60)
    if datastore.engine.dialect.name == "sqlite":
        event.listen(datastore.engine, "connect", lambda one, _: one.execute("PRAGMA synchronous = FULL"))
    recorder: Any = SQLAlchemyApplicationRecorder(datastore, events_table_name="stored_events")
    recorder.create_table()
    return recorder  # type: ignore[no-any-return]  # untyped package


class BareSQLite:
    """The limit: the same bytes through `sqlite3` alone, one transaction for a batch, one thread."""

    def __init__(self, url: str) -> None:
        self._connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        for statement in (
            "PRAGMA journal_mode = WAL",
            "PRAGMA synchronous = FULL",
            "CREATE TABLE event (position INTEGER PRIMARY KEY, stream_id TEXT, version INT, topic TEXT, state BLOB)",
        ):
            self._connection.execute(statement)

    def insert_events(self, stored_events: Sequence[Any], /) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            "INSERT INTO event (stream_id, version, topic, state) VALUES (?, ?, ?, ?)",
            [(e.originator_id.hex, e.originator_version, e.topic, e.state) for e in stored_events],
        )
        self._connection.execute("COMMIT")

    def select_notifications(self, start: int | None, limit: int, /) -> list[Any]:
        query = "SELECT * FROM event WHERE position >= ? ORDER BY position LIMIT ?"
        return self._connection.execute(query, (start, limit)).fetchall()


def _directory(url: str) -> str | None:
    return str(Path(url.removeprefix("sqlite:///")).parent) if url.startswith("sqlite") else None


CONTENDERS: dict[str, Callable[[str], Recorder]] = {
    "supervision": supervision,
    "library-sqlite": library_sqlite,
    "library-postgres": library_postgres,
    "sqlalchemy": sqlalchemy_package,
    "bare": BareSQLite,
}
