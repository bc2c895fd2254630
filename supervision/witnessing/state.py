"""What a witness remembers, in one SQLite file of its home, shared by its threads and processes.

It is the one thing that a witness must never lose or roll back: one that forgets what it cosigned can be talked into
cosigning a second history. So the file is made once, when the home is (a missing one is not made anew), each change is
on the disk before it is spoken of (WAL with ``synchronous = FULL``), and what is read is recognised by the witness's
own signature (:func:`events.witness.read_cosigned`).
"""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from events.witness import Contradiction, Cosigned, DamagedState, Evidence

REVISION = 1
MOST_EVIDENCE = 1000
"""Pieces of a kind that are kept of one log. The first ones tell it all; more would only fill the disk."""

WORDS: Mapping[Contradiction, str] = {
    Contradiction.FORK: "同一个日志签署的两份互相矛盾的检查点",
    Contradiction.UNPROVEN: "没有附上有效证明的检查点，以及当时已联署的检查点",
}

_BUSY_SECONDS = 30

_SCHEMA = f"""
CREATE TABLE cosigned (
    origin TEXT NOT NULL, size INTEGER NOT NULL, first_at INTEGER NOT NULL, note BLOB NOT NULL,
    PRIMARY KEY (origin, size)
) WITHOUT ROWID;
CREATE INDEX cosigned_by_time ON cosigned (origin, first_at, size);
CREATE TABLE evidence (
    origin TEXT NOT NULL, note BLOB NOT NULL, size INTEGER NOT NULL, kind TEXT NOT NULL, against BLOB NOT NULL,
    kept_at INTEGER NOT NULL, PRIMARY KEY (origin, note)
) WITHOUT ROWID;
CREATE TABLE mirror (origin TEXT PRIMARY KEY, tried_at INTEGER NOT NULL, problem TEXT NOT NULL) WITHOUT ROWID;
PRAGMA user_version = {REVISION};
"""


@dataclass(frozen=True)
class KeptEvidence:
    """``kept_at``: Unix seconds."""

    evidence: Evidence
    kept_at: int


@dataclass(frozen=True)
class Attempt:
    """The last attempt to copy tiles. ``tried_at``: Unix seconds. ``problem``: in words, "" where all went well."""

    tried_at: int
    problem: str


