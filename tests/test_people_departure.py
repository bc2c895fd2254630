"""Leaving and being replaced: one action hands everything over, and nothing stays with nobody unseen."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest

from projections import queries
from projections.queries import Viewer
from supervision.casework import handover
from supervision.casework.account_changes import Proposal, change_roles, propose
from supervision.casework.departure import depart
from supervision.casework.office_keys import holders
from supervision.domain.codes import ClueState
from supervision.domain.refusal import Refused
from supervision.domain.staffing import AccountChange
from supervision.working_state import WorkingState
from tests.support.office import Office, names, staffed


@pytest.fixture
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    path = tmp_path_factory.mktemp("departure")
    with staffed(path / "home", f"sqlite:///{path / 'log.sqlite'}") as made:
        yield made


def leaves(office: Office, officer: str, **picks: UUID) -> None:
    """The administrator closes the account. ``picks``: successor (with _ for -) to report."""
    office.catch_up()
    chosen = {report: successor.replace("_", "-") for successor, report in picks.items()}
    depart(office.desk, WorkingState(office.platform.settings.working_url), office.sessions["admin"], officer, chosen)
    office.catch_up()


def refusal(office: Office, officer: str, **picks: UUID) -> str:
    with pytest.raises(Refused) as refused:
        leaves(office, officer, **picks)
    return refused.value.code


def waits_for(office: Office, report: UUID) -> tuple[str, str]:
    """Role and office that act next, as the queues have it."""
    office.catch_up()
    with office.platform.reads.reading() as reader:
        row = queries.report(reader, report)
    assert row is not None
    return row.awaiting_role, row.awaiting_office


def in_queue_of(office: Office, officer: str, *offices: str) -> set[UUID]:
    office.catch_up()
    roles = frozenset(role.value for role in office.sessions[officer].roles)
    viewer = Viewer(officer=officer, roles=roles, offices=frozenset(offices))
    with office.platform.reads.reading() as reader:
        return {row.report_id for row in queries.queue(reader, viewer).rows}


def handlers(office: Office, report: UUID) -> tuple[str, ...]:
    clue = office.case(report).clue
    assert clue is not None
    return clue.handlers


# -- who leaves -------------------------------------------------------------------------------------------------------


def test_his_matters_go_to_the_successors_that_were_picked(office: Office) -> None:
    first, second = office.distributed("inspector-1"), office.distributed("inspector-1", "inspector-2")
    office.catch_up()
    shown = {item.report: item for item in handover.items(office.desk, office.desk.account("inspector-1"))}
    assert set(shown) == {first, second}
    assert "inspector-2" in [value for value, _ in shown[first].successors]
    assert shown[second].others == ("inspector-2",)
    leaves(office, "inspector-1", inspector_2=first)
    assert handlers(office, first) == handlers(office, second) == ("inspector-2",)
    assert office.desk.account("inspector-1").departed
    assert "clue.handlers_replaced" in names(office.events(UUID(office.case(first).report.clue)))
    office.do(
        "inspector-2", "propose_disposition", first, disposition="no_action", minutes="纪要1号", note="建议了结。"
    )
    assert office.verify()


@pytest.mark.parametrize("successor", ["inspector_3", "clerk_1", "clue", "principal", "nobody"])
def test_a_successor_is_an_inspector_of_the_department_whom_no_rule_keeps_out(office: Office, successor: str) -> None:
    report = office.distributed("inspector-1")
    assert refusal(office, "inspector-1", **{successor: report}) == "successor"
    assert not office.desk.account("inspector-1").departed


def test_who_must_withdraw_from_a_report_is_no_successor(office: Office) -> None:
    report = office.distributed("inspector-1")
    office.do("head", "exclude", report, officer="inspector-2", reason="kinship")
    assert refusal(office, "inspector-1", inspector_2=report) == "successor"


def test_what_nobody_takes_over_waits_for_the_clue_supervisor_and_is_in_his_queue(office: Office) -> None:
    report = office.distributed("inspector-1")
    assert waits_for(office, report) == ("inspector", "dept-1")
    leaves(office, "inspector-1")
    assert handlers(office, report) == ()
    assert waits_for(office, report) == ("clue_supervisor", "clue")
    assert report in in_queue_of(office, "clue", "clue")
    office.do("clue", "propose_distribution", report, handlers=["inspector-3"])
    office.do("principal", "approve_distribution", report)
    assert waits_for(office, report) == ("inspector", "dept-2")
    assert office.read("inspector-3", report).title == "收受好处"
    assert office.verify()


def test_a_reporter_is_told_the_result_though_the_handler_has_left(office: Office) -> None:
    report = office.concluded()
    leaves(office, "inspector-1")
    assert handlers(office, report) == ("inspector-2",)
    leaves(office, "all-hands")
    office.do("head", "exclude", report, officer="inspector-2", reason="interest")
    assert waits_for(office, report) == ("clue_supervisor", "clue")
    assert report in in_queue_of(office, "clue", "clue")


def test_his_keys_are_gone_and_those_of_others_are_not(office: Office) -> None:
    assert "inspector-1" in holders(office.desk, "dept-1")
    leaves(office, "inspector-1")
    assert "inspector-1" not in holders(office.desk, "dept-1")
    assert set(office.again("inspector-2").office_keys) == {"dept-1"}
    assert office.verify()


def test_the_last_holder_of_a_key_goes_only_by_the_hands_of_both_administrators(office: Office) -> None:
    assert refusal(office, "inspector-3") == "last_holder"
    propose(office.desk, office.sessions["security"], "inspector-3", Proposal(change=AccountChange.DEPARTURE))
    leaves(office, "inspector-3")
    assert holders(office.desk, "dept-2") == []
    assert office.verify()


def test_the_administrators_own_proposal_does_not_make_two(office: Office) -> None:
    propose(office.desk, office.sessions["admin"], "inspector-3", Proposal(change=AccountChange.DEPARTURE))
    assert refusal(office, "inspector-3") == "SoD-6"


@pytest.mark.parametrize(("officer", "code"), [("security", "last_administrator"), ("admin", "last_administrator")])
def test_the_last_administrator_of_a_kind_does_not_leave(office: Office, officer: str, code: str) -> None:
    assert refusal(office, officer) == code


def test_who_moves_to_another_office_hands_over_too(office: Office) -> None:
    report = office.distributed("inspector-1")
    office.catch_up()
    moved = Proposal(change=AccountChange.ROLES, office="petition", roles=tuple(office.sessions["clerk-1"].roles))
    propose(office.desk, office.sessions["admin"], "inspector-1", moved)
    change_roles(office.desk, office.sessions["security"], "inspector-1", {report: "inspector-2"})
    assert handlers(office, report) == ("inspector-2",)
    with pytest.raises(Refused):
        office.read("inspector-1", report)


def test_a_distribution_to_who_has_left_meanwhile_is_not_approved(office: Office) -> None:
    report = office.accepted()
    office.do("head", "transfer", report, department="dept-1")
    office.do("clue", "record_clue", report)
    office.catch_up()
    office.do("clue", "propose_distribution", report, handlers=["inspector-1"])
    leaves(office, "inspector-1")
    with pytest.raises(Refused, match="另定承办人") as refused:
        office.do("principal", "approve_distribution", report)
    assert refused.value.code == "handler_gone"


# -- who must withdraw ------------------------------------------------------------------------------------------------


def test_an_excluded_sole_handler_is_replaced_by_the_clue_supervisor(office: Office) -> None:
    report = office.distributed("inspector-1")
    office.do("head", "exclude", report, officer="inspector-1", reason="interest")
    assert waits_for(office, report) == ("clue_supervisor", "clue")
    office.do("clue", "replace_handlers", report, handlers=["inspector-2"], reason="excluded")
    assert handlers(office, report) == ("inspector-2",)
    assert waits_for(office, report) == ("inspector", "dept-1")
    assert office.read("inspector-2", report).title == "收受好处"
    assert office.verify()


def test_where_the_department_has_nobody_the_clue_is_distributed_anew(office: Office) -> None:
    report = office.distributed("inspector-1")
    office.propose_and_approve(report)
    for officer in ("inspector-1", "inspector-2", "all-hands"):
        office.do("head", "exclude", report, officer=officer, reason="interest")
    office.do("clue", "withdraw_distribution", report, reason="excluded")
    clue = office.case(report).clue
    assert clue is not None
    assert (clue.state, clue.handlers, clue.disposition) == (ClueState.RECORDED, (), "")
    office.do("clue", "propose_distribution", report, handlers=["inspector-3"])
    office.do("principal", "approve_distribution", report)
    assert waits_for(office, report) == ("inspector", "dept-2")


@pytest.mark.parametrize(
    ("officer", "chosen", "code"),
    [
        ("inspector-1", ["inspector-2"], "role"),
        ("principal", ["inspector-2"], "role"),
        ("org-clue", ["inspector-2"], "not_yours"),
        ("clue", ["inspector-1", "inspector-2"], "unchanged"),
    ],
)
def test_who_may_not_replace_handlers_is_refused(office: Office, officer: str, chosen: list[str], code: str) -> None:
    report = office.distributed("inspector-1", "inspector-2")
    with pytest.raises(Refused) as refused:
        office.do(officer, "replace_handlers", report, handlers=chosen, reason="reassigned")
    assert refused.value.code == code


def test_sod_3_who_handled_a_clue_before_does_not_approve_its_disposition(office: Office) -> None:
    report = office.distributed("all-hands", "inspector-2")
    office.do("clue", "replace_handlers", report, handlers=["inspector-2"], reason="reassigned")
    office.do(
        "inspector-2", "propose_disposition", report, disposition="no_action", minutes="纪要2号", note="建议了结。"
    )
    with pytest.raises(Refused) as refused:
        office.do("all-hands", "approve_disposition", report)
    assert refused.value.code == "SoD-3"
