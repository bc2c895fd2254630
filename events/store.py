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

from eventsourcing.persistence import OperationalError, PersistenceError
from sqlalchemy import Row, Select, select, tuple_

from events import merkle, schema
from events.checkpoint import Checkpoint
from events.checkpoints import Checkpoints
from events.custody import CustodyBatch, check_custody
from events.custody_reader import CustodyReader
from events.database import library_errors, open_engine
from events.group_commit import GroupCommit
from events.growth import Growth
from events.leaf import Entry, RecordedEntry, SignedEvent, check_form
from events.merkle import Coordinate, Frontier
from events.note import parse
from events.sequencer import Outcome, Sequencer, Submission
from events.sequencer_postgres import PostgresSequencer
from events.sequencer_sqlite import SQLiteSequencer

NO_CUSTODY = CustodyBatch()

_ENTRY = tuple(schema.event.c[name] for name in Entry._fields)


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
        self.checkpoints = Checkpoints(self._engine)
        self._start_afresh()
        reference = weakref.ref(self)
        os.register_at_fork(after_in_child=lambda: _in_child(reference()))

    def _start_afresh(self) -> None:
        # Locks and threads of a parent process mean nothing in its child.
        self._writers: GroupCommit[Submission, list[int]] = GroupCommit(self._commit)
        self._growth = Growth(self._engine, self.size)

    def create(self, origin: str) -> None:
        """Make an empty log. Raises :class:`events.schema.SchemaError` where there is one, ``ValueError``."""
        with library_errors(), self._sequencer.exclusive() as connection:
            schema.create(connection, origin)

    def open(self) -> Head:
        """Check the log before it is used, and return its head.

        Raises :class:`events.schema.SchemaError` for a missing log or another revision, :class:`DamagedLog`
        when the tree does not begin with the one last signed.
        """
        with library_errors(), self._engine.connect() as connection:
            schema.check_revision(connection)
        try:
            head = self.head()
            self._check_tree(head)
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

    def append(self, events: Sequence[SignedEvent], custody: CustodyBatch = NO_CUSTODY) -> list[int]:
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
        self._growth.announce()
        for sha256 in custody.destroy_files:
            self.custody.file_path(sha256).unlink(missing_ok=True)
        if custody.destroy_envelopes or custody.destroy_wraps:
            self._sequencer.wipe()
        return positions

    def _check_files(self, custody: CustodyBatch) -> None:
        for row in custody.files:
            path = self.custody.file_path(row.sha256)
            if not path.is_file() or path.stat().st_size != row.size:
                raise ValueError("密封文件尚未写好，或大小不符")

    def _commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """One transaction for all; where one of them spoils it, one for each."""
        try:
            with library_errors():
                return self._sequencer.append(submissions, self._clock())
        except OperationalError as error:  # not about anybody's data: the disk, the connection
            return [OperationalError(str(error)) for _ in submissions]
        except (PersistenceError, ValueError) as error:
            if len(submissions) == 1:
                return [error]
            return [outcome for submission in submissions for outcome in self._commit([submission])]

    # --- Reading -------------------------------------------------------------------------------------

    def head(self) -> Head:
        """Origin, size, root and last hour, all of the same moment."""
        row = self._head_row(select(schema.head))
        frontier = Frontier.from_bytes(row.size, row.frontier)
        return Head(row.origin, row.size, frontier.root(), row.recorded_at)

    def size(self) -> int:
        """Number of events, which is the last position."""
        return int(self._head_row(select(schema.head.c.size)).size)

    def _head_row(self, query: Select[*tuple[Any, ...]]) -> Row[*tuple[Any, ...]]:
        for row in self._rows(query):
            return row
        raise DamagedLog("数据库中的日志没有树头，请从备份恢复，并运行 supervision verify 查看")

    def entries(
        self, start: int, limit: int, stop: int | None = None, topics: Sequence[str] = ()
    ) -> list[RecordedEntry]:
        """At most ``limit`` entries from ``start`` to ``stop``, both included; of ``topics`` if given."""
        event = schema.event.c
        query = select(event.position, *_ENTRY).where(event.position >= start).order_by(event.position).limit(limit)
        if stop is not None:
            query = query.where(event.position <= stop)
        if topics:
            query = query.where(event.topic.in_(topics))
        return [RecordedEntry(position, Entry(*entry)) for position, *entry in self._rows(query)]

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
        event = schema.event.c
        version = event.stream_version
        query = select(*_ENTRY).where(event.stream_id == stream_id).order_by(version.desc() if desc else version)
        if gt is not None:
            query = query.where(version > gt)
        if lte is not None:
            query = query.where(version <= lte)
        return [Entry(*row) for row in self._rows(query.limit(limit))]

    def read_nodes(self, wanted: Sequence[Coordinate]) -> Mapping[Coordinate, bytes]:
        """Hashes of tree nodes (:data:`events.merkle.ReadNodes`); a node that is not there is left out."""
        node = schema.node.c
        query = select(node.level, node.number, node.hash).where(tuple_(node.level, node.number).in_(wanted))
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


def _in_child(store: LogStore | None) -> None:
    if store is not None:
        store._start_afresh()
