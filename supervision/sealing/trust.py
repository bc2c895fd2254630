"""Whose signatures count from the beginning of the log: the keys of the manifests, for :mod:`events.keyring`."""

from __future__ import annotations

from collections.abc import Iterable

from events.keyring import TrustedKey
from supervision.sealing.manifest import KeyManifest

CEREMONY_TOPICS = ("deployment.*", "officer.appointed.v1", "custody.reshared.v1")
"""What the ceremony's key may sign: founding acts, the appointment of the first officers, changes of custodians."""


def trusted_keys(manifests: Iterable[KeyManifest]) -> dict[str, list[TrustedKey]]:
    """The keys of each manifest, ceremony and services, by its hash, the oldest first."""
    return {
        manifest.hash: [
            TrustedKey("ceremony", manifest.ceremony, CEREMONY_TOPICS),
            *(TrustedKey(f"service:{one.name}", one.signing, one.topics) for one in manifest.services),
        ]
        for manifest in sorted(manifests, key=lambda manifest: manifest.epoch)
    }
