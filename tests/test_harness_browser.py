"""The harness itself: the real browser, its pages and the accessibility check."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Error, Page

from tests.support.chromium import Pages

GOOD = """<!doctype html><html lang="zh-CN"><title>举报</title>
<main><h1>反映问题</h1>
<form><label>姓名 <input name="name"></label> <button>下一步</button></form></main></html>"""

# An image without a text, a field without a label, grey on white, two targets too small and too near,
# no language.
BAD = """<!doctype html><html><title>x</title><main><h1>x</h1><img src="data:,"><input>
<p style="color:#bbb;background:#fff">看不清</p>
<button style="width:10px;height:10px;padding:0">a</button>
<button style="width:10px;height:10px;padding:0">b</button>
</main></html>"""
BROKEN_RULES = ("image-alt", "label", "color-contrast", "target-size", "html-has-lang")

PAGES = {"/good": GOOD, "/bad": BAD, "/inline": f"{GOOD}<script>document.title = 'inline'</script>"}


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """A little site whose pages have the policy of ours: nothing but what comes from itself."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
            self.send_header("Content-Security-Policy", policy)
            self.end_headers()
            self.wfile.write(PAGES.get(self.path, "").encode())

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_chinese_is_drawn_and_not_boxes(browser_page: Pages) -> None:
    """A font that lacks a character draws the same box for each, as it does for one that does not exist."""
    page = browser_page()

    def drawn(character: str) -> bytes:
        page.set_content(f'<p style="font: 40px sans-serif; width: 60px">{character}</p>')
        return page.locator("p").screenshot()

    box = drawn("\U000effff")
    assert drawn("督") == drawn("督")
    assert len({drawn("督"), drawn("检"), drawn("察"), box}) == 4


@pytest.mark.parametrize(("phone", "width"), [(True, 390), (False, 1280)])
def test_a_page_is_as_wide_as_its_device(browser_page: Pages, site: str, phone: bool, width: int) -> None:
    page = browser_page(site, phone=phone)
    page.goto("/good")
    assert page.viewport_size is not None
    assert page.viewport_size["width"] == width


@pytest.mark.parametrize("javascript", [True, False])
def test_scripts_of_a_page_run_only_where_they_are_switched_on(browser_page: Pages, javascript: bool) -> None:
    page = browser_page(javascript=javascript)
    page.goto("data:text/html,<title>off</title><script>document.title = 'on'</script>")
    assert page.title() == ("on" if javascript else "off")


@pytest.mark.parametrize("javascript", [True, False])
def test_axe_accepts_a_good_page_under_a_strict_policy(
    browser_page: Pages, axe: Callable[[Page], None], site: str, javascript: bool
) -> None:
    page = browser_page(site, javascript=javascript)
    page.goto("/good")
    axe(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_axe_names_each_rule_that_a_bad_page_breaks(
    browser_page: Pages, axe: Callable[[Page], None], site: str, javascript: bool
) -> None:
    page = browser_page(site, javascript=javascript)
    page.goto("/bad")
    with pytest.raises(AssertionError) as found:
        axe(page)
    assert [rule for rule in BROKEN_RULES if f"- {rule}:" not in str(found.value)] == []


def test_a_page_that_breaks_its_own_policy_is_noticed(browser_page: Pages, site: str) -> None:
    page = browser_page(site)
    page.goto("/inline")
    assert page.title() == "举报"
    assert any("Content Security Policy" in complaint for complaint in browser_page.complaints)
    browser_page.complaints.clear()


def test_an_uncaught_script_error_is_noticed(browser_page: Pages) -> None:
    page = browser_page()
    with page.expect_event("pageerror"):
        page.goto("data:text/html,<script>throw new Error('boiled over')</script>")
    assert any("boiled over" in complaint for complaint in browser_page.complaints)
    browser_page.complaints.clear()


def test_nothing_beyond_this_machine_can_be_reached(browser_page: Pages) -> None:
    with pytest.raises(Error, match="ERR_NAME_NOT_RESOLVED"):
        browser_page().goto("http://example.test/")
