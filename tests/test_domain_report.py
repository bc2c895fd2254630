"""The report (举报件): which command belongs to which state, who must not decide what, and that replay is deciding."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.vocabulary import clue as clue_events
from events.vocabulary import report as facts
from supervision.domain.codes import (
    Channel,
    FollowUp,
    Jurisdiction,
    MatterClass,
    NamedStatus,
    Proposal,
    RefusalCode,
    ReportState,
    UrgentReason,
)
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from tests.support.cases import (
    CLUE,
    DECISIONS,
    EARLIER,
    NOTHING,
    REPORT,
    REPORT_COMMANDS,
    SEALED,
    Command,
    by,
    finding,
    report,
    report_in,
    taken,
)

S = ReportState
LEGAL = [(c, ReportState(s)) for c in REPORT_COMMANDS for s in sorted(c.states)]
ILLEGAL = [(c, s) for c in REPORT_COMMANDS for s in ReportState if s.value not in c.states]


def name_of(value: Any) -> str:
    return value.name if isinstance(value, Command) else str(value)


def remembered(one: Report) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if name != "_pending"}


# -- states -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "state"), LEGAL, ids=name_of)
def test_a_command_is_carried_out_where_it_belongs(command: Command, state: ReportState) -> None:
    one = report_in(state, command.proposal)
    command.prepare(one)
    taken(one)
    command.give(one)
    assert taken(one)


@pytest.mark.parametrize(("command", "state"), ILLEGAL, ids=name_of)
def test_elsewhere_it_records_nothing_and_says_the_state_in_chinese(command: Command, state: ReportState) -> None:
    one = report_in(state, command.proposal)
    before = remembered(one)
    with pytest.raises(Refused) as refused:
        command.give(one)
    assert state.label in refused.value.reason
    assert taken(one) == []
    assert remembered(one) == before


@given(st.data())
def test_replay_gives_the_same_report_as_deciding_did(data: st.DataObject) -> None:
    one = report()
    history = taken(one)
    for _ in range(data.draw(st.integers(0, 14))):
        offered = [c for c in REPORT_COMMANDS if one.state.value in c.states] or [REPORT_COMMANDS[0]]
        command = data.draw(st.sampled_from(offered))
        try:
            command.give(one)
        except Refused:
            assert one.version == len(history)
        history += taken(one)
    assert [event.originator_version for event in history] == list(range(1, len(history) + 1))
    assert remembered(Report.replay(REPORT, history)) == remembered(one)


def test_an_event_of_another_aggregate_is_not_swallowed() -> None:
    stray = clue_events.ClueWithdrawn(
        originator_id=REPORT, originator_version=2, **by("deputy").fields(), reason="returned_to_petition_office"
    )
    with pytest.raises(ValueError, match=r"clue\.withdrawn\.v1"):
        Report.replay(REPORT, [*taken(report()), stray])


def test_events_out_of_order_are_not_replayed() -> None:
    one = report()
    one.register(by("clerk"), "云信〔2026〕0001号")
    received, registered = taken(one)
    with pytest.raises(ValueError, match="not the next event"):
        Report.replay(REPORT, [registered])
    with pytest.raises(ValueError, match="not the next event"):
        Report.replay(CLUE, [received])


def test_every_event_says_who_acted_for_which_office_when_and_under_which_rules() -> None:
    one = report_in(S.REGISTERED)
    one.screen(
        by("clerk"), finding(urgent_reason=UrgentReason.HAPPENING_NOW, original=str(EARLIER), proposal=Proposal.REFER)
    )
    for event in taken(one):
        assert event.actor == "clerk"  # type: ignore[attr-defined]  # all but the receipt are acted events
        assert event.office == "petition"  # type: ignore[attr-defined]
        assert event.occurred_at == "2026-11-23T10:00:00+08:00"  # type: ignore[attr-defined]
        assert event.rule_version  # type: ignore[attr-defined]


# -- screening and deciding -------------------------------------------------------------------------


@pytest.mark.parametrize("proposal", Proposal)
@pytest.mark.parametrize("decided", Proposal)
def test_the_head_confirms_what_was_proposed_or_sends_it_back(proposal: Proposal, decided: Proposal) -> None:
    one = report_in(S.SCREENED, proposal)
    _, outcome, decide = DECISIONS[decided]
    if proposal is decided:
        decide(one, by("head"))
        assert one.state is outcome
        return
    with pytest.raises(Refused, match="请先退回重新甄别"):
        decide(one, by("head"))
    assert taken(one) == []


CONTRADICTIONS = [
    (finding(jurisdiction=Jurisdiction.SUPERIOR), "径送上级"),
    (finding(in_scope=False), "本级受理"),
    (finding(jurisdiction=Jurisdiction.UNDECIDED), "本级受理"),
    (finding(original=str(EARLIER)), "重复件"),
    (finding(Proposal.NOT_ACCEPT, refusal=None), "三种情形"),
    (finding(Proposal.FORWARD, jurisdiction=Jurisdiction.OWN), "下级管辖"),
    (finding(Proposal.ASSIGN, jurisdiction=Jurisdiction.UNDECIDED), "下级管辖"),
    (finding(Proposal.RETAIN_DUPLICATE, original=""), "原件编号"),
    (finding(Proposal.RETAIN_DUPLICATE, original=str(REPORT)), "自身"),
    (finding(Proposal.ROUTE_APPEAL, matter_class=MatterClass.REPORT), "申诉件"),
    (finding(Proposal.ROUTE_SUGGESTION, matter_class=MatterClass.REPORT), "批评建议"),
    *(
        (finding(proposal, target=""), "接收单位")
        for proposal in (
            Proposal.FORWARD,
            Proposal.ASSIGN,
            Proposal.REFER,
            Proposal.HAND_OVER,
            Proposal.ROUTE_APPEAL,
            Proposal.ROUTE_SUGGESTION,
        )
    ),
]


@pytest.mark.parametrize(("found", "words"), CONTRADICTIONS)
def test_a_proposal_that_contradicts_the_findings_is_refused(found: Any, words: str) -> None:
    one = report_in(S.REGISTERED)
    with pytest.raises(Refused, match=words):
        one.screen(by("clerk"), found)
    assert taken(one) == []


def test_screening_records_each_finding_as_an_event_of_its_own() -> None:
    one = report_in(S.REGISTERED)
    one.screen(
        by("clerk"), finding(Proposal.RETAIN_DUPLICATE, new_evidence=True, urgent_reason=UrgentReason.NOTICE_PERIOD)
    )
    assert [type(event) for event in taken(one)] == [
        facts.NamedStatusVerified,
        facts.ScopeDecided,
        facts.JurisdictionDecided,
        facts.DuplicateLinked,
        facts.UrgentFlagged,
        facts.ReportScreened,
    ]
    assert one.named_status is NamedStatus.VERIFIED


def test_who_is_sent_back_to_screening_forgets_the_old_proposal() -> None:
    one = report_in(S.SCREENED, Proposal.RETAIN_DUPLICATE)
    one.return_screening(by("head"), "head_disagrees")
    assert one.state is S.REGISTERED
    assert (one.screening, one.original) == (None, "")
    one.screen(by("clerk"), finding())
    one.accept(by("head"))
    assert one.state is S.ACCEPTED


@pytest.mark.parametrize("decider", ["registrar", "screener"])
def test_sod_1_who_registered_or_screened_does_not_decide_that_it_is_not_accepted(decider: str) -> None:
    one = report()
    one.register(by("registrar"), "云信〔2026〕0001号")
    one.screen(by("screener"), finding(Proposal.NOT_ACCEPT))
    taken(one)
    with pytest.raises(Refused) as refused:
        one.not_accept(by(decider))
    assert refused.value.code == "SoD-1"
    assert taken(one) == []
    one.not_accept(by("head"))
    assert one.state is S.NOT_ACCEPTED


@pytest.mark.parametrize(
    ("channel", "follow_up"),
    [
        (Channel.PHONE, FollowUp.TOLD),
        (Channel.VISIT, FollowUp.TOLD),
        (Channel.WEB, FollowUp.STATUS_PAGE),
        (Channel.LETTER, FollowUp.FORWARDED),
        (Channel.SMS, FollowUp.TOLD),
        (Channel.TRANSFER_IN, FollowUp.FORWARDED),
    ],
)
def test_a_13_not_accepting_says_what_the_channel_demands(channel: Channel, follow_up: FollowUp) -> None:
    one = report(channel=channel)
    one.register(by("clerk"), "云信〔2026〕0001号")
    one.screen(by("clerk"), finding(Proposal.NOT_ACCEPT, refusal=RefusalCode.OTHER_BODY))
    one.not_accept(by("head"))
    refused = taken(one)[-1]
    assert isinstance(refused, facts.ReportNotAccepted)
    assert refused.follow_up == follow_up.value


def test_a_retained_duplicate_is_never_told_again() -> None:
    one = report_in(S.DUPLICATE_RETAINED)
    with pytest.raises(Refused, match="重复件已留存"):
        one.notify_reporter(by("clerk"), "acceptance", "phone")


def test_a_report_that_was_handed_over_begins_anew_with_the_other_office() -> None:
    one = report_in(S.SCREENED, Proposal.HAND_OVER)
    one.hand_over(by("head"), "personnel", ())
    assert (one.state, one.office, one.number, one.registrar) == (S.RECEIVED, "personnel", "", "")
    one.register(by("org-clerk", "personnel"), "云组举〔2026〕0001号")
    assert one.number == "云组举〔2026〕0001号"


def test_it_cannot_be_handed_over_to_the_office_that_has_it() -> None:
    one = report_in(S.SCREENED, Proposal.HAND_OVER)
    with pytest.raises(Refused, match="就是本单位"):
        one.hand_over(by("head"), "petition", ())


# -- return, closing, feedback (A-27) --------------------------------------------------------


def test_a_return_is_proposed_once_and_decided_by_another() -> None:
    one = report_in(S.TRANSFERRED)
    one.propose_return(by("inspector", "dept-1"), "out_of_scope_after_study")
    with pytest.raises(Refused, match="待分管领导审批"):
        one.propose_return(by("inspector-2", "dept-1"), "out_of_scope_after_study")
    with pytest.raises(Refused) as refused:
        one.approve_return(by("inspector", "dept-1"), "out_of_scope_after_study")
    assert refused.value.code == "SoD-3"
    one.refuse_return(by("deputy", "leadership"), "handle_on")
    with pytest.raises(Refused, match="没有申请退回"):
        one.approve_return(by("deputy", "leadership"), "out_of_scope_after_study")


def test_nothing_is_closed_while_its_return_is_to_be_decided() -> None:
    one = report_in(S.TRANSFERRED)
    one.propose_return(by("inspector", "dept-1"), "out_of_scope_after_study")
    with pytest.raises(Refused, match="审批前不能办结"):
        one.close(by("inspector", "dept-1"), "not_proved")
    one.refuse_return(by("deputy", "leadership"), "handle_on")
    one.close(by("inspector", "dept-1"), "not_proved")


def test_a_returned_report_remembers_every_clue_that_it_was() -> None:
    one = report_in(S.TRANSFERRED)
    one.propose_return(by("inspector", "dept-1"), "out_of_scope_after_study")
    one.approve_return(by("deputy", "leadership"), "out_of_scope_after_study")
    assert (one.state, one.clue, one.department) == (S.REGISTERED, "", "")
    assert one.former_clues == [str(CLUE)]


def feed_back(one: Report, **given: str) -> None:
    told = {"mode": "phone", "reason": "", "second_officer": "inspector-2"} | given
    one.feed_back(by("inspector", "dept-1"), **told)  # type: ignore[arg-type]  # strings by name


@pytest.mark.parametrize("second", ["", "inspector"])
def test_a_27_a_result_is_told_by_two_officers(second: str) -> None:
    one = report_in(S.CLOSED)
    with pytest.raises(Refused, match="两名工作人员"):
        feed_back(one, second_officer=second)
    assert taken(one) == []


def test_no_feedback_wants_a_reason_and_nobody_to_go_along() -> None:
    one = report_in(S.CLOSED)
    with pytest.raises(Refused, match="原因"):
        feed_back(one, mode="none", second_officer="")
    feed_back(one, mode="none", second_officer="", reason="no_contact")
    assert one.state is S.FED_BACK


def test_who_is_excluded_does_not_go_along() -> None:
    one = report_in(S.CLOSED)
    one.learn_excluded("inspector-2", "kinship")
    with pytest.raises(Refused, match="须回避"):
        feed_back(one)


# -- exclusion (SoD-7) and by-pass (A-15) -----------------------------------------------------------


@pytest.mark.parametrize(("command", "state"), LEGAL, ids=name_of)
def test_sod_7_who_is_excluded_gives_no_command_in_any_state(command: Command, state: ReportState) -> None:
    one = report_in(state, command.proposal)
    command.prepare(one)
    for officer in ("clerk", "head", "inspector", "deputy"):
        one.learn_excluded(officer, "named_in_report")
    taken(one)
    with pytest.raises(Refused) as refused:
        command.give(one)
    assert refused.value.code == "SoD-7"
    assert taken(one) == []


def test_an_exclusion_is_recorded_once() -> None:
    one = report_in(S.RECEIVED)
    one.exclude(by("head"), "clerk", NOTHING)
    one.learn_excluded("clerk", "kinship")  # as the desk does with what the console's key opens
    with pytest.raises(Refused, match="无需重复"):
        one.exclude(by("head"), "clerk", NOTHING)


def test_a_late_bypass_takes_two_officers() -> None:
    one = report_in(S.REGISTERED)
    with pytest.raises(Refused, match="尚无人提出"):
        one.bypass(by("head"), sealed_report=SEALED, destroyed=())
    one.propose_bypass(by("clerk"))
    with pytest.raises(Refused, match="另一名"):
        one.propose_bypass(by("head"))
    with pytest.raises(Refused) as refused:
        one.bypass(by("clerk"), sealed_report=SEALED, destroyed=())
    assert refused.value.code == "two_officers"
    one.bypass(by("head"), sealed_report=SEALED, destroyed=("ab" * 32,))
    assert one.state is S.SEALED
    assert one.sealings == []
