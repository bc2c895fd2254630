"""Separation of duties (rules, part 4) through the commands: with officers who hold several roles, and keys for all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from supervision.casework.actions import BadInput, offered
from supervision.casework.catalogue import ACTIONS
from supervision.domain.refusal import Refused
from tests.support.office import OWN, Office, names, staffed


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("county")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as found:
        yield found


def refused(office: Office, code: str, officer: str, action: str, report_id: UUID, /, **given: object) -> None:
    """The command is refused for that reason and leaves no trace."""
    head = office.desk.ledger.head()
    with pytest.raises(Refused) as refusal:
        office.do(officer, action, report_id, **given)
    assert refusal.value.code == code
    assert office.desk.ledger.head() == head


# -- SoD-1: registrar, screener and decider of a refusal --------------------------------------------


@pytest.mark.parametrize("step", ["register", "screen"])
def test_sod_1_who_registered_or_screened_does_not_decide_the_refusal(office: Office, step: str) -> None:
    report_id, _ = office.web()
    by = {"register": "clerk-1", "screen": "clerk-1", step: "acting-head"}
    office.do(by["register"], "register", report_id)
    office.do(by["screen"], "screen", report_id, **OWN | {"proposal": "not_accept", "refusal": "other_body"})
    refused(office, "SoD-1", "acting-head", "confirm_screening", report_id)
    office.do("head", "confirm_screening", report_id)


# -- SoD-2, SoD-3, SoD-8: distributor, handler, approver --------------------------------------------


def recorded(office: Office) -> UUID:
    report_id = office.accepted()
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clue", "record_clue", report_id)
    return report_id


def test_sod_2_who_distributes_does_not_handle(office: Office) -> None:
    report_id = recorded(office)
    refused(office, "SoD-2", "all-hands", "propose_distribution", report_id, handlers=["all-hands"])
    refused(office, "SoD-2", "all-hands", "propose_distribution", report_id, handlers=["inspector-1", "all-hands"])


def test_sod_2_who_registered_it_does_not_handle_it_after_moving_to_the_department(tmp_path: Path) -> None:
    """Needs a county of its own: the clerk's move ends what he was."""
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as office:
        report_id, _ = office.web()
        office.do("clerk-2", "register", report_id)
        office.do("clerk-1", "screen", report_id, **OWN)
        office.do("head", "confirm_screening", report_id)
        office.do("head", "transfer", report_id, department="dept-1")
        office.do("clue", "record_clue", report_id)
        office.move("clerk-2", "dept-1", "inspector")
        office.catch_up()
        refused(office, "SoD-2", "clue", "propose_distribution", report_id, handlers=["clerk-2"])
        office.verify()


def test_sod_8_the_principal_does_not_approve_a_distribution_to_himself(office: Office) -> None:
    report_id = recorded(office)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-1", "all-hands"])
    refused(office, "SoD-8", "all-hands", "approve_distribution", report_id)
    office.do("principal", "approve_distribution", report_id)


def test_who_proposed_a_distribution_neither_approves_nor_returns_it(office: Office) -> None:
    report_id = recorded(office)
    office.do("all-hands", "propose_distribution", report_id, handlers=["inspector-1"])
    refused(office, "SoD-3", "all-hands", "approve_distribution", report_id)


def test_sod_3_who_handles_does_not_approve_his_own_proposal_or_a_colleagues(office: Office) -> None:
    report_id = office.distributed("inspector-1", "all-hands")
    office.do(
        "inspector-1", "propose_disposition", report_id, disposition="held", minutes="一室〔2026〕第2次", note="暂存。"
    )
    refused(office, "SoD-3", "all-hands", "approve_disposition", report_id)
    refused(office, "SoD-3", "all-hands", "return_disposition", report_id, note="再议。")
    office.do("deputy", "approve_disposition", report_id)


def test_who_asks_for_a_return_does_not_approve_it(office: Office) -> None:
    report_id = office.distributed("all-hands")
    office.do("all-hands", "propose_return", report_id)
    refused(office, "SoD-3", "all-hands", "approve_return", report_id)
    refused(office, "SoD-3", "all-hands", "refuse_return", report_id)
    office.do("deputy", "approve_return", report_id)


