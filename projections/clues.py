"""The projection of clues: a row each, for the clue supervisor's ledger and for who handles one.

A clue whose report went the late way of A-15 is taken out: it would tell what the report was about.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, Date, Index, Integer, Table, Uuid, select

from events.model import ActedEvent
from events.vocabulary import clue, report
from projections.ports import Recorded
from projections.projection import Built, Projection, day_of, stream_named
from projections.report_changes import handling_state
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Layout, Texts

CLUE = Table(
    "clue",
    SHAPES,
    Column("clue_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("number", Code, nullable=False),
    Column("source", Code, nullable=False),
    Column("report_id", Uuid),
    Column("department", Code, nullable=False),
    Column("handlers", Texts, nullable=False),
    Column("state", Code, nullable=False),
    Column("disposition", Code, nullable=False),
    Column("minutes", Code, nullable=False),
    Column("distributor", Code, nullable=False),
    Column("proposer", Code, nullable=False),
    Column("result", Code, nullable=False),
    Column("party_committee_told", Boolean, nullable=False),
    Column("superior_told", Boolean, nullable=False),
    Column("recorded_on", Date, nullable=False),
    Column("distributed_on", Date),
    Column("concluded_on", Date),
    Index("recorded_on", "recorded_on", "clue_id"),
    Index("state", "state", "recorded_on", "clue_id"),
    Index("department", "department", "recorded_on", "clue_id"),
    Index("report_id", "report_id"),
    Index("number", "number"),
)

LAYOUT = Layout("clues", 2, (CLUE,))


@dataclass(frozen=True, kw_only=True)
class ClueRow:
    """A clue. ``handlers``: the first leads.

    ``minutes``: number of the minutes of the collective study. ``party_committee_told``, ``superior_told``: D-01.
    """

    clue_id: UUID
    version: int
    number: str
    source: str
    report_id: UUID | None
    department: str
    handlers: tuple[str, ...] = ()
    state: str = "recorded"
    disposition: str = ""
    minutes: str = ""
    distributor: str = ""
    proposer: str = ""
    result: str = ""
    party_committee_told: bool = False
    superior_told: bool = False
    recorded_on: date
    distributed_on: date | None = None
    concluded_on: date | None = None


_CHANGES: dict[type[ActedEvent], Callable[[Any], Mapping[str, Any]]] = {
    clue.DistributionProposed: lambda e: {
        "state": "distribution_proposed",
        "department": e.department,
        "handlers": e.handlers,
        "distributor": e.actor,
    },
    clue.DistributionReturned: lambda e: {"state": "recorded", "handlers": ()},
    clue.ClueDistributed: lambda e: {
        "state": "distributed",
        "department": e.department,
        "handlers": e.handlers,
        "distributed_on": day_of(e),
    },
    clue.HandlersReplaced: lambda e: {"handlers": e.handlers},
    clue.DistributionWithdrawn: lambda e: {
        "state": "recorded",
        "handlers": (),
        "disposition": "",
        "proposer": "",
        "distributor": "",
        "distributed_on": None,
    },
    clue.DispositionProposed: lambda e: {
        "state": "proposed",
        "disposition": e.disposition,
        "minutes": e.minutes,
        "proposer": e.actor,
    },
    clue.DispositionReturned: lambda e: {
        "state": "distributed",
        "disposition": "",
        "minutes": "",
        "proposer": "",
    },
    clue.DispositionApproved: lambda e: {"state": handling_state(e.disposition)},
    clue.ReportedToPartyCommittee: lambda e: {"party_committee_told": True},
    clue.ReportedToSuperiorCommission: lambda e: {"superior_told": True},
    clue.ClueConcluded: lambda e: {"state": "concluded", "result": e.result, "concluded_on": day_of(e)},
    clue.ClueWithdrawn: lambda e: {"state": "withdrawn"},
    clue.ClueReactivated: lambda e: {
        "state": "distributed",
        "disposition": "",
        "minutes": "",
        "proposer": "",
        "result": "",
        "concluded_on": None,
    },
}


class CluesWriter:
    """See :class:`projections.projection.Writer`."""

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._connection = connection
        self._table = tables[CLUE]
        self._clues: Rows[UUID, ClueRow] = Rows(connection, self._table, ClueRow, "clue_id")
        self.erased = False

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._clues.preload(r.event.originator_id for r in batch if r.event.TOPIC.startswith("clue."))

    def apply(self, recorded: Recorded) -> None:
        match recorded.event:
            case clue.ClueRecorded() as event:
                self._clues.put(
                    event.originator_id,
                    ClueRow(
                        clue_id=event.originator_id,
                        version=event.originator_version,
                        number=event.number,
                        source=event.source,
                        report_id=stream_named(event.report),
                        department=event.department,
                        recorded_on=day_of(event),
                    ),
                )
            case report.ReportBypassed() as event:
                for clue_id in self._of_report(event.originator_id):
                    self._clues.put(clue_id, None)
                self.erased = True
            case ActedEvent() as event if row := self._concerned(event):
                changes = _CHANGES.get(type(event), lambda _: {})(event)
                self._clues.put(row.clue_id, replace(row, version=event.originator_version, **changes))

    def flush(self) -> None:
        self._clues.flush()

    def _concerned(self, event: ActedEvent) -> ClueRow | None:
        return self._clues.one(event.originator_id) if event.TOPIC.startswith("clue.") else None

    def _of_report(self, report_id: UUID) -> Sequence[UUID]:
        self.flush()  # rows of this batch must be found as well
        columns = self._table.c
        return self._connection.scalars(select(columns.clue_id).where(columns.report_id == report_id)).all()


PROJECTION: Projection = Built(LAYOUT, CluesWriter)
