"""Sequencing on PostgreSQL: the row lock on the head queues writers of all processes and machines.

``SELECT … FOR UPDATE`` is the first statement of :meth:`events.sequencer.Sequencer.append`; under READ
COMMITTED every later statement of the transaction sees what the writer before has committed.
"""

from __future__ import annotations

from contextlib import AbstractContextManager

from sqlalchemy import Connection, text

from events.sequencer import Sequencer

CHANNEL = "supervision_log"


class PostgresSequencer(Sequencer):
    def exclusive(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()

    def announce(self, connection: Connection) -> None:
        """Wakes whoever listens on :data:`CHANNEL`, at commit."""
        connection.execute(text("SELECT pg_notify(:channel, '')"), {"channel": CHANNEL})
