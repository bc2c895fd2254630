"""Working state: sessions, drafts, receipts that can be read again, reserved submissions, enrolments, keyrings.

One table for all of it: an opaque identifier, an opaque value, a moment after which it is gone. Values are sealed
by whoever puts them here under a key that this store never sees. Nothing in it is needed to prove anything, it is
not part of the log and not of its backup.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    create_engine,
    delete,
    event,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import IntegrityError

_metadata = MetaData()
_kept = Table(
    "kept",
    _metadata,
    Column("kind", String(16), nullable=False),
    Column("id", LargeBinary(32), nullable=False),
    Column("expires_at", BigInteger, nullable=False),  # whole seconds, UTC
    Column("value", LargeBinary, nullable=False),
    PrimaryKeyConstraint("kind", "id"),
    Index("kept_by_expiry", "expires_at"),
)

SCHEMA = "working"


class WorkingState:
    """A store of sealed values that expire. ``kind``: what it is; ``id``: 32 bytes, usually a hash of a secret."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite"):
            self._engine = create_engine(url, connect_args={"timeout": 30})
            event.listen(self._engine, "connect", _sqlite_pragmas)
        else:
            self._engine = create_engine(url, connect_args={"options": f"-csearch_path={SCHEMA}"})

    def create(self) -> None:
        """Make the table where it is not there yet."""
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            _metadata.create_all(connection)

    def put(self, kind: str, id: bytes, value: bytes, expires_at: datetime) -> None:
        """Keep ``value`` until ``expires_at``, in place of whatever was there."""
        # One statement: of two who put at once, neither may find the other's row in his way.
        insert_here = sqlite_insert if self._engine.dialect.name == "sqlite" else postgresql_insert
        row = insert_here(_kept).values(kind=kind, id=id, value=value, expires_at=int(expires_at.timestamp()))
        renewed = {"value": row.excluded.value, "expires_at": row.excluded.expires_at}
        with self._engine.begin() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["kind", "id"], set_=renewed))

    def reserve(self, kind: str, id: bytes, value: bytes, expires_at: datetime, now: datetime) -> bytes:
        """Keep ``value`` unless something unexpired is there; return what is there afterwards."""
        # One transaction: two would make SQLite's writers wait for each other twice.
        try:
            with self._engine.begin() as connection:
                connection.execute(delete(_kept).where(_kept.c.expires_at <= int(now.timestamp())))
                connection.execute(
                    insert(_kept).values(kind=kind, id=id, value=value, expires_at=int(expires_at.timestamp()))
                )
            return value
        except IntegrityError:
            kept = self.get(kind, id, now)
            return value if kept is None else kept

    def get(self, kind: str, id: bytes, now: datetime) -> bytes | None:
        """The value, or None when there is none or its time is over."""
        with self._engine.connect() as connection:
            return connection.execute(
                select(_kept.c.value).where(
                    _kept.c.kind == kind, _kept.c.id == id, _kept.c.expires_at > int(now.timestamp())
                )
            ).scalar()

    def prolong(self, kind: str, id: bytes, expires_at: datetime) -> None:
        """Move the end of a value that is in use."""
        with self._engine.begin() as connection:
            connection.execute(
                update(_kept)
                .where(_kept.c.kind == kind, _kept.c.id == id)
                .values(expires_at=int(expires_at.timestamp()))
            )

    def take(self, kind: str, id: bytes, now: datetime) -> bytes | None:
        """The value, removed in the same transaction: of two takers only one gets it."""
        with self._engine.begin() as connection:
            value = connection.execute(
                select(_kept.c.value).where(
                    _kept.c.kind == kind, _kept.c.id == id, _kept.c.expires_at > int(now.timestamp())
                )
            ).scalar()
            removed = connection.execute(delete(_kept).where(_kept.c.kind == kind, _kept.c.id == id)).rowcount
        return value if removed else None

    def remove(self, kind: str, id: bytes) -> None:
        """Forget a value."""
        with self._engine.begin() as connection:
            connection.execute(delete(_kept).where(_kept.c.kind == kind, _kept.c.id == id))

    def sweep(self, now: datetime) -> int:
        """Remove everything whose time is over; returns how much."""
        with self._engine.begin() as connection:
            return connection.execute(delete(_kept).where(_kept.c.expires_at <= int(now.timestamp()))).rowcount

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()


def _sqlite_pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's own connection, typed as object by SQLAlchemy
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
