"""Many writers, in threads and in processes: no gap, no neighbour harmed, nobody waits for ever.

A writer that is killed leaves all or nothing.
"""

import contextlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import IntegrityError, OperationalError

from events.custody import CustodyBatch, CustodyError, LookupRow
from events.leaf import SignedEvent
from events.sequencer import Conflict
from events.signing import signature_message
from events.store import LogStore
from tests.support.log import ORIGIN, Deployment, digest, open_log, signer, stream

KEY = signer("writer")
REPOSITORY = Path(__file__).parent.parent


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[LogStore]:
    store = open_log(database_url, tmp_path)
    yield store
    store.close()


def event(stream_id: UUID, version: int) -> SignedEvent:
    signature = KEY.sign(signature_message(ORIGIN, stream_id, version, "thing.happened.v1", b"{}"))
    return SignedEvent(stream_id, version, "thing.happened.v1", b"{}", digest("salt"), KEY.key_id, signature)


def assert_whole(store: LogStore) -> None:
    """Positions and versions without a gap, and a tree that fits."""
    versions: dict[UUID, int] = {}
    for expected, (position, entry) in enumerate(store.scan(store.size()), 1):
        assert position == expected
        assert entry.stream_version == versions.get(entry.stream_id, 0) + 1
        versions[entry.stream_id] = entry.stream_version
    store.open()


def outcome_of(future: Future[Any]) -> Any:
    return future.exception(timeout=30) or future.result()


def run_together(work: Callable[[int], object], writers: int) -> list[Any]:
    """Lets `writers` threads start at the same moment; results in their order, exceptions included."""
    start = threading.Barrier(writers)

    def one(number: int) -> object:
        start.wait()
        return work(number)

    with ThreadPoolExecutor(writers) as pool:
        return [outcome_of(future) for future in [pool.submit(one, number) for number in range(writers)]]


# --- Threads
# ----------------------------------------------------------------------------------------------------


def test_threads_write_without_a_gap(store: LogStore) -> None:
    def write(number: int) -> list[int]:
        return [store.append([event(stream(number), version)])[0] for version in range(1, 11)]

    done = [positions for positions in run_together(write, 12) if isinstance(positions, list)]
    assert sorted(position for positions in done for position in positions) == list(range(1, 121))
    assert_whole(store)


