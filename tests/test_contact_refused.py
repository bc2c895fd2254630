"""What the desk refuses of a contact: one person twice, people of the case, a stranger's key, a share of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from events.custody import CustodyBatch
from events.model import Sealing
from events.vocabulary.contact import ContactClosed, ContactContributed
from supervision.casework import contact as use
from supervision.domain.codes import Role
from supervision.domain.contact_codes import ContactOutcome, ContactPurpose, ContactState, ContactWay
from supervision.domain.refusal import Refused
from supervision.sealing.contribution import contributed_sealing, contribution_length
from supervision.sealing.wraps import find_wrap
from tests.support.contacts import Contacts, key_file
from tests.support.office import DATABASES, staffed_on

P = ContactPurpose


@pytest.fixture(scope="module", params=DATABASES)
def contacts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Contacts]:
    with staffed_on(request, tmp_path_factory.mktemp("contacts")) as office:
        yield Contacts(office)


@pytest.fixture
def report(contacts: Contacts) -> UUID:
    return contacts.office.accepted()


@pytest.fixture
def contact(contacts: Contacts, report: UUID) -> UUID:
    return contacts.request("clerk-1", report)


# -- two persons ----------------------------------------------------------------------------------------------------


def test_one_relay_officer_gives_once(contacts: Contacts, contact: UUID) -> None:
    contacts.contribute("relay-1", contact)
    with pytest.raises(Refused, match="已提供过份额"):
        contacts.contribute("relay-1", contact)


def test_where_one_share_is_enough_the_second_officer_looks_and_gives_none(contacts: Contacts, contact: UUID) -> None:
    contacts.contribute("relay-1", contact)
    with pytest.raises(Refused, match="份额已够"):
        contacts.contribute("relay-2", contact)


def test_there_is_one_look(contacts: Contacts, contact: UUID) -> None:
    contacts.contribute("relay-1", contact)
    contacts.look("relay-2", contact)
    for relay in ("relay-1", "relay-2"):
        with pytest.raises(Refused, match="需要再次联系的，请重新申请"):
            contacts.look(relay, contact)


def test_another_s_key_file_opens_nothing_in_one_s_own_session(contacts: Contacts, contact: UUID) -> None:
    """Whoever found the colleague's key file is still one person."""
    contacts.contribute("relay-1", contact)
    with pytest.raises(Refused, match="不是封存本件时登记在您名下的"):
        contacts.look("relay-2", contact, contacts.key("relay-1"))


@pytest.mark.parametrize(
    "data",
    [b"", b"abc", b"zz" * 32, b"\xff" * 64, b"0" * 66, b"0" * 5000],
    ids=["empty", "short", "no-hex", "binary", "33-bytes", "long"],
)
def test_what_is_no_key_file_is_refused_in_one_line(contacts: Contacts, contact: UUID, data: bytes) -> None:
    with pytest.raises(Refused, match="不是私钥文件"):
        use.contribute(contacts.desk, contacts.office.sessions["relay-1"], contact, data)


def test_a_custodian_s_key_is_no_relay_officer_s(contacts: Contacts, contact: UUID) -> None:
    custodian = key_file(contacts.office.platform, "custodian/custodian-1")
    with pytest.raises(Refused, match="不是封存本件时登记在您名下的"):
        contacts.contribute("relay-1", contact, custodian)


# -- separation of duties -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("officer", ["clerk-1", "head", "inspector-1", "custodian-1", "principal", "superior", "admin"])
def test_only_relay_officers_give_look_and_conclude(contacts: Contacts, contact: UUID, officer: str) -> None:
    session = contacts.office.sessions[officer]
    acts: list[Callable[[], object]] = [
        lambda: use.contribute(contacts.desk, session, contact, contacts.key("relay-1")),
        lambda: use.use_once(contacts.desk, session, contact, contacts.key("relay-1")),
        lambda: use.conclude(
            contacts.desk, session, contact, ContactOutcome.REACHED, ContactWay.PHONE, contacts.office.clock().date()
        ),
    ]
    for act in acts:
        with pytest.raises(Refused, match="由联络员办理"):
            act()


def also_relay(contacts: Contacts, officer: str, as_relay: str) -> None:
    """The officer, under another name in these tests, has the duty of a relay officer besides his own."""
    session = contacts.office.sessions[officer]
    contacts.office.sessions[as_relay] = replace(session, roles=session.roles | {Role.RELAY_OFFICER})


