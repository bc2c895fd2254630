"""The blind index over those reported: who was reported before, and what came of it (A-14). None over reporters.

Tags are made in the session of an officer of the receiving office, when the first of them opens a report, with a key
that comes from the office's own (:mod:`supervision.sealing.blind_index`). A question is always about the people of one
report that the officer has before him: there is no way to ask for a name. It is limited and written down; what a tag
finds is opened and compared in the same session, so nobody is mixed up with somebody whose tag is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from events.vocabulary.report import ReportClosed
from supervision.casework.access_notes import note_opened, note_query, note_rekeyed
from supervision.casework.actions import Case
from supervision.casework.content import PETITION_ROLES, ContentReader, ReportContent
from supervision.casework.desk import Desk
from supervision.casework.officer_session import OfficerSession
from supervision.domain.blind_index import Likeness
from supervision.domain.codes import Disposition, ReportState, Result, Role
from supervision.domain.people import Respondent
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.sealing.blind_index import SALT_LENGTH, IndexKey
from supervision.sealing.errors import SealingError

REFILLED_AT_ONCE = 200
"""Reports that one press of the button enters again after the key was changed."""


@dataclass(frozen=True, kw_only=True)
class Hit:
    """An earlier report on at least one of the same people. Always with what came of it.

    ``result``, ``disposition``: "" as long as there is none; then ``state`` says how far it has come.
    """

    report: UUID
    number: str
    received_on: date
    likeness: Likeness
    state: ReportState
    disposition: str
    result: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """``hits``: the closest first, then the latest. ``entered``: reports that the office's index speaks for."""

    hits: tuple[Hit, ...]
    entered: int


def enter(desk: Desk, officer: OfficerSession, report: Report, content: ReportContent) -> None:
    """Take a report in, once, when an officer of the office that has it opens it."""
    if not may_ask(officer, report) or report.state is ReportState.SEALED or desk.index.has(report.office, report.id):
        return
    if _forgotten(desk, report):
        return
    key = _key(desk, officer)
    terms = filter(None, map(desk.rulebook.index.term, _people(content.respondents)))
    desk.index.enter(report.office, report.id, map(key.tag, terms))


def earlier_reports(desk: Desk, officer: OfficerSession, case: Case) -> Answer:
    """Earlier reports on those whom this one names. Raises Refused: not his to ask, or asked too often today."""
    report = case.report
    report.refuse_excluded(officer.officer)
    if not may_ask(officer, report):
        raise Refused("not_yours", "以往反映由本件受理单位的人员查询；请联系信访室。")
    people = _people(ContentReader(desk, officer, report, case.clue).respondents())
    note_query(desk, officer, report.id)
    rules, key = desk.rulebook.index, _key(desk, officer)
    tags = [key.tag(question) for one in people for question in rules.questions(one)]
    found = (_compared(desk, officer, people, other) for other in desk.index.reports(report.office, tags))
    hits = [hit for hit in found if hit is not None and hit.report != report.id]
    hits.sort(key=lambda hit: (hit.likeness, hit.received_on, hit.number), reverse=True)
    return Answer(hits=tuple(hits), entered=desk.index.count(report.office))


def forget(desk: Desk, report_id: UUID) -> None:
    """The report's tags go: it goes up under seal, or its content is destroyed.

    To be called before that is recorded: a crash in between loses tags, which come again, and never leaves them.
    """
    desk.index.forget(report_id)


def rekey(desk: Desk, officer: OfficerSession) -> None:
    """Empty the index of the officer's office and give it another key. Raises Refused."""
    officer.require(Role.PETITION_HEAD)
    _key(desk, officer)
    note_rekeyed(desk, officer)
    desk.index.rekey(officer.office, desk.rng(SALT_LENGTH))


def refill(desk: Desk, officer: OfficerSession, reports: Sequence[UUID]) -> int:
    """Enter some ``reports`` of the officer's office that are not in the index; how many were. Raises Refused.

    At most :data:`REFILLED_AT_ONCE`; each is an opening of its content and recorded as one.
    """
    officer.require(Role.PETITION_HEAD)
    done = 0
    for report_id in reports:
        if done == REFILLED_AT_ONCE:
            break
        try:
            report = desk.report(report_id)
            reader = ContentReader(desk, officer, report, desk.clue_of(report))
            note_opened(desk, officer, report_id)
            enter(desk, officer, report, reader.read())
        except (Refused, SealingError):
            continue  # excluded, gone up, or damaged: not his to enter
        done += desk.index.has(officer.office, report_id)
    return done


def may_ask(officer: OfficerSession, report: Report) -> bool:
    """Whether the report lies with the officer's own office, which enters it and asks about those it names."""
    return officer.office == report.office and officer.has(*PETITION_ROLES)


def _key(desk: Desk, officer: OfficerSession) -> IndexKey:
    office_key = officer.office_keys.get(officer.office)
    if office_key is None:
        raise Refused("no_key", "您的会话中没有本单位的密钥；请本单位密钥持有人为您授予后再办理。")
    salt = desk.index.salt(officer.office, desk.rng(SALT_LENGTH))
    return IndexKey(office_key, desk.manifest.origin, officer.office, salt)


def _people(told: Sequence[Mapping[str, Any]]) -> list[Respondent]:
    known = Respondent.__dataclass_fields__
    return [Respondent(**{name: one.get(name) or "" for name in known}) for one in told]


def _compared(desk: Desk, officer: OfficerSession, people: Sequence[Respondent], other: UUID) -> Hit | None:
    """The candidate as a hit, None where it is about others, not to be held against them, or not for him to see."""
    try:
        report = desk.report(other)
        clue = desk.clue_of(report)
        if not may_ask(officer, report) or report.state is ReportState.SEALED or _forgotten(desk, report):
            desk.index.forget(other)
            return None
        named = _people(ContentReader(desk, officer, report, clue).respondents())
    except (Refused, SealingError):
        return None
    likeness = desk.rulebook.index.closest(people, named)
    if likeness is None:
        return None
    return Hit(
        report=other,
        number=report.number or report.reference,
        received_on=date.fromisoformat(report.received_at[:10]),
        likeness=likeness,
        state=report.state,
        disposition=Disposition(clue.disposition).label if clue and clue.disposition else "",
        result=Result(report.result).label if report.result else "",
    )


def _forgotten(desk: Desk, report: Report) -> bool:
    """Whether its result is such that it is not held against anybody any more (失实 expires)."""
    if not report.result:
        return False
    closed = [event for event in desk.ledger.events_of(report.id) if isinstance(event, ReportClosed)]
    closed_on = date.fromisoformat(closed[-1].occurred_at[:10]) if closed else None
    return desk.rulebook.index.forgotten(report.result, closed_on, desk.clock().date())
