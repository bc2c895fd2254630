"""``supervision shred``: afterwards the bytes are nowhere on this machine, and no backup brings them back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from supervision.backing_up import back_up
from supervision.casework import retention as use
from supervision.casework.content import sealings_of
from supervision.domain.retention_rules import DestructionScope
from supervision.platform import Platform
from supervision.shredding import destroy_keys
from tests.support.deployment import environment, open_deployment
from tests.support.office import Office, staffed
from tests.test_retention_appraisal import AFTER_TEN_YEARS, agreed, archived
from tests.test_retention_layer import readable


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as found:
        yield found


def ciphertexts(office: Office, report_id: UUID) -> dict[str, bytes]:
    """The end of everything sealed of a report, by its hash: bytes that lie nowhere else."""
    custody, found = office.desk.custody, {}
    for event in office.events(report_id):
        for sealing in sealings_of(event):
            for item in sealing.items:
                sha256 = bytes.fromhex(item.sha256)
                path = custody.file_path(sha256)
                found[item.sha256] = (path.read_bytes() if item.kind == "file" else custody.envelope(sha256) or b"")[
                    -64:
                ]
            for wrap in (wrap for key in sealing.keys for wrap in key.wraps):
                found[wrap.sha256] = (custody.wrap(bytes.fromhex(wrap.sha256)) or b"")[-64:]
    return found


def on_disk(directory: Path) -> bytes:
    """Every byte of database, write-ahead log, files, read models, index, spool."""
    return b"".join(path.read_bytes() for path in sorted(directory.rglob("*")) if path.is_file())


def test_the_bytes_are_there_before_and_gone_after(office: Office, tmp_path: Path) -> None:
    report_id, _ = archived(office)
    others, _ = archived(office)
    office.clock.now = AFTER_TEN_YEARS
    appraisal = agreed(office, report_id, scope=DestructionScope.EVERYTHING)
    sealed, stays = ciphertexts(office, report_id), ciphertexts(office, others)
    before = on_disk(tmp_path)
    assert len(sealed) > 10 and all(one in before for one in (*sealed.values(), *stays.values()))
    use.carry_out(office.desk, office.sessions["clerk-1"], appraisal)
    after = on_disk(tmp_path)
    assert not any(one in after for one in sealed.values())
    assert all(one in after for one in stays.values())


def test_a_copy_of_the_database_from_before_opens_nothing_once_the_period_s_keys_are_gone(
    office: Office, tmp_path: Path
) -> None:
    """With every private key of the ceremony, the home and its files: the thief comes too late."""
    report_id, _ = archived(office)
    back_up(office.platform, tmp_path / "backup")
    keys = office.platform.retention.carried().values()
    assert keys and not any(key.hex().encode() in on_disk(tmp_path / "backup") for key in keys)
    with closing(sqlite3.connect(tmp_path / "log.sqlite")) as now, closing(sqlite3.connect(tmp_path / "old")) as old:
        now.backup(old)
    earlier = open_deployment(office.platform.settings.home, f"sqlite:///{tmp_path / 'old'}", clock=office.clock)
    with closing(earlier):
        assert readable(earlier, report_id) == {"identity", "contact", "source", "content", "facts"}
        office.clock.now = AFTER_TEN_YEARS
        me = office.sessions["clerk-1"]
        use.carry_out(office.desk, me, agreed(office, report_id, scope=DestructionScope.EVERYTHING))
        assert len(destroy_keys(office.platform, me, grace=0)) == 2
        assert earlier.custody.wraps_for(report_id) and readable(earlier, report_id) == set()


def test_after_a_crash_between_two_reports_the_next_run_goes_on(office: Office) -> None:
    one, two = archived(office)[0], archived(office)[0]
    office.clock.now = AFTER_TEN_YEARS
    appraisal = agreed(office, one, two, scope=DestructionScope.EVERYTHING)
    me = office.sessions["clerk-1"]
    use._destroy(office.desk, me, office.desk.appraisal(appraisal), one)
    assert use.carry_out(office.desk, me, appraisal).destroyed == (one, two)
    assert office.verify()


def test_keys_are_carried_apart_and_taken_in_again(office: Office, tmp_path: Path) -> None:
    report_id, _ = archived(office)
    home, carried = office.platform.settings.home, tmp_path / "carried.json"
    run(office.platform, "retention", "export", carried)
    assert carried.stat().st_mode & 0o777 == 0o600
    assert "已存在" in run(office.platform, "retention", "export", carried, fails=True)
    names = office.platform.retention.names()
    shutil.rmtree(home / "retention")
    archived(office)  # the platform goes on under new keys meanwhile
    assert f"已装入 {len(names)} 把" in run(office.platform, "retention", "import", carried)
    assert office.read("clerk-1", report_id).text
    assert set(names) < set(office.platform.retention.names())


def test_a_key_that_was_destroyed_is_not_taken_in_again(office: Office, tmp_path: Path) -> None:
    report_id, _ = archived(office)
    run(office.platform, "retention", "export", tmp_path / "carried.json")
    names = office.platform.retention.names()
    office.clock.now = AFTER_TEN_YEARS
    me = office.sessions["clerk-1"]
    use.carry_out(office.desk, me, agreed(office, report_id, scope=DestructionScope.EVERYTHING))
    assert destroy_keys(office.platform, me, grace=0) == names
    said = run(office.platform, "retention", "import", tmp_path / "carried.json")
    assert "已装入 0 把" in said and said.count("已经鉴定销毁") == len(names)
    assert office.platform.retention.names() == []


@pytest.mark.parametrize("damage", ["{}", "[]", "no json", '{"format": "supervision/retention-keys/v1"}'])
def test_what_is_no_file_of_keys_is_refused_in_one_line(office: Office, tmp_path: Path, damage: str) -> None:
    (tmp_path / "carried.json").write_text(damage)
    said = run(office.platform, "retention", "import", tmp_path / "carried.json", fails=True)
    assert said.startswith("retention：") and said.count("\n") == 1


def run(platform: Platform, *arguments: str | Path, typed: str = "", fails: bool = False) -> str:
    """What the command said; on standard error where it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "supervision", *map(str, arguments)],
        env={**os.environ, **environment(platform.settings.home, platform.settings.database_url)},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == fails, done.stderr
    return done.stderr if fails else done.stdout
