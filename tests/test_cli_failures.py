"""What goes wrong on the command line is one Chinese line with the way out, exit status 1, and nothing half-done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from projections.fingerprint import fingerprint
from tests.support.deployment import environment, make_deployment

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "supervision" / "demonstration" / "samples.json"
NOBODY_LISTENS = "postgresql://supervision:hunter2@127.0.0.1:1/supervision"


def supervision(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "supervision", *arguments],
        cwd=ROOT,
        env={**os.environ, "SUPERVISION_DATABASE_URL": "", "SUPERVISION_SITE": "", **env},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def complaint(*arguments: str, **env: str) -> str:
    """The single line that the failed command leaves."""
    finished = supervision(*arguments, **env)
    assert finished.returncode == 1, finished.stderr
    (line,) = finished.stderr.splitlines()
    assert any("\u4e00" <= sign <= "\u9fff" for sign in line)
    return line


# -- calls that are not understood ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "arguments",
    [
        ("frobnicate",),
        ("verify", "--deep"),
        ("verify", "everything"),
        ("import",),
        ("serve", "--site", "everything"),
        ("serve", "--threads", "many"),
        ("--verbose", "verify"),
    ],
    ids=" ".join,
)
def test_a_call_that_is_not_understood_says_where_the_usage_stands(arguments: tuple[str, ...], tmp_path: Path) -> None:
    assert "--help" in complaint(*arguments, SUPERVISION_HOME=str(tmp_path))


def test_a_bare_call_lists_the_commands() -> None:
    finished = supervision()
    assert finished.returncode == 0
    for command in ("init", "demo", "serve", "import", "verify", "rebuild"):
        assert f"  {command} " in finished.stdout


# -- files ----------------------------------------------------------------------------------------------


def test_a_file_to_import_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'home' / 'log.sqlite'}").close()
    for path in (tmp_path / "nothing.json", tmp_path):
        finished = supervision("import", str(path), SUPERVISION_HOME=str(tmp_path / "home"))
        assert finished.returncode == 1
        assert finished.stderr.startswith("文件：无法读取")


def test_a_plan_that_is_not_there_is_named(tmp_path: Path) -> None:
    home = str(tmp_path / "home")
    assert "--plan" in complaint("init", SUPERVISION_HOME=home)
    assert "settings.toml" in complaint("init", "--plan", str(tmp_path), SUPERVISION_HOME=home)


def test_an_example_is_not_written_over_a_plan(tmp_path: Path) -> None:
    assert supervision("init", "--example", str(tmp_path)).returncode == 0
    assert "已存在" in complaint("init", "--example", str(tmp_path))
    assert "文件" in complaint("init", "--example", str(tmp_path / "settings.toml"))


# -- databases ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [("verify",), ("rebuild",), ("import", str(SAMPLES))], ids=lambda a: a[0])
def test_a_database_that_does_not_answer_is_named_without_its_password(
    arguments: tuple[str, ...], tmp_path: Path
) -> None:
    make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}").close()
    line = complaint(*arguments, SUPERVISION_HOME=str(tmp_path / "home"), SUPERVISION_DATABASE_URL=NOBODY_LISTENS)
    assert "SUPERVISION_DATABASE_URL" in line
    assert "hunter2" not in line


def test_a_database_without_a_log_says_how_to_make_one(tmp_path: Path) -> None:
    make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}").close()
    line = complaint(
        "verify",
        SUPERVISION_HOME=str(tmp_path / "home"),
        SUPERVISION_DATABASE_URL=f"sqlite:///{tmp_path / 'another.sqlite'}",
    )
    assert "supervision init" in line


def test_the_log_of_another_deployment_is_not_taken_for_ones_own(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'log.sqlite'}"
    make_deployment(tmp_path / "home", url).close()
    settings = tmp_path / "home" / "settings.toml"
    settings.write_text(settings.read_text("utf-8").replace("yunxiu.example/", "elsewhere.example/"), "utf-8")
    assert "origin" in complaint("verify", SUPERVISION_HOME=str(tmp_path / "home"), SUPERVISION_DATABASE_URL=url)


# -- founding -------------------------------------------------------------------------------------------


def test_a_founding_that_failed_leaves_no_keys_and_can_be_repeated(tmp_path: Path) -> None:
    plan, home = tmp_path / "plan", tmp_path / "home"
    supervision("init", "--example", str(plan))
    complaint("init", "--plan", str(plan), SUPERVISION_HOME=str(home), SUPERVISION_DATABASE_URL=NOBODY_LISTENS)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan"]
    assert supervision("init", "--plan", str(plan), SUPERVISION_HOME=str(home)).returncode == 0
    assert supervision("verify", SUPERVISION_HOME=str(home)).returncode == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "named"),
    [
        ("settings.toml", 'kind = "petition"', 'kind = "church"', "petition"),
        ("settings.toml", 'lines = ["12388"]', 'lines = "12388"', "lines"),
        ("settings.toml", "demonstration = true", 'manifest_hash = "ab"', "manifest_hash"),
        ("ceremony.toml", "m = 2", "m = 9", "9"),
    ],
)
def test_a_plan_with_a_bad_value_is_named_and_nothing_is_founded(
    tmp_path: Path, file: str, old: str, new: str, named: str
) -> None:
    plan = tmp_path / "plan"
    supervision("init", "--example", str(plan))
    text = (plan / file).read_text("utf-8")
    assert old in text
    (plan / file).write_text(text.replace(old, new, 1), "utf-8")
    assert named in complaint("init", "--plan", str(plan), SUPERVISION_HOME=str(tmp_path / "home"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["plan"]


# -- on both databases ----------------------------------------------------------------------------------


def test_import_verify_and_rebuild_leave_the_same_rows_as_before(tmp_path: Path, database_url: str) -> None:
    """The read models are rebuilt from the first event; not one byte of a row differs."""
    platform = make_deployment(tmp_path / "home", database_url)
    env = environment(tmp_path / "home", database_url)
    imported = supervision("import", str(SAMPLES), **env)
    assert imported.returncode == 0, imported.stderr
    assert len(imported.stdout.splitlines()) == 12

    def rows() -> str:
        with platform.reads.reading() as reader:
            return fingerprint(reader, platform.reads.layouts)

    assert supervision("rebuild", **env).returncode == 0
    before = rows()
    assert supervision("rebuild", **env).returncode == 0
    assert rows() == before
    assert f"{platform.ledger.head()} 条事件" in supervision("verify", **env).stdout
    platform.close()
