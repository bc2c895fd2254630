"""What a thief of the whole home learns: of what people said of themselves and of others, nothing.

One county takes reports through every door, while its officers write notes and messages. Each field is filled with a
mark of its own, and then every byte that the county keeps or says is searched for each mark in every spelling. Only
the facts that queues are sorted by may be found, and only in the read models; of what went to the superior, not even
those. Left out are the keys themselves (``secrets``, ``handover``, and the file of seeds that only tests have).
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import logging
import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from events.model import Sealing
from supervision.casework.account_changes import change_roles
from supervision.casework.content import sealings_of
from supervision.casework.enrolment import Appointment, appoint, enrol
from supervision.casework.office_keys import grant_office_key
from supervision.casework.sign_in import sign_in
from supervision.domain.codes import Role
from supervision.intake.importer import import_file
from supervision.intake.service_tokens import ServiceTokens
from supervision.intake.submission import ReportedPerson
from supervision.sealing.compartments import FACTS
from supervision.sealing.errors import SealingError
from supervision.sealing.keys import KemPrivateKey
from supervision.sealing.opening import Opener
from supervision.web.app import create_app
from tests.support.loot import Loot, Planted, mark, overheard, steal
from tests.support.office import DATABASES, OWN, Office, file, staffed_on
from tests.support.officers import Screen
from tests.support.visitor import Visitor

PASSPHRASE = "songyan-zhuying-xiqiao-hanquan"
READ_MODELS = re.compile(r"home/read\.sqlite(-wal|-shm)?$|projections\.")


# -- one county, and every way into it ------------------------------------------------------------------------------


def photograph(planted: Planted, door: str) -> tuple[str, bytes]:
    """A picture whose name and metadata say who took it."""
    told, made = PngInfo(), io.BytesIO()
    told.add_text("Author", planted.hidden(f"{door}/picture/author"))
    Image.effect_noise((90, 90), 90).save(made, "png", pnginfo=told)
    return f"{planted.hidden(f'{door}/picture/name')}.png", made.getvalue()


def statement(planted: Planted, door: str, length: int = 0) -> tuple[str, bytes]:
    """A text of at least so many bytes."""
    text = planted.hidden(f"{door}/file/content") + "," * length
    return f"{planted.hidden(f'{door}/file/name')}.txt", text.encode()


def answers(planted: Planted, door: str, level: str, *, shown: bool) -> dict[str, Mapping[str, str | list[str]]]:
    """The pages of the public form, each field with a mark. ``shown``: its facts will be in the read models."""
    person = planted.person(door, "unit", "post", up=not shown)
    reporter = planted.reporter(
        door, "name", "phone", "address", "id_no", "political", "occupation", "relation", "preference"
    )
    category = planted.fact(f"{door}/category") if shown else planted.hidden(f"{door}/category")
    return {
        "level": {"level": level, "unit": person["unit"]},
        "who": {f"{name}-1": value for name, value in person.items()} | {"area-1": planted.hidden(f"{door}/area")},
        "category": {"category": ["4.1"], "other": category},
        "text": {"text": planted.hidden(f"{door}/text")},
        "files": {},
        "identity": {"identity": "named", "feedback": "yes"},
        "reporter": reporter,
    }


class Doors:
    """Everybody who says something to the county."""

    def __init__(self, office: Office, planted: Planted, directory: Path) -> None:
        self.office = office
        self.platform = office.platform
        self.planted = planted
        self.directory = directory
        self.app = create_app(office.platform)
        self.codes: list[str] = []

    def drafts(self) -> list[Visitor]:
        """Reports on the public form before they are handed in; the last one never is."""
        visitors = []
        for door, level in (("web", "village"), ("web-up", "county"), ("left", "section")):
            visitor = Visitor(self.app)
            said = answers(self.planted, door, level, shown=door == "web")
            # The framework would put more than 500 kB into a temporary file.
            visitor.fill(said, [photograph(self.planted, door), statement(self.planted, door, 600_000)])
            assert visitor.heading == "核对您填写的内容", visitor.words
            visitors.append(visitor)
        return visitors

    def hand_in(self, visitors: list[Visitor]) -> None:
        """Hand in all but the last, and add to them on the status page."""
        for number, visitor in enumerate(visitors[:-1]):
            code = visitor.hand_in()
            self.codes.append(code)
            visitor.look_up(code)
            visitor.add(self.planted.hidden(f"supplement/{number}"), statement(self.planted, f"supplement/{number}"))

    def api(self) -> None:
        """By the public, by a service with its token, and for the superior."""
        token = ServiceTokens(home=self.platform.settings.home, token_key=self.platform.console_secrets.token_key)
        bearer = {"Authorization": f"Bearer {token.issue('system', self.platform.rng)}"}
        client = self.app.test_client()
        facts = ("unit", "post", "rank", "area_code", "managed_by")
        for door, headers in (("api", {}), ("service", bearer), ("api-up", {})):
            up = door == "api-up"
            person = self.planted.person(door, *facts, up=up)
            body = {
                "line": "12388",
                "respondents": [person | ({"post": f"副县长{person['post']}", "rank": "副县处级"} if up else {})],
                "title": self.planted.hidden(f"{door}/title"),
                "category": [self.planted.hidden(f"{door}/category") if up else self.planted.fact(f"{door}/category")],
                "text": self.planted.hidden(f"{door}/text"),
                "reporter": self.planted.reporter(door, "name", "id_no", "phone", "political", "address", "occupation"),
            }
            key = {"Idempotency-Key": hashlib.sha256(door.encode()).hexdigest()}
            answer = client.post("/api/v1/reports", json=body, headers=key | headers)
            assert answer.status_code == 201, answer.text
            self.codes.append(answer.json["code"])
            wrong = body | {"nonsense": self.planted.hidden(f"{door}/wrong")}
            assert client.post("/api/v1/reports", json=wrong, headers=headers).status_code == 422

    def import_(self, elsewhere: Path) -> None:
        """From a file of another system, which is not the county's to seal."""
        records = []
        for door, rank in (("import", "乡科级"), ("import-up", "副县处级")):
            up = door == "import-up"
            person = self.planted.person(door, "unit", "post", "area_code", "managed_by", up=up)
            reporter = self.planted.reporter(
                door, "name", "id_no", "phone", "political", "address", "occupation", "caller_id", "sender_msisdn"
            )
            records.append(
                {
                    "sample_id": self.planted.hidden(f"{door}/id"),
                    "channel": "phone",
                    "line": "12388",
                    "received_at": (self.office.clock() - timedelta(days=1)).isoformat(),
                    "reporter": reporter,
                    "respondents": [person | {"rank": rank, "post": f"{'副县长' if up else ''}{person['post']}"}],
                    "title": self.planted.hidden(f"{door}/title"),
                    "raw_text": self.planted.hidden(f"{door}/text"),
                    "attachments": [{"name": self.planted.hidden(f"{door}/announced"), "kind": "pdf"}],
                }
            )
        path = elsewhere / "records.json"
        path.write_text(json.dumps(records, ensure_ascii=False), "utf-8")
        for imported in import_file(self.platform, path, emit=lambda imported: None):
            self.codes.append(imported.code or "")

    def call(self) -> None:
        """Calls that an officer takes down on the console, with a passphrase of his own; he reads one again."""
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
        for door in ("call", "call-up"):
            screen.open("/console/reports/new")
            screen.send("/console/reports/new", 422, **self._form(screen, door) | {"arrival-channel": "x"})
            screen.send("/console/reports/new", **self._form(screen, door))
            self.codes.append("".join(re.findall(r"<span>([0-9]{4})</span>", screen.text)))
            self.office.catch_up()
        screen.open("/console/?scope=offices")
        assert mark("call/text") in "".join(screen.open(f"/console/reports/{one}") for one in screen.reports)

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
            "arrival-channel": "phone",
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
        facts = self.planted.person("late", "unit", "post", "rank", "area_code", "managed_by", up=True)
        category = self.planted.hidden("late/category")
        report, code = self.office.web(respondents=(ReportedPerson(**facts),), categories=(category,))
        self.codes.append(code.digits)
        self.office.do("clerk-1", "register", report)
        self.office.catch_up()
        stolen = steal(self.directory, self.platform.settings.database_url)
        assert any(mark("late/unit").encode() in content for content in stolen.values())
        self.office.do("clerk-1", "screen", report, **OWN, note=self.planted.hidden("late/note"))
        self.office.do("head", "return_screening", report, note=self.planted.hidden("late/return"))
        self.office.do("clerk-1", "propose_bypass", report)
        self.office.do("head", "confirm_bypass", report)


