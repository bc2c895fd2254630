"""Forgeries: what somebody who can write to the database, but lacks the keys, could try. The verifier names each."""

import base64
from dataclasses import replace

import pytest

from events.keyring import Keyring, TrustedKey
from events.leaf import RecordedEntry
from events.model import Event
from events.signing import Ed25519Signer
from events.verify import verify_log
from events.vocabulary import clue, correspondence, intake, officer, report, sealed_report
from events.vocabulary.streams import correspondence_id, officer_stream_id
from tests.support.log import (
    ACTED,
    ORIGIN,
    Copy,
    Deployment,
    appended,
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


# --- Forged appends ---------------------------------------------------------------------------------------------


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
        enrolment_key=base64.b64encode(signer(f"code of {name}").public_key).decode(),
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


def test_what_those_who_may_sign_append_verifies(log: Copy) -> None:
    entries = appended(
        log.entries,
        (registered("li"), LI),
        (withdrawn("one", 2), signer("reporter one")),
        (appointed("wang"), CEREMONY),
        (enrolled("wang", WANG, 2), signer("code of wang")),
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
        ("与登记的密钥不同", [(appointed("wang"), CEREMONY), (enrolled("wang", THIEF, 2), THIEF)]),
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
        "somebody without the one-time code enrols as the officer who was appointed",
        "a reporter acts on his own report",
        "a reporter writes to somebody else's correspondence",
        "a reporter speaks for an officer",
        "a stranger speaks for a reporter",
    ],
)
def test_a_forged_append_is_found(log: Copy, reason: str, events: list[tuple[Event, Ed25519Signer]]) -> None:
    entries = appended(log.entries, *events)
    expect_fault(len(entries), reason, lambda: log.verify(entries))


def test_the_key_of_an_officer_who_left_counts_no_more(log: Copy) -> None:
    manifest = Keyring([TrustedKey("ceremony", CEREMONY.public_key, ("officer.*",))])
    entries = appended(log.entries, (departed("li", 3), CEREMONY), (registered("li"), LI))
    expect_fault(11, "失效", lambda: verify_log(ORIGIN, entries, manifest))


def test_a_new_enrolment_ends_the_old_key(log: Copy) -> None:
    renewed = [(appointed("li", 3), CEREMONY), (enrolled("li", WANG, 4), signer("code of li"))]
    assert log.verify(appended(log.entries, *renewed, (registered("li"), WANG))).count == 12
    old = appended(log.entries, *renewed, (registered("li"), LI))
    expect_fault(12, "失效", lambda: log.verify(old))


def test_a_service_signs_the_topics_that_the_manifest_gives_it(log: Copy) -> None:
    service = TrustedKey("service:intake", THIEF.public_key, ("sealed_report.registered.*",))

    def keyring() -> Keyring:
        return Keyring([TrustedKey("ceremony", CEREMONY.public_key, ("officer.*",)), service])

    allowed = appended(log.entries, (registered("service:intake"), THIEF))
    assert verify_log(ORIGIN, allowed, keyring()).count == 10
    beyond = clue.ClueReactivated(
        originator_id=stream("clue"), originator_version=1, **ACTED, actor="service:intake", reason="new_evidence"
    )
    expect_fault(10, "无权签署", lambda: verify_log(ORIGIN, appended(log.entries, (beyond, THIEF)), keyring()))
    in_disguise = appended(log.entries, (registered("service:other"), THIEF))
    expect_fault(10, "无权签署", lambda: verify_log(ORIGIN, in_disguise, keyring()))


def test_an_event_that_lacks_what_its_key_is_judged_by_is_named(log: Copy) -> None:
    receipt = intake.ReceiptIssued(originator_id=stream("x"), originator_version=1)
    (entry,) = appended(log.entries, (receipt, THIEF))[-1:]
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


def test_a_receipt_without_its_report_is_found(log: Copy) -> None:
    expect_fault(10, "回执之后没有举报", lambda: log.verify(appended(log.entries, (issued("x"), THIEF))))
    followed = appended(log.entries, (issued("x"), THIEF), (registered("li"), LI))
    expect_fault(10, "回执之后不是举报", lambda: log.verify(followed))


def test_a_report_without_its_receipt_is_found(log: Copy) -> None:
    expect_fault(10, "没有回执", lambda: log.verify(appended(log.entries, (received("x", THIEF), THIEF))))


def test_a_receipt_of_another_code_is_found(log: Copy) -> None:
    entries = appended(log.entries, (issued("x"), WANG), (received("x", THIEF), THIEF))
    expect_fault(10, "不是同一查询码", lambda: log.verify(entries))


def test_a_receipt_that_says_anything_is_found(log: Copy) -> None:
    entries = appended(log.entries, (issued("x"), THIEF), (received("x", THIEF), THIEF))
    assert log.verify(entries).count == 11
    talkative = entries[9].entry._replace(state=b'{"a":1}')
    changed = [*entries[:9], RecordedEntry(10, talkative), entries[10]]
    expect_fault(10, "不是空的", lambda: log.verify(changed))


def test_a_report_taken_by_an_officer_carries_the_key_of_its_receipt(log: Copy) -> None:
    """A call: the officer signs the report, the code that he reads out to the caller signs the receipt."""
    by_officer = replace(received("call", WANG), actor="li")  # type: ignore[call-arg]  # an ActedEvent
    entries = appended(log.entries, (issued("call"), WANG), (by_officer, LI), (withdrawn("call", 1), WANG))
    assert log.verify(entries).count == 12


def test_a_report_without_a_code_needs_no_receipt(log: Copy) -> None:
    report_id = stream("report without code")
    by_officer = report.ReportRegistered(originator_id=report_id, originator_version=1, **ACTED, actor="li", number="9")
    assert log.verify(appended(log.entries, (by_officer, LI))).count == 10
