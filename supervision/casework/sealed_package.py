"""The county's part in packages: putting one together, and taking in what the superior answers."""

from __future__ import annotations

import os
import tempfile
import zipfile
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from events.checkpoint import Checkpoint
from events.durable_file import make_directory, sweep, sync_directory
from events.leaf import RecordedEntry, leaf_data
from events.merkle import prove_inclusion
from events.model import Sealing
from events.note import parse
from events.proof import LogProof
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.intake import SealedReportReceived
from events.vocabulary.sealed_report import (
    ReportedToSuperior,
    SealedCopyDestroyed,
    SealedReportRegistered,
    SealedReportResealed,
)
from events.vocabulary.streams import correspondence_id
from supervision.casework.content import sealings_of
from supervision.casework.desk import Desk
from supervision.checkpointing.policy import load_policy
from supervision.domain.refusal import Refused
from supervision.sealed_archive.archive import SUFFIX
from supervision.sealed_archive.package import FOLDERS, HEAD, Head, Package, blobs_of
from supervision.sealing.opening import Opener

SUPERIORS_COPIES = "superior"
"""Under the home: what the superior has taken over. On a machine of his own it would be his home."""

_CARRIED = frozenset(
    one.TOPIC
    for one in (
        SealedReportReceived,
        SealedReportResealed,
        SealedReportRegistered,
        ReportedToSuperior,
        SealedCopyDestroyed,
        SupplementReceived,
    )
)
"""What of the log goes with a package: that it came and went, what is sealed, and what is no longer here."""


def keep_copy(desk: Desk, report_id: UUID) -> Path:
    """The superior's own copy, durable when this returns; before he acknowledges, and before the county destroys.

    What the county has destroyed already is taken over from the copy that there is.
    """
    directory = desk.settings.home / SUPERIORS_COPIES
    make_directory(directory, 0o700)
    sweep(directory)
    path, partial = directory / f"{report_id}{SUFFIX}", directory / f"{report_id}.partial"
    try:
        with open(partial, "wb") as file:
            _write(desk, file, _head(desk, report_id), whole=True)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        sync_directory(directory)
    finally:
        partial.unlink(missing_ok=True)
    return path


def kept_copy(desk: Desk, report_id: UUID) -> Package | None:
    """What the superior has kept of it on this platform. Raises NotAcceptable where that is damaged."""
    path = desk.settings.home / SUPERIORS_COPIES / f"{report_id}{SUFFIX}"
    if not path.is_file():
        return None
    package = Package(path)
    package.check(None)
    return package


@dataclass(frozen=True)
class HereOrKept:
    """Custody of this platform as a place of ciphertext, and behind it the superior's copy of what was destroyed."""

    desk: Desk
    kept: Package | None

    def envelope(self, sha256: bytes) -> bytes | None:
        return self.desk.custody.envelope(sha256) or (self.kept.envelope(sha256) if self.kept else None)

    def wrap(self, sha256: bytes) -> bytes | None:
        return self.desk.custody.wrap(sha256) or (self.kept.wrap(sha256) if self.kept else None)

    def file(self, sha256: bytes) -> AbstractContextManager[Path]:
        path = self.desk.custody.file_path(sha256)
        return self.kept.file(sha256) if self.kept and not path.is_file() else nullcontext(path)

    def opener(self, sealing: Sealing, stream_id: UUID) -> Opener:
        return self.desk.opener(sealing, stream_id)


def package_to_carry(desk: Desk, report_id: UUID) -> BinaryIO:
    """The package with its proofs, in a file without a name; the caller closes it.

    Raises Refused where something sealed is missing, or no witness has cosigned the events yet.
    """
    head = _head(desk, report_id)
    note = _cosigned(desk, max(position for position, _ in head.entries))
    proofs = tuple(_proof(desk, recorded, note) for recorded in head.entries)
    file = tempfile.TemporaryFile(dir=desk.settings.home)  # noqa: SIM115 - the answer is sent from it
    try:
        _write(desk, file, Head(**{**vars(head), "proofs": proofs}), whole=False)
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return file


def _head(desk: Desk, report_id: UUID) -> Head:
    streams = (report_id, correspondence_id(report_id))
    entries = [entry for stream in streams for entry in desk.log.stream(stream) if entry.topic in _CARRIED]
    recorded = []
    for entry in entries:
        position = desk.log.position_of(entry.stream_id, entry.stream_version)
        if position is None:
            raise LookupError(f"{entry.topic} has no position")
        recorded.append(RecordedEntry(position, entry))
    return Head(
        origin=desk.manifest.origin,
        report=report_id,
        pinned=desk.manifest.hash,
        manifests=tuple(manifest.to_bytes() for manifest in desk.manifests.values()),
        entries=tuple(sorted(recorded)),
    )


def _write(desk: Desk, file: BinaryIO, head: Head, *, whole: bool) -> None:
    """``whole``: with what the county has destroyed, from the superior's copy; else without."""
    told = [
        event for stream in (head.report, correspondence_id(head.report)) for event in desk.ledger.events_of(stream)
    ]
    gone = {sha256 for event in told if isinstance(event, SealedCopyDestroyed) for sha256 in event.destroyed}
    sealings = [sealing for event in told if event.TOPIC in _CARRIED for sealing in sealings_of(event)]
    source = HereOrKept(desk, kept_copy(desk, head.report) if gone and whole else None)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(HEAD, head.encode())
        for sha256, kind in blobs_of(sealings).items():
            if whole or sha256 not in gone:
                _add(archive, source, kind, sha256)


def _add(archive: zipfile.ZipFile, source: HereOrKept, kind: str, sha256: str) -> None:
    name, digest = f"{FOLDERS[kind]}/{sha256}", bytes.fromhex(sha256)
    if kind == "file":
        with source.file(digest) as path:
            if not path.is_file():
                raise _gone()
            archive.write(path, name)
        return
    data = source.envelope(digest) if kind == "envelope" else source.wrap(digest)
    if data is None:
        raise _gone()
    archive.writestr(name, data)


def _gone() -> Refused:
    return Refused("gone", "密封内容不完整，不能办理；请运行 supervision verify 查明。")


def _cosigned(desk: Desk, at_least: int) -> bytes:
    """The newest checkpoint of a tree that large with a quorum of witnesses."""
    policy = load_policy(desk.settings.home)
    for _, note in desk.log.checkpoints.cosigned(at_least):
        if policy.witnesses and policy.is_quorum(policy.open_signed(note).cosigned_at):
            return note
    raise Refused("not_witnessed", "径送的记录尚未得到见证人联署，上级不能核对密件；请稍后再取。")


def _proof(desk: Desk, recorded: RecordedEntry, note: bytes) -> bytes:
    index = recorded.position - 1
    size = Checkpoint.parse(parse(note).text).size
    hashes = prove_inclusion(index, size, desk.log.read_nodes)
    return LogProof(leaf_data(desk.manifest.origin, recorded.entry), index, tuple(hashes), note).encode()
