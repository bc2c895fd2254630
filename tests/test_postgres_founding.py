"""Founding with an owner's role: roles that could do too much, or are none, are named before anything is made."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from events.roles import UnfitRole
from events.schema import SchemaError
from supervision import settings
from supervision.database_owner import OWNER_URL, PUBLIC_URL, Ownership, make_owned_databases, ownership, remark
from supervision.demonstration.county import PLAN_FILES, plan_text
from supervision.settings import BadSetting
from tests.support.database_roles import RoledDatabase, roled_database
from tests.support.deployment import environment
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[1]
ORIGIN = "county.example/log"


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[RoledDatabase]:
    with roled_database(postgres_server) as database:
        yield database


def owned(database: RoledDatabase, home: Path, **changed: str) -> Ownership:
    """As the environment says, some of it changed."""
    found = ownership({**database.founding(home), **changed})
    assert found is not None
    return found


def founds(environ: Mapping[str, str], plan: Path) -> subprocess.CompletedProcess[str]:
    """``supervision init`` with the plan of the fictional county."""
    plan.mkdir()
    for name in PLAN_FILES:
        (plan / name).write_text(plan_text(name), "utf-8")
    command = [sys.executable, "-m", "supervision", "init", "--plan", str(plan)]
    whole = {**os.environ, **environ}
    return subprocess.run(command, cwd=ROOT, env=whole, capture_output=True, text=True, check=False)


def holds_a_log(database: RoledDatabase) -> bool:
    with database.connected() as superuser:
        return superuser.execute("SELECT to_regclass('public.head')").fetchone() != (None,)


UNFIT = {
    "a role that does not exist": ("DROP ROLE {application}", "不存在"),
    "a superuser": ("ALTER ROLE {application} SUPERUSER", "超级用户"),
    "one whom no policy binds": ("ALTER ROLE {public} BYPASSRLS", "行级权限"),
    "a member of the owner": ("GRANT {owner} TO {application}", "所有者"),
    "a member of the owner by a long way": (
        "GRANT {owner} TO {application}; GRANT {application} TO {public}",
        "所有者",
    ),
    "a public site that may be the application": ("GRANT {application} TO {public}", "收回"),
    "one who may write everything": ("GRANT pg_write_all_data TO {application}", "UPDATE ON"),
    "one who may make tables": ("GRANT CREATE ON SCHEMA public TO {public}", "CREATE ON SCHEMA public"),
    "rights given by default": (
        "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT TRUNCATE ON TABLES TO {public}",
        "TRUNCATE ON",
    ),
}
"""What an administrator may have got wrong to a word of the line that tells him."""


@pytest.mark.parametrize(("mistake", "word"), UNFIT.values(), ids=UNFIT)
def test_a_role_that_is_unfit_is_named_and_no_log_is_made(
    database: RoledDatabase, tmp_path: Path, mistake: str, word: str
) -> None:
    names = {"owner": database.owner, "application": database.application, "public": database.public}
    with database.connected() as superuser:
        superuser.execute(mistake.format(**names).encode())
        with pytest.raises(UnfitRole) as unfit:
            make_owned_databases(ORIGIN, owned(database, tmp_path))
        superuser.execute(
            f"DO $$ BEGIN IF to_regrole('{database.application}') IS NULL "
            f"THEN CREATE ROLE {database.application}; END IF; END $$".encode()
        )
    assert word in str(unfit.value)
    assert any(name in str(unfit.value) for name in names.values())
    assert "\n" not in str(unfit.value)
    assert not holds_a_log(database)


def test_the_same_role_for_both_sites_is_refused(database: RoledDatabase, tmp_path: Path) -> None:
    same = owned(database, tmp_path, **{PUBLIC_URL: database.url(database.application)})
    with pytest.raises(UnfitRole, match="另建一个"):
        make_owned_databases(ORIGIN, same)


def test_the_owners_own_role_serves_nobody(database: RoledDatabase, tmp_path: Path) -> None:
    itself = owned(database, tmp_path, SUPERVISION_DATABASE_URL=database.url(database.owner))
    with pytest.raises(UnfitRole, match="所有者"):
        make_owned_databases(ORIGIN, itself)


def test_owner_and_application_have_to_mean_the_same_database(
    database: RoledDatabase, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    other = postgres_server.create_database()
    try:
        elsewhere = database.url(database.application).replace(database.name, other)
        with pytest.raises(BadSetting, match="不是同一个数据库"):
            make_owned_databases(ORIGIN, owned(database, tmp_path, SUPERVISION_DATABASE_URL=elsewhere))
    finally:
        postgres_server.drop_database(other)
    assert not holds_a_log(database)


def test_what_failed_can_be_done_again_and_what_was_done_cannot(database: RoledDatabase, tmp_path: Path) -> None:
    with database.connected() as superuser:
        superuser.execute(f"GRANT CREATE ON SCHEMA public TO {database.public}".encode())
        with pytest.raises(UnfitRole):
            make_owned_databases(ORIGIN, owned(database, tmp_path))
        superuser.execute(f"REVOKE CREATE ON SCHEMA public FROM {database.public}".encode())
    make_owned_databases(ORIGIN, owned(database, tmp_path))
    with pytest.raises(SchemaError, match="已有日志"):
        make_owned_databases(ORIGIN, owned(database, tmp_path))


def test_without_a_public_role_nothing_is_asked_row_by_row(database: RoledDatabase, tmp_path: Path) -> None:
    make_owned_databases(ORIGIN, owned(database, tmp_path, **{PUBLIC_URL: ""}))
    with database.connected() as superuser:
        secured = superuser.execute("SELECT count(*) FROM pg_class WHERE relrowsecurity").fetchone()
        named = superuser.execute(
            "SELECT count(*) FROM information_schema.table_privileges WHERE grantee = %s", [database.public]
        ).fetchone()
    assert (secured, named) == ((0,), (0,))


# -- the settings -----------------------------------------------------------------------------------------------------

GOOD = {
    "SUPERVISION_DATABASE_URL": "postgresql://app@db/supervision",
    OWNER_URL: "postgresql://owner:secret@db/supervision",
    PUBLIC_URL: "postgresql://web@db/supervision",
}


def test_the_roles_are_those_of_the_addresses() -> None:
    found = ownership(GOOD)
    assert found is not None and (found.roles.application, found.roles.public) == ("app", "web")
    assert "secret" not in repr(found)
    assert ownership({**GOOD, OWNER_URL: ""}) is None


@pytest.mark.parametrize("name", GOOD)
@pytest.mark.parametrize("wrong", ["sqlite:////tmp/a", "postgresql://db/supervision", "mysql://a@b/c", "gibberish"])
def test_an_address_that_names_no_role_is_told_by_the_name_of_its_setting(name: str, wrong: str) -> None:
    with pytest.raises(BadSetting, match=f"^{name}："):
        ownership({**GOOD, name: wrong})


def test_only_who_gives_one_role_everything_is_told_what_that_means() -> None:
    assert "触发器" in remark({"SUPERVISION_DATABASE_URL": GOOD["SUPERVISION_DATABASE_URL"]})
    assert not remark(GOOD)
    assert not remark({"SUPERVISION_DATABASE_URL": ""})
    assert not remark({"SUPERVISION_DATABASE_URL": "sqlite:////tmp/a"})


# -- the command ------------------------------------------------------------------------------------------------------


def test_init_makes_what_the_sites_can_work_with(database: RoledDatabase, tmp_path: Path) -> None:
    home = tmp_path / "home"
    finished = founds(database.founding(home), tmp_path / "plan")
    assert finished.returncode == 0, finished.stderr
    assert "已建立部署" in finished.stdout and OWNER_URL not in finished.stdout
    assert "owner" not in (home / "settings.toml").read_text("utf-8")
    assert settings.load(database.environ(home)).database_url == database.url(database.application)


def test_init_tells_of_an_owner_who_cannot_be_reached_in_one_line(database: RoledDatabase, tmp_path: Path) -> None:
    wrong = database.url(database.owner).replace("nobody-but", "somebody-else")
    finished = founds({**database.founding(tmp_path / "home"), OWNER_URL: wrong}, tmp_path / "plan")
    (line,) = finished.stderr.splitlines()
    assert finished.returncode == 1 and line.startswith(f"{OWNER_URL}：")
    assert "somebody-else" not in line and not (tmp_path / "home").exists()


def test_init_says_what_one_role_for_everything_could_do(postgres_database: str, tmp_path: Path) -> None:
    finished = founds(environment(tmp_path / "home", postgres_database), tmp_path / "plan")
    assert finished.returncode == 0, finished.stderr
    assert "能够删除防止改动的触发器" in finished.stdout
