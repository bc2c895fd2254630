"""Opening: what one sealing, as a signed event has it, lets the holder of a key read.

The opener trusts the event and the pinned manifest and nothing else. Hashes, suites, commitments and places
of all that comes from custody are checked before a byte is handed out.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from uuid import UUID

from events.model import DataKeyRef, SealedItem, Sealing
from supervision.sealing import wraps
from supervision.sealing.binding import Place
from supervision.sealing.compartments import GRANT
from supervision.sealing.errors import CannotOpen, NotEnoughShares
from supervision.sealing.files import OpenedFile
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.layer import LayerKeys
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.payload import file_key, open_envelope


@dataclass(frozen=True)
class Sharing:
    """That a data key is shared among others than it was sealed to: ``ref``, under ``manifest``, with their wraps."""

    manifest: KeyManifest
    suite: int
    ref: DataKeyRef


class Sharings(Protocol):
    """What the log says of changes of custodians."""

    def newest(self, stream_id: UUID, manifest: KeyManifest, ref: DataKeyRef) -> Sharing | None:
        """The sharing in force of a data key that ``manifest`` and ``ref`` speak of as it was sealed; None for that."""


class Opener:
    """Opens what ``sealing``, from an event of the stream ``stream_id``, speaks of.

    ``manifest``: the one that the sealing names; older ones come from :func:`manifest.load_history`. Raises
    CannotOpen for another one. All methods raise SuiteTooLow for a suite below the manifest's minimum,
    CannotOpen for all that does not fit. ``layers``: opens the layers of retention periods; without it only wraps
    that have none open, else PeriodKeyMissing is raised. ``sharings``: where custodians may have changed since.
    """

    def __init__(
        self,
        manifest: KeyManifest,
        sealing: Sealing,
        stream_id: UUID,
        layers: LayerKeys | None = None,
        sharings: Sharings | None = None,
    ) -> None:
        if sealing.manifest != manifest.hash:
            raise CannotOpen(f"本件按另一份密钥清单（{sealing.manifest[:16]}…）密封。请用该清单打开。")
        self._manifest = manifest
        self._sealing = sealing
        self._stream_id = stream_id
        self._layers = layers
        self._sharings = sharings
        self._found: dict[str, Sharing | None] = {}

    def with_layers(self, layers: LayerKeys) -> Opener:
        """The same, with the keys of the layers."""
        return Opener(self._manifest, self._sealing, self._stream_id, layers, self._sharings)

    @property
    def manifest(self) -> KeyManifest:
        """The one that the sealing names."""
        return self._manifest

    @property
    def sealing(self) -> Sealing:
        """What the event says."""
        return self._sealing

    @property
    def in_force(self) -> Sealing:
        """The same with the wraps as they are now: after a change of custodians those of the new ones."""
        keys = []
        for ref in self._sealing.keys:
            if sharing := self._sharing(ref):
                gate = tuple(wrap for wrap in ref.wraps if wrap.share == wraps.GATE_SHARE)
                ref = dataclasses.replace(sharing.ref, wraps=gate + sharing.ref.wraps)
            keys.append(ref)
        return dataclasses.replace(self._sealing, keys=tuple(keys))

    def keepers(self, compartment: str) -> KeyManifest:
        """The manifest that those who hold the shares stand in."""
        sharing = self._sharing(self._find(compartment)[1])
        return sharing.manifest if sharing else self._manifest

    def unwrap(self, compartment: str, wrap: bytes, private: KemPrivateKey) -> bytes:
        """The data key (32 bytes) that was wrapped whole to ``private``."""
        place, ref = self._find(compartment)
        if ref.n:
            raise CannotOpen(f"{compartment} 须由 {ref.m} 人共同开启，不能单独打开。")
        return wraps.open_wrap(place, ref, wrap, private, self._layers)

    def contribution(self, compartment: str, wrap: bytes, private: KemPrivateKey) -> bytes:
        """The share, or the gate's half, that was wrapped to ``private``. Raises BadShare."""
        place, ref = self.split_key(compartment, private.key_id)
        return wraps.open_wrap(place, ref, wrap, private, self._layers)

    def combine(self, compartment: str, contributions: Mapping[str, bytes]) -> bytes:
        """The data key from M contributions, and the gate's where there is one.

        ``contributions``: key id (hex) of the contributor to what :meth:`contribution` gave him. Raises
        BadShare naming the contributor, NotEnoughShares.
        """
        place, sealed = self._find(compartment)
        sharing = self._sharing(sealed)
        if sharing is None:
            place, ref = self.split_key(compartment)
            return wraps.combine(place, ref, contributions, self._manifest.names)
        names = {**self._manifest.names, **sharing.manifest.names}
        gate = {wrap.key for wrap in sealed.wraps if wrap.share == wraps.GATE_SHARE}
        for giver, piece in contributions.items():
            at, ref = self.split_key(compartment, giver)
            wraps.check_piece(at, ref, wraps.find_wrap(ref, giver), piece, names.get(giver, ""))
        shares = {giver: piece for giver, piece in contributions.items() if giver not in gate}
        halves = [piece for giver, piece in contributions.items() if giver in gate]
        if gate and not halves and len(shares) >= sharing.ref.m:
            raise NotEnoughShares("缺少上级闸门的放行。请先向上级提交开启申请。")
        return wraps.join(place, sharing.ref, shares, b"".join(halves), names)

    def split_key(self, compartment: str, holder: str = "") -> tuple[Place, DataKeyRef]:
        """Where the share that ``holder`` (key id, hex) has of a data key is at home, and what the log says of it.

        Without a holder: the shares of custodians or relays. They are those in force; a gate keeps its half as it was
        sealed.
        """
        place, ref = self._find(compartment)
        if ref.m < 2:  # 0 is a whole key; 1 is what no manifest allows
            raise CannotOpen(f"{compartment} 不是分份额密封的，没有份额可取。")
        sharing = self._sharing(ref)
        if sharing is None or any((wrap.key, wrap.share) == (holder, wraps.GATE_SHARE) for wrap in ref.wraps):
            return place, ref
        sharing.manifest.require_suite(compartment, sharing.suite)
        return sharing.manifest.place(self._stream_id, compartment, sharing.suite), sharing.ref

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

    def _sharing(self, ref: DataKeyRef) -> Sharing | None:
        """The sharing in force of a shared key, where it is not the first."""
        if self._sharings is None or ref.m < 2:
            return None
        if ref.compartment not in self._found:
            self._found[ref.compartment] = self._sharings.newest(self._stream_id, self._manifest, ref)
        return self._found[ref.compartment]

    def _committed(self, item: SealedItem, kind: str, data_key: bytes) -> Place:
        """The place of an item whose data key is the committed one."""
        if item not in self._sealing.items or item.kind != kind:
            raise CannotOpen(f"{item.compartment}/{item.field} 不属于本次密封，或种类不对。请核对案件。")
        place, ref = self._find(item.compartment)
        wraps.check_key(place, ref, data_key)
        return place
