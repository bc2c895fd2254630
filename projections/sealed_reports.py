"""The projection of sealed reports (径送件): that one came, went up, was acknowledged, was destroyed here (A-15).

Nothing else: no line, no named claim, no number of files, and not whether it was opened here before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, Date, Index, Integer, Table, Uuid

from events.model import ActedEvent, Event
from events.vocabulary import correspondence, intake, sealed_report
from projections.ports import Recorded
from projections.projection import Built, Projection, day_of, original_receipt, stream_named
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Layout

SEALED_REPORT = Table(
    "sealed_report",
    SHAPES,
    Column("sealed_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("reference", Code, nullable=False),
    Column("number", Code, nullable=False),
    Column("office", Code, nullable=False),
    Column("channel", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("mode", Code, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("additions", Integer, nullable=False),
    Column("principal_cleared", Boolean, nullable=False),
    Column("principal_told", Boolean, nullable=False),
    Column("reported_on", Date),
    Column("acknowledged_on", Date),
    Column("destroyed_on", Date),
    Index("received_on", "received_on", "sealed_id"),
    Index("state", "state", "received_on", "sealed_id"),
    Index("reference", "reference"),
    Index("number", "number"),
)

LAYOUT = Layout("sealed_reports", 3, (SEALED_REPORT,))


@dataclass(frozen=True, kw_only=True)
class SealedRow:
    """A sealed report. ``state``: received, reported, acknowledged or destroyed; ``mode``: how it went, site or file.

    ``additions``: how many the reporter made after it was destroyed here; with them it waits to go up, as received.
    ``principal_cleared``: the superior has nothing against the principal being told.
    """

    sealed_id: UUID
    version: int
    reference: str
    number: str = ""
    office: str
    channel: str
    state: str = "received"
    mode: str = ""
    received_on: date
    additions: int = 0
    principal_cleared: bool = False
    principal_told: bool = False
    reported_on: date | None = None
    acknowledged_on: date | None = None
    destroyed_on: date | None = None


class SealedReportsWriter:
    """See :class:`projections.projection.Writer`."""

    erased = False

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._sealed: Rows[UUID, SealedRow] = Rows(connection, tables[SEALED_REPORT], SealedRow, "sealed_id")

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._sealed.preload(sealed_id for one in batch if (sealed_id := _concerned(one.event)))

    def apply(self, recorded: Recorded) -> None:
        event, sealed_id = recorded.event, _concerned(recorded.event)
        if sealed_id is None or not isinstance(event, ActedEvent):
            return
        row = _begun(event) or self._sealed.one(sealed_id)
        if row is not None:
            self._sealed.put(row.sealed_id, replace(row, **_changes(row, event)))

    def flush(self) -> None:
        self._sealed.flush()


def _concerned(event: Event) -> UUID | None:
    """The sealed report that an event may be about."""
    if isinstance(event, correspondence.SupplementReceived):
        return stream_named(event.report)
    return event.originator_id if event.TOPIC.startswith("sealed_report.") else None


def _begun(event: ActedEvent) -> SealedRow | None:
    match event:
        case intake.SealedReportReceived():
            received_on = day_of(event)
        case sealed_report.SealedReportResealed():
            received_on = original_receipt(event)
        case _:
            return None
    return SealedRow(
        sealed_id=event.originator_id,
        version=event.originator_version,
        reference=event.reference,
        office=event.receiving_office,
        channel=event.channel,
        received_on=received_on,
    )


def _changes(row: SealedRow, event: ActedEvent) -> dict[str, Any]:
    if isinstance(event, correspondence.SupplementReceived):
        return {"state": "received", "additions": row.additions + 1} if row.destroyed_on else {}
    return {"version": event.originator_version, **_told(event)}


def _told(event: ActedEvent) -> dict[str, Any]:
    match event:
        case sealed_report.SealedReportRegistered():
            return {"number": event.number}
        case sealed_report.DeliveredToPrincipal():
            return {"principal_told": True}
        case sealed_report.ReportedToSuperior():
            again = {"additions": 0, "acknowledged_on": None, "destroyed_on": None}
            return {"state": "reported", "mode": event.mode, "reported_on": day_of(event), **again}
        case sealed_report.SuperiorAcknowledged():
            return {"state": "acknowledged", "acknowledged_on": day_of(event)}
        case sealed_report.AcknowledgementReceived():
            return {
                "state": "acknowledged",
                "acknowledged_on": day_of(event),
                "principal_cleared": event.principal_may_know,
            }
        case sealed_report.PrincipalCleared():
            return {"principal_cleared": True}
        case sealed_report.SealedCopyDestroyed():
            return {"state": "destroyed", "destroyed_on": day_of(event)}
    return {}


PROJECTION: Projection = Built(LAYOUT, SealedReportsWriter)
