"""kill -9 in the middle of load: several processes with several threads each, sharing transactions and taking turns.

Where a single append is killed before each of its lines (`test_crash_append.py`), here the moment is any, also within
the database's own code, and neighbours are at work: those in the same transaction and those in another process. On
PostgreSQL the server is killed, too.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from eventsourcing.persistence import PersistenceError

from events.leaf import RecordedEntry
from events.store import LogStore
from tests.support.crash_places import Places, places
from tests.support.crash_plays import ReportsLife, crowd
from tests.support.crashing import EVERY, Nursery
from tests.support.lacking import lacking
from tests.support.log import Clock, Deployment, open_log
from tests.support.mortal_postgres import MortalPostgres
from tests.support.office import DATABASES
from tests.support.postgres import find_binaries

ROUNDS = 60 if EVERY else 6
ROUNDS_IN_ONE_PLACE = 6
PROCESSES = 2
THREADS = 4
LONGEST = 0.15
"""Seconds of load before a kill."""


@pytest.fixture(params=DATABASES)
def somewhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Places]:
    with places(request, tmp_path) as found:
        yield found


class Log:
    """What was acknowledged, and what was seen, in all rounds together."""

    def __init__(self, url: str, home: Path) -> None:
        self.url, self.home = url, home
        self.acknowledged: dict[str, int] = {}
        self._seen: list[RecordedEntry] = []
        open_log(url, home).close()

    def check(self) -> None:
        """Everything acknowledged has a position of its own and is there, nothing has moved."""
        assert len(set(self.acknowledged.values())) == len(self.acknowledged)
        store = LogStore(self.url, self.home, Clock())
        store.open()
        entries = list(store.scan(store.size()))
        assert entries[: len(self._seen)] == self._seen
        self._seen = entries
        county = Deployment(store)
        stored = {recorded.position: recorded.event for recorded in county.ledger.stored(1, len(entries))}
        for name, position in self.acknowledged.items():
            assert (stored[position - 1], stored[position]) == ReportsLife(name).acts[0].events
        # Each report with its receipt, its envelopes, wraps, file and lookup, those that nobody was told of as well.
        assert county.verify().count == len(entries)
        for envelope in (row for name in self.acknowledged for row in ReportsLife(name).sealed.envelopes):
            assert store.custody.envelope(envelope.sha256) == envelope.data
        store.close()


def test_processes_killed_under_load_lose_nothing_that_they_answered(somewhere: Places) -> None:
    chance, acknowledged = random.Random(20261123), 0
    with ExitStack() as stack, ThreadPoolExecutor(PROCESSES) as pool:
        nurseries = [stack.enter_context(Nursery()) for _ in range(PROCESSES)]
        for number in range(ROUNDS):
            if number % ROUNDS_IN_ONE_PLACE == 0:
                log = Log(*somewhere.new())
            # One dies while the other goes on, sooner or later.
            lives = [
                pool.submit(
                    nursery.live, crowd, log.url, log.home, f"{number} {who}", THREADS, chance.uniform(0, LONGEST)
                )
                for who, nursery in enumerate(nurseries)
            ]
            for life in lives:
                assert life.result().died
                log.acknowledged |= dict(life.result().said)
                acknowledged += len(life.result().said)
            log.check()
    assert acknowledged > ROUNDS * PROCESSES
    sys.stdout.write(f"\nload, {somewhere.kind}: {ROUNDS * PROCESSES} deaths, {acknowledged} reports acknowledged\n")


# --- The server --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def mortal_server() -> Iterator[MortalPostgres]:
    binaries = find_binaries()
    if binaries is None:
        lacking("PostgreSQL 服务器程序", "请安装 postgresql 软件包")
    with MortalPostgres(binaries) as server:
        yield server


WAYS_TO_DIE = {"killed": MortalPostgres.kill, "stopped at once": MortalPostgres.stop_at_once}


@pytest.mark.postgres
@pytest.mark.parametrize("die", WAYS_TO_DIE.values(), ids=WAYS_TO_DIE.keys())
def test_a_database_server_that_dies_under_load_loses_nothing_that_was_answered(
    mortal_server: MortalPostgres, tmp_path: Path, die: Callable[[MortalPostgres], None]
) -> None:
    log = Log(mortal_server.url(mortal_server.create_database()), tmp_path)
    store = LogStore(log.url, tmp_path, Clock())
    county, over = Deployment(store), threading.Event()

    def hand_in(thread: int) -> int:
        """Without end; whoever is not answered goes on with the next. Returns how many were not."""
        failed = 0
        for number in range(1_000_000):
            if over.is_set():
                break
            life = ReportsLife(f"{thread} {number}")
            try:
                log.acknowledged[life.name] = life.record(county, life.acts[0])
            except PersistenceError:
                failed += 1
                time.sleep(0.02)
        return failed

    def wait_for_more(reports: int) -> None:
        wanted = len(log.acknowledged) + reports
        deadline = time.monotonic() + 60
        while len(log.acknowledged) < wanted and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(log.acknowledged) >= wanted, "nobody is answered any more"

    with ThreadPoolExecutor(THREADS) as pool:
        reporters = [pool.submit(hand_in, thread) for thread in range(THREADS)]
        try:
            wait_for_more(20)
            die(mortal_server)
            mortal_server.revive()
            wait_for_more(20)  # by the same process, with connections that had gone
        finally:
            over.set()
        assert sum(reporter.result() for reporter in reporters) > 0
    store.close()
    log.check()
