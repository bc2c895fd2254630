"""Sequencing on SQLite: a turnstile of two file locks, then ``BEGIN IMMEDIATE``.

SQLite itself makes waiting writers poll, and the one that just wrote is the likeliest to write again: a
second process starves. Two ``flock`` files beside the database make processes take turns. Who wants to
write takes ``next``, waits for ``writer``, and gives ``next`` back as soon as he has it; who comes back at
once finds ``next`` taken by whoever waits. The kernel gives both back when a process dies.

Rows go in with few, long statements: Python's driver gives up the interpreter lock at each step of one, and
where many threads write, getting it back is what takes time.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Table

from events.custody import CustodyError
from events.database import driver_connection
from events.sequencer import Found, LookupKey, Row, Sequencer

_LONGEST = 64
"""Rows in one statement. The driver keeps the statement of each length prepared."""

_HEAD = "SELECT origin, size, frontier, recorded_at FROM head"
_VERSIONS = """
SELECT stream_id, max(stream_version) FROM event
WHERE stream_id IN (SELECT value FROM json_each(?)) GROUP BY stream_id
"""
_MOVE_HEAD = "UPDATE head SET size = :size, frontier = :frontier, recorded_at = :recorded_at"
_TAKEN = "SELECT kind, tag FROM lookup WHERE kind = ? AND tag = ?"


class SQLiteSequencer(Sequencer):
    """``engine`` must be of a database file (:func:`events.database.open_engine`)."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        database = Path(str(engine.url.database))
        self._next = database.with_name(database.name + ".next")
        self._writer = database.with_name(database.name + ".writer")

    @contextmanager
    def transaction(self) -> Iterator[SQLiteTransaction]:
        with driver_connection(self._engine) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield SQLiteTransaction(connection)
            connection.commit()

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        with self.turn(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    def wipe(self) -> None:
        """Empty the write-ahead log, where destroyed rows lie on until they are written over.

        ``secure_delete`` has put zeros over them in the database itself. A reader may delay it; the next time wipes.
        """
        with self.turn(), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def turn(self) -> Iterator[None]:
        with _locked(self._next) as next_one:
            writer = os.open(self._writer, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(writer, fcntl.LOCK_EX)
                fcntl.flock(next_one, fcntl.LOCK_UN)
                yield
            finally:
                _release(writer)


class SQLiteTransaction:
    """:class:`events.sequencer.Transaction`. A stream's id is 32 hexadecimal digits in the database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def look(self, stream_ids: Collection[UUID], lookups: Collection[LookupKey]) -> Found:
        execute = self._connection.execute
        origin, size, frontier, recorded_at = execute(_HEAD).fetchone()
        versions = execute(_VERSIONS, ['["' + '","'.join([one.hex for one in stream_ids]) + '"]']).fetchall()
        return Found(
            origin,
            size,
            frontier,
            recorded_at,
            versions={UUID(stream_id): version for stream_id, version in versions},
            taken=set(chain.from_iterable(execute(_TAKEN, lookup) for lookup in lookups)),
        )

    def write(
        self,
        added: Mapping[Table, Sequence[Row]],
        destroyed: Mapping[Table, Sequence[bytes]],
        head: Mapping[str, Any],
    ) -> None:
        execute = self._connection.execute
        for table, rows in added.items():
            for start in range(0, len(rows), _LONGEST):
                some = rows[start : start + _LONGEST]
                execute(_insert(table, len(some)), [_value(value) for row in some for value in row])
        for table, hashes in destroyed.items():
            for sha256 in hashes:
                if execute(f"DELETE FROM {table.name} WHERE sha256 = ?", [sha256]).rowcount != 1:  # noqa: S608 - a name of ours
                    raise CustodyError("要销毁的密封材料不在保管库中")
        execute(_MOVE_HEAD, head)


def _value(value: object) -> object:
    return value.hex if type(value) is UUID else value


@cache  # as many as there are tables and lengths
def _insert(table: Table, rows: int) -> str:
    one = f"({', '.join('?' * len(table.columns))})"
    return f"INSERT OR ROLLBACK INTO {table.name} ({', '.join(table.columns.keys())}) VALUES {', '.join([one] * rows)}"  # noqa: S608 - names of ours


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    # Opened anew each time: a lock belongs to the open file, and a forked child would share its parent's.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        _release(descriptor)


def _release(descriptor: int) -> None:
    # Not by closing alone: a child forked meanwhile still holds the same open file.
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)
