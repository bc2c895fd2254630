"""``/console/reports/<id>``: one report, what can be done with it, and doing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from flask import Response as FileResponse
from flask import abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.model import ActedEvent, Event
from projections import queries
from supervision.casework import reading
from supervision.casework.actions import Action, BadInput, Case, Outdated, Work, carry_out, offered
from supervision.casework.catalogue import ACTIONS, BY_NAME
from supervision.casework.officer_session import OfficerSession
from supervision.domain.refusal import Refused
from supervision.web import command_forms
from supervision.web import evidence as files
from supervision.web.app import platform
from supervision.web.command_forms import FormField
from supervision.web.console.case_view import CaseView, EventShown, case_view
from supervision.web.console.proposals import proposed
from supervision.web.console.queue import QueueChoice
from supervision.web.console.site import DESK_ROLES, blueprint, viewer_of
from supervision.web.moments import moment
from supervision.web.names import Names
from supervision.web.officer_login import officer
from supervision.web.waiting import wait_for
from supervision.web.wording import tell_event


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One command on the page.

    ``about``: the event that the decision is about. ``onward``: ticked beforehand that the next report opens.
    ``refusal``: why it was not carried out; ``kept``: it holds input that is not saved.
    """

    name: str
    title: str
    hint: str
    fields: list[FormField]
    open: bool
    tone: str
    onward: bool = False
    about: EventShown | None = None
    kept: bool = False
    refusal: str = ""

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Field id and message, for the summary."""
        return [(one.id, f"{one.label}：{one.error}") for one in self.fields if one.error]


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A command that was sent and not carried out: what was given, and what stood against it."""

    action: Action
    given: Mapping[str, Any]
    errors: Mapping[str, Sequence[str]] = field(default_factory=dict)
    refusal: str = ""
    since: Sequence[Event] = ()


#: Commands that have a page of their own instead of a block beside the report.
_ELSEWHERE = frozenset({"deidentify"})

#: Cannot be undone: shown as such.
_FINAL = frozenset({"confirm_bypass"})

#: What lies before whoever decides: the proposal, or why his own came back.
_ABOUT = {
    "screen": "report.screening_returned.v1",
    "confirm_screening": "report.screened.v1",
    "propose_distribution": "clue.distribution_returned.v1",
    "approve_distribution": "clue.distribution_proposed.v1",
    "propose_disposition": "clue.disposition_returned.v1",
    "approve_disposition": "clue.disposition_proposed.v1",
    "approve_return": "report.return_proposed.v1",
    "explain_objection": "report.objection_recorded.v1",
    "confirm_level": "report.level_proposed.v1",
    "confirm_bypass": "report.bypass_proposed.v1",
    "grant_original": "report.original_requested.v1",
    "refuse_original": "report.original_requested.v1",
}


@blueprint.get("/reports/<uuid:report_id>")
def report(report_id: UUID) -> str:
    """The page of a report. Opening its content is recorded first."""
    return _page(officer(), report_id)


@blueprint.post("/reports/<uuid:report_id>/<name>")
def act(report_id: UUID, name: str) -> Response | tuple[str, int]:
    """Carry out a command, or show the page again with the reason and all that was filled in."""
    action = BY_NAME.get(name)
    if action is None:
        abort(404)
    me, here = officer(), platform()
    me.require(*DESK_ROLES)
    choice = QueueChoice.of(request.args)
    viewer = viewer_of(me, here.settings)
    with here.reads.reading() as reader:
        row = queries.report(reader, report_id)
    given = command_forms.read(action.form, request.form)
    try:
        position = carry_out(action, here.desk, me, report_id, given, request.form.get("version"))
    except BadInput as bad:
        return _page(me, report_id, Attempt(action=action, given=given, errors=bad.errors)), 422
    except Outdated as outdated:
        return _page(me, report_id, Attempt(action=action, given=given, since=outdated.since)), 409
    except Refused as refused:
        return _page(me, report_id, Attempt(action=action, given=given, refusal=refused.reason)), 409
    wait_for(position)
    flash(_("已完成：%(what)s", what=action.label), "good")
    onward = "onward" in request.form
    stay: dict[str, Any] = {} if onward else {"stay": "1"}
    if onward and not _more_to_do(me, report_id):
        with here.reads.reading() as reader:
            following = choice.item_after(reader, viewer, row)
        if following is None:
            return redirect(url_for(".queue", **choice.args), 303)
        return redirect(url_for(".report", report_id=following, **choice.args), 303)
    return redirect(url_for(".report", report_id=report_id, **choice.args, **stay), 303)


