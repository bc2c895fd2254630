"""A change of custodians that is interrupted, repeated, or recorded by whoever must not; what a liar can still do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.verify import Fault
from supervision.casework.resharing import Worked, record
from supervision.domain.exclusion import Duty
from supervision.domain.refusal import Refused
from supervision.founding import ceremony_stamp
from supervision.intake.submission import ReportedPerson
from supervision.openings.request_file import NotAcceptable
from supervision.resharing.holders import NewShare, describe
from supervision.sealing.errors import CannotOpen
from supervision.sealing.keys import SigningKey
from supervision.sealing.sharings import RecordedSharings
from supervision.sealing.wraps import wrap_share
from tests.support.deployment import seeds
from tests.support.office import REPORTER, Office, staffed
from tests.support.openings import Openings
from tests.support.resharing import JOINER, Handover, next_manifest, opened_by, reshared, started_anew

SECOND = {"custodian-4": "身份保管员丁", "custodian-2": "身份保管员乙", "custodian-3": "身份保管员丙"}
THIRD = {**SECOND, "custodian-5": "身份保管员戊"}
BATCH = "1-custodian"


@dataclass
class County:
    """Without a gate. ``reports``: two, sealed under the first manifest."""

    office: Office
    reports: list[UUID]
    directory: Path

    @property
    def openings(self) -> Openings:
        return Openings(self.office, self.directory)

    def handover(self, name: str = "table") -> Handover:
        return Handover(self.office, self.directory / name)

    def signer(self) -> SigningKey:
        return SigningKey(seeds(self.office.platform)["ceremony"])

    def record(self, worked: Worked) -> int:
        return record(self.office.desk, self.signer(), ceremony_stamp(self.office.platform), worked)

    def opened_with(self, opening: UUID, *givers: str) -> str:
        """An approved opening, with these custodians' shares."""
        for giver in givers:
            self.openings.contribute(giver, opening)
        told = self.openings.open("inspector-1", opening).fields
        return str(json.loads(told["identity", "reporter"])["name"])

    def opened(self, report: UUID, *givers: str) -> str:
        told = opened_by(self.openings, "inspector-1", report, *givers)
        return str(json.loads(told["identity", "reporter"])["name"])


@pytest.fixture
def county(tmp_path: Path) -> Iterator[County]:
    with ExitStack() as stack:
        url = f"sqlite:///{tmp_path / 'log.sqlite'}"
        before = stack.enter_context(staffed(tmp_path / "home", url, gate=False))
        reports = [before.distributed(), before.distributed()]
        next_manifest(before.platform, custodians=SECOND)
        after = stack.enter_context(started_anew(before))
        yield County(after, reports, tmp_path)


def prepared(county: County) -> Handover:
    """Everybody has answered; nothing is recorded."""
    handover = county.handover()
    handover.dealt(BATCH)
    handover.taken(BATCH)
    return handover


def test_interrupted_after_a_report_each_is_with_the_former_or_with_the_new_ones(county: County) -> None:
    handover = prepared(county)
    worked = handover.read(BATCH).worked()
    first, second = county.reports
    done = {key: shares for key, shares in worked.shares.items() if key.stream_id == first}
    county.record(replace(worked, shares=done))
    assert county.opened(first, "custodian-3", JOINER.officer) == REPORTER.name
    former = county.openings.approved("inspector-1", second)
    with pytest.raises(Refused, match="没有您这一名保管人"):
        county.openings.contribute(JOINER.officer, former)
    assert county.opened_with(former, "custodian-1", "custodian-2") == REPORTER.name
    county.office.verify()
    assert handover.finish(BATCH) == len(worked.shares) - len(done)
    assert county.opened(second, "custodian-3", JOINER.officer) == REPORTER.name
    assert handover.finish(BATCH) == 0
    county.office.verify()


def test_the_next_change_goes_on_from_the_one_before(county: County) -> None:
    """Three of four now, and custodian-2 to 4 deal what they were dealt."""
    prepared(county).finish(BATCH)
    next_manifest(county.office.platform, custodians=THIRD, m=3)
    with started_anew(county.office) as latest:
        third = County(latest, county.reports, county.directory)
        handover = third.handover("third")
        assert set(handover.tables) == {"2-custodian"}
        handover.all_of_it()
        report = county.reports[0]
        assert third.opened(report, "custodian-2", "custodian-3", JOINER.officer) == REPORTER.name
        opening = third.openings.approved("inspector-1", report)
        assert third.openings.state(opening).asked.m == 3
        assert [event.sealing.manifest for event in reshared(latest)][-1] == latest.platform.manifest.hash
        latest.verify()


