"""When a session ends, seen from two browsers; and what an officer sees of his own account."""

from __future__ import annotations

import re
import sqlite3
from base64 import b32decode
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from supervision.casework.account_changes import Proposal, change_roles, propose, reinvite
from supervision.casework.departure import depart
from supervision.casework.sessions import LONGEST, SLOTS
from supervision.casework.sign_in import factor_of
from supervision.domain.codes import Role
from supervision.domain.staffing import AccountChange
from supervision.sealing.second_factor import STEP_SECONDS, SecondFactor
from tests.support.officers import PASSPHRASE, County, Screen, county

NEW = "mailang-chaxiang-yuhuo"


@pytest.fixture
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("sessions")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people={"clerk-1", "head"}) as made:
        yield made


def lives(screen: Screen) -> bool:
    """Whether the browser's session still opens a page."""
    return screen.client.get(f"/{screen.site}/keep-alive").status_code == 204


def two_browsers(home: County) -> tuple[Screen, Screen]:
    return home.freshly_signed_in("clerk-1"), home.freshly_signed_in("clerk-1")


def token(screen: Screen) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', screen.text)
    assert found is not None
    return found[1]


# -- the ends of a session ----------------------------------------------------------------------------------------


def test_signing_out_ends_this_one_and_not_the_other(home: County) -> None:
    first, second = two_browsers(home)
    kept = first.client.get_cookie("console-session", path="/console")
    assert kept is not None
    first.open("/console/account")
    first.send("/console/sign-out")
    first.client.set_cookie("console-session", kept.value, path="/console")
    assert (lives(first), lives(second)) == (False, True)


def test_each_ends_when_it_is_idle_itself(home: County) -> None:
    first, second = two_browsers(home)
    home.clock.advance(minutes=home.platform.settings.session_idle_minutes - 1)
    assert lives(second)
    home.clock.advance(minutes=2)
    assert (lives(first), lives(second)) == (False, True)


