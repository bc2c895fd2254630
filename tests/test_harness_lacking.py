"""The harness itself: what a test does on a machine that lacks a server or a browser."""

import pytest

from tests.support import lacking


def test_a_lack_is_a_skip_that_says_what_is_missing_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lacking, "REQUIRE_ALL", False)
    with pytest.raises(pytest.skip.Exception, match="本机没有 PostgreSQL:请安装 postgresql"):
        lacking.lacking("PostgreSQL", "请安装 postgresql")


def test_a_lack_is_a_failure_where_all_is_required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lacking, "REQUIRE_ALL", True)
    with pytest.raises(pytest.fail.Exception, match="本机没有 PostgreSQL:请安装 postgresql"):
        lacking.lacking("PostgreSQL", "请安装 postgresql")
