"""Changing the key manifest: drafted from a plan, signed by two, adopted by the log and pinned in the settings.

The county drafts (:func:`draft`): who stays keeps his key, who is new gets one or brings one. The keeper of the
ceremony's key and the superior read in words what changes, and sign. Adopting it (:func:`adopt`) writes, in this order,

1. the manifest's file, which nothing refers to yet;
2. ``deployment.manifest_adopted``, signed by the ceremony's key: from here on the old settings do not start;
3. new secrets of the log and the services, and the log's new key in the policy;
4. ``settings.toml`` with the new hash: from here on the new settings start;
5. appointments to new offices; then the table is cleared.

Every step can be taken again, so after an interruption the same command finishes what it began. Older reports stay
under the manifests that they were sealed under.
"""

from __future__ import annotations

import re
import secrets as system_random
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from events import durable_file
from events.note import NoteVerifier
from events.vocabulary.streams import deployment_id
from supervision import settings as settings_module
from supervision.adoption import adopted_manifest
from supervision.ceremony_table import HANDED_OVER, Table
from supervision.checkpointing.founding import SIGNER_DIRECTORY
from supervision.checkpointing.policy import POLICY_FILE, load_policy
from supervision.domain.deployment import Deployment
from supervision.founding import HANDOVER, appoint_first_officers, ceremony_stamp, pinning
from supervision.founding_plan import FoundingPlan, is_planned
from supervision.key_files import write_keys
from supervision.platform import Platform
from supervision.sealing.ceremony import Ceremony, check_secrets, keys_of, make_county
from supervision.sealing.keys import SigningKey
from supervision.sealing.manifest import KeyManifest
from supervision.sealing.wording import changes
from supervision.secret_files import ConsoleSecrets, LogSecrets
from supervision.settings import BadSetting

_PINNED = re.compile(r'\A\s*manifest_hash = "[0-9a-f]{64}"\s*', re.MULTILINE)
_FIXED = {
    "console": "受理台的密钥不能更换：此前各件的分类信息只有它能打开。",
    "office": "机构的密钥不能就地更换：请新设机构，再把案件移交过去。",
}
_SERVICES = {"service/console": "service_seed", "service/importer": "importer_seed"}
"""Services, and what the console's secrets call their seeds."""


# -- drafting ----------------------------------------------------------------------------------------------------------


def draft(current: KeyManifest, plan: FoundingPlan, created: str, renew: Collection[str] = ()) -> Ceremony:
    """The next manifest, unsigned, with the secrets that were made for it.

    ``created``: ISO date. ``renew``: holders, as the ceremony names them, whose key is made anew though they stay.
    Raises BadSetting, ManifestRejected.
    """
    for name in renew:
        if reason := _FIXED.get(name.partition("/")[0]):
            raise BadSetting(f"renew：{reason}")
        if name not in keys_of(current):
            raise BadSetting(f"renew：现行清单中没有 {name}；请核对。")
    superior = plan.superior_part or current.superior
    if not is_planned(superior, plan.superior):
        raise BadSetting("[superior]：与现行清单不同；上级的部分只能由上级提供新的 superior.json 来更改。")
    if (superior.kem, superior.gate) != (current.superior.kem, current.superior.gate):
        raise BadSetting("superior.json：上级的内容密钥和闸门密钥不能更换：此前封存的材料只有它们能打开。")
    county = replace(plan.ceremony, epoch=current.epoch + 1, previous=current.hash, created=created)
    stays = {f"{kind}/{id_}" for kind, ids in _planned(plan).items() for id_ in ids} | {"console", "log", "ceremony"}
    kept = {name: key for name, key in keys_of(current).items() if name in stays and name not in renew}
    drafted = make_county(county, superior, system_random.token_bytes, {**kept, **plan.brought})
    if not list(changes(current, drafted.manifest)):
        raise BadSetting("计划目录：与现行密钥清单没有不同，无须更换。")
    return drafted


def _planned(plan: FoundingPlan) -> dict[str, Collection[str]]:
    county = plan.ceremony
    return {
        "office": county.offices.keys(),
        "custodian": county.custodians.keys(),
        "relay": county.relays.keys(),
        "service": county.services.keys(),
    }


def settings_without_pin(home: Path) -> str:
    """The text of ``settings.toml`` as a plan has it. Raises BadSetting where the pin does not stand in front."""
    text = (home / "settings.toml").read_text("utf-8")
    rest, replaced = _PINNED.subn("", text, count=1)
    if not replaced:
        raise BadSetting("settings.toml：manifest_hash 应在第一行；请移到最前面后重试。")
    return rest


# -- adopting ----------------------------------------------------------------------------------------------------------


