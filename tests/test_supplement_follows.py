"""What a reporter adds later is sealed to whoever handles the report then: it follows the clue (B-23)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.streams import correspondence_id
from supervision.domain.refusal import Refused
from supervision.intake.supplement import Addition, add
from supervision.sealing.compartments import CONTENT
from supervision.sealing.receipt import ReceiptCode
from tests.support.office import OWN, Office, staffed

FIRST = ("inspector-1", "inspector-2")
SECOND = "inspector-3"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    path: Path = tmp_path_factory.mktemp("county")
    with staffed(path / "home", f"sqlite:///{path / 'log.sqlite'}") as found:
        yield found


def transferred(office: Office) -> tuple[UUID, ReceiptCode]:
    """A report that was transferred to the first department, as a clue that nobody has distributed yet."""
    report, code = office.web()
    office.do("clerk-1", "register", report)
    office.do("clerk-1", "screen", report, **OWN)
    office.do("head", "confirm_screening", report)
    office.do("head", "transfer", report, department="dept-1")
    office.do("clue", "record_clue", report)
    office.catch_up()
    return report, code


def distribute(office: Office, report: UUID, *handlers: str) -> None:
    office.do("clue", "propose_distribution", report, handlers=list(handlers))
    office.do("principal", "approve_distribution", report)


def say(office: Office, code: ReceiptCode, number: int) -> None:
    add(office.platform, code, Addition(number=number, text=f"补充{number}"))


def sealed_to(office: Office, report: UUID) -> list[set[str]]:
    """The offices that each addition was sealed to when it came."""
    names = {one.kem.key_id: one.id for one in office.platform.manifest.offices}
    return [
        {names[wrap.key] for key in event.sealing.keys if key.compartment == CONTENT for wrap in key.wraps}
        for event in office.events(correspondence_id(report))
        if isinstance(event, SupplementReceived)
    ]


def added(office: Office, officer: str, report: UUID) -> list[str]:
    return [one.text for one in office.read(officer, report).supplements]


def test_after_a_transfer_it_is_for_the_department_and_its_leaders(office: Office) -> None:
    report, code = transferred(office)
    say(office, code, 1)
    assert sealed_to(office, report) == [{"petition", "dept-1", "leadership"}]


def test_a_department_that_was_only_proposed_gets_nothing_yet(office: Office) -> None:
    report, code = transferred(office)
    office.do("clue", "propose_distribution", report, handlers=[SECOND])
    say(office, code, 1)
    assert sealed_to(office, report) == [{"petition", "dept-1", "leadership"}]


def test_once_the_clue_is_elsewhere_it_goes_there_and_no_longer_to_the_first_department(office: Office) -> None:
    report, code = transferred(office)
    say(office, code, 1)
    distribute(office, report, SECOND)
    say(office, code, 2)
    assert sealed_to(office, report)[1] == {"petition", "dept-2", "leadership"}
    assert added(office, SECOND, report) == ["补充1", "补充2"]


def test_a_clue_that_comes_back_brings_what_was_added_in_between(office: Office) -> None:
    report, code = transferred(office)
    distribute(office, report, SECOND)
    say(office, code, 1)
    office.do("clue", "withdraw_distribution", report, reason="reassigned")
    distribute(office, report, *FIRST)
    say(office, code, 2)
    assert sealed_to(office, report)[1] == {"petition", "dept-1", "leadership"}
    assert added(office, FIRST[0], report) == ["补充1", "补充2"]
    with pytest.raises(Refused):
        office.read(SECOND, report)
    office.verify()
