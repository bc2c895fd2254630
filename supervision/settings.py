"""The settings of a deployment: one typed object, read once at the start.

Three values come from the environment (``SUPERVISION_HOME``, ``SUPERVISION_DATABASE_URL``, ``SUPERVISION_SITE``);
everything that makes one county different from another stands in ``settings.toml`` in the home, written by
``supervision init``. A bad setting stops the start with a line that names it. Secrets are not settings: see
:mod:`supervision.secret_files`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

SITES = ("all", "public", "console", "oversight", "witness", "log")
OFFICE_KINDS = ("petition", "clue", "department", "leadership", "oversight", "administration", "superior")
BODY_KINDS = ("subordinate", "other", "appeal", "suggestion")
SECOND_FACTOR = ("required", "optional")
NUMBERING_KINDS = ("petition", "clue")
"""Kinds of offices that keep a register, so that their numbers need a prefix (A-10)."""

POSITIVE = (
    "draft_hours",
    "receipt_minutes",
    "session_idle_minutes",
    "enrolment_days",
    "original_days",
    "heartbeat_minutes",
    "max_files",
    "max_file_bytes",
    "max_text",
)


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

    ``discard_caller_numbers``: a number that the network delivered with an anonymous call or message is forgotten at
    the door (A-29), instead of being sealed for the custodians and the gate.
    ``original_days``: how long a handler may see the original behind a de-identified version that two have agreed on.
    ``public_address``: of the public site as people type it, for receipts; "" takes it from the request.
    ``public_checkpoint_hours``: how often anybody gets to see how long the log is, counted from midnight; whoever sees
    it grow by the minute learns when his employee pressed "send". 0, at once, is for demonstrations.
    ``second_factor``: ``required`` for every officer, or ``optional``. ``heartbeat_minutes``: how old a witness's
    last word may get while nothing happens.
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
    discard_caller_numbers: bool = False
    principal_posts: tuple[str, ...] = ()
    own_units: tuple[str, ...] = ()
    tell_principal_of_sealed: bool = False
    demonstration: bool = False
    public_address: str = ""
    draft_hours: int = 12
    receipt_minutes: int = 10
    session_idle_minutes: int = 30
    second_factor: str = "required"
    enrolment_days: int = 7
    original_days: int = 7
    public_checkpoint_hours: int = 24
    heartbeat_minutes: int = 10
    max_files: int = 10
    max_file_bytes: int = 50 * 1024 * 1024
    max_text: int = 10_000
    reporting_channels: tuple[tuple[str, str], ...] = ()

    @property
    def working_url(self) -> str:
        """Sessions and drafts: a file of its own on SQLite, a schema of its own on PostgreSQL."""
        return self._beside("working")

    @property
    def read_url(self) -> str:
        """Read models: a file of their own on SQLite, a schema of their own on PostgreSQL."""
        return self._beside("read")

    @property
    def index_url(self) -> str:
        """The index over those reported: a file of its own on SQLite, a schema of its own on PostgreSQL."""
        return self._beside("index")

    def _beside(self, name: str) -> str:
        if self.database_url.startswith("sqlite"):
            return sqlite_url(self.home / f"{name}.sqlite")
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


def sqlite_url(path: Path) -> str:
    """The URL of a database file, whatever signs its path has."""
    return URL.create("sqlite", database=str(path)).render_as_string()


def home_of(environ: Mapping[str, str] = os.environ) -> Path:
    """The home directory, absolute, whether or not it exists."""
    return Path(environ.get("SUPERVISION_HOME") or "var").resolve()


def witness_home(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The home, where it is that of a witness (:mod:`supervision.witnessing.home`), which has settings of its own.

    Raises :class:`BadSetting` where another site is asked for.
    """
    home = home_of(environ)
    if not (home / "witness.toml").is_file():
        return None
    if environ.get("SUPERVISION_SITE") not in (None, "", "all", "witness"):
        raise BadSetting("SUPERVISION_SITE：SUPERVISION_HOME 是见证站的目录，只有 witness 一个站点。")
    return home


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read settings from environment and ``settings.toml``. Raises :class:`BadSetting`."""
    home = home_of(environ)
    try:
        data = (home / "settings.toml").read_bytes()
    except FileNotFoundError:
        raise BadSetting(
            "SUPERVISION_HOME：该目录中没有 settings.toml；请先运行 supervision init（或 supervision demo）。"
        ) from None
    except OSError as error:
        raise BadSetting(f"settings.toml：无法读取（{type(error).__name__}）；请核对文件权限。") from None
    site = environ.get("SUPERVISION_SITE") or "all"
    if site not in SITES:
        raise BadSetting(f"SUPERVISION_SITE：应为 {'、'.join(SITES)} 之一。")
    url = database_url(environ.get("SUPERVISION_DATABASE_URL") or sqlite_url(home / "log.sqlite"))
    return _read(data, {"home": home, "database_url": url, "site": site})


def check_text(text: str) -> None:
    """Whether ``text`` would do as a ``settings.toml`` without its manifest hash. Raises :class:`BadSetting`."""
    _read(text.encode(), {"home": Path(), "database_url": "", "manifest_hash": "0" * 64})


def _read(data: bytes, given: Mapping[str, Any]) -> Settings:
    """Settings from the bytes of ``settings.toml``; ``given``: those that do not stand in it."""
    try:
        table = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"settings.toml：不是有效的 TOML（{error}）；请改正后再启动。") from None
    settings: Settings = _record(Settings, "", table, given)
    _check(settings)
    return settings


def database_url(text: str, name: str = "SUPERVISION_DATABASE_URL") -> str:
    """The URL as SQLAlchemy wants it; ``name``: the setting that holds it. Never quotes it: it may hold a password."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise BadSetting(f"{name}：不是有效的数据库地址；应以 sqlite:/// 或 postgresql:// 开头。") from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername not in {"sqlite", "postgresql+psycopg"}:
        raise BadSetting(f"{name}：应以 sqlite:/// 或 postgresql:// 开头。")
    if not url.database or url.database == ":memory:":
        raise BadSetting(f"{name}：须写明数据库名；SQLite 须写明文件路径，不能放在内存中。")
    return url.render_as_string(hide_password=False)


