"""``/oversight/``: the events of the log as a reviewer may see them; the story of one report; who read what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from projections import queries
from projections.queries import Oversight
from projections.store import Reader
from projections.timeline import TimelineRow
from supervision.business_time import SHANGHAI
from supervision.domain.refusal import Refused
from supervision.web.app import platform
from supervision.web.event_titles import TITLES
from supervision.web.moments import moment
from supervision.web.names import Names
from supervision.web.oversight.site import blueprint
from supervision.web.paging import page_behind
from supervision.web.wording import tell, title

PAGE = 50
OPENED = "access.content_opened.v1"

#: Fields that could tell what a report is about or whom it names.
_WITHHELD: Mapping[str, frozenset[str]] = {
    "report.urgent_flagged.v1": frozenset({"reason"}),
    "report.officer_excluded.v1": frozenset({"officer"}),
}

#: Groups of the action filter, by the first word of the topic.
_GROUPS = {
    "report": _l("举报件"),
    "clue": _l("问题线索"),
    "correspondence": _l("与举报人往来"),
    "sealed_report": _l("径送件"),
    "access": _l("查阅"),
    "officer": _l("人员与密钥"),
    "register": _l("编号"),
    "deployment": _l("平台"),
}


@dataclass(frozen=True, kw_only=True)
class Record:
    """An event for a reviewer. ``href``: of its report's own story, "" where there is none to be seen."""

    position: int
    time: str
    action: str
    details: str
    actor: str
    office: str
    report: str
    href: str


@dataclass(frozen=True, kw_only=True)
class Search:
    """What the reviewer looks for, as the address says it: ids and days, no names."""

    since: str = ""
    until: str = ""
    office: str = ""
    officer: str = ""
    action: str = ""

    @classmethod
    def of(cls, args: Mapping[str, str]) -> Search:
        """From the address."""
        return cls(**{name: args.get(name, "").strip() for name in cls.__dataclass_fields__})

    @property
    def args(self) -> dict[str, Any]:
        """For the address."""
        return {name: value for name, value in vars(self).items() if value}

    @property
    def wanted(self) -> Oversight:
        """For the query; a day that is none is taken as not given."""
        since, until = _midnight(self.since), _midnight(self.until)
        return Oversight(
            since=since,
            until=until + timedelta(days=1) if until else None,
            office=self.office,
            officer=self.officer,
            action=self.action,
        )


@blueprint.get("/")
def records() -> str:
    """Who did what when."""
    return _records_page(Search.of(request.args), ".records", _("办理记录"))


@blueprint.get("/accesses")
def accesses() -> str:
    """Who opened the content of which report."""
    search = Search(**{**vars(Search.of(request.args)), "action": OPENED})
    return _records_page(search, ".accesses", _("查阅记录"))


@blueprint.post("/find")
def find() -> Response:
    """To the story of the report with a number."""
    text = request.form.get("number", "").strip()
    with platform().reads.reading() as reader:
        row = queries.by_number(reader, text) or queries.by_reference(reader, text)
    if row is None:
        raise Refused("not_found", _("没有这个编号的举报件；请核对编号。径送件不能按编号查阅。"))
    return redirect(url_for(".story", report_id=row.report_id), 303)


@blueprint.get("/reports/<uuid:report_id>")
def story(report_id: UUID) -> str:
    """What happened with one report, its readers included."""
    with platform().reads.reading() as reader:
        row = queries.report(reader, report_id)
        if row is None:
            raise Refused("not_found", _("没有这一举报件；请从记录重新打开。"))
        events = [event for event in queries.timeline(reader, report_id) if event.overseen]
        shown = list(_shown(reader, events))
    return render_template("oversight/story.html", number=row.number or row.reference, records=shown)


def _records_page(search: Search, endpoint: str, heading: str) -> str:
    after = request.args.get("after", "")
    here = platform()
    with here.reads.reading() as reader:
        page = page_behind(after, lambda key: queries.oversight_search(reader, search.wanted, key, PAGE))
        shown = list(_shown(reader, page.rows))
    colleagues = here.desk.directory.colleagues()
    args = search.args
    return render_template(
        "oversight/records.html",
        heading=heading,
        endpoint=endpoint,
        records=shown,
        search=search,
        offices=[{"value": office.id, "label": office.name} for office in here.settings.offices],
        officers=[
            {"value": one.officer, "label": f"{one.name}（{here.settings.name_of(one.office)}）"} for one in colleagues
        ],
        actions=_actions(),
        later=bool(after),
        first_href=url_for(endpoint, **args),
        next_href=url_for(endpoint, **args, after=page.next) if page.next else "",
    )


def _shown(reader: Reader, rows: Iterable[TimelineRow]) -> Iterable[Record]:
    here = platform()
    names = Names.of(here.settings, here.desk.directory.colleagues())
    numbers: dict[UUID, str] = {}
    for row in rows:
        withheld = _WITHHELD.get(row.topic, frozenset())
        told = tell(row.topic, {n: v for n, v in row.fields.items() if n not in withheld}, names)
        number = _number(reader, row.report_id, numbers) if row.report_id else ""
        yield Record(
            position=row.position,
            time=moment(row.occurred_at),
            action=told.title,
            details="；".join(told.details),
            actor=names.actor(row.actor),
            office=names.body(row.office),
            report=number or (_("径送件") if row.subject_kind == "sealed_report" else ""),
            href=url_for(".story", report_id=row.report_id) if number else "",
        )


def _number(reader: Reader, report_id: UUID, known: dict[UUID, str]) -> str:
    """What a report is called; "" for a sealed report."""
    if report_id not in known:
        row = queries.report(reader, report_id)
        known[report_id] = (row.number or row.reference) if row else ""
    return known[report_id]


def _actions() -> list[dict[str, Any]]:
    """All events there are, in groups for a select."""
    return [
        {
            "label": str(words),
            "options": [{"value": topic, "label": title(topic)} for topic in TITLES if topic.split(".")[0] == group],
        }
        for group, words in _GROUPS.items()
    ]


def _midnight(day: str) -> datetime | None:
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=SHANGHAI)
    except ValueError:
        return None
