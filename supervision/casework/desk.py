"""The desk: what every use case needs at hand, and how aggregates are fetched from and saved to the log."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from events.custody import CustodyBatch
from events.custody_reader import CustodyReader
from events.ledger import Ledger
from events.model import Event, Sealing
from events.signing import Signer
from events.store import LogStore
from events.vocabulary.streams import (
    access_id,
    correspondence_id,
    deployment_id,
    officer_stream_id,
    register_id,
)
from supervision import business_time
from supervision.blind_index_store import IndexStore
from supervision.casework.directory import Directory
from supervision.casework.known_accounts import KnownAccounts
from supervision.casework.officer_session import OfficerSession
from supervision.domain.access import AccessLog
from supervision.domain.aggregate import Aggregate, Stamp
from supervision.domain.appraisal import Appraisal
from supervision.domain.clue import Clue
from supervision.domain.codes import Jurisdiction
from supervision.domain.contact import ContactUse
from supervision.domain.correspondence import Correspondence
from supervision.domain.deployment import Deployment
from supervision.domain.officer import OfficerAccount
from supervision.domain.opening import Opening
from supervision.domain.refusal import Refused
from supervision.domain.register import Register
from supervision.domain.report import Report
from supervision.domain.rulebook import Rulebook
from supervision.domain.sealed_report import SealedReport
from supervision.sealing.binding import Rng
from supervision.sealing.files import FileVault
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.opening import Opener
from supervision.sealing.retention import RetentionKeys
from supervision.sealing.sharings import RecordedSharings
from supervision.settings import Settings

A = TypeVar("A", bound=Aggregate)


@dataclass(frozen=True, kw_only=True)
class Desk:
    """Time, randomness and keys come in from outside; nothing here is global. ``accounts``: verified, not as stored.

    ``manifests``: the pinned key manifest and its ancestors by hash; ``manifest`` is the pinned one. ``facts``: opens
    the office's facts of an event; None where they are gone or this process has no key for them.
    """

    settings: Settings
    rulebook: Rulebook
    log: LogStore
    ledger: Ledger
    accounts: KnownAccounts
    custody: CustodyReader
    manifest: KeyManifest
    manifests: Mapping[str, KeyManifest]
    directory: Directory
    facts: Callable[[UUID, Sealing], Mapping[str, Any] | None]
    vault: FileVault
    retention: RetentionKeys
    index: IndexStore
    clock: Callable[[], datetime]
    rng: Rng

    # -- fetching -----------------------------------------------------------------------------------------------

    def report(self, report_id: UUID) -> Report:
        """A report, with those who are excluded from it. Raises :class:`Refused` where there is no such report."""
        report = self._existing(Report, report_id, "举报件")
        for sealing in report.office_facts:
            told = self.facts(report_id, sealing)
            report.facts_unread = report.facts_unread or told is None
            report.level_unknown |= (told or {}).get("jurisdiction") == Jurisdiction.UNDECIDED
            for one in (told or {}).get("excluded", ()):
                report.learn_excluded(one["officer"], one["reason"])
        return report

    def sealed_report(self, report_id: UUID) -> SealedReport:
        """Raises :class:`Refused` where there is no such sealed report."""
        return self._existing(SealedReport, report_id, "径送件")

    def clue(self, clue_id: UUID) -> Clue:
        """Raises :class:`Refused` where there is no such clue."""
        return self._existing(Clue, clue_id, "问题线索")

    def clue_of(self, report: Report) -> Clue | None:
        """The clue that a transferred report became; None until the clue supervisor has recorded it."""
        if not report.clue:
            return None
        clue = self._replay(Clue, UUID(report.clue))
        return clue if clue.version else None

    def correspondence(self, report_id: UUID) -> Correspondence:
        """The exchange with the reporter; empty where nothing has passed yet."""
        return self._replay(Correspondence, correspondence_id(report_id))

    def opening(self, opening_id: UUID) -> Opening:
        """Raises :class:`Refused` where there is no such opening."""
        return self._existing(Opening, opening_id, "启封申请")

    def contact(self, contact_id: UUID) -> ContactUse:
        """Raises :class:`Refused` where there is no such use of the contact compartment."""
        return self._existing(ContactUse, contact_id, "联络申请")

    def appraisal(self, appraisal_id: UUID) -> Appraisal:
        """Raises :class:`Refused` where there is no such appraisal."""
        return self._existing(Appraisal, appraisal_id, "鉴定")

    def register(self, office: str, kind: str, year: int) -> Register:
        """The register of an office, kind and year; empty before its first number."""
        return self._replay(Register, register_id(self.manifest.origin, office, kind, year))

    def account(self, officer: str) -> OfficerAccount:
        """The account of an officer; version 0 where there is none. Raises FalseRecord: see ``accounts``."""
        stream_id = officer_stream_id(self.manifest.origin, officer)
        return OfficerAccount.replay(stream_id, self.accounts.events_of(stream_id))

    def access_log(self, officer: str, day: str) -> AccessLog:
        """What an officer looked at on a day (ISO date)."""
        return self._replay(AccessLog, access_id(self.manifest.origin, officer, day))

    def deployment(self) -> Deployment:
        """The deployment's own history."""
        return self._replay(Deployment, deployment_id(self.manifest.origin))

    def _replay(self, aggregate: type[A], stream_id: UUID) -> A:
        return aggregate.replay(stream_id, self.ledger.events_of(stream_id))

    def _existing(self, aggregate: type[A], stream_id: UUID, what: str) -> A:
        events = self.ledger.events_of(stream_id)
        if not events or type(events[0]) not in aggregate.begins_with():
            raise Refused("not_found", f"没有找到这一{what}；请从列表重新打开。")
        return aggregate.replay(stream_id, events)

    def opener(self, sealing: Sealing, stream_id: UUID, before: int = 0) -> Opener:
        """What opens a sealing of an event of this stream. Raises :class:`Refused` where its manifest is not known.

        Shares are those of the custodians and relay officers who hold them now; ``before``: who held them just before
        this position of the log.
        """
        manifest = self.manifests.get(sealing.manifest)
        if manifest is None:
            raise Refused("manifest", "本件按未知的密钥清单密封，拒绝打开；请管理员核对密钥清单。")
        sharings = RecordedSharings(self.manifests, lambda stream: self._events_before(stream, before))
        return Opener(manifest, sealing, stream_id, self.retention, sharings)

    def _events_before(self, stream_id: UUID, position: int) -> list[Event]:
        """Of a stream, up to a position of the log; 0 for all."""
        events = self.ledger.events_of(stream_id)
        return [
            event
            for event in events
            if not position or (self.log.position_of(stream_id, event.originator_version) or 0) < position
        ]

    # -- deciding -----------------------------------------------------------------------------------------------

    def stamp(self, officer: OfficerSession, occurred_at: datetime | None = None) -> Stamp:
        """Who acts, for which office, when, under which rules. ``occurred_at``: now unless told otherwise."""
        return Stamp(
            actor=officer.officer,
            office=officer.office,
            occurred_at=business_time.written(occurred_at or self.clock()),
            rule_version=self.rulebook.version,
        )

    def record(self, signer: Signer, *aggregates: Aggregate, custody: CustodyBatch | None = None) -> int:
        """Save what the aggregates decided, signed, in one transaction. Returns the last position.

        Raises ``events.ledger.Conflict`` when somebody else was faster on one of the streams.
        """
        return self.ledger.record(*aggregates, signer=signer, custody=custody)
