"""The witness's application where it has a home of its own: no platform, no database and no secrets of any county."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from flask import Flask, Response, redirect, url_for
from flask_babel import Babel
from werkzeug.wrappers import Response as AnyResponse

from supervision.web import errors
from supervision.web.app import guard
from supervision.web.beside import EXTENSION, LOCK, Beside
from supervision.web.witness import log
from supervision.witnessing.background import run_in_background
from supervision.witnessing.service import WitnessService, open_service


def create_witness_app(of: WitnessService) -> Flask:
    """The application for a witness. It keeps nothing about visitors and sets no cookie."""
    app = Flask("supervision.web")
    app.extensions["witness"] = of
    app.config.update(BABEL_DEFAULT_LOCALE="zh_Hans_CN", MAX_CONTENT_LENGTH=1024 * 1024)
    Babel(app)
    app.register_blueprint(log.blueprint)
    app.add_url_rule("/", "home", lambda: _to("receipt"))  # most who come have a receipt to check
    app.add_url_rule("/witness/", "witness_home", lambda: _to("record"))
    app.add_url_rule("/healthz", "healthz", _healthz)
    errors.register(app)
    app.after_request(guard)
    app.context_processor(lambda: {"site_name": of.home.title})
    return app


def serve_witness(directory: Path) -> Flask:
    """The application of the witness that lives in ``directory``, and as an extension what is to run beside it.

    Raises BadSetting, ``events.witness.DamagedState``.
    """
    service = open_service(directory)
    app = create_witness_app(service)
    app.extensions[EXTENSION] = Beside(directory / LOCK, (partial(run_in_background, service),))
    return app


def _to(page: str) -> AnyResponse:
    return redirect(url_for(f"witness_log.{page}"), 303)


def _healthz() -> Response:
    """200 ``ok`` when the witness can read what it remembers."""
    service = log.service()
    for known in service.home.logs:
        service.latest(known)
    return Response("ok\n", mimetype="text/plain")
