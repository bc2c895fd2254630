"""Keeping the copy of the tiles up to date beside the server: a thread started after the fork, one elected by a lock.

A log that does not answer is asked again, quietly and less and less often; what is wrong with it is on the witness's
page. A witness whose memory is damaged copies nothing.
"""

from __future__ import annotations

import logging
import threading
import time

from events.durable_file import locked
from events.tiles import TileError
from events.witness import DamagedState
from supervision.witnessing.service import WitnessService

LOCK = "mirror.lock"
PAUSE_SECONDS = 1.0
"""Between two looks at what was cosigned."""

MOST_PATIENCE = 300.0
"""Seconds after which a log that keeps failing is asked again."""

logger = logging.getLogger(__name__)


class Mirroring:
    """Copies what there is to copy, round after round."""

    def __init__(self, service: WitnessService) -> None:
        self._service = service
        self._failures: dict[str, int] = {}
        self._not_before: dict[str, float] = {}

    def run_forever(self, stop: threading.Event) -> None:
        """Until ``stop`` is set; does nothing while another process of this witness does it."""
        while not stop.is_set():
            with locked(self._service.home.directory / LOCK, wait=False) as elected:
                while elected and not stop.is_set():
                    self.run_once()
                    stop.wait(PAUSE_SECONDS)
            stop.wait(PAUSE_SECONDS)

    def run_once(self) -> None:
        """One round over all logs."""
        for log in self._service.home.logs:
            if time.monotonic() < self._not_before.get(log.origin, 0.0):
                continue
            try:
                source = self._service.source(log)
                if source is not None and self._service.is_behind(log):
                    self._service.mirror(log, source)
                self._failures.pop(log.origin, None)
            except (TileError, OSError, DamagedState) as problem:
                self._wait_longer(log.origin, problem)

    def _wait_longer(self, origin: str, problem: Exception) -> None:
        failures = self._failures[origin] = self._failures.get(origin, 0) + 1
        self._not_before[origin] = time.monotonic() + min(PAUSE_SECONDS * 2**failures, MOST_PATIENCE)
        if failures == 1:
            logger.warning("日志 %s 的副本没有更新：%s", origin, problem)


def run_in_background(service: WitnessService) -> threading.Event:
    """Start the thread; set the event that is returned to end it."""
    stop = threading.Event()
    threading.Thread(target=Mirroring(service).run_forever, args=(stop,), name="witness-mirror", daemon=True).start()
    return stop
