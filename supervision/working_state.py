"""Working state: sessions, drafts, receipts that can be read again, reserved submissions, enrolments, keyrings.

One table for all of it: an opaque identifier, an opaque value, a moment after which it is gone. Values are sealed
by whoever puts them here under a key that this store never sees. Nothing in it is needed to prove anything, it is
not part of the log and not of its backup.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    bindparam,
    create_engine,
    delete,
    event,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.exc import DBAPIError

from events.durable_file import locked
from events.group_commit import GroupCommit

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

_EXPIRED = delete(_kept).where(_kept.c.expires_at <= bindparam("now"))
_VALUE = select(_kept.c.value).where(
    _kept.c.kind == bindparam("kind"), _kept.c.id == bindparam("id"), _kept.c.expires_at > bindparam("now")
)

SCHEMA = "working"

_NEVER = 2**62
"""Beyond every moment, in whole seconds."""

SWEEP_SECONDS = 60
"""Who reserves takes away what is over, so often at most: nobody else may come by on a site with the API alone."""


@dataclass(frozen=True, repr=False)
class _Claim:
    """A value that is to be kept unless one is there. ``expires_at``, ``now``: whole seconds, UTC."""

    kind: str
    id: bytes
    value: bytes
    expires_at: int
    now: int


class WorkingState:
    """A store of sealed values that expire. ``kind``: what it is; ``id``: 32 bytes, usually a hash of a secret."""

    def __init__(self, url: str) -> None:
        if url.startswith("sqlite"):
            self._engine = create_engine(url, connect_args={"timeout": 30})
            event.listen(self._engine, "connect", _sqlite_pragmas)
        else:
            self._engine = create_engine(url, connect_args={"options": f"-csearch_path={SCHEMA}"})
        self._insert = sqlite_insert if self._engine.dialect.name == "sqlite" else postgresql_insert
        row = self._insert(_kept)
        self._claim = row.on_conflict_do_update(
            index_elements=["kind", "id"],
            set_={"value": row.excluded.value, "expires_at": row.excluded.expires_at},
            where=_kept.c.expires_at <= bindparam("now"),
        ).execution_options(preserve_rowcount=True)
        self._swept_at = 0
        self._claims: GroupCommit[_Claim, bytes] = GroupCommit(self._reserve_all, self._turn)

    def create(self) -> None:
        """Make the table where it is not there yet."""
        with self._engine.begin() as connection:
            if self._engine.dialect.name == "postgresql":
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            _metadata.create_all(connection)

    def put(self, kind: str, id: bytes, value: bytes, expires_at: datetime) -> None:
        """Keep ``value`` until ``expires_at``, in place of whatever was there."""
        # One statement: of two who put at once, neither may find the other's row in his way.
        row = self._insert(_kept).values(kind=kind, id=id, value=value, expires_at=int(expires_at.timestamp()))
        renewed = {"value": row.excluded.value, "expires_at": row.excluded.expires_at}
        with self._engine.begin() as connection:
            connection.execute(row.on_conflict_do_update(index_elements=["kind", "id"], set_=renewed))

    def reserve(self, kind: str, id: bytes, value: bytes, expires_at: datetime, now: datetime) -> bytes:
        """Keep ``value`` unless something unexpired is there; return what is there afterwards."""
        return self._claims.submit(_Claim(kind, id, value, int(expires_at.timestamp()), int(now.timestamp())))

    def _turn(self) -> AbstractContextManager[object]:
        """SQLite itself makes processes that wait look again and again; here they queue."""
        if self._engine.dialect.name != "sqlite":
            return nullcontext()
        return locked(Path(f"{self._engine.url.database}.claims"))

    def _reserve_all(self, claims: Sequence[_Claim]) -> Sequence[bytes | Exception]:
        """One transaction for all that come at once: each alone would wait for the disk, and for all others."""
        # In one order everywhere: two processes that take rows in two orders could block each other.
        rows = [vars(claim) for claim in sorted(claims, key=lambda claim: claim.id)]
        try:
            self._sweep_now_and_then(max(claim.now for claim in claims))
            with self._engine.begin() as connection:
                if connection.execute(self._claim, rows).rowcount == len(rows):
                    return [claim.value for claim in claims]
                return [connection.execute(_VALUE, vars(claim)).scalar() or claim.value for claim in claims]
        except DBAPIError as error:
            return [error for _ in claims]

    def _sweep_now_and_then(self, now: int) -> None:
        if now - self._swept_at >= SWEEP_SECONDS:
            self._swept_at = now
            with self._engine.begin() as connection:
                connection.execute(_EXPIRED, {"now": now})

    def get(self, kind: str, id: bytes, now: datetime) -> bytes | None:
        """The value, or None when there is none or its time is over."""
        with self._engine.connect() as connection:
            return connection.execute(_VALUE, {"kind": kind, "id": id, "now": int(now.timestamp())}).scalar()

    def advance(self, kind: str, id: bytes, number: int) -> bool:
        """Whether ``number`` is larger than the one that is there (or the first), which it then replaces.

        One statement: of several who come with the same number, in whatever processes, one alone hears yes. Such a
        number does not expire.
        """
        row = self._insert(_kept).values(kind=kind, id=id, value=number.to_bytes(8, "big"), expires_at=_NEVER)
        larger = row.on_conflict_do_update(
            index_elements=["kind", "id"], set_={"value": row.excluded.value}, where=_kept.c.value < row.excluded.value
        )
        with self._engine.begin() as connection:
            return connection.execute(larger.returning(_kept.c.kind)).first() is not None

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
            value = connection.execute(_VALUE, {"kind": kind, "id": id, "now": int(now.timestamp())}).scalar()
            removed = connection.execute(delete(_kept).where(_kept.c.kind == kind, _kept.c.id == id)).rowcount
        return value if removed else None

    def remove(self, kind: str, id: bytes) -> None:
        """Forget a value."""
        with self._engine.begin() as connection:
            connection.execute(delete(_kept).where(_kept.c.kind == kind, _kept.c.id == id))

    def sweep(self, now: datetime) -> int:
        """Remove everything whose time is over; returns how much."""
        with self._engine.begin() as connection:
            return connection.execute(_EXPIRED, {"now": int(now.timestamp())}).rowcount

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()


def _sqlite_pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's own connection, typed as object by SQLAlchemy
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
