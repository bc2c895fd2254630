"""Commands of the petition office: register, screen, confirm, tell, transfer, follow up, archive (A-10 to A-16)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from supervision.casework import forms
from supervision.casework.actions import Action, Case, Choices, Work
from supervision.casework.contact_notice import refuse_unless_reached
from supervision.casework.notes import custody_of, sealed_note, sealing_of, wraps_for
from supervision.casework.numbering import record_numbered
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import (
    Jurisdiction,
    MatterClass,
    NamedStatus,
    Proposal,
    RefusalCode,
    ReportState,
    Role,
    UrgentReason,
    Verification,
)
from supervision.domain.contact_codes import ContactPurpose
from supervision.domain.refusal import Refused
from supervision.domain.report import SENT_ON, Report, Screening

S = ReportState
CLERKS = frozenset({Role.INTAKE_CLERK, Role.PERSONNEL_CLERK})
HEADS = frozenset({Role.PETITION_HEAD})


def of_the_office(work: Work) -> bool:
    """The report lies with the officer's own office."""
    return work.officer.office == work.case.report.office


def state(*states: ReportState) -> Callable[[Case], bool]:
    """Whether the report is in one of the states."""
    return lambda case: case.report.state in states


# -- registering and screening ----------------------------------------------------------------------------------


class NoInput(forms.CommandForm):
    """A command that needs nothing but the decision."""


def _register(work: Work, _: Mapping[str, Any]) -> int:
    desk, report_id = work.desk, work.case.report.id

    def decide(number: str) -> Report:
        report = desk.report(report_id)
        report.register(desk.stamp(work.officer), number)
        return report

    return record_numbered(
        desk,
        work.officer,
        kind="report",
        office=work.case.report.office,
        subject=str(report_id),
        decide=decide,
    )


class ScreeningForm(forms.CommandForm):
    """What screening finds."""

    matter_class = forms.choice("事项性质", MatterClass)
    named_status = forms.choice("实名情况", NamedStatus)
    verification = forms.choice("核实方式", Verification)
    jurisdiction = forms.choice("管辖", Jurisdiction)
    proposal = forms.choice("办理意见", Proposal)
    refusal = forms.choice("不予受理理由", RefusalCode, required=False, hint="办理意见为不予受理时选择。")
    target = forms.dynamic_choice("接收单位", "targets", required=False, hint="转送、交办、移送、移交、分流时选择。")
    original = forms.line("原件登记编号", required=False, hint="与先前的举报重复时填写，例如 云信〔2026〕0001号。")
    new_evidence = forms.flag("重复件含新的证据")
    urgent = forms.choice("急件理由", UrgentReason, required=False, hint="不能等待的才选择。")
    note = forms.note("甄别说明")


