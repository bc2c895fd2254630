"""Officers of the fictional county at their screens: enrolled by the real commands, at work on the real pages."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from supervision.business_time import SHANGHAI
from supervision.casework.account_changes import change_roles
from supervision.casework.actions import carry_out
from supervision.casework.catalogue import BY_NAME
from supervision.casework.enrolment import appoint, enrol
from supervision.casework.office_keys import grant_office_key
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sessions import resume
from supervision.casework.sign_in import sign_in
from supervision.demonstration.county import plan
from supervision.demonstration.people import PEOPLE
from supervision.domain.codes import Channel
from supervision.founding import appoint_first_officers
from supervision.intake.submission import Attachment, ReportedPerson, Submission
from supervision.platform import Platform
from supervision.projecting import run_in_background
from supervision.sealing.ceremony import Ceremony
from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import create_app
from tests.support.clock import Clock
from tests.support.deployment import make_deployment, seeds

PASSPHRASE = "songyan-zhuying-xiqiao"
MONDAY = datetime(2026, 11, 23, 9, 30, tzinfo=SHANGHAI)

_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')
_REPORT = re.compile(r'href="/console/reports/([0-9a-f-]{36})[?"]')
_VERSION = re.compile(r'name="version" value="([^"]+)"')


@dataclass
class Screen:
    """A browser of one officer, without scripts: it keeps cookies and sends the form that it last saw."""

    client: FlaskClient
    site: str = "console"
    seen: TestResponse | None = field(default=None, repr=False)

    def open(self, path: str, status: int = 200) -> str:
        """The page at ``path``, redirects followed; fails unless it answers with ``status``."""
        return self._keep(self.client.get(path, follow_redirects=True), status)

    def send(self, path: str, status: int = 200, **fields: Any) -> str:
        """Post a form of the page that was last seen, with its token and the version that it showed."""
        assert self.seen is not None, "open a page first"
        hidden = {"csrf_token": _CSRF, "version": _VERSION}
        found = {name: match[1] for name, pattern in hidden.items() if (match := pattern.search(self.text))}
        return self._keep(self.client.post(path, data={**found, **fields}, follow_redirects=True), status)

    @property
    def text(self) -> str:
        """What is on the screen, as HTML with its entities resolved."""
        return html.unescape(self.seen.text) if self.seen else ""

    @property
    def reports(self) -> list[UUID]:
        """The reports that the page links to, in order."""
        return [UUID(found) for found in dict.fromkeys(_REPORT.findall(self.text))]

    @property
    def path(self) -> str:
        """Where the last request ended."""
        return self.seen.request.path if self.seen else ""

    def act(self, report: UUID, name: str, status: int = 200, **fields: Any) -> str:
        """Open the page of a report and give a command there."""
        self.open(f"/console/reports/{report}")
        return self.send(f"/console/reports/{report}/{name}", status, **fields)

    def _keep(self, response: TestResponse, status: int) -> str:
        self.seen = response
        assert response.status_code == status, f"{response.request.path}: {response.status}\n{self.text[:3000]}"
        return self.text


@dataclass(frozen=True)
class County:
    """The platform with all its officers. ``unlocked``: sessions whose keys a test wants to go on using."""

    platform: Platform
    clock: Clock
    app: Flask
    unlocked: dict[str, OfficerSession] = field(default_factory=dict)
    _cookies: dict[str, str] = field(default_factory=dict)

    def signed_in(self, officer: str, site: str = "console") -> Screen:
        """A fresh browser with a session of the officer; a session that still lives is used again, for speed."""
        screen = Screen(self.app.test_client(), site)
        screen.client.set_cookie(f"{site}-session", self.cookie(officer), path=f"/{site}")
        return screen

    def cookie(self, officer: str) -> str:
        """The value of a session cookie of the officer."""
        self.session(officer)
        return self._cookies[officer]

    def session(self, officer: str) -> OfficerSession:
        """The officer without a browser."""
        desk, working = self.platform.desk, self.platform.working
        found = resume(desk, working, self._cookies.get(officer, ""))
        if found is None:
            self._cookies[officer] = sign_in(desk, working, officer, PASSPHRASE)
            found = resume(desk, working, self._cookies[officer])
        assert found is not None
        return found

    def report(
        self,
        title: str = "占用公款宴请",
        text: str = "九月十日在城南酒楼用公款宴请。",
        *,
        line: str = "12388",
        code: ReceiptCode | None = None,
        respondents: tuple[ReportedPerson, ...] = (
            ReportedPerson(
                name="厉文舟", unit="云岫县交通运输局", post="副局长", rank="乡科级副职", managed_by="县委管理"
            ),
        ),
        attachments: tuple[Attachment, ...] = (),
        **more: Any,
    ) -> UUID:
        """A report from the website; the read models show it when this returns."""
        submission = Submission(
            channel=Channel.WEB,
            line=line,
            occurred_at=self.clock(),
            respondents=respondents,
            title=title,
            text=text,
            attachments=attachments,
            **more,
        )
        code = code or ReceiptCode.new(self.platform.rng)
        admitted = self.platform.public_door.admit(submission, code)
        self.settle(admitted.position)
        return admitted.report_id

    def settle(self, position: int | None = None) -> None:
        """Wait until the read models show ``position``, or all there is."""
        assert self.platform.reads.wait_for(position or self.platform.ledger.head(), 10)

    def carry_out(self, officer: str, name: str, report: UUID, **given: Any) -> None:
        """A command without a browser."""
        self.settle(carry_out(BY_NAME[name], self.platform.desk, self.session(officer), report, given))

    def walk(self, report: UUID, steps: Mapping[str, tuple[str, dict[str, Any]]]) -> None:
        """Several commands: name to (officer, what is filled in)."""
        for name, (officer, given) in steps.items():
            self.carry_out(officer, name, report, **given)

    def freshly_signed_in(self, officer: str, site: str = "console") -> Screen:
        """A fresh browser in which the officer has typed his passphrase."""
        screen = Screen(self.app.test_client(), site)
        screen.open(f"/{site}/sign-in")
        screen.send(f"/{site}/sign-in", account=officer, passphrase=PASSPHRASE)
        assert screen.path != f"/{site}/sign-in", screen.text
        return screen


#: From the door to the inspectors of the first department.
TO_THE_INSPECTOR: Mapping[str, tuple[str, dict[str, Any]]] = {
    "register": ("clerk-1", {}),
    "screen": (
        "clerk-1",
        {
            "matter_class": "report",
            "named_status": "anonymous",
            "verification": "none",
            "jurisdiction": "own",
            "proposal": "accept",
        },
    ),
    "confirm_screening": ("head", {}),
    "transfer": ("head", {"department": "dept-1"}),
    "record_clue": ("clue", {}),
    "propose_distribution": ("clue", {"handlers": ["inspector-1", "inspector-2"]}),
    "approve_distribution": ("principal", {}),
}


def steps_until(last: str) -> dict[str, tuple[str, dict[str, Any]]]:
    """The way to the inspector up to and including one command."""
    names = list(TO_THE_INSPECTOR)
    return {name: TO_THE_INSPECTOR[name] for name in names[: names.index(last) + 1]}


#: The officers that most tests need; there are more, and each costs half a second.
OFFICERS = frozenset(
    {
        *("clerk-1", "clerk-2", "head", "operator", "clue", "inspector-1", "inspector-2", "inspector-3"),
        *("deputy", "principal", "oversight", "auditor", "superior", "org-clerk", "org-head", "org-principal"),
    }
)


@contextmanager
def county(home: Path, database_url: str, *, people: Collection[str] = OFFICERS, site: str = "all") -> Iterator[County]:
    """A county whose officers have enrolled, with the read models kept up in the background.

    ``people``: which of the demonstration's officers there are, the two administrators apart.
    """
    clock = Clock(MONDAY)
    platform = make_deployment(home, database_url, site=site, clock=clock)
    _enrol(platform, people)
    stop = run_in_background(platform)
    try:
        made = County(platform, clock, create_app(platform))
        made.settle()
        yield made
    finally:
        stop.set()


def _enrol(platform: Platform, people: Collection[str]) -> None:
    """The first officers by the ceremony, the others by the two administrators; keys from whoever holds them."""
    desk, working = platform.desk, platform.working
    first = [one for one in plan().officers if one.appointment.officer in {*people, "admin", "security"}]
    ceremony = Ceremony(manifest=platform.manifest, secrets=dict(seeds(platform)))
    codes = appoint_first_officers(platform, ceremony, first)
    sessions = {}
    for officer, code in codes.items():
        enrol(desk, working, officer, code, PASSPHRASE)
        sessions[officer] = resume(desk, working, sign_in(desk, working, officer, PASSPHRASE))
    holders = {office: sessions[one.appointment.officer] for one in first for office in one.holds}
    admin, security = sessions["admin"], sessions["security"]
    assert admin is not None
    assert security is not None
    for person in PEOPLE:
        if person.officer not in codes and person.officer in people:
            code = appoint(desk, working, admin.signer, desk.stamp(admin), person)
            change_roles(desk, security, person.officer, {})
            enrol(desk, working, person.officer, code, PASSPHRASE)
            if holder := holders.get(person.office):
                grant_office_key(desk, holder, person.officer)
