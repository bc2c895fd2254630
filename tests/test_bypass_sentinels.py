"""After every step of a by-pass: content, name and title stand in no file, table, message or page of the county.

Searched are all files of the deployment with their write-ahead logs, every table of a PostgreSQL, open files that have
no name, backups, exports, all output of the process and every page that the county's people can open, in every spelling
of :mod:`tests.support.traces`. At the door nothing may ever be found. In a late by-pass the office's facts stand in the
read models until it is confirmed, since the county took the report for its own; afterwards nothing may be found either.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest

from events.vocabulary.intake import SealedReportReceived
from supervision.backing_up import back_up
from supervision.casework import sealed
from supervision.intake.submission import ReportedPerson
from supervision.intake.supplement import Addition, add
from supervision.web.app import create_app
from tests.support.carrying import Superior, gone_up_by_file
from tests.support.loot import STEMS, mark, overheard, steal
from tests.support.office import DATABASES, Office, file, staffed_on
from tests.support.officers import County
from tests.support.officers import county as staffed_county
from tests.support.traces import spellings, traces
from tests.support.visitor import Visitor

NAME, UNIT, POST, AREA, TITLE, TEXT, CATEGORY, FILE, DEED, ADDED = (
    mark(f"by-pass/{field}")
    for field in ("name", "unit", "post", "area", "title", "text", "category", "file", "deed", "added")
)
EVERYTHING = (NAME, UNIT, POST, AREA, TITLE, TEXT, CATEGORY, FILE, DEED, ADDED)
SEALED_BY_OFFICE = tuple(one for one in EVERYTHING if one not in (UNIT, POST, CATEGORY))
"""Not the facts, which the console sorts its queues by as long as the report is the county's."""


class Searched:
    """A county whose every byte is searched after each step."""

    def __init__(self, office: Office, directory: Path, heard: io.StringIO) -> None:
        self.office = office
        self.directory = directory
        self.heard = heard
        self.app = create_app(office.platform)

    def nothing(self, step: str, *texts: str) -> None:
        """Fails where one of the texts, all of them unless some are given, is found anywhere."""
        self.office.catch_up()
        wanted = texts or EVERYTHING
        stems = [spelling for stem in STEMS for spelling in spellings(stem)]  # with which every mark begins
        marks = {spelling for text in wanted for spelling in spellings(text)}
        places = steal(self.directory, self.office.platform.settings.database_url) | {
            "output": self.heard.getvalue().encode("utf-8", "backslashreplace")
        }
        near = {place: content for place, content in places.items() if any(stem in content for stem in stems)}
        found = [place for place, content in near.items() if any(one in content for one in marks)]
        found += [place for place in traces([], *wanted) if "/fd/" in place]
        assert found == [], f"{step}: {found}"


@pytest.fixture(params=DATABASES)
def county(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Searched]:
    with overheard() as heard, staffed_on(request, tmp_path) as office:
        yield Searched(office, tmp_path, heard)


@contextmanager
def elsewhere(office: Office, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superior]:
    """The superior, whose files are not the county's."""
    yield Superior(office, tmp_path_factory.mktemp("city") / "superior")


def answers(level: str) -> dict[str, dict[str, str | list[str]]]:
    return {
        "level": {"level": level, "unit": UNIT},
        "who": {"name-1": NAME, "unit-1": UNIT, "post-1": POST, "area-1": AREA},
        "category": {"category": ["4.1"], "other": CATEGORY},
        "text": {"text": TEXT},
        "files": {},
        "identity": {"identity": "anonymous", "feedback": "yes"},
    }


def test_at_the_door_it_is_nowhere_from_the_first_page_to_the_destruction(
    county: Searched, tmp_path_factory: pytest.TempPathFactory
) -> None:
    office, visitor = county.office, Visitor(county.app)
    visitor.begin()
    for page, values in answers("principal").items():
        if page == "files":
            visitor.attach((f"{FILE}.txt", DEED.encode() + b"," * 600_000))
        visitor.send(page, values)
        county.nothing(f"the page {page}")
    code = visitor.hand_in()
    county.nothing("handed in")
    visitor.look_up(code)
    visitor.add(ADDED, (f"{FILE}.txt", DEED.encode()))
    county.nothing("added to")

    (report_id,) = {
        recorded.event.originator_id
        for recorded in office.desk.ledger.stored(1, 10_000)
        if isinstance(recorded.event, SealedReportReceived)
    }
    gone_up_by_file(office, report_id)
    county.nothing("gone up")
    with elsewhere(office, tmp_path_factory) as superior:
        package = superior.fetched(report_id)
        county.nothing("fetched")
        assert TEXT.encode() not in package.read_bytes()
        word = superior.imported(package)
        key = superior.key("superior/content")
        assert TEXT in superior.run("witness", "open-sealed", report_id, "--key", key)  # so it was there to be found
    back_up(office.platform, county.directory / "backup-before")
    sealed.take_acknowledgement(office.desk, office.sessions["head"], report_id, word)
    county.nothing("acknowledged")
    sealed.destroy_copy(office.desk, office.sessions["head"], report_id)
    back_up(office.platform, county.directory / "backup-after")
    county.nothing("destroyed")


