"""Every statutory clock starts, is met and becomes pointless by events, and is counted by the rules in force."""

from collections.abc import Iterator
from datetime import date

import pytest
from hypothesis import given, settings

from events.topics import registered
from projections import queries
from projections.clocks import ACCEPTANCE_NOTICES, CLOCKS, ClockRow
from supervision.domain.codes import Disposition, NamedStatus, Proposal
from supervision.domain.deadlines import ClockId
from tests.support.lives import RULEBOOK, Life
from tests.support.random_lives import lives
from tests.support.towns import Town

MONDAY = date(2026, 3, 2)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town(f"sqlite:///{tmp_path_factory.mktemp('read') / 'read.sqlite3'}")


def clocks_of(town: Town, life: Life) -> dict[str, ClockRow]:
    """The last run of each clock of the life."""
    town.tell(life)
    with town.store.reading() as reader:
        rows = queries.clocks_of(reader, life.id)
    return {row.clock_id: row for row in sorted(rows, key=lambda row: row.run)}


# -- the table -------------------------------------------------------------------------------------------------


def test_the_clocks_are_those_of_the_rules() -> None:
    assert {clock.id for clock in CLOCKS} <= set(ClockId)
    assert set(ACCEPTANCE_NOTICES) <= set(ClockId)


def test_no_clock_of_the_rules_that_has_an_event_is_forgotten() -> None:
    """A clock without events yet (a reply to an inquiry, an appeal) cannot be kept."""
    with_events = {clock.id for clock in RULEBOOK.clocks.definitions.values() if clock.starts and clock.ends}
    assert with_events == {clock.id for clock in CLOCKS}


def test_each_clock_starts_and_is_met_by_the_events_that_the_rules_name() -> None:
    classes = dict(registered())
    for clock in CLOCKS:
        rule = RULEBOOK.clocks.definitions[ClockId(clock.id)]
        starting = {event for on in clock.starts for event in on.events}
        assert {classes[topic] for topic in rule.starts} <= starting, clock.id
        assert {classes[topic] for topic in rule.ends} <= set(clock.met.events), clock.id


# -- receipt and acceptance ------------------------------------------------------------------------------------


def test_a_report_is_numbered_on_the_day_of_receipt(town: Town) -> None:
    life = Life().receive()
    clock = clocks_of(town, life)["register"]
    assert (clock.started_on, clock.due, clock.running) == (MONDAY, MONDAY, True)
    clock = clocks_of(town, life.wait(1).register())["register"]
    assert (clock.met_on, clock.running) == (date(2026, 3, 3), False)


def test_screening_sent_back_starts_anew(town: Town) -> None:
    life = Life().receive().wait(1).register().wait(1).screen().wait(3)
    life.decide(life.report.return_screening, reason="incomplete")
    clock = clocks_of(town, life)["screen"]
    assert (clock.run, clock.started_on, clock.due) == (2, date(2026, 3, 7), date(2026, 3, 10))


def test_who_gave_his_name_is_told_within_fifteen_working_days_of_receipt(town: Town) -> None:
    """A-26, over a weekend and a worked one."""
    life = Life(day=date(2026, 9, 24)).accepted()
    clock = clocks_of(town, life)["acceptance_notice"]
    assert (clock.started_on, clock.due) == (date(2026, 9, 24), date(2026, 10, 22))
    life.wait(20).decide(life.report.notify_reporter, "clerk", subject="acceptance", mode="phone")
    assert clocks_of(town, life)["acceptance_notice"].met_on == date(2026, 10, 14)


def test_a_notice_of_something_else_does_not_count(town: Town) -> None:
    life = Life().accepted()
    life.decide(life.report.notify_reporter, "clerk", subject="routing", mode="phone")
    assert clocks_of(town, life)["acceptance_notice"].running


def test_who_calls_12380_is_told_by_the_rule_of_12380(town: Town) -> None:
    clocks = clocks_of(town, Life().receive(line="12380"))
    assert "acceptance_notice_12380" in clocks
    assert "acceptance_notice" not in clocks


