"""The checkpoint signer: signs what has grown from what it signed before, and nothing else."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from eventsourcing.persistence import IntegrityError
from sqlalchemy import update

from events import schema
from events.checkpoint import Checkpoint
from events.checkpoints import SignedCheckpoint
from events.merkle import EMPTY_ROOT, Coordinate
from events.note import NoteError, NoteVerifier, open_note
from events.signer import CheckpointSigner
from events.store import DamagedLog, LogStore
from tests.support.log import NOON, ORIGIN, Deployment, open_log, signer

LOG_KEY = signer("log")
VERIFIER = NoteVerifier(ORIGIN, LOG_KEY.public_key)


@pytest.fixture
def deployment(database_url: str, tmp_path: Path) -> Iterator[Deployment]:
    store = open_log(database_url, tmp_path)
    yield Deployment(store)
    store.close()


def checkpoint(note: bytes) -> Checkpoint:
    return Checkpoint.parse(open_note(note, [VERIFIER])[0].text)


def test_the_head_is_signed_as_a_checkpoint_of_the_log(deployment: Deployment) -> None:
    deployment.live()
    head = deployment.store.head()
    note = CheckpointSigner(deployment.store, LOG_KEY).sign_head()
    assert checkpoint(note) == Checkpoint(ORIGIN, 9, head.root)
    assert deployment.store.checkpoints.last().note == note


def test_an_empty_log_can_be_signed(deployment: Deployment) -> None:
    note = CheckpointSigner(deployment.store, LOG_KEY).sign_head()
    assert checkpoint(note) == Checkpoint(ORIGIN, 0, EMPTY_ROOT)


def test_a_log_that_has_not_grown_keeps_its_checkpoint(deployment: Deployment) -> None:
    deployment.live()
    signing = CheckpointSigner(deployment.store, LOG_KEY)
    assert signing.sign_head() == signing.sign_head()


def test_each_checkpoint_of_a_growing_log_is_kept_and_verifies(deployment: Deployment) -> None:
    signing = CheckpointSigner(deployment.store, LOG_KEY)
    roots = {}
    for name in ("a", "b", "c"):
        deployment.file_report(name)
        signed = checkpoint(signing.sign_head())
        roots[signed.size] = signed.root
    assert sorted(roots) == [2, 4, 6]
    assert deployment.verify(roots).count == 6


def test_of_two_signers_at_once_both_get_the_same_checkpoint(deployment: Deployment) -> None:
    deployment.live()
    with ThreadPoolExecutor(4) as pool:
        notes = list(pool.map(lambda _: CheckpointSigner(deployment.store, LOG_KEY).sign_head(), range(8)))
    assert len(set(notes)) == 1


def test_a_second_checkpoint_of_the_same_size_is_never_kept(deployment: Deployment) -> None:
    deployment.live()
    note = CheckpointSigner(deployment.store, LOG_KEY).sign_head()
    with pytest.raises(IntegrityError):
        deployment.store.checkpoints.add(SignedCheckpoint(9, b"fork", NOON))
    assert deployment.store.checkpoints.last().note == note


def peaks(store: LogStore, *nodes: Coordinate) -> bytes:
    stored = store.read_nodes(nodes)
    return b"".join(stored[node] for node in nodes)


def test_what_did_not_grow_from_the_last_checkpoint_is_not_signed(deployment: Deployment) -> None:
    deployment.live()
    store, signing = deployment.store, CheckpointSigner(deployment.store, LOG_KEY)
    note = signing.sign_head()
    forged: dict[str, dict[str, Any]] = {
        "shorter": {"size": 8, "frontier": peaks(store, Coordinate(3, 0))},
        "forked": {"size": 9, "frontier": peaks(store, Coordinate(3, 0), Coordinate(0, 0))},
        "grown from another past": {"size": 10, "frontier": peaks(store, Coordinate(3, 0), Coordinate(1, 0))},
        "renamed": {"origin": "log.other.example"},
    }
    for values in forged.values():
        with store._engine.begin() as connection:
            connection.execute(update(schema.head).values(values))
        with pytest.raises((DamagedLog, NoteError)):
            signing.sign_head()
        assert store.checkpoints.last().note == note


def test_a_checkpoint_by_another_key_is_not_built_upon(deployment: Deployment) -> None:
    CheckpointSigner(deployment.store, signer("thief")).sign_head()
    deployment.live()
    with pytest.raises(NoteError):
        CheckpointSigner(deployment.store, LOG_KEY).sign_head()
