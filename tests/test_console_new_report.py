"""A report that an officer takes down: what he fills in, where it ends up, and the receipt that he reads out."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any

import pytest

from events.vocabulary.intake import ReceiptIssued, ReportReceived, SealedReportReceived
from supervision.domain.codes import Channel
from supervision.platform import Platform
from supervision.sealing.compartments import CONTACT, CONTENT, IDENTITY, SOURCE
from supervision.sealing.receipt import ReceiptCode
from supervision.web.console.new_report_form import CHANNELS
from tests.support.officers import County, Screen, county
from tests.support.opening import COUNTY_CUSTODIANS, COUNTY_RELAYS, opened

PEOPLE = {"clerk-1", "clerk-2", "operator", "org-clerk", "org-head", "head", "inspector-1"}
FORM = "/console/reports/new"

CALL = {
    "arrival-channel": "phone",
    "arrival-line": "12388",
    "arrival-received_at": "2026-11-23T09:20",
    "person-1-name": "厉文舟",
    "person-1-unit": "云岫县交通运输局",
    "person-1-post": "副局长",
    "person-1-rank": "乡科级副职",
    "matter-title": "占用公款宴请",
    "matter-category_1": "3.7",
    "matter-text": "九月十日在城南酒楼用公款宴请。",
    "reporter-name": "季小满",
    "reporter-phone": "12000000001",
    "reporter-caller": "12000000002",
    "receipt-receipt": "by_channel",
}
SECRETS = ("厉文舟", "占用公款宴请", "城南酒楼", "季小满", "12000000001", "12000000002")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("new")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people=PEOPLE) as made:
        yield made


def take_down(home: County, officer: str = "operator", status: int = 200, **fields: Any) -> Screen:
    """Fill in the form and send it; ``fields`` with an underscore where a name has its hyphen."""
    screen = home.signed_in(officer)
    screen.open(FORM)
    mark = re.search(r'name="mark" value="([0-9a-f]+)"', screen.text)
    assert mark is not None
    screen.send(FORM, status, **{"mark": mark[1], **CALL, **fields})
    return screen


def code_on(screen: Screen) -> str:
    """The 查询码 on the receipt page."""
    return "".join(re.findall(r"<span>([0-9]{4})</span>", screen.text))


def events(platform: Platform, kind: type) -> list[Any]:
    return [recorded.event for recorded in platform.ledger.stored(1, 10_000) if isinstance(recorded.event, kind)]


def test_a_call_becomes_a_report_signed_by_the_operator_with_a_code_to_read_out(home: County) -> None:
    screen = take_down(home)
    code = ReceiptCode.parse(code_on(screen))
    received = events(home.platform, ReportReceived)[-1]
    assert received.reference in screen.text
    assert (received.actor, received.office) == ("operator", "petition")
    assert (received.channel, received.line, received.named) == ("phone", "12388", "named")
    assert received.occurred_at == "2026-11-23T09:20:00+08:00"
    issued = events(home.platform, ReceiptIssued)[-1]
    assert issued.originator_id == code.derive(home.platform.manifest.origin).stream_id


def test_each_piece_goes_into_its_own_compartment(home: County) -> None:
    take_down(home)
    received = events(home.platform, ReportReceived)[-1]

    def kept(compartment: str, field: str, *holders: str) -> str | None:
        return opened(home.platform, received.originator_id, received.sealing, compartment, field, *holders)

    assert "季小满" in (kept(IDENTITY, "reporter", *COUNTY_CUSTODIANS) or "")
    assert kept(CONTACT, "phone", *COUNTY_RELAYS) == "12000000001"
    assert kept(SOURCE, "caller", *COUNTY_CUSTODIANS) == "12000000002"
    assert kept(CONTENT, "title", "office/petition") == "占用公款宴请"
    assert "季小满" not in (kept(CONTENT, "text", "office/petition") or "")


def test_who_reported_is_not_shown_again_and_stands_in_no_file(home: County) -> None:
    screen = take_down(home)
    for secret in SECRETS:
        assert secret not in screen.text
    stored = b"".join(p.read_bytes() for p in home.platform.settings.home.parent.rglob("*") if p.is_file())
    for secret in SECRETS:
        assert secret.encode() not in stored
    clerk = home.signed_in("clerk-1")
    report = events(home.platform, ReportReceived)[-1].originator_id
    page = clerk.open(f"/console/reports/{report}")
    assert "城南酒楼" in page
    assert "季小满" not in page


def test_the_form_sent_twice_is_one_report_with_one_code(home: County) -> None:
    before = len(events(home.platform, ReportReceived))
    screen = home.signed_in("operator")
    screen.open(FORM)
    mark = screen.text.split('name="mark" value="')[1].split('"')[0]
    screen.send(FORM, **{"mark": mark, **CALL})
    first = code_on(screen)
    screen.open(FORM)
    screen.send(FORM, **{"mark": mark, **CALL})
    assert code_on(screen) == first
    assert len(events(home.platform, ReportReceived)) == before + 1


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_code_is_read_out_to_whoever_speaks_to_us(home: County, channel: Channel) -> None:
    screen = take_down(home, "clerk-1", **{"arrival-channel": channel.value})
    assert bool(code_on(screen)) == (channel in {Channel.PHONE, Channel.VISIT})


def test_the_officer_may_give_out_a_code_or_none_whatever_the_channel(home: County) -> None:
    letter = take_down(home, "clerk-1", **{"arrival-channel": "letter", "receipt-receipt": "issue"})
    assert code_on(letter)
    call = take_down(home, "clerk-1", **{"receipt-receipt": "none"})
    assert not code_on(call)


def test_the_receipt_is_for_this_session_and_for_some_minutes(home: County) -> None:
    screen = take_down(home)
    address = screen.path
    code = code_on(screen)
    screen.open(address)
    assert code_on(screen) == code  # loading the page again loses nothing
    assert code not in home.signed_in("clerk-1").open(address, 404)
    home.clock.advance(minutes=home.platform.settings.receipt_minutes + 1)
    assert code not in screen.open(address, 404)


def test_having_read_it_out_forgets_it(home: County) -> None:
    screen = take_down(home)
    address = screen.path
    screen.send(address)
    assert screen.path == FORM
    screen.open(address, 404)


def test_a_report_on_the_superior_s_cadre_is_sealed_to_the_superior_at_once(home: County) -> None:
    before = len(events(home.platform, ReportReceived))
    screen = take_down(home, **{"person-1-post": "县委常委、副县长", "person-1-rank": "副县处级"})
    assert "已径送上级" in screen.text
    assert code_on(screen)
    assert len(events(home.platform, ReportReceived)) == before
    sealed = events(home.platform, SealedReportReceived)[-1]
    assert sealed.reference in screen.text
    head = home.signed_in("head")
    listed = head.open("/console/sealed")
    assert sealed.reference in listed
    for secret in SECRETS:
        assert secret not in listed
    assert str(sealed.originator_id) not in head.open("/console/?scope=offices")


def test_the_reporter_s_word_is_enough_to_send_it_up(home: County) -> None:
    screen = take_down(home, **{"matter-superior_declared": "on"})
    assert "已径送上级" in screen.text


def test_a_call_on_12380_goes_to_the_organisation_department(home: County) -> None:
    take_down(home, "org-clerk", **{"arrival-line": "12380"})
    assert events(home.platform, ReportReceived)[-1].receiving_office == "personnel"


def test_the_form_offers_the_line_of_the_officer_s_own_office(home: County) -> None:
    for officer, line in (("clerk-1", "12388"), ("org-clerk", "12380")):
        assert f'<option value="{line}" selected>' in home.signed_in(officer).open(FORM)


def test_several_persons_are_taken_down(home: County) -> None:
    take_down(home, **{"person-2-name": "尤在田", "person-3-unit": "云岫县公路站"})
    report = events(home.platform, ReportReceived)[-1].originator_id
    page = home.signed_in("clerk-1").open(f"/console/reports/{report}")
    for told in ("厉文舟", "尤在田", "云岫县公路站"):
        assert told in page


def test_scans_are_sealed_away_and_evidence_is_for_the_office(home: County) -> None:
    take_down(
        home,
        "clerk-1",
        **{
            "arrival-channel": "letter",
            "attachments": (io.BytesIO(b"plain words"), "清单.txt"),
            "scans": (io.BytesIO(b"%PDF-1.4 the letter in his own hand"), "来信.pdf"),
        },
    )
    received = events(home.platform, ReportReceived)[-1]
    assert received.attachments == 2
    page = home.signed_in("clerk-1").open(f"/console/reports/{received.originator_id}")
    assert "清单.txt" in page
    assert "来信.pdf" not in page
    stored = b"".join(p.read_bytes() for p in home.platform.settings.home.rglob("*") if p.is_file())
    assert b"in his own hand" not in stored


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"matter-title": ""}, "标题"),
        ({"arrival-received_at": "2026-11-24T09:00"}, "收到时间不能晚于现在"),
        ({"arrival-received_at": "gestern"}, "请填写日期和时间"),
        ({"arrival-channel": "web"}, "请从所列选项中选择"),
        ({"reporter-phone": "1" * 41}, "最多 40 字"),
        ({"matter-text": "字" * 10_001}, "最多 10000 字"),
    ],
)
def test_what_is_wrong_is_named_and_what_was_typed_is_kept(home: County, fields: dict[str, str], says: str) -> None:
    before = home.platform.ledger.head()
    screen = take_down(home, status=422, **fields)
    assert says in screen.text
    for kept in ("厉文舟", "季小满"):
        assert kept in screen.text
    assert home.platform.ledger.head() == before


def test_line_breaks_count_as_one_character_as_the_page_counts_them(home: County) -> None:
    screen = take_down(home, **{"matter-text": "字\r\n" * 5_000})
    assert code_on(screen)


@pytest.mark.parametrize("officer", ["head", "inspector-1", "admin"])
def test_only_those_who_answer_the_door_take_reports_down(home: County, officer: str) -> None:
    home.signed_in(officer).open(FORM, 403)


def test_an_operator_finds_nothing_else_here(home: County) -> None:
    operator = home.signed_in("operator")
    operator.open("/console/")
    assert operator.path == FORM
    for closed in ("/console/sealed", "/console/officers"):
        operator.open(closed, 403)
