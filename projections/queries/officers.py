"""Officers: who there is, in which office, with which duty."""

from __future__ import annotations

from sqlalchemy import select

from projections.officers import OFFICER, OfficerRow
from projections.queries.paging import fetch, fetch_one
from projections.store import Reader


def officer(reader: Reader, officer_id: str) -> OfficerRow | None:
    """The officer with this id, departed or not."""
    table = reader[OFFICER]
    return fetch_one(reader, select(table).where(table.c.officer == officer_id), OfficerRow)


def officers(reader: Reader, *, office: str = "", role: str = "", departed: bool = False) -> tuple[OfficerRow, ...]:
    """Officers by office and name; those who left only with ``departed``."""
    table = reader[OFFICER].c
    query = select(reader[OFFICER]).order_by(table.office, table.name, table.officer)
    if office:
        query = query.where(table.office == office)
    if not departed:
        query = query.where(table.departed.is_(False))
    return tuple(row for row in fetch(reader, query, OfficerRow) if not role or role in row.roles)
