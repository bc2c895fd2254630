"""What the pages of contacts show: lists, one contact with what can be done, the words that may be said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from flask import url_for
from flask_babel import gettext as _

from projections import queries
from projections.contacts import ContactRow
from projections.store import Reader
from supervision.casework.contact import Reachable, case_of, roles_on
from supervision.casework.officer_session import OfficerSession
from supervision.domain.contact import ContactUse
from supervision.domain.contact_codes import ContactClosing, ContactOutcome, ContactPurpose, ContactState, ContactWay
from supervision.domain.contact_rules import ADDRESS, PHONE, PREFERENCE, RELAYS
from supervision.domain.contact_scripts import SCRIPTS
from supervision.domain.refusal import Refused
from supervision.web import command_forms
from supervision.web.app import platform
from supervision.web.command_forms import FormField, Tried
from supervision.web.console.contact_forms import ConcludeForm
from supervision.web.console.site import DESK_ROLES, viewer_of
from supervision.web.moments import moment
from supervision.web.names import Names

_TONES = {ContactState.CONCLUDED: "good", ContactState.CLOSED: ""}


@dataclass(frozen=True, kw_only=True)
class ContactShown:
    """A contact in a list. ``reference``: the report's public one, the only thing of the report in it. ``href``: ""
    where the viewer has no part in it."""

    href: str
    reference: str
    purpose: str
    requester: str
    requested: str
    expires: str
    standing: str
    tone: str


@dataclass(frozen=True, kw_only=True)
class ContactPanel:
    """One thing that can be done. ``key``: whether it takes the officer's key file. ``closed``: why it cannot be."""

    name: str
    title: str
    hint: str = ""
    fields: Sequence[FormField] = ()
    key: bool = False
    tone: str = ""
    open: bool = False
    closed: str = ""

    @property
    def errors(self) -> list[tuple[str, str]]:
        """Field id and message, for the summary."""
        return command_forms.error_list(self.fields)


# -- lists --------------------------------------------------------------------------------------------------------


def sections(me: OfficerSession) -> list[tuple[str, list[ContactShown]]]:
    """What concerns a relay officer, by what he has to do: title and contacts."""
    here = platform()
    today = here.clock().date()
    with here.reads.reading() as reader:
        found = [
            (_("待我办理"), queries.contacts_to_relay(reader, me.officer, today)),
            (_("待我登记结果"), queries.contacts_to_conclude(reader, me.officer)),
            (_("我最近联络的"), queries.contacts_done(reader, me.officer)),
        ]
        return [(title, shown(reader, rows)) for title, rows in found]


def of_report(reader: Reader, me: OfficerSession, report_id: UUID) -> list[ContactShown]:
    """All contacts of a report, for its page."""
    desk, rows = platform().desk, queries.contacts_of_report(reader, report_id)
    found = zip(shown(reader, rows), rows, strict=True)
    return [one if has_part(me, desk.contact(row.contact_id)) else replace(one, href="") for one, row in found]


def shown(reader: Reader, rows: Sequence[ContactRow]) -> list[ContactShown]:
    """Contacts as a list shows them."""
    here = platform()
    names, today = Names.of(here.settings, here.desk.directory.colleagues()), here.clock().date()
    return [_shown(reader, row, names, over=row.expires_on < today) for row in rows]


def _shown(reader: Reader, row: ContactRow, names: Names, *, over: bool) -> ContactShown:
    report = queries.report(reader, row.report_id) if row.report_id else None
    state = ContactState(row.state)
    outcome = ContactOutcome(row.outcome) if row.outcome else None
    return ContactShown(
        href=url_for("console.contact", contact_id=row.contact_id),
        reference=report.reference if report else "",
        purpose=ContactPurpose(row.purpose).label,
        requester=names.officer(row.requester),
        requested=row.requested_on.isoformat(),
        expires=row.expires_on.isoformat(),
        standing=_standing(state, outcome, enough=row.enough, over=over),
        tone=_tone(state, outcome),
    )


def _standing(state: ContactState, outcome: ContactOutcome | None, *, enough: bool, over: bool) -> str:
    """Where it stands, to the point of whose turn it is."""
    if state is ContactState.REQUESTED and over:
        return _("已逾期")
    if state is ContactState.REQUESTED and enough:
        return _("待另一名联络员查看")
    return outcome.label if outcome else state.label


def _tone(state: ContactState, outcome: ContactOutcome | None) -> str:
    if outcome is not None and outcome is not ContactOutcome.REACHED:
        return "warn"
    return _TONES.get(state, "active")


# -- one contact ---------------------------------------------------------------------------------------------------


def require_part(me: OfficerSession, use: ContactUse) -> None:
    """Who may look at a contact: relay officers, and whoever may ask for one on this report. Raises Refused."""
    platform().desk.report(use.report).refuse_excluded(me.officer)
    if not has_part(me, use):
        raise Refused("not_yours", _("您与本次联络无关，不能查看；请由申请人或者联络员办理。"))


