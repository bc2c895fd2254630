"""Where the blind index over those reported lies: short tags and report ids, in a database of their own.

A file of its own on SQLite, a schema of its own on PostgreSQL, apart from the log and its custody and in no backup: it
is filled again as officers open reports. Rows can go, and do: with a late by-pass, a shredding, another key. What a
tag is and who can make one: :mod:`supervision.sealing.blind_index`. What these rows tell without the key stands in
``docs/sealing.md``.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Uuid,
    create_engine,
    delete,
    event,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

SCHEMA = "blind_index"

_metadata = MetaData()
_salt = Table(
    "salt",
    _metadata,
    Column("office", String, primary_key=True),
    Column("salt", LargeBinary(32), nullable=False),
)
_entered = Table(
    "entered",
    _metadata,
    Column("report_id", Uuid, primary_key=True),
    Column("office", String, nullable=False),
    Index("entered_by_office", "office"),
)
_tag = Table(
    "tag",
    _metadata,
    Column("office", String, primary_key=True),
    Column("tag", Integer, primary_key=True),
    Column("report_id", Uuid, primary_key=True),
    Index("tag_by_report", "report_id"),
)

TABLES = tuple(_metadata.tables)


class IndexStore:
    """One index for each office that receives reports. Connects when first used."""

    def __init__(self, url: str) -> None:
        self._sqlite = url.startswith("sqlite")
        if self._sqlite:
            self._engine = create_engine(url, connect_args={"timeout": 30})
            event.listen(self._engine, "connect", _sqlite_pragmas)
        else:
            self._engine = create_engine(url, connect_args={"options": f"-csearch_path={SCHEMA}"})
        self._insert = sqlite_insert if self._sqlite else postgresql_insert

    def create(self) -> None:
        """Make the tables where they are not there yet."""
        with self._engine.begin() as connection:
            if not self._sqlite:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            _metadata.create_all(connection)

    def salt(self, office: str, drawn: bytes) -> bytes:
        """The salt of the office's key; ``drawn`` becomes it where there is none yet."""
        of_office = select(_salt.c.salt).where(_salt.c.office == office)
        with self._engine.begin() as connection:
            if found := connection.scalar(of_office):
                return bytes(found)
            connection.execute(self._insert(_salt).values(office=office, salt=drawn).on_conflict_do_nothing())
            return bytes(connection.execute(of_office).scalar_one())

    def has(self, office: str, report_id: UUID) -> bool:
        """Whether the report has been entered by this office."""
        row = select(_entered.c.report_id).where(_entered.c.report_id == report_id, _entered.c.office == office)
        with self._engine.connect() as connection:
            return connection.scalar(row) is not None

    def enter(self, office: str, report_id: UUID, tags: Iterable[int]) -> None:
        """Take a report in with the tags of those whom it names, in the place of what was there of it."""
        rows = [{"office": office, "tag": tag, "report_id": report_id} for tag in sorted(set(tags))]
        mine = self._insert(_entered).values(report_id=report_id, office=office)
        with self._engine.begin() as connection:
            connection.execute(mine.on_conflict_do_update(index_elements=["report_id"], set_={"office": office}))
            connection.execute(delete(_tag).where(_tag.c.report_id == report_id))
            if rows:
                connection.execute(self._insert(_tag).on_conflict_do_nothing(), rows)

    def reports(self, office: str, tags: Iterable[int]) -> list[UUID]:
        """The reports that have at least one of the tags: candidates, to be compared in the open."""
        with_one = select(_tag.c.report_id).where(_tag.c.office == office, _tag.c.tag.in_(sorted(set(tags))))
        with self._engine.connect() as connection:
            return list(connection.scalars(with_one.distinct().order_by(_tag.c.report_id)))

    def missing(self, office: str, report_ids: Iterable[UUID]) -> list[UUID]:
        """Those of the reports, in their order, that the office has not entered."""
        wanted = list(report_ids)
        row = select(_entered.c.report_id).where(_entered.c.office == office, _entered.c.report_id.in_(wanted))
        with self._engine.connect() as connection:
            there = set(connection.scalars(row))
        return [report_id for report_id in wanted if report_id not in there]

    def count(self, office: str) -> int:
        """How many reports the office has entered."""
        with self._engine.connect() as connection:
            rows = select(func.count()).select_from(_entered).where(_entered.c.office == office)
            return connection.execute(rows).scalar_one()

    def forget(self, report_id: UUID) -> None:
        """Everything of one report goes, from the file as well (SQLite)."""
        with self._engine.begin() as connection:
            gone = [
                connection.execute(delete(table).where(table.c.report_id == report_id)) for table in (_tag, _entered)
            ]
        if any(result.rowcount for result in gone):
            self._empty_log()

    def rekey(self, office: str, salt: bytes) -> None:
        """Everything of one office goes, and its key is another one from now on."""
        row = self._insert(_salt).values(office=office, salt=salt)
        with self._engine.begin() as connection:
            for table in (_tag, _entered):
                connection.execute(delete(table).where(table.c.office == office))
            connection.execute(row.on_conflict_do_update(index_elements=["office"], set_={"salt": salt}))
        self._empty_log()

    def close(self) -> None:
        """Give back the connections."""
        self._engine.dispose()

    def _empty_log(self) -> None:
        """Deleted pages are overwritten, and must not stay in the write-ahead log either."""
        if self._sqlite:
            with self._engine.connect() as connection:
                connection.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).all()


def _sqlite_pragmas(connection: object, _record: object) -> None:
    cursor = connection.cursor()  # type: ignore[attr-defined]  # the driver's own connection, typed as object by SQLAlchemy
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()