def _screen(work: Work, data: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report
    matter = MatterClass(data["matter_class"])
    _check_target(work, Proposal(data["proposal"]), data["target"])
    if data["verification"] == Verification.RELAY:
        refuse_unless_reached(desk, report.id, ContactPurpose.VERIFICATION)
    found = Screening(
        matter_class=matter,
        in_scope=matter not in {MatterClass.OUT_OF_SCOPE, MatterClass.NO_SUBSTANCE},
        named_status=NamedStatus(data["named_status"]),
        verification_method=data["verification"],
        jurisdiction=Jurisdiction(data["jurisdiction"]),
        proposal=Proposal(data["proposal"]),
        refusal=RefusalCode(data["refusal"]) if data["refusal"] else None,
        target=data["target"],
        original=_original(work, data["original"]),
        new_evidence=data["new_evidence"],
        urgent_reason=UrgentReason(data["urgent"]) if data["urgent"] else None,
    )
    note = sealed_note(work, report.id, data["note"])
    report.screen(desk.stamp(work.officer), found, note=sealing_of(note))
    return desk.record(work.officer.signer, report, custody=custody_of(note))


def _original(work: Work, number: str) -> str:
    """Stream id of the report with that register number."""
    if not number.strip():
        return ""
    found = work.desk.directory.report_by_number(number.strip())
    if found is None:
        raise Refused("no_original", "没有找到所填登记编号的举报件；请核对编号后再提交。")
    return str(found)


def _targets(work: Work) -> Choices:
    """Bodies outside and the platform's other host."""
    settings = work.desk.settings
    others = [o for o in settings.offices if o.kind == "petition" and o.id != work.case.report.office]
    return [*((o.id, o.name) for o in others), *((b.code, b.name) for b in settings.bodies)]


#: What kind of body each proposal goes to; a report is handed over within the platform.
_BODY_KINDS = {
    Proposal.FORWARD: "subordinate",
    Proposal.ASSIGN: "subordinate",
    Proposal.REFER: "other",
    Proposal.ROUTE_APPEAL: "appeal",
    Proposal.ROUTE_SUGGESTION: "suggestion",
}


def _check_target(work: Work, proposal: Proposal, target: str) -> None:
    """Raises Refused for a receiving body that does not go with the proposal."""
    if proposal not in SENT_ON or not target:
        return  # the report itself refuses where one is missing
    settings = work.desk.settings
    if proposal is Proposal.HAND_OVER:
        fitting = {office.id for office in settings.offices if office.kind == "petition"}
    else:
        fitting = {body.code for body in settings.bodies if body.kind == _BODY_KINDS[proposal]}
    if target not in fitting:
        raise Refused("target_kind", f"所选接收单位与“{proposal.label}”不符；请改选接收单位，或者改选办理意见。")


class ReturnForm(forms.CommandForm):
    """Why something is sent back."""

    note = forms.note("退回理由", required=True)


def _return_screening(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    note = sealed_note(work, report.id, data["note"])
    report.return_screening(work.desk.stamp(work.officer), "head_disagrees", sealing_of(note))
    return work.desk.record(work.officer.signer, report, custody=custody_of(note))


# -- deciding ---------------------------------------------------------------------------------------------------

_SIMPLE_DECISIONS: Mapping[Proposal, Callable[[Report, Stamp], None]] = {
    Proposal.ACCEPT: Report.accept,
    Proposal.NOT_ACCEPT: Report.not_accept,
    Proposal.FORWARD: Report.forward_down,
    Proposal.ASSIGN: Report.assign_down,
    Proposal.REFER: Report.refer_out,
    Proposal.RETAIN_DUPLICATE: Report.retain_duplicate,
    Proposal.ROUTE_APPEAL: Report.route_appeal,
    Proposal.ROUTE_SUGGESTION: Report.route_suggestion,
}


def _confirm(work: Work, _: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report
    if report.screening is None:
        raise Refused("state", f"本件当前为“{report.state.label}”，没有待确认的甄别意见；请刷新页面。")
    proposal = Proposal(report.screening.proposal)
    stamp = desk.stamp(work.officer)
    if proposal is Proposal.HAND_OVER:
        bundles = wraps_for(work, report.id, [report.screening.target])
        report.hand_over(stamp, report.screening.target, tuple(b.sealing for b in bundles))
        return desk.record(work.officer.signer, report, custody=custody_of(*bundles))
    _SIMPLE_DECISIONS[proposal](report, stamp)
    return desk.record(work.officer.signer, report)


class TransferForm(forms.CommandForm):
    """Which department handles it."""

    department = forms.dynamic_choice("承办部门", "departments")


def _departments(work: Work) -> Choices:
    settings = work.desk.settings
    host = settings.office(work.case.report.office).host
    return [(o.id, o.name) for o in settings.offices_of("department", host)]


def _transfer(work: Work, data: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report
    host = desk.settings.office(report.office).host
    leadership = [office.id for office in desk.settings.offices_of("leadership", host)]
    supervisors = desk.settings.offices_of("clue", host)
    if not supervisors:
        raise Refused("no_clue_office", "本机关没有设置案件监督管理部门；请管理员核对机构设置。")
    bundles = wraps_for(work, report.id, [data["department"], *leadership])
    report.transfer(
        desk.stamp(work.officer),
        department=data["department"],
        notified_office=supervisors[0].id,
        clue=str(UUID(bytes=desk.rng(16), version=4)),
        sealings=tuple(bundle.sealing for bundle in bundles),
    )
    return desk.record(work.officer.signer, report, custody=custody_of(*bundles))


ACTIONS = (
    Action(
        name="register",
        label="登记编号",
        hint="编号按本单位、本年度连续，登记后不能更改。",
        roles=CLERKS,
        form=NoInput,
        when=state(S.RECEIVED),
        mine=of_the_office,
        run=_register,
        primary=True,
    ),
    Action(
        name="screen",
        label="甄别",
        hint="核对事项性质、实名情况、管辖与重复，提出办理意见，报本室负责人确认。",
        roles=CLERKS,
        form=ScreeningForm,
        when=lambda case: case.report.state is S.REGISTERED and not case.report.level_open,
        mine=of_the_office,
        run=_screen,
        primary=True,
        choices={"targets": _targets},
    ),
    Action(
        name="confirm_screening",
        label="同意甄别意见",
        hint="按甄别意见作出决定。",
        roles=HEADS,
        form=NoInput,
        when=state(S.SCREENED),
        mine=of_the_office,
        run=_confirm,
        primary=True,
    ),
    Action(
        name="return_screening",
        label="退回重新甄别",
        roles=HEADS,
        form=ReturnForm,
        when=state(S.SCREENED),
        mine=of_the_office,
        run=_return_screening,
    ),
    Action(
        name="transfer",
        label="移送承办部门",
        hint="同时通报案件监督管理部门。",
        roles=HEADS,
        form=TransferForm,
        when=state(S.ACCEPTED),
        mine=of_the_office,
        run=_transfer,
        primary=True,
        choices={"departments": _departments},
    ),
)
