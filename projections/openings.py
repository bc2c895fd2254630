"""The projection of openings (启封): where each stands, whose turn it is, who has given his share.

For queues and lists. What is decided is decided on the stream itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, Date, Index, Integer, Table, Uuid

from events.model import ActedEvent
from events.vocabulary import opening
from projections.ports import Recorded
from projections.projection import Built, Projection, day_of, day_written, stream_named
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Layout, Texts

OPENING = Table(
    "opening",
    SHAPES,
    Column("opening_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("report_id", Uuid),
    Column("requester", Code, nullable=False),
    Column("office", Code, nullable=False),
    Column("purpose", Code, nullable=False),
    Column("number", Code, nullable=False),
    Column("compartments", Texts, nullable=False),
    Column("state", Code, nullable=False),
    Column("requested_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("approver", Code, nullable=False),
    Column("m", Integer, nullable=False),
    Column("gate", Boolean, nullable=False),
    Column("contributed", Texts, nullable=False),
    Column("declined", Texts, nullable=False),
    Column("released", Boolean, nullable=False),
    Column("opened_on", Date),
    Index("report_id", "report_id", "requested_on", "opening_id"),
    Index("state", "state", "requested_on", "opening_id"),
    Index("requester", "requester", "state"),
    Index("approver", "approver", "state"),
)

LAYOUT = Layout("openings", 1, (OPENING,))


@dataclass(frozen=True, kw_only=True)
class OpeningRow:
    """An opening. ``state``: a code of ``OpeningState``; ``office``: of the requester.

    ``contributed``, ``declined``: officer ids of custodians. ``released``: whether the gate has given its half.
    """

    opening_id: UUID
    version: int
    report_id: UUID | None
    requester: str
    office: str
    purpose: str
    number: str
    compartments: tuple[str, ...]
    state: str = "requested"
    requested_on: date
    expires_on: date
    approver: str = ""
    m: int
    gate: bool
    contributed: tuple[str, ...] = ()
    declined: tuple[str, ...] = ()
    released: bool = False
    opened_on: date | None = None

    @property
    def enough(self) -> bool:
        """Whether M custodians have given their shares."""
        return len(self.contributed) >= self.m

    @property
    def ready(self) -> bool:
        """Whether it waits for nobody but its requester."""
        return self.state == "approved" and self.enough and (self.released or not self.gate)


class OpeningsWriter:
    """See :class:`projections.projection.Writer`."""

    erased = False

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._openings: Rows[UUID, OpeningRow] = Rows(connection, tables[OPENING], OpeningRow, "opening_id")

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._openings.preload(r.event.originator_id for r in batch if _concerns(r))

    def apply(self, recorded: Recorded) -> None:
        event = recorded.event
        if not _concerns(recorded) or not isinstance(event, ActedEvent):
            return
        row = _begun(event) or self._openings.one(event.originator_id)
        if row is not None:
            row = replace(row, version=event.originator_version, **_changes(row, event))
            self._openings.put(row.opening_id, row)

    def flush(self) -> None:
        self._openings.flush()


def _concerns(recorded: Recorded) -> bool:
    return recorded.event.TOPIC.startswith("opening.")


def _begun(event: ActedEvent) -> OpeningRow | None:
    if not isinstance(event, opening.OpeningRequested):
        return None
    return OpeningRow(
        opening_id=event.originator_id,
        version=event.originator_version,
        report_id=stream_named(event.report),
        requester=event.actor,
        office=event.office,
        purpose=event.purpose,
        number=event.number,
        compartments=event.compartments,
        requested_on=day_of(event),
        expires_on=day_written(event.expires_on, event),
        m=event.m,
        gate=event.gate,
    )


def _changes(row: OpeningRow, event: ActedEvent) -> dict[str, Any]:
    match event:
        case opening.OpeningApproved():
            return {"state": "approved", "approver": event.actor}
        case opening.OpeningRefused():
            return {"state": "refused", "approver": event.actor}
        case opening.ShareContributed():
            return {"contributed": _with(row.contributed, event), "declined": _without(row.declined, event.actor)}
        case opening.ContributionDeclined():
            return {"declined": _with(row.declined, event)}
        case opening.ShareRejected() if event.custodian:
            return {"contributed": _without(row.contributed, event.custodian)}
        case opening.ShareRejected():
            return {"released": False}
        case opening.GateReleased():
            return {"released": True}
        case opening.CompartmentsOpened():
            return {"state": "opened", "opened_on": day_of(event)}
        case opening.OpeningClosed():
            return {"state": "closed"}
    return {}


def _with(officers: tuple[str, ...], event: ActedEvent) -> tuple[str, ...]:
    return (*_without(officers, event.actor), event.actor)


def _without(officers: tuple[str, ...], officer: str) -> tuple[str, ...]:
    return tuple(one for one in officers if one != officer)


PROJECTION: Projection = Built(LAYOUT, OpeningsWriter)
