"""The key manifest: all public keys of a deployment, and how many of whom it takes to open what.

Made in the key ceremony, signed by the ceremony key and by the superior, and pinned by its hash in the
settings. It is never read from the database, and nothing is ever wrapped to a key that is not in it: who
swaps a key in the database, a request or a backup changes nothing, or stops everything.

The file is canonical JSON, ``{"manifest": {…}, "signatures": {"ceremony": …, "superior": …}}``, keys and
signatures in Base64; hashed and signed is the canonical JSON of its member ``manifest``. A manifest names the
hash of the one before it, so that the pinned one leads to all under which older reports were sealed
(:func:`load_history`). Only those who signed a manifest can replace it: where the ceremony's or the superior's
signing key changes, the former key signs, too (``ceremony_before``, ``superior_before``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Literal
from uuid import UUID

from events.canonical import CanonicalError, JSONObject, decode_object, encode
from events.framing import length_prefixed
from events.signing import Signer, is_signed_by, key_id_of
from supervision.sealing.binding import KNOWN_SUITES, SUITE_XWING_AES256GCM, Place
from supervision.sealing.compartments import ADDED_LATER, COMPARTMENTS
from supervision.sealing.errors import CannotSeal, ManifestRejected, SuiteTooLow
from supervision.sealing.holders import Holder, Service, Superior, holders_to_json
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.strict_json import Malformed, Members, to_base64

__all__ = ["Holder", "KeyManifest", "Service", "Superior", "load_history"]

Signatory = Literal["ceremony", "superior", "ceremony_before", "superior_before"]

_FORMER: frozenset[Signatory] = frozenset({"ceremony_before", "superior_before"})
"""Signatures that can only be judged beside the manifest before."""

_SIGNATURE_LABEL = b"supervision/manifest/v1"
_ORIGINAL = "请从密钥仪式的存档取回由仪式密钥和上级共同签名的原件。"
_IDENTIFIER = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_ORIGIN = re.compile(r"[^\s+]{1,255}")  # as a key name of C2SP signed-note
_TOPIC_PATTERN = re.compile(r"[a-z_.*]+(\.v[0-9]+)?")
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class KeyManifest:
    """A consistent manifest; an inconsistent one cannot be made (ManifestRejected).

    ``origin``: name of the log. ``epoch``: from 1. ``created``: ISO date. ``previous``: hash (hex) of the
    manifest before this one, "" for the first. ``m`` of ``custodians`` (and the superior's gate where
    ``gate`` is set) open identity and source; ``relay_m`` of ``relays`` open contact; ``console`` opens
    facts. ``minimum_suite``: compartment to the lowest suite that an opener accepts. ``log``: Ed25519 public
    key of the log's checkpoints; ``ceremony``: of the ceremony. ``signatures``: signatory to Ed25519
    signature.
    """

    origin: str
    epoch: int
    created: str
    previous: str
    offices: tuple[Holder, ...]
    custodians: tuple[Holder, ...]
    m: int
    relays: tuple[Holder, ...]
    relay_m: int
    console: KemPublicKey
    superior: Superior
    gate: bool
    minimum_suite: Mapping[str, int]
    services: tuple[Service, ...]
    log: bytes
    ceremony: bytes
    signatures: Mapping[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise ManifestRejected(f"密钥清单不成立：{problem}。{_ORIGINAL}")

    # --- The file -----------------------------------------------------------------------------------------

    @classmethod
    def load(cls, data: bytes, pinned_hash: str) -> KeyManifest:
        """Read a signed manifest; check it against the pinned hash (hex) and for both signatures.

        Raises ManifestRejected.
        """
        manifest = cls.parse(data)
        if manifest.hash != pinned_hash:
            raise ManifestRejected(
                "密钥清单与设置中固定的哈希不一致：文件可能被替换，或更换清单后设置未更新。请核对后再启动。"
            )
        manifest.verify()
        return manifest

    @classmethod
    def parse(cls, data: bytes) -> KeyManifest:
        """Read a manifest that nobody vouches for yet, to sign it. Raises ManifestRejected."""

        def read(document: Members) -> KeyManifest:
            unsigned = document.object("manifest", cls._from_json)
            signatures = document.object(
                "signatures", lambda found: {name: found.binary(name) for name in found.unread}
            )
            return replace(unsigned, signatures=signatures)

        try:
            return Members("", decode_object(data)).read_by(read)
        except (CanonicalError, Malformed) as error:
            raise ManifestRejected(f"密钥清单文件已损坏：{error}。{_ORIGINAL}") from None

    def to_bytes(self) -> bytes:
        """The file, with the signatures made so far."""
        return encode(
            {
                "manifest": self._to_json(),
                "signatures": {name: to_base64(value) for name, value in self.signatures.items()},
            }
        )

    @cached_property
    def canonical_bytes(self) -> bytes:
        """What is hashed and signed."""
        return encode(self._to_json())

    @cached_property
    def hash(self) -> str:
        """SHA-256 (hex) of :attr:`canonical_bytes`."""
        return hashlib.sha256(self.canonical_bytes).hexdigest()

    # --- Signatures ---------------------------------------------------------------------------------------

    def signed(self, signatory: Signatory, signer: Signer, before: KeyManifest | None = None) -> KeyManifest:
        """This manifest with one more signature. ``before``: the manifest that it replaces.

        Raises ManifestRejected for a key that is not the signatory's.
        """
        if signer.public_key != self.signatories(before).get(signatory):
            raise ManifestRejected(f"签名私钥与密钥清单中登记的公钥不符（{signatory}）。请用登记的那一把签名。")
        return replace(self, signatures={**self.signatures, signatory: signer.sign(self._signed_message)})

    def signatories(self, before: KeyManifest | None = None) -> Mapping[Signatory, bytes]:
        """Who has to sign, with their public keys. ``before``: the manifest that this one replaces."""
        needed: dict[Signatory, bytes] = {"ceremony": self.ceremony, "superior": self.superior.signing}
        if before and before.ceremony != self.ceremony:
            needed["ceremony_before"] = before.ceremony
        if before and before.superior.signing != self.superior.signing:
            needed["superior_before"] = before.superior.signing
        return needed

    def verify(self, before: KeyManifest | None = None) -> None:
        """Raises ManifestRejected unless ceremony and superior have both signed, and nobody else.

        ``before``: the manifest that this one says it replaces; then the keys that could sign that one must have
        signed this one, and it must continue it.
        """
        if before and (before.hash, before.epoch + 1, before.origin) != (self.previous, self.epoch, self.origin):
            raise ManifestRejected(f"密钥清单不是接着第 {before.epoch} 版的下一版。{_ORIGINAL}")
        needed = self.signatories(before)
        if set(needed) - set(self.signatures):
            raise ManifestRejected(
                f"密钥清单应恰有密钥仪式和上级两个签名（更换签名公钥时另有原公钥的签名）。{_ORIGINAL}"
            )
        if self.signatures.keys() - needed.keys() - (set() if before else _FORMER):
            raise ManifestRejected(f"密钥清单上有不相干的签名。{_ORIGINAL}")
        for signatory, public_key in needed.items():
            if not is_signed_by(public_key, self._signed_message, self.signatures[signatory]):
                raise ManifestRejected(f"密钥清单的签名无效（{signatory}）。{_ORIGINAL}")

    @property
    def _signed_message(self) -> bytes:
        return length_prefixed(_SIGNATURE_LABEL, self.canonical_bytes)

    # --- What it says -------------------------------------------------------------------------------------

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Key id (hex) of every sealing key to the name of its holder."""
        return {key.key_id: name for name, key in _sealing_keys(self)}

    def office(self, office_id: str) -> Holder:
        """Raises CannotSeal for an office that has no key here."""
        for office in self.offices:
            if office.id == office_id:
                return office
        raise CannotSeal(f"密钥清单中没有机构 {office_id} 的公钥，不能封给它。请核对机构代码或举行密钥仪式。")

    def place(self, stream_id: UUID, compartment: str, suite: int = SUITE_XWING_AES256GCM) -> Place:
        """Where a data key of this manifest is at home."""
        return Place(
            origin=self.origin,
            manifest=bytes.fromhex(self.hash),
            suite=suite,
            stream_id=stream_id,
            compartment=compartment,
        )

    def service_of(self, key_id: bytes) -> Service | None:
        """The service that signs with the key of this identifier (32 bytes)."""
        return next((service for service in self.services if key_id_of(service.signing) == key_id), None)

    def require_suite(self, compartment: str, suite: int) -> None:
        """Raises SuiteTooLow unless ``suite`` is known and at least the minimum for ``compartment``.

        What is no compartment of a report (a grant of an office key) needs the highest of all minima.
        """
        minimum = self.minimum_suite.get(compartment, max(self.minimum_suite.values()))
        if suite not in KNOWN_SUITES or suite < minimum:
            raise SuiteTooLow(
                f"拒绝打开 {compartment}：密封套件 {suite} 低于密钥清单要求的 {minimum}，或本程序不支持。"
                "材料可能被篡改，请运行 supervision verify。"
            )

    # --- JSON ---------------------------------------------------------------------------------------------

    def _to_json(self) -> JSONObject:
        return {
            "origin": self.origin,
            "epoch": self.epoch,
            "created": self.created,
            "previous": self.previous,
            "offices": holders_to_json(self.offices),
            "custodians": holders_to_json(self.custodians),
            "m": self.m,
            "relays": holders_to_json(self.relays),
            "relay_m": self.relay_m,
            "console": to_base64(self.console.raw),
            "superior": self.superior.to_json(),
            "gate": self.gate,
            "minimum_suite": dict(self.minimum_suite),
            "services": [service.to_json() for service in self.services],
            "log": to_base64(self.log),
            "ceremony": to_base64(self.ceremony),
        }

    @classmethod
    def _from_json(cls, members: Members) -> KeyManifest:
        return cls(
            origin=members.text("origin"),
            epoch=members.integer("epoch"),
            created=members.text("created"),
            previous=members.text("previous"),
            offices=members.objects("offices", Holder.from_json),
            custodians=members.objects("custodians", Holder.from_json),
            m=members.integer("m"),
            relays=members.objects("relays", Holder.from_json),
            relay_m=members.integer("relay_m"),
            console=members.converted("console", KemPublicKey),
            superior=members.object("superior", Superior.from_json),
            gate=members.flag("gate"),
            minimum_suite=members.object(
                "minimum_suite", lambda suites: {name: suites.integer(name) for name in suites.unread}
            ),
            services=members.objects("services", Service.from_json),
            log=members.binary("log"),
            ceremony=members.binary("ceremony"),
        )


