"""The clue (问题线索): which command belongs to which state; who distributes, handles and approves are three."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain.clue import Clue
from supervision.domain.codes import ClueState, Disposition
from supervision.domain.refusal import Refused
from supervision.domain.staffing import HandlerChange
from tests.support.cases import CLUE, Command, by, taken
from tests.support.clue_cases import CLUE_COMMANDS, IN_HANDLING, clue, clue_in

C = ClueState
LEGAL = [(c, ClueState(s)) for c in CLUE_COMMANDS for s in sorted(c.states)]
ILLEGAL = [(c, s) for c in CLUE_COMMANDS for s in ClueState if s.value not in c.states]


def name_of(value: Any) -> str:
    return value.name if isinstance(value, Command) else str(value)


def remembered(one: Clue) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if name != "_pending"}


@pytest.mark.parametrize(("command", "state"), LEGAL, ids=name_of)
def test_a_command_is_carried_out_where_it_belongs(command: Command, state: ClueState) -> None:
    one = clue_in(state)
    command.give(one)
    assert len(taken(one)) == 1


@pytest.mark.parametrize(("command", "state"), ILLEGAL, ids=name_of)
def test_elsewhere_it_records_nothing_and_says_the_state_in_chinese(command: Command, state: ClueState) -> None:
    one = clue_in(state)
    before = remembered(one)
    with pytest.raises(Refused) as refused:
        command.give(one)
    assert state.label in refused.value.reason
    assert taken(one) == []
    assert remembered(one) == before


@given(st.data())
def test_replay_gives_the_same_clue_as_deciding_did(data: st.DataObject) -> None:
    one = clue()
    history = taken(one)
    for _ in range(data.draw(st.integers(0, 14))):
        offered = [c for c in CLUE_COMMANDS if one.state.value in c.states]
        if not offered:
            break
        data.draw(st.sampled_from(offered)).give(one)
        history += taken(one)
    assert remembered(Clue.replay(CLUE, history)) == remembered(one)


@pytest.mark.parametrize(
    ("disposition", "state"),
    [
        (Disposition.TALK_INQUIRY, C.TALK_INQUIRY),
        (Disposition.PRELIMINARY_VERIFICATION, C.PRELIMINARY_VERIFICATION),
        (Disposition.HELD, C.HELD),
        (Disposition.NO_ACTION, C.CLOSED_NO_ACTION),
    ],
)
def test_b_21_a_disposition_is_one_of_four_and_begins_with_its_approval(
    disposition: Disposition, state: ClueState
) -> None:
    one = clue_in(C.DISTRIBUTED)
    one.propose_disposition(by("inspector", "dept-1"), disposition, "一室〔2026〕第1次")
    assert one.state is C.PROPOSED
    one.approve_disposition(by("deputy", "leadership"))
    assert one.state is state


@pytest.mark.parametrize("minutes", ["", "  ", "　"])
def test_a_disposition_without_minutes_of_the_collective_study_is_refused(minutes: str) -> None:
    one = clue_in(C.DISTRIBUTED)
    with pytest.raises(Refused, match="集体研究"):
        one.propose_disposition(by("inspector", "dept-1"), Disposition.HELD, minutes)


def test_a_distribution_names_somebody() -> None:
    with pytest.raises(Refused, match="承办人"):
        clue().propose_distribution(by("supervisor", "clue"), "dept-1", (), "clerk")


@pytest.mark.parametrize("handler", ["supervisor", "clerk"])
def test_sod_2_who_distributes_or_registered_does_not_handle(handler: str) -> None:
    one = clue_in(C.RECORDED)
    with pytest.raises(Refused) as refused:
        one.propose_distribution(by("supervisor", "clue"), "dept-1", ("inspector", handler), "clerk")
    assert refused.value.code == "SoD-2"
    assert taken(one) == []


def test_sod_8_the_principal_does_not_hand_the_matter_to_himself() -> None:
    one = clue_in(C.RECORDED)
    one.propose_distribution(by("supervisor", "clue"), "dept-1", ("inspector", "principal"), "clerk")
    taken(one)
    with pytest.raises(Refused) as refused:
        one.approve_distribution(by("principal", "leadership"))
    assert refused.value.code == "SoD-8"
    assert taken(one) == []


def test_who_proposed_a_distribution_does_not_approve_it() -> None:
    one = clue_in(C.DISTRIBUTION_PROPOSED)
    for decide in (one.approve_distribution, lambda stamp: one.return_distribution(stamp, "approver_disagrees")):
        with pytest.raises(Refused) as refused:
            decide(by("supervisor", "clue"))
        assert refused.value.code == "SoD-3"


@pytest.mark.parametrize("approver", ["inspector", "inspector-2"])
def test_sod_3_who_handles_does_not_approve_the_disposition(approver: str) -> None:
    one = clue_in(C.PROPOSED)
    for decide in (one.approve_disposition, lambda stamp: one.return_disposition(stamp, "approver_disagrees")):
        with pytest.raises(Refused) as refused:
            decide(by(approver, "dept-1"))
        assert refused.value.code == "SoD-3"
    assert taken(one) == []


@pytest.mark.parametrize("command", ["propose_disposition", "conclude"])
def test_only_a_handler_proposes_and_concludes(command: str) -> None:
    one = clue_in(C.DISTRIBUTED if command == "propose_disposition" else C.TALK_INQUIRY)
    with pytest.raises(Refused, match="承办人"):
        if command == "conclude":
            one.conclude(by("inspector-9", "dept-1"), "proved")
        else:
            one.propose_disposition(by("inspector-9", "dept-1"), Disposition.HELD, "一室〔2026〕第1次")


def test_nobody_is_assigned_before_the_principal_has_approved() -> None:
    one = clue_in(C.DISTRIBUTION_PROPOSED)
    assert one.handlers
    assert one.assigned == ()
    one.approve_distribution(by("principal", "leadership"))
    assert one.assigned == one.handlers == ("inspector", "inspector-2")


def test_a_distribution_that_is_returned_names_nobody_any_more() -> None:
    one = clue_in(C.DISTRIBUTION_PROPOSED)
    one.return_distribution(by("principal", "leadership"), "approver_disagrees")
    assert (one.state, one.handlers) == (C.RECORDED, ())


def test_a_clue_that_is_taken_up_again_keeps_its_handlers_and_needs_a_new_disposition() -> None:
    one = clue_in(C.CONCLUDED)
    one.reactivate(by("inspector", "dept-1"), "new_evidence")
    assert one.state is C.DISTRIBUTED
    assert (one.disposition, one.result) == ("", "")
    assert one.assigned == ("inspector", "inspector-2")


# -- handlers who cannot go on ------------------------------------------------------------------------------


def replaced(one: Clue, *handlers: str, actor: str = "supervisor", excluded: tuple[str, ...] = ()) -> Clue:
    one.replace_handlers(by(actor, "clue"), handlers, HandlerChange.EXCLUDED, registrar="clerk", excluded=excluded)
    return one


@pytest.mark.parametrize("state", [C.DISTRIBUTED, C.PROPOSED, *IN_HANDLING, C.CONCLUDED])
def test_others_of_the_department_go_on_where_the_first_have_stopped(state: ClueState) -> None:
    one = replaced(clue_in(state), "inspector-3")
    assert (one.state, one.assigned, one.department) == (state, ("inspector-3",), "dept-1")


@pytest.mark.parametrize("state", [C.DISTRIBUTED, C.PROPOSED, *IN_HANDLING])
def test_b_23_with_nobody_left_an_open_clue_is_distributed_anew(state: ClueState) -> None:
    one = replaced(clue_in(state))
    assert (one.state, one.assigned, one.disposition) == (C.RECORDED, (), "")
    one.propose_distribution(by("supervisor", "clue"), "dept-2", ("inspector-4",), "clerk")
    one.approve_distribution(by("principal", "leadership"))
    assert (one.state, one.department) == (C.DISTRIBUTED, "dept-2")


def test_with_nobody_left_a_concluded_clue_stays_concluded() -> None:
    one = replaced(clue_in(C.CONCLUDED))
    assert (one.state, one.assigned) == (C.CONCLUDED, ())
    assert replaced(one, "inspector-3").assigned == ("inspector-3",)


@pytest.mark.parametrize(
    ("handlers", "actor", "code"),
    [
        (("inspector", "inspector-2"), "supervisor", "unchanged"),
        (("supervisor",), "supervisor", "SoD-2"),
        (("colleague",), "colleague", "SoD-2"),
        (("supervisor",), "colleague", "SoD-2"),
        (("clerk",), "supervisor", "SoD-2"),
        (("principal",), "supervisor", "SoD-8"),
        (("relative",), "supervisor", "SoD-7"),
    ],
)
def test_who_takes_over_is_bound_by_the_same_rules(handlers: tuple[str, ...], actor: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        replaced(clue_in(C.DISTRIBUTED), *handlers, actor=actor, excluded=("relative",))
    assert refused.value.code == code
