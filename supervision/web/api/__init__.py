"""The JSON API under ``/api/v1``, described by ``/api/v1/openapi.json``. What it promises: ``docs/api.md``.

It shares the door, the rules and the status words with the web pages. No cookie, no session, no cross-origin
access, no page of its own.
"""

from __future__ import annotations

from flask import Flask
from flask_smorest import Api
from flask_wtf.csrf import CSRFProtect

from supervision.intake.json_fields import Moment
from supervision.web.api.reports import make_blueprint
from supervision.web.api.schemas import ErrorSchema
from supervision.web.app import platform

PREFIX = "/api/v1"


class _Api(Api):
    """Errors are answered by the blueprint: the pages beside it keep their own."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """Nothing for the whole application."""


def register_api(app: Flask, csrf: CSRFProtect) -> None:
    """Add the API to ``app``. Requests carry no cookie that could be misused, so forms' protection is off."""
    with app.app_context():
        max_text = platform().settings.max_text
    app.config.update(
        API_TITLE="监督举报平台接口",
        API_VERSION="v1",
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=PREFIX,
        OPENAPI_JSON_PATH="openapi.json",
    )
    api = _Api(app)
    api.register_field(Moment, "string", "date-time")
    api.spec.components.security_scheme(
        "serviceToken", {"type": "http", "scheme": "bearer", "description": "平台管理员发放的服务令牌"}
    )
    blueprint = make_blueprint(max_text)
    csrf.exempt(blueprint)
    api.register_blueprint(blueprint)
