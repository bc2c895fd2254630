"""Oversight as a site: who comes in, what he finds in the navigation."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.web.officer_login import WorkingSite

REVIEWERS = frozenset({Role.OVERSIGHT_REVIEWER, Role.SECURITY_AUDITOR})


def navigation(_officer: OfficerSession) -> list[dict[str, Any]]:
    """Every reviewer sees the same pages."""
    links = (
        ("oversight.records", _("办理记录")),
        ("oversight.accesses", _("查阅记录")),
        ("oversight.overdue", _("超期事项")),
        ("oversight.log", _("日志与见证")),
    )
    return [
        {"label": label, "href": url_for(endpoint), "current": request.endpoint == endpoint}
        for endpoint, label in links
    ]


SITE = WorkingSite("oversight", REVIEWERS, "oversight.records", navigation)
blueprint = SITE.blueprint(__name__)
