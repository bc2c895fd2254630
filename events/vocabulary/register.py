"""The register of an office and year: one event a number, so gap-free by the stream's own version (A-10)."""

from dataclasses import dataclass

from events.model import ActedEvent
from events.topics import topic


@topic("register.number_assigned.v1")
@dataclass(frozen=True, kw_only=True)
class NumberAssigned(ActedEvent):
    """``serial`` equals the stream version, from 1. ``subject``: stream id of what was numbered."""

    kind: str
    year: int
    serial: int
    number: str
    subject: str
