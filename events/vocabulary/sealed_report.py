"""The life of a sealed report (径送件): it came, went up, was acknowledged, was destroyed here (A-15).

Nothing in this stream says what or whom it is about.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("sealed_report.resealed.v1")
@dataclass(frozen=True, kw_only=True)
class SealedReportResealed(ActedEvent):
    """A report that was opened here turned out to be the superior's and was re-sealed to the superior's keys.

    Begins the stream of a late by-pass; ``received_at``: business time of the original receipt, from which the
    five working days run. ``identity_with_county``: an identity seal exists that only the county's custodians can
    pass on.
    """

    reference: str
    channel: str
    receiving_office: str
    received_at: str
    identity_with_county: bool
    reporter_signing_key: str
    reporter_kem_key: str
    sealing: Sealing


@topic("sealed_report.registered.v1")
@dataclass(frozen=True, kw_only=True)
class SealedReportRegistered(ActedEvent):
    """Numbered in the separate register of sealed reports."""

    number: str


@topic("sealed_report.principal_told.v1")
@dataclass(frozen=True, kw_only=True)
class DeliveredToPrincipal(ActedEvent):
    """The principal was told that a sealed report exists; only where the office's setting says so (A-15)."""


@topic("sealed_report.reported_to_superior.v1")
@dataclass(frozen=True, kw_only=True)
class ReportedToSuperior(ActedEvent):
    """Went up. ``mode``: site (the superior reads it on this platform) or file (carried)."""

    mode: str


@topic("sealed_report.acknowledged.v1")
@dataclass(frozen=True, kw_only=True)
class SuperiorAcknowledged(ActedEvent):
    """The superior confirms that it has the sealed report."""


@topic("sealed_report.principal_cleared.v1")
@dataclass(frozen=True, kw_only=True)
class PrincipalCleared(ActedEvent):
    """The superior has nothing against the principal being told that there is such a report. Where this does not
    happen, no reason is given: that he is the person reported is only one of them (A-15)."""


@topic("sealed_report.acknowledgement_received.v1")
@dataclass(frozen=True, kw_only=True)
class AcknowledgementReceived(ActedEvent):
    """The superior's signed word was carried back.

    ``contents``: SHA-256 (hex) over the names of all ciphertext that he has; ``acknowledged_at``: when he signed;
    ``principal_may_know``: as ``principal_cleared``; ``signature``: Base64, by the witness key of the key manifest.
    """

    contents: str
    acknowledged_at: str
    principal_may_know: bool
    signature: str


@topic("sealed_report.destroyed.v1")
@dataclass(frozen=True, kw_only=True)
class SealedCopyDestroyed(ActedEvent):
    """The county's copy is gone. ``destroyed``: SHA-256 (hex) of every envelope, wrap and file."""

    destroyed: tuple[str, ...]
