"""Brings projections up to the head of the log and keeps them there.

One batch is one transaction: rows and position are committed together or not at all, so a crash at any point
neither loses an event nor counts it twice. The position is read again under its row lock inside that transaction;
of two runners that fetched the same batch the second finds the position moved and drops its copy.

An event that a projection cannot digest stops that projection at the event before, with a line in the log; it is
never skipped. The others go on.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import traceback
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from eventsourcing import persistence
from sqlalchemy import exc

from projections.ports import EventSource, Recorded
from projections.projection import Projection
from projections.store import ReadStore, Superseded

BATCH = 500
IDLE_SECONDS = 1.0

PAUSE_SECONDS = 0.2
"""Between two rounds: one batch then takes many events, and each batch costs a transaction a projection."""

LOADED = 500
LOADED_PAUSE_SECONDS = 0.5
"""The same under load, which is when a round has applied so many."""

#: A database, of the log or of the read models, that does not answer now; not a matter of any event.
AWAY = (exc.OperationalError, exc.InterfaceError, persistence.OperationalError, persistence.InterfaceError)

logger = logging.getLogger(__name__)


class PoisonEvent(RuntimeError):
    """An event that cannot be read or applied. Names projection, position and topic, never a value of the event."""

    def __init__(self, projection: str, position: int, topic: str, cause: str) -> None:
        super().__init__(
            f"查询数据 {projection} 停在第 {position} 条事件（{topic}）之前：{cause}；请升级程序后重新启动。"
        )
        self.projection = projection
        self.position = position


class Step(NamedTuple):
    """What came of one batch: events applied, and whether there may be more."""

    applied: int
    more: bool


class Runner:
    """Applies the events of ``source`` to ``projections``, whose layouts are those of ``store``.

    Threads are the caller's: start :meth:`run_forever` after a fork.
    """

    def __init__(
        self, source: EventSource, store: ReadStore, projections: Iterable[Projection], batch: int = BATCH
    ) -> None:
        self._source = source
        self._store = store
        self._projections = tuple(projections)
        self._batch = batch
        self._fetched: tuple[int, Sequence[Recorded]] = (0, ())
        self._stopped: dict[str, PoisonEvent] = {}
        self._prepared = False
        self._unscrubbed = True  # whoever ran before may have died before he could
        versions = sorted(f"{p.layout.name} {p.layout.version}" for p in self._projections)
        self._office = f"runner-{hashlib.sha256('/'.join(versions).encode()).hexdigest()[:12]}"

    def run_once(self) -> int:
        """Bring every projection to where the log ends now; returns the number of (projection, event) pairs applied.

        Raises the first :class:`PoisonEvent` after the other projections have got to the end.
        """
        self._prepare()
        applied = self._catch_up()
        self._tidy()
        if self._stopped:
            raise next(iter(self._stopped.values()))
        return applied

    def run_forever(self, stop: threading.Event, idle: float = IDLE_SECONDS) -> None:
        """Keep up with the log until ``stop`` is set; does nothing while another runner of the same versions does it.

        Survives a database that is away for a while. Ends when a newer program has replaced its projections.
        """
        while not stop.is_set():
            try:
                with self._store.database.elected(self._office) as elected:
                    if elected:
                        self._serve(stop, idle)
                        return
            except Superseded as gone:
                logger.warning("%s", gone)
                return
            except AWAY as error:
                logger.warning("查询库或日志暂时不可用（%s），稍后重试。", type(error).__name__)
            stop.wait(idle)

    def wait_for(self, position: int, timeout: float) -> bool:
        """See :meth:`projections.store.ReadStore.wait_for`."""
        return self._store.wait_for(position, timeout)

    def rebuild(self) -> int:
        """Drop the rows and build them anew from the first event; returns what :meth:`run_once` does."""
        self._stopped.clear()
        self._store.reset(self._office)
        self._prepared = True
        return self.run_once()

    def _serve(self, stop: threading.Event, idle: float) -> None:
        self._prepare()
        while not stop.is_set():
            head = self._source.head()
            applied = self._catch_up()
            self._tidy()
            # After the round, not before it: what comes alone is shown at once.
            stop.wait(min(idle, PAUSE_SECONDS if applied < LOADED else LOADED_PAUSE_SECONDS))
            self._source.wait_beyond(head, idle)

    def _prepare(self) -> None:
        """Once: a runner whose tables are dropped later was superseded, and must not make them again."""
        if not self._prepared:
            self._store.prepare(self._office)
            self._prepared = True

    def _catch_up(self) -> int:
        """All projections side by side, a batch each in turn, so that one read of the log serves those in step."""
        applied = 0
        head = self._source.head()  # one goal for all: those that start in step stay in step while the log grows
        behind = [p for p in self._projections if p.layout.name not in self._stopped]
        while behind:
            steps = [(p, self._advance_or_stop(p, head)) for p in behind]
            applied += sum(step.applied for _, step in steps)
            behind = [p for p, step in steps if step.more]
        return applied

    def _advance_or_stop(self, projection: Projection, head: int) -> Step:
        try:
            return self._advance(projection, head)
        except PoisonEvent as poison:
            logger.error("%s", poison)
            self._stopped[projection.layout.name] = poison
            return Step(0, False)

    def _advance(self, projection: Projection, head: int) -> Step:
        """Apply the next batch on the way to ``head``."""
        layout = projection.layout
        with self._store.database.reading() as connection:
            present = self._store.present(connection, layout)
        batch = self._fetch(layout.name, present.position + 1)
        if batch:
            return self._digest(projection, present.position, batch, head)
        if not present.ready:
            self._apply(projection, present.position, (), head)
        return Step(0, False)

    def _digest(self, projection: Projection, position: int, batch: Sequence[Recorded], head: int) -> Step:
        try:
            return self._apply(projection, position, batch, head)
        except (*AWAY, Superseded):
            raise  # the database or the program, not the events
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with its position and without values
            if len(batch) == 1:
                name, event = projection.layout.name, batch[0].event
                raise PoisonEvent(name, batch[0].position, event.TOPIC, _where(error)) from None
        # One of them is bad: one by one, those before it still count and it is known which.
        steps = [self._digest(projection, one.position - 1, [one], head) for one in batch]
        return Step(sum(step.applied for step in steps), True)

    def _apply(self, projection: Projection, position: int, batch: Sequence[Recorded], head: int) -> Step:
        layout = projection.layout
        with self._store.database.writing() as connection:
            if self._store.present(connection, layout, lock=True).position != position:
                return Step(0, True)  # another runner was here; look again
            writer = projection.open(connection, self._store.tables(layout))
            writer.preload(batch)
            for recorded in batch:
                writer.apply(recorded)
            writer.flush()
            reached = batch[-1].position if batch else position
            self._store.advance(connection, layout, reached, head)
        self._unscrubbed |= writer.erased
        return Step(len(batch), reached < head)

    def _fetch(self, name: str, start: int) -> Sequence[Recorded]:
        """The batch from ``start`` on; the last one is kept for the other projections in step."""
        if self._fetched[0] != start or not self._fetched[1]:
            try:
                self._fetched = start, self._source.stored(start, self._batch)
            except ValueError:  # an event of the batch cannot be read: up to it, one by one
                self._fetched = start, self._readable(name, start)
        return self._fetched[1]

    def _readable(self, name: str, start: int) -> Sequence[Recorded]:
        found: list[Recorded] = []
        try:
            while more := self._source.stored(start + len(found), 1):
                found.extend(more)
        except ValueError as error:
            if not found:
                raise PoisonEvent(name, start, "?", _where(error)) from None
        return found

    def _tidy(self) -> None:
        """After catching up: drop versions that nobody runs any more, wipe what was erased from the files."""
        for old in self._store.drop_abandoned():
            logger.info("查询数据 %s 的旧版本 %s 已删除。", old.name, old.version)
            self._unscrubbed = True
        if self._unscrubbed:
            self._unscrubbed = not self._store.database.scrub()


def _where(error: BaseException) -> str:
    """Kind and place of an error; its text may quote a row, so it stays out."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"，{frames[-1].name}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"
