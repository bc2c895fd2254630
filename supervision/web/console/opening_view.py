"""What the pages of openings show: lists by whose turn it is, one opening with what can be done, what was opened."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _
from marshmallow import Schema

from events.vocabulary.opening import CompartmentsOpened, OpeningClosed, OpeningRefused
from projections import queries
from projections.openings import OpeningRow
from projections.store import Reader
from supervision.casework.officer_session import OfficerSession
from supervision.casework.opening_lookup import case_of, roles_on, same_body
from supervision.casework.opening_view import Opened
from supervision.domain import separation
from supervision.domain.codes import Role
from supervision.domain.opening import Opening
from supervision.domain.opening_rules import APPROVERS, CUSTODIANS, REQUESTERS
from supervision.domain.refusal import Refused
from supervision.domain.rights import ClosingReason, DeclineReason, OpeningPurpose, OpeningRefusal, OpeningState
from supervision.openings.custodian import COMPARTMENT_WORDS
from supervision.web import command_forms
from supervision.web.app import platform
from supervision.web.command_forms import FormField, Tried
from supervision.web.console.opening_forms import DeclineForm, DelayForm, RefuseForm
from supervision.web.console.site import DESK_ROLES, viewer_of
from supervision.web.evidence import size_text
from supervision.web.moments import moment
from supervision.web.names import Names

FORMS: Mapping[str, type[Schema]] = {"refuse": RefuseForm, "decline": DeclineForm, "delay": DelayForm}

_PENDING = frozenset({OpeningState.REQUESTED, OpeningState.APPROVED})
_TONES = {OpeningState.REFUSED: "", OpeningState.OPENED: "good", OpeningState.CLOSED: ""}


@dataclass(frozen=True, kw_only=True)
class OpeningShown:
    """An opening in a list; nothing in it comes from the report but its number. ``href``: "" where the viewer has no
    part in it."""

    href: str
    number: str
    purpose: str
    compartments: str
    requester: str
    requested: str
    expires: str
    standing: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class OpeningPanel:
    """One thing that can be done.

    ``download``: address and text of a file that is needed first. ``closed``: why it cannot be done, else "".
    """

    name: str
    title: str
    hint: str = ""
    submit: str = ""
    fields: Sequence[FormField] = ()
    upload: bool = False
    download: tuple[str, str] | None = None
    tone: str = ""
    open: bool = False
    closed: str = ""

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Field id and message, for the summary."""
        return command_forms.error_list(self.fields)


def words_of(compartments: Sequence[str]) -> str:
    """Compartments in words."""
    return "、".join(COMPARTMENT_WORDS[name] for name in compartments)


# -- lists --------------------------------------------------------------------------------------------------------


def sections(me: OfficerSession) -> list[tuple[str, list[OpeningShown]]]:
    """What concerns an officer, by whose turn it is: title and openings, the oldest first."""
    here = platform()
    today, viewer = here.clock().date(), viewer_of(me, here.settings)
    found: list[tuple[str, Sequence[OpeningRow]]] = []
    with here.reads.reading() as reader:
        if me.has(*APPROVERS):
            found.append((_("待我审批"), queries.openings_to_approve(reader, me.officer, viewer.offices, today)))
        if me.has(*CUSTODIANS):
            found.append((_("待我提交份额"), queries.openings_to_contribute(reader, me.officer, today)))
        if me.has(Role.SUPERIOR_OFFICER):
            found.append((_("待上级闸门放行"), queries.openings_to_release(reader, today)))
        if me.has(*REQUESTERS):
            found.append((_("我申请的"), queries.openings_requested(reader, me.officer, today)))
            found.append((_("我申请的，已办结"), queries.openings_ended(reader, me.officer)))
        if me.has(*APPROVERS):
            found.append((_("我批准的"), queries.openings_approved(reader, me.officer)))
        return [(title, shown(reader, rows)) for title, rows in found]


