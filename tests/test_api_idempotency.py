"""``Idempotency-Key``: handing in twice, one after the other, at once, or after a crash, is one report."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from supervision.business_time import SHANGHAI
from supervision.intake.idempotency import KEPT_FOR, Reservations
from supervision.platform import Platform
from supervision.web.app import create_app
from tests.support.deployment import environment, make_deployment
from tests.support.server import serving

PATH = "/api/v1/reports"
BODY = {"line": "12388", "text": "同一件事说两遍。", "title": "重复提交"}
AT_ONCE = 12


class Clock:
    """A clock that tests can put forward."""

    def __init__(self) -> None:
        self.now = datetime(2026, 12, 1, 10, 37, tzinfo=SHANGHAI)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(tmp_path: Path, database_url: str, clock: Clock) -> Iterator[Platform]:
    made = make_deployment(tmp_path / "home", database_url, clock=clock)
    yield made
    made.close()


@pytest.fixture
def client(platform: Platform) -> FlaskClient:
    return create_app(platform).test_client()


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def reports(platform: Platform) -> int:
    return len(platform.ledger.stored(1, 1000, topics=["report.received.v1"]))


def test_the_same_key_and_body_get_the_same_answer_and_make_one_report(client: FlaskClient, platform: Platform) -> None:
    once = key()
    first = client.post(PATH, json=BODY, headers=once)
    again = client.post(PATH, json=BODY, headers=once)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json == again.json
    assert reports(platform) == 1


def test_another_spelling_of_the_same_body_or_key_is_the_same_request(client: FlaskClient, platform: Platform) -> None:
    once = key()
    first = client.post(PATH, json=BODY, headers=once)
    respelt = json.dumps(dict(reversed(BODY.items())), indent=2, ensure_ascii=True)
    quoted = {"Idempotency-Key": f'"{once["Idempotency-Key"]}"'}
    again = client.post(PATH, data=respelt, content_type="application/json", headers=quoted)
    assert again.json == first.json
    assert reports(platform) == 1


def test_the_same_key_with_another_body_is_a_conflict_and_no_report(client: FlaskClient, platform: Platform) -> None:
    once = key()
    client.post(PATH, json=BODY, headers=once)
    other = client.post(PATH, json=BODY | {"title": "另一件"}, headers=once)
    assert other.status_code == 409
    assert "Idempotency-Key" in other.json["message"]
    assert reports(platform) == 1


def test_without_a_key_or_with_another_key_it_is_another_report(client: FlaskClient, platform: Platform) -> None:
    answers = [client.post(PATH, json=BODY, headers=headers).json for headers in ({}, {}, key(), key())]
    assert len({answer["code"] for answer in answers}) == 4
    assert reports(platform) == 4


@pytest.mark.parametrize("weak", ["", "1", "fifteen-letters", "x" * 256, "spaces are not taken"])
def test_a_key_that_could_be_guessed_is_refused(client: FlaskClient, platform: Platform, weak: str) -> None:
    answer = client.post(PATH, json=BODY, headers={"Idempotency-Key": weak})
    assert answer.status_code == 400
    assert answer.json["errors"]["headers"]["Idempotency-Key"]
    assert reports(platform) == 0


def test_a_refused_body_does_not_use_up_the_key(client: FlaskClient) -> None:
    once = key()
    assert client.post(PATH, json=BODY | {"text": ""}, headers=once).status_code == 422
    assert client.post(PATH, json=BODY, headers=once).status_code == 201


def test_a_request_that_died_before_recording_is_finished_by_the_next(client: FlaskClient, platform: Platform) -> None:
    once = key()
    reservations = Reservations(door=platform.public_door, working=platform.working)
    died = reservations.reserve(once["Idempotency-Key"], "", BODY, platform.clock())
    answer = client.post(PATH, json=BODY, headers=once)
    assert answer.json == {"code": died.code.digits, "reference": died.reference}
    assert reports(platform) == 1


@pytest.mark.parametrize(
    ("database", "table", "status"), [("log.sqlite", "head", 503), ("working.sqlite", "kept", 500)]
)
def test_a_store_that_fails_is_told_so_and_the_same_request_later_is_one_report(
    tmp_path: Path, database: str, table: str, status: int
) -> None:
    home = tmp_path / "home"
    platform = make_deployment(home, f"sqlite:///{home / 'log.sqlite'}")
    client = create_app(platform).test_client()
    once = key()
    with without_table(home / database, table):
        failed = client.post(PATH, json=BODY, headers=once)
    assert failed.status_code == status
    assert "Idempotency-Key" in failed.json["message"]
    assert BODY["text"] not in failed.get_data(as_text=True)
    assert client.post(PATH, json=BODY, headers=once).status_code == 201
    assert client.post(PATH, json=BODY, headers=once).status_code == 201
    assert reports(platform) == 1
    platform.close()


@contextmanager
def without_table(path: Path, table: str) -> Iterator[None]:
    """As if the database were damaged, and then repaired."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute(f"ALTER TABLE {table} RENAME TO away")
        yield
        database.execute(f"ALTER TABLE away RENAME TO {table}")


def test_after_a_day_the_key_is_forgotten(client: FlaskClient, platform: Platform, clock: Clock) -> None:
    once = key()
    first = client.post(PATH, json=BODY, headers=once)
    clock.now += KEPT_FOR - timedelta(seconds=1)
    assert client.post(PATH, json=BODY, headers=once).json == first.json
    clock.now += timedelta(seconds=1)
    assert client.post(PATH, json=BODY, headers=once).json != first.json
    assert reports(platform) == 2


def test_at_once_in_several_processes_it_is_still_one_report(platform: Platform, database_url: str) -> None:
    keys = [key() for _ in range(3)]

    with serving(environment(platform.settings.home, database_url)) as port:

        def hand_in(number: int) -> dict[str, Any]:
            headers = {"Content-Type": "application/json", **keys[number % len(keys)]}
            with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
                connection.request("POST", PATH, json.dumps(BODY), headers)
                response = connection.getresponse()
                assert response.status == 201
                return json.loads(response.read())

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = list(pool.map(hand_in, range(3 * AT_ONCE)))

    assert reports(platform) == len(keys)
    for number in range(len(keys)):
        assert len({json.dumps(answer, sort_keys=True) for answer in answers[number :: len(keys)]}) == 1
    assert len({answer["code"] for answer in answers}) == len(keys)
