"""Founding a deployment: the key ceremony, the home, the databases, the first events, the first officers.

``supervision init`` and the demonstration differ only in the plan. The private keys that do not belong on this
machine (custodians, relays, superior, ceremony) are written to ``<home>/handover`` one file each, to be carried to
their holders and deleted here; offices' keys are in no file at all, they go to their first holders under one-time
codes.
"""

from __future__ import annotations

import os
import secrets as system_random
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from events.store import LogStore
from events.vocabulary.streams import deployment_id
from supervision import business_time
from supervision.casework.enrolment import Appointment, appoint
from supervision.domain.aggregate import Stamp
from supervision.domain.deployment import Deployment
from supervision.platform import Platform
from supervision.sealing.ceremony import Ceremony, CeremonyPlan, SuperiorPlan, perform
from supervision.sealing.keys import SigningKey
from supervision.secret_files import ConsoleSecrets, LogSecrets, PublicSecrets

IMPORTER = "importer"
CONSOLE = "console"

SERVICES: Mapping[str, tuple[str, ...]] = {
    IMPORTER: ("report.received.v1", "sealed_report.received.v1"),
    CONSOLE: ("deployment.rulebook_adopted.v1",),
}
"""Service keys and the topics that each may sign."""

CEREMONY_TOPICS = ("deployment.*", "officer.appointed.v1")
"""What the ceremony's key may sign: founding acts, and the appointment of the first officers."""

_HANDED_OVER = ("ceremony", "custodian/", "relay/", "superior/")


class AlreadyFounded(Exception):
    """There is a deployment in this home already."""


@dataclass(frozen=True, kw_only=True)
class FirstOfficer:
    """Somebody appointed by the ceremony itself. ``holds``: offices whose private key his one-time code carries."""

    appointment: Appointment
    holds: tuple[str, ...] = ()


@contextmanager
def building_site(home: Path) -> Iterator[Path]:
    """A directory beside ``home`` to build a deployment in. It takes the place of ``home`` when the block ends.

    Where the block fails it is removed, with the keys in it, so nothing half-done is left. Raises AlreadyFounded.
    """
    if (home / "settings.toml").exists():
        raise AlreadyFounded(f"{home.name}：这里已经有一个部署；请另选 SUPERVISION_HOME。")
    site = home.with_name(f".{home.name}.building")
    shutil.rmtree(site, ignore_errors=True)
    site.mkdir(parents=True)
    try:
        yield site
        _move_into_place(site, home)
    finally:
        shutil.rmtree(site, ignore_errors=True)


def _move_into_place(site: Path, home: Path) -> None:
    """In one step where there is no home yet, file by file in one that is there; the settings come last."""
    if not home.exists():
        site.rename(home)
        return
    for path in sorted(site.iterdir(), key=lambda path: path.name == "settings.toml"):
        path.rename(home / path.name)


def lay_home(home: Path, settings_text: str, plan: CeremonyPlan, superior: SuperiorPlan) -> Ceremony:
    """Hold the key ceremony and write the home: settings, manifest, secrets, keys to hand over.

    ``settings_text``: of ``settings.toml`` without the line of the manifest's hash. Raises SealingError.
    """
    ceremony = perform(plan, superior, system_random.token_bytes)
    (home / "manifests").mkdir(parents=True, exist_ok=True)
    (home / "manifests" / f"{ceremony.manifest.epoch}.json").write_bytes(ceremony.manifest.to_bytes())
    _write_secrets(home, ceremony)
    _write_handover(home, ceremony)
    text = f'manifest_hash = "{ceremony.manifest.hash}"\n\n{settings_text}'
    (home / "settings.toml").write_text(text, "utf-8")
    return ceremony


def make_databases(platform: Platform) -> None:
    """Create the log and the working state, both empty."""
    with closing(LogStore(platform.settings.database_url, platform.settings.home)) as store:
        store.create(platform.settings.origin)
    platform.working.create()


def begin_log(platform: Platform, ceremony: Ceremony) -> None:
    """The first events of every log: the manifest and the rules that are in force from now on."""
    stamp = _stamp(platform)
    deployment = Deployment(deployment_id(platform.manifest.origin))
    deployment.adopt_manifest(stamp, epoch=platform.manifest.epoch, manifest=platform.manifest.hash)
    deployment.adopt_rulebook(stamp, rulebook=platform.rulebook.rules, calendar=platform.rulebook.calendar.version)
    platform.ledger.record(deployment, signer=SigningKey(ceremony.secrets["ceremony"]))


def appoint_first_officers(platform: Platform, ceremony: Ceremony, officers: Iterable[FirstOfficer]) -> dict[str, str]:
    """Appoint officers by the ceremony's authority; returns their one-time codes."""
    return {
        first.appointment.officer: appoint(
            platform.desk,
            platform.working,
            SigningKey(ceremony.secrets["ceremony"]),
            _stamp(platform),
            first.appointment,
            {office: _office_seed(ceremony, office) for office in first.holds},
        )
        for first in officers
    }


def _office_seed(ceremony: Ceremony, office: str) -> bytes:
    """The private key of an office of the county, or the superior's."""
    if office == ceremony.manifest.superior.office_id:
        return ceremony.secrets["superior/content"]
    return ceremony.secrets[f"office/{office}"]


def _stamp(platform: Platform) -> Stamp:
    return Stamp(
        actor="ceremony",
        office="",
        occurred_at=business_time.written(platform.clock()),
        rule_version=platform.rulebook.version,
    )


def _write_secrets(home: Path, ceremony: Ceremony) -> None:
    pepper = system_random.token_bytes(32)
    PublicSecrets(pepper=pepper, cookie_key=system_random.token_bytes(32)).save(home)
    ConsoleSecrets(
        cookie_key=system_random.token_bytes(32),
        facts_seed=ceremony.secrets["console"],
        service_seed=ceremony.secrets[f"service/{CONSOLE}"],
        importer_seed=ceremony.secrets[f"service/{IMPORTER}"],
        import_key=system_random.token_bytes(32),
        token_key=system_random.token_bytes(32),
        pepper=pepper,
    ).save(home)
    LogSecrets(log_seed=ceremony.secrets["log"]).save(home)


def _write_handover(home: Path, ceremony: Ceremony) -> None:
    directory = home / "handover"
    directory.mkdir(mode=0o700, exist_ok=True)
    for holder, seed in ceremony.secrets.items():
        if holder.startswith(_HANDED_OVER):
            path = directory / f"{holder.replace('/', '-')}.key"
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="ascii") as file:
                file.write(seed.hex() + "\n")
