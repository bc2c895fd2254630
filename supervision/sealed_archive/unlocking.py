"""The superior's desk for openings: what he asks the holders of shares for, and looking at it once they have answered.

``<archive>/openings/<id>.json`` and ``<id>.key`` are an opening that is under way, readable by the owner alone; both go
when it is used. ``<archive>/openings.jsonl`` is the journal: what was asked for and opened, when, by whom, never what
it said.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from events.durable_file import make_directory
from events.model import Sealing
from events.signing import Signer
from supervision.key_files import read_seed, write_new
from supervision.openings.request_file import NotAcceptable
from supervision.sealed_archive.archive import Archive
from supervision.sealed_archive.enclosure import Enclosure, opened
from supervision.sealed_archive.identity import Locked, Request, Share, data_keys, items_of, opened_text
from supervision.sealed_archive.package import Package
from supervision.sealed_archive.reading import Reading, pieces_of
from supervision.sealing.binding import Rng
from supervision.sealing.keys import KemPrivateKey

JOURNAL = "openings.jsonl"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the superior's officer asks for. ``compartments``: of identity, contact, source."""

    asked_by: str
    approved_by: str
    purpose: str
    compartments: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Unlocking:
    """``content_key``: the superior's, which opens the enclosure of a late by-pass, and nobody's name."""

    archive: Archive
    content_key: KemPrivateKey

    def ask(self, package: Package, asked: Asked, signer: Signer, now: str, rng: Rng) -> Request:
        """A signed request; the key made for it stays here. Raises NotAcceptable where nothing of it is sealed."""
        ephemeral = KemPrivateKey.generate(rng)
        with self._sources(package) as sources:
            locked = tuple(one for one, _ in sources if set(asked.compartments) & _compartments(one))
        if not locked:
            raise NotAcceptable("本件没有封存所申请的内容；匿名的径送件没有身份信息。")
        request = Request(
            opening=UUID(bytes=rng(16), version=4),
            origin=package.head.origin,
            number=package.number or package.received.reference,
            **vars(asked),
            asked_at=now,
            recipient=ephemeral.public.raw,
            locked=locked,
            pinned=package.head.pinned,
            manifests=package.head.manifests,
        ).signed(signer)
        make_directory(self._openings, 0o700)
        write_new(self._openings / f"{request.opening}.key", f"{ephemeral.seed.hex()}\n".encode("ascii"))
        write_new(self._openings / f"{request.opening}.json", request.encode())
        self._note({"asked": now, "opening": str(request.opening), "report": str(package.head.report), **vars(asked)})
        return request

    def look(self, package: Package, shares: Sequence[Share], now: str) -> list[tuple[str, str, str]]:
        """Compartment, field and text of all that the shares open, once: the key made for it is gone afterwards.

        Files are not shown, only named. Raises NotAcceptable, NotEnoughShares, BadShare; then it may be tried again.
        """
        if not shares:
            raise NotAcceptable("没有份额；请等保管人提交后再打开。")
        place = self._openings / f"{shares[0].opening}.json"
        key = place.with_suffix(".key")
        if not (place.is_file() and key.is_file()):
            raise NotAcceptable("没有这次启封，或者已经打开过一次；确有需要的，请重新申请。")
        request = Request.parse(place.read_bytes())
        found = list(data_keys(request, package.manifest, KemPrivateKey(read_seed(key)), shares))
        givers = [package.manifest.names.get(share.key, share.key[:16]) for share in shares]
        self._note({"opened": now, "opening": str(request.opening), "shares": givers})
        shown: list[tuple[str, str, str]] = []
        with self._sources(package) as sources:
            enclosed = {locked.recorded: enclosure for locked, enclosure in sources}
            for locked, opener, compartment, data_key in found:
                for name, kind, sha256 in items_of(locked, compartment):
                    if kind == "file":
                        shown.append((compartment, name, "（文件）"))
                        continue
                    data = _envelope(package, enclosed.get(locked.recorded), sha256)
                    shown.append((compartment, name, opened_text(locked, opener, compartment, name, data_key, data)))
        key.unlink()
        place.unlink()
        return shown

    @property
    def _openings(self) -> Path:
        return self.archive.directory / "openings"

    def _note(self, line: dict[str, object]) -> None:
        """Durable before anything follows from it."""
        with open(self.archive.directory / JOURNAL, "a", encoding="utf-8") as journal:
            journal.write(json.dumps(line, ensure_ascii=False) + "\n")
            journal.flush()
            os.fsync(journal.fileno())

    @contextmanager
    def _sources(self, package: Package) -> Iterator[list[tuple[Locked, Enclosure | None]]]:
        """All that takes several to open: sealed to the superior's custodians, and what a late by-pass encloses."""
        found: list[tuple[Locked, Enclosure | None]] = []
        for recorded in package.head.entries:
            locked = Locked(recorded=recorded, wraps={}, layer_keys={})
            if isinstance(getattr(locked.event, "sealing", None), Sealing):
                found.append((_with_wraps(locked, package.wrap), None))
        with ExitStack() as stack:
            reading = Reading(package, pieces_of(package), self.content_key)
            if reading.read().enclosed:
                enclosure = stack.enter_context(opened(reading.enclosure(), self.archive.directory))
                for recorded in enclosure.head.entries:
                    locked = Locked(recorded=recorded, wraps={}, layer_keys=enclosure.head.layer_keys)
                    found.append((_with_wraps(locked, enclosure.wrap), enclosure))
            yield found


def _with_wraps(locked: Locked, read: Callable[[bytes], bytes | None]) -> Locked:
    """The same with the wraps of the shares, and the keys of their layers."""
    shares = [wrap.sha256 for key in locked.sealing.keys for wrap in key.wraps if key.n]
    wraps = {sha256: data for sha256 in shares if (data := read(bytes.fromhex(sha256))) is not None}
    layer_keys = {sha256: locked.layer_keys[sha256] for sha256 in wraps if sha256 in locked.layer_keys}
    return Locked(recorded=locked.recorded, wraps=wraps, layer_keys=layer_keys)


def _compartments(locked: Locked) -> set[str]:
    return {key.compartment for key in locked.sealing.keys if key.n}


def _envelope(package: Package, enclosure: Enclosure | None, sha256: str) -> bytes:
    data = enclosure.blob("envelope", sha256) if enclosure else package.envelope(bytes.fromhex(sha256))
    if data is None:
        raise NotAcceptable("密件中没有这份密文；请向县级查询。")
    return data
