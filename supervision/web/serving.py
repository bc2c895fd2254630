"""Serving: the application of the settings, and the server around it."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from supervision import settings
from supervision.platform import Platform
from supervision.projecting import run_in_background
from supervision.sealing.errors import ManifestRejected
from supervision.settings import BadSetting
from supervision.web.app import create_app
from supervision.web.quiet_logging import QuietLogger

PROJECTING_SITES = ("all", "console")
"""Sites whose process keeps the read models up to date: those with the console's key."""


def application(on_error: Callable[[str], Any] = sys.exit) -> Flask:
    """The application for the environment's settings, with what runs beside it in this process.

    Called in each worker after the fork, so that threads and connections are the worker's own. A bad setting ends
    the start with one line that names it.
    """
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    try:
        platform = Platform(settings=settings.load())
        app = create_app(platform)
        platform.ledger.head()
    except (BadSetting, ManifestRejected) as problem:
        on_error(str(problem))
        raise
    if platform.settings.site in PROJECTING_SITES:
        run_in_background(platform)
    return app


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn carries no types
    """gunicorn from within the program, with the same settings as ``gunicorn.conf.py``."""

    def __init__(self, bind: str, workers: int, threads: int) -> None:
        self._options = {
            "bind": bind,
            "workers": workers,
            "threads": threads,
            "worker_class": "gthread",
            "timeout": 120,
            "graceful_timeout": 10,
            "accesslog": None,
            "control_socket_disable": True,
            "logger_class": QuietLogger,
            "proc_name": "supervision",
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return application()
