"""Openings (启封): of a report, and whose turn it is."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, select

from projections.openings import OPENING, OpeningRow
from projections.queries.paging import fetch, fetch_one
from projections.report_row import EXCLUDED, REPORT
from projections.store import Reader

MOST = 200
"""Of a queue; there are few at a time."""


def opening(reader: Reader, opening_id: UUID) -> OpeningRow | None:
    """One opening."""
    return fetch_one(reader, select(reader[OPENING]).where(reader[OPENING].c.opening_id == opening_id), OpeningRow)


def openings_of_report(reader: Reader, report_id: UUID) -> tuple[OpeningRow, ...]:
    """All of a report, the oldest first."""
    table = reader[OPENING].c
    query = select(reader[OPENING]).where(table.report_id == report_id)
    return fetch(reader, query.order_by(table.requested_on, table.opening_id), OpeningRow)


def openings_to_approve(
    reader: Reader, officer: str, offices: frozenset[str] | None, today: date
) -> tuple[OpeningRow, ...]:
    """Those that wait for a leader of ``offices`` (of the report; None for all), without his own."""
    table = reader[OPENING].c
    return _queue(reader, officer, today, table.state == "requested", table.requester != officer, offices=offices)


def openings_approved(reader: Reader, approver: str) -> tuple[OpeningRow, ...]:
    """What a leader agreed to, the newest first: he may revoke it, or delay the notice to the reporter."""
    table = reader[OPENING].c
    query = select(reader[OPENING]).where(table.approver == approver, table.state.in_(["approved", "opened"]))
    return fetch(reader, query.order_by(table.requested_on.desc(), table.opening_id).limit(MOST), OpeningRow)


def openings_to_contribute(reader: Reader, custodian: str, today: date) -> tuple[OpeningRow, ...]:
    """Those that wait for this custodian: approved, not enough given yet, he has neither given nor declined."""
    rows = _queue(reader, custodian, today, reader[OPENING].c.state == "approved")
    return tuple(row for row in rows if not row.enough and custodian not in {*row.contributed, *row.declined})


def openings_to_release(reader: Reader, today: date) -> tuple[OpeningRow, ...]:
    """Those that wait for the superior's gate."""
    table = reader[OPENING].c
    rows = _queue(reader, "", today, table.state == "approved", table.gate.is_(True), table.released.is_(False))
    return tuple(row for row in rows if row.enough)


def openings_requested(reader: Reader, requester: str, today: date) -> tuple[OpeningRow, ...]:
    """What an officer asked for and has neither opened nor given up; some may be :attr:`OpeningRow.ready`."""
    table = reader[OPENING].c
    return _queue(reader, requester, today, table.requester == requester, table.state.in_(["requested", "approved"]))


def openings_ended(reader: Reader, requester: str) -> tuple[OpeningRow, ...]:
    """What came of an officer's requests, the newest first: refused, opened or given up."""
    table, excluded = reader[OPENING].c, reader[EXCLUDED].c
    hidden = select(excluded.report_id).where(excluded.officer == requester)
    query = select(reader[OPENING]).where(
        table.requester == requester, table.state.not_in(["requested", "approved"]), table.report_id.not_in(hidden)
    )
    return fetch(reader, query.order_by(table.requested_on.desc(), table.opening_id).limit(MOST), OpeningRow)


def _queue(
    reader: Reader,
    officer: str,
    today: date,
    *conditions: ColumnElement[bool],
    offices: frozenset[str] | None = None,
) -> tuple[OpeningRow, ...]:
    """What has not expired, the oldest first, without reports that the officer must not see (SoD-7)."""
    table, excluded, report = reader[OPENING].c, reader[EXCLUDED].c, reader[REPORT].c
    hidden = select(excluded.report_id).where(excluded.officer == officer)
    query = select(reader[OPENING]).where(*conditions, table.expires_on >= today, table.report_id.not_in(hidden))
    if offices is not None:
        query = query.where(table.report_id.in_(select(report.report_id).where(report.office.in_(sorted(offices)))))
    return fetch(reader, query.order_by(table.requested_on, table.opening_id).limit(MOST), OpeningRow)
