"""What all public pages share: the blueprint, its guard against floods, the frame of navigation, the cookies.

Cookies are keys to sealed working state and nothing else: random, HttpOnly, SameSite=Strict, gone with the browser's
session. Deleting them deletes the key.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, request, url_for
from flask.blueprints import BlueprintSetupState
from flask_babel import gettext as _
from werkzeug.exceptions import TooManyRequests
from werkzeug.wrappers import Response

from supervision.intake.drafts import DraftStore
from supervision.platform import Platform
from supervision.sealing.errors import CannotOpen
from supervision.sealing.session import CookieKey
from supervision.web.app import platform
from supervision.web.public.flood import FloodGuard, sender_of

DRAFT_COOKIE = "draft"
STATUS_COOKIE = "status"

RETRY_AFTER = 120
"""Seconds, told to whoever sends too much."""

BYTES_A_TOKEN = 5 * 1024 * 1024
"""What a request costs beside its one token: a file of 50 MB as much as ten pages."""

SWEEP_EVERY = timedelta(minutes=5)

CLEAR_SITE_DATA = '"cache", "cookies", "storage"'
"""Whole directories of the browser for this origin; not "executionContexts", which would reload the answer."""

_STATE = "supervision.public"

blueprint = Blueprint("public", __name__)


class _State:
    """What the public pages of one process remember: drafts (on disk, sealed), buckets and the last sweep."""

    def __init__(self, of: Platform) -> None:
        settings = of.settings
        self.flood = FloodGuard(of.clock, of.rng)
        self.drafts = DraftStore(
            working=of.working,
            directory=settings.home / "drafts",
            lifetime=timedelta(hours=settings.draft_hours),
            receipt_lifetime=timedelta(minutes=settings.receipt_minutes),
            clock=of.clock,
            rng=of.rng,
        )
        self.swept_at: datetime | None = None


@blueprint.record_once
def _remember(setup: BlueprintSetupState) -> None:
    app = setup.app
    app.extensions[_STATE] = _State(app.extensions["supervision"])
    # In front of all others: the form protection reads the whole body, which a flood should not be worth.
    app.before_request_funcs.setdefault(None, []).insert(0, _admit)


def _state() -> _State:
    found: _State = current_app.extensions[_STATE]
    return found


def drafts() -> DraftStore:
    """The drafts of this site."""
    return _state().drafts


# -- every request ----------------------------------------------------------------------------------------


def _admit() -> None:
    """Raises TooManyRequests for a POST to this site from a sender whose bucket is empty."""
    if request.method != "POST" or request.blueprint != blueprint.name:
        return
    sender = sender_of(request.environ)
    cost = 1 + (request.content_length or 0) / BYTES_A_TOKEN
    if sender and not _state().flood.admits(sender, cost):
        raise TooManyRequests(retry_after=RETRY_AFTER)


@blueprint.before_request
def _sweep() -> None:
    state, now = _state(), platform().clock()
    if state.swept_at is None or now - state.swept_at >= SWEEP_EVERY:
        state.swept_at = now
        state.drafts.sweep()


@blueprint.context_processor
def _frame() -> dict[str, Any]:
    """What the layout shows around each page."""
    start, status = url_for("public.start"), url_for("public.status")
    at_status = request.path == status
    return {
        "home_url": start,
        "nav": [
            {"label": _("反映问题"), "href": start, "current": not at_status},
            {"label": _("查询进度"), "href": status, "current": at_status},
        ],
        "footer_links": [(_("其他反映渠道"), f"{start}#channels")],
    }


# -- cookies ----------------------------------------------------------------------------------------------


def cookie_key(name: str) -> CookieKey | None:
    """The key in a cookie of this request, None where there is none."""
    text = request.cookies.get(name)
    if text is None:
        return None
    try:
        return CookieKey.parse(text)
    except CannotOpen:
        return None


def set_cookie(response: Response, name: str, key: CookieKey) -> None:
    """Give the browser a key for as long as it stays open."""
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(name, key.text, httponly=True, samesite="Strict", secure=secure)


def clear_browser(response: Response) -> None:
    """Make the browser forget this site: keys, form protection, cached pages."""
    response.headers["Clear-Site-Data"] = CLEAR_SITE_DATA
    for name in (DRAFT_COOKIE, STATUS_COOKIE, current_app.config["SESSION_COOKIE_NAME"]):
        response.delete_cookie(name, httponly=True, samesite="Strict")
