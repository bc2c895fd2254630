"""What checkpoints and cosignatures in the database say of the log, each checked for itself.

A checkpoint must be by the log's key and of the size under which it is filed. A cosignature must say what its row
says, and be by the key that the policy gives the witness of that name; those of witnesses whom the policy does not name
cannot be checked and are counted.
"""

from __future__ import annotations

import heapq
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from typing import TypeAlias

from eventsourcing.persistence import PersistenceError

from events.checkpoint import Checkpoint, CheckpointError
from events.checkpoints import CosignatureRow, SignedCheckpoint
from events.cosignature import timestamp_of
from events.note import NoteError, NoteVerifier, open_note, parse_line
from events.policy import Policy, Witness
from events.store import LogStore
from events.verify import Attested, Fault

UNREADABLE = (PersistenceError, ValueError, TypeError, AttributeError, LookupError)
"""What reading a row raises in whose columns somebody has put something of another kind."""

_ORPHAN = "有联署，却没有所联署的检查点"
_Row: TypeAlias = SignedCheckpoint | CosignatureRow


@dataclass
class Counted:
    """``last``: the last checkpoint that the log has signed. ``checkpoints``, ``cosignatures``: how many were checked.

    ``strangers``: cosignatures that were not. ``witnessed``: size of the largest tree that enough witnesses have
    cosigned, 0 for none.
    """

    last: Checkpoint | None = None
    checkpoints: int = 0
    cosignatures: int = 0
    strangers: int = 0
    witnessed: int = 0


class Statements:
    """Checkpoints of the log ``origin`` in ``store`` as they are now. ``logs``: keys that may have signed them.

    Raises :class:`events.verify.Fault` where not even the last one can be read.
    """

    def __init__(self, store: LogStore, origin: str, logs: Sequence[NoteVerifier], policy: Policy) -> None:
        self.counted = Counted()
        self.policy = policy
        self._store = store
        self._origin = origin
        self._logs = logs
        try:
            # Cosignatures first: where nobody has tampered, each has its checkpoint.
            rows = [store.checkpoints.last_of(witness.key.name) for witness in policy.witnesses]
            last = store.checkpoints.last()
            self._up_to = last.size if last else 0
            self._beyond = max([row[0] for row in rows if row is not None and row[0] > self._up_to], default=0)
        except UNREADABLE:
            check_that_it_answers(store)
            raise Fault(0, "最后的检查点无法从数据库读出") from None

    def read(self) -> Generator[Attested, None, None]:
        """The statements, the smallest tree first; what is wrong with one is in it. Counts them on the way."""
        stored, reached = self._store.checkpoints, 0
        try:
            with closing(stored.signed(self._up_to)) as checkpoints, closing(stored.cosignatures(self._up_to)) as lines:
                sources: list[Iterator[_Row]] = [checkpoints, lines]
                both = heapq.merge(*sources, key=_size)  # of equals, the checkpoint comes first
                for reached, rows in groupby(both, key=_size):  # noqa: B007 - used where reading fails
                    first, *rest = rows
                    yield self._attested(first, [row for row in rest if isinstance(row, CosignatureRow)])
        except UNREADABLE:
            yield Attested(reached, b"", problem="此后的检查点或联署无法从数据库读出")
        if self._beyond:
            yield Attested(self._beyond, b"", problem=_ORPHAN)

    def _attested(self, row: _Row, cosignatures: Sequence[CosignatureRow]) -> Attested:
        if isinstance(row, CosignatureRow):
            return Attested(row.size, b"", problem=_ORPHAN)
        try:
            opened, _ = open_note(row.note, self._logs)
            checkpoint = Checkpoint.parse(opened.text)
        except (NoteError, CheckpointError) as error:
            return Attested(row.size, b"", problem=f"检查点无效（{error}）")
        if (checkpoint.origin, checkpoint.size, len(opened.signatures)) != (self._origin, row.size, 1):
            return Attested(row.size, b"", problem="检查点不是本日志的、登记的大小不同，或有多余的签名")
        try:
            times = self._opened(opened.text, cosignatures)
        except NoteError as error:
            return Attested(row.size, b"", problem=f"联署无效（{error}）")
        self.counted.last = checkpoint
        self.counted.checkpoints += 1
        if self.policy.witnesses and self.policy.is_quorum(times):
            self.counted.witnessed = row.size
        moments = tuple(moment for several in times.values() for moment in several)
        return Attested(row.size, checkpoint.root, cosigned=moments)

    def _opened(self, text: str, rows: Sequence[CosignatureRow]) -> Mapping[str, list[int]]:
        """When each witness of the policy cosigned a checkpoint. Raises NoteError."""
        times: dict[str, list[int]] = {}
        for row in rows:
            line = parse_line(row.line.removesuffix("\n"))
            moment = timestamp_of(line)
            if (line.name, moment, line.line()) != (row.key_name, row.timestamp, row.line):
                raise NoteError("与登记的见证人或时间不同")
            witness = self._witness(row.key_name)
            if witness is None:
                self.counted.strangers += 1
            elif not line.is_of(witness.key) or not witness.key.verifies(text, line.signature):
                raise NoteError(f"不是见证人 {witness.name} 的签名")
            else:
                self.counted.cosignatures += 1
                times.setdefault(witness.name, []).append(moment)
        return times

    def _witness(self, key_name: str) -> Witness | None:
        return next((one for one in self.policy.witnesses if one.key.name == key_name), None)


def check_that_it_answers(store: LogStore) -> None:
    """Raises the database's error where it was not about what is stored."""
    store.custody.counts()


def _size(row: _Row) -> int:
    return row.size
