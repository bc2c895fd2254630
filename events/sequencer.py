"""Sequencing: how events of concurrent writers get positions 1, 2, 3, … without a gap.

One writer at a time holds the head. In its transaction it decides who is admitted, gives positions and the
hour, grows the tree, writes custody and moves the head; all of it or nothing becomes visible and durable
with the commit. The decisions are here; how the head is held, and the SQL, differ:
:mod:`events.sequencer_sqlite`, :mod:`events.sequencer_postgres`.

While one holds the head all others wait, so a transaction asks the database twice, for many callers at once:
:meth:`Transaction.look` and :meth:`Transaction.write`. Both speak to the driver itself; SQLAlchemy's
handling of values would take longer than the database does.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from itertools import count, islice
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from sqlalchemy import Connection, Engine, Table

from events import schema
from events.custody import NO_CHANGE, CustodyBatch
from events.leaf import SECONDS_PER_HOUR, Entry, SignedEvent, leaf_hash
from events.merkle import Frontier

Row: TypeAlias = tuple[Any, ...]
LookupKey: TypeAlias = tuple[str, bytes]


class Conflict(IntegrityError):
    """Somebody else was quicker: the streams have grown, or the lookups were taken, since they were read.

    ``stream_ids``: the streams concerned. Load them again and decide again.
    """

    def __init__(self, stream_ids: Iterable[UUID]) -> None:
        self.stream_ids = tuple(stream_ids)
        super().__init__(f"记录 {'、'.join(map(str, self.stream_ids))} 已有新的变化，请重新载入后再操作")


class Submission(NamedTuple):
    """What one caller wants written together, in this order. ``custody`` has been checked against it."""

    events: tuple[SignedEvent, ...]
    custody: CustodyBatch


Outcome: TypeAlias = "list[int] | Exception"
"""Positions of a submission's events, or why it was refused."""


class Found(NamedTuple):
    """The log as it stands, and what concerns the submissions.

    ``versions``: last version of each stream that was asked for and exists. ``taken``: of the lookups asked for.
    """

    origin: str
    size: int
    frontier: bytes
    recorded_at: int
    versions: dict[UUID, int]
    taken: set[LookupKey]


class Transaction(Protocol):
    """What a database does for the sequencer."""

    def look(self, stream_ids: Collection[UUID], lookups: Collection[LookupKey]) -> Found:
        """First: hold the head, and read."""

    def write(
        self,
        added: Mapping[Table, Sequence[Row]],
        destroyed: Mapping[Table, Sequence[bytes]],
        head: Mapping[str, Any],
    ) -> None:
        """Insert rows (values in the order of the columns), delete those with these SHA-256, change the head.

        Raises :class:`events.custody.CustodyError` when something to delete is not there.
        """


