"""The projection of officers: who works where, with which duties, and which offices' keys he holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Column, Connection, Index, Integer, Table, Uuid

from events.model import ActedEvent
from events.vocabulary import officer
from projections.ports import Recorded
from projections.projection import Built, Projection
from projections.rows import Rows
from projections.shapes import SHAPES, Bound, Code, Layout, Texts

OFFICER = Table(
    "officer",
    SHAPES,
    Column("officer", Code, primary_key=True),
    Column("stream_id", Uuid, nullable=False, unique=True),
    Column("version", Integer, nullable=False),
    Column("name", Code, nullable=False),
    Column("office", Code, nullable=False),
    Column("roles", Texts, nullable=False),
    Column("enrolled", Boolean, nullable=False),
    Column("departed", Boolean, nullable=False),
    Column("holds", Texts, nullable=False),
    Column("recovered", Boolean, nullable=False),
    Column("vouched", Texts, nullable=False),
    Column("second_factor", Boolean, nullable=False),
    Column("change", Code, nullable=False),
    Column("proposer", Code, nullable=False),
    Index("office_name", "office", "name"),
)

CEREMONY = "ceremony"
"""Whose appointments give duties at once."""

LAYOUT = Layout("officers", 2, (OFFICER,))


@dataclass(frozen=True, kw_only=True)
class OfficerRow:
    """An officer. ``holds``: offices whose content key was granted to him; ``roles``: codes of ``Role``.

    ``recovered``: his keys were replaced after a lost passphrase; ``vouched``: offices whose key the first of two
    holders has proposed to give him again. ``change``: code of what an administrator, ``proposer``, proposed for him.
    """

    officer: str
    stream_id: UUID
    version: int
    name: str
    office: str
    roles: tuple[str, ...]
    enrolled: bool = False
    departed: bool = False
    holds: tuple[str, ...] = ()
    recovered: bool = False
    vouched: tuple[str, ...] = ()
    second_factor: bool = False
    change: str = ""
    proposer: str = ""


class OfficersWriter:
    """See :class:`projections.projection.Writer`."""

    erased = False

    def __init__(self, connection: Connection, tables: Bound) -> None:
        self._officers: Rows[UUID, OfficerRow] = Rows(connection, tables[OFFICER], OfficerRow, "stream_id")

    def preload(self, batch: Sequence[Recorded]) -> None:
        self._officers.preload(r.event.originator_id for r in batch if r.event.TOPIC.startswith("officer."))

    def apply(self, recorded: Recorded) -> None:
        event = recorded.event
        if not isinstance(event, ActedEvent) or not event.TOPIC.startswith("officer."):
            return
        row = self._officers.one(event.originator_id)
        if isinstance(event, officer.OfficerAppointed):
            row = OfficerRow(
                officer=event.officer,
                stream_id=event.originator_id,
                version=event.originator_version,
                name=event.name,
                office=event.home_office,
                roles=event.roles if event.actor == CEREMONY else (),
                change="" if event.actor == CEREMONY else "roles",
                proposer=event.actor,
            )
        if row is not None:
            row = replace(row, version=event.originator_version, **_changes(row, event))
            self._officers.put(row.stream_id, row)

    def flush(self) -> None:
        self._officers.flush()


def _changes(row: OfficerRow, event: ActedEvent) -> dict[str, Any]:
    match event:
        case officer.OfficerEnrolled():
            return {"enrolled": True}
        case officer.OfficerReinvited():
            return {
                "enrolled": False,
                "recovered": True,
                "holds": (),
                "vouched": (),
                "change": "",
                "second_factor": False,
            }
        case officer.RegrantProposed():
            return {"vouched": tuple(sorted({*row.vouched, event.key_office}))}
        case officer.ChangeProposed():
            return {"change": event.change, "proposer": event.actor}
        case officer.ChangeRefused():
            return {"change": ""}
        case officer.SecondFactorSet():
            return {"second_factor": True}
        case officer.SecondFactorReset():
            return {"second_factor": False, "change": ""}
        case officer.OfficeKeyGranted():
            return {
                "holds": tuple(sorted({*row.holds, event.key_office})),
                "vouched": tuple(one for one in row.vouched if one != event.key_office),
            }
        case officer.OfficeKeyWithdrawn():
            return {"holds": tuple(held for held in row.holds if held != event.key_office)}
        case officer.OfficerRolesChanged():
            return {"office": event.home_office, "roles": event.roles, "change": ""}
        case officer.OfficerDeparted():
            return {"departed": True, "change": ""}
    return {}


PROJECTION: Projection = Built(LAYOUT, OfficersWriter)
