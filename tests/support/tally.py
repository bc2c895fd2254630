"""The simplest projection, which counts events, with ways to break it: what is counted twice or not at all shows."""

import threading
from collections.abc import Callable, Sequence

from sqlalchemy import BigInteger, Column, Connection, Integer, Table, insert, select, update

from projections.ports import Recorded
from projections.projection import Built, Projection, Writer
from projections.runner import Runner
from projections.shapes import SHAPES, Bound, Layout
from projections.store import ReadStore

TALLY = Table("tally", SHAPES, Column("id", Integer, primary_key=True), Column("events", BigInteger, nullable=False))


class Tally:
    """Counts events: the projection that shows at once what was counted twice or not at all."""

    erased = False

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._connection = connection
        self._table = tables[TALLY]

    def preload(self, batch: Sequence[Recorded]) -> None:
        if self._connection.scalar(select(self._table.c.events)) is None:
            self._connection.execute(insert(self._table), {"id": 1, "events": 0})

    def apply(self, recorded: Recorded) -> None:
        more = update(self._table).values(events=self._table.c.events + 1)
        self._connection.execute(more)

    def flush(self) -> None:
        pass


def tally(schema: int = 1) -> Projection:
    return Built(Layout("tally", schema, (TALLY,)), Tally)


def counted(store: ReadStore) -> int:
    with store.reading() as reader:
        return int(reader.connection.scalar(select(reader[TALLY].c.events)) or 0)


class PowerCut(BaseException):
    """What no handler of ours may catch."""


class Failing:
    """A projection whose writer breaks with `error` at the events that `when` picks, as long as `broken`."""

    def __init__(self, projection: Projection, error: BaseException, when: Callable[[Recorded], bool]) -> None:
        self._projection = projection
        self.error = error
        self.when = when
        self.broken = True

    @property
    def layout(self) -> Layout:
        return self._projection.layout

    def open(self, connection: Connection, tables: Bound) -> Writer:
        failing, writer = self, self._projection.open(connection, tables)

        class Breaking:
            erased = False

            def preload(self, batch: Sequence[Recorded]) -> None:
                writer.preload(batch)

            def apply(self, recorded: Recorded) -> None:
                writer.apply(recorded)
                if failing.broken and failing.when(recorded):
                    raise failing.error

            def flush(self) -> None:
                writer.flush()

        return Breaking()


class running:
    """`run_forever` in a thread, ended with the block."""

    def __init__(self, runner: Runner) -> None:
        self._stop = threading.Event()
        self.thread = threading.Thread(target=runner.run_forever, args=(self._stop, 0.02), daemon=True)

    def __enter__(self) -> "running":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()