def has_part(me: OfficerSession, use: ContactUse) -> bool:
    """Whether he relays, asked, or might ask on this report."""
    desk = platform().desk
    return me.has(*RELAYS) or me.officer == use.requester or bool(roles_on(desk, me, desk.report(use.report)))


def report_link(me: OfficerSession, use: ContactUse) -> str:
    """Address of the report's page for whoever may open that, else ""; a relay officer as such never may."""
    here = platform()
    if not me.has(*DESK_ROLES):
        return ""
    with here.reads.reading() as reader:
        visible = queries.may_see(reader, viewer_of(me, here.settings), use.report)
    return url_for("console.report", report_id=use.report) if visible else ""


def facts(use: ContactUse) -> list[tuple[str, str]]:
    """Label and value: who asked for what, who gave, who looked, what came of it. Nothing that the report says."""
    here, asked = platform(), use.asked
    names = Names.of(here.settings, here.desk.directory.colleagues())
    done = use.conclusion
    told = [
        (_("受理号"), here.desk.report(use.report).reference),
        (_("事由"), use.purpose.label),
        (_("申请人"), f"{names.officer(asked.actor)}（{names.body(asked.office)}）"),
        (_("申请时间"), moment(asked.occurred_at)),
        (_("条件"), _("%(m)s 名联络员", m=asked.m)),
        (_("已提供份额"), names.officers(event.actor for event in use.contributions.values())),
        (_("查看并联系"), f"{names.officer(use.user)}（{use.used_on}）" if use.user else ""),
        (_("结果"), f"{ContactOutcome(done.outcome).label}（{ContactWay(done.way).label}，{done.on}）" if done else ""),
        (_("终止原因"), ContactClosing(use.closed_for).label if use.closed_for else ""),
        (_("有效期至"), asked.expires_on if use.state is ContactState.REQUESTED else ""),
    ]
    return [(name, value) for name, value in told if value]


def standing(use: ContactUse) -> tuple[str, str]:
    """Word and tone of its state."""
    return _standing(use.state, use.outcome, enough=use.enough, over=over(use)), _tone(use.state, use.outcome)


def over(use: ContactUse) -> bool:
    """Whether its last day has passed."""
    return use.expired(platform().clock().date().isoformat())


def script(use: ContactUse) -> list[tuple[str, str]]:
    """When, and what is said or written, word by word."""
    words = SCRIPTS[use.purpose]
    return [
        (_("开口"), words.ask),
        (_("本人明确说“是”之后"), words.confirmed),
        (_("不是本人，或者说“否”"), words.otherwise),
        (_("对方反问"), words.asked_back),
        (_("短信、信件全文"), words.text),
    ]


def panels(me: OfficerSession, use: ContactUse, tried: Tried | None = None) -> list[ContactPanel]:
    """What an officer can do with a contact now, and the form that he has just tried."""
    found: list[ContactPanel] = []
    if use.state is ContactState.REQUESTED:
        if me.has(*RELAYS) and not over(use):
            found += _relaying(me, use)
        if over(use):
            found.append(ContactPanel(name="close", title=_("清理逾期的申请"), hint=_("销毁已提供的份额。")))
        elif me.officer == use.requester:
            found.append(ContactPanel(name="close", title=_("撤回申请"), tone="danger"))
    elif use.state is ContactState.USED and me.officer == use.user:
        found.append(_concluding(tried))
    return found


def _relaying(me: OfficerSession, use: ContactUse) -> Iterator[ContactPanel]:
    title = _("查看一次") if use.enough else _("提供份额")
    if against := use.against(me.officer, case_of(platform().desk, use)):
        yield ContactPanel(name="contribute", title=title, closed=against.reason)
    elif any(event.actor == me.officer for event in use.contributions.values()):
        yield ContactPanel(name="contribute", title=title, closed=_("您已提供份额，须由另一名联络员查看并联系。"))
    elif use.enough:
        yield ContactPanel(
            name="view",
            title=title,
            hint=_(
                "只能查看这一次，几分钟后自动清空；查看先记入日志，举报人会在状态页面看到。请先读完话术，备好电话。"
            ),
            key=True,
            tone="main",
            open=True,
        )
    else:
        yield ContactPanel(
            name="contribute",
            title=title,
            hint=_("您的份额另封给另一名联络员，由其查看并联系；您自己看不到联系方式。"),
            key=True,
            tone="main",
            open=True,
        )


def _concluding(tried: Tried | None) -> ContactPanel:
    mine = tried or Tried(name="conclude", given={"on": platform().clock().date().isoformat()})
    return ContactPanel(
        name="conclude",
        title=_("登记结果"),
        hint=_("只登记结果，不写号码、地址和谈话内容。没有联系上、还要再联系的，由申请人重新申请。"),
        fields=command_forms.draw(ConcludeForm, "conclude", {}, mine.given, mine.errors),
        tone="main",
        open=True,
    )


def reachable(seen: Reachable) -> list[tuple[str, str]]:
    """Number, address and preferred way, in words."""
    labels = {PHONE: _("电话"), ADDRESS: _("通信地址"), PREFERENCE: _("希望的方式和时间")}
    return [(label, seen.fields[name]) for name, label in labels.items() if name in seen.fields]
