"""Commands on both databases: each office its own, bad input, and two officers who act at the same moment."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import uuid4

import pytest

from supervision.casework.actions import BadInput, Outdated, carry_out
from supervision.casework.catalogue import BY_NAME
from supervision.domain.refusal import Refused
from tests.support.office import DATABASES, OWN, Office, names, staffed_on


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


# -- offices ----------------------------------------------------------------------------------------


def test_each_host_handles_its_own_line_and_nothing_of_the_others(office: Office) -> None:
    discipline, _ = office.web(line="12388")
    organisation, _ = office.web(line="12380")
    for officer, report_id in (("org-clerk", discipline), ("clerk-1", organisation)):
        with pytest.raises(Refused) as refused:
            office.do(officer, "register", report_id)
        assert refused.value.code == "not_yours"
    office.do("org-clerk", "register", organisation)
    office.do("clerk-1", "register", discipline)
    assert office.case(organisation).report.number.startswith("云组举〔2026〕")
    assert office.case(discipline).report.number.startswith("云信〔2026〕")


def test_leaders_and_clue_supervisors_of_the_other_host_are_refused(office: Office) -> None:
    report_id = office.accepted()
    office.do("head", "transfer", report_id, department="dept-1")
    for officer, action in (("org-clue", "record_clue"), ("org-clue", "exclude"), ("org-head", "exclude")):
        with pytest.raises(Refused) as refused:
            office.do(officer, action, report_id, officer="clerk-2", reason="kinship")
        assert refused.value.code == "not_yours"
    office.do("clue", "record_clue", report_id)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-1"])
    with pytest.raises(Refused) as refused:
        office.do("org-principal", "approve_distribution", report_id)
    assert refused.value.code == "not_yours"


def test_a_report_goes_to_a_department_and_to_inspectors_of_its_own_host(office: Office) -> None:
    report_id = office.accepted()
    with pytest.raises(BadInput):
        office.do("head", "transfer", report_id, department="org-check")
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)
    with pytest.raises(BadInput):
        office.do("clue", "propose_distribution", report_id, handlers=["org-inspector"])
    with pytest.raises(Refused, match="同一部门"):
        office.do("clue", "propose_distribution", report_id, handlers=["inspector-1", "inspector-3"])


def test_an_office_that_has_no_key_in_the_manifest_is_sent_nothing(office: Office) -> None:
    """A department that was added to the settings after the ceremony."""
    report_id = office.accepted()
    added = replace(office.desk.settings.office("dept-1"), id="dept-9", name="第九监督检查室")
    settings = replace(office.desk.settings, offices=(*office.desk.settings.offices, added))
    with pytest.raises(Refused) as refused:
        carry_out(
            BY_NAME["transfer"],
            replace(office.desk, settings=settings),
            office.sessions["head"],
            report_id,
            {"department": "dept-9"},
        )
    assert refused.value.code == "no_office_key"
    assert office.case(report_id).report.state.label == "已受理"


def test_a_clue_has_a_number_of_its_own_office(office: Office) -> None:
    report_id = office.distributed()
    clue = office.case(report_id).clue
    assert clue is not None
    assert clue.number.startswith("云线〔2026〕")


# -- input ------------------------------------------------------------------------------------------


def test_bad_input_names_each_field_and_records_nothing(office: Office) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "register", report_id)
    head = office.desk.ledger.head()
    with pytest.raises(BadInput) as bad:
        office.do("clerk-1", "screen", report_id, **OWN | {"jurisdiction": "mars", "target": "nowhere"})
    assert set(bad.value.errors) == {"jurisdiction"}
    with pytest.raises(BadInput) as bad:
        office.do("clerk-1", "screen", report_id, **OWN | {"target": "nowhere"})
    assert set(bad.value.errors) == {"target"}
    assert office.desk.ledger.head() == head


def test_a_report_that_does_not_exist_is_not_found(office: Office) -> None:
    for stranger in (uuid4(), office.desk.account("clerk-1").id):
        with pytest.raises(Refused) as refused:
            office.do("clerk-1", "register", stranger)
        assert refused.value.code == "not_found"


# -- two officers at once ---------------------------------------------------------------------------


def test_who_fills_in_an_old_page_is_shown_what_he_had_not_seen(office: Office) -> None:
    report_id, _ = office.web()
    seen = office.case(report_id).seen
    office.do("clerk-1", "register", report_id, seen)
    head = office.desk.ledger.head()
    with pytest.raises(Outdated) as outdated:
        office.do("clerk-2", "register", report_id, seen)
    assert names(outdated.value.since) == ["report.registered"]
    assert outdated.value.since[0].actor == "clerk-1"  # type: ignore[attr-defined]
    assert office.desk.ledger.head() == head


def test_news_from_clue_and_reporter_count_too(office: Office) -> None:
    report_id = office.distributed()
    seen = office.case(report_id).seen
    office.propose_and_approve(report_id)
    office.do("clerk-1", "send_template", report_id, template="in_hand")
    with pytest.raises(Outdated) as outdated:
        office.do("inspector-1", "propose_return", report_id, seen)
    assert names(outdated.value.since) == [
        "clue.disposition_proposed",
        "clue.disposition_approved",
        "correspondence.message_sent",
    ]


@pytest.mark.parametrize("seen", ["", "x", "1", "1.2", "1.2.3.4", "-1.0.0", "²."])
def test_a_page_that_nobody_has_sent_is_outdated_and_shows_nothing(office: Office, seen: str) -> None:
    report_id, _ = office.web()
    with pytest.raises(Outdated):
        office.do("clerk-1", "register", report_id, seen)


def test_of_two_who_decide_at_the_same_moment_the_second_sees_what_the_first_did(office: Office) -> None:
    """The first one records while the second one's command, which draws a number for the clue, is being carried out."""
    report_id = office.accepted()
    first = iter([lambda: office.do("acting-head", "transfer", report_id, department="dept-2")])

    def rng(size: int) -> bytes:
        for act in first:
            act()
        return office.desk.rng(size)

    slow = replace(office.desk, rng=rng)
    with pytest.raises(Outdated) as outdated:
        carry_out(BY_NAME["transfer"], slow, office.sessions["head"], report_id, {"department": "dept-1"})
    assert names(outdated.value.since) == ["report.transferred"]
    assert names(office.events(report_id)).count("report.transferred") == 1
    assert office.case(report_id).report.department == "dept-2"


