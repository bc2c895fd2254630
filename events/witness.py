"""C2SP tlog-witness (https://c2sp.org/tlog-witness): what a witness answers to a checkpoint that is submitted to it.

A witness remembers, for each log, the largest tree that it has cosigned. It cosigns another one only when a consistency
proof shows that this grew from that. So a log whose key is stolen, or whose operator wants to rewrite it, finds nobody
who cosigns the second history. A request is ::

    old 20852014
    PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
    …

    example.com/behind-the-sofa
    20852163
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/…

Nothing here reads a file or a clock. What the witness remembers is behind :class:`WitnessState`, whose
:meth:`~WitnessState.advance` compares and persists in one step: of two requests at once the slower one is decided
anew, so the memory never rolls back.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol

from events.checkpoint import Checkpoint, CheckpointError
from events.cosignature import CosignatureVerifier, cosign, timestamp_of
from events.merkle import EMPTY_ROOT, HASH_BYTES, ProofError, verify_consistency
from events.note import Note, NoteError, NoteSignature, NoteVerifier, open_note, parse
from events.signing import Signer

MAX_BODY = 64 * 1024
"""Bytes of a request; 63 hashes and a note with a hundred signatures are a third of it."""

MAX_PROOF_LINES = 63

PLAIN = "text/plain; charset=utf-8"
TREE_SIZE = "text/x.tlog.size"

_OLD_SIZE = re.compile(r"old (0|[1-9][0-9]{0,18})")


class DamagedState(RuntimeError):
    """What the witness remembers is not what it wrote. It must not cosign anything until that is mended."""


class Contradiction(StrEnum):
    """Why a checkpoint with the log's genuine signature was refused."""

    FORK = "fork"
    """Proof of misbehaviour: the log has signed another root for a tree of the same size."""

    UNPROVEN = "unproven"
    """It came without a valid proof that it grew from what was cosigned. Anybody may send a bad proof along with a
    good checkpoint, so this is a suspicion, until the tiles show which it is."""


