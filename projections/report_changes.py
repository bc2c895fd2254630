"""What each event changes in the row of its report: a pure function, most of it tables.

It follows ``supervision.domain.report_history``; a test holds one against the other over random lives of a report.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from events.model import ActedEvent
from events.vocabulary import clue, correspondence, deidentified, intake, report, retention
from projections.awaiting import next_to_act
from projections.clocks import ACCEPTANCE_NOTICES, CaseFacts, ClockRow, next_due
from projections.facts import Facts
from projections.projection import day_of, stream_named
from projections.report_row import FROM_FACTS, ReportRow, queue_key

Changes = Mapping[str, Any]

#: The state of the report after an event, where the event has one.
_STATE: dict[type[ActedEvent], str] = {
    report.ReportRegistered: "registered",
    report.ReportScreened: "screened",
    report.ScreeningReturned: "registered",
    report.ReportAccepted: "accepted",
    report.ReportNotAccepted: "not_accepted",
    report.DuplicateRetained: "duplicate_retained",
    report.ReportReferredOut: "referred_out",
    report.ReportHandedOver: "received",
    report.ReportForwardedDown: "forwarded_down",
    report.ReportAssignedDown: "assigned_down",
    report.AppealRouted: "appeal_routed",
    report.SuggestionRouted: "suggestion_routed",
    report.TransferredToDept: "transferred",
    report.ReportReturned: "registered",
    report.ReportClosed: "closed",
    report.ResultFedBack: "fed_back",
    report.ObjectionRecorded: "objection",
    report.ObjectionExplained: "fed_back",
    report.ReportReopened: "transferred",
    report.ReportArchived: "archived",
    report.ReportBypassed: "sealed",
}

#: Columns that take over the field of the same name.
_COPIED: dict[type[ActedEvent], tuple[str, ...]] = {
    report.ReportRegistered: ("number",),
    report.ScopeDecided: ("matter_class", "in_scope"),
    report.JurisdictionDecided: ("jurisdiction",),
    report.ReportScreened: ("proposal", "refusal", "target"),
    report.ReportNotAccepted: ("refusal", "follow_up", "target"),
    report.ReportReferredOut: ("target",),
    report.ReportForwardedDown: ("target",),
    report.ReportAssignedDown: ("target",),
    report.AppealRouted: ("target",),
    report.SuggestionRouted: ("target",),
    report.TransferredToDept: ("department", "notified_office"),
    report.ReportClosed: ("result",),
    clue.ClueDistributed: ("department", "handlers"),
    clue.HandlersReplaced: ("handlers",),
}

_NO_SCREENING: Changes = {"proposal": "", "refusal": "", "target": ""}
_NO_FACTS: Changes = {name: ReportRow.__dataclass_fields__[name].default for name in FROM_FACTS}
_NO_CLUE: Changes = {"clue_id": None, "clue_state": "", "handlers": (), "department": "", "notified_office": ""}

#: Everything else that an event changes.
_FURTHER: dict[type[ActedEvent], Callable[[ReportRow, Any], Changes]] = {
    report.NamedStatusVerified: lambda row, e: {"named_status": e.status},
    report.JurisdictionDecided: lambda row, e: {"bypass_proposer": ""} if row.level_open else {},
    report.DuplicateLinked: lambda row, e: {"original": stream_named(e.original)},
    report.UrgentFlagged: lambda row, e: {"urgent": True},
    report.ScreeningReturned: lambda row, e: {**_NO_SCREENING, "original": None},
    report.ReportHandedOver: lambda row, e: {
        **_NO_SCREENING,
        "office": e.to_office,
        "number": "",
        "original": None,
    },
    report.TransferredToDept: lambda row, e: {"clue_id": stream_named(e.clue)},
    report.ReturnProposed: lambda row, e: {"return_proposer": e.actor},
    report.ReturnRefused: lambda row, e: {"return_proposer": ""},
    report.ReportReturned: lambda row, e: {
        **_NO_SCREENING,
        **_NO_CLUE,
        "return_proposer": "",
        "original_requests": (),
    },
    report.ReportReopened: lambda row, e: {"result": ""},
    report.OfficerExcluded: lambda row, e: {"excluded": tuple(sorted({*row.excluded, e.officer}))},
    deidentified.ReportDeidentified: lambda row, e: {"versions": row.versions + 1},
    deidentified.OriginalRequested: lambda row, e: {
        "original_requests": tuple(sorted({*row.original_requests, e.actor}))
    },
    deidentified.OriginalGranted: lambda row, e: _answered(row, e.officer),
    deidentified.OriginalRefused: lambda row, e: _answered(row, e.officer),
    retention.ReportDestroyed: lambda row, e: _NO_FACTS if e.scope == "everything" else {},
    report.BypassProposed: lambda row, e: {"bypass_proposer": e.actor},
    clue.ClueRecorded: lambda row, e: {"clue_id": e.originator_id, "clue_state": "recorded"},
    clue.DistributionProposed: lambda row, e: {"clue_state": "distribution_proposed"},
    clue.DistributionReturned: lambda row, e: {"clue_state": "recorded"},
    clue.ClueDistributed: lambda row, e: {"clue_state": "distributed"},
    clue.DistributionWithdrawn: lambda row, e: {"clue_state": "recorded", "handlers": ()},
    clue.DispositionProposed: lambda row, e: {"clue_state": "proposed"},
    clue.DispositionReturned: lambda row, e: {"clue_state": "distributed"},
    clue.DispositionApproved: lambda row, e: {"clue_state": handling_state(e.disposition)},
    clue.ClueConcluded: lambda row, e: {"clue_state": "concluded"},
    clue.ClueWithdrawn: lambda row, e: {"clue_state": "withdrawn"},
    clue.ClueReactivated: lambda row, e: {"clue_state": "distributed"},
    correspondence.SupplementReceived: lambda row, e: {"supplements": row.supplements + 1},
    correspondence.FeedbackWishWithdrawn: lambda row, e: {"feedback_wanted": False},
    correspondence.MessageDrafted: lambda row, e: {"pending_drafts": row.pending_drafts + 1},
    correspondence.MessageApproved: lambda row, e: {"pending_drafts": row.pending_drafts - 1},
    correspondence.MessageRefused: lambda row, e: {"pending_drafts": row.pending_drafts - 1},
}


def _answered(row: ReportRow, officer: str) -> Changes:
    return {"original_requests": tuple(one for one in row.original_requests if one != officer)}


def handling_state(disposition: str) -> str:
    """The state of a clue that is being handled by one of the four dispositions (B-21)."""
    return "closed_no_action" if disposition == "no_action" else disposition


def received(event: intake.ReportReceived, position: int, facts: Facts) -> ReportRow:
    """The row that a report begins with."""
    return ReportRow(
        report_id=event.originator_id,
        version=event.originator_version,
        position=position,
        reference=event.reference,
        office=event.receiving_office,
        channel=event.channel,
        line=event.line,
        received_on=day_of(event),
        state="received",
        named_claim=event.named == "named",
        named_status="pending" if event.named == "named" else "anonymous",
        feedback_wanted=event.feedback_wanted,
        attachments=event.attachments,
        announced=event.announced,
    ).with_facts(facts)


def after(row: ReportRow, event: ActedEvent, position: int, facts: Facts | None) -> ReportRow:
    """``row`` after an event on the report, its clue or its correspondence. ``facts``: where the event carries any."""
    kind = type(event)
    if row.state == "sealed" and event.originator_id != row.report_id:
        return row  # nothing more is told of it here
    changes: dict[str, Any] = {name: getattr(event, name) for name in _COPIED.get(kind, ())}
    if kind in _STATE:
        changes["state"] = _STATE[kind]
    if kind in _FURTHER:
        changes.update(_FURTHER[kind](row, event))
    if event.originator_id == row.report_id:
        changes["version"] = event.originator_version
    row = replace(row, position=position, **changes)
    if facts is not None:
        row = row.with_facts(facts)
    return row.sealed() if row.state == "sealed" else row


def queued(row: ReportRow, clocks: tuple[ClockRow, ...]) -> ReportRow:
    """``row`` with what follows from the rest of it: who acts next, what is due, where it stands in the queues."""
    role, office = next_to_act(
        row.state,
        clue_state=row.clue_state,
        return_pending=row.return_pending,
        office=row.office,
        department=row.department,
        notified_office=row.notified_office,
        handled=not set(row.handlers) <= set(row.excluded),
    )
    clock = next_due(clocks)
    notice = next_due(c for c in clocks if c.clock_id in ACCEPTANCE_NOTICES)
    row = replace(
        row,
        awaiting_role=role,
        awaiting_office=office,
        due=clock.due if clock else None,
        due_clock=clock.clock_id if clock else "",
        due_provisional=clock.provisional if clock else False,
        notice_due=notice.due if notice and row.state in ("accepted", "transferred") else None,
    )
    return replace(row, queue_key=queue_key(row))


def case_facts(row: ReportRow | None) -> CaseFacts:
    """What the clocks may ask about the report."""
    return CaseFacts() if row is None else CaseFacts(received_on=row.received_on, line=row.line)
