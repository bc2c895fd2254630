"""The projection of reports: a row each, who handles it, who must not see it, its clocks.

Reports and clocks are one projection because a queue is sorted by what is due: the due date must be in the row that
the index orders, and move with it in the same transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Connection, select

from events.model import ActedEvent, Event, Sealing
from events.vocabulary import clue, correspondence, intake, report, retention
from projections.clocks import CLOCK, ClockRow, step
from projections.facts import Facts
from projections.ports import ClockRules, FactsOpener, Recorded
from projections.projection import Built, Projection, stream_named
from projections.report_changes import after, case_facts, queued, received
from projections.report_row import EXCLUDED, ORIGINAL_REQUEST, REPORT, REPORT_HANDLER, ReportOfficer, ReportRow
from projections.rows import Rows
from projections.shapes import Bound, Layout

SCHEMA = 3


def layout(rules_version: str) -> Layout:
    """A new version of the rules or of the calendar moves due dates, so it is part of the version of the rows."""
    return Layout("reports", SCHEMA, (REPORT, REPORT_HANDLER, EXCLUDED, ORIGINAL_REQUEST, CLOCK), rules_version)


def projection(facts: FactsOpener, rules: ClockRules) -> Projection:
    """The projection, with the key to the office's facts and the length of the clocks."""
    return Built(layout(rules.version), lambda connection, tables: ReportsWriter(connection, tables, facts, rules))


class ReportsWriter:
    """See :class:`projections.projection.Writer`."""

    def __init__(self, connection: Connection, tables: Bound, facts: FactsOpener, rules: ClockRules) -> None:
        self._open_facts = facts
        self._rules = rules
        self._connection = connection
        self._report = tables[REPORT]
        self._reports: Rows[UUID, ReportRow] = Rows(connection, self._report, ReportRow, "report_id")
        self._clocks: Rows[UUID, ClockRow] = Rows(connection, tables[CLOCK], ClockRow, "case_id")
        self._handlers: Rows[UUID, ReportOfficer] = Rows(connection, tables[REPORT_HANDLER], ReportOfficer, "report_id")
        self._excluded: Rows[UUID, ReportOfficer] = Rows(connection, tables[EXCLUDED], ReportOfficer, "report_id")
        self._originals: Rows[UUID, ReportOfficer] = Rows(
            connection, tables[ORIGINAL_REQUEST], ReportOfficer, "report_id"
        )
        self._case_of_clue: dict[UUID, UUID] = {}
        self._touched: set[UUID] = set()
        self.erased = False

    def preload(self, batch: Sequence[Recorded]) -> None:
        cases = [case for recorded in batch if (case := _case_named_by(recorded.event)) is not None]
        self._reports.preload(cases)
        self._clocks.preload(cases)

    def apply(self, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, ActedEvent):
            return
        case_id = _case_named_by(event) or self._case_by_clue(event)
        if case_id is None:
            return
        row = self._report_after(self._reports.one(case_id), event, recorded.position)
        clocks = step(self._clocks.of(case_id), event, case_id, case_facts(row), self._rules)
        self._clocks.replace(case_id, clocks)
        if row is not None:
            self._reports.put(case_id, row)
        self._touched.add(case_id)
        self.erased |= isinstance(event, (report.ReportBypassed, retention.ReportDestroyed))

    def flush(self) -> None:
        self._handlers.preload(self._touched)
        self._excluded.preload(self._touched)
        self._originals.preload(self._touched)
        for case_id in self._touched:
            if row := self._reports.one(case_id):
                self._put(queued(row, self._clocks.of(case_id)))
        self._touched.clear()
        for rows in (self._reports, self._clocks, self._handlers, self._excluded, self._originals):
            rows.flush()

    def _report_after(self, row: ReportRow | None, event: ActedEvent, position: int) -> ReportRow | None:
        if isinstance(event, intake.ReportReceived):
            return received(event, position, self._facts(event.originator_id, event.sealing))
        if row is None:
            return None
        self._follow_clue(row, event)
        facts = None
        if isinstance(event, report.RecusalRecorded):
            row = row.without(self._facts(row.report_id, event.sealing).excluded)
        if isinstance(event, report.FactsRecorded):
            facts = self._facts(row.report_id, event.sealing)
        return after(row, event, position, facts)

    def _put(self, row: ReportRow) -> None:
        """A row that is complete, and the tables that follow from it."""
        self._reports.put(row.report_id, row)
        for rows, officers in (
            (self._handlers, row.handlers),
            (self._excluded, row.excluded),
            (self._originals, row.original_requests),
        ):
            rows.replace(row.report_id, (ReportOfficer(row.report_id, one) for one in sorted(set(officers))))

    def _facts(self, report_id: UUID, sealing: Sealing) -> Facts:
        return Facts.read(self._open_facts(report_id, sealing))

    # -- which case a clue belongs to ---------------------------------------------------------------------------

    def _case_by_clue(self, event: ActedEvent) -> UUID | None:
        """The report that is handled as this clue; the clue's own id where there is none."""
        if not event.TOPIC.startswith("clue."):
            return None
        clue_id = event.originator_id
        if clue_id not in self._case_of_clue:
            columns = self._report.c
            found = self._connection.scalar(select(columns.report_id).where(columns.clue_id == clue_id))
            self._case_of_clue[clue_id] = found or clue_id
        return self._case_of_clue[clue_id]

    def _follow_clue(self, row: ReportRow, event: ActedEvent) -> None:
        """Rows of this batch are not in the database yet, so what joins or parts report and clue is kept in mind."""
        match event:
            case clue.ClueRecorded():
                self._case_of_clue[event.originator_id] = row.report_id
            case report.TransferredToDept() if clue_id := stream_named(event.clue):
                self._case_of_clue[clue_id] = row.report_id
            case report.ReportReturned() if row.clue_id:
                self._case_of_clue[row.clue_id] = row.clue_id


def _case_named_by(event: Event) -> UUID | None:
    """The case that an event belongs to by what it says itself; None where that takes a look at the rows."""
    match event.TOPIC.split(".")[0]:
        case "report" | "sealed_report":
            return event.originator_id
        case "correspondence" if isinstance(event, CORRESPONDENCE):
            return stream_named(event.report)
        case "clue" if isinstance(event, clue.ClueRecorded):
            return stream_named(event.report) or event.originator_id
    return None


CORRESPONDENCE = (
    correspondence.SupplementReceived,
    correspondence.FeedbackWishWithdrawn,
    correspondence.MessageSent,
    correspondence.MessageDrafted,
    correspondence.MessageApproved,
    correspondence.MessageRefused,
)
