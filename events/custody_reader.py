"""Reading sealed material from custody. Whoever reads it learns nothing without the keys."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import Engine, Select, func, select

from events import schema
from events.custody import LookupKind, WrapRow
from events.database import library_errors

T = TypeVar("T")


class CustodyReader:
    """Reading what is in custody. ``home``: the deployment's directory, with ``files`` in it."""

    def __init__(self, engine: Engine, home: Path) -> None:
        self._engine = engine
        self._files = home / "files"

    def envelope(self, sha256: bytes) -> bytes | None:
        """The sealed payload, or None where there is none, or no more."""
        return self._scalar(select(schema.envelope.c.data).where(schema.envelope.c.sha256 == sha256))

    def wrap(self, sha256: bytes) -> bytes | None:
        """The wrapped key or share, or None."""
        return self._scalar(select(schema.wrap.c.data).where(schema.wrap.c.sha256 == sha256))

    def wraps_for(self, stream_id: UUID) -> list[WrapRow]:
        """All wraps that events of a stream have named and none has destroyed."""
        wrap = schema.wrap.c
        query = select(wrap.sha256, wrap.stream_id, wrap.recipient, wrap.data).where(wrap.stream_id == stream_id)
        with library_errors(), self._engine.connect() as connection:
            return [WrapRow(*row) for row in connection.execute(query)]

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

    def counts(self) -> dict[str, int]:
        """Number of rows of ``envelope``, ``wrap`` and ``file``."""
        with library_errors(), self._engine.connect() as connection:
            return {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in (schema.envelope, schema.wrap, schema.file)
            }

    def _scalar(self, query: Select[T]) -> T | None:
        with library_errors(), self._engine.connect() as connection:
            return connection.execute(query).scalar_one_or_none()
