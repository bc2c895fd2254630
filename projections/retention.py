"""The projection of what is kept for how long: filed reports with holds and destruction, and appraisals (鉴定).

For lists of what is due and of whose turn it is. What is decided is decided on the streams themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Date, Index, Table, Uuid

from events.model import ActedEvent
from events.vocabulary import intake, report, retention
from projections.ports import Recorded
from projections.projection import Built, Projection, day_of
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Layout, Texts

KEPT = Table(
    "kept",
    SHAPES,
    Column("report_id", Uuid, primary_key=True),
    Column("office", Code, nullable=False),
    Column("reference", Code, nullable=False),
    Column("number", Code, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("state", Code, nullable=False),
    Column("retention", Code, nullable=False),
    Column("holds", Texts, nullable=False),
    Column("identity_gone", Date),
    Column("all_gone", Date),
    Index("due", "office", "state", "received_on", "report_id"),
)

APPRAISAL = Table(
    "appraisal",
    SHAPES,
    Column("appraisal_id", Uuid, primary_key=True),
    Column("office", Code, nullable=False),
    Column("document", Code, nullable=False),
    Column("scope", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("reports", Texts, nullable=False),
    Column("proposer", Code, nullable=False),
    Column("proposed_on", Date, nullable=False),
    Column("approver", Code, nullable=False),
    Index("office", "office", "state", "proposed_on", "appraisal_id"),
)

LAYOUT = Layout("retention", 1, (KEPT, APPRAISAL))


@dataclass(frozen=True, kw_only=True)
class KeptRow:
    """A report. ``state``: open, archived or sealed; ``retention``: a code of ``RetentionClass``, "" until it is filed.

    ``holds``: documents of the holds on it. ``identity_gone``, ``all_gone``: days of destruction.
    """

    report_id: UUID
    office: str
    reference: str
    number: str = ""
    received_on: date
    state: str = "open"
    retention: str = ""
    holds: tuple[str, ...] = ()
    identity_gone: date | None = None
    all_gone: date | None = None


@dataclass(frozen=True, kw_only=True)
class AppraisalRow:
    """An appraisal. ``office``: that proposed it; ``scope``, ``state``: codes; ``reports``: ids."""

    appraisal_id: UUID
    office: str
    document: str
    scope: str
    state: str = "proposed"
    reports: tuple[str, ...]
    proposer: str
    proposed_on: date
    approver: str = ""


class RetentionWriter:
    """See :class:`projections.projection.Writer`."""

    erased = False

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._kept: Rows[UUID, KeptRow] = Rows(connection, tables[KEPT], KeptRow, "report_id")
        self._appraisals: Rows[UUID, AppraisalRow] = Rows(connection, tables[APPRAISAL], AppraisalRow, "appraisal_id")

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._kept.preload(r.event.originator_id for r in batch if isinstance(r.event, _ON_REPORTS))
        self._appraisals.preload(r.event.originator_id for r in batch if isinstance(r.event, _ON_APPRAISALS))

    def apply(self, recorded: Recorded) -> None:
        event = recorded.event
        match event:
            case intake.ReportReceived():
                row = KeptRow(
                    report_id=event.originator_id,
                    office=event.receiving_office,
                    reference=event.reference,
                    received_on=day_of(event),
                )
                self._kept.put(row.report_id, row)
            case retention.AppraisalProposed():
                self._appraisals.put(event.originator_id, _proposed(event))
            case ActedEvent() if isinstance(event, _ON_REPORTS) and (kept := self._kept.one(event.originator_id)):
                self._kept.put(kept.report_id, replace(kept, **_changes(kept, event)))
            case ActedEvent() if isinstance(event, _ON_APPRAISALS):
                if decided := self._appraisals.one(event.originator_id):
                    self._appraisals.put(decided.appraisal_id, replace(decided, **_decided(event)))

    def flush(self) -> None:
        self._kept.flush()
        self._appraisals.flush()


_ON_REPORTS = (
    intake.ReportReceived,
    report.ReportRegistered,
    report.ReportHandedOver,
    report.ReportArchived,
    report.ReportBypassed,
    retention.HoldRequested,
    retention.HoldLifted,
    retention.ReportDestroyed,
)
_ON_APPRAISALS = (
    retention.AppraisalProposed,
    retention.AppraisalApproved,
    retention.AppraisalRefused,
    retention.AppraisalExecuted,
)


def _proposed(event: retention.AppraisalProposed) -> AppraisalRow:
    return AppraisalRow(
        appraisal_id=event.originator_id,
        office=event.office,
        document=event.document,
        scope=event.scope,
        reports=event.reports,
        proposer=event.actor,
        proposed_on=day_of(event),
    )


def _changes(row: KeptRow, event: ActedEvent) -> dict[str, Any]:
    match event:
        case report.ReportRegistered():
            return {"number": event.number}
        case report.ReportHandedOver():
            return {"office": event.to_office, "number": ""}
        case report.ReportArchived():
            return {"state": "archived", "retention": event.retention}
        case report.ReportBypassed():
            return {"state": "sealed"}
        case retention.HoldRequested():
            return {"holds": (*row.holds, event.document)}
        case retention.HoldLifted():
            return {"holds": tuple(one for one in row.holds if one != event.document)}
        case retention.ReportDestroyed() if event.scope == "identity":
            return {"identity_gone": day_of(event)}
        case retention.ReportDestroyed():
            return {"all_gone": day_of(event)}
    return {}


def _decided(event: ActedEvent) -> dict[str, Any]:
    match event:
        case retention.AppraisalApproved():
            return {"state": "approved", "approver": event.actor}
        case retention.AppraisalRefused():
            return {"state": "refused", "approver": event.actor}
    return {"state": "executed"}


PROJECTION: Projection = Built(LAYOUT, RetentionWriter)
