"""What the page of one report shows: facts, content where he may read it, what has happened, what is due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from projections import queries
from projections.report_row import ReportRow
from projections.timeline import TimelineRow
from supervision.casework import reading
from supervision.casework.actions import Case, Work
from supervision.casework.blind_index import may_ask
from supervision.casework.catalogue import BY_NAME
from supervision.casework.contact import purposes_for as contact_purposes
from supervision.casework.content import EvidenceFile, ReportContent
from supervision.casework.deidentified import may_open_original
from supervision.casework.level import persons
from supervision.casework.officer_session import OfficerSession
from supervision.casework.opening import purposes_for
from supervision.domain import codes
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.domain.rulebook import Rulebook
from supervision.sealing.errors import SealingError
from supervision.web.app import platform
from supervision.web.clock_words import ClockShown, clock_shown
from supervision.web.console.contact_view import ContactShown
from supervision.web.console.contact_view import of_report as contacts_of_report
from supervision.web.console.opening_view import OpeningShown, of_report
from supervision.web.console.queue import tags_of
from supervision.web.console.site import DESK_ROLES, viewer_of
from supervision.web.evidence import is_picture, size_text
from supervision.web.moments import moment
from supervision.web.names import Names
from supervision.web.wording import label, tell

#: Streams whose events are the report's story; who read it and which number was drawn is for oversight.
_STORY = frozenset({"report", "clue", "correspondence"})


@dataclass(frozen=True, kw_only=True)
class EventShown:
    """An event of the timeline. ``note``: sealed words that came with it, "" where there are none or he may not."""

    topic: str
    title: str
    time: str
    actor: str
    office: str
    body: str
    tone: str
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class FileShown:
    """A file of the reporter. ``href``: of its cleaned copy, "" without one; ``picture``: the page may show it."""

    name: str
    size: str
    href: str
    picture: bool


@dataclass(frozen=True, kw_only=True)
class Person:
    """One who was reported. ``name`` is "" where only the office's facts are open."""

    name: str
    unit: str
    post: str
    rank: str
    area: str
    managed_by: str


@dataclass(frozen=True, kw_only=True)
class SupplementShown:
    """An addition of the reporter."""

    day: str
    text: str
    files: list[FileShown]


@dataclass(frozen=True, kw_only=True)
class CaseView:
    """The page of a report. ``closed``: why there is no content, "" where there is.

    ``version_files``: those that go with the de-identified version, where the original is shown. ``may_*``: what he can
    do on pages of their own.
    """

    case: Case
    row: ReportRow
    content: ReportContent | None
    closed: str
    tags: Sequence[tuple[str, str]]
    facts: list[tuple[str, str]]
    people: list[Person]
    categories: str
    files: list[FileShown]
    supplements: list[SupplementShown]
    drafts: list[tuple[str, str]]
    version_files: list[FileShown]
    may_deidentify: bool
    may_see_original: bool
    may_ask_index: bool
    may_ask_opening: bool
    openings: list[OpeningShown]
    may_ask_contact: bool
    contacts: list[ContactShown]
    clocks: list[ClockShown]
    events: list[EventShown]

    @property
    def running(self) -> list[ClockShown]:
        """Clocks that nobody has met yet."""
        return [clock for clock in self.clocks if clock.level]

    @property
    def ended(self) -> list[ClockShown]:
        """The others."""
        return [clock for clock in self.clocks if not clock.level]

    @property
    def number(self) -> str:
        """What the report is called in the office."""
        return self.row.number or _("未编号")

    @property
    def title(self) -> str:
        """Its title where that is open."""
        return self.content.title if self.content and self.content.title else _("举报件 %(n)s", n=self.number)


def case_view(me: OfficerSession, report_id: UUID) -> CaseView:
    """The page of a report for an officer. Raises :class:`Refused` where he has no part in it."""
    me.require(*DESK_ROLES)
    here = platform()
    case = Case.load(here.desk, report_id)
    case.report.refuse_excluded(me.officer)
    with here.reads.reading() as reader:
        row = queries.report(reader, report_id)
        visible = queries.may_see(reader, viewer_of(me, here.settings), report_id)
        clocks = queries.clocks_of(reader, report_id)
        rows = queries.timeline(reader, report_id)
        openings = of_report(reader, me, report_id)
        contacts = contacts_of_report(reader, me, report_id)
    if row is None:
        raise Refused("not_ready", _("本件刚刚收到，列表尚未更新；请过几秒刷新。"))
    if not visible:
        raise Refused("not_assigned", _("本件没有分配给您，不能查看；如需办理请联系本件的承办单位。"))
    content, closed = _content(me, case)
    names = Names.of(here.settings, here.desk.directory.colleagues())
    version = content.version if content and content.original else None
    work = Work(desk=here.desk, officer=me, case=case)
    return CaseView(
        case=case,
        row=row,
        content=content,
        closed=closed,
        tags=tags_of(row),
        facts=_facts(case, row, names),
        people=_people(content, row) if not row.level_open else _persons(me, case),
        categories=_categories(here.rulebook, content.categories if content else _known_categories(row)),
        files=[_file(report_id, file, "report") for file in content.files] if content else [],
        supplements=_supplements(report_id, content),
        drafts=_drafts(case, content),
        version_files=[_file(report_id, file, "report") for file in version.files] if version else [],
        may_deidentify=bool(content and content.original) and BY_NAME["deidentify"].offered(work),
        may_see_original=may_open_original(here.desk, me, case),
        may_ask_index=bool(content and content.respondents) and may_ask(me, case.report),
        may_ask_opening=not case.report.identity_tombstone and bool(purposes_for(here.desk, me, report_id)),
        openings=openings,
        may_ask_contact=bool(contact_purposes(here.desk, me, report_id)),
        contacts=contacts,
        clocks=[clock_shown(here.rulebook.clocks, clock, here.clock().date()) for clock in clocks],
        events=list(reversed(_events(rows, names, content))),
    )


