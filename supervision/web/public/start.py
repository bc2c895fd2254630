"""The start page: what is accepted and what is not, named or anonymous, other ways, staying safe (A-04, A-13)."""

from __future__ import annotations

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from supervision.web.app import platform
from supervision.web.public.site import DRAFT_COOKIE, blueprint, cookie_key, drafts, set_cookie


@blueprint.get("/")
def start() -> str:
    """The start page; whoever has an unfinished draft in this browser can go on with it."""
    return _page()


@blueprint.post("/")
def begin() -> str | Response:
    """Begin a draft, in place of an unfinished one, once the visitor says that he has read the page."""
    if "read" not in request.form:
        return _page(error=_("请先阅读上面的内容，再勾选“我已阅读”。"))
    store = drafts()
    former = cookie_key(DRAFT_COOKIE)
    if former is not None:
        store.forget(former)
    key, _draft = store.begin(platform().public_door.draw_reference())
    response = redirect(url_for("public.report"), code=303)
    set_cookie(response, DRAFT_COOKIE, key)
    return response


def _page(error: str = "") -> str:
    key = cookie_key(DRAFT_COOKIE)
    unfinished = key is not None and drafts().load(key) is not None
    return render_template(
        "public/start.html",
        error=error,
        unfinished=unfinished,
        superior=platform().manifest.superior.name,
    )
