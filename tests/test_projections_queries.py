"""The queues: in order, page by page without a gap, only what one may see, and no slower for being long."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID, uuid5

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from projections import catalogue, queries
from projections.queries import Filter, Scope, Viewer
from projections.report_row import REPORT, ReportRow, queue_key
from projections.runner import Runner
from projections.store import Reader, ReadStore
from supervision.domain.codes import Proposal, ReportState, UrgentReason
from tests.support.lives import Life
from tests.support.log import NAMESPACE
from tests.support.random_lives import lives
from tests.support.towns import Opener, Rules, Shelf, Town, read_store

CLERK = Viewer(officer="clerk", roles=frozenset({"intake_clerk"}), offices=frozenset({"petition"}))
INSPECTOR = Viewer(officer="inspector", roles=frozenset({"inspector"}), offices=frozenset({"dept-1"}))
PRINCIPAL = Viewer(officer="principal", roles=frozenset({"principal"}), offices=None)
EVERYBODY = Viewer(officer="all", roles=frozenset({"intake_clerk", "petition_head"}), offices=None)


@pytest.fixture
def town(database_url: str) -> Town:
    return Town(database_url)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town(f"sqlite:///{tmp_path_factory.mktemp('read') / 'read.sqlite3'}")


ANY = Filter()


def ids(rows: tuple[ReportRow, ...]) -> list[UUID]:
    return [row.report_id for row in rows]


def pages(
    reader: Reader, viewer: Viewer, scope: Scope = Scope.MINE, only: Filter = ANY, limit: int = 3
) -> Iterator[ReportRow]:
    after = ""
    while True:
        page = queries.queue(reader, viewer, scope, only, after, limit)
        assert len(page.rows) <= limit
        yield from page.rows
        after = page.next
        if not after:
            return


# -- order -----------------------------------------------------------------------------------------------------


def test_urgent_comes_before_named_before_what_is_due_first(town: Town) -> None:
    monday = date(2026, 3, 2)
    anonymous_late = Life(day=monday).receive(named=False)
    anonymous_later = Life(day=monday + timedelta(days=7)).receive(named=False)
    named = Life(day=monday + timedelta(days=14)).receive()
    urgent = (
        Life(day=monday + timedelta(days=14)).receive(named=False).register().screen(urgent_reason=UrgentReason.DANGER)
    )
    urgent.decide(urgent.report.return_screening, reason="incomplete")
    several = [anonymous_later, named, anonymous_late, urgent]
    town.tell(*several)
    with town.store.reading() as reader:
        found = queries.queue(reader, CLERK).rows
    assert ids(found) == [urgent.id, named.id, anonymous_late.id, anonymous_later.id]


def test_the_queue_of_an_officer_is_what_waits_for_him(town: Town) -> None:
    came, screened, handled = Life().receive(), Life().receive().register().screen(), Life().handled()
    elsewhere = Life().receive(office="personnel")
    town.tell(came, screened, handled, elsewhere)
    head = replace(CLERK, officer="head", roles=frozenset({"petition_head"}))
    both = replace(CLERK, roles=CLERK.roles | head.roles)
    clerk_of_12380 = Viewer(officer="p", roles=frozenset({"personnel_clerk"}), offices=frozenset({"personnel"}))
    with town.store.reading() as reader:
        assert ids(queries.queue(reader, CLERK).rows) == [came.id]
        assert ids(queries.queue(reader, head).rows) == [screened.id]
        assert set(ids(queries.queue(reader, both).rows)) == {came.id, screened.id}
        assert ids(queries.queue(reader, INSPECTOR).rows) == [handled.id]
        assert ids(queries.queue(reader, replace(INSPECTOR, officer="other")).rows) == []
        assert ids(queries.queue(reader, clerk_of_12380).rows) == [elsewhere.id]


def test_the_principal_sees_what_waits_for_him_and_for_his_deputy(town: Town) -> None:
    proposed = Life().accepted().transfer().enter_clue().distribute().propose_disposition()
    clue = Life().accepted().transfer().enter_clue()
    assert clue.clue
    clue.clue.propose_distribution(clue.stamp("supervisor", "clue"), "dept-1", ("inspector",), "clerk")
    town.tell(proposed, clue.did(clue.clue))
    with town.store.reading() as reader:
        assert set(ids(queries.queue(reader, PRINCIPAL).rows)) == {proposed.id, clue.id}


def test_all_of_an_office_are_listed_once_wherever_they_are(town: Town) -> None:
    came, handled = Life().receive(), Life().handled()
    finished = Life().receive().register().screen(Proposal.REFER)
    finished.decide(finished.report.refer_out).decide(finished.report.archive, "clerk", retention="ten_years")
    inside = Life().accepted().transfer("petition")  # the same office received it and handles it
    town.tell(came, handled, finished, inside)
    with town.store.reading() as reader:
        listed = ids(queries.queue(reader, CLERK, Scope.OFFICES).rows)
        assert sorted(listed) == sorted([came.id, handled.id, inside.id])
        assert ids(queries.queue(reader, INSPECTOR, Scope.OFFICES).rows) == [handled.id]
        archived = Filter(state="archived")
        assert ids(queries.queue(reader, CLERK, Scope.OFFICES, archived).rows) == [finished.id]
        everything = queries.queue(reader, EVERYBODY, Scope.OFFICES).rows
        assert set(ids(everything)) == {came.id, handled.id, inside.id}


# -- pages -----------------------------------------------------------------------------------------------------


@settings(max_examples=20)
@given(life=lives(), limit=st.integers(1, 7), state=st.sampled_from(["", *ReportState]))
@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("viewer", [CLERK, INSPECTOR, PRINCIPAL, EVERYBODY], ids=lambda viewer: viewer.officer)
def test_pages_follow_each_other_without_gap_or_repeat(
    long_lived: Town, scope: Scope, viewer: Viewer, life: Life, limit: int, state: str
) -> None:
    long_lived.tell(life)
    with long_lived.store.reading() as reader:
        only = Filter(state=state)
        in_pages = [row.queue_key for row in pages(reader, viewer, scope, only, limit)]
        at_once = [row.queue_key for row in queries.queue(reader, viewer, scope, only, limit=10_000).rows]
    assert in_pages == at_once == sorted(set(at_once))


@pytest.mark.parametrize("urgent", [None, True, False])
@pytest.mark.parametrize("named", [None, True, False])
@pytest.mark.parametrize("state", ["", "received", "registered"])
@pytest.mark.parametrize("overdue_on", [None, date(2026, 3, 4)])
def test_a_filter_leaves_exactly_what_fits(
    long_lived: Town, urgent: bool | None, named: bool | None, state: str, overdue_on: date | None
) -> None:
    if not long_lived.shelf.head():
        long_lived.tell(*(Life(day=date(2026, 3, 2 + i)).receive(named=i % 2 == 0) for i in range(6)))
    with long_lived.store.reading() as reader:
        every = list(pages(reader, EVERYBODY, limit=100))
        only = Filter(state=state, urgent=urgent, named=named, overdue_on=overdue_on)
        found = list(pages(reader, EVERYBODY, only=only, limit=2))
    assert found == [
        row
        for row in every
        if (not state or row.state == state)
        and urgent in (None, row.urgent)
        and named in (None, row.named_status != "anonymous")
        and (overdue_on is None or (row.due is not None and row.due < overdue_on))
    ]


def test_a_report_that_comes_while_one_turns_pages_disturbs_none_of_them(town: Town) -> None:
    town.tell(*(Life(f"p{i}", day=date(2026, 3, 2)).receive() for i in range(5)))
    with town.store.reading() as reader:
        first = queries.queue(reader, CLERK, limit=2)
    town.tell(Life("q", day=date(2026, 2, 2)).receive())
    with town.store.reading() as reader:
        rest = queries.queue(reader, CLERK, after=first.next, limit=10)
    assert len(set(ids(first.rows) + ids(rest.rows))) == 5


# -- who may see -----------------------------------------------------------------------------------------------


def test_whoever_is_excluded_finds_the_report_nowhere(town: Town) -> None:
    life = Life().receive().register()
    life.exclude("clerk", "kinship")
    town.tell(life.draft(actor="head"))
    other = replace(CLERK, officer="clerk-2")
    with town.store.reading() as reader:
        for viewer, sees in ((CLERK, False), (other, True)):
            assert (life.id in ids(queries.queue(reader, viewer).rows)) == sees
            assert (life.id in ids(queries.queue(reader, viewer, Scope.OFFICES).rows)) == sees
            assert bool(queries.search(reader, viewer, life.report.number)) == sees
            assert bool(queries.drafts_awaiting(reader, viewer).rows) == sees
            assert queries.may_see(reader, viewer, life.id) == sees
            assert queries.is_excluded(reader, life.id, viewer.officer) != sees
            assert queries.dashboard(reader, viewer, date(2026, 3, 2)).awaiting.value == sees


def test_another_office_may_not_see_it_and_a_handler_may(town: Town) -> None:
    life = Life().accepted().transfer("dept-2").enter_clue().distribute("inspector", department="dept-2")
    town.tell(life)
    with town.store.reading() as reader:
        assert queries.may_see(reader, CLERK, life.id)
        assert queries.may_see(reader, INSPECTOR, life.id)  # handles it, though in another office
        assert not queries.may_see(reader, replace(INSPECTOR, officer="other"), life.id)
        assert queries.may_see(reader, PRINCIPAL, life.id)


def test_a_clue_is_hidden_with_its_report(town: Town) -> None:
    life = Life().accepted().transfer().enter_clue()
    life.exclude("inspector", "kinship")
    town.tell(life)
    with town.store.reading() as reader:
        assert queries.clues(reader, INSPECTOR).rows == ()
        assert [row.clue_id for row in queries.clues(reader, PRINCIPAL).rows] == [UUID(life.report.clue)]


# -- search and numbers ----------------------------------------------------------------------------------------


def test_search_finds_by_the_beginning_of_number_reference_and_unit(town: Town) -> None:
    life, other = Life("0001").receive().register(), Life("0002").receive(facts={}).register()
    town.tell(life, other)
    with town.store.reading() as reader:
        assert ids(queries.search(reader, CLERK, " 云信〔2026〕0001号 ")) == [life.id]
        assert set(ids(queries.search(reader, CLERK, "云信〔2026〕"))) == {life.id, other.id}
        assert ids(queries.search(reader, CLERK, "R-0002")) == [other.id]
        assert ids(queries.search(reader, CLERK, "云岫县石桥镇")) == [life.id]
        assert queries.search(reader, CLERK, "石桥镇") == ()
        assert queries.search(reader, CLERK, "  ") == ()
        found = queries.by_number(reader, life.report.number)
        assert found == queries.by_reference(reader, "R-0001") == queries.report(reader, life.id)


def test_the_numbers_above_the_queue(town: Town) -> None:
    several = [Life(day=date(2026, 3, 2 + i)).receive(named=False) for i in range(3)]
    urgent = Life(day=date(2026, 3, 2)).receive().register().screen(urgent_reason=UrgentReason.DANGER)
    urgent.decide(urgent.report.return_screening, reason="incomplete")
    told = Life(day=date(2026, 3, 2)).accepted().draft(actor="head")
    town.tell(*several, urgent, told, Life().receive_sealed())
    with town.store.reading() as reader:
        numbers = queries.dashboard(reader, CLERK, date(2026, 3, 4))
    assert [str(count) for count in (numbers.awaiting, numbers.urgent, numbers.overdue)] == ["4", "1", "2"]
    assert [str(count) for count in (numbers.notices, numbers.drafts, numbers.sealed)] == ["1", "1", "1"]


# -- a long queue ----------------------------------------------------------------------------------------------


def fill(store: ReadStore, number: int) -> None:
    """So many received reports, as rows; half of them named."""
    life = Life().receive(facts={})
    Runner(Shelf(life.events), store, catalogue.projections(Opener(life), Rules())).rebuild()
    with store.reading() as reader:
        pattern = queries.report(reader, life.id)
    assert pattern

    def row(i: int) -> dict[str, object]:
        named = "pending" if i % 2 else "anonymous"
        made = replace(
            pattern, report_id=uuid5(NAMESPACE, str(i)), named_status=named, reference=str(i), due=date(2026, 3, 2)
        )
        made = replace(made, queue_key=queue_key(made))
        return {column.name: getattr(made, column.name) for column in REPORT.c}

    with store.database.writing() as connection:
        table = store.tables(catalogue.layouts(Rules().version)[0])[REPORT]
        connection.execute(insert(table), [row(i) for i in range(number)])


def steps(reader: Reader, ask: Callable[[Reader], object]) -> int:
    """Instructions of SQLite's machine that a question takes, in hundreds."""
    taken = 0

    def count() -> int:
        nonlocal taken
        taken += 1
        return 0

    raw = reader.connection.connection.driver_connection
    assert isinstance(raw, sqlite3.Connection)
    raw.set_progress_handler(count, 100)
    ask(reader)
    raw.set_progress_handler(None, 0)
    return taken