@dataclass(frozen=True)
class Answer:
    """Of HTTP."""

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint that this witness has cosigned. ``timestamp``: when, Unix seconds. ``note``: with the signatures
    of the log and of this witness."""

    size: int
    root: bytes
    timestamp: int
    note: bytes


@dataclass(frozen=True)
class Evidence:
    """A refused checkpoint that its log has signed, and the cosigned one that it contradicts, both as notes.

    ``against`` is empty for a tree without leaves that is said to have another root than all such trees.
    """

    origin: str
    size: int
    kind: Contradiction
    note: bytes
    against: bytes


class WitnessState(Protocol):
    """What a witness remembers, shared by its threads and processes."""

    def latest(self, origin: str) -> bytes | None:
        """The note of the largest tree that was cosigned for this log."""

    def of_size(self, origin: str, size: int) -> bytes | None:
        """The note that was cosigned for the tree of that size, if there is one."""

    def advance(self, origin: str, seen: bytes | None, new: Cosigned) -> bool:
        """Make ``new`` the latest, durably, if the latest still is ``seen``; otherwise do nothing and say so."""

    def keep(self, evidence: Evidence, now: int) -> None:
        """Keep what speaks against the log, durably."""


class _Refused(Exception):
    """``contradiction``: where the refused checkpoint is worth keeping."""

    def __init__(
        self, status: HTTPStatus, line: str, *, content_type: str = PLAIN, contradiction: Contradiction | None = None
    ) -> None:
        super().__init__(line)
        self.answer = Answer(status, content_type, f"{line}\n".encode())
        self.contradiction = contradiction


def add_checkpoint(
    body: bytes,
    *,
    logs: Mapping[str, Sequence[NoteVerifier]],
    state: WitnessState,
    signer: Signer,
    name: str,
    now: int,
) -> Answer:
    """Decide about a request and, where all is well, remember the checkpoint and cosign it.

    ``logs``: trusted keys by origin. ``name``: of the witness's key, ``now``: Unix seconds. Raises
    :class:`DamagedState`, and whatever ``state`` raises where it cannot be read or written.
    """
    own = CosignatureVerifier(name, signer.public_key)
    try:
        request = _Request.parse(body)
        signed = _signed_by_log(request, logs)
    except _Refused as refused:
        return refused.answer
    origin, text = request.checkpoint.origin, request.note.text
    _keep_fork(request, signed, state, own, now)
    while True:
        note = state.latest(origin)
        latest = read_cosigned(note, own, origin) if note is not None else None
        try:
            _check_growth(request, latest)
        except _Refused as refused:
            if refused.contradiction:
                state.keep(_evidence(refused.contradiction, request, signed, note or b""), now)
            return refused.answer
        # A clock that was set back must not make a later statement look like an earlier one.
        timestamp = max(now, latest.timestamp if latest else 0)
        line = cosign(text, name, signer, timestamp)
        cosigned = Note(text, (*signed, line)).encode()
        new = Cosigned(request.checkpoint.size, request.checkpoint.root, timestamp, cosigned)
        if state.advance(origin, note, new):
            return Answer(HTTPStatus.OK, PLAIN, line.line().encode())


def read_cosigned(note: bytes, own: CosignatureVerifier, origin: str) -> Cosigned:
    """What the witness remembers, recognised by its own signature. Raises :class:`DamagedState`."""
    try:
        opened, _ = open_note(note, [own])
        checkpoint = Checkpoint.parse(opened.text)
        (line,) = (one for one in opened.signatures if one.is_of(own))
        if checkpoint.origin != origin:
            raise CheckpointError("检查点属于另一个日志")
        return Cosigned(checkpoint.size, checkpoint.root, timestamp_of(line), note)
    except (NoteError, CheckpointError, ValueError) as error:
        raise DamagedState(f"见证记录已损坏（{origin}：{error}），停止联署；请停用本见证密钥，保留现场") from None


# --- Reading the request -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Request:
    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint

    @classmethod
    def parse(cls, body: bytes) -> _Request:
        head, separator, note = body.partition(b"\n\n")
        first, *lines = head.decode("ascii", "replace").split("\n")
        old_size = _OLD_SIZE.fullmatch(first)
        if len(body) > MAX_BODY or not separator or old_size is None:
            raise _Refused(HTTPStatus.BAD_REQUEST, "请求应由 old 一行、一致性证明、空行和检查点组成")
        if len(lines) > MAX_PROOF_LINES:
            raise _Refused(HTTPStatus.BAD_REQUEST, f"一致性证明超过 {MAX_PROOF_LINES} 行")
        proof = tuple(_hash(line) for line in lines)
        try:
            parsed = parse(note)
            return cls(int(old_size[1]), proof, parsed, Checkpoint.parse(parsed.text))
        except (NoteError, CheckpointError) as error:
            raise _Refused(HTTPStatus.BAD_REQUEST, str(error)) from None


def _hash(line: str) -> bytes:
    try:
        digest = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != HASH_BYTES or base64.b64encode(digest).decode() != line:
        raise _Refused(HTTPStatus.BAD_REQUEST, "一致性证明的每一行应为一个哈希的 Base64 编码")
    return digest


def _signed_by_log(request: _Request, logs: Mapping[str, Sequence[NoteVerifier]]) -> tuple[NoteSignature, ...]:
    """The signatures of the log itself, verified; all others are none of the witness's business."""
    known = logs.get(request.checkpoint.origin)
    if not known:
        raise _Refused(HTTPStatus.NOT_FOUND, "本见证人不认识这个日志")
    try:
        _, signed_by = open_note(request.note.encode(), known)
    except NoteError as error:
        raise _Refused(HTTPStatus.FORBIDDEN, str(error)) from None
    return tuple(next(line for line in request.note.signatures if line.is_of(key)) for key in signed_by)


# --- Deciding ------------------------------------------------------------------------------------------


def _check_growth(request: _Request, latest: Cosigned | None) -> None:
    """Whether the checkpoint grew from ``latest``. Raises ``_Refused``, in the order of C2SP."""
    old, new = request.old_size, request.checkpoint
    if old > new.size:
        raise _Refused(HTTPStatus.BAD_REQUEST, "old 大于检查点的大小")
    known = latest or Cosigned(0, EMPTY_ROOT, 0, b"")
    if old != known.size:
        raise _Refused(HTTPStatus.CONFLICT, str(known.size), content_type=TREE_SIZE)
    if new.size == 0 and new.root != EMPTY_ROOT:
        raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "空树的根不对", contradiction=Contradiction.FORK)
    try:
        verify_consistency(old, new.size, request.proof, known.root, new.root)
    except ProofError as error:
        kind = Contradiction.UNPROVEN if new.size > old > 0 else None  # of the same size, it was looked at before
        raise _Refused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error), contradiction=kind) from None


def _keep_fork(
    request: _Request, signed: Sequence[NoteSignature], state: WitnessState, own: CosignatureVerifier, now: int
) -> None:
    """Whatever the answer will be: two roots for the same size, both signed, are proof against the log."""
    note = state.of_size(request.checkpoint.origin, request.checkpoint.size)
    if note is not None and read_cosigned(note, own, request.checkpoint.origin).root != request.checkpoint.root:
        state.keep(_evidence(Contradiction.FORK, request, signed, note), now)


def _evidence(kind: Contradiction, request: _Request, signed: Sequence[NoteSignature], against: bytes) -> Evidence:
    note = Note(request.note.text, tuple(signed)).encode()
    return Evidence(request.checkpoint.origin, request.checkpoint.size, kind, note, against)
