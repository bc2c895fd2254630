"""``/console/office-keys``: for who holds an office's key, and for leaders of a body with an office of one holder."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.ledger import Conflict
from supervision.casework import office_keys as keys
from supervision.domain.refusal import Refused
from supervision.web.app import platform
from supervision.web.console.site import CONSOLE_ROLES, blueprint
from supervision.web.names import Names
from supervision.web.officer_login import officer
from supervision.web.waiting import wait_for


@blueprint.route("/office-keys", methods=["GET", "POST"])
def office_keys() -> Response | str:
    """Colleagues who have enrolled and cannot read yet; whoever holds their office's key gives it to them.

    To who lost his passphrase two of them give it: the first vouches, the second grants.
    """
    me, here = officer(), platform()
    me.require(*CONSOLE_ROLES)
    if request.method == "POST":
        _give(request.form.get("officer", ""), vouching=request.form.get("act") == "vouch")
        return redirect(url_for(".office_keys"), 303)
    colleagues = [one for one in here.desk.directory.colleagues() if not one.departed]
    waiting = [one for one in colleagues if one.enrolled and one.office not in one.holds]
    return render_template(
        "console/office_keys.html",
        waiting=[one for one in waiting if not one.recovered and one.office in me.office_keys],
        returning=[
            {
                "officer": one.officer,
                "name": one.name,
                "office": one.office,
                "act": _act_on(one.officer, one.office),
            }
            for one in waiting
            if one.recovered and (one.office in me.office_keys or keys.may_vouch(here.desk, me, one.office))
        ],
        holding=[one for one in colleagues if one.office in one.holds and one.office in me.office_keys],
        names=Names.of(here.settings, colleagues),
    )


def _give(to: str, *, vouching: bool) -> None:
    me, here = officer(), platform()
    try:
        wait_for(keys.vouch(here.desk, me, to) if vouching else keys.grant_office_key(here.desk, me, to))
        done = (
            _("已提出；请另一名密钥持有人在本页授予。")
            if vouching
            else _("密钥已授予；对方重新登录后即可查看本单位的举报件。")
        )
        flash(done, "good")
    except Refused as refused:
        flash(refused.reason, "bad")
    except Conflict:
        flash(_("该账号刚刚由他人变更，您的操作没有生效；请核对后再办。"), "warn")


def _act_on(to: str, office: str) -> str:
    """What this officer can do for a colleague who lost his passphrase: vouch, grant, or wait for another."""
    me, here = officer(), platform()
    first = here.desk.account(to).vouched.get(office)
    if first is None:
        return "vouch" if keys.may_vouch(here.desk, me, office) else "wait"
    return "grant" if first != me.officer and office in me.office_keys else "wait"
