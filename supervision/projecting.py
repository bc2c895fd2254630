"""Between rules, keys and read models: what the projections are given, and how their runner is started."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from events.custody_reader import CustodyReader
from events.model import Sealing
from projections.catalogue import projections
from projections.projection import Projection
from projections.runner import Runner
from supervision.domain.calendar import Due
from supervision.domain.deadlines import ClockId
from supervision.domain.rulebook import Rulebook
from supervision.platform import Platform
from supervision.sealing.compartments import FACTS
from supervision.sealing.errors import SealingError
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.opening import Opener


@dataclass(frozen=True)
class RulebookClocks:
    """The rulebook as the projections see it: how long each clock runs."""

    rulebook: Rulebook

    @property
    def version(self) -> str:
        return self.rulebook.version

    def due(self, clock_id: str, started_on: date) -> Due:
        return self.rulebook.clocks.deadline(ClockId(clock_id), started_on).end


@dataclass(frozen=True, repr=False)
class ConsoleFacts:
    """Opens the facts compartment with the console's key; a process without that key has no such object."""

    manifests: Mapping[str, KeyManifest]
    custody: CustodyReader
    key: KemPrivateKey

    def __call__(self, stream_id: UUID, sealing: Sealing) -> Mapping[str, Any] | None:
        manifest = self.manifests.get(sealing.manifest)
        wraps = [wrap for ref in sealing.keys if ref.compartment == FACTS for wrap in ref.wraps]
        items = [item for item in sealing.items if item.compartment == FACTS and item.field == "facts"]
        mine = next((wrap for wrap in wraps if wrap.key == self.key.key_id), None)
        if manifest is None or mine is None or not items:
            return None
        wrap = self.custody.wrap(bytes.fromhex(mine.sha256))
        envelope = self.custody.envelope(bytes.fromhex(items[0].sha256))
        if wrap is None or envelope is None:
            return None  # destroyed by rule; the event of that comes later in the log
        try:
            opener = Opener(manifest, sealing, stream_id)
            plaintext = opener.open_item(items[0], opener.unwrap(FACTS, wrap, self.key), envelope)
            facts = json.loads(plaintext)
        except (SealingError, ValueError):
            return None  # damaged custody is for ``verify`` to tell; a queue must go on
        return facts if isinstance(facts, dict) else None


def make_projections(platform: Platform) -> tuple[Projection, ...]:
    """All read models; needs the console's key. Raises BadSetting without it."""
    facts = ConsoleFacts(platform.manifests, platform.custody, platform.facts_key)
    return projections(facts, RulebookClocks(platform.rulebook))


def make_runner(platform: Platform) -> Runner:
    """The runner of all read models; needs the console's key. Raises BadSetting without it."""
    return Runner(platform.ledger, platform.reads, make_projections(platform))


def run_in_background(platform: Platform) -> threading.Event:
    """Keep the read models up to date in a thread of this process; set the event that is returned to end it."""
    stop = threading.Event()
    runner = make_runner(platform)
    threading.Thread(target=runner.run_forever, args=(stop,), name="projections", daemon=True).start()
    return stop
