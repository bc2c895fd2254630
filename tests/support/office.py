"""The fictional county at work: officers with their keys, reports at its doors, commands as the console gives them.

Officers are enrolled as by :func:`supervision.casework.enrolment.enrol`, with the same events and real keys, but
without a passphrase: Argon2 costs more than all the rest, and has tests of its own.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from events.model import Event
from projections.runner import Runner
from supervision import business_time
from supervision.business_time import SHANGHAI
from supervision.casework.account_changes import Proposal, change_roles, propose
from supervision.casework.actions import Case, carry_out
from supervision.casework.catalogue import BY_NAME
from supervision.casework.content import ContentReader, ReportContent
from supervision.casework.enrolment import Appointment
from supervision.casework.notes import custody_of
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sessions import unlocked
from supervision.demonstration.people import PEOPLE
from supervision.domain.aggregate import Stamp
from supervision.domain.codes import Channel, Role
from supervision.domain.officer import OfficerAccount
from supervision.domain.staffing import AccountChange
from supervision.intake.submission import Attachment, ReportedPerson, ReporterDetails, Submission
from supervision.platform import Platform
from supervision.projecting import make_runner
from supervision.sealing.envelope import grant
from supervision.sealing.keys import KemPrivateKey, SigningKey
from supervision.sealing.receipt import ReceiptCode
from supervision.sealing.strict_json import to_base64
from supervision.verifying import verify_platform
from tests.support.clock import Clock
from tests.support.deployment import make_deployment, seeds
from tests.support.postgres import PostgresServer

NOW = datetime(2026, 11, 23, 10, 20, 30, tzinfo=SHANGHAI)

#: Beyond the demonstration: people with several roles, on whom the separation of duties has to hold.
MANY_HATS = (
    Appointment(officer="acting-head", name="代信", office="petition", roles=(Role.INTAKE_CLERK, Role.PETITION_HEAD)),
    Appointment(
        officer="all-hands",
        name="全能",
        office="dept-1",
        roles=(Role.INSPECTOR, Role.CLUE_SUPERVISOR, Role.DEPUTY_IN_CHARGE, Role.PRINCIPAL),
    ),
)

RESPONDENT = ReportedPerson(
    name="厉文舟",
    unit="云岫县交通运输局",
    post="党组成员、副局长",
    rank="副乡科级",
    area_code="990123",
    managed_by="县委管理",
)
SUPERIORS_CADRE = ReportedPerson(
    name="盛天阔", unit="云岫县人民政府", post="副县长", rank="副县处级", area_code="990123", managed_by="市委管理"
)
REPORTER = ReporterDetails(
    name="阮柏川",
    id_no="990123198503120019",
    phone="12000000004",
    address="云岫县开发区永安小区3栋",
    preference="晚上七点以后",
    relation="承建方员工",
)

OWN: Mapping[str, Any] = {
    "matter_class": "report",
    "named_status": "verified",
    "verification": "phone",
    "jurisdiction": "own",
    "proposal": "accept",
}
"""Screening that ends with this body taking the report."""


class Office:
    """A deployment with everybody enrolled. ``sessions``: each officer as if he had just signed in."""

    def __init__(self, platform: Platform, clock: Clock) -> None:
        self.platform = platform
        self.clock = clock
        self.desk = platform.desk
        self.sessions: dict[str, OfficerSession] = {}
        self.runner: Runner = make_runner(platform)

    # -- people -----------------------------------------------------------------------------------------------

    def enrol_everybody(self) -> None:
        """Appointed together by the ceremony, then each with his own key, as his enrolment would."""
        everybody = (*PEOPLE, *MANY_HATS)
        codes = {person.officer: SigningKey.generate(self.desk.rng) for person in everybody}
        appointed = [self._appointed(person, codes[person.officer]) for person in everybody]
        self.desk.record(SigningKey(seeds(self.platform)["ceremony"]), *appointed)
        for person in everybody:
            self.sessions[person.officer] = self._enrolled(person, codes[person.officer])
        self.catch_up()

    def enrol(self, person: Appointment) -> None:
        """Somebody who comes later."""
        code = SigningKey.generate(self.desk.rng)
        self.desk.record(SigningKey(seeds(self.platform)["ceremony"]), self._appointed(person, code))
        self.sessions[person.officer] = self._enrolled(person, code)

    def _appointed(self, person: Appointment, code: SigningKey) -> OfficerAccount:
        return OfficerAccount.appoint(
            self.desk.account(person.officer).id,
            self.stamp("ceremony"),
            officer=person.officer,
            name=person.name,
            home_office=person.office,
            roles=tuple(role.value for role in person.roles),
            enrolment_key=to_base64(code.public_key),
        )

    def _enrolled(self, person: Appointment, code: SigningKey) -> OfficerSession:
        """The keys of one officer are born; the office's key, where it has one, comes with them."""
        account = self.desk.account(person.officer)
        signing, kem = SigningKey.generate(self.desk.rng), KemPrivateKey.generate(self.desk.rng)
        stamp = self.stamp(person.officer, person.office)
        account.enrol(stamp, signing_key=to_base64(signing.public_key), kem_key=to_base64(kem.public.raw))
        self.desk.record(code, account)
        if (office_key := self.office_key(person.office)) is not None:
            bundle = grant(self.desk.manifest, account.id, office_key, kem.public)
            account.grant_office_key(stamp, key_office=person.office, sealing=bundle.sealing)
            self.desk.record(signing, account, custody=custody_of(bundle))
        return unlocked(self.desk, self.desk.account(person.officer), signing, kem)

    def office_key(self, office: str) -> KemPrivateKey | None:
        """The private key of an office, or the superior's, as the ceremony made it."""
        name = "superior/content" if office == "superior" else f"office/{office}"
        seed = seeds(self.platform).get(name)
        return KemPrivateKey(seed) if seed else None

    def again(self, officer: str) -> OfficerSession:
        """The officer signs in anew, after his account has changed."""
        old = self.sessions[officer]
        self.sessions[officer] = unlocked(self.desk, self.desk.account(officer), old.signer, old.kem)
        return self.sessions[officer]

    def move(self, officer: str, office: str, *roles: str) -> OfficerSession:
        """The two administrators give him other duties in another office, with that office's key and without the old
        one; he has signed in again."""
        proposal = Proposal(change=AccountChange.ROLES, office=office, roles=tuple(Role(role) for role in roles))
        propose(self.desk, self.sessions["admin"], officer, proposal)
        change_roles(self.desk, self.sessions["security"], officer, {})
        account = self.desk.account(officer)
        if (office_key := self.office_key(office)) is not None:
            bundle = grant(self.desk.manifest, account.id, office_key, self.sessions[officer].kem.public)
            stamp = self.stamp(officer, office)
            account.grant_office_key(stamp, key_office=office, sealing=bundle.sealing)
            self.desk.record(self.sessions[officer].signer, account, custody=custody_of(bundle))
        return self.again(officer)

    def stamp(self, actor: str, office: str = "") -> Stamp:
        return Stamp(
            actor=actor,
            office=office,
            occurred_at=business_time.written(self.clock()),
            rule_version=self.platform.rulebook.version,
        )

    # -- reports ----------------------------------------------------------------------------------------------

    def web(self, **said: Any) -> tuple[UUID, ReceiptCode]:
        """A report through the public site, named unless ``reporter`` says otherwise."""
        return self._admitted(submission(self.clock(), **said))

    def bypassed_at_the_door(self, **said: Any) -> tuple[UUID, ReceiptCode]:
        """A report on a cadre of the superior."""
        return self.web(respondents=(SUPERIORS_CADRE,), **said)

    def _admitted(self, handed_in: Submission) -> tuple[UUID, ReceiptCode]:
        code = ReceiptCode.new(self.platform.rng)
        return self.platform.public_door.admit(handed_in, code).report_id, code

    # -- commands ---------------------------------------------------------------------------------------------

    def do(self, officer: str, action: str, report_id: UUID, seen: str | None = None, /, **given: Any) -> int:
        """Carry out a command as the console does."""
        return carry_out(BY_NAME[action], self.desk, self.sessions[officer], report_id, given, seen)

    def case(self, report_id: UUID) -> Case:
        return Case.load(self.desk, report_id)

    def catch_up(self) -> None:
        """The read models show everything that has happened."""
        self.runner.run_once()

    def events(self, stream_id: UUID) -> list[Event]:
        return self.desk.ledger.events_of(stream_id)

    def read(self, officer: str, report_id: UUID) -> ReportContent:
        """What the officer can read of a report. Raises Refused."""
        case = self.case(report_id)
        return ContentReader(self.desk, self.sessions[officer], case.report, case.clue).read()

    def verify(self) -> int:
        """Verify the whole log with its custody; the number of events. Raises Fault."""
        return verify_platform(self.platform).count

    # -- ways that many tests begin with ----------------------------------------------------------------------

    def accepted(self, **said: Any) -> UUID:
        """A report that this body has taken (12388)."""
        report_id, _ = self.web(**said)
        self.do("clerk-1", "register", report_id)
        self.do("clerk-1", "screen", report_id, **OWN)
        self.do("head", "confirm_screening", report_id)
        return report_id

    def distributed(self, *handlers: str, **said: Any) -> UUID:
        """A report whose clue is with its handlers."""
        report_id = self.accepted(**said)
        self.do("head", "transfer", report_id, department="dept-1")
        self.do("clue", "record_clue", report_id)
        self.do("clue", "propose_distribution", report_id, handlers=list(handlers) or ["inspector-1", "inspector-2"])
        self.do("principal", "approve_distribution", report_id)
        return report_id

    def concluded(self, **said: Any) -> UUID:
        """A report that was handled to its end, and of which the reporter was not told yet."""
        report_id = self.distributed(**said)
        self.propose_and_approve(report_id)
        self.do("inspector-1", "conclude", report_id, result="partly_proved", note="部分属实。")
        return report_id

    def propose_and_approve(self, report_id: UUID) -> None:
        """A disposition, from the handler to its approval."""
        self.do(
            "inspector-1",
            "propose_disposition",
            report_id,
            disposition="preliminary_verification",
            minutes="一室〔2026〕第18次",
            note="建议初步核实。",
        )
        self.do("deputy", "approve_disposition", report_id)


