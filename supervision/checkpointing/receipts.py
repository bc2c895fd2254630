"""The proof that a reporter can take home: his ``receipt.issued`` event is in a log that a witness has cosigned.

A C2SP tlog-proof against, in this order, what anybody may see, if it covers the event; the first checkpoint that does
and has a quorum; the first one that does, cosigned or not. Never against the newest: with a report of his own an
employer could then ask every minute how long the log is, which the site tells nobody (:mod:`.views`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID

from events.checkpoint import Checkpoint, CheckpointError
from events.checkpoints import Checkpoints
from events.leaf import leaf_data
from events.merkle import ProofError, TreeError, prove_inclusion
from events.note import NoteError, parse
from events.policy import NONE, Policy, PolicyError
from events.proof import LogProof
from events.store import DamagedLog
from supervision.checkpointing.policy import load_policy
from supervision.checkpointing.views import public_view
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptSecrets

CANDIDATES = 20
"""Checkpoints that are looked at from where a quorum is possible; nearly always the first has one."""


@dataclass(frozen=True)
class ReceiptProof:
    """``file``: the tlog-proof. ``provisional``: no quorum of witnesses has cosigned it yet."""

    file: bytes
    provisional: bool


def receipt_proof(platform: Platform, secrets: ReceiptSecrets) -> ReceiptProof | None:
    """The proof for a code; None while no checkpoint covers its event, or where the log has no such event.

    Raises :class:`events.store.DamagedLog` where the log cannot prove what it should, BadSetting for a wrong policy.
    """
    position = platform.log.position_of(secrets.stream_id)
    if position is None:
        return None
    policy = load_policy(platform.settings.home)
    try:
        for note in _notes(platform, policy, position):
            proof = _proof(platform, secrets.stream_id, position, note)
            try:
                proof.verify(policy)
            except PolicyError:
                continue
            return ReceiptProof(proof.encode(), provisional=False)
        first = platform.log.checkpoints.covering(position)
        if first is None:
            return None
        proof = _proof(platform, secrets.stream_id, position, first.note)
        proof.verify(replace(policy, quorum=NONE))
        return ReceiptProof(proof.encode(), provisional=True)
    except (NoteError, CheckpointError, ProofError, TreeError) as error:
        raise DamagedLog(f"日志不能证明它应能证明的事（{error}），请运行 supervision verify 查看") from None


def _notes(platform: Platform, policy: Policy, position: int) -> Iterator[bytes]:
    """Checkpoints that cover a position, cosigned, the one to be preferred first."""
    public = public_view(platform)
    if public is not None and public.size >= position and platform.settings.public_checkpoint_hours:
        yield public.note
    begin = _smallest_with_quorum(platform.log.checkpoints, policy, position)
    if begin is not None:
        for _, note in islice(platform.log.checkpoints.first_cosigned(begin), CANDIDATES):
            yield note


def _smallest_with_quorum(checkpoints: Checkpoints, policy: Policy, position: int) -> int | None:
    """No smaller tree that covers the position can have a quorum: too few witnesses have cosigned any that does."""
    first = {
        witness.name: size
        for witness in policy.witnesses
        if (size := checkpoints.first_size_of(witness.key.name, position)) is not None
    }
    for size in sorted({position, *first.values()}):
        if policy.is_quorum(name for name, cosigned in first.items() if cosigned <= size):
            return size
    return None


def _proof(platform: Platform, stream_id: UUID, position: int, note: bytes) -> LogProof:
    size = Checkpoint.parse(parse(note).text).size
    entry = platform.log.stream(stream_id, lte=1)[0]
    hashes = prove_inclusion(position - 1, size, platform.log.read_nodes)
    return LogProof(leaf_data(platform.settings.origin, entry), position - 1, tuple(hashes), note)
