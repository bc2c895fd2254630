"""Using the contact compartment (联络): who asked for a reporter to be contacted and for what, which relay officers
gave their shares, who looked at number and address once, and what came of it (A-24, A-26, A-27, A-47).

One stream for each use, ``contact_id(report, number)``. Every event names its ``report``. ``request``: statement hash
of ``contact.requested.v1``, SHA-256 (hex) of what its signature is over (:mod:`events.signing`), so that a share serves
one request and no other. ``relay_key``: key id (hex) of the relay officer in the key manifest. Contributions are wraps
to the keys of the other relay officers; the event that uses or ends the request destroys them. Nothing here is ever
free text: it could hold the number.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("contact.requested.v1")
@dataclass(frozen=True, kw_only=True)
class ContactRequested(ActedEvent):
    """An officer of the case asks for the reporter to be contacted; he himself never sees number or address.

    ``sealed_stream``, ``sealed_version``: the event whose sealing holds the shares. ``purpose``: a code of
    ``ContactPurpose``. ``m``: how many relay officers it takes. ``expires_on``: last day (ISO date) on which it can be
    used.
    """

    report: str
    sealed_stream: str
    sealed_version: int
    purpose: str
    m: int
    expires_on: str


@topic("contact.contributed.v1")
@dataclass(frozen=True, kw_only=True)
class ContactContributed(ActedEvent):
    """A relay officer gave his share. ``sealing``: one wrap of it to the key of each other who may use it."""

    report: str
    request: str
    relay_key: str
    sealing: Sealing


@topic("contact.used.v1")
@dataclass(frozen=True, kw_only=True)
class ContactUsed(ActedEvent):
    """Another relay officer put the shares together and saw number, address and preferred way, once; recorded before
    anything is shown. ``destroyed``: the contributions."""

    report: str
    request: str
    destroyed: tuple[str, ...]


@topic("contact.concluded.v1")
@dataclass(frozen=True, kw_only=True)
class ContactConcluded(ActedEvent):
    """What came of it. ``outcome``, ``way``: codes of ``ContactOutcome`` and ``ContactWay``; ``on``: ISO date."""

    report: str
    outcome: str
    way: str
    on: str


@topic("contact.closed.v1")
@dataclass(frozen=True, kw_only=True)
class ContactClosed(ActedEvent):
    """Over without having been used. ``reason``: a code of ``ContactClosing``. ``relay``: the officer whose share was
    bad where that is the reason, else "". ``destroyed``: the contributions."""

    report: str
    reason: str
    relay: str
    destroyed: tuple[str, ...]
