"""``/console/``: what waits for the officer, in the order in which it is due, and the search by number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from projections import queries
from projections.queries import Count, Dashboard, Filter, Page, Scope, Viewer
from projections.report_row import ReportRow
from projections.store import Reader
from supervision.casework import reading
from supervision.casework.content import PETITION_ROLES
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Channel, NamedStatus, ReportState, Role
from supervision.domain.rulebook import Rulebook
from supervision.web.app import platform
from supervision.web.clock_words import ClockShown, next_clock
from supervision.web.console.site import DESK_ROLES, blueprint, navigation, viewer_of
from supervision.web.officer_login import officer
from supervision.web.paging import page_behind
from supervision.web.wording import label

PAGE = 25
"""Rows of a page: titles are opened one by one, and a screen shows no more."""

#: Tabs of an officer's own queue: what each role has to do next, by the state of the report.
_STEPS: Mapping[Role, tuple[tuple[ReportState, Any], ...]] = {
    Role.INTAKE_CLERK: ((ReportState.RECEIVED, _l("待登记")), (ReportState.REGISTERED, _l("待甄别"))),
    Role.PERSONNEL_CLERK: ((ReportState.RECEIVED, _l("待登记")), (ReportState.REGISTERED, _l("待甄别"))),
    Role.PETITION_HEAD: ((ReportState.SCREENED, _l("待确认")), (ReportState.ACCEPTED, _l("待移送"))),
    Role.INSPECTOR: (
        (ReportState.TRANSFERRED, _l("办理中")),
        (ReportState.CLOSED, _l("待反馈")),
        (ReportState.OBJECTION, _l("有异议")),
    ),
}


@dataclass(frozen=True, kw_only=True)
class QueueChoice:
    """Which queue an officer looks at; it travels in the address, so that he comes back to it. Names nobody."""

    scope: Scope = Scope.MINE
    state: str = ""
    urgent: bool = False
    named: bool = False
    overdue: bool = False

    @classmethod
    def of(cls, args: Mapping[str, str]) -> QueueChoice:
        """From the address; what makes no sense there is taken as not asked for."""
        return cls(
            scope=Scope(args["scope"]) if args.get("scope") in {scope.value for scope in Scope} else Scope.MINE,
            state=args["state"] if args.get("state") in {state.value for state in ReportState} else "",
            urgent="urgent" in args,
            named="named" in args,
            overdue="overdue" in args,
        )

    @property
    def args(self) -> dict[str, Any]:
        """For the address."""
        flags = {name: "1" for name in ("urgent", "named", "overdue") if getattr(self, name)}
        return {"scope": self.scope.value, **({"state": self.state} if self.state else {}), **flags}

    @property
    def filtered(self) -> bool:
        """Whether it is less than all of its scope."""
        return bool(self.state or self.urgent or self.named or self.overdue)

    def page(self, reader: Reader, viewer: Viewer, after: str = "", limit: int = PAGE) -> Page[ReportRow]:
        """Rows of this queue behind the key ``after``."""
        only = Filter(
            state=self.state,
            urgent=True if self.urgent else None,
            named=True if self.named else None,
            overdue_on=platform().clock().date() if self.overdue else None,
        )
        return queries.queue(reader, viewer, self.scope, only, after, limit)

    def item_after(self, reader: Reader, viewer: Viewer, done: ReportRow | None) -> UUID | None:
        """The report to go to when ``done`` has been dealt with: the one behind it, else the first of the others."""
        key = done.queue_key if done else ""
        for after in (key, "") if key else ("",):
            for row in self.page(reader, viewer, after, limit=2).rows:
                if done is None or row.report_id != done.report_id:
                    return row.report_id
        return None


@dataclass(frozen=True, kw_only=True)
class QueueRow:
    """A report in a list. ``title``: "" where the officer may not open it. ``tags``: (text, tone)."""

    href: str
    number: str
    title: str
    tags: tuple[tuple[str, str], ...]
    received: str
    channel: str
    about: str
    state: str
    clock: ClockShown | None


@blueprint.get("/")
def queue() -> Response | str:
    """The officer's queue; who has none is shown where his work is."""
    me = officer()
    if not me.has(*DESK_ROLES):
        links = navigation(me)
        return redirect(links[0]["href"], 303) if links else render_template("console/nothing.html")
    choice = QueueChoice.of(request.args)
    after = request.args.get("after", "")
    here = platform()
    viewer = viewer_of(me, here.settings)
    with here.reads.reading() as reader:
        page = page_behind(after, lambda key: choice.page(reader, viewer, key))
        numbers = queries.dashboard(reader, viewer, here.clock().date())
    return render_template(
        "console/queue.html",
        rows=shown(me, page.rows, choice),
        choice=choice,
        tabs=_tabs(me, viewer, choice, numbers),
        numbers=numbers,
        states=[(state.value, state.label) for state in ReportState if state is not ReportState.SEALED],
        later=bool(after),
        next_href=url_for(".queue", **choice.args, after=page.next) if page.next else "",
    )


