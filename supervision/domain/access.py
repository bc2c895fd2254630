"""What one officer looked at on one day: each object at most once (E-02)."""

from __future__ import annotations

from uuid import UUID

from events.vocabulary import access as facts
from supervision.domain.aggregate import Aggregate, Stamp, applies


class AccessLog(Aggregate):
    """An officer's access stream of a day."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self._seen: set[tuple[str, str]] = set()

    def show_list(self, stamp: Stamp, day: str) -> None:
        """Titles of a queue were opened; the first time of a day is recorded. ``day``: ISO date."""
        if ("", day) not in self._seen:
            self.record(facts.ListShown, stamp, day=day)

    def open_content(self, stamp: Stamp, report: UUID, day: str) -> None:
        """The content of a report was opened; the first time of a day is recorded. ``day``: ISO date."""
        if (str(report), day) not in self._seen:
            self.record(facts.ContentOpened, stamp, report=str(report), day=day)

    @applies(facts.ListShown)
    def _list_shown(self, event: facts.ListShown) -> None:
        self._seen.add(("", event.day))

    @applies(facts.ContentOpened)
    def _content_opened(self, event: facts.ContentOpened) -> None:
        self._seen.add((event.report, event.day))
