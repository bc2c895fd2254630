"""Officers, sealed reports, messages, and the few facts that cross to the public site."""

from dataclasses import fields
from datetime import date

import pytest
from hypothesis import given, settings

from projections import queries
from projections.public_status import PublicMessage, PublicStatus
from projections.queries import Viewer
from supervision.domain.codes import Proposal, ReportState, StatusWord
from supervision.domain.status import status_word
from tests.support.lives import Life
from tests.support.random_lives import lives
from tests.support.towns import Town, people

HEAD = Viewer(officer="head", roles=frozenset({"petition_head"}), offices=frozenset({"petition"}))


@pytest.fixture
def town(database_url: str) -> Town:
    return Town(database_url)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town(f"sqlite:///{tmp_path_factory.mktemp('read') / 'read.sqlite3'}")


def public(town: Town, life: Life) -> PublicStatus:
    town.tell(life)
    with town.store.reading() as reader:
        status = queries.public_status(reader, life.id)
    assert status is not None
    return status


# -- what the reporter may know --------------------------------------------------------------------------------


@settings(max_examples=30)
@given(life=lives())
def test_the_word_that_the_reporter_reads_follows_the_report(long_lived: Town, life: Life) -> None:
    """Step by step, the row leads to the word that the domain gives for the states gone through."""
    events, life.events = life.events, []
    shown, before = StatusWord.RECEIVED, None
    for event in events:
        life.events = [event]
        long_lived.tell(life)
        with long_lived.store.reading() as reader:
            report, status = queries.report(reader, life.id), queries.public_status(reader, life.id)
        if report is not None and report.state != before:
            before = report.state
            shown = status_word(ReportState(report.state), shown)
        if status is not None:
            assert status_word(ReportState(status.state)) == shown


def test_the_row_that_crosses_has_no_position_office_officer_or_hour(town: Town) -> None:
    status = public(town, Life().handled().close())
    assert {field.name for field in fields(PublicStatus)} == {
        "stream_id",
        "state",
        "refusal",
        "named",
        "feedback_wanted",
        "received_on",
        "changed_on",
        "messages",
    }
    assert (status.state, status.named, status.received_on) == ("closed", True, date(2026, 3, 2))


def test_steps_inside_the_office_are_no_news(town: Town) -> None:
    life = Life().receive()
    came = public(town, life)
    assert public(town, life.wait(1).register().wait(1).screen()) == came
    assert public(town, life.wait(1).accept()).changed_on == date(2026, 3, 5)


def test_a_refusal_tells_its_reason_code(town: Town) -> None:
    life = Life().receive().register().screen(Proposal.NOT_ACCEPT)
    status = public(town, life.decide(life.report.not_accept))
    assert (status.state, status.refusal) == ("not_accepted", "other_body")


def test_a_sealed_report_and_a_by_passed_one_look_alike(town: Town) -> None:
    sealed, passed = public(town, Life().receive_sealed()), public(town, Life().receive().register().bypass())
    assert {f.name: getattr(sealed, f.name) for f in fields(sealed) if f.name != "stream_id"} == {
        f.name: getattr(passed, f.name) for f in fields(passed) if f.name != "stream_id"
    }


def test_the_reporter_reads_templates_and_approved_texts_only(town: Town) -> None:
    life = Life().receive().draft("m1").draft("m2").draft("m3")
    exchange = life.correspondence
    exchange.send_template(life.stamp("clerk"), report=life.id, template="acceptance")
    exchange.approve_message(life.wait(1).stamp("head"), "m2")
    exchange.refuse_message(life.stamp("head"), "m3", "repeats_report")
    assert public(town, life.did(exchange)).messages == (
        PublicMessage(date(2026, 3, 2), "acceptance", ""),
        PublicMessage(date(2026, 3, 3), "", "m2"),
    )
    with town.store.reading() as reader:
        states = [(row.message or row.template, row.state) for row in queries.messages(reader, life.id)]
        assert [row.message for row in queries.drafts_awaiting(reader, HEAD).rows] == ["m1"]
        own = Viewer(officer="clerk", roles=HEAD.roles, offices=HEAD.offices)
        assert queries.drafts_awaiting(reader, own).rows == ()
    assert states == [("m1", "draft"), ("m2", "approved"), ("m3", "refused"), ("acceptance", "sent")]