def submission(occurred_at: datetime, **said: Any) -> Submission:
    """What is handed in, whatever ``said`` leaves open filled in."""
    fields: dict[str, Any] = {
        "channel": Channel.WEB,
        "line": "12388",
        "occurred_at": occurred_at,
        "respondents": (RESPONDENT,),
        "title": "收受好处",
        "categories": ("涉法行为", "贪污贿赂行为"),
        "text": "在望山茶楼收下八万元。",
        "reporter": REPORTER,
    } | said
    return Submission(**fields)


def file(name: str, content: bytes, media_type: str = "text/plain") -> Attachment:
    """A file that a reporter attaches."""
    return Attachment(name=name, media_type=media_type, size=len(content), open=lambda: closing(io.BytesIO(content)))


@contextmanager
def staffed(home: Path, database_url: str, *, gate: bool = True, now: datetime = NOW) -> Iterator[Office]:
    """A new county in ``home`` on an empty database, with everybody enrolled."""
    clock = Clock(now)
    platform = make_deployment(home, database_url, clock=clock, gate=gate)
    try:
        office = Office(platform, clock)
        office.enrol_everybody()
        yield office
    finally:
        platform.close()


def names(events: Sequence[Event]) -> list[str]:
    """Topics without their versions, in order."""
    return [event.TOPIC.removesuffix(".v1") for event in events]


DATABASES = ("sqlite", pytest.param("postgres", marks=pytest.mark.postgres))
"""Parameters of a fixture that staffs one county on each kind of database."""


@contextmanager
def staffed_on(request: pytest.FixtureRequest, directory: Path, *, gate: bool = True) -> Iterator[Office]:
    """A county for the tests of one module, on the kind of database that ``request.param`` names."""
    if request.param == "sqlite":
        with staffed(directory / "home", f"sqlite:///{directory / 'log.sqlite'}", gate=gate) as office:
            yield office
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create_database()
    try:
        with staffed(directory / "home", server.url(name), gate=gate) as office:
            yield office
    finally:
        server.drop_database(name)
