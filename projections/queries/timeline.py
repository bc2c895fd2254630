"""Who did what when: the timeline of one report, and the search of oversight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, func, select, true

from projections.queries.paging import Page, fetch, page_of
from projections.store import Reader
from projections.timeline import TIMELINE, TimelineRow


@dataclass(frozen=True, kw_only=True)
class Oversight:
    """What a reviewer looks for. "" and None mean any.

    ``since``, ``until``: when it was recorded (whole hours; ``until`` itself not included); must have an offset.
    ``action``: topic of the event.
    """

    since: datetime | None = None
    until: datetime | None = None
    office: str = ""
    officer: str = ""
    action: str = ""


def timeline(reader: Reader, report_id: UUID) -> tuple[TimelineRow, ...]:
    """All that happened with a report (its clue, messages and readers included) or sealed report, in order.

    Who may see the report may see it; ask :func:`projections.queries.may_see`.
    """
    table = reader[TIMELINE]
    query = select(table).where(table.c.report_id == report_id).order_by(table.c.position)
    return fetch(reader, query, TimelineRow)


def oversight_search(reader: Reader, wanted: Oversight, after: str = "", limit: int = 100) -> Page[TimelineRow]:
    """What oversight may see of what is wanted, the latest first. Without content, identity, or sealed reports."""
    table = reader[TIMELINE].c
    conditions: list[ColumnElement[bool]] = [table.overseen == true()]
    if wanted.office:
        conditions.append(table.office == wanted.office)
    if wanted.officer:
        conditions.append(table.actor == wanted.officer)
    if wanted.action:
        conditions.append(table.topic == wanted.action)
    # Recorded times never run backwards, so a span of time is a span of positions, whatever else is asked.
    if wanted.since:
        conditions.append(table.position >= func.coalesce(_first_recorded(reader, wanted.since), _BEYOND))
    if wanted.until:
        conditions.append(table.position < func.coalesce(_first_recorded(reader, wanted.until), _BEYOND))
    if after:
        conditions.append(table.position < int(after))
    query = select(reader[TIMELINE]).where(*conditions).order_by(table.position.desc()).limit(limit + 1)
    rows = fetch(reader, query, TimelineRow)
    return page_of(rows, limit, (str(row.position) for row in rows))


_BEYOND = 2**62


def _first_recorded(reader: Reader, moment: datetime) -> ScalarSelect[int]:
    """Position of the first event recorded at ``moment`` or later."""
    table = reader[TIMELINE].alias().c
    query = select(table.position).where(table.recorded_at >= int(moment.timestamp()))
    return query.order_by(table.recorded_at, table.position).limit(1).scalar_subquery()
