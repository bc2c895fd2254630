"""Commands that write to the reporter: approved templates at once, free text only past a second officer's eyes
(E-08)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from supervision.casework import forms
from supervision.casework.actions import Action, Case, Choices, Work
from supervision.casework.content import may_read
from supervision.casework.notes import custody_of, note_key
from supervision.domain.codes import RefusalCode, ReportState, Role
from supervision.sealing.adding import seal_note
from supervision.sealing.compartments import MESSAGE
from supervision.sealing.envelope import Part, ToReporter, seal
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.strict_json import from_base64

WRITERS = frozenset({Role.INTAKE_CLERK, Role.PERSONNEL_CLERK, Role.PETITION_HEAD, Role.INSPECTOR})


def _reader(work: Work) -> bool:
    return may_read(work.desk, work.officer, work.case.report, work.case.clue)


def _reachable(case: Case) -> bool:
    """There is a status page: the reporter has a code, and the report has not gone up under seal."""
    return bool(case.report.reporter_kem_key) and case.report.state is not ReportState.SEALED


class TemplateForm(forms.CommandForm):
    """Which approved words."""

    template = forms.dynamic_choice("核准用语", "templates")


def _templates(work: Work) -> Choices:
    report = work.case.report
    refusal = RefusalCode(report.screening.refusal) if report.screening and report.screening.refusal else None
    usable = work.desk.rulebook.messages.usable(report.state, refusal)
    return [(template.code, template.words) for template in usable]


def _send_template(work: Work, data: Mapping[str, Any]) -> int:
    correspondence = work.case.correspondence
    correspondence.send_template(work.desk.stamp(work.officer), report=work.case.report.id, template=data["template"])
    return work.desk.record(work.officer.signer, correspondence)


class DraftForm(forms.CommandForm):
    """Free text."""

    text = forms.note(
        "留言内容",
        required=True,
        hint="不得复述举报内容、被反映人或任何身份信息；须经另一名工作人员复核后才对举报人可见。",
    )


def _draft(work: Work, data: Mapping[str, Any]) -> int:
    desk, report, correspondence = work.desk, work.case.report, work.case.correspondence
    text = data["text"].strip()
    compartment, key = note_key(work)
    for_office = seal_note(desk.manifest, correspondence.id, key, text, desk.rng, "message", compartment)
    reporter = KemPublicKey(from_base64(report.reporter_kem_key))
    for_reporter = seal(
        desk.manifest,
        correspondence.id,
        [Part(MESSAGE, "text", text.encode())],
        ToReporter(reporter),
        desk.rng,
    )
    for_reporter = desk.retention.layered(for_reporter, report.received_at)
    correspondence.draft_message(
        desk.stamp(work.officer),
        report=report.id,
        message=desk.rng(8).hex(),
        sealing=for_office.sealing,
        reporter_sealing=for_reporter.sealing,
    )
    return desk.record(work.officer.signer, correspondence, custody=custody_of(for_office, for_reporter))


class ReviewForm(forms.CommandForm):
    """Which draft."""

    message = forms.dynamic_choice("待复核留言", "drafts")


def _drafts(work: Work) -> Choices:
    """Drafts of other officers; numbered, since the words themselves are shown beside the form."""
    drafts = work.case.correspondence.drafts
    return [
        (message, f"第 {number} 条（{draft.occurred_at[:10]}）")
        for number, (message, draft) in enumerate(drafts.items(), start=1)
        if draft.actor != work.officer.officer
    ]


def _approve(work: Work, data: Mapping[str, Any]) -> int:
    correspondence = work.case.correspondence
    correspondence.approve_message(work.desk.stamp(work.officer), data["message"])
    return work.desk.record(work.officer.signer, correspondence)


def _refuse(work: Work, data: Mapping[str, Any]) -> int:
    correspondence = work.case.correspondence
    correspondence.refuse_message(work.desk.stamp(work.officer), data["message"], "repeats_content_or_unclear")
    return work.desk.record(work.officer.signer, correspondence)


def _has_drafts(case: Case) -> bool:
    return bool(case.correspondence.drafts)


def _reader_with_draft(work: Work) -> bool:
    return _reader(work) and bool(_drafts(work))


ACTIONS = (
    Action(
        name="send_template",
        label="发布核准用语",
        hint="显示在举报人的查询页。",
        roles=WRITERS,
        form=TemplateForm,
        when=_reachable,
        mine=lambda work: _reader(work) and bool(_templates(work)),
        run=_send_template,
        choices={"templates": _templates},
    ),
    Action(
        name="draft_message",
        label="起草留言",
        roles=WRITERS,
        form=DraftForm,
        when=_reachable,
        mine=_reader,
        run=_draft,
    ),
    Action(
        name="approve_message",
        label="同意发布留言",
        hint="确认留言没有复述举报内容，没有涉及任何人的身份。",
        roles=WRITERS,
        form=ReviewForm,
        when=_has_drafts,
        mine=_reader_with_draft,
        run=_approve,
        choices={"drafts": _drafts},
    ),
    Action(
        name="refuse_message",
        label="不同意发布留言",
        roles=WRITERS,
        form=ReviewForm,
        when=_has_drafts,
        mine=_reader_with_draft,
        run=_refuse,
        choices={"drafts": _drafts},
    ),
)
