"""Sequencing on PostgreSQL: the row lock on the head queues writers of all processes and machines.

``SELECT … FOR UPDATE`` is the first statement of a transaction; under READ COMMITTED every later statement
sees what the writer before has committed. Statements go out in pipelines, so that a transaction waits for the
server three times, however much it writes; rows go as one array for each column.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Table
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from events.custody import CustodyError
from events.database import driver_connection
from events.sequencer import Found, LookupKey, Row, Sequencer

CHANNEL = "supervision_log"

_DIALECT = PGDialect_psycopg()  # type: ignore[no-untyped-call]  # SQLAlchemy has left it untyped

_HEAD = "SELECT origin, size, frontier, recorded_at FROM head FOR UPDATE"
_VERSIONS = "SELECT stream_id, max(stream_version) FROM event WHERE stream_id = ANY(%b) GROUP BY stream_id"
_MOVE_HEAD = "UPDATE head SET size = %(size)s, frontier = %(frontier)b, recorded_at = %(recorded_at)s"
_TAKEN = "SELECT kind, tag FROM lookup WHERE (kind, tag) IN (SELECT * FROM unnest(%b::text[], %b::bytea[]))"


class PostgresSequencer(Sequencer):
    @contextmanager
    def transaction(self) -> Iterator[PostgresTransaction]:
        with driver_connection(self._engine) as connection:
            yield PostgresTransaction(connection)
            connection.commit()

    def exclusive(self) -> AbstractContextManager[Connection]:
        return self._engine.begin()


class PostgresTransaction:
    """:class:`events.sequencer.Transaction`. ``%b`` sends values as they are, and not as text."""

    def __init__(self, connection: psycopg.Connection[Row]) -> None:
        self._connection = connection

    def look(self, stream_ids: Collection[UUID], lookups: Collection[LookupKey]) -> Found:
        connection = self._connection
        with connection.pipeline():
            head = connection.execute(_HEAD, binary=True)
            versions = connection.execute(_VERSIONS, [list(stream_ids)], binary=True)
            kinds, tags = [kind for kind, _ in lookups], [tag for _, tag in lookups]
            taken = connection.execute(_TAKEN, [kinds, tags], binary=True) if lookups else ()
        origin, size, frontier, recorded_at = head.fetchall()[0]
        return Found(origin, size, frontier, recorded_at, dict(versions.fetchall()), set(taken))

    def write(
        self,
        added: Mapping[Table, Sequence[Row]],
        destroyed: Mapping[Table, Sequence[bytes]],
        head: Mapping[str, Any],
    ) -> None:
        connection = self._connection
        deleted = {}
        with connection.pipeline() as pipeline:
            for table, rows in added.items():
                if rows:
                    connection.execute(_insert(table), [list(values) for values in zip(*rows, strict=True)])
            for table, hashes in destroyed.items():
                if hashes:
                    deleted[table] = connection.execute(_delete(table), [list(hashes)])
            connection.execute(_MOVE_HEAD, head)
            connection.execute("SELECT pg_notify(%s, '')", [CHANNEL])  # whoever listens is woken at commit
            pipeline.sync()  # a refusal is raised here, by the statement that was refused
        if any(cursor.rowcount != len(destroyed[table]) for table, cursor in deleted.items()):
            raise CustodyError("要销毁的密封材料不在保管库中")


@cache
def _insert(table: Table) -> bytes:
    types = [column.type.compile(_DIALECT) for column in table.columns]
    arrays = ", ".join(f"%b::{type_}[]" for type_ in types)
    return f"INSERT INTO {table.name} ({', '.join(table.columns.keys())}) SELECT * FROM unnest({arrays})".encode()  # noqa: S608 - names of ours


@cache
def _delete(table: Table) -> bytes:
    return f"DELETE FROM {table.name} WHERE sha256 = ANY(%b)".encode()  # noqa: S608 - a name of ours