def test_after_a_late_bypass_it_is_nowhere(county: Searched, tmp_path_factory: pytest.TempPathFactory) -> None:
    office = county.office
    person = ReportedPerson(name=NAME, unit=UNIT, post=POST, area=AREA)
    report_id, code = office.web(
        respondents=(person,),
        title=TITLE,
        text=TEXT,
        categories=(CATEGORY,),
        attachments=(file(f"{FILE}.txt", DEED.encode()),),
    )
    add(office.platform, code, Addition(number=1, text=ADDED))
    office.do("clerk-1", "register", report_id)
    for clerk in ("clerk-1", "clerk-2"):
        office.do(clerk, "see_persons", report_id)
        county.nothing("the persons seen", *SEALED_BY_OFFICE)
    office.do("clerk-1", "propose_level", report_id, jurisdiction="undecided")
    office.do("clerk-2", "confirm_level", report_id)
    county.nothing("the level left open", *SEALED_BY_OFFICE)
    assert office.read("clerk-1", report_id).text == TEXT
    county.nothing("read here", *SEALED_BY_OFFICE)
    office.do("clerk-2", "propose_bypass", report_id)
    county.nothing("proposed", *SEALED_BY_OFFICE)
    office.do("clerk-1", "confirm_bypass", report_id)
    county.nothing("confirmed")

    sealed_id = UUID(office.events(report_id)[-1].sealed_report)  # type: ignore[attr-defined]  # ReportBypassed
    gone_up_by_file(office, sealed_id)
    with elsewhere(office, tmp_path_factory) as superior:
        word = superior.imported(superior.fetched(sealed_id))
        key = superior.key("superior/content")
        said = superior.run("witness", "open-sealed", sealed_id, "--key", key)
        assert all(text in said for text in (TEXT, NAME, TITLE, ADDED))
    sealed.take_acknowledgement(office.desk, office.sessions["head"], sealed_id, word)
    add(office.platform, code, Addition(number=1, text=ADDED))
    county.nothing("acknowledged")
    back_up(office.platform, county.directory / "backup")
    county.nothing("backed up")


def test_no_page_of_the_county_shows_it(tmp_path: Path) -> None:
    """Not to clerks, the head, the leaders, those who oversee: and to the leaders not even that there is one."""
    people = {"clerk-1", "head", "deputy", "principal", "clue", "inspector-1", "oversight", "auditor"}
    with staffed_county(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}", people=people) as home:
        places = {"console": ("/console/", "/console/?scope=offices", "/console/sealed", "/console/search")}
        leaders = ("principal", "deputy")
        before = {one: _seen(home, one, "console", places["console"]) for one in leaders}
        leader = ReportedPerson(name=NAME, unit="云岫县纪委监委", post=f"书记{POST}", rank="副县处级")
        report_id = home.report(TITLE, TEXT, respondents=(leader,))
        home.settle()
        (received,) = home.platform.ledger.events_of(report_id)
        assert isinstance(received, SealedReportReceived)
        for officer in ("clerk-1", "head", "clue", "inspector-1", *leaders):
            pages = _seen(home, officer, "console", places["console"])
            assert not [text for text in EVERYTHING if text in pages]
        for officer in ("oversight", "auditor"):
            pages = _seen(home, officer, "oversight", ("/oversight/", "/oversight/overdue", "/oversight/accesses"))
            assert not [text for text in EVERYTHING if text in pages]
        for one in leaders:  # not a row, not a number
            assert _seen(home, one, "console", places["console"]) == before[one]
            assert received.reference not in before[one]


def _seen(home: County, officer: str, site: str, pages: tuple[str, ...]) -> str:
    """What the officer's pages show, without the tokens of their forms."""
    screen = home.signed_in(officer, site)
    shown = [screen.client.get(page, follow_redirects=True).text for page in pages]
    return "\n".join(re.sub(r'(name="csrf_token" value=")[^"]+', "", page) for page in shown)
