"""Signs checkpoints: the log's own statement of how long it is and what its root is.

Two checkpoints that do not belong to the same growing log are proof against whoever signed them. So a
checkpoint is signed only after a consistency proof from the last one that was signed, and kept before
anybody sees it; the table's key lets one signer win where two sign at once.
"""

from __future__ import annotations

from eventsourcing.persistence import IntegrityError

from events.checkpoint import Checkpoint
from events.checkpoints import SignedCheckpoint
from events.merkle import EMPTY_ROOT, ProofError, TreeError, prove_consistency, verify_consistency
from events.note import Note, NoteVerifier, open_note, sign
from events.signing import Signer
from events.store import DamagedLog, LogStore


class CheckpointSigner:
    """Signs the checkpoints of one log with one key, under the log's origin as key name."""

    def __init__(self, store: LogStore, signer: Signer) -> None:
        self._store = store
        self._signer = signer

    def sign_head(self) -> bytes:
        """The signed checkpoint of the log as it stands; the one kept already where the log has not grown.

        Raises :class:`events.store.DamagedLog` when the tree did not grow from the one last signed,
        :class:`events.note.NoteError` when the last checkpoint was not signed with this key.
        """
        head = self._store.head()
        last_note = self._store.checkpoints.last()
        last = self._read(last_note.note if last_note else None, head.origin)
        self._check_growth(last, head.checkpoint())
        if last_note is not None and last.size == head.size:
            return last_note.note
        text = head.checkpoint().text()
        note = Note(text, (sign(text, head.origin, self._signer),)).encode()
        try:
            self._store.checkpoints.add(SignedCheckpoint(head.size, note, head.recorded_at))
        except IntegrityError:
            return self.sign_head()  # another signer was quicker; his is checked like any other
        return note

    def _read(self, note: bytes | None, origin: str) -> Checkpoint:
        if note is None:
            return Checkpoint(origin, 0, EMPTY_ROOT)
        opened, _ = open_note(note, [NoteVerifier(origin, self._signer.public_key)])
        return Checkpoint.parse(opened.text)

    def _check_growth(self, last: Checkpoint, now: Checkpoint) -> None:
        try:
            if now.origin != last.origin or now.size < last.size:
                raise ProofError(f"已签署到第 {last.size} 条，现有 {now.size} 条")
            proof = prove_consistency(last.size, now.size, self._store.read_nodes)
            verify_consistency(last.size, now.size, proof, last.root, now.root)
        except (ProofError, TreeError) as error:
            raise DamagedLog(f"拒绝签署检查点：{error}；请运行 supervision verify 查看") from None
