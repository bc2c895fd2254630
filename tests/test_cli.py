"""The command line: each command answers --help, and a failure is one clear line with exit status 1."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from supervision.demonstration.county import plan as county_plan
from tests.support.deployment import environment, make_deployment

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "supervision" / "demonstration" / "samples.json"
COMMANDS = ("init", "demo", "serve", "import", "verify", "export-log", "rebuild", "token")


def supervision(*arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would; its output is text."""
    return subprocess.run(
        [sys.executable, "-m", "supervision", *arguments],
        cwd=ROOT,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def one_line(finished: subprocess.CompletedProcess[str]) -> str:
    """The single line that a failed command leaves."""
    assert finished.returncode == 1
    assert finished.stdout == ""
    (line,) = finished.stderr.splitlines()
    return line


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment on SQLite with the twelve samples imported once."""
    directory = tmp_path_factory.mktemp("cli") / "home"
    make_deployment(directory, f"sqlite:///{directory / 'log.sqlite'}").close()
    return directory


@pytest.fixture(scope="module")
def env(home: Path) -> dict[str, str]:
    return environment(home, f"sqlite:///{home / 'log.sqlite'}")


@pytest.fixture(scope="module")
def imported(env: dict[str, str]) -> list[dict[str, object]]:
    finished = supervision("import", str(SAMPLES), "--json", env=env)
    assert finished.returncode == 0, finished.stderr
    return [json.loads(line) for line in finished.stdout.splitlines()]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_answers_help(command: str) -> None:
    finished = supervision(command, "--help")
    assert finished.returncode == 0
    assert finished.stdout.startswith("Usage:")


@pytest.mark.parametrize("arguments", [("serve",), ("verify",), ("rebuild",), ("import", str(SAMPLES))])
def test_without_a_deployment_a_command_says_how_to_make_one(arguments: tuple[str, ...], tmp_path: Path) -> None:
    line = one_line(supervision(*arguments, env={"SUPERVISION_HOME": str(tmp_path), "SUPERVISION_DATABASE_URL": ""}))
    assert line.startswith("SUPERVISION_HOME：")
    assert "supervision init" in line


def test_the_twelve_samples_are_imported_with_what_the_rules_propose(imported: list[dict[str, object]]) -> None:
    assert len(imported) == 12
    assert {str(line["sample_id"]) for line in imported if line["sealed"]} == {"S08"}
    assert all(re.fullmatch(r"[0-9]{32}", str(line["code"])) for line in imported)
    assert all(line["duplicates"] is None for line in imported)


def test_the_same_file_twice_loads_nothing_twice(imported: list[dict[str, object]], env: dict[str, str]) -> None:
    before = supervision("verify", env=env).stdout
    again = supervision("import", str(SAMPLES), "--json", env=env)
    assert again.returncode == 0
    assert [json.loads(line)["already"] for line in again.stdout.splitlines()] == [True] * len(imported)
    assert supervision("verify", env=env).stdout == before


def test_a_bad_record_is_named_and_nothing_is_loaded(env: dict[str, str], tmp_path: Path) -> None:
    document = json.loads(SAMPLES.read_text("utf-8"))
    document["samples"][3] |= {"sample_id": "X", "received_at": "gestern"}
    document["samples"][0] |= {"sample_id": "would be new"}
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps(document, ensure_ascii=False), "utf-8")
    before = supervision("verify", env=env).stdout
    finished = supervision("import", str(bad), env=env)
    assert finished.returncode == 1
    assert "received_at" in finished.stderr
    assert "gestern" not in finished.stderr
    assert supervision("verify", env=env).stdout == before


def test_rebuild_says_how_far_it_came(imported: list[dict[str, object]], env: dict[str, str]) -> None:
    finished = supervision("rebuild", env=env)
    assert finished.returncode == 0, finished.stderr
    verified = re.search(r"(\d+) 条事件", supervision("verify", env=env).stdout)
    assert verified is not None
    assert f"第 {verified[1]} 条" in finished.stdout


# -- verify ---------------------------------------------------------------------------------------------------


@pytest.fixture
def copy(imported: list[dict[str, object]], home: Path, tmp_path: Path) -> tuple[sqlite3.Connection, dict[str, str]]:
    """A thief's copy of the database, without its triggers, and the environment to verify it in."""
    for name in ("settings.toml", "manifests/1.json", "secrets/console.json", "secrets/public.json", "log.sqlite"):
        target = tmp_path / name
        target.parent.mkdir(exist_ok=True)
        target.write_bytes((home / name).read_bytes())
    database = sqlite3.connect(tmp_path / "log.sqlite", isolation_level=None)
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{trigger}"')
    return database, environment(tmp_path, f"sqlite:///{tmp_path / 'log.sqlite'}")


def test_an_untouched_copy_verifies(copy: tuple[sqlite3.Connection, dict[str, str]]) -> None:
    database, env = copy
    database.close()
    assert supervision("verify", env=env).returncode == 0


@pytest.mark.parametrize(
    "theft",
    [
        "UPDATE event SET state = CAST(replace(CAST(state AS TEXT), '\"letter\"', '\"phone\"') AS BLOB)"
        " WHERE CAST(state AS TEXT) LIKE '%\"letter\"%'",
        "DELETE FROM envelope WHERE rowid = (SELECT max(rowid) FROM envelope)",
        "UPDATE wrap SET data = zeroblob(length(data)) WHERE rowid = (SELECT min(rowid) FROM wrap)",
        "DELETE FROM event WHERE position = (SELECT max(position) FROM event)",
        "UPDATE event SET recorded_at = recorded_at - 3600 WHERE position = 5",
    ],
    ids=["an altered event", "a missing envelope", "an altered wrap", "a truncated log", "a back-dated event"],
)
def test_verify_finds(copy: tuple[sqlite3.Connection, dict[str, str]], theft: str) -> None:
    database, env = copy
    database.execute(theft)
    assert database.execute("SELECT changes()").fetchone()[0] >= 1
    database.close()
    line = one_line(supervision("verify", env=env))
    assert "核验不通过" in line or "不符" in line


# -- init -----------------------------------------------------------------------------------------------------


def test_init_founds_a_deployment_from_its_own_example(tmp_path: Path) -> None:
    plan, home = tmp_path / "plan", tmp_path / "home"
    env = {"SUPERVISION_HOME": str(home), "SUPERVISION_DATABASE_URL": ""}
    assert supervision("init", "--example", str(plan)).returncode == 0
    founded = supervision("init", "--plan", str(plan), env=env)
    assert founded.returncode == 0, founded.stderr
    assert len(re.findall(r"^  [a-z][a-z0-9-]*  \S{43}$", founded.stdout, re.MULTILINE)) == len(county_plan().officers)
    assert supervision("verify", env=env).returncode == 0
    assert "已经有一个部署" in one_line(supervision("init", "--plan", str(plan), env=env))


def test_init_hands_over_keys_as_files_for_their_owner_alone(tmp_path: Path) -> None:
    plan, home = tmp_path / "plan", tmp_path / "home"
    supervision("init", "--example", str(plan))
    supervision("init", "--plan", str(plan), env={"SUPERVISION_HOME": str(home), "SUPERVISION_DATABASE_URL": ""})
    handed = {path.name for path in (home / "handover").iterdir()}
    assert {"ceremony.key", "custodian-custodian-1.key", "superior-gate.key"} <= handed
    assert {name for name in handed if not name.endswith(".key")} == {"superior-log-reader.token"}
    assert not any(name.startswith(("office", "console", "log", "service")) for name in handed)
    secret = [*(home / "handover").iterdir(), *(home / "secrets").iterdir(), home / "log.sqlite"]
    assert {path.stat().st_mode & 0o077 for path in secret} == {0}


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("ceremony.toml", "m = 2", "", "m"),
        ("ceremony.toml", 'roles = ["system_admin"]', 'roles = ["emperor"]', "emperor"),
        ("ceremony.toml", 'roles = ["system_admin"]', 'roles = ["security_auditor"]', "没有系统管理员"),
        ("ceremony.toml", 'roles = ["security_admin"]', "roles = []", "没有安全保密管理员"),
        ("ceremony.toml", 'roles = ["system_admin"]', 'roles = ["system_admin", "security_admin"]', "不同人员"),
        ("settings.toml", 'origin = "yunxiu.example/supervision"', "", "origin"),
        ("settings.toml", "[[offices]]", "[[offices", "TOML"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_before_anything_is_written(
    tmp_path: Path, file: str, old: str, new: str, named: str
) -> None:
    plan, home = tmp_path / "plan", tmp_path / "home"
    supervision("init", "--example", str(plan))
    text = (plan / file).read_text("utf-8")
    assert old in text
    (plan / file).write_text(text.replace(old, new, 1), "utf-8")
    line = one_line(
        supervision("init", "--plan", str(plan), env={"SUPERVISION_HOME": str(home), "SUPERVISION_DATABASE_URL": ""})
    )
    assert named in line
    assert not home.exists()


# -- service tokens ---------------------------------------------------------------------------------------------


def test_a_service_token_is_shown_once_and_can_be_revoked(env: dict[str, str]) -> None:
    issued = supervision("token", "信访系统", env=env)
    assert re.fullmatch(r"[\w-]{43}\n", issued.stdout)
    assert "已有名为" in one_line(supervision("token", "信访系统", env=env))
    assert supervision("token", "信访系统", "--revoke", env=env).returncode == 0
    assert "没有名为" in one_line(supervision("token", "信访系统", "--revoke", env=env))
