"""Commands of the petition office after a decision: tell the reporter, hear from below, withdraw officers, archive."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from supervision.casework import forms
from supervision.casework.actions import Action, Choices, Work
from supervision.casework.contact_notice import refuse_unless_reached
from supervision.casework.handling import of_the_clue_office
from supervision.casework.notes import custody_of, sealed_note, sealing_of
from supervision.casework.petition import CLERKS, HEADS, of_the_office, state
from supervision.domain.codes import (
    Notice,
    RecusalGround,
    RefusalCode,
    ReportState,
    RetentionClass,
    Role,
    SubordinateStage,
)
from supervision.domain.contact_codes import ContactPurpose
from supervision.domain.refusal import Refused
from supervision.domain.report import ARCHIVABLE
from supervision.sealing.compartments import FACTS
from supervision.sealing.envelope import Part, ToOffice, seal

S = ReportState

#: States in which the reporter is to be told something (A-13, A-26).
TELLABLE = frozenset(
    {
        S.ACCEPTED,
        S.TRANSFERRED,  # where it was passed on before anybody told him
        S.NOT_ACCEPTED,
        S.REFERRED_OUT,
        S.FORWARDED_DOWN,
        S.ASSIGNED_DOWN,
        S.APPEAL_ROUTED,
        S.SUGGESTION_ROUTED,
    }
)


class NoticeForm(forms.CommandForm):
    """How the reporter was told."""

    mode = forms.choice(
        "告知方式",
        Notice,
        only=(Notice.STATUS_PAGE, Notice.PHONE, Notice.IN_PERSON, Notice.LETTER, Notice.RELAY),
        hint="选“查询页”时，同时在举报人的查询页发布核准用语；选“联络员告知”须有联络员联系到本人的记录。",
    )


def _notify(work: Work, data: Mapping[str, Any]) -> int:
    desk, case = work.desk, work.case
    report, stamp = case.report, desk.stamp(work.officer)
    if data["mode"] == Notice.STATUS_PAGE and not report.reporter_kem_key:
        raise Refused("no_code", "本件没有查询码，举报人看不到查询页；请选择其他告知方式。")
    told = S.ACCEPTED if report.state is S.TRANSFERRED else report.state
    if data["mode"] == Notice.RELAY:
        purpose = ContactPurpose.ACCEPTANCE if told is S.ACCEPTED else ContactPurpose.ROUTING
        refuse_unless_reached(desk, report.id, purpose)
    subject = {S.ACCEPTED: "acceptance", S.NOT_ACCEPTED: "refusal"}.get(told, "routing")
    report.notify_reporter(stamp, subject, data["mode"])
    if data["mode"] == Notice.STATUS_PAGE:
        refusal = RefusalCode(report.screening.refusal) if report.screening and report.screening.refusal else None
        for template in desk.rulebook.messages.usable(told, refusal)[:1]:
            case.correspondence.send_template(stamp, report=report.id, template=template.code)
    return desk.record(work.officer.signer, report, case.correspondence)


class AcknowledgedForm(forms.CommandForm):
    """When the lower body received it."""

    received_on = forms.day("下级收到日期")


def _acknowledged(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    if data["received_on"] > work.desk.clock().date():
        raise Refused("future", "下级收到日期不能晚于今天；请核对后再提交。")
    report.acknowledge_from_below(work.desk.stamp(work.officer), data["received_on"].isoformat())
    return work.desk.record(work.officer.signer, report)


class FromBelowForm(forms.CommandForm):
    """What the lower body reported."""

    stage = forms.choice("报告事项", SubordinateStage)
    note = forms.note("报告内容")


def _from_below(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    note = sealed_note(work, report.id, data["note"])
    report.report_from_below(work.desk.stamp(work.officer), data["stage"], sealing_of(note))
    return work.desk.record(work.officer.signer, report, custody=custody_of(note))


class ArchiveForm(forms.CommandForm):
    """How long the file is kept."""

    retention = forms.choice("保管期限", RetentionClass)


def _archive(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    report.archive(work.desk.stamp(work.officer), data["retention"])
    return work.desk.record(work.officer.signer, report)


class ExclusionForm(forms.CommandForm):
    """Who must not have anything to do with this report."""

    officer = forms.dynamic_choice("须回避人员", "colleagues")
    reason = forms.choice("回避情形", RecusalGround)


def _colleagues(work: Work) -> Choices:
    return [
        (colleague.officer, f"{colleague.name}（{work.desk.settings.name_of(colleague.office)}）")
        for colleague in work.desk.directory.colleagues()
        if not colleague.departed and colleague.officer not in work.case.report.excluded
    ]


def _exclude(work: Work, data: Mapping[str, Any]) -> int:
    desk, report = work.desk, work.case.report
    told = json.dumps({"excluded": [{"officer": data["officer"], "reason": data["reason"]}]}).encode()
    sealed = seal(desk.manifest, report.id, [Part(FACTS, "facts", told)], ToOffice(report.office), desk.rng)
    bundle = desk.retention.layered(sealed, report.received_at)
    report.exclude(desk.stamp(work.officer), data["officer"], bundle.sealing)
    return desk.record(work.officer.signer, report, custody=custody_of(bundle))


ACTIONS = (
    Action(
        name="notify_reporter",
        label="告知举报人",
        hint="实名且本级受理的，自收到之日起15个工作日内告知；重复件不再告知。",
        roles=CLERKS | HEADS,
        form=NoticeForm,
        when=lambda case: case.report.state in TELLABLE,
        mine=of_the_office,
        run=_notify,
    ),
    Action(
        name="acknowledge_from_below",
        label="登记下级签收",
        roles=CLERKS,
        form=AcknowledgedForm,
        when=state(S.FORWARDED_DOWN, S.ASSIGNED_DOWN),
        mine=of_the_office,
        run=_acknowledged,
    ),
    Action(
        name="report_from_below",
        label="登记下级报告",
        roles=CLERKS,
        form=FromBelowForm,
        when=state(S.FORWARDED_DOWN, S.ASSIGNED_DOWN),
        mine=of_the_office,
        run=_from_below,
    ),
    Action(
        name="archive",
        label="归档",
        roles=CLERKS,
        form=ArchiveForm,
        when=lambda case: case.report.state in ARCHIVABLE,
        mine=of_the_office,
        run=_archive,
    ),
    Action(
        name="exclude",
        label="登记回避",
        hint="登记后，该人员立即不能再查看和办理本件。",
        roles=HEADS | {Role.CLUE_SUPERVISOR},
        form=ExclusionForm,
        when=lambda case: case.report.state is not S.SEALED,
        mine=lambda work: of_the_office(work) or of_the_clue_office(work),
        run=_exclude,
        choices={"colleagues": _colleagues},
    ),
)
