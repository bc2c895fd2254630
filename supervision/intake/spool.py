"""A temporary stream whose plaintext never reaches a disk: uploads while they arrive, copies while they wait.

What is written is encrypted at once under a key that exists in this object alone, and lies in a file without
a name: a crash leaves neither the file nor the key. The file system and its backups see nothing but
ciphertext.
"""

from __future__ import annotations

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, cast

from supervision.sealing.binding import Rng
from supervision.sealing.files import Source
from supervision.sealing.session import CookieKey

_PURPOSE = "spool"


class SealedSpool(io.RawIOBase):
    """Written once, front to back; then read as often as needed.

    ``limit``: bytes kept at most, 0 for no limit; what comes after is dropped and :attr:`overflowed` says so,
    so that the request goes on and the page can name the file. Not for several threads, :meth:`open` apart.
    """

    def __init__(self, rng: Rng, limit: int = 0) -> None:
        super().__init__()
        self._file = cast(BinaryIO, tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - open until close()
        self._key = CookieKey.new(rng)
        self._writer = self._key.write_file(_PURPOSE, self._file)
        self._written = False
        self._limit = limit
        self._reader = self._from_the_start()
        self._position = 0
        self.overflowed = False

    @property
    def length(self) -> int:
        """Bytes of plaintext kept."""
        return self._writer.length

    def reader(self) -> Source:
        """A reader of its own from the start, whatever others read at the same time."""
        self._finish()
        return self._from_the_start()

    @contextmanager
    def open(self) -> Iterator[Source]:
        """:meth:`reader` in the form that an attachment is opened in."""
        yield self.reader()

    # -- the file protocol, as far as a web framework uses it ---------------------------------------------

    def writable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def write(self, data: bytes | bytearray | memoryview, /) -> int:  # type: ignore[override]  # typeshed's buffer type has no public name before Python 3.12
        """Encrypt and keep ``data``. Raises ValueError once reading has begun."""
        if self._written:
            raise ValueError("a spool is written once")
        taken = bytes(data)
        if self._limit and self.length + len(taken) > self._limit:
            self.overflowed = True
            taken = taken[: self._limit - self.length]
        if taken:
            self._writer.write(taken)
        return len(data)

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # as above
        self._finish()
        chunk = self._reader.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """To the start, or to the end (to ask for the length); authenticated chunks know no other place."""
        self._finish()
        if offset != 0 or whence not in (os.SEEK_SET, os.SEEK_END):
            raise io.UnsupportedOperation("a spool can be read from its start only")
        if whence == os.SEEK_END:
            self._reader, self._position = _Ended(), self.length
        else:
            self._reader, self._position = self._from_the_start(), 0
        return self._position

    def tell(self) -> int:
        return self._position if self._written else self.length

    def close(self) -> None:
        if not self.closed:
            self._file.close()
        super().close()

    def _finish(self) -> None:
        if not self._written:
            self._writer.finish()
            self._written = True

    def _from_the_start(self) -> Source:
        return self._key.read_file(_PURPOSE, io.BufferedReader(_Window(self, self._file)))


class _Ended:
    """What there is to read at the end."""

    def read(self, size: int, /) -> bytes:
        return b""


class _Window(io.RawIOBase):
    """Reads a file at a place of its own and leaves the file's own place alone. Does not close the file."""

    def __init__(self, owner: SealedSpool, file: BinaryIO) -> None:
        super().__init__()
        self._owner = owner  # kept, since the spool closes the file with its own end
        self._shared = file
        self._position = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview, /) -> int:  # type: ignore[override]  # as above
        chunk = os.pread(self._shared.fileno(), len(buffer), self._position)
        buffer[: len(chunk)] = chunk
        self._position += len(chunk)
        return len(chunk)
