"""C2SP tlog-cosignature (https://c2sp.org/tlog-cosignature), Ed25519: what a witness says of a checkpoint.

A cosignature v1 states that, as of its timestamp, the witness has seen no larger tree of this log, and that this one
is consistent with all that it had seen. It is a signature line of the checkpoint's note, with 8 bytes of timestamp
before the 64 bytes of Ed25519 over ::

    cosignature/v1
    time <timestamp>
    <the checkpoint's text>
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from events.note import (
    KeyText,
    NoteError,
    NoteSignature,
    check_name,
    check_text,
    key_hash,
    read_key_text,
)
from events.signing import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, Signer, is_signed_by

ED25519_COSIGNATURE = 0x04
"""Signature type of an Ed25519 cosignature."""

_TIMESTAMP = struct.Struct(">Q")
_MAX_TIMESTAMP = 2**63 - 1


@dataclass(frozen=True)
class CosignatureVerifier:
    """A known witness, to be given to :func:`events.note.open_note`. ``public_key``: 32 bytes."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise NoteError("见证密钥应为 32 字节的 Ed25519 公钥")

    @property
    def key_hash(self) -> bytes:
        return key_hash(self.name, ED25519_COSIGNATURE, self.public_key)

    def verifies(self, text: str, signature: bytes) -> bool:
        if len(signature) != _TIMESTAMP.size + SIGNATURE_BYTES:
            return False
        (timestamp,) = _TIMESTAMP.unpack_from(signature)
        if not 0 < timestamp <= _MAX_TIMESTAMP:  # 0 would say nothing of the time; tlog-witness forbids it
            return False
        return is_signed_by(self.public_key, cosigned_message(text, timestamp), signature[_TIMESTAMP.size :])

    def vkey(self) -> str:
        """The key as text, with signature type 0x04."""
        return KeyText(self.name, ED25519_COSIGNATURE, self.public_key).encode()

    @classmethod
    def from_vkey(cls, text: str) -> CosignatureVerifier:
        """Raises :class:`events.note.NoteError` unless ``text`` is what :meth:`vkey` gives for some key."""
        key = read_key_text(text)
        if key.signature_type != ED25519_COSIGNATURE:
            raise NoteError("见证密钥的类型不是 Ed25519 联署（04）")
        return cls(key.name, key.public_key)


def cosign(text: str, name: str, signer: Signer, timestamp: int) -> NoteSignature:
    """The cosignature of a checkpoint's text. ``timestamp``: Unix seconds. Raises ``NoteError``, ``ValueError``."""
    check_name(name)
    check_text(text)
    if not 0 < timestamp <= _MAX_TIMESTAMP:
        raise ValueError("联署时间须在 1970 年之后")
    signature = _TIMESTAMP.pack(timestamp) + signer.sign(cosigned_message(text, timestamp))
    return NoteSignature(name, key_hash(name, ED25519_COSIGNATURE, signer.public_key), signature)


def cosigned_message(text: str, timestamp: int) -> bytes:
    """What the Ed25519 signature is over."""
    return f"cosignature/v1\ntime {timestamp}\n{text}".encode()


def timestamp_of(signature: NoteSignature) -> int:
    """When it was given, Unix seconds. Raises :class:`events.note.NoteError` for what is no such cosignature."""
    if len(signature.signature) != _TIMESTAMP.size + SIGNATURE_BYTES:
        raise NoteError("联署的长度不对")
    (timestamp,) = _TIMESTAMP.unpack_from(signature.signature)
    if not 0 < timestamp <= _MAX_TIMESTAMP:
        raise NoteError("联署的时间不对")
    return int(timestamp)
