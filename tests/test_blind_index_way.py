"""The index over those reported: who was reported before, and what came of it. None over those who report (A-14)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from supervision.casework import blind_index, reading
from supervision.casework.blind_index import Answer
from supervision.domain.blind_index import Likeness
from supervision.domain.people import Respondent
from supervision.domain.refusal import Refused
from supervision.intake.submission import ReportedPerson
from supervision.sealing.blind_index import IndexKey
from tests.support.office import DATABASES, OWN, Office, names, staffed, staffed_on


@pytest.fixture(scope="module", params=DATABASES)
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    with staffed_on(request, tmp_path_factory.mktemp("county")) as found:
        yield found


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Office]:
    """A county of this test's own, on a file that can be looked into."""
    with staffed(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}") as found:
        yield found


def person(name: str, unit: str = "云岫县交通运输局", post: str = "副局长") -> ReportedPerson:
    return ReportedPerson(name=name, unit=unit, post=post, managed_by="县委管理")


def reported(office: Office, *people: ReportedPerson, **said: Any) -> UUID:
    """A report that a clerk has registered and opened."""
    report_id, _ = office.web(respondents=people, **said)
    office.do("clerk-1", "register", report_id)
    opened(office, "clerk-1", report_id)
    return report_id


def opened(office: Office, officer: str, report_id: UUID) -> None:
    reading.content(office.desk, office.sessions[officer], office.case(report_id))


def asked(office: Office, officer: str, report_id: UUID) -> Answer:
    return blind_index.earlier_reports(office.desk, office.sessions[officer], office.case(report_id))


def found(office: Office, report_id: UUID, officer: str = "clerk-2") -> dict[UUID, Likeness]:
    return {hit.report: hit.likeness for hit in asked(office, officer, report_id).hits}


# -- what is found --------------------------------------------------------------------------------------------------


def test_an_earlier_report_on_the_same_person_is_found_however_he_is_spelled(office: Office) -> None:
    earlier = reported(office, person("康宁远"))
    for spelled in (
        person("康宁远", "县交通运输局"),
        person("康 宁远同志", "交通运输局", "局长"),
        person("康宁远", "云岫县交通运输局 "),
    ):
        assert found(office, reported(office, spelled))[earlier] is Likeness.PERSON


def test_the_same_name_elsewhere_is_said_to_be_perhaps_somebody_else(office: Office) -> None:
    earlier = reported(office, person("骆平川"))
    assert found(office, reported(office, person("骆平川", "云岫县教育局")))[earlier] is Likeness.NAME


def test_a_report_that_names_only_the_post_is_found_from_one_that_names_the_person(office: Office) -> None:
    earlier = reported(office, person("某副局长", "云岫县水利局", "副局长"))
    assert found(office, reported(office, person("申屠明", "县水利局", "副局长")))[earlier] is Likeness.POST


def test_any_of_several_people_is_enough(office: Office) -> None:
    earlier = reported(office, person("左丘山"), person("宗正海"))
    assert earlier in found(office, reported(office, person("宗正海"), person("公冶林")))


def test_somebody_whose_tag_is_the_same_is_left_out(office: Office) -> None:
    """Sixteen bits fit several names; what is shown has been compared in the open."""
    key = index_key(office)
    wanted = key.tag("name/鲜于平")
    twin = next(name for i in range(10**6) if key.tag(f"name/{(name := f'甲{i}')}") == wanted)
    earlier = reported(office, person(twin))
    report_id = reported(office, person("鲜于平"))
    assert earlier in office.desk.index.reports("petition", [wanted])
    assert found(office, report_id) == {}


def test_a_hit_always_says_what_came_of_it(office: Office) -> None:
    running = reported(office, person("尉迟岳"))
    ended = office.distributed(respondents=(person("尉迟岳"),))
    office.propose_and_approve(ended)
    office.do("inspector-1", "conclude", ended, result="not_verifiable", note="无法查实。")
    opened(office, "clerk-1", ended)
    hits = {hit.report: hit for hit in asked(office, "clerk-2", reported(office, person("尉迟岳"))).hits}
    assert (hits[running].state.label, hits[running].result) == ("已登记编号", "")
    assert (hits[ended].result, hits[ended].disposition) == ("无法查实", "初步核实")


def test_what_proved_untrue_is_no_longer_held_against_him_after_a_year(small: Office) -> None:
    ended = small.distributed(respondents=(person("闻人渊"),))
    opened(small, "clerk-1", ended)
    small.propose_and_approve(ended)
    small.do("inspector-1", "conclude", ended, result="not_proved", note="不属实。")
    again = reported(small, person("闻人渊"))
    days = small.desk.rulebook.index.expires["not_proved"]  # type: ignore[index]  # the code's value is the code
    small.clock.now += timedelta(days=days)
    assert ended in found(small, again)
    small.clock.now += timedelta(days=1)
    assert ended not in found(small, again)
    assert not small.desk.index.has("petition", ended)
    opened(small, "clerk-1", ended)
    assert not small.desk.index.has("petition", ended)


# -- who may ask, and how often --------------------------------------------------------------------------------------


