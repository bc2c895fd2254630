"""The log's database: append events, read them back, read the tree.

Everything that touches it goes through one :class:`LogStore` per process; threads share it, a forked child
gets its own connections. It checks that what it is given is well-formed and fits custody; who may sign what
is for others to check.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.persistence import Notification, OperationalError, PersistenceError
from sqlalchemy import Row, Select, and_, false, or_, select

from events import merkle, schema
from events.checkpoint import Checkpoint
from events.checkpoints import Checkpoints
from events.claims import claims_of
from events.custody import NO_CHANGE, CustodyBatch, check_custody
from events.custody_reader import CustodyReader
from events.database import library_errors, open_engine, read, value_of
from events.group_commit import GroupCommit
from events.growth import Growth
from events.leaf import Entry, RecordedEntry, SignedEvent, check_form
from events.merkle import Coordinate, Frontier
from events.note import parse
from events.sequencer import Outcome, Sequencer, Submission
from events.sequencer_postgres import PostgresSequencer
from events.sequencer_sqlite import SQLiteSequencer
from events.topics import registered

DESTRUCTIONS_AT_ONCE = 1000

_ENTRY = ", ".join(Entry._fields)


class DamagedLog(RuntimeError):
    """The stored tree is not the one that was signed. Nothing may be appended to it."""


@dataclass(frozen=True)
class Head:
    """The log as it stands. ``size``: last position, 0 if empty; ``recorded_at``: its hour, Unix seconds."""

    origin: str
    size: int
    root: bytes
    recorded_at: int

    def checkpoint(self) -> Checkpoint:
        return Checkpoint(self.origin, self.size, self.root)


class LogStore:
    """The log in a database.

    ``url``: ``sqlite:////path/to/file`` or ``postgresql+psycopg://…``. ``home``: the deployment's
    directory; sealed files are under it. ``clock``: Unix seconds. Nothing is opened before the first use.
    """

    def __init__(self, url: str, home: Path, clock: Callable[[], float] = time.time) -> None:
        self._engine = open_engine(url)
        self._clock = clock
        self._sequencer: Sequencer = (
            SQLiteSequencer(self._engine) if self._engine.dialect.name == "sqlite" else PostgresSequencer(self._engine)
        )
        self.custody = CustodyReader(self._engine, home)
        self.checkpoints = Checkpoints(self._engine, self._sequencer.exclusive)
        self._start_afresh()
        reference = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _in_child(reference()))

    def _start_afresh(self) -> None:
        # Locks and threads of a parent process mean nothing in its child.
        self._writers: GroupCommit[Submission, list[int]] = GroupCommit(self._commit, self._sequencer.turn)
        self._growth = Growth(self._engine, self.size)

    def create(self, origin: str) -> None:
        """Make an empty log. Raises :class:`events.schema.SchemaError` where there is one, ``ValueError``."""
        with library_errors(), self._sequencer.exclusive() as connection:
            schema.create(connection, origin)

    def open(self) -> Head:
        """Check the log before it is used, finish what a crash has left of a destruction, and return the log's head.

        Raises :class:`events.schema.SchemaError` for a missing log or another revision, :class:`DamagedLog`
        when the tree does not begin with the one last signed.
        """
        with library_errors(), self._engine.connect() as connection:
            schema.check_revision(connection)
        try:
            head = self.head()
            self._check_tree(head)
            self._finish_destruction()
        except ValueError as error:
            raise DamagedLog(f"日志与已签署的检查点不符（{error}），拒绝写入；请运行 supervision verify 查看") from None
        return head

    def _check_tree(self, head: Head) -> None:
        if merkle.tree_root(head.size, self.read_nodes) != head.root:
            raise ValueError("节点与树的边缘不符")
        last = self.checkpoints.last()
        if last is None:
            return
        signed = Checkpoint.parse(parse(last.note).text)
        if signed.size > head.size:
            raise ValueError(f"已签署到第 {signed.size} 条，现有 {head.size} 条")
        if merkle.tree_root(signed.size, self.read_nodes) != signed.root:
            raise ValueError(f"前 {signed.size} 条的根不同")

    def close(self) -> None:
        """Ends waits and closes connections."""
        self._growth.close()
        self._engine.dispose()

    # --- Appending -----------------------------------------------------------------------------------

    def append(self, events: Sequence[SignedEvent], custody: CustodyBatch = NO_CHANGE) -> list[int]:
        """Write events and the changes in custody that they speak of, durably; returns their positions.

        All or nothing. Raises :class:`events.sequencer.Conflict` when a stream has grown meanwhile or a
        lookup is taken, :class:`events.custody.CustodyError` when custody does not fit, ``ValueError`` for
        a version out of order, the library's ``OperationalError`` for trouble with disk or connection: only then
        it may be unknown whether the events were written.
        """
        # On the caller's own thread, so that what is wrong with his data never reaches a shared transaction.
        for event in events:
            check_form(event)
        check_custody(custody, events)
        self._check_files(custody)
        positions = self._writers.submit(Submission(tuple(events), custody))
        for sha256 in custody.destroy_files:
            self.custody.file_path(sha256).unlink(missing_ok=True)
        if custody.destroy_envelopes or custody.destroy_wraps:
            self._sequencer.wipe()
        return positions

    def _finish_destruction(self) -> None:
        """Take from the disk what an event says is destroyed: whoever wrote it may have died before he could.

        Nobody could make up for it otherwise, since the event is written and the rows are gone.
        """
        destroying = [name for name, event in registered() if "destroyed" in event.__dataclass_fields__]
        last = 0
        while entries := self.entries(last + 1, DESTRUCTIONS_AT_ONCE, topics=destroying):
            last = entries[-1].position
            for sha256 in (sha256 for _, entry in entries for sha256 in claims_of(entry.state).destroyed):
                path = self.custody.file_path(sha256)
                kept = self.custody.find("file", [sha256]).get(sha256) if path.exists() else None
                if kept is not None and kept.stream_id is None:
                    path.unlink(missing_ok=True)
        if last:
            self._sequencer.wipe()

    def _check_files(self, custody: CustodyBatch) -> None:
        for row in custody.files:
            path = self.custody.file_path(row.sha256)
            if not path.is_file() or path.stat().st_size != row.size:
                raise ValueError("密封文件尚未写好，或大小不符")

    def _commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """One transaction for all; where one of them spoils it, one for each."""
        try:
            with library_errors():
                outcomes = self._sequencer.append(submissions, self._clock())
        except OperationalError as error:  # not about anybody's data: the disk, the connection
            return [OperationalError(str(error)) for _ in submissions]
        except (PersistenceError, ValueError) as error:
            if len(submissions) == 1:
                return [error]
            return [outcome for submission in submissions for outcome in self._commit([submission])]
        self._growth.announce()
        return outcomes

    # --- Reading -------------------------------------------------------------------------------------

    def head(self) -> Head:
        """Origin, size, root and last hour, all of the same moment."""
        origin, size, frontier, recorded_at = self._head("origin, size, frontier, recorded_at")
        return Head(origin, size, Frontier.from_bytes(size, frontier).root(), recorded_at)

    def size(self) -> int:
        """Number of events, which is the last position."""
        return int(self._head("size")[0])

    def _head(self, columns: str) -> tuple[Any, ...]:
        for row in read(self._engine, f"SELECT {columns} FROM head"):  # noqa: S608 - names of ours
            return row
        raise DamagedLog("数据库中的日志没有树头，请从备份恢复，并运行 supervision verify 查看")

    def entries(
        self, start: int, limit: int, stop: int | None = None, topics: Sequence[str] = ()
    ) -> list[RecordedEntry]:
        """At most ``limit`` entries from ``start`` to ``stop``, both included; of ``topics`` if given."""
        rows = self._between(f"position, {_ENTRY}", start, limit, stop, topics)
        return [RecordedEntry(row[0], Entry(_uuid(row[1]), *row[2:])) for row in rows]

    def notifications(
        self, start: int, limit: int, stop: int | None = None, topics: Sequence[str] = ()
    ) -> list[Notification]:
        """The same as :meth:`entries`, with only what readers of the library ask for."""
        rows = self._between("stream_id, stream_version, topic, state, position", start, limit, stop, topics)
        return [Notification(_uuid(stream_id), *rest) for stream_id, *rest in rows]

    def _between(
        self, columns: str, start: int, limit: int, stop: int | None, topics: Sequence[str]
    ) -> list[tuple[Any, ...]]:
        conditions: list[tuple[str, Sequence[object]]] = [("position >= ?", [start])]
        if stop is not None:
            conditions.append(("position <= ?", [stop]))
        if topics:
            conditions.append((f"topic IN ({', '.join('?' * len(topics))})", topics))
        return self._events(columns, conditions, "position", limit)

    def scan(self, size: int, chunk: int = 1000) -> Iterator[RecordedEntry]:
        """All entries up to position ``size``, read in pieces, so that memory does not grow."""
        for start in range(1, size + 1, chunk):
            yield from self.entries(start, chunk, stop=size)

    def stream(
        self,
        stream_id: UUID,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[Entry]:
        """Entries of a stream by version: those greater than ``gt`` and up to ``lte``."""
        conditions: list[tuple[str, Sequence[object]]] = [("stream_id = ?", [value_of(self._engine, stream_id)])]
        if gt is not None:
            conditions.append(("stream_version > ?", [gt]))
        if lte is not None:
            conditions.append(("stream_version <= ?", [lte]))
        rows = self._events(_ENTRY, conditions, "stream_version DESC" if desc else "stream_version", limit)
        return [Entry(stream_id, *row[1:]) for row in rows]

    def _events(
        self, columns: str, conditions: Sequence[tuple[str, Sequence[object]]], order: str, limit: int | None
    ) -> list[tuple[Any, ...]]:
        where = " AND ".join(condition for condition, _ in conditions)
        values = [value for _, some in conditions for value in some]
        query = f"SELECT {columns} FROM event WHERE {where} ORDER BY {order}"  # noqa: S608 - names of ours, values apart
        return (
            read(self._engine, query, values)
            if limit is None
            else read(self._engine, f"{query} LIMIT ?", [*values, limit])
        )

    def position_of(self, stream_id: UUID, version: int = 1) -> int | None:
        """Where an event is, None where there is none."""
        event = schema.event.c
        query = select(event.position).where(event.stream_id == stream_id, event.stream_version == version)
        return next((row.position for row in self._rows(query)), None)

    def read_nodes(self, wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        """Hashes of tree nodes (:data:`events.merkle.ReadNodes`); a node that is not there is left out."""
        node = schema.node.c
        numbers: dict[int, list[int]] = {}
        for level, number in wanted:
            numbers.setdefault(level, []).append(number)
        # Level by level, since SQLite looks through the whole table for pairs in a list.
        of_levels = [and_(node.level == level, node.number.in_(some)) for level, some in numbers.items()]
        query = select(node.level, node.number, node.hash).where(or_(false(), *of_levels))
        return {Coordinate(level, number): digest for level, number, digest in self._rows(query)}

    def wait_beyond(self, position: int, timeout: float, given_up: Callable[[], bool] = lambda: False) -> bool:
        """Whether there is an event beyond ``position``, after waiting for it at most ``timeout`` seconds."""
        return self._growth.wait_beyond(position, timeout, given_up)

    def wake_waiters(self) -> None:
        """Makes every :meth:`wait_beyond` ask again whether it should give up."""
        self._growth.announce()

    def _rows(self, query: Select[*tuple[Any, ...]]) -> Sequence[Row[*tuple[Any, ...]]]:
        with library_errors(), self._engine.connect() as connection:
            return connection.execute(query).all()


def _uuid(value: UUID | str) -> UUID:
    return value if isinstance(value, UUID) else UUID(value)


def _in_child(store: LogStore | None) -> None:
    if store is not None:
        store._start_afresh()
