"""Commands of clue supervisor, principal, handlers and approvers: from the clue's entry to the archive door (A-17,
B-20 to B-30)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from supervision.casework import forms
from supervision.casework.actions import Action, Case, Choices, Work
from supervision.casework.content import APPROVER_ROLES
from supervision.casework.notes import custody_of, sealed_note, sealing_of, wraps_for
from supervision.casework.numbering import record_numbered
from supervision.casework.petition import NoInput, ReturnForm
from supervision.domain.clue import IN_HANDLING, Clue
from supervision.domain.codes import (
    ClueSource,
    ClueState,
    Disposition,
    ReportState,
    Result,
    Role,
    TwoReports,
)
from supervision.domain.refusal import Refused

S = ReportState
APPROVERS = frozenset(APPROVER_ROLES)
INSPECTORS = frozenset({Role.INSPECTOR})


def clue_state(*states: ClueState) -> Callable[[Case], bool]:
    """Whether the report lies with a department and its clue is in one of the states."""
    return lambda case: case.report.state is S.TRANSFERRED and case.clue is not None and case.clue.state in states


def a_handler(work: Work) -> bool:
    """The officer is one of the clue's handlers, and the principal has approved that."""
    return work.case.clue is not None and work.officer.officer in work.case.clue.assigned


def same_host(work: Work) -> bool:
    """The officer's office belongs to the body that the report lies with."""
    settings = work.desk.settings
    return settings.office(work.officer.office).host == settings.office(work.case.report.office).host


def of_the_clue_office(work: Work) -> bool:
    """The officer works where the body of the report keeps its clues."""
    return same_host(work) and work.desk.settings.office(work.officer.office).kind == "clue"


def the_clue(work: Work) -> Clue:
    """The clue of the case. Raises Refused before it is recorded."""
    if work.case.clue is None:
        raise Refused("no_clue", "线索尚未入库；请等案件监督管理部门登记后再办理。")
    return work.case.clue


# -- clue supervisor and principal --------------------------------------------------------------------------------


