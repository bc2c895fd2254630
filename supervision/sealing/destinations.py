"""Where a sealing goes: for each compartment, the keys of the manifest that it is wrapped to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from supervision.sealing.compartments import CONTACT, CONTENT, DEIDENTIFIED, FACTS, IDENTITY, MESSAGE, SOURCE
from supervision.sealing.errors import CannotSeal
from supervision.sealing.keys import KemPublicKey
from supervision.sealing.manifest import Holder, KeyManifest


@dataclass(frozen=True)
class Whole:
    """The whole data key to each of the ``recipients``: every one of them can open alone."""

    recipients: tuple[KemPublicKey, ...]


@dataclass(frozen=True)
class Split:
    """``m`` of the ``holders`` together, and the ``gate`` besides where there is one."""

    holders: tuple[KemPublicKey, ...]
    m: int
    gate: KemPublicKey | None = None


Access: TypeAlias = Whole | Split
Field: TypeAlias = tuple[str, str]
"""Compartment and field name."""


@dataclass(frozen=True)
class ToOffice:
    """An ordinary report: content to its office, facts to the console, the rest to custodians and relays.

    ``also``: further offices that read the content, as for a supplement to a report that was transferred.
    ``without``: ids of custodians and relay officers who get no share, since the report is about them (SoD-7).
    """

    office_id: str
    also: tuple[str, ...] = ()
    without: frozenset[str] = frozenset()

    @property
    def always(self) -> tuple[Field, ...]:
        """Where somebody gets no share, there are shares: so that it can be told who gets none of what is added."""
        return ((SOURCE, "original"),) if self.without else ()

    def access(self, manifest: KeyManifest) -> Mapping[str, Access]:
        """Raises CannotSeal for an office that has no key in the manifest, or where too few would get a share."""
        gate = manifest.superior.gate if manifest.gate else None
        custodians = Split(self._enough(manifest.custodians, manifest.m), manifest.m, gate)
        offices = Whole(tuple(manifest.office(office).kem for office in (self.office_id, *self.also)))
        return {
            IDENTITY: custodians,
            SOURCE: custodians,
            CONTACT: Split(self._enough(manifest.relays, manifest.relay_m), manifest.relay_m),
            CONTENT: offices,
            DEIDENTIFIED: offices,
            FACTS: Whole((manifest.console,)),
        }

    def _enough(self, holders: Iterable[Holder], m: int) -> tuple[KemPublicKey, ...]:
        keys = _keys(holder for holder in holders if holder.id not in self.without)
        if len(keys) < m:
            raise CannotSeal("回避之后，保管人或者联络员不足规定人数，不能封存。请改为径送上级。")
        return keys


@dataclass(frozen=True)
class ToSuperior:
    """The by-pass (径送, A-15): everything to the superior's keys, nothing to any key of the county.

    The county's log must not tell a named from an anonymous report here, so identity and contact are always
    present, empty where the reporter gave none.
    """

    always: ClassVar[tuple[Field, ...]] = ((IDENTITY, "reporter"), (CONTACT, "phone"))

    def access(self, manifest: KeyManifest) -> Mapping[str, Access]:
        superior = manifest.superior
        custodians = Split(_keys(superior.custodians), superior.m)
        return {
            IDENTITY: custodians,
            SOURCE: custodians,
            CONTACT: custodians,
            CONTENT: Whole((superior.kem,)),
            FACTS: Whole((superior.kem,)),
        }


@dataclass(frozen=True)
class ToReporter:
    """A message to the reporter, under the key that he derives from his 查询码.

    The one recipient that is not in the manifest: ``kem`` comes from the signed event of his report.
    """

    kem: KemPublicKey
    always: ClassVar[tuple[Field, ...]] = ()

    def access(self, manifest: KeyManifest) -> Mapping[str, Access]:
        return {MESSAGE: Whole((self.kem,))}


Destination: TypeAlias = ToOffice | ToSuperior | ToReporter


def _keys(holders: Iterable[Holder]) -> tuple[KemPublicKey, ...]:
    return tuple(holder.kem for holder in holders)
