"""Who did what when: complete for whoever works on a report, without content and sealed reports for oversight."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.model import Event, Sealing
from events.vocabulary.streams import access_id, register_id
from projections import queries
from projections.queries import Oversight
from projections.timeline import TimelineRow
from supervision.domain.access import AccessLog
from supervision.domain.register import Register
from tests.support.lives import Life
from tests.support.log import NOON, ORIGIN
from tests.support.random_lives import lives
from tests.support.towns import Town, people

OF_SEALED = {
    "sealed_report.received.v1",
    "sealed_report.resealed.v1",
    "sealed_report.reported_to_superior.v1",
    "sealed_report.acknowledged.v1",
    "sealed_report.destroyed.v1",
    "report.received.v1",
    "report.bypassed.v1",
}


@pytest.fixture
def town(database_url: str) -> Town:
    return Town(database_url)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Town:
    return Town(f"sqlite:///{tmp_path_factory.mktemp('read') / 'read.sqlite3'}")


def timeline(town: Town, life: Life) -> tuple[TimelineRow, ...]:
    town.tell(life)
    with town.store.reading() as reader:
        return queries.timeline(reader, life.id)


def overseen(town: Town, wanted: Oversight, limit: int = 50) -> Iterator[TimelineRow]:
    after = ""
    with town.store.reading() as reader:
        while True:
            page = queries.oversight_search(reader, wanted, after, limit)
            yield from page.rows
            after = page.next
            if not after:
                return


# -- the timeline of a report ----------------------------------------------------------------------------------


def test_the_timeline_of_a_report_is_its_events_and_those_of_its_clue_and_messages(town: Town) -> None:
    life = Life().handled().supplement().draft()
    topics = [event.TOPIC for event in life.events]
    rows = timeline(town, life)
    assert [row.topic for row in rows] == topics
    assert {row.subject_kind for row in rows} == {"report", "clue", "correspondence"}
    assert all(row.report_id == life.id for row in rows)


def test_a_row_says_who_did_it_when_for_which_office_and_under_which_rules(town: Town) -> None:
    life = Life().receive().register()
    row = timeline(town, life)[1]
    assert (row.topic, row.actor, row.office) == ("report.registered.v1", "clerk", "petition")
    assert row.occurred_at == "2026-03-02T09:00:00+08:00"
    assert row.recorded_at % 3600 == 0
    assert row.rule_version and row.fields == {"number": life.report.number}


def test_readers_and_the_register_are_part_of_the_timeline(town: Town) -> None:
    life = Life().receive()
    log = AccessLog(access_id(ORIGIN, "clerk", "2026-03-02"))
    log.open_content(life.stamp("clerk"), life.id, "2026-03-02")
    log.show_list(life.stamp("clerk"), "2026-03-02")
    book = Register(register_id(ORIGIN, "petition", "report", 2026))
    book.assign(life.stamp("clerk"), kind="report", prefix="云信", year=2026, subject=str(life.id))
    rows = timeline(town, life.did(log, book))
    assert [row.topic for row in rows][1:] == ["access.content_opened.v1", "register.number_assigned.v1"]


def sentinels(event: Event) -> Iterator[str]:
    """Hashes and keys in an event's sealings."""
    for value in vars(event).values():
        for sealing in value if isinstance(value, tuple) else (value,):
            if isinstance(sealing, Sealing):
                yield sealing.manifest
                for key in sealing.keys:
                    yield from (key.commitment, *(wrap.sha256 for wrap in key.wraps))
                yield from (item.sha256 for item in sealing.items)


@settings(max_examples=60)
@given(life=lives())
def test_no_row_repeats_sealed_material_or_keys(long_lived: Town, life: Life) -> None:
    secret = {text for event in life.events for text in sentinels(event)} | {"cmVwb3J0ZXI="}
    rows = timeline(long_lived, life)
    assert rows
    text = json.dumps([dict(row.fields) for row in rows])
    assert not [word for word in secret if word in text]
    assert not any("sealing" in row.fields or "sealings" in row.fields for row in rows)


def test_who_is_excluded_and_why_is_not_told(town: Town) -> None:
    """“本人被反映” beside his name would tell who was reported."""
    life = Life().receive().register()
    life.exclude("mayor", "named_in_report")
    assert timeline(town, life)[-1].fields == {}


