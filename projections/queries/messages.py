"""The exchange with a reporter, and free texts that wait for a second officer (E-08)."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, tuple_

from projections.correspondence import MESSAGE, SUPPLEMENT, MessageRow, SupplementRow
from projections.queries.paging import Count, Page, count_some, fetch, page_of
from projections.queries.viewer import Viewer, not_excluded
from projections.store import Reader


def messages(reader: Reader, report_id: UUID) -> tuple[MessageRow, ...]:
    """All messages to the reporter, whatever became of them, in the order in which they were written."""
    table = reader[MESSAGE]
    query = select(table).where(table.c.report_id == report_id).order_by(table.c.ordinal)
    return fetch(reader, query, MessageRow)


def supplements(reader: Reader, report_id: UUID) -> tuple[SupplementRow, ...]:
    """The reporter's additions, in order."""
    table = reader[SUPPLEMENT]
    query = select(table).where(table.c.report_id == report_id).order_by(table.c.ordinal)
    return fetch(reader, query, SupplementRow)


def drafts_awaiting(reader: Reader, viewer: Viewer, after: str = "", limit: int = 50) -> Page[MessageRow]:
    """Free texts of the viewer's offices that another officer wrote and a second one must check, the oldest first."""
    table = reader[MESSAGE].c
    order = (table.written_on, table.report_id, table.ordinal)
    query = _drafts(reader, viewer)
    if after:
        day, report_id, ordinal = after.split("|")
        query = query.where(tuple_(*order) > tuple_(date.fromisoformat(day), UUID(report_id), int(ordinal)))
    rows = fetch(reader, query.order_by(*order).limit(limit + 1), MessageRow)
    return page_of(rows, limit, (f"{row.written_on}|{row.report_id}|{row.ordinal}" for row in rows))


def draft_count(reader: Reader, viewer: Viewer) -> Count:
    """How many :func:`drafts_awaiting` there are."""
    return Count.of(count_some(reader, _drafts(reader, viewer)))


def _drafts(reader: Reader, viewer: Viewer) -> Select[Any]:
    table = reader[MESSAGE].c
    query = select(reader[MESSAGE]).where(
        table.state == "draft",
        table.author != viewer.officer,
        not_excluded(reader, viewer.officer, table.report_id),
    )
    return query if viewer.offices is None else query.where(table.office.in_(sorted(viewer.offices)))
