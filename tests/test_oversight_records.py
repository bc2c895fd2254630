"""Oversight sees who did what when: every report but the sealed ones, and nothing of what they are about."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from events.topics import registered
from supervision.casework import sealed
from supervision.intake.submission import ReportedPerson, ReporterDetails
from supervision.web.event_titles import TITLES
from supervision.web.wording import title
from tests.support.officers import County, Screen, county, steps_until

SECRETS = ("占用公款宴请", "城南酒楼", "厉文舟", "云岫县交通运输局", "副局长", "季小满", "12000000001", "正在转移账册")
PAGES = ("/oversight/", "/oversight/accesses", "/oversight/overdue")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("oversight")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}") as made:
        yield made


@pytest.fixture(scope="module")
def handled(home: County) -> UUID:
    """A named report on its way to the inspectors, whose content was read."""
    details = ReporterDetails(name="季小满", phone="12000000001")
    report = home.report(reporter=details, categories=("3.7",))
    home.carry_out("clerk-1", "register", report)
    given = steps_until("screen")["screen"][1] | {"named_status": "pending", "urgent": "evidence_at_risk"}
    home.carry_out("clerk-1", "screen", report, **given)
    home.carry_out("head", "confirm_screening", report)
    home.signed_in("clerk-2").open(f"/console/reports/{report}")
    home.signed_in("head").act(report, "exclude", officer="clerk-2", reason="named_in_report")
    home.settle()
    return report


@pytest.fixture(scope="module")
def sealed_report(home: County) -> UUID:
    """A sealed report that went up and was acknowledged."""
    leader = ReportedPerson(name="郗明礼", unit="云岫县人民政府", post="副县长", rank="副县处级")
    report = home.report("反映副县长郗明礼", respondents=(leader,))
    desk, head = home.platform.desk, home.session("head")
    sealed.register(desk, head, report)
    sealed.report_to_superior(desk, head, report, "site")
    sealed.acknowledge(desk, home.session("superior"), report)
    home.settle()
    return report


def reviewer(home: County, officer: str = "oversight") -> Screen:
    return home.signed_in(officer, "oversight")


def actions_on(page: str) -> list[str]:
    """What happened, as the table names it."""
    return [part.split("<")[0].strip() for part in page.split('<th role="rowheader" scope="row">')[1:]]


def search(home: County, **wanted: Any) -> str:
    arguments = "&".join(f"{name}={value}" for name, value in wanted.items())
    return reviewer(home).open(f"/oversight/?{arguments}")


def test_who_did_what_when_is_told(home: County, handled: UUID) -> None:
    page = search(home, action="report.accepted.v1")
    assert actions_on(page) == ["决定受理"]
    for told in ("庄慎言", "县纪委监委信访室", "2026-11-23 09:30", home.platform.desk.report(handled).number):
        assert told in page


@pytest.mark.parametrize("path", PAGES)
def test_neither_content_nor_identity_nor_facts_are_told(
    home: County, handled: UUID, sealed_report: UUID, path: str
) -> None:
    page = reviewer(home).open(path)
    for secret in (*SECRETS, "郗明礼", "副县长"):
        assert secret not in page


def test_the_story_of_a_report_tells_neither(home: County, handled: UUID) -> None:
    page = reviewer(home).open(f"/oversight/reports/{handled}")
    assert {"接收举报", "登记编号", "完成甄别", "决定受理", "查看举报内容"} <= set(actions_on(page))
    for secret in SECRETS:
        assert secret not in page


def test_who_had_to_withdraw_is_not_told_since_it_may_tell_who_was_reported(home: County, handled: UUID) -> None:
    page = search(home, action="report.recusal_recorded.v1")
    assert actions_on(page) == ["登记回避"]
    table = page.split("<tbody")[1]
    assert "蓝田" not in table


def test_of_a_sealed_report_only_its_coming_and_going_is_told(home: County, sealed_report: UUID) -> None:
    page = reviewer(home).open("/oversight/?action=")
    about_sealed = [a for a in actions_on(page) if "径送" in a or "上级签收" in a]
    assert about_sealed == ["上级签收", "径送上级", "接收径送件"]
    assert "径送件编号" not in actions_on(page)
    assert str(sealed_report) not in page
    reviewer(home).open(f"/oversight/reports/{sealed_report}", 404)


def test_a_sealed_report_is_not_found_by_its_reference(home: County, sealed_report: UUID) -> None:
    screen = reviewer(home)
    screen.open("/oversight/")
    screen.send("/oversight/find", 404, number=home.platform.desk.sealed_report(sealed_report).reference)


def test_a_report_is_found_by_number_and_by_reference(home: County, handled: UUID) -> None:
    report = home.platform.desk.report(handled)
    screen = reviewer(home)
    for text in (report.number, report.reference):
        screen.open("/oversight/")
        screen.send("/oversight/find", number=text)
        assert screen.path == f"/oversight/reports/{handled}"


def test_filters_narrow_to_an_officer_an_office_and_an_action(home: County, handled: UUID) -> None:
    assert set(actions_on(search(home, officer="head", action="report.registered.v1"))) == set()
    assert "登记编号" in actions_on(search(home, officer="clerk-1", action="report.registered.v1"))
    assert "登记编号" in actions_on(search(home, office="petition"))
    assert "登记编号" not in actions_on(search(home, office="personnel"))


def test_filters_narrow_to_days_both_ends_included(home: County, handled: UUID) -> None:
    assert "决定受理" in actions_on(search(home, since="2026-11-23", until="2026-11-23"))
    assert actions_on(search(home, since="2026-11-24")) == []
    assert actions_on(search(home, until="2026-11-22")) == []


def test_what_is_no_day_is_no_filter(home: County, handled: UUID) -> None:
    assert actions_on(search(home, since="yesterday", after="x")) != []


@pytest.mark.parametrize("path", PAGES)
def test_a_key_that_no_page_gave_leads_to_the_first_page(home: County, path: str) -> None:
    reviewer(home).open(f"{path}?after=x")


def test_who_read_what_is_a_list_of_its_own(home: County, handled: UUID) -> None:
    page = reviewer(home).open("/oversight/accesses")
    assert set(actions_on(page)) == {"查看举报内容"}
    assert "蓝田" in page
    assert home.platform.desk.report(handled).number in page


def test_the_log_is_paged_and_every_event_is_on_one_page_once(home: County, handled: UUID) -> None:
    screen = reviewer(home)
    positions: list[int] = []
    address = "/oversight/"
    while address:
        page = screen.open(address)
        positions += [int(p) for p in re.findall(r'class="table__number"><span>([0-9]+)</span>', page)]
        following = re.search(r'<a href="([^"]+)" rel="next"', page)
        address = following[1] if following else ""
    assert positions == sorted(set(positions), reverse=True)
    assert len(positions) > 50


def test_a_clock_that_ran_out_is_listed_with_whose_turn_it_is(home: County, handled: UUID) -> None:
    assert "没有超期事项" in reviewer(home).open("/oversight/overdue")
    home.clock.advance(days=60)
    try:
        page = reviewer(home).open("/oversight/overdue")
        assert home.platform.desk.report(handled).number in page
        assert "信访室主任" in page
    finally:
        home.clock.advance(days=-60)


@pytest.mark.parametrize("officer", ["oversight", "auditor"])
def test_reviewers_and_auditors_come_in(home: County, officer: str) -> None:
    assert "办理记录" in reviewer(home, officer).open("/oversight/")


@pytest.mark.parametrize("officer", ["clerk-1", "principal", "admin", "superior"])
def test_nobody_else_does(home: County, officer: str) -> None:
    screen = reviewer(home, officer)
    screen.open("/oversight/")
    assert screen.path == "/oversight/sign-in"


def test_every_event_of_the_vocabulary_has_its_official_name() -> None:
    ours = {name for name, event in registered() if event.__module__.startswith("events.vocabulary")}
    assert set(TITLES) == ours
    assert all(re.fullmatch(r"[\u4e00-\u9fff，]+", title(topic)) for topic in TITLES)
