"""Checking a receipt in a real browser: it computes what Python computes, tells nobody the code, believes nobody."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from events.leaf import leaf_data
from events.merkle import hash_leaf
from events.note import NoteVerifier
from events.witness import Contradiction
from supervision.business_time import SHANGHAI
from supervision.checkpointing.signing import make_signer
from supervision.platform import Platform
from supervision.receipt_leaf import receipt_entry
from supervision.sealing.ceremony import Ceremony
from supervision.sealing.errors import MistypedCode
from supervision.sealing.keys import SigningKey
from supervision.sealing.receipt import ReceiptCode
from supervision.witnessing.founding import DEMONSTRATION, lay_demonstration_witness
from supervision.witnessing.home import AT_ONCE, DAILY, KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService, open_service
from tests.support.chromium import Pages
from tests.support.deployment import environment, make_deployment, open_deployment, seeds
from tests.support.office import submission as report
from tests.support.server import serving
from tests.support.witnessing import LogOf, make_witness, submission, tiles_from

Look = Callable[[Page], None]

expect.set_options(timeout=30_000)  # a slow moment of a shared machine is no finding

ORIGIN = "yunxiu.example/supervision"
CHECK = "/static/js/witness"


def fresh_code() -> ReceiptCode:
    return ReceiptCode.new(secrets.token_bytes)


def today() -> date:
    return datetime.now(SHANGHAI).date()


def receipt_leaf(code: ReceiptCode, origin: str, recorded_at: int) -> bytes:
    """Leaf data of the receipt event, as the log would record it."""
    return leaf_data(origin, receipt_entry(code.derive(origin), origin, recorded_at))


class Visitor:
    """Somebody at the page with a receipt in his hand."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        page.on("request", lambda request: self._hear(request.url))
        page.goto("/witness/receipt")
        self.asked.clear()

    def _hear(self, address: str) -> None:
        if "/static/" not in address:
            self.asked.append(address)

    def fill(self, code: str, day: date | None) -> None:
        self.page.get_by_label("查询码", exact=True).fill(code)
        for label, value in zip("年月日", (day.year, day.month, day.day) if day else ("", "", ""), strict=True):
            self.page.get_by_label(label, exact=True).fill(str(value))

    def check(self, code: str, day: date | None = None) -> str:
        """Type the code and the day; the heading of the answer."""
        self.fill(code, day or today())
        self.page.get_by_role("button", name="核对", exact=True).click()
        return self.answer()

    def answer(self) -> str:
        answer = self.page.locator("[data-answer]:visible:not([data-answer=working]) h2")
        expect(answer).to_be_visible()
        return answer.inner_text()

    def wider(self) -> str:
        self.page.get_by_role("button", name="在前后 31 天里再找一遍").click()
        return self.answer()


FOUND, ABSENT, FAILED = "在日志中，没有被删掉", "没有找到", "没有核对成"


# -- the demonstration: county and witness on one machine -----------------------------------------------------------


