"""Settings and secrets: a bad one stops the start with one line that names it, and no secret has a default."""

from __future__ import annotations

import json
import re
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import make_url

from supervision import settings
from supervision.demonstration.county import plan
from supervision.platform import Platform
from supervision.secret_files import ConsoleSecrets, LogSecrets, OversightSecrets, PublicSecrets, WitnessSecrets
from supervision.settings import BadSetting, Settings
from tests.support.deployment import environment, make_deployment

HASH = "ab" * 32
GOOD = f'manifest_hash = "{HASH}"\n' + plan().settings_text


def loaded(home: Path, text: str, **environ: str) -> Settings:
    (home / "settings.toml").write_text(text, "utf-8")
    return settings.load({"SUPERVISION_HOME": str(home), **environ})


def complaint(home: Path, text: str, **environ: str) -> str:
    """The line that stops the start."""
    with pytest.raises(BadSetting) as bad:
        loaded(home, text, **environ)
    line = str(bad.value)
    assert "\n" not in line
    assert re.search("[\u4e00-\u9fff]", line)
    return line


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_the_countys_settings_are_read_as_they_stand(tmp_path: Path) -> None:
    found = loaded(tmp_path, GOOD)
    assert (found.site, found.county, found.area_code) == ("all", "云岫县", "990123")
    assert found.office_for_line("12380").id == "personnel"
    assert found.office_for_line("").id == found.office_for_line("12345").id == found.default_office == "petition"
    assert found.body("qinghe").name == found.name_of("qinghe") == "青禾乡纪委"
    assert found.name_of("dept-1") == "第一监督检查室"
    assert found.name_of("closed-long-ago") == "closed-long-ago"
    with pytest.raises(KeyError):
        found.office("mars")
    with pytest.raises(KeyError):
        found.body("mars")


@pytest.mark.parametrize("name", ["county", "云岫县 数据", "100%41", "a?b=c", "a#b"])
def test_without_a_url_the_databases_are_files_in_the_home_whatever_its_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    found = loaded(tmp_path / name, GOOD)
    databases = [make_url(url).database for url in (found.database_url, found.read_url, found.working_url)]
    assert databases == [str(tmp_path / name / f"{kind}.sqlite") for kind in ("log", "read", "working")]


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg"])
def test_postgresql_is_chosen_by_url_and_holds_all_three(tmp_path: Path, driver: str) -> None:
    found = loaded(tmp_path, GOOD, SUPERVISION_DATABASE_URL=f"{driver}://u:p%40ss@host/name")
    assert found.database_url == found.read_url == found.working_url == "postgresql+psycopg://u:p%40ss@host/name"


@pytest.mark.parametrize(
    "url",
    ["mysql://host/name", "sqlite://", "sqlite:///", "sqlite:///:memory:", "postgresql://host", "nonsense", "://"],
)
def test_a_database_that_cannot_be_used_is_named_without_being_quoted(tmp_path: Path, url: str) -> None:
    assert complaint(tmp_path, GOOD, SUPERVISION_DATABASE_URL=url).startswith("SUPERVISION_DATABASE_URL：")


def test_the_password_of_a_bad_url_is_not_repeated(tmp_path: Path) -> None:
    assert "hunter2" not in complaint(tmp_path, GOOD, SUPERVISION_DATABASE_URL="mysql://u:hunter2@host/name")


def test_a_site_that_does_not_exist_is_named(tmp_path: Path) -> None:
    assert complaint(tmp_path, GOOD, SUPERVISION_SITE="everything").startswith("SUPERVISION_SITE：")


def test_a_home_without_settings_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"SUPERVISION_HOME.*supervision init"):
        settings.load({"SUPERVISION_HOME": str(tmp_path / "nothing-here")})


def test_settings_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").mkdir()
    with pytest.raises(BadSetting, match=r"settings\.toml：无法读取"):
        settings.load({"SUPERVISION_HOME": str(tmp_path)})


@pytest.mark.parametrize("text", ["origin = ", "a = 1\na = 2", '"', "\x00"])
def test_what_is_no_toml_is_named(tmp_path: Path, text: str) -> None:
    assert complaint(tmp_path, text).startswith("settings.toml：")


@pytest.mark.parametrize(
    "name",
    [f.name for f in fields(Settings) if f.default is MISSING and f.name not in {"home", "database_url"}],
)
def test_a_setting_without_a_default_must_be_there(tmp_path: Path, name: str) -> None:
    if name in {"offices", "bodies"}:
        text = re.sub(rf"\[\[{name}\]\]\n(.+\n)+", "", GOOD)
    else:
        text = re.sub(rf"(?m)^{name} = .*$", "", GOOD)
    assert text != GOOD
    assert name in complaint(tmp_path, text)


