"""Versions of read models side by side, and runners that keep up with the log one after the other."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest
from eventsourcing import persistence

from projections import catalogue, officers, queries, reports
from projections.ports import Recorded
from projections.runner import PoisonEvent, Runner
from projections.store import NotReady, Reader, ReadStore, Superseded
from tests.support.lives import Life
from tests.support.tally import Failing, PowerCut, counted, running, tally
from tests.support.towns import Archive, Opener, Rules, Shelf, people, read_store, some_lives


@pytest.fixture
def shelf() -> Shelf:
    return Shelf([*people(), *(event for life in some_lives() for event in life.events)])


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


def row_state(reader: Reader, report_id: UUID) -> str:
    row = queries.report(reader, report_id)
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


def test_a_log_that_is_away_for_a_while_is_waited_for(
    database_url: str, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    class Away(Shelf):
        left = 3

        def stored(self, start: int, limit: int) -> Sequence[Recorded]:
            self.left -= 1
            if self.left >= 0:
                raise persistence.OperationalError("connection refused")
            return super().stored(start, limit)

    store = ReadStore(database_url, [tally().layout])
    with running(Runner(Away(entry.event for entry in shelf.entries), store, [tally()])):
        assert store.wait_for(shelf.head(), 10)
    assert counted(store) == shelf.head()
    assert sum("暂时不可用" in record.getMessage() for record in caplog.records) == 3


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
