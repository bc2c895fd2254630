"""The life of a report (举报件) after the door: register, screen, decide, transfer, close, feed back, archive.

Names follow the state machine of the domain rules, part 3.1. Reason fields are codes; a written reason is
sealed for the office (``sealing``).
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("report.registered.v1")
@dataclass(frozen=True, kw_only=True)
class ReportRegistered(ActedEvent):
    """The report got its number in the register of its office and year (编号登记, A-10)."""

    number: str


@topic("report.named_status_verified.v1")
@dataclass(frozen=True, kw_only=True)
class NamedStatusVerified(ActedEvent):
    """Whether this is a named report (实名核实, A-24). ``status``: verified, pending or anonymous; ``method``:
    phone, interview, document, relay or none."""

    status: str
    method: str


@topic("report.scope_decided.v1")
@dataclass(frozen=True, kw_only=True)
class ScopeDecided(ActedEvent):
    """The class of the matter and whether it is in scope (A-04, A-SCOPE)."""

    matter_class: str
    in_scope: bool


@topic("report.jurisdiction_decided.v1")
@dataclass(frozen=True, kw_only=True)
class JurisdictionDecided(ActedEvent):
    """Which level is competent by 管理权限 (A-11, A-12)."""

    jurisdiction: str


@topic("report.facts_recorded.v1")
@dataclass(frozen=True, kw_only=True)
class FactsRecorded(ActedEvent):
    """The office classified the report anew: rank, area, category, unit and post of those reported, sealed for the
    console."""

    sealing: Sealing


@topic("report.duplicate_linked.v1")
@dataclass(frozen=True, kw_only=True)
class DuplicateLinked(ActedEvent):
    """This report repeats an earlier one (A-14). ``original``: stream id of the earlier report."""

    original: str
    new_evidence: bool


@topic("report.urgent_flagged.v1")
@dataclass(frozen=True, kw_only=True)
class UrgentFlagged(ActedEvent):
    """The matter is happening now or somebody is in danger (急件, D-41). ``reason``: a code of ``UrgentReason``."""

    reason: str


@topic("report.screened.v1")
@dataclass(frozen=True, kw_only=True)
class ReportScreened(ActedEvent):
    """Screening is finished (甄别) with a proposal for the head of the office.

    ``proposal``: accept, not_accept, forward, assign, refer, retain_duplicate, route_appeal, route_suggestion.
    ``refusal``: code of A-13 for not_accept, else "". ``target``: code of the receiving body, else "".
    """

    proposal: str
    refusal: str
    target: str
    sealing: Sealing | None = None


@topic("report.screening_returned.v1")
@dataclass(frozen=True, kw_only=True)
class ScreeningReturned(ActedEvent):
    """The head of the office sends the screening back."""

    reason: str
    sealing: Sealing | None = None


@topic("report.accepted.v1")
@dataclass(frozen=True, kw_only=True)
class ReportAccepted(ActedEvent):
    """This body takes the report (本级受理)."""


@topic("report.not_accepted.v1")
@dataclass(frozen=True, kw_only=True)
class ReportNotAccepted(ActedEvent):
    """Not accepted (不予受理). ``refusal``: code of A-13; ``follow_up``: what reason and channel demand, a code of
    ``FollowUp``."""

    refusal: str
    follow_up: str
    target: str


@topic("report.duplicate_retained.v1")
@dataclass(frozen=True, kw_only=True)
class DuplicateRetained(ActedEvent):
    """A repeated report is registered and kept for reference (留存备查, A-14)."""

    original: str


@topic("report.referred_out.v1")
@dataclass(frozen=True, kw_only=True)
class ReportReferredOut(ActedEvent):
    """Sent to another authority (移送其他机关). ``target``: its code in the directory of bodies."""

    target: str


@topic("report.handed_over.v1")
@dataclass(frozen=True, kw_only=True)
class ReportHandedOver(ActedEvent):
    """Handed over between the two host bodies of this platform (组织部 12380 and 纪委监委 12388); the receiver
    registers it anew."""

    from_office: str
    to_office: str
    sealings: tuple[Sealing, ...]


@topic("report.forwarded_down.v1")
@dataclass(frozen=True, kw_only=True)
class ReportForwardedDown(ActedEvent):
    """Forwarded to the competent lower body (转送, A-16)."""

    target: str


@topic("report.assigned_down.v1")
@dataclass(frozen=True, kw_only=True)
class ReportAssignedDown(ActedEvent):
    """Assigned to the lower body with a report required (交办, A-19)."""

    target: str


@topic("report.subordinate_acknowledged.v1")
@dataclass(frozen=True, kw_only=True)
class SubordinateAcknowledged(ActedEvent):
    """The lower body confirms; its five working days count from ``received_on`` (ISO date, A-16)."""

    target: str
    received_on: str


@topic("report.subordinate_reported.v1")
@dataclass(frozen=True, kw_only=True)
class SubordinateReported(ActedEvent):
    """The lower body finished acceptance or forwarding, or reported the result of an assignment. ``stage``:
    accepted, forwarded or result."""

    target: str
    stage: str
    sealing: Sealing | None = None


@topic("report.appeal_routed.v1")
@dataclass(frozen=True, kw_only=True)
class AppealRouted(ActedEvent):
    """An appeal goes to the department that re-examines decisions (申诉分流, B-59)."""

    target: str


@topic("report.suggestion_routed.v1")
@dataclass(frozen=True, kw_only=True)
class SuggestionRouted(ActedEvent):
    """Criticism or a suggestion goes to the department concerned (建议分流, A-SCOPE-6)."""

    target: str


@topic("report.reporter_notified.v1")
@dataclass(frozen=True, kw_only=True)
class ReporterNotified(ActedEvent):
    """The reporter was told (告知, A-26 and A-13). ``subject``: acceptance, refusal or routing; ``mode``:
    status_page, phone, in_person, letter or relay (``contact.concluded`` tells when)."""

    subject: str
    mode: str


@topic("report.transferred.v1")
@dataclass(frozen=True, kw_only=True)
class TransferredToDept(ActedEvent):
    """Moved to the department that will handle it (移送, A-14). ``notified_office``: the clue supervisor's office,
    told at once.

    ``sealings`` add the wraps by which the department and its approvers can read the content, one for each data key.
    """

    department: str
    notified_office: str
    clue: str
    sealings: tuple[Sealing, ...]


@topic("report.return_proposed.v1")
@dataclass(frozen=True, kw_only=True)
class ReturnProposed(ActedEvent):
    """The department wants to give the report back after consultation (A-17)."""

    reason: str


@topic("report.return_refused.v1")
@dataclass(frozen=True, kw_only=True)
class ReturnRefused(ActedEvent):
    """The deputy in charge does not approve the return (A-17)."""

    reason: str


@topic("report.returned.v1")
@dataclass(frozen=True, kw_only=True)
class ReportReturned(ActedEvent):
    """Given back to the petition office with the deputy's approval (退回, A-17)."""

    reason: str


