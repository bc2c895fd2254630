"""The verifier: whatever is changed, removed, reordered, forged or lost is found, and said without content."""

import base64
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Executable, Table, delete, insert, select, update

from events import schema
from events.canonical import encode
from events.keyring import Keyring, TrustedKey
from events.leaf import Entry, RecordedEntry, SignedEvent
from events.merkle import Coordinate
from events.model import Event, to_state
from events.signing import Ed25519Signer, signature_message
from events.store import LogStore
from events.topics import topic_of
from events.verify import Fault, Verified, verify_log
from events.vocabulary import clue, correspondence, intake, officer, report, sealed_report
from events.vocabulary.streams import correspondence_id, officer_stream_id
from tests.support.log import ACTED, NOON, ORIGIN, Deployment, digest, open_log, seal, signer, stream


class Log:
    """A short but complete log in memory, as a verifier is given it."""

    def __init__(self, deployment: Deployment) -> None:
        store = deployment.store
        self.entries = list(store.scan(store.size()))
        self.head = store.head()
        self.keyring = deployment.keyring

    def verify(self, entries: Sequence[RecordedEntry], *, against_head: bool = True) -> Verified:
        roots = {self.head.size: self.head.root} if against_head else {}
        return verify_log(ORIGIN, entries, self.keyring(), roots=roots)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Log:
    home = tmp_path_factory.mktemp("log")
    store = open_log(f"sqlite:///{home / 'log.sqlite3'}", home)
    deployment = Deployment(store)
    deployment.live()
    store.close()
    return Log(deployment)


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


def expect_fault(position: int, reason: str, verify: Callable[[], object]) -> None:
    with pytest.raises(Fault, match=reason) as fault:
        verify()
    assert fault.value.position == position, fault.value
    assert fault.value.__cause__ is None


# --- A good log -------------------------------------------------------------------------------------------------


def test_a_good_log_verifies_to_its_count_and_root(deployment: Deployment) -> None:
    head = deployment.store.head()
    assert deployment.verify() == Verified(9, head.root)


def test_an_empty_log_verifies() -> None:
    empty = verify_log(ORIGIN, [], Keyring([]))
    assert empty.count == 0
    assert verify_log(ORIGIN, [], Keyring([]), roots={0: empty.root}) == empty


def test_a_log_verifies_under_its_own_name_only(log: Log) -> None:
    expect_fault(1, "签名无效", lambda: verify_log("log.other.example", log.entries, log.keyring()))


def test_progress_is_told(log: Log) -> None:
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
def test_any_single_change_to_a_stored_entry_is_found(log: Log, index: int, field: str, data: st.DataObject) -> None:
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
def test_a_field_that_is_cut_or_extended_is_found(log: Log, field: str) -> None:
    for index, (position, entry) in enumerate(log.entries):
        for new in (getattr(entry, field)[:-1], getattr(entry, field) + b"\x00", b""):
            changed = list(log.entries)
            changed[index] = RecordedEntry(position, _with(entry, field, new))
            with pytest.raises(Fault):
                log.verify(changed)


def renumbered(entries: Sequence[RecordedEntry]) -> list[RecordedEntry]:
    return [RecordedEntry(position, entry) for position, (_, entry) in enumerate(entries, 1)]


@given(index=st.integers(0, 8))
def test_an_entry_that_is_taken_out_is_found(log: Log, index: int) -> None:
    rest = log.entries[:index] + log.entries[index + 1 :]
    for entries in (rest, renumbered(rest)):
        with pytest.raises(Fault):
            log.verify(entries)


@given(first=st.integers(0, 8), second=st.integers(0, 8))
def test_entries_that_are_swapped_or_repeated_are_found(log: Log, first: int, second: int) -> None:
    swapped, repeated = list(log.entries), list(log.entries)
    swapped[first], swapped[second] = swapped[second], swapped[first]
    repeated.insert(first, repeated[second])
    for entries in (swapped, repeated) if first != second else (repeated,):
        for numbered in (entries, renumbered(entries)):
            with pytest.raises(Fault):
                log.verify(numbered)


