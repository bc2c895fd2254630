"""Serving: the application of the settings, and the server around it.

What stops a start is found before the server listens (:func:`check_start`): one line that names it, no worker that
is started over and over.
"""

from __future__ import annotations

import logging
import signal
import sys
from collections.abc import Callable
from contextlib import closing
from functools import partial
from threading import Event
from typing import Any, NoReturn

import click
from flask import Flask
from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from supervision import settings
from supervision.adoption import check_adopted
from supervision.checkpointing import loop as checkpoints
from supervision.checkpointing.signing import make_signer
from supervision.failures import expected, line_of
from supervision.founding import check_handed_over
from supervision.platform import Platform
from supervision.projecting import run_in_background
from supervision.web.app import create_app
from supervision.web.beside import EXTENSION, LOCK, Beside
from supervision.web.quiet_logging import QuietLogger
from supervision.witnessing.background import run_in_background as run_mirroring
from supervision.witnessing.service import open_service

PROJECTING_SITES = ("all", "console")
"""Sites whose process keeps the read models up to date: those with the console's key."""

SIGNING_SITES = ("all", "log")
"""Sites whose process signs checkpoints and has them cosigned: those with the log's key."""

WORKING_SITES = frozenset({*PROJECTING_SITES, *SIGNING_SITES, "witness"})
"""Sites with work beside the requests; a witness copies the tiles of its logs."""

STOPPING = expected()
"""What a person has to put right before the platform can be served."""


def application() -> Flask:
    """The application for the environment's settings, with what runs beside it in this process.

    Called in each worker after the fork, so that threads and connections are the worker's own.
    """
    app = prepare()
    app.extensions[EXTENSION].start()
    return app


def prepare() -> Flask:
    """The application, and as its extension :class:`supervision.web.beside.Beside` what is to run beside it."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s %(message)s")
    try:
        if witness_home := settings.witness_home():
            from supervision.web.witness.standalone import serve_witness  # no site loads the code of another

            return serve_witness(witness_home)
        platform = Platform(settings=settings.load())
        app = _ready(platform)
    except STOPPING as problem:
        _halt(problem)
    jobs: list[Callable[[], Event]] = []
    if platform.settings.site in PROJECTING_SITES:
        jobs.append(partial(run_in_background, platform))
    if platform.settings.site in SIGNING_SITES:
        jobs.append(partial(checkpoints.run_in_background, platform))
    if "witness" in app.extensions:  # the demonstration's
        jobs.append(partial(run_mirroring, app.extensions["witness"]))
    app.extensions[EXTENSION] = Beside(platform.settings.home / LOCK, tuple(jobs))
    return app


def check_start(_server: object = None) -> None:
    """gunicorn's hook before it listens. A bad setting ends the start with one line that names it, status 1."""
    try:
        if witness_home := settings.witness_home():
            open_service(witness_home)
            return
        with closing(Platform(settings=settings.load())) as platform:
            _ready(platform)
    except STOPPING as problem:
        sys.exit(line_of(problem))


def stop_without_deadlock(worker: Any) -> None:
    """gunicorn's hook in each new worker: an interrupt ends it as calmly as a termination does.

    A terminal sends Ctrl-C to the worker too, and the master passes it on as SIGQUIT. gunicorn's own answer to either
    takes a lock of the thread pool within the signal handler, so that a worker may wait for itself and has to be
    killed. What SIGTERM does takes none, and lets requests end.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGQUIT, worker.handle_exit)


def _ready(platform: Platform) -> Flask:
    """The application, once everything that this site needs was found. Raises one of :data:`STOPPING`."""
    app = create_app(platform)
    platform.manifest  # noqa: B018 - read now, since a page would only find out much later
    check_handed_over(platform.settings)
    check_adopted(platform)
    if platform.settings.site in PROJECTING_SITES:
        platform.facts_key  # noqa: B018 - the same
    if platform.settings.site in SIGNING_SITES:
        make_signer(platform).check()
        checkpoints.make_checkpointing(platform)  # the same: witnesses and their addresses
    return app


def _halt(problem: Exception) -> NoReturn:
    """End a worker that found what :func:`check_start` had not: gunicorn stops at this status, too."""
    click.echo(line_of(problem), err=True)
    sys.exit(Arbiter.WORKER_BOOT_ERROR)


class Server(BaseApplication):
    """gunicorn from within the program, with the same settings as ``gunicorn.conf.py`` but for its workers.

    ``workers``: processes that serve; where a site has work to do beside, one more does that.
    """

    def __init__(self, bind: str, workers: int, threads: int, site: str) -> None:
        self._options = {
            "bind": bind,
            "workers": workers + (site in WORKING_SITES),
            "threads": threads,
            "worker_class": "supervision.web.beside.Worker",
            "timeout": 120,
            "graceful_timeout": 5,
            "accesslog": None,
            "control_socket_disable": True,
            "logger_class": QuietLogger,
            "on_starting": check_start,
            "post_worker_init": stop_without_deadlock,
            "proc_name": "supervision",
        }
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Flask:
        return prepare()