@topic("report.closed.v1")
@dataclass(frozen=True, kw_only=True)
class ReportClosed(ActedEvent):
    """The matter is finished (办结). ``result``: proved, partly_proved, not_proved, not_verifiable or other_case."""

    result: str


@topic("report.result_fed_back.v1")
@dataclass(frozen=True, kw_only=True)
class ResultFedBack(ActedEvent):
    """The result was told to the reporter and the telling recorded (反馈, A-27), by two officers.

    ``mode``: status_page, phone, in_person, letter, relay or none (nobody to tell, or no feedback wanted: ``reason``).
    """

    mode: str
    reason: str
    second_officer: str
    sealing: Sealing | None = None


@topic("report.objection_recorded.v1")
@dataclass(frozen=True, kw_only=True)
class ObjectionRecorded(ActedEvent):
    """The reporter objects to the result (异议, A-27). ``new_evidence``: then it must be checked."""

    new_evidence: bool
    sealing: Sealing | None = None


@topic("report.objection_explained.v1")
@dataclass(frozen=True, kw_only=True)
class ObjectionExplained(ActedEvent):
    """The objection was answered with an explanation (A-27)."""

    mode: str
    sealing: Sealing | None = None


@topic("report.reopened.v1")
@dataclass(frozen=True, kw_only=True)
class ReportReopened(ActedEvent):
    """New evidence takes the report back to its department (A-27)."""

    reason: str


@topic("report.archived.v1")
@dataclass(frozen=True, kw_only=True)
class ReportArchived(ActedEvent):
    """Filed (归档). ``retention``: retention class, an E-31 code."""

    retention: str


@topic("report.officer_excluded.v1")
@dataclass(frozen=True, kw_only=True)
class OfficerExcluded(ActedEvent):
    """An officer loses every view of this report (回避, A-48, SoD-7). ``reason``: named_in_report, kinship,
    interest or other."""

    officer: str
    reason: str


@topic("report.recusal_recorded.v1")
@dataclass(frozen=True, kw_only=True)
class RecusalRecorded(ActedEvent):
    """The same without saying whom it concerns: ``sealing`` has the facts, for the console alone, with
    ``{"excluded": [{"officer": …, "reason": …}]}``. Takes the place of ``report.officer_excluded.v1``, which is still
    read."""

    sealing: Sealing


@topic("report.persons_seen.v1")
@dataclass(frozen=True, kw_only=True)
class PersonsSeen(ActedEvent):
    """An officer was shown who is reported, and nothing else, to say whose matter a report of unknown level is."""


@topic("report.level_proposed.v1")
@dataclass(frozen=True, kw_only=True)
class LevelProposed(ActedEvent):
    """The first of two officers says which level is competent, before anybody reads the report. ``jurisdiction``: as
    in ``report.jurisdiction_decided.v1``, with which the second one confirms it; never the superior's."""

    jurisdiction: str


@topic("report.bypass_proposed.v1")
@dataclass(frozen=True, kw_only=True)
class BypassProposed(ActedEvent):
    """Reading showed that the superior is competent: the first of two officers asks for the late by-pass (A-15)."""


@topic("report.bypassed.v1")
@dataclass(frozen=True, kw_only=True)
class ReportBypassed(ActedEvent):
    """The late by-pass: re-sealed to the superior, and what the county could read is destroyed here (A-15).

    ``destroyed``: SHA-256 (hex) of every envelope, wrap and file destroyed in the same transaction.
    ``sealed_report``: stream that carries it from here.
    """

    sealed_report: str
    destroyed: tuple[str, ...]