def of_report(reader: Reader, me: OfficerSession, report_id: UUID) -> list[OpeningShown]:
    """All openings of a report, for its page."""
    desk, rows = platform().desk, queries.openings_of_report(reader, report_id)
    found = zip(shown(reader, rows), rows, strict=True)
    return [one if has_part(me, desk.opening(row.opening_id)) else replace(one, href="") for one, row in found]


def shown(reader: Reader, rows: Sequence[OpeningRow]) -> list[OpeningShown]:
    """Openings as a list shows them."""
    here = platform()
    names, today = Names.of(here.settings, here.desk.directory.colleagues()), here.clock().date()
    return [_shown(reader, row, names, over=row.expires_on < today) for row in rows]


def _shown(reader: Reader, row: OpeningRow, names: Names, *, over: bool) -> OpeningShown:
    report = queries.report(reader, row.report_id) if row.report_id else None
    state = OpeningState(row.state)
    return OpeningShown(
        href=url_for("console.opening", opening_id=row.opening_id),
        number=report.number if report else "",
        purpose=OpeningPurpose(row.purpose).label,
        compartments=words_of(row.compartments),
        requester=names.officer(row.requester),
        requested=row.requested_on.isoformat(),
        expires=row.expires_on.isoformat() if state in _PENDING else "",
        standing=_standing(state, len(row.contributed), row.m, gate=row.gate and not row.released, over=over),
        tone=_TONES.get(state, "active"),
    )


def _standing(state: OpeningState, given: int, m: int, *, gate: bool, over: bool) -> str:
    """Where it stands, to the point of whose turn it is. ``gate``: the superior's gate has not released it yet."""
    if state in _PENDING and over:
        return _("已逾期")
    if state is not OpeningState.APPROVED:
        return state.label
    if given < m:
        return _("待保管人提交（%(given)s/%(m)s）", given=given, m=m)
    return _("待上级闸门放行") if gate else _("待申请人查看")


# -- one opening ---------------------------------------------------------------------------------------------------


def require_part(me: OfficerSession, opening: Opening) -> None:
    """Who may look at an opening: whoever has a part in it. Raises Refused."""
    platform().desk.report(opening.report).refuse_excluded(me.officer)
    if not has_part(me, opening):
        raise Refused("not_yours", _("您与本次启封无关，不能查看；请由申请人、审批人、保管人办理。"))


def has_part(me: OfficerSession, opening: Opening) -> bool:
    """Whether he asked, approved, or might have to do something with it."""
    desk = platform().desk
    report = desk.report(opening.report)
    return bool(
        me.officer in {opening.requester, opening.approver}
        or me.has(*CUSTODIANS)
        or (me.has(*APPROVERS) and same_body(desk, me, report))
        or (me.has(Role.SUPERIOR_OFFICER) and opening.asked.gate)
        or roles_on(desk, me, report, desk.clue_of(report))
    )


def report_link(me: OfficerSession, opening: Opening) -> str:
    """Address of the report's page for whoever may open that, else ""; custodians never may."""
    here = platform()
    if not me.has(*DESK_ROLES):
        return ""
    with here.reads.reading() as reader:
        visible = queries.may_see(reader, viewer_of(me, here.settings), opening.report)
    return url_for("console.report", report_id=opening.report) if visible else ""


def facts(opening: Opening) -> list[tuple[str, str]]:
    """Label and value: who asked for what, why, who agreed, who has given his share. No content of the report."""
    here, asked = platform(), opening.asked
    names = Names.of(here.settings, here.desk.directory.colleagues())
    declined = [
        f"{names.officer(officer)}（{DeclineReason(reason).label}）" for officer, reason in opening.declined.items()
    ]
    told = [
        (_("举报件"), here.desk.report(opening.report).number),
        (_("申请开启"), words_of(asked.compartments)),
        (_("事由"), opening.purpose.label),
        (_("文号"), asked.number),
        (_("申请人"), f"{names.officer(asked.actor)}（{names.body(asked.office)}）"),
        (_("申请时间"), moment(asked.occurred_at)),
        (_("审批人"), names.officer(opening.approver) if opening.approver else ""),
        (_("条件"), _conditions(opening)),
        (_("已提交份额"), names.officers(event.actor for event in opening.contributions.values())),
        (_("不提交份额"), "、".join(declined)),
        (_("上级闸门"), _("已放行") if opening.release else ""),
        (_("有效期至"), asked.expires_on if opening.state in _PENDING else ""),
        _outcome(opening),
        (_("启封编号"), str(opening.id)),
    ]
    return [(name, value) for name, value in told if value]


