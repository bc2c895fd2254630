"""The county behind an address, and officers in front of a real browser."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page
from werkzeug.serving import make_server

from tests.support.officers import OFFICERS, County, county

Axe = Callable[[Page], None]


@contextmanager
def served_county(path: Path, people: Collection[str] = OFFICERS) -> Iterator[tuple[County, str]]:
    """A county in ``path``, served in a thread, with its address. ``people``: its officers."""
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people=people) as home:
        server = make_server("127.0.0.1", 0, home.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield home, f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def take_seat(home: County, page: Page, officer: str, site: str = "console") -> None:
    """With a session that the officer has already: passphrases are slow on purpose."""
    cookie = {"name": f"{site}-session", "value": home.cookie(officer), "domain": "127.0.0.1", "path": f"/{site}"}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of the same keys
    page.set_default_timeout(10_000)


def looked_at(page: Page, axe: Axe) -> None:
    """Accessible, and nothing to the right of the screen."""
    axe(page)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} is {wider} px too wide"
