"""A runner applies every event exactly once, whatever dies and whoever else runs, and never skips one."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import BigInteger, Column, Connection, Integer, Table, insert, select, update

from projections import catalogue, officers, queries, reports
from projections.fingerprint import fingerprint
from projections.ports import Recorded
from projections.projection import Built, Projection
from projections.runner import PoisonEvent, Runner
from projections.shapes import SHAPES, Bound, Layout
from projections.store import NotReady, ReadStore, Superseded
from tests.support.lives import Archive, Life, Opener, Rules, Shelf, people, read_store

ROOT = Path(__file__).parents[1]

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

    def open(self, connection: Connection, tables: Bound) -> Tally:
        failing, writer = self, self._projection.open(connection, tables)

        class Writer:
            erased = False

            def preload(self, batch: Sequence[Recorded]) -> None:
                writer.preload(batch)

            def apply(self, recorded: Recorded) -> None:
                writer.apply(recorded)
                if failing.broken and failing.when(recorded):
                    raise failing.error

            def flush(self) -> None:
                writer.flush()

        return Writer()  # type: ignore[return-value]  # a writer by its shape


def some_lives() -> list[Life]:
    return [
        Life("a").handled().close().feed_back(),
        Life("b").receive(named=False).register().supplement().draft(),
        Life("c").receive_sealed(),
        Life("d").receive().register().bypass(),
    ]


def all_events(lives: Sequence[Life]) -> Shelf:
    return Shelf([*people(), *(event for life in lives for event in life.events)])


@pytest.fixture
def shelf() -> Shelf:
    return all_events(some_lives())


# -- exactly once ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 3, 500])
def test_every_event_is_applied_once(database_url: str, shelf: Shelf, batch: int) -> None:
    store = ReadStore(database_url, [tally().layout])
    runner = Runner(shelf, store, [tally()], batch)
    assert runner.run_once() == shelf.head()
    assert counted(store) == shelf.head()
    assert runner.run_once() == 0
    shelf.add(*Life("later").receive().events)
    assert runner.run_once() == 1
    assert counted(store) == shelf.head()


def test_a_crash_inside_the_transaction_counts_nothing_twice(database_url: str, shelf: Shelf) -> None:
    store = ReadStore(database_url, [tally().layout])
    cut = Failing(tally(), PowerCut(), lambda recorded: recorded.position == 8)
    with pytest.raises(PowerCut):
        Runner(shelf, store, [cut], batch=3).run_once()
    assert [p.position for p in store.progress()] == [6]
    assert not store.progress()[0].ready
    cut.broken = False
    Runner(shelf, store, [cut], batch=3).run_once()
    assert counted(store) == shelf.head()


@pytest.mark.parametrize(
    ("moment", "count"), [("apply", 1), ("apply", 40), ("flush", 3), ("advance", 9), ("commit", 9)]
)
def test_a_killed_process_leaves_rows_that_a_new_one_completes(
    database_url: str, tmp_path: Path, moment: str, count: int
) -> None:
    log_url = f"sqlite:///{tmp_path / 'log.sqlite3'}"
    archive = Archive(log_url, tmp_path)
    archive.write(*some_lives())
    killed = run_until_killed(log_url, tmp_path, database_url, moment, count)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    store = read_store(database_url)
    Runner(archive.ledger, store, catalogue.projections(archive.opener, Rules())).run_once()
    assert fingerprint_of(store) == built_in_one_go(archive, tmp_path)


def run_until_killed(
    log_url: str, home: Path, read_url: str, moment: str, count: int
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.support.dying_runner", log_url, str(home), read_url, moment, str(count)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )


def built_in_one_go(archive: Archive, tmp_path: Path) -> str:
    store = read_store(f"sqlite:///{tmp_path / 'other.sqlite3'}")
    Runner(archive.ledger, store, catalogue.projections(archive.opener, Rules())).run_once()
    return fingerprint_of(store)


def fingerprint_of(store: ReadStore) -> str:
    with store.reading() as reader:
        return fingerprint(reader, store.layouts)


def test_two_runners_at_once_count_every_event_once(database_url: str, shelf: Shelf) -> None:
    stores = [ReadStore(database_url, [tally().layout]) for _ in range(2)]
    both = threading.Barrier(2)

    def run(store: ReadStore) -> None:
        both.wait()
        Runner(shelf, store, [tally()], batch=1).run_once()

    threads = [threading.Thread(target=run, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert counted(stores[0]) == shelf.head()


def test_of_two_runners_that_fetched_the_same_batch_the_second_drops_its_copy(database_url: str, shelf: Shelf) -> None:
    store = ReadStore(database_url, [tally().layout])

    class Overtaken(Shelf):
        """While this log hands out its first batch, another runner applies it."""

        def stored(self, start: int, limit: int) -> Sequence[Recorded]:
            batch = super().stored(start, limit)
            if start == 1:
                Runner(shelf, ReadStore(database_url, [tally().layout]), [tally()], batch=5).run_once()
            return batch

    Runner(Overtaken(entry.event for entry in shelf.entries), store, [tally()], batch=5).run_once()
    assert counted(store) == shelf.head()


# -- events that cannot be digested ----------------------------------------------------------------------------


def test_a_poison_event_stops_its_projection_before_it_and_says_so(
    database_url: str, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    store = ReadStore(database_url, [tally().layout, officers.LAYOUT])
    poison = Failing(tally(), KeyError("密件内容"), lambda recorded: recorded.position == 12)
    runner = Runner(shelf, store, [poison, officers.PROJECTION], batch=5)
    with caplog.at_level(logging.ERROR), pytest.raises(PoisonEvent) as stopped:
        runner.run_once()
    assert stopped.value.position == 12
    (line,) = [record.getMessage() for record in caplog.records]
    assert "tally" in line and "第 12 条" in line and "KeyError" in line
    assert "密件内容" not in line
    positions = {p.name: p.position for p in store.progress()}
    assert positions == {"tally": 11, "officers": shelf.head()}


def test_after_an_upgrade_the_projection_goes_on_from_the_poison_event(database_url: str, shelf: Shelf) -> None:
    store = ReadStore(database_url, [tally().layout])
    poison = Failing(tally(), ValueError(), lambda recorded: recorded.position == 12)
    with pytest.raises(PoisonEvent):
        Runner(shelf, store, [poison]).run_once()
    poison.broken = False
    Runner(shelf, store, [poison]).run_once()
    assert counted(store) == shelf.head()


def test_an_event_that_the_log_cannot_read_stops_all_before_it(database_url: str, shelf: Shelf) -> None:
    class Torn(Shelf):
        def stored(self, start: int, limit: int) -> Sequence[Recorded]:
            if start <= 9 < start + limit:
                raise ValueError("unknown topic")
            return super().stored(start, limit)

    store = ReadStore(database_url, [tally().layout])
    with pytest.raises(PoisonEvent, match="第 9 条"):
        Runner(Torn(entry.event for entry in shelf.entries), store, [tally()], batch=4).run_once()
    assert [p.position for p in store.progress()] == [8]


# -- versions side by side -------------------------------------------------------------------------------------


def test_nothing_is_read_before_it_has_caught_up(database_url: str, shelf: Shelf) -> None:
    store = ReadStore(database_url, [tally().layout])
    with pytest.raises(NotReady, match="tally"):
        counted(store)
    cut = Failing(tally(), PowerCut(), lambda recorded: recorded.position == 8)
    with pytest.raises(PowerCut):
        Runner(shelf, store, [cut], batch=3).run_once()
    with pytest.raises(NotReady):
        counted(store)


def test_an_empty_log_is_caught_up_with_at_once(database_url: str) -> None:
    store = ReadStore(database_url, [tally().layout])
    assert Runner(Shelf(), store, [tally()]).run_once() == 0
    assert counted(store) == 0


def test_a_new_version_is_built_beside_the_old_and_takes_over(database_url: str, shelf: Shelf) -> None:
    old = ReadStore(database_url, [tally(1).layout])
    Runner(shelf, old, [tally(1)]).run_once()
    new = ReadStore(database_url, [tally(2).layout])
    halfway = Failing(tally(2), PowerCut(), lambda recorded: recorded.position == 20)
    with pytest.raises(PowerCut):
        Runner(shelf, new, [halfway], batch=5).run_once()
    assert counted(old) == shelf.head()
    with pytest.raises(NotReady):
        counted(new)
    Runner(shelf, new, [tally(2)]).run_once()
    assert counted(new) == shelf.head()
    assert [(p.version, p.ready) for p in new.progress()] == [("2", True)]
    with pytest.raises(NotReady):
        counted(old)


def test_a_runner_whose_version_was_replaced_stops_instead_of_building_it_again(
    database_url: str, shelf: Shelf
) -> None:
    store = ReadStore(database_url, [tally(1).layout])
    Runner(shelf, store, [tally(1)]).run_once()
    Runner(shelf, ReadStore(database_url, [tally(2).layout]), [tally(2)]).run_once()
    with store.database.reading() as connection, pytest.raises(Superseded):
        store.present(connection, tally(1).layout)


def test_the_old_version_stays_while_its_own_runner_lives(database_url: str, shelf: Shelf) -> None:
    old = ReadStore(database_url, [tally(1).layout])
    with running(Runner(shelf, old, [tally(1)])):
        assert old.wait_for(shelf.head(), 10)
        new = Runner(shelf, ReadStore(database_url, [tally(2).layout]), [tally(2)])
        new.run_once()
        assert counted(old) == shelf.head()
    new.run_once()
    assert [p.version for p in old.progress()] == ["2"]


def test_another_calendar_builds_the_reports_anew_and_meanwhile_shows_the_old_dates(
    database_url: str, shelf: Shelf
) -> None:
    opener = Opener()
    before, after = Rules(), Rules("rules-2027.1/days-2027.1")
    old = ReadStore(database_url, [reports.layout(before.version)])
    Runner(shelf, old, [reports.projection(opener, before)]).run_once()
    new = ReadStore(database_url, [reports.layout(after.version)])
    report_id = Life("a").id
    with new.reading() as reader:
        assert queries.report(reader, report_id) is not None
    Runner(shelf, new, [reports.projection(opener, after)]).run_once()
    assert [p.version for p in new.progress()] == [reports.layout(after.version).version]
    with new.reading() as reader:
        assert queries.report(reader, report_id) is not None


# -- keeping up ------------------------------------------------------------------------------------------------


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


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    archive = Archive(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)
    yield archive
    archive.log.close()


def test_the_page_after_a_command_waits_until_it_shows(database_url: str, archive: Archive) -> None:
    store = read_store(database_url)
    with running(Runner(archive.ledger, store, catalogue.projections(archive.opener, Rules()))):
        life = Life("now").receive()
        assert store.wait_for(archive.write(life), 10)
        with store.reading() as reader:
            assert row_state(reader, life.id) == "received"
        position = archive.write(life.register())
        assert store.wait_for(position, 10)
        with store.reading() as reader:
            assert row_state(reader, life.id) == "registered"
        assert not store.wait_for(position + 1, 0.05)


def row_state(reader: object, report_id: UUID) -> str:
    row = queries.report(reader, report_id)  # type: ignore[arg-type]  # a Reader
    assert row is not None
    return row.state


def test_a_page_may_wait_for_one_projection_alone(database_url: str, shelf: Shelf) -> None:
    store = ReadStore(database_url, [tally().layout, officers.LAYOUT])
    poison = Failing(tally(), ValueError(), lambda recorded: recorded.position == 2)
    with pytest.raises(PoisonEvent):
        Runner(shelf, store, [poison, officers.PROJECTION]).run_once()
    assert not store.wait_for(shelf.head(), 0)
    assert store.wait_for(shelf.head(), 0, names=["officers"])


def test_one_runner_is_elected_and_another_takes_its_place(database_url: str, shelf: Shelf) -> None:
    first, second = (ReadStore(database_url, [tally().layout]) for _ in range(2))
    with running(Runner(shelf, second, [tally()])) as waiting:
        with running(Runner(shelf, first, [tally()])):
            assert first.wait_for(shelf.head(), 10)
            assert waiting.thread.is_alive()
        shelf.add(*Life("later").receive().events)
        assert second.wait_for(shelf.head(), 10)
    assert counted(second) == shelf.head()


def test_the_elected_one_holds_the_office_alone(database_url: str) -> None:
    first, second = (ReadStore(database_url, [tally().layout]).database for _ in range(2))
    with first.elected("runner") as mine, second.elected("runner") as theirs:
        assert (mine, theirs) == (True, False)
    with second.elected("runner") as theirs:
        assert theirs


def test_a_runner_that_is_superseded_ends(database_url: str, shelf: Shelf) -> None:
    store = ReadStore(database_url, [tally(1).layout])
    stop = threading.Event()
    runner = Runner(shelf, store, [tally(1)])
    thread = threading.Thread(target=runner.run_forever, args=(stop, 0.02), daemon=True)
    thread.start()
    assert store.wait_for(shelf.head(), 10)
    with store.database.defining() as connection:
        # What the runner of a newer program would do if this one had been taken for dead.
        store._drop(connection, store._rows(connection)[0])
    thread.join(10)
    assert not thread.is_alive()
    stop.set()
