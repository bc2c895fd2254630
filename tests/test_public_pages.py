"""The pages of the form: nothing typed is lost, the way never leaves them, a draft ends in time, no page is kept."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.platform import Platform
from supervision.web.app import create_app
from supervision.web.public.forms import ANONYMOUS, PAGES, errors_of, page_after, page_before, pages_for
from tests.support.clock import START, Clock
from tests.support.deployment import make_deployment
from tests.support.visitor import ANSWERS, Visitor


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


# -- nothing typed is lost --------------------------------------------------------------------------------


def test_a_mistake_is_named_twice_and_what_was_typed_is_still_there(visitor: Visitor, platform: Platform) -> None:
    visitor.begin()
    for page in ("level", "who", "category"):
        visitor.send(page, ANSWERS[page])
    visitor.send("text", {"text": "事" * 10_001})
    assert visitor.words.count("“反映的问题”最多 10000 字，请删减后再继续。") == 2
    assert "事" * 10_001 in visitor.page
    assert 'href="#text"' in visitor.page
    visitor.send("text", {"text": "行\r\n" * 5_000})
    assert visitor.heading == "有证据材料吗？（选填）"


def test_going_back_keeps_what_was_typed_on_the_page_that_one_leaves(visitor: Visitor) -> None:
    visitor.begin()
    for page in ("level", "who", "category"):
        visitor.send(page, ANSWERS[page])
    visitor.send("text", {"text": "写到一半"}, goto="back")
    assert visitor.heading == "属于哪一类问题？"
    visitor.send("category", ANSWERS["category"])
    assert "写到一半" in visitor.page
    assert "error-summary" not in visitor.page


def test_a_page_from_the_browsers_history_is_kept_where_it_belongs(visitor: Visitor) -> None:
    visitor.fill()
    visitor.send("text", {"text": "从历史记录里改的"})
    assert visitor.heading == "核对您填写的内容"
    assert "从历史记录里改的" in visitor.words


def test_changing_one_answer_leads_straight_back_to_the_summary(visitor: Visitor) -> None:
    visitor.fill()
    for page in ANSWERS:
        visitor.send("check", {}, goto=page)
        visitor.send(page, ANSWERS[page])
        assert visitor.heading == "核对您填写的内容"


def test_the_unit_is_one_answer_wherever_it_is_changed(visitor: Visitor) -> None:
    visitor.fill()
    visitor.send("check", {}, goto="who")
    visitor.send("who", {**ANSWERS["who"], "unit-1": "城东街道"})
    assert "城东街道" in visitor.words and "柳湾村" not in visitor.words.replace("青禾乡", "")
    visitor.send("check", {}, goto="level")
    visitor.send("level", {"level": "staff", "unit": "石桥镇"})
    visitor.send("check", {}, goto="who")
    assert 'value="石桥镇"' in visitor.page


@given(
    st.dictionaries(
        st.sampled_from(PAGES[:-1]), st.dictionaries(st.text(max_size=9), st.text(max_size=40)), max_size=4
    ),
    st.lists(st.sampled_from(PAGES), max_size=8),
    st.sampled_from(PAGES),
)
def test_the_way_through_the_pages_never_leaves_them(
    app: Flask, answers: dict[str, dict[str, str]], seen: list[str], page: str
) -> None:
    pages = pages_for(answers)
    if page not in pages:
        return
    with app.test_request_context():
        after = page_after(page, answers, seen, 10_000)
        assert after in pages and pages.index(after) >= pages.index(page)
        assert after == "check" or after not in seen or errors_of(after, answers.get(after, {}), 10_000)
    assert page_before(page, answers) in pages


@settings(max_examples=25)
@given(text=st.text(max_size=200), level=st.text(max_size=20), name=st.text(max_size=120))
def test_whatever_somebody_types_the_form_answers(app: Flask, text: str, level: str, name: str) -> None:
    visitor = Visitor(app)
    visitor.begin()
    for page, values in (
        ("level", {"level": level, "unit": text}),
        ("who", {"name-1": name, "unit-1": text, "level-2": level, "name-2": text}),
        ("category", {"category": [level, "4.1"], "other": text}),
        ("text", {"text": text}),
        ("identity", {"identity": level or ANONYMOUS, "feedback": text}),
        ("check", {}),
        (text, {}),
    ):
        assert visitor.send(page, values).status_code == 200
        assert visitor.heading


# -- the end of a draft -----------------------------------------------------------------------------------


def test_a_draft_left_alone_ends_with_its_files(
    app: Flask, platform: Platform, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = Visitor(app)
    visitor.fill(files=[("照片.txt", "公示栏".encode())])
    kept = list((platform.settings.home / "drafts").iterdir())
    assert kept
    monkeypatch.setattr(clock, "now", START + timedelta(hours=platform.settings.draft_hours, minutes=6))
    visitor.send("text", {"text": "太迟了"})
    assert visitor.heading == "反映问题"
    assert "已经过期并清除，没有提交" in visitor.words
    assert not any(path.exists() for path in kept)


def test_a_draft_lives_on_while_somebody_writes(
    visitor: Visitor, platform: Platform, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor.fill()
    for hours in (8, 16, 24):
        monkeypatch.setattr(clock, "now", START + timedelta(hours=hours))
        visitor.send("text", {"text": f"第 {hours} 小时"})
    assert "第 24 小时" in visitor.words


def test_handing_in_removes_the_draft_and_its_files(visitor: Visitor, platform: Platform) -> None:
    before = set((platform.settings.home / "drafts").glob("*"))
    visitor.report(files=[("照片.txt", "公示栏".encode())])
    assert set((platform.settings.home / "drafts").glob("*")) <= before
    visitor.get("/report")
    assert visitor.heading == "已提交"


def test_giving_up_removes_everything_here_and_in_the_browser(visitor: Visitor, platform: Platform) -> None:
    before = set((platform.settings.home / "drafts").glob("*"))
    visitor.fill(files=[("照片.txt", "公示栏".encode())])
    response = visitor.post("/report", {"page": "check", "abandon": "1"}, follow=False)
    assert response.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert visitor.client.get_cookie("draft") is None
    assert set((platform.settings.home / "drafts").glob("*")) <= before
    visitor.get("/report")
    assert visitor.heading == "反映问题"


def test_beginning_anew_forgets_the_unfinished_draft(visitor: Visitor, platform: Platform) -> None:
    visitor.fill()
    visitor.get("/")
    assert "这个浏览器里有一份没有提交的内容" in visitor.words
    visitor.begin()
    visitor.send("level", ANSWERS["level"])
    assert "仇广田" not in visitor.page


def test_another_browser_or_a_forged_cookie_opens_no_draft(app: Flask, visitor: Visitor) -> None:
    visitor.fill()
    for value in ("", "x", "A" * 43, "A" * 4000):
        stranger = Visitor(app)
        stranger.client.set_cookie("draft", value)
        stranger.get("/report")
        assert stranger.heading == "反映问题"


# -- the frame --------------------------------------------------------------------------------------------


def test_one_must_say_that_he_has_read_the_page_and_is_told_so(visitor: Visitor) -> None:
    visitor.get("/")
    visitor.post("/", {})
    assert visitor.words.count("请先阅读上面的内容") == 2
    assert visitor.client.get_cookie("draft") is None


@pytest.mark.parametrize(
    "words", ["贪污贿赂", "诉讼、仲裁", "署名", "不署名", "诬告陷害", "12380", "12388", "单位的电脑"]
)
def test_the_start_page_says_what_a_reporter_must_know(visitor: Visitor, words: str) -> None:
    visitor.get("/")
    assert words in visitor.words


def test_every_page_has_one_address_one_title_and_is_kept_nowhere(visitor: Visitor) -> None:
    responses = [visitor.begin()]
    responses += [visitor.send(page, values) for page, values in ANSWERS.items()]
    responses.append(visitor.send("check", {}, submit="1"))
    for response in responses:
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "<title>云岫县监督举报平台</title>" in response.get_data(as_text=True)
    assert {response.request.path for response in responses} == {"/report", "/receipt"}
    assert all(not response.request.query_string for response in responses)


def test_the_cookies_are_keys_that_scripts_cannot_read_and_end_with_the_browser(visitor: Visitor) -> None:
    visitor.get("/")
    response = visitor.post("/", {"read": "yes"}, follow=False)
    (cookie,) = [line for line in response.headers.getlist("Set-Cookie") if line.startswith("draft=")]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert "Max-Age" not in cookie and "Expires" not in cookie
