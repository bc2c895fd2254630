"""The library's own published cases for recorders, run against this log on both databases."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from eventsourcing.persistence import Notification, StoredEvent

from events.recorder import LogRecorder
from tests.support.log import ORIGIN, open_log, signer

# The module with the cases imports a cipher as well, whose package this platform has no use for.
_cipher = ModuleType("eventsourcing.cipher")
_cipher.AESCipher = None  # type: ignore[attr-defined]  # only the name is needed
with patch.dict(sys.modules, {"eventsourcing.cipher": _cipher}):
    from eventsourcing.tests import persistence as published


class SigningRecorder(LogRecorder):
    """Signs the library's unsigned events. The library counts some streams from 0, this log counts from 1."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int]:
        shifted = [replace(event, originator_version=event.originator_version + 1) for event in stored_events]
        return super().insert_events(shifted, signer=signer("library"), **kwargs)

    def select_events(
        self, originator_id: UUID | str, *, gt: int | None = None, lte: int | None = None, **kwargs: Any
    ) -> list[StoredEvent]:
        bounds = {name: bound + 1 for name, bound in (("gt", gt), ("lte", lte)) if bound is not None}
        found = super().select_events(originator_id, **bounds, **kwargs)
        return [replace(event, originator_version=event.originator_version - 1) for event in found]

    def select_notifications(self, *args: Any, **kwargs: Any) -> list[Notification]:
        found = super().select_notifications(*args, **kwargs)
        return [replace(event, originator_version=event.originator_version - 1) for event in found]


class SilentRecorder(SigningRecorder):
    """The cases for recorders of aggregates expect that positions are kept from them."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:  # type: ignore[override]  # so they want it
        super().insert_events(stored_events, **kwargs)


class OnSQLite:
    """A recorder of the class `kind` on a new SQLite database."""

    INITIAL_VERSION = 0
    kind: type[SigningRecorder]

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path) -> Iterator[None]:
        yield from self._open(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)

    def _open(self, url: str, home: Path) -> Iterator[None]:
        self._store = open_log(url, home)
        yield
        self._store.close()

    def create_recorder(self) -> SigningRecorder:
        return self.kind(self._store, ORIGIN)


class OnPostgres(OnSQLite):
    """The same on a new PostgreSQL database."""

    @pytest.fixture(autouse=True)
    def _database(self, postgres_database: str, tmp_path: Path) -> Iterator[None]:
        yield from self._open(postgres_database, tmp_path)


class ApplicationCases(published.ApplicationRecorderTestCase[LogRecorder]):
    kind = SigningRecorder

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class AggregateCases(published.AggregateRecorderTestCase):
    kind = SilentRecorder


class InterleavingCases(published.NonInterleavingNotificationIDsBaseCase):
    kind = SigningRecorder


# The library's cases are abstract; pytest collects what is called Test….


class TestApplicationOnSQLite(OnSQLite, ApplicationCases):
    pass


class TestApplicationOnPostgres(OnPostgres, ApplicationCases):
    pass


class TestAggregateOnSQLite(OnSQLite, AggregateCases):
    pass


class TestAggregateOnPostgres(OnPostgres, AggregateCases):
    pass


class TestInterleavingOnSQLite(OnSQLite, InterleavingCases):
    pass


class TestInterleavingOnPostgres(OnPostgres, InterleavingCases):
    pass
