"""Retention periods: whose key lies over which wrap, and where these keys are kept.

A period is a class of compartments and the calendar year in which the report was received. What tells who reported is
of a class of its own, which the rules let go sooner than the content. How many years each is kept is no matter of this
module: :mod:`supervision.domain.retention`.

Each period has one key, a file ``<home>/retention/<class>-<year>-<fingerprint>``, made when it is first needed. The
directory is in no backup of the database, and is carried apart from it: what is destroyed here must not come back from
there. The fingerprint is part of the name, so a platform that was restored without its keys goes on under new ones and
can be given the old ones later.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

from events import durable_file
from events.custody import WrapRow
from events.model import DataKeyRef, WrapRef
from supervision.sealing import layer
from supervision.sealing.binding import Place, Rng, context, derive
from supervision.sealing.compartments import (
    CONTACT,
    CONTENT,
    DEIDENTIFIED,
    FACTS,
    IDENTITY,
    MESSAGE,
    SOURCE,
)
from supervision.sealing.envelope import SealedBundle
from supervision.sealing.errors import PeriodKeyMissing

IDENTITY_CLASS = "identity"
CONTENT_CLASS = "content"

CLASS_OF: Mapping[str, str] = {
    IDENTITY: IDENTITY_CLASS,
    CONTACT: IDENTITY_CLASS,
    SOURCE: IDENTITY_CLASS,
    CONTENT: CONTENT_CLASS,
    DEIDENTIFIED: CONTENT_CLASS,
    FACTS: CONTENT_CLASS,
    MESSAGE: CONTENT_CLASS,
}
"""Which period class a compartment's wraps belong to. Grants of office keys and contributions to openings have none:
they hold nothing of a report for long."""

KEY_LENGTH = 32
_WITHDRAWN = ".withdrawn"
_FINGERPRINT = "supervision/period/v1"


class BadPeriodKey(ValueError):
    """A key file that is damaged, or under another key's name. One line: the thing, the reason, the way out."""


