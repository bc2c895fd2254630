"""Reading sealed material from custody. Whoever reads it learns nothing without the keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine, Select, Table, func, select

from events import schema
from events.claims import claims_of
from events.custody import CustodyKind, CustodyNow, Kept, LookupKind, WrapRow
from events.database import library_errors, read

T = TypeVar("T")

_TABLES: Mapping[CustodyKind, Table] = {"envelope": schema.envelope, "wrap": schema.wrap, "file": schema.file}

ROWS_AT_ONCE = 50
"""Held in memory while many are read: an envelope can have some hundred kilobytes."""


class CustodyReader:
    """Reading what is in custody. ``home``: the deployment's directory, with ``files`` in it."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine = engine
        self._files = home / "files"

    def envelope(self, sha256: bytes) -> bytes | None:
        """The sealed payload, or None where there is none, or no more."""
        return self._data("SELECT data FROM envelope WHERE sha256 = ?", sha256)

    def wrap(self, sha256: bytes) -> bytes | None:
        """The wrapped key or share, or None."""
        return self._data("SELECT data FROM wrap WHERE sha256 = ?", sha256)

    def wraps_for(self, stream_id: UUID) -> list[WrapRow]:
        """All wraps that events of a stream have named and none has destroyed."""
        wrap = schema.wrap.c
        query = select(wrap.sha256, wrap.stream_id, wrap.recipient, wrap.data).where(wrap.stream_id == stream_id)
        with library_errors(), self._engine.connect() as connection:
            return [WrapRow(*row) for row in connection.execute(query)]

    def wraps_beginning(self, prefix: bytes) -> int:
        """How many wraps begin with these bytes, the last of which is below 0xff."""
        wrap = schema.wrap.c
        end = prefix[:-1] + bytes([prefix[-1] + 1])
        return int(self._scalar(select(func.count()).where(wrap.data >= prefix, wrap.data < end)) or 0)

    def lookup(self, kind: LookupKind, tag: bytes) -> UUID | None:
        """The stream that a code or a foreign id leads to, or None."""
        lookup = schema.lookup.c
        return self._scalar(select(lookup.stream_id).where(lookup.kind == kind, lookup.tag == tag))

    def file_path(self, sha256: bytes) -> Path:
        """Where a sealed file is, or would be: ``<home>/files/<first two digits>/<sha256 in hex>``."""
        return self._files / sha256.hex()[:2] / sha256.hex()

    def file_digest(self, sha256: bytes) -> bytes | None:
        """SHA-256 of the file as it is now on disk, read in pieces, or None where there is none."""
        try:
            with self.file_path(sha256).open("rb") as stream:
                return hashlib.file_digest(stream, "sha256").digest()
        except FileNotFoundError:
            return None

    # --- For the verifier ----------------------------------------------------------------------------

    def find(self, kind: CustodyKind, hashes: Sequence[bytes]) -> Mapping[bytes, Kept]:
        """What is filed under these hashes, its bytes hashed anew; what is not there is left out."""
        if kind == "file":
            return dict(self._find_files(hashes))
        table = _TABLES[kind]
        recipient = [table.c.recipient] if kind == "wrap" else []
        query = select(table.c.sha256, table.c.stream_id, table.c.data, *recipient).where(table.c.sha256.in_(hashes))
        query = query.execution_options(yield_per=ROWS_AT_ONCE)
        with library_errors(), self._engine.connect() as connection, connection.execute(query) as rows:
            return {
                sha256: Kept(stream_id, hashlib.sha256(data).digest(), *rest) for sha256, stream_id, data, *rest in rows
            }

    def _find_files(self, hashes: Sequence[bytes]) -> Iterator[tuple[bytes, Kept]]:
        file = schema.file.c
        query = select(file.sha256, file.stream_id, file.size).where(file.sha256.in_(hashes))
        with library_errors(), self._engine.connect() as connection:
            rows = {sha256: (stream_id, size) for sha256, stream_id, size in connection.execute(query)}
        for sha256 in hashes:
            digest = self.file_digest(sha256)
            stream_id, size = rows.get(sha256, (None, 0))
            if (
                digest is None
                and stream_id is not None
                and self._scalar(select(file.size).filter_by(sha256=sha256)) is None
            ):
                continue  # destroyed just now
            if digest is not None and stream_id is not None and self.file_path(sha256).stat().st_size != size:
                digest = b""  # of no file: the table speaks of another one
            if digest is not None or stream_id is not None:
                yield sha256, Kept(stream_id, digest)

    def counts(self) -> dict[CustodyKind, int]:
        """Number of rows of each kind."""
        with library_errors(), self._engine.connect() as connection:
            return {
                kind: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for kind, table in _TABLES.items()
            }

    def now(self, position: int) -> CustodyNow:
        """How many there are of each kind, and what events after that position have changed already."""
        event = schema.event.c
        tables = [select(func.count()).select_from(table).scalar_subquery() for table in _TABLES.values()]
        with library_errors(), self._engine.connect() as connection:
            # One statement, so that all numbers are of one moment.
            size, *counts = connection.execute(select(schema.head.c.size, *tables)).one()
            query = select(event.stream_id, event.state).where(event.position > position, event.position <= size)
            later = [(stream_id, claims_of(state)) for stream_id, state in connection.execute(query)]
        claims = [claim for _, claim in later]
        return CustodyNow(
            counts=dict(zip(_TABLES, counts, strict=True)),
            named={
                "envelope": sum(len(claim.envelopes) for claim in claims),
                "wrap": sum(len(claim.wraps) for claim in claims),
                "file": sum(len(claim.files) for claim in claims),
            },
            destroyed=frozenset(sha256 for claim in claims for sha256 in claim.destroyed),
            streams=frozenset(stream_id for stream_id, _ in later),
        )

    def lookups(self) -> Iterator[UUID]:
        """The streams that codes and foreign ids lead to, read in pieces."""
        query = select(schema.lookup.c.stream_id).execution_options(yield_per=1000)
        with library_errors(), self._engine.connect() as connection, connection.execute(query) as rows:
            yield from rows.scalars()

    def _data(self, statement: str, sha256: bytes) -> bytes | None:
        return next((bytes(data) for (data,) in read(self._engine, statement, [sha256])), None)

    def _scalar(self, query: Select[T]) -> T | None:
        with library_errors(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()
