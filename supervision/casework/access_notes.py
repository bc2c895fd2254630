"""Writing down in an officer's access stream what he looks at, before he sees it (E-02)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from events.ledger import Conflict
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.access import AccessLog
from supervision.domain.aggregate import Stamp
from supervision.domain.refusal import Refused

ATTEMPTS = 5


def note_list(desk: Desk, officer: OfficerSession) -> None:
    """The officer opens titles of a list."""
    _note(desk, officer, lambda log, stamp, day: log.show_list(stamp, day))


def note_opened(desk: Desk, officer: OfficerSession, report_id: UUID) -> None:
    """The officer opens the content of a report, or of a sealed report."""
    _note(desk, officer, lambda log, stamp, day: log.open_content(stamp, report_id, day))


def note_original(desk: Desk, officer: OfficerSession, report_id: UUID) -> None:
    """The officer opens the original behind a de-identified version."""
    _note(desk, officer, lambda log, stamp, day: log.open_original(stamp, report_id, day))


def note_query(desk: Desk, officer: OfficerSession, report_id: UUID) -> None:
    """The officer looks up earlier reports on the same people. Raises Refused beyond his daily limit."""
    per_day = desk.rulebook.index.per_day
    _note(desk, officer, lambda log, stamp, day: log.query_index(stamp, report_id, day, per_day))


def note_rekeyed(desk: Desk, officer: OfficerSession) -> None:
    """The officer gives the index of his office another key."""
    _note(desk, officer, lambda log, stamp, day: log.rekey_index(stamp, day))


def _note(desk: Desk, officer: OfficerSession, add: Callable[[AccessLog, Stamp, str], None]) -> None:
    """Add to the officer's access stream; two of his pages may do so at once."""
    for _ in range(ATTEMPTS):
        now = desk.clock()
        day = now.date().isoformat()
        log = desk.access_log(officer.officer, day)
        add(log, desk.stamp(officer), day)
        try:
            desk.record(officer.signer, log)
            return
        except Conflict:
            continue
    raise Refused("busy", "查看记录暂时写不进日志，因此没有打开内容；请稍后再试。")
