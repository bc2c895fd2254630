"""What runs beside the requests: read models, checkpoints, the witness's copy. Where it can, in a process of its own.

A process has one interpreter lock. Work that goes on in the background would hold up whoever has the log's turn, and
with him every writer of every process. So one of gunicorn's workers, elected by a file lock, serves nobody and does
that work; the server watches over it as over the others. Should it end, one of those who serve does the work as well.
"""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from gunicorn.workers.gthread import ThreadWorker

from events.durable_file import locked

EXTENSION = "beside"
"""Key of an application's :class:`Beside` in its ``extensions``."""

LOCK = "beside.lock"

WATCH_SECONDS = 0.2
"""Between two looks at whether the server still wants this worker."""


@dataclass(frozen=True)
class Beside:
    """``lock``: of the deployment, held by the process that does the work. ``jobs``: each starts a thread and returns
    the event that ends it."""

    lock: Path
    jobs: tuple[Callable[[], threading.Event], ...] = ()

    def start(self) -> list[threading.Event]:
        """Start all jobs in this process; set the events to end them."""
        return [job() for job in self.jobs]

    def stand_by(self) -> None:
        """Start them as soon as no other process does them, and for as long as this process lives."""
        with locked(self.lock):
            self.start()
            threading.Event().wait()


class Worker(ThreadWorker):
    """Serves requests with threads, or does what runs beside them."""

    def run(self) -> None:
        # What was made at the start stays until the end: no collection needs to look at it again.
        gc.collect()
        gc.freeze()
        beside: Beside = self.wsgi.extensions[EXTENSION]
        if self.cfg.workers == 1:
            beside.start()
        elif beside.jobs:
            with locked(beside.lock, wait=False) as elected:
                if elected:
                    self._run_beside(beside)
                    return
            threading.Thread(target=beside.stand_by, name="stand-by", daemon=True).start()
        super().run()

    def _run_beside(self, beside: Beside) -> None:
        stops = beside.start()
        while self.alive and self.is_parent_alive():
            self.notify()
            time.sleep(WATCH_SECONDS)
        for stop in stops:
            stop.set()
