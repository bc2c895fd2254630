"""Reviewers see how far the log is signed and cosigned, and that somebody refused to cosign it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page
from werkzeug.serving import make_server

from events.checkpoint import Checkpoint
from events.note import parse
from events.policy import Policy
from events.witness import Answer
from supervision.checkpointing.standing import Standings, Trouble
from supervision.web.oversight.log import WORDS
from supervision.witnessing.home import KnownLog, WitnessHome, write_home
from supervision.witnessing.service import WitnessService
from tests.support.chromium import Pages
from tests.support.cosigning import SignedCounty, trust
from tests.support.log import digest
from tests.support.officers import County, Screen, county


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("oversight-log")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people={"oversight"}) as made:
        yield made


@pytest.fixture
def signed(home: County, tmp_path: Path) -> SignedCounty:
    """Witnesses of its own for each test; the log only grows."""
    made = SignedCounty(home.platform, tmp_path / "city", f"{digest(tmp_path).hex()[:12]}.example/witness")
    home.report()
    return made


def page(home: County) -> Screen:
    screen = home.signed_in("oversight", "oversight")
    screen.open("/oversight/log")
    return screen


def test_nobody_sees_it_who_has_not_signed_in(home: County) -> None:
    client = home.app.test_client()
    for path in ("log", "log/checkpoint", "log/tile/0/000", "log/keys"):
        assert client.get(f"/oversight/{path}").status_code == 303


def test_size_root_and_what_is_not_signed_yet_are_shown(home: County, signed: SignedCounty) -> None:
    size = signed.sign()
    root = home.platform.log.head().root.hex()
    home.report()
    text = page(home).text
    assert f"{size} 条" in text
    assert root in text.replace("<wbr>", "")
    assert f"{home.platform.log.size() - size} 条" in text


def test_the_checkpoint_and_the_keys_can_be_taken_along(home: County, signed: SignedCounty) -> None:
    size = signed.sign()
    signed.cosign()
    screen = page(home)
    answer = screen.client.get("/oversight/log/checkpoint")
    keys = Policy.parse(screen.client.get("/oversight/log/keys").data)
    assert keys.open_checkpoint(answer.data).checkpoint.size == size
    assert "attachment" in answer.headers["Content-Disposition"]
    tile = screen.client.get(f"/oversight/log/tile/0/000.p/{size}" if size < 256 else "/oversight/log/tile/0/000")
    assert tile.headers["Cache-Control"].startswith("private")
    assert Checkpoint.parse(parse(answer.data).text).size == size


def test_it_says_whether_the_quorum_is_reached(home: County, signed: SignedCounty) -> None:
    size = signed.sign()
    text = page(home).text
    assert "未达到" in text
    assert "尚未联署" in text
    signed.cosign()
    text = page(home).text
    assert f"到第 {size} 条" in text
    assert "已联署到最新" in text


def test_a_witness_that_lags_is_said_to(home: County, signed: SignedCounty) -> None:
    signed.sign()
    signed.cosign()
    before = home.platform.log.size()
    home.report()
    after = signed.sign()
    assert f"落后 {after - before} 条" in page(home).text


def test_a_witness_that_has_gone_quiet_is_said_to(home: County, signed: SignedCounty) -> None:
    signed.sign()
    signed.cosign()
    home.clock.advance(minutes=31)
    try:
        assert "已久未联署" in page(home).text
    finally:
        home.clock.advance(minutes=-31)


def test_a_refusal_is_an_alarm_that_does_not_go_away(home: County, signed: SignedCounty) -> None:
    size = signed.sign()
    signed.witness.answers = lambda body: Answer(422, "text/plain", b"")
    signed.cosign()
    text = page(home).text
    assert "拒绝联署" in text
    assert f"第 {size} 条的检查点" in text
    assert str(WORDS[Trouble.INCONSISTENT]) in text
    signed.witness.answers = signed.witness.service.add_checkpoint
    signed.cosign()
    text = page(home).text
    assert "曾拒绝联署" in text
    assert "已联署到最新" in text


@pytest.mark.parametrize("trouble", list(Trouble))
def test_every_trouble_has_words(home: County, signed: SignedCounty, trouble: Trouble) -> None:
    signed.sign()
    standings = Standings(home.platform.working, home.platform.clock)
    standings.note_attempt(signed.witness.service.home.name, None, 0)
    standings.note_attempt(signed.witness.service.home.name, trouble, 7)
    assert str(WORDS[trouble]) in page(home).text


def test_that_the_log_refuses_to_be_signed_is_said_in_its_own_words(home: County, signed: SignedCounty) -> None:
    signed.sign()
    standings = Standings(home.platform.working, home.platform.clock)
    standings.note_signer("拒绝签署检查点：已签署到第 9 条，现有 8 条；请运行 supervision verify 查看")
    try:
        text = page(home).text
    finally:
        standings.note_signer("")
    assert "本机拒绝签署日志" in text
    assert "已签署到第 9 条，现有 8 条" in text


def test_where_nobody_is_asked_to_witness_it_says_that_nothing_can_be_found_out(
    home: County, signed: SignedCounty
) -> None:
    signed.sign()
    trust(home.platform.settings.home, signed.log)
    assert "没有见证人，日志被改写就没有人能发现" in page(home).text


def test_a_witness_on_the_same_machine_is_said_to_prove_nothing(home: County, signed: SignedCounty) -> None:
    signed.sign()
    assert "什么也证明不了" not in page(home).text
    directory, seed = home.platform.settings.home / "witness", digest("witness", "here")
    here = WitnessHome(
        directory=directory,
        name="here.example/witness",
        title="",
        logs=(KnownLog(key=signed.log),),
        signer=signed.witness.service.home.signer,
    )
    write_home(here, seed)
    local = WitnessHome.load(directory)
    WitnessService.found(local)
    known = signed.witness.known
    trust(home.platform.settings.home, signed.log, type(known)(known.name, local.key, ""))
    assert "什么也证明不了" in page(home).text


@pytest.mark.parametrize("phone", [False, True], ids=["desktop", "phone"])
def test_the_page_with_an_alarm_is_accessible(
    home: County, signed: SignedCounty, browser_page: Pages, axe: Callable[[Page], None], phone: bool
) -> None:
    signed.sign()
    signed.witness.answers = lambda body: Answer(422, "text/plain", b"")
    signed.cosign()
    server = make_server("127.0.0.1", 0, home.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        page = browser_page(f"http://127.0.0.1:{server.server_port}", phone=phone)
        cookie = {"name": "oversight-session", "value": home.cookie("oversight"), "domain": "127.0.0.1"}
        page.context.add_cookies([{**cookie, "path": "/oversight"}])
        page.goto("/oversight/log")
        assert page.get_by_role("heading", name="日志与见证").is_visible()
        axe(page)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing is cut off at the right"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
