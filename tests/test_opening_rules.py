"""Who may ask, agree and give in an opening, and for what (SoD-4, SoD-5, SoD-7, A-29): the rules without a log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.model import Event, Sealing
from events.vocabulary import opening as facts
from events.vocabulary.streams import opening_id
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import ReportState, Role
from supervision.domain.opening import InCase, Opening, Shares, openings_shown_to_reporter
from supervision.domain.opening_rules import DAYS, PURPOSES, Asked, check_asked
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.domain.rights import DeclineReason, OpeningPurpose, OpeningRefusal, OpeningState
from tests.support.cases import REPORT, by, report_in
from tests.support.sealing import sealed_report

P = OpeningPurpose
NAMED = sealed_report().bundle.sealing
WITHOUT_GATE = sealed_report(gate=False).bundle.sealing
TODAY = date(2026, 11, 23)
OPENING = opening_id(REPORT, 1)
NOBODY = InCase(handling=frozenset(), excluded=frozenset(), sealed=False)
SHARE = Sealing(suite=2, manifest="00" * 32, keys=(), items=())


def only(sealing: Sealing, *compartments: str) -> Sealing:
    """What is left of a sealing."""
    return replace(
        sealing,
        keys=tuple(ref for ref in sealing.keys if ref.compartment in compartments),
        items=tuple(item for item in sealing.items if item.compartment in compartments),
    )


def with_caller(sealing: Sealing) -> Sealing:
    """The same of an anonymous call: its source is the number that the network delivered."""
    source = only(sealing, "source", "content")
    return replace(
        source, items=tuple(replace(i, field="caller") if i.compartment == "source" else i for i in source.items)
    )


# -- asking -------------------------------------------------------------------------------------------------------


@given(
    purpose=st.sampled_from(OpeningPurpose),
    roles=st.sets(st.sampled_from(Role)),
    compartments=st.sampled_from([("identity",), ("source",), ("identity", "source")]),
    number=st.sampled_from(["", "市纪批〔2026〕3号"]),
)
def test_a_named_report_is_opened_for_what_the_table_allows_and_nothing_else(
    purpose: OpeningPurpose, roles: set[Role], compartments: tuple[str, ...], number: str
) -> None:
    allowed = (
        bool(PURPOSES[purpose].roles & roles)
        and PURPOSES[purpose].compartments >= set(compartments)
        and (bool(number) or not purpose.needs_number)
        and purpose is not P.TRACE_ANONYMOUS
    )
    asked = Asked(purpose=purpose, compartments=compartments, number=number)
    if allowed:
        check_asked(asked, roles, NAMED, anonymous=False)
    else:
        with pytest.raises(Refused):
            check_asked(asked, roles, NAMED, anonymous=False)


def test_every_purpose_has_somebody_who_may_ask_and_no_custodian_or_approver_does() -> None:
    assert set(PURPOSES) == set(OpeningPurpose)
    for allowed in PURPOSES.values():
        assert allowed.roles
        assert not allowed.roles & {Role.IDENTITY_CUSTODIAN, Role.DEPUTY_IN_CHARGE, Role.PRINCIPAL, Role.SYSTEM_ADMIN}


@pytest.mark.parametrize("purpose", [P.LEGAL_ORDER, P.FALSE_ACCUSATION])
@pytest.mark.parametrize("number", ["", "  "])
def test_what_needs_a_document_is_refused_without_its_number(purpose: OpeningPurpose, number: str) -> None:
    asked = Asked(purpose=purpose, compartments=("identity",), number=number)
    with pytest.raises(Refused, match="文号"):
        check_asked(asked, {Role.INSPECTOR}, NAMED, anonymous=False)


@given(purpose=st.sampled_from(OpeningPurpose), number=st.sampled_from(["", "市纪批〔2026〕3号"]))
def test_an_anonymous_report_has_no_identity_to_open(purpose: OpeningPurpose, number: str) -> None:
    asked = Asked(purpose=purpose, compartments=("identity",), number=number)
    with pytest.raises(Refused):
        check_asked(asked, set(Role), only(NAMED, "source", "content"), anonymous=True)


@given(purpose=st.sampled_from(OpeningPurpose), number=st.sampled_from(["", "市纪批〔2026〕3号"]), gate=st.booleans())
def test_the_number_of_an_anonymous_caller_takes_the_municipality_and_the_gate(
    purpose: OpeningPurpose, number: str, gate: bool
) -> None:
    asked = Asked(purpose=purpose, compartments=("source",), number=number)
    sealing = with_caller(NAMED if gate else WITHOUT_GATE)
    if purpose.needs_municipal_approval and number and gate:
        check_asked(asked, set(Role), sealing, anonymous=True)
    else:
        with pytest.raises(Refused):
            check_asked(asked, set(Role), sealing, anonymous=True)


def test_files_of_an_anonymous_report_can_be_examined_without_tracing_him() -> None:
    sealing = only(NAMED, "source")
    check_asked(Asked(purpose=P.SUPPLEMENT, compartments=("source",)), {Role.INSPECTOR}, sealing, anonymous=True)


def test_a_name_that_could_not_be_verified_counts_as_anonymous() -> None:
    """A-24: the sealed identity is there, but to open it is to trace somebody."""
    with pytest.raises(Refused, match="匿名件"):
        check_asked(Asked(purpose=P.EVIDENCE, compartments=("identity",)), {Role.INSPECTOR}, NAMED, anonymous=True)


def requested(report: Report | None = None, stamp: Stamp | None = None) -> Opening:
    """A handler has asked for the identity."""
    return Opening.request(
        OPENING,
        stamp or by("handler", "dept-1"),
        report or report_in(ReportState.TRANSFERRED),
        Asked(purpose=P.EVIDENCE, compartments=("identity",)),
        {Role.INSPECTOR},
        Shares(stream_id=REPORT, version=1, sealing=NAMED),
        "a2V5",
    )


def approved() -> Opening:
    opening = requested()
    opening.approve(by("deputy", "leadership"), NOBODY, "00" * 32)
    return opening


def test_a_request_says_what_it_takes_and_how_long_it_lasts() -> None:
    asked = requested().asked
    assert (asked.m, asked.gate) == (3, True)
    assert asked.expires_on == (TODAY + timedelta(days=DAYS - 1)).isoformat()


def test_who_withdrew_from_a_report_asks_for_nothing() -> None:
    report = report_in(ReportState.TRANSFERRED)
    report.learn_excluded("handler", "named_in_report")
    with pytest.raises(Refused, match="回避"):
        requested(report)


def test_what_has_gone_up_under_seal_is_not_the_county_s_to_open() -> None:
    with pytest.raises(Refused, match="径送"):
        requested(report_in(ReportState.SEALED))


def test_a_report_without_a_number_is_not_opened() -> None:
    with pytest.raises(Refused, match="编号"):
        requested(report_in(ReportState.RECEIVED))


# -- agreeing and giving ----------------------------------------------------------------------------------------------


def case(*handling: str, excluded: tuple[str, ...] = (), sealed: bool = False) -> InCase:
    return InCase(handling=frozenset(handling), excluded=frozenset(excluded), sealed=sealed)


@pytest.mark.parametrize(
    ("approver", "bound_up"),
    [
        pytest.param("handler", case(), id="the requester himself"),
        pytest.param("deputy", case("deputy"), id="somebody in the case"),
        pytest.param("deputy", case(excluded=("deputy",)), id="somebody whom the report names"),
        pytest.param("deputy", case(excluded=("handler",)), id="for a requester whom the report names"),
        pytest.param("deputy", case(sealed=True), id="after the report went up under seal"),
    ],
)
def test_nobody_who_is_bound_up_with_the_report_decides(approver: str, bound_up: InCase) -> None:
    with pytest.raises(Refused):
        requested().approve(by(approver), bound_up, "00" * 32)
    with pytest.raises(Refused):
        requested().refuse(by(approver), bound_up, "00" * 32, OpeningRefusal.NOT_NEEDED)


@pytest.mark.parametrize(
    ("custodian", "bound_up"),
    [
        pytest.param("handler", case(), id="the requester"),
        pytest.param("deputy", case(), id="the approver"),
        pytest.param("keeper", case("keeper"), id="somebody in the case"),
        pytest.param("keeper", case(excluded=("keeper",)), id="somebody whom the report names"),
        pytest.param("keeper", case(sealed=True), id="after the report went up under seal"),
    ],
)
def test_nobody_who_is_bound_up_with_the_report_gives_or_declines(custodian: str, bound_up: InCase) -> None:
    with pytest.raises(Refused):
        approved().contribute(by(custodian), bound_up, approval="00" * 32, custodian_key="11" * 32, sealing=SHARE)
    with pytest.raises(Refused):
        approved().decline(
            by(custodian), bound_up, approval="00" * 32, custodian_key="11" * 32, reason=DeclineReason.RECUSAL
        )


def given_by(opening: Opening, *custodians: str) -> Opening:
    for number, custodian in enumerate(custodians):
        key = f"{number:02x}" * 32
        opening.contribute(by(custodian), NOBODY, approval="00" * 32, custodian_key=key, sealing=SHARE)
    return opening


def release(opening: Opening) -> None:
    opening.release_gate(by("superior"), approval="00" * 32, release="22" * 32, sealing=SHARE)


def test_the_gate_comes_after_m_custodians_and_the_look_after_the_gate() -> None:
    opening = given_by(approved(), "k1", "k2")
    with pytest.raises(Refused, match="闸门放行前须有 3 名"):
        release(opening)
    with pytest.raises(Refused, match="需要 3 名"):
        opening.open(by("handler"), NOBODY, "00" * 32)
    opening = given_by(approved(), "k1", "k2", "k3")
    with pytest.raises(Refused, match="闸门尚未放行"):
        opening.open(by("handler"), NOBODY, "00" * 32)
    release(opening)
    assert opening.ready
    opening.open(by("handler"), NOBODY, "00" * 32)
    assert opening.state is OpeningState.OPENED


COMMANDS: dict[str, Callable[[Opening, Stamp], object]] = {
    "approve": lambda one, stamp: one.approve(stamp, NOBODY, "00" * 32),
    "contribute": lambda one, stamp: given_by(one, stamp.actor),
    "release": lambda one, stamp: release(one),
    "open": lambda one, stamp: one.open(stamp, NOBODY, "00" * 32),
}


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("state", [OpeningState.REFUSED, OpeningState.OPENED, OpeningState.CLOSED])
def test_what_is_over_is_over(command: str, state: OpeningState) -> None:
    opening = requested()
    opening.state = state
    opening.approver = "deputy"
    with pytest.raises(Refused):
        COMMANDS[command](opening, by("handler" if command == "open" else "somebody"))


@pytest.mark.parametrize("days", [DAYS, DAYS + 40])
def test_after_its_last_day_nothing_is_agreed_to_given_or_opened(days: int) -> None:
    late = replace(by("k1"), occurred_at=f"{TODAY + timedelta(days=days)}T09:00:00+08:00")
    with pytest.raises(Refused, match="到期"):
        requested().approve(replace(late, actor="deputy"), NOBODY, "00" * 32)
    with pytest.raises(Refused, match="到期"):
        approved().contribute(late, NOBODY, approval="00" * 32, custodian_key="11" * 32, sealing=SHARE)
    ready = given_by(approved(), "k1", "k2", "k3")
    release(ready)
    with pytest.raises(Refused, match="到期"):
        ready.open(replace(late, actor="handler"), NOBODY, "00" * 32)


@pytest.mark.parametrize("actor", ["deputy", "k1", "principal"])
def test_only_the_requester_opens(actor: str) -> None:
    opening = given_by(approved(), "k1", "k2", "k3")
    release(opening)
    with pytest.raises(Refused, match="申请人本人"):
        opening.open(by(actor), NOBODY, "00" * 32)


def test_before_its_time_only_requester_and_approver_end_it() -> None:
    with pytest.raises(Refused, match="申请人撤回"):
        approved().close(by("k1"))


@pytest.mark.parametrize(
    ("actor", "number", "until"),
    [
        pytest.param("handler", "云法〔2026〕1号", TODAY + timedelta(days=9), id="not by the requester"),
        pytest.param("deputy", " ", TODAY + timedelta(days=9), id="not without an order"),
        pytest.param("deputy", "云法〔2026〕1号", TODAY, id="not without a date to come"),
    ],
)
def test_a_notice_is_delayed_by_its_approver_an_order_and_a_date(actor: str, number: str, until: date) -> None:
    with pytest.raises(Refused):
        approved().delay_notice(by(actor), number=number, until=until)


# -- what the reporter is told ----------------------------------------------------------------------------------------


@given(st.data())
def test_the_reporter_is_told_of_every_opening_once_its_delay_is_over(data: st.DataObject) -> None:
    openings = data.draw(
        st.lists(
            st.tuples(st.sampled_from(OpeningPurpose), st.integers(0, 40), st.none() | st.integers(1, 60)), max_size=5
        )
    )
    today = TODAY + timedelta(days=data.draw(st.integers(0, 70)))
    events: list[Event] = []
    expected: list[tuple[str, str]] = []
    for number, (purpose, day, delay) in enumerate(openings, 1):
        stream = opening_id(REPORT, number)
        opened = TODAY + timedelta(days=day)
        events += story(stream, purpose, opened, opened + timedelta(days=delay) if delay else None)
        if delay is None or opened + timedelta(days=delay) <= today:
            expected.append((opened.isoformat(), purpose.label))
    assert openings_shown_to_reporter(events, today) == sorted(expected)


def story(stream: UUID, purpose: OpeningPurpose, day: date, until: date | None) -> list[Event]:
    """An opening that was opened on a day, its notice delayed or not."""

    def at(actor: str) -> dict[str, str]:
        return replace(by(actor), occurred_at=f"{day}T10:00:00+08:00").fields()

    asked = requested().asked
    events: list[Event] = [
        replace(asked, originator_id=stream, purpose=purpose.value),
        facts.CompartmentsOpened(
            originator_id=stream, originator_version=2, report=str(REPORT), approval="", destroyed=(), **at("handler")
        ),
    ]
    if until:
        events.append(
            facts.NoticeDelayed(
                originator_id=stream,
                originator_version=3,
                report=str(REPORT),
                number="云法〔2026〕1号",
                until=until.isoformat(),
                **at("deputy"),
            )
        )
    return events


def test_what_was_asked_for_and_not_opened_is_no_news() -> None:
    assert openings_shown_to_reporter([requested().asked], TODAY) == []
