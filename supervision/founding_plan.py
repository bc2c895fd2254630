"""The plan of a deployment: a folder with ``settings.toml`` and ``ceremony.toml``.

The first is copied into the home as it stands (the manifest's hash is put in front); the second says who gets keys in
the ceremony and whom the ceremony appoints. The demonstration's own plan is the example to start from.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervision import settings
from supervision.casework.enrolment import Appointment
from supervision.domain.codes import Role
from supervision.founding import (
    SERVICES,
    FirstOfficer,
    appoint_first_officers,
    begin_log,
    building_site,
    lay_home,
    make_databases,
)
from supervision.platform import Platform
from supervision.sealing.ceremony import CeremonyPlan, SuperiorPlan
from supervision.settings import BadSetting

SETTINGS = "settings.toml"
CEREMONY = "ceremony.toml"

WITHOUT_CONTENT_KEY = frozenset({"oversight", "administration", "superior"})
"""Kinds of offices that get no key in the county's part of the ceremony: they read no report, or have their own."""


@dataclass(frozen=True, kw_only=True)
class FoundingPlan:
    """``settings_text``: of ``settings.toml`` without the manifest's hash."""

    settings_text: str
    ceremony: CeremonyPlan
    superior: SuperiorPlan
    officers: tuple[FirstOfficer, ...]


def read_plan(folder: Path) -> FoundingPlan:
    """Raises BadSetting for a plan that is missing, unreadable or incomplete."""
    try:
        return parse_plan((folder / SETTINGS).read_text("utf-8"), (folder / CEREMONY).read_text("utf-8"))
    except OSError as problem:
        raise BadSetting(
            f"计划目录：无法读取 {Path(str(problem.filename)).name}；样例见 supervision init --example。"
        ) from None


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


def found(plan: FoundingPlan, environ: Mapping[str, str]) -> dict[str, str]:
    """Found a deployment in the home of ``environ``; returns the one-time codes by officer id.

    Raises AlreadyFounded, BadSetting, SealingError; then there is no deployment.
    """
    with building_site(settings.home_of(environ)) as site:
        ceremony = lay_home(site, plan.settings_text, plan.ceremony, plan.superior)
        with closing(Platform(settings=settings.load({**environ, "SUPERVISION_HOME": str(site)}))) as platform:
            make_databases(platform)
            begin_log(platform, ceremony)
            return appoint_first_officers(platform, ceremony, plan.officers)
