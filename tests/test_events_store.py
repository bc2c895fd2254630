"""The store: positions without gaps, whole hours, optimistic concurrency, and a database that refuses change."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
import sqlalchemy
from eventsourcing.persistence import IntegrityError
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from events import schema
from events.cosignature import cosign
from events.custody import CustodyBatch, LookupRow
from events.leaf import SALT_BYTES, SignedEvent, leaf_hash
from events.merkle import Coordinate, Frontier, prove_inclusion, verify_inclusion
from events.schema import SchemaError
from events.sequencer import Conflict
from events.signing import signature_message
from events.store import DamagedLog, LogStore
from tests.support.log import NOON, ORIGIN, Clock, digest, open_log, signer, stream
from tests.support.signing import signer_of

CLERK = signer("clerk")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[LogStore]:
    store = open_log(database_url, tmp_path, clock)
    yield store
    store.close()


def event(stream_id: UUID, version: int, topic: str = "thing.happened.v1", state: bytes = b"{}") -> SignedEvent:
    signature = CLERK.sign(signature_message(ORIGIN, stream_id, version, topic, state))
    return SignedEvent(stream_id, version, topic, state, digest("salt"), CLERK.key_id, signature)


def tamper(store: LogStore, statement: str) -> None:
    """What somebody with the database password would do."""
    with store._engine.begin() as connection:
        connection.execute(text(statement))


# --- Positions
# --------------------------------------------------------------------------------------------------


def test_positions_count_from_one_without_a_gap(store: LogStore) -> None:
    assert store.append([event(stream("a"), 1), event(stream("b"), 1)]) == [1, 2]
    assert store.append([event(stream("a"), 2)]) == [3]
    assert store.size() == 3
    assert [position for position, _ in store.entries(1, 10)] == [1, 2, 3]


def test_a_conflict_leaves_no_gap(store: LogStore) -> None:
    store.append([event(stream("a"), 1)])
    with pytest.raises(Conflict) as conflict:
        store.append([event(stream("b"), 1), event(stream("a"), 1)])
    assert conflict.value.stream_ids == (stream("a"),)
    assert isinstance(conflict.value, IntegrityError)
    assert store.append([event(stream("b"), 1)]) == [2]


def test_a_version_that_is_ahead_of_its_stream_is_refused(store: LogStore) -> None:
    for versions in ([2], [1, 3], [0]):
        with pytest.raises((ValueError, Conflict)):
            store.append([event(stream("a"), version) for version in versions])
    assert store.size() == 0


def test_the_same_event_twice_in_one_call_is_a_conflict(store: LogStore) -> None:
    with pytest.raises(Conflict):
        store.append([event(stream("a"), 1), event(stream("a"), 1)])
    assert store.size() == 0


@pytest.mark.parametrize("field", ["salt", "key_id", "signature"])
def test_what_has_not_the_length_of_the_format_is_refused(store: LogStore, field: str) -> None:
    good = event(stream("a"), 1)
    bad = SignedEvent(**(good._asdict() | {field: getattr(good, field) + b"\x00"}))
    with pytest.raises(ValueError, match="长度不对"):
        store.append([bad])
    assert store.size() == 0


def test_what_the_database_itself_refuses_is_reported_without_its_content(store: LogStore) -> None:
    bad = LookupRow("import", b"secret", stream("a"))
    with pytest.raises(IntegrityError) as refusal:
        store.append([event(stream("a"), 1)], CustodyBatch(lookups=(bad,)))
    assert "secret" not in str(refusal.value) and refusal.value.__cause__ is None
    assert store.append([event(stream("a"), 1)]) == [1]


def test_a_large_batch_is_one_append(store: LogStore) -> None:
    positions = store.append([event(uuid4(), 1) for _ in range(2500)])
    assert positions == list(range(1, 2501))


# --- Time
# -------------------------------------------------------------------------------------------------------


def test_the_log_records_the_hour_and_no_finer_time(store: LogStore, clock: Clock) -> None:
    clock.now = NOON + 3599.9
    store.append([event(stream("a"), 1)])
    clock.now = NOON + 3600
    store.append([event(stream("a"), 2)])
    assert [entry.recorded_at for _, entry in store.entries(1, 2)] == [NOON, NOON + 3600]


def test_time_in_the_log_never_runs_backwards(store: LogStore, clock: Clock) -> None:
    store.append([event(stream("a"), 1)])
    clock.now = NOON - 86_400
    store.append([event(stream("a"), 2)])
    assert [entry.recorded_at for _, entry in store.entries(1, 2)] == [NOON, NOON]


# --- Reading
# ----------------------------------------------------------------------------------------------------


def test_an_event_is_read_back_as_it_was_written(store: LogStore) -> None:
    written = event(stream("a"), 1, state='{"说明":"\x00"}'.encode())
    store.append([written])
    (position, entry), *_ = store.entries(1, 1)
    assert position == 1 and entry[: len(written)] == written


def test_entries_are_chosen_by_position_and_topic(store: LogStore) -> None:
    store.append([event(stream("a"), v, topic=f"thing.{'odd' if v % 2 else 'even'}.v1") for v in range(1, 10)])
    assert [p for p, _ in store.entries(4, 3)] == [4, 5, 6]
    assert [p for p, _ in store.entries(4, 10, stop=5)] == [4, 5]
    assert [p for p, _ in store.entries(1, 3, topics=["thing.even.v1"])] == [2, 4, 6]
    assert [p for p, _ in store.scan(7, chunk=2)] == [1, 2, 3, 4, 5, 6, 7]


def test_a_stream_is_read_by_version_in_either_direction(store: LogStore) -> None:
    store.append([event(stream("a"), v) for v in range(1, 6)] + [event(stream("b"), 1)])
    assert [e.stream_version for e in store.stream(stream("a"))] == [1, 2, 3, 4, 5]
    assert [e.stream_version for e in store.stream(stream("a"), gt=1, lte=4)] == [2, 3, 4]
    assert [e.stream_version for e in store.stream(stream("a"), desc=True, limit=2)] == [5, 4]
    assert store.stream(stream("unknown")) == []


# --- The tree
# ---------------------------------------------------------------------------------------------------


@settings(max_examples=10)
@given(batches=st.lists(st.integers(1, 9), min_size=1, max_size=8))
def test_the_head_has_the_root_of_all_leaves_however_they_were_batched(
    tmp_path_factory: pytest.TempPathFactory, batches: list[int]
) -> None:
    home = tmp_path_factory.mktemp("log")
    store = open_log(f"sqlite:///{home / 'log.sqlite3'}", home)
    for number, length in enumerate(batches):
        store.append([event(stream(number), version) for version in range(1, length + 1)])
    frontier = Frontier()
    for _, entry in store.scan(store.size()):
        frontier.append(leaf_hash(ORIGIN, entry))
    assert store.head().root == frontier.root()
    store.open()
    store.close()


def test_each_entry_can_be_proved_from_stored_nodes(store: LogStore) -> None:
    for version in range(1, 12):
        store.append([event(stream("a"), version)])
    head = store.head()
    for position, entry in store.scan(head.size):
        proof = prove_inclusion(position - 1, head.size, store.read_nodes)
        verify_inclusion(leaf_hash(ORIGIN, entry), position - 1, head.size, proof, head.root)


def test_a_missing_node_is_left_out_of_the_answer(store: LogStore) -> None:
    store.append([event(stream("a"), 1)])
    assert set(store.read_nodes([Coordinate(0, 0), Coordinate(1, 0)])) == {Coordinate(0, 0)}
    assert store.read_nodes([]) == {}


# --- The database refuses change
# --------------------------------------------------------------------------------


@pytest.mark.parametrize("table", schema.APPEND_ONLY)
@pytest.mark.parametrize("statement", ["DELETE FROM {}", "UPDATE {} SET {} = {}"])
def test_rows_of_the_log_are_neither_changed_nor_deleted(
    store: LogStore, tmp_path: Path, table: str, statement: str
) -> None:
    store.append([event(stream("a"), 1)])
    signer_of(store, tmp_path).sign_head()
    store.checkpoints.add_cosignatures(1, [cosign(store.head().checkpoint().text(), "witness", signer("w"), NOON)])
    column = schema.metadata.tables[table].columns.keys()[0]
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"):
        tamper(store, statement.format(table, column, column))


def test_postgresql_refuses_to_truncate_the_log(store: LogStore) -> None:
    if store._engine.dialect.name == "postgresql":
        with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"):
            tamper(store, "TRUNCATE event")


# --- Opening
# ----------------------------------------------------------------------------------------------------


def test_a_database_without_a_log_says_which_command_makes_one(database_url: str, tmp_path: Path) -> None:
    store = LogStore(database_url, tmp_path)
    with pytest.raises(SchemaError, match="supervision init"):
        store.open()
    store.close()


def test_a_log_is_not_made_twice(store: LogStore) -> None:
    store.append([event(stream("a"), 1)])
    with pytest.raises(SchemaError, match="已有日志"):
        store.create(ORIGIN)
    assert store.size() == 1


def test_another_revision_of_the_schema_is_refused(store: LogStore) -> None:
    tamper(store, "UPDATE head SET revision = 99")
    with pytest.raises(SchemaError, match="结构版本为 99"):
        store.open()


def test_a_log_without_a_head_says_so(store: LogStore) -> None:
    tamper(store, "DELETE FROM head")
    for read in (store.open, store.size, store.head):
        with pytest.raises((DamagedLog, SchemaError)):
            read()


@pytest.mark.parametrize("origin", ["", "two words", "plus+sign", "line\nbreak"])
def test_a_log_needs_a_name_that_can_be_a_key_name(database_url: str, tmp_path: Path, origin: str) -> None:
    store = LogStore(database_url, tmp_path)
    with pytest.raises(ValueError, match="密钥名称"):
        store.create(origin)
    store.close()


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///:memory:", "mysql://localhost/log", "postgresql://localhost/log"]
)
def test_a_database_that_cannot_hold_a_log_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ValueError, match="数据库"):
        LogStore(url, tmp_path)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE head SET size = 2, frontier = (SELECT hash FROM node WHERE level = 1 AND number = 0)",
        "UPDATE head SET size = 4, frontier = (SELECT hash FROM node WHERE level = 0 AND number = 0)",
        "UPDATE head SET size = 0, frontier = ''",
        "UPDATE head SET frontier = ''",
        "DROP TRIGGER {};DELETE FROM node WHERE level = 1 AND number = 0",
    ],
)
def test_a_log_that_does_not_match_its_last_checkpoint_is_not_written_to(
    store: LogStore, tmp_path: Path, damage: str
) -> None:
    store.append([event(stream("a"), version) for version in (1, 2, 3)])
    signer_of(store, tmp_path).sign_head()
    on_postgres = store._engine.dialect.name == "postgresql"
    for statement in damage.split(";"):
        tamper(store, statement.format("node_no_change ON node" if on_postgres else "node_no_delete"))
    with pytest.raises(DamagedLog, match="supervision verify"):
        store.open()


def test_random_salts_have_the_length_of_the_format() -> None:
    assert len(digest("salt")) == SALT_BYTES


# --- SQLite
# -----------------------------------------------------------------------------------------------------


def test_sqlite_is_durable_and_wipes_what_is_deleted(tmp_path: Path) -> None:
    store = open_log(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)
    with store._engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "secure_delete")
        }
    store.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1}
