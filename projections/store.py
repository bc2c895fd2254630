"""Which versions of which projections exist, how far each has come, and which one is read.

The table ``projection`` has one row a version. A version that has once caught up with the log is ``ready``; only
ready ones are read, so nobody takes a half-built queue for the whole. A changed projection is built beside the
ready one and takes over when it has caught up; what nobody runs any more is dropped after.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    MetaData,
    Row,
    Table,
    Text,
    delete,
    insert,
    inspect,
    select,
    update,
)
from sqlalchemy.schema import DropTable

from projections.database import ReadDatabase
from projections.shapes import Bound, Json, Layout

WAIT_STEP_SECONDS = 0.01


class NotReady(RuntimeError):
    """A projection has not caught up with the log yet, so it cannot be read. Names it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"查询数据“{name}”正在建立，尚未完成；请稍后再试。")
        self.name = name


class Superseded(RuntimeError):
    """The version that this program builds was dropped: a newer program has taken over."""


@dataclass(frozen=True)
class Progress:
    """How far one version of a projection has come. ``position``: of the last event applied."""

    name: str
    version: str
    position: int
    ready: bool


class Reader:
    """A connection that reads, and the tables in force for it (``reader[REPORT]``); see :meth:`ReadStore.reading`."""

    def __init__(self, connection: Connection, find: Callable[[Table], Bound]) -> None:
        self.connection = connection
        self._find = find

    def __getitem__(self, shape: Table) -> Table:
        """Where ``shape`` is stored now; raises :class:`NotReady`."""
        return self._find(shape)[shape]


