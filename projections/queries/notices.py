"""Reporters who must still be told that their report was accepted (A-26).

The petition office tells them, also when the report has long been handed to a department: so this is a list of its
own beside the queues.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from projections.queries.paging import Count, Page, count_some, fetch, page_of
from projections.queries.viewer import Viewer, not_excluded
from projections.report_row import REPORT, ReportRow
from projections.store import Reader


def notices_due(reader: Reader, viewer: Viewer, after: str = "", limit: int = 50) -> Page[ReportRow]:
    """Reports of the viewer's offices, the first to end first; see :attr:`ReportRow.notice_due`."""
    report = reader[REPORT].c
    query = _notices(reader, viewer)
    if after:
        day, report_id = after.split("|")
        query = query.where(
            tuple_(report.notice_due, report.report_id) > tuple_(date.fromisoformat(day), UUID(report_id))
        )
    rows = fetch(reader, query.order_by(report.notice_due, report.report_id).limit(limit + 1), ReportRow)
    return page_of(rows, limit, (f"{row.notice_due}|{row.report_id}" for row in rows))


def notice_count(reader: Reader, viewer: Viewer) -> Count:
    """How many :func:`notices_due` there are."""
    return Count.of(count_some(reader, _notices(reader, viewer)))


def _notices(reader: Reader, viewer: Viewer) -> Select[Any]:
    report = reader[REPORT].c
    query = select(reader[REPORT]).where(
        report.notice_due.is_not(None), not_excluded(reader, viewer.officer, report.report_id)
    )
    return query if viewer.offices is None else query.where(report.office.in_(sorted(viewer.offices)))
