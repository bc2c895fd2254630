"""The receipt: shown to the browser that handed in, for minutes, until it says that it has been written down."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import segno
from flask import Flask
from flask.sessions import SecureCookieSessionInterface

from supervision.platform import Platform
from supervision.sealing.receipt import ReceiptCode
from supervision.web.app import create_app
from supervision.web.public.receipt import qr_of
from tests.support.clock import START, Clock
from tests.support.deployment import make_deployment
from tests.support.visitor import Visitor


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def platform(tmp_path: Path, clock: Clock) -> Platform:
    return make_deployment(tmp_path / "home", f"sqlite:///{tmp_path / 'log.sqlite'}", site="public", clock=clock)


@pytest.fixture
def app(platform: Platform) -> Flask:
    app = create_app(platform)
    app.testing = True
    return app


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


def test_the_receipt_shows_a_code_whose_check_digits_hold_and_says_that_nobody_can_find_it_again(
    visitor: Visitor,
) -> None:
    code = visitor.report()
    assert ReceiptCode.parse(code).digits == code
    assert "查询码无法找回" in visitor.words
    assert ReceiptCode(code).grouped.split(" ") == [code[at : at + 4] for at in range(0, 32, 4)]


def test_the_same_browser_reads_it_again_for_ten_minutes_and_no_longer(visitor: Visitor, clock: Clock) -> None:
    code = visitor.report()
    clock.now = START + timedelta(minutes=9)
    visitor.get("/receipt")
    assert visitor.code() == code
    clock.now = START + timedelta(minutes=11)
    visitor.get("/receipt")
    assert visitor.code() == ""
    assert visitor.heading == "这里没有留下内容"


def test_another_browser_never_reads_it(app: Flask, visitor: Visitor) -> None:
    visitor.report()
    stranger = Visitor(app)
    stranger.get("/receipt")
    assert stranger.heading == "这里没有留下内容"


def test_who_has_written_it_down_makes_the_browser_forget_the_site(visitor: Visitor) -> None:
    visitor.report()
    cookies = [visitor.client.get_cookie(name) for name in ("draft", "form")]
    response = visitor.post("/receipt", {}, follow=False)
    assert response.headers["Clear-Site-Data"] == '"cache", "cookies", "storage"'
    assert visitor.client.get_cookie("draft") is None and visitor.client.get_cookie("form") is None
    for cookie in cookies:  # and it is gone here, whatever the browser did
        assert cookie
        visitor.client.set_cookie(cookie.key, cookie.value)
    visitor.get("/receipt")
    assert visitor.code() == ""


def test_the_picture_holds_the_address_of_the_site_and_nothing_of_the_code(visitor: Visitor) -> None:
    code = visitor.report()
    picture = qr_of("http://localhost/")
    assert f'src="{picture}"' in visitor.page.replace("&#39;", "'")
    matrix = [bytes(row) for row in segno.make("http://localhost/", error="m").matrix]
    assert matrix != [bytes(row) for row in segno.make(f"http://localhost/{code}", error="m").matrix]
    assert picture != qr_of(f"http://localhost/{code}")


def test_no_cookie_and_no_address_ever_holds_the_code(app: Flask, visitor: Visitor, platform: Platform) -> None:
    visitor.fill()
    response = visitor.send("check", {}, submit="1")
    code = visitor.code()
    visitor.look_up(code)
    assert code not in response.request.url
    for name in ("draft", "form", "status"):
        cookie = visitor.client.get_cookie(name)
        assert cookie and code not in cookie.value
    session_cookie = visitor.client.get_cookie("form")
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert session_cookie and serializer
    assert set(serializer.loads(session_cookie.value)) <= {"csrf_token", "_flashes"}
