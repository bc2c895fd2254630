"""Legal holds (停止销毁): asked for by one and at once in force, confirmed and ended by another."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from supervision.casework.actions import offered
from supervision.casework.catalogue import ACTIONS
from supervision.domain.refusal import Refused
from tests.support.office import Office, staffed
from tests.test_retention_appraisal import AFTER_FIVE_YEARS, HOLD, archived, propose, refused


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("county")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as found:
        yield found


def test_a_hold_takes_a_second_person_to_end(office: Office) -> None:
    report_id, _ = archived(office)
    office.do("clerk-1", "request_hold", report_id, document=HOLD)
    office.do("deputy", "place_hold", report_id, document=HOLD)
    with pytest.raises(Refused):
        office.do("deputy", "lift_hold", report_id, document=HOLD)
    office.do("clerk-1", "request_lift", report_id, document=HOLD)
    office.clock.now = AFTER_FIVE_YEARS
    with refused("hold"):
        propose(office, report_id)
    office.do("deputy", "lift_hold", report_id, document=HOLD)
    assert propose(office, report_id)


def test_who_asked_for_a_hold_or_its_end_does_not_decide_on_it(office: Office) -> None:
    report_id, _ = archived(office)
    report, stamp = office.desk.report(report_id), office.stamp("clerk-1", "petition")
    report.request_hold(stamp, HOLD)
    with refused("SoD-3"):
        report.place_hold(stamp, HOLD)
    report.place_hold(office.stamp("deputy", "leadership"), HOLD)
    report.request_lift(stamp, HOLD)
    with refused("SoD-3"):
        report.lift_hold(stamp, HOLD)
    with refused("held"):
        report.request_hold(stamp, HOLD)
    with refused("no_hold"):
        report.request_lift(stamp, "云检调〔2031〕9号")


def test_each_officer_is_offered_what_he_may_do_about_a_hold(office: Office) -> None:
    report_id, _ = archived(office)
    steps = (
        ("request_hold", "clerk-1"),
        ("place_hold", "deputy"),
        ("request_lift", "clerk-1"),
        ("lift_hold", "deputy"),
    )
    for step, officer in steps:
        case = office.case(report_id)
        for one in ("clerk-1", "deputy", "inspector-1", "org-clerk", "oversight"):
            mine = {action.name for action in offered(ACTIONS, office.desk, office.sessions[one], case)}
            assert (step in mine) == (one == officer)
        office.do(officer, step, report_id, document=HOLD)
    assert not office.case(report_id).report.holds
