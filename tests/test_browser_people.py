"""Accounts in a real Chromium: an authenticator set up by scanning or typing, recovery by two and two, a departure."""

from __future__ import annotations

import threading
from base64 import b32decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from supervision.casework.actions import carry_out
from supervision.casework.catalogue import BY_NAME
from supervision.sealing.second_factor import STEP_SECONDS, SecondFactor
from tests.support.chromium import Pages
from tests.support.officers import PASSPHRASE, County, county, steps_until

Axe = Callable[[Page], None]

NEW = "mailang-chaxiang-yuhuo"
PEOPLE = {"clerk-1", "clerk-2", "head", "clue", "inspector-1", "inspector-2", "principal", "operator"}


@dataclass(frozen=True)
class Served:
    """The county behind an address. ``handled``: two reports that inspector-1 handles, the second alone."""

    home: County
    url: str
    handled: tuple[UUID, UUID]

    def code(self, page: Page, late: int = 0) -> str:
        """What an authenticator shows that was given the key of the page."""
        key = page.inner_text(".second-factor__key").replace(" ", "")
        return SecondFactor(b32decode(key)).code(int(self.home.clock().timestamp()) // STEP_SECONDS + late)


@pytest.fixture
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("people")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people=PEOPLE) as home:
        server = make_server("127.0.0.1", 0, home.app, threaded=True)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield Served(home, f"http://127.0.0.1:{server.server_port}", (_handled(home, "2"), _handled(home)))
        finally:
            server.shutdown()
            thread.join()


def _handled(home: County, *others: str) -> UUID:
    report = home.report()
    home.walk(report, steps_until("record_clue"))
    handlers = ["inspector-1", *(f"inspector-{one}" for one in others)]
    home.carry_out("clue", "propose_distribution", report, handlers=handlers)
    home.carry_out("principal", "approve_distribution", report)
    return report


@pytest.fixture(params=[False, True], ids=["desk", "telephone"])
def phone(request: pytest.FixtureRequest) -> bool:
    wide: bool = request.param
    return wide


def fill(page: Page, texts: Mapping[str, str]) -> None:
    """Label of a field to what is typed into it."""
    for label, text in texts.items():
        page.get_by_role("textbox", name=label).fill(text)


def sign_in(page: Page, officer: str, passphrase: str = PASSPHRASE, code: str = "") -> None:
    page.goto("/console/sign-in")
    fill(page, {"账号": officer, "口令": passphrase, "动态验证码": code})
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


def signed_in(served: Served, page: Page, officer: str) -> Page:
    """With a session that the officer has already: passphrases are slow on purpose."""
    value = served.home.cookie(officer)
    cookie = {"name": "console-session", "value": value, "domain": "127.0.0.1", "path": "/console"}
    page.context.add_cookies([cookie])  # type: ignore[list-item]  # a TypedDict of the same keys
    page.set_default_timeout(15_000)
    return page


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def told(page: Page) -> str:
    return page.inner_text(".messages")


def looked_at(page: Page, axe: Axe) -> None:
    """Accessible, and nothing to the right of the screen."""
    axe(page)
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0, f"{page.url} is {wider} px too wide"


