"""Drafts of reports: what somebody has typed and attached so far, readable to his browser alone.

The browser's cookie holds the key, this store the ciphertext, so neither is worth anything without the other.
The 查询码 and the public reference are drawn with the draft: handing the same draft in twice, after a double
click or a crash, is handing in one report. A draft ends when it is handed in, given up or left alone for its
lifetime; its files (under ``<home>/drafts/<id>``) end with it.
"""

from __future__ import annotations

import errno
import json
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from supervision.intake.submission import Attachment
from supervision.sealing.binding import Rng
from supervision.sealing.errors import CannotOpen
from supervision.sealing.files import CHUNK, Source
from supervision.sealing.padding import pad, unpad
from supervision.sealing.receipt import ReceiptCode
from supervision.sealing.session import CookieKey
from supervision.working_state import WorkingState

DRAFT = "draft"
RECEIPT = "receipt"

RESERVE = 1024**3
"""Bytes of the disk that drafts leave free: the log must go on when somebody fills the disk with files."""

_FILE_ID_LENGTH = 16
_ID = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class DraftFile:
    """A file of a draft. ``id``: 32 hex digits, its name on disk. ``size`` in bytes of plaintext."""

    id: str
    name: str
    media_type: str
    size: int


@dataclass(kw_only=True, repr=False)
class Draft:
    """``code``: digits of the 查询码. ``answers``: page to what was typed there, in JSON's types.

    ``page``: the one to show. ``seen``: pages that were sent in once.
    """

    code: str
    reference: str
    page: str = ""
    seen: list[str] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    files: list[DraftFile] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What the receipt page shows. ``sealed``: went to the superior (A-15)."""

    code: str
    reference: str
    sealed: bool


@dataclass(frozen=True, kw_only=True)
class DraftStore:
    """``directory``: ``<home>/drafts``. ``lifetime``: of a draft, counted from its last change."""

    working: WorkingState
    directory: Path
    lifetime: timedelta
    receipt_lifetime: timedelta
    clock: Callable[[], datetime]
    rng: Rng

    # -- drafts -------------------------------------------------------------------------------------------

    def begin(self, reference: str) -> tuple[CookieKey, Draft]:
        """An empty draft and the key to it, which is kept nowhere here."""
        self.sweep()
        key = CookieKey.new(self.rng)
        draft = Draft(code=ReceiptCode.new(self.rng).digits, reference=reference)
        self.save(key, draft)
        return key, draft

    def load(self, key: CookieKey) -> Draft | None:
        """The draft, or None where it has expired or was handed in."""
        table = self._get(DRAFT, key)
        if table is None:
            return None
        return Draft(**{**table, "files": [DraftFile(**row) for row in table["files"]]})

    def save(self, key: CookieKey, draft: Draft) -> None:
        """Keep the draft as it is now, for another lifetime."""
        self._put(DRAFT, key, asdict(draft), self.lifetime)

    def forget(self, key: CookieKey) -> None:
        """Remove the draft and its files."""
        self.working.remove(DRAFT, _id(DRAFT, key))
        shutil.rmtree(self._files_of(key), ignore_errors=True)

    # -- files --------------------------------------------------------------------------------------------

    def add_file(self, key: CookieKey, draft: Draft, file: Attachment) -> None:
        """Keep a file under the draft's key and name it in ``draft``, which the caller saves. Raises OSError."""
        stored = DraftFile(
            id=self.rng(_FILE_ID_LENGTH).hex(), name=file.name, media_type=file.media_type, size=file.size
        )
        directory = self._files_of(key)
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        if shutil.disk_usage(directory).free < file.size + RESERVE:
            raise OSError(errno.ENOSPC, "the rest of the disk belongs to the log")
        path = directory / stored.id
        try:
            with file.open() as source, open(path, "xb") as sink:
                writer = key.write_file(_purpose(stored), sink)
                while chunk := source.read(CHUNK):
                    writer.write(chunk)
                writer.finish()
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        draft.files.append(stored)

    def remove_file(self, key: CookieKey, draft: Draft, file_id: str) -> None:
        """Remove a file from disk and from ``draft``, which the caller saves; an unknown one is gone already."""
        for file in draft.files:
            if file.id == file_id:
                (self._files_of(key) / file.id).unlink(missing_ok=True)
        draft.files = [file for file in draft.files if file.id != file_id]

    def attachments(self, key: CookieKey, draft: Draft) -> tuple[Attachment, ...]:
        """The files for a submission. Reading one raises CannotOpen or OSError once the draft is gone."""
        return tuple(
            Attachment(name=file.name, media_type=file.media_type, size=file.size, open=self._opener(key, file))
            for file in draft.files
        )

    def _opener(self, key: CookieKey, file: DraftFile) -> Callable[[], Any]:
        @contextmanager
        def opened() -> Iterator[Source]:
            with open(self._files_of(key) / file.id, "rb") as ciphertext:
                yield key.read_file(_purpose(file), ciphertext)

        return opened

    # -- the receipt --------------------------------------------------------------------------------------

    def keep_receipt(self, key: CookieKey, receipt: Receipt) -> None:
        """Let the same browser read the receipt again for a short while."""
        self._put(RECEIPT, key, asdict(receipt), self.receipt_lifetime)

    def receipt(self, key: CookieKey) -> Receipt | None:
        """The receipt, or None once its time is over."""
        table = self._get(RECEIPT, key)
        return None if table is None else Receipt(**table)

    def forget_receipt(self, key: CookieKey) -> None:
        """Remove the receipt before its time."""
        self.working.remove(RECEIPT, _id(RECEIPT, key))

    # -- expiry -------------------------------------------------------------------------------------------

    def sweep(self) -> None:
        """Remove what has expired: drafts, then the files of drafts that are no more."""
        now = self.clock()
        self.working.sweep(now)
        if not self.directory.is_dir():
            return
        for directory in self.directory.iterdir():
            if _ID.fullmatch(directory.name) and not self.working.get(DRAFT, bytes.fromhex(directory.name), now):
                shutil.rmtree(directory, ignore_errors=True)

    # -- sealed values ------------------------------------------------------------------------------------

    def _put(self, kind: str, key: CookieKey, table: dict[str, Any], lifetime: timedelta) -> None:
        plaintext = pad(json.dumps(table, ensure_ascii=False).encode())
        self.working.put(kind, _id(kind, key), key.seal(kind, plaintext, self.rng), self.clock() + lifetime)

    def _get(self, kind: str, key: CookieKey) -> dict[str, Any] | None:
        sealed = self.working.get(kind, _id(kind, key), self.clock())
        if sealed is None:
            return None
        try:
            table: dict[str, Any] = json.loads(unpad(key.open(kind, sealed)))
        except CannotOpen:
            return None
        return table

    def _files_of(self, key: CookieKey) -> Path:
        return self.directory / key.store_id(DRAFT)


def _id(kind: str, key: CookieKey) -> bytes:
    return bytes.fromhex(key.store_id(kind))


def _purpose(file: DraftFile) -> str:
    return f"{DRAFT}/{file.id}"
