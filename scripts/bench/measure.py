"""One contender on one empty database, in a process of its own; prints its rates as JSON.

    python scripts/bench/measure.py CONTENDER URL SECONDS

Each rate is in events per second: `1`, `8` and `32` are that many threads with one event a call, each event the
first of a new stream; `batch` is one thread with 500 events a call; `read` reads all that was written, in order.
The limit has no threads: it writes as many events in a transaction as the others have writers.
"""

import json
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import getrandbits
from uuid import UUID

from eventsourcing.persistence import StoredEvent

sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

from bench.contenders import CONTENDERS, BareSQLite, Recorder  # noqa: E402 - a script finds its package itself

WRITERS = (1, 8, 32)
BATCH = 500
PAGE = 500
STATE = b'{"text":"' + b"x" * 1489 + b'"}'
"""1.5 KB of canonical JSON; PostgreSQL does not compress a row of this length."""


def main() -> None:
    name, url, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
    recorder = CONTENDERS[name](url)
    write(recorder, 1, time.monotonic() + seconds / 5)  # connections, caches
    rates = {str(writers): measure_writers(recorder, writers, seconds) for writers in WRITERS}
    rates["batch"] = rate(lambda until: write(recorder, BATCH, until), seconds)
    rates["read"] = rate(lambda until: read(recorder, until), seconds)
    print(json.dumps(rates))


def rate(work: Callable[[float], int], seconds: float) -> float:
    """Events per second of `work`, which is told when to stop and returns how many it did."""
    start = time.monotonic()
    return work(start + seconds) / (time.monotonic() - start)


def measure_writers(recorder: Recorder, writers: int, seconds: float) -> float:
    if isinstance(recorder, BareSQLite):
        return rate(lambda until: write(recorder, writers, until), seconds)
    with ThreadPoolExecutor(writers) as pool:

        def all_write(until: float) -> int:
            return sum(pool.map(lambda _: write(recorder, 1, until), range(writers)))

        all_write(time.monotonic() + seconds / 10)  # each thread has its connection
        return rate(all_write, seconds)


def write(recorder: Recorder, batch: int, until: float) -> int:
    written = 0
    while time.monotonic() < until:
        recorder.insert_events([new_event() for _ in range(batch)])
        written += batch
    return written


def new_event() -> StoredEvent:
    # Not uuid4, whose call of the system makes threads wait for each other.
    return StoredEvent(UUID(int=getrandbits(128), version=4), 1, "report.received.v1", STATE)


def read(recorder: Recorder, until: float) -> int:
    """Reads from the beginning to the end, and again, until the time is over."""
    count, start = 0, 1
    while time.monotonic() < until:
        page = recorder.select_notifications(start, PAGE)
        count += len(page)
        start = start + PAGE if len(page) == PAGE else 1
    return count


if __name__ == "__main__":
    main()