@blueprint.post("/search")
def search() -> str:
    """Reports by the beginning of their number, reference or unit. Posted: a unit tells what a report is about."""
    me = officer()
    me.require(*DESK_ROLES)
    text = request.form.get("text", "").strip()[:50]
    with platform().reads.reading() as reader:
        found = queries.search(reader, viewer_of(me, platform().settings), text, PAGE)
    return render_template("console/search.html", rows=shown(me, found, QueueChoice()), text=text)


@blueprint.get("/drafts")
def drafts() -> str:
    """Reports with free text that a colleague wrote to the reporter and that a second officer must read (E-08)."""
    me = officer()
    me.require(*DESK_ROLES)
    after = request.args.get("after", "")
    with platform().reads.reading() as reader:
        viewer = viewer_of(me, platform().settings)
        page = page_behind(after, lambda key: queries.drafts_awaiting(reader, viewer, key, PAGE))
        found = [queries.report(reader, report_id) for report_id in dict.fromkeys(row.report_id for row in page.rows)]
    return render_template(
        "console/drafts.html",
        rows=shown(me, [row for row in found if row is not None], QueueChoice()),
        later=bool(after),
        next_href=url_for(".drafts", after=page.next) if page.next else "",
    )


def shown(me: OfficerSession, rows: Sequence[ReportRow], choice: QueueChoice) -> list[QueueRow]:
    """Rows for the list, with the titles that the officer may open."""
    here = platform()
    titles = reading.titles(here.desk, me, [row.report_id for row in rows])
    return [
        QueueRow(
            href=url_for(".report", report_id=row.report_id, **choice.args),
            number=row.number or row.reference,
            title=titles.get(row.report_id, ""),
            tags=tuple(tags_of(row)),
            received=row.received_on.isoformat(),
            channel=label(Channel, row.channel) + (f" {row.line}" if row.line else ""),
            about=_about(here.rulebook, row),
            state=label(ReportState, row.state),
            clock=next_clock(here.rulebook.clocks, row.due_clock, row.due, row.due_provisional, here.clock().date())
            if row.due
            else None,
        )
        for row in rows
    ]


def tags_of(row: ReportRow) -> list[tuple[str, str]]:
    """What must catch the eye before the report is opened."""
    named = row.named_status in (NamedStatus.VERIFIED, NamedStatus.PENDING)
    tags = [(label(NamedStatus, row.named_status), "active" if named else "")]
    if row.urgent:
        tags.insert(0, (_("急件"), "bad"))
    if row.level_open:
        tags.append((_("级别待认定"), "warn"))
    if row.bypass_proposed:
        tags.append((_("待确认径送"), "sealed"))
    if row.return_pending:
        tags.append((_("申请退回"), "warn"))
    if row.pending_drafts:
        tags.append((_("留言待复核"), "warn"))
    if row.versions:
        tags.append((_("有去标识版"), "sealed"))
    if row.original_requests:
        tags.append((_("申请看原文"), "warn"))
    if row.supplements:
        tags.append((_("有补充材料"), "active"))
    return tags


def _about(rulebook: Rulebook, row: ReportRow) -> str:
    """Unit and first category, as far as the office's facts tell them."""
    if row.level_open:
        return ""
    categories = rulebook.categories.sort(row.category)
    first = [*(one.label for one in categories.categories), *categories.free][:1]
    return " · ".join(filter(None, (row.unit, *first)))


def _tabs(me: OfficerSession, viewer: Viewer, choice: QueueChoice, numbers: Dashboard) -> list[dict[str, Any]]:
    """The queues that this officer works through, his own first."""
    steps = dict.fromkeys(step for role, some in _STEPS.items() if me.has(role) for step in some)
    choices: list[tuple[QueueChoice, str, Count | None]] = [
        (QueueChoice(), _("待我办理"), numbers.awaiting),
        *((QueueChoice(state=state.value), text, None) for state, text in steps),
        (QueueChoice(urgent=True), _("急件"), numbers.urgent),
        (QueueChoice(overdue=True), _("已超期"), numbers.overdue),
    ]
    if me.has(Role.INSPECTOR):
        choices.append((QueueChoice(scope=Scope.HANDLED), _("我承办的"), None))
    if viewer.offices:
        choices.append((QueueChoice(scope=Scope.OFFICES), _("本单位在办"), None))
    tabs = [_tab(text, url_for(".queue", **one.args), count, current=one == choice) for one, text, count in choices]
    if numbers.drafts.value:
        tabs.append(_tab(_("留言待复核"), url_for(".drafts"), numbers.drafts))
    if me.has(Role.PETITION_HEAD) and numbers.originals.value:
        tabs.append(_tab(_("申请看原文"), url_for(".original_requests"), numbers.originals))
    if numbers.sealed.value and me.has(*PETITION_ROLES):
        tabs.append(_tab(_("待径送"), url_for(".sealed_reports", state="received"), numbers.sealed))
    return tabs


def _tab(text: str, href: str, count: Count | None, *, current: bool = False) -> dict[str, Any]:
    tab: dict[str, Any] = {"label": text, "href": href, "current": current}
    return tab if count is None else tab | {"count": str(count)}
