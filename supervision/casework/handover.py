"""Handing over the clues of somebody who leaves: no matter stays with who is gone, or with nobody unnoticed.

For each clue somebody picks a successor, as far as the rules allow one; without a pick the other handlers go on, and
where there are none, the clue waits for the clue supervisor (:mod:`projections.awaiting`), in whose queue it then is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from supervision.casework.actions import Case, Choices
from supervision.casework.desk import Desk
from supervision.casework.directory import Colleague
from supervision.casework.officer_session import OfficerSession
from supervision.domain import separation
from supervision.domain.clue import Clue
from supervision.domain.codes import ReportState, Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.domain.staffing import HandlerChange

Picks: TypeAlias = Mapping[UUID, str]
"""Report to successor (officer id), or "" for none."""

WITH_HANDLERS = frozenset({ReportState.TRANSFERRED, ReportState.CLOSED, ReportState.OBJECTION, ReportState.FED_BACK})
"""States in which there may be something to do for a handler: a reporter who was told may still object."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """A matter of his. ``others``: who handles it besides; ``successors``: who may take his place."""

    report: UUID
    number: str
    department: str
    others: tuple[str, ...]
    successors: Choices


def items(desk: Desk, account: OfficerAccount) -> list[Item]:
    """The open matters that an officer handles. Of each its number and no more: an administrator reads it."""
    return [
        Item(
            report=report.id,
            number=clue.number,
            department=clue.department,
            others=_remaining(report, clue, account.officer),
            successors=[
                (one.officer, f"{one.name}（{desk.settings.name_of(one.office)}）")
                for one in candidates(desk, report, clue)
                if one.officer != account.officer
            ],
        )
        for report, clue in _handled(desk, account)
    ]


def hand_over(
    desk: Desk, by: OfficerSession, account: OfficerAccount, picks: Picks, reason: HandlerChange
) -> list[Clue]:
    """The clues of all his open matters, each decided. Raises Refused for a successor who may not be one."""
    decided, officer = [], account.officer
    for report, clue in _handled(desk, account):
        remaining, successor = _remaining(report, clue, officer), picks.get(report.id, "")
        if successor:
            if successor not in {one.officer for one in candidates(desk, report, clue)} - {officer}:
                raise Refused("successor", f"{clue.number} 的接办人不符合条件；请从所列人员中选择。")
            remaining = (successor, *remaining) if clue.handlers[0] == officer else (*remaining, successor)
        clue.replace_handlers(desk.stamp(by), remaining, reason, registrar=report.registrar, excluded=report.excluded)
        decided.append(clue)
    return decided


def candidates(desk: Desk, report: Report, clue: Clue) -> Sequence[Colleague]:
    """Inspectors of the clue's department who hold its key, are not on it yet, and whom no rule keeps from it."""
    return [
        one
        for one in desk.directory.colleagues()
        if Role.INSPECTOR in one.roles
        and one.office == clue.department
        and clue.department in one.holds
        and not one.departed
        and one.officer not in {*report.excluded, *clue.handlers}
        and separation.against_handling(
            (one.officer,),
            registrar=report.registrar,
            distributor=clue.distributor,
            approver=clue.distribution_approver,
        )
        is None
    ]


def _remaining(report: Report, clue: Clue, officer: str) -> tuple[str, ...]:
    return tuple(one for one in clue.handlers if one != officer and one not in report.excluded)


def _handled(desk: Desk, account: OfficerAccount) -> list[tuple[Report, Clue]]:
    found = []
    for report_id in desk.directory.reports_handled_by(account.officer) if Role.INSPECTOR in account.roles else ():
        case = Case.load(desk, report_id)
        if case.clue is not None and account.officer in case.clue.assigned and case.report.state in WITH_HANDLERS:
            found.append((case.report, case.clue))
    return found
