"""Statutory clocks: how long each runs, how its end is stated, and which of them a receipt starts."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

import events.vocabulary  # noqa: F401 - importing it makes every topic known
from events.topics import registered
from supervision.domain.codes import Evidence, Jurisdiction, Light, Line, MatterClass
from supervision.domain.deadlines import ClockId, Clocks, Deadline, Receipt
from supervision.domain.rulebook import Rulebook

BOOK = Rulebook.load()
CLOCKS = BOOK.clocks


def end_of(clock: ClockId, start: str) -> Deadline:
    return CLOCKS.deadline(clock, date.fromisoformat(start))


def receipt(**changes: object) -> Receipt:
    fields = {
        "on": date(2026, 10, 12),
        "named": True,
        "matter": MatterClass.REPORT,
        "jurisdiction": Jurisdiction.OWN,
        "line": Line.DISCIPLINE,
    }
    return Receipt(**(fields | changes))  # type: ignore[arg-type]  # each test passes fields of the right type


def started_by(**changes: object) -> list[ClockId]:
    return [deadline.clock.id for deadline in CLOCKS.from_receipt(receipt(**changes))]


@pytest.mark.parametrize(
    ("clock", "start", "stated"),
    [
        (
            ClockId.ACCEPTANCE_NOTICE,
            "2026-10-12",
            {
                "name": "告知受理情况",
                "from": "2026-10-12",
                "n": 15,
                "unit": "工作日",
                "due": "2026-11-02",
                "basis": "检举控告工作规则第二十六条",
            },
        ),
        (
            ClockId.DISPOSITION,
            "2026-10-16",
            {
                "name": "提出线索处置意见",
                "from": "2026-10-16",
                "n": 1,
                "unit": "个月",
                "due_raw": "2026-11-16",
                "due": "2026-11-16",
                "provisional": False,
                "basis": "监督执纪工作规则第二十一条（条号待核）",
            },
        ),
        (
            ClockId.APPEAL_REVIEW,
            "2026-11-04",
            {
                "name": "复议复查办结",
                "from": "2026-11-04",
                "n": 3,
                "unit": "个月",
                "due_raw": "2027-02-04",
                "due": None,
                "provisional": True,
                "basis": "监督执纪工作规则第五十九条",
            },
        ),
        (
            ClockId.ACCEPTANCE_NOTICE,
            "2026-12-28",
            {
                "name": "告知受理情况",
                "from": "2026-12-28",
                "n": 15,
                "unit": "工作日",
                "due_raw": "2027-01-18",
                "due": None,
                "provisional": True,
                "basis": "检举控告工作规则第二十六条",
            },
        ),
    ],
)
def test_a_deadline_is_stated_in_one_form(clock: ClockId, start: str, stated: dict[str, object]) -> None:
    assert list(end_of(clock, start).as_sample().items()) == list(stated.items())


@pytest.mark.parametrize(
    ("clock", "start", "due"),
    [
        (ClockId.REGISTER, "2026-11-14", "2026-11-16"),
        (ClockId.SCREEN, "2026-11-13", "2026-11-17"),
        (ClockId.REPORT_TO_SUPERIOR, "2026-11-10", "2026-11-17"),
        (ClockId.SUBORDINATE_DECISION, "2026-10-09", "2026-10-15"),
        (ClockId.TRANSFER, "2026-09-30", "2026-10-10"),
        (ClockId.DISTRIBUTE, "2026-10-08", "2026-10-12"),
        (ClockId.INQUIRY_REPLY, "2026-04-28", "2026-05-21"),
        (ClockId.INQUIRY_REPORT, "2026-09-01", "2026-10-08"),
        (ClockId.PRELIMINARY_VERIFICATION, "2026-03-31", "2026-06-30"),
        (ClockId.HELD_REVIEW, "2026-04-09", "2026-10-09"),
        (ClockId.ASSIGNED_REPORT, "2026-06-30", "2026-09-30"),
        (ClockId.RESULT_FEEDBACK, "2026-09-24", "2026-10-22"),
    ],
)
def test_each_clock_runs_as_long_as_its_rule_says(clock: ClockId, start: str, due: str) -> None:
    assert end_of(clock, start).due == date.fromisoformat(due)


def test_a_named_accusation_of_this_bodys_own_must_be_answered() -> None:
    assert started_by() == [ClockId.ACCEPTANCE_NOTICE]
    assert started_by(line=None) == [ClockId.ACCEPTANCE_NOTICE]
    assert started_by(line=Line.ORGANISATION) == [ClockId.ACCEPTANCE_NOTICE_12380]


def test_12380_answers_in_the_same_time_by_the_countys_own_rule() -> None:
    by_rule = CLOCKS.definitions[ClockId.ACCEPTANCE_NOTICE]
    by_analogy = CLOCKS.definitions[ClockId.ACCEPTANCE_NOTICE_12380]
    assert (by_rule.n, by_rule.unit, by_rule.name) == (by_analogy.n, by_analogy.unit, by_analogy.name)
    assert (by_rule.evidence, by_analogy.evidence) == (Evidence.READ, Evidence.COUNTY)


@given(st.booleans(), st.sampled_from(MatterClass), st.sampled_from([None, *Line]))
def test_whatever_is_the_superiors_goes_up_in_five_working_days(
    named: bool, matter: MatterClass, line: Line | None
) -> None:
    clocks = started_by(named=named, matter=matter, line=line, jurisdiction=Jurisdiction.SUPERIOR)
    assert clocks == [ClockId.REPORT_TO_SUPERIOR]


@given(st.booleans(), st.sampled_from(MatterClass), st.sampled_from(Jurisdiction))
def test_nothing_else_runs_from_receipt(named: bool, matter: MatterClass, level: Jurisdiction) -> None:
    if level is Jurisdiction.SUPERIOR or (named, matter, level) == (
        True,
        MatterClass.REPORT,
        Jurisdiction.OWN,
    ):
        return
    assert started_by(named=named, matter=matter, jurisdiction=level) == []


def test_the_light_turns_with_the_share_of_time_left() -> None:
    notice = end_of(ClockId.ACCEPTANCE_NOTICE, "2026-10-12")  # due on Monday 2026-11-02
    assert CLOCKS.light(notice, date(2026, 10, 12)) is Light.BLUE
    assert CLOCKS.light(notice, date(2026, 10, 23)) is Light.BLUE  # six of fifteen left
    assert CLOCKS.light(notice, date(2026, 10, 26)) is Light.YELLOW  # five left
    assert CLOCKS.light(notice, date(2026, 10, 29)) is Light.YELLOW
    assert CLOCKS.light(notice, date(2026, 10, 30)) is Light.RED  # one left
    assert CLOCKS.light(notice, date(2026, 11, 2)) is Light.RED
    assert CLOCKS.light(notice, date(2027, 6, 1)) is Light.RED


def test_a_clock_of_months_counts_the_days_left() -> None:
    opinion = end_of(ClockId.DISPOSITION, "2026-10-16")  # due 2026-11-16
    assert CLOCKS.light(opinion, date(2026, 11, 5)) is Light.BLUE
    assert CLOCKS.light(opinion, date(2026, 11, 6)) is Light.YELLOW
    assert CLOCKS.light(opinion, date(2026, 11, 13)) is Light.RED


@given(
    st.sampled_from(ClockId),
    st.dates(date(2020, 1, 1), date(2028, 1, 1)),
    st.integers(0, 250),
    st.integers(0, 30),
)
def test_a_light_never_turns_back(clock: ClockId, start: date, days: int, more: int) -> None:
    severity = list(Light)
    deadline = CLOCKS.deadline(clock, start)
    now = start + timedelta(days=days)
    earlier, later = CLOCKS.light(deadline, now), CLOCKS.light(deadline, now + timedelta(days=more))
    assert severity.index(earlier) <= severity.index(later)


def test_every_clock_names_events_that_exist() -> None:
    known = {topic for topic, _ in registered()}
    named = {topic for clock in CLOCKS.definitions.values() for topic in (*clock.starts, *clock.ends)}
    assert named
    assert named <= known


def test_a_late_by_pass_keeps_the_clock_of_the_superior_running() -> None:
    assert "sealed_report.resealed.v1" in CLOCKS.definitions[ClockId.REPORT_TO_SUPERIOR].starts


def test_what_was_not_read_says_so() -> None:
    unread = {one.id for one in CLOCKS.definitions.values() if one.evidence is not Evidence.READ}
    assert {ClockId.DISPOSITION, ClockId.ASSIGNED_REPORT, ClockId.REGISTER, ClockId.SCREEN} <= unread


def test_a_missing_or_unknown_clock_is_refused() -> None:
    lights = {"yellow_percent": 34, "red_percent": 10}
    with pytest.raises(ValueError, match="appeal_review"):
        Clocks.parse({"clocks": [], "lights": lights}, BOOK.calendar)
    with pytest.raises(ValueError, match="no_such_clock"):
        Clocks.parse({"clocks": [{"id": "no_such_clock"}], "lights": lights}, BOOK.calendar)
