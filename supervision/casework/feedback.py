"""Commands after a matter is finished: feed back, record and answer an objection, take it up again (A-27)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervision.casework import forms
from supervision.casework.actions import Action, Choices, Work
from supervision.casework.contact_notice import refuse_unless_reached
from supervision.casework.handling import INSPECTORS, a_handler, the_clue
from supervision.casework.notes import custody_of, sealed_note, sealing_of
from supervision.casework.petition import CLERKS, NoInput, of_the_office, state
from supervision.domain.codes import NoFeedbackReason, Notice, ReportState, Role
from supervision.domain.contact_codes import ContactPurpose
from supervision.domain.refusal import Refused

S = ReportState


class FeedbackForm(forms.CommandForm):
    """How the result was told."""

    mode = forms.choice("反馈方式", Notice)
    second_officer = forms.dynamic_choice("共同反馈人", "seconds", required=False, hint="反馈由两名工作人员进行。")
    reason = forms.choice("未反馈原因", NoFeedbackReason, required=False, hint="反馈方式为“未告知”时选择。")
    note = forms.note("反馈情况", hint="记录反馈情况和举报人意见，密封保存。")


def _seconds(work: Work) -> Choices:
    """Colleagues who may go along: not the officer himself, not excluded."""
    settings = work.desk.settings
    host = settings.office(work.officer.office).host
    return [
        (c.officer, f"{c.name}（{settings.name_of(c.office)}）")
        for c in work.desk.directory.colleagues()
        if not c.departed
        and c.officer != work.officer.officer
        and c.officer not in work.case.report.excluded
        and settings.office(c.office).host == host
        and c.roles & {Role.INSPECTOR, *CLERKS, Role.PETITION_HEAD}
    ]


def _feed_back(work: Work, data: Mapping[str, Any]) -> int:
    desk, case = work.desk, work.case
    report, stamp = case.report, desk.stamp(work.officer)
    if data["mode"] == Notice.STATUS_PAGE and not report.reporter_kem_key:
        raise Refused("no_code", "本件没有查询码，举报人看不到查询页；请选择其他反馈方式。")
    if data["mode"] == Notice.RELAY:
        refuse_unless_reached(desk, report.id, ContactPurpose.RESULT)
    note = sealed_note(work, report.id, data["note"])
    report.feed_back(
        stamp,
        mode=data["mode"],
        reason=data["reason"],
        second_officer=data["second_officer"],
        note=sealing_of(note),
    )
    if data["mode"] == Notice.STATUS_PAGE:
        for template in desk.rulebook.messages.usable(report.state)[:1]:
            case.correspondence.send_template(stamp, report=report.id, template=template.code)
    return desk.record(work.officer.signer, report, case.correspondence, custody=custody_of(note))


class ObjectionForm(forms.CommandForm):
    """What the reporter objects to."""

    new_evidence = forms.flag("提供了新的证据", hint="有新证据的须核对，可重新办理。")
    note = forms.note("异议内容", required=True)


def _object(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    note = sealed_note(work, report.id, data["note"])
    report.record_objection(work.desk.stamp(work.officer), new_evidence=data["new_evidence"], note=sealing_of(note))
    return work.desk.record(work.officer.signer, report, custody=custody_of(note))


EXPLAINED_BY = (Notice.STATUS_PAGE, Notice.PHONE, Notice.IN_PERSON, Notice.LETTER, Notice.RELAY)


class ExplanationForm(forms.CommandForm):
    """How the objection was answered."""

    mode = forms.choice("说明方式", Notice, only=EXPLAINED_BY)
    note = forms.note("说明内容", required=True)


def _explain(work: Work, data: Mapping[str, Any]) -> int:
    report = work.case.report
    if data["mode"] == Notice.RELAY:
        refuse_unless_reached(work.desk, report.id, ContactPurpose.EXPLANATION)
    note = sealed_note(work, report.id, data["note"])
    report.explain_objection(work.desk.stamp(work.officer), data["mode"], sealing_of(note))
    return work.desk.record(work.officer.signer, report, custody=custody_of(note))


def _reopen(work: Work, _: Mapping[str, Any]) -> int:
    report, clue, stamp = work.case.report, the_clue(work), work.desk.stamp(work.officer)
    report.reopen(stamp, "new_evidence")
    clue.reactivate(stamp, "new_evidence")
    return work.desk.record(work.officer.signer, report, clue)


ACTIONS = (
    Action(
        name="feed_back",
        label="登记反馈",
        hint="办结之日起15个工作日内向实名举报人反馈，由两名工作人员进行。",
        roles=INSPECTORS,
        form=FeedbackForm,
        when=state(S.CLOSED),
        mine=a_handler,
        run=_feed_back,
        primary=True,
        choices={"seconds": _seconds},
    ),
    Action(
        name="record_objection",
        label="登记异议",
        roles=INSPECTORS | CLERKS,
        form=ObjectionForm,
        when=state(S.FED_BACK),
        mine=lambda work: a_handler(work) or of_the_office(work),
        run=_object,
    ),
    Action(
        name="explain_objection",
        label="说明异议",
        roles=INSPECTORS,
        form=ExplanationForm,
        when=state(S.OBJECTION),
        mine=a_handler,
        run=_explain,
        primary=True,
    ),
    Action(
        name="reopen",
        label="重新办理",
        hint="有新的证据须核对时使用；线索回到已分办，须重新提出处置意见。",
        roles=INSPECTORS,
        form=NoInput,
        when=state(S.OBJECTION),
        mine=a_handler,
        run=_reopen,
    ),
)
