"""The log as an ``ApplicationRecorder`` of the ``eventsourcing`` library.

The library's event store hands over unsigned states; the recorder signs and salts them and appends them.
What is needed for that comes as keyword arguments of ``insert_events``, which the library passes through
from ``Application.save``.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    StoredEvent,
    Subscription,
    Tracking,
)

from events.custody import NO_CHANGE, CustodyBatch
from events.leaf import SALT_BYTES, SignedEvent
from events.signing import Signer, is_signed_by, key_id_of, made_in_memory, signature_message
from events.store import LogStore

SUBSCRIPTION_LIMIT = 500
SUBSCRIPTION_SECONDS = 60.0


class SigningError(ValueError):
    """An event without a signer, or a signer whose signature does not verify."""


class LogRecorder(ApplicationRecorder):
    """Records into ``store``, signing for the log called ``origin``. ``random``: n fresh random bytes."""

    def __init__(self, store: LogStore, origin: str, random: Callable[[int], bytes] = secrets.token_bytes) -> None:
        self._store = store
        self._origin = origin
        self._random = random

    def insert_events(
        self,
        stored_events: Sequence[StoredEvent],
        *,
        signer: Signer | None = None,
        signers: Mapping[UUID, Signer] | None = None,
        salts: Mapping[UUID, bytes] | None = None,
        custody: CustodyBatch | None = None,
        tracking: Tracking | None = None,
        **unknown: Any,
    ) -> Sequence[int]:
        """Sign and append, in one transaction; returns the positions.

        ``signers``: by stream, for streams that ``signer`` does not sign. ``salts``: by stream, for the
        first event of the stream; all others are random. Raises :class:`SigningError`, and what
        :meth:`events.store.LogStore.append` raises.
        """
        if tracking is not None or unknown:
            raise TypeError("the log records neither tracking nor " + ", ".join(unknown))
        if not stored_events and custody is None:
            return []
        signed = [self._sign(event, signer, signers or {}, salts or {}) for event in stored_events]
        return self._store.append(signed, custody or NO_CHANGE)

    def _sign(
        self,
        event: StoredEvent,
        default: Signer | None,
        signers: Mapping[UUID, Signer],
        salts: Mapping[UUID, bytes],
    ) -> SignedEvent:
        stream_id, version, topic, state = _uuid(event), event.originator_version, event.topic, event.state
        signer = signers.get(stream_id, default)
        if signer is None:
            raise SigningError(f"事件 {topic} 没有签名人")
        message = signature_message(self._origin, stream_id, version, topic, state)
        signature = signer.sign(message)
        # What is in the log stays there, so a signer that fails must be found before, not by the verifier.
        if not (made_in_memory(signer) or _verifies(signer, message, signature)):
            raise SigningError(f"事件 {topic} 的签名无法通过验证")
        salt = salts.get(stream_id) if version <= 1 else None
        if salt is None:
            salt = self._random(SALT_BYTES)
        return SignedEvent(stream_id, version, topic, state, salt, signer.key_id, signature)

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> list[StoredEvent]:
        entries = self._store.stream(UUID(str(originator_id)), gt=gt, lte=lte, desc=desc, limit=limit)
        return [StoredEvent(e.stream_id, e.stream_version, e.topic, e.state) for e in entries]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> list[Notification]:
        first = 1 if start is None else start if inclusive_of_start else start + 1
        return self._store.notifications(first, limit, stop, topics)

    def max_notification_id(self) -> int | None:
        return self._store.size() or None

    def subscribe(self, gt: int | None = None, topics: Sequence[str] = ()) -> LogSubscription:
        return LogSubscription(self, self._store, gt, topics)


class LogSubscription(Subscription[LogRecorder]):
    """Yields notifications for ever, waiting on the caller's thread when there are none, until stopped."""

    def __init__(self, recorder: LogRecorder, store: LogStore, gt: int | None, topics: Sequence[str]) -> None:
        super().__init__(recorder, gt, topics)
        self._store = store
        self._seen = gt or 0
        self._fetched: list[Notification] = []

    def stop(self) -> None:
        super().stop()
        self._store.wake_waiters()

    def __next__(self) -> Notification:
        while not self._fetched and not self._has_been_stopped:
            size = self._store.size()
            fetched = self._recorder.select_notifications(
                self._seen, SUBSCRIPTION_LIMIT, size, self._topics, inclusive_of_start=False
            )
            self._fetched = fetched[::-1]
            # Up to the last one fetched; or, when no more are of these topics, up to where the log was.
            self._seen = fetched[-1].id if len(fetched) == SUBSCRIPTION_LIMIT else max(self._seen, size)
            if not fetched:
                self._store.wait_beyond(self._seen, SUBSCRIPTION_SECONDS, lambda: self._has_been_stopped)
        if self._has_been_stopped:
            raise StopIteration
        return self._fetched.pop()


def _verifies(signer: Signer, message: bytes, signature: bytes) -> bool:
    return signer.key_id == key_id_of(signer.public_key) and is_signed_by(signer.public_key, message, signature)


def _uuid(event: StoredEvent) -> UUID:
    if not isinstance(event.originator_id, UUID):
        raise TypeError("a stream of the log is named by a UUID")
    return event.originator_id
