"""The whole way of an opening, on both databases: identity and source, with and without the gate, and what remains."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from events.vocabulary.opening import ShareRejected
from projections import queries
from supervision.casework import opening as use
from supervision.domain.opening import openings_shown_to_reporter
from supervision.domain.refusal import Refused
from supervision.domain.rights import DeclineReason, OpeningPurpose, OpeningRefusal, OpeningState
from supervision.intake import supplement
from supervision.openings.gate import release
from tests.support.office import DATABASES, REPORTER, file, names, staffed_on
from tests.support.openings import CUSTODIANS, Openings

TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module", params=DATABASES)
def openings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory: Path = tmp_path_factory.mktemp("openings")
    with staffed_on(request, directory) as office:
        yield Openings(office, directory)


def test_the_handler_sees_the_reporter_once_after_everybody_has_done_his_part(openings: Openings) -> None:
    report = openings.office.distributed()
    opening = openings.approved("inspector-1", report)
    openings.given(opening)
    openings.released(opening)
    opened = openings.open("inspector-1", opening)
    told = json.loads(opened.fields["identity", "reporter"])
    assert (told["name"], told["phone"]) == (REPORTER.name, REPORTER.phone)
    assert set(opened.fields) == {("identity", "reporter")}
    assert names(openings.office.events(opening)) == [
        "opening.requested",
        "opening.approved",
        "opening.contributed",
        "opening.contributed",
        "opening.gate_released",
        "opening.opened",
    ]
    with pytest.raises(Refused, match="已经打开过一次"):
        openings.open("inspector-1", opening)
    openings.office.verify()


def test_what_is_left_opens_nothing(openings: Openings) -> None:
    """The contributions are gone from custody, the ephemeral key from the working state."""
    opening = openings.approved("inspector-1", openings.office.distributed())
    openings.given(opening)
    assert len(openings.desk.custody.wraps_for(opening)) == 2
    openings.released(opening)
    openings.open("inspector-1", opening)
    assert openings.desk.custody.wraps_for(opening) == []
    assert not openings.ephemeral_is_kept(opening)


def test_the_original_of_a_file_is_opened_with_the_source(openings: Openings) -> None:
    report = openings.office.distributed(attachments=(file("收条.txt", "今收到八万元".encode()),))
    opened = openings.at_once("inspector-1", report, "source")
    assert opened.fields == {}
    (original,) = opened.files
    assert (original.name, original.media_type) == ("收条.txt", "text/plain")
    with use.open_original(openings.desk, opened, original) as found:
        assert found.read(1024).decode() == "今收到八万元"
    with pytest.raises(Refused, match="不属于"):
        use.open_original(openings.desk, opened, replace(original, sha256="0" * 64))


def test_identity_and_source_are_opened_together(openings: Openings) -> None:
    report = openings.office.distributed(original="短信原文")
    opened = openings.at_once("inspector-1", report, "identity", "source")
    assert opened.fields["source", "original"] == "短信原文"
    assert set(opened.data_keys) == {"identity", "source"}


def test_what_the_reporter_added_later_has_an_opening_of_its_own(openings: Openings) -> None:
    report, code = openings.office.web()
    addition = supplement.Addition(number=1, files=(file("录音.txt", b"original"),))
    supplement.add(openings.office.platform, code, addition)
    openings.office.do("clerk-1", "register", report)
    assert list(use.compartments_for(openings.desk, report)) == ["identity"]
    assert list(use.compartments_for(openings.desk, report, addition=1)) == ["source"]
    opened = openings.at_once("head", report, "source", addition=1)
    (original,) = opened.files
    with use.open_original(openings.desk, opened, original) as found:
        assert found.read(1024) == b"original"


def test_the_same_answer_brought_twice_is_recorded_once(openings: Openings) -> None:
    opening = openings.approved("inspector-1", openings.office.distributed())
    answer = openings.answer("custodian-1", opening).encode()
    for _ in range(2):
        openings.contribute("custodian-1", opening, answer)
    assert names(openings.office.events(opening)).count("opening.contributed") == 1
    with pytest.raises(Refused, match="已提交过"):
        openings.contribute("custodian-1", opening)


def test_a_custodian_who_declines_may_think_better_of_it(openings: Openings) -> None:
    opening = openings.approved("inspector-1", openings.office.distributed())
    session = openings.office.sessions["custodian-1"]
    use.decline(openings.desk, session, opening, DeclineReason.NO_BASIS)
    assert openings.state(opening).declined == {"custodian-1": "no_basis"}
    openings.contribute("custodian-1", opening)
    assert openings.state(opening).declined == {}


def test_a_leader_who_does_not_agree_ends_it(openings: Openings) -> None:
    opening = openings.request("inspector-1", openings.office.distributed())
    use.refuse(openings.desk, openings.office.sessions["deputy"], opening, OpeningRefusal.OTHER_WAY)
    assert openings.state(opening).state is OpeningState.REFUSED
    with pytest.raises(Refused, match="不能审批"):
        use.approve(openings.desk, openings.office.sessions["principal"], opening)


@pytest.mark.parametrize(
    ("officer", "days", "reason"),
    [("inspector-1", 0, "withdrawn"), ("deputy", 0, "revoked"), ("head", 15, "expired")],
)
def test_what_is_closed_leaves_no_contribution(openings: Openings, officer: str, days: int, reason: str) -> None:
    opening = openings.approved("inspector-1", openings.office.distributed())
    openings.given(opening)
    with openings.later(days=days):
        use.close(openings.desk, openings.working, openings.office.sessions[officer], opening)
    last = openings.office.events(opening)[-1]
    assert getattr(last, "reason", "") == reason
    assert openings.desk.custody.wraps_for(opening) == []
    assert not openings.ephemeral_is_kept(opening)


def test_a_bad_share_has_a_name_and_another_custodian_makes_up_for_it(openings: Openings) -> None:
    opening = openings.approved("inspector-1", openings.office.distributed())
    good = openings.answer("custodian-1", opening)
    sealed = good.given["identity"]
    spoiled = replace(good, given={"identity": sealed[:-1] + bytes([sealed[-1] ^ 1])})
    openings.contribute("custodian-1", opening, spoiled.encode())
    openings.contribute("custodian-2", opening)
    openings.released(opening)
    with pytest.raises(Refused, match="身份保管员甲"):
        openings.open("inspector-1", opening)
    rejected = openings.office.events(opening)[-1]
    assert isinstance(rejected, ShareRejected)
    assert rejected.custodian == "custodian-1"
    with pytest.raises(Refused, match="需要 2 名"):
        openings.open("inspector-1", opening)
    openings.contribute("custodian-3", opening)
    assert openings.open("inspector-1", opening).fields
    openings.office.verify()


def test_a_spoiled_half_of_the_gate_is_the_gate_s(openings: Openings) -> None:
    opening = openings.approved("inspector-1", openings.office.distributed())
    openings.given(opening)
    openings.witnessed()
    genuine = release(openings.gate, openings.gate_file(opening), openings.office.clock())
    half = genuine.given["identity"]
    spoiled = replace(genuine, given={"identity": half[:-1] + bytes([half[-1] ^ 1])})
    superior = openings.office.sessions["superior"]
    use.add_gate_answer(openings.desk, superior, opening, spoiled.encode())
    with pytest.raises(Refused, match="闸门"):
        openings.open("inspector-1", opening)
    use.add_gate_answer(openings.desk, superior, opening, genuine.encode())
    assert openings.open("inspector-1", opening).fields


def test_the_reporter_is_told_the_day_and_the_purpose_unless_an_order_delays_it(openings: Openings) -> None:
    report = openings.office.distributed()
    opened = openings.at_once("inspector-1", report)
    events = [event for one in use.openings_of(openings.desk, report) for event in openings.office.events(one.id)]
    shown = [("2026-11-23", OpeningPurpose.SUPPLEMENT.label)]
    assert openings_shown_to_reporter(events, TODAY) == shown
    deputy = openings.office.sessions["deputy"]
    use.delay_notice(openings.desk, deputy, opened.opening_id, "云法调〔2026〕7号", date(2027, 1, 10))
    events += openings.office.events(opened.opening_id)[-1:]
    assert openings_shown_to_reporter(events, date(2027, 1, 9)) == []
    assert openings_shown_to_reporter(events, date(2027, 1, 10)) == shown


def test_queues_say_whose_turn_it_is(openings: Openings) -> None:
    desk, office = openings.desk, openings.office
    opening = openings.request("inspector-1", office.distributed())

    def waiting() -> list[str]:
        office.catch_up()
        with office.platform.reads.reading() as reader:
            queues = {
                "approver": queries.openings_to_approve(reader, "deputy", None, TODAY),
                "custodian-1": queries.openings_to_contribute(reader, "custodian-1", TODAY),
                "custodian-3": queries.openings_to_contribute(reader, "custodian-3", TODAY),
                "gate": queries.openings_to_release(reader, TODAY),
                "requester": [row for row in queries.openings_requested(reader, "inspector-1", TODAY) if row.ready],
            }
            return [who for who, rows in queues.items() if opening in {row.opening_id for row in rows}]

    assert waiting() == ["approver"]
    use.approve(desk, office.sessions["deputy"], opening)
    assert waiting() == ["custodian-1", "custodian-3"]
    openings.contribute("custodian-1", opening)
    assert waiting() == ["custodian-3"]
    openings.contribute("custodian-2", opening)
    assert waiting() == ["gate"]
    openings.released(opening)
    assert waiting() == ["requester"]
    openings.open("inspector-1", opening)
    assert waiting() == []


def test_no_event_of_an_opening_says_who_reported_or_what(openings: Openings) -> None:
    report = openings.office.distributed(title="山茶楼的八万元")
    opened = openings.at_once("inspector-1", report)
    states = b"".join(entry.state for entry in openings.desk.log.stream(opened.opening_id))
    assert len(CUSTODIANS) == 3
    for said in (REPORTER.name, REPORTER.phone, REPORTER.id_no, REPORTER.address, "山茶楼"):
        assert said.encode() not in states


@pytest.fixture(scope="module", params=DATABASES)
def without_gate(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory: Path = tmp_path_factory.mktemp("without-gate")
    with staffed_on(request, directory, gate=False) as office:
        yield Openings(office, directory)


def test_without_a_gate_m_custodians_are_enough(without_gate: Openings) -> None:
    report = without_gate.office.distributed(original="来信原文")
    opened = without_gate.at_once("inspector-1", report, "identity", "source")
    assert opened.fields["source", "original"] == "来信原文"
    assert json.loads(opened.fields["identity", "reporter"])["name"] == REPORTER.name
    without_gate.office.verify()


def test_without_a_gate_there_is_nothing_to_release(without_gate: Openings) -> None:
    opening = without_gate.approved("inspector-1", without_gate.office.distributed())
    without_gate.given(opening)
    with pytest.raises(Refused, match="不设上级闸门"):
        without_gate.gate_file(opening)