@pytest.mark.parametrize("officer", ["clerk-1", "inspector-1", "inspector-2", "clue"])
def test_who_asked_or_has_a_part_in_the_case_is_no_relay_officer_of_it(contacts: Contacts, officer: str) -> None:
    contact = contacts.request("inspector-2", contacts.office.concluded(), P.RESULT)
    also_relay(contacts, officer, "both")
    with pytest.raises(Refused, match="不能担任本件的联络员"):
        contacts.contribute("both", contact, contacts.key("relay-1"))


def test_the_duty_alone_makes_nobody_a_relay_officer_whom_the_manifest_does_not_name(
    contacts: Contacts, contact: UUID
) -> None:
    also_relay(contacts, "inspector-3", "newcomer")
    with pytest.raises(Refused, match="没有封给您这一名联络员"):
        contacts.contribute("newcomer", contact, contacts.key("relay-1"))


def test_a_relay_officer_who_must_keep_away_gives_nothing_gets_nothing_and_sees_nothing(contacts: Contacts) -> None:
    report = contacts.office.accepted()
    contact = contacts.request("clerk-1", report)
    contacts.office.do("head", "exclude", report, officer="relay-1", reason="kinship")
    with pytest.raises(Refused, match="您须回避本件"):
        contacts.contribute("relay-1", contact)
    with pytest.raises(Refused, match="没有可以与您共同办理的另一名联络员"):
        contacts.contribute("relay-2", contact)


def test_an_officer_who_must_keep_away_cannot_ask(contacts: Contacts) -> None:
    report = contacts.office.accepted()
    contacts.office.do("head", "exclude", report, officer="clerk-2", reason="kinship")
    with pytest.raises(Refused, match="您须回避本件"):
        contacts.request("clerk-2", report)


@pytest.mark.parametrize("officer", ["org-clerk", "org-head", "inspector-3"])
def test_who_has_nothing_to_do_with_the_report_cannot_ask(contacts: Contacts, report: UUID, officer: str) -> None:
    with pytest.raises(Refused, match="由本件的"):
        contacts.request(officer, report, P.SUPPLEMENT)


@pytest.mark.parametrize("officer", ["relay-1", "custodian-1", "clue", "principal", "oversight"])
def test_some_duties_ask_for_no_contact_at_all(contacts: Contacts, report: UUID, officer: str) -> None:
    with pytest.raises(Refused, match="您的岗位不能办理"):
        contacts.request(officer, report)


# -- stage, time, by-pass -------------------------------------------------------------------------------------------


def test_a_purpose_has_its_stage(contacts: Contacts, report: UUID) -> None:
    with pytest.raises(Refused, match="当前为“已受理”，不能以“处理结果反馈”为由"):
        contacts.request("clerk-1", report, P.RESULT)


def test_the_same_purpose_is_asked_for_once_at_a_time(contacts: Contacts, report: UUID) -> None:
    contacts.request("clerk-1", report)
    with pytest.raises(Refused, match="正在办理"):
        contacts.request("clerk-2", report)


def test_after_its_last_day_it_is_used_by_nobody_and_cleared_away(contacts: Contacts, report: UUID) -> None:
    contact = contacts.request("clerk-1", report)
    contacts.contribute("relay-1", contact)
    contacts.office.clock.now += timedelta(days=15)
    try:
        with pytest.raises(Refused, match="到期"):
            contacts.look("relay-2", contact)
        contacts.close("relay-2", contact)
    finally:
        contacts.office.clock.now -= timedelta(days=15)
    (closed,) = [event for event in contacts.office.events(contact) if isinstance(event, ContactClosed)]
    assert (closed.reason, len(closed.destroyed)) == ("expired", 1)


def test_before_that_only_who_asked_may_withdraw(contacts: Contacts, contact: UUID) -> None:
    for officer in ("clerk-2", "relay-1"):
        with pytest.raises(Refused, match="只能由申请人撤回"):
            contacts.close(officer, contact)


def test_a_report_of_the_by_pass_is_never_contacted_from_the_county(contacts: Contacts) -> None:
    report, _ = contacts.office.bypassed_at_the_door()
    with pytest.raises(Refused, match="由上级与举报人联系"):
        contacts.request("clerk-1", report, P.SUPPLEMENT)