def test_only_those_whom_the_principal_approved_handle(office: Office) -> None:
    report_id = recorded(office)
    office.do("clue", "propose_distribution", report_id, handlers=["inspector-1"])
    given = {"disposition": "held", "minutes": "一室〔2026〕第3次", "note": "暂存。"}
    refused(office, "not_yours", "inspector-1", "propose_disposition", report_id, **given)
    office.do("principal", "approve_distribution", report_id)
    refused(office, "not_yours", "inspector-2", "propose_disposition", report_id, **given)
    office.do("inspector-1", "propose_disposition", report_id, **given)


# -- SoD-7: whoever is named in a report ------------------------------------------------------------


def test_sod_7_who_is_excluded_loses_the_report_at_once(office: Office) -> None:
    report_id = office.distributed()
    assert office.read("inspector-1", report_id).text
    office.do("head", "exclude", report_id, officer="inspector-1", reason="named_in_report")
    office.catch_up()
    assert offered(ACTIONS, office.desk, office.sessions["inspector-1"], office.case(report_id)) == []
    for action in ACTIONS:
        refused(office, "SoD-7", "inspector-1", action.name, report_id)
    with pytest.raises(Refused) as refusal:
        office.read("inspector-1", report_id)
    assert refusal.value.code == "SoD-7"
    assert office.read("inspector-2", report_id).text


def test_sod_7_holds_for_the_head_and_the_principal_too(office: Office) -> None:
    report_id = office.distributed()
    for officer in ("head", "principal"):
        office.do("clue", "exclude", report_id, officer=officer, reason="interest")
        with pytest.raises(Refused):
            office.read(officer, report_id)
        refused(office, "SoD-7", officer, "exclude", report_id, officer="clerk-2", reason="kinship")


def test_who_is_excluded_is_not_offered_as_handler_or_companion(office: Office) -> None:
    report_id = recorded(office)
    office.do("clue", "exclude", report_id, officer="inspector-2", reason="kinship")
    with pytest.raises(BadInput):
        office.do("clue", "propose_distribution", report_id, handlers=["inspector-1", "inspector-2"])


# -- two persons ------------------------------------------------------------------------------------


def test_a_27_feedback_is_given_by_two(office: Office) -> None:
    report_id = office.concluded()
    refused(office, "two_officers", "inspector-1", "feed_back", report_id, mode="phone")
    with pytest.raises(BadInput):  # he is not offered as his own companion
        office.do("inspector-1", "feed_back", report_id, mode="phone", second_officer="inspector-1")
    with pytest.raises(BadInput):  # nor is anybody of the other host
        office.do("inspector-1", "feed_back", report_id, mode="phone", second_officer="org-inspector")
    office.do("inspector-1", "feed_back", report_id, mode="in_person", second_officer="inspector-2", note="已反馈。")


def test_not_feeding_back_has_a_reason(office: Office) -> None:
    report_id = office.concluded()
    refused(office, "reason_missing", "inspector-1", "feed_back", report_id, mode="none")
    office.do("inspector-1", "feed_back", report_id, mode="none", reason="no_contact")


def test_free_text_is_written_by_one_and_let_out_by_another(office: Office) -> None:
    report_id = office.accepted()
    office.do("clerk-1", "draft_message", report_id, text="请补充时间和地点。")
    exchange = office.case(report_id).correspondence
    (message,) = exchange.drafts
    refused(office, "not_yours", "clerk-1", "approve_message", report_id, message=message)
    refused(office, "not_yours", "clerk-1", "refuse_message", report_id, message=message)
    office.do("clerk-2", "approve_message", report_id, message=message)
    assert names(office.events(exchange.id)) == ["correspondence.message_drafted", "correspondence.message_approved"]


def test_a_draft_that_was_refused_cannot_be_let_out_any_more(office: Office) -> None:
    report_id = office.accepted()
    office.do("clerk-1", "draft_message", report_id, text="请补充时间。")
    office.do("clerk-1", "draft_message", report_id, text="请补充地点。")
    first, second = office.case(report_id).correspondence.drafts
    office.do("head", "refuse_message", report_id, message=first)
    with pytest.raises(BadInput):
        office.do("clerk-2", "approve_message", report_id, message=first)
    office.do("clerk-2", "approve_message", report_id, message=second)


def test_a_15_a_bypass_is_proposed_by_one_and_confirmed_by_another(office: Office) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "propose_bypass", report_id)
    refused(office, "not_yours", "clerk-1", "confirm_bypass", report_id)
    refused(office, "not_yours", "org-clerk", "confirm_bypass", report_id)
    office.do("clerk-2", "confirm_bypass", report_id)
