"""The settings of a deployment: one typed object, read once at the start.

Three values come from the environment (``SUPERVISION_HOME``, ``SUPERVISION_DATABASE_URL``, ``SUPERVISION_SITE``);
everything
that makes one county different from another stands in ``settings.toml`` in the home, written by ``supervision init``.
A bad setting stops the start with a line that names it. Secrets are not settings: see :mod:`supervision.secrets`.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

SITES = ("all", "public", "console", "oversight", "witness")
OFFICE_KINDS = ("petition", "clue", "department", "leadership", "oversight", "administration", "superior")
BODY_KINDS = ("subordinate", "other", "appeal", "suggestion")


class BadSetting(Exception):
    """A setting is missing or wrong. The message is one Chinese line that names it and says what is expected."""


@dataclass(frozen=True, kw_only=True)
class Office:
    """An office of this deployment.

    ``host``: the body it belongs to, ``discipline`` (纪委监委) or ``organisation`` (组织部). ``lines``: the telephone
    lines it answers for. ``prefix``: head of its register numbers, e.g. 云信.
    """

    id: str
    name: str
    kind: str
    host: str
    lines: tuple[str, ...] = ()
    prefix: str = ""


@dataclass(frozen=True, kw_only=True)
class Body:
    """A body outside that a report can be sent to. ``kind``: subordinate, other, appeal or suggestion."""

    code: str
    name: str
    kind: str


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything a process needs to know before it starts. Times in the unit their name says.

    ``public_address``: of the public site as people type it, for receipts; "" takes it from the request.
    """

    home: Path
    database_url: str
    site: str = "all"
    origin: str
    site_name: str
    county: str
    area_code: str
    manifest_hash: str
    offices: tuple[Office, ...]
    bodies: tuple[Body, ...]
    default_office: str
    principal_posts: tuple[str, ...] = ()
    own_units: tuple[str, ...] = ()
    tell_principal_of_sealed: bool = False
    demonstration: bool = False
    public_address: str = ""
    draft_hours: int = 12
    receipt_minutes: int = 10
    session_idle_minutes: int = 30
    enrolment_days: int = 7
    max_files: int = 10
    max_file_bytes: int = 50 * 1024 * 1024
    max_text: int = 10_000
    reporting_channels: tuple[tuple[str, str], ...] = field(default=())

    @property
    def working_url(self) -> str:
        """Sessions and drafts: a file of its own on SQLite, a schema of its own on PostgreSQL."""
        return self._beside("working")

    @property
    def read_url(self) -> str:
        """Read models: a file of their own on SQLite, a schema of their own on PostgreSQL."""
        return self._beside("read")

    def _beside(self, name: str) -> str:
        if self.database_url.startswith("sqlite"):
            return f"sqlite:///{self.home / f'{name}.sqlite'}"
        return self.database_url

    def office(self, office_id: str) -> Office:
        """Raises ``KeyError`` for an office that the settings do not know."""
        for office in self.offices:
            if office.id == office_id:
                return office
        raise KeyError(office_id)

    def office_for_line(self, line: str) -> Office:
        """The office that answers for a line; the default office where none does (C-01: 12380 is the organisation
        department's)."""
        for office in self.offices:
            if line and line in office.lines:
                return office
        return self.office(self.default_office)

    def offices_of(self, kind: str, host: str) -> tuple[Office, ...]:
        """Offices of one kind within one host body."""
        return tuple(o for o in self.offices if o.kind == kind and o.host == host)

    def body(self, code: str) -> Body:
        """Raises ``KeyError`` for an unknown code."""
        for body in self.bodies:
            if body.code == code:
                return body
        raise KeyError(code)

    def name_of(self, code: str) -> str:
        """Name of an office or body for display; the code itself where it is no longer in the settings."""
        for known in (*((o.id, o.name) for o in self.offices), *((b.code, b.name) for b in self.bodies)):
            if known[0] == code:
                return known[1]
        return code


