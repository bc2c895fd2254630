"""Binding: every key, commitment and ciphertext of the seals is tied to the one place it belongs to.

A *context* is a label of this format followed by its fields, each with its length in front, so that no two
different lists of fields give the same bytes. It is the ``info`` of HKDF and HPKE and the associated data of
AES-GCM. A ciphertext that is moved to another field, report, manifest or recipient meets another context
there and does not open.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from events.framing import length_prefixed, name_field

Rng = Callable[[int], bytes]
"""Returns the given number of random bytes; ``secrets.token_bytes`` outside of tests."""

SUITE_XWING_AES256GCM = 2
"""X-Wing (ML-KEM-768 with X25519), HKDF-SHA256, AES-256-GCM. Suite 3 is kept for SM2/SM3/SM4 devices."""

KNOWN_SUITES = frozenset({SUITE_XWING_AES256GCM})


def context(*fields: str | bytes | int | UUID) -> bytes:
    """``fields``, as a rule a label first, each as u32 (big endian) length and bytes.

    Text is UTF-8, an integer is a u32 (big endian), a UUID its 16 bytes.
    """
    return length_prefixed(*[field if type(field) is bytes else _encoded(field) for field in fields])


def _encoded(field: str | bytes | int | UUID) -> bytes:
    if isinstance(field, int):
        return field.to_bytes(4, "big")
    if isinstance(field, str):
        return field.encode()
    return field.bytes if isinstance(field, UUID) else field


def derive(secret: bytes, info: bytes, length: int = 32) -> bytes:
    """HKDF-SHA256 (RFC 5869) without salt. ``secret`` must be uniformly random."""
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=None, info=info).derive(secret)


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where one data key is at home: one compartment of one sealing of one stream under one manifest.

    ``manifest``: the manifest's hash, 32 bytes.
    """

    origin: str
    manifest: bytes
    suite: int
    stream_id: UUID
    compartment: str

    def key_context(self, label: str, *fields: str | bytes | int) -> bytes:
        """Context that outlives a change of manifest: re-wrapping and re-sharing keep the data key."""
        return name_field(label) + self._of_key + context(*fields)

    def sealed_context(self, label: str, *fields: str | bytes | int) -> bytes:
        """Context of a ciphertext: it never leaves the manifest and the suite that it was made under."""
        return name_field(label) + self._of_ciphertext + context(*fields)

    # What all contexts of a place have in common, made once for its many keys and ciphertexts.

    @cached_property
    def _of_key(self) -> bytes:
        return context(self.origin, self.stream_id, self.compartment)

    @cached_property
    def _of_ciphertext(self) -> bytes:
        return context(self.origin, self.manifest, self.suite, self.stream_id, self.compartment)
