"""Building the demonstration: a whole deployment, its officers and the story of its reports, by the real commands.

Built beside its place and moved there when it is finished, so an interrupted build leaves nothing half-done behind.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import as_file, files
from pathlib import Path
from uuid import UUID

from projections.runner import Runner
from supervision import settings as settings_module
from supervision.business_time import SHANGHAI
from supervision.casework import reading, sealed
from supervision.casework.account_changes import change_roles
from supervision.casework.actions import Case, carry_out
from supervision.casework.catalogue import BY_NAME
from supervision.casework.enrolment import Appointment, appoint, enrol
from supervision.casework.office_keys import grant_office_key
from supervision.casework.officer_session import OfficerSession
from supervision.casework.sessions import resume
from supervision.casework.sign_in import sign_in
from supervision.database_owner import ownership
from supervision.demonstration import contacts
from supervision.demonstration.contacts import CONTACTS
from supervision.demonstration.county import plan
from supervision.demonstration.openings import STORIES, Openings
from supervision.demonstration.people import PEOPLE
from supervision.demonstration.story import STEPS, SealedStep, Step
from supervision.domain.codes import Role
from supervision.founding import (
    FirstOfficer,
    appoint_first_officers,
    begin_log,
    building_site,
    lay_home,
    make_databases,
)
from supervision.intake.importer import import_file
from supervision.intake.service_tokens import ServiceTokens
from supervision.platform import Platform
from supervision.projecting import make_runner
from supervision.sealing.ceremony import Ceremony
from supervision.sealing.receipt import ReceiptCode, lookup_tag
from supervision.witnessing.founding import lay_demonstration_witness

ACCOUNTS = "demo-accounts.json"
ADMINISTRATOR = "admin"
SECURITY = "security"

FOUNDED = datetime(2026, 1, 5, 9, 0, tzinfo=SHANGHAI)
IMPORTED = datetime(2026, 11, 20, 17, 0, tzinfo=SHANGHAI)


class DemonstrationClock:
    """Business time during the build: the officers' working days, not the visitor's."""

    def __init__(self) -> None:
        self._now = FOUNDED

    def __call__(self) -> datetime:
        return self._now

    def set(self, moment: datetime) -> None:
        self._now = moment


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of the demonstration. ``place``: where it signs in."""

    officer: str
    name: str
    role: str
    office: str
    passphrase: str
    place: str


def build(environ: Mapping[str, str]) -> list[Account]:
    """Build the demonstration in the home of ``environ`` and return its accounts. Raises AlreadyFounded."""
    with building_site(settings_module.home_of(environ)) as site:
        county = plan()
        ceremony = lay_home(site, county.settings_text, county.ceremony, county.superior, county.witness)
        clock = DemonstrationClock()
        settings = settings_module.load({**environ, "SUPERVISION_HOME": str(site), "SUPERVISION_SITE": "all"})
        with closing(Platform(settings=settings, clock=clock, recording_clock=time.time)) as platform:
            make_databases(platform, ownership(environ))
            lay_demonstration_witness(site, ceremony, settings.site_name)
            begin_log(platform, ceremony)
            codes = appoint_first_officers(platform, ceremony, county.officers)
            accounts = [_account(platform, person) for person in PEOPLE]
            passphrases = {account.officer: account.passphrase for account in accounts}
            officers = _enrol_everybody(platform, county.officers, codes, passphrases)
            _tell(platform, ceremony, officers, clock)
            tokens = ServiceTokens(home=site, token_key=platform.console_secrets.token_key)
            _write_accounts(site, accounts, tokens.issue("demonstration", platform.rng))
    return accounts


def _enrol_everybody(
    platform: Platform,
    first: Sequence[FirstOfficer],
    codes: Mapping[str, str],
    passphrases: Mapping[str, str],
) -> dict[str, OfficerSession]:
    """First those whom the ceremony appointed; then the two administrators appoint the rest, and holders give
    them their keys."""
    desk, working = platform.desk, platform.working
    for officer, code in codes.items():
        enrol(desk, working, officer, code, passphrases[officer])
    administrator = _signed_in(platform, ADMINISTRATOR, passphrases)
    security = _signed_in(platform, SECURITY, passphrases)
    holders = {
        office: _signed_in(platform, one.appointment.officer, passphrases) for one in first for office in one.holds
    }
    for person in PEOPLE:
        if person.officer not in codes:
            code = appoint(desk, working, administrator.signer, desk.stamp(administrator), person)
            change_roles(desk, security, person.officer, {})
            enrol(desk, working, person.officer, code, passphrases[person.officer])
            if person.office in holders:
                grant_office_key(desk, holders[person.office], person.officer)
    return {person.officer: _signed_in(platform, person.officer, passphrases) for person in PEOPLE}


