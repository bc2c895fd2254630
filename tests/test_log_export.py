"""`export-log`: which checkpoint of a deployment is exported, and that nothing but the log's hashes is."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from events import note
from events.checkpoint import Checkpoint
from events.cosignature import cosign
from events.leaf import leaf_data
from events.published import files_in
from events.store import DamagedLog
from events.tiles import CHECKPOINT, TileReader
from supervision.business_time import SHANGHAI
from supervision.checkpointing.policy import POLICY_FILE, load_policy
from supervision.checkpointing.signing import make_signer
from supervision.exporting import Exported, export_log
from supervision.platform import Platform
from supervision.sealing.keys import SigningKey
from supervision.sealing.receipt import ReceiptCode
from supervision.settings import BadSetting
from tests.support.deployment import make_deployment, seeds
from tests.support.log import NOON, signer
from tests.support.office import submission

MORNING = datetime(2026, 3, 2, 9, tzinfo=SHANGHAI)


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    home = tmp_path / "home"
    platform = make_deployment(home, f"sqlite:///{home / 'log.sqlite'}", clock=lambda: MORNING)
    yield platform
    platform.close()


def sign(platform: Platform) -> Checkpoint:
    """The signer's turn."""
    return Checkpoint.parse(note.parse(make_signer(platform).sign_head()).text)


def countersign(platform: Platform, checkpoint: Checkpoint, timestamp: int = NOON) -> None:
    """The superior's witness cosigns a checkpoint that was signed."""
    (witness,) = load_policy(platform.settings.home).witnesses
    key = SigningKey(seeds(platform)["superior/witness"])
    cosignature = cosign(checkpoint.text(), witness.key.name, key, timestamp)
    platform.log.checkpoints.add_cosignatures(checkpoint.size, [cosignature])


def report(platform: Platform) -> None:
    platform.public_door.admit(submission(MORNING), ReceiptCode.new(platform.rng))


def test_the_newest_checkpoint_that_the_witness_has_countersigned_is_exported(
    platform: Platform, tmp_path: Path
) -> None:
    first = sign(platform)
    report(platform)
    second = sign(platform)
    report(platform)
    third = sign(platform)
    countersign(platform, first)
    countersign(platform, second)
    assert export_log(platform, tmp_path / "site") == Exported(second, countersigned=True)
    published = (tmp_path / "site" / CHECKPOINT).read_bytes()
    assert load_policy(platform.settings.home).open_checkpoint(published).checkpoint == second
    countersign(platform, third)
    assert export_log(platform, tmp_path / "site") == Exported(third, countersigned=True)


def test_without_countersignature_the_newest_checkpoint_is_exported_and_said_to_have_none(
    platform: Platform, tmp_path: Path
) -> None:
    sign(platform)
    report(platform)
    newest = sign(platform)
    assert export_log(platform, tmp_path / "site") == Exported(newest, countersigned=False)


def test_where_nobody_is_asked_to_countersign_the_newest_checkpoint_is_exported(
    platform: Platform, tmp_path: Path
) -> None:
    first = sign(platform)
    countersign(platform, first)
    report(platform)
    newest = sign(platform)
    path = platform.settings.home / POLICY_FILE
    path.write_text(path.read_text().split("witness")[0] + "quorum none\n")
    assert export_log(platform, tmp_path / "site") == Exported(newest, countersigned=False)


def test_the_export_is_the_leaf_data_of_every_entry_and_nothing_else(platform: Platform, tmp_path: Path) -> None:
    report(platform)
    signed = sign(platform)
    export_log(platform, tmp_path / "site")
    entries = [recorded.entry for recorded in platform.log.scan(signed.size)]
    bundle = TileReader(files_in(tmp_path / "site"), signed.size, signed.root).bundle(0)
    assert bundle == [leaf_data(platform.settings.origin, entry) for entry in entries]
    everything = b"".join(path.read_bytes() for path in (tmp_path / "site").rglob("*") if path.is_file())
    for entry in entries:
        for secret in (entry.state, entry.salt, entry.signature, entry.stream_id.bytes, entry.topic.encode()):
            assert secret not in everything


def test_a_log_that_was_never_signed_is_not_exported(platform: Platform, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="还没有签署过检查点"):
        export_log(platform, tmp_path / "site")
    assert not (tmp_path / "site").exists()


def test_a_directory_of_another_log_is_refused_in_one_line(platform: Platform, tmp_path: Path) -> None:
    sign(platform)
    (tmp_path / CHECKPOINT).write_text("something else\n")
    with pytest.raises(BadSetting, match=r"导出目录：.*请换一个目录") as refusal:
        export_log(platform, tmp_path)
    assert "\n" not in str(refusal.value)


def test_a_forged_checkpoint_in_the_database_is_not_exported(platform: Platform, tmp_path: Path) -> None:
    """Somebody with the database password replaces one by what he signed himself."""
    checkpoint = sign(platform)
    signature = note.sign(checkpoint.text(), checkpoint.origin, signer("thief"))
    forged = note.Note(checkpoint.text(), (signature,)).encode().decode()
    with platform.log._engine.begin() as connection:
        connection.execute(text("DROP TRIGGER checkpoint_no_update"))
        connection.execute(text("UPDATE checkpoint SET note = :note"), {"note": forged})
    with pytest.raises(DamagedLog, match="supervision verify"):
        export_log(platform, tmp_path / "site")
    assert not (tmp_path / "site").exists()
