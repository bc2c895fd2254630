"""A change of custodians in tests: the next manifest in force, and former and new holders on machines of their own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

from events.vocabulary.custody import KeyReshared
from supervision.amending import draft, settings_without_pin
from supervision.casework.enrolment import Appointment
from supervision.casework.resharing import record
from supervision.casework.sessions import unlocked
from supervision.demonstration.county import plan
from supervision.domain.codes import Role
from supervision.founding import ceremony_stamp, pinning
from supervision.platform import Platform
from supervision.resharing import holders
from supervision.resharing.papers import DEAL_REQUEST, TAKE_REQUEST, Paper
from supervision.resharing_table import Table, begin
from supervision.sealing.ceremony import CeremonyPlan
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.manifest import KeyManifest
from tests.support.deployment import SEEDS, open_deployment, seeds
from tests.support.office import Office
from tests.support.openings import Openings

JOINER = Appointment(officer="custodian-4", name="继守", office="administration", roles=(Role.IDENTITY_CUSTODIAN,))


def next_manifest(platform: Platform, **changed: Any) -> KeyManifest:
    """Put the next manifest into force, signed by both. ``changed``: of the plan, such as ``custodians`` and ``m``.

    The platform goes on under the former one, as a process would that was not started anew.
    """
    current, home = platform.manifest, platform.settings.home
    county: CeremonyPlan = replace(plan().ceremony, gate=current.gate, **changed)
    drafted = draft(current, replace(plan(), ceremony=county), "2026-11-24")
    known = seeds(platform)
    table = {name: seed.hex() for name, seed in {**known, **drafted.secrets}.items()}
    (home / SEEDS).write_text(json.dumps(table))
    ceremony, superior = SigningKey(known["ceremony"]), SigningKey(known["superior/signing"])
    signed = drafted.manifest.signed("ceremony", ceremony).signed("superior", superior)
    (home / "manifests" / f"{signed.epoch}.json").write_bytes(signed.to_bytes())
    deployment = platform.desk.deployment()
    deployment.adopt_manifest(ceremony_stamp(platform), epoch=signed.epoch, manifest=signed.hash)
    platform.ledger.record(deployment, signer=ceremony)
    (home / "settings.toml").write_text(pinning(signed.hash, settings_without_pin(home)), "utf-8")
    return signed


@contextmanager
def started_anew(office: Office) -> Iterator[Office]:
    """The same county under the manifest that is in force now, with the joiner's account."""
    settings = office.platform.settings
    with closing(open_deployment(settings.home, settings.database_url, clock=office.clock)) as platform:
        after = Office(platform, office.clock)
        for officer, session in office.sessions.items():
            account = after.desk.account(officer)
            after.sessions[officer] = unlocked(after.desk, account, session.signer, session.kem)
        if JOINER.officer not in after.sessions:
            after.enrol(JOINER)
        after.catch_up()
        yield after


class Handover:
    """The ceremony's keeper at the county, former and new holders elsewhere."""

    def __init__(self, office: Office, directory: Path) -> None:
        self.office = office
        self.platform = office.platform
        self.directory = directory
        self.tables = {table.directory.name: table for table in begin(office.desk, directory)}

    def read(self, batch: str) -> Table:
        """A table, as the next command finds it."""
        return Table.read(self.directory / batch, self.platform.manifests, self.platform.manifest.hash)

    def key(self, group: str, holder: str) -> KemPrivateKey:
        return KemPrivateKey(seeds(self.platform)[f"{group}/{holder}"])

    def paper(self, batch: str, holder: str) -> Paper:
        """What a former holder is brought."""
        return Paper.parse((self.directory / batch / f"deal-{holder}.request").read_bytes(), DEAL_REQUEST)

    def deal(self, batch: str, holder: str) -> Paper:
        """What his machine makes of it."""
        key = self.key(self.read(batch).change.group, holder)
        return holders.deal(self.paper(batch, holder), self.platform.manifest, key, self.platform.rng)

    def take(self, batch: str, holder: str) -> Paper:
        """What a new holder's machine makes of his."""
        paper = Paper.parse((self.directory / batch / f"take-{holder}.request").read_bytes(), TAKE_REQUEST)
        return holders.take(paper, self.platform.manifest, self.key(self.read(batch).change.group, holder))

    def dealt(self, batch: str, *dealers: str) -> None:
        """Former holders, all unless told, have dealt, and it was handed out."""
        table = self.read(batch)
        names = dealers or tuple(one.id for one in table.change.former[0])
        for holder in names:
            table.collect(self.deal(batch, holder).encode())
        table.hand_out(unchecked=len(names) == table.change.former[1])

    def taken(self, batch: str) -> None:
        """All new holders have answered."""
        table = self.read(batch)
        for holder in table.change.new[0]:
            table.collect(self.take(batch, holder.id).encode())

    def finish(self, batch: str) -> int:
        """Record what agrees; how many data keys."""
        worked = self.read(batch).worked()
        signer = SigningKey(seeds(self.platform)["ceremony"])
        return record(self.office.desk, signer, ceremony_stamp(self.platform), worked)

    def all_of_it(self, *dealers: str) -> None:
        """Every batch, from dealing to recording."""
        for batch, table in self.tables.items():
            former = {one.id for one in table.change.former[0]}
            self.dealt(batch, *(one for one in dealers if one in former))
            self.taken(batch)
            self.finish(batch)


def opened_by(openings: Openings, officer: str, report: UUID, *givers: str) -> Mapping[tuple[str, str], str]:
    """The identity of a report, with these custodians' shares."""
    opening = openings.approved(officer, report)
    for giver in givers:
        openings.contribute(giver, opening)
    if openings.state(opening).asked.gate:
        openings.released(opening)
    return openings.open(officer, opening).fields


def reshared(office: Office) -> list[KeyReshared]:
    """What the log says of handovers."""
    stored = office.desk.ledger.stored(1, 10_000, topics=(KeyReshared.TOPIC,))
    return [one.event for one in stored if isinstance(one.event, KeyReshared)]