def test_an_anonymous_reporter_need_not_be_told(town: Town) -> None:
    assert "acceptance_notice" not in clocks_of(town, Life().receive(named=False))


def test_a_name_that_cannot_be_verified_stops_the_notice(town: Town) -> None:
    life = Life().receive().register().screen(named_status=NamedStatus.ANONYMOUS)
    clock = clocks_of(town, life)["acceptance_notice"]
    assert (clock.voided, clock.met_on, clock.running) == (True, None, False)


def test_a_name_found_on_a_second_screening_counts_from_receipt(town: Town) -> None:
    life = Life().receive(named=False).wait(1).register().screen()
    life.decide(life.report.return_screening, reason="incomplete")
    clock = clocks_of(town, life.wait(1).screen(named_status=NamedStatus.VERIFIED))["acceptance_notice"]
    assert (clock.started_on, clock.running) == (MONDAY, True)


def test_a_name_in_doubt_that_is_found_again_counts_from_receipt(town: Town) -> None:
    life = Life().receive().wait(1).register().screen(named_status=NamedStatus.ANONYMOUS)
    life.decide(life.report.return_screening, reason="incomplete")
    clock = clocks_of(town, life.wait(1).screen(named_status=NamedStatus.VERIFIED))["acceptance_notice"]
    assert (clock.run, clock.started_on, clock.running) == (2, MONDAY, True)


DECISIONS = {
    Proposal.NOT_ACCEPT: "not_accept",
    Proposal.FORWARD: "forward_down",
    Proposal.ASSIGN: "assign_down",
    Proposal.REFER: "refer_out",
    Proposal.RETAIN_DUPLICATE: "retain_duplicate",
    Proposal.ROUTE_APPEAL: "route_appeal",
    Proposal.ROUTE_SUGGESTION: "route_suggestion",
}


@pytest.mark.parametrize(("proposal", "command"), DECISIONS.items())
def test_a_report_that_is_not_accepted_here_needs_no_notice_of_acceptance(
    town: Town, proposal: Proposal, command: str
) -> None:
    life = Life().receive().register().screen(proposal)
    life.decide(getattr(life.report, command))
    assert clocks_of(town, life)["acceptance_notice"].voided


def test_the_list_of_notices_shows_who_must_still_be_told_wherever_the_report_is(town: Town) -> None:
    life = Life().accepted().transfer()
    clerk = queries.Viewer(officer="clerk", roles=frozenset({"intake_clerk"}), offices=frozenset({"petition"}))

    def listed() -> bool:
        town.tell(life)
        with town.store.reading() as reader:
            return life.id in {row.report_id for row in queries.notices_due(reader, clerk, limit=1000).rows}

    assert listed()
    life.decide(life.report.notify_reporter, "clerk", subject="acceptance", mode="phone")
    assert not listed()


# -- superior and subordinate ----------------------------------------------------------------------------------


def test_a_sealed_report_goes_up_within_five_working_days(town: Town) -> None:
    life = Life().receive_sealed()
    assert clocks_of(town, life)["report_to_superior"].due == date(2026, 3, 9)
    assert life.sealed
    life.wait(2)
    life.sealed.register(life.stamp("clerk"), "径1号")
    life.sealed.report_to_superior(life.stamp("clerk"), "site")
    assert clocks_of(town, life.did(life.sealed))["report_to_superior"].met_on == date(2026, 3, 4)


def test_after_a_late_by_pass_the_five_days_count_from_the_first_receipt(town: Town) -> None:
    life = Life().receive().wait(3).register().bypass()
    town.tell(life)
    assert life.sealed
    with town.store.reading() as reader:
        (clock,) = queries.clocks_of(reader, life.sealed.id)
        assert queries.clocks_of(reader, life.id) == ()
    assert (clock.clock_id, clock.started_on) == ("report_to_superior", MONDAY)


