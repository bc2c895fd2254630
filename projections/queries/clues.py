"""Clues: one by id or number, and the ledger of them (线索台账)."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import select, tuple_

from projections.clues import CLUE, ClueRow
from projections.queries.paging import Page, fetch, fetch_one, page_of
from projections.queries.viewer import Viewer, not_excluded
from projections.store import Reader


def clue(reader: Reader, clue_id: UUID) -> ClueRow | None:
    """The clue."""
    return fetch_one(reader, select(reader[CLUE]).where(reader[CLUE].c.clue_id == clue_id), ClueRow)


def clue_by_number(reader: Reader, number: str) -> ClueRow | None:
    """The clue with a number of the clue register."""
    return fetch_one(reader, select(reader[CLUE]).where(reader[CLUE].c.number == number), ClueRow)


def clues(
    reader: Reader, viewer: Viewer, *, department: str = "", state: str = "", after: str = "", limit: int = 50
) -> Page[ClueRow]:
    """Clues, the newest first, without those of reports that the viewer is excluded from."""
    table = reader[CLUE].c
    query = select(reader[CLUE]).where(not_excluded(reader, viewer.officer, table.report_id))
    if department:
        query = query.where(table.department == department)
    if state:
        query = query.where(table.state == state)
    if after:
        day, clue_id = after.split("|")
        query = query.where(tuple_(table.recorded_on, table.clue_id) < tuple_(date.fromisoformat(day), UUID(clue_id)))
    query = query.order_by(table.recorded_on.desc(), table.clue_id.desc()).limit(limit + 1)
    rows = fetch(reader, query, ClueRow)
    return page_of(rows, limit, (f"{row.recorded_on}|{row.clue_id}" for row in rows))