class ReadStore:
    """The read models in the database at ``url``, in the versions of ``layouts``."""

    def __init__(self, url: str, layouts: Iterable[Layout]) -> None:
        self.database = ReadDatabase(url)
        self.layouts = tuple(layouts)
        self._layout_of = {shape.name: layout for layout in self.layouts for shape in layout.shapes}
        self._bound: dict[tuple[str, str], Bound] = {}
        self._versions = _versions_table(self.database.schema)
        self._exists = False

    # -- reading ------------------------------------------------------------------------------------------------

    @contextmanager
    def reading(self) -> Iterator[Reader]:
        """Read the ready versions. Using a projection that has none raises :class:`NotReady`."""
        with self.database.reading() as connection:
            rows = self._visible(connection)

            def find(shape: Table) -> Bound:
                layout = self._layout_of[shape.name]
                return self._bind(layout, _readable(layout, rows))

            yield Reader(connection, find)

    def progress(self) -> tuple[Progress, ...]:
        """All versions that exist, by name and version; for the health page and ``verify``."""
        with self.database.reading() as connection:
            return tuple(_progress(row) for row in self._visible(connection))

    def wait_for(self, position: int, timeout: float, names: Collection[str] = ()) -> bool:
        """Whether the projections (all, or those of ``names``) show ``position``, after at most ``timeout`` seconds.

        For the page that follows a command; the runner may live in another process, so it looks now and then.
        """
        mine = {(layout.name, layout.version) for layout in self.layouts if not names or layout.name in names}
        deadline = time.monotonic() + timeout
        while True:
            shown = {(p.name, p.version) for p in self.progress() if p.position >= position}
            if mine <= shown:
                return True
            if time.monotonic() >= deadline:
                return False
            time.sleep(WAIT_STEP_SECONDS)

    # -- building: for the runner -------------------------------------------------------------------------------

    def prepare(self, runner: str) -> None:
        """Make the tables of this program's versions where they are missing.

        ``runner``: the office that whoever builds them is elected to. The versions of the program that started last
        are the newest, whatever their number: an upgrade can be taken back.
        """
        with self.database.defining() as connection:
            self._versions.metadata.create_all(connection)
            rows = {(row.name, row.version): row for row in self._rows(connection)}
            for layout in self.layouts:
                row = rows.get((layout.name, layout.version))
                newest = max((r.generation for r in rows.values() if r.name == layout.name), default=0)
                if row is None:
                    self._create(connection, layout, runner, newest + 1)
                elif (row.runner, row.generation) != (runner, newest):
                    mine = update(self._versions).where(*self._is(layout))
                    generation = row.generation if row.generation == newest else newest + 1
                    connection.execute(mine.values(runner=runner, generation=generation))

    def present(self, connection: Connection, layout: Layout, *, lock: bool = False) -> Progress:
        """How far ``layout`` has come; ``lock`` keeps others from moving it until the transaction ends.

        Raises :class:`Superseded`.
        """
        query = select(self._versions).where(*self._is(layout))
        row = connection.execute(query.with_for_update() if lock else query).one_or_none()
        if row is None:
            raise Superseded(f"查询数据 {layout.name} 的版本 {layout.version} 已被取代；请停止旧程序。")
        return _progress(row)

    def tables(self, layout: Layout) -> Bound:
        """The tables that this program builds for ``layout``."""
        return self._bind(layout, layout.version)

    def advance(self, connection: Connection, layout: Layout, position: int, head: int) -> None:
        """Move the position, in the transaction that wrote the rows; at ``head`` the version is ready from now on."""
        moved: dict[str, object] = {"position": position}
        if position >= head:
            moved["ready"] = True
        connection.execute(update(self._versions).where(*self._is(layout)).values(moved))

    def reset(self, runner: str) -> None:
        """Drop what this program builds and make it empty; it is not read until it has caught up again."""
        with self.database.defining() as connection:
            self._versions.metadata.create_all(connection)
            rows = {(row.name, row.version): row for row in self._rows(connection)}
            for layout in self.layouts:
                row = rows.get((layout.name, layout.version))
                if row:
                    self._drop(connection, row)
                self._create(connection, layout, runner, row.generation if row else 1)

    def drop_abandoned(self) -> tuple[Progress, ...]:
        """Drop older versions of projections whose present version is ready, unless their own runner still lives.

        Their rows would no longer be kept up, and what must be erased would stay in them. Returns what was dropped.
        """
        with self.database.reading() as connection:
            rows = self._rows(connection)
        mine = {(layout.name, layout.version) for layout in self.layouts}
        ready = {row.name: row.generation for row in rows if row.ready and (row.name, row.version) in mine}
        dropped = []
        for row in rows:
            if row.generation < ready.get(row.name, 0):
                with self.database.elected(row.runner) as nobody_runs_it:
                    if nobody_runs_it:
                        with self.database.defining() as connection:
                            self._drop(connection, row)
                        dropped.append(_progress(row))
        return tuple(dropped)

    # -- the table of versions ------------------------------------------------------------------------------------

    def _rows(self, connection: Connection) -> list[Row]:
        """All versions. Only after :meth:`_visible`, or in the transaction that made the table."""
        v = self._versions
        return list(connection.execute(select(v).order_by(v.c.name, v.c.version)))

    def _visible(self, connection: Connection) -> list[Row]:
        """All versions, for a reader who may come before the first runner has made the table."""
        v = self._versions
        self._exists = self._exists or inspect(connection).has_table(v.name, schema=v.schema)
        return self._rows(connection) if self._exists else []

    def _is(self, layout: Layout) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        return self._versions.c.name == layout.name, self._versions.c.version == layout.version

    def _bind(self, layout: Layout, version: str) -> Bound:
        key = (layout.name, version)
        if key not in self._bound:
            self._bound[key] = Bound(layout, version, self.database.schema)
        return self._bound[key]

    def _create(self, connection: Connection, layout: Layout, runner: str, generation: int) -> None:
        bound = self.tables(layout)
        bound.metadata.create_all(connection, checkfirst=False)
        connection.execute(
            insert(self._versions),
            {
                "name": layout.name,
                "version": layout.version,
                "generation": generation,
                "position": 0,
                "ready": False,
                "runner": runner,
                "tables": [table.name for table in bound.tables.values()],
            },
        )

    def _drop(self, connection: Connection, row: Row) -> None:
        # The row first, as whoever applies a batch locks it first: else the two could wait for each other.
        v = self._versions.c
        connection.execute(delete(self._versions).where(v.name == row.name, v.version == row.version))
        for name in row.tables:
            table = Table(name, MetaData(schema=self.database.schema))
            connection.execute(DropTable(table, if_exists=True))


def _progress(row: Row) -> Progress:
    return Progress(row.name, row.version, row.position, row.ready)


def _readable(layout: Layout, rows: Iterable[Row]) -> str:
    """The version to read: this program's own, else one that only other rules set apart, whose rows look the same."""
    ready = {row.version for row in rows if row.name == layout.name and row.ready}
    if layout.version in ready:
        return layout.version
    for version in sorted(ready):
        if version.split(".")[0] == str(layout.schema):
            return version
    raise NotReady(layout.name)


def _versions_table(schema: str | None) -> Table:
    return Table(
        "projection",
        MetaData(schema=schema),
        Column("name", Text, primary_key=True),
        Column("version", Text, primary_key=True),
        Column("generation", Integer, nullable=False),
        Column("position", BigInteger, nullable=False),
        Column("ready", Boolean, nullable=False),
        Column("runner", Text, nullable=False),
        Column("tables", Json, nullable=False),
    )
