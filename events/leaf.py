"""An entry of the log, and how it becomes a leaf of the tree.

Header, length-prefixed fields in this order ::

    origin, stream id (16 bytes), stream version (u64), topic, recorded_at (i64, Unix seconds),
    key id (32 bytes), signature (64 bytes), SHA-256(state)

Leaf data is ``0x01 || HMAC-SHA256(salt, header)``; the leaf is its RFC 6962 hash. The leaf data of an entry
can be published: without the 32 bytes of salt nobody can test a guess of what it stands for. Who holds the
entry can prove it.
"""

from __future__ import annotations

import hashlib
import struct
from typing import NamedTuple
from uuid import UUID

from events import merkle
from events.framing import name_field, place_fields
from events.signing import KEY_ID_BYTES, SIGNATURE_BYTES

LEAF_VERSION = b"\x01"
SALT_BYTES = 32
SECONDS_PER_HOUR = 3600

_LAST_FIELDS = struct.Struct(">IqI32sI64sI32s")
"""recorded_at, key id, signature and SHA-256(state), each after its length."""


# The pads of HMAC, for the bytes of a key and for the rest of SHA-256's block of 64 bytes.
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = (bytes([pad]) * (64 - SALT_BYTES) for pad in (0x36, 0x5C))


class SignedEvent(NamedTuple):
    """An event as it is handed to the log.

    ``state``: canonical JSON. ``key_id``: 32 bytes. ``signature``: 64 bytes (:mod:`events.signing`).
    ``salt``: 32 bytes.
    """

    stream_id: UUID
    stream_version: int
    topic: str
    state: bytes
    salt: bytes
    key_id: bytes
    signature: bytes


class Entry(NamedTuple):
    """An event as it lies in the log: a :class:`SignedEvent` and when (Unix seconds, whole hours)."""

    stream_id: UUID
    stream_version: int
    topic: str
    state: bytes
    salt: bytes
    key_id: bytes
    signature: bytes
    recorded_at: int


class RecordedEntry(NamedTuple):
    """An entry and where it is. ``position`` counts from 1; the leaf's index is ``position - 1``."""

    position: int
    entry: Entry


def check_form(event: SignedEvent | Entry) -> None:
    """Raises ``ValueError`` unless salt, key id and signature have the lengths of the format.

    Not left to hash and signature: HMAC pads its key with zeros, so a salt of 33 bytes can give the same leaf.
    """
    if len(event.salt) != SALT_BYTES or len(event.key_id) != KEY_ID_BYTES or len(event.signature) != SIGNATURE_BYTES:
        raise ValueError("盐、密钥标识或签名的长度不对")


def header(origin: str, entry: Entry) -> bytes:
    """The bytes that the leaf commits to. Raises ``ValueError`` as :func:`check_form`."""
    check_form(entry)  # what follows would cut a longer field off
    state_hash = hashlib.sha256(entry.state).digest()
    return b"".join(
        (
            name_field(origin),
            place_fields(entry.stream_id, entry.stream_version, entry.topic),
            _LAST_FIELDS.pack(8, entry.recorded_at, 32, entry.key_id, 64, entry.signature, 32, state_hash),
        )
    )


def leaf_data(origin: str, entry: Entry) -> bytes:
    """33 bytes: what an entry bundle of the log's tiles shows of the entry."""
    return LEAF_VERSION + _hmac_sha256(entry.salt, header(origin, entry))


def _hmac_sha256(key: bytes, message: bytes) -> bytes:
    """RFC 2104 for a key of 32 bytes, as :func:`hmac.digest` has it.

    That one looks the algorithm up anew and lets go of the interpreter lock each time; a verifier makes millions, and
    a writer makes his while all others wait.
    """
    inner = hashlib.sha256(key.translate(_INNER) + _INNER_REST + message).digest()
    return hashlib.sha256(key.translate(_OUTER) + _OUTER_REST + inner).digest()


def leaf_hash(origin: str, entry: Entry) -> bytes:
    """The entry's leaf, 32 bytes."""
    return merkle.hash_leaf(leaf_data(origin, entry))
