"""What the holder of a 查询码 may do besides looking: add to the report, and give up the wish to be told.

Both are events of the report's correspondence, signed with the key that comes from the code. An addition is sealed
to whoever handles the report at that moment; to the superior where the report has gone up under seal (A-15).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from events.custody import CustodyBatch
from events.ledger import Conflict
from events.vocabulary.intake import ReportReceived
from events.vocabulary.report import ReportBypassed
from events.vocabulary.streams import correspondence_id
from supervision import business_time
from supervision.domain.aggregate import Stamp
from supervision.domain.clue import Clue
from supervision.domain.correspondence import Correspondence
from supervision.domain.report import Report
from supervision.intake.parts import file_parts
from supervision.intake.status_lookup import find_report
from supervision.intake.submission import Attachment
from supervision.platform import Platform
from supervision.sealing.compartments import CONTENT, IDENTITY, SOURCE
from supervision.sealing.destinations import Destination
from supervision.sealing.envelope import Part, SealedBundle, ToOffice, ToSuperior, seal
from supervision.sealing.receipt import ReceiptCode, ReceiptSecrets

MOST = 50
"""Additions to one report; streams are kept short."""

_ATTEMPTS = 5


class NothingToAddTo(Exception):
    """No report came in under this code, or what was sealed of it has been destroyed by appraisal."""


class TooManyAdditions(Exception):
    """There are :data:`MOST` additions already."""


@dataclass(frozen=True, kw_only=True, repr=False)
class Addition:
    """``number``: which of this report's additions it is, from 1, so that sending it twice adds it once."""

    number: int
    text: str = ""
    files: tuple[Attachment, ...] = ()


def count(platform: Platform, code: ReceiptCode) -> int:
    """How many additions there are. Raises :class:`NothingToAddTo`."""
    report_id, _ = _handled_by(platform, code.derive(platform.settings.origin))
    return _correspondence(platform, correspondence_id(report_id)).supplements


def add(platform: Platform, code: ReceiptCode, addition: Addition) -> None:
    """Seal and record an addition; durable when this returns. One that was recorded before is not recorded again.

    Raises :class:`NothingToAddTo`, :class:`TooManyAdditions`; SealingError and OSError when nothing was recorded.
    """
    secrets = code.derive(platform.settings.origin)
    report_id, destination = _handled_by(platform, secrets)
    stream_id = correspondence_id(report_id)
    present = _correspondence(platform, stream_id).supplements
    if present >= addition.number:
        return
    if present >= MOST:
        raise TooManyAdditions
    sealed = seal(platform.manifest, stream_id, list(_parts(addition)), destination, platform.rng, platform.vault)
    bundle = sealed

    def decide(correspondence: Correspondence) -> None:
        if correspondence.supplements < addition.number:
            correspondence.add_supplement(
                _stamp(platform), report=report_id, attachments=len(addition.files), sealing=bundle.sealing
            )

    recorded = False
    try:
        if isinstance(destination, ToOffice):  # the superior keeps what is his by periods of his own
            bundle = platform.retention.layered(sealed, _received_at(platform, report_id))
        recorded = _record(platform, secrets, stream_id, decide, bundle)
    finally:
        if not recorded:
            for file in sealed.files:
                platform.vault.discard(file.sha256)


def withdraw_feedback_wish(platform: Platform, code: ReceiptCode) -> None:
    """The reporter no longer wants to be told the result. Raises :class:`NothingToAddTo` and OSError."""
    secrets = code.derive(platform.settings.origin)
    report_id, _ = _handled_by(platform, secrets)

    def decide(correspondence: Correspondence) -> None:
        correspondence.withdraw_feedback_wish(_stamp(platform), report=report_id)

    _record(platform, secrets, correspondence_id(report_id), decide)


def _handled_by(platform: Platform, secrets: ReceiptSecrets) -> tuple[UUID, Destination]:
    """The stream that carries the report now, and whose keys an addition is sealed to."""
    found = find_report(platform, secrets)
    if found is None:
        raise NothingToAddTo
    events = platform.ledger.events_of(found)
    for event in events:
        if isinstance(event, ReportBypassed):
            return UUID(event.sealed_report), ToSuperior()
    if not isinstance(events[0], ReportReceived):
        return found, ToSuperior()
    report = Report.replay(found, events)
    if report.destroyed:
        raise NothingToAddTo
    return found, ToOffice(report.office, also=_also(platform, report), without=_without(platform, events[0]))


def _without(platform: Platform, received: ReportReceived) -> frozenset[str]:
    """Custodians who got no share of the report itself, since it is about them, get none of what is added (SoD-7)."""
    shared = [key for key in received.sealing.keys if key.compartment in (IDENTITY, SOURCE)]
    given = {wrap.key for key in shared for wrap in key.wraps}
    custodians = platform.manifests[received.sealing.manifest].custodians
    return frozenset(holder.id for holder in custodians if shared and holder.kem.key_id not in given)


def _received_at(platform: Platform, report_id: UUID) -> str:
    return Report.replay(report_id, platform.ledger.events_of(report_id)).received_at


def _also(platform: Platform, report: Report) -> tuple[str, ...]:
    """After a transfer: the department that handles it now and those who approve its proposals.

    That is where the principal has distributed the clue, and no longer where the report was transferred to. Not where
    they have a de-identified version alone: the petition office takes the addition up in the next one.
    """
    if not report.department or report.versions:
        return ()
    clue_id = UUID(report.clue)
    clue = Clue.replay(clue_id, platform.ledger.events_of(clue_id))
    host = platform.settings.office(report.office).host
    return (
        clue.approved_department or report.department,
        *(office.id for office in platform.settings.offices_of("leadership", host)),
    )


def _parts(addition: Addition) -> list[Part]:
    text = [Part(CONTENT, "text", addition.text.encode())] if addition.text else []
    return [*text, *file_parts(addition.files)]


def _record(
    platform: Platform,
    secrets: ReceiptSecrets,
    stream_id: UUID,
    decide: Callable[[Correspondence], None],
    bundle: SealedBundle | None = None,
) -> bool:
    """Decide on the correspondence as it is, and again where an officer wrote to it meanwhile.

    Returns whether anything was decided; it is durable then.
    """
    custody = CustodyBatch(envelopes=bundle.envelopes, wraps=bundle.wraps, files=bundle.files) if bundle else None
    for _attempt in range(_ATTEMPTS):
        correspondence = _correspondence(platform, stream_id)
        before = correspondence.version
        decide(correspondence)
        if correspondence.version == before:
            return False
        try:
            platform.ledger.record(correspondence, signer=secrets.signing, custody=custody)
        except Conflict:
            continue
        return True
    raise OSError("the correspondence is being written to all the time")


def _correspondence(platform: Platform, stream_id: UUID) -> Correspondence:
    return Correspondence.replay(stream_id, platform.ledger.events_of(stream_id))


def _stamp(platform: Platform) -> Stamp:
    """The reporter's; to the hour, so that no minute betrays him."""
    return Stamp(
        actor="reporter",
        office="",
        occurred_at=business_time.written_to_the_hour(platform.clock()),
        rule_version=platform.rulebook.version,
    )