def test_none_lasts_longer_than_a_day_of_work_however_busy(home: County) -> None:
    screen = home.freshly_signed_in("clerk-1")
    for _ in range(int(LONGEST.total_seconds()) // 1200 - 1):
        home.clock.advance(minutes=20)
        assert lives(screen)
    home.clock.advance(minutes=21)
    assert not lives(screen)


def _role(home: County) -> None:
    desk = home.platform.desk
    wanted = Proposal(change=AccountChange.ROLES, office="petition", roles=(Role.PETITION_HEAD,))
    propose(desk, home.session("admin"), "clerk-1", wanted)
    change_roles(desk, home.session("security"), "clerk-1", {})


def _departure(home: County) -> None:
    depart(home.platform.desk, home.platform.working, home.session("admin"), "clerk-1")


def _recovery(home: County) -> None:
    desk = home.platform.desk
    propose(desk, home.session("admin"), "clerk-1", Proposal(change=AccountChange.RECOVERY))
    reinvite(desk, home.platform.working, home.session("security"), "clerk-1")


@pytest.mark.parametrize("happens", [_role, _departure, _recovery])
def test_all_end_with_a_change_of_duties_with_departure_and_with_a_new_code(
    home: County, happens: Callable[[County], None]
) -> None:
    first, second = two_browsers(home)
    assert lives(first)
    happens(home)
    assert (lives(first), lives(second)) == (False, False)
    first.open("/console/account")
    assert first.path == "/console/sign-in"
    assert "登录已结束" in first.text


def test_what_is_only_proposed_ends_nothing(home: County) -> None:
    first, second = two_browsers(home)
    propose(home.platform.desk, home.session("admin"), "clerk-1", Proposal(change=AccountChange.RECOVERY))
    assert (lives(first), lives(second)) == (True, True)


def test_a_changed_passphrase_ends_all_but_the_browser_where_it_was_changed(home: County) -> None:
    first, second = two_browsers(home)
    first.open("/console/account")
    first.send("/console/account/passphrase", old=PASSPHRASE, passphrase=NEW, again=NEW)
    assert "口令已更换" in first.text
    assert first.path == "/console/account"
    assert (lives(first), lives(second)) == (True, False)
    for passphrase, path in ((PASSPHRASE, "/console/sign-in"), (NEW, "/console/")):
        screen = Screen(home.app.test_client())
        screen.open("/console/sign-in")
        screen.send("/console/sign-in", account="clerk-1", passphrase=passphrase)
        assert screen.path == path


@pytest.mark.parametrize(
    ("given", "field", "says"),
    [
        ({"old": "not-the-passphrase"}, "old", "原口令不正确"),
        ({"again": "something-else-entirely"}, "again", "不一致"),
        ({"passphrase": "short", "again": "short"}, "passphrase", "至少 12 个字符"),
    ],
)
def test_what_is_wrong_with_a_new_passphrase_is_told_at_its_field(
    home: County, given: dict[str, str], field: str, says: str
) -> None:
    screen = home.freshly_signed_in("clerk-1")
    screen.open("/console/account")
    fields = {"old": PASSPHRASE, "passphrase": NEW, "again": NEW} | given
    screen.send("/console/account/passphrase", 422, **fields)
    assert f'href="#{field}"' in screen.text
    assert says in screen.text
    assert not any(value in screen.text for value in fields.values())
    assert lives(screen)


# -- who sees what of them ----------------------------------------------------------------------------------------


def test_an_officer_sees_when_his_sessions_began_and_ends_the_others(home: County) -> None:
    first = home.freshly_signed_in("clerk-1")
    home.clock.advance(minutes=7)
    second = home.freshly_signed_in("clerk-1")
    colleague = home.freshly_signed_in("head")
    page = second.open("/console/account")
    assert page.count("09:30") + page.count("09:37") >= 2
    assert (page.count("本次登录"), page.count("其他登录")) == (1, 2)  # one in the table, one on the button
    second.send("/console/account/end-others")
    assert "已结束其他 1 处登录" in second.text
    assert (lives(first), lives(second), lives(colleague)) == (False, True, True)


def test_nothing_is_kept_of_where_somebody_signed_in(home: County) -> None:
    client = home.app.test_client()
    screen = Screen(client)
    headers = {"User-Agent": "Sentinel-Browser/77", "X-Forwarded-For": "203.0.113.77"}
    screen.seen = client.get("/console/sign-in", headers=headers)
    client.post(
        "/console/sign-in",
        data={"account": "clerk-1", "passphrase": PASSPHRASE, "csrf_token": token(screen)},
        headers=headers,
        environ_overrides={"REMOTE_ADDR": "203.0.113.78"},
    )
    assert lives(screen)
    assert "Sentinel" not in screen.open("/console/account")
    for path in home.platform.settings.home.parent.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert not any(sign in data for sign in (b"Sentinel", b"203.0.113", b"Mozilla", b"Werkzeug")), path.name


def test_the_store_does_not_tell_whose_a_session_is(home: County) -> None:
    home.freshly_signed_in("clerk-1")
    with closing(sqlite3.connect(home.platform.settings.home / "working.sqlite")) as store:
        rows = store.execute("SELECT id, value FROM kept WHERE kind IN ('session', 'slot')").fetchall()
    assert len(rows) >= 4  # of clerk-1 and of the administrators, a session and a slot each
    assert len({len(value) for _, value in rows}) == 1
    assert not any(b"clerk" in id_ + value for id_, value in rows)


def test_one_session_too_many_ends_the_oldest(home: County) -> None:
    screens = []
    for _ in range(SLOTS + 1):
        screens.append(home.freshly_signed_in("clerk-1"))
        home.clock.advance(minutes=1)
    assert [lives(screen) for screen in screens] == [False] + [True] * SLOTS


@pytest.mark.parametrize("path", ["/console/account", "/console/account/second-factor", "/console/set-up"])
def test_the_pages_of_an_account_are_closed_to_others(home: County, path: str) -> None:
    answer = home.app.test_client().get(path)
    assert answer.status_code == 303
    assert answer.location.startswith("/console/sign-in")


# -- the second factor, page by page --------------------------------------------------------------------------------


def shown_code(home: County, screen: Screen, number: int, late: int = 0) -> str:
    """What an authenticator shows that was given the key on the page; it is the one of the account."""
    session = home.session("clerk-1") if not home.unlocked else home.unlocked["clerk-1"]
    home.unlocked["clerk-1"] = session
    factor = factor_of(home.platform.desk, home.platform.desk.account("clerk-1"), session.kem, number)
    if screen.path.endswith(("second-factor", "set-up")):
        assert factor.text in screen.text
        assert "<svg" in screen.text
    return factor.code(int(home.clock().timestamp()) // STEP_SECONDS + late)


def test_an_officer_sets_up_an_authenticator_and_needs_it_from_then_on(home: County) -> None:
    first, second = two_browsers(home)
    first.open("/console/account/second-factor")
    code = shown_code(home, first, 1)
    assert first.seen is not None
    assert first.seen.headers["Cache-Control"] == "no-store"
    first.send("/console/account/second-factor", 422, code="000000")
    assert 'href="#code"' in first.text
    first.send("/console/account/second-factor", code=code)
    assert "动态验证码已启用" in first.text
    assert (lives(first), lives(second)) == (True, False)
    third = Screen(home.app.test_client())
    third.open("/console/sign-in")
    third.send("/console/sign-in", account="clerk-1", passphrase=PASSPHRASE)
    assert "账号或口令不正确，或动态验证码不对" in third.text
    third.send("/console/sign-in", account="clerk-1", passphrase=PASSPHRASE, code=shown_code(home, third, 1, late=1))
    assert third.path == "/console/"


def test_where_it_is_required_the_first_sign_in_leads_to_setting_it_up(home: County) -> None:
    object.__setattr__(home.platform.settings, "second_factor", "required")
    screen = Screen(home.app.test_client())
    screen.open("/console/sign-in")
    screen.send("/console/sign-in", account="clerk-1", passphrase=PASSPHRASE)
    assert screen.path == "/console/set-up"
    assert not lives(screen)
    for closed in ("/console/", "/console/account", "/console/account/second-factor"):
        assert screen.client.get(closed).status_code == 303
    key = re.search(r'second-factor__key">([A-Z2-7 ]+)<', screen.text)
    assert key is not None
    factor = SecondFactor(b32decode(key[1].replace(" ", "")))
    screen.send("/console/set-up", code=factor.code(int(home.clock().timestamp()) // STEP_SECONDS))
    assert screen.path == "/console/"
    assert lives(screen)
