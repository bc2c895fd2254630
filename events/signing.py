"""Event signatures: every event is a statement by somebody who holds a key that the database does not.

An event is signed with Ed25519 (RFC 8032) over the length-prefixed fields ::

    "supervision/event/v1", origin, stream id (16 bytes), stream version (u64), topic, SHA-256(state)

Origin and stream bind the statement to its place: it cannot be moved to another log, stream or version. A key
id is 32 bytes, ``SHA-256("supervision/key/v1" || 0x01 || public key)``; 0x01 stands for Ed25519.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Protocol
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from events.framing import length_prefixed, name_field, place_fields

EVENT_CONTEXT = b"supervision/event/v1"
KEY_CONTEXT = b"supervision/key/v1"
ED25519 = b"\x01"

KEY_ID_BYTES = 32
PUBLIC_KEY_BYTES = 32
SIGNATURE_BYTES = 64

_CONTEXT_FIELD = length_prefixed(EVENT_CONTEXT)


class Signer(Protocol):
    """Who can sign: an officer's unlocked key, a reporter's derived key, a service key, a device."""

    @property
    def key_id(self) -> bytes:
        """32 bytes, :func:`key_id_of` the public key."""

    @property
    def public_key(self) -> bytes:
        """32 bytes, Ed25519."""

    def sign(self, message: bytes) -> bytes:
        """64 bytes, Ed25519 over ``message``."""


class Ed25519Signer:
    """A :class:`Signer` whose private key is in this process's memory.

    ``seed``: the 32-byte private key of RFC 8032. Raises :class:`ValueError` for any other length.
    """

    def __init__(self, seed: bytes) -> None:
        self._private_key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public_key = self._private_key.public_key().public_bytes_raw()
        self._key_id = key_id_of(self._public_key)

    @property
    def key_id(self) -> bytes:
        return self._key_id

    @property
    def public_key(self) -> bytes:
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        return self._private_key.sign(message)


def made_in_memory(signer: Signer) -> bool:
    """Whether this module makes the signatures, with a key of which it derived public key and key id itself.

    Whoever overrides any of that, or asks a device, is somebody whose signatures can fail to verify.
    """
    kind = type(signer)
    return isinstance(signer, Ed25519Signer) and (kind.sign, kind.public_key, kind.key_id) == (
        Ed25519Signer.sign,
        Ed25519Signer.public_key,
        Ed25519Signer.key_id,
    )


def key_id_of(public_key: bytes) -> bytes:
    """The 32-byte key id of an Ed25519 public key of 32 bytes."""
    return hashlib.sha256(KEY_CONTEXT + ED25519 + public_key).digest()


def signature_message(origin: str, stream_id: UUID, stream_version: int, topic: str, state: bytes) -> bytes:
    """What an event's signature is over."""
    return b"".join(
        (
            _CONTEXT_FIELD,
            name_field(origin),
            place_fields(stream_id, stream_version, topic),
            length_prefixed(hashlib.sha256(state).digest()),
        )
    )


def is_signed_by(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of ``public_key`` signed ``message``; false, too, for a malformed key."""
    key = _load(public_key)
    if key is None:
        return False
    try:
        key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=1024)
def _load(public_key: bytes) -> Ed25519PublicKey | None:
    try:
        return Ed25519PublicKey.from_public_bytes(public_key)
    except ValueError:
        return None
