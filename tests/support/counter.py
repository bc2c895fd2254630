"""The ways in at the county's own desks: what officers take down, write, shorten, open, and read; all of it marked."""

from __future__ import annotations

import io
import re
from pathlib import Path
from typing import Any

from supervision.casework.account_changes import change_roles
from supervision.casework.enrolment import Appointment, appoint, enrol
from supervision.casework.office_keys import grant_office_key
from supervision.casework.sessions import open_session
from supervision.casework.sign_in import sign_in
from supervision.domain.codes import Role
from supervision.intake.submission import ReportedPerson, ReporterDetails
from supervision.sealing.keys import SigningKey
from tests.support.custodians import Elsewhere
from tests.support.doors import Doors, photograph, statement
from tests.support.loot import mark, steal
from tests.support.office import OWN, file
from tests.support.officers import Screen
from tests.support.visitor import Visitor

PASSPHRASE = "songyan-zhuying-xiqiao-hanquan"

#: Channel of each report that an officer takes down, by what its marks are called; the last ones go to the superior.
TAKEN_DOWN = {"call": "phone", "letter": "letter", "visit": "visit", "message": "sms", "call-up": "phone"}


REPORTER_FIELDS = ("name", "id_no", "phone", "political", "address", "occupation", "relation", "preference", "caller")


