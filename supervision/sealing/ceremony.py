"""The key ceremony: from a plan and a source of randomness, all key pairs and the manifest that names them.

Pure functions: who types, prints, stores and destroys is up to the caller. The superior makes his keys by
himself (:func:`make_superior`) and hands over their public halves; the county makes its own
(:func:`make_county`); then both sign (:meth:`KeyManifest.signed`). Nobody needs to see the other's secrets.
:func:`perform` does all of it in one process, where both sit at one table.

A later manifest is made in the same way, from a plan of what is to be, and the public keys that stay
(:func:`keys_of`). A holder who brings his public key, to the first ceremony or to a later one, keeps the private one.

Secrets are 32-byte seeds under the name of their holder: ``ceremony``, ``log``, ``console``, ``office/<id>``,
``custodian/<id>``, ``relay/<id>``, ``service/<name>``; ``superior/signing``, ``superior/witness``,
``superior/content``, ``superior/gate``, ``superior/custodian/<id>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

from supervision.sealing.binding import SUITE_XWING_AES256GCM, Rng
from supervision.sealing.compartments import COMPARTMENTS
from supervision.sealing.errors import ManifestRejected
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


PublicKeys: TypeAlias = Mapping[str, bytes]
"""Public keys that need not be made: name of the holder, as of his secret, to the raw bytes."""


class _KeyMaker:
    """Draws the key pairs that nobody has ``given`` the public half of, and remembers their seeds by name."""

    def __init__(self, rng: Rng, given: PublicKeys) -> None:
        self._rng = rng
        self._given = given
        self.seeds: dict[str, bytes] = {}
        self.named: set[str] = set()

    def kem(self, name: str) -> KemPublicKey:
        self.named.add(name)
        if name in self._given:
            return KemPublicKey(self._given[name])
        key = KemPrivateKey.generate(self._rng)
        self.seeds[name] = key.seed
        return key.public

    def signing(self, name: str) -> bytes:
        self.named.add(name)
        if name in self._given:
            return self._given[name]
        key = SigningKey.generate(self._rng)
        self.seeds[name] = key.seed
        return key.public_key

    def holders(self, prefix: str, names: Mapping[str, str]) -> tuple[Holder, ...]:
        return tuple(
            Holder(id=holder_id, name=name, kem=self.kem(f"{prefix}/{holder_id}")) for holder_id, name in names.items()
        )


def make_superior(
    plan: SuperiorPlan, rng: Rng, given: PublicKeys = MappingProxyType({})
) -> tuple[Superior, Mapping[str, bytes]]:
    """The superior's public keys and his secrets by name; none of those that custodians have ``given``."""
    make = _KeyMaker(rng, given)
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
    _check_all_used(given, make)
    return superior, make.seeds


def make_county(plan: CeremonyPlan, superior: Superior, rng: Rng, given: PublicKeys = MappingProxyType({})) -> Ceremony:
    """The county's keys, but for those ``given``, and a manifest that nobody has signed yet.

    Raises ManifestRejected for a plan that does not work out, and for a given key that has no place in it.
    """
    make = _KeyMaker(rng, given)
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
    _check_all_used(given, make)
    return Ceremony(manifest, make.seeds)


def perform(
    plan: CeremonyPlan, superior_plan: SuperiorPlan, rng: Rng, given: PublicKeys = MappingProxyType({})
) -> Ceremony:
    """County and superior at one table: all keys, but for those ``given``, and the manifest signed by both."""
    his = {name: key for name, key in given.items() if name.startswith("superior/")}
    superior, superior_secrets = make_superior(superior_plan, rng, his)
    county = make_county(plan, superior, rng, {name: key for name, key in given.items() if name not in his})
    manifest = county.manifest.signed("ceremony", SigningKey(county.secrets["ceremony"]))
    manifest = manifest.signed("superior", SigningKey(superior_secrets["superior/signing"]))
    return Ceremony(manifest, {**county.secrets, **superior_secrets})


def keys_of(manifest: KeyManifest) -> dict[str, bytes]:
    """The county's public keys in a manifest, by the names of their secrets."""
    groups = {"office": manifest.offices, "custodian": manifest.custodians, "relay": manifest.relays}
    return {
        **{f"{kind}/{holder.id}": holder.kem.raw for kind, holders in groups.items() for holder in holders},
        **{f"service/{service.name}": service.signing for service in manifest.services},
        "console": manifest.console.raw,
        "log": manifest.log,
        "ceremony": manifest.ceremony,
    }


def keys_of_superior(superior: Superior) -> dict[str, bytes]:
    """The superior's public keys, by the names of their secrets."""
    return {
        **{f"superior/custodian/{holder.id}": holder.kem.raw for holder in superior.custodians},
        "superior/content": superior.kem.raw,
        "superior/gate": superior.gate.raw,
        "superior/signing": superior.signing,
        "superior/witness": superior.witness,
    }


def check_secrets(manifest: KeyManifest, secrets: Mapping[str, bytes]) -> None:
    """Raises ManifestRejected for a secret whose public half is not what the manifest has under its name."""
    public = keys_of(manifest)
    for name, seed in secrets.items():
        signs = name in ("log", "ceremony") or name.startswith("service/")
        if public.get(name) != (SigningKey(seed).public_key if signs else KemPrivateKey(seed).public.raw):
            raise ManifestRejected(f"{name} 的私钥与密钥清单中的公钥不符：清单可能被替换。请停止办理，查明原因。")


def _check_all_used(given: PublicKeys, make: _KeyMaker) -> None:
    if unknown := sorted(set(given) - make.named):
        raise ManifestRejected(f"带来的公钥 {unknown[0]} 在计划中没有对应的人。请核对公钥文件与计划。")
