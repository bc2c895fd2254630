"""What the screens ask, as functions over a :class:`projections.store.Reader` that answer with frozen dataclasses.

Lists are paged by key: a page ends with a key and the next begins behind it, so the thousandth page costs what the
first does; a key that no page gave raises ``ValueError``. Counts stop at :data:`.COUNTED_TO`. Whoever asks on behalf of
an officer passes a :class:`.Viewer`; reports that he must not see (SoD-7) are then left out.
"""

from projections.queries.cases import (
    by_number,
    by_reference,
    is_excluded,
    may_see,
    originals_requested,
    report,
    report_of_clue,
    reports_handled_by,
    reports_of_office,
    search,
)
from projections.queries.clocks import Overdue, clocks_of, overdue
from projections.queries.clues import clue, clue_by_number, clues
from projections.queries.contacts import contacts_done, contacts_of_report, contacts_to_conclude, contacts_to_relay
from projections.queries.desk import Dashboard, Filter, Scope, dashboard, queue
from projections.queries.messages import drafts_awaiting, messages, supplements
from projections.queries.notices import notices_due
from projections.queries.officers import officer, officers
from projections.queries.openings import (
    opening,
    openings_approved,
    openings_ended,
    openings_of_report,
    openings_requested,
    openings_to_approve,
    openings_to_contribute,
    openings_to_release,
)
from projections.queries.paging import COUNTED_TO, Count, Page
from projections.queries.public import public_status
from projections.queries.retention import appraisals, everything_due, identity_due, kept
from projections.queries.sealed import sealed_by_reference, sealed_report, sealed_reports
from projections.queries.timeline import Oversight, oversight_search, timeline
from projections.queries.viewer import Viewer

__all__ = [
    "COUNTED_TO",
    "Count",
    "Dashboard",
    "Filter",
    "Overdue",
    "Oversight",
    "Page",
    "Scope",
    "Viewer",
    "appraisals",
    "by_number",
    "by_reference",
    "clocks_of",
    "clue",
    "clue_by_number",
    "clues",
    "contacts_done",
    "contacts_of_report",
    "contacts_to_conclude",
    "contacts_to_relay",
    "dashboard",
    "drafts_awaiting",
    "everything_due",
    "identity_due",
    "is_excluded",
    "kept",
    "may_see",
    "messages",
    "notices_due",
    "officer",
    "officers",
    "opening",
    "openings_approved",
    "openings_ended",
    "openings_of_report",
    "openings_requested",
    "openings_to_approve",
    "openings_to_contribute",
    "openings_to_release",
    "originals_requested",
    "overdue",
    "oversight_search",
    "public_status",
    "queue",
    "report",
    "report_of_clue",
    "reports_handled_by",
    "reports_of_office",
    "sealed_by_reference",
    "sealed_report",
    "sealed_reports",
    "search",
    "supplements",
    "timeline",
]
