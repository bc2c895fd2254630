"""Errors: calm words in Chinese with a way out, and nothing of what was typed in page, header or log."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask, abort

from supervision.web.app import create_app
from supervision.web.errors import WORDS
from tests.support.deployment import make_deployment
from tests.support.visitor import Visitor

SECRET = "柳湾村危房名单"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    home = tmp_path_factory.mktemp("home")
    app = create_app(make_deployment(home, f"sqlite:///{home / 'log.sqlite'}", site="public"))

    @app.get("/fail/<int:status>")
    def fail(status: int) -> None:
        abort(status, description=SECRET)

    @app.get("/surprise")
    def surprise() -> None:
        raise ValueError(SECRET)

    return app


@pytest.fixture
def visitor(app: Flask) -> Iterator[Visitor]:
    yield Visitor(app)


@pytest.mark.parametrize("status", [*WORDS, 410, 418, 501])
def test_each_error_has_a_page_with_a_way_out_and_repeats_nothing(visitor: Visitor, status: int) -> None:
    response = visitor.get(f"/fail/{status}")
    assert response.status_code == status
    assert visitor.heading
    assert "回到首页" in visitor.words
    assert SECRET not in visitor.page and "！" not in visitor.page
    assert response.headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/nothing", "/report/text", "/static/nothing.css", "/wp-login.php"])
def test_an_address_that_does_not_exist_says_so(visitor: Visitor, path: str) -> None:
    assert visitor.get(path).status_code == 404
    assert visitor.heading == "没有这个页面"


def test_a_method_that_an_address_does_not_take_names_those_that_it_does(visitor: Visitor) -> None:
    response = visitor.client.delete("/report")
    assert response.status_code == 405
    assert "GET" in response.headers["Allow"]


def test_a_fault_is_logged_by_its_kind_and_place_and_without_its_words(
    visitor: Visitor, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    response = visitor.get("/surprise")
    assert response.status_code == 500
    assert visitor.heading == "暂时无法完成"
    captured = capfd.readouterr()
    logged = captured.out + captured.err + caplog.text
    assert "ValueError" in logged and "test_public_errors.py" in logged
    assert SECRET not in logged


def test_under_test_a_fault_is_raised_so_that_the_test_sees_it(app: Flask, visitor: Visitor) -> None:
    app.testing = True
    try:
        with pytest.raises(ValueError, match=SECRET):
            visitor.get("/surprise")
    finally:
        app.testing = False


def test_a_form_whose_browser_keeps_no_cookie_is_told_what_to_do(visitor: Visitor) -> None:
    visitor.begin()
    visitor.client.delete_cookie("form")
    response = visitor.send("level", {"level": "village", "unit": SECRET})
    assert response.status_code == 400
    assert visitor.heading == "页面已经过期"
    assert SECRET not in visitor.page


def test_a_form_of_another_site_is_refused(visitor: Visitor) -> None:
    visitor.fill()
    response = visitor.client.post("/report", data={"page": "check", "csrf_token": "forged"})
    assert response.status_code == 400
    visitor.get("/report")
    assert visitor.heading == "核对您填写的内容"


def test_forms_work_over_https_although_the_pages_send_no_referrer(visitor: Visitor) -> None:
    page = visitor.client.get("/", base_url="https://localhost").get_data(as_text=True)
    visitor.page = page
    token = {"csrf_token": visitor.hidden("csrf_token"), "read": "yes"}
    assert visitor.client.post("/", data=token, base_url="https://localhost").status_code == 303


def test_errors_of_the_api_stay_json(visitor: Visitor) -> None:
    response = visitor.client.get("/api/v1/nothing")
    assert response.status_code == 404 and response.is_json
