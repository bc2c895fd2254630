"""What a projection is: a layout, and a writer that turns a batch of events into rows within a transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Protocol
from uuid import UUID

from sqlalchemy import Connection

from events.model import ActedEvent
from events.vocabulary.sealed_report import SealedReportResealed
from projections.ports import Recorded
from projections.shapes import Bound, Layout


class Writer(Protocol):
    """Applies one batch. What it read or wrote is forgotten when the transaction fails."""

    def preload(self, batch: Sequence[Recorded]) -> None:
        """Called once, with all events of the batch: a chance to read rows in few queries."""

    def apply(self, recorded: Recorded) -> None:
        """Apply the next event; one that does not concern this projection changes nothing."""

    def flush(self) -> None:
        """Write what is still in memory."""

    @property
    def erased(self) -> bool:
        """Whether values were erased that must not linger in the database's files (A-15)."""


class Projection(Protocol):
    """A read model: :attr:`layout` says what is stored, :meth:`open` gives a writer for one transaction."""

    @property
    def layout(self) -> Layout: ...

    def open(self, connection: Connection, tables: Bound) -> Writer: ...


class Built:
    """A :class:`Projection` made of its two parts."""

    def __init__(self, layout: Layout, opener: Callable[[Connection, Bound], Writer]) -> None:
        self._layout = layout
        self._opener = opener

    @property
    def layout(self) -> Layout:
        return self._layout

    def open(self, connection: Connection, tables: Bound) -> Writer:
        return self._opener(connection, tables)


def day_of(event: ActedEvent) -> date:
    """The day in China on which it happened; ``occurred_at`` always carries +08:00."""
    return date.fromisoformat(event.occurred_at[:10])


def day_written(text: str, event: ActedEvent) -> date:
    """The ISO date, or date and time, that a field of ``event`` states; the event's own day where it states none.

    A stored event cannot be corrected, so a malformed date must not stop a projection for ever.
    """
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return day_of(event)


def original_receipt(event: SealedReportResealed) -> date:
    """The day on which a report came in that was re-sealed later; the five working days of A-15 count from it."""
    return day_written(event.received_at, event)


def stream_named(text: str) -> UUID | None:
    """The stream that a field of an event names; None for "" and for what names none.

    As with :func:`day_written`, a malformed reference must not stop a projection for ever.
    """
    try:
        return UUID(text)
    except ValueError:
        return None