def _record_clue(work: Work, _: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report

    def decide(number: str) -> Clue:
        return Clue.enter(
            UUID(report.clue),
            desk.stamp(work.officer),
            number=number,
            source=ClueSource.PETITION.value,
            report=str(report.id),
            department=report.department,
        )

    return record_numbered(
        desk, work.officer, kind="clue", office=work.officer.office, subject=report.clue, decide=decide
    )


class DistributionForm(forms.CommandForm):
    """Who is to handle the clue."""

    handlers = forms.dynamic_choices("承办人", "inspectors", hint="排在最前的为主办人；须为同一部门人员。")


def _inspectors(work: Work) -> Choices:
    """Inspectors of the same host who hold their department's key and are not excluded."""
    settings = work.desk.settings
    host = settings.office(work.case.report.office).host
    departments = {office.id for office in settings.offices_of("department", host)}
    found = [
        colleague
        for colleague in work.desk.directory.colleagues()
        if Role.INSPECTOR in colleague.roles
        and colleague.office in departments & colleague.holds
        and not colleague.departed
        and colleague.officer not in work.case.report.excluded
    ]
    found.sort(key=lambda c: (c.office != work.case.report.department, c.office, c.name))
    return [(c.officer, f"{c.name}（{settings.name_of(c.office)}）") for c in found]


def _propose_distribution(work: Work, data: Mapping[str, Any]) -> int:
    clue = the_clue(work)
    offices = {c.office for c in work.desk.directory.colleagues() if c.officer in data["handlers"]}
    if len(offices) != 1:
        raise Refused("one_department", "承办人须属于同一部门；请重新选择。")
    clue.propose_distribution(
        work.desk.stamp(work.officer),
        department=offices.pop(),
        handlers=tuple(data["handlers"]),
        registrar=work.case.report.registrar,
    )
    return work.desk.record(work.officer.signer, clue)


def _approve_distribution(work: Work, _: Mapping[str, Any]) -> int:
    clue = the_clue(work)
    _refuse_who_cannot_handle(work, clue)
    # What was added while others handled it is sealed to their department, and not to the one of the transfer.
    elsewhere = clue.department != work.case.report.department or clue.former_handlers
    bundles = wraps_for(work, clue.id, [clue.department]) if elsewhere else []
    clue.approve_distribution(work.desk.stamp(work.officer), tuple(b.sealing for b in bundles))
    return work.desk.record(work.officer.signer, clue, custody=custody_of(*bundles))


def _refuse_who_cannot_handle(work: Work, clue: Clue) -> None:
    """Raises Refused where somebody has left, moved or been excluded since he was proposed."""
    for officer in clue.handlers:
        account = work.desk.account(officer)
        able = Role.INSPECTOR in account.roles and clue.department in account.grants and not account.departed
        if not able or officer in work.case.report.excluded:
            raise Refused("handler_gone", f"拟定承办人 {account.name} 已离岗、调整岗位或须回避；请退回后另定承办人。")


def _return_distribution(work: Work, data: Mapping[str, Any]) -> int:
    clue = the_clue(work)
    note = sealed_note(work, clue.id, data["note"])
    clue.return_distribution(work.desk.stamp(work.officer), "approver_disagrees", sealing_of(note))
    return work.desk.record(work.officer.signer, clue, custody=custody_of(note))


# -- handlers and approvers -----------------------------------------------------------------------------------------


class DispositionForm(forms.CommandForm):
    """What the collective study came to."""

    disposition = forms.choice("处置方式", Disposition)
    minutes = forms.line("集体研究会议记录编号")
    note = forms.note("处置意见", required=True)


def _propose_disposition(work: Work, data: Mapping[str, Any]) -> int:
    clue = the_clue(work)
    note = sealed_note(work, clue.id, data["note"])
    clue.propose_disposition(
        work.desk.stamp(work.officer), Disposition(data["disposition"]), data["minutes"], sealing_of(note)
    )
    return work.desk.record(work.officer.signer, clue, custody=custody_of(note))


def _approve_disposition(work: Work, _: Mapping[str, Any]) -> int:
    clue = the_clue(work)
    clue.approve_disposition(work.desk.stamp(work.officer))
    return work.desk.record(work.officer.signer, clue)


def _return_disposition(work: Work, data: Mapping[str, Any]) -> int:
    clue = the_clue(work)
    note = sealed_note(work, clue.id, data["note"])
    clue.return_disposition(work.desk.stamp(work.officer), "approver_disagrees", sealing_of(note))
    return work.desk.record(work.officer.signer, clue, custody=custody_of(note))


class TwoReportsForm(forms.CommandForm):
    """One of the two reports of D-01."""

    to = forms.choice("报告对象", TwoReports)
    document = forms.line("文号")


def _two_reports(work: Work, data: Mapping[str, Any]) -> int:
    clue, stamp = the_clue(work), work.desk.stamp(work.officer)
    if data["to"] == TwoReports.PARTY_COMMITTEE:
        clue.note_report_to_party_committee(stamp, data["document"])
    else:
        clue.note_report_to_superior(stamp, data["document"])
    return work.desk.record(work.officer.signer, clue)


class ConclusionForm(forms.CommandForm):
    """What handling established."""

    result = forms.choice("办理结果", Result)
    note = forms.note("办理情况", required=True)


def _conclude(work: Work, data: Mapping[str, Any]) -> int:
    clue, report, stamp = the_clue(work), work.case.report, work.desk.stamp(work.officer)
    note = sealed_note(work, clue.id, data["note"])
    clue.conclude(stamp, data["result"], sealing_of(note))
    report.close(stamp, data["result"])
    return work.desk.record(work.officer.signer, clue, report, custody=custody_of(note))


# -- return to the petition office (A-17) -----------------------------------------------------------------------------


def _propose_return(work: Work, _: Mapping[str, Any]) -> int:
    report = work.case.report
    report.propose_return(work.desk.stamp(work.officer), "out_of_scope_after_study")
    return work.desk.record(work.officer.signer, report)


def _approve_return(work: Work, _: Mapping[str, Any]) -> int:
    report, clue, stamp = work.case.report, the_clue(work), work.desk.stamp(work.officer)
    report.approve_return(stamp, "out_of_scope_after_study")
    clue.withdraw(stamp, "returned_to_petition_office")
    return work.desk.record(work.officer.signer, report, clue)


def _refuse_return(work: Work, _: Mapping[str, Any]) -> int:
    report = work.case.report
    report.refuse_return(work.desk.stamp(work.officer), "handle_on")
    return work.desk.record(work.officer.signer, report)


def _return_pending(case: Case) -> bool:
    return case.report.state is S.TRANSFERRED and bool(case.report.return_proposer)


ACTIONS = (
    Action(
        name="record_clue",
        label="线索入库",
        hint="编号入库后提出分办意见。",
        roles=frozenset({Role.CLUE_SUPERVISOR}),
        form=NoInput,
        when=lambda case: case.report.state is S.TRANSFERRED and case.clue is None,
        mine=of_the_clue_office,
        run=_record_clue,
        primary=True,
    ),
    Action(
        name="propose_distribution",
        label="提出分办意见",
        hint="报主要负责人批准。",
        roles=frozenset({Role.CLUE_SUPERVISOR}),
        form=DistributionForm,
        when=clue_state(ClueState.RECORDED),
        mine=same_host,
        run=_propose_distribution,
        primary=True,
        choices={"inspectors": _inspectors},
    ),
    Action(
        name="approve_distribution",
        label="批准分办",
        roles=frozenset({Role.PRINCIPAL}),
        form=NoInput,
        when=clue_state(ClueState.DISTRIBUTION_PROPOSED),
        mine=same_host,
        run=_approve_distribution,
        primary=True,
    ),
    Action(
        name="return_distribution",
        label="退回分办意见",
        roles=frozenset({Role.PRINCIPAL}),
        form=ReturnForm,
        when=clue_state(ClueState.DISTRIBUTION_PROPOSED),
        mine=same_host,
        run=_return_distribution,
    ),
    Action(
        name="propose_disposition",
        label="提出处置意见",
        hint="须经集体研究；自收到线索之日起一个月内提出。",
        roles=INSPECTORS,
        form=DispositionForm,
        when=lambda case: clue_state(ClueState.DISTRIBUTED)(case) and not case.report.return_proposer,
        mine=a_handler,
        run=_propose_disposition,
        primary=True,
    ),
    Action(
        name="approve_disposition",
        label="批准处置意见",
        roles=APPROVERS,
        form=NoInput,
        when=clue_state(ClueState.PROPOSED),
        mine=same_host,
        run=_approve_disposition,
        primary=True,
    ),
    Action(
        name="return_disposition",
        label="退回处置意见",
        roles=APPROVERS,
        form=ReturnForm,
        when=clue_state(ClueState.PROPOSED),
        mine=same_host,
        run=_return_disposition,
    ),
    Action(
        name="note_two_reports",
        label="登记“两报告”",
        hint="向同级党委报告的同时向上级纪委报告。",
        roles=INSPECTORS,
        form=TwoReportsForm,
        when=clue_state(ClueState.DISTRIBUTED, ClueState.PROPOSED, *IN_HANDLING),
        mine=a_handler,
        run=_two_reports,
    ),
    Action(
        name="conclude",
        label="登记办结",
        roles=INSPECTORS,
        form=ConclusionForm,
        when=clue_state(*IN_HANDLING),
        mine=a_handler,
        run=_conclude,
        primary=True,
    ),
    Action(
        name="propose_return",
        label="申请退回信访室",
        hint="经沟通研究，不属本部门承办或无实质内容的，报分管领导批准后退回。",
        roles=INSPECTORS,
        form=NoInput,
        when=lambda case: clue_state(ClueState.DISTRIBUTED)(case) and not case.report.return_proposer,
        mine=a_handler,
        run=_propose_return,
    ),
    Action(
        name="approve_return",
        label="批准退回",
        roles=APPROVERS,
        form=NoInput,
        when=_return_pending,
        mine=same_host,
        run=_approve_return,
    ),
    Action(
        name="refuse_return",
        label="不同意退回",
        roles=APPROVERS,
        form=NoInput,
        when=_return_pending,
        mine=same_host,
        run=_refuse_return,
    ),
)
