"""A small county with all its keys, the same in every run, and reports sealed under them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from itertools import count
from uuid import UUID

from events.model import DataKeyRef, SealedItem
from supervision.sealing.binding import Rng
from supervision.sealing.ceremony import Ceremony, CeremonyPlan, SuperiorPlan, perform
from supervision.sealing.destinations import Destination, ToOffice
from supervision.sealing.envelope import Part, SealedBundle, seal
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.opening import Opener

ORIGIN = "yunxiu.example/log"
STREAM = UUID("6f0f3f8e-2f0b-4e0c-9a3e-0d9f6f3b8a11")
OTHER_STREAM = UUID("7a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d")

PLAN = CeremonyPlan(
    origin=ORIGIN,
    created="2026-09-01",
    offices={"petition": "信访室", "first": "第一监督检查室"},
    custodians={"c1": "保管人甲", "c2": "保管人乙", "c3": "保管人丙", "c4": "保管人丁", "c5": "保管人戊"},
    m=3,
    relays={"r1": "联络员甲", "r2": "联络员乙", "r3": "联络员丙"},
    relay_m=2,
    gate=True,
    services={"public": ("receipt.issued.v1", "report.received.v1"), "sequencer": ("deployment.*",)},
)
SUPERIOR_PLAN = SuperiorPlan(
    office_id="city", name="市纪委监委", custodians={"s1": "上级甲", "s2": "上级乙", "s3": "上级丙"}, m=2
)

NAMED_REPORT = (
    Part("identity", "reporter", '{"name":"虞承砚","id_no":"990123197906141039"}'.encode()),
    Part("contact", "phone", b"12000000001"),
    Part("source", "original", "来信原文：我叫虞承砚".encode()),
    Part("content", "title", "反映石桥镇提拔中层干部不按程序".encode()),
    Part("content", "text", "没有召开民主推荐会，也没有考察预告和任前公示。".encode() * 30),
    Part("content", "respondents", '[{"name":"桑永禄","unit":"云岫县石桥镇党委"}]'.encode()),
    Part("facts", "facts", '{"rank":"正乡科级"}'.encode()),
)


def seeded(seed: str) -> Rng:
    """Random bytes that depend on ``seed`` and the number of the call only."""
    calls = count()
    return lambda size: hashlib.shake_256(f"{seed}/{next(calls)}".encode()).digest(size)


@cache
def county(*, gate: bool = True) -> Ceremony:
    """The county's ceremony; its manifest is signed by all."""
    plan = CeremonyPlan(**{**vars(PLAN), "gate": gate})
    return perform(plan, SUPERIOR_PLAN, seeded("ceremony"))


def private_key(holder: str) -> KemPrivateKey:
    """The private key of a holder as the ceremony names him, e.g. ``custodian/c1``."""
    return KemPrivateKey(county().secrets[holder])


@cache
def holders() -> tuple[str, ...]:
    """All holders of sealing keys, as the ceremony names them."""
    return tuple(name for name in county().secrets if private_key(name).key_id in county().manifest.names)


@dataclass(frozen=True)
class SealedReport:
    """A sealing with its custody, and the ways in."""

    manifest: KeyManifest
    bundle: SealedBundle
    stream_id: UUID = STREAM

    @property
    def opener(self) -> Opener:
        return Opener(self.manifest, self.bundle.sealing, self.stream_id)

    def key(self, compartment: str) -> DataKeyRef:
        return next(key for key in self.bundle.sealing.keys if key.compartment == compartment)

    def readers(self, compartment: str) -> set[str]:
        """The holders that a compartment has a wrap for."""
        names = {private_key(name).key_id: name for name in holders()}
        return {names[wrap.key] for wrap in self.key(compartment).wraps}

    def item(self, compartment: str, field: str) -> SealedItem:
        return next(
            item for item in self.bundle.sealing.items if (item.compartment, item.field) == (compartment, field)
        )

    def envelope(self, compartment: str, field: str) -> bytes:
        sha256 = self.item(compartment, field).sha256
        return next(row.data for row in self.bundle.envelopes if row.sha256.hex() == sha256)

    def wrap(self, compartment: str, private: KemPrivateKey) -> bytes:
        sha256 = next(wrap.sha256 for wrap in self.key(compartment).wraps if wrap.key == private.key_id)
        return next(row.data for row in self.bundle.wraps if row.sha256.hex() == sha256)

    def unwrap(self, compartment: str, holder: str) -> bytes:
        private = private_key(holder)
        return self.opener.unwrap(compartment, self.wrap(compartment, private), private)

    def contributions(self, compartment: str, *holders: str) -> dict[str, bytes]:
        """What these holders contribute, by key id."""
        return {
            private.key_id: self.opener.contribution(compartment, self.wrap(compartment, private), private)
            for private in map(private_key, holders)
        }

    def read(self, compartment: str, field: str, data_key: bytes) -> bytes:
        return self.opener.open_item(self.item(compartment, field), data_key, self.envelope(compartment, field))


@cache
def sealed_report(
    destination: Destination = ToOffice("petition"),  # noqa: B008 - frozen
    *,
    seed: str = "report",
    gate: bool = True,
    stream_id: UUID = STREAM,
) -> SealedReport:
    """A named report with something in every compartment."""
    manifest = county(gate=gate).manifest
    bundle = seal(manifest, stream_id, NAMED_REPORT, destination, seeded(seed))
    return SealedReport(manifest, bundle, stream_id)
