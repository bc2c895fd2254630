"""Sealed material beside the log: envelopes, wraps, files and receipt lookups, in the log's own transactions.

The log is for ever; what lies here may be destroyed by rule, and every change is an event that names the
hash. So a batch of changes is accepted only together with the events that speak of exactly these changes
(:mod:`events.claims`). The rows are written by :mod:`events.sequencer` and read by
:mod:`events.custody_reader`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from events.claims import claims_of
from events.leaf import SignedEvent

LookupKind = Literal["receipt", "import"]


class CustodyError(ValueError):
    """A batch that does not fit its events, or destroys what is not there. Names no hash and no content."""


@dataclass(frozen=True)
class EnvelopeRow:
    """A sealed payload. ``sha256``: of ``data``, 32 bytes; ``stream_id``: of the event that names it."""

    sha256: bytes
    stream_id: UUID
    data: bytes


@dataclass(frozen=True)
class WrapRow:
    """A wrapped data key or share. ``recipient``: key id, 32 bytes; ``sha256``: of ``data``, 32 bytes."""

    sha256: bytes
    stream_id: UUID
    recipient: bytes
    data: bytes


@dataclass(frozen=True)
class FileRow:
    """A sealed file on disk, written and fsynced before its event. ``size`` in bytes.

    It lies at ``<home>/files/<first two digits>/<sha256 in hex>``.
    """

    sha256: bytes
    stream_id: UUID
    size: int


@dataclass(frozen=True)
class LookupRow:
    """How a code (``receipt``) or a foreign id (``import``) finds its stream.

    ``tag``: a keyed hash of 32 bytes, unique within its kind.
    """

    kind: LookupKind
    tag: bytes
    stream_id: UUID


@dataclass(frozen=True)
class CustodyBatch:
    """What changes in custody together with some events. ``destroy_*``: SHA-256 values of 32 bytes."""

    envelopes: tuple[EnvelopeRow, ...] = ()
    wraps: tuple[WrapRow, ...] = ()
    files: tuple[FileRow, ...] = ()
    lookups: tuple[LookupRow, ...] = ()
    destroy_envelopes: tuple[bytes, ...] = ()
    destroy_wraps: tuple[bytes, ...] = ()
    destroy_files: tuple[bytes, ...] = ()


# --- Checking a batch against the events written with it ---------------------------------------------


def check_custody(batch: CustodyBatch, events: Iterable[SignedEvent]) -> None:
    """Raises :class:`CustodyError` unless the batch changes exactly what the events say.

    Each row is named by an event of its own stream, each payload and wrap that an event names has its row,
    each hash agrees with its data, and exactly what the events call destroyed is destroyed.
    """
    claims = [(event.stream_id, claims_of(event.state)) for event in events]
    _same(
        "信封",
        [(row.stream_id, row.sha256) for row in batch.envelopes],
        [(stream_id, sha256) for stream_id, claim in claims for sha256 in claim.envelopes],
    )
    _same(
        "文件",
        [(row.stream_id, row.sha256) for row in batch.files],
        [(stream_id, sha256) for stream_id, claim in claims for sha256 in claim.files],
    )
    _same(
        "密钥封装",
        [(row.stream_id, row.sha256, row.recipient) for row in batch.wraps],
        [(stream_id, sha256, recipient) for stream_id, claim in claims for sha256, recipient in claim.wraps],
    )
    _same(
        "销毁清单",
        [*batch.destroy_envelopes, *batch.destroy_wraps, *batch.destroy_files],
        [sha256 for _, claim in claims for sha256 in claim.destroyed],
    )
    sealed: tuple[EnvelopeRow | WrapRow, ...] = (*batch.envelopes, *batch.wraps)
    if any(hashlib.sha256(row.data).digest() != row.sha256 for row in sealed):
        raise CustodyError("密封材料与其哈希不符")
    streams = {stream_id for stream_id, _ in claims}
    if any(row.stream_id not in streams for row in batch.lookups):
        raise CustodyError("查询索引指向本次没有写入的记录")
    if len({(row.kind, row.tag) for row in batch.lookups}) < len(batch.lookups):
        raise CustodyError("查询索引重复")


def _same(what: str, given: Sequence[object], named: Sequence[object]) -> None:
    if len(set(given)) < len(given):
        raise CustodyError(f"同时写入的{what}有重复")
    if set(given) != set(named):
        raise CustodyError(f"同时写入的{what}与事件所述不一致")
