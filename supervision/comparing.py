"""``supervision verify --projections``: are the read models those that the log gives?

They are built anew, in a scratch database in the home, up to the position where each stands, and compared row by row.
What differs is named by table, key and column; values are shown to nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Row, Table, select, text

from events.ledger import Ledger, RecordedEvent
from projections.projection import Projection
from projections.runner import Runner
from projections.shapes import Layout
from projections.store import NotReady, ReadStore
from supervision.platform import Platform
from supervision.projecting import make_projections
from supervision.settings import sqlite_url

PATIENCE_SECONDS = 3.0
"""How long a server that is running may take to bring its read models to the end of the log."""

ROWS_AT_ONCE = 1000


class RowsDiffer(Exception):
    """A read model that does not follow from the log. One Chinese line with table, key and column."""


@dataclass(frozen=True)
class UpTo:
    """The log, as if it ended at ``last`` (:class:`projections.ports.EventSource`)."""

    ledger: Ledger
    last: int

    def stored(self, start: int, limit: int) -> Sequence[RecordedEvent]:
        return self.ledger.stored(start, min(limit, self.last - start + 1)) if start <= self.last else []

    def head(self) -> int:
        return self.last

    def wait_beyond(self, position: int, timeout: float) -> bool:
        return False


def compare_projections(platform: Platform) -> int:
    """The number of rows that were compared and found equal.

    Raises :class:`RowsDiffer`, ``NotReady``, ``PoisonEvent``, BadSetting without the console's key.
    """
    projections, reads = make_projections(platform), platform.reads
    reads.wait_for(platform.ledger.head(), PATIENCE_SECONDS)
    compared = 0
    with TemporaryDirectory(dir=platform.settings.home, prefix=".verify-") as directory, _moment(reads) as connection:
        reached = {layout: _position(reads, connection, layout) for layout in reads.layouts}
        for position in sorted(set(reached.values())):
            layouts = [layout for layout in reached if reached[layout] == position]
            with _built(Path(directory) / f"{position}.sqlite", platform, projections, position) as rebuilt:
                compared += sum(_compare(reads, connection, rebuilt, layout) for layout in layouts)
    return compared


@contextmanager
def _moment(reads: ReadStore) -> Iterator[Connection]:
    """A connection that sees all tables as they were at one moment."""
    with reads.database.reading() as connection:
        if not reads.database.is_sqlite:  # SQLite does so by itself
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        yield connection


def _position(reads: ReadStore, connection: Connection, layout: Layout) -> int:
    progress = {(one.name, one.version): one for one in reads.progress()}
    if (layout.name, layout.version) not in progress:
        raise NotReady(layout.name)
    return reads.present(connection, layout).position


@contextmanager
def _built(
    path: Path, platform: Platform, projections: Iterable[Projection], position: int
) -> Iterator[tuple[ReadStore, Connection]]:
    """All read models as the log up to a position gives them."""
    store = ReadStore(sqlite_url(path), platform.reads.layouts)
    try:
        Runner(UpTo(platform.ledger, position), store, projections).run_once()
        with store.database.reading() as connection:
            yield store, connection
    finally:
        store.database.close()


def _compare(reads: ReadStore, connection: Connection, rebuilt: tuple[ReadStore, Connection], layout: Layout) -> int:
    """How many rows there are, all equal. Raises RowsDiffer."""
    store, other = rebuilt
    count = 0
    for shape in layout.shapes:
        table, anew = reads.tables(layout)[shape], store.tables(layout)[shape]
        for shown, due in zip_longest(_rows(connection, table), _rows(other, anew)):
            if shown is None or due is None or tuple(shown) != tuple(due):
                raise RowsDiffer(_difference(table, shown, due))
            count += 1
    return count


def _rows(connection: Connection, table: Table) -> Iterable[Row[*tuple[Any, ...]]]:
    query = select(table).order_by(*table.primary_key)
    return connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})


def _difference(table: Table, shown: Row[*tuple[Any, ...]] | None, due: Row[*tuple[Any, ...]] | None) -> str:
    keys = [column.name for column in table.primary_key]

    def key(row: Row[*tuple[Any, ...]] | None) -> tuple[str, ...]:
        return tuple(str(row._mapping[name]) for name in keys) if row is not None else ()

    where = f"查询数据表 {table.name} 中主键为 {'、'.join(key(shown) or key(due))} 的一行"
    if shown is None or due is None or key(shown) != key(due):
        what = "缺失" if shown is None else "多余，或其前有缺失"
    else:
        names = [column.name for column in table.columns if shown._mapping[column.name] != due._mapping[column.name]]
        what = f"的 {'、'.join(names)} 与日志不符"
    return f"{where}{what}；请查明原因，再运行 supervision rebuild 重建。"
