"""``/console/sealed``: reports that are the superior's. The county sees that they came and sends them on (A-15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from flask import abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.ledger import Conflict
from projections import queries
from projections.sealed_reports import SealedRow
from projections.store import Reader
from supervision.casework import sealed as commands
from supervision.casework.content import PETITION_ROLES
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Channel, Role
from supervision.domain.refusal import Refused
from supervision.domain.sealed_report import FILE, SealedState
from supervision.sealed_archive.acknowledgement import MAX_BYTES
from supervision.web.app import platform
from supervision.web.clock_words import ClockShown, clock_shown
from supervision.web.console.site import blueprint
from supervision.web.officer_login import officer
from supervision.web.paging import page_behind
from supervision.web.waiting import wait_for
from supervision.web.wording import label

PAGE = 25

Command = Callable[[Desk, OfficerSession, UUID], int]

_COMMANDS: Mapping[str, Command] = {
    "register": commands.register,
    "tell_principal": commands.tell_principal,
    "report_on_site": lambda desk, me, report_id: commands.report_to_superior(desk, me, report_id, "site"),
    "report_by_file": lambda desk, me, report_id: commands.report_to_superior(desk, me, report_id, "file"),
    "report_additions": commands.report_additions,
    "destroy_copy": commands.destroy_copy,
}


@dataclass(frozen=True, kw_only=True)
class SealedShown:
    """A sealed report in the list. ``commands``: what the officer can do with it now, (name, label).

    ``carried``: it goes up as a file, which is fetched here, and whose acknowledgement is handed in here.
    ``additions``: how many came after the county had destroyed its copy, and wait to go up.
    """

    report_id: UUID
    number: str
    reference: str
    channel: str
    state: str
    received: str
    reported: str
    acknowledged: str
    destroyed: str
    additions: int
    clocks: tuple[ClockShown, ...]
    commands: tuple[tuple[str, str], ...]
    carried: bool


@blueprint.get("/sealed")
def sealed_reports() -> str:
    """The list of the officer's office, the oldest first."""
    me, here = officer(), platform()
    me.require(*PETITION_ROLES)
    after = request.args.get("after", "")
    state = request.args.get("state", "")
    with here.reads.reading() as reader:
        page = page_behind(after, lambda key: queries.sealed_reports(reader, frozenset({me.office}), state, key, PAGE))
        rows = [_shown(reader, me, row) for row in page.rows]
    return render_template(
        "console/sealed.html",
        rows=rows,
        tabs=[
            {"label": text, "href": url_for(".sealed_reports", state=value), "current": value == state}
            for value, text in (("", _("全部")), *((one.value, one.label) for one in SealedState))
        ],
        later=bool(after),
        state=state,
        next_href=url_for(".sealed_reports", state=state, after=page.next) if page.next else "",
    )


@blueprint.get("/sealed/<uuid:report_id>/package")
def sealed_package(report_id: UUID) -> Response:
    """The file to be carried to the superior. Nobody here can open it."""
    file = commands.package(platform().desk, officer(), report_id)
    reference = platform().desk.sealed_report(report_id).reference
    return send_file(file, "application/zip", as_attachment=True, download_name=f"{reference}.zip", max_age=0)


@blueprint.post("/sealed/<uuid:report_id>/acknowledgement")
def sealed_acknowledgement(report_id: UUID) -> Response:
    """The superior's signed word, carried back."""
    given = request.files.get("acknowledgement")
    data = given.stream.read(MAX_BYTES + 1) if given else b""
    return _answered(lambda: commands.take_acknowledgement(platform().desk, officer(), report_id, data))


@blueprint.post("/sealed/<uuid:report_id>/<name>")
def handle_sealed(report_id: UUID, name: str) -> Response:
    """One of the few things that can be done with it."""
    command = _COMMANDS.get(name)
    if command is None:
        abort(404)
    return _answered(lambda: command(platform().desk, officer(), report_id))


def _answered(command: Callable[[], int]) -> Response:
    """Carry a command out and show the list again, with what came of it."""
    try:
        wait_for(command())
        flash(_("已办理。"), "good")
    except Refused as refused:
        flash(refused.reason, "bad")
    except Conflict:
        flash(_("本件刚刚由他人办理，您的操作没有生效；请核对后再办。"), "warn")
    return redirect(url_for(".sealed_reports", state=request.args.get("state", "")), 303)


def _shown(reader: Reader, me: OfficerSession, row: SealedRow) -> SealedShown:
    here = platform()
    running = [clock for clock in queries.clocks_of(reader, row.sealed_id) if clock.running]
    clocks = sorted(running, key=lambda clock: clock.due)
    return SealedShown(
        report_id=row.sealed_id,
        number=row.number,
        reference=row.reference,
        channel=label(Channel, row.channel),
        state=SealedState(row.state).label,
        received=row.received_on.isoformat(),
        reported=row.reported_on.isoformat() if row.reported_on else "",
        acknowledged=row.acknowledged_on.isoformat() if row.acknowledged_on else "",
        destroyed=row.destroyed_on.isoformat() if row.destroyed_on else "",
        clocks=tuple(clock_shown(here.rulebook.clocks, one, here.clock().date()) for one in clocks),
        additions=row.additions,
        commands=tuple(_offered(me, row)),
        carried=row.mode == FILE and row.state != SealedState.DESTROYED,
    )


def _offered(me: OfficerSession, row: SealedRow) -> list[tuple[str, str]]:
    offered = []
    if row.state == SealedState.RECEIVED and not row.number:
        offered.append(("register", _("编号")))
    if row.state == SealedState.RECEIVED and row.additions:
        offered.append(("report_additions", _("径送补充材料")))
    elif row.state == SealedState.RECEIVED and row.number:
        offered += [("report_on_site", _("平台径送")), ("report_by_file", _("密件携送"))]
    may_tell = platform().settings.tell_principal_of_sealed and row.principal_cleared and not row.principal_told
    if may_tell and row.state == SealedState.ACKNOWLEDGED:
        offered.append(("tell_principal", _("已告知主要负责人")))
    if row.state == SealedState.ACKNOWLEDGED and me.has(Role.PETITION_HEAD):
        offered.append(("destroy_copy", _("销毁本级留存")))
    return offered
