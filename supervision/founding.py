"""Founding a deployment: the key ceremony, the home, the databases, the first events, the first officers.

``supervision init`` and the demonstration differ only in the plan. The private keys that were made here and do not
belong here (custodians, relays, superior, ceremony) are written to ``<home>/handover`` one file each, to be carried to
their holders and deleted: until then nothing but a demonstration is served (:func:`check_handed_over`). Who brought his
public key has no file. Offices' keys are in no file at all, they go to their first holders under one-time codes.
"""

from __future__ import annotations

import secrets as system_random
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from events.store import LogStore
from events.vocabulary.streams import deployment_id
from supervision import business_time
from supervision.casework.enrolment import Appointment, appoint
from supervision.ceremony_table import HANDED_OVER
from supervision.checkpointing.founding import WitnessPlan, begin_checkpoints
from supervision.database_owner import Ownership, make_owned_databases
from supervision.domain.aggregate import Stamp
from supervision.domain.deployment import Deployment
from supervision.key_files import kept_here, write_keys, write_new
from supervision.platform import Platform
from supervision.sealing.ceremony import Ceremony, CeremonyPlan, PublicKeys, SuperiorPlan, perform
from supervision.sealing.keys import SigningKey
from supervision.secret_files import (
    ConsoleSecrets,
    LogSecrets,
    OversightSecrets,
    PublicSecrets,
    WitnessSecrets,
)
from supervision.settings import BadSetting, Settings

IMPORTER = "importer"
CONSOLE = "console"

SERVICES: Mapping[str, tuple[str, ...]] = {
    IMPORTER: ("report.received.v1", "sealed_report.received.v1"),
    CONSOLE: ("deployment.rulebook_adopted.v1",),
}
"""Service keys and the topics that each may sign."""

HANDOVER = "handover"
NOTHING_BROUGHT: PublicKeys = MappingProxyType({})


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


def lay_home(
    home: Path,
    settings_text: str,
    plan: CeremonyPlan,
    superior: SuperiorPlan,
    witness: WitnessPlan | None = None,
    brought: PublicKeys = NOTHING_BROUGHT,
) -> Ceremony:
    """Hold the key ceremony at one table and write the home. ``brought``: public keys of holders who made their own.

    Raises SealingError.
    """
    ceremony = perform(plan, superior, system_random.token_bytes, brought)
    write_home(home, settings_text, ceremony, witness or WitnessPlan())
    return ceremony


def write_home(home: Path, settings_text: str, ceremony: Ceremony, witness: WitnessPlan) -> None:
    """Settings, manifest, secrets, keys to hand over, the first checkpoint.

    ``settings_text``: of ``settings.toml`` without the line of the manifest's hash.
    """
    (home / "manifests").mkdir(parents=True, exist_ok=True)
    (home / "manifests" / f"{ceremony.manifest.epoch}.json").write_bytes(ceremony.manifest.to_bytes())
    _write_secrets(home, ceremony)
    _write_handover(home, ceremony)
    begin_checkpoints(home, ceremony.manifest, SigningKey(ceremony.secrets["log"]), witness)
    (home / "settings.toml").write_text(pinning(ceremony.manifest.hash, settings_text), "utf-8")


def pinning(manifest_hash: str, settings_text: str) -> str:
    """``settings.toml``: the pinned hash, then the rest."""
    return f'manifest_hash = "{manifest_hash}"\n\n{settings_text}'


def check_handed_over(settings: Settings) -> None:
    """Raises BadSetting while this machine holds private keys of others, unless it is a demonstration.

    From the first start on, so that no later one fails for a reason that the operator has long forgotten.
    """
    left = [] if settings.demonstration else kept_here(settings.home / HANDOVER)
    if left:
        raise BadSetting(
            f"{HANDOVER}：还有 {len(left)} 个他人的私钥文件（如 {left[0]}）；请移交持有人并从本机删除后再启动。"
        )


def make_databases(platform: Platform, owned: Ownership | None = None) -> None:
    """Create the log and the working state, both empty; ``owned``: by a role of their own (PostgreSQL).

    Raises ``events.schema.SchemaError``, BadSetting.
    """
    if owned is not None:
        make_owned_databases(platform.settings.origin, owned)
        return
    with closing(LogStore(platform.settings.database_url, platform.settings.home)) as store:
        store.create(platform.settings.origin)
    platform.working.create()
    platform.index.create()


def begin_log(platform: Platform, ceremony: Ceremony) -> None:
    """The first events of every log: the manifest and the rules that are in force from now on."""
    stamp = ceremony_stamp(platform)
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
            ceremony_stamp(platform),
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


def ceremony_stamp(platform: Platform) -> Stamp:
    """Of what the key ceremony does now."""
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
    OversightSecrets(cookie_key=system_random.token_bytes(32)).save(home)
    WitnessSecrets(cookie_key=system_random.token_bytes(32)).save(home)
    LogSecrets(log_seed=ceremony.secrets["log"], reader_token=system_random.token_bytes(32)).save(home)


def _write_handover(home: Path, ceremony: Ceremony) -> None:
    handed = {name: seed for name, seed in ceremony.secrets.items() if name.startswith(HANDED_OVER)}
    write_keys(home / HANDOVER, handed)
    token = LogSecrets.load(home).reader_token
    write_new(home / HANDOVER / "superior-log-reader.token", f"{token.hex()}\n".encode("ascii"))
