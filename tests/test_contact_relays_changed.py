"""Contacts after a change of relay officers: the new ones reach earlier reporters, the leaver reaches nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from supervision.casework.enrolment import Appointment
from supervision.domain.codes import Role
from supervision.domain.contact_codes import ContactPurpose
from supervision.domain.refusal import Refused
from tests.support.contacts import Contacts
from tests.support.office import REPORTER, staffed
from tests.support.resharing import Handover, next_manifest, started_anew

NEWCOMER = Appointment(officer="relay-3", name="继联", office="administration", roles=(Role.RELAY_OFFICER,))
NEW_RELAYS = {"relay-1": "联络员甲", "relay-3": "联络员丙"}


@dataclass(frozen=True)
class Changed:
    """``report``: sealed before the change. ``asked``: a contact with its reporter that was asked for before, too."""

    contacts: Contacts
    report: UUID
    asked: UUID


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    directory = tmp_path_factory.mktemp("relays")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as before:
        report = before.accepted()
        asked = Contacts(before).request("clerk-1", report)
        next_manifest(before.platform, relays=NEW_RELAYS)
        with started_anew(before) as after:
            Handover(after, directory / "table").all_of_it()
            after.enrol(NEWCOMER)
            yield Changed(Contacts(after), report, asked)


def test_the_new_relay_officers_reach_an_earlier_reporter(changed: Changed) -> None:
    contacts = changed.contacts
    contact = contacts.request("clerk-1", changed.report, ContactPurpose.SUPPLEMENT)
    contacts.contribute("relay-1", contact)
    assert contacts.look("relay-3", contact).fields["phone"] == REPORTER.phone
    contacts.conclude("relay-3", contact)
    contacts.office.verify()


def test_the_leaver_gives_nothing_although_he_has_his_old_key(changed: Changed) -> None:
    contact = changed.contacts.request("clerk-2", changed.report, ContactPurpose.SUPPLEMENT)
    with pytest.raises(Refused, match="没有封给您这一名联络员"):
        changed.contacts.contribute("relay-2", contact)
    changed.contacts.close("clerk-2", contact)


def test_a_request_from_before_the_change_has_to_be_made_anew(changed: Changed) -> None:
    with pytest.raises(Refused, match="申请之后联络员已经更换"):
        changed.contacts.contribute("relay-2", changed.asked)
    changed.contacts.close("clerk-1", changed.asked)
    again = changed.contacts.request("clerk-1", changed.report)
    changed.contacts.contribute("relay-3", again)
    assert changed.contacts.look("relay-1", again).fields["phone"] == REPORTER.phone
