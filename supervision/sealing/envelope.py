"""Sealing: parts of a report in; envelopes, files, wraps and what the event says of them out.

The way back is :class:`supervision.sealing.opening.Opener`.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from events.custody import EnvelopeRow, FileRow, WrapRow
from events.model import SealedItem, Sealing
from supervision.sealing.binding import SUITE_XWING_AES256GCM, Place, Rng
from supervision.sealing.compartments import GRANT, check_field
from supervision.sealing.destinations import Destination, ToOffice, ToReporter, ToSuperior, Whole
from supervision.sealing.errors import CannotOpen, CannotSeal
from supervision.sealing.files import FileVault, Source
from supervision.sealing.keys import KemPrivateKey, KemPublicKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.payload import file_key, seal_envelope
from supervision.sealing.wraps import WrappedKey, commitment, make_data_key, wrap_whole

__all__ = [
    "Part",
    "SealedBundle",
    "ToOffice",
    "ToReporter",
    "ToSuperior",
    "grant",
    "rewrap",
    "seal",
]


@dataclass(frozen=True)
class Part:
    """One field to be sealed: either ``plaintext``, up to 1 MiB, or a file read from ``source``."""

    compartment: str
    field: str
    plaintext: bytes | None = dataclasses.field(default=None, repr=False)
    source: Source | None = dataclasses.field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class SealedBundle:
    """``sealing`` goes into the event; the rows go into custody, in the event's transaction.

    ``data_keys``: compartment to data key (32 bytes), for who goes on working with the plaintext right now.
    """

    sealing: Sealing
    envelopes: tuple[EnvelopeRow, ...] = ()
    wraps: tuple[WrapRow, ...] = ()
    files: tuple[FileRow, ...] = ()
    data_keys: dict[str, bytes] = dataclasses.field(default_factory=dict, repr=False)


def seal(
    manifest: KeyManifest,
    stream_id: UUID,
    parts: Sequence[Part],
    destination: Destination,
    rng: Rng,
    vault: FileVault | None = None,
) -> SealedBundle:
    """Seal all ``parts`` of one event, each compartment under a fresh data key.

    Files are in the ``vault`` when this returns; where the event is not recorded after all,
    :meth:`FileVault.discard` them. Raises CannotSeal, and whatever a source raises; then no file is left.
    """
    parts = [*parts, *_always_present(parts, destination)]
    access = destination.access(manifest)
    _check(parts, allowed=access.keys(), has_vault=vault is not None)
    places = {part.compartment: manifest.place(stream_id, part.compartment) for part in parts}
    keys = {compartment: make_data_key(place, access[compartment], rng) for compartment, place in places.items()}
    data_keys = {compartment: key.data_key for compartment, key in keys.items()}
    bench = _Bench(rng, vault)
    try:
        for part in parts:
            bench.seal(part, places[part.compartment], data_keys[part.compartment])
    except BaseException:
        bench.discard_files()
        raise
    return SealedBundle(
        sealing=sealing_of(manifest, keys.values(), bench.items),
        envelopes=tuple(bench.envelopes),
        wraps=tuple(row for key in keys.values() for row in key.rows),
        files=tuple(bench.files),
        data_keys=data_keys,
    )


def rewrap(
    manifest: KeyManifest,
    stream_id: UUID,
    compartment: str,
    key_commitment: str,
    data_key: bytes,
    destination: Destination,
) -> SealedBundle:
    """Let more offices of the manifest read a compartment: a sealing with wraps and no items.

    ``key_commitment``: hex, from the event that the compartment was sealed in. Raises CannotSeal for a
    compartment that takes several people to open, CannotOpen for a data key that is another one.
    """
    access = destination.access(manifest).get(compartment)
    if not isinstance(access, Whole):
        raise CannotSeal(f"{compartment} 不能另封给机构。身份与联系方式只能由规定的多人共同开启。")
    place = manifest.place(stream_id, compartment)
    if commitment(place, data_key).hex() != key_commitment:
        raise CannotOpen(f"{compartment} 的数据密钥与日志中的承诺不符，不能另封。请核对案件。")
    return _wraps_only(manifest, wrap_whole(place, data_key, access.recipients))


def grant(manifest: KeyManifest, stream_id: UUID, private: KemPrivateKey, officer: KemPublicKey) -> SealedBundle:
    """Let an officer use a key of the manifest, his office's or his own as a relay: wrap its seed to his key.

    ``stream_id``: the officer's stream. ``officer``: his key as his signed enrolment introduced it. Raises
    CannotSeal for a key that is not in the manifest.
    """
    if private.key_id not in manifest.names:
        raise CannotSeal("要授予的密钥不在密钥清单中，不能授予。请核对所用的机构密钥。")
    return _wraps_only(manifest, wrap_whole(manifest.place(stream_id, GRANT), private.seed, [officer]))


class _Bench:
    """Where parts are sealed one after the other; collects what the event and custody get."""

    def __init__(self, rng: Rng, vault: FileVault | None) -> None:
        self._rng = rng
        self._vault = vault
        self.items: list[SealedItem] = []
        self.envelopes: list[EnvelopeRow] = []
        self.files: list[FileRow] = []

    def seal(self, part: Part, place: Place, data_key: bytes) -> None:
        if part.plaintext is not None:
            data, size_class = seal_envelope(place, data_key, part.field, part.plaintext, self._rng)
            sha256 = hashlib.sha256(data).digest()
            self.envelopes.append(EnvelopeRow(sha256=sha256, stream_id=place.stream_id, data=data))
            self._name(part, "envelope", sha256, size_class)
        elif part.source is not None and self._vault is not None:
            stored = self._vault.write(part.source, file_key(place, data_key, part.field), self._rng)
            self.files.append(FileRow(sha256=stored.sha256, stream_id=place.stream_id, size=stored.size))
            self._name(part, "file", stored.sha256, stored.size_class)

    def discard_files(self) -> None:
        """Of a sealing that came to nothing."""
        for row in self.files:
            if self._vault is not None:
                self._vault.discard(row.sha256)

    def _name(self, part: Part, kind: str, sha256: bytes, size_class: int) -> None:
        self.items.append(
            SealedItem(
                compartment=part.compartment,
                field=part.field,
                kind=kind,
                sha256=sha256.hex(),
                size_class=size_class,
            )
        )


def _always_present(parts: Sequence[Part], destination: Destination) -> Iterable[Part]:
    given = {part.compartment for part in parts}
    return [Part(compartment, name, b"") for compartment, name in destination.always if compartment not in given]


def _check(parts: Sequence[Part], allowed: Iterable[str], has_vault: bool) -> None:
    fields = [(part.compartment, part.field) for part in parts]
    if not fields or len(set(fields)) != len(fields):
        raise CannotSeal("密封请求中没有内容，或同一字段出现两次。")
    for part in parts:
        check_field(part.compartment, part.field)
        if part.compartment not in allowed:
            raise CannotSeal(f"此收件方没有 {part.compartment} 分区的密钥，{part.field} 不能封给它。")
        if (part.plaintext is None) == (part.source is None) or (part.source is not None and not has_vault):
            raise CannotSeal(f"{part.compartment}/{part.field} 应是内容或文件之一；文件须给出存放目录。")


def sealing_of(manifest: KeyManifest, keys: Iterable[WrappedKey], items: Iterable[SealedItem]) -> Sealing:
    """What an event says of these keys and items."""
    return Sealing(
        suite=SUITE_XWING_AES256GCM,
        manifest=manifest.hash,
        keys=tuple(key.ref for key in keys),
        items=tuple(items),
    )


def _wraps_only(manifest: KeyManifest, key: WrappedKey) -> SealedBundle:
    return SealedBundle(
        sealing=sealing_of(manifest, [key], []),
        wraps=key.rows,
        data_keys={key.ref.compartment: key.data_key},
    )
