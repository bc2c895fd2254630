"""The page after a command waits, briefly, until the lists show what was done."""

from __future__ import annotations

from flask import flash
from flask_babel import gettext as _

from supervision.web.app import platform

SECONDS = 3.0


def wait_for(position: int) -> None:
    """Until the read models have come to ``position`` of the log; the next page says so if they have not."""
    if not platform().reads.wait_for(position, SECONDS):
        flash(_("已记入日志；列表和时间线稍后更新。"))
