"""The projection of who did what when: a row an event, for the timeline of a report and for oversight.

A row holds the event's codes, never sealed material, keys or hashes. ``overseen`` says whether oversight may see it.
Of sealed reports (径送件) it sees that one came, went up, was acknowledged and was destroyed; of a report that went the
late way of A-15 no more than that, and what its rows said is taken out when it goes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Connection, Index, Table, Uuid, delete, insert, or_, select, update

from events.model import WHERE_IT_STANDS, ActedEvent, Sealing
from events.vocabulary import access, clue, correspondence, intake, officer, register, report
from projections.ports import Recorded
from projections.projection import Built, Projection, stream_named
from projections.shapes import SHAPES, Bound, Code, Json, Layout

TIMELINE = Table(
    "timeline",
    SHAPES,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("occurred_at", Code, nullable=False),
    Column("topic", Code, nullable=False),
    Column("actor", Code, nullable=False),
    Column("office", Code, nullable=False),
    Column("rule_version", Code, nullable=False),
    Column("subject_kind", Code, nullable=False),
    Column("subject", Code, nullable=False),
    Column("report_id", Uuid),
    Column("fields", Json, nullable=False),
    Column("overseen", Boolean, nullable=False),
    Index("report_id", "report_id", "position"),
    Index("subject", "subject", "position"),
    Index("recorded_at", "recorded_at", "position"),
    Index("overseen", "overseen", "position"),
    Index("overseen_office", "overseen", "office", "position"),
    Index("overseen_actor", "overseen", "actor", "position"),
    Index("overseen_topic", "overseen", "topic", "position"),
)

LAYOUT = Layout("timeline", 1, (TIMELINE,))

#: Oversight sees these of a sealed report.
_SEALED_OVERSEEN = frozenset(
    {
        "sealed_report.received.v1",
        "sealed_report.resealed.v1",
        "sealed_report.reported_to_superior.v1",
        "sealed_report.acknowledged.v1",
        "sealed_report.acknowledgement_received.v1",
        "sealed_report.destroyed.v1",
    }
)
#: What stays of a report after its late by-pass; who read it stays as well, for whoever must ask about a leak.
_BYPASSED_OVERSEEN = frozenset({"report.received.v1", "report.bypassed.v1"})
_BYPASSED_KEPT = _BYPASSED_OVERSEEN | {
    "report.registered.v1",
    "report.persons_seen.v1",
    "report.bypass_proposed.v1",
    "access.content_opened.v1",
    "access.index_queried.v1",
}

#: Stand in columns of their own, or say nothing to people.
_LEFT_OUT = frozenset(
    {
        *WHERE_IT_STANDS,
        "occurred_at",
        "actor",
        "office",
        "rule_version",
        "sealing",
        "sealings",
        "reporter_sealing",
        "destroyed",
        # Of openings and contacts: hashes of statements, and where the shares are.
        "request",
        "approval",
        "release",
        "sealed_stream",
        "sealed_version",
    }
)
_SEALED_FIELDS = frozenset({"number", "mode"})


@dataclass(frozen=True, kw_only=True)
class TimelineRow:
    """An event as people may see it.

    ``recorded_at``: Unix seconds, whole hours; ``occurred_at``: business time, ISO 8601 with +08:00. ``subject_kind``:
    report, sealed_report, clue, correspondence, register, officer, access or deployment; ``subject``: stream id, or
    officer id. ``report_id``: the report or sealed report that it belongs to. ``fields``: the event's codes.
    """

    position: int
    recorded_at: int
    occurred_at: str
    topic: str
    actor: str
    office: str
    rule_version: str
    subject_kind: str
    subject: str
    report_id: UUID | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    overseen: bool = True


class TimelineWriter:
    """See :class:`projections.projection.Writer`."""

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._connection = connection
        self._table = tables[TIMELINE]
        self._new: list[dict[str, Any]] = []
        self._sealed: dict[UUID, bool] = {}
        self._report_of_clue: dict[str, UUID | None] = {}
        self.erased = False

    def preload(self, batch: Sequence[Recorded]) -> None:
        """Rows are only added; what little is looked up is looked up when needed."""

    def apply(self, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, ActedEvent):
            return
        kind, subject, report_id = self._concerns(event)
        match event:
            case intake.ReportReceived():
                self._sealed[event.originator_id] = False  # nothing came before it, so there is nothing to look up
            case report.ReportBypassed():
                self._take_out(event.originator_id)
        sealed = kind == "sealed_report" or (report_id is not None and self._is_sealed(report_id))
        if kind == "sealed_report" and report_id:
            self._sealed[report_id] = True
        shown = _fields(event)
        row = TimelineRow(
            position=recorded.position,
            recorded_at=recorded.recorded_at,
            occurred_at=event.occurred_at,
            topic=event.TOPIC,
            actor=event.actor,
            office=event.office,
            rule_version=event.rule_version,
            subject_kind=kind,
            subject=subject,
            report_id=report_id,
            fields={name: shown[name] for name in shown if not sealed or name in _SEALED_FIELDS},
            overseen=not sealed or event.TOPIC in _SEALED_OVERSEEN | _BYPASSED_OVERSEEN,
        )
        self._new.append(vars(row).copy())

    def flush(self) -> None:
        if self._new:
            self._connection.execute(insert(self._table), self._new)
            self._new = []

    def _concerns(self, event: ActedEvent) -> tuple[str, str, UUID | None]:
        """Kind and id of the subject, and the report that it belongs to."""
        kind, stream = event.TOPIC.split(".")[0], event.originator_id
        match event:
            case clue.ClueRecorded():
                self._report_of_clue[str(stream)] = stream_named(event.report)
                return kind, str(stream), stream_named(event.report)
            case register.NumberAssigned():
                return kind, event.subject, None if event.kind == "clue" else stream_named(event.subject)
            case access.ContentOpened() | access.OriginalOpened() | access.IndexQueried():
                return kind, event.report, stream_named(event.report)
            case access.ListShown() | access.IndexRekeyed():
                return kind, event.actor, None
        match kind:
            case "report" | "sealed_report":
                return kind, str(stream), stream
            case "clue":
                return kind, str(stream), self._report_handled_as(str(stream))
            case "opening" | "contact":
                return kind, str(stream), stream_named(getattr(event, "report", ""))
        match event:
            case (
                correspondence.SupplementReceived()
                | correspondence.FeedbackWishWithdrawn()
                | correspondence.MessageSent()
                | correspondence.MessageDrafted()
                | correspondence.MessageApproved()
                | correspondence.MessageRefused()
            ):
                return kind, str(stream), stream_named(event.report)
            case (
                officer.OfficerAppointed()
                | officer.OfficerEnrolled()
                | officer.OfficeKeyGranted()
                | officer.OfficeKeyWithdrawn()
                | officer.OfficerRolesChanged()
                | officer.OfficerDeparted()
                | officer.OfficerReinvited()
                | officer.ChangeProposed()
                | officer.ChangeRefused()
                | officer.RegrantProposed()
                | officer.SecondFactorSet()
                | officer.SecondFactorReset()
                | officer.PassphraseChanged()
            ):
                return kind, event.officer, None
        return kind, str(stream), None

    def _report_handled_as(self, clue_id: str) -> UUID | None:
        if clue_id not in self._report_of_clue:
            t = self._table.c
            entered = select(t.report_id).where(t.subject == clue_id, t.topic == clue.ClueRecorded.TOPIC)
            self._report_of_clue[clue_id] = self._connection.scalar(entered.limit(1))
        return self._report_of_clue[clue_id]

    def _is_sealed(self, report_id: UUID) -> bool:
        """Whether nothing may be told of it. What this batch says of it is in :attr:`_sealed` already."""
        if report_id not in self._sealed:
            t = self._table.c
            sign = or_(t.topic == report.ReportBypassed.TOPIC, t.subject_kind == "sealed_report")
            found = self._connection.scalar(select(t.position).where(t.report_id == report_id, sign).limit(1))
            self._sealed[report_id] = found is not None
        return self._sealed[report_id]

    def _take_out(self, report_id: UUID) -> None:
        """Late by-pass: what the rows said of the report goes."""
        self.flush()
        t = self._table
        mine = t.c.report_id == report_id
        self._connection.execute(delete(t).where(mine, t.c.topic.not_in(sorted(_BYPASSED_KEPT))))
        overseen = t.c.topic.in_(sorted(_BYPASSED_OVERSEEN))
        self._connection.execute(update(t).where(mine).values(fields={}, overseen=overseen))
        self._sealed[report_id] = True
        self.erased = True


def _fields(event: ActedEvent) -> dict[str, Any]:
    """The codes of an event: no sealing, no key, no hash, nothing that has a column."""
    left_out = _LEFT_OUT
    if isinstance(event, report.OfficerExcluded):
        left_out = left_out | {"reason"}  # "named in the report" would tell who was reported
    return {
        name: list(value) if isinstance(value, tuple) else value  # as JSON has it
        for name, value in vars(event).items()
        if name not in left_out and not _names_a_key(name) and not _is_sealing(value)
    }


def _names_a_key(field_name: str) -> bool:
    return field_name.endswith("_key")


def _is_sealing(value: object) -> bool:
    return isinstance(value, Sealing) or (isinstance(value, tuple) and any(isinstance(one, Sealing) for one in value))


PROJECTION: Projection = Built(LAYOUT, TimelineWriter)
