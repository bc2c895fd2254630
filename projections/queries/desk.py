"""An officer's desk: the queue of what waits, in order, and the numbers above it.

Every queue is cut into *slices*, each a range of one index in queue order (for a role in an office, for a priority,
for a state). A page reads the head of each slice and merges them, so what it costs depends on the page, not on
the length of the queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum
from heapq import merge
from itertools import islice, product

from sqlalchemy import ColumnElement, Select, select, true

from projections.awaiting import INSPECTOR
from projections.queries.cases import original_request_count
from projections.queries.messages import draft_count
from projections.queries.notices import notice_count
from projections.queries.paging import COUNTED_TO, Count, Page, count_some, fetch, page_of
from projections.queries.sealed import open_sealed_count
from projections.queries.viewer import Viewer, not_excluded
from projections.report_row import (
    FINISHED,
    NAMED,
    ORDINARY,
    REPORT,
    REPORT_HANDLER,
    URGENT,
    URGENT_NAMED,
    ReportRow,
)
from projections.store import Reader


class Scope(Enum):
    """Which reports a queue is made of."""

    MINE = "mine"
    """Those whose next step is the viewer's."""

    OFFICES = "offices"
    """All that the viewer's offices have to do with."""

    HANDLED = "handled"
    """Those of which the viewer is a handler, whoever has the next step."""


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Narrows a queue. None means either; ``overdue_on``: due before that day.

    Finished reports, whose next step is nobody's, are in a queue only when their ``state`` is asked for.
    """

    state: str = ""
    urgent: bool | None = None
    named: bool | None = None
    overdue_on: date | None = None


@dataclass(frozen=True)
class Dashboard:
    """Numbers above the queue.

    ``awaiting``, ``urgent``, ``overdue``: reports whose next step is the viewer's. ``notices``: reporters to be told.
    ``drafts``: free texts for a second officer. ``sealed``: sealed reports that have not gone up.
    ``originals``: reports whose handlers ask to see the original.
    """

    awaiting: Count
    urgent: Count
    overdue: Count
    notices: Count
    drafts: Count
    sealed: Count
    originals: Count


ALL = Filter()


def queue(
    reader: Reader,
    viewer: Viewer,
    scope: Scope = Scope.MINE,
    only: Filter = ALL,
    after: str = "",
    limit: int = 50,
) -> Page[ReportRow]:
    """Reports in the order urgent, named, due. ``after``: :attr:`Page.next` of the page before."""
    heads = [fetch(reader, part.limit(limit + 1), ReportRow) for part in _slices(reader, viewer, scope, only, after)]
    merged = merge(*heads, key=lambda row: row.queue_key)
    rows = list(islice(_without_repeats(merged), limit + 1))
    return page_of(rows, limit, (row.queue_key for row in rows))


def dashboard(reader: Reader, viewer: Viewer, today: date) -> Dashboard:
    """The numbers of the viewer's own queue. ``today``: in Asia/Shanghai."""

    def number(only: Filter = ALL) -> Count:
        # Slices of one's own queue have no report in common, so their counts add up.
        total = 0
        for part in _slices(reader, viewer, Scope.MINE, only, ""):
            total += count_some(reader, part)
            if total > COUNTED_TO:
                break
        return Count.of(total)

    return Dashboard(
        awaiting=number(),
        urgent=number(Filter(urgent=True)),
        overdue=number(Filter(overdue_on=today)),
        notices=notice_count(reader, viewer),
        drafts=draft_count(reader, viewer),
        sealed=open_sealed_count(reader, viewer),
        originals=original_request_count(reader, viewer),
    )


def _without_repeats(rows: Iterator[ReportRow]) -> Iterator[ReportRow]:
    """A report may lie in several slices: an office can have received it and handle it."""
    last = ""
    for row in rows:
        if row.queue_key != last:
            yield row
        last = row.queue_key


def _slices(reader: Reader, viewer: Viewer, scope: Scope, only: Filter, after: str) -> Iterator[Select]:
    report = reader[REPORT].c
    conditions = {Scope.MINE: _awaiting, Scope.OFFICES: _of_offices, Scope.HANDLED: _handled}
    wheres = conditions[scope](reader, viewer)
    state = report.state == only.state if only.state else true()
    for where, (low, high) in product(wheres, _ranges(only)):
        if high > after:
            yield (
                select(reader[REPORT])
                .where(where, state, report.queue_key > max(low, after), report.queue_key < high)
                .where(not_excluded(reader, viewer.officer, report.report_id))
                .order_by(report.queue_key)
            )


def _awaiting(reader: Reader, viewer: Viewer) -> Iterator[ColumnElement[bool]]:
    """What waits for him: one condition for each role and office, and for handling only what is his."""
    report = reader[REPORT].c
    for role in viewer.acting_roles:
        if role == INSPECTOR:
            yield from ((report.awaiting_role == role) & his for his in _handled(reader, viewer))
        elif viewer.offices is None:
            yield report.awaiting_role == role
        else:
            for office in sorted(viewer.offices):
                yield (report.awaiting_role == role) & (report.awaiting_office == office)


def _handled(reader: Reader, viewer: Viewer) -> Iterator[ColumnElement[bool]]:
    handler = reader[REPORT_HANDLER].c
    yield reader[REPORT].c.report_id.in_(select(handler.report_id).where(handler.officer == viewer.officer))


def _of_offices(reader: Reader, viewer: Viewer) -> Iterator[ColumnElement[bool]]:
    report = reader[REPORT].c
    if viewer.offices is None:
        yield true()
        return
    for column, office in product((report.office, report.department, report.notified_office), sorted(viewer.offices)):
        yield column == office


def _ranges(only: Filter) -> Iterator[tuple[str, str]]:
    """Ranges of the queue key, exclusive: the priorities asked for, as far as overdue ones are."""
    wanted = {URGENT_NAMED: (True, True), URGENT: (True, False), NAMED: (False, True), ORDINARY: (False, False)}
    for priority, (urgent, named) in wanted.items():
        if only.urgent in (None, urgent) and only.named in (None, named):
            until = f"|{only.overdue_on}" if only.overdue_on else "~"
            yield f"{priority}|", f"{priority}{until}"
    if only.state and only.urgent is None and only.named is None and only.overdue_on is None:
        yield f"{FINISHED}|", f"{FINISHED}~"
