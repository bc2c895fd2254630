"""Checkpoints that were signed, and the cosignatures that witnesses gave for them, beside the log.

Both tables only grow. A witness may cosign the same checkpoint again and again, each time with a newer timestamp:
that the log still stands there is a statement, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, func, insert, select

from events import schema
from events.cosignature import timestamp_of
from events.database import library_errors
from events.note import NoteSignature

ROWS_AT_ONCE = 1000


@dataclass(frozen=True)
class SignedCheckpoint:
    """``size``: of the tree. ``note``: with the log's signature alone. ``signed_at``: Unix seconds."""

    size: int
    note: bytes
    signed_at: int


class CosignatureRow(NamedTuple):
    """``line``: the signature line of the note; ``key_name`` and ``timestamp`` (Unix seconds) repeat what it says."""

    size: int
    key_name: str
    timestamp: int
    line: str


class Checkpoints:
    """Reading and adding them; they are in the log's database. ``writing``: a transaction of the sequencer's, since
    on SQLite whoever does not take turns with the appending of events may wait for ever."""

    def __init__(self, engine: Engine, writing: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._engine = engine
        self._writing = writing

    def add(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a signed checkpoint. Raises the library's ``IntegrityError`` if there is one of that size."""
        row = {"size": checkpoint.size, "note": checkpoint.note.decode(), "signed_at": checkpoint.signed_at}
        with library_errors(), self._writing() as connection:
            connection.execute(insert(schema.checkpoint), row)

    def last(self) -> SignedCheckpoint | None:
        """The one of the largest tree that was signed."""
        return self._largest()

    def signed_before(self, moment: float) -> SignedCheckpoint | None:
        """The largest that was signed before ``moment``, Unix seconds."""
        return self._largest(schema.checkpoint.c.signed_at < moment)

    def below(self, size: int) -> SignedCheckpoint | None:
        """The one of the largest tree with fewer leaves than ``size``."""
        return self._largest(schema.checkpoint.c.size < size)

    def _largest(self, *conditions: ColumnElement[bool]) -> SignedCheckpoint | None:
        row = schema.checkpoint.c
        query = select(row.size, row.note, row.signed_at).where(*conditions).order_by(row.size.desc()).limit(1)
        with library_errors(), self._engine.connect() as connection:
            found = connection.execute(query).one_or_none()
        return SignedCheckpoint(found.size, found.note.encode(), found.signed_at) if found else None

    def add_cosignatures(self, size: int, signatures: Iterable[NoteSignature]) -> None:
        """Keep cosignatures, verified by the caller, over the checkpoint of that size; those that are there stay."""
        rows = [
            {"size": size, "key_name": one.name, "timestamp": timestamp_of(one), "line": one.line()}
            for one in signatures
        ]
        with library_errors(), self._writing() as connection:
            for row in rows:
                if not connection.execute(select(schema.cosignature.c.size).filter_by(**_key(row))).first():
                    connection.execute(insert(schema.cosignature), row)

    def cosigned(self, at_least: int = 0) -> Iterator[tuple[SignedCheckpoint, bytes]]:
        """Checkpoints of trees of ``at_least`` that size with a cosignature, largest first.

        Each with the note that carries, besides the log's signature, the newest cosignature of every key.
        """
        row = schema.cosignature.c
        below = None
        while True:
            query = select(func.max(row.size)).where(row.size >= at_least)
            if below is not None:
                query = query.where(row.size < below)
            with library_errors(), self._engine.connect() as connection:
                below = connection.scalar(query)
            checkpoint = self.of_size(below) if below is not None else None
            if checkpoint is None:
                return
            yield checkpoint, self.note_with_cosignatures(checkpoint)

    def first_cosigned(self, at_least: int) -> Iterator[tuple[SignedCheckpoint, bytes]]:
        """The same, smallest first, each with the *first* cosignature of every key: what never changes any more."""
        row = schema.cosignature.c
        query = select(func.min(row.size))
        above = at_least - 1
        while True:
            with library_errors(), self._engine.connect() as connection:
                above = connection.scalar(query.where(row.size > above))
            checkpoint = self.of_size(above) if above is not None else None
            if checkpoint is None:
                return
            first = dict(reversed(self._lines(checkpoint.size)))  # the earlier one stays
            yield checkpoint, checkpoint.note + "".join(first.values()).encode()

    def covering(self, size: int) -> SignedCheckpoint | None:
        """The smallest of a tree with at least ``size`` leaves."""
        row = schema.checkpoint.c
        with library_errors(), self._engine.connect() as connection:
            found = connection.scalar(select(func.min(row.size)).where(row.size >= size))
        return self.of_size(found) if found is not None else None

    def note_with_cosignatures(self, checkpoint: SignedCheckpoint, before: float = math.inf) -> bytes:
        """Its note with the newest cosignature of every key that was given before ``before``, Unix seconds."""
        newest = dict(self._lines(checkpoint.size, before))
        return checkpoint.note + "".join(newest.values()).encode()

    def first_size_of(self, key_name: str, at_least: int) -> int | None:
        """The smallest tree with at least so many leaves that this key has cosigned."""
        row = schema.cosignature.c
        query = select(func.min(row.size)).where(row.key_name == key_name, row.size >= at_least)
        with library_errors(), self._engine.connect() as connection:
            found: int | None = connection.scalar(query)
        return found

    def last_of(self, key_name: str) -> tuple[int, int] | None:
        """Size of the largest tree that this key cosigned, and when it last did so, Unix seconds."""
        row = schema.cosignature.c
        query = select(row.size, row.timestamp).where(row.key_name == key_name)
        with library_errors(), self._engine.connect() as connection:
            found = connection.execute(query.order_by(row.size.desc(), row.timestamp.desc()).limit(1)).one_or_none()
        return (found.size, found.timestamp) if found else None

    def of_size(self, size: int) -> SignedCheckpoint | None:
        """The checkpoint of exactly that size, or None where none was signed."""
        return self._largest(schema.checkpoint.c.size == size)

    def signed(self, up_to: int) -> Generator[SignedCheckpoint, None, None]:
        """All of trees of at most that size, smallest first, read in pieces."""
        row = schema.checkpoint.c
        query = select(row.size, row.note, row.signed_at).where(row.size <= up_to).order_by(row.size)
        query = query.execution_options(yield_per=ROWS_AT_ONCE)
        with library_errors(), self._engine.connect() as connection, connection.execute(query) as rows:
            for size, note, signed_at in rows:
                yield SignedCheckpoint(size, note.encode(), signed_at)

    def cosignatures(self, up_to: int) -> Generator[CosignatureRow, None, None]:
        """All over trees of at most that size, by size and time, as they are stored, read in pieces."""
        row = schema.cosignature.c
        query = select(row.size, row.key_name, row.timestamp, row.line).where(row.size <= up_to)
        query = query.order_by(row.size, row.timestamp, row.key_name).execution_options(yield_per=ROWS_AT_ONCE)
        with library_errors(), self._engine.connect() as connection, connection.execute(query) as rows:
            for values in rows:
                yield CosignatureRow(*values)

    def _lines(self, size: int, before: float = math.inf) -> list[tuple[str, str]]:
        """Names of keys and lines, in the order of their timestamps."""
        row = schema.cosignature.c
        query = select(row.key_name, row.line, row.timestamp).where(row.size == size).order_by(row.timestamp)
        with library_errors(), self._engine.connect() as connection:
            return [(name, line) for name, line, timestamp in connection.execute(query) if timestamp < before]


def _key(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("size", "key_name", "timestamp")}
