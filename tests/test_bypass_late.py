"""After a late by-pass: who reported opens to the superior, with M of the county's people, and to nobody else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from events.canonical import encode
from supervision.casework import sealed
from supervision.intake.submission import ReporterDetails
from supervision.intake.supplement import Addition, add
from supervision.sealed_archive.identity import Request, Share
from tests.support.carrying import Superior, gone_up_by_file
from tests.support.office import REPORTER, Office, file, staffed

TEXT = "盛天阔在开发区地块出让中收受土地评估公司的干股。"
COUNTY = ("custodian/custodian-1", "custodian/custodian-3", "superior/gate")
SUPERIOR = ("superior/custodian/superior-custodian-1", "superior/custodian/superior-custodian-2")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    path = tmp_path_factory.mktemp("county")
    with staffed(path / "home", f"sqlite:///{path / 'log.sqlite'}") as found:
        yield found


@pytest.fixture(scope="module")
def superior(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Superior:
    return Superior(office, tmp_path_factory.mktemp("city") / "superior")


@pytest.fixture(scope="module")
def late(office: Office, superior: Superior) -> UUID:
    """Bypassed on reading, carried to the superior, acknowledged, and destroyed in the county."""
    report_id, code = office.web(text=TEXT, attachments=(file("协议.txt", b"deed"),))
    add(office.platform, code, Addition(number=1, text="他现在是副县长。", files=(file("二.txt", b"second"),)))
    office.do("clerk-1", "register", report_id)
    office.do("clerk-2", "propose_bypass", report_id)
    office.do("clerk-1", "confirm_bypass", report_id)
    sealed_id = UUID(office.events(report_id)[-1].sealed_report)  # type: ignore[attr-defined]  # ReportBypassed
    gone_up_by_file(office, sealed_id)
    word = superior.imported(superior.fetched(sealed_id))
    sealed.take_acknowledgement(office.desk, office.sessions["head"], sealed_id, word)
    sealed.destroy_copy(office.desk, office.sessions["head"], sealed_id)
    office.verify()
    return sealed_id


@pytest.fixture(scope="module")
def at_the_door(office: Office, superior: Superior) -> UUID:
    """Sealed to the superior at the door, carried to him."""
    report_id, _ = office.bypassed_at_the_door(text=TEXT)
    gone_up_by_file(office, report_id)
    superior.imported(superior.fetched(report_id))
    return report_id


def test_m_of_the_countys_custodians_and_the_gate_open_who_reported(superior: Superior, late: UUID) -> None:
    request = superior.asked(late)
    said = superior.opened(late, *(superior.given(request, holder) for holder in COUNTY))
    assert REPORTER.name in said
    assert REPORTER.id_no in said


def test_the_countys_relays_open_how_he_can_be_reached(superior: Superior, late: UUID) -> None:
    request = superior.asked(late, "contact")
    said = superior.opened(late, *(superior.given(request, holder) for holder in ("relay/relay-1", "relay/relay-2")))
    assert REPORTER.phone in said
    assert REPORTER.name not in said


def test_the_originals_of_all_that_he_handed_in_came_along(superior: Superior, late: UUID) -> None:
    request = superior.asked(late, "source")
    said = superior.opened(late, *(superior.given(request, holder) for holder in COUNTY))
    assert "协议.txt" in said
    assert "二.txt" in said


def test_at_the_door_it_takes_m_of_the_superiors_own_custodians(superior: Superior, at_the_door: UUID) -> None:
    request = superior.asked(at_the_door)
    assert "没有封给这把私钥的份额" in str(superior.given(request, "custodian/custodian-1", ok=False))
    first, second = (superior.given(request, holder) for holder in SUPERIOR)
    assert "需要 2 人的份额" in superior.opened(at_the_door, first, ok=False)
    assert REPORTER.name in superior.opened(at_the_door, first, second)


@pytest.mark.parametrize(
    ("holders", "said"),
    [
        (COUNTY[:1], "需要 2 人的份额"),
        (COUNTY[1:], "需要 2 人的份额"),
        (COUNTY[:2], "缺少上级闸门"),
    ],
)
def test_fewer_do_not_open_it(superior: Superior, late: UUID, holders: tuple[str, ...], said: str) -> None:
    request = superior.asked(late)
    assert said in superior.opened(late, *(superior.given(request, holder) for holder in holders), ok=False)


def test_it_is_looked_at_once(superior: Superior, late: UUID) -> None:
    request = superior.asked(late)
    shares = [superior.given(request, holder) for holder in COUNTY]
    superior.opened(late, *shares)
    assert "已经打开过一次" in superior.opened(late, *shares, ok=False)


def test_a_share_serves_no_other_request(superior: Superior, late: UUID) -> None:
    one, other = superior.asked(late), superior.asked(late)
    shares = [superior.given(one, COUNTY[0]), *(superior.given(other, holder) for holder in COUNTY[1:])]
    assert "不是对本次启封的" in superior.opened(late, *shares, ok=False)


def test_a_share_under_a_forged_heading_opens_nothing(superior: Superior, late: UUID) -> None:
    one, other = superior.asked(late), superior.asked(late)
    wanted = Request.parse(other.read_bytes())
    old = Share.parse(Path(superior.given(one, COUNTY[0])).read_bytes())
    forged = Share(opening=wanted.opening, request=wanted.digest.hex(), key=old.key, given=old.given)
    shares = [
        superior.file("forged.share", forged.encode()),
        *(superior.given(other, holder) for holder in COUNTY[1:]),
    ]
    superior.opened(late, *shares, ok=False)


@pytest.mark.parametrize("member", ["purpose", "asked_by", "recipient", "opening"])
def test_a_holder_gives_nothing_to_a_request_that_the_superior_has_not_signed(
    superior: Superior, late: UUID, member: str
) -> None:
    forged = json.loads(superior.asked(late).read_bytes())
    own = Request.parse(superior.asked(late).read_bytes())
    forged[member] = {"recipient": json.loads(own.encode())["recipient"], "opening": str(own.opening)}.get(
        member, "别人"
    )
    path = superior.file(f"forged-{member}.json", encode(forged))
    assert "没有上级的有效签名" in str(superior.given(path, COUNTY[0], ok=False))


def test_who_asks_is_not_who_agrees(superior: Superior, late: UUID) -> None:
    said = superior.run(
        *("witness", "ask-identity", late, "--key", superior.key("superior/content")),
        *(
            "--asked-by",
            "上官鉴",
            "--approved-by",
            "上官鉴",
            "--purpose",
            "核实",
            "--out",
            superior.directory / "no.json",
        ),
        ok=False,
    )
    assert "不能是同一人" in said


def test_the_journal_says_who_asked_and_who_gave_and_nothing_of_what_was_seen(superior: Superior, late: UUID) -> None:
    request = superior.asked(late)
    superior.opened(late, *(superior.given(request, holder) for holder in COUNTY))
    journal = (superior.home.directory / "sealed" / "openings.jsonl").read_text("utf-8")
    last = json.loads(journal.splitlines()[-1])
    assert len(last["shares"]) == 3
    assert "令狐决" in journal
    assert REPORTER.name not in journal


def test_the_county_has_nothing_left_that_could_be_opened(office: Office, late: UUID) -> None:
    for stream in (late, office.desk.correspondence(late).id):
        assert office.desk.custody.wraps_for(stream) == []


def test_an_anonymous_report_has_nothing_to_ask_for(office: Office, superior: Superior) -> None:
    report_id, _ = office.web(text=TEXT, reporter=ReporterDetails())
    office.do("clerk-2", "propose_bypass", report_id)
    office.do("clerk-1", "confirm_bypass", report_id)
    sealed_id = UUID(office.events(report_id)[-1].sealed_report)  # type: ignore[attr-defined]  # ReportBypassed
    gone_up_by_file(office, sealed_id)
    superior.imported(superior.fetched(sealed_id))
    request = superior.asked(sealed_id)  # always present, so that it cannot be told from a named one
    said = superior.opened(sealed_id, *(superior.given(request, holder) for holder in SUPERIOR))
    assert "举报人身份信息·reporter：" in said
    assert REPORTER.name not in said


def test_what_was_acknowledged_on_the_site_opens_from_the_copy_that_was_kept(
    office: Office, superior: Superior, at_the_door: UUID
) -> None:
    """Carried over to his own machine, as any file of his."""
    report_id, _ = office.bypassed_at_the_door(text=TEXT)
    sealed.register(office.desk, office.sessions["clerk-1"], report_id)
    sealed.report_to_superior(office.desk, office.sessions["head"], report_id, "site")
    sealed.acknowledge(office.desk, office.sessions["superior"], report_id)
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    kept = office.platform.settings.home / "superior" / f"{report_id}.zip"
    shutil.copy(kept, superior.home.directory / "sealed")
    request = superior.asked(report_id)
    assert REPORTER.name in superior.opened(report_id, *(superior.given(request, holder) for holder in SUPERIOR))
