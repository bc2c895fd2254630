"""PostgreSQL under three roles: each site works with the rights that it has, and the server refuses all else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.persistence import PersistenceError
from psycopg import errors

from events import schema
from events.topics import registered
from events.vocabulary.streams import correspondence_id
from supervision import settings
from supervision.casework.attempts import FAILURES
from supervision.casework.enrolment import ENROLMENT
from supervision.casework.keyrings import KEYRING
from supervision.casework.sessions import SESSION as OFFICER_SESSION
from supervision.casework.sessions import SLOT
from supervision.casework.sign_in import SETTING_UP, STEP
from supervision.database_owner import PUBLIC_KINDS, PUBLIC_TOPICS
from supervision.demonstration.build import ACCOUNTS, build
from supervision.domain.aggregate import Stamp
from supervision.domain.correspondence import Correspondence
from supervision.platform import Platform
from supervision.projecting import run_in_background
from supervision.sealing.keys import SigningKey
from supervision.web.app import create_app
from supervision.web.console.new_report import RECEIPT as DESK_RECEIPT
from supervision.web.public.status import SESSION as STATUS_SESSION
from tests.support.database_roles import RoledDatabase, roled_database
from tests.support.officers import Screen
from tests.support.postgres import PostgresServer
from tests.support.remote import Remote
from tests.support.server import serving
from tests.support.visitor import ANSWERS, Visitor

ROOT = Path(__file__).parents[1]
MESSAGE = "您反映的情况已经收悉，我们会按规定办理。"


@dataclass(frozen=True)
class County:
    """The demonstration, founded by the owner."""

    database: RoledDatabase
    home: Path

    def platform(self, site: str) -> Platform:
        return Platform(settings=settings.load(self.database.environ(self.home, site)))

    def verify(self) -> str:
        """What ``supervision verify`` says when the application's role runs it."""
        command = [sys.executable, "-m", "supervision", "verify"]
        environ = {**os.environ, **self.database.environ(self.home)}
        finished = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        assert finished.returncode == 0, finished.stderr
        return finished.stdout


