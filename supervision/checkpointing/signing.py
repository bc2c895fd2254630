"""The deployment's checkpoint signer: the log's key, and the memory in ``<home>/signer``."""

from __future__ import annotations

from events.signer import CheckpointSigner
from events.signer_memory import SignerMemory
from supervision.checkpointing.founding import SIGNER_DIRECTORY
from supervision.platform import Platform
from supervision.sealing.keys import SigningKey


def make_signer(platform: Platform) -> CheckpointSigner:
    """Raises BadSetting where this process does not have the log's key."""
    return CheckpointSigner(
        platform.log,
        SigningKey(platform.log_secrets.log_seed),
        SignerMemory(platform.settings.home / SIGNER_DIRECTORY),
        platform.recording_clock,
        former=[manifest.log for manifest in platform.manifests.values()],
    )
