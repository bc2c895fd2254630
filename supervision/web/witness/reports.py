"""``/witness/``: what the county sent up; reading it with the superior's own key, and acknowledging it."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from flask import Response as FileResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.ledger import Conflict
from projections import queries
from projections.sealed_reports import SealedRow
from supervision.casework import sealed
from supervision.casework.access_notes import note_opened
from supervision.domain.codes import Channel
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import SITE, SealedState
from supervision.sealed_archive.reading import Evidence
from supervision.web import evidence as files
from supervision.web.app import platform
from supervision.web.officer_login import officer
from supervision.web.paging import page_behind
from supervision.web.waiting import wait_for
from supervision.web.witness.site import blueprint
from supervision.web.wording import label

PAGE = 25

#: What went up: the county's own waiting list is none of the superior's.
_SENT = (SealedState.REPORTED, SealedState.ACKNOWLEDGED, SealedState.DESTROYED)


@blueprint.get("/")
def reports() -> str:
    """Sealed reports by state; first those that wait to be acknowledged."""
    given = request.args.get("state", "")
    state = next((one for one in _SENT if one == given), SealedState.REPORTED)
    after = request.args.get("after", "")
    here = platform()
    with here.reads.reading() as reader:
        page = page_behind(after, lambda key: queries.sealed_reports(reader, None, state, key, PAGE))
    return render_template(
        "witness/reports.html",
        rows=[_row(row) for row in page.rows],
        tabs=[
            {"label": text, "href": url_for(".reports", state=one.value), "current": one is state}
            for one, text in zip(_SENT, (_("待签收"), _("已签收"), _("县级已销毁")), strict=True)
        ],
        state=state,
        later=bool(after),
        next_href=url_for(".reports", state=state.value, after=page.next) if page.next else "",
    )


@blueprint.get("/reports/<uuid:report_id>")
def report(report_id: UUID) -> str:
    """One of them, opened. That it was opened is recorded first."""
    me, here = officer(), platform()
    reader = sealed.SealedReader(here.desk, me, report_id)
    note_opened(here.desk, me, report_id)
    kept = here.desk.sealed_report(report_id)
    content = reader.read()
    return render_template(
        "witness/report.html",
        report_id=report_id,
        reference=kept.reference,
        number=kept.number,
        office=here.settings.name_of(kept.office),
        state=kept.state.label,
        waiting=kept.state is SealedState.REPORTED and kept.mode == SITE,
        content=content,
        additions=[
            {"day": added.day, "text": added.text, "files": _files(report_id, added.files, number)}
            for number, added in enumerate(content.additions, start=1)
        ],
        categories=_categories(content.categories),
        files=_files(report_id, content.files, 0),
    )


@blueprint.post("/reports/<uuid:report_id>/acknowledge")
def acknowledge(report_id: UUID) -> Response:
    """The superior has it; from now on the county may destroy its copy."""
    try:
        may_know = "principal_may_know" in request.form
        wait_for(sealed.acknowledge(platform().desk, officer(), report_id, principal_may_know=may_know))
        flash(_("已签收。"), "good")
    except Refused as refused:
        flash(refused.reason, "bad")
    except Conflict:
        flash(_("本件刚刚有变动，您的操作没有生效；请核对后再办。"), "warn")
    return redirect(url_for(".report", report_id=report_id), 303)


@blueprint.get("/reports/<uuid:report_id>/files/<int:addition>/<int:number>")
def evidence(report_id: UUID, addition: int, number: int) -> FileResponse:
    """The cleaned copy of a file. ``addition``: 0 for the report itself, else which addition it came with."""
    me, desk = officer(), platform().desk
    reader = sealed.SealedReader(desk, me, report_id)
    note_opened(desk, me, report_id)
    name, media_type, opened = reader.file(number, addition)
    return files.answer(opened, media_type, name)


def _files(report_id: UUID, evidence: Evidence, addition: int) -> list[dict[str, str]]:
    """Names of files, with an address for those that have a cleaned copy."""

    def address(number: int) -> str:
        return url_for(".evidence", report_id=report_id, addition=addition, number=number)

    return [{"name": name, "href": address(number) if item else ""} for number, name, item in evidence]


def _row(row: SealedRow) -> dict[str, str]:
    readable = row.mode == SITE and row.state != SealedState.RECEIVED  # what was carried is in his own archive
    return {
        "number": row.number or row.reference,
        "reference": row.reference,
        "href": url_for(".report", report_id=row.sealed_id) if readable else "",
        "office": platform().settings.name_of(row.office),
        "channel": label(Channel, row.channel),
        "received": row.received_on.isoformat(),
        "reported": row.reported_on.isoformat() if row.reported_on else "",
        "acknowledged": row.acknowledged_on.isoformat() if row.acknowledged_on else "",
    }


def _categories(texts: Iterable[str]) -> str:
    chosen = platform().rulebook.categories.sort(texts)
    return "、".join([*(one.label for one in chosen.categories), *chosen.free])
