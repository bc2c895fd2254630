"""The county's part in packages: putting one together, and taking in what the superior answers."""

from __future__ import annotations

import os
import tempfile
import zipfile
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from events.checkpoint import Checkpoint
from events.durable_file import make_directory, sync_directory
from events.leaf import RecordedEntry, leaf_data
from events.merkle import prove_inclusion
from events.note import parse
from events.proof import LogProof
from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.intake import SealedReportReceived
from events.vocabulary.sealed_report import ReportedToSuperior, SealedReportRegistered, SealedReportResealed
from events.vocabulary.streams import correspondence_id
from supervision.casework.content import sealings_of
from supervision.casework.desk import Desk
from supervision.checkpointing.policy import load_policy
from supervision.domain.refusal import Refused
from supervision.sealed_archive.archive import SUFFIX
from supervision.sealed_archive.package import FOLDERS, HEAD, Head, blobs_of

SUPERIORS_COPIES = "superior"
"""Under the home: what the superior has taken over. On a machine of his own it would be his home."""

_CARRIED = frozenset(
    one.TOPIC
    for one in (
        SealedReportReceived,
        SealedReportResealed,
        SealedReportRegistered,
        ReportedToSuperior,
        SupplementReceived,
    )
)
"""What of the log goes with a package: that it came and went, and what is sealed."""


def keep_copy(desk: Desk, report_id: UUID) -> Path:
    """The superior's own copy, durable when this returns; before he acknowledges, and before the county destroys."""
    directory = desk.settings.home / SUPERIORS_COPIES
    make_directory(directory, 0o700)
    path, partial = directory / f"{report_id}{SUFFIX}", directory / f"{report_id}.partial"
    try:
        with open(partial, "wb") as file:
            _write(desk, file, _head(desk, report_id))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
        sync_directory(directory)
    finally:
        partial.unlink(missing_ok=True)
    return path


def package_to_carry(desk: Desk, report_id: UUID) -> BinaryIO:
    """The package with its proofs, in a file without a name; the caller closes it.

    Raises Refused where something sealed is missing, or no witness has cosigned the events yet.
    """
    head = _head(desk, report_id)
    note = _cosigned(desk, max(position for position, _ in head.entries))
    proofs = tuple(_proof(desk, recorded, note) for recorded in head.entries)
    file = tempfile.TemporaryFile(dir=desk.settings.home)  # noqa: SIM115 - the answer is sent from it
    try:
        _write(desk, file, Head(**{**vars(head), "proofs": proofs}))
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


def _write(desk: Desk, file: BinaryIO, head: Head) -> None:
    sealings = [
        sealing
        for stream in (head.report, correspondence_id(head.report))
        for event in desk.ledger.events_of(stream)
        if event.TOPIC in _CARRIED
        for sealing in sealings_of(event)
    ]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(HEAD, head.encode())
        for sha256, kind in blobs_of(sealings).items():
            name = f"{FOLDERS[kind]}/{sha256}"
            if kind == "file":
                path = desk.custody.file_path(bytes.fromhex(sha256))
                if not path.is_file():
                    raise _gone()
                archive.write(path, name)
            else:
                read = desk.custody.envelope if kind == "envelope" else desk.custody.wrap
                data = read(bytes.fromhex(sha256))
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
