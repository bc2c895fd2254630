"""``/healthz``: whether this process can read its log. Says yes or no and nothing else."""

from __future__ import annotations

from flask import Blueprint, Response

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """200 ``ok`` when the log answers."""
    from supervision.web.app import platform

    platform().ledger.head()
    return Response("ok\n", mimetype="text/plain")
