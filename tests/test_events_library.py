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

    def select_events(self, originator_id: UUID | str, **kwargs: Any) -> list[StoredEvent]:
        found = super().select_events(originator_id, **kwargs)
        return [replace(event, originator_version=event.originator_version - 1) for event in found]

    def select_notifications(self, *args: Any, **kwargs: Any) -> list[Notification]:
        found = super().select_notifications(*args, **kwargs)
        return [replace(event, originator_version=event.originator_version - 1) for event in found]


class TestOnSQLite(published.ApplicationRecorderTestCase[LogRecorder]):
    INITIAL_VERSION = 0

    @pytest.fixture(autouse=True)
    def _database(self, tmp_path: Path) -> Iterator[None]:
        yield from self._open(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)

    def _open(self, url: str, home: Path) -> Iterator[None]:
        self._store = open_log(url, home)
        yield
        self._store.close()

    def create_recorder(self) -> LogRecorder:
        return SigningRecorder(self._store, ORIGIN)

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


@pytest.mark.postgres
class TestOnPostgres(TestOnSQLite):
    @pytest.fixture(autouse=True)
    def _database(self, postgres_database: str, tmp_path: Path) -> Iterator[None]:
        yield from self._open(postgres_database, tmp_path)
