"""The key ceremony: from a plan and a source of randomness, all key pairs and the manifest that names them.

Pure functions: who types, prints, stores and destroys is up to the caller. The superior makes his keys by
himself (:func:`make_superior`) and hands over their public halves; the county makes its own
(:func:`make_county`); then both sign (:meth:`KeyManifest.signed`). Nobody needs to see the other's secrets.
:func:`perform` does all of it in one process, for demonstrations and tests.

Secrets are 32-byte seeds under the name of their holder: ``ceremony``, ``log``, ``console``, ``office/<id>``,
``custodian/<id>``, ``relay/<id>``, ``service/<name>``; ``superior/signing``, ``superior/witness``,
``superior/content``, ``superior/gate``, ``superior/custodian/<id>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from supervision.sealing.binding import SUITE_XWING_AES256GCM, Rng
from supervision.sealing.compartments import COMPARTMENTS
from supervision.sealing.holders import Holder, Service, Superior
from supervision.sealing.keys import KemPrivateKey, KemPublicKey, SigningKey
from supervision.sealing.manifest import KeyManifest


@dataclass(frozen=True, kw_only=True)
class SuperiorPlan:
    """``custodians``: id to name; ``m`` of them open an identity sealed to the superior."""

    office_id: str
    name: str
    custodians: Mapping[str, str]
    m: int


@dataclass(frozen=True, kw_only=True)
class CeremonyPlan:
    """Who gets keys. Mappings are id to name; ``services``: name to patterns of the topics that it signs.

    ``created``: ISO date. ``epoch`` and ``previous`` (hash, hex) as in the manifest.
    """

    origin: str
    created: str
    offices: Mapping[str, str]
    custodians: Mapping[str, str]
    m: int
    relays: Mapping[str, str]
    relay_m: int
    gate: bool
    services: Mapping[str, tuple[str, ...]]
    epoch: int = 1
    previous: str = ""


@dataclass(frozen=True)
class Ceremony:
    """``secrets``: name of the holder to 32-byte seed, for :class:`KemPrivateKey` or :class:`SigningKey`."""

    manifest: KeyManifest
    secrets: Mapping[str, bytes] = field(repr=False)


class _KeyMaker:
    """Draws key pairs and remembers their seeds by name."""

    def __init__(self, rng: Rng) -> None:
        self._rng = rng
        self.seeds: dict[str, bytes] = {}

    def kem(self, name: str) -> KemPublicKey:
        key = KemPrivateKey.generate(self._rng)
        self.seeds[name] = key.seed
        return key.public

    def signing(self, name: str) -> bytes:
        key = SigningKey.generate(self._rng)
        self.seeds[name] = key.seed
        return key.public_key

    def holders(self, prefix: str, names: Mapping[str, str]) -> tuple[Holder, ...]:
        return tuple(
            Holder(id=holder_id, name=name, kem=self.kem(f"{prefix}/{holder_id}")) for holder_id, name in names.items()
        )


def make_superior(plan: SuperiorPlan, rng: Rng) -> tuple[Superior, Mapping[str, bytes]]:
    """The superior's public keys and his secrets by name."""
    make = _KeyMaker(rng)
    superior = Superior(
        office_id=plan.office_id,
        name=plan.name,
        kem=make.kem("superior/content"),
        custodians=make.holders("superior/custodian", plan.custodians),
        m=plan.m,
        gate=make.kem("superior/gate"),
        signing=make.signing("superior/signing"),
        witness=make.signing("superior/witness"),
    )
    return superior, make.seeds


def make_county(plan: CeremonyPlan, superior: Superior, rng: Rng) -> Ceremony:
    """The county's keys and a manifest that nobody has signed yet. Raises ManifestRejected for a bad plan."""
    make = _KeyMaker(rng)
    manifest = KeyManifest(
        origin=plan.origin,
        epoch=plan.epoch,
        created=plan.created,
        previous=plan.previous,
        offices=make.holders("office", plan.offices),
        custodians=make.holders("custodian", plan.custodians),
        m=plan.m,
        relays=make.holders("relay", plan.relays),
        relay_m=plan.relay_m,
        console=make.kem("console"),
        superior=superior,
        gate=plan.gate,
        minimum_suite=dict.fromkeys(COMPARTMENTS, SUITE_XWING_AES256GCM),
        services=tuple(
            Service(name=name, signing=make.signing(f"service/{name}"), topics=topics)
            for name, topics in plan.services.items()
        ),
        log=make.signing("log"),
        ceremony=make.signing("ceremony"),
    )
    return Ceremony(manifest, make.seeds)


def perform(plan: CeremonyPlan, superior_plan: SuperiorPlan, rng: Rng) -> Ceremony:
    """County and superior at one table: all keys, and the manifest signed by both."""
    superior, superior_secrets = make_superior(superior_plan, rng)
    county = make_county(plan, superior, rng)
    manifest = county.manifest.signed("ceremony", SigningKey(county.secrets["ceremony"]))
    manifest = manifest.signed("superior", SigningKey(superior_secrets["superior/signing"]))
    return Ceremony(manifest, {**county.secrets, **superior_secrets})
