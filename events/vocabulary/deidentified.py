"""The de-identified version of a report (去标识版), and the original behind it (A-47, E-04, E-07).

Where the narrative itself tells who reported, the petition office writes a version that does not. From then on those
who handle the report get the key of that version alone. The original is for two persons to decide on: a handler asks,
the head of the petition office agrees. All of it stands in the report's own stream, so that no transfer can cross it.
"""

from dataclasses import dataclass

from events.model import ActedEvent, Sealing
from events.topics import topic


@topic("report.deidentified.v1")
@dataclass(frozen=True, kw_only=True)
class ReportDeidentified(ActedEvent):
    """A de-identified version was written; a later one takes its place.

    ``sealing``: compartment ``deidentified``, a key of its own. ``destroyed``: SHA-256 (hex) of the wraps by which
    other offices could have read the original.
    """

    sealing: Sealing
    destroyed: tuple[str, ...]


@topic("report.original_requested.v1")
@dataclass(frozen=True, kw_only=True)
class OriginalRequested(ActedEvent):
    """A handler asks for the original narrative. ``purpose``: a code of ``OriginalPurpose``; why in words is sealed."""

    purpose: str
    sealing: Sealing | None = None


@topic("report.original_granted.v1")
@dataclass(frozen=True, kw_only=True)
class OriginalGranted(ActedEvent):
    """The head of the petition office lets ``officer`` see the original, up to and including the day ``until`` (ISO).

    ``sealings``: wraps of the content keys to that officer's own key, one for each key.
    """

    officer: str
    until: str
    sealings: tuple[Sealing, ...]


@topic("report.original_refused.v1")
@dataclass(frozen=True, kw_only=True)
class OriginalRefused(ActedEvent):
    """The head of the petition office does not let ``officer`` see the original."""

    officer: str
    sealing: Sealing | None = None
