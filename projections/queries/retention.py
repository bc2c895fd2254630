"""What is due for appraisal (鉴定), and where appraisals stand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select

from projections.queries.paging import fetch
from projections.report_row import EXCLUDED
from projections.retention import APPRAISAL, KEPT, AppraisalRow, KeptRow
from projections.store import Reader

MOST = 200
"""Of a list; what follows is there when these are done."""


def identity_due(reader: Reader, officer: str, office: str, received_before: date) -> tuple[KeptRow, ...]:
    """Filed reports whose identity may be appraised, the oldest first; without what he must not see (SoD-7)."""
    t = reader[KEPT].c
    conditions = (t.state.in_(["archived", "sealed"]), t.identity_gone.is_(None), t.received_on < received_before)
    return _due(reader, officer, office, and_(*conditions))


def everything_due(
    reader: Reader, officer: str, office: str, received_before: Mapping[str, date]
) -> tuple[KeptRow, ...]:
    """The same for all the rest. ``received_before``: class of retention to the day."""
    t = reader[KEPT].c
    classes = [and_(t.retention == kind, t.received_on < day) for kind, day in received_before.items()]
    return _due(reader, officer, office, and_(t.state == "archived", or_(*classes)))


def kept(reader: Reader, report_ids: tuple[UUID, ...]) -> tuple[KeptRow, ...]:
    """These reports, the oldest first."""
    t = reader[KEPT].c
    query = select(reader[KEPT]).where(t.report_id.in_(report_ids)).order_by(t.received_on, t.report_id)
    return fetch(reader, query, KeptRow)


def appraisals(reader: Reader, offices: frozenset[str], *states: str) -> tuple[AppraisalRow, ...]:
    """Those that some offices proposed and that stand so, the newest first."""
    t = reader[APPRAISAL].c
    query = select(reader[APPRAISAL]).where(t.office.in_(sorted(offices)), t.state.in_(states))
    return fetch(reader, query.order_by(t.proposed_on.desc(), t.appraisal_id).limit(MOST), AppraisalRow)


def _due(reader: Reader, officer: str, office: str, condition: ColumnElement[bool]) -> tuple[KeptRow, ...]:
    t, excluded = reader[KEPT].c, reader[EXCLUDED].c
    hidden = select(excluded.report_id).where(excluded.officer == officer)
    query = select(reader[KEPT]).where(t.office == office, t.all_gone.is_(None), t.holds == (), condition)
    query = query.where(t.report_id.not_in(hidden)).order_by(t.received_on, t.report_id)
    return fetch(reader, query.limit(MOST), KeptRow)
