"""The projection that crosses to the public site: per receipt the few facts from which the status page is made.

No position, no office, no officer, no time finer than a day, and no state that the reporter is not told of: steps
inside the office (numbered, screened, filed, kept as a duplicate, handed on under seal) leave the row as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, Date, Dialect, Table, Uuid

from events.model import ActedEvent
from events.vocabulary import correspondence, intake, report, sealed_report
from projections.ports import Recorded
from projections.projection import Built, Projection, day_of, original_receipt, stream_named
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Json, Layout


@dataclass(frozen=True)
class PublicMessage:
    """A message that the reporter can read: ``template`` names its words, or ``message`` the sealed free text."""

    day: date
    template: str
    message: str


class Messages(Json):
    """``tuple[PublicMessage, ...]`` as a JSON array of objects."""

    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str:
        return super().process_bind_param([asdict(one) | {"day": one.day.isoformat()} for one in value or ()], dialect)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> tuple[PublicMessage, ...]:
        return tuple(
            PublicMessage(date.fromisoformat(one["day"]), one["template"], one["message"])
            for one in super().process_result_value(value, dialect) or ()
        )


PUBLIC_STATUS = Table(
    "public_status",
    SHAPES,
    Column("stream_id", Uuid, primary_key=True),
    Column("state", Code, nullable=False),
    Column("refusal", Code, nullable=False),
    Column("named", Boolean, nullable=False),
    Column("feedback_wanted", Boolean, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("changed_on", Date, nullable=False),
    Column("messages", Messages, nullable=False),
)

LAYOUT = Layout("public_status", 1, (PUBLIC_STATUS,))


@dataclass(frozen=True, kw_only=True)
class PublicStatus:
    """What the reporter may know. ``state``: the last state that he is told of, a code of ``ReportState``.

    ``refusal``: code of A-13 where the report was not accepted. ``changed_on``: day on which ``state`` was reached.
    """

    stream_id: UUID
    state: str = "received"
    refusal: str = ""
    named: bool = False
    feedback_wanted: bool = False
    received_on: date
    changed_on: date
    messages: tuple[PublicMessage, ...] = ()


#: Events that the reporter is told of, and the state that they lead to.
_TOLD: dict[type[ActedEvent], str] = {
    report.ReportAccepted: "accepted",
    report.ReportNotAccepted: "not_accepted",
    report.ReportReferredOut: "referred_out",
    report.ReportForwardedDown: "forwarded_down",
    report.ReportAssignedDown: "assigned_down",
    report.AppealRouted: "appeal_routed",
    report.SuggestionRouted: "suggestion_routed",
    report.TransferredToDept: "transferred",
    report.ReportClosed: "closed",
    report.ResultFedBack: "fed_back",
    report.ObjectionRecorded: "objection",
    report.ObjectionExplained: "fed_back",
    report.ReportReopened: "transferred",
}


class PublicStatusWriter:
    """See :class:`projections.projection.Writer`."""

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._rows: Rows[UUID, PublicStatus] = Rows(connection, tables[PUBLIC_STATUS], PublicStatus, "stream_id")
        self.erased = False

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._rows.preload(stream for r in batch if (stream := _concerns(r)) is not None)

    def apply(self, recorded: Recorded) -> None:
        event = recorded.event
        stream_id = _concerns(recorded)
        if stream_id is None or not isinstance(event, ActedEvent):
            return
        row = _begun(event) or self._rows.one(stream_id)
        if row is not None:
            self._rows.put(stream_id, _after(row, event))
        self.erased |= isinstance(event, report.ReportBypassed)

    def flush(self) -> None:
        self._rows.flush()


def _concerns(recorded: Recorded) -> UUID | None:
    event = recorded.event
    match event.TOPIC.split(".")[0]:
        case "report" | "sealed_report":
            return event.originator_id
    match event:
        case correspondence.FeedbackWishWithdrawn() | correspondence.MessageSent() | correspondence.MessageApproved():
            return stream_named(event.report)
    return None


def _begun(event: ActedEvent) -> PublicStatus | None:
    match event:
        case intake.ReportReceived():
            return PublicStatus(
                stream_id=event.originator_id,
                named=event.named == "named",
                feedback_wanted=event.feedback_wanted,
                received_on=day_of(event),
                changed_on=day_of(event),
            )
        case intake.SealedReportReceived():
            return PublicStatus(stream_id=event.originator_id, received_on=day_of(event), changed_on=day_of(event))
        case sealed_report.SealedReportResealed():
            day = original_receipt(event)
            return PublicStatus(stream_id=event.originator_id, received_on=day, changed_on=day)
    return None


def _after(row: PublicStatus, event: ActedEvent) -> PublicStatus:
    changes: dict[str, Any] = {}
    if type(event) in _TOLD:
        changes = {"state": _TOLD[type(event)], "refusal": "", "changed_on": day_of(event)}
    match event:
        case report.ReportNotAccepted():
            changes["refusal"] = event.refusal
        case report.NamedStatusVerified():
            changes["named"] = event.status != "anonymous"
        case report.ReportBypassed():
            changes = {"named": False, "feedback_wanted": False, "refusal": "", "messages": ()}
        case correspondence.FeedbackWishWithdrawn():
            changes["feedback_wanted"] = False
        case correspondence.MessageSent():
            changes["messages"] = (*row.messages, PublicMessage(day_of(event), event.template, ""))
        case correspondence.MessageApproved():
            changes["messages"] = (*row.messages, PublicMessage(day_of(event), "", event.message))
    return replace(row, **changes)


PROJECTION: Projection = Built(LAYOUT, PublicStatusWriter)
