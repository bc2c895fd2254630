"""kill -9 between every two steps of an append: what was acknowledged is there, and nothing is there by half.

A county's process dies again and again, each time a little later. Each time the log is opened as after a restart,
compared with what the process had said before it died and with all that was there before, verified, and the
interrupted step is done again. By default that is before some lines, in particular those between which a file changes;
SUPERVISION_EVERY_CRASH=1 dies before every line, in all files named test_crash_*.py. With -s they say how often.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from events.leaf import RecordedEntry
from events.ledger import Conflict
from events.store import LogStore
from tests.support.crash_places import DEATHS_IN_ONE_PLACE, Places, places
from tests.support.crash_plays import OFFICER, ReportsLife, live
from tests.support.crashing import Life, Nursery, report
from tests.support.log import Deployment, open_log
from tests.support.office import DATABASES

APPEND = (
    "events/ledger.py",
    "events/recorder.py",
    "events/store.py",
    "events/group_commit.py",
    "events/sequencer.py",
)
OF_KIND = {"sqlite": "events/sequencer_sqlite.py", "postgresql": "events/sequencer_postgres.py"}
STRIDE = {"sqlite": 4, "postgresql": 8}
FEWEST = {"sqlite": 50, "postgresql": 25}


class Log:
    """A log whose processes die. Everything ever seen in it must stay where it is."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        county = Deployment(open_log(url, home))
        county.enrol(OFFICER)
        county.store.close()
        self._seen: list[RecordedEntry] = []

    def check_after(self, death: Life, name: str) -> None:
        """Open the log as after a restart, compare, do again what was interrupted, and compare again."""
        life, store = ReportsLife(name), LogStore(self.url, self.home)
        try:
            store.open()
            county = Deployment(store)
            self._check_nothing_moved(county)
            self._check_acknowledged(county, death, life)
            self._finish(county, life)
            assert county.verify().count == store.size()
        finally:
            store.close()
        self._check_destroyed(life)

    def _check_nothing_moved(self, county: Deployment) -> None:
        entries = list(county.store.scan(county.store.size()))
        assert entries[: len(self._seen)] == self._seen
        self._seen = entries

    def _check_acknowledged(self, county: Deployment, death: Life, life: ReportsLife) -> None:
        for (name, position), act in zip(death.said, life.acts, strict=False):
            assert name == act.name
            stored = county.ledger.stored(position - len(act.events) + 1, len(act.events))
            assert [recorded.event for recorded in stored] == list(act.events)
        custody, sealed = county.store.custody, life.sealed
        if 1 <= len(death.said) < len(life.acts) - 1:  # handed in, and the destruction has not begun
            assert all(custody.envelope(row.sha256) == row.data for row in sealed.envelopes)
            assert all(custody.wrap(row.sha256) == row.data for row in sealed.wraps)
            assert all(custody.file_digest(row.sha256) == row.sha256 for row in sealed.files)
            assert custody.lookup("receipt", sealed.lookups[0].tag) == life.id

    def _finish(self, county: Deployment, life: ReportsLife) -> None:
        """Whoever was not answered tries again: it is recorded now, or he learns that it was."""
        for act in life.acts:
            if act.events[-1] not in county.ledger.events_of(act.events[-1].originator_id):
                life.record(county, act)
            elif not act.custody.files:
                with pytest.raises(Conflict):
                    life.record(county, act)
        for event in (event for act in life.acts for event in act.events):
            assert county.ledger.events_of(event.originator_id).count(event) == 1

    def _check_destroyed(self, life: ReportsLife) -> None:
        for path in self.home.rglob("*"):
            if path.is_file():
                data = path.read_bytes()
                assert not any(secret in data for secret in life.secrets()), f"destroyed, but still in {path.name}"


@pytest.fixture(params=DATABASES)
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    with places(request, tmp_path) as found:
        yield found


def test_a_process_killed_before_any_line_of_an_append_leaves_all_or_nothing(somewhere: Places) -> None:
    kind = somewhere.kind
    traced = (*APPEND, OF_KIND[kind])
    with Nursery() as nursery:
        log = Log(*somewhere.new())
        points = nursery.points(
            live, log.url, log.home, "nobody dies", traced=traced, home=log.home, stride=STRIDE[kind]
        )
        deaths = []
        for number, point in enumerate(points):
            if number % DEATHS_IN_ONE_PLACE == 0:
                log = Log(*somewhere.new())
            death = nursery.live(live, log.url, log.home, str(number), traced=traced, die_at=point)
            deaths += [point] * death.died
            with point.blamed():
                log.check_after(death, str(number))
    report(f"append, {kind}", deaths, fewest=FEWEST[kind])
