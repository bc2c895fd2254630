"""Opening: what one sealing, as a signed event has it, lets the holder of a key read.

The opener trusts the event and the pinned manifest and nothing else. Hashes, suites, commitments and places
of all that comes from custody are checked before a byte is handed out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from uuid import UUID

from events.model import DataKeyRef, SealedItem, Sealing
from supervision.sealing import wraps
from supervision.sealing.binding import Place
from supervision.sealing.compartments import GRANT
from supervision.sealing.errors import CannotOpen
from supervision.sealing.files import OpenedFile
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.payload import file_key, open_envelope


class Opener:
    """Opens what ``sealing``, from an event of the stream ``stream_id``, speaks of.

    ``manifest``: the one that the sealing names; older ones come from :func:`manifest.load_history`. Raises
    CannotOpen for another one. All methods raise SuiteTooLow for a suite below the manifest's minimum,
    CannotOpen for all that does not fit.
    """

    def __init__(self, manifest: KeyManifest, sealing: Sealing, stream_id: UUID) -> None:
        if sealing.manifest != manifest.hash:
            raise CannotOpen(f"本件按另一份密钥清单（{sealing.manifest[:16]}…）密封。请用该清单打开。")
        self._manifest = manifest
        self._sealing = sealing
        self._stream_id = stream_id

    @property
    def manifest(self) -> KeyManifest:
        """The one that the sealing names."""
        return self._manifest

    @property
    def sealing(self) -> Sealing:
        """What the event says."""
        return self._sealing

    def unwrap(self, compartment: str, wrap: bytes, private: KemPrivateKey) -> bytes:
        """The data key (32 bytes) that was wrapped whole to ``private``."""
        place, ref = self._find(compartment)
        if ref.n:
            raise CannotOpen(f"{compartment} 须由 {ref.m} 人共同开启，不能单独打开。")
        return wraps.open_wrap(place, ref, wrap, private)

    def contribution(self, compartment: str, wrap: bytes, private: KemPrivateKey) -> bytes:
        """The share, or the gate's half, that was wrapped to ``private``. Raises BadShare."""
        place, ref = self.split_key(compartment)
        return wraps.open_wrap(place, ref, wrap, private)

    def combine(self, compartment: str, contributions: Mapping[str, bytes]) -> bytes:
        """The data key from M contributions, and the gate's where there is one.

        ``contributions``: key id (hex) of the contributor to what :meth:`contribution` gave him. Raises
        BadShare naming the contributor, NotEnoughShares.
        """
        place, ref = self.split_key(compartment)
        return wraps.combine(place, ref, contributions, self._manifest.names)

    def split_key(self, compartment: str) -> tuple[Place, DataKeyRef]:
        """Where a shared data key is at home, and what the event says of it."""
        place, ref = self._find(compartment)
        if ref.m < 2:  # 0 is a whole key; 1 is what no manifest allows
            raise CannotOpen(f"{compartment} 不是分份额密封的，没有份额可取。")
        return place, ref

    def is_key_of(self, compartment: str, data_key: bytes) -> bool:
        """Whether ``data_key``, unwrapped from another event perhaps, is the one that this sealing commits to."""
        place, ref = self._find(compartment)
        return wraps.is_committed(place, ref, data_key)

    def open_item(self, item: SealedItem, data_key: bytes, envelope: bytes) -> bytes:
        """The plaintext of an envelope. ``data_key`` may come from a later re-wrapping of the same key."""
        place = self._committed(item, "envelope", data_key)
        if hashlib.sha256(envelope).hexdigest() != item.sha256:
            raise CannotOpen(f"{item.compartment}/{item.field} 的信封与日志记载不符，请运行 supervision verify 查明。")
        return open_envelope(place, data_key, item.field, envelope, item.size_class)

    def open_file(self, item: SealedItem, data_key: bytes, path: Path) -> OpenedFile:
        """A file at ``path``, all of it verified; the caller reads and closes it."""
        place = self._committed(item, "file", data_key)
        return OpenedFile(path, bytes.fromhex(item.sha256), item.size_class, file_key(place, data_key, item.field))

    def accept_grant(self, wrap: bytes, private: KemPrivateKey) -> KemPrivateKey:
        """The key of the manifest that :func:`envelope.grant` wrapped to an officer."""
        granted = KemPrivateKey.from_seed(self.unwrap(GRANT, wrap, private))
        if granted.key_id not in self._manifest.names:
            raise CannotOpen("授予的密钥不在密钥清单中，拒绝使用。请机构负责人重新授予。")
        return granted

    def _find(self, compartment: str) -> tuple[Place, DataKeyRef]:
        self._manifest.require_suite(compartment, self._sealing.suite)
        for ref in self._sealing.keys:
            if ref.compartment == compartment:
                return self._manifest.place(self._stream_id, compartment, self._sealing.suite), ref
        raise CannotOpen(f"本件没有 {compartment} 分区。")

    def _committed(self, item: SealedItem, kind: str, data_key: bytes) -> Place:
        """The place of an item whose data key is the committed one."""
        if item not in self._sealing.items or item.kind != kind:
            raise CannotOpen(f"{item.compartment}/{item.field} 不属于本次密封，或种类不对。请核对案件。")
        place, ref = self._find(item.compartment)
        wraps.check_key(place, ref, data_key)
        return place
