"""Sequencing on SQLite: a turnstile of two file locks, then ``BEGIN IMMEDIATE``.

SQLite itself makes waiting writers poll, and the one that just wrote is the likeliest to write again: a
second process starves. Two ``flock`` files beside the database make processes take turns. Who wants to
write takes ``next``, waits for ``writer``, and gives ``next`` back as soon as he has it; who comes back at
once finds ``next`` taken by whoever waits. The kernel gives both back when a process dies.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine

from events.sequencer import Sequencer


class SQLiteSequencer(Sequencer):
    """``engine`` must be of a database file (:func:`events.database.open_engine`)."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        database = Path(str(engine.url.database))
        self._next = database.with_name(database.name + ".next")
        self._writer = database.with_name(database.name + ".writer")

    @contextmanager
    def exclusive(self) -> Iterator[Connection]:
        with self._turn(), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    def announce(self, connection: Connection) -> None:
        """SQLite has no way to call; other processes look now and then (:mod:`events.growth`)."""

    def wipe(self) -> None:
        """Empty the write-ahead log, where destroyed rows lie on until they are written over.

        ``secure_delete`` has put zeros over them in the database itself. A reader may delay it; the next time wipes.
        """
        with self._turn(), self._engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        with _locked(self._next) as next_one:
            writer = os.open(self._writer, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(writer, fcntl.LOCK_EX)
                fcntl.flock(next_one, fcntl.LOCK_UN)
                yield
            finally:
                _release(writer)


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