def test_the_superior_confirms_within_five_working_days_that_he_has_it(town: Town) -> None:
    life = Life().receive_sealed()
    assert "superior_acknowledgement" not in clocks_of(town, life)
    assert life.sealed
    life.wait(2)
    life.sealed.register(life.stamp("clerk"), "径2号")
    life.sealed.report_to_superior(life.stamp("clerk"), "site")
    clock = clocks_of(town, life.did(life.sealed))["superior_acknowledgement"]
    assert (clock.started_on, clock.due, clock.running) == (date(2026, 3, 4), date(2026, 3, 11), True)
    life.wait(9)
    with town.store.reading() as reader:
        late = [
            one for one in queries.overdue(reader, date(2026, 3, 13), limit=1000).rows if one.clock.case_id == life.id
        ]
    assert [(one.clock.clock_id, one.number, one.office) for one in late] == [
        ("superior_acknowledgement", "径2号", "petition")
    ]
    life.sealed.acknowledge(life.stamp("superior"))
    assert clocks_of(town, life.did(life.sealed))["superior_acknowledgement"].met_on == date(2026, 3, 13)


def test_what_is_added_after_it_went_up_has_five_working_days_of_its_own(town: Town) -> None:
    life = Life().receive_sealed().supplement()
    assert "additions_to_superior" not in clocks_of(town, life)  # it goes with the report
    assert life.sealed
    life.sealed.register(life.stamp("clerk"), "径3号")
    life.sealed.report_to_superior(life.stamp("clerk"), "site")
    life.sealed.acknowledge(life.stamp("superior"))
    life.sealed.destroy(life.stamp("head"), ())
    clock = clocks_of(town, life.did(life.sealed).wait(1).supplement())["additions_to_superior"]
    assert (clock.started_on, clock.due, clock.running) == (date(2026, 3, 3), date(2026, 3, 10), True)
    life.wait(1)
    life.sealed.report_additions(life.stamp("head"))
    clocks = clocks_of(town, life.did(life.sealed))
    assert clocks["additions_to_superior"].met_on == date(2026, 3, 4)
    assert (clocks["superior_acknowledgement"].run, clocks["superior_acknowledgement"].running) == (2, True)


def test_the_lower_body_decides_within_five_working_days_of_its_receipt(town: Town) -> None:
    life = Life().receive().register().screen(Proposal.FORWARD)
    life.decide(life.report.forward_down).wait(4)
    life.decide(life.report.acknowledge_from_below, "clerk", received_on="2026-03-04")
    clock = clocks_of(town, life)["subordinate_decision"]
    assert (clock.started_on, clock.due) == (date(2026, 3, 4), date(2026, 3, 11))
    life.decide(life.report.report_from_below, "clerk", stage="accepted")
    assert clocks_of(town, life)["subordinate_decision"].met_on == date(2026, 3, 6)


def test_a_day_of_receipt_that_is_none_counts_as_the_day_of_the_event(town: Town) -> None:
    life = Life().receive().register().screen(Proposal.FORWARD)
    life.decide(life.report.forward_down)
    life.decide(life.report.acknowledge_from_below, "clerk", received_on="昨天")
    assert clocks_of(town, life)["subordinate_decision"].started_on == MONDAY


def test_an_assigned_report_is_answered_within_three_months_by_its_result(town: Town) -> None:
    life = Life().receive().register().screen(Proposal.ASSIGN)
    life.decide(life.report.assign_down)
    life.decide(life.report.report_from_below, "clerk", stage="accepted")
    clock = clocks_of(town, life)["assigned_report"]
    assert (clock.due, clock.running) == (date(2026, 6, 2), True)
    life.decide(life.report.report_from_below, "clerk", stage="result")
    assert not clocks_of(town, life)["assigned_report"].running


# -- handling --------------------------------------------------------------------------------------------------


def test_transfer_and_distribution_take_three_working_days_each(town: Town) -> None:
    life = Life().accepted()
    assert clocks_of(town, life)["transfer"].due == date(2026, 3, 5)
    life.transfer().enter_clue()
    clocks = clocks_of(town, life)
    assert clocks["transfer"].met_on == MONDAY
    assert (clocks["distribute"].due, clocks["distribute"].running) == (date(2026, 3, 5), True)
    assert not clocks_of(town, life.distribute())["distribute"].running


