"""The verifier: whatever is changed, removed, reordered, forged or lost is found, and said without content."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Executable, Table, delete, insert, select, update

from events import schema
from events.keyring import Keyring
from events.leaf import Entry, RecordedEntry, leaf_hash
from events.merkle import Coordinate, Frontier
from events.store import LogStore
from events.verify import SKEW_SECONDS, Attested, Fault, Verified, verify_log
from events.vocabulary import sealed_report
from tests.support.log import (
    ACTED,
    NOON,
    ORIGIN,
    Copy,
    Deployment,
    appended,
    digest,
    expect_fault,
    open_log,
    seal,
    signer,
    stream,
)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    home = tmp_path_factory.mktemp("log")
    store = open_log(f"sqlite:///{home / 'log.sqlite3'}", home)
    deployment = Deployment(store)
    deployment.live()
    store.close()
    return Copy(deployment)


@pytest.fixture
def deployment(database_url: str, tmp_path: Path) -> Any:
    store = open_log(database_url, tmp_path)
    deployment = Deployment(store)
    deployment.live()
    yield deployment
    store.close()


def change(store: LogStore, statement: Executable) -> None:
    """What somebody with the database password would do."""
    with store._engine.begin() as connection:
        connection.execute(statement)


# --- A good log -------------------------------------------------------------------------------------------------


def test_a_good_log_verifies_to_its_count_and_root(deployment: Deployment) -> None:
    head = deployment.store.head()
    signatures = {"officer": 3, "reporter": 5, "service": 1}
    assert deployment.verify() == Verified(9, head.root, NOON, signatures)


def test_an_empty_log_verifies() -> None:
    empty = verify_log(ORIGIN, [], Keyring([]))
    assert empty.count == 0
    assert verify_log(ORIGIN, [], Keyring([]), attested=[Attested(0, empty.root)]) == empty


def test_a_log_verifies_under_its_own_name_only(log: Copy) -> None:
    expect_fault(1, "签名无效", lambda: verify_log("log.other.example", log.entries, log.keyring()))


def verify(log: Copy, *attested: Attested) -> Verified:
    return verify_log(ORIGIN, log.entries, log.keyring(), attested=attested)


def test_progress_is_told(log: Copy) -> None:
    told: list[int] = []
    verify_log(ORIGIN, log.entries, log.keyring(), progress=told.append)
    assert told == list(range(1, 10))


def test_the_verifier_needs_neither_the_store_nor_its_database_library() -> None:
    check = "import sys, events.verify; sys.exit(bool({'sqlalchemy', 'events.store'} & set(sys.modules)))"
    subprocess.run([sys.executable, "-c", check], check=True, cwd=Path(__file__).parent.parent)


# --- Any single change ------------------------------------------------------------------------------------------


def _with(entry: Entry, field: str, value: Any) -> Entry:
    return Entry(**(entry._asdict() | {field: value}))


BYTES_FIELDS = ("state", "salt", "key_id", "signature")


@settings(max_examples=300)
@given(index=st.integers(0, 8), field=st.sampled_from(Entry._fields), data=st.data())
def test_any_single_change_to_a_stored_entry_is_found(log: Copy, index: int, field: str, data: st.DataObject) -> None:
    entry = log.entries[index].entry
    old = getattr(entry, field)
    if field in BYTES_FIELDS:
        at, bit = data.draw(st.integers(0, len(old) - 1)), data.draw(st.integers(0, 7))
        new: Any = old[:at] + bytes([old[at] ^ 1 << bit]) + old[at + 1 :]
    elif field == "stream_id":
        new = UUID(int=old.int ^ 1 << data.draw(st.integers(0, 127)))
    elif field == "topic":
        at = data.draw(st.integers(0, len(old)))
        new = data.draw(st.sampled_from([old[:at] + "x" + old[at:], old[:at] + old[at + 1 :] or "x"]))
    else:
        new = old + data.draw(st.sampled_from([-3600, -1, 1, 3600, 2**40]))
    if new == old:
        return
    changed = list(log.entries)
    changed[index] = RecordedEntry(index + 1, _with(entry, field, new))
    with pytest.raises(Fault):
        log.verify(changed)
    if field not in ("salt", "recorded_at"):  # these two no signature covers: only a root that was signed does
        with pytest.raises(Fault):
            log.verify(changed, against_head=False)


@pytest.mark.parametrize("field", BYTES_FIELDS)
def test_a_field_that_is_cut_or_extended_is_found(log: Copy, field: str) -> None:
    for index, (position, entry) in enumerate(log.entries):
        for new in (getattr(entry, field)[:-1], getattr(entry, field) + b"\x00", b""):
            changed = list(log.entries)
            changed[index] = RecordedEntry(position, _with(entry, field, new))
            with pytest.raises(Fault):
                log.verify(changed)


def renumbered(entries: Sequence[RecordedEntry]) -> list[RecordedEntry]:
    return [RecordedEntry(position, entry) for position, (_, entry) in enumerate(entries, 1)]


@given(index=st.integers(0, 8))
def test_an_entry_that_is_taken_out_is_found(log: Copy, index: int) -> None:
    rest = log.entries[:index] + log.entries[index + 1 :]
    for entries in (rest, renumbered(rest)):
        with pytest.raises(Fault):
            log.verify(entries)


@given(first=st.integers(0, 8), second=st.integers(0, 8))
def test_entries_that_are_swapped_or_repeated_are_found(log: Copy, first: int, second: int) -> None:
    swapped, repeated = list(log.entries), list(log.entries)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    repeated.insert(first, repeated[second])
    for entries in (swapped, repeated) if first != second else (repeated,):
        for numbered in (entries, renumbered(entries)):
            with pytest.raises(Fault):
                log.verify(numbered)


@given(length=st.integers(0, 8))
def test_a_log_that_is_cut_short_is_found(log: Copy, length: int) -> None:
    with pytest.raises(Fault, match=r"截短|没有举报"):
        log.verify(log.entries[:length])


def test_a_gap_and_a_repetition_are_named(log: Copy) -> None:
    expect_fault(4, "其后是第 5 条", lambda: log.verify(log.entries[:3] + log.entries[4:]))
    expect_fault(5, "位置重复", lambda: log.verify(log.entries[:4] + log.entries[3:]))


def test_an_hour_that_runs_backwards_or_is_no_hour_is_named(log: Copy) -> None:
    for recorded_at in (NOON - 3600, NOON + 1):
        changed = list(log.entries)
        changed[4] = RecordedEntry(5, changed[4].entry._replace(recorded_at=recorded_at))
        expect_fault(5, "整点", lambda: log.verify(changed))  # noqa: B023 - called at once


# --- Custody ----------------------------------------------------------------------------------------------------


def one_of(store: LogStore, table: Table) -> bytes:
    """The hash of some row."""
    with store._engine.connect() as connection:
        return bytes(connection.execute(select(table.c.sha256).limit(1)).scalar_one())


@pytest.mark.parametrize(("table", "name"), [(schema.envelope, "信封"), (schema.wrap, "密钥封装")])
def test_sealed_material_that_is_lost_or_altered_is_found(deployment: Deployment, table: Table, name: str) -> None:
    this_one = table.c.sha256 == one_of(deployment.store, table)
    change(deployment.store, update(table).where(this_one).values(data=b"other"))
    with pytest.raises(Fault, match=f"{name}与事件所述的哈希不符"):
        deployment.verify()
    change(deployment.store, delete(table).where(this_one))
    with pytest.raises(Fault, match=f"{name}缺失"):
        deployment.verify()


@pytest.mark.parametrize(
    ("table", "values", "name"),
    [
        (schema.envelope, {"stream_id": stream("another")}, "信封登记的归属"),
        (schema.wrap, {"stream_id": stream("another")}, "密钥封装登记的归属"),
        (schema.wrap, {"recipient": digest("spy")}, "密钥封装登记的归属或接收人"),
        (schema.lookup, {"stream_id": stream("another")}, "查询索引指向日志中没有的记录"),
    ],
)
def test_sealed_material_in_anothers_name_is_found(
    deployment: Deployment, table: Table, values: dict[str, Any], name: str
) -> None:
    change(deployment.store, update(table).values(values))
    with pytest.raises(Fault, match=name):
        deployment.verify()


@pytest.mark.parametrize(
    ("table", "name", "columns"),
    [
        (schema.envelope, "信封", {"data": b""}),
        (schema.wrap, "密钥封装", {"data": b"", "recipient": digest("spy")}),
        (schema.file, "密封文件", {"size": 1}),
    ],
)
def test_sealed_material_that_no_event_speaks_of_is_found(
    deployment: Deployment, table: Table, name: str, columns: dict[str, Any]
) -> None:
    row = {"sha256": digest("slipped in"), "stream_id": stream("x"), **columns}
    change(deployment.store, insert(table).values(row))
    expect_fault(9, f"份{name}，事件所述为", deployment.verify)


def test_what_an_event_says_is_destroyed_must_be_gone(deployment: Deployment) -> None:
    _, custody = seal(stream("report two"), "narrative")
    change(deployment.store, insert(schema.envelope).values(vars(custody.envelopes[0])))
    expect_fault(9, "已销毁的密封材料仍在", deployment.verify)


# --- Nodes and roots --------------------------------------------------------------------------------------------


def test_any_stored_node_that_is_altered_or_missing_is_found(deployment: Deployment) -> None:
    nodes = dict(deployment.store.read_nodes([Coordinate(level, n) for level in range(4) for n in range(9)]))
    head = deployment.store.head()
    entries = list(deployment.store.scan(head.size))
    assert len(nodes) == 9 + 4 + 2 + 1

    def against(stored: Mapping[Coordinate, bytes]) -> Verified:
        return verify_log(
            ORIGIN,
            entries,
            deployment.keyring(),
            read_nodes=lambda wanted: {n: stored[n] for n in wanted if n in stored},
        )

    assert against(nodes).root == head.root
    for node, digest_ in nodes.items():
        for damaged in (nodes | {node: digest_[::-1]}, {n: d for n, d in nodes.items() if n != node}):
            with pytest.raises(Fault, match=f"第 {node.level} 层第 {node.number} 号节点"):
                against(damaged)
    for beyond in (Coordinate(0, 9), Coordinate(1, 4), Coordinate(3, 1), Coordinate(4, 0)):
        expect_fault(9, "多余的节点", lambda: against(nodes | {beyond: bytes(32)}))  # noqa: B023 - called at once


def test_a_root_that_was_signed_and_is_not_reached_is_found(log: Copy) -> None:
    verify(log, Attested(9, log.head.root))
    expect_fault(5, "已签署的根", lambda: verify(log, Attested(5, log.head.root)))
    expect_fault(10, "截短", lambda: verify(log, Attested(12, log.head.root)))
    expect_fault(0, "已签署的根", lambda: verify(log, Attested(0, log.head.root)))
    expect_fault(9, "树头记录的根", lambda: verify(log, Attested(9, bytes(32), "树头记录")))


def test_every_root_that_was_signed_is_held_against_the_log(log: Copy) -> None:
    """Not the last one alone: a checkpoint in the middle that was signed with another root is a fork."""
    tree, roots = Frontier(), []
    for size, (_, entry) in enumerate(log.entries, 1):
        tree.append(leaf_hash(ORIGIN, entry))
        roots.append(Attested(size, tree.root()))
    assert verify(log, *roots).count == 9
    for at in range(9):
        forked = [*roots[:at], roots[at]._replace(root=roots[at - 1].root), *roots[at + 1 :]]
        expect_fault(at + 1, "已签署的根", lambda: verify(log, *forked))  # noqa: B023 - called at once


def test_a_statement_that_cannot_be_believed_is_a_fault_where_it_stands(log: Copy) -> None:
    expect_fault(4, "检查点无效", lambda: verify(log, Attested(4, b"", problem="检查点无效")))
    expect_fault(0, "次序", lambda: verify(log, Attested(-1, b"")))
    expect_fault(10, "截短", lambda: verify(log, Attested(11, b"", problem="检查点无效")))


# --- The witness's clock ----------------------------------------------------------------------------------------


def cosigned(log: Copy, *moments: int) -> Attested:
    """A witness that saw the first five entries at these moments."""
    tree = Frontier()
    for _, entry in log.entries[:5]:
        tree.append(leaf_hash(ORIGIN, entry))
    return Attested(5, tree.root(), cosigned=moments)


def test_entries_may_be_recorded_up_to_the_moment_a_witness_saw_them(log: Copy) -> None:
    for moment in (NOON, NOON - SKEW_SECONDS, NOON + 7199):
        assert verify(log, cosigned(log, moment)).count == 9
    expect_fault(5, "比见证人联署的时间晚", lambda: verify(log, cosigned(log, NOON - SKEW_SECONDS - 1)))
    expect_fault(5, "比见证人联署的时间晚", lambda: verify(log, cosigned(log, NOON - 3600, NOON)))


def test_an_entry_that_is_dated_before_a_witness_saw_a_log_without_it_is_found(log: Copy) -> None:
    """Whole hours, and a checkpoint reaches its witness later than it is made: an hour is granted."""
    assert verify(log, cosigned(log, NOON + 7199)).count == 9
    expect_fault(6, "倒填时间", lambda: verify(log, cosigned(log, NOON + 7200)))
    expect_fault(6, "倒填时间", lambda: verify(log, cosigned(log, NOON, NOON + 7200)))
    everything = Attested(9, log.head.root, cosigned=(NOON + 720_000,))
    assert verify(log, everything).count == 9


# --- One fault, the first ---------------------------------------------------------------------------------------


def test_the_first_fault_is_told_whatever_is_looked_at_in_batches(deployment: Deployment) -> None:
    """A signature waits for its batch, and so do custody and nodes; an earlier fault still comes first."""
    store, entries = deployment.store, list(deployment.store.scan(9))
    unsigned, unsalted = list(entries), list(entries)
    unsigned[6] = RecordedEntry(7, entries[6].entry._replace(signature=bytes(64)))
    unsalted[3] = RecordedEntry(4, entries[3].entry._replace(salt=bytes(32)))
    unsigned[8] = RecordedEntry(10, entries[8].entry)

    def verify_all(changed: Sequence[RecordedEntry], **more: Any) -> Verified:
        return verify_log(ORIGIN, changed, deployment.keyring(), read_nodes=store.read_nodes, **more)

    expect_fault(7, "签名无效", lambda: verify_all(unsigned))
    expect_fault(4, "节点", lambda: verify_all([*unsalted[:8], unsigned[8]]))
    change(store, update(schema.envelope).values(data=b"other"))
    expect_fault(4, "信封", lambda: verify_all(unsigned, custody=store.custody))
    expect_fault(4, "节点", lambda: verify_all([*unsalted[:6], *unsigned[6:]], custody=store.custody))


@pytest.mark.parametrize("cores", [1, 2, 3])
def test_cores_and_batches_change_nothing(log: Copy, cores: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("events.verify.SIGNATURES_AT_ONCE", 4)
    monkeypatch.setattr("events.verify.NODES_AT_ONCE", 3)
    whole = verify_log(ORIGIN, log.entries, log.keyring(), cores=cores)
    assert (whole.count, whole.root) == (9, log.head.root)
    for at in range(9):
        changed = list(log.entries)
        for position in range(at, 9):
            forged = changed[position].entry._replace(signature=bytes(64))
            changed[position] = RecordedEntry(position + 1, forged)
        expect_fault(at + 1, "签名无效", lambda: verify_log(ORIGIN, changed, log.keyring(), cores=cores))  # noqa: B023 - called at once


def test_history_rewritten_with_all_keys_but_the_checkpoints_is_found(log: Copy) -> None:
    """Even who holds an officer's key cannot change what was countersigned."""
    changed = log.entries[:5]
    event = sealed_report.SealedReportRegistered(
        originator_id=stream("report one"), originator_version=2, **ACTED, actor="li", number="another"
    )
    rewritten = appended(changed, (event, signer("li"))) + log.entries[6:]
    assert log.verify(rewritten, against_head=False).count == 9
    expect_fault(9, "已签署的根", lambda: log.verify(rewritten))


def test_a_fault_names_position_and_reason_without_content(log: Copy) -> None:
    changed = list(log.entries)
    changed[5] = RecordedEntry(6, changed[5].entry._replace(state=b'{"secret":"words"}'))
    with pytest.raises(Fault) as fault:
        log.verify(changed)
    assert str(fault.value).startswith("第 6 条：")
    assert "words" not in str(fault.value)


def test_a_state_that_is_not_canonical_is_found(log: Copy) -> None:
    changed = list(log.entries)
    changed[5] = RecordedEntry(6, changed[5].entry._replace(state=b'{"a": 1}'))
    expect_fault(6, "规范形式", lambda: log.verify(changed))
