"""The pages of the by-pass in a real Chromium, in both widths: the question, the county's list, the superior's word."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest
from playwright.sync_api import Page, expect

from supervision.casework import sealed
from supervision.domain.sealed_report import SealedState
from supervision.intake.submission import ReportedPerson
from supervision.sealed_archive.archive import acknowledge
from supervision.sealed_archive.package import Package
from supervision.sealing.keys import SigningKey
from tests.support.chromium import Pages
from tests.support.custodians import Elsewhere
from tests.support.deployment import seeds
from tests.support.officers import County
from tests.support.seats import Axe, looked_at, served_county, take_seat

LEADER = ReportedPerson(name="郗明礼", unit="云岫县人民政府", post="副县长", rank="副县处级")
PEOPLE = {"clerk-1", "head", "superior"}


@dataclass(frozen=True)
class Served:
    home: County
    url: str
    elsewhere: Elsewhere


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("browser")
    with served_county(path, PEOPLE) as (home, url):
        (path / "elsewhere").mkdir()
        yield Served(home, url, Elsewhere(home.platform, path / "elsewhere"))


@pytest.fixture(params=[False, True], ids=["desk", "telephone"])
def phone(request: pytest.FixtureRequest) -> bool:
    narrow: bool = request.param
    return narrow


def pictured(page: Page, name: str, phone: bool) -> None:
    """For whoever wants to see the pages: a picture, where PICTURES names a directory."""
    if directory := os.environ.get("PICTURES"):
        page.screenshot(path=Path(directory) / f"{name}-{'phone' if phone else 'desk'}.png", full_page=True)


def went(served: Served, mode: str) -> UUID:
    report = served.home.report("反映副县长郗明礼", "插手土地出让。", respondents=(LEADER,))
    desk, head = served.home.platform.desk, served.home.session("head")
    sealed.register(desk, head, report)
    sealed.report_to_superior(desk, head, report, mode)
    served.home.settle()
    return report


def test_who_reports_somebody_of_this_office_is_asked_what_he_does(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    page = browser_page(served.url, phone=phone, javascript=not phone)
    page.goto("/")
    page.get_by_label("我已阅读上面的内容").check()
    page.locator("main form button").first.click()
    page.get_by_label("本机关的工作人员").check()
    page.get_by_role("button", name="继续").click()
    page.get_by_label("姓名").fill("王科长")
    page.get_by_role("button", name="继续").click()
    expect(page.locator("h1")).to_have_text("他在本机关做什么工作？")
    looked_at(page, axe)
    pictured(page, "staff", phone)
    page.get_by_role("button", name="继续").click()
    expect(page.get_by_text("不知道的，请选“不清楚”").first).to_be_visible()
    looked_at(page, axe)
    page.get_by_label("监督检查、查办案件").check()
    page.get_by_role("button", name="继续").click()
    expect(page.locator("h1")).not_to_have_text("他在本机关做什么工作？")


def test_the_package_is_fetched_and_the_superiors_word_handed_in(
    served: Served, browser_page: Pages, axe: Axe, phone: bool, tmp_path: Path
) -> None:
    report = went(served, "file")
    served.elsewhere.witness()
    page = browser_page(served.url, phone=phone, javascript=not phone)
    take_seat(served.home, page, "clerk-1")
    page.goto("/console/sealed?state=reported")
    row = page.locator(f"tr:has(a[href*='{report}'])")
    with page.expect_download() as fetched:
        row.get_by_role("link", name="取密件").click()
    package = tmp_path / "package.zip"
    fetched.value.save_as(package)
    word = acknowledge(
        Package(package),
        SigningKey(seeds(served.home.platform)["superior/witness"]),
        "2026-11-23T11:00:00+08:00",
        principal_may_know=False,
    )
    (tmp_path / "ack.json").write_bytes(word.encode())
    row.get_by_text("登记上级签收").click()
    looked_at(page, axe)
    pictured(page, "sealed", phone)
    row.get_by_label("上级带回的签收文件").set_input_files(tmp_path / "ack.json")
    row.get_by_role("button", name="登记", exact=True).click()
    expect(page.get_by_text("已办理。")).to_be_visible()
    assert served.home.platform.desk.sealed_report(report).state is SealedState.ACKNOWLEDGED


def test_the_superior_says_whether_the_principal_may_know(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    report = went(served, "site")
    page = browser_page(served.url, phone=phone, javascript=not phone)
    take_seat(served.home, page, "superior", "witness")
    page.goto(f"/witness/reports/{report}")
    looked_at(page, axe)
    pictured(page, "witness", phone)
    page.get_by_label("同意县级").check()
    page.get_by_role("button", name="签收").click()
    expect(page.get_by_text("已签收。")).to_be_visible()
    assert served.home.platform.desk.sealed_report(report).principal_cleared
