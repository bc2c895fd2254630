"""The ways in from outside: the public form, the API, another system's file; each field with a mark of its own."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from supervision.intake.importer import import_file
from supervision.intake.service_tokens import ServiceTokens
from supervision.web.app import create_app
from tests.support.loot import Planted
from tests.support.office import Office
from tests.support.visitor import Visitor


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
    """Everybody who says something to the county from outside. ``codes``: the 查询码 and keys that were given out."""

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
            self.codes.append(json.loads(answer.text)["code"])
            wrong = body | {"nonsense": self.planted.hidden(f"{door}/wrong")}
            assert client.post("/api/v1/reports", json=wrong, headers=headers).status_code == 422

    def import_(self, elsewhere: Path) -> None:
        """From a file of another system, which is not the county's to seal."""
        records = []
        ways = (("import", "phone", "乡科级"), ("import-sms", "sms", "乡科级"), ("import-up", "phone", "副县处级"))
        for door, channel, rank in ways:
            up = door == "import-up"
            person = self.planted.person(door, "unit", "post", "area_code", "managed_by", up=up)
            reporter = self.planted.reporter(
                door, "name", "id_no", "phone", "political", "address", "occupation", "caller_id", "sender_msisdn"
            )
            records.append(
                {
                    "sample_id": self.planted.hidden(f"{door}/id"),
                    "channel": channel,
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
