"""Contacts in the console: asked for at the case, shared by one relay officer, used once by the other, told to the
reporter; and who sees what on the way."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from supervision.domain.contact_scripts import QUESTION
from supervision.intake.submission import ReporterDetails
from supervision.sealing.receipt import ReceiptCode
from tests.support.contacts import key_file
from tests.support.officers import OFFICERS, County, Screen, county, steps_until
from tests.support.visitor import Visitor
from tests.test_console_case import TEXT, TITLE

REPORTER = ReporterDetails(name="季小满", phone="12000000001", address="云岫县永安路9号", preference="晚上七点以后")
CONCLUDED = {"outcome": "reached", "way": "phone", "on": "2026-11-23"}
VERIFIED = {"named_status": "verified", "verification": "phone"}


@dataclass(frozen=True)
class Place:
    """The county and a named report that was accepted, under a code."""

    home: County
    report: UUID
    code: ReceiptCode


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("contact")
    people = {*OFFICERS, "relay-1", "relay-2", "custodian-1"}
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people=people) as made:
        yield made


@pytest.fixture
def place(home: County) -> Place:
    code = ReceiptCode.new(home.platform.rng)
    report = home.report(TITLE, TEXT, code=code, reporter=REPORTER)
    steps = steps_until("confirm_screening")
    officer, given = steps["screen"]
    home.walk(report, {**steps, "screen": (officer, {**given, **VERIFIED})})
    return Place(home, report, code)


def ask(place: Place, purpose: str = "acceptance") -> str:
    """The clerk asks at the case; gives the address of the contact."""
    screen = place.home.signed_in("clerk-1")
    assert f"/console/reports/{place.report}/contact" in screen.open(f"/console/reports/{place.report}")
    screen.open(f"/console/reports/{place.report}/contact")
    screen.send(f"/console/reports/{place.report}/contact", purpose=purpose)
    assert "申请已提交" in screen.text
    return screen.path


def with_key(place: Place, relay: str) -> dict[str, object]:
    return {"key": (io.BytesIO(key_file(place.home.platform, f"relay/{relay}")), f"{relay}.key")}


def press(place: Place, officer: str, address: str, name: str, **fields: object) -> Screen:
    """Open the page of a contact and press one of its buttons."""
    screen = place.home.signed_in(officer)
    screen.open(address)
    screen.send(f"{address}/{name}", **fields)
    return screen


def shared(place: Place) -> str:
    """Asked for, and the first relay officer has given his share."""
    address = ask(place)
    assert "已办理" in press(place, "relay-1", address, "contribute", **with_key(place, "relay-1")).text
    return address


def look(place: Place, address: str) -> Screen:
    return press(place, "relay-2", address, "view", **with_key(place, "relay-2"))


def told(place: Place) -> str:
    """What the reporter reads on the status page."""
    visitor = Visitor(place.home.app)
    visitor.look_up(place.code.digits)
    return visitor.words


def test_the_whole_way_ends_with_a_notice_on_record(place: Place) -> None:
    address = shared(place)
    screen = look(place, address)
    assert screen.seen is not None
    for shown in (REPORTER.phone, REPORTER.address, REPORTER.preference):
        assert shown in screen.text
    assert screen.seen.headers["Cache-Control"] == "no-store"
    assert screen.seen.headers["Refresh"] == f"600; url={address}"
    assert "已联系到本人" in press(place, "relay-2", address, "conclude", **CONCLUDED).text
    clerk = place.home.signed_in("clerk-1")
    assert "已联系到本人" in clerk.open(f"/console/reports/{place.report}")
    assert "联络员告知" in clerk.act(place.report, "notify_reporter", mode="relay")


def test_the_look_is_one_look(place: Place) -> None:
    address = shared(place)
    look(place, address)
    again = look(place, address)
    assert "需要再次联系的，请重新申请" in again.text
    assert REPORTER.phone not in again.text


def test_a_relay_officer_never_sees_name_matter_or_whom_it_is_about(place: Place) -> None:
    address = shared(place)
    relay = place.home.signed_in("relay-2")
    seen = [relay.open("/console/contacts"), relay.open(address), look(place, address).text, relay.open(address)]
    for secret in (REPORTER.name, TITLE, TEXT, "厉文舟", "交通运输局", str(place.report), "举报件"):
        assert all(secret not in page for page in seen), secret
    reference = place.home.platform.desk.report(place.report).reference
    assert all(reference in page for page in seen)


def test_who_may_read_the_report_but_has_no_part_in_the_contact_is_told_of_it_without_a_way_in(place: Place) -> None:
    address = ask(place)
    done = steps_until("confirm_screening")
    rest = {name: step for name, step in steps_until("approve_distribution").items() if name not in done}
    place.home.walk(place.report, rest)
    principal, clerk = place.home.signed_in("principal"), place.home.signed_in("clerk-1")
    page = principal.open(f"/console/reports/{place.report}")
    assert "受理告知" in page
    assert address not in page
    assert address in clerk.open(f"/console/reports/{place.report}")
    assert "您与本次联络无关" in principal.open(address, 403)


def test_who_asked_never_sees_number_or_address(place: Place) -> None:
    address = shared(place)
    look(place, address)
    clerk = place.home.signed_in("clerk-1")
    pages = clerk.open(address) + clerk.open(f"/console/reports/{place.report}")
    for secret in (REPORTER.phone, REPORTER.address, REPORTER.preference):
        assert secret not in pages


def test_each_relay_officer_finds_what_waits_for_him_at_his_desk(place: Place) -> None:
    address = ask(place)
    for relay in ("relay-1", "relay-2"):
        assert address in place.home.signed_in(relay).open("/console/")
    press(place, "relay-1", address, "contribute", **with_key(place, "relay-1"))
    assert address not in place.home.signed_in("relay-1").open("/console/contacts")
    assert "待另一名联络员查看" in place.home.signed_in("relay-2").open("/console/contacts")
    look(place, address)
    assert address in place.home.signed_in("relay-2").open("/console/contacts").split("待我登记结果")[1]


def test_the_words_are_there_before_the_number_and_beside_it(place: Place) -> None:
    address = shared(place)
    assert QUESTION in place.home.signed_in("relay-2").open(address)
    assert QUESTION in look(place, address).text
    assert "属于受理范围" not in place.home.signed_in("clerk-1").open(address)


def test_the_reporter_reads_when_and_for_what_his_number_was_used(place: Place) -> None:
    address = shared(place)
    assert "用过您留下的联系方式" not in told(place)
    look(place, address)
    assert "用过您留下的联系方式 2026 年 11 月 23 日 事由：受理告知" in told(place)


def test_the_one_who_gave_his_share_is_told_that_the_other_has_to_look(place: Place) -> None:
    address = shared(place)
    assert "须由另一名联络员查看并联系" in place.home.signed_in("relay-1").open(address)
    refused = press(place, "relay-1", address, "view", **with_key(place, "relay-1"))
    assert "须由两名联络员共同使用" in refused.text
    assert REPORTER.phone not in refused.text


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        ({}, "没有选择私钥文件"),
        ({"key": (io.BytesIO(b"no key"), "a.key")}, "不是私钥文件"),
        ({"key": (io.BytesIO(b"0" * 64), "a.key")}, "不是封存本件时登记在您名下的"),
    ],
    ids=["none", "broken", "another"],
)
def test_without_one_s_own_key_file_nothing_happens(place: Place, sent: dict[str, object], reason: str) -> None:
    address = ask(place)
    assert reason in press(place, "relay-1", address, "contribute", **sent).text


def test_a_key_file_is_kept_nowhere(place: Place) -> None:
    look(place, shared(place))
    platform = place.home.platform
    secret = key_file(platform, "relay/relay-2").strip()
    for path in platform.settings.home.parent.rglob("*"):
        made = path.name == "seeds.json" or path.parent.name == "handover"  # by the ceremony, for the holders
        if path.is_file() and not made:
            data = path.read_bytes()
            assert secret not in data, path
            assert bytes.fromhex(secret.decode()) not in data, path


def test_an_outcome_that_is_missing_is_named_at_its_field(place: Place) -> None:
    address = shared(place)
    look(place, address)
    relay = place.home.signed_in("relay-2")
    relay.open(address)
    assert 'href="#conclude-outcome"' in relay.send(f"{address}/conclude", 422, way="phone", on="2026-11-23")


def test_a_purpose_that_was_not_offered_is_refused_in_one_line(place: Place) -> None:
    screen = place.home.signed_in("clerk-1")
    address = f"/console/reports/{place.report}/contact"
    screen.open(address)
    assert "请从所列选项中选择" in screen.send(address, 422, purpose="curiosity")
    assert "不能以“处理结果反馈”为由" in screen.send(address, purpose="result")


def test_where_no_number_was_left_the_page_says_so(place: Place) -> None:
    report = place.home.report()
    place.home.walk(report, steps_until("confirm_screening"))
    screen = place.home.signed_in("clerk-1")
    assert f"/console/reports/{report}/contact" not in screen.open(f"/console/reports/{report}")
    assert "举报人没有留下电话或者地址" in screen.open(f"/console/reports/{report}/contact")


def test_who_asked_may_withdraw(place: Place) -> None:
    address = shared(place)
    assert "未使用，已终止" in press(place, "clerk-1", address, "close").text
    assert "未使用，已终止" in press(place, "relay-2", address, "view", **with_key(place, "relay-2")).text


def test_who_has_no_part_in_it_sees_nothing(place: Place) -> None:
    address = ask(place)
    for officer in ("org-clerk", "inspector-3", "custodian-1", "principal"):
        place.home.signed_in(officer).open(address, 403)
    place.home.signed_in("clerk-1").open("/console/contacts", 403)
    place.home.signed_in("relay-1").open(f"/console/reports/{place.report}", 403)
    place.home.signed_in("relay-1").open(f"/console/reports/{place.report}/contact", 403)


def test_a_page_that_came_from_a_form_leads_back_when_it_is_loaded_again(place: Place) -> None:
    address = ask(place)
    relay = place.home.signed_in("relay-1")
    relay.open(f"{address}/view")
    assert relay.path == address
    relay.open(f"{address}/nonsense", 404)
