"""What the public site asks: one row, by the stream that a 查询码 leads to."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from projections.public_status import PUBLIC_STATUS, PublicStatus
from projections.queries.paging import fetch_one
from projections.store import Reader


def public_status(reader: Reader, stream_id: UUID) -> PublicStatus | None:
    """What the reporter of a report or sealed report may know."""
    table = reader[PUBLIC_STATUS]
    return fetch_one(reader, select(table).where(table.c.stream_id == stream_id), PublicStatus)
