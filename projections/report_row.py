"""The row of a report, and the tables that go with it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Date, Index, Integer, Table, Uuid

from projections.facts import Facts, Respondent, Respondents
from projections.shapes import SHAPES, Code, Texts

REPORT = Table(
    "report",
    SHAPES,
    Column("report_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("reference", Code, nullable=False),
    Column("number", Code, nullable=False),
    Column("office", Code, nullable=False),
    Column("channel", Code, nullable=False),
    Column("line", Code, nullable=False),
    Column("received_on", Date, nullable=False),
    Column("state", Code, nullable=False),
    Column("named_claim", Boolean, nullable=False),
    Column("named_status", Code, nullable=False),
    Column("feedback_wanted", Boolean, nullable=False),
    Column("attachments", Integer, nullable=False),
    Column("announced", Integer, nullable=False),
    Column("supplements", Integer, nullable=False),
    Column("pending_drafts", Integer, nullable=False),
    Column("matter_class", Code, nullable=False),
    Column("in_scope", Boolean),
    Column("jurisdiction", Code, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("original", Uuid),
    Column("proposal", Code, nullable=False),
    Column("refusal", Code, nullable=False),
    Column("follow_up", Code, nullable=False),
    Column("target", Code, nullable=False),
    Column("department", Code, nullable=False),
    Column("notified_office", Code, nullable=False),
    Column("clue_id", Uuid),
    Column("clue_state", Code, nullable=False),
    Column("handlers", Texts, nullable=False),
    Column("result", Code, nullable=False),
    Column("return_proposer", Code, nullable=False),
    Column("bypass_proposer", Code, nullable=False),
    Column("excluded", Texts, nullable=False),
    Column("versions", Integer, nullable=False),
    Column("original_requests", Texts, nullable=False),
    Column("category", Texts, nullable=False),
    Column("unit", Code, nullable=False),
    Column("post", Code, nullable=False),
    Column("rank", Code, nullable=False),
    Column("area_code", Code, nullable=False),
    Column("managed_by", Code, nullable=False),
    Column("respondents", Respondents, nullable=False),
    Column("jurisdiction_hint", Code, nullable=False),
    Column("awaiting_role", Code, nullable=False),
    Column("awaiting_office", Code, nullable=False),
    Column("due", Date),
    Column("due_clock", Code, nullable=False),
    Column("due_provisional", Boolean, nullable=False),
    Column("notice_due", Date),
    Column("queue_key", Code, nullable=False),
    # What waits for a role in an office, in queue order, all of it or one state of it.
    Index("role_desk", "awaiting_role", "awaiting_office", "queue_key"),
    Index("role_desk_state", "awaiting_role", "awaiting_office", "state", "queue_key"),
    # Everything an office has to do with, and everything there is.
    Index("office", "office", "queue_key"),
    Index("office_state", "office", "state", "queue_key"),
    Index("department", "department", "queue_key"),
    Index("department_state", "department", "state", "queue_key"),
    Index("notified", "notified_office", "queue_key"),
    Index("notified_state", "notified_office", "state", "queue_key"),
    Index("role", "awaiting_role", "queue_key"),
    Index("state", "state", "queue_key"),
    Index("queue_key", "queue_key"),
    # Whose reporter must be told.
    Index("office_notice", "office", "notice_due", "report_id"),
    Index("notice", "notice_due", "report_id"),
    # Search.
    Index("number", "number"),
    Index("reference", "reference"),
    Index("unit", "unit"),
    Index("clue_id", "clue_id"),
)

REPORT_HANDLER = Table(
    "report_handler",
    SHAPES,
    Column("report_id", Uuid, primary_key=True),
    Column("officer", Code, primary_key=True),
    Index("officer", "officer", "report_id"),
)

EXCLUDED = Table(
    "excluded",
    SHAPES,
    Column("report_id", Uuid, primary_key=True),
    Column("officer", Code, primary_key=True),
)


ORIGINAL_REQUEST = Table(
    "original_request",
    SHAPES,
    Column("report_id", Uuid, primary_key=True),
    Column("officer", Code, primary_key=True),
)


@dataclass(frozen=True)
class ReportOfficer:
    """A row of ``report_handler``, ``excluded`` or ``original_request``."""

    report_id: UUID
    officer: str


@dataclass(frozen=True, kw_only=True)
class ReportRow:
    """A report as the screens see it; codes are those of the events, "" and None mean not (yet) decided.

    ``version``: of the report's stream, for optimistic locking; ``position``: of the last event that changed the row.
    ``named_claim``: what the reporter claimed, ``named_status``: what was found. ``office``: the petition office that
    has it now; ``department``: the one that handles it. ``handlers``: officer ids, the first leads. ``excluded``:
    officers who must not see it (SoD-7). ``versions``: how many de-identified versions there are;
    ``original_requests``: handlers who wait to be let see the original behind it. ``unit`` to ``managed_by``: of the
    first of ``respondents``. ``jurisdiction_hint``: the rules' proposal, in words. ``awaiting_*``: who acts next.
    ``due``: of the next clock. ``notice_due``: until when the reporter must be told that it was accepted (A-26),
    whoever acts on it meanwhile.
    """

    report_id: UUID
    version: int
    position: int
    reference: str
    number: str = ""
    office: str
    channel: str
    line: str = ""
    received_on: date
    state: str
    named_claim: bool = False
    named_status: str = ""
    feedback_wanted: bool = False
    attachments: int = 0
    announced: int = 0
    supplements: int = 0
    pending_drafts: int = 0
    matter_class: str = ""
    in_scope: bool | None = None
    jurisdiction: str = ""
    urgent: bool = False
    original: UUID | None = None
    proposal: str = ""
    refusal: str = ""
    follow_up: str = ""
    target: str = ""
    department: str = ""
    notified_office: str = ""
    clue_id: UUID | None = None
    clue_state: str = ""
    handlers: tuple[str, ...] = ()
    result: str = ""
    return_proposer: str = ""
    bypass_proposer: str = ""
    excluded: tuple[str, ...] = ()
    versions: int = 0
    original_requests: tuple[str, ...] = ()
    category: tuple[str, ...] = ()
    unit: str = ""
    post: str = ""
    rank: str = ""
    area_code: str = ""
    managed_by: str = ""
    respondents: tuple[Respondent, ...] = ()
    jurisdiction_hint: str = ""
    awaiting_role: str = ""
    awaiting_office: str = ""
    due: date | None = None
    due_clock: str = ""
    due_provisional: bool = False
    notice_due: date | None = None
    queue_key: str = ""

    @property
    def return_pending(self) -> bool:
        """The department has asked to give it back (A-17)."""
        return self.return_proposer != ""

    @property
    def bypass_proposed(self) -> bool:
        """One officer has asked for the late by-pass; another must confirm (A-15)."""
        return self.bypass_proposer != ""

    @property
    def level_open(self) -> bool:
        """Nobody may read it before two officers have said whose matter it is (A-11, A-15)."""
        unread = self.channel == "web" and self.state in ("received", "registered")
        return unread and self.jurisdiction_hint == "undecided" and not self.jurisdiction

    def with_facts(self, facts: Facts) -> ReportRow:
        """The row as the office's facts describe the matter."""
        first = facts.first
        return replace(
            self,
            category=facts.category,
            unit=first.unit,
            post=first.post,
            rank=first.rank,
            area_code=first.area_code,
            managed_by=first.managed_by,
            respondents=facts.respondents,
            jurisdiction_hint=facts.jurisdiction,
        ).without(facts.excluded)

    def without(self, officers: tuple[str, ...]) -> ReportRow:
        """The row kept from some more officers."""
        return replace(self, excluded=tuple(sorted({*self.excluded, *officers})))

    def sealed(self) -> ReportRow:
        """What may be left of it after the late by-pass: that it came, its number, and that it went (A-15)."""
        return ReportRow(
            report_id=self.report_id,
            version=self.version,
            position=self.position,
            reference=self.reference,
            number=self.number,
            office=self.office,
            channel=self.channel,
            received_on=self.received_on,
            state="sealed",
        )


FROM_FACTS = (
    "category",
    "unit",
    "post",
    "rank",
    "area_code",
    "managed_by",
    "respondents",
    "jurisdiction_hint",
)
"""Columns that :meth:`ReportRow.with_facts` fills: they go with the content (E-32)."""

#: First character of the queue key: urgent before not urgent, named before anonymous (A-25), finished last.
URGENT_NAMED, URGENT, NAMED, ORDINARY, FINISHED = "01234"


def queue_key(row: ReportRow) -> str:
    """The order of every queue in one unique, indexable text: priority, due date, receipt, id.

    A page ends with the key of its last row and the next one begins behind it.
    """
    named = row.named_status in ("verified", "pending")
    priority = {(True, True): URGENT_NAMED, (True, False): URGENT, (False, True): NAMED}.get(
        (row.urgent, named), ORDINARY
    )
    due = row.due or date.max
    return f"{priority if row.awaiting_role else FINISHED}|{due}|{row.received_on}|{row.report_id}"
