"""New databases and homes for those who die: a place is left after some deaths, so that it stays small."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

from tests.support.postgres import PostgresServer

DEATHS_IN_ONE_PLACE = 20
"""Each is followed by a check of everything, which takes the longer the more has happened there."""


class Places:
    """``kind``: ``sqlite`` or ``postgresql``."""

    def __init__(self, directory: Path, server: PostgresServer | None) -> None:
        self.kind = "postgresql" if server else "sqlite"
        self._directory = directory
        self._server = server
        self._numbers = count()
        self._databases: list[str] = []

    def new(self) -> tuple[str, Path]:
        """URL of an empty database, and an empty directory."""
        home = self._directory / f"county{next(self._numbers)}" / "home"
        home.mkdir(parents=True)
        if self._server is None:
            return f"sqlite:///{home / 'log.sqlite3'}", home
        self._databases.append(self._server.create_database())
        return self._server.url(self._databases[-1]), home

    def drop(self) -> None:
        for name in self._databases:
            assert self._server
            self._server.drop_database(name)


@contextmanager
def places(request: pytest.FixtureRequest, directory: Path) -> Iterator[Places]:
    """For a fixture with the parameters ``tests.support.office.DATABASES``."""
    server = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    found = Places(directory, server)
    try:
        yield found
    finally:
        found.drop()
