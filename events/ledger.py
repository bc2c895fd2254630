"""The ledger: the application that every command writes through.

An ``Application`` of the ``eventsourcing`` library without its snapshots, cipher and compressor: a snapshot
is an unproved copy of the truth, and what is sealed is sealed before it comes here. States are canonical
JSON, topics are names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from eventsourcing.utils import Environment, EnvType

from events.canonical import decode_object, encode
from events.custody import CustodyBatch
from events.model import Event, from_state, to_state
from events.recorder import LogRecorder, SigningError
from events.sequencer import Conflict
from events.signing import Signer
from events.store import LogStore
from events.topics import current, topic_of

__all__ = ["Conflict", "Ledger", "RecordedEvent", "SigningError"]


class Recordable(Protocol):
    """What has pending events, in particular an aggregate."""

    def collect_events(self) -> Sequence[Event]: ...


@dataclass(frozen=True)
class RecordedEvent:
    """An event and where it is. ``recorded_at``: Unix seconds, full hours; ``key_id``: 32 bytes."""

    position: int
    recorded_at: int
    key_id: bytes
    event: Event


class EventMapper(Mapper[UUID]):
    """Between our events and the library's stored events."""

    def __init__(self) -> None:
        super().__init__(transcoder=JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[UUID]) -> StoredEvent:
        """Raises ``TypeError`` for what is no :class:`Event`, ``ValueError`` for one that cannot be kept."""
        if not isinstance(domain_event, Event):
            raise TypeError(f"{type(domain_event).__qualname__} is not an event of this log")
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=topic_of(domain_event),
            state=encode(to_state(domain_event)),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> Event:
        """The event in its newest version. Raises ``ValueError`` for an unknown topic or a damaged state."""
        return _event(
            UUID(str(stored_event.originator_id)),
            stored_event.originator_version,
            stored_event.topic,
            stored_event.state,
        )


def _event(stream_id: UUID, version: int, topic: str, state: bytes) -> Event:
    event_class, current_state = current(topic, decode_object(state))
    return from_state(event_class, stream_id, version, current_state)


class Ledger(Application[UUID]):
    """Write and read events of the log called ``origin`` in ``store``, which must have been opened.

    Raises ``ValueError`` when the store's log has another origin: signatures would be for another log.
    """

    def __init__(self, store: LogStore, origin: str) -> None:
        if store.head().origin != origin:
            raise ValueError(f"数据库中的日志名为 {store.head().origin}，与设置中的 {origin} 不同")
        self._store = store
        self._origin = origin
        super().__init__()

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """No settings of the library: an environment variable must not turn on its cipher or snapshots."""
        return Environment(name, {})

    def construct_mapper(self) -> Mapper[UUID]:
        return EventMapper()

    def construct_recorder(self) -> LogRecorder:
        return LogRecorder(self._store, self._origin)

    def record(
        self,
        *aggregates_or_events: Recordable | Event,
        signer: Signer | None = None,
        signers: Mapping[UUID, Signer] | None = None,
        salts: Mapping[UUID, bytes] | None = None,
        custody: CustodyBatch | None = None,
    ) -> int:
        """Write events, and aggregates' pending events, in this order and one transaction; the last position.

        ``signers``: by stream, for streams that ``signer`` does not sign. ``salts``: by stream, for the
        salt of its first event. ``custody``: exactly what the events say of sealed material. With nothing
        to write it returns the last position there is.

        Raises :class:`Conflict` when a stream has grown since it was read; then nothing was written, and
        aggregates must be loaded again. Raises :class:`SigningError`, :class:`events.custody.CustodyError`,
        ``ValueError`` for what can never be written.
        """
        events: list[Event] = []
        for source in aggregates_or_events:
            events.extend([source] if isinstance(source, Event) else source.collect_events())
        recordings = self.events.put(events, signer=signer, signers=signers, salts=salts, custody=custody)
        return recordings[-1].notification.id if recordings else self.head()

    def events_of(self, stream_id: UUID) -> list[Event]:
        """All events of a stream, in order; empty for an unknown stream."""
        return [_event(e.stream_id, e.stream_version, e.topic, e.state) for e in self._store.stream(stream_id)]

    def stored(self, start: int, limit: int, topics: Sequence[str] = ()) -> list[RecordedEvent]:
        """At most ``limit`` events from position ``start`` on, only of ``topics`` (as stored) if given."""
        return [
            RecordedEvent(
                position,
                entry.recorded_at,
                entry.key_id,
                _event(entry.stream_id, entry.stream_version, entry.topic, entry.state),
            )
            for position, entry in self._store.entries(start, limit, topics=topics)
        ]

    def head(self) -> int:
        """Last position, 0 when the log is empty."""
        return self._store.size()

    def wait_beyond(self, position: int, timeout: float) -> bool:
        """Whether there is an event beyond ``position``, after waiting for it at most ``timeout`` seconds."""
        return self._store.wait_beyond(position, timeout)