def home_of(environ: Mapping[str, str] = os.environ) -> Path:
    """The home directory, absolute, whether or not it exists."""
    return Path(environ.get("SUPERVISION_HOME") or "var").resolve()


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read settings from environment and ``settings.toml``. Raises :class:`BadSetting`."""
    home = home_of(environ)
    path = home / "settings.toml"
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise BadSetting(
            "SUPERVISION_HOME：该目录中没有 settings.toml；请先运行 supervision init（或 supervision demo）。"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"settings.toml：不是有效的 TOML（{error}）；请改正后再启动。") from None
    site = environ.get("SUPERVISION_SITE") or "all"
    if site not in SITES:
        raise BadSetting(f"SUPERVISION_SITE：应为 {'、'.join(SITES)} 之一。")
    url = environ.get("SUPERVISION_DATABASE_URL") or f"sqlite:///{home / 'log.sqlite'}"
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise BadSetting("SUPERVISION_DATABASE_URL：应以 sqlite:/// 或 postgresql:// 开头。")
    return _build(table, home=home, database_url=url, site=site)


def _build(table: dict[str, Any], *, home: Path, database_url: str, site: str) -> Settings:
    known = {f.name: f for f in fields(Settings)} | {}
    for name in ("home", "database_url", "site"):
        known.pop(name)
    values: dict[str, Any] = {}
    for name, value in table.items():
        if name not in known:
            raise BadSetting(f"settings.toml：不认识的设置 {name}；请删除或改正。")
        values[name] = _typed(name, value, str(known[name].type))
    try:
        settings = Settings(home=home, database_url=database_url, site=site, **values)
    except TypeError as error:
        raise BadSetting(f"settings.toml：缺少设置（{error}）。") from None
    _check(settings)
    return settings


def _typed(name: str, value: Any, annotation: str) -> Any:
    """``value`` as TOML gave it, in the type that the field ``name`` has."""
    try:
        if annotation == "tuple[Office, ...]":
            return tuple(Office(**{**o, "lines": tuple(o.get("lines", ()))}) for o in value)
        if annotation == "tuple[Body, ...]":
            return tuple(Body(**b) for b in value)
        if annotation == "tuple[tuple[str, str], ...]":
            return tuple((str(label), str(text)) for label, text in value)
        if annotation == "tuple[str, ...]":
            return tuple(str(v) for v in value)
    except (TypeError, ValueError, AttributeError):
        raise BadSetting(f"settings.toml：{name} 的格式不对；请对照 docs/operations.md 改正。") from None
    expected = {"str": str, "int": int, "bool": bool}[annotation]
    if type(value) is not expected:
        raise BadSetting(f"settings.toml：{name} 应为 {annotation}。")
    return value


def _check(settings: Settings) -> None:
    ids = [office.id for office in settings.offices]
    if len(set(ids)) != len(ids):
        raise BadSetting("settings.toml：offices 中有重复的 id。")
    for office in settings.offices:
        if office.kind not in OFFICE_KINDS:
            raise BadSetting(f"settings.toml：offices 中 {office.id} 的 kind 应为 {'、'.join(OFFICE_KINDS)} 之一。")
        if office.kind == "petition" and not office.prefix:
            raise BadSetting(f"settings.toml：受理单位 {office.id} 须设置 prefix（编号字头）。")
    for body in settings.bodies:
        if body.kind not in BODY_KINDS:
            raise BadSetting(f"settings.toml：bodies 中 {body.code} 的 kind 应为 {'、'.join(BODY_KINDS)} 之一。")
    if settings.default_office not in ids:
        raise BadSetting("settings.toml：default_office 不在 offices 之中。")
    if len(settings.manifest_hash) != 64:
        raise BadSetting("settings.toml：manifest_hash 应为 64 位十六进制数。")
    for name in (
        "draft_hours",
        "receipt_minutes",
        "session_idle_minutes",
        "enrolment_days",
        "max_files",
        "max_file_bytes",
        "max_text",
    ):
        if getattr(settings, name) <= 0:
            raise BadSetting(f"settings.toml：{name} 应大于零。")