def test_keys_of_officers_are_not_repeated(town: Town) -> None:
    town.shelf.add(*people())
    town.runner.run_once()
    rows = list(overseen(town, Oversight()))
    assert len(rows) == town.shelf.head()
    assert "a2V5" not in json.dumps([dict(row.fields) for row in rows])
    assert {row.subject for row in rows} == {"clerk", "inspector", "gone"}


# -- what A-15 forbids -----------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(life=lives())
def test_oversight_sees_of_sealed_reports_only_that_they_came_and_went(long_lived: Town, life: Life) -> None:
    long_lived.tell(life)
    with long_lived.store.reading() as reader:
        rows = [*queries.timeline(reader, life.id)]
        if life.sealed and life.sealed.id != life.id:
            rows += queries.timeline(reader, life.sealed.id)
    for row in rows:
        if life.sealed:
            assert not row.overseen or (row.topic in OF_SEALED and row.fields.keys() <= {"mode"})
        else:
            assert row.overseen


def test_a_by_passed_report_keeps_no_word_of_what_it_was(town: Town) -> None:
    life = Life().accepted(line="12380").transfer().enter_clue().distribute().draft().supplement()
    town.tell(life)
    life.report.propose_return(life.stamp("inspector", "dept-1"), "no_substance")
    life.report.approve_return(life.stamp("deputy", "leadership"), "no_substance")
    log = AccessLog(access_id(ORIGIN, "clerk", "2026-03-02"))
    log.open_content(life.stamp("clerk"), life.id, "2026-03-02")
    town.tell(life.did(life.report, log).bypass())
    with town.store.reading() as reader:
        rows = queries.timeline(reader, life.id)
        assert queries.clues(reader, queries.Viewer(officer="x", roles=frozenset(), offices=None)).rows == ()
        assert (queries.messages(reader, life.id), queries.supplements(reader, life.id)) == ((), ())
    assert [row.topic for row in rows] == [
        "report.received.v1",
        "report.registered.v1",
        "access.content_opened.v1",
        "report.bypass_proposed.v1",
        "report.bypassed.v1",
    ]
    assert all(row.fields == {} for row in rows)
    assert [row.topic for row in rows if row.overseen] == ["report.received.v1", "report.bypassed.v1"]


def test_what_comes_after_the_by_pass_is_not_told_either(town: Town) -> None:
    life = Life().receive().bypass()
    town.tell(life)
    rows = timeline(town, life.supplement())
    assert (rows[-1].topic, rows[-1].fields, rows[-1].overseen) == (
        "correspondence.supplement_received.v1",
        {},
        False,
    )


# -- oversight -------------------------------------------------------------------------------------------------


def test_oversight_finds_by_office_officer_and_action(town: Town) -> None:
    town.tell(Life().handled(), Life().receive(), Life().receive_sealed())
    assert {row.office for row in overseen(town, Oversight(office="clue"))} == {"clue"}
    assert {row.actor for row in overseen(town, Oversight(officer="inspector"))} == {"inspector"}
    accepted = list(overseen(town, Oversight(action="report.accepted.v1", office="petition", officer="head")))
    assert [row.topic for row in accepted] == ["report.accepted.v1"]
    assert list(overseen(town, Oversight(action="report.accepted.v1", office="clue"))) == []


@settings(max_examples=50)
@given(life=lives(), first=st.integers(0, 60), hours=st.integers(0, 20), limit=st.integers(1, 9))
def test_a_span_of_time_holds_what_was_recorded_in_it_latest_first(
    long_lived: Town, life: Life, first: int, hours: int, limit: int
) -> None:
    long_lived.tell(life)
    since = datetime.fromtimestamp(NOON + first * 3600, UTC)
    until = datetime.fromtimestamp(NOON + (first + hours) * 3600, UTC)
    every = list(overseen(long_lived, Oversight(), 1000))
    found = list(overseen(long_lived, Oversight(since=since, until=until), limit))
    assert found == [row for row in every if since.timestamp() <= row.recorded_at < until.timestamp()]
    assert [row.position for row in every] == sorted((row.position for row in every), reverse=True)
