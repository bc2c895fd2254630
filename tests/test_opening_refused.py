"""What the county's desk refuses in an opening: too few, too soon, somebody else's, another's, a second time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from supervision.casework import opening as use
from supervision.casework.opening_lookup import case_of
from supervision.domain.codes import Channel
from supervision.domain.refusal import Refused
from supervision.domain.rights import OpeningPurpose
from supervision.intake.submission import ReporterDetails
from supervision.openings.answer import Answer
from supervision.openings.gate import release
from supervision.sealing.keys import KemPrivateKey
from tests.support.office import DATABASES, OWN, staffed_on
from tests.support.openings import Openings

ANONYMOUS = ReporterDetails()


@pytest.fixture(scope="module", params=DATABASES)
def openings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Openings]:
    directory: Path = tmp_path_factory.mktemp("openings")
    with staffed_on(request, directory) as office:
        yield Openings(office, directory)


@pytest.fixture(scope="module")
def report(openings: Openings) -> UUID:
    """A named report with its handlers."""
    return openings.office.distributed(original="来信原文")


@pytest.fixture
def opening(openings: Openings, report: UUID) -> Iterator[UUID]:
    """An opening of it that a leader has agreed to."""
    made = openings.approved("inspector-1", report)
    yield made
    if openings.state(made).kept_wraps or openings.ephemeral_is_kept(made):
        use.close(openings.desk, openings.working, openings.office.sessions["inspector-1"], made)


# -- too few ------------------------------------------------------------------------------------------------------


def test_m_minus_one_custodians_open_nothing_and_their_gate_is_not_asked(openings: Openings, opening: UUID) -> None:
    openings.contribute("custodian-1", opening)
    with pytest.raises(Refused, match="需要 2 名"):
        openings.open("inspector-1", opening)
    with pytest.raises(Refused, match="2 名保管人"):
        openings.gate_file(opening)


def test_m_custodians_without_the_gate_open_nothing(openings: Openings, opening: UUID) -> None:
    for custodian in ("custodian-1", "custodian-2", "custodian-3"):
        openings.contribute(custodian, opening)
    with pytest.raises(Refused, match="闸门尚未放行"):
        openings.open("inspector-1", opening)


def test_a_request_that_nobody_agreed_to_gets_no_file_and_no_share(openings: Openings, report: UUID) -> None:
    requested = openings.request("inspector-1", report)
    with pytest.raises(Refused, match="待审批"):
        openings.request_file("custodian-1", requested)
    with pytest.raises(Refused, match="待审批"):
        openings.contribute("custodian-1", requested, b"{}")
    with pytest.raises(Refused, match="待审批"):
        openings.open("inspector-1", requested)
    with pytest.raises(Refused, match="尚未办结"):
        openings.request("inspector-1", report)
    use.close(openings.desk, openings.working, openings.office.sessions["inspector-1"], requested)


# -- somebody else's ------------------------------------------------------------------------------------------------


def test_who_has_nothing_to_do_with_a_report_asks_for_nothing(openings: Openings, report: UUID) -> None:
    for officer in ("inspector-3", "org-head", "clue", "clerk-1", "deputy", "custodian-1", "admin"):
        assert list(use.purposes_for(openings.desk, openings.office.sessions[officer], report)) == []
        with pytest.raises(Refused):
            openings.request(officer, report)


def test_the_county_s_other_body_approves_nothing(openings: Openings, report: UUID) -> None:
    requested = openings.request("inspector-2", report)
    for officer in ("org-principal", "head", "inspector-1", "custodian-1", "superior"):
        with pytest.raises(Refused):
            use.approve(openings.desk, openings.office.sessions[officer], requested)
    use.close(openings.desk, openings.working, openings.office.sessions["inspector-2"], requested)


def test_nobody_agrees_to_his_own_request_whatever_else_he_is(openings: Openings) -> None:
    """``all-hands`` is inspector and principal at once."""
    office = openings.office
    report = office.accepted()
    office.do("head", "transfer", report, department="dept-1")
    office.do("clue", "record_clue", report)
    office.do("clue", "propose_distribution", report, handlers=["all-hands"])
    office.do("principal", "approve_distribution", report)
    requested = openings.request("all-hands", report)
    with pytest.raises(Refused, match="自己的启封申请"):
        use.approve(openings.desk, office.sessions["all-hands"], requested)


@pytest.mark.parametrize("bound_up", ["inspector-2", "clerk-1", "clue"])
def test_nobody_in_the_case_agrees_or_gives(openings: Openings, report: UUID, opening: UUID, bound_up: str) -> None:
    """Were he a leader or a custodian, too: what he is in the case decides."""
    case = case_of(openings.desk, openings.state(opening))
    assert bound_up in case.handling


def test_who_was_excluded_takes_no_part_any_more(openings: Openings) -> None:
    office = openings.office
    report = office.distributed()
    opening = openings.approved("inspector-1", report)
    answer = openings.answer("custodian-1", opening).encode()
    openings.contribute("custodian-2", opening)
    for officer in ("custodian-1", "deputy", "inspector-1"):
        office.do("head", "exclude", report, officer=officer, reason="named_in_report")
    with pytest.raises(Refused, match="回避"):
        openings.contribute("custodian-1", opening, answer)
    with pytest.raises(Refused, match="回避"):
        openings.contribute("custodian-3", opening)  # for a requester who must not see it
    with pytest.raises(Refused, match="回避"):
        openings.open("inspector-1", opening)
    with pytest.raises(Refused, match="回避"):
        openings.request("inspector-1", report)
    requested = openings.request("inspector-2", report)
    with pytest.raises(Refused, match="回避"):
        use.approve(openings.desk, office.sessions["deputy"], requested)


def test_who_no_longer_handles_the_report_opens_nothing(openings: Openings) -> None:
    opening = openings.approved("head", openings.office.accepted())
    openings.given(opening)
    openings.released(opening)
    session = replace(openings.office.sessions["head"], office="personnel")
    with pytest.raises(Refused, match="已不由您办理"):
        use.open_once(openings.desk, openings.working, session, opening)


# -- another's ----------------------------------------------------------------------------------------------------


def test_an_answer_to_another_opening_of_the_same_report_is_refused(openings: Openings, report: UUID) -> None:
    first = openings.approved("inspector-1", report)
    second = openings.approved("inspector-2", report)
    answer = openings.answer("custodian-1", first)
    with pytest.raises(Refused, match="不是对本次启封的"):
        openings.contribute("custodian-1", second, answer.encode())
    moved = replace(answer, opening=second, approval=openings.answer("custodian-1", second).approval)
    openings.contribute("custodian-1", second, moved.encode())  # looks right, and cannot be told apart here
    openings.contribute("custodian-2", second)
    openings.released(second)
    with pytest.raises(Refused, match="身份保管员甲"):
        openings.open("inspector-2", second)
    for officer, made in (("inspector-1", first), ("inspector-2", second)):
        use.close(openings.desk, openings.working, openings.office.sessions[officer], made)


def test_a_share_of_another_report_is_refused(openings: Openings, opening: UUID) -> None:
    other = openings.approved("inspector-1", openings.office.distributed())
    answer = openings.answer("custodian-1", other)
    with pytest.raises(Refused, match="不是对本次启封的"):
        openings.contribute("custodian-1", opening, answer.encode())
    genuine = openings.answer("custodian-1", opening)
    mixed = replace(genuine, given=answer.given)
    openings.contribute("custodian-1", opening, mixed.encode())
    openings.contribute("custodian-2", opening)
    openings.released(opening)
    with pytest.raises(Refused, match="身份保管员甲"):
        openings.open("inspector-1", opening)


ANSWERS: dict[str, tuple[Callable[[Answer], Answer | bytes], str]] = {
    "no answer at all": (lambda one: b"{}", "格式不对"),
    "not canonical": (lambda one: one.encode() + b"\n", "格式不对"),
    "another log's": (lambda one: replace(one, origin="other.example/log"), "不是对本次启封的"),
    "another approval's": (lambda one: replace(one, approval="00" * 32), "不是对本次启封的"),
    "a stranger's": (lambda one: replace(one, key=KemPrivateKey(bytes(32)).key_id), "本人的保管私钥"),
    "another compartment's": (lambda one: replace(one, given={"source": one.given["identity"]}), "分区不符"),
    "nothing given": (lambda one: replace(one, given={}), "分区不符"),
    "of another suite": (lambda one: replace(one, given={"identity": b"\x01" + one.given["identity"][1:]}), "格式不符"),
    "of another length": (lambda one: replace(one, given={"identity": one.given["identity"][:-1]}), "格式不符"),
    "an unknown reason": (lambda one: replace(one, given={}, declined="tired"), "理由不在所列"),
}


@pytest.mark.parametrize(("spoil", "told"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_is_none_is_refused(
    openings: Openings, opening: UUID, spoil: Callable[[Answer], Answer | bytes], told: str
) -> None:
    spoiled = spoil(openings.answer("custodian-1", opening))
    with pytest.raises(Refused, match=told):
        openings.contribute("custodian-1", opening, spoiled if isinstance(spoiled, bytes) else spoiled.encode())


def test_nobody_brings_another_custodian_s_answer(openings: Openings, opening: UUID) -> None:
    answer = openings.answer("custodian-1", opening).encode()
    for officer in ("custodian-2", "inspector-1", "deputy", "admin"):
        with pytest.raises(Refused):
            openings.contribute(officer, opening, answer)


def test_what_a_custodian_gave_is_no_release_and_the_other_way_round(openings: Openings, opening: UUID) -> None:
    openings.given(opening)
    superior = openings.office.sessions["superior"]
    custodian_s = openings.answer("custodian-3", opening)
    with pytest.raises(Refused, match="不是上级闸门"):
        use.add_gate_answer(openings.desk, superior, opening, custodian_s.encode())
    openings.witnessed()
    gate_s = release(openings.gate, openings.gate_file(opening), openings.office.clock())
    with pytest.raises(Refused, match="本人的保管私钥"):
        openings.contribute("custodian-3", opening, gate_s.encode())
    with pytest.raises(Refused, match="申请人、批准人或者上级"):
        use.add_gate_answer(openings.desk, openings.office.sessions["custodian-1"], opening, gate_s.encode())


# -- a second time ------------------------------------------------------------------------------------------------


def test_an_opening_is_used_up_by_opening_it(openings: Openings, opening: UUID) -> None:
    answer = openings.answer("custodian-3", opening).encode()
    openings.given(opening)
    openings.released(opening)
    openings.open("inspector-1", opening)
    for again in (
        lambda: openings.open("inspector-1", opening),
        lambda: openings.contribute("custodian-3", opening, answer),
        lambda: openings.gate_file(opening),
        lambda: use.approve(openings.desk, openings.office.sessions["principal"], opening),
    ):
        with pytest.raises(Refused):
            again()


def test_without_the_ephemeral_key_the_shares_open_nothing(openings: Openings, opening: UUID) -> None:
    """It dies with the working state, or with the keys of a requester who lost his passphrase."""
    openings.given(opening)
    openings.released(opening)
    other_keys = replace(openings.office.sessions["inspector-1"], kem=KemPrivateKey(bytes(32)))
    with pytest.raises(Refused, match="临时密钥已经失效"):
        use.open_once(openings.desk, openings.working, other_keys, opening)
    with openings.later(days=15):
        openings.working.sweep(openings.office.clock())
        with pytest.raises(Refused, match="到期"):
            openings.open("inspector-1", opening)
    with pytest.raises(Refused, match="临时密钥已经失效"):
        openings.open("inspector-1", opening)


# -- anonymous ----------------------------------------------------------------------------------------------------


def test_an_anonymous_report_has_no_identity(openings: Openings) -> None:
    report = anonymous(openings)
    assert list(use.compartments_for(openings.desk, report)) == []
    for purpose in OpeningPurpose:
        with pytest.raises(Refused):
            openings.request("inspector-1", report, purpose=purpose, number="市纪批〔2026〕3号")


def test_a_caller_s_number_opens_with_the_municipality_s_approval_and_the_gate(openings: Openings) -> None:
    report = anonymous(openings, channel=Channel.PHONE, reporter=ReporterDetails(caller="12000000077"))
    with pytest.raises(Refused, match="批准文号"):
        openings.request("inspector-1", report, "source")
    with pytest.raises(Refused, match="批准文号"):
        openings.request("inspector-1", report, "source", purpose=OpeningPurpose.TRACE_ANONYMOUS)
    opened = openings.at_once(
        "inspector-1", report, "source", purpose=OpeningPurpose.TRACE_ANONYMOUS, number="市纪批〔2026〕3号"
    )
    assert opened.fields == {("source", "caller"): "12000000077"}
    assert openings.state(opened.opening_id).asked.number == "市纪批〔2026〕3号"


def anonymous(openings: Openings, **said: object) -> UUID:
    """An anonymous report with its handlers."""
    office = openings.office
    report, _ = office.web(**{"reporter": ANONYMOUS, **said})
    office.do("clerk-1", "register", report)
    office.do("clerk-1", "screen", report, **{**OWN, "named_status": "anonymous", "verification": "none"})
    office.do("head", "confirm_screening", report)
    office.do("head", "transfer", report, department="dept-1")
    office.do("clue", "record_clue", report)
    office.do("clue", "propose_distribution", report, handlers=["inspector-1"])
    office.do("principal", "approve_distribution", report)
    return report


def test_after_all_of_this_the_log_and_its_custody_verify(openings: Openings, report: UUID) -> None:
    openings.at_once("inspector-1", report, "source")
    openings.office.verify()
