"""Accounts as the signed log tells them: no key and no duty is taken from the database that nobody vouches for.

Events of officers are verified when they are first read, from the pinned key manifest on: the ceremony's signature for
the first officers, theirs for the next, a one-time code's for a pair of keys. Whoever swaps a public key in the
database therefore gets nothing wrapped to his own; the console stops and says which record is false.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from threading import Lock
from typing import Protocol
from uuid import UUID

from events.canonical import decode_object
from events.keyring import Keyring
from events.leaf import Entry, RecordedEntry
from events.model import Event, from_state
from events.signing import is_signed_by, signature_message
from events.topics import current, registered
from events.vocabulary.officer import OfficerAppointed
from events.vocabulary.streams import officer_stream_id
from supervision.sealing.errors import SealingError
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.trust import trusted_keys

AT_ONCE = 500

TOPICS = tuple(name for name, _ in registered() if name.startswith(("officer.", "deployment.")))


class FalseRecord(SealingError):
    """An event about an officer is not signed by whom it should be. Nothing is decided before that is cleared up."""


class Entries(Protocol):
    """Where the log is read: :class:`events.store.LogStore`."""

    def entries(
        self, start: int, limit: int, stop: int | None = None, topics: Sequence[str] = ()
    ) -> list[RecordedEntry]: ...


class KnownAccounts:
    """Verified events of officers, in memory, kept up with the log at each question. Threads share one."""

    def __init__(self, log: Entries, origin: str, manifests: Iterable[KeyManifest]) -> None:
        self._log = log
        self._origin = origin
        self._keyring = Keyring(manifests=trusted_keys(manifests))
        self._events: dict[UUID, list[Event]] = {}
        self._next = 1
        self._reading = Lock()

    def events_of(self, stream_id: UUID) -> list[Event]:
        """All events of a stream of an officer or of the deployment, as verified. Raises :class:`FalseRecord`."""
        with self._reading:
            self._catch_up()
            return list(self._events.get(stream_id, ()))

    def officers(self) -> list[str]:
        """Everybody who ever had an account, in the order of appointment. Raises :class:`FalseRecord`."""
        with self._reading:
            self._catch_up()
            first = (events[0] for events in self._events.values())
            return [event.officer for event in first if isinstance(event, OfficerAppointed)]

    def _catch_up(self) -> None:
        while entries := self._log.entries(self._next, AT_ONCE, topics=TOPICS):
            for position, entry in entries:
                self._take(position, entry)
                self._next = position + 1

    def _take(self, position: int, entry: Entry) -> None:
        try:
            event = self._verified(entry)
        except ValueError as problem:
            raise FalseRecord(
                f"日志第 {position} 条人员记录不能采信（{problem}）。请停止办理，由管理员运行 supervision verify 查明。"
            ) from None
        self._events.setdefault(event.originator_id, []).append(event)

    def _verified(self, entry: Entry) -> Event:
        """Raises ``ValueError`` with the reason."""
        state = decode_object(entry.state)
        public_key = self._keyring.public_key_for(entry, state)
        message = signature_message(self._origin, entry.stream_id, entry.stream_version, entry.topic, entry.state)
        if not is_signed_by(public_key, message, entry.signature):
            raise ValueError("签名无效")
        event_class, current_state = current(entry.topic, state)
        event = from_state(event_class, entry.stream_id, entry.stream_version, current_state)
        officer = getattr(event, "officer", None)
        if officer is not None and event.originator_id != officer_stream_id(self._origin, officer):
            raise ValueError("写在他人的记录之下")
        if event.originator_version != len(self._events.get(event.originator_id, ())) + 1:
            raise ValueError("前后不连续")
        self._keyring.learn(entry, state)
        return event
