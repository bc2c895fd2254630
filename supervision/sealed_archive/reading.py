"""Reading what was sealed to the superior, with his content key: from custody, or from a package in his archive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from events.model import SealedItem, Sealing
from supervision.sealed_archive.package import Package
from supervision.sealing.compartments import CONTENT, FACTS
from supervision.sealing.errors import CannotOpen
from supervision.sealing.files import OpenedFile
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener

Evidence = tuple[tuple[int, str, SealedItem | None], ...]
"""Number and name of each file that came with something, with its cleaned copy; None without one."""

ENCLOSURE = "enclosure"
"""What a late by-pass encloses: see :mod:`.enclosure`."""

_NO_COPY = "没有可查看的清洁副本；原件密封保管。"


class Ciphertext(Protocol):
    """Where ciphertext is fetched from, by SHA-256."""

    def envelope(self, sha256: bytes) -> bytes | None: ...

    def wrap(self, sha256: bytes) -> bytes | None: ...

    def file(self, sha256: bytes) -> AbstractContextManager[Path]: ...

    def opener(self, sealing: Sealing, stream_id: UUID) -> Opener: ...


@dataclass(frozen=True, kw_only=True, repr=False)
class SealedAddition:
    """What the reporter added later. ``day``: ISO date."""

    day: str
    text: str
    files: Evidence


@dataclass(frozen=True, kw_only=True, repr=False)
class SealedContent:
    """What the superior reads. ``enclosed``: whether what only the county's custodians can open came along."""

    title: str
    text: str
    respondents: tuple[dict[str, Any], ...]
    categories: tuple[str, ...]
    facts: dict[str, Any]
    files: Evidence
    additions: tuple[SealedAddition, ...]
    enclosed: bool = False


@dataclass(frozen=True)
class Piece:
    """One event that sealed something to the superior. ``day``: ISO date."""

    stream_id: UUID
    day: str
    sealing: Sealing


def pieces_of(package: Package) -> list[Piece]:
    """The report and what was added to it."""
    sealed = [package.received, *package.additions]
    return [Piece(event.originator_id, event.occurred_at[:10], event.sealing) for event in sealed]


class Reading:
    """A sealed report and its additions, opened. ``pieces``: the report first. Raises CannotOpen."""

    def __init__(self, source: Ciphertext, pieces: Sequence[Piece], key: KemPrivateKey) -> None:
        self._parcels = [(piece.day, _Parcel(source, piece, key)) for piece in pieces]

    def read(self) -> SealedContent:
        """Content and facts; identity stays with the superior's custodians."""
        report = self._parcels[0][1]
        return SealedContent(
            title=report.text(CONTENT, "title"),
            text=report.text(CONTENT, "text"),
            respondents=tuple(json.loads(report.text(CONTENT, "respondents") or "[]")),
            categories=tuple(json.loads(report.text(CONTENT, "categories") or "[]")),
            facts=json.loads(report.text(FACTS, "facts") or "{}"),
            files=report.files(),
            additions=tuple(
                SealedAddition(day=day, text=added.text(CONTENT, "text"), files=added.files())
                for day, added in self._parcels[1:]
            ),
            enclosed=report.item(ENCLOSURE) is not None,
        )

    def file(self, number: int, addition: int = 0) -> tuple[str, str, OpenedFile]:
        """Name, media type and verified content of a cleaned copy; the caller closes it. Raises CannotOpen.

        ``addition``: 0 for the report itself, else which addition the file came with, from 1.
        """
        if not 0 <= addition < len(self._parcels):
            raise CannotOpen(_NO_COPY)
        return self._parcels[addition][1].file(number)

    def enclosure(self) -> OpenedFile:
        """What a late by-pass encloses; the caller closes it. Raises CannotOpen where there is none."""
        report = self._parcels[0][1]
        item = report.item(ENCLOSURE)
        if item is None:
            raise CannotOpen("本件没有随附封给县级保管人的材料。")
        return report.opened(item)


class _Parcel:
    """What one event sealed to the superior, opened with his content key."""

    def __init__(self, source: Ciphertext, piece: Piece, key: KemPrivateKey) -> None:
        self._source = source
        self._sealing = piece.sealing
        self._opener = source.opener(piece.sealing, piece.stream_id)
        self._keys = {
            ref.compartment: self._opener.unwrap(ref.compartment, data, key)
            for ref in piece.sealing.keys
            if ref.compartment in {CONTENT, FACTS}
            for wrap in ref.wraps
            if (data := source.wrap(bytes.fromhex(wrap.sha256))) is not None
        }

    def text(self, compartment: str, field: str) -> str:
        for item in self._sealing.items:
            if (item.compartment, item.field) == (compartment, field) and item.kind == "envelope":
                envelope = self._source.envelope(bytes.fromhex(item.sha256))
                if envelope is None or compartment not in self._keys:
                    raise CannotOpen("密封内容不在保管之处；请运行 supervision verify 查明。")
                return self._opener.open_item(item, self._keys[compartment], envelope).decode()
        return ""

    def item(self, field: str) -> SealedItem | None:
        return next((one for one in self._sealing.items if (one.compartment, one.field) == (CONTENT, field)), None)

    def files(self) -> Evidence:
        copies = {item.field: item for item in self._sealing.items if item.compartment == CONTENT}
        described = [name for name in copies if name.startswith("file.") and name.endswith(".meta")]
        numbers = sorted(int(name.split(".")[1]) for name in described)
        return tuple((number, self._meta(number)["name"], copies.get(f"file.{number}")) for number in numbers)

    def file(self, number: int) -> tuple[str, str, OpenedFile]:
        item = self.item(f"file.{number}")
        if item is None:
            raise CannotOpen(_NO_COPY)
        meta = self._meta(number)
        return meta["name"], meta["media_type"], self.opened(item)

    def opened(self, item: SealedItem) -> OpenedFile:
        with self._source.file(bytes.fromhex(item.sha256)) as path:
            return self._opener.open_file(item, self._keys[CONTENT], path)

    def _meta(self, number: int) -> dict[str, Any]:
        meta: dict[str, Any] = json.loads(self.text(CONTENT, f"file.{number}.meta"))
        return meta
