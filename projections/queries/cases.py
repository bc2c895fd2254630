"""Single reports: by id, number or reference; search; who may see one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import ColumnElement, select

from projections.queries.paging import fetch, fetch_one
from projections.queries.viewer import Viewer, visible_to
from projections.report_row import EXCLUDED, REPORT, ReportRow
from projections.store import Reader


def report(reader: Reader, report_id: UUID) -> ReportRow | None:
    """The report; ask :func:`may_see` before it is shown."""
    return fetch_one(reader, select(reader[REPORT]).where(reader[REPORT].c.report_id == report_id), ReportRow)


def by_number(reader: Reader, number: str) -> ReportRow | None:
    """The report with a register number (A-10)."""
    return fetch_one(reader, select(reader[REPORT]).where(reader[REPORT].c.number == number), ReportRow)


def by_reference(reader: Reader, reference: str) -> ReportRow | None:
    """The report with a public reference."""
    return fetch_one(reader, select(reader[REPORT]).where(reader[REPORT].c.reference == reference), ReportRow)


def report_of_clue(reader: Reader, clue_id: UUID) -> ReportRow | None:
    """The report that is handled as this clue."""
    return fetch_one(reader, select(reader[REPORT]).where(reader[REPORT].c.clue_id == clue_id), ReportRow)


def is_excluded(reader: Reader, report_id: UUID, officer: str) -> bool:
    """Whether the officer must see nothing of the report (SoD-7)."""
    excluded = reader[EXCLUDED].c
    row = select(excluded.officer).where(excluded.report_id == report_id, excluded.officer == officer)
    return reader.connection.scalar(row) is not None


def may_see(reader: Reader, viewer: Viewer, report_id: UUID) -> bool:
    """Whether the report is one of the viewer's offices, or one he handles, and he is not excluded."""
    columns = reader[REPORT].c
    row = select(columns.report_id).where(columns.report_id == report_id, visible_to(reader, viewer))
    return reader.connection.scalar(row) is not None


def search(reader: Reader, viewer: Viewer, text: str, limit: int = 20) -> tuple[ReportRow, ...]:
    """Reports whose number, reference or (first) unit begins with ``text``, of those that the viewer may see."""
    text = text.strip()
    if not text:
        return ()
    columns = reader[REPORT].c
    found: dict[UUID, ReportRow] = {}
    for column in (columns.number, columns.reference, columns.unit):
        query = select(reader[REPORT]).where(_begins(column, text), visible_to(reader, viewer))
        for row in fetch(reader, query.order_by(column).limit(limit), ReportRow):
            found.setdefault(row.report_id, row)
    return tuple(found.values())[:limit]


def _begins(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """A range of the index; LIKE would not use it."""
    return (column >= text) & (column < text + "\U0010ffff")
