"""Single reports: by id, number or reference; search; who may see one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select

from projections.queries.paging import Count, Page, count_some, fetch, fetch_one, page_of
from projections.queries.viewer import Viewer, visible_to
from projections.report_row import EXCLUDED, ORIGINAL_REQUEST, REPORT, REPORT_HANDLER, ReportRow
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


def reports_handled_by(reader: Reader, officer: str) -> tuple[UUID, ...]:
    """The reports that an officer handles or handled to their end, by number."""
    handler, columns = reader[REPORT_HANDLER].c, reader[REPORT].c
    mine = select(handler.report_id).where(handler.officer == officer)
    query = select(columns.report_id).where(columns.report_id.in_(mine)).order_by(columns.number, columns.report_id)
    return tuple(reader.connection.scalars(query))


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
            if column is not columns.unit or not row.level_open:  # its unit is for those who decide on its level
                found.setdefault(row.report_id, row)
    return tuple(found.values())[:limit]


def originals_requested(reader: Reader, viewer: Viewer, limit: int = 50) -> tuple[ReportRow, ...]:
    """Reports of the viewer's offices of which a handler asks to see the original, in queue order."""
    query = _originals(reader, viewer).order_by(reader[REPORT].c.queue_key)
    return fetch(reader, query.limit(limit), ReportRow)


def original_request_count(reader: Reader, viewer: Viewer) -> Count:
    """How many :func:`originals_requested` there are."""
    return Count.of(count_some(reader, _originals(reader, viewer)))


def _originals(reader: Reader, viewer: Viewer) -> Select[Any]:
    asked = select(reader[ORIGINAL_REQUEST].c.report_id)
    return select(reader[REPORT]).where(reader[REPORT].c.report_id.in_(asked), visible_to(reader, viewer))


def reports_of_office(reader: Reader, office: str, after: str = "", limit: int = 500) -> Page[UUID]:
    """Reports that the petition office has now, in queue order, page by page."""
    columns = reader[REPORT].c
    query = select(columns.report_id, columns.queue_key).where(columns.office == office, columns.queue_key > after)
    rows = reader.connection.execute(query.order_by(columns.queue_key).limit(limit + 1)).all()
    return page_of([row.report_id for row in rows], limit, (row.queue_key for row in rows))


def _begins(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    """A range of the index; LIKE would not use it."""
    return (column >= text) & (column < text + "\U0010ffff")
