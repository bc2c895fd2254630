"""Separation of duties (part 4): what somebody has done already keeps him from what comes next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from supervision.domain.refusal import Refused
from supervision.domain.separation import (
    against_approving,
    against_handling,
    against_not_accepting,
    against_reviewing,
    against_seeing,
)

officers = st.sampled_from(["", "zhao", "qian", "sun", "li"])


REFUSALS: dict[str, tuple[str, Refused | None]] = {
    "who registered decides": ("SoD-1", against_not_accepting("zhao", registrar="zhao")),
    "who screened decides": ("SoD-1", against_not_accepting("zhao", registrar="qian", screener="zhao")),
    "who distributes handles": ("SoD-2", against_handling(["sun", "zhao"], distributor="zhao")),
    "who registered handles": ("SoD-2", against_handling(["zhao"], registrar="zhao", distributor="qian")),
    "who approves handles": ("SoD-8", against_handling(["zhao"], distributor="qian", approver="zhao")),
    "who proposed approves": ("SoD-3", against_approving("zhao", proposer="zhao")),
    "who handles approves": ("SoD-3", against_approving("zhao", proposer="qian", handlers=["sun", "zhao"])),
    "who handles reviews": ("SoD-3", against_reviewing("zhao", handlers=["zhao"])),
    "who reviewed re-examines": (
        "SoD-3",
        against_reviewing("zhao", handlers=["sun"], earlier_reviewers=["zhao"]),
    ),
    "who is named looks": ("SoD-7", against_seeing("zhao", excluded=["zhao"])),
}


@pytest.mark.parametrize(("rule", "refused"), REFUSALS.values(), ids=REFUSALS)
def test_each_rule_refuses_by_its_name_and_tells_a_way_out(rule: str, refused: Refused | None) -> None:
    assert refused is not None
    assert refused.code == rule
    assert "请" in refused.reason
    assert "zhao" not in refused.reason


def test_nothing_stands_against_different_people() -> None:
    assert against_not_accepting("zhao", registrar="qian", screener="sun") is None
    assert against_handling(["sun", "li"], registrar="wu", distributor="zhao", approver="qian") is None
    assert against_approving("zhao", proposer="qian", handlers=["sun"]) is None
    assert against_reviewing("zhao", handlers=["sun"], earlier_reviewers=["li"]) is None
    assert against_seeing("zhao", excluded=[]) is None


@given(officers, officers, officers, officers)
def test_whoever_gets_through_is_a_different_person_at_each_step(
    registrar: str, distributor: str, handler: str, reviewer: str
) -> None:
    handled = against_handling([handler], registrar=registrar, distributor=distributor)
    reviewed = against_reviewing(reviewer, handlers=[handler])
    if handled is None and handler:
        assert handler not in {registrar, distributor}
    if reviewed is None and handler:
        assert reviewer != handler
    if "" in {handler, reviewer}:
        assert reviewed is None