def test_a_new_custodian_who_kept_something_else_is_named_at_the_opening(county: County) -> None:
    """His commitment is to what he kept, so two shares only show that they do not fit; a third one shows whose."""
    handover = prepared(county)
    worked = handover.read(BATCH).worked()
    at = [holder.id for holder in worked.change.new[0]].index(JOINER.officer)
    key = handover.key("custodian", JOINER.officer)
    shares = {}
    for listed, given in worked.shares.items():
        place = worked.change.after.place(listed.stream_id, listed.compartment, listed.suite)
        garbage = county.office.desk.rng(32) + bytes([at + 1])
        committed = bytes.fromhex(listed.commitment)
        named, wrap = wrap_share(place, committed, key.public, at + 1, 2, 3, garbage)
        kept = NewShare(share_commitment=named.share_commitment, wrap=wrap)
        shares[listed] = (*given[:at], kept, *given[at + 1 :])
    county.record(replace(worked, shares=shares))
    opening = county.openings.approved("inspector-1", county.reports[0])
    for giver in (JOINER.officer, "custodian-2"):
        county.openings.contribute(giver, opening)
    with pytest.raises(Refused, match="再由一名保管人提交份额"):
        county.openings.open("inspector-1", opening)
    county.openings.contribute("custodian-3", opening)
    with pytest.raises(Refused, match="身份保管员丁提交的份额与封存时的承诺不符"):
        county.openings.open("inspector-1", opening)
    told = county.openings.open("inspector-1", opening).fields
    assert json.loads(told["identity", "reporter"])["name"] == REPORTER.name


def test_an_officer_s_key_does_not_count_for_it(county: County) -> None:
    """The administrator with the database's password records a handover himself: nobody believes him."""
    handover = prepared(county)
    session = county.office.sessions["admin"]
    stamp = county.office.desk.stamp(session)
    record(county.office.desk, session.signer, stamp, handover.read(BATCH).worked())
    with pytest.raises(Fault, match="只能由密钥仪式签署"):
        county.office.verify()
    opening = county.openings.approved("inspector-1", county.reports[0])
    with pytest.raises(NotAcceptable, match="不能采信"):
        county.openings.answer(JOINER.officer, opening)


@pytest.mark.parametrize("changed", ["group", "stream", "manifest", "fewer"])
def test_an_event_that_cannot_be_true_is_believed_by_nobody(county: County, changed: str) -> None:
    """Signed by the ceremony's key itself, but not about these holders of this data key."""
    prepared(county).finish(BATCH)
    desk, report = county.office.desk, county.reports[0]
    (true, *_) = [event for event in reshared(county.office) if event.sealed_stream == str(report)]
    (ref,) = true.sealing.keys
    false = {
        "group": replace(true, group="relay"),
        "stream": replace(true, sealed_stream=str(county.reports[1])),
        "manifest": true,  # a second time under the same manifest
        "fewer": replace(true, sealing=replace(true.sealing, keys=(replace(ref, m=1),))),
    }[changed]
    written = replace(false, originator_version=2)
    received: Any = desk.ledger.events_of(report)[0]
    (sealed,) = [one for one in received.sealing.keys if one.compartment == ref.compartment]
    manifest = desk.manifests[received.sealing.manifest]
    told = RecordedSharings(desk.manifests, lambda _: [true])
    assert told.newest(report, manifest, sealed) is not None
    with pytest.raises(CannotOpen, match="不能采信"):
        RecordedSharings(desk.manifests, lambda _: [true, written]).newest(report, manifest, sealed)
    if changed != "manifest":
        with pytest.raises(CannotOpen, match="不能采信"):
            RecordedSharings(desk.manifests, lambda _: [false]).newest(report, manifest, sealed)


def test_who_got_no_share_because_he_is_reported_gets_none_now(tmp_path: Path) -> None:
    """custodian-2 is reported: of the former two, and custodian-3 and 4 have it afterwards."""
    reported = ReportedPerson(name="扃固", unit="云岫县纪委监委", post="干部", rank="一般干部")
    url = f"sqlite:///{tmp_path / 'log.sqlite'}"
    with staffed(tmp_path / "home", url, gate=False) as before:
        ordinary = before.distributed()
        report, _ = before.web(respondents=(reported,), own_staff=(reported,), own_duties=[Duty.KEEPING])
        next_manifest(before.platform, custodians=SECOND)
        with started_anew(before) as after:
            handover = Handover(after, tmp_path / "table")
            assert set(handover.tables) == {"1-custodian", "1-custodian-2"}
            shown = list(describe(handover.paper("1-custodian-2", "custodian-3"), after.platform.manifest))
            assert "新保管人：身份保管员丁、身份保管员丙（2 人即可开启）" in shown
            for batch in handover.tables:
                handover.dealt(batch)
                handover.taken(batch)
                handover.finish(batch)
            holders = {report: ("custodian-4", "custodian-3"), ordinary: tuple(SECOND)}
            for stream, names in holders.items():
                received: Any = after.desk.ledger.events_of(stream)[0]
                opener = after.desk.opener(received.sealing, stream)
                _, ref = opener.split_key("identity")
                keys = {handover.key("custodian", name).key_id: name for name in SECOND}
                assert tuple(keys[wrap.key] for wrap in ref.wraps) == names
                pieces = {}
                for wrap in ref.wraps:
                    stored = after.desk.custody.wrap(bytes.fromhex(wrap.sha256))
                    assert stored is not None
                    private = handover.key("custodian", keys[wrap.key])
                    pieces[wrap.key] = opener.contribution("identity", stored, private)
                assert opener.is_key_of("identity", opener.combine("identity", pieces))
            after.verify()