def test_an_officer_sets_up_his_authenticator_and_signs_in_with_it(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    page = signed_in(served, browser_page(served.url, phone=phone), "clerk-1")
    page.goto("/console/account")
    looked_at(page, axe)
    page.get_by_role("link", name="设置动态验证码").click()
    looked_at(page, axe)
    box = page.locator(".second-factor__qr svg").bounding_box()
    assert box is not None
    assert box["width"] == box["height"] > 150  # a telephone's camera can read it
    code, later = served.code(page), served.code(page, late=1)
    fill(page, {"二、填写": "000000"})
    press(page, "启用")
    assert "不正确" in page.inner_text(".error-summary")
    looked_at(page, axe)
    fill(page, {"二、填写": code})
    press(page, "启用")
    assert "动态验证码已启用" in told(page)
    looked_at(page, axe)
    page.goto("/console/account/second-factor")
    assert page.get_by_role("textbox", name="现用验证器的验证码").is_visible()
    looked_at(page, axe)
    page.goto("/console/sign-in")
    looked_at(page, axe)
    sign_in(page, "clerk-1", code=later)
    assert page.url.endswith("/console/")


def test_where_it_is_required_it_is_set_up_at_the_first_sign_in(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    object.__setattr__(served.home.platform.settings, "second_factor", "required")
    page = browser_page(served.url, phone=phone)
    sign_in(page, "clerk-1")
    assert page.url.endswith("/console/set-up")
    looked_at(page, axe)
    fill(page, {"二、填写": served.code(page)})
    press(page, "启用")
    assert page.url.endswith("/console/")


def test_a_passphrase_is_changed(served: Served, browser_page: Pages, axe: Axe) -> None:
    page = signed_in(served, browser_page(served.url), "clerk-1")
    page.goto("/console/account")
    fill(page, {"原口令": "wrong-wrong-wrong", "再次输入新口令": NEW})
    page.locator("#passphrase").fill(NEW)
    press(page, "更换口令")
    looked_at(page, axe)
    page.locator("#old").fill(PASSPHRASE)
    page.locator("#passphrase").fill(NEW)
    page.locator("#again").fill(NEW)
    press(page, "更换口令")
    assert "口令已更换" in told(page)
    sign_in(page, "clerk-1", NEW)


def test_a_lost_passphrase_takes_two_administrators_and_two_holders(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    admin = signed_in(served, browser_page(served.url, phone=phone), "admin")
    admin.goto("/console/officers/clerk-1")
    admin.get_by_text("口令遗失", exact=True).click()
    looked_at(admin, axe)
    press(admin, "提出重发启用码")
    assert "等待另一名管理员确认" in told(admin)
    looked_at(admin, axe)
    assert admin.get_by_role("button", name="确认", exact=True).count() == 0

    security = signed_in(served, browser_page(served.url, phone=phone), "security")
    security.goto("/console/officers")
    looked_at(security, axe)
    security.get_by_role("table", name="等待另一人确认").get_by_role("link").click()
    looked_at(security, axe)
    press(security, "确认")
    code = security.inner_text(".notice .mono")
    looked_at(security, axe)

    clerk = browser_page(served.url, phone=phone)
    clerk.goto("/console/enrol")
    fill(clerk, {"账号": "clerk-1", "一次性启用码": code, "设置口令": NEW, "再次输入口令": NEW})
    clerk.keyboard.press("Enter")
    assert "账号已启用" in told(clerk)

    for officer, button, says in (("head", "提出", "另一名密钥持有人"), ("clerk-2", "授予密钥", "密钥已授予")):
        holder = signed_in(served, browser_page(served.url, phone=phone), officer)
        holder.goto("/console/office-keys")
        looked_at(holder, axe)
        press(holder, button)
        assert says in told(holder)
        looked_at(holder, axe)
    sign_in(clerk, "clerk-1", NEW)
    assert set(served.home.platform.desk.account("clerk-1").grants) == {"petition"}


def test_who_leaves_hands_over_in_the_same_form(served: Served, browser_page: Pages, axe: Axe, phone: bool) -> None:
    admin = signed_in(served, browser_page(served.url, phone=phone), "admin")
    admin.goto("/console/officers/inspector-1")
    admin.locator("summary").filter(has_text="停用账号").click()
    looked_at(admin, axe)
    chooser = admin.get_by_role("combobox", name="云线").filter(has_text="计衡")
    assert chooser.count() == 1  # the other clue is hers already
    chooser.select_option("inspector-2")
    press(admin, "停用账号")
    assert "在办事项已移交" in told(admin)
    looked_at(admin, axe)
    for report in served.handled:
        clue = served.home.platform.desk.clue_of(served.home.platform.desk.report(report))
        assert clue is not None
        assert clue.handlers == ("inspector-2",)


def test_other_duties_are_proposed_by_one_and_confirmed_or_sent_back_by_the_other(
    served: Served, browser_page: Pages, axe: Axe
) -> None:
    security = signed_in(served, browser_page(served.url), "security")
    admin = signed_in(served, browser_page(served.url), "admin")
    for answer, says in (("退回", "已退回"), ("确认", "已确认并生效")):
        security.goto("/console/officers/inspector-1")
        security.locator("summary").filter(has_text="调整岗位").click()
        security.get_by_role("combobox", name="单位").select_option("petition")
        security.get_by_role("combobox", name="岗位", exact=True).select_option("intake_clerk")
        press(security, "提出")
        looked_at(security, axe)
        admin.goto("/console/officers/inspector-1")
        looked_at(admin, axe)
        press(admin, answer)
        assert says in told(admin)
    assert served.home.platform.desk.account("inspector-1").office == "petition"


def test_an_excluded_handler_is_replaced_on_the_page_of_the_report(
    served: Served, browser_page: Pages, axe: Axe
) -> None:
    report = served.handled[1]
    home = served.home
    exclusion = {"officer": "inspector-1", "reason": "interest"}
    home.settle(carry_out(BY_NAME["exclude"], home.platform.desk, home.session("head"), report, exclusion))
    page = signed_in(served, browser_page(served.url), "clue")
    page.goto("/console/")
    assert page.locator(f'a[href*="{report}"]').count() == 1
    page.goto(f"/console/reports/{report}")
    page.locator("summary").filter(has_text="更换承办人").click()
    looked_at(page, axe)
    page.get_by_role("checkbox", name="计衡").check()
    page.get_by_role("radio", name="承办人回避").check()
    press(page, "更换承办人")
    clue = served.home.platform.desk.clue_of(served.home.platform.desk.report(report))
    assert clue is not None
    assert clue.handlers == ("inspector-2",)