@dataclass
class Demonstration:
    """A running platform with its own witness."""

    address: str
    home: Path

    def hand_in(self) -> ReceiptCode:
        """A report through the API; the witness has cosigned and copied it when this returns."""
        port = int(self.address.rpartition(":")[2])
        body = json.dumps({"title": "占用公款", "text": "用公款宴请。", "line": "12388"})
        with closing(HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
            connection.request("POST", "/api/v1/reports", body, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        service = open_service(self.home / DEMONSTRATION)
        (log,) = service.home.logs
        with closing(open_deployment(self.home, f"sqlite:///{self.home / 'log.sqlite'}")) as platform:
            wanted = platform.ledger.head()
        deadline = time.monotonic() + 60
        while service.copy_of(log).size < wanted:
            assert time.monotonic() < deadline, "the copy does not follow"
            time.sleep(0.1)
        return ReceiptCode.parse(answer["code"])


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demonstration]:
    home = tmp_path_factory.mktemp("demonstration") / "home"
    url = f"sqlite:///{home / 'log.sqlite'}"
    with closing(make_deployment(home, url)) as platform:
        lay_demonstration_witness(home, Ceremony(platform.manifest, seeds(platform)), platform.settings.site_name)
    with serving(environment(home, url)) as port:
        yield Demonstration(f"http://127.0.0.1:{port}", home)


@pytest.mark.parametrize("phone", [False, True], ids=["desk", "phone"])
def test_a_reporter_finds_his_receipt_and_the_server_learns_the_day_alone(
    demonstration: Demonstration, browser_page: Pages, axe: Look, phone: bool
) -> None:
    code = demonstration.hand_in()
    visitor = Visitor(browser_page(demonstration.address, phone=phone))
    axe(visitor.page)
    assert visitor.check(code.grouped) == FOUND
    axe(visitor.page)
    found = [address.partition("/witness/log/")[2] for address in visitor.asked]
    assert visitor.page.locator("#code").input_value() == ""
    visitor.page.get_by_role("button", name="再核对一次").click()
    visitor.asked.clear()
    assert visitor.check(fresh_code().digits) == ABSENT
    axe(visitor.page)
    assert [address.partition("/witness/log/")[2] for address in visitor.asked] == found
    everything = " ".join(found) + visitor.page.content() + str(visitor.page.context.storage_state())
    for secret in (code.digits, code.digits[:8], code.grouped, hash_leaf(b"").hex()):
        assert secret not in everything
    assert visitor.page.evaluate("document.documentElement.scrollWidth") <= (390 if phone else 1280)


def test_a_full_width_code_with_dashes_is_read_too(demonstration: Demonstration, browser_page: Pages) -> None:
    code = demonstration.hand_in()
    typed = code.grouped.translate(str.maketrans("0123456789 ", "０１２３４５６７８９－"))
    assert Visitor(browser_page(demonstration.address)).check(typed) == FOUND


def test_mistakes_are_told_at_their_field_and_nothing_is_fetched(
    demonstration: Demonstration, browser_page: Pages, axe: Look
) -> None:
    visitor = Visitor(browser_page(demonstration.address, phone=True))
    digits = fresh_code().digits
    swapped = digits[:4] + str((int(digits[4]) + 1) % 10) + digits[5:]
    tomorrow = today() + timedelta(days=3)
    for typed, day, told in (
        ("1234", today(), "现输入了 4 位"),
        (digits[:-1] + "x", today(), "有其他字符"),
        (swapped, today(), "校验位不符"),
        (digits, None, "请填写完整的日期"),
        (digits, tomorrow, "这一天还没有到"),
    ):
        visitor.fill(typed, day)
        visitor.page.get_by_role("button", name="核对", exact=True).click()
        expect(visitor.page.locator(".error-summary")).to_contain_text(told)
        expect(visitor.page.locator(".field--error .field__error")).to_contain_text(told)
        axe(visitor.page)
    assert visitor.asked == []


def test_a_wrong_day_is_helped_by_looking_further(demonstration: Demonstration, browser_page: Pages) -> None:
    code = demonstration.hand_in()
    visitor = Visitor(browser_page(demonstration.address))
    assert visitor.check(code.digits, today() - timedelta(days=12)) == ABSENT
    assert visitor.wider() == FOUND


def test_a_thirtieth_of_february_is_no_day(demonstration: Demonstration, browser_page: Pages) -> None:
    visitor = Visitor(browser_page(demonstration.address))
    visitor.fill(fresh_code().digits, date(2026, 2, 28))
    visitor.page.get_by_label("日", exact=True).fill("30")
    visitor.page.get_by_role("button", name="核对", exact=True).click()
    expect(visitor.page.locator(".error-summary")).to_contain_text("请填写完整的日期")


def flip(route: Route) -> None:
    """Pass on the answer with one bit of its last byte but one changed."""
    answer = route.fetch()
    body = bytearray(answer.body())
    body[-3] ^= 1
    route.fulfill(response=answer, body=bytes(body))


@pytest.mark.parametrize("what", ["**/tile/0/**", "**/log/*/checkpoint"])
def test_a_tile_or_a_signature_that_was_changed_gives_no_answer(
    demonstration: Demonstration, browser_page: Pages, what: str
) -> None:
    code = demonstration.hand_in()
    visitor = Visitor(browser_page(demonstration.address))
    visitor.page.route(what, flip)
    assert visitor.check(code.digits) == FAILED


def test_no_answer_from_the_server_is_no_answer_to_the_reporter(
    demonstration: Demonstration, browser_page: Pages, axe: Look
) -> None:
    visitor = Visitor(browser_page(demonstration.address))
    visitor.page.route("**/days?*", lambda route: route.abort())
    assert visitor.check(fresh_code().digits) == FAILED
    axe(visitor.page)


def test_without_scripts_the_page_explains_itself(demonstration: Demonstration, browser_page: Pages, axe: Look) -> None:
    page = browser_page(demonstration.address, javascript=False, phone=True)
    page.goto("/witness/receipt")
    expect(page.get_by_text("本页需要脚本")).to_be_visible()
    expect(page.locator("#code")).to_be_hidden()
    axe(page)


@pytest.mark.parametrize(
    "lacking",
    [
        "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });",  # as over plain http
        "SubtleCrypto.prototype.importKey = () => Promise.reject(new Error('NotSupportedError'));",
    ],
    ids=["an insecure address", "no Ed25519"],
)
def test_a_browser_that_cannot_compute_it_says_so(
    demonstration: Demonstration, browser_page: Pages, axe: Look, lacking: str
) -> None:
    page = browser_page(demonstration.address, phone=True)
    page.add_init_script(lacking)
    page.goto("/witness/receipt")
    expect(page.get_by_role("heading", name="这个浏览器不能核对")).to_be_visible()
    expect(page.locator("#code")).to_be_hidden()
    axe(page)


def test_the_record_is_accessible(demonstration: Demonstration, browser_page: Pages, axe: Look) -> None:
    for phone in (False, True):
        page = browser_page(demonstration.address, phone=phone)
        page.goto("/witness/log")
        expect(page.get_by_text("不构成独立见证")).to_be_visible()
        axe(page)
        page.set_viewport_size({"width": 320, "height": 640})
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


# -- script and Python ----------------------------------------------------------------------------------------------


def test_script_and_python_compute_the_same_leaf(demonstration: Demonstration, browser_page: Pages) -> None:
    page = browser_page(demonstration.address)
    page.goto("/witness/receipt")
    hours = [0, 1_767_240_000, 4_102_444_800]
    for origin in (ORIGIN, "log.county.example/长", "x"):
        for _ in range(20):
            code = fresh_code()
            computed = page.evaluate(
                "async ([digits, origin, hours, path]) => (await import(path)).receiptLeaves(digits, origin, hours)",
                [code.digits, origin, hours, f"{CHECK}/code.js"],
            )
            assert computed == [hash_leaf(receipt_leaf(code, origin, hour)).hex() for hour in hours]


def test_script_and_python_read_the_same_codes(demonstration: Demonstration, browser_page: Pages) -> None:
    page = browser_page(demonstration.address)
    page.goto("/witness/receipt")
    code = fresh_code()
    typed = [code.digits, code.grouped, code.grouped.replace(" ", "－"), f"\u3000{code.digits}\n", ""]
    typed += [code.digits[:-1], code.digits + "0", "１" * 32, code.digits.replace("1", "l"), "٣" * 32, "½" * 32]
    typed += [f"{number:030d}{check:02d}" for number in (0, 97, 10**30 - 1) for check in range(0, 100)]

    def by_python(text: str) -> str:
        try:
            return ReceiptCode.parse(text).digits
        except MistypedCode:
            return "mistyped"

    by_script = page.evaluate(
        "async ([texts, path]) => { const { parseCode } = await import(path);"
        " return texts.map((text) => { try { return parseCode(text); } catch { return 'mistyped'; } }); }",
        [typed, f"{CHECK}/code.js"],
    )
    assert by_script == [by_python(text) for text in typed]


# -- a witness of its own -------------------------------------------------------------------------------------------


@contextmanager
def witness_of(platform: Platform, directory: Path) -> Iterator[WitnessService]:
    """A witness on a machine of its own that knows this county's log."""
    seed = secrets.token_bytes(32)
    log = KnownLog(key=NoteVerifier(platform.manifest.origin, platform.manifest.log), title="云岫县监督举报平台")
    home = WitnessHome(
        directory=directory,
        name="city.example/witness",
        title="市纪委监委见证站",
        complaints="市纪委监委信访室，电话 0000-12388",
        publish=AT_ONCE,
        logs=(log,),
        signer=SigningKey(seed),
    )
    write_home(home, seed)
    yield WitnessService.found(home)


def test_a_report_that_was_removed_is_missed_and_one_that_was_witnessed_cannot_be_removed(
    tmp_path: Path, browser_page: Pages, axe: Look
) -> None:
    """The county rewrites its log, tree and all, and signs it with the genuine key."""
    code = fresh_code()
    with closing(make_deployment(tmp_path / "county", f"sqlite:///{tmp_path / 'county' / 'log.sqlite'}")) as platform:
        moment = datetime.now(SHANGHAI)
        for one in (fresh_code(), code, fresh_code()):
            platform.public_door.admit(report(occurred_at=moment), one)
        origin, key = platform.manifest.origin, SigningKey(platform.log_secrets.log_seed)
        entries = [one.entry for one in platform.log.scan(platform.log.size())]
        leaves = [leaf_data(origin, entry) for entry in entries]
        at = [entry.stream_id for entry in entries].index(code.derive(origin).stream_id)
        honest = LogOf(leaves, origin, key)
        assert honest.checkpoint() == make_signer(platform).sign_head()
        rewritten = LogOf([*leaves[:at], *leaves[at + 2 :], *leaves[:4]], origin, key)
        with witness_of(platform, tmp_path / "early") as early, witness_of(platform, tmp_path / "late") as late:
            assert early.add_checkpoint(submission(honest, 0, honest.size)).status == 200
            early.mirror(early.home.logs[0], tiles_from(honest))
            assert early.add_checkpoint(submission(rewritten, honest.size, rewritten.size)).status == 422
            assert early.add_checkpoint(submission(rewritten, honest.size, honest.size)).status == 422
            assert {one.evidence.kind for one in early.state.evidence(origin)} == set(Contradiction)
            assert late.add_checkpoint(submission(rewritten, 0, rewritten.size)).status == 200
            late.mirror(late.home.logs[0], tiles_from(rewritten))
    for home, expected in ((tmp_path / "early", FOUND), (tmp_path / "late", ABSENT)):
        with serving({"SUPERVISION_HOME": str(home), "SUPERVISION_SITE": "witness"}, workers=1) as port:
            visitor = Visitor(browser_page(f"http://127.0.0.1:{port}", phone=True))
            assert visitor.check(code.digits) == expected
            axe(visitor.page)
            if expected == ABSENT:
                expect(visitor.page.get_by_text("电话 0000-12388")).to_be_visible()


def test_among_many_thousands_of_leaves(tmp_path: Path, browser_page: Pages) -> None:
    from tests.support.log import ORIGIN as TESTS
    from tests.support.published import leaf

    code = fresh_code()
    now = int(datetime.now(UTC).timestamp())
    leaves = [leaf(index) for index in range(70_000)]
    leaves[41_234] = receipt_leaf(code, TESTS, now - now % 3600)
    log = LogOf(leaves)
    witness = make_witness(tmp_path / "witness", lambda: now)
    assert witness.add_checkpoint(submission(log, 0, log.size)).status == 200
    witness.mirror(witness.home.logs[0], tiles_from(log))
    with serving({"SUPERVISION_HOME": str(tmp_path / "witness"), "SUPERVISION_SITE": "witness"}) as port:
        visitor = Visitor(browser_page(f"http://127.0.0.1:{port}"))
        assert visitor.check(code.digits) == FOUND
        assert len([url for url in visitor.asked if "/tile/0/" in url]) == 274
        visitor.page.get_by_role("button", name="再核对一次").click()
        assert visitor.check(fresh_code().digits) == ABSENT


def test_where_the_tree_is_shown_daily_the_reporter_of_today_is_told_to_come_tomorrow(
    tmp_path: Path, browser_page: Pages
) -> None:
    log = LogOf([bytes([1]) * 33])
    witness = make_witness(tmp_path / "witness", lambda: time.time() - 2 * 86400, publish=DAILY)
    witness.add_checkpoint(submission(log, 0, 1))
    witness.mirror(witness.home.logs[0], tiles_from(log))
    with serving({"SUPERVISION_HOME": str(tmp_path / "witness"), "SUPERVISION_SITE": "witness"}, workers=1) as port:
        visitor = Visitor(browser_page(f"http://127.0.0.1:{port}"))
        assert visitor.check(fresh_code().digits) == ABSENT
        expect(visitor.page.get_by_text("请明天再来核对")).to_be_visible()
