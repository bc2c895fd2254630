"""One sealed payload: the bytes of an envelope, and the key of a file, each bound to its place.

An envelope is ``suite (1 byte) || nonce (12 bytes) || AES-256-GCM`` of the padded plaintext. Its key is HKDF
of the compartment's data key; ``info`` of HKDF and associated data of AES-GCM are the same context: origin,
manifest, suite, stream, compartment, field. A file (:mod:`.files`) is keyed in the same way under a label of
its own.
"""

from __future__ import annotations

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from supervision.sealing.binding import Place, Rng, derive
from supervision.sealing.errors import CannotOpen, CannotSeal
from supervision.sealing.files import FileKey
from supervision.sealing.padding import KIB, SIZE_CLASSES, pad, unpad

NONCE_LENGTH = 12

_ENVELOPE = "supervision/envelope/v1"
_FILE = "supervision/file/v1"
_HEADER_LENGTH = 1 + NONCE_LENGTH
_OVERHEAD = _HEADER_LENGTH + 16  # the tag


def seal_envelope(place: Place, data_key: bytes, field: str, plaintext: bytes, rng: Rng) -> tuple[bytes, int]:
    """The envelope's bytes and its size class. Raises CannotSeal for more than 1 MiB."""
    padded = pad(plaintext)
    if len(padded) > SIZE_CLASSES[-1]:
        raise CannotSeal(f"{place.compartment}/{field} 超过 {SIZE_CLASSES[-1] // KIB} KiB，请作为文件密封。")
    context = place.sealed_context(_ENVELOPE, field)
    nonce = rng(NONCE_LENGTH)
    ciphertext = AESGCM(derive(data_key, context)).encrypt(nonce, padded, context)
    return bytes([place.suite]) + nonce + ciphertext, len(padded)


def open_envelope(place: Place, data_key: bytes, field: str, envelope: bytes, size_class: int) -> bytes:
    """The plaintext of :func:`seal_envelope`. Raises CannotOpen."""
    context = place.sealed_context(_ENVELOPE, field)
    if envelope[:1] != bytes([place.suite]) or len(envelope) != _OVERHEAD + size_class:
        raise CannotOpen(f"{place.compartment}/{field} 的信封格式不符，拒绝打开。请运行 supervision verify。")
    try:
        padded = AESGCM(derive(data_key, context)).decrypt(
            envelope[1:_HEADER_LENGTH], envelope[_HEADER_LENGTH:], context
        )
    except InvalidTag:
        raise CannotOpen(f"{place.compartment}/{field} 无法解开：密钥、用途或内容不符。请核对案件。") from None
    return unpad(padded)


def file_key(place: Place, data_key: bytes, field: str) -> FileKey:
    """Key and context of the file that is ``field`` of this place."""
    context = place.sealed_context(_FILE, field)
    return FileKey(suite=place.suite, key=derive(data_key, context), context=context)
