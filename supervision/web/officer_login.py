"""The door of the working sites: sign-in and sign-out, the session cookie, and who may come in.

Console, oversight and witness share this code and nothing else: each has a cookie of its own, sent to its own
pages alone. Every page of a site is closed unless it says otherwise (:meth:`WorkingSite.open`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any, TypeVar

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from events.ledger import Conflict
from projections.store import NotReady
from supervision.casework import enrolment, sessions, sign_in
from supervision.casework.keyrings import SHORTEST_PASSPHRASE
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.domain.refusal import Refused
from supervision.sealing.errors import SealingError
from supervision.web.app import platform
from supervision.web.own_account import OwnAccount, set_up_page

WARN_SECONDS = 120
"""How long before the end of an idle session the page says so."""

V = TypeVar("V", bound=Callable[..., Any])


def officer() -> OfficerSession:
    """The officer whose request this is."""
    found: OfficerSession = g.officer
    return found


@dataclass(frozen=True)
class WorkingSite:
    """One working site. ``roles``: who may come in. ``home``: endpoint of its first page. ``navigation``: its links."""

    name: str
    roles: Collection[Role]
    home: str
    navigation: Callable[[OfficerSession], list[dict[str, Any]]]
    _opened: set[str] = field(default_factory=set)

    def open(self, view: V) -> V:
        """Decorator of a view that is shown to whoever has not signed in."""
        self._opened.add(f"{self.name}.{view.__name__}")
        return view

    def blueprint(self, import_name: str) -> Blueprint:
        """The site's blueprint, guarded, with the pages of its door."""
        blueprint = Blueprint(self.name, import_name, url_prefix=f"/{self.name}")
        blueprint.before_request(self._guard)
        blueprint.context_processor(self._frame)
        blueprint.add_url_rule("/enrol", view_func=self.open(self.enrol), methods=["GET", "POST"])
        blueprint.add_url_rule("/sign-in", view_func=self.open(self.sign_in), methods=["GET", "POST"])
        blueprint.add_url_rule("/set-up", view_func=self.open(self.set_up), methods=["GET", "POST"])
        blueprint.add_url_rule("/sign-out", view_func=self.open(self.sign_out), methods=["POST"])
        blueprint.add_url_rule("/keep-alive", view_func=self.open(self.keep_alive))
        OwnAccount(self.name, self.with_session).add_to(blueprint)
        blueprint.register_error_handler(Refused, self._refused)
        blueprint.register_error_handler(NotReady, self._unavailable)
        blueprint.register_error_handler(SealingError, self._unavailable)
        return blueprint

    # -- the pages of the door ------------------------------------------------------------------------------------

    def sign_in(self) -> Response | str:
        """The form, and what comes of it: a session cookie, or one message for every failure."""
        account = request.form.get("account", "").strip()
        error = ""
        if request.method == "POST":
            try:
                return self._admitted(account, request.form.get("passphrase", ""), request.form.get("code", ""))
            except sign_in.SecondFactorMissing as missing:
                return self.with_session(redirect(url_for(f"{self.name}.set_up"), 303), missing.cookie)
            except Refused as refused:
                error = refused.reason
        elif "ended" in request.args:
            error = _("登录已结束：较长时间没有操作，或账号有变动。请重新登录。")
        return render_template(
            "officer/sign_in.html",
            account=account,
            error=error,
            enrol_url=url_for(f"{self.name}.enrol"),
            second_factor=platform().settings.second_factor,
        )

    def set_up(self) -> Response | str | tuple[str, int]:
        """The second factor, before anything else: for whom the passphrase has let in so far and no further."""
        here = platform()
        owner = sign_in.setting_up(here.desk, here.working, self.cookie)
        if owner is None:
            return redirect(url_for(f"{self.name}.sign_in", ended="1"), 303)
        return set_up_page(owner, lambda cookie: self.with_session(redirect(url_for(self.home), 303), cookie))

    def enrol(self) -> Response | str:
        """First use of an account: one-time code in, passphrase of one's own out of one's head."""
        given = {name: request.form.get(name, "") for name in ("account", "code", "passphrase", "again")}
        errors: list[tuple[str, str]] = []
        if request.method == "POST":
            errors = self._enrolment_errors(given)
            if not errors:
                flash(_("账号已启用，密钥已生成。请用刚才设置的口令登录。"), "good")
                return redirect(url_for(f"{self.name}.sign_in"), 303)
        return render_template(
            "officer/enrol.html",
            account=given["account"],
            code=given["code"],
            errors=errors,
            messages=dict(errors),
            shortest=SHORTEST_PASSPHRASE,
            sign_in_url=url_for(f"{self.name}.sign_in"),
        )

    def sign_out(self) -> Response:
        """End the session on the server and in the browser."""
        sessions.sign_out(platform().desk, platform().working, self.cookie)
        response = redirect(url_for(f"{self.name}.sign_in"), 303)
        response.delete_cookie(self._cookie_name, path=f"/{self.name}")
        response.headers["Clear-Site-Data"] = '"cache"'
        return response

    def keep_alive(self) -> Response:
        """204 while the session lives, which this prolongs; 401 when it is over."""
        return Response(status=204 if self._resumed() else 401)

    @staticmethod
    def _enrolment_errors(given: dict[str, str]) -> list[tuple[str, str]]:
        """Enrols, or says at which field what is wrong."""
        if given["passphrase"] != given["again"]:
            return [("again", _("两次输入的口令不一致；请重新输入。"))]
        here = platform()
        try:
            enrolment.enrol(here.desk, here.working, given["account"].strip(), given["code"], given["passphrase"])
        except Conflict:
            return [("code", _("该账号正在另一处启用；请稍后用同一启用码和口令再试。"))]
        except Refused as refused:
            return [("passphrase" if refused.code == "passphrase" else "code", refused.reason)]
        return []

    @property
    def cookie(self) -> str:
        """The value of this site's session cookie, which is the key of the session; "" where there is none."""
        return request.cookies.get(self._cookie_name, "")

    # -- who comes in ---------------------------------------------------------------------------------------------

    def _guard(self) -> Response | None:
        if request.endpoint in self._opened:
            return None
        found = self._resumed()
        if found is None:
            why: dict[str, Any] = {"ended": "1"} if self.cookie else {}
            if request.method == "GET":
                why["to"] = request.full_path.rstrip("?")
            return redirect(url_for(f"{self.name}.sign_in", **why), 303)
        g.officer = found
        return None

    def _resumed(self) -> OfficerSession | None:
        if not self.cookie:
            return None
        found = sessions.resume(platform().desk, platform().working, self.cookie)
        return found if found is not None and found.has(*self.roles) else None

    def _admitted(self, account: str, passphrase: str, code: str) -> Response:
        """Raises :class:`Refused`."""
        here, desk = platform(), platform().desk
        cookie = sign_in.sign_in(desk, here.working, account, passphrase, code)
        found = sessions.resume(desk, here.working, cookie)
        if found is None or not found.has(*self.roles):
            sessions.sign_out(desk, here.working, cookie)
            if found is not None and not found.roles:
                raise Refused("unconfirmed", _("您的岗位尚待安全保密管理员确认；确认后即可登录。"))
            raise Refused("site", _("您的岗位不使用本站；请从您所在岗位的站点登录。"))
        return self.with_session(redirect(self._destination(), 303), cookie)

    def with_session(self, response: Response, cookie: str) -> Response:
        """``response``, which gives the browser the key of a session of this site."""
        response.set_cookie(
            self._cookie_name,
            cookie,
            path=f"/{self.name}",
            httponly=True,
            samesite="Strict",
            secure=not platform().settings.demonstration,
        )
        return response

    def _destination(self) -> str:
        """Where the officer wanted to go, as long as that is on this site."""
        wanted = request.args.get("to", "")
        mine = wanted == f"/{self.name}" or wanted.startswith((f"/{self.name}/", f"/{self.name}?"))
        return wanted if mine and "\\" not in wanted else url_for(self.home)

    @property
    def _cookie_name(self) -> str:
        return f"{self.name}-session"

    # -- the frame of its pages -----------------------------------------------------------------------------------

    def _own_account(self) -> dict[str, Any]:
        endpoint = f"{self.name}.own_account"
        return {"label": _("我的账号"), "href": url_for(endpoint), "current": request.endpoint == endpoint}

    def _refused(self, refused: Refused) -> tuple[str, int]:
        status = 404 if refused.code == "not_found" else 403
        return render_template("officer/refused.html", reason=refused.reason), status

    def _unavailable(self, why: NotReady | SealingError) -> tuple[str, int]:
        """Both say in Chinese what cannot be shown, and never anything of it."""
        return render_template("officer/refused.html", reason=str(why)), 503

    def _frame(self) -> dict[str, Any]:
        """What the layout of a working site asks for."""
        frame: dict[str, Any] = {
            "layout": f"layout/{self.name}.html",
            "home_url": url_for(self.home),
            "nav": [],
        }
        if "officer" not in g:
            return frame
        settings = platform().settings
        seconds = settings.session_idle_minutes * 60
        return frame | {
            "officer": {
                "name": g.officer.name,
                "role": "、".join(role.label for role in Role if role in g.officer.roles),
                "office": settings.name_of(g.officer.office),
            },
            "nav": [*self.navigation(g.officer), self._own_account()],
            "sign_out_url": url_for(f"{self.name}.sign_out"),
            "idle": {
                "seconds": seconds,
                "warn": min(WARN_SECONDS, seconds // 2),
                "keepalive_url": url_for(f"{self.name}.keep_alive"),
                "ended_url": url_for(f"{self.name}.sign_in", ended="1"),
            },
        }