def test_of_many_who_want_the_same_version_one_wins_and_the_others_are_told(store: LogStore) -> None:
    outcomes = run_together(lambda number: store.append([event(stream(number), 1), event(stream("same"), 1)]), 10)
    won = [outcome for outcome in outcomes if isinstance(outcome, list)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert won == [[1, 2]]
    assert len(lost) == 9
    assert_whole(store)


def test_bad_data_of_one_caller_harms_no_neighbour(store: LogStore) -> None:
    def write(number: int) -> list[int]:
        lookup = LookupRow("import", b"short" if number % 4 == 0 else digest(number), stream(number))
        return store.append([event(stream(number), 1)], CustodyBatch(lookups=(lookup,)))

    outcomes = run_together(write, 12)
    for number, outcome in enumerate(outcomes):
        assert isinstance(outcome, IntegrityError if number % 4 == 0 else list)
    assert store.size() == 9
    assert_whole(store)


# --- Trouble
# --------------------------------------------------------------------------------------------------------


def test_trouble_with_the_disk_or_connection_is_told_to_all_and_not_tried_again(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def fail(*_: object) -> None:
        attempts.append(1)
        raise OperationalError("disk full")

    monkeypatch.setattr(store._sequencer, "append", fail)
    outcomes = run_together(lambda number: store.append([event(stream(number), 1)]), 4)
    assert all(isinstance(outcome, OperationalError) for outcome in outcomes)
    assert len({id(outcome) for outcome in outcomes}) == 4
    assert len(attempts) <= 4


def test_a_caller_whose_custody_is_wrong_harms_no_neighbour(store: LogStore) -> None:
    """Destroying what is not there is found only within the shared transaction."""
    missing = digest("missing")
    state = b'{"destroyed":["' + missing.hex().encode() + b'"]}'

    def write(number: int) -> list[int]:
        if number == 0:
            bad = event(stream(number), 1)._replace(state=state)
            return store.append([bad], CustodyBatch(destroy_wraps=(missing,)))
        return store.append([event(stream(number), 1)])

    first, *others = run_together(write, 8)
    assert isinstance(first, CustodyError)
    assert all(isinstance(outcome, list) for outcome in others)
    assert_whole(store)


def test_a_lost_connection_is_told_and_the_next_caller_gets_a_new_one(store: LogStore) -> None:
    if store._engine.dialect.name != "postgresql":
        return  # a file does not hang up
    run_together(lambda number: store.append([event(stream(number), 1)]), 4)
    with psycopg.connect(store._engine.url.set(drivername="postgresql").render_as_string(False)) as other:
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    for lost in (lambda: store.append([event(stream("a"), 1)]), lambda: store.entries(1, 10)):
        with contextlib.suppress(OperationalError):
            lost()
    assert store.append([event(stream("b"), 1)])
    assert_whole(store)


# --- Processes
# --------------------------------------------------------------------------------------------------

WRITER = """
import sys
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4
from events.store import LogStore
from tests.test_events_concurrency import event

url, home, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
store = LogStore(url, home)
store.size()  # connected before it counts
print("ready", flush=True)
sys.stdin.readline()
for _ in range(count):
    (position,) = store.append([event(uuid4(), 1)])
    print(position, flush=True)
store.close()
"""


SURROUNDINGS: Any = {"cwd": REPOSITORY, "env": {**os.environ, "PYTHONPATH": str(REPOSITORY)}}


def start_writer(script: str, *arguments: object) -> subprocess.Popen[str]:
    writer = subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        **SURROUNDINGS,
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "ready\n"
    return writer


def test_processes_write_without_a_gap_and_take_turns(store: LogStore, database_url: str, tmp_path: Path) -> None:
    writers = [start_writer(WRITER, database_url, tmp_path, 40) for _ in range(3)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    outputs = [writer.communicate(timeout=60)[0].split() for writer in writers]
    positions = [[int(position) for position in output] for output in outputs]
    assert sorted(p for some in positions for p in some) == list(range(1, 121))
    assert_whole(store)
    # Nobody starves: each has written a good part of his own before the first of them was done.
    first_done = min(some[-1] for some in positions)
    assert all(sum(p <= first_done for p in some) >= 5 for some in positions)


CRASHER = """
import sys
from pathlib import Path
from events.store import LogStore
from tests.support.log import Deployment, ORIGIN

url, home = sys.argv[1], Path(sys.argv[2])
deployment = Deployment(LogStore(url, home))
print("ready", flush=True)
sys.stdin.readline()
for number in range(10_000):
    deployment.file_report(f"{sys.argv[3]} {number}", "narrative", "where", "when")
    print(number, flush=True)
"""


@pytest.mark.parametrize("delay", [0.02, 0.11])
def test_a_writer_killed_at_any_moment_leaves_each_report_whole_or_not_at_all(
    store: LogStore, database_url: str, tmp_path: Path, delay: float
) -> None:
    for round_ in range(3):
        writer = start_writer(CRASHER, database_url, tmp_path, round_)
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
        time.sleep(delay * (round_ + 1))
        writer.kill()
        output, _ = writer.communicate(timeout=30)
        acknowledged = [line for line in output.split("\n")[:-1] if line]
        for number in acknowledged:
            assert store.custody.lookup("receipt", digest("tag", f"{round_} {number}")) is not None
    assert_whole(store)
    deployment = Deployment(store)
    verified = deployment.verify()  # receipts with their reports, events with their envelopes and wraps
    assert verified.count == store.size() == 2 * store.custody.counts()["wrap"]
    deployment.file_report("after the crashes")
    assert deployment.verify().count == verified.count + 2


HOLDER = """
import sys
from pathlib import Path
from events.store import LogStore

with LogStore(sys.argv[1], Path(sys.argv[2]))._sequencer.transaction() as transaction:
    transaction.look([], [])
    print("ready", flush=True)
    sys.stdin.readline()
"""


def test_a_writer_who_is_killed_while_he_holds_the_head_lets_the_next_one_in(
    store: LogStore, database_url: str, tmp_path: Path
) -> None:
    holder = start_writer(HOLDER, database_url, tmp_path)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(store.append, [event(stream("a"), 1)])
        with pytest.raises(TimeoutError):
            waiting.result(timeout=0.2)
        holder.kill()
        assert waiting.result(timeout=10) == [1]
    holder.communicate()
    assert_whole(store)


FORKER = """
import os
import sys
from pathlib import Path
from events.store import LogStore
from tests.test_events_concurrency import event, stream

store = LogStore(sys.argv[1], Path(sys.argv[2]))
store.append([event(stream("parent"), 1)])
child = os.fork()
store.append([event(stream("parent" if child else "child"), 2 if child else 1)])
if child:
    sys.exit(os.waitpid(child, 0)[1])
"""


def test_a_forked_child_writes_with_connections_of_its_own(store: LogStore, database_url: str, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", FORKER, database_url, tmp_path], check=True, timeout=60, **SURROUNDINGS)
    assert store.size() == 3
    assert_whole(store)


FORKER_WHO_HAS_WAITED = """
import os
import sys
import time
from pathlib import Path
from events.store import LogStore
from tests.test_events_concurrency import event, stream

store = LogStore(sys.argv[1], Path(sys.argv[2]))
assert not store.wait_beyond(10**9, 0.1)
child = os.fork()
if child == 0:
    (position,) = store.append([event(stream("child"), 1)])
    os._exit(not store.wait_beyond(position, 30))
version = 0
while (ended := os.waitpid(child, os.WNOHANG)) == (0, 0):
    version += 1
    store.append([event(stream("parent"), version)])
    time.sleep(0.05)
sys.exit(ended[1])
"""


def test_a_forked_child_waits_with_a_thread_of_its_own(store: LogStore, database_url: str, tmp_path: Path) -> None:
    """A thread of the parent's, such as the one that listens on PostgreSQL, is not in the child."""
    script = [sys.executable, "-c", FORKER_WHO_HAS_WAITED, database_url, tmp_path]
    subprocess.run(script, check=True, timeout=60, **SURROUNDINGS)
    assert len(store.stream(stream("child"))) == 1
    assert_whole(store)


# --- Noticing growth
# --------------------------------------------------------------------------------------------


def test_a_waiter_is_woken_by_a_writer_of_the_same_process(store: LogStore) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(store.wait_beyond, 0, 30)
        store.append([event(stream("a"), 1)])
        assert waiter.result(timeout=5)


def test_a_waiter_is_woken_by_a_writer_of_another_process(store: LogStore, database_url: str, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(store.wait_beyond, 0, 30)
        other = LogStore(database_url, tmp_path)
        other.append([event(uuid4(), 1)])
        other.close()
        assert waiter.result(timeout=5)


def test_a_waiter_who_gives_up_is_let_go(store: LogStore) -> None:
    given_up = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(store.wait_beyond, 0, 30, given_up.is_set)
        given_up.set()
        store.wake_waiters()
        assert not waiter.result(timeout=5)


def test_closing_the_store_ends_all_waits(database_url: str, tmp_path: Path) -> None:
    store = open_log(database_url, tmp_path)
    with ThreadPoolExecutor(1) as pool:
        waiter = pool.submit(store.wait_beyond, 0, 30)
        time.sleep(0.05)
        store.close()
        assert not waiter.result(timeout=5)
