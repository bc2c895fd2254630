"""Whose matter a report of unknown level is, said by two officers before anybody reads it (最小必要查看, A-11, A-15).

Where the rules cannot tell from what the reporter filled in, the report may be the superior's, and then nobody here may
know what it says. So two of the petition office look at who is reported, and at nothing else, and decide; only then is
it read here, or goes up unread. What an officer takes down himself, a letter, a visit, a call, a text
message, he has read by then: for that there is the late by-pass alone.
"""

from __future__ import annotations

from uuid import UUID

from events.vocabulary import report as facts
from supervision.domain.aggregate import Stamp, applies
from supervision.domain.codes import Channel, Jurisdiction, ReportState
from supervision.domain.deidentified import DeidentifiedReport
from supervision.domain.refusal import Refused

UNREAD = frozenset({Channel.WEB})
"""Channels on which a report comes in without anybody of this office having read it."""

BEFORE_SCREENING = frozenset({ReportState.RECEIVED, ReportState.REGISTERED})


class LevelledReport(DeidentifiedReport):
    """What a report's stream tells of its level, and the decisions about it.

    ``level_unknown``: what the rules could not tell at the door; sealed for the console, which says it when it fetches
    the report. ``persons_seen``: officers who were shown who is reported. ``level_proposal``, ``level_proposer``: what
    waits for the second officer.
    """

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.level_unknown = False
        self.persons_seen: set[str] = set()
        self.level_proposal = ""
        self.level_proposer = ""

    @property
    def level_open(self) -> bool:
        """Whether nobody may read it yet."""
        return (
            self.level_unknown and self.channel in UNREAD and self.state in BEFORE_SCREENING and not self.jurisdiction
        )

    def refuse_before_level(self) -> None:
        """Raises Refused as long as nobody may read it."""
        if self.level_open:
            raise Refused(
                "level",
                "本件管理级别不明，认定级别之前任何人不得查看内容。"
                "请由两名工作人员分别“查看被反映人”，认定属本级、下级、其他机关，或者径送上级。",
            )

    def see_persons(self, stamp: Stamp) -> None:
        """Be shown who is reported; recorded before it is."""
        self._level_is_open(stamp)
        if stamp.actor in self.persons_seen:
            raise Refused("seen", "您已经查看过被反映人，页面上就有；请直接提出意见。")
        self.record(facts.PersonsSeen, stamp)

    def propose_level(self, stamp: Stamp, jurisdiction: Jurisdiction) -> None:
        """First of two; or the other one thinks otherwise, and the first must confirm that."""
        self._level_is_open(stamp)
        self.refuse_unless_seen(stamp.actor)
        if jurisdiction is Jurisdiction.SUPERIOR:
            raise Refused("A-15", "属上级管辖的，不在这里认定；请改用“提出径送上级”，由两名工作人员办理。")
        if stamp.actor == self.level_proposer:
            raise Refused("level_pending", "您已提出级别意见；请由另一名工作人员确认，或者由其提出不同意见。")
        self.record(facts.LevelProposed, stamp, jurisdiction=jurisdiction.value)

    def confirm_level(self, stamp: Stamp) -> None:
        """Second of two: from here on the report is read and screened."""
        self._level_is_open(stamp)
        self.refuse_unless_seen(stamp.actor)
        if not self.level_proposal:
            raise Refused("level_not_proposed", "尚无人提出级别意见；请先由一名工作人员提出。")
        if stamp.actor == self.level_proposer:
            raise Refused("two_officers", "级别须由两名工作人员认定；请由提出人以外的人员确认。")
        self.record(facts.JurisdictionDecided, stamp, jurisdiction=self.level_proposal)

    def refuse_unless_seen(self, officer: str) -> None:
        """Whoever decides has looked himself."""
        if self.level_open and officer not in self.persons_seen:
            raise Refused("not_seen", "您还没有查看被反映人，不能认定级别；请先办理“查看被反映人”。")

    def _level_is_open(self, stamp: Stamp) -> None:
        self._not_excluded(stamp)
        if not self.level_open:
            raise Refused("level_known", "本件的级别已经认定或者不需要认定；请刷新页面查看可以办理的事项。")

    def _jurisdiction_decided(self, event: facts.JurisdictionDecided) -> None:
        """Where two have said so, it is not the superior's, whatever one of them had asked for before."""
        if self.level_proposal:
            self.bypass_proposer = self.level_proposal = self.level_proposer = ""
        super()._jurisdiction_decided(event)

    @applies(facts.PersonsSeen)
    def _persons_shown(self, event: facts.PersonsSeen) -> None:
        self.persons_seen.add(event.actor)

    @applies(facts.LevelProposed)
    def _level_proposed(self, event: facts.LevelProposed) -> None:
        self.level_proposal = event.jurisdiction
        self.level_proposer = event.actor
