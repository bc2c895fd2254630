"""The Flask application: which blueprints a site has, and what holds for every answer that leaves the platform."""

from __future__ import annotations

import hashlib

from flask import Flask, Response, current_app, request
from flask_babel import Babel
from flask_wtf.csrf import CSRFProtect

from supervision.platform import Platform
from supervision.secret_files import OversightSecrets, WitnessSecrets
from supervision.web import errors
from supervision.web.requests import SealedUploadRequest

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)

csrf = CSRFProtect()


def platform() -> Platform:
    """The platform of the running application."""
    found: Platform = current_app.extensions["supervision"]
    return found


def create_app(of: Platform) -> Flask:
    """The application for ``of.settings.site``. Secrets of other sites are not read."""
    site = of.settings.site
    app = Flask(__name__)
    app.request_class = SealedUploadRequest
    app.extensions["supervision"] = of
    app.config.update(
        SECRET_KEY=_cookie_key(of),
        SESSION_COOKIE_NAME="form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=not of.settings.demonstration,
        MAX_CONTENT_LENGTH=of.settings.max_files * of.settings.max_file_bytes + 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=1024 * 1024,
        BABEL_DEFAULT_LOCALE="zh_Hans_CN",
        WTF_CSRF_TIME_LIMIT=None,  # bound to the session cookie, which ends with the browser
        WTF_CSRF_SSL_STRICT=False,  # it would want a referrer, and our pages tell the browser to send none
    )
    Babel(app)
    csrf.init_app(app)
    _register(app, site)
    errors.register(app)
    app.after_request(guard)
    app.context_processor(lambda: {"settings": of.settings, "site_name": of.settings.site_name})
    return app


def _cookie_key(of: Platform) -> bytes:
    """Signs the form protection's cookie; it protects no secret, and each site has its own."""
    site = of.settings.site
    if site in ("all", "public"):
        key = of.public_secrets.cookie_key
    elif site == "console":
        key = of.console_secrets.cookie_key
    elif site == "oversight":
        key = OversightSecrets.load(of.settings.home).cookie_key
    elif site == "witness":
        key = WitnessSecrets.load(of.settings.home).cookie_key
    else:  # the log's site has no forms
        key = of.rng(32)
    return hashlib.sha256(b"supervision/cookie/v1" + site.encode() + key).digest()


def _register(app: Flask, site: str) -> None:
    """Blueprints are imported here so that a site never loads the code of another."""
    from supervision.web import health

    app.register_blueprint(health.blueprint)
    if site in ("all", "public"):
        from supervision.web import public

        app.register_blueprint(public.blueprint)
    if site in ("all", "public", "log"):
        from supervision.web import log

        app.register_blueprint(log.blueprint)
    if site in ("all", "public", "console"):  # on the console for service tokens, which the public site cannot check
        from supervision.web.api import register_api

        register_api(app, csrf)
    if site in ("all", "console"):
        from supervision.web import console

        app.register_blueprint(console.blueprint)
    if site in ("all", "oversight"):
        from supervision.web import oversight

        app.register_blueprint(oversight.blueprint)
    if site in ("all", "witness"):
        from supervision.web import witness

        app.register_blueprint(witness.blueprint)
        witness.register_demonstration(app)


def guard(response: Response) -> Response:
    """Headers of every answer: no third party, no referrer, and nothing kept where it is not a style or script."""
    headers = response.headers
    headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    return response
