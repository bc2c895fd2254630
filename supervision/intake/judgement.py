"""What the rules propose before anybody reads a submission: level, matter class, named or not, clocks."""

from __future__ import annotations

from dataclasses import dataclass

from supervision.domain.calendar import local_day
from supervision.domain.codes import Jurisdiction, Line, MatterClass
from supervision.domain.deadlines import Deadline, Receipt
from supervision.domain.people import Reporter, Respondent
from supervision.domain.rulebook import Assessment, Rulebook
from supervision.intake.submission import ReportedPerson, Submission

DECLARED = "declared"
"""Reason beside the codes of ``JurisdictionReason``: the reporter says that the superior is competent."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Proposals only, except that the superior's jurisdiction by-passes the county at once (A-15).

    ``reason``: a code of ``JurisdictionReason`` or :data:`DECLARED`. ``named``: what the reporter gave makes
    this a named report (A-24) and he does not ask to be treated as anonymous. ``deadlines``: clocks that run
    from receipt.
    """

    jurisdiction: Jurisdiction
    reason: str
    matter_class: MatterClass
    named: bool
    deadlines: tuple[Deadline, ...]


def judge(submission: Submission, rulebook: Rulebook) -> Judgement:
    """The proposals for ``submission`` under ``rulebook``. Never raises, whatever the texts say."""
    found = rulebook.assess(
        received_on=local_day(submission.occurred_at),
        respondents=[_respondent(person) for person in submission.respondents],
        reporter=_reporter(submission),
        categories=submission.categories,
        line=_line(submission),
    )
    if submission.superior_declared and not found.bypass:
        return _for_superior(submission, rulebook, found)
    return Judgement(
        jurisdiction=found.jurisdiction.jurisdiction,
        reason=found.jurisdiction.reason.value,
        matter_class=found.matter,
        named=found.named.named,
        deadlines=found.deadlines,
    )


def _for_superior(submission: Submission, rulebook: Rulebook, found: Assessment) -> Judgement:
    """The reporter's word is enough to send a report up: sent down again it can be, unread never."""
    receipt = Receipt(
        on=local_day(submission.occurred_at),
        named=found.named.named,
        matter=found.matter,
        jurisdiction=Jurisdiction.SUPERIOR,
        line=_line(submission),
    )
    return Judgement(
        jurisdiction=Jurisdiction.SUPERIOR,
        reason=DECLARED,
        matter_class=found.matter,
        named=found.named.named,
        deadlines=rulebook.clocks.from_receipt(receipt),
    )


def _respondent(person: ReportedPerson) -> Respondent:
    return Respondent(
        name=person.name,
        unit=person.unit,
        post=person.post,
        rank=person.rank,
        area_code=person.area_code,
        managed_by=person.managed_by,
    )


def _reporter(submission: Submission) -> Reporter:
    """What may make the report a named one: nothing where the reporter wants to be anonymous."""
    if submission.anonymous:
        return Reporter()
    details = submission.reporter
    return Reporter(name=details.name, phone=details.phone, address=details.address)


def _line(submission: Submission) -> Line | None:
    return Line(submission.line) if submission.line else None
