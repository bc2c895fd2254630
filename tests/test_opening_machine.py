"""A custodian's own machine believes the manifest that he keeps there, and nothing that the county's server says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.leaf import Entry, RecordedEntry
from events.verify import Fault
from events.vocabulary.opening import OpeningApproved, OpeningClosed, OpeningRequested
from events.vocabulary.streams import correspondence_id, opening_id
from supervision.casework.notes import custody_of
from supervision.casework.opening_files import file_for
from supervision.casework.opening_lookup import opener_of
from supervision.domain.rights import OpeningPurpose
from supervision.openings import custodian
from supervision.openings.request_file import NotAcceptable, RequestFile, statement
from supervision.sealing.envelope import Part, ToOffice, seal
from supervision.sealing.errors import CannotOpen, SealingError
from supervision.sealing.keys import KemPrivateKey, SigningKey
from tests.support.office import REPORTER, staffed
from tests.support.openings import Openings


@pytest.fixture(scope="module")
def openings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory: Path = tmp_path_factory.mktemp("openings")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as office:
        yield Openings(office, directory)


@pytest.fixture(scope="module")
def report(openings: Openings) -> UUID:
    return openings.office.distributed(original="来信原文")


@pytest.fixture(scope="module")
def file(openings: Openings, report: UUID) -> RequestFile:
    """A genuine request for the first custodian."""
    return openings.request_file("custodian-1", openings.approved("inspector-1", report))


def test_it_shows_requester_approver_purpose_and_number_and_nothing_of_the_report(
    openings: Openings, file: RequestFile, report: UUID
) -> None:
    shown = "\n".join(custodian.describe(openings.checked(file)))
    for said in ("明察", "方直", OpeningPurpose.SUPPLEMENT.label, openings.desk.report(report).number, "2 名保管人"):
        assert said in shown
    for said in (REPORTER.name, REPORTER.phone, "收受好处", "望山茶楼", "厉文舟"):
        assert said not in shown
        assert said.encode() not in file.encode()


def test_a_file_is_read_back_as_it_was_written(file: RequestFile) -> None:
    assert RequestFile.parse(file.encode()) == file


# -- what was altered ---------------------------------------------------------------------------------------------


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_no_altered_statement_is_believed(openings: Openings, file: RequestFile, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(file.entries) - 1))
    entry = file.entries[at].entry
    name = data.draw(st.sampled_from(["state", "signature", "key_id", "topic", "stream_version"]))
    value = getattr(entry, name)
    match value:
        case bytes():
            place = data.draw(st.integers(0, len(value) - 1))
            altered: object = value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        case str():
            altered = value.replace(".v1", "_.v1")
        case _:
            altered = value + 1
    with pytest.raises(SealingError):
        openings.checked(with_entry(file, at, entry._replace(**{name: altered})))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(data=st.data())
def test_of_those_who_signed_and_what_was_decided_nothing_can_be_left_out(
    openings: Openings, file: RequestFile, data: st.DataObject
) -> None:
    """But what comes last in the life of an account: a file that was made earlier would have ended there, too."""
    last = {recorded.entry.stream_id: recorded for recorded in file.entries}.values()
    within = [recorded for recorded in file.entries if recorded not in last]
    left_out = data.draw(st.sampled_from(within))
    with pytest.raises(SealingError):
        openings.checked(replace(file, entries=tuple(one for one in file.entries if one != left_out)))


def test_statements_out_of_their_order_are_not_believed(openings: Openings, file: RequestFile) -> None:
    for entries in (file.entries[::-1], (*file.entries, file.entries[-1])):
        with pytest.raises(NotAcceptable, match="不能采信"):
            openings.checked(replace(file, entries=entries))


def test_neither_another_log_s_nor_another_opening_s_request_is_believed(openings: Openings, file: RequestFile) -> None:
    other = openings.approved("inspector-1", openings.office.distributed())
    for moved in (replace(file, origin="other.example/log"), replace(file, opening=other)):
        with pytest.raises(NotAcceptable):
            openings.checked(moved)


def test_events_of_another_opening_have_no_place_in_it(openings: Openings, file: RequestFile) -> None:
    other = openings.request_file("custodian-1", openings.approved("inspector-1", openings.office.distributed()))
    entries = sorted({*file.entries, *other.entries})
    with pytest.raises(NotAcceptable, match="不属于本次启封"):
        openings.checked(replace(file, entries=tuple(entries)))


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"\xff\xfe", b'{"format":"supervision/opening-request/v2"}'])
def test_what_is_no_request_is_told_so_in_one_line(data: bytes) -> None:
    with pytest.raises(NotAcceptable) as refusal:
        RequestFile.parse(data)
    assert "\n" not in str(refusal.value)


def test_after_its_last_day_a_request_is_not_answered(openings: Openings, file: RequestFile) -> None:
    with openings.later(days=15), pytest.raises(NotAcceptable, match="到期"):
        openings.checked(file)


# -- genuine keys in wrong hands --------------------------------------------------------------------------------------


def forged(openings: Openings, opening: UUID) -> RequestFile:
    """The file as a county would make it that does not look at its own rules."""
    state = openings.state(opening)
    return file_for(openings.desk, state, opener_of(openings.desk, state), openings.custodian_key("custodian-1").key_id)


@pytest.mark.parametrize("officer", ["inspector-1", "head", "clerk-1", "custodian-2", "admin", "org-clerk"])
def test_an_approval_by_whom_it_is_not_for_is_not_believed(openings: Openings, report: UUID, officer: str) -> None:
    opening = openings.request("head", openings.office.accepted())
    openings.forced(officer, opening, OpeningApproved, request=requested(openings, opening))
    with pytest.raises(NotAcceptable, match="批准人不是"):
        openings.checked(forged(openings, opening))


def test_who_registered_the_report_does_not_approve_even_as_a_leader(openings: Openings) -> None:
    office = openings.office
    report, _ = office.web()
    office.do("acting-head", "register", report)
    opening = openings.request("head", report)
    office.move("acting-head", "leadership", "deputy_in_charge")
    openings.forced("acting-head", opening, OpeningApproved, request=requested(openings, opening))
    with pytest.raises(NotAcceptable, match="参与登记"):
        openings.checked(forged(openings, opening))


def test_an_approval_of_another_request_is_not_believed(openings: Openings) -> None:
    """The approval is genuine, its signature too; it only speaks of something else."""
    approved = openings.approved("inspector-1", openings.office.distributed())
    opening = openings.request("inspector-1", openings.office.distributed())
    openings.forced("deputy", opening, OpeningApproved, request=requested(openings, approved))
    with pytest.raises(NotAcceptable, match="不是这一份申请"):
        openings.checked(forged(openings, opening))


def test_a_request_by_whom_it_is_not_for_is_not_believed(openings: Openings) -> None:
    """A clerk with the database's password, and a leader who is not careful."""
    genuine = openings.approved("inspector-1", openings.office.distributed())
    report = openings.office.distributed()
    asked = openings.state(genuine).asked
    opening = asked_by(openings, "clerk-2", report, asked)
    openings.forced("deputy", opening, OpeningApproved, request=requested(openings, opening))
    with pytest.raises(NotAcceptable, match="申请；请由其提出"):
        openings.checked(forged(openings, opening))


