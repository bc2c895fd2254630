"""``…/account`` on every working site: an officer's passphrase, his second factor, his running sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import segno
from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from markupsafe import Markup
from werkzeug.wrappers import Response

from events.ledger import Conflict
from supervision.casework import own_account, sign_in
from supervision.casework.keyrings import SHORTEST_PASSPHRASE
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sign_in import Owner
from supervision.domain.refusal import Refused
from supervision.web.app import platform
from supervision.web.moments import moment
from supervision.web.names import Names
from supervision.web.wording import title

Errors = list[tuple[str, str]]
"""Id of the field, message."""


@dataclass(frozen=True)
class OwnAccount:
    """The pages for one site. ``with_session``: gives a response the cookie of a new session."""

    site: str
    with_session: Callable[[Response, str], Response]

    def add_to(self, blueprint: Blueprint) -> None:
        """Closed like all others: only who has signed in comes here."""
        rules = {
            "/account": (self.own_account, ["GET"]),
            "/account/passphrase": (self.own_passphrase, ["POST"]),
            "/account/second-factor": (self.own_second_factor, ["GET", "POST"]),
            "/account/end-others": (self.end_others, ["POST"]),
        }
        for rule, (view, methods) in rules.items():
            blueprint.add_url_rule(rule, view_func=view, methods=methods)

    def own_account(self) -> str:
        """All of it on one page."""
        return self._page()

    def own_passphrase(self) -> Response | tuple[str, int]:
        """Another passphrase; this browser gets a new session, all others end."""
        here, given = platform(), request.form
        if given.get("passphrase") != given.get("again"):
            return self._page([("again", _("两次输入的口令不一致；请重新输入。"))]), 422
        try:
            cookie = own_account.change_passphrase(
                here.desk, here.working, _me(), given.get("old", ""), given.get("passphrase", "")
            )
        except Conflict:
            return self._page([("old", _("账号刚刚有变动，口令没有更换；请重试。"))]), 409
        except Refused as refused:
            return self._page([("passphrase" if refused.code == "passphrase" else "old", refused.reason)]), 422
        flash(_("口令已更换；您在别处的登录已全部结束。"), "good")
        return self.with_session(redirect(url_for(f"{self.site}.own_account"), 303), cookie)

    def own_second_factor(self) -> Response | str | tuple[str, int]:
        """Set up an authenticator, or another one."""

        def done(cookie: str) -> Response:
            flash(_("动态验证码已启用；您在别处的登录已全部结束。"), "good")
            return self.with_session(redirect(url_for(f"{self.site}.own_account"), 303), cookie)

        return set_up_page(own_account.owner(platform().desk, _me()), done)

    def end_others(self) -> Response:
        """Whatever runs elsewhere ends."""
        here = platform()
        ended = own_account.end_others(here.desk, here.working, _me(), self._cookie)
        flash(_("已结束其他 %(n)s 处登录。", n=ended) if ended else _("没有其他登录。"), "good" if ended else "")
        return redirect(url_for(f"{self.site}.own_account"), 303)

    def _page(self, errors: Errors | None = None) -> str:
        here, me = platform(), _me()
        account, names = here.desk.account(me.officer), Names.of(here.settings, here.desk.directory.colleagues())
        sessions = own_account.sessions(here.desk, here.working, me, self._cookie)
        return render_template(
            "officer/account.html",
            account=account,
            errors=errors or [],
            messages=dict(errors or []),
            shortest=SHORTEST_PASSPHRASE,
            sessions=[
                {"since": moment(one.since.isoformat()), "here": _("本次登录") if mine else _("其他登录")}
                for one, mine in sessions
            ],
            factor_url=url_for(f"{self.site}.own_second_factor"),
            passphrase_url=url_for(f"{self.site}.own_passphrase"),
            end_others_url=url_for(f"{self.site}.end_others"),
            events=[
                {"title": title(event.TOPIC), "time": moment(event.occurred_at), "actor": names.actor(event.actor)}
                for event in reversed(own_account.history(here.desk, me))
            ],
        )

    @property
    def _cookie(self) -> str:
        return request.cookies.get(f"{self.site}-session", "")


def set_up_page(owner: Owner, done: Callable[[str], Response]) -> Response | str | tuple[str, int]:
    """Secret as QR code and as text, and a field for the first code. ``done``: what follows, from the new session.

    The secret is in the page and nowhere else: not in an address, not in a file, and answers are never cached.
    """
    here = platform()
    errors: Errors = []
    if request.method == "POST":
        given = request.form
        try:
            return done(
                sign_in.set_up(here.desk, here.working, owner, given.get("code", ""), given.get("present_code", ""))
            )
        except Conflict:
            errors = [("code", _("账号刚刚有变动，设置没有生效；请重试。"))]
        except Refused as refused:
            errors = [("present_code" if refused.code == "present_code" else "code", refused.reason)]
    account = owner.account
    factor = sign_in.factor_of(here.desk, account, owner.kem, account.factors + 1)
    picture = segno.make(factor.uri(account.officer, here.settings.site_name), error="m")
    page = render_template(
        "officer/second_factor.html",
        qr=Markup(picture.svg_inline(scale=4, border=4, light="#ffffff", svgclass="", lineclass="")),  # noqa: S704 - paths drawn by segno
        key=factor.text,
        replacing=bool(account.second_factor),
        errors=errors,
        messages=dict(errors),
    )
    return (page, 422) if errors else page


def _me() -> OfficerSession:
    found: OfficerSession = g.officer
    return found
