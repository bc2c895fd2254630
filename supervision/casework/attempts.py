"""Failed attempts at an account: some are free, then it waits, whether passphrase or code were wrong.

An attempt is counted before it is made, so that many at once are no way around it.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta

from supervision.casework.desk import Desk
from supervision.domain.refusal import Refused
from supervision.working_state import WorkingState

FAILURES = "failures"

FREE_ATTEMPTS = 5
LOCK_MINUTES = 15
"""How long an attempt counts."""


def store_name(kind: str, text: str) -> bytes:
    """Identifier in the working state, 32 bytes."""
    return hashlib.sha256(f"supervision/{kind}/v1\0{text}".encode()).digest()


def claim_attempt(desk: Desk, working: WorkingState, officer: str) -> None:
    """Count an attempt. Raises :class:`Refused` where there were too many."""
    now, mark = desk.clock(), desk.rng(16)
    end = now + timedelta(minutes=LOCK_MINUTES)
    for number in range(FREE_ATTEMPTS):
        if working.reserve(FAILURES, _name(officer, number), mark, end, now) == mark:
            return
    raise Refused("locked", f"登录失败次数过多，已暂停登录；请 {LOCK_MINUTES} 分钟后再试，或联系管理员。")


def forget_attempts(working: WorkingState, officer: str) -> None:
    """After one that succeeded."""
    for number in range(FREE_ATTEMPTS):
        working.remove(FAILURES, _name(officer, number))


def _name(officer: str, number: int) -> bytes:
    return store_name(FAILURES, f"{officer}/{number}")