def _signed_in(platform: Platform, officer: str, passphrases: Mapping[str, str]) -> OfficerSession:
    cookie = sign_in(platform.desk, platform.working, officer, passphrases[officer])
    session = resume(platform.desk, platform.working, cookie)
    if session is None:
        raise RuntimeError(f"the session of {officer} ended at once")
    return session


# -- the story ------------------------------------------------------------------------------------------------


def _tell(
    platform: Platform, ceremony: Ceremony, officers: Mapping[str, OfficerSession], clock: DemonstrationClock
) -> None:
    """Import the samples, then let the officers do what the story says, in the order of its moments."""
    runner = make_runner(platform)
    clock.set(IMPORTED)
    reports = _import_samples(platform)
    for step in sorted(STEPS, key=lambda step: step.moment):
        clock.set(datetime.fromisoformat(step.moment).replace(tzinfo=SHANGHAI))
        runner.run_once()
        _take(platform, runner, officers[step.officer], reports, step)
    openings = Openings(platform, ceremony, officers, clock.set, runner.run_once)
    for story in STORIES:
        openings.tell(story, reports[story.sample])
    for contact in CONTACTS:
        contacts.tell(platform, ceremony, officers, clock.set, contact, reports[contact.sample])
    runner.run_once()


def _import_samples(platform: Platform) -> dict[str, UUID]:
    """Sample id to the stream of its report."""
    with as_file(files("supervision.demonstration") / "samples.json") as path:
        imported = import_file(platform, path, emit=lambda _: None)
    return {report.sample_id: _stream_of(platform, report.code or "") for report in imported}


def _stream_of(platform: Platform, code: str) -> UUID:
    secrets = ReceiptCode.parse(code).derive(platform.manifest.origin)
    tag = lookup_tag(platform.console_secrets.pepper, secrets.lookup)
    found = platform.custody.lookup("receipt", tag)
    if found is None:
        raise RuntimeError("an imported report is not in the log")
    return found


def _take(
    platform: Platform,
    runner: Runner,
    officer: OfficerSession,
    reports: Mapping[str, UUID],
    step: Step | SealedStep,
) -> None:
    desk, report_id = platform.desk, reports[step.sample]
    if isinstance(step, SealedStep):
        if step.action == "register":
            sealed.register(desk, officer, report_id)
        else:
            sealed.report_to_superior(desk, officer, report_id, "site")
        return
    data = dict(step.data)
    original = str(data.get("original", ""))
    if original.startswith("@"):
        data["original"] = desk.report(reports[original.removeprefix("@")]).number
    if step.action == "screen":  # he reads it first, which enters those whom it names in the index
        reading.content(desk, officer, Case.load(desk, report_id))
    carry_out(BY_NAME[step.action], desk, officer, report_id, data)


# -- accounts -------------------------------------------------------------------------------------------------

_PLACES = {
    Role.OVERSIGHT_REVIEWER: "/oversight",
    Role.SECURITY_AUDITOR: "/oversight",
    Role.SUPERIOR_OFFICER: "/witness",
}

_WORD_LIST = """
songyan zhuying xiqiao shijing yunshan mailang chaxiang yuhuo chenzhong mugu xueling jiangfan gudu xintong qiushui
chunshan meiyu hefeng daohua liuan shuangye mingyue qingquan qinglan bailu hongfeng yuanfan jinshui gaotai changting
duandi guqin
"""
_WORDS = tuple(_WORD_LIST.split())


def _account(platform: Platform, person: Appointment) -> Account:
    """A passphrase of five words drawn at random (25 bits): enough for a demonstration behind loopback, for
    nothing else."""
    words = [_WORDS[byte % len(_WORDS)] for byte in platform.rng(5)]
    place = _PLACES.get(person.roles[0], "/console")
    return Account(
        officer=person.officer,
        name=person.name,
        role="、".join(role.label for role in person.roles),
        office=platform.settings.name_of(person.office),
        passphrase="-".join(words),
        place=place,
    )


def _write_accounts(home: Path, accounts: list[Account], service_token: str) -> None:
    table = {
        "note": "演示账号，仅供本机演示；正式部署中没有这样的文件。",
        "second_factor": False,
        "accounts": [vars(account) for account in accounts],
        "service_token": service_token,
    }
    (home / ACCOUNTS).write_text(json.dumps(table, ensure_ascii=False, indent=2), "utf-8")