@pytest.fixture(scope="module", params=DATABASES)
def robbed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Loot]]:
    """The county, and what was stolen from it."""
    directory, elsewhere = tmp_path_factory.mktemp("county"), tmp_path_factory.mktemp("elsewhere")
    (directory / "tmp").mkdir()
    with pytest.MonkeyPatch.context() as patch, overheard() as heard, staffed_on(request, directory) as office:
        patch.setenv("TMPDIR", str(directory / "tmp"))
        patch.setattr(tempfile, "tempdir", str(directory / "tmp"))
        doors = Doors(office, Planted(), directory)
        visitors = doors.drafts()
        url = office.platform.settings.database_url
        during = steal(directory, url)
        doors.hand_in(visitors)
        doors.api()
        doors.import_(elsewhere)
        doors.call()
        doors.officers()
        doors.late()
        office.catch_up()
        kept = steal(directory, url)
        logging.getLogger("tests").info("the end")
        yield office, Loot(doors.planted, kept, during, heard.getvalue().encode(), doors.codes)


@pytest.fixture
def loot(robbed: tuple[Office, Loot]) -> Loot:
    return robbed[1]


@pytest.fixture
def office(robbed: tuple[Office, Loot]) -> Office:
    return robbed[0]


# -- what is found --------------------------------------------------------------------------------------------------


