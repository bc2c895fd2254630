"""Sequencing: how events of concurrent writers get positions 1, 2, 3, … without a gap.

One writer at a time holds the head. In its transaction it decides who is admitted, gives positions and the
hour, grows the tree, writes custody and moves the head; all of it or nothing becomes visible and durable
with the commit. How the head is held differs: :mod:`events.sequencer_sqlite`,
:mod:`events.sequencer_postgres`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import count, islice
from typing import TypeAlias, TypeVar
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from sqlalchemy import Connection, Engine, Table, delete, func, insert, select, tuple_, update

from events import schema
from events.custody import CustodyBatch, CustodyError, EnvelopeRow, FileRow, LookupRow, WrapRow
from events.leaf import SECONDS_PER_HOUR, Entry, SignedEvent, leaf_hash
from events.merkle import Frontier

T = TypeVar("T")

PARAMETERS = 1000
"""Values in one IN list: databases limit them."""


class Conflict(IntegrityError):
    """Somebody else was quicker: the streams have grown, or the lookups were taken, since they were read.

    ``stream_ids``: the streams concerned. Load them again and decide again.
    """

    def __init__(self, stream_ids: Iterable[UUID]) -> None:
        self.stream_ids = tuple(stream_ids)
        super().__init__(f"记录 {'、'.join(map(str, self.stream_ids))} 已有新的变化，请重新载入后再操作")


@dataclass(frozen=True)
class Submission:
    """What one caller wants written together, in this order. ``custody`` has been checked against it."""

    events: tuple[SignedEvent, ...]
    custody: CustodyBatch


Outcome: TypeAlias = "list[int] | Exception"
"""Positions of a submission's events, or why it was refused."""


