"""Who stands in a key manifest: holders of sealing keys, the superior, services; each with its JSON form.

Those who make their keys on a machine of their own bring public halves to the ceremony: a custodian or relay officer a
:class:`BroughtKey`, the superior his whole part (:func:`part_to_bytes`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from events.canonical import CanonicalError, JSONObject, JSONValue, decode_object, encode
from supervision.sealing.errors import ManifestRejected
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.strict_json import Malformed, Members, to_base64

_PUBLIC_KEY = "supervision/public-key/v1"
_MAY_BRING = re.compile(r"(superior/custodian|custodian|relay)/[a-z0-9][a-z0-9_-]{0,63}")
_SUPERIOR_PART = "supervision/superior-part/v1"


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Who holds one sealing key: an office, a custodian or a relay officer."""

    id: str
    name: str
    kem: KemPublicKey

    def to_json(self) -> JSONObject:
        return {"id": self.id, "name": self.name, "kem": to_base64(self.kem.raw)}

    @classmethod
    def from_json(cls, members: Members) -> Holder:
        return cls(id=members.text("id"), name=members.text("name"), kem=members.converted("kem", KemPublicKey))


def holders_to_json(holders: Iterable[Holder]) -> list[JSONValue]:
    return [holder.to_json() for holder in holders]


@dataclass(frozen=True, kw_only=True)
class Superior:
    """The superior commission. Reports about those whom it supervises are sealed to these keys (A-15).

    ``m`` of ``custodians`` open identities sealed to the superior. ``gate``: the release gate for identities
    sealed to the county. ``signing`` signs manifests; ``witness`` countersigns checkpoints: Ed25519, 32
    bytes.
    """

    office_id: str
    name: str
    kem: KemPublicKey
    custodians: tuple[Holder, ...]
    m: int
    gate: KemPublicKey
    signing: bytes
    witness: bytes

    def to_json(self) -> JSONObject:
        return {
            "office_id": self.office_id,
            "name": self.name,
            "kem": to_base64(self.kem.raw),
            "custodians": holders_to_json(self.custodians),
            "m": self.m,
            "gate": to_base64(self.gate.raw),
            "signing": to_base64(self.signing),
            "witness": to_base64(self.witness),
        }

    @classmethod
    def from_json(cls, members: Members) -> Superior:
        return cls(
            office_id=members.text("office_id"),
            name=members.text("name"),
            kem=members.converted("kem", KemPublicKey),
            custodians=members.objects("custodians", Holder.from_json),
            m=members.integer("m"),
            gate=members.converted("gate", KemPublicKey),
            signing=members.binary("signing"),
            witness=members.binary("witness"),
        )


@dataclass(frozen=True, kw_only=True)
class Service:
    """A process that signs events of its own (``signing``: Ed25519, 32 bytes).

    ``topics``: patterns of the events that it may sign; ``*`` stands for any characters.
    """

    name: str
    signing: bytes
    topics: tuple[str, ...]

    def may_sign(self, topic: str) -> bool:
        return any(fnmatchcase(topic, pattern) for pattern in self.topics)

    def to_json(self) -> JSONObject:
        return {"name": self.name, "signing": to_base64(self.signing), "topics": list(self.topics)}

    @classmethod
    def from_json(cls, members: Members) -> Service:
        return cls(name=members.text("name"), signing=members.binary("signing"), topics=members.texts("topics"))


# -- brought to the ceremony -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BroughtKey:
    """A public key whose private half stays with its holder. ``holder``: as the ceremony names him, ``custodian/<id>``,
    ``relay/<id>`` or ``superior/custodian/<id>``."""

    holder: str
    kem: KemPublicKey

    def to_bytes(self) -> bytes:
        return encode({"format": _PUBLIC_KEY, "holder": self.holder, "key": to_base64(self.kem.raw)})

    @classmethod
    def parse(cls, data: bytes) -> BroughtKey:
        """Raises ManifestRejected."""

        def read(members: Members) -> BroughtKey:
            _check_format(members, _PUBLIC_KEY)
            key = cls(holder=members.text("holder"), kem=members.converted("key", KemPublicKey))
            if not _MAY_BRING.fullmatch(key.holder):
                raise Malformed("holder 应为保管人或联络员")
            return key

        try:
            return Members("", decode_object(data)).read_by(read)
        except (CanonicalError, Malformed) as error:
            raise ManifestRejected(f"公钥文件已损坏或格式不对（{error}）。请持有人重新取得。") from None


def part_to_bytes(superior: Superior) -> bytes:
    """The superior's public keys as he hands them to a county."""
    return encode({"format": _SUPERIOR_PART, "superior": superior.to_json()})


def parse_part(data: bytes) -> Superior:
    """Back again. Raises ManifestRejected."""

    def read(members: Members) -> Superior:
        _check_format(members, _SUPERIOR_PART)
        return members.object("superior", Superior.from_json)

    try:
        return Members("", decode_object(data)).read_by(read)
    except (CanonicalError, Malformed) as error:
        raise ManifestRejected(f"上级公钥文件已损坏或格式不对（{error}）。请向上级重新取得。") from None


def _check_format(members: Members, expected: str) -> None:
    if members.text("format") != expected:
        raise Malformed(f"应为 {expected}")
