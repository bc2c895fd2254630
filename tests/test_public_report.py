"""The report form: what becomes of a report, where its level sends it, and that handing in twice is one report."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from events.ledger import Ledger
from events.model import Event
from events.vocabulary.intake import ReceiptIssued, ReportReceived, SealedReportReceived
from supervision.intake.drafts import DraftStore
from supervision.intake.submission import ReportedPerson
from supervision.platform import Platform
from supervision.web.app import create_app
from supervision.web.public.filing import goes_to_superior, reported
from tests.support.clock import Clock
from tests.support.deployment import make_deployment, open_deployment
from tests.support.opening import COUNTY_CUSTODIANS, COUNTY_RELAYS, SUPERIOR_CUSTODIANS, opened
from tests.support.visitor import ANSWERS, NAMED, Visitor

PETITION = "office/petition"


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory, clock: Clock) -> Platform:
    home = tmp_path_factory.mktemp("home")
    return make_deployment(home, f"sqlite:///{home / 'log.sqlite'}", site="public", clock=clock)


@pytest.fixture(scope="module")
def app(platform: Platform) -> Flask:
    app = create_app(platform)
    app.testing = True
    return app


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def written(platform: Platform) -> Iterator[Callable[[], list[Event]]]:
    """What has been written to the log since the test began."""
    before = platform.ledger.head()
    yield lambda: [recorded.event for recorded in platform.ledger.stored(before + 1, 100)]


def received(events: list[Event]) -> ReportReceived:
    (event,) = [event for event in events if isinstance(event, ReportReceived)]
    return event


# -- what a report becomes --------------------------------------------------------------------------------


def test_an_anonymous_report_is_readable_to_the_petition_office_and_tells_nothing_of_its_sender(
    visitor: Visitor, platform: Platform, written: Callable[[], list[Event]]
) -> None:
    code = visitor.report()
    assert len(code) == 32
    issued, event = written()
    assert isinstance(issued, ReceiptIssued)
    assert isinstance(event, ReportReceived)
    assert (event.channel, event.named, event.actor, event.attachments) == ("web", "anonymous", "reporter", 0)
    assert event.occurred_at == "2026-12-01T10:00:00+08:00"
    assert not {"identity", "contact", "source"} & {key.compartment for key in event.sealing.keys}
    read = [
        opened(platform, event.originator_id, event.sealing, "content", field, PETITION)
        for field in ("title", "text", "respondents", "categories")
    ]
    assert read[0] == "反映青禾乡柳湾村村党支部书记仇广田有关问题"
    assert read[1] == ANSWERS["text"]["text"]
    (person,) = json.loads(read[2] or "")
    assert person["name"] == "仇广田"
    assert (person["rank"], person["area"], person["area_code"]) == ("农村（社区）", "云岫县青禾乡", "990123")
    assert json.loads(read[3] or "") == ["违反群众纪律行为", "侵害群众利益", "低保名额给了亲戚"]


def test_a_named_report_seals_who_and_how_to_reach_him_apart_from_what_he_says(
    visitor: Visitor, platform: Platform, written: Callable[[], list[Event]]
) -> None:
    visitor.report(NAMED)
    event = received(written())
    assert event.named == "named"
    where = (platform, event.originator_id, event.sealing)
    identity = opened(*where, "identity", "reporter", *COUNTY_CUSTODIANS)
    assert json.loads(identity or "") == {"name": "佟有田", "phone": "12000000021"}
    assert opened(*where, "contact", "phone", *COUNTY_RELAYS) == "12000000021"
    assert opened(*where, "contact", "preference", *COUNTY_RELAYS) == "晚上七点以后"


def test_who_changes_his_mind_and_stays_anonymous_leaves_no_name_behind(
    visitor: Visitor, written: Callable[[], list[Event]]
) -> None:
    visitor.fill(NAMED)
    visitor.send("check", {}, goto="identity")
    visitor.send("identity", {"identity": "anonymous", "feedback": "no"})
    assert "佟有田" not in visitor.page
    visitor.hand_in()
    event = received(written())
    assert event.named == "anonymous"
    assert event.feedback_wanted is False
    assert "identity" not in {key.compartment for key in event.sealing.keys}


def test_several_persons_and_a_unit_can_be_reported_together(
    visitor: Visitor, platform: Platform, written: Callable[[], list[Event]]
) -> None:
    visitor.begin()
    visitor.send("level", {"level": "section", "unit": "县农业农村局"})
    first = {"name-1": "甲某", "unit-1": "县农业农村局", "post-1": "副局长", "area-1": "", "level-1": ""}
    visitor.send("who", first, more="1")
    assert visitor.heading == "您要反映的是谁？"
    second = {"name-2": "乙某", "unit-2": "石桥镇政府", "post-2": "干事", "area-2": "不清楚", "level-2": "staff"}
    visitor.send("who", {**first, **second}, more="1")
    visitor.send("who", {**first, **second, "name-3": "多余的人"}, drop="3")
    visitor.send("who", {**first, **second})
    for page in ("category", "text", "files", "identity"):
        visitor.send(page, ANSWERS[page])
    visitor.hand_in()
    event = received(written())
    people = json.loads(opened(platform, event.originator_id, event.sealing, "content", "respondents", PETITION) or "")
    assert [(one["name"], one["rank"]) for one in people] == [("甲某", "乡科级"), ("乙某", "一般干部")]


# -- the by-pass ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "post"),
    [("county", ""), ("principal", ""), ("unclear", "县长"), ("section", "县委常委")],
)
def test_a_report_on_whom_the_superior_supervises_goes_up_unread_and_says_so_before_a_word_of_it_is_typed(
    visitor: Visitor, platform: Platform, written: Callable[[], list[Event]], level: str, post: str
) -> None:
    visitor.begin()
    visitor.send("level", {"level": level, "unit": "云岫县"})
    visitor.send("who", {"name-1": "某领导", "unit-1": "云岫县", "post-1": post})
    assert visitor.heading == "属于哪一类问题？"
    assert "本件将直接加密送交市纪委监委信访室" in visitor.words
    for page in ("category", "text", "files", "identity"):
        visitor.send(page, NAMED[page])
    visitor.send("reporter", NAMED["reporter"])
    visitor.hand_in()
    _issued, event = written()
    assert isinstance(event, SealedReportReceived)
    county = {holder.kem.key_id for holder in (*platform.manifest.offices, *platform.manifest.custodians)}
    county |= {holder.kem.key_id for holder in platform.manifest.relays} | {platform.manifest.console.key_id}
    assert not county & {wrap.key for key in event.sealing.keys for wrap in key.wraps}
    text = opened(platform, event.originator_id, event.sealing, "content", "text", "superior/content")
    assert text == ANSWERS["text"]["text"]
    identity = opened(platform, event.originator_id, event.sealing, "identity", "reporter", *SUPERIOR_CUSTODIANS)
    assert json.loads(identity or "")["name"] == "佟有田"


def test_an_ordinary_report_is_not_said_to_go_up(visitor: Visitor) -> None:
    visitor.fill()
    assert "加密送交" not in visitor.words


@given(
    level=st.sampled_from(["county", "principal"]),
    person=st.fixed_dictionaries({name: st.text(max_size=12) for name in ("name", "unit", "post", "area")}),
    first=st.booleans(),
)
def test_whoever_says_that_the_superior_is_competent_is_believed(
    platform: Platform, level: str, person: dict[str, str], first: bool
) -> None:
    levels = (level, "village") if first else ("village", level)
    people = [{**person, "level": ""}, {**person, "level": levels[1]}]
    answers = {"level": {"level": levels[0], "unit": person["unit"]}, "who": {"people": people}}
    assert goes_to_superior(platform, answers)


@pytest.mark.parametrize(
    ("level", "typed", "person"),
    [
        ("unit", {"unit": "石桥镇政府"}, {"name": "石桥镇政府", "unit": "石桥镇政府", "post": "单位"}),
        ("unit", {"unit": "石桥镇政府", "name": "甲某"}, {"name": "甲某", "unit": "石桥镇政府"}),
        ("own_staff", {"name": "乙某"}, {"name": "乙某", "unit": "县纪委监委、县委组织部"}),
        ("section", {"area": "云岫县"}, {"rank": "乡科级", "area": "云岫县", "area_code": "990123"}),
        ("other", {"area": "邻县"}, {"area": "邻县"}),
    ],
)
def test_what_is_chosen_and_typed_says_what_the_rules_look_at(
    platform: Platform, level: str, typed: dict[str, str], person: dict[str, str]
) -> None:
    one = {"name": "", "post": "", "area": "", "level": "", **typed}
    answers = {"level": {"level": level, "unit": typed.get("unit", "")}, "who": {"people": [one]}}
    assert reported(platform.settings, answers) == (ReportedPerson(**person),)


def test_who_knows_nobody_reports_nobody(platform: Platform) -> None:
    assert reported(platform.settings, {"level": {"level": "unclear", "unit": ""}}) == ()
    assert reported(platform.settings, {}) == ()


# -- once -------------------------------------------------------------------------------------------------


def test_a_double_click_is_one_report_and_both_clicks_get_its_receipt(
    app: Flask, platform: Platform, written: Callable[[], list[Event]]
) -> None:
    visitor = Visitor(app)
    visitor.fill(files=[("照片.txt", "公示栏".encode())])
    cookie = visitor.client.get_cookie("draft")
    form = visitor.client.get_cookie("form")
    assert cookie and form
    codes: list[str] = []

    def press() -> None:
        other = Visitor(app)
        other.client.set_cookie("draft", cookie.value)
        other.client.set_cookie("form", form.value)
        other.page = visitor.page
        codes.append(other.hand_in())

    clicks = [threading.Thread(target=press) for _ in range(3)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    assert len(set(codes)) == 1 and len(codes) == 3 and len(codes[0]) == 32
    assert received(written()).attachments == 1
    files = [path for path in (platform.settings.home / "files").rglob("*") if path.is_file()]
    named = {item.sha256 for item in received(written()).sealing.items if item.kind == "file"}
    assert named <= {path.name for path in files}
    assert not [path for path in files if path.name.endswith(".partial")]


def test_a_crash_between_the_log_and_the_receipt_costs_no_report_and_makes_no_second_one(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, written: Callable[[], list[Event]]
) -> None:
    def crash(*_: object) -> None:
        raise RuntimeError("the power fails")

    visitor.fill()
    with monkeypatch.context() as patched:
        patched.setattr(DraftStore, "keep_receipt", crash)
        with pytest.raises(RuntimeError):
            visitor.send("check", {}, submit="1")
    visitor.get("/report")
    assert visitor.heading == "核对您填写的内容"
    assert len(visitor.hand_in()) == 32
    received(written())


def test_a_disk_that_is_full_is_said_kindly_and_nothing_is_lost(
    visitor: Visitor, monkeypatch: pytest.MonkeyPatch, written: Callable[[], list[Event]]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError("no space left")

    visitor.fill()
    with monkeypatch.context() as patched:
        patched.setattr(Ledger, "record", full)
        visitor.send("check", {}, submit="1")
        assert "没有提交。您填写的内容没有丢失" in visitor.words
    assert written() == []
    assert len(visitor.hand_in()) == 32


def test_an_incomplete_draft_cannot_be_handed_in(visitor: Visitor, written: Callable[[], list[Event]]) -> None:
    visitor.begin()
    visitor.send("level", ANSWERS["level"])
    visitor.send("check", {}, submit="1")
    assert visitor.heading == "您要反映的是谁？"
    assert written() == []


def test_both_databases_take_a_report_from_the_form(database_url: str, tmp_path: Path) -> None:
    platform = make_deployment(tmp_path / "home", database_url, site="public")
    visitor = Visitor(create_app(platform))
    code = visitor.report(NAMED, files=[("说明.txt", "账目".encode())])
    again = create_app(open_deployment(tmp_path / "home", database_url, site="public"))
    reader = Visitor(again)
    reader.look_up(code)
    assert reader.heading == "办理进度"
    reader.add("又想起一件事")
    assert "您已补充 1 次" in reader.words
