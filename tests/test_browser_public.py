"""The public site in a real browser and a real server: with and without scripts, on a telephone and on a desk."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from events.vocabulary.correspondence import SupplementReceived
from events.vocabulary.intake import ReportReceived, SealedReportReceived
from supervision.platform import Platform
from tests.support.chromium import Pages
from tests.support.deployment import environment, make_deployment, open_deployment
from tests.support.server import serving
from tests.support.traces import traces

SECRET = "全村报了十一户危房其中四户是他的本家"
NAME = "佟有田住三组老槐树下"
SITE_NAME = "云岫县监督举报平台"
SMALL = "max_file_bytes = 300_000\nmax_files = 3\n"

Look = Callable[[Page], None]

expect.set_options(timeout=30_000)  # a slow moment of a shared machine is no finding


class Site:
    """A running public site whose uploads are small, so that their bounds can be reached."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.url = f"sqlite:///{home / 'log.sqlite'}"
        make_deployment(home, self.url, site="public")
        settings = home / "settings.toml"
        settings.write_text(SMALL + settings.read_text("utf-8"), "utf-8")
        self.temporary = home.parent / "temporary"
        self.temporary.mkdir()
        self.address = ""

    def platform(self) -> Platform:
        """The deployment as another process sees it."""
        return open_deployment(self.home, self.url, site="public")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("public") / "home")
    with serving({**environment(site.home, site.url, "public"), "TMPDIR": str(site.temporary)}) as port:
        site.address = f"http://127.0.0.1:{port}"
        yield site


@pytest.fixture
def evidence(tmp_path: Path) -> list[Path]:
    """Two small files to attach."""
    (tmp_path / "名单.txt").write_text(SECRET, "utf-8")
    (tmp_path / "账目.csv").write_text("户,元\n甲,26000\n", "utf-8")
    return [tmp_path / "名单.txt", tmp_path / "账目.csv"]