REQUESTS: dict[str, dict[str, object]] = {
    "fewer custodians": {"m": 1},
    "no gate": {"gate": False},
    "for an accusation without the municipality": {"purpose": "false_accusation"},
    "for judges without an order": {"purpose": "legal_order"},
    "for tracing who gave his name": {"purpose": "trace_anonymous", "number": "市纪批〔2026〕3号"},
    "of what is not sealed": {"compartments": ("identity", "source")},
    "of what custodians do not hold": {"compartments": ("content",)},
    "to a key that is none": {"ephemeral_key": "a2V5"},
    "of another event": {"sealed_version": 2},
}


@pytest.mark.parametrize("claimed", REQUESTS.values(), ids=REQUESTS.keys())
def test_a_request_that_claims_what_is_not_so_is_not_answered(openings: Openings, claimed: dict[str, object]) -> None:
    genuine = openings.approved("inspector-1", openings.office.distributed())
    file = openings.request_file("custodian-1", genuine)
    report = openings.office.distributed()
    asked = replace(openings.state(genuine).asked, **claimed)  # type: ignore[arg-type]  # fields by name
    opening = asked_by(openings, "inspector-1", report, asked)
    openings.forced("deputy", opening, OpeningApproved, request=requested(openings, opening))
    with pytest.raises(SealingError):
        checked = openings.checked(spliced(openings, file, opening, report))
        custodian.contribute(checked, openings.custodian_key("custodian-1"))


def test_an_identity_is_not_opened_by_a_request_that_names_another_report(openings: Openings, report: UUID) -> None:
    """A request about a harmless report that points at the sealing of another one."""
    asked = openings.state(openings.approved("inspector-1", openings.office.distributed())).asked
    harmless = openings.office.distributed()
    moved = replace(asked, sealed_stream=str(report))
    opening = asked_by(openings, "inspector-1", harmless, moved, keep_sealed=True)
    openings.forced("deputy", opening, OpeningApproved, request=requested(openings, opening))
    with pytest.raises(NotAcceptable, match="封存的不是本件"):
        openings.checked(forged(openings, opening))


