"""The superior commission's sites: the desk for reports that went up under seal (径送件, A-15), and the witness.

The desk is a site of the county's platform, with its own officers. The witness (:mod:`supervision.witnessing`) has a
home of its own (:mod:`supervision.web.witness.standalone`); only in the demonstration does it live beside the desk.
"""

from __future__ import annotations

from flask import Flask

from events.tiles import Fetch
from supervision.platform import Platform
from supervision.web.app import csrf
from supervision.web.witness import log, reports
from supervision.web.witness.site import blueprint
from supervision.witnessing.fetching import tiles_in
from supervision.witnessing.founding import DEMONSTRATION
from supervision.witnessing.home import is_home
from supervision.witnessing.service import open_service

__all__ = ["blueprint", "register_demonstration", "reports"]


def register_demonstration(app: Flask) -> None:
    """The pages of the witness that lives in the county's own home, if there is one. It reads the log's tiles within
    this process. Raises BadSetting, ``events.witness.DamagedState``."""
    of: Platform = app.extensions["supervision"]
    directory = of.settings.home / DEMONSTRATION
    if not is_home(directory):
        return

    def local(origin: str) -> Fetch | None:
        return tiles_in(lambda: of.log) if origin == of.settings.origin else None

    app.extensions["witness"] = open_service(directory, local)
    app.register_blueprint(log.blueprint)
    csrf.exempt(log.blueprint)  # nobody is signed in there
