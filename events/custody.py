"""Sealed material beside the log: envelopes, wraps, files and receipt lookups, in the log's own transactions.

The log is for ever; what lies here may be destroyed by rule, and every change is an event that names the
hash. So a batch of changes is accepted only together with the events that speak of exactly these changes
(:mod:`events.claims`). The rows are written by :mod:`events.sequencer` and read by
:mod:`events.custody_reader`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from events.claims import NOTHING, claims_of
from events.leaf import SignedEvent

LookupKind = Literal["receipt", "import"]
CustodyKind = Literal["envelope", "wrap", "file"]


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


NO_CHANGE = CustodyBatch()


# --- Checking a batch against the events written with it ---------------------------------------------


def check_custody(batch: CustodyBatch, events: Iterable[SignedEvent]) -> None:
    """Raises :class:`CustodyError` unless the batch changes exactly what the events say.

    Each row is named by an event of its own stream, each payload and wrap that an event names has its row,
    each hash agrees with its data, and exactly what the events call destroyed is destroyed.
    """
    claims = [(event.stream_id, claims_of(event.state)) for event in events]
    if batch is NO_CHANGE and all(claim is NOTHING for _, claim in claims):
        return  # so it is with most events
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


# --- What a verifier is shown ----------------------------------------------------------------------------


class Kept(NamedTuple):
    """Sealed material as it lies in custody now.

    ``stream_id``: whose it is said to be, None for a file that is in no table. ``sha256``: of its bytes, computed
    now; None for a file that is in the table alone. ``recipient``: key id of a wrap's, else empty.
    """

    stream_id: UUID | None
    sha256: bytes | None
    recipient: bytes = b""


class CustodyNow(NamedTuple):
    """``counts``: by kind, what there is. ``named``: by kind, how much of it events after some position have brought.

    ``destroyed``: what they have destroyed; ``streams``: theirs.
    """

    counts: Mapping[CustodyKind, int]
    named: Mapping[CustodyKind, int]
    destroyed: frozenset[bytes] = frozenset()
    streams: frozenset[UUID] = frozenset()


class CustodyView(Protocol):
    """Read access for :mod:`events.verify`."""

    def find(self, kind: CustodyKind, hashes: Sequence[bytes]) -> Mapping[bytes, Kept]:
        """What is filed under these hashes (32 bytes); what is not there is left out."""

    def now(self, position: int) -> CustodyNow:
        """How many there are of each kind, and what events after that position have changed already."""

    def lookups(self) -> Iterable[UUID]:
        """The streams that codes and foreign ids lead to."""
