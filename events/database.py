"""Connections to the log's database, alike for SQLite and PostgreSQL: settings, forks, errors."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import psycopg
import sqlalchemy
from eventsourcing import persistence
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.event import listen
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 30
"""How long a writer waits for a lock that somebody else does not give back, before he is told."""

STATEMENTS = 512
"""How many prepared statements a connection to SQLite keeps."""

_PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    # Else a row that INSERT OR REPLACE puts out of its way is deleted without asking the trigger.
    "recursive_triggers = ON",
    # Nothing of the log into temporary files; it is the faster place as well.
    "temp_store = MEMORY",
)

# The library's errors carry the names of PEP 249, as those of both drivers do.
_ERRORS: dict[str, type[persistence.PersistenceError]] = {
    error.__name__: error
    for error in (
        persistence.IntegrityError,
        persistence.OperationalError,
        persistence.DataError,
        persistence.InternalError,
        persistence.ProgrammingError,
        persistence.NotSupportedError,
        persistence.InterfaceError,
    )
}


def open_engine(url: str) -> Engine:
    """An engine for a database URL; connects when first used.

    ``url``: ``sqlite:////path/to/file`` or ``postgresql+psycopg://…``. Raises ``ValueError`` for anything
    else. A forked child gets connections of its own; where SQLite is, no thread may be writing at the fork, because the
    child would take that thread's locks for its own.
    """
    parsed = make_url(url)
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("日志不能放在内存数据库中，请给出 SQLite 文件的路径")
        settings = {"timeout": BUSY_SECONDS, "cached_statements": STATEMENTS}
        engine = create_engine(parsed, hide_parameters=True, connect_args=settings)
        listen(engine, "connect", _configure_sqlite)
    elif parsed.drivername == "postgresql+psycopg":
        patience = f"-c lock_timeout={BUSY_SECONDS * 1000}"
        engine = create_engine(parsed, hide_parameters=True, connect_args={"options": patience})
    else:
        raise ValueError(f"不支持的数据库类型 {parsed.drivername}，可用 sqlite 或 postgresql+psycopg")
    reference = weakref.ref(engine)
    os.register_at_fork(after_in_child=lambda: _forget_connections(reference()))
    return engine


def _forget_connections(engine: Engine | None) -> None:
    if engine is not None:
        engine.dispose(close=False)  # they are the parent's


def _configure_sqlite(connection: sqlite3.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # transactions begin where the sequencer says so, not where the driver guesses
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def driver_connection(engine: Engine) -> Iterator[Any]:
    """A connection of the driver itself from the engine's pool, for what happens with every event.

    What is not committed when the block ends is rolled back.
    """
    pooled = engine.raw_connection()
    connection: Any = pooled.driver_connection
    try:
        yield connection
    except psycopg.Error:
        if connection.closed:
            pooled.invalidate()
            engine.dispose()  # what has cut this one has cut the others
        raise
    finally:
        pooled.close()


def read(engine: Engine, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """All rows of a query, as the driver gives them; ``?`` stands for a value of :func:`value_of`."""
    with library_errors(), driver_connection(engine) as connection:
        if engine.dialect.name == "sqlite":
            rows: list[tuple[Any, ...]] = connection.execute(statement, values).fetchall()
            return rows
        connection.autocommit = True  # spares a BEGIN and a ROLLBACK
        try:
            rows = connection.execute(statement.replace("?", "%b").encode(), values, binary=True).fetchall()
        finally:
            connection.autocommit = False
        return rows


def value_of(engine: Engine, value: object) -> object:
    """How the driver is given a value: on SQLite a UUID is 32 hexadecimal digits."""
    return value.hex if isinstance(value, UUID) and engine.dialect.name == "sqlite" else value


@contextmanager
def library_errors() -> Iterator[None]:
    """Turns errors of SQLAlchemy and of the drivers into those of the ``eventsourcing`` library.

    Without cause and context: the driver's own message quotes rows.
    """
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        raise _library_error(type(error.orig)) from None
    except (sqlite3.Error, psycopg.Error) as error:
        raise _library_error(type(error)) from None


def _library_error(kind: type[BaseException | None]) -> persistence.PersistenceError:
    for ancestor in kind.__mro__:
        if ancestor.__name__ in _ERRORS:
            return _ERRORS[ancestor.__name__](f"数据库拒绝了操作（{kind.__name__}）")
    return persistence.DatabaseError(f"数据库出错（{kind.__name__}）")
