"""A runner applies every event exactly once, whatever dies and whoever else runs, and never skips one."""

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from projections import catalogue, officers
from projections.fingerprint import fingerprint
from projections.ports import Recorded
from projections.runner import PoisonEvent, Runner
from projections.store import ReadStore
from tests.support.lives import Life
from tests.support.tally import Failing, PowerCut, counted, tally
from tests.support.towns import Archive, Rules, Shelf, people, read_store, some_lives

ROOT = Path(__file__).parents[1]


@pytest.fixture
def shelf() -> Shelf:
    return Shelf([*people(), *(event for life in some_lives() for event in life.events)])


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


def test_while_the_log_grows_projections_stay_in_step_and_share_each_read(database_url: str, shelf: Shelf) -> None:
    class Growing(Shelf):
        """Another report comes in while a batch is read."""

        def stored(self, start: int, limit: int) -> Sequence[Recorded]:
            batch = super().stored(start, limit)
            self.add(*Life(f"after {start}").receive().events)
            starts.append(start)
            return batch

    starts: list[int] = []
    store = ReadStore(database_url, [tally().layout, officers.LAYOUT])
    Runner(Growing(entry.event for entry in shelf.entries), store, [tally(), officers.PROJECTION], batch=5).run_once()
    assert starts == list(range(1, shelf.head() + 1, 5))
    assert len({p.position for p in store.progress()}) == 1


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
