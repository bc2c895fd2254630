"""What one officer looked at on one day (E-02): lists and contents at most once each, originals behind a de-identified
version and questions to the index over those reported every time."""

from __future__ import annotations

from uuid import UUID

from events.vocabulary import access as facts
from supervision.domain.aggregate import Aggregate, Stamp, applies
from supervision.domain.refusal import Refused


class AccessLog(Aggregate):
    """An officer's access stream of a day."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self._seen: set[tuple[str, str]] = set()
        self.questions = 0

    def show_list(self, stamp: Stamp, day: str) -> None:
        """Titles of a queue were opened; the first time of a day is recorded. ``day``: ISO date."""
        if ("", day) not in self._seen:
            self.record(facts.ListShown, stamp, day=day)

    def open_content(self, stamp: Stamp, report: UUID, day: str) -> None:
        """The content of a report was opened; the first time of a day is recorded. ``day``: ISO date."""
        if (str(report), day) not in self._seen:
            self.record(facts.ContentOpened, stamp, report=str(report), day=day)

    def open_original(self, stamp: Stamp, report: UUID, day: str) -> None:
        """The original behind a de-identified version was opened; every time is recorded. ``day``: ISO date."""
        self.record(facts.OriginalOpened, stamp, report=str(report), day=day)

    def query_index(self, stamp: Stamp, report: UUID, day: str, per_day: int) -> None:
        """Earlier reports on those whom a report names are looked up. Raises Refused beyond ``per_day`` questions."""
        if self.questions >= per_day:
            raise Refused("index_limit", f"您今天已查询以往反映 {per_day} 次，达到每日上限；请明天再查，或请同事查询。")
        self.record(facts.IndexQueried, stamp, report=str(report), day=day)

    def rekey_index(self, stamp: Stamp, day: str) -> None:
        """The index of the officer's office gets another key."""
        self.record(facts.IndexRekeyed, stamp, day=day)

    @applies(facts.OriginalOpened)
    def _original_opened(self, event: facts.OriginalOpened) -> None:
        """Each one counts; nothing follows from it."""

    @applies(facts.IndexQueried)
    def _index_queried(self, event: facts.IndexQueried) -> None:
        self.questions += 1

    @applies(facts.IndexRekeyed)
    def _index_rekeyed(self, event: facts.IndexRekeyed) -> None:
        """It is on record; nothing follows from it here."""

    @applies(facts.ListShown)
    def _list_shown(self, event: facts.ListShown) -> None:
        self._seen.add(("", event.day))

    @applies(facts.ContentOpened)
    def _content_opened(self, event: facts.ContentOpened) -> None:
        self._seen.add((event.report, event.day))
