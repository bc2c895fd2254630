"""The whole way of a report by the real commands: from the public door to the archive, and the side ways of it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from events.model import ActedEvent
from events.signing import key_id_of
from events.vocabulary.intake import ReceiptIssued
from supervision.casework.actions import Case
from supervision.casework.content import ContentReader, sealings_of
from supervision.casework.officer_session import OfficerSession
from supervision.domain.codes import ReportState, StatusWord
from supervision.domain.refusal import Refused
from supervision.intake.status_lookup import look_up
from supervision.intake.supplement import Addition, add, withdraw_feedback_wish
from supervision.sealing.compartments import CONTENT
from supervision.sealing.errors import CannotOpen
from supervision.sealing.opening import Opener
from supervision.sealing.receipt import ReceiptCode
from tests.support.deployment import seeds
from tests.support.office import DATABASES, OWN, Office, file, names, staffed_on

LEDGER = "报销单三张，均由厉文舟签字。".encode()


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


def word(office: Office, code: ReceiptCode) -> StatusWord:
    status = look_up(office.platform, code)
    assert status is not None
    return status.word


# -- from the door to the archive -------------------------------------------------------------------


def test_a_report_comes_in_at_the_door_and_leaves_as_an_answered_case(office: Office) -> None:
    report_id, code = office.web(attachments=(file("报销单.txt", LEDGER),))
    assert word(office, code) is StatusWord.RECEIVED
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN, note="事项具体。")
    office.do("head", "confirm_screening", report_id)
    office.do("clerk-2", "notify_reporter", report_id, mode="status_page")
    assert word(office, code) is StatusWord.ACCEPTED
    add(office.platform, code, Addition(number=1, text="茶楼有监控。", files=(file("补充.txt", b"more"),)))
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-1", "inspector-2"])
    office.do("principal", "approve_distribution", report_id)
    assert word(office, code) is StatusWord.IN_HAND
    add(office.platform, code, Addition(number=2, text="还有一次在车上。"))
    office.propose_and_approve(report_id)
    office.do("inspector-1", "note_two_reports", report_id, to="party_committee", document="云纪报〔2026〕1号")
    office.do("inspector-1", "draft_message", report_id, text="请说明车上那次的时间。")
    (message,) = office.case(report_id).correspondence.drafts
    office.do("inspector-2", "approve_message", report_id, message=message)
    office.do("inspector-1", "conclude", report_id, result="partly_proved", note="收受属实，数额待核。")
    assert word(office, code) is StatusWord.CLOSED
    office.do("inspector-1", "feed_back", report_id, mode="status_page", second_officer="inspector-2", note="已反馈。")
    assert word(office, code) is StatusWord.FED_BACK
    withdraw_feedback_wish(office.platform, code)
    office.do("clerk-1", "archive", report_id, retention="thirty_years")

    read = office.read("inspector-2", report_id)
    assert read.text == "在望山茶楼收下八万元。"
    assert [added.text for added in read.supplements] == ["茶楼有监控。", "还有一次在车上。"]
    assert sorted(read.notes.values()) == ["事项具体。", "已反馈。", "建议初步核实。", "收受属实，数额待核。"]
    assert list(read.drafts.values()) == ["请说明车上那次的时间。"]
    status = look_up(office.platform, code)
    assert status is not None
    assert [m.text for m in status.messages if "车上" in m.text] == ["请说明车上那次的时间。"]
    assert names(office.events(report_id))[-3:] == ["report.closed", "report.result_fed_back", "report.archived"]
    office.verify()


def test_every_event_is_signed_by_whoever_acted(office: Office) -> None:
    """Officers with the key of their session, the reporter with the key of his code, the rest by the ceremony."""
    report_id, code = office.web()
    office.do("clerk-1", "register", report_id)
    add(office.platform, code, Addition(number=1, text="补充。"))
    own = code.derive(office.platform.settings.origin)
    ceremony = office.platform.manifest.ceremony
    keys = {officer: session.signer.key_id for officer, session in office.sessions.items()}
    keys |= {"ceremony": key_id_of(ceremony)}
    mine = {own.stream_id, report_id, office.case(report_id).correspondence.id}
    seen = set()
    for recorded in office.desk.ledger.stored(1, 100_000):
        event = recorded.event
        if isinstance(event, ReceiptIssued) or (isinstance(event, ActedEvent) and event.actor == "reporter"):
            if event.originator_id in mine:
                assert recorded.key_id == own.signing.key_id
                seen.add("reporter")
        elif event.TOPIC != "officer.enrolled.v1":  # the one-time code signs that
            assert isinstance(event, ActedEvent)
            assert recorded.key_id == keys[event.actor], event.TOPIC
            seen.add(event.actor)
    assert {"reporter", "ceremony", "clerk-1"} <= seen


def test_evidence_opens_as_its_cleaned_copy_for_whom_the_report_is_assigned_to(office: Office) -> None:
    report_id, code = office.web(attachments=(file("报销单.txt", LEDGER), file("录音.wav", b"RIFF....", "audio/wav")))
    add(office.platform, code, Addition(number=1, files=(file("补充.txt", b"later"),)))
    case = office.case(report_id)
    reader = ContentReader(office.desk, office.sessions["clerk-1"], case.report, case.clue)
    described, opened = reader.file(1, 1, of_report=True)
    with opened:
        assert (described.name, b"".join(opened)) == ("报销单.txt", LEDGER)
    with reader.file(1, 1, of_report=False)[1] as opened:
        assert b"".join(opened) == b"later"
    assert [one.item is not None for one in reader.read().files] == [True, False]
    for number in (2, 3):  # no cleaned copy, no such file
        with pytest.raises(Refused) as refused:
            reader.file(1, number, of_report=True)
        assert refused.value.code == "no_file"


# -- side ways --------------------------------------------------------------------------------------


def test_an_objection_is_explained_or_taken_up_again(office: Office) -> None:
    report_id = office.concluded()
    office.do("inspector-1", "feed_back", report_id, mode="phone", second_officer="inspector-2")
    office.do("clerk-1", "record_objection", report_id, note="不认可结果。")
    office.do("inspector-1", "explain_objection", report_id, mode="phone", note="已说明依据。")
    assert office.case(report_id).report.state is ReportState.FED_BACK
    office.do("inspector-1", "record_objection", report_id, new_evidence="on", note="提供转账记录。")
    office.do("inspector-2", "reopen", report_id)
    assert office.case(report_id).standing == "“已移送承办部门”、“已分办”"
    office.propose_and_approve(report_id)
    office.do("inspector-1", "conclude", report_id, result="proved", note="属实。")
    office.do("inspector-1", "feed_back", report_id, mode="phone", second_officer="inspector-2")
    office.do("clerk-1", "archive", report_id, retention="permanent")
    office.verify()


def test_a_17_a_department_gives_it_back_and_it_goes_another_way(office: Office) -> None:
    report_id = office.distributed()
    number = office.case(report_id).report.number
    office.do("inspector-1", "propose_return", report_id)
    office.do("deputy", "approve_return", report_id)
    case = office.case(report_id)
    assert (case.report.state, case.clue, case.report.number) == (ReportState.REGISTERED, None, number)
    with pytest.raises(Refused) as refused:  # it is not theirs any more
        office.read("inspector-1", report_id)
    assert refused.value.code == "not_assigned"
    office.do("clerk-2", "screen", report_id, **OWN)
    office.do("head", "confirm_screening", report_id)
    office.do("head", "transfer", report_id, department="dept-2")
    office.do("clue", "record_clue", report_id)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-3"])
    office.do("principal", "approve_distribution", report_id)
    assert office.read("inspector-3", report_id).text
    office.verify()


def test_a_report_handed_over_is_registered_anew_and_read_by_the_other_office(office: Office) -> None:
    report_id, code = office.web(line="12380")
    add(office.platform, code, Addition(number=1, text="补充一句。"))
    office.do("org-clerk", "register", report_id)
    office.do(
        "org-clerk", "screen", report_id, **OWN | {"proposal": "hand_over", "target": "petition"}, note="属违纪。"
    )
    with pytest.raises(Refused) as refused:
        office.read("clerk-1", report_id)
    assert refused.value.code == "not_assigned"
    office.do("org-head", "confirm_screening", report_id)
    report = office.case(report_id).report
    assert (report.office, report.state, report.number) == ("petition", ReportState.RECEIVED, "")
    read = office.read("clerk-1", report_id)
    assert (read.text, read.supplements[0].text) == ("在望山茶楼收下八万元。", "补充一句。")
    assert list(read.notes.values()) == ["属违纪。"]
    for former in ("org-clerk", "org-head"):
        with pytest.raises(Refused):
            office.read(former, report_id)
    office.do("clerk-1", "register", report_id)
    assert office.case(report_id).report.number.startswith("云信〔2026〕")
    add(office.platform, code, Addition(number=2, text="再补充。"))
    assert office.read("clerk-1", report_id).supplements[-1].text == "再补充。"
    office.verify()


# -- two locks: the rules, and the keys -------------------------------------------------------------


def test_before_the_distribution_nobody_in_the_department_reads(office: Office) -> None:
    report_id = office.accepted()
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-1"])
    for officer in ("inspector-1", "inspector-2", "clue", "org-principal", "oversight", "admin"):
        with pytest.raises(Refused) as refused:
            office.read(officer, report_id)
        assert refused.value.code == "not_assigned"
    for leader in ("principal", "deputy"):
        assert office.read(leader, report_id).text
    office.do("principal", "approve_distribution", report_id)
    assert office.read("inspector-1", report_id).text


def test_a_colleague_in_the_department_is_refused_by_rule_though_he_has_the_key(office: Office) -> None:
    report_id = office.distributed("inspector-1")
    colleague = office.sessions["inspector-2"]
    with pytest.raises(Refused) as refused:
        office.read("inspector-2", report_id)
    assert refused.value.code == "not_assigned"
    case = assigned_to(office, colleague, report_id)
    assert ContentReader(office.desk, colleague, case.report, case.clue).title() == "收受好处"


def test_another_department_is_refused_by_arithmetic_even_if_the_rules_let_it(office: Office) -> None:
    report_id = office.distributed("inspector-1")
    stranger = office.sessions["inspector-3"]
    case = assigned_to(office, stranger, report_id)
    with pytest.raises(Refused) as refused:
        ContentReader(office.desk, stranger, case.report, case.clue)
    assert refused.value.code == "no_key"
    assert not any(opens_content(office, report_id, key) for key in stranger.office_keys.values())


def assigned_to(office: Office, officer: OfficerSession, report_id: UUID) -> Case:
    """The case as it would be if the rules had let this officer in."""
    case = office.case(report_id)
    assert case.clue is not None
    case.clue.handlers = (officer.officer,)
    return case


def opens_content(office: Office, report_id: UUID, key: object) -> bool:
    """Whether a private key unwraps any content key that the events of the case speak of."""
    case = office.case(report_id)
    streams = [report_id, case.correspondence.id, *([case.clue.id] if case.clue else [])]
    for stream in streams:
        for event in office.events(stream):
            for sealing in sealings_of(event):
                opener = Opener(office.platform.manifests[sealing.manifest], sealing, stream, office.platform.retention)
                for ref in sealing.keys:
                    for wrap in ref.wraps if ref.compartment == CONTENT else ():
                        data = office.desk.custody.wrap(bytes.fromhex(wrap.sha256))
                        try:
                            opener.unwrap(CONTENT, data or b"", key)  # type: ignore[arg-type]  # a private key
                        except CannotOpen:
                            continue
                        return True
    return False


def test_a_transfer_wraps_to_the_department_and_the_leaders_and_to_nobody_else(office: Office) -> None:
    report_id = office.distributed("inspector-1")
    readers = {name for name in office_keys(office) if opens_content(office, report_id, office.office_key(name))}
    assert readers == {"petition", "dept-1", "leadership"}


def office_keys(office: Office) -> list[str]:
    return [name.removeprefix("office/") for name in seeds(office.platform) if name.startswith("office/")] + [
        "superior"
    ]


def test_a_distribution_to_another_department_adds_that_one(office: Office) -> None:
    report_id = office.accepted()
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-3"])
    assert not opens_content(office, report_id, office.office_key("dept-2"))
    office.do("principal", "approve_distribution", report_id)
    assert office.read("inspector-3", report_id).text == "在望山茶楼收下八万元。"


def test_a_session_without_the_offices_key_reads_nothing(office: Office) -> None:
    report_id, _ = office.web()
    clerk = office.sessions["clerk-1"]
    bare = OfficerSession(
        officer=clerk.officer,
        name=clerk.name,
        office=clerk.office,
        roles=clerk.roles,
        signer=clerk.signer,
        kem=clerk.kem,
    )
    case = office.case(report_id)
    with pytest.raises(Refused) as refused:
        ContentReader(office.desk, bare, case.report, case.clue)
    assert refused.value.code == "no_key"
