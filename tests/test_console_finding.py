"""Finding a report on the console: by what is known of it, and page by page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest

from supervision.intake.submission import ReportedPerson
from supervision.web.console.queue import PAGE
from tests.support.officers import County, county


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("finding")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people={"clerk-1", "org-clerk"}) as made:
        yield made


def test_a_report_is_found_by_its_number_its_reference_and_its_unit(home: County) -> None:
    report = home.report(respondents=(ReportedPerson(unit="云岫县粮食储备站", managed_by="县委管理"),))
    home.carry_out("clerk-1", "register", report)
    kept = home.platform.desk.report(report)
    clerk = home.signed_in("clerk-1")
    clerk.open("/console/")
    for text in (kept.number, kept.reference, "云岫县粮食"):
        assert str(report) in clerk.send("/console/search", text=text)


def test_others_do_not_find_it(home: County) -> None:
    report = home.report()
    reference = home.platform.desk.report(report).reference
    other = home.signed_in("org-clerk")
    other.open("/console/")
    assert str(report) not in other.send("/console/search", text=reference)


def test_the_queue_is_paged_by_key_and_loses_nothing(home: County) -> None:
    wanted = {home.report(f"第{number}件") for number in range(30)}
    clerk = home.signed_in("clerk-1")
    found: set[UUID] = set()
    address = "/console/?scope=mine&state=received"
    while address:
        page = clerk.open(address)
        assert len(clerk.reports) <= PAGE
        found |= set(clerk.reports)
        following = re.search(r'<a href="([^"]+)" rel="next"', page)
        address = following[1] if following else ""
    assert wanted <= found
