"""What the checkpoint signer remembers outside the database: the last checkpoint that it signed.

A database can be put back to what it was yesterday; then the log would be continued in another way, and the key would
have signed a fork. So the signer believes itself first. Its memory is one file ::

    published 131

    log.county.example/supervision
    140
    …

the signed note, and before it the size of the largest checkpoint that was in the database when this one was signed:
the table may lack the last one, after a crash, and no other. A note that a witness has kept can be put there as it is,
with ``published 0``, when the file is lost.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from events.durable_file import locked, replace

_FILE = "last-signed"
_HEADER = re.compile(rb"published (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True)
class Remembered:
    """``note``: a signed checkpoint. ``published``: size of the largest one known to be in the database."""

    note: bytes
    published: int

    def encode(self) -> bytes:
        return f"published {self.published}\n\n".encode() + self.note

    @classmethod
    def parse(cls, data: bytes) -> Remembered:
        """Takes it apart; the note is not verified. Raises ``ValueError``."""
        header, separator, note = data.partition(b"\n\n")
        found = _HEADER.fullmatch(header)
        if found is None or not separator:
            raise ValueError("签署记录残缺")
        return cls(note, int(found[1]))


class SignerMemory:
    """The memory in ``directory``, for one log and one key; processes of one machine may share it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / _FILE

    def begin(self, note: bytes) -> None:
        """The first memory of a new log. Raises ``FileExistsError`` where there is one."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._turn():
            if self._path.exists():
                raise FileExistsError(f"{self._path.name} already there")
            replace(self._path, Remembered(note, 0).encode())

    def recall(self) -> Remembered:
        """Raises ``FileNotFoundError`` where there is none, ``ValueError`` where it is damaged."""
        return Remembered.parse(self._path.read_bytes())

    def swap(self, seen: Remembered, new: Remembered) -> bool:
        """Remember ``new`` durably, unless the memory is no longer ``seen``; whether that was so."""
        with self._turn():
            if self.recall() != seen:
                return False
            replace(self._path, new.encode())
            return True

    def _turn(self) -> AbstractContextManager[bool]:
        return locked(self._directory / "turn")
