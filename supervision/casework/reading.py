"""Looking at content as a use case: it is written down before it is shown (E-02).

Each object counts at most once a day for an officer, so his access stream tells what he looked at and stays short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from uuid import UUID

from events.ledger import Conflict
from supervision.casework.actions import Case
from supervision.casework.content import ContentReader, EvidenceFile, ReportContent
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.access import AccessLog
from supervision.domain.aggregate import Stamp
from supervision.domain.refusal import Refused
from supervision.sealing.errors import SealingError
from supervision.sealing.files import OpenedFile

ATTEMPTS = 5


def titles(desk: Desk, officer: OfficerSession, report_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The titles of those of the reports that the officer may read and has the key of.

    One that is damaged is left out: that is for ``verify`` to tell, and a list must go on.
    """
    opened: dict[UUID, str] = {}
    for report_id in report_ids:
        try:
            report = desk.report(report_id)
            opened[report_id] = ContentReader(desk, officer, report, desk.clue_of(report)).title()
        except (Refused, SealingError):
            continue
    if opened:
        _note(desk, officer, lambda log, stamp, day: log.show_list(stamp, day))
    return opened


def content(desk: Desk, officer: OfficerSession, case: Case) -> ReportContent:
    """Everything that the officer may read of a report. Raises :class:`Refused`."""
    reader = ContentReader(desk, officer, case.report, case.clue)
    note_opened(desk, officer, case.report.id)
    return reader.read()


def evidence(
    desk: Desk, officer: OfficerSession, case: Case, *, version: int, number: int, of_report: bool
) -> tuple[EvidenceFile, OpenedFile]:
    """The cleaned copy of a file; the caller closes it. ``version``: of the event that it came with. Raises Refused."""
    reader = ContentReader(desk, officer, case.report, case.clue)
    note_opened(desk, officer, case.report.id)
    return reader.file(version, number, of_report=of_report)


def note_opened(desk: Desk, officer: OfficerSession, report_id: UUID) -> None:
    """Write down that the officer opened the content of a report, or of a sealed report."""
    _note(desk, officer, lambda log, stamp, day: log.open_content(stamp, report_id, day))


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
