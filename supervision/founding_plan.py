"""The plan of a deployment: a folder with ``settings.toml`` and ``ceremony.toml``, and public keys that were brought.

The first is copied into the home as it stands (the manifest's hash is put in front); the second says who gets keys in
the ceremony and whom the ceremony appoints. The demonstration's own plan is the example to start from. ``keys/`` holds
``*.public.json`` of custodians and relays who made their keys on machines of their own, and ``superior.json`` where the
superior did; what is not there is made at the table.
"""

from __future__ import annotations

import secrets as system_random
import tomllib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from supervision import settings
from supervision.casework.enrolment import Appointment
from supervision.checkpointing.founding import WitnessPlan
from supervision.database_owner import ownership
from supervision.domain.codes import Role
from supervision.domain.separation import ADMINISTRATORS
from supervision.founding import (
    SERVICES,
    FirstOfficer,
    appoint_first_officers,
    begin_log,
    building_site,
    lay_home,
    make_databases,
    write_home,
)
from supervision.key_files import brought_keys
from supervision.platform import Platform
from supervision.sealing.ceremony import (
    Ceremony,
    CeremonyPlan,
    PublicKeys,
    SuperiorPlan,
    check_secrets,
    keys_of,
    make_county,
)
from supervision.sealing.holders import Superior, parse_part
from supervision.sealing.keys import SigningKey
from supervision.sealing.manifest import KeyManifest
from supervision.settings import BadSetting

SETTINGS = "settings.toml"
CEREMONY = "ceremony.toml"
KEYS = "keys"
SUPERIOR = "superior.json"

WITHOUT_CONTENT_KEY = frozenset({"oversight", "administration", "superior"})
"""Kinds of offices that get no key in the county's part of the ceremony: they read no report, or have their own."""


@dataclass(frozen=True, kw_only=True)
class FoundingPlan:
    """``settings_text``: of ``settings.toml`` without the manifest's hash.

    ``brought``: public keys of holders who made their own. ``superior_part``: the superior's, where he made his own.
    """

    settings_text: str
    ceremony: CeremonyPlan
    superior: SuperiorPlan
    officers: tuple[FirstOfficer, ...]
    witness: WitnessPlan
    brought: PublicKeys = field(default_factory=dict)
    superior_part: Superior | None = None


def read_plan(folder: Path) -> FoundingPlan:
    """Raises BadSetting for a plan that is missing, unreadable or incomplete, ManifestRejected for a bad public key."""
    return read_keys(parse_plan(_read(folder / SETTINGS), _read(folder / CEREMONY)), folder / KEYS)


def read_keys(plan: FoundingPlan, folder: Path) -> FoundingPlan:
    """The plan with the public keys that lie in ``folder``, if there is one. Raises BadSetting, ManifestRejected."""
    part = folder / SUPERIOR
    superior = parse_part(part.read_bytes()) if part.exists() else None
    if superior and not is_planned(superior, plan.superior):
        raise BadSetting(f"{SUPERIOR}：与计划中 [superior] 的代码、名称、保管人或 m 不符；请与上级核对。")
    return replace(plan, brought=brought_keys(folder), superior_part=superior)


def is_planned(superior: Superior, plan: SuperiorPlan) -> bool:
    """Whether these are the keys of those whom the plan names."""
    custodians = {holder.id: holder.name for holder in superior.custodians}
    return (superior.office_id, superior.name, superior.m, custodians) == (
        plan.office_id,
        plan.name,
        plan.m,
        dict(plan.custodians),
    )


def read_superior(path: Path) -> SuperiorPlan:
    """The part of a ``ceremony.toml`` that the superior needs. Raises BadSetting."""
    try:
        return SuperiorPlan(**tomllib.loads(_read(path))["superior"])
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as problem:
        raise BadSetting(f"{path.name}：[superior] 缺少或写错（{problem}）；请对照样例改正。") from None


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadSetting(f"计划目录：无法读取 {path.name}；样例见 supervision init --example。") from None


def parse_plan(settings_text: str, ceremony_text: str) -> FoundingPlan:
    """A plan from the texts of its two files. Raises BadSetting."""
    settings.check_text(settings_text)
    try:
        county, ceremony = tomllib.loads(settings_text), tomllib.loads(ceremony_text)
        return FoundingPlan(
            settings_text=settings_text,
            ceremony=_ceremony(county, ceremony),
            superior=SuperiorPlan(**ceremony["superior"]),
            officers=tuple(_first(row) for row in ceremony["officers"]),
            witness=WitnessPlan(**ceremony.get("witness", {})),
        )
    except tomllib.TOMLDecodeError as problem:
        raise BadSetting(f"计划文件：不是有效的 TOML（{problem}）；请改正后重试。") from None
    except (KeyError, TypeError, ValueError) as problem:
        raise BadSetting(f"计划文件：缺少或写错 {problem}；请对照 supervision init --example 的样例改正。") from None


