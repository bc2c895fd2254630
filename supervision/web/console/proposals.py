"""What a command's form is filled in with beforehand: what the rules propose, and what is nearly always right.

Proposals only: the officer sees each of them in the form and answers for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from supervision.domain.codes import (
    Jurisdiction,
    MatterClass,
    NamedStatus,
    Notice,
    Proposal,
    RefusalCode,
    Verification,
)
from supervision.domain.people import Respondent
from supervision.web.app import platform
from supervision.web.console.case_view import CaseView

Given = Mapping[str, Any]


def proposed(action: str, view: CaseView) -> Given:
    """Field name to value for the form of ``action``."""
    propose = _PROPOSALS.get(action)
    return propose(view) if propose else {}


_BY_MATTER = {
    MatterClass.APPEAL: Proposal.ROUTE_APPEAL,
    MatterClass.SUGGESTION: Proposal.ROUTE_SUGGESTION,
    MatterClass.OUT_OF_SCOPE: Proposal.NOT_ACCEPT,
    MatterClass.NO_SUBSTANCE: Proposal.NOT_ACCEPT,
}
_BY_JURISDICTION = {
    Jurisdiction.OWN: Proposal.ACCEPT,
    Jurisdiction.SUBORDINATE: Proposal.FORWARD,
    Jurisdiction.OTHER_BODY: Proposal.REFER,
}
_REFUSALS = {
    MatterClass.OUT_OF_SCOPE: RefusalCode.OTHER_BODY,
    MatterClass.NO_SUBSTANCE: RefusalCode.NO_SUBSTANCE,
}


def _screening(view: CaseView) -> Given:
    """The rules' own proposal: class of matter, jurisdiction, and what follows from the two."""
    rules, content = platform().rulebook, view.content
    if content is None:
        return {}
    matter = rules.categories.propose_matter(content.categories)
    people = [
        Respondent(**{name: one.get(name) or "" for name in Respondent.__dataclass_fields__})
        for one in content.respondents
    ]
    jurisdiction = rules.jurisdiction.propose(people, matter).jurisdiction
    proposal = _BY_MATTER.get(matter) or _BY_JURISDICTION.get(jurisdiction)
    named = view.case.report.claimed_named
    return {
        "matter_class": matter.value,
        "jurisdiction": jurisdiction.value,
        "proposal": proposal.value if proposal else "",
        "refusal": _REFUSALS[matter].value if matter in _REFUSALS else "",
        "named_status": (NamedStatus.PENDING if named else NamedStatus.ANONYMOUS).value,
        "verification": Verification.NONE.value,
    }


def _telling(view: CaseView) -> Given:
    """The status page, where the reporter has one."""
    return {"mode": Notice.STATUS_PAGE.value} if view.case.report.reporter_kem_key else {}


def _received_today(_view: CaseView) -> Given:
    return {"received_on": platform().clock().date().isoformat()}


def _nobody_to_tell(view: CaseView) -> Given:
    """A reporter who wants no feedback gets none; others are told where they look."""
    if not view.row.feedback_wanted:
        return {"mode": Notice.NONE.value, "reason": "not_wanted"}
    return _telling(view)


_PROPOSALS: Mapping[str, Callable[[CaseView], Given]] = {
    "screen": _screening,
    "notify_reporter": _telling,
    "explain_objection": _telling,
    "acknowledge_from_below": _received_today,
    "feed_back": _nobody_to_tell,
}