@blueprint.get("/reports/<uuid:report_id>/<name>")
def act_again(report_id: UUID, name: str) -> Response:
    """Where a page that came back from a command is loaded again: the report as it stands now."""
    if name not in BY_NAME:
        abort(404)
    return redirect(url_for(".report", report_id=report_id, **QueueChoice.of(request.args).args), 303)


@blueprint.get("/reports/<uuid:report_id>/files/<any(report, added):origin>/<int:version>/<int:number>")
def evidence(report_id: UUID, origin: str, version: int, number: int) -> FileResponse:
    """The cleaned copy of a file. ``origin``: it came with the report, or was added later."""
    me, desk = officer(), platform().desk
    case = Case.load(desk, report_id)
    file, opened = reading.evidence(desk, me, case, version=version, number=number, of_report=origin == "report")
    return files.answer(opened, file.media_type, file.name)


def _more_to_do(me: OfficerSession, report_id: UUID) -> bool:
    """Whether the next step of this report is the officer's own again."""
    desk = platform().desk
    return any(action.primary for action in offered(ACTIONS, desk, me, Case.load(desk, report_id)))


def _page(me: OfficerSession, report_id: UUID, attempt: Attempt | None = None) -> str:
    view = case_view(me, report_id)
    panels = _panels(me, view, attempt)
    names = Names.of(platform().settings, platform().desk.directory.colleagues())
    return render_template(
        "console/case.html",
        view=view,
        panels=panels,
        failed=next((panel for panel in panels if panel.kept), None),
        changes=[_change(event, names) for event in attempt.since] if attempt else [],
        version=view.case.seen,
        queue_args=QueueChoice.of(request.args).args,
        stay="stay" in request.args,
    )


def _panels(me: OfficerSession, view: CaseView, attempt: Attempt | None) -> list[Panel]:
    """The commands that he can give now, the usual next step first, and the one that he has just tried."""
    work = Work(desk=platform().desk, officer=me, case=view.case)
    actions = [action for action in offered(ACTIONS, work.desk, me, view.case) if action.name not in _ELSEWHERE]
    actions.sort(key=lambda action: not action.primary)
    main = [action.name for action in actions if action.primary]
    panels = [
        _tried(attempt, work, view)
        if attempt and action is attempt.action
        else Panel(
            name=action.name,
            title=action.label,
            hint=action.hint,
            fields=command_forms.draw(action.form, action.name, action.options(work), proposed(action.name, view), {}),
            open=main == [action.name] and attempt is None,
            onward=action.primary or not main,
            about=_about(action, view),
            tone="danger" if action.name in _FINAL else "main" if action.primary else "",
        )
        for action in actions
    ]
    if attempt and attempt.action not in actions:
        panels.insert(0, _tried(attempt, work, view))
    return panels


def _about(action: Action, view: CaseView) -> EventShown | None:
    """The latest event of the kind that this decision is about; the page has the latest first."""
    return next((event for event in view.events if event.topic == _ABOUT.get(action.name)), None)


def _tried(attempt: Attempt, work: Work, view: CaseView) -> Panel:
    action = attempt.action
    return Panel(
        name=action.name,
        title=action.label,
        hint=action.hint,
        fields=command_forms.draw(action.form, action.name, action.options(work), attempt.given, attempt.errors),
        open=True,
        tone="main" if action.primary else "",
        onward="onward" in request.form,
        about=_about(action, view),
        kept=True,
        refusal=attempt.refusal,
    )


def _change(event: Event, names: Names) -> dict[str, str]:
    acted = event if isinstance(event, ActedEvent) else None
    return {
        "title": tell_event(event, names).title,
        "time": moment(acted.occurred_at) if acted else "",
        "actor": names.actor(acted.actor) if acted else "",
    }
