"""An opening in a real Chromium, by everybody's hands; every page accessible, on a desk and a telephone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from supervision.sealing.receipt import ReceiptCode
from tests.support.chromium import Pages
from tests.support.custodians import Elsewhere
from tests.support.officers import OFFICERS, County, steps_until
from tests.support.seats import Axe, looked_at, served_county, take_seat
from tests.test_console_opening import REPORTER, VERIFIED


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[County, Elsewhere, str]]:
    path = tmp_path_factory.mktemp("opening")
    people = {*OFFICERS, "custodian-1", "custodian-2"}
    with served_county(path, people) as (home, url):
        yield home, Elsewhere(home.platform, path), url


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "telephone"])
def test_an_identity_is_opened_once_by_everybody_s_hands_and_the_reporter_reads_of_it(
    served: tuple[County, Elsewhere, str], browser_page: Pages, axe: Axe, phone: bool, tmp_path: Path
) -> None:
    home, elsewhere, url = served
    code = ReceiptCode.new(home.platform.rng)
    report = home.report(code=code, reporter=REPORTER)
    steps = steps_until("approve_distribution")
    home.walk(report, {**steps, "screen": ("clerk-1", {**steps["screen"][1], **VERIFIED})})

    def seat(officer: str, path: str) -> Page:
        page = browser_page(url, phone=phone)
        take_seat(home, page, officer)
        page.goto(path)
        return page

    def press(page: Page, label: str) -> None:
        page.get_by_role("button", name=label, exact=True).click()

    def bring(page: Page, label: str, make: Callable[[bytes], bytes], link: str) -> None:
        with page.expect_download() as download:
            page.get_by_role("link", name=link).click()
        answer = tmp_path / "answer.json"
        answer.write_bytes(make(Path(download.value.path()).read_bytes()))
        page.get_by_label("答复文件").set_input_files(answer)
        press(page, label)
        assert "已办理" in page.inner_text(".messages")

    inspector = seat("inspector-1", f"/console/reports/{report}")
    inspector.get_by_role("link", name="申请开启身份").click()
    inspector.get_by_label("事由").select_option(label="核实举报情况、补充取证")
    looked_at(inspector, axe)
    press(inspector, "继续")
    looked_at(inspector, axe)
    press(inspector, "确认申请")
    looked_at(inspector, axe)
    address = inspector.url

    deputy = seat("deputy", "/console/openings")
    looked_at(deputy, axe)
    deputy.goto(address)
    looked_at(deputy, axe)
    press(deputy, "批准启封")

    for custodian in ("custodian-1", "custodian-2"):
        page = seat(custodian, "/console/")
        looked_at(page, axe)
        page.goto(address)
        looked_at(page, axe)
        bring(page, "提交份额", lambda request, who=custodian: elsewhere.answer(who, request), "下载启封材料")  # type: ignore[misc]  # bound now
    elsewhere.witness()
    superior = seat("superior", address)
    bring(superior, "提交闸门答复", elsewhere.released, "下载闸门材料")
    looked_at(superior, axe)

    inspector.clock.install()
    inspector.goto(address)
    press(inspector, "查看一次")
    inspector.get_by_text(REPORTER.name).wait_for()
    looked_at(inspector, axe)
    inspector.clock.fast_forward(5 * 60 * 1000 + 1000)
    inspector.wait_for_url(address)
    assert REPORTER.name not in inspector.content()
    assert inspector.get_by_role("button", name="查看一次").count() == 0
    inspector.go_back()
    assert REPORTER.name not in inspector.content()

    reporter = browser_page(url, phone=phone)
    reporter.goto("/status")
    reporter.get_by_label("请输入查询码").fill(code.digits)
    press(reporter, "查询")
    assert "曾被查看" in reporter.inner_text("main")
    looked_at(reporter, axe)
