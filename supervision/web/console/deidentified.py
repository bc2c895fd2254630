"""``/console/reports/<id>/deidentify`` and ``/original``, ``/console/originals``.

Writing the version that does not tell who reported, looking at the original behind it, and who waits to be let see one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from projections import queries
from supervision.casework import deidentified
from supervision.casework.actions import BadInput, Case, Outdated, Work, carry_out
from supervision.casework.catalogue import BY_NAME
from supervision.casework.content import ContentReader, ReportContent
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.web import command_forms
from supervision.web.app import platform
from supervision.web.console.queue import PAGE, QueueChoice, shown
from supervision.web.console.site import DESK_ROLES, blueprint, viewer_of
from supervision.web.officer_login import officer
from supervision.web.waiting import wait_for

WRITE = BY_NAME["deidentify"]

Answer: TypeAlias = str | tuple[str, int] | Response


@blueprint.get("/reports/<uuid:report_id>/deidentify")
def deidentify(report_id: UUID) -> str:
    """The original with what may identify marked, beside the form that the version is written in."""
    work = _work(officer(), report_id)
    content = _opened(work)
    given: dict[str, Any] = {"title": content.title, "text": content.text}
    if last := content.version:
        names = {file.name for file in last.files}
        files = [choice for choice, file in deidentified.choosable(content) if file.name in names]
        given = {"title": last.title, "text": last.text, "files": files}
    return _page(work, content, given)


@blueprint.post("/reports/<uuid:report_id>/deidentify")
def write_version(report_id: UUID) -> Answer:
    """Seal the version, or show the form again with all that was written."""
    me, here = officer(), platform()
    me.require(*DESK_ROLES)
    given = command_forms.read(WRITE.form, request.form)
    try:
        position = carry_out(WRITE, here.desk, me, report_id, given, request.form.get("version"))
    except BadInput as bad:
        return _again(me, report_id, given, errors=bad.errors), 422
    except Outdated as outdated:
        return _again(me, report_id, given, refusal=str(outdated)), 409
    except Refused as refused:
        return _again(me, report_id, given, refusal=refused.reason), 409
    wait_for(position)
    flash(_("去标识版已封存；承办部门只能打开这一份。"), "good")
    return redirect(url_for(".report", report_id=report_id), 303)


@blueprint.post("/reports/<uuid:report_id>/original")
def behind_version(report_id: UUID) -> Answer:
    """The original, once: it is written down each time, so it has no address to come back to."""
    me, here = officer(), platform()
    me.require(Role.INSPECTOR)
    case = Case.load(here.desk, report_id)
    opened = deidentified.open_original(here.desk, me, case)
    return render_template("console/original.html", case=case, opened=opened)


@blueprint.get("/reports/<uuid:report_id>/original")
def behind_version_again(report_id: UUID) -> Response:
    """Where a page with an original is loaded again: the report, from where it can be opened once more."""
    return redirect(url_for(".report", report_id=report_id), 303)


@blueprint.get("/originals")
def original_requests() -> str:
    """Reports of which a handler asks to see the original; the head of the petition office decides."""
    me, here = officer(), platform()
    me.require(Role.PETITION_HEAD)
    with here.reads.reading() as reader:
        rows = queries.originals_requested(reader, viewer_of(me, here.settings), PAGE)
    return render_template("console/original_requests.html", rows=shown(me, rows, QueueChoice()))


def _again(
    me: OfficerSession,
    report_id: UUID,
    given: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]] | None = None,
    refusal: str = "",
) -> str:
    work = _work(me, report_id)
    return _page(work, _opened(work), given, errors or {}, refusal)


def _work(me: OfficerSession, report_id: UUID) -> Work:
    """Raises Refused where the version is not his to write, or not now."""
    me.require(*DESK_ROLES)
    work = Work(desk=platform().desk, officer=me, case=Case.load(platform().desk, report_id))
    work.case.report.refuse_excluded(me.officer)
    if not WRITE.offered(work):
        raise Refused("state", _("本件现在不能制作去标识版：须由受理单位在登记之后、移送之前制作第一版。"))
    return work


def _opened(work: Work) -> ReportContent:
    content = ContentReader(work.desk, work.officer, work.case.report, work.case.clue).read()
    if not content.original:
        raise Refused("no_key", _("您的会话中没有原文的密钥；请本单位密钥持有人为您授予后再办理。"))
    return content


def _page(
    work: Work,
    content: ReportContent,
    given: Mapping[str, Any],
    errors: Mapping[str, Sequence[str]] | None = None,
    refusal: str = "",
) -> str:
    rules = platform().rulebook.identifying
    added = [(one.day, rules.passages(one.text)) for one in content.supplements if one.text]
    texts = [content.title, content.text, *(one.text for one in content.supplements)]
    fields = command_forms.draw(WRITE.form, WRITE.name, WRITE.options(work), given, errors or {})
    return render_template(
        "console/deidentify.html",
        case=work.case,
        number=work.case.report.number,
        next_number=work.case.report.versions + 1,
        title=rules.passages(content.title),
        text=rules.passages(content.text),
        added=added,
        kinds=list(dict.fromkeys(kind for text in texts for kind in rules.kinds_in(text))),
        fields=[field for field in fields if field.widget != "checkboxes" or field.options],
        errors=command_forms.error_list(fields),
        refusal=refusal,
        version=work.case.seen,
        kept=bool(errors or refusal),
    )