class Sequencer(ABC):
    """Holds the head for one writer at a time, across threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def turn(self) -> AbstractContextManager[None]:
        """This process's turn among all that append, to be held around :meth:`append`.

        PostgreSQL queues for the head itself.
        """
        return nullcontext()

    @abstractmethod
    def transaction(self) -> AbstractContextManager[Transaction]:
        """A transaction that alone may append: committed when the block ends, rolled back when it raises."""

    @abstractmethod
    def exclusive(self) -> AbstractContextManager[Connection]:
        """The same of SQLAlchemy, for what happens once."""

    def wipe(self) -> None:  # noqa: B027 - most databases have nothing to do here
        """Take away what was destroyed from wherever the database still has it; PostgreSQL does so when it vacuums."""

    def append(self, submissions: Sequence[Submission], now: float) -> list[Outcome]:
        """Write all that can be admitted, in order, in one transaction. ``now``: Unix seconds.

        An outcome that is an exception concerns that submission alone. An exception raised concerns all:
        nothing was written, or (connection lost while committing) nobody knows.
        """
        with self.transaction() as transaction:
            # Until the commit at the end of this block a crash leaves no trace of any of it.
            found = transaction.look(
                {event.stream_id for s in submissions for event in s.events},
                {(row.kind, row.tag) for s in submissions for row in s.custody.lookups},
            )
            refusals = _refusals(submissions, found)
            admitted = [s for s, refusal in zip(submissions, refusals, strict=True) if refusal is None]
            # A clock that is set back does not turn the log back.
            hour = max(found.recorded_at, whole_hour(now))
            entries = [Entry(*event, hour) for s in admitted for event in s.events]
            if entries:
                frontier = Frontier.from_bytes(found.size, found.frontier)
                custody = [s.custody for s in admitted if s.custody is not NO_CHANGE]
                added = _entry_rows(found.origin, entries, frontier) | _custody_rows(custody)
                moved = {"size": frontier.size, "frontier": frontier.to_bytes(), "recorded_at": hour}
                transaction.write(added, _destroyed(custody), moved)
        # From here on a crash leaves all of it.
        positions = count(found.size + 1)
        return [
            refusal or list(islice(positions, len(submission.events)))
            for submission, refusal in zip(submissions, refusals, strict=True)
        ]


def whole_hour(now: float) -> int:
    """The hour that has begun, in Unix seconds: a finer time would tell when somebody pressed "send"."""
    return int(now) // SECONDS_PER_HOUR * SECONDS_PER_HOUR


# --- Rows --------------------------------------------------------------------------------------------


def _entry_rows(origin: str, entries: Sequence[Entry], frontier: Frontier) -> dict[Table, list[Row]]:
    """Rows of entries and of the nodes that they finish; ``frontier`` moves along."""
    rows: list[Row] = [(position, *entry) for position, entry in enumerate(entries, frontier.size + 1)]
    nodes: list[Row] = [
        (level, number, digest)
        for entry in entries
        for (level, number), digest in frontier.append(leaf_hash(origin, entry))
    ]
    return {schema.event: rows, schema.node: nodes}


def _custody_rows(batches: Sequence[CustodyBatch]) -> dict[Table, list[Row]]:
    return {
        schema.envelope: [_ENVELOPE(row) for batch in batches for row in batch.envelopes],
        schema.wrap: [_WRAP(row) for batch in batches for row in batch.wraps],
        schema.file: [_FILE(row) for batch in batches for row in batch.files],
        schema.lookup: [_LOOKUP(row) for batch in batches for row in batch.lookups],
    }


def _destroyed(batches: Sequence[CustodyBatch]) -> dict[Table, list[bytes]]:
    return {
        schema.envelope: [sha256 for batch in batches for sha256 in batch.destroy_envelopes],
        schema.wrap: [sha256 for batch in batches for sha256 in batch.destroy_wraps],
        schema.file: [sha256 for batch in batches for sha256 in batch.destroy_files],
    }


_ENVELOPE, _WRAP, _FILE, _LOOKUP = (
    attrgetter(*table.columns.keys()) for table in (schema.envelope, schema.wrap, schema.file, schema.lookup)
)


# --- Admission ---------------------------------------------------------------------------------------


def _refusals(submissions: Sequence[Submission], found: Found) -> list[Exception | None]:
    """For each submission why it cannot be admitted after those before it, or None.

    Asked under the lock, so the answer still holds when the rows are inserted, and one caller's conflict
    costs the others nothing.
    """
    versions, taken = found.versions, found.taken
    refusals: list[Exception | None] = []
    for submission in submissions:
        grown: dict[UUID, int] = {}
        wanted: dict[LookupKey, UUID] = {(row.kind, row.tag): row.stream_id for row in submission.custody.lookups}
        refusal = _advance(versions, grown, submission.events)
        if refusal is None and taken.intersection(wanted):
            refusal = Conflict(wanted[key] for key in taken.intersection(wanted))
        if refusal is None:
            versions.update(grown)
            taken.update(wanted)
        refusals.append(refusal)
    return refusals


def _advance(versions: Mapping[UUID, int], grown: dict[UUID, int], events: Iterable[SignedEvent]) -> Exception | None:
    """Counts ``events`` onto ``versions``, into ``grown``; why that cannot be, or None."""
    for event in events:
        stream_id, version = event.stream_id, event.stream_version
        expected = (grown.get(stream_id) or versions.get(stream_id, 0)) + 1
        if version < expected:
            return Conflict([stream_id])
        if version > expected:
            return ValueError(f"记录 {stream_id} 的下一个版本应为 {expected}，不是 {version}")
        grown[stream_id] = version
    return None
