"""The superior's site: who comes in, what he finds in the navigation."""

from __future__ import annotations

from typing import Any

from flask import current_app, request, url_for
from flask_babel import gettext as _

from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.web.officer_login import WorkingSite


def navigation(_officer: OfficerSession) -> list[dict[str, Any]]:
    """The list of what came up; where the demonstration's witness is at hand, what it has seen."""
    places = {"witness.reports": _("径送件")}
    if "witness" in current_app.extensions:
        places |= {"witness_log.record": _("见证记录"), "witness_log.receipt": _("核对回执")}
    return [
        {"label": label, "href": url_for(name), "current": request.endpoint == name} for name, label in places.items()
    ]


SITE = WorkingSite("witness", frozenset({Role.SUPERIOR_OFFICER}), "witness.reports", navigation)
blueprint = SITE.blueprint(__name__)