def test_what_people_said_is_found_nowhere_and_facts_in_the_read_models_alone(loot: Loot) -> None:
    assert len(set(loot.planted.sealed)) > 150
    found = loot.marked()
    facts = {name: found.pop(name, set()) for name in set(loot.planted.facts)}
    assert not found
    assert not [name for name, where in facts.items() if not where], "facts are what queues are sorted by"
    astray = {name: where for name, where in facts.items() if not all(map(READ_MODELS.match, where))}
    assert not astray


def test_neither_codes_nor_cookies_nor_passphrases_are_found(loot: Loot) -> None:
    assert len(loot.codes) > 8 and all(loot.codes)
    grouped = [" ".join(re.findall("....", code)) for code in loot.codes if code.isdigit()]
    assert not loot.places(PASSPHRASE, *loot.codes, *grouped)


def test_what_is_searched_is_all_there_is(loot: Loot, office: Office) -> None:
    assert b"the end" in loot.said
    assert any(place.startswith("home/drafts/") for place in loot.during)
    sqlite = office.platform.settings.database_url.startswith("sqlite")
    for store in ("home/files/", *(("log.sqlite", "home/working.sqlite") if sqlite else ("public.", "working."))):
        assert any(place.startswith(store) and content for place, content in loot.kept.items()), store


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "gb18030"])
@pytest.mark.parametrize("before", range(3))
def test_a_mark_is_found_in_each_spelling(encoding: str, before: int, tmp_path: Path) -> None:
    plain = b"." * before + mark("control").encode(encoding) + b"."
    hidden = (plain, plain.hex().encode(), plain.hex().upper().encode(), base64.b64encode(plain))
    for number, content in enumerate(hidden):
        (tmp_path / str(number)).write_bytes(content)
    planted = Planted(sealed=["control", "another"])
    stolen = steal(tmp_path, "sqlite://")
    loot = Loot(planted=planted, kept=stolen, during={}, said=b"", codes=[])
    assert loot.marked() == {"control": {"0", "1", "2", "3"}}


# -- what opens -------------------------------------------------------------------------------------------------------


def opened_with(office: Office, seed: bytes) -> list[str]:
    """Compartments that a key opens; each wrap in the log is tried as if it were wrapped to it."""
    private, found = KemPrivateKey(seed), []
    for stream_id, sealing in _sealings(office):
        opener = Opener(office.platform.manifest, sealing, stream_id)
        for key in sealing.keys:
            for wrap in key.wraps:
                data = office.platform.custody.wrap(bytes.fromhex(wrap.sha256)) or b""
                open_it = opener.contribution if key.n else opener.unwrap
                with contextlib.suppress(SealingError):
                    open_it(key.compartment, data, private)
                    found.append(key.compartment)
                with contextlib.suppress(SealingError):
                    private.decrypt(data[1:], b"")
                    found.append(key.compartment)
    return found


def _sealings(office: Office) -> Iterator[tuple[UUID, Sealing]]:
    for recorded in office.platform.ledger.stored(1, 10_000):
        for sealing in sealings_of(recorded.event):
            yield recorded.event.originator_id, sealing


def test_the_secrets_of_the_public_site_open_nothing_of_the_whole_database(office: Office) -> None:
    secrets = office.platform.public_secrets
    for seed in (secrets.pepper, secrets.cookie_key):
        assert opened_with(office, seed) == []


def test_the_key_of_the_console_opens_the_facts_and_nothing_else(office: Office) -> None:
    """Also shows that what is tried above can succeed."""
    assert set(opened_with(office, office.platform.console_secrets.facts_seed)) == {FACTS}
