"""The working sites in a real Chromium: every page accessible in both widths, a report's way walked by hand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

import pytest
from playwright.sync_api import Page

from supervision.casework import sealed
from supervision.casework.enrolment import Appointment, appoint
from supervision.domain.codes import Role
from supervision.intake.submission import ReportedPerson, ReporterDetails
from tests.support.chromium import Pages
from tests.support.officers import OFFICERS, PASSPHRASE, County, steps_until
from tests.support.seats import Axe, looked_at, served_county, take_seat

LEADER = ReportedPerson(name="郗明礼", unit="云岫县人民政府", post="副县长", rank="副县处级")
TITLE = "占用公款宴请"


@dataclass(frozen=True)
class Served:
    """The county behind an address, with a report in each state that has a page of its own."""

    home: County
    url: str
    registered: UUID
    screened: UUID
    transferred: UUID
    handled: UUID
    sealed: UUID


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("browser")
    people = {*OFFICERS, "custodian-1"}
    with served_county(path, people) as (home, url):
        yield _with_reports(home, url)


def _with_reports(home: County, url: str) -> Served:
    reports = [home.report(title, reporter=ReporterDetails(name="季小满", phone="12000000001")) for title in "甲乙丙丁"]
    for report, last in zip(reports, ("register", "screen", "transfer", "approve_distribution"), strict=True):
        home.walk(report, steps_until(last))
    went_up = home.report("反映副县长", respondents=(LEADER,))
    sealed.register(home.platform.desk, home.session("head"), went_up)
    sealed.report_to_superior(home.platform.desk, home.session("head"), went_up, "site")
    home.settle()
    return Served(home, url, *reports, went_up)


def sign_in(page: Page, officer: str, site: str = "console") -> None:
    """Through the page, with the passphrase."""
    page.goto(f"/{site}/sign-in")
    fill(page, {"账号": officer, "口令": PASSPHRASE})
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "sign-in" not in url)


def signed_in(served: Served, page: Page, officer: str, site: str = "console") -> None:
    """At the first page of a site."""
    take_seat(served.home, page, officer, site)
    page.goto(f"/{site}/")


def fill(page: Page, texts: Mapping[str, str]) -> None:
    """Label of a field to what is typed into it."""
    for label, text in texts.items():
        page.get_by_role("textbox", name=label, exact=True).fill(text)


# -- every page, in both widths ----------------------------------------------------------------------------------


@pytest.fixture(params=[False, True], ids=["desk", "telephone"])
def phone(request: pytest.FixtureRequest) -> bool:
    wide: bool = request.param
    return wide


def test_the_door_is_accessible(served: Served, browser_page: Pages, axe: Axe, phone: bool) -> None:
    page = browser_page(served.url, phone=phone)
    for path in ("/console/sign-in?ended=1", "/console/enrol", "/oversight/sign-in", "/witness/sign-in"):
        page.goto(path)
        looked_at(page, axe)
    page.goto("/console/enrol")
    fill(page, {"再次输入口令": "different"})
    page.keyboard.press("Enter")
    assert "不一致" in page.inner_text(".error-summary")
    looked_at(page, axe)


def test_the_pages_of_the_clerk_are_accessible(served: Served, browser_page: Pages, axe: Axe, phone: bool) -> None:
    page = browser_page(served.url, phone=phone)
    signed_in(served, page, "clerk-1")
    for path in (
        "/console/",
        "/console/?scope=mine&state=objection",
        "/console/?scope=offices",
        f"/console/reports/{served.registered}",
        f"/console/reports/{served.screened}",
        "/console/reports/00000000-0000-4000-8000-000000000001",
        "/console/reports/new",
        "/console/sealed",
        "/console/office-keys",
    ):
        page.goto(path)
        looked_at(page, axe)
    page.goto("/console/")
    page.get_by_label("登记编号、公开编号或单位").fill("云岫县")
    page.keyboard.press("Enter")
    page.wait_for_url("**/console/search")
    looked_at(page, axe)


@pytest.mark.parametrize("officer", ["head", "clue", "inspector-1", "admin", "custodian-1"])
def test_the_first_page_and_the_case_page_of_others_are_accessible(
    served: Served, browser_page: Pages, axe: Axe, phone: bool, officer: str
) -> None:
    page = browser_page(served.url, phone=phone)
    signed_in(served, page, officer)
    looked_at(page, axe)
    reports = {"head": served.screened, "clue": served.transferred, "inspector-1": served.handled}
    page.goto(f"/console/reports/{reports.get(officer, served.handled)}")
    looked_at(page, axe)


def test_the_pages_of_oversight_and_of_the_superior_are_accessible(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    pages = {
        "oversight": ("oversight", ("/", "/accesses", "/overdue", f"/reports/{served.handled}", "/?office=clue")),
        "superior": ("witness", ("/", "/?state=destroyed", f"/reports/{served.sealed}")),
    }
    for officer, (site, paths) in pages.items():
        page = browser_page(served.url, phone=phone)
        signed_in(served, page, officer, site)
        for path in paths:
            page.goto(f"/{site}{path}")
            looked_at(page, axe)


def test_what_goes_wrong_is_told_accessibly(served: Served, browser_page: Pages, axe: Axe, phone: bool) -> None:
    report = served.home.report("戊")
    served.home.carry_out("clerk-1", "register", report)
    first, second = (browser_page(served.url, phone=phone) for _ in range(2))
    for page, officer in ((first, "clerk-1"), (second, "clerk-2")):
        signed_in(served, page, officer)
        page.goto(f"/console/reports/{report}")
    screening = first.locator("form[action*='/screen']")
    screening.get_by_label("办理意见").select_option("")
    screening.get_by_role("button", name="甄别").click()
    assert "办理意见" in first.inner_text(".error-summary")
    looked_at(first, axe)
    screening.get_by_label("办理意见").select_option("accept")
    screening.get_by_role("button", name="甄别").click()
    first.wait_for_url(lambda url: str(report) not in url)  # on to the next of the queue
    screening = second.locator("form[action*='/screen']")
    screening.get_by_label("甄别说明").fill("我的意见不同")
    screening.get_by_role("button", name="甄别").click()
    assert "有变化" in second.inner_text(".conflict")
    assert second.locator("form[action*='/screen']").get_by_label("甄别说明").input_value() == "我的意见不同"
    looked_at(second, axe)


def test_words_that_wait_for_a_second_officer_are_listed_accessibly(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    served.home.carry_out("clerk-1", "draft_message", served.registered, text="请补充时间和地点。")
    served.home.settle()
    page = browser_page(served.url, phone=phone)
    signed_in(served, page, "clerk-2")
    page.goto("/console/drafts")
    assert "甲" in page.inner_text("main")
    looked_at(page, axe)


# -- the way of a report -------------------------------------------------------------------------------------------


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def javascript(request: pytest.FixtureRequest) -> bool:
    on: bool = request.param
    return on


def test_a_new_officer_enrols_and_is_given_the_key_of_his_office(
    served: Served, browser_page: Pages, axe: Axe, javascript: bool
) -> None:
    officer = f"new-{'with' if javascript else 'without'}"
    admin = browser_page(served.url, javascript=javascript)
    signed_in(served, admin, "admin")
    fill(admin, {"姓名": "新来", "账号": officer})
    admin.get_by_role("combobox", name="单位").select_option("petition")
    admin.get_by_role("combobox", name="岗位", exact=True).select_option("intake_clerk")
    admin.get_by_role("button", name="任命", exact=True).click()
    looked_at(admin, axe)
    code = admin.inner_text(".notice .mono")

    security = browser_page(served.url, javascript=javascript)
    signed_in(served, security, "security")
    security.goto("/console/officers")
    security.get_by_role("row", name="待确认").filter(has_text=officer).get_by_role("link").click()
    looked_at(security, axe)
    security.get_by_role("button", name="确认", exact=True).click()
    assert "已确认并生效" in security.inner_text(".messages")

    page = browser_page(served.url, javascript=javascript)
    page.goto("/console/enrol")
    fill(page, {"账号": officer, "一次性启用码": code, "设置口令": PASSPHRASE, "再次输入口令": PASSPHRASE})
    page.keyboard.press("Enter")
    assert "账号已启用" in page.inner_text(".messages")
    sign_in(page, officer)
    page.goto(f"/console/reports/{served.registered}")
    assert "没有本件的密钥" in page.inner_text("main")

    head = browser_page(served.url, javascript=javascript)
    signed_in(served, head, "head")
    head.goto("/console/office-keys")
    looked_at(head, axe)
    head.get_by_role("row", name=officer).get_by_role("button", name="授予密钥").click()
    assert "密钥已授予" in head.inner_text(".messages")
    sign_in(page, officer)  # the new key ends the session that does not have it
    page.goto(f"/console/reports/{served.registered}")
    assert "城南酒楼" in page.inner_text("main")


def test_a_call_is_taken_down_and_its_code_read_out(
    served: Served, browser_page: Pages, axe: Axe, javascript: bool
) -> None:
    page = browser_page(served.url, javascript=javascript)
    signed_in(served, page, "operator")
    page.get_by_label("职务").first.fill("局长")
    page.get_by_label("标题").fill("电话反映的问题")
    page.get_by_label("主要问题").fill("来电人反映……")
    page.get_by_label("联系电话").fill("12000000003")
    page.get_by_role("button", name="登记", exact=True).click()
    looked_at(page, axe)
    assert len("".join(page.locator(".code span").all_inner_texts())) == 32
    page.get_by_role("button", name="已告知，登记下一件").click()
    assert page.get_by_label("联系电话").input_value() == ""


def test_the_whole_way_is_walked_by_hand(served: Served, browser_page: Pages, axe: Axe, javascript: bool) -> None:
    home = served.home
    report = home.report("由门到档")
    opened: dict[str, Page] = {}

    def at(officer: str) -> Page:
        if officer not in opened:
            opened[officer] = browser_page(served.url, javascript=javascript)
            signed_in(served, opened[officer], officer)
        opened[officer].goto(f"/console/reports/{report}?stay=1")
        return opened[officer]

    def press(page: Page, name: str, label: str, **choices: str) -> None:
        form = page.locator(f"form[action*='/{name}']")
        if not form.get_by_role("button", name=label, exact=True).is_visible():
            page.locator("details", has=form).locator("summary").click()
        for field, value in choices.items():
            control = form.locator(f"[name={field}]")
            kind = control.first.evaluate("e => e.tagName + '/' + e.type")
            if kind.startswith("SELECT"):
                control.select_option(value)
            elif kind.endswith(("checkbox", "radio")):
                chosen = form.locator(f"[name={field}][value={value}]").get_attribute("id")
                form.locator(f"label[for={chosen}]").click()
            else:
                control.fill(value)
        form.get_by_role("button", name=label, exact=True).click()
        assert f"已完成：{label}" in page.inner_text(".messages")

    press(at("clerk-1"), "register", "登记编号")
    press(at("clerk-1"), "screen", "甄别")
    press(at("head"), "confirm_screening", "同意甄别意见")
    press(at("head"), "transfer", "移送承办部门", department="dept-1")
    press(at("clue"), "record_clue", "线索入库")
    press(at("clue"), "propose_distribution", "提出分办意见", handlers="inspector-1")
    press(at("principal"), "approve_distribution", "批准分办")
    press(at("inspector-1"), "propose_disposition", "提出处置意见", disposition="held", minutes="第9号", note="暂存")
    press(at("deputy"), "approve_disposition", "批准处置意见")
    press(at("inspector-1"), "conclude", "登记办结", result="proved", note="属实")
    press(at("inspector-1"), "feed_back", "登记反馈", second_officer="inspector-2", mode="status_page")
    press(at("clerk-1"), "archive", "归档", retention="ten_years")
    looked_at(opened["clerk-1"], axe)
    for told in ("决定受理", "线索入库", "办结", "反馈处理结果", "归档"):
        assert told in opened["clerk-1"].inner_text(".timeline")

    reviewer = browser_page(served.url, javascript=javascript)
    signed_in(served, reviewer, "oversight", "oversight")
    reviewer.get_by_label("登记编号或公开编号").fill(home.platform.desk.report(report).number)
    reviewer.keyboard.press("Enter")
    assert "反馈处理结果" in reviewer.inner_text("main")
    assert "由门到档" not in reviewer.inner_text("main")


def test_the_next_step_is_reached_and_given_by_the_keyboard_alone(served: Served, browser_page: Pages) -> None:
    report = served.home.report("只用键盘")
    page = browser_page(served.url)
    signed_in(served, page, "clerk-1")
    page.goto(f"/console/reports/{report}?stay=1")
    button = page.locator("form[action*='/register']").get_by_role("button", name="登记编号")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector(".messages")
    assert "已完成：登记编号" in page.inner_text(".messages")


def test_the_end_of_a_session_is_announced_and_put_off(served: Served, browser_page: Pages, axe: Axe) -> None:
    page = browser_page(served.url)
    page.clock.install()
    signed_in(served, page, "clerk-1")
    page.wait_for_load_state("networkidle")  # the script that watches the time is there
    idle = served.home.platform.settings.session_idle_minutes * 60
    page.clock.fast_forward((idle - 60) * 1000)
    page.locator("[data-idle]").wait_for(state="visible")
    looked_at(page, axe)
    page.get_by_role("button", name="继续工作").click()
    page.locator("[data-idle]").wait_for(state="hidden")


def test_a_one_time_code_is_only_for_its_account(served: Served, browser_page: Pages) -> None:
    home = served.home
    admin = home.session("admin")
    who = Appointment(officer="rightful", name="本人", office="petition", roles=(Role.INTAKE_CLERK,))
    code = appoint(home.platform.desk, home.platform.working, admin.signer, home.platform.desk.stamp(admin), who)
    page = browser_page(served.url)
    page.goto("/console/enrol")
    fill(page, {"账号": "clerk-1", "一次性启用码": code, "设置口令": PASSPHRASE, "再次输入口令": PASSPHRASE})
    page.keyboard.press("Enter")
    assert "启用码不正确" in page.inner_text(".error-summary")
