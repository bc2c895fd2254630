"""What the use cases of openings look up: a report's openings, the seals and people concerned, statement hashes."""

from __future__ import annotations

import hashlib
from uuid import UUID

from events.model import Sealing
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.intake import ReportReceived
from events.vocabulary.streams import correspondence_id, opening_id
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.clue import Clue
from supervision.domain.codes import Role
from supervision.domain.opening import InCase, Opening, Shares
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.openings.request_file import statement
from supervision.sealing.opening import Opener

EPHEMERAL = "opening"
"""Kind of the working state that keeps ephemeral keys, each sealed to its requester."""


def ephemeral_name(ephemeral_key: str) -> bytes:
    """Where the working state keeps an ephemeral key (Base64 of its public half), 32 bytes."""
    return hashlib.sha256(f"supervision/opening/v1\0{ephemeral_key}".encode()).digest()


def openings_of(desk: Desk, report_id: UUID) -> list[Opening]:
    """All openings of a report, the oldest first, from the log itself."""
    found: list[Opening] = []
    while events := desk.ledger.events_of(stream := opening_id(report_id, len(found) + 1)):
        found.append(Opening.replay(stream, events))
    return found


def opener_of(desk: Desk, opening: Opening) -> Opener:
    """Of the sealing that holds the shares, as they were held when it was asked for. Raises Refused."""
    asked = opening.asked
    events = desk.ledger.events_of(UUID(asked.sealed_stream))
    sealing = getattr(events[asked.sealed_version - 1], "sealing", None)
    if not isinstance(sealing, Sealing):
        raise Refused("manifest", "本件按未知的密钥清单密封，不能启封；请管理员核对密钥清单。")
    return desk.opener(sealing, UUID(asked.sealed_stream), before=desk.log.position_of(opening.id, 1) or 0)


def approval_of(desk: Desk, opening: Opening) -> str:
    """Statement hash (hex) of the approval."""
    return statement_of(desk, opening, opening.approved_version)


def case_of(desk: Desk, opening: Opening) -> InCase:
    """Who is bound up with the report of an opening, as it stands now."""
    report = desk.report(opening.report)
    return InCase.of(report, desk.clue_of(report))


def roles_on(desk: Desk, officer: OfficerSession, report: Report, clue: Clue | None) -> frozenset[Role]:
    """In which of his roles the officer has to do with the report."""
    held = {
        Role.PETITION_HEAD: officer.office == report.office,
        Role.INSPECTOR: clue is not None and officer.officer in clue.assigned,
        Role.CASE_REVIEWER: clue is not None and same_body(desk, officer, report),
        Role.INTERNAL_SUPERVISOR: same_body(desk, officer, report),
    }
    return frozenset(role for role, mine in held.items() if mine and officer.has(role))


def same_body(desk: Desk, officer: OfficerSession, report: Report) -> bool:
    """Whether he works for the body that has the report."""
    return desk.settings.office(officer.office).host == desk.settings.office(report.office).host


def shares_in(desk: Desk, report_id: UUID, addition: int) -> Shares:
    """The event that holds the shares of the report, or of one of its additions. Raises Refused."""
    if gone := desk.report(report_id).identity_tombstone:
        raise Refused("destroyed", gone)
    stream = correspondence_id(report_id) if addition else report_id
    kind = SupplementReceived if addition else ReportReceived
    found = [event for event in desk.ledger.events_of(stream) if isinstance(event, kind)]
    try:
        event = found[max(addition - 1, 0)]
    except IndexError:
        raise Refused("not_found", "没有这件举报或者补充材料；请从列表重新打开。") from None
    sealing = desk.opener(event.sealing, stream).in_force
    return Shares(stream_id=stream, version=event.originator_version, sealing=sealing)


def statement_of(desk: Desk, opening: Opening, version: int) -> str:
    """Statement hash (hex) of an event of the opening."""
    (entry,) = desk.log.stream(opening.id, gt=version - 1, lte=version)
    return statement(desk.manifest.origin, entry)
