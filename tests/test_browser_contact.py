"""A contact in a real Chromium, by the clerk, two relay officers and the reporter, on a desk and a telephone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from supervision.domain.contact_scripts import QUESTION
from supervision.sealing.receipt import ReceiptCode
from tests.support.chromium import Pages
from tests.support.contacts import key_file
from tests.support.officers import OFFICERS, County, steps_until
from tests.support.seats import Axe, looked_at, served_county, take_seat
from tests.test_contact_console import REPORTER, VERIFIED


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[County, str]]:
    with served_county(tmp_path_factory.mktemp("contact"), {*OFFICERS, "relay-1", "relay-2"}) as served:
        yield served


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "telephone"])
def test_a_reporter_is_called_by_two_relay_officers_and_reads_of_it(
    served: tuple[County, str], browser_page: Pages, axe: Axe, phone: bool, tmp_path: Path
) -> None:
    home, url = served
    code = ReceiptCode.new(home.platform.rng)
    report = home.report(code=code, reporter=REPORTER)
    steps = steps_until("confirm_screening")
    home.walk(report, {**steps, "screen": ("clerk-1", {**steps["screen"][1], **VERIFIED})})

    def seat(officer: str, path: str) -> Page:
        page = browser_page(url, phone=phone)
        take_seat(home, page, officer)
        page.goto(path)
        return page

    def press(page: Page, label: str) -> None:
        page.get_by_role("button", name=label, exact=True).click()

    def bring_key(page: Page, relay: str) -> None:
        file = tmp_path / f"{relay}.key"
        file.write_bytes(key_file(home.platform, f"relay/{relay}"))
        page.get_by_label("您的私钥文件").set_input_files(file)

    clerk = seat("clerk-1", f"/console/reports/{report}")
    looked_at(clerk, axe)
    clerk.get_by_role("link", name="申请由联络员联系").click()
    looked_at(clerk, axe)
    clerk.get_by_label("事由").select_option(label="受理告知")
    press(clerk, "提交申请")
    looked_at(clerk, axe)
    address = clerk.url

    first = seat("relay-1", "/console/")
    looked_at(first, axe)
    first.goto(address)
    looked_at(first, axe)
    bring_key(first, "relay-1")
    press(first, "提供份额")
    assert "已办理" in first.inner_text(".messages")
    looked_at(first, axe)

    second = seat("relay-2", "/console/")
    second.goto(address)
    looked_at(second, axe)
    bring_key(second, "relay-2")
    second.clock.install()
    press(second, "查看一次")
    second.get_by_text(REPORTER.phone).wait_for()
    assert QUESTION in second.inner_text("main")
    looked_at(second, axe)
    second.clock.fast_forward(10 * 60 * 1000 + 1000)
    second.wait_for_url(address)
    assert REPORTER.phone not in second.content()
    second.go_back()
    assert REPORTER.phone not in second.content()
    second.goto(address)
    looked_at(second, axe)
    second.get_by_label("已联系到本人").check()
    second.get_by_label("电话", exact=True).check()
    press(second, "登记结果")
    assert "已联系到本人" in second.inner_text("main")
    looked_at(second, axe)

    reporter = browser_page(url, phone=phone)
    reporter.goto("/status")
    reporter.get_by_label("请输入查询码").fill(code.digits)
    press(reporter, "查询")
    assert "用过您留下的联系方式" in reporter.inner_text("main")
    looked_at(reporter, axe)
