"""What a new deployment begins its checkpoints with: whom it asks to witness, and the signer's first memory."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from events.cosignature import CosignatureVerifier
from events.note import NoteVerifier, check_name
from events.policy import Policy, Witness
from events.signer import first_note
from events.signer_memory import SignerMemory
from events.signing import Signer
from supervision.checkpointing.policy import POLICY_FILE, is_address
from supervision.sealing.manifest import KeyManifest

SIGNER_DIRECTORY = "signer"
SUPERIOR = "superior"
"""What the policy calls the superior's witness; its quorum at first."""


@dataclass(frozen=True, kw_only=True)
class WitnessPlan:
    """``name``: of the superior's witness key; "" takes the log's, after ``witness.``. ``url``: where it takes
    submissions, "" where they are carried by hand, or the witness lives in the deployment's own home. Raises
    ``ValueError`` for what is neither a name nor an address."""

    name: str = ""
    url: str = ""

    def __post_init__(self) -> None:
        if self.name:
            check_name(self.name)
        if self.url and not is_address(self.url):
            raise ValueError("[witness] 的 url：应以 https:// 或 http:// 开头")


def begin_checkpoints(home: Path, manifest: KeyManifest, signer: Signer, witness: WitnessPlan) -> None:
    """Write policy and memory of a log that has no event yet. ``signer``: the log's key."""
    key = CosignatureVerifier(witness.name or f"witness.{manifest.origin}", manifest.superior.witness)
    policy = Policy(
        logs=(NoteVerifier(manifest.origin, manifest.log),),
        witnesses=(Witness(SUPERIOR, key, witness.url),),
        quorum=SUPERIOR,
    )
    with open(os.open(home / POLICY_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(policy.encode())
    SignerMemory(home / SIGNER_DIRECTORY).begin(first_note(manifest.origin, signer))
