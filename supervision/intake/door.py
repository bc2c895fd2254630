"""The door: a submission is judged for by-pass, sealed, and recorded with its receipt in one transaction.

The level of the persons reported is looked at before anything else: a report that is the superior's is sealed
to the superior's keys here and now, and the county's log learns only that one came (A-15).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from eventsourcing.persistence import PersistenceError

from events.custody import CustodyBatch, LookupRow
from events.ledger import Conflict, Ledger
from events.signing import Signer
from events.vocabulary.intake import ReceiptIssued
from supervision import business_time
from supervision.domain.aggregate import Aggregate, Stamp
from supervision.domain.codes import Channel, Jurisdiction
from supervision.domain.report import Report
from supervision.domain.rulebook import Rulebook
from supervision.domain.sealed_report import SealedReport
from supervision.intake.judgement import Judgement, judge
from supervision.intake.own_staff import OwnStaff
from supervision.intake.parts import parts_of
from supervision.intake.submission import Submission
from supervision.sealing.binding import Rng
from supervision.sealing.envelope import SealedBundle, ToOffice, ToSuperior, seal
from supervision.sealing.files import FileVault
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.receipt import ReceiptCode, ReceiptSecrets, lookup_tag
from supervision.sealing.retention import RetentionKeys
from supervision.sealing.strict_json import to_base64
from supervision.settings import Settings

REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""No 0/O, 1/I/L: a reference is read over the telephone."""


@dataclass(frozen=True, kw_only=True)
class Admitted:
    """What became of a submission. ``position``: the last one written."""

    report_id: UUID
    reference: str
    sealed: bool
    judgement: Judgement
    position: int


