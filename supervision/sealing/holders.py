"""Who stands in a key manifest: holders of sealing keys, the superior, services; each with its JSON form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from events.canonical import JSONObject, JSONValue
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.strict_json import Members, to_base64


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
