"""Contacts (联络): of a report, and what waits for a relay officer."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select

from projections.contacts import CONTACT, ContactRow
from projections.queries.paging import fetch
from projections.report_row import EXCLUDED, REPORT
from projections.store import Reader

MOST = 200
"""Of a queue; there are few at a time."""


def contacts_of_report(reader: Reader, report_id: UUID) -> tuple[ContactRow, ...]:
    """All of a report, the oldest first."""
    table = reader[CONTACT].c
    query = select(reader[CONTACT]).where(table.report_id == report_id)
    return fetch(reader, query.order_by(table.requested_on, table.contact_id), ContactRow)


def contacts_to_relay(reader: Reader, relay: str, today: date) -> tuple[ContactRow, ...]:
    """Those that wait for this relay officer's share or look, the oldest first.

    Not what has expired, what he asked for or gave a share for himself, nor reports that he must not see (SoD-7) or
    that went up to the superior.
    """
    table, excluded, report = reader[CONTACT].c, reader[EXCLUDED].c, reader[REPORT].c
    hidden = select(excluded.report_id).where(excluded.officer == relay)
    sealed = select(report.report_id).where(report.state == "sealed")
    query = select(reader[CONTACT]).where(
        table.state == "requested",
        table.expires_on >= today,
        table.requester != relay,
        table.report_id.not_in(hidden),
        table.report_id.not_in(sealed),
    )
    rows = fetch(reader, query.order_by(table.requested_on, table.contact_id).limit(MOST), ContactRow)
    return tuple(row for row in rows if relay not in row.contributed)


def contacts_to_conclude(reader: Reader, relay: str) -> tuple[ContactRow, ...]:
    """Those that he has looked at and has not said the outcome of."""
    table = reader[CONTACT].c
    query = select(reader[CONTACT]).where(table.relay == relay, table.state == "used")
    return fetch(reader, query.order_by(table.requested_on, table.contact_id).limit(MOST), ContactRow)


def contacts_done(reader: Reader, relay: str) -> tuple[ContactRow, ...]:
    """The last ones of which he has said the outcome, the newest first."""
    table = reader[CONTACT].c
    query = select(reader[CONTACT]).where(table.relay == relay, table.state == "concluded")
    return fetch(reader, query.order_by(table.requested_on.desc(), table.contact_id).limit(20), ContactRow)
