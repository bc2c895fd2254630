"""Clocks: those of one case, and all that have run out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import select, true, tuple_

from projections.clocks import CLOCK, ClockRow
from projections.queries.paging import Page, fetch, page_of
from projections.report_row import REPORT
from projections.sealed_reports import SEALED_REPORT
from projections.store import Reader


@dataclass(frozen=True)
class Overdue:
    """A clock that ran out and was not met. ``number``, ``office``: of the report, "" for a clue without one.

    For a sealed report those of its own register. Neither says what it is about.
    """

    clock: ClockRow
    number: str
    office: str
    awaiting_role: str
    awaiting_office: str


def clocks_of(reader: Reader, case_id: UUID) -> tuple[ClockRow, ...]:
    """All runs of all clocks of a report, a sealed report, or a clue without a report; the first started first."""
    clock = reader[CLOCK]
    mine = select(clock).where(clock.c.case_id == case_id)
    return fetch(reader, mine.order_by(clock.c.started_on, clock.c.clock_id, clock.c.run), ClockRow)


def overdue(reader: Reader, today: date, after: str = "", limit: int = 50) -> Page[Overdue]:
    """Clocks still running whose last day was before ``today``, the oldest first."""
    clock = reader[CLOCK].c
    order = (clock.due, clock.case_id, clock.clock_id, clock.run)
    query = select(reader[CLOCK]).where(clock.running == true(), clock.due < today)
    if after:
        query = query.where(tuple_(*order) > tuple_(*_position(after)))
    rows = fetch(reader, query.order_by(*order).limit(limit + 1), ClockRow)
    page = page_of(rows, limit, (f"{r.due}|{r.case_id}|{r.clock_id}|{r.run}" for r in rows))
    return Page(_with_cases(reader, page.rows), page.next)


def _position(after: str) -> tuple[date, UUID, str, int]:
    due, case_id, clock_id, run = after.split("|")
    return date.fromisoformat(due), UUID(case_id), clock_id, int(run)


def _with_cases(reader: Reader, clocks: tuple[ClockRow, ...]) -> tuple[Overdue, ...]:
    ids = {clock.case_id for clock in clocks}
    report, sealed = reader[REPORT].c, reader[SEALED_REPORT].c
    reports = {
        row.report_id: row
        for row in reader.connection.execute(
            select(report.report_id, report.number, report.office, report.awaiting_role, report.awaiting_office).where(
                report.report_id.in_(ids)
            )
        )
    }
    sealed_reports = {
        row.sealed_id: row
        for row in reader.connection.execute(
            select(sealed.sealed_id, sealed.number, sealed.office).where(sealed.sealed_id.in_(ids))
        )
    }

    def with_case(clock: ClockRow) -> Overdue:
        if clock.case_id in reports:
            row = reports[clock.case_id]
            return Overdue(clock, row.number, row.office, row.awaiting_role, row.awaiting_office)
        if clock.case_id in sealed_reports:
            sealed_row = sealed_reports[clock.case_id]
            return Overdue(clock, sealed_row.number, sealed_row.office, "", sealed_row.office)
        return Overdue(clock, "", "", "", "")

    return tuple(with_case(clock) for clock in clocks)
