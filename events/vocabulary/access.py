"""What officers looked at, in each officer's own stream of the day (E-02).

Lists and contents once a day; originals behind a de-identified version and questions to the index every time.
"""

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


@topic("access.original_opened.v1")
@dataclass(frozen=True, kw_only=True)
class OriginalOpened(ActedEvent):
    """The original behind a report's de-identified version was opened on this day (ISO date); every time is one."""

    report: str
    day: str


@topic("access.index_queried.v1")
@dataclass(frozen=True, kw_only=True)
class IndexQueried(ActedEvent):
    """Earlier reports on those whom ``report`` names were looked up on this day (ISO date); every time is one.

    For whom: those who are named in that report, and nobody else can be asked for. No name and no tag stands here.
    """

    report: str
    day: str


@topic("access.index_rekeyed.v1")
@dataclass(frozen=True, kw_only=True)
class IndexRekeyed(ActedEvent):
    """The index over those reported of the actor's office was emptied and given another key on this day (ISO date)."""

    day: str
