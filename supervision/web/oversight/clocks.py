"""``/oversight/overdue``: statutory clocks that ran out and were not met."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from flask import render_template, request, url_for
from flask_babel import gettext as _

from projections import queries
from projections.queries import Overdue
from projections.store import Reader
from supervision.domain.codes import Role
from supervision.web.app import platform
from supervision.web.clock_words import clock_shown
from supervision.web.oversight.site import blueprint
from supervision.web.paging import page_behind
from supervision.web.wording import label

PAGE = 50


@dataclass(frozen=True, kw_only=True)
class OverdueShown:
    """A clock that ran out. ``waits_for``: duty and office that must act; ``href``: of the report's story, or ""."""

    report: str
    href: str
    clock: str
    basis: str
    due: str
    level: str
    word: str
    days: int
    waits_for: str


@blueprint.get("/overdue")
def overdue() -> str:
    """The oldest first."""
    after = request.args.get("after", "")
    today = platform().clock().date()
    with platform().reads.reading() as reader:
        page = page_behind(after, lambda key: queries.overdue(reader, today, key, PAGE))
        rows = [_shown(reader, one, today) for one in page.rows]
    return render_template(
        "oversight/overdue.html",
        rows=rows,
        later=bool(after),
        next_href=url_for(".overdue", after=page.next) if page.next else "",
    )


def _shown(reader: Reader, one: Overdue, today: date) -> OverdueShown:
    here = platform()
    clock = clock_shown(here.rulebook.clocks, one.clock, today)
    report = queries.report(reader, one.clock.case_id)
    role = label(Role, one.awaiting_role) if one.awaiting_role else ""
    return OverdueShown(
        report=(report.number or report.reference) if report else _("径送件"),
        href=url_for(".story", report_id=report.report_id) if report else "",
        clock=clock.name,
        basis=clock.basis,
        due=clock.due,
        level=clock.level,
        word=clock.word,
        days=(today - one.clock.due).days,
        waits_for=" · ".join(filter(None, (here.settings.name_of(one.awaiting_office or one.office), role))),
    )