def _content(me: OfficerSession, case: Case) -> tuple[ReportContent | None, str]:
    try:
        return reading.content(platform().desk, me, case), ""
    except Refused as refused:
        if me.has(Role.CLUE_SUPERVISOR) and refused.code == "not_assigned":
            return None, _("案件监督管理室查看登记信息、办理过程和期限，不查看举报内容。")
        return None, refused.reason
    except SealingError as damaged:
        return None, str(damaged)


def _facts(case: Case, row: ReportRow, names: Names) -> list[tuple[str, str]]:
    """Label and value, in the order in which they come about; what is not known yet is left out."""
    clue = case.clue
    channel = label(codes.Channel, row.channel) + (f"　{row.line}" if row.line else "")
    told = [
        (_("登记编号"), row.number),
        (_("公开编号"), row.reference),
        (_("来源"), channel),
        (_("收到日期"), row.received_on.isoformat()),
        (_("实名情况"), label(codes.NamedStatus, row.named_status)),
        (_("反馈"), "" if row.feedback_wanted else _("举报人不要求反馈")),
        (_("规则建议管辖"), "" if row.jurisdiction else label(codes.Jurisdiction, row.jurisdiction_hint)),
        (_("事项性质"), label(codes.MatterClass, row.matter_class)),
        (_("管辖"), label(codes.Jurisdiction, row.jurisdiction)),
        (_("受理单位"), names.body(row.office)),
        (_("接收单位"), names.body(row.target)),
        (_("承办部门"), names.body(row.department)),
        (_("线索编号"), clue.number if clue else ""),
        (_("线索状态"), clue.state.label if clue else ""),
        (_("承办人"), names.officers(row.handlers)),
        (_("处置方式"), label(codes.Disposition, clue.disposition) if clue else ""),
        (_("办理结果"), label(codes.Result, row.result)),
        (_("停止销毁"), "、".join(case.report.holds)),
        (_("销毁情况"), case.report.identity_tombstone),
        (_("回避人员"), names.officers(row.excluded)),
    ]
    return [(name, value) for name, value in told if value]


def _people(content: ReportContent | None, row: ReportRow) -> list[Person]:
    if content is None:
        return [
            Person(name="", unit=r.unit, post=r.post, rank=r.rank, area=r.area_code, managed_by=r.managed_by)
            for r in row.respondents
        ]
    return [
        Person(
            name=one.get("name") or "",
            unit=one.get("unit") or "",
            post=one.get("post") or "",
            rank=one.get("rank") or "",
            area=one.get("area_code") or "",
            managed_by=one.get("managed_by") or "",
        )
        for one in content.respondents
    ]


def _persons(me: OfficerSession, case: Case) -> list[Person]:
    """Of a report whose level is unknown: for those who were shown them."""
    if not case.report.level_open:
        return []
    return [Person(**one, area="") for one in persons(platform().desk, me, case.report)]


def _known_categories(row: ReportRow) -> tuple[str, ...]:
    return () if row.level_open else row.category


def _categories(rulebook: Rulebook, texts: Iterable[str]) -> str:
    chosen = rulebook.categories.sort(texts)
    return "、".join([*(one.label for one in chosen.categories), *chosen.free])


def _supplements(report_id: UUID, content: ReportContent | None) -> list[SupplementShown]:
    return [
        SupplementShown(day=added.day, text=added.text, files=[_file(report_id, file, "added") for file in added.files])
        for added in (content.supplements if content else ())
    ]


def _file(report_id: UUID, file: EvidenceFile, origin: str) -> FileShown:
    href = url_for(".evidence", report_id=report_id, origin=origin, version=file.event, number=file.number)
    return FileShown(
        name=file.name,
        size=size_text(file.size),
        href=href if file.item else "",
        picture=file.item is not None and is_picture(file.media_type),
    )


def _drafts(case: Case, content: ReportContent | None) -> list[tuple[str, str]]:
    """Free texts that wait for a second officer, numbered as the form numbers them."""
    if content is None:
        return []
    return [
        (_("第 %(n)s 条", n=number), content.drafts.get(message, ""))
        for number, message in enumerate(case.correspondence.drafts, start=1)
    ]


def _events(rows: Iterable[TimelineRow], names: Names, content: ReportContent | None) -> list[EventShown]:
    """The story in order. The n-th row of a stream is its n-th event, which is how a note finds its place."""
    versions: dict[str, int] = {}
    shown = []
    for row in rows:
        if row.subject_kind not in _STORY:
            continue
        version = versions[row.subject] = versions.get(row.subject, 0) + 1
        told = tell(row.topic, row.fields, names)
        note = content.notes.get((UUID(row.subject), version), "") if content else ""
        shown.append(
            EventShown(
                topic=row.topic,
                title=told.title,
                time=moment(row.occurred_at),
                actor=names.actor(row.actor),
                office=names.body(row.office),
                body="；".join(told.details),
                tone=told.tone,
                note=note,
            )
        )
    return shown
