"""The deployment itself: which key manifest and which rulebook are in force, from which position of the log on."""

from dataclasses import dataclass

from events.model import ActedEvent
from events.topics import topic


@topic("deployment.manifest_adopted.v1")
@dataclass(frozen=True, kw_only=True)
class ManifestAdopted(ActedEvent):
    """A key manifest takes effect. ``manifest``: SHA-256 (hex) of its canonical bytes; signed by the key ceremony."""

    epoch: int
    manifest: str


@topic("deployment.rulebook_adopted.v1")
@dataclass(frozen=True, kw_only=True)
class RulebookAdopted(ActedEvent):
    """A version of rules and of the working-day calendar takes effect."""

    rulebook: str
    calendar: str