def _outcome(opening: Opening) -> tuple[str, str]:
    """How it ended; both "" while it has not."""
    match opening.end_event:
        case OpeningRefused(reason=reason):
            return _("不批准的理由"), OpeningRefusal(reason).label
        case OpeningClosed(reason=reason):
            return _("终止的原因"), ClosingReason(reason).label
        case CompartmentsOpened(occurred_at=occurred_at):
            return _("查看时间"), moment(occurred_at)
    return "", ""


def _conditions(opening: Opening) -> str:
    if opening.asked.gate:
        return _("%(m)s 名保管人，另加上级闸门", m=opening.asked.m)
    return _("%(m)s 名保管人", m=opening.asked.m)


def standing(opening: Opening) -> tuple[str, str]:
    """Word and tone of its state."""
    gate = opening.asked.gate and opening.release is None
    word = _standing(opening.state, len(opening.contributions), opening.asked.m, gate=gate, over=_over(opening))
    return word, _TONES.get(opening.state, "active")


def panels(me: OfficerSession, opening: Opening, tried: Tried | None = None) -> list[OpeningPanel]:
    """What an officer can do with an opening now, and the form that he has just tried."""
    if opening.state in _PENDING and _over(opening):
        found = list(_ending(me, opening))
    elif opening.state is OpeningState.REQUESTED:
        found = [*_deciding(me, opening, tried), *_ending(me, opening)]
    elif opening.state is OpeningState.APPROVED:
        found = [
            *_looking(me, opening),
            *_contributing(me, opening, tried),
            *_releasing(me, opening),
            *_delaying(me, opening, tried),
            *_ending(me, opening),
        ]
    else:
        found = list(_delaying(me, opening, tried)) if opening.state is OpeningState.OPENED else []
    return found


def _deciding(me: OfficerSession, opening: Opening, tried: Tried | None) -> Iterator[OpeningPanel]:
    desk = platform().desk
    if not me.has(*APPROVERS) or not same_body(desk, me, desk.report(opening.report)):
        return
    handling = case_of(desk, opening).handling
    against = separation.against_approving_opening(me.officer, requester=opening.requester, handling=handling)
    main = OpeningPanel(
        name="approve",
        title=_("批准启封"),
        hint=_("批准后由保管人各自核对、提交份额；申请人只能查看一次。"),
        submit=_("批准启封"),
        tone="main",
        open=tried is None,
    )
    yield from _either(main, _with_form("refuse", _("不批准"), "", tried), against)


def _contributing(me: OfficerSession, opening: Opening, tried: Tried | None) -> Iterator[OpeningPanel]:
    if not me.has(*CUSTODIANS) or any(event.actor == me.officer for event in opening.contributions.values()):
        return
    handling = case_of(platform().desk, opening).handling
    against = separation.against_contributing(
        me.officer, requester=opening.requester, approver=opening.approver, handling=handling
    )
    main = OpeningPanel(
        name="contribute",
        title=_("提交份额"),
        hint=_("在您自己的机器上用 supervision custodian contribute 核对材料、生成答复，再交到这里。"),
        submit=_("提交份额"),
        upload=True,
        download=(url_for("console.opening_request_file", opening_id=opening.id), _("下载启封材料")),
        tone="main",
        open=tried is None,
    )
    yield from _either(
        main, _with_form("decline", _("不提交份额"), _("理由记入日志；以后仍可以提交。"), tried), against
    )


