"""The projection of contacts (联络): where each use of a contact compartment stands and whose turn it is.

For queues and lists. What is decided is decided on the stream itself; number and address are in neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, Date, Index, Integer, Table, Uuid

from events.model import ActedEvent
from events.vocabulary import contact
from projections.ports import Recorded
from projections.projection import Built, Projection, day_of, day_written, stream_named
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Layout, Texts

CONTACT = Table(
    "contact",
    SHAPES,
    Column("contact_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("report_id", Uuid),
    Column("requester", Code, nullable=False),
    Column("office", Code, nullable=False),
    Column("purpose", Code, nullable=False),
    Column("state", Code, nullable=False),
    Column("requested_on", Date, nullable=False),
    Column("expires_on", Date, nullable=False),
    Column("m", Integer, nullable=False),
    Column("contributed", Texts, nullable=False),
    Column("relay", Code, nullable=False),
    Column("used_on", Date),
    Column("outcome", Code, nullable=False),
    Column("way", Code, nullable=False),
    Column("concluded_on", Date),
    Index("report_id", "report_id", "requested_on", "contact_id"),
    Index("state", "state", "requested_on", "contact_id"),
    Index("relay", "relay", "state"),
)

LAYOUT = Layout("contacts", 1, (CONTACT,))


@dataclass(frozen=True, kw_only=True)
class ContactRow:
    """A use of a contact compartment. ``state``: a code of ``ContactState``; ``office``: of the requester.

    ``contributed``: officer ids of relay officers; ``relay``: who looked, "" before. ``outcome``, ``way``: codes, ""
    before they are known; ``concluded_on``: day on which the reporter was contacted, as the relay officer states it.
    """

    contact_id: UUID
    version: int
    report_id: UUID | None
    requester: str
    office: str
    purpose: str
    state: str = "requested"
    requested_on: date
    expires_on: date
    m: int
    contributed: tuple[str, ...] = ()
    relay: str = ""
    used_on: date | None = None
    outcome: str = ""
    way: str = ""
    concluded_on: date | None = None

    @property
    def enough(self) -> bool:
        """Whether one more relay officer, with his own share, can use it."""
        return len(self.contributed) + 1 >= self.m


class ContactsWriter:
    """See :class:`projections.projection.Writer`."""

    erased = False

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._contacts: Rows[UUID, ContactRow] = Rows(connection, tables[CONTACT], ContactRow, "contact_id")

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._contacts.preload(r.event.originator_id for r in batch if _concerns(r))

    def apply(self, recorded: Recorded) -> None:
        event = recorded.event
        if not _concerns(recorded) or not isinstance(event, ActedEvent):
            return
        row = _begun(event) or self._contacts.one(event.originator_id)
        if row is not None:
            row = replace(row, version=event.originator_version, **_changes(row, event))
            self._contacts.put(row.contact_id, row)

    def flush(self) -> None:
        self._contacts.flush()


def _concerns(recorded: Recorded) -> bool:
    return recorded.event.TOPIC.startswith("contact.")


def _begun(event: ActedEvent) -> ContactRow | None:
    if not isinstance(event, contact.ContactRequested):
        return None
    return ContactRow(
        contact_id=event.originator_id,
        version=event.originator_version,
        report_id=stream_named(event.report),
        requester=event.actor,
        office=event.office,
        purpose=event.purpose,
        requested_on=day_of(event),
        expires_on=day_written(event.expires_on, event),
        m=event.m,
    )


def _changes(row: ContactRow, event: ActedEvent) -> dict[str, Any]:
    match event:
        case contact.ContactContributed():
            return {"contributed": (*row.contributed, event.actor)}
        case contact.ContactUsed():
            return {"state": "used", "relay": event.actor, "used_on": day_of(event)}
        case contact.ContactConcluded():
            return {
                "state": "concluded",
                "outcome": event.outcome,
                "way": event.way,
                "concluded_on": day_written(event.on, event),
            }
        case contact.ContactClosed():
            return {"state": "closed"}
    return {}


PROJECTION: Projection = Built(LAYOUT, ContactsWriter)
