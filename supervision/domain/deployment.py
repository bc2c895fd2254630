"""The deployment's own history: key manifests and rulebooks in force."""

from __future__ import annotations

from uuid import UUID

from events.vocabulary import deployment as facts
from supervision.domain.aggregate import Aggregate, Stamp, applies


class Deployment(Aggregate):
    """One deployment; its stream is the first of its log."""

    def __init__(self, stream_id: UUID) -> None:
        super().__init__(stream_id)
        self.manifest = ""
        self.rulebook = ""
        self.calendar = ""

    def adopt_manifest(self, stamp: Stamp, *, epoch: int, manifest: str) -> None:
        """A key manifest takes effect. ``manifest``: SHA-256 in hex."""
        self.record(facts.ManifestAdopted, stamp, epoch=epoch, manifest=manifest)

    def adopt_rulebook(self, stamp: Stamp, *, rulebook: str, calendar: str) -> None:
        """A version of rules and calendar takes effect; adopting the present one again changes nothing."""
        if (rulebook, calendar) != (self.rulebook, self.calendar):
            self.record(facts.RulebookAdopted, stamp, rulebook=rulebook, calendar=calendar)

    @applies(facts.ManifestAdopted)
    def _manifest(self, event: facts.ManifestAdopted) -> None:
        self.manifest = event.manifest

    @applies(facts.RulebookAdopted)
    def _rulebook(self, event: facts.RulebookAdopted) -> None:
        self.rulebook = event.rulebook
        self.calendar = event.calendar
