"""Connections to the log's database, alike for SQLite and PostgreSQL: settings, forks, errors."""

from __future__ import annotations

import os
import sqlite3
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy
from eventsourcing import persistence
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.event import listen
from sqlalchemy.pool import ConnectionPoolEntry

BUSY_SECONDS = 30
"""How long a writer waits for a lock that somebody else does not give back, before he is told."""

# The library's errors carry the names of PEP 249, as those of SQLAlchemy do.
_ERRORS: tuple[tuple[type[sqlalchemy.exc.DBAPIError], type[persistence.PersistenceError]], ...] = (
    (sqlalchemy.exc.IntegrityError, persistence.IntegrityError),
    (sqlalchemy.exc.OperationalError, persistence.OperationalError),
    (sqlalchemy.exc.DataError, persistence.DataError),
    (sqlalchemy.exc.InternalError, persistence.InternalError),
    (sqlalchemy.exc.ProgrammingError, persistence.ProgrammingError),
    (sqlalchemy.exc.NotSupportedError, persistence.NotSupportedError),
    (sqlalchemy.exc.InterfaceError, persistence.InterfaceError),
)


def open_engine(url: str) -> Engine:
    """An engine for a database URL; connects when first used.

    ``url``: ``sqlite:////path/to/file`` or ``postgresql+psycopg://…``. Raises ``ValueError`` for anything
    else. A forked child gets connections of its own.
    """
    parsed = make_url(url)
    if parsed.drivername == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("日志不能放在内存数据库中，请给出 SQLite 文件的路径")
        engine = create_engine(parsed, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS})
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
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


@contextmanager
def library_errors() -> Iterator[None]:
    """Turns database errors into those of the ``eventsourcing`` library.

    Without cause and context: the driver's own message quotes rows.
    """
    try:
        yield
    except sqlalchemy.exc.DBAPIError as error:
        for ours, theirs in _ERRORS:
            if isinstance(error, ours):
                raise theirs(f"数据库拒绝了操作（{type(error.orig).__name__}）") from None
        raise persistence.DatabaseError(f"数据库出错（{type(error.orig).__name__}）") from None