class RetentionKeys:
    """The period keys of one platform, in ``directory``. ``origin``: of the log; ``rng``: for keys and nonces.

    Many processes may use a directory at once. A key that one of them destroys is used by none any more: whether its
    file is still there is looked up each time.
    """

    def __init__(self, directory: Path, origin: str, rng: Rng) -> None:
        self._directory = directory
        self._origin = origin
        self._rng = rng
        self._known: dict[str, bytes] = {}
        self._current: dict[tuple[str, str], str] = {}

    # -- over wraps ---------------------------------------------------------------------------------------------------

    def layered(self, bundle: SealedBundle, received_at: str) -> SealedBundle:
        """The bundle with its wraps under the layers of their periods, made where there are none yet.

        ``received_at``: of the report concerned, ISO 8601; its year is that of the period.
        """
        rows = {row.sha256.hex(): row for row in bundle.wraps}
        keys = []
        for ref in bundle.sealing.keys:
            kind = CLASS_OF.get(ref.compartment)
            keys.append(self._under(self.name_for(kind, received_at[:4]), bundle, ref, rows) if kind else ref)
        sealing = dataclasses.replace(bundle.sealing, keys=tuple(keys))
        return dataclasses.replace(bundle, sealing=sealing, wraps=tuple(rows.values()))

    def layer_key(self, name: str, context: bytes) -> bytes:
        """See :class:`.layer.LayerKeys`. Raises PeriodKeyMissing."""
        return derive(self._key(name), context)

    def key_of_wrap(self, place: Place, ref: DataKeyRef, named: WrapRef, stored: bytes) -> bytes:
        """What opens the layer of this wrap and of no other; b"" where it has none. Raises PeriodKeyMissing."""
        name = layer.key_name(stored)
        return self.layer_key(name, layer.context_of(place, ref.commitment, named.key, named.share)) if name else b""

    def _under(self, name: str, bundle: SealedBundle, ref: DataKeyRef, rows: dict[str, WrapRow]) -> DataKeyRef:
        """``ref`` as it speaks of the layered wraps, which take the places of the others in ``rows``."""
        if not ref.wraps:
            return ref
        sealing, period_key, wraps = bundle.sealing, self._key(name), []
        place = Place(
            origin=self._origin,
            manifest=bytes.fromhex(sealing.manifest),
            suite=sealing.suite,
            stream_id=rows[ref.wraps[0].sha256].stream_id,  # a sealing is of one stream
            compartment=ref.compartment,
        )
        for wrap in ref.wraps:
            row = rows.pop(wrap.sha256)
            key = derive(period_key, layer.context_of(place, ref.commitment, wrap.key, wrap.share))
            stored = layer.put(name, key, row.data, self._rng)
            sha256 = hashlib.sha256(stored).digest()
            rows[sha256.hex()] = WrapRow(sha256, row.stream_id, row.recipient, stored)
            wraps.append(
                WrapRef(key=wrap.key, share=wrap.share, sha256=sha256.hex(), share_commitment=wrap.share_commitment)
            )
        return dataclasses.replace(ref, wraps=tuple(wraps))

    # -- the keys -----------------------------------------------------------------------------------------------------

    def names(self) -> list[str]:
        """All that there are, sorted."""
        return self._listed("")

    def withdrawn(self) -> list[str]:
        """Those that were taken out of use and not destroyed yet, sorted."""
        return self._listed(_WITHDRAWN)

    def _listed(self, suffix: str) -> list[str]:
        if not self._directory.is_dir():
            return []
        found = (path.name.removesuffix(suffix) for path in self._directory.iterdir() if path.name.endswith(suffix))
        return sorted(name for name in found if layer.NAME.fullmatch(name))

    def name_for(self, kind: str, year: str) -> str:
        """The key for what is sealed now for a period; made, durably, where there is none."""
        name = self._current.get((kind, year), "")
        if not name or not self._path(name).exists():
            name = self._found(kind, year) or self._made(kind, year)
            self._current[kind, year] = name
        return name

    def withdraw(self, name: str) -> None:
        """Take a key out of use, before it is destroyed: nothing is sealed under it any more, in whatever process."""
        with self._locked():
            self._path(name).rename(self._withdrawn(name))
            durable_file.sync_directory(self._directory)

    def put_back(self, name: str) -> None:
        """Somebody was faster: the key goes on."""
        with self._locked():
            self._withdrawn(name).rename(self._path(name))
            durable_file.sync_directory(self._directory)

    def destroy(self, name: str) -> None:
        """Overwrite and remove a key that was withdrawn; gone from the file system when this returns.

        Said honestly: a drive that moves its blocks (SSD), a snapshot of the file system or a copy carried elsewhere
        may keep the old bytes. Whoever copied keys has to destroy those copies himself.
        """
        path = self._withdrawn(name)
        with self._locked():
            with open(path, "r+b") as file:
                file.write(os.urandom(path.stat().st_size))
                file.flush()
                os.fsync(file.fileno())
            path.unlink()
            durable_file.sync_directory(self._directory)
        self._known.pop(name, None)

    def take_in(self, keys: Iterable[tuple[str, bytes]]) -> list[str]:
        """Keys that were carried here; the names of those that are new. Raises BadPeriodKey; then none was taken."""
        given = dict(keys)
        for name, key in given.items():
            _check(name, key)
        fresh = [name for name in given if not self._path(name).exists()]
        with self._locked():
            for name in fresh:
                self._write(name, given[name])
        return fresh

    def carried(self) -> dict[str, bytes]:
        """All keys by name, to be carried apart from the database. Raises BadPeriodKey."""
        return {name: self._key(name) for name in self.names()}

    def _found(self, kind: str, year: str) -> str:
        return next((name for name in self.names() if name.startswith(f"{kind}-{year}-")), "")

    def _made(self, kind: str, year: str) -> str:
        with self._locked():
            name = self._found(kind, year)  # another process may have been first
            if not name:
                key = self._rng(KEY_LENGTH)
                name = f"{kind}-{year}-{fingerprint(key)}"
                self._write(name, key)
        return name

    def _locked(self) -> AbstractContextManager[bool]:
        durable_file.make_directory(self._directory, 0o700)
        return durable_file.locked(self._directory / ".lock")

    def _write(self, name: str, key: bytes) -> None:
        durable_file.replace(self._path(name), f"{key.hex()}\n".encode())

    def _key(self, name: str) -> bytes:
        path = self._path(name)
        if not path.exists():
            self._known.pop(name, None)
            raise PeriodKeyMissing(
                f"保管期密钥 {name} 不在本平台：已经鉴定销毁，或者恢复、迁移时没有带来。"
                "请查阅鉴定销毁记录；应当还在的，请用 supervision retention import 从另存的副本导入。"
            )
        if name not in self._known:
            self._known[name] = _read(path)
        return self._known[name]

    def _path(self, name: str) -> Path:
        return self._directory / name

    def _withdrawn(self, name: str) -> Path:
        return self._directory / f"{name}{_WITHDRAWN}"


def fingerprint(key: bytes) -> str:
    """The end of a key's name, 8 hex digits."""
    return hashlib.sha256(context(_FINGERPRINT, key)).hexdigest()[:8]


def _read(path: Path) -> bytes:
    try:
        key = bytes.fromhex(path.read_text("ascii"))
    except (ValueError, OSError):
        key = b""
    _check(path.name, key)
    return key


def _check(name: str, key: bytes) -> None:
    if not layer.NAME.fullmatch(name) or len(key) != KEY_LENGTH or not name.endswith(fingerprint(key)):
        raise BadPeriodKey(f"保管期密钥文件 {name} 已损坏，或者名称与密钥不符；请用另存的副本替换。")