@pytest.fixture(scope="module")
def county(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    home = tmp_path_factory.mktemp("county") / "home"
    with roled_database(postgres_server) as database:
        build(database.founding(home))
        yield County(database, home)


# -- what they can do -------------------------------------------------------------------------------------------------


def test_the_demonstration_is_founded_by_the_owner_and_verified_by_the_application(county: County) -> None:
    assert "核验通过" in county.verify()
    owners = "SELECT schemaname, tableowner FROM pg_tables WHERE schemaname = ANY(%s)"
    with county.database.connected() as superuser:
        found = set(superuser.execute(owners, [["public", "working", "projections"]]).fetchall())
    database = county.database
    assert found == {("public", database.owner), ("working", database.owner), ("projections", database.application)}


def test_reporter_and_office_write_to_each_other_each_through_his_own_role(county: County) -> None:
    """A report with a file, its status, an addition, a message read: the public site's process has the public role
    alone; the console's has the application's."""
    console = county.platform("console")
    stop = run_in_background(console)
    before = console.ledger.head()
    with serving(county.database.environ(county.home, "public"), workers=1) as port, closing(console):
        visitor = Visitor(Remote(port))
        code = visitor.report(files=[("账页.txt", "第三页有改动".encode())])
        visitor.look_up(code)
        assert "已收到" in visitor.words
        visitor.add("还有一页", ("第二页.txt", b"page two"))
        assert "补充材料已收到" in visitor.words
        received = next(e for e in console.ledger.stored(before + 1, 10) if e.event.TOPIC == "report.received.v1")
        _answer(county, console, received.event.originator_id)
        visitor.look_up(code)
        assert MESSAGE in visitor.words
        visitor.post("/status", {"action": "withdraw"})
        assert "您不需要知道处理结果" in visitor.words
        sealed = Visitor(Remote(port)).report({**ANSWERS, "level": {**ANSWERS["level"], "level": "county"}})
        assert len(sealed) == 32
        _hand_in_twice(Remote(port), "9f2c8e1ab4d74c6e")
        written = {e.event.TOPIC for e in console.ledger.stored(before + 1, 100) if _by_reporter(e.event)}
        stop.set()
    assert written == set(PUBLIC_TOPICS)
    assert "核验通过" in county.verify()


def _answer(county: County, console: Platform, report: UUID) -> None:
    """Officers register the report and put a message on its status page, on the pages of the console."""
    assert console.reads.wait_for(console.ledger.head(), 20)
    app = create_app(console)
    clerk, head = (_signed_in(county, Screen(app.test_client()), officer) for officer in ("clerk-1", "head"))
    clerk.act(report, "register")
    clerk.act(report, "draft_message", text=MESSAGE)
    assert "第三页有改动" not in clerk.text
    assert console.reads.wait_for(console.ledger.head(), 20)
    head.open(f"/console/reports/{report}")
    (draft,) = (e.event for e in console.ledger.stored(1, 1000) if e.event.TOPIC == "correspondence.message_drafted.v1")
    head.act(report, "approve_message", message=draft.message)


def _signed_in(county: County, screen: Screen, officer: str) -> Screen:
    accounts = json.loads((county.home / ACCOUNTS).read_text("utf-8"))["accounts"]
    (passphrase,) = (account["passphrase"] for account in accounts if account["officer"] == officer)
    screen.open("/console/sign-in")
    screen.send("/console/sign-in", account=officer, passphrase=passphrase)
    assert screen.path != "/console/sign-in", screen.text
    return screen


def _hand_in_twice(public: Remote, key: str) -> None:
    body = {"line": "12388", "text": "同一件事说两遍。"}
    answers = [
        public.test_client().post("/api/v1/reports", json=body, headers={"Idempotency-Key": key * 2}) for _ in "12"
    ]
    assert [answer.status_code for answer in answers] == [201, 201], answers[0].text
    assert answers[0].json == answers[1].json


def _by_reporter(event: Any) -> bool:
    return getattr(event, "actor", "reporter") == "reporter"


# -- what the server refuses ------------------------------------------------------------------------------------------

TABLES = tuple(schema.metadata.tables)
CUSTODY = ("envelope", "wrap", "file", "lookup")
OFFICERS_KINDS = (OFFICER_SESSION, SLOT, SETTING_UP, STEP, KEYRING, FAILURES, ENROLMENT, DESK_RECEIPT)


def each(statement: str, names: Iterable[str]) -> Iterator[str]:
    """The statement once for each name; what stands in brackets for later stays."""
    for name in names:
        yield statement.replace("{}", name)


FORBIDDEN = (
    "UPDATE node SET hash = NULL",
    *each("UPDATE event SET {} = NULL", ["position", "state", "salt", "signature", "recorded_at"]),
    *each("UPDATE checkpoint SET {} = NULL", ["size", "note"]),
    *each("UPDATE cosignature SET {} = NULL", ["size", "line"]),
    *each("UPDATE {} SET stream_id = NULL", CUSTODY),
    *each("UPDATE head SET {} = {}", ["id", "origin", "revision"]),
    *each("DELETE FROM {}", [*schema.APPEND_ONLY, "head"]),
    *each("TRUNCATE {} CASCADE", TABLES),
    *each("DROP TRIGGER {}_no_change ON {}", schema.APPEND_ONLY),
    *each("ALTER TABLE {} DISABLE TRIGGER ALL", schema.APPEND_ONLY),
    *each("ALTER TABLE {} ADD COLUMN more int", TABLES),
    *each("DROP TABLE {} CASCADE", TABLES),
    *each("BEGIN; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", schema.APPEND_ONLY),
    "INSERT INTO head VALUES (2, 'another', 2, 0, '', 0)",
    "INSERT INTO node (level, number, hash) SELECT 0, 0, hash FROM node LIMIT 1"
    " ON CONFLICT (level, number) DO UPDATE SET hash = excluded.hash",
    "CREATE TRIGGER mine BEFORE INSERT ON event FOR EACH ROW EXECUTE FUNCTION refuse_change()",
    "CREATE RULE mine AS ON INSERT TO event DO INSTEAD NOTHING",
    "CREATE INDEX mine ON event (topic)",
    "CREATE POLICY mine ON event FOR INSERT WITH CHECK (true)",
    "DROP POLICY public_site_appends ON event",
    "ALTER POLICY public_site_appends ON event WITH CHECK (true)",
    "ALTER TABLE event DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE event OWNER TO CURRENT_USER",
    "CREATE TABLE public.mine ()",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "DROP FUNCTION refuse_change() CASCADE",
    "DROP SCHEMA public CASCADE",
    "CREATE SCHEMA mine",
    "SET session_replication_role = replica",
    "SET ROLE {owner}",
    "SET SESSION AUTHORIZATION {owner}",
    "GRANT {owner} TO CURRENT_USER",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER BYPASSRLS",
    "COPY event TO PROGRAM 'cat'",
    "DROP TABLE working.kept",
    "ALTER TABLE working.kept DISABLE ROW LEVEL SECURITY",
)

FORBIDDEN_TO_THE_PUBLIC_SITE = (
    *each("DELETE FROM {}", CUSTODY),
    "SELECT * FROM file",
    "INSERT INTO checkpoint VALUES (1, 'note', 0)",
    "INSERT INTO cosignature VALUES (1, 'witness', 0, 'line')",
    "SELECT * FROM projections.projection",
    "CREATE TABLE projections.mine ()",
    "SET ROLE {application}",
    *each("INSERT INTO working.kept VALUES ('{}', '\\x00', 4102444800, '\\x00')", OFFICERS_KINDS),
)


@pytest.mark.parametrize("statement", FORBIDDEN)
@pytest.mark.parametrize("role", ["application", "public"])
def test_the_server_refuses_what_no_serving_process_needs(county: County, role: str, statement: str) -> None:
    _refused(county.database, role, statement)


@pytest.mark.parametrize("statement", FORBIDDEN_TO_THE_PUBLIC_SITE)
def test_the_server_refuses_the_public_site_what_is_the_offices(county: County, statement: str) -> None:
    _refused(county.database, "public", statement)


def _refused(database: RoledDatabase, role: str, statement: str) -> None:
    text = statement.format(owner=database.owner, application=database.application)
    with database.connected(getattr(database, role)) as session, pytest.raises(errors.InsufficientPrivilege):
        session.execute(text.encode())


def _append(session: psycopg.Connection, topic: str) -> None:
    """An event such as the sequencer writes, taken back again."""
    values = (2**40, uuid4(), 1, topic, b"{}", bytes(32), bytes(32), bytes(64), 0)
    with session.transaction(force_rollback=True):
        session.execute("INSERT INTO event VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)", values)


def test_the_public_site_appends_public_topics_and_no_others(county: County) -> None:
    topics = {name for name, _ in registered()}
    assert set(PUBLIC_TOPICS) < topics
    with county.database.connected(county.database.public) as public:
        for topic in PUBLIC_TOPICS:
            _append(public, topic)
        for topic in (*(topics - set(PUBLIC_TOPICS)), "", "report.received.v2", "report.received.v1 "):
            with pytest.raises(errors.InsufficientPrivilege, match="row-level security"):
                _append(public, topic)


def test_the_application_appends_every_topic(county: County) -> None:
    with county.database.connected(county.database.application) as application:
        for topic, _ in registered():
            _append(application, topic)


def test_the_public_site_sees_no_working_state_of_officers(county: County) -> None:
    assert STATUS_SESSION in PUBLIC_KINDS
    kinds = "SELECT DISTINCT kind FROM working.kept"
    with county.database.connected(county.database.application) as application:
        assert KEYRING in {kind for (kind,) in application.execute(kinds)}
    with county.database.connected(county.database.public) as public:
        assert {kind for (kind,) in public.execute(kinds)} <= set(PUBLIC_KINDS)
        assert public.execute("DELETE FROM working.kept WHERE kind = %s", [KEYRING]).rowcount == 0


def test_the_server_refuses_even_the_owner_while_the_triggers_stand(county: County) -> None:
    with county.database.connected() as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in schema.APPEND_ONLY:
            for statement in ("DELETE FROM {}", "TRUNCATE {} CASCADE"):
                with pytest.raises(errors.RaiseException, match="append-only"):
                    superuser.execute(statement.format(table).encode())


def test_whoever_has_the_public_sites_process_appends_no_officers_event(county: County) -> None:
    """The store refuses it like any other bad data, with what was to be written beside it."""
    with closing(county.platform("public")) as taken_over:
        head, key, report = taken_over.ledger.head(), SigningKey.generate(taken_over.rng), uuid4()
        stamp = Stamp(actor="head", office="petition", occurred_at="2026-11-23T10:00:00+08:00", rule_version="2026.1")
        addition, letter = Correspondence(correspondence_id(report)), Correspondence(correspondence_id(uuid4()))
        addition.withdraw_feedback_wish(stamp, report=report)
        letter.send_template(stamp, report=report, template="received")
        with pytest.raises(PersistenceError):
            taken_over.ledger.record(addition, letter, signer=key)
        assert taken_over.log.open().size == head
