"""Fixtures for the whole suite: both databases, a browser, the accessibility check.

A fixture whose server or browser the machine lacks skips the test and says why; with REQUIRE_ALL=1, as in
`.ci/run`, it fails instead. Servers and browsers start once per test process, when first asked for.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page

from tests.support.accessibility import AXE, assert_accessible
from tests.support.chromium import Pages, driver_can_start, find_chromium, running_chromium
from tests.support.lacking import lacking
from tests.support.postgres import PostgresServer, find_binaries

# A slow moment of a shared machine is no finding; everything else stays as hypothesis has it, here and in CI.
settings.register_profile("suite", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("suite")

MARKED_BY_FIXTURE = {"postgres_server": pytest.mark.postgres, "chromium": pytest.mark.browser}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks tests by what they use, so that `-m "not browser"` needs nobody's memory."""
    for item in items:
        for fixture, mark in MARKED_BY_FIXTURE.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(mark)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A private PostgreSQL server."""
    binaries = find_binaries()
    if binaries is None:
        lacking("PostgreSQL 服务器程序", "请安装 postgresql 软件包")
    with PostgresServer(binaries) as server:
        yield server


@pytest.fixture
def postgres_database(postgres_server: PostgresServer) -> Iterator[str]:
    """The SQLAlchemy URL of an empty PostgreSQL database, dropped after the test."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The SQLAlchemy URL of an empty database; a test that asks for it runs once on each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'test.sqlite3'}"
    url: str = request.getfixturevalue("postgres_database")
    return url


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's Chromium, headless."""
    path = find_chromium()
    if path is None:
        lacking("Chromium 浏览器", "请安装 chromium 软件包,或用环境变量 CHROMIUM 指明路径")
    if not driver_can_start():
        lacking("libatomic.so.1", "请安装 libatomic1 软件包")
    with running_chromium(path) as browser:
        yield browser


@pytest.fixture
def browser_page(chromium: Browser) -> Iterator[Pages]:
    """Opens pages: `browser_page(base_url, javascript=False, phone=True)`.

    They close after the test, which fails if a page raised an uncaught script error or broke its own
    Content-Security-Policy.
    """
    pages = Pages(chromium)
    yield pages
    pages.close()
    assert not pages.complaints, "the browser complained:\n" + "\n".join(pages.complaints)


@pytest.fixture(scope="session")
def axe() -> Callable[[Page], None]:
    """`axe(page)` asserts that the open page has no violation of WCAG 2.2 A or AA."""
    if not AXE.exists():
        lacking("axe-core", "请安装 npm 并在 tests/ 中执行 npm ci")
    return assert_accessible
