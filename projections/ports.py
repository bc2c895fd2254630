"""What the projections need and do not have: the log, the key of the facts, the rules of the clocks.

They depend on ``events`` alone; whoever starts a runner passes these in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Protocol
from uuid import UUID

from events.model import Event, Sealing


class Recorded(Protocol):
    """An event where it stands in the log. ``position``: from 1; ``recorded_at``: Unix seconds, whole hours."""

    @property
    def position(self) -> int: ...

    @property
    def recorded_at(self) -> int: ...

    @property
    def event(self) -> Event: ...


class EventSource(Protocol):
    """The log, as far as reading goes; ``events.ledger.Ledger`` is one."""

    def stored(self, start: int, limit: int) -> Sequence[Recorded]:
        """At most ``limit`` events from position ``start`` on, in order."""

    def head(self) -> int:
        """Position of the last event, 0 in an empty log."""

    def wait_beyond(self, position: int, timeout: float) -> bool:
        """Wait at most ``timeout`` seconds; whether the log has grown beyond ``position``."""


class FactsOpener(Protocol):
    """Opens the ``facts`` compartment of a sealing: what the office's console may know in clear."""

    def __call__(self, stream_id: UUID, sealing: Sealing, /) -> Mapping[str, Any] | None:
        """The facts, or None where there are none, they were destroyed, or the key is not here.

        ``respondents``: list of objects with ``unit``, ``post``, ``rank``, ``area_code``, ``managed_by``;
        ``categories``: list of strings; ``jurisdiction``: code of the rules' proposal.
        """


class DueDate(Protocol):
    """The end of a clock; ``supervision.domain.calendar.Due`` is one."""

    @property
    def on(self) -> date:
        """The last day to act."""

    @property
    def raw(self) -> date:
        """The same before it moved off a rest day."""

    @property
    def provisional(self) -> bool:
        """It reaches a year whose working days are not published yet."""


class ClockRules(Protocol):
    """How long each clock runs, under one version of the rules and of the working-day calendar."""

    @property
    def version(self) -> str:
        """Changes whenever a date could; the projections with clocks are then built anew."""

    def due(self, clock_id: str, started_on: date) -> DueDate:
        """When a clock ends that was started on a day (Asia/Shanghai)."""
