"""A keyring: an officer's private seeds under a passphrase of his own.

``version (1) || memory in KiB (u32) || iterations (u32) || lanes (1 byte) || salt (16) || nonce (12) ||
AES-256-GCM``; the key is Argon2id (RFC 9106) of the passphrase, associated data are the bytes before the
ciphertext and the owner. The parameters travel with the keyring so that they can be raised; one whose
parameters are below the minimum of the program is refused, so that a weaker one cannot be slipped in.
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from threading import Lock

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from events.canonical import decode_object, encode
from supervision.sealing.binding import Rng, context
from supervision.sealing.errors import WrongPassphrase
from supervision.sealing.padding import pad, unpad
from supervision.sealing.strict_json import Members, to_base64

#: Held while a passphrase is stretched. OpenSSL's Argon2 hangs for ever when two threads of a process use several
#: lanes at once; besides, each derivation takes 64 MiB.
_STRETCHING = Lock()

_LABEL = "supervision/keyring/v1"
_VERSION = 1
_HEADER = struct.Struct(">BIIB16s12s")
_REFUSED = "口令不正确，或密钥环已损坏。请重新输入；确实忘记口令的，请管理员重新发放一次性登录码。"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Parameters of Argon2id: ``memory_kib``, ``iterations`` and ``lanes`` (threads)."""

    memory_kib: int
    iterations: int
    lanes: int

    def is_at_least(self, other: Cost) -> bool:
        return self.memory_kib >= other.memory_kib and self.iterations >= other.iterations


STANDARD_COST = Cost(memory_kib=64 * 1024, iterations=3, lanes=4)
_HIGHEST_COST = Cost(memory_kib=1024 * 1024, iterations=16, lanes=16)


def seal_keyring(
    passphrase: str, owner: str, seeds: Mapping[str, bytes], rng: Rng, cost: Cost = STANDARD_COST
) -> bytes:
    """The keyring's bytes.

    ``owner``: origin and officer id; ``seeds``: name ("signing", "kem") to 32 bytes.
    """
    header = _HEADER.pack(_VERSION, cost.memory_kib, cost.iterations, cost.lanes, rng(16), rng(12))
    plaintext = pad(encode({name: to_base64(seed) for name, seed in seeds.items()}))
    key, nonce = _key(passphrase, header)
    return header + AESGCM(key).encrypt(nonce, plaintext, _associated(header, owner))


def open_keyring(passphrase: str, owner: str, keyring: bytes, minimum: Cost = STANDARD_COST) -> dict[str, bytes]:
    """The seeds by name. Raises WrongPassphrase. ``minimum``: lower only in tests."""
    header, ciphertext = keyring[: _HEADER.size], keyring[_HEADER.size :]
    if len(header) != _HEADER.size or header[0] != _VERSION:
        raise WrongPassphrase(_REFUSED)
    _, memory_kib, iterations, lanes, _, _ = _HEADER.unpack(header)
    cost = Cost(memory_kib=memory_kib, iterations=iterations, lanes=lanes)
    if not (cost.is_at_least(minimum) and _HIGHEST_COST.is_at_least(cost) and 1 <= lanes <= _HIGHEST_COST.lanes):
        raise WrongPassphrase(_REFUSED)
    key, nonce = _key(passphrase, header)
    try:
        plaintext = AESGCM(key).decrypt(nonce, ciphertext, _associated(header, owner))
    except InvalidTag:
        raise WrongPassphrase(_REFUSED) from None
    members = Members("", decode_object(unpad(plaintext)))
    return {name: members.binary(name) for name in members.unread}


def _key(passphrase: str, header: bytes) -> tuple[bytes, bytes]:
    """Key and nonce.

    The passphrase counts as NFKC: full-width and half-width letters look alike when typed.
    """
    _, memory_kib, iterations, lanes, salt, nonce = _HEADER.unpack(header)
    kdf = Argon2id(salt=salt, length=32, iterations=iterations, lanes=lanes, memory_cost=memory_kib)
    with _STRETCHING:
        return kdf.derive(unicodedata.normalize("NFKC", passphrase).encode()), nonce


def _associated(header: bytes, owner: str) -> bytes:
    return context(_LABEL, header, owner)


def decoy_keyring() -> bytes:
    """A keyring that no passphrase opens, at full cost, so that an unknown account looks like a known one."""
    cost = STANDARD_COST
    header = _HEADER.pack(_VERSION, cost.memory_kib, cost.iterations, cost.lanes, bytes(16), bytes(12))
    return header + bytes(64)
