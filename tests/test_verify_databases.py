"""`supervision verify` on a real deployment: whatever somebody with the database password does is found and named.

Each value of each row of each table is changed in the database itself, by SQL, and put back; so is each row taken out.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Column, ColumnElement, Row, Table, and_, delete, insert, select, update

from events import schema
from events.schema import SchemaError
from events.store import LogStore
from events.verify import Fault, Verified, verify_log
from supervision.platform import Platform
from supervision.verifying import verify_platform
from tests.support.log import ORIGIN, Deployment, open_log, stream
from tests.support.mutations import Tally
from tests.support.small_log import SmallLog, small_log, tamper

UNVOUCHED = {("checkpoint", "signed_at"), ("lookup", "kind"), ("lookup", "tag"), ("head", "id")}
"""Columns that nothing signed speaks of: when a checkpoint was kept, the keyed hashes that find a report by its code
(one that leads outside the log is found, one that leads to another report is not), and the number of the only head."""

TABLES = (
    schema.event,
    schema.node,
    schema.checkpoint,
    schema.cosignature,
    schema.head,
    schema.envelope,
    schema.wrap,
    schema.file,
    schema.lookup,
)


@pytest.fixture
def log(database_url: str, tmp_path: Path) -> Iterator[SmallLog]:
    with small_log(tmp_path / "home", database_url) as log:
        yield log


def is_bad(platform: Platform) -> bool:
    try:
        verify_platform(platform)
    except (Fault, SchemaError):
        return True
    return False


def is_bad_at_start(log: SmallLog, database_url: str = "") -> bool:
    """The same for a process that has not opened the log yet."""
    with closing(log.reopened(database_url)) as platform:
        return is_bad(platform)


def rows(store: LogStore, table: Table) -> list[Row[Any]]:
    with store._engine.connect() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key)))


def this(table: Table, row: Row[Any]) -> ColumnElement[bool]:
    return and_(*(column == row._mapping[column.name] for column in table.primary_key))


def test_untouched_it_verifies(log: SmallLog) -> None:
    found = verify_platform(log.platform)
    said = found.said
    assert (found.count, said.checkpoints, said.cosignatures, said.strangers, said.witnessed) == (8, 2, 2, 0, 6)
    assert found.verified.signatures == {"service": 2, "reporter": 6}


def test_each_value_in_the_database_counts(log: SmallLog) -> None:
    store, tally = log.platform.log, Tally(f"values in {log.platform.log._engine.dialect.name}")
    for table in TABLES:
        for row in rows(store, table):
            for column in table.columns:
                if (table.name, column.name) in UNVOUCHED:
                    continue
                new = changed(column, row._mapping[column.name])
                tamper(store, update(table).where(this(table, row)).values({column.name: new}))
                found = is_bad_at_start(log) if table is schema.head else is_bad(log.platform)
                tally.try_(f"{table.name}.{column.name}", found)
                moved = this(table, row)
                if column.primary_key:
                    moved = and_(*(c == (new if c is column else row._mapping[c.name]) for c in table.primary_key))
                tamper(store, update(table).where(moved).values({column.name: row._mapping[column.name]}))
    verify_platform(log.platform)
    tally.close(at_least=200)


def changed(column: Column[Any], value: Any) -> Any:
    """Another value of the same type."""
    if isinstance(value, bytes):
        return value[:-1] + bytes([value[-1] ^ 1])
    if isinstance(value, UUID):
        return UUID(int=value.int ^ 1)
    return value + 3600 if isinstance(value, int) else value[:-2] + "x" + value[-1:]


def test_each_row_that_is_taken_out_is_missed(log: SmallLog) -> None:
    """But for what may go: a lookup, a cosignature, or a checkpoint with its cosignatures, which witnesses keep."""
    store, tally = log.platform.log, Tally(f"rows of {log.platform.log._engine.dialect.name} taken out")
    for table in (schema.event, schema.node, schema.head, schema.envelope, schema.wrap, schema.file):
        for row in rows(store, table):
            tamper(store, delete(table).where(this(table, row)))
            tally.try_(table.name, is_bad(log.platform))
            tamper(store, insert(table).values(row._mapping))
    verify_platform(log.platform)
    tally.close(at_least=60)


def test_a_value_of_another_kind_is_a_fault_and_no_accident(tmp_path: Path) -> None:
    """SQLite keeps whatever somebody puts into a column."""
    database, tally = tmp_path / "log.sqlite", Tally("values of another kind")
    with small_log(tmp_path / "home", f"sqlite:///{database}") as log:
        tamper(log.platform.log)
    for table in TABLES:
        for column in table.columns:
            if (table.name, column.name) in UNVOUCHED or column.name == "revision":
                continue  # which program wrote it is no statement of the log
            for other in ("'x'", "x'00ff'", "1.5", "CAST(x'ff' AS TEXT)", "-1", "9223372036854775807"):
                copy = tmp_path / "copy.sqlite"
                shutil.copyfile(database, copy)
                with (
                    closing(sqlite3.connect(copy, isolation_level=None)) as connection,
                    suppress(sqlite3.IntegrityError),
                ):
                    connection.execute("PRAGMA ignore_check_constraints = ON")
                    first = f"SELECT min({column.name}) FROM {table.name}"  # noqa: S608 - names of our own
                    connection.execute(
                        f"UPDATE {table.name} SET {column.name} = {other} WHERE {column.name} = ({first})"  # noqa: S608
                    )
                    tally.try_(f"{table.name}.{column.name} {other}", is_bad_at_start(log, f"sqlite:///{copy}"))
    tally.close(at_least=150)


def test_a_sealed_file_that_is_altered_cut_or_gone_is_found(log: SmallLog) -> None:
    row = rows(log.platform.log, schema.file)[0]
    path, tally = log.platform.custody.file_path(row.sha256), Tally("sealed files")
    whole = path.read_bytes()
    places = range(0, len(whole), len(whole) // 100)
    altered = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places]
    for damaged in (*altered, whole[:-1], whole + b"\x00", b""):
        path.write_bytes(damaged)
        tally.try_("bytes", is_bad(log.platform))
    path.unlink()
    tally.try_("gone", is_bad(log.platform))
    path.write_bytes(whole)
    verify_platform(log.platform)
    tally.close(at_least=100)


# --- A log that grows meanwhile -----------------------------------------------------------------------------------


def test_what_is_written_while_the_log_is_verified_is_judged_the_next_time(log: SmallLog) -> None:
    def report(position: int) -> None:
        if position in (1, 8):
            log.report(b"another recording")

    assert verify_platform(log.platform, progress=report).count == 8
    assert verify_platform(log.platform).count == 12


def test_what_is_destroyed_while_the_log_is_verified_is_not_missed(database_url: str, tmp_path: Path) -> None:
    """Before the event that named it was seen, and after."""
    for number, moment in enumerate((1, 9)):
        home = tmp_path / str(number)
        home.mkdir()
        store = open_log(f"sqlite:///{home / 'log.sqlite'}" if number else database_url, home)
        county = Deployment(store)
        county.live()

        def destroy(position: int, county: Deployment = county, moment: int = moment) -> None:
            if position == moment:
                county.destroy(stream("report one"), by="li")

        def verify(progress: Callable[[int], None], store: LogStore = store, county: Deployment = county) -> Verified:
            entries = store.scan(store.size())
            return verify_log(ORIGIN, entries, county.keyring(), custody=store.custody, progress=progress)

        assert verify(destroy).count == 9
        assert verify(lambda position: None).count == 10
        tamper(store, delete(schema.wrap))
        with pytest.raises(Fault, match="密钥封装缺失"):
            verify(lambda position: None)
        store.close()