class StateFile:
    """A :class:`events.witness.WitnessState`. A connection is opened for each use, so forks and threads need no care.

    Every method raises :class:`DamagedState` for a file that is gone, not ours or damaged, ``OSError`` where it cannot
    be written now.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def create(self) -> None:
        """Make an empty one. Raises ``FileExistsError``."""
        os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        with self._errors(), closing(self._connect()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(_SCHEMA)

    def check(self) -> None:
        """Read all of it once, before it is relied upon."""
        with self._open() as connection:
            (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise self._damaged()

    # -- what was cosigned ------------------------------------------------------------------------------------------

    def latest(self, origin: str) -> bytes | None:
        return self._note("SELECT note FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", origin)

    def of_size(self, origin: str, size: int) -> bytes | None:
        return self._note("SELECT note FROM cosigned WHERE origin = ? AND size = ?", origin, size)

    def largest(self, origin: str, *, up_to: int) -> bytes | None:
        """The note of the largest cosigned tree of at most that size."""
        query = "SELECT note FROM cosigned WHERE origin = ? AND size <= ? ORDER BY size DESC LIMIT 1"
        return self._note(query, origin, up_to)

    def advance(self, origin: str, seen: bytes | None, new: Cosigned) -> bool:
        with self._open() as connection:
            connection.execute("BEGIN IMMEDIATE")
            row = connection.execute(
                "SELECT note FROM cosigned WHERE origin = ? ORDER BY size DESC LIMIT 1", (origin,)
            ).fetchone()
            if (row[0] if row else None) != seen:
                return False
            connection.execute(
                "INSERT INTO cosigned VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET note = excluded.note",
                (origin, new.size, new.timestamp, new.note),
            )
            connection.execute("COMMIT")
        return True

    def size_before(self, origin: str, moment: int) -> int:
        """Of the largest tree that had been cosigned before ``moment``, Unix seconds; 0 where there is none."""
        return self._number("SELECT max(size) FROM cosigned WHERE origin = ? AND first_at < ?", origin, moment) or 0

    def size_from(self, origin: str, moment: int) -> int | None:
        """Of the first tree that was cosigned at ``moment`` or later."""
        return self._number("SELECT min(size) FROM cosigned WHERE origin = ? AND first_at >= ?", origin, moment)

    def outgrown_at(self, origin: str, size: int) -> int | None:
        """When a larger tree was cosigned first, Unix seconds."""
        return self._number("SELECT min(first_at) FROM cosigned WHERE origin = ? AND size > ?", origin, size)

    # -- evidence ---------------------------------------------------------------------------------------------------

    def keep(self, evidence: Evidence, now: int) -> None:
        one = evidence
        with self._open() as connection:
            query = "SELECT count(*) FROM evidence WHERE origin = ? AND kind = ?"
            (kept,) = connection.execute(query, (one.origin, one.kind)).fetchone()
            if kept < MOST_EVIDENCE:
                connection.execute(
                    "INSERT INTO evidence VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (one.origin, one.note, one.size, one.kind, one.against, now),
                )

    def evidence(self, origin: str) -> list[KeptEvidence]:
        """Oldest first."""
        query = "SELECT size, kind, note, against, kept_at FROM evidence WHERE origin = ? ORDER BY kept_at, size"
        return [
            KeptEvidence(Evidence(origin, size, Contradiction(kind), note, against), kept_at)
            for size, kind, note, against, kept_at in self._rows(query, origin)
        ]

    def settle(self, evidence: Evidence, *, against: bytes | None) -> None:
        """What the tiles have shown of a suspicion: ``against``, the cosigned note that it contradicts, makes it a
        fork; None clears the log of it."""
        with self._open() as connection:
            if against is None:
                connection.execute(
                    "DELETE FROM evidence WHERE origin = ? AND note = ?", (evidence.origin, evidence.note)
                )
            else:
                connection.execute(
                    "UPDATE evidence SET kind = ?, against = ? WHERE origin = ? AND note = ?",
                    (Contradiction.FORK, against, evidence.origin, evidence.note),
                )

    # -- the copy of the tiles --------------------------------------------------------------------------------------

    def note_attempt(self, origin: str, attempt: Attempt) -> None:
        """Remember how copying went."""
        with self._open() as connection:
            connection.execute(
                "INSERT INTO mirror VALUES (?, ?, ?) "
                "ON CONFLICT DO UPDATE SET tried_at = excluded.tried_at, problem = excluded.problem",
                (origin, attempt.tried_at, attempt.problem),
            )

    def last_attempt(self, origin: str) -> Attempt | None:
        """How copying went last."""
        rows = self._rows("SELECT tried_at, problem FROM mirror WHERE origin = ?", origin)
        return Attempt(*rows[0]) if rows else None

    # -- the file ---------------------------------------------------------------------------------------------------

    def _note(self, query: str, *values: object) -> bytes | None:
        rows = self._rows(query, *values)
        return bytes(rows[0][0]) if rows else None

    def _number(self, query: str, *values: object) -> int | None:
        ((found,),) = self._rows(query, *values)
        return None if found is None else int(found)

    def _rows(self, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
        with self._open() as connection:
            return connection.execute(query, values).fetchall()

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with self._errors(), closing(self._connect()) as connection:
            (revision,) = connection.execute("PRAGMA user_version").fetchone()
            if revision != REVISION:  # of an emptied file, too
                raise self._damaged()
            connection.execute("PRAGMA synchronous = FULL")
            yield connection

    def _connect(self) -> sqlite3.Connection:
        # mode=rw: a file that is gone is not made anew. Autocommit: a transaction begins where it says so.
        return sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
        )

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            if not self._path.is_file():
                raise self._damaged() from None
            raise OSError(errno.EIO, f"见证记录暂时不能读写（{error.sqlite_errorname}）", str(self._path)) from None
        except sqlite3.DatabaseError:
            raise self._damaged() from None

    def _damaged(self) -> DamagedState:
        return DamagedState(
            f"见证记录 {self._path.name} 丢失或已损坏，停止联署；请停用本见证密钥，保留现场，另建见证站"
        )