def test_the_disposition_is_proposed_within_a_month_and_a_returned_one_counts_for_nothing(town: Town) -> None:
    life = Life().accepted().transfer().enter_clue().distribute()
    assert clocks_of(town, life)["disposition"].due == date(2026, 4, 2)
    life.wait(3).propose_disposition()
    assert clocks_of(town, life)["disposition"].met_on == date(2026, 3, 5)
    assert life.clue
    life.clue.return_disposition(life.stamp("deputy", "leadership"), "unfounded")
    clock = clocks_of(town, life.did(life.clue))["disposition"]
    assert (clock.run, clock.due, clock.met_on, clock.running) == (1, date(2026, 4, 2), None, True)


def test_a_report_that_is_given_back_takes_its_handling_clocks_away(town: Town) -> None:
    life = Life().accepted().transfer().enter_clue().distribute().wait(5)
    life.report.propose_return(life.stamp("inspector", "dept-1"), "no_substance")
    life.report.approve_return(life.stamp("deputy", "leadership"), "no_substance")
    clocks = clocks_of(town, life.did(life.report))
    assert clocks["disposition"].voided
    assert (clocks["screen"].run, clocks["screen"].running) == (2, True)
    assert clocks["acceptance_notice"].running


def test_a_held_clue_is_looked_at_again_after_six_months(town: Town) -> None:
    life = Life().accepted().transfer().enter_clue().distribute()
    life.propose_disposition(Disposition.HELD).approve_disposition()
    clocks = clocks_of(town, life)
    assert clocks["held_review"].running
    assert "preliminary_verification" not in clocks


def test_the_result_is_told_within_fifteen_working_days_of_closing(town: Town) -> None:
    life = Life().handled().close()
    assert clocks_of(town, life)["result_feedback"].due == date(2026, 3, 23)
    assert clocks_of(town, life.wait(1).feed_back())["result_feedback"].met_on == date(2026, 3, 3)


# -- in general ------------------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(life=lives())
def test_a_clock_runs_or_was_met_or_is_pointless_and_shows_in_the_queue(town: Town, life: Life) -> None:
    rows = list(all_clocks(town, life))
    for row in rows:
        assert [row.running, row.met_on is not None, row.voided].count(True) == 1
        due = RULEBOOK.clocks.deadline(ClockId(row.clock_id), row.started_on).end
        assert (row.due, row.raw, row.provisional) == (due.on, due.raw, due.provisional)
    running = [row for row in rows if row.running]
    assert len({row.clock_id for row in running}) == len(running)
    with town.store.reading() as reader:
        report = queries.report(reader, life.id)
        if report is not None:
            assert report.due == min((row.due for row in running if row.case_id == life.id), default=None)
        today = date(2026, 4, 1)
        late = {(one.clock.case_id, one.clock.clock_id) for one in overdue(town, today)}
        for row in running:
            assert ((row.case_id, row.clock_id) in late) == (row.due < today)


def all_clocks(town: Town, life: Life) -> Iterator[ClockRow]:
    town.tell(life)
    with town.store.reading() as reader:
        yield from queries.clocks_of(reader, life.id)
        if life.sealed and life.sealed.id != life.id:
            yield from queries.clocks_of(reader, life.sealed.id)


def overdue(town: Town, today: date) -> Iterator[queries.Overdue]:
    after = ""
    with town.store.reading() as reader:
        while True:
            page = queries.overdue(reader, today, after, limit=100)
            yield from page.rows
            after = page.next
            if not after:
                return


def test_overdue_clocks_come_oldest_first_with_their_number_and_office(town: Town) -> None:
    life = Life(day=date(2026, 1, 5)).receive().register()
    town.tell(life)
    found = list(overdue(town, date(2026, 2, 1)))
    assert [one.clock.due for one in found] == sorted(one.clock.due for one in found)
    (mine,) = [one for one in found if one.clock.case_id == life.id and one.clock.clock_id == "screen"]
    assert (mine.number, mine.office, mine.awaiting_role) == (life.report.number, "petition", "intake_clerk")
