"""The door of the working sites: enrolment, sign-in, sessions, and who is let in where."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from supervision.casework.account_changes import change_roles
from supervision.casework.enrolment import Appointment, appoint
from supervision.domain.codes import Role
from supervision.web.console.site import SITE
from tests.support.officers import PASSPHRASE, County, Screen, county

PEOPLE = {"clerk-1", "head", "oversight", "superior", "custodian-1"}
CLOSED = (
    "/console/",
    "/console/reports/new",
    "/console/sealed",
    "/console/officers",
    "/console/office-keys",
    "/console/reports/00000000-0000-4000-8000-000000000001",
    "/oversight/",
    "/oversight/accesses",
    "/oversight/overdue",
    "/witness/",
    "/witness/reports/00000000-0000-4000-8000-000000000001",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[County]:
    path = tmp_path_factory.mktemp("door")
    with county(path / "home", f"sqlite:///{path / 'log.sqlite'}", people=PEOPLE) as made:
        yield made


def appointed(home: County, officer: str, name: str = "新来", role: Role = Role.INTAKE_CLERK) -> str:
    """Somebody new in the petition office; his one-time code."""
    admin = home.session("admin")
    who = Appointment(officer=officer, name=name, office="petition", roles=(role,))
    desk = home.platform.desk
    code = appoint(desk, home.platform.working, admin.signer, desk.stamp(admin), who)
    change_roles(desk, home.session("security"), officer, {})
    return code


def enrolling(home: County, **fields: str) -> Screen:
    screen = Screen(home.app.test_client())
    screen.open("/console/enrol")
    screen.send("/console/enrol", **fields)
    return screen


@pytest.mark.parametrize("path", CLOSED)
def test_every_page_is_closed_to_whoever_has_not_signed_in(home: County, path: str) -> None:
    answer = home.app.test_client().get(path)
    site = path.split("/")[1]
    assert answer.status_code == 303
    assert answer.location.startswith(f"/{site}/sign-in")


def test_a_page_that_was_closed_opens_after_signing_in(home: County) -> None:
    screen = Screen(home.app.test_client())
    screen.open("/console/sealed")
    assert screen.path == "/console/sign-in"
    screen.send("/console/sign-in?to=/console/sealed", account="clerk-1", passphrase=PASSPHRASE)
    assert screen.path == "/console/sealed"


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example", "/oversight/", "/console/\\evil", "/consoles", ""]
)
def test_signing_in_never_leads_to_another_site(home: County, to: str) -> None:
    with home.app.test_request_context("/console/sign-in", query_string={"to": to}):
        assert SITE._destination() == "/console/"


def test_an_officer_enrols_with_his_code_and_signs_in_with_his_own_passphrase(home: County) -> None:
    code = appointed(home, "first-day")
    screen = enrolling(home, account="first-day", code=code, passphrase=PASSPHRASE, again=PASSPHRASE)
    assert screen.path == "/console/sign-in"
    assert "账号已启用" in screen.text
    assert "待办" in home.freshly_signed_in("first-day").text


def test_a_one_time_code_is_used_up_by_using_it(home: County) -> None:
    code = appointed(home, "once-only")
    enrolling(home, account="once-only", code=code, passphrase=PASSPHRASE, again=PASSPHRASE)
    again = Screen(home.app.test_client())
    again.open("/console/enrol")
    again.send("/console/enrol", account="once-only", code=code, passphrase=PASSPHRASE, again=PASSPHRASE)
    assert "已使用" in again.text


@pytest.mark.parametrize(
    ("passphrase", "again", "field", "says"),
    [
        ("short", "short", "passphrase", "至少 12 个字符"),
        ("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "passphrase", "过于简单"),
        (PASSPHRASE, f"{PASSPHRASE}x", "again", "不一致"),
    ],
)
def test_a_passphrase_that_will_not_do_is_told_at_its_field_and_costs_no_code(
    home: County, passphrase: str, again: str, field: str, says: str
) -> None:
    officer = f"careful-{len(passphrase)}"
    code = appointed(home, officer)
    screen = enrolling(home, account=officer, code=code, passphrase=passphrase, again=again)
    assert f'href="#{field}"' in screen.text
    assert says in screen.text
    assert code in screen.text  # he need not type it again
    assert passphrase not in screen.text.replace(code, "")
    screen.send("/console/enrol", account=officer, code=code, passphrase=PASSPHRASE, again=PASSPHRASE)
    assert screen.path == "/console/sign-in"


@pytest.mark.parametrize("account", ["clerk-1", "nobody"])
def test_a_wrong_passphrase_and_a_wrong_account_look_alike(home: County, account: str) -> None:
    screen = Screen(home.app.test_client())
    screen.open("/console/sign-in")
    screen.send("/console/sign-in", account=account, passphrase="wrong-wrong-wrong")
    assert "账号或口令不正确" in screen.text


def test_the_session_cookie_is_for_this_site_alone_and_out_of_reach_of_scripts(home: County) -> None:
    client = home.app.test_client()
    screen = Screen(client)
    screen.open("/console/sign-in")
    answer = client.post(
        "/console/sign-in",
        data={"account": "clerk-1", "passphrase": PASSPHRASE, "csrf_token": _token(screen.text)},
    )
    cookie = next(value for value in answer.headers.getlist("Set-Cookie") if value.startswith("console-session"))
    for attribute in ("HttpOnly", "SameSite=Strict", "Path=/console"):
        assert attribute in cookie


def test_signing_out_ends_the_session_on_the_server_too(home: County) -> None:
    screen = home.freshly_signed_in("clerk-1")
    kept = screen.client.get_cookie("console-session", path="/console")
    assert kept is not None
    screen.open("/console/sealed")
    screen.send("/console/sign-out")
    screen.client.set_cookie("console-session", kept.value, path="/console")
    assert screen.client.get("/console/keep-alive").status_code == 401


def test_an_idle_session_ends_and_says_so(home: County) -> None:
    screen = home.freshly_signed_in("clerk-1")
    home.clock.advance(minutes=home.platform.settings.session_idle_minutes + 1)
    screen.open("/console/sealed")
    assert screen.path == "/console/sign-in"
    assert "登录已结束" in screen.text


def test_keeping_alive_prolongs_a_session_and_revives_none(home: County) -> None:
    screen = home.freshly_signed_in("clerk-1")
    idle = home.platform.settings.session_idle_minutes
    for _ in range(3):
        home.clock.advance(minutes=idle - 1)
        assert screen.client.get("/console/keep-alive").status_code == 204
    home.clock.advance(minutes=idle + 1)
    assert screen.client.get("/console/keep-alive").status_code == 401


@pytest.mark.parametrize(
    ("officer", "site"), [("clerk-1", "oversight"), ("clerk-1", "witness"), ("oversight", "witness")]
)
def test_a_site_lets_in_its_own_roles_only(home: County, officer: str, site: str) -> None:
    screen = Screen(home.app.test_client(), site)
    screen.open(f"/{site}/sign-in")
    screen.send(f"/{site}/sign-in", account=officer, passphrase=PASSPHRASE)
    assert "不使用本站" in screen.text
    assert screen.client.get_cookie(f"{site}-session", path=f"/{site}") is None


def test_the_session_of_one_site_opens_no_other(home: County) -> None:
    screen = home.freshly_signed_in("clerk-1")
    kept = screen.client.get_cookie("console-session", path="/console")
    assert kept is not None
    screen.client.set_cookie("oversight-session", kept.value, path="/oversight")
    assert screen.client.get("/oversight/").status_code == 303


def test_an_officer_without_work_here_is_told_so(home: County) -> None:
    code = appointed(home, "reception", role=Role.RECEPTION_LEADER)
    enrolling(home, account="reception", code=code, passphrase=PASSPHRASE, again=PASSPHRASE)
    assert "没有您的事项" in home.freshly_signed_in("reception").text


def test_a_form_from_elsewhere_is_refused(home: County) -> None:
    screen = home.freshly_signed_in("clerk-1")
    assert screen.client.post("/console/sign-out").status_code == 400
    assert screen.client.get("/console/keep-alive").status_code == 204


def test_changed_duties_end_a_running_session(home: County) -> None:
    code = appointed(home, "leaving")
    enrolling(home, account="leaving", code=code, passphrase=PASSPHRASE, again=PASSPHRASE)
    home.settle()
    screen = home.freshly_signed_in("leaving")
    admin = home.signed_in("admin")
    assert "新来" in admin.open("/console/officers")
    admin.send("/console/officers/leaving/depart")
    assert screen.client.get("/console/keep-alive").status_code == 401


def _token(page: str) -> str:
    return page.split('name="csrf_token" value="')[1].split('"')[0]