class Sequencer(ABC):
    """Holds the head for one writer at a time, across threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @abstractmethod
    def exclusive(self) -> AbstractContextManager[Connection]:
        """A transaction that alone may append: committed when the block ends, rolled back when it raises."""

    def wipe(self) -> None:  # noqa: B027 - most databases have nothing to do here
        """Take away what was destroyed from wherever the database still has it; PostgreSQL does so when it vacuums."""

    @abstractmethod
    def announce(self, connection: Connection) -> None:
        """Let other processes know, once the transaction commits, that the log has grown."""

    def append(self, submissions: Sequence[Submission], now: float) -> list[Outcome]:
        """Write all that can be admitted, in order, in one transaction. ``now``: Unix seconds.

        An outcome that is an exception concerns that submission alone. An exception raised concerns all:
        nothing was written, or (connection lost while committing) nobody knows.
        """
        with self.exclusive() as connection:
            # Until the commit at the end of this block a crash leaves no trace of any of it.
            head = connection.execute(select(schema.head).with_for_update()).one()
            refusals = _refusals(connection, submissions)
            admitted = [s for s, refusal in zip(submissions, refusals, strict=True) if refusal is None]
            # A clock that is set back does not turn the log back.
            hour = max(head.recorded_at, whole_hour(now))
            entries = [Entry(*event, recorded_at=hour) for s in admitted for event in s.events]
            if entries:
                frontier = Frontier.from_bytes(head.size, head.frontier)
                _write_entries(connection, head.origin, entries, frontier)
                _write_custody(connection, [submission.custody for submission in admitted])
                moved = {"size": frontier.size, "frontier": frontier.to_bytes(), "recorded_at": hour}
                connection.execute(update(schema.head), moved)
                self.announce(connection)
        # From here on a crash leaves all of it.
        positions = count(head.size + 1)
        return [
            refusal or list(islice(positions, len(submission.events)))
            for submission, refusal in zip(submissions, refusals, strict=True)
        ]


def whole_hour(now: float) -> int:
    """The hour that has begun, in Unix seconds: a finer time would tell when somebody pressed "send"."""
    return int(now) // SECONDS_PER_HOUR * SECONDS_PER_HOUR


def _write_entries(connection: Connection, origin: str, entries: Sequence[Entry], frontier: Frontier) -> None:
    """Insert entries and the nodes that they finish; ``frontier`` moves along."""
    rows = [{"position": position, **entry._asdict()} for position, entry in enumerate(entries, frontier.size + 1)]
    nodes = [node for entry in entries for node in frontier.append(leaf_hash(origin, entry))]
    connection.execute(insert(schema.event), rows)
    connection.execute(
        insert(schema.node),
        [{"level": at.level, "number": at.number, "hash": digest} for at, digest in nodes],
    )


def _write_custody(connection: Connection, batches: Sequence[CustodyBatch]) -> None:
    added: dict[Table, list[EnvelopeRow | WrapRow | FileRow | LookupRow]] = {
        schema.envelope: [row for batch in batches for row in batch.envelopes],
        schema.wrap: [row for batch in batches for row in batch.wraps],
        schema.file: [row for batch in batches for row in batch.files],
        schema.lookup: [row for batch in batches for row in batch.lookups],
    }
    destroyed = {
        schema.envelope: [sha256 for batch in batches for sha256 in batch.destroy_envelopes],
        schema.wrap: [sha256 for batch in batches for sha256 in batch.destroy_wraps],
        schema.file: [sha256 for batch in batches for sha256 in batch.destroy_files],
    }
    for table, rows in added.items():
        if rows:
            connection.execute(insert(table), [vars(row) for row in rows])
    for table, hashes in destroyed.items():
        for sha256 in hashes:
            if connection.execute(delete(table).where(table.c.sha256 == sha256)).rowcount != 1:
                raise CustodyError("要销毁的密封材料不在保管库中")


# --- Admission ---------------------------------------------------------------------------------------


def _refusals(connection: Connection, submissions: Sequence[Submission]) -> list[Exception | None]:
    """For each submission why it cannot be admitted after those before it, or None.

    Asked under the lock, so the answer still holds when the rows are inserted, and one caller's conflict
    costs the others nothing.
    """
    versions = _stream_versions(connection, {e.stream_id for s in submissions for e in s.events})
    taken = _taken_lookups(connection, [row for s in submissions for row in s.custody.lookups])
    refusals: list[Exception | None] = []
    for submission in submissions:
        grown = dict(versions)
        wanted: dict[tuple[str, bytes], UUID] = {
            (row.kind, row.tag): row.stream_id for row in submission.custody.lookups
        }
        refusal = _advance(grown, submission.events)
        if refusal is None and taken.intersection(wanted):
            refusal = Conflict(wanted[key] for key in taken.intersection(wanted))
        if refusal is None:
            versions = grown
            taken.update(wanted)
        refusals.append(refusal)
    return refusals


def _advance(versions: dict[UUID, int], events: Iterable[SignedEvent]) -> Exception | None:
    for event in events:
        expected = versions.get(event.stream_id, 0) + 1
        if event.stream_version < expected:
            return Conflict([event.stream_id])
        if event.stream_version > expected:
            return ValueError(f"记录 {event.stream_id} 的下一个版本应为 {expected}，不是 {event.stream_version}")
        versions[event.stream_id] = expected
    return None


def _stream_versions(connection: Connection, stream_ids: Iterable[UUID]) -> dict[UUID, int]:
    found: dict[UUID, int] = {}
    event = schema.event.c
    for some in _chunks(stream_ids, PARAMETERS):
        of_these = select(event.stream_id, func.max(event.stream_version)).where(event.stream_id.in_(some))
        for stream_id, version in connection.execute(of_these.group_by(event.stream_id)):
            found[stream_id] = version
    return found


def _taken_lookups(connection: Connection, rows: Iterable[LookupRow]) -> set[tuple[str, bytes]]:
    taken: set[tuple[str, bytes]] = set()
    lookup = schema.lookup.c
    for some in _chunks([(row.kind, row.tag) for row in rows], PARAMETERS // 2):
        query = select(lookup.kind, lookup.tag).where(tuple_(lookup.kind, lookup.tag).in_(some))
        taken.update((kind, tag) for kind, tag in connection.execute(query))
    return taken


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
