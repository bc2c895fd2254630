"""Backups: what is restored is what was there, on either database, and nothing less is ever taken for it."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, func, select

from events import schema
from events.store import DamagedLog
from events.verify import Fault
from projections.report_row import REPORT
from supervision.backing_up import CUSTODY, LOG, BadBackup, back_up, restore
from supervision.checkpointing.signing import make_signer
from supervision.database_owner import ownership
from supervision.intake.status_lookup import look_up
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from supervision.settings import BadSetting
from supervision.verifying import verify_platform
from tests.support.clock import Clock
from tests.support.database_roles import roled_database
from tests.support.deployment import environment, make_deployment, open_deployment
from tests.support.office import NOW, file, submission
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[1]


@dataclass
class County:
    """A deployment in use. ``code``: of its first report, which has a file."""

    platform: Platform
    code: ReceiptCode

    def report(self, **said: Any) -> ReceiptCode:
        code = ReceiptCode.new(self.platform.rng)
        self.platform.public_door.admit(submission(self.platform.clock(), **said), code)
        return code

    def spared(self, home: Path) -> Path:
        """A new home with what is copied by hand: no database, no sealed file."""
        old = self.platform.settings.home
        return Path(shutil.copytree(old, home, ignore=shutil.ignore_patterns("files", "*.sqlite*", "drafts")))


@pytest.fixture
def county(database_url: str, tmp_path: Path) -> Iterator[County]:
    platform = make_deployment(tmp_path / "home", database_url, clock=Clock(NOW))
    county = County(platform, ReceiptCode.new(platform.rng))
    attachment = file("账页.txt", "第三页有改动".encode() * 5000)
    platform.public_door.admit(submission(NOW, attachments=(attachment,)), county.code)
    make_signer(platform).sign_head()
    yield county
    platform.close()


@pytest.fixture
def new(county: County, tmp_path: Path) -> Iterator[Platform]:
    """An empty SQLite database and the home that belongs to the county."""
    home = county.spared(tmp_path / "new")
    platform = open_deployment(home, f"sqlite:///{home / 'log.sqlite'}", clock=Clock(NOW))
    yield platform
    platform.close()


def rows(url: str) -> dict[str, list[Any]]:
    engine = create_engine(url)
    try:
        with engine.connect() as connection:
            tables = schema.metadata.sorted_tables
            return {t.name: list(connection.execute(select(t).order_by(*t.primary_key.columns))) for t in tables}
    finally:
        engine.dispose()


def files(home: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (home / "files").rglob("*") if path.is_file()}


def assert_same(county: County, restored: Platform) -> None:
    of = county.platform.settings
    assert rows(restored.settings.database_url) == rows(of.database_url)
    assert files(restored.settings.home) == files(of.home) != {}
    status = look_up(restored, county.code)
    assert status is not None and status.received_on == NOW.date()


def assert_untouched(new: Platform) -> None:
    """Whatever was refused left neither an event nor a sealed file."""
    assert not files(new.settings.home)
    assert not [path for path in new.settings.home.iterdir() if path.name.startswith(".")]
    with closing(sqlite3.connect(new.settings.home / "log.sqlite")) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == []


# -- what comes back --------------------------------------------------------------------------------------------------


def test_from_either_database_all_comes_back_into_sqlite(county: County, new: Platform, tmp_path: Path) -> None:
    size = back_up(county.platform, tmp_path / "backup")
    assert restore(new, tmp_path / "backup", None) == size == county.platform.ledger.head()
    assert_same(county, new)
    assert make_signer(new).sign_head()
    with new.reads.reading() as reader:
        assert reader.connection.scalar(select(func.count()).select_from(reader[REPORT])) == 1


def test_from_either_database_all_comes_back_into_postgresql_under_roles(
    county: County, postgres_server: PostgresServer, tmp_path: Path
) -> None:
    back_up(county.platform, tmp_path / "backup")
    home = county.spared(tmp_path / "new")
    with roled_database(postgres_server) as database:
        platform = open_deployment(home, database.url(database.application), clock=Clock(NOW))
        restore(platform, tmp_path / "backup", ownership(database.founding(home)))
        assert_same(county, platform)
        assert back_up(platform, tmp_path / "backup of the application's role") == platform.ledger.head()
        platform.close()


def test_the_platform_serves_while_it_is_backed_up(county: County, new: Platform, tmp_path: Path) -> None:
    stop, codes = threading.Event(), [county.report() for _ in range(3)]

    def keep_reporting() -> None:
        while not stop.is_set():
            codes.append(county.report(attachments=(file("a.txt", b"a" * 9000),)))

    writer = threading.Thread(target=keep_reporting)
    writer.start()
    try:
        sizes = [back_up(county.platform, tmp_path / f"backup-{n}") for n in range(3)]
    finally:
        stop.set()
        writer.join()
    assert sizes[0] <= sizes[1] <= sizes[2] <= county.platform.ledger.head()
    assert restore(new, tmp_path / "backup-2", None) == sizes[2]
    assert look_up(new, codes[2]) is not None


def test_a_backup_tells_no_minute_and_no_account_and_is_the_owners_alone(county: County, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        back_up(county.platform, tmp_path / "backup")
    finally:
        os.umask(before)
    with tarfile.open(tmp_path / "backup" / CUSTODY) as archive:
        assert {(m.mtime, m.uid, m.gid, m.uname, m.mode) for m in archive} == {(0, 0, 0, "", 0o600)}
    assert {path.name: path.stat().st_mode & 0o777 for path in (tmp_path / "backup").iterdir()} == {
        LOG: 0o600,
        CUSTODY: 0o600,
    }


def test_the_log_alone_holds_no_sealed_material(county: County, tmp_path: Path) -> None:
    back_up(county.platform, tmp_path / "backup")
    with closing(sqlite3.connect(tmp_path / "backup" / LOG)) as log:
        tables = {name for (name,) in log.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert tables == {*schema.APPEND_ONLY, "head"}


# -- what is refused --------------------------------------------------------------------------------------------------


def test_nothing_is_overwritten(county: County, new: Platform, tmp_path: Path) -> None:
    back_up(county.platform, tmp_path / "backup")
    with pytest.raises(BadBackup, match="不会被覆盖"):
        back_up(county.platform, tmp_path / "backup")
    with pytest.raises(BadBackup, match="已有密封文件"):
        restore(county.platform, tmp_path / "backup", None)
    (county.platform.settings.home / "files").rename(tmp_path / "elsewhere")
    with pytest.raises(BadBackup, match="已有日志"):
        restore(county.platform, tmp_path / "backup", None)
    (tmp_path / "elsewhere").rename(county.platform.settings.home / "files")
    assert verify_platform(county.platform).count == county.platform.ledger.head()
    restore(new, tmp_path / "backup", None)
    with pytest.raises(BadBackup):
        restore(new, tmp_path / "backup", None)


def test_a_backup_that_is_behind_what_was_signed_is_refused(county: County, tmp_path: Path) -> None:
    """Else the log would be continued in another way than it was, under the same key."""
    back_up(county.platform, tmp_path / "backup")
    county.report()
    make_signer(county.platform).sign_head()
    home = county.spared(tmp_path / "new")
    with closing(open_deployment(home, f"sqlite:///{home / 'log.sqlite'}")) as new:
        with pytest.raises(BadBackup, match="缺少已签署的事件"):
            restore(new, tmp_path / "backup", None)
        assert_untouched(new)
        back_up(county.platform, tmp_path / "newer")
        restore(new, tmp_path / "newer", None)


def test_without_the_signers_memory_nobody_knows_so_nothing_is_restored(
    county: County, new: Platform, tmp_path: Path
) -> None:
    back_up(county.platform, tmp_path / "backup")
    (new.settings.home / "signer" / "last-signed").unlink()
    with pytest.raises(BadBackup, match="last-signed"):
        restore(new, tmp_path / "backup", None)
    assert_untouched(new)


def in_the_log(statement: str) -> Callable[[Path], None]:
    def damage(backup: Path) -> None:
        with closing(sqlite3.connect(backup / LOG)) as log:
            assert log.execute(statement).rowcount > 0
            log.commit()

    return damage


def in_custody(change: Callable[[Path], None]) -> Callable[[Path], None]:
    def damage(backup: Path) -> None:
        place = backup / "unpacked"
        with tarfile.open(backup / CUSTODY) as archive:
            archive.extractall(place, filter="data")
        change(place)
        with tarfile.open(backup / CUSTODY, "w") as archive:
            for path in place.rglob("*"):
                if path.is_file():
                    archive.add(path, path.relative_to(place))

    return damage


def without_an_envelope(place: Path) -> None:
    with closing(sqlite3.connect(place / "custody.sqlite")) as custody:
        custody.execute("DELETE FROM envelope WHERE sha256 = (SELECT min(sha256) FROM envelope)")
        custody.commit()


def with_another_file(place: Path) -> None:
    next(path for path in place.glob("files/*/*")).write_bytes(b"something else")


def without_a_file(place: Path) -> None:
    next(path for path in place.glob("files/*/*")).unlink()


def cut_short(name: str) -> Callable[[Path], None]:
    def damage(backup: Path) -> None:
        os.truncate(backup / name, (backup / name).stat().st_size // 3)

    return damage


def with_a_way_out(backup: Path) -> None:
    with tarfile.open(backup / CUSTODY, "a") as archive:
        archive.add(backup / LOG, "../../escaped")


DAMAGE = {
    "an event that says something else": in_the_log("UPDATE event SET state = '{}' WHERE position = 2"),
    "an event of another value": in_the_log("UPDATE event SET state = x'7b7d' WHERE position = 2"),
    "an event less": in_the_log("DELETE FROM event WHERE position = (SELECT max(position) FROM event)"),
    "a node less": in_the_log("DELETE FROM node WHERE level = 1 AND number = 0"),
    "the head of a shorter log": in_the_log("UPDATE head SET size = 1"),
    "another log's name": in_the_log("UPDATE head SET origin = 'another.example/log'"),
    "another revision": in_the_log("UPDATE head SET revision = 99"),
    "no head": in_the_log("DELETE FROM head"),
    "an envelope less": in_custody(without_an_envelope),
    "another sealed file": in_custody(with_another_file),
    "a sealed file less": in_custody(without_a_file),
    "half a log": cut_short(LOG),
    "half a custody": cut_short(CUSTODY),
    "no log": lambda backup: (backup / LOG).unlink(),
    "no custody": lambda backup: (backup / CUSTODY).unlink(),
    "something that is no backup": lambda backup: (backup / CUSTODY).write_bytes(b"hello"),
    "a way out of the home": with_a_way_out,
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[County, Path]]:
    """A county on SQLite and a backup of it that is whole."""
    directory = tmp_path_factory.mktemp("good")
    platform = make_deployment(directory / "home", f"sqlite:///{directory / 'log.sqlite'}", clock=Clock(NOW))
    county = County(platform, ReceiptCode.new(platform.rng))
    platform.public_door.admit(submission(NOW, attachments=(file("a.txt", b"a"),)), county.code)
    back_up(platform, directory / "backup")
    yield county, directory / "backup"
    platform.close()


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_backup_is_never_restored(
    good: tuple[County, Path], tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    county, whole = good
    backup = Path(shutil.copytree(whole, tmp_path / "backup"))
    damage(backup)
    home = county.spared(tmp_path / "outer" / "new")
    with closing(open_deployment(home, f"sqlite:///{home / 'log.sqlite'}")) as new:
        with pytest.raises((BadBackup, Fault, DamagedLog, schema.SchemaError, BadSetting)):
            restore(new, backup, None)
        assert_untouched(new)
    assert not list(tmp_path.rglob("escaped"))


def test_a_sealed_file_that_is_missing_is_told_before_anything_is_written(county: County, tmp_path: Path) -> None:
    next(path for path in (county.platform.settings.home / "files").rglob("*") if path.is_file()).unlink()
    with pytest.raises(BadBackup, match="supervision verify"):
        back_up(county.platform, tmp_path / "backup")
    assert list((tmp_path / "backup").iterdir()) == []


def test_the_commands_say_what_they_did_and_what_to_keep(good: tuple[County, Path], tmp_path: Path) -> None:
    county, _ = good
    said = _run("backup", tmp_path / "backup", county.platform.settings.home, county.platform.settings.database_url)
    assert said.returncode == 0 and "永久保存" in said.stdout, said.stderr
    home = county.spared(tmp_path / "new")
    said = _run("restore", tmp_path / "backup", home, f"sqlite:///{home / 'log.sqlite'}")
    assert said.returncode == 0 and "已恢复并核验" in said.stdout, said.stderr
    again = _run("restore", tmp_path / "backup", home, f"sqlite:///{home / 'log.sqlite'}")
    assert again.returncode == 1 and len(again.stderr.splitlines()) == 1


def _run(command: str, directory: Path, home: Path, url: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "supervision", command, str(directory)],
        cwd=ROOT,
        env={**os.environ, **environment(home, url)},
        capture_output=True,
        text=True,
        check=False,
    )
