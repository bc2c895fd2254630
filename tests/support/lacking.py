"""One answer to a machine that lacks what a test needs: skip and say why, or fail where all is required."""

import os
from typing import NoReturn

import pytest

REQUIRE_ALL = os.environ.get("REQUIRE_ALL", "") not in {"", "0"}


def lacking(what: str, remedy: str) -> NoReturn:
    """Ends the running test: skipped with the reason, or failed when REQUIRE_ALL=1 (as `.ci/run` sets it)."""
    reason = f"本机没有 {what}:{remedy}"
    if REQUIRE_ALL:
        pytest.fail(f"{reason}(REQUIRE_ALL=1,不允许跳过)", pytrace=False)
    pytest.skip(reason)
