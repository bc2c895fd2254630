"""Contributions: a custodian's share, or the gate's half, sealed again to who is allowed to look, for one opening.

A contribution is ``suite (1 byte) || HPKE single shot`` of the piece to the opening's ephemeral key; ``info`` names
the place of the data key as a wrap's does, and besides: the opening, the hash of the approval, the ephemeral key, whose
piece it is. So it serves no other opening, report, compartment or decision, and nobody else.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from events.custody import WrapRow
from events.model import DataKeyRef, Sealing, WrapRef
from supervision.sealing.binding import Place, context
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import HPKE_OVERHEAD, KemPrivateKey, KemPublicKey
from supervision.sealing.opening import Opener
from supervision.sealing.wraps import GATE_SHARE, KEY_LENGTH, find_wrap

_CONTRIBUTION = "supervision/contribution/v1"
_EPHEMERAL = "supervision/ephemeral/v1"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a contribution is for. ``approval``: statement hash of the approval, 32 bytes; ``recipient``: the ephemeral
    key that the approved request names."""

    opening: UUID
    approval: bytes
    recipient: KemPublicKey


def contribute(opener: Opener, decision: Decision, compartment: str, wrap: bytes, private: KemPrivateKey) -> bytes:
    """What ``private`` gives to a decision for one compartment; ``wrap``: its own, from custody.

    Raises CannotOpen for a wrap that is not of this report and key, BadShare for one that holds another piece.
    """
    place, ref = opener.split_key(compartment, private.key_id)
    piece = opener.contribution(compartment, wrap, private)
    info = _info(place, ref, decision.opening, decision.approval, decision.recipient.key_id, private.key_id)
    return bytes([place.suite]) + decision.recipient.encrypt(piece, info)


def open_contribution(
    opener: Opener,
    compartment: str,
    sealed: bytes,
    giver: str,
    *,
    opening: UUID,
    approval: bytes,
    ephemeral: KemPrivateKey,
) -> bytes:
    """The piece that the holder of the key ``giver`` (id, hex) gave. Raises CannotOpen where it is not for this."""
    place, ref = opener.split_key(compartment, giver)
    if sealed[:1] != bytes([place.suite]):
        raise CannotOpen("份额的格式不符，拒绝使用。请保管人重新提交。")
    return ephemeral.decrypt(sealed[1:], _info(place, ref, opening, approval, ephemeral.key_id, giver))


def contributed_sealing(
    opener: Opener, opening: UUID, recipient: KemPublicKey, giver: str, given: Mapping[str, bytes]
) -> tuple[Sealing, tuple[WrapRow, ...]]:
    """What the event says of contributions, and their wraps for custody.

    ``given``: compartment to contribution. Raises CannotOpen for one that cannot be a contribution of ``giver``.
    """
    keys, rows = [], []
    for compartment, sealed in given.items():
        place, ref = opener.split_key(compartment, giver)
        named = find_wrap(ref, giver)
        if len(sealed) != contribution_length(named) or sealed[:1] != bytes([place.suite]):
            raise CannotOpen("份额的格式不符，拒绝接收。请保管人用本平台的命令重新生成。")
        digest = hashlib.sha256(sealed)
        recipient_id = bytes.fromhex(recipient.key_id)
        rows.append(WrapRow(sha256=digest.digest(), stream_id=opening, recipient=recipient_id, data=sealed))
        wrap = WrapRef(
            key=recipient.key_id,
            share=named.share,
            sha256=digest.hexdigest(),
            share_commitment=named.share_commitment,
        )
        keys.append(
            DataKeyRef(compartment=compartment, commitment=ref.commitment, m=ref.m, n=ref.n, wraps=(wrap,)),
        )
    sealing = Sealing(suite=opener.sealing.suite, manifest=opener.sealing.manifest, keys=tuple(keys), items=())
    return sealing, tuple(rows)


def contribution_length(named: WrapRef) -> int:
    """Bytes of a contribution of the piece that ``named`` stands for: a share has its number at the end."""
    return 1 + HPKE_OVERHEAD + KEY_LENGTH + (0 if named.share == GATE_SHARE else 1)


# -- the ephemeral key between request and opening -----------------------------------------------------------------


def keep_ephemeral(ephemeral: KemPrivateKey, owner: KemPublicKey, opening: UUID) -> bytes:
    """The ephemeral key for working state: sealed to its owner's own key, which only his passphrase unlocks."""
    return owner.encrypt(ephemeral.seed, context(_EPHEMERAL, opening))


def recall_ephemeral(kept: bytes, owner: KemPrivateKey, opening: UUID) -> KemPrivateKey:
    """Back again. Raises CannotOpen."""
    return KemPrivateKey(owner.decrypt(kept, context(_EPHEMERAL, opening)))


def _info(place: Place, ref: DataKeyRef, opening: UUID, approval: bytes, recipient: str, giver: str) -> bytes:
    return place.sealed_context(
        _CONTRIBUTION,
        opening.bytes,
        approval,
        bytes.fromhex(ref.commitment),
        bytes.fromhex(recipient),
        bytes.fromhex(giver),
        find_wrap(ref, giver).share,
        ref.m,
        ref.n,
    )
