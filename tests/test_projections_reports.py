"""The row of a report says what the report's aggregate says, who acts next, and what the office may know in clear."""

from collections.abc import Callable
from dataclasses import fields
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings

from projections import awaiting, catalogue, queries
from projections.facts import Facts
from projections.report_changes import queued
from projections.report_row import REPORT, ReportRow
from projections.runner import Runner
from supervision.domain.codes import ClueState, Jurisdiction, Proposal, ReportState, Role
from tests.support.lives import Life
from tests.support.random_lives import lives, towns
from tests.support.towns import Archive, Rules, Town, read_store

SETTINGS = settings(max_examples=100)
EVERYBODY = queries.Viewer(officer="head", roles=frozenset({"petition_head"}), offices=None)


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town(f"sqlite:///{tmp_path_factory.mktemp('read') / 'read.sqlite3'}")


def row_of(town: Town, life: Life) -> ReportRow:
    """The row after all that happened in the life."""
    town.tell(life)
    with town.store.reading() as reader:
        row = queries.report(reader, life.id)
    assert row is not None
    return row


def test_the_row_has_a_field_for_each_column() -> None:
    assert [field.name for field in fields(ReportRow)] == [column.name for column in REPORT.c]


@SETTINGS
@given(life=lives())
def test_the_row_says_what_the_aggregate_says(town: Town, life: Life) -> None:
    if not life.report.version:
        return
    report, row = life.report, row_of(town, life)
    assert (row.state, row.version, row.reference, row.number) == (
        report.state,
        report.version,
        report.reference,
        report.number,
    )
    if report.state is ReportState.SEALED:
        return
    assert (row.office, row.channel, row.line, row.named_claim, row.named_status, row.result) == (
        report.office,
        report.channel,
        report.line,
        report.claimed_named,
        report.named_status,
        report.result,
    )
    assert (row.matter_class, row.jurisdiction, row.return_proposer, row.bypass_proposer, row.excluded) == (
        report.matter_class,
        report.jurisdiction,
        report.return_proposer,
        report.bypass_proposer,
        tuple(sorted(report.excluded)),
    )
    assert str(row.original or "") == report.original
    assert str(row.clue_id or "") == report.clue
    assert row.supplements == life.correspondence.supplements
    assert row.pending_drafts == len(life.correspondence.drafts)
    if life.clue is not None:
        assert row.clue_state == life.clue.state
        assert row.handlers == life.clue.assigned
        if life.clue.distribution_approver:
            assert row.department == life.clue.department
    else:
        assert (row.clue_state, row.department) == ("", report.department)


@SETTINGS
@given(life=lives())
def test_somebody_acts_next_until_the_report_is_filed_or_sealed(town: Town, life: Life) -> None:
    if life.report.version:
        row = row_of(town, life)
        finished = row.state in {"archived", "sealed"}
        assert (row.awaiting_role == "") == finished
        assert (row.awaiting_office == "") == finished
        assert row.awaiting_role != "inspector" or row.handlers


@pytest.mark.parametrize("state", ReportState)
@pytest.mark.parametrize("clue", ["", *ClueState])
def test_every_state_knows_who_acts_next(state: str, clue: str) -> None:
    role, office = awaiting.next_to_act(
        state,
        clue_state=clue,
        return_pending=False,
        office="petition",
        department="dept-1",
        notified_office="clue",
        handled=True,
    )
    assert bool(role) == bool(office) == (state not in {"archived", "sealed"})
    assert not role or role in set(Role)


STEPS: dict[str, tuple[Callable[[], Life], str, str]] = {
    "a report that came in": (lambda: Life().receive(), "intake_clerk", "petition"),
    "a numbered one": (lambda: Life().receive().register(), "intake_clerk", "petition"),
    "a screened one": (lambda: Life().receive().register().screen(), "petition_head", "petition"),
    "an accepted one": (lambda: Life().accepted(), "petition_head", "petition"),
    "a transferred one": (lambda: Life().accepted().transfer(), "clue_supervisor", "clue"),
    "an entered clue": (lambda: Life().accepted().transfer().enter_clue(), "clue_supervisor", "clue"),
    "a distributed one": (
        lambda: Life().accepted().transfer().enter_clue().distribute(),
        "inspector",
        "dept-1",
    ),
    "one with a proposed disposition": (
        lambda: Life().accepted().transfer().enter_clue().distribute().propose_disposition(),
        "deputy_in_charge",
        "dept-1",
    ),
    "one that is handled": (lambda: Life().handled(), "inspector", "dept-1"),
    "a closed one": (lambda: Life().handled().close(), "inspector", "dept-1"),
    "one fed back": (lambda: Life().handled().close().feed_back(), "intake_clerk", "petition"),
}


@pytest.mark.parametrize(("life", "role", "office"), STEPS.values(), ids=STEPS.keys())
def test_who_acts_next_on(town: Town, life: Callable[[], Life], role: str, office: str) -> None:
    one = life()
    row = row_of(town, one)
    assert (row.awaiting_role, row.awaiting_office) == (role, office)


def test_a_distribution_waits_for_the_principal(town: Town) -> None:
    life = Life().accepted().transfer().enter_clue()
    assert life.clue
    life.clue.propose_distribution(life.stamp("supervisor", "clue"), "dept-2", ("inspector",), "clerk")
    life.did(life.clue)
    row = row_of(town, life)
    assert (row.awaiting_role, row.handlers, row.department) == ("principal", (), "dept-1")


