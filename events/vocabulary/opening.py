"""Opening what M of N custodians hold: who asked for which report's seals and why, who agreed, who gave what, and that
it was opened (SoD-4, SoD-5).

One stream for each opening, ``opening_id(report, number)``. Every event names its ``report``. ``approval`` and
``request`` are statement hashes: SHA-256 (hex) of what the signature of ``opening.approved.v1`` and
``opening.requested.v1`` is over (:mod:`events.signing`), so that an answer belongs to one decision and no other.
``custodian_key``: key id (hex) of the custodian, or of the gate, in the key manifest. Sealed contributions are wraps
to the request's ephemeral key; they are destroyed by the event that ends the opening.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("opening.requested.v1")
@dataclass(frozen=True, kw_only=True)
class OpeningRequested(ActedEvent):
    """An officer asks for compartments of a report to be opened to him.

    ``sealed_stream``, ``sealed_version``: the event whose sealing holds the shares. ``compartments``: identity, source
    or both. ``purpose``: a code of ``OpeningPurpose``; ``number``: of the approval or order that it demands, else "".
    ``ephemeral_key``: Base64 X-Wing public key, for this opening alone. ``m``: how many custodians it takes; ``gate``:
    whether the superior's gate besides. ``expires_on``: last day (ISO date) on which it can be used.
    """

    report: str
    sealed_stream: str
    sealed_version: int
    compartments: tuple[str, ...]
    purpose: str
    number: str
    ephemeral_key: str
    m: int
    gate: bool
    expires_on: str


@topic("opening.approved.v1")
@dataclass(frozen=True, kw_only=True)
class OpeningApproved(ActedEvent):
    """A leader who is not in the case agrees to exactly this request."""

    report: str
    request: str


@topic("opening.refused.v1")
@dataclass(frozen=True, kw_only=True)
class OpeningRefused(ActedEvent):
    """He does not agree. ``reason``: a code of ``OpeningRefusal``."""

    report: str
    request: str
    reason: str


@topic("opening.contributed.v1")
@dataclass(frozen=True, kw_only=True)
class ShareContributed(ActedEvent):
    """A custodian gave his shares, made on his own machine after checking the signatures himself.

    ``sealing``: for each compartment one wrap of his share to the ephemeral key.
    """

    report: str
    approval: str
    custodian_key: str
    sealing: Sealing


@topic("opening.declined.v1")
@dataclass(frozen=True, kw_only=True)
class ContributionDeclined(ActedEvent):
    """A custodian does not contribute. ``reason``: a code of ``DeclineReason``."""

    report: str
    approval: str
    reason: str


@topic("opening.share_rejected.v1")
@dataclass(frozen=True, kw_only=True)
class ShareRejected(ActedEvent):
    """What the holder of ``custodian_key`` gave is not what was sealed to him; its wraps are destroyed.

    ``custodian``: the officer who had recorded it, "" where it was the gate's.
    """

    report: str
    custodian: str
    custodian_key: str
    destroyed: tuple[str, ...]


@topic("opening.gate_released.v1")
@dataclass(frozen=True, kw_only=True)
class GateReleased(ActedEvent):
    """The superior's gate gave its half. ``release``: statement hash of ``gate.released.v1`` in the gate's own log."""

    report: str
    approval: str
    release: str
    sealing: Sealing


@topic("opening.opened.v1")
@dataclass(frozen=True, kw_only=True)
class CompartmentsOpened(ActedEvent):
    """The requester opened it, once; recorded before anything is shown. ``destroyed``: the contributions."""

    report: str
    approval: str
    destroyed: tuple[str, ...]


@topic("opening.closed.v1")
@dataclass(frozen=True, kw_only=True)
class OpeningClosed(ActedEvent):
    """Over without having been opened. ``reason``: a code of ``ClosingReason``. ``destroyed``: the contributions."""

    report: str
    reason: str
    destroyed: tuple[str, ...]


@topic("opening.notice_delayed.v1")
@dataclass(frozen=True, kw_only=True)
class NoticeDelayed(ActedEvent):
    """By an order of law the reporter is told only from ``until`` (ISO date) on. ``number``: of the order."""

    report: str
    number: str
    until: str


@topic("gate.released.v1")
@dataclass(frozen=True, kw_only=True)
class GateHalfReleased(ActedEvent):
    """In the gate's own log, one stream for each opening: it gave its half, this once.

    ``origin``: the county's log. ``opening``: stream of the opening there; ``approval``: as above. ``tree_size``,
    ``tree_root`` (hex): of the cosigned tree of the county's log in which the gate saw the opening.
    """

    origin: str
    opening: str
    approval: str
    tree_size: int
    tree_root: str
