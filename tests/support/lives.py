"""Lives of reports for tests of the read models: real aggregates, driven by the domain's own commands under its rules.

A `Life` collects the events in order, and what was sealed on the way.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta, timezone
from itertools import count
from typing import Any
from uuid import UUID

from events.custody import CustodyBatch
from events.model import Event, Sealing
from events.vocabulary.streams import correspondence_id
from supervision.domain.aggregate import Aggregate, Stamp
from supervision.domain.clue import Clue
from supervision.domain.codes import (
    Channel,
    Disposition,
    Jurisdiction,
    MatterClass,
    NamedStatus,
    Proposal,
    RefusalCode,
)
from supervision.domain.correspondence import Correspondence
from supervision.domain.report import Report, Screening
from supervision.domain.rulebook import Rulebook
from supervision.domain.sealed_report import SealedReport
from tests.support.log import seal, stream

BEIJING = timezone(timedelta(hours=8))
RULEBOOK = Rulebook.load()

#: What a door or a clerk would seal as facts. The words occur nowhere else, so that a search finds them or nothing.
FACTS: Mapping[str, Any] = {
    "respondents": [
        {
            "unit": "云岫县石桥镇党委",
            "post": "党委书记",
            "rank": "正乡科级",
            "area_code": "990123",
            "managed_by": "县委管理",
        }
    ],
    "categories": ["违反组织纪律行为", "违反干部选拔任用规定"],
    "jurisdiction": "本级",
}


MATTER = {Proposal.ROUTE_APPEAL: MatterClass.APPEAL, Proposal.ROUTE_SUGGESTION: MatterClass.SUGGESTION}

_numbers = count(1)


class Life:
    """One report from the door on. Commands are given by the officers whose duty they are, a day after the other.

    `events`: what happened, over all streams, in order. `custody`: what was sealed on the way.
    """

    def __init__(self, name: str = "", day: date = date(2026, 3, 2)) -> None:
        self.name = name or f"nr-{next(_numbers)}"
        self.now = datetime(day.year, day.month, day.day, 9, tzinfo=BEIJING)
        self.events: list[Event] = []
        self.custody: list[CustodyBatch] = []
        self.id = stream(f"report {self.name}")
        self.report = Report(self.id)
        self.clue: Clue | None = None
        self.sealed: SealedReport | None = None
        self.correspondence = Correspondence(correspondence_id(self.id))
        self._clues = 0

    # -- the pen -----------------------------------------------------------------------------------------------

    def stamp(self, actor: str, office: str = "petition") -> Stamp:
        return Stamp(actor=actor, office=office, occurred_at=self.now.isoformat(), rule_version=RULEBOOK.version)

    def wait(self, days: int) -> "Life":
        self.now += timedelta(days=days)
        return self

    def did(self, *aggregates: Aggregate) -> "Life":
        for aggregate in aggregates:
            self.events.extend(aggregate.collect_events())
        return self

    def sealing(self, compartment: str, text: str, stream_id: UUID | None = None) -> Sealing:
        sealing, custody = seal(stream_id or self.id, f"{text} {len(self.custody)}", compartment=compartment)
        self.custody.append(custody)
        return sealing

    def facts(self, facts: Mapping[str, Any] = FACTS) -> Sealing:
        return self.sealing("facts", json.dumps(facts, ensure_ascii=False))

    # -- the door ----------------------------------------------------------------------------------------------

    def receive(
        self,
        *,
        named: bool = True,
        line: str = "",
        channel: Channel = Channel.WEB,
        office: str = "petition",
        feedback: bool = True,
        facts: Mapping[str, Any] = FACTS,
    ) -> "Life":
        content, known = self.sealing("content", "narrative"), self.facts(facts)
        both = replace(content, keys=content.keys + known.keys, items=content.items + known.items)
        self.report = Report.receive(
            self.id,
            self.stamp("reporter", ""),
            reference=f"R-{self.name}",
            channel=channel,
            line=line,
            receiving_office=office,
            named=named,
            feedback_wanted=feedback,
            attachments=2,
            announced=1,
            reporter_signing_key="cmVwb3J0ZXI=",
            reporter_kem_key="",
            sealing=both,
        )
        return self.did(self.report)

    def receive_sealed(self) -> "Life":
        self.sealed = SealedReport.receive(
            self.id,
            self.stamp("reporter", ""),
            reference=f"R-{self.name}",
            channel=Channel.WEB,
            receiving_office="petition",
            reporter_signing_key="",
            reporter_kem_key="",
            sealing=self.sealing("content", "narrative"),
        )
        return self.did(self.sealed)

    # -- petition office ---------------------------------------------------------------------------------------

    def register(self, actor: str = "clerk", office: str = "petition") -> "Life":
        number = f"云信〔2026〕{self.name}号"
        self.report.register(self.stamp(actor, office), number)
        return self.did(self.report)

    def screening(self, proposal: Proposal, **found: Any) -> Screening:
        """Findings that fit the proposal."""
        below = proposal in {Proposal.FORWARD, Proposal.ASSIGN}
        needs_target = below or proposal in {Proposal.REFER, Proposal.ROUTE_APPEAL, Proposal.ROUTE_SUGGESTION}
        fitting: dict[str, Any] = {
            "matter_class": MATTER.get(proposal, MatterClass.REPORT),
            "in_scope": True,
            "named_status": NamedStatus.VERIFIED if self.report.claimed_named else NamedStatus.ANONYMOUS,
            "verification_method": "phone",
            "jurisdiction": Jurisdiction.SUBORDINATE if below else Jurisdiction.OWN,
            "proposal": proposal,
            "refusal": RefusalCode.OTHER_BODY if proposal is Proposal.NOT_ACCEPT else None,
            "target": "shiqiao" if needs_target else "",
            "original": str(stream("report earlier")) if proposal is Proposal.RETAIN_DUPLICATE else "",
        }
        return Screening(**fitting | found)

    def screen(self, proposal: Proposal = Proposal.ACCEPT, actor: str = "clerk", **found: Any) -> "Life":
        self.report.screen(self.stamp(actor), self.screening(proposal, **found))
        return self.did(self.report)

    def exclude(self, officer: str, reason: str) -> "Life":
        """Sealed for the console, as the head's command does it."""
        facts = self.facts({"excluded": [{"officer": officer, "reason": reason}]})
        self.report.exclude(self.stamp("head"), officer, facts)
        self.report.learn_excluded(officer, reason)
        return self.did(self.report)

    def decide(self, command: Callable[..., None], actor: str = "head", **given: Any) -> "Life":
        command(self.stamp(actor), **given)
        return self.did(self.report)

    def accept(self) -> "Life":
        return self.decide(self.report.accept)

    def accepted(self, **received: Any) -> "Life":
        return self.receive(**received).register().screen().accept()

    # -- department --------------------------------------------------------------------------------------------

    def transfer(self, department: str = "dept-1") -> "Life":
        clue_id = stream(f"clue {self._clues} {self.name}")
        self._clues += 1
        self.report.transfer(
            self.stamp("head"), department=department, notified_office="clue", clue=str(clue_id), sealings=()
        )
        return self.did(self.report)

    def enter_clue(self) -> "Life":
        self.clue = Clue.enter(
            UUID(self.report.clue),
            self.stamp("supervisor", "clue"),
            number=f"云线〔2026〕{self.name}号",
            source="petition",
            report=str(self.id),
            department=self.report.department,
        )
        return self.did(self.clue)

    def distribute(self, *handlers: str, department: str = "dept-1") -> "Life":
        clue = self._the_clue()
        clue.propose_distribution(
            self.stamp("supervisor", "clue"), department, handlers or ("inspector", "inspector-2"), "clerk"
        )
        clue.approve_distribution(self.stamp("principal", "leadership"))
        return self.did(clue)

    def propose_disposition(self, disposition: Disposition = Disposition.TALK_INQUIRY) -> "Life":
        self._the_clue().propose_disposition(self.stamp("inspector", "dept-1"), disposition, "纪要1号")
        return self.did(self._the_clue())

    def approve_disposition(self) -> "Life":
        self._the_clue().approve_disposition(self.stamp("deputy", "leadership"))
        return self.did(self._the_clue())

    def handled(self, **received: Any) -> "Life":
        """Up to an approved disposition."""
        self.accepted(**received).transfer().enter_clue().distribute()
        return self.propose_disposition().approve_disposition()

    def close(self) -> "Life":
        stamp = self.stamp("inspector", "dept-1")
        self._the_clue().conclude(stamp, "not_proved")
        self.report.close(stamp, "not_proved")
        return self.did(self._the_clue(), self.report)

    def feed_back(self) -> "Life":
        self.report.feed_back(self.stamp("inspector", "dept-1"), mode="phone", reason="", second_officer="inspector-2")
        return self.did(self.report)

    # -- by-pass -----------------------------------------------------------------------------------------------

    def bypass(self) -> "Life":
        """Two officers find that the superior is competent; what was sealed for the county is destroyed."""
        self.report.propose_bypass(self.stamp("clerk"))
        envelopes = tuple(row.sha256 for batch in self.custody for row in batch.envelopes)
        wraps = tuple(row.sha256 for batch in self.custody for row in batch.wraps)
        sealed_id = stream(f"sealed {self.name}")
        self.report.bypass(
            self.stamp("head"), sealed_report=sealed_id, destroyed=tuple(h.hex() for h in envelopes + wraps)
        )
        self.sealed = SealedReport.reseal(
            sealed_id,
            self.stamp("head"),
            reference=self.report.reference,
            channel=self.report.channel,
            receiving_office=self.report.office,
            received_at=self.report.received_at,
            identity_with_county=False,
            reporter_signing_key="",
            reporter_kem_key="",
            sealing=self.sealing("content", "narrative for the superior", sealed_id),
        )
        self.custody.append(CustodyBatch(destroy_envelopes=envelopes, destroy_wraps=wraps))
        return self.did(self.report, self.sealed)

    # -- correspondence ----------------------------------------------------------------------------------------

    def supplement(self) -> "Life":
        sealing = self.sealing("content", "more", self.correspondence.id)
        self.correspondence.add_supplement(self.stamp("reporter", ""), report=self.id, attachments=3, sealing=sealing)
        return self.did(self.correspondence)

    def draft(self, message: str = "m1", actor: str = "clerk") -> "Life":
        stream_id = self.correspondence.id
        office, reporter = (self.sealing("message", f"{message} {who}", stream_id) for who in ("office", "reporter"))
        self.correspondence.draft_message(
            self.stamp(actor), report=self.id, message=message, sealing=office, reporter_sealing=reporter
        )
        return self.did(self.correspondence)

    def _the_clue(self) -> Clue:
        assert self.clue is not None
        return self.clue
