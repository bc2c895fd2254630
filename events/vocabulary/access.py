"""What officers looked at: one event an officer, object and day, in the officer's own stream (E-02)."""

from dataclasses import dataclass

from events.model import ActedEvent
from events.topics import topic


@topic("access.list_shown.v1")
@dataclass(frozen=True, kw_only=True)
class ListShown(ActedEvent):
    """Titles of a queue were opened on this day (ISO date)."""

    day: str


@topic("access.content_opened.v1")
@dataclass(frozen=True, kw_only=True)
class ContentOpened(ActedEvent):
    """The content of a report was opened on this day (ISO date)."""

    report: str
    day: str
