"""Looking at content as a use case: it is written down before it is shown (E-02).

Each object counts at most once a day for an officer, so his access stream tells what he looked at and stays short; what
is out of the ordinary counts every time. The first of the office to open a report enters those it names in the index.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from supervision.casework.access_notes import note_list, note_opened
from supervision.casework.actions import Case
from supervision.casework.blind_index import enter
from supervision.casework.content import ContentReader, EvidenceFile, ReportContent
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.refusal import Refused
from supervision.sealing.errors import SealingError
from supervision.sealing.files import OpenedFile


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
        note_list(desk, officer)
    return opened


def content(desk: Desk, officer: OfficerSession, case: Case) -> ReportContent:
    """Everything that the officer may read of a report. Raises :class:`Refused`."""
    reader = ContentReader(desk, officer, case.report, case.clue)
    note_opened(desk, officer, case.report.id)
    opened = reader.read()
    enter(desk, officer, case.report, opened)
    return opened


def evidence(
    desk: Desk, officer: OfficerSession, case: Case, *, version: int, number: int, of_report: bool
) -> tuple[EvidenceFile, OpenedFile]:
    """The cleaned copy of a file; the caller closes it. ``version``: of the event that it came with. Raises Refused."""
    reader = ContentReader(desk, officer, case.report, case.clue)
    note_opened(desk, officer, case.report.id)
    return reader.file(version, number, of_report=of_report)
