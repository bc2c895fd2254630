"""What a late by-pass encloses for the superior: all that only the county's custodians and relays can open.

The county had sealed identity, contact and originals to its own people before anybody knew that the report is the
superior's. Nobody can seal them anew without opening them; so ciphertext and shares go up as they are, sealed once more
to the superior, and the county destroys its own. From then on the county has nothing that its custodians could open,
and the superior opens nothing without M of them.

A ZIP archive without compression, sealed as a file of the content. ``enclosure.json`` has the signed events that say
what is sealed, and the key of each share's retention layer; ``envelopes/``, ``wraps/``, ``files/`` are as in a package.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from events.canonical import CanonicalError, decode_object, encode
from events.leaf import RecordedEntry
from supervision.openings.request_file import NotAcceptable, entry_from_json, entry_to_json
from supervision.sealed_archive.package import FOLDERS
from supervision.sealing.files import OpenedFile
from supervision.sealing.strict_json import Malformed, Members, to_base64

FORMAT = "supervision/sealed-enclosure/v1"
HEAD = "enclosure.json"

Open = Callable[[], AbstractContextManager[BinaryIO]]


@dataclass(frozen=True, kw_only=True)
class Head:
    """``layer_keys``: SHA-256 (hex) of each wrap to the key of its layer, b"" where it has none."""

    origin: str
    entries: tuple[RecordedEntry, ...]
    layer_keys: Mapping[str, bytes] = field(repr=False)

    def encode(self) -> bytes:
        return encode(
            {
                "format": FORMAT,
                "origin": self.origin,
                "entries": [entry_to_json(recorded) for recorded in self.entries],
                "layer_keys": {sha256: to_base64(key) for sha256, key in self.layer_keys.items()},
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Head:
        """Raises NotAcceptable."""
        try:
            return Members("", decode_object(data)).read_by(cls._read)
        except (CanonicalError, Malformed, ValueError) as error:
            raise NotAcceptable(f"随附的材料已损坏或格式不对（{error}）。请向县级查询。") from None

    @classmethod
    def _read(cls, members: Members) -> Head:
        if members.text("format") != FORMAT:
            raise ValueError(f"应为 {FORMAT}")
        return cls(
            origin=members.text("origin"),
            entries=members.objects("entries", entry_from_json),
            layer_keys=members.object("layer_keys", lambda keys: {name: keys.binary(name) for name in keys.unread}),
        )


class EnclosureSource:
    """The archive as a :class:`~supervision.sealing.files.Source`, made while it is read: it lies on no disk in clear.

    ``blobs``: kind, SHA-256 (hex) and how to open each.
    """

    def __init__(self, head: Head, blobs: Iterator[tuple[str, str, Open]]) -> None:
        self._written: list[bytes] = []
        self._pieces = self._archive(head, blobs)
        self._ready = b""

    def read(self, size: int, /) -> bytes:
        while not self._ready and next(self._pieces, False):
            self._ready = b"".join(self._written)
            self._written.clear()
        handed, self._ready = self._ready[:size], self._ready[size:]
        return handed

    # -- what the archive writes to ---------------------------------------------------------------------------------

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """There is nothing to close."""

    def _archive(self, head: Head, blobs: Iterator[tuple[str, str, Open]]) -> Iterator[bool]:
        with zipfile.ZipFile(self, "w", zipfile.ZIP_STORED) as archive:
            archive.writestr(HEAD, head.encode())
            yield True
            for kind, sha256, opened in blobs:
                with opened() as stream, archive.open(f"{FOLDERS[kind]}/{sha256}", "w", force_zip64=True) as member:
                    while chunk := stream.read(1 << 20):
                        member.write(chunk)
                        yield True
        yield True


class Enclosure:
    """An enclosure that was opened; raises NotAcceptable for what is none."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        try:
            self.head = Head.parse(archive.read(HEAD))
        except KeyError:
            raise NotAcceptable("随附的材料不完整。请向县级查询。") from None

    def blob(self, kind: str, sha256: str) -> bytes | None:
        """Ciphertext by its SHA-256 (hex), None where there is none."""
        name = f"{FOLDERS[kind]}/{sha256}"
        return self._archive.read(name) if name in self._archive.namelist() else None

    def wrap(self, sha256: bytes) -> bytes | None:
        """A share as the county stored it."""
        return self.blob("wrap", sha256.hex())


@contextmanager
def opened(file: OpenedFile, directory: Path) -> Iterator[Enclosure]:
    """An enclosure out of a sealed report. What lies in ``directory`` meanwhile is sealed to the county's people."""
    with NamedTemporaryFile(dir=directory, prefix=".open-") as copy, file:
        for chunk in file:
            copy.write(chunk)
        copy.flush()
        try:
            with zipfile.ZipFile(copy.name) as archive:
                yield Enclosure(archive)
        except zipfile.BadZipFile:
            raise NotAcceptable("随附的材料已损坏。请向县级查询。") from None