def test_what_is_over_is_not_answered_any_more(openings: Openings) -> None:
    opening = openings.approved("inspector-1", openings.office.distributed())
    openings.forced("inspector-1", opening, OpeningClosed, reason="withdrawn", destroyed=())
    with pytest.raises(NotAcceptable, match="当前不是"):
        openings.checked(forged(openings, opening))


def test_a_stranger_s_envelope_is_not_the_reporter_s_word(openings: Openings) -> None:
    """Public keys are public: anybody can seal. What the reporter says he signs with the key from his code."""
    report = openings.office.accepted()
    manifest, stream = openings.desk.manifest, correspondence_id(report)
    parts = [Part("source", "original", "冒充".encode()), Part("content", "text", "冒充".encode())]
    bundle = seal(manifest, stream, parts, ToOffice("petition"), openings.desk.rng)
    stamp = openings.office.stamp("reporter")
    addition = openings.desk.correspondence(report)
    addition.add_supplement(stamp, report=report, attachments=0, sealing=bundle.sealing)
    openings.desk.ledger.record(addition, signer=SigningKey(b"s" * 32), custody=custody_of(bundle))
    opening = openings.approved("head", report, "source", addition=1)
    with pytest.raises(NotAcceptable, match="签名密钥未知"):
        openings.checked(openings.request_file("custodian-1", opening))
    with pytest.raises(Fault, match="签名密钥未知"):
        openings.office.verify()


# -- keys ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "holder", ["superior/gate", "relay/relay-1", "office/petition", "superior/custodian/superior-custodian-1"]
)
def test_only_a_custodian_s_key_gives_a_share(openings: Openings, file: RequestFile, holder: str) -> None:
    with pytest.raises(NotAcceptable, match="不是封存本件的保管人的"):
        custodian.contribute(openings.checked(file), openings.key(holder))


def test_a_file_for_one_custodian_is_of_no_use_to_another(openings: Openings, file: RequestFile) -> None:
    with pytest.raises(NotAcceptable, match="没有封给这把私钥"):
        custodian.contribute(openings.checked(file), openings.custodian_key("custodian-2"))


def test_a_wrap_that_was_swapped_is_not_opened(openings: Openings, file: RequestFile) -> None:
    wrap = file.wraps[0]
    for wraps in ((), (wrap[:-1] + bytes([wrap[-1] ^ 1]),)):
        with pytest.raises(NotAcceptable, match="没有封给"):
            custodian.contribute(openings.checked(replace(file, wraps=wraps)), openings.custodian_key("custodian-1"))


def test_an_answer_is_for_the_requester_s_key_alone(openings: Openings, file: RequestFile) -> None:
    answer = custodian.contribute(openings.checked(file), openings.custodian_key("custodian-1"))
    with pytest.raises(CannotOpen):
        KemPrivateKey(bytes(32)).decrypt(answer.given["identity"][1:], b"")


# -- making such files ------------------------------------------------------------------------------------------------


def with_entry(file: RequestFile, at: int, entry: Entry) -> RequestFile:
    entries = list(file.entries)
    entries[at] = RecordedEntry(entries[at].position, entry)
    return replace(file, entries=tuple(entries))


def requested(openings: Openings, opening: UUID) -> str:
    """Statement hash of the request."""
    return statement(openings.desk.manifest.origin, openings.desk.log.stream(opening)[0])


def asked_by(
    openings: Openings, officer: str, report: UUID, asked: OpeningRequested, *, keep_sealed: bool = False
) -> UUID:
    """A request that an officer writes into the log himself, as the first of a report; returns the opening."""
    session = openings.office.sessions[officer]
    event = replace(
        asked,
        originator_id=opening_id(report, 1),
        actor=officer,
        office=session.office,
        report=str(report),
        sealed_stream=asked.sealed_stream if keep_sealed else str(report),
    )
    openings.desk.ledger.record(event, signer=session.signer)
    return event.originator_id


def spliced(openings: Openings, genuine: RequestFile, opening: UUID, report: UUID) -> RequestFile:
    """The file of ``opening``, made by hand where the county's own program cannot."""
    desk = openings.desk
    streams = {recorded.entry.stream_id for recorded in genuine.entries} - {genuine.opening}
    topics = ("officer.", "deployment.")
    entries = [
        RecordedEntry(desk.log.position_of(entry.stream_id, entry.stream_version) or 0, entry)
        for stream in (*streams, opening, report)
        for entry in desk.log.stream(stream)
        if stream in (opening, report) or entry.topic.startswith(topics)
    ]
    return replace(genuine, opening=opening, entries=tuple(sorted(entries)))
