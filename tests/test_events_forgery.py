"""Forgeries: what somebody who can write to the database, but lacks the keys, could try. The verifier names each."""

import base64
from dataclasses import replace

import pytest

from events.duties import ADMINISTRATOR
from events.keyring import Keyring, TrustedKey
from events.leaf import RecordedEntry
from events.model import Event
from events.signing import Ed25519Signer
from events.verify import verify_log
from events.vocabulary import clue, correspondence, deployment, intake, officer, report, sealed_report
from events.vocabulary.streams import correspondence_id, deployment_id, officer_stream_id
from supervision.domain.codes import Role
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
    county = Deployment(store)
    county.live()
    store.close()
    return Copy(county)


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


def appointed(name: str, version: int = 1, actor: str = "ceremony", roles: tuple[str, ...] = ()) -> Event:
    return officer.OfficerAppointed(
        originator_id=officer_stream_id(ORIGIN, name), originator_version=version, **ACTED, actor=actor,
        officer=name, name="", home_office="petition", roles=roles,
        enrolment_key=base64.b64encode(signer(f"code of {name}").public_key).decode(),
    )  # fmt: skip


def departed(name: str, version: int, actor: str = "ceremony") -> Event:
    return officer.OfficerDeparted(
        originator_id=officer_stream_id(ORIGIN, name), originator_version=version, **ACTED, actor=actor,
        officer=name,
    )  # fmt: skip


def given_roles(name: str, version: int, actor: str, *roles: str) -> Event:
    return officer.OfficerRolesChanged(
        originator_id=officer_stream_id(ORIGIN, name), originator_version=version, **ACTED, actor=actor,
        officer=name, home_office="petition", roles=roles,
    )  # fmt: skip


def key_withdrawn(name: str, version: int, actor: str) -> Event:
    return officer.OfficeKeyWithdrawn(
        originator_id=officer_stream_id(ORIGIN, name), originator_version=version, **ACTED, actor=actor,
        officer=name, key_office="petition", destroyed=(),
    )  # fmt: skip


def adopted(manifest: str, version: int, actor: str = "ceremony") -> Event:
    return deployment.ManifestAdopted(
        originator_id=deployment_id(ORIGIN), originator_version=version, **ACTED, actor=actor,
        epoch=version, manifest=manifest,
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


# --- Who appoints -----------------------------------------------------------------------------------------------


ADMIN = signer("admin")
WITH_ADMINISTRATOR = (
    (appointed("admin", roles=(ADMINISTRATOR,)), CEREMONY),
    (enrolled("admin", ADMIN, 2), signer("code of admin")),
)
"""What makes entries 10 and 11: an administrator, as the ceremony appoints him."""


def test_the_administrators_role_is_called_what_the_rules_call_it() -> None:
    assert Role.SYSTEM_ADMIN.value == ADMINISTRATOR


def test_an_administrator_appoints_and_dismisses(log: Copy) -> None:
    entries = appended(
        log.entries,
        *WITH_ADMINISTRATOR,
        (appointed("wang", actor="admin"), ADMIN),
        (enrolled("wang", WANG, 2), signer("code of wang")),
        (departed("wang", 3, "admin"), ADMIN),
    )
    assert log.verify(entries).count == 14


@pytest.mark.parametrize(
    "event",
    [
        appointed("wang", actor="li"),
        appointed("li", 3, actor="li", roles=(ADMINISTRATOR,)),
        given_roles("li", 3, "li", ADMINISTRATOR),
        departed("admin", 3, "li"),
        key_withdrawn("admin", 3, "li"),
    ],
    ids=["another", "himself", "himself, by new roles", "the administrator's end", "the administrator's key"],
)
def test_an_officer_who_is_no_administrator_can_decide_over_nobody(log: Copy, event: Event) -> None:
    """He has a genuine key, and with the database password he can write whatever he signs."""
    entries = appended(log.entries, *WITH_ADMINISTRATOR, (event, LI))
    expect_fault(12, "不是系统管理员", lambda: log.verify(entries))


@pytest.mark.parametrize("name", ["reporter", "ceremony", "service:intake"])
def test_no_officer_can_be_given_the_name_of_somebody_else_who_signs(log: Copy, name: str) -> None:
    expect_fault(10, "系统保留", lambda: log.verify(appended(log.entries, (appointed(name), CEREMONY))))


# --- Manifests --------------------------------------------------------------------------------------------------


SECOND_CEREMONY = signer("second ceremony")
MANIFESTS = {
    "aa" * 32: [TrustedKey("ceremony", CEREMONY.public_key, ("deployment.*", "officer.*"))],
    "bb" * 32: [TrustedKey("ceremony", SECOND_CEREMONY.public_key, ("deployment.*", "officer.*"))],
}
FIRST = (adopted("aa" * 32, 1), CEREMONY)
SECOND = (adopted("bb" * 32, 2), CEREMONY)


def verify_from_the_start(*events: tuple[Event, Ed25519Signer]) -> int:
    return verify_log(ORIGIN, appended([], *events), Keyring(manifests=MANIFESTS)).count


def test_keys_count_from_the_adoption_of_their_manifest_to_that_of_the_next() -> None:
    assert verify_from_the_start(FIRST, (appointed("li"), CEREMONY), SECOND, (appointed("wang"), SECOND_CEREMONY)) == 4
    assert verify_from_the_start(FIRST, (adopted("bb" * 32, 2), SECOND_CEREMONY)) == 2
    for position, events in (
        (1, [(appointed("li"), CEREMONY), FIRST]),
        (2, [FIRST, (appointed("li"), SECOND_CEREMONY)]),
        (3, [FIRST, SECOND, (appointed("li"), CEREMONY)]),
    ):
        expect_fault(position, "未知", lambda: verify_from_the_start(*events))  # noqa: B023 - called at once


def test_a_manifest_that_nobody_verified_or_that_is_past_cannot_be_adopted() -> None:
    expect_fault(1, "不在已核对的清单之列", lambda: verify_from_the_start((adopted("cc" * 32, 1), CEREMONY)))
    for key in (CEREMONY, SECOND_CEREMONY):
        back = (adopted("aa" * 32, 3), key)
        expect_fault(3, "比现行的旧", lambda: verify_from_the_start(FIRST, SECOND, back))  # noqa: B023 - called at once


def test_no_officer_adopts_a_manifest(log: Copy) -> None:
    entries = appended(log.entries, *WITH_ADMINISTRATOR, (adopted("bb" * 32, 1, "admin"), ADMIN))
    expect_fault(12, "只能由密钥仪式签署", lambda: log.verify(entries))


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
