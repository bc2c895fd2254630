"""A runner that is killed (SIGKILL) at a chosen moment: `python -m tests.support.dying_runner LOG HOME READ MOMENT N`.

MOMENT: `apply`, `flush` or `advance`, the N-th time that it has happened, which is before the commit; `commit`, just
after it. Ends with 0 when it gets to the end of the log alive.
"""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection

from events.ledger import Ledger
from events.store import LogStore
from projections import catalogue
from projections.database import ReadDatabase
from projections.ports import Recorded
from projections.projection import Projection, Writer
from projections.runner import Runner
from projections.shapes import Bound, Layout
from projections.store import ReadStore
from tests.support.log import ORIGIN
from tests.support.towns import Rules, opener_from


class Death:
    """Comes at the `count`-th `moment`."""

    def __init__(self, moment: str, count: int) -> None:
        self._moment = moment
        self._left = count

    def at(self, moment: str) -> None:
        if moment == self._moment:
            self._left -= 1
            if self._left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalWriter:
    def __init__(self, writer: Writer, death: Death) -> None:
        self._writer = writer
        self._death = death

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._writer.preload(batch)

    def apply(self, recorded: Recorded) -> None:
        self._writer.apply(recorded)
        self._death.at("apply")

    def flush(self) -> None:
        self._writer.flush()
        self._death.at("flush")

    @property
    def erased(self) -> bool:
        return self._writer.erased


class Mortal:
    def __init__(self, projection: Projection, death: Death) -> None:
        self._projection = projection
        self._death = death

    @property
    def layout(self) -> Layout:
        return self._projection.layout

    def open(self, connection: Connection, tables: Bound) -> Writer:
        return MortalWriter(self._projection.open(connection, tables), self._death)


class MortalDatabase(ReadDatabase):
    def __init__(self, url: str, death: Death) -> None:
        super().__init__(url)
        self._death = death

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
        self._death.at("commit")


class MortalStore(ReadStore):
    def __init__(self, url: str, death: Death) -> None:
        super().__init__(url, catalogue.layouts(Rules().version))
        self.database = MortalDatabase(url, death)
        self._death = death

    def advance(self, connection: Connection, layout: Layout, position: int, head: int) -> None:
        super().advance(connection, layout, position, head)
        self._death.at("advance")


def main(log_url: str, home: str, read_url: str, moment: str, count: str) -> None:
    log = LogStore(log_url, Path(home))
    log.open()
    death = Death(moment, int(count))
    projections = [Mortal(p, death) for p in catalogue.projections(opener_from(log.custody), Rules())]
    Runner(Ledger(log, ORIGIN), MortalStore(read_url, death), projections, batch=7).run_once()


if __name__ == "__main__":
    main(*sys.argv[1:])
