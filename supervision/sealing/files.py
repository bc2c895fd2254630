"""Sealed files: a stream of any length to disk and back, in constant memory, readable to nobody on the way.

A file is ``suite (1 byte) || Cobblestone-256`` (C2SP chunked-encryption: chunks of 16 KiB, each authenticated
with its place, the last one marked). Its plaintext is ``data || zeros || length of data (u64, big endian)``,
padded to a size class; the length comes last because a stream does not know it first.

It lies in the files directory under the SHA-256 of its bytes, written and fsynced under a temporary name
before it gets the final one: a crash leaves a file of ciphertext whose key is lost, never half of a file that
an event names.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from events.durable_file import make_directory, sweep, sync_directory
from supervision.sealing.binding import Rng
from supervision.sealing.errors import CannotOpen
from supervision.sealing.padding import size_class

CHUNK = 256 * 1024

_LENGTH_FIELD = 8


class Source(Protocol):
    """Where the bytes of a file come from, once, front to back."""

    def read(self, size: int, /) -> bytes: ...


@dataclass(frozen=True, kw_only=True)
class FileKey:
    """Key (32 bytes) and context of one file; ``suite`` stands in its first byte."""

    suite: int
    key: bytes
    context: bytes


@dataclass(frozen=True, kw_only=True)
class StoredFile:
    """``sha256``: of the bytes on disk, its name. ``size``: of the same. ``size_class``: of the plaintext."""

    sha256: bytes
    size: int
    size_class: int


class FileVault:
    """The files directory. ``root``: ``<home>/files``; made with the first file."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, sha256: bytes) -> Path:
        """``<root>/<first two hex digits>/<hex>``."""
        name = sha256.hex()
        return self._root / name[:2] / name

    def write(self, source: Source, key: FileKey, rng: Rng) -> StoredFile:
        """Encrypt all of ``source`` into the vault. When this returns, the file survives a power failure."""
        make_directory(self._root, 0o700)
        sweep(self._root)
        temporary = self._root / f".{rng(16).hex()}.partial"
        try:
            with open(temporary, "xb") as sink:
                stored = _encrypt(source, sink, key)
                sink.flush()
                os.fsync(sink.fileno())
            path = self.path(stored.sha256)
            path.parent.mkdir(mode=0o700, exist_ok=True)
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        for directory in (path.parent, self._root):
            sync_directory(directory)
        return stored

    def discard(self, sha256: bytes) -> None:
        """Remove a file whose event was not recorded, or was recorded as destroyed."""
        self.path(sha256).unlink(missing_ok=True)


class OpenedFile:
    """A sealed file of which every byte has been verified; iterate over it for its plaintext, then close it.

    Its chunks are verified again while they are read, so a file that is altered in between ends in
    CannotOpen. ``length``: of the plaintext without padding.
    """

    def __init__(self, path: Path, sha256: bytes, expected_class: int, key: FileKey) -> None:
        """Raises CannotOpen."""
        self._key = key
        try:
            self._file = open(path, "rb")  # noqa: SIM115 - stays open until close(), as a response needs it
        except OSError:
            raise CannotOpen("密封文件不在存放目录中。请运行 supervision verify 查明是否已按规定销毁。") from None
        try:
            self.length = self._verify(sha256, expected_class)
        except BaseException:
            self._file.close()
            raise
        self._chunks = iter(self)
        self._ready = b""

    def __iter__(self) -> Iterator[bytes]:
        remaining = self.length
        for chunk in self._plaintext():
            if data := chunk[:remaining]:
                yield data
                remaining -= len(data)

    def read(self, size: int, /) -> bytes:
        """The same piece by piece, none at the end: an opened file is a :class:`Source` to seal from."""
        while not self._ready and (chunk := next(self._chunks, b"")):
            self._ready = chunk
        handed, self._ready = self._ready[:size], self._ready[size:]
        return handed

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> OpenedFile:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _verify(self, sha256: bytes, expected_class: int) -> int:
        if hashlib.file_digest(self._file, "sha256").digest() != sha256:
            raise CannotOpen("密封文件与日志记载不符，可能被替换或损坏。请运行 supervision verify 查明。")
        total, tail = 0, b""
        for chunk in self._plaintext():
            total += len(chunk)
            tail = (tail + chunk)[-_LENGTH_FIELD:]
        length = int.from_bytes(tail, "big")
        if total != expected_class or size_class(length + _LENGTH_FIELD) != total:
            raise CannotOpen("密封文件的填充不正确，拒绝打开。材料可能由其他程序写入，请运行 supervision verify。")
        return length

    def _plaintext(self) -> Iterator[bytes]:
        self._file.seek(0)
        decryptor = Cobblestone256Decryptor(self._key.key, self._key.context)
        try:
            if self._file.read(1) != bytes([self._key.suite]):
                raise InvalidTag
            while ciphertext := self._file.read(CHUNK):
                yield decryptor.update(ciphertext)
            yield decryptor.finalize()
        except InvalidTag:
            raise CannotOpen("密封文件无法解开：密钥、用途或内容不符，或文件不完整。请核对案件。") from None


def _encrypt(source: Source, sink: BinaryIO, key: FileKey) -> StoredFile:
    encryptor = Cobblestone256Encryptor(key.key, key.context)
    digest = hashlib.sha256()
    size = 0

    def put(ciphertext: bytes) -> None:
        nonlocal size
        sink.write(ciphertext)
        digest.update(ciphertext)
        size += len(ciphertext)

    put(bytes([key.suite]))
    length = 0
    while chunk := source.read(CHUNK):
        put(encryptor.update(chunk))
        length += len(chunk)
    padded = size_class(length + _LENGTH_FIELD)
    zeros = bytes(CHUNK)
    missing = padded - _LENGTH_FIELD - length
    while missing:
        put(encryptor.update(zeros[:missing]))
        missing -= min(missing, CHUNK)
    put(encryptor.update(length.to_bytes(_LENGTH_FIELD, "big")))
    put(encryptor.finalize())
    return StoredFile(sha256=digest.digest(), size=size, size_class=padded)
