"""Signs checkpoints: the log's own statement of how long it is and what its root is.

Two checkpoints that do not belong to the same growing log are proof against whoever signed them. So a checkpoint is
signed only after a consistency proof from the last one that was signed, which the signer knows from a memory of its
own (:mod:`events.signer_memory`): a database that went back, forked or lost its checkpoints is refused for ever after.

The steps of :meth:`CheckpointSigner.sign_head`, and what a crash after each of them leaves:

check       nothing has happened
sign        a signature that nobody has seen; the next start signs whatever the head is then
remember    a signed checkpoint that the database lacks; the next start publishes the very same note
publish     all done

What is remembered is never signed again in another way: a size has one note.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from eventsourcing.persistence import IntegrityError

from events.checkpoint import Checkpoint, CheckpointError
from events.checkpoints import SignedCheckpoint
from events.merkle import EMPTY_ROOT, ProofError, TreeError, prove_consistency, verify_consistency
from events.note import Note, NoteError, NoteVerifier, open_note, sign
from events.signer_memory import Remembered, SignerMemory
from events.signing import Signer
from events.store import DamagedLog, LogStore


@dataclass(frozen=True)
class _Signed:
    """A checkpoint of this log and its note, with the log's signature and no other."""

    checkpoint: Checkpoint
    note: bytes

    @property
    def size(self) -> int:
        return self.checkpoint.size


def first_note(origin: str, signer: Signer) -> bytes:
    """The checkpoint of a log that has no event yet: what a signer's memory begins with."""
    return _sign(_empty(origin), signer).note


class CheckpointSigner:
    """Signs the checkpoints of one log with one key, under the log's origin as key name. ``clock``: Unix seconds.

    Several may sign at once, in any number of processes; those on one machine share ``memory``. ``former``: public keys
    that the log signed with before; what they signed is gone on from, not signed again.
    """

    def __init__(
        self,
        store: LogStore,
        signer: Signer,
        memory: SignerMemory,
        clock: Callable[[], float] = time.time,
        former: Iterable[bytes] = (),
    ) -> None:
        self._store = store
        self._signer = signer
        self._memory = memory
        self._clock = clock
        self._public_keys = tuple(dict.fromkeys((signer.public_key, *former)))

    def check(self) -> None:
        """Raises :class:`events.store.DamagedLog` unless the log goes on from what was signed. Changes nothing."""
        self._check(self._recall())

    def sign_head(self) -> bytes:
        """The signed checkpoint of the log as it stands, or a later one; the one there is where it has not grown.

        Raises :class:`events.store.DamagedLog` when the tree did not grow from the one last signed, and when that
        one is missing or not signed with this key; ``OSError`` and the library's ``PersistenceError`` for trouble on
        the way, after which it can be called again.
        """
        wanted = self._store.size()
        while True:  # a step each time, from wherever an earlier call or another signer has left it
            remembered = self._recall()
            signed, published, now = self._check(remembered)
            if published.size < signed.size:
                if self._publish(signed) and signed.size >= wanted:
                    return signed.note
            elif published.size > signed.size:  # signed on another machine with this key
                self._memory.swap(remembered, Remembered(published.note, published.size))
            elif signed.size < wanted:
                self._memory.swap(remembered, Remembered(_sign(now, self._signer).note, published.size))
            else:
                return signed.note

    # -- steps ------------------------------------------------------------------------------------------------

    def _recall(self) -> Remembered:
        try:
            return self._memory.recall()
        except (FileNotFoundError, ValueError):
            raise DamagedLog(
                "签署记录（signer/last-signed）缺失或残缺，拒绝签署检查点；请按 docs/operations.md 从备份或见证人处恢复"
            ) from None

    def _check(self, remembered: Remembered) -> tuple[_Signed, _Signed, Checkpoint]:
        """What was last signed, what was last published, and the head, which has grown from both."""
        last = self._store.checkpoints.last()
        now = self._store.head().checkpoint()  # read last: others may be signing, and the log grows
        signed = self._open(remembered.note, now.origin)
        # A log without events needs no checkpoint: everything begins with nothing.
        published = self._open(last.note, now.origin) if last else _sign(_empty(now.origin), self._signer)
        if published.size < remembered.published:
            raise _refusal(f"曾公布到第 {remembered.published} 条，数据库中的检查点却有缺失")
        earlier, later = sorted((signed.checkpoint, published.checkpoint), key=lambda checkpoint: checkpoint.size)
        self._check_growth(earlier, later)
        self._check_growth(later, now)
        return signed, published, now

    def _publish(self, signed: _Signed) -> bool:
        """Whether it was this signer who did it."""
        try:
            self._store.checkpoints.add(SignedCheckpoint(signed.size, signed.note, int(self._clock())))
        except IntegrityError:
            return False  # another one was quicker; his checkpoint is checked like any other
        return True

    def _open(self, note: bytes, origin: str) -> _Signed:
        try:
            verifiers = [NoteVerifier(origin, key) for key in self._public_keys]
            opened, _ = open_note(note, verifiers)
            checkpoint = Checkpoint.parse(opened.text)
        except (NoteError, CheckpointError) as error:
            raise _refusal(f"上次签署的检查点不能用本日志的密钥核验，{error}") from None
        own = next(line for line in opened.signatures if any(map(line.is_of, verifiers)))
        return _Signed(checkpoint, Note(opened.text, (own,)).encode())

    def _check_growth(self, earlier: Checkpoint, later: Checkpoint) -> None:
        try:
            if later.origin != earlier.origin or later.size < earlier.size:
                raise ProofError(f"已签署到第 {earlier.size} 条，现有 {later.size} 条")
            same = earlier.size == later.size  # of which nothing has to be read
            proof = [] if same else prove_consistency(earlier.size, later.size, self._store.read_nodes)
            verify_consistency(earlier.size, later.size, proof, earlier.root, later.root)
        except (ProofError, TreeError) as error:
            raise _refusal(str(error)) from None


def _sign(checkpoint: Checkpoint, signer: Signer) -> _Signed:
    text = checkpoint.text()
    return _Signed(checkpoint, Note(text, (sign(text, checkpoint.origin, signer),)).encode())


def _empty(origin: str) -> Checkpoint:
    return Checkpoint(origin, 0, EMPTY_ROOT)


def _refusal(reason: str) -> DamagedLog:
    return DamagedLog(f"拒绝签署检查点：{reason}；请运行 supervision verify 查看")
