"""Commands on a report of unknown level: see who is reported, propose, confirm (:mod:`supervision.domain.level`).

The office's key opens all of the content; that only those reported are shown is the program's doing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervision.casework import forms
from supervision.casework.actions import Action, Case, Work
from supervision.casework.content import PETITION_ROLES, ContentReader
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.casework.petition import of_the_office
from supervision.domain.codes import Jurisdiction
from supervision.domain.report import Report

SHOWN = ("name", "unit", "post", "rank", "managed_by")
"""What tells the level of somebody who is reported."""

_LEVELS = (Jurisdiction.OWN, Jurisdiction.SUBORDINATE, Jurisdiction.OTHER_BODY, Jurisdiction.UNDECIDED)


def persons(desk: Desk, officer: OfficerSession, report: Report) -> tuple[dict[str, str], ...]:
    """Those reported, as far as the level takes it; none for whoever was not shown them. Raises Refused."""
    if officer.officer not in report.persons_seen:
        return ()
    reader = ContentReader(desk, officer, report, None, before_level=True)
    return tuple({name: str(one.get(name) or "") for name in SHOWN} for one in reader.respondents())


class SeeForm(forms.CommandForm):
    """Nothing to fill in."""


def _see(work: Work, _: Mapping[str, Any]) -> int:
    report = work.case.report
    ContentReader(work.desk, work.officer, report, None, before_level=True)  # refuses before anything is recorded
    report.see_persons(work.desk.stamp(work.officer))
    return work.desk.record(work.officer.signer, report)


class LevelForm(forms.CommandForm):
    """Which level."""

    jurisdiction = forms.choice(
        "管理级别", Jurisdiction, only=_LEVELS, hint="看被反映人仍然认定不了的选“待定”，确认后阅看内容再定。"
    )


def _propose(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    report.propose_level(work.desk.stamp(work.officer), Jurisdiction(data["jurisdiction"]))
    return work.desk.record(work.officer.signer, report)


def _confirm(work: Work, _: Mapping[str, Any]) -> int:
    report = work.case.report
    report.confirm_level(work.desk.stamp(work.officer))
    return work.desk.record(work.officer.signer, report)


def _open(case: Case) -> bool:
    return case.report.level_open


def _saw(work: Work) -> bool:
    return of_the_office(work) and work.officer.officer in work.case.report.persons_seen


ACTIONS = (
    Action(
        name="see_persons",
        label="查看被反映人",
        hint="只显示被反映人的姓名、单位、职务、职级和管理权限，不显示标题、正文和材料；谁在何时查看，有记录。",
        roles=frozenset(PETITION_ROLES),
        form=SeeForm,
        when=_open,
        mine=lambda work: of_the_office(work) and not _saw(work),
        run=_see,
        primary=True,
    ),
    Action(
        name="propose_level",
        label="提出级别意见",
        hint="属上级的，请办理“提出径送上级”。另一名工作人员确认之后，内容才能查看。",
        roles=frozenset(PETITION_ROLES),
        form=LevelForm,
        when=_open,
        mine=lambda work: _saw(work) and work.officer.officer != work.case.report.level_proposer,
        run=_propose,
        primary=True,
    ),
    Action(
        name="confirm_level",
        label="确认级别",
        hint="确认后按所提级别办理，本单位可以查看内容。不同意的，请另行提出级别意见，或者提出径送。",
        roles=frozenset(PETITION_ROLES),
        form=SeeForm,
        when=lambda case: _open(case) and bool(case.report.level_proposal),
        mine=lambda work: _saw(work) and work.officer.officer != work.case.report.level_proposer,
        run=_confirm,
        primary=True,
    ),
)
