"""The pages of the de-identified version and of the blind index in a real Chromium, in both widths."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from uuid import UUID

import pytest

from supervision.intake.submission import Attachment
from tests.support.chromium import Pages
from tests.support.officers import County, steps_until
from tests.support.seats import Axe, looked_at, served_county, take_seat

TELLING = (
    "我叫季小满，是城南小学的出纳，家住永安小区3栋201室，电话12000000001。\n"
    "九月十日我亲手把八万元交给厉文舟，当时只有我和他在场。钱从工会账户支出，凭单编号0910。"
)
PLAIN = "九月十日，厉文舟在办公室收下八万元。钱从某单位工会账户支出，凭单编号0910。"
PEOPLE = {"clerk-1", "clerk-2", "head", "clue", "inspector-1", "inspector-2", "principal"}


@dataclass(frozen=True)
class Served:
    """The county behind an address, with a report that tells who wrote it, an earlier one, and one with handlers."""

    home: County
    url: str
    telling: UUID
    earlier: UUID
    handled: UUID


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = tmp_path_factory.mktemp("browser")
    with served_county(path, PEOPLE) as (home, url):
        yield _with_reports(home, url)


def _with_reports(home: County, url: str) -> Served:
    def slip(name: str) -> Attachment:
        data = "八万元".encode()
        return Attachment(name=name, media_type="text/plain", size=len(data), open=lambda: closing(io.BytesIO(data)))

    earlier = home.report("工会经费去向不明")
    home.walk(earlier, steps_until("register"))
    telling = home.report("收受八万元", TELLING, attachments=(slip("支出凭单.txt"), slip("合影说明.txt")))
    home.walk(telling, steps_until("confirm_screening"))
    handled = home.report("收受八万元（二）", TELLING)
    home.walk(handled, steps_until("confirm_screening"))
    home.carry_out("clerk-1", "deidentify", handled, title="收受八万元", text=PLAIN)
    steps = steps_until("approve_distribution")
    home.walk(handled, {name: steps[name] for name in list(steps)[list(steps).index("transfer") :]})
    return Served(home, url, telling, earlier, handled)


@pytest.fixture(params=[False, True], ids=["desk", "telephone"])
def phone(request: pytest.FixtureRequest) -> bool:
    narrow: bool = request.param
    return narrow


def test_the_clerk_sees_what_may_tell_who_wrote_and_writes_what_does_not(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    page = browser_page(served.url, phone=phone, javascript=not phone)
    take_seat(served.home, page, "clerk-1")
    page.goto(f"/console/reports/{served.telling}")
    page.get_by_role("link", name="去标识版").click()
    marked = page.locator("mark").all_inner_texts()
    assert any("12000000001" in text and "电话号码" in text for text in marked)
    looked_at(page, axe)
    page.get_by_label("举报内容（去标识版）").fill("")
    page.get_by_role("button", name="封存去标识版").click()
    assert "举报内容" in page.inner_text(".error-summary")
    looked_at(page, axe)
    page.get_by_label("举报内容（去标识版）").fill(PLAIN)
    page.get_by_label("支出凭单.txt").check()
    page.get_by_role("button", name="封存去标识版").click()
    assert "已封存" in page.inner_text(".messages")
    page.get_by_text("承办部门看到的去标识版").click()
    assert PLAIN in page.inner_text("main")
    looked_at(page, axe)


def test_a_handler_reads_the_version_and_the_original_when_two_have_agreed(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    officer = "inspector-2" if phone else "inspector-1"
    handler = browser_page(served.url, phone=phone)
    take_seat(served.home, handler, officer)
    handler.goto(f"/console/reports/{served.handled}")
    text = handler.inner_text("main")
    assert PLAIN in text and "季小满" not in handler.content()
    looked_at(handler, axe)
    handler.locator("summary", has_text="申请看原文").click()
    form = handler.locator("form[action*='/request_original']")
    form.get_by_label("须与证据材料逐项核对").check()
    form.get_by_label("具体理由").fill("须与凭单逐笔核对。")
    form.get_by_role("button", name="申请看原文").click()
    handler.wait_for_load_state()

    head = browser_page(served.url, phone=phone)
    take_seat(served.home, head, "head")
    head.goto("/console/originals")
    looked_at(head, axe)
    head.get_by_role("link", name="收受八万元").click()
    head.locator("summary", has_text="同意看原文").first.click()
    assert "须与凭单逐笔核对。" in head.locator("form[action*='/grant_original']").inner_text()
    looked_at(head, axe)
    head.locator("form[action*='/grant_original']").get_by_role("button", name="同意看原文", exact=True).click()
    head.wait_for_load_state()

    handler.goto(f"/console/reports/{served.handled}")
    handler.get_by_role("button", name="打开原文").click()
    handler.wait_for_url("**/original")
    assert "季小满" in handler.inner_text("main")
    looked_at(handler, axe)
    handler.goto(handler.url)
    assert "季小满" not in handler.content()


def test_earlier_reports_are_found_with_what_came_of_them(
    served: Served, browser_page: Pages, axe: Axe, phone: bool
) -> None:
    page = browser_page(served.url, phone=phone, javascript=not phone)
    take_seat(served.home, page, "clerk-2")
    for report in (served.earlier, served.telling):
        page.goto(f"/console/reports/{report}")
    page.get_by_role("button", name="查询以往反映").click()
    text = page.inner_text("main")
    assert "姓名、单位相同" in text and "尚无结果" in text
    looked_at(page, axe)
    page.goto(page.url)
    page.wait_for_url(f"**/reports/{served.telling}")


def test_the_head_looks_after_the_index(served: Served, browser_page: Pages, axe: Axe, phone: bool) -> None:
    page = browser_page(served.url, phone=phone, javascript=not phone)
    take_seat(served.home, page, "head")
    page.goto("/console/index")
    page.get_by_text("更换索引密钥").click()
    looked_at(page, axe)
    page.get_by_role("button", name="销毁标记并更换密钥").click()
    assert "已清空" in page.inner_text(".messages")
    page.get_by_role("button", name="补编").click()
    assert "已补编" in page.inner_text(".messages")
    looked_at(page, axe)
