"""The way of a report step by step: what each officer is offered at each of them, and that all else is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from supervision.casework.actions import offered
from supervision.casework.catalogue import ACTIONS, BY_NAME
from supervision.domain.codes import RefusalCode, ReportState
from supervision.domain.refusal import Refused
from tests.support.office import OWN, Office, names, staffed


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("county")
    with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}") as found:
        yield found


# -- who may do what, step by step (rules, parts 3 and 4) -------------------------------------------

MESSAGES = frozenset({"send_template", "draft_message"})
REPLACING = frozenset({"replace_handlers", "withdraw_distribution"})
OFFICERS = ("clerk-1", "head", "clue", "principal", "deputy", "inspector-1", "inspector-3", "org-clerk", "oversight")


@dataclass(frozen=True)
class Stage:
    """Where a report stands: what each officer is offered there, and the step that brings it on.

    Whoever is not named is offered nothing. The head and the clue supervisor may withdraw officers all the way.
    """

    name: str
    offered: dict[str, set[str]]
    step: Callable[[Office, UUID], Any]


def do(officer: str, action: str, **given: Any) -> Callable[[Office, UUID], Any]:
    return lambda office, report_id: office.do(officer, action, report_id, **given)


def nothing_more(office: Office, report_id: UUID) -> None:
    """The end of the way."""


WAY = (
    Stage(
        "received",
        {"clerk-1": {"register", "propose_bypass", *MESSAGES}, "head": {"propose_bypass", *MESSAGES}},
        do("clerk-1", "register"),
    ),
    Stage(
        "registered",
        {
            "clerk-1": {"screen", "propose_bypass", "deidentify", *MESSAGES},
            "head": {"propose_bypass", "deidentify", *MESSAGES},
        },
        do("clerk-1", "screen", **OWN),
    ),
    Stage(
        "screened",
        {
            "clerk-1": {"deidentify", *MESSAGES},
            "head": {"confirm_screening", "return_screening", "deidentify", *MESSAGES},
        },
        do("head", "confirm_screening"),
    ),
    Stage(
        "accepted",
        {
            "clerk-1": {"notify_reporter", "deidentify", *MESSAGES},
            "head": {"notify_reporter", "transfer", "deidentify", *MESSAGES},
        },
        do("head", "transfer", department="dept-1"),
    ),
    Stage(
        "transferred",
        {
            "clerk-1": {"notify_reporter", *MESSAGES},
            "head": {"notify_reporter", *MESSAGES},
            "clue": {"record_clue"},
        },
        do("clue", "record_clue"),
    ),
    Stage(
        "recorded",
        {
            "clerk-1": {"notify_reporter", *MESSAGES},
            "head": {"notify_reporter", *MESSAGES},
            "clue": {"propose_distribution"},
        },
        do("clue", "propose_distribution", handlers=["inspector-1", "inspector-2"]),
    ),
    Stage(
        "distribution proposed",
        {
            "clerk-1": {"notify_reporter", *MESSAGES},
            "head": {"notify_reporter", *MESSAGES},
            "principal": {"approve_distribution", "return_distribution"},
        },
        do("principal", "approve_distribution"),
    ),
    Stage(
        "distributed",
        {
            "clerk-1": {"notify_reporter", *MESSAGES},
            "head": {"notify_reporter", *MESSAGES},
            "clue": {*REPLACING},
            "inspector-1": {"propose_disposition", "note_two_reports", "propose_return", *MESSAGES},
        },
        do("inspector-1", "propose_return"),
    ),
    Stage(
        "return proposed",
        {
            "clerk-1": {"notify_reporter", *MESSAGES},
            "head": {"notify_reporter", *MESSAGES},
            "clue": {*REPLACING},
            "inspector-1": {"note_two_reports", *MESSAGES},
            "deputy": {"approve_return", "refuse_return"},
            "principal": {"approve_return", "refuse_return"},
        },
        lambda office, report_id: (
            office.do("deputy", "refuse_return", report_id),
            office.do(
                "inspector-1",
                "propose_disposition",
                report_id,
                disposition="preliminary_verification",
                minutes="一室〔2026〕第18次",
                note="建议初步核实。",
            ),
        ),
    ),
    Stage(
        "disposition proposed",
        {
            "clerk-1": {"notify_reporter", *MESSAGES},
            "head": {"notify_reporter", *MESSAGES},
            "clue": {*REPLACING},
            "inspector-1": {"note_two_reports", *MESSAGES},
            "deputy": {"approve_disposition", "return_disposition"},
            "principal": {"approve_disposition", "return_disposition"},
        },
        do("principal", "approve_disposition"),
    ),
    Stage(
        "in handling",
        {
            "clerk-1": {"notify_reporter", *MESSAGES},
            "head": {"notify_reporter", *MESSAGES},
            "clue": {*REPLACING},
            "inspector-1": {"conclude", "note_two_reports", *MESSAGES},
        },
        do("inspector-1", "conclude", result="not_proved", note="不属实。"),
    ),
    Stage(
        "closed",
        {
            "clerk-1": {*MESSAGES},
            "head": {*MESSAGES},
            "clue": {"replace_handlers"},
            "inspector-1": {"feed_back", *MESSAGES},
        },
        do("inspector-1", "feed_back", mode="phone", second_officer="inspector-2"),
    ),
    Stage(
        "fed back",
        {
            "clerk-1": {"record_objection", "archive", *MESSAGES},
            "head": {*MESSAGES},
            "clue": {"replace_handlers"},
            "inspector-1": {"record_objection", *MESSAGES},
        },
        do("clerk-1", "record_objection", note="不认可。"),
    ),
    Stage(
        "objection",
        {
            "clerk-1": {*MESSAGES},
            "head": {*MESSAGES},
            "clue": {"replace_handlers"},
            "inspector-1": {"explain_objection", "reopen", *MESSAGES},
        },
        lambda office, report_id: (
            office.do("inspector-1", "explain_objection", report_id, mode="phone", note="已说明。"),
            office.do("clerk-1", "archive", report_id, retention="thirty_years"),
        ),
    ),
    Stage(
        "archived",
        {
            "clerk-1": {"draft_message", "request_hold"},
            "head": {"draft_message", "request_hold"},
            "inspector-1": {"draft_message"},
        },
        nothing_more,
    ),
)


def test_at_every_step_each_officer_is_offered_what_is_his_and_all_else_is_refused(office: Office) -> None:
    report_id, _ = office.web()
    for stage in WAY:
        case, head = office.case(report_id), office.desk.ledger.head()
        for officer in OFFICERS:
            mine = {action.name for action in offered(ACTIONS, office.desk, office.sessions[officer], case)}
            always = {"exclude"} if officer in {"head", "clue"} else set()
            assert mine == stage.offered.get(officer, set()) | always, f"{officer} at {stage.name}"
            for action in ACTIONS:
                if action.name not in mine and office.sessions[officer].has(*action.roles):
                    with pytest.raises(Refused) as refused:
                        office.do(officer, action.name, report_id)
                    assert refused.value.code == "not_yours" or case.report.state.label in refused.value.reason
        assert office.desk.ledger.head() == head, f"something was recorded at {stage.name}"
        stage.step(office, report_id)
    assert office.case(report_id).report.state is ReportState.ARCHIVED


def test_a_command_is_refused_to_every_role_that_it_does_not_name(office: Office) -> None:
    report_id, _ = office.web()
    head = office.desk.ledger.head()
    for action in ACTIONS:
        stranger = next(one for one in office.sessions.values() if not one.has(*action.roles))
        for officer in ("oversight", "admin", "custodian-1", "operator", stranger.officer):
            with pytest.raises(Refused) as refused:
                office.do(officer, action.name, report_id)
            assert refused.value.code == "role"
    assert office.desk.ledger.head() == head


OUTCOMES = (
    ("not_accept", {"matter_class": "out_of_scope", "refusal": "sue_or_review"}, "不予受理"),
    ("forward", {"jurisdiction": "subordinate", "target": "qinghe"}, "已转送下级"),
    ("assign", {"jurisdiction": "subordinate", "target": "chengdong"}, "已交办下级"),
    ("refer", {"jurisdiction": "other_body", "target": "audit"}, "已移送其他机关"),
    ("route_appeal", {"matter_class": "appeal", "target": "review"}, "申诉已分流"),
    ("route_suggestion", {"matter_class": "suggestion", "target": "conduct"}, "建议已分流"),
)


@pytest.mark.parametrize(("proposal", "found", "state"), OUTCOMES, ids=[proposal for proposal, *_ in OUTCOMES])
def test_a_report_that_is_not_this_bodys_ends_with_the_petition_office(
    office: Office, proposal: str, found: dict[str, Any], state: str
) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN | {"proposal": proposal} | found)
    office.do("head", "confirm_screening", report_id)
    assert office.case(report_id).report.state.label == state
    office.do("clerk-2", "notify_reporter", report_id, mode="status_page")
    assert names(office.events(office.case(report_id).correspondence.id)) == ["correspondence.message_sent"]
    if proposal in {"forward", "assign"}:
        office.do("clerk-1", "acknowledge_from_below", report_id, received_on="2026-11-20")
        office.do("clerk-1", "report_from_below", report_id, stage="result", note="已办结，见附件。")
    office.do("clerk-1", "archive", report_id, retention="ten_years")
    assert office.case(report_id).report.state is ReportState.ARCHIVED


def test_a_duplicate_is_kept_for_reference_under_the_number_of_the_first(office: Office) -> None:
    first = office.accepted()
    office.catch_up()
    second, _ = office.web()
    office.do("clerk-2", "register", second)
    number = office.case(first).report.number
    office.do("clerk-2", "screen", second, **OWN | {"proposal": "retain_duplicate", "original": number})
    office.do("head", "confirm_screening", second)
    assert office.case(second).report.original == str(first)
    assert office.case(second).report.state is ReportState.DUPLICATE_RETAINED
    with pytest.raises(Refused, match="重复件已留存"):
        office.do("clerk-2", "notify_reporter", second, mode="phone")


def test_the_original_of_a_duplicate_must_be_in_the_register(office: Office) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "register", report_id)
    with pytest.raises(Refused, match="没有找到所填登记编号"):
        office.do(
            "clerk-1", "screen", report_id, **OWN | {"proposal": "retain_duplicate", "original": "云信〔2026〕9999号"}
        )


@pytest.mark.parametrize(
    ("proposal", "jurisdiction", "target"),
    [
        ("forward", "subordinate", "personnel"),
        ("assign", "subordinate", "audit"),
        ("refer", "other_body", "qinghe"),
        ("hand_over", "own", "audit"),
        ("hand_over", "own", ""),
    ],
)
def test_what_it_is_sent_to_must_go_with_the_proposal(
    office: Office, proposal: str, jurisdiction: str, target: str
) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "register", report_id)
    with pytest.raises(Refused, match="接收单位"):
        office.do(
            "clerk-1",
            "screen",
            report_id,
            **OWN | {"proposal": proposal, "jurisdiction": jurisdiction, "target": target},
        )


def test_a_16_the_lower_body_cannot_have_received_it_tomorrow(office: Office) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "register", report_id)
    office.do(
        "clerk-1",
        "screen",
        report_id,
        **OWN | {"proposal": "forward", "jurisdiction": "subordinate", "target": "qinghe"},
    )
    office.do("head", "confirm_screening", report_id)
    with pytest.raises(Refused, match="不能晚于今天"):
        office.do("clerk-1", "acknowledge_from_below", report_id, received_on="2026-11-24")


def test_a_26_who_was_passed_on_before_he_was_told_is_told_of_the_acceptance(office: Office) -> None:
    report_id = office.accepted()
    office.do("head", "transfer", report_id, department="dept-1")
    office.do("clerk-1", "notify_reporter", report_id, mode="status_page")
    told = office.events(report_id)[-1]
    (message,) = office.events(office.case(report_id).correspondence.id)
    assert (told.subject, message.template) == ("acceptance", "accepted")  # type: ignore[attr-defined]


@pytest.mark.parametrize("refusal", RefusalCode)
def test_a_13_the_words_on_the_status_page_are_those_of_the_reason(office: Office, refusal: RefusalCode) -> None:
    report_id, _ = office.web()
    office.do("clerk-1", "register", report_id)
    office.do("clerk-1", "screen", report_id, **OWN | {"proposal": "not_accept", "refusal": refusal.value})
    office.do("head", "confirm_screening", report_id)
    office.do("clerk-1", "notify_reporter", report_id, mode="status_page")
    (message,) = office.events(office.case(report_id).correspondence.id)
    assert message.template == f"refused_{refusal.value}"  # type: ignore[attr-defined]


# -- forms ------------------------------------------------------------------------------------------

JUNK = st.one_of(
    st.none(), st.integers(), st.booleans(), st.text(), st.lists(st.text(), max_size=2), st.just({"a": "b"})
)


@given(st.data())
def test_whatever_a_form_is_sent_its_complaints_are_chinese_and_name_the_field(data: st.DataObject) -> None:
    action = data.draw(st.sampled_from(ACTIONS))
    form = action.form()
    keys = [*form.fields, "unknown-field"]
    given = data.draw(st.dictionaries(st.sampled_from(keys), JUNK))
    try:
        form.load(given)
    except ValidationError as error:
        complaints = error.normalized_messages()
        assert set(complaints) <= set(keys)
        assert all(has_chinese(text) for text in flat(complaints))


def has_chinese(text: str) -> bool:
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)


def flat(complaints: Any) -> list[str]:
    if isinstance(complaints, str):
        return [complaints]
    members = complaints.values() if isinstance(complaints, dict) else complaints
    return [text for member in members for text in flat(member)]


def test_every_command_of_the_catalogue_has_a_name_of_its_own() -> None:
    assert len(BY_NAME) == len(ACTIONS)
