"""The clocks of cases: which event starts which clock, which meets it, which makes it pointless.

:data:`CLOCKS` is the whole of it. How long a clock runs is not known here (:class:`projections.ports.ClockRules`); the
clock ids are those of ``supervision.domain.deadlines.ClockId``. Days are days in China, and count from business time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Date, Index, Integer, Table, Uuid

from events.model import ActedEvent
from events.vocabulary import clue, correspondence, intake, report, sealed_report
from projections.ports import ClockRules
from projections.projection import day_of, day_written, original_receipt
from projections.shapes import SHAPES, Code

CLOCK = Table(
    "clock",
    SHAPES,
    Column("case_id", Uuid, primary_key=True),
    Column("clock_id", Code, primary_key=True),
    Column("run", Integer, primary_key=True),
    Column("subject", Uuid, nullable=False),
    Column("started_on", Date, nullable=False),
    Column("due", Date, nullable=False),
    Column("raw", Date, nullable=False),
    Column("provisional", Boolean, nullable=False),
    Column("met_on", Date),
    Column("voided", Boolean, nullable=False),
    Column("running", Boolean, nullable=False),
    Index("running_due", "running", "due", "case_id", "clock_id", "run"),
)


@dataclass(frozen=True, kw_only=True)
class ClockRow:
    """One run of a clock.

    ``case_id``: the report, sealed report or (without a report) clue that it belongs to; ``subject``: the stream whose
    event started it; ``run``: from 1, a clock may start again. ``raw``, ``provisional``: see ``DueDate``.
    """

    case_id: UUID
    clock_id: str
    run: int
    subject: UUID
    started_on: date
    due: date
    raw: date
    provisional: bool
    met_on: date | None = None
    voided: bool = False
    running: bool = True


@dataclass(frozen=True, kw_only=True)
class CaseFacts:
    """What a clock's conditions may ask about the report: they cannot all be seen in the event.

    ``gone_up``: it is the superior's, and went to him.
    """

    received_on: date | None = None
    line: str = ""
    gone_up: bool = False


Day = Callable[[Any, CaseFacts], date]
Condition = Callable[[Any, CaseFacts], bool]


def _of_event(event: ActedEvent, _: CaseFacts) -> date:
    return day_of(event)


def _always(_event: ActedEvent, _: CaseFacts) -> bool:
    return True


@dataclass(frozen=True)
class On:
    """Events of these classes, where ``when`` holds. ``day``: from which day a clock runs that they start."""

    events: tuple[type[ActedEvent], ...]
    when: Condition = _always
    day: Day = _of_event

    def __contains__(self, seen: tuple[ActedEvent, CaseFacts]) -> bool:
        event, case = seen
        return type(event) in self.events and self.when(event, case)


NEVER = On(())


@dataclass(frozen=True, kw_only=True)
class Clock:
    """A clock, and what happens to it.

    ``reopens``: what takes back that it was met; it runs on from its first day. ``once``: never again after it was met.
    """

    id: str
    starts: tuple[On, ...]
    met: On
    voids: tuple[On, ...] = ()
    reopens: On = field(default=NEVER)
    once: bool = False


def _receipt(event: ActedEvent, case: CaseFacts) -> date:
    return case.received_on or day_of(event)


def _acknowledged_day(event: report.SubordinateAcknowledged, _: CaseFacts) -> date:
    return day_written(event.received_on, event)


def _original_receipt(event: sealed_report.SealedReportResealed, _: CaseFacts) -> date:
    return original_receipt(event)


#: Who came through 12380 is told within the same time, by another rule.
ACCEPTANCE_NOTICES = ("acceptance_notice", "acceptance_notice_12380")


def _acceptance_notice(clock_id: str, on_this_line: Callable[[str], bool]) -> Clock:
    """A-26: whoever gave his name is told within 15 working days of receipt whether his report was accepted.

    It runs from the claim, before anybody has checked it, and ends where no such notice is due.
    """
    return Clock(
        id=clock_id,
        starts=(
            On((intake.ReportReceived,), lambda e, _: e.named == "named" and on_this_line(e.line)),
            On(
                (report.NamedStatusVerified,),
                lambda e, case: e.status != "anonymous" and on_this_line(case.line),
                _receipt,
            ),
        ),
        met=On((report.ReporterNotified,), lambda e, _: e.subject == "acceptance"),
        voids=(
            On((report.NamedStatusVerified,), lambda e, _: e.status == "anonymous"),
            On(
                (
                    report.ReportNotAccepted,
                    report.ReportReferredOut,
                    report.ReportForwardedDown,
                    report.ReportAssignedDown,
                    report.DuplicateRetained,
                    report.AppealRouted,
                    report.SuggestionRouted,
                )
            ),
        ),
        once=True,
    )


#: A-17: the clue goes back with the report, and its clocks stop.
_GIVEN_BACK = (On((report.ReportReturned, clue.ClueWithdrawn)),)
#: The same where nobody is left to handle it: those of handling begin anew with the next distribution.
_UNHANDLED = (*_GIVEN_BACK, On((clue.DistributionWithdrawn,)))

CLOCKS = (
    Clock(
        id="register",
        starts=(On((intake.ReportReceived, report.ReportHandedOver)),),
        met=On((report.ReportRegistered,)),
    ),
    Clock(  # 3.1
        id="screen",
        starts=(On((report.ReportRegistered, report.ScreeningReturned, report.ReportReturned)),),
        met=On((report.ReportScreened,)),
    ),
    _acceptance_notice("acceptance_notice", lambda line: line != "12380"),
    _acceptance_notice("acceptance_notice_12380", lambda line: line == "12380"),
    Clock(
        id="report_to_superior",
        starts=(
            On((intake.SealedReportReceived,)),
            On((sealed_report.SealedReportResealed,), day=_original_receipt),
        ),
        met=On((sealed_report.ReportedToSuperior,)),
    ),
    Clock(
        id="additions_to_superior",
        starts=(On((correspondence.SupplementReceived,), lambda _, case: case.gone_up),),
        met=On(
            (
                sealed_report.ReportedToSuperior,
                sealed_report.SuperiorAcknowledged,
                sealed_report.AcknowledgementReceived,
                sealed_report.SealedCopyDestroyed,
            )
        ),
    ),
    Clock(
        id="superior_acknowledgement",
        starts=(On((sealed_report.ReportedToSuperior,)),),
        met=On((sealed_report.SuperiorAcknowledged, sealed_report.AcknowledgementReceived)),
    ),
    Clock(
        id="subordinate_decision",
        starts=(On((report.SubordinateAcknowledged,), day=_acknowledged_day),),
        met=On((report.SubordinateReported,)),
        once=True,
    ),
    Clock(
        id="assigned_report",
        starts=(On((report.ReportAssignedDown,)),),
        met=On((report.SubordinateReported,), lambda e, _: e.stage == "result"),
    ),
    Clock(id="transfer", starts=(On((report.ReportAccepted,)),), met=On((report.TransferredToDept,))),  # 3.1
    Clock(  # 3.2
        id="distribute",
        starts=(On((clue.ClueRecorded, clue.DistributionWithdrawn)),),
        met=On((clue.ClueDistributed,)),
        voids=_GIVEN_BACK,
    ),
    Clock(  # B-21
        id="disposition",
        starts=(On((clue.ClueDistributed, clue.ClueReactivated)),),
        met=On((clue.DispositionProposed,)),
        reopens=On((clue.DispositionReturned,)),
        voids=_UNHANDLED,
    ),
    Clock(  # B-33
        id="preliminary_verification",
        starts=(On((clue.DispositionApproved,), lambda e, _: e.disposition == "preliminary_verification"),),
        met=On((clue.ClueConcluded,)),
        voids=_UNHANDLED,
    ),
    Clock(  # 3.2
        id="held_review",
        starts=(On((clue.DispositionApproved,), lambda e, _: e.disposition == "held"),),
        met=On((clue.ClueReactivated, clue.ClueConcluded)),
        voids=_UNHANDLED,
    ),
    Clock(
        id="result_feedback",
        starts=(On((report.ReportClosed,)),),
        met=On((report.ResultFedBack,)),
    ),
)


def _clocks_by_event() -> dict[type[ActedEvent], list[Clock]]:
    found: dict[type[ActedEvent], list[Clock]] = {}
    for clock in CLOCKS:
        conditions = (*clock.starts, clock.met, *clock.voids, clock.reopens)
        for event in {event for on in conditions for event in on.events}:
            found.setdefault(event, []).append(clock)
    return found


#: Which clocks an event may do something to.
_CONCERNED = _clocks_by_event()

#: The late by-pass: the county's clocks would tell what the report was; the superior's clock runs on its own stream.
_FORGOTTEN = report.ReportBypassed


def step(
    clocks: tuple[ClockRow, ...], event: ActedEvent, case_id: UUID, case: CaseFacts, rules: ClockRules
) -> tuple[ClockRow, ...]:
    """The case's clocks after ``event``. ``case``: what the report says after it."""
    if isinstance(event, _FORGOTTEN):
        return ()
    concerned = _CONCERNED.get(type(event), ())
    if not concerned:
        return clocks
    rows = {(row.clock_id, row.run): row for row in clocks}
    case = replace(case, gone_up=any(row.clock_id == "report_to_superior" and row.met_on for row in clocks))
    for clock in concerned:
        runs = [row for row in rows.values() if row.clock_id == clock.id]
        last = max(runs, key=lambda row: row.run, default=None)
        changed = _after(clock, last, event, case_id, case, rules)
        if changed is not None:
            rows[changed.clock_id, changed.run] = changed
    return tuple(sorted(rows.values(), key=lambda row: (row.clock_id, row.run)))


def _after(
    clock: Clock, last: ClockRow | None, event: ActedEvent, case_id: UUID, case: CaseFacts, rules: ClockRules
) -> ClockRow | None:
    """The last run of a clock after ``event``, or the new one that it starts; None where nothing changes."""
    seen = (event, case)
    if last is not None and last.running:
        if any(seen in on for on in clock.voids):
            return replace(last, voided=True, running=False)
        if seen in clock.met:
            return replace(last, met_on=day_of(event), running=False)
        return None
    if last is not None and last.met_on is not None:
        if seen in clock.reopens:
            return replace(last, met_on=None, running=True)
        if clock.once:
            return None
    for on in clock.starts:
        if seen in on:
            started = on.day(event, case)
            due = rules.due(clock.id, started)
            return ClockRow(
                case_id=case_id,
                clock_id=clock.id,
                run=last.run + 1 if last else 1,
                subject=event.originator_id,
                started_on=started,
                due=due.on,
                raw=due.raw,
                provisional=due.provisional,
            )
    return None


def next_due(clocks: Iterable[ClockRow]) -> ClockRow | None:
    """The running clock that ends first."""
    return min((row for row in clocks if row.running), key=lambda row: (row.due, row.clock_id), default=None)