def test_each_question_is_an_event_without_a_name_and_there_is_a_limit(small: Office) -> None:
    report_id = reported(small, person("皇甫静"))
    per_day = small.desk.rulebook.index.per_day
    for _ in range(per_day):
        asked(small, "clerk-2", report_id)
    with pytest.raises(Refused, match="上限"):
        asked(small, "clerk-2", report_id)
    asked(small, "clerk-1", report_id)
    day = small.clock().date().isoformat()
    events = small.events(small.desk.access_log("clerk-2", day).id)
    assert names(events) == ["access.index_queried"] * per_day
    assert {(e.report, e.day) for e in events} == {(str(report_id), day)}  # type: ignore[attr-defined]  # of these events
    assert "皇甫静" not in repr(events)
    small.clock.now += timedelta(days=1)
    asked(small, "clerk-2", report_id)


@pytest.mark.parametrize("officer", ["inspector-1", "clue", "principal", "org-clerk"])
def test_only_the_office_that_has_the_report_asks(office: Office, officer: str) -> None:
    report_id = office.distributed(respondents=(person("令狐青"),))
    with pytest.raises(Refused):
        asked(office, officer, report_id)


def test_whoever_must_keep_away_from_an_earlier_report_does_not_learn_of_it(office: Office) -> None:
    earlier = reported(office, person("濮阳城"))
    office.do("head", "exclude", earlier, officer="clerk-2", reason="kinship")
    later = reported(office, person("濮阳城"))
    assert earlier not in found(office, later, "clerk-2")
    assert earlier in found(office, later, "clerk-1")


def test_another_office_has_an_index_of_its_own(office: Office) -> None:
    reported(office, person("淳于洁"))
    report_id, _ = office.web(respondents=(person("淳于洁"),), line="12380")
    office.do("org-clerk", "register", report_id)
    opened(office, "org-clerk", report_id)
    assert found(office, report_id, "org-clerk") == {}


# -- what lies there, and what goes ----------------------------------------------------------------------------------


def index_key(office: Office) -> IndexKey:
    own = office.sessions["clerk-1"].office_keys["petition"]
    salt = office.desk.index.salt("petition", office.desk.rng(32))
    return IndexKey(own, office.desk.manifest.origin, "petition", salt)


def rows(office: Office) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(office.platform.settings.home / "index.sqlite")) as connection:
        return connection.execute("SELECT office, tag, report_id FROM tag").fetchall()


def test_a_reader_of_the_table_finds_short_numbers_and_nobody(small: Office) -> None:
    reported(small, person("东方朔宁"), person("", "云岫县水利局", "副局长"))
    found_rows = rows(small)
    assert len(found_rows) == 2
    assert all(one[0] == "petition" and 0 <= one[1] < 2**16 for one in found_rows)
    everything = b"".join(path.read_bytes() for path in small.platform.settings.home.glob("index.sqlite*"))
    assert "东方朔宁".encode() not in everything


def test_nothing_is_entered_before_an_officer_opens_the_report(small: Office) -> None:
    small.web(respondents=(person("南宫望"),))
    assert rows(small) == []


def test_handlers_and_leaders_who_open_a_report_enter_nothing(small: Office) -> None:
    report_id = small.distributed(respondents=(person("梁丘野"),))
    for officer in ("inspector-1", "deputy"):
        opened(small, officer, report_id)
    assert rows(small) == []


def test_the_reporter_is_in_no_index(small: Office) -> None:
    """Named in the identity seal alone; his name has no tag, whatever the key."""
    reported(small, person("钟离客"))
    key, rules = index_key(small), small.desk.rulebook.index
    reporter = key.tag(rules.term(Respondent(name="阮柏川")))
    assert [row[1] for row in rows(small)] == [key.tag(rules.term(Respondent(name="钟离客")))] != [reporter]


def test_a_late_by_pass_takes_the_tags_with_it(small: Office) -> None:
    report_id = reported(small, person("司空照"))
    assert rows(small)
    small.do("clerk-1", "propose_bypass", report_id)
    small.do("head", "confirm_bypass", report_id)
    assert rows(small) == []
    everything = b"".join(path.read_bytes() for path in small.platform.settings.home.glob("index.sqlite*"))
    assert report_id.bytes not in everything
    assert report_id.hex.encode() not in everything


def test_a_report_handed_over_leaves_the_index_when_it_is_next_met(office: Office) -> None:
    earlier = reported(office, person("亓官雪"))
    handed = {**OWN, "proposal": "hand_over", "target": "personnel"}
    office.do("clerk-1", "screen", earlier, **handed)
    office.do("head", "confirm_screening", earlier)
    assert found(office, reported(office, person("亓官雪"))) == {}
    assert not office.desk.index.has("petition", earlier)


def test_another_key_empties_the_index_and_it_can_be_filled_again(small: Office) -> None:
    earlier = reported(small, person("颛孙礼"))
    old = rows(small)
    blind_index.rekey(small.desk, small.sessions["head"])
    assert rows(small) == []
    assert blind_index.refill(small.desk, small.sessions["head"], [earlier]) == 1
    assert [row[1] for row in rows(small)] != [row[1] for row in old]
    assert earlier in found(small, reported(small, person("颛孙礼")))
    day = small.clock().date().isoformat()
    assert names(small.events(small.desk.access_log("head", day).id)) == [
        "access.index_rekeyed",
        "access.content_opened",
    ]
    with pytest.raises(Refused):
        blind_index.rekey(small.desk, small.sessions["clerk-1"])