def test_a_withdrawn_wish_is_seen_on_both_sides(town: Town) -> None:
    life = Life().receive()
    life.correspondence.withdraw_feedback_wish(life.stamp("reporter", ""), report=life.id)
    assert not public(town, life.did(life.correspondence)).feedback_wanted
    with town.store.reading() as reader:
        report = queries.report(reader, life.id)
    assert report and not report.feedback_wanted


def test_additions_are_listed_and_of_a_sealed_report_only_that_they_came(town: Town) -> None:
    open_one, sealed = Life().receive().supplement().supplement(), Life().receive_sealed().supplement()
    town.tell(open_one, sealed)
    with town.store.reading() as reader:
        assert [(row.ordinal, row.attachments) for row in queries.supplements(reader, open_one.id)] == [(1, 3), (2, 3)]
        assert [(row.ordinal, row.attachments) for row in queries.supplements(reader, sealed.id)] == [(1, 0)]


# -- sealed reports --------------------------------------------------------------------------------------------


def test_a_sealed_report_is_followed_until_it_is_destroyed(town: Town) -> None:
    life = Life().receive_sealed()
    sealed = life.sealed
    assert sealed
    sealed.register(life.stamp("clerk"), "径1号")
    sealed.report_to_superior(life.wait(1).stamp("clerk"), "site")
    sealed.acknowledge(life.wait(1).stamp("superior", "superior"))
    sealed.destroy(life.wait(1).stamp("clerk"), ())
    town.tell(life.did(sealed))
    with town.store.reading() as reader:
        row = queries.sealed_report(reader, life.id)
        assert row == queries.sealed_by_reference(reader, sealed.reference)
    assert row
    assert (row.number, row.state, row.version) == ("径1号", "destroyed", 5)
    assert [day.day for day in (row.received_on, row.reported_on, row.acknowledged_on, row.destroyed_on) if day] == [
        2,
        3,
        4,
        5,
    ]


def test_sealed_reports_are_listed_by_receipt_page_by_page(town: Town) -> None:
    several = [Life(day=date(2026, 3, 10 - i)).receive_sealed() for i in range(5)]
    late = Life(day=date(2026, 3, 1)).receive().wait(9).bypass()
    town.tell(*several, late)
    with town.store.reading() as reader:
        first = queries.sealed_reports(reader, frozenset({"petition"}), "received", limit=4)
        second = queries.sealed_reports(reader, after=first.next, limit=4)
        assert queries.sealed_reports(reader, frozenset({"personnel"})).rows == ()
    assert late.sealed
    listed = [row.sealed_id for row in (*first.rows, *second.rows)]
    assert listed == [late.sealed.id, *(life.id for life in reversed(several))]


# -- officers --------------------------------------------------------------------------------------------------


def test_officers_are_known_with_their_duties_and_keys(town: Town) -> None:
    town.shelf.add(*people())
    town.runner.run_once()
    with town.store.reading() as reader:
        assert [row.officer for row in queries.officers(reader)] == ["inspector", "clerk"]
        assert [row.officer for row in queries.officers(reader, role="intake_clerk")] == ["clerk"]
        assert [row.officer for row in queries.officers(reader, office="petition", departed=True)] == ["clerk", "gone"]
        clerk, gone = queries.officer(reader, "clerk"), queries.officer(reader, "gone")
    assert clerk and (clerk.name, clerk.office, clerk.enrolled, clerk.holds) == (
        "某clerk",
        "petition",
        True,
        ("petition",),
    )
    assert gone and (gone.departed, gone.holds) == (True, ())


# -- clues -----------------------------------------------------------------------------------------------------


def test_the_clue_supervisor_has_a_ledger_of_clues(town: Town) -> None:
    several = [Life(f"c{i}", day=date(2026, 3, 2 + i)).accepted().transfer().enter_clue() for i in range(4)]
    handled = Life("c9", day=date(2026, 3, 1)).handled().close()
    town.tell(*several, handled)
    with town.store.reading() as reader:
        first = queries.clues(reader, HEAD, limit=3)
        second = queries.clues(reader, HEAD, after=first.next, limit=3)
        assert [str(row.clue_id) for row in (*first.rows, *second.rows)] == [
            life.report.clue for life in (*reversed(several), handled)
        ]
        (done,) = queries.clues(reader, HEAD, state="concluded").rows
        assert done == queries.clue_by_number(reader, "云线〔2026〕c9号") == queries.clue(reader, done.clue_id)
        report = queries.report_of_clue(reader, done.clue_id)
    assert (done.result, done.handlers, done.disposition) == (
        "not_proved",
        ("inspector", "inspector-2"),
        "talk_inquiry",
    )
    assert report and report.report_id == handled.id
