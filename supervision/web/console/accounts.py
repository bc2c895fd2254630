"""``/console/officers``: accounts, for the administrator. ``/console/office-keys``: for who holds an office's key."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.ledger import Conflict
from supervision.casework import enrolment
from supervision.casework.directory import Colleague
from supervision.casework.enrolment import Appointment
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.web.app import platform
from supervision.web.console.site import CONSOLE_ROLES, blueprint
from supervision.web.names import Names
from supervision.web.officer_login import officer
from supervision.web.waiting import wait_for


@blueprint.route("/officers", methods=["GET", "POST"])
def accounts() -> str | tuple[str, int]:
    """All accounts, and opening a new one; its one-time code is shown in this one answer."""
    me, here = officer(), platform()
    me.require(Role.SYSTEM_ADMIN)
    if request.method == "GET":
        return _accounts_page()
    who = Appointment(
        officer=request.form.get("officer", "").strip(),
        name=request.form.get("name", "").strip(),
        office=request.form.get("office", ""),
        roles=tuple(role for role in Role if role.value in request.form.getlist("roles")),
    )
    try:
        code = enrolment.appoint(here.desk, here.working, me.signer, here.desk.stamp(me), who)
    except Refused as refused:
        return _accounts_page(error=refused.reason), 409
    except Conflict:
        return _accounts_page(error=_("该账号刚刚由他人任命；请换一个账号。")), 409
    wait_for(here.ledger.head())
    return _accounts_page(appointed=who, code=code)


@blueprint.post("/officers/depart")
def depart() -> Response:
    """Close an account."""
    here = platform()
    try:
        wait_for(enrolment.depart(here.desk, here.working, officer(), request.form.get("officer", "")))
        flash(_("账号已停用，密钥已收回。"), "good")
    except Refused as refused:
        flash(refused.reason, "bad")
    except Conflict:
        flash(_("该账号刚刚由他人变更，您的操作没有生效；请核对后再办。"), "warn")
    return redirect(url_for(".accounts"), 303)


@blueprint.route("/office-keys", methods=["GET", "POST"])
def office_keys() -> Response | str:
    """Colleagues who have enrolled and cannot read yet; whoever holds their office's key gives it to them."""
    me, here = officer(), platform()
    me.require(*CONSOLE_ROLES)
    if request.method == "POST":
        try:
            wait_for(enrolment.grant_office_key(here.desk, me, request.form.get("officer", "")))
            flash(_("密钥已授予；对方重新登录后即可查看本单位的举报件。"), "good")
        except Refused as refused:
            flash(refused.reason, "bad")
        except Conflict:
            flash(_("该账号刚刚由他人变更，您的操作没有生效；请核对后再办。"), "warn")
        return redirect(url_for(".office_keys"), 303)
    mine = [one for one in here.desk.directory.colleagues() if one.office in me.office_keys and not one.departed]
    return render_template(
        "console/office_keys.html",
        waiting=[one for one in mine if one.enrolled and one.office not in one.holds],
        holding=[one for one in mine if one.office in one.holds],
        names=Names.of(here.settings, mine),
    )


def _accounts_page(error: str = "", appointed: Appointment | None = None, code: str = "") -> str:
    here = platform()
    colleagues = here.desk.directory.colleagues()
    return render_template(
        "console/accounts.html",
        rows=[_row(one) for one in colleagues],
        offices=[{"value": office.id, "label": office.name} for office in here.settings.offices],
        roles=[{"value": role.value, "label": role.label} for role in Role],
        given=request.form if error else {},
        chosen=[*request.form.getlist("roles"), "", ""] if error else ["", ""],
        error=error,
        appointed=appointed,
        code=code,
    )


def _row(one: Colleague) -> dict[str, str | Sequence[str]]:
    state = _("已停用") if one.departed else _("已启用") if one.enrolled else _("未启用")
    name_of = platform().settings.name_of
    return {
        "officer": one.officer,
        "name": one.name,
        "office": name_of(one.office),
        "roles": "、".join(role.label for role in Role if role in one.roles),
        "state": state,
        "holds": "、".join(map(name_of, sorted(one.holds))),
        "closable": "" if one.departed else one.officer,
    }