class Counter:
    """The officers, beside those who report."""

    def __init__(self, doors: Doors) -> None:
        self.office = doors.office
        self.platform = doors.platform
        self.planted = doors.planted
        self.directory = doors.directory
        self.app = doors.app
        self.codes = doors.codes

    def take_down(self) -> None:
        """An officer with a passphrase of his own takes reports down on the console; he reads them again."""
        desk, working, admin = self.platform.desk, self.platform.working, self.office.sessions["admin"]
        person = Appointment(officer="clerk-9", name="席真", office="petition", roles=(Role.INTAKE_CLERK,))
        enrol(desk, working, "clerk-9", appoint(desk, working, admin.signer, desk.stamp(admin), person), PASSPHRASE)
        change_roles(desk, self.office.sessions["security"], "clerk-9", {})
        grant_office_key(desk, self.office.sessions["head"], "clerk-9")
        self.office.catch_up()
        screen = Screen(self.app.test_client())
        cookie = sign_in(desk, working, "clerk-9", PASSPHRASE)
        screen.client.set_cookie("console-session", cookie, path="/console")
        self.codes.append(cookie)
        for door in TAKEN_DOWN:
            screen.open("/console/reports/new")
            screen.send("/console/reports/new", 422, **self._form(screen, door) | {"arrival-channel": "x"})
            screen.send("/console/reports/new", **self._form(screen, door))
            self.codes.append("".join(re.findall(r"<span>([0-9]{4})</span>", screen.text)))
            self.office.catch_up()
        screen.open("/console/?scope=offices")
        pages = "".join(screen.open(f"/console/reports/{one}") for one in screen.reports)
        assert all(mark(f"{door}/text") in pages for door in TAKEN_DOWN if door != "call-up")

    def _form(self, screen: Screen, door: str) -> dict[str, Any]:
        up = door == "call-up"
        person = self.planted.person(door, "unit", "post", "rank", "managed_by", "area_code", up=up)
        reporter = self.planted.reporter(
            door,
            *("name", "phone", "caller", "address", "id_no", "political", "occupation", "relation", "preference"),
        )
        found = re.search(r'name="mark" value="([0-9a-f]+)"', screen.text)
        assert found is not None
        category = self.planted.hidden(f"{door}/category") if up else self.planted.fact(f"{door}/category")
        return {
            "mark": found[1],
            "arrival-channel": TAKEN_DOWN[door],
            "arrival-line": "12388",
            "arrival-received_at": "2026-11-23T09:20",
            "receipt-receipt": "issue",
            "matter-title": self.planted.hidden(f"{door}/title"),
            "matter-other_category": category,
            "matter-text": self.planted.hidden(f"{door}/text"),
            "matter-original": self.planted.hidden(f"{door}/original"),
            "matter-announced": self.planted.hidden(f"{door}/announced"),
            **({"matter-superior_declared": "on"} if up else {}),
            **{f"person-1-{name}": value for name, value in person.items()},
            **{f"reporter-{name}": value for name, value in reporter.items()},
            "attachments": self._upload(photograph(self.planted, door)),
            "scans": self._upload(statement(self.planted, door)),
        }

    @staticmethod
    def _upload(named: tuple[str, bytes]) -> tuple[io.BytesIO, str]:
        return io.BytesIO(named[1]), named[0]

    def officers(self) -> None:
        """Every note of a case, and a message to its reporter."""
        do, note = self.office.do, self.planted.hidden
        report, code = self.office.web(attachments=(file(f"{note('desk/file')}.txt", note("desk/content").encode()),))
        self.codes.append(code.digits)
        do("clerk-1", "register", report)
        do("clerk-1", "screen", report, **OWN, note=note("note/screen"))
        do("head", "return_screening", report, note=note("note/return_screening"))
        do("clerk-1", "screen", report, **OWN, note=note("note/screen again"))
        do("head", "confirm_screening", report)
        do("clerk-1", "draft_message", report, text=note("message/approved"))
        do("clerk-2", "approve_message", report, message=next(iter(self.office.case(report).correspondence.drafts)))
        do("clerk-1", "draft_message", report, text=note("message/open"))
        do("head", "transfer", report, department="dept-1")
        do("clue", "record_clue", report)
        do("clue", "propose_distribution", report, handlers=["inspector-1", "inspector-2"])
        do("principal", "approve_distribution", report)
        disposition = {"disposition": "preliminary_verification", "minutes": "一室〔2026〕第18次"}
        do("inspector-1", "propose_disposition", report, **disposition, note=note("note/disposition"))
        do("deputy", "approve_disposition", report)
        do("inspector-1", "conclude", report, result="proved", note=note("note/conclude"))
        told = {"mode": "phone", "second_officer": "inspector-2"}
        do("inspector-1", "feed_back", report, **told, note=note("note/feed_back"))
        do("inspector-1", "record_objection", report, note=note("note/objection"))
        do("inspector-1", "explain_objection", report, mode="phone", note=note("note/explain"))
        visitor = Visitor(self.app)
        visitor.look_up(code.digits)
        assert mark("message/approved") in visitor.words
        assert mark("message/open") not in visitor.words

    def late(self) -> None:
        """A report whose level shows only on reading: its facts were in the read models, and leave them."""
        named = ("unit", "post", "rank", "area_code", "managed_by")
        facts: dict[str, Any] = {**self.planted.person("late", *named, up=True)}
        category = self.planted.hidden("late/category")
        report, code = self.office.web(respondents=(ReportedPerson(**facts),), categories=(category,))
        self.codes.append(code.digits)
        self.office.do("clerk-1", "register", report)
        self.office.catch_up()
        stolen = steal(self.directory, self.platform.settings.database_url)
        assert any(mark("late/unit").encode() in content for content in stolen.values())
        for officer in ("clerk-1", "head"):
            self.office.do(officer, "see_persons", report)
        self.office.do("clerk-1", "propose_level", report, jurisdiction="undecided")
        self.office.do("head", "confirm_level", report)
        self.office.do("clerk-1", "screen", report, **OWN, note=self.planted.hidden("late/note"))
        self.office.do("head", "return_screening", report, note=self.planted.hidden("late/return"))
        self.office.do("clerk-1", "propose_bypass", report)
        self.office.do("head", "confirm_bypass", report)

    def shorten(self) -> None:
        """A de-identified version with notes and a message after it; the original is asked for, granted, read."""
        do, note = self.office.do, self.planted.hidden
        report = self.office.accepted(
            title=note("telling/title"),
            text=note("telling/text"),
            attachments=(file(f"{note('telling/file')}.txt", note("telling/content").encode()),),
        )
        (evidence,) = self.office.read("clerk-1", report).files
        chosen = [f"{evidence.stream_id}.{evidence.event}.{evidence.number}"]
        do("clerk-1", "deidentify", report, title=note("version/title"), text=note("version/text"), files=chosen)
        do("head", "transfer", report, department="dept-1")
        do("clue", "record_clue", report)
        do("clue", "propose_distribution", report, handlers=["inspector-1"])
        do("principal", "approve_distribution", report)
        do("inspector-1", "draft_message", report, text=note("version/message"))
        do("inspector-1", "request_original", report, purpose="evidence", note=note("version/why"))
        do("head", "grant_original", report, officer="inspector-1")
        self.office.catch_up()
        page = self.screen("inspector-1").open(f"/console/reports/{report}")
        assert mark("version/text") in page
        assert mark("telling/text") not in page
        screen = self.screen("inspector-1")
        screen.open(f"/console/reports/{report}")
        assert mark("telling/text") in screen.send(f"/console/reports/{report}/original")

    def open_seals(self, elsewhere: Path) -> None:
        """Identity and originals opened in the console, once, by files that custodians and gate carry."""
        note = self.planted.hidden
        reporter: dict[str, Any] = {**self.planted.reporter("opened", *REPORTER_FIELDS)}
        report = self.office.distributed(
            "inspector-1",
            reporter=ReporterDetails(**reporter),
            original=note("opened/original"),
            attachments=(file(f"{note('opened/file')}.txt", note("opened/content").encode()),),
        )
        self.office.catch_up()
        machines = Elsewhere(self.platform, elsewhere)
        asking, address = self.screen("inspector-1"), f"/console/reports/{report}/opening"
        asked: dict[str, Any] = {
            "part": "0",
            "compartments": ["identity", "source"],
            "purpose": "supplement",
            "number": "",
        }
        asking.open(address)
        asking.send(address, **asked)
        asking.send(address, **asked, confirmed="yes")
        opening = asking.path
        self._press("deputy", opening, "approve")
        for custodian in ("custodian-1", "custodian-2"):
            request = self.screen(custodian).client.get(f"{opening}/request-file").data
            self._press(custodian, opening, "contribute", answer=machines.answer(custodian, request))
        machines.witness()
        request = self.screen("superior").client.get(f"{opening}/gate-file").data
        self._press("superior", opening, "gate-answer", answer=machines.released(request))
        asking.open(opening)
        shown = asking.send(f"{opening}/view")
        assert mark("opened/reporter/name") in shown
        assert mark("opened/original") in shown
        key = re.findall(r'name="key" value="([^"]+)"', shown)[0]
        self.codes.append(key)
        token = re.findall(r'name="csrf_token" value="([^"]+)"', shown)[0]
        fetched = asking.client.post(f"{opening}/original", data={"csrf_token": token, "key": key, "number": "1"})
        assert fetched.data == mark("opened/content").encode()

    def screen(self, officer: str) -> Screen:
        """The console in a browser of an officer who has just signed in."""
        session = self.office.sessions[officer]
        assert isinstance(session.signer, SigningKey)
        account = self.platform.desk.account(officer)
        cookie = open_session(self.platform.desk, self.platform.working, account, session.signer, session.kem)
        self.codes.append(cookie)
        screen = Screen(self.app.test_client())
        screen.client.set_cookie("console-session", cookie, path="/console")
        return screen

    def _press(self, officer: str, address: str, name: str, answer: bytes = b"") -> None:
        """One button of an opening's page, with the file that its machine answered."""
        screen = self.screen(officer)
        screen.open(address)
        fields: dict[str, Any] = {"answer": (io.BytesIO(answer), "answer.json")} if answer else {}
        screen.send(f"{address}/{name}", **fields)
        self.office.catch_up()
