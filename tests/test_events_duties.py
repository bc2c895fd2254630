"""Which duties, and how many people, an event about an account takes: what the verifier asks beside the signature."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from events.duties import (
    ADMINISTRATOR,
    APPOINTED,
    DEPARTED,
    FACTOR_RESET,
    FACTOR_SET,
    GRANTED,
    PASSPHRASE_CHANGED,
    PROPOSED,
    REFUSED,
    REGRANT_PROPOSED,
    REINVITED,
    ROLES_CHANGED,
    SECURITY,
    WITHDRAWN,
    Duties,
    NotAuthorised,
)
from supervision.domain.codes import Role
from supervision.domain.staffing import AccountChange


def said(actor: str, officer: str = "clerk", **fields: Any) -> dict[str, Any]:
    """The state of an event as it is stored."""
    return {"actor": actor, "officer": officer, "home_office": "petition", "roles": ["intake_clerk"]} | fields


def county(*events: tuple[str, dict[str, Any]]) -> Duties:
    """Two administrators of each kind, a clerk and two colleagues, all appointed by the ceremony; then ``events``."""
    duties = Duties()
    people = {"admin": ADMINISTRATOR, "admin-2": ADMINISTRATOR, "security": SECURITY, "security-2": SECURITY}
    for officer in (*people, "clerk", "head", "colleague"):
        duties.learn(APPOINTED, said("ceremony", officer, roles=[people.get(officer, "intake_clerk")]))
    for topic, state in events:
        duties.check(state["actor"], topic, state)
        duties.learn(topic, state)
    return duties


def refused(duties: Duties, topic: str, state: dict[str, Any]) -> str:
    with pytest.raises(NotAuthorised) as reason:
        duties.check(state["actor"], topic, state)
    return str(reason.value)


def proposal(actor: str, change: str, officer: str = "clerk") -> tuple[str, dict[str, Any]]:
    return PROPOSED, said(actor, officer, change=change)


CARRIED_OUT = [(ROLES_CHANGED, "roles"), (REINVITED, "recovery"), (FACTOR_RESET, "second_factor")]


def test_duties_and_changes_are_called_what_the_rules_call_them() -> None:
    assert (Role.SYSTEM_ADMIN.value, Role.SECURITY_ADMIN.value) == (ADMINISTRATOR, SECURITY)
    assert {change for _, change in CARRIED_OUT} | {"departure"} == {change.value for change in AccountChange}


@pytest.mark.parametrize(("topic", "change"), CARRIED_OUT)
@pytest.mark.parametrize(("first", "second"), [("admin", "security"), ("security", "admin")])
def test_one_proposes_and_the_other_carries_it_out(topic: str, change: str, first: str, second: str) -> None:
    county(proposal(first, change), (topic, said(second)))


@pytest.mark.parametrize(("topic", "change"), CARRIED_OUT)
@pytest.mark.parametrize(
    ("before", "actor", "reason"),
    [
        ([], "admin", "另一名管理员"),
        (["admin"], "admin", "两人办理"),
        (["admin"], "admin-2", "两人办理"),
        (["security"], "security-2", "两人办理"),
        (["admin"], "head", "不是系统管理员或安全保密管理员"),
        (["admin"], "clerk", "不是系统管理员或安全保密管理员"),
    ],
)
def test_fewer_than_the_two_carry_out_nothing(
    topic: str, change: str, before: Sequence[str], actor: str, reason: str
) -> None:
    duties = county(*(proposal(one, change) for one in before))
    assert reason in refused(duties, topic, said(actor))


def test_what_is_carried_out_is_what_was_proposed_and_once() -> None:
    duties = county(proposal("admin", "roles"))
    assert "与提出的不同" in refused(duties, ROLES_CHANGED, said("security", roles=["principal"]))
    assert "与提出的不同" in refused(duties, ROLES_CHANGED, said("security", home_office="dept-1"))
    assert "另一名管理员" in refused(duties, REINVITED, said("security"))
    assert "另一名管理员" in refused(duties, ROLES_CHANGED, said("security", "head"))
    done = county(proposal("admin", "roles"), (ROLES_CHANGED, said("security")))
    assert "另一名管理员" in refused(done, ROLES_CHANGED, said("security"))
    sent_back = county(proposal("admin", "roles"), (REFUSED, said("security", change="roles")))
    assert "另一名管理员" in refused(sent_back, ROLES_CHANGED, said("security"))


def test_an_administrators_appointment_gives_duties_only_when_the_other_confirms_it() -> None:
    newcomer = said("admin", "newcomer", roles=[ADMINISTRATOR])
    duties = county((APPOINTED, newcomer))
    assert "不是系统管理员" in refused(duties, APPOINTED, said("newcomer", "friend"))
    assert "两人办理" in refused(duties, ROLES_CHANGED, newcomer | {"actor": "admin-2"})
    confirmed = county((APPOINTED, newcomer), (ROLES_CHANGED, newcomer | {"actor": "security"}))
    confirmed.check("newcomer", APPOINTED, said("newcomer", "friend"))


@pytest.mark.parametrize("topic", [APPOINTED, DEPARTED])
def test_appointing_and_dismissing_is_the_system_administrators(topic: str) -> None:
    who = "newcomer" if topic == APPOINTED else "clerk"
    county().check("admin", topic, said("admin", who))
    for actor in ("security", "head", "clerk"):
        assert "不是系统管理员" in refused(county(), topic, said(actor, who))


@pytest.mark.parametrize("topic", [DEPARTED, PROPOSED, REFUSED, WITHDRAWN, ROLES_CHANGED, REINVITED, FACTOR_RESET])
def test_nobody_decides_over_himself(topic: str) -> None:
    assert "为自己" in refused(county(), topic, said("admin", "admin", change="roles", key_office="petition"))


def test_nobody_is_appointed_twice() -> None:
    assert "已存在" in refused(county(), APPOINTED, said("admin", "head"))


@pytest.mark.parametrize("topic", [FACTOR_SET, PASSPHRASE_CHANGED])
def test_passphrase_and_second_factor_are_his_own(topic: str) -> None:
    county().check("clerk", topic, said("clerk"))
    for actor in ("admin", "head"):
        assert "本人" in refused(county(), topic, said(actor))


def test_who_left_has_no_duties_any_more() -> None:
    duties = county((DEPARTED, said("admin", "admin-2")))
    assert "不是系统管理员" in refused(duties, DEPARTED, said("admin-2", "clerk"))


RECOVERED = (proposal("admin", "recovery"), (REINVITED, said("security")))


def key(actor: str, officer: str = "clerk", office: str = "petition") -> dict[str, Any]:
    return said(actor, officer, key_office=office)


def test_a_key_is_given_by_one_and_after_a_lost_passphrase_by_two() -> None:
    county().check("head", GRANTED, key("head"))
    duties = county(*RECOVERED)
    assert "另一名持有人" in refused(duties, GRANTED, key("head"))
    assert "他人" in refused(duties, GRANTED, key("clerk"))
    assert "他人" in refused(duties, REGRANT_PROPOSED, key("clerk"))
    vouched = county(*RECOVERED, (REGRANT_PROPOSED, key("head")))
    assert "另一名持有人" in refused(vouched, GRANTED, key("head"))
    assert "另一名持有人" in refused(vouched, GRANTED, key("colleague", office="dept-1"))
    county(*RECOVERED, (REGRANT_PROPOSED, key("head")), (GRANTED, key("colleague")))
    again = county(*RECOVERED, (REGRANT_PROPOSED, key("head")), (GRANTED, key("colleague")), (WITHDRAWN, key("admin")))
    assert "另一名持有人" in refused(again, GRANTED, key("colleague"))


@pytest.mark.parametrize("field", ["officer", "home_office", "roles", "key_office"])
def test_an_event_without_what_it_is_judged_by_is_refused(field: str) -> None:
    topic = {"key_office": GRANTED}.get(field, ROLES_CHANGED)
    duties = county(*RECOVERED, proposal("admin", "roles"))
    state = key("security")
    state.pop(field)
    assert f"缺少字段 {field}" in refused(duties, topic, state)
