"""The projection of what passed between the office and a reporter: messages with their state, additions.

Of a sealed report it is told that something was added, not how much; what had passed before a late by-pass goes (A-15).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Date, Index, Integer, Table, Uuid

from events.vocabulary import correspondence, intake, report, sealed_report
from projections.ports import Recorded
from projections.projection import Built, Projection, day_of, stream_named
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Layout

MESSAGE = Table(
    "message",
    SHAPES,
    Column("report_id", Uuid, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("message", Code, nullable=False),
    Column("template", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("author", Code, nullable=False),
    Column("office", Code, nullable=False),
    Column("written_on", Date, nullable=False),
    Column("decided_by", Code, nullable=False),
    Column("decided_on", Date),
    Column("reason", Code, nullable=False),
    Index("state_office", "state", "office", "written_on", "report_id", "ordinal"),
)

SUPPLEMENT = Table(
    "supplement",
    SHAPES,
    Column("report_id", Uuid, primary_key=True),
    Column("ordinal", Integer, primary_key=True),
    Column("received_on", Date, nullable=False),
    Column("attachments", Integer, nullable=False),
)

SEALED_CASE = Table("sealed_case", SHAPES, Column("report_id", Uuid, primary_key=True))

LAYOUT = Layout("correspondence", 1, (MESSAGE, SUPPLEMENT, SEALED_CASE))


@dataclass(frozen=True, kw_only=True)
class MessageRow:
    """A message to the reporter. ``state``: sent (a template), draft, approved or refused (free text).

    ``template``: code of the approved template, or ""; ``message``: id of free text within its stream, or "".
    """

    report_id: UUID
    ordinal: int
    message: str = ""
    template: str = ""
    state: str
    author: str
    office: str
    written_on: date
    decided_by: str = ""
    decided_on: date | None = None
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class SupplementRow:
    """The ``ordinal``-th addition of the reporter, from 1. ``attachments``: number of files; 0 for a sealed report."""

    report_id: UUID
    ordinal: int
    received_on: date
    attachments: int


@dataclass(frozen=True)
class SealedCase:
    """A report of which nothing is counted here."""

    report_id: UUID


class CorrespondenceWriter:
    """See :class:`projections.projection.Writer`."""

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._messages: Rows[UUID, MessageRow] = Rows(connection, tables[MESSAGE], MessageRow, "report_id")
        self._supplements: Rows[UUID, SupplementRow] = Rows(connection, tables[SUPPLEMENT], SupplementRow, "report_id")
        self._sealed: Rows[UUID, SealedCase] = Rows(connection, tables[SEALED_CASE], SealedCase, "report_id")
        self.erased = False

    def preload(self, batch: Sequence[Recorded]) -> None:
        """Exchanges are few; each is read when its event comes."""

    def apply(self, recorded: Recorded) -> None:
        match recorded.event:
            case intake.SealedReportReceived() | sealed_report.SealedReportResealed() as event:
                self._sealed.put(event.originator_id, SealedCase(event.originator_id))
            case report.ReportBypassed() as event:
                self._sealed.put(event.originator_id, SealedCase(event.originator_id))
                self._messages.replace(event.originator_id, ())
                self._supplements.replace(event.originator_id, ())
                self.erased = True
            case correspondence.SupplementReceived() as event if about := stream_named(event.report):
                self._add_supplement(about, event)
            case correspondence.MessageSent() as event if about := stream_named(event.report):
                self._add(self._written(about, event, state="sent", template=event.template))
            case correspondence.MessageDrafted() as event if about := stream_named(event.report):
                self._add(self._written(about, event, state="draft", message=event.message))
            case correspondence.MessageApproved() as event if about := stream_named(event.report):
                self._decide(about, event, "approved", "")
            case correspondence.MessageRefused() as event if about := stream_named(event.report):
                self._decide(about, event, "refused", event.reason)

    def flush(self) -> None:
        for rows in (self._messages, self._supplements, self._sealed):
            rows.flush()

    def _add_supplement(self, about: UUID, event: correspondence.SupplementReceived) -> None:
        before = self._supplements.of(about)
        added = SupplementRow(
            report_id=about,
            ordinal=len(before) + 1,
            received_on=day_of(event),
            attachments=0 if self._sealed.one(about) else event.attachments,
        )
        self._supplements.replace(about, (*before, added))

    def _written(
        self,
        about: UUID,
        event: correspondence.MessageSent | correspondence.MessageDrafted,
        *,
        state: str,
        template: str = "",
        message: str = "",
    ) -> MessageRow:
        return MessageRow(
            report_id=about,
            ordinal=len(self._messages.of(about)) + 1,
            message=message,
            template=template,
            state=state,
            author=event.actor,
            office=event.office,
            written_on=day_of(event),
        )

    def _add(self, message: MessageRow) -> None:
        before = self._messages.of(message.report_id)
        self._messages.replace(message.report_id, (*before, message))

    def _decide(
        self,
        about: UUID,
        event: correspondence.MessageApproved | correspondence.MessageRefused,
        state: str,
        reason: str,
    ) -> None:
        decided: dict[str, Any] = {
            "state": state,
            "decided_by": event.actor,
            "decided_on": day_of(event),
            "reason": reason,
        }
        self._messages.replace(
            about,
            (
                replace(row, **decided) if row.state == "draft" and row.message == event.message else row
                for row in self._messages.of(about)
            ),
        )


PROJECTION: Projection = Built(LAYOUT, CorrespondenceWriter)
