"""C2SP signed-note (https://c2sp.org/signed-note): a text and signature lines below it, Ed25519.

A note is ``text || "\\n" || signature lines``, where the text ends in a newline and a line is ``— <key name>
base64(key hash (4 bytes) || signature)``. Signatures by unknown keys are ignored; a bad signature by a known key spoils
the note, even beside a good one of the same key. A verifier key is passed around as ``<name>+<key hash in
hex>+base64(0x01 || public key)``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from events.signing import PUBLIC_KEY_BYTES, Signer, is_signed_by

ED25519 = 0x01
"""Signature type of a plain Ed25519 signature over the note text."""

KEY_HASH_BYTES = 4
MAX_SIGNATURES = 100
_DASH = "— "


class NoteError(ValueError):
    """A malformed note or key, or a note that no known key has signed."""


def key_hash(name: str, signature_type: int, public_key: bytes) -> bytes:
    """The first 4 bytes of ``SHA-256(name || "\\n" || type || public key)``."""
    material = name.encode() + b"\n" + bytes([signature_type]) + public_key
    return hashlib.sha256(material).digest()[:KEY_HASH_BYTES]


def check_name(name: str) -> None:
    """Raises :class:`NoteError` for a key name with a Unicode space or a plus sign, or an empty one."""
    if not name or "+" in name or any(c.isspace() or c < " " for c in name) or not _is_utf8(name):
        raise NoteError(f"密钥名称 {name!r} 不能为空，也不能含空白或加号")


@dataclass(frozen=True)
class NoteSignature:
    """One signature line. ``key_hash``: 4 bytes."""

    name: str
    key_hash: bytes
    signature: bytes

    def line(self) -> str:
        return f"{_DASH}{self.name} {_base64(self.key_hash + self.signature)}\n"

    def is_of(self, verifier: Verifier) -> bool:
        """Whether it says that it is by this key."""
        return (self.name, self.key_hash) == (verifier.name, verifier.key_hash)


class Verifier(Protocol):
    """A key that :func:`open_note` knows. ``key_hash``: 4 bytes."""

    @property
    def name(self) -> str: ...

    @property
    def key_hash(self) -> bytes: ...

    def verifies(self, text: str, signature: bytes) -> bool: ...


AnyVerifier = TypeVar("AnyVerifier", bound=Verifier)


@dataclass(frozen=True)
class KeyText:
    """A key as text, of any signature type: ``<name>+<key hash in hex>+base64(type || public key)``."""

    name: str
    signature_type: int
    public_key: bytes

    def encode(self) -> str:
        fingerprint = key_hash(self.name, self.signature_type, self.public_key).hex()
        return f"{self.name}+{fingerprint}+{_base64(bytes([self.signature_type]) + self.public_key)}"


def read_key_text(text: str) -> KeyText:
    """The opposite of :meth:`KeyText.encode`. Raises :class:`NoteError`."""
    name, _, rest = text.partition("+")
    _, _, encoded = rest.partition("+")
    check_name(name)
    material = _unbase64(encoded)
    key = KeyText(name, material[0] if material else 0, material[1:])
    if key.encode() != text:
        raise NoteError("验证密钥与其中的指纹不符")
    return key


@dataclass(frozen=True)
class NoteVerifier:
    """A known key: who signs under this name. ``public_key``: 32 bytes."""

    name: str
    public_key: bytes

    def __post_init__(self) -> None:
        check_name(self.name)
        if len(self.public_key) != PUBLIC_KEY_BYTES:
            raise NoteError("验证密钥应为 32 字节的 Ed25519 公钥")

    @property
    def key_hash(self) -> bytes:
        return key_hash(self.name, ED25519, self.public_key)

    def verifies(self, text: str, signature: bytes) -> bool:
        return is_signed_by(self.public_key, text.encode(), signature)

    def vkey(self) -> str:
        """The key as text, e.g. for a command line or a settings file."""
        return KeyText(self.name, ED25519, self.public_key).encode()

    @classmethod
    def from_vkey(cls, text: str) -> NoteVerifier:
        """Raises :class:`NoteError` unless ``text`` is what :meth:`vkey` gives for some Ed25519 key."""
        key = read_key_text(text)
        if key.signature_type != ED25519:
            raise NoteError("验证密钥的类型不是 Ed25519")
        return cls(key.name, key.public_key)


@dataclass(frozen=True)
class Note:
    """A note as parsed: ``text`` (with its final newline) and all signature lines, *not yet verified*."""

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        return (self.text + "\n" + "".join(s.line() for s in self.signatures)).encode()


def sign(text: str, name: str, signer: Signer) -> NoteSignature:
    """The signature of ``signer``, known as ``name``, over a note text. Raises :class:`NoteError`."""
    check_name(name)
    check_text(text)
    return NoteSignature(name, key_hash(name, ED25519, signer.public_key), signer.sign(text.encode()))


def parse(data: bytes) -> Note:
    """Take a note apart without verifying anything. Raises :class:`NoteError`."""
    try:
        decoded = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("签名文本不是有效的 UTF-8") from None
    # The last empty line parts text and signatures.
    text, separator, lines = decoded.rpartition("\n\n")
    text += "\n"
    if not separator or not lines.endswith("\n"):
        raise NoteError("签名文本格式不对：缺少签名部分")
    check_text(text)
    signatures = tuple(parse_line(line) for line in lines[:-1].split("\n"))
    if len(signatures) > MAX_SIGNATURES:
        raise NoteError(f"签名文本中的签名超过 {MAX_SIGNATURES} 个")
    return Note(text, signatures)


def open_note(data: bytes, verifiers: Iterable[AnyVerifier]) -> tuple[Note, tuple[AnyVerifier, ...]]:
    """The note, and which of the known keys have signed it.

    Raises :class:`NoteError` when it is malformed, when a known key's signature is bad, when no known key
    signed, or when two known keys cannot be told apart.
    """
    note = parse(data)
    known: dict[tuple[str, bytes], AnyVerifier] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.key_hash), verifier) != verifier:
            raise NoteError(f"两个密钥都叫 {verifier.name}，指纹也相同，无法区分")
    signed_by: list[AnyVerifier] = []
    for signature in note.signatures:
        signer = known.get((signature.name, signature.key_hash))
        if signer is None:
            continue
        if not signer.verifies(note.text, signature.signature):
            raise NoteError(f"密钥 {signature.name} 的签名无效")
        if signer not in signed_by:
            signed_by.append(signer)
    if not signed_by:
        raise NoteError("签名文本没有已知密钥的签名")
    return note, tuple(signed_by)


def check_text(text: str) -> None:
    """Raises :class:`NoteError` for a text that no note can have."""
    if not text.endswith("\n") or any(c < " " and c != "\n" for c in text) or not _is_utf8(text):
        raise NoteError("签名文本须以换行结尾，且不能含其他控制字符")


def parse_line(line: str) -> NoteSignature:
    """A signature line without its newline. Raises :class:`NoteError`."""
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH):
        raise NoteError("签名行格式不对")
    check_name(name)
    raw = _unbase64(encoded)
    if len(raw) <= KEY_HASH_BYTES:
        raise NoteError("签名行中的签名太短")
    return NoteSignature(name, raw[:KEY_HASH_BYTES], raw[KEY_HASH_BYTES:])


def _is_utf8(text: str) -> bool:
    """Not where a command line or a file name has left lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _unbase64(text: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("Base64 编码无效") from None
    if _base64(data) != text:  # one spelling only
        raise NoteError("Base64 编码无效")
    return data
