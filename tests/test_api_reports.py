"""``POST /api/v1/reports``: what is taken, what is answered, and where what was sent ends up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from events.vocabulary.intake import ReceiptIssued, ReportReceived, SealedReportReceived
from supervision.business_time import SHANGHAI
from supervision.intake import limits
from supervision.platform import Platform
from supervision.sealing.compartments import CONTACT, CONTENT, FACTS, IDENTITY
from supervision.sealing.receipt import ReceiptCode
from supervision.web.api.body import longest_body
from supervision.web.app import create_app
from tests.support.deployment import make_deployment
from tests.support.opening import COUNTY_CUSTODIANS, COUNTY_RELAYS, SUPERIOR_CUSTODIANS, opened

NOW = datetime(2026, 12, 1, 10, 37, 21, tzinfo=SHANGHAI)
PATH = "/api/v1/reports"

NAMED = {
    "line": "12388",
    "respondents": [
        {
            "name": "厉文舟",
            "unit": "云岫县交通运输局",
            "post": "党组成员、副局长",
            "rank": "副乡科级",
            "area_code": "990123",
            "managed_by": "县委管理",
        }
    ],
    "title": "收受好处",
    "category": ["涉法行为", "贪污贿赂行为"],
    "text": "在望山茶楼收下八万元。",
    "reporter": {
        "name": "阮柏川",
        "id_no": "990123198503120019",
        "phone": "12000000004",
        "political": "群众",
        "address": "云岫县开发区永安小区3栋",
        "occupation": "项目经理",
    },
}
BARE = {"line": "12380", "text": "有人在打招呼。"}


@pytest.fixture
def platform(tmp_path: Path, database_url: str) -> Iterator[Platform]:
    made = make_deployment(tmp_path / "home", database_url, clock=lambda: NOW)
    yield made
    made.close()


@pytest.fixture
def client(platform: Platform) -> FlaskClient:
    return create_app(platform).test_client()


@pytest.fixture(scope="module")
def one_platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """For tests of what is refused, and others that do not care what was recorded before."""
    home = tmp_path_factory.mktemp("reports") / "home"
    made = make_deployment(home, f"sqlite:///{home / 'log.sqlite'}")
    yield made
    made.close()


@pytest.fixture(scope="module")
def one_client(one_platform: Platform) -> FlaskClient:
    return create_app(one_platform).test_client()


def received(platform: Platform, code: str) -> ReportReceived | SealedReportReceived:
    """The first event of the report that a code leads to, found as the superior would: the next after its receipt."""
    stream = ReceiptCode(code).derive(platform.settings.origin).stream_id
    events = [recorded.event for recorded in platform.ledger.stored(1, 100)]
    at = next(i for i, event in enumerate(events) if event.originator_id == stream)
    assert isinstance(events[at], ReceiptIssued)
    report = events[at + 1]
    assert isinstance(report, ReportReceived | SealedReportReceived)
    return report


def test_a_report_is_answered_with_reference_and_code_and_nothing_else(client: FlaskClient) -> None:
    answer = client.post(PATH, json=NAMED)
    assert answer.status_code == 201
    assert set(answer.json) == {"reference", "code"}
    ReceiptCode(answer.json["code"])  # 32 digits, check digits right
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_only_line_and_text_are_required(client: FlaskClient, platform: Platform) -> None:
    answer = client.post(PATH, json=BARE)
    report = received(platform, answer.json["code"])
    assert report.receiving_office == "personnel"
    assert report.named == "anonymous"


def test_null_is_as_good_as_absent_where_a_field_is_optional(one_client: FlaskClient) -> None:
    nothing = dict.fromkeys(("respondents", "title", "category", "reporter", "channel", "received_at"))
    assert one_client.post(PATH, json=BARE | nothing).status_code == 201
    person = dict.fromkeys(("name", "unit", "post", "rank", "area_code", "managed_by"))
    reporter = dict.fromkeys(("name", "id_no", "phone", "political", "address", "occupation"))
    assert one_client.post(PATH, json=BARE | {"respondents": [person], "reporter": reporter}).status_code == 201


def test_a_public_report_tells_the_hour_and_is_signed_with_the_reporters_own_key(
    client: FlaskClient, platform: Platform
) -> None:
    code = client.post(PATH, json=NAMED).json["code"]
    report = received(platform, code)
    assert (report.channel, report.occurred_at) == ("web", "2026-12-01T10:00:00+08:00")
    assert report.actor == "reporter"
    signing = ReceiptCode(code).derive(platform.settings.origin).signing
    assert [r.key_id for r in platform.ledger.stored(1, 100)][-2:] == [signing.key_id, signing.key_id]


def test_each_compartment_can_be_read_by_those_it_is_for(client: FlaskClient, platform: Platform) -> None:
    report = received(platform, client.post(PATH, json=NAMED).json["code"])

    def read(compartment: str, field: str, *holders: str) -> str:
        return opened(platform, report.originator_id, report.sealing, compartment, field, *holders) or ""

    assert report.named == "named"
    assert read(CONTENT, "text", "office/petition") == NAMED["text"]
    assert read(CONTENT, "title", "office/petition") == NAMED["title"]
    respondent = json.loads(read(CONTENT, "respondents", "office/petition"))[0]
    assert NAMED["respondents"][0].items() <= respondent.items()
    assert json.loads(read(IDENTITY, "reporter", *COUNTY_CUSTODIANS)) == NAMED["reporter"]
    assert read(CONTACT, "phone", *COUNTY_RELAYS) == NAMED["reporter"]["phone"]
    assert json.loads(read(FACTS, "facts", "console"))["categories"] == NAMED["category"]


def test_a_report_on_a_superiors_cadre_says_only_that_it_came_and_opens_for_the_superior_alone(
    client: FlaskClient, platform: Platform
) -> None:
    leader = {"name": "郗明礼", "unit": "云岫县委、县人民政府", "post": "县委常委、副县长", "managed_by": "市委管理"}
    report = received(platform, client.post(PATH, json=NAMED | {"respondents": [leader]}).json["code"])
    assert isinstance(report, SealedReportReceived)
    county = {holder.kem.key_id for holder in (*platform.manifest.offices, *platform.manifest.custodians)}
    county |= {holder.kem.key_id for holder in platform.manifest.relays} | {platform.manifest.console.key_id}
    assert county.isdisjoint(wrap.key for key in report.sealing.keys for wrap in key.wraps)
    identity = opened(platform, report.originator_id, report.sealing, IDENTITY, "reporter", *SUPERIOR_CUSTODIANS)
    assert json.loads(identity or "") == NAMED["reporter"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"line": None}, "line"),
        ({"line": 12388}, "line"),
        ({"line": "12345"}, "line"),
        ({"text": ""}, "text"),
        ({"text": " \n"}, "text"),
        ({"text": ["x"]}, "text"),
        ({"text": "长" * 10_001}, "text"),
        ({"text": "\x00"}, "text"),
        ({"text": "\ud800"}, "text"),
        ({"title": "长" * (limits.TITLE + 1)}, "title"),
        ({"title": {}}, "title"),
        ({"category": "贪污"}, "category"),
        ({"category": ["x", 1]}, "category.1"),
        ({"category": ["长" * (limits.CATEGORY + 1)]}, "category.0"),
        ({"category": ["x"] * (limits.CATEGORIES + 1)}, "category"),
        ({"respondents": {}}, "respondents"),
        ({"respondents": [{}, "x"]}, "respondents.1"),
        ({"respondents": [{}] * (limits.RESPONDENTS + 1)}, "respondents"),
        ({"respondents": [{"name": 1}]}, "respondents.0.name"),
        ({"respondents": [{"name": "长" * (limits.NAME + 1)}]}, "respondents.0.name"),
        ({"respondents": [{"party_member": True}]}, "respondents.0.party_member"),
        ({"reporter": "阮柏川"}, "reporter"),
        ({"reporter": {"phone": 12000000004}}, "reporter.phone"),
        ({"reporter": {"caller_id": "x"}}, "reporter.caller_id"),
        ({"position": 1}, "position"),
        ({"named": True}, "named"),
    ],
)
def test_what_does_not_fit_is_refused_by_the_path_of_its_field(
    one_client: FlaskClient, one_platform: Platform, change: dict[str, Any], field: str
) -> None:
    before = one_platform.ledger.head()
    answer = one_client.post(PATH, json=NAMED | change)
    assert answer.status_code == 422
    errors = answer.json["errors"]["json"]
    for step in field.split("."):
        errors = errors[step]
    assert errors
    assert one_platform.ledger.head() == before


@pytest.mark.parametrize("missing", ["line", "text"])
def test_a_required_field_that_is_missing_is_named(one_client: FlaskClient, missing: str) -> None:
    answer = one_client.post(PATH, json={name: value for name, value in BARE.items() if name != missing})
    assert answer.status_code == 422
    assert answer.json["errors"]["json"] == {missing: ["必填。"]}


def test_the_longest_report_that_fits_is_taken_however_it_is_spelt(one_client: FlaskClient) -> None:
    longest = {
        "line": "12388",
        "title": "🀄" * limits.TITLE,
        "text": "🀄" * 10_000,
        "category": ["题" * limits.CATEGORY] * limits.CATEGORIES,
        "respondents": [{"name": "名" * limits.NAME, "unit": "位" * limits.UNIT}] * limits.RESPONDENTS,
    }
    for ascii_only in (True, False):
        body = json.dumps(longest, ensure_ascii=ascii_only)
        assert one_client.post(PATH, data=body, content_type="application/json").status_code == 201


def test_a_body_that_is_too_large_is_not_read(one_client: FlaskClient) -> None:
    body = json.dumps(BARE | {"text": "x" * longest_body(10_000)})
    answer = one_client.post(PATH, data=body, content_type="application/json")
    assert answer.status_code == 413
    assert answer.json["code"] == 413


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b'{"line":', "application/json", 400),
        (b'"\xff"', "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"9" * 10_000, "application/json", 400),
        (b"null", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"NaN", "application/json", 422),
        (b"line=12388&text=x", "application/x-www-form-urlencoded", 415),
        (b"{}", "text/plain", 415),
    ],
)
def test_what_is_no_json_object_gets_a_clear_status(
    one_client: FlaskClient, body: bytes, content_type: str, status: int
) -> None:
    answer = one_client.post(PATH, data=body, content_type=content_type)
    assert answer.status_code == status
    assert set(answer.json) == {"code", "message", "errors"}


def test_an_unknown_address_or_method_is_answered_in_json_too(one_client: FlaskClient) -> None:
    assert one_client.get("/api/v1/nowhere").json["code"] == 404
    assert one_client.get(PATH).json["code"] == 405


def test_the_api_describes_itself_without_pages_of_others(one_client: FlaskClient) -> None:
    described = one_client.get("/api/v1/openapi.json").json
    assert described["openapi"].startswith("3.")
    assert {"/api/v1/reports", "/api/v1/status"} <= described["paths"].keys()
    report = described["components"]["schemas"]["Report"]
    assert report["required"] == ["line", "text"]
    assert report["additionalProperties"] is False
    assert report["properties"]["text"]["maxLength"] == 10_000
    assert not [rule for rule in one_client.application.url_map.iter_rules() if "swagger" in rule.rule]


def test_a_cookie_or_a_forged_origin_changes_nothing(one_client: FlaskClient) -> None:
    headers = {"Origin": "https://elsewhere.example", "Cookie": "form=x"}
    answer = one_client.post(PATH, json=BARE, headers=headers)
    assert answer.status_code == 201
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_nothing_that_was_sent_lies_in_clear_in_the_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    platform = make_deployment(home, f"sqlite:///{home / 'log.sqlite'}")
    client = create_app(platform).test_client()
    key = "4e5f7f1c-1d5b-4b7e-9c58-7d3a6a3f9a10"
    code = client.post(PATH, json=NAMED, headers={"Idempotency-Key": key}).json["code"]
    assert client.post(PATH, json=NAMED | {"x": "阮柏川"}).status_code == 422
    secrets = [code, key, NAMED["title"], NAMED["text"], *NAMED["category"], *NAMED["reporter"].values()]
    secrets += NAMED["respondents"][0].values()
    kept = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file() and path.suffix != ".toml")
    for secret in secrets:
        for spelling in (secret.encode(), secret.encode("utf-16-le"), json.dumps(secret)[1:-1].encode()):
            assert spelling not in kept


# -- hostile bodies ----------------------------------------------------------------------------------------------

MARK = "此句不得出现在答复中"

words = st.text(max_size=20).map(lambda text: MARK + text)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(sorted(NAMED)), inner, max_size=4),
    max_leaves=12,
)
fields = st.sampled_from([*NAMED, "channel", "received_at", "unit", "name"])
nearly_right = st.dictionaries(fields, anything, max_size=3).map(lambda change: NAMED | change)


@given(body=nearly_right | anything)
def test_no_json_makes_it_fail_and_no_value_comes_back(one_client: FlaskClient, body: Any) -> None:
    answer = one_client.post(PATH, data=json.dumps(body), content_type="application/json")
    assert answer.status_code in {201, 403, 422}
    assert MARK not in json.dumps(answer.json, ensure_ascii=False)


@given(body=st.binary(max_size=200), content_type=st.sampled_from(["application/json", "text/plain", ""]))
def test_no_bytes_make_it_fail(one_client: FlaskClient, body: bytes, content_type: str) -> None:
    answer = one_client.post(PATH, data=body, content_type=content_type)
    assert answer.status_code in {400, 415, 422}


@given(moment=st.text(max_size=30) | st.datetimes().map(str) | st.datetimes().map(lambda d: f"{d.isoformat()}+14:00"))
def test_no_moment_makes_it_fail(one_client: FlaskClient, moment: str) -> None:
    assert one_client.post(PATH, json=BARE | {"received_at": moment}).status_code in {403, 422}
