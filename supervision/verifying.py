"""``supervision verify``: what the verifier core needs, from the settings and the pinned key manifest."""

from __future__ import annotations

from events.checkpoint import Checkpoint
from events.keyring import Keyring, TrustedKey
from events.note import NoteVerifier, open_note
from events.verify import Verified, verify_log
from supervision.founding import CEREMONY_TOPICS
from supervision.platform import Platform


def verify_platform(platform: Platform) -> Verified:
    """Verify the whole log of a deployment with its custody. Raises ``events.verify.Fault``."""
    head = platform.log.head()
    roots = {head.size: head.root} | _signed_roots(platform)
    return verify_log(
        platform.settings.origin,
        platform.log.scan(head.size),
        Keyring(trusted_keys(platform)),
        roots=roots,
        read_nodes=platform.log.read_nodes,
        custody=platform.custody,
    )


def trusted_keys(platform: Platform) -> list[TrustedKey]:
    """The keys of all manifests in force since the beginning: ceremony and services."""
    keys: dict[bytes, TrustedKey] = {}
    for manifest in platform.manifests.values():
        keys[manifest.ceremony] = TrustedKey("ceremony", manifest.ceremony, CEREMONY_TOPICS)
        for service in manifest.services:
            keys[service.signing] = TrustedKey(f"service:{service.name}", service.signing, service.topics)
    return list(keys.values())


def _signed_roots(platform: Platform) -> dict[int, bytes]:
    """The root of the last checkpoint that the log's key has signed."""
    last = platform.log.checkpoints.last()
    if last is None:
        return {}
    verifier = NoteVerifier(platform.settings.origin, platform.manifest.log)
    opened, _ = open_note(last.note, [verifier])
    checkpoint = Checkpoint.parse(opened.text)
    return {checkpoint.size: checkpoint.root}