class Reporter:
    """Somebody at a browser. ``look``: is given every page on the way."""

    def __init__(self, page: Page, look: Look) -> None:
        self.page = page
        self.look = look
        page.set_default_timeout(30_000)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).last.click()

    def choose(self, label: str) -> None:
        # The card's label lies over the control, as it does for a finger.
        self.page.get_by_label(label, exact=True).check(force=True)

    def at(self, heading: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(heading)
        assert self.page.title() == SITE_NAME
        self.look(self.page)

    def begin(self) -> None:
        self.page.goto("/")
        self.at("反映问题")
        self.press("开始填写")
        self.at("反映问题")
        self.choose("我已阅读上面的内容")
        self.press("开始填写")

    def fill(self, level: str, unit: str, files: list[Path], *, named: bool) -> None:
        """From the first question to the summary, with a mistake on the way."""
        self.at("您要反映的人是什么职务")
        self.press("继续")
        self.at("您要反映的人是什么职务")
        expect(self.page.locator(".error-summary")).to_be_visible()
        self.choose(level)
        self.page.get_by_label("他所在的单位").fill(unit)
        self.press("继续")
        self.at("您要反映的是谁")
        self.page.get_by_label("姓名").fill("仇广田")
        self.press("再添加一个人")
        self.at("您要反映的是谁")
        self.press("移除第 2 个人")
        self.press("继续")
        self.at("属于哪一类问题")
        self.page.locator("summary", has_text="违反群众纪律行为").click()
        self.choose("侵害群众利益")
        self.look(self.page)
        self.press("继续")
        self.at("发生了什么")
        self.page.get_by_label("发生了什么").fill(SECRET)
        self.press("继续")
        self.at("有证据材料吗")
        self.page.locator("input[type=file]").set_input_files(files)
        self.look(self.page)
        self.press("添加所选文件")
        expect(self.page.get_by_text(f"已添加 {len(files)} 个文件")).to_be_visible()
        self.look(self.page)
        self.press("继续")
        self.at("您是否署名")
        self.choose("署名" if named else "不署名")
        self.press("继续")
        if named:
            self.at("您的姓名和联系方式")
            self.page.get_by_label("姓名或者单位名称").fill(NAME)
            self.page.get_by_label("联系电话").fill("12000000021")
            self.press("继续")
        self.at("核对您填写的内容")

    def hand_in(self) -> str:
        """Press 提交; gives the code as the receipt shows it."""
        self.press("提交")
        self.at("已提交")
        return re.sub(r"\D", "", self.page.locator("#receipt-code").inner_text())

    def clear(self) -> None:
        self.press("我已抄好，清除本机痕迹")
        self.at("这里没有留下内容")

    def look_up(self, code: str) -> None:
        self.page.goto("/status")
        self.at("请输入查询码")
        self.page.get_by_label("请输入查询码").fill(code)
        self.press("查询")


def narrow(page: Page) -> None:
    """Nothing sticks out to the side, not even on the narrowest screen and at 400 % zoom."""
    before = page.viewport_size
    assert before
    page.set_viewport_size({"width": 320, "height": 640})
    width = page.evaluate("document.documentElement.scrollWidth")
    page.set_viewport_size(before)
    assert width <= 320, f"{page.get_by_role('heading', level=1).inner_text()}: {width} px"


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_whole_way_with_scripts_and_every_page_is_accessible(
    site: Site, browser_page: Pages, axe: Look, evidence: list[Path], phone: bool
) -> None:
    def look(page: Page) -> None:
        axe(page)
        narrow(page)

    page = browser_page(site.address, phone=phone)
    reporter = Reporter(page, look)
    reporter.begin()
    reporter.fill("村（社区）干部", "青禾乡柳湾村", evidence, named=True)
    code = reporter.hand_in()
    reporter.clear()
    assert page.context.cookies() == []
    page.go_back()
    assert code[:4] not in page.locator("main").inner_text()
    reporter.look_up("1234")
    reporter.at("请输入查询码")
    reporter.look_up(code)
    reporter.at("办理进度")
    expect(page.get_by_text("已收到", exact=False).first).to_be_visible()
    page.get_by_label("补充说明").fill("又想起一件事")
    page.locator("input[type=file]").set_input_files(evidence[:1])
    reporter.press("提交补充")
    expect(page.get_by_text("您已补充 1 次")).to_be_visible()
    page.locator("summary", has_text="不再需要知道处理结果").click()
    reporter.press("不再需要反馈")
    expect(page.get_by_text("您表示过不需要知道处理结果")).to_be_visible()
    reporter.at("办理进度")
    reporter.press("退出并清除本机痕迹")
    reporter.at("这里没有留下内容")
    assert page.context.cookies() == []
    page.goto("/nothing")
    reporter.at("没有这个页面")
    events = [recorded.event for recorded in site.platform().ledger.stored(1, 1000)]
    last = [event for event in events if isinstance(event, ReportReceived)][-1]
    assert (last.named, last.attachments) == ("named", 2)
    assert [event.attachments for event in events if isinstance(event, SupplementReceived)][-1] == 1


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_the_whole_way_without_scripts(site: Site, browser_page: Pages, evidence: list[Path], phone: bool) -> None:
    page = browser_page(site.address, javascript=False, phone=phone)
    reporter = Reporter(page, lambda page: None)
    reporter.begin()
    reporter.fill("村（社区）干部", "青禾乡柳湾村", evidence, named=False)
    code = reporter.hand_in()
    assert len(code) == 32
    page.goto("/receipt")
    assert re.sub(r"\D", "", page.locator("#receipt-code").inner_text()) == code
    reporter.clear()
    page.go_back()
    assert code[:4] not in page.locator("main").inner_text()
    reporter.look_up(code)
    reporter.at("办理进度")
    page.get_by_label("补充说明").fill("没有脚本也能补充")
    reporter.press("提交补充")
    expect(page.get_by_text("您已补充 1 次")).to_be_visible()


def test_a_report_on_the_principal_says_where_it_goes_and_the_county_cannot_read_it(
    site: Site, browser_page: Pages, axe: Look, evidence: list[Path]
) -> None:
    page = browser_page(site.address, phone=True)
    reporter = Reporter(page, axe)
    reporter.begin()
    reporter.fill("本机关的主要负责人", "县纪委监委", evidence, named=True)
    expect(page.get_by_text("提交后直接加密送交市纪委监委信访室")).to_be_visible()
    code = reporter.hand_in()
    reporter.look_up(code)
    reporter.at("办理进度")
    expect(page.get_by_text("只显示“已收到”")).to_be_visible()
    platform = site.platform()
    event = platform.ledger.stored(platform.ledger.head(), 1)[0].event
    assert isinstance(event, SealedReportReceived)
    county = {holder.kem.key_id for holder in platform.manifest.offices}
    assert not county & {wrap.key for key in event.sealing.keys for wrap in key.wraps}


def test_a_double_click_on_the_button_is_one_report(site: Site, browser_page: Pages, evidence: list[Path]) -> None:
    page = browser_page(site.address)
    reporter = Reporter(page, lambda page: None)
    reporter.begin()
    reporter.fill("其他人员", "", evidence, named=False)
    before = site.platform().ledger.head()
    page.get_by_role("button", name="提交", exact=True).dblclick()
    reporter.at("已提交")
    assert len(re.sub(r"\D", "", page.locator("#receipt-code").inner_text())) == 32
    assert site.platform().ledger.head() == before + 2


def test_scripts_only_help_counting_listing_copying(site: Site, browser_page: Pages, evidence: list[Path]) -> None:
    page = browser_page(site.address, permissions=["clipboard-read", "clipboard-write"])
    reporter = Reporter(page, lambda page: None)
    reporter.begin()
    reporter.fill("不清楚", "", evidence, named=False)
    page.locator("button[name=goto][value=text]").click()
    expect(page.get_by_text(f"还可输入 {10_000 - len(SECRET)} 字")).to_be_visible()
    page.get_by_label("发生了什么").fill("一\n二")
    expect(page.get_by_text(f"还可输入 {10_000 - 3} 字")).to_be_visible()
    reporter.press("继续")
    code = reporter.hand_in()
    reporter.press("复制查询码")
    expect(page.get_by_role("button", name="已复制")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert re.fullmatch(r"(\d{4} ){7}\d{4}", copied) and re.sub(r"\D", "", copied) == code


def test_files_beyond_the_bounds_are_refused_in_words_and_the_rest_stays(
    site: Site, browser_page: Pages, tmp_path: Path
) -> None:
    (tmp_path / "大.mp4").write_bytes(b"\0" * 400_000)
    (tmp_path / "太大.mp4").write_bytes(b"\0" * 20_000_000)
    (tmp_path / "好.txt").write_text("账", "utf-8")
    page = browser_page(site.address, phone=True)
    reporter = Reporter(page, lambda page: None)
    reporter.begin()
    reporter.choose("不清楚")
    for heading in ("您要反映的是谁", "属于哪一类问题", "发生了什么"):
        reporter.press("继续")
        reporter.at(heading)
    page.get_by_label("发生了什么").fill(SECRET)
    reporter.press("继续")
    page.locator("input[type=file]").set_input_files([tmp_path / "大.mp4", tmp_path / "好.txt"])
    reporter.press("继续")
    expect(page.get_by_text("“大.mp4”超过").first).to_be_visible()
    expect(page.get_by_text("已添加 1 个文件")).to_be_visible()
    page.locator("input[type=file]").set_input_files(tmp_path / "太大.mp4")
    reporter.press("继续")
    reporter.at("提交的内容过大")
    page.goto("/report")
    expect(page.get_by_text("好.txt").first).to_be_visible()


def test_the_browsers_own_back_button_loses_nothing(site: Site, browser_page: Pages) -> None:
    page = browser_page(site.address)
    reporter = Reporter(page, lambda page: None)
    reporter.begin()
    reporter.choose("不清楚")
    reporter.press("继续")
    reporter.at("您要反映的是谁")
    page.get_by_label("姓名").fill("仇广田")
    reporter.press("继续")
    reporter.at("属于哪一类问题")
    page.go_back()
    reporter.look(page)
    page.goto("/report")
    reporter.at("属于哪一类问题")
    reporter.press("上一步")
    expect(page.get_by_label("姓名")).to_have_value("仇广田")


def test_a_shared_browser_shows_nothing_after_giving_up(site: Site, browser_page: Pages) -> None:
    page = browser_page(site.address)
    reporter = Reporter(page, lambda page: None)
    reporter.begin()
    page.get_by_label("他所在的单位").fill(SECRET)
    reporter.choose("不清楚")
    reporter.press("继续")
    page.locator("summary", has_text="不想填了").click()
    reporter.press("放弃填写并清除")
    reporter.at("这里没有留下内容")
    assert page.context.cookies() == []
    page.goto("/report")
    reporter.at("反映问题")
    assert SECRET not in page.content()


def test_nothing_of_all_this_is_in_any_file_or_log_of_the_server(
    site: Site, browser_page: Pages, evidence: list[Path]
) -> None:
    page = browser_page(site.address)
    reporter = Reporter(page, lambda page: None)
    reporter.begin()
    reporter.fill("村（社区）干部", SECRET, evidence, named=True)
    code = reporter.hand_in()
    reporter.look_up(code)
    reporter.at("办理进度")
    agent = page.evaluate("navigator.userAgent")
    assert (site.home / "server.log").exists()
    assert traces([site.home, site.temporary], SECRET, NAME, code, agent) == []
    log = (site.home / "server.log").read_text("utf-8")
    assert "/report" not in log and "POST" not in log