@dataclass(frozen=True, kw_only=True)
class Door:
    """What the door needs: public keys and the pepper of the lookups, nothing that opens anything."""

    settings: Settings
    rulebook: Rulebook
    own_staff: OwnStaff
    ledger: Ledger
    manifest: KeyManifest
    vault: FileVault
    retention: RetentionKeys
    pepper: bytes = field(repr=False)
    rng: Rng

    def admit(
        self,
        submission: Submission,
        code: ReceiptCode | None,
        *,
        signer: Signer | None = None,
        actor: str = "reporter",
        office: str = "",
        reference: str | None = None,
        import_tag: bytes | None = None,
    ) -> Admitted:
        """Record a submission; durable when this returns.

        ``code``: the 查询码 drawn beforehand, so that handing in twice is one report; without one (a letter)
        there is no receipt. ``signer``: the officer's or service's; where there is none, the reporter's own
        key, from the code. ``reference``: as :meth:`draw_reference` drew it beforehand, where handing in
        again must find the same one. ``import_tag``: mark of an imported record, 32 bytes, by which importing
        it again is found out. Raises :class:`AlreadyAdmitted` when this code or mark was used before,
        SealingError and OSError when nothing was recorded, :class:`RecordingFailed` when that is not known.
        """
        judgement = judge(submission, self.rulebook, self.own_staff)
        if self.settings.discard_caller_numbers and not judgement.named:
            submission = submission.without_caller()
        secrets = code.derive(self.manifest.origin) if code else None
        report_id = UUID(bytes=self.rng(16), version=4)
        sealed = judgement.jurisdiction is Jurisdiction.SUPERIOR
        receiving = self.settings.office_for_line(submission.line).id
        bundle = seal(
            self.manifest,
            report_id,
            parts_of(submission, judgement),
            ToSuperior() if sealed else ToOffice(receiving, without=judgement.excluded),
            self.rng,
            self.vault,
        )
        reference = reference or self.draw_reference()
        stamp = Stamp(
            actor=actor,
            office=office,
            occurred_at=_occurred_at(submission),
            rule_version=self.rulebook.version,
        )
        try:
            if not sealed:  # the superior keeps what is his by periods of his own
                bundle = self.retention.layered(bundle, stamp.occurred_at)
            aggregate = _received(
                submission, judgement, report_id, stamp, reference, receiving, secrets, bundle, sealed=sealed
            )
            position = self._record(aggregate, secrets, signer, bundle, import_tag)
        except RecordingFailed:
            raise  # it may have been recorded all the same, so its files stay
        except BaseException:
            for file in bundle.files:
                self.vault.discard(file.sha256)
            raise
        return Admitted(report_id=report_id, reference=reference, sealed=sealed, judgement=judgement, position=position)

    def _record(
        self,
        aggregate: Aggregate,
        secrets: ReceiptSecrets | None,
        signer: Signer | None,
        bundle: SealedBundle,
        import_tag: bytes | None,
    ) -> int:
        marks = (LookupRow("import", import_tag, aggregate.id),) if import_tag else ()
        if secrets is None:
            if signer is None:
                raise ValueError("a report without a receipt needs an officer's or a service's signature")
            return self._append(aggregate, signer=signer, custody=_custody(bundle, marks))
        tag = lookup_tag(self.pepper, secrets.lookup)
        custody = _custody(bundle, (*marks, LookupRow("receipt", tag, aggregate.id)))
        receipt = ReceiptIssued(originator_id=secrets.stream_id, originator_version=1)
        return self._append(
            receipt,
            aggregate,
            signer=signer or secrets.signing,
            signers={secrets.stream_id: secrets.signing},
            salts={secrets.stream_id: secrets.salt},
            custody=custody,
        )

    def _append(self, *facts: Aggregate | ReceiptIssued, **how: object) -> int:
        try:
            return self.ledger.record(*facts, **how)  # type: ignore[arg-type]  # keyword arguments passed through unchanged
        except Conflict as conflict:
            raise AlreadyAdmitted from conflict
        except PersistenceError as error:
            raise RecordingFailed from error

    def draw_reference(self) -> str:
        """Eight random letters and digits in two groups: public, says nothing, finds nothing by itself."""
        drawn = ""
        while len(drawn) < 8:
            fair = (value for value in self.rng(12) if value < 256 // len(REFERENCE_ALPHABET) * len(REFERENCE_ALPHABET))
            drawn += "".join(REFERENCE_ALPHABET[value % len(REFERENCE_ALPHABET)] for value in fair)
        return f"{drawn[:4]}-{drawn[4:8]}"


class AlreadyAdmitted(Exception):
    """This very submission (its code or its mark) was recorded before; nothing was written now."""


class RecordingFailed(Exception):
    """The database failed. Handing in again with the same code tells whether the submission was recorded."""


def _received(
    submission: Submission,
    judgement: Judgement,
    report_id: UUID,
    stamp: Stamp,
    reference: str,
    receiving: str,
    secrets: ReceiptSecrets | None,
    bundle: SealedBundle,
    *,
    sealed: bool,
) -> Report | SealedReport:
    signing_key = to_base64(secrets.signing.public_key) if secrets else ""
    kem_key = to_base64(secrets.kem.public_raw) if secrets else ""
    if sealed:
        return SealedReport.receive(
            report_id,
            stamp,
            reference=reference,
            channel=submission.channel,
            receiving_office=receiving,
            reporter_signing_key=signing_key,
            reporter_kem_key=kem_key,
            sealing=bundle.sealing,
        )
    return Report.receive(
        report_id,
        stamp,
        reference=reference,
        channel=submission.channel,
        line=submission.line,
        receiving_office=receiving,
        named=judgement.named,
        feedback_wanted=submission.feedback_wanted,
        attachments=len(submission.attachments) + len(submission.scans),
        announced=len(submission.announced),
        reporter_signing_key=signing_key,
        reporter_kem_key=kem_key,
        sealing=bundle.sealing,
    )


def _occurred_at(submission: Submission) -> str:
    """A web report carries the hour only: the minute would tell an employer who was at his screen."""
    if submission.channel is Channel.WEB:
        return business_time.written_to_the_hour(submission.occurred_at)
    return business_time.written(submission.occurred_at)


def _custody(bundle: SealedBundle, lookups: tuple[LookupRow, ...]) -> CustodyBatch:
    return CustodyBatch(envelopes=bundle.envelopes, wraps=bundle.wraps, files=bundle.files, lookups=lookups)