@given(length=st.integers(0, 8))
def test_a_log_that_is_cut_short_is_found(log: Log, length: int) -> None:
    with pytest.raises(Fault, match=r"截短|没有举报"):
        log.verify(log.entries[:length])


def test_a_gap_and_a_repetition_are_named(log: Log) -> None:
    expect_fault(4, "其后是第 5 条", lambda: log.verify(log.entries[:3] + log.entries[4:]))
    expect_fault(5, "位置重复", lambda: log.verify(log.entries[:4] + log.entries[3:]))


def test_an_hour_that_runs_backwards_or_is_no_hour_is_named(log: Log) -> None:
    for recorded_at in (NOON - 3600, NOON + 1):
        changed = list(log.entries)
        changed[4] = RecordedEntry(5, changed[4].entry._replace(recorded_at=recorded_at))
        expect_fault(5, "整点", lambda: log.verify(changed))  # noqa: B023 - called at once


# --- Forged appends ---------------------------------------------------------------------------------------------


def appended(log: Log, *events: tuple[Event, Ed25519Signer]) -> list[RecordedEntry]:
    """The log with further entries, as somebody who can write to the database would add them."""
    entries = list(log.entries)
    for event, key in events:
        topic, state = topic_of(event), encode(to_state(event))
        message = signature_message(ORIGIN, event.originator_id, event.originator_version, topic, state)
        signed = SignedEvent(
            event.originator_id, event.originator_version, topic, state, digest("salt"), key.key_id, key.sign(message)
        )
        entries.append(RecordedEntry(len(entries) + 1, Entry(*signed, recorded_at=NOON)))
    return entries


THIEF = signer("thief")


def registered(by: str, version: int = 3) -> Event:
    return sealed_report.SealedReportRegistered(
        originator_id=stream("report one"), originator_version=version, **ACTED, actor=by, number="2"
    )


def enrolled(name: str, key: Ed25519Signer, version: int = 1, actor: str | None = None) -> Event:
    return officer.OfficerEnrolled(
        originator_id=officer_stream_id(ORIGIN, name), originator_version=version, **ACTED, actor=actor or name,
        officer=name, signing_key=base64.b64encode(key.public_key).decode(), kem_key="",
    )  # fmt: skip


def appointed(name: str, version: int = 1) -> Event:
    return officer.OfficerAppointed(
        originator_id=officer_stream_id(ORIGIN, name), originator_version=version, **ACTED, actor="ceremony",
        officer=name, name="", home_office="petition", roles=(),
    )  # fmt: skip


def departed(name: str, version: int) -> Event:
    return officer.OfficerDeparted(
        originator_id=officer_stream_id(ORIGIN, name), originator_version=version, **ACTED, actor="ceremony",
        officer=name,
    )  # fmt: skip


def withdrawn(report_name: str, version: int, actor: str = "reporter") -> Event:
    report_id = stream(f"report {report_name}")
    return correspondence.FeedbackWishWithdrawn(
        originator_id=correspondence_id(report_id), originator_version=version, **ACTED, actor=actor,
        report=str(report_id),
    )  # fmt: skip


CEREMONY = signer("ceremony")
LI = signer("li")
WANG = signer("wang")


def test_what_those_who_may_sign_append_verifies(log: Log) -> None:
    entries = appended(
        log,
        (registered("li"), LI),
        (withdrawn("one", 2), signer("reporter one")),
        (appointed("wang"), CEREMONY),
        (enrolled("wang", WANG, 2), WANG),
        (registered("wang", 4), WANG),
    )
    assert log.verify(entries).count == 14