def load_history(documents: Iterable[bytes], pinned_hash: str) -> dict[str, KeyManifest]:
    """All manifests that the pinned one descends from, itself included, by hash (hex).

    ``documents`` may come in any order; one that the pinned one does not descend from is left out. Raises
    ManifestRejected where the pinned one or one of its ancestors is missing, not signed, or no continuation of the
    one before it.
    """
    found = {manifest.hash: manifest for manifest in map(KeyManifest.parse, documents)}
    history: dict[str, KeyManifest] = {}
    wanted = pinned_hash
    while wanted:
        if wanted not in found:
            raise ManifestRejected(f"缺少密钥清单 {wanted[:16]}…，按它密封的材料无法打开。{_ORIGINAL}")
        history[wanted] = found[wanted]
        wanted = found[wanted].previous
    for manifest in history.values():
        manifest.verify(history.get(manifest.previous))
    return history


# --- Consistency ------------------------------------------------------------------------------------------


def _sealing_keys(manifest: KeyManifest) -> Iterator[tuple[str, KemPublicKey]]:
    superior = manifest.superior
    for holder in (*manifest.offices, *manifest.custodians, *manifest.relays, *superior.custodians):
        yield holder.name, holder.kem
    yield "受理台", manifest.console
    yield superior.name, superior.kem
    yield f"{superior.name}闸门", superior.gate