# -- from what TOML gave to typed values --------------------------------------------------------------


def _record(cls: type[Any], name: str, table: object, given: Mapping[str, Any] | None = None) -> Any:
    """An instance of the dataclass ``cls`` from a table; ``given``: fields that do not come from it."""
    if not isinstance(table, dict):
        raise BadSetting(f"settings.toml：{name} 应为表（一组“名称 = 值”）。")
    known = {field.name: field for field in fields(cls) if field.name not in (given or {})}
    where = f"{name} 的 " if name else ""
    for key in table:
        if key not in known:
            raise BadSetting(f"settings.toml：{where}{key} 不是可用的设置；请删除或改正。")
    for key, field_ in known.items():
        if key not in table and field_.default is MISSING:
            raise BadSetting(f"settings.toml：缺少{where} {key}；请补上。")
    values = {key: _typed(f"{where}{key}", value, str(known[key].type)) for key, value in table.items()}
    return cls(**values, **(given or {}))


_PLAIN: Mapping[str, tuple[type, str]] = {
    "str": (str, "文字（写在引号里）"),
    "int": (int, "整数"),
    "bool": (bool, "true 或 false"),
}
_RECORDS: Mapping[str, type[Any]] = {"Office": Office, "Body": Body}


def _typed(name: str, value: object, annotation: str) -> Any:
    """``value`` as TOML gave it, in the type that the field ``name`` has."""
    if annotation in _RECORDS:
        return _record(_RECORDS[annotation], name, value)
    if annotation in _PLAIN:
        expected, words = _PLAIN[annotation]
        if type(value) is not expected:
            raise BadSetting(f"settings.toml：{name} 应为{words}。")
        return value
    if not isinstance(value, list):
        raise BadSetting(f"settings.toml：{name} 应为列表。")
    if annotation == "tuple[str, str]":
        if len(value) != 2:
            raise BadSetting(f"settings.toml：{name} 应为两项：名称和内容。")
        return tuple(_typed(name, member, "str") for member in value)
    member_type = annotation.removeprefix("tuple[").removesuffix(", ...]")
    return tuple(_typed(f"{name} 第 {n} 项", member, member_type) for n, member in enumerate(value, start=1))


# -- what has to fit together ----------------------------------------------------------------------------


def _check(settings: Settings) -> None:
    _check_offices(settings)
    for body in settings.bodies:
        if body.kind not in BODY_KINDS:
            raise BadSetting(f"settings.toml：bodies 中 {body.code} 的 kind 应为 {'、'.join(BODY_KINDS)} 之一。")
    codes = [*(office.id for office in settings.offices), *(body.code for body in settings.bodies)]
    if twice := _first_repeated(codes):
        raise BadSetting(f"settings.toml：offices、bodies 中 {twice} 重复；每个单位的 id、code 须各不相同。")
    if not re.fullmatch("[0-9a-f]{64}", settings.manifest_hash):
        raise BadSetting("settings.toml：manifest_hash 应为 64 位小写十六进制数。")
    if re.search(r"[\s+]", settings.origin) or not settings.origin:
        raise BadSetting("settings.toml：origin 不能为空，也不能含空白或加号。")
    for name in POSITIVE:
        if getattr(settings, name) <= 0:
            raise BadSetting(f"settings.toml：{name} 应大于零。")
    if settings.second_factor not in SECOND_FACTOR:
        raise BadSetting(f"settings.toml：second_factor 应为 {'、'.join(SECOND_FACTOR)} 之一。")
    if not (0 if settings.demonstration else 1) <= settings.public_checkpoint_hours <= 24:
        raise BadSetting("settings.toml：public_checkpoint_hours 应为 1 到 24（小时）；0（立即公布）只能用于演示。")


def _check_offices(settings: Settings) -> None:
    for office in settings.offices:
        if office.kind not in OFFICE_KINDS:
            raise BadSetting(f"settings.toml：offices 中 {office.id} 的 kind 应为 {'、'.join(OFFICE_KINDS)} 之一。")
        if office.kind in NUMBERING_KINDS and not office.prefix.strip():
            raise BadSetting(f"settings.toml：offices 中 {office.id} 须设置 prefix（编号字头，例如“云信”）。")
        if office.lines and office.kind != "petition":
            raise BadSetting(f"settings.toml：offices 中 {office.id} 不是受理单位（petition），不能设置 lines。")
    if line := _first_repeated([line for office in settings.offices for line in office.lines]):
        raise BadSetting(f"settings.toml：offices 中 lines 的 {line} 重复；一条热线只由一个单位受理。")
    if settings.default_office not in {office.id for office in settings.offices if office.kind == "petition"}:
        raise BadSetting("settings.toml：default_office 应为 offices 中一个受理单位（petition）的 id。")


def _first_repeated(texts: Sequence[str]) -> str | None:
    return next((text for text in texts if texts.count(text) > 1), None)
