"""A reporter is contacted by two relay officers: who sees what, what is recorded when, what is left afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from events.vocabulary.contact import ContactContributed, ContactRequested, ContactUsed
from supervision.casework.contact import contacts_of, purposes_for
from supervision.domain.codes import Channel
from supervision.domain.contact_codes import ContactOutcome, ContactPurpose, ContactState
from supervision.domain.refusal import Refused
from supervision.intake.submission import ReporterDetails
from tests.support.contacts import PENDING, Contacts
from tests.support.office import DATABASES, REPORTER, names, staffed_on

P = ContactPurpose
REACHED = ContactOutcome.REACHED
ANONYMOUS = ReporterDetails()
ONLY_A_NUMBER = ReporterDetails(phone="12000000077", preference="发短信")


@pytest.fixture(scope="module", params=DATABASES)
def contacts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contacts]:
    with staffed_on(request, tmp_path_factory.mktemp("contacts")) as office:
        yield Contacts(office)


def test_the_second_relay_officer_sees_number_address_and_preferred_way_and_nothing_else(contacts: Contacts) -> None:
    contact = contacts.request("clerk-1", contacts.office.accepted())
    contacts.contribute("relay-1", contact)
    seen = contacts.look("relay-2", contact)
    assert dict(seen.fields) == {
        "phone": REPORTER.phone,
        "address": REPORTER.address,
        "preference": REPORTER.preference,
    }
    assert REPORTER.phone not in repr(seen)


def test_either_relay_officer_may_be_the_one_who_calls(contacts: Contacts) -> None:
    contact = contacts.request("clerk-1", contacts.office.accepted())
    contacts.contribute("relay-2", contact)
    assert contacts.look("relay-1", contact).fields["phone"] == REPORTER.phone


def test_each_step_is_an_event_and_the_look_is_in_the_log_before_it_returns(contacts: Contacts) -> None:
    contact = contacts.request("clerk-1", contacts.office.accepted())
    contacts.contribute("relay-1", contact)
    seen = contacts.look("relay-2", contact)
    events = contacts.office.events(contact)
    assert names(events) == ["contact.requested", "contact.contributed", "contact.used"]
    assert seen.position == contacts.desk.ledger.head()
    contacts.conclude("relay-2", contact)
    assert names(contacts.office.events(contact))[-1] == "contact.concluded"
    assert [getattr(event, "actor", "") for event in contacts.office.events(contact)] == [
        "clerk-1",
        "relay-1",
        "relay-2",
        "relay-2",
    ]


def test_no_event_of_a_contact_says_anything_of_the_reporter_or_the_matter(contacts: Contacts) -> None:
    contact = contacts.reached("clerk-1", contacts.office.accepted(), P.ACCEPTANCE, REACHED)
    told = " ".join(entry.state.decode() for entry in contacts.desk.log.stream(contact))
    for secret in (REPORTER.phone, REPORTER.address, REPORTER.name, REPORTER.preference, "厉文舟", "收受好处"):
        assert secret not in told


def test_a_share_serves_one_request_and_is_destroyed_with_the_look(contacts: Contacts) -> None:
    contact = contacts.request("clerk-1", contacts.office.accepted())
    contacts.contribute("relay-1", contact)
    kept = contacts.state(contact).kept_wraps
    assert all(contacts.desk.custody.wrap(bytes.fromhex(sha256)) for sha256 in kept)
    contacts.look("relay-2", contact)
    assert not any(contacts.desk.custody.wrap(bytes.fromhex(sha256)) for sha256 in kept)
    (used,) = [event for event in contacts.office.events(contact) if isinstance(event, ContactUsed)]
    assert used.destroyed == kept


def test_a_share_is_sealed_to_the_other_relay_officer_of_the_manifest_alone(contacts: Contacts) -> None:
    contact = contacts.request("clerk-1", contacts.office.accepted())
    contacts.contribute("relay-1", contact)
    (given,) = [event for event in contacts.office.events(contact) if isinstance(event, ContactContributed)]
    relays = {one.id: one.kem.key_id for one in contacts.desk.manifest.relays}
    assert [wrap.key for ref in given.sealing.keys for wrap in ref.wraps] == [relays["relay-2"]]


def test_a_withdrawn_request_destroys_the_share(contacts: Contacts) -> None:
    contact = contacts.request("clerk-1", contacts.office.accepted())
    contacts.contribute("relay-1", contact)
    kept = contacts.state(contact).kept_wraps
    contacts.close("clerk-1", contact)
    assert contacts.state(contact).state is ContactState.CLOSED
    assert not any(contacts.desk.custody.wrap(bytes.fromhex(sha256)) for sha256 in kept)


def test_a_second_call_takes_a_second_request(contacts: Contacts) -> None:
    report = contacts.office.accepted()
    first = contacts.reached("clerk-1", report, P.ACCEPTANCE, ContactOutcome.NOT_REACHED)
    second = contacts.request("clerk-1", report)
    assert [use.id for use in contacts_of(contacts.desk, report)] == [first, second]


def test_the_request_names_the_event_that_holds_the_shares(contacts: Contacts) -> None:
    report = contacts.office.accepted()
    (asked,) = contacts.office.events(contacts.request("clerk-1", report))
    assert isinstance(asked, ContactRequested)
    assert (asked.sealed_stream, asked.m, asked.expires_on) == (str(report), 2, "2026-12-07")


def test_the_log_verifies_with_all_that_was_given_used_and_destroyed(contacts: Contacts) -> None:
    contact = contacts.request("clerk-1", contacts.office.accepted())
    contacts.contribute("relay-1", contact)
    contacts.office.verify()
    contacts.look("relay-2", contact)
    contacts.conclude("relay-2", contact)
    contacts.office.verify()


# -- who may ask for what -------------------------------------------------------------------------------------------


def offered(contacts: Contacts, officer: str, report: UUID) -> set[ContactPurpose]:
    return set(purposes_for(contacts.desk, contacts.office.sessions[officer], report))


def test_what_is_offered_follows_the_stage_of_the_report(contacts: Contacts) -> None:
    office = contacts.office
    report, _ = office.web()
    assert offered(contacts, "clerk-1", report) == set()
    office.do("clerk-1", "register", report)
    assert offered(contacts, "clerk-1", report) == {P.VERIFICATION, P.SUPPLEMENT}
    office.do("clerk-1", "screen", report, **PENDING)
    office.do("head", "confirm_screening", report)
    assert offered(contacts, "clerk-1", report) == {P.ACCEPTANCE, P.SUPPLEMENT}
    concluded = office.concluded()
    assert offered(contacts, "inspector-1", concluded) == {P.RESULT, P.SUPPLEMENT}
    assert offered(contacts, "inspector-3", concluded) == set()
    assert offered(contacts, "org-clerk", concluded) == set()


def test_an_anonymous_reporter_who_left_a_number_is_asked_for_more_and_told_nothing_that_is_due_to_a_name(
    contacts: Contacts,
) -> None:
    office = contacts.office
    report, _ = office.web(reporter=ONLY_A_NUMBER)
    office.do("clerk-1", "register", report)
    assert offered(contacts, "clerk-1", report) == {P.SUPPLEMENT}
    contact = contacts.request("clerk-1", report, P.SUPPLEMENT)
    contacts.contribute("relay-1", contact)
    assert dict(contacts.look("relay-2", contact).fields) == {"phone": "12000000077", "preference": "发短信"}
    with pytest.raises(Refused, match="不得借联系核查举报人身份"):
        office.do("clerk-1", "screen", report, **{**PENDING, "named_status": "anonymous"})
        office.do("head", "confirm_screening", report)
        contacts.request("clerk-1", report, P.ACCEPTANCE)


def test_an_anonymous_report_without_a_number_has_nobody_to_call(contacts: Contacts) -> None:
    report, _ = contacts.office.web(reporter=ANONYMOUS)
    contacts.office.do("clerk-1", "register", report)
    assert offered(contacts, "clerk-1", report) == set()
    with pytest.raises(Refused, match="没有留下电话或者通信地址"):
        contacts.request("clerk-1", report, P.SUPPLEMENT)


def test_a_number_that_the_network_delivered_is_no_contact(contacts: Contacts) -> None:
    caller = ReporterDetails(caller="12000000088")
    report, _ = contacts.office.web(channel=Channel.PHONE, reporter=caller)
    contacts.office.do("clerk-1", "register", report)
    with pytest.raises(Refused, match="没有留下电话或者通信地址"):
        contacts.request("clerk-1", report, P.SUPPLEMENT)


# -- the record that a notice was given -----------------------------------------------------------------------------


def test_who_was_reached_by_relay_officers_counts_as_told(contacts: Contacts) -> None:
    report = contacts.office.accepted()
    contacts.reached("clerk-1", report, P.ACCEPTANCE, REACHED)
    contacts.office.do("clerk-1", "notify_reporter", report, mode="relay")
    assert getattr(contacts.office.events(report)[-1], "mode", "") == "relay"


@pytest.mark.parametrize("outcome", [one for one in ContactOutcome if one is not REACHED])
def test_nobody_counts_as_told_who_was_not_reached(contacts: Contacts, outcome: ContactOutcome) -> None:
    report = contacts.office.accepted()
    contacts.reached("clerk-1", report, P.ACCEPTANCE, outcome)
    with pytest.raises(Refused, match="没有以“受理告知”为由联系到本人的记录"):
        contacts.office.do("clerk-1", "notify_reporter", report, mode="relay")


def test_a_contact_for_another_purpose_is_no_notice(contacts: Contacts) -> None:
    report = contacts.office.accepted()
    contacts.reached("clerk-1", report, P.SUPPLEMENT, REACHED)
    with pytest.raises(Refused, match="没有以“受理告知”为由"):
        contacts.office.do("clerk-1", "notify_reporter", report, mode="relay")


def test_a_result_is_fed_back_by_relay_officers_only_where_they_reached_him(contacts: Contacts) -> None:
    report = contacts.office.concluded()
    feedback = {"mode": "relay", "second_officer": "inspector-2"}
    with pytest.raises(Refused, match="没有以“处理结果反馈”为由"):
        contacts.office.do("inspector-1", "feed_back", report, **feedback)
    contacts.reached("inspector-1", report, P.RESULT, REACHED)
    with pytest.raises(Refused, match="两名工作人员"):
        contacts.office.do("inspector-1", "feed_back", report, mode="relay")
    contacts.office.do("inspector-1", "feed_back", report, **feedback)


def test_what_was_told_of_an_earlier_result_is_no_notice_of_a_later_one(contacts: Contacts) -> None:
    office, report = contacts.office, contacts.office.concluded()
    contacts.reached("inspector-1", report, P.RESULT, REACHED)
    feedback = {"mode": "relay", "second_officer": "inspector-2"}
    office.do("inspector-1", "feed_back", report, **feedback)
    office.do("inspector-1", "record_objection", report, new_evidence="on", note="另有新的单据。")
    office.do("inspector-1", "reopen", report)
    office.propose_and_approve(report)
    office.do("inspector-1", "conclude", report, result="proved", note="属实。")
    with pytest.raises(Refused, match="没有以“处理结果反馈”为由"):
        office.do("inspector-1", "feed_back", report, **feedback)


def test_an_objection_is_explained_by_relay_officers_only_where_they_reached_him(contacts: Contacts) -> None:
    office, report = contacts.office, contacts.office.concluded()
    office.do("inspector-1", "feed_back", report, mode="in_person", second_officer="inspector-2")
    office.do("inspector-1", "record_objection", report, note="不同意。")
    explained = {"mode": "relay", "note": "已说明。"}
    with pytest.raises(Refused, match="没有以“异议说明”为由"):
        office.do("inspector-1", "explain_objection", report, **explained)
    contacts.reached("inspector-1", report, P.EXPLANATION, REACHED)
    office.do("inspector-1", "explain_objection", report, **explained)


def test_a_named_report_is_verified_by_relay_officers_only_where_they_reached_him(contacts: Contacts) -> None:
    report, _ = contacts.office.web()
    contacts.office.do("clerk-1", "register", report)
    verified = {**PENDING, "named_status": "verified", "verification": "relay"}
    with pytest.raises(Refused, match="没有以“核实是否本人反映”为由"):
        contacts.office.do("clerk-1", "screen", report, **verified)
    contacts.reached("clerk-1", report, P.VERIFICATION, REACHED)
    contacts.office.do("clerk-1", "screen", report, **verified)


def test_the_share_of_one_relay_officer_with_all_that_is_stored_gives_no_number(contacts: Contacts) -> None:
    """Sealed to two: the first cannot look alone, whatever he does at the desk."""
    contact = contacts.request("clerk-1", contacts.office.accepted())
    with pytest.raises(Refused, match="先由另一名联络员提供份额"):
        contacts.look("relay-1", contact)
    contacts.contribute("relay-1", contact)
    with pytest.raises(Refused, match="须由两名联络员共同使用"):
        contacts.look("relay-1", contact)


def test_nothing_of_it_lies_in_the_home(contacts: Contacts) -> None:
    reporter = ReporterDetails(name="阮柏川", phone="12000777123", address="云岫县望山路七十七弄3号")
    contact = contacts.request("clerk-1", contacts.office.accepted(reporter=reporter))
    contacts.contribute("relay-1", contact)
    assert contacts.look("relay-2", contact).fields["phone"] == reporter.phone
    contacts.office.catch_up()
    home: Path = contacts.desk.settings.home
    for path in (one for one in home.parent.rglob("*") if one.is_file()):
        data = path.read_bytes()
        for encoding in ("utf-8", "utf-16-le", "gb18030"):
            assert reporter.phone.encode(encoding) not in data, path
            assert reporter.address.encode(encoding) not in data, path
