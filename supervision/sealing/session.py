"""Working state: sessions, drafts and their files, sealed under a key that only a browser has.

The cookie is 32 random bytes. The store keeps ciphertext under an identifier derived from the cookie: the
store alone has no key, the cookie alone has no ciphertext. Everything here is short-lived; formats may
change.
"""

from __future__ import annotations

import base64
import binascii
from typing import BinaryIO

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from supervision.sealing.binding import Rng, context, derive
from supervision.sealing.errors import CannotOpen
from supervision.sealing.files import CHUNK
from supervision.sealing.keys import KemPrivateKey, SigningKey

COOKIE_LENGTH = 32

_LABEL = "supervision/session/v1"
_OF_OFFICER = "supervision/slot/v1"
_NONCE_LENGTH = 12
_GONE = "暂存内容无法打开：已过期，或不是在这个浏览器里保存的。请重新填写。"


class CookieKey:
    """The key in one browser's cookie.

    ``purpose`` in all methods keeps sessions, drafts and records apart.
    """

    def __init__(self, secret: bytes) -> None:
        """``secret``: 32 bytes."""
        if len(secret) != COOKIE_LENGTH:
            raise CannotOpen(_GONE)
        self._secret = secret

    @classmethod
    def new(cls, rng: Rng) -> CookieKey:
        return cls(rng(COOKIE_LENGTH))

    @classmethod
    def of_officer(cls, kem: KemPrivateKey) -> CookieKey:
        """For the list of an officer's running sessions: whoever is one of them can read it, the store cannot."""
        return cls(derive(kem.seed, context(_OF_OFFICER)))

    @classmethod
    def parse(cls, text: str) -> CookieKey:
        """Read a cookie's value. Raises CannotOpen."""
        try:
            return cls(base64.urlsafe_b64decode(text + "="))
        except (binascii.Error, ValueError):
            raise CannotOpen(_GONE) from None

    @property
    def text(self) -> str:
        """The cookie's value, 43 characters of URL-safe Base64."""
        return base64.urlsafe_b64encode(self._secret).rstrip(b"=").decode("ascii")

    def store_id(self, purpose: str) -> str:
        """Under which name (64 hex digits) the store keeps it."""
        return derive(self._secret, context(_LABEL, "id", purpose)).hex()

    def seal(self, purpose: str, data: bytes, rng: Rng) -> bytes:
        """``nonce (12 bytes) || AES-256-GCM``."""
        nonce = rng(_NONCE_LENGTH)
        return nonce + AESGCM(self._key("blob", purpose)).encrypt(nonce, data, None)

    def open(self, purpose: str, blob: bytes) -> bytes:
        """Raises CannotOpen."""
        try:
            return AESGCM(self._key("blob", purpose)).decrypt(blob[:_NONCE_LENGTH], blob[_NONCE_LENGTH:], None)
        except (InvalidTag, ValueError):
            raise CannotOpen(_GONE) from None

    def write_file(self, purpose: str, file: BinaryIO) -> SpoolWriter:
        """Encrypts an upload into ``file`` while it arrives. ``purpose`` names this one file."""
        return SpoolWriter(file, self._key("file", purpose))

    def read_file(self, purpose: str, file: BinaryIO) -> SpoolReader:
        """Reads such a file back, as a ``source`` for sealing."""
        return SpoolReader(file, self._key("file", purpose))

    def signing_key(self, purpose: str) -> SigningKey:
        """A key pair that only who has this cookie, or one-time code, can sign with."""
        return SigningKey(self._key("signing", purpose))

    def _key(self, kind: str, purpose: str) -> bytes:
        return derive(self._secret, context(_LABEL, kind, purpose))

    def __repr__(self) -> str:
        return "CookieKey(…)"


class SpoolWriter:
    """Takes plaintext, leaves Cobblestone-256 in ``file``. ``length``: bytes of plaintext so far."""

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        self._encryptor = Cobblestone256Encryptor(key, _LABEL.encode())
        self.length = 0

    def write(self, data: bytes) -> int:
        self._file.write(self._encryptor.update(data))
        self.length += len(data)
        return len(data)

    def finish(self) -> None:
        """Write the end; a file without it cannot be read to its end. Leaves ``file`` open."""
        self._file.write(self._encryptor.finalize())
        self._file.flush()


class SpoolReader:
    """The plaintext of a :class:`SpoolWriter`, once, front to back.

    Bytes are handed out as they are decrypted; only the end says that the whole was genuine.
    """

    def __init__(self, file: BinaryIO, key: bytes) -> None:
        self._file = file
        self._decryptor = Cobblestone256Decryptor(key, _LABEL.encode())
        self._ready = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Up to ``size`` bytes, none at the end. Raises CannotOpen."""
        while not self._ready and not self._ended:
            self._ready = self._next()
        chunk, self._ready = self._ready[:size], self._ready[size:]
        return chunk

    def _next(self) -> bytes:
        try:
            if ciphertext := self._file.read(CHUNK):
                return self._decryptor.update(ciphertext)
            self._ended = True
            return self._decryptor.finalize()
        except InvalidTag:
            raise CannotOpen(_GONE) from None
