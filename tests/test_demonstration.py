"""The demonstration is a real deployment: built by real commands, verifiable, its reports where the story left them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from events.vocabulary.streams import opening_id, register_id
from projections import queries
from supervision import settings
from supervision.casework.sessions import resume
from supervision.casework.sign_in import sign_in
from supervision.demonstration.build import ACCOUNTS, build
from supervision.demonstration.openings import GATE, STORIES
from supervision.demonstration.people import PEOPLE
from supervision.domain.codes import Role
from supervision.domain.opening import openings_shown_to_reporter
from supervision.domain.refusal import Refused
from supervision.founding import AlreadyFounded
from supervision.openings.gate import releases
from supervision.openings.gate_home import GateHome
from supervision.platform import Platform
from supervision.verifying import verify_platform
from tests.support.deployment import environment
from tests.support.postgres import PostgresServer

ROOT = Path(__file__).parents[1]


@dataclass
class Demonstration:
    environ: dict[str, str]
    platform: Platform
    accounts: dict[str, dict[str, Any]]


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def demonstration(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    """Built once on each database."""
    home = tmp_path_factory.mktemp("demonstration") / "var"
    url = ""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.url(server.create_database())
    environ = environment(home, url)
    build(environ)
    platform = Platform(settings=settings.load(environ))
    accounts = json.loads((home / ACCOUNTS).read_text("utf-8"))["accounts"]
    yield Demonstration(environ, platform, {account["officer"]: account for account in accounts})
    platform.close()


def test_its_log_verifies(demonstration: Demonstration) -> None:
    assert verify_platform(demonstration.platform).count == demonstration.platform.ledger.head() > 150


def test_the_reports_stand_in_various_states(demonstration: Demonstration) -> None:
    platform = demonstration.platform
    with platform.reads.reading() as reader:
        states = Counter(
            row.state
            for officer in ("clerk-1", "org-clerk")
            for row in queries.queue(reader, _everything(platform, officer), scope=queries.Scope.OFFICES).rows
        )
    assert states == {
        "transferred": 2,
        "forwarded_down": 1,
        "duplicate_retained": 1,
        "assigned_down": 1,
        "not_accepted": 2,
        "fed_back": 1,
        "appeal_routed": 1,
        "screened": 1,
        "registered": 1,
    }


def _everything(platform: Platform, officer: str) -> queries.Viewer:
    account = platform.desk.account(officer)
    return queries.Viewer(officer=officer, roles=frozenset(account.roles), offices=frozenset({account.office}))


def test_the_superiors_report_went_up_unread(demonstration: Demonstration) -> None:
    with demonstration.platform.reads.reading() as reader:
        (sealed,) = queries.sealed_reports(reader, frozenset({"petition"})).rows
    assert sealed.state == "reported"


def test_a_contact_waits_for_the_second_relay_officer_and_another_is_a_notice_on_record(
    demonstration: Demonstration,
) -> None:
    with demonstration.platform.reads.reading() as reader:
        waiting = queries.contacts_to_relay(reader, "relay-2", date(2026, 11, 20))
        (told,) = queries.contacts_done(reader, "relay-2")
    assert [(row.purpose, row.contributed) for row in waiting] == [("supplement", ("relay-1",))]
    assert (told.purpose, told.outcome) == ("routing", "reached")


def test_register_numbers_are_gap_free(demonstration: Demonstration) -> None:
    origin = demonstration.platform.settings.origin
    stream = register_id(origin, "petition", "report", 2026)
    numbers = [event.number for event in demonstration.platform.ledger.events_of(stream)]  # type: ignore[attr-defined]  # all are NumberAssigned
    assert numbers == [f"云信〔2026〕{serial:04d}号" for serial in range(1, len(numbers) + 1)]
    assert len(numbers) == 9


def test_there_is_an_officer_for_every_role_of_this_release(demonstration: Demonstration) -> None:
    assert set(demonstration.accounts) == {person.officer for person in PEOPLE}
    roles = {role for person in PEOPLE for role in person.roles}
    assert roles >= {
        Role.HOTLINE_OPERATOR,
        Role.INTAKE_CLERK,
        Role.PERSONNEL_CLERK,
        Role.PETITION_HEAD,
        Role.CLUE_SUPERVISOR,
        Role.INSPECTOR,
        Role.DEPUTY_IN_CHARGE,
        Role.PRINCIPAL,
        Role.IDENTITY_CUSTODIAN,
        Role.RELAY_OFFICER,
        Role.OVERSIGHT_REVIEWER,
        Role.SUPERIOR_OFFICER,
        Role.SYSTEM_ADMIN,
    }


@pytest.mark.parametrize("officer", ["clerk-1", "principal", "superior"])
def test_an_account_signs_in_with_its_passphrase_and_no_other(demonstration: Demonstration, officer: str) -> None:
    desk, working = demonstration.platform.desk, demonstration.platform.working
    session = resume(desk, working, sign_in(desk, working, officer, demonstration.accounts[officer]["passphrase"]))
    assert session is not None
    assert session.officer == officer
    with pytest.raises(Refused):
        sign_in(desk, working, officer, demonstration.accounts["operator"]["passphrase"])


def test_it_is_not_built_over_a_deployment(demonstration: Demonstration) -> None:
    before = demonstration.platform.ledger.head()
    with pytest.raises(AlreadyFounded):
        build(demonstration.environ)
    assert demonstration.platform.ledger.head() == before


def test_the_second_start_finds_it_and_builds_nothing(demonstration: Demonstration) -> None:
    again = subprocess.run(
        [sys.executable, "-m", "supervision", "demo", "--if-absent"],
        cwd=ROOT,
        env={**os.environ, **demonstration.environ},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "正在建立" not in again.stdout
    assert demonstration.accounts["clerk-1"]["passphrase"] in again.stdout


# -- openings -----------------------------------------------------------------------------------------------------


def test_the_openings_stand_in_each_state_that_a_visitor_wants_to_see(demonstration: Demonstration) -> None:
    today = date(2026, 11, 23)
    with demonstration.platform.reads.reading() as reader:
        found = {
            row.opening_id: (row.state, len(row.contributed), row.released)
            for officer in {story.requester for story in STORIES}
            for row in (
                *queries.openings_requested(reader, officer, today),
                *queries.openings_ended(reader, officer),
            )
        }
    assert sorted(found.values()) == [
        ("approved", 1, False),
        ("opened", 2, True),
        ("refused", 0, False),
        ("requested", 0, False),
    ]


def test_the_reporter_of_the_opened_one_is_told(demonstration: Demonstration) -> None:
    (opened,) = [story for story in STORIES if story.opened_at]
    platform = demonstration.platform
    told = [
        openings_shown_to_reporter(
            [event for number in range(1, 5) for event in platform.ledger.events_of(opening_id(report, number))],
            date(2026, 11, 23),
        )
        for report in platform.desk.directory.reports_handled_by(opened.requester)
    ]
    assert told == [[("2026-11-18", opened.purpose.label)]]


def test_the_gate_of_the_demonstration_remembers_what_it_released(demonstration: Demonstration) -> None:
    gate = GateHome.load(demonstration.platform.settings.home / GATE)
    assert [one.origin for one in releases(gate)] == [demonstration.platform.manifest.origin]
