"""A report of unknown level: two officers see who is reported and nothing else, and decide before anybody reads it."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from projections import queries
from projections.queries import Viewer
from supervision.casework.actions import Case
from supervision.casework.level import SHOWN, persons
from supervision.casework.reading import titles
from supervision.domain.codes import Channel, Jurisdiction, MatterClass, NamedStatus, Proposal, ReportState
from supervision.domain.refusal import Refused
from supervision.domain.report import Screening
from supervision.intake.submission import ReportedPerson, ReporterDetails
from supervision.intake.supplement import Addition, add
from tests.support.office import DATABASES, OWN, Office, file, names, staffed_on
from tests.support.officers import County, county

UNKNOWN = ReportedPerson(name="骆行舟", unit="云岫县国有林场", post="场长")
TITLE, TEXT = "倒卖林木", "把采伐指标卖给外县木材商，收了十二万元。"


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


def came(office: Office, **said: object) -> UUID:
    fields = {"respondents": (UNKNOWN,), "title": TITLE, "text": TEXT, "attachments": (file("账.txt", b"ledger"),)}
    return office.web(**{**fields, **said})[0]


def seen_by(office: Office, report: UUID, *officers: str) -> None:
    for officer in officers:
        office.do(officer, "see_persons", report)


def refusal(office: Office, officer: str, action: str, report: UUID, **given: str) -> str:
    with pytest.raises(Refused) as refused:
        office.do(officer, action, report, **given)
    return refused.value.code


def unread(office: Office, report: UUID, officer: str = "clerk-1") -> bool:
    """Whether the officer gets nothing of what it says."""
    session = office.sessions[officer]
    try:
        office.read(officer, report)
    except Refused as refused:
        assert refused.code in ("level", "not_assigned", "no_key")
        return titles(office.desk, session, [report]) == {}
    return False


# -- before the decision -----------------------------------------------------------------------------------------------


def test_nobody_reads_it_before_its_level_is_decided(office: Office) -> None:
    report = came(office)
    assert all(unread(office, report, one) for one in ("clerk-1", "clerk-2", "head", "deputy", "principal"))
    seen_by(office, report, "clerk-1")
    assert unread(office, report, "clerk-1")  # who was shown the persons has not been shown the rest


def test_the_refusal_says_what_to_do(office: Office) -> None:
    with pytest.raises(Refused, match=r"管理级别不明.*两名工作人员.*查看被反映人"):
        office.read("head", came(office))


def test_an_addition_is_not_read_either(office: Office) -> None:
    report, code = office.web(respondents=(UNKNOWN,), title=TITLE, text=TEXT)
    add(office.platform, code, Addition(number=1, text="他还有一处房产。"))
    assert unread(office, report)


def test_it_is_numbered_and_cannot_be_screened(office: Office) -> None:
    report = came(office)
    office.do("clerk-1", "register", report)
    with pytest.raises(Refused, match="管理级别待认定，不能“甄别”"):
        office.do("clerk-1", "screen", report, **OWN)
    found = Screening(
        matter_class=MatterClass.REPORT,
        in_scope=True,
        named_status=NamedStatus.ANONYMOUS,
        verification_method="none",
        jurisdiction=Jurisdiction.OWN,
        proposal=Proposal.ACCEPT,
    )
    with pytest.raises(Refused) as refused:
        office.desk.report(report).screen(office.desk.stamp(office.sessions["clerk-1"]), found)
    assert refused.value.code == "level"
    assert office.case(report).report.state is ReportState.REGISTERED


def test_who_asks_is_shown_the_persons_as_far_as_the_level_takes_it_and_that_is_recorded_first(office: Office) -> None:
    report = came(office)
    desk, clerk = office.desk, office.sessions["clerk-1"]
    assert persons(desk, clerk, desk.report(report)) == ()
    office.do("clerk-1", "see_persons", report)
    recorded = office.events(report)[-1]
    assert (recorded.TOPIC, recorded.actor) == ("report.persons_seen.v1", "clerk-1")  # type: ignore[attr-defined]
    (one,) = persons(desk, clerk, desk.report(report))
    assert one == {"name": "骆行舟", "unit": "云岫县国有林场", "post": "场长", "rank": "", "managed_by": ""}
    assert tuple(one) == SHOWN
    assert persons(desk, office.sessions["clerk-2"], desk.report(report)) == ()
    with pytest.raises(Refused, match="您已经查看过"):
        desk.report(report).see_persons(desk.stamp(clerk))


def test_another_office_is_not_shown_them(office: Office) -> None:
    report = came(office)
    assert refusal(office, "org-clerk", "see_persons", report) == "not_yours"
    with pytest.raises(Refused):
        office.do("inspector-1", "see_persons", report)
    assert "report.persons_seen" not in names(office.events(report))


def test_its_unit_is_not_searched_by(office: Office) -> None:
    report = came(office, respondents=(ReportedPerson(name="骆行舟", unit="云岫县竹编合作社", post="理事长"),))
    office.catch_up()
    viewer = Viewer(officer="head", roles=frozenset({"petition_head"}), offices=frozenset({"petition"}))

    def found(text: str) -> bool:
        with office.platform.reads.reading() as reader:
            return report in {row.report_id for row in queries.search(reader, viewer, text)}

    assert not found("云岫县竹编")
    assert found(office.case(report).report.reference)


# -- deciding ----------------------------------------------------------------------------------------------------------


def test_two_decide_that_it_is_the_countys_and_then_it_is_read_and_screened(office: Office) -> None:
    report = came(office)
    office.do("clerk-1", "register", report)
    seen_by(office, report, "clerk-1", "clerk-2")
    office.do("clerk-1", "propose_level", report, jurisdiction="own")
    assert unread(office, report)
    office.do("clerk-2", "confirm_level", report)
    assert office.read("clerk-1", report).text == TEXT
    office.do("clerk-1", "screen", report, **OWN)
    office.do("head", "confirm_screening", report)
    assert office.case(report).report.state is ReportState.ACCEPTED
    office.verify()


@pytest.mark.parametrize("level", [Jurisdiction.SUBORDINATE, Jurisdiction.OTHER_BODY, Jurisdiction.UNDECIDED])
def test_what_is_another_bodys_or_cannot_be_told_is_read_once_two_have_said_so(
    office: Office, level: Jurisdiction
) -> None:
    report = came(office)
    seen_by(office, report, "clerk-1", "head")
    office.do("head", "propose_level", report, jurisdiction=level.value)
    office.do("clerk-1", "confirm_level", report)
    assert office.case(report).report.jurisdiction == level
    assert office.read("clerk-2", report).text == TEXT


def test_two_send_it_up_unread(office: Office) -> None:
    report = came(office)
    seen_by(office, report, "clerk-1", "clerk-2")
    office.do("clerk-1", "propose_bypass", report)
    office.do("clerk-2", "confirm_bypass", report)
    assert office.case(report).report.state is ReportState.SEALED
    opened = [event for event in names(office.events(report)) if event.startswith("access.")]
    assert opened == []
    office.verify()


def test_nobody_decides_alone_or_without_having_looked(office: Office) -> None:
    report = came(office)
    assert refusal(office, "clerk-1", "propose_level", report, jurisdiction="own") == "not_yours"
    assert refusal(office, "clerk-1", "propose_bypass", report) == "not_yours"
    seen_by(office, report, "clerk-1")
    office.do("clerk-1", "propose_level", report, jurisdiction="own")
    assert refusal(office, "clerk-1", "confirm_level", report) == "not_yours"
    assert refusal(office, "clerk-2", "confirm_level", report) == "not_yours"
    stamp = office.desk.stamp(office.sessions["clerk-1"])
    for decide, code in (
        (lambda one: one.confirm_level(stamp), "two_officers"),
        (lambda one: one.propose_level(stamp, Jurisdiction.OWN), "level_pending"),
        (lambda one: one.propose_level(stamp, Jurisdiction.SUPERIOR), "A-15"),
        (lambda one: one.propose_bypass(office.desk.stamp(office.sessions["clerk-2"])), "not_seen"),
    ):
        with pytest.raises(Refused) as refused:
            decide(office.desk.report(report))
        assert refused.value.code == code
    assert unread(office, report)


def test_who_disagrees_proposes_otherwise_and_the_first_confirms(office: Office) -> None:
    report = came(office)
    seen_by(office, report, "clerk-1", "clerk-2")
    office.do("clerk-1", "propose_bypass", report)
    office.do("clerk-2", "propose_level", report, jurisdiction="subordinate")
    office.do("clerk-1", "confirm_level", report)
    found = office.case(report).report
    assert (found.jurisdiction, found.bypass_proposer) == ("subordinate", "")
    office.catch_up()
    with office.platform.reads.reading() as reader:
        row = queries.report(reader, report)
    assert row is not None
    assert (row.level_open, row.bypass_proposed) == (False, False)
    assert refusal(office, "clerk-2", "confirm_bypass", report) == "state"


def test_it_is_decided_once(office: Office) -> None:
    report = came(office)
    seen_by(office, report, "clerk-1", "clerk-2")
    office.do("clerk-1", "propose_level", report, jurisdiction="own")
    office.do("clerk-2", "confirm_level", report)
    for action in ("see_persons", "confirm_level"):
        assert refusal(office, "head", action, report) in ("state", "not_yours")


# -- where it does not apply -------------------------------------------------------------------------------------------


def test_a_report_whose_level_the_rules_tell_is_read_at_once(office: Office) -> None:
    report, _ = office.web()
    assert not Case.load(office.desk, report).report.level_open
    assert office.read("clerk-1", report).text


@pytest.mark.parametrize("channel", [Channel.LETTER, Channel.PHONE, Channel.VISIT, Channel.SMS])
def test_what_an_officer_takes_down_he_has_read_and_only_the_late_by_pass_is_left(
    office: Office, channel: Channel
) -> None:
    report = came(office, channel=channel, reporter=ReporterDetails())
    assert not Case.load(office.desk, report).report.level_open
    assert office.read("clerk-1", report).text == TEXT
    office.do("clerk-1", "propose_bypass", report)
    office.do("clerk-2", "confirm_bypass", report)
    assert office.case(report).report.state is ReportState.SEALED


# -- the pages ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("pages")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people={"clerk-1", "clerk-2", "head"}) as made:
        yield made


def test_the_page_shows_the_persons_to_who_was_shown_them_and_the_rest_only_afterwards(home: County) -> None:
    report = home.report(TITLE, TEXT, respondents=(UNKNOWN,), attachments=(file("账.txt", b"ledger"),))
    first, second = home.signed_in("clerk-1"), home.signed_in("clerk-2")
    secrets = (TITLE, TEXT, "骆行舟", "国有林场", "账.txt")
    assert "级别待认定" in first.open("/console/")
    assert not any(one in first.text for one in secrets)
    first.open(f"/console/reports/{report}")
    assert "管理级别不明" in first.text
    assert not any(one in first.text for one in secrets)
    first.open(f"/console/reports/{report}/files/report/1/1", status=403)

    first.act(report, "see_persons")
    assert "骆行舟" in first.text
    assert "国有林场" in first.text
    assert not any(one in first.text for one in (TITLE, TEXT, "账.txt"))
    second.open(f"/console/reports/{report}")
    assert "骆行舟" not in second.text

    first.act(report, "propose_level", jurisdiction="own")
    second.act(report, "see_persons")
    second.act(report, "confirm_level")
    assert TEXT in second.text
    assert "账.txt" in second.text
    assert "查看被反映人" in second.text  # in the story of the case