def test_a_return_waits_for_the_deputy_and_leads_back_to_the_clerk(town: Town) -> None:
    life = Life().accepted().transfer().enter_clue().distribute()
    assert life.clue
    life.report.propose_return(life.stamp("inspector", "dept-1"), "no_substance")
    row = row_of(town, life.did(life.report))
    assert (row.awaiting_role, row.return_pending) == ("deputy_in_charge", True)
    life.report.approve_return(life.stamp("deputy", "leadership"), "no_substance")
    life.clue.withdraw(life.stamp("deputy", "leadership"), "no_substance")
    row = row_of(town, life.did(life.report, life.clue))
    assert (row.awaiting_role, row.return_pending, row.clue_id, row.handlers) == ("intake_clerk", False, None, ())


def test_a_clue_may_be_entered_before_its_report_is_transferred(town: Town) -> None:
    life = Life().accepted().transfer().enter_clue()
    life.events[-2:] = reversed(life.events[-2:])
    row = row_of(town, life)
    assert (row.state, row.clue_state, str(row.clue_id)) == ("transferred", "recorded", life.report.clue)


# -- facts -----------------------------------------------------------------------------------------------------


def test_the_office_sees_its_facts_in_clear(town: Town) -> None:
    life = Life().receive()
    row = row_of(town, life)
    assert row.category == ("违反组织纪律行为", "违反干部选拔任用规定")
    assert (row.unit, row.post, row.rank) == ("云岫县石桥镇党委", "党委书记", "正乡科级")
    assert (row.area_code, row.managed_by, row.jurisdiction_hint) == ("990123", "县委管理", "本级")
    assert [one.unit for one in row.respondents] == ["云岫县石桥镇党委"]


def test_a_new_classification_replaces_the_old(town: Town) -> None:
    life = Life().receive().register()
    other = {"respondents": [{"unit": "甲"}, {"unit": "乙", "post": "主任"}], "categories": ["其他"]}
    life.report.screen(life.stamp("clerk"), life.screening(Proposal.ACCEPT), facts_sealing=life.facts(other))
    row = row_of(town, life.did(life.report))
    assert (row.unit, row.post, row.category, row.jurisdiction_hint) == ("甲", "", ("其他",), "")
    assert [one.post for one in row.respondents] == ["", "主任"]


def test_facts_that_are_not_there_leave_the_columns_empty(town: Town) -> None:
    life = Life().receive()
    life.custody.clear()
    row = row_of(town, life)
    assert (row.category, row.unit, row.respondents) == ((), "", ())


@pytest.mark.parametrize(
    "facts",
    [{}, {"respondents": None}, {"respondents": ["x", {"unit": 3}]}, {"categories": "x"}, {"jurisdiction": []}],
)
def test_malformed_facts_are_taken_as_far_as_they_go(facts: dict[str, object]) -> None:
    read = Facts.read(facts)
    assert (read.category, read.jurisdiction, read.first.unit) == ((), "", "")


# -- by-pass (A-15) --------------------------------------------------------------------------------------------


@SETTINGS
@given(several=towns(2))
def test_after_the_by_pass_a_row_says_only_that_it_came(town: Town, several: list[Life]) -> None:
    town.tell(*several)
    for life in several:
        if life.report.state is ReportState.SEALED:
            row = row_of(town, life)
            came = {"report_id", "version", "position", "reference", "number", "office", "channel", "received_on"}
            bare = ReportRow(
                report_id=row.report_id, version=0, position=0, reference="", office="", channel="",
                received_on=date.min, state="sealed",
            )  # fmt: skip
            for field in fields(ReportRow):
                if field.name not in came:
                    expected = queued(row, ()).queue_key if field.name == "queue_key" else getattr(bare, field.name)
                    assert getattr(row, field.name) == expected, field.name


def test_what_a_by_passed_report_said_is_gone_from_the_files(tmp_path: Path) -> None:
    """Also from pages that SQLite no longer uses, and from its write-ahead log."""
    archive = Archive(f"sqlite:///{tmp_path / 'log.sqlite3'}", tmp_path)
    path = tmp_path / "read.sqlite3"
    store = read_store(f"sqlite:///{path}")
    runner = Runner(archive.ledger, store, catalogue.projections(archive.opener, Rules()))
    sentinel = "哨兵单位"
    life = Life().receive(facts={"respondents": [{"unit": sentinel}], "categories": [sentinel]})
    archive.write(life.register(), Life("other").receive())
    runner.run_once()
    with store.reading() as reader:
        assert [row.unit for row in queries.search(reader, EVERYBODY, sentinel)] == [sentinel]
    assert sentinel.encode() in b"".join(file.read_bytes() for file in tmp_path.glob("read.sqlite3*"))
    archive.write(life.bypass())
    runner.run_once()
    assert sentinel.encode() not in b"".join(file.read_bytes() for file in tmp_path.glob("read.sqlite3*"))
    with store.reading() as reader:
        assert queries.clocks_of(reader, life.id) == ()
        assert queries.search(reader, EVERYBODY, sentinel) == ()


def test_a_report_of_the_superior_is_never_a_row_of_its_own(town: Town) -> None:
    life = Life().receive_sealed()
    town.tell(life)
    with town.store.reading() as reader:
        assert queries.report(reader, life.id) is None


def test_a_jurisdiction_is_the_code_that_was_decided(town: Town) -> None:
    life = Life().receive().register().screen(Proposal.FORWARD)
    assert row_of(town, life).jurisdiction == Jurisdiction.SUBORDINATE
