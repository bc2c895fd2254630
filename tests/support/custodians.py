"""Custodians and the superior's gate on machines of their own, for walks through the console: a file in, a file out."""

from __future__ import annotations

from pathlib import Path

from events.checkpoints import SignedCheckpoint
from events.cosignature import cosign
from events.note import Note, sign
from supervision.checkpointing.policy import load_policy
from supervision.openings import custodian
from supervision.openings.checking import check
from supervision.openings.gate import release, without_addresses
from supervision.openings.gate_home import GateHome
from supervision.openings.request_file import RequestFile
from supervision.platform import Platform
from supervision.sealing.keys import KemPrivateKey, SigningKey
from tests.support.deployment import seeds


class Elsewhere:
    """Has the keys that the ceremony handed over, the pinned manifest, and nothing of the county but the files."""

    def __init__(self, platform: Platform, directory: Path) -> None:
        self._platform = platform
        self._seeds = seeds(platform)
        self._gate = GateHome(
            directory=directory / "gate",
            name="gate.city.example/supervision",
            manifest=platform.manifest,
            policy=without_addresses(load_policy(platform.settings.home)),
            release=KemPrivateKey(self._seeds["superior/gate"]),
            signer=SigningKey(platform.rng(32)),
        )
        self._gate.found()

    def answer(self, officer: str, request: bytes) -> bytes:
        """What ``supervision custodian contribute`` writes."""
        checked = check(RequestFile.parse(request), self._platform.manifest, self._platform.clock())
        return custodian.contribute(checked, KemPrivateKey(self._seeds[f"custodian/{officer}"])).encode()

    def released(self, request: bytes) -> bytes:
        """What ``supervision gate release`` writes."""
        return release(self._gate, RequestFile.parse(request), self._platform.clock()).encode()

    def witness(self) -> None:
        """The log signs its head and the superior's witness cosigns that."""
        store, now = self._platform.desk.log, int(self._platform.clock().timestamp())
        head = store.head()
        text = head.checkpoint().text()
        note = Note(text, (sign(text, head.origin, SigningKey(self._seeds["log"])),)).encode()
        store.checkpoints.add(SignedCheckpoint(head.size, note, now))
        name = load_policy(self._platform.settings.home).witnesses[0].key.name
        line = cosign(text, name, SigningKey(self._seeds["superior/witness"]), now)
        store.checkpoints.add_cosignatures(head.size, [line])