def test_a_late_by_pass_ends_what_was_going_on(contacts: Contacts) -> None:
    office = contacts.office
    report, _ = office.web()
    office.do("clerk-1", "register", report)
    contact = contacts.request("clerk-1", report, P.VERIFICATION)
    contacts.contribute("relay-1", contact)
    office.do("clerk-1", "propose_bypass", report)
    office.do("head", "confirm_bypass", report)
    with pytest.raises(Refused, match="由上级与举报人联系"):
        contacts.look("relay-2", contact)
    with pytest.raises(Refused, match="由上级与举报人联系"):
        contacts.request("clerk-1", report, P.SUPPLEMENT)


def test_who_wants_no_feedback_is_not_called_about_the_result(contacts: Contacts) -> None:
    report = contacts.office.concluded(feedback_wanted=False)
    with pytest.raises(Refused, match="不要求反馈"):
        contacts.request("inspector-1", report, P.RESULT)


# -- the outcome ----------------------------------------------------------------------------------------------------


def test_only_who_looked_says_what_came_of_it_and_once(contacts: Contacts, contact: UUID) -> None:
    contacts.contribute("relay-1", contact)
    with pytest.raises(Refused, match="不能登记结果"):
        contacts.conclude("relay-2", contact)
    contacts.look("relay-2", contact)
    with pytest.raises(Refused, match="由查看联系方式的联络员本人登记"):
        contacts.conclude("relay-1", contact)
    contacts.conclude("relay-2", contact)
    with pytest.raises(Refused, match="已经登记"):
        contacts.conclude("relay-2", contact)


@pytest.mark.parametrize("days", [-1, 1])
def test_the_day_of_a_contact_lies_between_the_look_and_today(contacts: Contacts, contact: UUID, days: int) -> None:
    contacts.contribute("relay-1", contact)
    contacts.look("relay-2", contact)
    day: date = contacts.office.clock().date() + timedelta(days=days)
    with pytest.raises(Refused, match="联络日期应在"):
        session = contacts.office.sessions["relay-2"]
        use.conclude(contacts.desk, session, contact, ContactOutcome.REACHED, ContactWay.PHONE, day)


# -- shares that are none -------------------------------------------------------------------------------------------


def pretended(contacts: Contacts, contact: UUID) -> tuple[Sealing, CustodyBatch]:
    """What looks like the share of the first relay officer for the second, and is garbage."""
    sealing = contacts.desk.report(contacts.state(contact).report).sealings[0]
    opener = contacts.desk.opener(sealing, contacts.state(contact).report)
    first, second = contacts.desk.manifest.relays
    _, ref = opener.split_key("contact")
    garbage = b"\x02" + contacts.desk.rng(contribution_length(find_wrap(ref, first.kem.key_id)) - 1)
    made, rows = contributed_sealing(opener, contact, second.kem, first.kem.key_id, {"contact": garbage})
    return made, CustodyBatch(wraps=rows)


def test_a_bad_share_ends_the_request_with_the_name_of_its_giver(contacts: Contacts, contact: UUID) -> None:
    sealing, custody = pretended(contacts, contact)
    first, _ = contacts.desk.manifest.relays
    given = {"request": "0" * 64, "relay_key": first.kem.key_id, "sealing": sealing}
    contacts.forced("relay-1", contact, ContactContributed, custody, **given)
    with pytest.raises(Refused, match="relay-1 的份额与封存时的承诺不符"):
        contacts.look("relay-2", contact)
    (closed,) = [event for event in contacts.office.events(contact) if isinstance(event, ContactClosed)]
    assert (closed.reason, closed.relay) == ("bad_share", "relay-1")
    assert contacts.state(contact).state is ContactState.CLOSED
    contacts.office.verify()


def test_a_share_of_another_request_opens_nothing(contacts: Contacts) -> None:
    """Even of the same report: it is bound to its own request."""
    report = contacts.office.accepted()
    first, second = contacts.request("clerk-1", report), contacts.request("clerk-1", report, P.SUPPLEMENT)
    contacts.contribute("relay-1", first)
    (given,) = [event for event in contacts.office.events(first) if isinstance(event, ContactContributed)]
    rows = contacts.desk.custody.wraps_for(first)
    contacts.close("clerk-1", first)
    moved = CustodyBatch(wraps=tuple(replace(row, stream_id=second) for row in rows))
    fields = {"request": given.request, "relay_key": given.relay_key, "sealing": given.sealing}
    contacts.forced("relay-1", second, ContactContributed, moved, **fields)
    with pytest.raises(Refused, match="份额与封存时的承诺不符"):
        contacts.look("relay-2", second)
