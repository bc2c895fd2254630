"""``/console/officers``: accounts, for the two administrators; what one of them proposes the other carries out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.ledger import Conflict
from events.model import ActedEvent
from supervision.casework import account_changes, departure, enrolment, handover, office_keys
from supervision.casework.account_changes import ADMINISTRATORS, Proposal
from supervision.casework.directory import Colleague
from supervision.casework.enrolment import Appointment
from supervision.domain import separation
from supervision.domain.codes import Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.domain.staffing import AccountChange
from supervision.web.app import platform
from supervision.web.console.site import blueprint
from supervision.web.moments import moment
from supervision.web.names import Names
from supervision.web.officer_login import officer
from supervision.web.waiting import wait_for
from supervision.web.wording import tell_event

PICK = "successor-"
"""How the names of the fields begin that name a successor; the report's id follows."""

Answer: TypeAlias = str | tuple[str, int] | Response


@blueprint.route("/officers", methods=["GET", "POST"])
def accounts() -> Answer:
    """All accounts, and opening a new one; its one-time code is shown in this one answer."""
    me, here = officer(), platform()
    me.require(*ADMINISTRATORS)
    if request.method == "GET":
        return _accounts_page()
    me.require(Role.SYSTEM_ADMIN)
    who = Appointment(
        officer=request.form.get("officer", "").strip(),
        name=request.form.get("name", "").strip(),
        office=request.form.get("office", ""),
        roles=_roles_chosen(),
    )
    try:
        code = enrolment.appoint(here.desk, here.working, me.signer, here.desk.stamp(me), who)
    except Refused as refused:
        return _accounts_page(error=refused.reason), 409
    except Conflict:
        return _accounts_page(error=_("该账号刚刚由他人任命；请换一个账号。")), 409
    wait_for(here.ledger.head())
    return _accounts_page(appointed=who, code=code)


@blueprint.get("/officers/<account_id>")
def account(account_id: str) -> str:
    """One account: what it is, what waits for a second person, what may be proposed, what has happened to it."""
    officer().require(*ADMINISTRATORS)
    wait_for(platform().ledger.head())  # what he handles is looked up in the read models
    return _account_page(account_changes.existing(platform().desk, account_id))


@blueprint.post("/officers/<account_id>/propose")
def propose_change(account_id: str) -> Answer:
    """The first of two."""
    me, here = officer(), platform()
    try:
        change = AccountChange(request.form.get("change", ""))
    except ValueError:
        return redirect(url_for(".account", account_id=account_id), 303)
    proposal = Proposal(change=change)
    if change is AccountChange.ROLES:
        proposal = Proposal(change=change, office=request.form.get("office", ""), roles=_roles_chosen())
    return _carried_out(
        account_id,
        lambda: account_changes.propose(here.desk, me, account_id, proposal),
        _("已提出，等待另一名管理员确认。"),
    )


@blueprint.post("/officers/<account_id>/refuse")
def refuse_change(account_id: str) -> Answer:
    """The second of two does not agree, or the first takes it back."""
    me, here = officer(), platform()
    return _carried_out(
        account_id, lambda: account_changes.refuse_proposal(here.desk, me, account_id), _("已退回，没有任何变更。")
    )


@blueprint.post("/officers/<account_id>/confirm")
def confirm_change(account_id: str) -> Answer:
    """The second of two; a one-time code is shown in this one answer."""
    me, here = officer(), platform()
    pending = account_changes.existing(here.desk, account_id).pending
    if pending is not None and pending.change is AccountChange.RECOVERY:
        return _reinvited(account_id)

    def carry_out() -> int:
        if pending is not None and pending.change is AccountChange.SECOND_FACTOR:
            return account_changes.reset_second_factor(here.desk, me, account_id)
        return account_changes.change_roles(here.desk, me, account_id, _picks())

    return _carried_out(account_id, carry_out, _("已确认并生效；该人员的登录已结束，须重新登录。"))


@blueprint.post("/officers/<account_id>/depart")
def depart(account_id: str) -> Answer:
    """Close an account, its work handed over."""
    me, here = officer(), platform()
    return _carried_out(
        account_id,
        lambda: departure.depart(here.desk, here.working, me, account_id, _picks()),
        _("账号已停用：密钥已收回，登录已结束，在办事项已移交。"),
    )


def _reinvited(account_id: str) -> Answer:
    me, here = officer(), platform()
    try:
        code = account_changes.reinvite(here.desk, here.working, me, account_id)
    except Refused as refused:
        flash(refused.reason, "bad")
        return redirect(url_for(".account", account_id=account_id), 303)
    except Conflict:
        flash(_moved_on(), "warn")
        return redirect(url_for(".account", account_id=account_id), 303)
    wait_for(here.ledger.head())
    return _account_page(here.desk.account(account_id), code=code)


def _carried_out(account_id: str, act: Callable[[], int], done: str) -> Response:
    wait_for(platform().ledger.head())  # so that nothing he handles is overlooked
    try:
        wait_for(act())
        flash(done, "good")
    except Refused as refused:
        if refused.code in ("role", "not_found"):
            raise
        flash(refused.reason, "bad")
    except Conflict:
        flash(_moved_on(), "warn")
    return redirect(url_for(".account", account_id=account_id), 303)