def _ceremony(county: Mapping[str, Any], ceremony: Mapping[str, Any]) -> CeremonyPlan:
    return CeremonyPlan(
        origin=county["origin"],
        created=ceremony["created"],
        offices={o["id"]: o["name"] for o in county["offices"] if o["kind"] not in WITHOUT_CONTENT_KEY},
        custodians=ceremony["custodians"],
        m=ceremony["m"],
        relays=ceremony["relays"],
        relay_m=ceremony["relay_m"],
        gate=ceremony["gate"],
        services=SERVICES,
    )


def _first(row: Mapping[str, Any]) -> FirstOfficer:
    return FirstOfficer(
        appointment=Appointment(
            officer=row["officer"],
            name=row["name"],
            office=row["office"],
            roles=tuple(Role(role) for role in row["roles"]),
        ),
        holds=tuple(row["holds"]),
    )


def county_table(plan: FoundingPlan) -> Ceremony:
    """The county's part of a ceremony at two tables: signed by the ceremony's key, not by the superior yet.

    Raises BadSetting where the superior's part is missing, ManifestRejected.
    """
    if plan.superior_part is None:
        raise BadSetting(f"计划目录：缺少 {KEYS}/{SUPERIOR}；请上级用 supervision ceremony superior 生成后交来。")
    if any(plan.superior.office_id in first.holds for first in plan.officers):
        raise BadSetting(
            f"{CEREMONY}：上级自备密钥，其私钥不在本机；officers 的 holds 中请删去 {plan.superior.office_id}。"
        )
    check_administrators(plan)
    county = make_county(plan.ceremony, plan.superior_part, system_random.token_bytes, plan.brought)
    signed = county.manifest.signed("ceremony", SigningKey(county.secrets["ceremony"]))
    return Ceremony(signed, county.secrets)


def found(plan: FoundingPlan, environ: Mapping[str, str], table: Ceremony | None = None) -> dict[str, str]:
    """Found a deployment in the home of ``environ``; returns the one-time codes by officer id.

    ``table``: the ceremony that was held at two tables, signed by both; otherwise it is held now, at one. Raises
    AlreadyFounded, BadSetting, SealingError, SchemaError; then there is no deployment.
    """
    check_administrators(plan)
    with building_site(settings.home_of(environ)) as site:
        ceremony = _held(site, plan, table)
        with closing(Platform(settings=settings.load({**environ, "SUPERVISION_HOME": str(site)}))) as platform:
            make_databases(platform, ownership(environ))
            begin_log(platform, ceremony)
            return appoint_first_officers(platform, ceremony, plan.officers)


def check_administrators(plan: FoundingPlan) -> None:
    """Whether the county could give anybody a duty after its founding, which takes one of each (SoD-6).

    Raises BadSetting.
    """
    given = {role for first in plan.officers for role in first.appointment.roles}
    if missing := [role.label for role in sorted(ADMINISTRATORS) if role not in given]:
        raise BadSetting(
            f"{CEREMONY}：officers 中没有{'、'.join(missing)}；两者至少各一人，否则以后任命的人员都得不到职责。请补上。"
        )


def _held(site: Path, plan: FoundingPlan, table: Ceremony | None) -> Ceremony:
    if table is None:
        if plan.superior_part is not None:
            raise BadSetting("init：上级自备密钥，须由上级签署密钥清单；请先运行 supervision ceremony county。")
        return lay_home(site, plan.settings_text, plan.ceremony, plan.superior, plan.witness, plan.brought)
    table.manifest.verify()
    expected = make_county(plan.ceremony, table.manifest.superior, system_random.token_bytes, keys_of(table.manifest))
    if expected.manifest.hash != table.manifest.hash:
        raise BadSetting("init：已签署的密钥清单与计划不符；请核对计划目录，或重新举行密钥仪式。")
    check_secrets(table.manifest, table.secrets)
    if missing := sorted(expected_secrets(table.manifest) - set(table.secrets)):
        raise BadSetting(f"init：缺少 {missing[0]} 的私钥；请用 supervision ceremony county 写出的完整目录。")
    write_home(site, plan.settings_text, table, plan.witness)
    return table


def expected_secrets(manifest: KeyManifest) -> set[str]:
    """Names of the secrets that founding cannot do without."""
    return {name for name in keys_of(manifest) if not name.startswith(("custodian/", "relay/"))}
