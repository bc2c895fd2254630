"""Key pairs: X-Wing for sealing, Ed25519 for signing, both made from a 32-byte seed.

X-Wing (draft-connolly-cfrg-xwing-kem) is ML-KEM-768 together with X25519: who wants to read a wrap must break
both. A seed expands to the two private keys with SHAKE256, as in the draft, so other implementations
(Go's ``crypto/hpke`` is one) load the same key from the same 32 bytes.

A key identifier is ``SHA-256("supervision/key/v1" || kind || public bytes)``; the kind keeps the two sorts
apart.
"""

from __future__ import annotations

import hashlib
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from events.signing import KEY_CONTEXT, Ed25519Signer
from supervision.sealing.binding import Rng
from supervision.sealing.errors import CannotOpen

SEED_LENGTH = 32
KEM_PUBLIC_LENGTH = 1216
HPKE_OVERHEAD = KEM.MLKEM768_X25519.enc_length() + 16

_MLKEM_PUBLIC_LENGTH = 1184
_MLKEM_SEED_LENGTH = 64
_HPKE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_XWING = b"\x02"  # beside events.signing.ED25519


class KemPublicKey:
    """An X-Wing public key: 1184 bytes of ML-KEM-768 followed by 32 bytes of X25519.

    Raises ValueError where ``raw`` has another length or is no such key.
    """

    def __init__(self, raw: bytes) -> None:
        if len(raw) != KEM_PUBLIC_LENGTH:
            raise ValueError(f"X-Wing 公钥应为 {KEM_PUBLIC_LENGTH} 字节，现为 {len(raw)} 字节")
        self.raw = bytes(raw)
        self._key = MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(self.raw[:_MLKEM_PUBLIC_LENGTH]),
            X25519PublicKey.from_public_bytes(self.raw[_MLKEM_PUBLIC_LENGTH:]),
        )

    @cached_property
    def key_id(self) -> str:
        """Identifier, 64 hex digits."""
        return hashlib.sha256(KEY_CONTEXT + _XWING + self.raw).hexdigest()

    def encrypt(self, plaintext: bytes, info: bytes) -> bytes:
        """HPKE (RFC 9180) base mode, single shot: encapsulated key (1120 bytes) and ciphertext with tag."""
        return _HPKE.encrypt(plaintext, self._key, info=info)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KemPublicKey) and self.raw == other.raw

    def __hash__(self) -> int:
        return hash(self.raw)

    def __repr__(self) -> str:
        return f"KemPublicKey({self.key_id[:16]}…)"


class KemPrivateKey:
    """An X-Wing key pair. ``seed``: 32 bytes, secret, all that needs to be kept."""

    def __init__(self, seed: bytes) -> None:
        if len(seed) != SEED_LENGTH:
            raise ValueError(f"密钥种子应为 {SEED_LENGTH} 字节，现为 {len(seed)} 字节")
        self.seed = bytes(seed)
        expanded = hashlib.shake_256(self.seed).digest(_MLKEM_SEED_LENGTH + SEED_LENGTH)
        self._mlkem = MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED_LENGTH])
        self._x25519 = X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED_LENGTH:])

    @classmethod
    def from_seed(cls, seed: bytes) -> KemPrivateKey:
        return cls(seed)

    @classmethod
    def generate(cls, rng: Rng) -> KemPrivateKey:
        return cls(rng(SEED_LENGTH))

    @cached_property
    def public(self) -> KemPublicKey:
        return KemPublicKey(self.public_raw)

    @cached_property
    def public_raw(self) -> bytes:
        """The bytes of the public key, for whom they are enough."""
        return self._mlkem.public_key().public_bytes_raw() + self._x25519.public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """Identifier of the public key, 64 hex digits."""
        return self.public.key_id

    def decrypt(self, ciphertext: bytes, info: bytes) -> bytes:
        """The plaintext of :meth:`KemPublicKey.encrypt`. Raises CannotOpen."""
        try:
            return _HPKE.decrypt(ciphertext, MLKEM768X25519PrivateKey(self._mlkem, self._x25519), info=info)
        except (InvalidTag, ValueError):
            raise CannotOpen(
                "无法解开密钥封装：不是封给这把私钥的，或内容、用途已被改动。请核对所用密钥与案件。"
            ) from None

    def common_secret(self, other: KemPublicKey) -> bytes:
        """32 bytes that only the holders of the two keys have: X25519 of their second halves.

        For telling who it was (not for secrecy: it does not withstand quantum computers, which come too late to forge
        what is checked today). Always derive from it under a context. Raises CannotOpen for a key that is none.
        """
        try:
            return self._x25519.exchange(X25519PublicKey.from_public_bytes(other.raw[_MLKEM_PUBLIC_LENGTH:]))
        except ValueError:
            raise CannotOpen("公钥不成立，拒绝使用。请核对密钥清单。") from None

    def __repr__(self) -> str:
        return f"KemPrivateKey({self.key_id[:16]}…)"


class SigningKey(Ed25519Signer):
    """An Ed25519 key pair (:class:`events.signing.Signer`) that can be kept. ``seed``: 32 bytes, secret."""

    def __init__(self, seed: bytes) -> None:
        super().__init__(seed)
        self.seed = bytes(seed)

    @classmethod
    def from_seed(cls, seed: bytes) -> SigningKey:
        return cls(seed)

    @classmethod
    def generate(cls, rng: Rng) -> SigningKey:
        return cls(rng(SEED_LENGTH))

    def __repr__(self) -> str:
        return f"SigningKey({self.key_id.hex()[:16]}…)"
