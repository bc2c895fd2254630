"""Service tokens: systems that take calls and letters hand in with channel and time; nobody else can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from events.vocabulary.intake import ReportReceived
from supervision.business_time import SHANGHAI
from supervision.domain.codes import Channel
from supervision.intake.json_fields import Moment
from supervision.intake.service_tokens import FILE_NAME, ServiceTokens, TokenNameTaken
from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from supervision.verifying import verify_platform
from supervision.web.app import create_app
from tests.support.deployment import make_deployment, open_deployment

NOW = datetime(2026, 12, 1, 10, 37, 21, tzinfo=SHANGHAI)
PATH = "/api/v1/reports"
BODY = {"line": "12388", "text": "来电反映，某局长收钱。"}
CALL = BODY | {"channel": "phone", "received_at": "2026-11-30T23:58:07+08:00"}


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    home = tmp_path / "home"
    made = make_deployment(home, f"sqlite:///{home / 'log.sqlite'}", clock=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def tokens(platform: Platform) -> ServiceTokens:
    return ServiceTokens(home=platform.settings.home, token_key=platform.console_secrets.token_key)


@pytest.fixture
def client(platform: Platform) -> FlaskClient:
    return create_app(platform).test_client()


@pytest.fixture
def bearer(platform: Platform, tokens: ServiceTokens) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens.issue('热线系统', platform.rng)}"}


def last(platform: Platform) -> ReportReceived:
    event = platform.ledger.stored(platform.ledger.head(), 1)[0].event
    assert isinstance(event, ReportReceived)
    return event


def test_with_a_token_channel_and_time_of_receipt_are_taken(
    client: FlaskClient, platform: Platform, bearer: dict[str, str]
) -> None:
    assert client.post(PATH, json=CALL, headers=bearer).status_code == 201
    assert (last(platform).channel, last(platform).occurred_at) == ("phone", "2026-11-30T23:58:07+08:00")


def test_the_importers_key_signs_the_report_and_the_reporters_key_his_receipt(
    client: FlaskClient, platform: Platform, bearer: dict[str, str]
) -> None:
    code = client.post(PATH, json=CALL, headers=bearer).json["code"]
    receipt, report = platform.ledger.stored(platform.ledger.head() - 1, 2)
    assert receipt.key_id == ReceiptCode(code).derive(platform.settings.origin).signing.key_id
    assert report.key_id == platform.importer.key_id
    service = platform.manifest.service_of(report.key_id)
    assert service is not None
    assert last(platform).actor == f"service:{service.name}"
    assert service.may_sign("report.received.v1")


def test_reports_of_the_public_and_of_services_verify_side_by_side(
    client: FlaskClient, platform: Platform, bearer: dict[str, str]
) -> None:
    client.post(PATH, json=BODY)
    client.post(PATH, json=CALL, headers=bearer)
    assert verify_platform(platform).count == platform.ledger.head()


def test_a_time_in_another_zone_is_told_in_that_of_china(
    client: FlaskClient, platform: Platform, bearer: dict[str, str]
) -> None:
    client.post(PATH, json=CALL | {"received_at": "2026-11-30T15:58:07Z"}, headers=bearer)
    assert last(platform).occurred_at == "2026-11-30T23:58:07+08:00"


def test_a_web_report_tells_the_hour_only_whoever_hands_it_in(
    client: FlaskClient, platform: Platform, bearer: dict[str, str]
) -> None:
    client.post(PATH, json=CALL | {"channel": "web"}, headers=bearer)
    assert last(platform).occurred_at == "2026-11-30T23:00:00+08:00"


def test_without_channel_it_is_a_web_report_received_now(
    client: FlaskClient, platform: Platform, bearer: dict[str, str]
) -> None:
    client.post(PATH, json=BODY, headers=bearer)
    assert (last(platform).channel, last(platform).occurred_at) == ("web", "2026-12-01T10:00:00+08:00")


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_can_be_named(
    client: FlaskClient, platform: Platform, bearer: dict[str, str], channel: Channel
) -> None:
    assert client.post(PATH, json=CALL | {"channel": channel.value}, headers=bearer).status_code == 201
    assert last(platform).channel == channel.value


@pytest.mark.parametrize(
    "moment",
    [
        "2026-12-01T10:37:22+08:00",  # a second from now
        "9999-12-31T23:59:59+08:00",
        "2026-11-30T23:58:07",  # no offset
        "2026-11-30",
        "0001-01-01T00:00:00+14:00",  # does not exist in China's zone
        "昨天",
        1764518287,
    ],
)
def test_a_time_that_is_no_past_moment_is_refused_by_name(
    client: FlaskClient, bearer: dict[str, str], moment: object
) -> None:
    answer = client.post(PATH, json=CALL | {"received_at": moment}, headers=bearer)
    assert answer.status_code == 422
    assert answer.json["errors"]["json"].keys() == {"received_at"}


@given(past=st.timedeltas(timedelta(0), timedelta(days=4000)))
def test_every_past_moment_is_kept_to_the_second(past: timedelta) -> None:
    """Asked of the field itself: a report for each of a hundred moments would say no more."""
    moment = NOW - past
    assert Moment().deserialize(moment.isoformat()) == moment


@pytest.mark.parametrize("field", ["channel", "received_at"])
def test_the_public_may_not_say_channel_or_time(client: FlaskClient, platform: Platform, field: str) -> None:
    before = platform.ledger.head()
    answer = client.post(PATH, json=BODY | {field: CALL[field]})
    assert answer.status_code == 403
    assert answer.json["errors"]["json"].keys() == {field}
    assert platform.ledger.head() == before


@pytest.mark.parametrize("scheme", ["Bearer {}x", "Bearer x", "Bearer ", "Basic {}", "{}", "Bearer \xff"])
def test_another_token_or_scheme_is_refused_even_for_what_the_public_may_send(
    client: FlaskClient, platform: Platform, tokens: ServiceTokens, scheme: str
) -> None:
    token = tokens.issue("热线系统", platform.rng)
    before = platform.ledger.head()
    answer = client.post(PATH, json=BODY, headers={"Authorization": scheme.format(token)})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert platform.ledger.head() == before


def test_the_public_site_takes_no_token(platform: Platform, bearer: dict[str, str]) -> None:
    public = open_deployment(platform.settings.home, platform.settings.database_url, site="public")
    (platform.settings.home / "secrets" / "console.json").unlink()
    client = create_app(public).test_client()
    assert client.post(PATH, json=CALL, headers=bearer).status_code == 403
    assert client.post(PATH, json=BODY).status_code == 201
    public.close()


def test_a_revoked_token_ends_at_once(client: FlaskClient, tokens: ServiceTokens, bearer: dict[str, str]) -> None:
    assert client.post(PATH, json=CALL, headers=bearer).status_code == 201
    assert tokens.revoke("热线系统")
    assert client.post(PATH, json=CALL, headers=bearer).status_code == 401
    assert not tokens.revoke("热线系统")


def test_two_systems_may_choose_the_same_idempotency_key(
    client: FlaskClient, platform: Platform, tokens: ServiceTokens
) -> None:
    answers = []
    for name in ("热线系统", "信访系统"):
        headers = {"Authorization": f"Bearer {tokens.issue(name, platform.rng)}", "Idempotency-Key": "k" * 32}
        answers.append(client.post(PATH, json=CALL, headers=headers).json["code"])
    assert len(set(answers)) == 2


def test_the_file_of_tokens_opens_nothing(platform: Platform, tokens: ServiceTokens) -> None:
    token = tokens.issue("热线系统", platform.rng)
    path = platform.settings.home / FILE_NAME
    assert token not in path.read_text("utf-8")
    assert path.stat().st_mode & 0o077 == 0
    (tag,) = json.loads(path.read_text("utf-8")).values()
    assert tokens.name_of(tag) is None
    assert tokens.name_of(token) == "热线系统"


def test_a_name_is_given_once(platform: Platform, tokens: ServiceTokens) -> None:
    tokens.issue("热线系统", platform.rng)
    with pytest.raises(TokenNameTaken, match="热线系统"):
        tokens.issue("热线系统", platform.rng)