def _moved_on() -> str:
    return _("该账号或其承办的线索刚刚由他人变更，您的操作没有生效；请核对后再办。")


def _roles_chosen() -> tuple[Role, ...]:
    return tuple(role for role in Role if role.value in request.form.getlist("roles"))


def _picks() -> handover.Picks:
    return {UUID(name.removeprefix(PICK)): chosen for name, chosen in request.form.items() if name.startswith(PICK)}


# -- the pages ----------------------------------------------------------------------------------------------------


def _accounts_page(error: str = "", appointed: Appointment | None = None, code: str = "") -> str:
    colleagues = platform().desk.directory.colleagues()
    names = Names.of(platform().settings, colleagues)
    return render_template(
        "console/accounts.html",
        rows=[_row(one) for one in colleagues],
        waiting=[_row(one) | {"proposer": names.actor(one.proposer)} for one in colleagues if one.change],
        may_appoint=officer().has(Role.SYSTEM_ADMIN),
        **_choices(),
        given=request.form if error else {},
        chosen=[*request.form.getlist("roles"), "", ""] if error else ["", ""],
        error=error,
        appointed=appointed,
        code=code,
    )


def _account_page(one: OfficerAccount, code: str = "") -> str:
    me, here = officer(), platform()
    names = Names.of(here.settings, here.desk.directory.colleagues())
    items = handover.items(here.desk, one)
    pending = one.pending
    return render_template(
        "console/account.html",
        account=one,
        code=code,
        facts=_facts(one, names),
        state=_state(one),
        pending=_pending(one, names),
        may_confirm=_may_confirm(one),
        may_act=not one.departed and one.officer != me.officer,
        may_depart=me.has(Role.SYSTEM_ADMIN),
        moving=pending is not None
        and pending.change is AccountChange.ROLES
        and not (pending.home_office == one.office and Role.INSPECTOR in pending.roles),
        items=[_item(item, names) for item in items],
        sole=[names.body(office) for office in one.grants if office_keys.holders(here.desk, office) == [one.officer]],
        **_choices(),
        chosen=[*one.roles, "", ""],
        events=[
            _event(event, names)
            for event in reversed(here.desk.ledger.events_of(one.id))
            if isinstance(event, ActedEvent)
        ],
    )


def _choices() -> dict[str, Any]:
    return {
        "offices": [{"value": office.id, "label": office.name} for office in platform().settings.offices],
        "roles": [{"value": role.value, "label": role.label} for role in Role],
    }


def _row(one: Colleague) -> dict[str, str | Sequence[str]]:
    state, tone = (
        (_("已停用"), "")
        if one.departed
        else (_("待确认"), "warn")
        if one.change
        else (_("已启用"), "good")
        if one.enrolled
        else (_("未启用"), "active")
    )
    name_of = platform().settings.name_of
    return {
        "officer": one.officer,
        "href": url_for(".account", account_id=one.officer),
        "name": one.name,
        "office": name_of(one.office),
        "roles": "、".join(role.label for role in Role if role in one.roles),
        "state": state,
        "tone": tone,
        "holds": "、".join(map(name_of, sorted(one.holds))),
        "change": _change(one.change),
    }


def _change(change: str) -> str:
    return AccountChange(change).label if change else ""


def _state(one: OfficerAccount) -> tuple[str, str]:
    """Word and tone."""
    if one.departed:
        return _("已停用"), ""
    if one.invited:
        return (_("等待重新启用"), "warn") if one.recovered else (_("未启用"), "active")
    return _("已启用"), "good"


def _facts(one: OfficerAccount, names: Names) -> list[tuple[str, str]]:
    roles = "、".join(role.label for role in Role if role in one.roles)
    return [
        (_("单位"), names.body(one.office)),
        (_("岗位"), roles or _("尚未确认")),
        (_("持有密钥"), "、".join(names.body(office) for office in sorted(one.grants))),
        (_("动态验证码"), _("已启用") if one.second_factor else _("未启用")),
    ]


def _pending(one: OfficerAccount, names: Names) -> Mapping[str, str] | None:
    if one.pending is None:
        return None
    roles = "、".join(role.label for role in Role if role in one.pending.roles)
    return {
        "title": one.pending.change.label,
        "proposer": names.actor(one.pending.proposer),
        "change": one.pending.change.value,
        "details": "，".join(filter(None, (names.body(one.pending.home_office), roles))),
    }


def _may_confirm(one: OfficerAccount) -> bool:
    """Whether this administrator is the other of the two."""
    me = officer()
    if one.pending is None or me.officer in (one.officer, one.pending.proposer):
        return False
    proposer = platform().desk.account(one.pending.proposer)
    return separation.against_carrying_out(me.roles, proposer_duties=proposer.roles) is None


def _item(item: handover.Item, names: Names) -> dict[str, Any]:
    return {
        "field": f"{PICK}{item.report}",
        "label": f"{item.number}（{names.body(item.department)}）",
        "others": names.officers(item.others),
        "successors": [{"value": value, "label": text} for value, text in item.successors],
    }


def _event(event: ActedEvent, names: Names) -> dict[str, str]:
    told = tell_event(event, names)
    return {
        "title": told.title,
        "time": moment(event.occurred_at),
        "actor": names.actor(event.actor),
        "office": names.body(event.office),
        "body": "；".join(told.details),
        "tone": told.tone,
    }
