"""In which states a version can be written and an original asked for, and who may decide on it: the report alone."""

from __future__ import annotations

import pytest

from supervision.domain.codes import ReportState
from supervision.domain.refusal import Refused
from supervision.domain.report import Report
from supervision.domain.rights import OriginalPurpose
from tests.support.cases import NOTHING, by, report_in, taken

S = ReportState
FIRST = {S.REGISTERED, S.SCREENED, S.ACCEPTED}
HANDLED = {S.TRANSFERRED, S.CLOSED, S.FED_BACK, S.OBJECTION}
HANDLER = by("inspector", "dept-1")


def versioned() -> Report:
    """A report that was transferred with a version."""
    one = report_in(S.ACCEPTED)
    one.deidentify(by("clerk"), NOTHING, ())
    one.transfer(by("head"), department="dept-1", notified_office="clue", clue=str(one.id), sealings=(NOTHING,))
    taken(one)
    return one


@pytest.mark.parametrize("state", S)
def test_the_first_version_belongs_between_number_and_transfer(state: ReportState) -> None:
    one = report_in(state)
    assert one.may_deidentify is (state in FIRST)
    if state in FIRST:
        one.deidentify(by("clerk"), NOTHING, ("00" * 32,))
        assert [event.TOPIC for event in taken(one)] == ["report.deidentified.v1"]
        return
    with pytest.raises(Refused):
        one.deidentify(by("clerk"), NOTHING, ())
    assert taken(one) == []


def test_further_versions_can_be_written_as_long_as_there_is_work() -> None:
    one = versioned()
    one.deidentify(by("clerk"), NOTHING, ())
    one.close(HANDLER, "not_proved")
    assert one.may_deidentify and one.versions == 2
    one.feed_back(HANDLER, mode="phone", reason="", second_officer="inspector-2")
    one.archive(by("clerk"), "thirty_years")
    assert not one.may_deidentify


@pytest.mark.parametrize("state", sorted(HANDLED))
def test_without_a_version_there_is_no_original_to_ask_for(state: ReportState) -> None:
    with pytest.raises(Refused, match="没有去标识版"):
        report_in(state).request_original(HANDLER, OriginalPurpose.DETAILS)


def test_one_request_at_a_time_and_none_while_one_is_granted() -> None:
    one = versioned()
    one.request_original(HANDLER, OriginalPurpose.DETAILS)
    with pytest.raises(Refused, match="等待"):
        one.request_original(HANDLER, OriginalPurpose.WORDING)
    one.grant_original(by("head"), "inspector", "2026-11-30", (NOTHING,))
    with pytest.raises(Refused, match="有效期"):
        one.request_original(HANDLER, OriginalPurpose.WORDING)
    assert one.sees_original("inspector", "2026-11-30")
    assert not one.sees_original("inspector", "2026-12-01")
    assert not one.sees_original("head", "2026-11-30")


def test_nobody_agrees_to_his_own_request() -> None:
    one = versioned()
    one.request_original(HANDLER, OriginalPurpose.DETAILS)
    with pytest.raises(Refused) as refused:
        one.grant_original(HANDLER, "inspector", "2026-11-30", (NOTHING,))
    assert refused.value.code == "SoD-3"


def test_what_nobody_asked_for_is_not_granted() -> None:
    with pytest.raises(Refused, match="没有待决定"):
        versioned().grant_original(by("head"), "inspector", "2026-11-30", (NOTHING,))


def test_whoever_must_keep_away_is_neither_granted_nor_sees_what_he_was_granted() -> None:
    one = versioned()
    one.request_original(HANDLER, OriginalPurpose.DETAILS)
    one.grant_original(by("head"), "inspector", "2026-11-30", (NOTHING,))
    one.request_original(by("inspector-2", "dept-1"), OriginalPurpose.DETAILS)
    for officer in ("inspector", "inspector-2"):
        one.learn_excluded(officer, "kinship")
    assert not one.sees_original("inspector", "2026-11-24")
    with pytest.raises(Refused) as refused:
        one.grant_original(by("head"), "inspector-2", "2026-11-30", (NOTHING,))
    assert refused.value.code == "SoD-7"
    one.refuse_original(by("head"), "inspector-2")


def test_a_return_ends_requests_and_grants() -> None:
    one = versioned()
    one.request_original(HANDLER, OriginalPurpose.DETAILS)
    one.grant_original(by("head"), "inspector", "2026-11-30", (NOTHING,))
    one.request_original(by("inspector-2", "dept-1"), OriginalPurpose.DETAILS)
    one.propose_return(HANDLER, "out_of_scope_after_study")
    one.approve_return(by("deputy", "leadership"), "out_of_scope_after_study")
    assert (one.original_requests, one.original_grants) == ({}, {})