@pytest.mark.parametrize(
    ("reason", "events"),
    [
        ("未知", [(registered("li"), THIEF)]),
        ("不属于事件中的经办人", [(registered("wang"), LI)]),
        ("无权签署", [(registered("ceremony"), CEREMONY)]),
        ("未知", [(enrolled("thief", THIEF), THIEF)]),
        ("未知", [(enrolled("li", THIEF, 3), THIEF)]),
        ("未知", [(appointed("wang"), CEREMONY), (enrolled("wang", THIEF, 2, actor="li"), THIEF)]),
        ("与事件登记的密钥不同", [(appointed("wang"), CEREMONY), (enrolled("wang", WANG, 2), THIEF)]),
        ("不适用于此记录", [(registered("reporter"), signer("reporter one"))]),
        ("不适用于此记录", [(withdrawn("two", 1), signer("reporter one"))]),
        ("不适用于此记录", [(withdrawn("one", 2, actor="li"), signer("reporter one"))]),
        ("未知", [(withdrawn("one", 2), THIEF)]),
    ],
    ids=[
        "a stranger speaks for an officer",
        "an officer speaks for another",
        "the ceremony does an officer's work",
        "an officer enrols whom nobody appointed",
        "an officer's key is replaced without a new appointment",
        "somebody enrols in an officer's name",
        "an enrolment is signed with another key than it introduces",
        "a reporter acts on his own report",
        "a reporter writes to somebody else's correspondence",
        "a reporter speaks for an officer",
        "a stranger speaks for a reporter",
    ],
)
def test_a_forged_append_is_found(log: Log, reason: str, events: list[tuple[Event, Ed25519Signer]]) -> None:
    entries = appended(log, *events)
    expect_fault(len(entries), reason, lambda: log.verify(entries))


def test_the_key_of_an_officer_who_left_counts_no_more(log: Log) -> None:
    manifest = Keyring([TrustedKey("ceremony", CEREMONY.public_key, ("officer.*",))])
    entries = appended(log, (departed("li", 3), CEREMONY), (registered("li"), LI))
    expect_fault(11, "失效", lambda: verify_log(ORIGIN, entries, manifest))


def test_a_new_enrolment_ends_the_old_key(log: Log) -> None:
    renewed = [(appointed("li", 3), CEREMONY), (enrolled("li", WANG, 4), WANG)]
    assert log.verify(appended(log, *renewed, (registered("li"), WANG))).count == 12
    old = appended(log, *renewed, (registered("li"), LI))
    expect_fault(12, "失效", lambda: log.verify(old))


def test_a_service_signs_the_topics_that_the_manifest_gives_it(log: Log) -> None:
    service = TrustedKey("service:intake", THIEF.public_key, ("sealed_report.registered.*",))

    def keyring() -> Keyring:
        return Keyring([TrustedKey("ceremony", CEREMONY.public_key, ("officer.*",)), service])

    allowed = appended(log, (registered("service:intake"), THIEF))
    assert verify_log(ORIGIN, allowed, keyring()).count == 10
    beyond = clue.ClueReactivated(
        originator_id=stream("clue"), originator_version=1, **ACTED, actor="service:intake", reason="new_evidence"
    )
    expect_fault(10, "无权签署", lambda: verify_log(ORIGIN, appended(log, (beyond, THIEF)), keyring()))
    in_disguise = appended(log, (registered("service:other"), THIEF))
    expect_fault(10, "无权签署", lambda: verify_log(ORIGIN, in_disguise, keyring()))


def test_an_event_that_lacks_what_its_key_is_judged_by_is_named(log: Log) -> None:
    receipt = intake.ReceiptIssued(originator_id=stream("x"), originator_version=1)
    (entry,) = appended(log, (receipt, THIEF))[-1:]
    unknown = RecordedEntry(10, entry.entry._replace(topic="officer.enrolled.v1"))
    expect_fault(10, "缺少字段 actor", lambda: log.verify([*log.entries, unknown]))


# --- Receipts ---------------------------------------------------------------------------------------------------


def received(name: str, key: Ed25519Signer) -> Event:
    report_id = stream(f"report {name}")
    return intake.SealedReportReceived(
        originator_id=report_id, originator_version=1, **ACTED, actor="reporter", reference="", channel="web",
        receiving_office="", reporter_signing_key=base64.b64encode(key.public_key).decode(), reporter_kem_key="",
        sealing=seal(report_id, "text")[0],
    )  # fmt: skip


def issued(name: str) -> Event:
    return intake.ReceiptIssued(originator_id=stream(f"receipt {name}"), originator_version=1)


def test_a_receipt_without_its_report_is_found(log: Log) -> None:
    expect_fault(10, "回执之后没有举报", lambda: log.verify(appended(log, (issued("x"), THIEF))))
    followed = appended(log, (issued("x"), THIEF), (registered("li"), LI))
    expect_fault(10, "回执之后不是举报", lambda: log.verify(followed))


