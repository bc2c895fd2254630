"""Changing custodians, from the papers to an opening: the new ones open earlier reports, and nobody else does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from events.vocabulary.intake import ReportReceived
from supervision.casework import opening as use
from supervision.domain.refusal import Refused
from supervision.openings.checking import check
from supervision.resharing_table import begin
from supervision.sealing.errors import CannotOpen, NotEnoughShares
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from tests.support.deployment import seeds
from tests.support.office import DATABASES, REPORTER, Office, staffed_on
from tests.support.openings import Openings
from tests.support.resharing import JOINER, Handover, next_manifest, opened_by, reshared, started_anew

LEAVER = "custodian-1"
NEW_CUSTODIANS = {"custodian-4": "身份保管员丁", "custodian-2": "身份保管员乙", "custodian-3": "身份保管员丙"}
NEW_RELAYS = {"relay-1": "联络员甲", "relay-3": "联络员丙"}


@dataclass
class Changed:
    """``before``, ``after``: the county under its first and its second manifest. ``report``: sealed under the first.

    ``under_way``: an opening of it that was asked for before, without a contribution; ``ready``: with M of them.
    ``leavers_wrap``: of the identity, from custody before the change.
    """

    before: Office
    after: Office
    report: UUID
    under_way: UUID
    ready: UUID
    openings: Openings
    leavers_wrap: bytes

    def sealed(self) -> ReportReceived:
        events = self.after.desk.ledger.events_of(self.report)
        return next(event for event in events if isinstance(event, ReportReceived))

    def opener(self) -> Opener:
        return self.after.desk.opener(self.sealed().sealing, self.report)


@pytest.fixture(scope="module", params=DATABASES)
def county(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Changed]:
    directory = tmp_path_factory.mktemp("changed")
    with staffed_on(request, directory) as before:
        report = before.distributed()
        earlier = Openings(before, directory / "before")
        under_way = earlier.approved("inspector-2", report)
        ready = earlier.approved("head", report)
        earlier.given(ready)
        leavers_wrap = wrap_of(before, report, f"custodian/{LEAVER}")
        next_manifest(before.platform, custodians=NEW_CUSTODIANS, relays=NEW_RELAYS)
        with started_anew(before) as after:
            handover = Handover(after, directory / "table")
            assert set(handover.tables) == {"1-custodian", "1-relay"}
            handover.all_of_it()
            openings = Openings(after, directory / "after")
            yield Changed(before, after, report, under_way, ready, openings, leavers_wrap)


def wrap_of(office: Office, report: UUID, holder: str) -> bytes:
    """What custody has for the identity of a report, sealed to a holder."""
    received = office.desk.ledger.events_of(report)[0]
    assert isinstance(received, ReportReceived)
    key_id = KemPrivateKey(seeds(office.platform)[holder]).key_id
    named = [wrap.sha256 for ref in received.sealing.keys for wrap in ref.wraps if wrap.key == key_id]
    return office.desk.custody.wrap(bytes.fromhex(named[0])) or b""


def close(county: Changed, opening: UUID) -> None:
    use.close(county.after.desk, county.after.platform.working, county.after.sessions["inspector-1"], opening)


def test_new_custodians_open_an_earlier_identity(county: Changed) -> None:
    for givers in (("custodian-3", JOINER.officer), ("custodian-2", JOINER.officer), ("custodian-2", "custodian-3")):
        told = opened_by(county.openings, "inspector-1", county.report, *givers)
        assert json.loads(told["identity", "reporter"])["name"] == REPORTER.name
    county.after.verify()


def test_one_new_custodian_is_not_enough(county: Changed) -> None:
    opening = county.openings.approved("inspector-1", county.report)
    county.openings.contribute(JOINER.officer, opening)
    with pytest.raises(Refused, match="需要 2 名保管人"):
        county.openings.open("inspector-1", opening)
    close(county, opening)


def test_the_leaver_gets_no_file_and_his_key_has_nothing_to_open(county: Changed) -> None:
    opening = county.openings.approved("inspector-1", county.report)
    with pytest.raises(Refused, match="没有您这一名保管人"):
        county.openings.request_file(LEAVER, opening)
    close(county, opening)
    key_id = bytes.fromhex(county.openings.custodian_key(LEAVER).key_id)
    streams = {event.originator_id for event in reshared(county.after)} | {county.report}
    assert all(row.recipient != key_id for stream in streams for row in county.after.desk.custody.wraps_for(stream))


def test_what_the_leaver_kept_does_not_fit_the_new_shares(county: Changed) -> None:
    """His wrap out of a backup, his key, and one new custodian: the old share is refused as such."""
    opener, key = county.opener(), county.openings.custodian_key(LEAVER)
    sealed = Opener(
        county.before.platform.manifest, county.sealed().sealing, county.report, county.after.desk.retention
    )
    kept = sealed.contribution("identity", county.leavers_wrap, key)
    joiner = county.openings.custodian_key(JOINER.officer)
    _, ref = opener.split_key("identity")
    (named,) = (wrap for wrap in ref.wraps if wrap.key == joiner.key_id)
    new = opener.contribution("identity", county.after.desk.custody.wrap(bytes.fromhex(named.sha256)) or b"", joiner)
    with pytest.raises(NotEnoughShares):
        opener.combine("identity", {joiner.key_id: new})
    with pytest.raises(CannotOpen, match="没有封给这把密钥"):
        opener.combine("identity", {joiner.key_id: new, key.key_id: kept})


def test_an_opening_that_had_its_shares_is_finished_and_another_is_asked_for_anew(county: Changed) -> None:
    with pytest.raises(Refused, match=r"保管人已经更换.*重新申请"):
        county.openings.request_file("custodian-2", county.under_way)
    county.openings.released(county.ready)
    told = county.openings.open("head", county.ready).fields
    assert json.loads(told["identity", "reporter"])["name"] == REPORTER.name
    county.after.verify()


def test_the_gate_keeps_its_half_as_it_was_sealed(county: Changed) -> None:
    sealed, in_force = county.sealed().sealing, county.opener().in_force
    gate = county.after.platform.manifest.superior.gate.key_id
    for compartment in ("identity", "source"):
        for sealing in (sealed, in_force):
            ref = next((ref for ref in sealing.keys if ref.compartment == compartment), None)
            assert ref is None or [wrap.share for wrap in ref.wraps if wrap.key == gate] == [0]


def test_the_event_names_who_dealt_that_it_was_checked_and_what_is_destroyed(county: Changed) -> None:
    before, after = county.before.platform.manifest, county.after.platform.manifest
    events = [event for event in reshared(county.after) if event.sealed_stream == str(county.report)]
    assert {event.group for event in events} == {"custodian", "relay"}
    for event in events:
        former = before.custodians if event.group == "custodian" else before.relays
        new = after.custodians if event.group == "custodian" else after.relays
        assert event.dealers == tuple(one.kem.key_id for one in former)
        assert len(set(event.statements)) == len(event.dealers)
        assert event.checked == (len(former) > 2)
        (ref,) = event.sealing.keys
        assert [wrap.key for wrap in ref.wraps] == [one.kem.key_id for one in new]
        assert len(event.destroyed) == len(former)
        assert all(county.after.desk.custody.wrap(bytes.fromhex(sha256)) is None for sha256 in event.destroyed)
        assert event.actor == "ceremony"


def test_contact_is_opened_by_the_new_relay_officers(county: Changed) -> None:
    opener, given = county.opener(), {}
    _, ref = opener.split_key("contact")
    for relay in ("relay/relay-1", "relay/relay-3"):
        key = county.openings.key(relay)
        (named,) = (wrap for wrap in ref.wraps if wrap.key == key.key_id)
        stored = county.after.desk.custody.wrap(bytes.fromhex(named.sha256))
        assert stored is not None
        given[key.key_id] = opener.contribution("contact", stored, key)
    phone = next(item for item in opener.sealing.items if item.field == "phone")
    envelope = county.after.desk.custody.envelope(bytes.fromhex(phone.sha256))
    assert envelope is not None
    assert opener.open_item(phone, opener.combine("contact", given), envelope).decode() == REPORTER.phone


def test_a_custodian_s_machine_follows_the_change_by_the_signed_events_alone(county: Changed) -> None:
    opening = county.openings.approved("inspector-1", county.report)
    file = county.openings.request_file(JOINER.officer, opening)
    topics = [recorded.entry.topic for recorded in file.entries]
    assert topics.count("custody.reshared.v1") == 1
    checked = check(file, county.after.platform.manifest, county.after.clock())
    assert checked.opener.keepers("identity").epoch == 2
    close(county, opening)


def test_nothing_is_left_to_hand_over(county: Changed) -> None:
    assert begin(county.after.desk, county.after.platform.settings.home / "nowhere") == []
