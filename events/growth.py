"""Noticing that the log has grown: at once within the process, soon after across processes.

PostgreSQL calls (LISTEN/NOTIFY); a thread that starts with the first waiter listens. SQLite cannot call, so
a waiter there looks at the head now and then, which costs a read of one row.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Condition, Thread

import psycopg
from sqlalchemy import Engine

from events.sequencer_postgres import CHANNEL

POLL_SECONDS = {"sqlite": 0.1, "postgresql": 1.0}
"""How long a waiter relies on being called before he looks for himself."""

_LISTEN_SECONDS = 1.0


class Growth:
    """Lets threads wait for the log to grow. ``size``: reads the number of events."""

    def __init__(self, engine: Engine, size: Callable[[], int]) -> None:
        self._engine = engine
        self._size = size
        self._poll = POLL_SECONDS[engine.dialect.name]
        self._changed = Condition()
        self._changes = 0
        self._closed = False
        self._listener: Thread | None = None

    def announce(self) -> None:
        """The log has grown, or a waiter should look up for another reason."""
        with self._changed:
            self._changes += 1
            self._changed.notify_all()

    def wait_beyond(self, position: int, timeout: float, given_up: Callable[[], bool] = lambda: False) -> bool:
        """Whether the log has more than ``position`` events, after waiting at most ``timeout`` seconds.

        ``given_up``: asked at each :meth:`announce`; true ends the wait.
        """
        self._listen()
        deadline = time.monotonic() + timeout
        while True:
            changes = self._changes
            if self._closed or given_up():
                return False
            if self._size() > position:
                return True
            remaining = deadline - time.monotonic()
            if remaining <= 0:
                return False
            self._wait_for_change(changes, min(remaining, self._poll))

    def _wait_for_change(self, seen: int, timeout: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._changes != seen, timeout)

    def close(self) -> None:
        """Ends the listening thread and every wait."""
        self._closed = True
        self.announce()
        if self._listener is not None:
            self._listener.join()

    def _listen(self) -> None:
        if self._engine.dialect.name == "postgresql":
            with self._changed:
                if self._listener is None and not self._closed:
                    self._listener = Thread(target=self._relay, name="log-growth", daemon=True)
                    self._listener.start()

    def _relay(self) -> None:
        while not self._closed:
            try:
                self._relay_until_lost()
            except psycopg.Error:
                time.sleep(_LISTEN_SECONDS)  # waiters look for themselves meanwhile

    def _relay_until_lost(self) -> None:
        arguments, options = self._engine.dialect.create_connect_args(self._engine.url)
        with psycopg.connect(*arguments, **options, autocommit=True) as connection:
            connection.execute(f"LISTEN {CHANNEL}")
            while not self._closed:
                for _ in connection.notifies(timeout=_LISTEN_SECONDS, stop_after=1):
                    self.announce()
