"""``/console/appraisals``: what is due for appraisal, proposing and deciding on its destruction (鉴定销毁, E-32).

Carrying it out is for the command line (``supervision shred``), at the machine that has the database and the keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from projections import queries
from projections.retention import AppraisalRow, KeptRow
from supervision.casework import retention as use
from supervision.casework.content import APPROVER_ROLES, PETITION_ROLES
from supervision.casework.forms import CommandForm, choice, dynamic_choices, line
from supervision.casework.officer_session import OfficerSession
from supervision.domain import separation
from supervision.domain.appraisal import Appraisal
from supervision.domain.codes import RetentionClass
from supervision.domain.refusal import Refused
from supervision.domain.retention_rules import AppraisalRefusal, AppraisalState, DestructionScope
from supervision.web import command_forms
from supervision.web.app import platform
from supervision.web.command_forms import FormField, Tried
from supervision.web.console.opening_view import OpeningPanel
from supervision.web.console.site import blueprint, viewer_of
from supervision.web.names import Names
from supervision.web.officer_login import officer
from supervision.web.waiting import wait_for
from supervision.web.wording import label

Answer: TypeAlias = str | tuple[str, int] | Response

ROLES = (*PETITION_ROLES, *APPROVER_ROLES)
_WAITING = (AppraisalState.PROPOSED.value, AppraisalState.APPROVED.value)
_DONE = (AppraisalState.REFUSED.value, AppraisalState.EXECUTED.value)


class ProposalForm(CommandForm):
    """What was appraised, and on which paper."""

    document = line("鉴定文件文号", hint="鉴定小组的意见文号，例如 云档鉴〔2026〕3号。", limit=40)
    reports = dynamic_choices("经鉴定可以销毁的举报件", "reports", hint="逐件鉴定；仍有查考价值的不要选。")


class RefusalForm(CommandForm):
    """Why not."""

    reason = choice("理由", AppraisalRefusal)


@dataclass(frozen=True, kw_only=True)
class DueList:
    """What is due for one scope, with the form that proposes it."""

    scope: DestructionScope
    due: Sequence[KeptRow]
    fields: Sequence[FormField]
    open: bool


@blueprint.get("/appraisals")
def appraisals() -> str:
    """What is due, what waits for whom, what was done."""
    return _list_page(officer())


@blueprint.post("/appraisals/<any(identity, everything):scope>")
def propose_appraisal(scope: str) -> Answer:
    """First of two persons."""
    me, here = officer(), platform()
    given = command_forms.read(ProposalForm, request.form)
    try:
        data = ProposalForm().load(given)
        reports = [UUID(one) for one in data["reports"]]
        appraisal_id = use.propose(here.desk, me, data["document"], DestructionScope(scope), reports)
    except ValidationError as invalid:
        tried = Tried(name=scope, given=given, errors=invalid.normalized_messages())
        return _list_page(me, tried), 422
    except Refused as refused:
        field = "document" if refused.code == "document" else "reports"
        return _list_page(me, Tried(name=scope, given=given, errors={field: [refused.reason]})), 409
    wait_for(here.ledger.head())
    flash(_("已提出鉴定销毁，等待负责人审批。"), "good")
    return redirect(url_for(".appraisal", appraisal_id=appraisal_id), 303)


@blueprint.get("/appraisals/<uuid:appraisal_id>")
def appraisal(appraisal_id: UUID) -> str:
    """One appraisal with its list."""
    return _page(officer(), appraisal_id)


@blueprint.post("/appraisals/<uuid:appraisal_id>/<any(approve, refuse):name>")
def decide_appraisal(appraisal_id: UUID, name: str) -> Answer:
    """Second of two persons."""
    me, here = officer(), platform()
    try:
        if name == "approve":
            position = use.approve(here.desk, me, appraisal_id)
        else:
            given = command_forms.read(RefusalForm, request.form)
            reason = AppraisalRefusal(RefusalForm().load(given)["reason"])
            position = use.refuse(here.desk, me, appraisal_id, reason)
    except ValidationError as invalid:
        return _page(me, appraisal_id, Tried(name=name, given=given, errors=invalid.normalized_messages())), 422
    except Refused as refused:
        return _page(me, appraisal_id, refusal=refused.reason), 409
    wait_for(position)
    flash(_("已办理。"), "good")
    return redirect(url_for(".appraisal", appraisal_id=appraisal_id), 303)


# -- showing ----------------------------------------------------------------------------------------------------------


def _list_page(me: OfficerSession, tried: Tried | None = None) -> str:
    me.require(*ROLES)
    here = platform()
    names = Names.of(here.settings, here.desk.directory.colleagues())
    offices = viewer_of(me, here.settings).offices or frozenset({me.office})
    with here.reads.reading() as reader:
        waiting = queries.appraisals(reader, offices, *_WAITING)
        done = queries.appraisals(reader, offices, *_DONE)
    return render_template(
        "console/appraisals.html",
        lists=_due_lists(me, tried) if me.has(*PETITION_ROLES) else [],
        errors=_errors(me, tried),
        waiting=[_shown(row, names) for row in waiting],
        done=[_shown(row, names) for row in done],
    )


def _due_lists(me: OfficerSession, tried: Tried | None) -> list[DueList]:
    here = platform()
    today, rules = here.clock().date(), here.rulebook.retention
    identity = rules.due_before(DestructionScope.IDENTITY, "", today)
    classes = {one.value: rules.due_before(DestructionScope.EVERYTHING, one.value, today) for one in RetentionClass}
    ends = {kind: day for kind, day in classes.items() if day is not None}
    with here.reads.reading() as reader:
        due = {
            DestructionScope.IDENTITY: queries.identity_due(reader, me.officer, me.office, identity or date.min),
            DestructionScope.EVERYTHING: queries.everything_due(reader, me.officer, me.office, ends),
        }
    return [_due_list(scope, rows, tried) for scope, rows in due.items()]


def _due_list(scope: DestructionScope, due: Sequence[KeptRow], tried: Tried | None) -> DueList:
    mine = tried if tried is not None and tried.name == scope.value else None
    options = {"reports": [(str(row.report_id), _called(row)) for row in due]}
    given: Mapping[str, Any] = mine.given if mine else {}
    fields = command_forms.draw(ProposalForm, scope.value, options, given, mine.errors if mine else {})
    return DueList(scope=scope, due=due, fields=fields, open=mine is not None)


def _errors(me: OfficerSession, tried: Tried | None) -> list[tuple[str, str]]:
    lists = _due_lists(me, tried) if tried is not None and me.has(*PETITION_ROLES) else []
    return [error for one in lists for error in command_forms.error_list(one.fields)]


def _called(row: KeptRow) -> str:
    kept = label(RetentionClass, row.retention) if row.retention else _("径送")
    return _(
        "%(number)s（%(day)s 收到，保管期限：%(kept)s）",
        number=row.number or row.reference,
        day=row.received_on,
        kept=kept,
    )


def _shown(row: AppraisalRow, names: Names) -> dict[str, str]:
    return {
        "href": url_for(".appraisal", appraisal_id=row.appraisal_id),
        "document": row.document,
        "scope": label(DestructionScope, row.scope),
        "reports": str(len(row.reports)),
        "proposer": names.officer(row.proposer),
        "proposed": row.proposed_on.isoformat(),
        "state": label(AppraisalState, row.state),
    }


def _page(me: OfficerSession, appraisal_id: UUID, tried: Tried | None = None, refusal: str = "") -> str:
    me.require(*ROLES)
    here = platform()
    found = here.desk.appraisal(appraisal_id)
    mine = found.office == me.office or use.may_decide(here.desk, me, found.office)
    if not mine:
        raise Refused("not_yours", _("这一鉴定由其他单位提出，您不能查看；请与该单位联系。"))
    names = Names.of(here.settings, here.desk.directory.colleagues())
    with here.reads.reading() as reader:
        rows = queries.kept(reader, found.reports)
    panels = _panels(me, found, tried)
    return render_template(
        "console/appraisal.html",
        appraisal=found,
        facts=[
            (_("范围"), found.scope.label),
            (_("鉴定文件"), found.document),
            (_("提出人"), f"{names.officer(found.proposer)}　{found.proposed_on}"),
            *([(_("审批人"), names.officer(found.approver))] if found.approver else []),
            (_("鉴定编号"), str(found.id)),
        ],
        rows=[_kept(row) for row in rows],
        panels=panels,
        refusal=refusal,
        errors=[error for panel in panels for error in panel.errors],
        command=f"supervision shred --officer {me.officer} {found.id}"
        if found.state is AppraisalState.APPROVED and found.office == me.office
        else "",
    )


def _panels(me: OfficerSession, found: Appraisal, tried: Tried | None) -> list[OpeningPanel]:
    if found.state is not AppraisalState.PROPOSED or not use.may_decide(platform().desk, me, found.office):
        return []
    against = separation.against_approving(me.officer, proposer=found.proposer)
    given, errors = (tried.given, tried.errors) if tried else ({}, {})
    return [
        OpeningPanel(
            name="approve",
            title=_("批准鉴定销毁"),
            hint=_("批准后由提出单位在存放数据库的机器上执行，不能恢复。"),
            submit=_("批准销毁"),
            tone="danger",
            closed=against.reason if against else "",
        ),
        OpeningPanel(
            name="refuse",
            title=_("不批准"),
            submit=_("不批准"),
            fields=command_forms.draw(RefusalForm, "refuse", {}, given, errors),
            open=tried is not None,
            closed=against.reason if against else "",
        ),
    ]


def _kept(row: KeptRow) -> dict[str, str]:
    gone = row.all_gone or row.identity_gone
    return {
        "href": url_for(".report", report_id=row.report_id),
        "number": row.number or row.reference,
        "received": row.received_on.isoformat(),
        "retention": label(RetentionClass, row.retention) if row.retention else "",
        "standing": _("停止销毁：%(documents)s", documents="、".join(row.holds))
        if row.holds
        else _("已于 %(day)s 销毁", day=gone.isoformat())
        if gone
        else "",
    }
