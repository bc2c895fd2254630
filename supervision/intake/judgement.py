"""What the rules propose before anybody reads a submission: level, matter class, named or not, clocks."""

from __future__ import annotations

from dataclasses import dataclass

from supervision.domain.calendar import local_day
from supervision.domain.codes import Jurisdiction, Line, MatterClass
from supervision.domain.deadlines import Deadline, Receipt
from supervision.domain.exclusion import NOBODY
from supervision.domain.people import Reporter, Respondent
from supervision.domain.rulebook import Assessment, Rulebook
from supervision.intake.own_staff import OwnStaff
from supervision.intake.submission import ReportedPerson, Submission

DECLARED = "declared"
"""Reason beside the codes of ``JurisdictionReason``: the reporter says that the superior is competent."""

OWN_STAFF = "own_staff"
"""Another: without this office's own people who are reported, too few are left to handle it (A-48, SoD-7)."""


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """Proposals only, except that the superior's jurisdiction by-passes the county at once (A-15).

    ``reason``: a code of ``JurisdictionReason``, :data:`DECLARED` or :data:`OWN_STAFF`. ``named``: what the reporter
    gave makes this a named report (A-24) and he does not ask to be treated as anonymous. ``deadlines``: clocks that run
    from receipt. ``excluded``: ids of officers who are reported and get no key of it; none where it is sealed anyway.
    """

    jurisdiction: Jurisdiction
    reason: str
    matter_class: MatterClass
    named: bool
    deadlines: tuple[Deadline, ...]
    excluded: frozenset[str] = frozenset()


def judge(submission: Submission, rulebook: Rulebook, own_staff: OwnStaff) -> Judgement:
    """The proposals for ``submission`` under ``rulebook``, whatever the texts say.

    Raises ``FalseRecord`` where somebody of this office is reported and the accounts cannot be believed.
    """
    found = rulebook.assess(
        received_on=local_day(submission.occurred_at),
        respondents=[_respondent(person) for person in submission.respondents],
        reporter=_reporter(submission),
        categories=submission.categories,
        line=_line(submission),
    )
    kept_away = NOBODY
    if not found.bypass:
        if submission.superior_declared:
            return _for_superior(submission, rulebook, found, DECLARED)
        kept_away, nobody_left = own_staff.concerned(submission)
        if nobody_left:
            return _for_superior(submission, rulebook, found, OWN_STAFF)
    return Judgement(
        jurisdiction=found.jurisdiction.jurisdiction,
        reason=found.jurisdiction.reason.value,
        matter_class=found.matter,
        named=found.named.named,
        deadlines=found.deadlines,
        excluded=kept_away.officers,
    )


def _for_superior(submission: Submission, rulebook: Rulebook, found: Assessment, reason: str) -> Judgement:
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
        reason=reason,
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
