"""The base of every aggregate: state rebuilt from events, decisions recorded as events.

An aggregate here satisfies what ``eventsourcing`` asks of one (``collect_events``), and nothing more of the
library reaches the domain. A command checks the state, then calls :meth:`Aggregate.record`; only the methods
marked ``@applies`` change state, so that replay and decision take the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar
from uuid import UUID

from events.model import ActedEvent, Event

E = TypeVar("E", bound=Event)
A = TypeVar("A", bound="Aggregate")


@dataclass(frozen=True, kw_only=True)
class Stamp:
    """Who acts, for which office, when (business time, ISO 8601 with offset), under which rulebook version."""

    actor: str
    office: str
    occurred_at: str
    rule_version: str

    def fields(self) -> dict[str, str]:
        return {
            "actor": self.actor,
            "office": self.office,
            "occurred_at": self.occurred_at,
            "rule_version": self.rule_version,
        }


def applies(event_class: type[E]) -> Callable[[Callable[[Any, E], None]], Callable[[Any, E], None]]:
    """Mark a method as the one that changes state for ``event_class``."""

    def mark(method: Callable[[Any, E], None]) -> Callable[[Any, E], None]:
        method.__dict__.setdefault("applied_events", []).append(event_class)
        return method

    return mark


class Aggregate:
    """A consistency boundary over one stream.

    ``id``: the stream's UUID. ``version``: number of events applied, 0 before the first.
    """

    _appliers: ClassVar[dict[type[Event], str]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls._appliers = cls._appliers | {
            event_class: name
            for name, method in cls.__dict__.items()
            for event_class in getattr(method, "applied_events", ())
        }

    def __init__(self, stream_id: UUID) -> None:
        self.id = stream_id
        self.version = 0
        self._pending: list[Event] = []

    @classmethod
    def begins_with(cls) -> tuple[type[Event], ...]:
        """The classes of the first event of such a stream; empty where any event may be the first."""
        return ()

    @classmethod
    def replay(cls, stream_id: UUID, events: Iterable[Event]) -> Self:
        """The aggregate as its stored events, in order, left it."""
        aggregate = cls(stream_id)
        for event in events:
            aggregate._apply(event)
        return aggregate

    def record(self, event_class: type[ActedEvent], stamp: Stamp, **fields: object) -> None:
        """Decide: make the next event of the stream, apply it, and keep it until it is collected."""
        event = event_class(
            originator_id=self.id,
            originator_version=self.version + 1,
            **stamp.fields(),
            **fields,  # type: ignore[arg-type]  # checked by the dataclass itself; mypy cannot see through the class argument
        )
        self._apply(event)
        self._pending.append(event)

    def collect_events(self) -> Sequence[Event]:
        """Hand over the events recorded since the last call (the library's protocol for saving)."""
        pending, self._pending = self._pending, []
        return pending

    def _apply(self, event: Event) -> None:
        if event.originator_id != self.id or event.originator_version != self.version + 1:
            raise ValueError(f"{event.TOPIC} is not the next event of stream {self.id}")
        name = self._appliers.get(type(event))
        if name is None:
            raise ValueError(f"{type(self).__name__} does not know {event.TOPIC}")
        getattr(self, name)(event)
        self.version = event.originator_version
