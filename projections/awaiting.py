"""Who must act next on a report: a function of where the report and its clue stand (domain rules, parts 3.1, 3.2).

Role codes are those of ``supervision.domain.codes.Role``. The office is the one whose matter it is; who leads
several offices looks at the queues of all of them.
"""

from __future__ import annotations

from typing import NamedTuple

CLERK = "intake_clerk"
PETITION_HEAD = "petition_head"
CLUE_SUPERVISOR = "clue_supervisor"
INSPECTOR = "inspector"
DEPUTY = "deputy_in_charge"
PRINCIPAL = "principal"


class Awaiting(NamedTuple):
    """Role and office that must act; both "" when nobody has to."""

    role: str
    office: str


NOBODY = Awaiting("", "")

#: Whom a transferred report waits for, by the state of its clue; before that is entered, the clue supervisor.
_OF_CLUE = {
    "recorded": CLUE_SUPERVISOR,
    "distribution_proposed": PRINCIPAL,
    "distributed": INSPECTOR,
    "proposed": DEPUTY,
    "talk_inquiry": INSPECTOR,
    "preliminary_verification": INSPECTOR,
    "held": INSPECTOR,
    "closed_no_action": INSPECTOR,
    "concluded": INSPECTOR,
}

_OF_REPORT = {
    "received": CLERK,
    "registered": CLERK,
    "screened": PETITION_HEAD,
    "accepted": PETITION_HEAD,
    "closed": INSPECTOR,
    "objection": INSPECTOR,
    # All that is left to do is to file it.
    "fed_back": CLERK,
    "not_accepted": CLERK,
    "duplicate_retained": CLERK,
    "referred_out": CLERK,
    "forwarded_down": CLERK,
    "assigned_down": CLERK,
    "appeal_routed": CLERK,
    "suggestion_routed": CLERK,
}


def next_to_act(
    state: str,
    *,
    clue_state: str,
    return_pending: bool,
    office: str,
    department: str,
    notified_office: str,
    handled: bool,
) -> Awaiting:
    """Who acts next on a report in ``state``.

    ``office``: the petition office; ``department``: the one that handles; ``notified_office``: the clue supervisor's.
    ``handled``: some handler is left who is not excluded; where none is, the clue supervisor finds another.
    """
    if state == "transferred":
        role = DEPUTY if return_pending else _by_whom(_OF_CLUE.get(clue_state, CLUE_SUPERVISOR), handled)
        return Awaiting(role, notified_office if role in (CLUE_SUPERVISOR, PRINCIPAL) else department)
    role = _by_whom(_OF_REPORT.get(state, ""), handled)
    if not role:
        return NOBODY
    return Awaiting(role, {INSPECTOR: department, CLUE_SUPERVISOR: notified_office}.get(role, office))


def _by_whom(role: str, handled: bool) -> str:
    return CLUE_SUPERVISOR if role == INSPECTOR and not handled else role
