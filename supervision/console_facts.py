"""The office's facts about a report, opened with the console's key: what queues are sorted by, and who is excluded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from events.custody_reader import CustodyReader
from events.model import Sealing
from supervision.sealing.compartments import FACTS
from supervision.sealing.errors import SealingError
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.layer import LayerKeys
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.opening import Opener


@dataclass(frozen=True, repr=False)
class ConsoleFacts:
    """Opens the facts compartment with the console's key; a process without that key has no such object."""

    manifests: Mapping[str, KeyManifest]
    custody: CustodyReader
    key: KemPrivateKey
    layers: LayerKeys

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
            opener = Opener(manifest, sealing, stream_id, self.layers)
            plaintext = opener.open_item(items[0], opener.unwrap(FACTS, wrap, self.key), envelope)
            facts = json.loads(plaintext)
        except (SealingError, ValueError):
            return None  # damaged custody is for ``verify`` to tell; a queue must go on
        return facts if isinstance(facts, dict) else None
