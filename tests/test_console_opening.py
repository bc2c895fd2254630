"""Openings in the console: asked for, agreed to, contributed to, released, looked at once; and what is refused."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from supervision.intake.submission import ReporterDetails
from supervision.sealing.receipt import ReceiptCode
from tests.support.custodians import Elsewhere
from tests.support.officers import OFFICERS, County, Screen, county, steps_until
from tests.support.visitor import Visitor
from tests.test_console_case import TEXT, TITLE, picture

REPORTER = ReporterDetails(name="季小满", phone="12000000001")
ASKED = {"part": "0", "compartments": "identity", "purpose": "supplement", "number": ""}
VERIFIED = {"named_status": "verified", "verification": "phone"}


@dataclass(frozen=True)
class Place:
    """The county, the machines elsewhere, and a report with the inspector, under a code."""

    home: County
    elsewhere: Elsewhere
    report: UUID
    code: ReceiptCode


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[County, Elsewhere]]:
    path = tmp_path_factory.mktemp("opening")
    people = {*OFFICERS, "custodian-1", "custodian-2"}
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people=people) as made:
        yield made, Elsewhere(made.platform, path)


@pytest.fixture
def place(home: tuple[County, Elsewhere]) -> Place:
    made, elsewhere = home
    code = ReceiptCode.new(made.platform.rng)
    report = made.report(TITLE, code=code, reporter=REPORTER, attachments=(picture(),))
    steps = steps_until("approve_distribution")
    officer, given = steps["screen"]
    made.walk(report, {**steps, "screen": (officer, {**given, **VERIFIED})})
    return Place(made, elsewhere, report, code)


def ask(place: Place, **asked: str) -> str:
    """The inspector asks and confirms; gives the address of the opening."""
    screen = place.home.signed_in("inspector-1")
    address = f"/console/reports/{place.report}/opening"
    screen.open(address)
    screen.send(address, **ASKED | asked)
    assert "确认启封申请" in screen.text
    screen.send(address, **ASKED | asked, confirmed="yes")
    assert "申请已提交" in screen.text
    return screen.path


def approved(place: Place, **asked: str) -> str:
    """And the deputy agrees."""
    address = ask(place, **asked)
    press(place, "deputy", address, "approve")
    return address


def press(place: Place, officer: str, address: str, name: str, **fields: object) -> str:
    """Open the page of an opening and press one of its buttons."""
    screen = place.home.signed_in(officer)
    screen.open(address)
    return screen.send(f"{address}/{name}", **fields)


def upload(data: bytes) -> dict[str, object]:
    return {"answer": (io.BytesIO(data), "answer.json")}


def contribute(place: Place, address: str, officer: str) -> str:
    screen = place.home.signed_in(officer)
    request = screen.client.get(f"{address}/request-file")
    assert request.headers["Content-Disposition"].startswith("attachment")
    return press(place, officer, address, "contribute", **upload(place.elsewhere.answer(officer, request.data)))


def ready(place: Place, **asked: str) -> str:
    """Everybody has done his part but the requester."""
    address = approved(place, **asked)
    for officer in ("custodian-1", "custodian-2"):
        assert "已办理" in contribute(place, address, officer)
    place.elsewhere.witness()
    superior = place.home.signed_in("superior")
    request = superior.client.get(f"{address}/gate-file").data
    assert request.startswith(b"{"), superior.open(address).partition("messages")[2][:400]
    assert "已办理" in press(place, "superior", address, "gate-answer", **upload(place.elsewhere.released(request)))
    return address


def look(place: Place, address: str) -> Screen:
    screen = place.home.signed_in("inspector-1")
    screen.open(address)
    screen.send(f"{address}/view")
    return screen


def told(place: Place) -> str:
    """What the reporter reads on the status page."""
    visitor = Visitor(place.home.app)
    visitor.look_up(place.code.digits)
    return visitor.words


def test_the_whole_way_ends_with_one_look_that_is_never_kept(place: Place) -> None:
    address = ready(place)
    screen = look(place, address)
    assert screen.seen is not None
    assert REPORTER.name in screen.text
    assert REPORTER.phone in screen.text
    assert screen.seen.headers["Cache-Control"] == "no-store"
    assert screen.seen.headers["Refresh"] == f"300; url={address}"
    again = look(place, address)
    assert "查看时间 2026-11-23 09:30" in re.sub(r"<[^>]+>|\s+", " ", again.text).replace("  ", " ").replace("  ", " ")
    assert "已经打开过一次" in again.text
    assert REPORTER.name not in again.text


def test_each_finds_what_waits_for_him_and_the_case_page_lists_it(place: Place) -> None:
    address = ask(place)
    assert address in place.home.signed_in("deputy").open("/console/openings").split("我批准的")[0]
    press(place, "deputy", address, "approve")
    assert "待保管人提交（0/2）" in place.home.signed_in("inspector-1").open(f"/console/reports/{place.report}")
    assert address in place.home.signed_in("custodian-1").open("/console/")
    contribute(place, address, "custodian-1")
    assert address not in place.home.signed_in("custodian-1").open("/console/openings")
    contribute(place, address, "custodian-2")
    assert address in place.home.signed_in("superior").open("/console/openings")


def test_the_requester_finds_what_came_of_it_even_where_it_was_refused(place: Place) -> None:
    address = ask(place)
    assert address not in place.home.signed_in("inspector-1").open("/console/openings").split("已办结")[1]
    press(place, "deputy", address, "refuse", reason="other_way")
    page = place.home.signed_in("inspector-1").open("/console/openings")
    assert address in page.split("已办结")[1]
    assert address not in page.split("已办结")[0]
    assert "未批准" in page
    assert "可以通过联络员等其他方式办理" in place.home.signed_in("inspector-1").open(address)


def test_a_custodian_sees_requester_purpose_and_number_and_nothing_that_the_report_says(place: Place) -> None:
    page = place.home.signed_in("custodian-1").open(approved(place))
    assert place.home.platform.desk.report(place.report).number in page
    assert "核实举报情况、补充取证" in page
    for secret in (TITLE, TEXT, "厉文舟", REPORTER.name, str(place.report)):
        assert secret not in page


def test_the_reporter_is_told_day_and_purpose_once_it_was_opened(place: Place) -> None:
    address = ready(place)
    assert "曾被查看" not in told(place)
    look(place, address)
    assert "曾被查看 2026 年 11 月 23 日 事由：核实举报情况、补充取证" in told(place)


def test_an_order_of_law_delays_the_notice_to_its_day(place: Place) -> None:
    address = ready(place)
    page = place.home.signed_in("deputy")
    page.open(address)
    assert "法律文书文号" in page.send(f"{address}/delay", 422, number="", until="")
    page.send(f"{address}/delay", number="云检调〔2026〕7号", until="2026-11-25")
    assert "已办理" in page.text
    look(place, address)
    assert "曾被查看" not in told(place)
    place.home.clock.advance(days=2)
    try:
        assert "曾被查看" in told(place)
    finally:
        place.home.clock.advance(days=-2)


def test_an_original_comes_only_with_the_key_of_the_page_and_only_for_minutes(place: Place) -> None:
    address = ready(place, compartments="source")
    screen = look(place, address)
    key = re.findall(r'name="key" value="([^"]+)"', screen.text)[0]
    token = re.findall(r'name="csrf_token" value="([^"]+)"', screen.text)[0]

    def fetch(key: str, officer: Screen = screen) -> bytes:
        sent = {"csrf_token": token, "key": key, "number": "1"}
        answer = officer.client.post(f"{address}/original", data=sent)
        if answer.status_code == 200:
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert answer.mimetype == "application/octet-stream"
        return answer.data if answer.status_code == 200 else b""

    assert fetch(key).startswith(b"\xff\xd8")
    assert fetch("x" * 43) == b""
    place.home.clock.advance(minutes=6)
    try:
        assert fetch(key) == b""
    finally:
        place.home.clock.advance(minutes=-6)


def test_a_purpose_that_demands_a_document_is_not_asked_for_without_its_number(place: Place) -> None:
    screen = place.home.signed_in("inspector-1")
    address = f"/console/reports/{place.report}/opening"
    screen.open(address)
    page = screen.send(address, 422, **ASKED | {"purpose": "legal_order"})
    assert 'href="#request-number"' in page
    assert "须填写调取文书的文号" in page


def test_the_number_of_an_approval_is_taken_in_the_form_that_documents_have(place: Place) -> None:
    screen = place.home.signed_in("inspector-1")
    address = f"/console/reports/{place.report}/opening"
    screen.open(address)
    asked = ASKED | {"purpose": "false_accusation"}
    assert "机关代字、年份和顺序号" in screen.send(address, 422, **asked | {"number": "已经同意"})
    assert "市纪批〔2026〕3号" in screen.send(address, **asked | {"number": "市纪批[2026]3号"})


def test_a_purpose_that_was_not_offered_is_refused_in_one_line(place: Place) -> None:
    screen = place.home.signed_in("inspector-1")
    address = f"/console/reports/{place.report}/opening"
    screen.open(address)
    assert "请从所列选项中选择" in screen.send(address, 422, **ASKED | {"purpose": "reward"})
    assert "请从所列选项中选择" in screen.send(address, 422, **ASKED | {"purpose": "curiosity"})


def test_the_approver_refuses_with_a_reason(place: Place) -> None:
    address = ask(place)
    deputy = place.home.signed_in("deputy")
    deputy.open(address)
    assert "请检查以下内容" in deputy.send(f"{address}/refuse", 422)
    page = deputy.send(f"{address}/refuse", reason="other_way")
    assert "未批准" in page
    assert "没有您要办的事项" in page


def test_a_custodian_may_decline_and_says_why(place: Place) -> None:
    address = approved(place)
    page = press(place, "custodian-1", address, "decline", reason="no_basis")
    assert "扃固" not in page
    assert "封缄（认为依据不足）" in page


@pytest.mark.parametrize(
    ("sent", "reason"),
    [({}, "没有选择答复文件"), (upload(b"{}"), "答复文件已损坏或格式不对"), (upload(b"x" * 70_000), "答复文件过大")],
    ids=["none", "broken", "too-long"],
)
def test_what_is_no_answer_is_refused_in_one_line(place: Place, sent: dict[str, object], reason: str) -> None:
    assert reason in press(place, "custodian-1", approved(place), "contribute", **sent)


def test_an_answer_to_another_opening_is_refused_in_one_line(place: Place) -> None:
    address = approved(place)
    screen = place.home.signed_in("custodian-1")
    answer = place.elsewhere.answer("custodian-1", screen.client.get(f"{address}/request-file").data)
    press(place, "deputy", address, "close")
    other = approved(place)
    assert "答复不是对本次启封的" in press(place, "custodian-1", other, "contribute", **upload(answer))


def test_before_witnesses_have_seen_it_the_gate_gets_nothing(place: Place) -> None:
    address = approved(place)
    for officer in ("custodian-1", "custodian-2"):
        contribute(place, address, officer)
    screen = place.home.signed_in("inspector-1")
    assert "尚未得到见证人联署" in screen.open(f"{address}/gate-file")
    assert "上级闸门尚未放行" in look(place, address).text


def test_who_has_no_part_in_it_sees_nothing(place: Place) -> None:
    address = ask(place)
    for officer in ("inspector-3", "clerk-1", "clue"):
        place.home.signed_in(officer).open(address, 403)
    place.home.signed_in("inspector-3").open(f"/console/reports/{place.report}/opening", 403)
    place.home.signed_in("clerk-1").open("/console/openings", 403)


def test_the_requester_may_withdraw_and_then_nobody_can_go_on(place: Place) -> None:
    address = ask(place)
    assert "已终止" in press(place, "inspector-1", address, "close")
    assert "不能审批" in press(place, "deputy", address, "approve")
