"""The superior's site: who comes in, what he finds in the navigation."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _

from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import Role
from supervision.web.officer_login import WorkingSite


def navigation(_officer: OfficerSession) -> list[dict[str, Any]]:
    """The list of what came up."""
    endpoint = "witness.reports"
    return [{"label": _("径送件"), "href": url_for(endpoint), "current": request.endpoint == endpoint}]


SITE = WorkingSite("witness", frozenset({Role.SUPERIOR_OFFICER}), "witness.reports", navigation)
blueprint = SITE.blueprint(__name__)
