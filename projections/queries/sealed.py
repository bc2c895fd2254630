"""Sealed reports (径送件): the list of those that came, and one of them."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select, tuple_

from projections.queries.paging import Count, Page, count_some, fetch, fetch_one, page_of
from projections.queries.viewer import Viewer
from projections.sealed_reports import SEALED_REPORT, SealedRow
from projections.store import Reader


def sealed_report(reader: Reader, sealed_id: UUID) -> SealedRow | None:
    """The sealed report."""
    table = reader[SEALED_REPORT]
    return fetch_one(reader, select(table).where(table.c.sealed_id == sealed_id), SealedRow)


def sealed_by_reference(reader: Reader, reference: str) -> SealedRow | None:
    """The sealed report with a public reference."""
    table = reader[SEALED_REPORT]
    return fetch_one(reader, select(table).where(table.c.reference == reference), SealedRow)


def sealed_reports(
    reader: Reader,
    offices: frozenset[str] | None = None,
    state: str = "",
    after: str = "",
    limit: int = 50,
) -> Page[SealedRow]:
    """Sealed reports, the oldest first: its five working days end first. ``offices``: receiving ones; None for all."""
    table = reader[SEALED_REPORT].c
    query = select(reader[SEALED_REPORT])
    if offices is not None:
        query = query.where(table.office.in_(sorted(offices)))
    if state:
        query = query.where(table.state == state)
    if after:
        day, sealed_id = after.split("|")
        query = query.where(
            tuple_(table.received_on, table.sealed_id) > tuple_(date.fromisoformat(day), UUID(sealed_id))
        )
    rows = fetch(reader, query.order_by(table.received_on, table.sealed_id).limit(limit + 1), SealedRow)
    return page_of(rows, limit, (f"{row.received_on}|{row.sealed_id}" for row in rows))


def open_sealed_count(reader: Reader, viewer: Viewer) -> Count:
    """How many wait to go up, of the viewer's offices."""
    table = reader[SEALED_REPORT].c
    query = select(table.sealed_id).where(table.state == "received")
    if viewer.offices is not None:
        query = query.where(table.office.in_(sorted(viewer.offices)))
    return Count.of(count_some(reader, query))
