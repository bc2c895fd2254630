"""How the witnesses stand with this log, and the signer: remembered in working state, for whoever oversees it.

Working state, so that a process that shows it need not be the one that submits. Cosignatures themselves are beside the
log; what is lost with this is only what went wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from supervision.working_state import WorkingState

KIND = "checkpointing"
KEPT = timedelta(days=3650)

_SIGNER = "signer"


class Trouble(StrEnum):
    """Why a witness did not cosign."""

    UNREACHABLE = "unreachable"
    MALFORMED = "malformed"
    UNSIGNED = "unsigned"
    UNKNOWN_LOG = "unknown_log"
    INCONSISTENT = "inconsistent"
    AHEAD = "ahead"
    """It has cosigned a larger tree than this log has ever had, as far as the log knows."""
    FALSE_ANSWER = "false_answer"
    """It answered with something that is no cosignature of this checkpoint by its key."""
    CLOCK = "clock"
    NO_PROOF = "no_proof"
    """The log could not even prove to it how it has grown; the signer says why."""

    @property
    def is_alarm(self) -> bool:
        """Whether somebody has to find out what was done to the log, or to the witness."""
        return self in (Trouble.INCONSISTENT, Trouble.AHEAD, Trouble.UNSIGNED, Trouble.FALSE_ANSWER)


@dataclass(frozen=True, kw_only=True)
class WitnessStanding:
    """``trouble``: of the last attempt, "" after a success; ``since``: when that began.

    ``alarm``: the last refusal that was one, remembered after the witness has cosigned again; ``alarm_at``: when;
    ``alarm_size``: the tree that was refused. Unix seconds, 0 for never.
    """

    trouble: str = ""
    since: int = 0
    alarm: str = ""
    alarm_at: int = 0
    alarm_size: int = 0

    def after(self, trouble: Trouble | None, size: int, now: int) -> WitnessStanding:
        """The standing after another attempt with the tree of ``size`` leaves."""
        if trouble is None:
            return replace(self, trouble="", since=0)
        failed = replace(self, trouble=trouble.value, since=self.since if self.trouble else now)
        if not trouble.is_alarm:
            return failed
        return replace(failed, alarm=trouble.value, alarm_at=now, alarm_size=size)


@dataclass(frozen=True, kw_only=True)
class SignerStanding:
    """``refusal``: in words, why the log's own signer does not sign, "" when it does. ``since``: Unix seconds."""

    refusal: str = ""
    since: int = 0


class Standings:
    """The memory of both. ``clock``: now."""

    def __init__(self, working: WorkingState, clock: Callable[[], datetime]) -> None:
        self._working = working
        self._clock = clock

    def of_witness(self, key_name: str) -> WitnessStanding:
        return WitnessStanding(**self._get(f"witness {key_name}"))

    def note_attempt(self, key_name: str, trouble: Trouble | None, size: int) -> None:
        """Remember how an attempt ended; written only where that changes something."""
        before = self.of_witness(key_name)
        after = before.after(trouble, size, self._now())
        if after != before:
            self._put(f"witness {key_name}", asdict(after))

    def of_signer(self) -> SignerStanding:
        return SignerStanding(**self._get(_SIGNER))

    def note_signer(self, refusal: str) -> None:
        """Remember that the signer refuses to sign, or, with "", that it signs."""
        before = self.of_signer()
        if before.refusal != refusal:
            self._put(_SIGNER, asdict(SignerStanding(refusal=refusal, since=self._now() if refusal else 0)))

    def _now(self) -> int:
        return int(self._clock().timestamp())

    def _get(self, name: str) -> dict[str, Any]:
        value = self._working.get(KIND, _id(name), self._clock())
        found: dict[str, Any] = json.loads(value) if value else {}
        return found

    def _put(self, name: str, values: dict[str, Any]) -> None:
        self._working.put(KIND, _id(name), json.dumps(values).encode(), self._clock() + KEPT)


def _id(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