def test_a_report_without_its_receipt_is_found(log: Log) -> None:
    expect_fault(10, "没有回执", lambda: log.verify(appended(log, (received("x", THIEF), THIEF))))


def test_a_receipt_of_another_code_is_found(log: Log) -> None:
    entries = appended(log, (issued("x"), WANG), (received("x", THIEF), THIEF))
    expect_fault(10, "不是同一查询码", lambda: log.verify(entries))


def test_a_receipt_that_says_anything_is_found(log: Log) -> None:
    entries = appended(log, (issued("x"), THIEF), (received("x", THIEF), THIEF))
    assert log.verify(entries).count == 11
    talkative = entries[9].entry._replace(state=b'{"a":1}')
    changed = [*entries[:9], RecordedEntry(10, talkative), entries[10]]
    expect_fault(10, "不是空的", lambda: log.verify(changed))


def test_a_report_taken_by_an_officer_carries_the_key_of_its_receipt(log: Log) -> None:
    """A call: the officer signs the report, the code that he reads out to the caller signs the receipt."""
    by_officer = replace(received("call", WANG), actor="li")  # type: ignore[call-arg]  # an ActedEvent
    entries = appended(log, (issued("call"), WANG), (by_officer, LI), (withdrawn("call", 1), WANG))
    assert log.verify(entries).count == 12


def test_a_report_without_a_code_needs_no_receipt(log: Log) -> None:
    report_id = stream("report without code")
    by_officer = report.ReportRegistered(originator_id=report_id, originator_version=1, **ACTED, actor="li", number="9")
    assert log.verify(appended(log, (by_officer, LI))).count == 10


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

    def verify(stored: Mapping[Coordinate, bytes]) -> Verified:
        return verify_log(
            ORIGIN,
            entries,
            deployment.keyring(),
            read_nodes=lambda wanted: {n: stored[n] for n in wanted if n in stored},
        )

    assert verify(nodes).root == head.root
    for node, digest_ in nodes.items():
        for damaged in (nodes | {node: digest_[::-1]}, {n: d for n, d in nodes.items() if n != node}):
            with pytest.raises(Fault, match=f"第 {node.level} 层第 {node.number} 号节点"):
                verify(damaged)


def test_a_root_that_was_signed_and_is_not_reached_is_found(log: Log) -> None:
    def verify(roots: dict[int, bytes]) -> Verified:
        return verify_log(ORIGIN, log.entries, log.keyring(), roots=roots)

    verify({9: log.head.root})
    expect_fault(5, "已签署的根", lambda: verify({5: log.head.root}))
    expect_fault(10, "截短", lambda: verify({12: log.head.root}))
    expect_fault(0, "空日志", lambda: verify({0: log.head.root}))


def test_history_rewritten_with_all_keys_but_the_checkpoints_is_found(log: Log) -> None:
    """Even who holds an officer's key cannot change what was countersigned."""
    changed = list(log.entries[:5])
    event = replace(registered("li", 2), number="another")  # type: ignore[call-arg]  # a SealedReportRegistered
    log_so_far = Log.__new__(Log)
    log_so_far.entries = changed
    rewritten = appended(log_so_far, (event, LI)) + log.entries[6:]
    assert log.verify(rewritten, against_head=False).count == 9
    expect_fault(9, "已签署的根", lambda: log.verify(rewritten))


def test_a_fault_names_position_and_reason_without_content(log: Log) -> None:
    changed = list(log.entries)
    changed[5] = RecordedEntry(6, changed[5].entry._replace(state=b'{"secret":"words"}'))
    with pytest.raises(Fault) as fault:
        log.verify(changed)
    assert str(fault.value).startswith("第 6 条：")
    assert "words" not in str(fault.value)


def test_a_state_that_is_not_canonical_is_found(log: Log) -> None:
    changed = list(log.entries)
    changed[5] = RecordedEntry(6, changed[5].entry._replace(state=b'{"a": 1}'))
    expect_fault(6, "规范形式", lambda: log.verify(changed))
