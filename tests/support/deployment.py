"""A fast deployment of the fictional county 云岫县 for tests: real keys, real databases, no passphrases."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from supervision import business_time, settings
from supervision.demonstration.county import plan
from supervision.founding import begin_log, lay_home, make_databases
from supervision.platform import Platform

SEEDS = "seeds.json"
"""Every secret of the ceremony in one file, so that a test can be any holder of a key. Never in a real home."""


def make_deployment(
    home: Path,
    database_url: str,
    *,
    site: str = "all",
    clock: Callable[[], datetime] = business_time.now,
    gate: bool = True,
) -> Platform:
    """Hold the key ceremony, write the home, make the databases, and open the platform on them.

    ``home``: an empty or missing directory. ``database_url``: of an empty database. ``gate``: the superior's.
    """
    county = plan()
    ceremony = lay_home(home, county.settings_text, replace(county.ceremony, gate=gate), county.superior)
    (home / SEEDS).write_text(json.dumps({name: seed.hex() for name, seed in ceremony.secrets.items()}))
    platform = open_deployment(home, database_url, site=site, clock=clock)
    make_databases(platform)
    begin_log(platform, ceremony)
    return platform


def open_deployment(
    home: Path,
    database_url: str,
    *,
    site: str = "all",
    clock: Callable[[], datetime] = business_time.now,
) -> Platform:
    """The platform on a home that :func:`make_deployment` has made: another site, another moment, a restart."""
    return Platform(
        settings=settings.load(environment(home, database_url, site)),
        clock=clock,
        recording_clock=lambda: clock().timestamp(),
    )


def environment(home: Path, database_url: str, site: str = "all") -> dict[str, str]:
    """The environment variables under which a process serves this deployment."""
    return {"SUPERVISION_HOME": str(home), "SUPERVISION_DATABASE_URL": database_url, "SUPERVISION_SITE": site}


def seeds(platform: Platform) -> Mapping[str, bytes]:
    """The 32-byte secrets of the ceremony by the name of their holder (:mod:`supervision.sealing.ceremony`)."""
    table = json.loads((platform.settings.home / SEEDS).read_text("utf-8"))
    return {name: bytes.fromhex(seed) for name, seed in table.items()}
