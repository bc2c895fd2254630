"""Checkpoints that were signed, and the cosignatures that witnesses gave for them, beside the log.

Both tables only grow. A witness may cosign the same checkpoint again and again, each time with a newer timestamp:
that the log still stands there is a statement, too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, insert, select

from events import schema
from events.cosignature import timestamp_of
from events.database import library_errors
from events.note import NoteSignature, parse_line


@dataclass(frozen=True)
class SignedCheckpoint:
    """``size``: of the tree. ``note``: with the log's signature alone. ``signed_at``: Unix seconds."""

    size: int
    note: bytes
    signed_at: int


class Checkpoints:
    """Reading and adding them; they are in the log's database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, checkpoint: SignedCheckpoint) -> None:
        """Keep a signed checkpoint. Raises the library's ``IntegrityError`` if there is one of that size."""
        row = {"size": checkpoint.size, "note": checkpoint.note.decode(), "signed_at": checkpoint.signed_at}
        with library_errors(), self._engine.begin() as connection:
            connection.execute(insert(schema.checkpoint), row)

    def last(self) -> SignedCheckpoint | None:
        """The one of the largest tree that was signed."""
        return self._largest()

    def signed_before(self, moment: float) -> SignedCheckpoint | None:
        """The largest that was signed before ``moment``, Unix seconds."""
        return self._largest(schema.checkpoint.c.signed_at < moment)

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
        with library_errors(), self._engine.begin() as connection:
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
            yield checkpoint, checkpoint.note + "".join(self._newest_lines(checkpoint.size)).encode()

    def of_size(self, size: int) -> SignedCheckpoint | None:
        """The checkpoint of exactly that size, or None where none was signed."""
        return self._largest(schema.checkpoint.c.size == size)

    def cosignatures(self) -> Iterator[tuple[int, NoteSignature]]:
        """All of them with the size that they are for, by size and time, read in pieces."""
        row = schema.cosignature.c
        query = select(row.size, row.line).order_by(row.size, row.timestamp, row.key_name)
        with library_errors(), self._engine.connect() as connection:
            for size, line in connection.execute(query.execution_options(yield_per=1000)):
                yield size, parse_line(line.removesuffix("\n"))

    def _newest_lines(self, size: int) -> list[str]:
        row = schema.cosignature.c
        query = select(row.key_name, row.line).where(row.size == size).order_by(row.timestamp)
        with library_errors(), self._engine.connect() as connection:
            return list(dict(connection.execute(query).tuples().all()).values())


def _key(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("size", "key_name", "timestamp")}