def adopt(
    environ: Mapping[str, str], table: Table, plan: FoundingPlan | None, ceremony_key: SigningKey
) -> dict[str, str]:
    """Put a signed manifest into force here; returns one-time codes of officers who hold the keys of new offices.

    ``plan``: says who holds new offices' keys. Raises BadSetting, ManifestRejected, DamagedLog; then what was in force
    still is, or nothing is served until this is called again.
    """
    settings = settings_module.load(environ)
    with _stopped(settings.home):
        with closing(Platform(settings=settings)) as platform:
            _check(platform, table, ceremony_key)
            if platform.manifest.hash != table.manifest.hash:
                _adopt(platform, table, ceremony_key)
        _keep_secrets(settings.home, table)
        text = table.settings_text or settings_without_pin(settings.home)
        durable_file.replace(settings.home / "settings.toml", pinning(table.manifest.hash, text).encode())
    with closing(Platform(settings=settings_module.load(environ))) as platform:
        codes = _appoint(platform, table, plan, ceremony_key)
    write_keys(settings.home / HANDOVER, _left_over(settings.home, table))
    table.clear()
    return codes


@contextmanager
def _stopped(home: Path) -> Iterator[None]:
    """While no process of this home signs the log: one that runs on would go on sealing under the former manifest."""
    if not (home / SIGNER_DIRECTORY).is_dir():
        yield
        return
    with durable_file.locked(home / SIGNER_DIRECTORY / "elected", wait=False) as stopped:
        if not stopped:
            raise BadSetting("adopt：本平台还在运行；请先停止全部站点，启用后再启动。")
        yield


def _check(platform: Platform, table: Table, ceremony_key: SigningKey) -> None:
    current, new = platform.manifest, table.manifest
    before = platform.manifests.get(new.previous) if new.hash == current.hash else current
    new.verify(before)
    if before is None or ceremony_key.public_key not in (before.ceremony, new.ceremony):
        raise BadSetting("adopt：这把私钥不是密钥仪式的私钥；请用仪式密钥保管人手中的那一把。")
    check_secrets(new, table.secrets)
    here = {name for name, key in keys_of(new).items() if key != keys_of(before).get(name)} - set(table.secrets)
    lacking = sorted(name for name in here if not name.startswith(HANDED_OVER))
    if lacking and new.hash != current.hash:
        raise BadSetting(f"adopt：缺少 {lacking[0]} 的私钥；请用 supervision ceremony amend 写出的完整目录。")
    if table.settings_text:
        settings_module.check_text(table.settings_text)


def _adopt(platform: Platform, table: Table, ceremony_key: SigningKey) -> None:
    new, settings = table.manifest, platform.settings
    durable_file.replace(settings.home / "manifests" / f"{new.epoch}.json", new.to_bytes())
    adopted = adopted_manifest(platform)
    if adopted == new.hash:
        return  # it was interrupted after this step
    if adopted != platform.manifest.hash:
        raise BadSetting("adopt：日志所启用的密钥清单不是设置中固定的那一版；请先查明原因。")
    stream = deployment_id(new.origin)
    deployment = Deployment.replay(stream, platform.ledger.events_of(stream))
    deployment.adopt_manifest(ceremony_stamp(platform), epoch=new.epoch, manifest=new.hash)
    platform.ledger.record(deployment, signer=ceremony_key)


def _keep_secrets(home: Path, table: Table) -> None:
    """Where this machine has the file that a new secret belongs to."""
    seeds = table.secrets
    if "log" in seeds and (home / "secrets" / "log.json").exists():
        replace(LogSecrets.load(home), log_seed=seeds["log"]).renew(home)
    services = {member: seeds[name] for name, member in _SERVICES.items() if name in seeds}
    if services and (home / "secrets" / "console.json").exists():
        replace(ConsoleSecrets.load(home), **services).renew(home)
    if (home / POLICY_FILE).exists():
        policy, key = load_policy(home), NoteVerifier(table.manifest.origin, table.manifest.log)
        if key not in policy.logs:  # the former key stays: it has signed what was said until now
            durable_file.replace(home / POLICY_FILE, replace(policy, logs=(*policy.logs, key)).encode().encode())


def _appoint(platform: Platform, table: Table, plan: FoundingPlan | None, ceremony_key: SigningKey) -> dict[str, str]:
    """First holders of new offices who have no account yet; all others come in the usual way."""
    offices = {name.removeprefix("office/") for name in table.secrets if name.startswith("office/")}
    first = [
        replace(officer, holds=tuple(office for office in officer.holds if office in offices))
        for officer in (plan.officers if plan else ())
        if offices.intersection(officer.holds) and not platform.desk.account(officer.appointment.officer).version
    ]
    secrets = {**table.secrets, "ceremony": ceremony_key.seed}
    return appoint_first_officers(platform, Ceremony(table.manifest, secrets), first)


def _left_over(home: Path, table: Table) -> dict[str, bytes]:
    """Private keys made at the table for others."""
    return {
        name: seed
        for name, seed in table.secrets.items()
        if name.startswith(HANDED_OVER) and not (home / HANDOVER / f"{name.replace('/', '-')}.key").exists()
    }