def _either(yes: OpeningPanel, no: OpeningPanel, against: Refused | None) -> Iterator[OpeningPanel]:
    """The two ways that somebody can decide, or why he may not."""
    if against:
        yield OpeningPanel(name=yes.name, title=yes.title, closed=against.reason)
    else:
        yield from (yes, no)


def _releasing(me: OfficerSession, opening: Opening) -> Iterator[OpeningPanel]:
    mine = me.officer in {opening.requester, opening.approver} or me.has(Role.SUPERIOR_OFFICER)
    if not (mine and opening.asked.gate and opening.enough and opening.release is None):
        return
    yield OpeningPanel(
        name="gate-answer",
        title=_("上级闸门放行"),
        hint=_("把材料送上级，由上级用 supervision gate release 核对、放行，再把答复交到这里。"),
        submit=_("提交闸门答复"),
        upload=True,
        download=(url_for("console.opening_gate_file", opening_id=opening.id), _("下载闸门材料")),
        tone="main",
        open=True,
    )


def _looking(me: OfficerSession, opening: Opening) -> Iterator[OpeningPanel]:
    if me.officer == opening.requester and opening.ready:
        yield OpeningPanel(
            name="view",
            title=_("查看一次"),
            hint=_("只能查看这一次，几分钟后自动清空。查看先记入日志；举报人会在状态页面看到。"),
            submit=_("查看一次"),
            tone="main",
            open=True,
        )


def _delaying(me: OfficerSession, opening: Opening, tried: Tried | None) -> Iterator[OpeningPanel]:
    if me.officer == opening.approver:
        yield _with_form("delay", _("依法延后告知举报人"), _("须有法律文书；到期自动告知。"), tried)


def _ending(me: OfficerSession, opening: Opening) -> Iterator[OpeningPanel]:
    if _over(opening):
        if me.has(*REQUESTERS, *APPROVERS):
            yield OpeningPanel(name="close", title=_("清理逾期的启封"), hint=_("销毁已提交的份额。"), submit=_("清理"))
    elif me.officer == opening.requester:
        yield OpeningPanel(name="close", title=_("撤回申请"), submit=_("撤回申请"), tone="danger")
    elif me.officer == opening.approver:
        yield OpeningPanel(name="close", title=_("撤销批准"), submit=_("撤销批准"), tone="danger")


def _with_form(name: str, title: str, hint: str, tried: Tried | None) -> OpeningPanel:
    mine = tried if tried and tried.name == name else Tried(name=name)
    fields = command_forms.draw(FORMS[name], name, {}, mine.given, mine.errors)
    return OpeningPanel(name=name, title=title, hint=hint, submit=title, fields=fields, open=mine is tried)


def _over(opening: Opening) -> bool:
    return opening.expired(platform().clock().date().isoformat())


# -- what was opened ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, repr=False)
class OpenedShown:
    """What is shown this once. ``reporter``: label and value; ``texts``: title and words; ``files``: name and size."""

    reporter: list[tuple[str, str]]
    texts: list[tuple[str, str]]
    files: list[tuple[str, str]]


def opened_shown(opened: Opened) -> OpenedShown:
    """What was opened, in words."""
    told = {
        name: str(value)
        for (compartment, place), text in opened.fields.items()
        if (compartment, place) == ("identity", "reporter")
        for name, value in json.loads(text).items()
    }
    labels = {
        "name": _("姓名"),
        "id_no": _("身份证件号码"),
        "phone": _("联系电话"),
        "political": _("政治面貌"),
        "address": _("住址"),
        "occupation": _("职业或者单位"),
        "relation": _("与被反映人的关系"),
        "group_size": _("联名人数"),
    }
    titles = {"caller": _("来电号码"), "original": _("来件原文")}
    return OpenedShown(
        reporter=[(label, told[name]) for name, label in labels.items() if name in told],
        texts=[
            (titles.get(place, _("其他来源材料")), text)
            for (compartment, place), text in opened.fields.items()
            if compartment == "source"
        ],
        files=[(file.name, size_text(file.size)) for file in opened.files],
    )
