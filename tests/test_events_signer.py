"""The checkpoint signer signs what has grown from what it signed before and nothing else, whatever a database says."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError
from sqlalchemy import delete, text, update

from events import schema
from events.checkpoint import Checkpoint
from events.checkpoints import SignedCheckpoint
from events.cosignature import cosign
from events.merkle import EMPTY_ROOT, Coordinate
from events.note import NoteVerifier, open_note
from events.signer import CheckpointSigner
from events.signer_memory import Remembered, SignerMemory
from events.store import DamagedLog, LogStore
from tests.support.log import NOON, ORIGIN, Clock, Deployment, open_log, signer
from tests.support.signing import memory_in, signer_of

LOG_KEY = signer("log")
VERIFIER = NoteVerifier(ORIGIN, LOG_KEY.public_key)


@pytest.fixture
def deployment(database_url: str, tmp_path: Path) -> Iterator[Deployment]:
    store = open_log(database_url, tmp_path)
    yield Deployment(store)
    store.close()


@pytest.fixture
def memory(tmp_path: Path) -> SignerMemory:
    return memory_in(tmp_path)


@pytest.fixture
def signing(deployment: Deployment, memory: SignerMemory) -> CheckpointSigner:
    return CheckpointSigner(deployment.store, LOG_KEY, memory, Clock())


def checkpoint(note: bytes) -> Checkpoint:
    return Checkpoint.parse(open_note(note, [VERIFIER])[0].text)


def published(store: LogStore) -> list[int]:
    """Sizes of the checkpoints in the database."""
    with store._engine.connect() as connection:
        return sorted(connection.scalars(schema.checkpoint.select().with_only_columns(schema.checkpoint.c.size)))


def tamper(store: LogStore, *statements: Any) -> None:
    """What somebody with the database password can do."""
    postgres = store._engine.dialect.name == "postgresql"
    with store._engine.begin() as connection:
        for table in schema.APPEND_ONLY:
            trigger = f"{table}_no_change ON {table}" if postgres else f"{table}_no_delete"
            connection.execute(text(f"DROP TRIGGER IF EXISTS {trigger}"))
        for statement in statements:
            connection.execute(statement)


# -- what is signed -------------------------------------------------------------------------------------------------


def test_the_head_is_signed_as_a_checkpoint_of_the_log(deployment: Deployment, signing: CheckpointSigner) -> None:
    deployment.live()
    head = deployment.store.head()
    note = signing.sign_head()
    assert checkpoint(note) == Checkpoint(ORIGIN, 9, head.root)
    assert deployment.store.checkpoints.last() == SignedCheckpoint(9, note, NOON)


def test_an_empty_log_can_be_signed(deployment: Deployment, signing: CheckpointSigner) -> None:
    assert checkpoint(signing.sign_head()) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)


def test_a_log_that_has_not_grown_keeps_its_checkpoint(deployment: Deployment, signing: CheckpointSigner) -> None:
    deployment.live()
    assert signing.sign_head() == signing.sign_head()


def test_each_checkpoint_of_a_growing_log_is_kept_and_verifies(
    deployment: Deployment, signing: CheckpointSigner
) -> None:
    roots = {}
    for name in ("a", "b", "c"):
        deployment.file_report(name)
        signed = checkpoint(signing.sign_head())
        roots[signed.size] = signed.root
    assert sorted(roots) == [2, 4, 6]
    assert deployment.verify(roots).count == 6


def test_of_two_signers_at_once_both_get_the_same_checkpoint(deployment: Deployment, memory: SignerMemory) -> None:
    deployment.live()
    with ThreadPoolExecutor(4) as pool:
        notes = list(
            pool.map(lambda _: CheckpointSigner(deployment.store, LOG_KEY, memory, Clock()).sign_head(), range(8))
        )
    assert len(set(notes)) == 1


def test_signers_on_several_machines_and_a_log_that_grows_never_sign_two_histories(
    deployment: Deployment, tmp_path: Path
) -> None:
    machines = [signer_of(deployment.store, tmp_path / name) for name in ("one", "two", "three")]
    with ThreadPoolExecutor(4) as pool:
        growing = pool.submit(lambda: [deployment.file_report(f"r{number}") for number in range(30)])
        notes = []
        while not growing.done():
            notes += [checkpoint(note) for note in pool.map(lambda machine: machine.sign_head(), machines)]
    roots = {one.size: one.root for one in notes}
    assert {(one.size, one.root) for one in notes} == set(roots.items())
    assert deployment.verify(roots).count == 60
    assert {checkpoint(machine.sign_head()).size for machine in machines} == {60}


def test_a_second_checkpoint_of_the_same_size_is_never_kept(deployment: Deployment, signing: CheckpointSigner) -> None:
    deployment.live()
    note = signing.sign_head()
    with pytest.raises(IntegrityError):
        deployment.store.checkpoints.add(SignedCheckpoint(9, b"fork", NOON))
    assert deployment.store.checkpoints.last().note == note


# -- crashes ----------------------------------------------------------------------------------------------------------


def test_what_was_signed_and_not_published_is_published_as_it_is(
    deployment: Deployment, signing: CheckpointSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.file_report("a")
    signing.sign_head()
    deployment.file_report("b")
    with monkeypatch.context() as crash:
        crash.setattr(CheckpointSigner, "_publish", _die)
        with pytest.raises(KeyboardInterrupt):
            signing.sign_head()
    assert published(deployment.store) == [2]
    deployment.file_report("c")
    assert checkpoint(signing.sign_head()).size == 6
    assert published(deployment.store) == [2, 4, 6]


def test_what_was_signed_and_not_remembered_is_signed_by_nobody(
    deployment: Deployment, signing: CheckpointSigner, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployment.file_report("a")
    with monkeypatch.context() as crash:
        crash.setattr(SignerMemory, "swap", _die)
        with pytest.raises(KeyboardInterrupt):
            signing.sign_head()
    deployment.file_report("b")
    signing.sign_head()
    assert published(deployment.store) == [4]


def _die(*_: object) -> None:
    raise KeyboardInterrupt


# -- what is refused --------------------------------------------------------------------------------------------------


def refuses(signing: CheckpointSigner) -> str:
    """Refuses to sign, to begin, and still does when asked again; gives the reason."""
    for act in (signing.sign_head, signing.check, signing.sign_head):
        with pytest.raises(DamagedLog) as refused:
            act()
        assert "\n" not in str(refused.value)
    return str(refused.value)


def peaks(store: LogStore, *nodes: Coordinate) -> bytes:
    stored = store.read_nodes(nodes)
    return b"".join(stored[node] for node in nodes)


@pytest.mark.parametrize("table_too", [False, True], ids=["checkpoints stay", "checkpoints go"])
@pytest.mark.parametrize("forgery", ["shorter", "forked", "grown from another past", "renamed"])
def test_what_did_not_grow_from_the_last_checkpoint_is_not_signed(
    deployment: Deployment, signing: CheckpointSigner, forgery: str, table_too: bool
) -> None:
    deployment.live()
    store = deployment.store
    signing.sign_head()
    forged: dict[str, dict[str, Any]] = {
        "shorter": {"size": 8, "frontier": peaks(store, Coordinate(3, 0))},
        "forked": {"size": 9, "frontier": peaks(store, Coordinate(3, 0), Coordinate(0, 0))},
        "grown from another past": {"size": 10, "frontier": peaks(store, Coordinate(3, 0), Coordinate(1, 0))},
        "renamed": {"origin": "log.other.example"},
    }
    tamper(store, update(schema.head).values(forged[forgery]))
    if table_too:
        tamper(store, delete(schema.checkpoint))
    assert "supervision verify" in refuses(signing)
    assert published(store) == ([] if table_too else [9])


def test_a_database_that_was_put_back_is_not_signed_even_when_it_has_grown_again(
    deployment: Deployment, signing: CheckpointSigner
) -> None:
    deployment.file_report("a")
    deployment.file_report("lost")
    signing.sign_head()
    store = deployment.store
    tamper(
        store,
        delete(schema.checkpoint),
        delete(schema.event).where(schema.event.c.position > 2),
        delete(schema.node).where(schema.node.c.number > 1),
        delete(schema.node).where(schema.node.c.level > 1),
        delete(schema.node).where(schema.node.c.level == 1, schema.node.c.number > 0),
        update(schema.head).values(size=2, frontier=peaks(store, Coordinate(1, 0))),
        delete(schema.lookup),
        delete(schema.envelope),
        delete(schema.wrap),
    )
    assert store.open().size == 2, "to the database alone nothing is wrong"
    assert "已签署到第 4 条，现有 2 条" in refuses(signing)
    for name in ("b", "c", "d"):
        deployment.file_report(name)
        refuses(signing)
    assert published(store) == []


def test_a_lost_table_of_checkpoints_is_noticed_though_the_log_is_whole(
    deployment: Deployment, signing: CheckpointSigner
) -> None:
    for name in ("a", "b"):
        deployment.file_report(name)
        signing.sign_head()
    tamper(deployment.store, delete(schema.checkpoint))
    assert "检查点却有缺失" in refuses(signing)


def test_a_checkpoint_by_another_key_is_not_built_upon(
    deployment: Deployment, signing: CheckpointSigner, tmp_path: Path
) -> None:
    deployment.live()
    signer_of(deployment.store, tmp_path / "thief", signer("thief")).sign_head()
    assert "不能用本日志的密钥核验" in refuses(signing)


# -- the memory -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", [None, b"", b"published 9", b"published x\n\nnote", b"published 0\n\nnot a note\n"])
def test_without_a_whole_memory_nothing_is_signed(
    deployment: Deployment, signing: CheckpointSigner, tmp_path: Path, damage: bytes | None
) -> None:
    deployment.file_report("a")
    path = tmp_path / "signer" / "last-signed"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    refuses(signing)
    assert published(deployment.store) == []


def test_a_lost_memory_is_restored_from_what_a_witness_has_kept(
    deployment: Deployment, signing: CheckpointSigner, tmp_path: Path
) -> None:
    deployment.file_report("a")
    note = signing.sign_head()
    kept = note + cosign(checkpoint(note).text(), "w.example", signer("w"), NOON).line().encode()
    (tmp_path / "signer" / "last-signed").write_bytes(b"published 0\n\n" + kept)
    deployment.file_report("b")
    assert checkpoint(signing.sign_head()).size == 4


def test_a_memory_from_a_backup_catches_up_with_the_database(
    deployment: Deployment, signing: CheckpointSigner, memory: SignerMemory, tmp_path: Path
) -> None:
    deployment.file_report("a")
    signing.sign_head()
    path = tmp_path / "signer" / "last-signed"
    backup = path.read_bytes()
    deployment.file_report("b")
    newest = signing.sign_head()
    path.write_bytes(backup)
    signing.check()
    assert signing.sign_head() == newest
    assert memory.recall() == Remembered(newest, 4)


def test_what_is_remembered_is_swapped_only_by_who_has_seen_it(memory: SignerMemory) -> None:
    first = memory.recall()
    assert memory.swap(first, Remembered(b"second", 0))
    assert not memory.swap(first, Remembered(b"another", 0))
    assert memory.recall() == Remembered(b"second", 0)


def test_a_memory_is_begun_once(memory: SignerMemory) -> None:
    with pytest.raises(FileExistsError):
        memory.begin(b"note")


def test_the_memory_is_its_owners_alone(memory: SignerMemory, tmp_path: Path) -> None:
    assert all(path.stat().st_mode & 0o077 == 0 for path in [tmp_path / "signer", *(tmp_path / "signer").iterdir()])