def test_clerks_who_register_at_the_same_moment_get_numbers_without_a_gap(office: Office) -> None:
    clerks = ("clerk-1", "clerk-2", "acting-head")
    reports = [office.web()[0] for _ in range(9)]
    register = office.desk.register("petition", "report", 2026)
    with ThreadPoolExecutor(len(reports)) as pool:
        list(pool.map(lambda at: office.do(clerks[at % 3], "register", reports[at]), range(len(reports))))
    numbers = sorted(office.case(report_id).report.number for report_id in reports)
    first = register.version + 1
    assert numbers == [f"云信〔2026〕{serial:04d}号" for serial in range(first, first + len(reports))]
    office.verify()


def test_of_many_who_register_one_report_one_does_and_the_others_see_who_it_was(office: Office) -> None:
    report_id, _ = office.web()

    def register(officer: str) -> str:
        try:
            office.do(officer, "register", report_id)
        except Outdated as outdated:
            return ",".join(names(outdated.since))
        except Refused as refused:  # he came after the other had finished
            return refused.code
        return "registered"

    with ThreadPoolExecutor(3) as pool:
        outcomes = list(pool.map(register, ("clerk-1", "clerk-2", "acting-head")))
    assert outcomes.count("registered") == 1
    assert set(outcomes) <= {"registered", "report.registered", "state"}
    assert names(office.events(report_id)).count("report.registered") == 1
    numbered = office.desk.register("petition", "report", 2026)
    assert office.case(report_id).report.number == f"云信〔2026〕{numbered.version:04d}号"
