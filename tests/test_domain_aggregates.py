"""The smaller aggregates: sealed reports, correspondence, registers, accounts, access logs, the deployment itself."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.model import DataKeyRef, Sealing, WrapRef
from events.vocabulary import access as access_events
from events.vocabulary import correspondence as letters
from events.vocabulary import register as register_events
from supervision.domain.access import AccessLog
from supervision.domain.aggregate import Aggregate
from supervision.domain.codes import Channel
from supervision.domain.correspondence import Correspondence
from supervision.domain.deployment import Deployment
from supervision.domain.officer import OfficerAccount
from supervision.domain.refusal import Refused
from supervision.domain.register import Register
from supervision.domain.sealed_report import SealedReport, SealedState
from supervision.domain.staffing import AccountChange
from tests.support.cases import NOTHING, REPORT, SEALED, Command, by, taken
from tests.support.clue_cases import SEALED_COMMANDS, sealed, sealed_in

STREAM = UUID("00000000-0000-4000-8000-00000000000a")
LEGAL = [(c, SealedState(s)) for c in SEALED_COMMANDS for s in sorted(c.states)]
ILLEGAL = [(c, s) for c in SEALED_COMMANDS for s in SealedState if s.value not in c.states]


def name_of(value: Any) -> str:
    return value.name if isinstance(value, Command) else str(value)


def remembered(one: Aggregate) -> dict[str, Any]:
    return {name: value for name, value in vars(one).items() if name != "_pending"}


# -- sealed reports (A-15) --------------------------------------------------------------------------


@pytest.mark.parametrize(("command", "state"), LEGAL, ids=name_of)
def test_a_sealed_report_takes_a_command_where_it_belongs(command: Command, state: SealedState) -> None:
    one = sealed_in(state)
    command.prepare(one)
    taken(one)
    command.give(one)
    assert len(taken(one)) == 1


@pytest.mark.parametrize(("command", "state"), ILLEGAL, ids=name_of)
def test_elsewhere_it_records_nothing_and_says_the_state_in_chinese(command: Command, state: SealedState) -> None:
    one = sealed_in(state)
    with pytest.raises(Refused) as refused:
        command.give(one)
    assert state.label in refused.value.reason
    assert taken(one) == []


@given(st.data())
def test_replay_gives_the_same_sealed_report_as_deciding_did(data: st.DataObject) -> None:
    one = sealed()
    history = taken(one)
    for command in data.draw(st.lists(st.sampled_from(SEALED_COMMANDS), max_size=10)):
        try:
            command.give(one)
        except Refused:
            assert one.version == len(history)
        history += taken(one)
    assert remembered(SealedReport.replay(SEALED, history)) == remembered(one)


def test_a_10_nothing_goes_up_without_a_number() -> None:
    one = sealed_in(SealedState.RECEIVED)
    with pytest.raises(Refused, match="先编号"):
        one.report_to_superior(by("head"), "site")


def test_it_is_numbered_once() -> None:
    one = sealed_in(SealedState.RECEIVED)
    one.register(by("clerk"), "云信径〔2026〕0001号")
    with pytest.raises(Refused, match="已经编号"):
        one.register(by("clerk"), "云信径〔2026〕0002号")


@pytest.mark.parametrize("state", [SealedState.RECEIVED, SealedState.REPORTED])
def test_a_15_before_the_superior_has_read_it_nobody_knows_whether_the_principal_may_be_told(
    state: SealedState,
) -> None:
    with pytest.raises(Refused, match="不能登记告知"):
        sealed_in(state).tell_principal(by("head"))


def test_a_15_the_principal_is_not_told_without_the_superiors_word_and_with_it_once() -> None:
    silent = sealed_in(SealedState.REPORTED)
    silent.acknowledge(by("superior"))
    with pytest.raises(Refused, match="上级没有同意"):
        silent.tell_principal(by("head"))
    one = sealed_in(SealedState.REPORTED)
    one.acknowledge(by("superior"))
    one.clear_principal(by("superior"))
    one.tell_principal(by("head"))
    with pytest.raises(Refused, match="无需重复"):
        one.tell_principal(by("head"))


def test_what_was_destroyed_is_remembered_by_its_hashes() -> None:
    one = sealed_in(SealedState.ACKNOWLEDGED)
    assert one.destroyed == set()
    one.destroy(by("head"), ("ab", "cd"))
    assert one.destroyed == {"ab", "cd"}


def test_what_is_added_later_goes_up_in_the_way_that_the_report_went() -> None:
    one = sealed_in(SealedState.DESTROYED)
    mode = one.mode
    one.report_additions(by("head"))
    assert (one.state, one.mode) == (SealedState.REPORTED, mode)


def test_a_late_bypass_begins_a_stream_of_its_own_with_the_original_receipt() -> None:
    one = SealedReport.reseal(
        SEALED,
        by("head"),
        reference="ABCD-2345",
        channel=Channel.LETTER,
        receiving_office="petition",
        received_at="2026-11-02T09:00:00+08:00",
        identity_with_county=True,
        reporter_signing_key="",
        reporter_kem_key="",
        sealing=NOTHING,
    )
    (resealed,) = taken(one)
    assert resealed.received_at == "2026-11-02T09:00:00+08:00"  # type: ignore[attr-defined]  # SealedReportResealed
    assert (one.state, one.office) == (SealedState.RECEIVED, "petition")


# -- correspondence (E-08) --------------------------------------------------------------------------


def draft(exchange: Correspondence, message: str = "m1", actor: str = "clerk-1") -> None:
    exchange.draft_message(by(actor), report=REPORT, message=message, sealing=NOTHING, reporter_sealing=NOTHING)


@pytest.mark.parametrize("decide", ["approve", "refuse"])
def test_free_text_is_read_by_a_second_officer(decide: str) -> None:
    exchange = Correspondence(STREAM)
    draft(exchange)
    taken(exchange)

    def decided_by(actor: str) -> None:
        if decide == "approve":
            exchange.approve_message(by(actor), "m1")
        else:
            exchange.refuse_message(by(actor), "m1", "repeats_content_or_unclear")

    with pytest.raises(Refused) as refused:
        decided_by("clerk-1")
    assert refused.value.code == "two_officers"
    assert taken(exchange) == []
    decided_by("clerk-2")
    with pytest.raises(Refused, match="可能已由他人处理"):
        decided_by("clerk-2")


def test_drafts_are_decided_one_by_one() -> None:
    exchange = Correspondence(STREAM)
    draft(exchange, "m1")
    draft(exchange, "m2")
    exchange.refuse_message(by("clerk-2"), "m1", "repeats_content_or_unclear")
    assert list(exchange.drafts) == ["m2"]


def test_the_wish_to_be_told_is_withdrawn_once() -> None:
    exchange = Correspondence(STREAM)
    exchange.withdraw_feedback_wish(by("reporter", ""), report=REPORT)
    exchange.withdraw_feedback_wish(by("reporter", ""), report=REPORT)
    assert [type(event) for event in taken(exchange)] == [letters.FeedbackWishWithdrawn]


def test_replay_gives_the_same_exchange() -> None:
    exchange = Correspondence(STREAM)
    exchange.add_supplement(by("reporter", ""), report=REPORT, attachments=2, sealing=NOTHING)
    draft(exchange, "m1")
    draft(exchange, "m2", "clerk-2")
    exchange.approve_message(by("clerk-2"), "m1")
    exchange.send_template(by("clerk-1"), report=REPORT, template="accepted")
    assert remembered(Correspondence.replay(STREAM, taken(exchange))) == remembered(exchange)
    assert list(exchange.drafts) == ["m2"]


# -- registers (A-10) -------------------------------------------------------------------------------


@given(st.integers(1, 40))
def test_a_register_counts_from_one_without_a_gap(entries: int) -> None:
    register = Register(STREAM)
    numbers = [
        register.assign(by("clerk"), kind="report", prefix="云信", year=2026, subject=str(REPORT))
        for _ in range(entries)
    ]
    assert numbers == [f"云信〔2026〕{serial:04d}号" for serial in range(1, entries + 1)]
    assert remembered(Register.replay(STREAM, taken(register))) == remembered(register)


def test_a_register_with_a_gap_is_not_read() -> None:
    gap = register_events.NumberAssigned(
        originator_id=STREAM,
        originator_version=1,
        **by("clerk").fields(),
        kind="report",
        year=2026,
        serial=2,
        number="云信〔2026〕0002号",
        subject=str(REPORT),
    )
    with pytest.raises(ValueError, match="serial"):
        Register.replay(STREAM, [gap])


# -- accounts ---------------------------------------------------------------------------------------


def account() -> OfficerAccount:
    return OfficerAccount.appoint(
        STREAM,
        by("ceremony", ""),
        officer="clerk-1",
        name="柏舟",
        home_office="petition",
        roles=("intake_clerk",),
        enrolment_key="Y29kZQ==",
    )


def enrolled() -> OfficerAccount:
    one = account()
    one.enrol(by("clerk-1"), signing_key="c2lnbg==", kem_key="a2Vt")
    return one


WRAPPED = Sealing(
    suite=2,
    manifest="00" * 32,
    keys=(
        DataKeyRef(
            compartment="grant",
            commitment="11" * 32,
            m=0,
            n=0,
            wraps=(WrapRef(key="22" * 32, share=0, sha256="33" * 32, share_commitment=""),),
        ),
    ),
    items=(),
)


def test_nobody_is_given_a_key_before_he_has_one_of_his_own() -> None:
    with pytest.raises(Refused, match="尚未启用"):
        account().grant_office_key(by("head"), key_office="petition", sealing=WRAPPED)


def test_an_account_is_enrolled_once() -> None:
    with pytest.raises(Refused, match="已启用"):
        enrolled().enrol(by("clerk-1"), signing_key="YQ==", kem_key="Yg==")


def test_an_office_key_is_granted_once_and_withdrawn_with_its_wraps() -> None:
    one = enrolled()
    with pytest.raises(Refused, match="未持有"):
        one.withdraw_office_key(by("head"), key_office="petition")
    one.grant_office_key(by("head"), key_office="petition", sealing=WRAPPED)
    with pytest.raises(Refused, match="无需重复"):
        one.grant_office_key(by("head"), key_office="petition", sealing=WRAPPED)
    assert one.withdraw_office_key(by("admin"), key_office="petition") == ("33" * 32,)
    assert one.grants == {}


def test_who_has_departed_gets_nothing_any_more() -> None:
    one = enrolled()
    one.depart(by("admin"))
    commands = (
        lambda: one.depart(by("admin")),
        lambda: one.enrol(by("clerk-1"), signing_key="YQ==", kem_key="Yg=="),
        lambda: one.grant_office_key(by("head"), key_office="petition", sealing=WRAPPED),
        lambda: one.propose(by("admin"), AccountChange.ROLES, home_office="dept-1", roles=("inspector",)),
        lambda: one.change_roles(by("security")),
    )
    for command in commands:
        with pytest.raises(Refused, match="已停用"):
            command()


def test_replay_gives_the_same_account() -> None:
    one = enrolled()
    one.grant_office_key(by("head"), key_office="petition", sealing=WRAPPED)
    one.propose(by("admin"), AccountChange.ROLES, home_office="dept-1", roles=("inspector",))
    one.change_roles(by("security"))
    one.depart(by("admin"))
    assert remembered(OfficerAccount.replay(STREAM, taken(one))) == remembered(one)
    assert (one.office, one.roles, one.departed) == ("dept-1", ("inspector",), True)


# -- access logs (E-02) and the deployment ----------------------------------------------------------


@given(
    st.lists(st.tuples(st.sampled_from(["", str(REPORT), str(SEALED)]), st.sampled_from(["2026-11-23", "2026-11-24"])))
)
def test_e_02_each_object_counts_once_a_day(looks: list[tuple[str, str]]) -> None:
    log = AccessLog(STREAM)
    for what, day in looks:
        if what:
            log.open_content(by("clerk"), UUID(what), day)
        else:
            log.show_list(by("clerk"), day)
    events = taken(log)
    seen = [(getattr(event, "report", ""), event.day) for event in events]  # type: ignore[attr-defined]
    assert seen == list(dict.fromkeys(looks))
    assert all(isinstance(e, access_events.ListShown | access_events.ContentOpened) for e in events)
    assert remembered(AccessLog.replay(STREAM, events)) == remembered(log)


def test_adopting_the_rules_in_force_again_changes_nothing() -> None:
    deployment = Deployment(STREAM)
    deployment.adopt_manifest(by("ceremony", ""), epoch=1, manifest="ab" * 32)
    for _ in range(2):
        deployment.adopt_rulebook(by("ceremony", ""), rulebook="rules-2026.1", calendar="days-2026.1")
    assert deployment.version == 2
    deployment.adopt_rulebook(by("ceremony", ""), rulebook="rules-2026.1", calendar="days-2026.2")
    assert (deployment.version, deployment.calendar) == (3, "days-2026.2")
