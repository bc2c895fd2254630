"""The ledger: commands write events of aggregates through it, signed, in order, in one transaction."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import UUID

import pytest

from events.canonical import encode
from events.leaf import SignedEvent, leaf_hash
from events.ledger import Conflict, Ledger, SigningError
from events.merkle import Coordinate
from events.model import Event, to_state
from events.signing import Ed25519Signer, is_signed_by, signature_message
from events.store import LogStore
from events.topics import TopicError
from events.vocabulary.intake import ReceiptIssued
from events.vocabulary.register import NumberAssigned
from tests.support.log import ACTED, NOON, ORIGIN, Deployment, digest, open_log, signer, stream

CLERK = signer("clerk")


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[LogStore]:
    store = open_log(database_url, tmp_path)
    yield store
    store.close()


@pytest.fixture
def ledger(store: LogStore) -> Ledger:
    return Ledger(store, ORIGIN)


def assigned(stream_id: UUID, version: int, number: str = "〔2026〕1号") -> NumberAssigned:
    return NumberAssigned(
        originator_id=stream_id, originator_version=version, **ACTED, actor="clerk",
        kind="report", year=2026, serial=version, number=number, subject=str(stream("report")),
    )  # fmt: skip


class Register:
    """As little of an aggregate as the ledger asks for."""

    def __init__(self, *events: Event) -> None:
        self.pending = list(events)

    def collect_events(self) -> Sequence[Event]:
        pending, self.pending = self.pending, []
        return pending


def test_pending_events_of_aggregates_and_single_events_are_written_in_order(ledger: Ledger) -> None:
    first, second = stream("first"), stream("second")
    register = Register(assigned(first, 1), assigned(first, 2))
    receipt = ReceiptIssued(originator_id=second, originator_version=1)
    assert ledger.record(register, receipt, signer=CLERK) == 3
    assert register.pending == []
    assert [recorded.event for recorded in ledger.stored(1, 10)] == [assigned(first, 1), assigned(first, 2), receipt]
    assert ledger.events_of(first) == [assigned(first, 1), assigned(first, 2)]
    assert ledger.head() == 3


def test_what_the_log_knows_about_an_event_comes_with_it(ledger: Ledger) -> None:
    ledger.record(assigned(stream("a"), 1), signer=CLERK)
    (recorded,) = ledger.stored(1, 10, topics=["register.number_assigned.v1"])
    assert (recorded.position, recorded.recorded_at, recorded.key_id) == (1, NOON, CLERK.key_id)
    assert ledger.stored(1, 10, topics=["receipt.issued.v1"]) == []
    assert ledger.stored(2, 10) == []


def test_nothing_to_write_is_no_error_and_writes_nothing(ledger: Ledger) -> None:
    ledger.record(assigned(stream("a"), 1), signer=CLERK)
    assert ledger.record(Register(), signer=CLERK) == 1
    assert ledger.head() == 1


# --- Signatures
# -------------------------------------------------------------------------------------------------


def test_each_event_carries_the_signature_of_its_streams_signer(store: LogStore, ledger: Ledger) -> None:
    reporter = signer("reporter")
    ledger.record(
        ReceiptIssued(originator_id=stream("receipt"), originator_version=1),
        assigned(stream("a"), 1),
        signer=CLERK,
        signers={stream("receipt"): reporter},
    )
    for (_, entry), key in zip(store.entries(1, 2), (reporter, CLERK), strict=True):
        message = signature_message(ORIGIN, entry.stream_id, entry.stream_version, entry.topic, entry.state)
        assert entry.key_id == key.key_id
        assert is_signed_by(key.public_key, message, entry.signature)


def test_an_event_without_a_signer_is_refused(ledger: Ledger) -> None:
    with pytest.raises(SigningError, match="没有签名人"):
        ledger.record(assigned(stream("a"), 1))
    with pytest.raises(SigningError, match="没有签名人"):
        ledger.record(assigned(stream("a"), 1), signers={stream("b"): CLERK})
    assert ledger.head() == 0


def test_a_signer_that_fails_is_found_before_its_signature_is_in_the_log_for_ever(ledger: Ledger) -> None:
    class Forgetful(Ed25519Signer):
        def sign(self, message: bytes) -> bytes:
            return super().sign(message + b"?")

    class Impostor(Ed25519Signer):
        key_id = CLERK.key_id

    for bad in (Forgetful(bytes(32)), Impostor(bytes(32))):
        with pytest.raises(SigningError, match="无法通过验证"):
            ledger.record(assigned(stream("a"), 1), signer=bad)
    assert ledger.head() == 0


# --- Salts
# ------------------------------------------------------------------------------------------------------


def test_a_given_salt_is_used_for_the_first_event_of_its_stream_alone(store: LogStore, ledger: Ledger) -> None:
    salt = digest("from the code")
    events = [assigned(stream("a"), 1), assigned(stream("a"), 2), assigned(stream("b"), 1)]
    ledger.record(*events, signer=CLERK, salts={stream("a"): salt})
    first, second, third = (entry.salt for _, entry in store.entries(1, 3))
    assert first == salt
    assert len({first, second, third}) == 3
    assert {len(first), len(second), len(third)} == {32}


def test_the_holder_of_the_code_can_recompute_the_leaf_of_his_receipt(store: LogStore, ledger: Ledger) -> None:
    """Stream, salt and key come from the code, the state is constant; only the hour has to be tried."""
    Deployment(store).file_report("one")
    key, receipt_id = signer("reporter one"), stream("receipt one")
    message = signature_message(ORIGIN, receipt_id, 1, "receipt.issued.v1", b"{}")
    (_, stored), *_ = store.entries(1, 1)
    recomputed = stored._replace(
        stream_id=receipt_id,
        stream_version=1,
        topic="receipt.issued.v1",
        state=b"{}",
        salt=digest("salt", "one"),
        key_id=key.key_id,
        signature=key.sign(message),
        recorded_at=NOON,
    )
    leaf = store.read_nodes([Coordinate(0, 0)])[Coordinate(0, 0)]
    assert leaf_hash(ORIGIN, recomputed) == leaf


# --- Conflicts
# --------------------------------------------------------------------------------------------------


def test_the_second_of_two_who_decided_on_the_same_state_is_told_which_stream_changed(ledger: Ledger) -> None:
    ledger.record(assigned(stream("a"), 1), signer=CLERK)
    with pytest.raises(Conflict) as conflict:
        ledger.record(assigned(stream("b"), 1), assigned(stream("a"), 1, "other"), signer=CLERK)
    assert conflict.value.stream_ids == (stream("a"),)
    assert ledger.events_of(stream("b")) == []


# --- What the library would do by itself
# ------------------------------------------------------------------------


def test_settings_of_the_library_in_the_environment_are_ignored(
    store: LogStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMPRESSOR_TOPIC", "zlib")
    monkeypatch.setenv("IS_SNAPSHOTTING_ENABLED", "y")
    monkeypatch.setenv("PERSISTENCE_MODULE", "eventsourcing.sqlite")
    ledger = Ledger(store, ORIGIN)
    event = assigned(stream("a"), 1)
    ledger.record(event, signer=CLERK)
    assert ledger.snapshots is None
    assert [entry.state for _, entry in store.entries(1, 1)] == [encode(to_state(event))]


def test_a_class_without_a_topic_is_not_written(ledger: Ledger) -> None:
    with pytest.raises(TopicError, match="没有主题"):
        ledger.record(Event(originator_id=stream("a"), originator_version=1), signer=CLERK)


def test_unknown_arguments_are_refused(ledger: Ledger) -> None:
    with pytest.raises(TypeError, match="neither tracking nor"):
        ledger.save(assigned(stream("a"), 1), signer=CLERK, **{"wrap": b""})


def test_a_ledger_for_another_log_does_not_start(store: LogStore) -> None:
    with pytest.raises(ValueError, match=ORIGIN):
        Ledger(store, "log.other.example/supervision")


# --- Waiting
# ----------------------------------------------------------------------------------------------------


def test_waiting_ends_at_once_for_what_is_there_and_in_time_for_what_is_not(ledger: Ledger) -> None:
    assert not ledger.wait_beyond(0, timeout=0.01)
    ledger.record(assigned(stream("a"), 1), signer=CLERK)
    assert ledger.wait_beyond(0, timeout=0)
    assert not ledger.wait_beyond(1, timeout=0.01)


def test_a_stored_event_that_is_damaged_is_reported_without_its_content(store: LogStore, ledger: Ledger) -> None:
    ledger.record(ReceiptIssued(originator_id=stream("a"), originator_version=1), signer=CLERK)
    (_, entry), *_ = store.entries(1, 1)
    damaged = SignedEvent(*entry[:-1])._replace(stream_id=stream("b"), state=b'{"name":"secret"}')
    store.append([damaged])
    with pytest.raises(ValueError, match="未知字段 name") as refusal:
        ledger.events_of(stream("b"))
    assert "secret" not in str(refusal.value)