def _signing_keys(manifest: KeyManifest) -> Iterator[bytes]:
    yield from (manifest.log, manifest.ceremony, manifest.superior.signing, manifest.superior.witness)
    yield from (service.signing for service in manifest.services)


def _problems(manifest: KeyManifest) -> Iterator[str]:
    """What makes a manifest inconsistent."""
    if not _ORIGIN.fullmatch(manifest.origin):
        yield "origin 不是有效的日志名称"
    if manifest.epoch < 1 or (manifest.epoch == 1) != (manifest.previous == ""):
        yield "epoch 从 1 起；第一份没有 previous，其后各份都有"
    if manifest.previous and not _HASH.fullmatch(manifest.previous):
        yield "previous 不是 SHA-256 值"
    if not _is_date(manifest.created):
        yield "created 不是日期"
    if set(manifest.minimum_suite) | ADDED_LATER != set(COMPARTMENTS):
        yield "minimum_suite 应对每个封存分区各列一项"
    if not set(manifest.minimum_suite.values()) <= KNOWN_SUITES:
        yield "minimum_suite 中有本程序不支持的套件"
    if not all(_TOPIC_PATTERN.fullmatch(topic) for service in manifest.services for topic in service.topics):
        yield "服务的 topics 不是事件主题的样式"
    yield from _problems_of_groups(manifest)
    yield from _problems_of_keys(manifest)


def _problems_of_groups(manifest: KeyManifest) -> Iterator[str]:
    superior = manifest.superior
    groups = (manifest.offices, manifest.custodians, manifest.relays, superior.custodians)
    for names in (
        *([holder.id for holder in group] for group in groups),
        [service.name for service in manifest.services],
    ):
        if len(set(names)) != len(names) or not all(map(_IDENTIFIER.fullmatch, names)):
            yield "代码应由小写字母、数字、_ 和 - 组成，同类之中不得重复"
    if not manifest.offices:
        yield "至少要有一个受理机构"
    for what, m, group in (
        ("保管人", manifest.m, manifest.custodians),
        ("联络员", manifest.relay_m, manifest.relays),
        ("上级保管人", superior.m, superior.custodians),
    ):
        if not 2 <= m <= len(group) <= 255:  # one person alone must never be enough (SoD-4)
            yield f"{what}的门限须满足 2 ≤ M ≤ N ≤ 255，现为 M={m}、N={len(group)}"


def _problems_of_keys(manifest: KeyManifest) -> Iterator[str]:
    sealing_keys = [key for _, key in _sealing_keys(manifest)]
    signing_keys = list(_signing_keys(manifest))
    if any(len(key) != 32 for key in signing_keys):
        yield "签名公钥应为 32 字节"
    if len(set(sealing_keys)) != len(sealing_keys) or len(set(signing_keys)) != len(signing_keys):
        yield "同一把密钥登记了两次，而一把密钥只能有一个用途"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