QUESTIONS: dict[str, Callable[[Reader], object]] = {
    "one's own queue": lambda reader: queries.queue(reader, CLERK),
    "one state of it": lambda reader: queries.queue(reader, CLERK, only=Filter(state="received")),
    "the named ones": lambda reader: queries.queue(reader, CLERK, only=Filter(named=True)),
    "the anonymous ones": lambda reader: queries.queue(reader, CLERK, only=Filter(named=False)),
    "a state that none is in": lambda reader: queries.queue(reader, CLERK, only=Filter(state="screened")),
    "a page in the middle": lambda reader: queries.queue(reader, CLERK, after="2|2026-03-02|2026-03-02|8"),
    "all of the office": lambda reader: queries.queue(reader, CLERK, Scope.OFFICES),
    "all there are": lambda reader: queries.queue(reader, PRINCIPAL, Scope.OFFICES),
    "the leader's queue": lambda reader: queries.queue(reader, EVERYBODY),
    "the numbers above it": lambda reader: queries.dashboard(reader, CLERK, date(2026, 3, 4)),
    "a search": lambda reader: queries.search(reader, CLERK, "1"),
    "who must be told": lambda reader: queries.notices_due(reader, CLERK),
}  # fmt: skip


@pytest.fixture(scope="module")
def short_and_long(tmp_path_factory: pytest.TempPathFactory) -> tuple[ReadStore, ReadStore]:
    home = tmp_path_factory.mktemp("long")
    stores = tuple(read_store(f"sqlite:///{home / name}.sqlite3") for name in ("short", "long"))
    fill(stores[0], 1_500)
    fill(stores[1], 15_000)
    return stores[0], stores[1]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_long_queue_opens_with_as_little_work_as_a_short_one(
    short_and_long: tuple[ReadStore, ReadStore], question: str
) -> None:
    work = []
    for store in short_and_long:
        with store.reading() as reader:
            QUESTIONS[question](reader)  # opens what is opened once
            work.append(steps(reader, QUESTIONS[question]))
    assert work[1] <= work[0] * 1.2 + 5


def test_counting_stops_at_a_thousand(short_and_long: tuple[ReadStore, ReadStore]) -> None:
    for store in short_and_long:
        with store.reading() as reader:
            assert str(queries.dashboard(reader, CLERK, date(2026, 3, 4)).awaiting) == "1000+"