WRONG_VALUES = [
    ('county = "云岫县"', "county = 5", "county"),
    ("demonstration = true", 'demonstration = "yes"', "demonstration"),
    ("demonstration = true", "max_files = 3.5", "max_files"),
    ("demonstration = true", "max_files = true", "max_files"),
    ("demonstration = true", "max_files = 0", "max_files"),
    ("demonstration = true", "session_idle_minutes = -1", "session_idle_minutes"),
    ("demonstration = true", "colour = 1", "colour"),
    ("demonstration = true", 'discard_caller_numbers = "anonymous"', "discard_caller_numbers"),
    ('second_factor = "optional"', 'second_factor = "off"', "second_factor"),
    ("demonstration = true", 'home = "/tmp"', "home"),
    ("demonstration = true", 'site = "public"', "site"),
    ("demonstration = true", 'principal_posts_ = ["x"]', "principal_posts_"),
    ('own_units = ["县纪委监委", "县委组织部"]', 'own_units = "县纪委监委"', "own_units"),
    ('own_units = ["县纪委监委", "县委组织部"]', 'own_units = ["县纪委监委", 5]', "own_units 第 2 项"),
    ('["干部监督举报电话", "12380"]', '["干部监督举报电话"]', "reporting_channels 第 1 项"),
    ('["干部监督举报电话", "12380"]', '"12380"', "reporting_channels 第 1 项"),
    ('lines = ["12388"]', 'lines = "12388"', "lines"),
    ('lines = ["12388"]', "lines = [12388]", "lines"),
    ('lines = ["12388"]', 'lines = ["12380"]', "12380"),
    ('kind = "petition"', 'kind = "church"', "petition"),
    ('prefix = "云信"', "", "prefix"),
    ('prefix = "云线"', 'prefix = " "', "prefix"),
    ('id = "dept-1"', 'id = "dept-2"', "dept-2"),
    ('code = "qinghe"', 'code = "petition"', "petition"),
    ('code = "qinghe"', 'code = "qinghe"\ncolour = "red"', "colour"),
    ('kind = "subordinate"', 'kind = "moon"', "qinghe"),
    ('name = "青禾乡纪委"', "", "name"),
    ('name = "第一监督检查室"', 'name = "第一监督检查室"\nlines = ["12399"]', "dept-1"),
    ('default_office = "petition"', 'default_office = "mars"', "default_office"),
    ('default_office = "petition"', 'default_office = "dept-1"', "default_office"),
    ('origin = "yunxiu.example/supervision"', 'origin = "yunxiu example"', "origin"),
    ('origin = "yunxiu.example/supervision"', 'origin = ""', "origin"),
    ("public_checkpoint_hours = 0", "public_checkpoint_hours = 25", "public_checkpoint_hours"),
    ("public_checkpoint_hours = 0", "public_checkpoint_hours = -1", "public_checkpoint_hours"),
    ("demonstration = true", "demonstration = false", "public_checkpoint_hours"),
    ("public_checkpoint_hours = 0", "heartbeat_minutes = 0", "heartbeat_minutes"),
    (HASH, "abc", "manifest_hash"),
    (HASH, "zz" * 32, "manifest_hash"),
]


@pytest.mark.parametrize(("old", "new", "named"), WRONG_VALUES, ids=[new[:30] or old for old, new, _ in WRONG_VALUES])
def test_a_wrong_value_is_named(tmp_path: Path, old: str, new: str, named: str) -> None:
    assert named in complaint(tmp_path, changed(old, new))


def test_a_manifest_that_is_not_the_pinned_one_stops_the_start(tmp_path: Path) -> None:
    from supervision.sealing.errors import ManifestRejected

    platform = make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}")
    platform.close()
    path = tmp_path / "home" / "settings.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace(platform.settings.manifest_hash, HASH), "utf-8")
    with pytest.raises(ManifestRejected):
        _ = Platform(settings=settings.load(environment(tmp_path / "home", "sqlite:////x"))).manifest
    path.write_text(text.replace("yunxiu.example/supervision", "another.example/supervision"), "utf-8")
    with pytest.raises(BadSetting, match="origin"):
        _ = Platform(settings=settings.load(environment(tmp_path / "home", "sqlite:////x"))).manifest


# -- secrets ----------------------------------------------------------------------------------------------


KINDS = (PublicSecrets, ConsoleSecrets, OversightSecrets, WitnessSecrets, LogSecrets)


def secrets_of(kind: type[Any], home: Path) -> Path:
    """A complete secret file."""
    kind(**{f.name: bytes(32) for f in fields(kind)}).save(home)
    return home / "secrets" / f"{kind.name()}.json"


@pytest.mark.parametrize("kind", KINDS)
def test_no_secret_has_a_default(kind: type[PublicSecrets]) -> None:
    assert all(f.default is MISSING and f.default_factory is MISSING for f in fields(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_missing_secret_file_is_named(tmp_path: Path, kind: type[PublicSecrets]) -> None:
    with pytest.raises(BadSetting, match=rf"secrets/{kind.name()}\.json：缺少"):
        kind.load(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_file_is_written_once_and_for_the_owner_alone(tmp_path: Path, kind: type[PublicSecrets]) -> None:
    path = secrets_of(kind, tmp_path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert kind.load(tmp_path) == kind(**{f.name: bytes(32) for f in fields(kind)})
    with pytest.raises(FileExistsError):
        secrets_of(kind, tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_that_is_missing_or_short_is_named_and_not_quoted(tmp_path: Path, kind: type[PublicSecrets]) -> None:
    path = secrets_of(kind, tmp_path)
    whole = json.loads(path.read_text())
    for name in whole:
        for value in ("ab" * 31, "xy" * 32, "", None, 5):
            path.write_text(json.dumps(whole | {name: value}))
            with pytest.raises(BadSetting) as bad:
                kind.load(tmp_path)
            assert str(bad.value).startswith(f"secrets/{path.name}：")
            assert not value or str(value) not in str(bad.value) or value == 5
        path.write_text(json.dumps({key: value for key, value in whole.items() if key != name}))
        with pytest.raises(BadSetting):
            kind.load(tmp_path)
    for text in ("", "[]", "5", "{"):
        path.write_text(text)
        with pytest.raises(BadSetting):
            kind.load(tmp_path)


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_is_not_shown_by_repr(kind: type[PublicSecrets]) -> None:
    shown = repr(kind(**{f.name: b"\x5a" * 32 for f in fields(kind)}))
    assert "5a" not in shown
    assert "ZZ" not in shown
